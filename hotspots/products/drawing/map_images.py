"""The images on the map: densities in classes of colour, and where most is to be expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from hotspots.analysis.surfaces import EXPECTED_SHARES, FirstCells
from hotspots.geography import Cells, Grid
from hotspots.pipeline import Analysis
from hotspots.products.drawing.colours import EXPECTED, Classes
from hotspots.products.drawing.map_shapes import as_features, place_numbers, to_degrees
from hotspots.products.drawing.png import encode_png
from hotspots.products.drawing.web_mercator import PixelLattice, locate_pixels
from hotspots.products.summary import PER_DAYS, PER_HOURS, hours_in_period

_MAX_PIXELS = 4_000_000
_MAX_SHIFT_PIXELS = 1_000_000
"""Of each part of the week: there are eight of them or nine in the file."""
_SHIFT_TOLERANCE_M = 4.0
_SHIFT_DIGITS = 5
"""Of degrees: a metre."""
_OPAQUE, _EXPECTED_OPAQUE = 215, 225
_NO_COLOUR = "#000000"
"""Of pixels that are not to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityImages:
    """The densities of an analysis as images that lie in one place.

    Attributes:
        week: That of the whole week, as a data URL.
        bounds: The corners of every image, [[south, west], [north, east]], degrees.
        shifts: Each part of the week, in the order of the analysis; None where nothing is drawn. `image` is the
            density per hour of the part as a data URL; `shapes` are the outlines of its hot spots as GeoJSON, and
            `numbers` latitude and longitude of where the number of each goes.
        periods: Of the comparisons that are drawn, in their order, `current` and `earlier` as data URLs.
    """

    week: str
    bounds: list[list[float]]
    shifts: list[dict[str, Any] | None]
    periods: list[dict[str, str]]


def draw_densities(
    analysis: Analysis, classes: Classes, *, shift_classes: Classes, period_classes: Classes
) -> DensityImages:
    """The density of the whole week, of each part of it, and of periods that are compared: all have one grid."""
    grid, crs = analysis.places.density.grid, analysis.wards.crs
    lattice = locate_pixels(grid, crs=crs, max_pixels=_MAX_PIXELS)
    levels = [bound for bound, _ in classes]
    week = colour_image(lattice.sample(analysis.places.shown.in_classes(levels)), classes)
    bounds = lattice.bounds
    if lattice.n_pixels > _MAX_SHIFT_PIXELS:
        lattice = locate_pixels(grid, crs=crs, max_pixels=_MAX_SHIFT_PIXELS)
    return DensityImages(
        week=week,
        bounds=bounds,
        shifts=_draw_shifts(analysis, lattice, shift_classes),
        periods=_draw_periods(analysis, lattice, period_classes),
    )


def _draw_shifts(analysis: Analysis, lattice: PixelLattice, classes: Classes) -> list[dict[str, Any] | None]:
    crs = analysis.wards.crs
    drawn: list[dict[str, Any] | None] = []
    for places in analysis.places.shifts.shifts:
        if places.shown is None:
            drawn.append(None)
            continue
        # per hour of the part, so that the same colour means the same in a short part and a long one
        scale = PER_HOURS / hours_in_period(places, analysis)
        per_hours = places.shown.in_classes([bound / scale for bound, _ in classes]) * scale
        outlines = [hotspot.outline for hotspot in places.hotspots]
        simple = to_degrees(list(shapely.simplify(outlines, _SHIFT_TOLERANCE_M)), crs)
        numbers = [
            (round(latitude, _SHIFT_DIGITS), round(longitude, _SHIFT_DIGITS))
            for latitude, longitude in place_numbers(outlines, crs)
        ]
        drawn.append(
            {
                "image": colour_image(lattice.sample(per_hours), classes),
                "shapes": as_features(simple, precision_degrees=10.0**-_SHIFT_DIGITS),
                "numbers": numbers,
            }
        )
    return drawn


def _draw_periods(analysis: Analysis, lattice: PixelLattice, classes: Classes) -> list[dict[str, str]]:
    drawn = []
    for periods in analysis.periods:
        images = []
        for shown, n_days in periods.windows:
            # per so many days, so that the same colour means the same in a short period and a long one
            scale = PER_DAYS / n_days
            per_days = shown.in_classes([bound / scale for bound, _ in classes]) * scale
            images.append(colour_image(lattice.sample(per_days), classes))
        drawn.append(dict(zip(("current", "earlier"), images, strict=True)))
    return drawn


def colour_image(pixels: npt.NDArray[np.float64], classes: Classes) -> str:
    """An image of the classes as a data URL, with nothing below the lowest."""
    bounds = [bound for bound, _ in classes]
    index = np.array([np.searchsorted(bounds, row, side="right") for row in pixels], dtype=np.uint8)
    colours = [_NO_COLOUR, *(colour for _, colour in classes)]
    return encode_png(index, colours, opacities=[0, *[_OPAQUE] * len(classes)])


def draw_expected(cells: Cells, first: FirstCells, crs: pyproj.CRS) -> tuple[str, list[list[float]]]:
    """The cells where most is to be expected, as many as fill each share of the area.

    Returns:
        The image as a data URL; and its corners, [[south, west], [north, east]], degrees.
    """
    # of the classes the widest share is 1, and beyond them is 0
    shown = ~np.isnan(first.within_share)
    classes = np.zeros((cells.n_rows, cells.n_columns), dtype=np.uint8)
    classes[cells.row[shown], cells.column[shown]] = len(EXPECTED_SHARES) - np.searchsorted(
        EXPECTED_SHARES, first.within_share[shown]
    )
    grid = Grid(
        easting_min=cells.origin[0],
        northing_min=cells.origin[1],
        cell_size_m=cells.cell_size_m,
        n_rows=cells.n_rows,
        n_columns=cells.n_columns,
    )
    lattice = locate_pixels(grid, crs=crs, max_pixels=_MAX_PIXELS, max_pixels_per_cell=5.0)
    # nearest cell, so that a cell is drawn as what it is
    image = encode_png(
        lattice.sample(classes, is_smooth=False),
        [_NO_COLOUR, *EXPECTED],
        opacities=[0, *[_EXPECTED_OPAQUE] * len(EXPECTED)],
    )
    return image, lattice.bounds
