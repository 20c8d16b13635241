"""Files that are sent, kept and discarded while the server is killed: none is lost, none is half, none is twice.

It is the short form of `python tests/killed_services.py 50`, which kills worker and database too, during runs.
"""

from __future__ import annotations

import multiprocessing
import random
import socket
import time
from collections.abc import Callable
from typing import Any

import killed_uploads
import pytest
from killed_services import find_port
from killed_uploads import Sender, Sending, check_incidents, make_senders, require_uploads
from sqlalchemy import select

from hotspots.service.audit import check_chain
from hotspots.service.state import Database, ServiceSettings, Upload

N_KILLS = 3


def wait_until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.05)


def is_up(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_files_outlive_a_server_that_is_killed(
    database: Database, database_address: str, service: ServiceSettings
) -> None:
    chance, sending, port = random.Random(18), Sending(), find_port()
    incidents = service.workspace / "data" / "incidents"
    incidents.mkdir(parents=True)
    forks: Any = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload(["hotspots.service.app.application", "hotspots.service.app.listening"])
    started: list[Any] = []

    def start() -> None:
        started.append(
            forks.Process(target=killed_uploads.serve, args=(database_address, str(service.workspace), port))
        )
        started[-1].start()
        wait_until(lambda: is_up(port))

    def is_over() -> bool:
        with database.read() as session:
            unchecked = session.scalar(select(Upload.id).where(Upload.status == "received").limit(1))
        return unchecked is None and not any(sender.is_alive() for sender in senders)

    tokens = make_senders(database, 2)
    senders = [
        Sender(tokens, lambda: f"http://127.0.0.1:{port}", sending, sizes=(3, 5_000), status="") for _ in range(2)
    ]
    start()
    for sender in senders:
        sender.start()
    for _ in range(N_KILLS):
        n_answered = len(sending.answered)
        wait_until(lambda n=n_answered: len(sending.answered) > n)  # type: ignore[misc]
        until = time.monotonic() + chance.uniform(0.0, 0.8)
        while time.monotonic() < until:
            check_incidents(incidents, sending.sent)
        started[-1].kill()
        started[-1].join()
        start()
    for sender in senders:
        sender.end()
    wait_until(is_over)
    started[-1].kill()
    started[-1].join()
    require_uploads(database, service, sending)
    assert sending.answered
    with database.read() as session:
        assert check_chain(session).fault is None
