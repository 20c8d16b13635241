from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.store import Store

POLICE_UK = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context\n"
)
A_STREET = "a1,2026-01,M,M,-0.034481,51.488184,On or near Grove Street,E01003244,Lewisham 001A,Robbery,,\n"
COUNCIL = "Crime Ref,Offence,Date From,Date To,Easting,Northing,Location,Location Type,Knife Flag\n"


def council(*rows: str) -> bytes:
    return (COUNCIL + "".join(f"{row}\n" for row in rows)).encode()


def read(tmp_path: Path, content: bytes, name: str = "crimes.csv") -> Intake:
    path = tmp_path / name
    path.write_bytes(content)
    return read_incidents([path])


def reasons(intake: Intake) -> dict[str, int]:
    return {str(k): int(v) for k, v in intake.rejected["reason"].value_counts().items() if v}


def test_a_street_file_becomes_incidents_by_month(tmp_path: Path) -> None:
    intake = read(tmp_path, (POLICE_UK + A_STREET).encode())
    (row,) = intake.incidents.reset_index().to_dict("records")
    assert list(intake.incidents.columns) == list(INCIDENT_COLUMNS)
    assert row["incident_id"] == "crimes.csv:1"
    assert row["category"] == "robbery"
    assert row["started_at"] == pd.Timestamp("2026-01-01")
    assert row["time_precision"] == "month"
    assert row["location"] == "On or near Grove Street"
    assert row["source_row"] == 1
    assert intake.incidents["is_knife"].isna().all()
    assert (round(row["geometry"].x), round(row["geometry"].y)) == (536562, 178413)


def test_columns_beyond_the_four_needed_may_be_absent(tmp_path: Path) -> None:
    content = b"Month,Longitude,Latitude,Crime type\n2026-01,-0.03,51.48,Robbery\n2026-01,-0.03,51.48,Robbery\n"
    intake = read(tmp_path, content)
    assert len(intake.incidents) == 2  # without an ID, equal rows are not repeats
    assert intake.incidents.index.is_unique


