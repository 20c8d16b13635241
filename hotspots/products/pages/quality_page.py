"""The page about the quality of the data, and how the run was made and tested."""

from __future__ import annotations

from markupsafe import Markup

from hotspots.house import HouseStyle
from hotspots.products.drawing import draw_months
from hotspots.products.summary import MonthSummary, RunSummary
from hotspots.products.words import make_environment


def draw_quality(summary: RunSummary, *, house: HouseStyle | None = None) -> str:
    """The page about the quality of the data behind a run, as HTML."""
    known = summary.quality.months
    months = [
        MonthSummary(month=month, n_incidents=n, is_whole=month not in known.cut_short, has_data=n > 0)
        for month, n in known.n_by_month.items()
    ]
    chart = Markup(draw_months(months, plural="rows of all crimes")) if months else None
    return (
        make_environment()
        .get_template("quality.html")
        .render(
            s=summary,
            house=house,
            q=summary.quality,
            months=chart,
            snapped="anonymised" in summary.location_precision,
            n_files=sum(file.table == "incidents" for file in summary.inputs),
        )
    )
