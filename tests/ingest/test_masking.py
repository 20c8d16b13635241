from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.ingest.texts.masking import mask_personal_data, mask_text


def mask(text: str) -> str:
    return str(mask_personal_data(pd.Series([text]))[0])


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "outside Boots, caller Mary Smith 07700 900123, dob 03/04/1985, mary.smith@example.com",
            "outside Boots, caller [name] [phone], dob [date], [e-mail]",
        ),
        (
            "VICTIM JOHN SMITH STATES SUSPECT RAN OFF TOWARDS GEORGE LANE",
            "VICTIM [name] STATES SUSPECT RAN OFF TOWARDS GEORGE LANE",
        ),
        ("ip: adeola okafor, nat ins AB 12 34 56 C", "ip: [name], nat ins [NI number]"),
        ("left in AB12 CDE, ab12cde or ab12 cde", "left in [vehicle], [vehicle] or [vehicle]"),
    ],
)
def test_a_text_keeps_the_place_and_loses_the_person(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Mr Smith", "Mr [name]"),
        ("Mr Smith close to a bank, MR SMITH BANK CARD", "Mr [name] close to a bank, MR [name] BANK CARD"),
        ("John Smith close to a bank", "[name] close to a bank"),
        ("VICTIM JOHN SMITH HIGH STREET", "VICTIM [name] HIGH STREET"),
        ("Mr Hill of 12 Perry Hill", "Mr [name] of 12 Perry Hill"),
        ("mrs o'connor", "mrs [name]"),
        ("Mrs O\u2019Connor's flat", "Mrs [name] flat"),
        ("Dr. A. B. Khan, MR A KHAN", "Dr. [name], MR [name]"),
        ("PC 1234 Patel with DC Jones", "PC 1234 [name] with DC [name]"),
        ("suspect 2: Kwame Mensah", "suspect 2: [name]"),
        ("victim Adebayo", "victim [name]"),
        ("witness mary jones saw it", "witness [name] saw it"),
        ("victim: SMITH, John at the bus stop", "victim: [name] at the bus stop"),
        ("VICTIM JOHN SMITH LEWISHAM ROAD", "VICTIM [name] LEWISHAM ROAD"),
        ("victim Mary Green stated", "victim [name] stated"),
        ('named as "Tyrone", known as ghost', 'named as "[name]", known as [name]'),
        ("reported by Li Wei", "reported by [name]"),
        ("name: kelly brook", "name: [name]"),
        ("Maria de Souza outside", "[name] outside"),
        ("Ann-Marie O'Neill", "[name]"),
        ("mohammed ali khan by the shop", "[name] by the shop"),
        ("\u0141ukasz, caller Zo\u00eb \u00d6zil", "\u0141ukasz, caller [name]"),
    ],
)
def test_names(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "George Lane",
        "JUNCTION OF VICTORIA STREET AND CHARLOTTE ROW",
        "stanley arms, john ruskin street",
        "St John's Hill",
        "King William Walk",
        "Cedar Dr Catford",
        "Dr Johnson Avenue, Inspector Road",
        "John Lewis, William Hill, PC World and Harvey Nichols",
        "John's Cafe",
        "mark on the wall",
        "VICTIM STATES THAT SUSPECT RAN OFF",
        "SUSPECT VEHICLE BLUE, WITNESS STATEMENT TAKEN",
        "Victim Support",
        "the victim, a boy of 15, near Lewisham station",
        "IP address 10.0.0.1",
        "no name given",
        "A21, B500, SE13 5AA, SE13",
        "SE13 BUS STOP, SE13 NEW CROSS, se13 and se6",
        "12/14/16 High Street, flats 1-3, bus 136, platform 12",
        "may 2",
        "999 and 101, CAD 1234, 0.5 miles",
        "meet @ Boots",
    ],
)
def test_places_and_everyday_words_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "07700900123",
        "07700 900123",
        "07700 900 123",
        "07700-900-123",
        "(020) 7946 0123",
        "020 7946 0123",
        "02079460123",
        "01632 960123",
        "+447700900123",
        "+44 7700 900123",
        "+44 (0)20 7946 0123",
        "(+44) 20 7946 0123",
        "0044 7700 900123",
        "+353 20 915 0123",
        "7700900123",
    ],
)
def test_telephone_numbers(text: str) -> None:
    assert mask(f"ring {text}, 12 George Lane") == "ring [phone], 12 George Lane"


