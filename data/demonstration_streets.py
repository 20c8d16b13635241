"""Streets of the demonstration: a jittered grid that meets each hot spot, and what was planted in it.

The streets of a hot spot have the names that its incidents give. All others are invented, or are names of the ward.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from convertbng.cutil import convert_lonlat
from demonstration_chance import Floats, Ints, stream, whole
from demonstration_facts import EVERY_WARD, HOT_SPOTS, LICENSED, SHOP, STREET, HotSpot
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

SPACING, JITTER = 150, 35  # metres between junctions, and how far each is moved at most
MISSING_SHARE = 0.12  # of the grid's pieces of street
WAY_PIECES = 7  # at most, in one street
UNNAMED_SHARE = 0.08  # of streets that are no hot spot's: footways
MAIN_PIECES = 2  # of a hot spot's street, each way from its middle
ISLAND = (5331, 1727)  # the middle of an estate that no other street leads to: four junctions
# A railway without a crossing: nothing leads over it. Havens east of it are near Canada Water only for a crow.
RAILWAY = ((5354, 1787), (5354, 1803))
STREET_WORDS = (
    "Acorn", "Birch", "Clover", "Damson", "Elm", "Foxglove", "Gorse", "Hazel", "Iris", "Jasmine", "Kingfisher", "Lark",
    "Magpie", "Nettle", "Orchard", "Poplar", "Quarry", "Robin", "Sorrel", "Thistle", "Umber", "Violet", "Willow",
    "Yarrow", "Bilberry", "Campion", "Dogwood", "Fennel", "Heron", "Lime",
)  # fmt: skip
STREET_NAME = re.compile(
    r"[^,]* (Road|Street|Lane|Way|Grove|Hill|Butts)|Catford Broadway|Rushey Green|Champion Park|Brockley Cross"
)
STREET_NOUNS = ("Street", "Road", "Close", "Gardens", "Lane", "Terrace", "Grove", "Walk")


class Way(NamedTuple):
    """A street: its name, its kind in the words of OpenStreetMap, and the junctions that it passes."""

    name: str
    kind: str
    nodes: tuple[int, ...]


class Streets(NamedTuple):
    """Junctions (whole metres of the National Grid) and the streets between them."""

    nodes: Ints
    ways: list[Way]


def draw_streets(shapes: dict[str, shapely.Polygon]) -> Streets:
    """Draw the streets of all wards."""
    land = shapely.union_all(list(shapes.values())).buffer(120)
    west, south, east, north = (math.floor(bound / SPACING) for bound in land.bounds)
    columns, rows = np.arange(west, east + 2), np.arange(south, north + 2)
    rng = stream("streets")
    across, up = (grid.ravel() for grid in np.meshgrid(columns, rows, indexing="ij"))
    nodes = np.column_stack([across, up]) * SPACING + whole(rng, -JITTER, JITTER, 2 * len(across)).reshape(-1, 2)
    shape = len(columns), len(rows)
    middles = [_nearest(nodes, spot) for spot in HOT_SPOTS]
    nodes[middles] = np.array([spot.centre for spot in HOT_SPOTS]) * 100
    is_land = shapely.contains_xy(land, nodes)
    ids = np.arange(len(nodes)).reshape(shape)
    pieces = {
        "up": np.column_stack([ids[:, :-1].ravel(), ids[:, 1:].ravel()]),
        "across": np.column_stack([ids[:-1].T.ravel(), ids[1:].T.ravel()]),
    }
    kept = {}
    for direction, ends in pieces.items():
        is_kept = is_land[ends].all(axis=1) & ~_crosses(nodes, ends) & ~_leaves_island(nodes, ends)
        near_spot = np.isin(ends, middles).any(axis=1)
        kept[direction] = ends[is_kept & (near_spot | (rng.random_sample(len(ends)) >= MISSING_SHARE))]
    is_used = _keep_connected(nodes, np.vstack(list(kept.values())))
    kept = {direction: ends[is_used[ends].all(axis=1)] for direction, ends in kept.items()}
    return Streets(nodes, list(_name_ways(nodes, kept, middles, shapes)))


def _nearest(nodes: Ints, spot: HotSpot) -> int:
    return int(np.hypot(*(nodes - np.array(spot.centre) * 100).T).argmin())


def _crosses(nodes: Ints, ends: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which pieces of street would lead over the railway."""
    railway = shapely.LineString(np.array(RAILWAY) * 100 + [50, 0])
    found: np.ndarray[Any, np.dtype[np.bool_]] = shapely.intersects(shapely.linestrings(nodes[ends]), railway)
    return found


