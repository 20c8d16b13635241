"""What lies around each cell: other crime, and how much of this one is recorded nearby."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hotspots.geography import Cells

Floats = npt.NDArray[np.float64]


def measure_surroundings(own: Floats, other: Floats, cells: Cells, bandwidth_m: float) -> Floats:
    """Float (3, n_cells): other crime times the local share of this crime, local level of this crime, one.

    Args:
        own: float (n_cells,), incidents of this crime.
        other: float (n_cells,), of all other crime.
        cells: Where they were counted.
        bandwidth_m: How far "local" reaches, metres.

    Source: as `estimate_risk`.
    """
    kernel = cells.kernel(bandwidth_m)
    own_around, other_around = kernel.sum_around(own), kernel.sum_around(other)
    elsewhere = (own.sum() - own) / max(float(other.sum()), 1.0)
    share = elsewhere * (own_around + 1) / (elsewhere * other_around + 1)
    level = np.divide(own_around, kernel.weight, out=np.zeros(len(own)), where=kernel.weight > 0)
    return np.stack([other * share, level, np.ones(len(own))])
