from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.calendar.poisson_rates import fit_rates
from hotspots.analysis.change.monthly_series import DAYS_IN_MONTH
from hotspots.analysis.change.season import measure_season
from hotspots.analysis.change.season_windows import SeasonWindow
from hotspots.analysis.significance.persistence import measure_trend
from hotspots.errors import DataError, ParameterError

SUMMER = (6, 7, 8)
US_ACCIDENTAL_DEATHS = """
    9007 8106 8928 9137 10017 10826 11317 10744 9713 9938 9161 8927
    7750 6981 8038 8422 8714 9512 10120 9823 8743 9129 8710 8680
    8162 7306 8124 7870 9387 9556 10093 9620 8285 8466 8160 8034
    7717 7461 7767 7925 8623 8945 10078 9179 8037 8488 7874 8647
    7792 6957 7726 8106 8890 9299 10625 9302 8314 8850 8265 8796
    7836 6892 7791 8192 9115 9434 10484 9827 9110 9070 8633 9240
"""


def series(rates: Any, *, first: str = "2024-09") -> pd.Series:
    """Incidents a day, as counts of months from `first` on."""
    months = pd.period_range(first, periods=len(rates), freq="M")
    return pd.Series(np.asarray(rates, dtype=float) * months.days_in_month, index=months)


def draw(rng: np.random.Generator, n_months: int, mean: float, *, summer: float = 1.0, scatter: float = 0.0) -> Any:
    """Counts of months: Poisson, about a rate that itself scatters by that share."""
    months = pd.period_range("2024-09", periods=n_months, freq="M")
    rate: Any = mean / DAYS_IN_MONTH * months.days_in_month * np.where(months.month.isin(SUMMER), summer, 1.0)
    return pd.Series(rng.poisson(rate * np.exp(rng.normal(0, scatter, n_months))).astype(float), index=months)


def with_summer(n_months: int, ratio: float, *, noise: float = 0.01) -> pd.Series:
    """Ten incidents a day, in summer so many times as many, and a scatter without a season."""
    counts = series(10 * np.exp(np.random.default_rng(3).normal(0, noise, n_months)))
    counts[pd.PeriodIndex(counts.index).month.isin(SUMMER)] *= ratio
    return counts


@pytest.mark.parametrize(
    ("first_month", "n_months", "name"),
    [
        (6, 3, "summer: June-August"),
        (12, 3, "winter: December-February"),
        (3, 3, "spring: March-May"),
        (9, 3, "autumn: September-November"),
        (10, 4, "October-January"),
        (6, 2, "June-July"),
    ],
)
def test_a_window_is_named_as_people_name_it(first_month: int, n_months: int, name: str) -> None:
    window = SeasonWindow(first_month=first_month, n_months=n_months, ratio=1.4, low=1.2, high=1.6, p_value=0.01)
    assert window.name == name
    assert len(window.months) == n_months


def test_a_window_goes_on_over_the_end_of_the_year() -> None:
    window = SeasonWindow(first_month=11, n_months=4, ratio=1.2, low=1.1, high=1.3, p_value=0.01)
    assert window.months == (11, 12, 1, 2)


@pytest.mark.parametrize("n_months", [24, 29, 36, 60])
@pytest.mark.parametrize("ratio", [1.4, 0.6])
def test_a_planted_season_is_found_to_the_month(n_months: int, ratio: float) -> None:
    window = measure_season(with_summer(n_months, ratio)).window
    assert window is not None
    assert (window.first_month, window.n_months) == (6, 3)
    assert window.ratio == pytest.approx(ratio, rel=0.02)
    assert window.low < ratio < window.high
    assert window.p_value == pytest.approx(1 / 1000)


def test_half_a_year_that_is_lower_is_told_as_the_half_that_is_higher() -> None:
    counts = series(10 * np.exp(np.random.default_rng(3).normal(0, 0.01, 36)))
    counts[pd.PeriodIndex(counts.index).month.isin([10, 11, 12, 1, 2, 3])] *= 0.7
    window = measure_season(counts).window
    assert window is not None
    assert window.months == (4, 5, 6, 7, 8, 9)
    assert window.ratio == pytest.approx(1 / 0.7, rel=0.02)