def test_gzip_folder_and_archive_read_the_same(tmp_path: Path) -> None:
    january, february = POLICE_UK + A_STREET, POLICE_UK + A_STREET.replace("a1", "b1").replace("2026-01", "2026-02")
    folder = tmp_path / "tree"
    for month, text in (("2026-01", january), ("2026-02", february)):
        (folder / month).mkdir(parents=True)
        (folder / month / f"{month}-met-street.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("2026-01/2026-01-met-street.csv", january)
        file.writestr("2026-02/2026-02-met-street.csv", february)
        file.writestr("2026-01/2026-01-met-outcomes.csv", "Crime ID,Month\n1,2026-01\n")
        file.writestr("2026-01/2026-01-met-stop-and-search.csv", "Type,Date\nPerson search,2026-01-02\n")
    from_tree, from_archive = read_incidents([folder]), read_incidents([archive])
    columns = ["category", "started_at", "geometry"]
    tree, archived = (found.incidents[columns].reset_index(drop=True) for found in (from_tree, from_archive))
    assert tree.equals(archived)
    assert [file.n_rows for file in from_tree.inputs] == [1, 1]
    assert [file.n_rows for file in from_archive.inputs] == [2]
    assert [table.label for table in from_archive.passed_over] == [
        "all.zip/2026-01/2026-01-met-outcomes.csv",
        "all.zip/2026-01/2026-01-met-stop-and-search.csv",
    ]


def test_an_extract_becomes_incidents_with_times(tmp_path: Path) -> None:
    intake = read(
        tmp_path,
        council(
            "1,Personal robbery,31/12/2025 18:05,31/12/2025 18:20,536560,178413,Grove Street,Street,Y",
            "2,ASB - Begging,2026-01-01 09:30,,536560,178413,,,",
        ),
    )
    first, second = intake.incidents.to_dict("records")
    assert first["started_at"] == pd.Timestamp("2025-12-31 18:05")
    assert first["ended_at"] == pd.Timestamp("2025-12-31 18:20")
    assert (first["category"], first["subcategory"]) == ("robbery", "personal-robbery")
    assert intake.incidents["is_knife"].tolist() == [True, pd.NA]
    assert first["location_kind"] == "street"
    assert second["time_precision"] == "minute"
    assert (first["geometry"].x, first["geometry"].y) == (536560, 178413)


def test_dates_are_read_day_first(tmp_path: Path) -> None:
    intake = read(tmp_path, council("1,Robbery,03/04/2026 10:00,,536560,178413,,,N"))
    assert intake.incidents["started_at"].iloc[0] == pd.Timestamp(2026, 4, 3, 10)


@pytest.mark.parametrize(
    ("start", "end", "precision"),
    [
        ("01/02/2026 00:00", "", "day"),
        ("01/02/2026 00:00", "01/02/2026 00:00", "day"),
        ("01/02/2026 00:00", "01/02/2026 23:59", "day"),
        ("01/02/2026", "", "day"),
        ("01/02/2026 00:00", "01/02/2026 00:20", "minute"),
        ("01/02/2026 00:01", "", "minute"),
    ],
)
def test_a_default_time_keeps_its_day_and_loses_its_hour(tmp_path: Path, start: str, end: str, precision: str) -> None:
    intake = read(tmp_path, council(f"1,Robbery,{start},{end},536560,178413,,,N"))
    assert intake.incidents["time_precision"].tolist() == [precision]
    assert intake.count(Oddity.MIDNIGHT) == (precision == "day" and " " in start)


def test_reversed_times_keep_their_start(tmp_path: Path) -> None:
    intake = read(tmp_path, council("1,Robbery,02/02/2026 10:00,01/02/2026 10:00,536560,178413,,,N"))
    assert intake.count(Oddity.REVERSED) == 1
    assert intake.incidents["ended_at"].isna().all()


def test_each_refusal_has_its_reason_and_row(tmp_path: Path) -> None:
    intake = read(
        tmp_path,
        council(
            "1,Robbery,01/02/2026 10:00,,536560,178413,,,N",
            "2,Robbery,01/02/2026 10:00,,,178413,,,N",
            "3,Robbery,01/02/2026 10:00,,0,0,,,N",
            "4,Robbery,01/02/2026 10:00,,here,178413,,,N",
            "5,Robbery,01/02/2026 10:00,,9536560,178413,,,N",
            "6,Robbery,,,536560,178413,,,N",
            "7,Robbery,yesterday,,536560,178413,,,N",
            "8,Robbery,01/02/2026 10:00,,536560",
            "1,Robbery,01/02/2026 10:00,,536560,178413,,,N",
            "1,Robbery,01/02/2026 11:00,,536560,178413,,,N",
        ),
    )
    refused = dict(zip(intake.rejected["source_row"], intake.rejected["reason"], strict=True))
    assert refused == {
        2: "no location",
        3: "location at 0, 0",
        4: "unreadable location",
        5: "location outside Great Britain",
        6: "no date",
        7: "unreadable date",
        8: "malformed row",
        9: "repeated row",
    }
    assert intake.incidents.index.tolist() == ["crimes.csv:1", "crimes.csv:10"]
    assert intake.incidents["source_row"].tolist() == [1, 10]
    assert intake.count(Oddity.CONFLICTING_ID) == 1
    assert intake.n_read == 10


def test_rows_of_street_files_without_location_are_refused(tmp_path: Path) -> None:
    content = POLICE_UK + A_STREET + ",2026-01,M,M,,,No Location,,,Anti-social behaviour,,\n"
    assert reasons(read(tmp_path, content.encode())) == {"no location": 1}


def test_accents_in_windows_encoding_are_read(tmp_path: Path) -> None:
    content = council("1,Robbery,01/02/2026 10:00,,536560,178413,Café,Shop,N")
    for encoding in ("utf-8", "cp1252", "utf-8-sig"):
        intake = read(tmp_path, content.decode().encode(encoding), name=f"{encoding}.csv")
        assert intake.incidents["location"].tolist() == ["Café"]


def test_a_comma_and_a_newline_in_quotes_stay_in_the_field(tmp_path: Path) -> None:
    intake = read(tmp_path, council('1,Robbery,01/02/2026 10:00,,536560,178413,"a, ""b""\nc",Shop,N'))
    assert intake.incidents["location"].tolist() == ['a, "b" c']  # a text that may be shown is of one line


def test_offences_in_no_table_are_kept_and_counted(tmp_path: Path) -> None:
    intake = read(tmp_path, council("1,Piracy,01/02/2026 10:00,,536560,178413,,,N"))
    assert intake.incidents["category"].tolist() == ["unrecognised"]


def test_what_a_file_says_of_itself_is_kept(tmp_path: Path) -> None:
    synthetic = POLICE_UK + A_STREET.replace(",,\n", ",,synthetic\n")
    assert read(tmp_path, synthetic.encode()).inputs[0].data_status == "synthetic"
    assert read(tmp_path, (POLICE_UK + A_STREET).encode()).inputs[0].data_status is None


def test_columns_not_in_the_contract_are_dropped_at_the_door(tmp_path: Path) -> None:
    content = b"Offence,Date From,Easting,Northing,Victim Name\nRobbery,01/02/2026 10:00,536560,178413,Jo Bloggs\n"
    intake = read(tmp_path, content)
    assert "Bloggs" not in intake.incidents.to_csv() + intake.rejected.to_csv()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv is empty: its first line must name the columns"),
        ("a.csv", b"x,y\n1,2\n", r"not have a known layout: no column says what happened.*nor when.*It has: x, y"),
        ("a.csv.gz", b"not gzip", "a.csv.gz cannot be unpacked.*Download or copy it again"),
        ("a.csv.gz", gzip.compress(COUNCIL.encode() * 1000, mtime=0)[:60], "cannot be unpacked"),
        ("a.zip", b"not zip", "a.zip cannot be unpacked"),
    ],
)
def test_bad_files_raise_with_the_next_step(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content, name=name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"No file or folder .*nothing\.csv to read incidents from"):
        read_incidents([tmp_path / "nothing.csv"])


