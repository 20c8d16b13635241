"""Where: the density, the hot spots and what speaks for each, and whether such maps have been right before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.accuracy import (
    MONTHLY_FROM_DAYS,
    Fold,
    Holdout,
    evaluate_methods,
    list_reaches,
    plan_folds,
    plan_predecessor,
)
from hotspots.analysis.calendar import Periods, count_by_period, make_periods
from hotspots.analysis.hotspots import (
    DAY_PARTS,
    Hotspot,
    HotspotAreas,
    ShiftAnalysis,
    ShiftPlaces,
    analyse_shifts,
    draw_hotspots,
    measure_stability,
    name_window,
    rank_hotspots,
    weigh_evidence,
)
from hotspots.analysis.hours import profile_week, weigh_hours
from hotspots.analysis.rates import estimate_residents
from hotspots.analysis.significance import (
    CellSizeChoice,
    Persistence,
    Significance,
    choose_cell_size,
    classify_persistence,
    measure_gi_star,
)
from hotspots.analysis.surfaces import (
    KERNELS,
    Bandwidth,
    DensitySurface,
    RiskEstimate,
    SmallestArea,
    choose_adaptive_bandwidths,
    choose_bandwidth,
    convert_bandwidth,
    estimate_density,
    estimate_risk,
    find_smallest_areas,
    warn_of_width,
)
from hotspots.contracts import AREA
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Cells, Grid, make_cells
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import is_near

_MARGIN_M = 1000.0
"""How far beyond the wards incidents are still looked at, so that a cluster across the boundary is found."""
_WIDEST_CHOICE_M = 2000.0
_MIN_RING_DENSITY = 0.2
"""Recorded crime just beyond the wards, against that within, from which the data are taken to go on there."""
_MIN_TESTED_CELLS = 25
_MIN_PERIODS, _MAX_PERIODS = 4, 12
_MIN_INCIDENTS_A_PERIOD = 50
_DAYS_A_MONTH = 365.25 / 12

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignificanceTest:
    """The test of every cell.

    Attributes:
        cells: On which it was made.
        choice: Their size, and why.
        gi_star: Its results.
        periods, persistence: Hot cells over time; None where the period is too short for it.
    """

    cells: Cells
    choice: CellSizeChoice
    gi_star: Significance
    periods: Periods | None
    persistence: Persistence | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAnalysis:
    """Where the incidents of one crime are.

    Attributes:
        n_beyond: Incidents in no ward analysed, but near enough to be used by the density and the clusters, so that
            neither stops at the boundary.
        density: Incidents, or harm, per square kilometre.
        bandwidth: How its bandwidth was chosen; None where it was given.
        bandwidth_warning: What speaks against sending people to places by it, in a sentence; None for nothing.
        smallest_areas: The least of the area that holds a quarter, half and three quarters of it; empty where there
            is nothing to hold.
        areas: How the hot spots were drawn.
        hotspots: In their order.
        risk: What is to be expected of each cell; None, as the test, where no incident has a place of its own.
        test: Which cells are hot by more than chance.
        holdout: How such maps did on incidents they had not seen; None where the period is too short or too thin.
        holdout_reason: Why there is none.
        shifts: Where they are in each part of the week.
    """

    n_beyond: int
    density: DensitySurface
    bandwidth: Bandwidth | None
    bandwidth_warning: str | None
    smallest_areas: tuple[SmallestArea, ...]
    areas: HotspotAreas
    hotspots: tuple[Hotspot, ...]
    risk: RiskEstimate | None
    test: SignificanceTest | None
    holdout: Holdout | None
    holdout_reason: str | None
    shifts: ShiftAnalysis


def analyse_places(
    incidents: gpd.GeoDataFrame,
    beyond: gpd.GeoDataFrame,
    other_incidents: gpd.GeoDataFrame,
    others_beyond: gpd.GeoDataFrame,
    *,
    wards: gpd.GeoDataFrame,
    study_area: shapely.Geometry,
    start: dt.date,
    end: dt.date,
    hours: sparse.csr_array,
    request: AnalysisRequest,
    harm: pd.Series | None = None,
    past: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame] | None = None,
) -> PlaceAnalysis:
    """Find where the incidents of one crime are, and how sure that is.

    Args:
        incidents: Of the crime, in the wards analysed.
        beyond: Of the crime, in none of them.
        other_incidents: Of other crimes, in the wards analysed and the same days.
        others_beyond: Of other crimes, in none of them.
        wards: The wards analysed.
        study_area: Their union.
        start: First day of the period.
        end: Last day of it.
        hours: `weigh_hours(incidents)`.
        request: The options; with `harm` in it, density and ranking are by harm.
        harm: Of each incident, on the index of `incidents` and `beyond` together; None where it is not known of all.
        past: Before the period: of the crime in the wards, of the crime in none of them, and of other crimes in the
            wards. The map before a short period is drawn from them.

    Raises:
        ParameterError: Hot spots have no room in their extent.
        TooLittleDataError: A bandwidth is to be chosen, and the incidents lie on fewer than three places.
    """
    located, others = with_places(incidents), with_places(other_incidents)
    around = add_surroundings(located, beyond, study_area=study_area, request=request)
    n_beyond = len(around) - len(located)
    goes_on = _goes_on_beyond(len(located) + len(others), (around.iloc[len(located) :], others_beyond), study_area)
    weights = harm.loc[around.index].to_numpy() if request.harm and harm is not None else None
    ends_at = None if goes_on else study_area
    bandwidth, bandwidths_m, density = _estimate(around, weights, ends_at, study_area, request)
    warning = warn_of_width(density.bandwidth_m, kernel=density.kernel, area_m2=study_area.area)
    areas = draw_hotspots(around, study_area=study_area, options=request.hotspot_options)
    if located.empty:
        return PlaceAnalysis(
            n_beyond=n_beyond,
            density=density,
            bandwidth=bandwidth,
            bandwidth_warning=warning,
            smallest_areas=(),
            areas=areas,
            hotspots=(),
            risk=None,
            test=None,
            holdout=None,
            holdout_reason="no incident has a place of its own",
            shifts=ShiftAnalysis(
                available=False,
                reason="no places",
                explanation="No incident has a place of its own.",
                n_timed=int((incidents["time_precision"] == "minute").sum()),
            ),
        )
    cells = make_cells(study_area, cell_size_m=request.cell_size_m)
    risk = estimate_risk(
        located, others if len(others) else None, cells=cells, bandwidths_m=list_reaches(request.cell_size_m)
    )
    test = measure_significance(located, study_area=study_area, start=start, end=end, request=request)
    evidence = weigh_evidence(
        located,
        areas.outlines,
        risk=risk,
        cells=test.cells,
        significance=test.gi_star,
        stability=measure_stability(around, areas.outlines, areas.clusters),
        persistence=test.persistence,
    )
    holdout, reason = _look_back(around, others, past, density, study_area, start, end, request)
    hotspots = rank_hotspots(
        incidents,
        areas.outlines,
        evidence,
        hours=hours,
        residents=estimate_residents(areas.outlines, wards),
        harm=None if harm is None else harm.loc[incidents.index],
        by_harm=request.harm is not None,
    )
    return PlaceAnalysis(
        n_beyond=n_beyond,
        density=density,
        bandwidth=bandwidth,
        bandwidth_warning=warning,
        smallest_areas=find_smallest_areas(density, located, study_area=study_area),
        areas=areas,
        hotspots=hotspots,
        risk=risk,
        test=test,
        holdout=holdout,
        holdout_reason=reason,
        shifts=_divide_week(
            incidents,
            around,
            areas,
            density,
            week_outlines=[hotspot.outline for hotspot in hotspots],
            study_area=study_area,
            hours=hours,
            bandwidths_m=bandwidths_m,
            request=request,
        ),
    )


def _divide_week(
    incidents: gpd.GeoDataFrame,
    around: gpd.GeoDataFrame,
    areas: HotspotAreas,
    density: DensitySurface,
    *,
    week_outlines: Sequence[shapely.Geometry],
    study_area: shapely.Geometry,
    hours: sparse.csr_array,
    bandwidths_m: float | Floats,
    request: AnalysisRequest,
) -> ShiftAnalysis:
    """The parts of the week, withheld where the weekly profile is and for the same reason."""
    profile = profile_week(incidents, hours=hours)
    chosen = () if request.window is None else (name_window(request.window),)
    shifts: tuple[ShiftPlaces, ...] = ()
    if profile.available:
        shifts = analyse_shifts(
            incidents,
            around,
            shifts=(*chosen, *DAY_PARTS),
            hours=hours,
            surrounding_hours=weigh_hours(around),
            week_outlines=week_outlines,
            study_area=study_area,
            options=dataclasses.replace(request.hotspot_options, eps_m=areas.clusters.eps_m),
            grid=density.grid,
            bandwidth_m=bandwidths_m,
            kernel=density.kernel,
            density_area=study_area if density.is_edge_corrected else None,
        )
    return ShiftAnalysis(
        available=profile.available,
        reason=profile.reason,
        explanation=profile.explanation,
        n_timed=profile.n_timed,
        shifts=shifts,
    )


def _estimate(
    incidents: gpd.GeoDataFrame,
    weights: Floats | None,
    ends_at: shapely.Geometry | None,
    study_area: shapely.Geometry,
    request: AnalysisRequest,
) -> tuple[Bandwidth | None, float | Floats, DensitySurface]:
    """How the bandwidth was chosen, the one for all or that of each, and the density with it.

    It is corrected at the edge where the data end at it.
    """
    bandwidth, bandwidth_m, each_m = None, request.bandwidth_m, None
    rule = request.bandwidth_rule
    if bandwidth_m is None and rule == "adaptive":
        # the distances are radii of a quartic kernel; others smooth as much at another bandwidth
        same = convert_bandwidth(1.0, from_kernel="quartic", to_kernel=request.kernel)
        each_m = np.maximum(same * choose_adaptive_bandwidths(incidents), request.cell_size_m)
        bandwidth_m, ends_at = float(each_m.max(initial=request.cell_size_m)), None
    elif bandwidth_m is None and rule != "adaptive":
        bandwidth = choose_bandwidth(incidents, rule=rule, kernel=request.kernel, study_area=study_area)
        bandwidth_m = max(bandwidth.bandwidth_m, request.cell_size_m)
    bandwidth_m = float(bandwidth_m or request.cell_size_m)
    bandwidths_m = bandwidth_m if each_m is None else each_m
    density = estimate_density(
        incidents,
        grid=Grid.covering(
            study_area.bounds, cell_size_m=request.cell_size_m, padding_m=bandwidth_m * KERNELS[request.kernel].reach
        ),
        bandwidth_m=bandwidths_m,
        kernel=request.kernel,
        incident_weights=weights,
        study_area=ends_at,
    )
    return bandwidth, bandwidths_m, density


def with_places(incidents: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Those that are located more precisely than to an area."""
    return incidents[(incidents["location_precision"] != AREA).to_numpy()]


