from __future__ import annotations

import datetime as dt
import fnmatch
import io
import struct
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from hotspots.errors import DataError
from hotspots.ingest.formats.workbooks import open_workbook
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import SourceProfile, parse_profile
from hotspots.ingest.incidents.recognition import UnknownLayoutError, make_pattern
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.pipeline.quality import assess_quality
from hotspots.products.summary import encode, summarise_quality

HEADER = ["Offence", "Date From", "Easting", "Northing", "Knife Flag"]
ROW = ["Robbery", dt.datetime(2026, 2, 1, 10, 5), 536560, 178413, True]
Rows = Sequence[Sequence[Any]]


def make_workbook(
    sheets: Mapping[str, Rows], hidden: Sequence[str] = (), hidden_rows: Mapping[str, Sequence[int]] | None = None
) -> bytes:
    workbook = openpyxl.Workbook()
    for sheet in workbook.worksheets:
        workbook.remove(sheet)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
        for number in (hidden_rows or {}).get(name, ()):
            sheet.row_dimensions[number].hidden = True
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def read(tmp_path: Path, content: bytes, name: str = "a.xlsx", **profile: Any) -> Intake:
    path = tmp_path / name
    path.write_bytes(content)
    columns: dict[str, Any] = {"offence": ("Offence",), "start": ("Date From",)}
    columns |= {"easting": "Easting", "northing": "Northing", **profile}
    profiles = (SourceProfile(name="a", **columns),) if profile else ()
    return read_incidents([path], options=ReadingOptions(profiles=profiles))


def read_rows(tmp_path: Path, *rows: Sequence[Any]) -> Intake:
    return read(tmp_path, make_workbook({"Sheet1": rows}))


def test_a_sheet_of_typed_cells_becomes_incidents(tmp_path: Path) -> None:
    intake = read_rows(tmp_path, HEADER, ROW, ["Burglary", dt.date(2026, 2, 2), 536560.25, 178413.5, "N"])
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp("2026-02-01 10:05"), pd.Timestamp("2026-02-02")]
    assert intake.incidents["time_precision"].tolist() == ["minute", "day"]
    assert intake.incidents["is_knife"].tolist() == [True, False]
    assert intake.incidents.geometry.x.tolist() == [536560, 536560.25]
    assert set(intake.incidents["source"]) == {"a.xlsx/Sheet1"}


@pytest.mark.parametrize(
    ("day", "time", "expected"),
    [
        (dt.date(2026, 2, 1), dt.time(18, 5), "2026-02-01 18:05"),
        (dt.datetime(2026, 2, 1), dt.time(18, 5), "2026-02-01 18:05"),
        (dt.date(2026, 2, 1), "18:05", "2026-02-01 18:05"),
        (dt.date(2026, 2, 1), 0.75, "2026-02-01 18:00"),
        (dt.date(2026, 2, 1), 1805, "2026-02-01 18:05"),
        (45658, 0.75, "2025-01-01 18:00"),
        ("01/02/2026", dt.time(18, 5), "2026-02-01 18:05"),
        (dt.datetime(2026, 2, 1, 18, 5), None, "2026-02-01 18:05"),
    ],
)
def test_dates_and_times_in_two_columns_are_one(tmp_path: Path, day: Any, time: Any, expected: str) -> None:
    header = ["Offence", "Date From", "Time From", "Easting", "Northing"]
    intake = read_rows(tmp_path, header, ["Robbery", day, time, 536560, 178413])
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp(expected)]
    assert intake.incidents["time_precision"].tolist() == ["minute"]


def test_serial_numbers_that_are_not_shown_as_dates_are_dates(tmp_path: Path) -> None:
    intake = read_rows(tmp_path, HEADER, ["Robbery", 45658.75, 536560, 178413, 1])
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp("2025-01-01 18:00")]


def test_cells_of_errors_are_refused_with_their_row(tmp_path: Path) -> None:
    intake = read_rows(
        tmp_path, HEADER, ["Robbery", "#VALUE!", 536560, 178413, "Y"], ["Robbery", ROW[1], "#N/A", 178413, "Y"], ROW
    )
    assert intake.incidents["source_row"].tolist() == [3]
    reasons = intake.rejected.set_index("source_row")["reason"].to_dict()
    assert reasons[1] in ("no date", "unreadable date")
    assert reasons[2] in ("no location", "unreadable location")


def test_titles_above_and_blank_rows_between_do_not_count(tmp_path: Path) -> None:
    intake = read_rows(tmp_path, ["Crimes of January"], [], ["made by us", None, None], HEADER, ROW, [], ROW)
    assert intake.incidents["source_row"].tolist() == [1, 2]


