"""Did an operation work: a study, a treated area and dates to a comparison with a control and with the time before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.analysis.change import (
    Counts,
    PairedCounts,
    RelativeChange,
    Scatter,
    Untried,
    WeightedDisplacement,
    add_counts,
    compare_changes,
    count_elsewhere,
    measure_displacement,
    measure_scatter,
)
from hotspots.contracts import AREA
from hotspots.crimes import Crime
from hotspots.geography import FLOOR, UniquePoints, collapse_points, find_polygon, weigh_places
from hotspots.ingest.formats import FoundFile
from hotspots.ingest.incidents import find_days
from hotspots.ingest.reference import PatrolRecords
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.operation_areas import Area, OperationAreas, draw_areas
from hotspots.pipeline.operation_bins import Bin, BinUnit, DatedCounts, bin_counts, place_in_areas
from hotspots.pipeline.operation_cover import (
    list_months,
    require_cover,
    require_covered,
    require_days,
    require_own_cover,
)
from hotspots.pipeline.operation_harm import OperationHarm, measure_operation_harm
from hotspots.pipeline.operation_patrols import OperationPatrols, measure_operation_patrols
from hotspots.pipeline.operation_request import Before, OperationRequest
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Progress, Study, gather_status, silent
from hotspots.pipeline.window_changes import LostPlaces, find_lost, find_refused

_MIN_POINTS = 5
_ONE_ERROR = 0.6827
"""Confidence of limits that are one standard error wide: a rise beyond them will in part be chance, and will end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The result for one part: the treated area, its surroundings, or both.

    Attributes:
        change: Against the control, its limits widened by how far areas elsewhere scatter, where that is known.
        elsewhere: That scatter; None where it is not known.
    """

    change: RelativeChange
    elsewhere: Scatter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A rise that came before an operation, and may have been chance that ends anyhow.

    Attributes:
        treated, control: Incidents in as long a period before the period compared with, and in that.
        start, end: First and last day of that earlier period.
    """

    treated: Counts
    control: Counts
    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The change of crime during an operation.

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
        rise: What the period before had risen from, where that is the one just before and it rose by more than one
            standard error against the control; else None.
        harm: The difference in harm of all crimes; None where it was not asked for.
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
        holes: Files, boroughs or wards that the files do not cover in some months of either period.
        n_uncovered: Incidents of these in either period, which are left out of both.
        lost: Rows without a place, where the periods have unequal shares of them; else None.
        is_too_fine: Whether an area drawn in a file holds so few incidents or places that single ones could be found.
        patrols: How much of it was done; None without records of patrols.
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
    rise: Rise | None
    harm: OperationHarm | None
    untried: Untried | None
    bins: tuple[Bin, ...]
    bin_unit: BinUnit
    selection: Selection
    n_unplaced: int
    n_undated: int
    n_points: int | None
    spacing_m: float | None
    low_months: tuple[str, ...]
    holes: tuple[Hole, ...]
    n_uncovered: int
    lost: LostPlaces | None
    is_too_fine: bool
    patrols: OperationPatrols | None = None
    study: Study

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        return gather_status((*self.study.inputs, *(self.patrols.files if self.patrols else ())))