def add_surroundings(
    located: gpd.GeoDataFrame, beyond: gpd.GeoDataFrame, *, study_area: shapely.Geometry, request: AnalysisRequest
) -> gpd.GeoDataFrame:
    """Incidents in the wards, and after them those beyond that are near enough to matter to density and clusters."""
    # a bandwidth that is yet to be chosen may be as wide as the widest that is tried
    bandwidth_m = request.bandwidth_m or convert_bandwidth(
        _WIDEST_CHOICE_M, from_kernel="quartic", to_kernel=request.kernel
    )
    margin_m = max(KERNELS[request.kernel].reach * bandwidth_m, _MARGIN_M)
    near = with_places(beyond[is_near(beyond, study_area.bounds, margin_m)])
    return gpd.GeoDataFrame(pd.concat([located, near]) if len(near) else located, crs=located.crs)


def _goes_on_beyond(n_within: int, beyond: Sequence[gpd.GeoDataFrame], study_area: shapely.Geometry) -> bool:
    """Whether crime is recorded just beyond the wards as well, so that the density need not be corrected there."""
    width_m = _MARGIN_M / 4
    ring = shapely.difference(shapely.buffer(study_area, width_m), study_area)
    shapely.prepare(ring)
    near = [with_places(table[is_near(table, study_area.bounds, width_m)]).geometry for table in beyond]
    n_ring = sum(int(shapely.contains_xy(ring, points.x, points.y).sum()) for points in near)
    return bool(n_ring / ring.area >= _MIN_RING_DENSITY * n_within / study_area.area)


