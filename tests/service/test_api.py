"""The API: who may ask for what, lists in pages, files, and what is sent."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import uvicorn
from fastapi.testclient import TestClient
from support import AnalyseDemonstration

from hotspots.products.summary import encode, summarise
from hotspots.service.app import make_app
from hotspots.service.people import make_api_token
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    Job,
    Product,
    ServiceSettings,
    Upload,
    make_id,
    read_clock,
)
from hotspots.settings import Settings

pytestmark = pytest.mark.one_database

API = "/api/v1"
PLACES = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "hotspot-1",
                "geometry": {"type": "Point", "coordinates": [-0.03, 51.48]},
                "properties": {"kind": "hot spot", "rank": 1},
            }
        ],
    }
).encode()
RUN = {"map.html": b"<h1>Map</h1>", "summary.json": b'{"schema_version": "1"}', "places.geojson": PLACES}
SECRET = "Operation Secret"
NONE = "0" * 32

AddPerson = Callable[..., Account]
AddProduct = Callable[..., Product]
OpenClient = Callable[..., TestClient]
Ask = Callable[..., TestClient]


@pytest.fixture
def ask_as(add_person: AddPerson, open_client: OpenClient, database: Database) -> Ask:
    """Programs with a token of an account that is made for them."""

    def make(name: str, **options: Any) -> TestClient:
        account = add_person(name, **options)
        with database.write() as session:
            token = make_api_token(session, account, "test", days=1)
        client = open_client()
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    return make


@pytest.fixture
def upload(database: Database, service: ServiceSettings) -> Upload:
    """A checked file."""
    made = Upload(
        id=make_id(),
        file_name="x.csv",
        n_bytes=1,
        sha256="0" * 64,
        status="checked",
        report={},
        created_at=read_clock(),
    )
    (service.incoming / made.id).mkdir(parents=True)
    (service.incoming / made.id / "x.csv").write_bytes(b"x")
    with database.write() as session:
        session.add(made)
    return made


@pytest.fixture
def job(database: Database) -> Job:
    """A job that waits."""
    made = Job(id=make_id(), label=SECRET, arguments=["run"], status="queued", created_at=read_clock())
    with database.write() as session:
        session.add(made)
    return made


def read_problem(answer: Any, status: int) -> str:
    """The sentence of a problem, after a look at its form."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    told = answer.json()
    assert told["status"] == status
    assert SECRET not in answer.text
    return str(told["detail"])


@pytest.mark.parametrize(
    "path", ["/me", "/products", f"/products/{NONE}", "/jobs", "/uploads", "/openapi.json", "/docs"]
)
def test_nobody_unknown_is_answered(path: str, open_client: OpenClient) -> None:
    for headers in ({}, {"Authorization": "Bearer hotspots_wrong"}, {"Authorization": "Basic !"}):
        answer = open_client().get(API + path, headers=headers)
        read_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_who_asks_is_told_what_they_may(ask_as: Ask) -> None:
    told = ask_as("team", ward_codes=["E05000001"]).get(f"{API}/me").json()
    assert (told["name"], told["role"], told["ward_codes"], told["may"]) == ("team", "viewer", ["E05000001"], ["read"])
    assert "upload" in ask_as("ana", role="analyst").get(f"{API}/me").json()["may"]


def test_products_come_in_pages_and_by_what_they_are(ask_as: Ask, add_product: AddProduct) -> None:
    made = [add_product(str(number), crime="asb" if number % 2 else "robbery").id for number in range(5)]
    add_product("brief", kind="briefs", audience="partner", wards={"E05000001": "Evelyn"})
    client = ask_as("reader")
    address, found = f"{API}/products?kind=runs&limit=2", []
    for _ in range(3):
        answer = client.get(address)
        found += [product["id"] for product in answer.json()["products"]]
        address = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
    assert (found, address) == (made[::-1], "")
    for asked, labels in (
        ("crime=asb", ["3", "1"]),
        ("audience=partner", ["brief"]),
        ("ward=E05000001", ["brief"]),
        ("ward=E05000002", []),
    ):
        told = client.get(f"{API}/products?{asked}").json()["products"]
        assert [product["label"] for product in told] == labels, asked


