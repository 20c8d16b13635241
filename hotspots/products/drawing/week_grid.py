"""The hours of the week as coloured cells: a grid with totals, and a strip of a few pixels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from hotspots.products.drawing.axes import open_svg, say_tenth
from hotspots.products.drawing.colours import FEWER, HOTSPOT, choose_breaks, choose_colours, colour_of
from hotspots.products.drawing.png import encode_png
from hotspots.products.summary import HoursSummary, WindowSummary
from hotspots.products.words import say_bound

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EMPTY = "#f4f4f1"


def draw_week(profile: HoursSummary, *, plural: str) -> str:
    """The 7 x 24 hours of the week as coloured cells, with totals by day and by hour, and peaks and quiet outlined.

    Args:
        profile: The hours, with `available` true.
        plural: What is counted, for the text alternative.
    """
    assert profile.counts is not None  # it is available
    said = "; ".join(peak.words for peak in profile.peaks) or "no clear peak"
    return draw_grid(
        profile.counts,
        title=f"{plural} by day and hour: {said}",
        label="per hour of the week",
        peaks=profile.peaks,
        quiet=profile.quiet,
    )


def draw_grid(
    counts: Sequence[Sequence[float]],
    *,
    title: str,
    label: str,
    peaks: Sequence[WindowSummary] = (),
    quiet: Sequence[WindowSummary] = (),
) -> str:
    """The same of anything that is counted by day and hour.

    Args:
        counts: 7 rows of 24, Monday first.
        title: The text alternative.
        label: What the numbers of the key are.
        peaks: Windows to outline.
        quiet: Windows to outline with a broken line.
    """
    left, top, cell, bar = 34, 52, 14.6, 34
    width, height = left + 24 * cell + bar + 26, top + 7 * cell + 46
    breaks = choose_breaks(max(max(day) for day in counts))
    by_hour = [sum(day[hour] for day in counts) for hour in range(24)]
    by_day = [sum(day) for day in counts]
    parts = [open_svg(width, height, title)]
    highest_hour, highest_day = max(by_hour), max(by_day)
    for hour, n in enumerate(by_hour):
        tall = bar * n / highest_hour if highest_hour else 0
        parts.append(
            f'<rect x="{left + hour * cell + 2:.1f}" y="{top - 6 - tall:.1f}" width="{cell - 4:.1f}" '
            f'height="{tall:.1f}" fill="#8d9aa5"><title>{hour:02d}:00-{hour:02d}:59: {say_tenth(n)}</title></rect>'
        )
    for day, row in enumerate(counts):
        y = top + day * cell
        parts.append(f'<text x="{left - 6}" y="{y + cell * 0.72:.1f}" text-anchor="end">{_DAYS[day]}</text>')
        for hour, n in enumerate(row):
            parts.append(
                f'<rect x="{left + hour * cell:.1f}" y="{y:.1f}" width="{cell - 0.8:.1f}" height="{cell - 0.8:.1f}" '
                f'fill="{colour_of(n, breaks) or _EMPTY}"><title>{_DAYS[day]} {hour:02d}:00-{hour:02d}:59: '
                f"{say_tenth(n)}</title></rect>"
            )
        wide = bar * by_day[day] / highest_day if highest_day else 0
        x = left + 24 * cell + 5
        parts.append(
            f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="{wide:.1f}" height="{cell - 5:.1f}" fill="#8d9aa5">'
            f"<title>{_DAYS[day]}: {say_tenth(by_day[day])}</title></rect>"
        )
    for hour in range(0, 24, 3):
        parts.append(
            f'<text x="{left + hour * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">{hour:02d}</text>'
        )
    parts.append(f'<text x="{left + 24 * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">24</text>')
    parts += [_outline(window, left=left, top=top, cell=cell, is_quiet=True) for window in quiet]
    parts += [_outline(window, left=left, top=top, cell=cell) for window in peaks]
    parts.append(_key(breaks, x=left, y=top + 7 * cell + 22, label=label))
    return "".join([*parts, "</svg>"])


def _outline(peak: WindowSummary, *, left: float, top: float, cell: float, is_quiet: bool = False) -> str:
    """Boxes around the hours of a peak or quiet window; one that runs past midnight continues on the next day."""
    inside = {(day * 24 + peak.start_hour + step) % 168 for day in peak.days for step in range(peak.n_hours)}
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
    style = (
        f'stroke="{FEWER}" stroke-width="1.6" stroke-dasharray="3 2.2"'
        if is_quiet
        else f'stroke="{HOTSPOT}" stroke-width="2" stroke-linecap="square"'
    )
    return f'<path d="{"".join(lines)}" {style} fill="none"/>'


def _key(breaks: list[float], *, x: float, y: float, label: str) -> str:
    if not breaks:
        return ""
    colours = (_EMPTY, *choose_colours(breaks))
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


def draw_strip(profile: HoursSummary) -> str | None:
    """The hours of the week as a picture of a few pixels, Monday on top, as a data URI; its scale is its own.

    Nothing is drawn of fewer incidents than cells, each of which would be seen.

    Args:
        profile: That of a ward or the like.
    """
    hours = profile.cell_hours
    if not profile.available or profile.n_timed < 168 / hours:
        return None
    cells = np.array(profile.counts).reshape(7, 24 // hours, hours).sum(axis=2)
    breaks = choose_breaks(float(cells.max()))
    return encode_png(np.searchsorted(breaks, cells, side="right").astype(np.uint8), (_EMPTY, *choose_colours(breaks)))
