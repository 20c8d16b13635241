from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from unittest import mock

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.ingest.formats.input_files import find_files
from hotspots.ingest.formats.table import Chunk, Table, chunk_of_frame
from hotspots.ingest.incidents.column_words import say_columns
from hotspots.ingest.incidents.locations import sample_coordinates
from hotspots.ingest.incidents.profiles import SourceProfile, format_profile, parse_profile
from hotspots.ingest.incidents.recognition import UnknownLayoutError, is_header, recognise
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.incidents.sources import PassedOver, find_sources
from hotspots.ingest.texts.clock_times import parse_times

PLACE = {"Easting": "536560", "Northing": "178413"}
DEGREES = {"Longitude": "-0.034481", "Latitude": "51.488184"}


def make_table(columns: dict[str, Any], *, label: str = "data/Crimes 2026.csv") -> Table:
    """A table of two rows, in which a text stands for both."""
    rows = {name: value if isinstance(value, list) else [value] * 2 for name, value in columns.items()}
    frame = pd.DataFrame(rows, dtype="object").replace("", None)

    def read(names: Any) -> Any:
        chunk = chunk_of_frame(frame[[name for name in frame if name in names]])
        yield Chunk(columns=chunk.columns, row=chunk.row)

    return Table(label=label, kind="made", sha256="", header=tuple(columns), read=read)


