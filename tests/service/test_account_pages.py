"""Pages of admins: accounts and the audit; and everybody's page of tokens."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from service_fixtures import PASSWORD
from sqlalchemy import select

from hotspots.service.audit import AuditFilter, check_chain, export_records, list_records, record
from hotspots.service.people import find_account, find_api_token, list_api_tokens
from hotspots.service.state import Account, AuditRecord, Database, Product, Upload, read_clock

pytestmark = pytest.mark.one_database

OpenClient = Callable[..., TestClient]
AddPerson = Callable[..., Account]


class Form:
    """Sends forms as a page of a session would."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        found = re.search(r'name="form_token" value="([^"]+)"', client.get("/password").text)
        assert found
        self.token = found[1]

    def send(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, data={"form_token": self.token, **fields})


def find_shown(page: str) -> str:
    found = re.search(r'<div class="once".*?<code>([^<]+)</code>', page, re.DOTALL)
    assert found, page
    return found[1]


def test_an_admin_makes_an_account_whose_password_is_shown_once(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    form = Form(open_client("boss"))
    said = form.send("/accounts", name="New.One", full_name="New <b>One</b>", role="viewer", tier="partner")
    assert said.status_code == 200
    password = find_shown(said.text)
    assert "New &lt;b&gt;One&lt;/b&gt;" in said.text
    newcomer = open_client()
    assert newcomer.post("/sign-in", data={"name": "new.one", "password": password}).status_code == 303
    assert newcomer.get("/").status_code == 403  # until another password is chosen
    with database.read() as session:
        account = find_account(session, "new.one")
        assert (account.tier, account.must_change_password) == ("partner", True)
        made = session.scalar(select(AuditRecord).where(AuditRecord.action == "add account"))
        assert made is not None
        assert (made.actor, made.subject, made.details["tier"]) == ("boss", "new.one", "partner")
        assert password not in json.dumps([one.details for one in session.scalars(select(AuditRecord))])
    assert password not in form.client.get(f"/accounts/{account.id}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "a b"}, "The name of an account has"),
        ({"name": "boss"}, "There is an account &#34;boss&#34; already"),
        ({"name": "x", "role": "analyst", "tier": "partner"}, "takes the tier tasking"),
        ({"name": "x", "wards": ["nowhere"]}, "boundaries"),
    ],
)
def test_what_cannot_be_is_said_beside_what_was_typed(
    fields: dict[str, Any], said: str, add_person: AddPerson, open_client: OpenClient, database: Database
) -> None:
    add_person("boss", role="admin")
    answer = Form(open_client("boss")).send("/accounts", **fields, full_name="As it was typed")
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="As it was typed"' in answer.text
    with database.read() as session:
        assert len(session.scalars(select(Account)).all()) == 1


def test_an_admin_changes_disables_and_enables_and_all_of_it_is_in_the_audit(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    account = add_person("a.one")
    theirs, form = open_client("a.one"), Form(open_client("boss"))
    page = f"/accounts/{account.id}"
    assert form.send(page, full_name="Ann One", role="analyst", tier="tasking").status_code == 303
    assert form.send(page, full_name="Ann One", role="analyst", tier="tasking").status_code == 303  # as before
    assert form.send(page, role="owner").status_code == 422
    assert form.send(page, tier="all").status_code == 422
    assert form.send(f"{page}/delete").status_code == 422
    assert theirs.get("/").status_code == 200
    assert form.send(f"{page}/sign-out").status_code == 303
    assert theirs.get("/").status_code == 303
    assert form.send(f"{page}/disable").status_code == 303
    assert "nobody can sign in with it" in form.client.get(page).text
    assert form.send(f"{page}/enable").status_code == 303
    password = find_shown(form.send(f"{page}/password").text)
    assert theirs.post("/sign-in", data={"name": "a.one", "password": PASSWORD}).status_code == 401
    assert theirs.post("/sign-in", data={"name": "a.one", "password": password}).status_code == 303
    with database.read() as session:
        done = list_records(session, AuditFilter(actor="boss"))
        assert [(one.action, one.subject) for one in reversed(done)][1:] == [
            ("change account", "a.one"),
            ("end sessions", "a.one"),
            ("disable account", "a.one"),
            ("enable account", "a.one"),
            ("give password", "a.one"),
        ]
        assert done[-2].details == {"full_name": "Ann One", "role": "analyst"}
        assert check_chain(session).fault is None


def test_an_admin_stays_one(add_person: AddPerson, open_client: OpenClient, database: Database) -> None:
    boss = add_person("boss", role="admin")
    form = Form(open_client("boss"))
    assert "from yourself" in form.send(f"/accounts/{boss.id}", role="viewer", tier="tasking").text
    assert "from yourself" in form.send(f"/accounts/{boss.id}/disable").text
    assert form.send(f"/accounts/{boss.id}/password").status_code == 422
    assert form.send("/accounts/0123456789abcdef0123456789abcdef/disable").status_code == 404
    with database.read() as session:
        assert (find_account(session, "boss").role, find_account(session, "boss").is_active) == ("admin", True)


def test_everybody_makes_lists_and_takes_back_their_own_tokens(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    person = add_person("a.one")
    add_person("boss", role="admin")
    form = Form(open_client("a.one"))
    assert "You have none" in form.client.get("/tokens").text
    made = form.send("/tokens", label="QGIS <i>at work</i>", days="30")
    token = find_shown(made.text)
    assert "QGIS &lt;i&gt;at work" in made.text
    asker = find_api_token(database, token)
    assert asker is not None
    assert asker.person.name == "a.one"
    assert token not in form.client.get("/tokens").text
    for days in ("0", "400", "x", "-1", "1e3", "٣"):
        answer = form.send("/tokens", label="QGIS", days=days)
        assert (answer.status_code, "days" in answer.text) == (422, True), days
    token_id = re.search(r"/tokens/(\w+)/revoke", form.client.get("/tokens").text)
    assert token_id
    assert form.send(f"/tokens/{token_id[1]}/revoke").status_code == 303
    assert form.send(f"/tokens/{token_id[1]}/revoke").status_code == 404
    assert find_api_token(database, token) is None
    form.send("/tokens", label="Another", days="30")
    with database.read() as session:
        assert len(list_api_tokens(session, person.id)) == 1
    boss = Form(open_client("boss"))
    theirs = re.search(r'action="(/accounts/\w+/tokens/\w+/revoke)"', boss.client.get(f"/accounts/{person.id}").text)
    assert theirs
    assert boss.send(theirs[1]).status_code == 303
    with database.read() as session:
        assert list_api_tokens(session, person.id) == []
        named = [(one.actor, one.action) for one in session.scalars(select(AuditRecord)) if "token" in one.action]
        assert named == [
            ("a.one", "make token"), ("a.one", "revoke token"), ("a.one", "make token"), ("boss", "revoke token")
        ]  # fmt: skip


def test_the_audit_is_listed_newest_first_in_pages_and_by_what_is_asked(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    client = open_client("boss")
    with database.write() as session:
        for number in range(150):
            record(session, actor="a.one", action="open file", subject=f"file {number:03}", wards=["E1", "E2"])
    first = client.get("/audit", params={"actor": "A.One "})
    shown = re.findall(r"file (\d{3})", first.text)
    assert shown == [f"{number:03}" for number in range(149, 49, -1)]
    older = re.search(r'href="(/audit\?[^"]*before=\d+)"', first.text)
    assert older
    assert re.findall(r"file (\d{3})", client.get(older[1].replace("&amp;", "&")).text)[-1] == "000"
    assert "file" not in client.get("/audit", params={"first": "2099-01-01"}).text.partition("<tbody>")[2]
    assert client.get("/audit", params={"last": "0001-01-01"}).status_code == 200
    for field, day in (("first", "2026-13-45"), ("last", "9999-12-31"), ("first", "yesterday")):
        for page in ("/audit", "/audit/export.csv"):
            refused = client.get(page, params={field: day})
            assert (refused.status_code, "there is no such day" in refused.text) == (422, True), (page, day)
    assert client.get("/audit", params={"before": "x"}).status_code == 422


def test_the_audit_names_what_was_done_to_and_leads_there(
    database: Database,
    add_person: AddPerson,
    open_client: OpenClient,
    add_product: Callable[..., Product],
) -> None:
    add_person("boss", role="admin")
    account, product = add_person("a.one"), add_product("Robbery <b>", area="all wards")
    upload = Upload(file_name="may & june.csv", n_bytes=1, sha256="", status="kept", report={}, created_at=read_clock())
    with database.write() as session:
        session.add(upload)
    gone = "0" * 32
    done = {
        "ask for job": (product.job_id, f'<a href="/jobs/{product.job_id}">Robbery &lt;b&gt;</a>'),
        "open file": (
            f"{product.job_id}/a map.html", f'<a href="/files/{product.job_id}/a%20map.html">a map.html</a>'
        ),
        "compare runs": (
            f"{product.id}, {gone}", f'<a href="/products/{product.id}">Robbery &lt;b&gt;, all wards</a>; {gone}'
        ),
        "keep file": (upload.id, f'<a href="/uploads/{upload.id}">may &amp; june.csv</a>'),
        "change account": ("a.one", f'<a href="/accounts/{account.id}">a.one</a>'),
        "disable account": ("nobody", "nobody"),
        "sign in": ("a.one", "a.one"),
        "send file": (gone, gone),
    }  # fmt: skip
    with database.write() as session:
        for action, (subject, _) in done.items():
            record(session, actor="somebody", action=action, subject=subject)
        record(session, actor="somebody", action="change account", subject="x", ward_codes=[], role="viewer")
    page = open_client("boss").get("/audit", params={"actor": "somebody"}).text
    shown = re.findall(r'<td class="about">(.*?)\s*</td>', page, re.DOTALL)
    assert shown.pop(0) == "x<small>ward codes: none; role: viewer</small>"
    assert shown == [said for _, said in reversed(done.values())]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_audit_is_exported_whole_and_as_no_formula(
    form: Any, database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    client = open_client("boss")
    with database.write() as session:
        for number in range(1_100):
            record(session, actor="=cmd|' /C calc'!A1", action="open file", subject=f'"{number}", "\u00e9"')
    said = client.get(f"/audit/export.{form}")
    assert said.headers["content-disposition"] == f'attachment; filename="audit.{form}"'
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(said.text.removeprefix("\ufeff"))))
        assert {row["actor"] for row in rows} == {"boss", "'=cmd|' /C calc'!A1"}
        sequences = [int(row["sequence"]) for row in rows]
    else:
        lines = [json.loads(line) for line in said.text.splitlines()]
        assert lines[5]["subject"] == '"4", "\u00e9"'
        assert [line["previous_hash"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
        sequences = [line["sequence"] for line in lines]
    assert sequences == list(range(1, 1_103))  # signing in, 1,100, and this export
    assert client.get("/audit/export.xml").status_code == 422


def test_what_was_changed_afterwards_is_said(
    database: Database, add_person: AddPerson, open_client: OpenClient
) -> None:
    add_person("boss", role="admin")
    client = open_client("boss")
    with database.write() as session:
        for number in range(3):
            record(session, actor="a.one", action="open file", subject=str(number))
    whole = client.get("/audit/check").text
    assert "The audit is as it was written" in whole
    with database.read() as session:
        assert check_chain(session).last_hash in whole
    with database.write() as session:
        session.get_one(AuditRecord, 2).subject = "another"
    assert "Record 2 of" in client.get("/audit/check").text


def test_an_export_of_some_days_has_those_alone(database: Database) -> None:
    with database.write() as session:
        for number in range(3):
            record(session, actor="a", action="b", subject=str(number))
    with database.read() as session:
        second = session.get_one(AuditRecord, 2)
        assert list(export_records(session, AuditFilter(since=second.at, until=second.at), form="jsonl")) == []
        lines = "".join(export_records(session, AuditFilter(since=second.at), form="jsonl")).splitlines()
        assert [json.loads(line)["subject"] for line in lines] == ["1", "2"]