def measure_significance(
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    start: dt.date,
    end: dt.date,
    request: AnalysisRequest,
) -> SignificanceTest:
    """Test which cells are hot by more than chance, over the whole period and from one part of it to the next.

    Raises:
        ParameterError: The cells are too many, or their counts too large for the exact test.
    """
    choice = choose_cell_size(incidents)
    largest_m = math.sqrt(study_area.area / _MIN_TESTED_CELLS)
    if choice.cell_size_m > largest_m:
        reason = f"{choice.reason} The area is so small that {_MIN_TESTED_CELLS} of them are {largest_m:.0f} m."
        choice = dataclasses.replace(choice, cell_size_m=largest_m, reason=reason)
    cells = make_cells(study_area, cell_size_m=choice.cell_size_m, shape=request.cell_shape)
    neighbours = cells.neighbours()
    counts = cells.count(incidents)
    periods = _divide(incidents, start, end)
    persistence = None
    if periods is not None:
        tested = [measure_gi_star(n, neighbours) for n in count_by_period(incidents, cells, periods=periods).counts]
        persistence = classify_persistence(
            np.stack([one.is_hot for one in tested]), np.stack([one.z for one in tested])
        )
    return SignificanceTest(
        cells=cells,
        choice=choice,
        gi_star=measure_gi_star(counts, neighbours),
        periods=periods,
        persistence=persistence,
    )


