"""Where: the density, the hot spots and the evidence for each, and whether such maps have been right before."""

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

from hotspots.analysis.accuracy import Holdout, list_reaches
from hotspots.analysis.hotspots import (
    DAY_PARTS,
    Hotspot,
    HotspotAreas,
    PatrolPlaces,
    ShiftAnalysis,
    ShiftPlaces,
    analyse_shifts,
    choose_patrol_places,
    draw_hotspots,
    measure_location_quotients,
    measure_stability,
    name_window,
    rank_hotspots,
    weigh_evidence,
)
from hotspots.analysis.hours import WeeklyProfile, weigh_hours
from hotspots.analysis.rates import estimate_residents
from hotspots.analysis.surfaces import (
    KERNELS,
    Bandwidth,
    DensitySurface,
    FirstCells,
    RiskEstimate,
    ShownDensity,
    SmallestArea,
    choose_adaptive_bandwidths,
    choose_bandwidth,
    convert_bandwidth,
    estimate_density,
    estimate_risk,
    find_first_cells,
    find_smallest_areas,
    locate_incidents,
    show_density,
    warn_of_width,
)
from hotspots.geography import Catchments, Grid, collapse_points, keep_parts, make_cells, measure_catchments
from hotspots.pipeline.cell_tests import SignificanceTest, measure_significance
from hotspots.pipeline.map_tests import judge_maps
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.surroundings import add_surroundings, goes_on_beyond, with_places

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceAnalysis:
    """Where the incidents of one crime are.

    Attributes:
        n_beyond: Incidents in no ward analysed, but near enough to be used by the density and the clusters, so that
            neither stops at the boundary.
        density: Incidents, or harm, per square kilometre.
        shown: The part of it that may be drawn.
        bandwidth: How its bandwidth was chosen; None where it was given.
        bandwidth_warning: What speaks against sending people to places by it, in a sentence; None for nothing.
        smallest_areas: The least of the area that holds a quarter, half and three quarters of it, without outlines
            around too few incidents to be shown; empty where there is nothing to hold.
        areas: How the hot spots were drawn.
        hotspots: Where incidents cluster, in order of what is expected there.
        patrols: How places to patrol were chosen; None as the estimate.
        patrol_places: Where to go: the places that hold most of what is expected, in that order.
        catchments: The ground that each recorded point stands for; None where incidents are not on shared points, or
            other crime is not known.
        risk: What is to be expected of each cell; None, as the test, where no incident has a place of its own.
        first_cells: Where most is to be expected, as far as it may be shown; None as the estimate.
        test: Which cells are hot by more than chance.
        holdout: How such maps did on incidents they had not seen; None where the period is too short or too thin.
        holdout_reason: Why there is none.
        shifts: Where they are in each part of the week.
    """

    n_beyond: int
    density: DensitySurface
    shown: ShownDensity
    bandwidth: Bandwidth | None
    bandwidth_warning: str | None
    smallest_areas: tuple[SmallestArea, ...]
    areas: HotspotAreas
    hotspots: tuple[Hotspot, ...]
    patrols: PatrolPlaces | None
    patrol_places: tuple[Hotspot, ...]
    catchments: Catchments | None
    risk: RiskEstimate | None
    first_cells: FirstCells | None
    test: SignificanceTest | None
    holdout: Holdout | None
    holdout_reason: str | None
    shifts: ShiftAnalysis


