from __future__ import annotations

import pandas as pd
import pytest

from hotspots.crimes import load_definitions
from hotspots.ingest.incidents.column_words import describe_columns, is_column_name, release_columns
from hotspots.ingest.texts import MANY_ROWS
from hotspots.ingest.texts.release import (
    describe_form,
    drop_hidden,
    is_area_code,
    is_known_place,
    know_categories,
    mask_label,
    names_area,
    release_categories,
    release_kinds,
    release_names,
    release_places,
    release_schools,
    show_code,
    show_form,
)


def shown(release: object, text: str, n_rows: int) -> str | None:
    texts = pd.Series([text] * n_rows + [None], dtype="category")
    released = release(texts)  # type: ignore[operator]
    assert pd.isna(released.iloc[-1])
    first = released.iloc[0]
    return None if pd.isna(first) else str(first)


@pytest.mark.parametrize(
    "text",
    ["Rye Lane", "RYE LANE", "Rye Lane and Elm Grove", "CAMBIE ST / W 8TH AVE", "Lewisham Station", "Supermarket",
     "A205", "Café",
     "Sports/Recreation Area", "On or near Parking Area", "10XX ALBERNI ST", "Old Kent Road", "St Mary's Road"],
)  # fmt: skip
def test_streets_and_public_places_are_shown_however_rare(text: str) -> None:
    assert shown(release_places, text, 1) == text


@pytest.mark.parametrize(
    "text",
    ["Qzarnow Velbirt", "The Willows", "ZX4917382/26", "Qzarnow and Rye Lane", "she was followed home to Rye Lane",
     "Qzarnow lives on Rye Lane", "Bluewater"],
)  # fmt: skip
def test_other_places_are_not(text: str) -> None:
    assert shown(release_places, text, MANY_ROWS - 1) is None


@pytest.mark.parametrize(
    ("text", "is_shown"), [("Bluewater", True), ("ZX4917382/26", False), ("victim Qzarnow", False)]
)
def test_places_that_many_rows_share_are_shown_unless_personal_by_their_form(text: str, is_shown: bool) -> None:
    assert shown(release_places, text, MANY_ROWS) == (text if is_shown else None)


@pytest.mark.parametrize(
    ("text", "n_rows", "is_shown"),
    [("transport hub", 1, True), ("licensed premises", 1, True), ("qzarnow velbirt", 9, False), ("hmo", 10, True),
     ("rose cottage, rye lane", 10, False), ("home of [name]", 10, False), ("given by a profile", 1, True)],
)  # fmt: skip
def test_kinds_of_places(text: str, n_rows: int, is_shown: bool) -> None:
    def release(texts: pd.Series) -> pd.Series:
        return release_kinds(texts, also={"given by a profile"})

    assert shown(release, text, n_rows) == (text if is_shown else "(other kinds)")


@pytest.mark.parametrize(
    ("text", "n_rows", "is_shown"),
    [("Concern for safety", 10, True), ("Concern for safety", 9, False), ("Yodelling", 99, False),
     ("Yodelling", 100, True), ("victim Qzarnow", 100, False), ("ZX4917382", 100, False), ("(blank)", 1, True),
     ("Rachel", 10, False)],
)  # fmt: skip
def test_categories_are_shown_if_many_rows_share_them(text: str, n_rows: int, is_shown: bool) -> None:
    known = know_categories(load_definitions().list_words())

    def release(texts: pd.Series) -> pd.Series:
        return release_categories(texts, known)

    assert shown(release, text, n_rows) == (text if is_shown else "(other texts)")


def test_texts_that_become_one_are_one_category() -> None:
    texts = pd.Series(["Street", "Qz", "Qy", None], dtype="category", index=[3, 1, 1, 2], name="a")
    released = release_kinds(texts)
    assert released.astype("object").where(released.notna(), None).tolist() == [
        "Street",
        *["(other kinds)"] * 2,
        None,
    ]
    assert (released.index.tolist(), released.name, released.cat.categories.is_unique) == ([3, 1, 1, 2], "a", True)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Date 31/02/2026", "Date 99/99/9999"),
        ("date Jan 2026 10pm", "date Jan 9999 99pm"),
        ("Date Qzarnow, 07700 914273", "Date Aaaaaaa, 99999 999999"),
        ("date 0, 0.0", "date 0, 0.0"),
        ("date -0.123456, 51.987654", "date -0.1, 52.0"),
        ("date SE15 4ST", "date SE15 [postcode]"),
        ("date E01003189", "date E01003189"),
        ("[name] of [Qzarnow Velbirt]", "[name] aa [Aaaaaaa Aaaaaaa]"),
        ("a" * 100, "a" * 80 + "..."),
    ],
)
def test_the_form_of_a_value_says_nothing_of_it(text: str, form: str) -> None:
    assert describe_form(text, known={"date"}) == form


