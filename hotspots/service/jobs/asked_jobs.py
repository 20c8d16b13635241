"""Jobs asked for, found again, and cancelled."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.audit import record
from hotspots.service.jobs.job_request import JobRequest
from hotspots.service.people import Person
from hotspots.service.state import Job, read_clock

_MOST_WAITING = 50


def ask_job(session: Session, person: Person, request: JobRequest, *, time_zone: str) -> Job:
    """Put a job into the queue.

    Args:
        session: Of `Database.write`.
        person: Who asks.
        request: What for.
        time_zone: In which "next Friday" is meant.

    Raises:
        NotAllowedError: They may not.
        ParameterError: Too many are waiting already.
    """
    person.require("run")
    waiting = select(Job.id).where(Job.status == "queued").limit(_MOST_WAITING)
    if len(session.scalars(waiting).all()) >= _MOST_WAITING:
        raise ParameterError(f"{_MOST_WAITING} jobs are waiting already. Wait for some, or cancel some.")
    today = dt.datetime.now(ZoneInfo(time_zone)).date()
    job = Job(
        label=request.label,
        arguments=request.list_arguments(today=today),
        status="queued",
        asked_by=person.account_id,
        created_at=read_clock(),
    )
    session.add(job)
    session.flush()
    record(session, actor=person.name, action="ask for job", subject=job.id, label=job.label)
    return job


def find_job(session: Session, job_id: str) -> Job:
    """The job of an id.

    Raises:
        NotFoundError: There is none.
    """
    job = session.get(Job, job_id) if job_id.isalnum() else None
    if job is None:
        raise NotFoundError("There is no such job.")
    return job


def cancel_job(session: Session, person: Person, job_id: str) -> Job:
    """Cancel a job: at once if it waits, within a second or two if a worker is at it; one that ended stays as it is.

    Raises:
        NotAllowedError: They may not.
        NotFoundError: There is none.
    """
    person.require("run")
    job = session.scalar(select(Job).where(Job.id == job_id).with_for_update()) if job_id.isalnum() else None
    if job is None:
        raise NotFoundError("There is no such job.")
    if job.status == "queued":
        job.status = "cancelled"
        job.ended_at = read_clock()
    elif job.status == "running":
        job.is_cancel_asked = True
    else:
        return job
    record(session, actor=person.name, action="cancel job", subject=job.id, label=job.label)
    return job