def test_months_of_different_length_are_no_season() -> None:
    season = measure_season(series([10.0] * 24))
    assert season.window is None
    assert season.adjusted is not None
    np.testing.assert_allclose(season.adjusted, 304.375)
    assert season.strength == 0
    assert season.year_trend is not None
    assert season.year_trend.words == "no apparent trend"


def test_the_parts_add_up_to_the_series() -> None:
    season = measure_season(draw(np.random.default_rng(1), 40, 200, summer=1.3))
    assert season.adjusted is not None
    assert season.trend is not None
    assert season.seasonal is not None
    assert season.remainder is not None
    np.testing.assert_allclose(season.trend + season.seasonal + season.remainder, season.adjusted)
    assert season.seasonal.index.equals(season.adjusted.index)


def test_a_season_without_noise_has_all_the_strength_and_noise_has_less() -> None:
    exact, noisy = measure_season(with_summer(48, 1.4, noise=0)), measure_season(with_summer(48, 1.4, noise=0.2))
    assert exact.strength == pytest.approx(1, abs=0.01)
    assert noisy.strength is not None
    assert 0 < noisy.strength < 0.95


def test_a_month_without_data_is_bridged_and_stays_missing() -> None:
    counts = with_summer(48, 1.4)
    failed = counts.copy()
    failed["2026-07"] = np.nan
    full, bridged = measure_season(counts), measure_season(failed)
    assert bridged.n_months == 47
    assert bridged.window is not None
    assert full.window is not None
    assert bridged.window.months == full.window.months
    for part in ("adjusted", "trend", "seasonal", "remainder"):
        column = getattr(bridged, part)
        assert column.index[column.isna()].tolist() == [pd.Period("2026-07", "M")]
    assert full.seasonal is not None
    assert bridged.seasonal is not None
    np.testing.assert_allclose(bridged.seasonal.dropna(), full.seasonal[bridged.seasonal.notna()], atol=10)


def test_missing_months_at_either_end_are_left_out() -> None:
    counts = pd.concat([with_summer(36, 1.4)])
    counts.iloc[[0, 1, -1]] = np.nan
    season = measure_season(counts)
    assert season.available
    assert season.trend is not None
    assert season.trend.isna().to_numpy().nonzero()[0].tolist() == [0, 1, 35]


def test_a_failed_feed_makes_no_season_and_no_fall() -> None:
    counts = series(10 * np.exp(np.random.default_rng(4).normal(0, 0.05, 36)))
    # The feed fails in the same months of each year, and in the last.
    counts[pd.PeriodIndex(counts.index).month.isin([7])] = np.nan
    counts.iloc[-1] = np.nan
    season = measure_season(counts)
    assert season.available is False or season.window is None
    counts[counts.index == "2025-07"] = 310.0
    counts[counts.index == "2026-07"] = 310.0
    season = measure_season(counts)
    assert (season.available, season.window) == (True, None)
    assert season.year_trend is not None
    assert season.year_trend.direction == "none"


def test_a_step_in_level_is_told_from_a_season() -> None:
    rng = np.random.default_rng(8)
    n_windows = n_steps = 0
    for _ in range(20):
        counts = draw(rng, 24, 400)
        # A line through it leaves what falls through both years alike.
        counts.iloc[12:] = np.round(counts.iloc[12:] * 0.7)
        season = measure_season(counts, n_replicates=99)
        n_windows += season.window is not None
        if season.step_month is not None:
            n_steps += 1
            assert season.explanation is not None
            assert re.fullmatch(
                r"The level changes in \w+ 202[56]: a step there fits better than a season alone, and is "
                "allowed for.",
                season.explanation,
            )
    assert n_windows <= 2
    assert n_steps >= 15


@pytest.mark.parametrize(("n_months", "mean", "scatter"), [(24, 200, 0), (24, 4, 0), (36, 300, 0.1), (48, 300, 0.1)])
def test_chance_has_a_season_or_a_trend_at_most_as_often_as_stated(n_months: int, mean: float, scatter: float) -> None:
    rng = np.random.default_rng(12)
    n = 60
    seasons = [measure_season(draw(rng, n_months, mean, scatter=scatter), n_replicates=99, seed=i) for i in range(n)]
    allowed = n * 0.05 + 2 * np.sqrt(n * 0.05)
    assert sum(season.window is not None for season in seasons) <= allowed
    assert sum(season.year_trend is not None and season.year_trend.direction != "none" for season in seasons) <= allowed


