"""The part of a density that may be drawn: where enough incidents lie in reach, and not round single ones."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.surfaces.density import DensitySurface, Floats, sum_kernels
from hotspots.analysis.surfaces.kernels import KERNELS
from hotspots.geography import NO_FLOOR, Floor, collapse_points, find_few, lower_patches, weigh_places

_GAUSSIAN_REACH = math.sqrt(8)
"""Standard deviations at which a quartic kernel that smooths as much ends: a gaussian one goes on for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDensity:
    """The part of a density that may be drawn.

    Attributes:
        density_per_km2: float (n_rows, n_columns), 0 where it is withheld.
        n_incidents, n_places: float (n_rows, n_columns), what each cell holds; empty where nothing is withheld.
        floor: What anything drawn must rest on.
        is_whole: Whether nothing is withheld.
    """

    density_per_km2: Floats
    n_incidents: Floats
    n_places: Floats
    floor: Floor
    is_whole: bool

    @property
    def max_per_km2(self) -> float:
        """The highest density of any cell that may be drawn; 0 where none may."""
        return float(self.density_per_km2.max(initial=0.0))

    def in_classes(self, levels_per_km2: Iterable[float]) -> Floats:
        """Float (n_rows, n_columns), with every patch that is too small for its class brought down to the next.

        Args:
            levels_per_km2: Where the classes begin.
        """
        return lower_patches(
            self.density_per_km2,
            levels_per_km2,
            n_incidents=self.n_incidents,
            n_places=self.n_places,
            floor=self.floor,
        )


def show_density(
    surface: DensitySurface,
    incidents: gpd.GeoDataFrame,
    *,
    bandwidth_m: float | npt.ArrayLike,
    floor: Floor,
    incident_weights: npt.ArrayLike | None = None,
    study_area: shapely.Geometry | None = None,
) -> ShownDensity:
    """Withhold a density where it rests on too few incidents or places.

    A cell is kept if the floor is met by what lies within the bandwidth of its centre (within 2.83 standard deviations
    of a gaussian kernel), and by what lies in the patch of kept cells around it. A peak over a single incident beside
    many is still in it: draw it in classes by `in_classes`, which flattens such peaks.

    Args:
        surface: `estimate_density(incidents, ...)`.
        incidents: Those that it was made from, with `location_precision`, metres.
        bandwidth_m: That it was made with; one, or one for each incident.
        floor: What anything drawn must rest on.
        incident_weights: What each counts for, if not as one; not its harm.
        study_area: That it was made with.
    """
    if not floor.is_applied:
        none = np.zeros((0, 0))
        return ShownDensity(
            density_per_km2=surface.density_per_km2, n_incidents=none, n_places=none, floor=NO_FLOOR, is_whole=True
        )
    weight = np.ones(len(incidents)) if incident_weights is None else np.asarray(incident_weights, dtype=np.float64)
    bandwidth = np.broadcast_to(np.asarray(bandwidth_m, dtype=np.float64), weight.shape)
    if study_area is not None:
        inside = shapely.intersects_xy(study_area, shapely.get_coordinates(incidents.geometry.array))
        incidents, weight, bandwidth = incidents[inside], weight[inside], bandwidth[inside]
    grid, places = surface.grid, collapse_points(incidents)
    mass = np.bincount(places.inverse, weight, len(places.easting))
    n_places = weigh_places(incidents, places)
    # of incidents that share a place, the one with the shortest reach decides
    reach_m = np.full(len(places.easting), np.inf)
    np.minimum.at(reach_m, places.inverse, bandwidth)
    kernel = KERNELS[surface.kernel]
    flat = dataclasses.replace(kernel, weigh=np.ones_like, reach=min(kernel.reach, _GAUSSIAN_REACH))
    reach = float(reach_m[0]) if len(reach_m) and np.ptp(reach_m) == 0 else reach_m
    in_reach = [
        sum_kernels(grid, places.easting, places.northing, held * reach_m**2, flat, np.asarray(reach))
        for held in (mass, n_places)
    ]
    row, column = grid.locate(places.easting, places.northing)
    on_grid = (row >= 0) & (row < grid.n_rows) & (column >= 0) & (column < grid.n_columns)
    in_cell = [np.zeros(grid.shape), np.zeros(grid.shape)]
    for cells, held in zip(in_cell, (mass, n_places), strict=True):
        np.add.at(cells, (row[on_grid], column[on_grid]), held[on_grid])
    is_dense = surface.density_per_km2 > 0
    kept = is_dense & floor.is_met(*in_reach)
    kept &= ~find_few(kept, n_incidents=in_cell[0], n_places=in_cell[1], floor=floor)
    return ShownDensity(
        density_per_km2=np.where(kept, surface.density_per_km2, 0.0),
        n_incidents=in_cell[0],
        n_places=in_cell[1],
        floor=floor,
        is_whole=bool(kept[is_dense].all()),
    )
