"""Counts of the areas of an operation, before it and during it, as bars."""

from __future__ import annotations

import datetime as dt

from hotspots.products.drawing.axes import Panel, choose_ticks, leave_room, open_svg
from hotspots.products.drawing.colours import HOTSPOT, QUIET
from hotspots.products.summary import OperationSummary
from hotspots.products.words import say_date

_WIDTH = 440
"""Of the drawing, in units of which its letters have 10 to 12: on a phone they are still to be read."""


def draw_before_after(summary: OperationSummary) -> str:
    """Counts of treated area and control by month or week, one below the other, the two periods shaded."""
    bins, unit = summary.bins, summary.bin_unit
    first = bins[0].start
    n_days = (bins[-1].end - first).days + 1
    panels = (
        ("Treated area", HOTSPOT, [one.n_treated for one in bins]),
        ("Control", QUIET, [one.n_control for one in bins]),
    )
    highest = [max(counts) or 1 for _, _, counts in panels]
    ticks = [choose_ticks(most) for most in highest]
    left = leave_room([tick for chosen in ticks for tick in chosen])
    width, tall, gap, top = _WIDTH - 8 - left, 70, 36, 34
    bottom = top + 2 * tall + gap

    def place(day: dt.date, extra: int = 0) -> float:
        return left + width * ((day - first).days + extra) / n_days

    title = f"{summary.crime_plural} by {unit} in the treated area and in the control"
    parts = [open_svg(_WIDTH, bottom + 26, title, css="chart bins")]
    for days, label, fill in ((summary.before, "Before", "#e9e7e0"), (summary.operation, "Operation", "#ffe9b8")):
        x0, x1 = place(days.start), place(days.end, 1)
        parts.append(
            f'<rect x="{x0:.1f}" y="{top - 18}" width="{x1 - x0:.1f}" height="{bottom - top + 18}" fill="{fill}"/>'
        )
        parts.append(f'<text x="{(x0 + x1) / 2:.1f}" y="{top - 22}" text-anchor="middle" font-size="12">{label}</text>')
    for index, (label, colour, counts) in enumerate(panels):
        down = top + index * (tall + gap)
        panel = Panel(left=left, top=down, width=width, tall=tall, highest=highest[index], ticks=ticks[index])
        parts.append(f'<text x="{left}" y="{panel.top - 6}" font-size="12" font-weight="600">{label}</text>')
        parts.append(f'<g font-size="11">{panel.draw_grid()}</g>')
        for one, n in zip(bins, counts, strict=True):
            x0, x1 = place(one.start), place(one.end, 1)
            y = panel.y(n)
            part = "" if one.is_whole else f" (part of a {unit})"
            parts.append(
                f'<rect x="{x0 + 0.8:.1f}" y="{y:.1f}" width="{max(x1 - x0 - 1.6, 0.8):.1f}" '
                f'height="{panel.bottom - y:.1f}" fill="{colour}" fill-opacity="{1 if one.is_whole else 0.5}">'
                f"<title>{say_date(one.start)} to {say_date(one.end)}{part}: {n:,}</title></rect>"
            )
        parts.append(panel.draw_base())
    month = first.replace(day=1)
    n_months = max(1, n_days // 30)
    every = next(step for step in (1, 2, 3, 6, 12) if n_months <= 7 * step or step == 12)
    index = 0
    while month <= bins[-1].end:
        if month >= first and index % every == 0:
            x = place(month)
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{bottom}" y2="{bottom + 4}" stroke="#777"/>')
            parts.append(f'<text x="{x + 2:.1f}" y="{bottom + 16}" font-size="11">{month:%b %y}</text>')
        index += month >= first
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return "".join([*parts, "</svg>"])
