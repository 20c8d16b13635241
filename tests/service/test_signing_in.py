"""Signing in: sessions, forms and what a browser is told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import select

from hotspots.service.state import Account, AuditRecord, Database

pytestmark = pytest.mark.one_database

OpenClient = Callable[..., TestClient]
AddPerson = Callable[..., Account]


def find_form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def test_who_has_not_signed_in_is_asked_to_and_led_back(add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("j.smith")
    client = open_client()
    said = client.get("/")
    assert (said.status_code, said.headers["location"]) == (303, "/sign-in?next=/")
    said = client.post("/sign-in", data={"name": " J.Smith ", "password": PASSWORD, "next": "/"})
    assert (said.status_code, said.headers["location"]) == (303, "/")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org", "//example.org", "/\\example.org", "\\/example.org", "javascript:1", "/\t/x"]
)
def test_nobody_is_led_elsewhere(elsewhere: str, add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("j.smith")
    data = {"name": "j.smith", "password": PASSWORD, "next": elsewhere}
    assert open_client().post("/sign-in", data=data).headers["location"] == "/"


def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nothing(
    add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("j.smith")
    client = open_client()
    answers = [
        client.post("/sign-in", data={"name": name, "password": "a wrong one of words"})
        for name in ("j.smith", "nobody")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].text == answers[1].text


def test_a_session_that_was_there_before_is_not_taken_on(add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("j.smith")
    client = open_client()
    client.cookies.set("hotspots", "planted-by-somebody")
    client.post("/sign-in", data={"name": "j.smith", "password": PASSWORD})
    kept = [cookie.value for cookie in client.cookies.jar if cookie.value != "planted-by-somebody"]
    assert len(kept) == 1
    planted = open_client()
    planted.cookies.set("hotspots", "planted-by-somebody")
    assert planted.get("/").status_code == 303


def test_a_form_of_another_session_is_refused(add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("a.one")
    add_person("b.two")
    first, second = open_client("a.one"), open_client("b.two")
    theirs = find_form_token(second.get("/").text)
    assert first.post("/sign-out", data={"form_token": theirs}).status_code == 403
    assert first.post("/sign-out").status_code == 403
    own = find_form_token(first.get("/").text)
    assert first.post("/sign-out", data={"form_token": own}).headers["location"] == "/sign-in"
    assert first.get("/").status_code == 303


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://example.org"}]
)
def test_what_another_site_sends_is_refused(
    headers: dict[str, str], add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("j.smith")
    said = open_client().post("/sign-in", data={"name": "j.smith", "password": PASSWORD}, headers=headers)
    assert (said.status_code, "set-cookie" in said.headers) == (403, False)


def test_another_password_ends_all_sessions(add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("j.smith")
    here, there = open_client("j.smith"), open_client("j.smith")
    form = {"form_token": find_form_token(here.get("/password").text), "old": PASSWORD, "again": "river lamp nine oak"}
    assert here.post("/password", data={**form, "new": "other words of mine"}).status_code == 422
    assert here.post("/password", data={**form, "new": "river lamp nine oak"}).status_code == 303
    assert [client.get("/").status_code for client in (here, there)] == [303, 303]


def test_every_answer_forbids_what_pages_do_not_need(open_client: OpenClient) -> None:
    client = open_client()
    for address in ("/sign-in", "/nothing", "/", "/api/v1/nothing"):
        headers = client.get(address).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'"), address
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_programs_are_told_of_problems_in_their_own_form(open_client: OpenClient) -> None:
    said = open_client().get("/api/v1/nothing")
    assert (said.status_code, said.headers["content-type"]) == (404, "application/problem+json")
    assert said.json()["title"] == "Not Found"


def test_what_nobody_is_called_is_not_kept_since_it_may_be_a_password(
    add_person: AddPerson, open_client: OpenClient, database: Database
) -> None:
    add_person("j.smith")
    client = open_client()
    for name in ("my secret password", "j.smith"):
        client.post("/sign-in", data={"name": name, "password": "a wrong one of words"})
    with database.read() as session:
        refused = session.scalars(select(AuditRecord.actor).where(AuditRecord.outcome == "refused")).all()
    assert sorted(refused) == ["j.smith", "unknown"]
