"""The page about the quality of the data."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from hotspots.products.drawing import draw_months
from hotspots.products.words import make_environment


def draw_quality(summary: dict[str, Any]) -> str:
    """The page about the quality of the data behind a run, as HTML.

    Args:
        summary: That of the run.
    """
    quality = summary["quality"]
    months = [
        {"month": month, "n_incidents": n, "is_whole": month not in quality["months"]["cut_short"], "has_data": n > 0}
        for month, n in quality["months"]["n_by_month"].items()
    ]
    chart = Markup(draw_months(months, plural="rows of all crimes")) if months else None
    return make_environment().get_template("quality.html").render(s=summary, q=quality, months=chart)
