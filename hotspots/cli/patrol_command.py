"""`hotspots patrol`: commands about patrols."""

from __future__ import annotations

import click

from hotspots.cli.patrol_done_command import done


@click.group()
def patrol() -> None:
    """Say where patrols should be, and whether they were there."""


patrol.add_command(done)
