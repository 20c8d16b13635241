"""Dates in the names of files: which months they are, and what is left without them."""

from __future__ import annotations

import re

import numpy as np

MONTH_NAMES = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?:19|20)\d\d"
_YEAR_MONTH = re.compile(rf"(?<!\d)({_YEAR})[-_. ]?(0[1-9]|1[0-2])(?=(?:\d\d)?(?!\d))")
_SIGN = r"[-_./ ]?"
_DAY, _MONTH = r"(?:0[1-9]|[12]\d|3[01])", r"(?:0[1-9]|1[0-2])"
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}{_SIGN}{_MONTH}{_SIGN}{_DAY}|{_DAY}{_SIGN}{_MONTH}{_SIGN}{_YEAR}|{_YEAR}{_SIGN}{_MONTH}"
    rf"|{_MONTH}{_SIGN}{_YEAR}|{_YEAR}[-_/ ]\d\d|{_YEAR}|{_DAY}{_MONTH}\d\d|\d{{1,2}}[-_.]\d{{1,2}}[-_.]\d\d)(?!\d)"
    rf"|(?:(?<!\d)\d{{1,2}}(?:st|nd|rd|th)?[-_ ]?)?(?<![a-z])(?:{MONTH_NAMES})(?:[-_ ']?\d\d(?!\d)|(?![a-z]))"
    r"|(?<![a-z])(?:q(?:uarter|tr)?|h|half|w(?:eek|k)?|month|fy|year)[-_ ]?\d{1,2}(?!\d)|(?<!\d)[1-4]q(?![a-z])"
)
_WORD = re.compile(rf"(?<![a-z])(?:({MONTH_NAMES})|q(?:uarter)?[-_. ]?([1-4]))(?![a-z])")


def number_month(word: str) -> int:
    """1 to 12, of the name of a month in lower case, as `MONTH_NAMES` has it."""
    return _MONTHS.index(word[:3]) + 1


def find_months(name: str) -> tuple[np.datetime64, np.datetime64] | None:
    """The first and the last month that the name of a file speaks of; None where it names none, or no year of them.

    Read are "2024-07", "202407", "20240731", and "Jul", "July" and "Q3" beside a single year.
    """
    name = name.lower()
    found: list[np.datetime64] = [np.datetime64(f"{year}-{month}", "M") for year, month in _YEAR_MONTH.findall(name)]
    years = set(re.findall(rf"(?<!\d){_YEAR}(?!\d)", name))
    if not found and len(years) == 1:
        january = np.datetime64(f"{years.pop()}-01", "M")
        for month, quarter in _WORD.findall(name):
            first = 3 * int(quarter) - 3 if quarter else number_month(month) - 1
            found += [
                january + np.timedelta64(first, "M"),
                january + np.timedelta64(first + (2 if quarter else 0), "M"),
            ]
    return (min(found), max(found)) if found else None


def strip_dates(name: str) -> str:
    """The words and other numbers of a name, in lower case, without years, quarters, months, weeks and days."""
    return " ".join(re.findall(r"[^\W_]+", _DATE.sub(" ", name.lower())))
