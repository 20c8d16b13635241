"""Which windows of days are compared."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from hotspots.analysis.calendar import Month, PeriodUnit, find_runs, is_missing, read_months
from hotspots.errors import ParameterError

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]

Against = Literal["before", "last year", "chosen"]
Span = tuple[dt.date, dt.date]

MIN_DAYS_SHARE = 0.8
"""Share of a window's days that must have data."""

_WEEKS = (2, 4, 12)
_MONTHS = (1, 3)
YEAR_MONTHS = 12
YEAR_DAYS = 364  # 52 whole weeks: weekdays fall on weekdays
_MEAN_YEAR_DAYS = 365.25
_SAME_SEASON_DAYS = 7
_LEAST_DIFFERENCE = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two windows of days to be compared.

    Attributes:
        key: "2-weeks", "4-weeks", "12-weeks", "1-month", "3-months", "r12", "longest" or "asked".
        against: What the later window is compared with: the one just "before" it, the same "last year", or one that
            was "chosen".
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
    def windows(self) -> tuple[Span, Span]:
        """First and last day of the later window, and of the earlier."""
        return (self.current_first, self.current_last), (self.earlier_first, self.earlier_last)

    @property
    def label(self) -> str:
        """How long a window is: "4 weeks", "1 month", "40 days"."""
        if self.unit == "day" and self.length % 7:
            return f"{self.length} day{'s' * (self.length > 1)}"
        n, unit = (self.length, "month") if self.unit == "month" else (self.length // 7, "week")
        return f"{n} {unit}{'s' * (n > 1)}"

    @property
    def words(self) -> str:
        """The comparison in words: "the 4 weeks to 30 September 2026 against the 4 before"."""
        if self.against == "chosen":
            return " against ".join(_say_span(*span, whole_months=self.unit == "month") for span in self.windows)
        if self.unit == "month" and self.length == 1:
            return f"{self.current_last:%B %Y} against {self.earlier_last:%B %Y}"
        whole_months = self.unit == "month" and _is_month_end(self.current_last)
        end = f"{self.current_last:%B %Y}" if whole_months else say_day(self.current_last)
        number, unit = self.label.split()
        other = f"the {number} before" if self.against == "before" else f"the same {unit} a year before"
        return f"the {self.label} to {end} against {other}"

    @property
    def covers_whole_months(self) -> bool:
        """Whether both windows begin and end with a month, so that incidents known by their month can be counted."""
        return all(map(_is_of_months, self.windows))

    @property
    def back_days(self) -> int:
        """How many days earlier the earlier window begins."""
        return (self.current_first - self.earlier_first).days

    @property
    def back_months(self) -> int:
        """How many months earlier it begins."""
        return _count_months((self.earlier_first, self.current_first)) - 1

    @property
    def follows(self) -> bool:
        """Whether the later window begins the day after the earlier one ends."""
        return (self.current_first - self.earlier_last).days == 1

    @property
    def allows_for_season(self) -> bool:
        """Whether both windows are of the same time of year, or of whole years."""
        return any(
            days > _SAME_SEASON_DAYS
            and abs((days + _SAME_SEASON_DAYS) % _MEAN_YEAR_DAYS - _SAME_SEASON_DAYS) <= _SAME_SEASON_DAYS
            for days in (self.back_days, (self.current_last - self.current_first).days + 1)
        )

    @property
    def exposures(self) -> tuple[int, int]:
        """The days by which the counts of the later and the earlier window are divided.

        They are equal where the windows differ by under half a percent, as two years do of which one has a leap day:
        a change in percent is then that of the two counts.
        """
        if abs(self.days_current - self.days_earlier) < _LEAST_DIFFERENCE * self.days_earlier:
            return self.days_current, self.days_current
        return self.days_current, self.days_earlier


def plan_comparisons(
    end: dt.date, *, known_from: dt.date, is_monthly: bool, missing_months: Iterable[Month] = ()
) -> tuple[Comparison, ...]:
    """The comparisons that a partnership makes, each with the reason if it is withheld.

    Where incidents have days: the last 2, 4 and 12 weeks against those just before, and against the same a year ago,
    52 weeks earlier, so that weekdays match. Where they have only months: the last whole month and three months,
    against those before and those a year ago. For both the rolling twelve months (R12) against the twelve before:
    to `end`, or to the last whole month. Where the data do not reach back for R12, the longest whole months that both
    years have, from four to eleven: "longest".

    Against the time before, a change holds the season in it: burglary rises every autumn. Against last year it does
    not, and it may be older than the window.

    Months without data do not count, nor do the days, or months, of the other window that stand at the same place:
    eleven months are compared with the same eleven, not with twelve. Where less than 80% of a window is left, or the
    data do not reach back, the comparison is given as not available, with the reason.

    Args:
        end: Last day that the data cover, included.
        known_from: First such day.
        is_monthly: Whether more than a few incidents give only their months, so that windows are of whole ones.
        missing_months: Months in which the feed failed: "2026-08", a date in it, or a pandas Period.

    Raises:
        ParameterError: One of the missing months is not a month, or `known_from` lies after `end`.
    """
    if known_from > end:
        raise ParameterError(
            f"Data must start on or before the day they end; {known_from} and {end} were given. Swap them."
        )
    missing = read_months(missing_months)
    plans: list[Comparison] = []
    if is_monthly:
        stop = _day_after_last_whole_month(end)
        for n in _MONTHS:
            for against, back in (("before", n), ("last year", YEAR_MONTHS)):
                key = f"{n}-month{'s' * (n > 1)}"
                plans.append(_plan_months(key, against, stop, n, back, known_from=known_from, missing=missing))
    else:
        stop = end + dt.timedelta(days=1)
        for n in _WEEKS:
            for against, back in (("before", 7 * n), ("last year", YEAR_DAYS)):
                plans.append(_plan_weeks(f"{n}-weeks", against, end, n, back, known_from=known_from, missing=missing))
    r12 = _plan_months("r12", "before", stop, YEAR_MONTHS, YEAR_MONTHS, known_from=known_from, missing=missing)
    plans.append(r12)
    if r12.earlier_first < known_from:
        stop = _day_after_last_whole_month(end)
        lengths = range(YEAR_MONTHS - 1, _MONTHS[-1], -1)
        long = (
            _plan_months("longest", "last year", stop, n, YEAR_MONTHS, known_from=known_from, missing=missing)
            for n in lengths
        )
        plans.extend(itertools.islice((plan for plan in long if plan.available), 1))
    return tuple(plans)


def plan_asked(
    current: Span, earlier: Span, *, known_from: dt.date, is_monthly: bool, missing_months: Iterable[Month] = ()
) -> Comparison:
    """The comparison of two periods that somebody chose.

    Both are of equally many whole months, or of equally many days. Days of months without data do not count, nor do
    those at the same place in the other period.

    Args:
        current: First and last day of the later period.
        earlier: Of the one that it is compared with.
        known_from: First day that the data cover.
        is_monthly: Whether more than a few incidents give only their months, so that both must be of whole ones.
        missing_months: Months in which the feed failed: "2026-08", a date in it, or a pandas Period.

    Raises:
        ParameterError: The earlier period does not end before the later begins, they are not equally long, are not of
            whole months though the incidents are, or the data do not hold enough of them.
    """
    _require_comparable(current, earlier, is_monthly=is_monthly)
    missing = read_months(missing_months)
    later, before = _list_days(current), _list_days(earlier)
    unit: PeriodUnit
    if _is_of_months(current) and _is_of_months(earlier):
        unit, length = "month", _count_months(current)
        back = _count_months((earlier[0], current[0])) - 1
        later_out, before_out = _leave_out_months(later, before, missing, back)
    else:
        unit, length = "day", len(later)
        later_out = before_out = is_missing(later, missing) | is_missing(before, missing)
    asked = _make_comparison("asked", "chosen", unit, length, later, before, later_out, before_out, known_from)
    if not asked.available:
        raise ParameterError(
            f"The two periods that are compared must be in the data; {_say_both(current, earlier)} were asked for. "
            f"{asked.reason} Choose another period to `compare` with, or read more files."
        )
    return asked


def _require_comparable(current: Span, earlier: Span, *, is_monthly: bool) -> None:
    """Refuse two periods that overlap, are not equally long, or are not of whole months where they must be."""
    if earlier[0] > earlier[1] or earlier[1] >= current[0]:
        raise ParameterError(
            f"The period to `compare` with must end before the period analysed begins; {_say_both(current, earlier)} "
            "were given. Move one of them: `compare`, or `start` and `end`."
        )
    are_whole = _is_of_months(current) and _is_of_months(earlier)
    if is_monthly and not are_whole:
        raise ParameterError(
            f"Incidents known by their month can be compared in whole months only; {_say_both(current, earlier)} were "
            "given. Begin and end both with a month: `compare`, and `start` and `end`."
        )
    n_current, n_earlier = (_count_months(span) if are_whole else len(_list_days(span)) for span in (current, earlier))
    if n_current != n_earlier:
        raise ParameterError(
            f"The two periods that are compared must be equally long; {_say_days(*earlier)} is {n_earlier} "
            f"{'months' if are_whole else 'days'}, and {_say_days(*current)} is {n_current}. Shorten the longer one: "
            "`compare`, or `start` and `end`."
        )


def choose_main(comparisons: Iterable[Comparison]) -> Comparison | None:
    """The comparison to look at first, chosen without a look at the counts; None where none can be made.

    The one that was asked for, or else R12, or else the longest that allows for the season, or else the longest.
    """
    return max(
        (one for one in comparisons if one.available),
        key=lambda one: (one.key == "asked", one.key == "r12", one.allows_for_season, one.days_current),
        default=None,
    )


def find_uncovered(comparison: Comparison, months: Iterable[Month]) -> tuple[Span, ...]:
    """The days of both windows on which a part of the data cannot be compared: those of its months, and the others'.

    What a part, such as the file of one borough, does not hold in one window is left out of the other too, at the same
    place in it.

    Args:
        comparison: The windows.
        months: Without data of the part: "2026-08", a date in it, or a pandas Period.

    Returns:
        First and last day of each run, of the earlier window first; empty where neither window has such a month.

    Raises:
        ParameterError: One of the months is not a month.
    """
    current, earlier = (_list_days(window) for window in comparison.windows)
    missing = read_months(months)
    if comparison.unit == "month":
        current_out, earlier_out = _leave_out_months(current, earlier, missing, comparison.back_months)
    else:
        current_out = earlier_out = is_missing(current, missing) | is_missing(earlier, missing)
    return _find_spans(((earlier, earlier_out), (current, current_out)))


def _plan_weeks(
    key: str, against: str, end: dt.date, n_weeks: int, back_days: int, *, known_from: dt.date, missing: Days
) -> Comparison:
    """Two windows of whole weeks, the later ending with `end` and the earlier `back_days` before it."""
    current = np.datetime64(end, "D") - np.arange(7 * n_weeks)[::-1]
    earlier = current - back_days
    is_out = is_missing(current, missing) | is_missing(earlier, missing)
    return _make_comparison(
        key, cast(Against, against), "day", 7 * n_weeks, current, earlier, is_out, is_out, known_from
    )


def _plan_months(
    key: str, against: str, stop: dt.date, n_months: int, back_months: int, *, known_from: dt.date, missing: Days
) -> Comparison:
    """Two windows of months, the later ending the day before `stop` and the earlier `back_months` before it."""
    edges = [np.datetime64(go_back(stop, back), "D") for back in (0, n_months, back_months, back_months + n_months)]
    current = np.arange(edges[1], edges[0])
    earlier = np.arange(edges[3], edges[2])
    current_out, earlier_out = _leave_out_months(current, earlier, missing, back_months)
    return _make_comparison(
        key, cast(Against, against), "month", n_months, current, earlier, current_out, earlier_out, known_from
    )


def _leave_out_months(current: Days, earlier: Days, missing: Days, back_months: int) -> tuple[Flags, Flags]:
    """Which days do not count: those of months without data, and of their counterparts so many months away."""
    return (
        is_missing(current, missing) | is_missing(current, missing + back_months),
        is_missing(earlier, missing) | is_missing(earlier, missing - back_months),
    )


def _find_spans(windows: Iterable[tuple[Days, Flags]]) -> tuple[Span, ...]:
    return tuple(
        (days[begin].item(), days[stop - 1].item()) for days, is_out in windows for begin, stop in find_runs(is_out)
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
        reason = f"The data begin on {say_day(known_from)}, after the earlier window begins ({say_day(first)})."
    elif min(shares) < MIN_DAYS_SHARE:
        reason = (
            f"Months without data leave only {100 * min(shares):.0f}% of the days to compare; "
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
        left_out=_find_spans(((earlier, earlier_out), (current, current_out))),
        available=reason is None,
        reason=reason,
    )


def go_back(day: dt.date, n_months: int) -> dt.date:
    """The same day of an earlier month; the first of the next where that month has no such day."""
    month = np.datetime64(day, "M") - n_months
    back = month.astype("datetime64[D]") + (day.day - 1)
    stop = (month + 1).astype("datetime64[D]")
    result: dt.date = min(back, stop).item()
    return result


def _day_after_last_whole_month(end: dt.date) -> dt.date:
    return (end + dt.timedelta(days=1)).replace(day=1)


def _list_days(span: Span) -> Days:
    return np.arange(np.datetime64(span[0], "D"), np.datetime64(span[1], "D") + 1)


def _count_months(span: Span) -> int:
    """How many months a period touches."""
    return int((np.datetime64(span[1], "M") - np.datetime64(span[0], "M")).astype(int)) + 1


def _is_of_months(span: Span) -> bool:
    return span[0].day == 1 and _is_month_end(span[1])


def _is_month_end(day: dt.date) -> bool:
    return (day + dt.timedelta(days=1)).day == 1


def _say_days(first: dt.date, last: dt.date) -> str:
    """A period in words: in whole months where it is of them."""
    return _say_span(first, last, whole_months=_is_of_months((first, last)))


def _say_both(current: Span, earlier: Span) -> str:
    return " and ".join(_say_days(*span) for span in (earlier, current))


def _say_span(first: dt.date, last: dt.date, *, whole_months: bool) -> str:
    """A period in words: "February to December 2019", "March 2019", "3 May 2019 to 9 June 2019"."""
    if not whole_months:
        return f"{say_day(first)} to {say_day(last)}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%B %Y}"
    return f"{first:%B}{'' if first.year == last.year else f' {first.year}'} to {last:%B %Y}"


def say_day(day: dt.date) -> str:
    """A day in words: "3 May 2026"."""
    return f"{day.day} {day:%B %Y}"
