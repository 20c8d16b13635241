"""Routes made better step by step, and never worse: visits put in, taken out, exchanged and moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hotspots.analysis.patrols.patrol_routes import Arrivals, Timetable

Route = tuple[int, ...]

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
        cut = next(index for index, (a, b) in enumerate(zip(times, times[1:], strict=False), 1) if b - a > held)
        before, after = times[:cut], times[cut:]
        is_after = timetable.value_place(late, before) >= timetable.value_place(late, after)
        edge = times[cut]
        for patrol, route in enumerate(kept):
            when = timetable.time(route) or ()
            kept[patrol] = tuple(
                place for place, at in zip(route, when, strict=True) if place != late or (at >= edge) != is_after
            )


def improve_routes(timetable: Timetable, routes: Sequence[Route], *, n_most: int) -> tuple[Route, ...]:
    """Change one route at a time, as long as the visits become worth more or, worth the same, the way becomes shorter.

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

    def measure(self, route: Route) -> tuple[int, float, int] | None:
        """How much too late, how much worth and how long on the way, against the other routes alone."""
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
        return late, worth, busy

    def improve(self, route: Route, n_most: int) -> tuple[Route, int]:
        """The best route found, and how many were tried."""
        score = self.measure(route)
        assert score is not None  # it was possible
        n_tried, found = 0, True
        while found and n_tried < n_most:
            found, best, best_score = False, route, score
            for changed in self._list_changes(route):
                n_tried += 1
                measured = self.measure(changed)
                if measured is not None and _is_better(measured, best_score):
                    best, best_score, found = changed, measured, True
            route, score = best, best_score
        return route, n_tried

    def _list_changes(self, route: Route) -> Iterator[Route]:
        n = len(route)
        for index in range(n + 1):
            wanted = self._list_wanted(route, index)
            for place in wanted:
                yield (*route[:index], place, *route[index:])
                if index < n and place != route[index]:
                    yield (*route[:index], place, *route[index + 1 :])
        for index in range(n):
            yield (*route[:index], *route[index + 1 :])
        for first in range(n - 1):
            for last in range(first + 1, n):
                yield (*route[:first], *route[first : last + 1][::-1], *route[last + 1 :])

    def _list_wanted(self, route: Route, index: int) -> list[int]:
        """Places that could be visited there: those near the one before and the one after."""
        if not route:
            return self._reachable
        around = [route[at] for at in (index - 1, index) if 0 <= at < len(route)]
        return sorted({near for place in around for near in self._near[place]})


def _is_better(one: tuple[int, float, int], other: tuple[int, float, int]) -> bool:
    if one[0] != other[0]:
        return one[0] < other[0]
    if abs(one[1] - other[1]) > _ROUNDING:
        return one[1] > other[1]
    return one[2] < other[2]
