from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from hotspots.analysis.rates.area_rates import AreaRates, estimate_rates, estimate_residents
from hotspots.errors import DataError, ParameterError


def of_areas(counts: list[int], population: list[float]) -> tuple[pd.Series, pd.Series]:
    codes = pd.Index([f"W{i}" for i in range(len(counts))], name="ward_code")
    return pd.Series(counts, index=codes), pd.Series(population, index=codes, dtype=float)


def look_up(rates: AreaRates, *columns: str, code: str = "W0") -> list[float]:
    (row,) = np.flatnonzero(rates.table.index == code)
    return [float(value) for value in rates.table[list(columns)].to_numpy()[row]]


def test_a_rate_by_hand() -> None:
    """30 incidents in two years among 10,000 residents: 1.5 a year per 1,000; the whole has 45 among 30,000."""
    rates = estimate_rates(*of_areas([30, 15], [10_000, 20_000]), n_years=2)
    assert rates.overall_rate == pytest.approx(0.75)
    assert look_up(rates, "rate", "ratio") == pytest.approx([1.5, 2])


@pytest.mark.parametrize(
    ("n", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390), (20, 12.217, 30.888)]
)
def test_the_interval_is_in_the_tables_of_poisson_limits(n: int, low: float, high: float) -> None:
    rates = estimate_rates(*of_areas([n, 50], [1000, 1000]))
    assert look_up(rates, "rate_low", "rate_high") == pytest.approx([low, high], abs=1e-3)


@given(n=st.integers(1, 5000))
def test_the_interval_leaves_the_same_chance_on_both_sides(n: int) -> None:
    rates = estimate_rates(*of_areas([n, 1], [1000, 1000]))
    low, high = look_up(rates, "rate_low", "rate_high")
    assert stats.poisson.sf(n - 1, low) == pytest.approx(0.025)
    assert stats.poisson.cdf(n, high) == pytest.approx(0.025)


@given(
    areas=st.lists(st.tuples(st.integers(0, 60), st.integers(100, 20_000)), min_size=2, max_size=8).filter(
        lambda areas: any(n for n, _ in areas)
    )
)
@pytest.mark.slow
def test_the_comparison_with_the_whole_is_the_exact_binomial_one(areas: list[tuple[int, int]]) -> None:
    counts, population = map(list, zip(*areas, strict=True))
    rates = estimate_rates(*of_areas(counts, population))
    for i, (n, residents) in enumerate(areas):
        low, high, p_value = look_up(rates, "ratio_low", "ratio_high", "p_value", code=f"W{i}")
        share = residents / sum(population)
        exact = stats.binomtest(n, sum(counts), share).proportion_ci(method="exact")
        assert (low, high) == pytest.approx((exact.low / share, exact.high / share))
        one_sided = [stats.binomtest(n, sum(counts), share, side).pvalue for side in ("less", "greater")]
        assert p_value == pytest.approx(min(1, 2 * min(one_sided)))
        # the interval holds 1 just where the p-value is above 5%
        assert (p_value > 0.05) == (low < 1 < high)


def test_the_distribution_of_rates_is_the_likeliest_by_another_road() -> None:
    """Shape and rate of the gamma distribution, by scipy's negative binomial and a search without derivatives."""
    rng = np.random.default_rng(11)
    population = rng.integers(5_000, 20_000, 40).astype(float)
    counts = rng.poisson(rng.gamma(2.0, 1.5, 40) * population / 1000)
    rates = estimate_rates(*of_areas(counts.tolist(), population.tolist()))

    def lose(parameters: np.ndarray) -> float:
        shape, rate = np.exp(parameters)
        return -float(stats.nbinom.logpmf(counts, shape, rate / (rate + population / 1000)).sum())

    shape, rate = np.exp(optimize.minimize(lose, [0, 0], method="Nelder-Mead", options={"xatol": 1e-8}).x)
    assert rates.prior_shape == pytest.approx(shape, rel=1e-3)
    assert rates.prior_mean == pytest.approx(shape / rate, rel=1e-3)
    # conjugate: the posterior of an area is gamma(shape + n, rate + exposure)
    posterior = stats.gamma(shape + counts[0], scale=1 / (rate + population[0] / 1000))
    expected = [posterior.mean(), *posterior.interval(0.95)]
    assert look_up(rates, "shrunk_rate", "shrunk_low", "shrunk_high") == pytest.approx(expected, rel=1e-3)