@pytest.mark.parametrize(("mean", "summer"), [(100, 1.4), (300, 1.3), (1300, 1.3)])
def test_a_season_worth_planning_for_is_nearly_always_found_in_two_years(mean: float, summer: float) -> None:
    rng = np.random.default_rng(13)
    windows = [measure_season(draw(rng, 24, mean, summer=summer), n_replicates=99).window for _ in range(30)]
    assert sum(window is not None and bool({6, 7, 8} & set(window.months)) for window in windows) >= 27


def test_accidental_deaths_in_the_united_states_peak_in_july() -> None:
    deaths = pd.Series(
        np.array(US_ACCIDENTAL_DEATHS.split(), dtype=float), index=pd.period_range("1973-01", "1978-12", freq="M")
    )
    season = measure_season(deaths)
    assert season.window is not None
    assert 7 in season.window.months
    assert season.window.low > 1
    assert season.seasonal is not None
    by_month = season.seasonal.groupby(pd.PeriodIndex(season.seasonal.index).month).mean()
    assert by_month.idxmax() == 7


def test_burglary_in_lewisham_and_southwark_is_a_matter_of_dark_evenings(real_data: Path) -> None:
    table = pd.read_csv(
        real_data / "police_uk" / "lewisham_southwark_burglary_2010-12_2023-12.csv.gz", usecols=["Month"]
    )
    counts = table.groupby(pd.PeriodIndex(table["Month"], freq="M")).size()
    season = measure_season(counts)
    assert season.window is not None
    assert {12, 1} <= set(season.window.months)
    assert season.window.ratio > 1
    assert season.year_trend is not None
    assert season.year_trend.direction == "falling"