def _leaves_island(nodes: Ints, ends: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which pieces lead from the estate to the rest."""
    order = np.argsort(np.hypot(*(nodes - np.array(ISLAND) * 100).T), kind="stable")[:4]
    is_inside = np.isin(ends, order)
    return np.asarray(is_inside.any(axis=1) & ~is_inside.all(axis=1))


def _make_graph(ends: Ints, lengths: Floats, *, n_nodes: int) -> csr_matrix[np.float64]:
    return csr_matrix((lengths, (ends[:, 0], ends[:, 1])), shape=(n_nodes, n_nodes))


def _keep_connected(nodes: Ints, ends: Ints) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which junctions are of the network that all others reach, or of the estate."""
    graph = _make_graph(ends, np.ones(len(ends)), n_nodes=len(nodes))
    _, part = connected_components(graph, directed=False)
    island = part[np.hypot(*(nodes - np.array(ISLAND) * 100).T).argmin()]
    return np.asarray(np.isin(part, [np.bincount(part).argmax(), island]))


def _name_ways(
    nodes: Ints, pieces: dict[str, Ints], middles: list[int], shapes: dict[str, shapely.Polygon]
) -> Iterator[Way]:
    """Join pieces in a line to streets, and name them."""
    wards = list(shapes)
    of_spot = _name_spots(pieces, middles)
    own = {ward.name: iter(ward.streets) for _, ward in EVERY_WARD}
    words = itertools.cycle(f"{word} {noun}" for noun in STREET_NOUNS for word in STREET_WORDS)
    rng = stream("street names")
    polygons = shapely.STRtree(list(shapes.values()))
    for direction, ends in pieces.items():
        ward = polygons.nearest(shapely.points(nodes[ends].mean(axis=1)))
        group = [of_spot.get((direction, index), "") for index in range(len(ends))]
        run: list[int] = []
        for index in [*range(len(ends)), -1]:
            goes_on = (
                index >= 0
                and run
                and ends[run[-1], 1] == ends[index, 0]
                and ward[run[-1]] == ward[index]
                and group[run[-1]] == group[index]
                and len(run) < WAY_PIECES
            )
            if run and not goes_on:
                chain = tuple(int(node) for node in [ends[run[0], 0], *ends[run, 1]])
                name, is_path = group[run[0]], float(rng.random_sample()) < UNNAMED_SHARE
                if name:
                    yield Way(name, "secondary", chain)
                elif is_path:
                    yield Way("", "footway", chain)
                elif len(run) >= 3 and (main := next(own[wards[ward[run[0]]]], "")):
                    yield Way(main, "tertiary", chain)
                else:
                    yield Way(next(words), "residential", chain)
                run = []
            if index >= 0:
                run.append(index)


def _name_spots(pieces: dict[str, Ints], middles: list[int]) -> dict[tuple[str, int], str]:
    """The names of the pieces that lead through a hot spot: the first of its streets northwards, the second across."""
    found: dict[tuple[str, int], str] = {}
    for spot, middle in zip(HOT_SPOTS, middles, strict=True):
        names = list(
            dict.fromkeys(
                text for text, kind in spot.places if kind in (STREET, SHOP, LICENSED) and STREET_NAME.fullmatch(text)
            )
        )
        for direction, name in zip(("up", "across"), names, strict=False):
            ends = pieces[direction]
            for column in (0, 1):  # from the middle onwards, and backwards
                node = middle
                for _ in range(MAIN_PIECES):
                    index = np.flatnonzero(ends[:, column] == node)
                    if not len(index):
                        break
                    found.setdefault((direction, int(index[0])), name)
                    node = int(ends[index[0], 1 - column])
    return found


def streets_geojson(streets: Streets) -> str:
    """Write the streets as GeoJSON, one feature to a line, in columns of OpenStreetMap."""
    lon, lat = convert_lonlat(*streets.nodes.astype(np.float64).T)
    degrees = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {"name": way.name or None, "highway": way.kind, "data_status": "synthetic"},
                "geometry": {"type": "LineString", "coordinates": [degrees[node] for node in way.nodes]},
            }
        )
        for way in streets.ways
    ]
    features = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def measure_streets(streets: Streets, origin: tuple[int, int], targets: Floats) -> Floats:
    """Metres on foot from a junction to the junctions nearest to some points; what is off the street is left out."""
    ends = np.array([pair for way in streets.ways for pair in itertools.pairwise(way.nodes)])
    lengths = np.hypot(*(streets.nodes[ends[:, 0]] - streets.nodes[ends[:, 1]]).T)
    graph = _make_graph(ends, lengths, n_nodes=len(streets.nodes))
    used = np.unique(ends)

    def nearest(point: Floats) -> int:
        return int(used[np.hypot(*(streets.nodes[used] - point).T).argmin()])

    away = dijkstra(graph, directed=False, indices=np.array([nearest(np.array(origin) * 100.0)]))[0]
    return np.array([away[nearest(point)] for point in targets])


def describe_streets(streets: Streets, havens: pd.DataFrame) -> dict[str, Any]:
    """Say what was planted: how many streets, the estate, and the havens that the railway cuts off from a hot spot."""
    ends = np.array([pair for way in streets.ways for pair in itertools.pairwise(way.nodes)])
    lengths = np.hypot(*(streets.nodes[ends[:, 0]] - streets.nodes[ends[:, 1]]).T)
    positions = havens[["easting", "northing"]].to_numpy(dtype=np.float64)
    cut = []
    for spot in HOT_SPOTS:
        straight = np.hypot(*(positions - np.array(spot.centre) * 100).T)
        walked = measure_streets(streets, spot.centre, positions)
        for index in np.flatnonzero((straight <= 400) & (walked > 800)):
            cut.append({"hot_spot": spot.name, "haven": str(havens["name"].iloc[index])})
    return {
        "file": "streets/streets.geojson",
        "streets": len(streets.ways),
        "pieces_between_grid_points": len(ends),
        "km": round(float(lengths.sum()) / 1000, 1),
        "estate_without_a_way_out": {"easting": ISLAND[0] * 100, "northing": ISLAND[1] * 100},
        "havens_within_400_m_that_are_over_800_m_on_foot": cut,
    }