@given(
    number=st.sampled_from(["02083174926", "07700914273", "01322317492"]),
    cuts=st.tuples(st.integers(3, 5), st.integers(7, 9)),
    gaps=st.lists(st.sampled_from(["", " ", "-", ".", "/", "_", " - ", "\u2013", ") "]), min_size=2, max_size=2),
    before=st.sampled_from(["Rye Lane, ", "tel:", "call ", "("]),
)
def test_a_national_number_is_known_in_every_grouping(
    number: str, cuts: tuple[int, int], gaps: list[str], before: str
) -> None:
    first, second = cuts
    written = f"{before}{number[:first]}{gaps[0]}{number[first:second]}{gaps[1]}{number[second:]}"
    assert not any(letter.isdigit() for letter in mask(written)), mask(written)


@pytest.mark.parametrize("text", ["020 8 317 4926", "0 20 8317 4926", "(020) 8 317 4926", "0 7 7 0 0 9 1 4 2 7 3"])
def test_a_national_number_is_known_in_single_digits(text: str) -> None:
    assert mask(text) == "[phone]"


@pytest.mark.parametrize(
    "text",
    [
        "tel 83174926",
        "Tel. no. 8317 4926",
        "TEL NO: 8317.4926",
        "tel (8317) 4926",
        "telno 83174926",
        "tel83174926",
        "tel: 831 74926",
        "tel 83 17 49 26",
        "ph: 317 4926",
        "home number is 83174926",
        "her no 8317-4926",
        "landline 317 4926",
        "whatsapp 914273",
        "contactable on 83174926",
        "call her back on 8317 4926",
        "rang 8317\u20134926",
        "8317 4926",
        "on 8317 4926.",
        "8317-4926",
        "83174926 (mob)",
        "442083174926",
        "44 7700 914 273",
        "7700.914.273",
    ],
)
def test_local_numbers(text: str) -> None:
    masked = mask(f"Rye Lane, {text}")
    assert "[phone]" in masked
    assert not any(letter.isdigit() for letter in masked.replace("44 ", "")), masked


