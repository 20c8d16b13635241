"""Crime definitions: the built-in table, a user's table over it, and what incidents are made of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.crimes import (
    KNIFE_CRIME,
    UNRECOGNISED,
    classify_offences,
    find_crime,
    list_crimes,
    load_definitions,
    read_words,
    select_crime,
)
from hotspots.errors import NotFoundError, ParameterError

REPOSITORY = Path(__file__).parents[1]
BUILT_IN = tomllib.loads((REPOSITORY / "hotspots" / "crimes.toml").read_text("utf-8"))
CATEGORIES = {
    slug: content for slug, content in BUILT_IN.items() if slug not in ("prefixes", "other_words", "word_groups")
}
PARTS = {(slug, part): content for slug, c in CATEGORIES.items() for part, content in c.get("parts", {}).items()}
WORDINGS = {
    wording: (slug, part)
    for (slug, part), content in {**{(slug, None): c for slug, c in CATEGORIES.items()}, **PARTS}.items()
    for key in ("offences", "knife_offences")
    for wording in content.get(key, [])
}
POLICE_UK = {
    "Anti-social behaviour": "asb",
    "Bicycle theft": "bicycle-theft",
    "Burglary": "burglary",
    "Criminal damage and arson": "criminal-damage-and-arson",
    "Drugs": "drugs",
    "Other crime": "other-crime",
    "Other theft": "other-theft",
    "Possession of weapons": "possession-of-weapons",
    "Public disorder and weapons": "public-disorder-and-weapons",
    "Public order": "public-order",
    "Robbery": "robbery",
    "Shoplifting": "shoplifting",
    "Theft from the person": "theft-from-the-person",
    "Vehicle crime": "vehicle-crime",
    "Violence and sexual offences": "violence",
    "Violent crime": "violent-crime",
}


def classify(*texts: str | None, extensions: dict[str, Any] | None = None) -> list[tuple[str, str | None, bool | None]]:
    """Category, part and knife of each text."""
    classified = classify_offences(pd.Series(texts, dtype="object"), definitions=load_definitions(extensions))
    return as_rows(classified)


def as_rows(classified: pd.DataFrame) -> list[tuple[str, str | None, bool | None]]:
    rows = classified.astype("object").itertuples(index=False)
    return [(row[0], None if pd.isna(row[1]) else row[1], None if pd.isna(row[2]) else row[2]) for row in rows]


def table(**columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(
        {"category": ["robbery", "violence", "asb"], "subcategory": [None, None, "asb-begging"], **columns}
    )
    return frame.assign(is_knife=frame.get("is_knife", pd.Series([pd.NA] * 3)).astype("boolean"))


# The built-in table


def test_each_built_in_wording_belongs_to_one_crime() -> None:
    words = [read_words(wording) for wording in WORDINGS]
    assert len(set(words)) == len(words)
    assert set(words) == set(load_definitions().offences)
    assert not load_definitions().prefixes & set(words)


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_built_in_wording_says_the_crime_that_it_stands_under(wording: str) -> None:
    assert read_words(read_words(wording)) == read_words(wording)
    (found,) = classify(wording)
    assert found[:2] == WORDINGS[wording]


def test_parts_know_their_category() -> None:
    crimes = load_definitions().crimes
    assert {slug for slug, crime in crimes.items() if crime.part_of is None} == set(CATEGORIES)
    assert {(crime.part_of, slug) for slug, crime in crimes.items() if crime.part_of} == set(PARTS)
    assert all({"label", "plural"} <= set(content) for content in (*CATEGORIES.values(), *PARTS.values()))


def test_every_police_uk_type_is_a_category() -> None:
    assert classify(*POLICE_UK) == [(category, None, None) for category in POLICE_UK.values()]
    assert set(POLICE_UK.values()) == set(CATEGORIES)


@pytest.mark.parametrize(
    ("text", "category", "subcategory"),
    [
        # groups and subgroups of the Home Office's police recorded crime tables
        ("Violence with injury", "violence", "violence-with-injury"),
        ("Death or serious injury - unlawful driving", "violence", "death-or-serious-injury-by-driving"),
        ("Stalking and harassment", "violence", "stalking-and-harassment"),
        ("Sexual offences", "violence", None),
        ("Domestic burglary", "burglary", "residential-burglary"),
        ("Non-residential burglary", "burglary", "business-and-community-burglary"),
        ("Theft of a motor vehicle", "vehicle-crime", "theft-of-vehicle"),
        ("Other theft offences", "other-theft", None),
        ("Miscellaneous crimes against society", "other-crime", None),
        # Metropolitan Police before 2019
        ("Wounding/GBH", "violence", "violence-with-injury"),
        ("Theft/Taking Of Motor Vehicle", "vehicle-crime", "theft-of-vehicle"),
        ("Burglary in Other Buildings", "burglary", "business-and-community-burglary"),
        ("Other Theft Person", "theft-from-the-person", None),
        ("Handling Stolen Goods", "other-crime", None),
        # National Standard for Incident Recording
        ("Rowdy / Nuisance Neighbours", "asb", "asb-neighbours"),
        ("Vehicle Nuisance / Inappropriate Use", "asb", "asb-vehicle-nuisance"),
        ("Environmental - Opening Code", "asb", "asb-environmental"),
    ],
)
def test_wordings_of_other_sources(text: str, category: str, subcategory: str | None) -> None:
    assert classify(text) == [(category, subcategory, None)]


# Kinds of antisocial behaviour in a log of a council, with their rows and parts
COUNCIL_LOG = {
    "Youths congregating": (95, "asb-rowdy"),
    "Nuisance motorbikes": (70, "asb-vehicle-nuisance"),
    "Drug dealing": (62, "asb-substance-misuse"),
    "Fly-tipping": (60, "asb-fly-tipping"),
    "Noise": (55, "asb-noise"),
    "Noise - loud music": (28, "asb-noise"),
    "Street drinking": (50, "asb-street-drinking"),
    "Begging": (40, "asb-begging"),
    "Rough sleeping": (34, "asb-begging"),
    "Graffiti": (32, "asb-environmental"),
    "Dog fouling": (25, "asb-animals"),
    "E-scooters on pavement": (24, "asb-vehicle-nuisance"),
    "Off road bikes": (22, "asb-vehicle-nuisance"),
    "Mini-motos / quad bikes": (12, "asb-vehicle-nuisance"),
    "Neighbour nuisance": (30, "asb-neighbours"),
    "Neighbour dispute (noise)": (14, None),
    "Verbal abuse / threatening behaviour": (28, "asb-personal"),
    "Intimidation by group of youths": (16, None),
    "Drunken behaviour": (20, "asb-rowdy"),
    "Urinating in public": (9, "asb-rowdy"),
    "Spitting": (4, "asb-rowdy"),
    "Drug paraphernalia found": (18, "asb-littering"),
    "Drug use in stairwell": (17, "asb-substance-misuse"),
    "Smell of cannabis": (15, "asb-substance-misuse"),
    "Abandoned car": (16, "asb-abandoned-vehicles"),
    "Boy racers / car cruising": (13, "asb-vehicle-nuisance"),
    "Fireworks thrown": (12, "asb-fireworks"),
    "Trespassing on roof": (9, "asb-trespass"),
    "Kerb crawling": (6, "asb-prostitution"),
    "Litter": (14, "asb-littering"),
    "Aggressive begging": (8, "asb-begging"),
    "Hoax calls": (3, "asb-hoax-calls"),
    "ASB - other": (15, None),
}  # fmt: skip


def test_a_council_log_is_recognised_by_its_words() -> None:
    texts = [text for text, (n, _) in COUNCIL_LOG.items() for _ in range(n)]
    # what no person would call antisocial behaviour
    others = ["Street light out", "Missed bin", "Pothole"] * 8
    assert len(texts + others) >= 900
    classified = classify_offences(pd.Series(texts + others))
    assert (classified["category"] == "asb").tolist() == [True] * len(texts) + [False] * len(others)
    assert {text: classify(text)[0][1] for text in COUNCIL_LOG} == {
        text: part for text, (_, part) in COUNCIL_LOG.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "Theft of motorbike", "Nuisance motorbike stolen", "Robbery of youths", "Assault by group of youths", "Not ASB",
        "Missing youth", "Youth club", "Car park", "ASB team visit", "No crime - noise", "Alarm - noise", "Dog theft",
        "Theft of dog", "Possession of cannabis", "Knife - youths congregating", "Damage to car by youths",
        "Caller says that youths were in the park and then went home after a while", "Suspicious vehicle",
    ],
)  # fmt: skip
def test_a_text_that_may_be_of_a_crime_is_not_read_by_its_words(text: str) -> None:
    assert classify(text) == [(UNRECOGNISED, None, None)]


def test_words_never_overrule_what_is_known_as_a_whole() -> None:
    assert classify("Criminal damage - graffiti", "Public order - drunk and disorderly", "Drugs - dealing") == [
        ("criminal-damage-and-arson", "criminal-damage", None),
        ("public-order", None, None),
        ("drugs", None, None),
    ]
    # and say the part of a category that is known
    assert classify("ASB - youths congregating") == [("asb", "asb-rowdy", None)]
    group, kind = pd.Series(["Antisocial behaviour", "Burglary"]), pd.Series(["Dogs barking", "Noise heard"])
    assert as_rows(classify_offences([group, kind])) == [("asb", "asb-animals", None), ("burglary", None, None)]


@given(
    words=st.permutations(["youths", "congregating", "shops", "near"]),
    gap=st.sampled_from((" ", " / ", ", ", "-", " (")),
    case=st.sampled_from((str.upper, str.lower, str.title)),
)
def test_the_order_of_words_and_signs_do_not_matter(words: list[str], gap: str, case: Any) -> None:
    assert classify(case(gap.join(words))) == [("asb", "asb-rowdy", None)]


def test_a_user_adds_words() -> None:
    extensions = {
        "word_groups": {"PLACE": ["kerb*", "pavement*"]},
        "other_words": ["permitted"],
        "parking": {"words": ["parking|parked PLACE"]},
    }
    texts = ("Van parked on the kerb", "Parking: pavements", "Parking", "Parking on kerb permitted")
    assert classify(*texts, extensions=extensions) == [
        ("parking", None, None),
        ("parking", None, None),
        (UNRECOGNISED, None, None),
        (UNRECOGNISED, None, None),
    ]


def test_a_group_that_spans_categories_is_not_put_into_one_of_them() -> None:
    assert classify("THEFT", "Theft offences", "Theft - something new") == [(UNRECOGNISED, None, None)] * 3


def test_carrying_a_knife_is_not_knife_crime() -> None:
    texts = ("Possession of weapons", "Possession of article with blade or point", "Offensive weapon")
    classified = classify_offences(pd.Series(texts))
    assert classified["category"].tolist() == ["possession-of-weapons"] * 3
    assert classified["is_knife"].isna().all()
    assert [crime.slug for crime in list_crimes(classified)] == ["possession-of-knives", "possession-of-weapons"]


def test_only_a_wording_that_names_a_knife_says_that_there_was_one() -> None:
    assert classify("Knife-enabled personal robbery", "Personal robbery") == [
        ("robbery", "personal-robbery", True),
        ("robbery", "personal-robbery", None),
    ]
    knives = [words for words, offence in load_definitions().offences.items() if offence.is_knife]
    assert knives
    assert all("knife" in words for words in knives)


def test_the_metropolitan_police_ward_table_is_recognised(real_data: Path) -> None:
    path = real_data / "population" / "mps_ward_level_crime_202403_202603.csv"
    texts = pd.read_csv(path, usecols=["MajorText", "MinorText"])
    classified = classify_offences([texts["MajorText"], texts["MinorText"]])
    assert not (classified["category"] == UNRECOGNISED).any()
    by_minor = classified.assign(minor=texts["MinorText"]).drop_duplicates("minor").set_index("minor")
    assert by_minor.loc["THEFT OR UNAUTH TAKING OF A MOTOR VEH", "subcategory"] == "theft-of-vehicle"
    assert by_minor.loc["RES BURGLARY OF UNCONNECTED BUILDING", "subcategory"] == "residential-burglary"
    assert by_minor.loc["RACE OR RELIGIOUS AGG PUBLIC FEAR", "subcategory"] == "public-fear"
    together = classify_offences(texts["MajorText"] + " / " + texts["MinorText"])
    assert as_rows(together.drop_duplicates()) == as_rows(classified.drop_duplicates())


def test_every_type_in_real_police_uk_files_is_recognised(real_data: Path) -> None:
    files = sorted(path for path in (real_data / "police_uk").rglob("*.csv*"))
    texts = pd.concat([pd.read_csv(path, usecols=["Crime type"])["Crime type"].drop_duplicates() for path in files])
    assert set(texts) <= set(POLICE_UK)
    assert classify_offences(texts)["category"].tolist() == [POLICE_UK[text] for text in texts]


# Classifying


def test_the_index_is_kept_and_a_missing_or_unknown_text_is_unrecognised() -> None:
    offences = pd.Series([" ROBBERY ", "ASB - Begging", "Piracy", None], index=[4, 5, 6, 7])
    classified = classify_offences(offences)
    assert as_rows(classified) == [
        ("robbery", None, None),
        ("asb", "asb-begging", None),
        (UNRECOGNISED, None, None),
        (UNRECOGNISED, None, None),
    ]
    assert classified.index.tolist() == [4, 5, 6, 7]
    assert classified.dtypes.astype(str).tolist() == ["category", "category", "boolean"]


def test_categorical_texts_and_no_texts_at_all() -> None:
    texts = pd.Series(["Robbery", None, "Robbery"], dtype="category")
    assert classify_offences(texts)["category"].tolist() == ["robbery", UNRECOGNISED, "robbery"]
    nothing = classify_offences(texts.iloc[:0])
    assert len(nothing) == 0
    assert nothing.dtypes.astype(str).tolist() == ["category", "category", "boolean"]


@pytest.mark.parametrize(
    ("text", "category", "subcategory"),
    [
        ("ROBBERY / ROBBERY OF PERSONAL PROPERTY", "robbery", "personal-robbery"),
        ("BURGLARY / BURGLARY - RESIDENTIAL", "burglary", "residential-burglary"),
        ("Theft: Bicycle Theft", "bicycle-theft", None),
        ("Vehicle offences \u2013 something new", "vehicle-crime", None),
        ("Theft from the person - Theft Act 1968 Sec 1", "theft-from-the-person", None),
        ("Attempted - Robbery (of Personal Property)", "robbery", "personal-robbery"),
        ("ASB - Noise", "asb", "asb-noise"),
        ("ASB - Drugs", "asb", "asb-substance-misuse"),
        ("Alarm - Burglary", UNRECOGNISED, None),
        ("No crime - Robbery", UNRECOGNISED, None),
        ("Robbery/Noise", UNRECOGNISED, None),
    ],
)
def test_a_group_may_stand_before_its_offence(text: str, category: str, subcategory: str | None) -> None:
    assert classify(text) == [(category, subcategory, None)]


def test_of_several_columns_the_most_specific_that_is_known_decides() -> None:
    major = pd.Series(["THEFT", "ROBBERY", "ROBBERY", "Other accepted", None, None, "Theft"])
    minor = pd.Series(["BICYCLE THEFT", "something new", None, "Shoplifting", "Arson", None, "something new"])
    assert as_rows(classify_offences([major, minor])) == [
        ("bicycle-theft", None, None),
        ("robbery", None, None),
        ("robbery", None, None),
        ("shoplifting", None, None),
        ("criminal-damage-and-arson", "arson", None),
        (UNRECOGNISED, None, None),
        (UNRECOGNISED, None, None),
    ]


def test_columns_are_read_together_first() -> None:
    major = pd.Series(["Robbery", "Violence Against the Person", "Criminal Damage"])
    minor = pd.Series(["Personal Property", "Offensive Weapon", "Personal Property"])
    assert as_rows(classify_offences([major, minor])) == [
        ("robbery", "personal-robbery", None),
        ("possession-of-weapons", None, None),
        ("criminal-damage-and-arson", "criminal-damage", None),
    ]


def test_columns_of_different_tables_are_refused() -> None:
    with pytest.raises(ParameterError, match="columns of one table, with one index; rows by column: 1, 2. Take"):
        classify_offences([pd.Series(["Theft"]), pd.Series(["Arson", "Noise"])])
    with pytest.raises(ParameterError, match="rows by column: none"):
        classify_offences([])


@given(st.lists(st.none() | st.text() | st.sampled_from(sorted(WORDINGS)), max_size=8), st.integers(1, 3))
def test_any_text_is_classified_and_each_row_alone(texts: list[str | None], n_columns: int) -> None:
    column = pd.Series(texts, dtype="object")
    rows = as_rows(classify_offences([column] * n_columns))
    assert rows == [row for text in texts for row in as_rows(classify_offences([pd.Series([text], dtype="object")]))]
    assert {row[0] for row in rows} <= set(CATEGORIES) | {UNRECOGNISED}


@given(st.sampled_from(sorted(WORDINGS)), st.data())
def test_case_space_and_punctuation_do_not_matter(wording: str, data: st.DataObject) -> None:
    cased = "".join(data.draw(st.sampled_from((char.upper(), char.lower()))) for char in wording)
    gap = data.draw(st.sampled_from((" ", "  ", "\t", "\u00a0", "_", ", ", " (", "\u2013")))
    end = data.draw(st.sampled_from(("", ".", " ", ")", ";")))
    changed = re.sub(r"\W+", lambda found: "'" if found[0] == "'" else gap, cased) + end
    assert classify(changed) == classify(wording)


def test_and_is_written_either_way() -> None:
    assert classify("Criminal Damage & Arson", "Motor Vehicle Interference & Tampering") == [
        ("criminal-damage-and-arson", None, None),
        ("vehicle-crime", "vehicle-interference", None),
    ]


# Asking for a crime


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
    assert crimes["asb-begging"].part_of == "asb"
    assert select_crime(incidents, crimes["asb-begging"]).tolist() == [False, False, True]
    assert select_crime(incidents, crimes["asb"]).tolist() == [False, False, True]


# A user's own table


def test_nothing_added_is_the_built_in_table() -> None:
    assert load_definitions({}) == load_definitions()


def test_a_user_adds_wordings_parts_and_categories() -> None:
    extensions = {
        "prefixes": ["Non-domestic"],
        "robbery": {
            "offences": ["Mugging"],
            "parts": {
                "personal-robbery": {"knife_offences": ["Mugging with knife"]},
                "cash-van-robbery": {"plural": "cash van robberies", "offences": ["Cash in transit"]},
            },
        },
        "dog-theft": {"offences": ["Theft of a dog"]},
    }
    texts = ("MUGGING", "Mugging with knife", "Cash-in-transit", "Theft of a dog", "Non-domestic - Mugging", "Arson")
    assert classify(*texts, extensions=extensions) == [
        ("robbery", None, None),
        ("robbery", "personal-robbery", True),
        ("robbery", "cash-van-robbery", None),
        ("dog-theft", None, None),
        ("robbery", None, None),
        ("criminal-damage-and-arson", "arson", None),
    ]
    assert classify("Mugging") == [(UNRECOGNISED, None, None)]
    crimes = load_definitions(extensions).crimes
    assert (crimes["dog-theft"].label, crimes["dog-theft"].plural) == ("Dog theft", "dog theft incidents")
    assert (crimes["cash-van-robbery"].label, crimes["cash-van-robbery"].plural) == (
        "Cash van robbery",
        "cash van robberies",
    )
    assert crimes["cash-van-robbery"].part_of == "robbery"
    assert crimes["personal-robbery"] == load_definitions().crimes["personal-robbery"]


def test_the_crimes_of_a_user_can_be_asked_for() -> None:
    definitions = load_definitions({"dog-theft": {"offences": ["Theft of a dog"]}})
    incidents = classify_offences(pd.Series(["Theft of a dog", "Robbery"]), definitions=definitions)
    crimes = list_crimes(incidents, definitions=definitions)
    assert [crime.slug for crime in crimes] == ["dog-theft", "robbery"]
    assert select_crime(incidents, crimes[0]).tolist() == [True, False]


def test_a_built_in_wording_means_what_the_user_says() -> None:
    extensions = {"other-theft": {"offences": ["Theft", "Handling stolen goods"]}}
    assert classify("Theft", "Handling stolen goods", extensions=extensions) == [("other-theft", None, None)] * 2


def test_a_user_may_rename_a_crime() -> None:
    crime = load_definitions({"asb": {"label": "Anti-social behaviour"}}).crimes["asb"]
    assert (crime.label, crime.plural) == ("Anti-social behaviour", "antisocial behaviour incidents")


@pytest.mark.parametrize(
    ("extensions", "message"),
    [
        ({"robbery": {"offence": ["Mugging"]}}, 'crimes.robbery has no key "offence". Did you mean "offences"?'),
        (
            {"robbery": {"xyz": 1}},
            'crimes.robbery has no key "xyz". It takes: label, plural, offences, knife_offences, words, parts.',
        ),
        (
            {"robbery": {"parts": {"van-robbery": {"parts": {}}}}},
            'crimes.robbery.parts.van-robbery has no key "parts". It takes: label, plural, offences, knife_offences, '
            "words.",
        ),
        (
            {"robbery": ["Mugging"]},
            "crimes.robbery must be a table; it is ['Mugging']. Begin it with the line [crimes.robbery].",
        ),
        ({"robbery": {"parts": ["a"]}}, "crimes.robbery.parts must be a table; it is ['a']."),
        (
            {"robbery": {"offences": "Mugging"}},
            "crimes.robbery.offences must be a list of texts, such as [\"Robbery\"]; it is 'Mugging'. Put square",
        ),
        ({"prefixes": "Attempt"}, "crimes.prefixes must be a list of texts"),
        ({"robbery": {"offences": [34]}}, "crimes.robbery.offences must be a text that is not blank; it is 34."),
        ({"robbery": {"label": " "}}, "crimes.robbery.label must be a text that is not blank; it is ' '."),
        (
            {"robbery": {"offences": ["--"]}},
            'A wording needs a letter or a digit; "--" in crimes.robbery.offences has none.',
        ),
        (
            {"robbery": {"offences": ["Mugging"]}, "theft-from-the-person": {"offences": ["MUGGING."]}},
            'A wording must belong to one crime; "MUGGING." is in crimes.robbery.offences and in '
            "crimes.theft-from-the-person.offences. Only its words count",
        ),
        (
            {"robbery": {"offences": ["Mugging"], "knife_offences": ["Mugging"]}},
            'A wording must belong to one crime; "Mugging" is in crimes.robbery.offences and in '
            "crimes.robbery.knife_off",
        ),
        (
            {"Dog Theft": {}},
            'lower-case words joined by hyphens; "Dog Theft" (crimes.Dog Theft) is not. Call it dog-theft,',
        ),
        ({"robbery": {"parts": {"../out": {}}}}, '"../out" (crimes.robbery.parts.../out) is not. Call it out,'),
        (
            {"knife-crime": {}},
            '"knife-crime" (crimes.knife-crime) is reserved: knife crime is any offence that the source flags',
        ),
        (
            {"robbery": {"parts": {"unrecognised": {}}}},
            '"unrecognised" (crimes.robbery.parts.unrecognised) is reserved',
        ),
        (
            {"robbery": {"parts": {"arson": {}}}},
            '"arson" (crimes.robbery.parts.arson) is already that of Arson '
            "(crimes.criminal-damage-and-arson.parts.arson). Add to it there, or choose another name.",
        ),
        (
            {"personal-robbery": {"offences": ["Mugging"]}},
            "is already that of Personal robbery (crimes.robbery.parts.personal-robbery). Add to it there",
        ),
        (
            {"asb": {"words": ["loud (music)"]}},
            '"(music)" in crimes.asb.words is none of them. Write it like "nuisance motorbike*|moped*".',
        ),
        ({"asb": {"words": ["NOBODY"]}}, '"NOBODY" in crimes.asb.words is none of them.'),
        ({"asb": {"words": "noise"}}, "crimes.asb.words must be a list of texts"),
        ({"robbery": {"parts": {"drugs": {}}}}, "is already that of Drugs (crimes.drugs). Add to it there"),
    ],
)
def test_a_mistake_in_a_users_table_is_explained(extensions: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(message)):
        load_definitions(extensions)


def test_definitions_that_are_no_table_are_refused() -> None:
    extensions: Any = ["robbery"]
    with pytest.raises(ParameterError, match=r"crimes must be a table; it is \['robbery'\]"):
        load_definitions(extensions)


def test_the_example_in_the_documentation_works() -> None:
    page = (REPOSITORY / "docs" / "crimes.md").read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE)
    definitions = load_definitions(tomllib.loads(example)["crimes"])
    named = {crime.slug for crime in definitions.crimes.values()} - set(load_definitions().crimes)
    assert named == {"moped-robbery", "parking"}
    assert KNIFE_CRIME not in definitions.crimes
    offences = pd.Series(
        ["Street robbery", "Robbery with bladed article", "Van parked on the pavement", "ASB Team - Noise"]
    )
    assert as_rows(classify_offences(offences, definitions=definitions)) == [
        ("robbery", "personal-robbery", None),
        ("robbery", None, True),
        ("parking", None, None),
        ("asb", "asb-noise", None),
    ]


def test_carrying_a_knife_is_not_knife_crime_whatever_the_flag_says() -> None:
    incidents = pd.DataFrame(
        {
            "category": ["robbery", "possession-of-weapons", "robbery"],
            "subcategory": [None, "possession-of-knives", None],
            "is_knife": pd.array([True, True, False], dtype="boolean"),
        }
    )
    knife = next(crime for crime in list_crimes(incidents) if crime.slug == KNIFE_CRIME)
    assert select_crime(incidents, knife).tolist() == [True, False, False]
    assert KNIFE_CRIME not in {crime.slug for crime in list_crimes(incidents.iloc[[1]])}


@pytest.mark.parametrize(
    ("word", "slug"),
    [("Robbery", "robbery"), (" ROBBERY ", "robbery"), ("Knife crime", "knife-crime"), ("knife_crime", "knife-crime")],
)
def test_a_crime_may_be_asked_for_in_any_letters(word: str, slug: str) -> None:
    incidents = table(is_knife=pd.Series([True, False, False]))
    assert find_crime(word, among=list_crimes(incidents)).slug == slug


def test_a_crime_that_is_misspelt_gets_the_likeliest() -> None:
    with pytest.raises(NotFoundError, match=r'No crime called "robery" in these incidents\. Did you mean "robbery"\?'):
        find_crime("robery", among=list_crimes(table()))
