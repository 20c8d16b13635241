"""Beats: places that one patrol can go round in the longest gap allowed, so that each is visited every round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hotspots.analysis.patrols.patrol_routes import Timetable
from hotspots.analysis.patrols.patrol_shift import NO_WAY, PatrolShift
from hotspots.errors import HotspotsError

_N_ITERATIONS: Final = 500
_N_TRIES: Final = 4
_PRIZES: Final = 10_000_000
"""All that is expected, in the whole numbers that the solver takes: far more than seconds, which only break ties."""
_NEVER: Final = 10**9
_LONGEST: Final = 10**8


def draw_beats(shift: PatrolShift, *, round_s: int, seed: int) -> tuple[tuple[int, ...], ...]:
    """Choose a beat for each patrol, such that most is expected in all of them together.

    A beat is a round: from its last place back to its first, with a visit to each, it takes no longer than `round_s`.
    Chosen by PyVRP, which solves it as a team orienteering problem: places are clients that need not be served, with
    what is expected there as a prize. It knows rounds without the way from the last place back to the first, which is
    made shorter and tried again until the way back fits as well.

    Args:
        shift: The shift.
        round_s: The longest round, seconds.
        seed: Of the solver's random draws.

    Returns:
        At most as many beats as there are patrols, each of places in order.

    Raises:
        HotspotsError: PyVRP is not installed.
    """
    reachable = np.flatnonzero(shift.is_reachable)
    prizes = shift.expected[reachable].sum(axis=1)
    if not prizes.sum() > 0 or round_s < shift.visit_s:
        return ()
    legs = shift.travel_s[np.ix_(reachable, reachable)]
    limit = round_s
    for attempt in range(_N_TRIES):
        found = _solve(legs, prizes / prizes.sum(), shift, limit, seed=seed)
        excess = max((_time_round(legs, beat, shift.visit_s) - round_s for beat in found), default=0)
        if excess <= 0:
            break
        if attempt < _N_TRIES - 1 and limit - excess >= shift.visit_s:
            limit -= excess
    beats = (_shorten(legs, prizes, beat, shift.visit_s, round_s) for beat in found)
    return tuple(tuple(reachable[list(beat)].tolist()) for beat in beats if beat)


def walk_beats(timetable: Timetable, beats: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Routes that go round each beat until the shift is over, begun at the place and in the direction worth most."""
    routes = []
    for beat in beats:
        best: tuple[float, tuple[int, ...]] = (0.0, ())
        ways = [beat] if len(beat) < 3 else [beat, beat[::-1]]
        for way in ways:
            for first in range(len(way)):
                route = _go_round(timetable, (*way[first:], *way[:first]))
                worth = timetable.value([route])
                if worth > best[0]:
                    best = (worth, route)
        routes.append(best[1])
    return tuple(routes) + ((),) * (timetable.shift.n_patrols - len(routes))


def _go_round(timetable: Timetable, beat: Sequence[int]) -> tuple[int, ...]:
    """The beat again and again, as long as the next visit is possible."""
    route: list[int] = []
    most = timetable.shift.length_s // timetable.shift.visit_s
    while len(route) < most:
        route.append(beat[len(route) % len(beat)])
        if timetable.time(route) is None:
            route.pop()
            break
    return tuple(route)


def _solve(
    legs: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    shares: np.ndarray[tuple[int], np.dtype[np.float64]],
    shift: PatrolShift,
    limit_s: int,
    *,
    seed: int,
) -> list[list[int]]:
    """Open ways of at most `limit_s` each through some of the places."""
    try:
        import pyvrp
        from pyvrp.stop import MaxIterations
    except ImportError as error:
        raise HotspotsError(
            'A patrol plan needs PyVRP, which is not installed. Install it with: pip install "hotspots[patrols]".'
        ) from error
    model = pyvrp.Model()
    anywhere = model.add_location(0, 0)
    places = [model.add_location(0, 0) for _ in shares]
    depot = model.add_depot(anywhere)
    for place, share in zip(places, shares.tolist(), strict=True):
        model.add_client(place, service_duration=shift.visit_s, prize=round(share * _PRIZES), required=False)
    model.add_vehicle_type(
        num_available=shift.n_patrols,
        start_depot=depot,
        end_depot=depot,
        shift_duration=limit_s,
        max_distance=_LONGEST,
        unit_distance_cost=0,
        unit_duration_cost=1,
    )
    for place in places:
        model.add_edge(anywhere, place, distance=0, duration=0)
        model.add_edge(place, anywhere, distance=0, duration=0)
    for one, row in zip(places, legs.tolist(), strict=True):
        for other, leg in zip(places, row, strict=True):
            if one is not other:
                seconds = _NEVER if leg == NO_WAY else leg
                model.add_edge(one, other, distance=seconds, duration=seconds)
    best = model.solve(MaxIterations(_N_ITERATIONS), seed=seed, display=False, collect_stats=False).best
    if not best.is_feasible():
        return []
    # only the order is taken; times are worked out again from the legs
    return sorted([stop.idx for stop in route if stop.is_client()] for route in best.routes())


def _time_round(legs: np.ndarray[tuple[int, int], np.dtype[np.int64]], beat: Sequence[int], visit_s: int) -> int:
    """Seconds of one round, back to the first place; more than any limit where there is no way."""
    if len(beat) < 2:
        return visit_s * len(beat)
    steps = [int(legs[a, b]) for a, b in zip(beat, [*beat[1:], beat[0]], strict=True)]
    return _NEVER if NO_WAY in steps else sum(steps) + visit_s * len(beat)


def _shorten(
    legs: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    prizes: np.ndarray[tuple[int], np.dtype[np.float64]],
    beat: list[int],
    visit_s: int,
    round_s: int,
) -> list[int]:
    """The beat without the places worth least, until a round takes no longer than it may."""
    while beat and _time_round(legs, beat, visit_s) > round_s:
        least = min(beat, key=lambda place: (prizes[place], -place))
        beat = [place for place in beat if place != least]
    return beat
