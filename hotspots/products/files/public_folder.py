"""The folder for everybody: a page, tables and shapes, and nothing that was found otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.pipeline import Publication, silent
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.place_shapes import to_degrees, write_geojson
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.pages import draw_public
from hotspots.products.summary import PUBLIC_FOLDER, PUBLIC_PRODUCTS, PublicSummary, encode, summarise_public
from hotspots.products.words import say


def write_public(
    publication: Publication, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[PublicSummary, dict[str, Path]]:
    """Write what everybody may be told to one folder below `<out>/public/`, all or none.

    Args:
        publication: What everybody may be told, of `publish`.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_public(publication)
    period = f"{summary.crime}_{summary.period.start}_{summary.period.end}"
    folder = out / PUBLIC_FOLDER / name_folder(period, publication.selection.wards, publication.study.boundaries.wards)
    replaced = say_replaced(folder, PUBLIC_PRODUCTS["public_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(draft / PUBLIC_PRODUCTS["public"], draw_public(publication, summary))
        write_csv(tabulate_public(summary), draft / PUBLIC_PRODUCTS["public_csv"])
        write_geojson(_gather_public_shapes(publication, summary), draft / PUBLIC_PRODUCTS["public_geojson"])
        write_text(draft / PUBLIC_PRODUCTS["public_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=publication.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}


def tabulate_public(summary: PublicSummary) -> pd.DataFrame:
    """One row a block of which something is told: a month of an authority, a year of an authority or of a ward."""
    kept = say("public.kept", summary.min_incidents)
    columns = [
        "area_kind",
        "area_code",
        "area",
        "authority",
        "block_kind",
        "block",
        "count",
        "told",
        "per_1000",
        "change",
    ]
    rows: list[tuple[object, ...]] = []
    for month in summary.months:
        told = "no records" if not month.has_data else "count" if month.n_incidents is not None else kept
        about = ("authority", None, month.borough, month.borough, "month", month.month)
        rows.append((*about, month.n_incidents, told, None, None))
    for year in summary.years:
        if year.n_incidents is not None:
            about = ("authority", None, year.borough, year.borough, "year", str(year.year))
            rows.append((*about, year.n_incidents, "count", None, year.verdict))
        for ward in year.wards:
            of_ward = ("ward", ward.code, ward.name, ward.borough, "year", str(year.year))
            told = "count" if ward.n_incidents is not None else kept
            rows.append((*of_ward, ward.n_incidents, told, ward.rate, ward.verdict))
    table = pd.DataFrame(rows, columns=columns).astype({"count": "Int64", "per_1000": "Float64"})
    return table.assign(crime=summary.crime, data_status=", ".join(sorted(set(summary.data_status.values()))))


def _gather_public_shapes(publication: Publication, summary: PublicSummary) -> gpd.GeoDataFrame:
    """Wards of each year and squares, in degrees."""
    wards, side = publication.selection.wards, summary.square_m
    records = [
        {
            "id": f"ward-{ward.code}-{year.year}",
            "kind": "ward",
            "name": ward.name,
            "year": year.year,
            "n_incidents": ward.n_incidents,
            "at_least": None,
            "per_1000": ward.rate,
            "geometry": wards.geometry[ward.code],
        }
        for year in summary.years
        for ward in year.wards
    ] + [
        {
            "id": f"square-{square.easting}-{square.northing}-{square.year}",
            "kind": "square",
            "name": None,
            "year": square.year,
            "n_incidents": None,
            "at_least": square.least,
            "per_1000": None,
            "geometry": shapely.box(square.easting, square.northing, square.easting + side, square.northing + side),
        }
        for square in summary.squares
    ]
    columns = ["id", "kind", "name", "year", "n_incidents", "at_least", "per_1000", "geometry"]
    table = pd.DataFrame(records, columns=columns).astype(
        {"year": "Int64", "n_incidents": "Int64", "at_least": "Int64", "per_1000": "Float64"}
    )
    shapes = gpd.GeoSeries(table["geometry"].to_list(), crs=wards.crs)
    return gpd.GeoDataFrame(table.drop(columns="geometry").assign(crime=summary.crime), geometry=to_degrees(shapes))
