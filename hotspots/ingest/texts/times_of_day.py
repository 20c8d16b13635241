"""Times of day in a column of their own, which spreadsheets and programs write as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import pandas as pd

from hotspots.ingest.texts.columns import list_distinct
from hotspots.ingest.texts.spreadsheet_dates import EXCEL_DAY_ZERO

TimeForm = Literal["clock", "hours", "hhmm", "hhmmss", "fraction", "decimal", "dotted", "unclear"]
"""What the numbers of a column of times are.

`clock`: no number needs its column to be read; `hours`: 0 to 23; `hhmm`: 25 is 00:25; `hhmmss`: 500 is 00:05:00;
`fraction`: of a day, 0.25 is 06:00; `decimal`: of hours, 9.75 is 09:45; `dotted`: 9.3 is 09:30; `unclear`: numbers
that are none of these, such as minutes since midnight.
"""

_SLIPS = 0.1
"""The share of distinct numbers that may be slips of the pen. A third of all numbers end in more than 59."""

_MANY = 10
_ENOUGH_LONG = 7
"""How many distinct numbers of five digits are hours, minutes and seconds by chance once in a thousand times."""

_SECONDS_OF_A_DAY = 86_400
_BAND = re.compile(r"\d\s*(?:[-\u2013]|to)\s*\d")
_DAY_IN_FRONT = re.compile(r"^\d{4}-\d\d-\d\d[T ]")
_NUMBER_AS_DAY = re.compile(r"(190[0-6]-\d\d-\d\d)(?:[T ]00:00(?::00)?)?")
_LEAP_DAY_OF_EXCEL = 60
"""29 February 1900, which Excel counts and which never was."""


def find_time_form(chunks: Iterable[pd.Series]) -> TimeForm:
    """What the numbers of a column of times are, of which the column itself must be the proof.

    Args:
        chunks: All of a column as categorical text, or the first rows of it.
    """
    texts = {strip_number(str(text).strip()) for chunk in chunks for text in list_distinct(chunk)}
    if dotted := _find_dotted_form(texts):
        return dotted
    numbers = {text for text in texts if re.fullmatch(r"\d{1,6}", text)}
    if not numbers - {"0", "1"}:
        is_fine = any(re.fullmatch(r"0?[.,]\d{3,}", text) for text in texts)
        return "fraction" if is_fine else "clock"
    values = {int(text) for text in numbers}
    if max(map(len, numbers)) <= 2 and max(values) <= 24:
        # that every time is between 00:00 and 00:24 happens to two in 3,600 times
        is_alone = all(text in numbers or not any(map(str.isdigit, text)) for text in texts)
        # of hours from 1 to 24, nobody can tell whether the first begins or ends at one o'clock
        return "hours" if is_alone and len(values) > 1 and (0 in values or 24 not in values) else "clock"
    if _count_slips(values, largest=2400) <= _SLIPS * len(values):
        # hours that were typed without minutes are at most 24, and stand in no column that writes 500 or 0025
        is_proof = (
            any(24 < value < 60 for value in values)
            or any(value >= 100 and value % 100 == 0 for value in values)
            or any(len(text) > 2 and int(text) < 100 for text in numbers)
        )
        return "hhmm" if is_proof else "clock"
    n_long = sum(value >= 10_000 for value in values)
    if (
        _count_slips(values, largest=240_000) <= _SLIPS * len(values)
        and n_long
        and (n_long >= _ENOUGH_LONG or max(values) > _SECONDS_OF_A_DAY)
    ):
        return "hhmmss"
    return "unclear" if len(values) >= _MANY else "clock"


def _find_dotted_form(texts: set[str]) -> TimeForm | None:
    """What numbers with a dot are: of every hundred decimals of hours forty are over 59, of minutes none."""
    parts = [found for text in texts if (found := re.fullmatch(r"(\d{1,2})[.,](\d\d?)", text))]
    if len(parts) < _MANY or 2 * len(parts) < len(texts) or not 1 < max(int(found[1]) for found in parts) < 24:
        return None
    n_over = sum(int(found[2].ljust(2, "0")) > 59 for found in parts)
    if n_over > _SLIPS * len(parts):
        return "decimal"
    return None if n_over else "dotted"


def _count_slips(values: set[int], *, largest: int) -> int:
    """How many numbers are no time of day, written without signs, up to the one that is the end of the day."""
    return sum(value > largest or value % 100 > 59 or value // 100 % 100 > 59 for value in values)


def strip_number(text: str) -> str:
    """A number without the decimals that a program gave it, and one that was formatted as a time as the number."""
    text = text.removeprefix("'")  # which tells a spreadsheet that it is text
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", text):
        return text.replace(",", "")
    if typed := _NUMBER_AS_DAY.fullmatch(text):
        days = (pd.Timestamp(typed[1]) - EXCEL_DAY_ZERO).days
        return str(days if days > _LEAP_DAY_OF_EXCEL else days - 1)
    return re.sub(r"(?<=\d)[.,]0$", "", text)


def write_time(time: str, form: TimeForm = "clock") -> str:
    """A time of day as text: `1805`, `18.05 hrs`, and what a workbook makes of them, become `18:05`.

    Alone, a number of one or two digits stays as it is, and cannot be read: 18 may be an hour, or 18 minutes past
    midnight. The form of its column says which.
    """
    time = strip_number(time)
    if form in ("decimal", "dotted") and re.fullmatch(r"\d{1,2}([.,]\d\d?)?", time):
        hour, _, rest = time.replace(",", ".").partition(".")
        minutes = int(rest.ljust(2, "0"))
        return f"{hour.zfill(2)}:{round(minutes * 0.6) if form == 'decimal' else minutes:02d}"
    if form not in ("clock", "fraction") and re.fullmatch(r"\d{1,6}", time):
        return _write_number(int(time), form)
    # a quarter past midnight, or the fraction of a day; from eight to nine, or eight at an offset: nobody can tell
    is_vague = form != "fraction" and re.fullmatch(r"0[.,][0-5]\d", time)
    if is_vague or _BAND.search(_DAY_IN_FRONT.sub("", time)):
        return f"{time}?"
    if re.fullmatch(r"0|0?[.,]\d+", time):
        minutes = round(float(time.replace(",", ".")) * 1440)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    time = re.sub(r"\s*(hrs?|hours|h)\.?$", "", time, flags=re.IGNORECASE)
    if digits := re.fullmatch(r"(\d{1,2})[:.]?(\d\d)", time):
        return f"{digits[1].zfill(2)}:{digits[2]}"
    if digits := re.fullmatch(r"(\d\d)(\d\d)(\d\d)", time):
        return ":".join(digits.groups())
    return _DAY_IN_FRONT.sub("", time)


def _write_number(number: int, form: TimeForm) -> str:
    if form == "hours" and number < 24:
        return f"{number:02d}:00"
    if form == "hhmm":
        return f"{number // 100:02d}:{number % 100:02d}"
    if form == "hhmmss":
        return f"{number // 10_000:02d}:{number // 100 % 100:02d}:{number % 100:02d}"
    return f"{number}?"
