"""The bench: folders in which attempts are at work, and what is left of those that were killed."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from pathlib import Path

from sqlalchemy import select

from hotspots.service.jobs.job_queue import Claim
from hotspots.service.state import Database, Job, ServiceSettings

_LOCKS = "locks"
_ASIDE = "aside-"
_WITHOUT_PRODUCTS = ("queued", "failed", "cancelled")
"""How a job stands of which nothing is shown, and nobody is at it."""


def name_attempt(settings: ServiceSettings, claim: Claim) -> Path:
    """Folder of an attempt."""
    return settings.bench / f"{claim.job_id}-{claim.token}"


def name_aside(settings: ServiceSettings, claim: Claim) -> Path:
    """Where a folder of the shelf is put that gives way to what this attempt made."""
    return settings.bench / f"{_ASIDE}{claim.token}"


def take_lock(settings: ServiceSettings, job_id: str) -> int | None:
    """Take the lock of a job on this machine: a handle, held until it is closed; None where another process has it.

    The command inherits it and holds it for as long as it lives, so that no second one begins beside it, even when its
    worker was killed or stood still for longer than the lease.
    """
    folder = settings.bench / _LOCKS
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / job_id, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def clear_bench(database: Database, settings: ServiceSettings) -> list[str]:
    """Remove what killed attempts have left on bench and shelf; the names of it.

    A folder on the shelf of which the database knows nothing is one whose rows were not kept. It is moved away under
    the lock of its job's row, so that no attempt puts another one in its place meanwhile.
    """
    settings.make_folder()
    settings.bench.mkdir(exist_ok=True)
    removed = _list_dead(database, settings)
    for name in _list_unknown(database, settings):
        with database.write() as session:
            job = session.scalar(select(Job).where(Job.id == name).with_for_update(skip_locked=True))
            if job is not None and job.status in _WITHOUT_PRODUCTS and (settings.shelf / name).is_dir():
                aside = f"{_ASIDE}{secrets.token_hex(16)}"  # a name of its own: one of before may still be there
                os.replace(settings.shelf / name, settings.bench / aside)  # noqa: PTH105
                removed.append(aside)
    for name in removed:
        shutil.rmtree(settings.bench / name, ignore_errors=True)
    _clear_locks(database, settings)
    return removed


def _list_unknown(database: Database, settings: ServiceSettings) -> list[str]:
    """Folders on the shelf that should not be there, as far as one look says: few, and all others stay unlocked."""
    found = sorted(path.name for path in settings.shelf.glob("*") if path.is_dir())
    with database.read() as session:
        doubtful = set(session.scalars(select(Job.id).where(Job.status.in_(_WITHOUT_PRODUCTS))))
    return [name for name in found if name in doubtful]


def _list_dead(database: Database, settings: ServiceSettings) -> list[str]:
    """Folders of attempts that hold no job any more, and whose commands have ended.

    They are listed before the database is asked, here as in all that is removed: what comes later is not among them.
    """
    found = sorted(path.name for path in settings.bench.glob("*-*") if path.is_dir())
    with database.read() as session:
        held = set(session.scalars(select(Job.attempt_token).where(Job.status == "running")))
    dead = []
    for name in found:
        first, _, token = name.partition("-")
        if token in held:
            continue
        handle = take_lock(settings, first)
        if handle is not None:
            os.close(handle)
            dead.append(name)
    return dead


def _clear_locks(database: Database, settings: ServiceSettings) -> None:
    """Remove locks of jobs that have ended, which nobody will ask for any more."""
    found = list((settings.bench / _LOCKS).glob("*"))
    with database.read() as session:
        open_jobs = set(session.scalars(select(Job.id).where(Job.status.in_(("queued", "running")))))
    for path in found:
        if path.name not in open_jobs:
            path.unlink(missing_ok=True)
