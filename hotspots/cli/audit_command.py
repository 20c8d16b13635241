"""`hotspots audit`: whether the records of who did what are as they were made, and all of them as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import PATH, day_option, json_option, settings_option
from hotspots.cli.outputs import echo, echo_json
from hotspots.cli.service_workspace import open_workspace
from hotspots.errors import DataError

if TYPE_CHECKING:
    import datetime as dt

    from hotspots.service.audit import ExportForm


@click.group()
def audit() -> None:
    """Check and export the records of who did what at the service."""


@audit.command()
@click.option("--kept", metavar="HASH", help="Hash of the last record of an earlier check: it has to be there still.")
@json_option
@settings_option
def check(kept: str | None, as_json: bool, settings_file: Path | None) -> None:
    """Check that no record was changed or taken out. The hash of the last one is printed, to be kept elsewhere."""
    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import check_chain, has_record

        with workspace.database.read() as session:
            found = check_chain(session)
            is_kept = kept is None or has_record(session, kept.strip().lower())
    fault = found.fault
    if fault is None and not is_kept:
        fault = (
            "The record whose hash was kept is not there any more: the end was cut off, all was made anew, or it is "
            "older than the rule keeps records, and a later hash is to be compared."
        )
    if as_json:
        echo_json({"n_records": found.n_records, "last_hash": found.last_hash, "fault": fault})
    if fault is not None:
        raise DataError(f"{fault} {found.n_records:,} records are in order. Compare with a backup.")
    if not as_json:
        echo(f"{found.n_records:,} records are as they were made. The hash of the last:", err=True)
        echo(found.last_hash)


@audit.command()
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@day_option("--from", "start", help="First day, of UTC.  [default: the first of the records]")
@day_option("--to", "end", help="Last day, of UTC.  [default: today]")
@click.option("--out", type=PATH, help="File to write to.  [default: stdout]")
@settings_option
def export(
    form: ExportForm, start: dt.date | None, end: dt.date | None, out: Path | None, settings_file: Path | None
) -> None:
    """Export the records, as CSV for a spreadsheet or as JSON lines, of which each says what its hash is of."""
    import datetime as dt

    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import AuditFilter, export_records, record

        midnight = dt.time(tzinfo=dt.UTC)
        wanted = AuditFilter(
            since=dt.datetime.combine(start, midnight) if start else None,
            until=dt.datetime.combine(end, midnight) + dt.timedelta(days=1) if end else None,
        )
        with workspace.database.write() as session:
            record(session, actor=workspace.actor, action="export audit", subject=form)
        with workspace.database.read() as session:
            pieces = export_records(session, wanted, form=form)
            if out is None:
                for piece in pieces:
                    click.echo(piece, nl=False)
                return
            with out.open("w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
        echo(out.as_posix())
