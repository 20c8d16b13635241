"""Did patrols go: records of where they were, beside places to patrol, a plan, and the hours of crime."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.hotspots import MAX_PATROL_PLACES, PATROL_WIDTH_M, assign_outlines
from hotspots.analysis.hours import HOURS_IN_WEEK, PeakWindow, profile_week, weigh_hours
from hotspots.analysis.patrols import (
    CrimeHours,
    KeptPlan,
    PatrolDosage,
    PatrolStays,
    StayOptions,
    VisitLengths,
    compare_plan,
    find_stays,
    list_recorded_stays,
    measure_crime_hours,
    measure_dosage,
    measure_gaps,
    measure_lengths,
)
from hotspots.crimes import Crime
from hotspots.errors import DataError, TooLittleDataError
from hotspots.geography import FLOOR, collapse_points, weigh_places
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference import ListedPlaces, PatrolRecords, find_local
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.street_names import NEAR, call_places, drop_shared
from hotspots.pipeline.study import Progress, Study, gather_status, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolledPlace:
    """A place to patrol, and what it saw.

    Attributes:
        number: What it is called by in a list: its rank, or its number in the file; those of the plan go on from there.
        names: What it may be called besides; empty where there is nothing.
        outline: Metres.
        is_of_plan: Whether only the plan names it.
        n_incidents: Incidents of the crime in it, before the records; None where they are too few to be told.
        minutes: Of patrols.
        lengths: Of its visits.
        n_days: Days with a visit.
        longest_hours: The longest time between two visits; None with fewer than two.
        median_hours: Between two visits; likewise.
        crime_share: Share of its hours of crime that were covered; None where none of its crime has a time, or there
            is too little to be told.
        n_planned, n_kept: Of the plan; None without one.
    """

    number: str
    names: tuple[str, ...]
    outline: shapely.Geometry
    is_of_plan: bool
    n_incidents: int | None
    minutes: float
    lengths: VisitLengths
    n_days: int
    longest_hours: float | None
    median_hours: float | None
    crime_share: float | None
    n_planned: int | None
    n_kept: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCover:
    """How much of a peak of the crime patrols covered.

    Attributes:
        peak: The window of the week.
        n_hours: Its hours in all places together, over the days of the records.
        n_covered: Those of them in which a visit was there.
    """

    peak: PeakWindow
    n_hours: int
    n_covered: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanComparison:
    """A plan beside what was done.

    Attributes:
        kept: What became of the planned visits that can be judged.
        planned: Those visits: `place`, `arrive_instant`, `leave_instant`, and `arrive_at`, local.
        n_extra: Visits that were not planned, on days for which there is a plan.
        n_days: Days of the records for which there is a plan.
        n_outside: Planned visits before the first ping or after the last, which nothing can be said of.
        n_elsewhere: Planned visits without a position or a name that is known.
        refused: Rows of the plan that cannot be read, by reason.
    """

    kept: KeptPlan
    planned: pd.DataFrame
    n_extra: int
    n_days: int
    n_outside: int
    n_elsewhere: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolsDone:
    """What patrols did.

    Attributes:
        request: Of the crime and its period.
        crime: For which the places are patrolled.
        records: Where patrols were.
        places: Those to patrol, in their order.
        is_listed: Whether they were listed in a file; otherwise they are those that a run finds.
        is_before: Whether they rest on incidents from before the first record alone.
        dosage: Minutes and visits by place, day and hour.
        lengths: Of all visits.
        crime_hours: How much of the hours of crime was covered.
        peaks: How much of each peak of the week.
        plan: The plan beside it; None without one.
        analysis: The run that found the places; None where they were listed.
        selection: The incidents of the crime.
        doubts: What could be otherwise in how these were read, and which files and rows were left out, in sentences.
        files: Of records, places and plan.
        study: What the incidents are of.
    """

    request: AnalysisRequest
    crime: Crime
    records: PatrolRecords
    places: tuple[PatrolledPlace, ...]
    is_listed: bool
    is_before: bool
    dosage: PatrolDosage
    lengths: VisitLengths
    crime_hours: CrimeHours
    peaks: tuple[PeakCover, ...]
    plan: PlanComparison | None
    analysis: Analysis | None
    selection: Selection
    doubts: tuple[str, ...]
    files: tuple[InputFile, ...]
    study: Study

    @property
    def stays(self) -> PatrolStays:
        """Where the time of patrols went."""
        return self.dosage.stays

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        return gather_status((*self.study.inputs, *self.files))


def measure_patrols(
    study: Study,
    request: AnalysisRequest,
    records: PatrolRecords,
    *,
    listed: ListedPlaces | None = None,
    plan: PatrolRecords | None = None,
    progress: Progress = silent,
) -> PatrolsDone:
    """Measure what patrols did at the places that they were to patrol.

    The places are those that a run finds in the incidents before the first record: crime that patrols have prevented,
    or reported, must not choose where they should have been. Where all incidents are later, they are taken, and
    `is_before` says so. Where a plan sends patrols elsewhere, a circle around that point is a place too.

    Args:
        study: What was read.
        request: The crime, its period and its wards, as of a run; by default the period ends before the first record.
        records: Where patrols were.
        listed: The places, where a file lists them.
        plan: What was planned, as `read_patrol_plans` reads it.
        progress: Called with each step.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        DataError: The records hold nothing.
        TooLittleDataError: No place holds enough incidents to be shown.
    """
    if not (len(records.pings) or len(records.visits)):
        raise DataError("There are no patrol records that can be used: all files say that they are not real.")
    start, end = (day.astype("datetime64[D]").astype(dt.date) for day in records.span)
    chosen, request, is_before = _select_before(study, request, start)
    analysis = None
    if listed is None:
        analysis = analyse(study, request, progress=progress)
        spots = analysis.places.patrol_places
        if not spots:
            raise TooLittleDataError(
                f"No place of 150 m holds {FLOOR.min_incidents} {chosen.crime.plural} at {FLOOR.min_places} places, "
                "without which none is shown. Give a longer period with `start`, or the places with `places_files`."
            )
        outlines: tuple[shapely.Geometry, ...] = tuple(spot.outline for spot in spots)
        numbers = tuple(str(spot.rank) for spot in spots)
        names = tuple(tuple(name.removeprefix(NEAR) for name in spot.names) for spot in spots)
        known = call_places(spots, analysis.wards, streets=study.streets)
    else:
        outlines, numbers = listed.outlines, listed.numbers
        names = tuple((name,) if name else () for name in listed.names)
        known = drop_shared(names)
    progress("patrols")
    n_chosen = len(outlines)
    if plan is not None:
        added, added_names = _list_planned(plan, outlines, _call(numbers, known))
        outlines, names = (*outlines, *added), (*names, *added_names)
        numbers = (*numbers, *_count_on(numbers, len(added)))
        known = [*known, *added_names]
    called = _call(numbers, known)
    if len(records.pings):
        stays = find_stays(records.pings, outlines)
    else:
        stays = list_recorded_stays(records.visits, outlines, names=called)
    dosage = measure_dosage(stays, n_places=len(outlines), start=start, end=end, time_zone=records.time_zone)
    incidents = chosen.incidents
    inside = assign_outlines(incidents, outlines)
    counts = [_count_shown(incidents[inside == place]) for place in range(len(outlines))]
    crime = _sum_hours(incidents, inside, len(outlines))
    # the hours of few incidents would tell of each
    crime[[count is None for count in counts]] = 0
    crime_hours = measure_crime_hours(dosage, crime)
    compared = _compare(plan, outlines, called, dosage, records) if plan is not None else None
    gaps, by_day = measure_gaps(dosage), dosage.count_visits_by_day()
    visited = dosage.visits["place"].to_numpy()

    def tally(place: int, is_kept: npt.NDArray[np.bool_] | None = None) -> int | None:
        if compared is None:
            return None
        own = (compared.planned["place"] == place).to_numpy()
        return int((own & (is_kept if is_kept is not None else True)).sum())

    places = tuple(
        PatrolledPlace(
            number=numbers[place],
            names=names[place],
            outline=outline,
            is_of_plan=place >= n_chosen,
            n_incidents=counts[place],
            minutes=float(dosage.minutes[place].sum()),
            lengths=measure_lengths(dosage.visits[visited == place]),
            n_days=int((by_day[place] > 0).sum()),
            longest_hours=_known(gaps["longest_hours"].iloc[place]),
            median_hours=_known(gaps["median_hours"].iloc[place]),
            crime_share=_known(crime_hours.place_shares[place]),
            n_planned=tally(place),
            n_kept=tally(place, compared.kept.is_kept if compared else None),
        )
        for place, outline in enumerate(outlines)
    )
    peaks = profile_week(incidents).peaks
    return PatrolsDone(
        request=request,
        crime=chosen.crime,
        records=records,
        places=places,
        is_listed=listed is not None,
        is_before=is_before,
        dosage=dosage,
        lengths=measure_lengths(dosage.visits),
        crime_hours=crime_hours,
        peaks=tuple(_cover_peak(peak, dosage) for peak in peaks),
        plan=compared,
        analysis=analysis,
        selection=chosen,
        doubts=(*records.doubts, *(listed.doubts if listed else ()), *(plan.doubts if plan else ())),
        files=(*records.inputs, *(listed.inputs if listed else ()), *(plan.inputs if plan else ())),
        study=study,
    )


def _select_before(study: Study, request: AnalysisRequest, start: dt.date) -> tuple[Selection, AnalysisRequest, bool]:
    """The incidents before the first record, or all where there are none before."""
    last = min(request.end, start - dt.timedelta(days=1)) if request.end else start - dt.timedelta(days=1)
    if request.start is None or request.start <= last:
        before = dataclasses.replace(request, end=last)
        try:
            return select_incidents(study, before), before, True
        except TooLittleDataError:
            pass
    chosen = select_incidents(study, request)
    return chosen, request, chosen.end < start


def _sum_hours(incidents: gpd.GeoDataFrame, inside: npt.NDArray[np.int64], n_places: int) -> npt.NDArray[np.float64]:
    """Float (n_places, 168): aoristic weights of the incidents of each place."""
    summed = np.zeros((n_places, HOURS_IN_WEEK))
    hours = weigh_hours(incidents).tocoo()
    place = inside[hours.row]
    np.add.at(summed, (place[place >= 0], hours.col[place >= 0]), hours.data[place >= 0])
    return summed


def _count_shown(incidents: gpd.GeoDataFrame) -> int | None:
    """How many incidents a place holds; None where they are so few, or at so few places, that it may not be told."""
    places = collapse_points(incidents)
    is_met = bool(FLOOR.is_met(len(incidents), weigh_places(incidents, places).sum()))
    return len(incidents) if is_met else None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _cover_peak(peak: PeakWindow, dosage: PatrolDosage) -> PeakCover:
    hours = np.asarray(peak.hours, dtype=np.int64)
    return PeakCover(
        peak=peak,
        n_hours=int(dosage.n_hours[hours].sum()) * dosage.n_places,
        n_covered=int(dosage.n_present[:, hours].sum()),
    )


def _call(numbers: Sequence[str], names: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What somebody who writes down visits may call each place."""
    return [(number, *own, f"place {number}", f"hot spot {number}") for number, own in zip(numbers, names, strict=True)]


