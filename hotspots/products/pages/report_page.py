"""A report as HTML: one file, to be read on a screen or printed."""

from __future__ import annotations

from hotspots.products.drawing import Report
from hotspots.products.words import make_environment


def draw_report(report: Report) -> str:
    """The page, as HTML."""
    return make_environment().get_template("report.html").render(r=report)
