"""Runs: the form, what becomes of what was typed, and progress as it happens."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import delete, select

from hotspots.service.jobs import LABELS, JobKind, name_fields
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    Job,
    LoginSession,
    Product,
    ServiceSettings,
    read_clock,
)
from hotspots.service.views.job_events import EVERY_S, MOST_STREAMS

pytestmark = pytest.mark.one_database

Arrive = Callable[[str], TestClient]
HOSTILE = "<script>alert(1)</script> {{ 6007 * 7 }}"


@pytest.fixture
def between_looks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What happens between one look at a job and the next, in order; no time passes."""
    happening: list[Callable[[], None]] = []
    sleep = anyio.sleep

    async def pass_time(seconds: float) -> None:
        if seconds != EVERY_S:
            await sleep(seconds)
        elif happening:
            await anyio.to_thread.run_sync(happening.pop(0))

    monkeypatch.setattr(anyio, "sleep", pass_time)
    return happening


def find_form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def send(client: TestClient, kind: str, **fields: Any) -> Any:
    token = find_form_token(client.get("/jobs/new?kind=map").text)
    return client.post("/jobs", data={"form_token": token, "kind": kind, **fields})


def list_jobs(database: Database) -> list[Job]:
    with database.read() as session:
        return list(session.scalars(select(Job).order_by(Job.created_at)))


@pytest.fixture
def add_job(database: Database) -> Callable[..., Job]:
    """Puts a job into the queue, by hand."""

    def add(**values: Any) -> Job:
        job = Job(**{"label": "Map", "arguments": ["run"], "status": "running", "created_at": read_clock(), **values})
        with database.write() as session:
            session.add(job)
        return job

    return add


def set_job(database: Database, job: Job, **values: Any) -> None:
    with database.write() as session:
        again = session.get_one(Job, job.id)
        for name, value in values.items():
            setattr(again, name, value)


def test_runs_are_for_analysts(arrive: Arrive, add_job: Callable[..., Job]) -> None:
    job = add_job()
    viewer, analyst = arrive("viewer"), arrive("analyst")
    for address in ("/jobs", "/jobs/new", "/jobs/new?kind=pack", f"/jobs/{job.id}", f"/jobs/{job.id}/events"):
        assert viewer.get(address).status_code == 403, address
    form = {"form_token": find_form_token(viewer.get("/").text), "kind": "map", "crimes": "robbery"}
    for address in ("/jobs", f"/jobs/{job.id}/cancel"):
        assert viewer.post(address, data=form).status_code == 403, address
        assert analyst.post(address, data={**form, "form_token": "x"}).status_code == 403, address
    for address in ("/jobs/none", "/jobs/none/events", "/jobs/%00"):
        assert analyst.get(address).status_code == 404, address


@pytest.mark.usefixtures("put_wards")
def test_what_is_typed_becomes_a_job_and_the_command_that_does_the_same(arrive: Arrive, database: Database) -> None:
    client = arrive("analyst")
    said = send(
        client,
        "map",
        crimes=["robbery", "burglary"],
        start="2025-01-01",
        end="",
        wards=["E05000001", "E05000002", "E05000003"],
        audience="partner",
        each_ward="on",
        patrols="7",  # of another form: left out
    )
    (job,) = list_jobs(database)
    assert (said.status_code, said.headers["location"]) == (303, f"/jobs/{job.id}")
    assert job.status == "queued"
    page = unescape(client.get(f"/jobs/{job.id}").text)
    assert (
        "<code>hotspots run --each-ward --audience=partner --from=2025-01-01 --crime=robbery --crime=burglary "
        "--ward=E05000001 --ward=E05000002 --ward=E05000003</code>"
    ) in page
    assert "Waiting for its turn" in page
    assert f'href="/jobs/{job.id}"' in client.get("/jobs").text


@pytest.mark.usefixtures("put_wards")
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_there_is_a_form_for_each_kind(arrive: Arrive, database: Database) -> None:
    client = arrive("analyst")
    links = re.findall(r'href="(/jobs/new\?kind=[^"]+)"', client.get("/jobs/new").text)
    assert len(links) == len(LABELS)
    fields: dict[JobKind, list[str]] = {}
    for kind, link in zip(LABELS, links, strict=True):
        page = client.get(link).text
        assert f"<h1>{LABELS[kind]}</h1>" in page
        fields[kind] = sorted(set(re.findall(r' name="(\w+)"', page)) - {"form_token", "form_key", "kind", "viewport"})
    assert fields["performance"] == ["end", "wards"]
    assert fields["patrol plan"] == ["crimes", "day", "end", "patrols", "shift", "start", "wards"]
    assert 'type="radio" name="crimes"' in client.get("/jobs/new?kind=patrol+plan&crimes=robbery").text
    said = send(client, "patrol plan", crimes="robbery", day="2026-12-04", shift="06:00-14:00", patrols="3")
    assert said.status_code == 303
    assert {"--date=2026-12-04", "--shift=06:00-14:00", "--patrols=3"} <= set(list_jobs(database)[0].arguments)


