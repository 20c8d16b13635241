"""Whether a place is open at an instant, by rules of opening; or that it is not known."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.hours.opening_calendar import (
    ENGLAND,
    OpeningCalendar,
    number_dates,
    number_easter_dates,
    number_weeks,
)
from hotspots.ingest.reference import (
    BANK_HOLIDAY,
    LATEST_END,
    SCHOOL_HOLIDAY,
    EasterDay,
    OpeningRule,
    SunMoment,
    YearDay,
    list_opening_rules,
)

Days = npt.NDArray[np.datetime64]
Minutes = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_DAY_MINUTES = 1440
_MORNING, _EVENING = (120, 660), (660, 1620)
"""Minutes since midnight between which the sun rises and sets, on any clock that is at most three hours fast."""
_CLOSED, _OPEN, _UNKNOWN = 0, 1, 2
_ALL_DAYS = np.arange(np.datetime64("2001-01-01"), np.datetime64("2029-01-01"))
_EVERY_DATE = _ALL_DAYS[np.is_busday(_ALL_DAYS)]
"""The Gregorian calendar repeats after 28 years, but for three century years in four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenState:
    """Whether a place is open at each of some instants.

    Attributes:
        is_open: bool (n_times,), false where it is not known.
        is_known: bool (n_times,).
    """

    is_open: Flags
    is_known: Flags


def is_open_at(hours: str, times: npt.NDArray[np.datetime64], *, calendar: OpeningCalendar = ENGLAND) -> Flags:
    """Whether a place with these opening hours is open at each time.

    Args:
        hours: Opening hours as `read_opening_hours` takes them, "Mo-Fr 09:00-17:30; PH off".
        times: datetime64 (n_times,), naive local wall-clock times, one or more.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.

    Returns:
        bool (n_times,); false where it is not known.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.
    """
    days = times.astype("datetime64[D]")
    minutes = (times - days) / np.timedelta64(1, "m")
    return find_open_state(list_opening_rules(hours), days, minutes, calendar=calendar).is_open


def find_open_state(
    rules: Sequence[OpeningRule],
    days: Days,
    minutes: Minutes,
    *,
    calendar: OpeningCalendar = ENGLAND,
    without_evening: bool = False,
) -> OpenState:
    """Whether rules are open at minutes of days, by the hours of the day itself and those of the evening before.

    It is not known whether it is open where no rule is given, where the rules say so, after an end that is left open
    (until 08:00), on days of which it matters and is not known whether they are school holidays, and at hours of which
    the sun decides, where it is not known what the sun does.

    Nor is it after midnight where people and opening_hours.js take hours differently. By the syntax a rule for a day is
    for all of it: in "Fr 20:00-02:00; Sa 10:00-12:00" that for Saturday ends Friday's evening at midnight, and in
    "Mo-Su 18:00-02:00; We off" Wednesday's evening, which is off, goes on after it. People mean that an evening goes on
    until it ends, and one that is off does not.

    Args:
        rules: `list_opening_rules(hours)`.
        days: datetime64[D] (n_times,).
        minutes: float (n_times,), since the midnight at which each day begins, 0 to 1440.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.
        without_evening: Whether only the hours that begin on the day count, and not those of the evening before.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.

    Source: the opening hours specification of OpenStreetMap, and what its mappers mean by it
    (github.com/opening-hours/opening_hours.js/issues/87, github.com/streetcomplete/StreetComplete/issues/1292).
    """
    if not rules:
        nothing = np.zeros(len(days), dtype=bool)
        return OpenState(is_open=nothing, is_known=nothing.copy())
    asks = any(SCHOOL_HOLIDAY in rule.days or rule.is_in_school_holidays for rule in rules)
    guesses = [False, True] if asks else [False]
    passes = any(rule.may_pass_midnight for rule in rules)
    # a day and the evening before may each be a holiday or none, and nights are taken in either way
    states = np.array(
        [
            _evaluate(
                rules,
                days,
                minutes,
                calendar=calendar,
                guess=guess,
                guess_before=before,
                ends_nights=ends,
                without_evening=without_evening,
            )
            for guess, before in itertools.product(guesses, repeat=2)
            for ends in ([False, True] if passes else [False])
        ]
    )
    is_known = (states[0] != _UNKNOWN) & (states == states[0]).all(axis=0)
    return OpenState(is_open=is_known & (states[0] == _OPEN), is_known=is_known)


@dataclass(frozen=True, slots=True, kw_only=True)
class SureHours:
    """When a place is open on every school day that falls on one day of the week.

    Attributes:
        day: Monday is 0.
        spans: First and last minute since midnight of each stretch in which it is open on all of these days.
        is_known: Whether it is closed outside of them on all of these days, and not sometimes, or perhaps, open.
    """

    day: int
    spans: tuple[tuple[int, int], ...]
    is_known: bool


