"""What is told in numbers of the changes of small places: nothing that fewer than ten can be found from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from typing import Any

import numpy as np
import pytest
from support import AnalyseDemonstration

from hotspots.geography import FLOOR, NO_FLOOR
from hotspots.products.summary import RunSummary, summarise
from hotspots.products.summary.change_summary import ChangeSummary
from hotspots.products.summary.place_changes import HotspotChange, PlaceChange, withhold_counts
from hotspots.products.words import say

PERIOD = (dt.date(2024, 10, 1), dt.date(2026, 9, 30))


def day(month: int) -> dt.date:
    """The first day of a month, counted from the first of the period."""
    return dt.date(2024 + (month + 9) // 12, (month + 9) % 12 + 1, 1)


def make_change(
    windows: tuple[tuple[int, int], tuple[int, int]], counts: tuple[int, int], summary: ChangeSummary, **given: Any
) -> ChangeSummary:
    """A comparison of two windows, given as months (first, behind the last), and what one place holds in them."""
    current, earlier = ((day(first), day(behind) - dt.timedelta(days=1)) for first, behind in windows)
    row = PlaceChange(
        n_current=counts[0], n_earlier=counts[1], ratio=1.0, low=0.5, high=2.0, percent=None, p_adjusted=0.5,
        verdict="deteriorating",
    )  # fmt: skip
    return dataclasses.replace(
        summary,
        current=current,
        earlier=earlier,
        days_current=(current[1] - current[0]).days + 1,
        hotspots=(HotspotChange(rank=1, change=row),),
        patrols=None,
        **given,
    )


@pytest.fixture(scope="module")
def run(analyse_demonstration: AnalyseDemonstration) -> RunSummary:
    return summarise(analyse_demonstration("robbery"))


@pytest.fixture(scope="module")
def template(run: RunSummary) -> ChangeSummary:
    return run.changes[0]


WINDOWS = (((12, 24), (0, 12)), ((21, 24), (18, 21)), ((21, 24), (9, 12)), ((23, 24), (22, 23)), ((23, 24), (11, 12)))
"""As runs have them: twelve months, three, and one, beside those before and a year before."""


@pytest.mark.parametrize("seed", range(40))
def test_no_sum_or_difference_of_what_is_told_is_of_fewer_than_ten(seed: int, template: ChangeSummary) -> None:
    """Brute force over months: no told count, nor any sum or difference that is of a set of months, is of 1 to 9."""
    rng = np.random.default_rng(seed)
    by_month = rng.poisson(rng.choice([0.3, 1, 3]), 24)
    changes = [
        make_change(
            windows,
            tuple(int(by_month[a:b].sum()) for a, b in windows),  # type: ignore[arg-type]
            template,
            is_main=n == 0,
        )
        for n, windows in enumerate(WINDOWS)
    ]
    told = withhold_counts(changes, {"hotspots": [int(by_month.sum())]}, period=PERIOD, floor=FLOOR)
    known = [np.ones(24, dtype=int)]
    for change, windows in zip(told, WINDOWS, strict=True):
        assert change.hotspots is not None
        row = change.hotspots[0].change
        numbers = (row.n_current, row.n_earlier, row.ratio, row.low, row.high, row.p_adjusted)
        assert all(one is None for one in numbers) or all(one is not None for one in numbers)
        if row.n_current is not None:
            known += [np.isin(np.arange(24), np.arange(*window)).astype(int) for window in windows]
    for signs in itertools.product((-1, 0, 1), repeat=len(known)):
        months = sum((sign * one for sign, one in zip(signs, known, strict=True)), np.zeros(24, dtype=int))
        if set(months) <= {0, 1} and months.any() and by_month.sum() >= FLOOR.min_incidents:
            assert (n := int(by_month[months == 1].sum())) == 0 or n >= FLOOR.min_incidents


def test_a_large_place_is_told_by_the_first_comparison_and_a_small_one_in_words(template: ChangeSummary) -> None:
    large = [make_change(WINDOWS[0], (60, 45), template, is_main=True), make_change(WINDOWS[1], (20, 15), template)]
    first, second = withhold_counts(large, {"hotspots": [105]}, period=PERIOD, floor=FLOOR)
    assert first.hotspots == large[0].hotspots
    assert second.hotspots is not None
    assert second.hotspots[0].change.n_current is None
    assert say("change.counts", second.hotspots[0].change, second) == "deteriorating"
    # 45 of 50 incidents in one window leave five for the other, whichever is told
    small = [make_change(WINDOWS[0], (45, 5), template, is_main=True)]
    (words,) = withhold_counts(small, {"hotspots": [50]}, period=PERIOD, floor=FLOOR)
    assert words.hotspots is not None
    assert words.hotspots[0].change.n_current is None
    assert withhold_counts(small, {"hotspots": [50]}, period=PERIOD, floor=NO_FLOOR) == tuple(small)


def test_a_run_tells_no_small_count_of_a_change(run: RunSummary) -> None:
    rows = [row.change for change in run.changes for row in (*(change.hotspots or ()), *(change.patrols or ()))]
    told = [row for row in rows if row.n_current is not None]
    assert told
    assert all(min(row.n_current or 0, row.n_earlier or 0) >= FLOOR.min_incidents for row in told)
    assert len(told) < len(rows)
