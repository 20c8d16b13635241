from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from hotspots.analysis.safe_havens.covering_bounds import bound_cover, merge_columns
from hotspots.analysis.safe_havens.siting import SitePlan, choose_fewest, choose_sites, prepare_cover, trace_curve
from hotspots.errors import ParameterError


def make_covers(*rows: list[int]) -> sparse.csr_array:
    return sparse.csr_array(np.array(rows))


def make_problem(seed: int, n_sites: int = 9, n_demand: int = 25) -> tuple[sparse.csr_array, np.ndarray]:
    rng = np.random.default_rng(seed)
    covers = sparse.csr_array(rng.random((n_sites, n_demand)) < rng.uniform(0.05, 0.4))
    return covers, rng.integers(0, 6, n_demand) * rng.choice([1.0, 0.37])


def make_places(seed: int, n_sites: int, n_demand: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Sites and demand on the ground, as real ones are."""
    rng = np.random.default_rng(seed)
    sites, places = rng.random((n_sites, 1, 2)), rng.random((1, n_demand, 2))
    return sparse.csr_array(np.hypot(*np.moveaxis(sites - places, 2, 0)) < 0.15), rng.integers(1, 9, n_demand) * 1.0


def measure(covers: sparse.csr_array, demand: np.ndarray, chosen: tuple[int, ...]) -> float:
    return float(demand[covers.toarray()[list(chosen)].any(axis=0)].sum()) if chosen else 0.0


def find_best(covers: sparse.csr_array, demand: np.ndarray, n_sites: int, locked: tuple[int, ...] = ()) -> float:
    free = [site for site in range(covers.shape[0]) if site not in locked]
    return max(
        measure(covers, demand, (*locked, *chosen)) for chosen in itertools.combinations(free, min(n_sites, len(free)))
    )


def choose_greedily(covers: sparse.csr_array, demand: np.ndarray, n_sites: int) -> float:
    chosen: tuple[int, ...] = ()
    for _ in range(n_sites):
        best = max(range(covers.shape[0]), key=lambda site: measure(covers, demand, (*chosen, site)))
        chosen = (*chosen, best)
    return measure(covers, demand, chosen)


def test_greedy_is_not_the_best_and_the_best_is_found() -> None:
    """The textbook case: the site that covers most (2 + 2 of 6) is in no best pair, which covers all 6."""
    covers = make_covers([0, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1])
    plan = choose_sites(covers, [1, 1, 1, 1, 1, 1], n_sites=2)
    assert (plan.chosen.tolist(), plan.covered, plan.is_optimal) == ([1, 2], 6, True)
    assert choose_greedily(covers, np.ones(6), 2) == 5


def test_gains_add_up_in_the_order_of_what_each_adds() -> None:
    plan = choose_sites(make_covers([1, 0, 0], [0, 1, 1], [0, 0, 0]), [1, 2, 3], n_sites=3)
    assert (plan.chosen.tolist(), plan.gains.tolist()) == ([1, 0], [5, 1])
    assert (plan.covered, plan.total, plan.covered_share) == (6, 6, 1.0)


def test_of_equal_sites_the_first_is_chosen() -> None:
    assert choose_sites(make_covers([1, 0], [1, 1], [1, 1]), [1, 1], n_sites=1).chosen.tolist() == [1]


def test_locked_sites_stay_and_are_not_counted() -> None:
    covers = make_covers([1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1])
    plan = choose_sites(covers, [5, 5, 2, 1], n_sites=1, locked=[0])
    assert (plan.chosen.tolist(), plan.n_locked_covered, plan.covered) == ([1], 10, 12)


def test_more_sites_than_candidates_are_all_that_add_something() -> None:
    assert choose_sites(make_covers([1, 0], [1, 0]), [1, 1], n_sites=9).chosen.tolist() == [0]


def test_nothing_left_to_cover_needs_no_site() -> None:
    covers = make_covers([1, 1], [1, 0])
    plan = choose_sites(covers, [3, 4], n_sites=1, locked=[0])
    assert (plan.chosen.tolist(), plan.covered_share, plan.is_optimal) == ([], 1.0, True)
    assert trace_curve(covers, [3, 4], n_most=3, locked=[0])[0].chosen.tolist() == []
    empty = choose_sites(sparse.csr_array((0, 0)), [], n_sites=1)
    assert (empty.covered, empty.covered_share, empty.is_optimal) == (0, None, True)


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_best_of_all_subsets(seed: int) -> None:
    covers, demand = make_problem(seed)
    for n_sites, locked in ((1, ()), (3, ()), (2, (0, 4))):
        plan = choose_sites(covers, demand, n_sites=n_sites, locked=locked)
        best = find_best(covers, demand, n_sites, locked)
        assert plan.covered == pytest.approx(best)
        assert measure(covers, demand, (*locked, *plan.chosen)) == pytest.approx(plan.covered)
        assert plan.is_optimal
        assert plan.most_covered == pytest.approx(best)


@pytest.mark.parametrize("seed", range(10))
def test_the_curve_is_the_best_of_each_number(seed: int) -> None:
    covers, demand = make_problem(seed)
    for n_sites, plan in enumerate(trace_curve(covers, demand, n_most=5), start=1):
        assert plan.covered == pytest.approx(find_best(covers, demand, n_sites))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("target", [0.3, 0.7])
def test_the_fewest_are_found(seed: int, target: float) -> None:
    covers, demand = make_problem(seed)
    found = choose_fewest(covers, demand, target_share=target)
    enough = [n for n in range(10) if find_best(covers, demand, n) >= target * demand.sum() - 1e-9]
    if not enough:
        assert found.plan is None
        assert found.most_share == pytest.approx(find_best(covers, demand, 9) / demand.sum())
        return
    assert found.plan is not None
    assert (len(found.plan.chosen), found.is_fewest) == (enough[0], True)
    assert found.plan.covered == pytest.approx(find_best(covers, demand, enough[0]))


def test_enough_is_covered_already() -> None:
    found = choose_fewest(make_covers([1, 0], [0, 1]), [3, 1], target_share=0.75, locked=[0])
    assert found.plan is not None
    assert (found.plan.chosen.tolist(), found.is_fewest) == ([], True)


@pytest.mark.slow
@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), n_sites=st.integers(1, 5))
def test_it_is_never_below_greedy_and_grows_with_sites(seed: int, n_sites: int) -> None:
    covers, demand = make_places(seed, 30, 300)
    plan, more = (choose_sites(covers, demand, n_sites=n) for n in (n_sites, n_sites + 1))
    assert plan.covered >= choose_greedily(covers, demand, n_sites) - 1e-9
    assert more.covered >= plan.covered - 1e-9
    assert plan.gains.sum() == pytest.approx(plan.covered)
    assert (np.diff(plan.gains) <= 1e-9).all()
    wider = sparse.csr_array(covers.toarray() | (np.random.default_rng(seed).random(covers.shape) < 0.05))
    assert choose_sites(wider, demand, n_sites=n_sites).covered >= plan.covered - 1e-9


def test_without_time_there_is_a_plan_and_its_gap() -> None:
    """A large problem without time for a proof: the bound holds, and is that of the best plan or more."""
    rng = np.random.default_rng(1)
    covers = sparse.csr_array(rng.random((120, 3000)) < 0.04)
    demand = rng.random(3000)
    hasty, patient = (choose_sites(covers, demand, n_sites=10, time_limit_s=seconds) for seconds in (1e-6, 0.6))
    assert len(hasty.chosen) == 10
    assert not hasty.is_optimal
    assert hasty.gap_share > 0
    assert hasty.covered <= patient.covered <= patient.most_covered <= hasty.most_covered + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_the_bound_holds_and_leaves_out_no_better_choice(seed: int) -> None:
    covers, demand = make_problem(seed, 10, 40)
    problem = prepare_cover(covers, demand, 3, ())
    start = np.arange(3)
    bound = bound_cover(problem, 3, start, seconds=1.0)
    best = 0.0
    for chosen in itertools.combinations(range(len(problem.sites)), 3):
        value = problem.measure(np.array(chosen))
        best = max(best, value)
        if value > bound.value * (1 + 1e-9):
            assert (bound.state[list(chosen)] >= 0).all()
            assert set(np.flatnonzero(bound.state > 0)) <= set(chosen)
    assert bound.value <= best <= bound.most + 1e-9


def test_demand_of_the_same_sites_is_one() -> None:
    covers, demand = merge_columns(make_covers([1, 0, 1, 0, 1], [0, 1, 0, 0, 1]), np.array([1.0, 2, 4, 8, 16]))
    assert covers.toarray().tolist() == [[1, 0, 1], [0, 1, 1]]
    assert demand.tolist() == [5, 2, 16]


def test_the_same_problem_has_the_same_plan() -> None:
    covers, demand = make_places(3, 60, 2000)
    plans: list[SitePlan] = [choose_sites(covers, demand, n_sites=6) for _ in range(2)]
    assert plans[0].chosen.tolist() == plans[1].chosen.tolist()


def test_what_makes_no_sense_is_refused() -> None:
    covers = make_covers([1, 0], [0, 1])
    with pytest.raises(ParameterError, match="must be 1 or more, not 0"):
        choose_sites(covers, [1, 1], n_sites=0)
    with pytest.raises(ParameterError, match="2 columns needs a demand of 0 or more; given are 2, 1 of them"):
        choose_sites(covers, [1, -1], n_sites=1)
    with pytest.raises(ParameterError, match="one of the 2 candidates, numbered from 0; 2 is not"):
        choose_sites(covers, [1, 1], n_sites=1, locked=[2])
    with pytest.raises(ParameterError, match="above 0 and at most 1, not 1.5"):
        choose_fewest(covers, [1, 1], target_share=1.5)
