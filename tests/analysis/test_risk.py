from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats
from support import MakeIncidents

from hotspots.analysis.surfaces import shrinkage
from hotspots.analysis.surfaces.cell_surroundings import measure_surroundings
from hotspots.analysis.surfaces.risk import RiskEstimate, estimate_risk, predict_counts
from hotspots.analysis.surfaces.shrinkage import (
    BOUNDS,
    CellPriors,
    ShrinkageFit,
    find_prior_and_shape,
    fit_shrinkage,
    measure_loss,
)
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.cells import Cells, CellShape, make_cells

SIDE = 2000
CELLS = make_cells(shapely.box(530_000, 180_000, 530_000 + SIDE, 180_000 + SIDE), cell_size_m=50)


def lay(counts: np.ndarray, cells: Cells, make_incidents: MakeIncidents) -> gpd.GeoDataFrame:
    """The incidents of each cell at its centre."""
    times = counts.astype(int)
    return make_incidents(np.repeat(cells.easting, times), np.repeat(cells.northing, times))


def sum_directly(values: np.ndarray, cells: Cells, h: float) -> np.ndarray:
    """The definition: a quartic kernel between centres, none for the cell itself."""
    centres = np.column_stack([cells.easting, cells.northing])
    u2 = ((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2) / h**2
    weight = np.where(u2 < 1, (1 - u2) ** 2, 0)
    np.fill_diagonal(weight, 0)
    return np.asarray(weight @ values)


def draw_counts(prior: np.ndarray, shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(rng.gamma(shape, prior / shape)).astype(float)


# --- what goes in


@pytest.mark.parametrize("shape", ["square", "hexagon"])
@pytest.mark.parametrize("h", [110.0, 300.0])
def test_what_is_around_a_cell_is_the_definition(shape: CellShape, h: float) -> None:
    """On a study area with a hole and a far island, in both lattices, at an odd origin."""
    ring = shapely.difference(shapely.box(0, 0, 900, 700), shapely.box(300, 200, 600, 500))
    cells = make_cells(shapely.union(ring, shapely.box(1300, 900, 1500, 1000)), cell_size_m=50, shape=shape)
    values = np.random.default_rng(1).poisson(2, (2, len(cells))).astype(float)
    kernel = cells.kernel(h)
    for row in values:
        np.testing.assert_allclose(kernel.sum_around(row), sum_directly(row, cells, h), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(kernel.weight, sum_directly(np.ones(len(cells)), cells, h), rtol=1e-9, atol=1e-6)


def test_the_covariates_by_hand() -> None:
    """Three cells in a row, 50 m apart, reach 100 m: the next cell weighs (1 - 1/4)² = 9/16, the one after nothing."""
    cells = make_cells(shapely.box(0, 0, 150, 50), cell_size_m=50)
    own, other = np.array([2.0, 1, 4]), np.array([10.0, 20, 40])
    share, level, same = measure_surroundings(own, other, cells, 100)
    k = 9 / 16
    # one incident and the other crime that goes with one elsewhere: 70 other over the incidents not in the cell
    np.testing.assert_allclose(
        share,
        [
            10 * (k * 1 + 1) / (k * 20 + 70 / 5),
            20 * (k * (2 + 4) + 1) / (k * (10 + 40) + 70 / 6),
            40 * (k * 1 + 1) / (k * 20 + 70 / 3),
        ],
    )
    np.testing.assert_allclose(level, [1, 3, 1])
    assert (same == 1).all()


@given(seed=st.integers(0, 1000), more=st.integers(1, 500))
@settings(max_examples=20)
def test_a_count_is_not_in_its_own_covariates(seed: int, more: int) -> None:
    cells = make_cells(shapely.box(0, 0, 600, 500), cell_size_m=50)
    rng = np.random.default_rng(seed)
    own, other = rng.poisson(0.5, len(cells)).astype(float), rng.poisson(3.0, len(cells)).astype(float)
    cell = int(rng.integers(len(cells)))
    changed = own.copy()
    changed[cell] += more
    before, after = (measure_surroundings(counts, other, cells, 200)[:, cell] for counts in (own, changed))
    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_a_lone_robbery_does_not_make_every_crime_beside_it_one(make_incidents: MakeIncidents) -> None:
    """What is known of a busy half is not undone by one robbery next to a lone shop in the empty half."""
    rng = np.random.default_rng(2)
    busy = CELLS.easting < 531_000
    other = np.where(busy, rng.poisson(2, len(CELLS)), 0)
    own = rng.poisson(0.1 * other * rng.gamma(2, 0.5, len(CELLS)))
    before = estimate_risk(lay(own, CELLS, make_incidents), lay(other, CELLS, make_incidents), cells=CELLS)
    shop, next_to_it, rim = CELLS.locate(
        np.array([531_525.0, 531_575, 531_800]), np.array([181_025.0, 181_025, 181_125])
    )
    own[next_to_it] += 1
    other[[shop, rim]] += [200, 1]
    after = estimate_risk(
        lay(own, CELLS, make_incidents), lay(other, CELLS, make_incidents), cells=CELLS, bandwidths_m=(300.0,)
    )
    assert before.coefficients[0] == pytest.approx(1, abs=0.3)
    assert after.coefficients[0] > before.coefficients[0] / 2
    assert after.prior[shop] < 200 * own.sum() / other.sum() * 2


# --- the likelihood


TRUTH = np.array([*np.log([0.8, 0.4, 0.05]), math.log(1.5), 0.6, special.logit(0.3)])


def draw_rows(rng: np.random.Generator, n: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts and covariates, and which cells are known to hold crime; three in ten of the others can."""
    covariates = np.stack([rng.gamma(0.5, 1, n), rng.gamma(2, 0.3, n), np.ones(n)])
    is_possible = rng.random(n) < 0.6
    covariates[0, ~is_possible] = 0  # where there is no other crime
    counts = draw_counts(*find_prior_and_shape(TRUTH, covariates), rng)
    return np.where(is_possible | (rng.random(n) < 0.3), counts, 0.0), covariates, is_possible


def differentiate(function: Callable[[np.ndarray], Any], at: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """By central differences, one row for each argument."""
    return np.array([(function(at + h) - function(at - h)) / (2 * step) for h in step * np.eye(len(at))])


@given(
    parameters=st.tuples(*[st.floats(-4, 2)] * 3, st.floats(-3, 4), st.floats(0, 1), st.floats(-5, 5)),
    seed=st.integers(0, 100),
)
@settings(max_examples=30)
def test_likelihood_and_gradient(parameters: tuple[float, ...], seed: int) -> None:
    """The likelihood is scipy's negative binomial, with more zeros where cells may hold nothing, and its gradient."""
    own, covariates, is_possible = draw_rows(np.random.default_rng(seed), n=200)
    rows = (own, covariates, np.random.default_rng(seed).integers(1, 9, 200).astype(float), is_possible)
    at = np.array(parameters)
    value, gradient = measure_loss(at, *rows)
    prior, shape = find_prior_and_shape(at, covariates)
    share = np.where(is_possible, 1.0, special.expit(at[5]))
    p = share * stats.nbinom.pmf(own, shape, shape / (shape + prior)) + (1 - share) * (own == 0)
    log_p = np.log(p) + np.log([math.factorial(int(y)) for y in own])
    assert value == pytest.approx(-float((log_p * rows[2]).sum()), rel=1e-9)
    by_difference = differentiate(lambda x: measure_loss(x, *rows)[0], at)
    np.testing.assert_allclose(gradient, by_difference, rtol=1e-5, atol=1e-6 * abs(value))


def find_priors(own: np.ndarray, covariates: np.ndarray, is_possible: np.ndarray) -> CellPriors:
    return fit_shrinkage(own, covariates, is_possible).find_priors(own, covariates, is_possible)


def find_parameters(fit: ShrinkageFit) -> np.ndarray:
    shape = (math.log(fit.shape_scale), fit.shape_power)
    return np.array([*np.log(fit.coefficients), *shape, special.logit(fit.possible_share)])


@pytest.mark.parametrize("seed", range(8))
def test_the_parameters_that_made_the_counts_are_found_again(seed: int) -> None:
    """The distance to the truth, in standard errors of the six together, is that of a chi-square with six degrees."""
    own, covariates, is_possible = draw_rows(np.random.default_rng(seed))
    found = find_parameters(fit_shrinkage(own, covariates, is_possible))
    rows = (own, covariates, np.ones(len(own)), is_possible)
    information = differentiate(lambda x: np.asarray(measure_loss(x, *rows)[1]), found)
    assert (found - TRUTH) @ information @ (found - TRUTH) < stats.chi2.ppf(0.999, 6)
    gradient = np.asarray(measure_loss(found, *rows)[1])
    assert np.abs(gradient).max() < 0.1  # of some thousands of incidents


@pytest.mark.slow
def test_no_other_start_finds_anything_likelier() -> None:
    own, covariates, is_possible = draw_rows(np.random.default_rng(9), n=1500)
    fit = fit_shrinkage(own, covariates, is_possible)
    rows = (own, covariates, np.ones(len(own)), is_possible)
    rng = np.random.default_rng(10)
    for _ in range(10):
        start = [*rng.uniform(-6, 3, 3), rng.uniform(-3, 5), rng.uniform(0, 1), rng.uniform(-3, 3)]
        found = optimize.minimize(measure_loss, start, args=rows, jac=True, bounds=BOUNDS)
        constant = float(np.log([math.factorial(int(y)) for y in own]).sum())
        assert -found.fun - constant <= fit.log_likelihood + 1e-3


def test_a_cell_that_has_shown_nothing_may_hold_nothing() -> None:
    """By Bayes: the share of those that can, times the chance that they would show none."""
    own, covariates, is_possible = draw_rows(np.random.default_rng(12))
    fit = fit_shrinkage(own, covariates, is_possible)
    none = ~is_possible & (own == 0)
    cells = fit.find_priors(own, covariates, is_possible)
    by_chance = fit.possible_share * np.asarray(
        stats.nbinom.pmf(0, cells.shape, cells.shape / (cells.shape + cells.prior))
    )
    np.testing.assert_allclose(cells.possible[none], (by_chance / (1 - fit.possible_share + by_chance))[none])
    assert (cells.possible[~none] == 1).all()
    all_cells = np.ones(len(own), dtype=bool)
    everywhere = fit_shrinkage(own, covariates, all_cells)
    assert everywhere.possible_share == 1
    assert (everywhere.find_priors(own, covariates, all_cells).possible == 1).all()


def test_the_size_of_cells_and_counts_does_not_stop_the_search() -> None:
    """Covariates of any scale, as of cells of 5 km or of 10 m, give the same prior."""
    own, covariates, is_possible = draw_rows(np.random.default_rng(11), n=1000)
    usual = find_priors(own, covariates, is_possible)
    for scale in (1e-5, 1e5):
        scaled = find_priors(own, covariates * scale, is_possible)
        np.testing.assert_allclose(scaled.prior, usual.prior, rtol=1e-5)


def test_empty_cells_in_groups_are_as_likely_as_one_by_one(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the level around them, which falls off from the middle some hundredfold, is all that is known."""
    cells = make_cells(shapely.box(0, 0, 5000, 5000), cell_size_m=50)
    level = 0.5 * np.exp(-np.hypot(cells.easting - 2500, cells.northing - 2500) / 500)
    own = lay(draw_counts(level, 2 * level**0.5, np.random.default_rng(12)), cells, make_incidents)
    grouped = estimate_risk(own, cells=cells)
    monkeypatch.setattr(shrinkage, "EMPTY_STEP", 1e-6)
    one_by_one = estimate_risk(own, cells=cells)
    assert grouped.bandwidth_m == one_by_one.bandwidth_m
    for h, value in one_by_one.log_likelihood.items():
        assert grouped.log_likelihood[h] == pytest.approx(value, abs=0.02)
    np.testing.assert_allclose(grouped.expected, one_by_one.expected, rtol=0.01, atol=1e-5)


# --- a number that somebody else published


def test_the_mites_of_bliss_and_fisher() -> None:
    """150 apple leaves, each of which may hold red mites, and how many each held: k = 1.0246."""
    mites = np.repeat(np.arange(8.0), [70, 38, 17, 10, 9, 3, 2, 1])
    alike = np.stack([np.zeros(150), np.zeros(150), np.ones(150)])
    rows = mites, alike, np.ones(150, dtype=bool)
    found, cells = fit_shrinkage(*rows), find_priors(*rows)
    np.testing.assert_allclose(cells.shape, 1.0246, atol=5e-5)
    np.testing.assert_allclose(cells.prior, 172 / 150, rtol=1e-4)
    assert found.log_likelihood == pytest.approx(-222.44, abs=5e-3)


# --- what comes out


def model(make_incidents: MakeIncidents, seed: int, *, cells: Cells = CELLS) -> tuple[np.ndarray, RiskEstimate]:
    """Robbery that follows other crime, with its true mean in each cell and the estimate."""
    rng = np.random.default_rng(seed)
    other = rng.poisson(rng.gamma(0.4, 10, len(cells)))
    prior = 0.3 * other + 0.02
    own = draw_counts(prior, 2 * prior**0.5, rng)
    return prior, estimate_risk(lay(own, cells, make_incidents), lay(other, cells, make_incidents), cells=cells)


@pytest.mark.parametrize("seed", range(3))
def test_what_made_the_counts_is_found_from_points(make_incidents: MakeIncidents, seed: int) -> None:
    cells = make_cells(shapely.box(0, 0, 5000, 5000), cell_size_m=50)
    prior, found = model(make_incidents, seed, cells=cells)
    assert found.bandwidth_m == 1000  # the share is the same everywhere, so the more is averaged, the better
    assert found.coefficients[0] == pytest.approx(1, abs=0.1)
    assert (found.shape_scale, found.shape_power) == pytest.approx((2, 0.5), rel=0.2)
    np.testing.assert_allclose(found.prior, prior, rtol=0.3, atol=0.05)
    assert found.expected.sum() == pytest.approx(found.n_incidents.sum(), rel=0.005)
    assert found.used_other_crime


@given(
    counts=st.lists(st.integers(0, 30), min_size=30, max_size=60).filter(any),
    others=st.one_of(st.none(), st.lists(st.integers(0, 9), min_size=30, max_size=60)),
    shape=st.sampled_from(["square", "hexagon"]),
)
@settings(max_examples=25)
def test_an_estimate_lies_between_the_record_and_the_surroundings(
    make_incidents: MakeIncidents, counts: list[int], others: list[int] | None, shape: CellShape
) -> None:
    cells = make_cells(shapely.box(0, 0, 330, 330), cell_size_m=50, shape=shape)
    own = np.resize(counts, len(cells)).astype(float)
    other = None if others is None else lay(np.resize(others, len(cells)), cells, make_incidents)
    found = estimate_risk(lay(own, cells, make_incidents), other, cells=cells)
    np.testing.assert_array_equal(found.n_incidents, own)
    between = found.own_share * own + (1 - found.own_share) * found.prior
    np.testing.assert_allclose(found.expected, found.possible * between, rtol=1e-9)
    for values in (found.expected, found.prior, found.shape, found.variance):
        assert (np.isfinite(values) & (values > 0)).all()
    posterior = stats.gamma(found.shape + own, scale=1 / (found.shape / found.prior + 1))
    np.testing.assert_allclose(found.expected, found.possible * posterior.mean(), rtol=1e-9)
    square = found.possible * (posterior.var() + posterior.mean() ** 2)
    np.testing.assert_allclose(found.variance, square - found.expected**2, rtol=1e-6, atol=1e-12)
    # the total is kept, unless counts say so little that hardly anything is known
    assert found.expected.sum() == pytest.approx(own.sum(), rel=0.05)
    assert found.log_likelihood[found.bandwidth_m] == max(found.log_likelihood.values())


@given(seed=st.integers(0, 1000))
@settings(max_examples=5)
@pytest.mark.slow
def test_the_more_a_cell_has_recorded_the_more_is_expected_of_it(make_incidents: MakeIncidents, seed: int) -> None:
    cells = make_cells(shapely.box(0, 0, 1000, 1000), cell_size_m=50)
    rng = np.random.default_rng(seed)
    own, cell = rng.poisson(rng.gamma(0.5, 1, len(cells))), int(rng.integers(len(cells)))
    expected = []
    for n in (0, 1, 2, 5, 30):
        own[cell] = n
        expected.append(float(estimate_risk(lay(own, cells, make_incidents), cells=cells).expected[cell]))
    assert expected == sorted(expected)
    assert len(set(expected)) == len(expected)


def test_the_record_counts_where_the_surroundings_say_nothing_and_hardly_where_all_are_alike(
    make_incidents: MakeIncidents,
) -> None:
    rng = np.random.default_rng(13)
    uneven = rng.poisson(rng.gamma(0.02, 50, len(CELLS)))  # a few cells with all of it, anywhere
    found = estimate_risk(lay(uneven, CELLS, make_incidents), cells=CELLS)
    np.testing.assert_allclose(found.expected[uneven > 20], uneven[uneven > 20], rtol=0.05)
    assert found.own_share.min() > 0.8

    even = rng.poisson(0.5, len(CELLS))
    found = estimate_risk(lay(even, CELLS, make_incidents), cells=CELLS)
    assert found.own_share.max() < 0.1
    np.testing.assert_allclose(found.expected, 0.5, atol=0.15)


def test_a_place_with_much_other_crime_is_likelier_than_an_empty_field(make_incidents: MakeIncidents) -> None:
    prior, found = model(make_incidents, 14)
    none_yet = found.n_incidents == 0
    busy, quiet = none_yet & (prior > 2), none_yet & (prior < 0.03)
    assert busy.sum() > 5
    assert found.expected[busy].min() > 10 * found.expected[quiet].max()


def test_without_other_crime_the_surroundings_are_this_crime_only(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(15)
    west = CELLS.easting < 531_000
    own = lay(rng.poisson(np.where(west, 1.0, 0.05)), CELLS, make_incidents)
    none, empty = (estimate_risk(own, others, cells=CELLS) for others in (None, own[:0]))
    assert none.coefficients[0] == 0
    assert not none.used_other_crime
    np.testing.assert_array_equal(none.expected, empty.expected)
    assert none.prior[CELLS.easting < 530_500].mean() == pytest.approx(1, rel=0.15)
    assert none.prior[CELLS.easting > 531_500].mean() == pytest.approx(0.05, abs=0.05)


def test_the_order_of_rows_and_what_lies_outside_do_not_matter(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(16)
    own = make_incidents(*rng.uniform((529_000, 179_000), (533_000, 183_000), (900, 2)).T)
    other = make_incidents(*rng.uniform((530_000, 180_000), (532_000, 182_000), (3000, 2)).T)
    inside = own[CELLS.locate(own.geometry.x.to_numpy(), own.geometry.y.to_numpy()) >= 0]
    before = own.copy()
    found = estimate_risk(own, other, cells=CELLS)
    pd.testing.assert_frame_equal(own, before)
    again = estimate_risk(inside.sample(frac=1, random_state=1), other.sample(frac=1, random_state=2), cells=CELLS)
    np.testing.assert_array_equal(found.expected, again.expected)
    assert found.log_likelihood == again.log_likelihood
    assert {type(value) for value in (*found.coefficients, found.bandwidth_m, found.shape_scale)} == {float}


def test_one_incident_in_one_cell_is_an_estimate(make_incidents: MakeIncidents) -> None:
    one = make_cells(shapely.box(0, 0, 50, 50), cell_size_m=50)
    for n in (1, 20_000):
        found = estimate_risk(make_incidents([25.0] * n, [25.0] * n), cells=one)
        assert found.expected[0] == pytest.approx(n, rel=0.01)


# --- ranges


@pytest.mark.parametrize(("mean", "variance"), [(0.3, 0.5), (4.0, 1.0), (12.0, 40.0), (150.0, 900.0)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_range_is_that_of_a_poisson_count_with_a_gamma_mean(
    mean: float, variance: float, confidence: float
) -> None:
    """By integration over the gamma distribution, without the negative binomial."""
    gamma = stats.gamma(mean**2 / variance, scale=variance / mean)

    def below(n: int) -> float:
        """P(count <= n)."""
        first, last = (float(gamma.ppf(share)) for share in (1e-12, 1 - 1e-12))
        return float(integrate.quad(lambda x: gamma.pdf(x) * stats.poisson.cdf(n, x), first, last, limit=500)[0])

    (low,), (high,) = predict_counts(np.array([mean]), np.array([variance]), confidence=confidence)
    tail = (1 - confidence) / 2
    assert below(low - 1) < tail <= below(low)
    assert below(high - 1) < 1 - tail <= below(high)


def test_without_variance_it_is_a_poisson_count() -> None:
    mean = np.array([0.1, 3.0, 10.0, 200.0])
    low, high = predict_counts(mean, mean * 1e-9)
    np.testing.assert_array_equal(low, stats.poisson.ppf(0.05, mean))
    np.testing.assert_array_equal(high, stats.poisson.ppf(0.95, mean))
    assert low.dtype == high.dtype == np.int64


@pytest.mark.slow
def test_the_next_period_ends_in_the_range(make_incidents: MakeIncidents) -> None:
    """Nine in ten of the next counts, of busy cells and of blocks of them; a little more, as counts are whole."""
    cells = make_cells(shapely.box(0, 0, 4000, 4000), cell_size_m=100)
    inside: dict[str, list[np.ndarray]] = {"cells": [], "blocks": []}
    for seed in range(4):
        rng = np.random.default_rng(seed)
        other = rng.poisson(rng.gamma(2, 40, len(cells)))
        prior = 0.2 * other + 0.5
        rate = rng.gamma(3.0, prior / 3)
        before, after = rng.poisson(rate), rng.poisson(rate)
        found = estimate_risk(
            lay(before, cells, make_incidents), lay(other, cells, make_incidents), cells=cells, bandwidths_m=(1000.0,)
        )
        block = (cells.row // 3) * 1000 + cells.column // 3
        _, block = np.unique(block, return_inverse=True)
        for name, group in (("cells", np.arange(len(cells))), ("blocks", block)):
            mean, variance, count = (
                np.bincount(group, x).astype(np.float64) for x in (found.expected, found.variance, after)
            )
            low, high = predict_counts(mean, variance)
            inside[name].append((low <= count) & (count <= high))
    for name, hits in inside.items():
        share, n = np.concatenate(hits).mean(), len(np.concatenate(hits))
        error = 3 * math.sqrt(0.9 * 0.1 / n)
        assert 0.9 - error < share < 0.93 + error, name


# --- what cannot be


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_025.0], [180_025.0])
    geographic = incidents.set_crs(4326, allow_override=True)
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        estimate_risk(geographic, cells=CELLS)
    with pytest.raises(DataError, match="projected CRS in metres; the other incidents are in WGS 84"):
        estimate_risk(incidents, geographic, cells=CELLS)
    for bad, given_ in (((50.0, 300.0), "50, 300"), ((math.nan,), "nan"), ((), "none")):
        with pytest.raises(
            ParameterError,
            match=f"must reach the next cell, so it must be above 50 m; the bandwidths given are {given_}. "
            "Choose larger",
        ):
            estimate_risk(incidents, cells=CELLS, bandwidths_m=bad)
    with pytest.raises(TooLittleDataError, match="none of the 1 given lies in the 1,600 cells. Check that both"):
        estimate_risk(make_incidents([0.0], [0.0]), cells=CELLS)
    with pytest.raises(TooLittleDataError, match="none of the 0 given"):
        estimate_risk(incidents[:0], cells=CELLS)
    some: dict[str, Any] = {"mean": np.array([1.0, 0.0]), "variance": np.array([1.0, 2.0])}
    with pytest.raises(ParameterError, match="above 0; 1 of 2 do not have them, the first 0 and 2. Give those"):
        predict_counts(**some)
    for confidence in (0.0, 1.0, math.nan):
        with pytest.raises(ParameterError, match=f"between 0 and 1, not {confidence:g}. 0.9 is usual"):
            predict_counts(np.ones(1), np.ones(1), confidence=confidence)


# --- real data


def test_it_finds_more_of_next_years_robbery_than_counts_or_density(real_data: Path) -> None:
    """Lewisham and Southwark, eleven months fitted, the next eleven forecast, 2% of the area."""
    table = pd.read_csv(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    points = gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table["Longitude"], table["Latitude"]), crs=4326
    ).to_crs(27700)
    wards = gpd.read_file(real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg")
    cells = make_cells(wards.geometry.union_all(), cell_size_m=50)
    is_robbery, is_past = points["Crime type"] == "Robbery", points["Month"] < "2019-01"
    past = points[is_robbery & is_past]
    found = estimate_risk(past, points[~is_robbery & is_past], cells=cells)
    assert found.expected.sum() == pytest.approx(found.n_incidents.sum(), rel=0.01)
    future = cells.count(points[is_robbery & ~is_past])
    density = cells.kernel(300).sum_around(found.n_incidents) + found.n_incidents

    def catch(score: np.ndarray) -> float:
        order = np.lexsort((np.random.default_rng(1).random(len(cells)), -score))
        return float(future[order[: len(cells) // 50]].sum() / future.sum())

    by_estimate, by_counts, by_density = map(catch, (found.expected, found.n_incidents, density))
    assert by_estimate > by_counts + 0.03 > by_density + 0.1


# --- where the search begins


@pytest.mark.slow
@given(begin=st.tuples(*[st.floats(-25, 10)] * 3, st.floats(-8, 9), st.floats(-0.5, 1.5), st.floats(-15, 15)))
@settings(max_examples=8)
def test_wherever_the_search_begins_it_ends_at_the_same_likelihood(begin: tuple[float, ...]) -> None:
    """Also from where the likelihood is flat, and from beyond the bounds."""
    rows = draw_rows(np.random.default_rng(13), n=800)
    usual, other = fit_shrinkage(*rows), fit_shrinkage(*rows, begin=begin)
    assert other.log_likelihood == pytest.approx(usual.log_likelihood, abs=1e-3)
    there, here = (fit.find_priors(*rows) for fit in (other, usual))
    np.testing.assert_allclose(there.prior, here.prior, rtol=0.02)
    np.testing.assert_allclose(there.possible, here.possible, atol=0.02)


def test_a_search_that_begins_where_one_ended_ends_there() -> None:
    rows = draw_rows(np.random.default_rng(14), n=1500)
    first = fit_shrinkage(*rows)
    again = fit_shrinkage(*rows, begin=first.found)
    assert again.log_likelihood >= first.log_likelihood - 1e-9
    np.testing.assert_allclose(again.found, first.found, atol=1e-2)
    cells = first.find_priors(*rows)
    np.testing.assert_allclose(again.find_priors(*rows).prior, cells.prior, rtol=1e-3)
    # what was found is what the parameters of the fit are
    prior, shape = find_prior_and_shape(
        np.array(first.found), rows[1] * (rows[0].mean() / rows[1].mean(axis=1))[:, None]
    )
    np.testing.assert_allclose(prior, cells.prior)
    np.testing.assert_allclose(shape, cells.shape)


@pytest.mark.parametrize("begin", [(math.nan,) * 6, (math.inf,) * 6, (-20.0, -20.0, -20.0, 8.0, 1.0, 12.0)])
def test_a_search_that_would_begin_nowhere_begins_in_the_middle(begin: tuple[float, ...]) -> None:
    """As after a fit of counts of which nothing could be known, at the ends of all bounds."""
    rows = draw_rows(np.random.default_rng(15), n=800)
    assert fit_shrinkage(*rows, begin=begin).log_likelihood == pytest.approx(
        fit_shrinkage(*rows).log_likelihood, abs=1e-3
    )


@pytest.mark.parametrize("count", [0.0, 1.0])
def test_counts_that_say_nothing_still_give_a_fit_to_begin_with(count: float) -> None:
    """None at all, or one in every cell."""
    _, covariates, is_possible = draw_rows(np.random.default_rng(16), n=300)
    fit = fit_shrinkage(np.full(300, count), covariates, is_possible)
    cells = fit.find_priors(np.full(300, count), covariates, is_possible)
    assert np.isfinite(fit.found).all()
    assert np.isfinite([*cells.prior, *cells.shape, *cells.possible, fit.log_likelihood]).all()
    rows = draw_rows(np.random.default_rng(17), n=800)
    assert fit_shrinkage(*rows, begin=fit.found).log_likelihood == pytest.approx(
        fit_shrinkage(*rows).log_likelihood, abs=1e-3
    )
