"""Runs of consecutive days, months or bands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def find_runs(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and stop (one after the last) of each run of consecutive True.

    Args:
        flags: bool (n,), in the order in which they follow each other.
    """
    steps = np.diff(np.concatenate([[0], flags.astype(np.int64), [0]]))
    return list(zip(np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist(), strict=True))
