"""What is answered when something is wrong: in plain words, with ways on for whoever has signed in."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD

from hotspots.service.door import LIMITS
from hotspots.service.jobs import JobRequest
from hotspots.service.people import add_account
from hotspots.service.state import Database

pytestmark = pytest.mark.one_database

Arrive = Callable[[str], TestClient]
OF_LIBRARIES = re.compile(r"Input should|valid|parse|JSON decode|Unprocessable|Entity|Content|Value error|`")
"""What a library or the protocol would say, and a page never does."""


def read_page(said: Any) -> tuple[str, str, list[str]]:
    """Heading, text and the addresses that the bar of pages leads to."""
    page = unescape(said.text)
    bar = page.partition('<nav aria-label="Pages">')[2].partition("</nav>")[0]
    heading = re.search(r"<h1>([^<]+)</h1>", page)
    assert heading, page
    return heading[1], page.partition("</h1>")[2], re.findall(r'href="([^"]+)"', bar)


@pytest.mark.parametrize(
    ("path", "status", "heading", "words"),
    [
        ("/nothing", 404, "This is not here", "There is nothing at this address, or it is not for you."),
        ("/products/x", 404, "This is not here", ""),
        ("/jobs?page=x", 422, "Something is not as it has to be", '"page" has to be a whole number.'),
        ("/jobs?page=0", 422, "Something is not as it has to be", '"page" has to be 1 or more.'),
        ("/?crime=%07", 422, "Something is not as it has to be", '"crime" has letters or signs that cannot be in it.'),
        (f"/audit?actor={'x' * 81}", 422, "Something is not as it has to be", '"actor" has to be 80 letters long'),
        ("/audit?last=x", 422, "Something is not as it has to be", '"To" is "x", and there is no such day.'),
        ("/audit/export.xml", 422, "Something is not as it has to be", "\"form\" has to be 'csv' or 'jsonl'."),
        ("/sign-out", 405, "This cannot be done here", ""),
    ],
)
def test_an_error_is_in_plain_words_with_the_ways_on(
    path: str, status: int, heading: str, words: str, arrive: Arrive
) -> None:
    admin = arrive("admin")
    said = admin.get(path)
    assert said.status_code == status
    title, text, ways = read_page(said)
    assert (title, words in text) == (heading, True)
    assert not OF_LIBRARIES.search(text)
    assert ways == read_page(admin.get("/"))[2]
    assert 'action="/sign-out"' in said.text


def test_whoever_may_not_is_told_what_it_takes_and_a_stranger_is_shown_no_pages(
    arrive: Arrive, open_client: Callable[[], TestClient]
) -> None:
    title, text, ways = read_page(arrive("viewer").get("/accounts"))
    assert (title, ways) == ("This was refused", ["/", "/history"])
    assert "This takes the role admin, and your account has the role viewer." in text
    title, _, ways = read_page(open_client().get("/nothing"))
    assert (title, ways) == ("This is not here", [])


def test_whoever_has_a_first_password_is_led_to_choose_another(
    database: Database, open_client: Callable[..., TestClient]
) -> None:
    with database.write() as session:
        add_account(session, "new", password=PASSWORD)
    _, text, ways = read_page(open_client("new").get("/"))
    assert ways == []
    assert '<a class="go" href="/password">Choose a password</a>' in text


def test_whoever_asks_too_often_is_told_when_to_ask_again(arrive: Arrive, monkeypatch: pytest.MonkeyPatch) -> None:
    client = arrive("viewer")
    monkeypatch.setitem(LIMITS, "person", type(LIMITS["person"])(1))
    before = dt.datetime.now(dt.UTC)
    said = [client.get("/") for _ in range(3)][-1]
    assert said.status_code == 429
    title, text, _ = read_page(said)
    assert title == "That was too often"
    told = re.search(r"You can try again at (\d\d:\d\d:\d\d)\.", text)
    assert told
    earliest = before + dt.timedelta(seconds=int(said.headers["retry-after"]))
    assert told[1] in {f"{earliest + dt.timedelta(seconds=late):%H:%M:%S}" for late in range(20)}  # London in winter


@pytest.mark.parametrize("field", list(JobRequest.model_fields))
def test_programs_are_told_in_plain_words_too(field: str, arrive: Arrive) -> None:
    client = arrive("analyst")
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/").text)
    assert token
    for value in (None, {}, [], [1], 1.5, -1, 10**30, "x\0", "y" * 500, ["z"] * 2_000, {"a": 1}):
        wanted = {"kind": "map", "crimes": ["robbery"], field: value}
        said = client.post("/api/v1/jobs", json=wanted, headers={"X-Form-Token": token[1]})
        assert said.status_code in (201, 422), (value, said.text)
        if said.status_code == 201:  # None of a day, an empty list
            continue
        detail = said.json()["detail"]
        assert not OF_LIBRARIES.search(detail.replace("`", "")), detail
        assert field in detail or field == "crimes" or "takes no" in detail, detail
