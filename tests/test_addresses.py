"""Addresses in every column that is used for places, and none in anything that is written or said."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from click.testing import CliRunner
from support import read_workbook

from hotspots.cli.main import cli

ADDRESSES = [
    "7114 Peckham High Street",
    "Flat 7113, 7222 Rye Lane SE15 4ST",
    "McDonalds, 7114-7116 Peckham High Street, London, SE15 5ZZ",
    "o/s 7114A PECKHAM HIGH STREET",
    "Quillfeather Cottage, Rye Lane",
    "Quillfeather Cottage",
    "SE15 4ST",
    "Unit 7113, 7222 Rye Lane",
]
FORBIDDEN = re.compile(r"7114|7113|7116|7222|4ST|5ZZ|quillfeather", re.IGNORECASE)


def make_rows(*, n_addresses: int) -> pd.DataFrame:
    """A hot spot around one corner, and one beside it without any text; every column once holds an address."""
    rng = np.random.default_rng(2)
    rows = []
    for i in range(90):
        where = {"Easting": 530400 + int(rng.integers(0, 90)), "Northing": 180400 + int(rng.integers(0, 90))}
        text = ADDRESSES[i % len(ADDRESSES)] if i < n_addresses else "Peckham High Street" if i < 60 else ""
        kind = "Street" if i % 3 == 0 or "Cottage" in text else text
        rows.append({**where, "Location": text, "Location Type": kind})
    for _ in range(40):
        rows.append({"Easting": 530800 + int(rng.integers(0, 60)), "Northing": 180800, "Location": ""})
    rows = [
        {"Offence": "Robbery", "Date From": f"{1 + i % 28:02}/0{1 + i % 3}/2026 18:{i % 60:02}", "Knife Flag": "N",
         "Ward Code": "A", "Location Type": "Street", "Postcode": "", **row}
        for i, row in enumerate(rows)
    ]  # fmt: skip
    plain = rows[-1]
    # in a column that is not of places the name of a house alone is a text like any other
    rows += [{**plain, column: text} for column in plain for text in ADDRESSES if "Cottage" not in text]
    rows += [{**plain, "Easting": "", "Northing": "", "Postcode": "SE15 4ST"}]
    return pd.DataFrame([{"Crime Ref": f"R{number}", **row} for number, row in enumerate(rows)])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("addresses")
    make_rows(n_addresses=60).to_csv(folder / "extract.csv", index=False)
    boxes = [shapely.box(530000 + 1000 * x, 180000, 531000 + 1000 * x, 181000) for x in (0, 1)]
    table = {"ward_code": ["A", "B"], "ward_name": ["Ash", "Beech"], "borough": ["West", "East"]}
    gpd.GeoDataFrame(table, geometry=boxes, crs="EPSG:27700").to_file(folder / "wards.gpkg")
    return folder


def read_everything(path: Path) -> str:
    said = path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".gpkg":
        with sqlite3.connect(path) as database:
            names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            said = repr(
                [database.execute(f'SELECT * FROM "{name}"').fetchall() for name in names if "rtree" not in name]
            )
        database.close()
        said = re.sub(r"b'[^']*'|b\"[^\"]*\"", "", said)  # geometries
    if path.suffix == ".parquet":
        said = repr(pq.ParquetFile(path).read().drop_columns(["geometry"]).to_pylist())
    if path.suffix == ".xlsx":
        said = repr(read_workbook(path))
    return said


def assert_clean(said: str, where: object) -> None:
    # digests, shapes and shares hold any digits
    said = re.sub(r"[0-9a-f]{32,}|[A-Za-z0-9+/=]{60,}|\d+\.\d+", "", said)
    found = FORBIDDEN.search(said)
    assert found is None, f"{where}: {said[max(0, found.start() - 80) : found.end() + 20]}"


@pytest.mark.slow
def test_no_address_is_written_or_said(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    arguments: list[str] = ["--incidents", "extract.csv", "--boundaries", "wards.gpkg"]
    arguments += ["--store", "store", "--out", "maps"]
    result = CliRunner().invoke(cli, ["run", "--crime", "robbery", *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    assert_clean(result.stdout, "stdout")
    assert_clean(result.stderr, "stderr")
    written = [path for folder in ("maps", "store") for path in Path(folder).rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".html", ".csv", ".json", ".gpkg", ".parquet", ".xlsx"}
    for path in written:
        assert_clean(read_everything(path), path)
    checked = CliRunner().invoke(cli, ["check", "extract.csv"], catch_exceptions=False)
    assert_clean(checked.output, "check")

    (path,) = Path("maps").rglob("summary.json")
    summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
    by_place = {spot["place"]: spot for spot in summary["hotspots"]}
    named = by_place["Peckham High Street"]
    assert {one["location"] for one in named["locations"]} <= {"Peckham High Street", "Rye Lane"}
    assert {one["kind"] for one in named["location_kinds"]} == {"street"}
    # without a text a place is told by its grid reference, to be found on a map, and by degrees to open elsewhere
    (place,) = by_place.keys() - {"Peckham High Street"}
    assert re.fullmatch(r"around TQ 30[78] 80[78]", place)
    spot = by_place[place]
    assert place == f"around {spot['grid_reference']}"
    assert (spot["latitude"], spot["longitude"]) == pytest.approx((51.5117, -0.1166), abs=0.003)
    (table,) = Path("maps").rglob("hotspots.csv")
    row = pd.read_csv(table).set_index("place").loc[place]
    assert (row["grid_reference"], row["latitude"]) == (spot["grid_reference"], spot["latitude"])
    (page,) = Path("maps").rglob("map.html")
    degrees = f"{spot['latitude']:.4f}, {spot['longitude']:.4f}"
    text = page.read_text("utf-8")
    assert f"latitude, longitude {degrees}" in text
    assert f"grid reference {spot['grid_reference']};" not in text  # it is the name
    assert f"grid reference {named['grid_reference']}; latitude, longitude" in text


@pytest.mark.slow
def test_a_place_off_the_national_grid_is_told_by_degrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    rows = [
        f"Robbery,2026-01-{1 + i % 28:02}T18:05,{-123.12 + 0.001 * rng.random():.6f},{49.28 + 0.001 * rng.random():.6f}"
        for i in range(60)
    ]
    Path("extract.csv").write_text("\n".join(["Offence,Date,Longitude,Latitude", *rows]) + "\n")
    Path("hotspots.toml").write_text('crs = "EPSG:32610"\ntime_zone = "America/Vancouver"\n')
    box = gpd.GeoDataFrame(
        {"ward_code": ["A"], "ward_name": ["Ash"]}, geometry=[shapely.box(-123.13, 49.27, -123.11, 49.29)], crs=4326
    )
    box.to_file("wards.gpkg")
    arguments = ["--incidents", "extract.csv", "--boundaries", "wards.gpkg", "--out", "maps"]
    result = CliRunner().invoke(cli, ["run", "--crime", "robbery", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    (path,) = Path("maps").rglob("summary.json")
    spot = json.loads(path.read_text("utf-8"))["hotspots"][0]
    assert spot["grid_reference"] is None
    assert spot["place"] == f"around {spot['latitude']:.4f}, {spot['longitude']:.4f}"
    assert (spot["latitude"], spot["longitude"]) == pytest.approx((49.2805, -123.1195), abs=0.001)
