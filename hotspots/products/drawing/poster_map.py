"""The map of a poster as SVG: streets, the school in the middle, and the havens by their numbers."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.pipeline import Poster
from hotspots.products.drawing.colours import HAVEN, PATROL
from hotspots.products.drawing.poster_frame import UNITS, Frame, Points, choose_frame, trace_path
from hotspots.products.drawing.poster_streets import draw_names, draw_streets
from hotspots.products.drawing.poster_wards import draw_borough, name_wards, number_wards, place_wards

FONT = "Lato"
BADGE_MM = 3.3
"""Radius of a number on A4, where nothing asks for a smaller one."""

_GROUND = "#f1efe9"
_DOT_MM = 1.0
_CLEAR = 45
"""Around each place, units in which nothing is written."""
_EDGE = 22
"""Between a box in a corner and the edges of the map, units."""
_STEPS = 200
_MOST_PUSHES = 200_000
"""Of one badge from another. Where so many are too few, the badges are more than the map has room for."""


def draw_poster_map(
    poster: Poster,
    streets: gpd.GeoDataFrame | None,
    *,
    width_mm: float,
    height_mm: float,
    here: str,
    minutes: str,
    ring_m: float | None = None,
    badge_mm: float = BADGE_MM,
    by_ward: bool = False,
) -> str:
    """Draw the map of a poster, north up, with a scale that is a walk.

    Args:
        poster: What is shown.
        streets: The streets table, in the same CRS; None where streets are not known.
        width_mm: Of the map on A4.
        height_mm: Likewise.
        here: What stands at the school.
        minutes: What stands at the scale, with `{metres}` and `{minutes}` in it.
        ring_m: Radius of a ring around the school, metres; None for none.
        badge_mm: Radius of a number on A4, millimetres.
        by_ward: Whether numbers are those of wards, and each haven is a dot.
    """
    frame = choose_frame(poster, width_mm * UNITS, height_mm * UNITS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" '
        f'font-family="{FONT}">',
        f'<rect width="{frame.width:.0f}" height="{frame.height:.0f}" fill="{_GROUND}"/>',
    ]
    true = frame.place(np.array([[haven.easting, haven.northing] for haven in poster.havens]).reshape(-1, 2))
    badge = badge_mm * UNITS
    middle = None
    if poster.easting is not None and poster.northing is not None:
        middle = frame.place(np.array([[poster.easting, poster.northing]]))[0]
    shown = place_wards(poster, true, frame) if by_ward else push_apart(true, middle, radius=badge * 1.05, frame=frame)
    if streets is not None and len(streets):
        parts += draw_streets(streets, frame)
    if poster.outline is not None:
        parts += draw_borough(poster, frame, has_wards=by_ward)
    if ring_m is not None and middle is not None and _crosses(middle, ring_m * frame.units_per_m, frame):
        parts.append(
            f'<circle cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="{ring_m * frame.units_per_m:.1f}" fill="{HAVEN}" '
            f'fill-opacity="0.06" stroke="{HAVEN}" stroke-width="6" stroke-dasharray="22 14"/>'
        )
    routes = "".join(trace_path(haven.route, frame) for haven in poster.havens if haven.route is not None)
    if routes:
        parts.append(
            f'<path d="{routes}" fill="none" stroke="{HAVEN}" stroke-width="11" stroke-opacity="0.75" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    places = [*shown, *([middle] if middle is not None else []), *(true if by_ward else ())]
    taken = [shapely.Point(x, y).buffer(_CLEAR) for x, y in places]
    if middle is not None:
        taken.append(shapely.box(middle[0] - 90, middle[1], middle[0] + 90, middle[1] + 90))
    scale, scale_box = _draw_scale(frame, minutes, taken)
    north, north_box = _draw_north(frame, [*taken, scale_box])
    taken += [scale_box, north_box]
    if not by_ward:
        labels, boxes = name_wards(poster, frame, taken)
        parts += labels
        taken += boxes
    if streets is not None and len(streets):
        parts += draw_names(streets, frame, taken, within=poster.outline)
    if by_ward:
        parts += [_draw_dot(x, y) for x, y in true]
        parts += number_wards(poster, shown)
    else:
        for start, end in zip(true, shown, strict=True):
            if math.dist(start, end) > 4:
                parts.append(
                    f'<path d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{PATROL}" '
                    f'stroke-width="5"/><circle cx="{start[0]:.1f}" cy="{start[1]:.1f}" r="8" fill="{PATROL}"/>'
                )
        if middle is not None:
            parts.append(_draw_school(middle, here))
        parts += [_draw_number(haven.number, x, y, badge) for haven, (x, y) in zip(poster.havens, shown, strict=True)]
    parts += [scale, north, "</svg>"]
    return "".join(parts)


def _crosses(middle: Points, radius: float, frame: Frame) -> bool:
    """Whether a ring is on the map, and not around it."""
    corners = np.array([[0, 0], [frame.width, 0], [0, frame.height], [frame.width, frame.height]])
    return radius < float(np.hypot(*(corners - middle).T).max())


def measure_crowding(poster: Poster, *, width_mm: float, height_mm: float, badge_mm: float) -> float:
    """How far numbers of a borough lie from their places on its map, in widths of a number; of ten, nine less far.

    Args:
        poster: Of a borough.
        width_mm: Of the map, on A4.
        height_mm: Likewise.
        badge_mm: Radius of a number, on A4.
    """
    frame = choose_frame(poster, width_mm * UNITS, height_mm * UNITS)
    true = frame.place(np.array([[haven.easting, haven.northing] for haven in poster.havens]))
    shown = push_apart(true, None, radius=badge_mm * UNITS * 1.05, frame=frame)
    return float(np.quantile(np.hypot(*(shown - true).T), 0.9)) / (2 * badge_mm * UNITS)


def _draw_number(number: int, x: float, y: float, badge: float) -> str:
    size = badge * 1.2
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{badge:.1f}" fill="{PATROL}" stroke="#fff" stroke-width="7"/>'
        f'<text x="{x:.1f}" y="{y + size * 0.35:.1f}" font-size="{size:.1f}" font-weight="900" fill="#fff" '
        f'text-anchor="middle">{number}</text>'
    )


def _draw_dot(x: float, y: float) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT_MM * UNITS:.0f}" fill="{PATROL}" stroke="#fff" stroke-width="3"/>'
    )


def push_apart(points: Points, middle: Points | None, *, radius: float, frame: Frame) -> Points:
    """Where numbers go so that none lies on another or on the school, as near to their places as may be."""
    shown = points.copy()
    n = len(shown)
    n_left = _MOST_PUSHES
    for _ in range(_STEPS):
        tree = cKDTree(shown)
        n_left -= (int(tree.count_neighbors(tree, 2 * radius)) - n) // 2
        if n_left < 0:
            break
        moved = False
        for i, j in sorted(tree.query_pairs(2 * radius)):
            moved |= _part(shown, i, j, 2 * radius)
        for i in range(n):
            if middle is not None:
                gap = shown[i] - middle
                distance = float(np.hypot(*gap))
                if distance < 1.9 * radius:
                    direction = gap / distance if distance > 0 else np.array([0.0, -1.0])
                    shown[i] = middle + direction * 1.95 * radius
                    moved = True
        shown = np.clip(shown, radius * 1.2, np.array([frame.width, frame.height]) - radius * 1.2)
        if not moved:
            break
    return shown


def _part(points: Points, i: int, j: int, apart: float) -> bool:
    gap = points[j] - points[i]
    distance = float(np.hypot(*gap))
    if distance >= apart - 0.01:
        return False
    # two at one place part to the sides, by their order
    direction = gap / distance if distance > 0 else np.array([math.cos(i + j), math.sin(i + j)])
    push = (apart - distance) / 2
    points[i] -= direction * push
    points[j] += direction * push
    return True


def _draw_school(middle: Points, here: str) -> str:
    x, y = middle
    return (
        f'<g transform="translate({x:.1f} {y:.1f})"><circle r="40" fill="{HAVEN}" stroke="#fff" stroke-width="8"/>'
        '<path d="M-22 16V-6L0 -23L22 -6V16H7V2H-7V16Z" fill="#fff"/>'
        f'<text y="74" font-size="30" font-weight="900" text-anchor="middle" fill="#8a3a00" stroke="#fff" '
        f'stroke-width="9" paint-order="stroke" stroke-linejoin="round">{html.escape(here)}</text></g>'
    )


def _draw_scale(frame: Frame, words: str, taken: Sequence[shapely.Geometry]) -> tuple[str, shapely.Geometry]:
    """A bar of whole minutes on foot, and the ground that it takes."""
    widest = frame.width / 3.6 / frame.units_per_m / WALKING_M_PER_MINUTE
    walked = max([minutes for minutes in (1, 2, 5, 10, 20) if minutes <= widest], default=1)
    bar = walked * WALKING_M_PER_MINUTE * frame.units_per_m
    said = words.format(metres=f"{walked * WALKING_M_PER_MINUTE:,.0f}", minutes=walked)
    x, y, box = _choose_corner(frame, max(bar, len(said) * 14) + 50, 86, taken, is_low=True)
    drawn = (
        f'<g transform="translate({x:.0f} {y:.0f})"><rect width="{max(bar, len(said) * 14) + 50:.0f}" height="86" '
        f'rx="10" fill="#fff" fill-opacity="0.92"/><text x="25" y="40" font-size="29" fill="#1d2630">'
        f'{html.escape(said)}</text><path d="M25 54v14h{bar:.1f}v-14" fill="none" stroke="#1d2630" stroke-width="5"/>'
        "</g>"
    )
    return drawn, box


def _draw_north(frame: Frame, taken: Sequence[shapely.Geometry]) -> tuple[str, shapely.Geometry]:
    """An arrow to the north, and the ground that it takes."""
    x, y, box = _choose_corner(frame, 76, 128, taken, is_low=False)
    drawn = (
        f'<g transform="translate({x + 38:.0f} {y + 14:.0f})"><rect x="-38" y="-14" width="76" height="128" rx="10" '
        'fill="#fff" fill-opacity="0.92"/><path d="M0 0L22 66L0 52L-22 66Z" fill="#1d2630"/><text y="102" '
        'font-size="36" font-weight="900" text-anchor="middle" fill="#1d2630">N</text></g>'
    )
    return drawn, box


def _choose_corner(
    frame: Frame, width: float, height: float, taken: Sequence[shapely.Geometry], *, is_low: bool
) -> tuple[float, float, shapely.Geometry]:
    """The upper left point and the ground of a box in a corner in which least is."""
    left, right = _EDGE, frame.width - _EDGE - width
    top, bottom = _EDGE, frame.height - _EDGE - height
    corners = [(left, bottom), (right, bottom), (left, top), (right, top)]
    boxes = [shapely.box(x, y, x + width, y + height) for x, y in (corners if is_low else corners[::-1])]
    found = min(boxes, key=lambda box: sum(box.intersects(other) for other in taken))
    x, y = found.bounds[:2]
    return x, y, found.buffer(_EDGE)
