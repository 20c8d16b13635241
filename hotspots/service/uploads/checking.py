"""The check of a file that was sent: `hotspots check` in a process of its own, with an end to its time and memory."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import psutil
import structlog
from sqlalchemy import select

from hotspots.service.audit import record
from hotspots.service.jobs import HOTSPOTS, tie
from hotspots.service.state import Database, ServiceSettings, Upload
from hotspots.service.uploads.deciding import sweep_incoming
from hotspots.settings import FILE_NAME, Settings

MAX_SECONDS = 600
_MAX_REPORT_BYTES, _MAX_LETTERS = 8 * 2**20, 4_000
_EVERY_S = 0.05
_MEGABYTE = 2**20
_ROOM_MB = 4_000
"""Addresses that libraries reserve and do not use."""
_SPEAKS = "hotspots: "
_ALL_GOOD, _TOO_LITTLE = 0, 4
_one_at_a_time = threading.Lock()
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a check found.

    Attributes:
        status: Whether the file can be kept.
        report: What `hotspots check` printed.
        message: Why it cannot.
    """

    status: Literal["checked", "refused"]
    report: Mapping[str, Any]
    message: str = ""


def check_waiting(database: Database, settings: Settings, service: ServiceSettings) -> None:
    """Check all files that wait for it, one at a time, those from before a restart too; called again it does nothing.

    Each check may take as much memory as a job, so that two at once would be one too many.
    """
    while _list_waiting(database) and _one_at_a_time.acquire(blocking=False):
        try:
            sweep_incoming(database, settings, service)
            for upload_id in _list_waiting(database):
                check_upload(database, upload_id, settings=settings, service=service)
        finally:
            _one_at_a_time.release()


def check_upload(
    database: Database, upload_id: str, *, settings: Settings, service: ServiceSettings, seconds: float = MAX_SECONDS
) -> None:
    """Check a file, and keep what was found. One that somebody has decided on meanwhile stays as it is.

    Args:
        database: Open.
        upload_id: Of a file that was received.
        settings: Of the workspace: how files are read there.
        service: Of the service: how much memory there is.
        seconds: How long it may take.
    """
    with database.read() as session:
        waiting = session.get(Upload, upload_id)
    if waiting is None or waiting.status != "received":
        return
    try:
        found = _check(service.incoming / upload_id / waiting.file_name, settings, service, seconds)
    except OSError as error:
        _log.error("check failed", upload=upload_id, kind=type(error).__name__)
        found = _Found(status="refused", report={}, message="The file could not be checked. Send it again.")
    with database.write() as session:
        upload = session.scalar(select(Upload).where(Upload.id == upload_id).with_for_update())
        if upload is None or upload.status != "received":
            return
        upload.status, upload.report, upload.message = found.status, dict(found.report), found.message
        outcome: Literal["done", "refused"] = "done" if found.status == "checked" else "refused"
        record(session, actor="service", action="check file", subject=upload_id, outcome=outcome)


def _check(path: Path, settings: Settings, service: ServiceSettings, seconds: float) -> _Found:
    folder = path.parent
    options = _list_options(settings, service)
    command = tie([*HOTSPOTS, "check", path.name, *options])
    # the address of the database has a password in it, and is nothing to a process that reads what a stranger sent
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HOTSPOTS_")}
    # files without a name: a check that outlives a service that was killed cannot write into those of the next
    with tempfile.TemporaryFile(dir=folder) as report, tempfile.TemporaryFile(dir=folder) as said:
        process = subprocess.Popen(  # noqa: S603 - our own command, and names that were made safe
            command,
            cwd=folder,
            env=surroundings,
            stdin=subprocess.DEVNULL,
            stdout=report,
            stderr=said,
            start_new_session=True,
        )
        stopped = _watch(process, max_mb=service.max_memory_mb, seconds=seconds)
        printed, told = _read(report), _read(said)
    if stopped is not None:
        return _Found(status="refused", report={}, message=stopped)
    return _understand(process.returncode, printed, told, upload_id=folder.name)


def _list_options(settings: Settings, service: ServiceSettings) -> list[str]:
    """The options of the command: the settings and the wards of the workspace, wherever it runs."""
    workspace = service.workspace.resolve()
    file, here = workspace / FILE_NAME, workspace / "data" / "boundaries"
    boundaries = settings.boundaries or ((here,) if here.is_dir() and any(here.iterdir()) else ())
    given = [("settings", file.as_posix())] if file.is_file() else []
    given += [("boundaries", (workspace / path).as_posix()) for path in boundaries]
    given += [("layer", settings.layer)] if settings.layer and boundaries else []
    return [f"--{name}={value}" for name, value in given] + [f"--{name}" for name in ("json",)]


def _watch(process: subprocess.Popen[bytes], *, max_mb: int, seconds: float) -> str | None:
    """Wait for a process, and end it where it takes too long or too much memory: the sentence for that, or None."""
    _bound(process.pid, max_mb=max_mb, seconds=seconds)
    end = time.monotonic() + seconds
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_EVERY_S)
                return None
            if time.monotonic() > end:
                return (
                    f"The check was stopped after {seconds:.0f} seconds. Send fewer months at a time, and look whether "
                    "the file is what it should be."
                )
            with contextlib.suppress(psutil.Error):
                if psutil.Process(process.pid).memory_info().rss > max_mb * _MEGABYTE:
                    return (
                        f"The check was stopped as it took more than {max_mb:,} MB of memory. Send fewer months at a "
                        "time, and look whether the file is what it should be."
                    )
    finally:
        _end(process)


def _bound(pid: int, *, max_mb: int, seconds: float) -> None:
    """Have the system hold a process to its limits as well, where it can: it may take much between two looks."""
    if sys.platform != "linux":
        return
    import resource

    bytes_of_addresses = (max_mb + _ROOM_MB) * _MEGABYTE
    for kind, most in (
        (resource.RLIMIT_AS, bytes_of_addresses),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, 4 * _MAX_REPORT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, kind, (most, most))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, and what it has started."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()


def _understand(code: int, printed: str, told: str, *, upload_id: str) -> _Found:
    """What a check that has ended found, by its exit code and what it printed."""
    speaks = told.rfind(_SPEAKS)
    message = told[speaks + len(_SPEAKS) :].strip()[:_MAX_LETTERS] if speaks >= 0 else ""
    try:
        report = json.loads(printed)
    except (ValueError, RecursionError):
        report = None
    if code == _ALL_GOOD and isinstance(report, dict):
        return _Found(status="checked", report=report)
    if code == _TOO_LITTLE and isinstance(report, dict):
        return _Found(status="refused", report=report, message="No row can be used, for the reasons given below.")
    if not message:
        # whatever else it said may have what is in the file in it, and is nothing for a log
        _log.error("check failed", upload=upload_id, code=code)
        message = "The check of this file broke off. Send it again; if that happens again, it may be damaged."
    draft = {"draft": printed[:_MAX_LETTERS]} if printed.strip() and report is None else {}
    return _Found(status="refused", report=draft, message=message)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(_MAX_REPORT_BYTES).decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _list_waiting(database: Database) -> list[str]:
    with database.read() as session:
        waiting = select(Upload.id).where(Upload.status == "received").order_by(Upload.created_at, Upload.id)
        return list(session.scalars(waiting))