def analyse_places(
    chosen: Selection,
    request: AnalysisRequest,
    *,
    hours: sparse.csr_array,
    profile: WeeklyProfile,
    harm: pd.Series | None = None,
) -> PlaceAnalysis:
    """Find where the incidents of one crime are, and how sure that is.

    Args:
        chosen: What is analysed.
        request: The options; with `harm` in it, density and ranking are by harm.
        hours: `weigh_hours` of the incidents.
        profile: Their hours of the week.
        harm: Of each incident, on the index of `incidents` and `beyond` together; None where it is not known of all.

    Raises:
        ParameterError: Hot spots have no room in their extent.
        TooLittleDataError: A bandwidth is to be chosen, and the incidents lie on fewer than three places.
    """
    incidents, study_area = chosen.incidents, chosen.study_area
    located, others = with_places(incidents), with_places(chosen.others)
    around = add_surroundings(located, chosen.beyond, study_area=study_area, request=request)
    n_beyond = len(around) - len(located)
    beyond = (around.iloc[len(located) :], chosen.others_beyond)
    goes_on = goes_on_beyond(len(located) + len(others), beyond, study_area)
    weights = harm.loc[around.index].to_numpy() if request.harm and harm is not None else None
    ends_at = None if goes_on else study_area
    bandwidth, bandwidths_m, density = _estimate(around, weights, ends_at, study_area, request)
    warning = warn_of_width(density.bandwidth_m, kernel=density.kernel, area_m2=study_area.area)
    density_area = study_area if density.is_edge_corrected else None
    shown = show_density(density, around, bandwidth_m=bandwidths_m, floor=request.floor, study_area=density_area)
    areas = draw_hotspots(around, study_area=study_area, options=request.hotspot_options)
    if located.empty:
        return PlaceAnalysis(
            n_beyond=n_beyond,
            density=density,
            shown=shown,
            bandwidth=bandwidth,
            bandwidth_warning=warning,
            smallest_areas=(),
            areas=areas,
            hotspots=(),
            patrols=None,
            patrol_places=(),
            catchments=None,
            risk=None,
            first_cells=None,
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
    other_places = collapse_points(others)
    risk = estimate_risk(
        located,
        locate_incidents(others, cells, places=other_places) if len(others) else None,
        cells=cells,
        bandwidths_m=list_reaches(request.cell_size_m),
        start=chosen.start,
        end=chosen.end,
    )
    test = measure_significance(
        located,
        study_area=study_area,
        start=chosen.start,
        end=chosen.end,
        cell_shape=request.cell_shape,
        floor=request.floor,
    )
    patrols = choose_patrol_places(
        located,
        risk.expected,
        cells=cells,
        study_area=study_area,
        options=request.patrol_options,
        harm=harm if request.harm else None,
    )

    def rank(outlines: Sequence[shapely.Geometry], stability: Floats) -> tuple[Hotspot, ...]:
        if not outlines:
            return ()
        evidence = weigh_evidence(
            located,
            outlines,
            risk=risk,
            cells=test.cells,
            significance=test.gi_star,
            stability=stability,
            persistence=test.persistence,
            quotients=measure_location_quotients(located, other_places, outlines, study_area=study_area),
            is_shown=test.is_shown,
        )
        return rank_hotspots(
            incidents,
            outlines,
            evidence,
            hours=hours,
            residents=estimate_residents(outlines, chosen.wards),
            harm=None if harm is None else harm.loc[incidents.index],
            by_harm=request.harm is not None,
            floor=request.floor,
        )

    hotspots = rank(areas.outlines, measure_stability(around, areas.outlines, areas.clusters))
    holdout, reason = judge_maps(
        chosen, request, around=around, others=others, cells=cells, bandwidth_m=density.bandwidth_m
    )
    parts = (*(() if request.window is None else (name_window(request.window),)), *DAY_PARTS)
    shifts: tuple[ShiftPlaces, ...] = ()
    if profile.available:  # otherwise the parts of the week are withheld as it is, and for the same reason
        shifts = analyse_shifts(
            incidents,
            around,
            shifts=parts,
            hours=hours,
            surrounding_hours=weigh_hours(around),
            week_outlines=[hotspot.outline for hotspot in hotspots],
            study_area=study_area,
            options=dataclasses.replace(request.hotspot_options, eps_m=areas.clusters.eps_m),
            grid=density.grid,
            bandwidth_m=bandwidths_m,
            kernel=density.kernel,
            density_area=density_area,
        )
    return PlaceAnalysis(
        n_beyond=n_beyond,
        density=density,
        shown=shown,
        bandwidth=bandwidth,
        bandwidth_warning=warning,
        smallest_areas=tuple(
            dataclasses.replace(area, outline=keep_parts(area.outline, located, request.floor))
            for area in find_smallest_areas(
                density, located, study_area=study_area, shown_per_km2=shown.density_per_km2
            )
        ),
        areas=areas,
        hotspots=hotspots,
        patrols=patrols,
        # a place to patrol need not be dense, so there is nothing for a resample to find again
        patrol_places=rank(patrols.outlines, np.full(len(patrols.outlines), np.nan)),
        catchments=measure_catchments(located, other_places, cells=cells),
        risk=risk,
        first_cells=find_first_cells(risk, located, floor=request.floor),
        test=test,
        holdout=holdout,
        holdout_reason=reason,
        shifts=ShiftAnalysis(
            available=profile.available,
            reason=profile.reason,
            explanation=profile.explanation,
            n_timed=profile.n_timed,
            shifts=shifts,
        ),
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
