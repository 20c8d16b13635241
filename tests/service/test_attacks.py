"""Attacks on the way in: each is tried, and each fails closed."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits import RateLimitItemPerMinute
from service_fixtures import PASSWORD
from sqlalchemy import select

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.app import make_app, require_safe
from hotspots.service.door import LIMITS, MAX_FORM_BYTES, RequestLimits
from hotspots.service.people import (
    TooManyAttemptsError,
    change_account,
    disable_account,
    find_account,
    list_api_tokens,
    make_api_token,
    name_token,
    passwords,
)
from hotspots.service.state import (
    Account,
    AuditRecord,
    Base,
    Database,
    LoginSession,
    Product,
    ServiceSettings,
    read_clock,
)
from hotspots.settings import Settings

OpenClient = Callable[..., TestClient]
AddPerson = Callable[..., Account]
Serve = Callable[..., str]

PUBLIC = {"/sign-in", "/static/{version}/{name}", "/healthz", "/readyz"}
"""What is told to whoever asks; everything else to people who have signed in, and to nobody whose route is new."""
FORMLESS = {"/sign-in"}
"""What is sent without a form token: nobody has a session yet, and a browser says where the form was."""


def list_routes(database: Database, service: ServiceSettings) -> list[tuple[str, str]]:
    """Every method and path that the service answers, as a request would find it."""
    app: FastAPI = make_app(Settings(), service, database)
    found: list[tuple[str, str]] = []
    for route in app.routes:
        contexts: Any = getattr(route, "effective_route_contexts", None)
        routes: list[Any] = list(contexts()) if contexts else [route]
        for one in routes:
            found += [(method, one.path) for method in one.methods or ()]
    assert len(found) > 15
    return [(method, path) for method, path in found if method not in ("HEAD", "OPTIONS")]


def fill(path: str) -> str:
    return re.sub(r"\{\w+(:\w+)?\}", "0123456789abcdef0123456789abcdef", path)


def test_whoever_has_not_signed_in_gets_nothing_by_any_route(
    database: Database, service: ServiceSettings, open_client: OpenClient
) -> None:
    client = open_client()
    for method, path in list_routes(database, service):
        if path in PUBLIC:
            continue
        said = client.request(method, fill(path))
        assert said.status_code == 401 if path.startswith("/api/") or path == "/metrics" else 303, (method, path)
        if said.status_code == 303:
            assert said.headers["location"].startswith("/sign-in"), (method, path)


def test_what_changes_something_needs_a_form_of_this_session(
    database: Database, service: ServiceSettings, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one", role="admin")
    add_person("b.two", role="admin")
    client, other = open_client("a.one"), open_client("b.two")
    theirs = find_form_token(other)
    tried = 0
    for method, path in list_routes(database, service):
        if method == "GET" or path in FORMLESS or path.startswith("/api/"):
            continue
        for form in ({}, {"form_token": ""}, {"form_token": "guessed"}, {"form_token": theirs}):
            said = client.request(method, fill(path), data=form)
            assert said.status_code == 403, (method, path, form, said.status_code)
        tried += 1
    assert tried >= 10


def find_form_token(client: TestClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/password").text)
    assert found
    return found[1]


def test_what_a_program_sends_with_a_cookie_comes_from_no_other_site(
    database: Database, service: ServiceSettings, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one", role="admin")
    client = open_client("a.one")
    for method, path in list_routes(database, service):
        if method != "GET":
            for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
                assert client.request(method, fill(path), headers=headers).status_code == 403, (method, path)


def test_asking_changes_nothing(
    database: Database, service: ServiceSettings, add_person: AddPerson, open_client: OpenClient
) -> None:
    """A picture on another site makes a browser ask anything, in the name of whoever looks at it."""
    add_person("a.one", role="admin")
    client = open_client("a.one")

    def read_accounts() -> list[Any]:
        with database.read() as session:
            return list(session.execute(select(Account.name, Account.role, Account.is_active, Account.password_hash)))

    before = read_accounts()
    for method, path in list_routes(database, service):
        if method == "GET" and "events" not in path:
            client.get(fill(path))
            client.get(f"{fill(path)}?_method=DELETE", headers={"X-HTTP-Method-Override": "DELETE"})
    assert read_accounts() == before
    assert client.get("/password").status_code == 200


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
def test_a_method_is_what_it_says(override: str, add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("a.one")
    client = open_client("a.one")
    assert client.get("/sign-out", headers={override: "POST"}).status_code == 405
    assert client.get("/sign-out?_method=POST").status_code == 405
    assert client.request("TRACE", "/").status_code == 405
    assert client.request("DELETE", "/password").status_code == 405
    assert client.get("/password").status_code == 200


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "0" * 43, "' OR 1=1 --", "../../hotspots.db", "\x80\xff", "a" * 7_000, "null", "{}", "%00", "\u2028"],
)
def test_a_session_that_was_made_up_opens_nothing(cookie: str, open_client: OpenClient) -> None:
    said = open_client().get("/", headers={b"Cookie": f"hotspots={cookie}".encode("latin-1", "replace")})
    assert (said.status_code, said.headers["location"]) == (303, "/sign-in?next=/")


def test_a_session_with_one_letter_changed_opens_nothing(add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("a.one")
    token = open_client("a.one").cookies["hotspots"]
    for place in (0, 20, len(token) - 2):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert open_client().get("/", headers={"Cookie": f"hotspots={changed}"}).status_code == 303
    assert open_client().get("/", headers={"Cookie": f"hotspots={token}"}).status_code == 200


def test_the_database_holds_nothing_to_sign_in_with(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    token = open_client("a.one").cookies["hotspots"]
    with database.write() as session:
        made = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
    with database.engine.connect() as connection:
        rows = [tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))]
    written = repr(rows)
    assert "a.one" in written
    assert not [secret for secret in (token, made, PASSWORD) if secret in written]


@pytest.mark.parametrize(
    ("column", "at"),
    [("ends_at", dt.timedelta(0)), ("seen_at", dt.timedelta(minutes=-60))],
    ids=["expired", "idle"],
)
def test_a_session_ends(
    column: str, at: dt.timedelta, database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    client = open_client("a.one")
    assert client.get("/").status_code == 200
    with database.write() as session:
        for one in session.scalars(select(LoginSession)):
            setattr(one, column, read_clock() + at)
    assert client.get("/").status_code == 303


def test_after_signing_out_the_session_opens_nothing_where_it_was_copied_to(
    add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    client = open_client("a.one")
    copied = {"Cookie": f"hotspots={client.cookies['hotspots']}"}
    assert open_client().get("/", headers=copied).status_code == 200
    client.post("/sign-out", data={"form_token": find_form_token(client)})
    assert open_client().get("/", headers=copied).status_code == 303


def test_a_disabled_account_and_a_lower_role_hold_at_once(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    add_person("a.one", role="admin")
    client = open_client("a.one")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
    program = {"Authorization": f"Bearer {token}"}
    assert client.get("/accounts").status_code == 200
    assert open_client().get("/accounts", headers=program).status_code == 200
    with database.write() as session:
        change_account(session, find_account(session, "a.one"), role="viewer")
    assert client.get("/accounts").status_code == 403
    assert open_client().get("/accounts", headers=program).status_code == 403
    with database.write() as session:
        disable_account(session, find_account(session, "a.one"))
    assert client.get("/").status_code == 303
    assert open_client().get("/", headers=program).status_code == 303
    assert open_client().post("/sign-in", data={"name": "a.one", "password": PASSWORD}).status_code == 401


def test_a_session_and_a_token_of_a_disabled_account_open_nothing_where_they_are_still_there(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    """They are removed with it; one that began in that moment is not."""
    add_person("a.one")
    client = open_client("a.one")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
    program = {"Authorization": f"Bearer {token}"}
    assert [client.get("/").status_code, open_client().get("/", headers=program).status_code] == [200, 200]
    with database.write() as session:
        find_account(session, "a.one").is_active = False
    assert [client.get("/").status_code, open_client().get("/", headers=program).status_code] == [303, 303]


def test_a_first_password_opens_nothing_but_the_page_to_change_it(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one", role="admin")
    client = open_client("a.one")
    with database.write() as session:
        find_account(session, "a.one").must_change_password = True
    assert [client.get(path).status_code for path in ("/", "/accounts", "/audit", "/tokens")] == [403] * 4
    assert client.get("/password").status_code == 200


@pytest.mark.parametrize(
    "name", ["a.one", "nobody", "disabled", "\0", "a" * 5_000, "\ud7ff\uffff", "<script>", "A.ONE "]
)
def test_a_known_and_an_unknown_name_take_the_same_work(
    name: str, add_person: AddPerson, database: Database, open_client: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is the hash: one for each, whatever the name. A clock would tell less, and not always."""
    add_person("a.one")
    add_person("disabled")
    with database.write() as session:
        disable_account(session, find_account(session, "disabled"))
    calls: list[int] = []
    verify = passwords.hasher.verify

    class Counted:
        def verify(self, *given: Any) -> bool:
            calls.append(1)
            return verify(*given)

        def hash(self, password: bytes) -> str:
            calls.append(1)
            return passwords_hash(password)

    passwords_hash = passwords.hasher.hash
    passwords.is_password("warm", None)
    monkeypatch.setattr(passwords, "hasher", Counted())
    said = open_client().post("/sign-in", data={"name": name, "password": "wrong words of mine"})
    assert (said.status_code, len(calls)) == (401, 1)
    assert "Name or password is not right" in said.text
    assert "script>" not in said.text.replace("</script>", "").replace("defer></script>", "")