def test_columns_are_named_by_words_that_columns_have() -> None:
    names = ("Crime Ref", "DateTimeOfOffence", "Qzarnow", "2026-01", "05/01/2026", "lsoa21cd", "Address 1")
    told = ("Crime Ref", "DateTimeOfOffence", "column 3", "2026-01", "column 5", "lsoa21cd", "Address 1")
    assert release_columns(names) == told
    assert release_columns(names, used={"Qzarnow"})[2] == "Qzarnow"
    assert describe_columns(names[:3], lead="It has:") == "It has: Crime Ref, DateTimeOfOffence, column 3."
    row = ("R1", "Robbery", "05/01/2026", "530500", "N")
    assert describe_columns(row, lead="It has:").startswith("Its first row, of 5 columns, looks like values")
    assert not any(map(is_column_name, ("Date from born 17/03/1961", "Offence 1961-03-17")))
    assert not any(map(is_column_name, ("Jo", "07700 900123", "a@b.org", "", "Robbery", "Mary Hill")))


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Statement of Mr Velbirt.csv", "Statement of Mr [name].csv"),
        ("statement_of-mr_velbirt 2026-01.csv", "statement of mr [name] 2026 01.csv"),
        ("RobberyReportMrVelbirt.xlsx", "Robbery Report Mr [name].xlsx"),
        ("mr velbirt/2026-01-met-street.csv", "mr [name]/2026-01-met-street.csv"),
        ("ZX4917382-26 robbery.csv", "[number]-26 robbery.csv"),
        ("crime_4917382.csv", "crime_[number].csv"),
        ("call_07700-914273.csv", "call_[phone].csv"),
    ],
)
def test_names_of_files_are_shown_without_people_and_numbers(label: str, shown: str) -> None:
    assert mask_label(label) == shown
    assert mask_label(shown) == shown


@pytest.mark.parametrize(
    "label",
    ["2026-01-metropolitan-street.csv", "20260131_robbery.csv", "robbery202601.csv", "export_20260131T1805.csv",
     "E05009317.geojson", "epsg27700.gpkg", "lsoa21cd_2021.csv", "LewishamSouthwark2025.xlsx", "John Lewis.csv",
     "burglary_victims_lewisham.csv", "StMarysRoad.csv", "Mid-2020 Persons", "OS_Open_Code-Point_2025", "a (1).csv"],
)  # fmt: skip
def test_other_names_of_files_are_shown_as_they_are(label: str) -> None:
    assert mask_label(label) == label


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Rye Lane Library", "Rye Lane Library"),
        ("James Allen's Girls' School", "[name] Girls' School"),
        ("Costa (ask for Mr Velbirt, 07700 914273)", "Costa (ask for Mr [name], [phone])"),
        ("Boots 2104, 12 Rye Lane", "Boots 2104, 12 Rye Lane"),
        ("Case 4917382", "Case [number]"),
        ("07700 914273", None),
        ("Flat 7, Rye Lane", None),
        ("Lane " * 13, None),
        ("Lane" * 21, None),
    ],
)
def test_names_that_are_listed_to_be_shown_are_shown_without_people(name: str, shown: str | None) -> None:
    assert release_names(pd.Series([name, None])).tolist() == [shown, None]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Rye Lane", "Rye Lane"),
        ("  two  blanks ", "  two  blanks "),
        ("Rye\nLane", "Rye Lane"),
        ("Rye\x00\x1b[1m Lane\x85", "Rye [1m Lane"),
        ("Rye\u00a0\u2028Lane", "Rye Lane"),
        ("a\u202eb\u200bc\u00adLane", "abcLane"),
        ("Lane \ud83d", "Lane"),
        ("\uffffLane\ufffe", "Lane"),
        ("\u0645\u06cc", "\u0645\u06cc"),
        ("\x07", ""),
    ],
)
def test_what_cannot_be_seen_is_dropped(text: str, seen: str) -> None:
    assert drop_hidden(text) == seen


def test_no_name_that_is_shown_holds_what_cannot_be_seen() -> None:
    names = pd.Series(["Rye\x1bLane", "\x07", "07700\u200b900123 Club"], dtype="object")
    assert release_names(names).tolist() == ["Rye Lane", None, "[phone] Club"]
    assert shown(release_places, "Rye\x1b Lane", 1) == "Rye Lane"
    assert release_schools(pd.Series(["Elm\x0b Primary School"], dtype="object")).tolist() == ["Elm Primary School"]


def test_an_area_may_be_called_after_somebody() -> None:
    names = pd.Series(["Sarah Siddons", "victim Sarah Siddons"])
    assert release_names(names).tolist() == [None, "victim [name]"]
    assert release_names(names, are_areas=True).tolist() == ["Sarah Siddons", "victim [name]"]


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("E05000001", True), ("01001000", True), ("Rye Lane", True), ("PK3", True), ("Mr Velbirt", False),
     ("Sarah Siddons", True), ("Sarah Siddons, 07700 914273", False),
     ("Flat 7, Rye Lane", False), ("07700 914273", False), ("beat " * 13, False)],
)  # fmt: skip
def test_the_name_or_code_of_an_area_names_nobody(text: str, is_name: bool) -> None:
    assert names_area(text) == is_name


def test_a_code_is_shown_if_it_has_the_form_of_one() -> None:
    assert [show_code(code) for code in ("E05000001", "PK3", 12, "Qzarnow")] == ["E05000001", "PK3", "12", "Aaaaaaa"]
    assert not any(map(is_area_code, ("ZX4917382", "4917", "Qzarn", "07700 914273", "a b 1")))


def test_a_value_in_a_message_is_its_form() -> None:
    assert [show_form(value) for value in ("Qzarnow 17/03/1961", 7.5, None)] == [
        'text like "Aaaaaaa 99/99/9999"',
        'text like "9.9"',
        "nothing",
    ]


def test_a_place_is_known_by_all_of_its_parts() -> None:
    assert is_known_place("Rye Lane, Lewisham Station")
    assert not is_known_place("Rye Lane, Qzarnow")
