"""The interactive map: one HTML file that makes no request. The only importer of folium."""

from __future__ import annotations

import html
import math
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from folium.utilities import JsCode
from markupsafe import Markup
from scipy import ndimage

from hotspots.analysis import DensitySurface
from hotspots.geography.projection import BRITISH_NATIONAL_GRID, to_wgs84
from hotspots.pipeline import Analysis
from hotspots.products.charts import draw_months, draw_week
from hotspots.products.colours import HAVEN, HOTSPOT, OUTSIDE, SEQUENTIAL, choose_breaks, colour_of
from hotspots.products.offline import guard_template_literal, hash_script, leaflet_script, leaflet_style, render_map
from hotspots.products.words import make_environment, read_template, say_list, say_number, say_share

_MAX_PIXELS = 4_000_000
_DISPLAY_STEPS = 4000
"""Shapes are drawn with a tolerance of this fraction of the area's width: finer cannot be seen."""
_NUMBER_CLEARANCE_M = 250.0
_NAME_RADIUS_PIXELS = 19.0
_BIND = "function(feature, layer) {{ layer.bind{}(feature.properties.text, {}); }}"


def draw_map(analysis: Analysis, summary: dict[str, Any]) -> str:
    """The whole page as HTML: the map, and beside it what the map says in tables, charts and words.

    Every number comes from the summary, every shape from the analysis.
    """
    density_breaks = choose_breaks(float(summary["density"]["max_per_km2"] or 0.0))
    ward_breaks = choose_breaks(max(ward["density_per_km2"] for ward in summary["wards"]))
    fmap = folium.Map(
        tiles=None, control_scale=False, zoom_snap=0.25, zoom_delta=0.5, min_zoom=8, max_zoom=18,
        attribution_control=False,
    )  # fmt: skip
    plural = summary["crime_plural"]
    layers = {
        "density": _density_layer(analysis.density, density_breaks, name=f"Density of {plural}"),
        "outside": _outside_layer(analysis),
        "outlines": _outline_layer(analysis),
        "wards": _ward_layer(analysis, summary, ward_breaks),
    }
    if summary["havens"] is not None and analysis.study.havens is not None:
        layers["reach"] = _reach_layer(analysis, summary)
    layers["hotspots"] = _hotspot_layer(analysis, summary)
    layers["numbers"] = _number_layer(analysis)
    layers["names"] = _name_layer(analysis)
    if summary["havens"] is not None and analysis.study.havens is not None:
        layers["havens"] = _haven_layer(analysis, summary)
    for layer in layers.values():
        layer.add_to(fmap)
    folium.LayerControl(collapsed=True, position="topright").add_to(fmap)

    parts = render_map(fmap)
    view = {
        "map": parts.names[fmap.get_name()],
        "layers": {key: parts.names[layer.get_name()] for key, layer in layers.items()},
        "bounds": _bounds(analysis, summary),
    }
    environment = make_environment()
    scripts = [leaflet_script(), parts.script, environment.get_template("map.js").render(view=view)]
    ranked = [ward for ward in summary["wards"] if ward["n_incidents"]]
    return environment.get_template("map.html").render(
        s=summary,
        place=_name_place(summary),
        ranked=ranked,
        density_classes=list(zip(density_breaks, SEQUENTIAL[-len(density_breaks) :], strict=False)),
        ward_classes=list(zip(ward_breaks, SEQUENTIAL[-len(ward_breaks) :], strict=False)),
        colours={"hotspot": HOTSPOT, "haven": HAVEN, "outside": OUTSIDE},
        # what is marked safe here was escaped where it was made
        week=Markup(draw_week(summary["profile"], plural=plural)) if summary["profile"]["available"] else None,
        months=Markup(draw_months(summary["months"], plural=plural)),
        body=Markup(parts.body),
        leaflet_css=Markup(leaflet_style()),
        page_css=Markup(read_template("page.css")),
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


def _density_layer(surface: DensitySurface, breaks: list[float], *, name: str) -> folium.raster_layers.ImageOverlay:
    pixels, bounds = warp_to_web_mercator(surface)
    image = np.zeros((*pixels.shape, 4), dtype=np.uint8)
    for bound, colour in zip(breaks, SEQUENTIAL[-len(breaks) :], strict=False):
        image[pixels >= bound] = (*bytes.fromhex(colour[1:]), 215)
    return folium.raster_layers.ImageOverlay(image, bounds=bounds, pixelated=False, name=name, alt=name)


def warp_to_web_mercator(
    surface: DensitySurface,
) -> tuple[npt.NDArray[np.float64], list[list[float]]]:
    """Resample a National Grid surface onto the pixels of a web map.

    The grids are turned against each other, so an image pinned by its corners would be up to 150 m out over
    a borough; each pixel is looked up where it lies instead.

    Returns:
        Densities, float (n_pixel_rows, n_pixel_columns), northernmost row first; and the corners of the image,
        [[south, west], [north, east]], degrees.
    """
    to_mercator = pyproj.Transformer.from_crs(BRITISH_NATIONAL_GRID, "EPSG:3857", always_xy=True)
    to_degrees = pyproj.Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True)
    grid = surface.grid
    west, south, east, north = to_mercator.transform_bounds(*grid.bounds, densify_pts=21)
    n_cells = grid.n_rows * grid.n_columns
    oversample = 2 if 4 * n_cells <= _MAX_PIXELS else 1
    n_rows, n_columns = grid.n_rows * oversample, grid.n_columns * oversample
    xs = west + (np.arange(n_columns) + 0.5) * (east - west) / n_columns
    ys = north - (np.arange(n_rows) + 0.5) * (north - south) / n_rows
    eastings, northings = to_mercator.transform(*np.meshgrid(xs, ys), direction="INVERSE")
    rows = (northings - grid.northing_min) / grid.cell_size_m - 0.5
    columns = (eastings - grid.easting_min) / grid.cell_size_m - 0.5
    pixels = ndimage.map_coordinates(surface.density_per_km2, [rows, columns], order=1, cval=0.0)
    corner_west, corner_south = to_degrees.transform(west, south)
    corner_east, corner_north = to_degrees.transform(east, north)
    return pixels, [[corner_south, corner_west], [corner_north, corner_east]]


