"""A square grid in metres, aligned to multiples of its cell size so that every run draws the same cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import psutil

from hotspots.errors import ParameterError

MAX_CELLS = 50_000_000

_BYTES_A_CELL = 400
"""What a run holds at most for each cell of its grid: 380 measured on two boroughs in cells of 8 m, 270 on larger."""


def free_bytes() -> int:
    """The memory that programs can still be given, bytes."""
    return int(psutil.virtual_memory().available)


def require_room(n_rows: int, n_columns: int, cell_size_m: float, *, width_m: float, height_m: float) -> None:
    """Refuse a grid that does not fit into memory, before it is laid out.

    Raises:
        ParameterError: It has more than `MAX_CELLS` cells, or more than memory has room for.
    """
    free = free_bytes()
    n_cells, n_most = n_rows * n_columns, min(MAX_CELLS, free // _BYTES_A_CELL)
    if n_cells > n_most:
        raise ParameterError(
            f"A grid may have {n_most:,} cells with {free / 1024**3:.1f} GB of free memory; {cell_size_m:g} m makes "
            f"{n_cells:,} over {width_m / 1000:,.0f} by {height_m / 1000:,.0f} km. Choose larger cells or fewer wards."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Square cells; row 0 is the southernmost, column 0 the westernmost.

    Attributes:
        easting_min, northing_min: South-western corner, metres.
        cell_size_m: Side of a cell.
        n_rows, n_columns: Shape of any array over the grid.
    """

    easting_min: float
    northing_min: float
    cell_size_m: float
    n_rows: int
    n_columns: int

    @classmethod
    def covering(
        cls, bounds: tuple[float, float, float, float], *, cell_size_m: float = 50.0, padding_m: float = 0.0
    ) -> Self:
        """The smallest aligned grid over bounds (min easting, min northing, max easting, max northing).

        Args:
            bounds: Metres.
            cell_size_m: Side of a cell, metres.
            padding_m: How far the grid goes beyond the bounds, metres.

        Raises:
            ParameterError: The cell size is not positive, or makes more cells than there is room for.
        """
        if not (math.isfinite(cell_size_m) and cell_size_m > 0):
            raise ParameterError(f"The cell size must be above 0 m, not {cell_size_m}. 50 m suits a borough.")
        west, south = (math.floor((low - padding_m) / cell_size_m) for low in bounds[:2])
        east, north = (math.floor((high + padding_m) / cell_size_m) + 1 for high in bounds[2:])
        n_rows, n_columns = north - south, east - west
        width_m, height_m = n_columns * cell_size_m, n_rows * cell_size_m
        require_room(n_rows, n_columns, cell_size_m, width_m=width_m, height_m=height_m)
        return cls(
            easting_min=west * cell_size_m,
            northing_min=south * cell_size_m,
            cell_size_m=cell_size_m,
            n_rows=n_rows,
            n_columns=n_columns,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows, columns."""
        return self.n_rows, self.n_columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Min easting, min northing, max easting, max northing, metres."""
        return (
            self.easting_min,
            self.northing_min,
            self.easting_min + self.n_columns * self.cell_size_m,
            self.northing_min + self.n_rows * self.cell_size_m,
        )

    @property
    def cell_area_km2(self) -> float:
        """Area of one cell."""
        return (self.cell_size_m / 1000.0) ** 2

    def locate(
        self, easting: npt.NDArray[np.float64], northing: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Row and column of each coordinate; outside the grid they are below 0 or past the last."""
        row = np.floor((northing - self.northing_min) / self.cell_size_m).astype(np.int64)
        column = np.floor((easting - self.easting_min) / self.cell_size_m).astype(np.int64)
        return row, column
