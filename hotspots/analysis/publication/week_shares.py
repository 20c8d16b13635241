"""Shares of the week that are told to everybody: in tenths, and only of many incidents."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hotspots.geography import MIN_INCIDENTS

Floats = npt.NDArray[np.float64]

_TENTHS = 10


def state_shares(n_by_part: npt.ArrayLike, *, min_incidents: int = MIN_INCIDENTS) -> Floats | None:
    """Shares in whole tenths, if each of them leaves more than ten numbers open.

    Args:
        n_by_part: float (n_parts,), incidents or their weights in each part of the week.
        min_incidents: The least width of what is left open.

    Returns:
        float (n_parts,), each rounded by itself, so that they need not add up to 1; None where one part could be
        narrowed down further by somebody who knows how many incidents there are, and what all the others are.
    """
    counts: Floats = np.asarray(n_by_part, dtype=np.float64)
    total = counts.sum()
    if not total:
        return None
    tenths = np.floor(_TENTHS * counts / total + 0.5)
    low, high = np.maximum(tenths - 0.5, 0) / _TENTHS * total, np.minimum(tenths + 0.5, _TENTHS) / _TENTHS * total
    least = np.maximum(low, total - (high.sum() - high))
    most = np.minimum(high, total - (low.sum() - low))
    return None if (most - least < min_incidents).any() else tenths / _TENTHS
