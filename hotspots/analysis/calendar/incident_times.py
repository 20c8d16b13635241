"""The day and the hour of each incident, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar.days import Calendar

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


AFTER_SCHOOL_HOURS = (15, 18)
"""From the hour when schools let out to when most pupils are home: 15:00 to 17:59."""
_DAY_SECONDS, _HOUR_SECONDS = 86_400, 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentTimes:
    """What is known of the time of each incident; int (n,), -1 where not known.

    Attributes:
        day: Position in the calendar.
        part: 0 before the hours after school, 1 in them, 2 after them.
        hour: Clock hour.
        is_inside: bool (n,), whether it started on a day of the calendar that has data, or may have.
        n_month_only: Incidents of `is_inside` that give only their month.
    """

    day: Integers
    part: Integers
    hour: Integers
    is_inside: Flags
    n_month_only: int


def read_times(incidents: pd.DataFrame, calendar: Calendar, has_data: Flags) -> IncidentTimes:
    """Day, part of the day and hour of each incident, as far as its whole interval lies in one.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        calendar: Whose days they may lie on.
        has_data: bool (n_days,), the days of the calendar with data.
    """
    precision = incidents["time_precision"]
    is_minute, is_day, is_month = ((precision == kind).to_numpy(dtype=bool) for kind in ("minute", "day", "month"))
    origin = calendar.days.index.to_numpy()[0].astype("datetime64[s]")
    started = incidents["started_at"].to_numpy().astype("datetime64[s]")
    ended = incidents["ended_at"].to_numpy().astype("datetime64[s]")
    is_known = ~np.isnat(started)
    begin = np.where(is_known, (started - origin).astype(np.int64), -1)
    finish = np.where(np.isnat(ended) | (ended < started) | ~is_known, begin, (ended - origin).astype(np.int64))
    # An interval up to 16:00 is over when that hour begins; a day is the whole of it.
    last = finish - (is_minute & (finish > begin))

    day, hour, last_hour = begin // _DAY_SECONDS, begin // _HOUR_SECONDS, last // _HOUR_SECONDS
    covered = is_known & (begin >= 0) & (day < len(has_data)) & ~is_month
    covered[covered] = has_data[day[covered]]
    in_one_day = covered & (is_minute | is_day) & (last_hour // 24 == day)
    part, last_part = (
        sum((which % 24 >= edge).astype(np.int64) for edge in AFTER_SCHOOL_HOURS) for which in (hour, last_hour)
    )
    in_one_part = in_one_day & is_minute & (part == last_part)
    in_one_hour = in_one_day & is_minute & (hour == last_hour)
    months = np.unique(calendar.days.index.to_numpy()[has_data].astype("datetime64[M]"))
    is_month_inside = is_month & is_known
    is_month_inside[is_month_inside] = np.isin(started[is_month_inside].astype("datetime64[M]"), months)
    return IncidentTimes(
        day=np.where(in_one_day, day, -1),
        part=np.where(in_one_part, part, -1),
        hour=np.where(in_one_hour, hour % 24, -1),
        is_inside=covered | is_month_inside,
        n_month_only=int(is_month_inside.sum()),
    )
