"""When many places are open, on every day of a period: as few different cells of time as their hours need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hotspots.analysis.hours import OpeningCalendar, find_open_state
from hotspots.ingest.reference import LATEST_END, OpeningRule, SunMoment

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Rules = tuple[OpeningRule, ...]

MINUTES_IN_DAY = 1440
_NEVER = -100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningStates:
    """When places are open.

    Days on which the same rules hold, and the sun does the same, are alike. A day is cut at every whole hour, wherever
    a place opens or closes, and at the first whole minute after the sun has done so; stretches in which the same places
    are open are one cell of time.

    Attributes:
        first_day: datetime64[D], the first day.
        kind: int (n_days,), the kind of each day.
        starts: int (n_stretches,), the minute at which each stretch begins, since midnight of the first day; one begins
            at every midnight.
        cell: int (n_stretches,), the cell that each is in.
        hours_of: int (n_places,), which row of `is_open` a place has.
        is_open: bool (n_hours, n_cells), of each of the different opening hours.
        is_unknown: bool (n_hours, n_cells), whether it is not known whether they are open hours.
        is_known: bool (n_places,), whether anything is known of when a place is open.
    """

    first_day: np.datetime64
    kind: Integers
    starts: Integers
    cell: Integers
    hours_of: Integers
    is_open: Flags
    is_unknown: Flags
    is_known: Flags

    @property
    def n_cells(self) -> int:
        """Cells of time."""
        return int(self.is_open.shape[1])

    @property
    def lengths(self) -> Integers:
        """Int (n_stretches,): minutes of each stretch."""
        return np.diff(self.starts, append=len(self.kind) * MINUTES_IN_DAY)


def find_opening_states(
    places: Sequence[Rules],
    days: Days,
    *,
    calendar: OpeningCalendar,
    until_hours: Sequence[int | None] | None = None,
) -> OpeningStates:
    """Find when places are open on every day from the first to the last of some.

    Args:
        places: The rules of each, as `list_opening_rules` gives them; none where it is not known when it is open.
        days: datetime64[D] (n_days,), in any order; may be none.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.
        until_hours: Of each, the hour until which it stays open, 1 to 24, on every day on which it opens and would
            close before that; a pause in the day stays. None for the hours that it has.
    """
    until = [None] * len(places) if until_hours is None else until_hours
    first = days.min() if len(days) else np.datetime64("1970-01-05", "D")
    last = days.max() if len(days) else first
    every_day = np.arange(first, last + 1)
    different: dict[tuple[Rules, int | None], int] = {}
    hours_of = np.array(
        [different.setdefault(hours, len(different)) for hours in zip(places, until, strict=True)], dtype=np.int64
    )
    all_rules = [rules for rules, _ in different]
    sun_minutes = _find_sun_minutes(all_rules, every_day, calendar)
    kind, representative = _find_kinds(all_rules, every_day, sun_minutes, calendar)
    fixed = _find_starts(all_rules)
    of_today = (sun_minutes >= 0) & (sun_minutes < MINUTES_IN_DAY)
    cuts = [np.unique(np.concatenate([fixed, sun_minutes[day][of_today[day]]])) for day in representative]
    n_cuts = np.array([len(of_kind) for of_kind in cuts])
    kind_of = np.repeat(np.arange(len(representative)), n_cuts)
    on_day = every_day[representative][kind_of]
    starts = np.concatenate(cuts)
    at_minute = starts.astype(np.float64)
    is_open = np.zeros((max(len(different), 1), len(on_day)), dtype=bool)
    is_unknown = np.ones_like(is_open)
    for (rules, hour), row in different.items():
        state = find_open_state(rules, on_day, at_minute, calendar=calendar)
        is_open[row], is_unknown[row] = state.is_open, ~state.is_known
        if hour is not None:
            own = find_open_state(rules, on_day, at_minute, calendar=calendar, without_evening=True).is_open
            is_open[row] = _extend_day(is_open[row], own, kind_of, starts, 60 * hour)
            is_unknown[row] &= ~is_open[row]
    first_of_cell, cell = _find_alike(np.vstack([is_open, is_unknown]).T)
    # the stretches of each day are those of its kind
    n_of_day = n_cuts[kind]
    first_of_kind, first_of_day = np.cumsum(n_cuts) - n_cuts, np.cumsum(n_of_day) - n_of_day
    position = np.arange(n_of_day.sum()) + np.repeat(first_of_kind[kind] - first_of_day, n_of_day)
    return OpeningStates(
        first_day=first,
        kind=kind,
        starts=np.repeat(np.arange(len(every_day)) * MINUTES_IN_DAY, n_of_day) + starts[position],
        cell=cell[position],
        hours_of=hours_of,
        is_open=np.ascontiguousarray(is_open[:, first_of_cell]),
        is_unknown=np.ascontiguousarray(is_unknown[:, first_of_cell]),
        is_known=np.array([bool(rules) for rules in places], dtype=bool),
    )


def _extend_day(is_open: Flags, own: Flags, kind_of: Integers, starts: Integers, until_minute: int) -> Flags:
    """Open until so late on each day on which a place closes for the day before that: not in a pause before its last.

    Args:
        is_open: bool (n_stretches,), when it is open.
        own: Likewise, by the hours of the day itself, and not by those of the evening before.
        kind_of: int (n_stretches,), ascending, the kind of day that each stretch is of.
        starts: int (n_stretches,), at which minute of the day it begins.
        until_minute: Minutes since midnight, at which a stretch begins or the day ends.
    """
    position = np.arange(len(starts))
    last = np.full(int(kind_of.max(initial=-1)) + 1, len(starts))
    last[kind_of[own]] = position[own]  # of several the last one written counts
    longer: Flags = is_open | ((position > last[kind_of]) & (starts < until_minute))
    return longer


def _find_kinds(
    different: Sequence[Rules], every_day: Days, sun_minutes: Integers, calendar: OpeningCalendar
) -> tuple[Integers, Integers]:
    """The kind of each day, and a day of each kind.

    Days are alike if the same rules are for them and for the evening before, and the sun does the same on and around
    them.
    """
    scopes = {
        replace(rule, spans=((0, 1),), is_off=False, is_added=False, is_unknown=False, open_ends=(), sun_spans=())
        for rules in different
        for rule in rules
    }
    # the evening before the first day counts too
    with_before = np.concatenate([every_day[:1] - 1, every_day])
    at = np.zeros(len(with_before))
    states = [find_open_state([scope], with_before, at, calendar=calendar) for scope in scopes]
    applies = np.array([part for state in states for part in (state.is_open, state.is_known)], dtype=bool)
    applies = applies.reshape(2 * len(states), len(with_before))
    rows = np.vstack([applies[:, 1:], applies[:, :-1]]).T
    if sun_minutes.shape[1]:
        _, sun_kind = np.unique(sun_minutes, axis=0, return_inverse=True)
        bits = (sun_kind.reshape(-1, 1) >> np.arange(32)) & 1
        rows = np.hstack([rows, bits.astype(bool)])
    representative, kind = _find_alike(rows)
    return kind, representative


def _find_sun_minutes(different: Sequence[Rules], every_day: Days, calendar: OpeningCalendar) -> Integers:
    """Int (n_days, n): whole minutes since the midnight of each day from which on the sun has done something.

    It may have done so on the day before or be about to on the day after. What is not known is far below 0.
    """
    moments = {
        end
        for rules in different
        for rule in rules
        for span in rule.sun_spans
        for end in span
        if isinstance(end, SunMoment)
    }
    around = np.concatenate([every_day[:1] - 1, every_day, every_day[-1:] + 1])
    found = [np.empty((0, len(every_day)), dtype=np.int64)]
    for moment in sorted(moments, key=lambda moment: (moment.event, moment.shift_minutes)):
        minutes = np.nan_to_num(np.ceil(calendar.find_sun(around, moment)), nan=_NEVER).astype(np.int64)
        found.append(np.array([minutes[:-2] - MINUTES_IN_DAY, minutes[1:-1], minutes[2:] + MINUTES_IN_DAY]))
    return np.vstack(found).T


def _find_starts(different: Sequence[Rules]) -> Integers:
    """The minutes of a day at which it is cut."""
    ends = [
        end % MINUTES_IN_DAY
        for rules in different
        for rule in rules
        for end in (*(end for span in (*rule.spans, *rule.sun_spans) for end in span), *rule.open_ends)
        if isinstance(end, int)
    ]
    return np.unique(np.array([*range(0, MINUTES_IN_DAY, 60), LATEST_END % MINUTES_IN_DAY, *ends], dtype=np.int64))


def _find_alike(rows: Flags) -> tuple[Integers, Integers]:
    """The first of each kind of rows, in their order, and the kind of each row."""
    if not rows.shape[1]:
        return np.zeros(min(len(rows), 1), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
    packed = np.ascontiguousarray(np.packbits(rows, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    return first[order].astype(np.int64), number[inverse]
