"""Did an operation work: a study, a treated area and dates to a comparison with a control and with the time before."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.analysis.change import (
    Counts,
    RelativeChange,
    Scatter,
    WeightedDisplacement,
    add_counts,
    compare_changes,
    count_areas_needed,
    measure_displacement,
    measure_scatter,
)
from hotspots.contracts import AREA
from hotspots.crimes import Crime
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import (
    UniquePoints,
    collapse_points,
    describe_area,
    find_polygon,
    lies_in_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import FoundFile, find_files, locate_layers, read_layer
from hotspots.ingest.incidents import find_days
from hotspots.ingest.reference import BOUNDARY_SUFFIXES
from hotspots.pipeline.quality import assess_months
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_wards
from hotspots.pipeline.study import Progress, Selection, Study, select_incidents, silent
from hotspots.pipeline.times import count_known_months, find_first_day

Before = Literal["year", "previous"]
Untried = Literal["none before", "area too large", "control too large", "too few alike"]
"""Why a result was not tried where nothing was done: the treated area had no incident before, so none is like it;
there is no room for enough areas of its size, or for the control, in the study area; too few parts of it are like it.
"""

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_WEEKS_A_YEAR = 52
_MAX_BUFFER_M = 5_000.0
_MAX_BINS = 80
_MIN_POINTS = 5
_UNLIKELY = 0.001

_N_TRIES = 4_000
_MAX_ELSEWHERE = 400
_MIN_ELSEWHERE = 40
_LIKE = 2.0
"""An area elsewhere is like the treated one if it had from half to twice as many incidents before."""
_MIN_INSIDE_SHARE = 0.9
_N_SAMPLES = 60
_MIN_RING_SHARE = 0.01
"""Of a ring, what must be left of it: less is a sliver between outlines that were meant to meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    """What an operation was, and how it is judged.

    Attributes:
        crime: Slug of the crime.
        start, end: First and last day of the operation, inclusive.
        before: What it is compared with: "year", the same dates of the year before; "previous", as long a period just
            before it.
        buffer_m: Width of the area around the treated one, and around the control, in which displacement is looked for;
            0 for none.
        wards: Codes or names of the wards that make the study area; all by default.
        confidence: Of every limit.
        seed: Of the places elsewhere with which the result is compared.

    Raises:
        ParameterError: The period ends before it starts, reaches into the period it is compared with, or is not of the
            years 1900 to 2100; the buffer is below 0 m or too wide; or `before` is not known.
    """

    crime: str
    start: dt.date
    end: dt.date
    before: Before = "year"
    buffer_m: float = 0.0
    wards: tuple[str, ...] = ()
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.before not in get_args(Before):
            raise ParameterError(f'No "{self.before}" to compare with. Choose one of: {", ".join(get_args(Before))}.')
        if not (_FIRST_YEAR <= self.start.year <= _LAST_YEAR and _FIRST_YEAR <= self.end.year <= _LAST_YEAR):
            raise ParameterError(
                f"An operation must be of the years {_FIRST_YEAR} to {_LAST_YEAR}; this one runs from {self.start} to "
                f"{self.end}. Check the year of --from and --to."
            )
        if self.end < self.start:
            raise ParameterError(
                f"An operation must end on or after its first day; this one runs from {self.start} to {self.end}. "
                "Swap them."
            )
        if not (math.isfinite(self.buffer_m) and 0 <= self.buffer_m <= _MAX_BUFFER_M):
            raise ParameterError(
                f"A buffer must be from 0 m to {_MAX_BUFFER_M:,.0f} m wide, not {self.buffer_m:g} m. "
                "200 m is usual; 0 looks for no displacement."
            )
        if self.before_period[1] >= self.start:
            raise ParameterError(
                f"An operation longer than a year, {self.start} to {self.end}, cannot be compared with the same dates "
                "of the year before. Use --before previous, or judge a year of it at a time."
            )

    @property
    def is_whole_months(self) -> bool:
        """Whether the operation runs from the first day of a month to the last of one."""
        return self.start.day == 1 and (self.end + dt.timedelta(days=1)).day == 1

    @property
    def before_period(self) -> tuple[dt.date, dt.date]:
        """First and last day of the period compared with.

        Whole months are compared with whole months. Other periods keep their length and days of the week: the year
        before is then 52 weeks before.
        """
        n_days = (self.end - self.start).days + 1
        if not self.is_whole_months:
            step = dt.timedelta(weeks=_WEEKS_A_YEAR) if self.before == "year" else dt.timedelta(days=n_days)
            return self.start - step, self.end - step
        first = self.start.year * 12 + self.start.month - 1
        n_months = self.end.year * 12 + self.end.month - first
        step_months = 12 if self.before == "year" else n_months
        return _month_start(first - step_months), _month_end(first - step_months + n_months - 1)


