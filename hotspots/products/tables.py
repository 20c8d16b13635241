"""Tables for Excel and layers for QGIS."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj

from hotspots.pipeline import Analysis
from hotspots.products.colours import HAVEN, HOTSPOT, OUTSIDE, SEQUENTIAL, choose_breaks
from hotspots.products.words import make_environment, say_status

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
    measured += ["easting", "northing"]
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
    shares = ["peak_share", "haven_share_within_reach", "haven_share_open_within_reach"]
    return pd.DataFrame(rows, columns=columns).astype({"peak": "object"} | dict.fromkeys(shares, "float64"))


def write_geopackage(analysis: Analysis, summary: dict[str, Any], path: Path) -> None:
    """Write hot spots, wards and havens as layers in the CRS of the analysis, each with a default style for QGIS."""
    crs = analysis.wards.crs
    layers = {
        "wards": _layer(
            pd.DataFrame(summary["wards"]).rename(columns={"code": "ward_code", "name": "ward_name"}),
            [analysis.wards.geometry[ward["code"]] for ward in summary["wards"]],
            crs,
        ),
        "hotspots": _layer(tabulate_hotspots(summary), [hotspot.outline for hotspot in analysis.hotspots], crs),
    }
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
            qml = environment.get_template(f"{name}.qml").render(
                classes=classes, hotspot=HOTSPOT, haven=HAVEN, plural=summary["crime_plural"]
            )
            database.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
                "styleName, styleQML, styleSLD, useAsDefault, description, owner, update_time) "
                "VALUES ('', '', ?, 'geom', ?, ?, '', 1, 'Hotspots', '', ?)",
                (name, name, qml, f"{summary['period']['end']}T00:00:00.000Z"),
            )
    database.close()
