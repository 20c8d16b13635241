"""A network of streets: segments between junctions, and the graph that people walk along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from hotspots.contracts import STREET_COLUMNS, require_columns, require_metres
from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SNAP_M: Final = 0.5
"""A dead end so close to another street meets it: the gap is a slip of whoever drew it."""

_FRAGMENT_M: Final = 250.0
_FRAGMENT_SHARE: Final = 0.01
_PER_METRE: Final = 1000.0
"""Vertices that agree to the millimetre are one: `hotspots.geography` gives coordinates no finer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetNetwork:
    """Streets cut at their junctions.

    Attributes:
        segments: Index `segment_id` (0, 1 ...); `name` (nullable), `kind` (nullable), `length_m`, `first_node`,
            `last_node` (positions in `nodes`), `geometry` (LineString from the one to the other), metres.
        nodes: float (n_nodes, 2), easting and northing of junctions and ends.
        graph: csr (n_nodes, n_nodes), symmetric: metres of the shortest segment between two nodes.
        island: int (n_nodes,), the connected part that a node is in; 0 is the longest.
        n_snapped: Dead ends that lay within `SNAP_M` of another street, and were joined to it.
    """

    segments: gpd.GeoDataFrame
    nodes: Floats
    graph: csr_array
    island: Integers
    n_snapped: int = 0

    @property
    def length_m(self) -> float:
        """All segments together, metres."""
        return float(self.segments["length_m"].sum())

    @property
    def n_islands(self) -> int:
        """Parts that no street joins; 1 if all is connected, 0 without streets."""
        return int(self.island.max(initial=-1)) + 1

    @property
    def off_main_share(self) -> float:
        """Share of the length that does not belong to the longest connected part, 0-1; NaN without streets."""
        lengths = self.measure_islands()
        return float(1 - lengths[0] / lengths.sum()) if len(lengths) else float("nan")

    def measure_islands(self) -> Floats:
        """The length of each connected part, float (n_islands,), metres; the longest first."""
        of_segment = self.island[self.segments["first_node"].to_numpy()]
        length = np.asarray(self.segments["length_m"], dtype=np.float64)
        return np.asarray(np.bincount(of_segment, weights=length, minlength=self.n_islands), dtype=np.float64)

    def find_walkable(self) -> npt.NDArray[np.bool_]:
        """Which segments a walk may begin on, bool (n_segments,): those of no fragment.

        A fragment is a connected part that is shorter than 250 m and than a hundredth of the longest: a
        footway drawn without its ends. A place beside one would be near nothing, although a street passes by.
        """
        lengths = self.measure_islands()
        is_fragment = lengths < min(_FRAGMENT_M, _FRAGMENT_SHARE * lengths.max(initial=0.0))
        walkable: npt.NDArray[np.bool_] = ~is_fragment[self.island[self.segments["first_node"].to_numpy()]]
        return walkable


