from __future__ import annotations

import itertools

import numpy as np
import pytest

from hotspots.analysis.hotspots.packing import pack_circles
from hotspots.analysis.hotspots.packing_program import approach_packing

WIDTH_M = 150.0


def lay_lattice(side: int, step_m: float = 25.0) -> np.ndarray:
    """Points of a square lattice, from west to east and, where that is the same, from south to north."""
    return np.array(list(itertools.product(range(side), range(side))), dtype=float) * step_m


def try_all(centres: np.ndarray, worth: np.ndarray, n_wanted: int) -> tuple[int, ...]:
    """Of all choices that do not overlap: the one worth most, of fewest circles, the first of them in order."""
    apart = np.hypot(*(centres[:, None] - centres[None]).T) >= WIDTH_M - 1e-6
    choices = (
        choice
        for n in range(n_wanted + 1)
        for choice in itertools.combinations(range(len(centres)), n)
        if all(apart[one, other] for one, other in itertools.combinations(choice, 2))
    )
    return max(choices, key=lambda choice: (worth[list(choice)].sum(), -len(choice), [-at for at in choice]))


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_is_worth_more_nor_as_much_with_fewer_or_further_west(seed: int) -> None:
    """Few different numbers, so that many choices are worth the same; all that do not overlap are tried."""
    rng = np.random.default_rng(seed)
    centres = lay_lattice(22)[np.sort(rng.choice(22 * 22, 22, replace=False))]
    worth = rng.integers(0, (3, 6, 40)[seed % 3], len(centres)).astype(float)
    n_wanted = int(rng.integers(1, 6))
    chosen, most = pack_circles(centres, worth, n_wanted=n_wanted, width_m=WIDTH_M)
    best = try_all(centres, worth, n_wanted)
    assert tuple(chosen) == best
    assert most == worth[list(best)].sum()


def test_sums_that_differ_by_rounding_are_the_same() -> None:
    """0.1 + 0.2 is more than 0.3 to the computer, which is no reason to go further east."""
    centres = np.array([[0.0, 0.0], [50.0, 0.0]])
    assert pack_circles(centres, np.array([0.3, 0.1 + 0.2]), n_wanted=1, width_m=WIDTH_M)[0].tolist() == [0]


def test_what_a_greedy_choice_would_not_try_is_tried_where_it_may_matter() -> None:
    """Greedily the middle one of three (10) and a far one (1) are taken; the two beside the middle are better."""
    centres = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0], [1000.0, 0.0]])
    worth = np.array([8.0, 10.0, 8.0, 1.0])
    chosen, most = pack_circles(centres, worth, n_wanted=2, width_m=WIDTH_M)
    assert (chosen.tolist(), most) == ([0, 2], 16.0)


def test_circles_that_touch_do_not_overlap_and_those_worth_nothing_are_left() -> None:
    centres = np.array([[0.0, 0.0], [150.0, 0.0], [300.0, 0.0]])
    chosen, most = pack_circles(centres, np.array([1.0, 2.0, 0.0]), n_wanted=3, width_m=WIDTH_M)
    assert (chosen.tolist(), most) == ([0, 1], 3.0)
    nothing, none = pack_circles(centres, np.zeros(3), n_wanted=3, width_m=WIDTH_M)
    assert (nothing.tolist(), none) == ([], 0.0)
    assert pack_circles(np.empty((0, 2)), np.empty(0), n_wanted=3, width_m=WIDTH_M)[1] == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_an_integer_program_of_the_same_finds_no_better(seed: int) -> None:
    """On a field of 900 circles that overlap in every way; the program is exact to within 0.2%."""
    rng = np.random.default_rng(seed)
    centres, worth = lay_lattice(30), rng.gamma(0.5, 1.0, 900)
    chosen, most = pack_circles(centres, worth, n_wanted=8, width_m=WIDTH_M)
    found, bound = approach_packing(centres, worth, np.array([0]), n_wanted=8, width_m=WIDTH_M)
    assert worth[found].sum() <= most * (1 + 1e-9)
    assert most <= bound * (1 + 1e-9)
    assert worth[found].sum() >= most * (1 - 0.002)
    apart = np.hypot(*(centres[chosen][:, None] - centres[chosen][None]).T) >= WIDTH_M - 1e-6
    assert (apart | np.eye(len(chosen), dtype=bool)).all()


@pytest.mark.slow
def test_where_too_many_are_alike_the_bound_holds() -> None:
    """Of 3,600 circles worth 1 each, 20 are worth 20, which the bound may exceed and never fall below."""
    chosen, most = pack_circles(lay_lattice(60), np.ones(3600), n_wanted=20, width_m=WIDTH_M)
    assert len(chosen) == 20
    assert most >= 20 - 1e-9
