"""`hotspots work`: one worker of the service."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from hotspots.cli.inputs import settings_option
from hotspots.cli.outputs import echo
from hotspots.cli.service_workspace import open_workspace


@click.command()
@settings_option
def work(settings_file: Path | None) -> None:
    """Run the jobs that people ask the service for, one after the other, until told to end.

    `hotspots serve` starts workers by itself. This one is for a machine or a container of its own, which shares the
    database and the folders of the service; start as many as wanted. One that is told to end gives its job back to the
    others; one that is killed has it taken up by another.
    """
    with open_workspace(settings_file) as workspace:
        from hotspots.service.jobs import Worker

        worker = Worker(workspace.database, workspace.service)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        echo(f"Worker {worker.name} is ready.", err=True)
        worker.run()