def test_two_sheets_of_incidents_are_refused_until_one_is_named(tmp_path: Path) -> None:
    two = make_workbook(
        {"January": [HEADER, ROW], "February": [HEADER, ["Burglary", *ROW[1:]]], "Notes": [["a"], ["b"]]}
    )
    with pytest.raises(
        DataError, match=r'a\.xlsx holds 2 tables of incidents.*: January, February\..*sheet = "January"'
    ):
        read(tmp_path, two)
    assert read(tmp_path, two, sheet="February").incidents["category"].tolist() == ["burglary"]
    every = read(tmp_path, two, sheet="*")
    assert every.incidents["source"].tolist() == ["a.xlsx/January", "a.xlsx/February"]
    assert every.incidents["source_row"].tolist() == [1, 1]


def test_other_and_hidden_sheets_are_passed_over(tmp_path: Path) -> None:
    content = make_workbook(
        {"Lookup": [["a", "b"], [1, 2]], "Data": [HEADER, ROW], "Old": [HEADER, ROW], "Empty": []}, hidden=["Old"]
    )
    intake = read(tmp_path, content)
    assert intake.incidents["source"].tolist() == ["a.xlsx/Data"]
    # a hidden sheet may hold more incidents, or an older state of them: that is for the user to say
    assert [(table.label, table.reason) for table in intake.passed_over][1:] == [("a.xlsx/Old", "a hidden sheet")]
    assert intake.passed_over[0].label == "a.xlsx/Lookup"


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.xlsx is empty: it holds no table with anything in it"):
        read(tmp_path, make_workbook({"Sheet1": []}))


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path, HEADER).n_read == 0


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='a.xlsx/Sheet1 has two columns called "Easting"'):
        read_rows(tmp_path, [*HEADER, "Easting"], [*ROW, 1])


def make_compound_file(*names: str) -> bytes:
    """The smallest compound file with empty streams of these names, after [MS-CFB]: header, FAT, directory."""
    free, end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    start = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    header = start + struct.pack("<9I109I", 0, 1, 1, 0, 4096, end, 0, end, 0, 0, *[free] * 108)

    def entry(name: str, kind: int, right: int, child: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        numbers = struct.pack("<HBBIII36xIQ", len(text), kind, 1, free, right, child, end if name else 0, 0)
        return text.ljust(64, b"\0") + numbers

    entries = [entry("Root Entry", 5, free, 1)]
    entries += [entry(name, 2, n + 1 if n < len(names) else free, free) for n, name in enumerate(names, start=1)]
    entries += [bytes(68) + struct.pack("<III", free, free, free) + bytes(48)] * (4 - len(entries))
    return header + struct.pack("<128I", fat, end, *[free] * 126) + b"".join(entries)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_workbook_behind_a_password_is_refused(tmp_path: Path, name: str) -> None:
    """Office keeps an encrypted workbook as two streams of a compound file, after [MS-OFFCRYPTO]."""
    with pytest.raises(DataError, match=rf"{name} is protected by a password. Save it without one."):
        read(tmp_path, make_compound_file("EncryptedPackage", "EncryptionInfo"), name)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Offence,Date From\n",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        make_compound_file("WordDocument"),
        make_workbook({"Sheet1": [HEADER, ROW]})[:-300],
    ],
    ids=["nothing", "text", "a zip that ends", "a compound file that ends", "a document", "a workbook that ends"],
)
@pytest.mark.parametrize("name", ["a.xlsx", "a.xlsm", "a.xls"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes, name: str) -> None:
    with pytest.raises(
        DataError, match=rf"{name} cannot be read as an Excel workbook: .*Save it again as \.xlsx or CSV"
    ):
        read(tmp_path, content, name)


def replace_sheet(rows: str, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook whose one sheet holds these rows as XML, under another name if one is given."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_workbook({"Sheet1": [["x"]]}))) as old,
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            text = old.read(part).decode()
            if part == "xl/worksheets/sheet1.xml":
                part, text = name, text[: text.index("<sheetData>")] + f"<sheetData>{rows}</sheetData></worksheet>"
            new.writestr(part, text.replace("/xl/worksheets/sheet1.xml", f"/{name}"))
    return content.getvalue()


CELL = '<row r="{row}"><c r="{column}{row}"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (CELL.format(row=1, column="A") + CELL.format(row=1048576, column="XFD"), "xl/worksheets/sheet1.xml"),
        (CELL.format(row=1, column="A") + CELL.format(row=1048576, column="XFD"), "xl/elsewhere/sheet.data"),
        ("<row><c r='a1'><v>1</v></c></row><row><c r = 'xfd1048576'><v>1</v></c></row>", "xl/worksheets/sheet1.xml"),
        (CELL.format(row=1048576, column="A") + CELL.format(row=1, column="XFD"), "xl/worksheets/sheet1.xml"),
    ],
)
def test_a_cell_in_the_far_corner_is_refused_before_it_takes_all_memory(tmp_path: Path, rows: str, name: str) -> None:
    with pytest.raises(
        DataError, match=r"A sheet may have 25 million cells; a\.xlsx reaches to row 1,048,576 and column 16,384\."
    ):
        read(tmp_path, replace_sheet(rows, name))


