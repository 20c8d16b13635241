"""The interactive map: one HTML file that makes no request."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from markupsafe import Markup

from hotspots.analysis.surfaces import EXPECTED_SHARES
from hotspots.pipeline import Analysis
from hotspots.products.drawing import (
    EXPECTED,
    FEELINGS,
    HAVEN,
    HOTSPOT,
    HOTSPOT_STYLE,
    PATROL,
    MapClasses,
    MapDrawing,
    choose_breaks,
    choose_classes,
    choose_street_classes,
    choose_wide_classes,
    colour_of,
    draw_base_shapes,
    draw_layers,
    draw_streets,
    hash_script,
    leaflet_script,
    leaflet_style,
    to_degrees,
)
from hotspots.products.pages.map_changes import list_verdicts, say_changed, view_change, view_periods
from hotspots.products.pages.map_places import (
    SHIFT_ROWS,
    count_weekly,
    list_shift_values,
    list_words,
    say_no_trend,
    view_clusters,
    view_facilities,
    view_gaps,
    view_havens,
    view_places,
    view_sites,
    view_spots,
    view_streets,
    view_wards,
    view_week,
)
from hotspots.products.summary import RunSummary, WardSummary
from hotspots.products.words import make_environment, say

PICTURES = {
    "density": "Density",
    "hotspots": "Where incidents cluster",
    "wards": "Wards by incidents per km²",
    "change": "Change by ward",
    "compare": "Two periods compared",
    "expected": "Most incidents expected",
    "significant": "More than its surroundings",
}
"""Layers of which one is shown, as the map calls them."""

BOXES = {
    "patrols": "Patrol first",
    "havens": "Safe havens",
    "gaps": "No haven open then",
    "sites": "Suggested new havens",
    "reach": "Within {reach:g} m of a safe haven",
    "tiles": "Background of {host}",
    "streetlines": "{ground}",
    "outlines": "Ward borders",
    "names": "Ward names",
    "streets": "Busy streets",
    "half": "Around the densest half",
    "facilities": "Premises, stations and parks",
    "felt": "How it feels to young people",
}
"""Layers that are switched on and off, as the map calls them."""

_SHOWN = ("tiles", "patrols", "havens", "streetlines", "outlines", "names")
_N_CHANGED_TOLD = 5


def draw_map(analysis: Analysis, summary: RunSummary) -> str:
    """The whole page as HTML: the map, and beside it what the map says in tables, charts and words.

    Every number comes from the summary, every shape from the analysis. Text from the sources is handed to the page as
    data: folium would run it as a template.
    """
    plural = summary.crime_plural
    classes = MapClasses(
        density=choose_classes(summary.density.max_per_km2),
        shifts=choose_wide_classes(summary.shifts.max_per_km2),
        periods=choose_classes(summary.periods.max_per_km2 if summary.periods else 0.0),
        wards=choose_classes(max(ward.density_per_km2 for ward in summary.wards)),
        streets=choose_street_classes([run.n_per_km for run in summary.streets.runs] if summary.streets else []),
    )
    comparisons = [change for change in summary.changes if change.wards is not None]
    drawing = draw_layers(analysis, summary, classes, has_change=bool(comparisons))
    layers = {key: name for key, name in drawing.parts.names.items() if key != "map"}
    compared = view_periods(comparisons, drawing.periods, summary)
    pictures = [(key, name) for key, name in PICTURES.items() if key in layers or (key == "compare" and compared)]
    network, tiles = analysis.study.network, analysis.study.tiles
    features = analysis.study.base_features
    filled = {
        "reach": summary.havens.reach_m if summary.havens else 0,
        "host": tiles.host if tiles else "",
        "ground": _name_ground(has_streets=network is not None, has_base=len(features) > 0),
    }
    boxes = [(key, name.format_map(filled)) for key, name in BOXES.items()]
    present = {*layers, *(["streetlines"] if filled["ground"] else []), *(["tiles"] if tiles else [])}
    places = view_places(analysis, summary, drawing)
    view = {
        "map": drawing.parts.names["map"],
        "layers": layers,
        "bounds": _find_bounds(analysis, summary),
        "opening": _find_opening(summary),
        "picture": "density" if classes.density else "wards",
        "show": [key for key, _ in boxes if key in _SHOWN and key in present],
        "plural": plural,
        "weekly": count_weekly(analysis),
        "week": view_week(summary),
        "places": places,
        "wards": view_wards(analysis, summary, drawing),
        "havens": view_havens(summary),
        "clusters": view_clusters(summary),
        "runs": view_streets(summary),
        "texts": {"facilities": view_facilities(summary), "gaps": view_gaps(summary), "sites": view_sites(summary)},
        "gaps": _view_gaps(summary),
        "spots": view_spots(analysis, summary),
        "streets": draw_streets(network, analysis.study_area, analysis.wards.crs) if network is not None else None,
        "base": draw_base_shapes(features, analysis.study_area, analysis.wards.crs),
        "tiles": {"address": tiles.address, "credit": tiles.attribution, "failed": say("map.tiles_failed", summary)}
        if tiles
        else None,
        "words": list_words(summary),
        "colours": {"patrol": PATROL, "haven": HAVEN, "hotspot": HOTSPOT},
        "shifts": _view_shifts(drawing, summary),
        "shiftClasses": classes.shifts,
        "shiftRows": SHIFT_ROWS,
        "hotspotStyle": HOTSPOT_STYLE,
        "changes": [view_change(change, analysis) for change in comparisons],
        "mainChange": comparisons.index(summary.main_change) if summary.main_change in comparisons else 0,
        "compared": compared,
        "changed": say_changed(summary),
        "verdicts": list_verdicts(),
    }
    environment = make_environment()
    scripts = [leaflet_script(), drawing.parts.script, environment.get_template("map.js").render(view=view)]
    legends = [("density", classes.density), ("compare", classes.periods), ("wards", classes.wards)]
    return environment.get_template("map.html").render(
        s=summary,
        house=analysis.study.house,
        place=_name_place(summary),
        week=view["week"],
        no_trend=say_no_trend(places),
        week_classes=_class_hours(summary),
        pictures=pictures,
        boxes=[(key, name) for key, name in boxes if key in present],
        # where the street file ends, a place is drawn as a circle
        patrol_marks=sorted({"stretch" if place["stretch"] else "patrol" for place in places}),
        ranked=[ward for ward in summary.wards if ward.n_incidents],
        legends=[legend for legend in legends if legend[1]],
        shift_classes=classes.shifts,
        street_classes=classes.streets,
        opening=view["opening"],
        expected=list(zip(EXPECTED_SHARES, reversed(EXPECTED), strict=True)) if "expected" in layers else [],
        feelings=FEELINGS,
        layer_keys=set(layers),
        comparisons=comparisons,
        compared=compared,
        main_change=summary.main_change,
        told_changes=sorted(
            (change for change in summary.shown_changes if change.available), key=lambda change: -change.days_current
        ),
        n_changed_told=_N_CHANGED_TOLD,
        verdicts=[verdict for verdict in list_verdicts() if verdict["colour"]],
        has_base=len(features) > 0,
        base=analysis.study.base_map,
        tiles=tiles,
        snapped="anonymised" in summary.location_precision,
        # what is marked safe here was escaped where it was made
        body=Markup(drawing.parts.body),
        leaflet_css=Markup(leaflet_style()),
        scripts=[Markup(text) for text in scripts],
        script_hashes=[hash_script(text) for text in scripts],
    )


def _name_ground(*, has_streets: bool, has_base: bool) -> str:
    """What the ground of the file is called; nothing where there is none."""
    if has_base:
        return "Streets, water and parks" if has_streets else "Water, parks and railways"
    return "Streets" if has_streets else ""


def _class_hours(summary: RunSummary) -> list[tuple[int, str | None]]:
    """The number of the class of each hour of the week by what is expected then, 0-5, and its colour."""
    if summary.patrols is None or summary.patrols.week is None:
        return []
    breaks = choose_breaks(max(summary.patrols.week))
    return [(sum(n >= bound for bound in breaks), colour_of(n, breaks)) for n in summary.patrols.week]


def _main_wards(summary: RunSummary) -> list[WardSummary]:
    """The fewest wards that hold 99% of the incidents."""
    wards = []
    missing = 0.99 * summary.accounts.analysed
    for ward in summary.wards:
        if missing <= 0:
            break
        wards.append(ward)
        missing -= ward.n_incidents
    return wards


def _name_place(summary: RunSummary) -> str:
    """What to call the area: its wards if few, else the boroughs of nearly all incidents if few."""
    boroughs = {ward.borough for ward in _main_wards(summary) if ward.borough}
    chosen = summary.study_area.stated_area
    wards = say("places.name", sorted(ward.name for ward in summary.wards), sorted(boroughs))
    return wards if chosen is None else f'"{chosen}" of the source, in {wards}'


def _view_shifts(drawing: MapDrawing, summary: RunSummary) -> dict[str, dict[str, Any]]:
    """What the map shows in each part of the week that is drawn: density, outlines, where their numbers go, texts."""
    return {
        part.key: {
            **drawn,
            "title": f"{part.label}, hot spot",
            "texts": [list_shift_values(hotspot) for hotspot in part.hotspots],
        }
        for part, drawn in zip(summary.shifts.parts, drawing.shifts, strict=True)
        if drawn is not None
    }


def _view_gaps(summary: RunSummary) -> list[dict[str, Any]]:
    """Of each place with a gap, its number and the parts of the week that have one."""
    found = summary.haven_gaps
    if found is None:
        return []
    return [
        {"place": rank, "parts": [gap.part_key for gap in found.gaps if gap.place_rank == rank]}
        for rank in found.place_ranks
    ]


def _find_opening(summary: RunSummary) -> str:
    """The part of the week that the map opens on: the chosen one if it is drawn, else the whole week."""
    first = summary.shifts.parts[:1]
    return "chosen" if first and first[0].key == "chosen" and first[0].is_drawn else "week"


def _find_bounds(analysis: Analysis, summary: RunSummary) -> list[list[float]]:
    """What the map opens on: the study area, or the wards of nearly all incidents if they are a small part of it."""
    # of wards, never of incidents: bounds around few of them would say where they are
    main = list(analysis.wards.geometry[[ward.code for ward in _main_wards(summary)]])
    west, south, east, north = shapely.total_bounds(np.array(main, dtype=object))
    everything = analysis.study_area.bounds
    is_small = (east - west) * (north - south) < (everything[2] - everything[0]) * (everything[3] - everything[1]) / 4
    shown = main if is_small else [analysis.study_area]
    bounds = shapely.total_bounds(np.array(to_degrees(shown, analysis.wards.crs), dtype=object))
    return [[bounds[1], bounds[0]], [bounds[3], bounds[2]]]