def build_network(ways: gpd.GeoDataFrame) -> StreetNetwork:
    """Cut ways at their junctions and make the graph.

    A junction is a vertex that several ways share, or one way more than once. Lines that merely cross, as a bridge
    crosses a street, do not meet. Ways of one name and kind that follow each other with no junction between them
    become one segment, so that a segment reaches from junction to junction wherever the source has cut it. A dead
    end within `SNAP_M` of a vertex of another way is joined to it. One-way streets do not bind those who walk. Of
    several segments between two junctions all are kept, and walks take the shortest.

    Args:
        ways: The streets table of `hotspots.contracts`, metres.

    Raises:
        DataError: The table lacks its columns, is not in metres, or a way is not a line.
    """
    require_columns(ways, STREET_COLUMNS, table="streets")
    require_metres(ways, table="streets")
    lines = ways.geometry.to_numpy()
    is_other = shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING
    if is_other.any():
        raise DataError(
            f"Streets must be lines; {int(is_other.sum()):,} of {len(lines):,} are not, the first in row "
            f"{ways.index[is_other][0]}. Give one line for each, with explode()."
        )
    group, attributes = _group(ways)
    lines, n_snapped = _join_dead_ends(_round(lines))
    lines, group = _merge(lines, group)
    segments, group = _cut(lines, group)
    ends = np.stack([shapely.get_coordinates(shapely.get_point(segments, at)) for at in (0, -1)], axis=1)
    node, nodes = _number_vertices(ends.reshape(-1, 2))
    first, last = node.reshape(-1, 2).T
    length = shapely.length(segments)
    graph = _make_graph(first, last, length, n_nodes=len(nodes))
    return StreetNetwork(
        segments=gpd.GeoDataFrame(
            {
                "name": attributes["name"].to_numpy(dtype=object)[group],
                "kind": attributes["kind"].to_numpy(dtype=object)[group],
                "length_m": length,
                "first_node": first.astype(np.int64),
                "last_node": last.astype(np.int64),
            },
            geometry=segments,
            crs=ways.crs,
            index=pd.RangeIndex(len(segments), name="segment_id"),
        ),
        nodes=nodes,
        graph=graph,
        island=_number_islands(graph, first, length),
        n_snapped=n_snapped,
    )


def _group(ways: gpd.GeoDataFrame) -> tuple[Integers, pd.DataFrame]:
    """A number for each name and kind, int (n_ways,) in order of first appearance, and what the numbers stand for."""
    attributes = pd.DataFrame(
        {column: ways[column].astype("object").where(ways[column].notna(), None) for column in ("name", "kind")}
    ).reset_index(drop=True)
    number = attributes.groupby(["name", "kind"], dropna=False, sort=False).ngroup()
    group = np.asarray(number, dtype=np.int64)
    return group, attributes.loc[~pd.Series(group).duplicated()].reset_index(drop=True)


def _number_vertices(coordinates: Floats) -> tuple[Integers, Floats]:
    """A number for each distinct vertex, int (n_vertices,), and the distinct ones in order of first appearance."""
    number, distinct = pd.factorize(coordinates[:, 0] + 1j * coordinates[:, 1])
    return number.astype(np.int64), np.column_stack([distinct.real, distinct.imag])


