"""Writing the products of a run, all or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from hotspots.errors import ParameterError
from hotspots.geography import MIN_CELL_M, MIN_INCIDENTS
from hotspots.house import Audience
from hotspots.pipeline import Analysis, AnalysisRequest, silent
from hotspots.products.files.chart_files import write_charts
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
    FACILITY_PRODUCTS,
    PRODUCTS,
    SAFETY_PRODUCTS,
    RunSummary,
    encode,
    summarise,
    withhold_from_partners,
)


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
    summary = summarise(analysis, audience=audience)
    if audience == "partner":
        summary = withhold_from_partners(summary)
    house = analysis.study.house
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
            summary = dataclasses.replace(
                summary, products=summary.products | write_charts(summary, draft, marking=summary.handling.marking)
            )
        write_text(draft / PRODUCTS["map"], draw_map(analysis, summary))
        write_text(draft / PRODUCTS["times"], draw_times(summary, house=house))
        write_text(draft / PRODUCTS["quality"], draw_quality(summary, house=house))
        write_geopackage(analysis, summary, draft / PRODUCTS["hotspots_gpkg"])
        write_csv(tabulate_patrol_places(summary), draft / PRODUCTS["places_to_patrol_csv"])
        write_csv(tabulate_hotspots(summary), draft / PRODUCTS["hotspots_csv"])
        write_csv(tabulate_shifts(summary), draft / PRODUCTS["shifts_csv"])
        if summary.facilities:
            write_csv(tabulate_facilities(summary), draft / FACILITY_PRODUCTS["premises_csv"])
        if summary.streets is not None:
            write_csv(tabulate_hot_streets(summary), draft / PRODUCTS["hot_streets_csv"])
        if summary.perception:
            write_text(draft / SAFETY_PRODUCTS["safety"], draw_safety(analysis, summary, summary.perception))
        write_csv(tabulate_measures(summary), draft / PRODUCTS["measures_csv"])
        write_workbook(summary, draft / PRODUCTS["tables"])
        shapes = gather_shapes(analysis, summary)
        write_geojson(shapes, draft / PRODUCTS["places_geojson"])
        write_geoparquet(shapes, draft / PRODUCTS["places_parquet"])
        if "rejected" in summary.products:
            rejected = analysis.study.intake.rejected[["source", "source_row", "category", "reason", "detail"]]
            write_csv(rejected, draft / PRODUCTS["rejected"])
        write_text(draft / PRODUCTS["quality_json"], encode_json(encode(summary.quality)))
        write_text(draft / PRODUCTS["summary"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=analysis.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}
