"""The last steps of a search: second derivatives by differences, steps by hand, and an end that nothing is beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hotspots.analysis.surfaces import shrinkage
from hotspots.analysis.surfaces.newton_steps import find_step, finish_search, measure_curvature
from hotspots.analysis.surfaces.shrinkage import BOUNDS, fit_shrinkage, measure_loss

Rows = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def draw_rows(seed: int, n: int = 300) -> Rows:
    """Counts up to some tens, of cells of which three in ten may hold none, each standing for up to eight."""
    rng = np.random.default_rng(seed)
    covariates = np.stack([rng.gamma(0.5, 1, n), rng.gamma(2, 0.3, n), np.ones(n)])
    prior = np.array([0.8, 0.4, 0.05]) @ covariates
    own = rng.poisson(rng.gamma(1.5, prior / 1.5)).astype(float) * (rng.random(n) < 0.7)
    return own, covariates, rng.integers(1, 9, n).astype(float), rng.random(n) < 0.6


def with_logarithms(parameters: np.ndarray) -> np.ndarray:
    return np.concatenate([np.log(parameters[:3]), parameters[3:]])


def list_bounds() -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(BOUNDS).T
    return np.concatenate([np.exp(low[:3]), low[3:]]), np.concatenate([np.exp(high[:3]), high[3:]])


@given(
    parameters=st.tuples(*[st.floats(0.05, 2)] * 3, st.floats(-3, 4), st.floats(0, 1), st.floats(-5, 5)),
    seed=st.integers(0, 100),
)
@settings(max_examples=30, deadline=None)
def test_the_curvature_is_that_of_the_loss(parameters: tuple[float, ...], seed: int) -> None:
    """The same loss, its slopes by b itself, and the differences of these."""
    rows, at = draw_rows(seed), np.array(parameters)
    loss, gradient, hessian = measure_curvature(at, *rows)
    known, slopes = measure_loss(with_logarithms(at), *rows)
    slopes[:3] /= at[:3]
    assert loss == pytest.approx(known, rel=1e-9)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-7, atol=1e-9 * abs(loss))
    steps = 1e-6 * np.eye(6)
    differences = [(measure_curvature(at + h, *rows)[1] - measure_curvature(at - h, *rows)[1]) / 2e-6 for h in steps]
    np.testing.assert_allclose(hessian, differences, rtol=1e-4, atol=1e-6 * np.abs(hessian).max())
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-12)


def test_counts_of_nothing_have_a_curvature_too() -> None:
    own, covariates, n_cells, is_possible = draw_rows(3)
    found = measure_curvature(np.array([0.5, 0.5, 0.1, 0, 0.5, 0]), 0 * own, covariates, n_cells, is_possible)
    assert all(np.isfinite(part).all() for part in found)


def test_a_step_ends_at_the_bottom_of_a_parabola() -> None:
    hessian = np.array([[2.0, 1.0], [1.0, 4.0]])
    far = np.full(2, math.inf)
    np.testing.assert_allclose(find_step(np.array([4.0, 9.0]), hessian, -far, far), [-1.0, -2.0])


def test_a_step_within_bounds_is_the_best_of_those() -> None:
    """One that ends on its bound leaves the other what is best beside it: 4 y + 9 + 1 x (-0.5) = 0."""
    hessian = np.array([[2.0, 1.0], [1.0, 4.0]])
    step = find_step(np.array([4.0, 9.0]), hessian, np.array([-0.5, -9.0]), np.full(2, 9.0))
    np.testing.assert_allclose(step, [-0.5, -8.5 / 4])


def test_what_is_on_its_bound_or_has_no_curvature_stays() -> None:
    hessian = np.diag([1.0, 0.0, 2.0])
    step = find_step(np.array([1.0, 1.0, 1.0]), hessian, np.array([0.0, -9.0, -9.0]), np.full(3, 9.0))
    np.testing.assert_allclose(step, [0.0, 0.0, -0.5])


def test_a_step_goes_downhill_where_the_ground_bends_the_other_way() -> None:
    step = find_step(np.array([1.0, 1.0]), np.diag([-2.0, 2.0]), np.full(2, -9.0), np.full(2, 9.0))
    np.testing.assert_allclose(step, [-0.5, -0.5])


@pytest.mark.parametrize("seed", range(5))
def test_at_the_end_there_is_no_slope_but_into_a_bound(seed: int) -> None:
    rows, (low, high) = draw_rows(seed, n=2000), list_bounds()
    reached = finish_search(np.array([0.7, 0.3, 0.1, 0.2, 0.4, 0.5]), rows, low=low, high=high)
    assert reached is not None
    found, loss = reached
    assert ((found >= low) & (found <= high)).all()
    there, gradient, hessian = measure_curvature(found, *rows)
    assert loss == pytest.approx(there, abs=1e-6)
    into_bound = ((found == low) & (gradient > 0)) | ((found == high) & (gradient < 0))
    error = np.abs(gradient) / np.sqrt(np.abs(np.diag(hessian)))  # in standard errors
    assert (error[~into_bound] < 1e-5).all()


def test_the_end_does_not_depend_on_the_beginning() -> None:
    rows, (low, high) = draw_rows(7, n=2000), list_bounds()
    begins = np.array([[0.7, 0.3, 0.1, 0.2, 0.4, 0.5], [0.9, 0.5, 0.03, 0.5, 0.5, 1.5]])
    first, second = (finish_search(begin, rows, low=low, high=high) for begin in begins)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first[0], second[0], rtol=1e-6, atol=1e-9)
    assert first[1] == pytest.approx(second[1], abs=1e-8)


def test_what_cannot_be_measured_is_given_up() -> None:
    own, covariates, n_cells, is_possible = draw_rows(1)
    rows = own, covariates * np.nan, n_cells, is_possible
    low, high = list_bounds()
    assert finish_search(np.array([0.7, 0.3, 0.1, 0.2, 0.4, 0.5]), rows, low=low, high=high) is None


def test_a_search_that_is_given_up_ends_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    own, covariates, _, is_possible = draw_rows(5, n=1000)
    usual = fit_shrinkage(own, covariates, is_possible)
    monkeypatch.setattr(shrinkage, "finish_search", lambda *_, **__: None)
    other = fit_shrinkage(own, covariates, is_possible)
    assert other.log_likelihood == pytest.approx(usual.log_likelihood, abs=1e-4)
    assert other.log_likelihood <= usual.log_likelihood + 1e-6


def test_the_likeliest_of_plain_counts_is_their_mean() -> None:
    """Of cells that are alike the prior is the mean, whatever the shape."""
    own = np.asarray(stats.nbinom.rvs(2, 0.4, size=5000, random_state=1), dtype=np.float64)
    alike = np.stack([np.zeros(5000), np.zeros(5000), np.ones(5000)])
    rows = own, alike, np.ones(5000, dtype=bool)
    np.testing.assert_allclose(fit_shrinkage(*rows).find_priors(*rows).prior, own.mean(), rtol=1e-8)