@pytest.mark.parametrize(
    "reference",
    ["XFD00000000001048576", "XFD4294967295", "AAAXFD300", "A"],
)
def test_a_cell_where_there_can_be_none_is_refused(tmp_path: Path, reference: str) -> None:
    rows = f'<row r="1"><c r="A1"><v>1</v></c></row><row><c r{" " * 60}="{reference}"><v>1</v></c></row>'
    for junk in (b"", b"x"):
        path = tmp_path / "a.xlsx"
        path.write_bytes(junk + replace_sheet(rows, "xl/worksheets/sheet1.xml"))
        with pytest.raises(
            DataError, match=f"a.xlsx cannot be read as an Excel workbook: it has a cell at {reference[:24]}"
        ):
            read_incidents([path])


def test_a_sheet_just_below_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.workbooks.MAX_CELLS", 10)
    assert read_rows(tmp_path, HEADER, ROW).n_read == 1
    with pytest.raises(DataError, match="reaches to row 3 and column 5"):
        read_rows(tmp_path, HEADER, ROW, ROW)


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.workbooks.MAX_UNPACKED_BYTES", 2 * 1024**2)
    with pytest.raises(
        DataError, match=r"a\.xlsx cannot be read as an Excel workbook: it unpacks to more than 2 MB\. "
    ):
        read(tmp_path, replace_sheet(" " * 3 * 1024**2))


def test_a_spreadsheet_of_another_kind_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<office:document-content/>")
    with pytest.raises(DataError, match="its content is not that of such a file"):
        read(tmp_path, content.getvalue())


def test_a_workbook_in_an_archive_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.xlsx", make_workbook({"Sheet1": [HEADER, ROW]}))
    assert read_incidents([tmp_path / "a.zip"]).incidents["source"].tolist() == ["a.zip/a.xlsx/Sheet1"]


def test_the_fingerprint_tells_sheets_apart() -> None:
    january, february = open_workbook("a.xlsx", make_workbook({"January": [HEADER], "February": [HEADER]}), "0f")
    assert january.sha256 != february.sha256
    assert january.header == tuple(HEADER)


def in_sheets(tmp_path: Path, sheets: Mapping[str, Rows], *profiles: dict[str, Any]) -> Intake:
    path = tmp_path / "a.xlsx"
    path.write_bytes(make_workbook(sheets))
    columns: dict[str, Any] = {"offence": ("Offence",), "start": ("Date From",), "easting": "Easting",
                               "northing": "Northing", "files": "a.xlsx"}  # fmt: skip
    made = tuple(SourceProfile(name=f"p{number}", **{**columns, **profile}) for number, profile in enumerate(profiles))
    return read_incidents([path], options=ReadingOptions(profiles=made))


