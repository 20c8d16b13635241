"""Whether a place is open at an instant, by rules of opening; or that it is not known."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import name_bank_holidays
from hotspots.ingest.reference import (
    BANK_HOLIDAY,
    LATEST_END,
    SCHOOL_HOLIDAY,
    OpeningRule,
    SunTime,
    list_opening_rules,
)

Days = npt.NDArray[np.datetime64]
Minutes = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_DAY_MINUTES = 1440
_CLOSED, _OPEN, _UNKNOWN = 0, 1, 2
_ALL_DAYS = np.arange(np.datetime64("2001-01-01"), np.datetime64("2029-01-01"))
_EVERY_DATE = _ALL_DAYS[np.is_busday(_ALL_DAYS)]
"""The Gregorian calendar repeats after 28 years, but for three century years in four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningCalendar:
    """What opening hours need to know of days.

    Attributes:
        bank_holidays: datetime64[D] (n_holidays,), the bank holidays of all years asked for.
        terms: `first_day` and `last_day` of each stretch of school term, as `read_term_dates` has them; None where they
            are not known. What lies between them is school holidays; before the first and after the last it is not
            known which days are.
        sun: On the days, `dawn`, `sunrise`, `sunset` and `dusk` in hours of the local clock since midnight, as
            `make_calendar(...).days` has them at the place; None where they are not known.
    """

    bank_holidays: Days
    terms: pd.DataFrame | None = None
    sun: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenState:
    """Whether a place is open at each of some instants.

    Attributes:
        is_open: bool (n_times,), false where it is not known.
        is_known: bool (n_times,).
    """

    is_open: Flags
    is_known: Flags


def make_opening_calendar(
    days: Days,
    *,
    country: str = "GB",
    subdivision: str | None = "ENG",
    terms: pd.DataFrame | None = None,
    sun: pd.DataFrame | None = None,
) -> OpeningCalendar:
    """What opening hours need to know of the years of these days, and of the evening before them.

    Args:
        days: datetime64[D] (n_days,).
        country: Whose bank holidays count, as `name_bank_holidays` takes it.
        subdivision: Likewise.
        terms: Stretches of school term, as `OpeningCalendar` has them.
        sun: When it is light on these days and on those around them, likewise.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.
    """
    return OpeningCalendar(bank_holidays=_list_bank_holidays(days, country, subdivision), terms=terms, sun=sun)


def is_open_at(
    hours: str,
    times: npt.NDArray[np.datetime64],
    *,
    country: str = "GB",
    subdivision: str | None = "ENG",
    terms: pd.DataFrame | None = None,
    sun: pd.DataFrame | None = None,
) -> Flags:
    """Whether a place with these opening hours is open at each time.

    Args:
        hours: Opening hours as `read_opening_hours` takes them, "Mo-Fr 09:00-17:30; PH off".
        times: datetime64 (n_times,), naive local wall-clock times, one or more.
        country: Whose bank holidays count, as `name_bank_holidays` takes it.
        subdivision: Likewise.
        terms: Stretches of school term, as `OpeningCalendar` has them, for hours that name school holidays.
        sun: When it is light, likewise, for hours that name the sun.

    Returns:
        bool (n_times,); false where it is not known.

    Raises:
        ParameterError: No bank holidays are known for the country or subdivision.
    """
    days = times.astype("datetime64[D]")
    minutes = (times - days) / np.timedelta64(1, "m")
    calendar = make_opening_calendar(days, country=country, subdivision=subdivision, terms=terms, sun=sun)
    return is_open_by_rules(list_opening_rules(hours), days, minutes, calendar=calendar)


def is_open_by_rules(rules: Sequence[OpeningRule], days: Days, minutes: Minutes, *, calendar: OpeningCalendar) -> Flags:
    """Whether rules are open at minutes of days; see `find_open_state`.

    Returns:
        bool (n_times,); false where it is not known.
    """
    return find_open_state(rules, days, minutes, calendar=calendar).is_open