@pytest.mark.parametrize(
    ("kind", "fields", "name", "words"),
    [
        ("map", {}, "crimes", 'Name one in "Crimes".'),
        ("patrol plan", {"crimes": ["robbery", "burglary"]}, "crimes", "is of one crime"),
        ("map", {"crimes": "robbery", "start": "1 May"}, "start", "Write a day as 2026-09-30"),
        ("map", {"crimes": "robbery", "start": "2026-02-30"}, "start", "Write a day as 2026-09-30"),
        ("map", {"crimes": "robbery", "start": "2026-05-01", "end": "2025-05-01"}, "start", 'and "Last day" is 2025'),
        ("map", {"crimes": "robbery", "audience": "x"}, "audience", "Choose one of these."),
        ("map", {"crimes": "--help"}, "crimes", "There is no such crime."),
        ("map", {"crimes": "robery"}, "crimes", 'Did you mean "robbery"?'),
        ("map", {"crimes": ["robbery"] * 41}, "crimes", "Choose 40 at most."),
        ("map", {"crimes": "robbery", "wards": "../x"}, "wards", "There is no such ward."),
        ("map", {"crimes": "robbery", "wards": "Elm"}, "wards", 'No ward called "Elm" in the boundaries.'),
        ("tactical", {"weeks": "3"}, "weeks", "Choose one of these."),
        ("patrol plan", {"crimes": "robbery", "shift": "2 pm"}, "shift", "Write the times as 14:00-22:00."),
        ("patrol plan", {"crimes": "robbery", "patrols": "99"}, "patrols", "Write a whole number from 1 to 20."),
        ("havens", {"crimes": "robbery", "new_sites": "x"}, "new_sites", "Write a whole number from 1 to 50."),
    ],
)
@pytest.mark.usefixtures("put_wards")
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    kind: str, fields: dict[str, Any], name: str, words: str, arrive: Arrive, database: Database
) -> None:
    said = send(arrive("analyst"), kind, **fields)
    page = re.sub(r"</?em[^>]*>", "", unescape(said.text))
    assert said.status_code == 422
    fault = re.search(rf'<span class="fault" id="fault-{name}">([^<]*)</span>', page)
    assert fault, page
    assert words in fault[1]
    assert f'aria-invalid="true" aria-describedby="fault-{name}"' in page
    assert list_jobs(database) == []
    for kept in ("start", "end", "shift", "patrols", "new_sites"):
        if kept in fields:
            assert re.search(rf'id="{kept}"[^>]* value="{re.escape(fields[kept])}"', said.text)
    for slug in fields.get("crimes", []) if isinstance(fields.get("crimes"), list) else []:
        assert f'value="{slug}" checked' in page


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_wards_to_choose_from_are_those_of_the_workspace_as_they_are_now(
    arrive: Arrive, service: ServiceSettings, database: Database, request: pytest.FixtureRequest
) -> None:
    client = arrive("analyst")
    without = send(client, "map", crimes="robbery", wards="E05000001")
    assert (without.status_code, "There are none to choose from: " in without.text) == (422, True)
    assert send(client, "map", crimes="robbery").status_code == 303  # all wards: what is missing, the job says
    names: dict[str, str] = request.getfixturevalue("put_wards")
    page = client.get("/jobs/new?kind=map").text
    assert re.findall(r'name="wards" value="(\w+)"> (\w+)', page) == list(names.items())
    assert send(client, "map", crimes="robbery", wards="E05000001").status_code == 303
    (service.workspace / "data" / "boundaries" / "wards.gpkg").unlink()
    assert send(client, "map", crimes="robbery", wards="E05000001").status_code == 422
    assert len(list_jobs(database)) == 2


