"""Files that people send: names made safe, limits, the check in its process, and what is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from service_fixtures import run_apart
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.audit import check_chain, record
from hotspots.service.people import NotAllowedError, Person
from hotspots.service.state import AuditRecord, Database, ServiceSettings, Upload, UploadStatus, make_id, read_clock
from hotspots.service.uploads import (
    TooLargeError,
    check_upload,
    check_waiting,
    discard_undecided,
    discard_upload,
    find_obstacle,
    find_upload,
    keep_upload,
    list_uploads,
    make_safe_name,
    receive_upload,
    sweep_incoming,
)
from hotspots.settings import Settings

ROWS = (
    "Crime Ref,Offence,Date From,Easting,Northing,Location,Victim Name\n"
    "1,Personal robbery,31/12/2025 18:05,536560,178413,Grove Street,Jo Bloggs\n"
    "2,Personal robbery,soon,536560,178413,Mr Jo Bloggs of 5 Grove Street 07700 900123,Jo Bloggs\n"
)
Send = Callable[..., Upload]


@pytest.fixture
def analyst(add_person: Callable[..., Any]) -> Person:
    account = add_person("ana", role="analyst")
    return Person(account_id=account.id, name="ana", full_name="Ana", role="analyst", tier="tasking")


@pytest.fixture
def put_upload(database: Database, service: ServiceSettings) -> Send:
    """Puts a file among those that were sent, as if the service had ended just then."""

    def put(
        content: bytes = ROWS.encode(),
        *,
        name: str = "rows.csv",
        status: UploadStatus = "received",
        report: dict[str, Any] | None = None,
    ) -> Upload:
        upload = Upload(
            id=make_id(),
            file_name=name,
            n_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            status=status,
            report=report or {},
            created_at=read_clock(),
        )
        folder = service.incoming / upload.id
        folder.mkdir(parents=True)
        (folder / name).write_bytes(content)
        with database.write() as session:
            session.add(upload)
        return upload

    return put


async def stream(*chunks: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then is not None:
        raise then


def list_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def read_again(database: Database, upload: Upload) -> Upload:
    with database.read() as session:
        return session.get_one(Upload, upload.id)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("Robbery 2025-01.csv", "Robbery 2025-01.csv"),
        ("../../etc/cron.d/x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("/etc/passwd.csv", "passwd.csv"),
        (".hidden.csv", "hidden.csv"),
        ("-rf.csv", "rf.csv"),
        ("a\r\nSet-Cookie: b=1.csv", "aSet-Cookie b 1.csv"),
        ("x\0.csv", "x.csv"),
        ("\u202evsc.exe.csv", "vsc.exe.csv"),
        ("<script>alert(1)</script>.csv.gz", "script.csv.gz"),
        ("..csv", "incidents.csv"),
        (".csv", "incidents.csv"),
        ("Überfälle.XLSX", "Überfälle.xlsx"),
        ("$(reboot).csv", "reboot.csv"),
        ("ﬁle.csv", "file.csv"),
    ],
)
def test_a_name_is_made_safe(given: str, safe: str) -> None:
    assert make_safe_name(given) == safe
    assert make_safe_name(safe) == safe


def test_a_name_without_end_is_cut_to_what_a_file_system_takes() -> None:
    for letter in ("a", "ü", "\U00020000"):
        made = make_safe_name(letter * 5_000 + ".geojson")
        assert made.endswith(".geojson")
        assert 50 < len(made.encode()) < 200


def test_a_name_of_somebody_is_taken_out_of_the_name_of_a_file() -> None:
    made = make_safe_name("statement of Mr Jo Bloggs 07700 900123.csv")
    assert "Bloggs" not in made
    assert "900123" not in made


@pytest.mark.parametrize("name", ["x.exe", "x.csv.html", "x", "", "x.shp", "x.csv/", "x.csv\\", "csv"])
def test_only_what_is_read_in_a_folder_is_taken(name: str) -> None:
    with pytest.raises(ParameterError, match="ends in .csv"):
        make_safe_name(name)


def test_a_file_is_there_once_all_of_it_has_come(database: Database, service: ServiceSettings, analyst: Person) -> None:
    upload = run_apart(
        receive_upload(database, analyst, file_name="a/b.csv", chunks=stream(b"one,", b"two"), settings=service)
    )
    assert list_below(service.incoming) == [f"{upload.id}/b.csv"]
    assert (service.incoming / upload.id / "b.csv").read_bytes() == b"one,two"
    again = read_again(database, upload)
    assert (again.status, again.n_bytes) == ("received", 7)
    assert again.sha256 == hashlib.sha256(b"one,two").hexdigest()
    with database.read() as session:
        assert session.get_one(AuditRecord, 1).action == "send file"
        assert check_chain(session).fault is None


@pytest.mark.parametrize(
    ("chunks", "n_declared", "then", "error"),
    [
        ((b"x",), 2 * 2**20, None, TooLargeError),
        ((b"x" * 2**19,) * 3, None, None, TooLargeError),
        ((b"x" * 2**19,) * 3, 10, None, TooLargeError),
        ((), None, None, ParameterError),
        ((b"x",), None, ConnectionError("gone away"), ConnectionError),
    ],
)
def test_of_what_is_not_taken_nothing_is_left(
    chunks: tuple[bytes, ...],
    n_declared: int | None,
    then: Exception | None,
    error: type[Exception],
    database: Database,
    service: ServiceSettings,
    analyst: Person,
) -> None:
    small = service.model_copy(update={"max_upload_mb": 1})
    with pytest.raises(error):
        run_apart(
            receive_upload(
                database,
                analyst,
                file_name="a.csv",
                chunks=stream(*chunks, then=then),
                settings=small,
                n_declared=n_declared,
            )
        )
    assert not service.incoming.is_dir() or list(service.incoming.iterdir()) == []
    with database.read() as session:
        assert session.query(Upload).count() == session.query(AuditRecord).count() == 0


def test_who_only_reads_sends_nothing(database: Database, service: ServiceSettings, put_upload: Send) -> None:
    viewer = Person(account_id="x", name="x", full_name="X", role="viewer", tier="tasking")
    upload = put_upload(status="checked")
    with pytest.raises(NotAllowedError):
        run_apart(receive_upload(database, viewer, file_name="a.csv", chunks=stream(b"x"), settings=service))
    with pytest.raises(NotAllowedError):
        keep_upload(database, viewer, upload.id, settings=Settings(), service=service)
    with pytest.raises(NotAllowedError):
        discard_upload(database, viewer, upload.id, settings=Settings(), service=service)
    with database.read() as session, pytest.raises(NotAllowedError):
        find_upload(session, viewer, upload.id)
    with database.read() as session, pytest.raises(NotAllowedError):
        list_uploads(session, viewer)
    assert read_again(database, upload).status == "checked"


@pytest.mark.slow
def test_a_check_says_what_is_recognised_and_nothing_of_people(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    upload = put_upload()
    check_waiting(database, Settings(), service)
    checked = read_again(database, upload)
    assert (checked.status, checked.message) == ("checked", "")
    assert (checked.report["n_read"], checked.report["n_used"]) == (2, 1)
    assert checked.report["tables"][0]["not_read"] == ["Victim Name"]
    assert checked.report["tables"][0]["columns"]["When"] == "Date From"
    assert "Bloggs" not in str(checked.report)
    assert "900123" not in str(checked.report)
    assert list_below(service.incoming) == [f"{upload.id}/rows.csv"]
    with database.read() as session:
        assert session.get_one(AuditRecord, 1).outcome == "done"


@pytest.mark.slow
def test_a_layout_that_nobody_knows_is_refused_with_a_draft_and_without_its_cells(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    upload = put_upload(b"cuando,donde,victima\n2026-01-05,x,Jo Bloggs\n")
    check_upload(database, upload.id, settings=Settings(), service=service)
    checked = read_again(database, upload)
    assert checked.status == "refused"
    assert "does not have a known layout" in checked.message
    assert "[sources.rows]" in checked.report["draft"]
    assert "Bloggs" not in checked.message + str(checked.report)


@pytest.mark.slow
def test_a_workbook_that_unpacks_to_more_than_fits_is_refused(
    database: Database, service: ServiceSettings, put_upload: Send, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>" + b" " * 1_000)
    content = bytearray((tmp_path / "bomb.xlsx").read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<L", 2**31)  # says that it unpacks to 2 GB
    upload = put_upload(bytes(content), name="bomb.xlsx")
    check_upload(database, upload.id, settings=Settings(), service=service)
    checked = read_again(database, upload)
    assert (checked.status, "unpacks to more than 1024 MB" in checked.message) == ("refused", True), checked.message


def list_checks() -> list[psutil.Process]:
    """The checks at work that this process has started: it may have a browser as well."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "hotspots" in child.cmdline():
                found.append(child)
    return found


