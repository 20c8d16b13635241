"""Jobs that are asked for by themselves: each time once, whatever number of workers look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import structlog
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hotspots.errors import ParameterError
from hotspots.service.audit import record
from hotspots.service.jobs.feeds import FeedRequest
from hotspots.service.jobs.job_request import JobRequest
from hotspots.service.state import Database, Job, Schedule, ScheduledRun, ServiceSettings, find_limits, read_clock

SCHEDULER = "schedule"
"""Who asks, as the audit has it."""
_TOO_LATE = dt.timedelta(days=3)
"""A time that was missed by more, because the service was off, is left out: the next one is better."""
_log = structlog.get_logger(__name__)


def require_schedules(service: ServiceSettings) -> None:
    """Refuse schedules that could not be done when they are due.

    Raises:
        ParameterError: A job is not one, or two have one label.
    """
    labels = [schedule.label for schedule in service.schedules]
    for schedule in service.schedules:
        if labels.count(schedule.label) > 1:
            raise ParameterError(
                f'service.schedules: two are called "{schedule.label}", and each needs a label of its own. Change one.'
            )
        make_request(schedule)


def make_request(schedule: Schedule) -> JobRequest | FeedRequest:
    """What a schedule asks for.

    Raises:
        ParameterError: That is not a job.
    """
    kind: type[JobRequest | FeedRequest] = FeedRequest if schedule.job.get("kind") == "fetch" else JobRequest
    try:
        return kind(**schedule.job)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ParameterError(
            f'service.schedules: the job of "{schedule.label}" cannot be: {f"{name}: " if name else ""}{said}. '
            "Correct it."
        ) from None


def ask_scheduled_jobs(
    database: Database, service: ServiceSettings, *, time_zone: str, now: dt.datetime | None = None
) -> Sequence[str]:
    """Ask for the jobs that are due and have not been asked for.

    Args:
        database: Open.
        service: With its schedules.
        time_zone: On whose clock they are.
        now: Aware; by default the clock's.

    Returns:
        Ids of the jobs.
    """
    now = now or read_clock()
    zone = ZoneInfo(time_zone)
    asked = []
    for schedule in service.schedules:
        due = schedule.find_due(now, zone)
        if due is None or due < now - _TOO_LATE:
            continue
        try:
            job_id = _ask_once(database, service, schedule, due, today=now.astimezone(zone).date())
        except IntegrityError:  # another worker was first
            continue
        if job_id is not None:
            _log.info("scheduled job asked for", label=schedule.label, job=job_id)
            asked.append(job_id)
    return asked


def _ask_once(
    database: Database, service: ServiceSettings, schedule: Schedule, due: dt.datetime, *, today: dt.date
) -> str | None:
    with database.read() as session:
        if session.get(ScheduledRun, (schedule.label, due)):
            return None
    request = make_request(schedule)
    if isinstance(request, FeedRequest):
        request = request.begin_at(find_limits(service.retention, today).incidents)
    with database.write() as session:
        if session.get(ScheduledRun, (schedule.label, due)):
            return None
        job = Job(
            label=request.label,
            arguments=request.list_arguments(today=today),
            status="queued",
            asked_by=None,
            created_at=read_clock(),
        )
        session.add(job)
        session.flush()
        session.add(ScheduledRun(label=schedule.label, due_at=due, job_id=job.id))
        session.flush()
        record(session, actor=SCHEDULER, action="ask for job", subject=job.id, label=schedule.label)
        return job.id


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """How a schedule stands.

    Attributes:
        schedule: It.
        request: What it asks for.
        next_at: When it is due next.
        last: What came of the last time; None before the first.
    """

    schedule: Schedule
    request: JobRequest | FeedRequest
    next_at: dt.datetime
    last: Job | None


def list_schedules(
    database: Database, service: ServiceSettings, *, time_zone: str, now: dt.datetime | None = None
) -> Sequence[ScheduleState]:
    """How all schedules stand, the next one due first."""
    now = now or read_clock()
    zone = ZoneInfo(time_zone)
    states = []
    with database.read() as session:
        for schedule in service.schedules:
            done = select(ScheduledRun).where(ScheduledRun.label == schedule.label)
            last = session.scalars(done.order_by(ScheduledRun.due_at.desc()).limit(1)).first()
            states.append(
                ScheduleState(
                    schedule=schedule,
                    request=make_request(schedule),
                    next_at=schedule.find_next(now, zone),
                    last=session.get(Job, last.job_id) if last else None,
                )
            )
    return sorted(states, key=lambda state: state.next_at)
