"""Windows of the week: some hours on some days, in the words that a rota uses, and read from those words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.analysis.calendar import AFTER_SCHOOL_HOURS
from hotspots.errors import ParameterError

Integers = npt.NDArray[np.int64]

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS_IN_WEEK = 168

_EVERY_DAY = tuple(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekWindow:
    """The same hours on some days of the week.

    Attributes:
        days: Days on which the window starts, Monday is 0; ascending, each once.
        start_hour: First hour, 0-23.
        n_hours: Length, 1-24; the window may run past midnight into the day after, and from Sunday into Monday.

    Raises:
        ParameterError: Days, first hour or length are not as above.
    """

    days: tuple[int, ...]
    start_hour: int
    n_hours: int

    def __post_init__(self) -> None:
        if not self.days or list(self.days) != sorted(set(self.days) & set(_EVERY_DAY)):
            raise ParameterError(
                f"A window must start on days from 0 (Monday) to 6 (Sunday), in order and each once, not {self.days}. "
                "Sort them and remove repeats."
            )
        if self.start_hour not in range(24):
            raise ParameterError(f"A window must start at a whole hour from 0 to 23, not at {self.start_hour}.")
        if self.n_hours not in range(1, 25):
            raise ParameterError(
                f"A window must be a whole number of hours from 1 to 24 long, not {self.n_hours}. Give several "
                "windows, or more days."
            )

    @property
    def hours(self) -> Integers:
        """Its hours of the week, day by day, Monday 00:00-00:59 being 0."""
        first = np.array(self.days, dtype=np.int64)[:, None] * 24 + self.start_hour
        return ((first + np.arange(self.n_hours)) % HOURS_IN_WEEK).ravel()

    @property
    def week_share(self) -> float:
        """Its hours as a share of the week, 0-1: the share of incidents it would hold if all hours were alike."""
        return len(self.days) * self.n_hours / HOURS_IN_WEEK

    @property
    def words(self) -> str:
        """The window as officers say it: "Mondays to Fridays 15:00-17:59"; the last minute is inside."""
        days = say_days(self.days)
        if self.n_hours == 24 and self.days == _EVERY_DAY:
            return "all week"
        if self.n_hours == 24 and self.start_hour == 0:
            return f"{days} all day"
        last = (self.start_hour + self.n_hours - 1) % 24
        return f"{days} {self.start_hour:02d}:00-{last:02d}:59"


AFTER_SCHOOL = WeekWindow(
    days=(0, 1, 2, 3, 4), start_hour=AFTER_SCHOOL_HOURS[0], n_hours=AFTER_SCHOOL_HOURS[1] - AFTER_SCHOOL_HOURS[0]
)
"""Of school days, the hours in which young people are out."""


def say_days(days: Sequence[int]) -> str:
    """Days in words: "every day", "Saturdays", "Fridays to Sundays", "Mondays, Wednesdays and Fridays".

    Three days or more that follow each other, over Sunday night too, are a range; others are listed from Monday on.
    """
    if len(days) == len(DAY_NAMES):
        return "every day"
    run = [day for day in days if (day - 1) % 7 not in days]
    in_order = list(days)
    if len(run) == 1:
        in_order = [(run[0] + step) % 7 for step in range(len(days))]
    names = [f"{DAY_NAMES[day]}s" for day in in_order]
    if len(run) == 1 and len(days) >= 3:
        return f"{names[0]} to {names[-1]}"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


_SHORT_NAMES = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_DAY_BY_NAME: dict[str, int] = {
    **{name.casefold(): day for day, name in enumerate(DAY_NAMES)},
    **{f"{name.casefold()}s": day for day, name in enumerate(DAY_NAMES)},
    **{name[:3].casefold(): day for day, name in enumerate(DAY_NAMES)},
    **_SHORT_NAMES,
}
_DAYS_BY_NAME: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("weekday", "weekdays"), tuple(range(5))),
    **dict.fromkeys(("weekend", "weekends"), (5, 6)),
    **dict.fromkeys(("every day", "daily", "all"), _EVERY_DAY),
}

_TIME = r"(\d{1,2})(?::(\d{2}))?"
_DASH = r"\s*(?:-|\u2013|\bto\b)\s*"
_HOURS = re.compile(f"{_TIME}{_DASH}{_TIME}", re.ASCII)
_RANGE = re.compile(_DASH)
_LIST = re.compile(r"\s*(?:,|;|&|\band\b)\s*")
_HOW_HOURS = "Write 15-18 for 15:00 to 17:59, 22-2 for past midnight, 0-24 for all day."
_HOW_DAYS = 'Write Mon-Fri, "Sat,Sun", Fri-Mon, weekdays or weekend.'


def parse_window(hours: str | None, days: str | None) -> WeekWindow:
    """Read a window of the week as a person types it.

    Args:
        hours: "15-18" or "15:00-18:00", which is 15:00 up to, and not including, 18:00; "22-2" runs past midnight, of
            the days on which it starts; "0-24" is all day, and so is None.
        days: Names, in full or short, in any case: "Sat,Sun"; ranges, over Sunday night too: "Mon-Fri", "Fri-Mon";
            "weekdays", "weekend", "every day"; None is every day. The words that `say_days` writes are understood.

    Raises:
        ParameterError: The text is not one of these.
    """
    start_hour, n_hours = (0, 24) if hours is None else _parse_hours(hours)
    return WeekWindow(
        days=_EVERY_DAY if days is None else _parse_days(days),
        start_hour=start_hour,
        n_hours=n_hours,
    )


def _parse_hours(text: str) -> tuple[int, int]:
    """First hour and number of hours."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ParameterError(f'Hours must be two whole hours of the 24-hour clock, not "{text}". {_HOW_HOURS}')
    start, start_minute, end, end_minute = (int(part or 0) for part in found.groups())
    if start_minute or end_minute:
        raise ParameterError(
            f'Hours must be whole, because the week is counted by the hour; "{text}" has minutes. The end is the hour '
            f"at which the window is over. {_HOW_HOURS}"
        )
    if start > 23 or end > 24:
        raise ParameterError(f'Hours must start from 0 to 23 and end from 0 to 24; "{text}" does not. {_HOW_HOURS}')
    if start == end:
        raise ParameterError(
            f'A window must not end at the hour at which it starts; "{text}" could be no hours, or all of '
            f"them. {_HOW_HOURS}"
        )
    return start, (end - start) % 24 or 24


