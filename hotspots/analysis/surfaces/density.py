"""Kernel density of incidents, exact at every cell centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import fft

from hotspots.analysis.surfaces.kernels import KERNELS, Kernel, KernelShape, require_kernel
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import Grid, collapse_points

Floats = npt.NDArray[np.float64]


_BAND = 1.2
"""Incidents whose bandwidths differ by less than this factor are spread together, over the cells of the widest."""
_MIN_SHARE_INSIDE = 0.05
"""A cell in a sliver of the study area thinner than this divides by it: what is not known is not multiplied by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DensitySurface:
    """Incidents per square kilometre on a grid.

    Attributes:
        grid: The cells.
        density_per_km2: float (n_rows, n_columns), the density at each cell's centre.
        kernel, bandwidth_m: How it was smoothed; the median where each incident has its own bandwidth.
        n_incidents: Incidents that went in.
        n_outside: Incidents left out because they lie outside the study area.
        weight_sum: Sum of their weights, which the surface then integrates to; None where each counts as one.
        is_adaptive: Whether each incident has its own bandwidth.
        is_inside: bool (n_rows, n_columns), cells with their centre in the study area; None where none was given.
    """

    grid: Grid
    density_per_km2: Floats
    kernel: Kernel
    bandwidth_m: float
    n_incidents: int
    n_outside: int = 0
    weight_sum: float | None = None
    is_adaptive: bool = False
    is_inside: npt.NDArray[np.bool] | None = None

    @property
    def is_weighted(self) -> bool:
        """Whether incidents count by weights of their own."""
        return self.weight_sum is not None

    @property
    def is_edge_corrected(self) -> bool:
        """Whether the density makes up for what the kernels lose beyond the edge of the study area."""
        return self.is_inside is not None

    @property
    def integral(self) -> float:
        """Incidents under the surface: `n_incidents` or `weight_sum` where the grid holds every kernel whole."""
        return float(self.density_per_km2.sum() * self.grid.cell_area_km2)


def estimate_density(
    incidents: gpd.GeoDataFrame,
    *,
    grid: Grid,
    bandwidth_m: float | npt.ArrayLike = 300.0,
    kernel: Kernel = "quartic",
    incident_weights: npt.ArrayLike | None = None,
    study_area: shapely.Geometry | None = None,
) -> DensitySurface:
    """Estimate the density of incidents, exactly, at every cell centre of a grid.

    The kernel is evaluated at the distance from each incident to each cell centre; nothing is binned. The
    surface integrates to the number of incidents as far as the sum over cells approximates the integral
    (within 0.1% for a quartic kernel of six cells a bandwidth) and every kernel lies inside the grid.

    Without a study area there is no edge correction: within a bandwidth of where the incidents given end, the surface
    is too low. Incidents from beyond the edge are the best remedy. Where there are none, give the study area: then only
    incidents inside it count, the surface is nothing outside it, and the density at each cell inside is divided by the
    share of a kernel at its centre that lies inside, summed over cell centres. That keeps an even spread of incidents
    even up to the edge, but it assumes that incidents are as dense beyond the edge as within, and it does not keep the
    total exactly. Shares below 5%, in slivers of the study area, are taken as 5%.

    On data snapped to shared points a bandwidth below the spacing of the points (about 100 m in London) shows the
    points, not the crime. `hotspots.analysis.surfaces.bandwidth` chooses bandwidths.

    Args:
        incidents: Points in a projected CRS in metres.
        grid: The cells; incidents outside contribute as far as their kernel reaches in.
        bandwidth_m: Radius at which the kernel falls to nothing, metres; for the gaussian kernel its standard
            deviation. Or one for each incident, in their order: an adaptive density, wide where incidents are few.
        kernel: The weighting function. The gaussian one is cut off at 5.5 standard deviations, where it has lost
            0.00003% of its mass; it looks at 30 times as many cells as a quartic kernel of the same bandwidth.
        incident_weights: One for each incident, in their order, not negative; an incident of weight 2 counts as two.
        study_area: Polygon or MultiPolygon at whose edge the data end, in the same CRS.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: A bandwidth is not positive or less than a cell, the kernel is not known, bandwidths or weights
            are not one for each incident, a weight is negative or not finite, no cell has its centre in the study area,
            or an edge correction is asked of bandwidths that differ.

    Source: Silverman, B. W. (1986), Density Estimation for Statistics and Data Analysis, section 4.2; for the edge
    correction Diggle, P. J. (1985), "A kernel method for smoothing point process data", Journal of the Royal
    Statistical Society C 34(2), doi:10.2307/2347366; for bandwidths that differ Abramson, I. S. (1982), "On bandwidth
    variation in kernel estimates", Annals of Statistics 10(4), doi:10.1214/aos/1176345986.
    """
    require_metres(incidents, table="incidents")
    require_kernel(kernel)
    bandwidth = _check_bandwidths(bandwidth_m, n_incidents=len(incidents), cell_size_m=grid.cell_size_m)
    is_adaptive = bandwidth.ndim > 0
    middle_m = float(np.median(bandwidth)) if bandwidth.size else math.nan
    weight = None if incident_weights is None else _check_weights(incident_weights, n_incidents=len(incidents))

    is_inside = share_inside = None
    n_outside = 0
    if study_area is not None:
        if is_adaptive:
            raise ParameterError(
                "The edge correction needs one bandwidth for all incidents; one for each was given. Give one, or leave "
                "out the study area and give the incidents beyond its edge."
            )
        is_inside, share_inside = _share_kernel(grid, study_area, KERNELS[kernel], float(bandwidth))
        counts = shapely.intersects_xy(study_area, shapely.get_coordinates(incidents.geometry.array))
        incidents, n_outside = incidents[counts], int((~counts).sum())
        weight = None if weight is None else weight[counts]

    places = collapse_points(incidents)
    place = np.arange(len(places.easting))
    mass: Floats = places.n_incidents.astype(np.float64)
    if is_adaptive:  # incidents on one place may differ in their bandwidth
        bandwidths, which = np.unique(bandwidth, return_inverse=True)
        pairs, member = np.unique(places.inverse * len(bandwidths) + which, return_inverse=True)
        place, which = np.divmod(pairs, max(len(bandwidths), 1))
        bandwidth = bandwidths[which]
        mass = np.bincount(member, weight, len(pairs)).astype(np.float64)
    elif weight is not None:
        mass = np.bincount(places.inverse, weight, len(place)).astype(np.float64)
    density = sum_kernels(grid, places.easting[place], places.northing[place], mass, KERNELS[kernel], bandwidth)
    if is_inside is not None and share_inside is not None:
        density = np.where(is_inside, density / np.maximum(share_inside, _MIN_SHARE_INSIDE), 0.0)
    return DensitySurface(
        grid=grid,
        density_per_km2=density * 1e6,
        kernel=kernel,
        bandwidth_m=middle_m,
        n_incidents=len(incidents),
        n_outside=n_outside,
        weight_sum=None if weight is None else float(weight.sum()),
        is_adaptive=is_adaptive,
        is_inside=is_inside,
    )


