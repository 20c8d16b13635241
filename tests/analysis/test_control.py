from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.change.control import Signal, find_signals
from hotspots.analysis.change.season import measure_season
from hotspots.analysis.change.textbook_limits import limit_counts
from hotspots.errors import DataError, ParameterError

WAFER_DEFECTS = [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13]
FABRIC_DEFECTS = [12, 11, 9, 15, 7, 6, 5, 10, 8, 8, 14, 5, 9, 13, 7, 5, 8, 11, 7, 12]


def counts_of(values: Any, *, first: str = "2024-10") -> pd.Series:
    return pd.Series(np.asarray(values, dtype=float), index=pd.period_range(first, periods=len(values), freq="M"))


def steady(n_months: int, mean: float = 300, *, seed: int = 1) -> pd.Series:
    return counts_of(np.random.default_rng(seed).poisson(mean, n_months))


def months_of(signals: tuple[Signal, ...]) -> list[tuple[str, str]]:
    return [(str(signal.month), signal.kind) for signal in signals]


def test_the_published_limits_of_defects_on_wafers_are_reproduced() -> None:
    limits = limit_counts(WAFER_DEFECTS, np.full(25, np.mean(WAFER_DEFECTS)), sigma_z=1)
    assert np.mean(WAFER_DEFECTS) == 16
    np.testing.assert_allclose(limits.high, 28)
    np.testing.assert_allclose(limits.low, 4)
    defects = np.array(WAFER_DEFECTS)
    outside = np.flatnonzero((defects > limits.high) | (defects < limits.low))
    assert (outside + 1).tolist() == [24]


def test_the_published_limits_of_defects_a_square_metre_of_fabric_are_reproduced() -> None:
    square_metres = np.full(20, 30.0)
    rate = sum(FABRIC_DEFECTS) / square_metres.sum()
    limits = limit_counts(FABRIC_DEFECTS, rate * square_metres, sigma_z=1)
    assert rate == pytest.approx(0.30333, abs=5e-6)
    assert limits.low / square_metres == pytest.approx(0.001671271, abs=5e-10)
    assert limits.high / square_metres == pytest.approx(0.60500, abs=5e-6)


def test_the_scatter_is_measured_between_neighbours() -> None:
    # In standard deviations 0, 2, 0, 2 and 0 from the expected 4: neighbours are 2 apart.
    limits = limit_counts([4, 8, 4, 8, 4], np.full(5, 4.0))
    assert limits.sigma_z == pytest.approx(2 / 1.128)
    np.testing.assert_allclose(limits.high, 4 + 3 * 2 / 1.128 * 2)
    np.testing.assert_allclose(limits.low, 0)
    assert limit_counts([4, np.nan, 8, 4], np.full(4, 4.0)).sigma_z == pytest.approx(2 / 1.128)


def test_limits_of_what_cannot_be_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"the arrays have the shapes \(2,\) and \(3,\). Give two columns"):
        limit_counts([1, 2], [1, 2, 3])
    with pytest.raises(ParameterError, match="Expected counts must be finite and above 0; 0 is not. Leave out"):
        limit_counts([1, 2], [1, 0])
    with pytest.raises(ParameterError, match="`n_sigma` must be above 0 and finite, not 0. 1 and 3 are usual."):
        limit_counts([1, 2], [1, 1], n_sigma=0)
    with pytest.raises(ParameterError, match="at least two are needed, not 1. Give `sigma_z`."):
        limit_counts([1, np.nan], [1, 1])


@pytest.mark.parametrize("method", ["predictive", "laney"])
@pytest.mark.parametrize(("value", "kind"), [(480, "above"), (130, "below")])
def test_a_month_that_stands_out_is_a_signal(method: Any, value: int, kind: str) -> None:
    counts = steady(24)
    counts.iloc[-1] = value
    chart = find_signals(counts, method=method)
    assert months_of(chart.signals) == [("2026-09", kind)]
    assert chart.available
    assert chart.dispersion is not None
    assert (chart.basis, chart.n_months, chart.coverage) == ("mean", 24, 0.9973)