def test_what_is_refused_is_in_the_audit_and_passwords_are_not(
    add_person: AddPerson, database: Database, open_client: OpenClient
) -> None:
    add_person("a.one")
    for name in ("a.one", "nobody\r\nforged: line\x1b[2J"):
        open_client().post("/sign-in", data={"name": name, "password": "wrong words of mine"})
    with database.read() as session:
        records = session.scalars(select(AuditRecord).where(AuditRecord.outcome == "refused")).all()
        assert [one.action for one in records] == ["sign in", "sign in"]
        assert all(one.actor.isprintable() for one in records)
        assert "wrong words" not in repr([(one.actor, one.subject, one.details) for one in records])


def test_a_stranger_who_asks_and_asks_is_slowed_and_others_at_the_address_are_not(
    add_person: AddPerson, open_client: OpenClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person("a.one")
    monkeypatch.setitem(LIMITS, "stranger", RateLimitItemPerMinute(20))
    reader, stranger = open_client("a.one"), open_client()
    answers = [stranger.get("/").status_code for _ in range(21)]
    assert answers == [303] * 20 + [429]
    assert reader.get("/").status_code == 200
    assert stranger.get("/").headers["retry-after"].isdigit()


def test_fifty_readers_who_read_as_fast_as_they_can_are_never_limited() -> None:
    """Each opens a page of 20 files every two seconds for a minute. Three times as much, by one alone, is too much."""
    limits = RequestLimits()

    def read(account: str) -> int:
        """How many of 600 requests are refused."""
        n_refused = 0
        for _ in range(600):
            try:
                limits.count("person", account)
            except TooManyAttemptsError:
                n_refused += 1
        return n_refused

    assert sum(read(f"account {number}") for number in range(50)) == 0
    assert [read("account 0") for _ in range(2)] == [0, 600]


def test_the_name_of_the_host_is_one_of_ours(open_client: OpenClient, serve: Serve) -> None:
    """A page whose name is made to lead to this machine would be of one site with it (DNS rebinding)."""
    client = open_client()
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8765", "", "a b", "127.0.0.1@evil.example"):
        said = client.get("/sign-in", headers={"Host": host})
        assert (said.status_code, "evil" in said.text) == (400, False), host
    for host in ("127.0.0.1:1", "localhost", "[::1]:8765"):
        assert client.get("/sign-in", headers={"Host": host}).status_code == 200


def test_no_answer_repeats_the_name_of_the_host(
    database: Database, service: ServiceSettings, tmp_path: Path, add_person: AddPerson
) -> None:
    """Beyond this machine the service may be asked for by names that it is not told."""
    add_person("a.one")
    app = make_app(Settings(), service.model_copy(update={"address": "0.0.0.0"}), database)
    with TestClient(app, base_url="http://evil.example", follow_redirects=False) as client:
        headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
        for path in (
            "/",
            "/sign-in",
            "/sign-in/",
            "//evil.example/%2e%2e",
            "/password/",
            "/nothing",
            "/api/v1/nothing",
        ):
            said = client.get(path, headers=headers)
            assert "evil" not in said.text + str(said.headers.get("location", "")).replace("/sign-in?next=", ""), path
        said = client.post("/sign-in", data={"name": "a.one", "password": PASSWORD}, headers=headers)
        assert said.headers["location"] == "/"


@pytest.mark.parametrize(
    "wanted",
    ["/\r\nSet-Cookie: a=b", "/%0d%0aSet-Cookie:a=b", "/\nx", "/é", "/\u2028", "//evil.example", "/\\evil.example"],
)
def test_no_header_is_written_by_what_was_typed(wanted: str, add_person: AddPerson, open_client: OpenClient) -> None:
    add_person("a.one")
    client = open_client()
    for said in (
        client.get("/sign-in", params={"next": wanted}),
        client.post("/sign-in", data={"name": "a.one", "password": PASSWORD, "next": wanted}),
    ):
        assert "a=b" not in str(said.headers.get("set-cookie", ""))
        assert not re.search("[\r\n]", "".join(said.headers.values()))
        assert not said.headers.get("location", "/").startswith(("//", "/\\"))


def ask_raw(address: str, sent: bytes, *, context: ssl.SSLContext | None = None) -> bytes:
    """What a server answers to these very bytes."""
    host, _, port = address.partition("://")[2].rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=10)
    with context.wrap_socket(plain, server_hostname=host) if context else plain as connected:
        connected.sendall(sent)
        received = b""
        while part := connected.recv(65_536):
            received += part
        return received


