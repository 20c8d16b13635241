"""A shift to a plan: places to patrol, what is expected there in those hours, and who goes where and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hours import weigh_hours
from hotspots.analysis.network import WALKING_M_PER_MINUTE, measure_walks, snap_to_streets
from hotspots.analysis.patrols import (
    NO_WAY,
    HourlyEstimate,
    PatrolBreak,
    PatrolPlan,
    PatrolShift,
    ShiftClock,
    estimate_hours,
    place_breaks,
    plan_patrols,
    read_clock,
)
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import parse_point
from hotspots.pipeline.patrol_plan_request import PatrolPlanRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Progress, Study, silent

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Point = tuple[float, float]

DETOUR: Final = 1.3
"""How much longer a way along streets is than as the crow flies, where the streets are not known. A convention."""

_FURTHEST_M = 30_000.0
_DAYS_IN_WEEK = 7
_OFF_STREET_M = 250.0
"""The middle of a place further than this from every street lies where the streets given do not reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPlan:
    """A plan for a shift, and what it rests on.

    Attributes:
        request: What was asked.
        analysis: Of the crime: its places to patrol are those that are planned, in the same order.
        clock: When the shift is.
        estimate: What is expected at each place by hour of the week.
        plan: Who goes where and when.
        start, end: Where patrols begin and end, easting and northing; None where that is open.
        is_along_streets: Whether ways are along streets; else they are as the crow flies, times `DETOUR`.
        n_off_streets: Places that the streets given do not reach; ways to them are straight to the nearest street.
    """

    request: PatrolPlanRequest
    analysis: Analysis
    clock: ShiftClock
    estimate: HourlyEstimate
    plan: PatrolPlan
    start: Point | None
    end: Point | None
    is_along_streets: bool
    n_off_streets: int

    @property
    def study(self) -> Study:
        """What all this was made of."""
        return self.analysis.study


def plan_shift(study: Study, request: PatrolPlanRequest, *, progress: Progress = silent) -> ShiftPlan:
    """Choose places to patrol, estimate what to expect there in the hours of a shift, and plan who goes there when.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: The shift, a point or a break cannot be followed, or not one place can be visited in time.
        TooLittleDataError: Not one place holds enough to be shown.
    """
    clock = read_clock(request.day, request.begin, request.end, time_zone=study.calendar.time_zone)
    breaks = place_breaks(clock, request.breaks)
    area_crs = study.boundaries.wards.crs
    start, end = (
        None if text is None else parse_point(text, crs=area_crs, name=name)
        for name, text in (("start_point", request.start_point), ("end_point", request.end_point))
    )
    end = end or start
    for name, point in (("start_point", start), ("end_point", end)):
        if point is not None and shapely.distance(study.area, shapely.Point(point)) > _FURTHEST_M:
            raise ParameterError(
                f"`{name}` must lie within {_FURTHEST_M / 1000:g} km of the study area; easting {point[0]:.0f}, "
                f"northing {point[1]:.0f} does not. Check the order of its two numbers."
            )
    _make_shift(request, clock, breaks, expected=np.zeros((1, len(clock.hour_of_week))))  # refuses before it takes time
    analysis = analyse(study, request.analysis_request, progress=progress)
    places = analysis.places.patrol_places
    if not places:
        raise TooLittleDataError(
            f"Not one place of {analysis.crime.plural} holds enough incidents to be shown, so there is nothing to "
            "patrol. Analyse a longer period, or more wards."
        )
    progress(f"{analysis.crime.slug}: hours of the shift")
    estimate = _estimate_hours(analysis)
    progress(f"{analysis.crime.slug}: ways between places")
    outlines = np.array([place.outline for place in places], dtype=object)
    centres = shapely.get_coordinates(shapely.point_on_surface(outlines))
    legs = _Legs(study, request)
    shift = _make_shift(
        request,
        clock,
        breaks,
        expected=estimate.expected[:, clock.hour_of_week] * np.diff(clock.edges_s) / 3600,
        travel_s=legs.measure(centres, centres),
        from_start_s=None if start is None else legs.measure(np.array([start]), centres)[0],
        to_end_s=None if end is None else legs.measure(centres, np.array([end]))[:, 0],
    )
    progress(f"{analysis.crime.slug}: routes")
    return ShiftPlan(
        request=request,
        analysis=analysis,
        clock=clock,
        estimate=estimate,
        plan=plan_patrols(shift, seed=request.seed),
        start=start,
        end=end,
        is_along_streets=legs.network is not None,
        n_off_streets=legs.count_off_streets(centres),
    )


def _make_shift(
    request: PatrolPlanRequest,
    clock: ShiftClock,
    breaks: tuple[PatrolBreak, ...],
    *,
    expected: Floats,
    travel_s: Integers | None = None,
    from_start_s: Integers | None = None,
    to_end_s: Integers | None = None,
) -> PatrolShift:
    """The shift; ways that are not given take no time."""
    n_places = len(expected)
    no_leg = np.zeros(n_places, dtype=np.int64)
    return PatrolShift(
        expected=expected,
        hour_edges_s=clock.edges_s,
        travel_s=np.zeros((n_places, n_places), dtype=np.int64) if travel_s is None else travel_s,
        from_start_s=no_leg if from_start_s is None else from_start_s,
        to_end_s=no_leg if to_end_s is None else to_end_s,
        n_patrols=request.n_patrols,
        visit_s=request.visit_minutes * 60,
        max_gap_s=request.max_gap_minutes * 60,
        breaks=breaks,
    )


def _estimate_hours(analysis: Analysis) -> HourlyEstimate:
    """By place and hour of the week; flat where the data do not know their hours."""
    places = analysis.places.patrol_places
    n_weeks = ((analysis.end - analysis.start).days + 1) / _DAYS_IN_WEEK
    weekly = np.array([place.evidence.expected for place in places]) / n_weeks
    if not analysis.times.profile.available:
        return estimate_hours(weekly, None, None)
    hours = weigh_hours(analysis.incidents)
    counts = np.array([np.asarray(hours[place.members].sum(axis=0)).ravel() for place in places])
    return estimate_hours(weekly, counts, np.asarray(hours.sum(axis=0)).ravel())


class _Legs:
    """Seconds from points to points."""

    def __init__(self, study: Study, request: PatrolPlanRequest) -> None:
        self.network = study.network
        self._detour = 1.0 if self.network is not None else DETOUR
        self._m_per_s, self._parking_s = WALKING_M_PER_MINUTE / 60, 0.0
        if request.by == "car":
            self._m_per_s, self._parking_s = request.car_kmh / 3.6, request.parking_minutes * 60

    def count_off_streets(self, points: Floats) -> int:
        """How many points lie where the streets do not reach; 0 without streets."""
        if self.network is None:
            return 0
        return int((snap_to_streets(points, self.network).off_street_m > _OFF_STREET_M).sum())

    def measure(self, origins: Floats, targets: Floats) -> Integers:
        """Int (n_origins, n_targets), seconds of whole minutes, never too few; `NO_WAY` where there is none.

        With whole minutes the times on a card are exact, and add up.
        """
        metres = measure_walks(origins, targets, network=self.network) * self._detour
        seconds = metres / self._m_per_s + np.where(metres > 0, self._parking_s, 0.0)
        is_way = np.isfinite(seconds)
        return np.where(is_way, np.ceil(np.where(is_way, seconds, 0.0) / 60) * 60, NO_WAY).astype(np.int64)
