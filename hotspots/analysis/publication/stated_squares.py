"""Squares of the grid that are told to everybody: of how many incidents each holds at least."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from hotspots.geography import FLOOR, MIN_INCIDENTS, Floor

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SQUARE_M = 500.0
"""Side of a square; its corners are whole multiples of it on the grid."""
LEAST_TOLD = (10, 25, 50, 100)
"""The classes: at least so many incidents in a year."""
_NEARLY = 1e-6


def class_squares(
    n_incidents: npt.ArrayLike,
    n_places: npt.ArrayLike,
    touches: npt.ArrayLike,
    told: npt.ArrayLike,
    *,
    floor: Floor = FLOOR,
) -> Integers:
    """The class of each square: of how many incidents it is told that it holds at least.

    A square is drawn if it holds ten incidents at five places. What is told of it must not narrow down what is beside
    it: of a ward with 30 incidents in which squares are told to hold 25, only five are left for all other squares. So
    wherever a count is told, ten of its incidents must still be able to lie in squares that are not drawn, or beyond
    what is told of those that are. Until that is so, a square of the area comes down by a class: the fullest of those
    that touch the fewest other areas.

    Args:
        n_incidents: int (n_squares,), of a year.
        n_places: float (n_squares,), places as `weigh_places` counts them.
        touches: bool (n_areas, n_squares), which areas each square has ground of. Areas do not overlap.
        told: float (n_areas,), how many incidents each area is told to have; infinite where that is not told.
        floor: What a square must hold.

    Returns:
        int (n_squares,), the lower bound of the class, 0 for a square that is not drawn.
    """
    counts = np.asarray(n_incidents, dtype=np.int64)
    lies_in: Flags = np.asarray(touches, dtype=bool)
    sums: Floats = np.asarray(told, dtype=np.float64)
    bounds = np.array((0, *LEAST_TOLD))
    least: Integers = bounds[np.searchsorted(bounds, counts, side="right") - 1]
    least[~floor.is_met(counts, n_places)] = 0
    unsure = list(np.flatnonzero(np.isfinite(sums)))
    while unsure:
        area = int(unsure[-1])
        bound = _find_bound(area, least, lies_in, sums)
        if bound < _NEARLY or sums[area] - bound >= MIN_INCIDENTS - _NEARLY:
            unsure.pop()  # what comes down elsewhere leaves it more
            continue
        drawn = np.flatnonzero(lies_in[area] & (least > 0))
        lowered = drawn[np.lexsort((-least[drawn], lies_in[:, drawn].sum(axis=0)))[0]]
        least[lowered] = bounds[np.searchsorted(bounds, least[lowered]) - 1]
    return least


def _find_bound(area: int, least: Integers, lies_in: Flags, told: Floats) -> float:
    """How many incidents of an area its squares that are drawn must hold, if other areas hold all they can."""
    drawn = np.flatnonzero(lies_in[area] & (least > 0))
    if not len(drawn):
        return 0.0
    areas, squares = np.nonzero(lies_in[:, drawn])
    pieces = np.arange(len(areas))
    ones = np.ones(len(areas))
    in_area = sparse.csr_array((ones, (areas, pieces)), shape=(len(told), len(areas)))
    in_square = sparse.csr_array((ones, (squares, pieces)), shape=(len(drawn), len(areas)))
    found = linprog(
        (areas == area).astype(np.float64),
        A_ub=sparse.vstack([in_area, -in_square]).toarray(),
        b_ub=np.concatenate([np.minimum(told, least.sum()), -least[drawn]]),
        bounds=(0, None),
        method="highs",
    )
    assert found.fun is not None  # the incidents that were counted fit
    return float(found.fun)