def test_all_sheets_are_those_that_have_the_columns(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {
        "Summary": [["Month", "Robberies"], ["January", 3]],
        "Jan": [HEADER, ROW],
        "Feb": [HEADER, ROW, ROW],
    }
    intake = in_sheets(tmp_path, sheets, {"sheet": "*"})
    assert sorted(intake.incidents["source"].unique()) == ["a.xlsx/Feb", "a.xlsx/Jan"]
    assert [(table.label, table.reason) for table in intake.passed_over] == [
        ("a.xlsx/Summary", 'it has no column "Offence"')
    ]


def test_two_profiles_may_each_be_for_a_sheet(tmp_path: Path) -> None:
    other = ["Offence", "When", "Easting", "Northing"]
    sheets: dict[str, Rows] = {"Jan": [HEADER, ROW], "Feb": [other, ROW[:4]], "Old": [HEADER, ROW]}
    intake = in_sheets(tmp_path, sheets, {"sheet": "Jan"}, {"sheet": "feb", "start": ("When",)})
    assert sorted(intake.incidents["source"].unique()) == ["a.xlsx/Feb", "a.xlsx/Jan"]
    assert [table.reason for table in intake.passed_over] == ["source profile p0 is for Jan"]


def test_a_profile_for_a_sheet_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table that fits its source profile: a.xlsx/Jan: source profile p0"):
        in_sheets(tmp_path, {"Jan": [HEADER, ROW], "Feb": [HEADER, ROW]}, {"sheet": "March"})


def test_a_title_is_no_header_even_where_a_column_has_an_odd_name(tmp_path: Path) -> None:
    rows: Rows = [["ASB log 2025"], [], ["Ref", "Offence", "Whenabouts", "Easting", "Northing"], [1, *ROW[:4]]]
    with pytest.raises(UnknownLayoutError, match="no column says when .* It has: Ref, Offence, column 3") as error:
        read(tmp_path, make_workbook({"Log": rows}))
    assert 'offence = "Offence"\neasting = "Easting"' in error.value.draft


def test_a_profile_to_complete_names_a_sheet_without_the_person_in_its_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownLayoutError) as error:
        in_sheets(tmp_path, {"Log of Mr Velbirt": [HEADER, ROW], "Old log": [HEADER, ROW]})
    assert "Velbirt" not in str(error.value) + error.value.draft
    (table,) = tomllib.loads(error.value.draft)["sources"].values()
    assert table["sheet"] == "Log of Mr *"
    assert (
        in_sheets(
            tmp_path, {"Log of Mr Velbirt": [HEADER, ROW], "Old log": [HEADER, ROW]}, {"sheet": table["sheet"]}
        ).n_read
        == 1
    )


def test_a_sheet_that_only_a_name_tells_from_another_is_called_by_it(tmp_path: Path) -> None:
    sheets: dict[str, Rows] = {f"Log of {name}": [HEADER, ROW] for name in ("Mr Velbirt", "Mr Qzarnow")}
    with pytest.raises(UnknownLayoutError) as error:
        in_sheets(tmp_path, sheets)
    (table,) = tomllib.loads(error.value.draft)["sources"].values()
    assert table["sheet"] == "Log of Mr Velbirt"
    assert in_sheets(tmp_path, sheets, {"sheet": table["sheet"]}).n_read == 1


@pytest.mark.parametrize("name", ["log_of-MrVelbirt", "ReportMrVelbirtRobbery", "Log of Mr Velbirt"])
def test_a_pattern_fits_the_name_that_it_is_made_of(name: str) -> None:
    pattern = make_pattern(name)
    assert "Velbirt" not in pattern
    assert fnmatch.fnmatchcase(name.casefold(), pattern.casefold())


def test_of_several_sheets_the_likeliest_is_told_of(tmp_path: Path) -> None:
    notes: Rows = [["Prepared by"], ["Community Safety"]]
    log: Rows = [["Ref", "What", "Date", "Easting", "Northing"], [1, "ASB", "05/01/2026", 536560, 178413]]
    with pytest.raises(UnknownLayoutError, match="a.xlsx/ASB 2025 does not have a known layout") as error:
        read(tmp_path, make_workbook({"Notes": notes, "ASB 2025": log}))
    assert 'sheet = "ASB 2025"' in error.value.draft


def test_the_only_sheet_of_a_file_is_read_by_the_profile_for_it(tmp_path: Path) -> None:
    profiles = [{"sheet": name, "offence": (), "every_offence": name.lower()} for name in ("Robbery", "Burglary")]
    intake = in_sheets(tmp_path, {"Burglary": [HEADER, ROW]}, *profiles)
    assert intake.incidents["category"].tolist() == ["burglary"]


def test_what_only_looks_like_a_far_cell_is_none(tmp_path: Path) -> None:
    far: Rows = [['r="victim said"'], *[[1]] * 30]
    sheets: dict[str, Rows] = {"Data": [HEADER, ROW], "Notes": far, "Wide": [list(range(200))]}
    assert len(in_sheets(tmp_path, sheets, {"sheet": "Data"}).incidents) == 1


def find_hidden(intake: Intake) -> list[int]:
    is_hidden = (intake.remarks["oddities"] & Oddity.HIDDEN.value).astype(bool).to_numpy()
    return [int(row) for row in intake.incidents["source_row"][is_hidden]]


def list_findings(intake: Intake) -> str:
    return " ".join(encode(summarise_quality(assess_quality(intake)))["findings"])


