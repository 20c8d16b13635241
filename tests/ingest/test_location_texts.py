"""What the text of a location says: the same for each row that has it, in whatever part of a table it stands."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from hotspots.ingest.incidents.location_texts import NamedLocations, name_locations
from hotspots.ingest.incidents.profiles import SourceProfile

KINDS = {"Supermarket": "shop", "Park/Open Space": "park"}


def read(texts: Sequence[str | None], *, is_anonymised: bool, kinds: dict[str, str] = KINDS) -> NamedLocations:
    profile = SourceProfile(
        name="p",
        offence=("Crime",),
        start=("Date",),
        lsoa="LSOA",
        is_anonymised=is_anonymised,
        location=("Where",),
        location_kinds=kinds,
    )
    return name_locations(pd.Series([*texts], dtype="object").astype("category"), profile)


def say(texts: pd.Series) -> list[str]:
    return texts.astype("object").fillna("-").tolist()


def test_what_a_force_publishes_keeps_its_name_unless_it_is_an_address() -> None:
    found = read(
        ["On or near Rye Lane", "On or near 12 Rye Lane", "No Location", None, "On or near Supermarket"],
        is_anonymised=True,
    )
    assert say(found.name) == ["On or near Rye Lane", "Rye Lane", "-", "-", "On or near Supermarket"]
    assert say(found.told_kind) == ["-", "-", "-", "-", "shop"]
    assert not found.is_masked.any()


def test_a_street_that_is_somebodys_has_a_small_s() -> None:
    """As police.uk has them: "Queen'S Road"; what is all in capitals stays as it is."""
    texts = [
        "On or near Queen'S Road",
        "On or near St John\u2019S Hill",
        "On or near QUEEN'S ROAD",
        "On or near O'Sea Lane",
    ]
    assert say(read(texts, is_anonymised=True).name) == [
        "On or near Queen's Road", "On or near St John\u2019s Hill", "On or near QUEEN'S ROAD", "On or near O'Sea Lane",
    ]  # fmt: skip


def test_a_name_of_somebody_is_masked_and_takes_the_rest_of_the_text_with_it() -> None:
    found = read(["victim Mr John Smith, 3 Mill Lane", "12 Mill Lane", "14 Mill Lane", None], is_anonymised=False)
    assert found.is_masked.tolist() == [True, False, False, False]
    assert say(found.name) == ["-", "Mill Lane", "Mill Lane", "-"]
    assert found.mark[0] == found.mark[3] == 0
    assert len({found.mark[1], found.mark[2], 0}) == 3  # two houses of one street, and none


def test_a_text_that_comes_again_says_the_same() -> None:
    first = read(["12 Rye Lane", "Elm Grove"], is_anonymised=False)
    again = read(["Elm Grove", "12 Rye Lane", "Elm Grove "], is_anonymised=False)
    assert again.name.tolist() == ["Elm Grove", "Rye Lane", "Elm Grove"]
    assert again.mark.tolist() == [first.mark[1], first.mark[0], first.mark[1]]


def test_what_is_remembered_of_one_source_is_not_said_of_another() -> None:
    text = "On or near Park/Open Space"
    assert read([text], is_anonymised=True).told_kind.tolist() == ["park"]
    assert read([text], is_anonymised=True, kinds={"Park/Open Space": "green"}).told_kind.tolist() == ["green"]
    assert read(["Mr John Smith"], is_anonymised=True).name.tolist() == ["Mr John Smith"]
    assert read(["Mr John Smith"], is_anonymised=False).name.isna().all()


def test_more_texts_than_are_remembered_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.incidents.location_texts.N_REMEMBERED", 1)
    texts = [f"{number} Road {number % 7}a" for number in range(1, 20)]
    for _ in range(2):
        found = read([f"{text} Lane" for text in texts], is_anonymised=False, kinds={"Few": "few"})
        assert found.name.notna().all()
        assert len(set(found.mark.tolist())) > len(texts) // 2
