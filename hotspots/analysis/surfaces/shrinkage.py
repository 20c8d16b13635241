"""How far counts are shrunk towards a prior: zero-inflated negative binomial counts, by maximum marginal likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_FLOOR = 1e-9
"""Incidents expected at least in a cell, so that no logarithm is taken of nothing."""
EMPTY_GROUPS = 500
"""Into which cells without any crime are put together, by the level around them."""
START = (*np.log(np.full(3, 1 / 3)).tolist(), 0.0, 0.5, 0.0)
"""Where a search begins that knows of no better: parameters as in `measure_loss`."""
_STEEP = np.array([(-4.0, 4.0), (-4.0, 4.0), (-4.0, 4.0), (-3.0, 5.0), (0.0, 1.0), (-7.0, 7.0)]).T
"""Within these a likelihood changes with its parameters; a search that began beyond might stay where it is flat."""
BOUNDS = ((-20.0, 5.0), (-20.0, 5.0), (-20.0, 5.0), (-6.0, 8.0), (0.0, 1.0), (-12.0, 12.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkageFit:
    """The parameters under which counts are likeliest: see `RiskEstimate`, whose attributes of these names they are.

    `found` are the six numbers as they are searched for, so that a search that is much alike can begin there.
    """

    prior: Floats
    shape: Floats
    possible: Floats
    coefficients: tuple[float, float, float]
    shape_scale: float
    shape_power: float
    possible_share: float
    log_likelihood: float
    found: tuple[float, ...]


def fit_shrinkage(
    own: Floats, covariates: Floats, is_possible: Flags, *, begin: Sequence[float] = START
) -> ShrinkageFit:
    """Find the parameters under which the counts are likeliest.

    Args:
        own: float (n_cells,), counts.
        covariates: float (3, n_cells), from `measure_surroundings`; one that is nothing everywhere has no weight.
        is_possible: bool (n_cells,), cells known to hold crime of some kind, whatever they hold of this one. Each of
            the others holds none at all, unless it is one of the share that is found here.
        begin: Where the search begins: `found` of counts that are much like these, which makes it shorter.

    Source: as `estimate_risk`.
    """
    mean = covariates.mean(axis=1)
    is_used = mean > 0
    scale = own.mean() / np.where(is_used, mean, 1.0)  # so that the search is the same for cells of any size
    counts, alike, n_cells, is_known = _group_empty_cells(own, covariates, is_possible)
    rows = counts, alike * scale[:, None], n_cells, is_known
    is_steep = (np.asarray(begin) >= _STEEP[0]) & (np.asarray(begin) <= _STEEP[1])
    found = optimize.minimize(
        measure_loss,
        np.where(is_steep, begin, START),
        args=rows,
        jac=True,
        method="L-BFGS-B",
        bounds=BOUNDS,
        options={"ftol": 1e-12},
    )
    prior, shape = find_prior_and_shape(found.x, covariates * scale[:, None])
    possible_share = 1.0 if is_possible.all() else float(special.expit(found.x[5]))
    possible, doubted = np.ones(len(own)), np.flatnonzero(~is_possible & (own == 0))
    by_chance = possible_share * np.exp(-shape[doubted] * np.log1p(prior[doubted] / shape[doubted]))
    possible[doubted] = by_chance / (1 - possible_share + by_chance)
    b1, b2, b3 = (float(value) for value in np.exp(found.x[:3]) * scale * is_used)
    return ShrinkageFit(
        prior=prior,
        shape=shape,
        possible=possible,
        coefficients=(b1, b2, b3),
        shape_scale=float(np.exp(found.x[3])),
        shape_power=float(found.x[4]),
        possible_share=possible_share,
        log_likelihood=-float(found.fun) - float(special.gammaln(own[own > 1] + 1).sum()),
        found=tuple(found.x.tolist()),
    )


def find_prior_and_shape(parameters: Floats, covariates: Floats) -> tuple[Floats, Floats]:
    """The mean and the shape, float (n_cells,), of the gamma distribution of each cell's rate.

    Args:
        parameters: float (5,) or more: logarithms of b1, b2, b3 and a, and p.
        covariates: float (3, n_cells).
    """
    # sums spelt out: the threads of a matrix product cost more than they save, on a busy machine tenfold
    b1, b2, b3 = np.exp(parameters[:3])
    prior: Floats = b1 * covariates[0] + b2 * covariates[1] + b3 * covariates[2] + _FLOOR
    shape: Floats = np.exp(parameters[3]) * prior ** parameters[4]
    return prior, shape


def _group_empty_cells(own: Floats, covariates: Floats, is_possible: Flags) -> tuple[Floats, Floats, Floats, Flags]:
    """Counts, covariates, how many cells each row stands for, and whether they are known to hold crime.

    Most cells hold no crime at all and differ in nothing but the level around them: those of nearly the same level are
    taken as one, with its mean. It moves the likelihood by less than its last digits that matter.
    """
    is_empty = (own == 0) & ~is_possible
    level = np.sort(covariates[1, is_empty])
    first = np.unique(np.linspace(0, len(level), EMPTY_GROUPS, endpoint=False, dtype=np.intp))[: len(level)]
    n_alike = np.diff(first, append=len(level)).astype(np.float64)
    alike = np.ones((3, len(first)))
    if len(first):
        alike[::2] = covariates[::2, is_empty].mean(axis=1, keepdims=True)
        alike[1] = np.add.reduceat(level, first) / n_alike
    others = np.flatnonzero(~is_empty)
    return (
        np.concatenate([own[others], np.zeros(len(first))]),
        np.concatenate([covariates[:, others], alike], axis=1),
        np.concatenate([np.ones(len(others)), n_alike]),
        np.concatenate([is_possible[others], np.zeros(len(first), dtype=bool)]),
    )


def measure_loss(
    parameters: Floats, own: Floats, covariates: Floats, n_cells: Floats, is_possible: Flags
) -> tuple[float, Floats]:
    """Minus the log likelihood of the counts without its constant, and its gradient, float (6,).

    Args:
        parameters: As in `find_prior_and_shape`, and the log odds that a cell without other crime can hold any.
        own: float (n,), counts.
        covariates: float (3, n).
        n_cells: float (n,), how many cells each count stands for.
        is_possible: bool (n,), as in `fit_shrinkage`.
    """
    m, s = find_prior_and_shape(parameters, covariates)
    share = special.expit(parameters[5])
    ratio = np.log1p(m / s)
    value = -(s * ratio)
    by_s = 1 - (s + own) / (s + m) - ratio
    some = own > 0
    y, m_some, s_some = own[some], m[some], s[some]
    value[some] += special.gammaln(y + s_some) - special.gammaln(s_some) + y * np.log(m_some / (s_some + m_some))
    by_s[some] += special.digamma(y + s_some) - special.digamma(s_some)
    # of a cell that is not known to hold crime: how likely it can, given what it holds
    can = np.ones(len(own))
    doubted, found = ~is_possible & ~some, ~is_possible & some
    by_chance = share * np.exp(value[doubted])
    can[doubted] = by_chance / (1 - share + by_chance)
    value[doubted] = np.log(1 - share + by_chance)
    value[found] += np.log(share)
    by_share = (n_cells * (can - share))[~is_possible].sum()

    by_s *= n_cells * can * s
    by_m = n_cells * can * (own / m - (s + own) / (s + m)) + by_s * parameters[4] / m
    by_b = (by_m * covariates).sum(axis=1) * np.exp(parameters[:3])
    gradient = np.array([*by_b, by_s.sum(), (by_s * np.log(m)).sum(), by_share])
    return -float((value * n_cells).sum()), -gradient
