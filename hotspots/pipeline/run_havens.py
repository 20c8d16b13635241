"""Safe havens in a run: what they cover, where they leave gaps, and which candidates would help most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse

from hotspots.analysis.hotspots import DAY_PARTS, Hotspot
from hotspots.analysis.hours import HOURS_IN_WEEK, WeeklyProfile
from hotspots.analysis.safe_havens import (
    Coverage,
    CoverageShares,
    HourCoverage,
    WindowCoverage,
    measure_coverage,
    measure_hour_coverage,
    measure_reach,
    measure_window_coverage,
    summarise_coverage,
)
from hotspots.geography import FLOOR, Floor
from hotspots.pipeline.haven_request import HavenRequest, SitingOptions
from hotspots.pipeline.patrol_week import HavenWeek, measure_haven_week
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study
from hotspots.pipeline.surroundings import with_places

if TYPE_CHECKING:  # a run without havens and candidates needs nothing of these
    from hotspots.analysis.safe_havens import Gap
    from hotspots.pipeline.haven_siting import Siting

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

N_NEW_HAVENS = 3
"""Suggested in a run: few enough to be looked at on a map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenAnalysis:
    """Safe havens, and what they cover.

    Attributes:
        havens: The havens table.
        coverage: Over the whole week, of incidents when they began.
        shares: At the hours at which they may have happened, of those with a place of their own.
        peaks: In each peak of the profile, in their order.
        reach: The part of the study area within reach of any haven.
        gaps: Places to patrol and parts of the week without an open haven. Those whose number may be told are first,
            most incidents first; the others follow by place, since their order would tell their numbers.
        n_told: So many gaps may be told with their numbers.
        week: When havens are open in an ordinary week, and which are near each place to patrol.
    """

    havens: gpd.GeoDataFrame
    coverage: Coverage
    shares: CoverageShares
    peaks: tuple[WindowCoverage, ...]
    reach: shapely.Geometry
    gaps: tuple[Gap, ...]
    n_told: int
    week: HavenWeek


def analyse_havens(
    study: Study,
    chosen: Selection,
    profile: WeeklyProfile,
    patrol_places: Sequence[Hotspot],
    request: AnalysisRequest,
) -> HavenAnalysis | None:
    """Measure what safe havens cover, and rank their gaps; None where no havens were given."""
    if study.havens is None:
        return None
    from hotspots.analysis.safe_havens import rank_gaps

    havens = study.havens.havens
    options: dict[str, Any] = {"calendar": study.opening_calendar, "network": study.network}
    coverage = measure_coverage(chosen.incidents, havens, reach_m=request.reach_m, **options)
    located = with_places(chosen.incidents)
    by_hour = measure_hour_coverage(located, havens, reach_m=request.reach_m, **options)
    outlines = [place.outline for place in patrol_places]
    gaps = rank_gaps(located, by_hour, outlines, havens, floor=request.floor, **options)
    is_told = choose_told(
        gaps,
        _sum_by_hour(chosen, located, by_hour, patrol_places),
        peaks=[[peak.hours for peak in one.peaks] for one in (profile, *(place.profile for place in patrol_places))],
        floor=request.floor,
    )
    untold = [gap for gap, told in zip(gaps, is_told, strict=True) if not told]
    untold.sort(key=lambda gap: (gap.area, DAY_PARTS.index(gap.shift)))
    return HavenAnalysis(
        havens=havens,
        coverage=coverage,
        shares=summarise_coverage(by_hour),
        peaks=tuple(measure_window_coverage(chosen.incidents, coverage, hours=peak.hours) for peak in profile.peaks),
        reach=measure_reach(havens, reach_m=request.reach_m, study_area=chosen.study_area),
        gaps=(*(gap for gap, told in zip(gaps, is_told, strict=True) if told), *untold),
        n_told=int(is_told.sum()),
        week=measure_haven_week(
            havens,
            patrol_places,
            start=chosen.start,
            end=chosen.end,
            reach_m=request.reach_m,
            calendar=study.opening_calendar,
            network=study.network,
        ),
    )


