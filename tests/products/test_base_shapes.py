"""Water, parks and railways below the map: smoothed within a pixel, small, and cut around the area."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from support import decode_line

from hotspots.products.drawing import base_shapes
from hotspots.products.drawing.base_shapes import draw_base_shapes

CRS = pyproj.CRS("EPSG:27700")
X, Y = 536_000.0, 176_000.0
AREA = shapely.box(X, Y, X + 8000, Y + 8000)


def make_features(*rows: tuple[str, str | None, shapely.Geometry]) -> gpd.GeoDataFrame:
    kinds, names, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"kind": kinds, "name": names}, geometry=list(shapes), crs=CRS)


def redraw(letters: list[str]) -> shapely.Polygon:
    """What the page draws of rings, back in metres."""
    rings = [shapely.LinearRing([(x, y) for y, x in decode_line(text)]) for text in letters]
    return gpd.GeoSeries([shapely.Polygon(rings[0], rings[1:])], crs=4326).to_crs(CRS).iloc[0]


def wavy(n: int, radius: float = 2000) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    reach = radius * (1 + 0.2 * np.sin(9 * angle)) + 4 * np.sin(400 * angle)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None] + [X + 4000, Y + 4000]
    return shapely.Polygon(ring, [shapely.Point(X + 4000, Y + 4000).buffer(500).exterior.coords])


def test_a_park_keeps_its_shape_within_a_pixel_and_its_hole() -> None:
    park = wavy(6000)
    drawn = draw_base_shapes(make_features(("green", "Fern Park", park)), AREA, CRS)
    ((name, side, at, letters),) = drawn["areas"]["green"]
    assert drawn["names"][name] == "Fern Park"
    assert side == pytest.approx(park.area**0.5, rel=0.01)
    shown = redraw(letters)
    # of the two ways to WGS84, one is 2 m off; a pixel of zoom 15 has 3 m here
    assert shapely.hausdorff_distance(park.exterior, shown.exterior) < 6
    assert len(shown.interiors) == 1
    assert sum(map(len, letters)) < 6000  # a vertex in ten
    middle = gpd.GeoSeries([shapely.Point(at[1], at[0])], crs=4326).to_crs(CRS).iloc[0]
    assert park.contains(middle)  # where its name goes, and not in the hole


def test_a_large_area_stays_small_and_keeps_its_largest_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base_shapes, "MOST_VERTICES", 300)
    ponds = [("water", None, shapely.Point(X + 90 * n, Y + 50).buffer(20)) for n in range(80)]
    drawn = draw_base_shapes(make_features(("water", "Great Lake", wavy(6000)), *ponds), AREA, CRS)
    assert len(json.dumps(drawn)) < 5000
    assert "Great Lake" in {drawn["names"][name] for name, *_ in drawn["areas"]["water"]}
    assert len(drawn["areas"]["water"]) < 81


def test_what_lies_far_away_is_left_out_and_marks_are_points() -> None:
    drawn = draw_base_shapes(
        make_features(
            ("rail", None, shapely.LineString([(X, Y), (X + 500, Y)])),
            ("rail", None, shapely.LineString([(X + 20_000, Y), (X + 20_500, Y)])),
            ("station", "Deptford", shapely.Point(X, Y)),
            ("green", None, shapely.Point(X, Y)),
            ("water", "River Made", shapely.Point(X, Y)),
        ),
        AREA,
        CRS,
    )
    assert [len(drawn["lines"][kind]) for kind in ("water", "rail")] == [0, 1]
    # a park without a name and without an outline is nothing to draw
    assert [(kind, drawn["names"][name]) for kind, name, *_ in drawn["marks"]] == [
        ("station", "Deptford"),
        ("water", "River Made"),
    ]


def test_without_anything_nothing_is_drawn() -> None:
    empty = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=CRS)
    assert draw_base_shapes(empty, AREA, CRS) == {
        "names": [],
        "areas": {"green": [], "water": []},
        "lines": {"water": [], "rail": []},
        "marks": [],
    }
