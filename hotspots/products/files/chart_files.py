"""The folder of charts: pictures for slides and reports, and what each of them says."""

from __future__ import annotations

from pathlib import Path

from hotspots.products.charts import Drawable, LeftOut, draw_charts
from hotspots.products.files.folders import encode_json, write_text
from hotspots.products.summary import CHART_FOLDER, encode


def write_charts(summary: Drawable, folder: Path, *, marking: str | None = None) -> dict[str, str]:
    """Write each chart of a summary as SVG and PNG to `<folder>/charts/`, with `charts.json`.

    That lists title, subtitle, source and alternative text of each, to be pasted beside it, and why others are not
    there. The pictures hold title and alternative text too.

    Args:
        summary: Of a run, or of safe havens.
        folder: That the folder of charts is made in.
        marking: Printed on each above and below, such as "OFFICIAL".

    Returns:
        The names of the files below `folder`, by what they are, as `products` of a summary has them.

    Raises:
        HotspotsError: A package is not installed.
    """
    charts = folder / CHART_FOLDER
    charts.mkdir(parents=True, exist_ok=True)
    products: dict[str, str] = {}
    drawn, left_out = [], []
    for chart in draw_charts(summary, marking=marking):
        if isinstance(chart, LeftOut):
            left_out.append({"name": chart.name, "reason": chart.reason})
            continue
        files = {"svg": f"{chart.name}.svg", "png": f"{chart.name}.png"}
        write_text(charts / files["svg"], chart.svg)
        (charts / files["png"]).write_bytes(chart.png)
        texts = {name: getattr(chart, name) for name in ("title", "subtitle", "source", "alt")}
        drawn.append({"name": chart.name, **texts, **files})
        products |= {f"chart_{chart.name}_{kind}": f"{CHART_FOLDER}/{name}" for kind, name in files.items()}
    content = {
        "schema_version": "1",
        "crime": summary.crime,
        "period": encode(summary.period),
        "data_status": summary.data_status,
        "marking": marking,
        "charts": drawn,
        "left_out": left_out,
    }
    write_text(charts / "charts.json", encode_json(content))
    return products | {"charts_json": f"{CHART_FOLDER}/charts.json"}
