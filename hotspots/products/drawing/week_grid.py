"""The hours of the week as coloured cells: a grid with totals, and a strip of a few pixels."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from hotspots.products.drawing.axes import open_svg, say_tenth
from hotspots.products.drawing.colours import BARS, EMPTY, FEWER, HOTSPOT, choose_breaks, choose_colours, colour_of
from hotspots.products.drawing.png import encode_png
from hotspots.products.summary import HoursSummary, PlaceWindow, WindowSummary
from hotspots.products.words import say_bound

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


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
    peaks: Sequence[WindowSummary | PlaceWindow] = (),
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
            f'height="{tall:.1f}" fill="{BARS}"><title>{hour:02d}:00-{hour:02d}:59: {say_tenth(n)}</title></rect>'
        )
    for day, row in enumerate(counts):
        y = top + day * cell
        parts.append(f'<text x="{left - 6}" y="{y + cell * 0.72:.1f}" text-anchor="end">{DAYS[day]}</text>')
        for hour, n in enumerate(row):
            parts.append(
                f'<rect x="{left + hour * cell:.1f}" y="{y:.1f}" width="{cell - 0.8:.1f}" height="{cell - 0.8:.1f}" '
                f'fill="{colour_of(n, breaks) or EMPTY}"><title>{DAYS[day]} {hour:02d}:00-{hour:02d}:59: '
                f"{say_tenth(n)}</title></rect>"
            )
        wide = bar * by_day[day] / highest_day if highest_day else 0
        x = left + 24 * cell + 5
        parts.append(
            f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="{wide:.1f}" height="{cell - 5:.1f}" fill="{BARS}">'
            f"<title>{DAYS[day]}: {say_tenth(by_day[day])}</title></rect>"
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


def _outline(peak: WindowSummary | PlaceWindow, *, left: float, top: float, cell: float, is_quiet: bool = False) -> str:
    """Boxes around the hours of a peak or quiet window; one that runs past midnight continues on the next day."""
    x, y = left - 0.4, top - 0.4
    lines = [
        f"M{x + a * cell:.1f} {y + b * cell:.1f}L{x + c * cell:.1f} {y + d * cell:.1f}"
        for (a, b), (c, d) in trace_window(peak)
    ]
    style = (
        f'stroke="{FEWER}" stroke-width="1.6" stroke-dasharray="3 2.2"'
        if is_quiet
        else f'stroke="{HOTSPOT}" stroke-width="2" stroke-linecap="square"'
    )
    return f'<path d="{"".join(lines)}" {style} fill="none"/>'


def trace_window(window: WindowSummary | PlaceWindow) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The sides of the hours of a window as lines from (hour, day) to (hour, day), without those between its hours."""
    inside = {(day * 24 + window.start_hour + step) % 168 for day in window.days for step in range(window.n_hours)}
    lines = []
    for hour in sorted(inside):
        y, x = divmod(hour, 24)
        sides = {
            ((x, y), (x + 1, y)): y == 0 or hour - 24 not in inside,
            ((x, y + 1), (x + 1, y + 1)): y == 6 or hour + 24 not in inside,
            ((x, y), (x, y + 1)): x == 0 or hour - 1 not in inside,
            ((x + 1, y), (x + 1, y + 1)): x == 23 or hour + 1 not in inside,
        }
        lines += [side for side, is_edge in sides.items() if is_edge]
    return lines


def _key(breaks: list[float], *, x: float, y: float, label: str) -> str:
    if not breaks:
        return ""
    colours = (EMPTY, *choose_colours(breaks))
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
    return encode_png(np.searchsorted(breaks, cells, side="right").astype(np.uint8), (EMPTY, *choose_colours(breaks)))
