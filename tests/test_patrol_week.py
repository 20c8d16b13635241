"""Which safe havens are near a place to patrol, and when they are open."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pytest
import shapely

from hotspots.analysis.hours import OpeningCalendar
from hotspots.pipeline.patrol_week import HavenWeek, measure_haven_week


def measure(hours: list[str | None], metres: list[float], **calendar: Any) -> HavenWeek:
    """Havens in a row east of the middle of one place, with a reach of 400 m."""
    havens = gpd.GeoDataFrame(
        {"opening_hours": hours}, geometry=gpd.points_from_xy(metres, [0.0] * len(metres)), crs=27700
    )
    place: Any = SimpleNamespace(outline=shapely.box(-50, -50, 50, 50))
    return measure_haven_week(
        havens,
        [place],
        start=dt.date(2025, 1, 1),
        end=dt.date(2025, 12, 31),
        reach_m=400,
        calendar=OpeningCalendar(**calendar),
        network=None,
    )


def test_every_haven_within_reach_is_near_so_that_none_open_means_none() -> None:
    """Of seven havens within reach only the furthest is open at night; an eighth is beyond."""
    metres = [100.0, 50, 150, 200, 250, 300, 400, 401]
    found = measure(["Mo-Su 09:00-17:00"] * 6 + ["Mo-Su 20:00-23:00", "24/7"], metres)
    (near,) = found.near
    assert [one.position for one in near] == [1, 0, 2, 3, 4, 5, 6]
    assert [one.distance_m for one in near] == pytest.approx(sorted(metres)[:-1])
    assert [one.position for one in near if found.states[one.position][21] == "o"] == [6]


def test_the_ordinary_week_is_the_last_without_a_bank_holiday() -> None:
    """2025 ends on a Wednesday: of the weeks that are whole, that of 22 December has Christmas Day in it."""
    assert measure([None], [0.0]).first_day == dt.date(2025, 12, 15)
