"""No file makes its reader call a host: what would is refused, and nothing is heard on the address that it names."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.ingest.formats import find_files, open_layers
from hotspots.ingest.incidents import read_incidents
from hotspots.ingest.reference import read_boundaries, read_havens

CRS = "EPSG:27700"


class Listener:
    """Somebody who listens on loopback, and answers nothing of use."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.socket.getsockname()[1]}/crs"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                caller, _ = self.socket.accept()
            except OSError:
                return
            with caller:
                self.heard.append(caller.recv(100))
                caller.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.socket.close()


def make_collection(where: str, crs: Any) -> dict[str, Any]:
    """A square, with a CRS at the collection, a feature, a geometry or a part of one."""
    outline = shapely.geometry.mapping(shapely.box(-0.1, 51.4, 0.0, 51.5))
    properties = {"WD24CD": "E05000001", "WD24NM": "Ashe", "name": "Ashe", "Offence": "Robbery", "Date": "2025-01-02"}
    feature: dict[str, Any] = {"type": "Feature", "properties": properties, "geometry": outline}
    whole: dict[str, Any] = {"type": "FeatureCollection", "features": [feature]}
    part: dict[str, Any] = {"type": "GeometryCollection", "geometries": [outline]}
    if where == "part":
        feature["geometry"] = part
    {"collection": whole, "feature": feature, "geometry": feature["geometry"], "part": outline}[where]["crs"] = crs
    return whole


@pytest.mark.parametrize("where", ["collection", "feature", "geometry", "part"])
@pytest.mark.parametrize("kind", ["link", "url", "LINK", "other", None])
def test_a_crs_that_is_a_link_is_refused_before_anybody_follows_it(
    tmp_path: Path, listener: Listener, where: str, kind: str | None
) -> None:
    properties = {"href": listener.address, "url": listener.address, "type": "esriwkt"}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(make_collection(where, {"type": kind, "properties": properties})), "utf-8")
    for read in (
        lambda: read_incidents([path]),
        lambda: read_boundaries([path], crs=CRS),
        lambda: read_havens([path], crs=CRS),
    ):
        with pytest.raises(DataError, match=r"its CRS is a link to another host or file\. Save it with a CRS by its"):
            read()
    assert listener.heard == []


def test_a_key_that_is_hidden_is_found(tmp_path: Path, listener: Listener) -> None:
    link = {"type": "link", "properties": {"href": listener.address}}
    text = json.dumps(make_collection("collection", link))
    twice = text.replace('"crs": ', '"crs": {"type": "name", "properties": {"name": "EPSG:4326"}}, "crs": ')
    for number, hidden in enumerate((text.replace('"crs"', '"\\u0063rs"'), twice)):
        path = tmp_path / f"{number}.geojson"
        path.write_text(hidden, "utf-8")
        with pytest.raises(DataError, match="its CRS is a link"):
            read_boundaries([path], crs=CRS)
    assert listener.heard == []


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        {"type": "name", "properties": {"name": "http://www.opengis.net/def/crs/EPSG/0/4326"}},
        {"type": "EPSG", "properties": {"code": 4326}},
        None,
    ],
)
def test_a_crs_that_is_named_is_read(tmp_path: Path, crs: Any) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(make_collection("collection", crs)), "utf-8")
    assert read_boundaries([path], crs=CRS).wards.index.tolist() == ["E05000001"]


def test_an_attribute_may_be_called_so(tmp_path: Path) -> None:
    whole = make_collection("collection", None)
    whole["features"][0]["properties"]["crs"] = "EPSG:27700"
    (tmp_path / "a.geojson").write_text(json.dumps(whole), "utf-8")
    assert len(read_boundaries([tmp_path / "a.geojson"], crs=CRS).wards) == 1


def test_what_slips_through_gets_no_further(tmp_path: Path, listener: Listener) -> None:
    """GDAL itself is told of a proxy that is not there; without it this would be heard."""
    link = {"type": "link", "properties": {"href": listener.address}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(make_collection("collection", link)), "utf-8")
    pyogrio.read_dataframe(path)
    assert listener.heard == []
    # in a process of its own: what GDAL remembers of earlier calls is not there
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GDAL_")}
    code = "import sys, pyogrio; pyogrio.read_dataframe(sys.argv[1])"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(path)], env=clean, check=True, capture_output=True)
    assert len(listener.heard) == 1


def test_kml_that_is_a_link_is_not_followed(tmp_path: Path, listener: Listener) -> None:
    (tmp_path / "a.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>'
        f"{listener.address}.kml</href></Link></NetworkLink><Placemark><name>a</name><Style><IconStyle><Icon><href>"
        f"{listener.address}.png</href></Icon></IconStyle></Style><Point><coordinates>0,51</coordinates></Point>"
        "</Placemark></Document></kml>",
        "utf-8",
    )
    read_havens([tmp_path / "a.kml"], crs=CRS)
    assert listener.heard == []


def test_a_geopackage_with_rows_from_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.Point(0, 51)], crs="EPSG:4326").to_file(path)
    (file,) = find_files([path], suffixes=(".gpkg",), what="havens")
    assert len(open_layers(file)) == 1
    with sqlite3.connect(path) as opened:
        opened.execute("PRAGMA writable_schema = 1")
        opened.execute(
            "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) "
            "VALUES ('table', 'other', 'other', 0, 'CREATE VIRTUAL TABLE other USING no_such_module(1)')"
        )
    opened.close()
    (file,) = find_files([path], suffixes=(".gpkg",), what="havens")
    with pytest.raises(DataError, match="it holds a virtual table, whose rows are elsewhere"):
        open_layers(file)
