from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.texts.clock_times import Clock, Times, join_columns, parse_times
from hotspots.ingest.texts.day_or_month import DateOrder, guess_date_order


def column(texts: Sequence[str | None]) -> pd.Series:
    distinct = list(dict.fromkeys(text for text in texts if text is not None))
    return pd.Series(pd.Categorical(list(texts), categories=pd.Index(distinct, dtype="object")))


def guess(columns: Sequence[pd.Series]) -> tuple[DateOrder, bool]:
    found = guess_date_order(columns)
    return found.order, found.is_certain


def parse(text: str, *, order: DateOrder = "day-first", clock: Clock = "stated", zone: str = "Europe/London") -> Times:
    return parse_times(column([text]), date_order=order, clock=clock, time_zone=zone)


def read(text: str, *, order: DateOrder = "day-first", clock: Clock = "stated") -> tuple[str | None, str | None]:
    times = parse(text, order=order, clock=clock)
    at = times.at.iloc[0]
    return (None if at is pd.NaT else at.isoformat(), times.precision[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-12-31 18:05", "2025-12-31T18:05:00"),
        ("2025-12-31T18:05:09", "2025-12-31T18:05:09"),
        ("2025-12-31 18:05:09.987", "2025-12-31T18:05:09"),
        ("2025-12-31T18:05:09.123456789", "2025-12-31T18:05:09"),
        ("20251231 1805", "2025-12-31T18:05:00"),
        ("2025/12/31 18.05", "2025-12-31T18:05:00"),
        ("31/12/2025 18:05", "2025-12-31T18:05:00"),
        ("3/4/2025 9:05", "2025-04-03T09:05:00"),
        ("31.12.25 18:05", "2025-12-31T18:05:00"),
        ("31-12-2025, 18:05", "2025-12-31T18:05:00"),
        ("31 Dec 2025 18:05", "2025-12-31T18:05:00"),
        ("31st December 2025 at 18:05", "2025-12-31T18:05:00"),
        ("Wed, 31 Dec 2025 18:05:00", "2025-12-31T18:05:00"),
        ("Dec 31, 2025 6:05 pm", "2025-12-31T18:05:00"),
        ("31-DEC-25 18:05", "2025-12-31T18:05:00"),
        ("31/12/2025 6:05 pm", "2025-12-31T18:05:00"),
        ("31/12/2025 06:05:00 PM", "2025-12-31T18:05:00"),
        ("31/12/2025 6pm", "2025-12-31T18:00:00"),
        ("31/12/2025 12:30 a.m.", "2025-12-31T00:30:00"),
        ("31/12/2025 12:30 p.m.", "2025-12-31T12:30:00"),
        ("31/12/2025 24:00", "2025-12-31T23:59:00"),
        ("31/12/2025 1805", "2025-12-31T18:05:00"),
        ("31/12/2025 18h05", "2025-12-31T18:05:00"),
        ("  31/12/2025 18:05 ", "2025-12-31T18:05:00"),
        ("29/02/2024 10:00", "2024-02-29T10:00:00"),
        ("01/01/69 10:00", "2069-01-01T10:00:00"),
        ("01/01/70 10:00", "1970-01-01T10:00:00"),
    ],
)
def test_a_day_and_a_time_are_read_in_any_form(text: str, expected: str) -> None:
    assert read(text) == (expected, "minute")


@pytest.mark.parametrize("text", ["2025-12-31", "31/12/2025", "31.12.25", "31 Dec 2025", "20251231", "Dec 31, 2025"])
def test_a_day_without_a_time_says_so(text: str) -> None:
    assert read(text) == ("2025-12-31T00:00:00", "day")


@pytest.mark.parametrize(
    "text", ["2025-12", "2025/12", "202512", "12/2025", "Dec 2025", "December-25", "2025 Dec", "2025 12"]
)
def test_a_month_alone_says_so(text: str) -> None:
    assert read(text) == ("2025-12-01T00:00:00", "month")


