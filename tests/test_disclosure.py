"""A search over the products of small data for places of fewer than ten incidents or five addresses."""

from __future__ import annotations

import base64
import json
import math
import re
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import pytest
import shapely
from scipy import ndimage, stats
from scipy.spatial import cKDTree
from support import call, open_quietly, read_workbook

from hotspots.geography.projection import to_working_crs

Floats = npt.NDArray[np.float64]

_NEAR_M = 50.0
_AREA = shapely.box(530_000, 180_000, 533_000, 183_000)
_HOT = (530_600.0, 180_600.0)

_RNG = np.random.default_rng(7)


def _around(x: float, y: float, n: int, n_places: int, width_m: float = 40.0) -> Floats:
    """Incidents at so many addresses around a place."""
    places = np.array([x, y]) + _RNG.uniform(-width_m, width_m, (n_places, 2)).round()
    return places[np.arange(n) % n_places]


def _apart(n: int) -> Floats:
    """Incidents each alone, far from each other and from the crowd."""
    lattice = [(530_500 + 370 * x, 181_600 + 290 * y) for y in range(5) for x in range(6)]
    return np.array(lattice)[_RNG.permutation(30)[:n]] + _RNG.uniform(-25, 25, (n, 2)).round()


_ALONE = np.array([[532_317.0, 182_281.0]])
"""Of the incidents of each file, the first are the crowd, which may be shown; the others must not be found."""
_CASES: dict[str, tuple[Floats, Floats]] = {
    "five at one address": (np.empty((0, 2)), np.repeat(_ALONE, 5, axis=0)),
    "twelve at one address": (np.empty((0, 2)), np.repeat(_ALONE, 12, axis=0)),
    "thirty apart": (np.empty((0, 2)), _apart(30)),
    "ten apart": (np.empty((0, 2)), _apart(10)),
    "twelve, one of them remote": (_around(*_HOT, 11, 6, 15.0), _ALONE),
    "two crowds of nine": (np.empty((0, 2)), np.concatenate([_around(*_HOT, 9, 5), _around(531_900, 182_300, 9, 9)])),
    "a crowd, and others apart": (_around(*_HOT, 60, 15, 90.0), np.concatenate([_apart(20), np.repeat(_ALONE, 6, 0)])),
}
_QUICK = {"five at one address", "thirty apart", "a crowd, and others apart"}
_REACH = ((530_400.0, 181_500.0), (532_500.0, 182_900.0))
"""Where the hidden ones are."""
_HAS_LATTICE = {"a crowd, and others apart"}
"""So many lie in some cells and their neighbours that results of the test may be shown."""
_MAY_BE_DRAWN = {"twelve, one of them remote", "a crowd, and others apart"}


@pytest.fixture(scope="module")
def boundaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wards") / "wards.geojson"
    halves = [shapely.box(530_000, 180_000, 533_000, 181_370), shapely.box(530_000, 181_370, 533_000, 183_000)]
    wards = gpd.GeoDataFrame(
        {"ward_code": ["E05000001", "E05000002"], "ward_name": ["Ash", "Beech"]}, geometry=halves, crs="EPSG:27700"
    )
    wards.to_file(path)
    return path


def _write_incidents(places: Floats, path: Path) -> Path:
    other = np.random.default_rng(1).uniform(_AREA.bounds[:2], _AREA.bounds[2:], (150, 2)).round()
    everywhere = np.concatenate([other, places]).astype(int)
    kind = ["Burglary"] * len(other) + ["Robbery"] * len(places)
    times = pd.Timestamp("2026-01-01 18:20") + pd.to_timedelta(np.arange(len(everywhere)) * 5 % 180, unit="D")
    pd.DataFrame(
        {
            "Crime Ref": [f"R{number}" for number in range(len(everywhere))],
            "Offence": kind,
            "Date From": times.strftime("%d/%m/%Y %H:%M"),
            "Easting": everywhere[:, 0],
            "Northing": everywhere[:, 1],
            "Location": [f"Street {x % 7} Road" for x in everywhere[:, 0]],
        }
    ).to_csv(path, index=False)
    return path


def _run(places: Floats, boundaries: Path, tmp_path: Path, *options: str) -> tuple[Path, str]:
    incidents = _write_incidents(places, tmp_path / "incidents.csv")
    havens = tmp_path / "havens.csv"
    havens.write_text("name,kind,easting,northing\nLibrary,library,532200,182200\nShop,shop,530620,180640\n")
    files = ("--incidents", incidents, "--boundaries", boundaries, "--havens", havens, "--out", tmp_path / "out")
    code, _, said = call("run", "--crime", "robbery", *map(str, files), *options)
    assert code == 0, said
    return next((tmp_path / "out").glob("robbery/*")), said


