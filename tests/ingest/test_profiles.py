from __future__ import annotations

import tomllib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.ingest.incidents.profiles import COLUMN_ROLES, SourceProfile, format_profile, parse_profile

TABLE: dict[str, Any] = {"offence": "Issue", "start": "Date", "easting": "X", "northing": "Y"}

texts = st.text(min_size=1, max_size=8)
several = st.lists(texts, min_size=1, max_size=3).map(tuple)
words = st.dictionaries(texts, texts, max_size=3)
optional = {
    **dict.fromkeys(("sheet", "layer", "wkt"), texts),
    "crs": st.sampled_from(["EPSG:27700", "EPSG:4326", "police.uk"]),
    **dict.fromkeys(("grid_reference", "postcode", "lsoa", "location_kind", "knife", "ward", "status"), texts),
    **dict.fromkeys(("id", "end", "location", "knife_words"), several),
    "files": texts,
    "delimiter": st.sampled_from([";", "\t", "|"]),
    "encoding": texts,
    "decimal": st.sampled_from([".", ","]),
    "date_order": st.sampled_from(["day-first", "month-first"]),
    "clock": st.sampled_from(["stated", "local", "utc"]),
    "is_anonymised": st.booleans(),
    "is_knife": st.booleans(),
    "is_monthly": st.booleans(),
    "location_kinds": words,
    "offences": words,
}
profiles = st.fixed_dictionaries(
    {"name": texts, "offence": several, "start": several, "easting": texts, "northing": texts}, optional=optional
).map(lambda values: SourceProfile(**cast("Any", {"files": "*", **values})))


@given(profile=profiles)
def test_what_is_written_is_read_back(profile: SourceProfile) -> None:
    table = tomllib.loads(format_profile(profile))["sources"]
    assert list(table) == [profile.name]
    assert parse_profile(profile.name, table[profile.name]) == profile


def test_a_profile_as_it_is_written_down() -> None:
    profile = SourceProfile(
        name="park wardens",
        files="*wardens*.xlsx",
        every_offence="asb",
        start=("Date", "Time"),
        easting="X",
        northing="Y",
        is_anonymised=True,
        location=("Park",),
        location_kinds={"The Green": "park"},
    )
    assert format_profile(profile) == (
        '[sources."park wardens"]\n'
        'files = "*wardens*.xlsx"\n'
        'every_offence = "asb"\n'
        'start = ["Date", "Time"]\n'
        'location = "Park"\n'
        'easting = "X"\n'
        'northing = "Y"\n'
        "is_anonymised = true\n"
        "\n"
        '[sources."park wardens".location_kinds]\n'
        '"The Green" = "park"'
    )


@pytest.mark.parametrize("name", ["a", "a-b_2", "2026", "with space", "dotted.name", 'quo"te', "é", "-", "\\"])
def test_any_name_makes_one_table(name: str) -> None:
    written = tomllib.loads(
        format_profile(SourceProfile(**{"name": name, **TABLE, "offence": ("a",), "start": ("b",)}))
    )
    assert list(written["sources"]) == [name]