@pytest.mark.parametrize(
    "asked", ["kind=%00", "crime=a%00", "ward=a%0Ab", "limit=0", "limit=1000", "before=x", "audience=all"]
)
def test_what_is_asked_for_in_another_form_is_refused(asked: str, ask_as: Ask) -> None:
    assert asked.partition("=")[0] in read_problem(ask_as("reader").get(f"{API}/products?{asked}"), 422)


def test_a_product_is_told_of_with_its_files(ask_as: Ask, add_product: AddProduct) -> None:
    product = add_product("Robbery", files=RUN, details={"status": {"incidents": "synthetic"}})
    client = ask_as("reader")
    told = client.get(f"{API}/products/{product.id}").json()
    assert (told["label"], told["data_status"]) == ("Robbery", {"incidents": "synthetic"})
    for file in told["files"]:
        answer = client.get(file["address"])
        assert answer.content == RUN[file["path"]]
        assert answer.headers["etag"] == f'"{file["sha256"]}"'
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-security-policy"].startswith("sandbox")
    places = client.get(f"{API}/products/{product.id}/places.geojson")
    assert (places.headers["content-type"], places.json()["features"][0]["id"]) == ("application/geo+json", "hotspot-1")
    assert client.get(f"{API}/products/{product.id}/summary").json() == {"schema_version": "1"}


def test_a_product_in_a_folder_has_its_own_summary(ask_as: Ask, add_product: AddProduct) -> None:
    product = add_product("pack", files={"a/summary.json": b'{"a": 1}', "b/summary.json": b'{"b": 1}'}, folder="b")
    client = ask_as("reader")
    assert client.get(f"{API}/products/{product.id}/summary").json() == {"b": 1}
    assert "has not places" in read_problem(client.get(f"{API}/products/{product.id}/places.geojson"), 404)


@pytest.mark.parametrize(
    ("kind", "summary", "places"),
    [
        ("runs", "summary.json", "places.geojson"),
        ("publications", "public.json", "public.geojson"),
        ("patrol_plans", "plan.json", None),
        ("ward_pages", "brief.json", None),
        ("packs", "pack.json", None),
        ("posters", "posters.json", None),
        ("another", None, None),
    ],
)
def test_each_kind_of_product_has_its_summary_and_some_have_places(
    kind: str, summary: str | None, places: str | None, ask_as: Ask, add_product: AddProduct
) -> None:
    files = {f"a/{name}": json.dumps({"is": name}).encode() for name in (summary, places) if name}
    product = add_product(kind=kind, folder="a", files={"a/page.html": b"", **files})
    client = ask_as("reader")
    for address, name in (("summary", summary), ("places.geojson", places)):
        answer = client.get(f"{API}/products/{product.id}/{address}")
        if name:
            assert answer.json() == {"is": name}
            continue
        said = read_problem(answer, 404)
        assert said.startswith(f"This product, one of {kind}, has not")
        assert "These have: " in said
        assert said.endswith(" runs, publications.") or "runs, performances, operations, havens" in said