@pytest.mark.parametrize(
    "text",
    [
        "buses 36 136 171 436",
        "bus routes 36/136/171, stop 57392",
        "buses 44 63 68 176 185",
        "A2 A205 A2211 B218",
        "E05009317 E01003189",
        "TQ 3862 7528, TQ38627528, grid 5305 1805",
        "530500 180500",
        "between 0900 1700 or 1830-2130 hrs",
        "2024-2025",
        "called police at 1830, called 999 at 1831",
        "phone box opposite 114 Rye Lane",
        "mobile phone shop, 12 Rye Lane",
        "114-116 Rye Lane, Ring Road 205",
        "CAD 4926 17",
        "Tesco Express 2104",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("victim's mother Qzarnow Velbirt", "victim's mother [name]"),
        ("Victim\u2019s Mother: Qzarnow", "Victim\u2019s Mother: [name]"),
        ("victims mother is Qzarnow", "victims mother is [name]"),
        ("mother of the victim, Qzarnow", "mother of the victim, [name]"),
        ("her son (Qzarnow)", "her son ([name])"),
        ("HER SON QZARNOW", "HER SON [name]"),
        ("her son called Qzarnow", "her son called [name]"),
        ("her son aged 14 Qzarnow", "her son aged 14 [name]"),
        ("her two sons Qzarnow and Velbirt", "her two sons [name]"),
        ("his step-son Qzarnow", "his step-son [name]"),
        ("her sister-in-law Qzarnow", "her sister-in-law [name]"),
        ("his brother in law Qzarnow", "his brother in law [name]"),
        ("her nan Qzarnow", "her nan [name]"),
        ("brother of Qzarnow", "brother of [name]"),
        ("brother to Qzarnow", "brother to [name]"),
        ("parents of Qzarnow", "parents of [name]"),
        ("mother/Qzarnow", "mother/[name]"),
        ("Son: Qzarnow", "Son: [name]"),
        ("Qzarnow's brother", "[name] brother"),
        ("QZARNOW VELBIRT'S MOTHER", "[name] MOTHER"),
        ("Qzarnow Velbirt (son)", "[name] (son)"),
        ("Qzarnow (victim's brother)", "[name] (victim's brother)"),
        ("Qzarnow, her son", "[name], her son"),
        ("Qzarnow, brother of suspect", "[name], brother of suspect"),
        ("Qzarnow Velbirt (victim)", "[name] (victim)"),
    ],
)
def test_relatives(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Mother Kellys",
        "Mother Redcap",
        "Sons of Divine Providence",
        "Son Of Steak",
        "Two Brothers Fish Bar",
        "Little Sisters of the Poor",
        "The Widow's Son",
        "THE WIDOW'S SON",
        "Uncle Sam's",
        "Father Ted's, Sister Ray Records",
        "Friends of Burgess Park",
        "Partner Way",
        "Child's Hill",
        "Baby Gap",
        "McDonald's manager",
        "St Thomas' mother and baby unit",
        "her mother rang from Rye Lane",
        "Peckham, mother and child robbed",
        "Rye Lane (her brother ran off)",
    ],
)
def test_places_called_like_relatives_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "03/04/1985",
        "3.4.85",
        "03-04-1985",
        "3 / 4 / 1985",
        "1985-04-03",
        "04/30/1985",
        "3 April 1985",
        "3rd of April 1985",
        "03APR1985",
        "3-Apr-85",
        "April 3rd, 1985",
        "APRIL 3 1985",
    ],
)
def test_dates(text: str) -> None:
    assert mask(f"on {text} at Boots") == "on [date] at Boots"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("DOB 03 04 85", "DOB [date]"),
        ("d.o.b. 03041985", "d.o.b. [date]"),
        ("born 1985", "born [date]"),
        ("born in March 1985 in Leeds", "born in [date] in Leeds"),
        ("date of birth: 3 Apr 85", "date of birth: [date]"),
    ],
)
def test_after_a_word_for_birth_less_is_a_date(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_index_name_missing_and_dtype_stay() -> None:
    texts = pd.Series(["Mr Smith", None, "Grove Street", "Mr Smith"], index=[3, 3, 1, 2], name="location", dtype=object)
    masked = mask_personal_data(texts)
    assert masked.tolist() == ["Mr [name]", None, "Grove Street", "Mr [name]"]
    assert (masked.index.tolist(), masked.name, masked.dtype) == ([3, 3, 1, 2], "location", texts.dtype)
    assert texts[2] == "Mr Smith"
    as_string = mask_personal_data(texts.astype("string"))
    assert as_string.dtype == "string"
    assert as_string.fillna("").tolist() == ["Mr [name]", "", "Grove Street", "Mr [name]"]
    assert mask_personal_data(pd.Series([1.5, np.nan])).iloc[0] == 1.5
    assert len(mask_personal_data(pd.Series([], dtype=object))) == 0


def test_categories_that_become_one_are_merged() -> None:
    texts = pd.Series(["Mr Smith", "Mr Jones", None, "Grove Street"], index=[4, 5, 6, 6], dtype="category")
    masked = mask_personal_data(texts)
    assert isinstance(masked.dtype, pd.CategoricalDtype)
    assert masked.astype(object).fillna("").tolist() == ["Mr [name]", "Mr [name]", "", "Grove Street"]
    assert sorted(masked.cat.categories) == ["Grove Street", "Mr [name]"]
    assert masked.index.tolist() == [4, 5, 6, 6]


STREETS = st.sampled_from(
    ["Lewisham High Street", "12 George Lane", "On or near B500", "CATFORD BROADWAY", "by 3 Charlotte Row, SE13 5AA"]
)
WORDS = """
victim Mr dr PC named name: known as by reported John SMITH mary jones de . , ( [ ] - ' @ dob born 3 04 1985 April may
07700 900123 +44 AB12 CDE SE13 [name] [date] Hill Green a@b.co AB123456A 1/2/ /85
"""
PIECES = st.one_of(STREETS, st.sampled_from(WORDS.split()), st.text(max_size=5))


@given(st.lists(PIECES, max_size=12), st.sampled_from(["", " ", ", "]))
def test_masking_twice_is_masking_once(pieces: list[str], between: str) -> None:
    once = mask(between.join(pieces))
    assert mask(once) == once


@given(st.lists(st.builds(" ".join, st.lists(PIECES, max_size=5)), max_size=8))
def test_a_text_in_a_column_is_masked_as_it_is_alone(texts: list[str]) -> None:
    assert mask_personal_data(pd.Series(texts, dtype="object")).tolist() == [mask_text(text) for text in texts]


def test_texts_that_differ_in_a_number_keep_their_own() -> None:
    texts = ["12 Rye Lane SE15 4ST", "14 Rye Lane SE15 4SU", "12 Mar 85 Rye Lane", "93 Mar 85 Rye Lane"]
    texts += ["PC 12 John Smith, 3 Rye Lane", "PC 7 John Smith, 25 Rye Lane"]
    masked = [*texts[:2], "[date] Rye Lane", texts[3], "PC 12 [name], 3 Rye Lane", "PC 7 [name], 25 Rye Lane"]
    assert mask_personal_data(pd.Series(texts)).tolist() == masked


@given(STREETS, STREETS, st.emails())
def test_no_e_mail_address_survives(before: str, after: str, address: str) -> None:
    masked = mask(f"{before} {address} {after}")
    assert "@" not in masked
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(
    before=STREETS,
    after=STREETS,
    trunk=st.sampled_from(["0", "+44", "+44 ", "0044 ", "+44 (0)", "(+44) "]),
    area=st.sampled_from(["20", "121", "1632", "7700", "800", "16977"]),
    number=st.integers(0, 10**9 - 1),
    gap=st.sampled_from(["", " ", "-", ".", " - "]),
)
def test_no_telephone_number_survives(before: str, after: str, trunk: str, area: str, number: int, gap: str) -> None:
    rest = f"{number:09}"[: 10 - len(area)]
    text = f"{trunk}{area}{gap}{rest[:3]}{gap}{rest[3:]}"
    assert mask(f"{before}, {text}, {after}") == f"{before}, [phone], {after}"


@given(
    before=STREETS,
    after=STREETS,
    date=st.dates(min_value=pd.Timestamp("1920-01-01").date(), max_value=pd.Timestamp("2030-12-31").date()),
    form=st.sampled_from(
        ["%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y", "%d-%m-%y", "%Y-%m-%d", "%d %B %Y", "%d%b%Y", "%d-%b-%y", "%B %d, %Y"]
    ),
)
def test_no_date_survives(before: str, after: str, date: pd.Timestamp, form: str) -> None:
    assert mask(f"{before}, {date.strftime(form)}, {after}") == f"{before}, [date], {after}"


LONG = ["a", "@", "1", "1 ", "a.", "a@", "+4", "1/", "o'", " ", "- ", "John ", "Mr ", "victim ", "mary de ", "name: "]


@pytest.mark.parametrize("piece", [*LONG, "1 jan ", "dob ", "07700 900 12", "AB12 CDE ", "[name] "])
def test_a_very_long_text_comes_to_an_end(piece: str) -> None:
    once = mask(piece * (100_000 // len(piece)))
    assert mask(once) == once


def read_places(real_data: Path, repository: Path) -> pd.Series:
    """Every street and station that the real and the demonstration data name."""
    files = [*(real_data / "police_uk").rglob("*.csv*"), *(repository / "data" / "incidents").rglob("*.csv*")]
    named = [pd.read_csv(file, usecols=lambda name: name == "Location") for file in files]
    stations = pd.read_csv(real_data / "places" / "london_stations_480.csv")["NAME"]
    columns = [frame["Location"] for frame in named if "Location" in frame]
    places: pd.Series = pd.concat([*columns, stations])
    return places.dropna().drop_duplicates().reset_index(drop=True)


def test_no_real_street_or_station_is_changed(real_data: Path, repository: Path) -> None:
    places = read_places(real_data, repository)
    assert len(places) > 10_000
    for written in (places, places.str.upper(), places.str.lower()):
        pd.testing.assert_series_equal(mask_personal_data(written), written)


@pytest.mark.slow
def test_what_stands_before_a_real_street_is_masked(real_data: Path, repository: Path) -> None:
    places = read_places(real_data, repository)
    masked = mask_personal_data("Caller Mary Smith, 07700 900123, " + places)
    pd.testing.assert_series_equal(masked, "Caller [name], [phone], " + places)
