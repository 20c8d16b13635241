"""Times of day as spreadsheets and programs write them: whole numbers, hours, fractions, parts in several columns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from hotspots.analysis.hours import profile_week
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import parse_profile
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.texts.times_of_day import find_time_form, write_time
from hotspots.pipeline.quality import assess_quality


def column(texts: Sequence[str]) -> pd.Series:
    return pd.Series(list(texts), dtype="object").astype("category")


@pytest.mark.parametrize(
    ("texts", "form", "written"),
    [
        (["25", "930", "1805", "2359"], "hhmm", ["00:25", "09:30", "18:05", "23:59"]),
        (["25.0", "930.0", "1805.0"], "hhmm", ["00:25", "09:30", "18:05"]),
        (["25", "930", "1,805"], "hhmm", ["00:25", "09:30", "18:05"]),
        (["'0025", "'0930"], "hhmm", ["00:25", "09:30"]),
        (
            [f"{hour}.{hour * 4 + 3:02}" for hour in range(10, 24)],
            "decimal",
            [f"{hour}:{round((hour * 4 + 3) * 0.6):02}" for hour in range(10, 24)],
        ),
        ([f"{hour}.{hour % 6}" for hour in range(10, 24)], "dotted", [f"{hour}:{hour % 6}0" for hour in range(10, 24)]),
        (["0025", "0930", "1805"], "hhmm", ["00:25", "09:30", "18:05"]),
        (["5", "500", "1805"], "hhmm", ["00:05", "05:00", "18:05"]),  # five o'clock is 500 there
        (["0", "30", "2400"], "hhmm", ["00:00", "00:30", "24:00"]),
        (["1900-01-25", "1902-07-18", "1904-12-09"], "hhmm", ["00:25", "09:30", "18:05"]),  # formatted as times
        (["500", "93000", "183000"], "hhmmss", ["00:05:00", "09:30:00", "18:30:00"]),
        (["0", "7", "18", "23"], "hours", ["00:00", "07:00", "18:00", "23:00"]),
        (["0.0", "7.0", "18.0"], "hours", ["00:00", "07:00", "18:00"]),
        (["00", "07", "18"], "hours", ["00:00", "07:00", "18:00"]),
        (["0.25", "0.7708333", "0"], "fraction", ["06:00", "18:30", "00:00"]),
        (["0.25", "0.75"], "clock", ["0.25?", "18:00"]),  # a quarter of a day, or a quarter past midnight
        (["905", "1805", "8"], "clock", ["09:05", "18:05", "8"]),  # eight o'clock, or eight past midnight
        (["1", "12", "24"], "clock", ["1", "12", "24"]),  # is 24 the last hour of this day, or the first of the next?
        (["18"], "clock", ["18"]),
        (["18:05", "9", "7"], "clock", ["18:05", "9", "7"]),
        (["Night", "7", "18"], "hours", ["Night", "07:00", "18:00"]),
        (["65", "170", "275", "380", "485", "690", "795", "800", "905", "1199"], "unclear", ["65?", "170?"]),
    ],
)
def test_a_column_proves_what_its_numbers_are(texts: list[str], form: str, written: list[str]) -> None:
    found = find_time_form([column(texts)])
    assert found == form
    assert [write_time(text, found) for text in texts[: len(written)]] == written


def test_a_slip_of_the_pen_does_not_unmake_a_column() -> None:
    texts = [f"{hour}{minute:02d}" for hour in range(1, 24) for minute in (0, 17, 40)]
    assert find_time_form([column([*texts, "9999", "25"])]) == "hhmm"
    assert find_time_form([column(texts[:30]), column([*texts[30:], "3"])]) == "hhmm"


def make_rows(n_rows: int = 200) -> list[tuple[pd.Timestamp, str]]:
    """Moments of a year of which a quarter are in the hour after midnight, and none is at midnight."""
    rng = random.Random(5)
    first = pd.Timestamp("2024-10-01")
    moments = []
    for _ in range(n_rows):
        minute = rng.randint(1, 59) if rng.random() < 0.25 else rng.randint(60, 1439)
        moments.append(first + pd.Timedelta(days=rng.randrange(365), minutes=minute))
    return [(moment, f"{538_000 + index},174500") for index, moment in enumerate(moments)]


def read_table(
    tmp_path: Path, rows: list[tuple[pd.Timestamp, str]], names: str, write: Callable[[pd.Timestamp], str]
) -> Intake:
    path = tmp_path / "extract.csv"
    lines = [f"Robbery,{write(moment)},{place}\n" for moment, place in rows]
    path.write_text(f"Offence,{names},Easting,Northing\n" + "".join(lines))
    return read_incidents([path])


@pytest.mark.parametrize(
    ("names", "form"),
    [
        ("Date Occ,Time Occ", "{0:%d/%m/%Y},{1}"),
        ("Date,Time", "{0:%Y-%m-%d} 00:00:00,{1}.0"),
        ("Time From,Date From", "{1:04d},{0:%d %b %Y}"),
        ("Date,Time", "{0:%d/%m/%Y},{1}00"),
        ("Date,Time", "{0:%d/%m/%Y},{2:.9f}"),
        ("Year,Month,Day,Hour,Minute", "{0:%Y,%B,%d,%H,%M}"),
        ("Minute,Hour,Day,Month,Year", "{0.minute}.0,{0.hour}.0,{0.day}.0,{0:%b},{0.year}.0"),
    ],
)
def test_times_as_numbers_are_read_to_the_minute(tmp_path: Path, names: str, form: str) -> None:
    """A quarter of the robberies begin from 00:01 to 00:59, and none loses its hour."""
    rows = make_rows()
    intake = read_table(
        tmp_path,
        rows,
        names,
        lambda at: form.format(at, 100 * at.hour + at.minute, (60 * at.hour + at.minute) / 1440),
    )
    assert intake.incidents["started_at"].tolist() == [moment for moment, _ in rows]
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert intake.incidents["ended_at"].isna().all()


HOUR_FORMS = [
    ("Date,Hour", "{0:%d/%m/%Y},{0.hour}"),
    ("Date,Hour", "{0:%Y-%m-%d},{0.hour}.0"),
    ("Occurred Date,Occurred Hour", "{0:%d/%m/%Y},{0:%H}"),
    ("Year,Month,Day,Hour", "{0:%Y,%B,%d},{0.hour}"),
    ("Year,Month,Day,Hour", "{0.year},{0.month},{0.day},{0.hour}"),
    ("OCC_YEAR,OCC_MONTH,OCC_DAY,OCC_HOUR", "{0:%Y,%B},{0.day}.0,{0.hour}"),
    ("REPORT_YEAR,REPORT_MONTH,REPORT_DAY,REPORT_HOUR,OCC_DATE,OCC_YEAR,OCC_MONTH,OCC_DAY,OCC_HOUR",
     "2025,October,9,5,{0:%Y-%m-%d} 05:00:00,{0:%Y,%B,%d},{0.hour}"),
]  # fmt: skip


@pytest.mark.parametrize(("names", "form"), HOUR_FORMS)
def test_an_hour_alone_is_an_interval_of_an_hour(tmp_path: Path, names: str, form: str) -> None:
    """The hour 0 is one like others, and not a midnight that a form filled in."""
    rows = make_rows()
    intake = read_table(tmp_path, rows, names, form.format)
    incidents = intake.incidents
    assert incidents["started_at"].tolist() == [moment.floor("h") for moment, _ in rows]
    assert incidents["ended_at"].tolist() == [moment.floor("h") + pd.Timedelta(minutes=59) for moment, _ in rows]
    assert set(incidents["time_precision"]) == {"minute"}
    assert intake.count(Oddity.HOUR_ONLY) == len(rows)
    assert intake.count(Oddity.MIDNIGHT) == 0
    n_at_midnight = sum(moment.hour == 0 for moment, _ in rows)
    assert n_at_midnight > 40
    counts = profile_week(incidents).counts
    assert counts is not None
    assert counts[:, 0].sum() == pytest.approx(n_at_midnight)
    times = assess_quality(intake).times
    assert (times.n_hour_only, times.n_on_the_hour) == (len(rows), 0)


def test_a_profile_may_name_date_and_hour(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "What,D,H,U,X,Y\nRobbery,01/03/2026,0,2,536560,178413\nRobbery,02/03/2026,22,23,536560,178413\n"
        "Robbery,03/03/2026,0,late,536560,178413\n"
    )
    profile = parse_profile(
        "a", {"offence": "What", "start": ["D", "H"], "end": ["D", "U"], "easting": "X", "northing": "Y"}
    )
    intake = read_incidents([tmp_path / "a.csv"], options=ReadingOptions(profiles=(profile,)))
    starts, ends = intake.incidents["started_at"], intake.incidents["ended_at"]
    assert starts.tolist() == [pd.Timestamp(f"2026-03-{text}") for text in ("01 00", "02 22", "03 00")]
    # an end from two is until three, and without an end it is one hour
    assert [f"{end:%H:%M}" for end in ends] == ["02:59", "23:59", "00:59"]
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert intake.count(Oddity.END_UNREADABLE) == 1


def test_an_hour_that_is_none_costs_the_hour_and_not_the_row(tmp_path: Path) -> None:
    rows = make_rows(60)
    for names, form in (("Date,Hour", "{0:%d/%m/%Y},{1}"), ("Year,Month,Day,Hour", "{0:%Y,%m,%d},{1}")):

        def write(at: pd.Timestamp, form: str = form) -> str:
            return form.format(at, at.hour or "Unknown")

        intake = read_table(tmp_path, rows, names, write)
        unknown = [moment for moment, _ in rows if moment.hour == 0]
        assert unknown
        assert intake.count(Oddity.TIME_UNREADABLE) == len(unknown)
        is_day = (intake.incidents["time_precision"] == "day").to_numpy()
        assert intake.incidents["started_at"][is_day].tolist() == [moment.normalize() for moment in unknown]


def test_hours_from_1_to_24_are_not_read_and_said(tmp_path: Path) -> None:
    intake = read_table(tmp_path, make_rows(), "Date,Hour", lambda at: f"{at:%d/%m/%Y},{at.hour + 1}")
    assert set(intake.incidents["time_precision"]) == {"day"}
    assert 'column "Hour" is not read, because it does not hold times of day' in intake.notes[0]


def test_a_table_in_the_order_of_its_times_is_judged_as_a_whole(tmp_path: Path) -> None:
    """Its first thousand rows hold times until twenty past midnight only."""
    moments = [pd.Timestamp(2025, 3, 1 + index % 28, 0, 1 + index // 60) for index in range(1200)]
    moments += [pd.Timestamp(2025, 3, 1 + index % 28, index // 60, index % 60) for index in range(60, 1440)]
    rows = [(moment, "538000,174500") for moment in moments]
    intake = read_table(tmp_path, rows, "Date,Time", lambda at: f"{at:%d/%m/%Y},{100 * at.hour + at.minute}")
    assert intake.incidents["started_at"].tolist() == moments


@pytest.mark.parametrize("number_format", ["General", "hh:mm"])
def test_numbers_of_a_workbook_are_times(tmp_path: Path, number_format: str) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["Offence", "Date From", "Time From", "Easting", "Northing"])
    rows = make_rows(60)
    for index, (moment, _) in enumerate(rows, start=2):
        sheet.append(["Robbery", moment.normalize(), 100 * moment.hour + moment.minute, 538_000 + index, 174_500])
        sheet.cell(index, 3).number_format = number_format
    workbook.save(tmp_path / "a.xlsx")
    assert read_incidents([tmp_path / "a.xlsx"]).incidents["started_at"].tolist() == [moment for moment, _ in rows]
