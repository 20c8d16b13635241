"""One attempt at a job: a command as a process of its own, watched over, and what it made put on the shelf."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Literal

import psutil
import structlog
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from hotspots.service.jobs import tether
from hotspots.service.jobs.feeds import is_feed
from hotspots.service.jobs.incident_lock import hold_incidents
from hotspots.service.jobs.job_bench import name_aside, name_attempt, take_lock
from hotspots.service.jobs.job_queue import (
    Claim,
    LostClaimError,
    WorkRules,
    end_job,
    is_cancel_asked,
    record_end,
    renew_claim,
    return_job,
)
from hotspots.service.jobs.said_lines import name_fields
from hotspots.service.shelf import describe_products, put_on_shelf, secure_products
from hotspots.service.state import Database, JobStatus, ServiceSettings
from hotspots.settings import PROGRESS_MARK, PROGRESS_VARIABLE

Reason = Literal["stopping", "cancelled", "lost", "time", "memory"]
"""Why a command is ended before its own end."""

_OURS_TO_CORRECT = (2, 3, 4)
"""Exit codes of the command for what the asker or the data are to blame: another attempt would end the same."""
_LOOK_S, _MEMORY_S, _TELL_S = 0.2, 1.0, 0.5
_LEASE_SHARE = 0.8
"""An attempt that could not renew its lease for this share of it ends before another may begin."""
_MOST_LINES, _MOST_LINE_BYTES = 60, 2_000
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_AWAY = (OperationalError, InterfaceError)
_log = structlog.get_logger(__name__)


def tie(command: Sequence[str]) -> list[str]:
    """A command as it is started so that it ends with this process, however this ends (on Linux)."""
    return [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]


def attempt_job(
    claim: Claim,
    *,
    database: Database,
    settings: ServiceSettings,
    command: Sequence[str],
    rules: WorkRules,
    is_stopping: Callable[[], bool],
) -> None:
    """Run a job's command and end the job, or give it back to the queue. Called in the main thread of a worker.

    Args:
        claim: The job.
        database: Open.
        settings: Of the service.
        command: What runs Hotspots.
        rules: How long leases are, and so on.
        is_stopping: Whether the worker has been told to end.
    """
    folder = name_attempt(settings, claim)
    lock = take_lock(settings, claim.job_id)
    if lock is None:  # of an attempt whose worker is gone, or stands still
        return_job(
            database, claim, after_s=rules.backoff_s, counts=False, message="The last attempt has not ended yet."
        )
        return
    attempt = _Attempt(claim, database=database, settings=settings, rules=rules, folder=folder)
    try:
        with hold_incidents(settings) as is_held:
            if is_held:
                attempt.run(command, lock=lock, is_stopping=is_stopping)
            else:
                os.close(lock)
                why = "Incidents that are too old are being removed."
                return_job(database, claim, after_s=rules.backoff_s, counts=False, message=why)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(name_aside(settings, claim), ignore_errors=True)


class _Attempt:
    """The process, what it says, and the lease that is made longer meanwhile."""

    def __init__(
        self, claim: Claim, *, database: Database, settings: ServiceSettings, rules: WorkRules, folder: Path
    ) -> None:
        self._claim, self._database, self._settings, self._rules = claim, database, settings, rules
        self._out = folder / "out"
        self._progress = ""
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._renewed = time.monotonic()
        self._is_cancelled = self._is_lost = self._is_over = False
        self._peak_bytes = 0

    def run(self, command: Sequence[str], *, lock: int, is_stopping: Callable[[], bool]) -> None:
        """From the start of the process to the end of the job."""
        heart = threading.Thread(target=self._beat, daemon=True)
        heart.start()
        try:
            try:
                code, reason = self._run_process(command, lock=lock, is_stopping=is_stopping)
            except OSError as error:  # the disk is full, or there are too many processes
                self._fail(f"The command could not be started: {error.strerror}.")
            else:
                _log.info("command ended", job=self._claim.job_id, code=code, reason=reason)
                self._conclude(code, reason)
        except LostClaimError:  # or all was kept, and only the answer of the database did not come
            _log.warning("attempt no longer holds its job", job=self._claim.job_id)
        finally:
            self._is_over = True
            heart.join()

    def _run_process(
        self, command: Sequence[str], *, lock: int, is_stopping: Callable[[], bool]
    ) -> tuple[int, Reason | None]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HOTSPOTS_")}
        out = [] if is_feed(self._claim.arguments) else [f"--{name}={self._out}" for name in ("out",)]
        try:
            self._out.mkdir(parents=True)
            process = subprocess.Popen(  # noqa: S603 - what is run was asked for through `JobRequest`
                tie([*command, *self._claim.arguments, *out]),
                cwd=self._settings.workspace,
                env={**environment, PROGRESS_VARIABLE: "lines"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=(lock,),
            )
        finally:
            os.close(lock)  # the command has it now, for as long as it lives
        assert process.stderr is not None
        reader = threading.Thread(target=self._read, args=(process.stderr,), daemon=True)
        reader.start()
        try:
            reason = self._watch(process, is_stopping)
        finally:
            _end_group(process)
            reader.join(timeout=5)
        return process.returncode, reason

    def _watch(self, process: subprocess.Popen[bytes], is_stopping: Callable[[], bool]) -> Reason | None:
        """Wait for the end of the process; why it is to be ended before."""
        began = measured = time.monotonic()
        while True:
            try:
                process.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                pass
            else:
                return None
            now = time.monotonic()
            if self._is_lost or now - self._renewed > _LEASE_SHARE * self._rules.lease_s:
                return "lost"
            if self._is_cancelled:
                return "cancelled"
            if is_stopping():
                return "stopping"
            if now - began > self._settings.max_minutes * 60:
                return "time"
            if now - measured > _MEMORY_S:
                measured = now
                self._peak_bytes = max(self._peak_bytes, used := measure_memory(process.pid))
                if used > self._settings.max_memory_mb * 2**20:
                    return "memory"

    def _conclude(self, code: int, reason: Reason | None) -> None:
        """End the job, or give it back."""
        claim, settings = self._claim, self._settings
        if reason == "lost":
            raise LostClaimError("The lease could not be made longer.")
        if reason == "stopping":
            self._insist(lambda: return_job(self._database, claim, counts=False))
        elif reason == "cancelled":
            self._end("cancelled", "")
        elif reason == "time":
            self._end(
                "failed", f"The job took longer than {settings.max_minutes} minutes, which is the most that it may."
            )
        elif reason == "memory":
            self._end("failed", f"The job needed more than {settings.max_memory_mb:,} MB. Ask for less at once.")
        elif code == 0 and is_feed(claim.arguments):
            self._end("done", self._say())
        elif code == 0:
            self._put()
        elif code in _OURS_TO_CORRECT:
            self._end("failed", self._say())
        else:
            self._fail(self._say() if code > 0 else _say_killed(-code))

    def _put(self) -> None:
        """Put what was made on the shelf, and end the job, in one transaction."""
        claim = self._claim
        try:
            secure_products(self._out)
            products = describe_products(self._out, job_id=claim.job_id)
        except OSError as error:
            self._fail(f"What was made could not be kept: {error.strerror}.")
            return
        if not products:
            self._end("failed", f"The command made nothing that can be shown.\n{self._say()}")
            return

        def put() -> None:
            with self._database.write() as session:
                end_job(session, claim, "done", message=self._say(), peak_memory_bytes=self._peak_bytes or None)
                put_on_shelf(
                    session,
                    self._out,
                    place=self._settings.shelf / claim.job_id,
                    aside=name_aside(self._settings, claim),
                    products=products,
                )
                record_end(session, claim, "done")

        try:
            self._insist(put)
        except OSError as error:
            self._fail(f"What was made could not be kept: {error.strerror}.")
        except DatabaseError as error:
            _log.exception("products refused", job=claim.job_id)
            self._end("failed", f"The database does not take what was made ({type(error.orig).__name__}).")

    def _fail(self, message: str) -> None:
        """Give the job back after a failure that may not happen again, or end it after the last attempt."""
        claim, rules = self._claim, self._rules
        if claim.n_attempts >= rules.max_attempts:
            self._end("failed", message)
            return
        wait_s = rules.backoff_s * 2 ** (claim.n_attempts - 1)
        self._insist(lambda: return_job(self._database, claim, after_s=wait_s, message=message))

    def _end(self, status: JobStatus, message: str) -> None:
        def end() -> None:
            with self._database.write() as session:
                end_job(session, self._claim, status, message=message, peak_memory_bytes=self._peak_bytes or None)
                record_end(session, self._claim, status)

        self._insist(end)

    def _insist(self, act: Callable[[], None]) -> None:
        """Try again while the database is away, for as long as the lease lasts."""
        while True:
            try:
                act()
            except _AWAY as error:
                if time.monotonic() - self._renewed > _LEASE_SHARE * self._rules.lease_s:
                    raise LostClaimError("The database was away for longer than the lease.") from error
                time.sleep(_TELL_S)
            else:
                return

    def _beat(self) -> None:
        """Make the lease longer, pass on progress and hear of cancelling, until the attempt is over."""
        told, told_at = "", time.monotonic()
        while not self._is_over:
            began = time.monotonic()
            try:
                if self._progress != told or began - told_at > self._rules.lease_s / 6:
                    told = self._progress
                    found = renew_claim(self._database, self._claim, self._rules, progress=told)
                    self._is_lost = found == "lost"
                    self._is_cancelled |= found == "cancel asked"
                    told_at = began
                    if not self._is_lost:
                        self._renewed = began
                else:
                    self._is_cancelled |= is_cancel_asked(self._database, self._claim)
            except _AWAY:
                pass  # it may come back before the lease ends
            while not self._is_over and time.monotonic() - began < _TELL_S:
                time.sleep(0.05)

    def _read(self, stream: IO[bytes]) -> None:
        """Tell lines of progress from what is said, and keep the last of that."""
        with stream:
            while line := stream.readline(_MOST_LINE_BYTES):
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if text.startswith(PROGRESS_MARK):
                    self._progress = _make_plain(text.removeprefix(PROGRESS_MARK))
                elif text:
                    self._lines.append(_make_plain(text))

    def _say(self) -> str:
        """What the command said last, without where it was at work."""
        return "\n".join(name_fields(line for line in self._lines if str(self._out) not in line))


def measure_memory(pid: int) -> int:
    """Bytes in memory of a process and all that it has started.

    Memory that several of them share counts once where the system can say so (Linux), asked for only when the plain sum
    is large, since it takes longer. The size of the address space would say nothing: libraries reserve far more of it
    than they use.
    """
    try:
        first = psutil.Process(pid)
        tree = [first, *first.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    if len(tree) == 1 or not hasattr(psutil, "LINUX") or not psutil.LINUX:
        return total
    shared_once = 0
    for process in tree:
        with contextlib.suppress(psutil.Error):
            shared_once += process.memory_full_info().pss
    return shared_once or total


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _say_killed(number: int) -> str:
    return (
        f"The command was ended from outside (signal {number}), most often because memory ran out. Ask for fewer "
        "crimes, wards or months."
    )


def _make_plain(text: str) -> str:
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