def test_the_distribution_that_made_the_rates_is_found_again() -> None:
    rng = np.random.default_rng(12)
    population = rng.integers(1_000, 3_000, 5000).astype(float)
    risk = rng.gamma(3.0, 2.0, 5000)
    rates = estimate_rates(*of_areas(rng.poisson(risk * population / 1000).tolist(), population.tolist()))
    assert rates.prior_shape == pytest.approx(3.0, rel=0.08)
    assert rates.prior_mean == pytest.approx(6.0, rel=0.03)
    # and with it the risk itself: nearer than the plain rate, and inside the interval as often as said
    table = rates.table
    assert ((table["shrunk_rate"] - risk) ** 2).mean() < 0.9 * ((table["rate"] - risk) ** 2).mean()
    held = ((table["shrunk_low"] <= risk) & (risk <= table["shrunk_high"])).mean()
    assert held == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(("n", "is_weak"), [(2, False), (3, True), (9, True), (10, False)])
def test_few_areas_do_not_show_how_rates_differ(n: int, is_weak: bool) -> None:
    """Of two nothing is shrunk; an area without residents has no rate and does not count."""
    rates = estimate_rates(*of_areas([*range(10, 10 + n), 5], [9_000.0] * n + [0.0]))
    assert rates.is_prior_weak is is_weak


def test_shrinking_goes_towards_the_mean_and_the_further_the_fewer_the_residents() -> None:
    """Two areas of one plain rate, the second a tenth of the first."""
    rates = estimate_rates(*of_areas([100, 10, 20, 5, 60], [10_000, 1_000, 10_000, 10_000, 10_000]))
    table, mean = rates.table, rates.prior_mean
    assert mean is not None
    plain, shrunk = table["rate"].tolist(), table["shrunk_rate"].tolist()
    assert plain[0] == plain[1]
    assert mean < shrunk[1] < shrunk[0] < plain[0]
    assert (table["shrunk_rate"].between(*np.sort([table["rate"], np.full(5, mean)], axis=0))).all()


def test_rates_that_differ_no_more_than_chance_makes_them_become_one() -> None:
    """The same count everywhere varies less than a Poisson count would: nothing but chance is left."""
    rates = estimate_rates(*of_areas([30] * 12, [9_000] * 12))
    assert rates.prior_shape is not None
    assert rates.prior_shape > 1e4
    assert rates.table["shrunk_rate"].tolist() == pytest.approx([rates.overall_rate] * 12, rel=1e-3)


def test_areas_without_population_are_counted_and_have_no_rate() -> None:
    n_incidents, population = of_areas([30, 7, 4, 20, 25], [10_000, 0, math.nan, 9_000, 8_000])
    rates = estimate_rates(n_incidents, population.drop("W2"))
    assert (rates.n_without_population, rates.n_incidents_without_population) == (2, 11)
    missing = rates.table.loc[["W1", "W2"]].drop(columns=["n_incidents", "population", "is_small"])
    assert missing.isna().all(axis=None)
    assert rates.overall_rate == pytest.approx(75 / 27)
    others = estimate_rates(n_incidents[["W0", "W3", "W4"]], population)
    pd.testing.assert_frame_equal(rates.table.loc[["W0", "W3", "W4"]], others.table)


def test_the_table_keeps_the_index_and_joins_on_codes_not_on_order() -> None:
    n_incidents, population = of_areas([30, 15, 9], [10_000, 20_000, 5_000])
    straight = estimate_rates(n_incidents, population).table
    pd.testing.assert_frame_equal(estimate_rates(n_incidents, population[::-1]).table, straight)
    assert straight.index.equals(n_incidents.index)
    assert straight["is_small"].tolist() == [False, True, True]


def test_what_cannot_be_estimated_is_missing() -> None:
    none = estimate_rates(*of_areas([0, 0, 0], [1000, 1000, 1000]))
    assert none.overall_rate == 0
    assert none.table["rate_high"].tolist() == pytest.approx([3.689] * 3, abs=1e-3)
    assert none.table[["ratio", "p_value", "shrunk_rate"]].isna().all(axis=None)
    two = estimate_rates(*of_areas([4, 9], [1000, 1000]))
    assert two.prior_shape is None
    assert two.table["shrunk_rate"].isna().all()
    assert two.table["p_value"].notna().all()


def test_what_is_no_rate_is_refused() -> None:
    n_incidents, population = of_areas([3, 4], [1000, 2000])
    with pytest.raises(ParameterError, match="`n_years` must be above 0, not 0"):
        estimate_rates(n_incidents, population, n_years=0)
    with pytest.raises(DataError, match="W1 has several in the population. Add them up"):
        estimate_rates(n_incidents, pd.concat([population, population[1:]]))
    with pytest.raises(
        DataError, match=r"whole numbers of incidents, 0 or more; 1 of 2 are not, the first that of W1 \(4.5\)"
    ):
        estimate_rates(n_incidents.replace(4, 4.5), population)
    with pytest.raises(DataError, match="that of W0 is -5. Correct it, or leave it empty"):
        estimate_rates(n_incidents, population.replace(1000.0, -5.0))
    with pytest.raises(
        DataError, match="none of the 2 areas has one. The codes of the incidents begin W0, W1, those .* A0, A1. Check"
    ):
        estimate_rates(n_incidents, population.rename(lambda code: code.replace("W", "A")))