def test_the_order_of_days_and_months_is_as_said() -> None:
    assert read("03/04/2025 09:05") == ("2025-04-03T09:05:00", "minute")
    assert read("03/04/2025 09:05", order="month-first") == ("2025-03-04T09:05:00", "minute")
    assert read("3/4/25", order="month-first") == ("2025-03-04T00:00:00", "day")
    assert read("2025-04-03 09:05", order="month-first") == ("2025-04-03T09:05:00", "minute")


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2025-01-15T18:05:00Z", "2025-01-15T18:05:00"),  # in winter London is on UTC
        ("2025-07-15T18:05:00Z", "2025-07-15T19:05:00"),  # in summer an hour ahead
        ("2025-07-15T18:05:00.5Z", "2025-07-15T19:05:00"),
        ("2025-07-15 18:05+00:00", "2025-07-15T19:05:00"),
        ("2025-07-15T18:05:00+0100", "2025-07-15T18:05:00"),
        ("2025-07-15T18:05:00-05:00", "2025-07-16T00:05:00"),
        ("15/07/2025 18:05 UTC", "2025-07-15T19:05:00"),
        ("15/07/2025 18:05 GMT", "2025-07-15T19:05:00"),
        ("15 Jul 2025 18:05 +02", "2025-07-15T17:05:00"),
    ],
)
def test_times_that_state_an_offset_become_london_time(text: str, local: str) -> None:
    assert read(text) == (local, "minute")


def test_the_clock_of_a_column_can_be_said() -> None:
    assert read("2025-07-15T18:05:00Z", clock="local") == ("2025-07-15T18:05:00", "minute")
    assert read("15/07/2025 18:05 UTC", clock="local") == ("2025-07-15T18:05:00", "minute")
    assert read("2025-07-15 18:05", clock="utc") == ("2025-07-15T19:05:00", "minute")
    assert read("2025-07-15T18:05:00+01:00", clock="utc") == ("2025-07-15T18:05:00", "minute")
    assert read("2025-07-15", clock="utc") == ("2025-07-15T00:00:00", "day")
    assert read("2025-07", clock="utc") == ("2025-07-01T00:00:00", "month")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25569", ("1970-01-01T00:00:00", "day")),  # the well-known distance of the two epochs
        ("45658", ("2025-01-01T00:00:00", "day")),
        ("45658.75", ("2025-01-01T18:00:00", "minute")),
        ("45658,75", ("2025-01-01T18:00:00", "minute")),
        ("1735732800000", ("2025-01-01T12:00:00", "minute")),
        ("1751371200000", ("2025-07-01T13:00:00", "minute")),  # 12:00 UTC
        ("19999", (None, None)),
        ("80000", (None, None)),
        ("536560", (None, None)),
    ],
)
def test_numbers_of_workbooks_and_web_services_are_times(text: str, expected: tuple[str, str]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("29/02/2025", "31/04/2025 10:00", "32/01/2025", "01/13/2025", "0000-00-00", "2025-12-31 25:00"),
        *("2025-12-31 24:01", "2025-12-31 10:60", "31/12/2025 13:05 pm", "31/12/2025 0:05 am"),
        *("2025-12-31 18", "2025", "today", "now", "yesterday", "unknown", "31 Foo 2025", "-", "", "12:30", "nan"),
        *("2025-07-15T18:05:00+99:99", "2025-07-15 18:05 +15:00", "1" * 61, "None", "31/12/2025 18:05 x"),
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read(text) == (None, None)


def test_the_hour_that_is_not_there_and_the_one_that_is_there_twice_are_flagged() -> None:
    """Clocks went forward at 01:00 on 30 March 2025, and back at 02:00 on 26 October."""
    times = parse_times(
        column(
            ["30/03/2025 00:59", "30/03/2025 01:30", "30/03/2025 02:00", "26/10/2025 00:59", "26/10/2025 01:30", None]
        )
    )
    assert times.is_nonexistent.tolist() == [False, True, False, False, False, False]
    assert times.is_ambiguous.tolist() == [False, False, False, False, True, False]
    assert times.at.iloc[1] == pd.Timestamp("2025-03-30 01:30")
    assert times.precision.tolist() == [*["minute"] * 5, None]
    assert pd.isna(times.at.iloc[5])


def test_an_instant_is_not_ambiguous() -> None:
    for text in ("2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"):
        times = parse(text)
        assert times.at.iloc[0] == pd.Timestamp("2025-10-26 01:30")
        assert not times.is_ambiguous[0]
        assert times.instant.iloc[0] == pd.Timestamp(text[:-1])


def test_an_interval_over_the_change_of_clocks_keeps_its_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Offence,Date From,Date To,Easting,Northing\n"
        "Robbery,2025-10-26T00:50:00Z,2025-10-26T01:10:00Z,536560,178413\n"  # 01:50 and then 01:10
        "Robbery,26/10/2025 01:50,26/10/2025 01:10,536560,178413\n"
    )
    intake = read_incidents([path])
    assert intake.incidents["ended_at"].tolist() == [pd.Timestamp("2025-10-26 01:50"), pd.NaT]
    assert (intake.count(Oddity.REVERSED), intake.count(Oddity.AMBIGUOUS_TIME)) == (1, 1)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ParameterError, match='No time zone called "Europe/Lundon". Give an IANA name such as'):
        parse("2025-12-31", zone="Europe/Lundon")


