"""Backups: taken, put back, and refused where anything is not as it was."""

from __future__ import annotations

import fcntl
import json
import os
import re
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from service_fixtures import PASSWORD
from sqlalchemy import func, select

from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError
from hotspots.service.audit import check_chain, record
from hotspots.service.backup import restore_backup, take_backup
from hotspots.service.people import Person, find_session, is_password, sign_in
from hotspots.service.shelf import list_products, open_file
from hotspots.service.state import (
    Account,
    Base,
    Database,
    FailedLogin,
    Product,
    ServiceSettings,
    load_service_settings,
    open_database,
    read_clock,
)

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1" width="1" height="1"></svg>'
AddPerson = Callable[..., Account]
AddProduct = Callable[..., Product]


def read_rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that is kept, in a form that both databases give alike."""
    with database.read() as session:
        return {
            table.name: sorted((tuple(map(repr, row)) for row in session.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
            if table.name != "sessions"
        }


@pytest.fixture
def filled(
    tmp_path: Path, database: Database, service: ServiceSettings, add_person: AddPerson, add_product: AddProduct
) -> ServiceSettings:
    """A service with an account, a product, an upload, settings and data."""
    workspace = tmp_path / "before"
    (workspace / "data" / "incidents").mkdir(parents=True)
    (workspace / "data" / "incidents" / "a.csv").write_text("x,y\n", "utf-8")
    (workspace / "hotspots.toml").write_text('crs = "EPSG:27700"\n', "utf-8")
    (service.incoming / "u1").mkdir(parents=True)
    (service.incoming / "u1" / "new.csv").write_bytes(b"sent")
    add_person("j.smith")
    add_product(wards={"E05000001": "Evelyn"}, files={"map.html": b"<p>", "tables/a.csv": b"1,2"})
    with database.write() as session:
        session.add(FailedLogin(name="x", address="127.0.0.1", at=read_clock()))
        record(session, actor="j.smith", action="open file", place="é")
    return service.model_copy(update={"workspace": workspace})


@pytest.fixture(params=["sqlite", "postgresql"])
def other_address(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Of the database to restore into; None for the usual file."""
    make: Callable[[], str] | None = None
    if request.param == "postgresql":
        make = request.getfixturevalue("make_postgres")
    return make() if make else None


def test_what_is_restored_is_what_there_was(
    filled: ServiceSettings, database: Database, other_address: str | None, tmp_path: Path
) -> None:
    taken = take_backup(database, filled, tmp_path / "backup.zip")
    assert stat.S_IMODE((tmp_path / "backup.zip").stat().st_mode) == 0o600
    there = tmp_path / "after"
    restored = restore_backup(tmp_path / "backup.zip", there, database=other_address)
    assert restored == taken
    _, settings = load_service_settings(there / "hotspots.toml")
    opened = open_database(other_address or settings.database_address)
    try:
        assert read_rows(opened) == read_rows(database)
        with opened.read() as session:
            assert check_chain(session).last_hash == taken.last_audit_hash
            person = Person(account_id="", name="", full_name="", role="viewer", tier="tasking")
            (product,) = list_products(session, person)
            file = open_file(session, person, product.job_id, "tables/a.csv", settings=settings)
            assert file.path.read_bytes() == b"1,2"
            account = session.scalars(select(Account)).one()
            assert is_password(PASSWORD, account.password_hash)
        for folder in (there, settings.folder):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (there / "data" / "incidents" / "a.csv").read_text("utf-8") == "x,y\n"
        assert (settings.incoming / "u1" / "new.csv").read_bytes() == b"sent"
        with opened.write() as session:  # numbers that the database gives go on behind those restored
            session.add(FailedLogin(name="y", address="127.0.0.1", at=read_clock()))
        with opened.read() as session:
            assert session.scalar(select(func.count()).select_from(FailedLogin)) == 2
    finally:
        opened.close()
    assert not list(tmp_path.glob(".*unfinished"))


