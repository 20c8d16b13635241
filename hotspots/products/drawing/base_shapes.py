"""Water, parks, railways, stations and schools that a map lies on, in few letters."""

from __future__ import annotations

import math
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.products.drawing.base_map import encode_lines
from hotspots.products.drawing.map_shapes import to_degrees

AREA_KINDS: Final = ("green", "water")
"""In the order in which they are drawn: a lake lies in a park."""
LINE_KINDS: Final = ("water", "rail")
MARK_KINDS: Final = ("station", "school")

_MARGIN_M = 1000.0
_FINEST_M, _COARSEST_M = 3.0, 200.0
"""Of what may be smoothed away: 3 m are a pixel of the map at zoom 15, where a borough does not fit on a screen."""
MOST_VERTICES = 50_000
"""About 250 kB; of an area with more, shapes are smoothed further, and the smallest are left out."""
_LABEL_M = 20.0
"""How exactly the roomiest place for a name is found."""


def draw_base_shapes(features: gpd.GeoDataFrame, study_area: shapely.Geometry, crs: pyproj.CRS) -> dict[str, Any]:
    """The base map of an area, smoothed as far as it takes to stay small.

    Args:
        features: The base map table.
        study_area: What is more than a kilometre from its box is left out.
        crs: Of both.

    Returns:
        `names`, each once; `areas` by kind, lists of [position in `names` or -1, side in metres of a square as large,
        latitude and longitude of the name or nothing, rings]; `lines` by kind, lists of [position, line]; `marks`,
        lists of [kind, position, latitude, longitude]. Rings and lines are as `encode_lines` writes them; a mark of
        water or green is where a name goes.
    """
    box = shapely.buffer(shapely.box(*study_area.bounds), _MARGIN_M, join_style="mitre")
    near = features[shapely.intersects(features.geometry.to_numpy(), box)]
    code, names = pd.factorize(near["name"])
    near = near.assign(code=code, size=shapely.get_dimensions(near.geometry.to_numpy()))
    simple = _smooth(near)
    drawn: dict[str, Any] = {
        "names": [str(name) for name in names],
        "areas": {kind: _encode_areas(simple[simple["kind"] == kind], crs) for kind in AREA_KINDS},
        "lines": {kind: _encode_parts(simple[simple["kind"] == kind], crs) for kind in LINE_KINDS},
        "marks": [],
    }
    marks = near[near["size"] == 0]
    for kind, name, point in zip(marks["kind"], marks["code"], to_degrees(list(marks.geometry), crs), strict=True):
        if name >= 0 or kind in MARK_KINDS:
            drawn["marks"].append([kind, int(name), round(point.y, 5), round(point.x, 5)])
    return drawn


def _smooth(near: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Areas and lines as fine as the limit allows; what is too small to be seen then is left out."""
    shapes = near[near["size"] > 0]
    tolerance = _FINEST_M
    while True:
        simple = shapely.simplify(shapes.geometry.to_numpy(), tolerance)
        extent = np.where(shapes["size"] == 1, shapely.length(simple), np.sqrt(shapely.area(simple)))
        is_seen = extent > 4 * tolerance
        if tolerance > _COARSEST_M or shapely.get_num_coordinates(simple[is_seen]).sum() <= MOST_VERTICES:
            return shapes.set_geometry(gpd.GeoSeries(simple, index=shapes.index, crs=shapes.crs))[is_seen]
        tolerance *= 2


def _encode_parts(features: gpd.GeoDataFrame, crs: pyproj.CRS) -> list[list[Any]]:
    lines = features[features["size"] == 1].explode()
    if lines.empty:
        return []
    letters = encode_lines(np.array(to_degrees(list(lines.geometry), crs), dtype=object))
    return [[int(code), text] for code, text in zip(lines["code"], letters, strict=True)]


def _encode_areas(features: gpd.GeoDataFrame, crs: pyproj.CRS) -> list[list[Any]]:
    areas = features[features["size"] > 1].explode(ignore_index=True)
    if areas.empty:
        return []
    polygons = areas.geometry.to_numpy()
    rings, of_polygon = shapely.get_rings(polygons, return_index=True)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    lines: npt.NDArray[np.object_] = shapely.linestrings(coordinates, indices=ring)
    letters = encode_lines(np.array(to_degrees(list(lines), crs), dtype=object))
    is_named = (areas["code"] >= 0).to_numpy()
    middles = iter(to_degrees([_find_room(polygon) for polygon in polygons[is_named]], crs))
    encoded: list[list[Any]] = []
    by_polygon: list[list[str]] = [[] for _ in polygons]
    for polygon, text in zip(of_polygon, letters, strict=True):
        by_polygon[polygon].append(text)
    for code, polygon, texts in zip(areas["code"], polygons, by_polygon, strict=True):
        middle = next(middles) if code >= 0 else None
        at = [round(middle.y, 5), round(middle.x, 5)] if middle else []
        encoded.append([int(code), round(math.sqrt(polygon.area)), at, texts])
    return encoded


def _find_room(polygon: shapely.Polygon) -> shapely.Point:
    """Where the largest circle fits in."""
    return shapely.get_point(shapely.maximum_inscribed_circle(polygon, tolerance=_LABEL_M), 0)
