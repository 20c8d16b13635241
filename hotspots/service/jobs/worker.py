"""A worker: takes one job after the other from the queue until it is told to end."""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from hotspots.service.jobs.job_attempt import attempt_job
from hotspots.service.jobs.job_bench import clear_bench
from hotspots.service.jobs.job_queue import WorkRules, claim_job, take_back_lapsed
from hotspots.service.jobs.own_commands import HOTSPOTS
from hotspots.service.state import Database, ServiceSettings

_NAP_S = 0.1
_CHORES_S = 10
"""Between chores."""
_LOOK_SHARE = 0.1
"""Of a lease: how often jobs of the dead are looked for."""
_AWAY = (OperationalError, InterfaceError)
_log = structlog.get_logger(__name__)


class Worker:
    """One process that does jobs. Several may be at one queue, on several machines that share the folders."""

    def __init__(
        self,
        database: Database,
        settings: ServiceSettings,
        *,
        command: Sequence[str] = HOTSPOTS,
        rules: WorkRules | None = None,
        chores: Sequence[Callable[[], object]] = (),
    ) -> None:
        """Make a worker.

        Args:
            database: Open.
            settings: Of the service.
            command: What runs Hotspots.
            rules: Of leases and attempts.
            chores: What is looked after between jobs, such as schedules: each quick, and harmless to do too often.
        """
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._database, self._settings = database, settings
        self._command, self._rules = command, rules or WorkRules()
        self._chores = chores
        self._chores_from = 0.0
        self._is_stopping = False

    def stop(self) -> None:
        """Give back the job at work, and end; may be called by a signal."""
        self._is_stopping = True

    def run(self, *, until_empty: bool = False) -> None:
        """Do jobs in the main thread until `stop` is called.

        Args:
            until_empty: Whether to end when nothing waits.
        """
        look_at, is_tidy = 0.0, False
        while not self._is_stopping:
            try:
                if time.monotonic() >= look_at:
                    is_tidy &= take_back_lapsed(self._database, self._rules) == 0
                    look_at = time.monotonic() + self._rules.lease_s * _LOOK_SHARE
                if not is_tidy:
                    clear_bench(self._database, self._settings)
                    is_tidy = True
                self._do_chores()
                claim = claim_job(self._database, self.name, self._rules)
                if claim is not None:
                    attempt_job(
                        claim,
                        database=self._database,
                        settings=self._settings,
                        command=self._command,
                        rules=self._rules,
                        is_stopping=lambda: self._is_stopping,
                    )
                    continue
            except _AWAY as error:
                # after an outage all leases look run out: their holders have the time of one to make them longer
                look_at = time.monotonic() + self._rules.lease_s
                _log.warning("database away", kind=type(error.orig).__name__)
            else:
                if until_empty:
                    return
            woken = time.monotonic() + self._rules.poll_s
            while not self._is_stopping and time.monotonic() < woken:
                time.sleep(_NAP_S)

    def _do_chores(self) -> None:
        if time.monotonic() < self._chores_from:
            return
        self._chores_from = time.monotonic() + _CHORES_S
        for chore in self._chores:
            try:
                chore()
            except _AWAY:
                raise
            except Exception:  # neither the others nor the jobs have to wait until somebody has mended it
                _log.exception("chore failed")
