from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
import re
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from folium.plugins import MarkerCluster
from support import AnalyseDemonstration, MakeIncidents

from hotspots.analysis.change.verdicts import VERDICTS as VERDICT_WORDS
from hotspots.analysis.hours.week import WeekWindow
from hotspots.geography.grid import Grid
from hotspots.geography.projection import project_coordinates
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study, load_study
from hotspots.products.drawing import map_images
from hotspots.products.drawing.axes import choose_ticks
from hotspots.products.drawing.colours import SEQUENTIAL, VERDICTS, choose_breaks, choose_wide_classes, colour_of
from hotspots.products.drawing.map_images import colour_image
from hotspots.products.drawing.offline import leaflet_style, render_map
from hotspots.products.drawing.web_mercator import PixelLattice, locate_pixels
from hotspots.products.files.geopackage import write_geopackage
from hotspots.products.files.spreadsheets import tabulate_shifts, write_csv
from hotspots.products.pages.map_changes import list_verdicts
from hotspots.products.pages.map_page import draw_map
from hotspots.products.pages.quality_page import draw_quality
from hotspots.products.summary import ChangeSummary, GroupChange, choose_main_change, summarise
from hotspots.products.summary.place_changes import HotspotChange, PlaceChange
from hotspots.products.summary.shift_summary import ShiftSummary
from hotspots.products.summary.time_summary import ChangeScale, WardChange, choose_changes
from hotspots.products.words.numbers import say_bound, say_date, say_list, say_share, say_sum, shorten_days
from hotspots.products.words.sentences import say


def read_shapes(script: str) -> list[dict[str, Any]]:
    """Every shape that the script of a map holds, as GeoJSON."""
    shapes: list[dict[str, Any]] = json.loads(re.search(r"const shapes = JSON\.parse\('(.*)'\);", script)[1])  # type: ignore[index]
    return shapes


def read_layers(script: str) -> list[list[dict[str, Any]]]:
    """The features of each layer of shapes."""
    shapes = read_shapes(script)
    texts = re.findall(r"_add\((\{.*?\})\);", script)
    return [
        json.loads(re.sub(r"shapes\[(\d+)\]", lambda number: json.dumps(shapes[int(number[1])]), text))["features"]
        for text in texts
    ]


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
    lattice = locate_pixels(grid, crs=pyproj.CRS(crs), max_pixels=4_000_000)
    (south, west), (north, east) = lattice.bounds
    for row, column in ((10, 10), (230, 10), (120, 120), (10, 230), (230, 230)):
        density = np.zeros(grid.shape)
        density[row, column] = 1
        pixels = lattice.sample(density)
        left, bottom = to_mercator.transform(west, south)
        right, top = to_mercator.transform(east, north)
        rows, columns = np.indices(pixels.shape)
        y = top - ((rows + 0.5) * pixels).sum() / pixels.sum() * (top - bottom) / pixels.shape[0]
        x = left + ((columns + 0.5) * pixels).sum() / pixels.sum() * (right - left) / pixels.shape[1]
        expected = to_degrees.transform(grid.easting_min + (column + 0.5) * 50, grid.northing_min + (row + 0.5) * 50)
        scale = 1 / np.cos(np.radians(latitude))  # metres on the ground are longer on the web map
        assert np.hypot(x - expected[0], y - expected[1]) / scale < 25