@pytest.mark.parametrize(
    ("above", "hidden", "expected"),
    [
        ([], [], []),
        ([], [1], []),  # the header is no row
        ([], [3, 4, 7], [2, 3, 6]),
        ([["Crimes of January"], []], [5, 9], [2, 6]),
        ([[], [], []], [5, 6], [1, 2]),  # nothing above: a reader begins at the first cell
        ([], range(2, 8), [1, 2, 3, 4, 5, 6]),
    ],
)
def test_hidden_rows_are_read_and_told_of(
    tmp_path: Path, above: Rows, hidden: Sequence[int], expected: list[int]
) -> None:
    rows: Rows = [*above, HEADER, *[[ROW[0], ROW[1], 536560 + 7 * k, *ROW[3:]] for k in range(6)]]
    intake = read(tmp_path, make_workbook({"Notes": [["a", "b"], [1, 2]], "Data": rows}, hidden_rows={"Data": hidden}))
    assert len(intake.incidents) == 6
    assert find_hidden(intake) == expected
    n = len(expected)
    said = f"{n} row{'s' if n > 1 else ''} used {'are' if n > 1 else 'is'} hidden in"
    assert (said in list_findings(intake)) == bool(n)


def test_blank_rows_between_do_not_shift_those_that_are_hidden(tmp_path: Path) -> None:
    rows: Rows = [HEADER, ROW, [], ["Burglary", *ROW[1:]], [], ["Drugs", *ROW[1:]]]
    assert find_hidden(read(tmp_path, make_workbook({"Data": rows}, hidden_rows={"Data": [4]}))) == [2]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'hidden="1"', b'hidden="true"'),
        (b'hidden="1"', b"hidden = '1'"),
        (b'hidden="1"', b'ht="0" customHeight="1"'),
        (b'r="3" hidden="1"', b'hidden="1" r="3"'),
    ],
)
def test_hidden_rows_however_they_are_written(tmp_path: Path, was: bytes, becomes: bytes) -> None:
    content = make_workbook({"A": [HEADER, *[ROW] * 4]}, hidden_rows={"A": [3]})
    assert find_hidden(read(tmp_path, replace_in_sheet(content, was, becomes))) == [2]


def test_rows_of_other_sheets_hide_nothing(tmp_path: Path) -> None:
    content = make_workbook({"Notes": [["a"], ["b"], ["c"]], "Data": [HEADER, ROW, ROW]}, hidden_rows={"Notes": [2, 3]})
    assert find_hidden(read(tmp_path, content)) == []


def test_a_refused_row_that_is_hidden_is_not_told_of_as_used(tmp_path: Path) -> None:
    content = make_workbook({"Data": [HEADER, ROW, ["Robbery", None, *ROW[2:]]]}, hidden_rows={"Data": [3]})
    intake = read(tmp_path, content)
    assert (len(intake.incidents), len(intake.rejected), find_hidden(intake)) == (1, 1, [])


def replace_in_sheet(content: bytes, was: bytes, becomes: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if "worksheets/sheet" in name:
                assert was in part
                part = part.replace(was, becomes)
            new.writestr(name, part)
    return changed.getvalue()


def test_what_a_parser_did_not_foresee_is_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine

    class PanicException(BaseException):  # as the parser calls it
        """As those of parsers in Rust, it is no Exception."""

    def panic(content: object) -> None:
        raise PanicException("index out of bounds")

    monkeypatch.setattr(python_calamine.CalamineWorkbook, "from_filelike", panic, raising=True)
    with pytest.raises(DataError, match=r"a\.xlsx cannot be read as an Excel workbook: damaged\. Save it again"):
        open_workbook("a.xlsx", make_workbook({"A": [["Date"], ["x"]]}), "")


def test_a_profile_to_complete_names_nobody_and_fits_its_file(tmp_path: Path) -> None:
    path = tmp_path / "Statement of Mr Velbirt.xlsx"
    path.write_bytes(make_workbook({"Jan": [HEADER, ROW], "Feb": [HEADER, ROW]}))
    with pytest.raises(UnknownLayoutError, match="holds 2 tables of incidents") as error:
        read_incidents([path])
    assert "velbirt" not in error.value.draft.lower()
    (name, values), *_ = tomllib.loads(error.value.draft)["sources"].items()
    profile = parse_profile(name, values)
    assert read_incidents([path], options=ReadingOptions(profiles=(profile,))).tables[0].is_given
    path.unlink()
    path.write_bytes(make_workbook({"Jan": [HEADER, ROW]}))
    assert read_incidents([path]).tables[0].profile.name == "statement-of-mr-name-xlsx-jan"