def test_a_backup_does_not_overwrite_and_a_restore_needs_an_empty_place(
    filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "backup.zip"
    take_backup(database, filled, path)
    with pytest.raises(ParameterError, match="is there already"):
        take_backup(database, filled, path)
    with pytest.raises(ParameterError, match="in a folder that it is to hold"):
        take_backup(database, filled, filled.workspace / "data" / "b.zip")
    with pytest.raises(ParameterError, match="is not an empty folder"):
        restore_backup(path, filled.workspace)
    address = database.engine.url.render_as_string(hide_password=False)
    with pytest.raises(ParameterError, match="database is not empty"):
        restore_backup(path, tmp_path / "after", database=address)
    assert not (tmp_path / "after").exists()
    with pytest.raises(NotFoundError, match="No file"):
        restore_backup(tmp_path / "none.zip", tmp_path / "after")


def change(source: Path, target: Path, edit: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """A copy of a zip with its members changed, renamed or left out."""
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            changed = edit(name, before.read(name))
            if changed:
                after.writestr(*changed)
    return target


def list_instead(name: str, content: bytes, path: str) -> tuple[str, bytes]:
    """The list of contents with another path for the data file, which is renamed as well."""
    if name == "backup.json":
        return name, content.replace(b"workspace/data/incidents/a.csv", json.dumps(path)[1:-1].encode())
    return (path if name.endswith("a.csv") and name.startswith("workspace") else name), content


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            lambda name, content: (name, content + b" ") if name.endswith("map.html") else (name, content),
            "not as it was",
        ),
        (lambda name, content: None if name.endswith("map.html") else (name, content), "which it lists"),
        (lambda name, content: None if name == "backup.json" else (name, content), "not a backup of Hotspots"),
        (lambda name, content: list_instead(name, content, "workspace/../../out.csv"), "outside the backup"),
        (lambda name, content: list_instead(name, content, "/out.csv"), "outside the backup"),
        (
            lambda name, content: (name, content.replace(b'"accounts": 1', b'"accounts": 2')),
            "Of accounts the backup has 1 rows",
        ),
        (
            lambda name, content: (name, re.sub(rb'"database": "\w+"', b'"database": "next_tables_"', content)),
            "version next_tables_, which this Hotspots does not know",
        ),
    ],
)
def test_a_backup_that_was_changed_is_refused_and_leaves_nothing(
    edit: Any, said: str, filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    take_backup(database, filled, tmp_path / "backup.zip")
    changed = change(tmp_path / "backup.zip", tmp_path / "changed.zip", edit)
    with pytest.raises(HotspotsError, match=said):
        restore_backup(changed, tmp_path / "after")
    assert not (tmp_path / "after").exists()
    assert not (tmp_path / "out.csv").exists()
    assert not list(tmp_path.glob(".*unfinished"))


def test_a_product_that_was_changed_or_is_gone_stops_the_backup(
    filled: ServiceSettings, database: Database, add_product: AddProduct, tmp_path: Path
) -> None:
    product = add_product()
    shelved = filled.shelf / product.job_id / "map.html"
    shelved.write_bytes(b"other")
    with pytest.raises(HotspotsError, match="is not as it was put on the shelf"):
        take_backup(database, filled, tmp_path / "backup.zip")
    shelved.unlink()
    with pytest.raises(HotspotsError, match="is not there, and the database names it"):
        take_backup(database, filled, tmp_path / "backup.zip")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match="cannot be read as a backup"):
        restore_backup(tmp_path / "b.zip", tmp_path / "after")


