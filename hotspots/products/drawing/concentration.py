"""How concentrated incidents are, as a curve."""

from __future__ import annotations

from collections.abc import Sequence

from hotspots.products.drawing.axes import open_svg
from hotspots.products.drawing.colours import HOTSPOT, SOFT
from hotspots.products.summary import RepeatSummary


def draw_concentration(repeats: RepeatSummary) -> str:
    """The share of incidents at the busiest places against their share of places, beside what chance gives.

    Args:
        repeats: With a `curve`.
    """
    left, top, side = 34, 8, 190
    assert repeats.curve is not None
    assert repeats.chance_curve is not None

    def trace(points: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{left + side * x:.1f} {top + side * (1 - y):.1f}" for x, y in points)

    parts = [
        open_svg(left + side + 16, top + side + 34, "Share of incidents at the busiest places"),
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#fff" stroke="#d9d9d3"/>',
    ]
    for percent in (0, 25, 50, 75, 100):
        x, y = left + side * percent / 100, top + side * (1 - percent / 100)
        if 0 < percent < 100:
            parts.append(f'<path d="M{x} {top}v{side}M{left} {y}h{side}" stroke="#eceae4"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 3.5}" text-anchor="end">{percent}%</text>')
        parts.append(f'<text x="{x}" y="{top + side + 13}" text-anchor="middle">{percent}%</text>')
    parts.append(
        f'<text x="{left + side / 2}" y="{top + side + 28}" text-anchor="middle">of places, busiest first</text>'
    )
    parts.append(f'<path d="{trace(repeats.chance_curve)}" fill="none" stroke="{SOFT}" stroke-dasharray="4 3"/>')
    parts.append(f'<path d="{trace(repeats.curve)}" fill="none" stroke="{HOTSPOT}" stroke-width="2"/>')
    for share in repeats.place_shares:
        x, y = left + side * share.place_share, top + side * (1 - share.incident_share)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{HOTSPOT}" stroke="#fff"/>')
    return "".join([*parts, "</svg>"])
