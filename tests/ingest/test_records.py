from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, ParameterError
from hotspots.ingest.formats.input_files import find_files
from hotspots.ingest.formats.table import Table, chunk_of_frame
from hotspots.ingest.incidents.profiles import SourceProfile, parse_profile
from hotspots.ingest.incidents.record_schema import RECORDS, Oddity
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords, read_records
from hotspots.ingest.incidents.sources import PassedOver, find_sources
from hotspots.ingest.incidents.stated_areas import name_marked_areas

GRID = {"easting": "X", "northing": "Y"}
HERE = {"X": "536560", "Y": "178413"}
COUNCIL = parse_profile(
    "council",
    {
        "id": "Ref",
        "offence": "Offence",
        "start": "From",
        "end": "To",
        **GRID,
        "location": ["Road", "Place"],
        "location_kind": "Kind",
        "knife": "Knife",
        "ward": "Ward",
        "status": "Status",
    },
)
BLANK = dict.fromkeys(("Ref", "Offence", "From", "To", "X", "Y", "Road", "Place", "Kind", "Knife", "Ward", "Status"))
A_ROW = {**BLANK, **HERE, "Ref": "1", "Offence": "Robbery", "From": "31/01/2026 18:05"}


def make_table(*rows: dict[str, Any]) -> Table:
    frame = pd.DataFrame(list(rows), dtype="object")

    def read(names: Any) -> Any:
        yield chunk_of_frame(frame[[name for name in frame if name in names]])

    return Table(label="made", kind="made", sha256="", header=tuple(frame.columns), read=read)


def read_rows(profile: SourceProfile, *rows: dict[str, Any], **options: Any) -> TableRecords:
    return read_records(make_table(*rows), profile, ReadingOptions(**options))


def read_row(profile: SourceProfile = COUNCIL, /, **row: Any) -> dict[str, Any]:
    (record,) = read_rows(profile, {**A_ROW, **row}).records.to_pylist()
    return dict(record)


def oddities(record: dict[str, Any]) -> Oddity:
    return Oddity(record["oddities"])


def test_a_plain_row() -> None:
    read = read_rows(COUNCIL, {**A_ROW, "To": "31/01/2026 18:20", "Place": "Deptford Station", "Kind": "Street",
                               "Knife": "N", "Ward": "E05009317"})  # fmt: skip
    assert read.records.schema == RECORDS
    assert read.data_status is None
    assert read.records.drop_columns(["location_mark"]).to_pylist() == [
        {
            "source_row": 1,
            "incident_id": "1",
            "category": "robbery",
            "subcategory": None,
            "is_knife": False,
            "started_at": pd.Timestamp("2026-01-31 18:05"),
            "ended_at": pd.Timestamp("2026-01-31 18:20"),
            "time_precision": "minute",
            "location": "Deptford Station",
            "location_kind": "street",
            "location_precision": "point",
            "easting": 536560.0,
            "northing": 178413.0,
            "stated_ward": "E05009317",
            "stated_area": None,
            "unrecognised_offence": None,
            "unread_knife": None,
            "oddities": 0,
            "reason": None,
            "detail": None,
        }
    ]


def test_a_missing_word_has_a_code_that_arrow_can_look_up() -> None:
    # unify_dictionaries reads the code under a missing value as well: one below 0 lies before its table, and ends the
    # process now and then
    records = read_rows(
        COUNCIL, A_ROW, {**A_ROW, "Road": "High Street"}, {**A_ROW, "Offence": None, "From": "?"}
    ).records
    words = [name for name in records.column_names if pa.types.is_dictionary(records.schema.field(name).type)]
    assert records["location"].null_count == 2
    for name in words:
        for chunk in records[name].chunks:
            codes = np.frombuffer(chunk.indices.buffers()[1], dtype=np.int32)[: len(chunk)]
            assert codes.min() >= 0, name
            assert codes.max() < max(len(chunk.dictionary), 1), name


def test_records_hold_no_word_that_is_on_no_row() -> None:
    home, knife = "12 Hither Green Lane", "Mrs Patel had it"
    records = read_rows(COUNCIL, {**A_ROW, "Road": home, "Kind": home, "Knife": knife}, A_ROW).records
    for name in records.column_names:
        if pa.types.is_dictionary(records.schema.field(name).type):
            for chunk in records[name].chunks:
                assert set(chunk.dictionary.to_pylist()) == set(chunk.to_pylist()) - {None}, name


