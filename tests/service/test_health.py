"""What machines are told: health, readiness, counts; and what the log says of a request."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hotspots.errors import ParameterError
from hotspots.service.app import make_app
from hotspots.service.door import set_up_logs
from hotspots.service.people import find_account, make_api_token
from hotspots.service.state import Account, Database, Product, ServiceSettings, load_service_settings
from hotspots.settings import Settings

pytestmark = pytest.mark.one_database

OpenClient = Callable[..., TestClient]
AddPerson = Callable[..., Account]


def test_a_service_that_can_work_says_so(open_client: OpenClient) -> None:
    client = open_client()
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "alive\n")
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}


def test_a_service_that_cannot_work_says_why_and_no_more(
    database: Database, service: ServiceSettings, open_client: OpenClient
) -> None:
    client = open_client()
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'another'"))
    service.shelf.parent.mkdir(exist_ok=True)
    if service.shelf.exists():
        service.shelf.rmdir()
    service.shelf.write_text("not a folder", "utf-8")
    said = client.get("/readyz")
    assert said.status_code == 503
    assert said.json()["reasons"] == [
        "The database is of another version than this program.", "The shelf is not there."
    ]  # fmt: skip
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE alembic_version RENAME TO elsewhere"))
    assert client.get("/readyz").status_code == 503
    assert str(service.folder) not in said.text
    assert client.get("/healthz").status_code == 200


def test_a_database_that_is_gone_is_told_without_its_address(
    open_client: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise OperationalError("connect", {}, Exception("host=db.example password=secret"))

    monkeypatch.setattr("hotspots.service.views.health_checks.is_current", fail)
    said = open_client().get("/readyz")
    assert (said.status_code, said.json()["reasons"]) == (503, ["The database does not answer."])


def test_counts_are_for_admins_and_for_the_token_of_the_settings(
    database: Database, service: ServiceSettings, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    add_person("a.one", role="analyst")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "boss"), "Prometheus", days=1)
    assert open_client().get("/metrics").status_code == 401
    assert open_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401
    assert open_client("a.one").get("/metrics").status_code == 403
    assert open_client("boss").get("/metrics").status_code == 200
    add_person("new", role="admin")
    newcomer = open_client("new")
    with database.write() as session:
        find_account(session, "new").must_change_password = True
    assert newcomer.get("/metrics").status_code == 403
    assert open_client().get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    own = "of-prometheus-alone-1234"
    app = make_app(Settings(), service.model_copy(update={"metrics_token": own}), database)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        headers = {"Authorization": f"Bearer {own}"}
        assert client.get("/metrics", headers=headers).status_code == 200
        assert client.get("/", headers=headers).status_code == 303
        assert client.get("/metrics", headers={"Authorization": f"Bearer {own}x"}).status_code == 401


def test_what_is_counted_has_no_word_of_who_or_what(
    add_person: AddPerson, add_product: Callable[..., Product], open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    product = add_product()
    client = open_client("boss")
    for path in ("/nothing/j.smith", f"/static/{product.id}/service.css", "/static/x/j.smith", "/accounts/j.smith"):
        client.get(path)
    client.request("J-SMITH", "/")
    told = client.get("/metrics").text
    assert "smith" not in told.lower()
    assert product.id not in told
    assert 'hotspots_requests_total{method="POST",route="/sign-in",status="303"} 1.0' in told
    assert 'route="/static/{version}/{name}",status="200"} 1.0' in told
    assert 'method="other",' in told
    assert 'hotspots_jobs{status="done"} 1.0' in told
    assert 'hotspots_uploads{status="kept"} 0.0' in told
    assert re.search(r'hotspots_request_seconds_count\{route="/accounts/\{account_id\}"\} 1\.0', told)


def test_the_token_of_prometheus_comes_from_the_environment_and_is_never_said(
    monkeypatch: pytest.MonkeyPatch, service: ServiceSettings
) -> None:
    monkeypatch.setenv("HOTSPOTS_METRICS_TOKEN", "x" * 20)
    path = service.workspace / "hotspots.toml"
    path.write_text("[service]\n", "utf-8")
    assert load_service_settings(path)[1].metrics_token == "x" * 20
    monkeypatch.setenv("HOTSPOTS_METRICS_TOKEN", "too short")
    with pytest.raises(ParameterError, match="service.metrics_token") as refused:
        load_service_settings(path)
    assert "too short" not in str(refused.value)


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], list[str]]]:
    """Gives the lines that the service wrote since it was last asked; the first time it begins to write them."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    has_begun = False

    def read() -> list[str]:
        nonlocal has_begun
        if not has_begun:
            set_up_logs()
            has_begun = True
        return capsys.readouterr().err.splitlines()

    yield read
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_the_log_has_one_line_for_a_request_and_nobody_in_it(
    logged: Callable[[], list[str]], add_person: AddPerson, open_client: OpenClient
) -> None:
    account = add_person("j.smith", full_name="Jane Smith")
    client = open_client("j.smith")
    assert logged() == []
    said = client.get("/nothing/j.smith?name=Jane+Smith", headers={"User-Agent": "Jane", "Referer": "/j.smith"})
    client.get("/?secret=1")
    first, second = (json.loads(line) for line in logged())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", first.pop("at"))
    assert first.pop("ms") > 0
    assert first == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "(none)",
        "status": 404,
        "account": None,
        "request": said.headers["x-request-id"],
    }
    assert (second["route"], second["account"]) == ("/", account.id)


