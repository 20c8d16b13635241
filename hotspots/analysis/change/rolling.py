"""The rolling twelve months (R12) of a monthly series."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.errors import DataError


def roll_twelve_months(counts: pd.Series) -> pd.Series:
    """Sum each twelve months up to and including each month (R12), for charts.

    A month's sum is missing where any of its twelve months is missing, or absent from the index: a year with a gap is
    not a quiet year.

    Args:
        counts: Incidents by month, on a PeriodIndex of months in any order; missing where the feed failed.

    Returns:
        float on every month from the first to the last.

    Raises:
        DataError: The index is not of months, or repeats one.
    """
    if not isinstance(counts.index, pd.PeriodIndex) or counts.index.dtype != pd.PeriodDtype("M"):
        raise DataError(
            f"Rolling twelve months need counts on a PeriodIndex of months; the index is {counts.index.dtype}. "
            "Count with count_months, or turn it with to_period('M')."
        )
    if counts.index.has_duplicates:
        repeated = counts.index[counts.index.duplicated()][0]
        raise DataError(
            f"Rolling twelve months need one count for each month; {repeated} occurs twice. Add its counts up first."
        )
    if counts.empty:
        return counts.astype(np.float64)
    months = pd.period_range(counts.index.min(), counts.index.max(), freq="M", name=counts.index.name)
    return counts.astype(np.float64).reindex(months).rolling(12, min_periods=12).sum()
