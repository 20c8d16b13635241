from __future__ import annotations

import pandas as pd
import pytest

from hotspots.analysis.gaps import find_gaps
from hotspots.errors import ParameterError


def series(*counts: int, start: str = "2025-01") -> pd.Series:
    return pd.Series(counts, index=pd.period_range(start, periods=len(counts), freq="M"), dtype="int64")


def reasons(counts: pd.Series, all_counts: pd.Series) -> list[str | None]:
    return find_gaps(counts, all_counts).tolist()


def test_a_month_without_any_row_is_a_gap_however_few_there_usually_are() -> None:
    assert reasons(series(1, 0, 2), series(4, 0, 5)) == [None, "no data", None]


def test_a_month_without_this_crime_is_a_gap_only_if_chance_would_hardly_make_it() -> None:
    everything = series(900, 900, 900, 900)
    # exp(-14) is just below one in a million, exp(-13) above it
    assert reasons(series(14, 14, 0, 14), everything) == [None, None, "no data of this crime", None]
    assert reasons(series(13, 13, 0, 13), everything) == [None, None, None, None]


def test_a_month_in_which_everything_fell_below_half_is_incomplete() -> None:
    assert reasons(series(100, 100, 49, 100), series(900, 900, 449, 900)) == [None, None, "incomplete data", None]


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
    with pytest.raises(ParameterError, match="of the same months; here they are 2025-01 to 2025-02 and 2025-02 to"):
        find_gaps(series(1, 2), series(1, 2, start="2025-02"))
    with pytest.raises(ParameterError, match="here they are none and"):
        find_gaps(series(), series(1))
