from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotspots.geography import NO_FLOOR, Floor, withhold_sums

FLOOR = Floor(min_incidents=10, min_places=1)
Table = np.ndarray


def find_told(table: Table, shown: Table, told_with: Table) -> list[float]:
    """By brute force: whatever adds and subtracts stated sums and cells shown, and counts withheld cells once each.

    What can be had without any cell shown is told by the sums alone, and is left out.
    """
    numbers = np.unique(told_with)
    left = np.array([np.where(shown, 0, table)[told_with == one].sum(axis=0) for one in numbers])
    taken_off = np.array([shown[told_with == one].any(axis=0) for one in numbers])
    signs = np.array([*itertools.product((0, 1, -1), repeat=sum(left.shape))])
    every = signs[:, : len(left), None] + signs[:, None, len(left) :]
    times = every * (left > 0)
    counts_once = ((times == 0) | (times == 1)).all(axis=(1, 2))
    uses_shown = ((every != 0) & taken_off).any(axis=(1, 2))[counts_once]
    cells, number = np.unique(times[counts_once].reshape(-1, left.size), axis=0, return_inverse=True)
    always_uses = np.bincount(number.ravel(), ~uses_shown) == 0
    return [float(n) for n in cells[always_uses] @ left.ravel()]


@pytest.mark.parametrize("shape", [(2, 2), (3, 2), (2, 3)])
def test_no_sum_that_can_be_told_is_of_too_few(shape: tuple[int, int]) -> None:
    """Every table of few, enough and nothing; the last row is never shown, as what lies outside of all places."""
    n_withheld = 0
    for cells in itertools.product((0, 4, 12), repeat=shape[0] * shape[1]):
        table = np.array(cells, dtype=float).reshape(shape)
        shown = table >= 10
        shown[-1] = False
        safe = withhold_sums(table, np.ones(shape), shown, floor=FLOOR)
        assert not (safe & ~shown).any()
        n_withheld += int(shown.sum() - safe.sum())
        told = find_told(table, safe, np.arange(shape[0]))
        assert not any(0 < n < 10 for n in told)
    assert n_withheld > 0


def test_rows_told_together_keep_more_that_is_shown() -> None:
    """What the gap of 30 leaves of its place is 4: it may be shown if the sum of the place is not."""
    table, shown = np.array([[30.0, 4], [40, 50]]), np.array([[True, False], [False, False]])
    assert not withhold_sums(table, np.ones((2, 2)), shown, floor=FLOOR).any()
    assert withhold_sums(table, np.ones((2, 2)), shown, floor=FLOOR, told_with=[1, 1]).tolist() == shown.tolist()


def test_with_rows_told_together_no_sum_is_of_too_few_either() -> None:
    for cells in itertools.product((0, 4, 12), repeat=6):
        table = np.array(cells, dtype=float).reshape(3, 2)
        shown = table >= 10
        shown[-1] = False
        together = np.array([0, 1, 1])
        safe = withhold_sums(table, np.ones((3, 2)), shown, floor=FLOOR, told_with=together)
        assert not any(0 < n < 10 for n in find_told(table, safe, together))


def test_sums_that_are_of_few_by_themselves_cost_no_cell() -> None:
    """The second place has four in all, and the second column four: no cell shown tells that."""
    table = np.array([[30.0, 0], [4, 0], [40, 4]])
    shown = np.array([[True, False], [False, False], [False, False]])
    assert withhold_sums(table, np.ones((3, 2)), shown, floor=FLOOR).tolist() == shown.tolist()


def test_enough_incidents_at_too_few_places_are_withheld_with_more() -> None:
    """Twelve incidents at two places are withheld; alone in their row and column, their number would be left over."""
    table, n_places = np.array([[12.0, 30], [0, 20]]), np.array([[2.0, 9], [0, 9]])
    shown = np.array([[False, True], [False, False]])
    assert withhold_sums(table, n_places, shown, floor=FLOOR).tolist() == shown.tolist()
    assert not withhold_sums(table, n_places, shown, floor=Floor(min_incidents=10, min_places=5)).any()


def test_of_two_tables_a_cell_is_shown_in_both_or_none() -> None:
    one, other = np.array([[30.0, 0], [40, 50]]), np.array([[20.0, 4], [40, 50]])
    shown = np.array([[True, False], [False, False]])
    assert withhold_sums(one, np.ones((2, 2)), shown, floor=FLOOR).any()
    assert not withhold_sums([one, other], np.ones((2, 2)), shown, floor=FLOOR).any()


def test_without_a_floor_nothing_is_withheld() -> None:
    table, shown = np.array([[30.0, 4], [40, 50]]), np.array([[True, False], [False, False]])
    assert withhold_sums(table, np.ones((2, 2)), shown, floor=NO_FLOOR).tolist() == shown.tolist()
    assert withhold_sums(np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 0)), floor=FLOOR).shape == (0, 0)