def _sum_by_hour(
    chosen: Selection, located: gpd.GeoDataFrame, by_hour: HourCoverage, places: Sequence[Hotspot]
) -> tuple[Floats, Floats]:
    """Incidents by hour of the week, and those without an open haven: (1 + n_places, 168), all of them first."""
    # a place holds none of those that are known only to an area
    row_of = np.cumsum(chosen.incidents.index.isin(located.index)) - 1
    members = [np.arange(len(located)), *(row_of[place.members] for place in places)]
    starts = np.cumsum([0, *map(len, members)])
    is_in = sparse.csr_array((np.ones(starts[-1]), np.concatenate(members), starts), shape=(len(members), len(located)))
    timed, is_open = ((is_in @ part).toarray() for part in (by_hour.hours, by_hour.open_hours))
    return timed, np.maximum(timed - is_open, 0.0)


def choose_told(
    gaps: Sequence[Gap],
    by_hour: tuple[Floats, Floats],
    *,
    peaks: Sequence[Sequence[npt.ArrayLike]],
    floor: Floor = FLOOR,
) -> Flags:
    """Bool (n_gaps,): which gaps may be told with their numbers.

    What a run states besides must not leave a number of few: of all incidents and of each place, how many there are,
    how many in each peak, and the share of them with an open haven; of all also how many fall in each part of the week.
    What the gaps told leave of each of these is nothing, or as much as may be shown. Otherwise the smallest of them
    goes untold, so that the rest holds it too.

    Args:
        gaps: Those found.
        by_hour: float (1 + n_places, 168) twice, incidents by hour of the week, and those of them without an open
            haven: first all, then those of each place.
        peaks: Hours of each peak, likewise of all and of each place.
        floor: What a number must be of.
    """
    numbers = np.array([gap.n_without for gap in gaps])
    area = np.array([gap.area for gap in gaps], dtype=np.int64)
    hours = np.array([_flag_hours(gap.shift.window.hours) for gap in gaps], dtype=bool)
    hours = hours.reshape(-1, HOURS_IN_WEEK)
    windows = [[_flag_hours(range(HOURS_IN_WEEK)), *map(_flag_hours, of_one)] for of_one in peaks]
    windows[0] += list(np.unique(hours, axis=0))
    wholes: list[tuple[float, Flags]] = []
    for row, of_one in enumerate(windows):
        for window in of_one:
            is_part = ~(hours & ~window).any(axis=1) & ((area == row - 1) | (row == 0))
            wholes += [(float(part[row, window].sum()), is_part) for part in by_hour]
    is_told = np.ones(len(gaps), dtype=bool)
    is_settled = False
    while not is_settled:
        is_settled = True
        for total, is_part in wholes:
            told = np.flatnonzero(is_part & is_told)
            if len(told) and floor.is_few(float(total - numbers[told].sum())):
                is_told[told[np.argmin(numbers[told])]] = False
                is_settled = False
    return is_told


def _flag_hours(hours: npt.ArrayLike) -> Flags:
    is_in = np.zeros(HOURS_IN_WEEK, dtype=bool)
    is_in[np.asarray(hours, dtype=np.int64)] = True
    return is_in


def suggest_havens(study: Study, chosen: Selection, *, reach_m: float) -> Siting | None:
    """Choose the new safe havens that would help most; None where no candidates were given."""
    if study.candidates is None:
        return None
    from hotspots.pipeline.haven_siting import plan_sites  # here, as a run without candidates needs no solver

    options = SitingOptions(n_new=N_NEW_HAVENS, until_hours=(), time_limit_s=None)
    request = HavenRequest(crime=chosen.crime.slug, reach_m=reach_m, siting=options)
    no_days = np.array([], dtype="datetime64[D]")  # only youth zones look at school days
    return plan_sites(study, request, chosen, with_places(chosen.incidents), school_days=no_days)