def test_one_form_is_one_job_however_often_it_is_sent(arrive: Arrive, database: Database) -> None:
    client = arrive("analyst")
    page = client.get("/jobs/new?kind=map").text
    key = re.search(r'name="form_key" value="(\w+)"', page)
    assert key
    form = {"form_token": find_form_token(page), "form_key": key[1], "kind": "map", "crimes": "robbery"}
    with ThreadPoolExecutor(4) as presses:
        answers = list(presses.map(lambda _: client.post("/jobs", data=form), range(4)))
    assert {one.status_code for one in answers} == {303}
    (job,) = list_jobs(database)
    assert {one.headers["location"] for one in answers} == {f"/jobs/{job.id}"}
    with database.read() as session:
        asked = select(AuditRecord).where(AuditRecord.action == "ask for job")
        assert len(session.scalars(asked).all()) == 1
    for changes in ({"crimes": "burglary"}, {"form_key": "another"}, {"form_key": "\N{SNOWMAN}" * 300}):
        assert client.post("/jobs", data={**form, **changes}).status_code == 303
    assert len(list_jobs(database)) == 4


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_what_was_typed_is_there_again_after_the_session_had_ended(arrive: Arrive, database: Database) -> None:
    client = arrive("analyst")
    form = {"form_token": find_form_token(client.get("/jobs/new?kind=map").text), "form_key": "x", "kind": "map"}
    typed = {"crimes": ["robbery", "burglary"], "start": "2025-01-01", "each_ward": "on", "audience": "partner"}
    with database.write() as session:
        session.execute(delete(LoginSession))
    lost = client.post("/jobs", data={**form, **typed})
    assert lost.status_code == 303
    asked = client.get(lost.headers["location"])
    assert "What you typed is kept" in asked.text
    wanted = re.search(r'name="next" value="([^"]+)"', asked.text)
    assert wanted
    signed_in = client.post("/sign-in", data={"name": "analyst", "password": PASSWORD, "next": unescape(wanted[1])})
    address = signed_in.headers["location"]
    assert not {"form_token", "form_key"} & set(parse_qs(urlsplit(address).query))
    page = client.get(address).text
    assert "Nothing was made yet" in page
    for kept in ('value="robbery" checked', 'value="burglary" checked', 'value="2025-01-01"', 'value="on" checked',
                 'value="partner" checked'):  # fmt: skip
        assert kept in page
    assert list_jobs(database) == []
    # another session than that of the form: the way back to it stands on the page that refuses it
    refused = client.post("/jobs", data={**form, **typed})
    assert (refused.status_code, address.replace("&", "&amp;") in refused.text) == (403, True)


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/accounts", "/tokens", "/password", "/uploads", "/jobs/x/cancel"])
def test_no_other_form_is_carried_over_and_that_is_said(path: str, open_client: Callable[[], TestClient]) -> None:
    client = open_client()
    lost = client.post(path, data={"name": "secret", "again": "//evil.example"})
    assert lost.headers["location"] == "/sign-in?next=/&lost=form"
    assert "What you sent was not taken" in client.get(lost.headers["location"]).text
    assert client.post("/sign-out").headers["location"] == "/sign-in?next=/"  # that is what was wanted


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_why_a_job_failed_is_said_in_the_words_of_its_form(arrive: Arrive, add_job: Callable[..., Job]) -> None:
    # as click and `hotspots` write it
    said = (
        "Usage: python -m hotspots run [OPTIONS]\nTry 'python -m hotspots run -h' for help.\n"
        "Error: Missing option '--crime'.\nhotspots: No incidents from --from to --to. Give another --bandwidth."
    )
    message = "\n".join(name_fields(said.splitlines()))
    page = unescape(arrive("analyst").get(f"/jobs/{add_job(status='failed', message=message).id}").text)
    shown = re.search(r'<pre class="said">([^<]*)</pre>', page)
    assert shown
    assert shown[1] == (
        'Missing option \'"Crimes"\'.\nNo incidents from "First day" to "Last day". Give another --bandwidth.'
    )


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_full_queue_and_an_unknown_kind_are_said(arrive: Arrive, add_job: Callable[..., Job]) -> None:
    client = arrive("analyst")
    assert send(client, "coffee").status_code == 422
    for _ in range(50):
        add_job(status="queued")
    said = send(client, "pack")
    assert said.status_code == 422
    assert "jobs are waiting already" in said.text


