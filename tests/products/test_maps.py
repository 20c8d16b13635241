from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from folium.plugins import MarkerCluster
from support import MakeIncidents

from hotspots.geography import Grid
from hotspots.pipeline import Analysis, analyse
from hotspots.products.charts import choose_ticks
from hotspots.products.colours import SEQUENTIAL, choose_breaks, colour_of
from hotspots.products.maps import draw_map, warp_to_web_mercator
from hotspots.products.offline import leaflet_style, render_map
from hotspots.products.summary import summarise
from hotspots.products.tables import write_geopackage
from hotspots.products.words import say_bound, say_date, say_list, say_share
from hotspots.request import AnalysisRequest
from hotspots.study import Study, load_study


@pytest.mark.parametrize(
    ("crs", "west", "south", "latitude"),
    [
        ("EPSG:27700", 530_000, 170_000, 51.45),
        ("EPSG:32610", 486_000, 5_450_000, 49.25),
        ("EPSG:32615", 760_000, 3_882_000, 35.1),  # Memphis, at the edge of its zone, and turned the most
        ("EPSG:3577", 1_550_000, -3_970_000, -33.87),  # Sydney, south of the equator
    ],
)
def test_the_density_image_lies_where_the_density_is(crs: str, west: float, south: float, latitude: float) -> None:
    """Over 12 km, a peak at any place comes out within half a cell of it; pinning by corners would miss by 100 m."""
    grid = Grid.covering((west, south, west + 12_000, south + 12_000), cell_size_m=50)
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:3857", always_xy=True)
    to_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    for row, column in ((10, 10), (230, 10), (120, 120), (10, 230), (230, 230)):
        density = np.zeros(grid.shape)
        density[row, column] = 1
        pixels, ((south, west), (north, east)) = warp_to_web_mercator(density, grid, crs=pyproj.CRS(crs))
        left, bottom = to_mercator.transform(west, south)
        right, top = to_mercator.transform(east, north)
        rows, columns = np.indices(pixels.shape)
        y = top - ((rows + 0.5) * pixels).sum() / pixels.sum() * (top - bottom) / pixels.shape[0]
        x = left + ((columns + 0.5) * pixels).sum() / pixels.sum() * (right - left) / pixels.shape[1]
        expected = to_degrees.transform(grid.easting_min + (column + 0.5) * 50, grid.northing_min + (row + 0.5) * 50)
        scale = 1 / np.cos(np.radians(latitude))  # metres on the ground are longer on the web map
        assert np.hypot(x - expected[0], y - expected[1]) / scale < 25


@pytest.mark.parametrize(
    ("highest", "breaks"),
    [
        (3.7, [0.1, 0.2, 0.5, 1, 2]),
        (1100, [50, 100, 200, 500, 1000]),
        (1000, [20, 50, 100, 200, 500]),
        (0, []),
        (float("nan"), []),
    ],
)
def test_class_bounds_are_round_and_the_top_class_is_used(highest: float, breaks: list[float]) -> None:
    assert choose_breaks(highest) == breaks


def test_colours_go_from_light_to_dark() -> None:
    breaks = choose_breaks(1100)
    assert [colour_of(value, breaks) for value in (10, 50, 1100)] == [None, SEQUENTIAL[0], SEQUENTIAL[-1]]
    assert colour_of(5, [1.0, 2.0]) == SEQUENTIAL[-1]


def test_a_layer_that_needs_another_script_is_refused() -> None:
    fmap = folium.Map(tiles=None)
    MarkerCluster().add_to(fmap)  # type: ignore[no-untyped-call]
    known = {url for _, url in (*folium.Map.default_js, *folium.Map.default_css)}
    with pytest.raises(AssertionError, match=r"needs https://.*markercluster.*, which is not in the file"):
        render_map(fmap, known_links=known)


def test_the_style_sheet_asks_for_no_file() -> None:
    assert "url(data:image/png;base64," in leaflet_style()
    assert "url(images" not in leaflet_style()


