"""`hotspots users` and `hotspots audit`: accounts and records without a browser."""

from __future__ import annotations

import builtins
import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from support import Said

from hotspots.cli.main import cli
from hotspots.service.people import NotSignedInError, find_api_token, sign_in
from hotspots.service.state import load_service_settings, open_database

STRONG = "river lamp nine oak"
Call = Callable[..., Said]


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts text on stdin."""
    return lambda given: monkeypatch.setattr(sys, "stdin", io.StringIO(given))


def sign_in_here(name: str, password: str) -> str:
    _, service = load_service_settings()
    database = open_database(service.database_address)
    try:
        return sign_in(database, name, password, address="", settings=service)
    finally:
        database.close()


def test_an_account_is_made_listed_changed_and_disabled(
    call: Call, type_in: Callable[[str], None], tmp_path: Path
) -> None:
    type_in(f"{STRONG}\n")
    made = call(
        "users", "add", "Boss", "--role", "admin", "--full-name", "The \x1b[31mBoss", "--stdin", "--keep-password"
    )
    assert (made.code, made.out, made.err) == (0, "", "boss is there: admin, tasking, all wards.\n")
    assert sign_in_here("boss", STRONG)
    made = call("users", "add", "a.one", "--tier", "partner", "--make")
    password = made.out.strip()
    assert sign_in_here("a.one", password)
    assert (
        call("users", "list").out
        == "a.one\ta.one\tviewer, partner, all wards\nboss\tThe  [31mBoss\tadmin, tasking, all wards\n"
    )
    listed = json.loads(call("users", "list", "--json").out)
    assert [(one["name"], one["must_change_password"]) for one in listed] == [("a.one", True), ("boss", False)]
    assert "password_hash" not in listed[0]
    changed = call("users", "change", "a.one", "--role", "analyst", "--tier", "tasking")
    assert changed.err == "a.one is analyst, tasking, all wards.\n"
    assert "as before" in call("users", "change", "a.one", "--role", "analyst").err
    assert call("users", "disable", "a.one").err == "a.one is analyst, tasking, all wards, disabled.\n"
    assert call("users", "disable", "a.one", "--undo").err == "a.one is analyst, tasking, all wards.\n"
    records = call("audit", "export", "--format", "jsonl").out.splitlines()
    said = [(json.loads(line)["action"], json.loads(line)["subject"]) for line in records]
    assert [one for one in said if one[0] != "sign in"] == [
        ("add account", "boss"),
        ("add account", "a.one"),
        ("change account", "a.one"),
        ("disable account", "a.one"),
        ("enable account", "a.one"),
        ("export audit", "jsonl"),
    ]
    assert STRONG not in "".join(records)
    assert password not in "".join(records)


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "said"),
    [
        (("add", "a b", "--make"), "", 2, "The name of an account has"),
        (("add", "x", "--stdin"), "short\n", 2, "12 to 128 characters"),
        (("add", "x", "--stdin"), "", 2, "Nothing was on stdin"),
        (("add", "x", "--stdin", "--make"), "", 2, "not both"),
        (("add", "x"), "", 2, "There is no terminal to ask"),
        (("add", "x", "--make", "--ward", "Nowhere"), "", 2, "data/boundaries"),
        (("add", "x", "--make", "--role", "analyst", "--tier", "partner"), "", 2, "takes the tier tasking"),
        (("change", "nobody", "--role", "admin"), "", 2, 'no account "nobody"'),
        (("change", "x", "--ward", "a", "--all-wards"), "", 2, "--ward or --all-wards"),
        (("password", "nobody", "--make"), "", 2, 'no account "nobody"'),
        (("token", "nobody", "--label", "a"), "", 2, 'no account "nobody"'),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    arguments: tuple[str, ...], typed: str, code: int, said: str, call: Call, type_in: Callable[[str], None]
) -> None:
    type_in(typed)
    done = call("users", *arguments)
    assert (done.code, said in done.err) == (code, True), done
    assert call("users", "list").out == ""


def test_the_last_admin_is_not_disabled(call: Call) -> None:
    call("users", "add", "boss", "--role", "admin", "--make")
    assert "last admin" in call("users", "disable", "boss").err
    assert "last admin" in call("users", "change", "boss", "--role", "viewer").err


def test_a_password_is_typed_twice_and_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    monkeypatch.setattr("hotspots.cli.users_command.is_terminal", lambda: True)
    typed = f"{STRONG}\nanother of them\n{STRONG}\n{STRONG}\n"
    done = CliRunner().invoke(cli, ["users", "add", "a.one", "--keep-password"], input=typed, catch_exceptions=False)
    assert done.exit_code == 0
    assert STRONG not in done.output
    assert sign_in_here("a.one", STRONG)


def test_whoever_signs_in_elsewhere_has_no_password_here(call: Call) -> None:
    made = call("users", "add", "a.one", "--elsewhere")
    assert (made.code, made.out) == (0, "")
    with pytest.raises(NotSignedInError):
        sign_in_here("a.one", STRONG)
    assert call("users", "add", "b.two", "--elsewhere", "--make").code == 2


def test_another_password_ends_what_was_signed_in(call: Call) -> None:
    call("users", "add", "a.one", "--make", "--keep-password")
    token = call("users", "token", "a.one", "--label", "QGIS").out.strip()
    given = call("users", "password", "a.one", "--make")
    assert sign_in_here("a.one", given.out.strip())
    assert call("users", "token", "a.one", "--list").out == ""
    assert token not in given.out


def test_a_token_is_printed_once_listed_without_it_and_taken_back(call: Call) -> None:
    call("users", "add", "a.one", "--make", "--keep-password")
    made = call("users", "token", "a.one", "--label", "QGIS", "--days", "30")
    token = made.out.strip()
    _, service = load_service_settings()
    database = open_database(service.database_address)
    assert find_api_token(database, token) is not None
    listed = call("users", "token", "a.one", "--list").out
    token_id, label, *_ = listed.split("\t")
    assert (label, token in listed) == ("QGIS", False)
    assert call("users", "token", "a.one", "--revoke", "0" * 12).code == 2
    assert call("users", "token", "a.one", "--revoke", token_id).code == 0
    assert find_api_token(database, token) is None
    database.close()
    refused = call("users", "token", "a.one", "--label", "QGIS", "--days", "9999")
    assert (refused.code, "--days" in refused.err) == (2, True)


def test_wards_are_named_by_code_or_name(call: Call, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "hotspots.toml").write_text(
        f'boundaries = "{(repository / "data" / "boundaries").as_posix()}"\n', "utf-8"
    )
    call("users", "add", "team", "--ward", "peckham", "--ward", "E05000443", "--make")
    assert "wards E05000443, E05000546" in call("users", "list").out
    missed = call("users", "change", "team", "--ward", "Peckam")
    assert (missed.code, "Peckham (E05000546)" in missed.err) == (2, True)
    assert call("users", "change", "team", "--all-wards").err == "team is viewer, tasking, all wards.\n"


def test_the_audit_is_checked_and_what_was_changed_or_cut_off_shows(call: Call, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        call("users", "add", name, "--make")
    whole = call("audit", "check")
    kept = whole.out.strip()
    assert (whole.code, len(kept)) == (0, 64)
    assert call("audit", "check", "--kept", kept).code == 0
    assert json.loads(call("audit", "check", "--json").out) == {"n_records": 3, "last_hash": kept, "fault": None}
    _, service = load_service_settings()
    database = open_database(service.database_address)
    with database.write() as session:
        session.execute(text("DELETE FROM audit WHERE sequence = 3"))
    cut = call("audit", "check", "--kept", kept)
    assert (call("audit", "check").code, cut.code, "the end was cut off" in cut.err) == (0, 3, True)
    with database.write() as session:
        session.execute(text("UPDATE audit SET subject = 'x' WHERE sequence = 1"))
    database.close()
    assert "Record 1" in call("audit", "check").err


def test_the_audit_goes_into_a_file_or_to_stdout(call: Call, tmp_path: Path) -> None:
    call("users", "add", "a.one", "--make")
    written = call("audit", "export", "--out", "audit.csv")
    assert written.out == "audit.csv\n"
    rows = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text("utf-8-sig"))))
    assert [row["action"] for row in rows] == ["add account", "export audit"]
    assert call("audit", "export", "--to", "2001-01-01").out.count("\n") == 1
    assert call("audit", "export", "--from", "2001-01-01").out.count("\n") == 5


@pytest.mark.parametrize("arguments", [("users", "list"), ("audit", "check")])
def test_without_its_packages_the_command_says_what_to_install(
    arguments: tuple[str, ...], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = builtins.__import__

    def miss(name: str, *rest: Any) -> Any:
        if name == "argon2":
            raise ImportError("No module named 'argon2'", name="argon2")
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", miss)
    done = call(*arguments)
    assert done.code == 1
    assert 'argon2 is not installed. Install them: pip install "hotspots[service]".' in done.err