def test_a_signal_is_told_in_a_sentence() -> None:
    def say(**changes: Any) -> str:
        month = pd.Period("2026-09", "M")
        plain: dict[str, Any] = {"month": month, "kind": "above", "n_months": 1, "observed": 1312, "expected": 1258.7}
        return Signal(**(plain | {"low": 1221.0, "high": 1301.0, "basis": "season and trend"} | changes)).words

    assert say() == ("September 2026 (1,312) was above the range expected from its season and trend (1,221 to 1,301)")
    assert say(kind="below", basis="mean") == (
        "September 2026 (1,312) was below the range expected from the other months (1,221 to 1,301)"
    )
    assert say(basis="season") == (
        "September 2026 (1,312) was above the range expected from its season (1,221 to 1,301)"
    )
    assert say(kind="run below", n_months=8, basis="trend", low=np.nan, high=np.nan) == (
        "The 8 months to September 2026 were all below the number expected from their trend (1,312 against 1,259)"
    )


@pytest.mark.parametrize("method", ["predictive", "laney"])
def test_a_month_that_the_feed_failed_is_no_fall(method: Any) -> None:
    counts = steady(24)
    as_none, as_missing = counts.copy(), counts.copy()
    as_none["2025-06"] = 0
    as_missing["2025-06"] = np.nan
    assert months_of(find_signals(as_none, method=method).signals) == [("2025-06", "below")]
    chart = find_signals(as_missing, method=method, run_length=8)
    assert "2025-06" not in {str(signal.month) for signal in chart.signals}
    assert chart.n_months == 23
    assert np.isnan(chart.observed["2025-06"])
    assert chart.expected is not None
    assert chart.expected["2025-06"] == pytest.approx(300, rel=0.05)


def test_a_last_month_that_is_covered_in_part_is_no_fall() -> None:
    counts = steady(25)
    counts.iloc[-1] = 70
    assert months_of(find_signals(counts).signals) == [("2026-10", "below")]
    counts.iloc[-1] = np.nan
    season = measure_season(counts)
    assert season.available
    assert find_signals(counts, season=season).signals == ()


def test_february_is_no_fall() -> None:
    days = pd.period_range("2024-10", periods=36, freq="M").days_in_month
    chart = find_signals(counts_of(days * 1000))
    assert chart.expected is not None
    np.testing.assert_allclose(chart.expected, days * 1000)
    assert chart.signals == ()


@given(value=st.integers(0, 5000), position=st.integers(0, 23))
@settings(max_examples=12)
def test_what_is_expected_of_a_month_does_not_depend_on_it(value: int, position: int) -> None:
    counts = steady(24)
    changed = counts.copy()
    changed.iloc[position] = value
    before, after = find_signals(counts), find_signals(changed)
    for column in ("expected", "low", "high"):
        assert getattr(after, column).iloc[position] == pytest.approx(getattr(before, column).iloc[position])


def test_a_summer_that_comes_every_year_is_no_signal() -> None:
    counts = steady(36)
    counts[pd.PeriodIndex(counts.index).month.isin([6, 7, 8])] *= 1.5
    counts = counts.round()
    season = measure_season(counts)
    chart = find_signals(counts, season=season)
    assert (chart.basis, chart.signals) == ("season", ())
    # A winter month as busy as a summer's stands out from its season only.
    counts["2026-01"] = 450
    assert months_of(find_signals(counts, season=season).signals) == [("2026-01", "above")]
    assert find_signals(counts).signals == ()


def test_a_steady_rise_is_expected_to_go_on() -> None:
    counts = (steady(36) * 1.3 ** (np.arange(36) / 12)).round()
    season = measure_season(counts)
    chart = find_signals(counts, season=season)
    assert (chart.basis, chart.signals) == ("trend", ())
    assert chart.expected is not None
    assert chart.expected.iloc[-1] / chart.expected.iloc[0] == pytest.approx(1.3 ** (35 / 12), rel=0.1)