def recognised(columns: dict[str, Any], *, crs: str = "EPSG:27700") -> dict[str, Any]:
    """What a profile says beyond the defaults, as it would be written down."""
    profile = recognise(make_table(columns), crs=crs).profile
    (table,) = tomllib.loads(format_profile(profile))["sources"].values()
    return dict(table)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(
            {"Crime Ref": "1", "Offence": "Robbery", "Date From": "31/12/2025 18:05", "Date To": "31/12/2025 18:20",
             **PLACE, "Location": "Grove Street", "Location Type": "Street", "Knife Flag": "Y", "Name": "A"},
            {"id": "Crime Ref", "offence": "Offence", "start": "Date From", "end": "Date To", "easting": "Easting",
             "northing": "Northing", "location": "Location", "location_kind": "Location Type", "knife": "Knife Flag"},
            id="an extract of a council",
        ),
        pytest.param(
            {"Month": "2026-01", "Longitude": "-0.03", "Latitude": "51.48", "Crime type": "Robbery"},
            {"offence": "Crime type", "start": "Month", "longitude": "Longitude", "latitude": "Latitude",
             "crs": "police.uk", "is_anonymised": True, "is_monthly": True},
            id="police.uk, what is needed",
        ),
        pytest.param(
            {"MajorText": "Robbery", "MinorText": "Personal Property", "Committed Date": "2026-01-31", **PLACE,
             "WardCode": "E05009317"},
            {"offence": ["MajorText", "MinorText"], "start": "Committed Date", "easting": "Easting",
             "northing": "Northing", "ward": "WardCode"},
            id="Metropolitan Police",
        ),
        pytest.param(
            {"ID": "1", "Case Number": "JA1", "Date": "12/31/2025 11:55:00 PM", "Block": "001XX W STATE ST",
             "Primary Type": "ROBBERY", "Description": "ARMED", "Location Description": "STREET", "Ward": "4",
             "X Coordinate": "1176000", "Y Coordinate": "1900000", "Year": "2025", "Updated On": "01/08/2026",
             "Latitude": "41.88", "Longitude": "-87.62", "Location": "(41.88, -87.62)"},
            {"id": "Case Number", "offence": ["Primary Type", "Description"], "start": "Date",
             "date_order": "month-first", "longitude": "Longitude", "latitude": "Latitude", "location": "Block",
             "location_kind": "Location Description", "area": "Ward"},
            id="Chicago",
        ),
        pytest.param(
            {"TYPE": "Mischief", "YEAR": "2025", "MONTH": "6", "DAY": "13", "HOUR": "4", "MINUTE": "5",
             "HUNDRED_BLOCK": "9XX GRANVILLE ST", "NEIGHBOURHOOD": "Central", "X": "491285.4", "Y": "5459000.1"},
            {"offence": "TYPE", "start": ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE"], "easting": "X", "northing": "Y",
             "location": "HUNDRED_BLOCK", "area": "NEIGHBOURHOOD"},
            id="Vancouver",
        ),
        pytest.param(
            {"X": "-8572000", "Y": "4707000", "REPORT_DAT": "2025/06/14 04:00:00+00", "OFFENSE": "ROBBERY",
             "METHOD": "GUN", "BLOCK": "700 BLOCK OF H ST", "LATITUDE": "38.9", "LONGITUDE": "-77.0",
             "StartDateTime_utc": "2025-06-13 10:00", "StartDateTime_local": "2025-06-13 06:00",
             "EndDateTime_local": "2025-06-13 06:30", "CCN": "25090000"},
            {"offence": "OFFENSE", "start": "StartDateTime_local", "end": "EndDateTime_local", "clock": "local",
             "longitude": "LONGITUDE", "latitude": "LATITUDE", "location": "BLOCK"},
            id="Washington",
        ),
        pytest.param(
            {"INCIDENT_NUMBER": "I1", "OFFENSE_DESCRIPTION": "LARCENY", "OCCURRED_ON_DATE": "2025-06-13 10:05:00",
             "YEAR": "2025", "MONTH": "6", "DAY_OF_WEEK": "Friday", "HOUR": "10", "STREET": "MAIN ST", "Lat": "42.35",
             "Long": "-71.06", "Location": "(42.35000000, -71.06000000)"},
            {"id": "INCIDENT_NUMBER", "offence": "OFFENSE_DESCRIPTION", "start": "OCCURRED_ON_DATE",
             "longitude": "Long", "latitude": "Lat", "location": "STREET"},
            id="Boston",
        ),
        pytest.param(
            {"Incident Datetime": "2025/06/13 10:05:00 AM", "Incident Date": "2025/06/13", "Incident Time": "10:05",
             "Report Datetime": "2025/06/14 09:00:00 AM", "Incident ID": "1", "Incident Category": "Robbery",
             "Incident Subcategory": "Robbery - Street", "Latitude": "37.77", "Longitude": "-122.41"},
            {"id": "Incident ID", "offence": ["Incident Category", "Incident Subcategory"],
             "start": "Incident Datetime", "longitude": "Longitude", "latitude": "Latitude"},
            id="San Francisco",
        ),
        pytest.param(
            {"DR_NO": "1", "Date Rptd": "06/14/2025", "DATE OCC": "06/13/2025", "TIME OCC": "2230",
             "Crm Cd Desc": "ROBBERY", "Premis Desc": "STREET", "LOCATION": "1100 W 39TH", "LAT": "34.0",
             "LON": "-118.2"},
            {"id": "DR_NO", "offence": "Crm Cd Desc", "start": ["DATE OCC", "TIME OCC"], "date_order": "month-first",
             "longitude": "LON", "latitude": "LAT", "location": "LOCATION", "location_kind": "Premis Desc"},
            id="Los Angeles",
        ),
        pytest.param(
            {"CMPLNT_NUM": "1", "CMPLNT_FR_DT": "06/13/2025", "CMPLNT_FR_TM": "22:30:00", "CMPLNT_TO_DT": "06/14/2025",
             "CMPLNT_TO_TM": "01:00:00", "RPT_DT": "06/15/2025", "OFNS_DESC": "ROBBERY", "PREM_TYP_DESC": "STREET",
             "X_COORD_CD": "1001000", "Y_COORD_CD": "230000", "Latitude": "40.8", "Longitude": "-73.9"},
            {"id": "CMPLNT_NUM", "offence": "OFNS_DESC", "start": ["CMPLNT_FR_DT", "CMPLNT_FR_TM"],
             "end": ["CMPLNT_TO_DT", "CMPLNT_TO_TM"], "date_order": "month-first", "longitude": "Longitude",
             "latitude": "Latitude", "location_kind": "PREM_TYP_DESC"},
            id="New York",
        ),
        pytest.param(
            {"crimeRef": "1", "offenceType": "Robbery", "dateFrom": "2026-01-31 10:00", "gridRef": "TQ3656078413"},
            {"id": "crimeRef", "offence": "offenceType", "start": "dateFrom", "grid_reference": "gridRef"},
            id="camelCase and a grid reference",
        ),
        pytest.param(
            {"incident_id": "1", "incident_type": "ASB", "incident_date": "2026-01-31", "incident_time": "10:00",
             "post_code": "SE8 3QQ"},
            {"id": "incident_id", "offence": "incident_type", "start": ["incident_date", "incident_time"],
             "postcode": "post_code"},
            id="snake_case and a postcode",
        ),
        pytest.param(
            {" OFFENCE ": "ASB", "Date  of\nOffence": "31/01/2026", "Time-of-Offence": "1005", " Easting (m)": "536560",
             "NORTHING (m) ": "178413"},
            {"offence": " OFFENCE ", "start": ["Date  of\nOffence", "Time-of-Offence"], "easting": " Easting (m)",
             "northing": "NORTHING (m) "},
            id="stray spaces and signs",
        ),
        pytest.param(
            {"Offence": "ASB", "Committed From Date": "31/01/2026", "Committed From Time": "10:00",
             "Committed To Date": "01/02/2026", "Committed To Time": "09:00", "LSOA Code": "E01003244"},
            {"offence": "Offence", "start": ["Committed From Date", "Committed From Time"],
             "end": ["Committed To Date", "Committed To Time"], "lsoa": "LSOA Code"},
            id="committed from and to, and a small area",
        ),
        pytest.param(
            {"Category": "ASB", "Date UTC": "2026-01-31", "Time UTC": "10:00", "WKT": "POINT (-0.03 51.48)"},
            {"offence": "Category", "start": ["Date UTC", "Time UTC"], "clock": "utc", "wkt": "WKT",
             "crs": "EPSG:4326"},
            id="UTC and well-known text in degrees",
        ),
        pytest.param(
            {"Category": "ASB", "Date": "2026-01-31", "WKT": "POINT (536560 178413)"},
            {"offence": "Category", "start": "Date", "wkt": "WKT"},
            id="well-known text in metres",
        ),
        pytest.param(
            {"Category": "ASB", "Date": "2026-01-31", "GPS": "51.48, -0.03"},
            {"offence": "Category", "start": "Date", "longitude": "GPS", "latitude": "GPS"},
            id="both coordinates in one column",
        ),
        pytest.param(
            {"Category": "ASB", "Date": "2026-01-31", "Easting": None, "Northing": None, "Lat": "51.48",
             "Lon": "-0.03"},
            {"offence": "Category", "start": "Date", "easting": "Easting", "northing": "Northing", "longitude": "Lon",
             "latitude": "Lat"},
            id="two pairs of coordinates",
        ),
    ],
)  # fmt: skip
def test_usual_layouts(columns: dict[str, Any], expected: dict[str, Any]) -> None:
    assert recognised(columns) == expected


