"""The circles that together are worth most and do not overlap: a maximum-weight packing, exact wherever it can be.

Circles that matter are few: one that overlaps no more than a better one does is never needed, and what is left falls
into groups that do not touch. Each group is swept from one end to the other, which gives its best choice of one circle,
of two and so on; the best of all groups together follows from these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]

_TOUCHING_M = 1e-6
_DIGITS = 1e10
_MAX_STEPS = 3_000_000
"""Of all sweeps together: a few seconds."""
_BLOCK = 2_000


def pack_circles(centres: Floats, worth: Floats, *, n_wanted: int, width_m: float) -> tuple[Positions, float]:
    """Choose circles of one size that do not overlap and are worth most together.

    Of choices worth the same, to ten digits of the best circle, the one of fewest circles is taken, and of these the
    westernmost: the first circle that is in one and not in the other decides.

    At first only circles worth as much as the last that a greedy choice takes are tried. A choice of n with m others,
    each worth w at most, is worth no more than the best n - m of those tried and m w. Where that may be enough, circles
    down to what they would have to be worth are tried as well.

    Args:
        centres: float (n, 2), metres, from west to east.
        worth: float (n,), 0 or more; what is worth nothing is never chosen.
        n_wanted: At most so many.
        width_m: Across each.

    Returns:
        Positions of those chosen, and the most that any choice could be worth. That is more than this one only where
        too many circles overlap for an exact answer, and an integer program was given up.
    """
    amounts = np.round(worth / max(worth.max(initial=0.0), np.finfo(float).tiny) * _DIGITS).astype(np.int64)
    apart_m = width_m - _TOUCHING_M
    greedy = _pick_greedily(centres, amounts, n_wanted, apart_m)
    if not len(greedy):
        return greedy, 0.0
    least = int(amounts[greedy].min()) if len(greedy) == n_wanted else 1
    while True:
        tried = np.flatnonzero(amounts >= least)
        best = _choose(centres[tried], amounts[tried], n_wanted, apart_m)
        if best is None:
            from hotspots.analysis.hotspots.packing_program import approach_packing  # here, as it is hardly ever needed

            return approach_packing(centres, worth, greedy, n_wanted=n_wanted, width_m=width_m)
        # the least that others must be worth to replace some: so much each, rounded up
        needed = max(min(-((most - best.total) // (n_wanted - n)) for n, most in best.most.items() if n < n_wanted), 1)
        if amounts[amounts < least].max(initial=0) < needed:
            return tried[best.chosen], float(worth[tried[best.chosen]].sum())
        least = needed


def _pick_greedily(centres: Floats, amounts: Integers, n_wanted: int, apart_m: float) -> Positions:
    """Positions of circles, each time the one worth most of those that overlap none taken before."""
    taken: list[int] = []
    tree, is_free = cKDTree(centres), amounts > 0
    for index in np.argsort(-amounts, kind="stable"):
        if len(taken) == n_wanted:
            break
        if is_free[index]:
            taken.append(int(index))
            is_free[tree.query_ball_point(centres[index], apart_m)] = False
    return np.array(taken, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Positions of the circles chosen, and the most, `{number: amount}`, that so many circles are worth."""

    chosen: Positions
    most: dict[int, int]

    @property
    def total(self) -> int:
        return self.most[len(self.chosen)]


def _choose(centres: Floats, amounts: Integers, n_wanted: int, apart_m: float) -> _Choice | None:
    """The best choice of at most so many circles, from west to east; None where it would take too long.

    What a circle is worth and which it is are one integer: its amount, and below it one bit, the higher the further
    west. The greater of two sums is then worth more or, of those worth the same, lies further west; and it says what it
    is the sum of.
    """
    kept, overlaps = _drop_dominated(_find_overlaps(centres, apart_m), amounts)
    n_kept = len(kept)
    keys = [(amount << n_kept) + (1 << (n_kept - 1 - at)) for at, amount in enumerate(amounts[kept].tolist())]
    beside = [part.tolist() for part in np.split(overlaps.indices, overlaps.indptr[1:-1])]
    best, n_left = {0: 0}, _MAX_STEPS
    for members in _list_groups(overlaps, centres[kept]):
        swept, n_steps = _sweep(members, beside, keys, n_wanted, n_left)
        if swept is None:
            return None
        best, n_left = _join(best, swept, n_wanted), n_left - n_steps
    number = max(best, key=lambda number: (best[number] >> n_kept, -number))
    is_chosen = [bit == "1" for bit in f"{best[number] & ((1 << n_kept) - 1):0{n_kept}b}"]
    return _Choice(chosen=kept[is_chosen], most={number: key >> n_kept for number, key in best.items()})


