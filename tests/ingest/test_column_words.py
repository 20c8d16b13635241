"""Columns are recognised by the words of their names, whatever their order, signs and abbreviations."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.ingest.incidents.column_words import (
    find_clock,
    find_columns_by_words,
    find_pair,
    normalise,
    says_other_time,
    says_reported,
)

# Every name that was ever recognised, by what its column holds; a name that is once is recognised for ever.
KNOWN = {
    "id": (
        "crime id, crime ref, crime reference, crime reference number, crime ref no, crime number, crime no, crn, "
        "urn, incident id, incident ref, incident reference, incident number, incident no, event id, event unique "
        "id, event number, case number, case id, cad number, cad ref, cad, report number, dr no, cmplnt num, "
        "reference number, reference, ref, uid "
    ),
    "offence": (
        "crime type, ho offence, home office offence, offence, offence type, offence description, offence text, "
        "offence name, minor text, offence subgroup, offence sub group, crime description, crime category, offence "
        "category, offence group, offence class, offence type id, offence category id, primary type, crm cd desc, "
        "ofns desc, text general code, incident type, incident category, event type, major text, crime, "
        "classification, category, type "
    ),
    "start": (
        "earliest date, earliest date time, date from, from date, date time from, from date time, committed from, "
        "committed from date, committed on from, committed from date time, first committed date, date committed "
        "from, start date time, start date, date start, offence start date time, offence start date, incident "
        "start date time, incident start date, started at, start, occurred from, occurred from date, first "
        "occurrence date, cmplnt fr dt, occurred date time, occurred date, occurred on date, occurred at, occurred "
        "on, occurred, occurrence date, date occurred, date of occurrence, date occ, occ date, incident date time, "
        "incident date, date of incident, offence date time, offence date, date of offence, date of crime, crime "
        "date, event date time, event date, committed date, date committed, date time, date and time, date "
    ),
    "reported": (
        "date recorded, recorded date, date reported, reported date, report date time, report date, dispatch date "
        "time, dispatch date "
    ),
    "month": ("month, crime month, year month, offence month, period "),
    "end": (
        "latest date, latest date time, date to, to date, date time to, to date time, committed to, committed to "
        "date, committed on to, committed to date time, last committed date, date committed to, end date time, end "
        "date, date end, offence end date time, offence end date, incident end date time, incident end date, ended "
        "at, end, occurred to, occurred to date, last occurrence date, cmplnt to dt "
    ),
    "start_time": (
        "time from, from time, committed from time, committed on from time, start time, time start, occurred from "
        "time, cmplnt fr tm, occurred time, time occ, incident time, time of incident, offence time, time of "
        "offence, event time, time occurred, time of occurrence, time committed, committed time, time "
    ),
    "end_time": (
        "time to, to time, committed to time, committed on to time, end time, time end, occurred to time, cmplnt to tm "
    ),
    "easting": (
        "easting, eastings, easting m, x easting, easting x, os easting, grid easting, bng easting, location "
        "easting, incident easting, oseast1m, bng e, east, e bng, os e, grid e, os grid e, grid ref e, ngr e, os "
        "grid ref easting, incident grid e "
    ),
    "northing": (
        "northing, northings, northing m, y northing, northing y, os northing, grid northing, bng northing, "
        "location northing, incident northing, osnrth1m, bng n, north, n bng, os n, grid n, os grid n, grid ref n, "
        "ngr n, os grid ref northing, incident grid n "
    ),
    "longitude": ("longitude, long, lon, lng, x lon, lon x, longitude wgs84, long wgs84, location longitude, geo lon "),
    "latitude": ("latitude, lat, y lat, lat y, latitude wgs84, lat wgs84, location latitude, geo lat "),
    "latitude_longitude": (
        "gps, gps coordinates, gps location, lat long, lat lon, lat lng, latitude longitude, coordinates, coords, "
        "lat long coordinates "
    ),
    "x": ("x, x coordinate, x coord, coord x, xcoord, point x, e, coord e, e coordinate, grid x, os x, bng x, x bng "),
    "y": ("y, y coordinate, y coord, coord y, ycoord, point y, n, coord n, n coordinate, grid y, os y, bng y, y bng "),
    "wkt": ("wkt, geometry wkt, wkt geometry, geom wkt, geom, geometry, the geom, shape, point "),
    "grid_reference": (
        "grid reference, grid ref, os grid reference, os grid ref, gridref, ngr, national grid ref, national grid "
        "reference, map reference, map ref "
    ),
    "postcode": ("postcode, post code, pcds, pcd, incident postcode, location postcode, venue postcode "),
    "lsoa": ("lsoa code, lsoa21cd, lsoa11cd, lsoa, lsoa 2021, lsoa code 2021, lsoa 2011, lsoa code 2011 "),
    "location": (
        "location, location text, location name, street, street name, road, road name, block, hundred block, 100 "
        "block address, location block, place, place name, venue, venue name, site, stop name "
    ),
    "location_kind": (
        "location type, location kind, type of location, place type, premises type, premise type, venue type, "
        "location category, location description, premis desc, prem typ desc "
    ),
    "knife": (
        "knife flag, feature knife, knife crime flag, knife, knife crime, knife enabled, knife used, knife "
        "indicator, knife involved, is knife, knife y n "
    ),
    "ward": ("ward code, wardcode, ward gss, ward gss code, wd25cd, wd24cd, wd23cd, wd22cd, wd21cd "),
    "status": ("data status "),
}
PAIRS = [
    ("major text", "minor text"),
    ("offence group", "offence subgroup"),
    ("primary type", "description"),
    ("offence category", "offence"),
    ("offence group", "offence description"),
    ("offence group", "offence"),
    ("offence category", "offence description"),
    ("crime category", "crime type"),
    ("crime type", "offence"),
    ("crime type", "offence description"),
    ("incident category", "incident subcategory"),
    ("category", "subcategory"),
    ("category", "sub category"),
    ("category", "type"),
    ("type", "sub type"),
]


def names_of(role: str) -> list[str]:
    return [name.strip() for name in KNOWN[role].split(",")]


def role_of(name: str) -> list[str]:
    """What a column of that name may hold."""
    return list(find_columns_by_words([name]))


def ways_to_write(name: str) -> list[str]:
    words = name.split()
    return [
        name,
        name.upper(),
        name.replace(" ", ""),
        name.replace(" ", "_").upper(),
        "".join(word.title() for word in words),
        f" {'  '.join(words)}: ",
        "/".join(words),
        " ".join([*words[:-1], f"({words[-1]})"]),
        name.replace("offence", "offense"),
    ]


@pytest.mark.parametrize("role", KNOWN)
def test_what_was_recognised_still_is(role: str) -> None:
    for written in (written for name in names_of(role) for written in ways_to_write(name)):
        assert role in role_of(written), written
        if role in ("start", "end", "start_time", "end_time"):
            assert role in role_of(f"{written}_local")
            assert role in role_of(f"{written} UTC")


def test_pairs_that_were_recognised_still_are() -> None:
    for general, specific in PAIRS:
        assert find_pair([specific, "Other", general]) == (general, specific)


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (
            "start",
            "Date/Time of Offence; First Date; Offence From; Occurrence Start; Committed Date/Time; Date Occured;"
            "Committed On/From Date; Committed On / From; Date (from); Committed From (Date); Offence Date (From);"
            "Occ Date From; OccdDate; OCC_DATE; DATE OCC; DATE_OCC; Occurred Date Time; Start_Date_Time;"
            "FIRST_OCCURRENCE_DATE; Incident Datetime; incident_timestamp; Offense_Start_DateTime; Offence Dt;"
            "Inc Date; INCD_DTTM; Crm Dt; EventStartDate; Date of Occurence; Date of occurrance; When did it happen?;"
            "When committed; Committed (earliest); Earliest Committed Date & Time; Dt Tm From; OFF_DTTM_FROM;"
            "Date Offence Committed; offenceCommittedDateTime; Crime Committed Date; Date/Time From; From Date/Time;"
            "Time of Offence; Committed Between; Date and Time of the Incident; Occurred From Date/Time; Began;"
            "Offence Start; Incident Start Date (dd/mm/yyyy); DateCommittedFrom; Cmtd Frm Dt; Commited Date;"
            "OccurredOn; CMPLNT_FR_DT",
        ),
        (
            "end",
            "Last Date; Offence To; Occurrence End; Committed To Date/Time; Committed On/To Date; Date (to); Until;"
            "Offence Date (To); Occ Date To; LAST_OCCURRENCE_DATE; End_Date_Time; Offense_End_DateTime; And;"
            "Latest Committed Date; Finish Date; Incident Finished; Occurred Thru Date; CMPLNT_TO_DT; And Date",
        ),
        (
            "reported",
            "Date Rptd; Reported On; REPORT_DATE; REPORTED_DATE; RPT_DT; Date Created; Created; Created On; Call Date;"
            "Date of Call; Received Date/Time; Logged At; Date Entered; Incident Report Date; Report Datetime;"
            "Dispatch Date / Time; Complaint Date; Notified Date; Offence Reported Date; Recorded Date Time;"
            "Input Date; Date Raised; DateRecorded; Date & Time Reported; Crime Recorded Date",
        ),
        (
            "offence",
            "Offence Type Description; HO Offence Description; Home Office Category; Crime Sub Type; ASB Type;"
            "Closing Code Description; Recorded Offence; Call Type; Nature of Incident; Incident Type Desc;"
            "CrimeType; OFFENSE_TYPE; Offence Title; Offence Sub-Group; Crm Cd Desc; Problem Type; Complaint Type",
        ),
        ("id", "Crime Ref No; CrimeRefNo; CRIME_NO; Occurrence No.; Inc Ref; URN; CAD No; Log No; Crm Ref; Off Ref;"
               "Unique Reference; Case No; Occurrence Number; Investigation Ref; Incident #Number"),
        ("easting", "EASTING; Eastings (m); OS Easting; X (Easting); Offence Easting; Loc Easting; BNG E; OSGB Easting;"
                    "Location Easting; Map Easting; E_27700 BNG; GRID_E; E_BNG; OSGB_E"),
        ("northing", "NORTHING; Northings (m); OS Northing; Y (Northing); Loc Northing; BNG N; OSGB Northing;"
                    "GRID_N; N_BNG; OSGB_N"),
        ("latitude", "Lat; LAT; Latitude (WGS84); Y_Lat; Location Lat; Incident Latitude; lat_4326"),
        ("longitude", "Lng; LON; Long; Longitude (WGS84); X_Lon; Location Lng; Incident Longitude; lng_4326"),
        ("latitude_longitude", "Lat/Long; Lat, Lng; LatLong; GPS Coords; Coordinates (lat/lon)"),
        ("postcode", "Post Code; POSTCODE; Offence Postcode; Location Post-Code; Incident Postcode; PCDS"),
        ("lsoa", "LSOA 21 CD; LSOA21CD; LSOA Code (2021); lsoa_code; LSOA11"),
        ("ward", "WD25CD; wd24cd; Ward Code; WardCode2022; GSS Ward Code"),
        ("location", "Street Name; Incident Location; Offence Location; Road; Venue Name; HUNDRED_BLOCK; Loc Name"),
        ("location_kind", "Location Type; Premises Type; Type of Premise; PREM_TYP_DESC; Type of Location"),
        ("knife", "Knife Used (Y/N); KNIFE_FLAG; Knife Ind; Knife Crime Indicator; Bladed Flag; Is Knife"),
        ("start_time", "Occ Hr; Time Hour; Hrs; Start Hr; Time (24 hrs)"),
        ("reported", "Date Added; Crimed Date; Date of Registration; Submission Date"),
        ("month", "Month; Month Year; MONTH_YEAR; Crime Month; Month of Offence"),
    ],
)  # fmt: skip
def test_names_of_extracts_and_open_data(role: str, names: str) -> None:
    for name in names.split(";"):
        assert role in role_of(name), name


TIMES = ("Date", "Dt", "Date/Time", "DateTime", "Date and Time")
EVENTS = ("Offence", "Crime", "Incident", "Occurrence", "Occurred", "Committed", "Occured", "Inc", "Cmtd", "Event")
STARTS = ("From", "Start", "First", "Earliest", "Began", "Between")
ENDS = ("To", "End", "Last", "Latest", "Until", "Finish")
BECAME_KNOWN = ("Reported", "Recorded", "Created", "Received", "Logged", "Called", "Notified", "Entered", "Rptd")
LATER = ("Updated", "Closed", "Cleared", "Arrest", "Modified", "Processed", "Outcome", "Response", "Birth", "Review")
SIGNS = (" ", "_", "/", " - ", "")


@given(
    event=st.sampled_from(EVENTS),
    edge=st.sampled_from([*((word, "start") for word in STARTS), *((word, "end") for word in ENDS), ("", "start")]),
    time=st.sampled_from(TIMES),
    other=st.sampled_from([*((word, True) for word in BECAME_KNOWN), *((word, False) for word in LATER), ("", None)]),
    sign=st.sampled_from(SIGNS),
    order=st.permutations(range(4)),
)
def test_any_order_signs_and_abbreviations(
    event: str, edge: tuple[str, str], time: str, other: tuple[str, bool | None], sign: str, order: list[int]
) -> None:
    words = [event, edge[0], time, other[0]]
    name = sign.join(words[place] for place in order if words[place])
    roles = set(role_of(name))
    if other[1] is None:
        assert edge[1] in roles, name
    else:
        # what became known, or came later, is never when it happened
        assert not roles & {"start", "end"}, name
        assert says_other_time(name), name
    if other[1] and not edge[0]:
        assert "reported" in roles, name
        assert says_reported(name), name


@pytest.mark.parametrize(
    "names",
    [
        ["Date of Birth", "DOB", "Victim Date of Birth", "Offender Age", "Arrest Date", "Date Closed", "Outcome Date",
        "Last Updated", "Date Last Modified", "Committed By", "Reported By", "Victim Name", "Offence Notes",
        "Victim Postcode", "Home Address", "Offender Easting", "Address", "Description", "MO", "Incident Description",
        "Officer", "Ward Manager", "Age", "Ethnicity", "Street Number", "Long Description", "Latest Comment", "Name",
        "Time Spent", "Update", "Template", "Todo", "Notes", "Station", "Nation", "Along", "Format",
        "Crime Entry Date", "Offence Allocation Date", "Crime Filed Date"],
        # a letter is an axis only beside a word for coordinates
        ["Flag E", "Flag N", "Code N", "Section E", "Grade_N", "Team N", "Unit E", "N Attended", "Total N", "Point N",
        "Offence N", "Location E", "location_x", "crime_y", "Map N", "Victim Grid E", "Home Grid N", "Grid",
        "Coord Type", "Grid No", "GridName", "Grid Status E", "Coord Source N", "OS Sheet N"],
    ],
)  # fmt: skip
def test_other_columns_stay_at_the_door(names: list[str]) -> None:
    assert {name: role_of(name) for name in names} == {name: [] for name in names}


@pytest.mark.parametrize("text", ["victim Qzarnow", "07700 914273", "ZX4917382/26"])
@pytest.mark.parametrize("form", ["Incident date {}", "Beat name {}", "{} sector code"])
def test_a_name_that_says_something_of_somebody_is_that_of_no_column(form: str, text: str) -> None:
    """A profile has to name its columns as they are."""
    assert not find_columns_by_words([form.format(text)])
    assert find_columns_by_words([form.format("Lewisham")])


def test_the_likeliest_of_several_comes_first() -> None:
    def first(role: str, *names: str) -> str:
        (found,) = {find_columns_by_words(order)[role][0] for order in itertools.permutations(names)}
        return found

    assert first("start", "Offence Date", "Date", "Committed From Date") == "Committed From Date"
    assert first("start", "Incident Date", "Incident Datetime") == "Incident Datetime"
    assert first("start", "Date From UTC", "Date From", "Date From Local") == "Date From Local"
    assert first("start", "Offence Time", "Incident Date") == "Incident Date"
    assert first("easting", "Easting", "Location Easting") == "Easting"
    assert first("lsoa", "LSOA", "LSOA11CD", "LSOA21CD") == "LSOA21CD"
    assert first("id", "Incident No", "Crime Ref") == "Crime Ref"


def test_whose_clock() -> None:
    assert [find_clock(name) for name in ("StartUTC", "Date From (local)", "DATE_GMT", "Date")] == [
        "utc", "local", "gmt", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("CrimeRef_No.", "crime ref no"),
        ("CrimeID", "crime id"),
        ("CADNumber", "cad number"),
        ("LSOAs", "lsoas"),
        ("StartDateTime_local", "start date time local"),
        ("OFFENSE_DESCRIPTION", "offence description"),
        ("  Date \n From ", "date from"),
        ("DATETIME", "date time"),
        ("", ""),
    ],
)
def test_names_are_compared_in_a_normal_form(name: str, form: str) -> None:
    assert normalise(name) == form