def test_robbery_in_the_wards_of_lewisham_and_southwark(real_data: Path) -> None:
    """2025, 42 wards of 4,000 to 21,000 residents: nothing is lost, and shrinking takes out some of the spread."""
    folder = real_data / "population"
    wards = pd.read_csv(folder / "lewisham_southwark_ward25_census2021_pop_bestfit.csv").set_index("WD25CD")
    crime = pd.read_csv(folder / "mps_ward_level_crime_202403_202603.csv")
    robbery = crime[crime["MinorText"] == "ROBBERY OF PERSONAL PROPERTY"].set_index("WardCode")
    months = [f"2025{month:02d}" for month in range(1, 13)]
    n_incidents = robbery[months].sum(axis=1).groupby(level=0).sum().reindex(wards.index, fill_value=0)
    residents = wards["census2021_pop_bestfit"]
    rates = estimate_rates(n_incidents, residents)
    table = rates.table
    assert (len(table), rates.n_without_population) == (42, 0)
    assert rates.overall_rate == pytest.approx(n_incidents.sum() / residents.sum() * 1000)
    assert table.notna().all(axis=None)
    assert table["shrunk_rate"].std() < table["rate"].std()
    assert ((table["rate_low"] < table["shrunk_rate"]) & (table["shrunk_rate"] < table["rate_high"])).all()
    # robbery goes where people come: the rates differ far more than chance makes them
    assert (table["p_value"] < 0.001).sum() > 10


# --- residents of an outline


def with_residents(wards: gpd.GeoDataFrame, *residents: float) -> gpd.GeoDataFrame:
    return wards.assign(population=np.array(residents, dtype=float))


def test_residents_by_hand(square_wards: gpd.GeoDataFrame) -> None:
    """Wards of 1 km² with 1,000, 2,000, 4,000 and an unknown number of people."""
    wards = with_residents(square_wards, 1000, 2000, 4000, np.nan)
    outlines = [
        shapely.box(530_100, 180_100, 530_200, 180_200),  # a hundredth of the first
        shapely.box(530_900, 180_100, 531_100, 180_200),  # a hundredth of each of two
        shapely.box(529_900, 180_100, 530_100, 180_200),  # half of it in no ward
        shapely.union_all(
            [shapely.box(530_000, 181_000, 531_000, 181_500), shapely.box(530_000, 180_000, 530_500, 180_100)]
        ),
        square_wards.geometry.iloc[1],
    ]
    np.testing.assert_allclose(estimate_residents(outlines, wards), [10, 30, 10, 2050, 2000])


def test_residents_that_are_not_known_are_missing(square_wards: gpd.GeoDataFrame) -> None:
    wards = with_residents(square_wards, 0, 2000, 4000, np.nan)
    outlines = [
        shapely.box(531_100, 181_100, 531_200, 181_200),  # in a ward without a number
        shapely.box(531_100, 180_900, 531_200, 181_100),  # half in it
        shapely.box(529_000, 180_000, 529_100, 180_100),  # in no ward
        shapely.box(529_900, 180_000, 530_000, 180_100),  # beside one
        shapely.box(530_100, 180_100, 530_200, 180_200),  # where nobody lives, which is known
    ]
    np.testing.assert_array_equal(estimate_residents(outlines, wards), [np.nan, np.nan, np.nan, np.nan, 0])
    assert estimate_residents([], wards).shape == (0,)


@given(west=st.floats(530_000, 531_900), south=st.floats(180_000, 181_900), cut=st.floats(0.1, 0.9))
def test_residents_of_the_parts_add_up(square_wards: gpd.GeoDataFrame, west: float, south: float, cut: float) -> None:
    wards = with_residents(square_wards, 1000, 2000, 4000, 8000)
    across = west + cut * 100
    whole, left, right = (
        shapely.box(a, south, b, south + 100) for a, b in ((west, west + 100), (west, across), (across, west + 100))
    )
    of_whole, *of_parts = estimate_residents([whole, left, right], wards)
    assert sum(of_parts) == pytest.approx(of_whole)
    assert 10 - 1e-6 <= of_whole <= 80 + 1e-6
