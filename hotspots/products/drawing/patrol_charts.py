"""What patrols did by hour of the week, and by day."""

from __future__ import annotations

from collections.abc import Sequence

from hotspots.products.drawing.axes import Panel, choose_ticks, leave_room, open_svg
from hotspots.products.drawing.colours import HOTSPOT, PATROL
from hotspots.products.drawing.week_grid import draw_grid
from hotspots.products.summary import PatrolDay, WindowSummary
from hotspots.products.words import say_date

_WIDTH = 440
_PLANNED = "#d3d6dc"


def draw_patrol_week(minutes: Sequence[Sequence[float]], *, peaks: Sequence[WindowSummary], plural: str) -> str:
    """Minutes of patrols by day of the week and hour as coloured cells, with the peaks of the crime outlined.

    Args:
        minutes: 7 rows of 24, Monday first.
        peaks: Of the crime.
        plural: The incidents, for the text alternative.
    """
    said = "; ".join(peak.words for peak in peaks) or "none"
    title = f"Minutes of patrols at the places by day and hour; peaks of {plural}: {said}"
    return draw_grid(minutes, title=title, label="minutes", peaks=peaks)


def draw_patrol_days(days: Sequence[PatrolDay]) -> str:
    """Visits of each day as bars, in front of those that were planned.

    Args:
        days: At least one, without a gap.
    """
    highest = max([1, *(day.n_visits for day in days), *(day.n_planned or 0 for day in days)])
    ticks = choose_ticks(highest)
    left, top, tall = leave_room(ticks), 12, 92
    width = _WIDTH - left - 8
    panel = Panel(left=left, top=top, width=width, tall=tall, highest=highest, ticks=ticks)
    step = width / len(days)
    title = f"Visits by day, {say_date(days[0].day)} to {say_date(days[-1].day)}"
    parts = [open_svg(_WIDTH, panel.bottom + 26, title), panel.draw_grid()]
    every = next(n for n in (1, 2, 7, 14, 28, 56, 182, 364, 10_000) if len(days) / n <= 8)
    for index, day in enumerate(days):
        x = left + index * step
        said = f"{say_date(day.day)}: {day.n_visits:,} visits"
        if day.n_planned is not None:
            said += f"; {day.n_kept:,} of {day.n_planned:,} planned ones made"
            y = panel.y(day.n_planned)
            parts.append(
                f'<rect x="{x + 0.04 * step:.2f}" y="{y:.1f}" width="{0.92 * step:.2f}" '
                f'height="{panel.bottom - y:.1f}" fill="{_PLANNED}"/>'
            )
        y = panel.y(day.n_visits)
        parts.append(
            f'<rect x="{x + 0.2 * step:.2f}" y="{y:.1f}" width="{0.6 * step:.2f}" height="{panel.bottom - y:.1f}" '
            f'fill="{PATROL}"><title>{said}</title></rect>'
        )
        if not day.n_visits:
            # a day without any is a finding, and no gap
            parts.append(
                f'<text x="{x + step / 2:.1f}" y="{panel.bottom - 3:.1f}" text-anchor="middle" fill="{HOTSPOT}" '
                f'font-weight="700">0<title>{said}</title></text>'
                if step >= 8
                else f'<path d="M{x + step / 2:.1f} {panel.bottom}v-3" stroke="{HOTSPOT}"><title>{said}</title></path>'
            )
        if index % every == 0:
            parts.append(
                f'<path d="M{x + step / 2:.1f} {panel.bottom}v3" stroke="#777"/><text x="{x + step / 2:.1f}" '
                f'y="{panel.bottom + 14}" text-anchor="{"start" if index == 0 and step < 30 else "middle"}">'
                f"{day.day.day} {day.day:%b}</text>"
            )
    return "".join([*parts, panel.draw_base(), "</svg>"])
