"""Jobs asked for, found again, and cancelled."""

from __future__ import annotations

import datetime as dt
import hashlib
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.audit import record
from hotspots.service.jobs.job_request import JobRequest
from hotspots.service.people import Person
from hotspots.service.state import Account, Job, make_id, read_clock

_MOST_WAITING = 50


def ask_job(session: Session, person: Person, request: JobRequest, *, time_zone: str, form_key: str = "") -> Job:
    """Put a job into the queue. What is sent twice from one form is one job.

    The id of a job from a form follows from who asks, the key of the form and what is asked, so that nobody chooses it
    and two requests at once cannot both make one. Another form, or other fields in the same one, make another job.

    Args:
        session: Of `Database.write`.
        person: Who asks.
        request: What for. See `require_known`.
        time_zone: In which "next Friday" is meant.
        form_key: Made anew with each form; empty to make a job in any case.

    Returns:
        The job; the one that is there already, however it stands, where the same was sent before.

    Raises:
        NotAllowedError: They may not.
        ParameterError: Too many are waiting already.
    """
    person.require("run")
    today = dt.datetime.now(ZoneInfo(time_zone)).date()
    arguments = request.list_arguments(today=today)
    job_id = make_id()
    if form_key:
        content = "\n".join([person.account_id, form_key, *arguments])
        job_id = hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        session.get(Account, person.account_id, with_for_update=True)  # the second of two at once waits for the first
        if there := session.get(Job, job_id):
            return there
    waiting = select(Job.id).where(Job.status == "queued").limit(_MOST_WAITING)
    if len(session.scalars(waiting).all()) >= _MOST_WAITING:
        raise ParameterError(f"{_MOST_WAITING} jobs are waiting already. Wait for some, or cancel some.")
    job = Job(
        id=job_id,
        label=request.label,
        arguments=arguments,
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
