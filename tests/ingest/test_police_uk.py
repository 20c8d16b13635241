"""police.uk in any wrapping: the truth is the whole metres that the points of each file are made from here."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.geography import find_makers, to_working_crs
from hotspots.geography.projection import unproject_grid
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.reference import read_boundaries
from hotspots.pipeline import place_in_wards

N_ROWS = 24
SLUGS = ("robbery", "violent-crime", "criminal-damage-arson", "possession-of-weapons", "anti-social-behaviour")
TYPES = (
    *("Robbery", "Violence and sexual offences", "Criminal damage and arson", "Possession of weapons"),
    "Anti-social behaviour",
)


def shift(easting: Any, northing: Any) -> tuple[Any, Any]:
    """Whole metres to degrees as police.uk makes them, by PROJ's own spelling of EPSG:1314."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the grid file is missing
        group = pyproj.transformer.TransformerGroup(27700, 4326, always_xy=True)
    (helmert,) = [one for one in group.transformers if "OSGB36 to WGS 84 (6)" in one.description]
    longitude, latitude = helmert.transform(easting, northing)
    return longitude, latitude


def make_places(n: int = N_ROWS, *, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.integers(530_000, 540_000, n), rng.integers(170_000, 180_000, n)


EASTING, NORTHING = make_places()


def make_bulk() -> pd.DataFrame:
    """The columns of the site's own files."""
    longitude, latitude = shift(EASTING, NORTHING)
    is_asb = np.arange(N_ROWS) % len(TYPES) == len(TYPES) - 1
    return pd.DataFrame(
        {
            "Crime ID": np.where(is_asb, "", [f"{number:064x}" for number in range(1, N_ROWS + 1)]),
            "Month": [f"2025-{1 + number % 12:02}" for number in range(N_ROWS)],
            "Reported by": "Avon Police",
            "Falls within": "Avon Police",
            "Longitude": longitude.round(6),
            "Latitude": latitude.round(6),
            "Location": "On or near High Street",
            "LSOA code": "E01000001",
            "LSOA name": "Testham 001A",
            "Crime type": [TYPES[number % len(TYPES)] for number in range(N_ROWS)],
            "Last outcome category": "",
            "Context": "",
        }
    )


def make_answer() -> list[dict[str, Any]]:
    """What the API answers."""
    return [
        {
            "category": SLUGS[number % len(SLUGS)],
            "location_type": "Force",
            "location": {
                "latitude": f"{row['Latitude']:.6f}",
                "street": {"id": 900_000 + number, "name": row["Location"]},
                "longitude": f"{row['Longitude']:.6f}",
            },
            "context": "",
            "outcome_status": {"category": "Under investigation", "date": "2025-12"} if row["Crime ID"] else None,
            "persistent_id": row["Crime ID"],
            "id": 70_000_000 + number,
            "location_subtype": "",
            "month": row["Month"],
        }
        for number, row in enumerate(make_bulk().to_dict("records"))
    ]


def make_ukpolice() -> pd.DataFrame:
    """The columns of the R package ukpolice, blank texts and all."""
    flat = (
        pd.json_normalize(make_answer())
        .drop(columns="outcome_status")
        .rename(
            columns={
                "location.latitude": "latitude",
                "location.longitude": "longitude",
                "location.street.id": "street_id",
                "location.street.name": "street_name",
                "month": "date",
                "outcome_status.category": "outcome_status",
            }
        )
    )
    names = ("category", "persistent_id", "date", "latitude", "longitude", "street_id", "street_name", "context", "id")
    return flat[[*names, "location_type", "location_subtype", "outcome_status"]]


def make_points() -> gpd.GeoDataFrame:
    """As a GIS saves the site's file: the coordinates only as geometry."""
    bulk = make_bulk()
    places = gpd.points_from_xy(bulk["Longitude"], bulk["Latitude"])
    return gpd.GeoDataFrame(bulk.drop(columns=["Longitude", "Latitude"]), geometry=places, crs="EPSG:4326")


def with_month(write: Callable[[pd.Series], Any]) -> pd.DataFrame:
    bulk = make_bulk()
    return bulk.assign(Month=write(pd.to_datetime(bulk["Month"])))


def few_columns() -> pd.DataFrame:
    bulk = make_bulk()[["Crime type", "Latitude", "Month", "Longitude"]]
    return bulk.set_axis(["was", "breite", "wann", "laenge"], axis="columns")


def rounded() -> pd.DataFrame:
    """With five decimals, up to half a metre off, the points say nothing, and the words do."""
    return make_bulk().round({"Longitude": 5, "Latitude": 5}).rename(columns={"Longitude": "lon", "Latitude": "lat"})


WRAPPINGS: dict[str, Callable[[Path], Any]] = {
    "bulk.csv": lambda path: make_bulk().to_csv(path, index=False),
    "api.csv": lambda path: pd.json_normalize(make_answer()).to_csv(path),
    "api.json": lambda path: path.write_text(json.dumps(make_answer())),
    "objects_as_text.csv": lambda path: pd.DataFrame(make_answer()).to_csv(path),
    "underscores.csv": lambda path: pd.json_normalize(make_answer(), sep="_").to_csv(path, index=False),
    "ukpolice.csv": lambda path: make_ukpolice().to_csv(path, na_rep="NA", quoting=2),
    "ukpolice.parquet": lambda path: make_ukpolice().to_parquet(path),
    "four_columns_renamed.csv": lambda path: few_columns().to_csv(path, index=False),
    "reordered.csv": lambda path: make_bulk()[sorted(map(str, make_bulk()))].to_csv(path, index=False),
    "semicolons.csv": lambda path: make_bulk().to_csv(path, index=False, sep=";", decimal=","),
    "rounded.csv": lambda path: rounded().to_csv(path, index=False),
    "saved.geojson": lambda path: make_points().to_file(path),
    "saved.gpkg": lambda path: make_points().to_file(path),
    "saved.shp": lambda path: make_points().rename(columns=lambda name: name[:10]).to_file(path),
    "with_degrees_too.gpkg": lambda path: make_points()
    .assign(Longitude=make_bulk()["Longitude"], Latitude=make_bulk()["Latitude"])
    .to_crs("EPSG:27700")
    .to_file(path),
    "points.geoparquet": lambda path: make_points().to_parquet(path),
    "web_mercator.gpkg": lambda path: make_points().to_crs("EPSG:3857").to_file(path),
    "national_grid_by_proj.gpkg": lambda path: make_points().to_crs("EPSG:27700").to_file(path),
    "national_grid_by_ostn15.gpkg": lambda path: to_working_crs(make_points(), "EPSG:27700").to_file(path),
    "text.csv": lambda path: make_points().assign(WKT=make_points().to_wkt()["geometry"]).drop(
        columns="geometry"
    ).to_csv(path, index=False),
    "excel.xlsx": lambda path: with_month(lambda month: month).to_excel(path, index=False),
    "dates.parquet": lambda path: with_month(lambda month: month).to_parquet(path),
    "zoned.parquet": lambda path: with_month(lambda month: month.dt.tz_localize("Europe/London")).to_parquet(path),
    "dates.gpkg": lambda path: make_points().assign(Month=pd.to_datetime(make_points()["Month"])).to_file(path),
    "day_first.csv": lambda path: with_month(lambda month: month.dt.strftime("%d/%m/%Y")).to_csv(path, index=False),
    "month_first.csv": lambda path: with_month(lambda month: month.dt.strftime("%m/%d/%Y")).to_csv(path, index=False),
    "year_and_month.csv": lambda path: with_month(lambda month: month.dt.month)
    .assign(Year=2025)
    .to_csv(path, index=False),
    "names.csv": lambda path: with_month(lambda month: month.dt.strftime("%b-%y")).to_csv(path, index=False),
    "midnight.csv": lambda path: with_month(lambda month: month.dt.strftime("%Y-%m-%d %H:%M:%S")).to_csv(
        path, index=False
    ),
    "serial.csv": lambda path: with_month(lambda month: (month - pd.Timestamp("1899-12-30")).dt.days).to_csv(
        path, index=False
    ),
}  # fmt: skip


def read(path: Path, **options: Any) -> Intake:
    return read_incidents([path], options=ReadingOptions(**options))


def require_right(intake: Intake, *, off_m: float = 0.1) -> None:
    """Every row where it was made, in its month, at a shared point."""
    incidents = intake.incidents.reset_index().assign(row=intake.incidents["source_row"].to_numpy()).sort_values("row")
    assert (len(incidents), len(intake.rejected)) == (N_ROWS, 0)
    assert {table.layout for table in intake.tables} == {"police.uk street"}
    assert np.abs(incidents.geometry.x.to_numpy() - EASTING).max() < off_m
    assert np.abs(incidents.geometry.y.to_numpy() - NORTHING).max() < off_m
    assert set(incidents["time_precision"]) == {"month"}
    assert incidents["started_at"].dt.strftime("%Y-%m").tolist() == make_bulk()["Month"].tolist()
    assert incidents["started_at"].dt.day.eq(1).all()
    assert set(incidents["location_precision"]) == {"anonymised"}
    assert incidents["category"].ne("unrecognised").all()
    assert intake.notes == ()


@pytest.mark.parametrize("name", WRAPPINGS)
def test_any_wrapping(tmp_path: Path, name: str) -> None:
    WRAPPINGS[name](tmp_path / name)
    require_right(read(tmp_path / name), off_m=0.7 if name == "rounded.csv" else 0.1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(list(make_bulk())),
    names=st.lists(st.text("abcdefgh", min_size=4, max_size=9), min_size=12, max_size=12, unique=True),
)
@pytest.mark.slow
def test_any_names_in_any_order(tmp_path: Path, order: list[str], names: list[str]) -> None:
    path = tmp_path / "renamed.csv"
    make_bulk()[order].set_axis(names, axis="columns").to_csv(path, index=False)
    require_right(read(path))


@pytest.mark.parametrize("name", ["Date", "Month"])
def test_another_column_may_say_the_ends_of_the_months(tmp_path: Path, name: str) -> None:
    ends = (pd.to_datetime(make_bulk()["Month"]) + pd.offsets.MonthEnd(0)).dt.strftime("%d/%m/%Y")
    rows = make_bulk().rename(columns={"Month": "Period"}).assign(**{name: ends})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    require_right(read(tmp_path / "rows.csv"))


def test_points_a_metre_inside_a_ward_stay_in_it(tmp_path: Path) -> None:
    """By OSTN15 they would lie 1.8 m further west, in its neighbour."""
    longitude, latitude = shift(np.full(N_ROWS, 535_001), 175_000 + 20 * np.arange(N_ROWS))
    rows = pd.DataFrame(make_answer())[["category", "month", "persistent_id"]]
    rows.assign(lat=latitude.round(6), long=longitude.round(6)).to_csv(tmp_path / "api.csv", index=False)
    intake = read(tmp_path / "api.csv")
    assert (intake.incidents.geometry.x > 535_000).all()


@pytest.mark.slow
def test_overlapping_queries_count_once(tmp_path: Path) -> None:
    """By the number that stays with a crime, and antisocial behaviour by that of the API."""
    answer = make_answer()
    (tmp_path / "one.json").write_text(json.dumps(answer))
    (tmp_path / "two.json").write_text(json.dumps([{**row, "context": " "} for row in answer[:15]]))
    intake = read_incidents([tmp_path / "one.json", tmp_path / "two.json"])
    assert (len(intake.incidents), intake.rejected["reason"].tolist()) == (N_ROWS, ["repeated row"] * 15)
    # at another time the API numbers anew, and only the first number tells
    (tmp_path / "two.json").write_text(json.dumps([{**row, "id": 80_000_000 + row["id"]} for row in answer]))
    intake = read_incidents([tmp_path / "one.json", tmp_path / "two.json"])
    n_asb = sum(row["category"] == "anti-social-behaviour" for row in answer)
    assert len(intake.incidents) == N_ROWS + n_asb


def test_a_query_repeated_every_day_counts_once(tmp_path: Path) -> None:
    crimes = pd.json_normalize(make_answer()).query("persistent_id != ''")
    pd.concat([crimes] * 25).to_csv(tmp_path / "api.csv", index=False)
    intake = read(tmp_path / "api.csv")
    assert (len(intake.incidents), len(intake.rejected)) == (len(crimes), 24 * len(crimes))


def test_the_same_crime_from_the_api_and_from_a_file_counts_once(tmp_path: Path) -> None:
    robbery = [row for row in make_answer() if row["category"] in ("robbery", "violent-crime")]
    (tmp_path / "api.json").write_text(json.dumps(robbery))
    make_bulk().to_csv(tmp_path / "bulk.csv", index=False)
    intake = read_incidents([tmp_path / "api.json", tmp_path / "bulk.csv"])
    assert len(intake.incidents) == N_ROWS
    assert len(intake.rejected) == len(robbery)


def test_equal_rows_of_antisocial_behaviour_without_a_number_are_two(tmp_path: Path) -> None:
    asb = pd.json_normalize(make_answer()).query("category == 'anti-social-behaviour'").drop(columns="id")
    pd.concat([asb, asb]).to_csv(tmp_path / "api.csv", index=False)
    intake = read(tmp_path / "api.csv")
    assert (len(intake.incidents), len(intake.rejected)) == (2 * len(asb), 0)


def test_the_api_calls_violence_and_sexual_offences_violent_crime(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(make_answer()))
    assert set(read_incidents([tmp_path / "a.json"]).incidents["category"]) >= {"violence", "robbery"}


def test_both_coordinates_may_stand_in_one_column(tmp_path: Path) -> None:
    bulk = make_bulk()
    pairs = bulk.pop("Latitude").astype(str) + "," + bulk.pop("Longitude").astype(str)
    bulk.assign(Coordinates=pairs).to_csv(tmp_path / "a.csv", index=False)
    intake = read_incidents([tmp_path / "a.csv"])
    assert intake.tables[0].profile.crs == "police.uk"
    assert len(intake.incidents) == N_ROWS


def test_the_number_of_a_row_is_not_that_of_the_api(tmp_path: Path) -> None:
    make_points().assign(id=range(N_ROWS)).to_file(tmp_path / "saved.gpkg")
    (table,) = read(tmp_path / "saved.gpkg").tables
    assert table.profile.id == ("Crime ID",)


def council(**columns: Any) -> pd.DataFrame:
    """An extract of somebody else, with the time of each offence."""
    return pd.DataFrame(
        {
            "Offence": ["Robbery"] * N_ROWS,
            "Date From": [f"{1 + number % 28:02}/03/2025 18:{7 * number % 60:02}" for number in range(N_ROWS)],
            **columns,
        }
    )


def test_degrees_that_the_shift_made_elsewhere_are_undone_by_it_and_stay_exact(tmp_path: Path) -> None:
    """A council's whole metres, converted by PROJ without the grid of OSTN15: not police.uk, and made alike."""
    longitude, latitude = shift(EASTING, NORTHING)
    council(Longitude=longitude, Latitude=latitude).to_csv(tmp_path / "extract.csv", index=False)
    intake = read(tmp_path / "extract.csv")
    assert np.abs(intake.incidents.geometry.x.to_numpy() - EASTING).max() < 0.1
    assert set(intake.incidents["location_precision"]) == {"point"}
    assert set(intake.incidents["time_precision"]) == {"minute"}
    assert intake.tables[0].layout == "recognised by its columns"


def test_degrees_that_ostn15_made_are_undone_by_it(tmp_path: Path) -> None:
    longitude, latitude = unproject_grid(EASTING, NORTHING)
    council(Longitude=longitude.round(7), Latitude=latitude.round(7)).to_csv(tmp_path / "extract.csv", index=False)
    intake = read(tmp_path / "extract.csv")
    assert np.abs(intake.incidents.geometry.x.to_numpy() - EASTING).max() < 0.1


def test_a_source_profile_that_names_no_crs_has_the_right_shift(tmp_path: Path) -> None:
    few_columns().to_csv(tmp_path / "own.csv", index=False)
    columns: dict[str, Any] = {"offence": ("was",), "start": ("wann",), "longitude": "laenge", "latitude": "breite"}
    for crs, is_right in ((None, True), ("EPSG:4326", False)):
        intake = read(tmp_path / "own.csv", profiles=(SourceProfile(name="own", crs=crs, **columns),))
        assert (np.abs(intake.incidents.geometry.x.to_numpy() - EASTING).max() < 0.1) == is_right


@pytest.mark.parametrize(
    "columns",
    [
        {"Month": [f"2025-03-{1 + number % 28:02}" for number in range(N_ROWS)]},
        {"Date From": [f"{1 + number % 28:02}/03/2025" for number in range(N_ROWS)]},
        {"Crime type": ["Robbery of business property"] * N_ROWS},
    ],
    ids=["days for months", "days beside months", "other words"],
)
def test_what_is_not_of_police_uk(tmp_path: Path, columns: dict[str, Any]) -> None:
    bulk = make_bulk().rename(columns={"Longitude": "lon", "Latitude": "lat"}).drop(columns="Falls within")
    bulk.assign(**columns).to_csv(tmp_path / "other.csv", index=False)
    intake = read(tmp_path / "other.csv")
    assert intake.tables[0].layout == "recognised by its columns"
    # and yet its points were made by the shift
    assert np.abs(intake.incidents.geometry.x.to_numpy() - EASTING).max() < 0.1


@pytest.mark.parametrize("n", [8, 20, 1000])
def test_the_shift_is_told_from_ostn15_and_from_neither(n: int) -> None:
    for seed in range(20):
        easting, northing = make_places(n, seed=seed)
        by_shift, by_ostn15 = shift(easting, northing), unproject_grid(easting, northing)
        assert find_makers(*(axis.round(6) for axis in by_shift)) == {"police.uk"}
        assert find_makers(*by_shift) == {"police.uk"}
        assert find_makers(*(axis.round(7) for axis in by_ostn15)) == {"EPSG:4326"}
        rng = np.random.default_rng(seed)
        anywhere = shift(easting + rng.uniform(0, 1, n), northing + rng.uniform(0, 1, n))
        assert not find_makers(*anywhere)
        for n_decimals in (3, 4, 5):
            assert not find_makers(*(axis.round(n_decimals) for axis in by_shift))


def test_few_points_say_nothing() -> None:
    assert not find_makers(*shift(EASTING[:7], NORTHING[:7]))
    assert not find_makers(*shift(np.repeat(EASTING[:7], 9), np.repeat(NORTHING[:7], 9)))
    assert not find_makers([], [])
    assert not find_makers(np.full(9, np.nan), np.linspace(51, 52, 9))


@pytest.mark.slow
def test_the_real_robberies_of_a_year_are_in_the_same_wards_however_they_are_wrapped(
    real_data: Path, tmp_path: Path
) -> None:
    rows = pd.read_csv(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    rows = rows[rows["Month"].str.startswith("2019") & rows["Crime type"].eq("Robbery")].reset_index(drop=True)
    assert len(rows) == 3649
    points = gpd.GeoDataFrame(
        rows[["Month", "Crime type"]], geometry=gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326
    )
    slugs = rows["Crime type"].str.lower()
    api = pd.DataFrame({"category": slugs, "date": rows["Month"], "lat": rows["Latitude"], "long": rows["Longitude"]})
    rows.to_csv(tmp_path / "bulk.csv", index=False)
    api.to_csv(tmp_path / "api.csv", index=False)
    points.to_file(tmp_path / "saved.geojson")
    points.to_crs(3857).to_file(tmp_path / "saved.gpkg")
    to_working_crs(points, "EPSG:27700").to_file(tmp_path / "by_ostn15.gpkg")
    rows.assign(Month=pd.to_datetime(rows["Month"])).to_excel(tmp_path / "dates.xlsx", index=False)
    outlines = real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"
    wards = read_boundaries([outlines], crs="EPSG:27700").wards
    counts = {
        path.name: place_in_wards(read(path), wards).incidents["ward_code"].value_counts().reindex(wards.index)
        for path in sorted(tmp_path.iterdir())
    }
    assert len(counts["bulk.csv"]) == 42
    for name, counted in counts.items():
        assert counted.equals(counts["bulk.csv"]), name
