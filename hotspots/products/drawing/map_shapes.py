"""Shapes as the map takes them: in degrees, as GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyproj
import shapely

from hotspots.geography import unproject_shapes


def to_degrees(shapes: Sequence[shapely.Geometry], crs: pyproj.CRS) -> list[shapely.Geometry]:
    """Shapes in the CRS of the analysis, in longitude and latitude."""
    return list(unproject_shapes(np.array(shapes, dtype=object), crs))


def place_numbers(outlines: Sequence[shapely.Geometry], crs: pyproj.CRS) -> list[tuple[float, float]]:
    """Latitude and longitude of a point inside each outline, where its number goes."""
    points = to_degrees([outline.representative_point() for outline in outlines], crs)
    return [(point.y, point.x) for point in points]


def as_features(shapes: Sequence[shapely.Geometry], *, precision_degrees: float = 1e-6) -> dict[str, Any]:
    """A GeoJSON collection of features that hold their index and nothing else.

    Args:
        shapes: In degrees.
        precision_degrees: To which coordinates are rounded; the usual one is a decimetre.
    """
    rounded = [shapely.set_precision(shape, precision_degrees, mode="pointwise") for shape in shapes]
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": {"index": index},
            "geometry": shapely.geometry.mapping(shape),
        }
        for index, shape in enumerate(rounded)
    ]
    return {"type": "FeatureCollection", "features": features}