def test_a_check_that_takes_too_long_is_ended(database: Database, service: ServiceSettings, put_upload: Send) -> None:
    upload = put_upload()
    check_upload(database, upload.id, settings=Settings(), service=service, seconds=0.1)
    checked = read_again(database, upload)
    assert (checked.status, checked.report) == ("refused", {})
    assert "stopped after 0 seconds" in checked.message
    assert list_checks() == []


def test_a_check_that_takes_too_much_memory_is_ended(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    upload = put_upload()
    small = service.model_copy(update={"max_memory_mb": 15})
    check_upload(database, upload.id, settings=Settings(), service=small)
    checked = read_again(database, upload)
    assert (checked.status, "more than 15 MB of memory" in checked.message) == ("refused", True), checked.message


def test_a_check_that_somebody_kills_leaves_a_file_refused(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    upload = put_upload()

    def kill() -> None:
        while not (started := list_checks()):
            time.sleep(0.01)
        for child in started:
            child.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    check_upload(database, upload.id, settings=Settings(), service=service)
    killer.join()
    checked = read_again(database, upload)
    assert (checked.status, "broke off" in checked.message) == ("refused", True)


def test_a_check_knows_nothing_of_the_database(
    database: Database, service: ServiceSettings, put_upload: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTSPOTS_DATABASE", "postgresql://a:secret@b/c")
    upload = put_upload()
    seen: list[dict[str, str]] = []

    def look() -> None:
        while not (children := list_checks()):
            time.sleep(0.01)
        seen.append(children[0].environ())

    watcher = threading.Thread(target=look)
    watcher.start()
    check_upload(database, upload.id, settings=Settings(), service=service, seconds=0.3)
    watcher.join()
    assert seen[0]
    assert "secret" not in str(seen[0])


CHECK = """
import sys
from pathlib import Path
from hotspots.service.state import ServiceSettings, open_database
from hotspots.service.uploads import check_upload
from hotspots.settings import Settings
address, folder, upload_id = sys.argv[1:]
service = ServiceSettings(workspace=Path(folder), folder=Path(folder) / "service")
check_upload(open_database(address), upload_id, settings=Settings(), service=service)
"""


@pytest.mark.slow
@pytest.mark.one_database
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end a process with its parent")
def test_a_check_ends_with_a_service_that_is_killed(
    database: Database, database_address: str, service: ServiceSettings, put_upload: Send
) -> None:
    head, row = ROWS.splitlines(keepends=True)[:2]
    upload = put_upload((head + row * 500_000).encode())  # takes seconds
    command = [sys.executable, "-c", CHECK, database_address, str(service.workspace), upload.id]
    with subprocess.Popen(command) as process:
        while not (started := [one for one in list_checks() if upload.file_name in one.cmdline()]):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    end = time.monotonic() + 1
    while any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in started):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert read_again(database, upload).status == "received"


@pytest.mark.slow
def test_files_from_before_a_restart_are_checked_and_what_never_came_is_removed(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    waiting = [put_upload(), put_upload(ROWS.replace("31/12", "30/12").encode())]
    decided = put_upload(status="discarded")
    half, young = service.incoming / make_id(), service.incoming / make_id()
    for folder in (half, young):
        folder.mkdir()
        (folder / ".receiving").write_bytes(b"half of")
    long_ago = time.time() - 7_200
    for path in (half / ".receiving", half, service.incoming / decided.id / "rows.csv", service.incoming / decided.id):
        os.utime(path, (long_ago, long_ago))
    check_waiting(database, Settings(), service)
    assert [read_again(database, one).status for one in waiting] == ["checked", "checked"]
    assert {path.name for path in service.incoming.iterdir()} == {young.name, *(one.id for one in waiting)}


def test_a_decision_made_during_a_check_stands(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload = put_upload()
    discard_upload(database, analyst, upload.id, settings=Settings(), service=service)
    check_upload(database, upload.id, settings=Settings(), service=service)
    assert read_again(database, upload).status == "discarded"
    assert list_below(service.incoming) == []


def test_a_checked_file_is_put_among_the_incidents(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload = put_upload(status="checked")
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    folder = service.workspace / "data" / "incidents"
    assert list_below(folder) == [f"rows {upload.id[:8]}.csv"]
    assert (folder / f"rows {upload.id[:8]}.csv").read_text("utf-8") == ROWS
    assert list_below(service.incoming) == []
    assert read_again(database, upload).status == "kept"
    with database.read() as session:
        kept = session.get_one(AuditRecord, 1)
    assert (kept.actor, kept.action, kept.subject) == ("ana", "keep file", upload.id)
    with pytest.raises(ParameterError, match="this one is kept"):
        keep_upload(database, analyst, upload.id, settings=Settings(), service=service)


def test_a_file_goes_to_the_folder_of_the_settings(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person, tmp_path: Path
) -> None:
    (tmp_path / "extracts").mkdir()
    named = Settings(incidents=(tmp_path / "one.csv", tmp_path / "extracts"))
    keep_upload(database, analyst, put_upload(status="checked").id, settings=named, service=service)
    assert len(list_below(tmp_path / "extracts")) == 1
    with pytest.raises(ParameterError, match="names no folder"):
        keep_upload(
            database,
            analyst,
            put_upload(status="checked").id,
            settings=Settings(incidents=(tmp_path / "one.csv",)),
            service=service,
        )


@pytest.mark.parametrize("status", ["received", "refused", "discarded"])
def test_what_is_not_checked_is_not_kept(
    status: UploadStatus, database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload = put_upload(status=status)
    with pytest.raises(ParameterError, match=f"this one is {status}"):
        keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert list_below(service.workspace / "data") == []
    with pytest.raises(NotFoundError):
        keep_upload(database, analyst, make_id(), settings=Settings(), service=service)


def test_the_same_bytes_are_kept_once(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    first, second = put_upload(status="checked"), put_upload(status="checked", name="again.csv")
    keep_upload(database, analyst, first.id, settings=Settings(), service=service)
    with pytest.raises(ParameterError, match=f"there already, as rows {first.id[:8]}.csv"):
        keep_upload(database, analyst, second.id, settings=Settings(), service=service)
    assert len(list_below(service.workspace / "data" / "incidents")) == 1
    discard_upload(database, analyst, second.id, settings=Settings(), service=service)
    assert read_again(database, second).status == "discarded"


def put_in_place(service: ServiceSettings, upload: Upload) -> Path:
    """Have a file in its place, not yet remembered as kept, as a service has left it that was ended just then."""
    place = service.workspace / "data" / "incidents" / f"rows {upload.id[:8]}.csv"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.hardlink_to(service.incoming / upload.id / "rows.csv")
    return place


def test_a_keep_that_was_ended_in_the_middle_is_finished_by_the_next(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload = put_upload(status="checked")
    place = put_in_place(service, upload)
    draft = place.with_name(f".{place.name}.0.coming")
    draft.write_text(ROWS, "utf-8")
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert list_below(place.parent) == [draft.name, place.name]
    assert place.read_text("utf-8") == ROWS
    assert read_again(database, upload).status == "kept"


@pytest.mark.parametrize("by", ["person", "rule"])
@pytest.mark.parametrize("settings", [Settings(), Settings(incidents=(Path("one.csv"),))])
def test_a_discarded_file_is_not_among_the_incidents_either(
    by: str, settings: Settings, database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload, other = put_upload(status="checked"), put_upload(status="checked")
    place, place_of_other = put_in_place(service, upload), put_in_place(service, other)
    if by == "person":
        discard_upload(database, analyst, upload.id, settings=settings, service=service)
    else:
        assert discard_undecided(database, settings, service, other.created_at, actor="rule") == 1
    assert read_again(database, upload).status == "discarded"
    goes_there = not settings.incidents  # otherwise nothing was ever put there
    assert (place.exists(), place_of_other.exists()) == (not goes_there, True)
    assert list_below(service.incoming) == [f"{other.id}/rows.csv"]


@pytest.mark.parametrize("fails", ["record", "sync_path"])  # before and after it is put into its place
def test_of_a_keep_that_fails_nothing_lies_beside_the_place(
    fails: str,
    database: Database,
    service: ServiceSettings,
    put_upload: Send,
    analyst: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = put_upload(status="checked")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(f"hotspots.service.uploads.deciding.{fails}", fail)
        with pytest.raises(OSError, match="gone"):
            keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    folder = service.workspace / "data" / "incidents"
    assert [name for name in list_below(folder) if name.startswith(".")] == []
    assert read_again(database, upload).status == "checked"
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert list_below(folder) == [f"rows {upload.id[:8]}.csv"]


def test_nobody_waits_while_a_file_is_copied_from_another_disk(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put_upload(status="checked")
    copy, n_copied = shutil.copyfile, [0]

    def refuse(*_: Any) -> None:
        raise OSError("Invalid cross-device link")

    def copy_beside_others(source: Path, target: Path) -> None:
        copy(source, target)
        with database.write() as session:  # at once, or after half a minute not at all
            session.scalars(select(Upload).with_for_update(nowait=True)).one()
        n_copied[0] += 1

    monkeypatch.setattr("os.link", refuse)
    monkeypatch.setattr("shutil.copyfile", copy_beside_others)
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert n_copied == [1]
    folder = service.workspace / "data" / "incidents"
    assert [path.read_text("utf-8") for path in folder.iterdir()] == [ROWS]


def test_a_file_is_kept_while_the_answer_of_the_database_is_lost(
    database: Database, service: ServiceSettings, analyst: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Database.write

    @contextlib.contextmanager
    def write_unheard(self: Database) -> Iterator[Session]:
        with write(self) as session:
            yield session
        raise ConnectionError("gone away")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", write_unheard)
        with pytest.raises(ConnectionError):
            run_apart(receive_upload(database, analyst, file_name="a.csv", chunks=stream(b"x"), settings=service))
    with database.read() as session:
        upload = session.scalars(select(Upload)).one()
    assert list_below(service.incoming) == [f"{upload.id}/a.csv"]


def test_names_are_on_the_disk_before_a_row_says_them(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[int | str] = []
    sync = os.fsync

    def note(handle: int) -> None:
        sync(handle)
        events.append(os.fstat(handle).st_ino)

    monkeypatch.setattr("os.fsync", note)
    event.listen(database.engine, "commit", lambda _: events.append("commit"))
    sent = run_apart(receive_upload(database, analyst, file_name="a.csv", chunks=stream(b"x"), settings=service))
    folder = service.incoming / sent.id
    assert events[:4] == [path.stat().st_ino for path in (folder / "a.csv", folder, service.incoming)] + ["commit"]
    upload = put_upload(status="checked")
    events.clear()
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert events[:2] == [(service.workspace / "data" / "incidents").stat().st_ino, "commit"]


def test_what_is_left_over_is_swept_after_an_hour(
    database: Database, service: ServiceSettings, put_upload: Send
) -> None:
    waiting, decided = put_upload(), put_upload(status="kept")
    incidents = service.workspace / "data" / "incidents"
    incidents.mkdir(parents=True)
    names = (".rows 1.csv.0.coming", ".hidden", "rows.csv")
    for name in names:
        (incidents / name).write_text(ROWS, "utf-8")

    def sweep(age_s: float) -> tuple[list[str], list[str]]:
        at = time.time() - age_s
        for path in (*service.incoming.rglob("*"), *incidents.iterdir()):
            os.utime(path, (at, at))
        sweep_incoming(database, Settings(), service)
        return sorted(path.name for path in service.incoming.iterdir()), list_below(incidents)

    assert sweep(3_500) == (sorted([waiting.id, decided.id]), sorted(names))
    assert sweep(3_700) == ([waiting.id], [".hidden", "rows.csv"])


def test_a_file_that_waited_long_is_not_swept_while_it_is_kept(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put_upload(status="checked")
    os.utime(service.incoming / upload.id / "rows.csv", (0, 0))
    take = record

    def record_during_a_sweep(*given: Any, **details: Any) -> None:
        sweep_incoming(database, Settings(), service)
        take(*given, **details)

    monkeypatch.setattr("hotspots.service.uploads.deciding.record", record_during_a_sweep)
    keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert len(list_below(service.workspace / "data" / "incidents")) == 1


def test_a_file_whose_bytes_are_gone_is_not_called_kept(
    database: Database, service: ServiceSettings, put_upload: Send, analyst: Person
) -> None:
    upload = put_upload(status="checked")
    (service.incoming / upload.id / "rows.csv").unlink()
    with pytest.raises(NotFoundError, match="not there any more"):
        keep_upload(database, analyst, upload.id, settings=Settings(), service=service)
    assert read_again(database, upload).status == "checked"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"incidents": "synthetic"}, "the wards here are real"),
        ({"boundaries": "schematic"}, "counts in them would mean nothing"),
        ({"incidents": "synthetic", "boundaries": "schematic"}, None),
        ({}, None),
    ],
)
def test_made_up_incidents_and_real_ones_are_not_mixed(
    said: dict[str, str],
    words: str | None,
    database: Database,
    service: ServiceSettings,
    put_upload: Send,
    analyst: Person,
) -> None:
    upload = put_upload(status="checked", report={"data_status": said})
    obstacle = find_obstacle(upload, settings=Settings(), service=service)
    assert (words in obstacle) if obstacle and words else (obstacle is words is None)
    if words:
        with pytest.raises(ParameterError, match=words):
            keep_upload(database, analyst, upload.id, settings=Settings(), service=service)


def test_lists_come_in_pages_newest_first(database: Database, put_upload: Send, analyst: Person) -> None:
    made = [put_upload().id for _ in range(4)]
    with database.read() as session:
        first = list_uploads(session, analyst, limit=3)
        second = list_uploads(session, analyst, before=first[-1])
    assert [one.id for one in (*first, *second)] == made[::-1]
