"""Months for which a series has no data, which must not be taken for months without crime."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.errors import ParameterError

_UNLIKELY = 1e-6
"""How unlikely a month without any incident must be, at the usual number a month, to be taken for a failed feed."""
_LOW_SHARE = 0.5
_MANY_A_MONTH = 50.0
"""Below this many rows a month, half of them may be missing by chance."""


def find_gaps(counts: pd.Series, all_counts: pd.Series) -> pd.Series:
    """Which months of a series are gaps in the feed, by reason.

    A month is a gap if the files hold no row of any crime for it ("no data"); or none of this crime, though at its
    usual number a month that would happen less than once in a million ("no data of this crime"); or if all crimes
    together have less than half of what they usually have, and this crime too ("incomplete data"). Usual is the median
    of the months that have any. A crime that truly falls below half in the month in which all crime does is lost by
    this, which is the price of not calling a failed feed an improvement.

    Args:
        counts: Incidents of the crime by month, int; index PeriodIndex of consecutive months.
        all_counts: Rows of all crimes in the same months.

    Returns:
        On the index of `counts`: the reason, or None for a month with data.

    Raises:
        ParameterError: The two are not of the same months.
    """
    if not counts.index.equals(all_counts.index):
        raise ParameterError(
            f"Counts of one crime and of all must be of the same months; here they are {_say_months(counts)} and "
            f"{_say_months(all_counts)}. Count both over one pd.period_range."
        )
    usual, usual_of_all = _usual(counts), _usual(all_counts)
    n, n_all = counts.to_numpy(), all_counts.to_numpy()
    is_low = (usual_of_all >= _MANY_A_MONTH) & (n_all < _LOW_SHARE * usual_of_all) & (n < _LOW_SHARE * usual)
    reasons = np.full(len(counts), None, dtype=object)
    reasons[is_low] = "incomplete data"
    reasons[(n == 0) & (np.exp(-usual) < _UNLIKELY)] = "no data of this crime"
    reasons[n_all == 0] = "no data"
    return pd.Series(reasons, index=counts.index, dtype=object)


def _usual(counts: pd.Series) -> float:
    present = counts[counts > 0]
    return float(present.median()) if len(present) else 0.0


def _say_months(counts: pd.Series) -> str:
    return f"{counts.index[0]} to {counts.index[-1]}" if len(counts) else "none"
