"""What lies around each cell: other crime, and how much of this one is recorded nearby."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import fft

from hotspots.geography import Cells

Floats = npt.NDArray[np.float64]

_NEGLIGIBLE_SHARE = 1e-9
"""Of all values, what a Fourier transform leaves where there is nothing."""


def measure_surroundings(own: Floats, other: Floats, cells: Cells, bandwidth_m: float) -> Floats:
    """Float (3, n_cells): other crime times the local share of this crime, local level of this crime, one.

    Args:
        own: float (n_cells,), incidents of this crime.
        other: float (n_cells,), of all other crime.
        cells: Where they were counted.
        bandwidth_m: How far "local" reaches, metres.

    Source: as `estimate_risk`.
    """
    own_around, other_around, weight_around = sum_around(np.stack([own, other, np.ones(len(own))]), cells, bandwidth_m)
    elsewhere = (own.sum() - own) / max(float(other.sum()), 1.0)
    share = elsewhere * (own_around + 1) / (elsewhere * other_around + 1)
    level = np.divide(own_around, weight_around, out=np.zeros(len(own)), where=weight_around > 0)
    return np.stack([other * share, level, np.ones(len(own))])


def sum_around(values: Floats, cells: Cells, bandwidth_m: float) -> Floats:
    """Float (n, n_cells): the sums of rows of values over the cells around each cell, itself left out, by a kernel.

    Every lattice is laid out as a raster: hexagons take every second column of one of half the width, shifted by row.

    Args:
        values: float (n, n_cells).
        cells: Whose values they are.
        bandwidth_m: Radius of the quartic kernel, metres.
    """
    size = cells.cell_size_m
    if cells.shape == "square":
        column, step_east, step_north = cells.column, size, size
    else:
        column, step_east, step_north = 2 * cells.column + cells.row % 2, size / 2, size * math.sqrt(3) / 2
    reach_east, reach_north = (math.floor(bandwidth_m / step) for step in (step_east, step_north))
    east = np.arange(-reach_east, reach_east + 1) * step_east
    north = np.arange(-reach_north, reach_north + 1) * step_north
    kernel = np.maximum(1 - (east[None, :] ** 2 + north[:, None] ** 2) / bandwidth_m**2, 0) ** 2
    kernel[reach_north, reach_east] = 0
    first_row, first_column = cells.row.min(), column.min()
    raster = np.zeros((len(values), int(np.ptp(cells.row)) + 1, int(np.ptp(column)) + 1))
    raster[:, cells.row - first_row, column - first_column] = values
    n_rows, n_columns = raster.shape[1] + 2 * reach_north, raster.shape[2] + 2 * reach_east
    shape = (fft.next_fast_len(n_rows, real=True), fft.next_fast_len(n_columns, real=True))
    summed = fft.irfft2(fft.rfft2(raster, shape) * fft.rfft2(kernel, shape), shape)
    around: Floats = np.maximum(summed[:, cells.row - first_row + reach_north, column - first_column + reach_east], 0)
    around[around < _NEGLIGIBLE_SHARE * np.abs(values).sum(axis=1, keepdims=True)] = 0
    return around
