"""What spreadsheets make of dates: serial numbers, the calendar of 1904, days and months that change places."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from hotspots.ingest.texts.columns import map_unique
from hotspots.ingest.texts.dates_in_names import MONTH_NAMES, number_month
from hotspots.ingest.texts.day_or_month import BEYOND_CHANCE, NUMERIC_DAY, are_firsts, says_time, weigh_days

EXCEL_DAY_ZERO = pd.Timestamp("1899-12-30")

_SERIAL = re.compile(r"(\d+)([.,]\d+)?")
_SERIAL_DAYS = (20_000, 80_000)
"""1954 to 2119: what a serial date of a workbook can be, and a number of anything else is unlikely to be."""

_DAYS_TO_1904 = 1462
"""From the day zero of Excel's usual calendar to that of its other one, 1 January 1904 ([MS-XLSX], date1904)."""

_MADE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)")
_MADE_IN_WORDS = re.compile(rf"(\d{{1,2}})[-/ ]({MONTH_NAMES})[-/ ](\d{{4}}|\d\d)\b", flags=re.IGNORECASE)
"""As a spreadsheet shows a date that it knows, if it is asked to; what it left as text stays in numbers."""
_WRITTEN = re.compile(r"(?:[a-z]{3,9},?\s+)?(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})\b", flags=re.IGNORECASE)
_Written = tuple[int, tuple[int, int]]
"""Of a date that is text, the year and the two numbers before it."""

_SHARE_UP_TO_12 = 144 / 365.25
"""Of all days of a year, those that are a month if they are taken for one."""

_NEAR = pd.Timedelta(days=31)
"""The first and the last date may be among the twelve days of a month of which no text is left."""
_UNLIKELY = 0.05
_UNSEEN = 1e-6
_MANY_DAYS = 10
_MONTHS = 3
"""Months of a quarter, the shortest time for which months are worth a doubt."""

_SELDOM = math.log(1e3)
_NOON = 12
_NEARLY_ALL, _FEWER = 0.95, 0.7
"""Shares of the days that lie in the time of the others, if day and month are exchanged and if they are not."""


def read_serial_date(text: str) -> pd.Timestamp | None:
    """The day and time that a workbook keeps as a number of days, to the second; None if a text is no such number."""
    if not _SERIAL.fullmatch(text):
        return None
    days = float(text.replace(",", "."))
    if not _SERIAL_DAYS[0] <= days < _SERIAL_DAYS[1]:
        return None
    return (EXCEL_DAY_ZERO + pd.Timedelta(days=days)).round("s").as_unit("s")


def count_from_1904(texts: pd.Series) -> pd.Series:
    """Serial dates of a workbook of the 1904 system, in categorical text, as those of the usual one; the rest as it is.

    Four years and a day lie between the two, which a workbook tells once for all its sheets.
    """

    def convert(unique: pd.Series) -> pd.Series:
        return unique.map(_add_days_to_1904).astype("object")

    return map_unique(texts, convert).astype("category")


def _add_days_to_1904(text: str) -> str:
    number = _SERIAL.fullmatch(text)
    if number is None:
        return text
    later = str(int(number[1]) + _DAYS_TO_1904)
    return later + (number[2] or "") if read_serial_date(later) is not None else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """Dates of which a spreadsheet seems to have exchanged day and month.

    Attributes:
        n_rows: Rows with such a date.
        example: The first of the days, as it stands.
        is_certain: Whether they are told from the others, and chance cannot have made it look so.
        stands, back: All the days, as they stand and changed back, if no text beside them tells; else none.
        is_text: Whether they were made texts again, which cannot be changed back.
    """

    n_rows: int
    example: pd.Timestamp
    is_certain: bool
    stands: frozenset[dt.date] = frozenset()
    back: frozenset[dt.date] = frozenset()
    is_text: bool = False


