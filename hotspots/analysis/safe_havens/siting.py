"""Which new sites cover most: the maximal covering location problem, with proof or with its gap."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from hotspots.analysis.safe_havens.covering_bounds import CoverProblem, bound_cover, merge_columns
from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_ROUNDING = 1e-9
"""Sums of the same numbers in another order differ by less, as a share."""
_MOST_LINKS = 3_000_000
"""Links between sites and demand of a program that is still solved within minutes; the bound alone is given beyond."""
_FEW_LINKS = 3_000
"""Links of a program that is solved sooner than it is bounded."""
_LEAST_SECONDS = 0.05
_NODES_TIMED = 2**31 - 1
_NODES, _NODE_LINKS = 1_000, 300_000
"""Without a time limit: branches of a program, and the most links of one that is solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """Sites chosen among candidates.

    Attributes:
        chosen: int (n_chosen,), positions of the sites, each next the one that adds most; locked sites are not among
            them.
        gains: float (n_chosen,), the demand that each adds to those before it.
        n_locked_covered: Demand that locked sites cover.
        covered: Demand that the locked and the chosen sites cover together.
        most_covered: No choice of as many sites covers more than this.
        total: All demand, whether any site reaches it or not.
    """

    chosen: Integers
    gains: Floats
    n_locked_covered: float
    covered: float
    most_covered: float
    total: float

    @property
    def gap_share(self) -> float:
        """How much more another choice could cover at most, as a share of this one; 0 where it is the best."""
        if self.most_covered - self.covered <= _ROUNDING * max(self.most_covered, 1.0):
            return 0.0
        return self.most_covered / self.covered - 1 if self.covered > 0 else math.inf

    @property
    def is_optimal(self) -> bool:
        """Whether it is proven that no choice of as many sites covers more."""
        return self.gap_share == 0.0

    @property
    def covered_share(self) -> float | None:
        """`covered` as a share of all demand; None without any."""
        return self.covered / self.total if self.total > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FewestSites:
    """The fewest sites found that cover a share of the demand.

    Attributes:
        plan: Of so many sites, the best found; None where no number of sites is enough.
        is_fewest: Whether it is proven that fewer are not enough; or, without a plan, that none is.
        most_share: The share that all candidates together cover; None without demand.
    """

    plan: SitePlan | None
    is_fewest: bool
    most_share: float | None


def choose_sites(
    covers: sparse.csr_array,
    demand: npt.ArrayLike,
    *,
    n_sites: int,
    locked: npt.ArrayLike = (),
    time_limit_s: float = 20.0,
) -> SitePlan:
    """Choose at most so many sites that together cover the most demand.

    The maximal covering location problem: maximise the sum of demand that at least one site covers. Demand with the
    same sites is merged, demand that locked sites cover is set aside, and a site that covers nothing that another does
    not cover as well is left out. A greedy choice comes first, then exchanges of one site for another. A Lagrangian
    bound shows how much any choice can cover, and which sites cannot be in a better one; what is left is solved by
    `scipy.optimize.milp`. The result is never worse than greedy, and is the best known with its bound where time is up.

    Of sites that cover the same, the first is chosen. Of plans worth the same it is the first found: the same input
    gives the same plan, unless time was up.

    Args:
        covers: Binary (n_candidates, n_demand), which site covers which demand.
        demand: float (n_demand,), 0 or more: incidents, or shares of them.
        n_sites: At most so many sites are new; fewer are chosen where more would add nothing.
        locked: Positions of sites that are there already.
        time_limit_s: Seconds to look for a better plan or a proof; infinity for work that is limited otherwise, the
            same on every machine.

    Raises:
        ParameterError: The number of sites is below 1, the demand is negative or missing or not one for each column, or
            a locked site is not a candidate.

    Source: Church, R. and ReVelle, C. (1974), "The maximal covering location problem", Papers of the Regional Science
    Association 32, doi:10.1007/BF01942293; the bound as in Galvao, R. D. and ReVelle, C. (1996), "A Lagrangean
    heuristic for the maximal covering location problem", European Journal of Operational Research 88,
    doi:10.1016/0377-2217(94)00159-6.
    """
    problem = prepare_cover(covers, demand, n_sites, locked)
    return _solve(problem, n_sites, time_limit_s=time_limit_s)[0]


