"""Which charts there are of what kind of summary."""

from __future__ import annotations

from collections.abc import Callable

from hotspots.products.charts.change_chart import draw_change_chart
from hotspots.products.charts.chart_sheet import Chart, LeftOut
from hotspots.products.charts.concentration_chart import draw_concentration_chart
from hotspots.products.charts.coverage_charts import draw_coverage_chart, draw_sites_chart
from hotspots.products.charts.months_chart import draw_months_chart
from hotspots.products.charts.week_chart import draw_week_chart
from hotspots.products.summary import HavenPlanSummary, RunSummary

Drawable = RunSummary | HavenPlanSummary
"""What charts are drawn of."""

_OF_RUN: tuple[Callable[..., Chart | LeftOut], ...] = (
    draw_week_chart,
    draw_months_chart,
    draw_change_chart,
    draw_concentration_chart,
    draw_sites_chart,
)
_OF_HAVENS: tuple[Callable[..., Chart | LeftOut], ...] = (draw_coverage_chart, draw_sites_chart)


def draw_charts(summary: Drawable, *, marking: str | None = None) -> list[Chart | LeftOut]:
    """Every chart that there is of a summary, and why others are left out.

    Args:
        summary: Of a run, or of safe havens.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    if isinstance(summary, RunSummary):
        return [draw(summary, marking=marking) for draw in _OF_RUN]
    return [draw(summary, marking=marking) for draw in _OF_HAVENS]