def _tolerance_m(analysis: Analysis) -> float:
    west, south, east, north = analysis.study_area.bounds
    return float(np.clip(max(east - west, north - south) / _DISPLAY_STEPS, 1.0, 20.0))


def _outside_layer(analysis: Analysis) -> folium.GeoJson:
    """A sheet over everything outside the study area: the surface ends where the data end."""
    area = shapely.simplify(analysis.study_area, _tolerance_m(analysis))
    west, south, east, north = area.bounds
    sheet = shapely.box(west - 200_000, south - 100_000, east + 100_000, north + 200_000)
    return _geojson(
        [shapely.difference(sheet, area)], [{}], show=True, control=False,
        style={"stroke": False, "fillColor": OUTSIDE, "fillOpacity": 1, "interactive": False},
    )  # fmt: skip


def _display_wards(analysis: Analysis) -> list[shapely.Geometry]:
    """Ward outlines with fewer points, neighbours still meeting exactly; for the eye, never for counting."""
    return list(shapely.coverage_simplify(analysis.wards.geometry.to_numpy(), _tolerance_m(analysis)))


def _outline_layer(analysis: Analysis) -> folium.GeoJson:
    return _geojson(
        _display_wards(analysis), [{} for _ in range(len(analysis.wards))], show=True, control=False,
        style={"color": "#5a6470", "weight": 0.8, "fill": False, "interactive": False},
    )  # fmt: skip


def _ward_layer(analysis: Analysis, summary: dict[str, Any], breaks: list[float]) -> folium.GeoJson:
    wards = {ward["code"]: ward for ward in summary["wards"]}
    properties = []
    for code in analysis.wards.index:
        ward = wards[code]
        text = (
            f"<b>{_safe(ward['name'])}</b>{', ' + _safe(ward['borough']) if ward['borough'] else ''}<br>"
            f"{say_number(ward['n_incidents'])} {_safe(summary['crime_plural'])}, rank {ward['rank']} of "
            f"{len(wards)}<br>{say_number(ward['density_per_km2'], 1)} per km²"
        )
        colour = colour_of(ward["density_per_km2"], breaks) or "#ffffff"
        properties.append({"text": text, "colour": colour})
    return _geojson(
        _display_wards(analysis), properties, show=False, name="Wards by incidents per km²",
        style=lambda feature: {
            "color": "#5a6470", "weight": 1, "fillColor": feature["properties"]["colour"], "fillOpacity": 0.8
        },
        bind=_BIND.format("Tooltip", "{sticky: true}"),
    )  # fmt: skip


