"""Notices to be sent: of each scheduled job that has ended, once; tried again when a server does not answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select

from hotspots.errors import NetworkError
from hotspots.service.audit import record
from hotspots.service.notices.mail import send_mail
from hotspots.service.notices.webhook import send_webhook
from hotspots.service.state import Database, Job, NoticeSettings, ScheduledRun, ServiceSettings, read_clock

_ENDED = ("done", "failed", "cancelled")
_MOST_ATTEMPTS = 6
_FIRST_WAIT = dt.timedelta(minutes=1)
"""Before the second attempt; doubled for each that follows, so that the last is half an hour after the first."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What somebody is told. It holds nothing that is in a product: who may see those signs in.

    Attributes:
        label: Of the schedule.
        status: How the job ended.
        address: Of its page.
    """

    label: str
    status: str
    address: str

    @property
    def subject(self) -> str:
        """In a line."""
        ending = {"done": "is ready", "failed": "has failed", "cancelled": "was cancelled"}[self.status]
        return f"Hotspots: {self.label} {ending}"

    @property
    def text(self) -> str:
        """As a mail."""
        return f"{self.subject.removeprefix('Hotspots: ')}.\n\nSign in to see it: {self.address}\n"


def send_notices(database: Database, service: ServiceSettings, *, now: dt.datetime | None = None) -> int:
    """Send what is to be sent.

    A notice is taken before it is sent, for a minute: another worker leaves it alone, and one that is killed meanwhile
    has it sent again, so that it may come twice and is not lost.

    Args:
        database: Open.
        service: With its notices.
        now: Aware; by default the clock's.

    Returns:
        How many were sent.
    """
    notices = service.notices
    if notices is None or not (notices.mail_to or notices.webhook):
        return 0
    n_sent = 0
    while (taken := _take(database, service, now or read_clock())) is not None:
        run, notice = taken
        fault = _send(notices, notice)
        with database.write() as session:
            kept = session.get_one(ScheduledRun, (run.label, run.due_at))
            if fault is None:
                kept.told_at = read_clock()
                n_sent += 1
            if fault is None or kept.n_tellings >= _MOST_ATTEMPTS:
                record(
                    session,
                    actor="schedule",
                    action="send notice",
                    subject=run.job_id,
                    outcome="done" if fault is None else "failed",
                    label=run.label,
                )
    return n_sent


def _take(database: Database, service: ServiceSettings, now: dt.datetime) -> tuple[ScheduledRun, Notice] | None:
    """The next notice, which is then ours until its next attempt is due."""
    with database.write() as session:
        waiting = (
            select(ScheduledRun, Job)
            .join(Job, Job.id == ScheduledRun.job_id)
            .where(
                ScheduledRun.told_at.is_(None),
                ScheduledRun.n_tellings < _MOST_ATTEMPTS,
                or_(ScheduledRun.tell_after.is_(None), ScheduledRun.tell_after <= now),
                Job.status.in_(_ENDED),
            )
            .order_by(ScheduledRun.due_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=ScheduledRun)
        )
        found = session.execute(waiting).first()
        if found is None:
            return None
        run, job = found
        run.tell_after = now + _FIRST_WAIT * 2**run.n_tellings
        run.n_tellings += 1
        notice = Notice(label=run.label, status=job.status, address=f"{service.own_address}/jobs/{job.id}")
        return run, notice


def _send(notices: NoticeSettings, notice: Notice) -> str | None:
    """Send one by each way. What went wrong is said without addresses, which are in the settings."""
    faults = []
    if notices.mail_to:
        try:
            send_mail(notices, notice.subject, notice.text)
        except OSError as error:
            faults.append(f"mail: {type(error).__name__}")
    if notices.webhook:
        message = {"text": notice.subject, "label": notice.label, "status": notice.status, "address": notice.address}
        try:
            send_webhook(notices, message)
        except NetworkError as error:
            faults.append(f"webhook: {error}")
    for fault in faults:
        _log.warning("notice not sent", fault=fault)
    return "; ".join(faults) or None