def _read_png(url: str) -> npt.NDArray[np.uint8]:
    """The pixels of an image by palette or colour, (n_rows, n_columns, n_bands), none of whose rows is filtered."""
    data = base64.b64decode(url.split(",")[1])
    at, body, size = 8, b"", (0, 0, 0)
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", chunk[:10])
            size = (height, width, {3: 1, 6: 4}[colour])
        body += chunk if kind == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(body), dtype=np.uint8).reshape(size[0], -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(size)


def _find_in_images(page: str) -> Iterator[tuple[float, float]]:
    """Longitude and latitude of the middle of every patch of every class of every image; the last are its peaks."""
    bounds = re.search(r"image/png[^)]{0,9000000}?\[\[([-\d.]+), ([-\d.]+)\], \[([-\d.]+), ([-\d.]+)\]\]", page)
    assert bounds is not None
    south, west, north, east = map(float, bounds.groups())
    low, high = (math.asinh(math.tan(math.radians(edge))) for edge in (south, north))
    for url in set(re.findall(r'(?<=")data:image/png;base64,[A-Za-z0-9+/=]+', page)):
        pixels = _read_png(url)
        if pixels.shape[2] == 1:
            classes = pixels[:, :, 0].astype(int)
        else:  # of the expected cells: darker is more
            classes = np.where(pixels[:, :, 3] > 0, 1000 - pixels[:, :, :3].sum(axis=2, dtype=int), 0)
        for level in np.unique(classes[classes > 0]):
            labels, n = ndimage.label(classes >= level)
            for row, column in ndimage.center_of_mass(labels > 0, labels, range(1, n + 1)):
                up = high - (row + 0.5) / len(classes) * (high - low)
                longitude = west + (column + 0.5) / classes.shape[1] * (east - west)
                yield longitude, math.degrees(math.atan(math.sinh(up)))


def _find_places(folder: Path) -> Floats:
    """Every place that can be read from the products of a run, but for wards and havens: (n, 2), metres."""
    found: list[tuple[float, float]] = []
    for name in pyogrio.list_layers(folder / "hotspots.gpkg")[:, 0]:
        if name not in {"wards", "havens", "layer_styles"}:
            layer = gpd.read_file(folder / "hotspots.gpkg", layer=name)
            found += [tuple(place) for place in shapely.get_coordinates(layer.geometry)]
            found += [(point.x, point.y) for point in layer.centroid]
    degrees: list[tuple[float, float]] = []
    wards = gpd.read_file(folder / "hotspots.gpkg", layer="wards").geometry
    for path in sorted(folder.iterdir()):
        if path.suffix == ".gpkg":
            continue
        if path.suffix == ".parquet":
            text = gpd.read_parquet(path).to_json()
        elif path.suffix == ".xlsx":
            text = repr(read_workbook(path))
        else:
            text = path.read_text("utf-8")
        # whatever looks like latitude and longitude, or the other way about, or like easting and northing
        number = r"(-?\d{1,3}\.\d{3,})"
        for one, other in re.findall(rf"{number}[\"\]]?, ?[\[\"]?{number}", text):
            degrees += [(float(one), float(other)), (float(other), float(one))]
        found += [(float(x), float(y)) for x, y in re.findall(r"\b(53\d{4})\b\D{1,20}\b(18\d{4})\b", text)]
        found += [
            (float(x) * 100 + 500_050, float(y) * 100 + 100_050) for x, y in re.findall(r"\bTQ (\d{3}) (\d{3})\b", text)
        ]
        if path.name == "map.html":
            degrees += _find_in_images(text)
            view = json.loads(re.search(r'"bounds": ?(\[\[.*?\]\])', text).group(1))  # type: ignore[union-attr]
            degrees.append(((view[0][1] + view[1][1]) / 2, (view[0][0] + view[1][0]) / 2))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.array(degrees).T), crs="EPSG:4326")
    inside = points.cx[-1:1, 51:52]
    placed = to_working_crs(inside, wards.crs).geometry
    found += list(zip(placed.x, placed.y, strict=True))
    havens = np.array([(532_200.0, 182_200.0), (530_620.0, 180_640.0)])
    known = np.concatenate([shapely.get_coordinates(wards), havens])
    everything = np.array(found)
    # the outlines of wards, and the havens with their reach, are drawn wherever the incidents are
    is_known = cKDTree(known).query(everything)[0] < 1
    reach = np.abs(cKDTree(havens).query(everything)[0] - 400) < 5
    edges = shapely.distance(shapely.points(everything), shapely.union_all(shapely.boundary(wards.to_numpy())))
    found_away: Floats = everything[~is_known & ~reach & (edges > 5)]
    return found_away


