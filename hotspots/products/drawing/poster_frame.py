"""The ground that the map of a poster shows, and the paper that it is drawn on."""

from __future__ import annotations

from dataclasses import dataclass

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
    pieces = []
    for part in shapely.get_parts(inside):
        if part.is_empty or part.geom_type == "Point":
            continue
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            points = frame.place(shapely.get_coordinates(ring))
            drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            pieces.append(f"M{drawn}{'Z' if part.geom_type == 'Polygon' else ''}")
    return "".join(pieces)
