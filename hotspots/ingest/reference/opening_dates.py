"""Stretches of the year in opening hours: years, months, days, Easter and weeks."""

from __future__ import annotations

import calendar
import datetime as dt
import re

from hotspots.ingest.reference.opening_rules import MONTHS, EasterDay, YearDay

_MONTH = f"(?:{'|'.join(MONTHS).lower()})"
_NUMBER = r"\d\d?(?![\d:.ap])"
_YEAR = r"20\d\d"
_EASTER = r"easter(?: ?[+-] ?\d\d? days?)?"
_DAY = rf"(?:{_MONTH}(?: {_NUMBER})?|{_EASTER})"
_DATE = rf"(?:{_YEAR} )?{_DAY}"
_ITEM = rf"{_DATE}(?: ?- ?(?:{_DATE}|{_NUMBER}))?"
_YEAR_ITEM = rf"{_YEAR}(?: ?- ?{_YEAR}|\+)?"
_WEEK_ITEM = rf"{_NUMBER}(?: ?- ?{_NUMBER}(?:/{_NUMBER})?)?"
YEARS = rf"{_YEAR_ITEM}(?: ?, ?{_YEAR_ITEM})*"
DATES = rf"{_ITEM}(?: ?, ?{_ITEM})*"
WEEKS = rf"week ?{_WEEK_ITEM}(?: ?, ?{_WEEK_ITEM})*"
"""What the functions here take, as regular expressions over the letters of `opening_words.substitute`."""

_PARTS = re.compile(
    rf"(?:(?P<year>{_YEAR}) )?"
    rf"(?:(?P<month>{_MONTH})(?: (?P<day>\d\d?))?|easter(?: ?(?P<sign>[+-]) ?(?P<n>\d\d?) days?)?)"
)
_MOST_EASTER_DAYS = 60
"""As many days from Easter are always in its year."""
_FIRST_EASTER, _LAST_EASTER = 322, 425
_MOST_YEARS = 60
_SAFE_WEEKS = (2, 51)
"""Weeks all of whose days are always in the calendar year of the same number."""


def read_dates(years: str, dates: str) -> tuple[tuple[YearDay, YearDay], ...] | None:
    """Stretches of the year, as `OpeningRule` has them; None where they are not clear.

    Args:
        years: That all of them are of, as `YEARS`; may be blank.
        dates: As `DATES`; may be blank.
    """
    spans = [_read_years(item) for item in years.split(",")] if years else []
    if any(first > last for first, last in spans):
        return None
    if not dates:
        return tuple(
            (dt.date(first, 1, 1), dt.date.max if last == dt.MAXYEAR else dt.date(last, 12, 31))
            for first, last in spans
        )
    if not spans or (len(spans) == 1 and spans[0][0] == spans[0][1]):
        # "2025 Dec 24-2026 Jan 02" has its own years, and "2025 Apr-Jun, Sep" is of one
        return _read_items(dates, spans[0][0] if spans else None)
    if re.search(_YEAR, dates) or sum(last + 1 - first for first, last in spans) > _MOST_YEARS:
        return None
    of_years = [_read_items(dates, year) for first, last in spans for year in range(first, last + 1)]
    return tuple(item for items in of_years for item in items or ()) if None not in of_years else None


def _read_items(dates: str, year: int | None) -> tuple[tuple[YearDay, YearDay], ...] | None:
    found = []
    for item in dates.split(","):
        ends = _read_item(item.strip(), year)
        if ends is None:
            return None
        found.append(ends)
    # of some that have a year and some that have none, each item would need its own
    if len({isinstance(first, dt.date) for first, _ in found}) > 1:
        return None
    return tuple(found)


