"""`hotspots patrol`: who goes where and when, and whether they did."""

from __future__ import annotations

import click

from hotspots.cli.patrol_done_command import done
from hotspots.cli.patrol_plan_command import plan


@click.group()
def patrol() -> None:
    """Plan patrols of the places where most is expected, and see whether they went."""


patrol.add_command(plan)
patrol.add_command(done)