@pytest.mark.parametrize(
    ("crs", "west", "south", "width"),
    [
        ("EPSG:27700", 503_000, 155_000, 60_000),
        ("EPSG:27700", 83_000, -6_000, 12_000),  # the Isles of Scilly, and the sea where OSTN15 is not defined
        ("EPSG:32615", 760_000, 3_882_000, 30_000),
    ],
)
def test_each_pixel_lies_where_it_would_if_it_alone_were_projected(
    crs: str, west: float, south: float, width: float
) -> None:
    """Within 10 cm, over Greater London and less; beyond where the CRS is defined, it is none of the grid's."""
    grid = Grid.covering((west, south, west + width, south + width), cell_size_m=50)
    lattice = locate_pixels(grid, crs=pyproj.CRS(crs), max_pixels=4_000_000)
    (bottom, left), (top, right) = lattice.bounds
    to_mercator = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (west, east), (south, north) = to_mercator.transform([left, right], [bottom, top])
    n_rows, n_columns = lattice.places.shape[1:]
    rows, columns = (axis.ravel() for axis in np.indices((n_rows, n_columns))[:, 3::7, 5::11])
    x, y = west + (columns + 0.5) * (east - west) / n_columns, north - (rows + 0.5) * (north - south) / n_rows
    longitude, latitude = to_mercator.transform(x, y, direction="INVERSE")
    easting, northing = project_coordinates(longitude, latitude, source_crs="EPSG:4326", crs=crs)
    found = (lattice.places[:, rows, columns] + 0.5) * 50 + [[grid.northing_min], [grid.easting_min]]
    known = np.isfinite(easting)
    assert np.abs(found[:, known] - [northing[known], easting[known]]).max() < 0.1
    assert (lattice.places[:, rows, columns][:, ~known] < -1).all()