def test_police_uk_with_all_its_columns() -> None:
    names = ("Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code")
    rest = ("LSOA name", "Crime type", "Last outcome category", "Context")
    profile = recognise(make_table(dict.fromkeys((*names, *rest), "a")), crs="EPSG:27700").profile
    assert profile.columns == {
        "id": ("Crime ID",),
        "offence": ("Crime type",),
        "start": ("Month",),
        "longitude": ("Longitude",),
        "latitude": ("Latitude",),
        "lsoa": ("LSOA code",),
        "location": ("Location",),
        "status": ("Context",),
    }
    assert (profile.name, profile.crs, profile.is_anonymised) == ("police-uk", "police.uk", True)
    assert profile.location_kinds["supermarket"] == "shop"


@pytest.mark.parametrize("name", ["ASB Type", "Type of ASB", "ASB Category", "Anti-social behaviour type"])
def test_a_column_of_kinds_of_antisocial_behaviour_says_so(name: str) -> None:
    found = recognised({name: "Noise", "Date": "2026-01-31", **PLACE})
    assert (found["offence"], found["offence_group"]) == (name, "ASB")
    assert "offence_group" not in recognised({"Incident Type": "ASB", name: "Noise", "Date": "2026-01-31", **PLACE})


def start_of(**columns: Any) -> Any:
    return recognised({"Offence": "ASB", **PLACE, **columns})["start"]


