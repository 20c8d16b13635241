"""Incidents and places in PostGIS are those of the files and products, and go with them."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import delete, text

from hotspots.geography import to_wgs84
from hotspots.service.postgis import forget_layers, keep_layers
from hotspots.service.state import Database, Product, ServiceSettings, open_database
from hotspots.settings import Settings

HEADER = "Ref,Offence,Date,Easting,Northing\n"
BOX = shapely.box(530000, 180000, 530150, 180150)
"""Outline of a place, in metres."""


@pytest.fixture
def layered(make_postgres: Callable[[], str]) -> Iterator[Database]:
    """A database that has PostGIS."""
    database = open_database(make_postgres())
    with database.engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION postgis"))
    yield database
    database.close()


@pytest.fixture
def workspace(service: ServiceSettings) -> Path:
    """Two wards side by side, and an incident in each."""
    folder = service.workspace
    for name in ("incidents", "boundaries"):
        (folder / "data" / name).mkdir(parents=True)
    (folder / "hotspots.toml").write_text('store = "store"\n')
    rows = "1,Robbery,2020-01-02 15:04,530500,180500.25\n2,ASB,2026-01-02,531500,180500\n"
    (folder / "data" / "incidents" / "some.csv").write_text(HEADER + rows)
    wards = {"WD24CD": ["E05000001", "E05000002"], "WD24NM": ["East", "West"]}
    boxes = [shapely.box(530000, 180000, 531000, 181000), shapely.box(531000, 180000, 532000, 181000)]
    gpd.GeoDataFrame(wards, geometry=boxes, crs="EPSG:27700").to_file(folder / "data" / "boundaries" / "wards.gpkg")
    return folder


def write_places(*names: str) -> bytes:
    outline = to_wgs84(gpd.GeoDataFrame(geometry=[BOX], crs="EPSG:27700")).geometry.iloc[0]
    features = [
        {
            "type": "Feature",
            "id": name,
            "geometry": shapely.geometry.mapping(outline),
            "properties": {"kind": "hot spot", "rank": 1},
        }
        for name in names
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def read_layer(database: Database, name: str) -> gpd.GeoDataFrame:
    with database.engine.connect() as connection:
        query = f"SELECT * FROM hotspots_layers.{name} ORDER BY 1, 2"
        return gpd.read_postgis(query, connection, geom_col="geometry")


@pytest.mark.slow
def test_incidents_are_those_of_the_files_with_their_wards_and_change_with_them(
    layered: Database, service: ServiceSettings, workspace: Path
) -> None:
    assert keep_layers(layered, Settings(), service)
    layer = read_layer(layered, "incidents")
    assert layer.crs.to_epsg() == 27700
    assert layer["category"].tolist() == ["robbery", "asb"]
    assert layer["ward_name"].tolist() == ["East", "West"]
    assert layer["started_at"][0] == dt.datetime(2020, 1, 2, 15, 4)
    assert layer.geometry.to_wkt().tolist() == ["POINT (530500 180500.25)", "POINT (531500 180500)"]
    assert not keep_layers(layered, Settings(), service)
    assert forget_layers(layered, dt.date(2023, 1, 1)) == 1
    assert read_layer(layered, "incidents")["category"].tolist() == ["asb"]
    (workspace / "data" / "incidents" / "some.csv").write_text(HEADER + "3,Burglary,2026-02-02,531500,180500\n")
    assert keep_layers(layered, Settings(), service)
    assert read_layer(layered, "incidents")["category"].tolist() == ["burglary"]


FAILS = (sys.executable, "-c", "import sys; sys.exit('hotspots: no wards')")


def test_incidents_that_cannot_be_read_leave_none_and_are_not_tried_again_and_again(
    layered: Database, service: ServiceSettings, workspace: Path
) -> None:
    assert keep_layers(layered, Settings(), service, command=FAILS)
    assert not keep_layers(layered, Settings(), service, command=FAILS)
    with layered.engine.connect() as connection:
        said = connection.scalar(text("SELECT message FROM hotspots_layers.versions WHERE name = 'incidents'"))
    assert said == "no wards"
    assert read_layer(layered, "incidents").empty


@pytest.mark.parametrize("database_address", ["postgresql"], indirect=True)
def test_places_come_and_go_with_their_products(
    database: Database, service: ServiceSettings, workspace: Path, add_product: Callable[..., Product]
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION postgis"))
    product = add_product(files={"a/map.html": b"", "a/places.geojson": write_places("hotspot-1", "hotspot-2")})
    add_product("Without places")
    broken = [b"{", b'{"features": [{"properties": {}, "geometry": {"type": "Odd"}}]}', b'{"features": [null]}']
    for content in broken:
        add_product("Broken", files={"places.geojson": content})
    assert keep_layers(database, Settings(), service, command=FAILS)
    layer = read_layer(database, "places")
    assert layer["place_id"].tolist() == ["hotspot-1", "hotspot-2"]
    assert layer["properties"][0] == {"kind": "hot spot", "rank": 1}
    assert layer.geometry[0].hausdorff_distance(BOX) < 0.01
    with database.engine.connect() as connection:
        columns = "product_id, label, crime, period_start, audience"
        query = f"SELECT {columns} FROM hotspots_layers.products WHERE label = 'Robbery'"
        found = connection.execute(text(query)).all()
        assert found == [(product.id, "Robbery", "robbery", dt.date(2025, 10, 1), "tasking")]
    assert not keep_layers(database, Settings(), service, command=FAILS)
    with database.write() as session:
        session.execute(delete(Product).where(Product.id == product.id))
    assert keep_layers(database, Settings(), service, command=FAILS)
    assert read_layer(database, "places").empty


def test_another_crs_makes_them_anew_and_leaves_what_others_have_made_there(
    layered: Database, service: ServiceSettings, workspace: Path
) -> None:
    with layered.engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA hotspots_layers CREATE TABLE trees (name text)"))
    keep_layers(layered, Settings(), service, command=FAILS)
    assert keep_layers(layered, Settings(crs="EPSG:32630"), service, command=FAILS)
    with layered.engine.connect() as connection:
        srid = connection.scalar(text("SELECT Find_SRID('hotspots_layers', 'places', 'geometry')"))
        assert connection.scalar(text("SELECT count(*) FROM hotspots_layers.trees")) == 0
    assert srid == 32630


def test_without_postgis_there_are_none(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product]
) -> None:
    add_product(files={"places.geojson": write_places("hotspot-1")})
    assert not keep_layers(database, Settings(), service, command=FAILS)
    assert forget_layers(database, dt.date(2023, 1, 1)) == 0


def fail(*_: Any) -> None:
    raise AssertionError("was asked")


def test_a_chore_that_fails_stops_no_job(database: Database, service: ServiceSettings) -> None:
    from hotspots.service.jobs import Worker

    Worker(database, service, chores=[fail]).run(until_empty=True)
