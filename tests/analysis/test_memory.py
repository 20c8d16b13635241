"""Months that resemble their neighbours: by hand, and by how often nothing is called a change."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotspots.analysis.change.comparisons import plan_comparisons
from hotspots.analysis.change.dispersion import measure_dispersion
from hotspots.analysis.change.memory import (
    MONTHLY_MEMORY,
    count_free,
    find_kept_share,
    find_remembered_share,
    get_memory,
    vary_difference,
)
from hotspots.analysis.change.verdicts import measure_change
from hotspots.analysis.change.window_counts import count_change

FIRST, LAST = dt.date(2022, 1, 1), dt.date(2023, 12, 31)
NO_CHANGE = "no apparent change"


def test_memory_fades_with_time() -> None:
    assert get_memory(365.25 / 12) == pytest.approx(MONTHLY_MEMORY)
    assert get_memory(365.25 / 6) == pytest.approx(MONTHLY_MEMORY**2)


def test_the_variance_of_a_difference_by_hand() -> None:
    # neighbours: 1 + 1 - 2 r; far apart there is nothing in common
    assert vary_difference(1, 1, memory=0.5) == pytest.approx(1.0)
    assert vary_difference(1, 60, memory=0.5) == pytest.approx(2.0)
    # means of two: (2 + 2 r) / 4 each, less twice (r + 2 r^2 + r^3) / 4
    assert vary_difference(2, 2, memory=0.5) == pytest.approx(2 * 3 / 4 - 2 * (0.5 + 0.5 + 0.125) / 4)
    # without memory a mean of n has the n-th part
    assert vary_difference(12, 12, memory=0.0) == pytest.approx(2 / 12)


def test_a_variance_about_the_mean_by_hand() -> None:
    assert find_kept_share(12, memory=0.0) == pytest.approx(1)
    # of two the squares about their mean are half the square of their difference: 1 - r
    assert find_kept_share(2, memory=0.6) == pytest.approx(0.4)
    assert count_free(12, np.array([0.0]), memory=0.6) == pytest.approx([11])
    assert count_free(2, np.array([1.0, 0.3]), memory=0.6) == pytest.approx([1, 1])
    free = count_free(12, np.array([0.0, 0.5, 1.0]), memory=0.6)
    assert (np.diff(free) < 0).all()


@pytest.mark.parametrize(("n_groups", "is_remembered"), [(400, True), (400, False)])
def test_many_groups_show_whether_the_excess_has_memory(n_groups: int, is_remembered: bool) -> None:
    rng = np.random.default_rng(3)
    excess = _remember(rng, 12, n_groups, MONTHLY_MEMORY if is_remembered else 0.0)
    values = rng.normal(size=(12, n_groups)) + excess
    share = find_remembered_share(values - values.mean(axis=0), memory=MONTHLY_MEMORY)
    assert share == pytest.approx(1 if is_remembered else 0, abs=0.15)


def test_one_series_is_taken_to_have_memory() -> None:
    """Of months that go up and down by turns, 11 pairs say that they have none, and 100 that they have."""
    values = np.array([[2.0], [-2.0]] * 6)
    assert find_remembered_share(values, memory=MONTHLY_MEMORY) == pytest.approx(100 / 111)
    assert find_remembered_share(np.zeros((12, 1)), memory=MONTHLY_MEMORY) == 1


def _remember(rng: np.random.Generator, n: int, n_series: int, memory: float) -> np.ndarray:
    level = rng.normal(size=(n, n_series))
    for step in range(1, n):
        level[step] = memory * level[step - 1] + np.sqrt(1 - memory**2) * level[step]
    return level


def _call_twelve_months(rng: np.random.Generator, n_copies: int, *, change: float = 1.0) -> list[str]:
    """Verdicts on 450 incidents a month, with a memory of .5 and an excess of .07, a month's incidents on its first."""
    months = pd.period_range(FIRST, LAST, freq="M")
    (r12,) = (c for c in plan_comparisons(LAST, known_from=FIRST, is_monthly=True) if c.key == "r12")
    excess = np.exp(0.07 * _remember(rng, 24, n_copies, 0.5))
    counts = rng.poisson(450 * excess * np.where(np.arange(24) < 12, 1, change)[:, None])
    verdicts = []
    for copy in counts.T:
        started = months.start_time.to_numpy().astype("datetime64[s]").repeat(copy)
        table = pd.DataFrame({"started_at": started, "time_precision": "month"})
        spread = measure_dispersion(table, r12, known_from=FIRST)
        verdicts.append(str(measure_change(count_change(table, r12), dispersion=spread).table["verdict"].iloc[0]))
    return verdicts


def test_unchanged_months_with_memory_are_seldom_called() -> None:
    """At 5%, and at 1% for "clearly"; independent months in their place would call a quarter."""
    n = 80
    verdicts = _call_twelve_months(np.random.default_rng(7), n)
    assert stats.binom.sf(sum(one != NO_CHANGE for one in verdicts) - 1, n, 0.05) > 0.001
    assert stats.binom.sf(sum("clearly" in one for one in verdicts) - 1, n, 0.01) > 0.001


def test_a_fall_of_a_third_is_found() -> None:
    assert sum("improving" in one for one in _call_twelve_months(np.random.default_rng(8), 20, change=2 / 3)) >= 18


def test_robbery_rose_in_two_boroughs(real_data: Path) -> None:
    """23 months of files: eleven are in both years, and they have 30% more in 2019."""
    source = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    rows = pd.read_csv(source, usecols=["Month", "Crime type"])
    started = pd.to_datetime(rows.loc[rows["Crime type"] == "Robbery", "Month"]).to_numpy().astype("datetime64[s]")
    robbery = pd.DataFrame({"started_at": started, "time_precision": "month"})
    known = dt.date(2018, 2, 1)
    planned = plan_comparisons(dt.date(2019, 12, 31), known_from=known, is_monthly=True)
    assert not next(one for one in planned if one.key == "r12").available
    (longest,) = (one for one in planned if one.key == "longest")
    assert longest.words == "the 11 months to December 2019 against the same months a year before"
    change = measure_change(
        count_change(robbery, longest), dispersion=measure_dispersion(robbery, longest, known_from=known)
    )
    assert change.table["percent"].iloc[0] == 30
    assert "deteriorating" in str(change.table["verdict"].iloc[0])
