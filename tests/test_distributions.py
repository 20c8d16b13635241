from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from hotspots.distributions import (
    binomial_cdf,
    binomial_ppf,
    binomial_sf,
    compare_shares,
    control_false_discoveries,
    fit_gamma,
    negative_binomial_cdf,
    negative_binomial_ppf,
    negative_binomial_sf,
    poisson_isf,
    poisson_sf,
)

Floats = npt.NDArray[np.float64]

MEANS = np.concatenate([[1e-9, 1e-4], np.geomspace(0.01, 1e5, 40)])
DISTANCES = np.array([-1e9, -6.0, -3.0, -1.0, -0.1, 0.0, 0.5, 2.0, 5.0])
"""From the mean, in standard deviations."""
CHANCES = np.array([1e-9, 0.00135, 0.025, 0.05, 0.4, 0.9, 0.975, 0.99865])


def place(means: Floats, spreads: Floats) -> Floats:
    """Counts (distances, means) around each mean, and -1 for what lies below 0."""
    return np.maximum(np.floor(means + DISTANCES[:, None] * spreads), -1)


@pytest.fixture(scope="module")
def trials() -> tuple[Floats, Floats, Floats]:
    """Counts, numbers of trials and chances: one incident to a million, rare to certain."""
    n, p = (grid.ravel() for grid in np.meshgrid([1.0, 2, 17, 400, 12_345, 1e6], [1e-6, 0.001, 0.03, 0.5, 0.97, 1.0]))
    return np.minimum(place(n * p, np.sqrt(n * p * (1 - p))), n + 1), n, p


@pytest.fixture(scope="module")
def gammas() -> tuple[Floats, Floats, Floats]:
    """Counts, sizes and chances of means that vary: from all in one cell to hardly any difference."""
    means, sizes = (grid.ravel() for grid in np.meshgrid(MEANS, [0.001, 0.2, 1.0, 7.3, 1e3, 1e9]))
    return place(means, np.sqrt(means + means**2 / sizes)), sizes, sizes / (sizes + means)


def test_of_trials_at_most_and_more_than_a_count(trials: tuple[Floats, Floats, Floats]) -> None:
    np.testing.assert_allclose(binomial_cdf(*trials), stats.binom.cdf(*trials), rtol=1e-9)
    np.testing.assert_allclose(binomial_sf(*trials), stats.binom.sf(*trials), rtol=1e-12)


def test_few_of_many_trials_to_the_last_digits() -> None:
    n, p = 9914, 0.00517801578187621
    exact = math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(20))
    assert float(binomial_cdf(19, n, p)) == pytest.approx(exact, rel=1e-12)


def test_quantiles_of_trials(trials: tuple[Floats, Floats, Floats]) -> None:
    _, n, p = trials
    found = binomial_ppf(CHANCES[:, None], n, p)
    np.testing.assert_array_equal(found, stats.binom.ppf(CHANCES[:, None], n, p))


def test_of_varying_means_at_most_and_more_than_a_count(gammas: tuple[Floats, Floats, Floats]) -> None:
    np.testing.assert_allclose(negative_binomial_cdf(*gammas), stats.nbinom.cdf(*gammas), rtol=1e-12)
    np.testing.assert_allclose(negative_binomial_sf(*gammas), stats.nbinom.sf(*gammas), rtol=1e-9)


def test_quantiles_of_varying_means(gammas: tuple[Floats, Floats, Floats]) -> None:
    _, size, p = gammas
    found = negative_binomial_ppf(CHANCES[:, None], size, p)
    np.testing.assert_array_equal(found, stats.nbinom.ppf(CHANCES[:, None], size, p))


def test_a_count_that_is_reached_exactly_is_not_passed() -> None:
    # one failure more has half the chance of the one before: 1/2, 3/4, 7/8
    np.testing.assert_array_equal(negative_binomial_ppf(np.array([0.5, 0.75, 0.875]), 1.0, 0.5), [0, 1, 2])
    np.testing.assert_array_equal(binomial_ppf(np.array([0.25, 0.75, 1.0]), 2, 0.5), [0, 1, 2])


def test_of_a_mean_more_than_a_count() -> None:
    counts = place(MEANS, np.sqrt(MEANS))
    np.testing.assert_allclose(poisson_sf(counts, MEANS), stats.poisson.sf(counts, MEANS), rtol=1e-12)


def test_quantiles_of_a_mean() -> None:
    found = poisson_isf(CHANCES[:, None], MEANS)
    np.testing.assert_array_equal(found, stats.poisson.isf(CHANCES[:, None], MEANS))


@pytest.mark.parametrize("n", [0, 1, 2, 15, 1000])
def test_false_discoveries_are_controlled_as_scipy_does(n: int) -> None:
    rng = np.random.default_rng(n)
    p = np.round(rng.random(n) ** 3, 2)  # with ties, zeros and ones
    np.testing.assert_array_equal(control_false_discoveries(p), stats.false_discovery_control(p))


def test_two_shares_are_compared_as_fisher_did() -> None:
    # the lady who tasted tea: of four cups with milk first she found three
    assert compare_shares([[3, 1], [1, 3]]) == pytest.approx(34 / 70, rel=1e-12)


@pytest.mark.parametrize(
    "table", [[[0, 0], [5, 9]], [[0, 7], [9, 0]], [[1, 24], [5, 13]], [[12, 5000], [90, 21_000]], [[900, 1], [7, 30]]]
)
def test_two_shares_are_compared_as_scipy_does(table: list[list[int]]) -> None:
    expected = float(stats.fisher_exact(np.array(table)).pvalue)
    assert compare_shares(table) == pytest.approx(expected, rel=1e-9)
    assert compare_shares(np.transpose(table)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("is_given", [True, False])
def test_the_likeliest_distribution_of_rates_is_that_of_a_search_through_all(is_given: bool) -> None:
    rng = np.random.default_rng(3)
    exposure = rng.uniform(20, 200, 400)
    n = rng.poisson(exposure * 0.05 * rng.gamma(0.8, 1 / 0.8, 400)).astype(np.float64)
    overall = float(n.sum() / exposure.sum())
    shape, mean = fit_gamma(n, exposure, mean=overall if is_given else None)
    shapes = np.exp(np.linspace(math.log(0.4), math.log(1.6), 401))[:, None]
    means = [overall] if is_given else np.linspace(0.8 * overall, 1.2 * overall, 101)
    chances = [np.sum(stats.nbinom.logpmf(n, shapes, 1 / (1 + one * exposure / shapes)), axis=1) for one in means]
    at_mean, at_shape = np.unravel_index(np.argmax(chances), (len(means), len(shapes)))
    assert shape == pytest.approx(shapes[at_shape, 0], rel=0.005)
    assert mean == pytest.approx(means[at_mean], rel=0.005)
    assert mean == overall or not is_given
