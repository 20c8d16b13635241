"""Streets out of a server of Overpass on this machine, which has the ways that meet each tile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from local_server import LocalServer, Trouble, run_server

from hotspots.errors import DataError, NetworkError
from hotspots.geography.projection import to_wgs84
from hotspots.ingest.fetch import download, fetch_streets, open_streets
from hotspots.ingest.fetch.download import Connection, Fetched
from hotspots.ingest.fetch.services import Services
from hotspots.ingest.reference import read_streets

EAST, NORTH = 530_000, 170_000


class Overpass:
    """Answers one query: the ways with a highway in a box, with their coordinates."""

    def __init__(self) -> None:
        lines = {
            "Long Lane": ([(0, 500), (9_000, 500)], {"highway": "residential"}),
            "Near Road": ([(-900, 0), (-900, 400)], {"highway": "footway", "foot": "no", "note": "not wanted"}),
            "Far Road": ([(-9_000, 0), (-9_000, 400)], {"highway": "footway"}),
        }
        drawn = [shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line, _ in lines.values()]
        self.lines = to_wgs84(gpd.GeoDataFrame(geometry=drawn, crs=27700)).geometry
        self.tags = [{"name": name, **tags} for name, (_, tags) in lines.items()]

    def __call__(self, path: str, query: dict[str, str]) -> bytes | None:
        if path != "/api/interpreter":
            return None
        asked = r'\[out:json\]\[timeout:50\];way\["highway"\]\(([-\d.,]+)\);out geom qt;'
        match = re.fullmatch(asked, query["data"])
        assert match is not None
        south, west, north, east = map(float, match[1].split(","))
        met = self.lines.intersects(shapely.box(west, south, east, north))
        elements: list[dict[str, Any]] = [
            {
                "type": "way",
                "id": 100 - number,
                "nodes": [1, 2],
                "geometry": [{"lat": lat, "lon": lon} for lon, lat in self.lines[number].coords],
                "tags": self.tags[number],
            }
            for number in range(len(self.tags))
            if met[number]
        ]
        return json.dumps({"version": 0.6, "elements": elements}).encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with run_server() as local:
        local.answers = [Overpass()]
        local.content_type = "application/json"
        yield local


def make_wards(width_m: float = 1000) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"ward_name": ["Ash"], "borough": ["Lewisham"], "population": [1.0]},
        geometry=[shapely.box(EAST, NORTH, EAST + width_m, NORTH + 1000)],
        index=pd.Index(["E05000001"], name="ward_code"),
        crs="EPSG:27700",
    )


def fetch(server: LocalServer, out: Path, *, width_m: float = 1000, refresh: bool = False) -> Fetched:
    services = Services(overpass=f"{server.address}/api/interpreter")
    with Connection(sleep=lambda seconds: None) as connection:
        return fetch_streets(make_wards(width_m), out=out, refresh=refresh, services=services, connection=connection)


def test_streets_near_the_wards_are_fetched_and_read(server: LocalServer, tmp_path: Path) -> None:
    (file,) = fetch(server, tmp_path).files
    streets = read_streets([tmp_path])

    assert file.path == tmp_path / "streets-lewisham.gpkg"
    assert file.attribution == "© OpenStreetMap contributors, under the Open Database License."
    assert len(server.seen) == 1
    assert streets.ways["name"].tolist() == ["Long Lane"]
    assert streets.ways.length.tolist() == pytest.approx([9000], abs=0.1)
    assert streets.left_out == {"closed to people on foot": 1}
    frame = gpd.read_file(file.path)
    assert sorted(frame.columns) == ["foot", "geometry", "highway", "name", "osm_id"]
    assert frame["osm_id"].tolist() == [99, 100]
    record = json.loads((tmp_path / "streets-lewisham.gpkg.source").read_text("utf-8"))
    assert (record["n_ways"], record["licence"][:22]) == (2, "Open Data Commons Open")


def test_a_way_that_meets_several_tiles_comes_once(server: LocalServer, tmp_path: Path) -> None:
    fetch(server, tmp_path, width_m=7000)

    assert len(server.seen) == 3
    assert len(gpd.read_file(tmp_path / "streets-lewisham.gpkg")) == 2


def test_what_is_there_is_not_fetched_again_unless_the_wards_differ(server: LocalServer, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    (again,) = fetch(server, tmp_path).files
    assert (again.is_new, len(server.seen)) == (False, 1)
    assert fetch(server, tmp_path, refresh=True).files[0].is_new
    assert fetch(server, tmp_path, width_m=1500).files[0].is_new


def test_the_same_streets_give_the_same_file(server: LocalServer, tmp_path: Path) -> None:
    (one,), (other,) = fetch(server, tmp_path / "a").files, fetch(server, tmp_path / "b").files
    assert one.path.read_bytes() == other.path.read_bytes()


def test_a_busy_server_is_asked_again(server: LocalServer, tmp_path: Path) -> None:
    remark = {"elements": [], "remark": 'runtime error: Query timed out in "query" at line 1 after 50 seconds.'}
    server.troubles = [Trouble(status=429), Trouble(status=504), Trouble(body=json.dumps(remark).encode())]

    assert fetch(server, tmp_path).files[0].is_new
    assert len(server.seen) == 4


def test_one_that_stays_busy_is_told_of_with_another_way(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ATTEMPTS", 2)
    server.always = Trouble(status=504)

    with pytest.raises(NetworkError, match="answers HTTP 504, 2 times in a row.*Or download an extract as .osm.pbf"):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"elements": 3}, "should send a list as elements; it sent a number."),
        ({"elements": [{"type": "way", "id": "x"}]}, r"should send a whole number from 0 as elements\[0\].id"),
        ({"elements": [{"type": "way", "id": 1}]}, "should send a list as geometry; it sent nothing."),
        (
            {"elements": [{"type": "way", "id": 1, "geometry": [{"lat": 51, "lon": 900}]}]},
            r"should send a number of degrees as geometry\[0\].lon",
        ),
        ({"elements": []}, "has no street within a kilometre of these wards."),
    ],
)
def test_what_is_no_answer_is_refused(server: LocalServer, tmp_path: Path, answer: dict[str, Any], words: str) -> None:
    server.always = Trouble(body=json.dumps(answer).encode())

    with pytest.raises(DataError, match=words):
        fetch(server, tmp_path)


def test_a_region_is_left_to_an_extract(server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streets, "MAX_TILES", 2)
    with pytest.raises(DataError, match="up to 2 tiles of 4 km; these wards need 3. Download an extract of the region"):
        fetch(server, tmp_path, width_m=7000)
    assert server.seen == []
