"""What hot spots may be called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.hotspots.place_names import PlaceNames, find_place_names, tell_apart


def names_of(make_incidents: MakeIncidents, texts: list[str | None], places: list[int], **columns: Any) -> PlaceNames:
    easting = [530_000 + 10 * place for place in places]
    return find_place_names(make_incidents(easting, [180_000] * len(places), location=texts, **columns))


def test_a_text_of_one_place_is_not_a_name(make_incidents: MakeIncidents) -> None:
    """It may be the name of somebody's house; a street or a station is listed all the same."""
    texts = ["The Willows", "The Willows", "Rye Lane", "Rye Lane", "Elm Grove", "Lewisham Station", None, "The Cut",
             "The Cut"]  # fmt: skip
    found = names_of(make_incidents, texts, [1, 1, 2, 3, 4, 5, 6, 7, 8])
    assert found.shared == {"Rye Lane", "Lewisham Station", "The Cut"}
    assert found.listed.fillna("-").tolist() == [
        *("-", "-", "Rye Lane", "Rye Lane", "Elm Grove", "Lewisham Station", "-", "The Cut", "The Cut")
    ]


@pytest.mark.parametrize("precision", ["anonymised", "postcode"])
def test_a_shared_point_is_more_than_one_place(make_incidents: MakeIncidents, precision: str) -> None:
    texts: list[str | None] = ["On or near The Mews", "On or near The Mews"]
    found = names_of(make_incidents, texts, [1, 1], location_precision=precision)
    assert found.shared == {"On or near The Mews"}


def test_a_house_at_the_point_of_its_postcode_is_not_a_name(make_incidents: MakeIncidents) -> None:
    texts: list[str | None] = ["The Willows", "The Willows", "Rye Lane"]
    found = names_of(make_incidents, texts, [1, 1, 1], location_precision="postcode")
    assert found.shared == {"Rye Lane"}
    assert found.listed.fillna("-").tolist() == ["-", "-", "Rye Lane"]


def test_spellings_of_one_street_are_one(make_incidents: MakeIncidents) -> None:
    texts: list[str | None] = ["RYE LANE", "Rye Lane", "On or near Rye Lane", "Rye Lane"]
    found = names_of(make_incidents, texts, [1, 2, 3, 4])
    assert found.shared == {"Rye Lane"}
    assert found.listed.tolist() == ["Rye Lane"] * 4


@pytest.mark.parametrize(
    ("counted", "names"),
    [
        ({"Rye Lane": 1, "Elm Grove": 1}, ()),  # 1 of 19 names nothing
        ({"Rye Lane": 4, "Elm Grove": 3}, ()),
        ({"Rye Lane": 5, "Elm Grove": 3}, ("Rye Lane",)),
        ({"Rye Lane": 8, "Elm Grove": 6}, ("Rye Lane", "Elm Grove")),
        ({"Rye Lane": 11, "Elm Grove": 6}, ("Rye Lane",)),
        ({"The Willows": 10, "Elm Grove": 6}, ("Elm Grove",)),
        ({"The Willows": 19}, ()),
        ({}, ()),
    ],
)
def test_a_place_is_called_by_what_holds_a_quarter_of_its_incidents(
    make_incidents: MakeIncidents, counted: dict[str, int], names: tuple[str, ...]
) -> None:
    found = names_of(make_incidents, ["Rye Lane", "Rye Lane", "Elm Grove", "Elm Grove"], [1, 2, 3, 4])
    assert found.choose(list(counted.items()), 19) == names


def test_no_incidents_have_no_names(make_incidents: MakeIncidents) -> None:
    found = names_of(make_incidents, [], [])
    assert (len(found.listed), found.shared) == (0, frozenset())
    found = names_of(make_incidents, [None], [1])
    assert found.listed.isna().all()


def test_places_of_one_name_are_told_apart() -> None:
    """By hand: two wards have an Old Kent Road; along Rye Lane, which goes south, lie two places, and on High Street,
    which goes east, three."""
    names = ["Rye Lane", "Old Kent Road", "High Street", "Rye Lane", "Old Kent Road", "High Street", "High Street"]
    wards = ["The Lane", "Livesey", "Rushey Green", "The Lane", None, "Rushey Green", "Rushey Green"]
    points = np.array([[0, 100], [0, 0], [900, 10], [20, 400], [5, 5], [100, 0], [500, 30]], dtype=float)
    assert tell_apart(names, points, wards=wards) == (
        "Rye Lane (south part)",
        "Old Kent Road (Livesey)",
        "High Street (east part)",
        "Rye Lane (north part)",
        "Old Kent Road",
        "High Street (west part)",
        "High Street (middle part)",
    )
    assert tell_apart(["Elm Grove", "Rye Lane"], points[:2], wards=[None, None]) == ("Elm Grove", "Rye Lane")
    assert tell_apart([], points[:0], wards=[]) == ()


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(["X", "Y", None])), max_size=12),
    st.randoms(use_true_random=False),
)
def test_no_two_places_are_called_the_same(places: list[tuple[str, str | None]], random: Any) -> None:
    """Whatever their order, each is called the same, and nothing else is."""
    at = random.sample(range(400), len(places))
    points = np.array([divmod(one, 20) for one in at], dtype=float).reshape(-1, 2)
    names = tell_apart([name for name, _ in places], points, wards=[ward for _, ward in places])
    assert len(set(names)) == len(places)
    order = random.sample(range(len(places)), len(places))
    shuffled = [places[place] for place in order]
    again = tell_apart([name for name, _ in shuffled], points[order], wards=[ward for _, ward in shuffled])
    assert again == tuple(names[place] for place in order)
