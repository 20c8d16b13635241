"""`hotspots init`: a folder to work in."""

from __future__ import annotations

from pathlib import Path

import click

from hotspots.cli.outputs import echo


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--demonstration", is_flag=True, help="Add the synthetic demonstration data of Lewisham and Southwark.")
def init(folder: Path, demonstration: bool) -> None:
    """Make FOLDER (by default this one) a workspace: hotspots.toml, data/ and maps/.

    Existing files are not overwritten.
    """
    from hotspots.workspace import make_workspace

    for path in make_workspace(folder, demonstration=demonstration):
        echo(path.as_posix())
    there = "" if folder == Path() else f"cd {folder.as_posix()}, "
    if demonstration:
        echo(f"Next: {there}hotspots run --crime robbery", err=True)
    else:
        echo(
            f"Next: {there}put the police's files into data/incidents and ward outlines into data/boundaries (or have "
            "hotspots fetch get them), then hotspots check data/incidents",
            err=True,
        )