@pytest.mark.parametrize(
    ("columns", "start"),
    [
        # when it became known says less than when it happened
        ({"Date Recorded": "02/02/2026", "Date From": "01/02/2026"}, "Date From"),
        ({"Date Reported": "02/02/2026", "Date": "01/02/2026"}, "Date"),
        ({"Report Date": "02/02/2026", "Committed Date": "01/02/2026"}, "Committed Date"),
        ({"Date Reported": "02/02/2026", "Month": "2026-02"}, "Date Reported"),
        ({"Month": "2026-02"}, "Month"),
        # a column that is empty, or holds something else, is not it
        ({"Date From": "", "Date Recorded": "02/02/2026"}, "Date Recorded"),
        ({"Start": "Deptford", "Incident Date": "02/02/2026"}, "Incident Date"),
        ({"Month": "January", "Date": "12/31/2026"}, "Date"),
        # a time is joined to a date that has none, if it is one
        ({"Date": "02/02/2026", "Time": "18:05"}, ["Date", "Time"]),
        ({"Date": "02/02/2026 18:05", "Time": "18:05"}, "Date"),
        ({"Date": "2026-02-02T00:00:00", "Time": "18:05"}, ["Date", "Time"]),
        ({"Date": "02/02/2026", "Time": "Night"}, "Date"),
        ({"Date": "02/02/2026", "Time": ["", "18:05"]}, ["Date", "Time"]),
        # an hour without its day is no time
        ({"Year": "2026", "Month": "2", "Hour": "18"}, ["Year", "Month"]),
        ({"Year": "2026", "Month": "January"}, ["Year", "Month"]),
        ({"Year": "2026", "Month": "2", "Day": "3", "Date": "03/02/2026 18:05"}, "Date"),
        # where nothing can be read the rows say so
        ({"Date": "soon", "Month": "January"}, "Date"),
    ],
)
def test_which_column_says_when(columns: dict[str, Any], start: Any) -> None:
    assert start_of(**columns) == start


def test_a_table_with_months_beside_dates_is_not_that_of_police_uk() -> None:
    columns = {"Month": "January", "Crime Type": "ASB", "Date": "31/01/2026", "Time": "18:05", **DEGREES}
    profile = recognise(make_table(columns), crs="EPSG:27700").profile
    assert (profile.start, profile.crs, profile.is_anonymised) == (("Date", "Time"), None, False)
    of_the_site = recognise(make_table({**columns, "Falls within": "Met"}), crs="EPSG:27700").profile
    assert (of_the_site.start, of_the_site.is_anonymised) == (("Month",), True)


@pytest.mark.parametrize(
    ("columns", "location"),
    [
        ({"Location": "(51.5, -0.03)", "Street": "Grove Street"}, "Street"),
        ({"Location": "POINT (-0.03 51.5)", "Street": "Grove Street"}, "Street"),
        ({"Location": "Grove Street", "Street": "No"}, "Location"),
        ({"Location": "51.5, -0.03"}, None),
        ({"Location": ""}, "Location"),
    ],
)
def test_which_column_names_the_place(columns: dict[str, Any], location: str | None) -> None:
    rest = {"Offence": "ASB", "Date": "2026-01-31", "Postcode": "SE8 3QQ"}
    assert recognised({**rest, **columns}).get("location") == location


@pytest.mark.parametrize(
    ("x", "y", "crs", "axes"),
    [
        ("536560", "178413", "EPSG:27700", ("easting", "northing")),
        ("-0.034481", "51.488184", "EPSG:27700", ("longitude", "latitude")),
        ("491285", "5459000", "EPSG:26910", ("easting", "northing")),
        ("-123.1", "49.28", "EPSG:26910", ("longitude", "latitude")),
        ("here", "there", "EPSG:27700", ("easting", "northing")),
        ("1001000", "9230000", "EPSG:27700", ("easting", "northing")),
        ("0", "0", "EPSG:27700", ("easting", "northing")),
        ("", "", "EPSG:27700", ("easting", "northing")),
    ],
)
def test_bare_x_and_y_are_what_fits_the_working_crs(x: str, y: str, crs: str, axes: tuple[str, str]) -> None:
    found = recognised({"Offence": "ASB", "Date": "2026-01-31", "X": x, "Y": y}, crs=crs)
    assert [found[axis] for axis in axes] == ["X", "Y"]


