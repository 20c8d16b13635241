"""Counts of consecutive months: their checks, and the length of each month."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS_IN_MONTH = 365.25 / 12
"""Of the average month, to which rates are scaled where they are shown."""


def check_months(counts: pd.Series, *, is_whole: bool = False) -> pd.Series:
    """The counts as floats, if they are numbers of 0 or more of consecutive months; the input is not changed.

    Args:
        counts: Of each month; missing ones are fine.
        is_whole: Whether only whole numbers will do.

    Raises:
        DataError: They are not.
    """
    index = counts.index if isinstance(counts, pd.Series) else None
    if not isinstance(index, pd.PeriodIndex) or index.freqstr != "M":
        raise DataError(
            f"A monthly series must be a pandas Series with an index of months, not {_describe(counts)}. Make one with "
            'pandas.period_range(first, last, freq="M").'
        )
    is_gap = np.diff(index.asi8) != 1
    if is_gap.any():
        here = int(np.flatnonzero(is_gap)[0])
        raise DataError(
            f"Months must follow each other without gaps; {index[here]} is followed by {index[here + 1]}. Sort them, "
            "and give a missing value where there are no data."
        )
    try:
        series = counts.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"Counts must be numbers, not {counts.dtype}. Give one count for each month.") from None
    is_wrong = (series < 0) | np.isinf(series)
    if is_wrong.any():
        raise DataError(
            f"Counts must be finite and 0 or more; {series.index[is_wrong][0]} has {series[is_wrong].iloc[0]:g}. Give "
            "a missing value for a month without data."
        )
    is_broken = series.notna() & (series != series.round()) & is_whole
    if is_broken.any():
        raise DataError(
            f"Counts must be whole numbers; {series.index[is_broken][0]} has {series[is_broken].iloc[0]:g}. Give the "
            "number of incidents, not a rate."
        )
    return series


def _describe(counts: object) -> str:
    """What was given in place of a monthly series."""
    if not isinstance(counts, pd.Series):
        return f"a {type(counts).__name__}"
    index = counts.index
    frequency = f" of frequency {index.freqstr}" if isinstance(index, pd.PeriodIndex) else ""
    return f"one with a {type(index).__name__}{frequency}"


def get_days(series: pd.Series) -> Floats:
    """The length of each month in days."""
    return pd.PeriodIndex(series.index).days_in_month.to_numpy().astype(np.float64)


def get_calendar_months(series: pd.Series) -> Integers:
    """The calendar month of each, 1-12."""
    return pd.PeriodIndex(series.index).month.to_numpy().astype(np.int64)
