"""A borough and its wards on the map of a poster: borders, and numbers or names within them."""

from __future__ import annotations

import html

import numpy as np
import shapely
from scipy.spatial import cKDTree

from hotspots.pipeline import Poster, PosterWard
from hotspots.products.drawing.colours import PATROL
from hotspots.products.drawing.poster_frame import UNITS, Frame, Points, trace_path

_NAME_MM = 3.0
_LETTER_SHARE = 0.58
"""Of its height, the width of a bold letter on average."""
_STEPS = 25
"""Places to try across a ward, and as many down."""


def draw_borough(poster: Poster, frame: Frame, *, has_wards: bool) -> list[str]:
    """What is outside pale, and the border; and those of its wards."""
    outside = shapely.difference(frame.window, poster.outline)
    dashes = "" if has_wards else 'stroke-dasharray="30 14" '
    seams = "".join(trace_path(ward.outline, frame) for ward in poster.wards) if has_wards else ""
    return [
        f'<path d="{trace_path(outside, frame)}" fill="#fff" fill-opacity="0.65" fill-rule="evenodd"/>',
        *(
            [f'<path d="{seams}" fill="none" stroke="{PATROL}" stroke-width="3" stroke-linejoin="round"/>']
            if seams
            else []
        ),
        f'<path d="{trace_path(poster.outline, frame)}" fill="none" stroke="{PATROL}" stroke-width="8" '
        f'{dashes}stroke-linejoin="round"/>',
    ]


def place_wards(poster: Poster, havens: Points, frame: Frame) -> Points:
    """Where the numbers of the wards with havens go: as far from havens and from the border of its ward as may be.

    Args:
        poster: Of a borough.
        havens: Their places, units of the drawing (n, 2).
        frame: The ground and the paper.
    """
    dots = cKDTree(havens)
    places = []
    for ward in poster.wards:
        if ward.number is not None:
            points, room = _list_places(ward, frame)
            places.append(points[np.argmax(np.minimum(room, dots.query(points)[0]))])
    return np.array(places).reshape(-1, 2)


def number_wards(poster: Poster, places: Points) -> list[str]:
    """The numbers of the wards with havens, in boxes, at the places chosen for them."""
    numbers = [ward.number for ward in poster.wards if ward.number is not None]
    return [_draw_ward(number, x, y) for number, (x, y) in zip(numbers, places, strict=True)]


def name_wards(poster: Poster, frame: Frame, taken: list[shapely.Geometry]) -> tuple[list[str], list[shapely.Geometry]]:
    """Names of wards, each within its ward as far from the border as may be, where nothing else is.

    Args:
        poster: Of a borough; that of a school has no wards.
        frame: The ground and the paper.
        taken: Where something is, units of the drawing.

    Returns:
        What is drawn, and the ground that it takes.
    """
    size = _NAME_MM * UNITS
    labels: list[str] = []
    kept: list[shapely.Geometry] = []
    for ward in poster.wards:
        points, room = _list_places(ward, frame)
        half = len(ward.name) * _LETTER_SHARE * size / 2
        boxes = shapely.box(
            points[:, 0] - half, points[:, 1] - size * 0.7, points[:, 0] + half, points[:, 1] + size * 0.7
        )
        border = shapely.transform(shapely.intersection(poster.outline, frame.window), frame.place)
        is_free = shapely.covers(border, boxes)
        if taken or kept:
            is_free[np.unique(shapely.STRtree([*taken, *kept]).query(boxes, predicate="intersects")[0])] = False
        if not is_free.any():
            continue
        chosen = int(np.argmax(np.where(is_free, room, -1.0)))
        kept.append(boxes[chosen])
        x, y = points[chosen]
        labels.append(
            f'<text x="{x:.1f}" y="{y + size * 0.34:.1f}" font-size="{size:.1f}" font-weight="700" fill="#5b5f6b" '
            'text-anchor="middle" stroke="#f1efe9" stroke-width="8" paint-order="stroke" stroke-linejoin="round">'
            f"{html.escape(ward.name)}</text>"
        )
    return labels, kept


def _list_places(ward: PosterWard, frame: Frame) -> tuple[Points, Points]:
    """Places within a ward, units of the drawing, and how far each is from its border."""
    outline = shapely.transform(ward.outline, frame.place)
    west, north, east, south = outline.bounds
    across, down = np.meshgrid(np.linspace(west, east, _STEPS), np.linspace(north, south, _STEPS))
    points = np.column_stack([across.ravel(), down.ravel()])
    points = points[shapely.contains_xy(outline, points)]
    if not len(points):
        points = shapely.get_coordinates(shapely.point_on_surface(outline))
    return points, shapely.distance(outline.boundary, shapely.points(points))


def _draw_ward(number: int, x: float, y: float) -> str:
    half = 21 if number < 100 else 27
    return (
        f'<rect x="{x - half:.1f}" y="{y - 19:.1f}" width="{2 * half}" height="38" rx="9" fill="#fff" '
        f'stroke="{PATROL}" stroke-width="5"/><text x="{x:.1f}" y="{y + 10:.1f}" font-size="29" font-weight="900" '
        f'fill="{PATROL}" text-anchor="middle">{number}</text>'
    )
