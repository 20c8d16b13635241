"""Streets on the map of a poster, and their names along them."""

from __future__ import annotations

import html
import math

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hotspots.products.drawing.poster_frame import UNITS, Frame, trace_path

_CASING, _ROAD, _PATH, _FINE_ROAD = "#cfcabd", "#ffffff", "#b9b3a4", "#d3cdbf"
_RANKS = (
    ("motorway", "trunk", "a road", "primary"),
    ("b road", "secondary"),
    ("tertiary", "classified unnumbered", "minor road", "minor"),
    ("residential", "unclassified", "living_street", "local road", "local", "street", "road", "service"),
)
"""Words for classes of road of OpenStreetMap and OS Open Roads, the widest first."""
_WIDTHS = (2.6, 2.1, 1.8, 1.4, 0.6)
"""Millimetres, for each rank, and for paths."""
_LEAST_SCALE, _FINE_BELOW, _PATHS_FROM = 0.3, 0.5, 0.6
"""Of widths: how far they shrink with the map, below what small streets are hairlines, above what paths are drawn."""
_HAIR_MM = 0.3

_LABEL_SIZE = 2.9 * UNITS
_LETTER_SHARE = 0.52
"""Of its height, the width of a letter on average."""
_LEAST_ROOM = 1.15
"""Of the length of its name, that of a street that is named."""
_MAX_LABELS = 30


def _rank(kind: object) -> int:
    word = str(kind).casefold().removesuffix("_link")
    return next((rank for rank, words in enumerate(_RANKS) if word in words), len(_RANKS))


def _rank_all(streets: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    code, kinds = pd.factorize(streets["kind"], use_na_sentinel=False)
    ranks = np.array([_rank(kind) for kind in kinds], dtype=np.int64)[code]
    if len(ranks) and (ranks == len(_RANKS)).all():
        ranks[:] = len(_RANKS) - 1  # a file that knows no classes
    return ranks


def _choose_scale(frame: Frame) -> float:
    """What widths shrink to on a map of more ground."""
    return min(max(frame.units_per_m * 1000 / 750, _LEAST_SCALE), 1.0)


def draw_streets(streets: gpd.GeoDataFrame, frame: Frame) -> list[str]:
    """All casings, then all roads, the widest on top.

    On the map of a borough the larger streets stand out, if they hang together, and the others are hairlines.
    """
    lines = streets.geometry.to_numpy()
    is_inside = shapely.intersects(lines, frame.window)
    inside, ranks = lines[is_inside], _rank_all(streets)[is_inside]
    scale = _choose_scale(frame)
    n_wide = _count_wide(inside, ranks, scale)
    drawn = []
    if scale < _FINE_BELOW:
        hairs = _trace_all(inside[(ranks >= n_wide) & (ranks < len(_RANKS))], frame)
        drawn.append(
            f'<path d="{hairs}" fill="none" stroke="{_FINE_ROAD}" stroke-width="{_HAIR_MM * UNITS:.1f}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    elif scale > _PATHS_FROM:
        paths = _trace_all(inside[ranks == len(_RANKS)], frame)
        drawn.append(
            f'<path d="{paths}" fill="none" stroke="{_PATH}" stroke-width="{_WIDTHS[-1] * UNITS * scale:.1f}" '
            'stroke-dasharray="14 8"/>'
        )
    wide = [
        (_trace_all(inside[ranks == rank], frame), _WIDTHS[rank] * UNITS * scale)
        for rank in sorted({int(rank) for rank in ranks if rank < n_wide}, reverse=True)
    ]
    for colour, edge in ((_CASING, 6 * scale), (_ROAD, 0.0)):
        drawn += [
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width + edge:.1f}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
            for path, width in wide
        ]
    return drawn


def _trace_all(lines: npt.NDArray[np.object_], frame: Frame) -> str:
    return trace_path(shapely.multilinestrings(lines.tolist()), frame) if len(lines) else ""


def _count_wide(lines: npt.NDArray[np.object_], ranks: npt.NDArray[np.int64], scale: float) -> int:
    """How many ranks of streets, from the widest, are drawn as more than hairlines."""
    if scale >= _FINE_BELOW:
        return len(_RANKS)
    return len(_RANKS) - 1 if _hang_together(lines[ranks < len(_RANKS) - 1]) else 0


def _hang_together(lines: npt.NDArray[np.object_]) -> bool:
    """Whether half of the length of some streets is of one network, junctions being where ends meet."""
    if not len(lines):
        return False
    coordinates, owner = shapely.get_coordinates(lines, return_index=True)
    _, place = np.unique(np.rint(coordinates), axis=0, return_inverse=True)
    size = len(lines) + int(place.max()) + 1
    ends = (owner, len(lines) + place.ravel())
    _, part = connected_components(coo_array((np.ones(len(owner)), ends), shape=(size, size)), directed=False)
    lengths = shapely.length(lines)
    return bool(np.bincount(part[: len(lines)], lengths).max() >= lengths.sum() / 2)


def draw_names(
    streets: gpd.GeoDataFrame, frame: Frame, taken: list[shapely.Geometry], *, within: shapely.Geometry | None
) -> list[str]:
    """Names of streets along them, the widest and longest first, where nothing else is.

    Args:
        streets: The streets table.
        frame: The ground and the paper.
        taken: Where something is, units of the drawing.
        within: The borough, whose streets alone are named; None for all.
    """
    lines = streets.geometry.to_numpy()
    is_inside = shapely.intersects(lines, frame.window)
    inside, ranks = streets[is_inside], _rank_all(streets)[is_inside]
    scale = _choose_scale(frame)
    n_named = _count_wide(lines[is_inside], ranks, scale) + (scale > _PATHS_FROM)  # a name stands on what is drawn
    is_named = (ranks < n_named) & inside["name"].notna().to_numpy()
    inside, ranks = inside[is_named], ranks[is_named]
    window = shapely.buffer(frame.window, -2 * _LABEL_SIZE / frame.units_per_m)
    border = None
    if within is not None:
        window = shapely.intersection(window, within)
        border = shapely.transform(within, frame.place)
        shapely.prepare(border)
    kept = list(taken)
    labels: list[str] = []
    for name, run in _list_runs(inside, ranks, window, units_per_m=frame.units_per_m):
        if len(labels) == _MAX_LABELS:
            break
        line = shapely.LineString(frame.place(shapely.get_coordinates(run)))
        length = _measure_name(name)
        # the straightest of a few stretches along it
        starts = np.linspace(0, line.length - length, 9)
        begins = shapely.get_coordinates(shapely.line_interpolate_point(line, starts))
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, starts + length))
        for chosen in np.argsort(-np.hypot(*(ends - begins).T), kind="stable")[:4]:
            begin, end = begins[chosen], ends[chosen]
            if math.dist(begin, end) < 0.94 * length:
                break
            box = shapely.LineString([begin, end]).buffer(_LABEL_SIZE * 0.75)
            if (border and not border.contains(box)) or any(box.intersects(other) for other in kept):
                continue
            kept.append(box)
            if end[0] < begin[0]:
                begin, end = end, begin
            angle = math.degrees(math.atan2(end[1] - begin[1], end[0] - begin[0]))
            x, y = (begin + end) / 2
            labels.append(
                f'<text transform="translate({x:.1f} {y:.1f}) rotate({angle:.1f})" y="{_LABEL_SIZE * 0.34:.1f}" '
                f'font-size="{_LABEL_SIZE:.1f}" text-anchor="middle" fill="#3c3a35" stroke="{_ROAD}" stroke-width="7" '
                f'paint-order="stroke" stroke-linejoin="round">{html.escape(name)}</text>'
            )
            break
    return labels