def test_another_time_zone() -> None:
    assert parse("2025-07-15T18:05:00Z", zone="America/New_York").at.iloc[0] == pd.Timestamp("2025-07-15 14:05")


FORMS = {
    "minute": (
        *("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%d-%m-%Y %H.%M", "%Y%m%d %H%M"),
        *("%d %B %Y %H:%M", "%d-%b-%Y %H:%M", "%B %d, %Y %I:%M %p", "%a %d %b %Y %H:%M", "%Y-%m-%dT%H:%M:%S.000"),
        *("%d/%m/%Y %I:%M:%S %p", "%Y/%m/%d %H:%M"),
    ),
    "day": ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%A %d %B %Y"),
    "month": ("%Y-%m", "%m/%Y", "%Y%m", "%b %Y", "%B %Y"),
}
moments = st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2069, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


@given(moments, st.sampled_from([(kind, form) for kind, forms in FORMS.items() for form in forms]))
def test_any_moment_in_any_form_comes_back(moment: dt.datetime, form: tuple[str, str]) -> None:
    kind, pattern = form
    whole = {"minute": moment, "day": moment.replace(hour=0, minute=0)}.get(
        kind, moment.replace(day=1, hour=0, minute=0)
    )
    assert read(moment.strftime(pattern)) == (whole.isoformat(), kind)


@given(moments)
def test_any_moment_with_the_month_first_comes_back(moment: dt.datetime) -> None:
    assert read(moment.strftime("%m/%d/%Y %H:%M"), order="month-first") == (moment.isoformat(), "minute")


LIKE_DATES = st.from_regex(
    r"\d{0,4}[-/. T]{0,2}(\d{1,2}|[a-z]{3})[-/. ]?\d{0,4}[ T,]{0,2}\d{0,2}[:.]?\d{0,2}( ?[ap]m|Z|[+-]\d\d)?",
    fullmatch=True,
)


@given(
    st.lists(st.one_of(st.text(), LIKE_DATES, st.none()), max_size=6),
    st.sampled_from(("day-first", "month-first")),
    st.sampled_from(("stated", "local", "utc")),
)
@pytest.mark.slow
def test_any_text_gives_a_time_or_none(texts: list[str | None], order: DateOrder, clock: Clock) -> None:
    times = parse_times(column(texts), date_order=order, clock=clock)
    assert times.at.notna().tolist() == [kind in ("minute", "day", "month") for kind in times.precision]
    assert [kind is None for kind, text in zip(times.precision, texts, strict=True) if text is None] == [
        True
    ] * texts.count(None)
    guess_date_order([column(texts)])
    for several in ([texts] * 2, [texts] * 5):
        parse_times(join_columns([column(part) for part in several]), date_order=order)


@pytest.mark.parametrize(
    ("chunks", "order"),
    [
        ([["01/02/2025", "13/02/2025"]], "day-first"),
        ([["01/02/2025", "02/13/2025"]], "month-first"),
        ([["01/02/2025"], ["02/13/2025"]], "month-first"),
        ([["02/13/2025", "13/02/2025"]], "day-first"),  # as good as none: those that fit are read
        ([["01/02/2025"]], "day-first"),
        ([["2025-02-13"]], "day-first"),
        ([["2/13/25 10:00"]], "month-first"),
        ([[]], "day-first"),
    ],
)
def test_the_order_of_dates_is_guessed_from_what_fits(chunks: list[list[str]], order: str) -> None:
    assert guess_date_order(column(chunk) for chunk in chunks).order == order


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["31/12/2025", "18:05"], "2025-12-31T18:05:00"),
        (["31/12/2025", "1805"], "2025-12-31T18:05:00"),
        (["31/12/2025", "905"], "2025-12-31T09:05:00"),
        (["31/12/2025", "6:05 pm"], "2025-12-31T18:05:00"),
        (["31/12/2025 00:00", "18:05"], "2025-12-31T18:05:00"),
        (["12/31/2025 12:00:00 AM", "18:05"], None),  # the month is first
        (["31/12/2025 12:00:00 AM", "18:05"], "2025-12-31T18:05:00"),
        (["31/12/2025 0:00", "18:05"], "2025-12-31T18:05:00"),
        (["2025-12-31T00:00:00", "1899-12-30T18:05:00"], "2025-12-31T18:05:00"),
        (["2025-12-31T00:00:00", "1899-12-31T18:05:00"], "2025-12-31T18:05:00"),
        (["2025-12-31T00:00:00", "0.75"], "2025-12-31T18:00:00"),
        (["2025-12-31T00:00:00", "0"], "2025-12-31T00:00:00"),
        (["45658", "0.75"], "2025-01-01T18:00:00"),
        (["45658", "18:05"], "2025-01-01T18:05:00"),
        (["31/12/2025 18:05", "18:05"], "2025-12-31T18:05:00"),  # the date carries it already
        (["2025", "12", "31", "18", "5"], "2025-12-31T18:05:00"),
        (["2025", "12", "31", "0"], "2025-12-31T00:00:00"),
    ],
)
def test_parts_in_several_columns_are_one_time(parts: list[str], expected: str | None) -> None:
    times = parse_times(join_columns([column([part]) for part in parts]))
    assert times.at.tolist() == [pd.NaT if expected is None else pd.Timestamp(expected)]
    assert times.precision[0] == (expected and "minute")


