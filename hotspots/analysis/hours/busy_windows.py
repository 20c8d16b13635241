"""The busy and the quiet windows of a week, and whether chance alone would show one as clear."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.analysis.hours.week import HOURS_IN_WEEK, WeekWindow
from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


MAX_P_VALUE = 0.01
"""Largest p value at which a window is reported: of a hundred even weeks, about one has a peak, or fewer."""

_N_REPLICATES = 999
_STEPS_IN_TEN = 10
"""Even weeks are simulated of totals a quarter apart, 999 of each: what comes of them hardly depends on the total."""

_MAX_WINDOW_HOURS = 12
_MAX_PEAKS = 3
_MIN_PEAK_SHARE = 0.05
_MIN_PEAK_RATIO = 1.5
_MIN_HOUR_OF_AVERAGE = 0.5
"""A window can be busier than chance allows and still not be worth planning a shift around."""

_MAX_QUIET = 2
_MIN_QUIET_HOURS = 3
_MAX_QUIET_RATIO = 0.5
_MAX_QUIET_HOUR_RATIO = 1.0

_DAY_SETS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 3, 4, 5, 6),
    (0, 1, 2, 3, 4),
    (5, 6),
    (0, 1, 2, 3),
    (0, 1, 2, 3, 6),
    (4, 5),
    (4, 5, 6),
    *((day,) for day in range(7)),
)
"""Days that a rota or a briefing has a name for: any other run of days would be chosen by chance more than by crime."""

_N_DAYS = np.array([len(days) for days in _DAY_SETS])
_N_WINDOW_HOURS = np.arange(1, _MAX_WINDOW_HOURS + 1)
_EXPECTED_SHARE: Floats = _N_WINDOW_HOURS[:, None, None] * _N_DAYS[:, None] / HOURS_IN_WEEK
"""Of the windows of each length on each set of days: (n_lengths, n_day_sets, 1), to go with their first hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedWindow(WeekWindow):
    """Hours of the week, and the incidents in them.

    Attributes:
        n_incidents: Incidents inside, a sum of aoristic weights.
        share: `n_incidents` as a share of all timed incidents.
        p_value: Of a week in which all hours are alike having any window as uneven as this, in the same direction.
    """

    n_incidents: float
    share: float
    p_value: float

    @property
    def ratio(self) -> float:
        """How many times its share of the week: 1 if all hours were alike."""
        return self.share / self.week_share


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakWindow(CountedWindow):
    """Hours in which incidents concentrate: `ratio` is 1.5 or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietWindow(CountedWindow):
    """Hours in which few incidents happen: `ratio` is 0.5 or less."""


_Window = TypeVar("_Window", PeakWindow, QuietWindow)


def find_peaks(counts: npt.ArrayLike, *, seed: int = 0) -> tuple[PeakWindow, ...]:
    """Find the windows of the week that hold more than their share, the clearest first.

    Every run of 1 to 12 hours, from every hour of the day, is looked at on fourteen sets of days: every day, Mondays
    to Fridays, Saturdays and Sundays, Mondays to Thursdays, Sundays to Thursdays (nights before a working day),
    Fridays and Saturdays, Fridays to Sundays, and each day alone. These are days that shifts are planned by; were
    all runs of days allowed, which of them is clearest would be decided by a few incidents more or less.

    Each window is compared with a week in which all hours are alike, by the likelihood ratio of the scan statistic
    given the total. Its p value is the share of 999 such weeks, and of this one, in which any window at all does as
    well: it allows for having looked at 4,032. The ratio hardly depends on the total, so the weeks are of totals in
    steps of a quarter; the p value is the largest of those by the nearest total and the two beside it.

    A window is a peak at p <= 0.01, if it is also worth planning a shift around: at least 5% of all incidents, at
    least 1.5 times its share of the week, and no hour of the day below half of the window's average, so that two
    peaks are not joined over the lull between them. The clearest is reported first, then the clearest of those that
    share no hour with it, for at most three. A second peak is tested as if it were the first, so on the careful side.

    The comparison is with an even spread over all 168 hours: crime that follows people's waking hours has a peak
    by this measure, and the peak says when, not why. Incidents are taken to be independent; those that come in
    series, or several from one event, are fewer than they look, and a p value near 0.01 is then too small. Where a
    time nobody knew was entered as noon or as the start of a shift, that hour is a peak of the form. Aoristic weights
    vary less than whole incidents, so that with intervals chance is found less often than stated. The ends of a window
    are its best estimate: an hour earlier or later may be nearly as clear.

    Args:
        counts: 168 counts or sums of weights, Monday 00:00 first, in any shape.
        seed: Of the simulated weeks.

    Raises:
        ParameterError: There are not 168 counts, or one is negative or missing.

    Source: Kulldorff, M. (1997), "A spatial scan statistic", Communications in Statistics: Theory and Methods
    26(6), doi:10.1080/03610929708831995; the p value by simulation as in Dwass, M. (1957), "Modified randomization
    tests for nonparametric hypotheses", Annals of Mathematical Statistics 28(1), doi:10.1214/aoms/1177707045.
    """
    return find_windows(_require_week(counts), seed=seed)[0]


def find_quiet_windows(counts: npt.ArrayLike, *, seed: int = 0) -> tuple[QuietWindow, ...]:
    """Find the windows of the week that hold far less than their share, the clearest first.

    The other direction of `find_peaks`, with the same windows, test and level, where the even weeks are searched for
    windows as quiet. A window is quiet if it lasts at least 3 hours, holds at most half of its share of the week, and
    has no hour of the day above that of an even week, so that two are not joined over a busy hour. At most two are
    reported; they share no hour with each other or with a peak.

    Quiet is what an even week would not be: with a strong peak most other hours are quieter than even, and only the
    clearest are said. Few recorded incidents are not few offences where nobody is awake to see or report them. With
    few incidents in all only a long stretch with next to none shows.

    Args:
        counts: 168 counts or sums of weights, Monday 00:00 first, in any shape.
        seed: Of the simulated weeks.

    Raises:
        ParameterError: There are not 168 counts, or one is negative or missing.

    Source: As `find_peaks`.
    """
    return find_windows(_require_week(counts), seed=seed)[1]


def _require_week(counts: npt.ArrayLike) -> Floats:
    week = np.asarray(counts, dtype=np.float64).ravel()
    if week.shape != (HOURS_IN_WEEK,):
        raise ParameterError(
            f"A week needs {HOURS_IN_WEEK} counts, one for each hour; there are {len(week)}. Use "
            "weigh_hours(incidents).sum(axis=0)."
        )
    is_wrong = ~(np.isfinite(week) & (week >= 0))
    if is_wrong.any():
        raise ParameterError(
            f"Counts must be numbers, 0 or more; that of hour {int(is_wrong.argmax())} is {week[is_wrong][0]:g}. Use "
            "weigh_hours(incidents).sum(axis=0)."
        )
    return week


def find_windows(week: Floats, *, seed: int) -> tuple[tuple[PeakWindow, ...], tuple[QuietWindow, ...]]:
    """Peaks and quiet windows of one week: see `find_peaks` and `find_quiet_windows`.

    Args:
        week: float (168,), counts or sums of weights, Monday 00:00 first.
        seed: Of the simulated weeks.
    """
    total = float(week.sum())
    if total <= 0:
        return (), ()
    by_hour = _sum_by_day_set(week[:, None])[..., 0]
    observed = _count_windows(by_hour)
    expected = total * _EXPECTED_SHARE
    ratio = _measure_ratio(observed, total)
    average = observed / _N_WINDOW_HOURS[:, None, None]
    is_peak = (
        (observed >= _MIN_PEAK_RATIO * expected)
        & (observed >= _MIN_PEAK_SHARE * total)
        & (_extreme_hour(by_hour, largest=False) >= _MIN_HOUR_OF_AVERAGE * average)
    )
    p_value = _find_p_values(ratio, total, is_busy=True, seed=seed)
    peaks = _choose(PeakWindow, observed, ratio, is_peak, p_value, total, n_at_most=_MAX_PEAKS)
    hour_of_even_week = total * _EXPECTED_SHARE[0]
    is_quiet = (
        (_N_WINDOW_HOURS[:, None, None] >= _MIN_QUIET_HOURS)
        & (observed <= _MAX_QUIET_RATIO * expected)
        & (_extreme_hour(by_hour, largest=True) <= _MAX_QUIET_HOUR_RATIO * hour_of_even_week)
    )
    for peak in peaks:
        is_quiet &= ~_shares_hours(peak)
    p_value = _find_p_values(ratio, total, is_busy=False, seed=seed)
    quiet = _choose(QuietWindow, observed, ratio, is_quiet, p_value, total, n_at_most=_MAX_QUIET)
    return peaks, quiet


def _choose(
    kind: type[_Window],
    observed: Floats,
    ratio: Floats,
    is_eligible: Flags,
    p_value: Floats,
    total: float,
    *,
    n_at_most: int,
) -> tuple[_Window, ...]:
    """The eligible windows with the largest ratio, none sharing an hour with a clearer one."""
    left = np.where(is_eligible & (p_value <= MAX_P_VALUE), ratio, -np.inf)
    chosen: list[_Window] = []
    while len(chosen) < n_at_most and np.isfinite(left.max()):
        length, days, start = (int(i) for i in np.unravel_index(left.argmax(), left.shape))
        found = float(observed[length, days, start])
        window = kind(
            days=_DAY_SETS[days],
            start_hour=start,
            n_hours=length + 1,
            n_incidents=found,
            share=found / total,
            p_value=float(p_value[length, days, start]),
        )
        chosen.append(window)
        left[_shares_hours(window)] = -np.inf
    return tuple(chosen)


def _measure_ratio(observed: Floats, total: float) -> Floats:
    """Log likelihood ratio of each window against an even week of the same total, in either direction."""
    expected = total * _EXPECTED_SHARE
    rest = np.maximum(total - observed, 0.0)
    inside, outside = special.xlogy(observed, observed / expected), special.xlogy(rest, rest / (total - expected))
    return np.asarray(inside + outside, dtype=np.float64)


def _find_p_values(ratio: Floats, total: float, *, is_busy: bool, seed: int) -> Floats:
    """The largest of the p values by even weeks of the nearest total, the one below and the one above."""
    step = round(_STEPS_IN_TEN * math.log10(total))
    p_values = []
    for near in (step - 1, step, step + 1):
        extremes = simulate_even_weeks(max(round(10 ** (near / _STEPS_IN_TEN)), 1), seed)[0 if is_busy else 1]
        n_as_extreme = _N_REPLICATES - np.searchsorted(extremes, ratio - 1e-9, side="left")
        p_values.append((1 + n_as_extreme) / (1 + _N_REPLICATES))
    return np.asarray(np.max(p_values, axis=0), dtype=np.float64)


@functools.lru_cache(maxsize=256)
def simulate_even_weeks(total: int, seed: int) -> tuple[Floats, Floats]:
    """The largest ratio of a busy and of a quiet window in each of many even weeks.

    Args:
        total: Incidents in each week.
        seed: Of the generator.

    Returns:
        float (999,) twice, ascending.
    """
    rng = np.random.default_rng([seed, total])
    weeks = rng.multinomial(total, np.full(HOURS_IN_WEEK, 1 / HOURS_IN_WEEK), size=_N_REPLICATES)
    running = _accumulate(_sum_by_day_set(weeks.T.astype(np.float64)))
    most, least = (np.empty((_MAX_WINDOW_HOURS, len(_DAY_SETS), _N_REPLICATES)) for _ in range(2))
    inside = np.empty((len(_DAY_SETS), 24, _N_REPLICATES))
    for index, n_hours in enumerate(_N_WINDOW_HOURS):
        np.subtract(running[:, n_hours : n_hours + 24], running[:, :24], out=inside)
        # Of windows of equal length on as many days, the fullest and the emptiest have the largest ratios.
        inside.max(axis=1, out=most[index])
        inside.min(axis=1, out=least[index])
    expected = total * _EXPECTED_SHARE
    busy = np.where(most > expected, _measure_ratio(most, total), 0.0).max(axis=(0, 1))
    long_enough = slice(_MIN_QUIET_HOURS - 1, None)
    quiet = np.where(least < expected, _measure_ratio(least, total), 0.0)[long_enough].max(axis=(0, 1))
    return np.sort(busy), np.sort(quiet)


def _sum_by_day_set(weeks: Floats) -> Floats:
    """(n_day_sets, 24 + 11, n_weeks): by hour from the first midnight of each day of the set, summed over its days."""
    days = weeks.reshape(7, 24, -1)
    longer = np.concatenate([days, np.roll(days, -1, axis=0)[:, : _MAX_WINDOW_HOURS - 1]], axis=1)
    return np.stack([longer[list(chosen)].sum(axis=0) for chosen in _DAY_SETS])


def _accumulate(by_hour: Floats) -> Floats:
    """Running sums over the hours, from 0."""
    running = np.zeros_like(by_hour, shape=(by_hour.shape[0], by_hour.shape[1] + 1, *by_hour.shape[2:]))
    by_hour.cumsum(axis=1, out=running[:, 1:])
    return running


def _count_windows(by_hour: Floats) -> Floats:
    """(n_lengths, n_day_sets, 24): what each window holds."""
    running = _accumulate(by_hour)
    # A difference of running sums may fall short of 0 in the sixteenth digit.
    return np.stack([np.maximum(running[:, n : n + 24] - running[:, :24], 0.0) for n in _N_WINDOW_HOURS])


def _extreme_hour(by_hour: Floats, *, largest: bool) -> Floats:
    """The count in the busiest or quietest hour of the day of each window, over its days; as `_count_windows`."""
    hours = np.stack([by_hour[:, step : step + 24] for step in range(_MAX_WINDOW_HOURS)])
    return np.maximum.accumulate(hours) if largest else np.minimum.accumulate(hours)


def _shares_hours(window: WeekWindow) -> Flags:
    """(n_lengths, n_day_sets, 24): whether each window has an hour in common with one."""
    is_inside = np.zeros((HOURS_IN_WEEK, 1))
    is_inside[window.hours] = 1.0
    return _count_windows(_sum_by_day_set(is_inside)[..., 0]) > 0
