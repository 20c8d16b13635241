"""Distributions of counts, and how many of many tests find something by chance.

`scipy.stats` has all of it, but takes as long to import as a short run takes to compute; each of these is a line or two
over `scipy.special`. What is needed of continuous distributions is there by itself: `ndtr` and `ndtri` of the normal,
`stdtr` and `stdtrit` of Student's, `gammaincinv` of the gamma and `betaincinv` of the beta.

All take and give arrays, which are broadcast together. As those of SciPy they check nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Numbers = float | Floats

_MAX_SHAPE = 1e6
"""Rates that differ by a thousandth (one standard deviation) are taken as all alike."""


def binomial_cdf(k: Numbers, n: Numbers, p: Numbers) -> Floats:
    """The chance of at most `k` in `n` trials, each of chance `p`."""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    inside = special.betaincc(np.clip(k, 0, None) + 1, np.maximum(n - k, 1), p)
    return np.where(k < 0, 0.0, np.where(k < n, inside, 1.0))


def binomial_sf(k: Numbers, n: Numbers, p: Numbers) -> Floats:
    """The chance of more than `k` in `n` trials, each of chance `p`."""
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    inside = special.betainc(np.clip(k, 0, None) + 1, np.maximum(n - k, 1), p)
    return np.where(k < 0, 1.0, np.where(k < n, inside, 0.0))


def binomial_ppf(q: Numbers, n: Numbers, p: Numbers) -> Floats:
    """The smallest count of `n` trials, each of chance `p`, that at most as many reach with chance `q`, 0 to 1."""
    least = np.clip(np.ceil(special.bdtrik(q, n, p)), 0, n)
    return _step_down(least, binomial_cdf(least - 1, n, p) >= q)


def negative_binomial_cdf(k: Numbers, size: Numbers, p: Numbers) -> Floats:
    """The chance of at most `k` failures before `size` successes, each of chance `p`; `size` need not be whole.

    A Poisson count whose mean varies as a gamma distribution has it, with `p` of its mean by its variance.
    """
    k = np.asarray(k, dtype=np.float64)
    return np.where(k < 0, 0.0, special.betainc(size, np.maximum(k, 0) + 1, p))


def negative_binomial_sf(k: Numbers, size: Numbers, p: Numbers) -> Floats:
    """The chance of more than `k` failures before `size` successes, each of chance `p`."""
    k = np.asarray(k, dtype=np.float64)
    return np.where(k < 0, 1.0, special.betaincc(size, np.maximum(k, 0) + 1, p))


def negative_binomial_ppf(q: Numbers, size: Numbers, p: Numbers) -> Floats:
    """The smallest count of failures before `size` successes that at most as many reach with chance `q`, 0 to 1."""
    least = np.ceil(special.nbdtrik(q, size, p))
    least = _step_down(least, negative_binomial_cdf(least - 1, size, p) >= q)
    # the search for it goes astray where hardly anything but 0 can come
    return np.where(negative_binomial_cdf(0, size, p) >= q, 0.0, least)


def poisson_sf(k: Numbers, mean: Numbers) -> Floats:
    """The chance of more than `k` where `mean` are expected."""
    k = np.asarray(k, dtype=np.float64)
    return np.where(k < 0, 1.0, special.pdtrc(np.maximum(k, 0), mean))


def poisson_isf(q: Numbers, mean: Numbers) -> Floats:
    """The smallest count, where `mean` are expected, that more than as many have no more chance of than `q`, 0 to 1."""
    wanted = 1 - np.asarray(q, dtype=np.float64)
    least = np.ceil(special.pdtrik(wanted, mean))
    return _step_down(least, special.pdtr(np.maximum(least - 1, 0), mean) >= wanted)


def fit_gamma(n: Floats, exposure: Floats, *, mean: float | None = None) -> tuple[float, float]:
    """Shape and mean of the gamma distribution of rates under which Poisson counts are likeliest.

    Where the counts vary no more than chance makes them, the likelihood rises with the shape without end: the search
    then stops at a shape that takes the rates as all alike.

    Args:
        n: Float (n,), counts, not all 0; sums of weights need not be whole.
        exposure: Float (n,), above 0: what each count is divided by.
        mean: That of the rates, above 0, where it is not to be found but given.
    """
    from scipy import optimize  # here, as few need it and it takes a while

    kinds, n_of = np.unique(n, return_counts=True)
    total = float(n.sum())

    def lose(log_parameters: Sequence[float] | Floats) -> float:
        shape, rate = np.exp(log_parameters)
        # log of the negative binomial without what depends on n alone; log1p keeps it exact for a large shape
        gain = n_of @ (special.gammaln(shape + kinds) - special.gammaln(shape) - kinds * np.log(shape))
        return float(((shape + n) * np.log1p(rate / shape * exposure)).sum() - gain - total * np.log(rate))

    shapes = (math.log(1e-3), math.log(_MAX_SHAPE))
    if mean is not None:
        log_mean = math.log(mean)
        found = optimize.minimize_scalar(lambda log_shape: lose((log_shape, log_mean)), bounds=shapes, method="bounded")
        return math.exp(float(found.x)), mean
    overall = math.log(total / exposure.sum())
    fits = [
        optimize.minimize(
            lose, [math.log(shape), overall], method="L-BFGS-B", bounds=[shapes, (overall - 10, overall + 10)]
        )
        for shape in (1.0, 30.0, 1000.0)
    ]
    best = min(fits, key=lambda fit: fit.fun)
    return float(np.exp(best.x[0])), float(np.exp(best.x[1]))


def compare_shares(table: npt.ArrayLike) -> float:
    """The two-sided p value of Fisher's exact test: how often two groups of one share differ by as much.

    Args:
        table: Whole numbers (2, 2), 0 or more: a row a group or a column a group, which gives the same.

    Returns:
        As `scipy.stats.fisher_exact` gives it: the chance of all tables with these sums that are no likelier.
    """
    (a, b), (c, d) = np.asarray(table, dtype=np.float64)
    possible = np.arange(max(0.0, a - d), min(a + b, a + c) + 1)
    counts = np.array([possible, a + b - possible, a + c - possible, d - a + possible])
    log_chance = -special.gammaln(counts + 1).sum(axis=0)
    chance = np.exp(log_chance - log_chance.max())
    as_likely = (1 + 1e-7) * chance[int(a - possible[0])]  # rounding must not leave out those as likely
    return float(chance[chance <= as_likely].sum() / chance.sum())


def control_false_discoveries(p_values: npt.ArrayLike) -> Floats:
    """The p values of many tests, so adjusted that of those below a level no larger share is false on average.

    Args:
        p_values: Float (n,), 0 to 1.

    Returns:
        Float (n,), as `scipy.stats.false_discovery_control` gives them.

    Source: Benjamini, Y. and Hochberg, Y. (1995), Controlling the false discovery rate, Journal of the Royal
        Statistical Society B 57(1), 289-300.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    scaled = p[order] * (len(p) / np.arange(1, len(p) + 1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.clip(adjusted, 0, 1)


def _step_down(least: Floats, is_reached_before: npt.NDArray[np.bool_]) -> Floats:
    """Each count, or the one below it where rounding alone had led past it."""
    return np.where(is_reached_before, np.maximum(least - 1, 0), least)
