from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from hotspots.analysis.change.gaps import find_gaps, find_own_days
from hotspots.errors import ParameterError


def series(*counts: int, start: str = "2025-01") -> pd.Series:
    return pd.Series(counts, index=pd.period_range(start, periods=len(counts), freq="M"), dtype="int64")


def reasons(counts: pd.Series, all_counts: pd.Series) -> list[str | None]:
    return find_gaps(counts, all_counts).tolist()


def test_a_month_without_any_row_is_a_gap_if_chance_would_hardly_make_it() -> None:
    assert reasons(series(1, 0, 2), series(40, 0, 50)) == [None, "no data", None]
    # a file of a rare crime has months without any: they count as 0
    assert reasons(series(4, 0, 5), series(4, 0, 5)) == [None] * 3


def test_a_month_without_this_crime_is_a_gap_only_if_chance_would_hardly_make_it() -> None:
    everything = series(900, 900, 900, 900)
    # exp(-14) is just below one in a million, exp(-13) above it
    assert reasons(series(14, 14, 0, 14), everything) == [None, None, "no data of this crime", None]
    assert reasons(series(13, 13, 0, 13), everything) == [None, None, None, None]


def test_a_low_month_is_no_gap_however_low() -> None:
    assert reasons(series(100, 100, 9, 100), series(100, 100, 9, 100)) == [None] * 4
    assert reasons(series(100, 100, 9, 100), series(900, 900, 90, 900)) == [None] * 4


def test_where_all_crime_falls_a_month_without_one_is_likelier() -> None:
    assert reasons(series(20, 20, 0, 20), series(900, 900, 270, 900)) == [None] * 4
    assert reasons(series(20, 20, 0, 20), series(900, 900, 890, 900)) == [None, None, "no data of this crime", None]


def test_a_fall_of_one_crime_alone_is_no_gap() -> None:
    assert reasons(series(100, 100, 10, 100), series(900, 900, 810, 900)) == [None] * 4


def test_a_fall_of_the_others_alone_is_no_gap() -> None:
    assert reasons(series(100, 100, 90, 100), series(900, 900, 90, 900)) == [None] * 4


def test_few_rows_vary_by_half_by_chance() -> None:
    assert reasons(series(5, 5, 2, 5), series(40, 40, 10, 40)) == [None] * 4


def test_a_series_without_any_incident_has_no_usual_number_to_miss() -> None:
    assert reasons(series(0, 0), series(900, 900)) == [None, None]
    assert reasons(series(), series()) == []


def test_the_months_must_be_the_same() -> None:
    with pytest.raises(ParameterError, match="of the same months; they are of 2025-01 to 2025-02 and 2025-02 to"):
        find_gaps(series(1, 2), series(1, 2, start="2025-02"))
    with pytest.raises(ParameterError, match="they are of none and"):
        find_gaps(series(), series(1))


def test_a_long_silence_of_a_rare_crime_is_a_gap() -> None:
    counts = series(*[5] * 21, 0, 0, 0)
    everything = series(*[900] * 24)
    # 15 were to be expected: exp(-15) is below one in a million, and so is (21/24) to the power of 105
    assert reasons(counts, everything) == [None] * 21 + ["no data of this crime"] * 3
    # of two months exp(-10) is not
    assert reasons(series(*[5] * 22, 0, 0), everything) == [None] * 24


def test_a_burst_and_nothing_after_it_is_no_gap() -> None:
    assert reasons(series(9, 9, *[0] * 10), series(*[900] * 12)) == [None] * 12


def test_months_that_are_empty_every_year_are_a_season() -> None:
    year = [0] * 9 + [40, 40, 0]
    assert reasons(series(*year, *year), series(*[900] * 24)) == [None] * 24
    # a feed of three months in two years does not come back
    assert reasons(series(40, 40, 40, *[0] * 21), series(*[900] * 24))[3:] == ["no data of this crime"] * 21


def days(first: str, last: str, *, every: int = 1) -> pd.Series:
    return pd.Series(pd.date_range(first, last, freq=f"{every}D"))


def test_a_file_of_one_crime_may_begin_later_and_end_earlier() -> None:
    first, last = dt.date(2025, 1, 1), dt.date(2025, 12, 31)
    # one a day, 30 in the median month: 13 silent days are a chance of exp(-13), which is too likely
    assert find_own_days(days("2025-01-01", "2025-12-18"), first=first, last=last) == (first, last)
    assert find_own_days(days("2025-02-01", "2025-12-10"), first=first, last=last) == (
        dt.date(2025, 2, 1),
        dt.date(2025, 12, 10),
    )
    # a few days without any may be chance: the file is taken to end with the month
    assert find_own_days(days("2025-01-01", "2025-11-26"), first=first, last=last) == (first, dt.date(2025, 11, 30))


def test_a_silence_at_the_same_time_of_the_year_before_is_a_season() -> None:
    summers = pd.concat([days(f"{year}-03-01", f"{year}-10-31") for year in (2023, 2024, 2025)])
    first, last = dt.date(2023, 3, 1), dt.date(2025, 12, 31)
    assert find_own_days(summers, first=first, last=last) == (first, last)


def test_the_days_of_few_incidents_are_those_of_the_files() -> None:
    first, last = dt.date(2025, 1, 1), dt.date(2025, 12, 31)
    assert find_own_days(days("2025-01-01", "2025-03-31"), first=first, last=last) == (first, last)
    assert find_own_days(pd.Series([], dtype="datetime64[s]"), first=first, last=last) == (first, last)