def test_words() -> None:
    assert [say_share(share) for share in (0, 0.0004, 0.0123, 0.0994, 0.0996, 0.314, 1, None)] == [
        *("0%", "under 0.1%", "1.2%", "9.9%", "10%", "31%", "100%", "not known"),
    ]
    assert say_date("2026-03-09") == "9 March 2026"
    assert [say_list(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [say_bound(value) for value in (0.5, 20.0, 1000.0)] == ["0.5", "20", "1,000"]


@pytest.mark.parametrize(
    ("place", "easting", "northing"),
    [("Penzance", 147_000, 30_000), ("Dover", 631_000, 141_000), ("Lerwick", 447_000, 1_141_000)],
)
def test_the_coast_is_no_edge_of_the_world(tmp_path: Path, place: str, easting: int, northing: int) -> None:
    """OSTN15 ends some way out at sea, and a map needs room around its wards."""
    ward = shapely.box(easting - 2000, northing - 2000, easting + 2000, northing + 2000)
    gpd.GeoDataFrame({"ward_code": ["A"], "ward_name": [place]}, geometry=[ward], crs=27700).to_file(
        tmp_path / "wards.gpkg"
    )
    rows = [f"{i},Robbery,01/02/2026 10:0{i % 10},,{easting + i},{northing},Quay,Street,N" for i in range(30)]
    header = "Crime Ref,Offence,Date From,Date To,Easting,Northing,Location,Location Type,Knife Flag"
    (tmp_path / "crimes.csv").write_text("\n".join([header, *rows]))
    study = load_study([tmp_path / "crimes.csv"], [tmp_path / "wards.gpkg"])
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    page = draw_map(analysis, summarise(analysis))
    _, layers, ours = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)  # the first is Leaflet
    assert place in ours
    assert "NaN" not in layers + ours


@pytest.fixture(scope="module")
def vancouver(demonstration: Study, make_incidents: MakeIncidents) -> Analysis:
    """Forty robberies at (491000, 5459000) in UTM zone 10N, in the middle of the western of two wards of 2 km."""
    at = (np.full(40, 491_000), np.full(40, 5_459_000))
    incidents = make_incidents(*at, ward_code=pd.Categorical(["V1"] * 40, categories=["V1", "V2"]))
    squares = [shapely.box(490_000 + x, 5_458_000, 492_000 + x, 5_460_000) for x in (0, 2000)]
    wards = gpd.GeoDataFrame(
        {"ward_name": ["West", "East"], "borough": None, "population": np.nan},
        geometry=squares,
        crs="EPSG:32610",
        index=pd.Index(["V1", "V2"], name="ward_code"),
    )
    havens = gpd.GeoDataFrame(
        {"name": ["Library"], "kind": ["library"], "opening_hours": ["24/7"]},
        geometry=[shapely.Point(490_900, 5_459_000)],
        crs="EPSG:32610",
        index=pd.Index(["H001"], name="haven_id"),
    )
    intake, boundaries = demonstration.intake, demonstration.boundaries
    assert demonstration.havens is not None
    study = dataclasses.replace(
        demonstration,
        intake=dataclasses.replace(
            intake,
            incidents=incidents.set_crs("EPSG:32610", allow_override=True),
            rejected=intake.rejected.iloc[:0],
            inputs=(dataclasses.replace(intake.inputs[0], n_rows=40),),
        ),
        boundaries=dataclasses.replace(boundaries, wards=wards),
        havens=dataclasses.replace(demonstration.havens, havens=havens),
    )
    return analyse(study, AnalysisRequest(crime="robbery", min_samples=10))


def test_a_map_in_another_crs_lies_where_the_city_is(vancouver: Analysis) -> None:
    """Every shape is where pyproj puts it, apart from the decimetre to which shapes are rounded."""
    page = draw_map(vancouver, summarise(vancouver))
    _, layers, ours = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    to_degrees = pyproj.Transformer.from_crs(32610, 4326, always_xy=True)

    view = json.loads(re.search(r"const view = (.*);\n", ours)[1])  # type: ignore[index]
    longitude, latitude = to_degrees.transform(491_000, 5_459_000)
    (south, west), (north, east) = view["bounds"]  # all incidents are at one place, which the map opens on
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx((longitude, latitude), abs=1e-6)
    (spot,) = view["numbers"]
    assert spot == pytest.approx([latitude, longitude], abs=1e-3)  # somewhere in the outline, within 100 m

    image, _ = re.findall(r"L\.imageOverlay\(\s*\"data:[^\"]*\",\s*(\[\[.*?\]\])", layers)
    (south, west), (north, east) = json.loads(image)
    expected = to_degrees.transform_bounds(*vancouver.places.density.grid.bounds)
    assert (west, south, east, north) == pytest.approx(expected, abs=1e-6)

    collections = [json.loads(text) for text in re.findall(r"_add\((\{.*?\})\);", layers)]
    points = [
        feature["geometry"]["coordinates"]
        for collection in collections
        for feature in collection["features"]
        if feature["geometry"]["type"] == "Point"
    ]
    assert points == [pytest.approx(to_degrees.transform(490_900, 5_459_000), abs=1e-6)]
    outlines = [shapely.union_all([shapely.from_geojson(json.dumps(f["geometry"])) for f in c["features"]])
                for c in collections]  # fmt: skip
    squares = vancouver.wards.to_crs(4326).union_all()
    assert sum(shapely.hausdorff_distance(outline, squares) < 1e-4 for outline in outlines) == 2  # lines and fills
    assert "EPSG:32610" in page
    assert "EPSG:27700" not in page


def test_summary_and_layers_state_the_crs_of_the_analysis(vancouver: Analysis, tmp_path: Path) -> None:
    summary = summarise(vancouver)
    assert summary["study_area"]["crs"] == "EPSG:32610"
    assert (summary["hotspots"][0]["easting"], summary["hotspots"][0]["northing"]) == pytest.approx(
        (491_000, 5_459_000), abs=100
    )
    write_geopackage(vancouver, summary, tmp_path / "layers.gpkg")
    for layer in ("wards", "hotspots", "havens"):
        assert gpd.read_file(tmp_path / "layers.gpkg", layer=layer).crs == "EPSG:32610"


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (7, [5]), (12, [5, 10]), (4_800, [2000, 4000]), (10_900, [5000, 10_000])],
)
def test_the_numbers_beside_bars_are_round(highest: int, ticks: list[int]) -> None:
    assert choose_ticks(highest) == ticks
