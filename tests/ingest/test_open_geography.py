from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from local_server import LocalServer, Trouble, run_server

from hotspots.errors import DataError, NetworkError, NotFoundError, ParameterError
from hotspots.ingest.fetch.download import Connection, Fetched
from hotspots.ingest.fetch.open_geography import fetch_boundaries
from hotspots.ingest.fetch.services import LAYERS, Services
from hotspots.ingest.reference.boundaries import read_boundaries

WARDS = LAYERS["wards"][2026]
LSOAS = LAYERS["lsoas"][2021]


class FeatureServices:
    """Answers questions as ArcGIS does: some rows a page, errors as documents, outlines as clockwise rings."""

    def __init__(self, tables: dict[str, gpd.GeoDataFrame | pd.DataFrame], *, n_per_page: int = 2) -> None:
        self.tables = tables
        self.n_per_page = n_per_page
        self.wkid = 27700

    def __call__(self, path: str, query: dict[str, str]) -> bytes | None:
        match = re.fullmatch(r"/services/([^/]+)/FeatureServer/0/query", path)
        if match is None or query.get("f") != "json":
            return None
        if match[1] not in self.tables:
            return json.dumps({"error": {"code": 400, "message": "Invalid URL", "details": ["Invalid URL"]}}).encode()
        return json.dumps(self.answer(self.tables[match[1]], query)).encode()

    def answer(self, table: gpd.GeoDataFrame | pd.DataFrame, query: dict[str, str]) -> dict[str, Any]:
        where = query["where"]
        if equal := re.fullmatch(r"(\w+) = '([^']*)'", where):
            rows = table[table[equal[1]] == equal[2]]
        elif among := re.fullmatch(r"(\w+) IN \(('[^']*'(?:, '[^']*')*)\)", where):
            rows = table[table[among[1]].isin(re.findall(r"'([^']*)'", among[2]))]
        else:
            assert where == "1=1"
            rows = table
        if query.get("returnCountOnly") == "true":
            return {"count": len(rows)}
        rows = rows.sort_values(query["orderByFields"])
        columns = query["outFields"].split(",")
        if missing := [column for column in columns if column not in rows]:
            return {"error": {"code": 400, "message": f"Invalid field: {missing[0]}"}}
        if query.get("returnDistinctValues") == "true":
            rows = rows.drop_duplicates(columns)
        begin = int(query["resultOffset"])
        page = rows.iloc[begin : begin + self.n_per_page]
        features: list[dict[str, Any]] = [{"attributes": dict(row)} for _, row in page[columns].iterrows()]
        answer: dict[str, Any] = {"features": features}
        if query["returnGeometry"] == "true":
            assert query["outSR"] == "27700"
            for feature, outline in zip(features, page.geometry, strict=True):
                feature["geometry"] = {"rings": rings_of(outline)}
            fields = [{"name": c, "type": "esriFieldTypeString", "alias": c, "length": 99} for c in columns]
            answer |= {
                "geometryType": "esriGeometryPolygon",
                "spatialReference": {"wkid": self.wkid, "latestWkid": self.wkid},
                "fields": fields,
            }
        if begin + self.n_per_page < len(rows):
            answer["exceededTransferLimit"] = True
        return answer


def rings_of(outline: shapely.Geometry) -> list[list[list[float]]]:
    polygons = [shapely.geometry.polygon.orient(part, -1.0) for part in shapely.get_parts(outline)]
    return [[list(xy) for xy in ring.coords] for part in polygons for ring in (part.exterior, *part.interiors)]


def made_wards() -> gpd.GeoDataFrame:
    """Five wards: a plain one, one with a hole and one in two parts in Lewisham; two in Southwark."""
    box = shapely.box
    outlines = [
        box(0.123456789, 0, 1000, 1000),
        box(1000, 0, 2000, 1000) - box(1200, 200, 1400, 400),
        shapely.union_all([box(2000, 0, 2500, 1000), box(2600, 0, 3000, 1000)]),
        box(0, 1000, 1000, 2000),
        box(1000, 1000, 2000, 2000),
    ]
    boroughs = ["Lewisham"] * 3 + ["Southwark"] * 2
    codes = {"Lewisham": "E09000023", "Southwark": "E09000028"}
    return gpd.GeoDataFrame(
        {
            "WD26CD": [f"E0500000{n}" for n in range(5)],
            "WD26NM": ["Ash", "Beech", "Cedar", "Date", "Elm"],
            "LAD26CD": [codes[borough] for borough in boroughs],
            "LAD26NM": boroughs,
        },
        geometry=[shapely.affinity.translate(outline, 530000, 170000) for outline in outlines],
        crs="EPSG:27700",
    )


@pytest.fixture
def portal() -> FeatureServices:
    return FeatureServices({WARDS.service: made_wards()})


