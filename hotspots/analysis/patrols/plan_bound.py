"""What no plan of a shift can be worth more than: places without each other, and all time of patrols shared freely."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.analysis.patrols.patrol_shift import PatrolShift

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_FEW_VISITS: Final = 12
"""Up to so many visits to one place their best times are found; of more, each counts as the best one does."""
_ROUNDING: Final = 1e-9


def bound_worth(shift: PatrolShift) -> float:
    """What the visits of no plan at all can be worth more than, incidents.

    Two things that bind a plan are let go. Visits to a place may be whenever they are worth most there, as if patrols
    need not be elsewhere; what k of them are worth at most is found exactly. And the time of all patrols is one sum,
    from which each visit takes its minutes and those of the shortest way to its place from any other. How many visits
    to make where is then a knapsack problem, which is solved with parts of visits (Dantzig 1957). So every plan that
    can be done is among what is allowed, and the bound is true; that a plan reaches it is seldom possible.

    It misleads as a judgement of a plan where hot hours are short: all places at once cannot be visited in them.

    Args:
        shift: Places, legs, patrols and breaks. Legs may be of any length: no way need be the shortest.

    Returns:
        The bound; never more than is expected at all places.

    Source: Dantzig, G. B. (1957), "Discrete-variable extremum problems", Operations Research 5(2),
    doi:10.1287/opre.5.2.266.
    """
    earliest, latest = _find_windows(shift)
    inside = np.flatnonzero(latest >= earliest)
    if not len(inside):
        return 0.0
    lead = _find_leads(shift, inside)
    # the first visit of a patrol comes from its start, and the last is followed by the way to its end
    starts = shift.from_start_s[inside]
    saved = (lead - starts)[starts >= 0]
    ends = shift.to_end_s[inside]
    rest = sum(one.length_s for one in shift.breaks)
    budget = shift.n_patrols * (shift.length_s - rest + int(saved.max()) - int(ends[ends >= 0].min()))
    gains: list[float] = []
    costs: list[float] = []
    for place, ahead in zip(inside.tolist(), lead.tolist(), strict=True):
        cost = shift.visit_s + ahead
        best = bound_place(shift, place, earliest_s=int(earliest[place]), latest_s=int(latest[place]))
        for n_visits, gain in _raise_concave(best):
            gains.append(gain / n_visits)
            costs.append(float(cost))
            gains += [gain / n_visits] * (n_visits - 1)
            costs += [float(cost)] * (n_visits - 1)
    worth, cost_s = np.array(gains), np.array(costs)
    order = np.argsort(-worth / cost_s, kind="stable")
    spent = np.cumsum(cost_s[order])
    taken = np.clip((budget - (spent - cost_s[order])) / cost_s[order], 0.0, 1.0)
    return float(min((worth[order] * taken).sum() * (1 + _ROUNDING), shift.expected.sum()))


def _find_windows(shift: PatrolShift) -> tuple[Integers, Integers]:
    """When a visit to each place can begin at the earliest and at the latest; the latest is before it where it cannot.

    By way of whatever other places, since a table of legs need not know the shortest ways.
    """
    never = np.iinfo(np.int64).max // 4
    travel = np.where(shift.travel_s < 0, never, shift.travel_s)
    first = np.where(shift.from_start_s < 0, never, shift.from_start_s)
    home = np.where(shift.to_end_s < 0, never, shift.to_end_s)
    for _ in range(shift.n_places):
        first = np.minimum(first, (first[:, None] + shift.visit_s + travel).min(axis=0))
        home = np.minimum(home, (travel + shift.visit_s + home[None, :]).min(axis=1))
    rest = sum(one.length_s for one in shift.breaks)
    is_possible = first + shift.visit_s + home + rest <= shift.length_s
    latest = np.where(is_possible, shift.length_s - shift.visit_s - home, -1)
    return np.where(is_possible, first, 0).astype(np.int64), latest.astype(np.int64)


def _find_leads(shift: PatrolShift, inside: Integers) -> Integers:
    """Seconds of the shortest leg to each place from another; from the start where none leads to it."""
    legs = shift.travel_s[np.ix_(inside, inside)].astype(np.float64)
    legs[legs < 0] = np.inf
    if int(shift.is_reachable.sum()) != 1:  # else a patrol may make visit upon visit to one place
        np.fill_diagonal(legs, np.inf)
    shortest = legs.min(axis=0)
    return np.where(np.isfinite(shortest), shortest, np.maximum(shift.from_start_s[inside], 0)).astype(np.int64)


def bound_place(shift: PatrolShift, place: int, *, earliest_s: int, latest_s: int) -> Floats:
    """What 0, 1, 2 ... visits to one place are worth at most, whenever they are, up to as many as add anything.

    Args:
        shift: Its hours, what is expected in them, and how long a visit holds.
        place: Which.
        earliest_s: When visits may begin at the earliest, seconds after the shift begins.
        latest_s: And at the latest.

    Returns:
        float (n + 1,), not falling.
    """
    held = shift.visit_s + shift.max_gap_s
    edges = shift.hour_edges_s
    sums = np.concatenate([[0.0], np.cumsum(shift.expected[place])])

    def add_up(until: Floats) -> Floats:
        return np.asarray(np.interp(until, edges, sums), dtype=np.float64)

    n_most = -(-(shift.length_s - earliest_s) // held)
    whole = float(sums[-1] - add_up(np.array([float(earliest_s)]))[0])
    # what visits are worth is linear between these times: an hour begins or ends, or another visit does
    n_few = min(n_most, _FEW_VISITS)
    steps = np.arange(-n_few, n_few + 1) * held
    anchors = np.unique(np.concatenate([edges, [earliest_s, latest_s]]))
    times = np.unique((anchors[:, None] + steps).ravel()).astype(np.float64)
    times = times[(times >= earliest_s) & (times <= latest_s)]
    begun = add_up(times)
    alone = add_up(np.minimum(times + held, shift.length_s)) - begun
    # of a visit at each time, with one at each later time after it
    until = add_up(np.minimum(np.minimum(times[:, None] + held, times[None, :]), shift.length_s)) - begun[:, None]
    until[np.tril_indices(len(times))] = -np.inf
    best, after = [0.0], alone
    for n_visits in range(1, n_few + 1):
        best.append(max(float(after.max()), best[-1]))
        if n_visits < n_few:
            after = np.maximum((until + after[None, :]).max(axis=1), alone)
    # of more, each adds what the first does
    best += [min(best[n_few] + best[1] * more, whole) for more in range(1, n_most - n_few + 1)]
    return np.array(best)


def _raise_concave(best: Floats) -> list[tuple[int, float]]:
    """Steps of the least concave line above: how many visits, and what they add together."""
    steps: list[tuple[int, float]] = []
    at = 0
    while at < len(best) - 1:
        rises = (best[at + 1 :] - best[at]) / np.arange(1, len(best) - at)
        # of equal ones the furthest
        step = len(rises) - int(np.argmax(rises[::-1]))
        steps.append((step, float(best[at + step] - best[at])))
        at += step
    return steps