def _count_on(numbers: Sequence[str], n_more: int) -> list[str]:
    """Numbers that are not taken, from after the highest."""
    highest = max([len(numbers), *(int(number) for number in numbers if number.isascii() and number.isdigit())])
    return [str(highest + step) for step in range(1, n_more + 1)]


def _list_planned(
    plan: PatrolRecords, outlines: Sequence[shapely.Geometry], called: Sequence[Sequence[str]]
) -> tuple[list[shapely.Geometry], list[tuple[str, ...]]]:
    """Circles around the points of a plan that lie in none of the places, by where they come first, and their names.

    Raises:
        DataError: There are more than may be patrolled.
    """
    visits = plan.visits[~plan.visits.geometry.isna()]
    spots = pd.DataFrame({"easting": visits.geometry.x.round(), "northing": visits.geometry.y.round()})
    # a plan goes to few points many times
    visits = visits[~spots.duplicated().to_numpy()]
    points: dict[tuple[float, float], tuple[str, ...]] = {}
    for visit, (point, name) in enumerate(zip(visits.geometry, visits["place"], strict=True)):
        if list_recorded_stays(visits.iloc[[visit]], outlines, names=called).stays.empty:
            points[round(point.x), round(point.y)] = (name,) if isinstance(name, str) else ()
    if len(points) > MAX_PATROL_PLACES:
        raise DataError(
            f"At most {MAX_PATROL_PLACES} places can be patrolled; the plan has {len(points):,} points besides. Give "
            "the middle of its places and not where patrols pass."
        )
    circles = shapely.buffer(shapely.points(list(points)), PATROL_WIDTH_M / 2, quad_segs=16) if points else []
    return list(circles), list(points.values())


