"""The layers of the map, made with folium and told in HTML and JavaScript. The only importer of folium."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import folium
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from folium.map import Layer
from folium.raster_layers import ImageOverlay

from hotspots.analysis.perception import Perception
from hotspots.pipeline import Analysis, HavenAnalysis, StreetAnalysis
from hotspots.products.drawing.colours import (
    FACILITY,
    FEELINGS,
    GAP,
    HALF,
    HAVEN,
    HOTSPOT,
    OUTSIDE,
    PATROL,
    SIGNIFICANT,
    Classes,
    StreetClasses,
    colour_of,
)
from hotspots.products.drawing.map_images import draw_densities, draw_expected
from hotspots.products.drawing.map_shapes import as_features, place_numbers, to_degrees
from hotspots.products.drawing.offline import MapParts, render_map
from hotspots.products.summary import HavenSitesSummary, RunSummary

HOTSPOT_STYLE = {"color": HOTSPOT, "weight": 2.2, "fillColor": HOTSPOT, "fillOpacity": 0.06}
_PATROL_STYLE = {"color": PATROL, "weight": 2.2, "fillColor": PATROL, "fillOpacity": 0.12}
_DISPLAY_STEPS = 4000
"""Shapes are drawn with a tolerance of this fraction of the area's width: finer cannot be seen."""
_NUMBER_CLEARANCE_M = 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MapClasses:
    """The classes of what the map shows in steps of colour; none where it is not shown."""

    density: Classes
    shifts: Classes
    periods: Classes
    wards: Classes
    streets: StreetClasses


@dataclass(frozen=True, slots=True, kw_only=True)
class MapDrawing:
    """The map without its texts.

    Attributes:
        parts: What folium made of it, with the names of "map" and of each layer.
        numbers: Latitude and longitude of where the number of each place to patrol goes.
        names: Of where the name of each ward goes.
        shifts: What changes with the part of the week: see `DensityImages`.
        periods: The pictures of both periods of each comparison that is drawn, likewise.
    """

    parts: MapParts
    numbers: list[tuple[float, float]]
    names: list[tuple[float, float]]
    shifts: list[dict[str, Any] | None]
    periods: list[dict[str, str]]