def trace_curve(
    covers: sparse.csr_array,
    demand: npt.ArrayLike,
    *,
    n_most: int,
    locked: npt.ArrayLike = (),
    time_limit_s: float = 20.0,
) -> tuple[SitePlan, ...]:
    """The best plan of 1, 2 ... sites, each as `choose_sites` finds it; it ends where one more adds nothing.

    A plan may drop sites of the one before it: the best two need not hold the best one.

    Args:
        covers: As of `choose_sites`.
        demand: Likewise.
        n_most: Up to so many sites.
        locked: As of `choose_sites`.
        time_limit_s: Seconds for all of them together.

    Raises:
        ParameterError: As `choose_sites`.

    Source: As `choose_sites`.
    """
    problem = prepare_cover(covers, demand, n_most, locked)
    ends_at = time.monotonic() + time_limit_s
    plans: list[SitePlan] = []
    multipliers: Floats | None = None
    for n_sites in range(1, n_most + 1):
        seconds = max((ends_at - time.monotonic()) / (n_most - n_sites + 1), _LEAST_SECONDS)
        plan, multipliers = _solve(problem, n_sites, time_limit_s=seconds, multipliers=multipliers)
        if len(plan.chosen) < n_sites:
            if not plans:
                plans.append(plan)
            break
        if plans and plan.covered < plans[-1].covered:  # only where time was up
            break
        plans.append(plan)
    return tuple(plans)


def choose_fewest(
    covers: sparse.csr_array,
    demand: npt.ArrayLike,
    *,
    target_share: float,
    locked: npt.ArrayLike = (),
    time_limit_s: float = 20.0,
) -> FewestSites:
    """Choose the fewest sites that cover a share of the demand, and of so many the ones that cover most.

    Args:
        covers: As of `choose_sites`.
        demand: Likewise.
        target_share: 0-1, what the sites and the locked ones are to cover together of all demand.
        locked: As of `choose_sites`.
        time_limit_s: Seconds for all of it.

    Raises:
        ParameterError: The share is not above 0 and at most 1, or as `choose_sites`.

    Source: The location set covering problem, Toregas, C. et al. (1971), "The location of emergency service
    facilities", Operations Research 19(6), doi:10.1287/opre.19.6.1363, for a share of the demand.
    """
    if not 0 < target_share <= 1:
        raise ParameterError(
            f"The share to be covered must be above 0 and at most 1, not {target_share:g}. Give `target_share` 0.8 "
            "for 80%."
        )
    problem = prepare_cover(covers, demand, 1, locked)
    wanted = target_share * problem.total * (1 - _ROUNDING)
    every, _ = _choose_greedily(problem, len(problem.sites), until=math.inf)
    most = problem.locked_covered + problem.measure(every)
    most_share = most / problem.total if problem.total > 0 else None
    if problem.locked_covered >= wanted:
        none = _make_plan(problem, every[:0], problem.locked_covered)
        return FewestSites(plan=none, is_fewest=True, most_share=most_share)
    if most < wanted:
        return FewestSites(plan=None, is_fewest=True, most_share=most_share)
    enough, _ = _choose_greedily(problem, len(problem.sites), until=wanted)
    plan = _make_plan(problem, enough, most)
    # fewer than `low` are proven not to be enough, and `plan` is
    low, ends_at = 1, time.monotonic() + time_limit_s
    is_sure = True
    upper = len(enough)
    while low < upper:
        middle = (low + upper) // 2
        seconds = max((ends_at - time.monotonic()) / (1 + math.log2(upper - low + 1)), _LEAST_SECONDS)
        tried, _ = _solve(problem, middle, time_limit_s=seconds)
        if tried.covered >= wanted:
            plan, upper = tried, len(tried.chosen)
        else:
            is_sure &= tried.most_covered < wanted
            low = middle + 1
    best, _ = _solve(problem, len(plan.chosen), time_limit_s=max(ends_at - time.monotonic(), _LEAST_SECONDS))
    plan = best if best.covered >= plan.covered else plan
    return FewestSites(plan=plan, is_fewest=is_sure, most_share=most_share)


