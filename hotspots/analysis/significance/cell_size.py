"""The cell size at which a test shows crime rather than the points at which crime is recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from scipy import spatial

from hotspots.contracts import require_metres
from hotspots.geography import collapse_points

_MIN_SNAPPED_SHARE = 0.25
_MIN_CELL_SIZE_M = 100.0
_MAX_CELL_SIZE_M = 500.0
_CELL_SIZE_STEP_M = 50.0
_SPACINGS_A_CELL = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSizeChoice:
    """A cell size for the test, and why.

    Attributes:
        cell_size_m: Side of a cell, metres.
        is_snapped: Whether many incidents share their coordinates.
        spacing_m: Median distance from a place to the nearest other place, metres; missing (NaN) for a single place.
        shared_share: Share of incidents whose place is also that of another.
        reason: The choice in a sentence.
    """

    cell_size_m: float
    is_snapped: bool
    spacing_m: float
    shared_share: float
    reason: str


def choose_cell_size(incidents: gpd.GeoDataFrame) -> CellSizeChoice:
    """Choose a cell size at which the test shows crime rather than the points at which crime is recorded.

    On snapped data, as police.uk publishes them, incidents lie on a fixed set of points. In cells smaller than the
    spacing of the points most cells hold none, and each busy point makes the cells around it significant. Where at
    least a quarter of the incidents share their coordinates with another, the cell is therefore twice the median
    distance between neighbouring places, rounded up to 50 m, at least 100 m and at most 500 m. Otherwise, and where
    all lie on one place, it is 100 m.

    The places are those of the incidents given, so fewer incidents make larger cells; to compare periods or crimes,
    choose once, from all of them. A single place busier than all others makes its neighbours hot at any cell size.

    Args:
        incidents: Points in a projected CRS in metres: those that will be tested.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
    """
    require_metres(incidents, table="incidents")
    places = collapse_points(incidents)
    if len(places.easting) < 2:
        return CellSizeChoice(
            cell_size_m=_MIN_CELL_SIZE_M,
            is_snapped=len(incidents) > 1,
            spacing_m=math.nan,
            shared_share=float(len(incidents) > 1),
            reason=f"All incidents lie on one place, so no distance between places is known: {_MIN_CELL_SIZE_M:g} m.",
        )
    to_itself_and_next, _ = spatial.cKDTree(places.coordinates).query(places.coordinates, k=[1, 2])
    spacing_m = float(np.median(np.asarray(to_itself_and_next)[:, 1]))
    shared_share = float(places.n_incidents[places.n_incidents > 1].sum() / len(incidents))
    is_snapped = shared_share >= _MIN_SNAPPED_SHARE
    shared = f"{shared_share:.0%} of {len(incidents):,} incidents share their place with another"
    if is_snapped:
        steps = math.ceil(_SPACINGS_A_CELL * spacing_m / _CELL_SIZE_STEP_M)
        cell_size_m = min(max(steps * _CELL_SIZE_STEP_M, _MIN_CELL_SIZE_M), _MAX_CELL_SIZE_M)
        reason = (
            f"{shared}, and places are {spacing_m:.0f} m apart; in cells below twice that, a busy place would light up "
            "the cells around it"
        )
    else:
        cell_size_m = _MIN_CELL_SIZE_M
        reason = f"Only {shared}, so cells need not be wider than shared points are apart"
    reason += f": {cell_size_m:g} m."
    if is_snapped and cell_size_m < _SPACINGS_A_CELL * spacing_m:
        reason += " That is the largest size allowed, and it is still narrower."
    return CellSizeChoice(
        cell_size_m=cell_size_m,
        is_snapped=is_snapped,
        spacing_m=spacing_m,
        shared_share=shared_share,
        reason=reason,
    )
