"""What is known of opening hours, as rules, and rules in OpenStreetMap syntax."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SunTime = Literal["dawn", "sunrise", "sunset", "dusk"]
"""What the sun does, each day at another time."""

BANK_HOLIDAY, SCHOOL_HOLIDAY = -1, -2
HOLIDAYS = {"ph": BANK_HOLIDAY, "sh": SCHOOL_HOLIDAY}
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_MINUTES = 1440

LATEST_END = 8 * 60
"""Until then an evening without an end may last, by opening_hours.js; what opens before may not be sure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SunMoment:
    """Some time before or after something that the sun does.

    Attributes:
        event: What the sun does.
        shift_minutes: How long after it; below 0 before it.
    """

    event: SunTime
    shift_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EasterDay:
    """Some days before or after Easter Sunday of each year.

    Attributes:
        shift_days: How long after it; below 0 before it, -2 being Good Friday.
    """

    shift_days: int = 0


YearDay = int | EasterDay | dt.date
"""A day of every year, 100 x month + day, 1225 being Christmas; one by Easter; or one of one year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRule:
    """When a place is open, or closed, or may be open, on some days. Later rules go before earlier ones.

    Attributes:
        dates: First and last day of each stretch of the year; empty for the whole year. A stretch of every year whose
            last day is before its first runs over New Year. Both ends are of every year, or both of one year.
        weeks: First and last ISO week of each stretch, and of how many weeks one counts, from the first on; empty for
            all.
        days: Days of the week, Monday being 0; `BANK_HOLIDAY` among them adds bank holidays, and `SCHOOL_HOLIDAY`
            school holidays, whatever day they are.
        spans: First and last minute of each stretch, since midnight at which the day begins: from 0 to 1439, and up to
            1440 later. Empty where the whole day is meant.
        is_off: Whether it is closed then, and not open.
        is_added: Whether the hours are added to those of earlier rules of the day, and do not take their place.
        is_unknown: Whether it is not known whether it is open then.
        open_ends: Minutes from which it is not known how long it stays open.
        is_in_school_holidays: Whether it is for school holidays alone.
        sun_spans: Stretches from or until something that the sun does; the other end may be a minute since midnight.
            One whose end comes before its start lasts into the next morning.
    """

    dates: tuple[tuple[YearDay, YearDay], ...]
    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]
    is_off: bool
    is_added: bool
    weeks: tuple[tuple[int, int, int], ...] = ()
    is_unknown: bool = False
    open_ends: tuple[int, ...] = ()
    is_in_school_holidays: bool = False
    sun_spans: tuple[tuple[int | SunMoment, int | SunMoment], ...] = ()

    @property
    def replaces(self) -> bool:
        """Whether earlier rules do not hold on its days."""
        has_hours = self.spans or self.sun_spans or self.open_ends or self.is_unknown
        return not has_hours or not (self.is_off or self.is_added)

    @property
    def opens(self) -> bool:
        """Whether there are hours at which it is surely open, as far as the sun is known."""
        return not (self.is_off or self.is_unknown) and bool(self.spans or self.sun_spans)

    @property
    def may_pass_midnight(self) -> bool:
        """Whether its hours may go on into the next day."""
        return bool(self.sun_spans or self.open_ends) or any(last > DAY_MINUTES for _, last in self.spans)


def say_rules(rules: Sequence[OpeningRule]) -> str | None:
    """Rules in OpenStreetMap syntax; None for none."""
    said = "".join((", " if rule.is_added else "; ") + _say_rule(rule) for rule in rules)[2:]
    return "24/7" if said == "Mo-Su 00:00-24:00" else said or None


def say_span(first: int, last: int) -> str:
    """Two minutes since midnight, the second at most a day after the first, as hours of the clock."""
    return f"{_say_minute(first)}-{_say_minute(last if last <= DAY_MINUTES else last - DAY_MINUTES)}"


def _say_rule(rule: OpeningRule) -> str:
    dates = ",".join(_say_dates(first, last) for first, last in rule.dates)
    weeks = ",".join(_say_weeks(*stretch) for stretch in rule.weeks)
    days = "" if (dates or weeks) and rule.days == frozenset(range(7)) else _say_days(rule.days)
    spans = [say_span(*span) for span in rule.spans]
    spans += ["-".join(_say_sun(end) for end in span) for span in rule.sun_spans]
    ends = [span.rpartition("-")[2] for span in spans]
    for end in map(_say_minute, rule.open_ends):
        if end in ends:
            spans[ends.index(end)] += "+"
        else:
            spans.append(f"{end}+")
    week = f"week {weeks}" if weeks else ""
    within = "SH" if rule.is_in_school_holidays else ""
    state = "off" if rule.is_off else "unknown" if rule.is_unknown else ""
    return " ".join(part for part in (dates, week, within, days, ",".join(spans), state) if part)


def _say_dates(first: YearDay, last: YearDay) -> str:
    if last == dt.date.max and isinstance(first, dt.date):
        return f"{first.year}+"
    if isinstance(first, int) and isinstance(last, int) and first % 100 == 1 and last % 100 == 31:
        ends = [MONTHS[day // 100 - 1] for day in (first, last)]
    else:
        ends = [_say_day(day) for day in (first, last)]
    return "-".join(dict.fromkeys(ends))


def _say_day(day: YearDay) -> str:
    if isinstance(day, EasterDay):
        n = day.shift_days
        return f"easter {n:+d} day{'s' * (abs(n) != 1)}" if n else "easter"
    if isinstance(day, int):
        return f"{MONTHS[day // 100 - 1]} {day % 100:02d}"
    return f"{day.year} {MONTHS[day.month - 1]} {day.day:02d}"


def _say_weeks(first: int, last: int, step: int) -> str:
    if first == last:
        return f"{first:02d}"
    return f"{first:02d}-{last:02d}" + (f"/{step}" if step > 1 else "")


def _say_days(days: frozenset[int]) -> str:
    stretches: list[list[int]] = []
    for day in sorted(day for day in days if day >= 0):
        if stretches and stretches[-1][-1] == day - 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    said = [
        f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" if len(run) > 2 else ",".join(WEEKDAYS[day] for day in run)
        for run in stretches
    ]
    return ",".join(said + [name.upper() for name, day in HOLIDAYS.items() if day in days])


def _say_sun(end: int | SunMoment) -> str:
    if isinstance(end, int):
        return _say_minute(end)
    shift = end.shift_minutes
    return f"({end.event}{'-' if shift < 0 else '+'}{_say_minute(abs(shift))})" if shift else end.event


def _say_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
