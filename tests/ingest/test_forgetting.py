"""Incidents that are too old are gone from files and store; all others are read as before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from hotspots.cli.main import cli
from hotspots.crimes import load_definitions
from hotspots.errors import DataError, HotspotsError, ParameterError
from hotspots.ingest.formats import FoundFile
from hotspots.ingest.incidents import READY, Intake, ReadingOptions, Store, forget_incidents, read_incidents
from hotspots.ingest.incidents.record_files import RecordFile, read_record_file

HEADER = "Crime Ref,Offence,Date From,Date To,Easting,Northing,Location,Location Type,Knife Flag,Officer,Ward Code\n"
OLD = "REF-A1,Robbery,30/11/2023 18:05,30/11/2023 18:20,536560,178413,Grove Street,Street,Y,PC Jane Doe,E05009317\n"
OVER = "REF-A2,Burglary,30/11/2023 22:00,01/12/2023 07:00,536570,178423,12 Grove Street,Home,N,PC Jane Doe,E05009317\n"
LATER = (
    "REF-A3,Yodelling,01/02/2026 00:00,,536561,178413,Grove Street,,N,PC Jane Doe,\n"
    "REF-A4,Burglary,02/01/2026 10:00,,,,,,,PC Jane Doe,\n"
    "REF-A5,ASB,03/01/2026,,536561,178413,Grove Street,,,PC Jane Doe,E05009317\n"
)
UNDATED = "REF-A6,Robbery,yesterday,,536560,178413,,,,PC Jane Doe,\n"
LIMIT = dt.date(2023, 12, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "incidents"
    folder.mkdir()
    (folder / "mixed.csv").write_text(HEADER + OLD + OVER + LATER + UNDATED)
    (folder / "2020" / "02").mkdir(parents=True)
    (folder / "2020" / "02" / "old.csv").write_text(HEADER + OLD.replace("-A", "-B") + UNDATED.replace("-A", "-B"))
    (folder / "later.csv").write_text(HEADER + LATER.replace("-A", "-C"))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(folder=tmp_path / "store")


def list_names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def describe(intake: Intake) -> pd.DataFrame:
    """Incidents without the names of their files, in an order of their own."""
    frame = pd.DataFrame(intake.incidents).drop(columns="source").astype("object")
    frame["geometry"] = intake.incidents.geometry.to_wkt()
    frame["oddities"] = intake.remarks["oddities"].to_numpy()
    frame["unrecognised"] = intake.remarks["unrecognised_offence"].astype("object").to_numpy()
    return frame.reset_index(drop=True).sort_values(["started_at", "source_row", "geometry"], ignore_index=True)


def test_what_is_too_old_is_gone_and_all_else_is_read_as_before(folder: Path, store: Store) -> None:
    before = read_incidents([folder], store=store)
    ended = before.incidents["ended_at"].fillna(before.incidents["started_at"])
    found = forget_incidents([folder], before=LIMIT, store=store)
    assert (found.removed, found.shortened, found.n_rows) == (
        ("incidents/2020/02/old.csv",),
        ("incidents/mixed.csv",),
        2,
    )
    assert list_names(folder) == ["later.csv", "mixed.parquet"]
    assert not (folder / "2020").exists()
    after = read_incidents([folder], store=Store(folder=store.folder))
    is_kept = (ended >= pd.Timestamp(LIMIT)).to_numpy()
    incidents, remarks = before.incidents[is_kept], before.remarks[is_kept]
    expected = describe(dataclasses.replace(before, incidents=incidents, remarks=remarks))
    pd.testing.assert_frame_equal(describe(after), expected)
    assert sorted(after.rejected["reason"]) == sorted(
        before.rejected.loc[before.rejected["source"] != "incidents/2020/02/old.csv", "reason"]
    )
    assert set(after.notes) <= set(before.notes)


@pytest.mark.parametrize(
    ("path", "crs", "day"),
    [
        ("police_uk/city_of_london", "EPSG:27700", dt.date(2024, 6, 1)),
        ("timestamped/vancouver_crimes_2020.zip", "EPSG:32610", dt.date(2020, 7, 1)),
    ],
)
def test_real_incidents_that_stay_are_as_they_were(
    real_data: Path, tmp_path: Path, store: Store, path: str, crs: str, day: dt.date
) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    given = real_data / path
    if given.suffix == ".zip":
        shutil.unpack_archive(given, folder)  # beside the table it holds a text, with which it would stay
    else:
        shutil.copytree(given, folder, dirs_exist_ok=True)
    options = ReadingOptions(crs=crs)
    before = read_incidents([folder], options=options, store=store)
    ended = before.incidents["ended_at"].fillna(before.incidents["started_at"])
    is_kept = (ended >= pd.Timestamp(day)).to_numpy()
    found = forget_incidents([folder], before=day, store=store, options=options)
    after = read_incidents([folder], options=options, store=store)
    assert found.n_rows >= (~is_kept).sum() > 0
    kept = dataclasses.replace(before, incidents=before.incidents[is_kept], remarks=before.remarks[is_kept])
    pd.testing.assert_frame_equal(describe(after), describe(kept))


def test_nothing_else_of_the_file_is_kept(folder: Path, store: Store) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    content = (folder / "mixed.parquet").read_bytes() + repr(
        pq.read_table(folder / "mixed.parquet").to_pydict()
    ).encode()
    for text in (b"Jane", b"Doe", b"REF-A", b"12 Grove", b"18:05"):
        assert text not in content


def test_the_store_keeps_nothing_older_of_any_file_that_was_ever_read(folder: Path, store: Store) -> None:
    read_incidents([folder], store=store)
    (folder / "2020" / "02" / "old.csv").unlink()  # by hand: what is kept of it is still there
    forget_incidents([folder], before=LIMIT, store=store)
    months = {path.parent.name for path in store.folder.rglob("month=*/*.parquet")}
    assert months == {"month=2026-01", "month=2026-02"}
    read_incidents([folder], store=Store(folder=store.folder))
    assert {path.parent.name for path in store.folder.rglob("month=*/*.parquet")} == months


def test_again_it_does_nothing_and_later_it_shortens_what_it_wrote(folder: Path, store: Store) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    names = list_names(folder)
    assert forget_incidents([folder], before=LIMIT, store=store).is_nothing
    assert list_names(folder) == names
    found = forget_incidents([folder], before=dt.date(2026, 1, 15), store=store)
    assert (found.shortened, found.n_rows) == (("incidents/later.csv", "incidents/mixed.parquet"), 5)
    assert list_names(folder) == ["later.parquet", "mixed.parquet"]
    assert len(read_incidents([folder], store=store).incidents) == 2
    found = forget_incidents([folder], before=dt.date(2027, 1, 1), store=store)
    assert list_names(folder) == []
    assert len(found.removed) == 2
    assert forget_incidents([folder], before=LIMIT, store=store).is_nothing


def test_a_trial_changes_no_file(folder: Path, store: Store) -> None:
    content = {name: (folder / name).read_bytes() for name in list_names(folder)}
    trial = forget_incidents([folder], before=LIMIT, store=store, is_trial=True)
    assert {name: (folder / name).read_bytes() for name in list_names(folder)} == content
    assert trial == forget_incidents([folder], before=LIMIT, store=store)


def test_rows_that_other_files_repeat_are_still_found(folder: Path, store: Store) -> None:
    (folder / "again.csv").write_text(HEADER + LATER)
    n_before = len(read_incidents([folder], store=store).incidents)
    forget_incidents([folder], before=LIMIT, store=store)
    after = read_incidents([folder], store=store)
    assert (after.rejected["reason"] == "repeated row").sum() == 2
    assert len(after.incidents) == n_before - 2  # A1 and B1


def test_another_key_is_said(folder: Path, store: Store, tmp_path: Path) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    other = Store(folder=tmp_path / "other")
    read_incidents([folder], store=other)
    assert "were hashed in another store" in " ".join(read_incidents([folder], store=other).notes)


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_it_loses_nothing_and_keeps_nothing_twice(
    folder: Path, store: Store, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_shapefile(folder / "shapes.shp")
    whole = read_incidents([folder], store=store)
    left = 0

    class Killed(BaseException):
        pass

    def count(act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise Killed
            return act(*arguments, **named)

        return counted

    with monkeypatch.context() as patched:
        left = step
        for module, name in ((os, "replace"), (os, "fsync"), (Path, "unlink")):
            patched.setattr(module, name, count(getattr(module, name)))
        with pytest.raises(Killed):
            forget_incidents([folder], before=LIMIT, store=store)
    seen = {path.stem for path in folder.glob("[!.]*") if path.suffix in (".csv", ".parquet", ".shp")}
    assert len(seen) == len([*folder.glob("[!.]*.csv"), *folder.glob("[!.]*.parquet"), *folder.glob("[!.]*.shp")])
    forget_incidents([folder], before=LIMIT, store=store)
    assert list_names(folder) == ["later.csv", "mixed.parquet", "shapes.parquet"]
    after = read_incidents([folder], store=store)
    assert len(after.incidents) == len(whole.incidents) - 3
    assert len(after.rejected) == len(whole.rejected) - 1  # what could not be dated in the file that is gone


def make_shapefile(path: Path) -> None:
    frame = pd.DataFrame({"Offence": ["Robbery"] * 2, "Date": ["2023-01-02", "2026-01-02"], "Ref": ["S1", "S2"]})
    points = gpd.points_from_xy([536560, 536570], [178413, 178423])
    gpd.GeoDataFrame(frame, geometry=points, crs="EPSG:27700").to_file(path)


def test_several_tables_of_a_file_stay_several(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    with zipfile.ZipFile(folder / "months.zip", "w") as archive:
        archive.writestr("one.csv", HEADER + OLD + LATER)
        archive.writestr("two.csv", HEADER + OLD.replace("-A", "-D"))
        archive.writestr("2023-11-met-outcomes.csv", "a,b\n1,2\n")
    whole = read_incidents([folder], store=store)
    forget_incidents([folder], before=LIMIT, store=store)
    after = read_incidents([folder], store=store)
    assert [table.label for table in after.tables] == [
        table.label.replace("months.zip", "months.parquet") for table in whole.tables
    ]
    assert len(after.passed_over) == len(whole.passed_over) == 1
    assert len(after.incidents) == len(whole.incidents) - 2


def test_a_file_with_more_in_it_than_incidents_stays_and_is_said(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    for name, member in (("kinds", "list.txt"), ("tables", "other.csv")):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr("old.csv", HEADER + OLD.replace("-A", f"-{name}"))
            archive.writestr(member, "a,b\n1,2\n")
    points = gpd.GeoDataFrame(
        {"Offence": ["Robbery"], "Date": ["2020-01-02"]}, geometry=gpd.points_from_xy([536560], [178413]), crs=27700
    )
    points.to_file(folder / "layers.gpkg", layer="incidents")
    points.buffer(100).to_file(folder / "layers.gpkg", layer="areas")
    with pd.ExcelWriter(folder / "sheets.xlsx") as book:
        pd.DataFrame({"Offence": ["ASB"], "Date": ["2020-01-02"], "Easting": [536560], "Northing": [178413]}).to_excel(
            book, sheet_name="one", index=False
        )
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="two", index=False)
    found = forget_incidents([folder], before=LIMIT, store=store)
    assert found.is_nothing
    said = {name.removeprefix("incidents/"): why[:13] for name, why in found.unread}
    assert set(said) == {"kinds.zip", "tables.zip", "layers.gpkg", "sheets.xlsx"}
    assert set(said.values()) == {"It holds more", "It holds laye"}
    assert len(list_names(folder)) == 4


def test_what_is_being_written_or_is_a_link_stays_and_is_said(
    folder: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "2020" / "02" / "old.csv").rename(tmp_path / "target.csv")
    (folder / "2020" / "02" / "old.csv").symlink_to(tmp_path / "target.csv")
    found = forget_incidents([folder], before=LIMIT, store=store, settled_s=60)
    assert [why[:19] for _, why in found.unread] == ["It is a link. Look ", "It is being written"]
    assert found.is_nothing
    os.utime(folder / "mixed.csv", (0, 0))

    def grow(file: FoundFile, options: ReadingOptions) -> RecordFile | None:
        if file.path.name == "mixed.csv":
            with file.path.open("a") as grown:
                grown.write(LATER.replace("-A", "-Z"))
            os.utime(file.path, (0, 0))
        return read_record_file(file, options)

    monkeypatch.setattr("hotspots.ingest.incidents.forgetting.read_record_file", grow)
    found = forget_incidents([folder], before=LIMIT, store=store, settled_s=60)
    assert "It is being written" in dict(found.unread)["incidents/mixed.csv"]
    assert (folder / "mixed.csv").is_file()


def test_two_at_once_are_one_after_the_other(folder: Path, store: Store) -> None:
    fcntl = pytest.importorskip("fcntl", reason="files are not locked here")
    store.folder.mkdir()
    with (store.folder / ".forgetting").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HotspotsError, match="at this moment"):
            forget_incidents([folder], before=LIMIT, store=store)
    assert (folder / "mixed.csv").is_file()


def test_a_file_that_came_under_the_name_of_one_that_is_gone_stays(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def kill(source: Path, target: Path) -> None:
        if source.name.endswith(READY):
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            forget_incidents([folder], before=LIMIT, store=store)
    (folder / "mixed.csv").write_text(HEADER + LATER.replace("-A", "-N"))
    forget_incidents([folder], before=LIMIT, store=store)
    assert list_names(folder) == ["later.csv", "mixed.csv", "mixed.parquet"]
    notes = " ".join(read_incidents([folder], store=store).notes)
    assert "incidents/mixed.parquet, which holds what is left of an earlier file of that name" in notes


def test_a_month_goes_as_a_whole(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    header = "Crime ID,Month,Falls within,Longitude,Latitude,Location,LSOA code,Crime type,Context\n"
    (folder / "2023-11-met-street.csv").write_text(
        f"{header}m1,2023-11,Met,-0.034481,51.488184,On or near Supermarket,E01003244,Robbery,\n"
    )
    assert forget_incidents([folder], before=dt.date(2023, 11, 30), store=store).is_nothing
    assert forget_incidents([folder], before=LIMIT, store=store).n_rows == 1


def test_one_file_that_cannot_be_replaced_keeps_no_other_from_it(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_incidents([folder], store=store)

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("hotspots.ingest.incidents.forgetting.write_record_file", refuse)
    found = forget_incidents([folder], before=LIMIT, store=store)
    assert found.removed == ("incidents/2020/02/old.csv",)
    assert found.unread == (("incidents/mixed.csv", "Read-only file system."),)
    assert not list(store.folder.rglob("month=2023*"))


def test_a_file_of_another_store_goes_on_saying_so_when_it_is_shortened_again(
    folder: Path, store: Store, tmp_path: Path
) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    other = Store(folder=tmp_path / "other")
    read_incidents([folder], store=other)
    forget_incidents([folder], before=dt.date(2026, 1, 3), store=other)
    assert (folder / "mixed.parquet").is_file()
    said = "were hashed in another store"
    assert " ".join(read_incidents([folder / "mixed.parquet"], store=other).notes).count(said) == 1
    assert said not in " ".join(read_incidents([folder / "mixed.parquet"], store=store).notes)


def test_parts_of_a_shapefile_go_whatever_their_letters(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    make_shapefile(folder / "shapes.shp")
    for part in list(folder.iterdir()):
        part.rename(folder / f"SHAPES{part.suffix.upper()}")
    forget_incidents([folder], before=dt.date(2027, 1, 1), store=store)
    assert list_names(folder) == []


def test_what_cannot_be_dated_stays_and_is_said(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    (folder / "undated.csv").write_text(HEADER + UNDATED)
    (folder / "strange.csv").write_text("a,b\n1,2\n")
    (folder / "list.ods").write_bytes(b"x")
    found = forget_incidents([folder], before=LIMIT, store=store)
    assert found.is_nothing
    assert [name for name, _ in found.unread] == ["list.ods", "incidents/strange.csv", "incidents/undated.csv"]
    assert len(list_names(folder)) == 3


def test_made_up_data_go_on_saying_so(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "incidents"
    folder.mkdir()
    (folder / "made.csv").write_text(
        "Offence,Date,Easting,Northing,Data status\nASB,2020-01-31,536560,178413,Synthetic\n"
        "ASB,2026-01-31,536560,178413,Synthetic\n"
    )
    forget_incidents([folder], before=LIMIT, store=store)
    assert read_incidents([folder], store=store).inputs[0].data_status == "synthetic"


def test_a_file_by_itself_is_refused(folder: Path, store: Store) -> None:
    with pytest.raises(ParameterError, match="is not one: a file that is shortened gets another name"):
        forget_incidents([folder / "mixed.csv"], before=LIMIT, store=store)


def test_a_store_that_cannot_be_written_loses_nothing(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in the way").write_text("x")
    with pytest.raises(HotspotsError, match="cannot be written"):
        forget_incidents([folder], before=LIMIT, store=Store(folder=tmp_path / "in the way" / "store"))
    assert (folder / "mixed.csv").is_file()


def test_records_come_in_the_crs_and_with_the_crimes_of_now(folder: Path, store: Store) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    path = folder / "mixed.parquet"
    plain = read_incidents([path]).incidents
    moved = read_incidents([path], options=ReadingOptions(crs="EPSG:32630")).incidents
    apart = moved.to_crs("EPSG:27700").distance(plain)
    assert moved.crs == "EPSG:32630"
    assert apart.max() < 5
    definitions = load_definitions()
    fewer = {slug: crime for slug, crime in definitions.crimes.items() if slug != "burglary"}
    options = ReadingOptions(definitions=dataclasses.replace(definitions, crimes=fewer))
    assert set(read_incidents([path], options=options).incidents["category"]) <= {"unrecognised", *fewer}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda told, table: ({**told, "version": 2}, table), "later version"),
        (lambda told, table: ({**told, "tables": [{}]}, table), "not as it was written"),
        (lambda told, table: (told, table.drop_columns(["category"])), "not as it was written"),
        (lambda told, table: (told, blank(table, "started_at")), "not as it was written"),
        (lambda told, table: (told, blank(table, "time_precision")), "not as it was written"),
        (lambda told, table: (told, blank(table, "table")), "not as it was written"),
        (lambda told, table: (told, blank(table, "source_row")), "not as it was written"),
        (lambda told, table: ({**told, "crs": "nonsense"}, table), "not as it was written"),
        (lambda told, table: ({**told, "crs": "EPSG:4978"}, table), "not as it was written"),
        (lambda told, table: (tell(told, doubts=5), table), "not as it was written"),
        (lambda told, table: (tell(told, sha256={}), table), "not as it was written"),
        (lambda told, table: (tell(told, data_status=[1]), table), "not as it was written"),
        (lambda told, table: (tell(told, label="\udcff"), table), "not as it was written"),
        (lambda told, table: ({**told, "tables": []}, table), "not as it was written"),
    ],
)
def test_one_that_is_damaged_is_said_to_be(folder: Path, store: Store, change: Any, error: str) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    path = folder / "mixed.parquet"
    table = pq.read_table(path)
    metadata = table.schema.metadata
    told, changed = change(json.loads(metadata[b"hotspots"]), table)
    pq.write_table(changed.replace_schema_metadata({**metadata, b"hotspots": json.dumps(told)}), path)
    with pytest.raises(DataError, match=error):
        read_incidents([path])


def tell(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**told, "tables": [{**told["tables"][0], **changes}]}


def blank(table: Any, name: str) -> Any:
    position = table.schema.get_field_index(name)
    return table.set_column(
        position, table.schema.field(position), pa.nulls(table.num_rows, table.schema.field(position).type)
    )


def test_names_of_people_in_one_that_somebody_made_are_masked(folder: Path, store: Store) -> None:
    forget_incidents([folder], before=LIMIT, store=store)
    path = folder / "mixed.parquet"
    table = pq.read_table(path)
    position = table.schema.get_field_index("location")
    texts = pa.array(["Mr John Smith"] * table.num_rows).dictionary_encode()
    pq.write_table(table.set_column(position, "location", texts), path)
    assert "John" not in read_incidents([path]).incidents["location"].astype("object").str.cat()


def test_the_command_says_what_it_does(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*.csv"):
        os.utime(path, (0, 0))  # what came in the last minute may still be on its way
    settings = tmp_path / "hotspots.toml"
    settings.write_text('store = "store"\nincidents = ["incidents"]\n')
    call = ["forget", "--before", "2023-12-01", "--settings", str(settings)]
    trial = CliRunner().invoke(cli, call)
    assert trial.exit_code == 0, trial.output
    assert "Would be removed: incidents/2020/02/old.csv\nWould be shortened: incidents/mixed.csv\n" in trial.output
    assert "Incidents before 1 December 2023: 2 rows. Nothing was changed" in trial.output
    done = CliRunner().invoke(cli, [*call, "--yes", "--json"])
    said = json.loads(done.stdout)
    assert said["is_done"]
    assert said["n_rows"] == 2
    assert said["removed"] == ["incidents/2020/02/old.csv"]
    assert "there are none" in CliRunner().invoke(cli, [*call, "--yes"]).output
    settings.write_text('incidents = ["incidents"]\n')
    refused = CliRunner().invoke(cli, call)
    assert isinstance(refused.exception, ParameterError)
    assert "names none" in str(refused.exception)
