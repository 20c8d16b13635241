"""The folder of a performance table: its page, its table and its numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hotspots.pipeline import Performance, silent
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.spreadsheets import tabulate_indicators, write_csv
from hotspots.products.pages import draw_performance
from hotspots.products.summary import (
    PERFORMANCE_FOLDER,
    PERFORMANCE_PRODUCTS,
    PerformanceSummary,
    encode,
    summarise_performance,
)


def write_performance(
    performance: Performance, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[PerformanceSummary, dict[str, Path]]:
    """Write the page, the table and the numbers to one folder below `<out>/performance/`, all or none.

    Args:
        performance: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_performance(performance)
    period = f"{performance.start}_{performance.end}"
    beside = ("beside peers",) if performance.peers else ()
    name = name_folder(
        period,
        performance.wards,
        performance.study.boundaries.wards,
        methods=(*performance.request.methods, *beside),
    )
    folder = out / PERFORMANCE_FOLDER / name
    replaced = say_replaced(folder, PERFORMANCE_PRODUCTS["performance_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(
            draft / PERFORMANCE_PRODUCTS["performance"], draw_performance(summary, house=performance.study.house)
        )
        write_csv(tabulate_indicators(summary), draft / PERFORMANCE_PRODUCTS["performance_csv"])
        write_text(draft / PERFORMANCE_PRODUCTS["performance_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=performance.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in PERFORMANCE_PRODUCTS.items()}
