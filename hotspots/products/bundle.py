"""Writing the products of a run, all or none, and the page that lists every run."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from hotspots.pipeline import Analysis
from hotspots.products.maps import draw_map
from hotspots.products.summary import PRODUCTS, summarise
from hotspots.products.tables import tabulate_hotspots, write_csv, write_geopackage
from hotspots.products.words import make_environment, read_template


def write_bundle(analysis: Analysis, out: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Write every product of an analysis to `<out>/<crime>/<start>_<end>/`.

    All files are made in a temporary folder first and moved into place one by one, each in one step: a run that
    is killed leaves the last good products.

    Returns:
        The summary, and the path of each product by its key in the summary.
    """
    summary = summarise(analysis)
    folder = out / analysis.crime.slug / f"{analysis.start}_{analysis.end}"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=out) as temporary:
        draft = Path(temporary)
        (draft / PRODUCTS["map"]).write_text(draw_map(analysis, summary), "utf-8", newline="\n")
        write_geopackage(analysis, summary, draft / PRODUCTS["hotspots_gpkg"])
        write_csv(tabulate_hotspots(summary), draft / PRODUCTS["hotspots_csv"])
        rejected = analysis.study.intake.rejected[["source", "source_row", "reason"]]
        write_csv(rejected, draft / PRODUCTS["rejected"])
        text = json.dumps(summary, ensure_ascii=False, indent=1, allow_nan=False)
        (draft / PRODUCTS["summary"]).write_text(text + "\n", "utf-8", newline="\n")
        for name in PRODUCTS.values():
            os.replace(draft / name, folder / name)  # noqa: PTH105 - replaces on every platform
    return summary, {key: folder / name for key, name in PRODUCTS.items()}


def write_index(out: Path) -> Path:
    """Write `<out>/index.html`, which lists every run found below `out`; summaries that cannot be read are left out."""
    runs = []
    for path in sorted(out.glob(f"*/*/{PRODUCTS['summary']}")):
        try:
            summary = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        runs.append({"folder": path.parent.relative_to(out).as_posix(), "summary": summary})
    page = make_environment().get_template("index.html").render(runs=runs, page_css=read_template("page.css"))
    index = out / "index.html"
    draft = out / ".index.html.writing"
    draft.write_text(page, "utf-8", newline="\n")
    os.replace(draft, index)  # noqa: PTH105 - replaces on every platform
    return index
