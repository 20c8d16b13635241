"""Who did what: the newest records, all of them as a file, and whether any was changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response, StreamingResponse

from hotspots.errors import ParameterError
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
from hotspots.service.views.audit_subjects import name_subjects

router = APIRouter(include_in_schema=False, dependencies=[require("read audit")])

_ON_A_PAGE = 100
Text = Annotated[str, Query(max_length=80)]


@dataclass(frozen=True, slots=True)
class Question:
    """What a form asks for.

    Attributes:
        typed: By field, to stand in it again.
        wanted: Which records that are.
    """

    typed: Mapping[str, str]
    wanted: AuditFilter


def read_question(
    context: Context, actor: Text = "", action: Text = "", outcome: Text = "", first: Text = "", last: Text = ""
) -> Question:
    """Who, what, how it ended, and from which day to which by the wall clock; what is empty leaves nothing out.

    Raises:
        ParameterError: There is no such day.
    """
    zone = ZoneInfo(context.settings.time_zone)
    wanted = AuditFilter(
        actor=actor.strip().casefold() or None,
        action=action or None,
        outcome=outcome or None,
        since=_read_day("From", first, zone),
        until=_read_day("To", last, zone, after=1),
    )
    return Question({"actor": actor, "action": action, "outcome": outcome, "first": first, "last": last}, wanted)


Asked = Annotated[Question, Depends(read_question)]


@router.get("/audit")
def show_audit(
    context: Context, asker: Asker, asked: Asked, before: Annotated[int | None, Query(ge=1, le=2**62)] = None
) -> Response:
    """The newest records of those that are wanted."""
    with context.database.read() as session:
        records = list_records(session, asked.wanted, before=before, limit=_ON_A_PAGE + 1)
        actions = list_actions(session)
        subjects = name_subjects(session, records)
    return render(
        context,
        "audit.html",
        person=asker.person,
        form_token=asker.form_token,
        records=records[:_ON_A_PAGE],
        subjects=subjects,
        older=records[_ON_A_PAGE - 1].sequence if len(records) > _ON_A_PAGE else None,
        actions=actions,
        wanted=asked.typed,
    )


@router.get("/audit/check")
def show_check(context: Context, asker: Asker) -> Response:
    """Go through all records, and say whether one was changed or is missing."""
    with context.database.read() as session:
        checked = check_chain(session)
    return render(context, "audit_check.html", person=asker.person, form_token=asker.form_token, checked=checked)


@router.get("/audit/export.{form}")
def send_audit(context: Context, asker: Asker, asked: Asked, form: ExportForm) -> Response:
    """The records that are wanted, as a file. That it was taken is a record as well, and in the file already."""
    with context.database.write() as session:
        record(session, actor=asker.person.name, action="export audit", subject=form)

    def read() -> Iterator[str]:
        with context.database.read() as session:
            yield from export_records(session, asked.wanted, form=form)

    headers = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
    return StreamingResponse(read(), media_type=MEDIA_TYPES[form], headers=headers)


def _read_day(field: str, text: str, zone: ZoneInfo, *, after: int = 0) -> dt.datetime | None:
    """The first moment of a day, or of one after it; None where none is given."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text) + dt.timedelta(days=after)
        return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ParameterError(f'"{field}" is "{text}", and there is no such day. Write one as 2026-09-30.') from None
