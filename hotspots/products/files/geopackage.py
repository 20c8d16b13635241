"""Layers for QGIS."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from hotspots.analysis.perception import Perception
from hotspots.analysis.surfaces import EXPECTED_SHARES, FirstCells, RiskEstimate
from hotspots.pipeline import Analysis, SignificanceTest
from hotspots.products.drawing import (
    AGREEMENT_COLOURS,
    EXPECTED,
    FACILITY,
    GAP,
    HAVEN,
    HOTSPOT,
    OUTSIDE,
    PATROL,
    QUIET,
    SIGNIFICANT,
    choose_breaks,
    choose_colours,
    choose_street_classes,
)
from hotspots.products.files.spreadsheets import (
    tabulate_facilities,
    tabulate_haven_gaps,
    tabulate_haven_sites,
    tabulate_havens,
    tabulate_hot_streets,
    tabulate_hotspots,
    tabulate_patrol_places,
    tabulate_shifts,
    tabulate_wards,
)
from hotspots.products.summary import RunSummary, choose_expected_cells, choose_tested_cells
from hotspots.products.words import make_environment, say, say_status

_KINDS = {"havens": "Point", "haven_sites": "Point", "premises": "Point", "hot_streets": "MultiLineString"}
"""What a layer is of, if not of areas."""

_P_LEVELS = (0.001, 0.01, 0.05, 1.0)
_CELL_STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "tested_cells": (
        "cells.qml",
        {
            "attribute": "result",
            "categories": [("hot", "busy surroundings", SIGNIFICANT), ("cold", "quiet", QUIET)],
        },
    ),
    "felt_cells": (
        "cells.qml",
        {"attribute": "agreement", "categories": [(one, one, colour) for one, colour in AGREEMENT_COLOURS.items()]},
    ),
    "expected_cells": (
        "cells.qml",
        {
            "attribute": "within_share",
            "categories": [
                (share, f"the {share:.0%} of the area with the most expected incidents", colour)
                for share, colour in zip(EXPECTED_SHARES, reversed(EXPECTED), strict=True)
            ],
        },
    ),
}


def write_geopackage(analysis: Analysis, summary: RunSummary, path: Path) -> None:
    """Write what was found as layers styled for QGIS, in the CRS of the analysis.

    They are places to patrol, hot spots, wards, havens with their gaps and suggested new ones, premises and cells. Of
    the cells only those are written that may be shown: of the test those which, with their neighbours, hold enough
    incidents and places; of the estimate those that the map draws. Of a large area not all of these: see
    `PublishedSummary`.
    """
    crs = analysis.wards.crs
    layers = {
        "wards": _layer(
            tabulate_wards(summary),
            [analysis.wards.geometry[ward.code] for ward in summary.wards],
            crs,
        ),
        "hotspots": _layer(tabulate_hotspots(summary), [hotspot.outline for hotspot in analysis.places.hotspots], crs),
    }
    if analysis.places.patrol_places:
        layers["places_to_patrol"] = _layer(
            tabulate_patrol_places(summary), [place.outline for place in analysis.places.patrol_places], crs
        )
    if shift_outlines := [spot.outline for part in analysis.places.shifts.shifts for spot in part.hotspots]:
        table = tabulate_shifts(summary)
        layers["shift_hotspots"] = _layer(table[table["rank"].notna()].drop(columns="note"), shift_outlines, crs)
    places = analysis.places
    if places.test is not None and choose_tested_cells(places.test).any():
        layers["tested_cells"] = _tabulate_test(places.test, crs)
    if (
        places.risk is not None
        and places.first_cells is not None
        and not np.isnan(places.first_cells.within_share).all()
    ):
        layers["expected_cells"] = _tabulate_risk(places.risk, places.first_cells, crs)
    if analysis.perception and (felt := analysis.perception.found) and felt.is_shown.any():
        layers["felt_cells"] = _tabulate_felt(felt, crs)
    if analysis.streets is not None and analysis.streets.runs:
        layers["hot_streets"] = _layer(tabulate_hot_streets(summary), [run.line for run in analysis.streets.runs], crs)
    if analysis.havens is not None and summary.havens is not None:
        layers["havens"] = _layer(tabulate_havens(summary), list(analysis.havens.havens.geometry), crs)
    if (gaps := summary.haven_gaps) and gaps.gaps:
        outlines = [analysis.places.patrol_places[gap.place_rank - 1].outline for gap in gaps.gaps]
        layers["haven_gaps"] = _layer(tabulate_haven_gaps(gaps, summary), outlines, crs)
    if (found := summary.haven_sites) and found.sites:
        points = [shapely.Point(site.easting, site.northing) for site in found.sites]
        layers["haven_sites"] = _layer(tabulate_haven_sites(found, summary), points, crs)
    if any(kind.facilities for kind in summary.facilities):
        premises = tabulate_facilities(summary)
        points = list(gpd.points_from_xy(premises["easting"], premises["northing"]))
        layers["premises"] = _layer(premises, points, crs)
    pyogrio.set_gdal_config_options(
        {
            # GDAL stamps the date of writing into the file; the same input must give the same bytes
            "OGR_CURRENT_DATE": f"{summary.period.end}T00:00:00.000Z",
            # a draft need not outlast a power cut, and each layer would wait for the disk
            "OGR_SQLITE_SYNCHRONOUS": "OFF",
        }
    )
    try:
        for name, layer in layers.items():
            kind = _KINDS.get(name, "MultiPolygon")
            pyogrio.write_dataframe(
                layer,
                path,
                layer=name,
                driver="GPKG",
                geometry_type=kind,
                promote_to_multi=kind != "Point",
                VERSION="1.2",
                DESCRIPTION=describe_layer(summary),
            )
        _write_styles(path, list(layers), summary)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error) as error:
        raise OSError(f"{path.name} cannot be written: {error}. The disk may be full") from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None, "OGR_SQLITE_SYNCHRONOUS": None})


def _tabulate_test(test: SignificanceTest, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """One row a cell that may be shown. Neither Gi* nor its exact p: the number of incidents follows from either."""
    found, kept = test.gi_star, choose_tested_cells(test)
    p_adjusted = np.minimum(found.p_hot_adjusted, found.p_cold_adjusted)[kept]
    levels = np.array(_P_LEVELS)
    table = pd.DataFrame(
        {
            "result": np.select([found.is_hot[kept], found.is_cold[kept]], ["hot", "cold"], default="neither"),
            "p_at_most": levels[np.searchsorted(levels, p_adjusted)],
            "persistence": None if test.persistence is None else test.persistence.category[kept].astype(object),
        }
    )
    return _layer(table, list(test.cells.outlines(kept)), crs)


def _tabulate_felt(felt: Perception, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """One row a cell with enough marks around it; no numbers, since those of two cells would tell what is between."""
    kept = felt.is_shown
    table = pd.DataFrame({"agreement": felt.agreement[kept], "feels": felt.feels[kept], "crime": felt.crime[kept]})
    return _layer(table.astype("object"), list(felt.cells.outlines(kept)), crs)


def _tabulate_risk(risk: RiskEstimate, first: FirstCells, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """One row a cell that may be shown, by share and from south to north; its numbers where it holds enough alone."""
    shown = np.flatnonzero(choose_expected_cells(first))
    shown = shown[np.argsort(first.within_share[shown], kind="stable")]
    table = pd.DataFrame(
        {
            "within_share": first.within_share[shown],
            "place": pd.array(first.place[shown], dtype="Int64"),
            "area_share": pd.array((first.place[shown] / len(risk.cells)).round(5), dtype="Float64"),
            "n_incidents": pd.array(risk.n_incidents[shown].astype(np.int64), dtype="Int64"),
            "expected": pd.array(risk.expected[shown].round(3), dtype="Float64"),
            "own_share": pd.array(risk.own_share[shown].round(3), dtype="Float64"),
        }
    )
    table.loc[~first.is_told[shown], list(table.columns[1:])] = pd.NA
    return _layer(table, list(risk.cells.outlines(shown)), crs)


def describe_layer(summary: RunSummary) -> str:
    """What a layer is of: crime, period and, if so, that its data are unfinished and that it must not be shared."""
    said = [f"{summary.crime_label}, {summary.period.start} to {summary.period.end}."]
    if status := say_status(summary.data_status):
        said.append(f"Not for decisions: made from {status}.")
    if summary.published.words:
        said.append(summary.published.words)
    if summary.not_to_share:
        said.append(f"Not to be shared. {summary.not_to_share}")
    said.append(f"{say('handling.marked', summary.handling)} {say('handling.made_by', summary.handling)}".rstrip())
    return " ".join(said)


def _layer(table: pd.DataFrame, geometry: list[Any], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table.reset_index(drop=True), geometry=gpd.GeoSeries(geometry, crs=crs))


def _list_shifts(summary: RunSummary) -> list[tuple[str, str, bool]]:
    """Label, words and whether QGIS shows it at first, of each part of the week with hot spots: one at a time."""
    parts = [part for part in summary.shifts.parts if part.hotspots]
    first = max(parts, key=lambda part: (part.key == "chosen", part.pace), default=None)
    return [(part.label, part.words, part is first) for part in parts]


def _list_gap_parts(summary: RunSummary) -> list[tuple[str, str, bool]]:
    """The same of each part of the week with gaps; that of the first is shown."""
    gaps = summary.haven_gaps.gaps if summary.haven_gaps else ()
    parts = dict.fromkeys((gap.part, gap.part_words) for gap in gaps)
    return [(part, words, part == gaps[0].part) for part, words in parts]


def _write_styles(path: Path, layers: list[str], summary: RunSummary) -> None:
    """Add the `layer_styles` table, from which QGIS takes a layer's default style, as QGIS itself writes it."""
    environment = make_environment()
    densest = max(ward.density_per_km2 for ward in summary.wards)
    breaks = choose_breaks(densest)
    classes = list(
        zip(
            [0.0, *breaks],
            [*breaks, math.ceil(max(densest, *breaks, 1.0))],
            [OUTSIDE, *choose_colours(breaks)],
            strict=True,
        )
    )
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', ?, ?, 0)",
            (describe_layer(summary), f"{summary.period.end}T00:00:00.000Z"),
        )
        for name in layers:
            template, shown = _CELL_STYLES.get(name, (f"{name}.qml", {}))
            qml = environment.get_template(template).render(
                classes=classes,
                hotspot=HOTSPOT,
                patrol=PATROL,
                haven=HAVEN,
                gap=GAP,
                gap_parts=_list_gap_parts(summary),
                facility=FACILITY,
                plural=summary.crime_plural,
                shifts=_list_shifts(summary),
                street_classes=choose_street_classes([run.n_per_km for run in summary.streets.runs])
                if summary.streets
                else [],
                **shown,
            )
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'Hotspots', '', ?)",
                (name, name, qml, f"{summary.period.end}T00:00:00.000Z"),
            )
    database.close()