def find_open_state(
    rules: Sequence[OpeningRule], days: Days, minutes: Minutes, *, calendar: OpeningCalendar
) -> OpenState:
    """Whether rules are open at minutes of days, by the hours of the day itself and those of the evening before.

    An evening runs on past midnight only if no later rule closes it, and none has the next day to itself: where people
    and opening_hours.js may take hours past midnight differently, it is not taken to be open. It is not known whether
    it is open where no rule is given, where the rules say so, after an end that is left open (until 08:00), on days of
    which it matters and is not known whether they are school holidays, and at hours of which the sun decides, where it
    is not known what the sun does.

    Args:
        rules: `list_opening_rules(hours)`.
        days: datetime64[D] (n_times,).
        minutes: float (n_times,), since the midnight at which each day begins, 0 to 1440.
        calendar: `make_opening_calendar(days, ...)`.
    """
    if not rules:
        nothing = np.zeros(len(days), dtype=bool)
        return OpenState(is_open=nothing, is_known=nothing.copy())
    asks = any(SCHOOL_HOLIDAY in rule.days or rule.is_in_school_holidays for rule in rules)
    guesses = [False, True] if asks else [False]
    # a day and the evening before may each be a holiday or none
    states = np.array(
        [
            _evaluate(rules, days, minutes, calendar=calendar, guess=guess, guess_before=before)
            for guess, before in itertools.product(guesses, repeat=2)
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
    is_working = np.is_busday(days, holidays=_list_bank_holidays(days, country, subdivision))
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
    if not any(rule.dates for rule in rules):  # then one week says it all
        _, firsts = np.unique(weekday, return_index=True)
        days, weekday = days[firsts], weekday[firsts]
    edges = {first_minute, last_minute}
    for rule in rules:
        ends = [minute for span in rule.spans for minute in span] + [*rule.open_ends, LATEST_END]
        edges |= {minute - shift for minute in ends for shift in (0, _DAY_MINUTES)}
    steps = sorted(edge for edge in edges if first_minute <= edge <= last_minute)
    term = pd.DataFrame({"first_day": [days.min() - 1], "last_day": [days.max()]})
    calendar = OpeningCalendar(bank_holidays=days[:0], terms=term)
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
) -> npt.NDArray[np.int8]:
    """The state at each instant, if days of which it is not known are school holidays, or are none."""
    carried = []
    replaced = np.zeros(len(days), dtype=bool)
    for rule in reversed(rules):
        applies = _applies(rule, days - 1, calendar, guess=guess_before)
        carried.append(applies & ~replaced)
        if rule.replaces:
            replaced |= applies
    state = np.full(len(days), _CLOSED, dtype=np.int8)
    for rule, evening in zip(rules, reversed(carried), strict=True):
        today = _applies(rule, days, calendar, guess=guess)
        if rule.replaces:
            state[today] = _CLOSED
        # a rule without hours is for the whole day, and not for the night after it
        spans = rule.spans or (((0, _DAY_MINUTES),) if rule.is_unknown else ())
        within = today & _lies_within(spans, minutes) | evening & _lies_within(spans, minutes + _DAY_MINUTES)
        state[within] = _CLOSED if rule.is_off else _UNKNOWN if rule.is_unknown else _OPEN
        for span in rule.sun_spans:
            sure, may = _lies_in_sun_span(span, days, minutes, calendar)
            sure_before, may_before = _lies_in_sun_span(span, days - 1, minutes + _DAY_MINUTES, calendar)
            state[today & sure | evening & sure_before] = _CLOSED if rule.is_off else _OPEN
            doubtful = today & may | evening & may_before
            state[doubtful & ((state == _CLOSED) | rule.is_off)] = _UNKNOWN
        late = tuple((end, _DAY_MINUTES + LATEST_END) for end in rule.open_ends)
        may_be = today & _lies_within(late, minutes) | evening & _lies_within(late, minutes + _DAY_MINUTES)
        state[may_be & (state == _CLOSED)] = _UNKNOWN
    return state


def _applies(rule: OpeningRule, days: Days, calendar: OpeningCalendar, *, guess: bool) -> Flags:
    """Whether a rule is for these days."""
    weekday = (days.astype(np.int64) + 3) % 7  # 1970 began on a Thursday
    applies = np.isin(weekday, list(rule.days))
    if BANK_HOLIDAY in rule.days:
        applies |= np.isin(days, calendar.bank_holidays)
    if SCHOOL_HOLIDAY in rule.days:
        applies |= _are_school_holidays(days, calendar, guess=guess)
    if rule.is_in_school_holidays:
        applies &= _are_school_holidays(days, calendar, guess=guess)
    if rule.dates:
        months = days.astype("datetime64[M]")
        date = 100 * (months.astype(np.int64) % 12 + 1) + (days - months.astype("datetime64[D]")).astype(np.int64) + 1
        applies &= functools.reduce(
            np.logical_or,
            [
                (first <= date) & (date <= last) if first <= last else (first <= date) | (date <= last)
                for first, last in rule.dates
            ],
        )
    return applies


def _are_school_holidays(days: Days, calendar: OpeningCalendar, *, guess: bool) -> Flags:
    """Which days lie between the stretches of term; the guess where it is not known."""
    if calendar.terms is None or calendar.terms.empty:
        return np.full(len(days), guess)
    first = calendar.terms["first_day"].to_numpy().astype("datetime64[D]")
    last = calendar.terms["last_day"].to_numpy().astype("datetime64[D]")
    in_term = ((days[:, None] >= first) & (days[:, None] <= last)).any(axis=1)
    is_known = (days >= first.min()) & (days <= last.max())
    return np.where(is_known, ~in_term, guess)


def _lies_in_sun_span(
    span: tuple[int | SunTime, int | SunTime], days: Days, minutes: Minutes, calendar: OpeningCalendar
) -> tuple[Flags, Flags]:
    """Which minutes lie in a stretch that the sun begins or ends, and which may, as it is not known what it does."""
    first, last = (_find_minutes(end, days, calendar) for end in span)
    is_known = ~(np.isnan(first) | np.isnan(last))
    goes_on = last <= first
    if goes_on.any():  # until the next morning, whose sun rises a minute or two sooner or later
        last = np.where(goes_on, _find_minutes(span[1], days + 1, calendar) + _DAY_MINUTES, last)
    within = is_known & (first <= minutes) & (minutes < last)
    earliest, latest = (
        end if isinstance(end, int) else other for end, other in zip(span, (0, 2 * _DAY_MINUTES), strict=True)
    )
    may_be = ~is_known & (earliest <= minutes) & (minutes < (latest if latest > earliest else 2 * _DAY_MINUTES))
    return within, may_be


def _find_minutes(end: int | SunTime, days: Days, calendar: OpeningCalendar) -> Minutes:
    """Minutes since the midnight of each day; NaN where it is not known."""
    if isinstance(end, int):
        return np.full(len(days), float(end))
    if calendar.sun is None:
        return np.full(len(days), np.nan)
    hours: Minutes = calendar.sun[end].reindex(days.astype("datetime64[s]")).to_numpy(dtype=np.float64)
    return hours * 60


def _lies_within(spans: Sequence[tuple[int, int]], minutes: Minutes) -> Flags:
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