def _compare(
    plan: PatrolRecords,
    outlines: tuple[shapely.Geometry, ...],
    called: list[tuple[str, ...]],
    dosage: PatrolDosage,
    records: PatrolRecords,
) -> PlanComparison:
    """What became of the visits of a plan, as far as the records speak for their time."""
    first, last = (
        (records.pings["instant"].min(), records.pings["instant"].max())
        if len(records.pings)
        else (records.visits["started_instant"].min(), records.visits["ended_instant"].max())
    )
    wanted = list_recorded_stays(plan.visits, outlines, names=called, options=StayOptions(passing_minutes=0))
    stays = wanted.stays
    planned = pd.DataFrame(
        {
            "place": stays["place"],
            "arrive_instant": stays["started_instant"],
            "leave_instant": stays["ended_instant"],
            "arrive_at": find_local(stays["started_instant"].to_numpy(), records.time_zone),
        }
    )
    is_judged = (planned["leave_instant"] >= first) & (planned["arrive_instant"] <= last)
    judged = planned[is_judged].sort_values(["arrive_instant", "place"], kind="stable", ignore_index=True)
    kept = compare_plan(dosage.visits, judged)
    days = np.unique(judged["arrive_at"].to_numpy().astype("datetime64[D]"))
    is_planned_day = np.isin(dosage.visits["started_at"].to_numpy().astype("datetime64[D]"), days)
    return PlanComparison(
        kept=kept,
        planned=judged,
        n_extra=int((kept.is_extra & is_planned_day).sum()),
        n_days=len(days),
        n_outside=int((~is_judged).sum()),
        n_elsewhere=len(plan.visits) - len(stays),
        refused=plan.refused,
    )
