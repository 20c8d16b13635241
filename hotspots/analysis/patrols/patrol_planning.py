"""A plan for a shift: which patrol visits which place and when, and how much more that is worth than going by rank."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.analysis.patrols.beats import draw_beats, walk_beats
from hotspots.analysis.patrols.patrol_routes import PatrolRoute, Timetable, find_faults
from hotspots.analysis.patrols.patrol_shift import PatrolShift
from hotspots.analysis.patrols.plan_bound import bound_worth
from hotspots.analysis.patrols.rank_rounds import visit_by_rank
from hotspots.analysis.patrols.route_improvement import Route, drop_late_visits, improve_routes
from hotspots.errors import HotspotsError

_N_CHANGES: Final = 6_000
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceVisits:
    """The visits to one place.

    Attributes:
        begin_s: When they begin, seconds after the shift begins.
        longest_gap_s: The longest time between two of them; None where there are fewer than two.
        first_gap_s, last_gap_s: From the beginning of the shift to the first, and from the last to its end; None where
            there is no visit.
        is_spaced: Whether no two visits are further apart than promised.
        is_kept: Whether it is never left for longer than promised, from the beginning of the shift to its end.
        expected: Incidents expected there during the shift.
        worth: What the visits are worth: incidents expected in the time that they hold for.
    """

    begin_s: tuple[int, ...]
    longest_gap_s: int | None
    first_gap_s: int | None
    last_gap_s: int | None
    is_spaced: bool
    is_kept: bool
    expected: float
    worth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolPlan:
    """What each patrol does in a shift.

    Attributes:
        shift: What was planned.
        routes: One for each patrol, in order.
        by_rank: The same patrols going by rank.
        places: The visits to each place, in order of rank.
        worth: Of all visits, incidents: what is expected at the places in the time that visits hold for.
        by_rank_worth: The same of the patrols going by rank.
        bound: What no plan at all can be worth more than; how much more than this one is possible is at most the
            difference.
        expected: Incidents expected at all places in the shift.
        is_by_rank: Whether no better plan than going by rank was found, which then is the plan.
        least_minutes: Minutes of visits and shortest ways that it takes at least to keep every place that can be
            reached; `available_minutes` is what the patrols have.
        unreachable: Places that cannot be reached in the shift.
    """

    shift: PatrolShift
    routes: tuple[PatrolRoute, ...]
    by_rank: tuple[PatrolRoute, ...]
    places: tuple[PlaceVisits, ...]
    worth: float
    by_rank_worth: float
    bound: float
    expected: float
    is_by_rank: bool
    least_minutes: int
    available_minutes: int
    unreachable: tuple[int, ...]

    @property
    def share(self) -> float:
        """`worth` as a share of what is expected; 0 where nothing is."""
        return self.worth / self.expected if self.expected else 0.0

    @property
    def by_rank_share(self) -> float:
        """The same of the patrols going by rank."""
        return self.by_rank_worth / self.expected if self.expected else 0.0

    @property
    def bound_share(self) -> float:
        """The bound as a share of what is expected."""
        return self.bound / self.expected if self.expected else 0.0

    @property
    def is_impossible_to_keep(self) -> bool:
        """Whether no plan at all could keep every place."""
        return self.least_minutes > self.available_minutes


def plan_patrols(shift: PatrolShift, *, seed: int = 1) -> PatrolPlan:
    """Plan a shift: which patrol visits which place, in which order and when.

    A visit is worth what is expected at its place from its beginning until the next visit of any patrol, or until
    `max_gap_s` after it ends, whichever is first, and never beyond the shift. So a place is worth no more than what is
    expected there, the second visit of an hour is worth little, and a place is visited while it is hot.

    Patrols get beats first: places that can be gone round within the longest gap, so that none waits longer, chosen by
    PyVRP such that most is expected in them. Each patrol goes round its beat until the shift is over. Visits are then
    put in, taken out, exchanged and turned round as long as that is worth more, and no gap between two visits becomes
    too long. A plan for fewer patrols, with one more added, is tried as well, so more patrols are never worth less. If
    going by rank is worth more, that is the plan. Every route is worked out again from the table of legs at the end.

    It is a good plan and not proven to be the best; `bound_worth` says what no plan could pass. Worth is for
    choosing between plans: it is not a number of crimes prevented.

    Args:
        shift: Places, legs, patrols and breaks.
        seed: Of the solver's random draws; the same seed gives the same plan.

    Raises:
        HotspotsError: PyVRP is not installed; or a route breaks a rule when it is worked out again, which is a mistake
            in this package.

    Source: Koper, C. S. (1995), "Just enough police presence", Justice Quarterly 12(4),
    doi:10.1080/07418829500096231; team orienteering: Chao, I., Golden, B. and Wasil, E. (1996), European Journal of
    Operational Research 88(3), doi:10.1016/0377-2217(94)00289-4; PyVRP: Wouda, N., Lan, L. and Kool, W. (2024),
    INFORMS Journal on Computing 36(4), doi:10.1287/ijoc.2023.0055.
    """
    timetable = Timetable(shift)
    by_rank = visit_by_rank(timetable)
    routes = _search(shift, seed=seed)
    worth, by_rank_worth = timetable.value(routes), timetable.value(by_rank)
    is_by_rank = by_rank_worth > worth + _ROUNDING
    chosen = by_rank if is_by_rank else routes
    laid_out = tuple(timetable.lay_out(route) for route in chosen)
    for number, route in enumerate(laid_out, 1):
        faults = find_faults(shift, route)
        if faults:
            raise HotspotsError(
                f"The route of patrol {number} was worked out again and cannot be done: {'; '.join(faults)}. This is a "
                "mistake in Hotspots; please report it with the command."
            )
    arrivals = timetable.gather(chosen)
    reachable = shift.is_reachable
    return PatrolPlan(
        shift=shift,
        routes=laid_out,
        by_rank=tuple(timetable.lay_out(route) for route in by_rank),
        places=tuple(_describe(timetable, place, arrivals.get(place, [])) for place in range(shift.n_places)),
        worth=by_rank_worth if is_by_rank else worth,
        by_rank_worth=by_rank_worth,
        bound=bound_worth(shift),
        expected=float(shift.expected.sum()),
        is_by_rank=is_by_rank,
        least_minutes=_measure_least(shift, reachable),
        available_minutes=shift.n_patrols * (shift.length_s - sum(one.length_s for one in shift.breaks)) // 60,
        unreachable=tuple(np.flatnonzero(~reachable).tolist()),
    )


def _search(shift: PatrolShift, *, seed: int) -> tuple[Route, ...]:
    """The best routes found, of all beginnings."""
    best: tuple[Route, ...] = ()
    for n_patrols in range(1, shift.n_patrols + 1):
        part = dataclasses.replace(shift, n_patrols=n_patrols)
        timetable = Timetable(part)
        longest = part.max_gap_s + part.visit_s
        rests = sorted({0, max((one.length_s for one in part.breaks), default=0)})
        begun = [walk_beats(timetable, draw_beats(part, round_s=longest - rest, seed=seed)) for rest in rests]
        found = [(*best, ())]  # the plan for one patrol less, and one that has nothing to do yet
        found += [drop_late_visits(timetable, routes) for routes in begun]
        n_most = _N_CHANGES * n_patrols
        improved = [improve_routes(timetable, routes, n_most=n_most // len(found)) for routes in found]
        best = max(improved, key=lambda routes: round(timetable.value(routes), 9))
    return best


def _describe(timetable: Timetable, place: int, arrivals: Sequence[int]) -> PlaceVisits:
    shift = timetable.shift
    gaps = [b - a - shift.visit_s for a, b in itertools.pairwise(arrivals)]
    first = arrivals[0] if arrivals else None
    last = shift.length_s - arrivals[-1] - shift.visit_s if arrivals else None
    is_spaced = all(gap <= shift.max_gap_s for gap in gaps)
    return PlaceVisits(
        begin_s=tuple(arrivals),
        longest_gap_s=max(gaps, default=None),
        first_gap_s=first,
        last_gap_s=last,
        is_spaced=is_spaced,
        is_kept=is_spaced and first is not None and last is not None and max(first, last) <= shift.max_gap_s,
        expected=float(shift.expected[place].sum()),
        worth=timetable.value_place(place, arrivals),
    )


def _measure_least(shift: PatrolShift, reachable: npt.NDArray[np.bool_]) -> int:
    """Minutes without which no plan keeps every place that can be reached: of visits, and of the shortest legs to them.

    Each patrol has one leg from its beginning, which may be shorter.
    """
    inside = np.flatnonzero(reachable)
    legs = shift.travel_s[np.ix_(inside, inside)].astype(np.float64)
    legs[legs < 0] = np.inf
    np.fill_diagonal(legs, np.inf)
    nearest = legs.min(axis=0, initial=np.inf)
    nearest = np.where(np.isfinite(nearest), nearest, 0.0)
    visits = shift.least_visits * len(inside) * shift.visit_s
    # a patrol that stays needs no leg, and each may come to one place from its beginning
    every = np.sort(np.repeat(nearest, shift.least_visits))[::-1][shift.n_patrols :]
    return int((visits + every.sum()) // 60) if len(inside) > shift.n_patrols else int(visits // 60)