def find_cells_inside(grid: Grid, study_area: shapely.Geometry, *, n_beyond: int = 0) -> npt.NDArray[np.bool]:
    """Which cells have their centre in a study area.

    Args:
        grid: The cells.
        study_area: Polygon or MultiPolygon, metres.
        n_beyond: Cells to add on every side of the grid.

    Returns:
        bool (n_rows + 2 n_beyond, n_columns + 2 n_beyond).
    """
    east = grid.easting_min + (np.arange(-n_beyond, grid.n_columns + n_beyond) + 0.5) * grid.cell_size_m
    north = grid.northing_min + (np.arange(-n_beyond, grid.n_rows + n_beyond) + 0.5) * grid.cell_size_m
    is_inside: npt.NDArray[np.bool] = shapely.contains_xy(study_area, east[None, :], north[:, None])
    return is_inside


def _check_weights(incident_weights: npt.ArrayLike, *, n_incidents: int) -> Floats:
    """Weights as numbers, one for each incident, in their order.

    Raises:
        ParameterError: There are more or fewer than incidents, or one is negative or not finite.
    """
    weight = np.asarray(incident_weights, dtype=np.float64)
    if weight.shape != (n_incidents,):
        raise ParameterError(
            f"Each incident needs one weight; an array of shape {weight.shape} was given for {n_incidents:,} "
            "incidents. Give them in the order of the incidents."
        )
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(wrong):
        raise ParameterError(
            f"Weights must be numbers of 0 or more; {len(wrong):,} are not, the first of them {weight[wrong[0]]} "
            f"(incident {wrong[0] + 1:,}). Leave out the incidents that have no weight, or give them 0."
        )
    return weight


def _check_bandwidths(bandwidth_m: float | npt.ArrayLike, *, n_incidents: int, cell_size_m: float) -> Floats:
    """The bandwidth as an array without dimensions, or one for each incident."""
    bandwidth = np.asarray(bandwidth_m, dtype=np.float64)
    if bandwidth.ndim and bandwidth.shape != (n_incidents,):
        raise ParameterError(
            f"Bandwidths must be one for all or one for each incident; an array of shape {bandwidth.shape} was given "
            f"for {n_incidents:,} incidents. Give them in the order of the incidents."
        )
    each = np.atleast_1d(bandwidth)
    wrong = each[~(np.isfinite(each) & (each > 0))]
    if len(wrong):
        raise ParameterError(f"The bandwidth must be above 0 m, not {wrong[0]:g}. 300 m suits a borough.")
    narrow = each[each < cell_size_m]
    if len(narrow):
        raise ParameterError(
            f"The bandwidth must be at least a cell, or incidents between cell centres vanish; {narrow[0]:g} m is "
            f"less than {cell_size_m:g} m. Choose smaller cells or a larger bandwidth."
        )
    return bandwidth


