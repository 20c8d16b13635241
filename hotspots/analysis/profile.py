"""When incidents happen: the 168 hours of the week, their peaks in words, and months."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from scipy import sparse, special, stats

Floats = npt.NDArray[np.float64]

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS_IN_WEEK = 168

_MINUTES_IN_WEEK = 10_080
_EPOCH_MONDAY = np.datetime64("1970-01-05", "m")

_MIN_TIMED_SHARE = 0.5
"""Below this share of incidents with a clock time, their hours would speak for incidents they are not like."""
_MIN_TIMED = 20
_MAX_PEAKS = 3
_MAX_PEAK_HOURS = 12
_PEAK_LEVEL = 0.01
_MIN_PEAK_SHARE = 0.05
_MIN_PEAK_RATIO = 1.5
_MIN_HOUR_OF_AVERAGE = 0.5
"""A window can be busier than chance allows and still not be worth planning a shift around."""

_DAY_SETS: dict[tuple[int, ...], str] = {
    tuple(range(7)): "every day",
    tuple(range(5)): "weekdays",
    (5, 6): "weekends",
    **{(day,): f"{name}s" for day, name in enumerate(DAY_NAMES)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakWindow:
    """Hours in which incidents concentrate.

    Attributes:
        days: Days of the week on which the window starts, Monday is 0.
        start_hour: First hour, 0-23.
        n_hours: Length; the window may run past midnight.
        n_incidents: Incidents inside, a sum of aoristic weights.
        share: `n_incidents` as a share of all timed incidents.
    """

    days: tuple[int, ...]
    start_hour: int
    n_hours: int
    n_incidents: float
    share: float

    @property
    def week_share(self) -> float:
        """The window's hours as a share of the week: what `share` would be if all hours were alike."""
        return len(self.days) * self.n_hours / HOURS_IN_WEEK

    @property
    def hours(self) -> npt.NDArray[np.int64]:
        """The window's hours of the week, Monday 00:00 being 0."""
        steps = np.arange(self.n_hours)
        return np.concatenate([(day * 24 + self.start_hour + steps) % HOURS_IN_WEEK for day in self.days])

    @property
    def words(self) -> str:
        """The window as officers say it: "weekdays 15:00-17:59"."""
        last = (self.start_hour + self.n_hours - 1) % 24
        return f"{_DAY_SETS[self.days]} {self.start_hour:02d}:00-{last:02d}:59"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyProfile:
    """Incidents by day of the week and hour of the day.

    Attributes:
        available: Whether the data can say anything about hours.
        reason: Where they cannot, why, in a word or two; otherwise None.
        explanation: The same in a sentence; otherwise None.
        counts: float (7, 24), sums of aoristic weights, Monday first; None where not available.
        n_timed: Incidents with a clock time.
        n_untimed: Incidents without one.
        peaks: At most three windows, the clearest first; none where the week is not clearly uneven.
    """

    available: bool
    reason: str | None
    explanation: str | None
    counts: Floats | None
    n_timed: int
    n_untimed: int
    peaks: tuple[PeakWindow, ...]


def weigh_hours(incidents: pd.DataFrame) -> sparse.csr_array:
    """Spread each incident over the hours of the week in which it can have happened.

    An incident known to lie between two times gives each hour the share of the interval's minutes that fall in
    it. One without an end, or of no length, gives all its weight to the hour of its start; one of a week or
    more gives 1/168 to each hour; one with no clock time gives nothing. Times are local wall-clock times.

    Returns:
        Sparse (n_incidents, 168), hour 0 being Monday 00:00-00:59; each row sums to 1, or to 0.

    Source: Ratcliffe, J. H. (2002), "Aoristic signatures and the spatio-temporal analysis of high volume crime
    patterns", Journal of Quantitative Criminology 18(1), doi:10.1023/A:1013240828824.
    """
    timed = np.flatnonzero((incidents["time_precision"] == "minute").to_numpy())
    start = _minutes(incidents["started_at"].iloc[timed])
    end = incidents["ended_at"].iloc[timed]
    length = np.where(end.notna(), _minutes(end.fillna(incidents["started_at"].iloc[timed])) - start, 0)
    length = np.maximum(length, 0)

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


def _minutes(times: pd.Series) -> npt.NDArray[np.int64]:
    return (times.to_numpy().astype("datetime64[m]") - _EPOCH_MONDAY).astype(np.int64)


