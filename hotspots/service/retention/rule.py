"""The rule applied once a day: incidents, products, files sent and records that are older than may be kept."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from hotspots.service.audit import Outcome, record, remove_records
from hotspots.service.jobs import hold_incidents
from hotspots.service.postgis import forget_layers
from hotspots.service.retention.old_files import sweep_shelf
from hotspots.service.retention.old_incidents import ForgettingError, forget_old_incidents
from hotspots.service.retention.old_rows import remove_jobs, remove_products, remove_row_files
from hotspots.service.state import AuditRecord, Database, RetentionLimits, ServiceSettings, find_limits, read_clock
from hotspots.service.uploads import discard_undecided, sweep_incoming
from hotspots.settings import Settings

KEEPER = "rule"
"""Who removes, as the audit has it."""
_APPLIED = "apply rule"
_FROM_HOUR = 3
"""On the local clock: by then nobody works."""
_AGAIN = dt.timedelta(hours=6)
"""After which a rule that could not be applied is tried again."""
_log = structlog.get_logger(__name__)


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
    zone = ZoneInfo(settings.time_zone)
    local = now.astimezone(zone)
    if local.hour < _FROM_HOUR or not _is_due(database, now, local):
        return False
    with hold_incidents(service, alone=True) as is_held:
        if not is_held or not _is_due(database, now, local):  # a run reads them, or another worker was first
            return False
        outcome = _apply(database, settings, service, find_limits(rule, local.date()))
        with database.write() as session:
            record(session, actor=KEEPER, action=_APPLIED, outcome=outcome, **rule.model_dump(exclude_none=True))
    return True


def _apply(database: Database, settings: Settings, service: ServiceSettings, limits: RetentionLimits) -> Outcome:
    """Do each step, whatever became of those before it."""
    zone = ZoneInfo(settings.time_zone)
    steps: list[Callable[[], object]] = []
    if limits.incidents is not None:
        steps.append(functools.partial(_remove_incidents, database, service, limits.incidents))
    if limits.products is not None:
        steps.append(functools.partial(_write, database, remove_products, limits.products))
    steps.append(functools.partial(sweep_shelf, database, service))
    if limits.undecided is not None:
        moment = _begin(limits.undecided, zone)
        steps.append(functools.partial(discard_undecided, database, settings, service, moment, actor=KEEPER))
    steps.append(functools.partial(sweep_incoming, database, settings, service))
    if limits.audit is not None:
        steps.append(functools.partial(_write, database, remove_jobs, _begin(limits.audit, zone)))
        steps.append(functools.partial(_write, database, remove_records, _begin(limits.audit, zone)))
    outcome: Outcome = "done"
    for step in steps:
        try:
            step()
        except (OperationalError, InterfaceError):  # the database is away: all of it is done again
            raise
        except Exception as error:
            outcome = "failed"
            if not isinstance(error, ForgettingError):
                _log.exception("rule not applied")
    return outcome


def _write(database: Database, remove: Callable[..., object], limit: dt.date) -> None:
    with database.write() as session:
        remove(session, limit, actor=KEEPER)


def _remove_incidents(database: Database, service: ServiceSettings, before: dt.date) -> None:
    """Remove incidents wherever they are, and say so.

    Raises:
        ForgettingError: Files cannot be cleared; all other places are.
    """
    with database.write() as session:
        remove_row_files(session, before, actor=KEEPER)
    n_layered = forget_layers(database, before)
    try:
        told = dict(forget_old_incidents(service, before))
    except ForgettingError as error:
        _tell(database, "failed", before=before.isoformat(), why=str(error))
        raise
    if told["n_rows"] or told["unread"] or n_layered:
        _tell(database, "done", **told)


def _tell(database: Database, outcome: Outcome, **told: Any) -> None:
    with database.write() as session:
        record(session, actor=KEEPER, action="remove incidents", outcome=outcome, **told)


def _begin(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)


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
