"""Lets `python -m hotspots` stand for the `hotspots` command."""

from hotspots.cli.main import main

if __name__ == "__main__":
    main()