def _divide(incidents: gpd.GeoDataFrame, start: dt.date, end: dt.date) -> Periods | None:
    """Up to twelve equal periods with enough incidents in each, or None where they are fewer than four."""
    n_days = (end - start).days + 1
    n_periods = min(_MAX_PERIODS, len(incidents) // _MIN_INCIDENTS_A_PERIOD)
    if n_periods < _MIN_PERIODS:
        return None
    is_monthly = bool((incidents["time_precision"] == "month").any()) or n_days >= MONTHLY_FROM_DAYS
    n_units = n_days / (_DAYS_A_MONTH if is_monthly else 7)
    length = math.ceil(round(n_units, 1) / n_periods)
    try:
        periods = (
            make_periods(first=start, last=end, unit="month", length=length)
            if is_monthly
            else make_periods(first=start, last=end, unit="day", length=7 * length)
        )
    except TooLittleDataError:
        return None
    return periods if len(periods) >= _MIN_PERIODS else None


def _look_back(
    incidents: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    past: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame] | None,
    density: DensitySurface,
    study_area: shapely.Geometry,
    start: dt.date,
    end: dt.date,
    request: AnalysisRequest,
) -> tuple[Holdout | None, str | None]:
    """The test of such maps on incidents they had not seen, or why there is none.

    A period too short to be divided is tested as a whole, by a map of the period before it, where that is known.
    """
    try:
        try:
            folds, others = plan_tests(start, end, incidents, others)
        except TooLittleDataError:
            if past is None:
                raise
            earlier, beyond, earlier_others = past
            is_monthly = has_months(incidents, earlier)
            folds = plan_predecessor(start, end, known_from=_find_first_day(past), is_monthly=is_monthly)
            before = add_surroundings(with_places(earlier), beyond, study_area=study_area, request=request)
            incidents, others = (
                gpd.GeoDataFrame(pd.concat(both), crs=incidents.crs)
                for both in ((before, incidents), (with_places(earlier_others), others))
            )
            if not is_monthly:
                others = _with_days(others)
        holdout = evaluate_methods(
            incidents,
            others if len(others) else None,
            study_area=study_area,
            folds=folds,
            cell_sizes_m=(request.cell_size_m,),
            bandwidths_m=(max(density.bandwidth_m, request.cell_size_m),),
            hotspot_options=request.hotspot_options,
        )
    except (TooLittleDataError, ParameterError) as error:
        # a ParameterError where the few incidents of a fold ask for a larger eps than the extent has room for
        return None, str(error)
    return holdout, None


def plan_tests(
    start: dt.date, end: dt.date, incidents: gpd.GeoDataFrame, others: gpd.GeoDataFrame
) -> tuple[tuple[Fold, ...], gpd.GeoDataFrame]:
    """Rolling tests of a period, and the other crime that they may use.

    Of whole months where any incident gives only its month. If the period is too short for that, and only other crime
    does, the tests are of weeks and do without it: nobody knows on which side of a day such an incident lies.

    Raises:
        TooLittleDataError: The period is too short.
    """
    is_monthly = has_months(incidents)
    try:
        return plan_folds(start, end, is_monthly=is_monthly or has_months(others)), others
    except TooLittleDataError:
        if is_monthly or not has_months(others):
            raise
        return plan_folds(start, end, is_monthly=False), _with_days(others)


def _with_days(incidents: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Those that give more than their month."""
    return incidents[(incidents["time_precision"] != "month").to_numpy()]


def _find_first_day(past: Sequence[gpd.GeoDataFrame]) -> dt.date | None:
    """The first day of any incident before the period; None where there are none."""
    first = [table["started_at"].min() for table in past if len(table)]
    return min(first).date() if first else None


def has_months(*tables: gpd.GeoDataFrame) -> bool:
    """Whether any incident gives only its month, so that a test must be of whole months."""
    return any(bool((table["time_precision"] == "month").any()) for table in tables)