def test_what_a_profile_says_of_all_rows() -> None:
    profile = parse_profile("s", {"every_offence": "asb", "every_date": "2026-01", **GRID})
    first, second = read_rows(profile, HERE, {"X": None, "Y": None}).records.to_pylist()
    assert (first["category"], first["time_precision"]) == ("asb", "month")
    assert first["started_at"] == pd.Timestamp("2026-01-01")
    assert first["reason"] is None
    # what is said of all rows is said of a blank one too
    assert (second["category"], second["reason"]) == ("asb", "no location")


def test_every_offence_may_be_a_part_or_a_wording() -> None:
    for said, category, part in (
        ("personal-robbery", "robbery", "personal-robbery"),
        ("Anti-social behaviour", "asb", None),
    ):
        profile = parse_profile("s", {"every_offence": said, "every_date": "2026-01-31", **GRID})
        (record,) = read_rows(profile, HERE).records.to_pylist()
        assert (record["category"], record["subcategory"]) == (category, part)
        assert record["time_precision"] == "day"


def test_a_crime_that_is_not_defined_is_explained() -> None:
    profile = parse_profile("s", {"every_offence": "robery", "every_date": "2026-01", **GRID})
    with pytest.raises(
        ParameterError, match=r'Source profile s says that "robery" is "robery".*Did you mean "robbery"'
    ):
        read_rows(profile, HERE)
    profile = parse_profile(
        "s", {"offence": "Offence", "every_date": "2026-01", **GRID, "offences": {"Fight": "fihgt"}}
    )
    with pytest.raises(ParameterError, match='Source profile s says that "Fight" is "fihgt", and there is no such'):
        read_rows(profile, A_ROW)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match='made has no column "Ref", which source profile council names for id. It has'):
        read_rows(COUNCIL, HERE)


def test_wordings_of_a_profile_come_before_the_built_in_ones() -> None:
    profile = parse_profile(
        "s",
        {
            "offence": "Offence",
            "every_date": "2026-01",
            **GRID,
            "offences": {"GROUP drinking": "asb", "Robbery": "burglary"},
        },
    )
    rows = [{**HERE, "Offence": text} for text in ("Group-drinking", "Robbery", "Shoplifting", "Yodelling", None)]
    records = read_rows(profile, *rows).records.to_pylist()
    assert [record["category"] for record in records] == ["asb", "burglary", "shoplifting", *["unrecognised"] * 2]
    assert [record["unrecognised_offence"] for record in records] == [None, None, None, "(other texts)", "(blank)"]


def test_of_several_columns_the_most_specific_known_text_decides() -> None:
    profile = parse_profile("s", {"offence": ["Major", "Minor"], "every_date": "2026-01", **GRID})
    texts = (
        ("Robbery", "Personal Property"),
        ("Robbery", "Other"),
        ("Burglary", None),
        *[("Odd", "Service")] * 10,
        *[("Water", None)] * 10,
    )
    records = read_rows(profile, *({**HERE, "Major": a, "Minor": b} for a, b in texts)).records.to_pylist()
    assert [record["category"] for record in records] == ["robbery", "robbery", "burglary", *["unrecognised"] * 20]
    assert [record["unrecognised_offence"] for record in records[3:]] == [*["Service"] * 10, *["Water"] * 10]


@pytest.mark.parametrize(
    ("text", "is_knife", "unread"),
    [("Y", True, None), (" yes ", True, None), ("TRUE", True, None), ("1", True, None), ("n", False, None),
     ("No", False, None),
     (None, None, None), ("maybe", None, "(other texts)")],
)  # fmt: skip
def test_a_knife_flag(text: str | None, is_knife: bool | None, unread: str | None) -> None:
    record = read_row(Knife=text)
    assert (record["is_knife"], record["unread_knife"]) == (is_knife, unread)


def test_a_profile_says_which_words_mean_a_knife() -> None:
    profile = parse_profile("s", {"offence": "Offence", "start": "From", **GRID, "knife": "Knife",
                                  "knife_words": ["Blade", "Machete"]})  # fmt: skip
    texts = ("machete", *["Gun"] * 10, "Jo Bloggs", "Y", "no", None)
    records = read_rows(profile, *({**A_ROW, "Knife": text} for text in texts)).records.to_pylist()
    assert [record["is_knife"] for record in records] == [True, *[False] * 11, True, False, None]
    # what is taken for no is named, since half of the words for a knife are easily left out
    assert [record["unread_knife"] for record in records[:12]] == [None, *["Gun"] * 10, "(other texts)"]
    assert [record["unread_knife"] for record in records[12:]] == [None] * 3


def test_an_offence_that_names_a_knife_needs_no_flag() -> None:
    from hotspots.crimes import load_definitions

    knife = next(words for words, offence in load_definitions().offences.items() if offence.is_knife)
    assert read_row(Offence=knife)["is_knife"] is True
    assert read_row(Offence=knife, Knife="N")["is_knife"] is True


