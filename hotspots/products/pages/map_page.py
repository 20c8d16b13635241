"""The interactive map: one HTML file that makes no request. The only importer of folium."""

from __future__ import annotations

import base64
import functools
import math
import struct
import zlib
from html import escape
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from markupsafe import Markup
from scipy import ndimage

from hotspots.analysis.surfaces import DensitySurface
from hotspots.geography import WGS84, Grid, project_coordinates, to_wgs84
from hotspots.pipeline import Analysis, HavenAnalysis
from hotspots.products.drawing import (
    EXPECTED,
    EXPECTED_SHARES,
    HALF,
    HAVEN,
    HOTSPOT,
    OUTSIDE,
    SEQUENTIAL,
    SIGNIFICANT,
    VERDICTS,
    choose_breaks,
    colour_of,
    draw_months,
    draw_week,
)
from hotspots.products.pages.offline import hash_script, leaflet_script, leaflet_style, render_map
from hotspots.products.pages.times_page import NO_CHANGE, choose_comparisons, list_changed
from hotspots.products.summary import MIN_INCIDENTS_DRAWN, PER_HOURS, hours_in_period, say_ratio, say_sum, shorten_days
from hotspots.products.words import (
    choose_main_comparison,
    count_changed,
    explain_no_change,
    make_environment,
    name_changed_wards,
    say_count,
    say_harm,
    say_hotspot_change,
    say_label,
    say_list,
    say_number,
    say_p,
    say_season,
    say_share,
    say_unit,
    say_verdict,
    say_why,
    split_ratio,
)

_MAX_PIXELS = 4_000_000
_MAX_SHIFT_PIXELS = 1_000_000
"""Of each part of the week: there are eight of them or nine in the file."""
_SHIFT_TOLERANCE_M = 4.0
_OPAQUE = 215
_EARTH_RADIUS_M = 6_378_137.0
_DISPLAY_STEPS = 4000
"""Shapes are drawn with a tolerance of this fraction of the area's width: finer cannot be seen."""
_NUMBER_CLEARANCE_M = 250.0
_NAME_RADIUS_PIXELS = 19.0
_VIEW_MARGIN_DEGREES = 0.005
_SMALLEST = 1e-9
_HOTSPOT_STYLE = {"color": HOTSPOT, "weight": 2.2, "fillColor": HOTSPOT, "fillOpacity": 0.06}


