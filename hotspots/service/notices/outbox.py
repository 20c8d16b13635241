"""Notices to be sent: of each scheduled job that has ended, once to each; again where a server does not answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import or_, select

from hotspots.errors import NetworkError
from hotspots.service.audit import record
from hotspots.service.jobs import find_reach, is_feed
from hotspots.service.notices.mail import send_mail
from hotspots.service.notices.webhook import send_webhook
from hotspots.service.state import (
    Database,
    Job,
    NoticeSettings,
    NoticeTold,
    ScheduledRun,
    ServiceSettings,
    read_clock,
)

_ENDED = ("done", "failed", "cancelled")
_MOST_ATTEMPTS = 6
_FIRST_WAIT = dt.timedelta(minutes=1)
"""Before the second attempt; doubled for each that follows, so that the last is half an hour after the first."""
_TOO_LATE = dt.timedelta(days=3)
"""What ended before is no news: whoever gives an address to be told at is not told of all that was before."""
_WEBHOOK = "webhook"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What somebody is told. It holds nothing that is in a product: who may see those signs in.

    Attributes:
        label: Of the schedule.
        status: How the job ended.
        address: Of its page.
        reach: Of a feed, until which day there are data of each force, or None where there are none; None for others.
    """

    label: str
    status: str
    address: str
    reach: Mapping[str, dt.date | None] | None = None

    @property
    def subject(self) -> str:
        """In a line."""
        ready = "is ready" if self.reach is None else "is done"
        ending = {"done": ready, "failed": "has failed", "cancelled": "was cancelled"}[self.status]
        stale = ": the data were not refreshed" if self.reach is not None and self.status != "done" else ""
        return f"Hotspots: {self.label} {ending}{stale}"

    @property
    def text(self) -> str:
        """As a mail."""
        said = [f"{self.subject.removeprefix('Hotspots: ')}."]
        for force, last in (self.reach or {}).items():
            until = f"reach to {last.day} {last:%B %Y}" if last else "are not there at all"
            said.append(f"The data of {force} {until}.")
        return f"{' '.join(said)}\n\nSign in to see it: {self.address}\n"

    @property
    def message(self) -> dict[str, object]:
        """As JSON."""
        told: dict[str, object] = {
            "text": self.subject,
            "label": self.label,
            "status": self.status,
            "address": self.address,
        }
        if self.reach is None:
            return told
        return {**told, "reaches_to": {force: last and last.isoformat() for force, last in self.reach.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A notice that is ours until its next attempt is due, and by which ways it was told already."""

    run: ScheduledRun
    notice: Notice
    told: frozenset[str]


def send_notices(database: Database, service: ServiceSettings, *, now: dt.datetime | None = None) -> int:
    """Send what is to be sent.

    A notice is taken before it is sent, for a minute: another worker leaves it alone, and one that is killed meanwhile
    has it sent again, so that it may come twice and is not lost. Of several who are to be told, those who were are not
    told again when a server of others does not answer.

    Args:
        database: Open.
        service: With its notices.
        now: Aware; by default the clock's.

    Returns:
        How many were sent to all who are to be told.
    """
    notices = service.notices
    if notices is None or not (notices.mail_to or notices.webhook):
        return 0
    n_sent = 0
    while (taken := _take(database, service, now or read_clock())) is not None:
        run = taken.run
        faults = 0
        for way, fault in _send(notices, taken):
            if fault is None:
                _remember(database, run, way)
            else:
                faults += 1
                _log.warning("notice not sent", fault=fault)
        with database.write() as session:
            kept = session.get_one(ScheduledRun, (run.label, run.due_at))
            if not faults:
                kept.told_at = read_clock()
                n_sent += 1
            if not faults or kept.n_tellings >= _MOST_ATTEMPTS:
                record(
                    session,
                    actor="schedule",
                    action="send notice",
                    subject=run.job_id,
                    outcome="failed" if faults else "done",
                    label=run.label,
                )
    return n_sent


def _take(database: Database, service: ServiceSettings, now: dt.datetime) -> _Taken | None:
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
                Job.ended_at > now - _TOO_LATE,
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
        told = select(NoticeTold.way).where(NoticeTold.label == run.label, NoticeTold.due_at == run.due_at)
        reach = find_reach(service.workspace, job.arguments) if is_feed(job.arguments) else None
        address = f"{service.own_address}/jobs/{job.id}"
        notice = Notice(label=run.label, status=job.status, address=address, reach=reach)
        return _Taken(run=run, notice=notice, told=frozenset(session.scalars(told)))


def _remember(database: Database, run: ScheduledRun, way: str) -> None:
    """Keep that somebody was told, at once: whatever comes next may fail."""
    with database.write() as session:
        session.merge(NoticeTold(label=run.label, due_at=run.due_at, way=way, told_at=read_clock()))


def _send(notices: NoticeSettings, taken: _Taken) -> Iterator[tuple[str, str | None]]:
    """Send it by each way that is left, with what went wrong: without addresses, which are in the settings."""
    notice = taken.notice
    left = {way: address for address in notices.mail_to if (way := _name_way(address)) not in taken.told}
    if left:
        try:
            refused = send_mail(notices, notice.subject, notice.text, to=tuple(left.values()))
        except (OSError, ValueError) as error:  # the second where a name or a password is not of letters that it takes
            yield from ((way, f"mail: {type(error).__name__}") for way in left)
        else:
            for way, address in left.items():
                yield way, "mail: an address is refused" if address in refused else None
    if notices.webhook and _WEBHOOK not in taken.told:
        try:
            send_webhook(notices, notice.message)
        except (NetworkError, ValueError) as error:
            said = str(error) if isinstance(error, NetworkError) else type(error).__name__
            yield _WEBHOOK, f"webhook: {said}"
        else:
            yield _WEBHOOK, None


def _name_way(address: str) -> str:
    """What is kept of an address: it stands in the settings, and nowhere else."""
    return f"mail {hashlib.sha256(address.encode()).hexdigest()[:16]}"
