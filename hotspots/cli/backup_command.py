"""`hotspots backup` and `hotspots restore`: everything that a service holds, in one file and back again."""

from __future__ import annotations

from pathlib import Path

import click

from hotspots.cli.inputs import PATH, settings_option, show_progress
from hotspots.cli.outputs import echo, warn
from hotspots.cli.service_workspace import open_workspace, require_service_packages


@click.command()
@click.argument("file", type=PATH)
@settings_option
def backup(file: Path, settings_file: Path | None) -> None:
    """Write everything that the service holds into FILE, a zip, while it goes on.

    Settings, data, accounts, products, uploads and the audit are in it. Only its owner may read it.
    """
    with open_workspace(settings_file) as workspace, show_progress() as progress:
        from hotspots.service.audit import record
        from hotspots.service.backup import take_backup

        taken = take_backup(workspace.database, workspace.service, file, progress=progress)
        with workspace.database.write() as session:
            record(session, actor=workspace.actor, action="take backup", n_files=len(taken.files))
    n_rows = sum(taken.n_rows.values())
    echo(f"{file.as_posix()} holds {len(taken.files):,} files and tables, {n_rows:,} rows.", err=True)
    if taken.left_out:
        warn(f"These are outside the workspace, and not in the backup: {', '.join(taken.left_out)}.")
    echo(f"The last record of the audit is {taken.last_audit_hash}. Keep it elsewhere.", err=True)


@click.command()
@click.argument("file", type=PATH)
@click.argument("folder", type=PATH)
def restore(file: Path, folder: Path) -> None:
    """Put a backup back: FILE into FOLDER, which must be empty or not there, as its database must be.

    The database is a file in that folder, or the one that the environment variable HOTSPOTS_DATABASE names.
    """
    require_service_packages()
    from hotspots.service.backup import restore_backup

    with show_progress() as progress:
        restored = restore_backup(file, folder, progress=progress)
    n_rows = sum(restored.n_rows.values())
    echo(f"{folder.as_posix()} holds {len(restored.files):,} files and tables, {n_rows:,} rows.", err=True)
    echo(f"Begin there with: cd {folder.as_posix()} && hotspots serve", err=True)
