from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.analysis.accuracy.cell_orders import CellOrder

levels = st.sampled_from([-math.inf, -1.0, -0.0, 0.0, 1e-300, 0.5, 2.0, math.inf])


def sort_all(prediction: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The definition: every cell, by falling prediction, then rising count, then its place in the table."""
    return np.lexsort((np.arange(len(counts)), counts, -prediction))


@given(st.lists(st.tuples(levels, st.sampled_from([0, 0, 0, 1, 2, 7])), max_size=40))
@settings(max_examples=100)
def test_the_order_is_that_of_all_cells_sorted(cells: list[tuple[float, int]]) -> None:
    prediction, counts = np.array([p for p, _ in cells]), np.array([n for _, n in cells], dtype=np.int64)
    order = CellOrder(prediction, counts)
    by_rank = sort_all(prediction, counts)
    rank = np.argsort(by_rank)
    assert order.rank_of_hit.tolist() == rank[counts > 0].tolist()
    assert order.first.tolist() == by_rank.tolist()
    for n_first in range(1, len(cells) + 1):
        order = CellOrder(prediction, counts, n_first=n_first)
        assert order.first.tolist() == by_rank[:n_first].tolist()
        assert order.rank_of_hit.tolist() == np.where(rank < n_first, rank, len(cells))[counts > 0].tolist()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
@settings(max_examples=30)
def test_the_sum_of_the_first_is_that_of_the_highest_predictions(predicted: list[int]) -> None:
    prediction = np.array(predicted, dtype=float)
    order = CellOrder(prediction, np.arange(len(predicted)) % 3)
    n_flagged = np.arange(1, len(predicted) + 1)
    expected = [sum(sorted(predicted, reverse=True)[:n]) for n in n_flagged]
    assert order.sum_first(prediction, n_flagged).tolist() == expected
    assert order.sum_first(prediction, n_flagged.tolist()).tolist() == expected
    assert float(order.sum_first(prediction, 1)) == max(predicted)


def test_other_values_are_summed_in_the_same_order() -> None:
    order = CellOrder(np.array([1.0, 3, 2]), np.zeros(3, dtype=np.int64), n_first=2)
    assert order.sum_first(np.array([100.0, 10, 1]), [1, 2]).tolist() == [10, 11]


def test_ties_are_broken_against_the_forecaster_by_hand() -> None:
    """Four cells of 3: the empty one first, then those of one incident as they stand in the table, then that of two."""
    order = CellOrder(np.array([3.0, 3, 9, 3, 3, 1]), np.array([1, 2, 4, 0, 1, 5]))
    assert order.rank_of_hit.tolist() == [2, 4, 0, 3, 5]
    assert order.first.tolist() == [2, 3, 0, 4, 1, 5]


@pytest.mark.parametrize("value", [0.0, 0.1, math.inf])
def test_a_prediction_that_is_the_same_everywhere_flags_the_emptiest_cells(value: float) -> None:
    counts = np.array([2, 0, 1, 0])
    order = CellOrder(np.full(4, value), counts)
    assert order.rank_of_hit.tolist() == [3, 2]
    assert order.first.tolist() == [1, 3, 2, 0]


def test_of_many_equal_cells_the_first_of_the_table_are_flagged() -> None:
    counts = np.arange(200) % 2
    assert CellOrder(np.zeros(200), counts, n_first=130).first.tolist() == [*range(0, 200, 2), *range(1, 61, 2)]


def test_without_incidents_there_is_no_rank_and_one_cell_is_flagged_by_one() -> None:
    quiet = CellOrder(np.array([1.0, 2]), np.array([0, 0]), n_first=1)
    assert quiet.rank_of_hit.tolist() == []
    assert quiet.first.tolist() == [1]
    lone = CellOrder(np.array([0.0]), np.array([3]))
    assert lone.rank_of_hit.tolist() == [0]
    assert lone.first.tolist() == [0]


def test_what_is_ordered_is_left_as_it_is() -> None:
    prediction, counts = np.array([1.0, 3, 2]), np.array([0, 1, 1])
    order = CellOrder(prediction, counts)
    order.sum_first(prediction, [1, 2])
    assert (prediction.tolist(), counts.tolist()) == ([1, 3, 2], [0, 1, 1])
