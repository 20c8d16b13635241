"""Incidents with a place, in the wards and just beyond them."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.surfaces import KERNELS, convert_bandwidth
from hotspots.contracts import find_placed
from hotspots.pipeline.request import AnalysisRequest

RING_M = 250.0
"""How far beyond the wards is just beyond."""
_MARGIN_M = 1000.0
"""How far beyond the wards incidents are still looked at, so that a cluster across the boundary is found."""
_WIDEST_CHOICE_M = 2000.0
_MIN_RING_DENSITY = 0.2
"""Recorded crime just beyond the wards, against that within, from which the data are taken to go on there."""


def with_places(incidents: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Incidents located more precisely than to an area."""
    has_place = find_placed(incidents)
    return incidents if has_place.all() else incidents[has_place]  # all of a city would be copied for nothing


def add_surroundings(
    located: gpd.GeoDataFrame, beyond: gpd.GeoDataFrame, *, study_area: shapely.Geometry, request: AnalysisRequest
) -> gpd.GeoDataFrame:
    """Incidents in the wards, and after them those beyond that are near enough to matter to density and clusters."""
    # a bandwidth that is yet to be chosen may be as wide as the widest that is tried
    bandwidth_m = request.bandwidth_m or convert_bandwidth(
        _WIDEST_CHOICE_M, from_kernel="quartic", to_kernel=request.kernel
    )
    margin_m = max(KERNELS[request.kernel].reach * bandwidth_m, _MARGIN_M)
    near = with_places(beyond[is_near(beyond.geometry, study_area.bounds, margin_m)])
    return gpd.GeoDataFrame(pd.concat([located, near]) if len(near) else located, crs=located.crs)


def goes_on_beyond(n_within: int, beyond: Sequence[gpd.GeoDataFrame], study_area: shapely.Geometry) -> bool:
    """Whether crime is recorded just beyond the wards as well, so that the density need not be corrected there."""
    ring = shapely.difference(widen(study_area, RING_M), study_area)
    shapely.prepare(ring)
    near = [with_places(table[is_near(table.geometry, study_area.bounds, RING_M)]).geometry for table in beyond]
    n_ring = sum(int(shapely.contains_xy(ring, points.x, points.y).sum()) for points in near)
    return bool(n_ring / ring.area >= _MIN_RING_DENSITY * n_within / study_area.area)


def widen(area: shapely.Geometry, width_m: float) -> shapely.Geometry:
    """All within a distance of an area. Each part is widened by itself: a thousand islands at once take minutes."""
    return shapely.union_all(shapely.buffer(shapely.get_parts(area), width_m))


def is_near(points: gpd.GeoSeries, bounds: tuple[float, float, float, float], margin_m: float) -> npt.NDArray[np.bool_]:
    """Which points lie within the bounds and a margin."""
    west, south, east, north = bounds
    x, y = shapely.get_coordinates(points.to_numpy()).T
    near: npt.NDArray[np.bool_] = (
        (x >= west - margin_m) & (x <= east + margin_m) & (y >= south - margin_m) & (y <= north + margin_m)
    )
    return near
