"""Writing the products of a run, all or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hotspots.pipeline import Analysis, silent
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.geopackage import write_geopackage
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.measures import tabulate_measures
from hotspots.products.files.place_shapes import gather_shapes, write_geojson, write_geoparquet
from hotspots.products.files.spreadsheets import (
    tabulate_facilities,
    tabulate_hot_streets,
    tabulate_hotspots,
    tabulate_patrol_places,
    tabulate_shifts,
    write_csv,
)
from hotspots.products.files.tables_workbook import write_workbook
from hotspots.products.pages import draw_map, draw_quality, draw_safety, draw_times
from hotspots.products.summary import PRODUCTS, RunSummary, encode, summarise

_TABLES: dict[str, Callable[[RunSummary], pd.DataFrame]] = {
    "places_to_patrol_csv": tabulate_patrol_places,
    "hotspots_csv": tabulate_hotspots,
    "shifts_csv": tabulate_shifts,
    "premises_csv": tabulate_facilities,
    "hot_streets_csv": tabulate_hot_streets,
    "measures_csv": tabulate_measures,
}
"""By the key of each in a summary."""


def write_products(
    analysis: Analysis, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[RunSummary, dict[str, Path]]:
    """Write every product of an analysis to one folder below `<out>/<crime>/`.

    All files are made in a temporary folder, which then takes the place of the last one: a run that fails or is
    killed leaves the last good products, never a mixture.

    Args:
        analysis: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key in the summary.
    """
    summary = summarise(analysis)
    period = f"{analysis.start}_{analysis.end}"
    name = name_folder(
        period,
        analysis.wards,
        analysis.study.boundaries.wards,
        stated_area=analysis.request.area,
        methods=summary.methods,
    )
    folder = out / analysis.crime.slug / name
    replaced = say_replaced(folder, PRODUCTS["summary"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        fill_folder(draft, analysis, summary)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}


def fill_folder(folder: Path, analysis: Analysis, summary: RunSummary) -> None:
    """Write to a folder the products that a summary lists, and no others."""
    wanted = {key: folder / name for key, name in summary.products.items()}
    if "map" in wanted:
        write_text(wanted["map"], draw_map(analysis, summary))
    if "times" in wanted:
        write_text(wanted["times"], draw_times(summary))
    if "quality" in wanted:
        write_text(wanted["quality"], draw_quality(summary))
    if "safety" in wanted and summary.perception:
        write_text(wanted["safety"], draw_safety(analysis, summary, summary.perception))
    if "hotspots_gpkg" in wanted:
        write_geopackage(analysis, summary, wanted["hotspots_gpkg"])
    for key in wanted.keys() & _TABLES.keys():
        write_csv(_TABLES[key](summary), wanted[key])
    if "tables" in wanted:
        write_workbook(summary, wanted["tables"])
    if wanted.keys() >= {"places_geojson", "places_parquet"}:
        shapes = gather_shapes(analysis, summary)
        write_geojson(shapes, wanted["places_geojson"])
        write_geoparquet(shapes, wanted["places_parquet"])
    if "rejected" in wanted:
        rejected = analysis.study.intake.rejected[["source", "source_row", "category", "reason", "detail"]]
        write_csv(rejected, wanted["rejected"])
    if "quality_json" in wanted:
        write_text(wanted["quality_json"], encode_json(encode(summary.quality)))
    if "summary" in wanted:
        write_text(wanted["summary"], encode_json(encode(summary)))
    if "manifest" in wanted:
        write_manifest(analysis, summary, folder, key="manifest")