@pytest.mark.parametrize(
    "person", [{"tier": "partner"}, {"ward_codes": ["E05000002"]}, {"tier": "partner", "ward_codes": ["E05000001"]}]
)
def test_a_product_of_others_is_not_there_by_any_address(
    person: dict[str, Any], ask_as: Ask, add_product: AddProduct, database: Database
) -> None:
    product = add_product(SECRET, files=RUN, wards={"E05000001": "Evelyn"})
    client = ask_as("other", **person)
    assert client.get(f"{API}/products").json() == {"products": []}
    beside = [f"/files/{path}" for path in RUN]
    etag = {"If-None-Match": f'"{product.files[0].sha256}", *'}
    for below in ("", "/summary", "/places.geojson", *beside, "/files/nothing"):
        for headers in ({}, etag, {"Range": "bytes=1-2"}):
            said = read_problem(client.get(f"{API}/products/{product.id}{below}", headers=headers), 404)
            assert said == "There is no such product, or it is not for you."
    assert read_problem(client.get(f"{API}/products?before={product.id}"), 404)
    with database.read() as session:
        assert session.query(AuditRecord).count() == 0


def test_a_file_of_another_product_is_not_had_through_ones_own(ask_as: Ask, add_product: AddProduct) -> None:
    own = add_product("own", audience="public", files={"a.html": b"a"})
    other = add_product(SECRET, files={"b.html": b"b"})
    client = ask_as("partner", tier="partner")
    tried = ("b.html", f"../{other.job_id}/b.html", f"..%2f{other.job_id}%2fb.html", "%2fetc%2fpasswd", "a.html%00", "")
    for path in tried:
        assert client.get(f"{API}/products/{own.id}/files/{path}").status_code == 404, path


@pytest.mark.parametrize("person", [{}, {"tier": "partner"}, {"ward_codes": ["E05000001"]}])
def test_who_only_reads_sees_no_jobs_and_no_uploads(
    person: dict[str, Any], ask_as: Ask, job: Job, upload: Upload, database: Database
) -> None:
    client = ask_as("reader", **person)
    for path in ("/jobs", f"/jobs/{job.id}", f"/jobs/{NONE}", "/uploads", f"/uploads/{upload.id}", f"/uploads/{NONE}"):
        read_problem(client.get(API + path), 403)
    for path in (f"/jobs/{job.id}/cancel", f"/uploads/{upload.id}/keep", f"/uploads/{upload.id}/discard"):
        read_problem(client.post(API + path), 403)
    read_problem(client.post(f"{API}/jobs", json={"kind": "pack"}), 403)
    read_problem(client.post(f"{API}/uploads?name=a.csv", content=b"x"), 403)
    with database.read() as session:
        assert session.get_one(Job, job.id).status == "queued"
        assert session.get_one(Upload, upload.id).status == "checked"
        assert session.query(Upload).count() == session.query(Job).count() == 1


