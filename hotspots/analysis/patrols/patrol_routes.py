"""Routes of patrols: when each is where, worked out from the table of legs alone, and what the visits are worth."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from hotspots.analysis.patrols.patrol_shift import PatrolShift

Floats = npt.NDArray[np.float64]
Arrivals = dict[int, list[int]]
"""When each place that is visited is reached, seconds after the shift begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolStop:
    """A visit or a break.

    Attributes:
        kind: Which of them.
        place: Position of the place; of a break, where the patrol is then, or None at its start.
        travel_s: Of the leg before it.
        wait_s: Before it, after the leg.
        begin_s, end_s: Seconds after the shift begins.
    """

    kind: Literal["visit", "break"]
    place: int | None
    travel_s: int
    wait_s: int
    begin_s: int
    end_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolRoute:
    """What one patrol does. Travel, visits, breaks and waits add up to the shift.

    Attributes:
        stops: In order.
        travel_s: Of all legs, that to the end too.
        visit_s, break_s: Of all visits and breaks.
        wait_s: Before breaks, and what is left over before the way to the end.
        home_s: Of the leg to the end.
    """

    stops: tuple[PatrolStop, ...]
    travel_s: int
    visit_s: int
    break_s: int
    wait_s: int
    home_s: int

    @property
    def visits(self) -> tuple[PatrolStop, ...]:
        """The visits alone."""
        return tuple(stop for stop in self.stops if stop.kind == "visit")

    @property
    def places(self) -> tuple[int, ...]:
        """The places visited, in order."""
        return tuple(stop.place for stop in self.visits if stop.place is not None)


class Timetable:
    """A shift as plain numbers, in which routes are timed and valued many times.

    Attributes:
        shift: What it is of.
    """

    def __init__(self, shift: PatrolShift) -> None:
        self.shift = shift
        self._travel: list[list[int]] = shift.travel_s.tolist()
        self._first: list[int] = shift.from_start_s.tolist()
        self._home: list[int] = shift.to_end_s.tolist()
        self._edges: list[int] = shift.hour_edges_s.tolist()
        self._rates: list[list[float]] = (shift.expected / np.diff(shift.hour_edges_s)).tolist()
        sums = np.concatenate([np.zeros((shift.n_places, 1)), np.cumsum(shift.expected, axis=1)], axis=1)
        self._sums: list[list[float]] = sums.tolist()
        self._may_stay = int(shift.is_reachable.sum()) == 1
        self._breaks = [(one.earliest_s, one.latest_s, one.length_s) for one in shift.breaks]

    def time(self, places: Sequence[int]) -> list[int] | None:
        """When each place is reached, if they are visited in this order; None where that is not possible.

        A break is taken where the patrol is, as soon as its time has come; before a leg and visit that would end after
        it must have begun, the patrol waits for it. Two visits to one place do not follow each other, as they would be
        one long one, unless there is no other place to go to.
        """
        length, visit = self.shift.length_s, self.shift.visit_s
        now, at, arrivals, waiting = 0, -1, [], self._breaks
        next_break = 0
        for place in places:
            leg = self._first[place] if at < 0 else self._travel[at][place]
            if leg < 0 or (place == at and not self._may_stay):
                return None
            while next_break < len(waiting):
                earliest, latest, rest = waiting[next_break]
                if now < earliest and now + leg + visit <= latest:
                    break
                now = max(now, earliest) + rest
                next_break += 1
            now += leg
            arrivals.append(now)
            now += visit
            at = place
        for earliest, _, rest in waiting[next_break:]:
            now = max(now, earliest) + rest
        home = self._home[at] if at >= 0 else 0
        return arrivals if home >= 0 and now + home <= length else None

    def lay_out(self, places: Sequence[int]) -> PatrolRoute:
        """The route with all its stops; `places` must be possible."""
        shift = self.shift
        now, at, stops = 0, None, list[PatrolStop]()
        waiting = list(shift.breaks)

        def rest() -> None:
            nonlocal now
            one = waiting.pop(0)
            wait = max(one.earliest_s - now, 0)
            stops.append(
                PatrolStop(
                    kind="break", place=at, travel_s=0, wait_s=wait, begin_s=now + wait, end_s=now + wait + one.length_s
                )
            )
            now += wait + one.length_s

        for place in places:
            leg = self._first[place] if at is None else self._travel[at][place]
            while waiting and (now >= waiting[0].earliest_s or now + leg + shift.visit_s > waiting[0].latest_s):
                rest()
            begin = now + leg
            stops.append(
                PatrolStop(
                    kind="visit", place=place, travel_s=leg, wait_s=0, begin_s=begin, end_s=begin + shift.visit_s
                )
            )
            now, at = begin + shift.visit_s, place
        while waiting:
            rest()
        home = 0 if at is None else self._home[at]
        return PatrolRoute(
            stops=tuple(stops),
            travel_s=sum(stop.travel_s for stop in stops) + home,
            visit_s=shift.visit_s * len(places),
            break_s=sum(one.length_s for one in shift.breaks),
            wait_s=sum(stop.wait_s for stop in stops) + shift.length_s - home - now,
            home_s=home,
        )

    def sum_expected(self, place: int, until_s: int) -> float:
        """What is expected at a place from the beginning of the shift to a moment of it."""
        hour = min(bisect_right(self._edges, until_s), len(self._edges) - 1) - 1
        return self._sums[place][hour] + (until_s - self._edges[hour]) * self._rates[place][hour]

    def value_place(self, place: int, arrivals: Sequence[int]) -> float:
        """What the visits to one place are worth: what is expected there from each to the next, or to the longest gap.

        Args:
            place: Which.
            arrivals: When it is reached, in order.
        """
        worth, length, held = 0.0, self.shift.length_s, self.shift.visit_s + self.shift.max_gap_s
        last = len(arrivals) - 1
        for index, begin in enumerate(arrivals):
            end = min(begin + held, length)
            if index < last:
                end = min(end, arrivals[index + 1])
            worth += self.sum_expected(place, end) - self.sum_expected(place, begin)
        return worth

    def measure_excess(self, arrivals: Sequence[int]) -> int:
        """By how many seconds the gaps between visits to one place are too long, all together."""
        held = self.shift.visit_s + self.shift.max_gap_s
        return sum(max(b - a - held, 0) for a, b in pairwise(arrivals))

    def gather(self, routes: Sequence[Sequence[int]]) -> Arrivals:
        """When each place is reached by any patrol, in order; every route must be possible."""
        arrivals: Arrivals = {}
        for route in routes:
            for place, when in zip(route, self.time(route) or (), strict=True):
                arrivals.setdefault(place, []).append(when)
        for times in arrivals.values():
            times.sort()
        return arrivals

    def value(self, routes: Sequence[Sequence[int]]) -> float:
        """What all visits are worth, incidents."""
        arrivals = self.gather(routes)
        return sum(self.value_place(place, arrivals[place]) for place in sorted(arrivals))

    def sum_excess(self, routes: Sequence[Sequence[int]]) -> int:
        """By how many seconds gaps are too long, at all places together."""
        return sum(map(self.measure_excess, self.gather(routes).values()))


