"""The cells that a forecast flags first, without sorting those that nobody asks for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class CellOrder:
    """Cells from the first to be flagged to the last that is asked for: the highest prediction first.

    Equal predictions are ordered against the forecaster: those with the fewest incidents come first, and of these the
    first in the table.

    Args:
        prediction: float (n_cells,), none missing.
        counts: int (n_cells,), incidents of the test.
        n_first: How many cells are asked for, at most n_cells; all by default.

    Attributes:
        first: int (n_first,), the position of each of the first cells, in their order.
        rank_of_hit: int (n_hit,), the place in the order, from 0, of each cell with incidents; n_cells of those that
            are not among the first.
    """

    def __init__(self, prediction: Floats, counts: npt.NDArray[np.number], *, n_first: int | None = None) -> None:
        n_cells = len(prediction)
        above, equal = np.arange(n_cells), np.empty(0, dtype=np.int64)
        if n_first is not None and n_first < n_cells:
            least = prediction.min()
            higher = prediction[prediction > least]  # of a forecast that is nothing nearly everywhere few are left
            if len(higher) > n_first:
                least = np.partition(higher, -n_first)[-n_first]
            above, equal = np.flatnonzero(prediction > least), np.flatnonzero(prediction == least)
            hit = equal[counts[equal] > 0]
            equal = np.concatenate([equal[counts[equal] == 0], hit[np.argsort(counts[hit], kind="stable")]])
            equal = equal[: n_first - len(above)]
        self.first: Ints = np.concatenate([above[np.lexsort((counts[above], -prediction[above]))], equal])
        rank = np.full(n_cells, n_cells)
        rank[self.first] = np.arange(len(self.first))
        self.rank_of_hit: Ints = rank[np.flatnonzero(counts)]

    def sum_first(self, values: Floats, n_flagged: npt.ArrayLike) -> Floats:
        """The sum of the first cells' values, for each number of cells.

        Args:
            values: float (n_cells,).
            n_flagged: int (n,), or one number; 1 to n_first.
        """
        return np.asarray(np.cumsum(values[self.first])[np.asarray(n_flagged) - 1])