def list_school_days(
    terms: pd.DataFrame, *, country: str = "GB", subdivision: str | None = "ENG"
) -> npt.NDArray[np.datetime64]:
    """Mondays to Fridays in term that are not bank holidays.

    Args:
        terms: `first_day` and `last_day` of each stretch of term, at least one.
        country: Whose bank holidays count, as `name_bank_holidays` takes it.
        subdivision: Likewise.

    Returns:
        datetime64[D] (n_days,), in order.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.
    """
    first, last = (terms[name].to_numpy().astype("datetime64[D]") for name in ("first_day", "last_day"))
    days = np.arange(first.min(), last.max() + 1)
    in_term = ((days[:, None] >= first) & (days[:, None] <= last)).any(axis=1)
    is_holiday = OpeningCalendar(country=country, subdivision=subdivision).are_bank_holidays(days)
    is_working = np.is_busday(days) & ~is_holiday
    kept: Days = days[in_term & is_working]
    return kept


def find_sure_hours(
    hours: str | None,
    *,
    first_minute: int = 15 * 60,
    last_minute: int = 18 * 60,
    school_days: npt.NDArray[np.datetime64] | None = None,
) -> tuple[SureHours, ...]:
    """When a place is open after school, as far as a child can rely on it.

    What a child reads on a wall must hold on the day, whatever the season: a stretch counts only if the place is open
    then on every school day. School days are no bank holidays and no school holidays.

    Args:
        hours: Opening hours as `read_opening_hours` takes them; None where they are not known.
        first_minute: Of the hours after school, since midnight.
        last_minute: When they end, at most 1440.
        school_days: datetime64[D], `list_school_days(terms)`; by default every Monday to Friday of 28 years, in which
            each date falls on each of them.

    Returns:
        One for each of Monday to Friday.
    """
    rules = list_opening_rules(hours) if hours else ()
    days = _EVERY_DATE if school_days is None else school_days
    weekday = (days.astype(np.int64) + 3) % 7
    if not any(rule.dates or rule.weeks for rule in rules):  # then one week says it all
        _, firsts = np.unique(weekday, return_index=True)
        days, weekday = days[firsts], weekday[firsts]
    edges = {first_minute, last_minute}
    for rule in rules:
        ends = [end for span in (*rule.spans, *rule.sun_spans) for end in span if isinstance(end, int)]
        ends += [*rule.open_ends, LATEST_END]
        edges |= {minute - shift for minute in ends for shift in (0, _DAY_MINUTES)}
    steps = sorted(edge for edge in edges if first_minute <= edge <= last_minute)
    term = pd.DataFrame({"first_day": [days.min() - 1], "last_day": [days.max()]})
    calendar = OpeningCalendar(country=None, terms=term)
    open_all, shut_all = [], []
    for first, last in itertools.pairwise(steps):
        minutes = np.full(len(days), (first + last) / 2)
        state = find_open_state(rules, days, minutes, calendar=calendar)
        by_day = [weekday == day for day in range(5)]
        open_all.append([bool(state.is_open[of_day].all()) for of_day in by_day])
        shut_all.append([bool((state.is_known & ~state.is_open)[of_day].all()) for of_day in by_day])
    return tuple(
        SureHours(
            day=day,
            spans=_join_spans(
                [span for span, is_open in zip(itertools.pairwise(steps), open_all, strict=True) if is_open[day]]
            ),
            is_known=all(one[day] or other[day] for one, other in zip(open_all, shut_all, strict=True)),
        )
        for day in range(5)
    )