@pytest.mark.parametrize(
    ("x", "y"),
    [
        *(("GRID_E", "GRID_N"), ("grid_x", "grid_y"), ("os_e", "os_n"), ("OSGB_E", "OSGB_N"), ("E_BNG", "N_BNG")),
        *(("Coord E", "Coord N"), ("OS Grid Ref E", "OS Grid Ref N"), ("E", "N")),
    ],
)
def test_letters_are_axes_beside_a_word_for_coordinates(x: str, y: str) -> None:
    row = {"Offence": "ASB", "Date": "2026-01-31", "Flag N": "1", "Section E": "2", x: "536560", y: "178413"}
    found = recognised(row)
    assert (found["easting"], found["northing"]) == (x, y)


def test_other_columns_are_used_before_numbers_of_a_grid() -> None:
    row = {"Offence": "ASB", "Date": "2026-01-31", "grid_x": "12", "grid_y": "47", "Lat": "51.48", "Lon": "-0.03"}
    found = recognised(row)
    assert (found["longitude"], found["latitude"], found.get("easting")) == ("Lon", "Lat", None)


def test_points_need_no_columns(tmp_path: Path) -> None:
    table = {"Offence": ["ASB"], "Date": ["2026-01-31"]}
    for crs, axes in (("EPSG:27700", ("easting", "northing")), ("EPSG:4326", ("longitude", "latitude"))):
        points = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([536560], [178413]), crs="EPSG:27700").to_crs(crs)
        path = tmp_path / f"{axes[0]}.gpkg"
        points.to_file(path, layer="asb")
        (file,) = find_files([path], suffixes=(".gpkg",), what="incidents")
        (source,) = find_sources(file, ReadingOptions())
        assert not isinstance(source, PassedOver)
        assert [getattr(source.profile, axis) for axis in axes] == ["geometry.x", "geometry.y"]


WHAT = "what happened (such as Offence or Crime type)"
WHEN = "when (such as Date From or Month)"
WHERE = "where (such as Easting and Northing, or Longitude and Latitude)"


@pytest.mark.parametrize(
    ("columns", "missing", "completed"),
    [
        ({"Date": "2026-01-31", **PLACE}, WHAT, {"offence": "A"}),
        ({"Offence": "ASB", "Time": "18:05", **PLACE}, WHEN, {"start": "A"}),
        ({"Offence": "ASB", "Date": "2026-01-31"}, WHERE, {"longitude": "A", "latitude": "A"}),
        ({"Offence": "ASB", "Date": "2026-01-31", "Geometry": "here"}, WHERE, {"longitude": "A", "latitude": "A"}),
        (
            {"a ...": "1", 'q"uote': "2", "\x85line": "3"},
            f"{WHAT}, nor {WHEN}, nor {WHERE}",
            {"offence": "A", "start": "A", "longitude": "A", "latitude": "A"},
        ),
        ({"Date...": "2026-01-31", **PLACE}, WHAT, {"offence": "A"}),
    ],
)
def test_what_is_not_recognised_comes_with_a_draft(
    columns: dict[str, Any], missing: str, completed: dict[str, str]
) -> None:
    with pytest.raises(UnknownLayoutError) as raised:
        recognise(make_table(columns), crs="EPSG:27700")
    message, draft = str(raised.value), raised.value.draft
    assert f"data/Crimes 2026.csv does not have a known layout: no column says {missing}. It has: " in message
    assert "Write a source profile for it in hotspots.toml (hotspots check prints one to complete)" in message
    assert say_columns(list(columns)) in message
    (table,) = tomllib.loads(draft.replace('"..."', '"A"'))["sources"].values()
    assert {key: table[key] for key in completed} == completed
    assert isinstance(parse_profile("crimes", table), SourceProfile)
    if "Date..." in columns:
        assert table["start"] == "Date..."