def test_a_job_is_cancelled_by_its_form(arrive: Arrive, add_job: Callable[..., Job], database: Database) -> None:
    waiting, running, done = add_job(status="queued"), add_job(status="running"), add_job(status="done")
    client = arrive("analyst")
    token = find_form_token(client.get("/jobs").text)
    for job in (waiting, running, done):
        said = client.post(f"/jobs/{job.id}/cancel", data={"form_token": token})
        assert (said.status_code, said.headers["location"]) == (303, f"/jobs/{job.id}")
    states = {job.id: (job.status, job.is_cancel_asked) for job in list_jobs(database)}
    assert [states[job.id] for job in (waiting, running, done)] == [
        ("cancelled", False), ("running", True), ("done", False)
    ]  # fmt: skip
    assert "Being cancelled" in client.get(f"/jobs/{running.id}").text
    assert "Cancel it" not in client.get(f"/jobs/{done.id}").text


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_what_a_command_said_is_text(arrive: Arrive, add_job: Callable[..., Job]) -> None:
    job = add_job(label=HOSTILE, status="failed", message=HOSTILE, arguments=["run", f"--crime={HOSTILE}"])
    running = add_job(label=HOSTILE, progress=HOSTILE)
    client = arrive("analyst")
    for address in ("/jobs", f"/jobs/{job.id}", f"/jobs/{running.id}"):
        page = client.get(address).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "42049" not in page
    assert "hotspots run '--crime=<script>" in unescape(client.get(f"/jobs/{job.id}").text)


def test_products_of_a_job_stand_on_its_page(arrive: Arrive, add_product: Callable[..., Product]) -> None:
    product = add_product("Robbery in Evelyn")
    page = arrive("analyst").get(f"/jobs/{product.job_id}").text
    assert f'<a href="/files/{product.job_id}/map.html">Robbery in Evelyn</a>' in page
    assert "data-events" not in page


def read_events(text: str) -> list[tuple[str, Any]]:
    """Events by their names, with what they hold: by the format that HTML's standard describes."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append((fields["event"], json.loads(fields["data"])))
    return events


def test_progress_is_sent_as_it_happens_until_the_job_ends(
    arrive: Arrive, add_job: Callable[..., Job], database: Database, between_looks: list[Callable[[], None]]
) -> None:
    job = add_job(status="queued")
    between_looks += [
        lambda: set_job(database, job, status="running", progress="Reads\nfiles"),
        lambda: None,
        lambda: set_job(database, job, progress="Draws"),
        lambda: set_job(database, job, status="done", progress=""),
    ]
    said = arrive("analyst").get(f"/jobs/{job.id}/events")
    assert said.headers["content-type"].startswith("text/event-stream")
    assert read_events(said.text) == [
        ("job", {"status": "queued", "words": "Waiting for its turn", "progress": ""}),
        ("job", {"status": "running", "words": "At work", "progress": "Reads\nfiles"}),
        ("job", {"status": "running", "words": "At work", "progress": "Draws"}),
        ("job", {"status": "done", "words": "Done", "progress": ""}),
        ("end", "done"),
    ]


def lower(account: Account, _: LoginSession) -> None:
    account.role = "viewer"


def shut_out(account: Account, _: LoginSession) -> None:
    account.is_active = False


def leave_alone(_: Account, kept: LoginSession) -> None:
    kept.seen_at -= dt.timedelta(minutes=31)


@pytest.mark.parametrize("change", [lower, shut_out, leave_alone])
def test_progress_is_no_longer_sent_to_who_may_not_see_it_or_is_not_there(
    change: Callable[[Account, LoginSession], None],
    arrive: Arrive,
    add_job: Callable[..., Job],
    database: Database,
    between_looks: list[Callable[[], None]],
) -> None:
    job = add_job()

    def happen() -> None:
        with database.write() as session:
            change(session.scalars(select(Account)).one(), session.scalars(select(LoginSession)).one())

    quiet: list[Callable[[], None]] = [lambda: None] * 20
    between_looks += [happen, *quiet, happen, *quiet, lambda: set_job(database, job, status="done")]
    said = arrive("analyst").get(f"/jobs/{job.id}/events")
    assert read_events(said.text)[1:] == [("end", "running")]


@pytest.mark.slow
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_person_has_so_many_streams_and_one_that_is_left_is_given_back(
    arrive: Arrive, add_job: Callable[..., Job], serve: Callable[[], str]
) -> None:
    job = add_job()
    cookies = dict(arrive("analyst").cookies)
    with httpx2.Client(base_url=serve(), cookies=cookies, timeout=10) as client:
        streams = [client.stream("GET", f"/jobs/{job.id}/events") for _ in range(MOST_STREAMS)]
        opened = [stream.__enter__() for stream in streams]
        assert [one.status_code for one in opened] == [200] * MOST_STREAMS
        first = opened[0].iter_text()  # without a name it would be closed at once
        assert next(first).startswith("event: job")
        assert client.get(f"/jobs/{job.id}/events").status_code == 429
        assert client.get("/jobs").status_code == 200
        for stream in streams:
            stream.__exit__(None, None, None)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with client.stream("GET", f"/jobs/{job.id}/events") as again:
                if again.status_code == 200:
                    return
            time.sleep(0.05)
    pytest.fail("a stream that was left is still counted")
