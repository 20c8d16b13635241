"""Dates of which both numbers may be the day: read rightly where something proves it, and said where nothing does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.texts.dates_in_names import find_months, strip_dates
from hotspots.ingest.texts.day_or_month import guess_date_order
from hotspots.ingest.texts.spreadsheet_dates import find_exchanged

HALF_YEAR = [f"{month}/1/2024" for month in range(7, 13)]
QUARTER = [f"{month}/1/2024" for month in range(10, 13)]
JULY = [f"7/{day}/2024" for day in range(1, 13)]


def turn(texts: Sequence[str]) -> list[str]:
    """The same dates with the day first."""
    return ["/".join(text.split("/")[place] for place in (1, 0, 2)) for text in texts]


def column(texts: Sequence[str]) -> pd.Series:
    return pd.Series(texts, dtype="object").astype("category")


def read(path: Path, dates: Sequence[Any], **beside: Sequence[Any]) -> Intake:
    """Read a table in which each date comes ten times."""
    rows = [
        ["Robbery", date, *values, 538_000 + 37 * row, 174_500 + 41 * row]
        for row, (date, *values) in enumerate(zip(dates, *beside.values(), strict=True))
        for _ in range(10)
    ]
    for index, row in enumerate(rows):
        row[-1] += index
    table = [["Offence", "Date", *(key.replace("_", " ") for key in beside), "Easting", "Northing"], *rows]
    if path.suffix == ".xlsx":
        workbook = openpyxl.Workbook()
        for row in table:
            workbook.worksheets[0].append(row)
        workbook.save(path)
    else:
        path.write_text("\n".join(",".join(map(str, row)) for row in table))
    return read_incidents([path])


def list_days(intake: Intake) -> list[str]:
    return sorted({str(at.date()) for at in intake.incidents["started_at"]})


@pytest.mark.parametrize(
    ("texts", "said", "expected"),
    [
        (HALF_YEAR, {}, ("day-first", False)),
        (HALF_YEAR, {"is_called_month": True}, ("month-first", True)),
        (HALF_YEAR, {"is_timed": True}, ("day-first", True)),
        ([f"{text} 18:05" for text in HALF_YEAR], {}, ("day-first", True)),
        ([f"{text} 12:00:00 AM" for text in HALF_YEAR], {}, ("day-first", False)),
        (turn(HALF_YEAR), {"is_called_month": True}, ("day-first", True)),
        (["7/1/2024"], {"is_called_month": True}, ("month-first", True)),
        ([f"{month}/1/2024" for month in range(1, 13)], {}, ("month-first", False)),
        ([f"{month}/1/2024 18:05" for month in range(1, 13)], {}, ("day-first", True)),
        (JULY, {}, ("month-first", False)),
        (turn(JULY), {}, ("day-first", True)),
        ([f"{text} 18:05" for text in JULY], {}, ("month-first", False)),
        ([*JULY, *(f"8/{day}/2024" for day in range(1, 13))], {}, ("month-first", False)),
        (JULY[:2], {}, ("day-first", False)),
        (["3/5/2024", "11/6/2024", "7/9/2024", "2/12/2024"], {}, ("day-first", False)),  # a few of a year
    ],
)
def test_days_lie_together_in_the_right_order(
    texts: list[str], said: dict[str, bool], expected: tuple[str, bool]
) -> None:
    found = guess_date_order([column(texts)], **said)
    assert (found.order, found.is_certain) == expected


def test_both_readings_of_a_half_year_are_said(tmp_path: Path) -> None:
    intake = read(tmp_path / "a.csv", HALF_YEAR)
    assert list_days(intake) == [f"2024-01-{day:02d}" for day in range(7, 13)]
    assert intake.notes == (
        "a.csv: the dates in Date are read day-first, although none of them proves it. Read so, they are 7 January "
        "to 12 January of 2024; month-first they would be the first days of months, July 2024 to December 2024. If "
        'day-first is wrong, set date_order = "month-first" in a source profile.',
    )


MONTHS = ["July", "August", "September", "October", "November", "December"]
FIRSTS = [f"2024-{month:02d}-01" for month in range(7, 13)]
JANUARY = [f"2024-01-{day:02d}" for day in range(7, 13)]


@pytest.mark.parametrize(
    ("name", "beside", "expected", "why"),
    [
        ("a.csv", {"Month_name": MONTHS}, FIRSTS, 'because only so they agree with "Month name"'),
        ("a.csv", {"Mth": [name[:3] for name in MONTHS]}, FIRSTS, 'because only so they agree with "Mth"'),
        ("a.csv", {"Month_no": list(range(7, 13))}, FIRSTS, 'because only so they agree with "Month no"'),
        ("a.csv", {"Recorded_in": [day[:7] for day in FIRSTS]}, FIRSTS, "because only so they agree with"),
        ("a.csv", {"Day": ["Mon", "Thu", "Sun", "Tue", "Fri", "Sun"]}, FIRSTS, 'because only so they agree with "Day"'),
        ("a.csv", {"Day": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]}, JANUARY, None),
        ("a.csv", {"Month_name": ["January"] * 6}, JANUARY, None),
        ("robbery_2024-07_2024-12.csv", {}, FIRSTS, "because only so they are of the months that the file is called"),
        ("robbery Jul-Dec 2024.csv", {}, FIRSTS, "because only so they are of the months that the file is called by"),
        ("robbery jan 2024.csv", {}, JANUARY, None),
        ("robbery 20240112.csv", {}, JANUARY, None),
        ("robbery 2024.csv", {}, JANUARY, "although none of them proves it"),
    ],
)
def test_what_stands_beside_them_proves_the_order(
    tmp_path: Path, name: str, beside: dict[str, list[Any]], expected: list[str], why: str | None
) -> None:
    intake = read(tmp_path / name, HALF_YEAR, **beside)
    assert list_days(intake) == expected
    assert (why in intake.notes[0]) if why else intake.notes == ()


def test_dates_of_a_workbook_that_all_lie_in_january_are_doubted(tmp_path: Path) -> None:
    cells = [pd.Timestamp(day).to_pydatetime() for day in JANUARY]
    intake = read(tmp_path / "a.xlsx", cells)
    assert list_days(intake) == JANUARY
    assert intake.notes == (
        "a.xlsx/Sheet: of all its rows, of whatever crime and date, 60 have a date in Date of which a spreadsheet may "
        "have exchanged day and month (1 July may have become 7 January); they are read as "
        "they stand. As they stand, all dates are 7 January to 12 January of "
        "2024; changed back, the first days of months, July 2024 to December 2024. Ask for the file as it was before a "
        "spreadsheet opened it, or set is_exchanged = true in a source profile.",
    )
    intake = read(tmp_path / "b.xlsx", cells, Month_name=MONTHS)
    assert list_days(intake) == FIRSTS
    assert 'They are, because only so they agree with "Month name".' in intake.notes[0]
    assert set(intake.incidents["time_precision"]) == {"month"}
    assert read(tmp_path / "c.xlsx", cells, Month_name=["January"] * 6).notes == ()


@pytest.mark.parametrize(
    ("days", "said", "is_certain"),
    [
        (JANUARY, {}, False),
        (JANUARY, {"is_called_month": True}, True),
        (JANUARY, {"is_timed": True}, None),
        ([f"{day} 18:05" for day in JANUARY], {}, None),
        (JANUARY[:2], {}, None),
        (FIRSTS, {}, None),
        ([f"{year}-01-{day:02d}" for year in (2023, 2024) for day in range(1, 13)], {}, True),
        ([f"2024-{month:02d}-07" for month in range(1, 13)], {}, True),  # 1 to 12 July
        ([f"2024-{month:02d}-07 18:05" for month in range(1, 13)], {}, True),
        ([f"2024-{month:02d}-07" for month in range(1, 4)], {}, False),
        ([f"2024-07-{day:02d}" for day in range(1, 13)], {}, None),
        (["2024-03-05", "2024-11-06", "2024-07-09", "2024-02-12"], {}, None),
        (["2024-03-05", "2024-11-06"], {}, None),
        (["2024-03-03", "2024-04-04"], {}, None),
        ([*JANUARY, "2024-01-13"], {}, None),
    ],
)
def test_dates_alone_are_exchanged_where_they_lie_together_so(
    days: list[str], said: dict[str, bool], is_certain: bool | None
) -> None:
    texts = column([day for day in days for _ in range(4)])
    found = find_exchanged([texts], lambda: [texts], **said)
    assert (found and found.is_certain) == is_certain


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("robbery_2024-07.csv", ("2024-07", "2024-07")),
        ("robbery 202407-202412.csv", ("2024-07", "2024-12")),
        ("extract_20240731.csv", ("2024-07", "2024-07")),
        ("Q3 2024.xlsx", ("2024-07", "2024-09")),
        ("2024 quarter 4.xlsx", ("2024-10", "2024-12")),
        ("Sept 2024.xlsx", ("2024-09", "2024-09")),
        ("july.csv", None),
        ("Dec 2023 to Jan 2024.csv", None),  # which year is of which month?
        ("2024.csv", None),
        ("20240.csv", None),
        ("1202407.csv", None),
        ("marine 2024.csv", None),
    ],
)
def test_months_in_names_of_files(name: str, expected: tuple[str, str] | None) -> None:
    assert find_months(name) == (expected and tuple(np.datetime64(month, "M") for month in expected))


@pytest.mark.parametrize(
    "alike",
    [
        ["2025-01-met-street.csv", "2025-02-met-street.csv"],
        ["all.zip/2025-01/2025-01-met-street.csv", "all.zip/2025-02/2025-02-met-street.csv"],
        [
            "robbery 2024.csv",
            "robbery_2025.csv",
            "Robbery 2024-25.csv",
            "robbery 01.01.2024.csv",
            "robbery 31-3-24.csv",
        ],
        ["asb_202401.csv", "asb_20240131.csv", "asb_31012024.csv", "asb_310124.csv", "asb 2024_01_31.csv"],
        ["asb Jan24.csv", "asb jan-24.csv", "asb January 2024.csv", "asb 3 Sept 2024.csv", "asb_1st_may_2024.csv"],
        ["knives Q1 2024.csv", "knives 2024 quarter 2.csv", "knives 3Q 2024.csv", "knives H1 2024.csv"],
        ["dip sample week 7.csv", "dip sample wk08.csv", "dip sample w12.csv", "dip sample month 3.csv"],
    ],
)
def test_names_but_for_dates_are_the_same(alike: list[str]) -> None:
    assert len({strip_dates(name) for name in alike}) == 1


def test_names_of_other_places_and_parts_stay_different() -> None:
    names = ["area1.csv", "area2.csv", "beat 12.csv", "beat 14.csv", "e05000432.csv", "e05000433.csv", "SE15.csv"]
    names += ["SE22.csv", "Marylebone.csv", "Mayfair.csv", "zone 3.csv", "sector_4.csv", "part1.csv", "part2.csv"]
    assert len({strip_dates(f"{name} 2024") for name in names}) == len(names)
