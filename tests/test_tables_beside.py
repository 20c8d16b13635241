"""Havens, boundaries and residents as councils and OpenStreetMap publish them, by the command."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from support import call

from hotspots.geography.projection import to_wgs84
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import load_study
from hotspots.settings import Settings

EAST, NORTH = 538000, 174000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty robberies on Mondays from ten to two, all at one library, in four wards of a square kilometre."""
    path = tmp_path_factory.mktemp("beside")
    days = [dt.date(2025, 1, 6) + dt.timedelta(weeks=week) for week in range(40)]
    times = [f"{day:%d/%m/%Y} {10 + week % 4}:{(7 * week + 3) % 60:02}" for week, day in enumerate(days)]
    rows = {"Crime Ref": range(40), "Offence": "Robbery", "Date From": times}
    pd.DataFrame(rows).assign(Easting=EAST + 500, Northing=NORTH + 500).to_csv(path / "incidents.csv", index=False)
    squares = [
        shapely.box(EAST + x, NORTH + y, EAST + x + 1000, NORTH + y + 1000) for y in (0, 1000) for x in (0, 1000)
    ]
    codes = {"area_code": [f"E0500000{n}" for n in range(4)], "area_name": ["Ash", "Beech", "Cedar", "Date"]}
    gpd.GeoDataFrame(codes, geometry=squares, crs=27700).to_file(path / "wards.geojson")
    sexes = [
        (code, sex, number)
        for code in codes["area_code"]
        for sex, number in (("Females", 3100), ("Males", 2900), ("Persons", 6000))
    ]
    pd.DataFrame(sexes, columns=["area_code", "sex", "all_ages"]).to_csv(path / "residents.csv", index=False)
    (path / "hotspots.toml").write_text('population = "residents.csv"\n', "utf-8")
    return path


def run(folder: Path, *more: str | Path) -> dict[str, Any]:
    code, out, err = call(
        *("run", "--crime", "robbery", "--incidents", folder / "incidents.csv"),
        *("--boundaries", folder / "wards.geojson", "--settings", folder / "hotspots.toml"),
        *("--out", folder / "out", "--json", *more),
    )
    assert code == 0, err
    summary: dict[str, Any] = json.loads(out)
    return summary


def test_overpass_points_and_outlines_are_havens(folder: Path) -> None:
    outline = shapely.box(EAST + 490, NORTH + 490, EAST + 510, NORTH + 510)
    places = gpd.GeoDataFrame(
        {
            "@id": ["way/1", "node/2"],
            "amenity": ["library", None],
            "shop": [None, "convenience"],
            "name": ["Testham Library", None],
            "opening_hours": ["Mo-Sa 09:00-19:00", None],
        },
        geometry=[outline, shapely.Point(EAST + 1900, NORTH + 1900)],
        crs=27700,
    )
    to_wgs84(places).to_file(folder / "overpass.geojson")
    summary = run(folder, "--havens", folder / "overpass.geojson")
    havens = summary["havens"]
    assert (havens["n_havens"], havens["share_within_reach"], havens["share_open_within_reach"]) == (2, 1, 1)
    assert [haven["name"] for haven in havens["havens"]] == ["Testham Library", "Unnamed convenience"]
    assert "Safe havens without a name, which are called by their kind: 1." in summary["notes"]


def test_made_up_candidates_do_not_mark_the_havens(folder: Path, tmp_path: Path) -> None:
    """Both are read alike; what the one file says of itself is not said of the other table."""
    place = f"name,easting,northing{{}}\nLibrary,{EAST + 500},{NORTH + 500}{{}}\n"
    (tmp_path / "havens.csv").write_text(place.format("", ""), "utf-8")
    (tmp_path / "candidates.csv").write_text(place.format(",data_status", ",synthetic"), "utf-8")
    settings = Settings(havens=(tmp_path / "havens.csv",), candidates=(tmp_path / "candidates.csv",))
    study = load_study(
        folder / "incidents.csv", folder / "wards.geojson", settings=settings, tables=("havens", "candidates")
    )
    assert study.data_status == {"candidates": "synthetic"}


