"""How far it is to walk: along streets where they are known, otherwise as the crow flies.

A place is walked from straight to the nearest point of the nearest street, however far that is, then along streets, and
straight again from the street to the other place. So two places in one park are as far apart as their ways to the
street and back; two that are the same place are 0 m apart. Streets that begin on a fragment (see
`StreetNetwork.find_walkable`) are no nearest street.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from shapely.ops import substring

from hotspots.analysis.network.street_network import StreetNetwork
from hotspots.errors import DataError, ParameterError

Coordinates = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WALKING_M_PER_MINUTE: Final = 80.0
"""4.8 km an hour."""

_CHUNK_NUMBERS: Final = 4_000_000
"""Distances that are held at a time."""

_VERTEX_M: Final = 50.0
"""Vertices that stand for a line while the nearest is looked for lie no further apart."""

_ROUNDING_M: Final = 1e-6
"""What sums of lengths may be off by: a walk that is just as long as the reach is within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPairs:
    """Pairs of an origin and a target within reach, by origin and then by target.

    Attributes:
        origin, target: int (n_pairs,), positions.
        distance_m: float (n_pairs,).
    """

    origin: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    distance_m: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetPoints:
    """The nearest point on a street for each place.

    Attributes:
        segment: int (n_places,), the segment; of several equally near, the first.
        along_m: float (n_places,), metres along it from its first node.
        off_street_m: float (n_places,), metres from the place to it.
    """

    segment: Integers
    along_m: Floats
    off_street_m: Floats


def find_near(
    origins: Coordinates, targets: Coordinates, *, reach_m: float, network: StreetNetwork | None = None
) -> NearPairs:
    """Every pair of an origin and a target that are within reach of each other.

    Args:
        origins: float (n_origins, 2), easting and northing: havens, candidates.
        targets: float (n_targets, 2): places of incidents.
        reach_m: The furthest walk, metres.
        network: Streets to walk along; None for as the crow flies.

    Raises:
        ParameterError: `reach_m` is not above 0.
        DataError: A coordinate is missing, or the network has no street.

    Source: Dijkstra, E. W. (1959), doi:10.1007/BF01386390, as in scipy.sparse.csgraph.
    """
    if not (reach_m > 0 and math.isfinite(reach_m)):
        raise ParameterError(f"A reach must be above 0 m; `reach_m` is {reach_m:g}. Give metres, such as 400.")
    origins, targets = _require_places(origins, "origins"), _require_places(targets, "targets")
    if network is None:
        pairs = cKDTree(origins).sparse_distance_matrix(cKDTree(targets), reach_m, output_type="ndarray")
        pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
        return NearPairs(origin=pairs["i"].astype(np.int64), target=pairs["j"].astype(np.int64), distance_m=pairs["v"])
    if not len(origins) or not len(targets):
        nothing = np.empty(0, dtype=np.int64)
        return NearPairs(origin=nothing, target=nothing.copy(), distance_m=np.empty(0))
    # a walk is as long there as back, and each place that walks begin at costs a search
    is_turned = len(origins) > len(targets)
    if is_turned:
        target, origin, distance = _search(targets, origins, reach_m, network)
    else:
        origin, target, distance = _search(origins, targets, reach_m, network)
    order = np.lexsort((target, origin))
    return NearPairs(origin=origin[order], target=target[order], distance_m=distance[order])


