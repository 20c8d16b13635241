from __future__ import annotations

import pandas as pd
import pytest

from hotspots.crimes import (
    CATEGORIES,
    OFFENCES,
    SUBCATEGORIES,
    UNRECOGNISED,
    classify_offences,
    find_crime,
    list_crimes,
    select_crime,
)
from hotspots.errors import NotFoundError


def table(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"category": ["robbery", "violence", "asb"], "subcategory": [None, None, "asb-begging"], **columns}
    )
    return frame.assign(is_knife=frame.get("is_knife", pd.Series([pd.NA] * 3)).astype("boolean"))


def test_every_offence_leads_to_a_crime_that_can_be_asked_for() -> None:
    assert {category for category, _ in OFFENCES.values()} <= set(CATEGORIES)
    assert {sub for _, sub in OFFENCES.values() if sub} == set(SUBCATEGORIES)
    assert all(text == text.casefold() for text in OFFENCES)


def test_offence_texts_are_matched_without_regard_to_case_and_space() -> None:
    classified = classify_offences(pd.Series([" ROBBERY ", "ASB - Begging", "Piracy", None], index=[4, 5, 6, 7]))
    assert classified["category"].tolist() == ["robbery", "asb", UNRECOGNISED, UNRECOGNISED]
    assert classified["subcategory"].astype("object").where(classified["subcategory"].notna(), None).tolist() == [
        None,
        "asb-begging",
        None,
        None,
    ]
    assert classified.index.tolist() == [4, 5, 6, 7]


def test_possession_of_weapons_is_not_knife_crime() -> None:
    classified = classify_offences(pd.Series(["Possession of weapons"]))
    assert classified["category"].tolist() == ["possession-of-weapons"]
    incidents = classified.assign(is_knife=pd.array([pd.NA], dtype="boolean"))
    assert [crime.slug for crime in list_crimes(incidents)] == ["possession-of-weapons"]


def test_knife_crime_is_what_is_flagged_whatever_the_offence() -> None:
    incidents = table(is_knife=[True, True, False])
    crime = find_crime("knife-crime", among=list_crimes(incidents))
    assert select_crime(incidents, crime).tolist() == [True, True, False]


def test_an_unknown_crime_gets_the_list() -> None:
    with pytest.raises(NotFoundError, match='No crime called "piracy".*asb, asb-begging, robbery, violence'):
        find_crime("piracy", among=list_crimes(table()))


def test_knife_crime_from_a_source_without_flags_is_explained() -> None:
    with pytest.raises(NotFoundError, match='"Possession of weapons" is not knife crime'):
        find_crime("knife-crime", among=list_crimes(table()), knife_is_flagged=False)


def test_a_subcategory_is_a_part_of_its_category() -> None:
    incidents = table()
    crimes = {crime.slug: crime for crime in list_crimes(incidents)}
    assert select_crime(incidents, crimes["asb-begging"]).tolist() == [False, False, True]
    assert select_crime(incidents, crimes["asb"]).tolist() == [False, False, True]