def find_faults(shift: PatrolShift, route: PatrolRoute) -> list[str]:
    """What is wrong with a route, worked out again from the table of legs; empty where it can be done.

    It knows nothing of how the route was found.
    """
    faults, now, at = [], 0, None
    breaks = [stop for stop in route.stops if stop.kind == "break"]
    if len(breaks) != len(shift.breaks):
        faults.append(f"{len(breaks)} of {len(shift.breaks)} breaks")
    for stop, wanted in zip(breaks, shift.breaks, strict=False):
        if not wanted.earliest_s <= stop.begin_s <= wanted.latest_s or stop.end_s - stop.begin_s != wanted.length_s:
            faults.append(f"a break from {stop.begin_s} to {stop.end_s} s")
    for stop in route.stops:
        leg = 0
        if stop.kind == "visit" and stop.place is not None:
            leg = int(shift.from_start_s[stop.place] if at is None else shift.travel_s[at, stop.place])
            at = stop.place
            if stop.end_s - stop.begin_s != shift.visit_s:
                faults.append(f"a visit of {stop.end_s - stop.begin_s} s")
        if leg < 0 or stop.travel_s != leg or stop.wait_s < 0 or stop.begin_s != now + leg + stop.wait_s:
            faults.append(f"a stop at {stop.begin_s} s that is reached at {now + leg} s")
        now = stop.end_s
    home = 0 if at is None else int(shift.to_end_s[at])
    if home < 0 or route.home_s != home or now + home > shift.length_s:
        faults.append(f"an end at {now + home} s of {shift.length_s}")
    if route.travel_s + route.visit_s + route.break_s + route.wait_s != shift.length_s:
        faults.append("minutes that do not add up to the shift")
    return faults
