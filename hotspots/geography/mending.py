"""Outlines that cross themselves, made valid; and how often they may cross themselves for that to come to an end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

MAX_CROSSINGS = 20_000
"""Of all outlines of a file together: mended in two seconds, and far more than damage or careless drawing makes."""
MAX_PAIRS = 300_000_000
"""Of edges that are looked at; the coast of a council has fewer than that."""
_TANGLED_SHARE = 0.01
"""Of all edges, those that lie beside one on average: of a coast, a few in a million."""
PAIRS_AT_ONCE = 4_000_000


def mend_outlines(shapes: npt.NDArray[Any], *, label: str) -> tuple[Shapes, int]:
    """Outlines that cross themselves, made valid: what they enclose, without the lines and points that are left over.

    The ground that a ring encloses twice is inside.

    Args:
        shapes: Polygons; what is missing stays so, and what is valid stays as it is.
        label: Whose outlines they are, for messages.

    Returns:
        The outlines, and how many were not valid.

    Raises:
        DataError: They cross themselves so often that mending them would not come to an end in reasonable time.
    """
    mended: Shapes = np.array(shapes, dtype=object)
    # whether it is valid could take as long to find out
    for index in np.flatnonzero(shapely.get_num_coordinates(mended) > math.isqrt(MAX_PAIRS)):
        n_edges, n_pairs = _count_pairs(mended[index])
        _refuse(n_pairs > max(_TANGLED_SHARE * n_edges**2, MAX_PAIRS), int(index), mended, label)
    invalid = np.flatnonzero(~(shapely.is_valid(mended) | shapely.is_missing(mended)))
    left = MAX_CROSSINGS
    for index in invalid:
        left -= count_crossings(mended[index], at_most=left)
        _refuse(left < 0, int(index), mended, label)
    mended[invalid] = shapely.make_valid(mended[invalid], method="structure", keep_collapsed=False)
    return mended, len(invalid)


def _refuse(is_tangled: bool, index: int, shapes: Shapes, label: str) -> None:
    if is_tangled:
        raise DataError(
            f"The outlines of a file may cross themselves at {MAX_CROSSINGS:,} points; those of {label} do so more "
            f"often, by outline {index + 1} of {len(shapes):,}. Mend them in QGIS (Fix geometries), or leave that one "
            "out."
        )


def count_crossings(shape: shapely.Geometry, *, at_most: int) -> int:
    """How many pairs of edges of the rings of a shape cross, touch or overlap, but for edges that share an end.

    Above `at_most` it stops, and the number is not the full one. So it does for a shape so tangled that looking for its
    crossings would take too long.
    """
    start, end = _list_edges(shape)
    low, high = np.minimum(start, end), np.maximum(start, end)
    order, beside = _find_beside(low, high)
    if beside.sum() > MAX_PAIRS:
        return at_most + 1
    n_crossings = 0
    for one, other in _pair(order, beside):
        near = ((low[one] <= high[other]) & (low[other] <= high[one])).all(axis=1)
        one, other = one[near], other[near]
        is_met = _lie_apart(start[one], end[one], start[other], end[other])
        is_met &= _lie_apart(start[other], end[other], start[one], end[one])
        n_crossings += int((is_met & ~_share_an_end(start, end, one, other)).sum())
        if n_crossings > at_most:
            break
    return n_crossings


def _count_pairs(shape: shapely.Geometry) -> tuple[int, int]:
    """How many edges the rings of a shape have, and how many pairs of them would have to be looked at."""
    start, end = _list_edges(shape)
    _, beside = _find_beside(np.minimum(start, end), np.maximum(start, end))
    return len(start), int(beside.sum())


def _find_beside(low: Floats, high: Floats) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Edges in their order along an axis, and how many after each begin beside it; of both axes, that with fewer."""
    orders = [np.argsort(low[:, axis], kind="stable") for axis in (0, 1)]
    n_beside = [
        np.searchsorted(low[order, axis], high[order, axis], side="right") - np.arange(len(order)) - 1
        for axis, order in enumerate(orders)
    ]
    return min(zip(orders, n_beside, strict=True), key=lambda one: int(one[1].sum()))


def _list_edges(shape: shapely.Geometry) -> tuple[Floats, Floats]:
    """Both ends of each edge of the rings, (n_edges, 2) each."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    is_edge = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    return points[:-1][is_edge], points[1:][is_edge]


def _pair(order: npt.NDArray[np.intp], beside: npt.NDArray[np.intp]) -> Iterator[tuple[Any, Any]]:
    """Each edge with those that begin beside it, as positions of both, some millions at once."""
    until = np.cumsum(beside)
    first = 0
    while first < len(order):
        begun = until[first - 1] if first else 0
        last = max(int(np.searchsorted(until, begun + PAIRS_AT_ONCE, side="right")), first + 1)
        n_each = beside[first:last]
        one = np.repeat(np.arange(first, last), n_each)
        step = np.arange(len(one)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
        yield order[one], order[one + 1 + step]
        first = last


def _lie_apart(start: Floats, end: Floats, one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    """Whether two points lie on different sides of the line through an edge, or on it."""
    along = end - start
    sides = [along[:, 0] * (at[:, 1] - start[:, 1]) - along[:, 1] * (at[:, 0] - start[:, 0]) for at in (one, other)]
    apart: npt.NDArray[np.bool_] = np.sign(sides[0]) * np.sign(sides[1]) <= 0
    return apart


def _share_an_end(start: Floats, end: Floats, one: Any, other: Any) -> npt.NDArray[np.bool_]:
    ends = [(start, start), (start, end), (end, start), (end, end)]
    shared: npt.NDArray[np.bool_] = np.logical_or.reduce([(a[one] == b[other]).all(axis=1) for a, b in ends])
    return shared
