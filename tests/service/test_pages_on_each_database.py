"""Every page is opened, and the forms on them are sent, on each database: what one takes the other may not."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from hotspots.service.app import make_app
from hotspots.service.jobs import JobRequest, ask_job
from hotspots.service.people import Person
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    Job,
    Product,
    Schedule,
    ServiceSettings,
    Upload,
    make_id,
    read_clock,
)
from hotspots.settings import Settings

Arrive = Callable[[str], TestClient]
SCHEDULE = Schedule(label="Pack", first=dt.datetime(2026, 3, 16, 6), every_weeks=2, job={"kind": "pack"})
SUMMARY = b'{"crime": "robbery"}'
ENDED = {"/jobs/{job_id}/events": '"done"'}
"""What is answered as a stream, and how it ends."""
REDIRECTED = ("/sign-in", "/sign-in/elsewhere", "/sign-in/elsewhere/done")
"""For those who have not signed in."""


@pytest.fixture
def service(service: ServiceSettings) -> ServiceSettings:
    return service.model_copy(update={"schedules": (SCHEDULE,)})


@pytest.fixture
def upload(database: Database, service: ServiceSettings) -> Upload:
    sent = Upload(
        id=make_id(),
        file_name="a.csv",
        n_bytes=1,
        sha256="0" * 64,
        status="received",
        report={},
        created_at=read_clock(),
    )
    (service.incoming / sent.id).mkdir(parents=True)
    with database.write() as session:
        session.add(sent)
    return sent


@pytest.fixture
def product(add_product: Callable[..., Product]) -> Product:
    files = {"map.html": b"<h1>Map</h1>", "summary.json": SUMMARY, "places.geojson": b"{}"}
    return add_product("Robbery", files=files, wards={"E05000001": "Ash"}, area="Ash")


def list_pages(database: Database, service: ServiceSettings) -> Iterator[str]:
    """Addresses of all that can be asked for, as the application has them."""
    for route in make_app(Settings(), service, database).routes:
        contexts: Any = getattr(route, "effective_route_contexts", None)
        routes: list[Any] = list(contexts()) if contexts else [route]
        for one in routes:
            if "GET" in (one.methods or ()):
                yield one.path


@pytest.mark.usefixtures("put_wards")
def test_each_page_opens(
    arrive: Arrive, product: Product, upload: Upload, database: Database, service: ServiceSettings
) -> None:
    client = arrive("admin")
    with database.read() as session:
        account_id = session.scalar(select(Account.id))
    values = {
        "product_id": product.id, "job_id": product.job_id, "upload_id": upload.id, "account_id": account_id,
        "path:path": "map.html", "form": "csv", "version": "x", "name": "service.css",
    }  # fmt: skip
    opened = 0
    for path in list_pages(database, service):
        filled = re.sub(r"\{([\w:]+)\}", lambda found: str(values[found[1]]), path)
        if path == "/api/v1/docs/{name}":
            filled = "/api/v1/docs/start.js"
        said = client.get(filled)
        if path in REDIRECTED:
            assert said.status_code in (303, 404), path
            continue
        assert said.status_code == (422 if path == "/compare" else 200), (path, said.text)
        assert ENDED.get(path, "") in said.text
        opened += 1
    assert opened >= 25
    for filled in (
        "/?crime=robbery&ward=E05000001&audience=tasking", f"/history?before={product.id}&ward=E05000001",
        f"/compare?a={product.id}&b={product.id}", "/jobs?page=2", "/jobs/new?kind=map&wards=E05000001",
        "/audit?actor=admin&action=sign+in&outcome=done&first=2026-01-01&last=2099-01-01&before=9999",
        "/audit/export.jsonl?first=2026-01-01", f"/api/v1/products?crime=robbery&ward=E05000001&before={product.id}",
        f"/api/v1/jobs?before={product.job_id}", f"/api/v1/uploads?before={upload.id}",
    ):  # fmt: skip
        assert client.get(filled).status_code == (422 if "/compare" in filled else 200), filled


@pytest.mark.usefixtures("put_wards")
def test_each_form_is_taken(arrive: Arrive, product: Product, upload: Upload, database: Database) -> None:
    client = arrive("admin")
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/password").text)
    assert token

    def send(path: str, status: int = 303, **fields: Any) -> str:
        said = client.post(path, data={"form_token": token[1], **fields})
        assert said.status_code == status, (path, said.text)
        return str(said.headers.get("location") or said.text)

    job = send("/jobs", kind="map", crimes="robbery", wards="E05000001", form_key="x")
    assert send("/jobs", kind="map", crimes="robbery", wards="E05000001", form_key="x") == job
    send(f"{job}/cancel")
    send("/accounts", 200, name="a.one", full_name="Ann\0 One", wards="E05000001")
    send("/accounts", 422, name="a.one")
    with database.read() as session:
        account_id = session.scalar(select(Account.id).where(Account.name == "a.one"))
    page = f"/accounts/{account_id}"
    send(page, full_name="Ann " * 100, role="analyst")
    for step in ("sign-out", "disable", "enable"):
        send(f"{page}/{step}")
    send(f"{page}/password", 200)
    send("/tokens", 200, label="QGIS\0", days="30")
    revoke = re.search(r'action="(/tokens/\w+/revoke)"', client.get("/tokens").text)
    assert revoke
    send(revoke[1])
    send(f"/uploads/{upload.id}/discard")
    sent = client.post("/uploads", files={"form_token": (None, token[1].encode()), "file": ("a\0.exe", b"x")})
    assert sent.status_code == 422
    with database.read() as session:
        records = session.scalars(select(AuditRecord.action).order_by(AuditRecord.sequence)).all()
    assert records == [
        "sign in", "ask for job", "cancel job", "add account", "change account", "end sessions", "disable account",
        "enable account", "give password", "make token", "revoke token", "discard file",
    ]  # fmt: skip
    assert client.get("/audit").status_code == 200


def test_what_is_asked_many_times_at_once_from_one_form_is_one_job(
    add_person: Callable[..., Account], database: Database
) -> None:
    account = add_person("ana", role="analyst")
    person = Person(account_id=account.id, name="ana", full_name="", role="analyst", tier="tasking")

    def ask(_: int) -> str:
        with database.write() as session:
            request = JobRequest(kind="map", crimes=("robbery",))
            return ask_job(session, person, request, time_zone="Europe/London", form_key="one").id

    with ThreadPoolExecutor(8) as presses:
        assert len(set(presses.map(ask, range(8)))) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