def draw_map(analysis: Analysis, summary: dict[str, Any]) -> str:
    """The whole page as HTML: the map, and beside it what the map says in tables, charts and words.

    Every number comes from the summary, every shape from the analysis. folium gets shapes, numbers and our own words:
    it runs what it renders as a template, so text from the sources is handed to the page as data instead.
    """
    plural = summary["crime_plural"]
    is_enough = summary["accounts"]["analysed"] >= MIN_INCIDENTS_DRAWN
    density_classes = _classes(summary["density"]["max_per_km2"] if is_enough else 0.0)
    shift_classes = _classes_of_shifts(summary["shifts"]["max_per_km2"])
    ward_classes = _classes(max(ward["density_per_km2"] for ward in summary["wards"]))
    fmap = folium.Map(
        tiles=None, control_scale=False, zoom_snap=0.25, zoom_delta=0.5, min_zoom=8, max_zoom=18,
        attribution_control=False,
    )  # fmt: skip
    crs = analysis.wards.crs
    points = _to_wgs84([hotspot.outline.representative_point() for hotspot in analysis.places.hotspots], crs)
    numbers = [(point.y, point.x) for point in points]
    wards = list(shapely.coverage_simplify(analysis.wards.geometry.to_numpy(), _tolerance_m(analysis)))
    layers = {
        "density": _density_layer(analysis.places.density, crs, density_classes, name=f"Density of {plural}"),
        **(_expected_layer(analysis) if is_enough else {}),
        "outside": _outside_layer(analysis),
        "outlines": _geojson(
            wards, crs, show=True, control=False,
            style={"color": "#5a6470", "weight": 0.8, "fill": False, "interactive": False},
        ),
        "wards": _ward_layer(analysis, summary, wards, ward_classes),
    }  # fmt: skip
    comparisons = [change for change in summary["changes"] if change["available"]]
    main_change = choose_main_comparison(comparisons)
    if main_change is not None:
        # the page fills it with the shapes of the ward layer
        layers["change"] = _geojson([], crs, show=False, name="Change by ward", style={})
    if analysis.places.smallest_areas and is_enough:
        layers["half"] = _half_layer(analysis)
    if analysis.places.test is not None and analysis.places.test.gi_star.is_hot.any():
        layers["significant"] = _significant_layer(analysis)
    if analysis.havens is not None:
        layers["reach"] = _reach_layer(analysis.havens, _tolerance_m(analysis))
    layers["hotspots"] = _geojson(
        [hotspot.outline for hotspot in analysis.places.hotspots], crs, show=True, name="Hot spots",
        style=_HOTSPOT_STYLE,
    )  # fmt: skip
    layers["numbers"] = _number_layer(numbers)
    layers["names"] = _name_layer(analysis)
    if analysis.havens is not None:
        layers["havens"] = _geojson(
            list(analysis.havens.havens.geometry), crs, show=True, name="Safe havens",
            style={"color": "#ffffff", "weight": 1, "fill": True, "fillColor": HAVEN, "fillOpacity": 1},
            marker=folium.CircleMarker(radius=4.5),
        )  # fmt: skip
    for layer in layers.values():
        layer.add_to(fmap)
    folium.LayerControl(collapsed=True, position="topright").add_to(fmap)

    known_links = {url for _, url in (*folium.Map.default_js, *folium.Map.default_css)}
    parts = render_map(fmap, known_links=known_links)
    view = {
        "map": parts.names[fmap.get_name()],
        "layers": {key: parts.names[layer.get_name()] for key, layer in layers.items()},
        "bounds": _bounds(analysis, summary),
        "numbers": numbers,
        "texts": _texts(analysis, summary),
        "shifts": _shift_views(analysis, summary, shift_classes),
        "shiftRows": _SHIFT_ROWS,
        "hotspotStyle": _HOTSPOT_STYLE,
        "opening": _find_opening(summary),
        "changes": [_change_view(change, analysis) for change in comparisons],
        "verdicts": _list_verdicts(),
    }
    environment = make_environment()
    environment.filters |= {
        "weighted": say_sum,
        "ratio": say_ratio,
        "shortened": shorten_days,
        "p": say_p,
        "compared": say_label,
        "season": say_season,
        "verdict": say_verdict,
        "split_ratio": split_ratio,
    }
    scripts = [leaflet_script(), parts.script, environment.get_template("map.js").render(view=view)]
    legends = [("density", summary["crime_label"], density_classes), ("wards", "Wards", ward_classes)]
    incident_files = [file["path"] for file in summary["inputs"] if file["table"] == "incidents"]
    return environment.get_template("map.html").render(
        s=summary,
        place=_name_place(summary),
        ranked=[ward for ward in summary["wards"] if ward["n_incidents"]],
        legends=[legend for legend in legends if legend[2]],
        shift_classes=shift_classes,
        opening=view["opening"],
        expected=list(zip(EXPECTED_SHARES, reversed(EXPECTED), strict=True)) if "expected" in layers else [],
        has_half="half" in layers,
        has_significant="significant" in layers,
        comparisons=comparisons,
        main_change=main_change,
        main_wards=None if main_change is None else name_changed_wards(main_change),
        no_comparison=explain_no_change(summary) if main_change is None else None,
        told_changes=_tell_changes(comparisons, choose_comparisons(summary["changes"])),
        untold_changes=[change for change in choose_comparisons(summary["changes"]) if not change["available"]],
        verdicts=[verdict for verdict in _list_verdicts() if verdict["colour"]],
        too_few=None if is_enough else MIN_INCIDENTS_DRAWN,
        snapped="anonymised" in summary["location_precision"],
        n_files=len(incident_files),
        sources=[
            incident_files[0] if len(incident_files) == 1 else f"{len(incident_files)} files from {incident_files[0]}",
            *(file["path"] for file in summary["inputs"] if file["table"] != "incidents"),
        ],
        # what is marked safe here was escaped where it was made
        week=Markup(draw_week(summary["profile"], plural=plural, with_quiet=True))
        if summary["profile"]["available"]
        else None,
        months=Markup(draw_months(summary["months"], plural=plural)),
        body=Markup(parts.body),
        leaflet_css=Markup(leaflet_style()),
        scripts=[Markup(text) for text in scripts],
        script_hashes=[hash_script(text) for text in scripts],
    )


