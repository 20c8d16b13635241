"""Workers, server and connections that die in the middle: each job ends, nothing is shown twice, and nothing half."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

import job_workers
import psutil
import pytest
from job_workers import LOG, ask, check_shelf
from sqlalchemy import select, text

from hotspots.service.audit import check_chain
from hotspots.service.jobs import clear_bench
from hotspots.service.state import AuditRecord, Database, Job, ServiceSettings, read_clock

LEASE_S = 1.5
NAMES = ("operation.json", "page0.html", "page1.html", "page2.html")
Start = Callable[[], BaseProcess]


@pytest.fixture(scope="module")
def forks() -> BaseContext:
    """Makes processes in which the service is imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["hotspots.service.jobs.worker", "hotspots.service.shelf.putting", "job_workers"])
    return context


@pytest.fixture
def start(forks: BaseContext, database_address: str, database: Database, service: ServiceSettings) -> Iterator[Start]:
    """Starts workers, all of which are killed at the end."""
    started: list[BaseProcess] = []

    def start_one() -> BaseProcess:
        process = forks.Process(target=job_workers.work, args=(database_address, str(service.workspace), LEASE_S))  # type: ignore[attr-defined]
        process.start()
        started.append(process)
        return process  # type: ignore[no-any-return]

    yield start_one
    for process in started:
        kill(process)


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join()


def put_in_queue(database: Database, n: int = 1, **asked: Any) -> list[str]:
    with database.write() as session:
        jobs = [Job(label="A job", arguments=ask(**asked), status="queued", created_at=read_clock()) for _ in range(n)]
        session.add_all(jobs)
        session.flush()
        return [job.id for job in jobs]


def wait_for(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.05)


def count_statuses(database: Database) -> Counter[str]:
    with database.read() as session:
        return Counter(session.scalars(select(Job.status)))


def read_log(service: ServiceSettings) -> Counter[str]:
    """How often commands began, ended, and met another of their job."""
    log = service.workspace / LOG
    return Counter(line.split()[0] for line in log.read_text().splitlines()) if log.exists() else Counter()


def is_at_work(service: ServiceSettings) -> bool:
    log = read_log(service)
    return log["began"] > log["ended"]


def require_whole(database: Database, service: ServiceSettings, jobs: list[str]) -> None:
    """All is as if nobody had died."""
    assert check_shelf(database, service.shelf) == {job: [f"operation/b/{name}" for name in NAMES] for job in jobs}
    clear_bench(database, service)
    assert {path.name for path in service.shelf.iterdir()} == set(jobs)
    assert list(service.bench.glob("*-*")) == []
    assert read_log(service)["met"] == 0
    with database.read() as session:
        assert check_chain(session).fault is None
        ends = session.scalars(select(AuditRecord.subject).where(AuditRecord.action == "end job")).all()
    assert Counter(ends) == dict.fromkeys(jobs, 1)


@pytest.mark.slow
def test_jobs_outlive_their_workers(database: Database, service: ServiceSettings, start: Start) -> None:
    chance = random.Random(18)
    workers = [start(), start()]
    jobs = put_in_queue(database, 5, seconds=0.4)
    for _ in range(4):
        until = time.monotonic() + chance.uniform(0.1, 0.7)
        while time.monotonic() < until:
            check_shelf(database, service.shelf)
        kill(workers.pop(chance.randrange(2)))
        workers.append(start())
    wait_for(lambda: count_statuses(database) == {"done": 5})
    require_whole(database, service, jobs)


@pytest.mark.slow
def test_a_worker_that_stands_still_for_longer_than_its_lease_ends_nothing(
    database: Database, service: ServiceSettings, start: Start
) -> None:
    first = start()
    jobs = put_in_queue(database, seconds=1.5 * LEASE_S)
    wait_for(lambda: is_at_work(service))
    assert first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    start()
    wait_for(lambda: count_statuses(database)["queued"] == 1)  # its lease has run out, and its command is still there
    assert read_log(service)["began"] == 1
    wait_for(lambda: read_log(service)["began"] == 2)
    os.kill(first.pid, signal.SIGCONT)
    wait_for(lambda: count_statuses(database) == {"done": 1})
    time.sleep(0.5)
    require_whole(database, service, jobs)


def test_no_job_is_done_by_two(database: Database, service: ServiceSettings, start: Start) -> None:
    for _ in range(3):
        start()
    jobs = put_in_queue(database, 15)
    wait_for(lambda: count_statuses(database) == {"done": 15})
    assert read_log(service) == {"began": 15, "ended": 15}
    require_whole(database, service, jobs)


@pytest.mark.slow
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_workers_end_with_their_server_and_are_started_again_without(
    database: Database, database_address: str, service: ServiceSettings, start: Start
) -> None:
    command = [sys.executable, job_workers.__file__, "keep", database_address, str(service.workspace), str(LEASE_S)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    jobs = put_in_queue(database, seconds=1.5)
    wait_for(lambda: is_at_work(service))
    psutil.Process(server.pid).children()[0].kill()
    wait_for(lambda: read_log(service)["began"] == 2)
    below = psutil.Process(server.pid).children(recursive=True)
    server.terminate()
    assert server.wait(5) == 0
    assert not any(is_alive(process) for process in below)
    assert count_statuses(database) == {"queued": 1}  # given back in order
    assert list(service.bench.glob("*-*")) == []
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    wait_for(lambda: read_log(service)["began"] == 3)
    below = psutil.Process(server.pid).children(recursive=True)
    assert len(below) == 2
    server.kill()
    server.wait()
    wait_for(lambda: not any(is_alive(process) for process in below), seconds=2)
    assert count_statuses(database) == {"running": 1}  # nobody could say anything
    start()
    wait_for(lambda: count_statuses(database) == {"done": 1})
    require_whole(database, service, jobs)


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
@pytest.mark.parametrize("database_address", ["postgresql"], indirect=True)
def test_a_database_that_is_away_for_a_moment_costs_nothing(
    database: Database, service: ServiceSettings, start: Start
) -> None:
    start()
    jobs = put_in_queue(database, 2, seconds=0.8)
    wait_for(lambda: is_at_work(service))
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        with database.engine.connect() as connection:
            connection.execute(cut)
        time.sleep(0.1)
    wait_for(lambda: count_statuses(database) == {"done": 2})
    assert read_log(service) == {"began": 2, "ended": 2}
    require_whole(database, service, jobs)


@pytest.mark.skipif("HOTSPOTS_KILLS" not in os.environ, reason="takes minutes; set HOTSPOTS_KILLS to a number")
def test_a_service_that_is_killed_at_random_loses_nothing(
    database: Database, service: ServiceSettings, start: Start
) -> None:
    """As the first, at many points. `tests/killed_services.py` does it with real commands, and kills the database."""
    workers = [start(), start()]
    jobs: list[str] = []
    for _ in range(int(os.environ["HOTSPOTS_KILLS"])):
        jobs += put_in_queue(database, 2, seconds=0.5)
        until = time.monotonic() + random.uniform(0.0, 1.5)
        while time.monotonic() < until:
            check_shelf(database, service.shelf)
        kill(workers.pop(random.randrange(2)))
        workers.append(start())
    wait_for(lambda: set(count_statuses(database)) == {"done"}, seconds=120)
    require_whole(database, service, jobs)