@pytest.mark.parametrize(
    ("columns", "count"),
    [
        ({"LSOA code": "E01003189", "Month": "2025-01", "Number of offences": "4"}, "Number of offences"),
        ({"Crime type": "Robbery", "Month": "2025-01", "Count": "4"}, "Count"),
        ({"Crime type": "Robbery", "LSOA code": "E01003189", "Crime count": "4"}, "Crime count"),
        ({"Crime type": "Robbery", "Month": "2025-01", "Number of offences": "1"}, None),
        ({"Crime type": "Robbery", "LSOA code": "E01003189", "N": "4"}, None),  # a number of what, if not of a month?
    ],
)
def test_a_draft_for_a_table_of_counts_says_so(columns: dict[str, Any], count: str | None) -> None:
    """Whoever completes it would else have each row count as one incident."""
    with pytest.raises(UnknownLayoutError) as raised:
        recognise(make_table(columns), crs="EPSG:27700")
    (table,) = tomllib.loads(raised.value.draft)["sources"].values()
    assert table.get("count") == count


def test_no_draft_is_made_for_a_table_with_a_column_a_month() -> None:
    columns = {"LSOA code": "E01003189", "Offence": "Robbery", **{f"2025{month:02d}": "4" for month in range(1, 13)}}
    with pytest.raises(UnknownLayoutError, match="a table of counts, a column a month") as raised:
        recognise(make_table(columns), crs="EPSG:27700")
    assert not raised.value.draft


def test_values_in_place_of_names_are_not_quoted() -> None:
    with pytest.raises(
        UnknownLayoutError, match="looks like values, and not like names of columns: put a row"
    ) as raised:
        recognise(make_table(dict.fromkeys(("1", "Jo Bloggs", "14/02/1987", "07700 900123"), "a")), crs="EPSG:27700")
    assert "Bloggs" not in str(raised.value)
    assert "Bloggs" not in raised.value.draft
    with pytest.raises(UnknownLayoutError, match=r"It has: WardCode, MajorText, 202403\. Write"):
        recognise(make_table(dict.fromkeys(("WardCode", "MajorText", "202403"), "a")), crs="EPSG:27700")


def test_a_header_is_told_from_titles_and_rows() -> None:
    assert is_header(["Crime Ref", "Offence", "Date From", "Easting"])
    assert is_header(["YEAR", "MONTH", "X", "Y"])
    assert not is_header(["Robbery in Lewisham, January 2026"])
    assert not is_header(["1", "Robbery", "31/01/2026", "536560"])
    assert not is_header(["YEAR", "X", "Y"])
    assert not is_header([])


@given(names=st.lists(st.one_of(st.text(max_size=10), st.sampled_from(["Month", "Year", "Date", "Offence", "X", "Y",
    "Time", "WKT", "Longitude", "Latitude", "Crime type", "Location", "Postcode"])), unique=True, min_size=1),
    value=st.one_of(st.text(max_size=12), st.sampled_from(["2026-01", "1", "POINT (1 2)", "31/12/2025"])))  # fmt: skip
def test_any_header_is_recognised_or_explained(names: list[str], value: str) -> None:
    try:
        profile = recognise(make_table(dict.fromkeys(names, value)), crs="EPSG:27700").profile
    except UnknownLayoutError as error:
        tomllib.loads(error.draft)
    else:
        assert {name for columns in profile.columns.values() for name in columns} <= set(names)


def test_a_thousand_columns_are_read_together_and_not_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading of times takes some 10 ms, whatever its texts."""
    called = mock.Mock(wraps=parse_times)
    for module in ("date_orders", "police_uk"):
        monkeypatch.setattr(f"hotspots.ingest.incidents.{module}.parse_times", called)

    def count(n: int) -> int:
        called.reset_mock()
        row = {"Crime type": "Robbery", "Date": "03/04/2025", **PLACE}
        recognise(make_table(row | {f"c{i}": ["1/2/2025", f"a{i}"] for i in range(n)}), crs="EPSG:27700")
        return called.call_count

    assert count(3) == count(60) > 0


def test_only_some_of_many_pairs_of_coordinates_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = mock.Mock(wraps=sample_coordinates)
    monkeypatch.setattr("hotspots.ingest.incidents.police_uk.MOST_PLACES", 3)
    monkeypatch.setattr("hotspots.ingest.incidents.police_uk.sample_coordinates", tried)
    pairs = {f"{axis}{i}": value for i in range(4) for axis, value in (("a", "-0.034481"), ("b", "51.488184"))}
    columns = {"Crime type": "Robbery", "Month": "2025-01", "Location": "On or near High Street", **pairs}
    assert recognise(make_table(columns), crs="EPSG:27700").profile.is_anonymised
    assert tried.call_count == 3
