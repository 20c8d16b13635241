"""Whether a place is open at an instant, by rules of opening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.analysis.calendar import name_bank_holidays
from hotspots.ingest.reference import BANK_HOLIDAY, OpeningRule, list_opening_rules

Days = npt.NDArray[np.datetime64]
Minutes = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCalendar:
    """What opening hours need to know of days.

    Attributes:
        bank_holidays: datetime64[D] (n_holidays,), the bank holidays of all years asked for.
    """

    bank_holidays: Days


def make_opening_calendar(days: Days, *, country: str = "GB", subdivision: str | None = "ENG") -> OpeningCalendar:
    """What opening hours need to know of the years of these days, and of the evening before them.

    Args:
        days: datetime64[D] (n_days,).
        country: Whose bank holidays count, as `name_bank_holidays` takes it.
        subdivision: Likewise.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.
    """
    return OpeningCalendar(bank_holidays=_list_bank_holidays(days, country, subdivision))


def is_open_at(
    hours: str, times: npt.NDArray[np.datetime64], *, country: str = "GB", subdivision: str | None = "ENG"
) -> npt.NDArray[np.bool_]:
    """Whether a place with these opening hours is open at each time.

    Args:
        hours: Opening hours as `read_opening_hours` takes them, "Mo-Fr 09:00-17:30; PH off".
        times: datetime64 (n_times,), naive local wall-clock times, one or more.
        country: Whose bank holidays count, as `name_bank_holidays` takes it.
        subdivision: Likewise.

    Returns:
        bool (n_times,); false where it is not known.
    """
    days = times.astype("datetime64[D]")
    minutes = (times - days) / np.timedelta64(1, "m")
    return is_open_by_rules(
        list_opening_rules(hours),
        days,
        minutes,
        calendar=make_opening_calendar(days, country=country, subdivision=subdivision),
    )


def is_open_by_rules(
    rules: Sequence[OpeningRule], days: Days, minutes: Minutes, *, calendar: OpeningCalendar
) -> npt.NDArray[np.bool_]:
    """Whether rules are open at minutes of days, by the hours of the day itself and those of the evening before.

    An evening runs on past midnight only if no later rule closes it, and none has the next day to itself: where people
    and opening_hours.js may take hours past midnight differently, it is not known that the place is open.

    Args:
        rules: `list_opening_rules(hours)`.
        days: datetime64[D] (n_times,).
        minutes: float (n_times,), since the midnight at which each day begins, 0 to 1440.
        calendar: `make_opening_calendar(days, ...)`.

    Returns:
        bool (n_times,); false where it is not known.
    """
    carried = []
    replaced = np.zeros(len(days), dtype=bool)
    for rule in reversed(rules):
        applies = _applies(rule, days - 1, calendar)
        carried.append(applies & ~replaced)
        if rule.replaces:
            replaced |= applies
    is_open = np.zeros(len(days), dtype=bool)
    for rule, evening in zip(rules, reversed(carried), strict=True):
        today = _applies(rule, days, calendar)
        if rule.replaces:
            is_open &= ~today
        within = today & _lies_within(rule.spans, minutes) | evening & _lies_within(rule.spans, minutes + 1440)
        is_open = is_open & ~within if rule.is_off else is_open | within
    return is_open


def _applies(rule: OpeningRule, days: Days, calendar: OpeningCalendar) -> npt.NDArray[np.bool_]:
    """Whether a rule is for these days."""
    weekday = (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    applies = np.isin(weekday, list(rule.days))
    if BANK_HOLIDAY in rule.days:
        applies |= np.isin(days, calendar.bank_holidays)
    if rule.dates:
        months = days.astype("datetime64[M]")
        date = 100 * (months.astype(np.int64) % 12 + 1) + (days - months.astype("datetime64[D]")).astype(np.int64) + 1
        applies &= np.logical_or.reduce(
            [
                (first <= date) & (date <= last) if first <= last else (first <= date) | (date <= last)
                for first, last in rule.dates
            ]
        )
    return applies


def _lies_within(spans: Sequence[tuple[int, int]], minutes: Minutes) -> npt.NDArray[np.bool_]:
    within = np.zeros(len(minutes), dtype=bool)
    for first, last in spans:
        within |= (first <= minutes) & (minutes < last)
    return within


def _list_bank_holidays(days: Days, country: str, subdivision: str | None) -> Days:
    """The bank holidays of the years of these days, and of the evening before them."""
    if not len(days):
        return days
    first, last = (day.item().year for day in (days.min() - 1, days.max()))
    return np.array(list(name_bank_holidays(first, last, country=country, subdivision=subdivision)), "datetime64[D]")
