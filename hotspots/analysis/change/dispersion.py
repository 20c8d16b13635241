"""How much counts usually differ between two such windows, beyond what independent incidents would."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import Month, Periods, PeriodUnit, is_missing, make_periods, read_months
from hotspots.analysis.change.comparisons import YEAR_DAYS, YEAR_MONTHS, Comparison, go_back, say_day
from hotspots.analysis.change.memory import (
    MONTHLY_EXCESS,
    count_free,
    find_kept_share,
    find_remembered_share,
    get_memory,
    vary_difference,
)
from hotspots.analysis.change.monthly_series import DAYS_IN_MONTH
from hotspots.analysis.change.window_counts import code_groups
from hotspots.errors import TooLittleDataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

MIN_PAIRS = 8
"""Pairs of windows from which a dispersion is measured, at least."""
_PAIRS_OF_OTHERS = 24
"""How many pairs the average of all groups counts for beside a group's own: with fewer, the scatter of what a dozen
pairs show of a ward passes for its own; see the method page."""
_LONGEST_PART_DAYS = 28
_MAX_YEAR_PAIRS = 26
_FREE_OF_NEIGHBOURS = 2 / 3
"""Each window is in two pairs, so that three pairs of neighbours tell as much as two of windows of their own."""
_SHORTER_DAYS = (84, 28, 14, 7)
_SHORTER_MONTHS = (12, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """How many times as much as independent incidents the counts of two windows differ.

    Attributes:
        by_group: float on the groups, 1 or more: what a test allows for.
        n_free: float on the groups: degrees of freedom of `by_group`, infinite where nothing was measured.
        overall: The average over all groups and pairs, of the measured windows, not raised to 1; missing where not
            available.
        n_pairs: Pairs of neighbouring windows measured.
        unit, length: Of the measured windows, which may be shorter than those of the comparison.
        stretch: What the measured excess over 1 is multiplied by, because the windows of the comparison are longer or
            farther apart, and because months resemble their neighbours.
        available: Whether the data reach back far enough to measure it.
        explanation: How it was found, or why not, in a sentence.
    """

    by_group: pd.Series
    n_free: pd.Series
    overall: float
    n_pairs: int
    unit: PeriodUnit
    length: int
    stretch: float
    available: bool
    explanation: str


def measure_dispersion(
    incidents: pd.DataFrame,
    comparison: Comparison,
    *,
    known_from: dt.date,
    missing_months: Iterable[Month] = (),
    groups: pd.Series | None = None,
    all_groups: Iterable[Hashable] | None = None,
) -> Dispersion:
    """Measure how much counts usually differ between two such windows.

    *Against the time before.* The days from `known_from` to the day before the current window are divided into windows
    as long as the comparison's. For each group and each pair of neighbours with x and y incidents, of which the share s
    is expected in the first by its length, (x - s n)^2 / (n s (1 - s)), n = x + y, is 1 on average if incidents are
    independent and nothing changes, however few they are. Its mean over all groups and pairs is `overall`. A group's
    own dispersion is its own mean, drawn to that of all as if the latter were of 24 pairs, and 1 at least. That of all
    is taken to exceed 1 in proportion to a group's number of incidents, as it does where something moves crime by the
    same share everywhere.

    Where fewer than eight pairs fit, shorter windows are measured, down to weeks or months, and the excess over 1 is
    multiplied by how many times as long the comparison's are: what moves crime up and down moves it by about the same
    share over longer windows. On ten years of burglary in two boroughs that keeps false alarms near the stated rate,
    which the measure of short windows as it is does not by far. Where not even those fit, `available` is false, and
    what is usual is taken from elsewhere: months that come and go by 8% and remember each other as below.

    It includes all that usually moves crime from window to window, the season and real change too: allowed for, a
    change is one beyond what is usual.

    *At the same time of year* (against a year before, and R12) the season is the same on both sides, and must not pass
    for chance. So parts of the year are paired with the same part of the year before: for windows of eight months or
    more their own months, otherwise those before the current window, of at most four weeks or a month. With the share
    s fitted to all pairs of a group, the same squares are taken, over one pair fewer: how unevenly a change of level
    runs through the year. Where fewer than eight pairs are known, neighbours are measured as above. A lasting change
    of level itself is not allowed for, whatever moved it.

    *Memory.* A month of much crime is followed by another, with nothing changed for good. Of months like that a sum
    varies more than of independent ones, and a few of them show less of how much they vary. Both are allowed for: the
    excess over 1 is multiplied by `stretch`, which takes the autocorrelation of neighbouring months to be 0.6. Of one
    series two years are too few to show how much of the excess has memory, and nearly all is taken to have it: of
    violence, which has less, too little is called. Many groups show it together. `n_free` says how well the dispersion
    is known, for Student's t in `compare_rates`.

    Args:
        incidents: The incidents table, or any with `started_at` and `time_precision`; the whole of it.
        comparison: The windows.
        known_from: First day that the data cover.
        missing_months: Months in which the feed failed; windows that touch them are not measured.
        groups: Of each incident, as in `count_change`.
        all_groups: Every group, as in `count_change`.

    Raises:
        ParameterError: One of the missing months is not a month, or the groups as in `count_change`.
        DataError: The groups are not on the index of the incidents.

    Source: The Pearson statistic over its degrees of freedom: McCullagh, P. and Nelder, J. A. (1989), Generalized
    Linear Models, 2nd edition, section 4.5; here of neighbours, so that slow change does not add to it.
    """
    missing = read_months(missing_months)
    code, names = code_groups(incidents, groups, all_groups)
    last = comparison.current_first - dt.timedelta(days=1)
    if comparison.allows_for_season:
        pairs = _find_year_pairs(comparison, known_from, missing)
        if len(pairs.later_first) >= MIN_PAIRS:
            return _measure_years(incidents, comparison, pairs, code, names)
    found = _find_windows(comparison, known_from, last, missing)
    if found is None:
        return Dispersion(
            by_group=pd.Series(_assume(incidents, comparison, code, len(names)), index=names, name="dispersion"),
            n_free=pd.Series(np.inf, index=names, name="n_free"),
            overall=float("nan"),
            n_pairs=0,
            unit=comparison.unit,
            length=comparison.length,
            stretch=1.0,
            available=False,
            explanation=(
                "How much crime usually varies is not known, because the data before "
                f"{say_day(comparison.current_first)} hold fewer than {MIN_PAIRS + 1} windows. Allows for as much "
                "as in burglary of two London boroughs: months that come and go by "
                f"{100 * MONTHLY_EXCESS:.0f}%."
            ),
        )
    periods, is_pair = found
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    counted = (code >= 0) & (day >= periods.first_day[0]) & (day <= periods.last_day[-1])
    if periods.unit == "day":
        counted &= ~(incidents["time_precision"] == "month").to_numpy(dtype=bool, na_value=False)
    period = np.searchsorted(periods.first_day, day[counted], side="right") - 1
    counts = np.bincount(period * len(names) + code[counted], minlength=len(periods) * len(names))
    by_period = counts.reshape(len(periods), len(names)).astype(np.float64)
    n_days = (periods.last_day - periods.first_day).astype(np.float64) + 1

    before, after = by_period[:-1][is_pair], by_period[1:][is_pair]
    share = (n_days[1:] / (n_days[1:] + n_days[:-1]))[is_pair][:, None]
    total = before + after
    squares = np.where(total > 0, (after - share * total) ** 2 / (np.maximum(total, 1) * share * (1 - share)), 0.0)
    overall, own, n_free = _pool(squares, total, n_fitted=0)
    window_days = (comparison.days_current + comparison.days_earlier) / 2
    is_as_long = (periods.unit, periods.length) == (comparison.unit, comparison.length)
    stretch = (1.0 if is_as_long else window_days / float(n_days.mean())) * _compare_distances(comparison)
    n_pairs = int(is_pair.sum())
    measured = dataclasses.replace(comparison, unit=periods.unit, length=periods.length).label
    extended = "" if is_as_long else f", extended to {comparison.label}"
    apart = "" if comparison.follows else ", and to windows that do not follow each other"
    return Dispersion(
        by_group=pd.Series(1 + np.maximum(own - 1, 0) * stretch, index=names, name="dispersion"),
        n_free=pd.Series(n_free * _FREE_OF_NEIGHBOURS, index=names, name="n_free"),
        overall=overall,
        n_pairs=n_pairs,
        unit=periods.unit,
        length=periods.length,
        stretch=stretch,
        available=True,
        explanation=(
            f"Allows for how much counts usually differ between neighbouring windows of {measured}{extended}{apart}: "
            f"{overall:.1f} times as much as independent incidents would, over {n_pairs} pairs of windows."
        ),
    )


def _pool(squares: Floats, total: Floats, *, n_fitted: int) -> tuple[float, Floats, Floats]:
    """The average of all pairs; that of each group, drawn to it; and the pairs that would tell as much of the latter.

    Args:
        squares: float (n_pairs, n_groups), 1 on average of independent incidents; 0 where there are none.
        total: Incidents of each pair and group.
        n_fitted: Pairs that each group lost to what was fitted.
    """
    n_own = np.maximum((total > 0).sum(axis=0) - n_fitted, 0)
    n_all = int(n_own.sum())
    if not n_all:
        return 1.0, np.ones(len(n_own)), np.full(len(n_own), np.inf)
    overall = float(squares.sum() / n_all)
    # what moves all incidents of a group by the same share adds to the squares in proportion to their number
    size = total.sum(axis=0) / np.maximum((total > 0).sum(axis=0), 1)
    usual = 1 + (overall - 1) * size * n_all / float((n_own * size).sum())
    own = (_PAIRS_OF_OTHERS * np.maximum(usual, 0) + squares.sum(axis=0)) / (_PAIRS_OF_OTHERS + n_own)
    # a group's own pairs are in the average too
    drawn = _PAIRS_OF_OTHERS / (_PAIRS_OF_OTHERS + n_own) / n_all
    weight = 1 / (_PAIRS_OF_OTHERS + n_own) + drawn
    return overall, own, 1 / (n_own * weight**2 + (n_all - n_own) * drawn**2)


def _compare_distances(comparison: Comparison) -> float:
    """How many times as much two such windows vary as two that follow each other, because they are farther apart."""
    return 1.0 if comparison.follows else _vary(comparison) / _vary(comparison, follows=True)


def _vary(comparison: Comparison, *, follows: bool = False) -> float:
    """The variance of the difference between two such windows, as a multiple of that of a month.

    Args:
        comparison: The windows; of less than a month, they are taken to vary as a month does.
        follows: Whether they are moved together, so that the later follows the earlier.
    """
    days = (comparison.days_current + comparison.days_earlier) / 2
    n_parts = max(round(days / DAYS_IN_MONTH), 1)
    part_days = days / n_parts
    back = n_parts if follows else max(round(comparison.back_days / part_days), n_parts)
    return vary_difference(n_parts, back, memory=get_memory(part_days))


def _assume(incidents: pd.DataFrame, comparison: Comparison, code: Integers, n_groups: int) -> Floats:
    """The dispersion of each group, if its months come and go as much as is usual elsewhere."""
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    inside = np.zeros(len(day), dtype=bool)
    for first, last in comparison.windows:
        inside |= (day >= np.datetime64(first, "D")) & (day <= np.datetime64(last, "D"))
    n = np.bincount(code[inside & (code >= 0)], minlength=n_groups)
    # of n incidents in two like windows, independent ones make the logarithm of the ratio vary by 4 / n
    return np.asarray(1 + MONTHLY_EXCESS**2 * _vary(comparison) * n / 4, dtype=np.float64)


def _measure_years(
    incidents: pd.DataFrame, comparison: Comparison, pairs: _YearPairs, code: Integers, names: pd.Index
) -> Dispersion:
    """The dispersion of pairs a year apart."""
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    has_day = ~(incidents["time_precision"] == "month").to_numpy(dtype=bool, na_value=False)
    usable = (code >= 0) & (has_day | (pairs.unit == "month"))
    n_pairs = len(pairs.later_first)

    def count(firsts: Days, lasts: Days) -> Floats:
        part = np.searchsorted(firsts, day, side="right") - 1
        inside = usable & (part >= 0) & (day <= lasts[np.maximum(part, 0)])
        counts = np.bincount(part[inside] * len(names) + code[inside], minlength=n_pairs * len(names))
        return counts.reshape(n_pairs, len(names)).astype(np.float64)

    later, earlier = count(pairs.later_first, pairs.later_last), count(pairs.earlier_first, pairs.earlier_last)
    days_later, days_earlier = (
        (lasts - firsts).astype(np.float64)[:, None] + 1
        for firsts, lasts in ((pairs.later_first, pairs.later_last), (pairs.earlier_first, pairs.earlier_last))
    )
    total = later + earlier
    with np.errstate(divide="ignore", invalid="ignore"):
        # the change of level of each group, then its share of each pair, whose parts differ by a day in leap years
        level = later.sum(axis=0) / (earlier * days_later / days_earlier).sum(axis=0)
        share = level * days_later / (level * days_later + days_earlier)
        deviations = (later - share * total) / np.sqrt(total * share * (1 - share))
    deviations = np.where((total > 0) & np.isfinite(deviations), deviations, 0.0)
    overall, own, n_known = _pool(deviations**2, total, n_fitted=1)
    part_days = float((days_later + days_earlier).mean()) / 2
    memory = get_memory(part_days)
    n_parts = max(round((comparison.days_current + comparison.days_earlier) / 2 / part_days), 1)
    back = max(round(comparison.back_days / part_days), n_parts)
    measured = vary_difference(1, round(YEAR_DAYS / part_days), memory=memory) * find_kept_share(n_pairs, memory=memory)
    remembered = find_remembered_share(deviations[:, total.any(axis=0)], memory=memory)
    stretch = 1 + remembered * (n_parts * vary_difference(n_parts, back, memory=memory) / measured - 1)
    excess_share = remembered * (1 - 1 / np.maximum(own, 1.0))
    n_free = n_known * count_free(n_pairs, excess_share, memory=memory) / (n_pairs - 1)
    part = dataclasses.replace(comparison, unit=pairs.unit, length=pairs.length).label
    n_years = round(float((pairs.later_first - pairs.earlier_first).astype(np.float64).mean()) / YEAR_DAYS)
    years = "a year" if n_years == 1 else f"{n_years} years"
    return Dispersion(
        by_group=pd.Series(1 + np.maximum(own - 1, 0) * stretch, index=names, name="dispersion"),
        n_free=pd.Series(n_free, index=names, name="n_free"),
        overall=overall,
        n_pairs=n_pairs,
        unit=pairs.unit,
        length=pairs.length,
        stretch=stretch,
        available=True,
        explanation=(
            f"Allows for how unevenly counts differ from the same {part} {years} before: "
            f"{overall:.1f} times as much as independent incidents would, over {n_pairs} pairs. Months resemble their "
            f"neighbours, so what exceeds 1 is multiplied by {stretch:.1f}."
        ),
    )


def _find_windows(comparison: Comparison, first: dt.date, last: dt.date, missing: Days) -> tuple[Periods, Flags] | None:
    """Consecutive windows to measure, as long as the comparison's if enough fit, and which neighbours have data."""
    shorter = _SHORTER_MONTHS if comparison.unit == "month" else _SHORTER_DAYS
    for length in (comparison.length, *(n for n in shorter if n < comparison.length)):
        try:
            periods = make_periods(first=first, last=last, unit=comparison.unit, length=length)
        except TooLittleDataError:
            continue
        first_month, last_month = (
            days.astype("datetime64[M]")[:, None] for days in (periods.first_day, periods.last_day)
        )
        has_data: Flags = np.array([not row.any() for row in (missing >= first_month) & (missing <= last_month)])
        is_pair: Flags = has_data[1:] & has_data[:-1]
        if is_pair.sum() >= MIN_PAIRS:
            return periods, is_pair
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _YearPairs:
    """Parts of a year and the same parts of the year before, in order of time; first and last day of each."""

    later_first: Days
    later_last: Days
    earlier_first: Days
    earlier_last: Days
    unit: PeriodUnit
    length: int


