"""Which safe havens are near a place to patrol, and when they are open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from hotspots.analysis.hours import OpeningCalendar
from hotspots.pipeline.patrol_week import HavenWeek, measure_haven_week
from hotspots.products.words import say


def measure(hours: Sequence[str | None], metres: Sequence[float], **calendar: Any) -> HavenWeek:
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
    found = measure([None], [0.0])
    assert (found.first_day, found.has_bank_holiday, found.is_in_term) == (dt.date(2025, 12, 15), False, None)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([("2025-01-06", "2025-12-12")], (dt.date(2025, 12, 15), None)),  # what comes after the last term is not known
        ([("2025-01-06", "2025-12-12"), ("2026-01-05", "2026-02-13")], (dt.date(2025, 12, 8), True)),
        ([("2024-01-08", "2024-12-20"), ("2026-01-05", "2026-02-13")], (dt.date(2025, 12, 15), False)),
    ],
)
def test_it_is_said_whether_the_ordinary_week_is_in_term(
    terms: list[tuple[str, str]], expected: tuple[dt.date, bool | None]
) -> None:
    dates = pd.DataFrame(terms, columns=["first_day", "last_day"]).astype("datetime64[ns]")
    found = measure([None], [0.0], terms=dates)
    assert (found.first_day, found.is_in_term) == expected


@pytest.mark.parametrize(
    ("in_term", "holiday", "words"),
    [
        (True, False, "15 December 2025, in school term and without a bank holiday"),
        (None, False, "15 December 2025, without a bank holiday"),
        (False, True, "15 December 2025, in school holidays and with a bank holiday"),
    ],
)
def test_what_is_not_known_of_the_week_is_not_said(in_term: bool | None, holiday: bool, words: str) -> None:
    week = {"week_of": dt.date(2025, 12, 15), "week_is_in_term": in_term, "week_has_bank_holiday": holiday}
    assert say("map.ordinary_week", week) == words
