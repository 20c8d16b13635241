from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
import support
from click.testing import CliRunner, Result
from local_server import LocalServer, Trouble, run_server

from hotspots.cli.fetch_command import fetch
from hotspots.errors import NetworkError, NotFoundError, ParameterError
from hotspots.ingest.fetch import allowance, download, open_geography, open_streets, police_archives
from hotspots.ingest.fetch.services import LAYERS, BoundaryLayer, Services


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    with run_server() as local:
        services = Services(
            police_archives=f"{local.address}/archive",
            open_geography=f"{local.address}/services",
            overpass=f"{local.address}/overpass",
        )
        for module in (police_archives, open_geography, open_streets):
            monkeypatch.setattr(module, "Services", lambda: services)
        yield local


def call(*arguments: str) -> Result:
    return CliRunner().invoke(fetch, arguments, catch_exceptions=False)


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in ("2026-07/2026-07-kent", "2026-07/2026-07-surrey", "2026-08/2026-08-kent"):
            file.writestr(f"{name}-street.csv", b"Month\n")
    return buffer.getvalue()


def test_crimes_go_where_run_looks_for_them(server: LocalServer) -> None:
    server.files["/archive/latest.zip"] = archive()
    result = call("crimes", "--force", "kent", "--from", "2026-07")
    assert result.exit_code == 0
    paths = [f"data/incidents/2026-0{month}/2026-0{month}-kent-street.csv" for month in (7, 8)]
    assert result.stdout.splitlines() == paths
    assert all(Path(path).read_bytes() == b"Month\n" for path in paths)
    assert result.stderr.splitlines() == [
        "2 files fetched (0.0 MB), 0 already there.",
        "State this where you show the data: Contains data from data.police.uk licensed under the "
        "Open Government Licence v3.0.",
    ]
    again = call("crimes", "--force", "kent", "--from", "2026-07", "--to", "2026-08")
    assert again.stderr.splitlines()[0] == "0 files fetched (0.0 MB), 2 already there."
    assert again.stdout == result.stdout
    assert "2 files fetched" in call("crimes", "--force", "kent", "--from", "2026-07", "--refresh").stderr


def test_months_that_a_force_did_not_give_are_said(server: LocalServer) -> None:
    server.files["/archive/latest.zip"] = archive()
    result = call("crimes", "--force", "surrey", "--from", "2026-07", "--to", "2026-08", "--out", "here")
    assert result.stdout == "here/2026-07/2026-07-surrey-street.csv\n"
    assert "Missing: surrey has given no file for 2026-08. This does not mean that there was no crime." in result.stderr


def make_page(layer: BoundaryLayer, **more: str) -> bytes:
    """One ward, as an answer to whatever is asked."""
    ring = [list(xy) for xy in shapely.box(530000, 170000, 531000, 171000).exterior.coords]
    columns = (layer.code, layer.name, layer.borough_code, layer.borough_name)
    row = dict(zip(columns, ("E05000001", "Ash", "E09000023", "Lewisham"), strict=True))
    page = {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 27700},
        "fields": [{"name": name, "type": "esriFieldTypeString", "length": 99} for name in columns],
        "features": [{"attributes": row, "geometry": {"rings": [ring]}}],
        "count": 1,
    }
    return json.dumps(page | more).encode()


def test_boundaries_go_where_run_looks_for_them(server: LocalServer) -> None:
    layer = LAYERS["wards"][max(LAYERS["wards"])]
    server.files[f"/services/{layer.service}/FeatureServer/0/query"] = make_page(layer)
    result = call("boundaries", "--borough", "Lewisham")
    assert result.stdout == f"data/boundaries/wards-{max(LAYERS['wards'])}-lewisham.gpkg\n"
    assert Path(result.stdout.strip()).is_file()
    assert "Source: Office for National Statistics licensed under the Open Government Licence v.3.0." in result.stderr


def make_street() -> bytes:
    """One street, as an answer to whatever is asked."""
    geometry = [{"lat": 51.41, "lon": -0.13}, {"lat": 51.42, "lon": -0.13}]
    return json.dumps(
        {"elements": [{"type": "way", "id": 1, "tags": {"highway": "path"}, "geometry": geometry}]}
    ).encode()


def test_an_area_is_its_wards_its_crime_and_its_streets(server: LocalServer) -> None:
    layer = LAYERS["wards"][max(LAYERS["wards"])]
    server.files[f"/services/{layer.service}/FeatureServer/0/query"] = make_page(layer)
    server.files["/archive/latest.zip"] = archive()
    server.files["/overpass"] = make_street()
    arguments = ("area", "--borough", "Lewisham", "--force", "kent", "--from", "2026-08")
    result = call(*arguments)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"data/boundaries/wards-{max(LAYERS['wards'])}-lewisham.gpkg",
        "data/incidents/2026-08/2026-08-kent-street.csv",
        "data/streets/streets-lewisham.gpkg",
    ]
    assert "OpenStreetMap contributors" in result.stderr
    n_asked = len(server.seen)
    again = call("streets")
    assert again.stdout == "data/streets/streets-lewisham.gpkg\n"
    assert len(server.seen) == n_asked
    assert "streets" not in call(*arguments, "--no-streets").stdout


