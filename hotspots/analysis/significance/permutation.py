"""What a cell's neighbours would hold if the counts of the other cells were dealt out at random: exact, unsimulated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MAX_TABLE = 50_000_000
"""Numbers in the table of sums: 400 MB."""
_MAX_DRAWN = 700
"""Beyond this the scaled coefficients, which grow to exp(number drawn), leave the range of floating point."""


def find_tails(counts: Integers, *, n_drawn: Integers, sums: Integers) -> tuple[Floats, Floats]:
    """Probabilities that `n_drawn` other cells, drawn at random without replacement, hold as many as `sums`.

    For each cell its own count stays where it is, and its `n_drawn` neighbours are drawn from the n - 1 others. The
    distribution of their sum is the coefficient of x^k y^s in the product over distinct counts v, held by n_v cells,
    of (1 + x y^v)^n_v. It is worked out once for all n cells, one distinct count after the other, and for each cell
    its own count v is then divided out: a division by (1 + x y^v), of which only the coefficient asked for is formed.

    Everything added up is positive but for that division. Its rounding error is about 1e-16 of the probability before
    it, and shrinks from step to step as long as at most half of the cells are drawn; where more would be, the others
    are drawn instead. A probability that is smaller still is held at that of a single arrangement, which no sum that
    was observed can be below.

    Args:
        counts: int (n_cells,), not negative.
        n_drawn: int (n_cells,), how many neighbours each cell has, below n_cells.
        sums: int (n_cells,), what they hold; one that cannot occur has no meaning here.

    Returns:
        float (n_cells,) twice: P(sum >= sums) and P(sum <= sums). They add up to 1 + P(sum = sums).

    Raises:
        ParameterError: The largest sum or number of neighbours asks for too large a table.
    """
    n, total = len(counts), int(counts.sum())
    # Drawing the neighbours is drawing those that are not: take whichever are fewer.
    is_flipped = n_drawn > (n - 1) // 2
    drawn = np.where(is_flipped, n - 1 - n_drawn, n_drawn)
    reached = np.where(is_flipped, total - counts - sums, sums)

    most_drawn, largest = int(drawn.max(initial=0)), int(reached.max(initial=0))
    if most_drawn > _MAX_DRAWN or (most_drawn + 1) * (largest + 2) > _MAX_TABLE:
        raise ParameterError(
            f"The exact test has room for {_MAX_DRAWN} neighbours, and for sums of {_MAX_TABLE:,} over their number; "
            f"here cells have up to {most_drawn:,} neighbours holding up to {largest:,}. "
            "Take fewer neighbours, smaller cells or a shorter period."
        )
    chance = _deal(counts, most_drawn=most_drawn, largest=largest)
    at_most = np.cumsum(chance[:, :-1], axis=1)
    at_least = np.cumsum(chance[:, ::-1], axis=1)[:, ::-1]

    # Many cells are alike: each combination of own count, number drawn and sum is worked out once.
    code = (counts * (most_drawn + 1) + drawn) * (largest + 1) + reached
    _, first, alike = np.unique(code, return_index=True, return_inverse=True)
    own, k, s = counts[first], drawn[first], reached[first]
    upper, lower = np.empty(len(first)), np.empty(len(first))
    for size in np.unique(k):
        which = np.flatnonzero(k == size)
        u, v = np.ones(len(which)), np.ones(len(which))
        for m in range(size + 1):
            place = s[which] - (size - m) * own[which]
            in_table = np.maximum(place, 0)
            # A sum of 0 or more is certain, one below 0 cannot be.
            u = (n * np.where(place > 0, at_least[m, in_table], 1.0) - m * u) / (n - m)
            v = (n * np.where(place >= 0, at_most[m, in_table], 0.0) - m * v) / (n - m)
        smallest = 1 / special.binom(n - 1, size)
        upper[which], lower[which] = np.clip(u, smallest, 1.0), np.clip(v, smallest, 1.0)
    upper, lower = upper[alike], lower[alike]
    return np.where(is_flipped, lower, upper), np.where(is_flipped, upper, lower)


def _deal(counts: Integers, *, most_drawn: int, largest: int) -> Floats:
    """P(sum of k counts drawn without replacement = s) in row k, column s; the last column holds all larger sums."""
    values, n_each = np.unique(counts, return_counts=True)
    scale = most_drawn / len(counts)
    ways = np.zeros((most_drawn + 1, largest + 2))
    ways[0, 0] = 1.0
    for value, times in zip(values.tolist(), n_each.tolist(), strict=True):
        before = ways.copy()
        for taken, chosen in enumerate(_choose(times, most_drawn, scale).tolist()):
            if taken == 0 or chosen == 0:
                continue
            source, step = before[: most_drawn + 1 - taken], min(taken * value, largest + 1)
            ways[taken:, step:-1] += chosen * source[:, : largest + 1 - step]
            ways[taken:, -1] += chosen * source[:, largest + 1 - step :].sum(axis=1)
    return ways / _choose(len(counts), most_drawn, scale)[:, None]


def _choose(n: int, most: int, scale: float) -> Floats:
    """C(n, j) scale^j for j from 0 to `most`."""
    j = np.arange(most)
    return np.cumprod(np.concatenate([[1.0], np.maximum(n - j, 0) / (j + 1) * scale]))
