from __future__ import annotations

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from local_server import LocalServer, Trouble, run_server

from hotspots.errors import DataError, NetworkError, NotFoundError, ParameterError
from hotspots.ingest.fetch import police_archives
from hotspots.ingest.fetch.download import Connection, Fetched
from hotspots.ingest.fetch.police_archives import fetch_crimes
from hotspots.ingest.fetch.services import Services
from hotspots.ingest.incidents.intake import read_incidents

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context"
)
FORCES = ("avon-and-somerset", "city-of-london", "metropolitan", "west-yorkshire")


def street_csv(force: str, month: str) -> bytes:
    """A street-level file as published, with content that hardly packs, so that sizes are those of real ones."""
    seed = random.Random(f"{force} {month}")
    rows = [
        f"{seed.randbytes(32).hex()},{month},{force},{force},-0.03{n % 10},51.45{n % 7},On or near Made Road,E01003189,"
        f"Lewisham 001A,Robbery,Under investigation,"
        for n in range(2000)
    ]
    return "\n".join([HEADER, *rows, ""]).encode()


def months(first: str, last: str) -> list[str]:
    year, month = map(int, first.split("-"))
    found = []
    while (text := f"{year}-{month:02}") <= last:
        found.append(text)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def make_archive(
    first: str, last: str, *, without: Collection[tuple[str, str]] = (), more: Collection[str] = ()
) -> bytes:
    """An archive in the layout of data.police.uk: a folder a month, three tables a force."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for month in months(first, last):
            for force in FORCES:
                if (force, month) not in without:
                    archive.writestr(f"{month}/{month}-{force}-street.csv", street_csv(force, month))
                archive.writestr(f"{month}/{month}-{force}-outcomes.csv", b"Crime ID,Month\n")
                archive.writestr(f"{month}/{month}-{force}-stop-and-search.csv", b"Type,Date\n")
        for name in more:
            archive.writestr(name, b"evil")
    return buffer.getvalue()


LATEST = make_archive("2026-05", "2026-08", without={("avon-and-somerset", "2026-07")})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with run_server() as local:
        # as published: the address of the archive leads to a file store
        local.redirects = {"/archive/latest.zip": f"{local.address}/store/2026-08.zip"}
        local.files = {"/store/2026-08.zip": LATEST}
        yield local


@pytest.fixture
def connection() -> Iterator[Connection]:
    with Connection(sleep=lambda seconds: None) as opened:
        yield opened


def fetch(server: LocalServer, connection: Connection, out: Path, *forces: str, **options: Any) -> Fetched:
    services = Services(police_archives=f"{server.address}/archive")
    return fetch_crimes(
        forces or ("metropolitan",), **{"first_month": "2026-06"} | options, out=out, services=services,
        connection=connection,
    )  # fmt: skip


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_files_wanted_arrive_under_their_published_names(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    fetched = fetch(server, connection, tmp_path, "metropolitan", "City of London", last_month="2026-07")
    wanted = [
        f"{month}/{month}-{force}-street.csv"
        for force in ("metropolitan", "city-of-london")
        for month in ("2026-06", "2026-07")
    ]
    assert [file.path.relative_to(tmp_path).as_posix() for file in fetched.files] == wanted
    assert names(tmp_path) == sorted(wanted + [f"{name}.source" for name in wanted])
    for file in fetched.files:
        month, force = file.path.name[:7], file.path.name[8:].removesuffix("-street.csv")
        assert file.path.read_bytes() == street_csv(force, month)
        assert file.is_new
        assert file.n_bytes == file.path.stat().st_size


def test_only_what_is_wanted_is_transferred(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    member = zipfile.ZipFile(io.BytesIO(LATEST)).getinfo("2026-06/2026-06-metropolitan-street.csv")
    tail = 1024**2
    assert len(LATEST) > tail + 3 * member.compress_size
    fetch(server, connection, tmp_path, last_month="2026-06")
    assert server.n_bytes <= 1 + tail + member.compress_size + 4096


def test_the_record_says_where_it_came_from(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    (file,) = fetch(server, connection, tmp_path, last_month="2026-06").files
    record = json.loads(file.path.with_name(f"{file.path.name}.source").read_text("utf-8"))
    content = street_csv("metropolitan", "2026-06")
    assert record["asked"] == f"{server.address}/archive/latest.zip"
    assert record["address"] == f"{server.address}/store/2026-08.zip"
    assert record["validator"] == f'"{hashlib.md5(LATEST).hexdigest()}"'
    assert record["member"] == "2026-06/2026-06-metropolitan-street.csv"
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["crc32"] == f"{zlib.crc32(content):08x}"
    assert "Open Government Licence v3.0" in record["licence"]
    assert "data.police.uk" in record["attribution"]


def test_without_a_last_month_it_goes_to_the_newest(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    fetched = fetch(server, connection, tmp_path)
    assert [file.path.name[:7] for file in fetched.files] == ["2026-06", "2026-07", "2026-08"]


def test_what_is_there_is_not_fetched_again(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    first = fetch(server, connection, tmp_path, last_month="2026-07")
    server.seen.clear()
    again = fetch(server, connection, tmp_path, last_month="2026-07")
    assert server.seen == []
    assert [file.is_new for file in again.files] == [False, False]
    assert [(file.path, file.n_bytes, file.attribution) for file in again.files] == [
        (file.path, file.n_bytes, file.attribution) for file in first.files
    ]
    first.files[0].path.write_text("edited", "utf-8")
    mended = fetch(server, connection, tmp_path, last_month="2026-07")
    assert [file.is_new for file in mended.files] == [True, False]
    assert first.files[0].path.read_bytes() == street_csv("metropolitan", "2026-06")
    assert all(file.is_new for file in fetch(server, connection, tmp_path, last_month="2026-07", refresh=True).files)


def test_older_months_come_from_the_archive_of_their_time(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    server.files["/archive/2026-04.zip"] = make_archive("2026-03", "2026-04")
    server.files["/archive/2026-02.zip"] = make_archive("2026-01", "2026-02")
    fetched = fetch(server, connection, tmp_path, first_month="2026-02", last_month="2026-05")
    assert [file.path.name[:7] for file in fetched.files] == ["2026-02", "2026-03", "2026-04", "2026-05"]
    with pytest.raises(NotFoundError, match=r"/archive/2026-01\.zip \(HTTP 404\): it is not published there"):
        fetch(server, connection, tmp_path, first_month="2025-12", last_month="2026-01")
    server.files["/archive/2013-12.zip"] = make_archive("2010-12", "2011-01")
    fetched = fetch(server, connection, tmp_path, first_month="2010-12", last_month="2010-12")
    assert fetched.files[0].path.read_bytes() == street_csv("metropolitan", "2010-12")
    server.files["/archive/2020-01.zip"] = make_archive("2019-01", "2019-02")
    with pytest.raises(NotFoundError, match=r"no archive with 2020-01: .*2020-01\.zip holds 2019-01 to 2019-02\. Ask"):
        fetch(server, connection, tmp_path, first_month="2020-01", last_month="2020-01")


def test_a_month_that_a_force_did_not_give_is_said(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    fetched = fetch(server, connection, tmp_path, "avon-and-somerset")
    assert [file.path.name[:7] for file in fetched.files] == ["2026-06", "2026-08"]
    assert fetched.not_submitted == (("avon-and-somerset", "2026-07"),)


def test_a_month_that_is_not_published_yet(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="published crime up to 2026-08; 2026-09 was asked for. Ask for months up"):
        fetch(server, connection, tmp_path, last_month="2026-09")
    with pytest.raises(NotFoundError, match="published crime up to 2026-08; 2027-01 was asked for"):
        fetch(server, connection, tmp_path, first_month="2027-01")
    assert names(tmp_path) == []


def test_an_unknown_force_gets_the_ones_like_it(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(
        NotFoundError, match=r"No force called metropolitan-police is in .*latest\.zip\. Did you mean metropolit"
    ):
        fetch(server, connection, tmp_path, "Metropolitan Police")
    with pytest.raises(NotFoundError, match="Did you mean avon-and-somerset, city-of-london, metropolitan, west-york"):
        fetch(server, connection, tmp_path, "zzz")


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-13", None, "A month must be written YYYY-MM; 2026-13 was given"),
        ("2026-01-01", None, "A month must be written YYYY-MM; 2026-01-01 was given"),
        ("2010-11", None, "Street-level crime begins in 2010-12; 2010-11 was asked for"),
        ("2026-05", "2026-04", "must not come before the first; 2026-05 to 2026-04 was given. Swap them"),
    ],
)
def test_months_that_are_none(first: str, last: str | None, words: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=words):
        fetch_crimes(["metropolitan"], first_month=first, last_month=last, out=tmp_path)


def test_a_server_without_ranges_gives_the_whole_archive(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    server.has_ranges = False
    told: list[str] = []
    fetched = fetch(server, connection, tmp_path, last_month="2026-06", progress=told.append)
    assert fetched.files[0].path.read_bytes() == street_csv("metropolitan", "2026-06")
    assert any("MB, all forces, because the server cannot send parts" in words for words in told)
    assert names(tmp_path) == [f"2026-06/2026-06-metropolitan-street.csv{end}" for end in ("", ".source")]


def test_a_connection_cut_in_a_member_is_taken_up(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    # each part is asked for at the archive's address and then at the store: the third pair is the member
    server.troubles = [None, None, None, None, None, Trouble(cut_after=80_000)]
    fetched = fetch(server, connection, tmp_path, last_month="2026-06")
    assert fetched.files[0].path.read_bytes() == street_csv("metropolitan", "2026-06")
    parts = [
        str(seen.range).removeprefix("bytes=").split("-") for seen in server.seen if seen.path.startswith("/store")
    ]
    assert int(parts[2][0]) < int(parts[3][0]) <= int(parts[2][0]) + 80_000
    assert parts[2][1] == parts[3][1]


def test_busy_servers_are_waited_for(server: LocalServer, tmp_path: Path) -> None:
    waits: list[float] = []
    server.troubles = [Trouble(status=429, headers={"Retry-After": "3"}), Trouble(status=500), Trouble(status=500)]
    with Connection(sleep=waits.append) as connection:
        assert len(fetch(server, connection, tmp_path).files) == 3
    assert waits[0] == 3.0


def test_a_truncated_archive_is_refused(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    for has_ranges in (True, False):
        server.has_ranges = has_ranges
        server.files["/store/2026-08.zip"] = LATEST[:-100]
        with pytest.raises(DataError, match=r"latest\.zip is not a whole zip archive: File is not a zip file\. Run"):
            fetch(server, connection, tmp_path)
    assert names(tmp_path) == []


def test_a_damaged_member_is_refused_by_its_checksum(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    with zipfile.ZipFile(io.BytesIO(LATEST)) as archive:
        member = archive.getinfo("2026-06/2026-06-metropolitan-street.csv")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(member.filename, street_csv("metropolitan", "2026-06"))
    damaged = bytearray(stored.getvalue())
    damaged[1000] ^= 1
    server.files["/store/2026-08.zip"] = bytes(damaged)
    with pytest.raises(DataError, match=r"2026-06-metropolitan-street\.csv in .*latest\.zip is damaged: Bad CRC-32"):
        fetch(server, connection, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_cannot_be_unpacked_is_refused(
    packing: int, server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    name = "2026-06/2026-06-metropolitan-street.csv"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        archive.writestr(name, street_csv("metropolitan", "2026-06"))
    damaged = bytearray(buffer.getvalue())
    damaged[30 + len(name) : 1000] = b"\xff" * (1000 - 30 - len(name))  # all that follows the head of the member
    server.files["/store/2026-08.zip"] = bytes(damaged)
    with pytest.raises(DataError, match=r"2026-06-metropolitan-street\.csv in .*latest\.zip is damaged: .+\. Run the"):
        fetch(server, connection, tmp_path, last_month="2026-06")
    assert names(tmp_path) == []


def test_names_in_an_archive_that_are_no_text_are_damage(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    damaged = make_archive("2026-08", "2026-08", more=["2026-08/é.csv"]).replace("é".encode(), b"\xe9\xe9")
    server.files["/store/2026-08.zip"] = damaged
    with pytest.raises(DataError, match=r"latest\.zip is not a whole zip archive: 'utf-8' codec"):
        fetch(server, connection, tmp_path)


def test_what_an_archive_calls_things_is_shown_short(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("\x1b[2J" + "x" * 60_000, b"Month\n")
        archive.filelist[
            0
        ].filename = "2026-06/2026-06-metropolitan-street.csv"  # the directory has another name for it
        for number in range(1000):
            archive.writestr(f"2026-06/2026-06-force-{number:05}-street.csv", b"Month\n")
        archive.writestr(f"2026-06/2026-06-{'a' * 60_000}-street.csv", b"Month\n")
    server.files["/store/2026-08.zip"] = buffer.getvalue()
    with pytest.raises(DataError, match="is damaged: File name in directory") as damage:
        fetch(server, connection, tmp_path, last_month="2026-06")
    with pytest.raises(
        NotFoundError, match="No force called zzz is in .*Did you mean force-00000, force-00001"
    ) as other:
        fetch(server, connection, tmp_path, "zzz", last_month="2026-06")
    assert len(str(damage.value)) < 600
    assert len(str(other.value)) < 1200


def test_months_that_cannot_be_are_passed_over(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    """The newest month of an archive says how far a fetch goes."""
    odd = [f"{month}/{month}-metropolitan-street.csv" for month in ("2026-99", "9999-12", "2026-00")]
    server.files["/store/2026-08.zip"] = make_archive("2026-08", "2026-08", more=odd)
    (file,) = fetch(server, connection, tmp_path, first_month="2026-08").files
    assert file.path.name == "2026-08-metropolitan-street.csv"


def test_a_web_page_instead_of_an_archive(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    server.always = Trouble(headers={"Content-Type": "text/html"}, body=b"<title>Blocked</title>")
    with pytest.raises(NetworkError, match=r'latest\.zip should give data, but gave a web page called "Blocked"'):
        fetch(server, connection, tmp_path)


def test_a_layout_that_is_not_known(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("2026/08/metropolitan.csv", b"x")
    server.files["/store/2026-08.zip"] = buffer.getvalue()
    with pytest.raises(DataError, match="holds no file called YYYY-MM/YYYY-MM-<force>-street.csv: its layout has"):
        fetch(server, connection, tmp_path)


def test_members_cannot_climb_out_of_the_folder(server: LocalServer, connection: Connection, tmp_path: Path) -> None:
    climbing = [
        "../../2026-08-metropolitan-street.csv",
        "/2026-08/2026-08-metropolitan-street.csv",
        "2026-08/../../2026-08-metropolitan-street.csv",
        "2026-08/2026-08-../../metropolitan-street.csv",
        "C:\\2026-08\\2026-08-metropolitan-street.csv",
    ]
    server.files["/store/2026-08.zip"] = make_archive("2026-08", "2026-08", more=climbing)
    out = tmp_path / "a" / "b"
    fetched = fetch(server, connection, out, "../../Metropolitan", first_month="2026-08")
    assert names(tmp_path) == [f"a/b/2026-08/2026-08-metropolitan-street.csv{end}" for end in ("", ".source")]
    assert fetched.files[0].path.read_bytes() == street_csv("metropolitan", "2026-08")


def test_a_member_that_unpacks_to_too_much_is_refused(
    server: LocalServer, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(police_archives, "MAX_MEMBER_BYTES", 1000)
    with pytest.raises(DataError, match=r"2026-06-metropolitan-street\.csv in .*latest\.zip is larger\. Report it"):
        fetch(server, connection, tmp_path)


def test_a_fetch_that_is_killed_leaves_whole_files_and_the_next_completes_it(
    server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    # three parts of two requests each bring the directory and the first file; the second file stalls half-way
    server.troubles = [None] * 7 + [Trouble(stall_after=100_000)]
    code = (
        "import sys; from pathlib import Path; from hotspots.ingest.fetch.police_archives import fetch_crimes\n"
        "from hotspots.ingest.fetch.services import Services\n"
        "fetch_crimes(['metropolitan'], first_month='2026-06', out=Path(sys.argv[1]),"
        " services=Services(police_archives=sys.argv[2]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), f"{server.address}/archive"])
    try:
        assert server.stalled.wait(60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode != 0
    server.released.set()
    # how many were done when it was killed depends on how requests were packed; none of them may be in part, and one
    # that was put in place just then may lack the record that vouches for it, so that it is fetched again
    present = [path.name for path in sorted(tmp_path.rglob("2026-*-street.csv"))]
    assert present in ([f"2026-0{n}-metropolitan-street.csv" for n in range(6, 6 + count)] for count in (1, 2))
    for path in tmp_path.rglob("2026-*-street.csv"):
        assert path.read_bytes() == street_csv("metropolitan", path.name[:7])
    whole = {path.name.removesuffix(".source") for path in tmp_path.rglob("2026-*-street.csv.source")}
    assert set(present[:1]) <= whole <= set(present)
    server.seen.clear()
    fetched = fetch(server, connection, tmp_path)
    assert [file.is_new for file in fetched.files] == [file.path.name not in whole for file in fetched.files]
    assert len(fetched.files) == 3
    for file in fetched.files:
        assert file.path.read_bytes() == street_csv("metropolitan", file.path.name[:7])


@pytest.mark.slow
def test_months_of_a_real_force_read_the_same_as_by_hand(
    real_data: Path, server: LocalServer, connection: Connection, tmp_path: Path
) -> None:
    """Twelve real months of a force, through an archive, a server and the fetch."""
    buffer = io.BytesIO()
    folder = real_data / "police_uk" / "city_of_london"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.glob("*-street.csv")):
            archive.write(path, f"{path.name[:7]}/{path.name}")
    server.files["/store/2026-08.zip"] = buffer.getvalue()
    fetched = fetch(server, connection, tmp_path, "city-of-london", first_month="2024-01", last_month="2024-12")
    assert len(fetched.files) == 12
    for file in fetched.files:
        assert file.path.read_bytes() == (folder / file.path.name).read_bytes()
    theirs, ours = read_incidents([folder]), read_incidents([tmp_path])
    assert len(ours.incidents) == len(theirs.incidents) > 0
    assert sum(file.n_rows for file in ours.inputs) == sum(file.n_rows for file in theirs.inputs)


def test_a_session_of_its_own_is_closed(server: LocalServer, tmp_path: Path) -> None:
    services = Services(police_archives=f"{server.address}/archive")
    fetched = fetch_crimes(["metropolitan"], first_month="2026-08", out=tmp_path, services=services)
    assert len(fetched.files) == 1
