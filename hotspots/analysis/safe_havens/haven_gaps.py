"""Where and when crime has no open safe haven near, and when the nearest one is open."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.hotspots import DAY_PARTS, Shift, assign_outlines
from hotspots.analysis.hours import ENGLAND, HOURS_IN_WEEK, OpeningCalendar, measure_times
from hotspots.analysis.network import StreetNetwork, measure_walks
from hotspots.analysis.safe_havens.haven_reach import read_positions, read_rules
from hotspots.analysis.safe_havens.hour_coverage import HourCoverage
from hotspots.analysis.safe_havens.opening_states import MINUTES_IN_DAY, Rules, find_opening_states
from hotspots.contracts import require_same_crs
from hotspots.geography import FLOOR, Floor, collapse_points, weigh_places, withhold_sums

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_EPOCH = np.datetime64("1970-01-05", "D")
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualHours:
    """A stretch in which a place is open on some days of the week, as on most of them in a period.

    Attributes:
        opens_minute: Minutes since midnight at which it opens.
        closes_minute: At which it closes what it opened then: above 1440 on the next day, so that 1560 is two in the
            morning. 0 and 1440 where it is open at all hours of the day.
    """

    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A place and a part of the week in which crime has no open haven near.

    Attributes:
        area: Position of the place.
        shift: The part of the week.
        n_timed: Incidents in both, a sum of shares of those whose hour is known.
        n_without: Of these, without a haven within reach that is known to be open then.
        n_unknown: Of these, with one within reach of which it is not known; None where that would tell of too few.
        leaves_few: Whether the place has so few others without an open haven, in parts of the week that are no gap,
            that their number may not be told: nor may that of all at the place, from which it could be worked out.
        nearest: Position of the nearest haven, whether within reach or not; -1 where there is none to walk to.
        nearest_m: How far it is from the middle of the place; NaN for none.
        nearest_hours: When that is usually open on those days, in order; empty where it does not open, None where it
            is not known.
    """

    area: int
    shift: Shift
    n_timed: float
    n_without: float
    n_unknown: float | None
    leaves_few: bool
    nearest: int
    nearest_m: float
    nearest_hours: tuple[UsualHours, ...] | None


