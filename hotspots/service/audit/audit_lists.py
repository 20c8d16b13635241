"""Records found again: some for a page, all for a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotspots.service.state import AuditRecord

ExportForm = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[ExportForm, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}

_COLUMNS = ("sequence", "at", "actor", "action", "subject", "outcome", "details", "previous_hash", "hash")
_AT_ONCE = 500
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which records are wanted; None for whatever they say.

    Attributes:
        actor: Who did it.
        action: What was done.
        outcome: How it ended.
        since: Not before.
        until: Before.
    """

    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not any(value is not None for value in asdict(self).values())


def list_records(
    session: Session, wanted: AuditFilter, *, before: int | None = None, limit: int = 100
) -> Sequence[AuditRecord]:
    """Records, newest first.

    Args:
        session: Of `Database.read`.
        wanted: Which.
        before: Sequence of the last record of the page before.
        limit: How many, at most.
    """
    chosen = select(AuditRecord).where(*_list_conditions(wanted)).order_by(AuditRecord.sequence.desc()).limit(limit)
    if before is not None:
        chosen = chosen.where(AuditRecord.sequence < before)
    return session.scalars(chosen).all()


def list_actions(session: Session) -> Sequence[str]:
    """What was ever done."""
    return session.scalars(select(AuditRecord.action).distinct().order_by(AuditRecord.action)).all()


def has_record(session: Session, record_hash: str) -> bool:
    """Whether there is still a record of a hash that somebody kept elsewhere."""
    return session.scalar(select(AuditRecord.sequence).where(AuditRecord.hash == record_hash)) is not None


def export_records(session: Session, wanted: AuditFilter, *, form: ExportForm) -> Iterator[str]:
    """Records as text, oldest first, in pieces.

    In JSON lines each says all that its hash is of. In CSV a text that a spreadsheet would calculate has an
    apostrophe before it.

    Args:
        session: Of `Database.read`, open for as long as the text is read.
        wanted: Which.
        form: CSV for a spreadsheet, JSON lines for programs.
    """
    if form == "csv":
        yield "\ufeff" + _write_row(_COLUMNS)
    after = 0
    while True:
        chosen = select(AuditRecord).where(AuditRecord.sequence > after, *_list_conditions(wanted))
        some = session.scalars(chosen.order_by(AuditRecord.sequence).limit(_AT_ONCE)).all()
        if not some:
            return
        yield "".join(_write_row(_list_cells(one)) if form == "csv" else _write_line(one) for one in some)
        after = some[-1].sequence
        session.expunge_all()


def _list_conditions(wanted: AuditFilter) -> list[Any]:
    equal = {"actor": wanted.actor, "action": wanted.action, "outcome": wanted.outcome}
    conditions: list[Any] = [getattr(AuditRecord, name) == value for name, value in equal.items() if value is not None]
    if wanted.since is not None:
        conditions.append(AuditRecord.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditRecord.at < wanted.until)
    return conditions


def _describe(record: AuditRecord) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in _COLUMNS}
    return {**values, "at": record.at.isoformat(timespec="microseconds")}


def _write_line(record: AuditRecord) -> str:
    return json.dumps(_describe(record), ensure_ascii=True) + "\n"


def _list_cells(record: AuditRecord) -> list[str]:
    values = {**_describe(record), "details": json.dumps(record.details, sort_keys=True)}
    texts = [str(value) for value in values.values()]
    return [f"'{text}" if text.startswith(_FORMULA) else text for text in texts]


def _write_row(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
