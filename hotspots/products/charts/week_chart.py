"""The hours of the week as a grid of coloured cells, with totals by day and by hour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hotspots.products.charts.chart_sheet import BODY, MARGIN, SMALL, WIDTH, Chart, LeftOut, Sheet, measure, use_style
from hotspots.products.drawing import (
    BARS,
    DAYS,
    EMPTY,
    FEWER,
    HOTSPOT,
    SOFT,
    choose_breaks,
    choose_colours,
    trace_window,
)
from hotspots.products.summary import RunSummary, WindowSummary
from hotspots.products.words import say, say_bound

_NAME = "week"
_LEFT, _RIGHT = MARGIN + 56, WIDTH - MARGIN - 96


def draw_week_chart(summary: RunSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """The 7 x 24 hours of the week: darker for more, with busy and quiet windows outlined.

    Args:
        summary: Of a run.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    from matplotlib.collections import LineCollection
    from matplotlib.colors import ListedColormap

    profile = summary.profile
    if not profile.available or profile.counts is None:
        return LeftOut(name=_NAME, reason=say("charts.no_week", summary))
    hours = profile.cell_hours
    counts = np.array(profile.counts)
    breaks = choose_breaks(float(counts.max()))
    colours = (EMPTY, *choose_colours(breaks))
    with use_style():
        sheet = Sheet(
            say("charts.week_title", summary),
            say("charts.week_subtitle", summary),
            say("charts.source", summary, ("incidents", "boundaries")),
            marking=marking,
        )
        top, bottom = sheet.top + 56, sheet.bottom - 66
        grid = sheet.open_plot(_LEFT, top, _RIGHT, bottom)
        grid.set(xlim=(0, 24), ylim=(7, 0))
        grid.pcolormesh(
            range(0, 25, hours),
            range(8),
            np.searchsorted(breaks, counts[:, ::hours], side="right"),
            cmap=ListedColormap(colours),
            vmin=-0.5,
            vmax=len(colours) - 0.5,
            edgecolor="white",
            linewidth=1.5,
        )
        outlines: tuple[tuple[Sequence[WindowSummary], str, Any], ...] = (
            (profile.quiet, FEWER, (0, (3, 2))),
            (profile.peaks, HOTSPOT, "solid"),
        )
        for windows, colour, style in outlines:
            for window in windows:
                lines = LineCollection(trace_window(window), colors=colour, linestyles=[style], linewidths=3)
                lines.set(capstyle="projecting", clip_on=False)
                grid.add_collection(lines)
        by_hour = sheet.open_plot(_LEFT, sheet.top + 4, _RIGHT, top - 5)
        by_hour.set(xlim=(0, 24), ylim=(0, max(counts.sum(axis=0).max(), 1)))
        by_hour.bar(np.arange(0, 24, hours) + hours / 2, counts.sum(axis=0)[::hours], width=0.7 * hours, color=BARS)
        by_day = sheet.open_plot(_RIGHT + 6, top, WIDTH - MARGIN, bottom)
        by_day.set(xlim=(0, max(counts.sum(axis=1).max(), 1)), ylim=(7, 0))
        by_day.barh(np.arange(7) + 0.5, counts.sum(axis=1), height=0.6, color=BARS)
        step = (bottom - top) / 7
        for day, name in enumerate(DAYS):
            sheet.write(_LEFT - 10, top + (day + 0.5) * step, name, across="right", down="center_baseline")
        for hour in range(0, 25, 3):
            x = _LEFT + (_RIGHT - _LEFT) * hour / 24
            sheet.write(x, bottom + 22, f"{hour:02d}:00", size=SMALL, colour=SOFT, across="center")
        _write_key(sheet, breaks, colours, y=bottom + 52, is_quiet=bool(profile.quiet), is_busy=bool(profile.peaks))
    return sheet.finish(_NAME, say("charts.week_alt", summary))


def _write_key(
    sheet: Sheet, breaks: list[float], colours: tuple[str, ...], *, y: float, is_quiet: bool, is_busy: bool
) -> None:
    """The classes, and what the outlines mean."""
    from matplotlib.patches import Rectangle

    canvas = sheet.open_canvas()
    x = float(_LEFT)
    bounds = [f"under {say_bound(breaks[0])}", *(f"{say_bound(bound)}+" for bound in breaks)] if breaks else []
    for bound, colour in zip(bounds, colours, strict=False):
        canvas.add_patch(Rectangle((x, y - 14), 18, 18, facecolor=colour, edgecolor=BARS, linewidth=0.8))
        sheet.write(x + 25, y, bound, size=SMALL)
        x += 25 + measure(bound, size=SMALL) + 20
    outlines = ((is_busy, "busy", HOTSPOT, "solid"), (is_quiet, "quiet", FEWER, (0, (3, 2))))
    x = WIDTH - MARGIN
    for is_there, word, colour, style in outlines:
        if is_there:
            said = say(f"charts.{word}_key")
            x -= measure(said, size=SMALL)
            sheet.write(x, y, said, size=SMALL)
            box = Rectangle((x - 36, y - 14), 28, 18, fill=False, edgecolor=colour, linewidth=2.4, linestyle=style)
            canvas.add_patch(box)
            x -= 36 + BODY
