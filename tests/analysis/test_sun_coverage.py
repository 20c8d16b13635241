"""Coverage by havens whose hours follow the sun, against every minute of a year counted one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from support import MakeIncidents

from hotspots.analysis.calendar import make_calendar
from hotspots.analysis.hours import OpeningCalendar
from hotspots.analysis.safe_havens.coverage import measure_coverage
from hotspots.analysis.safe_havens.haven_gaps import find_usual_hours
from hotspots.analysis.safe_havens.hour_coverage import measure_hour_coverage, summarise_coverage
from hotspots.ingest.reference import list_opening_rules

FIRST, N_DAYS = np.datetime64("2025-01-01"), 365
Floats = npt.NDArray[np.float64]


def make_havens(*hours: str) -> gpd.GeoDataFrame:
    """A haven every 2 km."""
    return gpd.GeoDataFrame(
        {"name": "A", "kind": "park", "opening_hours": list(hours)},
        geometry=gpd.points_from_xy(2000.0 * np.arange(len(hours)), np.zeros(len(hours))),
        crs=27700,
        index=pd.Index([f"H{i}" for i in range(len(hours))], name="haven_id"),
    )


def make_days(make_incidents: MakeIncidents, n_havens: int) -> gpd.GeoDataFrame:
    """Beside each haven an incident for each day of the year, which may have happened in each of its minutes."""
    starts = np.tile(FIRST + np.arange(N_DAYS), n_havens).astype("datetime64[s]")
    east = np.repeat(2000.0 * np.arange(n_havens), N_DAYS)
    return make_incidents(east, np.zeros(len(east)), started_at=starts, ended_at=starts + np.timedelta64(1440, "m"))


def find_sun(longitude: float, latitude: float, zone: str) -> dict[str, Floats]:
    """Minutes since midnight, of the days of the year and of one day before and after it."""
    days = make_calendar(
        dt.date(2024, 12, 31), dt.date(2026, 1, 1), longitude=longitude, latitude=latitude, time_zone=zone
    ).days
    return {name: days[name].to_numpy() * 60 for name in ("dawn", "sunrise", "sunset", "dusk")}


# Whether it is open at a minute of day d of the year, 0 being the day before it; Monday is 0 of the weekday w.
BY_HAND: dict[str, Callable[[dict[str, Floats], int, int, int], bool]] = {
    "sunrise-sunset": lambda sun, d, m, w: sun["sunrise"][d] <= m < sun["sunset"][d],
    "(sunrise+00:30)-(sunset-01:00)": lambda sun, d, m, w: sun["sunrise"][d] + 30 <= m < sun["sunset"][d] - 60,
    "Mo-Fr 08:00-sunset; Sa (sunset-02:00)-23:00": lambda sun, d, m, w: (
        480 <= m < sun["sunset"][d] if w < 5 else w == 5 and sun["sunset"][d] - 120 <= m < 1380
    ),
    "sunset-01:00": lambda sun, d, m, w: m >= sun["sunset"][d] or m < 60,
    "dusk-dawn": lambda sun, d, m, w: m >= sun["dusk"][d] or m < sun["dawn"][d],
    "24/7; Mo-Su dawn-09:00 off": lambda sun, d, m, w: not sun["dawn"][d] <= m < 540,
    "Sa,Su dusk-(sunrise-01:30)": lambda sun, d, m, w: (
        (w >= 5 and m >= sun["dusk"][d]) or ((w - 1) % 7 >= 5 and m < sun["sunrise"][d] - 90)
    ),
}


def test_in_london_it_is_what_each_minute_of_a_year_says(make_incidents: MakeIncidents) -> None:
    london = (-0.1276, 51.5072)
    sun, incidents = find_sun(*london, "Europe/London"), make_days(make_incidents, len(BY_HAND))
    found = measure_hour_coverage(incidents, make_havens(*BY_HAND), calendar=OpeningCalendar(place=london))
    assert found.unknown_hours.nnz == 0
    is_open = found.open_hours.toarray().reshape(len(BY_HAND), N_DAYS, 168)
    for haven, rule in enumerate(BY_HAND.values()):
        for day in range(N_DAYS):
            weekday = (day + 2) % 7  # 2025 began on a Wednesday
            minutes = np.array([rule(sun, day + 1, minute, weekday) for minute in range(1440)])
            expected = minutes.reshape(24, 60).sum(axis=1) / 1440
            assert is_open[haven, day, 24 * weekday : 24 * weekday + 24] == pytest.approx(expected), (haven, day)


def test_where_the_sun_does_not_set_it_is_not_known(make_incidents: MakeIncidents) -> None:
    """In Tromso it is up from mid May to late July, and down from late November to mid January."""
    tromso = (18.9553, 69.6492)
    sun, incidents = find_sun(*tromso, "Europe/Oslo"), make_days(make_incidents, 1)
    calendar = OpeningCalendar(place=tromso, time_zone="Europe/Oslo")
    found = measure_hour_coverage(incidents, make_havens("sunrise-sunset"), calendar=calendar)
    n_open, n_unknown = (np.rint(1440 * part.sum(axis=1)) for part in (found.open_hours, found.unknown_hours))
    is_known = np.isfinite(sun["sunrise"]) & np.isfinite(sun["sunset"])
    n_without = int((~is_known[1:-1]).sum())
    assert 100 < n_without < 140  # 50 days of polar night and 70 of midnight sun
    for day in range(N_DAYS):
        d, minutes = day + 1, np.arange(1440)
        is_open = np.zeros(1440, dtype=bool)
        may_be = np.zeros(1440, dtype=bool)
        for one, at in ((d - 1, minutes + 1440), (d, minutes)):  # in early summer it sets after midnight
            if is_known[one]:
                is_open |= (sun["sunrise"][one] <= at) & (at < sun["sunset"][one])
            else:  # it sets before three at night on any clock, if it does
                may_be |= ~(at < sun["sunrise"][one]) & (at < 27 * 60)
        assert (n_open[day], n_unknown[day]) == (is_open.sum(), (may_be & ~is_open).sum()), day


def test_the_sun_of_incidents_that_began_is_that_of_their_minute(make_incidents: MakeIncidents) -> None:
    """On 21 December 2025 the sun sets in London at 15:53, and on 21 June at 21:21."""
    starts = ["2025-12-21 15:45", "2025-12-21 16:00", "2025-06-21 16:00", "2025-06-21 21:30"]
    incidents = make_incidents([0.0] * 4, [0.0] * 4, started_at=starts)
    found = measure_coverage(
        incidents, make_havens("Mo-Su 08:00-sunset"), calendar=OpeningCalendar(place=(-0.1276, 51.5072))
    )
    assert found.is_open_within_reach.tolist() == [True, False, True, False]


def test_usual_hours_do_not_follow_the_sun() -> None:
    days = FIRST + np.arange(N_DAYS)
    calendar = OpeningCalendar(place=(-0.1276, 51.5072))
    assert find_usual_hours(list_opening_rules("Mo-Su 08:00-sunset"), days, [0], calendar=calendar) is None
    mixed = find_usual_hours(list_opening_rules("Mo-Fr 09:00-17:00; Sa sunrise-sunset"), days, [0], calendar=calendar)
    assert mixed is not None
    assert (mixed.opens_minute, mixed.closes_minute) == (540, 1020)


def test_what_the_sun_opens_is_not_known_without_a_place(make_incidents: MakeIncidents) -> None:
    incidents = make_days(make_incidents, 1)
    shares = summarise_coverage(measure_hour_coverage(incidents, make_havens("sunrise-sunset")))
    assert (shares.open_share, shares.unknown_share) == (0, 1)
