"""Which days of a period are school days, for every question about the hours after school."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import make_calendar
from hotspots.pipeline.study import CalendarOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolDays:
    """School days of a period.

    Attributes:
        days: datetime64[D], in order.
        is_without_terms: Whether it is not known of all Mondays to Fridays whether they are in term. Those of which it
            is not are among the days if they are no bank holidays.
    """

    days: npt.NDArray[np.datetime64]
    is_without_terms: bool


def find_school_days(options: CalendarOptions, *, start: dt.date, end: dt.date) -> SchoolDays:
    """Find the school days of a period and of the week after it, into which an interval may go on.

    Args:
        options: The terms, and whose bank holidays count.
        start: First day.
        end: Last day.
    """
    made = make_calendar(
        start,
        end + dt.timedelta(days=7),
        # of the sun nothing is asked
        longitude=0.0,
        latitude=0.0,
        time_zone=options.time_zone,
        country=options.country,
        subdivision=options.subdivision,
        terms=options.term_stretches,
        with_sun=False,
    ).days
    is_known = made["is_school_day"].notna()
    is_weekday = (made["day_of_week"] < 5) & ~made["is_bank_holiday"]
    is_school_day = made["is_school_day"].astype("boolean").fillna(False) | (is_weekday & ~is_known)
    days = pd.DatetimeIndex(made.index[is_school_day.to_numpy(dtype=bool)]).to_numpy().astype("datetime64[D]")
    return SchoolDays(days=days, is_without_terms=bool((~is_known & is_weekday).any()))
