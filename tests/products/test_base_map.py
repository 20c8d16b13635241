"""Streets below the map: letters that say what was put in, and which of them are drawn."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from support import decode_line

from hotspots.analysis.network import StreetNetwork, build_network
from hotspots.geography import WGS84
from hotspots.products.drawing.base_map import draw_streets, draw_stretches, encode_lines


def test_the_example_of_its_source() -> None:
    line = shapely.LineString([(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)])
    assert encode_lines(np.array([line])) == ["_p~iF~ps|U_ulLnnqC_mqNvxq`@"]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-180, 180), st.integers(-85, 85)), min_size=2, max_size=5, unique=True),
        min_size=1,
        max_size=4,
    )
)
def test_letters_say_what_was_put_in(lines: list[list[tuple[int, int]]]) -> None:
    drawn = np.array([shapely.LineString([(x + 0.12345, y - 0.54321) for x, y in line]) for line in lines])
    found = encode_lines(drawn)
    assert len(found) == len(lines)
    for letters, line in zip(found, lines, strict=True):
        assert np.allclose(decode_line(letters), [(y - 0.54321, x + 0.12345) for x, y in line], rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def network() -> StreetNetwork:
    """A main road in two pieces, a lane, a footway and a road far away."""
    lines = [
        [(530_000, 180_000), (530_200, 180_000)],
        [(530_200, 180_000), (530_400, 180_000)],
        [(530_200, 180_000), (530_200, 180_300)],
        [(530_200, 180_300), (530_300, 180_300)],
        [(539_000, 180_000), (539_100, 180_000)],
    ]
    kinds = ["primary", "A Road", "residential", "footway", "residential"]
    names = ["High Road", "High Road", "Lane", None, "Far Road"]
    shapes = [shapely.LineString(line) for line in lines]
    return build_network(gpd.GeoDataFrame({"name": names, "kind": kinds}, geometry=shapes, crs="EPSG:27700"))


def test_streets_are_drawn_by_rank_and_joined_by_name(network: StreetNetwork) -> None:
    area = shapely.box(530_000, 179_900, 530_500, 180_400)
    drawn = draw_streets(network, area, network.segments.crs)
    assert [len(drawn[rank]) for rank in ("main", "connecting", "local", "path")] == [1, 0, 1, 1]
    assert "Far Road" not in drawn["names"]
    ((name, letters),) = drawn["main"]
    assert drawn["names"][name] == "High Road"
    west, east = gpd.GeoSeries(gpd.points_from_xy([530_000, 530_400], [180_000] * 2), crs="EPSG:27700").to_crs(WGS84)
    places = decode_line(letters)
    assert len(places) == 2  # in a straight line, and one road for whoever looks at it
    places.sort(key=lambda place: place[1])
    assert np.allclose(
        places, [(west.y, west.x), (east.y, east.x)], rtol=0, atol=5e-5
    )  # the two ways to WGS84 differ by 2 m
    assert drawn["path"][0][0] == -1


def test_where_no_street_is_near_none_is_drawn(network: StreetNetwork) -> None:
    drawn = draw_streets(network, shapely.box(0, 0, 1000, 1000), network.segments.crs)
    assert drawn == {"names": [], "main": [], "connecting": [], "local": [], "path": []}
    assert encode_lines(np.array([], dtype=object)) == []


def test_stretches_end_where_the_place_ends(network: StreetNetwork) -> None:
    circle = shapely.Point(530_200, 180_000).buffer(75)
    inside, outside = draw_stretches(
        network, [circle, shapely.Point(531_500, 181_000).buffer(75)], network.segments.crs
    )
    assert outside == []
    ends = [place for letters in inside for place in decode_line(letters)]
    metres = gpd.GeoSeries(gpd.points_from_xy([x for _, x in ends], [y for y, _ in ends]), crs=WGS84).to_crs(27700)
    assert metres.distance(shapely.Point(530_200, 180_000)).max() == pytest.approx(75, abs=2)
    footway = draw_stretches(network, [shapely.Point(530_280, 180_300).buffer(40)], network.segments.crs)
    assert footway == [[]]  # nobody patrols a footway by its own name
