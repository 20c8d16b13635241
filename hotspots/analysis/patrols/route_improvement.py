"""Routes made better step by step, and never worse: visits put in, taken out, exchanged and moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from hotspots.analysis.patrols.patrol_routes import Arrivals, Timetable

Route = tuple[int, ...]
Score = tuple[int, float, tuple[int, int]]
"""Seconds of gaps that are too long, worth, and of equals: visits, and time on the way."""

_ROUNDING = 1e-9
_N_NEAREST = 12


def drop_late_visits(timetable: Timetable, routes: Sequence[Route]) -> tuple[Route, ...]:
    """Routes without the visits that come after too long a gap.

    Of a place with too long a gap, the visits after it are taken out, or those before it, whichever are worth less.
    """
    kept = [tuple(route) for route in routes]
    while True:
        arrivals = timetable.gather(kept)
        late = next((place for place in sorted(arrivals) if timetable.measure_excess(arrivals[place])), None)
        if late is None:
            return tuple(kept)
        times = arrivals[late]
        held = timetable.shift.visit_s + timetable.shift.max_gap_s
        cut = next(index for index, (a, b) in enumerate(pairwise(times), 1) if b - a > held)
        before, after = times[:cut], times[cut:]
        is_after = timetable.value_place(late, before) >= timetable.value_place(late, after)
        edge = times[cut]
        for patrol, route in enumerate(kept):
            when = timetable.time(route) or ()
            kept[patrol] = _make_possible(
                timetable,
                [place for place, at in zip(route, when, strict=True) if place != late or (at >= edge) != is_after],
            )


def _make_possible(timetable: Timetable, places: list[int]) -> Route:
    """The same without visits that have come to follow one to the same place, and without what is too late then."""
    route = [place for place, before in zip(places, [None, *places], strict=False) if place != before]
    while timetable.time(route) is None:
        route.pop()
    return tuple(route)


def improve_routes(timetable: Timetable, routes: Sequence[Route], *, n_most: int) -> tuple[Route, ...]:
    """Change one route at a time, as long as the visits become worth more.

    Of routes worth the same, that with more visits is better, so that no time is left over that could be one, and then
    that with a shorter way.

    A change is not made that leaves a place for longer than allowed between two visits.

    Args:
        timetable: The shift.
        routes: Of each patrol, all of them possible.
        n_most: Changes tried before it ends.
    """
    best = [tuple(route) for route in routes]
    left = n_most
    patrol, n_unchanged = 0, 0
    while left > 0 and n_unchanged < len(best):
        others = timetable.gather([*best[:patrol], *best[patrol + 1 :]])
        search = _RouteSearch(timetable, others)
        changed, n_tried = search.improve(best[patrol], left)
        left -= n_tried
        n_unchanged = n_unchanged + 1 if changed == best[patrol] else 0
        best[patrol] = changed
        patrol = (patrol + 1) % len(best)
    return tuple(best)


class _RouteSearch:
    """One route, with what all others do as it is."""

    def __init__(self, timetable: Timetable, others: Arrivals) -> None:
        self.timetable, self.others = timetable, others
        self._alone = {place: timetable.value_place(place, times) for place, times in others.items()}
        self._late = {place: timetable.measure_excess(times) for place, times in others.items()}
        travel = timetable.shift.travel_s
        self._reachable = [place for place in range(len(travel)) if timetable.shift.is_reachable[place]]
        self._near = {
            place: sorted(
                (other for other in self._reachable if other != place and travel[place, other] >= 0),
                key=lambda other: (int(travel[place, other]), other),
            )[:_N_NEAREST]
            for place in self._reachable
        }

    def measure(self, route: Route) -> Score | None:
        """How much too late and how much worth, against the other routes alone; and what decides between equals."""
        times = self.timetable.time(route)
        if times is None:
            return None
        own: Arrivals = {}
        for place, when in zip(route, times, strict=True):
            own.setdefault(place, []).append(when)
        late, worth = 0, 0.0
        for place, when_here in own.items():
            beside = self.others.get(place)
            together = sorted(beside + when_here) if beside else when_here
            late += self.timetable.measure_excess(together) - self._late.get(place, 0)
            worth += self.timetable.value_place(place, together) - self._alone.get(place, 0.0)
        busy = times[-1] - len(times) * self.timetable.shift.visit_s if times else 0
        return late, worth, (-len(route), busy)

    def improve(self, route: Route, n_most: int) -> tuple[Route, int]:
        """The best route found, and how many were tried."""
        score = self.measure(route)
        assert score is not None  # it was possible
        n_tried, found = 0, True
        while found and n_tried < n_most:
            found = False
            index = 0
            while index <= len(route) and n_tried < n_most:
                best, best_score = route, score
                for changed in self._list_changes(route, index):
                    n_tried += 1
                    measured = self.measure(changed)
                    if measured is not None and _is_better(measured, best_score):
                        best, best_score, found = changed, measured, True
                route, score = best, best_score
                index += 1
        return route, n_tried

    def _list_changes(self, route: Route, index: int) -> Iterator[Route]:
        """What can be done at one position: another visit there, another place, none, or a stretch turned round."""
        before, after = route[:index], route[index:]
        for place in self._list_wanted(route, index):
            yield (*before, place, *after)
            if after and place != after[0]:
                yield (*before, place, *after[1:])
        if after:
            yield (*before, *after[1:])
        for last in range(2, len(after) + 1):
            yield (*before, *after[:last][::-1], *after[last:])

    def _list_wanted(self, route: Route, index: int) -> list[int]:
        """Places that could be visited there: those near the one before and the one after."""
        if not route:
            return self._reachable
        around = [route[at] for at in (index - 1, index) if 0 <= at < len(route)]
        return sorted({near for place in around for near in self._near[place]})


def _is_better(one: Score, other: Score) -> bool:
    if one[0] != other[0]:
        return one[0] < other[0]
    if abs(one[1] - other[1]) > _ROUNDING:
        return one[1] > other[1]
    return one[2] < other[2]
