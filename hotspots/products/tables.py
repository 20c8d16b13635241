"""Tables for Excel and layers for QGIS."""

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

from hotspots.analysis import RiskEstimate
from hotspots.pipeline import Analysis
from hotspots.places import SignificanceTest
from hotspots.products.colours import (
    EXPECTED,
    EXPECTED_SHARES,
    HAVEN,
    HOTSPOT,
    OUTSIDE,
    QUIET,
    SEQUENTIAL,
    SIGNIFICANT,
    choose_breaks,
)
from hotspots.products.rounding import MIN_INCIDENTS_DRAWN
from hotspots.products.words import make_environment, say_status

_CELL_STYLES: dict[str, tuple[str, dict[str, Any]]] = {
    "tested_cells": (
        "cells.qml",
        {
            "attribute": "result",
            "categories": [("hot", "busy surroundings", SIGNIFICANT), ("cold", "quiet", QUIET)],
        },
    ),
    "expected_cells": (
        "cells.qml",
        {
            "attribute": "within_share",
            "categories": [
                (share, f"most to be expected: {share:.0%} of the area", colour)
                for share, colour in zip(EXPECTED_SHARES, reversed(EXPECTED), strict=True)
            ],
        },
    ),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a CSV that Excel opens as what it is: with a byte-order mark, and no text taken for a formula."""
    text = frame.select_dtypes(include=["object", "string", "category"]).columns
    guarded = frame.assign(**{column: frame[column].map(_guard, na_action="ignore") for column in text})
    guarded.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def tabulate_hotspots(summary: dict[str, Any]) -> pd.DataFrame:
    """One row a hot spot, as the summary states it, in columns that a spreadsheet can hold."""
    measured = ["rank", "place", "n_incidents", "n_places", "share", "area_km2", "density_per_km2"]
    measured += ["expected", "expected_low", "expected_high", "rank_low", "rank_high", "gi_star", "gi_star_p"]
    measured += ["is_significant", "stability", "persistence", "harm", "residents", "rate_per_1000"]
    measured += ["sureness", "certainty", "easting", "northing"]
    columns = [
        *measured,
        *("ward_codes", "wards", "top_locations", "location_kinds", "peak", "peak_share"),
        *("haven_share_within_reach", "haven_share_open_within_reach"),
        *("crime", "period_start", "period_end", "data_status"),
    ]
    rows = [
        {
            **{name: hotspot[name] for name in measured},
            "ward_codes": "; ".join(ward["code"] for ward in hotspot["wards"]),
            "wards": "; ".join(ward["name"] for ward in hotspot["wards"]),
            "top_locations": "; ".join(f"{x['location']} ({x['n_incidents']})" for x in hotspot["locations"]),
            "location_kinds": "; ".join(f"{x['kind']} ({x['n_incidents']})" for x in hotspot["location_kinds"]),
            "peak": hotspot["peak"] and hotspot["peak"]["words"],
            "peak_share": hotspot["peak"] and hotspot["peak"]["share"],
            **{f"haven_{name}": value for name, value in (hotspot["havens"] or {}).items()},
            "crime": summary["crime"],
            "period_start": summary["period"]["start"],
            "period_end": summary["period"]["end"],
            "data_status": say_status(summary["data_status"]) or "ordinary",
        }
        for hotspot in summary["hotspots"]
    ]
    shares = [
        "harm",
        "residents",
        "rate_per_1000",
        "peak_share",
        "haven_share_within_reach",
        "haven_share_open_within_reach",
    ]
    return pd.DataFrame(rows, columns=columns).astype(
        {"peak": "object", "persistence": "object"} | dict.fromkeys(shares, "float64")
    )


def write_geopackage(analysis: Analysis, summary: dict[str, Any], path: Path) -> None:
    """Write hot spots, wards, havens and cells as layers in the CRS of the analysis, each styled for QGIS.

    Of the cells of the estimate only those are written that fill the largest share of the area shown on the map.
    """
    crs = analysis.wards.crs
    layers = {
        "wards": _layer(
            pd.DataFrame(summary["wards"]).rename(columns={"code": "ward_code", "name": "ward_name"}),
            [analysis.wards.geometry[ward["code"]] for ward in summary["wards"]],
            crs,
        ),
        "hotspots": _layer(tabulate_hotspots(summary), [hotspot.outline for hotspot in analysis.places.hotspots], crs),
    }
    is_enough = len(analysis.incidents) >= MIN_INCIDENTS_DRAWN
    if analysis.places.test is not None and is_enough:
        layers["tested_cells"] = _tabulate_test(analysis.places.test, crs)
    if analysis.places.risk is not None and is_enough:
        layers["expected_cells"] = _tabulate_risk(analysis.places.risk, crs)
    if analysis.havens is not None:
        havens = pd.DataFrame(
            summary["havens"]["havens"], columns=["id", "name", "kind", "opening_hours", "n_incidents"]
        )
        layers["havens"] = _layer(havens, list(analysis.havens.havens.geometry), crs)
    # GDAL stamps the date of writing into the file; the same input must give the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{summary['period']['end']}T00:00:00.000Z"})
    try:
        for name, layer in layers.items():
            kind = "Point" if name == "havens" else "MultiPolygon"
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
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    _write_styles(path, list(layers), summary)


def _tabulate_test(test: SignificanceTest, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    found = test.gi_star
    table = pd.DataFrame(
        {
            "gi_star": found.z.round(3),
            "p_hot": found.p_hot,
            "p_hot_adjusted": found.p_hot_adjusted,
            "p_cold_adjusted": found.p_cold_adjusted,
            "result": np.select([found.is_hot, found.is_cold], ["hot", "cold"], default="neither"),
            "moran_quadrant": test.moran.quadrant.astype(object),
            "moran_p_adjusted": test.moran.p_adjusted,
            "persistence": None if test.persistence is None else test.persistence.category.astype(object),
        }
    )
    return _layer(table, list(test.cells.outlines()), crs)


def _tabulate_risk(risk: RiskEstimate, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    order = np.argsort(-risk.expected, kind="stable")
    first = order[: max(int(max(EXPECTED_SHARES) * len(order)), 1)]
    area_share = np.arange(1, len(first) + 1) / len(order)
    bounds = np.array(EXPECTED_SHARES)
    within = bounds[np.minimum(np.searchsorted(bounds, area_share), len(bounds) - 1)]
    table = pd.DataFrame(
        {
            "place": np.arange(1, len(first) + 1),
            "area_share": area_share.round(5),
            "within_share": within,
            "n_incidents": risk.n_incidents[first].astype(np.int64),
            "expected": risk.expected[first].round(3),
            "own_share": risk.own_share[first].round(3),
        }
    )
    return _layer(table, list(risk.cells.outlines(first)), crs)


def describe_layer(summary: dict[str, Any]) -> str:
    """What a layer is of: crime, period and, if so, that its data are unfinished."""
    period = f"{summary['crime_label']}, {summary['period']['start']} to {summary['period']['end']}"
    status = say_status(summary["data_status"])
    return f"{period}. Not for decisions: made from {status}." if status else f"{period}."


def _layer(table: pd.DataFrame, geometry: list[Any], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(geometry, crs=crs))


def _write_styles(path: Path, layers: list[str], summary: dict[str, Any]) -> None:
    """Add the `layer_styles` table, from which QGIS takes a layer's default style."""
    environment = make_environment()
    densest = max(ward["density_per_km2"] for ward in summary["wards"])
    breaks = choose_breaks(densest)
    classes = list(
        zip(
            [0.0, *breaks],
            [*breaks, math.ceil(max(densest, *breaks, 1.0))],
            [OUTSIDE, *SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :]],
            strict=True,
        )
    )
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), "
            "styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
            "update_time DATETIME)"
        )
        for name in layers:
            template, shown = _CELL_STYLES.get(name, (f"{name}.qml", {}))
            qml = environment.get_template(template).render(
                classes=classes, hotspot=HOTSPOT, haven=HAVEN, plural=summary["crime_plural"], **shown
            )
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'Hotspots', '', ?)",
                (name, name, qml, f"{summary['period']['end']}T00:00:00.000Z"),
            )
    database.close()
