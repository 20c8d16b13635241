"""That somebody opened something, in the audit."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from hotspots.service.audit import record
from hotspots.service.people import SignedIn
from hotspots.service.state import AuditRecord, Database, read_clock

ONCE_WITHIN = dt.timedelta(minutes=5)
"""Within so long the same opening is one: a browser asks for a file in parts, and again as somebody goes back."""


def record_opening(database: Database, asker: SignedIn, *, action: str, subject: str, label: str) -> None:
    """Record that somebody opened something, unless it is recorded already.

    What a browser has kept and only asks about counts as opened: it is shown to somebody again.

    Args:
        database: Open.
        asker: Who opens it, in a browser or by a program.
        action: "open file" and the like.
        subject: Its id or path.
        label: What it is of, in words.
    """
    recorded = select(AuditRecord.sequence).where(
        AuditRecord.at > read_clock() - ONCE_WITHIN,
        AuditRecord.actor == asker.person.name,
        AuditRecord.action == action,
        AuditRecord.subject == subject,
        AuditRecord.outcome == "done",
    )
    with database.read() as session:
        if session.scalar(recorded.limit(1)) is not None:
            return
    with database.write() as session:
        by = "browser" if asker.form_token else "program"
        record(session, actor=asker.person.name, action=action, subject=subject, label=label, by=by)
