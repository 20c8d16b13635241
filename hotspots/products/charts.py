"""Charts as SVG, drawn from the summary."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from hotspots.products.colours import HOTSPOT, SEQUENTIAL, choose_breaks, colour_of
from hotspots.products.words import say_bound, say_number

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EMPTY = "#f4f4f1"


def draw_week(profile: dict[str, Any], *, plural: str) -> str:
    """The 7 x 24 hours of the week as coloured cells, with totals by day and by hour and the peaks outlined.

    Args:
        profile: The `profile` of a summary, with `available` true.
        plural: What is counted, for the text alternative.
    """
    counts: list[list[float]] = profile["counts"]
    left, top, cell, bar = 34, 52, 14.6, 34
    width, height = left + 24 * cell + bar + 26, top + 7 * cell + 46
    breaks = choose_breaks(max(max(day) for day in counts))
    by_hour = [sum(day[hour] for day in counts) for hour in range(24)]
    by_day = [sum(day) for day in counts]
    said = "; ".join(peak["words"] for peak in profile["peaks"]) or "no clear peak"
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="chart">',
        f"<title>{escape(plural)} by day and hour: {escape(said)}</title>",
    ]
    highest_hour, highest_day = max(by_hour), max(by_day)
    for hour, n in enumerate(by_hour):
        tall = bar * n / highest_hour if highest_hour else 0
        parts.append(
            f'<rect x="{left + hour * cell + 2:.1f}" y="{top - 6 - tall:.1f}" width="{cell - 4:.1f}" '
            f'height="{tall:.1f}" fill="#8d9aa5"><title>{hour:02d}:00-{hour:02d}:59: {_count(n)}</title></rect>'
        )
    for day, row in enumerate(counts):
        y = top + day * cell
        parts.append(f'<text x="{left - 6}" y="{y + cell * 0.72:.1f}" text-anchor="end">{_DAYS[day]}</text>')
        for hour, n in enumerate(row):
            parts.append(
                f'<rect x="{left + hour * cell:.1f}" y="{y:.1f}" width="{cell - 0.8:.1f}" height="{cell - 0.8:.1f}" '
                f'fill="{colour_of(n, breaks) or _EMPTY}"><title>{_DAYS[day]} {hour:02d}:00-{hour:02d}:59: '
                f"{_count(n)}</title></rect>"
            )
        wide = bar * by_day[day] / highest_day if highest_day else 0
        x = left + 24 * cell + 5
        parts.append(
            f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="{wide:.1f}" height="{cell - 5:.1f}" fill="#8d9aa5">'
            f"<title>{_DAYS[day]}: {_count(by_day[day])}</title></rect>"
        )
    for hour in range(0, 24, 3):
        parts.append(
            f'<text x="{left + hour * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">{hour:02d}</text>'
        )
    parts.append(f'<text x="{left + 24 * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">24</text>')
    parts += [_outline(peak, left=left, top=top, cell=cell) for peak in profile["peaks"]]
    parts.append(_key(breaks, x=left, y=top + 7 * cell + 22, label="per hour of the week"))
    return "".join([*parts, "</svg>"])


def _outline(peak: dict[str, Any], *, left: float, top: float, cell: float) -> str:
    """Boxes around the hours of a peak; one that runs past midnight continues on the next day."""
    inside = {(day * 24 + peak["start_hour"] + step) % 168 for day in peak["days"] for step in range(peak["n_hours"])}
    lines = []
    for hour in sorted(inside):
        day, column = divmod(hour, 24)
        x0, y0 = left + column * cell - 0.4, top + day * cell - 0.4
        x1, y1 = x0 + cell, y0 + cell
        edges = {
            (x0, y0, x1, y0): day == 0 or hour - 24 not in inside,
            (x0, y1, x1, y1): day == 6 or hour + 24 not in inside,
            (x0, y0, x0, y1): column == 0 or hour - 1 not in inside,
            (x1, y0, x1, y1): column == 23 or hour + 1 not in inside,
        }
        lines += [f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b, c, d), is_edge in edges.items() if is_edge]
    return f'<path d="{"".join(lines)}" stroke="{HOTSPOT}" stroke-width="2" stroke-linecap="square" fill="none"/>'


def _key(breaks: list[float], *, x: float, y: float, label: str) -> str:
    if not breaks:
        return ""
    colours = (_EMPTY, *SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :])
    bounds = [f"under {say_bound(breaks[0])}", *(f"{say_bound(bound)}+" for bound in breaks)]
    parts = []
    for index, (colour, bound) in enumerate(zip(colours, bounds, strict=True)):
        at = x + (index * 44 + (18 if index else 0))
        parts.append(
            f'<rect x="{at:.1f}" y="{y:.1f}" width="10" height="10" fill="{colour}" stroke="#bbb" stroke-width=".5"/>'
        )
        parts.append(f'<text x="{at + 13:.1f}" y="{y + 9:.1f}">{bound}</text>')
    parts.append(f'<text x="{x + len(bounds) * 44 + 24:.1f}" y="{y + 9:.1f}">{escape(label)}</text>')
    return "".join(parts)


def draw_months(months: list[dict[str, Any]], *, plural: str) -> str:
    """Incidents by month as bars; part months are lighter, and months without any data grey from top to bottom.

    Args:
        months: The `months` of a summary.
        plural: What is counted, for the text alternative.
    """
    highest = max(month["n_incidents"] for month in months) or 1
    bounds = choose_ticks(highest)
    left = 4 + 7 * max([4, *(len(say_bound(bound)) for bound in bounds)])
    top, width, tall = 8, 376, 84
    step = (width - 4) / len(months)
    parts = [
        f'<svg viewBox="0 0 {left + width + 6} {top + tall + 24}" role="img" class="chart">',
        f"<title>{escape(plural)} by month, {months[0]['month']} to {months[-1]['month']}</title>",
    ]
    for bound in bounds:
        y = top + tall * (1 - bound / highest)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 3:.1f}" text-anchor="end">{say_bound(bound)}</text>')
    every = max(1, -(-len(months) // 8))
    for index, month in enumerate(months):
        x, height = left + 2 + index * step, tall * month["n_incidents"] / highest
        if not month["has_data"]:
            parts.append(
                f'<rect x="{x:.1f}" y="{top}" width="{max(step - 2, 0.6):.1f}" height="{tall}" fill="#e4e2dc">'
                f"<title>{month['month']}: no data of any crime</title></rect>"
            )
        part = "" if month["is_whole"] else " (part of the month)"
        parts.append(
            f'<rect x="{x:.1f}" y="{top + tall - height:.1f}" width="{max(step - 2, 0.6):.1f}" height="{height:.1f}" '
            f'fill="{SEQUENTIAL[3] if month["is_whole"] else SEQUENTIAL[0]}"><title>{month["month"]}{part}: '
            f"{say_number(month['n_incidents'])}</title></rect>"
        )
        if index % every == 0:
            middle, y = x + step / 2 - 1, top + tall + 14
            parts.append(f'<text x="{middle:.1f}" y="{y}" text-anchor="middle">{_short(month["month"])}</text>')
    parts.append(f'<line x1="{left}" x2="{left + width}" y1="{top + tall}" y2="{top + tall}" stroke="#777"/>')
    return "".join([*parts, "</svg>"])


def choose_ticks(highest: int) -> list[int]:
    """Two or three round numbers up to the highest, in steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(highest / 3, 1)))
    step = next(factor * power for factor in (1, 2, 5, 10) if 3 * factor * power >= highest)
    return list(range(step, highest + 1, step)) or [highest]


def _short(month: str) -> str:
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[int(month[5:7]) - 1]} {month[2:4]}"


def _count(n: float) -> str:
    return say_number(n, 0 if abs(n - round(n)) < 0.05 else 1)