def prepare_cover(covers: sparse.csr_array, demand: npt.ArrayLike, n_sites: int, locked: npt.ArrayLike) -> CoverProblem:
    """The problem without what is decided already."""
    amounts = np.asarray(demand, dtype=np.float64)
    if n_sites < 1:
        raise ParameterError(f"The number of new sites must be 1 or more, not {n_sites}. Give `n_sites` 1.")
    if amounts.shape != (covers.shape[1],) or not (np.isfinite(amounts).all() and (amounts >= 0).all()):
        raise ParameterError(
            f"Each of the {covers.shape[1]:,} columns needs a demand of 0 or more; given are {amounts.size:,}, "
            f"{int((~(amounts >= 0)).sum()):,} of them missing or below 0. Give one for each column of `covers`."
        )
    there = np.unique(np.asarray(locked, dtype=np.int64))
    if len(there) and not (there[0] >= 0 and there[-1] < covers.shape[0]):
        raise ParameterError(
            f"A locked site must be one of the {covers.shape[0]:,} candidates, numbered from 0; "
            f"{there[0] if there[0] < 0 else there[-1]} is not. Add it to `covers`."
        )
    links = sparse.csr_array(covers).astype(bool).astype(np.int8)
    links.eliminate_zeros()
    is_covered = np.zeros(covers.shape[1], dtype=bool)
    is_covered[links[there].indices] = True
    free = np.setdiff1d(np.arange(covers.shape[0]), there)
    kept = ~is_covered & (amounts > 0)
    merged = merge_columns(links[free][:, kept], amounts[kept])
    problem = CoverProblem(
        sites=free,
        covers=merged[0],
        demand=merged[1],
        locked_covered=float(amounts[is_covered].sum()),
        total=float(amounts.sum()),
    )
    return problem.drop_dominated()


def _solve(
    problem: CoverProblem, n_sites: int, *, time_limit_s: float, multipliers: Floats | None = None
) -> tuple[SitePlan, Floats]:
    """The best plan, and the multipliers of its bound, to start that of another number from."""
    ends_at = time.monotonic() + time_limit_s
    chosen, _ = _choose_greedily(problem, n_sites, until=math.inf)
    value = problem.measure(chosen)
    if len(chosen) < n_sites or n_sites >= len(problem.sites):
        # greedy ends before its number only where all that can be covered is
        return _make_plan(problem, chosen, problem.locked_covered + value), np.zeros(len(problem.demand))
    if problem.covers.nnz <= _FEW_LINKS:
        state = np.zeros(len(problem.sites), dtype=np.int8)
        found, most = _solve_rest(problem, n_sites, state, seconds=time_limit_s)
        if found is not None and problem.measure(found) > value * (1 + _ROUNDING):
            chosen = found
        most = min(most, float(problem.demand.sum()))
        return _make_plan(problem, chosen, problem.locked_covered + most), np.zeros(len(problem.demand))
    chosen = problem.swap_better(chosen, ends_at=time.monotonic() + 0.1 * time_limit_s)
    value = problem.measure(chosen)
    bound = bound_cover(problem, n_sites, chosen, multipliers=multipliers, seconds=0.4 * time_limit_s)
    if bound.value > value * (1 + _ROUNDING):
        chosen = problem.swap_better(bound.chosen, ends_at=time.monotonic() + 0.1 * time_limit_s)
        value = problem.measure(chosen)
    most = max(bound.most, value)
    if most - value > _ROUNDING * most:
        found, dual = _solve_rest(problem, n_sites, bound.state, seconds=ends_at - time.monotonic())
        if found is not None and problem.measure(found) > value * (1 + _ROUNDING):
            chosen, value = found, problem.measure(found)
        most = max(min(most, dual), value)
    return _make_plan(problem, chosen, problem.locked_covered + most), bound.multipliers