def _month_start(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _month_end(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, calendar.monthrange(number // 12, number % 12 + 1)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A part of the map that somebody named.

    Attributes:
        name: What to call it.
        geometry: In the working CRS.
        files: What it was read from; none for wards.
    """

    name: str
    geometry: shapely.Geometry
    files: tuple[FoundFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAreas:
    """Where incidents are counted; no place is in two of them.

    Attributes:
        study_area: Of which all the others are parts.
        treated: Where something was done.
        control: What it is compared with.
        treated_ring: Around the treated area; None without a buffer, or where nothing is left there.
        control_ring: Around the control; None likewise, where there is no treated ring, and where the control is the
            rest of the study area.
        is_rest: Whether the control is all of the study area that is not treated, and not around it.
        outside_share: Share of the treated area that is not in the study area, and so left out.
        overlap_share: Share of the control as given that was treated too, and so left out.
        is_adjoining: Whether the control comes within the buffer of the treated area, or touches it.
    """

    study_area: shapely.Geometry
    treated: shapely.Geometry
    control: shapely.Geometry
    treated_ring: shapely.Geometry | None
    control_ring: shapely.Geometry | None
    is_rest: bool
    outside_share: float
    overlap_share: float
    is_adjoining: bool

    @property
    def n_apart(self) -> float:
        """How many times the treated area and its surroundings go into the study area."""
        ring_m2 = self.treated_ring.area if self.treated_ring is not None else 0.0
        return float(self.study_area.area / (self.treated.area + ring_m2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Incidents of a month or week.

    Attributes:
        start, end: First and last day, inclusive.
        n_treated, n_control: Incidents.
        is_whole: Whether it is a whole month or week.
    """

    start: dt.date
    end: dt.date
    n_treated: int
    n_control: int
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What can be said of one part: the treated area, what is around it, or both.

    Attributes:
        change: Against the control, its limits widened by how far areas elsewhere scatter, where that is known.
        elsewhere: That scatter; None where it is not known.
    """

    change: RelativeChange
    elsewhere: Scatter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What became of crime during an operation.

    Attributes:
        request: What was asked.
        crime: What was counted.
        treated_name, control_name: What to call the areas.
        files: Of the areas.
        areas: Where was counted.
        before: First and last day of the period compared with.
        other_before: The other period before, if it could be compared with as well; else None.
        displacement: The counts, and what they say if they are Poisson.
        net, local, displaced: What can be said of the treated area and its surroundings, of the area alone, and of its
            surroundings alone; `displaced` is None without a treated ring, and `net` is then `local`.
        untried: Why the result was not tried elsewhere, and limits are not widened; None where it was.
        bins: By month or week, from the period compared with to the end of the operation.
        bin_unit: Which of them.
        selection: The incidents, with the accounts of every row.
        n_unplaced: Incidents of both periods in the study area known only to an area, and so not counted.
        n_undated: Incidents known only to a month that is not wholly in either period, and so not counted.
        n_points: Distinct places of incidents in the treated area, where incidents were moved to shared points; else
            None.
        spacing_m: How far apart such points are, usually; None likewise.
        low_months: Months of either period with far fewer rows than the months beside them: of all crimes, or of all
            and this one.
        study: What all this was made of.
    """

    request: OperationRequest
    crime: Crime
    treated_name: str
    control_name: str
    files: tuple[FoundFile, ...]
    areas: OperationAreas
    before: tuple[dt.date, dt.date]
    other_before: Before | None
    displacement: WeightedDisplacement
    net: Judgement
    local: Judgement
    displaced: Judgement | None
    untried: Untried | None
    bins: tuple[Bin, ...]
    bin_unit: Literal["month", "week"]
    selection: Selection
    n_unplaced: int
    n_undated: int
    n_points: int | None
    spacing_m: float | None
    low_months: tuple[str, ...]
    study: Study


def find_area(
    wards: gpd.GeoDataFrame, *, files: Sequence[Path] = (), ward_names: Sequence[str] = (), what: str = "treated"
) -> Area | None:
    """The area that files of polygons and wards make together; None where neither is given.

    Args:
        wards: Those of the study, in its working CRS.
        files: GeoJSON, GeoPackage or (zipped) shapefile; polygons need neither codes nor names.
        ward_names: Codes or names of wards.
        what: Which area it is, for messages.

    Raises:
        NotFoundError: A file or a ward is not there.
        ParameterError: Several wards have such a name.
        DataError: A file has no CRS, no polygons, or lies outside the working CRS.
    """
    if not files and not ward_names:
        return None
    found = find_files(files, suffixes=BOUNDARY_SUFFIXES, what=f"the {what} area") if files else []
    parts = [_read_outline(file, crs=wards.crs, what=f"the {what} area") for file in found]
    chosen = select_wards(wards, ward_names) if ward_names else wards.iloc[:0]
    names = [*(Path(file.label).stem for file in found), *map(str, chosen["ward_name"])]
    return Area(
        name=", ".join(names),
        geometry=shapely.union_all([*parts, *chosen.geometry]),
        files=tuple(found),
    )


def _read_outline(file: FoundFile, *, crs: pyproj.CRS, what: str) -> shapely.Geometry:
    """All polygons of a file, in the working CRS, as one geometry."""
    address, layers = locate_layers(file, what=what)
    names = [name for name, kind in layers if kind and ("Polygon" in kind or "Unknown" in kind)]
    frames = [read_layer(file, address, name, what=what) for name in names]
    outlines = []
    for frame in frames:
        frame = frame[frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~frame.geometry.is_empty]
        frame = frame.set_geometry(shapely.force_2d(frame.geometry.array))
        if frame.empty:
            continue
        placed = to_working_crs(frame, crs).geometry
        if not lies_in_working_crs(placed).all():
            raise DataError(
                f"An area must lie in {describe_area(crs)}; that of {file.label} does not, read as {frame.crs.name}. "
                "Check the CRS that the file states."
            )
        outlines += [shapely.make_valid(one, method="structure", keep_collapsed=False) for one in placed]
    area = shapely.union_all(outlines)
    if not area.area > 0:
        kinds = ", ".join(sorted({str(kind or "no geometry") for _, kind in layers})) or "nothing"
        raise DataError(
            f"An area must be a polygon; {file.label} holds {kinds}, and nothing that encloses an area. "
            "Draw its outline in QGIS and export it as GeoJSON."
        )
    return area


def evaluate_operation(
    study: Study,
    request: OperationRequest,
    treated: Area,
    *,
    control: Area | None = None,
    progress: Progress = silent,
) -> Operation:
    """Compare what became of crime in a treated area with what became of it in a control.

    Each result is judged by the ratio of ratios (`hotspots.analysis.change.displacement`), with limits widened by how
    far the same measure scatters over areas of the same shape elsewhere in the study area. The weighted displacement
    difference is given as published, beside it.

    Args:
        study: What was read; from the first day of the period compared with, at the latest.
        request: The operation.
        treated: Where something was done.
        control: What it is compared with; by default the rest of the study area.
        progress: Called with each step.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: Month-only incidents are to be counted by days.
        DataError: The treated area lies outside the study area, or leaves no control.
        TooLittleDataError: The files do not cover both periods, or hold no incident there, or none of this crime in a
            month that would have some.
    """
    before = request.before_period
    _require_cover(study, request)
    months = AnalysisRequest(
        crime=request.crime,
        start=before[0].replace(day=1),
        end=_month_end(request.end.year * 12 + request.end.month - 1),
        wards=request.wards,
    )
    chosen = select_incidents(study, months)
    incidents = chosen.incidents
    _require_days(incidents, chosen.crime, request)
    incomplete, other_before = _require_own_cover(study, chosen, request)
    areas = _draw_areas(chosen.wards.geometry.union_all(), treated, control, request.buffer_m)
    progress(f"{chosen.crime.slug}: counting")

    is_placed = (incidents["location_precision"] != AREA).to_numpy()
    first, last = find_days(incidents)
    is_before, is_after = (_is_within(first, last, period) for period in (before, (request.start, request.end)))
    is_counted = is_placed & (is_before | is_after)
    touches = ((first <= np.datetime64(before[1])) & (last >= np.datetime64(before[0]))) | (
        (first <= np.datetime64(request.end)) & (last >= np.datetime64(request.start))
    )
    places = collapse_points(incidents)
    polygons = [areas.treated, areas.control, areas.treated_ring, areas.control_ring]
    drawn = np.array([polygon or shapely.Polygon() for polygon in polygons])
    part = find_polygon(places, drawn)[places.inverse]

    def count(index: int) -> Counts:
        inside = is_placed & (part == index)
        return int((inside & is_before).sum()), int((inside & is_after).sum())

    counts = [count(index) if polygon is not None else None for index, polygon in enumerate(polygons)]
    inside, outside = counts[0] or (0, 0), counts[1] or (0, 0)
    displacement = measure_displacement(
        treated=inside,
        control=outside,
        displacement_treated=counts[2],
        displacement_control=counts[3],
        period_days=(float((before[1] - before[0]).days + 1), float((request.end - request.start).days + 1)),
        confidence=request.confidence,
    )
    progress(f"{chosen.crime.slug}: elsewhere")
    weight_before, weight_after = (
        np.bincount(places.inverse[is_placed & kept], minlength=len(places.easting)) for kept in (is_before, is_after)
    )
    elsewhere = _count_elsewhere(areas, places, weight_before, weight_after, inside[0], request)
    around, beside = displacement.displacement_treated, displacement.displacement_control
    local = _judge(inside, outside, elsewhere, (0, 1), areas, request)
    displaced = None if around is None else _judge(around, beside or outside, elsewhere, (2, 3), areas, request)
    net = (
        local
        if around is None
        else _judge(add_counts(inside, around), add_counts(outside, beside), elsewhere, (4, 5), areas, request)
    )
    unit, bins = _bin(part, is_placed, first, last, before, request)
    is_snapped = bool((incidents["location_precision"] == "anonymised").any())
    return Operation(
        request=request,
        crime=chosen.crime,
        treated_name=treated.name,
        control_name=control.name if control else "the rest of the study area",
        files=treated.files + (control.files if control else ()),
        areas=areas,
        before=before,
        other_before=other_before,
        displacement=displacement,
        net=net,
        local=local,
        displaced=displaced,
        untried=elsewhere if isinstance(elsewhere, str) else None,
        bins=bins,
        bin_unit=unit,
        selection=chosen,
        n_unplaced=int((~is_placed & (is_before | is_after)).sum()),
        n_undated=int((touches & ~is_before & ~is_after).sum()),
        n_points=len(np.unique(places.inverse[is_counted & (part == 0)])) if is_snapped else None,
        spacing_m=_measure_spacing(places) if is_snapped else None,
        low_months=tuple(
            sorted({*incomplete, *_list_months([month for month, _, _ in study.quality.months.low], request)})
        ),
        study=study,
    )


def _is_within(
    first: npt.NDArray[np.datetime64], last: npt.NDArray[np.datetime64], period: tuple[dt.date, dt.date]
) -> npt.NDArray[np.bool_]:
    within: npt.NDArray[np.bool_] = (first >= np.datetime64(period[0])) & (last <= np.datetime64(period[1]))
    return within


def _get_all_times(study: Study) -> pd.DataFrame:
    """`started_at` and `time_precision` of every row read, of any crime."""
    columns = ["started_at", "time_precision"]
    return pd.concat([pd.DataFrame(table[columns]) for table in (study.earlier, study.intake.incidents)])


def _require_cover(study: Study, request: OperationRequest) -> None:
    """Refuse periods that the files do not speak for: what is not there is no fall in crime."""
    if study.intake.incidents.empty:
        return  # said by the selection
    all_times = _get_all_times(study)
    data_start, data_end, is_covered, gaps = _find_cover(all_times, request)
    before, other = request.before_period, _say_other(_find_other(all_times, request))
    if not is_covered:
        raise TooLittleDataError(
            f"An operation from {request.start} to {request.end} is compared with {before[0]} to {before[1]}, and the "
            f"incidents of that time run from {data_start} to {data_end}. Give files of all these days{other}."
        )
    if gaps:
        raise TooLittleDataError(
            f"No row of any crime is of {', '.join(gaps)}, which the comparison needs: a gap in the data would look "
            f"like a change in crime. Give the files of these months{other}."
        )


def _find_cover(all_times: pd.DataFrame, request: OperationRequest) -> tuple[dt.date, dt.date, bool, tuple[str, ...]]:
    """First and last day of the rows of that time, whether they cover both periods, and months of these without any."""
    first, last = find_days(all_times)
    n_days = (last.max() - first.min()).astype(np.int64) + 1
    # days without a row at either end may be quiet days: is it likely, at the usual number a day?
    quiet = dt.timedelta(days=int(-np.log(_UNLIKELY) * n_days / len(all_times)))
    within = (last >= np.datetime64(request.before_period[0])) & (first <= np.datetime64(request.end))
    if within.any():
        first, last = first[within], last[within]
    data_start, data_end = first.min().astype(dt.date), last.max().astype(dt.date)
    is_covered = data_start - quiet <= request.before_period[0] and request.end <= data_end + quiet
    return data_start, data_end, is_covered, _list_months(assess_months(all_times).missing, request)


def _find_other(
    all_times: pd.DataFrame,
    request: OperationRequest,
    find_own_gaps: Callable[[OperationRequest], Sequence[str]] = lambda request: (),
) -> Before | None:
    """The other period before, if the operation can be compared with it and the files cover it."""
    try:
        other = dataclasses.replace(request, before="previous" if request.before == "year" else "year")
    except ParameterError:  # longer than a year
        return None
    _, _, is_covered, gaps = _find_cover(all_times, other)
    return other.before if is_covered and not gaps and not find_own_gaps(other) else None


def _say_other(other: Before | None) -> str:
    return f", other dates, or --before {other}" if other else ", or other dates"


def _require_own_cover(
    study: Study, chosen: Selection, request: OperationRequest
) -> tuple[tuple[str, ...], Before | None]:
    """Refuse months in which the files of this crime fail while others go on.

    Returns:
        Months that are incomplete, and the other period before if the files cover it.
    """
    all_times = _get_all_times(study)
    known = pd.concat([pd.DataFrame(table[all_times.columns]) for table in (chosen.earlier, chosen.incidents)])
    known_from = min(request.before_period[0], find_first_day(all_times))
    _, reasons = count_known_months(known, all_times, known_from=known_from, end=request.end)
    first, last = find_days(known)
    own_days = (first.min().astype(dt.date), last.max().astype(dt.date))

    def find_own_gaps(asked: OperationRequest) -> list[str]:
        months = _list_months(list(map(str, reasons.index[reasons == "no data of this crime"])), asked)
        parts = _list_months(list(map(str, reasons.index[reasons == "part of this crime"])), asked)
        return sorted([*months, *(month for month in parts if not _is_reached(month, own_days, asked))])

    gaps, other = find_own_gaps(request), _find_other(all_times, request, find_own_gaps)
    if gaps:
        raise TooLittleDataError(
            f"The files hold none, or only a part, of the {chosen.crime.plural} of {', '.join(gaps)}, though they go "
            "on with other crimes: a gap in the data would look like a change in crime. "
            f"Give the files of these months{_say_other(other)}."
        )
    return _list_months(list(map(str, reasons.index[reasons == "incomplete data"])), request), other


def _is_reached(month: str, own_days: tuple[dt.date, dt.date], request: OperationRequest) -> bool:
    """Whether the days of a month that the comparison needs are all between the first and last incident."""
    start, end = pd.Period(month, "M").start_time.date(), pd.Period(month, "M").end_time.date()
    spans = [(max(start, first), min(end, last)) for first, last in _list_periods(request)]
    return all(own_days[0] <= first and last <= own_days[1] for first, last in spans if first <= last)


def _list_periods(request: OperationRequest) -> tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]]:
    return request.before_period, (request.start, request.end)


def _list_months(months: Sequence[str], request: OperationRequest) -> tuple[str, ...]:
    """Those months that have a day in either period."""
    spans = [(pd.Period(start, "M"), pd.Period(end, "M")) for start, end in _list_periods(request)]
    return tuple(month for month in months if any(start <= pd.Period(month, "M") <= end for start, end in spans))


def _require_days(incidents: gpd.GeoDataFrame, crime: Crime, request: OperationRequest) -> None:
    if request.is_whole_months or not (incidents["time_precision"] == "month").all():
        return
    whole = (request.start.replace(day=1), _month_end(request.end.year * 12 + request.end.month - 1))
    raise ParameterError(
        f"These {crime.plural} are known by month only, so an operation must be of whole months; {request.start} to "
        f"{request.end} is not. Give --from {whole[0]} --to {whole[1]}, or incidents with their days."
    )


def _draw_areas(study_area: shapely.Geometry, treated: Area, control: Area | None, buffer_m: float) -> OperationAreas:
    """Treated area, control and what is around them, each without the places of those before it."""
    inside = shapely.intersection(treated.geometry, study_area)
    if not inside.area > 0:
        raise DataError(
            f"The treated area must lie in the wards of the study; {treated.name} lies in none of them. "
            "Give the boundaries of that place, or check the CRS of the area's file."
        )
    near = shapely.buffer(inside, buffer_m) if buffer_m else inside
    kept = 1.0
    if control is None:
        outside, beside = shapely.difference(study_area, near), None
        around = shapely.intersection(shapely.difference(near, inside), study_area) if buffer_m else None
        is_adjoining = True
    else:
        given = shapely.intersection(control.geometry, study_area)
        if not given.area > 0:
            raise DataError(
                f"The control must lie in the wards of the study; {control.name} lies in none of them. "
                "Give the boundaries of that place, or leave the control out to take the rest of the study area."
            )
        outside = shapely.difference(given, inside)
        kept = outside.area / given.area
        taken = shapely.union(inside, outside)
        around = shapely.intersection(shapely.difference(near, taken), study_area) if buffer_m else None
        wide = shapely.buffer(outside, buffer_m)
        beside = (
            shapely.intersection(shapely.difference(wide, shapely.union(taken, around)), study_area)
            if around is not None
            else None
        )
        beside = _keep_ring(beside, wide, outside)
        is_adjoining = bool(shapely.dwithin(inside, outside, max(buffer_m, 1.0)))
    if not outside.area > 0:
        raise DataError(
            "A control needs places that were not treated; none are left of "
            f"{control.name if control else 'the study area'}. Give another control, or a smaller treated area."
        )
    around = _keep_ring(around, near, inside)
    return OperationAreas(
        study_area=study_area,
        treated=inside,
        control=outside,
        treated_ring=around,
        control_ring=beside if around is not None else None,
        is_rest=control is None,
        outside_share=1 - inside.area / treated.geometry.area,
        overlap_share=1 - kept,
        is_adjoining=is_adjoining,
    )


def _keep_ring(
    ring: shapely.Geometry | None, wide: shapely.Geometry, inside: shapely.Geometry
) -> shapely.Geometry | None:
    """What is left of a ring, unless that is next to nothing of what lies between its two outlines."""
    return ring if ring is not None and ring.area > _MIN_RING_SHARE * (wide.area - inside.area) else None


def _judge(
    first: Counts,
    second: Counts,
    elsewhere: npt.NDArray[np.int64] | Untried,
    columns: tuple[int, int],
    areas: OperationAreas,
    request: OperationRequest,
) -> Judgement:
    scatter = None
    if not isinstance(elsewhere, str):
        one, other = (elsewhere[:, column] for column in columns)
        scatter = measure_scatter(one, other, confidence=request.confidence, n_independent=areas.n_apart)
    change = compare_changes(first, second, confidence=request.confidence, spread=scatter.spread if scatter else 1.0)
    return Judgement(change=change, elsewhere=scatter)


def _count_elsewhere(
    areas: OperationAreas,
    places: UniquePoints,
    n_before: npt.NDArray[np.int64],
    n_after: npt.NDArray[np.int64],
    n_wanted: int,
    request: OperationRequest,
) -> npt.NDArray[np.int64] | Untried:
    """Count in areas of the same shapes, moved at random to where the operation was not.

    Returns:
        int (n_areas, 6, 2): incidents before and after in each treated area, its control, its surroundings and what
        they are compared with, and in area and surroundings together and what these are; or why there are none.
    """
    n_needed = count_areas_needed(request.confidence)
    if n_wanted == 0:
        return "none before"
    # areas that overlap say the same thing many times, so it is those side by side that count
    if areas.n_apart < n_needed:
        return "area too large"
    n_needed = max(n_needed, _MIN_ELSEWHERE)
    touched = areas.treated if areas.treated_ring is None else shapely.union(areas.treated, areas.treated_ring)
    rng = np.random.default_rng(request.seed)
    frame = np.array(areas.study_area.bounds).reshape(2, 2)
    shapely.prepare([areas.study_area, touched])
    all_counts = np.array([n_before, n_after])
    keep = all_counts.any(axis=0)
    all_counts, easting, northing = all_counts[:, keep], places.easting[keep], places.northing[keep]
    is_untouched = shapely.contains_xy(areas.study_area, easting, northing) & ~shapely.contains_xy(
        touched, easting, northing
    )

    def move(shape: shapely.Geometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Offsets at which most of a shape lies in the study area, and where a sample of it then is."""
        box = np.array(shape.bounds).reshape(2, 2)
        if ((box[1] - box[0]) >= (frame[1] - frame[0])).any():
            return np.empty((0, 2)), np.empty((0, 0, 2))
        offsets = rng.uniform(frame[0] - box[0], frame[1] - box[1], (_N_TRIES, 2))
        sample = _sample(shape, rng)
        moved = offsets[:, None, :] + sample[None, :, :]
        fits = shapely.contains_xy(areas.study_area, moved[..., 0], moved[..., 1]).mean(axis=1) >= _MIN_INSIDE_SHARE
        is_free = ~shapely.contains_xy(touched, moved[fits, :, 0], moved[fits, :, 1]).any(axis=1)
        return offsets[fits][is_free], moved[fits][is_free]

    def find(shape: shapely.Geometry | None, offset: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        if shape is None:
            return np.zeros(len(easting), dtype=bool)
        west, south, east, north = shape.bounds
        x, y = easting - offset[0], northing - offset[1]
        inside: npt.NDArray[np.bool_] = is_untouched & (x >= west) & (x <= east) & (y >= south) & (y <= north)
        inside[inside] = shapely.contains_xy(shape, x[inside], y[inside])
        return inside

    shapely.prepare([shape for shape in (areas.treated, areas.treated_ring) if shape is not None])
    offsets, _ = move(areas.treated)
    controls = offsets
    if not areas.is_rest:
        shapely.prepare([shape for shape in (areas.control, areas.control_ring) if shape is not None])
        controls, _ = move(areas.control)
        if len(controls) < _MIN_ELSEWHERE:
            return "control too large"
    rows = []
    for index, offset in enumerate(offsets):
        inside = find(areas.treated, offset)
        n_inside = all_counts[:, inside].sum(axis=1)
        if not n_wanted / _LIKE <= n_inside[0] <= n_wanted * _LIKE:
            continue
        around = find(areas.treated_ring, offset) & ~inside
        if areas.is_rest:
            outside, beside = is_untouched & ~inside & ~around, np.zeros_like(inside)
        else:
            other = controls[index % len(controls)]
            outside = find(areas.control, other)
            if (outside & (inside | around)).any():
                continue  # no place counts twice
            beside = find(areas.control_ring, other) & ~(outside | inside | around)
        against_ring = outside if areas.control_ring is None else beside
        parts = (inside, outside, around, against_ring, inside | around, outside | beside)
        rows.append([all_counts[:, part].sum(axis=1) for part in parts])
        if len(rows) == max(_MAX_ELSEWHERE, n_needed):
            break
    if len(rows) < n_needed:
        return "too few alike"
    return np.array(rows, dtype=np.int64)


def _sample(shape: shapely.Geometry, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Points spread over a shape."""
    west, south, east, north = shape.bounds
    found: list[npt.NDArray[np.float64]] = [np.array([shape.representative_point().coords[0]])]
    for _ in range(20):
        points = rng.uniform((west, south), (east, north), (_N_SAMPLES * 4, 2))
        found.append(points[shapely.contains_xy(shape, points[:, 0], points[:, 1])])
        if sum(map(len, found)) > _N_SAMPLES:
            break
    return np.concatenate(found)[: _N_SAMPLES + 1]


def _bin(
    part: npt.NDArray[np.int64],
    is_placed: npt.NDArray[np.bool_],
    first: npt.NDArray[np.datetime64],
    last: npt.NDArray[np.datetime64],
    before: tuple[dt.date, dt.date],
    request: OperationRequest,
) -> tuple[Literal["month", "week"], tuple[Bin, ...]]:
    """Counts by week, the operation beginning a week; by month where it is of whole months, or there are many weeks."""
    n_weeks = -(-((request.end - before[0]).days + 1) // 7)
    spans: list[tuple[dt.date, dt.date, bool]] = []
    unit: Literal["month", "week"]
    if request.is_whole_months or n_weeks > _MAX_BINS:
        unit = "month"
        for month in pd.period_range(before[0], request.end, freq="M"):
            start, end = max(month.start_time.date(), before[0]), min(month.end_time.date(), request.end)
            spans.append((start, end, (end - start).days + 1 == month.days_in_month))
    else:
        unit = "week"
        start = request.start
        while start > before[0]:
            start -= dt.timedelta(weeks=1)
        while start <= request.end:
            end = start + dt.timedelta(days=6)
            shown = max(start, before[0]), min(end, request.end)
            spans.append((*shown, shown == (start, end)))
            start += dt.timedelta(weeks=1)
    bins = []
    for start, end, is_whole in spans:
        within = is_placed & _is_within(first, last, (start, end))
        bins.append(
            Bin(
                start=start,
                end=end,
                n_treated=int((within & (part == 0)).sum()),
                n_control=int((within & (part == 1)).sum()),
                is_whole=is_whole,
            )
        )
    return unit, tuple(bins)


def _measure_spacing(places: UniquePoints) -> float | None:
    """Median distance from a place of incidents to the nearest other."""
    if len(places.easting) < _MIN_POINTS:
        return None
    points = shapely.points(places.coordinates)
    _, distance = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True, all_matches=False)
    return float(np.median(distance))
