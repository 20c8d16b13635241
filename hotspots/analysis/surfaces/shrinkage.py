"""How far counts are shrunk towards a prior: negative binomial counts, fitted by maximum marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]

_FLOOR = 1e-9
"""Incidents expected at least in a cell, so that no logarithm is taken of nothing."""
EMPTY_GROUPS = 500
"""Into which cells without any crime are put together, by the level around them."""
BOUNDS = ((-20.0, 5.0), (-20.0, 5.0), (-20.0, 5.0), (-6.0, 8.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkageFit:
    """The parameters under which counts are likeliest: see `RiskEstimate`, whose attributes of these names they are."""

    prior: Floats
    shape: Floats
    coefficients: tuple[float, float, float]
    shape_scale: float
    shape_power: float
    log_likelihood: float


def fit_shrinkage(own: Floats, covariates: Floats) -> ShrinkageFit:
    """Find the parameters under which the counts are likeliest.

    Args:
        own: float (n_cells,), counts.
        covariates: float (3, n_cells), from `measure_surroundings`; one that is nothing everywhere has no weight.

    Source: as `estimate_risk`.
    """
    mean = covariates.mean(axis=1)
    is_used = mean > 0
    scale = own.mean() / np.where(is_used, mean, 1.0)  # so that the search is the same for cells of any size
    rows = _group_empty_cells(own, covariates * scale[:, None])
    start = [*np.log(np.full(3, 1 / 3)), 0.0, 0.5]
    found = optimize.minimize(
        measure_loss, start, args=rows, jac=True, method="L-BFGS-B", bounds=BOUNDS, options={"ftol": 1e-12}
    )
    prior, shape = find_prior_and_shape(found.x, covariates * scale[:, None])
    b1, b2, b3 = (float(value) for value in np.exp(found.x[:3]) * scale * is_used)
    return ShrinkageFit(
        prior=prior,
        shape=shape,
        coefficients=(b1, b2, b3),
        shape_scale=float(np.exp(found.x[3])),
        shape_power=float(found.x[4]),
        log_likelihood=-float(found.fun) - float(special.gammaln(own + 1).sum()),
    )


def find_prior_and_shape(parameters: Floats, covariates: Floats) -> tuple[Floats, Floats]:
    """The mean and the shape, float (n_cells,), of the gamma distribution of each cell's rate.

    Args:
        parameters: float (5,): logarithms of b1, b2, b3 and a, and p.
        covariates: float (3, n_cells).
    """
    # sums spelt out: the threads of a matrix product cost more than they save, on a busy machine tenfold
    b1, b2, b3 = np.exp(parameters[:3])
    prior: Floats = b1 * covariates[0] + b2 * covariates[1] + b3 * covariates[2] + _FLOOR
    shape: Floats = np.exp(parameters[3]) * prior ** parameters[4]
    return prior, shape


def _group_empty_cells(own: Floats, covariates: Floats) -> tuple[Floats, Floats, Floats]:
    """Counts, covariates and how many cells each row stands for.

    Most cells hold no crime at all and differ in little but the level around them: those of nearly the same level are
    taken as one, with its mean. It moves the likelihood by less than its last digits that matter.
    """
    is_empty = (own == 0) & (covariates[0] == 0)
    empty = covariates[:, is_empty]
    empty = empty[:, np.argsort(empty[1], kind="stable")]
    first = np.unique(np.linspace(0, empty.shape[1], EMPTY_GROUPS, endpoint=False, dtype=np.intp))
    first = first[: empty.shape[1]]
    n_alike = np.diff(first, append=empty.shape[1]).astype(np.float64)
    alike = np.add.reduceat(empty, first, axis=1) / n_alike if len(first) else empty
    return (
        np.concatenate([own[~is_empty], np.zeros(len(first))]),
        np.concatenate([covariates[:, ~is_empty], alike], axis=1),
        np.concatenate([np.ones(int((~is_empty).sum())), n_alike]),
    )


def measure_loss(parameters: Floats, own: Floats, covariates: Floats, n_cells: Floats) -> tuple[float, Floats]:
    """Minus the log likelihood of negative binomial counts without its constant, and its gradient, float (5,).

    Args:
        parameters: As in `find_prior_and_shape`.
        own: float (n,), counts.
        covariates: float (3, n).
        n_cells: float (n,), how many cells each count stands for.
    """
    m, s = find_prior_and_shape(parameters, covariates)
    ratio = np.log1p(m / s)
    value = -(s * ratio)
    by_s = 1 - (s + own) / (s + m) - ratio
    some = own > 0
    y, m_some, s_some = own[some], m[some], s[some]
    value[some] += special.gammaln(y + s_some) - special.gammaln(s_some) + y * np.log(m_some / (s_some + m_some))
    by_s[some] += special.digamma(y + s_some) - special.digamma(s_some)
    by_s *= n_cells * s
    by_m = n_cells * (own / m - (s + own) / (s + m)) + by_s * parameters[4] / m
    by_b = (by_m * covariates).sum(axis=1) * np.exp(parameters[:3])
    gradient = np.array([*by_b, by_s.sum(), (by_s * np.log(m)).sum()])
    return -float((value * n_cells).sum()), -gradient