def find_exchanged(
    first: Sequence[pd.Series],
    read_all: Callable[[], Iterable[pd.Series]],
    *,
    is_timed: bool = False,
    is_called_month: bool = False,
) -> Exchanged | None:
    """Whether a spreadsheet has exchanged day and month where it could, and left the other dates as text.

    A spreadsheet that puts the month first takes 10/02/2024 for the second of October and makes a date of it, and
    leaves 25/02/2024 a text. Then no date that it made has a day over 12, and (nearly) no text has two numbers up to
    12. Two in five of all days are up to 12, so the probability that all of so many distinct ones are can be told.
    Besides, the dates must lie in the time of the texts, changed back, as well as they do as they stand, or nearly all
    of them: rows of the first twelve days of a month that another program wrote do not.

    If other dates that it made have a day over 12, or if all is written in one way, one of the two signs is left, which
    is good for a doubt. So are texts of two forms (`10/02/2024 18:05` and `25/02/2024 18:05:00`), if all days of one
    are up to 12 and all of the other over it: what it made of them was saved as text.

    Without a text, the dates themselves must show it: the twelve days of a fortnight of July stand as the seventh of
    each month, and months that were written as their first day as days of January.

    Args:
        first: The first rows of the columns of dates, as categorical text.
        read_all: Gives all rows of them, if the first leave it open.
        is_timed: Whether another column gives their time of day: first days of months have none.
        is_called_month: Whether the name of the column says that it holds months.
    """
    made, written, forms, is_clock = _count_days(first)
    if made and not _are_right(made, written):  # or else all is written in one way, and the first rows say enough
        made, written, forms, is_clock = _count_days(read_all())
    if _are_right(made, written):
        return None
    if made and not written:
        return _weigh_alone(made, can_be_months=not (is_timed or is_clock), is_called_month=is_called_month)
    # which of the two numbers is the day, as those say of which only one can be
    position = int(sum(pair[0] > 12 for _, pair in written) < sum(pair[1] > 12 for _, pair in written))
    is_text = not made
    if is_text:
        made, written = _part_by_form(written, forms, position)
    days = {(year, pair): _make_day(year, pair[1 - position], pair[position]) for year, pair in written}
    plain = {day for (_, pair), day in days.items() if day is not None and pair[position] > 12}
    either = {day: written[key] for key, day in days.items() if day is not None and max(key[1]) <= 12}
    moved = {day: n for day, n in (made or either).items() if day.day <= 12 and day.day != day.month}
    if not (plain and moved):
        return None
    low, high = min(plain) - _NEAR, max(plain) + _NEAR
    as_they_stand = sum(low <= day <= high for day in moved) / len(moved)
    changed_back = sum(low <= pd.Timestamp(day.year, day.day, day.month) <= high for day in moved) / len(moved)
    chance = _SHARE_UP_TO_12 ** len(made), _chance_of_few(len(either), len(plain))
    is_told = bool(made) and max(made, key=lambda day: day.day).day <= 12
    if is_told:
        is_seen = changed_back >= min(as_they_stand, _NEARLY_ALL) and max(chance) <= _UNLIKELY
    elif made:  # some of them are right, and nobody can tell which
        is_seen = chance[1] <= _UNSEEN
    else:
        is_seen = len(moved) >= _MANY_DAYS and changed_back >= _NEARLY_ALL and as_they_stand <= _FEWER
    if not is_seen:
        return None
    return Exchanged(
        n_rows=sum(moved.values()),
        example=min(moved),
        is_certain=is_told and not is_text and math.prod(chance) <= _UNSEEN,
        is_text=is_text,
    )


def _weigh_alone(made: Mapping[pd.Timestamp, int], *, can_be_months: bool, is_called_month: bool) -> Exchanged | None:
    """Whether dates of which none has a day over 12 are exchanged, by how well they lie together."""
    moved = {day: n for day, n in made.items() if day.day != day.month}
    if not moved:
        return None
    stands = frozenset(day.date() for day in made)
    back = frozenset(day.replace(month=day.day, day=day.month) for day in stands)
    are_months = can_be_months and are_firsts(back)
    gain = weigh_days(back, can_be_months=can_be_months) - weigh_days(stands, can_be_months=can_be_months)
    is_certain = gain > BEYOND_CHANCE or (are_months and is_called_month)
    if not (is_certain or gain > _SELDOM or (are_months and len(made) >= _MONTHS and sum(made.values()) >= _MANY_DAYS)):
        return None
    return Exchanged(n_rows=sum(moved.values()), example=min(moved), is_certain=is_certain, stands=stands, back=back)


