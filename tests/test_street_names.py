"""What streets a place lies on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import shapely

from hotspots.ingest.reference import Streets
from hotspots.pipeline import name_streets
from hotspots.pipeline.street_names import call_places

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


def test_a_visit_is_written_down_under_any_name_that_one_place_alone_has() -> None:
    """What the list of places calls it, and its streets; two parts of Rye Lane are not told apart by "Rye Lane"."""
    names = [["On or near Rye Lane"], ["On or near Rye Lane"], ["Mill Lane", "High Street"], []]
    places: list[Any] = [
        SimpleNamespace(names=own, wards=["E1"], outline=shapely.box(500 * at, 0, 500 * at + 100, 100))
        for at, own in enumerate(names)
    ]
    wards = gpd.GeoDataFrame({"ward_name": ["Peckham"]}, index=["E1"], geometry=[SQUARE], crs=27700)
    assert call_places(places, wards, streets=None) == [
        ("Rye Lane (west part)",),
        ("Rye Lane (east part)",),
        ("Mill Lane and High Street", "Mill Lane", "High Street"),
        (),
    ]
    streets = make_streets([("Far Road", [(1400, 50), (1700, 50)])])
    assert call_places(places, wards, streets=streets)[3] == ("Far Road",)