def _read_item(item: str, year: int | None) -> tuple[YearDay, YearDay] | None:
    """One stretch; None where it has no sure first and last day."""
    start = _PARTS.match(item)
    assert start is not None
    rest = item[start.end() :].strip(" -")
    end = _PARTS.fullmatch(rest) if rest else start
    if rest.isdigit():
        last_parts: tuple[str | None, str | None, str | None] = (None, start["month"], rest)
        end = start
        if not start["day"]:
            return None
    else:
        assert end is not None
        last_parts = (end["year"], end["month"], end["day"])
    first_year = int(start["year"]) if start["year"] else year
    last_year = int(last_parts[0]) if last_parts[0] else first_year
    if first_year is None and last_year is not None:
        return None
    # "Jan-Feb 15" has a first day only if months do
    if rest and bool(start["month"]) and bool(last_parts[1]) and bool(start["day"]) != bool(last_parts[2]):
        return None
    low = _read_day(start, start["month"], start["day"], is_last=False)
    high = _read_day(end, last_parts[1], last_parts[2], is_last=True)
    # opening_hours.js leaves the Sunday out of a stretch "Jan 01-easter", and people do not
    if low is None or high is None or (rest and high == EasterDay()):
        return None
    if first_year is not None and last_year is not None:
        days = _place(low, first_year), _place(high, last_year)
        return None if days[0] is None or days[1] is None or days[1] < days[0] else (days[0], days[1])
    return (low, high) if _has_one_order(low, high) else None


def _read_day(parts: re.Match[str], month: str | None, day: str | None, *, is_last: bool) -> int | EasterDay | None:
    if month is None:
        n = int(parts["n"] or 0) * (-1 if parts["sign"] == "-" else 1)
        is_clear = (n != 0 or not parts["sign"]) and abs(n) <= _MOST_EASTER_DAYS
        return EasterDay(shift_days=n) if is_clear else None
    number = int(day) if day else 31 if is_last else 1
    return 100 * (MONTHS.index(month.title()) + 1) + number if 1 <= number <= 31 else None


def _place(day: int | EasterDay, year: int) -> dt.date | None:
    """The day in a year; the last of the month for what comes after it, None where there is no such day."""
    if isinstance(day, EasterDay):
        return find_easter(year) + dt.timedelta(days=day.shift_days)
    month, number = divmod(day, 100)
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, min(number, last)) if number <= last or number == 31 else None


def _has_one_order(first: int | EasterDay, last: int | EasterDay) -> bool:
    """Whether the one is before the other in every year, or after it in every year."""
    if isinstance(first, EasterDay) and isinstance(last, EasterDay):
        return first.shift_days <= last.shift_days
    if isinstance(first, int) and isinstance(last, int):
        return True
    fixed, easter = (first, last) if isinstance(first, int) else (last, first)
    assert isinstance(fixed, int)
    assert isinstance(easter, EasterDay)
    year = 2001  # without a leap day any may be taken
    low, high = (
        dt.date(year, *divmod(day, 100)) + dt.timedelta(days=easter.shift_days) for day in (_FIRST_EASTER, _LAST_EASTER)
    )
    return not 100 * low.month + low.day - 1 <= fixed <= 100 * high.month + high.day + 1


def _read_years(item: str) -> tuple[int, int]:
    first, _, last = item.strip().partition("-")
    if first.endswith("+"):
        return int(first[:-1]), dt.MAXYEAR
    return int(first), int(last or first)


def read_weeks(text: str, *, is_of_years: bool) -> tuple[tuple[int, int, int], ...] | None:
    """Stretches of ISO weeks, as `OpeningRule` has them; None where they are not clear.

    Args:
        text: As `WEEKS`; may be blank.
        is_of_years: Whether they are of some years alone: the first and the last week of a year lie in two.
    """
    found = []
    for item in text.removeprefix("week").split(",") if text else ():
        weeks, _, step = item.partition("/")
        first, _, last = (part.strip() for part in weeks.partition("-"))
        low, high, every = int(first), int(last or first), int(step or 1)
        lowest, highest = _SAFE_WEEKS if is_of_years else (1, 53)
        if not (lowest <= low <= high <= highest and every >= 1):
            return None
        found.append((low, high, every))
    return tuple(found)


def find_easter(year: int) -> dt.date:
    """Easter Sunday of a year of the Gregorian calendar.

    Args:
        year: From 1583 on.

    Source: Meeus, J. (1991), Astronomical Algorithms, chapter 8, after an anonymous correspondent of Nature (1876).
    """
    golden, (century, rest) = year % 19, divmod(year, 100)
    leap, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - correction + 15) % 30
    weekday = (32 + 2 * century_rest + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)