def draw_layers(analysis: Analysis, summary: RunSummary, classes: MapClasses, *, has_change: bool) -> MapDrawing:
    """The map of an analysis: shapes, numbers and our own words.

    folium runs what it renders as a template, so text from sources or settings is not among them; the page puts it
    there.

    Args:
        analysis: The shapes.
        summary: The numbers that colour them.
        classes: By which they are coloured.
        has_change: Whether there is a layer for change by ward, which the page fills with the shapes of the wards.
    """
    crs = analysis.wards.crs
    fmap = folium.Map(
        tiles=None, control_scale=False, zoom_snap=0.25, zoom_delta=0.5, min_zoom=8, max_zoom=18,
        attribution_control=False,
    )  # fmt: skip
    outlines = [hotspot.outline for hotspot in analysis.places.hotspots[: summary.published.n_hotspots_drawn]]
    patrols = [place.outline for place in analysis.places.patrol_places]
    wards = _simplify_wards(tuple(analysis.wards.geometry), _tolerance_m(analysis), crs)
    density = draw_densities(analysis, classes.density, shift_classes=classes.shifts, period_classes=classes.periods)
    layers: dict[str, Layer] = {
        "density": ImageOverlay(
            density.week,
            bounds=density.bounds,
            pixelated=False,
            name="Density of incidents",
            alt="Density of incidents",
        )
    }
    risk, first = analysis.places.risk, analysis.places.first_cells
    if risk is not None and first is not None and not np.isnan(first.within_share).all():
        image, bounds = draw_expected(risk.cells, first, crs)
        name = "Most incidents expected"
        layers["expected"] = ImageOverlay(image, bounds=bounds, pixelated=True, name=name, alt=name, show=False)
    layers |= {
        "outside": _outside_layer(analysis),
        "outlines": _geojson(
            wards, show=True, control=False,
            style={"color": "#5a6470", "weight": 0.8, "fill": False, "interactive": False},
        ),
        "wards": _ward_layer(analysis, summary, wards, classes.wards),
    }  # fmt: skip
    if has_change:
        layers["change"] = _geojson([], show=False, name="Change by ward", style={})
    if analysis.places.smallest_areas:
        half = min(analysis.places.smallest_areas, key=lambda area: abs(area.share - 0.5)).outline
        if not half.is_empty:
            layers["half"] = _half_layer(shapely.simplify(half, _tolerance_m(analysis)), crs)
    test = analysis.places.test
    if test is not None and (is_hot := test.gi_star.is_hot & test.is_shown).any():
        layers["significant"] = _significant_layer(test.cells.outlines(is_hot), analysis.study_area, crs)
    if analysis.streets is not None and analysis.streets.runs:
        layers["streets"] = _street_layer(analysis.streets, classes.streets, crs)
    if analysis.havens is not None:
        layers["reach"] = _reach_layer(analysis.havens, _tolerance_m(analysis))
    if analysis.perception and (felt := analysis.perception.found):
        layers["felt"] = _felt_layer(felt, analysis.study_area, crs)
    layers["hotspots"] = _geojson(to_degrees(outlines, crs), show=True, name="Hot spots", style=HOTSPOT_STYLE)
    if patrols:
        layers["patrols"] = _geojson(to_degrees(patrols, crs), show=True, name="Places to patrol", style=_PATROL_STYLE)
    if summary.haven_gaps and summary.haven_gaps.gaps:
        layers["gaps"] = _gap_layer([patrols[rank - 1] for rank in summary.haven_gaps.place_ranks], crs)
    # these two the page fills: folium takes a millisecond for a marker
    layers["numbers"] = folium.FeatureGroup(name="Numbers", control=False)
    layers["names"] = folium.FeatureGroup(name="Ward names")
    if analysis.havens is not None:
        layers["havens"] = _geojson(
            to_degrees(list(analysis.havens.havens.geometry), crs), show=True, name="Safe havens",
            style={"color": "#ffffff", "weight": 1, "fill": True, "fillColor": HAVEN, "fillOpacity": 1},
            marker=folium.CircleMarker(radius=4.5),
        )  # fmt: skip
    if summary.haven_sites and summary.haven_sites.sites:
        layers["sites"] = _site_layer(summary.haven_sites, crs)
    if any(kind.facilities for kind in summary.facilities):
        layers["facilities"] = _facility_layer(summary, crs)
    for layer in layers.values():
        layer.add_to(fmap)
    known_links = {url for _, url in (*folium.Map.default_js, *folium.Map.default_css)}
    shapes = _take_shapes(layers.values())
    parts = render_map({"map": fmap, **layers}, known_links=known_links)
    return MapDrawing(
        parts=_put_shapes(parts, shapes),
        numbers=place_numbers(patrols, crs),
        names=_place_names(analysis),
        shifts=density.shifts,
        periods=density.periods,
    )


def _take_shapes(layers: Iterable[Layer]) -> list[str]:
    """The JSON of every shape once, in whose place a word is left: branca would parse all of it as a template."""
    numbers: dict[str, int] = {}
    for layer in layers:
        for feature in layer.data["features"] if isinstance(layer, folium.GeoJson) else ():
            text = json.dumps(feature["geometry"], sort_keys=True, separators=(",", ":"))
            feature["geometry"] = f"shape {numbers.setdefault(text, len(numbers))}"
    return list(numbers)


def _put_shapes(parts: MapParts, shapes: list[str]) -> MapParts:
    """What folium made, with every shape where its word is; a browser reads JSON in half the time of a script."""
    # with the key, whose quotation marks no text of a file can have
    script = re.sub(r'"geometry": "shape (\d+)"', r'"geometry": shapes[\1]', parts.script)
    return dataclasses.replace(parts, script=f"const shapes = JSON.parse('[{','.join(shapes)}]');\n{script}")


@functools.lru_cache(maxsize=8)
def _simplify_wards(
    wards: tuple[shapely.Geometry, ...], tolerance_m: float, crs: pyproj.CRS
) -> tuple[shapely.Geometry, ...]:
    """Wards as they are drawn, in degrees; of several crimes once."""
    return tuple(to_degrees(list(shapely.coverage_simplify(list(wards), tolerance_m)), crs))