def test_small_areas_do_not_go_among_the_wards(server: LocalServer) -> None:
    """Both would overlap."""
    ring = [list(xy) for xy in shapely.box(530000, 170000, 531000, 171000).exterior.coords]
    layer = LAYERS["lsoas"][2021]
    lookup = (layer.code, layer.borough_code, layer.borough_name)

    def page(columns: tuple[str, ...], values: tuple[str, ...], **geometry: object) -> bytes:
        fields = [{"name": name, "type": "esriFieldTypeString", "length": 99} for name in columns]
        feature = {"attributes": dict(zip(columns, values, strict=True)), **geometry}
        about = {"geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 27700}} if geometry else {}
        return json.dumps({**about, "fields": fields, "features": [feature], "count": 1}).encode()

    files = server.files
    files[f"/services/{layer.lookup}/FeatureServer/0/query"] = page(lookup, ("E01000001", "E09000023", "Lewisham"))
    files[f"/services/{layer.service}/FeatureServer/0/query"] = page(
        (layer.code, layer.name), ("E01000001", "Lewisham 001A"), geometry={"rings": [ring]}
    )
    result = call("boundaries", "--borough", "Lewisham", "--kind", "lsoas")
    assert result.stdout == "data/lsoas/lsoas-2021-lewisham.gpkg\n"
    assert 'lsoas = ["data/lsoas"] in hotspots.toml' in result.stderr


def test_wards_of_two_years_do_not_go_into_one_folder(server: LocalServer, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "boundaries"
    folder.mkdir(parents=True)
    (folder / "wards-2024-leeds.gpkg").touch()
    with pytest.raises(ParameterError, match="wards-2024-leeds.gpkg is not of 2025. Give its year"):
        call("boundaries", "--borough", "Lewisham", "--vintage", "2025")


def test_errors_come_as_they_are(server: LocalServer) -> None:
    with pytest.raises(NotFoundError, match=r"latest\.zip \(HTTP 404\): it is not published there"):
        call("crimes", "--force", "kent", "--from", "2026-07")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["crimes", "--from", "2026-07"], "Missing option '--force'"),
        (["crimes", "--force", "kent"], "Missing option '--from'"),
        (["boundaries"], "Missing option '--borough'"),
        (["boundaries", "--borough", "Lewisham", "--kind", "msoas"], "'msoas' is not one of 'wards', 'lsoas'"),
    ],
)
def test_usage(arguments: list[str], words: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_one_command_has_one_allowance(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `fetch area` takes for outlines is not there any more for crimes."""
    server.files["/archive/latest.zip"] = archive()
    layer = LAYERS["wards"][max(LAYERS["wards"])]
    server.files[f"/services/{layer.service}/FeatureServer/0/query"] = make_page(layer, more="x" * 20_000)
    server.files["/overpass"] = make_street()
    arguments = ("area", "--borough", "Lewisham", "--force", "kent", "--from", "2026-07")
    call(*arguments)
    n_bytes = sum(seen.n_bytes for seen in server.seen)
    monkeypatch.setattr(allowance, "MAX_BYTES", n_bytes)
    call("crimes", *arguments[3:], "--refresh")
    call("boundaries", *arguments[1:3], "--refresh")
    with pytest.raises(NetworkError, match=f"One command may fetch {n_bytes:,} bytes"):
        call(*arguments, "--refresh")


EVIL = "a\x1b[2J\x07\u202eb\n" + "c" * 60_000


def answer_raw(status: str, *headers: str, body: str = "") -> Trouble:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""])
    return Trouble(raw=[head.encode("utf-8"), body.encode("utf-8")])


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(body=json.dumps({"error": {"code": 499, "message": EVIL, "details": [EVIL, EVIL]}}).encode()),
        Trouble(body=json.dumps({"features": [{"attributes": {"LAD26CD": EVIL, "LAD26NM": EVIL}}]}).encode()),
        Trouble(body=json.dumps({"features": [{"attributes": {"LAD26CD": "E1", "LAD26NM": EVIL[:9]}}]}).encode()),
        Trouble(body=f"<html><title>{EVIL[:50]}</title>".encode()),
        answer_raw(f"418 {EVIL.partition(chr(10))[0]}{'c' * 60_000}"),
        answer_raw(f"302 Found\r\nLocation: ftp://{'c' * 60_000}/"),
        answer_raw(f"302 Found\r\nLocation: https://{'c' * 60_000}/"),
        answer_raw(f"302 Found\r\nLocation: https://a\x1b[2Jb/{'c' * 60_000}/"),
        Trouble(raw=[b"\x1b[2J" + b"c" * 60_000 + b"\r\n\r\n"]),
        answer_raw("200 OK", "Transfer-Encoding: chunked", body="\x1b[2J" + "c" * 60_000 + "\r\n"),
        answer_raw("200 OK", "Content-Encoding: gzip", body=EVIL),
        answer_raw("200 OK", "\x1b[2J" + "c" * 60_000, "Content-Length: 2", body="{}"),
    ],
    ids=[
        *("error", "name", "short name", "title", "reason", "unsafe address", "long address", "odd address", "status"),
        *("chunks", "packing", "header"),
    ],
)
def test_what_a_server_says_is_shown_short_and_plain(
    trouble: Trouble, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    server.always = trouble
    code, out, err = support.call("fetch", "boundaries", "--borough", "Lewisham")
    assert (code, out) in {(1, ""), (2, ""), (3, "")}
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", err.replace("\r", "")) is None
    message = err[err.index("hotspots: ") :]
    assert message.count("\n") == 1
    assert len(message) < 900
