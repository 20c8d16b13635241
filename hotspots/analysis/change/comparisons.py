"""What changed: two periods compared, for the area, its wards and its hot spots, allowing for how much crime varies."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from hotspots.analysis.rates import compare_rates
from hotspots.analysis.significance import Periods, PeriodUnit, make_periods
from hotspots.errors import DataError, NotFoundError, ParameterError, TooLittleDataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
Against = Literal["before", "last year"]
Month = str | dt.date | pd.Period
Span = tuple[dt.date, dt.date]

VERDICTS = ("clearly improving", "improving", "no apparent change", "deteriorating", "clearly deteriorating")
"""Fewer incidents is better."""
CLEAR_LEVEL, PLAIN_LEVEL = 0.01, 0.05
"""Adjusted p values up to which a change is clear, and is one at all."""

MIN_DAYS_SHARE = 0.8
"""Share of a window's days that must have data."""
MIN_FOR_PERCENT = 50
"""Of fewer incidents one more or less is over 2%, and a percentage says more than is known."""
MIN_PAIRS = 8
"""Pairs of neighbouring windows from which a dispersion is measured; also how many of them the average of all groups
counts for beside a group's own."""

WHOLE_AREA = "all"
"""The one group of incidents that are not grouped."""

_WEEKS = (2, 4, 12)
_MONTHS = (1, 3)
_YEAR_MONTHS = 12
_YEAR_DAYS = 364  # 52 whole weeks: weekdays fall on weekdays
_LONGEST_PART_DAYS = 28
_MAX_YEAR_PAIRS = 26
_SHORTER_DAYS = (84, 28, 14, 7)
_SHORTER_MONTHS = (12, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two windows of days to be compared.

    Attributes:
        key: "2-weeks", "4-weeks", "12-weeks", "1-month", "3-months" or "r12".
        against: What the later window is compared with: the one just "before" it, or the same "last year".
        unit, length: Each window is `length` days, or calendar months.
        current_first, current_last: First and last day of the later window, both included.
        earlier_first, earlier_last: Of the earlier one.
        days_current, days_earlier: Days of each that count: those with data whose counterpart has data too.
        left_out: First and last day of each run of days within the windows that does not count.
        available: Whether the comparison can be made.
        reason: Where not, why, in a sentence; otherwise None.
    """

    key: str
    against: Against
    unit: PeriodUnit
    length: int
    current_first: dt.date
    current_last: dt.date
    earlier_first: dt.date
    earlier_last: dt.date
    days_current: int
    days_earlier: int
    left_out: tuple[Span, ...]
    available: bool
    reason: str | None

    @property
    def label(self) -> str:
        """How long a window is: "4 weeks", "1 month"."""
        n, unit = (self.length, "month") if self.unit == "month" else (self.length // 7, "week")
        return f"{n} {unit}{'s' * (n > 1)}"

    @property
    def words(self) -> str:
        """The comparison in words: "the 4 weeks to 30 September 2026 against the 4 before"."""
        if self.unit == "month" and self.length == 1:
            return f"{self.current_last:%B %Y} against {self.earlier_last:%B %Y}"
        whole_months = self.unit == "month" and _is_month_end(self.current_last)
        end = f"{self.current_last:%B %Y}" if whole_months else _say_day(self.current_last)
        number, unit = self.label.split()
        other = f"the {number} before" if self.against == "before" else f"the same {unit} a year before"
        return f"the {self.label} to {end} against {other}"

    @property
    def covers_whole_months(self) -> bool:
        """Whether both windows begin and end with a month, so that incidents known by their month can be counted."""
        firsts, lasts = (self.current_first, self.earlier_first), (self.current_last, self.earlier_last)
        return all(day.day == 1 for day in firsts) and all(map(_is_month_end, lasts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """Incidents by group in the two windows of a comparison.

    Attributes:
        table: One row a group, with `n_current` and `n_earlier`, int.
        comparison: The windows.
        n_month_only: Incidents of months that the windows touch, left out because only their month is known and the
            windows are not of whole months.
        n_ungrouped: Incidents within the windows that belong to no group.
    """

    table: pd.DataFrame
    comparison: Comparison
    n_month_only: int
    n_ungrouped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispersion:
    """How many times as much as independent incidents the counts of neighbouring windows differ.

    Attributes:
        by_group: float on the groups, 1 or more: what a test allows for.
        overall: The average over all groups and pairs, of the measured windows, not raised to 1; missing where not
            available.
        n_pairs: Pairs of neighbouring windows measured.
        unit, length: Of the measured windows, which may be shorter than those of the comparison.
        stretch: How many times as long the windows of the comparison are; the excess over 1 is multiplied by it.
        available: Whether the data reach back far enough to measure it.
        explanation: How it was found, or why not, in a sentence.
    """

    by_group: pd.Series
    overall: float
    n_pairs: int
    unit: PeriodUnit
    length: int
    stretch: float
    available: bool
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable:
    """Which groups changed, and how surely.

    Attributes:
        table: One row a group: `n_current`, `n_earlier` (int); `ratio`, `low`, `high` (float), how many times the
            earlier incidents a day the current ones are, and its limits; `percent` (Int64), the change of incidents a
            day, missing where fewer than `MIN_FOR_PERCENT` earlier ones; `dispersion` (float) allowed for; `p_value`
            and `p_adjusted` (float), for the number of groups; `verdict` (categorical of `VERDICTS`).
        comparison: The windows.
        confidence: Of the limits, of each group by itself, 0-1.
        n_compared: Groups with any incident: those that the p values are adjusted for.
        n_month_only, n_ungrouped: As counted; see `ChangeCounts`.
        allowance: What is allowed for how much crime varies, in a sentence.
    """

    table: pd.DataFrame
    comparison: Comparison
    confidence: float
    n_compared: int
    n_month_only: int
    n_ungrouped: int
    allowance: str

    def describe(self, group: Hashable = WHOLE_AREA, *, subject: str) -> str:
        """One group in words: "robbery in Peckham: 34 against 21, 1.6 times as many (0.9 to 2.9): no apparent change".

        Where the windows are of unequal length it is "times as many a day".

        Args:
            group: Of the table.
            subject: What is counted and where.

        Raises:
            NotFoundError: The table has no such group.
        """
        if group not in self.table.index:
            raise NotFoundError(
                f"Changes are described for the groups of their table; {group!r} is none of its {len(self.table):,}. "
                f"The first is {self.table.index[0]!r}."
                if len(self.table)
                else f"Changes are described for the groups of their table, and it has none to find {group!r} in."
            )
        row = self.table.iloc[int(np.flatnonzero(self.table.index == group)[0])]
        n_current, n_earlier = int(row["n_current"]), int(row["n_earlier"])
        if n_current == n_earlier == 0:
            return f"{subject}: none in either: {row['verdict']}"
        counts = f"{subject}: {_say_count(n_current)} against {_say_count(n_earlier)}"
        if not n_current or not n_earlier:
            return f"{counts}: {row['verdict']}"
        low, high = float(row["low"]), float(row["high"])
        # One digit, unless the limits would run together with each other or with no change.
        n_digits = 1 if high - low >= 0.5 and 1.0 not in (round(low, 1), round(high, 1)) else 2
        a_day = " a day" if self.comparison.days_current != self.comparison.days_earlier else ""
        ratio, least, most = (f"{value:.{n_digits}f}" for value in (float(row["ratio"]), low, high))
        return f"{counts}, {ratio} times as many{a_day} ({least} to {most}): {row['verdict']}"


def plan_comparisons(
    end: dt.date, *, known_from: dt.date, is_monthly: bool, missing_months: Iterable[Month] = ()
) -> tuple[Comparison, ...]:
    """The comparisons that a partnership makes, each with what stands in its way.

    Where incidents have days: the last 2, 4 and 12 weeks against those just before, and against the same a year ago,
    52 weeks earlier, so that weekdays match. Where they have only months: the last whole month and three months,
    against those before and those a year ago. For both the rolling twelve months (R12) against the twelve before:
    to `end`, or to the last whole month.

    Against the time before, a change holds the season in it: burglary rises every autumn. Against last year it does
    not, and it may be older than the window.

    Months without data do not count, nor do the days, or months, of the other window that stand at the same place:
    eleven months are compared with the same eleven, not with twelve. Where less than 80% of a window is left, or the
    data do not reach back, the comparison is given as not available, with the reason.

    Args:
        end: Last day that the data speak for, included.
        known_from: First such day.
        is_monthly: Whether more than a few incidents give only their months, so that windows are of whole ones.
        missing_months: Months in which the feed failed: "2026-08", a date in it, or a pandas Period.

    Raises:
        ParameterError: A missing month is none, or `known_from` lies after `end`.
    """
    if known_from > end:
        raise ParameterError(
            f"Data are known from a day on or before their end; {known_from} and {end} were given. Exchange them?"
        )
    missing = _read_months(missing_months)
    plans: list[Comparison] = []
    if is_monthly:
        stop = _day_after_last_whole_month(end)
        for n in _MONTHS:
            for against, back in (("before", n), ("last year", _YEAR_MONTHS)):
                key = f"{n}-month{'s' * (n > 1)}"
                plans.append(_plan_months(key, against, stop, n, back, known_from=known_from, missing=missing))
    else:
        stop = end + dt.timedelta(days=1)
        for n in _WEEKS:
            for against, back in (("before", 7 * n), ("last year", _YEAR_DAYS)):
                plans.append(_plan_weeks(f"{n}-weeks", against, end, n, back, known_from=known_from, missing=missing))
    plans.append(_plan_months("r12", "before", stop, 12, 12, known_from=known_from, missing=missing))
    return tuple(plans)


def withhold_selected(
    comparisons: Iterable[Comparison], *, drawn_from: dt.date, drawn_to: dt.date
) -> tuple[Comparison, ...]:
    """Withhold the comparisons that would mislead within hot spots drawn from incidents of given days.

    A hot spot is drawn where incidents were many, and part of that is chance. Days that it was drawn from therefore
    look busier in it than any other days: compared with the time before they seem to have risen, and the time after
    seems to fall, with nothing changed and nothing done (regression to the mean). A comparison is fair

    * if both windows lie within the days that the outlines were drawn from: they were drawn from where the incidents
      of both were, whichever window each was in, so that the share of either is not selected;
    * if neither window touches those days: neither was selected.

    Anything else comes back as not available, with the reason. The safe way to judge a recent change in hot spots is
    to draw them from a long period that holds both windows, or from one that ended before both. Fair here means fair
    to chance: what was a short-lived flare when outlines were drawn has died down truly by the time after.

    Args:
        comparisons: As planned.
        drawn_from: First day of the incidents that the outlines were drawn from; those must not have been weighed by
            how recent they are.
        drawn_to: Last day, included.

    Raises:
        ParameterError: `drawn_from` lies after `drawn_to`.

    Source: Barnett, A. G., van der Pols, J. C. and Dobson, A. J. (2005), "Regression to the mean: what it is and how
    to deal with it", International Journal of Epidemiology 34(1), doi:10.1093/ije/dyh299.
    """
    if drawn_from > drawn_to:
        raise ParameterError(
            f"Outlines are drawn from a first to a last day; {drawn_from} lies after {drawn_to}. Exchange them?"
        )
    return tuple(
        comparison
        if not comparison.available or _is_fair(comparison, drawn_from, drawn_to)
        else dataclasses.replace(
            comparison,
            available=False,
            reason=(
                f"The hot spots were drawn from incidents of {_say_day(drawn_from)} to {_say_day(drawn_to)}, which "
                "holds one of the windows more than the other: its incidents would look too many by the choice of "
                "places alone."
            ),
        )
        for comparison in comparisons
    )


def _is_fair(comparison: Comparison, drawn_from: dt.date, drawn_to: dt.date) -> bool:
    windows = (
        (comparison.current_first, comparison.current_last),
        (comparison.earlier_first, comparison.earlier_last),
    )
    inside = all(drawn_from <= first and last <= drawn_to for first, last in windows)
    outside = all(last < drawn_from or first > drawn_to for first, last in windows)
    return inside or outside


def count_change(
    incidents: pd.DataFrame,
    comparison: Comparison,
    *,
    groups: pd.Series | None = None,
    all_groups: Iterable[Hashable] | None = None,
) -> ChangeCounts:
    """Count incidents by group in both windows, by the day on which they started.

    An incident known to lie between two times counts on the day of the first. One of which only the month is known
    counts in windows of whole months, and is left out and counted as such otherwise. Days that do not count in the
    comparison are left out of both windows.

    Args:
        incidents: The incidents table, or any with `started_at` and `time_precision`.
        comparison: The windows.
        groups: Ward code, rank of the hot spot or the like of each incident, on the same index; missing for none.
            Without groups all are one, `WHOLE_AREA`.
        all_groups: Every group to count, those without incidents too; incidents of others count as ungrouped. By
            default those that any incident belongs to, in any window, in order, or the categories of `groups`.

    Raises:
        ParameterError: The comparison is not available, `all_groups` repeats one, or is given without groups.
        DataError: The groups are not on the index of the incidents.
    """
    if not comparison.available:
        raise ParameterError(
            f"Only a comparison that is available can be counted; {comparison.words} is not. {comparison.reason} "
            "Choose another."
        )
    code, names = _code_groups(incidents, groups, all_groups)
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    windows = np.array(
        [
            _is_within(day, comparison.current_first, comparison.current_last),
            _is_within(day, comparison.earlier_first, comparison.earlier_last),
        ]
    )
    n_month_only = 0
    if not comparison.covers_whole_months:
        month_only = (incidents["time_precision"] == "month").to_numpy(dtype=bool, na_value=False)
        if month_only.any():
            n_month_only = int((month_only & _touches_months(day, comparison)).sum())
            windows &= ~month_only
    for first, last in comparison.left_out:
        windows &= ~_is_within(day, first, last)
    counts = [np.bincount(code[window & (code >= 0)], minlength=len(names)) for window in windows]
    return ChangeCounts(
        table=pd.DataFrame(
            {"n_current": counts[0].astype(np.int64), "n_earlier": counts[1].astype(np.int64)}, index=names
        ),
        comparison=comparison,
        n_month_only=n_month_only,
        n_ungrouped=int((windows.any(axis=0) & (code < 0)).sum()),
    )


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
    own dispersion is its own mean, drawn to that of all as if the latter were of eight pairs, and 1 at least.

    Where fewer than eight pairs fit, shorter windows are measured, down to weeks or months, and the excess over 1 is
    multiplied by how many times as long the comparison's are: what moves crime up and down moves it by about the same
    share over longer windows. On ten years of burglary in two boroughs that keeps false alarms near the stated rate,
    which the measure of short windows as it is does not by far. Where not even those fit, nothing is allowed for:
    `available` is false, and changes are then called too readily.

    It includes all that usually moves crime from window to window, the season and real change too: allowed for, a
    change is one beyond what is usual.

    *Against a year before* (R12 too) the season is the same on both sides, and must not pass for chance. So parts of
    the year are paired with the same part of the year before: for R12 its own twelve months, otherwise those before the
    current window, of at most four weeks or a month. With the share s fitted to all pairs of a group, the same squares
    are taken, over one pair fewer: how unevenly a change of level runs through the year. Where fewer than eight pairs
    are known, neighbours are measured as above. A change of level itself is not allowed for, whatever moved it.

    Args:
        incidents: The incidents table, or any with `started_at` and `time_precision`; the whole of it.
        comparison: The windows.
        known_from: First day that the data speak for.
        missing_months: Months in which the feed failed; windows that touch them are not measured.
        groups: Of each incident, as in `count_change`.
        all_groups: Every group, as in `count_change`.

    Raises:
        ParameterError: A missing month is none, or the groups as in `count_change`.
        DataError: The groups are not on the index of the incidents.

    Source: The Pearson statistic over its degrees of freedom: McCullagh, P. and Nelder, J. A. (1989), Generalized
    Linear Models, 2nd edition, section 4.5; here of neighbours, so that slow change does not add to it.
    """
    missing = _read_months(missing_months)
    code, names = _code_groups(incidents, groups, all_groups)
    last = comparison.current_first - dt.timedelta(days=1)
    if comparison.against == "last year" or comparison.length == _YEAR_MONTHS:
        pairs = _find_year_pairs(comparison, known_from, missing)
        if len(pairs.later_first) >= MIN_PAIRS:
            return _measure_years(incidents, comparison, pairs, code, names)
    found = _find_windows(comparison, known_from, last, missing)
    if found is None:
        return Dispersion(
            by_group=pd.Series(1.0, index=names, name="dispersion"),
            overall=float("nan"),
            n_pairs=0,
            unit=comparison.unit,
            length=comparison.length,
            stretch=1.0,
            available=False,
            explanation=(
                f"How much crime varies is not known: the data before {_say_day(comparison.current_first)} hold fewer "
                f"than {MIN_PAIRS + 1} windows. Incidents are taken to be independent, and change is seen too readily."
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
    n_own = (total > 0).sum(axis=0)
    overall = float(squares.sum() / n_own.sum()) if n_own.any() else 1.0
    own = (MIN_PAIRS * overall + squares.sum(axis=0)) / (MIN_PAIRS + n_own)
    stretch = (comparison.days_current + comparison.days_earlier) / 2 / float(n_days.mean())
    if (periods.unit, periods.length) == (comparison.unit, comparison.length):
        stretch = 1.0
    n_pairs = int(is_pair.sum())
    measured = dataclasses.replace(comparison, unit=periods.unit, length=periods.length).label
    extended = "" if stretch == 1 else f", extended to {comparison.label}"
    return Dispersion(
        by_group=pd.Series(1 + np.maximum(own - 1, 0) * stretch, index=names, name="dispersion"),
        overall=overall,
        n_pairs=n_pairs,
        unit=periods.unit,
        length=periods.length,
        stretch=stretch,
        available=True,
        explanation=(
            f"Allows for how much counts usually differ between neighbouring windows of {measured}{extended}: "
            f"{overall:.1f} times as much as independent incidents would, over {n_pairs} pairs of windows."
        ),
    )


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
        squares = (later - share * total) ** 2 / (total * share * (1 - share))
    squares = np.where((total > 0) & np.isfinite(squares), squares, 0.0)
    n_own = np.maximum((total > 0).sum(axis=0) - 1, 0)
    overall = float(squares.sum() / n_own.sum()) if n_own.any() else 1.0
    own = (MIN_PAIRS * overall + squares.sum(axis=0)) / (MIN_PAIRS + n_own)
    part = dataclasses.replace(comparison, unit=pairs.unit, length=pairs.length).label
    return Dispersion(
        by_group=pd.Series(np.maximum(own, 1.0), index=names, name="dispersion"),
        overall=overall,
        n_pairs=n_pairs,
        unit=pairs.unit,
        length=pairs.length,
        stretch=1.0,
        available=True,
        explanation=(
            f"Allows for how unevenly counts differ from the same {part} a year before: {overall:.1f} times as much as "
            f"independent incidents would, over {n_pairs} pairs."
        ),
    )


def measure_change(
    counts: ChangeCounts, *, dispersion: Dispersion | None = None, confidence: float = 0.95
) -> ChangeTable:
    """Compare the incidents a day of both windows in each group, and say which changed.

    Each group by the exact test of two Poisson rates, its counts divided by the dispersion; see `compare_rates`. The
    p values are adjusted for the number of groups that have any incident (Benjamini-Hochberg: of the changes called,
    at most that share is false on average). The verdict goes by the adjusted p value alone: up to 0.01 it is clear,
    up to 0.05 plain, above that there is no apparent change, which is not to say that there is none: of 20 incidents a
    window, even twice as many are seldom called among 42 wards. Fewer incidents is improving, though fewer may also
    have been reported. Limits are each group's own; they can leave out 1 where the verdict, for all groups together,
    is no apparent change.

    Pass the dispersion wherever the data reach back far enough. Real counts vary more than independent incidents:
    without it 10 to 30% of neighbouring months of a borough or two are called changed at 0.05, with it 2 to 6%. One
    comparison is one look: of seven in which nothing changed, chance has seven chances. Decide beforehand which counts.

    Within hot spots use it only for comparisons that `withhold_selected` lets pass.

    Args:
        counts: From `count_change`.
        dispersion: From `measure_dispersion`, of the same groups; without one incidents are taken to be independent.
        confidence: Of the limits of the ratio.

    Raises:
        ParameterError: The confidence is not between 0 and 1, or the dispersion is not of the same groups.

    Source: Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x; for the test see `compare_rates`.
    """
    names, comparison = counts.table.index, counts.comparison
    spread = np.ones(len(names))
    allowance = "Takes incidents to be independent of each other; as they are not, change is seen too readily."
    if dispersion is not None:
        position = dispersion.by_group.index.get_indexer(names)
        if (position < 0).any():
            raise ParameterError(
                f"A dispersion is of the groups that are compared; it has none for {names[position < 0][0]!r}. "
                "Measure it with the same groups and all_groups as the counts."
            )
        spread, allowance = dispersion.by_group.to_numpy(dtype=np.float64)[position], dispersion.explanation
    current, earlier = (counts.table[column].to_numpy() for column in ("n_current", "n_earlier"))
    compared = compare_rates(
        current,
        earlier,
        exposure_first=comparison.days_current,
        exposure_second=comparison.days_earlier,
        dispersion=spread,
        confidence=confidence,
    )
    has_any = current + earlier > 0
    p_adjusted = np.ones(len(names))
    if has_any.any():
        p_adjusted[has_any] = stats.false_discovery_control(compared.p_value[has_any])
    step = (p_adjusted <= PLAIN_LEVEL).astype(np.int64) + (p_adjusted <= CLEAR_LEVEL)
    # Where nothing is called the direction does not matter; a ratio is missing only where both are 0.
    code = 2 + step * np.where(np.nan_to_num(compared.ratio, nan=1.0) > 1, 1, -1)
    is_stated = earlier >= MIN_FOR_PERCENT
    percent = pd.array(np.rint(np.where(is_stated, 100 * (compared.ratio - 1), 0)).astype(np.int64), dtype="Int64")
    percent[~is_stated] = pd.NA
    table = counts.table.assign(
        ratio=compared.ratio,
        low=compared.low,
        high=compared.high,
        percent=percent,
        dispersion=spread,
        p_value=compared.p_value,
        p_adjusted=p_adjusted,
        verdict=pd.Categorical.from_codes(code, categories=pd.Index(VERDICTS), ordered=True),
    )
    return ChangeTable(
        table=table,
        comparison=comparison,
        confidence=confidence,
        n_compared=int(has_any.sum()),
        n_month_only=counts.n_month_only,
        n_ungrouped=counts.n_ungrouped,
        allowance=allowance,
    )


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
        raise DataError(f"Rolling twelve months need one count a month; {repeated} is there twice. Add them up first.")
    if counts.empty:
        return counts.astype(np.float64)
    months = pd.period_range(counts.index.min(), counts.index.max(), freq="M", name=counts.index.name)
    return counts.astype(np.float64).reindex(months).rolling(_YEAR_MONTHS, min_periods=_YEAR_MONTHS).sum()


def _plan_weeks(
    key: str, against: str, end: dt.date, n_weeks: int, back_days: int, *, known_from: dt.date, missing: Days
) -> Comparison:
    """Two windows of whole weeks, the later ending with `end` and the earlier `back_days` before it."""
    current = np.datetime64(end, "D") - np.arange(7 * n_weeks)[::-1]
    earlier = current - back_days
    is_out = _is_missing(current, missing) | _is_missing(earlier, missing)
    return _make_comparison(
        key, cast(Against, against), "day", 7 * n_weeks, current, earlier, is_out, is_out, known_from
    )


def _plan_months(
    key: str, against: str, stop: dt.date, n_months: int, back_months: int, *, known_from: dt.date, missing: Days
) -> Comparison:
    """Two windows of months, the later ending the day before `stop` and the earlier `back_months` before it."""
    edges = [np.datetime64(_go_back(stop, back), "D") for back in (0, n_months, back_months, back_months + n_months)]
    current = np.arange(edges[1], edges[0])
    earlier = np.arange(edges[3], edges[2])
    # The counterpart of a month is the one as many months away as the windows are.
    current_out = _is_missing(current, missing) | _is_missing(current, missing + back_months)
    earlier_out = _is_missing(earlier, missing) | _is_missing(earlier, missing - back_months)
    return _make_comparison(
        key, cast(Against, against), "month", n_months, current, earlier, current_out, earlier_out, known_from
    )


def _make_comparison(
    key: str,
    against: Against,
    unit: PeriodUnit,
    length: int,
    current: Days,
    earlier: Days,
    current_out: Flags,
    earlier_out: Flags,
    known_from: dt.date,
) -> Comparison:
    """Write down two windows of days, those that do not count, and whether enough is left."""
    first: dt.date = earlier[0].item()
    shares = [float(1 - out.mean()) for out in (current_out, earlier_out)]
    reason = None
    if first < known_from:
        reason = f"The data begin on {_say_day(known_from)}, and the earlier window on {_say_day(first)}, before them."
    elif min(shares) < MIN_DAYS_SHARE:
        reason = (
            f"Months without data leave {100 * min(shares):.0f}% of the days to compare; "
            f"{100 * MIN_DAYS_SHARE:.0f}% are needed."
        )
    return Comparison(
        key=key,
        against=against,
        unit=unit,
        length=length,
        current_first=current[0].item(),
        current_last=current[-1].item(),
        earlier_first=first,
        earlier_last=earlier[-1].item(),
        days_current=int((~current_out).sum()),
        days_earlier=int((~earlier_out).sum()),
        left_out=(*_find_runs(earlier[earlier_out]), *_find_runs(current[current_out])),
        available=reason is None,
        reason=reason,
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
    is_year = comparison.length == _YEAR_MONTHS
    current_first = np.datetime64(comparison.current_first, "D")
    unit: PeriodUnit
    if comparison.unit == "month" and (is_year or comparison.covers_whole_months):
        stop = np.datetime64(comparison.current_last, "D") + 1 if is_year else current_first
        n_parts = _YEAR_MONTHS if is_year else _MAX_YEAR_PAIRS
        # a year that does not end with a month is divided at the same day of each
        starts = np.array([_go_back(stop.item(), n) for n in range(n_parts, -1, -1)], dtype="datetime64[D]")
        before = np.array(
            [_go_back(stop.item(), n + _YEAR_MONTHS) for n in range(n_parts, -1, -1)], dtype="datetime64[D]"
        )
        unit, length = "month", 1
    else:
        length = min(comparison.length, _LONGEST_PART_DAYS)
        starts = current_first - length * np.arange(_MAX_YEAR_PAIRS, -1, -1)
        before, unit = starts - _YEAR_DAYS, "day"
    firsts, lasts, earlier_firsts, earlier_lasts = starts[:-1], starts[1:] - 1, before[:-1], before[1:] - 1
    kept = earlier_firsts >= np.datetime64(known_from, "D")
    for days in (firsts, lasts, earlier_firsts, earlier_lasts):
        kept &= ~_is_missing(days, missing)
    return _YearPairs(
        later_first=firsts[kept],
        later_last=lasts[kept],
        earlier_first=earlier_firsts[kept],
        earlier_last=earlier_lasts[kept],
        unit=unit,
        length=length,
    )


def _code_groups(
    incidents: pd.DataFrame, groups: pd.Series | None, all_groups: Iterable[Hashable] | None
) -> tuple[Integers, pd.Index]:
    """The place of each incident's group among all groups, -1 for none."""
    if groups is None:
        if all_groups is not None:
            raise ParameterError("The names of all groups need the group of each incident. Give groups too.")
        return np.zeros(len(incidents), dtype=np.int64), pd.Index([WHOLE_AREA])
    if not groups.index.equals(incidents.index):
        raise DataError(
            f"Groups are given on the index of the incidents; {len(groups):,} groups and {len(incidents):,} incidents "
            "differ in it. Use groups.reindex(incidents.index)."
        )
    if all_groups is None and isinstance(groups.dtype, pd.CategoricalDtype):
        return groups.cat.codes.to_numpy().astype(np.int64), groups.cat.categories
    code, found = pd.factorize(groups, sort=True)
    found = pd.Index(found)
    if all_groups is None:
        return code.astype(np.int64), found
    names = pd.Index(list(all_groups))
    if names.has_duplicates:
        raise ParameterError(
            f"Every group is named once; {names[names.duplicated()][0]!r} is there twice. Use unique names."
        )
    # One more place, so that the code -1 of no group stays -1.
    place = np.append(names.get_indexer(found), -1)
    return place[code].astype(np.int64), names


def _is_within(day: Days, first: dt.date, last: dt.date) -> Flags:
    within: Flags = (day >= np.datetime64(first, "D")) & (day <= np.datetime64(last, "D"))
    return within


def _touches_months(day: Days, comparison: Comparison) -> Flags:
    """Whether the month of each day has a day in either window."""
    month = day.astype("datetime64[M]")
    touches: Flags = np.zeros(len(day), dtype=bool)
    for first, last in (
        (comparison.current_first, comparison.current_last),
        (comparison.earlier_first, comparison.earlier_last),
    ):
        touches |= (month >= np.datetime64(first, "M")) & (month <= np.datetime64(last, "M"))
    return touches


def _read_months(months: Iterable[Month]) -> Days:
    """The months as datetime64[M].

    Raises:
        ParameterError: One is no month.
    """
    read = []
    for month in months:
        # Read strictly: pandas would take "August" for that of the present year.
        text = month if isinstance(month, str) else str(month)[:7]
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
            raise ParameterError(
                f'A month without data is given as "2026-08", a date in it or a pandas Period; {month!r} is none.'
            )
        read.append(np.datetime64(text, "M"))
    return np.array(read, dtype="datetime64[M]")


def _is_missing(day: Days, missing: Days) -> Flags:
    return np.isin(day.astype("datetime64[M]"), missing)


def _find_runs(days: Days) -> list[Span]:
    """First and last of each run of consecutive days."""
    if not len(days):
        return []
    runs = np.split(days, np.flatnonzero(np.diff(days).astype(np.int64) > 1) + 1)
    return [(run[0].item(), run[-1].item()) for run in runs]


def _go_back(day: dt.date, n_months: int) -> dt.date:
    """The same day of an earlier month; the first of the next where that month has no such day."""
    month = np.datetime64(day, "M") - n_months
    back = month.astype("datetime64[D]") + (day.day - 1)
    stop = (month + 1).astype("datetime64[D]")
    result: dt.date = min(back, stop).item()
    return result


def _day_after_last_whole_month(end: dt.date) -> dt.date:
    return (end + dt.timedelta(days=1)).replace(day=1)


def _is_month_end(day: dt.date) -> bool:
    return (day + dt.timedelta(days=1)).day == 1


def _say_count(n: int) -> str:
    return f"{n:,}" if n else "none"


def _say_day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"