def evaluate_operation(
    study: Study,
    request: OperationRequest,
    treated: Area,
    *,
    control: Area | None = None,
    records: PatrolRecords | None = None,
    progress: Progress = silent,
) -> Operation:
    """Compare the change of crime in a treated area with that in a control.

    Each result is judged by the ratio of ratios (`hotspots.analysis.change.displacement`), with limits widened by how
    far the same measure scatters over areas of the same shape elsewhere in the study area. The weighted displacement
    difference is given as published, beside it.

    Args:
        study: What was read; from the first day of the period compared with, at the latest.
        request: The operation.
        treated: Where something was done.
        control: What it is compared with; by default the rest of the study area.
        records: Where patrols were, which says how much of the operation was done, and does not change its verdict.
        progress: Called with each step.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: Month-only incidents are to be counted by days.
        DataError: The treated area lies outside the study area, or leaves no control.
        TooLittleDataError: The files do not cover both periods, or hold no incident there, or none of this crime in a
            month that would have some.
    """
    require_cover(study, request)
    start, end = request.before_period[0].replace(day=1), request.whole_months[1]
    chosen = select_incidents(study, AnalysisRequest(crime=request.crime, start=start, end=end, wards=request.wards))
    incidents = chosen.incidents
    require_days(incidents, chosen.crime, request)
    cover = require_own_cover(study, chosen, request)
    areas = draw_areas(chosen.study_area, treated, control, request.buffer_m)
    progress(f"{chosen.crime.slug}: counting")

    is_placed = (incidents["location_precision"] != AREA).to_numpy()
    first, last = find_days(incidents)
    places = collapse_points(incidents)
    polygons = [areas.treated, areas.control, areas.treated_ring, areas.control_ring]
    part = find_polygon(places, np.array([polygon or shapely.Polygon() for polygon in polygons]))[places.inverse]
    uncovered = (
        np.logical_or.reduce([hole.holds(incidents) for hole in cover.holes])
        if cover.holes
        else np.zeros(len(incidents), dtype=bool)
    )
    for index, name in ((0, "the treated area"), (1, "the control")):
        if cover.holes and (index == 0 or control is not None):
            require_covered(name, cover.holes, uncovered, part == index, chosen.crime)
    is_compared = is_placed & ~uncovered
    dated = DatedCounts(first=first, last=last, part=np.where(is_compared, part, -1))
    before, during = request.periods
    is_before, is_after = dated.is_within(*before), dated.is_within(*during)

    counts = [
        dated.count(index, before, during) if polygon is not None else None for index, polygon in enumerate(polygons)
    ]
    inside, outside = counts[0] or (0, 0), counts[1] or (0, 0)
    displacement = measure_displacement(
        treated=inside,
        control=outside,
        displacement_treated=counts[2],
        displacement_control=counts[3],
        period_days=(float((before[1] - before[0]).days + 1), float((during[1] - during[0]).days + 1)),
        area_weights=request.area_weights or areas.size_weights,
        confidence=request.confidence,
    )
    progress(f"{chosen.crime.slug}: elsewhere")
    elsewhere = count_elsewhere(
        areas,
        places.coordinates,
        np.array(
            [
                np.bincount(places.inverse[is_compared & kept], minlength=len(places.easting))
                for kept in (is_before, is_after)
            ]
        ),
        n_before=inside[0],
        confidence=request.confidence,
        seed=request.seed,
    )
    around, beside = displacement.displacement_treated, displacement.displacement_control

    def judge(one: Counts, other: Counts, tried: PairedCounts) -> Judgement:
        scatter = None
        if elsewhere.untried is None:
            scatter = measure_scatter(
                tried[:, 0], tried[:, 1], confidence=request.confidence, n_independent=areas.n_apart
            )
        spread = scatter.spread if scatter else 1.0
        change = compare_changes(one, other, confidence=request.confidence, spread=spread)
        return Judgement(change=change, elsewhere=scatter)

    local = judge(inside, outside, elsewhere.local)
    displaced = None if around is None else judge(around, beside or outside, elsewhere.displaced)
    net = local if around is None else judge(add_counts(inside, around), add_counts(outside, beside), elsewhere.net)
    harm = None
    if request.harm is not None:
        progress(f"{chosen.crime.slug}: harm")
        harm = measure_operation_harm(study, request, displacement, wards=chosen.wards, areas=areas)
    unit, bins = bin_counts(dated, request)
    is_snapped = bool((incidents["location_precision"] == "anonymised").any())
    is_counted = is_before | is_after
    # wards are large; what is drawn in a file may be a house, and so may what lies around it
    drawn = [0, 2] * bool(treated.files) + [1, 3] * bool(control and control.files)
    return Operation(
        request=request,
        crime=chosen.crime,
        treated_name=treated.name,
        control_name=control.name if control else "the rest of the study area",
        files=treated.files + (control.files if control else ()),
        areas=areas,
        before=before,
        other_before=cover.other_before,
        displacement=displacement,
        net=net,
        local=local,
        displaced=displaced,
        rise=_find_rise(chosen, request, areas) if request.before == "previous" and cover.reaches_back else None,
        harm=harm,
        untried=elsewhere.untried,
        bins=bins,
        bin_unit=unit,
        selection=chosen,
        n_unplaced=int((~is_placed & is_counted).sum()),
        n_undated=int(((dated.may_be_within(*before) | dated.may_be_within(*during)) & ~is_counted).sum()),
        n_points=len(np.unique(places.inverse[is_counted & (dated.part == 0)])) if is_snapped else None,
        spacing_m=_measure_spacing(places) if is_snapped else None,
        low_months=tuple(
            sorted({*cover.low_months, *list_months([month for month, _, _ in study.quality.months.low], request)})
        ),
        holes=cover.holes,
        n_uncovered=int((uncovered & is_placed & is_counted & (part >= 0)).sum()),
        lost=find_lost(
            pd.concat([incidents, chosen.beyond]),
            np.arange(len(incidents) + len(chosen.beyond)) < len(incidents),
            find_refused(study.all_rejected, chosen.crime),
            (during, before),
        ),
        is_too_fine=any(_holds_few(incidents[(dated.part == index) & is_counted]) for index in drawn),
        patrols=measure_operation_patrols(records, areas, start=request.start, end=request.end) if records else None,
        study=study,
    )


def _find_rise(chosen: Selection, request: OperationRequest, areas: OperationAreas) -> Rise | None:
    """What the period before had risen from in the treated area, against the control and beyond one standard error."""
    both = gpd.GeoDataFrame(pd.concat([chosen.earlier, chosen.incidents]), crs=chosen.incidents.crs)
    dated = place_in_areas(both, [areas.treated, areas.control])
    earlier, before = request.one_before.periods
    inside, outside = (dated.count(index, earlier, before) for index in (0, 1))
    if compare_changes(inside, outside, confidence=_ONE_ERROR).direction != "worse":
        return None
    return Rise(treated=inside, control=outside, start=earlier[0], end=earlier[1])


def _holds_few(incidents: gpd.GeoDataFrame) -> bool:
    """Whether there are incidents, but so few or at so few places that single ones could be found."""
    places = collapse_points(incidents)
    return len(incidents) > 0 and not FLOOR.is_met(len(incidents), weigh_places(incidents, places).sum())


def _measure_spacing(places: UniquePoints) -> float | None:
    """Median distance from a place of incidents to the nearest other."""
    if len(places.easting) < _MIN_POINTS:
        return None
    points = shapely.points(places.coordinates)
    _, distance = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True, all_matches=False)
    return float(np.median(distance))
