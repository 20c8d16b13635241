"""Safe havens: what they cover at the hour it matters, where they leave gaps, and where new sites would help most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hotspots import DAY_PARTS, Hotspot, Shift, tell_apart
from hotspots.analysis.hours import AFTER_SCHOOL, HOURS_IN_WEEK, profile_week, weigh_hours
from hotspots.analysis.network import find_near, snap_to_streets
from hotspots.analysis.safe_havens import (
    CoverageShares,
    Gap,
    HourCoverage,
    keep_days,
    measure_hour_coverage,
    rank_gaps,
    summarise_coverage,
)
from hotspots.crimes import Crime
from hotspots.errors import NotFoundError
from hotspots.geography import FLOOR, collapse_points, weigh_places
from hotspots.pipeline.gap_steps import GapSteps, find_gap_steps
from hotspots.pipeline.haven_request import HavenRequest
from hotspots.pipeline.haven_siting import Siting, plan_sites
from hotspots.pipeline.places import PlaceAnalysis, analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.school_days import find_school_days
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Progress, Study, silent
from hotspots.pipeline.surroundings import with_places
from hotspots.pipeline.times import count_known_days, find_known_months

Days = npt.NDArray[np.datetime64]

NEAR_SCHOOL_M = 400.0
"""Within which an incident after school is near a school."""
_DAYS_A_YEAR = 365.25
_FAR_M = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCoverage:
    """What is covered in one ward, place or part of the week, or near one school.

    Attributes:
        key: Its code or number.
        name: What it is called; None where it has no name.
        words: Its days and hours, of a part of the week; otherwise None.
        shares: What is covered; None where too few incidents or places are there to be shown.
    """

    key: str
    name: str | None
    words: str | None
    shares: CoverageShares | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenCover:
    """What the safe havens cover.

    Attributes:
        havens: The havens table.
        n_far: Of these, so many are further from the study area than they reach.
        coverage: Hour by hour, of the incidents that have a place of their own.
        total: Of all of them.
        parts: By part of the week.
        wards: By ward, in the order of the wards.
        hotspots: By hot spot, as `hotspots run` numbers them.
        places: By place to patrol, likewise.
        beyond_hotspots, beyond_places: Of the incidents that lie in none of them.
        schools: Near each school, after school on school days.
        gaps: Places to patrol and parts of the week without an open haven, most incidents first.
        steps: What would help most in each gap; None where it was not asked.
    """

    havens: gpd.GeoDataFrame
    n_far: int
    coverage: HourCoverage
    total: CoverageShares
    parts: tuple[AreaCoverage, ...]
    wards: tuple[AreaCoverage, ...]
    hotspots: tuple[AreaCoverage, ...]
    places: tuple[AreaCoverage, ...]
    beyond_hotspots: CoverageShares
    beyond_places: CoverageShares
    schools: tuple[AreaCoverage, ...]
    gaps: tuple[Gap, ...]
    steps: GapSteps | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OffMain:
    """What lies off the largest of several pieces of the streets, which no street joins.

    Attributes:
        n_pieces: How many pieces a walk may begin on; fragments are not among them.
        n_havens: Safe havens off the largest, of `n_all_havens`.
        incident_share: Share (0-1) of the incidents off it; None where they, or the rest, are too few to be told.
    """

    n_pieces: int
    n_havens: int
    n_all_havens: int
    incident_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenPlan:
    """What safe havens cover of one crime, and what would help most.

    Attributes:
        request: What was asked.
        study: What was read.
        selection: The part of it that was asked for.
        n_unplaced: Incidents known only to an area, which are not counted.
        n_years: Length of the period without the months whose feed failed: what gaps are a year of.
        is_without_terms: Whether term dates are not known for all days, on which school holidays count as school days.
        off_street_share: Share of the incidents further than 75 m from any street; None without streets.
        off_main: What lies off the largest piece of the streets; None where they are in one, or nothing does.
        patrol_places: Places to patrol, which gaps are of; none without `cover`.
        cover: What is covered; None where no havens were given, or the question is not about them.
        siting: Where new sites would help most; None where it was not asked.
    """

    request: HavenRequest
    study: Study
    selection: Selection
    n_unplaced: int
    n_years: float
    is_without_terms: bool
    off_street_share: float | None
    off_main: OffMain | None
    patrol_places: tuple[Hotspot, ...]
    cover: HavenCover | None
    siting: Siting | None

    @property
    def crime(self) -> Crime:
        """What was counted."""
        return self.selection.crime


def plan_havens(study: Study, request: HavenRequest, *, progress: Progress = silent) -> HavenPlan:
    """Measure what safe havens cover of one crime, where they leave gaps, and where new sites would help most.

    Raises:
        NotFoundError: The crime or a ward is not in the data, or coverage is asked for without any haven.
        ParameterError: An option is out of range.
        TooLittleDataError: No incident is left to analyse.
    """
    if study.havens is None and request.siting is None:
        what = "Gaps need" if request.gaps else "Coverage needs"
        raise NotFoundError(
            f"{what} safe havens; none were given, and there is no folder data/havens. Give `havens` a file with the "
            "name, place and opening hours of each."
        )
    places_request = AnalysisRequest(crime=request.crime, start=request.start, end=request.end, wards=request.wards)
    chosen = select_incidents(study, places_request)
    located = with_places(chosen.incidents)
    school_days = find_school_days(study.calendar, start=chosen.start, end=chosen.end)
    is_cover = study.havens is not None and request.preset.existing == "havens"
    is_hotspots = request.siting is not None and request.siting.used_demand == "hotspots"
    found: PlaceAnalysis | None = None
    if is_cover or is_hotspots:
        progress(f"{chosen.crime.slug}: places")
        hours = weigh_hours(chosen.incidents)
        profile = profile_week(chosen.incidents, hours=hours)
        found = analyse_places(chosen, places_request, hours=hours, profile=profile)
    siting = None
    if request.siting is not None:
        progress(f"{chosen.crime.slug}: sites")
        demanded = located
        if is_hotspots and found is not None:
            demanded = located.loc[located.index.isin(chosen.incidents.index[_list_members(found.hotspots)])]
        siting = plan_sites(study, request, chosen, demanded, school_days=school_days.days)
    cover: HavenCover | None = None
    if is_cover and found is not None:
        progress(f"{chosen.crime.slug}: havens")
        cover = _cover(study, request, chosen, located, found, school_days.days)
    return HavenPlan(
        request=request,
        study=study,
        selection=chosen,
        n_unplaced=len(chosen.incidents) - len(located),
        n_years=count_years(study, chosen),
        is_without_terms=school_days.is_without_terms,
        off_street_share=_measure_off_street(study, request, located),
        off_main=_find_off_main(study, located) if is_cover else None,
        patrol_places=found.patrol_places if cover and found else (),
        cover=cover,
        siting=siting,
    )


def count_years(study: Study, chosen: Selection) -> float:
    """Length of the period without the months whose feed failed; all of it where that is every month."""
    _, known = find_known_months(study, chosen)
    n_known = count_known_days(chosen.start, chosen.end, known.gap_months)
    return (n_known or (chosen.end - chosen.start).days + 1) / _DAYS_A_YEAR


def _list_members(places: Sequence[Hotspot]) -> npt.NDArray[np.intp]:
    """Positions of the incidents that lie in any of some places."""
    members = [one.members for one in places]
    return np.unique(np.concatenate(members)) if members else np.array([], dtype=np.intp)


def _measure_off_street(study: Study, request: HavenRequest, located: gpd.GeoDataFrame) -> float | None:
    """The share of incidents that no street is near; None where walks are not along streets."""
    if study.network is None or request.preset.is_sight or not len(located):
        return None
    places = collapse_points(located)
    off_street_m = snap_to_streets(places.coordinates, study.network).off_street_m
    return float(places.n_incidents[off_street_m > _FAR_M].sum() / len(located))


def _find_off_main(study: Study, located: gpd.GeoDataFrame) -> OffMain | None:
    """What lies off the largest piece of the streets; None where nothing does."""
    network, havens = study.network, study.havens
    if network is None or havens is None or not len(located):
        return None
    # the longest piece is the first
    island = network.island[network.segments["first_node"].to_numpy()]

    def lie_off(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        segment = snap_to_streets(coordinates, network).segment
        off: npt.NDArray[np.bool_] = (segment >= 0) & (island[segment] > 0)
        return off

    places = collapse_points(located)
    n_incidents = int(places.n_incidents[lie_off(places.coordinates)].sum())
    n_havens = int(lie_off(np.column_stack([havens.havens.geometry.x, havens.havens.geometry.y])).sum())
    if not n_incidents and not n_havens:
        return None
    return OffMain(
        n_pieces=len(np.unique(island[network.find_walkable()])),
        n_havens=n_havens,
        n_all_havens=len(havens.havens),
        incident_share=n_incidents / len(located) if FLOOR.may_tell(n_incidents, whole=len(located)) else None,
    )


def _cover(
    study: Study,
    request: HavenRequest,
    chosen: Selection,
    located: gpd.GeoDataFrame,
    found: PlaceAnalysis,
    school_days: Days,
) -> HavenCover:
    assert study.havens is not None
    havens, calendar, reach_m = study.havens.havens, study.opening_calendar, request.used_reach_m
    coverage = measure_hour_coverage(
        located,
        havens,
        reach_m=reach_m,
        calendar=calendar,
        network=study.network,
    )
    group = _Group(located, coverage)
    # a hot spot holds none of those that are known only to an area
    row_of = np.cumsum(chosen.incidents.index.isin(located.index)) - 1
    ward_of = located["ward_code"].astype("object").to_numpy()

    def cover_places(places: Sequence[Hotspot]) -> tuple[tuple[AreaCoverage, ...], CoverageShares]:
        rest = np.setdiff1d(np.arange(len(located)), row_of[_list_members(places)])
        names = name_places(places, chosen.wards)
        covered = tuple(
            group.cover(str(one.rank), name, row_of[one.members]) for one, name in zip(places, names, strict=True)
        )
        return covered, summarise_coverage(coverage, members=rest)

    (hotspots, beyond_hotspots), (places, beyond_places) = map(cover_places, (found.hotspots, found.patrol_places))
    outlines = [one.outline for one in found.patrol_places]
    gaps = rank_gaps(
        located,
        coverage,
        outlines,
        havens,
        calendar=calendar,
        network=study.network,
    )
    return HavenCover(
        havens=havens,
        n_far=int((havens.distance(chosen.study_area) > reach_m).sum()),
        coverage=coverage,
        total=summarise_coverage(coverage),
        parts=tuple(group.cover_shift(shift) for shift in DAY_PARTS),
        wards=tuple(
            group.cover(str(code), str(name), np.flatnonzero(ward_of == code), is_large=True)
            for code, name in chosen.wards["ward_name"].items()
        ),
        hotspots=hotspots,
        places=places,
        beyond_hotspots=beyond_hotspots,
        beyond_places=beyond_places,
        schools=_cover_schools(study, located, group, school_days),
        gaps=gaps,
        steps=find_gap_steps(study, request, chosen, located, gaps, outlines) if request.gaps else None,
    )


class _Group:
    """Coverage of groups of incidents, as far as they are large enough to be shown."""

    def __init__(self, incidents: gpd.GeoDataFrame, coverage: HourCoverage) -> None:
        self.coverage = coverage
        self.places = collapse_points(incidents)
        self.weight = weigh_places(incidents, self.places)

    def count_places(self, members: npt.NDArray[np.intp]) -> float:
        """How many places some incidents lie at."""
        return float(self.weight[np.unique(self.places.inverse[members])].sum())

    def cover(
        self, key: str, name: str | None, members: npt.NDArray[np.intp], *, is_large: bool = False
    ) -> AreaCoverage:
        """What is covered of some incidents; a ward is large, and is always shown."""
        is_shown = is_large or FLOOR.is_met(len(members), self.count_places(members))
        shares = summarise_coverage(self.coverage, members=members) if is_shown else None
        return AreaCoverage(key=key, name=name, words=None, shares=shares)

    def cover_shift(self, shift: Shift) -> AreaCoverage:
        """What is covered in a part of the week."""
        inside = np.zeros(HOURS_IN_WEEK)
        inside[shift.window.hours] = 1.0
        timed = self.coverage.hours @ inside
        is_shown = FLOOR.is_met(timed.sum(), self.count_places(np.flatnonzero(timed > 0)))
        shares = summarise_coverage(self.coverage, hours=shift.window.hours) if is_shown else None
        return AreaCoverage(key=shift.key, name=shift.label, words=shift.words, shares=shares)


def name_places(places: Sequence[Hotspot], wards: gpd.GeoDataFrame) -> tuple[str | None, ...]:
    """What hot spots or places to patrol are called, none as another; None of those without a name."""
    named = [at for at, place in enumerate(places) if place.names]
    points = shapely.get_coordinates(shapely.point_on_surface([places[at].outline for at in named]))
    within = [wards["ward_name"].get(next(iter(places[at].wards), None)) for at in named]
    names = dict(
        zip(named, tell_apart([" / ".join(places[at].names) for at in named], points, wards=within), strict=True)
    )
    return tuple(names.get(at) for at in range(len(places)))


def _cover_schools(
    study: Study, located: gpd.GeoDataFrame, group: _Group, school_days: Days
) -> tuple[AreaCoverage, ...]:
    """Near each school, in the hours after school on school days; schools near too few are without shares."""
    if study.schools is None or not len(located):
        return ()
    schools = study.schools.schools
    after_school = keep_days(group.coverage, located, school_days)
    inside = np.zeros(HOURS_IN_WEEK)
    inside[AFTER_SCHOOL.hours] = 1.0
    timed = after_school.hours @ inside
    pairs = find_near(
        np.column_stack([schools.geometry.x, schools.geometry.y]),
        group.places.coordinates,
        reach_m=NEAR_SCHOOL_M,
        network=study.network,
    )
    rows = []
    for position, (school_id, name) in enumerate(schools["name"].items()):
        near = np.zeros(len(group.weight), dtype=bool)
        near[pairs.target[pairs.origin == position]] = True
        members = np.flatnonzero(near[group.places.inverse] & (timed > 0))
        is_shown = FLOOR.is_met(timed[members].sum(), group.count_places(members))
        shares = summarise_coverage(after_school, members=members, hours=AFTER_SCHOOL.hours) if is_shown else None
        rows.append(AreaCoverage(key=str(school_id), name=str(name), words=None, shares=shares))
    return tuple(rows)
