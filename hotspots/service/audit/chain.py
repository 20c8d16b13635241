"""The chain of records: each holds the hash of the one before, so that a change or a gap shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from hotspots.service.state import AuditRecord, read_clock

Outcome = Literal["done", "refused", "failed"]

FIRST = "0" * 64
"""What the first record says of the one before it."""
_CUT = "remove records of the audit"
_AT_ONCE = 1_000
_LONGEST = {"actor": 80, "action": 60, "subject": 400}
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def record(
    session: Session, *, actor: str, action: str, subject: str = "", outcome: Outcome = "done", **details: Any
) -> None:
    """Add a record, in the transaction of what it is of: neither is kept without the other.

    Args:
        session: Of `Database.write`.
        actor: Name of an account, or what was typed by somebody unknown.
        action: A verb and what it is done to: "sign in", "open product", "send file".
        subject: What it was done to: an address, a name, an id.
        outcome: How it ended.
        details: Whatever else is to be known; nothing about people in incidents.
    """
    _take_turn(session)
    last = session.execute(
        select(AuditRecord.sequence, AuditRecord.hash).order_by(AuditRecord.sequence.desc()).limit(1)
    ).first()
    added = AuditRecord(
        sequence=(last.sequence if last else 0) + 1,
        at=read_clock(),
        actor=_tidy(actor, "actor"),
        action=_tidy(action, "action"),
        subject=_tidy(subject, "subject"),
        outcome=outcome,
        details={name: _tidy(value) if isinstance(value, str) else value for name, value in details.items()},
        previous_hash=last.hash if last else FIRST,
        hash="",
    )
    added.hash = hash_record(added)
    session.add(added)
    session.flush()


def hash_record(record: AuditRecord) -> str:
    """SHA-256, in hexadecimal, of everything that a record says and of the hash before it."""
    content = [
        record.sequence,
        record.at.isoformat(timespec="microseconds"),
        record.actor,
        record.action,
        record.subject,
        record.outcome,
        record.details,
        record.previous_hash,
    ]
    text_of_it = json.dumps(content, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text_of_it.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """Whether the records are as they were made.

    Attributes:
        n_records: How many there are.
        last_hash: Of the last: kept elsewhere, it shows later whether the end was cut off.
        fault: What is wrong with the first record that is not as it was made; None where all are.
    """

    n_records: int
    last_hash: str
    fault: str | None


def check_chain(session: Session) -> ChainCheck:
    """Go through all records from the first that is kept; those before it must have been removed by the rule."""
    n, sequence, previous = 0, None, FIRST
    start = _find_start(session)
    for one in _read_all(session):
        if sequence is None and (one.sequence, one.previous_hash) != start:
            fault = f"Records before {one.sequence} are missing, and no rule has removed them."
            return ChainCheck(n_records=n, last_hash=previous, fault=fault)
        if sequence is not None and one.sequence != sequence + 1:
            fault = f"Between records {sequence} and {one.sequence} there are some missing."
            return ChainCheck(n_records=n, last_hash=previous, fault=fault)
        if sequence is not None and one.previous_hash != previous:
            fault = f"Record {one.sequence} does not follow from record {sequence}: one of them was put in later."
            return ChainCheck(n_records=n, last_hash=previous, fault=fault)
        if one.hash != hash_record(one):
            fault = f"Record {one.sequence} of {one.at:%d %B %Y} was changed after it was made."
            return ChainCheck(n_records=n, last_hash=previous, fault=fault)
        n, sequence, previous = n + 1, one.sequence, one.hash
    return ChainCheck(n_records=n, last_hash=previous, fault=None)


def remove_records(session: Session, before: dt.datetime, *, actor: str) -> int:
    """Remove records made before a moment, and record at the end of the chain up to where it was cut; how many.

    Args:
        session: Of `Database.write`.
        before: Aware.
        actor: Who removes them.
    """
    _take_turn(session)
    stays = select(AuditRecord).where(AuditRecord.at >= before).order_by(AuditRecord.sequence).limit(1)
    first = session.scalars(stays).first()
    if first is None:
        return 0  # without any record nothing would say where the chain was cut
    old = AuditRecord.sequence < first.sequence
    n = session.scalar(select(func.count()).select_from(AuditRecord).where(old)) or 0
    if n:
        session.execute(delete(AuditRecord).where(old))
        record(
            session,
            actor=actor,
            action=_CUT,
            before=before.isoformat(),
            n_records=n,
            next_sequence=first.sequence,
            hash_before=first.previous_hash,
        )
    return n


def _find_start(session: Session) -> tuple[int, str]:
    """Sequence of the first record that is kept by the rule, and the hash that it must name as the one before it."""
    cuts = select(AuditRecord).where(AuditRecord.action == _CUT).order_by(AuditRecord.sequence.desc()).limit(1)
    last = session.scalars(cuts).first()
    if last is None:
        return 1, FIRST
    return last.details.get("next_sequence", 1), last.details.get("hash_before", FIRST)


def _take_turn(session: Session) -> None:
    """Wait for others that add to the chain: SQLite has one writer, and PostgreSQL a lock for it."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotspots audit'))"))
    session.flush()


def _read_all(session: Session) -> Iterator[AuditRecord]:
    """Every record in order, some at a time: all of them may be more than fits into memory."""
    after = 0
    while True:
        some = session.scalars(
            select(AuditRecord).where(AuditRecord.sequence > after).order_by(AuditRecord.sequence).limit(_AT_ONCE)
        ).all()
        if not some:
            return
        yield from some
        after = some[-1].sequence
        session.expunge_all()


def _tidy(text_given: str, column: str | None = None) -> str:
    """A text as a record may hold it: of one line, and not too long."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text_given)[: _LONGEST.get(column or "", 1000)]
