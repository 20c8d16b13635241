"""`places.geojson` and `places.parquet`: places to patrol, hot spots and wards in degrees, for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.geography import to_wgs84
from hotspots.pipeline import Analysis
from hotspots.products.files.folders import write_text
from hotspots.products.files.spreadsheets import (
    describe_run,
    tabulate_hotspots,
    tabulate_patrol_places,
    tabulate_wards,
)
from hotspots.products.summary import RunSummary

_DIGITS = 6
"""Of degrees: a decimetre, as RFC 7946 advises."""
_COMPACT: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}
_MEASURED = ("n_incidents", "share", "area_km2", "density_per_km2", "expected", "expected_low", "expected_high")
_TOLD = ("name", "wards", "peak", "certainty", "r12_verdict")
_LONGITUDE_LATITUDE = "OGC:CRS84"


def gather_shapes(analysis: Analysis, summary: RunSummary) -> gpd.GeoDataFrame:
    """Places to patrol, hot spots and wards as one table, which each program can filter by `kind`.

    Returns:
        Columns `id` ("place-to-patrol-1", "hotspot-1", "ward-E05000540"), `kind`, `rank`, the numbers and texts of
        their own tables as far as they have them, what the run was of, and `geometry` in WGS84 degrees, longitude
        first, rounded to six digits, the outer rings anticlockwise.
    """
    patrols, hotspots = tabulate_patrol_places(summary), tabulate_hotspots(summary)
    wards = tabulate_wards(summary)
    tables = [
        patrols.assign(kind="place to patrol", id=[f"place-to-patrol-{rank}" for rank in patrols["rank"]]),
        hotspots.assign(kind="hot spot", id=[f"hotspot-{rank}" for rank in hotspots["rank"]]),
        wards.assign(kind="ward", id=[f"ward-{code}" for code in wards["ward_code"]], place=wards["ward_name"]),
    ]
    columns = ["id", "kind", "rank", *_MEASURED, *_TOLD]
    rows = [row for table in tables for row in table.rename(columns={"place": "name"}).to_dict("records")]
    table = pd.DataFrame(rows, columns=columns).astype(
        {"rank": "Int64", "n_incidents": "Int64", "expected_low": "Int64", "expected_high": "Int64"}
        | dict.fromkeys(("share", "area_km2", "density_per_km2", "expected"), "Float64")
        | dict.fromkeys(("id", "kind", *_TOLD), "object")
    )
    outlines = [
        *(place.outline for place in analysis.places.patrol_places),
        *(hotspot.outline for hotspot in analysis.places.hotspots),
        *(analysis.wards.geometry[ward.code] for ward in summary.wards),
    ]
    return gpd.GeoDataFrame(
        table.assign(**describe_run(summary)), geometry=to_degrees(gpd.GeoSeries(outlines, crs=analysis.wards.crs))
    )


def to_degrees(outlines: gpd.GeoSeries) -> gpd.GeoSeries:
    """Outlines in WGS84 degrees, longitude first, rounded to six digits, the outer rings anticlockwise."""
    shapes = to_wgs84(gpd.GeoDataFrame(geometry=outlines)).geometry.to_numpy()
    rounded = _round_coordinates(shapes)
    broken = ~shapely.is_valid(rounded)  # parts of an outline that were nearer to each other than that
    rounded[broken] = _round_coordinates(shapely.set_precision(shapes[broken], 10.0**-_DIGITS))
    return gpd.GeoSeries(shapely.orient_polygons(rounded, exterior_cw=False), crs=_LONGITUDE_LATITUDE)


def _round_coordinates(shapes: Any) -> Any:
    """Shapes (n,) with coordinates of so many digits, each the nearest number to them that there is."""
    return shapely.transform(shapes, lambda coordinates: coordinates.round(_DIGITS))


def write_geojson(shapes: gpd.GeoDataFrame, path: Path) -> None:
    """Write shapes as GeoJSON, a feature a line.

    Source: Butler, H. and others (2016), The GeoJSON format, RFC 7946, https://doi.org/10.17487/RFC7946
    """
    rows = shapes.drop(columns="geometry").astype("object")
    records = rows.where(rows.notna(), None).to_dict("records")
    features = [
        json.dumps(
            {
                "type": "Feature",
                "id": record.pop("id"),
                "geometry": shapely.geometry.mapping(shape),
                "properties": record,
            },
            **_COMPACT,
        )
        for record, shape in zip(records, shapes.geometry, strict=True)
    ]
    write_text(path, '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n")


def write_geoparquet(shapes: gpd.GeoDataFrame, path: Path) -> None:
    """Write shapes as GeoParquet 1.1.

    Source: Open Geospatial Consortium (2024), GeoParquet 1.1, https://geoparquet.org/releases/v1.1.0/
    """
    shapes.to_parquet(path, index=False, schema_version="1.1.0", compression="zstd")
