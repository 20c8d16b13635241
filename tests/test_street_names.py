"""What streets a place lies on."""

from __future__ import annotations

import geopandas as gpd
import shapely

from hotspots.ingest.reference import Streets
from hotspots.pipeline import name_streets

SQUARE = shapely.box(0, 0, 100, 100)


def make_streets(lines: list[tuple[str | None, list[tuple[float, float]]]]) -> Streets:
    ways = gpd.GeoDataFrame(
        {"name": [name for name, _ in lines]}, geometry=[shapely.LineString(line) for _, line in lines], crs=27700
    )
    return Streets(ways=ways, inputs=(), left_out={}, n_broken=0, n_unnamed=0)


def test_a_place_is_named_by_the_streets_with_the_longest_stretches_in_it() -> None:
    streets = make_streets(
        [
            ("High Street", [(-500, 50), (60, 50)]),  # 60 m inside
            ("Mill Lane", [(10, 0), (10, 45)]),  # 45 m and 40 m inside: 85 m in two pieces
            ("Mill Lane", [(10, 60), (10, 300)]),
            ("Corner Road", [(90, -50), (90, 24)]),  # 24 m inside: less than the 25 m of a stretch
            ("Far Road", [(200, 0), (200, 900)]),
            (None, [(50, 0), (50, 100)]),  # 100 m without a name
        ]
    )
    assert name_streets(streets, SQUARE) == ("Mill Lane", "High Street")
    assert name_streets(streets, shapely.box(1000, 1000, 1100, 1100)) == ()
    assert name_streets(None, SQUARE) == ()
