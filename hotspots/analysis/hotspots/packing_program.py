"""Circles that together are worth much and do not overlap, by an integer program: where too many do to be exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

_TOUCHING_M = 1e-6
_WHOLE = 1e-9
_FIRST_TRY = 0.8
_MAX_CANDIDATES = 3_000
_GAP, _NODE_LIMIT = 0.002, 500


def approach_packing(
    centres: Floats, worth: Floats, greedy: Positions, *, n_wanted: int, width_m: float
) -> tuple[Positions, float]:
    """Choose circles of one size that do not overlap, and say what another choice could be worth at most.

    Two circles overlap if and only if both hold the point midway between their centres, so there is one condition for
    each such point: of the circles that hold it, at most one is chosen. Of choices worth the same any may be taken.

    First only circles worth about as much as the last that a greedy choice takes are tried. Let the linear program of
    these be worth L, and its price of one more circle be p. A choice with circles that were not tried, each worth w at
    most, is worth L - p + w at most if w is below p, and L + n (w - p) if it is above. Once that is within the gap
    allowed of the best choice found, no more need be tried. Where more than 3,000 circles remain, only the 3,000 worth
    most are.

    Args:
        centres: float (n, 2), metres.
        worth: float (n,), 0 or more.
        greedy: Positions of a choice to start from, at least one.
        n_wanted: At most so many.
        width_m: Across each.

    Returns:
        Positions of those chosen, and the most that any choice could be worth.
    """
    best = greedy
    least = _FIRST_TRY * worth[best].min() if len(best) == n_wanted else 0.0
    fewest = np.sort(worth)[-_MAX_CANDIDATES] if len(worth) > _MAX_CANDIDATES else 0.0
    while True:
        least = max(least, fewest)
        tried = np.flatnonzero(worth >= least)
        found = _solve(centres[tried], worth[tried], n_wanted, width_m)
        if worth[tried[found.chosen]].sum() > worth[best].sum():
            best = tried[found.chosen]
        total, most = float(worth[best].sum()), found.most
        if len(tried) < len(worth):
            above = least - found.price
            most = max(most, found.relaxed + above * (n_wanted if above > 0 else 1))
        if most <= total * (1 + _GAP) or len(tried) == len(worth) or least == fewest:
            return best, max(most, total)
        least = max(found.price - max(found.relaxed - total, 0.0), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solution:
    """Positions chosen; the worth of the linear program, its price of one more circle, and no choice's worth more."""

    chosen: Positions
    relaxed: float
    price: float
    most: float


def _solve(centres: Floats, worth: Floats, n_wanted: int, width_m: float) -> _Solution:
    """The choice among circles that is worth most, by a linear and an integer program."""
    pairs = cKDTree(centres).query_pairs(width_m - _TOUCHING_M, output_type="ndarray")
    middles = np.unique((centres[pairs] @ np.array([1.0, 1j])).mean(axis=1))
    holds = _find_within(np.column_stack([middles.real, middles.imag]), centres, width_m / 2 - _TOUCHING_M)
    limits = sparse.vstack([holds, sparse.csr_array(np.ones((1, len(centres))))], format="csr")
    most = np.append(np.ones(len(middles)), n_wanted)
    relaxed = optimize.linprog(-worth, A_ub=limits, b_ub=most, bounds=(0, 1), method="highs")
    worth_relaxed, price = -float(relaxed.fun or 0.0), -float(relaxed.ineqlin.marginals[-1])
    portions = np.asarray(relaxed.x, dtype=np.float64)
    if np.abs(portions - portions.round()).max(initial=0.0) < _WHOLE:  # no choice of whole circles is worth more
        whole = np.flatnonzero(portions.round() == 1)
        return _Solution(chosen=whole, relaxed=worth_relaxed, price=price, most=worth_relaxed)
    # nine in ten conditions follow from others, which the integer program would spend most of its time to find
    needed = np.append(_find_widest(holds), True)
    found = optimize.milp(
        -worth,
        constraints=optimize.LinearConstraint(limits[needed], ub=most[needed]),
        integrality=np.ones(len(centres), dtype=np.int64),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": _GAP, "node_limit": _NODE_LIMIT},
    )
    # at its limit the solver says that it failed, and may still hold a choice
    chosen = np.empty(0, np.intp) if found.x is None else np.flatnonzero(found.x.round() == 1)
    return _Solution(
        chosen=chosen,
        relaxed=worth_relaxed,
        price=price,
        most=worth_relaxed if found.mip_dual_bound is None else -float(found.mip_dual_bound),
    )


def _find_within(centres: Floats, points: Floats, distance_m: float) -> sparse.csr_array:
    """Binary (n_centres, n_points): the points that each circle holds."""
    pairs = cKDTree(centres).sparse_distance_matrix(cKDTree(points), distance_m, output_type="ndarray")
    # narrow positions, as older versions of the solver take no others
    found = (np.ones(len(pairs)), (pairs["i"].astype(np.int32), pairs["j"].astype(np.int32)))
    return sparse.csr_array(found, shape=(len(centres), len(points)))


def _find_widest(holds: sparse.csr_array) -> npt.NDArray[np.bool_]:
    """Bool (n,): which of the sets in rows, binary (n, n_circles), no other holds; of equal ones the first."""
    size = np.diff(holds.indptr)
    shared = (holds @ holds.T).tocoo()
    one, other = shared.row, shared.col
    is_first = (size[other] > size[one]) | ((size[other] == size[one]) & (other < one))
    widest = np.ones(holds.shape[0], dtype=bool)
    widest[one[is_first & (shared.data == size[one])]] = False
    return widest