def _parse_days(text: str) -> tuple[int, ...]:
    chosen: list[int] = []
    for part in _LIST.split(text.strip().casefold()):
        one = _parse_range(part, text)
        repeated = set(one) & set(chosen)
        if repeated:
            raise ParameterError(
                f'Each day must be named once; "{text}" has {DAY_NAMES[min(repeated)]} twice. {_HOW_DAYS}'
            )
        chosen += one
    return tuple(sorted(chosen))


def _parse_range(part: str, text: str) -> tuple[int, ...]:
    """The days of one name, or of one range of names."""
    if part in _DAYS_BY_NAME:
        return _DAYS_BY_NAME[part]
    ends = _RANGE.split(part)
    for name in ends:
        if name not in _DAY_BY_NAME:
            raise ParameterError(f'Days must be names of days; "{name}" in "{text}" is not. {_HOW_DAYS}')
    if len(ends) > 2:
        raise ParameterError(f'A range of days needs a first and a last day; "{part}" has {len(ends)}. {_HOW_DAYS}')
    first, last = _DAY_BY_NAME[ends[0]], _DAY_BY_NAME[ends[-1]]
    if len(ends) == 2 and first == last:
        raise ParameterError(
            f'A range of days must not end on the day on which it starts; "{part}" could be one day, or all of them. '
            "Name the day alone, or write every day."
        )
    return tuple((first + step) % 7 for step in range((last - first) % 7 + 1))
