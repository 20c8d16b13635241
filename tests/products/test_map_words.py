"""What the map says of its places and of what changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pytest
import shapely

from hotspots.products.pages.map_places import say_no_trend, view_spots
from hotspots.products.words.sentences import say


@pytest.mark.parametrize(
    ("place", "wards", "name"),
    [
        ("Rye Lane", ["Peckham"], "Rye Lane"),
        ("around TQ 342 768", ["Peckham", "Nunhead"], "Peckham, TQ 342 768"),
        ("around 49.2815, -123.1072", ["Strathcona"], "Strathcona, 49.2815, -123.1072"),
        ("around TQ 342 768", [], "around TQ 342 768"),
    ],
)
def test_a_place_without_a_name_is_called_by_its_ward(place: str, wards: list[str], name: str) -> None:
    found = SimpleNamespace(place=place, wards=[SimpleNamespace(name=ward) for ward in wards])
    assert say("map.place_name", found) == name


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        # of 730 days, which are 104.3 weeks
        (206, 626, "about 2 to 6 a week at all hours, 9 times in 10 (206 to 626 in the next 24 months)"),
        (100, 110, "about 1 a week at all hours, 9 times in 10 (100 to 110 in the next 24 months)"),
        (12, 40, "12 to 40 in the next 24 months at all hours, 9 times in 10"),
    ],
)
def test_how_sure_it_is_is_said_by_the_week_where_there_is_one_a_week(low: int, high: int, words: str) -> None:
    place = SimpleNamespace(expected_low=low, expected_high=high)
    assert say("popups.sure", place, SimpleNamespace(period=SimpleNamespace(n_days=730))) == words


def test_a_column_of_changes_is_there_only_where_one_is_to_be_seen() -> None:
    def of(*verdicts: str | None) -> list[dict[str, dict[str, str]]]:
        return [{"trend": {"sign": "", "words": say("map.trend", verdict)}} for verdict in verdicts]

    same = "no apparent change"
    assert say_no_trend(of(same, "deteriorating", None)) is None
    assert say_no_trend(of("clearly improving")) is None
    assert say_no_trend(of(same, None)) == "Not one of these places changed by more than chance beside a year before."
    assert say_no_trend(of(None, None)) == "Whether these places changed beside a year before is not known."


def test_three_names_are_told_and_how_many_more_there_are() -> None:
    assert say("map.some", ["Ash", "Elm"]) == "Ash and Elm"
    assert say("map.some", ["Ash", "Elm", "Oak"]) == "Ash, Elm and Oak"
    assert say("map.some", ["Ash", "Elm", "Oak", "Yew", "Fir"]) == "Ash, Elm, Oak and 2 more"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("clearly deteriorating", "clearly up"),
        ("deteriorating", "up by more than chance"),
        ("no apparent change", "not a clear change"),
        ("improving", "down by more than chance"),
        ("clearly improving", "clearly down"),
    ],
)
def test_which_way_a_count_went_is_said_in_everyday_words(verdict: str, words: str) -> None:
    assert say("map.direction", verdict) == words


def test_what_is_said_of_a_park_is_not_said_of_another_of_its_name() -> None:
    """The two halves of Mill Park lie side by side; two grounds 6 km apart have one name, and one is told of."""
    points = [(530_000, 180_000), (530_000, 186_000), (532_000, 180_000), (532_100, 180_000)]
    names = ["Recreation Ground", "Recreation Ground", "Mill Park", "Mill Park"]
    features = gpd.GeoDataFrame(
        {"kind": "green", "name": names}, geometry=[shapely.Point(point).buffer(40) for point in points], crs=27700
    )
    analysis: Any = SimpleNamespace(
        study=SimpleNamespace(base_features=features), study_area=shapely.box(5e5, 1e5, 6e5, 2e5), wards=features
    )
    parks = [SimpleNamespace(name="Recreation Ground"), SimpleNamespace(name="Mill Park")]
    summary: Any = SimpleNamespace(facilities=[SimpleNamespace(kind="park", facilities=parks)])
    assert {one["name"]: one["facility"] for one in view_spots(analysis, summary)} == {
        "Recreation Ground": None, "Mill Park": 1,
    }  # fmt: skip
