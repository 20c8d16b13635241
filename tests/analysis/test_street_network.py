"""Streets cut at junctions: small maps by hand, and what must hold of any."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.network import build_network
from hotspots.errors import DataError

Vertices = list[tuple[float, float]]


def make_ways(*lines: Vertices, names: list[str | None] | None = None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"name": names or [f"Way {number}" for number in range(len(lines))], "kind": "road"},
        geometry=[shapely.LineString(line) for line in lines],
        crs="EPSG:27700",
    )


def list_segments(ways: gpd.GeoDataFrame) -> list[tuple[str, float]]:
    segments = build_network(ways).segments
    return sorted(zip(segments["name"], segments["length_m"], strict=True))


def test_a_way_is_cut_where_another_shares_its_vertex() -> None:
    ways = make_ways([(0, 0), (100, 0), (300, 0)], [(100, 0), (100, 50)])

    network = build_network(ways)

    assert list_segments(ways) == [("Way 0", 100.0), ("Way 0", 200.0), ("Way 1", 50.0)]
    assert sorted(network.nodes.tolist()) == [[0, 0], [100, 0], [100, 50], [300, 0]]
    (junction,) = np.flatnonzero((network.nodes == [100, 0]).all(axis=1))
    assert sorted(network.graph.toarray()[junction]) == [0, 50, 100, 200]
    assert network.n_islands == 1
    assert network.off_main_share == 0


def test_lines_that_only_cross_do_not_meet() -> None:
    network = build_network(make_ways([(0, 0), (100, 0)], [(50, -50), (50, 40)]))

    assert len(network.segments) == 2
    assert network.n_islands == 2
    assert network.off_main_share == pytest.approx(90 / 190)
    assert network.measure_islands().tolist() == [100, 90]


def test_bends_are_no_junctions() -> None:
    assert list_segments(make_ways([(0, 0), (30, 0), (30, 40), (60, 40)])) == [("Way 0", 100.0)]


def test_a_street_that_its_source_has_cut_is_one_segment() -> None:
    pieces: list[Vertices] = [[(0, 0), (40, 0)], [(70, 0), (40, 0)], [(70, 0), (90, 0)]]

    assert list_segments(make_ways(*pieces, names=["Rye Lane"] * 3)) == [("Rye Lane", 90.0)]
    assert len(build_network(make_ways(*pieces, names=["Rye Lane", "Rye Lane", None])).segments) == 2


def test_where_a_side_street_begins_it_is_not_joined() -> None:
    ways = make_ways([(0, 0), (40, 0)], [(40, 0), (90, 0)], [(40, 0), (40, 9)], names=["Rye Lane", "Rye Lane", "Mews"])

    assert list_segments(ways) == [("Mews", 9.0), ("Rye Lane", 40.0), ("Rye Lane", 50.0)]


def test_a_way_that_comes_back_to_itself_is_cut_there() -> None:
    lasso: Vertices = [(0, 0), (100, 0), (150, 0), (150, 50), (100, 0)]
    network = build_network(make_ways(lasso))

    assert sorted(network.segments["length_m"]) == pytest.approx([100, 100 + 50 * 2**0.5])
    loop = network.segments.loc[network.segments["length_m"].idxmax()]
    assert loop["first_node"] == loop["last_node"]
    assert network.graph.nnz == 2


def test_of_two_ways_between_two_junctions_the_graph_takes_the_shorter() -> None:
    network = build_network(make_ways([(0, 0), (100, 0)], [(0, 0), (50, 50), (100, 0)]))

    assert len(network.segments) == 2
    assert network.graph.toarray().tolist() == [[0, 100], [100, 0]]


def test_a_dead_end_a_hand_s_breadth_from_a_street_meets_it() -> None:
    near = build_network(make_ways([(0, 0), (100, 0), (200, 0)], [(100, 0.4), (100, 50)]))
    far = build_network(make_ways([(0, 0), (100, 0), (200, 0)], [(100, 0.6), (100, 50)]))

    assert (near.n_snapped, near.n_islands, len(near.segments)) == (1, 1, 3)
    assert (far.n_snapped, far.n_islands, len(far.segments)) == (0, 2, 2)


def test_two_dead_ends_that_miss_each_other_meet_once() -> None:
    network = build_network(make_ways([(0, 0), (100, 0)], [(100, 0.3), (200, 0)]))

    assert (network.n_snapped, network.n_islands, len(network.nodes)) == (1, 1, 3)


def test_what_has_no_length_is_left_out() -> None:
    ways = make_ways([(0, 0), (0, 0)], [(0, 0), (10, 0), (10, 0), (20, 0)])

    assert list_segments(ways) == [("Way 1", 20.0)]


def test_a_fragment_is_nothing_that_a_walk_begins_on() -> None:
    network = build_network(make_ways([(0, 0), (5000, 0)], [(0, 100), (49, 100)], [(0, 200), (60, 200)]))

    assert network.segments["length_m"][network.find_walkable()].tolist() == [5000, 60]


def test_no_streets_are_a_network_without_any() -> None:
    network = build_network(make_ways())

    assert (len(network.segments), network.n_islands, network.length_m) == (0, 0, 0)
    assert np.isnan(network.off_main_share)


def test_a_street_must_be_one_line() -> None:
    ways = gpd.GeoDataFrame(
        {"name": ["Rye Lane"], "kind": ["road"]}, geometry=[shapely.MultiLineString()], crs="EPSG:27700"
    )

    with pytest.raises(DataError, match="Streets must be lines; 1 of 1 are not, the first in row 0. Give one line"):
        build_network(ways)


def test_streets_in_degrees_are_refused() -> None:
    with pytest.raises(DataError, match="Distances need a projected CRS in metres; the streets are in WGS 84"):
        build_network(make_ways([(0, 0), (1, 1)]).set_crs("EPSG:4326", allow_override=True))


corners = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda at: (at[0] * 10.0, at[1] * 10.0))
ways_on_a_grid = st.lists(st.lists(corners, min_size=2, max_size=5), min_size=1, max_size=12)


@given(ways_on_a_grid)
@settings(max_examples=60, deadline=None)
def test_cutting_loses_no_length_and_leaves_junctions_at_the_ends_alone(lines: list[Vertices]) -> None:
    network = build_network(make_ways(*lines))
    segments = network.segments

    assert network.length_m == pytest.approx(sum(shapely.LineString(line).length for line in lines))
    ends = shapely.get_coordinates(shapely.get_point(segments.geometry.to_numpy(), 0))
    assert np.array_equal(ends, network.nodes[segments["first_node"]])
    vertices = [tuple(vertex) for line in segments.geometry for vertex in line.coords[1:-1]]
    assert len(vertices) == len(set(vertices))
    assert not set(vertices) & set(map(tuple, network.nodes))
    assert (abs(network.graph - network.graph.T)).nnz == 0


@given(ways_on_a_grid)
@settings(max_examples=30, deadline=None)
def test_the_same_streets_give_the_same_network(lines: list[Vertices]) -> None:
    one, other = build_network(make_ways(*lines)), build_network(make_ways(*lines))

    assert one.segments.equals(other.segments)
    assert np.array_equal(one.island, other.island)