def _solve_rest(
    problem: CoverProblem, n_sites: int, state: npt.NDArray[np.int8], *, seconds: float
) -> tuple[Integers | None, float]:
    """A choice by mixed-integer programming, and a bound for every one, among sites that may be in a better one.

    The bound is that of choices that leave out what cannot be in a better one than is known: together with the value
    known, it is one for all.
    """
    surely, maybe = np.flatnonzero(state > 0), np.flatnonzero(state == 0)
    is_covered = np.zeros(len(problem.demand), dtype=bool)
    is_covered[problem.covers[surely].indices] = True
    links, amounts = merge_columns(problem.covers[maybe][:, ~is_covered], problem.demand[~is_covered])
    n_left = n_sites - len(surely)
    base = float(problem.demand[is_covered].sum())
    if n_left <= 0 or not len(maybe) or not len(amounts):
        return surely, base
    is_timed = math.isfinite(seconds)
    if links.nnz > (_MOST_LINKS if is_timed else _NODE_LINKS) or seconds < _LEAST_SECONDS:
        return None, math.inf
    n, m = len(maybe), len(amounts)
    limits = sparse.hstack([-links.T.astype(np.float64), sparse.eye_array(m)], format="csr")
    count = sparse.csr_array(np.concatenate([np.ones(n), np.zeros(m)])[None, :])
    scale = float(amounts.max())
    found = milp(
        c=np.concatenate([np.zeros(n), -amounts / scale]),
        integrality=np.concatenate([np.ones(n), np.zeros(m)]),
        bounds=Bounds(lb=np.zeros(n + m), ub=np.ones(n + m)),
        constraints=[LinearConstraint(limits, -np.inf, 0.0), LinearConstraint(count, -np.inf, float(n_left))],
        options={
            "mip_rel_gap": 0.0,
            "presolve": True,
            "time_limit": seconds,
            "node_limit": _NODES_TIMED if is_timed else _NODES,
        },
    )
    dual = math.inf
    if found.mip_dual_bound is not None and math.isfinite(found.mip_dual_bound):
        # the solver's own tolerance is a millionth
        dual = base - found.mip_dual_bound * scale
    if found.x is None:  # at the time limit there may still be a plan, whatever the status says
        return None, dual
    chosen = np.concatenate([surely, maybe[np.round(found.x[:n]) > 0]])[:n_sites]
    if found.success and found.mip_gap is not None and found.mip_gap <= 1e-6:
        dual = min(dual, problem.measure(chosen))
    return chosen, dual


def _choose_greedily(problem: CoverProblem, n_sites: int, *, until: float) -> tuple[Integers, Floats]:
    """Positions in the problem, each next the one that adds most, and what each adds."""
    return problem.add_greedily(np.arange(len(problem.sites)), n_sites, until=until - problem.locked_covered)


def _make_plan(problem: CoverProblem, chosen: Integers, most: float) -> SitePlan:
    """A plan in the order in which each site adds most."""
    ordered, gains = problem.add_greedily(np.sort(chosen), len(chosen), until=math.inf)
    covered = problem.locked_covered + problem.measure(ordered)
    plan = SitePlan(
        chosen=problem.sites[ordered],
        gains=gains,
        n_locked_covered=problem.locked_covered,
        covered=covered,
        most_covered=max(most, covered),
        total=problem.total,
    )
    return replace(plan, most_covered=covered) if plan.gap_share == 0.0 else plan