def _join_spans(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Stretches that touch are one."""
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and joined[-1][1] == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _evaluate(
    rules: Sequence[OpeningRule],
    days: Days,
    minutes: Minutes,
    *,
    calendar: OpeningCalendar,
    guess: bool,
    guess_before: bool,
    ends_nights: bool,
    without_evening: bool,
) -> npt.NDArray[np.int8]:
    """The state at each instant, if days and those before them of which it is not known are school holidays, or none.

    If it `ends_nights`, a rule for a day holds from midnight to midnight, and not from morning to morning.
    """
    carried = []
    replaced = np.zeros(len(days), dtype=bool)
    for rule in reversed(rules):
        applies = _applies(rule, days - 1, calendar, guess=guess_before)
        carried.append(applies & ~replaced)
        if rule.replaces and not ends_nights:
            replaced |= applies
    # by hours that began on the day, and by those that began on the day before
    own, late = np.full((2, len(days)), _CLOSED, dtype=np.int8)
    for rule, evening in zip(rules, reversed(carried), strict=True):
        today = _applies(rule, days, calendar, guess=guess)
        if rule.replaces:
            own[today] = _CLOSED
            if ends_nights:
                late[today] = _CLOSED
        for state in (own, late) if rule.is_off else (own,):
            _paint(state, rule, today, days, minutes, calendar)
        for state in (own, late) if rule.is_off else (late,):
            _paint(state, rule, evening, days - 1, minutes + _DAY_MINUTES, calendar)
    return own if without_evening else np.where((own == _OPEN) | (late == _CLOSED), own, late)


def _paint(
    state: npt.NDArray[np.int8],
    rule: OpeningRule,
    applies: Flags,
    days: Days,
    minutes: Minutes,
    calendar: OpeningCalendar,
) -> None:
    """Lay a rule that applies to some days over what earlier ones make of instants."""
    # a rule without hours is for the whole day, and not for the night after it
    spans = rule.spans or (((0, _DAY_MINUTES),) if rule.is_unknown else ())
    meant = _CLOSED if rule.is_off else _UNKNOWN if rule.is_unknown else _OPEN
    state[applies & _lies_within(spans, minutes)] = meant
    for span in rule.sun_spans:
        sure, may = _lies_in_sun_span(span, days, minutes, calendar)
        state[applies & sure] = meant
        state[applies & may & (state != meant)] = _UNKNOWN
    late = tuple((end, _DAY_MINUTES + LATEST_END) for end in rule.open_ends)
    state[applies & _lies_within(late, minutes) & (state == _CLOSED)] = _UNKNOWN


def _applies(rule: OpeningRule, days: Days, calendar: OpeningCalendar, *, guess: bool) -> Flags:
    """Whether a rule is for these days."""
    weekday = (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    applies = np.isin(weekday, list(rule.days))
    if BANK_HOLIDAY in rule.days:
        applies |= calendar.are_bank_holidays(days)
    if SCHOOL_HOLIDAY in rule.days:
        applies |= calendar.are_school_holidays(days, guess=guess)
    if rule.is_in_school_holidays:
        applies &= calendar.are_school_holidays(days, guess=guess)
    if rule.dates:
        applies &= functools.reduce(np.logical_or, [_lies_in_stretch(first, last, days) for first, last in rule.dates])
    if rule.weeks:
        week = number_weeks(days)
        applies &= functools.reduce(
            np.logical_or,
            [(first <= week) & (week <= last) & ((week - first) % step == 0) for first, last, step in rule.weeks],
        )
    return applies


def _lies_in_stretch(first: YearDay, last: YearDay, days: Days) -> Flags:
    """Whether days lie in a stretch of every year, or of one."""
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        within: Flags = (np.datetime64(first, "D") <= days) & (days <= np.datetime64(last, "D"))
        return within
    date = number_dates(days)
    low, high = (
        number_easter_dates(days, end.shift_days) if isinstance(end, EasterDay) else np.full(len(days), end)
        for end in (first, last)
    )
    return np.where(low <= high, (low <= date) & (date <= high), (low <= date) | (date <= high))


def _lies_in_sun_span(
    span: tuple[int | SunMoment, int | SunMoment], days: Days, minutes: Minutes, calendar: OpeningCalendar
) -> tuple[Flags, Flags]:
    """Which minutes lie in a stretch that the sun begins or ends, and which may, as it is not known what it does."""
    first, last = (_find_minutes(end, days, calendar) for end in span)
    (earliest_first, latest_first), (earliest_last, latest_last) = map(_find_range, span)
    goes_on = last <= first
    is_night = earliest_first >= latest_last
    if is_night and goes_on.any():  # until the next morning, whose sun rises a minute or two sooner or later
        last = np.where(goes_on, _find_minutes(span[1], days + 1, calendar) + _DAY_MINUTES, last)
    # "sunset-20:00" in summer is nothing to people, and almost a day to opening_hours.js
    is_known = ~(np.isnan(first) | np.isnan(last)) & (is_night | ~goes_on)
    within = is_known & (first <= minutes) & (minutes < last)
    latest = latest_last if latest_first <= earliest_last else latest_last + _DAY_MINUTES
    may_be = ~is_known & ~(minutes < first) & (minutes < latest)
    return within, may_be


def _find_range(end: int | SunMoment) -> tuple[int, int]:
    """The first and the last minute since midnight at which something may be that the sun does, on any day."""
    if isinstance(end, int):
        return end, end
    low, high = _MORNING if end.event in ("dawn", "sunrise") else _EVENING
    return low + end.shift_minutes, high + end.shift_minutes


def _find_minutes(end: int | SunMoment, days: Days, calendar: OpeningCalendar) -> Minutes:
    """Minutes since the midnight of each day; NaN where it is not known."""
    return np.full(len(days), float(end)) if isinstance(end, int) else calendar.find_sun(days, end)


def _lies_within(spans: Sequence[tuple[int, int]], minutes: Minutes) -> Flags:
    within = np.zeros(len(minutes), dtype=bool)
    for first, last in spans:
        within |= (first <= minutes) & (minutes < last)
    return within