def test_hours_of_havens_and_of_candidates_must_have_been_checked_since_the_day_of_the_settings(
    folder: Path, tmp_path: Path
) -> None:
    rows = [
        f"{name},24/7,{day},{EAST + 500},{NORTH + 500}\n" for name, day in [("A", "2024-05-01"), ("B", "2026-05-01")]
    ]
    (tmp_path / "places.csv").write_text("name,opening_hours,last_checked,easting,northing\n" + "".join(rows), "utf-8")
    places = (tmp_path / "places.csv",)
    settings = Settings(havens=places, candidates=places, checked_since=dt.date(2025, 1, 1))
    study = load_study(
        folder / "incidents.csv", folder / "wards.geojson", settings=settings, tables=("havens", "candidates")
    )
    for table in (study.havens, study.candidates):
        assert table is not None
        assert table.havens["opening_hours"].isna().tolist() == [True, False]
        assert table.hours_doubts == {"lapsed": 1}


def test_coverage_is_of_incidents_with_a_place_of_their_own(folder: Path, tmp_path: Path) -> None:
    """Twenty at the library, and ten of which only the square of a kilometre is known: no walk begins there."""
    squares = ["TQ 38500 74500"] * 20 + ["TQ 38 74"] * 10
    times = [f"2025-01-{day:02d}T{9 + day % 9:02d}:{7 * day % 60:02d}" for day in range(1, 31)]
    rows = {"Crime Ref": range(30), "Offence": "Robbery", "Date From": times, "Grid Reference": squares}
    pd.DataFrame(rows).to_csv(tmp_path / "incidents.csv", index=False)
    (tmp_path / "havens.csv").write_text(f"name,easting,northing\nLibrary,{EAST + 500},{NORTH + 500}\n", "utf-8")
    settings = Settings(havens=(tmp_path / "havens.csv",))
    study = load_study(tmp_path / "incidents.csv", folder / "wards.geojson", settings=settings)
    havens = analyse(study, AnalysisRequest(crime="robbery")).havens
    assert havens is not None
    assert (havens.coverage.n_timed, havens.shares.n_timed, havens.coverage.n_unplaced) == (20, 20, 10)
    assert havens.shares.any_share == 1


def test_a_councils_list_says_when_it_is_open_and_what_is_left_out(folder: Path) -> None:
    text = (
        "Name,Latitude,Longitude,Postcode,Status,Opening Hours\n"
        "Library,51.4487,-0.0162,,Open,Mon-Fri 9am-6pm\n"
        "Cafe,,,SE1 1AA,Open,Monday - Saturday 08:00 - 17:30\n"
        "Old library,51.4487,-0.0162,,Closed,\n"
    )
    (folder / "safe_places.csv").write_text(text, "utf-8")
    summary = run(folder, "--havens", folder / "safe_places.csv")
    (haven,) = summary["havens"]["havens"]
    assert (haven["name"], haven["opening_hours"]) == ("Library", "Mo-Fr 09:00-18:00")
    for note in (
        "Safe havens left out because they have no usable location: 1 (only a postcode, and no list of postcodes: 1).",
        "Safe havens left out because their file says that they are closed for good: 1.",
    ):
        assert note in summary["notes"]
    assert not any("states its opening hours" in note for note in summary["notes"])


def test_schools_that_are_left_out_are_said(folder: Path) -> None:
    text = (
        "URN,EstablishmentName,EstablishmentStatus (name),Easting,Northing\n"
        f"1,Ash Academy,Open,{EAST + 500},{NORTH + 600}\n"
        "2,Beech Academy,Open,,\n"
        f"3,Cedar Academy,Closed,{EAST + 500},{NORTH + 600}\n"
        f"4,Far Academy,Open,{EAST + 9000},{NORTH}\n"
    )
    (folder / "schools.csv").write_text(text, "utf-8")
    notes = run(folder, "--schools", folder / "schools.csv")["notes"]
    for note in (
        "Schools left out because they have no usable location: 1 (no location: 1).",
        "Schools left out because their file says that they are closed, or not open yet: 1.",
        "Schools left out because they lie further than 1 km from the wards: 1.",
    ):
        assert note in notes


def test_residents_are_persons_by_gss_code(folder: Path) -> None:
    summary = run(folder)
    assert [ward["population"] for ward in summary["wards"]] == [6000] * 4


def test_a_beat_is_chosen_by_its_code(folder: Path) -> None:
    beats = gpd.read_file(folder / "wards.geojson")[["geometry"]].assign(Name=["PK1", "PK2", "PK3", "PK4"])
    to_wgs84(beats).to_file(folder / "beats.kml", driver="LIBKML")
    code, out, err = call(
        *("run", "--crime", "robbery", "--incidents", folder / "incidents.csv", "--boundaries", folder / "beats.kml"),
        *("--ward", "PK1", "--out", folder / "out", "--json"),
    )
    assert code == 0, err
    assert [(ward["code"], ward["n_incidents"]) for ward in json.loads(out)["wards"]] == [("PK1", 40)]
