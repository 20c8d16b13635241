"""Incidents by month, with the range in which each was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotspots.products.charts.chart_sheet import (
    BODY,
    MARGIN,
    SMALL,
    WIDTH,
    Chart,
    LeftOut,
    Sheet,
    measure,
    use_style,
)
from hotspots.products.drawing import (
    BAND,
    BARS,
    FEWER,
    GAP_FILL,
    GAP_LINES,
    INK,
    MORE,
    SOFT,
    choose_months,
    choose_ticks,
    say_short_month,
    trim_months,
)
from hotspots.products.summary import RunSummary
from hotspots.products.words import say, say_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from hotspots.products.summary import SeriesMonth

_NAME = "months"
_FEWEST = 3
"""Of fewer months a sentence says as much."""


def draw_months_chart(summary: RunSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """Each month as a point, with its limits, months that stand out as triangles, and gaps in the data hatched.

    Args:
        summary: Of a run.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    if sum(month.n_incidents is not None for month in summary.series.months) < _FEWEST:
        return LeftOut(name=_NAME, reason=say("charts.no_months", summary))
    months = trim_months(summary.series.months)
    highest = max(n for month in months for n in (month.n_incidents, month.high, 1) if n is not None) * 1.08
    ticks = choose_ticks(highest, n_most=6)
    with use_style():
        sheet = Sheet(
            say("charts.months_title", summary),
            say("charts.months_subtitle", summary),
            say("charts.source", summary, ("incidents", "boundaries")),
            marking=marking,
        )
        left = MARGIN + measure(say_number(ticks[-1] if ticks else 0), size=BODY) + 12
        right, top, bottom = WIDTH - MARGIN - 104, sheet.top + 12, sheet.bottom - 48
        plot = sheet.open_plot(left, top, right, bottom)
        plot.set(xlim=(-0.5, len(months) - 0.5), ylim=(0, highest))
        step = (right - left) / len(months)

        def down(n: float) -> float:
            return bottom - (bottom - top) * n / highest

        for tick in (0, *ticks):
            plot.axhline(tick, color=SOFT if tick == 0 else GAP_FILL, linewidth=1, zorder=0.5, clip_on=False)
            sheet.write(left - 10, down(tick), say_number(tick), across="right", down="center_baseline")
        named = choose_months([month.month for month in months], n_most=9)
        for index, month in named:
            x = left + (index + 0.5) * step
            plot.plot([index, index], [0, -0.012 * highest], color=SOFT, linewidth=1, clip_on=False)
            sheet.write(x, bottom + 24, say_short_month(month), across="center")
        _draw_limits(plot, months)
        numbers = [float("nan") if month.n_incidents is None else month.n_incidents for month in months]
        plot.plot(numbers, color=BARS, linewidth=1.5, zorder=2)
        plot.plot(numbers, "o", color=INK, markersize=5 if len(months) < 100 else 3.5, zorder=3, clip_on=False)
        _draw_signals(plot, months)
        _write_limits(sheet, months, x=right + 10, down=down)
        _write_signals(sheet, months, left=left, step=step, down=down)
    return sheet.finish(_NAME, say("charts.months_alt", summary, months))


def _draw_limits(plot: Axes, months: Sequence[SeriesMonth]) -> None:
    """The band between the limits, what was expected in it, and gaps."""
    nan = float("nan")
    limits = [(m.low, m.expected, m.high) if m.high is not None and not m.gap else (nan, nan, nan) for m in months]
    # each month has two sides, and nothing joins it to the next
    sides = np.arange(len(months)).repeat(3) + np.tile([-0.5, 0.5, 0.5], len(months))
    low, expected, high = np.array(limits, dtype=float).T.repeat(3, axis=1)
    plot.fill_between(sides, low, high, color=BAND, linewidth=0, zorder=1)
    expected[2::3] = nan
    plot.plot(sides, expected, color=SOFT, linewidth=1.5, linestyle=(0, (3, 1.5)), zorder=1.5)
    for index, month in enumerate(months):
        if month.gap:
            plot.axvspan(
                index - 0.5, index + 0.5, facecolor=GAP_FILL, edgecolor=GAP_LINES, hatch="///", linewidth=0, zorder=1
            )


def _draw_signals(plot: Axes, months: Sequence[SeriesMonth]) -> None:
    for side, marker, colour in (("above", "^", MORE), ("below", "v", FEWER)):
        found = [(i, m.n_incidents) for i, m in enumerate(months) if side in (m.signal or "") and m.n_incidents]
        if found:
            plot.plot(
                *zip(*found, strict=True),
                marker,
                color=colour,
                markersize=13,
                markeredgecolor="white",
                zorder=4,
                clip_on=False,
            )


def _write_limits(sheet: Sheet, months: Sequence[SeriesMonth], *, x: float, down: Callable[[float], float]) -> None:
    """What band and line are, beside the last month that has them."""
    last = next((m for m in reversed(months) if m.low is not None and m.high is not None and m.expected), None)
    if last is None:
        return
    assert last.low is not None
    assert last.high is not None
    assert last.expected is not None
    middle = down(last.expected)
    sheet.write(x, min(down(last.high), middle - 22), say("charts.high_label"), size=SMALL, colour=SOFT, down="center")
    sheet.write(x, middle, say("charts.expected_label"), size=SMALL, colour=SOFT, down="center")
    sheet.write(x, max(down(last.low), middle + 22), say("charts.low_label"), size=SMALL, colour=SOFT, down="center")


def _write_signals(
    sheet: Sheet, months: Sequence[SeriesMonth], *, left: float, step: float, down: Callable[[float], float]
) -> None:
    """The names of months that stand out, as far as there is room; the latest first."""
    taken: list[tuple[float, float, float]] = []
    for index, month in reversed(list(enumerate(months))):
        if month.signal and month.n_incidents is not None:
            said = f"{say_short_month(month.month)}: {say_number(month.n_incidents)}"
            half = measure(said, size=SMALL, is_bold=True) / 2
            x = max(left + (index + 0.5) * step, left + half)
            y = down(month.n_incidents) + (-16 if "above" in month.signal else 28)
            if all(abs(x - other) > half + width + 8 or abs(y - level) > 22 for other, level, width in taken):
                taken.append((x, y, half))
                sheet.write(x, y, said, size=SMALL, is_bold=True, across="center")
