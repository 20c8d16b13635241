from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.crimes import load_definitions
from hotspots.errors import DataError
from hotspots.ingest.incidents import reading
from hotspots.ingest.incidents import store as store_module
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import SourceProfile, parse_profile
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.records import ReadingOptions, read_records
from hotspots.ingest.incidents.store import Store

POLICE_UK = "Crime ID,Month,Falls within,Longitude,Latitude,Location,LSOA code,Crime type,Context\n"
COUNCIL = "Crime Ref,Offence,Date From,Date To,Easting,Northing,Location,Location Type,Knife Flag,Ward Code\n"
COUNCIL_ROWS = (
    "1,Personal robbery,31/12/2025 18:05,31/12/2025 18:20,536560,178413,Grove Street,Street,Y,E05009317\n"
    "2,Yodelling,01/02/2026 00:00,,536561,178413,Grove Street,,N,\n"
    "3,Robbery,yesterday,,536560,178413,,,,\n"
    "4,Robbery,01/01/2026 10:00\n"
    "5,Burglary,02/02/2026 10:00,01/02/2026 10:00,536560,178413,,Home,maybe,E05009317\n"
    ",,,,,,,,,\n"
    "6,Burglary,02/01/2026 10:00,,,,,,,\n"
    "1,Robbery,02/01/2026 10:00,,536560,178413,Mr John Smith,,,\n"
    "7,Yodelling,01/01/2026 12:00,,536560,178413,,,,E05009318\n"
    "8,Humming,01/01/2026 12:00,,536560,178413,,,,\n"
)