def test_parts_that_are_missing_make_it_less_precise() -> None:
    days = column(["31/12/2025", "31/12/2025", None])
    joined = parse_times(join_columns([days, column(["18:05", None, "18:05"])]))
    assert joined.precision.tolist() == ["minute", "day", None]
    years, months = column(["2025", "2025"]), column(["12", "12"])
    assert parse_times(join_columns([years, months])).precision.tolist() == ["month", "month"]
    assert parse_times(join_columns([years, months, column(["31", None])])).precision.tolist() == ["day", "month"]


def test_summer_time_can_be_said() -> None:
    assert read("01/07/2026 18:05 BST") == ("2026-07-01T18:05:00", "minute")


@pytest.mark.parametrize("time", ["0800-0900", "08:00-09:00", "18-20", "22-02", "08:00 to 09:00", "8", "0.18"])
def test_a_band_of_hours_is_no_time_of_day(time: str) -> None:
    """Nobody can tell from eight to nine from eight o'clock nine hours west of Greenwich."""
    assert read(str(join_columns([column(["31/01/2025"]), column([time])]).iloc[0])) == (None, None)


def test_a_time_of_a_workbook_is_no_band() -> None:
    joined = join_columns([column(["2025-01-31"]), column(["1899-12-31T18:05:00"])]).iloc[0]
    assert read(str(joined)) == ("2025-01-31T18:05:00", "minute")


@pytest.mark.parametrize("text", ["31/01/2025 1800-0200", "Junk 12", "Decoy 25", "3 Marmalade 2026"])
def test_what_looks_like_a_time_and_is_none(text: str) -> None:
    assert read(text) == (None, None)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (["2025", None, "12"], ("2025", None)),  # the month is not known, and 12 is no month
        (["25", "3", "15"], ("2025-03-15T00:00:00", "day")),
        (["2025", "3", None, "10"], ("2025-03-01T00:00:00", "month")),
    ],
)
def test_parts_stop_at_the_first_that_is_missing(parts: list[str | None], expected: tuple[str | None, str]) -> None:
    joined = join_columns([column([part]) for part in parts]).iloc[0]
    assert (read(str(joined)) if expected[1] else (joined, None)) == expected


def test_a_slip_among_many_dates_does_not_turn_them() -> None:
    fortnight = [f"{day:02d}/03/2026" for day in range(1, 13)]
    assert guess([column([*fortnight, "03/14/2026"])]) == ("day-first", False)
    american = [f"02/{day:02d}/2026" for day in range(8, 15)]
    assert guess([column(american)]) == ("month-first", False)
    assert guess([column(["01/02/2026"]), column(["31/12/2026"])]) == ("day-first", True)


def test_dates_written_as_instants_stay_dates(tmp_path: Path) -> None:
    """In summer their midnight would be one o'clock, and a peak that is none."""
    path = tmp_path / "a.csv"
    rows = "".join(f"Robbery,2026-07-{day:02d}T00:00:00Z,536560,178413\n" for day in range(1, 9))
    path.write_text(f"Offence,Date,Easting,Northing\n{rows}")
    incidents = read_incidents([path]).incidents
    assert set(incidents["time_precision"]) == {"day"}
    assert incidents["started_at"].iloc[0] == pd.Timestamp(2026, 7, 1)
    path.write_text(f"Offence,Date,Easting,Northing\n{rows}Robbery,2026-07-09T10:00:00Z,536560,178413\n")
    incidents = read_incidents([path]).incidents
    assert incidents["started_at"].tolist()[::8] == [pd.Timestamp(2026, 7, 1, 1), pd.Timestamp(2026, 7, 9, 11)]


def test_a_day_first_slip_does_not_turn_a_month_first_file() -> None:
    american = [f"{month:02d}/{day:02d}/2025" for month in range(1, 13) for day in range(1, 29)]
    assert guess([column([*american, "31/01/2025"])]) == ("month-first", False)
