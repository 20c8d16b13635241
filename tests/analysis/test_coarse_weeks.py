"""Weeks of places as far as they may be shown: what is kept, what is added together, and what nobody can find."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from hotspots.analysis.patrols import coarsen_weeks
from hotspots.errors import DataError

WEEK = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.1])
PART = np.array([0, 0, 1, 1, 2, 2])
LEVELS = [PART, np.array([0, 0, 1, 1, 1, 1])]
Floats = npt.NDArray[np.float64]


def by_part(spread: Floats) -> list[float]:
    return [float(spread[part == PART].sum()) for part in range(3)]


def test_parts_that_hold_enough_are_kept_and_spread_as_the_week_of_the_area() -> None:
    (spread,) = coarsen_weeks(np.array([[12.0, 0, 0, 20, 10, 20]]), week=WEEK, levels=LEVELS)
    assert spread == pytest.approx([6, 6, 10, 10, 22.5, 7.5])


def test_a_small_part_is_told_with_what_it_belongs_to() -> None:
    """7 and 20 are 27 together, by the shares .4 and .4 of their parts; 30 is kept."""
    (spread,) = coarsen_weeks(np.array([[30.0, 0, 7, 0, 20, 0]]), week=WEEK, levels=LEVELS)
    assert by_part(spread) == pytest.approx([30, 13.5, 13.5])


def test_where_no_level_will_do_only_the_sum_is_told() -> None:
    (spread,) = coarsen_weeks(np.array([[3.0, 0, 12, 0, 40, 0]]), week=WEEK, levels=LEVELS)
    assert by_part(spread) == pytest.approx([11, 22, 22])


def test_a_part_without_any_is_told_as_none() -> None:
    (spread,) = coarsen_weeks(np.array([[0.0, 0, 12, 0, 40, 0]]), week=WEEK, levels=LEVELS)
    assert by_part(spread) == pytest.approx([0, 12, 40])


def test_no_number_under_ten_can_be_worked_out() -> None:
    """Exhaustive: of all weeks that would be shown alike, those with 1 to 9 in a part differ in it."""
    weeks = np.array(list(itertools.product(range(25), repeat=3)))
    weeks = weeks[weeks.sum(axis=1) >= 10]  # fewer make no place
    counts = np.zeros((len(weeks), 6))
    counts[:, [0, 2, 4]] = weeks
    shown = coarsen_weeks(counts, week=WEEK, levels=LEVELS).round(6)
    _, alike = np.unique(shown, axis=0, return_inverse=True)
    for part in range(3):
        n_different = pd.Series(weeks[:, part]).groupby(alike.ravel()).nunique().to_numpy()[alike.ravel()]
        # not at the end of what is tried, beyond which the others could not go
        is_small = (weeks[:, part] > 0) & (weeks[:, part] < 10) & (weeks.sum(axis=1) - weeks[:, part] < 40)
        assert (n_different[is_small] > 1).all(), weeks[is_small & (n_different == 1)][:5]


def test_sums_are_kept() -> None:
    counts = np.random.default_rng(1).poisson(3.0, (50, 6)).astype(float)
    spread = coarsen_weeks(counts, week=WEEK, levels=LEVELS)
    assert np.allclose(spread.sum(axis=1), counts.sum(axis=1))
    assert coarsen_weeks(counts[:0], week=WEEK, levels=LEVELS).shape == (0, 6)


@pytest.mark.parametrize(
    ("counts", "week"), [(np.zeros((1, 5)), WEEK), (np.zeros((1, 6)), WEEK * 0), (np.zeros(6), WEEK)]
)
def test_arrays_that_do_not_fit_are_refused(counts: Floats, week: Floats) -> None:
    with pytest.raises(DataError, match="one share above 0 and one part for each hour"):
        coarsen_weeks(counts, week=week, levels=LEVELS)