def _main_wards(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The fewest wards that hold 99% of the incidents."""
    wards = []
    missing = 0.99 * summary["accounts"]["analysed"]
    for ward in summary["wards"]:
        if missing <= 0:
            break
        wards.append(ward)
        missing -= ward["n_incidents"]
    return wards


def _name_place(summary: dict[str, Any]) -> str:
    """What to call the area: its wards if few, else the boroughs of nearly all incidents if few."""
    wards = [ward["name"] for ward in summary["wards"]]
    if len(wards) <= 3:
        return say_list(sorted(wards))
    boroughs = sorted({ward["borough"] for ward in _main_wards(summary) if ward["borough"]})
    return say_list(boroughs) if 0 < len(boroughs) <= 3 else f"{len(wards)} areas"


def _classes(highest: float) -> list[tuple[float, str]]:
    """Lower bounds and colours of the classes of a map; none where there is nothing to show."""
    breaks = choose_breaks(highest)
    return list(zip(breaks, SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :], strict=True))


def _classes_of_shifts(highest: float | None) -> list[tuple[float, str]]:
    """The classes of all parts of the week, in steps of about three: the quiet parts share them with the busy ones."""
    if not highest:
        return []
    exponent = math.floor(math.log10(highest))
    series = [step * 10.0**power for power in range(exponent - len(SEQUENTIAL), exponent + 1) for step in (1, 3)]
    breaks = [round(value, 10) for value in series if value < highest][-len(SEQUENTIAL) :]
    return list(zip(breaks, SEQUENTIAL, strict=True))


def _density_layer(
    surface: DensitySurface, crs: pyproj.CRS, classes: list[tuple[float, str]], *, name: str
) -> folium.raster_layers.ImageOverlay:
    pixels, bounds = warp_to_web_mercator(surface.density_per_km2, surface.grid, crs=crs)
    image = _colour_image(pixels, classes)
    return folium.raster_layers.ImageOverlay(image, bounds=bounds, pixelated=False, name=name, alt=name)


def _colour_image(pixels: npt.NDArray[np.float64], classes: list[tuple[float, str]]) -> str:
    """A PNG of the classes as a data URL: one byte a pixel before it is compressed, and nothing below the lowest."""
    index = np.searchsorted([bound for bound, _ in classes], pixels, side="right").astype(np.uint8)
    palette = bytes(3) + b"".join(bytes.fromhex(colour[1:]) for _, colour in classes)
    rows = np.hstack([np.zeros((len(index), 1), dtype=np.uint8), index])  # each row begins with its filter: none
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", index.shape[1], index.shape[0], 8, 3, 0, 0, 0)),
        (b"PLTE", palette),
        (b"tRNS", bytes([0, *[_OPAQUE] * len(classes)])),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _shift_views(
    analysis: Analysis, summary: dict[str, Any], classes: list[tuple[float, str]]
) -> dict[str, dict[str, Any]]:
    """What the map shows in each part of the week that is drawn: density, outlines, where their numbers go, texts."""
    views: dict[str, dict[str, Any]] = {}
    crs = analysis.wards.crs
    for places, part in zip(analysis.places.shifts.shifts, summary["shifts"]["parts"], strict=True):
        if places.density is None:
            continue
        # per hour of the part, so that the same colour means the same in a short part and a long one
        per_hours = places.density.density_per_km2 / hours_in_period(places, analysis) * PER_HOURS
        pixels, _ = warp_to_web_mercator(per_hours, places.density.grid, crs=crs, max_pixels=_MAX_SHIFT_PIXELS)
        outlines = [hotspot.outline for hotspot in places.hotspots]
        simple = list(shapely.simplify(outlines, _SHIFT_TOLERANCE_M))
        points = _to_wgs84([outline.representative_point() for outline in outlines], crs)
        views[part["key"]] = {
            "image": _colour_image(pixels, classes),
            "shapes": _as_features(_to_wgs84(simple, crs), precision_degrees=1e-5),
            "numbers": [(round(point.y, 5), round(point.x, 5)) for point in points],
            "title": f"{part['label']}, hot spot",
            "texts": [_shift_hotspot_values(hotspot) for hotspot in part["hotspots"]],
        }
    return views


def _list_verdicts() -> list[dict[str, Any]]:
    """Each verdict with its colour, None for no change, and its sign."""
    words = [*list(VERDICTS)[:2], NO_CHANGE, *list(VERDICTS)[2:]]
    return [{"words": word, "colour": VERDICTS.get(word), "sign": say_verdict(word)[1]} for word in words]


def _change_view(change: dict[str, Any], analysis: Analysis) -> dict[str, Any]:
    """What the map shows of a comparison: numbers and verdict of each ward, in the order of their shapes.

    Put into words by the page, as `say_counts` does, since the words of many wards and comparisons would be long.
    """
    index = {verdict["words"]: position for position, verdict in enumerate(_list_verdicts())}
    rows = {row["code"]: row for row in change["wards"]}
    return {
        "words": change["words"],
        "unit": say_unit(change),
        "told": count_changed(change),
        "rows": [
            [row["n_current"], row["n_earlier"], *split_ratio(row), index[row["verdict"]]]
            for row in (rows[code] for code in analysis.wards.index)
        ],
    }


_N_CHANGED_TOLD = 5


def _tell_changes(comparisons: list[dict[str, Any]], chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the panel says of the comparisons that wards are shown for: the longest first, with wards that changed."""
    told = []
    able = [change for change in chosen if change["available"]]
    for change in sorted(able, key=lambda change: -change["days_current"]):
        changed = list_changed(change, "wards")
        n_more = len(changed) - _N_CHANGED_TOLD
        rest = f"and {n_more} more ward{'s' if n_more > 1 else ''}" if n_more > 0 else ""
        told.append(
            {
                "position": comparisons.index(change),
                "words": change["words"],
                "unit": say_unit(change),
                "rows": [{"name": "All together"} | change["area"], *changed[:_N_CHANGED_TOLD]],
                "rest": rest if changed else count_changed(change),
            }
        )
    return told


def _find_opening(summary: dict[str, Any]) -> str:
    """The part of the week that the map opens on: the chosen one if it is drawn, else the whole week."""
    first = summary["shifts"]["parts"][:1]
    return "chosen" if first and first[0]["key"] == "chosen" and first[0]["is_drawn"] else "week"


def _expected_layer(analysis: Analysis) -> dict[str, folium.raster_layers.ImageOverlay]:
    """The cells where most is to be expected, as many as fill each share of the area."""
    risk = analysis.places.risk
    if risk is None:
        return {}
    cells = risk.cells
    place = np.empty(len(cells))
    place[np.argsort(-risk.expected, kind="stable")] = np.arange(1, len(cells) + 1) / len(cells)
    share = np.ones((cells.n_rows, cells.n_columns))
    share[cells.row, cells.column] = place
    grid = Grid(
        easting_min=cells.origin[0],
        northing_min=cells.origin[1],
        cell_size_m=cells.cell_size_m,
        n_rows=cells.n_rows,
        n_columns=cells.n_columns,
    )
    # nearest cell, so that a cell is drawn as what it is; beyond the lattice nothing is expected
    pixels, bounds = warp_to_web_mercator(1 - share, grid, crs=analysis.wards.crs, is_smooth=False)
    image = np.zeros((*pixels.shape, 4), dtype=np.uint8)
    for bound, colour in zip(reversed(EXPECTED_SHARES), EXPECTED, strict=True):
        image[pixels > 1 - bound - _SMALLEST] = (*bytes.fromhex(colour[1:]), 225)
    name = "Where most is to be expected"
    layer = folium.raster_layers.ImageOverlay(image, bounds=bounds, pixelated=True, name=name, alt=name, show=False)
    return {"expected": layer}


def _half_layer(analysis: Analysis) -> folium.GeoJson:
    """The line around the smallest area that holds half of the density."""
    half = min(analysis.places.smallest_areas, key=lambda area: abs(area.share - 0.5))
    outline = shapely.simplify(half.outline, _tolerance_m(analysis))
    return _geojson(
        [] if outline.is_empty else [outline], analysis.wards.crs, show=False, name="Densest half",
        style={"color": HALF, "weight": 1.6, "dashArray": "5 3", "fill": False, "interactive": False},
    )  # fmt: skip


def _significant_layer(analysis: Analysis) -> folium.GeoJson:
    """The cells that are hot by more than chance, joined."""
    test = analysis.places.test
    hot = [] if test is None else [shapely.union_all(test.cells.outlines(test.gi_star.is_hot), grid_size=0.01)]
    return _geojson(
        [shapely.intersection(shape, analysis.study_area) for shape in hot], analysis.wards.crs, show=False,
        name="Busy surroundings (Gi*)",
        style={
            "color": SIGNIFICANT, "weight": 1.4, "fillColor": SIGNIFICANT, "fillOpacity": 0.18, "interactive": False,
        },
    )  # fmt: skip


def warp_to_web_mercator(
    values: npt.NDArray[np.float64],
    grid: Grid,
    *,
    crs: pyproj.CRS,
    is_smooth: bool = True,
    max_pixels: int = _MAX_PIXELS,
) -> tuple[npt.NDArray[np.float64], list[list[float]]]:
    """Resample values on a grid of a CRS in metres onto the pixels of a web map.

    The two are turned against each other, so an image pinned by its corners would be up to 150 m out over a borough
    on the National Grid; each pixel is looked up where it lies instead.

    Args:
        values: float (n_rows, n_columns), of the cells.
        grid: The cells.
        crs: Of the grid.
        is_smooth: Whether to interpolate between cell centres, or take the cell as it is.
        max_pixels: Of the image.

    Returns:
        Values, float (n_pixel_rows, n_pixel_columns), northernmost row first; and the corners of the image,
        [[south, west], [north, east]], degrees.
    """
    scale = min(2.0 if is_smooth else 5.0, math.sqrt(max_pixels / (grid.n_rows * grid.n_columns)))
    where, bounds = _locate_pixels(grid, crs, scale)
    pixels = ndimage.map_coordinates(values, where, order=1 if is_smooth else 0, cval=0.0)
    return pixels, [[bounds[1], bounds[0]], [bounds[3], bounds[2]]]


@functools.lru_cache(maxsize=1)
def _locate_pixels(
    grid: Grid, crs: pyproj.CRS, scale: float
) -> tuple[npt.NDArray[np.float64], tuple[float, float, float, float]]:
    """Row and column of each pixel in the grid, as fractions; and the west, south, east and north of the image.

    Kept for the next image on the same grid, since it takes ten times as long as the image itself.
    """
    bounds = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True).transform_bounds(*grid.bounds)
    (west, east), (south, north) = _mercator_x(np.array(bounds[::2])), _mercator_y(np.array(bounds[1::2]))
    n_rows, n_columns = max(1, int(grid.n_rows * scale)), max(1, int(grid.n_columns * scale))
    xs = west + (np.arange(n_columns) + 0.5) * (east - west) / n_columns
    ys = north - (np.arange(n_rows) + 0.5) * (north - south) / n_rows
    longitudes = np.degrees(xs / _EARTH_RADIUS_M)
    latitudes = np.degrees(2 * np.arctan(np.exp(ys / _EARTH_RADIUS_M)) - np.pi / 2)
    longitude, latitude = (axis.ravel() for axis in np.meshgrid(longitudes, latitudes))
    projected = project_coordinates(longitude, latitude, source_crs=WGS84, crs=crs)
    eastings, northings = (axis.reshape(n_rows, n_columns) for axis in projected)
    rows = (northings - grid.northing_min) / grid.cell_size_m - 0.5
    columns = (eastings - grid.easting_min) / grid.cell_size_m - 0.5
    # where the CRS is not defined (at sea, beyond OSTN15), nothing is looked up
    return np.nan_to_num(np.stack([rows, columns]), nan=-9.0), bounds


