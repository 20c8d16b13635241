"""The last steps to the parameters under which counts are likeliest: Newton's method, within bounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = tuple[Floats, Floats, Floats, Flags]

FLOOR = 1e-9
"""Incidents expected at least in a cell, so that no logarithm is taken of nothing."""
_NEARLY = 1e-6
"""The likelihood that a step gains after which nothing is left: each step squares what was missing."""
_ROUNDING = 1e-12
"""Share of a likelihood that is lost in its sum."""
_MAX_STEPS = 30
_MIN_CURVATURE = 1e-9
"""Relative to that of each parameter alone."""


def finish_search(begin: Floats, rows: Rows, *, low: Floats, high: Floats) -> tuple[Floats, float] | None:
    """From nearly the likeliest parameters to the likeliest, and minus the log likelihood there; None if not reached.

    A search by gradients alone is slow at the end, where the likelihood is flat, and stops somewhere short of it.

    Args:
        begin: float (6,), parameters as in `measure_curvature`.
        rows: As there.
        low: float (6,), bounds of the parameters.
        high: float (6,), likewise.
    """
    at = np.clip(begin, low, high)
    loss, gradient, hessian = measure_curvature(at, *rows)
    for _ in range(_MAX_STEPS):
        if not np.isfinite([loss, *gradient, *hessian.ravel()]).all():
            return None
        step = find_step(gradient, hessian, low - at, high - at)
        gain = -float(gradient @ step)
        if abs(gain) < _NEARLY:
            return at + step, loss - gain / 2  # a parabola falls by half of what its slope says
        share = 1.0
        while True:
            there = measure_curvature(at + share * step, *rows)
            if there[0] <= loss + _ROUNDING * abs(loss):
                break
            share /= 4
            if share < _NEARLY:
                return None
        at, (loss, gradient, hessian) = at + share * step, there
    return None


def find_step(gradient: Floats, hessian: Floats, low: Floats, high: Floats) -> Floats:
    """Float (n,): the step to the bottom of a parabola, downhill where it has none, within bounds.

    Who would cross a bound is put on it, and the others are solved for again.

    Args:
        gradient: float (n,).
        hessian: float (n, n); a parameter without curvature of its own stays where it is.
        low: float (n,), lowest step of each, at most 0.
        high: float (n,), highest step, at least 0.
    """
    step = np.zeros(len(gradient))
    is_free = (np.diag(hessian) != 0) & ~((low >= 0) & (gradient > 0)) & ~((high <= 0) & (gradient < 0))
    while is_free.any():
        unit = 1 / np.sqrt(np.abs(np.diag(hessian)[is_free]))
        curvature, axes = np.linalg.eigh(hessian[np.ix_(is_free, is_free)] * unit * unit[:, None])
        slope = gradient[is_free] + hessian[np.ix_(is_free, ~is_free)] @ step[~is_free]
        step[is_free] = -unit * (axes @ (axes.T @ (unit * slope) / np.maximum(np.abs(curvature), _MIN_CURVATURE)))
        crosses = is_free & ((step < low) | (step > high))
        if not crosses.any():
            break
        step[crosses] = np.clip(step, low, high)[crosses]
        is_free &= ~crosses
    return step


def measure_curvature(
    parameters: Floats, own: Floats, covariates: Floats, n_cells: Floats, is_possible: Flags
) -> tuple[float, Floats, Floats]:
    """Minus the log likelihood of the counts without its constant, its gradient, float (6,), and Hessian, float (6, 6).

    Args:
        parameters: As in `measure_loss`, but b1, b2 and b3 themselves instead of their logarithms: where one of them is
            nothing, its logarithm has no end.
        own: float (n,), whole counts.
        covariates: float (3, n).
        n_cells: float (n,), how many cells each count stands for.
        is_possible: bool (n,), as in `fit_shrinkage`.
    """
    b1, b2, b3, log_scale, power, log_odds = parameters.tolist()
    m = b1 * covariates[0] + b2 * covariates[1] + b3 * covariates[2] + FLOOR
    log_m = np.log(m)
    s = np.exp(log_scale + power * log_m)
    sure, size = 1 / (s + m), s + own
    # the log likelihood of each row, and its derivatives by m and s
    value = -s * np.log1p(m / s)
    by_m = own / m - size * sure
    by_s = 1 - size * sure + value / s
    by_m_m = size * sure * sure - own / (m * m)
    by_m_s = (own - m) * sure * sure
    by_s_s = by_m_s + m * sure / s
    some = np.flatnonzero(own)
    of_log, of_inverse, of_square = _sum_over_counts(s[some], own[some].astype(np.intp))
    value[some] += of_log + own[some] * np.log(m[some] * sure[some])
    by_s[some] += of_inverse
    by_s_s[some] -= of_square
    # by m with s as it follows from m, and by the logarithm of s
    by_log_s = s * by_s
    by_log_s_2 = by_log_s + s * s * by_s_s
    pull = power / m
    by_m += pull * by_log_s
    by_m_m += pull * (2 * s * by_m_s + pull * by_log_s_2 - by_log_s / m)
    by_m_log_s = pull * by_log_s_2 + s * by_m_s
    # a cell that is not known to hold crime: how likely it can, given what it holds
    share = float(special.expit(log_odds))
    can = np.ones(len(own))
    doubted, found = np.flatnonzero(~is_possible & (own == 0)), np.flatnonzero(~is_possible & (own > 0))
    by_chance = share * np.exp(value[doubted])
    can[doubted] = by_chance / (1 - share + by_chance)
    value[doubted] = np.log(1 - share + by_chance)
    value[found] += np.log(share)

    weight = n_cells * can
    n_doubted = n_cells[~is_possible].sum()
    slopes = np.stack([*covariates * by_m, by_log_s, by_log_s * log_m, np.ones(len(own))])
    gradient = slopes @ weight
    gradient[5] = weight[~is_possible].sum() - share * n_doubted
    hessian = np.zeros((6, 6))
    hessian[:3, :3] = (covariates * (weight * by_m_m)) @ covariates.T
    hessian[:3, 3] = covariates @ (weight * by_m_log_s)
    hessian[:3, 4] = covariates @ (weight * (by_m_log_s * log_m + by_log_s / m))
    hessian[3:5, :3] = hessian[:3, 3:5].T
    bend = weight * by_log_s_2
    hessian[3, 3], hessian[4, 4] = bend.sum(), (bend * log_m) @ log_m
    hessian[3, 4] = hessian[4, 3] = bend @ log_m
    # what the parameters do to each other by way of `can`
    hessian += (slopes[:, doubted] * (weight * (1 - can))[doubted]) @ slopes[:, doubted].T
    hessian[5, 5] -= share * (1 - share) * n_doubted
    return -float(value @ n_cells), -gradient, -hessian


def _sum_over_counts(s: Floats, counts: npt.NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Sums, float (n,) each, over k = 0 ... count - 1 of log(s + k), 1 / (s + k) and its square; each count above 0.

    By these the logarithm of the gamma function, and its first two derivatives but for the sign of the last, differ
    between s and s + count. From SciPy the last takes twenty times as long.
    """
    if not len(counts):
        return s, s, s
    first = np.cumsum(counts) - counts
    terms = np.repeat(s, counts) + (np.arange(counts.sum()) - np.repeat(first, counts))
    inverse = 1 / terms
    of_log, of_inverse, of_square = (np.add.reduceat(each, first) for each in (np.log(terms), inverse, inverse**2))
    return of_log, of_inverse, of_square
