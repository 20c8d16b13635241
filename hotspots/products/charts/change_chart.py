"""Wards before and after, with the limits of each change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hotspots.products.charts.chart_sheet import (
    BODY,
    MARGIN,
    SMALL,
    WIDTH,
    Chart,
    LeftOut,
    Sheet,
    shorten,
    use_style,
)
from hotspots.products.drawing import FEWER, GAP_FILL, INK, MORE, SOFT, choose_ratio_ticks, choose_span
from hotspots.products.summary import RunSummary
from hotspots.products.words import say, say_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hotspots.products.summary import WardChange

_NAME = "ward_change"
_MOST_ROWS, _TALLEST = 22, 40.0
"""Of a column, so that its letters can be read on a slide; and how high a row is where there are few."""
_BETWEEN = 44
_COUNT = 54


def draw_change_chart(summary: RunSummary, *, marking: str | None = None) -> Chart | LeftOut:
    """The change of each ward by the comparison to look at first: its ratio, limits, and a verdict by shape and word.

    Where there are more wards than rows, those that changed come before those that have most incidents.

    Args:
        summary: Of a run.
        marking: Printed above and below, such as "OFFICIAL".

    Raises:
        HotspotsError: A package is not installed.
    """
    change = summary.main_change
    if change is None or not change.wards or len(change.wards) < 2:
        return LeftOut(name=_NAME, reason=say("charts.no_change", summary))
    rows = _choose_rows(change.wards)
    with use_style():
        sheet = Sheet(
            say("charts.change_title", summary),
            say("charts.change_subtitle", summary, [ward for ward in change.wards if ward not in rows]),
            say("charts.source", summary, ("incidents", "boundaries")),
            marking=marking,
        )
        n_columns = 1 if len(rows) <= _MOST_ROWS else 2
        n_down = -(-len(rows) // n_columns)
        width = (WIDTH - 2 * MARGIN - _BETWEEN * (n_columns - 1)) / n_columns
        tall = min((sheet.bottom - sheet.top - 64) / n_down, _TALLEST)
        for column in range(n_columns):
            part = rows[column * n_down : (column + 1) * n_down]
            _draw_column(sheet, part, rows, left=MARGIN + column * (width + _BETWEEN), width=width, tall=tall)
    return sheet.finish(_NAME, say("charts.change_alt", summary))


def _choose_rows(wards: Sequence[WardChange]) -> list[WardChange]:
    """As many wards as there is room for, the largest rise first; those with nothing to compare last."""
    first = sorted(wards, key=lambda ward: (not ward.change.is_significant, -ward.change.n_current))
    return sorted(first[: 2 * _MOST_ROWS], key=_rank)


def _rank(ward: WardChange) -> tuple[bool, float, str]:
    change = ward.change
    is_nothing = not change.n_current and not change.n_earlier
    return is_nothing, -math.inf if change.ratio is None else -change.ratio, ward.name


def _draw_column(
    sheet: Sheet, part: Sequence[WardChange], rows: Sequence[WardChange], *, left: float, width: float, tall: float
) -> None:
    """Some of the wards below each other, on the scale of all."""
    span = choose_span([ward.change for ward in rows])
    is_narrow = width < WIDTH / 2
    size = SMALL if is_narrow else BODY
    name = 166 if is_narrow else 330
    first, right = left + name + 2 * _COUNT + 20, left + width
    reach = math.log(span) * 1.04
    top = sheet.top + 30
    bottom = top + tall * len(part)
    plot = sheet.open_plot(first, top, right, bottom)

    def place(ratio: float) -> float:
        return (first + right) / 2 + (right - first) / 2 * min(max(math.log(ratio) / reach, -1), 1)

    plot.set(xlim=(-reach, reach), ylim=(len(part), 0))
    for tick in choose_ratio_ticks(span):
        plot.axvline(math.log(tick), color=INK if tick == 1 else GAP_FILL, linewidth=1.2, zorder=0.5)
        said = say("charts.ratio_tick", tick)
        sheet.write(place(tick), bottom + 22, said, size=SMALL, colour=SOFT, across="center")
    heads = ((left + name + _COUNT, "then", "right"), (left + name + 2 * _COUNT, "now", "right"))
    for x, word, across in (*heads, (first, "fewer", "left"), (right, "more", "right")):
        sheet.write(x, top - 8, say(f"charts.{word}"), size=SMALL, colour=SOFT, across=across)
    for index, ward in enumerate(part):
        change, y = ward.change, top + (index + 0.5) * tall
        is_bold = change.is_significant
        label = shorten(ward.name, size=size, width=name - 4, is_bold=is_bold)
        sheet.write(left, y, label, size=size, is_bold=is_bold, down="center_baseline")
        for n, x in ((change.n_earlier, heads[0][0]), (change.n_current, heads[1][0])):
            sheet.write(x, y, say_number(n), size=size, is_bold=is_bold, across="right", down="center_baseline")
        if change.ratio is not None or change.low:
            _draw_ratio(plot, ward, index + 0.5, span)
        if is_bold:
            # beside the line, where it does not lie: there is no change without room on the other side of "the same"
            is_more = "deteriorating" in change.verdict
            x = place(min(change.low or 1, 1)) - 10 if is_more else place(max(change.high or 1, 1)) + 10
            style: dict[str, Any] = {
                "size": size,
                "is_bold": True,
                "colour": MORE if is_more else FEWER,
                "down": "center_baseline",
            }
            sheet.write(x, y, change.verdict, across="right" if is_more else "left", **style)


def _draw_ratio(plot: Axes, ward: WardChange, y: float, span: float) -> None:
    """A line from limit to limit, with an arrow head where it goes on, and a mark whose shape is the verdict."""
    change = ward.change
    edge = math.log(span)
    low = -math.inf if not change.low else math.log(change.low)
    high = math.inf if change.high is None else math.log(change.high)
    plot.plot([max(low, -edge), min(high, edge)], [y, y], color=INK, linewidth=2, solid_capstyle="butt", zorder=2)
    for is_beyond, x, marker in ((low < -edge, -edge, "<"), (high > edge, edge, ">")):
        if is_beyond:
            plot.plot([x], [y], marker, color=INK, markersize=6, zorder=2, clip_on=False)
    if change.ratio and 1 / span <= change.ratio <= span:
        marker, colour = ("o", "white")
        if change.is_significant:
            marker, colour = ("^", MORE) if change.ratio > 1 else ("v", FEWER)
        size = 10 if change.is_significant else 7
        plot.plot([math.log(change.ratio)], [y], marker, color=colour, markeredgecolor=INK, markersize=size, zorder=3)
