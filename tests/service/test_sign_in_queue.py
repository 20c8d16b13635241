"""Many who sign in at once: each gets in at the first try, readers do not wait for them, nobody is counted wrongly."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import func, select

from hotspots.service.door import sign_in_queue
from hotspots.service.people import (
    NotSignedInError,
    TooManyAttemptsError,
    add_account,
    change_password,
    find_account,
    hash_new_password,
    passwords,
    sign_in,
)
from hotspots.service.people import signing_in as signing
from hotspots.service.state import Account, Database, FailedLogin, ServiceSettings

AddPerson = Callable[..., Account]
pytestmark = pytest.mark.one_database


class HeldHasher:
    """Looks at passwords when it is told to."""

    def __init__(self) -> None:
        self.go, self.n_at_once, self.most = threading.Event(), 0, 0
        self._kept, self._lock = passwords.hasher, threading.Lock()

    def hash(self, password: bytes) -> str:
        return self._kept.hash(password)

    def check_needs_rehash(self, kept: str) -> bool:
        return False

    def verify(self, kept: str, password: bytes) -> bool:
        with self._lock:
            self.n_at_once += 1
            self.most = max(self.most, self.n_at_once)
        self.go.wait(20)
        with self._lock:
            self.n_at_once -= 1
        return self._kept.verify(kept, password)


@pytest.fixture
def held(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldHasher]:
    hasher = HeldHasher()
    monkeypatch.setattr(passwords, "hasher", hasher)
    yield hasher
    hasher.go.set()


def count_attempts(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(FailedLogin)) or 0


def test_an_office_of_fifty_gets_in_at_once_and_readers_do_not_wait(
    database: Database, add_person: AddPerson, serve: Callable[..., str], held: HeldHasher
) -> None:
    for number in range(50):
        add_person(f"p{number}")
    address = serve()

    def come(number: int) -> int:
        form = {"name": f"p{number}", "password": PASSWORD}
        return requests.post(f"{address}/sign-in", data=form, allow_redirects=False, timeout=30).status_code

    with ThreadPoolExecutor(50) as office:
        answers = [office.submit(come, number) for number in range(50)]
        while held.n_at_once < 4:
            time.sleep(0.01)
        time.sleep(0.5)  # all others are there as well
        began = time.monotonic()
        assert requests.get(f"{address}/readyz", timeout=10).status_code == 200
        assert time.monotonic() - began < 2
        held.go.set()
        assert [answer.result() for answer in answers] == [303] * 50
    assert held.most == 4
    assert count_attempts(database) == 0


def test_of_one_address_only_so_many_wait(
    database: Database,
    add_person: AddPerson,
    serve: Callable[..., str],
    held: HeldHasher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sign_in_queue, "MOST_OF_ADDRESS", 6)
    add_person("a.one")
    address = serve()

    def come(_: int) -> tuple[int, str]:
        said = requests.post(
            f"{address}/sign-in", data={"name": "nobody", "password": "x"}, allow_redirects=False, timeout=30
        )
        return said.status_code, said.headers.get("retry-after", "")

    with ThreadPoolExecutor(9) as crowd:
        answers = [crowd.submit(come, number) for number in range(9)]
        while not any(answer.done() for answer in answers):
            time.sleep(0.01)
        held.go.set()
        found = sorted(answer.result() for answer in answers)
    assert found.count((429, "10")) == 3
    again = {"name": "a.one", "password": PASSWORD}
    assert requests.post(f"{address}/sign-in", data=again, allow_redirects=False, timeout=30).status_code == 303


def refuse(*_: Any) -> bool:
    raise TooManyAttemptsError("Very many.", retry_after_s=1)


def test_what_nobody_has_looked_at_is_not_counted(
    database: Database,
    service: ServiceSettings,
    add_person: AddPerson,
    open_client: Callable[..., TestClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_person("a.one")
    client = open_client("a.one")
    token = client.get("/password").text.partition('name="form_token" value="')[2].partition('"')[0]
    monkeypatch.setattr(signing, "is_password", refuse)
    for _ in range(7):  # one more than may be wrong
        with pytest.raises(TooManyAttemptsError, match="Very many"):
            sign_in(database, "a.one", PASSWORD, address="192.0.2.1", settings=service)
    form = {"form_token": token, "old": PASSWORD, "new": "river lamp nine oak", "again": "river lamp nine oak"}
    assert client.post("/password", data=form).status_code == 429
    assert count_attempts(database) == 0


def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(
    database: Database, service: ServiceSettings, add_person: AddPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person("a.one")
    look = passwords.is_password

    def look_slowly(password: str, kept: str | None) -> bool:
        is_right = look(password, kept)
        with database.write() as session:
            change_password(session, find_account(session, "a.one"), hash_new_password("river lamp nine oak"))
        return is_right

    monkeypatch.setattr(signing, "is_password", look_slowly)
    with pytest.raises(NotSignedInError):
        sign_in(database, "a.one", PASSWORD, address="192.0.2.1", settings=service)


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_nobody_waits_to_write_while_a_password_is_worked_on(
    database: Database,
    database_address: str,
    service: ServiceSettings,
    add_person: AddPerson,
    open_client: Callable[..., TestClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_person("boss", role="admin")
    boss = open_client("boss")
    token = boss.get("/password").text.partition('name="form_token" value="')[2].partition('"')[0]
    n_worked, kept = [0], passwords.hasher

    class Watched:
        """Hashes where somebody else could write, and finds every hash outdated."""

        def hash(self, password: bytes) -> str:
            n_worked[0] += 1
            other = sqlite3.connect(database_address.removeprefix("sqlite:///"), timeout=0.05)
            other.execute("BEGIN IMMEDIATE")
            other.rollback()
            other.close()
            return kept.hash(password)

        def verify(self, *given: Any) -> bool:
            return kept.verify(*given)

        def check_needs_rehash(self, _: str) -> bool:
            return True

    monkeypatch.setattr(passwords, "hasher", Watched())
    with database.write() as session:
        add_account(session, "a.one", password=PASSWORD, must_change_password=False)
    assert boss.post("/accounts", data={"form_token": token, "name": "b.two", "full_name": "B"}).status_code == 200
    with database.read() as session:
        other_id = find_account(session, "b.two").id
    assert boss.post(f"/accounts/{other_id}/password", data={"form_token": token}).status_code == 200
    assert sign_in(database, "a.one", PASSWORD, address="192.0.2.1", settings=service)
    form = {"form_token": token, "old": PASSWORD, "new": "river lamp nine oak", "again": "river lamp nine oak"}
    assert boss.post("/password", data=form).status_code == 303
    assert n_worked[0] >= 5
