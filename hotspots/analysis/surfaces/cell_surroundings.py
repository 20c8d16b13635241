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


class CellSurroundings:
    """The surroundings of each of some cells, under a quartic kernel: what is the same whatever was counted there.

    Every lattice is laid out as a raster: hexagons take every second column of one of half the width, shifted by row.

    Args:
        cells: Whose surroundings they are.
        bandwidth_m: Radius of the kernel, metres: how far "around" reaches.
    """

    def __init__(self, cells: Cells, bandwidth_m: float) -> None:
        size = cells.cell_size_m
        if cells.shape == "square":
            column, step_east, step_north = cells.column, size, size
        else:
            column, step_east, step_north = 2 * cells.column + cells.row % 2, size / 2, size * math.sqrt(3) / 2
        row, column = cells.row - cells.row.min(), column - column.min()
        north, east = (np.arange(-n, n + 1) for n in (int(bandwidth_m / step_north), int(bandwidth_m / step_east)))
        # room beyond the cells, so that what lies at one end is not around the other
        n_rows, n_columns = (
            fft.next_fast_len(max(int(at.max()) + 1 + len(steps) // 2, len(steps)), real=True)
            for at, steps in ((row, north), (column, east))
        )
        u2 = ((north[:, None] * step_north) ** 2 + (east * step_east) ** 2) / bandwidth_m**2
        kernel = np.zeros((n_rows, n_columns))
        kernel[north[:, None], east] = np.maximum(1 - u2, 0) ** 2
        kernel[0, 0] = 0
        self._shape = n_rows, n_columns
        self._at = row * n_columns + column
        self._spectrum = fft.rfft2(kernel).real  # of what is the same in all directions nothing else is left
        self._weight = self.sum_around(np.ones(len(cells)))

    def sum_around(self, values: Floats) -> Floats:
        """Float (n_cells,): the sum of values over the cells around each cell, itself left out, by the kernel.

        Args:
            values: float (n_cells,).
        """
        raster = np.zeros(self._shape)
        raster.ravel()[self._at] = values
        spectrum = fft.rfft2(raster)
        spectrum *= self._spectrum
        around: Floats = fft.irfft2(spectrum, self._shape).ravel()[self._at]
        around[around < _NEGLIGIBLE_SHARE * np.abs(values).sum()] = 0
        return around

    def measure(self, own: Floats, other: Floats) -> Floats:
        """Float (3, n_cells): other crime times the local share of this crime, local level of this crime, one.

        Args:
            own: float (n_cells,), incidents of this crime.
            other: float (n_cells,), of all other crime.

        Source: as `estimate_risk`.
        """
        own_around, other_around = self.sum_around(own), self.sum_around(other)
        elsewhere = (own.sum() - own) / max(float(other.sum()), 1.0)
        share = elsewhere * (own_around + 1) / (elsewhere * other_around + 1)
        level = np.divide(own_around, self._weight, out=np.zeros(len(own)), where=self._weight > 0)
        return np.stack([other * share, level, np.ones(len(own))])