def test_a_fall_of_a_tenth_each_year_is_a_trend() -> None:
    season = measure_season(series(1000 * 0.9 ** (np.arange(36) // 12)))
    assert season.year_trend is not None
    # Each calendar month has three pairs of years, all of them falls.
    assert season.year_trend.s == -36
    assert season.year_trend.words == "falling by about 10% a year"
    assert season.year_trend.change_per_year == pytest.approx(-0.1, abs=1e-4)
    # The variance of three years is 3 * 2 * 11 / 18 for each calendar month, were months independent.
    assert -35 / np.sqrt(12 * 11 / 3) < season.year_trend.z < -3


def test_a_season_is_no_trend() -> None:
    # Starting low and ending high, a plain test of trend would see a rise.
    rates = np.tile(np.linspace(10, 20, 12), 2)
    season = measure_season(series(rates, first="2024-01"))
    assert season.year_trend is not None
    assert season.year_trend.s == 0
    assert season.year_trend.direction == "none"


@pytest.mark.parametrize(
    ("change", "words"), [(1.004, "rising by less than 1% a year"), (1.25, "rising by about 25% a year")]
)
def test_a_trend_is_worded_no_finer_than_whole_percent(change: float, words: str) -> None:
    season = measure_season(series(1e5 * change ** (np.arange(48) // 12)))
    assert season.year_trend is not None
    assert season.year_trend.words == words


@given(counts=st.lists(st.integers(0, 40), min_size=24, max_size=40))
@settings(max_examples=20)
def test_the_trend_is_that_of_each_month_by_itself(counts: list[int]) -> None:
    given_counts = pd.Series(counts, index=pd.period_range("2025-01", periods=len(counts), freq="M"))
    season = measure_season(given_counts, n_replicates=19)
    if season.year_trend is not None:
        rates = given_counts / pd.PeriodIndex(given_counts.index).days_in_month
        padded = rates.reindex(pd.period_range("2025-01", periods=48, freq="M")).to_numpy().reshape(4, 12)
        assert season.year_trend.s == measure_trend(padded).s.sum()


@given(counts=st.lists(st.integers(1, 500), min_size=24, max_size=40), factor=st.integers(2, 9))
@settings(max_examples=20)
def test_counting_everything_several_times_changes_no_shape(counts: list[int], factor: int) -> None:
    once = pd.Series(counts, index=pd.period_range("2025-01", periods=len(counts), freq="M"))
    one, many = measure_season(once, n_replicates=19), measure_season(once * factor, n_replicates=19)
    assert (one.window is None) == (many.window is None)
    if one.window is not None and many.window is not None:
        assert one.window.months == many.window.months
        assert one.window.ratio == pytest.approx(many.window.ratio, rel=1e-6)


@given(counts=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 10**6), st.none()), min_size=0, max_size=50))
@settings(max_examples=40)
def test_no_counts_are_too_odd(counts: list[int | None]) -> None:
    odd = pd.Series(counts, index=pd.period_range("2025-01", periods=len(counts), freq="M"), dtype="Int64")
    season = measure_season(odd, n_replicates=19)
    assert season.n_months == sum(count is not None for count in counts)
    assert season.available == (season.adjusted is not None)
    if season.window is not None:
        assert 0 < season.window.low <= season.window.ratio <= season.window.high
        assert season.window.p_value <= 0.05


def test_a_season_in_which_nothing_happens_has_a_ratio_and_limits() -> None:
    counts = with_summer(36, 1.0, noise=0.05)
    counts[pd.PeriodIndex(counts.index).month.isin([12, 1, 2])] = 0
    window = measure_season(counts).window
    assert window is not None
    assert window.name == "winter: December-February"
    assert 0 < window.low < window.ratio < window.high < 0.1


def test_the_same_seed_gives_the_same_answer_and_the_input_stays_as_it_was() -> None:
    counts = draw(np.random.default_rng(2), 36, 150, summer=1.2)
    counts.iloc[5] = np.nan
    before = counts.copy()
    first, second = measure_season(counts, seed=4), measure_season(counts, seed=4)
    assert first.window == second.window
    pd.testing.assert_series_equal(counts, before)


def test_a_regression_of_two_groups_gives_the_ratio_of_their_rates() -> None:
    counts, days = np.array([10.0, 20.0, 60.0]), np.array([10.0, 20.0, 20.0])
    design = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    expected, coefficients = fit_rates(counts, design, days=days)
    np.testing.assert_allclose(expected, counts)
    np.testing.assert_allclose(np.exp(coefficients), [1.0, 3.0])


def test_too_short_a_series_says_what_it_lacks() -> None:
    season = measure_season(series([10.0, 11.0] * 11))
    assert (season.available, season.window, season.trend, season.year_trend) == (False, None, None, None)
    assert season.explanation == (
        "A season shows only when it repeats: 24 months with data are needed, with each calendar month twice. There "
        "are 22."
    )
    uneven = series(np.random.default_rng(1).uniform(5, 9, 36))
    uneven[pd.PeriodIndex(uneven.index).month == 3] = np.nan
    assert measure_season(uneven).explanation == (
        "A season shows only when it repeats: 24 months with data are needed, with each calendar month twice. There "
        "are 33, unevenly spread."
    )
    assert measure_season(series([0.0] * 30)).explanation == (
        "Every month has 0 incidents, so there is no season or trend to find."
    )
    assert not measure_season(series([])).available


def test_what_is_no_monthly_series_is_refused() -> None:
    with pytest.raises(
        DataError, match="must be a pandas Series with an index of months, not one with a RangeIndex. Make"
    ):
        measure_season(pd.Series([1.0] * 30))
    with pytest.raises(DataError, match="not one with a PeriodIndex of frequency D"):
        measure_season(pd.Series([1.0] * 30, index=pd.period_range("2025-01-01", periods=30, freq="D")))
    with pytest.raises(DataError, match="not a list"):
        measure_season([1, 2, 3])  # type: ignore[arg-type]
    gap = series([1.0] * 30).drop(pd.Period("2025-03", "M"))
    with pytest.raises(DataError, match="follow each other without gaps; 2025-02 is followed by 2025-04. Sort them"):
        measure_season(gap)
    for wrong in (-3.0, np.inf):
        bad = series([1.0] * 30)
        bad["2025-03"] = wrong
        with pytest.raises(DataError, match=f"finite and 0 or more; 2025-03 has {wrong:g}. Give a missing value for"):
            measure_season(bad)
    words = pd.Series(["many"] * 30, index=pd.period_range("2025-01", periods=30, freq="M"))
    with pytest.raises(DataError, match="Counts must be numbers, not (object|str). Give one count for each month."):
        measure_season(words)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError, match="needs a whole number of replicates, at least 19, not 10. 999 is usual."):
        measure_season(series([1.0] * 24), n_replicates=10)