def test_counts_that_scatter_have_wider_limits() -> None:
    rng = np.random.default_rng(5)
    wild = counts_of(rng.poisson(300 * np.exp(rng.normal(0, 0.2, 36))))
    calm_chart, wild_chart = find_signals(steady(36)), find_signals(wild)
    assert calm_chart.dispersion is not None
    assert wild_chart.dispersion is not None
    assert calm_chart.dispersion < 2 < 5 < wild_chart.dispersion
    assert calm_chart.high is not None
    assert wild_chart.high is not None
    assert (wild_chart.high > calm_chart.high).all()


def test_a_run_on_one_side_is_a_signal_only_where_asked_for() -> None:
    rates = np.array([11] * 4 + [9, 11] * 6 + [9] * 4 + [11] * 4 + [9] * 8)
    counts = counts_of(rates * pd.period_range("2024-01", periods=32, freq="M").days_in_month, first="2024-01")
    assert find_signals(counts).signals == ()
    (run,) = find_signals(counts, run_length=8).signals
    # The eight months from January to August 2026 have 243 days.
    assert (str(run.month), run.kind, run.n_months, run.observed) == ("2026-08", "run below", 8, 9 * 243)
    counts.iloc[-4] = np.nan
    assert find_signals(counts, run_length=8).signals == ()


def test_only_the_last_months_are_charted() -> None:
    counts = pd.concat([counts_of([900] * 24, first="2021-10"), counts_of(steady(36), first="2023-10")])
    chart = find_signals(counts)
    assert len(chart.observed) == 36
    assert chart.expected is not None
    assert chart.expected.max() < 330


@pytest.mark.parametrize(("mean", "scatter"), [(3, 0.0), (300, 0.0), (300, 0.1)])
def test_chance_leaves_the_limits_as_seldom_as_stated(mean: float, scatter: float) -> None:
    rng = np.random.default_rng(7)
    n_charts, n_months = 25, 24
    n_signals = 0
    for _ in range(n_charts):
        counts = counts_of(rng.poisson(mean * np.exp(rng.normal(0, scatter, n_months))))
        n_signals += len(find_signals(counts).signals)
    stated = 0.004 * n_charts * n_months
    assert n_signals <= stated + 2 * np.sqrt(stated)


@given(counts=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 10**6), st.none()), min_size=0, max_size=40))
@settings(max_examples=25)
def test_no_counts_are_too_odd(counts: list[int | None]) -> None:
    odd = pd.Series(counts, index=pd.period_range("2025-01", periods=len(counts), freq="M"), dtype="Int64")
    chart = find_signals(odd, season=measure_season(odd, n_replicates=19), run_length=8)
    assert chart.available == (chart.expected is not None)
    if chart.low is not None and chart.high is not None:
        assert (chart.low >= 0).all()
        assert (chart.low <= chart.high).all()
        assert np.isfinite(chart.high).all()
    assert all(signal.words for signal in chart.signals)


def test_vehicle_crime_fell_in_the_july_of_a_real_file(real_data: Path) -> None:
    """Counted from the file: 684 in June 2019, 414 in July, 547 in August, and never below 476 in another month."""
    table = pd.read_csv(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    table = table[table["Crime type"] == "Vehicle crime"]
    chart = find_signals(table.groupby(pd.PeriodIndex(table["Month"], freq="M")).size())
    assert months_of(chart.signals) == [("2019-07", "below")]


def test_too_little_is_said_to_be() -> None:
    chart = find_signals(steady(11))
    assert (chart.available, chart.expected, chart.signals, chart.n_months) == (False, None, (), 11)
    assert chart.explanation == "11 months with data are too few to know what to expect; 12 are needed."
    assert find_signals(counts_of([0] * 24)).explanation == "No month has an incident."


def test_options_and_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ParameterError, match='No limits called "c". Choose one of: predictive, laney.'):
        find_signals(steady(24), method="c")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="A run must be a whole number of months, 2 or more, not 1. 8 is usual."):
        find_signals(steady(24), run_length=1)
    broken = steady(24)
    broken["2025-02"] = 1.5
    with pytest.raises(DataError, match="Counts must be whole numbers; 2025-02 has 1.5. Give the number of incidents"):
        find_signals(broken)