@pytest.mark.parametrize(
    "case", [case if case in _QUICK else pytest.param(case, marks=pytest.mark.slow) for case in _CASES]
)
def test_no_place_of_fewer_than_ten_incidents_or_five_addresses_can_be_found(
    case: str, boundaries: Path, tmp_path: Path
) -> None:
    crowd, hidden = _CASES[case]
    folder, said = _run(np.concatenate([crowd, hidden]), boundaries, tmp_path)
    found = cKDTree(_find_places(folder))
    victims = found.query(np.unique(hidden, axis=0))[0] < _NEAR_M
    anywhere = found.query(np.random.default_rng(2).uniform(*_REACH, (4000, 2)))[0] < _NEAR_M
    # cells of a lattice come near to some place by chance, and to no victim more often
    assert np.sum(victims) <= stats.binom.ppf(0.999, np.size(victims), np.mean(anywhere))
    if case not in _HAS_LATTICE:
        assert not np.any(victims)
    summary = json.loads((folder / "summary.json").read_text("utf-8"))
    layers = set(pyogrio.list_layers(folder / "hotspots.gpkg")[:, 0])
    assert len(summary["hotspots"]) == (case in _MAY_BE_DRAWN)
    assert ("expected_cells" in layers) == (case in _MAY_BE_DRAWN)
    assert summary["disclosure"]["is_density_drawn"] == (case in _MAY_BE_DRAWN)
    assert "So that no victim can be found, no place is shown that rests on fewer than 10 incidents" in said
    for page in ("map.html", "quality.html"):
        assert "So that no victim can be found" in (folder / page).read_text("utf-8")
    near = {haven["name"]: haven["n_incidents"] for haven in summary["havens"]["havens"]}
    assert near["Library"] is None or near["Library"] >= 10
    if case == "a crowd, and others apart":
        assert near["Shop"] == 60
    assert summary["not_to_share"] is None
    assert "Not to be shared" not in said


def test_the_search_finds_what_is_not_withheld(boundaries: Path, tmp_path: Path) -> None:
    """The same search, on products that go below the floor; and every one of them says so."""
    hidden = np.repeat(_ALONE, 5, axis=0)
    folder, said = _run(hidden, boundaries, tmp_path, "--min-samples", "2")
    assert np.hypot(*(_find_places(folder) - _ALONE[0]).T).min() < _NEAR_M
    words = "It was made with hot spots of 2 incidents, from which single victims can be found."
    assert f"Not to be shared. {words}" in said
    for page in ("map.html", "times.html", "quality.html"):
        assert f"<b>Not to be shared.</b> {words}<" in (folder / page).read_text("utf-8")
    for table in ("hotspots.csv", "shifts.csv"):
        assert set(pd.read_csv(folder / table)["sharing"]) <= {"not to be shared"}
    assert len(pd.read_csv(folder / "hotspots.csv")) == 1
    for rows in (pd.read_csv(folder / "measures.csv"), gpd.read_parquet(folder / "places.parquet")):
        assert set(rows["sharing"]) == {"not to be shared"}
    assert (f"Not to be shared. {words}", None) in read_workbook(folder / "tables.xlsx")["About"]
    assert all(
        sheet.oddFooter.left.text.startswith("Not to be shared.") for sheet in open_quietly(folder / "tables.xlsx")
    )
    assert json.loads((folder / "manifest.json").read_text("utf-8"))["not_to_share"] == words
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text("utf-8"))
    assert summary["not_to_share"] == words
    assert (summary["disclosure"]["is_applied"], summary["disclosure"]["words"]) == (False, "")
    with sqlite3.connect(folder / "hotspots.gpkg") as database:
        said_of = [
            row[0] for row in database.execute("SELECT description FROM gpkg_contents WHERE data_type='features'")
        ]
    assert said_of
    assert all(f"Not to be shared. {words}" in one for one in said_of)
    assert ">not to be shared</span>" in (tmp_path / "out" / "index.html").read_text("utf-8")


def test_small_cells_are_not_to_be_shared_either(boundaries: Path, tmp_path: Path) -> None:
    folder, said = _run(_CASES["ten apart"][1], boundaries, tmp_path, "--cell-size", "25", "--min-samples", "3")
    words = "It was made with hot spots of 3 incidents and cells of 25 m, from which single victims can be found."
    assert words in said
    assert json.loads((folder / "summary.json").read_text("utf-8"))["not_to_share"] == words
