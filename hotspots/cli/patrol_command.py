"""`hotspots patrol`: who goes where and when."""

from __future__ import annotations

import click

from hotspots.cli.patrol_plan_command import plan


@click.group()
def patrol() -> None:
    """Plan patrols of the places where most is expected."""


patrol.add_command(plan)
