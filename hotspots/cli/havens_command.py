"""`hotspots havens`: commands about safe havens."""

from __future__ import annotations

import click

from hotspots.cli.poster_command import poster


@click.group()
def havens() -> None:
    """Safe havens: posters for schools."""


havens.add_command(poster)