def _find_year_pairs(comparison: Comparison, known_from: dt.date, missing: Days) -> _YearPairs:
    """The latest parts of a year that have data, as have the same parts of the year before."""
    current_first = np.datetime64(comparison.current_first, "D")
    unit: PeriodUnit
    is_own = comparison.unit == "month" and comparison.length >= MIN_PAIRS
    if is_own or (comparison.unit == "month" and comparison.covers_whole_months):
        stop = np.datetime64(comparison.current_last, "D") + 1 if is_own else current_first
        n_parts, n_back = (comparison.length, comparison.back_months) if is_own else (_MAX_YEAR_PAIRS, YEAR_MONTHS)
        # a year that does not end with a month is divided at the same day of each
        starts = np.array([go_back(stop.item(), n) for n in range(n_parts, -1, -1)], dtype="datetime64[D]")
        before = np.array([go_back(stop.item(), n + n_back) for n in range(n_parts, -1, -1)], dtype="datetime64[D]")
        unit, length = "month", 1
    else:
        length = min(comparison.length, _LONGEST_PART_DAYS)
        starts = current_first - length * np.arange(_MAX_YEAR_PAIRS, -1, -1)
        before, unit = starts - YEAR_DAYS, "day"
    firsts, lasts, earlier_firsts, earlier_lasts = starts[:-1], starts[1:] - 1, before[:-1], before[1:] - 1
    kept = earlier_firsts >= np.datetime64(known_from, "D")
    for days in (firsts, lasts, earlier_firsts, earlier_lasts):
        kept &= ~is_missing(days, missing)
    return _YearPairs(
        later_first=firsts[kept],
        later_last=lasts[kept],
        earlier_first=earlier_firsts[kept],
        earlier_last=earlier_lasts[kept],
        unit=unit,
        length=length,
    )