def _find_overlaps(centres: Floats, apart_m: float) -> sparse.csr_array:
    """Binary (n, n): which circles overlap; each does so with itself."""
    pairs = cKDTree(centres).query_pairs(apart_m, output_type="ndarray")
    itself = np.arange(len(centres)).repeat(2).reshape(-1, 2)
    # narrow positions, as older versions of SciPy find groups by no others
    one, other = np.concatenate([pairs, pairs[:, ::-1], itself]).T.astype(np.int32)
    return sparse.csr_array((np.ones(len(one), dtype=np.int32), (one, other)), shape=(len(centres),) * 2)


def _drop_dominated(overlaps: sparse.csr_array, amounts: Integers) -> tuple[Positions, sparse.csr_array]:
    """The circles that may be needed, as positions, and which of them overlap.

    In place of a circle that overlaps all that another does, the other can be chosen. It is no worse, if it is worth
    more or, worth the same, lies further west.
    """
    rank = np.empty(len(amounts), dtype=np.int64)
    rank[np.argsort(-amounts, kind="stable")] = np.arange(len(amounts))
    kept = np.arange(len(amounts))
    while True:
        is_needed = np.ones(len(kept), dtype=bool)
        n_overlapped = np.diff(overlaps.indptr)
        for rows in np.split(np.arange(len(kept)), range(_BLOCK, len(kept), _BLOCK)):
            shared = (overlaps[rows] @ overlaps).multiply(overlaps[rows]).tocoo()
            one, other = rows[shared.row], shared.col
            is_needed[one[(shared.data == n_overlapped[other]) & (rank[other] < rank[one])]] = False
        if is_needed.all():
            return kept, overlaps
        kept, rank, overlaps = kept[is_needed], rank[is_needed], overlaps[is_needed][:, is_needed]


def _list_groups(overlaps: sparse.csr_array, centres: Floats) -> list[list[int]]:
    """Groups of circles of which none overlaps one of another group, each in order along its longer side."""
    n_groups, group = connected_components(overlaps, directed=False)
    order = np.argsort(group, kind="stable")
    groups = []
    for members in np.split(order, np.searchsorted(group[order], np.arange(1, n_groups))):
        along = int(np.ptp(centres[members], axis=0).argmax())
        groups.append(members[np.lexsort((centres[members, 1 - along], centres[members, along]))].tolist())
    return groups


def _sweep(
    members: list[int], beside: list[list[int]], keys: list[int], n_wanted: int, max_steps: int
) -> tuple[dict[int, int] | None, int]:
    """The greatest sum of keys for each number of circles of a group, None if it takes too long; and the steps taken.

    Of what was chosen so far, what lies ahead need only know how many circles these are and which of those ahead they
    overlap. Of all choices that are the same in this, one is best.
    """
    place = {member: at for at, member in enumerate(members)}
    best, n_steps = {(0, 0): 0}, 0
    for at, member in enumerate(members):
        ahead = sum(1 << place[other] for other in beside[member] if place[other] > at)
        here, key, reached = 1 << at, keys[member], dict[tuple[int, int], int]()
        n_steps += len(best)
        if n_steps > max_steps:
            return None, n_steps
        for (barred, number), total in best.items():
            without = (barred & ~here, number)
            if reached.get(without, -1) < total:
                reached[without] = total
            if not barred & here and number < n_wanted:
                taken = (barred | ahead, number + 1)
                if reached.get(taken, -1) < total + key:
                    reached[taken] = total + key
        best = reached
    return {number: total for (_, number), total in best.items()}, n_steps


def _join(best: dict[int, int], others: dict[int, int], n_wanted: int) -> dict[int, int]:
    """The greatest sum for each number of circles of two groups together."""
    joined: dict[int, int] = {}
    for number, total in best.items():
        for more, amount in others.items():
            if number + more <= n_wanted and joined.get(number + more, -1) < total + amount:
                joined[number + more] = total + amount
    return joined