def sum_kernels(
    grid: Grid, easting: Floats, northing: Floats, mass: Floats, kernel: KernelShape, bandwidth: Floats
) -> Floats:
    """The sum of kernels at every cell centre, per square metre; `bandwidth` is one number or one for each place."""
    total = np.zeros(grid.shape)
    row, column = grid.locate(easting, northing)
    # position of each place within its cell from the centre of the cell, the bandwidth being 1
    east = (easting - grid.easting_min - (column + 0.5) * grid.cell_size_m) / bandwidth
    north = (northing - grid.northing_min - (row + 0.5) * grid.cell_size_m) / bandwidth
    step = grid.cell_size_m / bandwidth
    mass = mass / bandwidth**2
    reach = np.floor(kernel.reach / step + 0.5).astype(np.int64)
    if reach.ndim == 0:
        _add_kernels(total, row, column, east, north, mass, kernel, step, int(reach))
        return total
    band = np.ceil(np.log(reach) / math.log(_BAND)).astype(np.int64)
    for one in np.unique(band):
        of = band == one
        widest = int(reach[of].max())
        _add_kernels(total, row[of], column[of], east[of], north[of], mass[of], kernel, step[of], widest)
    return total


def _add_kernels(
    total: Floats,
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    east: Floats,
    north: Floats,
    mass: Floats,
    kernel: KernelShape,
    step: Floats,
    reach: int,
) -> None:
    """Add the kernels of places to `total`, looking `reach` cells far in each direction."""
    n_rows, n_columns = total.shape
    # Places of one cell reach the same cells, so sum them there first: each step then adds to distinct cells.
    stride = n_columns + 2 * reach
    inside = (row >= -reach) & (row < n_rows + reach) & (column >= -reach) & (column < n_columns + reach)
    home = (row + reach) * stride + column + reach
    homes, group = np.unique(home[inside], return_inverse=True)
    east, north, mass = east[inside], north[inside], mass[inside]
    step = step[inside] if step.ndim else step

    margin = 2 * reach
    padded = np.zeros((n_rows + 2 * margin, n_columns + 2 * margin))
    width = padded.shape[1]
    target = (homes // stride + reach) * width + homes % stride + reach
    flat = padded.ravel()
    for rows_up in range(-reach, reach + 1):
        north2 = (rows_up * step - north) ** 2
        for columns_right in range(-reach, reach + 1):
            u2 = north2 + (columns_right * step - east) ** 2
            near = u2 < kernel.reach**2
            if not near.any():
                continue
            weight = mass[near] * kernel.weigh(u2[near])
            flat[target + rows_up * width + columns_right] += np.bincount(group[near], weight, len(homes))
    total += padded[margin : margin + n_rows, margin : margin + n_columns]


def _share_kernel(
    grid: Grid, study_area: shapely.Geometry, kernel: KernelShape, bandwidth: float
) -> tuple[npt.NDArray[np.bool], Floats]:
    """Which cells have their centre in the study area, and which share of a kernel at each centre lies inside it."""
    step = grid.cell_size_m / bandwidth
    reach = math.floor(kernel.reach / step + 0.5)
    # beyond the grid too, or its edge would pass for that of the study area
    is_inside = find_cells_inside(grid, study_area, n_beyond=reach)
    core = is_inside[reach : reach + grid.n_rows, reach : reach + grid.n_columns]
    if not core.any():
        raise ParameterError(
            "The study area must hold the centre of at least one cell; this one lies outside the grid, or is smaller "
            f"than a cell of {grid.cell_size_m:g} m. Lay the grid over its bounds, or choose smaller cells."
        )
    u2 = ((np.arange(-reach, reach + 1) * step) ** 2)[:, None] + ((np.arange(-reach, reach + 1) * step) ** 2)[None, :]
    near = u2 < kernel.reach**2
    weight = np.zeros(u2.shape)
    weight[near] = kernel.weigh(u2[near])
    # by Fourier transform; what wraps around stays clear of the part that is kept
    size = [fft.next_fast_len(n, real=True) for n in is_inside.shape]
    spectrum = fft.rfft2(is_inside.astype(np.float64), size) * fft.rfft2(weight / weight.sum(), size)
    kept = slice(2 * reach, 2 * reach + grid.n_rows), slice(2 * reach, 2 * reach + grid.n_columns)
    share: Floats = fft.irfft2(spectrum, size)[kept]
    return core.copy(), share