def _hotspot_layer(analysis: Analysis, summary: dict[str, Any]) -> folium.GeoJson:
    properties = [
        {"rank": hotspot["rank"], "text": _hotspot_popup(hotspot, summary)} for hotspot in summary["hotspots"]
    ]
    return _geojson(
        [hotspot.outline for hotspot in analysis.hotspots], properties, show=True, name="Hot spots",
        style={"color": HOTSPOT, "weight": 2.2, "fillColor": HOTSPOT, "fillOpacity": 0.06},
        bind=_BIND.format("Popup", "{maxWidth: 300, minWidth: 230}"),
    )  # fmt: skip


def _hotspot_popup(hotspot: dict[str, Any], summary: dict[str, Any]) -> str:
    peak = hotspot["peak"]
    if peak:
        when = f"{peak['words']} ({say_share(peak['share'])} of those with a time)"
    elif summary["profile"]["available"]:
        when = "no clear peak"
    else:
        when = f"not known ({summary['profile']['reason']})"
    rows = {
        "Incidents": f"{say_number(hotspot['n_incidents'])} ({say_share(hotspot['share'])} of all)",
        "Area": f"{hotspot['area_km2'] * 100:.1f} hectares",
        "Peak": when,
        "Top streets": "; ".join(f"{x['location']} ({x['n_incidents']})" for x in hotspot["locations"])
        or "not in the source",
        "Kinds of place": "; ".join(f"{x['kind']} ({x['n_incidents']})" for x in hotspot["location_kinds"]),
        "Wards": say_list([ward["name"] for ward in hotspot["wards"]]),
    }
    lines = "".join(f"<tr><th>{key}</th><td>{_safe(value)}</td></tr>" for key, value in rows.items() if value)
    return f'<b class="popup-title">Hot spot {hotspot["rank"]}</b><table class="popup">{lines}</table>'


def _number_layer(analysis: Analysis) -> folium.FeatureGroup:
    """The rank on each hot spot; best ranks are drawn last, so they stay on top."""
    group = folium.FeatureGroup(name="Hot spot numbers", control=False)
    for latitude, longitude, hotspot in reversed(
        [
            (point.y, point.x, hotspot)
            for point, hotspot in zip(
                _to_wgs84([h.outline.representative_point() for h in analysis.hotspots]),
                analysis.hotspots,
                strict=True,
            )
        ]
    ):
        icon = folium.DivIcon(
            html=f"<span>{hotspot.rank}</span>", icon_size=(22, 22), icon_anchor=(11, 11), class_name="rank"
        )
        folium.Marker((latitude, longitude), icon=icon, interactive=False, keyboard=False, z_index_offset=1000).add_to(
            group
        )
    return group


def _name_layer(analysis: Analysis) -> folium.FeatureGroup:
    """Ward names where they cover no hot spot number, each from the zoom at which its ward has room for it."""
    group = folium.FeatureGroup(name="Ward names", show=True)
    numbers = shapely.MultiPoint([hotspot.outline.representative_point() for hotspot in analysis.hotspots])
    taken = shapely.buffer(numbers, _NUMBER_CLEARANCE_M)
    rooms = [_roomiest_circle(shapely.difference(ward, taken), ward) for ward in analysis.wards.geometry]
    middles = _to_wgs84([middle for middle, _ in rooms])
    for middle, (_, radius_m), name in zip(middles, rooms, analysis.wards["ward_name"], strict=True):
        icon = folium.DivIcon(
            html=f"<span>{_safe(str(name))}</span>", icon_size=(0, 0), icon_anchor=(0, 0), class_name="ward-name"
        )
        metres_per_pixel = max(radius_m, 1.0) / _NAME_RADIUS_PIXELS
        zoom = math.log2(156_543 * math.cos(math.radians(middle.y)) / metres_per_pixel)
        folium.Marker(
            (middle.y, middle.x), icon=icon, interactive=False, keyboard=False, min_zoom=round(zoom, 2)
        ).add_to(group)
    return group


