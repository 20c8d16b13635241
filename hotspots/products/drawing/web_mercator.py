"""Where the pixels of a web map lie in a grid, so that surfaces can be drawn on it as images."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
from scipy import ndimage

from hotspots.geography import WGS84, Grid, project_coordinates

_EARTH_RADIUS_M = 6_378_137.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLattice:
    """Where each pixel of an image on a web map lies in a grid.

    Attributes:
        places: Row and column of each pixel in the grid, as fractions; float (2, n_pixel_rows, n_pixel_columns),
            northernmost row first.
        bounds: The corners of the image, [[south, west], [north, east]], degrees.
    """

    places: npt.NDArray[np.float64]
    bounds: list[list[float]]

    @property
    def n_pixels(self) -> int:
        """Of the image."""
        return int(self.places[0].size)

    def sample(self, values: npt.NDArray[np.float64], *, is_smooth: bool = True) -> npt.NDArray[np.float64]:
        """The value at each pixel, float (n_pixel_rows, n_pixel_columns); 0 beyond the grid.

        Args:
            values: Of the cells, float (n_rows, n_columns).
            is_smooth: Whether to interpolate between the centres of cells, or take the cell as it is.
        """
        return ndimage.map_coordinates(values, self.places, order=1 if is_smooth else 0, cval=0.0)


def locate_pixels(grid: Grid, *, crs: pyproj.CRS, max_pixels: int, max_pixels_per_cell: float = 2.0) -> PixelLattice:
    """Where the pixels of a web map lie in a grid of a CRS in metres.

    The two are turned against each other, so an image pinned by its corners would be up to 150 m out over a borough
    on the National Grid; each pixel is looked up where it lies instead. It takes ten times as long as an image does,
    so make the images of one grid from one lattice.

    Args:
        grid: The cells.
        crs: Of the grid.
        max_pixels: Of the image.
        max_pixels_per_cell: Along the side of a cell.
    """
    scale = min(max_pixels_per_cell, math.sqrt(max_pixels / (grid.n_rows * grid.n_columns)))
    west, south, east, north = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True).transform_bounds(*grid.bounds)
    (left, right), (bottom, top) = _mercator_x(np.array([west, east])), _mercator_y(np.array([south, north]))
    n_rows, n_columns = max(1, int(grid.n_rows * scale)), max(1, int(grid.n_columns * scale))
    xs = left + (np.arange(n_columns) + 0.5) * (right - left) / n_columns
    ys = top - (np.arange(n_rows) + 0.5) * (top - bottom) / n_rows
    longitudes = np.degrees(xs / _EARTH_RADIUS_M)
    latitudes = np.degrees(2 * np.arctan(np.exp(ys / _EARTH_RADIUS_M)) - np.pi / 2)
    longitude, latitude = (axis.ravel() for axis in np.meshgrid(longitudes, latitudes))
    projected = project_coordinates(longitude, latitude, source_crs=WGS84, crs=crs)
    eastings, northings = (axis.reshape(n_rows, n_columns) for axis in projected)
    rows = (northings - grid.northing_min) / grid.cell_size_m - 0.5
    columns = (eastings - grid.easting_min) / grid.cell_size_m - 0.5
    # where the CRS is not defined (at sea, beyond OSTN15), nothing is looked up
    places = np.nan_to_num(np.stack([rows, columns]), nan=-9.0)
    return PixelLattice(places=places, bounds=[[south, west], [north, east]])


def _mercator_x(longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.radians(longitude) * _EARTH_RADIUS_M


def _mercator_y(latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spherical Mercator (EPSG:3857), Snyder (1987), Map Projections: A Working Manual, equation 7-2."""
    return np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)) * _EARTH_RADIUS_M
