"""Patrols of the demonstration: a week of planned visits, what devices recorded, and visits that were missed."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from demonstration_chance import stream
from demonstration_facts import HOT_SPOTS, HotSpot

FIRST_DAY, DAYS = "2026-10-01", 7
SHIFT_HOURS = (14, 22)
VISIT_MINUTES, SHORT_VISIT_MINUTES, PING_SECONDS, ERROR_M = 15, 5, 60, 4
TRAVEL_M_PER_MINUTE = 300  # by car between hot spots
ROUNDS = {  # of each patrol: one visit to each in every two hours
    "DEMO-1": ("London Bridge and Borough Market", "Elephant and Castle", "Walworth Road and East Street"),
    "DEMO-2": ("Peckham Rye station and Rye Lane", "Camberwell Green", "Old Kent Road retail park"),
    "DEMO-3": ("Lewisham town centre", "Catford Broadway", "Sydenham Road"),
    "DEMO-4": ("New Cross Gate", "Deptford High Street", "Canada Water"),
}
NEVER_VISITED, CUT_SHORT = "Sydenham Road", "Canada Water"


class Visit(NamedTuple):
    """A planned visit, and how long it lasted."""

    patrol: str
    stop: int
    spot: HotSpot
    arrive_at: pd.Timestamp
    minutes: int


def plan_visits() -> list[Visit]:
    """Every planned visit, in order of patrol and time; 0 minutes where nobody came."""
    known = {spot.name: spot for spot in HOT_SPOTS}
    lasted = {NEVER_VISITED: 0, CUT_SHORT: SHORT_VISIT_MINUTES}
    visits = []
    for patrol, names in ROUNDS.items():
        for day in range(DAYS):
            begin = pd.Timestamp(FIRST_DAY) + pd.Timedelta(24 * day + SHIFT_HOURS[0], "h")
            starts = range(10, 60 * (SHIFT_HOURS[1] - SHIFT_HOURS[0]), 40)
            stops = zip(starts, itertools.cycle(names), strict=False)
            for stop, (minute, name) in enumerate(stops, start=1):
                arrive_at = begin + pd.Timedelta(minute, "min")
                visits.append(Visit(patrol, stop, known[name], arrive_at, lasted.get(name, VISIT_MINUTES)))
    return visits


def plan_csv(visits: list[Visit]) -> str:
    """Write the plan."""
    rows = [
        {
            "patrol": visit.patrol,
            "stop": visit.stop,
            "place": visit.spot.name,
            "arrive_at": f"{visit.arrive_at:%Y-%m-%d %H:%M}",
            "leave_at": f"{visit.arrive_at + pd.Timedelta(VISIT_MINUTES, 'min'):%Y-%m-%d %H:%M}",
            "easting": visit.spot.centre[0] * 100,
            "northing": visit.spot.centre[1] * 100,
            "data_status": "synthetic",
        }
        for visit in visits
    ]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n")


def pings_csv(visits: list[Visit]) -> str:
    """Write where each device was, minute by minute: on its way, at the place, or waiting halfway to the next."""
    rng = stream("pings")
    tables = []
    for (patrol, _), group in itertools.groupby(visits, key=lambda visit: (visit.patrol, visit.arrive_at.date())):
        mine = [visit for visit in group if visit.minutes]
        begin = mine[0].arrive_at.normalize() + pd.Timedelta(SHIFT_HOURS[0], "h")
        seconds = np.arange(0, 3600 * (SHIFT_HOURS[1] - SHIFT_HOURS[0]) + 1, PING_SECONDS)
        base = np.array([np.array(visit.spot.centre) * 100.0 for visit in mine[:2]]).mean(axis=0)
        times = [0.0, (mine[0].arrive_at - begin).total_seconds() - 300]
        places = [base, base]
        for visit in mine:
            arrive = (visit.arrive_at - begin).total_seconds()
            times += [arrive, arrive + 60 * visit.minutes]
            places += [np.array(visit.spot.centre) * 100.0] * 2
            # halfway to the next, where the patrol waits until it has to go on
            others = [other.spot for other in mine if other.spot != visit.spot]
            halfway = (places[-1] + np.array(others[0].centre) * 100.0) / 2
            away = 60 * float(np.hypot(*(halfway - places[-1]))) / TRAVEL_M_PER_MINUTE
            times += [times[-1] + min(away, 300.0)]
            places += [halfway]
        xy = np.column_stack([np.interp(seconds, times, np.array(places)[:, axis]) for axis in (0, 1)])
        xy = np.rint(xy + rng.normal(0.0, ERROR_M, xy.shape)).astype(np.int64)
        stamps = begin + pd.to_timedelta(seconds, unit="s")
        tables.append(
            pd.DataFrame(
                {"UnitID": patrol, "Timestamp": stamps.strftime("%d/%m/%Y %H:%M:%S"), "Easting": xy[:, 0],
                 "Northing": xy[:, 1], "data_status": "synthetic"}
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True).to_csv(index=False, lineterminator="\n")


def describe_patrols(visits: list[Visit]) -> dict[str, Any]:
    """Say what was planted."""
    by_place: dict[str, dict[str, int]] = {}
    for visit in visits:
        counts = by_place.setdefault(visit.spot.name, {"planned": 0, "made": 0, "minutes_a_visit": visit.minutes})
        counts["planned"] += 1
        counts["made"] += visit.minutes > 0
    return {
        "plan": "patrols/plan.csv",
        "pings": "patrols/pings.csv.gz",
        "period": [FIRST_DAY, f"{pd.Timestamp(FIRST_DAY) + pd.Timedelta(DAYS - 1, 'D'):%Y-%m-%d}"],
        "visits_planned": len(visits),
        "visits_made": sum(visit.minutes > 0 for visit in visits),
        "visits_of_10_to_20_minutes": sum(10 <= visit.minutes <= 20 for visit in visits),
        "never_visited": NEVER_VISITED,
        "cut_short": CUT_SHORT,
        "by_place": by_place,
    }