@pytest.mark.parametrize(
    ("start", "end", "ended_at", "precision", "odd"),
    [
        ("31/01/2026 18:05", "31/01/2026 18:05", "2026-01-31 18:05", "minute", 0),
        ("31/01/2026 18:05", "31/01/2026 18:04", None, "minute", Oddity.REVERSED),
        ("31/01/2026 18:05", "31/01/2026", "2026-01-31 23:59", "minute", 0),
        ("31/01/2026 18:05", "30/01/2026", None, "minute", Oddity.REVERSED),
        ("31/01/2026 18:05", "later", None, "minute", Oddity.END_UNREADABLE),
        ("31/01/2026 18:05", "2026-02", None, "minute", Oddity.END_UNREADABLE),
        ("31/01/2026", "01/02/2026 09:00", "2026-02-01 09:00", "day", 0),
        ("2026-01", "01/02/2026 09:00", None, "month", 0),
        # a form fills in midnight where nobody knew the time
        ("31/01/2026 00:00", None, None, "day", Oddity.MIDNIGHT),
        ("31/01/2026 00:00", "01/02/2026 00:00", "2026-02-01 00:00", "day", Oddity.MIDNIGHT),
        ("31/01/2026 00:00", "31/01/2026 23:59", "2026-01-31 23:59", "day", Oddity.MIDNIGHT),
        ("31/01/2026 00:00", "31/01/2026", "2026-01-31 23:59", "day", Oddity.MIDNIGHT),
        ("31/01/2026 00:00", "31/01/2026 00:40", "2026-01-31 00:40", "minute", 0),
        ("31/01/2026 00:01", None, None, "minute", 0),
        # the clock went forward at 01:00 and back at 02:00
        ("29/03/2026 01:30", None, None, "minute", Oddity.NONEXISTENT_TIME),
        ("25/10/2026 01:30", None, None, "minute", Oddity.AMBIGUOUS_TIME),
        # in UTC an interval over the hour that is there twice keeps its order
        ("2026-10-25T00:50Z", "2026-10-25T01:10Z", "2026-10-25 01:50", "minute", Oddity.CONVERTED_TIME),
    ],
)  # fmt: skip
def test_start_and_end_are_settled_together(
    start: str, end: str | None, ended_at: str | None, precision: str, odd: int
) -> None:
    record = read_row(From=start, To=end)
    assert record["reason"] is None
    assert record["ended_at"] == (ended_at and pd.Timestamp(ended_at))
    assert record["time_precision"] == precision
    assert oddities(record) == odd


@pytest.mark.parametrize(
    ("changes", "reason", "detail"),
    [
        ({"From": None}, "no date", None),
        ({"From": "99/99/2026"}, "unreadable date", "From 99/99/9999"),
        ({"From": "31/02/2026"}, "unreadable date", None),
        ({"From": "31/01/1926"}, "implausible date", None),
        ({"From": "31/01/9999"}, "implausible date", None),
        ({"X": None}, "no location", None),
        ({"X": "0", "Y": "0"}, "location at 0, 0", "X 0, Y 0"),
        ({"X": "here"}, "unreadable location", None),
        ({"X": "9536560"}, "location outside Great Britain", "X 9999999, Y 999999"),
        ({"From": None, "X": None}, "no date", None),
        (dict.fromkeys(A_ROW), "blank row", None),
    ],
)
def test_a_row_that_cannot_be_used_says_why(changes: dict[str, Any], reason: str, detail: str | None) -> None:
    record = read_row(**changes)
    assert record["reason"] == reason
    if detail:
        assert record["detail"] == detail


def test_the_place_is_the_most_specific_that_is_said() -> None:
    assert read_row(Road="High Street", Place="Deptford Station")["location"] == "Deptford Station"
    assert read_row(Road="High Street")["location"] == "High Street"
    assert read_row(Road="No Location")["location"] is None
    assert read_row(Road="On or near ")["location"] is None
    assert read_row(Road="On or near Rye Lane")["location"] == "Rye Lane"
    assert read_row()["location"] is None


def test_a_person_in_a_place_is_masked() -> None:
    record = read_row(Road="High Street, ring 07700 900123")
    assert record["location"] == "High Street"
    assert oddities(record) == Oddity.MASKED


def test_what_is_left_of_a_text_that_held_a_name_is_not_kept() -> None:
    record = read_row(Road="Mrs Patel, 12 Hither Green Lane")
    assert record["location"] is None
    assert oddities(record) == Oddity.MASKED


