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
    found = np.zeros((3, len(own)))
    own_around = kernel.sum_around(own)
    np.divide(own_around, kernel.weight, out=found[1], where=kernel.weight > 0)
    found[2] = 1
    some = np.flatnonzero(other)  # where there is no other crime nothing of it is
    if len(some):
        elsewhere = (own.sum() - own[some]) / max(float(other.sum()), 1.0)
        other_around = kernel.sum_around(other)[some]
        found[0, some] = other[some] * (elsewhere * (own_around[some] + 1) / (elsewhere * other_around + 1))
    return found
