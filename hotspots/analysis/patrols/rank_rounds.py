"""What a plan is compared with: places visited in order of rank, each by the patrol that is nearest and free."""

from __future__ import annotations

from hotspots.analysis.patrols.patrol_routes import Timetable


def visit_by_rank(timetable: Timetable) -> tuple[tuple[int, ...], ...]:
    """Send patrols to the first place by rank, the second and so on, and round again until the shift is over.

    The next place goes to the patrol that can be there first; of several, to the first of them. A place that nobody can
    visit in the time that is left is passed over.

    Returns:
        The places that each patrol visits, in order.
    """
    shift = timetable.shift
    routes: list[tuple[int, ...]] = [()] * shift.n_patrols
    found_any = True
    while found_any:
        found_any = False
        for place in range(shift.n_places):
            arrivals = []
            for patrol, route in enumerate(routes):
                times = timetable.time((*route, place))
                if times is not None:
                    arrivals.append((times[-1], patrol))
            if arrivals:
                routes[min(arrivals)[1]] += (place,)
                found_any = True
    return tuple(routes)
