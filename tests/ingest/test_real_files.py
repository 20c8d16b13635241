"""Every row of the real files is accounted for; what is refused is counted again by pandas."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import parse_profile
from hotspots.ingest.incidents.records import ReadingOptions

PROFILES = {
    "medellin": {
        "files": "medellin*",
        "start": "fecha_hecho",
        "longitude": "longitud",
        "latitude": "latitud",
        "every_offence": "homicide",
    },
    "dc": {
        "files": "aoristic*",
        "start": "StartDateTime_local",
        "end": "EndDateTime_local",
        "longitude": "lon",
        "latitude": "lat",
        "every_offence": "burglary",
    },
    "codepoint": {
        "files": "codepoint*",
        "id": "postcode",
        "easting": "easting",
        "northing": "northing",
        "ward": "ward",
        "every_offence": "other-crime",
        "every_date": "2014-05",
    },
    "memphis": {
        "files": "memphis*",
        "offence": "offense_type",
        "start": "date_utc",
        "clock": "local",
        "longitude": "longitude",
        "latitude": "latitude",
    },
}
OPTIONS = ReadingOptions(profiles=tuple(parse_profile(name, table) for name, table in PROFILES.items()))


def intake_of(path: Path, *, crs: str = "EPSG:27700", time_zone: str = "Europe/London") -> Intake:
    return read_incidents([path], options=dataclasses.replace(OPTIONS, crs=crs, time_zone=time_zone))


def refused(intake: Intake) -> dict[str, int]:
    assert intake.n_read == sum(file.n_rows for file in intake.inputs) == len(intake.incidents) + len(intake.rejected)
    return {str(reason): int(n) for reason, n in intake.rejected["reason"].value_counts().items() if n}


@pytest.mark.parametrize(
    "path",
    [
        "police_uk/lewisham_southwark_burglary_2010-12_2023-12.csv.gz",
        "police_uk/metropolitan",
        "police_uk/city_of_london",
    ],
)
def test_police_uk(real_data: Path, path: str) -> None:
    place = real_data / path
    files = sorted(place.glob("*.csv")) if place.is_dir() else [place]
    rows = pd.concat([pd.read_csv(file) for file in files])
    located = rows[rows["Longitude"].notna()]
    same = [
        column for column in located if column not in ("Last outcome category", "LSOA code", "LSOA name", "Context")
    ]
    repeated = located[located["Crime ID"].notna()].duplicated(subset=same)
    expected = {"no location": int(rows["Longitude"].isna().sum()), "repeated row": int(repeated.sum())}
    intake = intake_of(place)
    assert intake.n_read == len(rows)
    assert refused(intake) == {reason: n for reason, n in expected.items() if n}


def test_twelve_types(real_data: Path) -> None:
    intake = intake_of(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    assert (intake.n_read, refused(intake)) == (89_316, {})


def test_vancouver(real_data: Path) -> None:
    path = real_data / "timestamped" / "vancouver_crimes_2020.zip"
    intake = intake_of(path, crs="EPSG:32610", time_zone="America/Vancouver")
    with zipfile.ZipFile(path) as archive, archive.open("crimedata_csv_AllNeighbourhoods_2020.csv") as table:
        rows = pd.read_csv(table)
    at_zero, blank = int((rows["X"] == 0).sum()), int(rows["X"].isna().sum())
    assert (intake.n_read, at_zero) == (len(rows), 3_750)
    assert refused(intake) == {"location at 0, 0": at_zero, "no location": blank}


def test_medellin(real_data: Path) -> None:
    path = real_data / "timestamped" / "medellin_homicides.csv"
    intake = intake_of(path, crs="EPSG:32618", time_zone="America/Bogota")
    rows = pd.read_csv(path, sep=";", decimal=",")
    assert (intake.n_read, refused(intake)) == (len(rows), {"no location": int(rows["longitud"].isna().sum())})
    first = intake.incidents.iloc[0]
    assert first["started_at"] == pd.Timestamp("2019-04-23 07:30")  # 12:30 Z in Bogota
    assert first["subcategory"] == "homicide"


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("timestamped/memphis_robberies.csv", {"crs": "EPSG:32616", "time_zone": "America/Chicago"}),
        ("timestamped/san_francisco_robbery.csv", {"crs": "EPSG:32610", "time_zone": "America/Los_Angeles"}),
        ("reference/aoristic_dcburglaries.csv", {"crs": "EPSG:32618", "time_zone": "America/New_York"}),
        ("reference/predictcode/example.csv", {"crs": "EPSG:32616", "time_zone": "America/Chicago"}),
        ("places/codepoint_open_2014_SE6_SE13.csv", {}),
    ],
)
def test_files_without_a_row_to_refuse(real_data: Path, path: str, places: dict[str, Any]) -> None:
    intake = intake_of(real_data / path, **places)
    assert (intake.n_read, refused(intake)) == (len(pd.read_csv(real_data / path)), {})
