"""Incidents whose time is known only as an interval: shares of each by hour of the week, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hotspots.analysis.hours.week import HOURS_IN_WEEK
from hotspots.errors import DataError, ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TimeKind = Literal["point", "interval", "week or more", "untimed"]
"""Of an incident's time: a moment, an interval, one that holds every hour of the week, or none."""

TIME_KINDS: tuple[TimeKind, ...] = get_args(TimeKind)

_MINUTES_IN_WEEK = 60 * HOURS_IN_WEEK
_EPOCH_MONDAY = np.datetime64("1970-01-05", "m")
_TIME_COLUMNS = ("started_at", "ended_at", "time_precision")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCounts:
    """How many incidents have a time of each kind.

    Attributes:
        n_point: With a moment: no end, an end at the start, or one before it.
        n_interval: With an interval shorter than a week, shared among its hours.
        n_week_or_more: With one of a week or longer, which says nothing of the hour.
        n_untimed: Without a clock time.
    """

    n_point: int
    n_interval: int
    n_week_or_more: int
    n_untimed: int

    @property
    def n_timed(self) -> int:
        """Incidents with a clock time, however long their interval: what the 168 hours sum to."""
        return self.n_point + self.n_interval + self.n_week_or_more

    @property
    def n_telling(self) -> int:
        """Incidents of which something is known of the hour: a moment, or an interval shorter than a week."""
        return self.n_point + self.n_interval