@pytest.mark.parametrize(
    "planted", ["a\r\nforged", "a\n{}", "\x1b[2J", "\u2028", '"},{"event":"forged"', "%0d%0aforged"]
)
def test_nothing_that_is_sent_begins_a_line_of_the_log(
    planted: str, logged: Callable[[], list[str]], add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    client = open_client()
    logged()
    client.post("/sign-in", data={"name": planted, "password": planted, "next": planted})
    client.get("/sign-in", params={"next": planted})
    client.get(f"/{quote(planted)}")
    lines = logged()
    assert [json.loads(line)["event"] for line in lines] == ["request"] * 3
    assert "forged" not in "".join(lines)
    logging.getLogger("uvicorn.error").warning("a warning of %s", planted)
    assert json.loads("".join(logged()))["event"] == f"a warning of {planted}"


def test_an_error_that_nobody_thought_of_is_answered_like_any_other_and_tells_nothing(
    database: Database, service: ServiceSettings, logged: Callable[[], list[str]], add_person: AddPerson
) -> None:
    add_person("a.one")
    logged()
    app: FastAPI = make_app(Settings(), service, database)

    def break_down() -> None:
        with database.write() as session:
            session.execute(text("INSERT INTO accounts (id) VALUES (:name)"), {"name": "of Jane Smith"})

    app.add_api_route("/broken/{name}", lambda name: break_down())
    app.add_api_route("/api/v1/broken", break_down)
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        said = client.get("/broken/j.smith")
        assert said.status_code == 500
        assert said.headers["content-security-policy"].startswith("default-src 'none'")
        assert "Jane" not in said.text
        assert said.headers["x-request-id"] in said.text
        assert client.get("/api/v1/broken").headers["content-type"] == "application/problem+json"
    lines = [json.loads(line) for line in logged()]
    unforeseen = [line for line in lines if line["event"] == "unforeseen"]
    assert [line["route"] for line in unforeseen] == ["/broken/{name}", "/api/v1/broken"]
    assert unforeseen[0]["kind"] == "IntegrityError"
    first = unforeseen[0]["errors"][0]
    assert first["kind"] == "IntegrityError"
    assert any("test_health.py" in frame and "break_down" in frame for frame in first["at"])
    logging.getLogger("uvicorn.error").error("an error", exc_info=ValueError("of Jane Smith"))
    lines.append(json.loads("".join(logged())))
    assert lines[-1]["errors"] == [{"kind": "ValueError", "at": []}]
    assert "smith" not in json.dumps(lines).lower()


def test_passwords_and_tokens_are_in_no_line(
    logged: Callable[[], list[str]], add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    logged()
    client = open_client("a.one")
    client.get("/tokens", headers={"Authorization": "Bearer hotspots_of-somebody"})
    text_of_it = "".join(logged())
    assert PASSWORD not in text_of_it
    assert client.cookies["hotspots"] not in text_of_it
    assert "of-somebody" not in text_of_it
