"""Places to patrol by hour of the week: what to expect at each, and which safe havens near it are open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from hotspots.analysis.hotspots import DAY_PARTS, Hotspot, Shift
from hotspots.analysis.hours import HOURS_IN_WEEK, OpeningCalendar
from hotspots.analysis.network import StreetNetwork, find_near
from hotspots.analysis.patrols import coarsen_weeks, estimate_hours, estimate_week
from hotspots.analysis.safe_havens import find_week_states
from hotspots.geography import Floor
from hotspots.ingest.reference import list_opening_rules

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_COARSER: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("before-school", "school-day"), ("after-school",), ("weekend-day",), ("evening", "weekend-evening"),
        ("night", "weekend-night"),
    ),
    (
        ("before-school", "school-day", "weekend-day"), ("after-school",),
        ("evening", "weekend-evening", "night", "weekend-night"),
    ),
)  # fmt: skip
"""Parts of the week that are told together where one of them holds too few, from the finer to the coarser."""

_WEEKS_TRIED = 52


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolWeek:
    """What to expect in a week, by hour.

    Attributes:
        parts: The parts of the week.
        part: int (168,), the part that each hour is of; Monday 00:00-00:59 first.
        expected: float (168,), incidents to expect in the whole area in each hour.
        by_part: float (n_places, n_parts), incidents to expect at each place in each part of a week. Within a part
            they are spread over the hours as those of the whole area are, so that none is found by its hour; so are
            parts that hold too few to be told.
    """

    parts: tuple[Shift, ...]
    part: Integers
    expected: Floats
    by_part: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class NearHaven:
    """A safe haven within reach of the middle of a place.

    Attributes:
        position: Of the haven in its table.
        distance_m: How far it is, metres.
    """

    position: int
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenWeek:
    """Safe havens in one week.

    Attributes:
        first_day: The Monday that it begins on: the latest week of the period without a bank holiday, in term if terms
            are known; the latest without one where none is in term, and of all where each has one.
        has_bank_holiday: Whether all the same a day of it is one.
        is_in_term: Whether it is in school term; None where that is not known.
        states: Of each haven, a letter for each hour, as `find_week_states` has them.
        near: Of each place, all havens within reach, the nearest first: only of all of them it can be said that none is
            open.
    """

    first_day: dt.date
    has_bank_holiday: bool
    is_in_term: bool | None
    states: tuple[str, ...]
    near: tuple[tuple[NearHaven, ...], ...]


def estimate_patrol_week(
    places: Sequence[Hotspot], hours: sparse.csr_array, *, n_incidents: int, n_weeks: float, floor: Floor
) -> PatrolWeek:
    """Spread what is expected over the hours of the week.

    Args:
        places: Places to patrol.
        hours: `weigh_hours` of the incidents analysed.
        n_incidents: Of the period, with or without a clock time.
        n_weeks: Length of the period for which the files speak.
        floor: How many incidents of a place a part of the week must hold to be told.
    """
    part = np.empty(HOURS_IN_WEEK, dtype=np.int64)
    for number, shift in enumerate(DAY_PARTS):
        part[shift.window.hours] = number
    area = np.asarray(hours.sum(axis=0)).ravel()
    week = estimate_week(area)
    counts = np.array([np.asarray(hours[place.members].sum(axis=0)).ravel() for place in places])
    counts = coarsen_weeks(counts.reshape(-1, HOURS_IN_WEEK), week=week, levels=_list_levels(part), floor=floor)
    weekly = np.array([place.evidence.expected for place in places]) / n_weeks
    by_hour = estimate_hours(weekly, counts, area).expected
    by_part = np.stack([by_hour[:, part == number].sum(axis=1) for number in range(len(DAY_PARTS))], axis=1)
    return PatrolWeek(parts=DAY_PARTS, part=part, expected=week * n_incidents / n_weeks, by_part=by_part)


def _list_levels(part: Integers) -> list[Integers]:
    """The parts of the week, and what they are joined to, by hour."""
    levels = [part]
    for groups in _COARSER:
        group_of = {key: number for number, keys in enumerate(groups) for key in keys}
        levels.append(np.array([group_of[shift.key] for shift in DAY_PARTS], dtype=np.int64)[part])
    return levels


def measure_haven_week(
    havens: gpd.GeoDataFrame,
    places: Sequence[Hotspot],
    *,
    start: dt.date,
    end: dt.date,
    reach_m: float,
    calendar: OpeningCalendar,
    network: StreetNetwork | None,
) -> HavenWeek:
    """Find when havens are open in an ordinary week, and which are near each place.

    Args:
        havens: The havens table.
        places: Places to patrol.
        start: First day of the period.
        end: Last day of it.
        reach_m: Distance from the middle of a place that counts as near, metres.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.
        network: Streets to walk along; None for as the crow flies.
    """
    first_day = _find_ordinary_week(start, end, calendar)
    week = np.datetime64(first_day, "D") + np.arange(7)
    rules = [list_opening_rules(text) if isinstance(text, str) else () for text in havens["opening_hours"]]
    outlines = np.array([place.outline for place in places], dtype=object)
    middles = shapely.get_coordinates(shapely.point_on_surface(outlines)).reshape(-1, 2)
    doors = np.column_stack([havens.geometry.x, havens.geometry.y])
    pairs = find_near(middles, doors, reach_m=reach_m, network=network)
    near: list[list[NearHaven]] = [[] for _ in places]
    for at in np.lexsort((pairs.target, pairs.distance_m)):
        haven = NearHaven(position=int(pairs.target[at]), distance_m=float(pairs.distance_m[at]))
        near[pairs.origin[at]].append(haven)
    return HavenWeek(
        first_day=first_day,
        has_bank_holiday=bool(calendar.are_bank_holidays(week).any()),
        is_in_term=_is_in_term(week, calendar),
        states=tuple(find_week_states(rules, week, calendar=calendar)),
        near=tuple(map(tuple, near)),
    )


def _is_in_term(week: npt.NDArray[np.datetime64], calendar: OpeningCalendar) -> bool | None:
    """Whether no day from Monday to Friday is of school holidays; None where that is not known."""
    is_away, may_be = (calendar.are_school_holidays(week[:5], guess=guess).any() for guess in (False, True))
    return False if is_away else None if may_be else True


def _find_ordinary_week(start: dt.date, end: dt.date, calendar: OpeningCalendar) -> dt.date:
    """The Monday of the latest week of the period without a bank holiday, in term if terms are known."""
    latest = np.datetime64(end - dt.timedelta(days=(end.weekday() + 1) % 7 + 6), "D")
    mondays = latest - 7 * np.arange(_WEEKS_TRIED)
    mondays = mondays[mondays >= np.datetime64(start, "D")] if mondays[0] >= np.datetime64(start, "D") else mondays[:1]
    days = (mondays[:, None] + np.arange(7)).ravel()
    is_holiday = calendar.are_bank_holidays(days).reshape(-1, 7).any(axis=1)
    is_away = calendar.are_school_holidays(days, guess=False).reshape(-1, 7)[:, :5].any(axis=1)
    for is_out in (is_holiday | is_away, is_holiday, np.zeros(len(mondays), dtype=bool)):
        if not is_out.all():
            break
    return cast(dt.date, mondays[int((~is_out).argmax())].item())
