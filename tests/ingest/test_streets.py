"""Streets of location texts: no number, part or name of a house is left, and nothing else is lost."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.ingest.texts.house_numbers import level_numbers
from hotspots.ingest.texts.streets import find_addresses, is_public_place, is_street, mask_postcodes, name_streets


def name(text: str) -> str | None:
    (found,) = name_streets(pd.Series([text], dtype="object"))
    return None if pd.isna(found) else str(found)


NUMBERS = ["114", "114a", "114 A", "114-116", "114 - 116", "114/116", "114 & 116", "114 and 116", "No 114", "no. 114",
           "#114", "114,", "Flat 3, 114", "FLAT 3A 114", "Flat B 114", "flat no 3, 114", "Unit 12, 114-120", "Room 7,",
           "Apartment 5", "Ground floor flat, 114", "GFF 114", "Block C", "Shop 2, 114", "House 114", "1st Floor, 114",
           "Rose Cottage,", "Rose Cottage", "The Old Rectory,", "Elm House, 114", "Hazel Court, 114"]  # fmt: skip
LEADS = ["", "o/s ", "O/S ", "outside ", "opp ", "opposite ", "rear of ", "r/o ", "near ", "nr ", "at ", "On or near ",
         "McDonalds, ", "McDonalds ", "Home address ", "by "]  # fmt: skip
STREETS = ["Peckham High Street", "RYE LANE", "Rye Ln", "St Mary's Road", "Seven Sisters Rd", "High Street North",
           "Old Kent Road", "Earlsfield Way", "Lewisham Park", "Manor House Gardens", "Rushey Green"]  # fmt: skip
TAILS = ["", " SE15 4ST", ", SE15 4ST", " se154st", " SE15", ", London, SE15", ", Peckham, London", " (SE15 4ST)",
         ", Flat 3", ", ring [phone]"]  # fmt: skip

PIECES = ["114", "12A", "Flat", "3", "Rye", "Lane", "Rose", "Cottage", "SE15", "4ST", "and", "&", "o/s", "Court",
          "Station", ",", "-", "Road", "no", "Block", "100", "XX"]  # fmt: skip
NUMBER_WORDS = st.sampled_from(["4", "12", "12A", "12 a", "300", "1999", "3207", "20190"])
PHRASES = st.builds(
    " ".join, st.lists(st.sampled_from([*PIECES, "Platform", "Terminal", "1st", "th", "W10"]), max_size=4)
)


@settings(max_examples=400)
@given(
    lead=st.sampled_from(LEADS),
    number=st.sampled_from(NUMBERS),
    street=st.sampled_from(STREETS),
    tail=st.sampled_from(TAILS),
)
def test_an_address_is_its_street(lead: str, number: str, street: str, tail: str) -> None:
    assert name(f"{lead}{number} {street}{tail}") == street


@pytest.mark.parametrize(
    "form", ["{} 114", "{} (114)", "{} outside 114", "{} o/s no. 114", "{}, 114", "{} 114, flat 3"]
)
@pytest.mark.parametrize("street", STREETS)
def test_the_number_may_follow(form: str, street: str) -> None:
    assert name(form.format(street)) == street


@pytest.mark.parametrize(
    "text",
    [
        *("Lewisham Station", "McDonalds", "Canada Water", "Guy's Hospital, St Thomas Street", "The Cut", "Café"),
        *("Elephant & Castle station", "Lewisham Station, Platform 2", "Heathrow Terminal 5", "The O2", "Custom House"),
        *("A205", "M25 Junction 3", "5th Ave", "W 10TH AVE", "Calle 10", "1X E 11TH AVE", "10XX ALBERNI ST"),
        *("012XX S WABASH AVE", "The Ivy House", "Craft Beer Co.", "Hither Green (Station)"),
        *("1500 BLOCK OF MAIN ST", "1200 Block MAIN ST", "GEARY ST \\ POWELL ST", "Rye Lane j/w Elm Grove"),
        *(
            "Clapham Junction",
            "Hyde Park Corner",
            "Earl's Court",
            "Evelyn Street Estate",
            "Rye Lane/Elm Grove",
            "Parco",
        ),
        *("St John'S (Station)", "Tower Bridge Road", "Seven Sisters Road", 'a "b" c', "a, b; c", "g\nh"),
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert name(text) == text
    assert not find_addresses(pd.Series([text])).any()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("22 The Cut", "The Cut"),
        ("22 The Cut, Waterloo SE1", "The Cut"),
        ("Unit 4 Surrey Quays Shopping Centre", "Surrey Quays Shopping Centre"),
        ("Unit 4, Surrey Quays Shopping Centre, Redriff Road", "Surrey Quays Shopping Centre, Redriff Road"),
        ("junction of Rye Lane and Elm Grove", "Rye Lane and Elm Grove"),
        ("114 Peckham High Street Peckham London", "Peckham High Street"),
        ("800 N ALAMEDA ST", "N ALAMEDA ST"),
        ("Hauptstraße 12", "Hauptstraße"),
        ("Calle 10 # 43-12", "Calle 10"),
        ("12 Block of flats, Rye Lane", "Rye Lane"),
        ("22 Earls Court", "Earls Court"),
        *((text, None) for text in ("Rose Cottage", "Flat 3", "114", "SE15 4ST", "Kings House", "Flat 3, SE15 4ST")),
        *((text, None) for text in ("12 Rose Cottage", "Flat above the Kings Arms", "[phone]", "Top floor flat")),
    ],
)
def test_what_leads_to_a_house_is_left_out(text: str, left: str | None) -> None:
    assert name(text) == left


@settings(max_examples=300)
@given(words=st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_number_is_left_of_any_words(words: list[str]) -> None:
    text = " ".join(words)
    left = name(text)
    if left and not re.search(r"\d+\s+(?:Block|XX)", text):
        assert not re.search(r"\d", left)
        assert name(left) == left
    assert left is None or left.strip()


@pytest.mark.parametrize(
    "form",
    ["{} Rye Lane", "{}A Rye Lane", "Flat {}, 3 Rye Lane", "Rye Lane {}", "Tesco, {} Rye Lane", "o/s {} Rye Lane"],
)
def test_houses_of_a_street_are_levelled(form: str) -> None:
    assert (
        len({level_numbers(f"{form.format(number)}{code}") for number in (4, 12, 300) for code in ("", ", SE1 2AB")})
        == 2
    )


@pytest.mark.parametrize(
    "text",
    [
        *("A205 Catford Road", "5th Ave", "1st Floor", "10XX ALBERNI ST", "100 Block MAIN ST", "100 blk MAIN ST"),
        *("Rye Lane SE15", "Rye Lane SE15 4", "Rye Lane, SE15 4, London", "M1 J4", "1-7 Rye Lane", "3rd Avenue"),
        *("2019 Rye Lane", "Rye Lane 2019"),
    ],
)
def test_what_a_number_may_decide_is_not_levelled(text: str) -> None:
    assert level_numbers(text) == text


def test_numbers_that_are_too_long_for_a_house_are_levelled_apart() -> None:
    assert level_numbers("High Street 20190") == level_numbers("High Street 71055")
    assert level_numbers("High Street 3207") == level_numbers("High Street 7")
    assert not find_addresses(pd.Series(["Rye Lane (no 20190)"])).any()
    assert find_addresses(pd.Series(["Rye Lane (no 3207)"])).all()


@given(st.lists(st.builds("{} {}".format, NUMBER_WORDS, PHRASES), min_size=1, max_size=4))
def test_levelled_and_other_numbers_are_read_alike(parts: list[str]) -> None:
    # a number behind a semicolon is not levelled
    plain, levelled = ";" + ";".join(parts), "," + ",".join(parts)
    assert (name(plain) or "").replace(";", ",") == (name(levelled) or "")
    assert find_addresses(pd.Series([plain]))[0] == find_addresses(pd.Series([levelled]))[0]


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    left = name(text)
    assert left is None or left


def test_dates_and_coordinates_are_no_addresses() -> None:
    texts = [
        "From 99/99/2026",
        "X 9536560, Y 178413",
        "POINT (1 2)",
        "24 hour shop",
        "High Street, 2019",
        "Date 31/02/2026 10:00",
        "Flat",
    ]
    assert not find_addresses(pd.Series(texts)).any()
    texts = ["Easting 114 Rye Lane, Northing 178413", "Flat 3, Hazel Court", "12 Rose Cottage", "SE15 4ST"]
    assert find_addresses(pd.Series(texts)).all()


@pytest.mark.parametrize(
    "form",
    [
        *("114 {}", "No 114 {}", "No. 114, {}", "#114 {}", "114A-116 {}", "(114) {}", "Flat 2, {}", "Unit 4 {}"),
        *("Unit 4, {}", "Apt 5B {}", "{} 114", "{} (114)", "{}, 114", "{}; 114", "{} - 114", "{}: 114", "{} [114]"),
        *("{} 114A-116", "{} no 114", "{} (no. 114)", "{} (number 114)", "{} (house 114)", "{} (114 and 116)"),
        *("{}, Flat 2", "{} (Flat 2)", "{} Unit 4", "{} (o/s 114)", "{}, next to 114", "{} (114), Peckham"),
        *("{}, Peckham, 114", "{} (114, 116)", "{}, SE15 4ST", "{}, first floor flat, 12"),
    ],
)
def test_a_number_or_a_part_of_a_house_makes_an_address_wherever_it_stands(form: str) -> None:
    for street in ("Rye Lane", "St Mary's Road", "The Cut", "Rushey Green"):
        assert find_addresses(pd.Series([form.format(street)])).all()
        assert name(form.format(street)) == street


@pytest.mark.parametrize(
    "text",
    [
        *("Platform 4", "A202", "Junction 3", "M25 J2", "M25 Junction 3", "Bus stop 45", "Car park 2", "Bay 12"),
        *("Gate 4", "Terminal 5", "Zone 2", "Level 3 car park", "Lewisham Station, Platform 2", "A202 Peckham Road"),
        *("Stop 4 Rye Lane", "Route 12 High Street", "Rye Lane, car park 2"),
    ],
)
def test_numbers_of_public_places_are_no_addresses_and_stay(text: str) -> None:
    assert not find_addresses(pd.Series([text])).any()
    assert name(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("Rye Lane (A2215)", "Rye Lane, B215", "Rye Lane (SE15)", "Rye Lane (2025)", "Rye Lane, 31/01/2025"),
        *("Rye Lane (stop 4)", "Rye Lane (Platform 2)", "Rye Lane [phone]", "WKT POINT ([phone] 1)"),
    ],
)
def test_other_numbers_after_a_street_make_no_address(text: str) -> None:
    assert not find_addresses(pd.Series([text])).any()


def test_of_a_postcode_the_district_is_left() -> None:
    texts = pd.Series(["postcode SE15 4ST", "se154st", "E01000001", "12 SE15", None])
    masked = mask_postcodes(texts).fillna("-").tolist()
    assert masked == ["postcode SE15 [postcode]", "se15 [postcode]", "E01000001", "12 SE15", "-"]


def test_missing_texts_stay_missing_on_the_same_index() -> None:
    texts = pd.Series(["12 Rye Lane", None, "Rye Lane"], index=[3, 1, 3], dtype="category")
    found = name_streets(texts)
    assert found.index.tolist() == [3, 1, 3]
    assert found.fillna("-").tolist() == ["Rye Lane", "-", "Rye Lane"]
    assert find_addresses(texts).tolist() == [True, False, False]


def test_public_places_are_told_from_streets_and_houses() -> None:
    assert is_public_place("Lewisham Station")
    assert is_public_place("Custom House")
    assert is_public_place("1500 BLOCK OF MAIN ST")
    assert not any(map(is_public_place, ("Rye Lane", "Rose Cottage", "The Willows", "Hazel Court")))
    assert is_street("Rye Lane")
    assert not any(map(is_street, ("Lewisham Station", "Rose Cottage", "The Willows")))
