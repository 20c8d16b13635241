"""Rates that depend on several things at once: a Poisson regression."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import linalg

Floats = npt.NDArray[np.float64]


def fit_rates(counts: Floats, design: Floats, *, days: Floats) -> tuple[Floats, Floats]:
    """Fit a Poisson regression of incidents per day, by reweighted least squares.

    Where the most likely coefficients are infinite, as with a part of the design in which nothing happened, those
    are given that 20 steps of Newton's method reach.

    Args:
        counts: float (n,), incidents.
        design: float (n, n_columns).
        days: float (n,), above 0: days, hours or whatever the incidents are counted over.

    Returns:
        Expected counts, float (n,), and coefficients, float (n_columns,), of the logarithm of the rate.

    Source: McCullagh, P. and Nelder, J. A. (1989), Generalized Linear Models, section 2.5.
    """
    expected: Floats = counts + 0.5
    coefficients: Floats = np.zeros(design.shape[1])
    # of columns that follow from others the smallest coefficients, by the decomposition that costs least
    rank = {"cond": np.finfo(np.float64).eps * max(design.shape), "lapack_driver": "gelsy"}
    for _ in range(20):
        root = np.sqrt(expected)
        target = np.log(expected / days) + (counts - expected) / expected
        coefficients = linalg.lstsq(design * root[:, None], target * root, **rank)[0]
        updated: Floats = np.asarray(days * np.exp(np.clip(design @ coefficients, -20.0, 20.0)), dtype=np.float64)
        is_settled = np.abs(updated - expected).max() <= 1e-9 * expected.max()
        expected = updated
        if is_settled:
            break
    return expected, coefficients
