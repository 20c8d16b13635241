"""Coverage by part of the week as bars, and what more sites would cover as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from hotspots.products.drawing.axes import open_svg
from hotspots.products.drawing.colours import FEWER, HAVEN, PATROL
from hotspots.products.summary import AreaCoverageSummary, SitingSummary
from hotspots.products.words import say_share, shorten_days

COVERAGE_COLOURS = {"open": FEWER, "unknown": "#b8a24a", "closed": "#c9d3da"}
"""Of what has an open haven, one whose hours are not known, and only closed ones. In grey they differ too."""

_WIDTH = 440
_LEFT, _RIGHT = 136, 44
_ROW = 34


def draw_coverage(parts: Sequence[AreaCoverageSummary]) -> str:
    """A bar for each part of the week: open, not known and closed, of all incidents then."""
    width = _WIDTH - _LEFT - _RIGHT
    tall = _ROW * len(parts)
    drawn = [open_svg(_WIDTH, tall + 34, "Share of incidents with a safe haven within reach, by part of the week")]
    for percent in (0, 25, 50, 75, 100):
        x = _LEFT + width * percent / 100
        drawn.append(f'<path d="M{x:.1f} 2v{tall + 4}" stroke="#000" stroke-opacity=".12"/>')
        drawn.append(f'<text x="{x:.1f}" y="{tall + 20}" text-anchor="middle" font-size="11">{percent}%</text>')
    for row, part in enumerate(parts):
        top = _ROW * row + 5
        drawn.append(f'<text x="0" y="{top + 11}" font-size="12" font-weight="600">{escape(part.name or "")}</text>')
        drawn.append(f'<text x="0" y="{top + 23}" font-size="10">{escape(shorten_days(part.words or ""))}</text>')
        shares = part.shares
        if shares is None or shares.any_share is None:
            drawn.append(f'<text x="{_LEFT + 4}" y="{top + 16}" font-size="11">too few to be shown</text>')
            continue
        left = float(_LEFT)
        amounts = {
            "open": shares.open_share or 0.0,
            "unknown": shares.unknown_share or 0.0,
            "closed": shares.lost_share or 0.0,
        }
        names = {"open": "one is open", "unknown": "not known whether one is open", "closed": "all are closed"}
        if shares.open_share is None or shares.lost_share is None:
            amounts, names["closed"] = {"closed": shares.any_share}, "one is within reach, open or closed"
        for key, share in amounts.items():
            drawn.append(
                f'<rect x="{left:.1f}" y="{top}" width="{width * share:.1f}" height="22" '
                f'fill="{COVERAGE_COLOURS[key]}">'
                f"<title>{escape(part.name or '')}: {names[key]}, {say_share(share)}</title></rect>"
            )
            left += width * share
        drawn.append(
            f'<text x="{_WIDTH}" y="{top + 16}" text-anchor="end" font-size="12" font-weight="600">'
            f"{'few' if shares.open_share is None else say_share(shares.open_share)}</text>"
        )
    drawn.append(f'<path d="M{_LEFT} 2v{tall + 4}" stroke="#777"/>')
    return "".join([*drawn, "</svg>"])


def draw_site_curve(siting: SitingSummary) -> str:
    """The share covered by the best plan of each number of sites, from those that are there already."""
    start = siting.covered_share or 0.0
    points = [(0, start), *((one.n_sites, one.covered_share) for one in siting.curve)]
    highest = min(1.0, max(share for _, share in points) * 1.08 + 0.02)
    left, top, width, tall = 42.0, 10.0, _WIDTH - 42.0 - 14.0, 130.0
    n_most = max(points[-1][0], 1)

    def place(n: float, share: float) -> tuple[float, float]:
        return left + width * n / n_most, top + tall * (1 - share / highest)

    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0) if highest / step <= 5 or step == 1.0)
    drawn = [open_svg(_WIDTH, top + tall + 40, "Share covered by number of new sites")]
    level = 0.0
    while level <= highest + 1e-9:
        _, y = place(0, level)
        drawn.append(f'<path d="M{left} {y:.1f}h{width:.1f}" stroke="#000" stroke-opacity=".12"/>')
        drawn.append(f'<text x="{left - 5}" y="{y + 4:.1f}" text-anchor="end" font-size="11">{100 * level:.0f}%</text>')
        level += step
    path = "L".join("{:.1f} {:.1f}".format(*place(*point)) for point in points)
    drawn.append(f'<path d="M{path}" fill="none" stroke="{PATROL}" stroke-width="2"/>')
    every = max(1, -(-n_most // 10))
    for n, share in points:
        x, y = place(n, share)
        drawn.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{HAVEN if n == 0 else PATROL}"><title>{n} new: '
            f"{say_share(share)}</title></circle>"
        )
        if n % every == 0:
            drawn.append(f'<text x="{x:.1f}" y="{top + tall + 16}" text-anchor="middle" font-size="11">{n}</text>')
    drawn.append(
        f'<text x="{left + width / 2:.1f}" y="{top + tall + 33}" text-anchor="middle" font-size="11">new sites</text>'
    )
    return "".join([*drawn, "</svg>"])
