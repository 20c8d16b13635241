"""The pages of files that were sent: who sees them, what they say, and what they do."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import geopandas as gpd
import pytest
import uvicorn
from fastapi.testclient import TestClient

from hotspots.service.app import make_app
from hotspots.service.people import make_api_token
from hotspots.service.state import Account, Database, ServiceSettings, Upload, UploadStatus, make_id, read_clock
from hotspots.settings import Settings

pytestmark = pytest.mark.one_database

AddPerson = Callable[..., Account]
OpenClient = Callable[..., TestClient]
PutUpload = Callable[..., Upload]
HOSTILE = "<script>alert(1)</script>{{ 6007 * 7 }}\"'><img src=x>"
REPORT: dict[str, Any] = {
    "n_read": 2,
    "n_used": 1,
    "sources": [{"source": HOSTILE, "first_day": "2026-01-05", "last_day": "2026-01-05"}],
    "times": {"quietest_hour": None, "busiest_hour": None},
    "n_by_crime": {"robbery": 1},
    "findings": [f"1 of 2 rows can be used. {HOSTILE}"],
    "refused": [{"reason": "no date", "n_rows": 1, "examples": [{"source": HOSTILE, "row": 2, "gave": HOSTILE}]}],
    "tables": [{"name": HOSTILE, "kind": HOSTILE, "how": "x", "columns": {"When": HOSTILE}, "not_read": [HOSTILE]}],
    "advice": HOSTILE,
    "data_status": {},
}


@pytest.fixture
def put_upload(database: Database, service: ServiceSettings) -> PutUpload:
    """Puts a file among those that were sent."""

    def put(status: UploadStatus = "checked", **details: Any) -> Upload:
        said = {"report": REPORT, "message": "", "sha256": "0" * 64, **details}
        upload = Upload(id=make_id(), file_name="rows.csv", n_bytes=3, status=status, created_at=read_clock(), **said)
        (service.incoming / upload.id).mkdir(parents=True)
        (service.incoming / upload.id / "rows.csv").write_bytes(b"one")
        with database.write() as session:
            session.add(upload)
        return upload

    return put


def find_form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.mark.parametrize("said", [None, "schematic"])
def test_where_the_wards_are_made_up_it_is_said_before_a_file_is_sent(
    said: str | None,
    add_person: AddPerson,
    open_client: OpenClient,
    service: ServiceSettings,
    square_wards: gpd.GeoDataFrame,
) -> None:
    folder = service.workspace / "data" / "boundaries"
    folder.mkdir(parents=True)
    square_wards.assign(data_status=said).reset_index().to_file(folder / "wards.gpkg")
    add_person("ana", role="analyst")
    page = open_client("ana").get("/uploads").text
    assert ("Only made-up files can be kept here." in page) == (said is not None)
    assert ("The wards are schematic" in page) == (said is not None)


@pytest.mark.parametrize("person", [{}, {"tier": "partner"}, {"ward_codes": ["E05000001"]}])
def test_who_only_reads_sees_none_of_it(
    person: dict[str, Any], add_person: AddPerson, open_client: OpenClient, put_upload: PutUpload
) -> None:
    upload = put_upload()
    add_person("reader", **person)
    client = open_client("reader")
    home = client.get("/").text
    assert "/uploads" not in home
    form = {"form_token": find_form_token(home)}
    for path in ("/uploads", f"/uploads/{upload.id}", f"/uploads/{'0' * 32}"):
        said = client.get(path)
        assert (said.status_code, "rows.csv" in said.text) == (403, False)
    for path in (f"/uploads/{upload.id}/keep", f"/uploads/{upload.id}/discard"):
        assert client.post(path, data=form).status_code == 403
    sent = client.post("/uploads", files={"form_token": (None, form["form_token"]), "file": ("a.csv", b"x")})
    assert sent.status_code == 403


def test_what_a_file_holds_is_text_on_its_page(
    add_person: AddPerson, open_client: OpenClient, put_upload: PutUpload
) -> None:
    add_person("ana", role="analyst", full_name=HOSTILE)
    client = open_client("ana")
    for upload in (put_upload(), put_upload("refused", message=HOSTILE, report={"draft": HOSTILE})):
        page = client.get(f"/uploads/{upload.id}").text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "42049" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_page_says_what_is_recognised_and_what_is_refused(
    add_person: AddPerson, open_client: OpenClient, put_upload: PutUpload
) -> None:
    add_person("ana", role="analyst")
    client = open_client("ana")
    page = client.get(f"/uploads/{put_upload().id}").text
    for words in ("What was recognised", "Rows from 2026-01-05", "no date (1), such as", "1 of 2 rows can be used"):
        assert words in page
    assert "Keep it" in page
    mixed = put_upload(report={**REPORT, "data_status": {"incidents": "synthetic"}})
    page = client.get(f"/uploads/{mixed.id}").text
    assert "It cannot be kept. This file says that it is synthetic" in page
    assert "Keep it" not in page
    assert "The very same file was sent before" in page


def test_a_page_looks_again_while_the_check_is_at_work(
    add_person: AddPerson, open_client: OpenClient, put_upload: PutUpload
) -> None:
    add_person("ana", role="analyst")
    client = open_client("ana")
    assert client.get(f"/uploads/{put_upload('received', report={}).id}").headers["refresh"] == "3"
    assert "refresh" not in client.get(f"/uploads/{put_upload().id}").headers


def test_a_file_is_kept_or_discarded_by_the_forms_of_its_page(
    add_person: AddPerson, open_client: OpenClient, put_upload: PutUpload, service: ServiceSettings
) -> None:
    add_person("ana", role="analyst")
    client = open_client("ana")
    first, second = put_upload(), put_upload(sha256="1" * 64)
    token = find_form_token(client.get(f"/uploads/{first.id}").text)
    assert client.post(f"/uploads/{first.id}/keep").status_code == 403
    assert client.post(f"/uploads/{second.id}/discard", data={"form_token": "x"}).status_code == 403
    kept = client.post(f"/uploads/{first.id}/keep", data={"form_token": token})
    assert (kept.status_code, kept.headers["location"]) == (303, f"/uploads/{first.id}")
    assert client.post(f"/uploads/{second.id}/discard", data={"form_token": token}).status_code == 303
    assert [path.name for path in (service.workspace / "data" / "incidents").iterdir()] == [f"rows {first.id[:8]}.csv"]
    page = client.get("/uploads").text
    assert page.index("discarded") < page.index("kept</td>")
    assert client.get(f"/uploads/{'0' * 32}").status_code == 404


@pytest.fixture
def listening(database: Database, service: ServiceSettings) -> Iterator[int]:
    """The port of a real server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(make_app(Settings(), service, database), log_config=None, timeout_graceful_shutdown=5)
        )
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


def test_who_sends_slowly_keeps_nobody_waiting_and_who_goes_away_leaves_nothing(
    listening: int, add_person: AddPerson, database: Database, service: ServiceSettings
) -> None:
    account = add_person("ana", role="analyst")
    with database.write() as session:
        token = make_api_token(session, account, "test", days=1)
    head = (
        f"POST /api/v1/uploads?name=a.csv HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Content-Length: 1000000\r\n\r\n"
    ).encode()
    slow = [socket.create_connection(("127.0.0.1", listening)) for _ in range(50)]  # more than there are threads
    try:
        for one in slow:
            one.sendall(head + b"x" * 100)
        deadline = time.monotonic() + 30
        while len(list(service.incoming.glob("*/.receiving"))) < len(slow):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with socket.create_connection(("127.0.0.1", listening), timeout=20) as other:
            other.sendall(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        for one in slow:
            one.close()
    deadline = time.monotonic() + 30
    while list(service.incoming.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with database.read() as session:
        assert session.query(Upload).count() == 0