def rank_gaps(
    incidents: gpd.GeoDataFrame,
    coverage: HourCoverage,
    outlines: Sequence[shapely.Geometry],
    havens: gpd.GeoDataFrame,
    *,
    shifts: Sequence[Shift] = DAY_PARTS,
    calendar: OpeningCalendar = ENGLAND,
    network: StreetNetwork | None = None,
    floor: Floor = FLOOR,
) -> tuple[Gap, ...]:
    """Rank places and parts of the week by the incidents there that have no open haven within reach.

    What is covered in each part of the week, and at each place, is stated elsewhere. So a gap is withheld too where it
    would tell, beside these sums, of too few incidents.

    Args:
        incidents: Those that `coverage` was measured on, with `location_precision`, in metres.
        coverage: `measure_hour_coverage(incidents, havens, ...)`.
        outlines: Of places that do not overlap, such as places to patrol.
        havens: The havens table.
        shifts: Parts of the week that do not overlap.
        calendar: Bank holidays, and school terms as far as they are known, for hours that name them.
        network: Streets to walk along to the nearest haven; None for as the crow flies.
        floor: What must lie in a gap for it to be given.

    Returns:
        Most incidents without one first; then the place, then the part of the week, in the order given.

    Raises:
        DataError: The tables are not in one CRS in metres.
    """
    require_same_crs(incidents, havens, tables="incidents and havens")
    if not len(outlines) or not len(incidents):
        return ()
    counts = _count_cells(incidents, coverage, outlines, shifts)
    is_shown, is_unknown_shown, leaves_few = _find_told(counts, floor)
    nearest, nearest_m = _find_nearest(outlines, havens, network)
    days = pd.to_datetime(incidents["started_at"]).to_numpy().astype("datetime64[D]")
    days = days[~np.isnat(days)]
    rules = read_rules(havens)
    gaps = []
    for area, column in np.argwhere(is_shown).tolist():
        known = rules[nearest[area]] if nearest[area] >= 0 else ()
        gaps.append(
            Gap(
                area=area,
                shift=shifts[column],
                n_timed=float(counts.timed[area, column]),
                n_without=float(counts.without[area, column]),
                n_unknown=float(counts.unknown[area, column]) if is_unknown_shown[area, column] else None,
                leaves_few=bool(leaves_few[area]),
                nearest=int(nearest[area]),
                nearest_m=float(nearest_m[area]),
                nearest_hours=find_usual_hours(known, days, shifts[column].window.days, calendar=calendar)
                if known
                else None,
            )
        )
    # sums of shares differ in their last digits from machine to machine
    return tuple(sorted(gaps, key=lambda gap: (-round(gap.n_without, 6), gap.area)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _CellCounts:
    """Incidents by place and part of the week, float (n_outlines + 1, n_shifts): in the last row those in no place.

    Of those without an open haven also at how many places of their own they are.
    """

    timed: Floats
    without: Floats
    unknown: Floats
    n_places: Floats


def _count_cells(
    incidents: gpd.GeoDataFrame, coverage: HourCoverage, outlines: Sequence[shapely.Geometry], shifts: Sequence[Shift]
) -> _CellCounts:
    places = collapse_points(incidents)
    weights = weigh_places(incidents, places)
    is_in = np.zeros((HOURS_IN_WEEK, len(shifts)))
    for column, shift in enumerate(shifts):
        is_in[shift.window.hours, column] = 1.0
    timed, is_open, unknown = (part @ is_in for part in (coverage.hours, coverage.open_hours, coverage.unknown_hours))
    without = np.maximum(timed - is_open, 0.0)
    inside = assign_outlines(incidents, outlines)
    row = np.where(inside < 0, len(outlines), inside)
    n_rows = len(outlines) + 1

    def add_up(amounts: Floats) -> Floats:
        return np.column_stack([np.bincount(row, column, n_rows) for column in amounts.T])

    n_places = np.zeros((n_rows, len(shifts)))
    for column, amounts in enumerate(without.T):
        has_any = np.flatnonzero(amounts > _NOTHING)
        held, first = np.unique(places.inverse[has_any], return_index=True)  # a place is in one outline
        n_places[:, column] = np.bincount(row[has_any][first], weights[held], n_rows)
    return _CellCounts(timed=add_up(timed), without=add_up(without), unknown=add_up(unknown), n_places=n_places)


def _find_told(counts: _CellCounts, floor: Floor) -> tuple[Flags, Flags, Flags]:
    """Which gaps may be told, of which of them what is not known, and at which places the sum of all may not be."""
    without, n_places = counts.without, counts.n_places
    is_shown: Flags = floor.is_met(without, n_places) & (without > _NOTHING)
    is_shown[-1] = False
    # a gap says more than the sum of its place, so where one of them must go it is the sum
    rest, rest_places = (np.where(is_shown, 0.0, part).sum(axis=1) for part in (without, n_places))
    leaves_few: Flags = (rest > _NOTHING) & ~floor.is_met(rest, rest_places)
    row = np.arange(len(without))
    told_with = np.where(leaves_few, row[-1], row)
    is_shown = withhold_sums(without, n_places, is_shown, floor=floor, told_with=told_with)
    parts = np.stack([counts.unknown, without - counts.unknown])
    is_few = ((parts > _NOTHING) & (parts < floor.min_incidents - _NOTHING)).any(axis=0)
    # of how many it is not known, and of how many it is known, are stated of each place and part of the week as well
    is_unknown_shown = withhold_sums(parts, n_places, is_shown & ~is_few, floor=floor)
    return is_shown[:-1], is_unknown_shown[:-1], leaves_few[:-1]


def find_usual_hours(
    rules: Rules,
    days: Days,
    weekdays: Sequence[int],
    *,
    calendar: OpeningCalendar = ENGLAND,
) -> tuple[UsualHours, ...] | None:
    """When a place is open on most of the days of a period that are of some days of the week.

    Args:
        rules: Of the place, one or more, as `list_opening_rules` gives them.
        days: datetime64[D], of the period; the first and the last count.
        weekdays: Monday is 0.
        calendar: Bank holidays, and school terms as far as they are known, for hours that name them.

    Returns:
        The stretches that it opens on the day, in order; none where it does not open. None where the period has no such
        day, or it is not known on most of them whether it is open at all.
    """
    if not len(days):
        return None
    # with the day before the first and that after the last, from and into which a night goes on
    known = np.concatenate([[days.min() - 1], days, [days.max() + 1]])
    # hours that follow the sun are not the same on most days
    states = find_opening_states([rules], known, calendar=dataclasses.replace(calendar, place=None))
    every_day = states.first_day + np.arange(len(states.kind))
    three_days = np.lib.stride_tricks.sliding_window_view(states.kind, 3)
    three_days = three_days[np.isin((every_day[1:-1].astype(np.int64) + 3) % 7, list(weekdays))]
    if not len(three_days):
        return None
    is_open, is_unknown = (
        np.repeat(part[0][states.cell], states.lengths).reshape(-1, MINUTES_IN_DAY)
        for part in (states.is_open, states.is_unknown)
    )
    _, day_of = np.unique(states.kind, return_index=True)
    counts: dict[tuple[UsualHours, ...] | None, int] = {}
    for kinds, n in zip(*np.unique(three_days, axis=0, return_counts=True), strict=True):
        hours: tuple[UsualHours, ...] | None = _find_hours(*is_open[day_of[kinds]])
        if not hours and is_unknown[day_of[kinds[1]]].any():
            hours = None
        counts[hours] = counts.get(hours, 0) + int(n)
    # of hours as common those that promise less
    return min(counts, key=lambda hours: (-counts[hours], *_measure_promise(hours)))


def _measure_promise(hours: tuple[UsualHours, ...] | None) -> tuple[int, tuple[tuple[int, int], ...]]:
    """How much hours promise: minutes in all, of which none is less than none that is known, and then each stretch."""
    if hours is None:
        return -1, ()
    stretches = tuple((one.closes_minute, one.opens_minute) for one in hours)
    return sum(closes - opens for closes, opens in stretches), stretches


def _find_hours(before: Flags, today: Flags, after: Flags) -> tuple[UsualHours, ...]:
    """When a place opens on a day and closes what it opened then, of the minutes of three days at which it is open."""
    if today.all():
        return (UsualHours(opens_minute=0, closes_minute=MINUTES_IN_DAY),)
    hours = []
    for opens in np.flatnonzero(today & ~np.append(before[-1:], today[:-1])).tolist():
        rest = np.append(today, after)[opens:]
        # a day that is open at all hours has hours of its own
        closes = MINUTES_IN_DAY if rest.all() else opens + int(rest.argmin())
        hours.append(UsualHours(opens_minute=opens, closes_minute=closes))
    return tuple(hours)


def keep_days(coverage: HourCoverage, incidents: pd.DataFrame, on_days: Days) -> HourCoverage:
    """The same coverage of what happened on some days only.

    Args:
        coverage: `measure_hour_coverage(incidents, ...)`.
        incidents: With their times.
        on_days: datetime64[D], such as school days.
    """
    start, _ = measure_times(incidents)
    first_hour = start // 60

    def keep(part: sparse.csr_array) -> sparse.csr_array:
        row = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        # an interval is shorter than a week, so each hour of the week is in it once
        hour = first_hour[row] + (part.indices - first_hour[row]) % HOURS_IN_WEEK
        kept = np.isin(_EPOCH + hour // 24, on_days)
        return sparse.csr_array((np.where(kept, part.data, 0.0), part.indices, part.indptr), shape=part.shape)

    return dataclasses.replace(
        coverage,
        hours=keep(coverage.hours),
        open_hours=keep(coverage.open_hours),
        unknown_hours=keep(coverage.unknown_hours),
    )


def _find_nearest(
    outlines: Sequence[shapely.Geometry], havens: gpd.GeoDataFrame, network: StreetNetwork | None
) -> tuple[Integers, Floats]:
    """The haven nearest to the middle of each place, and how far it is."""
    if not len(havens):
        return np.full(len(outlines), -1, dtype=np.int64), np.full(len(outlines), np.nan)
    middles = shapely.get_coordinates(shapely.point_on_surface(np.array(outlines, dtype=object)))
    walks = measure_walks(middles, read_positions(havens), network=network)
    nearest = walks.argmin(axis=1)
    nearest_m = walks[np.arange(len(outlines)), nearest]
    is_there = np.isfinite(nearest_m)
    return np.where(is_there, nearest, -1), np.where(is_there, nearest_m, np.nan)
