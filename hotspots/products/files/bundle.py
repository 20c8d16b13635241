"""Writing the products of a run, all or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hotspots.errors import ParameterError
from hotspots.geography import MIN_CELL_M, MIN_INCIDENTS
from hotspots.house import Audience
from hotspots.pipeline import Analysis, AnalysisRequest, silent
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
from hotspots.products.summary import (
    PRODUCTS,
    RunSummary,
    encode,
    summarise_for,
)

_TABLES: dict[str, Callable[[RunSummary], pd.DataFrame]] = {
    "places_to_patrol_csv": tabulate_patrol_places,
    "hotspots_csv": tabulate_hotspots,
    "shifts_csv": tabulate_shifts,
    "premises_csv": tabulate_facilities,
    "hot_streets_csv": tabulate_hot_streets,
    "measures_csv": tabulate_measures,
}
"""By the key of each in a summary."""


def require_shareable(request: AnalysisRequest, audience: Audience) -> None:
    """Refuse to write for others what single victims could be found from.

    Raises:
        ParameterError: The request is finer than may be shared, and the products are not for tasking alone.
    """
    if audience != "tasking" and request.is_too_fine:
        raise ParameterError(
            f"Products for {audience} readers must not be so fine that single victims can be found from them: "
            f"`min_samples` of {MIN_INCIDENTS} or more and `cell_size_m` of {MIN_CELL_M:g} or more. Leave them out, or "
            "write for `audience` tasking."
        )


def write_products(
    analysis: Analysis,
    out: Path,
    *,
    audience: Audience = "tasking",
    charts: bool = False,
    notify: Callable[[str], None] = silent,
) -> tuple[RunSummary, dict[str, Path]]:
    """Write every product of an analysis to one folder below `<out>/<crime>/`.

    All files are made in a temporary folder, which then takes the place of the last one: a run that fails or is
    killed leaves the last good products, never a mixture.

    Args:
        analysis: What is written.
        out: The folder of all products.
        audience: For whom: "tasking" for all that was found, "partner" for what organisations that work with the police
            and the council may have (`docs/audiences.md`).
        charts: Whether to write charts for slides and reports too.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key in the summary.

    Raises:
        ParameterError: The analysis is finer than that audience may have, or it is for everybody, who get other
            products (`write_public`).
        HotspotsError: Charts are asked for, and a package that draws them is not installed.
    """
    if audience == "public":
        raise ParameterError(
            "What everybody may be told is not a part of these products: write it with write_public, or write for "
            "`audience` tasking or partner."
        )
    require_shareable(analysis.request, audience)
    summary = summarise_for(analysis, audience)
    period = f"{analysis.start}_{analysis.end}"
    name = name_folder(
        period,
        analysis.wards,
        analysis.study.boundaries.wards,
        stated_area=analysis.request.area,
        methods=summary.methods,
        audience=audience,
    )
    folder = out / analysis.crime.slug / name
    replaced = say_replaced(folder, PRODUCTS["summary"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        if charts:
            # here, since it takes what plans of safe havens take
            from hotspots.products.files.chart_files import write_charts

            summary = dataclasses.replace(
                summary, products=summary.products | write_charts(summary, draft, marking=summary.handling.marking)
            )
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
        write_text(wanted["times"], draw_times(summary, house=analysis.study.house))
    if "quality" in wanted:
        write_text(wanted["quality"], draw_quality(summary, house=analysis.study.house))
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
        write_manifest(summary, folder, parameters=analysis.request)
