"""What lies around each cell of a lattice, weighed by distance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import fft

if TYPE_CHECKING:
    from hotspots.geography.cells import Cells

Floats = npt.NDArray[np.float64]

_NEGLIGIBLE_SHARE = 1e-9
"""Of all values, what a Fourier transform leaves where there is nothing."""


class CellKernel:
    """A quartic kernel around each of some cells, with what is the same whatever was counted there.

    Every lattice is laid out as a raster: hexagons take every second column of one of half the width, shifted by row.

    Args:
        cells: Around which it is laid.
        bandwidth_m: Radius of the kernel, metres.

    Attributes:
        weight: float (n_cells,), the sum of the kernel over the cells around each.
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
        # of what is the same in all directions nothing else is left; a copy, or the rest would be kept with it
        self._spectrum = fft.rfft2(kernel).real.copy()
        self.weight = self.sum_around(np.ones(len(cells)))

    def sum_around(self, values: Floats) -> Floats:
        """Float (n_cells,): the sum of values over the cells around each cell, itself left out, by the kernel.

        Args:
            values: float (n_cells,).
        """
        raster = np.zeros(self._shape)
        raster.ravel()[self._at] = values
        spectrum = fft.rfft2(raster, overwrite_x=True)
        spectrum *= self._spectrum
        around: Floats = fft.irfft2(spectrum, self._shape, overwrite_x=True).ravel()[self._at]
        around[around < _NEGLIGIBLE_SHARE * np.abs(values).sum()] = 0
        return around