def profile_week(incidents: pd.DataFrame, *, hours: sparse.csr_array | None = None) -> WeeklyProfile:
    """Count incidents by day and hour, and find the windows in which they concentrate.

    The profile is withheld where fewer than half of the incidents, or fewer than 20, have a clock time.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        hours: `weigh_hours(incidents)`, where the caller already has it.
    """
    weights = weigh_hours(incidents) if hours is None else hours
    n = len(incidents)
    n_timed = int((incidents["time_precision"] == "minute").sum())
    n_month = int((incidents["time_precision"] == "month").sum())
    reason = explanation = None
    if n and n_month == n:
        reason = "month-only"
        explanation = "The source gives the month of each incident, not its day or hour."
    elif n_timed < _MIN_TIMED_SHARE * n:
        reason = "month-only" if n_month > n / 2 else "times unknown"
        explanation = (
            f"Only {n_timed:,} of {n:,} incidents have a clock time; their hours need not be those of the rest."
        )
    elif n_timed < _MIN_TIMED:
        reason = "too few"
        explanation = f"{n_timed} incidents with a clock time are too few for 168 hours; {_MIN_TIMED} are needed."
    counts = np.asarray(weights.sum(axis=0), dtype=np.float64)
    return WeeklyProfile(
        available=reason is None,
        reason=reason,
        explanation=explanation,
        counts=counts.reshape(7, 24) if reason is None else None,
        n_timed=n_timed,
        n_untimed=n - n_timed,
        peaks=find_peaks(counts) if reason is None else (),
    )


@functools.cache
def _windows() -> tuple[list[tuple[tuple[int, ...], int, int]], Floats]:
    """Every window looked at, and float (n_windows, 168) of 0 and 1 for the hours inside each."""
    windows = [
        (days, start, n_hours) for n_hours in range(1, _MAX_PEAK_HOURS + 1) for days in _DAY_SETS for start in range(24)
    ]
    inside = np.zeros((len(windows), HOURS_IN_WEEK))
    for index, (days, start, n_hours) in enumerate(windows):
        for day in days:
            inside[index, (day * 24 + start + np.arange(n_hours)) % HOURS_IN_WEEK] = 1
    return windows, inside


def _quietest_hour(week: Floats) -> Floats:
    """The count in the quietest hour of the day of each window, over the window's days; in the order of `_windows`."""
    longest = np.concatenate([week, week[:_MAX_PEAK_HOURS]])
    by_hour = np.array([sum(longest[day * 24 : day * 24 + 24 + _MAX_PEAK_HOURS] for day in days) for days in _DAY_SETS])
    return np.concatenate(
        [
            sliding_window_view(by_hour, n_hours, axis=1).min(axis=2)[:, :24].ravel()
            for n_hours in range(1, _MAX_PEAK_HOURS + 1)
        ]
    )


def find_peaks(counts: npt.ArrayLike) -> tuple[PeakWindow, ...]:
    """Find the windows of the week that hold more than their share, the clearest first.

    Every run of up to 12 hours, on every day, on weekdays, at weekends and on each single day, is compared with
    a week in which all hours are alike, by the likelihood ratio of the Poisson scan statistic. A window is a peak
    if twice its log likelihood ratio exceeds the chi-square quantile at 1% divided by the number of windows
    (Bonferroni, so on the careful side), and if it is worth planning a shift around: at least 5% of all incidents,
    at least 1.5 times its share of the week, and no hour of the day below half of the window's average, so that
    two peaks are not joined over the lull between them. The clearest is reported first, then the clearest of
    those that share no hour with it, for at most three.

    The comparison is with an even spread over all 168 hours: crime that follows people's waking hours has a peak
    by this measure, and the peak says when, not why.

    Args:
        counts: 168 counts or sums of weights, Monday 00:00 first, in any shape.

    Source: Kulldorff, M. (1997), "A spatial scan statistic", Communications in Statistics: Theory and Methods
    26(6), doi:10.1080/03610929708831995.
    """
    week = np.asarray(counts, dtype=np.float64).ravel()
    total = float(week.sum())
    if total <= 0:
        return ()
    windows, inside = _windows()
    n_hours = np.array([length for _, _, length in windows])
    observed = inside @ week
    expected = total * inside.sum(axis=1) / HOURS_IN_WEEK
    ratio = special.xlogy(observed, observed / expected) + special.xlogy(
        total - observed, np.maximum(total - observed, 0) / (total - expected)
    )
    is_peak = (
        (ratio > stats.chi2.isf(_PEAK_LEVEL / len(windows), df=1) / 2)
        & (observed >= _MIN_PEAK_RATIO * expected)
        & (observed >= _MIN_PEAK_SHARE * total)
        & (_quietest_hour(week) >= _MIN_HOUR_OF_AVERAGE * observed / n_hours)
    )
    ratio = np.where(is_peak, ratio, -np.inf)
    peaks: list[PeakWindow] = []
    while len(peaks) < _MAX_PEAKS and ratio.max() > 0:
        best = int(ratio.argmax())
        days, start, length = windows[best]
        peaks.append(
            PeakWindow(
                days=days,
                start_hour=start,
                n_hours=length,
                n_incidents=float(observed[best]),
                share=float(observed[best]) / total,
            )
        )
        ratio[inside @ inside[best] > 0] = -np.inf
    return tuple(peaks)


def count_months(incidents: pd.DataFrame, *, months: pd.PeriodIndex) -> pd.Series:
    """Incidents that started in each month, zero included, in the order of `months`."""
    observed = incidents["started_at"].dt.to_period("M").value_counts()
    counts: pd.Series = observed.reindex(months, fill_value=0).astype(np.int64)
    return counts