@pytest.mark.parametrize("road", ["114 Peckham High Street", "Flat 3, 114 Peckham High Street SE15 4ST"])
@pytest.mark.parametrize("is_anonymised", [False, True])
def test_the_place_of_an_address_is_its_street(road: str, is_anonymised: bool) -> None:
    """Also where the profile says, wrongly, that the places were moved."""
    profile = parse_profile("s", {"offence": "Offence", "start": "From", **GRID, "location": "Road",
                                  "location_kind": "Kind", "is_anonymised": is_anonymised})  # fmt: skip
    record = read_row(profile, Road=road, Kind=road)
    assert record["location"] == "Peckham High Street"
    assert record["location_kind"] is None


def test_texts_that_are_not_of_places_hold_no_address() -> None:
    record = read_row(Offence="114 Peckham High Street", Knife="Flat 3, 22 Rye Lane")
    assert (record["unrecognised_offence"], record["unread_knife"]) == ("(other texts)", "(other texts)")


def test_two_houses_of_a_street_are_told_apart() -> None:
    """By rows of one ID that are alike but for the number, which are no repeats of each other."""
    marks = [read_row(Road=road)["location_mark"] for road in ("114 Rye Lane", "116 Rye Lane", "114 Rye Lane", None)]
    assert marks[0] == marks[2] != marks[1]
    assert marks[3] == 0


def test_streets_that_a_force_publishes_are_not_masked() -> None:
    profile = parse_profile("s", {"offence": "Offence", "start": "From", **GRID, "location": "Road",
                                  "is_anonymised": True})  # fmt: skip
    assert read_row(profile, Road="On or near Victoria Gillian")["location"] == "On or near Victoria Gillian"


def test_kinds_of_places_are_stated_or_told_by_the_place() -> None:
    table = {"offence": "Offence", "start": "From", **GRID, "location": "Road", "location_kind": "Kind",
             "location_kinds": {"The Albany": "licensed premises", "DWG": "home"}}  # fmt: skip
    profile = parse_profile("s", table)
    rows = [
        ("the albany", None),
        ("On or near The Albany", None),
        ("The Albany", "Dwg"),
        ("Elsewhere", "Car Park"),
        (None, None),
    ]
    records = [read_row(profile, Road=road, Kind=kind) for road, kind in rows]
    assert [record["location_kind"] for record in records] == [
        *["licensed premises"] * 2, "home", "car park", None]  # fmt: skip


def test_anonymised_points_say_so() -> None:
    profile = parse_profile("s", {"offence": "Offence", "start": "From", **GRID, "is_anonymised": True})
    assert read_row(profile)["location_precision"] == "anonymised"


def test_what_a_table_says_of_itself() -> None:
    rows = [{**A_ROW, "Status": status} for status in ("Synthetic", "final", "DRAFT ", None)]
    assert read_rows(COUNCIL, *rows).data_status == "draft, synthetic"


def read_file(path: Path, **options: Any) -> list[dict[str, Any]]:
    chosen = ReadingOptions(**options)
    (file,) = find_files([path], suffixes=(path.suffix,), what="incidents")
    (source,) = find_sources(file, chosen)
    assert not isinstance(source, PassedOver)
    return list(read_records(source.table, source.profile, chosen).records.to_pylist())


def test_an_extract_in_another_language(tmp_path: Path) -> None:
    path = tmp_path / "hurto_a_persona.csv"
    path.write_text(
        "fecha_hecho;cantidad;latitud;longitud;sexo;edad;lugar;modalidad;conducta;nombre_barrio\n"
        "2019-07-15T13:05:00.000-05:00;1;6,247112;-75,570092;Mujer;34;Vía pública;Atraco;Hurto a persona;Boston\n"
        "2019-07-16T01:00:00.000-05:00;1;6,25;-75,57;Hombre;27;Bar;Cosquilleo;Hurto a persona;Sin dato\n"
        "15/07/2019;1;;;Mujer;19;Parque;Atraco;Hurto a persona;Prado\n",
        "cp1252",
    )
    profile = parse_profile(
        "medellin",
        {
            "files": "hurto*.csv",
            "delimiter": ";",
            "encoding": "cp1252",
            "decimal": ",",
            "offence": ["conducta", "modalidad"],
            "start": "fecha_hecho",
            "clock": "local",
            "longitude": "longitud",
            "latitude": "latitud",
            "location": "nombre_barrio",
            "location_kind": "lugar",
            "location_kinds": {"Vía pública": "street", "Bar": "licensed premises"},
            "offences": {"Hurto a persona": "theft-from-the-person", "Atraco": "robbery"},
        },
    )
    first, second, third = read_file(path, profiles=(profile,), crs="EPSG:3116", time_zone="America/Bogota")
    assert (first["category"], second["category"]) == ("robbery", "theft-from-the-person")
    assert first["started_at"] == pd.Timestamp("2019-07-15 13:05")
    assert (first["location_kind"], second["location_kind"]) == ("street", "licensed premises")
    assert first["location"] is None  # no word for a place, and two rows
    # MAGNA-SIRGAS / Colombia Bogota has its origin at 4.596 N, 74.078 W, and 1,000,000 m there
    assert 820_000 < first["easting"] < 850_000
    assert 1_170_000 < first["northing"] < 1_190_000
    assert (third["reason"], third["started_at"]) == ("no location", pd.Timestamp("2019-07-15"))


