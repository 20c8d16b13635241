"""A ratio and its limits as a strip on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hotspots.products.drawing.colours import FEWER, INK, MORE
from hotspots.products.summary import ConditionSummary, GroupChange
from hotspots.products.words import say_bound

_WIDTH = 120.0

Ratio = ConditionSummary | GroupChange
"""A `ratio` with its limits `low` and `high`."""


def choose_span(rows: Sequence[Ratio]) -> float:
    """How many times more or fewer a scale of ratios reaches: 2, 4 or 8, as the limits of the rows ask for."""
    limits = [limit for row in rows for limit in (row.ratio, row.low, row.high) if limit]
    farthest = max((max(limit, 1 / limit) for limit in limits), default=2.0)
    return next((span for span in (2.0, 4.0) if farthest <= span), 8.0)


def draw_ratio(row: Ratio, *, span: float) -> str:
    """A ratio as a dot and its limits as a whisker on a logarithmic scale with a line at 1.

    The dot is filled where more than chance is in it. What reaches beyond the scale ends in an arrow head.

    Args:
        row: Its ratio or upper limit is missing where it is without bound.
        span: From 1 / span to span.
    """
    middle = 9.0
    low = 0.0 if row.low is None else row.low
    high = math.inf if row.high is None else row.high
    if row.ratio is None and row.low is None:
        return ""
    ticks = "".join(
        f'<path d="M{_place(tick, span):.1f} 1v16" stroke="#d9d9d3"/>' for tick in choose_ratio_ticks(span) if tick != 1
    )
    parts = [
        f'<svg viewBox="0 0 {_WIDTH:.0f} 18" class="ratio" aria-hidden="true">{ticks}',
        f'<path d="M{_place(1, span):.1f} 0v18" stroke="{INK}" stroke-width="1.2"/>',
        f'<path d="M{_place(low, span):.1f} {middle}H{_place(high, span):.1f}" stroke="{INK}" stroke-width="2"/>',
    ]
    if low < 1 / span:
        parts.append(f'<path d="M0 {middle}l6 -4v8z" fill="{INK}"/>')
    if high > span:
        parts.append(f'<path d="M{_WIDTH:.0f} {middle}l-6 -4v8z" fill="{INK}"/>')
    if row.ratio and 1 / span <= row.ratio <= span:
        colour = "#fff" if not row.is_significant else MORE if row.ratio > 1 else FEWER
        parts.append(
            f'<circle cx="{_place(row.ratio, span):.1f}" cy="{middle}" r="4" fill="{colour}" stroke="{INK}" '
            'stroke-width="1.5"/>'
        )
    return "".join([*parts, "</svg>"])


def draw_ratio_scale(*, span: float) -> str:
    """The scale over a column of ratios."""
    labels = "".join(
        f'<text x="{min(max(_place(tick, span), 8), 114):.1f}" y="10" text-anchor="middle">{say_bound(tick)}</text>'
        for tick in choose_ratio_ticks(span)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} 13" class="ratio" role="img"><title>Scale of the ratio</title>{labels}</svg>'
    )


def _place(value: float, span: float) -> float:
    """How far along a strip a ratio is; at the end if it is beyond."""
    place = math.log(value) / math.log(span) if 0 < value < math.inf else math.copysign(2, value - 1)
    return 5 + (_WIDTH - 10) * (min(max(place, -1), 1) + 1) / 2


def choose_ratio_ticks(span: float) -> list[float]:
    """What is marked on a scale from 1 / span to span."""
    return [0.5, 1, 2] if span == 2 else [0.25, 1, 4]
