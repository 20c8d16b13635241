"""Which of the two numbers of a date is the day: what all dates of a column show, read in either order."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from hotspots.ingest.texts.columns import list_distinct

DateOrder = Literal["day-first", "month-first"]

NUMERIC_DAY = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})\b")
MIDNIGHT = re.compile(
    r"[T ]\s*(?:0?0:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:?\d\d)?|12:00(?::00)?\s*am)$", flags=re.IGNORECASE
)

_SLIPS = 0.2
"""The share of distinct days that may be slips of the pen."""

_MONTHS_OF_A_YEAR = 12

BEYOND_CHANCE = math.log(1e6)
"""What the days must weigh more in one order than in the other to be of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFound:
    """The order of the dates of a column.

    Attributes:
        order: Of days and months.
        is_certain: Whether the dates leave no doubt.
        days: The days that they are in each order; none in an order in which one of them cannot be read.
    """

    order: DateOrder
    is_certain: bool
    days: Mapping[DateOrder, frozenset[dt.date]]


def guess_date_order(
    chunks: Iterable[pd.Series], *, is_timed: bool = False, is_called_month: bool = False
) -> OrderFound:
    """Whether dates in numbers put the month first, and whether they leave no doubt.

    They do if many can only be month-first, and more than can only be day-first: of all the days of a year three in
    five can, so a few among many are slips of the pen, to be refused. If none can be of one order only, the order is
    right in which they lie a million times as dense: 7/1/2024 to 7/12/2024 are twelve days of July, and hardly the
    seventh of each month. All first days of months are as dense as their months, so 7/1/2024 to 12/1/2024 may be six
    months or six days of January, and stay in doubt. All months of one year, or months of several, are months.

    Args:
        chunks: All of a column, or of several, since the first days of a month fit both.
        is_timed: Whether another column gives their time of day: first days of months have none.
        is_called_month: Whether the name of the column says that it holds months.
    """
    dates: set[tuple[int, int, int]] = set()
    for texts in chunks:
        is_numeric = False
        for text in list_distinct(texts):
            text = str(text).strip()
            if match := NUMERIC_DAY.match(text):
                dates.add((int(match[3][-2:]), int(match[1]), int(match[2])))
                is_timed = is_timed or says_time(text[match.end() :])
                is_numeric = True
        if len(texts.cat.categories) and not is_numeric:
            break  # dates are written in one way from beginning to end
    days: dict[DateOrder, frozenset[dt.date]] = {
        "day-first": _make_days((year, second, first) for year, first, second in dates),
        "month-first": _make_days((year, first, second) for year, first, second in dates),
    }
    order, is_certain = _judge(dates, days, is_timed=is_timed, is_called_month=is_called_month)
    return OrderFound(order=order, is_certain=is_certain, days=days)


def _judge(
    dates: Collection[tuple[int, int, int]],
    days: Mapping[DateOrder, Collection[dt.date]],
    *,
    is_timed: bool,
    is_called_month: bool,
) -> tuple[DateOrder, bool]:
    day_first, month_first = days["day-first"], days["month-first"]
    if not dates:
        return "day-first", True
    can_be_months = not is_timed
    is_several = len(dates) > 1 and (len({year for year, *_ in dates}) > 1 or len(dates) == _MONTHS_OF_A_YEAR)
    if can_be_months and (is_called_month or is_several):
        # the other way round all would be of the first days of January
        if day_first and are_firsts(day_first):
            return "day-first", True
        if month_first and are_firsts(month_first):
            return "month-first", is_called_month
    n_day_first, n_month_first = sum(first > 12 for _, first, _ in dates), sum(second > 12 for *_, second in dates)
    if n_month_first > max(n_day_first, _SLIPS * len(dates)):
        return "month-first", False
    if n_day_first or not (day_first and month_first):
        return "day-first", n_day_first > 0
    gain = weigh_days(month_first, can_be_months=can_be_months) - weigh_days(day_first, can_be_months=can_be_months)
    return ("month-first", False) if gain > BEYOND_CHANCE else ("day-first", gain < -BEYOND_CHANCE)


def _make_days(dates: Iterable[tuple[int, int, int]]) -> frozenset[dt.date]:
    """Days of years of two digits, months and days; none if one of them never was."""
    try:
        return frozenset(dt.date(2000 + year if year < 70 else 1900 + year, month, day) for year, month, day in dates)
    except ValueError:
        return frozenset()


def says_time(rest: str) -> bool:
    """Whether what follows a day is a time other than midnight."""
    return any(sign in "123456789" for sign in rest) and not MIDNIGHT.match(rest)


def are_firsts(days: Iterable[dt.date]) -> bool:
    """Whether all days are the first of a month."""
    return all(day.day == 1 for day in days)


def weigh_days(days: Collection[dt.date], *, can_be_months: bool) -> float:
    """How well days lie together: the logarithm of the likelihood of distinct days of the time that they span.

    All are as likely as any other of that time, of the days in it or, if all are the first of a month, of the months.

    Args:
        days: Distinct, at least one.
        can_be_months: Whether they may stand for months.
    """
    first, last = min(days), max(days)
    n_days = (last - first).days + 1
    n_months = (last.year - first.year) * _MONTHS_OF_A_YEAR + last.month - first.month + 1
    return -len(days) * math.log(n_months if can_be_months and are_firsts(days) else n_days)
