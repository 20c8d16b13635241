"""Where the pixels of a web map lie in a grid, so that surfaces can be drawn on it as images."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyproj
from scipy import ndimage, sparse

from hotspots.geography import WGS84, Grid, find_crs, find_transformer, project_coordinates

Number = TypeVar("Number", np.float64, np.uint8)

_EARTH_RADIUS_M = 6_378_137.0
_ROWS_AT_ONCE = 256
_STEP = 16
"""Pixels from one that is projected to the next; between them, of a borough, straight lines are within 3 cm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLattice:
    """Where each pixel of an image on a web map lies in a grid.

    Attributes:
        shape: Rows and columns of pixels.
        locate: Gives `places` of some rows; those of a city at once are ten times its image.
        bounds: The corners of the image, [[south, west], [north, east]], degrees.
    """

    shape: tuple[int, int]
    locate: Callable[[slice], npt.NDArray[np.float64]]
    bounds: list[list[float]]

    @property
    def n_pixels(self) -> int:
        """Of the image."""
        return self.shape[0] * self.shape[1]

    @property
    def places(self) -> npt.NDArray[np.float64]:
        """Row and column in the grid of each pixel, as fractions; float (2, n_rows, n_columns), the north first."""
        return self.locate(slice(None))

    def sample(self, values: npt.NDArray[Number], *, is_smooth: bool = True) -> npt.NDArray[Number]:
        """The value at each pixel, (n_pixel_rows, n_pixel_columns) of the type of the values; 0 beyond the grid.

        Args:
            values: Of the cells, (n_rows, n_columns).
            is_smooth: Whether to interpolate between the centres of cells, or take the cell as it is.
        """
        pixels = np.empty(self.shape, dtype=values.dtype)
        for start in range(0, self.shape[0], _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            ndimage.map_coordinates(
                values, self.locate(rows), output=pixels[rows], order=1 if is_smooth else 0, cval=0.0
            )
        return pixels


def locate_pixels(grid: Grid, *, crs: pyproj.CRS, max_pixels: int, max_pixels_per_cell: float = 2.0) -> PixelLattice:
    """Where the pixels of a web map lie in a grid of a CRS in metres.

    The two are turned against each other, so an image pinned by its corners would be up to 150 m out over a borough
    on the National Grid; each pixel is looked up where it lies instead. Of these, one in each direction of `_STEP` is
    projected and those between lie in proportion, less than a hundredth of a pixel off.

    Args:
        grid: The cells.
        crs: Of the grid.
        max_pixels: Of the image.
        max_pixels_per_cell: Along the side of a cell.
    """
    scale = min(max_pixels_per_cell, math.sqrt(max_pixels / (grid.n_rows * grid.n_columns)))
    west, south, east, north = find_transformer(crs, find_crs(WGS84)).transform_bounds(*grid.bounds)
    (left, right), (bottom, top) = _mercator_x(np.array([west, east])), _mercator_y(np.array([south, north]))
    n_rows, n_columns = max(1, int(grid.n_rows * scale)), max(1, int(grid.n_columns * scale))

    def locate(rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        longitudes = np.degrees((left + (columns + 0.5) * (right - left) / n_columns) / _EARTH_RADIUS_M)
        ys = top - (rows + 0.5) * (top - bottom) / n_rows
        latitudes = np.degrees(2 * np.arctan(np.exp(ys / _EARTH_RADIUS_M)) - np.pi / 2)
        longitude, latitude = (axis.ravel() for axis in np.meshgrid(longitudes, latitudes))
        easting, northing = project_coordinates(longitude, latitude, source_crs=WGS84, crs=crs)
        offsets = np.stack([northing - grid.northing_min, easting - grid.easting_min])
        return offsets.reshape(2, len(rows), len(columns)) / grid.cell_size_m - 0.5

    rows, columns = (np.append(np.arange(0, n - 1, _STEP), n - 1) for n in (n_rows, n_columns))
    places = locate(rows, columns)
    row_shares, column_shares = (sparse.csr_array(_share_out(marks)) for marks in (rows, columns))
    # the CRS may not be defined everywhere (at sea, beyond OSTN15); where it is not, nothing is looked up
    known = None
    if not np.isfinite(places).all():
        known = np.nan_to_num(locate(np.arange(n_rows), np.arange(n_columns)), nan=-9.0)

    def locate_rows(which: slice) -> npt.NDArray[np.float64]:
        if known is not None:
            return known[:, which]
        return np.stack([row_shares[which] @ axis @ column_shares.T for axis in places])

    return PixelLattice(shape=(n_rows, n_columns), locate=locate_rows, bounds=[[south, west], [north, east]])


def _share_out(marks: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How far each pixel goes with each of those marked, of which the last is the last pixel; rows sum to 1."""
    pixels = np.arange(marks[-1] + 1)
    return np.column_stack([np.interp(pixels, marks, mark) for mark in np.eye(len(marks))])


def _mercator_x(longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.radians(longitude) * _EARTH_RADIUS_M


def _mercator_y(latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spherical Mercator (EPSG:3857), Snyder (1987), Map Projections: A Working Manual, equation 7-2."""
    return np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)) * _EARTH_RADIUS_M
