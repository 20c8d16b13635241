"""School days of the demonstration, and the weeks that are compared in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from demonstration_facts import (
    BANK_HOLIDAYS,
    TERMS,
    WORSE_WEEKS,
    YEARS,
)


def is_school_day(days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Say which days are Mondays to Fridays in term and no bank holidays."""
    in_term = np.zeros(len(days), dtype=np.bool_)
    for _, first, last in TERMS:
        in_term |= (days >= pd.Timestamp(first)) & (days <= pd.Timestamp(last))
    return in_term & (days.day_of_week < 5) & ~days.isin(pd.to_datetime(list(BANK_HOLIDAYS)))


def term_dates_csv() -> str:
    """Write the stretches of term."""
    terms = pd.DataFrame(TERMS, columns=["name", "first_day", "last_day"])
    return terms.assign(data_status="synthetic").to_csv(index=False, lineterminator="\n")


def change_windows() -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the first and the last day of the weeks at the end, of those before and of those a year ago."""
    last = pd.Timestamp(YEARS["2025-26"][1])
    length = pd.Timedelta(7 * WORSE_WEEKS - 1, "D")
    ends = {
        "current": last,
        "before": last - pd.Timedelta(7 * WORSE_WEEKS, "D"),
        "last_year": last - pd.Timedelta(364, "D"),
    }
    return {name: (end - length, end) for name, end in ends.items()}