def test_an_empty_folder_and_archives_without_incidents_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="No incidents in .*empty: it holds no file ending in .csv"):
        read_incidents([tmp_path / "empty"])
    for members, message in (
        ({"a.txt": "x"}, "holds no file ending in .csv"),
        ({"a-outcomes.csv": "x,y\n"}, "only outcomes"),
    ):
        archive = tmp_path / "a.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name, text in members.items():
                file.writestr(name, text)
        with pytest.raises(DataError, match=message):
            read_incidents([archive])


def test_one_file_given_twice_is_refused(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(POLICE_UK + A_STREET)
    with pytest.raises(
        DataError, match=r"one\.csv and .*two\.csv hold the same data, or the same month of a force\. Leave one out"
    ):
        read_incidents([tmp_path])


def test_one_table_in_two_wrappings_is_refused(tmp_path: Path) -> None:
    content = (POLICE_UK + A_STREET).encode()
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content + b"\n", mtime=0))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("2026-01/a.csv", content)
    for second in ("a.csv.gz", "a.zip"):
        with pytest.raises(DataError, match="must be given once, or they count twice"):
            read_incidents([tmp_path / "a.csv", tmp_path / second])


def test_two_editions_of_one_month_are_refused(tmp_path: Path) -> None:
    for edition in ("old", "new"):
        (tmp_path / edition).mkdir()
        text = POLICE_UK + A_STREET.replace("a1", edition)
        (tmp_path / edition / "2026-01-metropolitan-street.csv").write_text(text)
    with pytest.raises(DataError, match="must be given once, or they count twice"):
        read_incidents([tmp_path])


