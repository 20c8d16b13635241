from __future__ import annotations

import csv
import dataclasses
import gzip
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import call

from hotspots.errors import DataError
from hotspots.ingest.formats.delimited_text import open_text_table
from hotspots.ingest.formats.input_files import find_files, list_members
from hotspots.ingest.formats.table import Table
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.records import ReadingOptions

HEADER = ("Offence", "Date From", "Easting", "Northing", "Location")
ROWS = (
    ("Robbery", "01/02/2026 10:00", "536560", "178413", "Café"),
    ("Burglary", "02/02/2026 11:00", "536561.5", "178414", "a, b; c"),
)
PROFILE: dict[str, Any] = {
    "name": "a",
    "offence": ("Offence",),
    "start": ("Date From",),
    "easting": "Easting",
    "northing": "Northing",
    "location": ("Location",),
}


def write(rows: Sequence[Sequence[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    def field(text: str) -> str:
        return f'"{text}"' if delimiter in text else text

    return "".join(delimiter.join(map(field, row)) + line_end for row in rows)


def read(tmp_path: Path, content: bytes | str, name: str = "a.csv", **profile: Any) -> Intake:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    options = ReadingOptions(profiles=(SourceProfile(**PROFILE, files=name, **profile),) if profile else ())
    return read_incidents([path], options=options)


def open_table(tmp_path: Path, content: bytes) -> Table:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    (member,) = list_members(*find_files([path], suffixes=(), what="x"), suffixes=())
    return open_text_table(member.label, member.open)


def require_both_rows(intake: Intake) -> None:
    assert intake.incidents["category"].tolist() == ["robbery", "burglary"]
    assert intake.incidents["location"].tolist() == ["Café", "a, b; c"]
    assert intake.incidents.geometry.x.tolist() == [536560, 536561.5]
    assert intake.incidents["source_row"].tolist() == [1, 2]
    assert not len(intake.rejected)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_delimiter_and_line_end_is_found(tmp_path: Path, delimiter: str, line_end: str) -> None:
    for name in ("a.csv", "a.tsv", "a.txt", "a.tab"):
        require_both_rows(read(tmp_path, write([HEADER, *ROWS], delimiter, line_end), name))


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16-LE"),
        ("utf-16-be", "UTF-16-BE"),
        ("cp1252", "Windows-1252"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_encoding_is_found(tmp_path: Path, encoding: str, named: str, line_end: str) -> None:
    content = write([HEADER, *ROWS], line_end=line_end).encode(encoding)
    require_both_rows(read(tmp_path, content))
    assert open_table(tmp_path, content).kind == f"text in {named}, columns separated by commas"
    marked = "\ufeff".encode(encoding) if encoding.startswith("utf-16-") else b""
    require_both_rows(read(tmp_path, marked + content))


def test_an_accent_after_the_first_megabyte_decides_the_encoding_too(tmp_path: Path) -> None:
    content = write([HEADER, *[ROWS[1]] * 30_000, ROWS[0]])
    for encoding in ("utf-8", "cp1252"):
        intake = read(tmp_path, content.encode(encoding))
        assert intake.incidents["location"].iloc[-1] == "Café"


def test_what_cannot_be_told_can_be_said(tmp_path: Path) -> None:
    content = write([HEADER, *ROWS], "~").encode("cp850")
    require_both_rows(read(tmp_path, content, delimiter="~", encoding="cp850"))
    with pytest.raises(DataError, match='No encoding called "utf-9", given for a.csv. Try utf-8 or cp1252.'):
        read(tmp_path, content, encoding="utf-9")
    for no_text in ("rot13", "base64"):
        with pytest.raises(DataError, match=f'No encoding called "{no_text}"'):
            read(tmp_path, content, encoding=no_text)


def test_decimal_commas_and_thousands_are_read(tmp_path: Path) -> None:
    rows = [HEADER, ("Robbery", "01.02.2026 10:00", "536.560,5", "178413,25", "")]
    intake = read(tmp_path, write(rows, ";"))
    assert (intake.incidents.geometry.x.iloc[0], intake.incidents.geometry.y.iloc[0]) == (536560.5, 178413.25)
    rows = [HEADER, ("Robbery", "01/02/2026 10:00", "536,560.5", "178,413", "")]
    intake = read(tmp_path, write(rows))
    assert (intake.incidents.geometry.x.iloc[0], intake.incidents.geometry.y.iloc[0]) == (536560.5, 178413)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_titles_and_blank_rows_above_the_header_do_not_count(tmp_path: Path, line_end: str) -> None:
    titles = ["Crimes, by month", "", 'Made by "A', 'Unit", for B', "", ""]
    rows = write([HEADER, ROWS[0]], line_end=line_end) + line_end + "short" + line_end + write([ROWS[1]])
    intake = read(tmp_path, line_end.join(titles) + rows)
    assert intake.incidents["source_row"].tolist() == [1, 3]
    assert intake.rejected[["source_row", "reason"]].to_numpy().tolist() == [[2, "malformed row"]]


@pytest.mark.slow
def test_long_notes_above_the_header_are_passed_over(tmp_path: Path) -> None:
    notes = "".join(f"Note {n}: {'x' * 40_000}\n" for n in range(15))
    require_both_rows(read(tmp_path, notes + write([HEADER, *ROWS])))


def test_rows_of_delimiters_alone_are_blank_rows(tmp_path: Path) -> None:
    intake = read(tmp_path, write([HEADER, ROWS[0], ("",) * 5, ROWS[1]]))
    assert intake.rejected[["source_row", "reason"]].to_numpy().tolist() == [[2, "blank row"]]


def test_a_delimiter_at_the_end_of_every_line_is_fine(tmp_path: Path) -> None:
    require_both_rows(read(tmp_path, write([(*row, "", "") for row in (HEADER, *ROWS)])))


def test_a_delimiter_at_the_end_of_rows_alone_makes_them_malformed(tmp_path: Path) -> None:
    """Which of their fields is too many cannot be told, and a guess could shift every column."""
    intake = read(tmp_path, write([HEADER, *((*row, "") for row in ROWS)]))
    assert intake.rejected["reason"].tolist() == ["malformed row"] * 2
    assert intake.rejected["source_row"].tolist() == [1, 2]


def test_quotes_are_read_as_python_reads_them(tmp_path: Path) -> None:
    content = write([HEADER]) + "".join(
        f"Robbery,01/02/2026 10:00,536560,178413,{text}\n" for text in ('"a ""b"" c"', 'd "e" f', '"g\nh"', '"i"j') * 10
    )
    assert read(tmp_path, content).incidents["location"].tolist() == ['a "b" c', 'd "e" f', "g h", "ij"] * 10


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("title", ["", "A title\n", "A title\r\n\r\n"])
def test_a_header_alone_is_a_table_without_rows(tmp_path: Path, title: str, end: str) -> None:
    intake = read(tmp_path, title + ",".join(HEADER) + end)
    assert (intake.n_read, intake.inputs[0].n_rows) == (0, 0)


def test_rows_that_are_all_malformed_are_all_counted(tmp_path: Path) -> None:
    intake = read(tmp_path, write([HEADER, ("Robbery",), ("Robbery",)]))
    assert intake.rejected[["source_row", "reason"]].to_numpy().tolist() == [[1, "malformed row"], [2, "malformed row"]]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", " \n".encode("utf-16"), b",,,\n"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.csv is empty: its first line must name the columns"):
        read(tmp_path, content)


def test_a_column_that_is_there_twice_is_refused_only_if_it_is_read(tmp_path: Path) -> None:
    require_both_rows(
        read(tmp_path, write([(*row, "x", "y") for row in ROWS]).join((write([(*HEADER, "n", "n")]), "")))
    )
    with pytest.raises(DataError, match='a.csv has two columns called "Easting". Rename or remove one.'):
        read(tmp_path, write([(*HEADER, "Easting"), (*ROWS[0], "1")]))


def test_a_line_without_end_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv is not a table: its first line is over 1 MB long"):
        read(tmp_path, b"x" * 1024**2)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PAR1....", "Parquet"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"SQLite format 3\x00", "a database"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    ],
)
def test_other_kinds_of_files_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    with pytest.raises(DataError, match=f"a.csv is not text but {kind}.*Give it the file ending of that kind"):
        read(tmp_path, content)


@pytest.mark.slow
def test_malformed_rows_in_a_file_of_several_blocks_keep_their_numbers(tmp_path: Path) -> None:
    """Seventeen megabytes are three blocks; a thousand bad rows in a row, and one at each end."""
    n_rows = 160_000
    bad = {1, 2, 79_999, *range(90_000, 91_000), n_rows}
    lines = [
        "short" if row in bad else f"Robbery,01/02/2026 10:00,{530_000 + row / 100},178413,{'x' * 65}"
        for row in range(1, n_rows + 1)
    ]
    intake = read(tmp_path, "\n".join([",".join(HEADER), *lines]))
    assert intake.n_read == intake.inputs[0].n_rows == n_rows
    assert set(intake.rejected["source_row"]) == bad
    assert intake.incidents.geometry.x.tolist() == (530_000 + intake.incidents["source_row"] / 100).tolist()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    kinds=st.lists(st.sampled_from(("good", "good", "short", "long", "blank", "quoted")), max_size=40),
    block_bytes=st.integers(120, 400),
    line_end=st.sampled_from(("\n", "\r\n", "\r")),
    n_titles=st.integers(0, 2),
)
@pytest.mark.slow
def test_rows_are_numbered_alike_however_the_text_falls_into_blocks(
    tmp_path: Path, kinds: list[str], block_bytes: int, line_end: str, n_titles: int
) -> None:
    lines, number = ["A title"] * n_titles + [",".join(HEADER)], 0
    good: list[int] = []
    bad: list[int] = []
    for kind in kinds:
        number += kind != "blank"
        row = f"Robbery,01/02/2026 10:00,{530_000 + number},178413"
        lines.append(
            {"short": row, "long": f"{row},a,b", "blank": "", "quoted": f'{row},"a{line_end}b"'}.get(kind, f"{row},a")
        )
        if kind != "blank":
            (bad if kind in ("short", "long") else good).append(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hotspots.ingest.formats.delimited_text.BLOCK_BYTES", block_bytes)
        intake = read(tmp_path, line_end.join(lines))
    assert intake.incidents["source_row"].tolist() == good
    assert intake.incidents.geometry.x.tolist() == [530_000 + number for number in good]
    assert sorted(intake.rejected["source_row"]) == bad


def test_a_table_has_a_largest_number_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.MAX_TABLE_ROWS", 10)
    assert read(tmp_path, write([HEADER, *[ROWS[0]] * 10])).n_read == 10
    for content in (write([HEADER, *[ROWS[0]] * 11]), write([HEADER]) + "\n" * 11):
        with pytest.raises(DataError, match=r"A table may have 10 rows; a\.csv has more. Split it by month"):
            read(tmp_path, content)


def test_a_table_has_a_largest_number_of_malformed_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.MAX_MALFORMED_ROWS", 10)
    assert read(tmp_path, write([HEADER, *[("short",)] * 10])).n_read == 10
    with pytest.raises(
        DataError, match=r"a\.csv is not a table: over 10 rows do not have as many columns as its header"
    ):
        read(tmp_path, write([HEADER, *[("short",)] * 11]))


def test_packed_text_is_read(tmp_path: Path) -> None:
    content = write([HEADER, *ROWS]).encode()
    require_both_rows(read(tmp_path, gzip.compress(content), "a.csv.gz"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("folder/a.csv", content)
    intake = read_incidents([tmp_path / "a.zip"])
    require_both_rows(intake)
    assert set(intake.incidents["source"]) == {"a.zip/folder/a.csv"}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_packed_text_that_is_cut_off_or_damaged_is_refused(tmp_path: Path, share: float) -> None:
    content = write([HEADER, *((*row[:4], os.urandom(20).hex()) for row in ROWS * 500)]).encode()
    with zipfile.ZipFile(tmp_path / "whole.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
    for name, packed in (("a.csv.gz", gzip.compress(content)), ("a.zip", (tmp_path / "whole.zip").read_bytes())):
        at = int(share * len(packed))
        with pytest.raises(DataError, match=rf"{name}.* cannot be unpacked"):
            read(tmp_path, packed[:at], name)
        if share < 0.99:  # what stands at the end may be of no consequence
            with pytest.raises(DataError, match=rf"{name}.* cannot be unpacked"):
                read(tmp_path, packed[:at] + bytes(b ^ 255 for b in packed[at : at + 4]) + packed[at + 4 :], name)


def test_paths_that_climb_out_of_an_archive_are_only_names(tmp_path: Path) -> None:
    inside = tmp_path / "folder"
    inside.mkdir()
    outside = tmp_path / "outside.csv"
    with zipfile.ZipFile(inside / "a.zip", "w") as archive:
        for number, name in enumerate(("../outside.csv", str(outside), "..\\..\\outside.csv")):
            archive.writestr(name, write([HEADER, (*ROWS[0][:4], str(number))]))
    intake = read_incidents([inside / "a.zip"])
    assert len(intake.incidents) == 3
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.zip", "folder"]


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.MAX_TABLE_BYTES", 4 * 1024**2)
    monkeypatch.setattr("hotspots.ingest.formats.delimited_text.MAX_TABLE_ROWS", 1_000_000)
    for name, piece in (("zeros", b"\x00"), ("pairs", b"a,b\n"), ("lines", b"\n"), ("quote", b'"')):
        head = (",".join(HEADER) + "\n").encode()
        large = head + piece * (5 * 1024**2 // len(piece))
        with pytest.raises(DataError, match=rf"A table may unpack to .*{name}\.csv\.gz is larger. Split it by month"):
            read(tmp_path, gzip.compress(large), f"{name}.csv.gz")
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.csv", large)
        with pytest.raises(DataError, match="A table may unpack to"):
            read_incidents([tmp_path / "a.zip"])


def test_cells_of_blanks_are_blank_and_blanks_around_a_text_are_none(tmp_path: Path) -> None:
    row = "Robbery,01/02/2026 10:00,536560,178413, Grove Street \n"
    blank = "Burglary,  ,536560,178413,\n   , , , ,\n"
    intake = read(tmp_path, write([HEADER]) + row + blank)
    assert intake.incidents["location"].tolist() == ["Grove Street"]
    assert intake.rejected["reason"].tolist() == ["no date", "blank row"]


@pytest.mark.parametrize(
    ("date", "n_between"), [("2026/01/15", 3), ("20260115", 3), ("46037", 3), ("15 Jan 2026", 3), ("31/01/2025", 0)]
)
@pytest.mark.parametrize("is_late", [False, True])
def test_two_quotes_that_are_not_closed_do_not_swallow_what_is_between(
    tmp_path: Path, date: str, n_between: int, is_late: bool
) -> None:
    """Nor bring a column that nobody reads into one that is read."""
    header = "Ref,Offence,Location,Surname,Mobile,Date,Easting,Northing\n"
    if is_late:
        header = "Ref,Date,Offence,Surname,Mobile,Easting,Northing,Location\n"

    def row(number: int, location: str) -> str:
        people = f"Bloggs,07700 90012{number % 10}"
        if is_late:
            return f"R{number},{date},Robbery,{people},538629,175281,{location}\n"
        return f"R{number},Robbery,{location},{people},{date},538629,175281\n"

    rows = [row(0, '"The Crown'), *(row(1 + i, "Park") for i in range(n_between)), row(9, '"The Bell')]
    with pytest.raises(DataError, match="a.csv has a quote that is not closed"):
        read(tmp_path, header + row(5, "Park") + "".join(rows) + row(6, "Park"))


def test_rows_with_another_number_of_fields_say_how_many(tmp_path: Path) -> None:
    intake = read(tmp_path, write([HEADER, (*ROWS[0], ""), (*ROWS[1], "")]))
    assert intake.rejected["detail"].tolist() == ["6 fields, and 5 columns"] * 2


@pytest.mark.parametrize("name", ["utf8", "UTF-8", "utf-8"])
def test_an_encoding_may_have_any_of_its_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="invalid UTF8 data"):
        read(tmp_path, write([HEADER, *ROWS]).encode("cp1252"), encoding=name)


def test_an_encoding_that_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No encoding called"):
        read(tmp_path, write([HEADER, *ROWS]), encoding="utf\0008")


def test_reading_leaves_the_limits_of_other_programs_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    read(tmp_path, write([HEADER, *ROWS]).replace("a, b; c", "a\nb"))
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    "note",
    [
        "Victim approached by group,\n2 aged 18, one older, all in black",
        "Report taken.\n12/06/2025, 10:15, PC attended",
        "12 High St,Flat 2\nLewisham,London,SE13 6AA",
        "Stolen: 1,200 pounds, 1,500 euros,\nand 2,000 dollars plus 3,000 yen",
        "51.46,-0.01\n51.47,-0.02\n51.48,-0.03",
    ],
)
def test_texts_of_several_lines_are_fine_whatever_they_list(tmp_path: Path, note: str) -> None:
    header = "Crime Ref,Offence,Date,Easting,Northing,Notes,Beat,Status\n"
    rows = "".join(f'R{i},Robbery,1{i}/06/2025 18:00,53800{i},175000,"{note}",B1,open\n' for i in range(3))
    assert len(read(tmp_path, header + rows).incidents) == 3


def test_a_table_whose_columns_have_one_name_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Crime Ref,Crime Ref\nRobbery,1\n")
    code, _, err = call("check", tmp_path / "a.csv")
    assert code == 3
    assert "Traceback" not in err


def test_a_sample_is_of_the_first_thousand_rows_and_holds_no_word_of_others(tmp_path: Path) -> None:
    lines = [f"2025-01-01,{number}" for number in range(1500)]
    table = open_table(tmp_path, "\n".join(["Month,Street", *lines]).encode())
    streets, months = (table.sample({name})[name] for name in ("Street", "Month"))
    assert streets.tolist() == [str(number) for number in range(1000)]
    assert set(streets.cat.categories) == set(streets)
    assert len(months) == 1000
    assert list(table.sample({"Street", "Month"})) == ["Month", "Street"]


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0", "\u2003", "\u3000", "\x1f"])
def test_blanks_around_a_text_are_none_of_it_whatever_they_are(tmp_path: Path, blank: str) -> None:
    table = open_table(tmp_path, f"Street,Month\n{blank}High Street{blank},{blank}\n".encode())
    (chunk,) = table.read({"Street", "Month"})
    assert chunk.columns["Street"].tolist() == ["High Street"]
    assert chunk.columns["Month"].isna().all()


def test_columns_may_be_read_as_plain_text(tmp_path: Path) -> None:
    table = open_table(tmp_path, "ID,Street,Month\na1 ,High Street,1\n \u3000,,2\n,Mill Lane,3\na1,,4\n".encode())
    (chunk,) = table.read_with({"Street"}, plain={"ID"})
    assert chunk.columns["ID"].astype("object").fillna("-").tolist() == ["a1", "-", "-", "a1"]
    assert isinstance(chunk.columns["Street"].dtype, pd.CategoricalDtype)
    assert list(chunk.columns) == ["ID", "Street"]
    (listed,) = dataclasses.replace(table, read_plain=None).read_with({"Street"}, plain={"ID"})
    assert listed.columns["ID"].astype("object").fillna("-").tolist() == ["a1", "-", "-", "a1"]


@pytest.mark.parametrize("odd", ['"two\nlines",1', "too,many,fields", ""])
def test_a_sample_is_whole_where_rows_and_lines_are_not_the_same(tmp_path: Path, odd: str) -> None:
    rows = [line for number in range(1500) for line in (odd, f"{number},2025-01")]
    (streets,) = open_table(tmp_path, "\n".join(["Street,Month", *rows]).encode()).sample({"Street"}).values()
    least = 500 if odd.startswith('"') else 1000
    assert len(streets) == 1000
    assert streets[streets != "two\nlines"].tolist() == [str(number) for number in range(least)]