def _list_runs(
    streets: gpd.GeoDataFrame, ranks: npt.NDArray[np.int64], window: shapely.Geometry, *, units_per_m: float
) -> list[tuple[str, shapely.LineString]]:
    """The longest stretch in a window of each street that has room for its name, the widest and longest first."""
    code, names = pd.factorize(streets["name"].astype("object"), sort=True)
    if not len(names):
        return []
    order = np.argsort(code, kind="stable")
    streets_m = shapely.multilinestrings(streets.geometry.to_numpy()[order], indices=code[order])
    least_m = np.array([_LEAST_ROOM * _measure_name(name) for name in names]) / units_per_m
    is_long = shapely.length(streets_m) >= least_m  # most are not, and to clip takes long
    clipped = np.full(len(names), shapely.LineString())
    clipped[is_long] = shapely.line_merge(shapely.intersection(streets_m[is_long], window))
    runs, owner = shapely.get_parts(clipped, return_index=True)
    length = shapely.length(runs)
    rank = np.full(len(names), len(_RANKS))
    np.minimum.at(rank, code, ranks)
    longest = pd.Series(length).groupby(owner).idxmax().to_numpy()
    longest = longest[length[longest] >= least_m[owner[longest]]]
    longest = longest[np.lexsort((owner[longest], -length[longest], rank[owner[longest]]))]
    return [(str(names[owner[run]]), runs[run]) for run in longest]


def _measure_name(name: str) -> float:
    """How long a name is, units of the drawing."""
    return len(name) * _LETTER_SHARE * _LABEL_SIZE