def _part_by_form(
    written: Mapping[_Written, int], forms: Mapping[str, set[_Written]], position: int
) -> tuple[dict[pd.Timestamp, int], dict[_Written, int]]:
    """The texts of the forms in which all days are up to 12, as days, and the others."""
    low = [keys for keys in forms.values() if all(pair[position] <= 12 for _, pair in keys)]
    others = set().union(*(keys for keys in forms.values() if keys not in low))
    if not low or not others:
        return {}, dict(written)
    made: dict[pd.Timestamp, int] = {}
    for key in set().union(*low) - others:
        year, pair = key
        day = _make_day(year, pair[1 - position], pair[position])
        if day is not None:
            made[day] = made.get(day, 0) + written[key]
    return made, {key: written[key] for key in written if key in others}


def _are_right(made: Mapping[pd.Timestamp, int], written: Mapping[_Written, int]) -> bool:
    """Whether the dates are those of a program that writes all alike, and of more than the first days of a month."""
    return not written and any(day.day > 12 for day in made)


def _count_days(
    chunks: Iterable[pd.Series],
) -> tuple[dict[pd.Timestamp, int], dict[_Written, int], dict[str, set[_Written]], bool]:
    """Rows by the day that a spreadsheet made, and by what a date that is text says; and the latter by their form.

    Besides, whether any of the former has a time of day.

    Only as many as it takes to see that the dates are right: rows in the order of their dates begin with first days.
    """
    made: dict[pd.Timestamp, int] = {}
    written: dict[_Written, int] = {}
    forms: dict[str, set[_Written]] = {}
    is_timed = False
    for texts in chunks:
        counts = texts.value_counts()
        for text, n in counts[counts > 0].items():
            text = str(text).strip()
            if found := NUMERIC_DAY.match(text):
                year = int(found[3]) + (0 if len(found[3]) == 4 else 2000)
                key = (year, (int(found[1]), int(found[2])))
                written[key] = written.get(key, 0) + int(n)
                forms.setdefault(re.sub(r"\d+", "9", text), set()).add(key)
            elif (at := _read_made(text)) is not None:
                day = at.normalize()
                made[day] = made.get(day, 0) + int(n)
                is_timed = is_timed or at != day
        if _are_right(made, written):
            break
    return made, written, forms, is_timed


def _chance_of_few(n_up_to_12: int, n_over: int) -> float:
    """The probability that of so many distinct days no more are up to 12."""
    n, p = n_up_to_12 + n_over, _SHARE_UP_TO_12
    logs = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log(1 - p)
        for k in range(n_up_to_12 + 1)
    )
    return min(1.0, sum(map(math.exp, logs)))


def _read_made(text: str) -> pd.Timestamp | None:
    """The day of a text that a spreadsheet made of a date: a serial number, or with the year first.

    It has some time of day, if the text has one.
    """
    if found := _MADE.match(text) or _MADE.match(text := _write_words(text)):
        day = _make_day(*map(int, found.groups()))
        return day.replace(hour=_NOON) if day is not None and says_time(text[found.end() :]) else day
    return read_serial_date(text)


def _write_words(text: str) -> str:
    """A date with the month as a word, with the year first; other texts as they are."""
    found = _MADE_IN_WORDS.match(text)
    if found is None:
        return text
    month, year = number_month(found[2].lower()), found[3] if len(found[3]) == 4 else f"20{found[3]}"
    return f"{year}-{month:02d}-{int(found[1]):02d}{text[found.end() :]}"


def _make_day(year: int, month: int, day: int) -> pd.Timestamp | None:
    try:
        return pd.Timestamp(year, month, day)
    except ValueError:
        return None


def exchange_day_and_month(text: str) -> str:
    """A date that a spreadsheet made of a text, with day and month in each other's place; other texts as they are."""
    if (serial := read_serial_date(text)) is not None:
        text = serial.isoformat(sep=" ") if serial != serial.normalize() else str(serial.date())
    found = _MADE.match(text) or _MADE.match(_write_words(text))
    if found is None or int(found[3]) > 12:
        return text
    text = found.string
    return f"{found[1]}-{found[3]}-{found[2]}{text[found.end() :]}"
