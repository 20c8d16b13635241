"""Walks along streets: by hand, beside every way there is on small maps, and what must hold of any."""

from __future__ import annotations

import itertools

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from hotspots.analysis.network import (
    StreetNetwork,
    build_network,
    find_near,
    measure_walks,
    snap_to_streets,
    trace_walk,
)
from hotspots.errors import DataError, ParameterError

Vertices = list[tuple[float, float]]
Floats = npt.NDArray[np.float64]


def make_network(*lines: Vertices) -> StreetNetwork:
    names = [f"Way {number}" for number in range(len(lines))]
    lines_drawn = [shapely.LineString(line) for line in lines]
    return build_network(gpd.GeoDataFrame({"name": names, "kind": "road"}, geometry=lines_drawn, crs="EPSG:27700"))


def walk(one: tuple[float, float], other: tuple[float, float], network: StreetNetwork | None) -> float:
    return float(measure_walks(np.array([one]), np.array([other]), network=network)[0, 0])


@pytest.fixture(scope="module")
def block() -> StreetNetwork:
    """A block of 100 m by 60 m, with a street on each side."""
    return make_network([(0, 0), (100, 0)], [(100, 0), (100, 60)], [(100, 60), (0, 60)], [(0, 60), (0, 0)])


def test_round_the_block_is_longer_than_across_it(block: StreetNetwork) -> None:
    assert walk((50, 0), (50, 60), block) == 160
    assert walk((50, 0), (50, 60), None) == 60
    assert walk((20, 0), (30, 60), block) == 20 + 60 + 30


def test_a_place_beside_a_street_is_walked_straight_to_it(block: StreetNetwork) -> None:
    assert walk((50, -8), (50, 65), block) == 8 + 160 + 5
    assert walk((50, -8), (60, -8), block) == 8 + 10 + 8


def test_on_one_segment_the_walk_is_along_it(block: StreetNetwork) -> None:
    assert walk((10, 0), (70, 0), block) == 60
    assert walk((70, 0), (10, 0), block) == 60


def test_one_segment_may_be_quicker_by_other_streets() -> None:
    detour = make_network([(0, 0), (0, 90), (20, 90), (20, 0)], [(0, 0), (20, 0)])

    assert walk((0, 10), (20, 10), detour) == 10 + 20 + 10


def test_a_place_on_a_junction_and_one_that_is_the_same(block: StreetNetwork) -> None:
    assert walk((0, 0), (100, 60), block) == 160
    assert walk((0, 0), (0, 0), block) == 0
    assert walk((40, 30), (40, 30), block) == 0


def test_round_a_loop_either_way() -> None:
    lasso = make_network([(-50, 0), (0, 0)], [(0, 0), (40, 0), (40, 40), (0, 40), (0, 0)])

    assert walk((10, 0), (0, 10), lasso) == 20
    assert walk((40, 30), (0, 10), lasso) == 80
    assert walk((40, 30), (-10, 0), lasso) == 80
    assert walk((-10, 0), (0, 30), lasso) == 40


def test_there_is_no_way_to_an_island() -> None:
    apart = make_network([(0, 0), (100, 0)], [(0, 50), (100, 50)])

    assert walk((10, 0), (10, 50), apart) == np.inf
    assert not len(find_near(np.array([[10.0, 0]]), np.array([[10.0, 50]]), reach_m=1000, network=apart).origin)
    assert trace_walk(np.array([10.0, 0]), np.array([10.0, 50]), network=apart).is_empty


def test_nothing_is_near_nothing(block: StreetNetwork) -> None:
    none, one = np.empty((0, 2)), np.array([[1.0, 1.0]])

    for network in (None, block):
        assert measure_walks(none, one, network=network).shape == (0, 1)
        assert measure_walks(one, none, network=network).shape == (1, 0)
        assert len(find_near(none, one, reach_m=10, network=network).distance_m) == 0
        assert len(find_near(one, none, reach_m=10, network=network).distance_m) == 0


def test_a_walk_as_long_as_the_reach_is_within_it(block: StreetNetwork) -> None:
    one, other = np.array([[50.0, 0]]), np.array([[50.0, 60]])

    assert find_near(one, other, reach_m=160, network=block).distance_m.tolist() == [160]
    assert len(find_near(one, other, reach_m=159.9, network=block).origin) == 0


def test_pairs_come_by_origin_and_then_by_target(block: StreetNetwork) -> None:
    many = np.array([[50.0, 0], [10, 0], [90, 0]])
    few = np.array([[50.0, 0], [100, 0]])

    pairs = find_near(many, few, reach_m=50, network=block)
    assert list(zip(pairs.origin, pairs.target, pairs.distance_m, strict=True)) == [
        (0, 0, 0),
        (0, 1, 50),
        (1, 0, 40),
        (2, 0, 40),
        (2, 1, 10),
    ]


def test_the_line_of_a_walk_goes_round_the_corner(block: StreetNetwork) -> None:
    line = trace_walk(np.array([20.0, -5]), np.array([105.0, 30]), network=block)

    assert list(line.coords) == [(20, -5), (20, 0), (100, 0), (100, 30), (105, 30)]


def test_a_place_goes_to_the_nearest_street_and_of_equal_ones_to_the_first(block: StreetNetwork) -> None:
    names = block.segments["name"]
    found = snap_to_streets(np.array([[50.0, 30], [0, 0], [50, 29]]), block)
    equal = sorted(segment for segment, name in names.items() if name in ("Way 0", "Way 2"))
    corner = sorted(segment for segment, name in names.items() if name in ("Way 0", "Way 3"))

    assert found.segment.tolist() == [equal[0], corner[0], names[names == "Way 0"].index[0]]
    assert found.off_street_m == pytest.approx([30, 0, 29])