def measure_walks(origins: Coordinates, targets: Coordinates, *, network: StreetNetwork | None = None) -> Coordinates:
    """The length of the shortest walk from each origin to each target.

    Args:
        origins: float (n_origins, 2), easting and northing.
        targets: float (n_targets, 2).
        network: Streets to walk along; None for as the crow flies.

    Returns:
        float (n_origins, n_targets), metres; infinite where there is no way.

    Raises:
        DataError: A coordinate is missing, or the network has no street.
    """
    origins, targets = _require_places(origins, "origins"), _require_places(targets, "targets")
    if network is None or not len(origins) or not len(targets):
        return cdist(origins, targets)
    if len(origins) > len(targets):
        return np.ascontiguousarray(measure_walks(targets, origins, network=network).T)
    starts, ends = snap_to_streets(origins, network), snap_to_streets(targets, network)
    first, last, length = _list_ends(network)
    walks = np.empty((len(origins), len(targets)))
    for chosen, to_node in _spread(starts, network, width=len(targets)):
        near = np.minimum(
            to_node[:, first[ends.segment]] + ends.along_m,
            to_node[:, last[ends.segment]] + (length[ends.segment] - ends.along_m),
        )
        between = np.abs(starts.along_m[chosen, None] - ends.along_m)
        same = starts.segment[chosen, None] == ends.segment
        near = np.minimum(near, np.where(same, between, np.inf))
        walks[chosen] = near + starts.off_street_m[chosen, None] + ends.off_street_m
    walks[(origins[:, None] == targets).all(axis=2)] = 0.0
    return walks


def trace_walk(origin: Coordinates, target: Coordinates, *, network: StreetNetwork | None = None) -> shapely.LineString:
    """The shortest walk between two places, to be drawn.

    Args:
        origin: float (2,), easting and northing.
        target: float (2,).
        network: Streets to walk along; None for as the crow flies.

    Returns:
        The line from the one to the other, metres; an empty one where there is no way.

    Raises:
        DataError: A coordinate is missing, or the network has no street.
    """
    pair = _require_places(np.stack([np.asarray(origin), np.asarray(target)]), "places")
    if network is None or (pair[0] == pair[1]).all():
        return shapely.LineString(pair)
    snapped = snap_to_streets(pair, network)
    parts = _find_way(snapped, network)
    if parts is None:
        return shapely.LineString()
    # each part begins where the last one ended, which is said once
    middle = np.concatenate([shapely.get_coordinates(part) for part in parts])
    vertices = np.concatenate([pair[:1], middle, pair[1:]])
    is_new = np.ones(len(vertices), dtype=bool)
    is_new[1:] = (np.abs(np.diff(vertices, axis=0)) > _ROUNDING_M).any(axis=1)
    is_new[-1] = True
    return shapely.LineString(vertices[is_new])


def snap_to_streets(
    places: Coordinates, network: StreetNetwork, *, among: npt.NDArray[np.bool_] | None = None
) -> StreetPoints:
    """Find the nearest point on a street for each place.

    Args:
        places: float (n_places, 2), easting and northing.
        network: The streets.
        among: bool (n_segments,), the segments that may be taken; by default those of `StreetNetwork.find_walkable`.

    Raises:
        DataError: A coordinate is missing, or the network has no street.
    """
    places = _require_places(places, "places")
    lines = network.segments.geometry.to_numpy()
    allowed = np.flatnonzero(network.find_walkable() if among is None else among)
    if not len(allowed):
        raise DataError("Walks along streets need streets; the network has none. Give a file of streets of the area.")
    inverse, distinct = pd.factorize(places[:, 0] + 1j * places[:, 1])
    nearest, off_street = _find_nearest_lines(np.column_stack([distinct.real, distinct.imag]), lines[allowed])
    segment = allowed[nearest]
    along = shapely.line_locate_point(lines[segment], shapely.points(distinct.real, distinct.imag))
    along = np.clip(along, 0.0, shapely.length(lines[segment]))
    return StreetPoints(segment=segment[inverse], along_m=along[inverse], off_street_m=off_street[inverse])


