"""Kernel density of incidents, exact at every cell centre, in incidents per square kilometre."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import Grid, collapse_points

Floats = npt.NDArray[np.float64]
Kernel = Literal["quartic", "epanechnikov", "triweight", "triangular", "uniform"]

# Each as a function of u² (u: distance / bandwidth, below 1) for a bandwidth of 1; each integrates to 1.
_KERNELS: dict[str, Callable[[Floats], Floats]] = {
    "quartic": lambda u2: 3 / math.pi * (1 - u2) ** 2,
    "epanechnikov": lambda u2: 2 / math.pi * (1 - u2),
    "triweight": lambda u2: 4 / math.pi * (1 - u2) ** 3,
    "triangular": lambda u2: 3 / math.pi * (1 - np.sqrt(u2)),
    "uniform": lambda u2: np.full_like(u2, 1 / math.pi),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DensitySurface:
    """Incidents per square kilometre on a grid.

    Attributes:
        grid: The cells.
        density_per_km2: float (n_rows, n_columns), the density at each cell's centre.
        kernel, bandwidth_m: How it was smoothed.
        n_incidents: Incidents that went in.
    """

    grid: Grid
    density_per_km2: Floats
    kernel: Kernel
    bandwidth_m: float
    n_incidents: int

    @property
    def integral(self) -> float:
        """Incidents under the surface: `n_incidents` where the grid holds every kernel whole."""
        return float(self.density_per_km2.sum() * self.grid.cell_area_km2)


def estimate_density(
    incidents: gpd.GeoDataFrame, *, grid: Grid, bandwidth_m: float = 300.0, kernel: Kernel = "quartic"
) -> DensitySurface:
    """Estimate the density of incidents, exactly, at every cell centre of a grid.

    The kernel is evaluated at the distance from each incident to each cell centre; nothing is binned. The
    surface integrates to the number of incidents as far as the sum over cells approximates the integral
    (within 0.1% for a quartic kernel of six cells a bandwidth) and every kernel lies inside the grid.

    There is no edge correction: within a bandwidth of where the incidents given end, the surface is too low. On data
    snapped to shared points a bandwidth below the spacing of the points (about 100 m in London) shows the points, not
    the crime.

    Args:
        incidents: Points in a projected CRS in metres.
        grid: The cells; incidents outside contribute as far as their kernel reaches in.
        bandwidth_m: Radius at which the kernel falls to nothing, metres.
        kernel: The weighting function.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: The bandwidth is not positive or less than a cell, or the kernel is not known.

    Source: Silverman, B. W. (1986), Density Estimation for Statistics and Data Analysis, section 4.2.
    """
    require_metres(incidents, table="incidents")
    if kernel not in get_args(Kernel):
        raise ParameterError(f'No kernel called "{kernel}". Choose one of: {", ".join(get_args(Kernel))}.')
    if not (math.isfinite(bandwidth_m) and bandwidth_m > 0):
        raise ParameterError(f"The bandwidth must be above 0 m, not {bandwidth_m}. 300 m suits a borough.")
    if bandwidth_m < grid.cell_size_m:
        raise ParameterError(
            f"The bandwidth must be at least a cell, or incidents between cell centres vanish; {bandwidth_m:g} m is "
            f"less than {grid.cell_size_m:g} m. Choose smaller cells or a larger bandwidth."
        )
    places = collapse_points(incidents)
    row, column = grid.locate(places.easting, places.northing)
    # position of each place within its cell, from the centre of the cell
    east_of_centre = places.easting - grid.easting_min - (column + 0.5) * grid.cell_size_m
    north_of_centre = places.northing - grid.northing_min - (row + 0.5) * grid.cell_size_m

    # Places of one cell reach the same cells, so sum them there first: each step then adds to distinct cells.
    reach = math.floor(bandwidth_m / grid.cell_size_m + 0.5)
    stride = grid.n_columns + 2 * reach
    inside = (row >= -reach) & (row < grid.n_rows + reach) & (column >= -reach) & (column < grid.n_columns + reach)
    home = (row + reach) * stride + column + reach
    homes, group = np.unique(home[inside], return_inverse=True)
    east_of_centre, north_of_centre = east_of_centre[inside], north_of_centre[inside]
    n_incidents = places.n_incidents[inside].astype(np.float64)

    margin = 2 * reach
    padded = np.zeros((grid.n_rows + 2 * margin, grid.n_columns + 2 * margin))
    width = padded.shape[1]
    target = (homes // stride + reach) * width + homes % stride + reach
    flat = padded.ravel()
    for rows_up in range(-reach, reach + 1):
        north = (rows_up * grid.cell_size_m - north_of_centre) ** 2
        for columns_right in range(-reach, reach + 1):
            u2 = (north + (columns_right * grid.cell_size_m - east_of_centre) ** 2) / bandwidth_m**2
            near = u2 < 1
            if not near.any():
                continue
            weight = n_incidents[near] * _KERNELS[kernel](u2[near])
            flat[target + rows_up * width + columns_right] += np.bincount(group[near], weight, len(homes))
    density = padded[margin : margin + grid.n_rows, margin : margin + grid.n_columns] * 1e6 / bandwidth_m**2
    return DensitySurface(
        grid=grid,
        density_per_km2=density,
        kernel=kernel,
        bandwidth_m=float(bandwidth_m),
        n_incidents=len(incidents),
    )