def write_files(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        row = f"m{number},2026-0{number},Met,-0.034481,51.488184,On or near Supermarket,E01003244,Robbery,\n"
        blank = f"n{number},2026-0{number},Met,,,No Location,,Burglary,\n"
        (folder / f"2026-0{number}-met-street.csv").write_text(POLICE_UK + row + blank)
    (folder / "council.csv").write_text(COUNCIL + COUNCIL_ROWS)
    (folder / "synthetic.csv").write_text(
        "Offence,Date,Easting,Northing,Data status\nASB,2026-01-31,536560,178413,Synthetic\n"
    )
    return folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    return write_files(tmp_path / "files")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The labels of the tables that were parsed, in order."""
    labels: list[str] = []
    read = read_records

    def count(table: Any, *others: Any) -> Any:
        labels.append(table.label)
        return read(table, *others)

    monkeypatch.setattr(reading, "read_records", count)
    return labels


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Without the words that a categorical column knows and no row has."""
    categorical = [name for name in table if isinstance(table[name].dtype, pd.CategoricalDtype)]
    return pd.DataFrame(table).astype(dict.fromkeys(categorical, "object"))


def assert_same(one: Intake, other: Intake) -> None:
    pd.testing.assert_frame_equal(plain(one.incidents), plain(other.incidents), check_exact=True)
    assert one.incidents.crs == other.incidents.crs
    for table in ("remarks", "rejected", "set_aside"):
        pd.testing.assert_frame_equal(plain(getattr(one, table)), plain(getattr(other, table)))
    for spec in dataclasses.fields(Intake):
        if spec.name not in ("incidents", "remarks", "rejected", "set_aside"):
            assert getattr(one, spec.name) == getattr(other, spec.name), spec.name


def test_what_is_kept_is_what_is_read(files: Path, folder: Path, parsed: list[str]) -> None:
    fresh = read_incidents([files])
    assert fresh.n_read == sum(file.n_rows for file in fresh.inputs) == 15
    assert fresh.count(Oddity.REVERSED) == fresh.count(Oddity.MASKED) == 1
    parsed.clear()
    for n_parsed in (4, 0, 0):
        store = Store(folder=folder)
        assert_same(read_incidents([files], store=store), fresh)
        assert (len(parsed), store.rebuilt, store.problem) == (n_parsed, [], None)
        parsed.clear()


@pytest.mark.slow
def test_a_table_in_many_chunks_keeps_its_order(tmp_path: Path, folder: Path, parsed: list[str]) -> None:
    path = tmp_path / "large.csv"
    kinds = ("Robbery", "Burglary", "Yodelling", "ASB")
    with path.open("w") as file:
        file.write("Ref,Offence,Date,Easting,Northing,Location\n")
        for number in range(60_000):
            if number % 9_973 == 5:
                file.write("malformed\n")
            date = (
                "soon"
                if number % 1_009 == 7
                else f"2026-{1 + number % 7:02d}-{1 + number % 28:02d} 10:{number % 60:02d}"
            )
            file.write(f"r{number},{kinds[number * 7 % 4]},{date},{530000 + number % 977},178413,{'x' * 60}\n")
    fresh = read_incidents([path])
    assert (fresh.rejected["reason"] == "malformed row").sum() == 7
    for _ in range(2):
        assert_same(read_incidents([path], store=Store(folder=folder)), fresh)
    assert len(parsed) == 2


def read_again(path: Path, folder: Path, parsed: list[str]) -> int:
    """Incidents of a file with a store, which must be those without; asserts nothing of what was parsed."""
    intake = read_incidents([path], store=Store(folder=folder))
    n_parsed = len(parsed)
    assert_same(intake, read_incidents([path]))
    del parsed[n_parsed:]
    return len(intake.incidents)


def test_a_file_that_changes_in_the_moment_in_which_it_is_read_is_read_again(
    files: Path, folder: Path, parsed: list[str]
) -> None:
    council = files / "council.csv"
    read_again(council, folder, parsed)
    assert not list(folder.rglob("seen.json"))  # too young to be known by its times
    state = council.stat()
    council.write_text(council.read_text().replace("31/12/2025 18:05", "30/12/2025 18:05"))
    os.utime(council, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (council.stat().st_size, council.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    read_again(council, folder, parsed)
    assert parsed == ["council.csv"] * 2


def test_a_file_that_was_left_alone_is_known_by_its_times(
    files: Path, folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SETTLED_SECONDS", 0.0)
    council = files / "council.csv"
    n_incidents = read_again(council, folder, parsed)
    (seen,) = folder.rglob("seen.json")
    for damage in (lambda: None, lambda: seen.write_text("{"), lambda: flip(seen, 40), seen.unlink):
        damage()
        assert read_again(council, folder, parsed) == n_incidents
        assert seen.is_file()
    assert parsed == ["council.csv"]
    council.write_text(council.read_text() + "9,Robbery,01/01/2026 10:00,,536560,178413,,,,\n")
    assert read_again(council, folder, parsed) == n_incidents + 1
    assert parsed == ["council.csv"] * 2
    shutil.copytree(files, files.parent / "copy")
    assert read_again(files.parent / "copy" / "council.csv", folder, parsed) == n_incidents + 1
    assert parsed == ["council.csv"] * 2  # another file with the same bytes


@pytest.mark.parametrize("digest", ["0" * 64, ["0"], 5, None])
def test_a_digest_that_is_not_that_of_what_was_read_is_not_believed(
    files: Path, folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch, digest: Any
) -> None:
    monkeypatch.setattr(store_module, "SETTLED_SECONDS", 0.0)
    council = files / "council.csv"
    read_again(council, folder, parsed)
    (seen,) = folder.rglob("seen.json")
    seen.write_text(json.dumps(json.loads(seen.read_text()) | {"sha256": digest}))
    for _ in range(2):
        read_again(council, folder, parsed)
    assert parsed == ["council.csv"]
    assert json.loads(seen.read_text())["sha256"] == hashlib.sha256(council.read_bytes()).hexdigest()


def test_a_file_that_changes_once_the_store_was_asked_is_told_by_its_own_digest(
    files: Path, folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    council = files / "council.csv"
    first = council.read_text()
    read_again(council, folder, parsed)
    load = Store.load

    def change_after(*args: Any, **options: Any) -> Any:
        found = load(*args, **options)
        council.write_text(first.replace("Yodelling", "Robbery"))
        return found

    council.write_text(first.replace("Yodelling", "Burglary"))
    with monkeypatch.context() as changing:
        changing.setattr(Store, "load", change_after)
        read_again(council, folder, parsed)
    for text in (first.replace("Yodelling", "Burglary"), first.replace("Yodelling", "Robbery")):
        council.write_text(text)
        read_again(council, folder, parsed)


def test_what_cannot_be_noted_of_a_file_leaves_nothing_behind(
    files: Path, folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SETTLED_SECONDS", 0.0)
    read_again(files, folder, parsed)
    for seen in list(folder.rglob("seen.json")):
        seen.unlink()
        seen.mkdir()
    n_parsed = len(parsed)
    read_again(files, folder, parsed)
    assert len(parsed) == n_parsed
    assert not list(folder.glob(".*"))


def test_what_comes_from_the_store_is_not_counted_twice_either(tmp_path: Path, folder: Path) -> None:
    text = "Offence,Date,Easting,Northing\n" + "".join(
        f"Robbery,2026-01-0{day} 10:00,536560,178413\n" for day in range(1, 7)
    )
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv").write_text(text.replace(",", ";"))
    for name in ("a.csv", "b.csv"):
        read_incidents([tmp_path / name], store=Store(folder=folder))
    with pytest.raises(DataError, match="given once, or they count twice; a.csv and b.csv hold the same"):
        read_incidents([tmp_path / "a.csv", tmp_path / "b.csv"], store=Store(folder=folder))


def test_code_of_every_room_that_reads_counts(tmp_path: Path) -> None:
    package = tmp_path / "hotspots"
    installed = Path(store_module.__file__).parents[2]
    for name in ("crimes.py", "crimes.toml", "contracts.py", "errors.py"):
        package.mkdir(exist_ok=True)
        shutil.copy(installed / name, package)
    for name in ("geography", "ingest"):
        shutil.copytree(installed / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    rooms = {path.parent for path in package.rglob("*.py")}
    assert {room.name for room in rooms} >= {"geography", "texts", "formats", "reference", "incidents", "fetch"}
    fingerprints = {store_module.fingerprint_code(package)}
    for room in rooms:
        for kind in ("*.py", "*.toml"):
            for path in sorted(room.glob(kind))[-1:]:
                path.write_text(path.read_text("utf-8") + "\n# another\n", "utf-8")
                fingerprints.add(store_module.fingerprint_code(package))
    assert len(fingerprints) == 1 + sum(bool(list(room.glob(kind))) for room in rooms for kind in ("*.py", "*.toml"))


cells = st.sampled_from(
    ["", "1", "2", "Robbery", "Odd", "Even", "2026-01-31", "31/12/2025 18:05", "soon", "536560", "178413", "0"]
)
rows = st.lists(st.lists(cells, min_size=8, max_size=10), max_size=6)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables=st.lists(rows, min_size=1, max_size=2))
@pytest.mark.slow
def test_whatever_is_kept_is_what_is_read(tmp_path: Path, tables: list[list[list[str]]]) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    tmp_path.mkdir()
    for number, table in enumerate(tables):
        lines = "".join(f"{','.join(row)},t{number}\n" for row in table)
        (tmp_path / f"{number}.csv").write_text(COUNCIL.replace("Ward Code", f"Ward Code,t{number}") + lines)
    paths = sorted(tmp_path.glob("*.csv"))
    fresh = read_incidents(paths)
    for _ in range(2):
        assert_same(read_incidents(paths, store=Store(folder=tmp_path / "store")), fresh)


def test_only_what_is_new_is_parsed(files: Path, folder: Path, parsed: list[str]) -> None:
    read_incidents([files], store=Store(folder=folder))
    parsed.clear()
    (files / "2026-03-met-street.csv").write_text(POLICE_UK + "o,2026-03,Met,-0.034481,51.488184,,,Robbery,\n")
    council = files / "council.csv"
    council.write_text(council.read_text() + "9,Robbery,01/01/2026 10:00,,536560,178413,,,,\n")
    (files / "synthetic.csv").unlink()
    store = Store(folder=folder)
    kept = read_incidents([files], store=store)
    assert parsed == ["files/2026-03-met-street.csv", "files/council.csv"]
    assert store.rebuilt == []
    assert_same(kept, read_incidents([files]))


def profile(**changes: Any) -> SourceProfile:
    table = {"offence": "Offence", "start": "Date From", "easting": "Easting", "northing": "Northing", **changes}
    return parse_profile("council", {"files": "council.csv", **table})


@pytest.mark.parametrize(
    "options",
    [
        ReadingOptions(profiles=(profile(),)),
        ReadingOptions(profiles=(profile(location="Location"),)),
        ReadingOptions(profiles=(profile(offences={"Yodelling": "asb"}),)),
        ReadingOptions(definitions=load_definitions({"asb": {"offences": ["Yodelling"]}})),
        ReadingOptions(definitions=load_definitions({"yodelling": {"label": "Yodelling"}})),
        ReadingOptions(definitions=load_definitions({"prefixes": ["Heard"]})),
        ReadingOptions(crs="EPSG:32630"),
        ReadingOptions(time_zone="Europe/Dublin"),
    ],
    ids=["profile", "other profile", "wordings", "definitions", "crime", "prefixes", "crs", "zone"],
)
def test_other_options_read_again(files: Path, folder: Path, parsed: list[str], options: ReadingOptions) -> None:
    council = files / "council.csv"
    read_incidents([council], store=Store(folder=folder))
    fresh = read_incidents([council], options=options)
    parsed.clear()
    store = Store(folder=folder)
    assert_same(read_incidents([council], options=options, store=store), fresh)
    assert_same(read_incidents([council], options=options, store=store), fresh)
    assert (parsed, store.rebuilt) == (["council.csv"], [])


def test_a_crime_that_is_no_longer_defined_is_not_remembered(files: Path, folder: Path) -> None:
    wordings = (profile(offences={"Humming": "loud-humming"}),)
    defined = ReadingOptions(profiles=wordings, definitions=load_definitions({"loud-humming": {}}))
    read_incidents([files / "council.csv"], options=defined, store=Store(folder=folder))
    with pytest.raises(ValueError, match='is "loud-humming", and there is no such crime'):
        read_incidents([files / "council.csv"], options=ReadingOptions(profiles=wordings), store=Store(folder=folder))


def entry_of(folder: Path, label: str) -> Path:
    store = Store(folder=folder)
    assert store.read_key() is not None
    return store.find_entry(label)


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1
    path.write_bytes(content)


def replace_by_folder(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.mkdir()


def replace_by_file(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_text("no folder")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated part": lambda entry: os.truncate(entry / "table=1" / "month=2026-02/incidents.parquet", 100),
    "empty part": lambda entry: (entry / "table=1" / "rejected.parquet").write_bytes(b""),
    "flipped at the start": lambda entry: flip(entry / "table=1" / "month=2026-01/incidents.parquet", 3),
    "flipped in the middle": lambda entry: flip(entry / "table=1" / "rejected.parquet", 700),
    "flipped at the end": lambda entry: flip(entry / "table=1" / "month=2026-01/incidents.parquet", -1),
    "missing part": lambda entry: (entry / "table=1" / "month=2026-02/incidents.parquet").unlink(),
    "missing month": lambda entry: shutil.rmtree(entry / "table=1" / "month=2026-02"),
    "missing refusals": lambda entry: (entry / "table=1" / "rejected.parquet").unlink(),
    "no manifest": lambda entry: (entry / "file.json").unlink(),
    "empty manifest": lambda entry: (entry / "file.json").write_bytes(b""),
    "truncated manifest": lambda entry: os.truncate(entry / "file.json", 200),
    "bytes for a manifest": lambda entry: (entry / "file.json").write_bytes(b"\xff\xfe\x00"),
    "another manifest": lambda entry: (entry / "file.json").write_text('["a"]'),
    "a number for a manifest": lambda entry: (entry / "file.json").write_text("3"),
    "a deep manifest": lambda entry: (entry / "file.json").write_text("[" * 100_000),
    "other numbers in the manifest": lambda entry: (entry / "file.json").write_text('{"file": 3, "sha256": 4}'),
    "another status": lambda entry: (entry / "file.json").write_text(
        (entry / "file.json").read_text().replace('"data_status": null', '"data_status": "draft"')
    ),
    "an extra part": lambda entry: shutil.copy(
        entry / "table=1" / "rejected.parquet", entry / "table=1" / "month=2026-02/more.parquet"
    ),
    "an empty folder": lambda entry: replace_by_folder(entry),
    "a file for a folder": replace_by_file,
    "a folder for a part": lambda entry: replace_by_folder(entry / "table=1" / "rejected.parquet"),
    "a folder for the manifest": lambda entry: replace_by_folder(entry / "file.json"),
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Intake]:
    """Files, a store that knows them and is not to be changed, and what was read."""
    base = tmp_path_factory.mktemp("kept")
    files = write_files(base / "files")
    return files, base / "store", read_incidents([files], store=Store(folder=base / "store"))


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed_and_repaired(
    kept: tuple[Path, Path, Intake], folder: Path, parsed: list[str], damage: Callable[[Path], object]
) -> None:
    files, store_folder, fresh = kept
    shutil.copytree(store_folder, folder)
    damage(entry_of(folder, "files/council.csv"))
    parsed.clear()
    for rebuilt in (["files/council.csv"], []):
        store = Store(folder=folder)
        assert_same(read_incidents([files], store=store), fresh)
        assert (store.rebuilt, store.problem) == (rebuilt, None)
    assert parsed == ["files/council.csv"]
    assert not list(folder.glob(".writing-*"))


@pytest.mark.slow
def test_any_byte_of_a_manifest_that_matters_is_guarded(files: Path, folder: Path) -> None:
    council = files / "council.csv"
    fresh = read_incidents([council], store=Store(folder=folder))
    (manifest,) = folder.glob("*/file.json")
    whole = manifest.read_bytes()
    chance = random.Random(1)
    for _ in range(30):
        manifest.write_bytes(whole)
        flip(manifest, chance.randrange(len(whole)))
        assert_same(read_incidents([council], store=Store(folder=folder)), fresh)


def test_what_others_put_beside_the_parts_is_left_alone(files: Path, folder: Path, parsed: list[str]) -> None:
    read_incidents([files], store=Store(folder=folder))
    (entry_of(folder, "files/council.csv") / ".DS_Store").write_bytes(b"\0")
    (folder / "note.txt").write_text("mine")
    parsed.clear()
    read_incidents([files], store=Store(folder=folder))
    assert parsed == []


def test_each_part_is_geoparquet_by_month_and_source(files: Path, folder: Path) -> None:
    fresh = read_incidents([files], store=Store(folder=folder))
    entry = entry_of(folder, "files/council.csv")
    assert sorted(path.relative_to(entry).as_posix() for path in entry.rglob("*.*")) == [
        "file.json",
        "table=1/month=2025-12/incidents.parquet",
        "table=1/month=2026-01/incidents.parquet",
        "table=1/month=2026-02/incidents.parquet",
        "table=1/rejected.parquet",
    ]
    months = {path.parent.name: gpd.read_parquet(path) for path in folder.glob("*/table=*/month=*/*.parquet")}
    for name, frame in months.items():
        assert frame.crs == fresh.incidents.crs
        assert set(frame["started_at"].dt.strftime("month=%Y-%m")) == {name}
        assert frame.geometry.geom_type.eq("Point").all()
    one = gpd.read_parquet(entry / "table=1" / "month=2025-12" / "incidents.parquet").iloc[0]
    assert (one["location"], one.geometry.x, one.geometry.y) == ("Grove Street", 536560, 178413)
    refused = gpd.read_parquet(entry / "table=1" / "rejected.parquet")
    assert sorted(refused["source_row"]) == [3, 4, 6, 7]
    assert refused.geometry.is_empty.sum() + refused.geometry.isna().sum() == 3
    manifest = json.loads((entry / "file.json").read_text())["file"]
    (table,) = manifest["tables"]
    assert (table["label"], table["n_rows"]) == ("\0", 10)


def test_a_part_holds_no_word_of_another(files: Path, folder: Path) -> None:
    read_incidents([files], store=Store(folder=folder))
    part = entry_of(folder, "files/council.csv") / "table=1" / "month=2025-12" / "incidents.parquet"
    words = pq.read_table(part, partitioning=None)["location_kind"]
    assert words.to_pylist() == ["street"]
    assert b"home" not in part.read_bytes()


def test_a_store_that_cannot_be_written_loses_nothing(files: Path, tmp_path: Path, parsed: list[str]) -> None:
    fresh = read_incidents([files])
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    store = Store(folder=blocked)
    assert_same(read_incidents([files], store=store), fresh)
    assert store.problem is not None
    assert blocked.read_text() == "a file where the folder should be"


def test_a_full_disk_is_a_problem_and_no_error(
    files: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]
) -> None:
    n_calls = 0

    def write(*arguments: Any, **options: Any) -> None:
        nonlocal n_calls
        n_calls += 1
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", write)
    store = Store(folder=folder)
    fresh = read_incidents([files])
    assert_same(read_incidents([files], store=store), fresh)
    assert (store.problem, n_calls) == ("No space left on device", 1)
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_what_killed_runs_left_is_swept_when_it_is_old(files: Path, folder: Path) -> None:
    for name, age in (("old", 7200), ("new", 60)):
        left = folder / f".writing-{name}"
        (left / "new").mkdir(parents=True)
        os.utime(left, (time.time() - age,) * 2)
    read_incidents([files], store=Store(folder=folder))
    assert [path.name for path in folder.glob(".writing-*")] == [".writing-new"]


PLAIN_NUMBER, PLAIN_NAME = "ZX4917382/26", "statement-of-mr-velbirt"


def keep_as_older_versions_did(folder: Path, layout: str) -> None:
    """A store as a version of that layout left it, which held numbers of crimes and called folders by their files."""
    named = {
        "by table": f"source={PLAIN_NAME}-0a1b2c3d",
        "by file": f"file={PLAIN_NAME}-0a1b2c3d",
        "by hash": f"file={'7' * 32}",
    }
    entry = folder / named[layout]
    (entry / "month=2026-01").mkdir(parents=True)
    rows = pd.DataFrame({"incident_id": [PLAIN_NUMBER], "location": ["victim Velbirt"]})
    rows.to_parquet(entry / "month=2026-01" / "incidents.parquet")
    manifest = {"label": f"{PLAIN_NAME}.csv", "key": "0", "files": {}}
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    name = "table.json" if layout == "by table" else "file.json"
    (entry / name).write_text(json.dumps({"file": manifest, "sha256": digest}))
    if layout == "by hash":
        (folder / "key").write_bytes(bytes(32))


def list_plain(folder: Path) -> list[str]:
    """The files in which a number, a name or the name of a file stands as it is, and the folders called so."""
    plain = [text.encode() for text in (PLAIN_NUMBER, "Velbirt", PLAIN_NAME)]
    return [
        str(path)
        for path in folder.rglob("*")
        if PLAIN_NAME in path.name or (path.is_file() and any(text in path.read_bytes() for text in plain))
    ]


@pytest.mark.parametrize("layout", ["by table", "by file", "by hash"])
def test_what_older_versions_kept_is_removed_when_a_store_is_opened(files: Path, folder: Path, layout: str) -> None:
    """Whichever file is read; the one that it was kept of may never come again."""
    for _ in range(2):  # where nothing else is kept yet, and beside what is
        keep_as_older_versions_did(folder, layout)
        assert list_plain(folder)
        store = Store(folder=folder)
        assert_same(read_incidents([files / "council.csv"], store=store), read_incidents([files / "council.csv"]))
        assert (list_plain(folder), store.problem, store.rebuilt) == ([], None, [])
        assert [path.name[:5] for path in sorted(folder.iterdir())] == ["file=", "key"]


def test_what_this_version_kept_of_other_files_stays(files: Path, folder: Path, parsed: list[str]) -> None:
    read_incidents([files], store=Store(folder=folder))
    parsed.clear()
    read_incidents([files / "council.csv"], store=Store(folder=folder))
    read_incidents([files], store=Store(folder=folder))
    assert parsed == ["council.csv"]


def test_what_another_code_kept_is_removed_when_a_store_is_opened(
    files: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(store_module, "fingerprint_code", lambda package: "older")
        store_module.fingerprint_installed_code.cache_clear()
        read_incidents([files], store=Store(folder=folder))
    store_module.fingerprint_installed_code.cache_clear()
    read_incidents([files / "council.csv"], store=Store(folder=folder))
    assert len(list(folder.glob("file=*"))) == 1


def test_a_folder_that_is_no_part_of_a_store_stays(files: Path, folder: Path) -> None:
    """As in data in parts by column, which somebody names as the store by mistake."""
    others = [folder / name for name in ("source=met-0a1b2c3d", "file=a", f"file={'7' * 32}", "year=2026")]
    for other in others:
        other.mkdir(parents=True)
        (other / "part.parquet").write_bytes(b"PAR1")
    store = Store(folder=folder)
    read_incidents([files], store=store)
    assert store.problem is None
    assert all((other / "part.parquet").is_file() for other in others)


def test_what_cannot_be_removed_is_told(files: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_as_older_versions_did(folder, "by file")
    store = Store(folder=folder)
    with monkeypatch.context() as held:
        held.setattr("shutil.rmtree", lambda *given, **options: None)
        kept = read_incidents([files], store=store)
    assert_same(kept, read_incidents([files]))
    assert store.problem is not None
    assert "older version kept cannot be removed" in store.problem
    assert PLAIN_NAME not in store.problem


READ = """
import sys
from pathlib import Path
from hotspots.ingest.incidents import Store, read_incidents
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    store = Store(folder=Path(sys.argv[2]))
    read_incidents([Path(sys.argv[1])], store=store)
    assert store.problem is None, store.problem
"""


def start_reading(files: Path, folder: Path, times: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", READ, str(files), str(folder), str(times)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


KILL = """
import os, sys, signal
import pyarrow.parquet
from pathlib import Path
from hotspots.ingest.incidents import Store, read_incidents

left = 0

def before(call):
    def counted(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **options)
    return counted

pyarrow.parquet.write_table = before(pyarrow.parquet.write_table)
os.replace = before(os.replace)
Path.write_text = before(Path.write_text)
for line in sys.stdin:
    left = int(line)
    child = os.fork()  # a process for each run, and what it imports imported once
    if child == 0:
        read_incidents([Path(sys.argv[1])], store=Store(folder=Path(sys.argv[2])))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def run_and_kill(files: Path, folder: Path) -> Iterator[Callable[[int], int]]:
    """Runs that end after so many steps, and the exit code of each."""
    command = [sys.executable, "-c", KILL, str(files), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as runs:
        assert runs.stdin is not None
        assert runs.stdout is not None
        stdin, stdout = runs.stdin, runs.stdout

        def run(n_steps: int) -> int:
            stdin.write(f"{n_steps}\n")
            return int(stdout.readline())

        yield run


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_step_leaves_a_store_that_can_be_read(
    files: Path, folder: Path, run_and_kill: Callable[[int], int]
) -> None:
    for name in ("2026-02-met-street.csv", "synthetic.csv"):  # of each kind of table one is enough
        (files / name).unlink()
    whole = folder.with_name("whole")
    fresh = read_incidents([files], store=Store(folder=whole))
    n_kills = 0
    for n_steps in range(100):
        for entry in folder.glob("file=*"):
            flip(entry / "file.json", 40)
        code = run_and_kill(n_steps)
        store = Store(folder=folder)
        assert_same(read_incidents([files], store=store), fresh)
        assert_same(read_incidents([files], store=Store(folder=folder)), fresh)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        n_kills += 1
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
    assert n_kills > 10  # parts, manifests, renames


def test_months_that_nobody_asked_for_are_counted_and_not_read(
    files: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = dt.date(2026, 2, 1)
    fresh = read_incidents([files], start=start)
    assert fresh.n_set_aside > 0
    read_incidents([files], store=Store(folder=folder))
    whole: list[Any] = []
    read = pq.ParquetFile.read

    def count(part: Any, columns: Any = None) -> Any:
        whole.extend([part] if columns is None else [])
        return read(part, columns)

    monkeypatch.setattr(pq.ParquetFile, "read", count)
    assert_same(read_incidents([files], start=start, store=Store(folder=folder)), fresh)
    n_parts = len(list(folder.rglob("*.parquet")))
    n_earlier = sum(path.parent.name < "month=2026-02" for path in folder.rglob("month=*/*.parquet"))
    assert (len(whole), n_earlier > 0) == (n_parts - n_earlier, True)


@pytest.mark.slow
def test_two_runs_at_once(files: Path, folder: Path) -> None:
    fresh = read_incidents([files])
    with start_reading(files, folder, 5) as one, start_reading(files, folder, 5) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)
    assert_same(read_incidents([files], store=Store(folder=folder)), fresh)
    assert not list(folder.glob(".writing-*"))
