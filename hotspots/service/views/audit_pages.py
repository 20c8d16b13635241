"""Who did what: the newest records, all of them as a file, and whether any was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from hotspots.service.audit import (
    MEDIA_TYPES,
    AuditFilter,
    ExportForm,
    check_chain,
    export_records,
    list_actions,
    list_records,
    record,
)
from hotspots.service.door import Asker, Context, render, require

router = APIRouter(include_in_schema=False, dependencies=[require("read audit")])

_ON_A_PAGE = 100
Text = Annotated[str, Query(max_length=80)]
Day = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]


@router.get("/audit")
def show_audit(
    context: Context,
    asker: Asker,
    actor: Text = "",
    action: Text = "",
    outcome: Text = "",
    first: Day = "",
    last: Day = "",
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
) -> Response:
    """The newest records of those that are wanted."""
    wanted = _read_filter(actor, action, outcome, first, last, zone=context.settings.time_zone)
    with context.database.read() as session:
        records = list_records(session, wanted, before=before, limit=_ON_A_PAGE + 1)
        actions = list_actions(session)
    return render(
        context,
        "audit.html",
        person=asker.person,
        form_token=asker.form_token,
        records=records[:_ON_A_PAGE],
        older=records[_ON_A_PAGE - 1].sequence if len(records) > _ON_A_PAGE else None,
        actions=actions,
        wanted={"actor": actor, "action": action, "outcome": outcome, "first": first, "last": last},
    )


@router.get("/audit/check")
def show_check(context: Context, asker: Asker) -> Response:
    """Go through all records, and say whether one was changed or is missing."""
    with context.database.read() as session:
        checked = check_chain(session)
    return render(context, "audit_check.html", person=asker.person, form_token=asker.form_token, checked=checked)


@router.get("/audit/export.{form}")
def send_audit(
    context: Context,
    asker: Asker,
    form: ExportForm,
    actor: Text = "",
    action: Text = "",
    outcome: Text = "",
    first: Day = "",
    last: Day = "",
) -> Response:
    """The records that are wanted, as a file. That it was taken is a record as well, and in the file already."""
    wanted = _read_filter(actor, action, outcome, first, last, zone=context.settings.time_zone)
    with context.database.write() as session:
        record(session, actor=asker.person.name, action="export audit", subject=form)

    def read() -> Iterator[str]:
        with context.database.read() as session:
            yield from export_records(session, wanted, form=form)

    headers = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
    return StreamingResponse(read(), media_type=MEDIA_TYPES[form], headers=headers)


def _read_filter(actor: str, action: str, outcome: str, first: str, last: str, *, zone: str) -> AuditFilter:
    """What a form asks for; days are those of the wall clock."""
    return AuditFilter(
        actor=actor.strip().casefold() or None,
        action=action or None,
        outcome=outcome or None,
        since=_read_day(first, zone),
        until=_read_day(last, zone, after=1),
    )


def _read_day(text: str, zone: str, *, after: int = 0) -> dt.datetime | None:
    """The first moment of a day, or of one after it; None where there is none such."""
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=after)
        return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