def ask(address: str, target: str, *headers: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers, "", ""]
    return ask_raw(address, "\r\n".join(lines).encode("latin-1"))


def find_status_of(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert found, answer[:200]
    return int(found[1])


@pytest.fixture
def quick(service: ServiceSettings) -> Iterator[Database]:
    """A database of the quick kind, where the server is what matters."""
    from hotspots.service.state import open_database

    opened = open_database(service.database_address)
    yield opened
    opened.close()


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "target",
    [
        "/static/x/../../../hotspots.toml",
        "/static/x/..%2f..%2f..%2fhotspots.toml",
        "/static/%2e%2e/%2e%2e/hotspots.toml",
        "/static/x/%252e%252e%252fhotspots.toml",
        "/static/x/..\\..\\hotspots.toml",
        "/static/x/%5c..%5chotspots.toml",
        "/static/x/service.css%00.html",
        "/static/x//etc/passwd",
        "/static/x/%2fetc%2fpasswd",
        "/static/..;/..;/hotspots.toml",
        "/static/x/%c0%ae%c0%ae%c0%afhotspots.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "http://evil.example/static/x/../../etc/passwd",
    ],
)
def test_no_path_leads_out(target: str, serve: Serve, service: ServiceSettings) -> None:
    (service.workspace / "hotspots.toml").write_text("# the secret of the settings\n", "utf-8")
    answer = ask(serve(), target)
    assert find_status_of(answer) in (303, 400, 404)
    assert b"secret of the settings" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "sent",
    [
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n X: folded\r\nA: b\x00c\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a client of TLS\r\n\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(sent: bytes, serve: Serve) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = ask_raw(serve(), sent + smuggled)
    assert find_status_of(answer) in (400, 501)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"alive" not in answer


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_huge_headers_and_many_cookies_are_refused(serve: Serve) -> None:
    address = serve()
    assert find_status_of(ask(address, "/healthz", "X: " + "a" * 40_000)) == 431
    assert find_status_of(ask(address, "/" + "a" * 40_000)) == 431
    assert find_status_of(ask(address, "/?" + "a" * 40_000)) == 431
    assert find_status_of(ask(address, "/", "Cookie: " + "; ".join(f"a{n}=b" for n in range(3_000)))) == 303
    assert find_status_of(ask(address, "/", *(f"Cookie: a{n}={'b' * 100}" for n in range(400)))) == 431
    assert find_status_of(ask(address, "/healthz")) == 200


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_an_address_is_not_what_a_stranger_says(serve: Serve, database: Database) -> None:
    """Or each wrong password would come from another address."""
    sent = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n"
    sent += "X-Real-IP: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\n"
    sent += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 17\r\n\r\nname=a&password=b"
    assert find_status_of(ask_raw(serve(), sent.encode())) == 401
    with database.read() as session:
        assert [one.details["address"] for one in session.scalars(select(AuditRecord))] == ["127.0.0.1"]


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(serve: Serve, database: Database) -> None:
    from ipaddress import ip_network

    address = serve(proxies=(ip_network("127.0.0.1"),), public_address="https://hotspots.example")
    sent = "POST /sign-in HTTP/1.1\r\nHost: hotspots.example\r\nConnection: close\r\n"
    sent += "X-Forwarded-For: 198.51.100.66, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"  # the first one is made up
    sent += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 17\r\n\r\nname=a&password=b"
    assert find_status_of(ask_raw(address, sent.encode())) == 401
    with database.read() as session:
        assert [one.details["address"] for one in session.scalars(select(AuditRecord))] == ["203.0.113.9"]


def test_a_partner_a_team_and_a_stranger_find_no_product_that_is_not_theirs(
    add_person: AddPerson, add_product: Callable[..., Product], open_client: OpenClient, database: Database,
    service: ServiceSettings,
) -> None:  # fmt: skip
    add_person("partner", tier="partner")
    add_person("team", ward_codes=["E05000001"])
    product = add_product(wards={"E05000002": "Deptford"}, files={"map.html": b"of tasking alone"})
    clients = [open_client("partner"), open_client("team"), open_client()]
    for _, path in list_routes(database, service):
        if "product" not in path and "file" not in path:
            continue
        address = path.replace("{product_id}", product.id).replace("{job_id}", product.job_id)
        address = re.sub(r"\{path(:path)?\}", "map.html", address)
        for client in clients:
            said = client.get(fill(address))
            assert product.label not in said.text or path == "/products", (path, said.text)
            assert "of tasking alone" not in said.text


def test_what_is_somebody_elses_is_not_there(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    other = add_person("b.two")
    client = open_client("a.one")
    with database.write() as session:
        make_api_token(session, find_account(session, "b.two"), "QGIS", days=1)
    with database.read() as session:
        token_id = name_token(list_api_tokens(session, other.id)[0])
    form = {"form_token": find_form_token(client)}
    assert "QGIS" not in client.get("/tokens").text
    assert client.post(f"/tokens/{token_id}/revoke", data=form).status_code == 404
    for path in ("", "/password", "/sign-out", "/disable", "/enable", f"/tokens/{token_id}/revoke"):
        assert client.post(f"/accounts/{other.id}{path}", data={**form, "role": "admin"}).status_code == 403
    assert [client.get(path).status_code for path in (f"/accounts/{other.id}", "/audit", "/audit/export.csv")] == [
        403
    ] * 3
    with database.read() as session:
        assert len(list_api_tokens(session, other.id)) == 1
        assert (find_account(session, "b.two").is_active, find_account(session, "b.two").role) == (True, "viewer")


def test_nobody_makes_themselves_more_than_they_are(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    """Fields that a form does not have are not read."""
    add_person("a.one")
    client = open_client("a.one")
    form = {"form_token": find_form_token(client), "old": PASSWORD, "new": "river lamp nine oak"}
    client.post("/password", data={**form, "again": "river lamp nine oak", "role": "admin", "tier": "tasking"})
    with database.read() as session:
        assert find_account(session, "a.one").role == "viewer"


def test_a_token_makes_no_other_token_and_no_form_is_its_own(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one", role="admin")
    with database.write() as session:
        token = make_api_token(session, find_account(session, "a.one"), "QGIS", days=1)
    headers = {"Authorization": f"Bearer {token}"}
    for path in ("/tokens", "/accounts", "/password", "/sign-out"):
        for form in ({}, {"form_token": ""}, {"form_token": "None"}):
            assert open_client().post(path, data=form, headers=headers).status_code == 403, path


def test_a_body_that_is_no_form_or_too_much_of_one_is_refused(open_client: OpenClient) -> None:
    client = open_client()
    assert client.post("/sign-in", content=b"x" * (MAX_FORM_BYTES + 1)).status_code == 413
    chunks = (b"name=" + b"x" * 65_536 for _ in range(17))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/sign-in", content=chunks, headers=form).status_code == 413
    assert client.post("/sign-in", content="&".join(f"a{n}=1" for n in range(1_001)), headers=form).status_code == 400
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/sign-in", content=b"--x\r\nbroken", headers=broken).status_code in (400, 401)
    assert client.post("/sign-in", content=b"\xff\xfe\x00", headers=form).status_code == 401


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"address": "0.0.0.0"}, "speaks HTTPS alone"),
        ({"address": "192.0.2.1"}, "speaks HTTPS alone"),
        ({"address": "::"}, "speaks HTTPS alone"),
        ({"address": "example.org"}, "speaks HTTPS alone"),
        ({"address": "0.0.0.0", "proxies": ("10.0.0.1",), "public_address": "https://a.example"}, "needs accounts"),
    ],
)
def test_the_service_does_not_listen_beyond_this_machine_unprotected(
    told: dict[str, Any], said: str, quick: Database, tmp_path: Path
) -> None:
    service = ServiceSettings(workspace=tmp_path, folder=tmp_path / "service", **told)
    with pytest.raises(ParameterError, match=said):
        require_safe(service, quick)