def test_nobody_is_signed_in_after_a_restore(
    filled: ServiceSettings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOTSPOTS_DATABASE", raising=False)
    token = sign_in(database, "j.smith", PASSWORD, address="", settings=filled)
    assert find_session(database, token, filled) is not None
    take_backup(database, filled, tmp_path / "backup.zip")
    restore_backup(tmp_path / "backup.zip", tmp_path / "after")
    _, settings = load_service_settings(tmp_path / "after" / "hotspots.toml")
    opened = open_database(settings.database_address)
    try:
        assert find_session(opened, token, settings) is None
        assert sign_in(opened, "j.smith", PASSWORD, address="", settings=settings)
    finally:
        opened.close()


def read_restored(path: Path, there: Path) -> dict[str, bytes]:
    """Every file of a workspace that is made of a backup, by its path."""
    restore_backup(path, there)
    return {file.relative_to(there).as_posix(): file.read_bytes() for file in there.rglob("*") if file.is_file()}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOTSPOTS_DATABASE", raising=False)


@pytest.mark.usefixtures("alone")
@pytest.mark.one_database
@pytest.mark.parametrize("after", [1, 2, 3, 4])
def test_a_file_that_is_kept_during_the_backup_is_in_it(
    after: int, filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    sent, n_files = filled.incoming / "u1" / "new.csv", [0]

    def keep(step: str) -> None:
        n_files[0] += not step.startswith("table ")
        if n_files[0] == after and sent.exists():
            os.replace(sent, filled.workspace / "data" / "incidents" / "new.csv")  # noqa: PTH105

    take_backup(database, filled, tmp_path / "backup.zip", progress=keep)
    assert not sent.exists()
    assert b"sent" in read_restored(tmp_path / "backup.zip", tmp_path / "after").values()


@pytest.mark.usefixtures("alone")
@pytest.mark.one_database
def test_whatever_the_settings_name_in_the_workspace_is_in_the_backup(
    filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    for folder in (filled.workspace / "recorded", filled.workspace / "kept tables", elsewhere):
        folder.mkdir()
        (folder / "b.csv").write_text(folder.name, "utf-8")
    (filled.workspace / "recorded" / ".c.csv.coming").write_text("half", "utf-8")
    (filled.workspace / "data" / "incidents" / ".part-d.csv").write_text("half", "utf-8")
    (filled.workspace / "data" / "linked").symlink_to(elsewhere)
    (elsewhere / "around").symlink_to(elsewhere)
    named = f'incidents = ["recorded", "{elsewhere}"]\npopulation = "kept tables/b.csv"\n'
    named += '[house]\nlogo = "logo.svg"\n'
    (filled.workspace / "logo.svg").write_text(LOGO, "utf-8")
    (filled.workspace / "hotspots.toml").write_text(named, "utf-8")
    taken = take_backup(database, filled, tmp_path / "backup.zip")
    assert taken.left_out == (elsewhere.as_posix(),)
    found = read_restored(tmp_path / "backup.zip", tmp_path / "after")
    assert {name for name in found if not name.startswith("service/")} == {
        "hotspots.toml", "data/incidents/a.csv", "data/linked/b.csv", "recorded/b.csv", "kept tables/b.csv",
        "logo.svg"
    }  # fmt: skip
    assert found["data/linked/b.csv"] == b"elsewhere"


@pytest.mark.one_database
def test_a_file_that_is_written_meanwhile_is_not_half_in_a_backup(
    filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    coming, is_over = filled.workspace / "data" / "coming.csv", threading.Event()
    coming.write_bytes(os.urandom(2**23))

    def write() -> None:
        with coming.open("ab") as file:
            while not is_over.is_set():
                file.write(b"x")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(HotspotsError, match="was written to while it was read"):
            take_backup(database, filled, tmp_path / "backup.zip")
    finally:
        is_over.set()
        writer.join()
    assert not list(tmp_path.glob("*backup*"))


@pytest.mark.one_database
def test_two_backups_do_not_write_one_file(filled: ServiceSettings, database: Database, tmp_path: Path) -> None:
    draft = tmp_path / ".backup.zip.unfinished"
    draft.write_text("of a backup that was killed", "utf-8")
    with draft.open("rb+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ParameterError, match="is being written at this moment"):
            take_backup(database, filled, tmp_path / "backup.zip")
        assert draft.exists()
    assert take_backup(database, filled, tmp_path / "backup.zip").files
    assert not draft.exists()


@pytest.mark.one_database
def test_a_restore_that_fails_leaves_a_folder_elsewhere_as_it_was(
    filled: ServiceSettings, database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "of the service"
    (filled.workspace / "hotspots.toml").write_text(f'[service]\nfolder = "{folder}"\n', "utf-8")
    take_backup(database, filled, tmp_path / "backup.zip")
    address = database.engine.url.render_as_string(hide_password=False)
    with pytest.raises(ParameterError, match="database is not empty"):
        restore_backup(tmp_path / "backup.zip", tmp_path / "after", database=address)
    assert not folder.exists()
    assert not (tmp_path / "after").exists()