def test_what_has_not_changed_is_not_sent_again(ask_as: Ask, add_product: AddProduct, database: Database) -> None:
    product = add_product("Robbery", files=RUN)
    client = ask_as("reader")
    for path in ("/products", f"/products/{product.id}", f"/products/{product.id}/summary"):
        first = client.get(API + path)
        assert first.headers["cache-control"] == "private, no-cache"
        tried = client.get(API + path, headers={"Sec-Fetch-Site": "same-origin"})  # from the page that describes it
        assert tried.headers["cache-control"] == "no-store"
        for known in (first.headers["etag"], f'"x", W/{first.headers["etag"]}', "*"):
            again = client.get(API + path, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == first.headers["etag"]
        assert client.get(API + path, headers={"If-None-Match": '"another"'}).status_code == 200
    before = client.get(f"{API}/products").headers["etag"]
    add_product("another")
    assert client.get(f"{API}/products", headers={"If-None-Match": before}).status_code == 200
    part = client.get(f"{API}/products/{product.id}/summary", headers={"Range": "bytes=1-"})
    assert (part.status_code, part.content) == (206, RUN["summary.json"][1:])
    with database.read() as session:
        opened = [(one.action, one.subject, one.details["by"]) for one in session.query(AuditRecord)]
    assert opened == [("open file", f"{product.job_id}/summary.json", "program")]  # once, in parts and in whole


def test_a_browser_needs_the_token_of_its_session_to_change_anything(
    add_person: AddPerson, open_client: OpenClient, job: Job
) -> None:
    add_person("ana", role="analyst")
    client = open_client("ana")
    page = client.get("/uploads").text
    token = page.partition('name="form_token" value="')[2].partition('"')[0]
    address = f"{API}/jobs/{job.id}/cancel"
    read_problem(client.post(address), 403)
    read_problem(client.post(address, headers={"X-Form-Token": "another"}), 403)
    read_problem(client.post(f"{API}/uploads?name=a.csv", content=b"x"), 403)
    elsewhere = {"X-Form-Token": token, "Sec-Fetch-Site": "cross-site"}
    read_problem(client.post(address, headers=elsewhere), 403)
    assert client.get(f"{API}/jobs/{job.id}").json()["status"] == "queued"
    assert client.post(address, headers={"X-Form-Token": token}).json()["status"] == "cancelled"


def test_a_token_as_a_password_reads_and_changes_nothing(ask_as: Ask, open_client: OpenClient, job: Job) -> None:
    token = ask_as("ana", role="analyst").headers["Authorization"].removeprefix("Bearer ")
    basic = {"Authorization": "Basic " + base64.b64encode(f"qgis:{token}".encode()).decode()}
    client = open_client(headers=basic)
    assert client.get(f"{API}/me").json()["name"] == "ana"
    assert client.get("/").status_code == 303
    read_problem(client.post(f"{API}/jobs/{job.id}/cancel"), 401)
    wrong = {"Authorization": "Basic " + base64.b64encode(b"ana:three odd words of grass").decode()}
    read_problem(open_client(headers=wrong).get(f"{API}/me"), 401)


def test_a_job_is_asked_for_looked_at_and_cancelled(ask_as: Ask) -> None:
    client = ask_as("ana", role="analyst")
    asked = client.post(f"{API}/jobs", json={"kind": "map", "crimes": ["robbery"]})
    assert (asked.status_code, asked.json()["status"]) == (201, "queued")
    assert asked.json()["arguments"][:1] == ["run"]
    again = client.get(asked.headers["location"])
    assert again.json() == asked.json()
    assert [one["id"] for one in client.get(f"{API}/jobs").json()["jobs"]] == [asked.json()["id"]]
    assert client.post(asked.headers["location"] + "/cancel").json()["status"] == "cancelled"
    assert client.get(asked.headers["location"]).headers["etag"] != again.headers["etag"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"kind": "map"}, "is of a crime. Name one in `crimes`."),
        ({"kind": "map", "crimes": ["a --out=/etc"]}, "`crimes.0` has letters or signs that cannot be in it."),
        ({"kind": "shell"}, "`kind` has to be 'map', 'pack', "),
        ({"kind": "pack", "out": "/etc"}, "`out` is not known here. Leave it out."),
        ({"kind": "pack", "start": "1 May"}, "`start` has to be a day such as 2026-09-30."),
        ({"kind": "patrol plan", "crimes": ["robbery"], "patrols": 21}, "`patrols` has to be 20 or less."),
        ({"kind": "pack", "crimes": ["robbery"] * 41}, "`crimes` has to have 40 entries at most."),
        ({"kind": "map", "crimes": ["robery"]}, '`crimes` names "robery", and there is no such crime. Did you mean '),
        ({"kind": "map", "crimes": ["robbery"], "wards": ["Elm"]}, '`wards`: No ward called "Elm" in the boundaries.'),
        ({}, "`kind` is missing."),
        ([], "What was sent has to be a JSON object."),
    ],
)
@pytest.mark.usefixtures("put_wards")
def test_a_job_that_cannot_be_is_refused_in_words(wanted: Any, words: str, ask_as: Ask) -> None:
    client = ask_as("ana", role="analyst")
    assert words in read_problem(client.post(f"{API}/jobs", json=wanted), 422)
    assert client.get(f"{API}/jobs").json() == {"jobs": []}