def _half_layer(half: shapely.Geometry, crs: pyproj.CRS) -> folium.GeoJson:
    """The line around the smallest area that holds half of the density."""
    return _geojson(
        to_degrees([half], crs), show=False, name="Densest half",
        style={"color": HALF, "weight": 1.6, "dashArray": "5 3", "fill": False, "interactive": False},
    )  # fmt: skip


def _significant_layer(hot: npt.NDArray[np.object_], study_area: shapely.Geometry, crs: pyproj.CRS) -> folium.GeoJson:
    """The cells that are hot by more than chance, joined."""
    joined = shapely.intersection(shapely.union_all(hot, grid_size=0.01), study_area)
    return _geojson(
        to_degrees([joined], crs), show=False, name="Busy surroundings (Gi*)",
        style={
            "color": SIGNIFICANT, "weight": 1.4, "fillColor": SIGNIFICANT, "fillOpacity": 0.18, "interactive": False,
        },
    )  # fmt: skip


def _tolerance_m(analysis: Analysis) -> float:
    west, south, east, north = analysis.study_area.bounds
    return float(np.clip(max(east - west, north - south) / _DISPLAY_STEPS, 1.0, 20.0))


def _outside_layer(analysis: Analysis) -> folium.GeoJson:
    """A sheet over everything outside the study area: the surface ends where the data end."""
    (area,) = to_degrees([shapely.simplify(analysis.study_area, _tolerance_m(analysis))], analysis.wards.crs)
    west, south, east, north = area.bounds
    sheet = shapely.difference(shapely.box(west - 4, south - 3, east + 4, north + 3), area)
    return _geojson(
        [sheet], show=True, control=False,
        style={"stroke": False, "fillColor": OUTSIDE, "fillOpacity": 0.6, "interactive": False},
    )  # fmt: skip


def _ward_layer(
    analysis: Analysis, summary: RunSummary, outlines: Sequence[shapely.Geometry], classes: Classes
) -> folium.GeoJson:
    density = {ward.code: ward.density_per_km2 for ward in summary.wards}
    breaks = [bound for bound, _ in classes]
    colours = [colour_of(density[code], breaks) or "#ffffff" for code in analysis.wards.index]
    return _geojson(
        outlines, show=False, name="Wards by incidents per km²",
        style=lambda feature: {
            "color": "#5a6470", "weight": 1, "fillColor": colours[feature["properties"]["index"]], "fillOpacity": 0.8
        },
    )  # fmt: skip


def _street_layer(streets: StreetAnalysis, classes: StreetClasses, crs: pyproj.CRS) -> folium.GeoJson:
    """Runs of busy streets, wider and darker for more incidents per kilometre."""

    def style(feature: Any) -> dict[str, Any]:
        rate = streets.runs[feature["properties"]["index"]].n_per_km
        _, colour, width = next(one for one in reversed(classes) if rate >= one[0])
        return {"color": colour, "weight": width, "opacity": 1, "fill": False, "className": "busy-street"}

    return _geojson(to_degrees([run.line for run in streets.runs], crs), show=False, name="Busy streets", style=style)


def _reach_layer(havens: HavenAnalysis, tolerance_m: float) -> folium.GeoJson:
    reach = shapely.simplify(havens.reach, tolerance_m)
    return _geojson(
        to_degrees([] if reach.is_empty else [reach], havens.havens.crs), show=False,
        name=f"Within {havens.coverage.reach_m:g} m of a safe haven",
        style={"color": HAVEN, "weight": 1.2, "fillColor": HAVEN, "fillOpacity": 0.10, "interactive": False},
    )  # fmt: skip


def _gap_layer(outlines: Sequence[shapely.Geometry], crs: pyproj.CRS) -> folium.GeoJson:
    """Rings around the numbers of places to patrol that have a gap; the page shows those of the hours chosen."""
    points = [outline.representative_point() for outline in outlines]
    return _geojson(
        to_degrees(points, crs), show=False, name="Places without a haven open then",
        style={"color": GAP, "weight": 3.5, "dashArray": "6 4", "fill": True, "fillColor": GAP, "fillOpacity": 0.15},
        marker=folium.CircleMarker(radius=17),
    )  # fmt: skip


