from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.geography import NO_FLOOR, Floor, keep_parts_told, withhold_sums

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


def test_the_streets_of_a_hot_spot_leave_none_or_enough_of_it() -> None:
    """Of 490, streets of 265, 116 and 103 leave 6: the last is not told. Of 484 they leave none, and all are."""
    streets = np.repeat(np.arange(4), [265, 116, 103, 6]) == np.arange(3)[:, None]
    assert keep_parts_told(streets, floor=FLOOR).tolist() == [True, True, False]
    assert keep_parts_told(streets[:, :484], floor=FLOOR).all()
    assert keep_parts_told(streets, floor=NO_FLOOR).all()
    assert keep_parts_told(streets, weight=np.full(490, 2.0), floor=FLOOR).all()
    assert keep_parts_told(np.empty((0, 490)), floor=FLOOR).tolist() == []


def test_what_streets_leave_of_a_kind_of_place_counts_as_well() -> None:
    """Of a kind of place with 105, 99 are on the one street that is listed: the other 6 are not told."""
    street = np.repeat(np.arange(4), [99, 6, 15, 12])
    parts = np.array([street == 0, street <= 1, street == 2])
    assert keep_parts_told(parts, floor=FLOOR).tolist() == [True, False, True]


@settings(max_examples=150)
@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=10, max_size=40))
def test_whatever_is_added_up_of_parts_told_is_of_none_or_enough(of_each: list[list[bool]]) -> None:
    """Every union, intersection and difference that sums of the whole and its parts can give, incident by incident."""
    parts = np.array(of_each).T
    told = keep_parts_told(parts, floor=FLOOR)
    known = [np.ones(parts.shape[1]), *parts[told].astype(float)]
    for signs in itertools.product((-1, 0, 1), repeat=len(known)):
        times = sum(sign * one for sign, one in zip(signs, known, strict=True))
        if set(np.unique(times)) <= {0.0, 1.0}:
            assert not 0 < np.sum(times) < 10