def test_the_parts_of_the_week_are_drawn_on_the_pixels_of_the_whole_week(
    with_hours: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a grid too large for an image of each part is given coarser pixels."""
    located: list[Grid] = []

    def locate(grid: Grid, **options: Any) -> PixelLattice:
        located.append(grid)
        return locate_pixels(grid, **options)

    monkeypatch.setattr(map_images, "locate_pixels", locate)
    draw_map(with_hours, summarise(with_hours))
    assert len(located) == len(set(located)) == 2  # of the density and of what is to be expected


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
        render_map({"map": fmap}, known_links=known)


def test_the_style_sheet_asks_for_no_file() -> None:
    assert "url(data:image/png;base64," in leaflet_style()
    assert "url(images" not in leaflet_style()


def test_words() -> None:
    assert [say_share(share) for share in (0, 0.0004, 0.0123, 0.0994, 0.0996, 0.314, 1, None)] == [
        *("0%", "under 0.1%", "1.2%", "9.9%", "10%", "31%", "100%", "not known"),
    ]
    assert say_date(dt.date(2026, 3, 9)) == "9 March 2026"
    assert [say_list(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [say_bound(value) for value in (0.5, 20.0, 1000.0)] == ["0.5", "20", "1,000"]


@pytest.mark.parametrize(
    ("place", "easting", "northing"),
    [("Penzance", 147_000, 30_000), ("Dover", 631_000, 141_000), ("Lerwick", 447_000, 1_141_000)],
)
@pytest.mark.slow
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
    assert "NaN" not in re.sub(r"data:image/png;base64,[^\"]+", "", layers + ours)


@pytest.fixture(scope="module")
def vancouver(demonstration: Study, make_incidents: MakeIncidents) -> Analysis:
    """Forty robberies at (491000, 5459000) in UTM zone 10N, in the middle of the western of two wards of 2 km."""
    at = (np.full(40, 491_000), np.full(40, 5_459_000))
    ward_code = pd.Categorical(["V1"] * 40, categories=["V1", "V2"])
    incidents = make_incidents(*at, ward_code=ward_code, location_precision="anonymised")
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
    (south, west), (north, east) = view["bounds"]  # of the wards: those of the incidents would give them away
    assert (west, south, east, north) == pytest.approx(tuple(vancouver.wards.to_crs(4326).total_bounds), abs=1e-6)
    (spot,) = [place["at"] for place in view["places"]]
    assert spot == pytest.approx([latitude, longitude], abs=1e-3)  # somewhere in the outline, within 100 m

    image, _ = re.findall(r"L\.imageOverlay\(\s*\"data:[^\"]*\",\s*(\[\[.*?\]\])", layers)
    (south, west), (north, east) = json.loads(image)
    expected = to_degrees.transform_bounds(*vancouver.places.density.grid.bounds)
    assert (west, south, east, north) == pytest.approx(expected, abs=1e-6)

    collections = read_layers(layers)
    points = [
        feature["geometry"]["coordinates"]
        for collection in collections
        for feature in collection
        if feature["geometry"]["type"] == "Point"
    ]
    assert points == [pytest.approx(to_degrees.transform(490_900, 5_459_000), abs=1e-6)]
    outlines = [shapely.union_all([shapely.from_geojson(json.dumps(f["geometry"])) for f in c])
                for c in collections]  # fmt: skip
    squares = vancouver.wards.to_crs(4326).union_all()
    assert sum(shapely.hausdorff_distance(outline, squares) < 1e-4 for outline in outlines) == 2  # lines and fills
    assert "EPSG:27700" not in page
    assert "EPSG:32610" in draw_quality(summarise(vancouver))


@pytest.mark.parametrize("name", ["shape 0", '"geometry": "shape 0"', "\\g<0>"])
def test_a_name_is_not_taken_for_a_shape(vancouver: Analysis, name: str) -> None:
    assert vancouver.havens is not None
    havens = dataclasses.replace(vancouver.havens, havens=vancouver.havens.havens.assign(name=name))
    named = dataclasses.replace(vancouver, havens=havens)
    pages = [draw_map(analysis, summarise(analysis)) for analysis in (vancouver, named)]
    assert pages[0] != pages[1]
    expected, found = map(read_layers, pages)
    assert len(found) > 3
    assert found == expected


def test_summary_and_layers_state_the_crs_of_the_analysis(vancouver: Analysis, tmp_path: Path) -> None:
    summary = summarise(vancouver)
    assert summary.study_area.crs == "EPSG:32610"
    assert (summary.hotspots[0].easting, summary.hotspots[0].northing) == pytest.approx((491_000, 5_459_000), abs=100)
    write_geopackage(vancouver, summary, tmp_path / "layers.gpkg")
    for layer in ("wards", "hotspots", "havens"):
        assert gpd.read_file(tmp_path / "layers.gpkg", layer=layer).crs == "EPSG:32610"


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (7, [5]), (12, [5, 10]), (4_800, [2000, 4000]), (10_900, [5000, 10_000])],
)
def test_the_numbers_beside_bars_are_round(highest: int, ticks: list[int]) -> None:
    assert choose_ticks(highest) == ticks


def test_an_image_of_classes_is_a_small_png_of_their_colours() -> None:
    """Read back by the rules of the format: signature, checksums, and one byte a pixel into a palette."""
    pixels = np.array([[0.0, 0.9, 1.0], [2.9, 3.0, 40.0]])
    url = colour_image(pixels, [(1.0, "#c7e9b4"), (3.0, "#253494")])
    png = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    parts, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        kind, data = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length]) == (zlib.crc32(kind + data),)
        parts[kind], place = data, place + 12 + length
    assert list(parts) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", parts[b"IHDR"]) == (3, 2, 8, 3, 0, 0, 0)
    assert parts[b"PLTE"][3:].hex() == "c7e9b4253494"
    assert parts[b"tRNS"][0] == 0
    assert zlib.decompress(parts[b"IDAT"]) == bytes([0, 0, 0, 1, 0, 1, 2, 2])


@pytest.mark.parametrize(
    ("highest", "breaks"),
    [(143.6, [1, 3, 10, 30, 100]), (100.0, [0.3, 1, 3, 10, 30]), (0.04, [0.0003, 0.001, 0.003, 0.01, 0.03])],
)
def test_parts_of_the_week_share_wide_classes(highest: float, breaks: list[float]) -> None:
    assert [bound for bound, _ in choose_wide_classes(highest)] == breaks
    assert [colour for _, colour in choose_wide_classes(highest)] == list(SEQUENTIAL)


def test_nothing_to_show_has_no_classes() -> None:
    assert choose_wide_classes(None) == choose_wide_classes(0.0) == []


@pytest.fixture(scope="module")
def with_hours(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    window = WeekWindow(days=(4, 5), start_hour=20, n_hours=6)
    return analyse_demonstration("robbery", window=window)


def read_view(page: str) -> Any:
    """What a map's script is given."""
    return json.loads(re.search(r"const view = (.*);\n", page)[1])  # type: ignore[index]


def test_every_number_of_a_part_is_in_the_summary(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    page = draw_map(with_hours, summary)
    n_days = (with_hours.end - with_hours.start).days + 1
    for part, places in zip(summary.shifts.parts, with_hours.places.shifts.shifts, strict=True):
        n_hours = n_days / 7 * len(places.shift.window.hours)
        assert part.hours_in_period == round(n_hours)
        assert places.density is not None
        assert part.max_per_km2 == pytest.approx(100 * places.density.density_per_km2.max() / n_hours, rel=1e-3)
        section = page[page.index(f'data-part="{part.key}"') :]
        section = section[: section.index("</p>")]
        assert f"{say_share(part.share)} of robberies in {say_share(part.week_share)} of the week" in section
        assert part.difference is not None
        assert part.difference.words in section
        texts = read_view(page)["shifts"][part.key]["texts"]
        assert [values[0].split(" in these hours")[0] for values in texts] == [
            say_sum(hotspot.n_incidents) for hotspot in part.hotspots
        ]
        assert [values[1] for values in texts] == [say("hours.against_elsewhere", one) for one in part.hotspots]
    assert summary.shifts.max_per_km2 == max(part.max_per_km2 or 0.0 for part in summary.shifts.parts)


@pytest.mark.slow
def test_the_parts_add_little_to_the_page(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    bare = dataclasses.replace(
        with_hours,
        places=dataclasses.replace(with_hours.places, shifts=dataclasses.replace(with_hours.places.shifts, shifts=())),
        part_changes=None,
    )
    assert len(draw_map(with_hours, summary)) - len(draw_map(bare, summarise(bare))) < 160_000


def test_shifts_as_a_table_and_a_layer(with_hours: Analysis, tmp_path: Path) -> None:
    summary = summarise(with_hours)
    table = tabulate_shifts(summary)
    parts = summary.shifts.parts
    assert table["hours"].iloc[0] == "Fridays and Saturdays 20:00-01:59"
    assert table.groupby("shift", sort=False).size().to_dict() == {
        part.label: max(len(part.hotspots), 1) for part in parts
    }
    assert table.loc[0, "n_incidents"] == parts[0].hotspots[0].n_incidents
    write_csv(table, tmp_path / "shifts.csv")
    again = pd.read_csv(tmp_path / "shifts.csv")
    assert again["rank"].dropna().tolist() == table["rank"].dropna().tolist()
    assert again["rank"].isna().tolist() == table["rank"].isna().tolist()
    write_geopackage(with_hours, summary, tmp_path / "layers.gpkg")
    layer = gpd.read_file(tmp_path / "layers.gpkg", layer="shift_hotspots")
    assert len(layer) == sum(len(part.hotspots) for part in parts)
    assert layer["rank"].iloc[0] == 1
    assert parts[0].difference is not None
    assert bool(layer["places_differ"].iloc[0]) == parts[0].difference.is_different
    assert layer.geometry.iloc[0].equals(shapely.MultiPolygon([with_hours.places.shifts.shifts[0].hotspots[0].outline]))
    styles = gpd.read_file(tmp_path / "layers.gpkg", layer="layer_styles")
    style = styles.loc[styles["f_table_name"] == "shift_hotspots", "styleQML"].item()
    assert style.count('render="true"') == 1
    assert 'value="Chosen hours" label="Chosen hours: Fridays and Saturdays 20:00-01:59" render="true"' in style


def test_a_part_without_hot_spots_has_a_row_that_says_why(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    part = summary.shifts.parts[1]

    def tabulate(*parts: ShiftSummary) -> pd.DataFrame:
        return tabulate_shifts(dataclasses.replace(summary, shifts=dataclasses.replace(summary.shifts, parts=parts)))

    few = dataclasses.replace(part, hotspots=(), is_drawn=False, reason="Fewer than 10.", difference=None)
    row = tabulate(few).iloc[0]
    assert row["note"] == "Fewer than 10."
    assert row["shift_n_incidents"] == part.n_incidents
    assert pd.isna(row["rank"])
    assert tabulate().empty


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            {"is_different": False, "p_adjusted": 0.4, "busier": [], "quieter": []},
            "The places are not shown to differ from those of the whole week (p 0.40). The hot spots of the whole week "
            "rest on more incidents, so they are the better guide to these hours too.",
        ),
        (
            {"is_different": True, "p_adjusted": 0.008, "busier": [3], "quieter": [1, 2, 7]},
            "The places differ from those of the whole week by more than chance (p 0.008). More than their usual share "
            "in these hours: hot spot 3 of the whole week. Less than their usual share: hot spots 1, 2 and 7 of the "
            "whole week.",
        ),
        (
            {"is_different": True, "p_adjusted": 0.04, "busier": [], "quieter": []},
            "The places differ from those of the whole week by more than chance (p 0.04). No single hot spot of the "
            "whole week stands out.",
        ),
    ],
)
def test_whether_places_differ_is_said(found: dict[str, object], words: str) -> None:
    assert say("hours.difference", found) == words


def test_words_of_parts() -> None:
    assert [say_sum(n) for n in (0.5, 12.0, 12.34, 19.9, 20.4, 3008.6)] == ["0.5", "12", "12.3", "19.9", "20", "3,009"]
    assert shorten_days("Mondays to Fridays 15:00-17:59") == "Mon to Fri 15:00-17:59"


def make_group(now: int, then: int, verdict: str, p: float = 0.03) -> GroupChange:
    ratio = now / then if then else None
    low, high = (ratio / 1.5, ratio * 1.4) if ratio is not None else (0.5, None) if now else (None, None)
    return GroupChange(
        n_current=now, n_earlier=then, ratio=ratio, low=low, high=high, percent=None, p_adjusted=p, verdict=verdict
    )


def make_ward(name: str, now: int, then: int, verdict: str, p: float = 0.03) -> WardChange:
    return WardChange(code=name, name=name, change=make_group(now, then, verdict, p))


def make_change(
    key: str, against: str, *, wards: Sequence[WardChange] = (), is_available: bool = True, **more: Any
) -> ChangeSummary:
    """A comparison of a summary, as far as words of it go."""
    n_days = {
        "r12": 365,
        "3-months": 91,
        "12-weeks": 84,
        "1-month": 30,
        "4-weeks": 28,
        "2-weeks": 14,
        "longest": 334,
        "asked": 40,
    }[key]
    label = "12 months" if key == "r12" else key.replace("-", " ")
    days = (dt.date(2026, 6, 1), dt.date(2026, 6, 30))
    plain: dict[str, Any] = {
        "key": key,
        "against": against,
        "label": label,
        "words": f"the {label} to June against others",
        "is_main": False,
        "allows_for_season": key == "r12" or against == "last year",
        "is_per_day": False,
        "current": days,
        "earlier": days,
        "available": is_available,
        "reason": None if is_available else f"Too few days for {label}.",
        "days_current": n_days,
        "days_earlier": n_days,
        "area": make_group(90, 100, "no apparent change", 0.5) if is_available else None,
        "confidence": 0.95,
        "allowance": None,
        "n_month_only": 0,
        "n_left_out": 0,
        "lost": None,
        "wards": wards if is_available else None,
        "n_wards_compared": len(wards) if is_available else None,
        "hotspots": None,
        "n_hotspots_compared": None,
        "patrols": None,
        "hotspots_reason": None,
    }
    return ChangeSummary(**plain | more)


def make_run(*changes: ChangeSummary) -> Any:
    """A run, as far as its comparisons go."""
    return SimpleNamespace(changes=changes, main_change=next((one for one in changes if one.available), None))


def test_the_comparison_to_look_at_first() -> None:
    changes = [make_change("12-weeks", "last year"), make_change("4-weeks", "before", is_main=True)]
    assert choose_main_change(changes) is changes[1]
    assert choose_main_change(changes[:1]) is None
    # what was asked for, twelve months and the longest months of both years are always shown, the first of all first
    keys = [("3-months", "before"), ("3-months", "last year"), ("r12", "before"), ("longest", "last year")]
    asked = make_change("asked", "chosen", is_main=True)
    shown = choose_changes([*(make_change(*key) for key in keys), asked])
    assert [change.key for change in shown] == ["asked", "r12", "3-months", "longest"]


@pytest.mark.parametrize(
    ("row", "days_earlier", "words"),
    [
        (
            {"n_current": 98, "n_earlier": 45, "ratio": 2.18, "low": 1.53, "high": 3.12, "verdict": "deteriorating"},
            84,
            "98 against 45, 2.2 times as many (1.5 to 3.1): deteriorating",
        ),
        (
            {"n_current": 1200, "n_earlier": 1000, "ratio": 1.2, "low": 1.1, "high": 1.31, "verdict": "deteriorating"},
            80,
            "1,200 against 1,000, 1.20 times as many a day (1.10 to 1.31): deteriorating",
        ),
        (
            {"n_current": 9, "n_earlier": 0, "ratio": None, "low": 2.3, "high": None, "verdict": "deteriorating"},
            84,
            "9 against 0, over 2.3 times as many: deteriorating",
        ),
        (
            {"n_current": 0, "n_earlier": 0, "ratio": None, "low": None, "high": None, "verdict": "no apparent change"},
            84,
            "0 against 0: no apparent change",
        ),
    ],
)
def test_counts_of_a_change_in_words(row: dict[str, object], days_earlier: int, words: str) -> None:
    change = make_change("12-weeks", "before", days_earlier=days_earlier, is_per_day=days_earlier != 84)
    assert say("change.counts", row, change) == words


def test_changed_wards_in_words() -> None:
    wards = [
        make_ward("Same", 1, 1, "no apparent change", 1.0),
        make_ward("Later", 9, 3, "deteriorating", 0.04),
        make_ward("First", 3, 30, "clearly improving", 0.001),
    ]
    change = make_change("r12", "before", wards=wards)
    assert say("change.label", change) == "12 months (R12): 2 wards"
    assert say("change.n_changed", change) == "2 of 3 wards changed by more than chance"
    assert say("change.wards", change) == "First clearly improving and Later deteriorating"
    seven = [make_ward(name, 9, 3, "deteriorating") for name in "ABCDEFG"]
    more = make_change("4-weeks", "before", wards=seven)
    assert say("change.wards", more) == "A deteriorating, B deteriorating, C deteriorating and 4 more"
    assert [row.name for row in more.changed_wards[:5]] == [*"ABCDE"]
    assert say("change.rest", more, 5) == "and 2 more wards"
    assert say("change.rest", change, 5) == ""
    none = make_change("4-weeks", "before", wards=wards[:1])
    assert say("change.label", none) == "4 weeks: no wards"
    assert say("change.n_changed", none) == "No ward changed by more than chance"
    assert say("change.wards", none) == ""
    assert say("change.rest", none, 5) == "No ward changed by more than chance"


def test_the_change_of_a_run_in_a_line() -> None:
    wards = [make_ward(name, 1, 1, "no apparent change") for name in "AB"]
    start = "the 12 months to June against others: 90 against 100, no apparent change"
    both, one = (make_change("r12", "before", wards=some) for some in (wards, wards[:1]))
    assert say("change.headline", make_run(both)) == f"{start}; wards: none changed by more than chance"
    assert say("change.headline", make_run(one)) == start
    unable = make_run(*(make_change(key, "before", is_available=False) for key in ("2-weeks", "r12")))
    assert say("change.headline", unable) == ""
    assert say("change.incomparable", unable) == (
        "cannot be measured, not even for the 2 weeks to June against others. Too few days for 2 weeks."
    )


def test_a_comparison_of_different_seasons_says_so_and_is_not_bold() -> None:
    autumn = make_change("3-months", "before", area=make_group(60, 100, "clearly improving", 0.001))
    assert say("change.windows", autumn) == "the 3 months to June against others (season not allowed for)"
    assert say("change.headline", make_run(autumn)) == (
        "the 3 months to June against others (season not allowed for): 60 against 100, clearly improving"
    )
    year = make_change("3-months", "last year")
    assert say("change.windows", year) == "the 3 months to June against others"


def test_what_verdicts_allow_for_is_said_where_there_are_several() -> None:
    several = [make_change(key, "last year") for key in ("4-weeks", "12-weeks")]
    scale = ChangeScale(clear_p=0.01, plain_p=0.05, min_for_percent=50)
    run = SimpleNamespace(changes=several, main_change=several[1], change_scale=scale)
    assert say("change.family", run).startswith(
        "The verdicts on all wards together allow for there being 2 comparisons, so that a run in which nothing "
        "changed seldom reports any. Half of the 5% is kept for the 12 weeks to June against others"
    )
    run.changes = several[1:]
    assert say("change.family", run) == ""


def test_a_percentage_of_unequal_windows_says_that_it_is_of_a_day() -> None:
    row = dataclasses.replace(make_group(4813, 5752, "improving"), percent=-16)
    assert say("change.percent", row, make_change("r12", "before")) == "\N{MINUS SIGN}16%"
    month = make_change("1-month", "before", is_per_day=True)
    assert say("change.percent", row, month) == "\N{MINUS SIGN}16% a day"


def test_a_hot_spot_is_compared_with_the_year_before_or_else_with_the_time_before() -> None:
    hotspots = [
        HotspotChange(rank=1, change=PlaceChange.of(make_group(20, 10, "no apparent change"))),
        HotspotChange(rank=2, change=PlaceChange.of(make_group(30, 10, "deteriorating"))),
    ]
    before, year = (make_change("12-weeks", against, hotspots=hotspots) for against in ("before", "last year"))
    r12 = make_change("r12", "before", hotspots=hotspots)
    row = "30 against 10, 3.0 times as many (2.0 to 4.2): deteriorating"
    assert say("change.hotspot", 2, make_run(before, year, r12)) == (
        f"against a year before: 12 months, {row}; 12 weeks, {row}"
    )
    assert say("change.hotspot", 2, make_run(before)) == f"against the period before: 12 weeks, {row}"
    assert say("change.hotspot", 2, make_run(make_change("r12", "before"))) == ""  # withheld for hot spots


def test_a_season_in_words() -> None:
    window = {"name": "summer: June-August", "ratio": 0.76, "low": 0.72, "high": 0.81}
    assert say("change.season", {"window": window}) == "summer: June-August 0.76 times the rest (0.72 to 0.81)"
    wide = window | {"ratio": 1.42, "low": 1.11, "high": 1.74}
    assert say("change.season", {"window": wide}) == "summer: June-August 1.4 times the rest (1.1 to 1.7)"
    assert say("change.season", {"window": None}) == ""


def test_every_verdict_has_a_sign_and_those_of_a_change_a_colour() -> None:
    verdicts = list_verdicts()
    assert [verdict["words"] for verdict in verdicts] == [say("map.direction", words) for words in VERDICT_WORDS]
    assert [verdict["sign"] for verdict in verdicts] == ["▼▼", "▼", "=", "▲", "▲▲"]
    assert [verdict["colour"] for verdict in verdicts] == [VERDICTS.get(words) for words in VERDICT_WORDS]
    assert sum(verdict["colour"] is None for verdict in verdicts) == 1
    assert all(colour not in SEQUENTIAL for colour in VERDICTS.values())


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    shares = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_clear_change_is_darker_and_directions_differ_in_blue() -> None:
    """Blue against yellow is what colour-blind readers nearly always can tell; lightness tells clear from plain."""
    clear_fewer, fewer, more, clear_more = VERDICTS.values()
    for clear, plain in ((clear_fewer, fewer), (clear_more, more)):
        assert (luminance(plain) + 0.05) / (luminance(clear) + 0.05) > 2
    for blue, orange in ((clear_fewer, clear_more), (fewer, more)):
        assert int(blue[5:], 16) - int(blue[1:3], 16) > 60
        assert int(orange[1:3], 16) - int(orange[5:], 16) > 60


def test_the_map_holds_each_comparison_once_and_no_shape_twice(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    page = draw_map(with_hours, summary)
    layers, view = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)[1], read_view(page)
    assert [change["words"] for change in view["changes"]] == [
        say("change.windows", change) for change in summary.changes
    ]
    for shown, change in zip(view["changes"], summary.changes, strict=True):
        assert change.wards is not None
        rows = {row.code: row.change for row in change.wards}
        for code, (now, then, _, _, verdict) in zip(with_hours.wards.index, shown["rows"], strict=True):
            assert (now, then) == (rows[code].n_current, rows[code].n_earlier)
            assert view["verdicts"][verdict]["words"] == say("map.direction", rows[code].verdict)
    shapes = read_shapes(layers)
    assert len({json.dumps(shape) for shape in shapes}) == len(shapes)
    assert [len(layer) for layer in read_layers(layers)].count(len(with_hours.wards)) == 2  # lines and fills
    assert len(json.dumps(view["changes"])) / len(view["changes"]) / len(with_hours.wards) < 50  # bytes a ward


def test_each_hot_spot_has_its_own_outline_and_a_map_drawn_again_is_the_same(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    page = draw_map(with_hours, summary)
    assert draw_map(with_hours, summary) == page
    drawn = [hotspot.outline for hotspot in with_hours.places.hotspots[: summary.published.n_hotspots_drawn]]
    outlines = gpd.GeoSeries(drawn, crs=with_hours.wards.crs).to_crs(4326)
    shapes = [
        [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in layer] for layer in read_layers(page)
    ]
    distances = [shapely.hausdorff_distance(layer, outlines) for layer in shapes if len(layer) == len(outlines)]
    assert min(distance.max() for distance in distances) < 1e-4


def test_the_panel_tells_hours_and_change_as_the_summary_does(with_hours: Analysis) -> None:
    summary = summarise(with_hours)
    page = draw_map(with_hours, summary)
    assert f"Peak: {summary.profile.peaks[0].words.rsplit(' ', 1)[0]}" in page
    assert 'href="times.html"' in page
    changed = page[page.index("<summary>What changed</summary>") : page.index("<summary>Wards</summary>")]
    r12 = next(change for change in summary.changes if change.key == "r12")
    assert r12.area is not None
    assert f"{r12.area.n_current:,}" in changed
    shown = [change for change in summary.changes if change.key == "r12" or change.against == "last year"]
    named = [row.name for change in shown if change.key != "2-weeks" for row in change.changed_wards]
    rows = re.findall(r"<td>([^<]*)<small><span", changed)
    assert sorted(name for name in rows if name != "All together") == sorted(named)
    buttons = re.findall(r'([^>]*) <button type="button" data-show-change="(\d+)"', changed)
    told = [change for change in shown if change.key != "2-weeks"]
    assert len(buttons) == len(told)
    for words, position in buttons:
        change = summary.changes[int(position)]
        assert change in told
        assert words == change.words[0].upper() + change.words[1:]
    assert r12.is_main
    assert say("map.changed", summary) in page
    assert "allow for there being 7 comparisons" in changed
    assert "busiest Mondays to Fridays 15:00-17:59" in page  # of a ward


def test_a_map_says_why_there_is_no_change_on_it(vancouver: Analysis, tmp_path: Path) -> None:
    summary = summarise(vancouver)
    unable = tuple(
        dataclasses.replace(change, available=False, reason="Too short.", area=None, wards=None, hotspots=None)
        for change in summary.changes
    )
    summary = dataclasses.replace(summary, changes=unable)
    page = draw_map(vancouver, summary)
    assert f"Change cannot be measured, not even for {unable[0].words}. Too short. The map shows no change." in page
    assert '<select aria-labelledby="change-title">' not in page
    assert "Change by ward" not in page
    write_geopackage(vancouver, summary, tmp_path / "layers.gpkg")
    wards = gpd.read_file(tmp_path / "layers.gpkg", layer="wards")
    assert wards[["r12_current", "r12_earlier", "r12_ratio", "r12_verdict"]].isna().all(axis=None)


def test_wards_in_qgis_have_their_change_in_twelve_months(with_hours: Analysis, tmp_path: Path) -> None:
    summary = summarise(with_hours)
    write_geopackage(with_hours, summary, tmp_path / "layers.gpkg")
    wards = gpd.read_file(tmp_path / "layers.gpkg", layer="wards").set_index("ward_code")
    r12 = next(change for change in summary.changes if change.key == "r12")
    for row in r12.wards or ():
        found, change = wards.loc[row.code], row.change
        assert (found["r12_current"], found["r12_earlier"]) == (change.n_current, change.n_earlier)
        assert found["r12_verdict"] == change.verdict
        assert found["r12_ratio"] == change.ratio or (pd.isna(found["r12_ratio"]) and change.ratio is None)
    assert "profile" not in wards.columns  # hours are in the summary, and the busiest are here in words
    assert wards["peak"].notna().any()