def weigh_hours(incidents: pd.DataFrame) -> sparse.csr_array:
    """Spread each incident over the hours of the week in which it can have happened.

    An incident known to lie between two times gives each hour the share of the interval's minutes that fall in
    it. One without an end, of no length, or with an end before its start, gives all its weight to the hour of its
    start; one of a week or more gives 1/168 to each hour; one with no clock time gives nothing. The end is not itself
    inside: 15:00 to 16:00 is the hour from 15:00. Seconds are dropped.

    Every minute of an interval is taken to be as likely as any other, which is the best that can be said where
    nothing else is known and not a finding: a car parked from six in the evening to eight in the morning gives three
    in the morning as much as seven. Long intervals therefore blur a peak and never make one sharper.

    Times are local wall-clock times. An interval over the hour that is skipped in March gives that hour its share,
    and one over the hour that is repeated in October is an hour longer than the clock shows: an error of one hour in
    intervals of two nights a year.

    Returns:
        Sparse (n_incidents, 168), hour 0 being Monday 00:00-00:59; each row sums to 1, or to 0 without a clock time.

    Raises:
        DataError: A column is missing, or times are not naive local times.

    Source: Ratcliffe, J. H. (2002), "Aoristic signatures and the spatio-temporal analysis of high volume crime
    patterns", Journal of Quantitative Criminology 18(1), doi:10.1023/A:1013240828824.
    """
    start, length = measure_times(incidents)
    timed = np.flatnonzero(length >= 0)
    start, length = start[timed], length[timed]

    anywhere = length >= _MINUTES_IN_WEEK
    point = length == 0
    first_hour = start // 60
    last_hour = np.where(point, first_hour, (start + length - 1) // 60)
    n_hours = np.where(anywhere, HOURS_IN_WEEK, last_hour - first_hour + 1)

    row = np.repeat(np.arange(len(timed)), n_hours)
    step = np.arange(len(row)) - np.repeat(np.cumsum(n_hours) - n_hours, n_hours)
    hour = first_hour[row] + step
    overlap = np.minimum(start[row] + length[row], (hour + 1) * 60) - np.maximum(start[row], hour * 60)
    whole = np.where(anywhere, 1.0 / HOURS_IN_WEEK, 1.0)
    weight = np.where((anywhere | point)[row], whole[row], overlap / np.maximum(length[row], 1))
    return sparse.csr_array((weight, (timed[row], hour % HOURS_IN_WEEK)), shape=(len(incidents), HOURS_IN_WEEK))


def weigh_window(incidents: pd.DataFrame, window_hours: npt.ArrayLike) -> Floats:
    """The share of each incident that falls into some hours of the week.

    Of one that began at 14:00 and was over by 17:00, a window from 12:00 to 16:00 holds two thirds. An incident
    without a clock time gives 0, like one that was certainly at another hour, so that the shares can be summed and
    used as incident weights; `profile_week` says how many have none, and a share of all incidents is a share of those
    with a time only if it is divided by their number.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        window_hours: Hours of the week, Monday 00:00-00:59 being 0, in any order: `WeekWindow.hours`. An hour that
            is given twice counts once.

    Returns:
        float (n_incidents,), 0-1, in the order of the incidents.

    Raises:
        ParameterError: An hour is not a whole number from 0 to 167.
        DataError: As `weigh_hours`.

    Source: As `weigh_hours`.
    """
    chosen = np.asarray(window_hours).ravel()
    # True and False are 1 and 0 to numpy, and a mask of the week would pass for its first two hours.
    is_wrong = ~np.isin(chosen, np.arange(HOURS_IN_WEEK)) | (chosen.dtype.kind not in "iuf")
    if is_wrong.any():
        raise ParameterError(
            f"Hours of the week must be whole numbers from 0 (Monday 00:00) to {HOURS_IN_WEEK - 1}; "
            f"{chosen[is_wrong][0]} is not. Use the hours of a `WeekWindow`."
        )
    inside = np.zeros(HOURS_IN_WEEK)
    inside[chosen.astype(np.int64)] = 1.0
    # A sum of shares of minutes may pass 1 in the sixteenth digit.
    return np.minimum(np.asarray(weigh_hours(incidents) @ inside, dtype=np.float64), 1.0)


def find_time_kinds(incidents: pd.DataFrame) -> Integers:
    """Int (n_incidents,): what is known of the time of each, as a position in `TIME_KINDS`.

    Raises:
        DataError: As `weigh_hours`.
    """
    _, length = measure_times(incidents)
    return np.select([length < 0, length == 0, length < _MINUTES_IN_WEEK], [3, 0, 1], default=2).astype(np.int64)


def make_time_counts(n_by_kind: Integers) -> TimeCounts:
    """Counts in the order of `TIME_KINDS`, by name."""
    n_point, n_interval, n_week_or_more, n_untimed = n_by_kind.tolist()
    return TimeCounts(n_point=n_point, n_interval=n_interval, n_week_or_more=n_week_or_more, n_untimed=n_untimed)


def require_rows(hours: sparse.csr_array, n_incidents: int) -> None:
    """Refuse weights that are not of the incidents given.

    Raises:
        ParameterError: There is not one row of 168 hours for each incident.
    """
    if hours.shape != (n_incidents, HOURS_IN_WEEK):
        raise ParameterError(
            f"Weights by hour need one row of {HOURS_IN_WEEK} for each incident; there are {n_incidents} incidents and "
            f"weights of shape {hours.shape}. Call weigh_hours on the same incidents."
        )


def measure_times(incidents: pd.DataFrame) -> tuple[Integers, Integers]:
    """When each incident began, and for how long it may have gone on.

    Returns:
        The start, int (n_incidents,), minutes since Monday 5 January 1970 00:00, 0 without a clock time; and the length
        of the interval, int (n_incidents,), minutes: 0 for a moment, -1 without a clock time.

    Raises:
        DataError: As `weigh_hours`.
    """
    missing = [column for column in _TIME_COLUMNS if column not in incidents.columns]
    if missing:
        raise DataError(
            f"Hours need the columns {', '.join(_TIME_COLUMNS)}; {', '.join(missing)} missing from "
            f"{', '.join(map(str, incidents.columns))}. Read the incidents with hotspots.ingest."
        )
    start, end = (_as_minutes(incidents[column]) for column in ("started_at", "ended_at"))
    is_timed = (incidents["time_precision"] == "minute").to_numpy(dtype=bool) & ~np.isnat(start)
    at = np.where(is_timed, (start - _EPOCH_MONDAY).astype(np.int64), 0)
    has_end = is_timed & ~np.isnat(end)
    length = np.where(has_end, np.maximum((end - start).astype(np.int64), 0), 0)
    return at, np.where(is_timed, length, -1)


def _as_minutes(times: pd.Series) -> npt.NDArray[np.datetime64]:
    if times.isna().all():
        return np.full(len(times), np.datetime64("NaT", "m"))
    if not (isinstance(times.dtype, np.dtype) and times.dtype.kind == "M"):
        raise DataError(
            f"Hours need local wall-clock times without a zone; {times.name} is of type {times.dtype}. "
            "Convert it with pandas.to_datetime, and from a zone with .dt.tz_convert('Europe/London') and "
            ".dt.tz_localize(None)."
        )
    return times.to_numpy().astype("datetime64[m]")