def test_what_is_not_json_is_said_to_be_that(ask_as: Ask) -> None:
    client = ask_as("ana", role="analyst")
    said = client.post(f"{API}/jobs", content=b"kind=map", headers={"Content-Type": "application/json"})
    assert read_problem(said, 422) == "What was sent is not JSON, from character 0 on. Send a JSON object."


def test_a_job_that_is_asked_for_again_with_its_key_is_the_same_job(ask_as: Ask) -> None:
    ana, ben = ask_as("ana", role="analyst"), ask_as("ben", role="analyst")

    def ask(client: TestClient, key: str | None, crime: str = "robbery") -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        said = client.post(f"{API}/jobs", json={"kind": "map", "crimes": [crime]}, headers=headers)
        assert said.status_code == 201
        return said.json()["id"]

    first = ask(ana, "one")
    assert ask(ana, "one") == first
    others = {ask(ana, "two"), ask(ana, "one", "burglary"), ask(ben, "one"), ask(ana, None), ask(ana, None)}
    assert len(others - {first}) == 5
    assert len(ana.get(f"{API}/jobs").json()["jobs"]) == 6


@pytest.mark.slow
def test_a_file_is_sent_checked_and_kept(ask_as: Ask, service: ServiceSettings) -> None:
    client = ask_as("ana", role="analyst")
    rows = b"Offence,Date,Easting,Northing\nRobbery,2026-01-05 10:00,536560,178413\n"
    sent = client.post(f"{API}/uploads", params={"name": "../../rows.csv"}, content=rows)
    assert (sent.status_code, sent.json()["file_name"], sent.json()["status"]) == (201, "rows.csv", "received")
    checked = client.get(sent.headers["location"]).json()
    assert (checked["status"], checked["report"]["n_used"]) == ("checked", 1)
    assert client.post(sent.headers["location"] + "/keep").json()["status"] == "kept"
    [kept] = (service.workspace / "data" / "incidents").iterdir()
    assert kept.read_bytes() == rows
    form = client.post(f"{API}/uploads", files={"note": (None, b"more"), "file": ("rows.csv", rows)})
    assert form.status_code == 201
    again = client.post(form.headers["location"] + "/keep")
    assert "there already" in read_problem(again, 422)
    assert client.post(form.headers["location"] + "/discard").json()["status"] == "discarded"
    assert [one["status"] for one in client.get(f"{API}/uploads").json()["uploads"]] == ["discarded", "kept"]


def test_a_file_that_is_too_large_is_refused_however_it_comes(
    add_person: AddPerson, database: Database, service: ServiceSettings
) -> None:
    account = add_person("ana", role="analyst")
    with database.write() as session:
        token = make_api_token(session, account, "test", days=1)
    small = service.model_copy(update={"max_upload_mb": 1})

    def send_in_chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 2**16

    with TestClient(make_app(Settings(), small, database), base_url="http://127.0.0.1") as client:
        client.headers["Authorization"] = f"Bearer {token}"
        large = b"x" * (2**21)
        for sent in (
            client.post(f"{API}/uploads?name=a.csv", content=large),
            client.post(f"{API}/uploads?name=a.csv", content=send_in_chunks()),
            client.post(f"{API}/uploads", files={"file": ("a.csv", large)}),
        ):
            assert "1 MB" in read_problem(sent, 413)
    assert list(service.incoming.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=a"),
        (b"--a\r\nContent-Disposition: form-data; name=b\r\n\r\nc\r\n--a--\r\n", "multipart/form-data; boundary=a"),
        (
            b'--a\r\nContent-Disposition: form-data; name=b; filename="c.csv"\r\n\r\nd',
            "multipart/form-data; boundary=a",
        ),
        (b"--a\r\nContent-Disposition: form-data; name=b\r\n\r\n" + b"c" * 9_000, "multipart/form-data; boundary=a"),
        (b"--a\r\n" + b"x" * 20_000, "multipart/form-data; boundary=a"),
        (b"", "text/csv"),
    ],
)
def test_a_form_that_is_none_is_refused(content: bytes, kind: str, ask_as: Ask, service: ServiceSettings) -> None:
    client = ask_as("ana", role="analyst")
    read_problem(client.post(f"{API}/uploads?name=a.csv", content=content, headers={"Content-Type": kind}), 422)
    assert not service.incoming.exists() or list(service.incoming.iterdir()) == []


