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
        from hotspots.service.door import set_up_logs
        from hotspots.service.jobs import Worker, ask_scheduled_jobs, require_schedules
        from hotspots.service.notices import send_notices
        from hotspots.service.postgis import keep_layers
        from hotspots.service.retention import keep_to_rule

        database, service, time_zone = workspace.database, workspace.service, workspace.settings.time_zone
        require_schedules(service)
        set_up_logs()
        chores = (
            lambda: ask_scheduled_jobs(database, service, time_zone=time_zone),
            lambda: send_notices(database, service),
            lambda: keep_layers(database, workspace.settings, service),
            lambda: keep_to_rule(database, workspace.settings, service),
        )
        worker = Worker(database, service, chores=chores)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        echo(f"Worker {worker.name} is ready.", err=True)
        worker.run()
