"""Safe havens in a run: what they cover, where they leave gaps, and which candidates would help most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hotspots import Hotspot
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
from hotspots.geography import Floor
from hotspots.pipeline.haven_request import HavenRequest, SitingOptions
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
_SECONDS = 3.0
"""To look for a better choice of so few, which hardly ever takes a tenth of a second."""
_NONE = 1e-6


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
    """

    havens: gpd.GeoDataFrame
    coverage: Coverage
    shares: CoverageShares
    peaks: tuple[WindowCoverage, ...]
    reach: shapely.Geometry
    gaps: tuple[Gap, ...]
    n_told: int


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

    havens, calendar = study.havens.havens, study.calendar
    options: dict[str, Any] = {
        "country": calendar.country,
        "subdivision": calendar.subdivision,
        "terms": calendar.term_stretches,
        "network": study.network,
    }
    coverage = measure_coverage(chosen.incidents, havens, reach_m=request.reach_m, **options)
    located = with_places(chosen.incidents)
    by_hour = measure_hour_coverage(located, havens, reach_m=request.reach_m, **options)
    outlines = [place.outline for place in patrol_places]
    gaps = rank_gaps(located, by_hour, outlines, havens, floor=request.floor, **options)
    is_told = choose_told(gaps, patrol_places, _sum_by_hour(chosen, located, by_hour, patrol_places), request.floor)
    untold = sorted((gap for gap, told in zip(gaps, is_told, strict=True) if not told), key=lambda gap: gap.area)
    return HavenAnalysis(
        havens=havens,
        coverage=coverage,
        shares=summarise_coverage(by_hour),
        peaks=tuple(measure_window_coverage(chosen.incidents, coverage, hours=peak.hours) for peak in profile.peaks),
        reach=measure_reach(havens, reach_m=request.reach_m, study_area=chosen.study_area),
        gaps=(*(gap for gap, told in zip(gaps, is_told, strict=True) if told), *untold),
        n_told=int(is_told.sum()),
    )


def _sum_by_hour(
    chosen: Selection, located: gpd.GeoDataFrame, by_hour: HourCoverage, places: Sequence[Hotspot]
) -> tuple[Floats, Floats]:
    """Incidents by hour of the week, and those without an open haven: (1 + n_places, 168), all of them first."""
    # a place holds none of those that are known only to an area
    row_of = np.cumsum(chosen.incidents.index.isin(located.index)) - 1
    timed, is_open = by_hour.hours, by_hour.open_hours
    members: list[Any] = [slice(None), *(row_of[place.members] for place in places)]
    totals = [np.array([part[rows].sum(axis=0) for rows in members]) for part in (timed, is_open)]
    return totals[0], np.maximum(totals[0] - totals[1], 0.0)


def choose_told(gaps: Sequence[Gap], places: Sequence[Hotspot], by_hour: tuple[Floats, Floats], floor: Floor) -> Flags:
    """Bool (n_gaps,): which gaps may be told with their numbers.

    What a run states besides must not leave a number of few: of a place its incidents, those in its peaks, and the
    share of them with an open haven; of all incidents the same, and how many fall in each part of the week. What the
    gaps told leave of each of these is nothing, or as much as may be shown. Otherwise the smallest of them goes
    untold, so that the rest holds it too.

    Args:
        gaps: Those found.
        places: Places to patrol, which they are of.
        by_hour: float (1 + n_places, 168) twice, incidents by hour of the week and those of them without an open
            haven, all first and then of each place.
        floor: What a number must be of.
    """
    numbers = np.array([gap.n_without for gap in gaps])
    area = np.array([gap.area for gap in gaps], dtype=np.int64)
    hours = np.zeros((len(gaps), HOURS_IN_WEEK), dtype=bool)
    for row, gap in enumerate(gaps):
        hours[row, gap.shift.window.hours] = True
    every_hour = np.ones(HOURS_IN_WEEK, dtype=bool)
    wholes: list[tuple[float, Flags]] = []

    def add(row: int, window: Flags) -> None:
        """What is stated of one place, or of all, in some hours, and the gaps that are part of it."""
        is_part = ~(hours & ~window).any(axis=1) & ((area == row - 1) | (row == 0))
        wholes.extend((float(part[row, window].sum()), is_part) for part in by_hour)

    for window in np.unique(np.vstack([every_hour, hours]), axis=0):
        add(0, window)
    for row, place in enumerate(places, start=1):
        add(row, every_hour)
        for peak in place.profile.peaks:
            window = np.zeros(HOURS_IN_WEEK, dtype=bool)
            window[peak.hours] = True
            add(row, window)
    is_told = np.ones(len(gaps), dtype=bool)
    is_settled = False
    while not is_settled:
        is_settled = True
        for total, is_part in wholes:
            told = np.flatnonzero(is_part & is_told)
            if len(told) and _NONE < total - numbers[told].sum() < floor.min_incidents:
                is_told[told[np.argmin(numbers[told])]] = False
                is_settled = False
    return is_told


def suggest_havens(study: Study, chosen: Selection, *, reach_m: float) -> Siting | None:
    """Choose the new safe havens that would help most; None where no candidates were given."""
    if study.candidates is None:
        return None
    from hotspots.pipeline.haven_siting import plan_sites  # here, as a run without candidates needs no solver

    options = SitingOptions(n_new=N_NEW_HAVENS, until_hours=(), time_limit_s=_SECONDS)
    request = HavenRequest(crime=chosen.crime.slug, reach_m=reach_m, siting=options)
    no_days = np.array([], dtype="datetime64[D]")  # only youth zones look at school days
    return plan_sites(study, request, chosen, with_places(chosen.incidents), school_days=no_days)