def _round(lines: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Lines to the millimetre, in two dimensions and without vertices that repeat the one before."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    return _draw(np.round(coordinates * _PER_METRE) / _PER_METRE, line)


def _draw(coordinates: Floats, line: Integers) -> npt.NDArray[np.object_]:
    """Lines from their vertices, without repeats; those of which one vertex is left are gone.

    Args:
        coordinates: float (n_vertices, 2).
        line: int (n_vertices,), ascending: the line of each.

    Returns:
        One object a line that is left, by its number in `line`: the others are None.
    """
    n_lines = int(line.max(initial=-1)) + 1
    is_new = np.ones(len(line), dtype=bool)
    is_new[1:] = (line[1:] != line[:-1]) | (coordinates[1:] != coordinates[:-1]).any(axis=1)
    is_new &= (np.bincount(line[is_new], minlength=n_lines) > 1)[line]
    drawn = np.full(n_lines, None, dtype=object)
    kept = line[is_new]
    is_first = np.ones(len(kept), dtype=bool)
    is_first[1:] = kept[1:] != kept[:-1]
    drawn[kept[is_first]] = shapely.linestrings(coordinates[is_new], indices=np.cumsum(is_first) - 1)
    return drawn


def _join_dead_ends(lines: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], int]:
    """Move dead ends to the nearest vertex of another way, if one is within `SNAP_M`; and how many were moved."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    if not len(line):
        return lines, 0
    vertex, _ = _number_vertices(coordinates)
    n_uses = np.bincount(vertex)
    is_end = np.ones(len(line), dtype=bool)
    is_end[1:-1] = (line[1:-1] != line[:-2]) | (line[1:-1] != line[2:])
    dead = np.flatnonzero(is_end & (n_uses[vertex] == 1))
    near = cKDTree(coordinates).query_ball_point(coordinates[dead], SNAP_M, return_sorted=True)
    moved = coordinates.copy()
    n_moved = 0
    for end, found in zip(dead.tolist(), near, strict=True):
        others = np.array([one for one in found if line[one] != line[end]], dtype=np.intp)
        if not len(others):
            continue
        nearest = others[np.argmin(np.hypot(*(coordinates[others] - coordinates[end]).T))]
        # of two dead ends the later one goes to the earlier
        if nearest > end and is_end[nearest] and n_uses[vertex[nearest]] == 1:
            continue
        moved[end] = moved[nearest]
        n_moved += 1
    return (_draw(moved, line) if n_moved else lines), n_moved


def _merge(lines: npt.NDArray[np.object_], group: Integers) -> tuple[npt.NDArray[np.object_], Integers]:
    """Join lines of one group that follow each other where no third one of it begins."""
    is_line = ~shapely.is_missing(lines)
    lines, group = lines[is_line], group[is_line]
    if not len(lines):
        return lines, group
    order = np.argsort(group, kind="stable")
    groups, number = np.unique(group[order], return_inverse=True)
    merged = shapely.line_merge(shapely.multilinestrings(lines[order], indices=number))
    parts, of_group = shapely.get_parts(merged, return_index=True)
    return parts, groups[of_group]


def _cut(lines: npt.NDArray[np.object_], group: Integers) -> tuple[npt.NDArray[np.object_], Integers]:
    """Cut lines at every vertex that is used more than once, and the group of each piece."""
    coordinates, line = shapely.get_coordinates(lines, return_index=True)
    if not len(line):
        return lines, group
    vertex, _ = _number_vertices(coordinates)
    is_break = np.bincount(vertex)[vertex] > 1
    is_break[[0, -1]] = True
    is_break[1:] |= line[1:] != line[:-1]
    is_break[:-1] |= line[1:] != line[:-1]
    at = np.flatnonzero(is_break)
    is_piece = line[at[1:]] == line[at[:-1]]
    first, last = at[:-1][is_piece], at[1:][is_piece]
    n_vertices = last - first + 1
    piece = np.repeat(np.arange(len(first)), n_vertices)
    within = np.arange(len(piece)) - np.repeat(np.cumsum(n_vertices) - n_vertices, n_vertices)
    return shapely.linestrings(coordinates[first[piece] + within], indices=piece), group[line[first]]


def _make_graph(first: Integers, last: Integers, length: Floats, *, n_nodes: int) -> csr_array:
    """The shortest segment between each two nodes, in both directions; a segment from a node to itself leads nowhere.

    The least is taken before the matrix is made, which would add them up.
    """
    low, high = np.minimum(first, last), np.maximum(first, last)
    order = np.lexsort((length, high, low))
    low, high, length = low[order], high[order], length[order]
    is_shortest = np.ones(len(low), dtype=bool)
    is_shortest[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    is_shortest &= low != high
    low, high, length = low[is_shortest], high[is_shortest], length[is_shortest]
    both = (np.concatenate([low, high]).astype(np.int32), np.concatenate([high, low]).astype(np.int32))
    return csr_array(coo_array((np.concatenate([length, length]), both), shape=(n_nodes, n_nodes)))


def _number_islands(graph: csr_array, first: Integers, length: Floats) -> Integers:
    """The connected part of each node, the longest first; of equal ones, that whose first node comes first."""
    if not graph.shape[0]:
        return np.empty(0, dtype=np.int64)
    n_parts, part = connected_components(graph, directed=False)
    lengths = np.bincount(part[first], weights=length, minlength=n_parts)
    rank = np.empty(n_parts, dtype=np.int64)
    rank[np.argsort(-lengths, kind="stable")] = np.arange(n_parts)
    return rank[part]
