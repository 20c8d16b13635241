"""What a choice of sites can cover at most, by Lagrangian relaxation, and which sites cannot be in a better one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_N_STEPS = 1500
_EVERY = 5
"""Steps after which the sites that are paid most are tried as a choice."""
_PATIENCE = 20
_LEAST_STEP = 1e-4
_MOST_PRODUCTS = 60_000_000
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class CoverProblem:
    """Sites, and the demand that each covers.

    Attributes:
        sites: int (n_sites,), what each is called outside, ascending.
        covers: Binary (n_sites, n_demand).
        demand: float (n_demand,), above 0.
        locked_covered: Demand covered already, which is not among it.
        total: All demand: this, that, and what no site reaches.
    """

    sites: Integers
    covers: sparse.csr_array
    demand: Floats
    locked_covered: float
    total: float

    @cached_property
    def by_demand(self) -> sparse.csc_array:
        """`covers`, by column."""
        return self.covers.tocsc()

    @cached_property
    def worth(self) -> Floats:
        """Float (n_sites,): what each covers alone."""
        return np.asarray(self.covers @ self.demand, dtype=np.float64)

    def measure(self, chosen: Integers) -> float:
        """The demand that sites, by their positions here, cover together."""
        columns = np.unique(self.covers[chosen].indices) if len(chosen) else np.array([], dtype=np.int64)
        return float(self.demand[columns].sum())

    def add_greedily(self, among: Integers, n_sites: int, *, until: float) -> tuple[Integers, Floats]:
        """Sites, each next the one that adds most and of equal ones the first, until a sum is covered or none adds.

        Args:
            among: Positions to choose from, ascending.
            n_sites: At most so many.
            until: The demand that is enough.
        """
        left = self.worth[among].copy()
        open_demand = self.demand.copy()
        row_of = np.full(len(self.sites), -1, dtype=np.int64)
        row_of[among] = np.arange(len(among))
        chosen: list[int] = []
        gains: list[float] = []
        least = _SLACK * max(float(self.demand.sum()), 1e-300)
        while len(chosen) < n_sites and sum(gains) < until and len(left):
            best = int(np.argmax(left > left.max() - least))
            if left[best] <= least:
                break
            site = int(among[best])
            columns = self.covers.indices[slice(*self.covers.indptr[site : site + 2])]
            columns = columns[open_demand[columns] > 0]
            gains.append(float(open_demand[columns].sum()))
            chosen.append(site)
            lost = self.by_demand[:, columns]
            rows = row_of[lost.indices]
            amounts = np.repeat(open_demand[columns], np.diff(lost.indptr))
            left -= np.bincount(rows[rows >= 0], amounts[rows >= 0], len(among))
            open_demand[columns] = 0.0
            left[best] = -np.inf
        return np.array(chosen, dtype=np.int64), np.array(gains)

    def swap_better(self, chosen: Integers, *, ends_at: float) -> Integers:
        """The choice after every exchange of one site for another that covers more, until none does or time is up.

        Args:
            chosen: Positions of the sites.
            ends_at: Of the clock `time.monotonic`.
        """
        better = chosen.copy()
        times_covered = np.bincount(self.covers[better].indices, minlength=len(self.demand))
        least = _SLACK * max(float(self.demand.sum()), 1e-300)
        n_since, turn = 0, 0
        while n_since < len(better) and time.monotonic() < ends_at:
            turn, site = (turn + 1) % len(better), better[turn]
            own = self.covers.indices[slice(*self.covers.indptr[site : site + 2])]
            times_covered[own] -= 1
            worth = np.asarray(self.covers @ np.where(times_covered == 0, self.demand, 0.0))
            best = int(np.argmax(worth))
            if worth[best] > worth[site] + least:
                better[np.flatnonzero(better == site)[0]], site, n_since = best, best, 0
            else:
                n_since += 1
            times_covered[self.covers.indices[slice(*self.covers.indptr[site : site + 2])]] += 1
        return better

    def drop_dominated(self) -> Self:
        """Without sites that cover nothing, or nothing that one other site does not cover as well.

        Of sites that cover the same the first stays.
        """
        sizes = np.diff(self.covers.indptr)
        kept = np.flatnonzero(sizes > 0)
        per_column = np.diff(self.by_demand.indptr).astype(np.float64)
        if float((per_column**2).sum()) <= _MOST_PRODUCTS:
            links = self.covers[kept].astype(np.int32)
            shared = (links @ links.T).tocoo()
            one, other = shared.coords
            size = sizes[kept]
            is_inside = (shared.data == size[one]) & (one != other) & ((size[other] > size[one]) | (other < one))
            kept = np.delete(kept, np.unique(one[is_inside]))
        return type(self)(
            sites=self.sites[kept],
            covers=self.covers[kept],
            demand=self.demand,
            locked_covered=self.locked_covered,
            total=self.total,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverBound:
    """What a number of sites can cover.

    Attributes:
        most: No choice covers more.
        value: What the best choice found covers.
        chosen: That choice, positions in the problem.
        state: int8 (n_sites,), 1 where a site is in every choice that is better than that one, -1 where in none, else
            0.
        multipliers: float (n_demand,), of the bound.
    """

    most: float
    value: float
    chosen: Integers
    state: npt.NDArray[np.int8]
    multipliers: Floats


def bound_cover(
    problem: CoverProblem, n_sites: int, chosen: Integers, *, multipliers: Floats | None = None, seconds: float
) -> CoverBound:
    """Bound what any choice of so many sites covers, and look for a better one on the way.

    Each unit of demand pays a part of itself for being covered (its multiplier), and keeps the rest. Whatever the
    parts, no choice covers more than all that is kept and what is paid to the sites that are paid most. Subgradient
    steps move the parts towards the least such bound.

    Args:
        problem: With more sites than are wanted.
        n_sites: How many are wanted.
        chosen: A choice of so many, positions in the problem.
        multipliers: To begin with; by default the demand, shared among the sites that cover it.
        seconds: To stop after.
    """
    demand = problem.demand
    links = problem.covers.astype(np.float64)
    turned = problem.covers.T.tocsr().astype(np.float64)
    n_covering = np.diff(problem.by_demand.indptr)
    paid = demand / np.maximum(n_covering, 1) if multipliers is None else multipliers.copy()
    value, best = problem.measure(chosen), chosen
    most, best_paid = float(demand.sum()), paid
    state = np.zeros(len(problem.sites), dtype=np.int8)
    step, since, ends_at = 1.0, 0, time.monotonic() + seconds
    for number in range(_N_STEPS):
        income = links @ paid
        order = np.argsort(-income, kind="stable")
        first, after = order[:n_sites], order[n_sites:]
        kept = float((demand - paid).sum())
        bound = kept + float(income[first].sum())
        state[(bound - income[first[-1]] + income) < value * (1 - _SLACK)] = -1
        needed = bound - income[first] + income[after[0]] < value * (1 - _SLACK)
        state[first[needed]] = 1
        if bound < most * (1 - 1e-7):
            since = 0
        else:
            since += 1
        if bound < most:
            most, best_paid = bound, paid.copy()
        is_in = np.zeros(len(problem.sites))
        is_in[first] = 1.0
        slack = (paid < demand) - (turned @ is_in)
        if number % _EVERY == 0:
            tried = problem.measure(first)
            if tried > value * (1 + _SLACK):
                value, best = tried, first
        if since >= _PATIENCE:
            step, since, paid = step / 2, 0, best_paid.copy()
            if step < _LEAST_STEP:
                break
            continue
        norm = float((slack**2).sum())
        if most - value <= _SLACK * most or norm == 0 or time.monotonic() > ends_at:
            break
        paid = np.clip(paid + step * (bound - value) / norm * slack, 0.0, demand)
    state[best[state[best] < 0]] = 0
    return CoverBound(most=most, value=value, chosen=best, state=state, multipliers=best_paid)


def merge_columns(covers: sparse.csr_array, demand: Floats) -> tuple[sparse.csr_array, Floats]:
    """Demand that the same sites cover as one, in order of first appearance; what no site covers is left out."""
    rng = np.random.default_rng(0)
    keys = rng.integers(1, 2**63, size=covers.shape[0], dtype=np.uint64)
    columns = covers.tocsc()
    # two different sets of sites have the same sum of random keys with a chance of one in 10 to the 19th
    sums = np.zeros(covers.shape[1], dtype=np.uint64)
    filled = np.flatnonzero(np.diff(columns.indptr))
    if len(filled):
        sums[filled] = np.add.reduceat(keys[columns.indices], columns.indptr[filled])
    _, first, inverse = np.unique(sums[filled], return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    amounts: Floats = np.bincount(number[inverse], demand[filled], len(order)).astype(np.float64)
    return columns[:, filled[first[order]]].tocsr(), amounts