def test_tables_with_a_header_alone_are_no_repeats(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(POLICE_UK)
    assert read_incidents([tmp_path]).n_read == 0


def test_a_quote_that_is_not_closed_is_refused_and_swallows_nothing(tmp_path: Path) -> None:
    rows = [f"{i},Robbery,01/02/2026 10:00,,536560,178413,Road,Shop,N" for i in range(30)]
    rows[5] = '5,Robbery,01/02/2026 10:00,,536560,178413,"The Lane,Shop,N'
    with pytest.raises(
        DataError, match="has a quote that is not closed: the text that ends on line 31 and begins 24 lines above"
    ):
        read(tmp_path, council(*rows))
    rows[15] = '15,Robbery,01/02/2026 10:00,,536560,178413,The Lane",Shop,N'
    with pytest.raises(DataError, match=r"has a quote that is not closed: the text that ends on line 17"):
        read(tmp_path, council(*rows))


def test_a_quote_closed_by_the_next_row_is_refused_too(tmp_path: Path) -> None:
    rows = [f"{i},Robbery,01/02/2026 10:00,,536560,178413,Road,Shop,N" for i in range(9)]
    rows[5] = '5,Robbery,01/02/2026 10:00,,536560,178413,"The Lane'
    rows[6] = '6,Robbery,01/02/2026 10:00,,536560,178413,The "Lane,Shop,N'
    for line_end in ("\n", "\r\n", "\r"):
        content = council(*rows).decode().replace("\n", line_end).encode()
        with pytest.raises(DataError, match="has a quote that is not closed"):
            read(tmp_path, content)


def test_rows_of_one_id_at_two_houses_are_both_kept(tmp_path: Path) -> None:
    """The incidents table does not say the numbers, by which the rows differ."""
    rows = [f"R1,Robbery,01/02/2026 10:00,536560,178413,{number} Rye Lane" for number in (114, 116, 114)]
    content = "\n".join(["Crime Ref,Offence,Date From,Easting,Northing,Location", *rows]) + "\n"
    intake = read(tmp_path, content.encode())
    assert intake.incidents["location"].tolist() == ["Rye Lane", "Rye Lane"]
    assert reasons(intake) == {"repeated row": 1}


def test_line_breaks_and_commas_in_a_quoted_text_are_fine(tmp_path: Path) -> None:
    """Also in one longer than Python's own limit, where it is not needed."""
    long_text = "Seen running,\nthen walking, slowly, northwards\n"
    content = (
        "Offence,Date From,Easting,Northing,Location,Notes\n"
        'Robbery,01/02/2026 10:00,536560,178413,"Shop\n1, High St, Deptford, London, SE8",\n'
        f'Robbery,01/02/2026 10:00,536560,178413,"{long_text * 500}","{long_text * 5000}"\n'
    )
    intake = read(tmp_path, content.encode())
    assert intake.incidents["location"].astype("object").fillna("").tolist() == ["High St", ""]


def test_other_tables_in_an_archive_are_passed_over_and_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("meta/readme.csv", "x,y\n1,2\n")
        file.writestr("a.csv", POLICE_UK + A_STREET)
    intake = read_incidents([tmp_path / "a.zip"])
    assert intake.n_read == 1
    assert [table.label for table in intake.passed_over] == ["a.zip/meta/readme.csv"]


def test_a_mark_at_the_start_and_a_windows_byte_go_together(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + council("1,Robbery,01/02/2026 10:00,,536560,178413,Caf\xe9,Shop,N").decode().encode(
        "cp1252"
    )
    assert read(tmp_path, content).incidents["location"].tolist() == ["Café"]


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as file:
            file.writestr("a.csv", POLICE_UK + A_STREET * 50)
        content = bytearray((tmp_path / "a.zip").read_bytes())
        content[60:90] = bytes(30)
        (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(DataError, match="cannot be unpacked"):
            read_incidents([tmp_path / "a.zip"])


@pytest.mark.parametrize("text", ["today", "now", "01/01/1900 10:00", "31/12/9999 23:59", "0001-01-01 10:00"])
def test_dates_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    assert sum(reasons(read(tmp_path, council(f"1,Robbery,{text},,536560,178413,,,N"))).values()) == 1
    month = POLICE_UK + A_STREET.replace("2026-01", text[:7])
    assert sum(reasons(read(tmp_path, month.encode(), name="b.csv")).values()) == 1


def test_what_is_lost_of_a_row_is_counted(tmp_path: Path) -> None:
    intake = read(
        tmp_path,
        council(
            "1,Robbery,01/02/2026 10:00,31/02/2026 10:00,536560,178413,,,N",
            "2,Robbery,01/02/2026 10:00,01/02/2026,536560,178413,,,perhaps",
        ),
    )
    assert intake.count(Oddity.END_UNREADABLE) == intake.remarks["unread_knife"].notna().sum() == 1
    assert intake.incidents["ended_at"].iloc[1] == pd.Timestamp("2026-02-01 23:59")
    assert intake.count(Oddity.REVERSED) == 0


def test_the_commonest_unknown_offences_are_named(tmp_path: Path) -> None:
    intake = read(
        tmp_path,
        council(*(f"{i},{'Missing person' if i % 3 else ''},01/02/2026 10:00,,536560,178413,,,N" for i in range(18))),
    )
    assert intake.count_texts("unrecognised_offence") == {"Missing person": 12, "(blank)": 6}


def test_ids_are_unique_even_if_they_look_like_ours(tmp_path: Path) -> None:
    names = ["a", "a", "a#2", "crimes.csv:2", "", "crimes.csv:5"]
    rows = [f"{name},Robbery,01/02/2026 1{i}:00,,536560,178413,,,N" for i, name in enumerate(names)]
    assert read(tmp_path, council(*rows)).incidents.index.is_unique


def test_hidden_files_and_those_of_macos_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(POLICE_UK + A_STREET)
    (tmp_path / "._a.csv").write_bytes(b"\x00\x05\x16\x07")
    assert read_incidents([tmp_path]).n_read == 1
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("b.csv", POLICE_UK + A_STREET.replace("a1", "b1"))
        file.writestr("__MACOSX/._b.csv", b"\x00\x05\x16\x07")
    assert read_incidents([tmp_path / "b.zip"]).n_read == 1


def test_packed_tables_in_an_archive_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.csv.gz", gzip.compress((POLICE_UK + A_STREET).encode()))
    assert read_incidents([tmp_path / "a.zip"]).n_read == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 an Excel workbook", "is not text but a zip archive or an Excel workbook"),
        ("Month,x".encode("utf-16"), "no column says what happened"),
        (b"Month,\x00\x00\n1,2\n", "is not text: it holds zero bytes"),
        (COUNCIL.replace("Location,", "Easting,").encode(), 'has two columns called "Easting"'),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_archives_in_archives_and_oversized_tables_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("inner.zip", b"")
    with pytest.raises(DataError, match="holds inner.zip. Unpack it first"):
        read_incidents([tmp_path / "a.zip"])
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.MAX_TABLE_BYTES", 100)
    for name, content in (("b.csv.gz", gzip.compress(b"x" * 101, mtime=0)), ("c.zip", b"")):
        (tmp_path / name).write_bytes(content)
        if name == "c.zip":
            with zipfile.ZipFile(tmp_path / name, "w") as file:
                file.writestr("c.csv", b"x" * 101)
        with pytest.raises(DataError, match="A table may unpack to"):
            read_incidents([tmp_path / name])


cell = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n\x00'), max_size=12)
number = st.one_of(st.floats(0, 700_000).map(str), st.just(""), st.just("NaN"), st.just("inf"), cell)
date = st.one_of(st.datetimes().map(lambda d: f"{d:%d/%m/%Y %H:%M}"), st.just(""), cell)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rows=st.lists(
        st.tuples(cell, st.one_of(st.just("Robbery"), cell), date, date, number, number, cell, cell, cell),
        min_size=1,
        max_size=15,
    )
)
@pytest.mark.slow
def test_rows_are_conserved_whatever_they_hold(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    intake = read(tmp_path, (COUNCIL + "".join(",".join(row) + "\n" for row in rows)).encode())
    assert intake.n_read == intake.inputs[0].n_rows == len(rows)
    seen = sorted([*intake.incidents["source_row"], *intake.rejected["source_row"]])
    assert seen == list(range(1, len(rows) + 1))
    assert intake.incidents.index.is_unique
    assert np.isfinite(intake.incidents.geometry.x).all()
    assert intake.incidents["started_at"].notna().all()


def test_an_unreadable_time_of_day_costs_the_hour_and_not_the_row(tmp_path: Path) -> None:
    times = [*(f"05/01/2026,18:{minute:02}" for minute in range(5, 25)), "05/01/2026,unk", "unk,18:05"]
    rows = "".join(f"Robbery,{time},536560,178413\n" for time in times)
    intake = read(tmp_path, f"Offence,Date,Time,Easting,Northing\n{rows}".encode())
    assert intake.incidents["time_precision"].value_counts().to_dict() == {"minute": 20, "day": 1}
    assert set(intake.incidents["started_at"].dt.day) == {5}
    assert intake.count(Oddity.TIME_UNREADABLE) == 1
    assert reasons(intake) == {"unreadable date": 1}


def test_degrees_have_no_thousands(tmp_path: Path) -> None:
    intake = read(tmp_path, b"Offence;Date;Longitude;Latitude\nRobbery;05/01/2026;-0,034;51,488\n")
    (point,) = intake.incidents.geometry
    assert (round(point.x, -2), round(point.y, -2)) == (536600, 178400)


@pytest.mark.parametrize("date", ["2026-01-05", "05-01-2026", "5 Jan 2026", "05/01/26"])
def test_a_quote_that_is_not_closed_is_noticed_wherever_the_date_stands(tmp_path: Path, date: str) -> None:
    rows = [f"Robbery,536560,178413,Road {i},{date}" for i in range(30)]
    rows[4], rows[13] = rows[4].replace("Road", '"Road'), rows[13].replace("Road 13", 'Road 13"')
    content = "Offence,Easting,Northing,Location,Date\n" + "\n".join(rows) + "\n"
    with pytest.raises(DataError, match="has a quote that is not closed"):
        read(tmp_path, content.encode())


def test_a_damaged_table_in_an_archive_is_not_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_STORED) as file:
        file.writestr("2026-01-met-street.csv", POLICE_UK + A_STREET * 50)
        file.writestr("2026-02-met-street.csv", POLICE_UK + A_STREET.replace("2026-01", "2026-02") * 50)
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content.replace(b"2026-02,M", b"2026-03,M", 1))
    with pytest.raises(DataError, match="2026-02-met-street.csv cannot be unpacked"):
        read_incidents([tmp_path / "a.zip"])


def test_a_table_that_is_nearly_recognised_is_not_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.csv", POLICE_UK + A_STREET)
        file.writestr("b.csv", "Offence,Wann,Easting,Northing\nRobbery,01/02/2026 10:00,536560,178413\n")
    with pytest.raises(DataError, match="b.csv does not have a known layout: no column says when"):
        read_incidents([tmp_path / "a.zip"])


def test_a_store_among_the_files_that_are_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(POLICE_UK + A_STREET)
    with pytest.raises(ParameterError, match="The store must not lie in a folder of input files"):
        read_incidents([tmp_path], store=Store(folder=tmp_path / "store"))


def test_a_mark_at_the_start_does_not_make_another_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes((POLICE_UK + A_STREET).encode())
    (tmp_path / "b.csv").write_bytes((POLICE_UK + A_STREET).encode("utf-8-sig"))
    with pytest.raises(DataError, match="must be given once, or they count twice"):
        read_incidents([tmp_path])


def test_times_beside_their_dates_are_found_by_the_same_words(tmp_path: Path) -> None:
    header = "Offence,Date Committed From,Time Committed From,Eastings,Northings\n"
    rows = "".join(f"Robbery,05/01/2026,{time},536560,178413\n" for time in ("18:05", "1805", "18.05 hrs", "18-05"))
    intake = read(tmp_path, (header + rows).encode())
    assert intake.incidents["started_at"].dt.strftime("%H:%M").tolist() == [*["18:05"] * 3, "00:00"]
    assert intake.incidents["time_precision"].tolist() == [*["minute"] * 3, "day"]  # from six to five, or 18:05


def test_coordinates_that_are_wrong_are_not_hidden_by_a_place_nearby(tmp_path: Path) -> None:
    reference = read(tmp_path, b"Offence,Date,Easting,Northing,Grid Ref\nRobbery,05/01/2026,-3800,6711000,TQ 38 75\n")
    assert reasons(reference) == {"coordinates in another CRS": 1}


def test_what_stands_for_an_id_makes_no_row_a_repeat(tmp_path: Path) -> None:
    for placeholder in ("N/A", "-", "5.20124E+15", "redacted", "0000"):
        intake = read(tmp_path, council(*[f"{placeholder},Robbery,01/02/2026 10:00,,536560,178413,,,"] * 3))
        assert (len(intake.incidents), intake.count(Oddity.PLACEHOLDER_ID)) == (3, 3), placeholder


@pytest.mark.slow
def test_an_id_on_many_rows_of_a_table_is_none(tmp_path: Path) -> None:
    row = "Batch 7,Robbery,01/02/2026 10:00,,536560,178413,,,"
    intake = read(tmp_path, council(*[row] * 21))
    assert (len(intake.incidents), intake.count(Oddity.PLACEHOLDER_ID)) == (21, 21)
    few = read(tmp_path, council(*[row] * 20))
    assert reasons(few) == {"repeated row": 19}
    # the same row in many extracts is the same incident
    for number in range(25):
        rows = [f"{ref},Robbery,01/02/2026 10:00,,536560,178413,,," for ref in ("7", f"x{number}")]
        (tmp_path / f"{number}.csv").write_bytes(council(*rows))
    (tmp_path / "crimes.csv").unlink()
    assert reasons(read_incidents([tmp_path])) == {"repeated row": 24}


@pytest.mark.parametrize("wrapping", ["line ends", "encoding", "delimiter"])
def test_rows_without_ids_cannot_be_given_twice_in_another_wrapping(tmp_path: Path, wrapping: str) -> None:
    text = "Offence,Date,Easting,Northing\n" + "".join(
        f"Robbery,2026-01-0{day} 10:00,536560,178413\n" for day in range(1, 7)
    )
    other = {
        "line ends": text.replace("\n", "\r\n").encode(),
        "encoding": text.encode("utf-16"),
        "delimiter": text.replace(",", ";").encode(),
    }
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv").write_bytes(other[wrapping])
    with pytest.raises(DataError, match="given once, or they count twice; .*a.csv and .*b.csv hold the same"):
        read_incidents([tmp_path])


def test_what_no_user_has_put_in_a_folder_is_not_read(tmp_path: Path) -> None:
    content = council("1,Robbery,01/02/2026 10:00,,536560,178413,,,")
    (tmp_path / "a.csv").write_bytes(content)
    for name in (".ipynb_checkpoints/a-checkpoint.csv", ".hidden/b.csv", "__MACOSX/c.csv", "~$d.xlsx", ".e.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"anything")
    assert read_incidents([tmp_path]).n_read == 1
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", content)
        archive.writestr(".hidden/b.csv", "anything")
        archive.writestr("__MACOSX/a.csv", "anything")
    assert read_incidents([tmp_path / "a.zip"]).n_read == 1


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    content = council("1,Robbery,01/02/2026 10:00,,536560,178413,,,")
    (tmp_path / "a.csv").write_bytes(content)
    (tmp_path / "february.txt").write_bytes(content)
    (tmp_path / "README.md").write_text("about")
    note, *_ = read_incidents([tmp_path]).notes
    assert note.startswith("Files in the folders of a kind that is not looked for there: february.txt.")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a.csv", "b.geojson", "c.txt"):
            archive.writestr(name, content)
    passed_over = read_incidents([tmp_path / "a.zip"]).passed_over
    assert [table.label for table in passed_over] == ["a.zip/b.geojson", "a.zip/c.txt"]
    assert "unpack it" in passed_over[0].reason


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for number, folder in enumerate(("lewisham", "southwark")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "extract.csv").write_bytes(council(f"{number},Robbery,01/02/2026 10:00,,536560,178413,,,"))
    (tmp_path / "other.csv").write_bytes(council("2,Robbery,01/02/2026 10:00,,536560,178413,,,"))
    paths = [*(tmp_path / folder / "extract.csv" for folder in ("lewisham", "southwark")), tmp_path / "other.csv"]
    intake = read_incidents(paths)
    assert [file.path for file in intake.inputs] == ["lewisham/extract.csv", "southwark/extract.csv", "other.csv"]
    assert sorted(intake.incidents["source"]) == ["lewisham/extract.csv", "other.csv", "southwark/extract.csv"]


def test_people_in_the_names_of_files_are_masked(tmp_path: Path) -> None:
    names = ("robbery victim John Smith 07700900123.csv", "robbery victim Jane Smith 07700900124.csv")
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(council(f"{number},Robbery,01/02/2026 10:00,,536560,178413,,,"))
    intake = read_incidents([tmp_path / name for name in names])
    assert sorted(intake.incidents["source"]) == [
        "robbery victim [name] [phone].csv",
        "robbery victim [name] [phone].csv (2)",
    ]
    assert {file.path for file in intake.inputs} == {"robbery victim [name] [phone].csv"}


def test_doubts_about_dates_and_times_are_said(tmp_path: Path) -> None:
    header = "Offence,Date,Time,Easting,Northing\n"
    intake = read(tmp_path, (header + "Robbery,01/02/2026,18,536560,178413\n" * 3).encode())
    column, order = intake.notes
    assert column.startswith(
        'crimes.csv: column "Time" is not read, because it does not hold times of day, such as "99"'
    )
    assert "the dates in Date are read day-first, although none of them proves it" in order
    (tmp_path / "a.csv").write_text(
        header + "".join(f"Robbery,02/{day}/2026,18:00,536560,178413\n" for day in range(10, 20))
    )
    notes = read_incidents([tmp_path]).notes
    assert any("a.csv is read month-first and" in note and "crimes.csv day-first" in note for note in notes)


def test_one_time_in_the_column_of_dates_does_not_cost_the_others_theirs(tmp_path: Path) -> None:
    rows = "".join(f"Robbery,{day:02d}/01/2026,18:00,536560,178413\n" for day in range(13, 18))
    content = f"Offence,Date,Time,Easting,Northing\n{rows}Robbery,19/01/2026 12:30,12:30,536560,178413\n"
    hours = read(tmp_path, content.encode()).incidents["started_at"].dt.hour
    assert hours.tolist() == [*[18] * 5, 12]


def test_the_end_of_incidents_also_tells_the_order_of_dates(tmp_path: Path) -> None:
    rows = "".join(f"Robbery,02/{day:02d}/2026,02/{day + 6:02d}/2026,536560,178413\n" for day in range(3, 13))
    intake = read(tmp_path, f"Offence,Date From,Date To,Easting,Northing\n{rows}".encode())
    assert intake.incidents["started_at"].iloc[0] == pd.Timestamp(2026, 2, 3)


def test_a_time_that_is_often_not_known_does_not_cost_the_others_theirs(tmp_path: Path) -> None:
    times = ["18:05"] * 4 + ["n/k"] * 6
    rows = "".join(f"Robbery,{13 + i}/01/2026,{time},536560,178413\n" for i, time in enumerate(times))
    intake = read(tmp_path, f"Offence,Date,Time,Easting,Northing\n{rows}".encode())
    assert intake.incidents["time_precision"].tolist() == ["minute"] * 4 + ["day"] * 6
    assert (intake.count(Oddity.TIME_UNREADABLE), intake.notes) == (6, ())


def test_tables_without_a_usable_row_are_not_the_same_table(tmp_path: Path) -> None:
    for name in ("a", "b"):
        rows = "".join(f"Robbery,soon {name}{i},536560,178413\n" for i in range(6))
        (tmp_path / f"{name}.csv").write_text(f"Offence,Date,Easting,Northing\n{rows}")
    assert reasons(read_incidents([tmp_path])) == {"unreadable date": 12}
