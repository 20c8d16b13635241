"""The queue: jobs claimed for as long as a lease runs, given back, and ended by nobody but the attempt that holds them.

The row of a job that somebody asked for is its entry in the queue, so that both are kept in one transaction. A worker
that dies says nothing; its lease runs out, and another worker takes the job up.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from hotspots.errors import HotspotsError
from hotspots.service.audit import Outcome, record
from hotspots.service.state import Database, Job, JobStatus, read_clock

ACTOR = "worker"
"""Who begins and ends jobs, in the audit."""
_OUTCOMES: dict[JobStatus, Outcome] = {"done": "done", "failed": "failed", "cancelled": "done"}
_MOST_PROGRESS, _MOST_MESSAGE = 300, 8_000


class LostClaimError(HotspotsError):
    """An attempt no longer holds its job: its lease ran out, and somebody else may be at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRules:
    """How workers go about jobs.

    Attributes:
        lease_s: A worker that has not been heard of for so long is taken for dead.
        poll_s: How often the queue is looked at.
        backoff_s: How long a job waits after its first failed attempt; twice as long after the next.
        max_attempts: So many times a job is tried.
    """

    lease_s: float = 30.0
    poll_s: float = 0.5
    backoff_s: float = 5.0
    max_attempts: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job that a worker holds.

    Attributes:
        job_id: Of the job.
        token: Of this attempt: with another one nothing can be ended.
        label: What the job is, in words.
        arguments: What would be typed after `hotspots`, without where to write.
        n_attempts: This one counted.
    """

    job_id: str
    token: str
    label: str
    arguments: tuple[str, ...]
    n_attempts: int


def claim_job(database: Database, worker: str, rules: WorkRules) -> Claim | None:
    """Take the job that has waited longest; None where none waits."""
    waiting = select(Job).where(Job.status == "queued").order_by(Job.created_at, Job.id).limit(1)
    with database.read() as session:  # so that SQLite is not locked for nothing, twice a second
        if session.scalar(waiting.where(Job.not_before <= _read_clock(session))) is None:
            return None
    with database.write() as session:
        now = _read_clock(session)
        job = session.scalar(waiting.where(Job.not_before <= now).with_for_update(skip_locked=True))
        if job is None:
            return None
        job.status, job.claimed_by, job.attempt_token = "running", worker[:120], secrets.token_hex(16)
        job.lease_until = now + dt.timedelta(seconds=rules.lease_s)
        job.n_attempts += 1
        job.started_at, job.progress, job.message = now, "", ""
        record(session, actor=ACTOR, action="start job", subject=job.id, label=job.label, attempt=job.n_attempts)
        return Claim(
            job_id=job.id,
            token=job.attempt_token,
            label=job.label,
            arguments=tuple(job.arguments),
            n_attempts=job.n_attempts,
        )


def renew_claim(
    database: Database, claim: Claim, rules: WorkRules, *, progress: str
) -> Literal["held", "cancel asked", "lost"]:
    """Make the lease longer, and say what is being done."""
    with database.write() as session:
        job = session.scalar(_select_held(claim).with_for_update())
        if job is None:
            return "lost"
        job.lease_until = _read_clock(session) + dt.timedelta(seconds=rules.lease_s)
        job.progress = progress[:_MOST_PROGRESS]
        return "cancel asked" if job.is_cancel_asked else "held"


def is_cancel_asked(database: Database, claim: Claim) -> bool:
    """Whether somebody has asked to cancel a job."""
    with database.read() as session:
        return bool(session.scalar(select(Job.is_cancel_asked).where(Job.id == claim.job_id)))


def end_job(
    session: Session, claim: Claim, status: JobStatus, *, message: str = "", peak_memory_bytes: int | None = None
) -> None:
    """End a job, and hold the lock of its row until the transaction ends.

    Raises:
        LostClaimError: This attempt does not hold it any more.
    """
    job = session.scalar(_select_held(claim).with_for_update())
    if job is None:
        raise LostClaimError("The job was taken from this attempt, whose lease had run out. Another one may be at it.")
    if peak_memory_bytes is not None:
        job.peak_memory_bytes = max(peak_memory_bytes, job.peak_memory_bytes or 0)
    _end(job, status, message)


def record_end(session: Session, claim: Claim, status: JobStatus) -> None:
    """Say in the audit how a job ended: last in its transaction."""
    record(
        session,
        actor=ACTOR,
        action="end job",
        subject=claim.job_id,
        outcome=_OUTCOMES[status],
        label=claim.label,
        status=status,
        attempt=claim.n_attempts,
    )


def return_job(
    database: Database, claim: Claim, *, after_s: float = 0.0, counts: bool = True, message: str = ""
) -> None:
    """Give a job back to the queue; one that was to be cancelled is cancelled.

    Args:
        database: Open.
        claim: Of the attempt that holds it; nothing is done if it does not any more.
        after_s: So long it waits.
        counts: Whether the attempt was one.
        message: Why.
    """
    with database.write() as session:
        job = session.scalar(_select_held(claim).with_for_update())
        if job is None:
            return
        if job.is_cancel_asked:
            _end(job, "cancelled", "")
            record_end(session, claim, "cancelled")
            return
        job.n_attempts -= not counts
        _put_back(job, _read_clock(session) + dt.timedelta(seconds=after_s), message)


def take_back_lapsed(database: Database, rules: WorkRules) -> int:
    """Put back jobs of workers that are not heard of any more, or end them after the last attempt; how many."""
    running = select(Job).where(Job.status == "running")
    with database.read() as session:
        lapsed = [job.id for job in session.scalars(running.where(Job.lease_until < _read_clock(session)))]
    n_taken = 0
    for job_id in lapsed:
        with database.write() as session:
            now = _read_clock(session)
            still = running.where(Job.id == job_id, Job.lease_until < now)
            job = session.scalar(still.with_for_update(skip_locked=True))
            if job is None:
                continue
            n_taken += 1
            claim = Claim(
                job_id=job.id, token="", label=job.label, arguments=tuple(job.arguments), n_attempts=job.n_attempts
            )
            if not job.is_cancel_asked and job.n_attempts < rules.max_attempts:
                _put_back(job, now, "The worker died. The job is tried again.")
                continue
            status: JobStatus = "cancelled" if job.is_cancel_asked else "failed"
            died = "" if job.is_cancel_asked else f"The worker died {job.n_attempts} times at this job. Ask for less."
            _end(job, status, died)
            record_end(session, claim, status)
    return n_taken


def _select_held(claim: Claim) -> Select[Job]:
    return select(Job).where(Job.id == claim.job_id, Job.attempt_token == claim.token, Job.status == "running")


def _end(job: Job, status: JobStatus, message: str) -> None:
    job.status, job.message, job.progress = status, message[-_MOST_MESSAGE:], ""
    job.ended_at, job.attempt_token, job.lease_until = read_clock(), None, None


def _put_back(job: Job, not_before: dt.datetime, message: str) -> None:
    job.status, job.not_before, job.message, job.progress = "queued", not_before, message[-_MOST_MESSAGE:], ""
    job.attempt_token = job.lease_until = None


def _read_clock(session: Session) -> dt.datetime:
    """The clock of the database, so that workers on several machines agree; a file is used on one."""
    if session.get_bind().dialect.name == "sqlite":
        return read_clock()
    now: dt.datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(dt.UTC)