def _roomiest_circle(free: shapely.Geometry, ward: shapely.Geometry) -> tuple[shapely.Point, float]:
    """Centre and radius of the largest circle that fits in the free part of a ward."""
    largest = max(shapely.get_parts(ward if free.is_empty else free), key=shapely.area)
    radius = shapely.maximum_inscribed_circle(shapely.simplify(largest, 10), tolerance=20)
    return shapely.get_point(radius, 0), float(shapely.length(radius))


def _reach_layer(analysis: Analysis, summary: dict[str, Any]) -> folium.GeoJson:
    havens = analysis.study.havens.havens.geometry  # type: ignore[union-attr] # the caller has checked
    reach_m = summary["havens"]["reach_m"]
    area = shapely.union_all(shapely.buffer(havens.to_numpy(), reach_m, quad_segs=16))
    return _geojson(
        [shapely.simplify(area, _tolerance_m(analysis))], [{}], show=False,
        name=f"Within {reach_m:g} m of a safe haven",
        style={"color": HAVEN, "weight": 1.2, "fillColor": HAVEN, "fillOpacity": 0.10, "interactive": False},
    )  # fmt: skip


def _haven_layer(analysis: Analysis, summary: dict[str, Any]) -> folium.FeatureGroup:
    group = folium.FeatureGroup(name="Safe havens", show=True)
    points = _to_wgs84(list(analysis.study.havens.havens.geometry))  # type: ignore[union-attr] # checked
    for point, haven in zip(points, summary["havens"]["havens"], strict=True):
        text = (
            f"<b>{_safe(haven['name'] or 'Safe haven')}</b><br>{_safe(haven['kind'] or 'kind not given')}<br>"
            f"{_safe(haven['opening_hours'] or 'hours not known')}<br>"
            f"{say_number(haven['n_incidents'])} {_safe(summary['crime_plural'])} within "
            f"{summary['havens']['reach_m']:g} m"
        )
        marker = folium.CircleMarker(
            (point.y, point.x), radius=4.5, color="#ffffff", weight=1, fill_color=HAVEN, fill_opacity=1
        )
        folium.Tooltip(guard_template_literal(text)).add_to(marker)
        marker.add_to(group)
    return group


def _geojson(
    geometry: list[shapely.Geometry],
    properties: list[dict[str, Any]],
    *,
    style: Any,
    show: bool,
    name: str | None = None,
    control: bool = True,
    bind: str | None = None,
) -> folium.GeoJson:
    """A GeoJSON layer from National Grid shapes, coordinates to the decimetre."""
    shapes = [shapely.set_precision(shape, 1e-6, mode="pointwise") for shape in _to_wgs84(geometry)]
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": values,
            "geometry": shapely.geometry.mapping(shape),
        }
        for index, (shape, values) in enumerate(zip(shapes, properties, strict=True))
    ]
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        name=name,
        show=show,
        control=control,
        style_function=style if callable(style) else lambda feature: style,
        on_each_feature=JsCode(bind) if bind else None,
        smooth_factor=0.5,
    )


def _to_wgs84(geometry: list[shapely.Geometry]) -> list[shapely.Geometry]:
    series = gpd.GeoSeries(geometry, crs=BRITISH_NATIONAL_GRID)
    return list(to_wgs84(gpd.GeoDataFrame(geometry=series)).geometry)


def _safe(text: str) -> str:
    """Text from a source, for use in HTML."""
    return html.escape(text)


def _bounds(analysis: Analysis, summary: dict[str, Any]) -> list[list[float]]:
    """What the map opens on: the study area, or if nearly all incidents are in a small part of it, that part."""
    everything = shapely.box(*analysis.study_area.bounds)
    main = [ward["code"] for ward in _main_wards(summary)]
    busy = shapely.box(*analysis.incidents[analysis.incidents["ward_code"].isin(main)].total_bounds).buffer(500)
    (area,) = _to_wgs84([busy if busy.area < everything.area / 4 else everything])
    west, south, east, north = area.bounds
    return [[south, west], [north, east]]
