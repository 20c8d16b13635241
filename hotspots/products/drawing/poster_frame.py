"""The ground that the map of a poster shows, and the paper that it is drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.pipeline import Poster

Points = npt.NDArray[np.float64]

UNITS = 10.0
"""Of the drawing in a millimetre on A4."""

_LEAST_SIDE_M = 500.0
_MARGIN = 0.11


@dataclass(frozen=True, slots=True)
class Frame:
    """A stretch of ground, and the paper that it is drawn on."""

    west: float
    north: float
    units_per_m: float
    width: float
    height: float

    def place(self, coordinates: Points) -> Points:
        """Units of the drawing, from its upper left corner."""
        shifted: Points = (coordinates - (self.west, self.north)) * (self.units_per_m, -self.units_per_m)
        return shifted

    @property
    def window(self) -> shapely.Polygon:
        """The ground."""
        return shapely.box(
            self.west,
            self.north - self.height / self.units_per_m,
            self.west + self.width / self.units_per_m,
            self.north,
        )


def choose_frame(poster: Poster, width: float, height: float) -> Frame:
    """The ground that holds all, in the shape of the paper."""
    shapes = [shapely.Point(haven.easting, haven.northing) for haven in poster.havens]
    shapes += [haven.route for haven in poster.havens if haven.route is not None]
    if poster.outline is not None:
        shapes.append(poster.outline)
    if poster.easting is not None and poster.northing is not None:
        shapes.append(shapely.Point(poster.easting, poster.northing))
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    margin = 0.03 if poster.outline is not None else _MARGIN
    wide = max((east - west) * (1 + 2 * margin), _LEAST_SIDE_M)
    tall = max((north - south) * (1 + 2 * margin), _LEAST_SIDE_M)
    units_per_m = min(width / wide, height / tall)
    return Frame(
        west=(west + east) / 2 - width / units_per_m / 2,
        north=(south + north) / 2 + height / units_per_m / 2,
        units_per_m=units_per_m,
        width=width,
        height=height,
    )


def trace_path(shape: shapely.Geometry, frame: Frame) -> str:
    """The path of lines and outlines within the frame."""
    simple = shapely.simplify(shape, 0.6 / frame.units_per_m)
    inside = shapely.intersection(simple, shapely.buffer(frame.window, 50 / frame.units_per_m))
    parts = shapely.get_parts(inside)
    lines = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    # of thousands of lines, all at once takes a third of the time of one by one
    return _trace_lines(lines, frame, end="") + _trace_lines(shapely.get_rings(parts), frame, end="Z")


def _trace_lines(lines: npt.NDArray[np.object_], frame: Frame, *, end: str) -> str:
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    points = [f"{x:.1f} {y:.1f}" for x, y in frame.place(coordinates).tolist()]
    begins = np.searchsorted(line, np.arange(len(lines) + 1)).tolist()
    return "".join(f"M{'L'.join(points[one:next_one])}{end}" for one, next_one in pairwise(begins))