def test_the_nearest_street_is_the_least_of_all_distances_however_long_streets_are() -> None:
    rng = np.random.default_rng(5)
    ends = rng.uniform(0, 3000, (60, 2))
    reaches = rng.choice([5.0, 80, 2000], (60, 1))
    others = ends + rng.normal(0, 1, (60, 2)) * reaches
    network = make_network(*np.stack([ends, others], axis=1).tolist())
    places = rng.uniform(-1000, 4000, (400, 2))

    for some in (places, places[:10]):  # more than there are streets, and fewer
        found = snap_to_streets(some, network, among=np.ones(len(network.segments), dtype=bool))
        metres = shapely.distance(shapely.points(some)[:, None], network.segments.geometry.to_numpy())
        assert found.segment.tolist() == metres.argmin(axis=1).tolist()
        assert found.off_street_m == pytest.approx(metres.min(axis=1), abs=1e-9)


def test_a_fragment_is_passed_over_for_a_street_further_off() -> None:
    network = make_network([(0, 0), (5000, 0)], [(100, 10), (120, 10)])
    place = np.array([[110.0, 9]])

    assert snap_to_streets(place, network).off_street_m.tolist() == [9]
    assert snap_to_streets(place, network, among=np.ones(2, dtype=bool)).off_street_m.tolist() == [1]


def test_what_cannot_be_walked_is_refused(block: StreetNetwork) -> None:
    one = np.array([[0.0, 0]])
    with pytest.raises(ParameterError, match="A reach must be above 0 m; `reach_m` is 0. Give metres, such as 400."):
        find_near(one, one, reach_m=0)
    with pytest.raises(DataError, match="1 of 1 `targets` lack one, the first at position 0. Leave them out first."):
        measure_walks(one, np.array([[0.0, np.nan]]), network=block)
    with pytest.raises(DataError, match=r"`origins` has the shape \(1, 3\). Give \(n, 2\) numbers."):
        measure_walks(np.ones((1, 3)), one)
    with pytest.raises(DataError, match="Walks along streets need streets; the network has none."):
        measure_walks(one, one, network=make_network())


def try_every_way(places: Floats, network: StreetNetwork) -> Floats:
    """Floyd and Warshall's on a graph in which each place is a node that cuts its segment."""
    snapped = snap_to_streets(places, network)
    n_nodes, n = len(network.nodes), len(places)
    between = np.full((n_nodes + 2 * n, n_nodes + 2 * n), np.inf)
    np.fill_diagonal(between, 0)

    def join(one: int, other: int, length: float) -> None:
        between[one, other] = between[other, one] = min(between[one, other], length)

    for number, row in enumerate(network.segments.itertuples()):
        on = [(at, n_nodes + i) for i, at in enumerate(snapped.along_m) if snapped.segment[i] == number]
        stops = [(0.0, row.first_node), *sorted(on), (row.length_m, row.last_node)]
        for (at, one), (next_at, other) in itertools.pairwise(stops):
            join(one, other, next_at - at)
    for i, off in enumerate(snapped.off_street_m):
        join(n_nodes + i, n_nodes + n + i, off)
    for via in range(len(between)):
        between = np.minimum(between, between[:, via, None] + between[via])
    walks = between[n_nodes + n :, n_nodes + n :]
    walks[(places[:, None] == places).all(axis=2)] = 0
    return walks


corners = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda at: (at[0] * 10.0, at[1] * 10.0))
streets = st.lists(st.lists(corners, min_size=2, max_size=5, unique=True), min_size=1, max_size=10)
spots = st.tuples(st.integers(-5, 55), st.integers(-5, 55)).map(lambda at: (float(at[0]), float(at[1])))
places_near = st.lists(spots | corners, min_size=1, max_size=7)


@pytest.mark.slow
@given(streets, places_near, st.integers(1, 120))
@settings(max_examples=150, deadline=None)
def test_walks_are_the_shortest_of_all(lines: list[Vertices], spots: Vertices, reach_m: int) -> None:
    network, places = make_network(*lines), np.array(spots)

    walks = measure_walks(places, places, network=network)
    assert walks == pytest.approx(try_every_way(places, network))

    pairs = find_near(places, places[:3], reach_m=reach_m, network=network)
    found = np.full((len(places), min(3, len(places))), np.inf)
    found[pairs.origin, pairs.target] = pairs.distance_m
    wanted = np.where(walks[:, :3] <= reach_m + 1e-6, walks[:, :3], np.inf)
    assert found == pytest.approx(wanted)


@given(streets, places_near)
@settings(max_examples=80, deadline=None)
def test_walks_are_distances(lines: list[Vertices], spots: Vertices) -> None:
    network, places = make_network(*lines), np.array(spots)
    walks = measure_walks(places, places, network=network)

    assert walks == pytest.approx(walks.T)
    assert (np.diagonal(walks) == 0).all()
    assert (walks >= cdist(places, places) - 1e-9).all()
    by_a_third = (walks[:, :, None] + walks[None, :, :]).min(axis=1)
    assert (walks <= by_a_third + 1e-9).all()


@given(streets, spots, spots)
@settings(max_examples=80, deadline=None)
def test_the_line_of_a_walk_is_as_long_as_the_walk(
    lines: list[Vertices], one: tuple[float, float], other: tuple[float, float]
) -> None:
    network = make_network(*lines)
    line = trace_walk(np.array(one), np.array(other), network=network)
    length = walk(one, other, network)

    if np.isinf(length):
        assert line.is_empty
    else:
        assert line.length == pytest.approx(length, abs=1e-6)
        assert (line.coords[0], line.coords[-1]) == (one, other)