def test_malformed_rows_keep_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "Offence,Date,Easting,Northing\n"
        "Robbery,2026-01-31,536560,178413\n"
        "Robbery,2026-01-31,536560\n"
        ",,,\n"
        "Robbery,2026-01-31,536560,178413,more\n"
        "Robbery,2026-01-31,536560,178413\n"
    )
    rows = {record["source_row"]: record["reason"] for record in read_file(path)}
    assert rows == {1: None, 2: "malformed row", 3: "blank row", 4: "malformed row", 5: None}


def test_a_time_zone_that_does_not_exist_is_explained() -> None:
    with pytest.raises(ParameterError, match='No time zone called "Europe/Lundon"'):
        read_rows(COUNCIL, A_ROW, time_zone="Europe/Lundon")


texts = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["31/01/2026 00:00", "536560", "Robbery", "Y", "0"]))


@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(BLANK, texts)), min_size=1, max_size=4))
@pytest.mark.slow
def test_any_row_becomes_one_record_that_can_be_used_or_says_why(rows: list[dict[str, str | None]]) -> None:
    records = read_rows(COUNCIL, *rows).records.to_pylist()
    assert [record["source_row"] for record in records] == list(range(1, len(rows) + 1))
    for record in records:
        known = (record["started_at"], record["easting"], record["northing"], record["location_precision"])
        assert (record["reason"] is None) <= all(value is not None for value in known)
        assert record["ended_at"] is None or record["reason"] or record["ended_at"] >= record["started_at"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("POINT (-90.03123 35.12345)", "WKT POINT (-90.0 35.1)"),  # what must be corrected is seen, and not where
        ("POINT (07700900123 1)", "WKT POINT (99999999999 9)"),
        ("Jo Bloggs 020.7946.0958", "WKT Aa Aaaaaa 999.9999.9999"),
    ],
)
def test_degrees_that_are_refused_are_shown_and_numbers_of_people_are_not(text: str, shown: str) -> None:
    profile = parse_profile("s", {"offence": "Offence", "start": "From", "wkt": "WKT", "crs": "EPSG:4326"})
    (record,) = read_rows(profile, {**A_ROW, "WKT": text}).records.to_pylist()
    assert shown in record["detail"]
    assert "Bloggs" not in record["detail"]


def test_kinds_are_read_as_those_of_their_group() -> None:
    profile = parse_profile(
        "kinds", {"offence": "ASB Type", "offence_group": "ASB", "start": "From", **GRID, "area": ["Beat", "Sector"]}
    )
    kinds = ("Personal", "Environmental", "Criminal damage", "Something else", None)
    rows = [{**HERE, "From": "31/01/2026", "ASB Type": kind, "Beat": "B1", "Sector": "North"} for kind in kinds]
    read = read_rows(profile, *rows).records.to_pylist()
    assert [(row["category"], row["subcategory"]) for row in read] == [
        ("asb", "asb-personal"),
        ("asb", "asb-environmental"),
        ("asb", None),
        ("asb", None),
        ("unrecognised", None),
    ]


def test_a_name_that_few_rows_have_is_no_area() -> None:
    profile = parse_profile("areas", {"offence": "Offence", "start": "From", **GRID, "area": ["Beat", "Sector"]})
    few, many = (read_rows(profile, *[{**A_ROW, "Beat": "B1", "Sector": "North"}] * n).records for n in (5, 10))
    # it may be somebody's
    assert "North" not in str(few["stated_area"].to_pylist())
    assert set(name_marked_areas(few)["stated_area"].to_pylist()) == {"B1"}
    # another table shows that it is an area
    both = name_marked_areas(pa.concat_tables([few, many]).unify_dictionaries())
    assert both["stated_area"].to_pylist() == ["B1|North"] * 15
    # and so do boundaries, in their spelling
    assert name_marked_areas(few, known=["NORTH", "South"])["stated_area"].to_pylist() == ["B1|NORTH"] * 5