def test_a_text_is_a_list_of_one() -> None:
    assert parse_profile("s", TABLE) == parse_profile("s", {**TABLE, "offence": ["Issue"], "start": ["Date"]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ofence": "Issue"}, r'\[sources.s\] in hotspots.toml has an unknown key "ofence". Did you mean "offence"\?'),
        (
            {"zzzzz": "Issue"},
            'has an unknown key "zzzzz". It takes: area, clock, count, crs, date_order, decimal, delimiter',
        ),
        ({"name": "other"}, 'has an unknown key "name"'),
        ({"offences": ["Fight"]}, 'offences must be a table of "words in the source" = "what they stand for"'),
        ({"offences": {"Fight": 3}}, 'offences must be a table of "words in the source" = "what they stand for"'),
        ({"location_kinds": "park"}, "location_kinds must be a table"),
        ({"is_anonymised": "yes"}, "is_anonymised must be true or false, not 'yes'"),
        ({"start": []}, r"start must be a text or a list of texts, not \[\]"),
        ({"start": ["Date", 3]}, r"start must be a text or a list of texts, not \['Date', 3\]"),
        ({"start": ""}, r"start must be a text or a list of texts, not ''"),
        ({"lsoa": 3}, "lsoa must be a text that is not blank, not 3"),
        ({"lsoa": ""}, "lsoa must be a text that is not blank, not ''"),
        ({"northing": None}, "names a column for only one of easting and northing. Name both"),
        ({"latitude": "Lat"}, "names a column for only one of longitude and latitude. Name both"),
        ({"start": None}, "Source profile s needs start, the column of dates, or every_date"),
        ({"offence": None}, "needs offence, the column that says what happened, or every_offence"),
        ({"easting": None, "northing": None}, "needs columns that say where: easting and northing, longitude"),
        ({"date_order": "year-first"}, 'date_order must be one of day-first, month-first, not "year-first"'),
        ({"clock": "GMT"}, 'clock must be one of stated, local, utc, not "GMT"'),
        ({"decimal": ";"}, 'decimal must be "." or ",", not ";"'),
        ({"delimiter": "||"}, r"delimiter must be one character, in ASCII, not '\|\|'"),
        ({"delimiter": "é", "files": "*"}, "delimiter must be one character, in ASCII, not 'é'"),
        ({"delimiter": '"', "files": "*"}, "delimiter must be one character, but not a quote or a line end"),
        ({"every_date": "2026-01"}, "has both start and every_date. Take one out"),
        ({"every_offence": "asb"}, "has both offence and every_offence. Take one out"),
        ({"delimiter": ";"}, "needs files, a pattern of names, for its delimiter or encoding: a file is opened before"),
        ({"encoding": "cp1252"}, "needs files, a pattern of names, for its delimiter or encoding"),
    ],
)
def test_a_mistake_is_explained(changes: dict[str, Any], message: str) -> None:
    table = {key: value for key, value in {**TABLE, **changes}.items() if value is not None}
    with pytest.raises(ParameterError, match=message):
        parse_profile("s", table)


@pytest.mark.parametrize(
    ("pattern", "label", "fits"),
    [
        ("*robbery*.csv", "robbery-2026.csv", True),
        ("*robbery*.csv", "Robbery 2026.CSV", True),
        ("*ROBBERY*.csv", "robbery.csv", True),
        ("robbery.csv", "extracts/2026/robbery.csv", True),
        ("extracts/*", "extracts/2026/robbery.csv", True),
        ("all.zip", "all.zip/2026-01/a.csv", True),
        ("log.xlsx", "log.xlsx/Sheet1", True),
        ("*robbery*.csv", "burglary.csv", False),
        ("robbery", "robbery.csv", False),
    ],
)
def test_a_pattern_of_files_decides_alone(pattern: str, label: str, fits: bool) -> None:
    profile = parse_profile("s", {**TABLE, "files": pattern})
    assert profile.fits(label, ("Issue", "Date", "X", "Y")) is fits
    assert profile.fits(label, ()) is fits


def test_without_a_pattern_the_columns_decide() -> None:
    profile = parse_profile("s", TABLE)
    assert profile.fits("any.csv", ("Y", "X", "Date", "Issue", "Name"))
    assert not profile.fits("any.csv", ("Y", "X", "Date"))
    assert not profile.fits("any.csv", ("y", "x", "date", "issue"))


def test_the_columns_are_named_by_what_they_hold() -> None:
    profile = parse_profile("s", {**TABLE, "start": ["Date", "Time"], "knife_words": "blade"})
    assert profile.columns == {"offence": ("Issue",), "start": ("Date", "Time"), "easting": ("X",), "northing": ("Y",)}
    assert set(profile.columns) <= set(COLUMN_ROLES)


def test_a_crs_that_proj_does_not_know_is_refused() -> None:
    with pytest.raises(
        ParameterError, match='PROJ does not know the crs "EPSG:999999". Give a code such as EPSG:27700'
    ):
        parse_profile("x", {"offence": "a", "start": "b", "easting": "c", "northing": "d", "crs": "EPSG:999999"})


def test_a_profile_that_is_not_complete_says_so() -> None:
    with pytest.raises(ParameterError, match='is not complete: start is still "...". Name the column'):
        parse_profile("x", {"offence": "a", "start": "...", "easting": "c", "northing": "d"})
