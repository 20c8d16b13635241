"""Wrong passwords: who has to wait, for how long, and who has not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import func, select

from hotspots.service.people import NotSignedInError, TooManyAttemptsError, count_attempt, group_address, sign_in
from hotspots.service.people import sign_in_delays as delays
from hotspots.service.state import Account, Database, FailedLogin, ServiceSettings, open_database

AddPerson = Callable[..., Account]
BEGIN = dt.datetime(2026, 12, 1, 9, 0, tzinfo=dt.UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr(delays, "read_clock", moved)
    return moved


def try_once(database: Database, name: str = "a.one", address: str = "192.0.2.1") -> int:
    """Count an attempt; how many seconds to wait, 0 where it is taken."""
    try:
        with database.write() as session:
            count_attempt(session, name, address)
    except TooManyAttemptsError as error:
        return error.retry_after_s
    return 0


def test_after_five_wrong_ones_the_wait_doubles_and_ends_at_a_quarter_of_an_hour(
    database: Database, clock: Clock
) -> None:
    assert [try_once(database) for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(12):
        waits.append(try_once(database))
        clock.move(waits[-1])
        assert try_once(database) == 0
    # after 5 wrong ones 1 s, then 2, 4 ... and one more, so that the wait is surely over
    assert waits[:5] == [2, 3, 5, 9, 17]
    assert max(waits) == 901


def test_whoever_waits_is_not_made_to_wait_longer_by_trying(database: Database, clock: Clock) -> None:
    for _ in range(5):
        try_once(database)
    assert [try_once(database) for _ in range(50)] == [2] * 50
    clock.move(1.5)
    assert try_once(database) == 0


def test_the_same_name_from_another_address_and_another_name_are_free(database: Database, clock: Clock) -> None:
    for _ in range(6):
        try_once(database)
    assert try_once(database) > 0
    assert try_once(database, address="192.0.2.2") == 0
    assert try_once(database, name="b.two") == 0


def test_one_address_with_many_names_has_to_wait(database: Database, clock: Clock) -> None:
    assert sum(try_once(database, name=f"n{number}") for number in range(60)) == 0
    assert try_once(database, name="another") > 0
    assert try_once(database, name="another", address="192.0.2.2") == 0


def test_many_addresses_with_one_name_have_to_wait_and_its_owner_has_not(
    database: Database, service: ServiceSettings, add_person: AddPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person("a.one")
    assert sign_in(database, "a.one", PASSWORD, address="198.51.100.7", settings=service)
    assert sum(try_once(database, address=f"192.0.2.{number}") for number in range(30)) == 0
    assert try_once(database, address="192.0.2.200") > 0
    assert try_once(database, address="203.0.113.5") > 0
    assert sign_in(database, "a.one", PASSWORD, address="198.51.100.7", settings=service)


def test_what_is_an_hour_old_counts_no_more_and_is_not_kept(database: Database, clock: Clock) -> None:
    for _ in range(6):
        try_once(database)
    assert try_once(database) > 0
    clock.move(3601)
    assert try_once(database) == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(FailedLogin)) == 1


def test_the_count_is_there_after_a_restart(database_address: str, clock: Clock) -> None:
    first = open_database(database_address)
    for _ in range(5):
        try_once(first)
    first.close()
    second = open_database(database_address)
    assert try_once(second) == 2
    second.close()


def test_twenty_at_once_are_no_way_around_five(database: Database, clock: Clock) -> None:
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(lambda _: try_once(database), range(20)))
    assert waits.count(0) == 5


def test_the_right_password_forgives_what_was_mistyped_there(
    database: Database, service: ServiceSettings, add_person: AddPerson
) -> None:
    add_person("a.one")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(NotSignedInError):
                sign_in(database, "a.one", "not this one at all", address="192.0.2.1", settings=service)
        assert sign_in(database, "a.one", PASSWORD, address="192.0.2.1", settings=service)


def test_a_name_that_nobody_has_is_made_to_wait_like_one_that_somebody_has(
    add_person: AddPerson, open_client: Callable[..., TestClient], clock: Clock
) -> None:
    add_person("a.one")
    client = open_client()

    def list_answers(name: str) -> list[tuple[int, str, Any]]:
        answers = [client.post("/sign-in", data={"name": name, "password": "wrong words here"}) for _ in range(7)]
        return [(said.status_code, said.text, said.headers.get("retry-after")) for said in answers]

    known, unknown = list_answers("a.one"), list_answers("nobody")
    assert known == unknown
    assert [status for status, _, _ in known] == [401] * 5 + [429] * 2
    assert known[-1][2] == "2"


def test_the_old_password_cannot_be_guessed_at_a_screen_left_open(
    add_person: AddPerson, open_client: Callable[..., TestClient], clock: Clock
) -> None:
    add_person("a.one")
    client = open_client("a.one")
    token = client.get("/password").text.partition('name="form_token" value="')[2].partition('"')[0]
    form = {"form_token": token, "new": "river lamp nine oak", "again": "river lamp nine oak"}
    answers = [client.post("/password", data={**form, "old": f"guess {number}"}).status_code for number in range(6)]
    assert answers == [422] * 5 + [429]


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("x" * 200, "x" * 64),
    ],
)
def test_an_address_of_ipv6_counts_by_its_network(address: str, group: str) -> None:
    assert group_address(address) == group
