"""Charts with months along: bars, a series with what was to be expected, and rolling sums."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from hotspots.products.drawing.axes import Panel, choose_ticks, leave_room, open_svg, say_short_month, say_tenth
from hotspots.products.drawing.colours import BAND, BARS, FEWER, GAP_FILL, GAP_LINES, INK, MORE, QUIET, SEQUENTIAL, SOFT
from hotspots.products.summary import MonthSummary, SeriesMonth
from hotspots.products.words import say_number

_WIDTH = 376


def draw_months(months: Sequence[MonthSummary], *, plural: str) -> str:
    """Incidents by month as bars; part months are lighter, and months without any data grey from top to bottom.

    Args:
        months: At least one.
        plural: What is counted, for the text alternative.
    """
    highest = max(month.n_incidents for month in months) or 1
    ticks = choose_ticks(highest)
    left, top, tall = leave_room(ticks), 8, 84
    panel = Panel(left=left, top=top, width=_WIDTH, tall=tall, highest=highest, ticks=ticks)
    step = (_WIDTH - 4) / len(months)
    parts = [
        open_svg(left + _WIDTH + 6, panel.bottom + 24, f"{plural} by month, {months[0].month} to {months[-1].month}"),
        panel.draw_grid(),
    ]
    every = max(1, -(-len(months) // 8))
    for index, month in enumerate(months):
        x, y = left + 2 + index * step, panel.y(month.n_incidents)
        if not month.has_data:
            parts.append(
                f'<rect x="{x:.1f}" y="{top}" width="{max(step - 2, 0.6):.1f}" height="{tall}" fill="#e4e2dc">'
                f"<title>{month.month}: no data of any crime</title></rect>"
            )
        part = "" if month.is_whole else " (part of the month)"
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(step - 2, 0.6):.1f}" height="{panel.bottom - y:.1f}" '
            f'fill="{SEQUENTIAL[3] if month.is_whole else SEQUENTIAL[0]}"><title>{month.month}{part}: '
            f"{say_number(month.n_incidents)}</title></rect>"
        )
        if index % every == 0:
            place = f'x="{x + step / 2 - 1:.1f}" y="{panel.bottom + 14}"'
            parts.append(f'<text {place} text-anchor="middle">{say_short_month(month.month)}</text>')
    return "".join([*parts, panel.draw_base(), "</svg>"])


def draw_series(months: Sequence[SeriesMonth], *, plural: str) -> str:
    """Incidents by month as points, with what was to be expected, its limits, signals, and gaps hatched.

    Months of which only a part is known have no point, and those before the first known month are not drawn.

    Args:
        months: At least one of them with incidents known.
        plural: What is counted, for the text alternative.
    """
    shown = trim_months(months)
    values = [n for month in shown for n in (month.n_incidents, month.high) if n is not None]
    plot = _Plot(shown, highest=max(values), tall=120)
    lines = "gap-" + re.sub(r"\W+", "-", plural)  # several of these charts may be on one page
    parts = [
        plot.open(f"{plural} by month, {shown[0].month} to {shown[-1].month}"),
        f'<defs><pattern id="{lines}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="{GAP_FILL}"/><path d="M0 0V5" stroke="{GAP_LINES}" stroke-width="2"/>'
        "</pattern></defs>",
    ]
    for index, month in enumerate(shown):
        x = plot.left + index * plot.step
        if month.gap:
            parts.append(
                f'<rect x="{x:.1f}" y="{plot.top}" width="{plot.step:.1f}" height="{plot.tall}" fill="url(#{lines})">'
                f"<title>{month.month}: {escape(month.gap)}</title></rect>"
            )
        elif month.low is not None and month.high is not None:
            top, bottom = plot.y(month.high), plot.y(month.low)
            parts.append(
                f'<rect x="{x:.2f}" y="{top:.1f}" width="{plot.step + 0.05:.2f}" height="{bottom - top:.1f}" '
                f'fill="{BAND}"/>'
            )
    parts += [plot.draw_grid(), plot.draw_base(), plot.label_months()]
    expected = "".join(
        f"M{plot.left + index * plot.step:.1f} {plot.y(month.expected):.1f}h{plot.step:.1f}"
        for index, month in enumerate(shown)
        if month.expected is not None and not month.gap
    )
    parts.append(f'<path d="{expected}" stroke="{SOFT}" stroke-width="1.2" stroke-dasharray="4 2" fill="none"/>')
    parts.append(plot.line([month.n_incidents for month in shown], stroke=BARS, stroke_width=1))
    parts += [
        _mark(month, month.n_incidents, x=plot.x(index), y=plot.y(month.n_incidents))
        for index, month in enumerate(shown)
        if month.n_incidents is not None
    ]
    return "".join([*parts, "</svg>"])


def draw_rolling(months: Sequence[SeriesMonth], *, plural: str) -> str:
    """Sums of twelve months (R12) as a line from 0, with the first and the last number beside it.

    Args:
        months: At least one with `rolling`.
        plural: What is counted, for the text alternative.
    """
    told = [index for index, month in enumerate(months) if month.rolling is not None]
    shown = months[told[0] : told[-1] + 1]
    values = [month.rolling for month in shown]
    known = [(index, value) for index, value in enumerate(values) if value is not None]
    plot = _Plot(shown, highest=max(value for _, value in known) * 1.25 or 1, tall=62)
    parts = [
        plot.open(f"{plural} in the twelve months to each month"),
        plot.draw_grid(),
        plot.draw_base(),
        plot.label_months(),
        plot.line(values, stroke=QUIET, stroke_width=2),
    ]
    for index, value in dict.fromkeys((known[0], known[-1])):
        x, y = plot.x(index), plot.y(value)
        anchor = "start" if x < plot.left + 24 else "end" if x > plot.left + plot.width - 24 else "middle"
        place = (
            f'x="{x:.1f}" y="{y - 6:.1f}" text-anchor="{anchor}" paint-order="stroke" stroke="#fbfaf7" stroke-width="3"'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{QUIET}"/>')
        parts.append(f"<text {place}>{say_number(value)}</text>")
    return "".join([*parts, "</svg>"])


def trim_months(months: Sequence[SeriesMonth]) -> Sequence[SeriesMonth]:
    """The months without those at either end of which nothing is known and which are no gap."""
    told = [index for index, month in enumerate(months) if month.n_incidents is not None or month.gap]
    return months[told[0] : told[-1] + 1]


class _Plot(Panel):
    """A panel with months along."""

    def __init__(self, months: Sequence[SeriesMonth], *, highest: float, tall: int) -> None:
        highest = max(highest, 1)
        ticks = choose_ticks(highest, n_most=tall // 30 + 1)
        super().__init__(left=leave_room(ticks), top=10, width=_WIDTH, tall=tall, highest=highest, ticks=ticks)
        self.months, self.step = months, _WIDTH / len(months)

    def x(self, index: int) -> float:
        """The middle of a month."""
        return self.left + (index + 0.5) * self.step

    def open(self, title: str) -> str:
        return open_svg(self.left + self.width + 6, self.bottom + 20, title)

    def draw_base(self) -> str:
        """The line at 0, with its number."""
        number = f'<text x="{self.left - 4}" y="{self.bottom + 3.5:.1f}" text-anchor="end">0</text>'
        return number + super().draw_base()

    def label_months(self) -> str:
        """The names of at most seven months: Januaries, or also quarters where there are few years."""
        parts = []
        for index, month in choose_months([month.month for month in self.months], n_most=7):
            x = self.x(index)
            anchor = "end" if x > self.left + self.width - 12 else "middle"
            parts.append(
                f'<path d="M{x:.1f} {self.bottom}v3" stroke="#777"/><text x="{x + 10 * (anchor == "end"):.1f}" '
                f'y="{self.bottom + 14}" text-anchor="{anchor}">{say_short_month(month)}</text>'
            )
        return "".join(parts)

    def line(self, values: Sequence[float | None], *, stroke: str, stroke_width: float) -> str:
        """A line through what is known, broken where it is not."""
        steps = []
        for index, value in enumerate(values):
            if value is not None:
                is_first = index == 0 or values[index - 1] is None
                steps.append(f"{'M' if is_first else 'L'}{self.x(index):.1f} {self.y(value):.1f}")
        return f'<path d="{"".join(steps)}" stroke="{stroke}" stroke-width="{stroke_width}" fill="none"/>'


def choose_months(months: Sequence[str], *, n_most: int) -> list[tuple[int, str]]:
    """Which months are named below an axis, with their positions: Januaries, or also quarters where that fits."""
    for every in (1, 3, 6, 12, 24, 36, 60, 120):
        named = [(index, month) for index, month in enumerate(months) if _count_months(month) % every == 0]
        if len(named) <= n_most:
            break
    return named


def _count_months(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def _mark(month: SeriesMonth, n_incidents: int, *, x: float, y: float) -> str:
    """A dot for a month, or a triangle pointing to where it stands out."""
    said = f"{month.month}: {say_number(n_incidents)}"
    if month.low is not None and month.high is not None:
        said += f", expected {say_tenth(month.low)} to {say_tenth(month.high)}"
    if month.signal is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="{INK}"><title>{said}</title></circle>'
    turned, colour = (1, MORE) if "above" in month.signal else (-1, FEWER)
    return (
        f'<path d="M{x:.1f} {y - 6 * turned:.1f}l5.5 {9 * turned}h-11z" fill="{colour}" stroke="#fff">'
        f"<title>{said}: {escape(month.signal)} the limits</title></path>"
    )
