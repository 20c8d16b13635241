"""The density hierarchy of places: core distances, mutual-reachability tree, condensed tree, excess of mass.

Everything works on unique places with the number of incidents at each, in memory that grows with the places and not
with their pairs.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Counts = npt.NDArray[np.int64]

_FIRST_NEIGHBOURS = 16
_MAX_QUERIED = 4_000_000
"""Neighbours asked for at once; 64 MB."""


def measure_k_distances(
    coordinates: Floats, n_incidents: Counts, *, min_samples: int, within_m: float = math.inf
) -> Floats:
    """The distance from each place within which `min_samples` incidents lie, those at the place itself included.

    Equal to the distance from an incident to its `min_samples`-th nearest, itself being the first, on the raw points.

    Args:
        coordinates: (n_places, 2), metres.
        n_incidents: (n_places,), incidents at each.
        min_samples: How many must lie within the distance.
        within_m: Look no further; a cap makes the search on many places several times cheaper.

    Returns:
        (n_places,), metres; infinite where fewer incidents lie within `within_m`.
    """
    n_places = len(coordinates)
    distance_m = np.zeros(n_places)
    counts = np.append(n_incidents, 0)  # the tree's index for "no neighbour" counts nothing
    left = np.flatnonzero(n_incidents < min_samples)
    distance_m[left] = math.inf
    if not len(left):
        return distance_m
    tree = cKDTree(coordinates)
    n_neighbours = min(_FIRST_NEIGHBOURS, n_places)
    while len(left):
        unfinished = []
        for block in np.array_split(left, math.ceil(len(left) * n_neighbours / _MAX_QUERIED)):
            away, neighbour = _find_nearest(tree, coordinates[block], 1, n_neighbours, within_m=within_m)
            n_before = (np.cumsum(counts[neighbour], axis=1) < min_samples).sum(axis=1)
            enough = n_before < n_neighbours
            distance_m[block[enough]] = away[enough, n_before[enough]]
            unfinished.append(block[~enough & np.isfinite(away[:, -1])])
        left = np.concatenate(unfinished) if n_neighbours < n_places else left[:0]
        n_neighbours = min(2 * n_neighbours, n_places)
    return distance_m


def span_places(coordinates: Floats, core_m: Floats) -> tuple[Integers, Integers, Floats]:
    """The minimum spanning tree of the places under mutual reachability: max(core of one, core of other, distance).

    Exact, by Borůvka's rounds: in each, every group of joined places but the largest takes the cheapest edge that
    leads out of it. A place's nearest neighbours usually settle that, because no other place can be reached for less
    than the larger of its own core distance and the distance to the last neighbour looked at. Where they do not, the
    nearest places of other groups are found without looking at its own: two groups differ in some binary digit of
    their numbers, so for each digit the places with a 0 are looked up in a tree of those with a 1, and the reverse.

    Args:
        coordinates: (n_places, 2), metres, no two alike.
        core_m: (n_places,), above 0 and finite, metres.

    Returns:
        The two places and the length of each of the n_places - 1 edges, shortest first.
    """
    n_places = len(coordinates)
    group = np.arange(n_places)
    n_groups = n_places
    edges: list[Floats] = []
    near_m, near = _find_nearest(cKDTree(coordinates), coordinates, 1, min(_FIRST_NEIGHBOURS, n_places))
    while n_groups > 1:
        best = np.full((n_groups, 3), math.inf)  # of each group: length of the cheapest edge out of it, its two places
        is_seeking = group != np.bincount(group).argmax()
        places = np.flatnonzero(is_seeking)
        _offer_edges(best, places, near[places], near_m[places], group=group, core_m=core_m)
        seen_m = np.maximum(core_m, near_m[:, -1])
        for digit in range((n_groups - 1).bit_length()):
            is_one = (group >> digit) & 1 == 1
            for is_here in (is_one, ~is_one):
                places = np.flatnonzero(is_here & is_seeking)
                places = places[seen_m[places] < best[group[places], 0]]
                if not len(places):
                    continue
                others = np.flatnonzero(~is_here)
                tree = cKDTree(coordinates[others])
                n_seen, n_wanted = 0, 1
                while len(places) and n_seen < len(others):
                    away_m, found = _find_nearest(tree, coordinates[places], n_seen + 1, min(n_wanted, len(others)))
                    _offer_edges(best, places, others[found], away_m, group=group, core_m=core_m)
                    places = places[np.maximum(core_m[places], away_m[:, -1]) < best[group[places], 0]]
                    n_seen, n_wanted = n_wanted, 2 * n_wanted
        best = best[np.isfinite(best[:, 0])]
        edges.append(best)
        ends = group[best[:, 1:].astype(np.intp)]
        joins = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n_groups, n_groups))
        n_groups, joined = connected_components(joins, directed=False)
        group = joined.astype(np.intp)[group]
    if not edges:
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0)
    # two groups that choose each other, and rings of groups at equal lengths, give edges too many
    length_m, ends = np.vstack(edges)[:, 0], np.sort(np.vstack(edges)[:, 1:].astype(np.int32), axis=1)
    ends, once = np.unique(ends, axis=0, return_index=True)
    graph = sparse.csr_array((length_m[once], (ends[:, 0], ends[:, 1])), shape=(n_places, n_places))
    spanning = sparse.coo_array(minimum_spanning_tree(graph))
    order = np.argsort(spanning.data, kind="stable")
    first, second = spanning.coords
    return first[order].astype(np.intp), second[order].astype(np.intp), spanning.data[order]


def _offer_edges(
    best: Floats, places: Integers, others: Integers, away_m: Floats, *, group: Integers, core_m: Floats
) -> None:
    """Put into `best` the cheapest edge from `places` (n,) to `others` (n, m) of each group, where it is cheaper."""
    length_m = np.maximum(np.maximum(core_m[places, None], core_m[others]), away_m)
    length_m[group[others] == group[places, None]] = math.inf
    column = length_m.argmin(axis=1)[:, None]
    offer = np.hstack([np.take_along_axis(length_m, column, 1), places[:, None], np.take_along_axis(others, column, 1)])
    order = np.lexsort((offer[:, 0], group[places]))
    groups, cheapest = np.unique(group[places[order]], return_index=True)
    offer = offer[order[cheapest]]
    is_cheaper = offer[:, 0] < best[groups, 0]
    best[groups[is_cheaper]] = offer[is_cheaper]


def _find_nearest(
    tree: cKDTree, points: Floats, first: int, last: int, *, within_m: float = math.inf
) -> tuple[Floats, Integers]:
    """Distance and index of the `first` to the `last` nearest, 1 being the nearest: (n_points, last - first + 1)."""
    distance_m, index = tree.query(points, np.arange(first, last + 1), distance_upper_bound=within_m)
    return np.asarray(distance_m), np.asarray(index)


def condense_hierarchy(
    coordinates: Floats, n_incidents: Counts, *, core_m: Floats, min_cluster_size: int
) -> npt.NDArray[np.int64]:
    """Label places by the clusters of HDBSCAN that hold most excess of mass.

    The mutual-reachability tree is read from its longest edge down. Where a group falls apart and two or more parts
    hold `min_cluster_size` incidents, each such part is a new cluster; smaller parts leave the cluster they were in.
    The stability of a cluster sums, over its incidents, how much denser (in 1/m) things were when the incident left
    than when the cluster began. A cluster is chosen where its stability is no less than that of the clusters inside
    it together. The whole is never a cluster.

    The incidents of one place are one part, down to the place's core distance, where they scatter: a place alone can
    be a cluster. Edges of one length part together, so the order of places decides nothing but the numbering.

    Args:
        coordinates: (n_places, 2), metres, no two alike.
        n_incidents: (n_places,), incidents at each.
        core_m: (n_places,), core distances, above 0 and finite, metres.
        min_cluster_size: Incidents that make a part a cluster.

    Returns:
        (n_places,), clusters numbered from 0 by their first place; -1 for noise.
    """
    parts, height_m, size = _merge_places(coordinates, n_incidents, core_m)
    n_places = len(coordinates)
    parent, birth, stability = [-1], [0.0], [0.0]
    owner = np.zeros(n_places, dtype=np.intp)
    stack = [(len(size) - 1, 0, False)]  # a group, its cluster, and whether it has left that cluster
    while stack:
        node, cluster, has_left = stack.pop()
        if node < n_places:
            owner[node] = cluster
        if has_left:
            stack.extend((part, cluster, True) for part in parts[node])
            continue
        together = list(parts[node])
        for part in together:  # grows while it is read: groups made at this very length count as one with it
            if part >= n_places and height_m[part] == height_m[node]:
                together.extend(parts[part])
        together = [part for part in together if part < n_places or height_m[part] < height_m[node]]
        large = {part for part in together if size[part] >= min_cluster_size and height_m[part] < height_m[node]}
        density = 1 / height_m[node]
        n_staying = sum(size[part] for part in large) if len(large) == 1 else 0
        stability[cluster] += (size[node] - n_staying) * (density - birth[cluster])
        for part in together:
            if part in large and len(large) > 1:
                stack.append((part, len(parent), False))
                parent.append(cluster)
                birth.append(density)
                stability.append(0.0)
            else:
                stack.append((part, cluster, part not in large))

    inside = [0.0] * len(parent)
    is_chosen = [False] * len(parent)
    for cluster in range(len(parent) - 1, 0, -1):  # a cluster comes after the one that it lies in
        is_chosen[cluster] = stability[cluster] >= inside[cluster]
        inside[parent[cluster]] += max(stability[cluster], inside[cluster])
    chosen = np.full(len(parent), math.nan)
    for cluster in range(1, len(parent)):
        above = chosen[parent[cluster]]
        chosen[cluster] = cluster if is_chosen[cluster] and math.isnan(above) else above
    return pd.factorize(chosen[owner])[0].astype(np.int64)


def _merge_places(
    coordinates: Floats, n_incidents: Counts, core_m: Floats
) -> tuple[list[tuple[int, ...]], list[float], list[int]]:
    """The groups that form as distance grows: their two parts, the distance, their incidents.

    The places come first, without parts, formed at their own core distances; the last group is the whole.
    """
    parts: list[tuple[int, ...]] = [()] * len(coordinates)
    height_m: list[float] = core_m.tolist()
    size: list[int] = n_incidents.tolist()
    leader = list(range(2 * len(coordinates)))
    for *ends, length in zip(*(column.tolist() for column in span_places(coordinates, core_m)), strict=True):
        pair = []
        for group in ends:
            while leader[group] != group:
                leader[group] = leader[leader[group]]
                group = leader[group]
            leader[group] = len(parts)
            pair.append(group)
        parts.append((pair[0], pair[1]))
        height_m.append(length)
        size.append(size[pair[0]] + size[pair[1]])
    return parts, height_m, size