def test_a_certificate_that_is_not_there_is_told_before_anybody_asks(quick: Database, tmp_path: Path) -> None:
    service = ServiceSettings(workspace=tmp_path, tls_certificate=tmp_path / "a.pem", tls_key=tmp_path / "b.pem")
    with pytest.raises(NotFoundError, match=r"a\.pem"):
        require_safe(service, quick)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl on this machine (Debian: apt-get install openssl)")
    folder = tmp_path_factory.mktemp("certificate")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem"))
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_with_a_certificate_the_cookie_is_bound_to_this_address_and_to_https(
    certificate: tuple[Path, Path], serve: Serve, add_person: AddPerson
) -> None:
    add_person("a.one")
    address = serve(tls_certificate=certificate[0], tls_key=certificate[1])
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    form = f"name=a.one&password={PASSWORD.replace(' ', '+')}"
    sent = "POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    sent += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n{form}"
    answer = ask_raw(address, sent.encode(), context=trusting)
    assert find_status_of(answer) == 303
    cookie = re.search(rb"set-cookie: ([^\r]+)", answer)
    assert cookie
    name, *details = [part.strip() for part in cookie[1].decode().split(";")]
    assert name.startswith("__Host-hotspots=")
    assert {detail.casefold() for detail in details} == {"httponly", "path=/", "samesite=lax", "secure"}
    assert b"strict-transport-security: max-age=31536000" in answer
    # the cookie of a service without encryption is not taken
    planted = f"Cookie: hotspots={name.partition('=')[2]}"
    lines = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: close", planted, "", ""]
    assert find_status_of(ask_raw(address, "\r\n".join(lines).encode(), context=trusting)) == 303
    assert b"HTTP/1.1 200" not in ask_raw(address, "\r\n".join(lines).encode())  # without TLS nothing is answered


def test_without_a_certificate_the_cookie_is_out_of_reach_of_scripts(
    add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("a.one")
    said = open_client().post("/sign-in", data={"name": "a.one", "password": PASSWORD})
    details = {part.strip().casefold() for part in said.headers["set-cookie"].split(";")[1:]}
    assert details == {"httponly", "path=/", "samesite=lax"}