def _mercator_x(longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.radians(longitude) * _EARTH_RADIUS_M


def _mercator_y(latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spherical Mercator (EPSG:3857), Snyder (1987), Map Projections: A Working Manual, equation 7-2."""
    return np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2)) * _EARTH_RADIUS_M


def _tolerance_m(analysis: Analysis) -> float:
    west, south, east, north = analysis.study_area.bounds
    return float(np.clip(max(east - west, north - south) / _DISPLAY_STEPS, 1.0, 20.0))


def _outside_layer(analysis: Analysis) -> folium.GeoJson:
    """A sheet over everything outside the study area: the surface ends where the data end."""
    (area,) = _to_wgs84([shapely.simplify(analysis.study_area, _tolerance_m(analysis))], analysis.wards.crs)
    west, south, east, north = area.bounds
    sheet = shapely.difference(shapely.box(west - 4, south - 3, east + 4, north + 3), area)
    return _geojson_in_degrees(
        [sheet], show=True, control=False,
        style={"stroke": False, "fillColor": OUTSIDE, "fillOpacity": 1, "interactive": False},
    )  # fmt: skip


def _ward_layer(
    analysis: Analysis, summary: dict[str, Any], outlines: list[shapely.Geometry], classes: list[tuple[float, str]]
) -> folium.GeoJson:
    density = {ward["code"]: ward["density_per_km2"] for ward in summary["wards"]}
    breaks = [bound for bound, _ in classes]
    colours = [colour_of(density[code], breaks) or "#ffffff" for code in analysis.wards.index]
    return _geojson(
        outlines, analysis.wards.crs, show=False, name="Wards by incidents per km²",
        style=lambda feature: {
            "color": "#5a6470", "weight": 1, "fillColor": colours[feature["properties"]["index"]], "fillOpacity": 0.8
        },
    )  # fmt: skip


def _texts(analysis: Analysis, summary: dict[str, Any]) -> dict[str, list[str]]:
    """What the page shows at each shape: HTML with the texts of the sources escaped; ward names as they are."""
    wards = {ward["code"]: ward for ward in summary["wards"]}
    texts = {
        "wards": [_ward_text(wards[code], summary) for code in analysis.wards.index],
        "names": [wards[code]["name"] for code in analysis.wards.index],
        "hotspots": [_hotspot_text(hotspot, summary) for hotspot in summary["hotspots"]],
    }
    if summary["havens"]:
        texts["havens"] = [_haven_text(haven, summary) for haven in summary["havens"]["havens"]]
    return texts


def _ward_text(ward: dict[str, Any], summary: dict[str, Any]) -> str:
    borough = f", {escape(ward['borough'])}" if ward["borough"] else ""
    peaks = (ward["profile"] or {"peaks": []})["peaks"]
    busiest = f"<br>busiest {escape(peaks[0]['words'])} ({say_share(peaks[0]['share'])})" if peaks else ""
    return (
        f"<b>{escape(ward['name'])}</b>{borough}<br>{say_count(ward['n_incidents'], summary)}, rank {ward['rank']} of "
        f"{len(summary['wards'])}<br>{say_number(ward['density_per_km2'], 1)} per km²{busiest}"
    )


def _hotspot_text(hotspot: dict[str, Any], summary: dict[str, Any]) -> str:
    peak, havens = hotspot["peak"], hotspot["havens"]
    if peak:
        when = f"{peak['words']} ({say_share(peak['share'])} of those with a time)"
    elif summary["profile"]["available"]:
        when = "no clear peak"
    else:
        when = f"not known ({summary['profile']['reason']})"
    quiet = next(hours["quiet"] for hours in summary["hotspot_profiles"] if hours["rank"] == hotspot["rank"])
    near = ""
    if havens:
        near = f"{say_share(havens['share_within_reach'])} within {summary['havens']['reach_m']:g} m of one"
        if havens["share_open_within_reach"] is not None:
            near += f", {say_share(havens['share_open_within_reach'])} of one open at the time"
    rows = {
        "Incidents": f"{say_number(hotspot['n_incidents'])} ({say_share(hotspot['share'])} of all), on "
        f"{say_number(hotspot['n_places'])} distinct point{'s' if hotspot['n_places'] != 1 else ''}",
        "Expected": f"{say_number(hotspot['expected_low'])} to {say_number(hotspot['expected_high'])} in another such "
        "period",
        "How sure": say_why(hotspot),
        "Over time": hotspot["persistence"] if hotspot["persistence"] not in (None, "none") else "",
        "Change": say_hotspot_change(hotspot["rank"], summary),
        "Harm": say_harm(hotspot["harm"], summary["harm"]),
        "Per 1,000 residents": f"about {hotspot['rate_per_1000']:g} a year" if hotspot["rate_per_1000"] else "",
        "Area": f"{hotspot['area_km2'] * 100:.1f} hectares",
        "Peak": when,
        "Quiet": "; ".join(f"{window['words']} ({say_share(window['share'])})" for window in quiet),
        "Top streets": "; ".join(f"{x['location']} ({x['n_incidents']})" for x in hotspot["locations"])
        or f"not in the source; {hotspot['place']}",
        "Kinds of place": "; ".join(f"{x['kind']} ({x['n_incidents']})" for x in hotspot["location_kinds"]),
        "Wards": say_list([ward["name"] for ward in hotspot["wards"]]),
        "Safe havens": near,
    }
    lines = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in rows.items() if value)
    return f'<b class="popup-title">Hot spot {hotspot["rank"]}</b><table class="popup">{lines}</table>'


_SHIFT_ROWS = ("Incidents", "Hours", "Whole week", "Area", "Top streets", "Wards")


def _shift_hotspot_values(hotspot: dict[str, Any]) -> list[str]:
    """What the page says of `_SHIFT_ROWS`, as plain text."""
    points = f"{say_number(hotspot['n_places'])} distinct point{'s' if hotspot['n_places'] != 1 else ''}"
    also = "no hot spot" if hotspot["week_rank"] is None else f"hot spot {hotspot['week_rank']}"
    return [
        f"{say_sum(hotspot['n_incidents'])} in these hours ({say_share(hotspot['share'])} of them), on {points}",
        say_ratio(hotspot),
        f"{say_share(hotspot['share_of_week'])} of all; {also}",
        f"{hotspot['area_km2'] * 100:.1f} hectares",
        "; ".join(f"{x['location']} ({say_sum(x['n_incidents'])})" for x in hotspot["locations"])
        or f"not in the source; {hotspot['place']}",
        say_list([ward["name"] for ward in hotspot["wards"]]),
    ]


def _haven_text(haven: dict[str, Any], summary: dict[str, Any]) -> str:
    return (
        f"<b>{escape(haven['name'] or 'Safe haven')}</b><br>{escape(haven['kind'] or 'kind not given')}<br>"
        f"{escape(haven['opening_hours'] or 'hours not known')}<br>"
        f"{say_count(haven['n_incidents'], summary)} within {summary['havens']['reach_m']:g} m"
    )


def _number_layer(numbers: list[tuple[float, float]]) -> folium.FeatureGroup:
    """The rank on each hot spot; best ranks are drawn last, so they stay on top."""
    group = folium.FeatureGroup(name="Hot spot numbers", control=False)
    for rank, place in reversed(list(enumerate(numbers, start=1))):
        icon = folium.DivIcon(html=f"<span>{rank}</span>", icon_size=(22, 22), icon_anchor=(11, 11), class_name="rank")
        folium.Marker(place, icon=icon, interactive=False, keyboard=False, z_index_offset=1000).add_to(group)
    return group


def _name_layer(analysis: Analysis) -> folium.FeatureGroup:
    """Ward names where they cover no hot spot number, each from the zoom at which its ward has room for it."""
    group = folium.FeatureGroup(name="Ward names", show=True)
    numbers = shapely.MultiPoint([hotspot.outline.representative_point() for hotspot in analysis.places.hotspots])
    taken = shapely.buffer(numbers, _NUMBER_CLEARANCE_M)
    rooms = [_roomiest_circle(shapely.difference(ward, taken), ward) for ward in analysis.wards.geometry]
    middles = _to_wgs84([middle for middle, _ in rooms], analysis.wards.crs)
    for index, (middle, (_, radius_m)) in enumerate(zip(middles, rooms, strict=True)):
        icon = folium.DivIcon(html="<span></span>", icon_size=(0, 0), icon_anchor=(0, 0), class_name="ward-name")
        metres_per_pixel = max(radius_m, 1.0) / _NAME_RADIUS_PIXELS
        zoom = math.log2(156_543 * math.cos(math.radians(middle.y)) / metres_per_pixel)
        folium.Marker(
            (middle.y, middle.x), icon=icon, interactive=False, keyboard=False, min_zoom=round(zoom, 2), index=index
        ).add_to(group)
    return group


def _roomiest_circle(free: shapely.Geometry, ward: shapely.Geometry) -> tuple[shapely.Point, float]:
    """Centre and radius of the largest circle that fits in the free part of a ward."""
    largest = max(shapely.get_parts(ward if free.is_empty else free), key=shapely.area)
    radius = shapely.maximum_inscribed_circle(shapely.simplify(largest, 10), tolerance=20)
    return shapely.get_point(radius, 0), float(shapely.length(radius))


def _reach_layer(havens: HavenAnalysis, tolerance_m: float) -> folium.GeoJson:
    reach = shapely.simplify(havens.reach, tolerance_m)
    return _geojson(
        [] if reach.is_empty else [reach], havens.havens.crs, show=False,
        name=f"Within {havens.coverage.reach_m:g} m of a safe haven",
        style={"color": HAVEN, "weight": 1.2, "fillColor": HAVEN, "fillOpacity": 0.10, "interactive": False},
    )  # fmt: skip


def _geojson(shapes: list[shapely.Geometry], crs: pyproj.CRS, **options: Any) -> folium.GeoJson:
    """A GeoJSON layer from shapes in the CRS of the analysis; see `_geojson_in_degrees`."""
    return _geojson_in_degrees(_to_wgs84(shapes, crs), **options)


def _geojson_in_degrees(
    shapes: list[shapely.Geometry],
    *,
    style: Any,
    show: bool,
    name: str | None = None,
    control: bool = True,
    marker: folium.CircleMarker | None = None,
) -> folium.GeoJson:
    """A GeoJSON layer whose features hold their index and nothing else, coordinates to the decimetre."""
    return folium.GeoJson(
        _as_features(shapes),
        name=name,
        show=show,
        control=control,
        style_function=style if callable(style) else lambda feature: style,
        smooth_factor=0.5,
        marker=marker,
    )


def _as_features(shapes: list[shapely.Geometry], *, precision_degrees: float = 1e-6) -> dict[str, Any]:
    """A GeoJSON collection of features that hold their index and nothing else, coordinates to the decimetre."""
    shapes = [shapely.set_precision(shape, precision_degrees, mode="pointwise") for shape in shapes]
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": {"index": index},
            "geometry": shapely.geometry.mapping(shape),
        }
        for index, shape in enumerate(shapes)
    ]
    return {"type": "FeatureCollection", "features": features}


def _to_wgs84(geometry: list[shapely.Geometry], crs: pyproj.CRS) -> list[shapely.Geometry]:
    series = gpd.GeoSeries(geometry, crs=crs)
    return list(to_wgs84(gpd.GeoDataFrame(geometry=series)).geometry)


def _bounds(analysis: Analysis, summary: dict[str, Any]) -> list[list[float]]:
    """What the map opens on: the study area, or if nearly all incidents are in a small part of it, that part."""
    main = [ward["code"] for ward in _main_wards(summary)]
    busy = analysis.incidents[analysis.incidents["ward_code"].isin(main)]
    west, south, east, north = busy.total_bounds
    everything = analysis.study_area.bounds
    is_small = (east - west) * (north - south) < (everything[2] - everything[0]) * (everything[3] - everything[1]) / 4
    shown = list(busy.geometry) if is_small else [analysis.study_area]
    bounds = shapely.total_bounds(np.array(_to_wgs84(shown, analysis.wards.crs), dtype=object))
    margin = _VIEW_MARGIN_DEGREES if is_small else 0.0
    return [[bounds[1] - margin, bounds[0] - margin], [bounds[3] + margin, bounds[2] + margin]]
