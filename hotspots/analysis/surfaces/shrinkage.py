"""How far counts are shrunk towards a prior: zero-inflated negative binomial counts, by maximum marginal likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from hotspots.analysis.surfaces.newton_steps import FLOOR, Flags, Floats, Rows, finish_search

EMPTY_STEP = 0.01
"""By how much, in logarithms, the level around cells without any crime differs that are taken as one."""
START = (*np.log(np.full(3, 1 / 3)).tolist(), 0.0, 0.5, 0.0)
"""Where a search begins that knows of no better: parameters as in `measure_loss`."""
_STEEP = np.array([(-4.0, 4.0), (-4.0, 4.0), (-4.0, 4.0), (-3.0, 5.0), (0.0, 1.0), (-7.0, 7.0)]).T
"""Within these a likelihood changes with its parameters; a search that began beyond might stay where it is flat."""
BOUNDS = ((-20.0, 5.0), (-20.0, 5.0), (-20.0, 5.0), (-6.0, 8.0), (0.0, 1.0), (-12.0, 12.0))
_COARSE_STEP = 0.4
"""The same of what lies around cells of the same count, for most of a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPriors:
    """What a fit says of each cell: see `RiskEstimate`, whose attributes of these names they are."""

    prior: Floats
    shape: Floats
    possible: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ShrinkageFit:
    """The parameters under which counts are likeliest: see `RiskEstimate`, whose attributes of these names they are.

    `found` are the six numbers as they are searched for, so that a search that is much alike can begin there.
    """

    coefficients: tuple[float, float, float]
    shape_scale: float
    shape_power: float
    possible_share: float
    log_likelihood: float
    found: tuple[float, ...]

    def find_priors(self, own: Floats, covariates: Floats, is_possible: Flags) -> CellPriors:
        """What they say of each cell; of several fits only one may be wanted.

        Args:
            own: As in `fit_shrinkage`.
            covariates: Likewise.
            is_possible: Likewise.
        """
        b1, b2, b3 = self.coefficients
        prior = b1 * covariates[0] + b2 * covariates[1] + (b3 * covariates[2] + FLOOR)
        shape = self.shape_scale * prior**self.shape_power
        possible, doubted = np.ones(len(own)), np.flatnonzero(~is_possible & (own == 0))
        s = shape[doubted]
        by_chance = self.possible_share * np.exp(-s * np.log1p(prior[doubted] / s))
        possible[doubted] = by_chance / (1 - self.possible_share + by_chance)
        return CellPriors(prior=prior, shape=shape, possible=possible)


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
    is_steep = (np.asarray(begin) >= _STEEP[0]) & (np.asarray(begin) <= _STEEP[1])
    found, loss = _search((counts, alike * scale[:, None], n_cells, is_known), np.where(is_steep, begin, START))
    b1, b2, b3 = (float(value) for value in np.exp(found[:3]) * scale * is_used)
    return ShrinkageFit(
        coefficients=(b1, b2, b3),
        shape_scale=float(np.exp(found[3])),
        shape_power=float(found[4]),
        possible_share=1.0 if is_possible.all() else float(special.expit(found[5])),
        log_likelihood=-loss - float(special.gammaln(own[own > 1] + 1).sum()),
        found=tuple(found.tolist()),
    )


def _search(rows: Rows, begin: Floats) -> tuple[Floats, float]:
    """The likeliest parameters, float (6,), and minus the log likelihood there.

    Most of the way is made on few rows, each of many much alike, and only the last steps on all.
    """
    nearly = _minimise(_group_alike(rows), begin, tolerance=1e-7)
    low, high = np.array(BOUNDS).T
    low[:3], high[:3] = np.exp(low[:3]), np.exp(high[:3])
    reached = finish_search(np.concatenate([np.exp(nearly.x[:3]), nearly.x[3:]]), rows, low=low, high=high)
    if reached is None:
        whole = _minimise(rows, nearly.x, tolerance=1e-12)
        return whole.x, float(whole.fun)
    found, loss = reached
    return np.concatenate([np.log(found[:3]), found[3:]]), loss


def _minimise(rows: Rows, begin: Floats, *, tolerance: float) -> optimize.OptimizeResult:
    return optimize.minimize(
        measure_loss, begin, args=rows, jac=True, method="L-BFGS-B", bounds=BOUNDS, options={"ftol": tolerance}
    )


def find_prior_and_shape(parameters: Floats, covariates: Floats) -> tuple[Floats, Floats]:
    """The mean and the shape, float (n_cells,), of the gamma distribution of each cell's rate.

    Args:
        parameters: float (5,) or more: logarithms of b1, b2, b3 and a, and p.
        covariates: float (3, n_cells).
    """
    # sums spelt out: the threads of a matrix product cost more than they save, on a busy machine tenfold
    b1, b2, b3 = np.exp(parameters[:3])
    prior: Floats = b1 * covariates[0] + b2 * covariates[1] + b3 * covariates[2] + FLOOR
    shape: Floats = np.exp(parameters[3]) * prior ** parameters[4]
    return prior, shape


def _group_empty_cells(own: Floats, covariates: Floats, is_possible: Flags) -> tuple[Floats, Floats, Floats, Flags]:
    """Counts, covariates, how many cells each row stands for, and whether they are known to hold crime.

    Most cells hold no crime at all and differ in nothing but the level around them: those of nearly the same level are
    taken as one, with its mean. It moves the likelihood by less than its last digits that matter.
    """
    is_empty = (own == 0) & ~is_possible
    empty, others = np.flatnonzero(is_empty), np.flatnonzero(~is_empty)
    level = covariates[1, empty]
    group = (np.log1p(level / max(float(covariates[1].mean()), FLOOR)) / EMPTY_STEP).astype(np.intp)
    count = np.bincount(group)
    held = np.flatnonzero(count)
    n_alike = count[held].astype(np.float64)
    alike = np.empty((3, len(held)))
    if len(held):
        alike[::2] = [[values[empty].mean()] for values in covariates[::2]]
        alike[1] = np.bincount(group, level)[held] / n_alike
    return (
        np.concatenate([own[others], np.zeros(len(held))]),
        np.concatenate([covariates[:, others], alike], axis=1),
        np.concatenate([np.ones(len(others)), n_alike]),
        np.concatenate([is_possible[others], np.zeros(len(held), dtype=bool)]),
    )


def _group_alike(rows: Rows) -> Rows:
    """Rows of the same count, with nearly the same around them, as one with its mean."""
    own, covariates, n_cells, is_possible = rows
    mean = np.maximum(covariates @ n_cells / n_cells.sum(), FLOOR)
    first, second = np.floor(np.log1p(covariates[:2] / mean[:2, None]) / _COARSE_STEP).astype(np.int64)
    kind = ((own.astype(np.int64) * 2 + is_possible) * (first.max() + 1) + first) * (second.max() + 1) + second
    _, position, group = np.unique(kind, return_index=True, return_inverse=True)
    n_alike = np.asarray(np.bincount(group, n_cells), dtype=np.float64)
    means = np.stack([np.bincount(group, n_cells * values) / n_alike for values in covariates])
    return own[position], means, n_alike, is_possible[position]


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