@pytest.fixture
def server(portal: FeatureServices, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with run_server() as local:
        local.answers = [portal]
        local.content_type = "application/json; charset=utf-8"
        yield local


@pytest.fixture
def fetch(server: LocalServer, tmp_path: Path) -> Iterator[Callable[..., Fetched]]:
    services = Services(open_geography=f"{server.address}/services")
    with Connection(sleep=lambda seconds: None) as connection:

        def fetch(*boroughs: str, **options: Any) -> Fetched:
            return fetch_boundaries(
                boroughs, **{"vintage": 2026} | options, out=tmp_path, services=services, connection=connection
            )

        yield fetch


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_wards_of_boroughs_arrive_as_they_are_held(fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    fetched = fetch("lewisham", "E09000028")
    assert [file.path.name for file in fetched.files] == ["wards-2026-lewisham.gpkg", "wards-2026-southwark.gpkg"]
    assert names(tmp_path) == sorted(
        f"wards-2026-{name}.gpkg{end}" for name in ("lewisham", "southwark") for end in ("", ".source")
    )
    wards = gpd.read_file(fetched.files[0].path)
    held = made_wards()[:3]
    assert list(wards.columns) == ["ward_code", "ward_name", "borough", "geometry"]
    assert wards.crs.to_epsg() == 27700
    assert list(wards["ward_code"]) == list(held["WD26CD"])
    assert list(wards["ward_name"]) == ["Ash", "Beech", "Cedar"]
    assert set(wards["borough"]) == {"Lewisham"}
    assert list(wards.geometry.area) == pytest.approx([1000 * (1000 - 0.123456789), 960_000, 900_000], abs=1e-6)
    for ours, theirs in zip(wards.geometry, held.geometry, strict=True):
        assert sorted(map(tuple, shapely.get_coordinates(ours))) == sorted(map(tuple, shapely.get_coordinates(theirs)))


def test_what_is_fetched_is_what_is_read(fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    fetch("Lewisham", "Southwark")
    wards = read_boundaries([tmp_path]).wards
    assert list(wards.index) == [f"E0500000{n}" for n in range(5)]
    assert list(wards["borough"]) == ["Lewisham"] * 3 + ["Southwark"] * 2


def test_the_record_says_where_it_came_from(fetch: Callable[..., Fetched], server: LocalServer) -> None:
    (file,) = fetch("Lewisham").files
    record = json.loads(file.path.with_name(f"{file.path.name}.source").read_text("utf-8"))
    assert record["address"] == f"{server.address}/services/{WARDS.service}/FeatureServer/0"
    assert record["vintage"] == 2026
    assert record["borough_code"] == "E09000023"
    assert record["n_areas"] == 3
    assert record["attribution"].endswith("Contains OS data © Crown copyright and database right 2026.")


def test_what_is_there_is_not_fetched_again(fetch: Callable[..., Fetched], server: LocalServer) -> None:
    fetch("Lewisham")
    server.seen.clear()
    for borough in ("LEWISHAM ", "e09000023"):
        (file,) = fetch(borough).files
        assert not file.is_new
    assert len(fetch("Lewisham", "E09000023").files) == 1
    assert server.seen == []
    assert [file.is_new for file in fetch("Lewisham", "Southwark").files] == [False, True]
    before = file.path.read_bytes()
    (file,) = fetch("Lewisham", refresh=True).files
    assert file.is_new
    assert file.path.read_bytes() == before


def test_lsoas_are_found_through_the_lookup(
    fetch: Callable[..., Fetched], portal: FeatureServices, tmp_path: Path
) -> None:
    codes = [f"E010{n:05}" for n in range(120)]
    outlines = [shapely.box(530000 + 100 * n, 170000, 530100 + 100 * n, 170100) for n in range(120)]
    portal.n_per_page = 30
    portal.tables = {
        LSOAS.service: gpd.GeoDataFrame(
            {"LSOA21CD": codes, "LSOA21NM": [f"Lewisham {n:03}A" for n in range(120)]},
            geometry=outlines,
            crs="EPSG:27700",
        ),
        str(LSOAS.lookup): pd.DataFrame(
            {
                "LSOA21CD": codes,
                "LAD25CD": ["E09000023"] * 115 + ["E09000028"] * 5,
                "LAD25NM": ["Lewisham"] * 115 + ["Southwark"] * 5,
            }
        ),
    }
    (file,) = fetch("Lewisham", kind="lsoas", vintage=None).files
    assert file.path.name == "lsoas-2021-lewisham.gpkg"
    areas = gpd.read_file(file.path)
    assert list(areas.columns) == ["lsoa21cd", "lsoa21nm", "borough", "geometry"]
    assert list(areas["lsoa21cd"]) == codes[:115]
    wards = read_boundaries([tmp_path]).wards
    assert wards.at["E01000007", "ward_name"] == "Lewisham 007A"


def test_an_unknown_borough_gets_the_ones_like_it(fetch: Callable[..., Fetched], tmp_path: Path) -> None:
    with pytest.raises(
        NotFoundError, match=r"No local authority called Lewishem is among the 2 of this release\. Did you mean Lew"
    ):
        fetch("Lewishem")
    with pytest.raises(
        NotFoundError, match="No local authority called zzz is among .* Give a name such as Lewisham, or a code"
    ):
        fetch("zzz")
    with pytest.raises(NotFoundError, match=r"Did you mean E09000023"):
        fetch("E0900023")
    assert names(tmp_path) == []


def test_a_vintage_that_is_not_known(fetch: Callable[..., Fetched]) -> None:
    with pytest.raises(ParameterError, match="The wards of 1999 are not known to this version; those of 2022, 2023, "):
        fetch("Lewisham", vintage=1999)


def test_a_service_that_is_gone(fetch: Callable[..., Fetched]) -> None:
    with pytest.raises(NotFoundError, match=r"refuses the query \(400: Invalid URL; Invalid URL\)\. ONS renames its"):
        fetch("Lewisham", vintage=2024)


def test_errors_of_the_moment_are_waited_out(fetch: Callable[..., Fetched], server: LocalServer) -> None:
    bare = json.dumps({"error": {"code": 400, "message": "", "details": []}}).encode()
    busy = json.dumps({"error": {"code": 503, "message": "Service unavailable"}}).encode()
    server.troubles = [Trouble(body=bare), Trouble(body=busy), Trouble(status=504), None, Trouble(cut_after=10)]
    assert len(fetch("Lewisham").files) == 1
    server.always = Trouble(body=busy)
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 says that it is busy, 6 times in a row"):
        fetch("Southwark")


def test_a_web_page_instead_of_outlines(fetch: Callable[..., Fetched], server: LocalServer) -> None:
    server.always = Trouble(body=b"<html><title>Sign in</title>")
    with pytest.raises(NetworkError, match='should give a JSON document, but gave a web page called "Sign in"'):
        fetch("Lewisham")


def test_outlines_that_are_not_all_there(
    fetch: Callable[..., Fetched], portal: FeatureServices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = portal.answer

    def short(table: gpd.GeoDataFrame, query: dict[str, str]) -> dict[str, Any]:
        answer = whole(table, query)
        if query.get("returnGeometry") == "true":
            answer.pop("exceededTransferLimit", None)
        return answer

    monkeypatch.setattr(portal, "answer", short)
    with pytest.raises(DataError, match="says that E09000023 has 3 wards, but sent 2 outlines of 2"):
        fetch("Lewisham")
    assert names(tmp_path) == []


def test_pages_that_never_end(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "answer", lambda table, query: {"features": [], "exceededTransferLimit": True})
    with pytest.raises(DataError, match="sends pages without end"):
        fetch("Lewisham")


@pytest.mark.parametrize(
    ("answer", "words"),
    [([], "did not send a JSON object"), ({"answer": 1}, "sent no list of features")],
)
def test_documents_of_another_shape(
    answer: Any, words: str, fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "answer", lambda table, query: answer)
    with pytest.raises(DataError, match=words):
        fetch("Lewisham")


def test_a_release_with_other_columns(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal, "answer", lambda table, query: {"features": [{"attributes": {"LAD26CD": "E1"}}]})
    with pytest.raises(
        DataError, match=f"{WARDS.service}/FeatureServer/0 has no column LAD26NM: the release has changed"
    ):
        fetch("Lewisham")


def test_outlines_off_the_national_grid(fetch: Callable[..., Fetched], portal: FeatureServices) -> None:
    portal.wkid = 4326
    with pytest.raises(DataError, match=r"asked for on the National Grid \(27700\); .* sent them in \{'wkid': 4326"):
        fetch("Lewisham")


def test_outlines_that_cannot_be_read(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = portal.answer

    def spoilt(table: gpd.GeoDataFrame, query: dict[str, str]) -> dict[str, Any]:
        answer = whole(table, query)
        if query.get("returnGeometry") == "true":
            answer["geometryType"] = "nothing"
            answer["features"] = [1]
        return answer

    monkeypatch.setattr(portal, "answer", spoilt)
    with pytest.raises(DataError, match="cannot be read|and sent"):
        fetch("Lewisham")


def test_real_wards_come_back_to_the_bit(
    real_data: Path, fetch: Callable[..., Fetched], portal: FeatureServices, tmp_path: Path
) -> None:
    """The 42 real wards of Lewisham and Southwark, through a service, a file and the reader."""
    path = real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"
    held = gpd.read_file(path)
    portal.tables = {
        WARDS.service: held.rename(
            columns={"ward_code": "WD26CD", "ward_name": "WD26NM", "lad_code": "LAD26CD", "lad_name": "LAD26NM"}
        )
    }
    portal.n_per_page = 10
    fetch("Lewisham", "Southwark")
    ours, theirs = read_boundaries([tmp_path]).wards, read_boundaries([path]).wards
    assert len(ours) == 42
    assert list(ours.index) == list(theirs.index)
    assert list(ours["ward_name"]) == list(theirs["ward_name"])
    for code in ours.index:
        parts = [shapely.normalize(shapely.MultiPolygon(shapely.get_parts(w.geometry[code]))) for w in (ours, theirs)]
        assert shapely.equals_exact(*parts, tolerance=0.0)
