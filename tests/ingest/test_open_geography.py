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
from hotspots.ingest.fetch import open_geography
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


def made_row(n: int) -> dict[str, Any]:
    return {"attributes": {"LAD26CD": f"E{n:08}", "LAD26NM": f"Borough {n}"}}


@pytest.mark.parametrize(
    ("list_page", "n_asked"),
    [
        (lambda offset: [], 1),
        (lambda offset: [made_row(1), made_row(2)], 2),
        (lambda offset: [made_row(offset // 2 % 3)] * 2, 4),
    ],
    ids=["nothing", "the same again", "the same in turns"],
)
def test_pages_that_bring_nothing_new_end_at_once(
    list_page: Callable[[int], list[Any]],
    n_asked: int,
    fetch: Callable[..., Fetched],
    portal: FeatureServices,
    server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(table: object, query: dict[str, str]) -> dict[str, Any]:
        return {"features": list_page(int(query["resultOffset"])), "exceededTransferLimit": True}

    monkeypatch.setattr(portal, "answer", answer)
    with pytest.raises(
        DataError,
        match=rf"^Each page must bring something new; page {n_asked} of .*/FeatureServer/0 does not\. Run the same",
    ):
        fetch("Lewisham")
    assert len(server.seen) == n_asked


def test_a_last_page_that_repeats_the_one_before_hides_no_row(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(table: object, query: dict[str, str]) -> dict[str, Any]:
        return {"features": [made_row(1)], "exceededTransferLimit": query["resultOffset"] == "0"}

    monkeypatch.setattr(portal, "answer", answer)
    with pytest.raises(DataError, match="Each page must bring something new; page 2 of"):
        fetch("Lewisham")


@pytest.mark.parametrize(
    ("bound", "value", "n_asked"), [("MAX_PAGES", 7, 8), ("MAX_ROWS", 5, 6), ("MAX_JSON_BYTES", 3000, 4)]
)
def test_pages_that_never_end(
    bound: str,
    value: int,
    n_asked: int,
    fetch: Callable[..., Fetched],
    portal: FeatureServices,
    server: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(table: object, query: dict[str, str]) -> dict[str, Any]:
        n_before = int(query["resultOffset"])
        return {"features": [made_row(n_before) | {"more": "x" * 800}], "exceededTransferLimit": n_before < 30}

    monkeypatch.setattr(portal, "answer", answer)
    monkeypatch.setattr(open_geography, bound, value)
    with pytest.raises(
        DataError,
        match=rf"^A table may have .*{value:,} (pages|rows|bytes).*; .*/FeatureServer/0 sends more\. Run the same",
    ):
        fetch("Lewisham")
    assert len(server.seen) == n_asked


def test_pages_of_several_questions_count_together(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lookup of codes without end would make as many questions."""
    codes = [f"E010{n:05}" for n in range(200)]
    portal.n_per_page = 200
    portal.tables = {
        LSOAS.service: gpd.GeoDataFrame(
            {"LSOA21CD": codes, "LSOA21NM": codes}, geometry=[shapely.box(0, 0, 1, 1)] * 200, crs="EPSG:27700"
        ),
        str(LSOAS.lookup): pd.DataFrame({"LSOA21CD": codes, "LAD25CD": "E09000023", "LAD25NM": "Lewisham"}),
    }
    monkeypatch.setattr(open_geography, "MAX_PAGES", 3)
    with pytest.raises(
        DataError, match=rf"A table may have .* rows and come in 3 pages .*{LSOAS.service}/FeatureServer/0 sends more"
    ):
        fetch("Lewisham", kind="lsoas", vintage=None)


def find_place(query: dict[str, str]) -> str:
    """Which of the questions a fetch asks it is."""
    if "returnDistinctValues" in query:
        return "boroughs"
    return "outlines" if query.get("returnGeometry") == "true" else "count" if "returnCountOnly" in query else "codes"


PLACES = {"boroughs": "wards", "count": "wards", "outlines": "wards", "codes": "lsoas"}


@pytest.fixture
def fetch_spoilt(
    fetch: Callable[..., Fetched], portal: FeatureServices, server: LocalServer, tmp_path: Path
) -> Callable[[str, bytes], None]:
    """Fetches from services that give one answer at one place; nothing may be left of that."""
    codes = ["E01000001", "E01000002"]
    outlines = [shapely.box(530000 + n, 170000, 530001 + n, 170001) for n in range(2)]
    portal.tables |= {
        LSOAS.service: gpd.GeoDataFrame({"LSOA21CD": codes, "LSOA21NM": codes}, geometry=outlines, crs="EPSG:27700"),
        str(LSOAS.lookup): pd.DataFrame({"LSOA21CD": codes, "LAD25CD": "E09000023", "LAD25NM": "Lewisham"}),
    }

    def fetch_spoilt(place: str, answer: bytes) -> None:
        server.answers = [lambda path, query: answer if find_place(query) == place else portal(path, query)]
        kind = PLACES[place]
        try:
            fetch("Lewisham", kind=kind, vintage=None)
        finally:
            assert not any(tmp_path.glob("*"))

    return fetch_spoilt


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"[[[]]]",
        b"null",
        b'"a text"',
        b"5",
        b"true",
        b"{}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"features": null, "count": null}',
        b'{"features": {}, "count": {}}',
        b'{"features": "a text", "count": "3"}',
        b'{"features": 3, "count": 1.5}',
        b'{"features": [null], "count": -1}',
        b'{"features": [[]], "count": []}',
        b'{"features": [{}], "count": true}',
        b'{"features": [{"attributes": null}], "count": 1e400}',
        b'{"features": [{"attributes": []}], "count": ' + b"9" * 400 + b"}",
        b'{"features": [{"type": "Feature", "properties": null, "geometry": null}], "count": "many"}',
        b'{"features": [], "count": [], "exceededTransferLimit": "yes"}',
        b'{"error": "a text"}',
        b'{"error": []}',
        b'{"error": {"code": "a text"}}',
        b'{"error": {"code": 400, "message": ["a list"]}}',
        b'{"error": {"code": 400, "message": "a text", "details": [[[]]]}}',
    ],
    ids=lambda answer: answer[:60].decode(),
)
def test_answers_of_another_shape(answer: bytes, fetch_spoilt: Callable[[str, bytes], None]) -> None:
    for place in PLACES:
        with pytest.raises(DataError, match=r"/FeatureServer/0.* (should send|sent it nested deeper)") as caught:
            fetch_spoilt(place, answer)
        assert "Run the same command again later" in str(caught.value)
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "answer",
    [
        b'{"count": NaN}',
        b'{"count": -Infinity}',
        b'{"count": ' + b"9" * 5000 + b"}",
        b'{"a": "\xff"}',
        b'{"features": [',
        b"",
    ],
    ids=["NaN", "infinity", "a number of thousands of digits", "not UTF-8", "cut", "nothing"],
)
def test_answers_that_are_no_json(answer: bytes, fetch_spoilt: Callable[[str, bytes], None]) -> None:
    for place in PLACES:
        with pytest.raises(NetworkError, match="sent a document that breaks off, or is not JSON, 6 times in a row"):
            fetch_spoilt(place, answer)


def test_a_web_page_at_any_place(fetch_spoilt: Callable[[str, bytes], None]) -> None:
    for place in PLACES:
        with pytest.raises(NetworkError, match='should give a JSON document, but gave a web page called "Sign in"'):
            fetch_spoilt(place, b"<html><title>Sign in</title>")


@pytest.mark.parametrize("place", ["boroughs", "outlines", "codes"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nothing"),
        (5, "a number"),
        (["E1"], "a list"),
        ("x" * 201, "a text"),
        ("a\x1b[2Jb", "a text"),
        ("a\nb", "a text"),
        ("\ud800", "a text"),
    ],
    ids=["null", "number", "list", "long", "steering", "lines", "half a letter"],
)
def test_a_name_or_code_that_is_none(
    place: str,
    value: Any,
    kind: str,
    fetch_spoilt: Callable[[str, bytes], None],
) -> None:
    layer = LSOAS if PLACES[place] == "lsoas" else WARDS
    column = {"boroughs": layer.borough_name, "outlines": layer.name, "codes": layer.code}[place]
    columns = (layer.code, layer.name, layer.borough_code, layer.borough_name)
    feature = {"attributes": dict.fromkeys(columns, "E1") | {column: value}, "geometry": {"rings": [SQUARE]}}
    with pytest.raises(
        DataError,
        match=rf"^http.*/FeatureServer/0 should send a text of up to 200 letters that print as "
        rf"features\[0\]\.attributes\.{column}; it sent {kind}\. Run the same",
    ):
        fetch_spoilt(place, json.dumps({"features": [feature]}).encode())


SQUARE: list[Any] = [[530000, 170000], [530000, 170001], [530001, 170001], [530000, 170000]]

WRONG_RINGS: list[Any] = [
    [],
    [[]],
    [SQUARE, None],
    [SQUARE[:3]],
    [[*SQUARE[:3], [530002, 170002]]],
    [[["530000", "170000"]] * 4],
    [[[True, False]] * 4],
    [[[None, None]] * 4],
    [[[530000]] * 4],
    [[[530000, 170000, 5, 5]] * 4],
    [[[1e400, 170000]] * 4],
    [[[10**400, 170000]] * 4],
    [[[1e8, 170000]] * 4],
    [[json.loads("[" * 500 + "]" * 500)] * 4],
    [{}] * 4,
]


@pytest.mark.parametrize(
    ("geometry", "where"),
    [
        (None, "an object as features[1].geometry; it sent nothing"),
        ([], "an object as features[1].geometry; it sent a list"),
        ("POLYGON EMPTY", "an object as features[1].geometry; it sent a text"),
        ({}, "features[1].geometry.rings; it sent nothing"),
        ({"x": 530000, "y": 170000}, "features[1].geometry.rings; it sent nothing"),
        ({"type": "Polygon", "coordinates": [SQUARE]}, "features[1].geometry.rings; it sent nothing"),
        ({"rings": None}, "features[1].geometry.rings; it sent nothing"),
        ({"rings": SQUARE}, "features[1].geometry.rings; it sent a list"),
        *[
            (
                {"rings": rings},
                "1 to 20,000 closed rings of positions in metres as features[1].geometry.rings; it sent a",
            )
            for rings in WRONG_RINGS
        ],
    ],
    ids=lambda value: json.dumps(value)[:40] if not isinstance(value, str) else "",
)
def test_an_area_without_an_outline_is_refused(
    geometry: Any, where: str, fetch_spoilt: Callable[[str, bytes], None]
) -> None:
    """GDAL takes a null geometry, and some others, for none."""
    attributes = {WARDS.code: "E05000001", WARDS.name: "Ash"}
    features = [{"attributes": attributes, "geometry": each} for each in ({"rings": [SQUARE]}, geometry)]
    page = {"features": features, "spatialReference": {"wkid": 27700}}
    # JSON itself has no infinity, but numbers that are too large for a float
    content = json.dumps(page).replace("Infinity", "1e400").encode()
    with pytest.raises(DataError, match=re.escape(where)):
        fetch_spoilt("outlines", content)


def test_an_area_of_too_many_parts_is_refused(
    fetch: Callable[..., Fetched], portal: FeatureServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GDAL sorts rings into outlines and holes in a time that goes with their square."""
    monkeypatch.setattr(open_geography, "MAX_RINGS", 2)
    assert len(fetch("Lewisham").files) == 1
    monkeypatch.setattr(open_geography, "MAX_RINGS", 1)
    with pytest.raises(
        DataError, match=r"closed rings of positions in metres as features\[\d\]\.geometry\.rings; it sent"
    ):
        fetch("Lewisham", refresh=True)


def test_outlines_off_the_national_grid(fetch: Callable[..., Fetched], portal: FeatureServices) -> None:
    portal.wkid = 4326
    with pytest.raises(DataError, match=r"asked for on the National Grid \(27700\); .* sent them in 4326\. Download"):
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