def _site_layer(found: HavenSitesSummary, crs: pyproj.CRS) -> folium.GeoJson:
    """The candidates that would help most, as rings beside which the page writes their letters."""
    points = [shapely.Point(site.easting, site.northing) for site in found.sites]
    return _geojson(
        to_degrees(points, crs), show=False, name="Suggested new havens",
        style={"color": GAP, "weight": 3, "fill": True, "fillColor": "#ffffff", "fillOpacity": 1},
        marker=folium.CircleMarker(radius=6),
    )  # fmt: skip


def _felt_layer(felt: Perception, study_area: shapely.Geometry, crs: pyproj.CRS) -> folium.GeoJson:
    """The cells that feel unsafe and those that feel safe to young people, joined."""
    joined, colours = [], []
    for feeling, colour in FEELINGS.items():
        if (is_one := felt.is_shown & (felt.feels == feeling)).any():
            cells = shapely.union_all(felt.cells.outlines(is_one), grid_size=0.01)
            joined.append(shapely.intersection(cells, study_area))
            colours.append(colour)

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        colour = colours[feature["properties"]["index"]]
        return {"color": colour, "weight": 1.4, "fillColor": colour, "fillOpacity": 0.35, "interactive": False}

    return _geojson(to_degrees(joined, crs), show=False, name="How it feels to young people", style=style)


def _facility_layer(summary: RunSummary, crs: pyproj.CRS) -> folium.GeoJson:
    """Premises, stations, schools and parks that may be named: filled and large where they are on the list."""
    shown = [one for kind in summary.facilities for one in kind.facilities]

    def style(feature: dict[str, Any]) -> dict[str, Any]:
        is_risky = shown[feature["properties"]["index"]].is_risky
        return {
            "color": "#ffffff" if is_risky else FACILITY, "weight": 1.5 if is_risky else 2, "fill": True,
            "fillColor": FACILITY if is_risky else "#ffffff", "fillOpacity": 1, "radius": 7 if is_risky else 4.5,
        }  # fmt: skip

    points = [shapely.Point(one.easting, one.northing) for one in shown]
    return _geojson(
        to_degrees(points, crs), show=False, name="Premises, stations and parks", style=style,
        marker=folium.CircleMarker(radius=4.5),
    )  # fmt: skip


def _place_names(analysis: Analysis) -> list[tuple[float, float]]:
    """Where the name of each ward has most room and covers no number."""
    numbers = shapely.MultiPoint([place.outline.representative_point() for place in analysis.places.patrol_places])
    taken = shapely.buffer(numbers, _NUMBER_CLEARANCE_M)
    rooms = [_roomiest_middle(shapely.difference(ward, taken), ward) for ward in analysis.wards.geometry]
    return [(middle.y, middle.x) for middle in to_degrees(rooms, analysis.wards.crs)]


@functools.lru_cache(maxsize=1024)  # in most wards no place to patrol lies, and the circle is that of every crime
def _roomiest_middle(free: shapely.Geometry, ward: shapely.Geometry) -> shapely.Point:
    """The centre of the largest circle that fits in the free part of a ward."""
    largest = max(shapely.get_parts(ward if free.is_empty else free), key=shapely.area)
    return shapely.get_point(shapely.maximum_inscribed_circle(shapely.simplify(largest, 10), tolerance=20), 0)


def _geojson(
    shapes: Sequence[shapely.Geometry],
    *,
    style: Any,
    show: bool,
    name: str | None = None,
    control: bool = True,
    marker: folium.CircleMarker | None = None,
) -> folium.GeoJson:
    """A GeoJSON layer of shapes in degrees, whose features hold their index and nothing else."""
    return folium.GeoJson(
        as_features(shapes),
        name=name,
        show=show,
        control=control,
        style_function=style if callable(style) else lambda feature: style,
        smooth_factor=0.5,
        marker=marker,
    )