def _find_nearest_lines(
    places: Coordinates, lines: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """The nearest line to each place, the first of several, and how far it is.

    The nearest vertex is as far as the nearest line at least: only lines within that distance are measured, which
    takes half as long as a search of the tree for the nearest.
    """
    # more vertices on long lines pay off where many places are looked at
    vertices = shapely.get_coordinates(shapely.segmentize(lines, _VERTEX_M) if len(places) > len(lines) else lines)
    no_further = cKDTree(vertices).query(places)[0] + _ROUNDING_M
    points = shapely.points(places)
    place, line = shapely.STRtree(lines).query(points, predicate="dwithin", distance=no_further)
    metres = shapely.distance(points[place], lines[line])
    # pairs come by place; of those as near as the nearest the first line counts
    begins = np.searchsorted(place, np.arange(len(places)))
    is_nearest = metres == np.minimum.reduceat(metres, begins)[place]
    first = np.flatnonzero(is_nearest)
    first = first[np.lexsort((line[first], place[first]))]
    first = first[np.searchsorted(place[first], np.arange(len(places)))]
    return line[first], metres[first]


def _require_places(places: Coordinates, name: str) -> Coordinates:
    given = np.asarray(places, dtype=np.float64)
    given = given.reshape(-1, 2) if given.size == 0 else given
    if given.ndim != 2 or given.shape[1] != 2:
        raise DataError(
            f"Places are pairs of easting and northing; `{name}` has the shape {given.shape}. Give (n, 2) numbers."
        )
    is_missing = ~np.isfinite(given).all(axis=1)
    if is_missing.any():
        raise DataError(
            f"Each place needs an easting and a northing; {int(is_missing.sum()):,} of {len(given):,} `{name}` lack "
            f"one, the first at position {int(is_missing.argmax())}. Leave them out first."
        )
    return given


def _list_ends(network: StreetNetwork) -> tuple[Integers, Integers, Floats]:
    segments = network.segments
    return (
        segments["first_node"].to_numpy(),
        segments["last_node"].to_numpy(),
        segments["length_m"].to_numpy(),
    )


def _spread(
    starts: StreetPoints, network: StreetNetwork, *, width: int, limit_m: float = math.inf
) -> Iterator[tuple[slice, Floats]]:
    """Metres along streets from starts to every node, float (n_chosen, n_nodes), by chunks of starts.

    Args:
        starts: Where walks begin.
        network: The streets.
        width: How many numbers are made of each start besides.
        limit_m: Beyond it a node is infinitely far.
    """
    first, last, length = _list_ends(network)
    n_nodes = len(network.nodes)
    n_chunk = max(_CHUNK_NUMBERS // (n_nodes + width), 1)
    for begin in range(0, len(starts.segment), n_chunk):
        chosen = slice(begin, min(begin + n_chunk, len(starts.segment)))
        segment, along = starts.segment[chosen], starts.along_m[chosen]
        n = len(segment)
        # each start is a node of its own with a way to both ends of its segment; no way leads back to it
        ends = np.stack([first[segment], last[segment]], axis=1)
        ways = np.stack([along, length[segment] - along], axis=1)
        is_loop = ends[:, 0] == ends[:, 1]
        ways[is_loop] = ways[is_loop].min(axis=1, keepdims=True)
        is_way = np.ones((n, 2), dtype=bool)
        is_way[is_loop, 1] = False
        graph = network.graph
        with_starts = csr_array(
            (
                np.concatenate([graph.data, ways[is_way]]),
                np.concatenate([graph.indices, ends[is_way]]).astype(np.int32),
                np.concatenate([graph.indptr, graph.indptr[-1] + np.cumsum(is_way.sum(axis=1))]).astype(np.int32),
            ),
            shape=(n_nodes + n, n_nodes + n),
        )
        found = dijkstra(with_starts, directed=True, indices=np.arange(n_nodes, n_nodes + n), limit=limit_m)
        yield chosen, found[:, :n_nodes]


def _search(
    origins: Coordinates, targets: Coordinates, reach_m: float, network: StreetNetwork
) -> tuple[Integers, Integers, Floats]:
    """Pairs within reach, in whatever order."""
    starts, ends = snap_to_streets(origins, network), snap_to_streets(targets, network)
    first, last, length = _list_ends(network)
    order = np.argsort(ends.segment, kind="stable")
    used, begins, n_targets = np.unique(ends.segment[order], return_index=True, return_counts=True)
    position = np.full(len(length), -1, dtype=np.int64)
    position[used] = np.arange(len(used))
    own = position[starts.segment]  # of the segment that a walk begins on, if there is a target on it
    parts: list[tuple[Integers, Integers, Floats]] = []
    for chosen, to_node in _spread(starts, network, width=2 * len(used), limit_m=reach_m + _ROUNDING_M):
        to_first, to_last = to_node[:, first[used]], to_node[:, last[used]]
        is_near = np.minimum(to_first, to_last) <= reach_m + _ROUNDING_M
        rows = np.flatnonzero(own[chosen] >= 0)
        is_near[rows, own[chosen][rows]] = True
        row, at = np.nonzero(is_near)
        n_of = n_targets[at]
        pair = np.repeat(np.arange(len(row)), n_of)
        target = order[begins[at][pair] + np.arange(len(pair)) - np.repeat(np.cumsum(n_of) - n_of, n_of)]
        origin = row[pair] + chosen.start
        along = ends.along_m[target]
        walk = np.minimum(
            to_first[row, at][pair] + along, to_last[row, at][pair] + (length[ends.segment[target]] - along)
        )
        is_same = starts.segment[origin] == ends.segment[target]
        walk[is_same] = np.minimum(walk[is_same], np.abs(starts.along_m[origin] - along)[is_same])
        walk += starts.off_street_m[origin] + ends.off_street_m[target]
        walk[is_same] *= (origins[origin[is_same]] != targets[target[is_same]]).any(axis=1)
        is_within = walk <= reach_m + _ROUNDING_M
        parts.append((origin[is_within], target[is_within], walk[is_within]))
    origin, target, walk = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return origin.astype(np.int64), target.astype(np.int64), walk


def _find_way(snapped: StreetPoints, network: StreetNetwork) -> list[shapely.LineString] | None:
    """The parts of segments of the shortest walk between two points on streets, each drawn as it is walked."""
    first, last, length = _list_ends(network)
    lines = network.segments.geometry.to_numpy()
    (left, reached), (left_at, reached_at) = snapped.segment, snapped.along_m
    # by either end of the one segment and either end of the other
    begins, ends = [first[left], last[left]], [first[reached], last[reached]]
    between, before = dijkstra(network.graph, directed=True, indices=begins, return_predecessors=True)
    walks = between[:, ends] + np.add.outer(
        [left_at, length[left] - left_at], [reached_at, length[reached] - reached_at]
    )
    i, j = np.unravel_index(int(np.argmin(walks)), walks.shape)
    if left == reached and abs(left_at - reached_at) <= walks[i, j]:
        return [substring(lines[left], left_at, reached_at)]
    if not math.isfinite(walks[i, j]):
        return None
    passed = [int(ends[j])]
    while passed[-1] != begins[i]:
        passed.append(int(before[i, passed[-1]]))
    return [
        substring(lines[left], left_at, (0.0, length[left])[i]),
        *_draw_steps(passed[::-1], network),
        substring(lines[reached], (0.0, length[reached])[j], reached_at),
    ]


def _draw_steps(passed: list[int], network: StreetNetwork) -> list[shapely.LineString]:
    """The shortest segments from node to node, each drawn as it is walked."""
    first, last, length = _list_ends(network)
    lines = network.segments.geometry.to_numpy()
    steps = []
    for one, next_one in itertools.pairwise(passed):
        between = np.flatnonzero(((first == one) & (last == next_one)) | ((first == next_one) & (last == one)))
        shortest = between[np.argmin(length[between])]
        line = lines[shortest]
        steps.append(line if first[shortest] == one else shapely.reverse(line))
    return steps
