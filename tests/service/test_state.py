"""The database: its version, its times, and transactions on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import shutil
import stat
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from hotspots.errors import HotspotsError, ParameterError
from hotspots.service.audit import check_chain, record
from hotspots.service.state import (
    Account,
    AuditRecord,
    Base,
    Database,
    LoginSession,
    ServiceSettings,
    find_version,
    load_service_settings,
    open_database,
    read_clock,
    upgrade_database,
)


def make_account(**details: Any) -> Account:
    return Account(
        name="a", full_name="A", role="viewer", tier="tasking", ward_codes=[], **{"created_at": read_clock(), **details}
    )


def test_the_tables_are_those_that_the_steps_make(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_time_comes_back_aware_and_in_utc(database: Database) -> None:
    at = dt.datetime(2026, 7, 1, 12, 30, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    with database.write() as session:
        session.add(made := make_account(created_at=at))
        session.flush()
        account_id = made.id
    with database.read() as session:
        stored = session.get_one(Account, account_id).created_at
    assert stored.isoformat() == "2026-07-01T11:30:00.250000+00:00"


def test_a_time_without_an_offset_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="must have an offset"), database.write() as session:
        session.add(make_account(created_at=dt.datetime(2026, 7, 1)))


def test_after_an_error_nothing_is_kept(database: Database) -> None:
    def stop_halfway() -> None:
        with database.write() as session:
            session.add(make_account())
            record(session, actor="a", action="make account")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        stop_halfway()
    with database.read() as session:
        assert session.query(Account).count() == session.query(AuditRecord).count() == 0


def test_opening_again_changes_nothing_and_a_later_version_is_refused(database_address: str) -> None:
    first = open_database(database_address)
    version = find_version(first)
    first.close()
    second = open_database(database_address)
    assert find_version(second) == version is not None
    with second.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_next_year'"))
    second.close()
    with pytest.raises(HotspotsError, match="version of_next_year, which this Hotspots does not know"):
        open_database(database_address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nonsense", "not an address of a database"),
        ("mysql://a@b/c", "must be of PostgreSQL or SQLite, not mysql"),
        ("postgresql://a:secret@127.0.0.1:1/c", "does not answer"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_its_password(address: str, said: str) -> None:
    with pytest.raises(HotspotsError, match=said) as caught:
        open_database(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("prt = 1", 'unknown key "prt". Did you mean "port"'),
        ("port = 70000", "service.port: .*less than or equal to 65535, not 70000"),
        ("database = 5", r"service.database: .*string\. Correct"),
        ('tls_key = "key.pem"', "go together"),
        ('proxies = ["10.0.0.1"]', "Give `public_address` as https"),
        ('proxies = ["proxy"]', "service.proxies"),
        ('workspace = "x"', "cannot be set"),
    ],
)
def test_a_wrong_setting_is_named(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "hotspots.toml").write_text(f"[service]\n{written}\n", "utf-8")
    with pytest.raises(ParameterError, match=said):
        load_service_settings(tmp_path / "hotspots.toml")


def test_paths_of_the_service_are_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hotspots.toml").write_text('[service]\nport = 9000\nfolder = "kept"\n', "utf-8")
    monkeypatch.setenv("HOTSPOTS_DATABASE", "postgresql://a:b@c/d")
    _, service = load_service_settings(tmp_path / "hotspots.toml")
    assert (service.port, service.shelf) == (9000, tmp_path / "kept" / "shelf")
    assert service.database_address == "postgresql://a:b@c/d"


def test_records_are_chained_and_whatever_is_changed_shows(database: Database) -> None:
    with database.write() as session:
        for number in range(5):
            record(session, actor="a\nb", action="open product", subject="x" * 500, place=number)
    with database.read() as session:
        checked = check_chain(session)
        assert (checked.n_records, checked.fault) == (5, None)
        assert session.get_one(AuditRecord, 1).actor == "a\ufffdb"
    with database.write() as session:
        session.execute(text("UPDATE audit SET actor = 'c' WHERE sequence = 3"))
    with database.read() as session:
        assert "Record 3" in str(check_chain(session).fault)
    with database.write() as session:
        session.execute(text("DELETE FROM audit WHERE sequence = 3"))
    with database.read() as session:
        assert check_chain(session).fault == "Between records 2 and 4 there are some missing."


STEP = """
import sqlalchemy as sa
from alembic import op

revision = "second"
down_revision = {before!r}


def upgrade() -> None:
    with op.batch_alter_table("accounts") as changed:
        changed.alter_column("full_name", type_=sa.String(200), existing_type=sa.String(120))
    op.execute({statement!r})
"""


def add_step(database: Database, folder: Path, statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put another step behind those that there are, in a copy of them."""
    step = STEP.format(before=find_version(database), statement=statement)
    steps = Path(str(resources.files("hotspots.service.migrations")))
    shutil.copytree(steps, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "second.py").write_text(step, "utf-8")
    monkeypatch.setattr("hotspots.service.state.database.resources.files", lambda _: folder)


def add_signed_in(database: Database) -> None:
    with database.write() as session:
        session.add(made := make_account())
        session.flush()
        now = read_clock()
        session.add(
            LoginSession(token_hash=b"x", account_id=made.id, form_token="y", created_at=now, seen_at=now, ends_at=now)
        )


def test_a_step_that_makes_a_table_anew_loses_no_rows_that_point_to_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_signed_in(database)
    add_step(database, tmp_path / "steps", "SELECT 1", monkeypatch)
    upgrade_database(database)
    assert find_version(database) == "second"
    with database.read() as session:
        assert session.query(LoginSession).count() == 1
    with pytest.raises(IntegrityError), database.write() as session:  # links hold again
        session.execute(text("UPDATE sessions SET account_id = 'nobody'"))


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_step_after_which_a_row_points_nowhere_is_not_taken(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_signed_in(database)
    before = find_version(database)
    add_step(database, tmp_path / "steps", "DELETE FROM accounts", monkeypatch)
    with pytest.raises(HotspotsError, match="a row of sessions would point to one of accounts that is not there"):
        upgrade_database(database)
    assert find_version(database) == before
    with database.read() as session:
        assert session.query(Account).count() == 1


def test_who_reads_sees_one_state_whatever_is_written_meanwhile(database: Database) -> None:
    with database.read() as session:
        assert session.query(Account).count() == 0
        with database.write() as other:
            other.add(make_account())
        assert session.query(Account).count() == 0


@pytest.mark.parametrize("database_address", ["postgresql"], indirect=True)
def test_a_writer_that_stands_still_gives_up_its_locks(database: Database) -> None:
    with database.write() as session:
        bounds = [
            session.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert bounds == ["30s", "30s"]
    with database.read() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "0"  # a file may be sent slowly


@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_nobody_else_on_the_machine_reads_the_database(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.add(make_account())
    files = [tmp_path / "service", *(tmp_path / "service").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}
    assert len(files) == 4


def test_the_folder_of_the_service_is_closed_to_others(service: ServiceSettings) -> None:
    service.make_folder()
    assert stat.S_IMODE(service.folder.stat().st_mode) == 0o700
    service.folder.chmod(0o755)  # as somebody made it before
    service.make_folder()
    assert stat.S_IMODE(service.folder.stat().st_mode) == 0o750