def test_a_page_takes_no_file_before_the_token_of_its_form(
    add_person: AddPerson, open_client: OpenClient, service: ServiceSettings
) -> None:
    add_person("ana", role="analyst")
    client = open_client("ana")
    for fields in ({}, {"form_token": (None, "another")}):
        said = client.post("/uploads", files={**fields, "file": ("a.csv", b"x")})
        assert said.status_code == 403
    token = client.get("/uploads").text.partition('name="form_token" value="')[2].partition('"')[0]
    late = client.post("/uploads", files=[("file", ("a.csv", b"x")), ("form_token", (None, token.encode()))])
    assert late.status_code == 403
    assert not service.incoming.exists()
    wrong = client.post("/uploads", files={"form_token": (None, token.encode()), "file": ("a.exe", b"x")})
    assert (wrong.status_code, "ends in .csv" in wrong.text) == (422, True)


def test_the_documentation_needs_nothing_from_elsewhere(ask_as: Ask) -> None:
    client = ask_as("reader")
    page = client.get(f"{API}/docs")
    assert "'unsafe-inline'" not in page.headers["content-security-policy"].partition("style-src")[0]
    assert "http" not in page.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert client.get(f"{API}/docs/{name}").status_code == 200
        assert f"{API}/docs/{name}" in page.text
    for name in ("redoc.standalone.js", "..%2f__init__.py", "core.py"):
        read_problem(client.get(f"{API}/docs/{name}"), 404)
    told = client.get(f"{API}/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert all(path.startswith(f"{API}/") for path in told["paths"])


@pytest.mark.slow
def test_the_summary_of_a_run_is_what_its_schema_says(
    ask_as: Ask, add_product: AddProduct, analyse_demonstration: AnalyseDemonstration, repository: Path
) -> None:
    summary = encode(summarise(analyse_demonstration("robbery")))
    product = add_product("Robbery", files={"summary.json": json.dumps(summary).encode()})
    told = ask_as("reader").get(f"{API}/products/{product.id}/summary").json()
    schema = json.loads((repository / "docs" / "summary.schema.json").read_text("utf-8"))
    jsonschema.validate(told, schema)
    assert told["crime_label"] == "Robbery"


@pytest.mark.slow
def test_a_gis_opens_the_places_of_a_run_with_a_token_as_password(
    ask_as: Ask, add_product: AddProduct, database: Database, service: ServiceSettings
) -> None:
    product = add_product("Robbery", files=RUN)
    token = ask_as("gis").headers["Authorization"].removeprefix("Bearer ")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(make_app(Settings(), service, database), log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            address = f"127.0.0.1:{listener.getsockname()[1]}{API}/products/{product.id}/places.geojson"
            read = "import pyogrio, sys; print(pyogrio.read_dataframe(sys.argv[1]).to_json())"
            # in a process of its own, as Hotspots keeps GDAL from asking the network
            answers = [
                subprocess.run(
                    [sys.executable, "-c", read, f"/vsicurl/http://gis:{password}@{address}"],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                for password in (token, "wrong")
            ]
        finally:
            server.should_exit = True
            thread.join()
    assert answers[0].returncode == 0, answers[0].stderr
    [feature] = json.loads(answers[0].stdout)["features"]
    assert (feature["properties"]["kind"], feature["geometry"]["coordinates"]) == ("hot spot", [-0.03, 51.48])
    assert answers[1].returncode != 0
    assert "hot spot" not in answers[1].stdout
