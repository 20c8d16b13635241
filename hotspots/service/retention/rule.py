"""The rule applied once a day: incidents, products, files sent and records that are older than may be kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hotspots.service.audit import Outcome, record, remove_records
from hotspots.service.jobs import hold_incidents
from hotspots.service.postgis import forget_layers
from hotspots.service.retention.old_files import sweep_shelf
from hotspots.service.retention.old_incidents import ForgettingError, forget_old_incidents
from hotspots.service.retention.old_rows import remove_jobs, remove_products, remove_row_files
from hotspots.service.state import AuditRecord, Database, ServiceSettings, find_limit, read_clock
from hotspots.service.uploads import discard_undecided
from hotspots.settings import Settings

KEEPER = "rule"
"""Who removes, as the audit has it."""
_APPLIED = "apply rule"
_FROM_HOUR = 3
"""On the local clock: by then nobody works."""
_AGAIN = dt.timedelta(hours=1)
"""After which a rule that could not be applied is tried again."""


def keep_to_rule(
    database: Database, settings: Settings, service: ServiceSettings, *, now: dt.datetime | None = None
) -> bool:
    """Remove what is older than the settings say, once a day; called again it does nothing.

    What it removes it removes in an order by which nothing is shown that is not there: rows before files. Killed
    anywhere, it does the rest when it is called next.

    Args:
        database: Open.
        settings: Of the workspace.
        service: With the rule.
        now: Aware; by default the clock's.

    Returns:
        Whether it was applied now.
    """
    rule = service.retention
    if rule.is_nothing:
        return False
    now = now or read_clock()
    local = now.astimezone(ZoneInfo(settings.time_zone))
    if local.hour < _FROM_HOUR or not _is_due(database, now, local):
        return False
    with hold_incidents(service, alone=True) as is_held:
        if not is_held or not _is_due(database, now, local):  # a run reads them, or another worker was first
            return False
        outcome = _apply(database, service, now=now, today=local.date())
        with database.write() as session:
            record(session, actor=KEEPER, action=_APPLIED, outcome=outcome, **rule.model_dump(exclude_none=True))
    return True


def _apply(database: Database, service: ServiceSettings, *, now: dt.datetime, today: dt.date) -> Outcome:
    rule = service.retention
    outcome: Outcome = "done"
    gone: Mapping[str, Any]
    if rule.incidents_months is not None:
        limit = find_limit(rule.incidents_months, today)
        with database.write() as session:
            remove_row_files(session, limit, actor=KEEPER)
        try:
            gone = forget_old_incidents(service, limit)
        except ForgettingError as error:
            outcome, gone = "failed", {"why": str(error)}
        forget_layers(database, limit)
        if gone.get("n_rows", 1) or gone["unread"]:
            with database.write() as session:
                record(
                    session,
                    actor=KEEPER,
                    action="remove incidents",
                    outcome=outcome,
                    **{"before": limit.isoformat(), **gone},
                )
    if rule.products_months is not None:
        with database.write() as session:
            remove_products(session, find_limit(rule.products_months, today), actor=KEEPER)
    sweep_shelf(database, service)
    if rule.undecided_days is not None:
        discard_undecided(database, service, now - dt.timedelta(days=rule.undecided_days), actor=KEEPER)
    if rule.audit_months is not None:
        moment = dt.datetime.combine(find_limit(rule.audit_months, today), dt.time(), dt.UTC)
        with database.write() as session:
            remove_jobs(session, moment, actor=KEEPER)
        with database.write() as session:
            remove_records(session, moment, actor=KEEPER)
    return outcome


def _is_due(database: Database, now: dt.datetime, local: dt.datetime) -> bool:
    """Whether the rule was not applied today; one that failed is tried again after a while."""
    with database.read() as session:
        applied = select(AuditRecord).where(AuditRecord.action == _APPLIED, AuditRecord.actor == KEEPER)
        last = session.scalars(applied.order_by(AuditRecord.sequence.desc()).limit(1)).first()
    if last is None:
        return True
    if last.outcome != "done":
        return now - last.at >= _AGAIN
    return last.at.astimezone(local.tzinfo).date() < local.date()
