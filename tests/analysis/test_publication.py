"""Publication against an attacker who tries every table of counts there can be."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.analysis.publication import (
    StatedYear,
    audit_year,
    class_squares,
    find_ranges,
    list_statements,
    state_shares,
    state_year,
)
from hotspots.errors import HotspotsError, ParameterError

Integers = npt.NDArray[np.int64]


def list_fitting(told: npt.NDArray[np.bool_], sums: Integers, highest: int) -> Integers:
    """Every table of counts up to the highest that fits what is told: (n_tables, n_wards, n_months)."""
    n_wards, n_months = told.shape[1:]
    rows = np.array(list(itertools.product(range(highest + 1), repeat=n_months)), dtype=np.int64)
    tables = np.zeros((1, 0, n_months), dtype=np.int64)
    for ward in range(n_wards):
        so_far = told[:, : ward + 1]
        within = ~told[:, ward + 1 :].any(axis=(1, 2))
        grown = []
        for chunk in np.array_split(tables, max(1, len(tables) * len(rows) // 500_000)):
            joined = np.concatenate(
                [np.repeat(chunk, len(rows), axis=0), np.tile(rows, (len(chunk), 1))[:, None, :]], axis=1
            )
            added = np.tensordot(joined, so_far, axes=([1, 2], [1, 2]))
            grown.append(joined[(added <= sums).all(axis=1) & (added[:, within] == sums[within]).all(axis=1)])
        tables = np.concatenate(grown)
    return tables


def count_values(tables: Integers) -> dict[tuple[bool, ...], Integers]:
    """The values that each sum of cells takes in some table."""
    flat = tables.reshape(len(tables), -1).astype(np.int64)
    return {
        chosen: np.unique(flat[:, np.array(chosen)].sum(axis=1))
        for chosen in itertools.product((False, True), repeat=flat.shape[1])
        if any(chosen)
    }


def find_leaks(world: Integers, told: npt.NDArray[np.bool_], *, highest: int, knows_rule: bool = False) -> list[str]:
    """Sums of cells of which too few values fit; those that are known must be ten or more."""
    sums = told.reshape(len(told), -1) @ world.ravel()
    tables = list_fitting(told, sums, highest)
    if knows_rule:
        # what is told depends on sums of rows and columns alone
        margins = np.concatenate([tables.sum(axis=2), tables.sum(axis=1)], axis=1)
        _, first, of = np.unique(margins, axis=0, return_index=True, return_inverse=True)
        stated = pack(state_year(world))
        tables = tables[np.array([pack(state_year(tables[at])) == stated for at in first])[of.ravel()]]
    leaks = []
    for chosen, values in count_values(tables).items():
        true = int(world.ravel()[np.array(chosen)].sum())
        is_known = len(values) == 1 and true >= 10
        if not is_known and len(values) < (10 if knows_rule else 11) and (true < 10 or not knows_rule):
            leaks.append(f"{world.tolist()} {chosen}: {values.tolist()}")
    return leaks


def pack(stated: StatedYear) -> tuple[object, ...]:
    return stated.wards.tobytes(), stated.months.tobytes(), stated.has_total


def pick_worlds(n_wards: int, n_months: int, *, n: int, scale: int, all_months: bool = False) -> list[Integers]:
    """Tables of small counts of which something is told and something is not."""
    rng = np.random.default_rng(7)
    worlds: list[Integers] = []
    while len(worlds) < n:
        world = rng.integers(0, scale + 1, (n_wards, n_months))
        stated = state_year(world)
        n_told = len(list_statements(stated))
        if 0 < n_told < n_wards + n_months + 1 and (stated.months.all() or not all_months):
            worlds.append(world)
    return worlds


WORLDS = [
    *((world, 20) for world in pick_worlds(2, 2, n=8, scale=8)),
    *((world, 17) for world in pick_worlds(3, 2, n=1, scale=7, all_months=True)),
    *((world, 16) for world in pick_worlds(2, 3, n=1, scale=7, all_months=True)),
]
"""Counts, and the highest one that the attacker tries."""


@pytest.mark.slow
def test_no_sum_of_any_cells_tells_of_too_few() -> None:
    """Each sum of cells is known and ten or more, or eleven values of it fit; ten, to somebody who knows the rule."""
    for world, highest in WORLDS:
        told = list_statements(state_year(world))
        assert find_leaks(world, told, highest=highest) == []
        if len(told) > 1:
            assert find_leaks(world, told, highest=highest, knows_rule=True) == []


def test_the_attacker_breaks_a_publisher_that_only_withholds_small_counts() -> None:
    leaks = 0
    for world, highest in WORLDS:
        naive = StatedYear(wards=world.sum(axis=1) >= 10, months=world.sum(axis=0) >= 10, has_total=True)
        leaks += bool(find_leaks(world, list_statements(naive), highest=highest))
    assert leaks > len(WORLDS) / 2


def test_periods_a_month_apart_give_the_month_away_unless_they_repeat_each_other() -> None:
    world = np.array([[6, 5, 4], [9, 8, 9]])
    both_periods = np.zeros((2, 2, 3), dtype=bool)
    both_periods[0, 0], both_periods[1, 0, :2] = True, True
    assert find_leaks(world, both_periods, highest=20)
    # of a year that goes on, months are told, and its total and wards are not
    told = list_statements(state_year(world))
    assert find_leaks(world, told, highest=20) == []


def test_the_ranges_are_those_of_all_tables_there_are() -> None:
    for world, highest in (WORLDS[0], WORLDS[-1]):
        told = list_statements(state_year(world))
        sums = told.reshape(len(told), -1) @ world.ravel()
        values = count_values(list_fitting(told, sums, highest))
        bounded = {chosen: found for chosen, found in values.items() if found[-1] < highest}
        low, high = find_ranges(told.reshape(len(told), -1), sums, sums, np.array(list(values)))
        assert low == pytest.approx([found[0] for found in values.values()])
        for chosen, found in bounded.items():
            assert high[list(values).index(chosen)] == pytest.approx(found[-1])


def test_what_is_told_of_a_year() -> None:
    """By hand: Ashe 30, Brook 4, Copse 25; each month is ten or more, so the year is 59 and Brook needs company."""
    counts = np.array([[10, 10, 10], [1, 2, 1], [9, 8, 8]])
    stated = state_year(counts)
    assert stated.months.all()
    assert stated.has_total
    assert stated.wards.tolist() == [False, False, True]
    assert not state_year(counts[:, :1] * 0).wards.any()
    # a single month is withheld, and the year would tell it
    assert not state_year([[20, 3, 30]]).has_total
    assert not state_year([[20, 3, 30]]).wards.any()
    # two of nine each would be known by their sum
    assert not state_year([[20, 9, 9]]).has_total
    assert state_year([[20, 4, 3, 5], [20, 2, 2, 1]]).has_total
    with pytest.raises(ParameterError, match="table of wards and months"):
        state_year([[1, -1]])


@given(
    arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(1, 6)), elements=st.integers(0, 14)),
)
def test_a_year_stands_the_audit_whatever_its_counts(counts: Integers) -> None:
    stated = state_year(counts)
    assert not stated.months[counts.sum(axis=0) < 10].any()
    assert not stated.wards[counts.sum(axis=1) < 10].any()
    audit_year(counts, stated)
    # what months are told does not hang on later ones, nor anything on numbers that are told alike
    earlier = state_year(counts[:, : max(1, counts.shape[1] - 1)])
    assert (earlier.months[: counts.shape[1] - 1] == stated.months[: counts.shape[1] - 1]).all()


def test_the_audit_refuses_what_a_naive_publisher_tells() -> None:
    counts = np.array([[10, 10, 10], [1, 2, 1], [9, 8, 8]])
    with pytest.raises(HotspotsError, match="ward 2 in order"):
        audit_year(counts, StatedYear(wards=counts.sum(axis=1) >= 10, months=np.ones(3, dtype=bool), has_total=True))
    with pytest.raises(ParameterError, match="No counts fit"):
        find_ranges([[1, 1], [1, 0]], [3, 5], [3, 5], [[0, 1]])


def test_shares_leave_ten_numbers_open() -> None:
    """By hand: of 200, a tenth is any of 10 to 30; of 50 it is any of 2.5 to 7.5."""
    shares = state_shares([20, 80, 100])
    assert shares is not None
    assert shares.tolist() == [0.1, 0.4, 0.5]
    assert state_shares([5, 20, 25]) is None
    assert state_shares([0, 0]) is None
    # each of 150 would be any of 7.5 to 22.5, but six of at most 22.5 leave the seventh 15 or more
    assert state_shares([22] * 6 + [18]) is None


def test_squares_leave_ten_incidents_of_a_ward_elsewhere() -> None:
    """By hand: 28 of 30 lie in one square; to tell "at least 25" would leave five for all others."""
    counts, places = np.array([28, 2, 60]), np.array([9, 2, 9])
    touches = np.array([[True, True, False], [False, False, True]])
    assert class_squares(counts, places, touches, [30, 200]).tolist() == [10, 0, 50]
    assert class_squares(counts, places, touches, [36, 200]).tolist() == [25, 0, 50]
    assert class_squares(counts, places, touches, [np.inf, 60]).tolist() == [25, 0, 50]
    assert class_squares(counts, places, touches, [np.inf, 59]).tolist() == [25, 0, 25]
    assert class_squares(counts, [4, 2, 9], touches, [30, 200]).tolist() == [0, 0, 50]  # at four places
    # a square that two wards share need not be in either
    shared = np.array([[True, True, True], [False, False, True]])
    assert class_squares(counts, places, shared, [30, 80]).tolist() == [10, 0, 50]


def test_squares_beside_all_tables_there_are() -> None:
    """The incidents of each ward in squares that are not drawn can be any of 0 to 10, by trying all tables."""
    rng = np.random.default_rng(5)
    for _ in range(5):
        pieces = rng.integers(0, 14, (2, 2))  # wards by squares that both touch
        beside = rng.integers(0, 6, 2)  # each ward's own squares that hold too few
        told = pieces.sum(axis=1) + beside
        touches = np.array([[True, True, True, False], [True, True, False, True]])
        counts = np.concatenate([pieces.sum(axis=0), beside])
        least = class_squares(counts, np.full(4, 9), touches, told)
        tables = list_fitting(np.zeros((0, 2, 2), dtype=bool), np.zeros(0, dtype=np.int64), int(min(told.max(), 30)))
        fits = (tables.sum(axis=1) >= least[:2]).all(axis=1) & (tables.sum(axis=2) <= told).all(axis=1)
        rest = told - (tables[fits] * (least[:2] > 0)).sum(axis=2)
        assert rest.max(axis=0).min() >= min(10, told.min())
