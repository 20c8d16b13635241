"""The order in which a forecast flags cells, without sorting what nobody asks for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class CellOrder:
    """Cells from the first to be flagged to the last: the highest prediction first.

    Equal predictions are ordered against the forecaster: those with the fewest incidents come first, and of these the
    first in the table.

    Args:
        prediction: float (n_cells,), none missing.
        counts: int (n_cells,), incidents of the test.

    Attributes:
        rank_of_hit: int (n_hit,), the place in the order, from 0, of each cell with incidents.
    """

    def __init__(self, prediction: Floats, counts: npt.NDArray[np.number]) -> None:
        self._prediction, self._counts = prediction, counts
        self._ascending = np.sort(prediction)
        hit = np.flatnonzero(counts)
        predicted = prediction[hit]
        order = np.lexsort((counts[hit], -predicted))
        falling = -predicted[order]
        n_up_to, n_before, n_hit_up_to, n_hit_before = (
            np.searchsorted(values, falling, side)
            for values in (-self._ascending[::-1], falling)
            for side in ("right", "left")
        )
        # of equal predictions those of cells without incidents come first
        n_unhit = (n_up_to - n_before) - (n_hit_up_to - n_hit_before)
        self.rank_of_hit: Ints = np.empty(len(hit), dtype=np.int64)
        self.rank_of_hit[order] = n_before + n_unhit + np.arange(len(hit)) - n_hit_before

    def flag(self, n_flagged: int) -> npt.NDArray[np.bool_]:
        """Bool (n_cells,): the first cells of the order, one at least."""
        least = self._ascending[-n_flagged]
        flagged: npt.NDArray[np.bool_] = self._prediction > least
        equal = np.flatnonzero(self._prediction == least)
        equal = equal[np.argsort(self._counts[equal], kind="stable")]
        flagged[equal[: n_flagged - int(flagged.sum())]] = True
        return flagged

    def sum_first(self, n_flagged: npt.ArrayLike) -> Floats:
        """The sum of the predictions of the first cells, for each number of them."""
        return np.asarray(np.cumsum(self._ascending[::-1])[np.asarray(n_flagged) - 1])
