"""The map of a poster as SVG: streets, the school in the middle, and the havens by their numbers."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.pipeline import Poster
from hotspots.products.drawing.colours import HAVEN, PATROL

Points = npt.NDArray[np.float64]

FONT = "Lato"
_GROUND, _CASING, _ROAD, _WATERLINE = "#f1efe9", "#cfcabd", "#ffffff", "#b9b3a4"
_UNITS = 10.0
"""Of the drawing in a millimetre on A4."""

_LEAST_SIDE_M = 500.0
_MARGIN = 0.11
_RANKS = (
    ("motorway", "trunk", "a road", "primary"),
    ("b road", "secondary"),
    ("tertiary", "classified unnumbered", "minor road", "minor"),
    ("residential", "unclassified", "living_street", "local road", "local", "street", "road", "service"),
)
"""Words for classes of road of OpenStreetMap and OS Open Roads, the widest first."""
_WIDTHS = (2.6, 2.1, 1.8, 1.4, 0.6)
"""Millimetres, for each rank, and for paths."""

_BADGE_MM = 3.3
_LABEL_MM = 2.5
_LETTER_SHARE = 0.52
"""Of its height, the width of a letter on average."""
_MAX_LABELS = 30
_STEPS = 200
_MOST_PUSHES = 200_000
"""Of one badge from another. Where so many are too few, the badges are more than the map has room for."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A stretch of ground, and the paper that it is drawn on."""

    west: float
    north: float
    units_per_m: float
    width: float
    height: float

    def place(self, coordinates: Points) -> Points:
        """Units of the drawing, from its upper left corner."""
        shifted: Points = (coordinates - (self.west, self.north)) * (self.units_per_m, -self.units_per_m)
        return shifted

    @property
    def window(self) -> shapely.Polygon:
        """The ground."""
        return shapely.box(
            self.west,
            self.north - self.height / self.units_per_m,
            self.west + self.width / self.units_per_m,
            self.north,
        )


def draw_poster_map(
    poster: Poster,
    streets: gpd.GeoDataFrame | None,
    *,
    width_mm: float,
    height_mm: float,
    here: str,
    minutes: str,
    ring_m: float | None = None,
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
    """
    frame = _choose_frame(poster, width_mm * _UNITS, height_mm * _UNITS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" '
        f'font-family="{FONT}">',
        f'<rect width="{frame.width:.0f}" height="{frame.height:.0f}" fill="{_GROUND}"/>',
    ]
    points = np.array([[haven.easting, haven.northing] for haven in poster.havens]).reshape(-1, 2)
    true = frame.place(points)
    badge = (_BADGE_MM if len(points) <= 30 else 2.4) * _UNITS
    middle = None
    if poster.easting is not None and poster.northing is not None:
        middle = frame.place(np.array([[poster.easting, poster.northing]]))[0]
    shown = _push_apart(true, middle, radius=badge * 1.05, frame=frame)
    if streets is not None and len(streets):
        parts += _draw_streets(streets, frame)
    if poster.outline is not None:
        outside = shapely.difference(frame.window, poster.outline)
        parts.append(f'<path d="{_trace(outside, frame)}" fill="#fff" fill-opacity="0.65" fill-rule="evenodd"/>')
        parts.append(
            f'<path d="{_trace(poster.outline, frame)}" fill="none" stroke="{PATROL}" stroke-width="8" '
            'stroke-dasharray="30 14" stroke-linejoin="round"/>'
        )
    if ring_m is not None and middle is not None:
        parts.append(
            f'<circle cx="{middle[0]:.1f}" cy="{middle[1]:.1f}" r="{ring_m * frame.units_per_m:.1f}" fill="{HAVEN}" '
            f'fill-opacity="0.06" stroke="{HAVEN}" stroke-width="6" stroke-dasharray="22 14"/>'
        )
    routes = "".join(_trace(haven.route, frame) for haven in poster.havens if haven.route is not None)
    if routes:
        parts.append(
            f'<path d="{routes}" fill="none" stroke="{HAVEN}" stroke-width="11" stroke-opacity="0.75" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    taken = [*map(tuple, shown), *([tuple(middle)] if middle is not None else [])]
    if streets is not None and len(streets):
        parts += _draw_names(streets, frame, taken)
    for start, end in zip(true, shown, strict=True):
        if math.dist(start, end) > 4:
            parts.append(
                f'<path d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{PATROL}" '
                f'stroke-width="5"/><circle cx="{start[0]:.1f}" cy="{start[1]:.1f}" r="8" fill="{PATROL}"/>'
            )
    if middle is not None:
        parts.append(_draw_school(middle, here))
    for haven, (x, y) in zip(poster.havens, shown, strict=True):
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{badge:.1f}" fill="{PATROL}" stroke="#fff" stroke-width="7"/>'
            f'<text x="{x:.1f}" y="{y + badge * 0.42:.1f}" font-size="{badge * 1.2:.1f}" font-weight="900" fill="#fff" '
            f'text-anchor="middle">{haven.number}</text>'
        )
    parts += [_draw_scale(frame, minutes), _draw_north(frame), "</svg>"]
    return "".join(parts)


def _choose_frame(poster: Poster, width: float, height: float) -> _Frame:
    """The ground that holds all, in the shape of the paper."""
    shapes = [shapely.Point(haven.easting, haven.northing) for haven in poster.havens]
    shapes += [haven.route for haven in poster.havens if haven.route is not None]
    if poster.outline is not None:
        shapes.append(poster.outline)
    if poster.easting is not None and poster.northing is not None:
        shapes.append(shapely.Point(poster.easting, poster.northing))
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    margin = 0.03 if poster.outline is not None else _MARGIN
    wide = max((east - west) * (1 + 2 * margin), _LEAST_SIDE_M)
    tall = max((north - south) * (1 + 2 * margin), _LEAST_SIDE_M)
    units_per_m = min(width / wide, height / tall)
    return _Frame(
        west=(west + east) / 2 - width / units_per_m / 2,
        north=(south + north) / 2 + height / units_per_m / 2,
        units_per_m=units_per_m,
        width=width,
        height=height,
    )


def _trace(shape: shapely.Geometry, frame: _Frame) -> str:
    """The path of lines and outlines within the frame."""
    simple = shapely.simplify(shape, 0.6 / frame.units_per_m)
    inside = shapely.intersection(simple, shapely.buffer(frame.window, 50 / frame.units_per_m))
    pieces = []
    for part in shapely.get_parts(inside):
        if part.is_empty or part.geom_type == "Point":
            continue
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            points = frame.place(shapely.get_coordinates(ring))
            drawn = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            pieces.append(f"M{drawn}{'Z' if part.geom_type == 'Polygon' else ''}")
    return "".join(pieces)


def _rank(kind: object) -> int:
    word = str(kind).casefold().removesuffix("_link")
    return next((rank for rank, words in enumerate(_RANKS) if word in words), len(_RANKS))


def _draw_streets(streets: gpd.GeoDataFrame, frame: _Frame) -> list[str]:
    """All casings, then all roads, the widest on top."""
    lines = streets.geometry.to_numpy()
    inside = lines[shapely.intersects(lines, frame.window)]
    kinds = streets["kind"].to_numpy()[shapely.intersects(lines, frame.window)]
    ranks = np.array([_rank(kind) for kind in kinds], dtype=np.int64)
    if len(ranks) and (ranks == len(_RANKS)).all():
        ranks[:] = len(_RANKS) - 1  # a file that knows no classes
    # what is thinner than a hair says nothing; a borough has its larger streets
    scale = min(max(frame.units_per_m * 1000 / 750, 0.3), 1.0)
    paths = {
        rank: _trace(shapely.multilinestrings(inside[ranks == rank].tolist()), frame) for rank in set(ranks.tolist())
    }
    drawn = []
    if scale < 0.5 and min(paths, default=0) < len(_RANKS) - 1:
        paths = {rank: path for rank, path in paths.items() if rank < len(_RANKS) - 1}
    for rank in sorted(paths, reverse=True):
        width = _WIDTHS[rank] * _UNITS * scale
        if rank == len(_RANKS):
            if scale > 0.6:
                drawn.append(
                    f'<path d="{paths[rank]}" fill="none" stroke="{_WATERLINE}" stroke-width="{width:.1f}" '
                    'stroke-dasharray="14 8"/>'
                )
            continue
        drawn.append(
            f'<path d="{paths[rank]}" fill="none" stroke="{_CASING}" stroke-width="{width + 6 * scale:.1f}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )
    for rank in sorted(paths, reverse=True):
        if rank < len(_RANKS):
            drawn.append(
                f'<path d="{paths[rank]}" fill="none" stroke="{_ROAD}" '
                f'stroke-width="{_WIDTHS[rank] * _UNITS * scale:.1f}" stroke-linecap="round" stroke-linejoin="round"/>'
            )
    return drawn


def _draw_names(streets: gpd.GeoDataFrame, frame: _Frame, taken: list[tuple[float, ...]]) -> list[str]:
    """Names of streets along them, the widest and longest first, where nothing else is."""
    lines = streets.geometry.to_numpy()
    inside = streets[shapely.intersects(lines, frame.window) & streets["name"].notna().to_numpy()]
    size = _LABEL_MM * _UNITS
    found = []
    window = shapely.buffer(frame.window, -2 * size / frame.units_per_m)
    for name, of_street in inside.groupby("name", sort=True):
        clipped = shapely.intersection(shapely.union_all(of_street.geometry.to_numpy()), window)
        runs = [run for run in shapely.get_parts(_merge(clipped)) if run.geom_type == "LineString"]
        if runs:
            longest = max(runs, key=lambda run: float(run.length))
            found.append((min(map(_rank, of_street["kind"])), -float(longest.length), str(name), longest))
    kept = [shapely.Point(*point).buffer(45) for point in taken]
    corners = (
        shapely.box(0, frame.height - 170, 620, frame.height),
        shapely.box(frame.width - 150, 0, frame.width, 190),
    )
    kept += corners
    labels: list[str] = []
    for _, _, name, run in sorted(found, key=lambda one: one[:3]):
        points = frame.place(shapely.get_coordinates(run))
        line = shapely.LineString(points)
        length = len(name) * _LETTER_SHARE * size
        if line.length < length * 1.15 or len(labels) == _MAX_LABELS:
            continue
        # the straightest of a few stretches along it
        starts = np.linspace(0, line.length - length, 9)
        begins = shapely.get_coordinates(shapely.line_interpolate_point(line, starts))
        ends = shapely.get_coordinates(shapely.line_interpolate_point(line, starts + length))
        for chosen in np.argsort(-np.hypot(*(ends - begins).T), kind="stable")[:4]:
            begin, end = begins[chosen], ends[chosen]
            if math.dist(begin, end) < 0.94 * length:
                break
            box = shapely.LineString([begin, end]).buffer(size * 0.75)
            if any(box.intersects(other) for other in kept):
                continue
            kept.append(box)
            if end[0] < begin[0]:
                begin, end = end, begin
            angle = math.degrees(math.atan2(end[1] - begin[1], end[0] - begin[0]))
            x, y = (begin + end) / 2
            labels.append(
                f'<text transform="translate({x:.1f} {y:.1f}) rotate({angle:.1f})" y="{size * 0.34:.1f}" '
                f'font-size="{size:.1f}" text-anchor="middle" fill="#3c3a35" stroke="{_ROAD}" stroke-width="7" '
                f'paint-order="stroke" stroke-linejoin="round">{html.escape(name)}</text>'
            )
            break
    return labels


def _merge(lines: shapely.Geometry) -> shapely.Geometry:
    return shapely.line_merge(lines) if lines.geom_type == "MultiLineString" else lines


def _push_apart(points: Points, middle: Points | None, *, radius: float, frame: _Frame) -> Points:
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


def _draw_scale(frame: _Frame, words: str) -> str:
    """A bar of whole minutes on foot."""
    widest = frame.width / 3.6 / frame.units_per_m / WALKING_M_PER_MINUTE
    walked = max([minutes for minutes in (1, 2, 5, 10, 20) if minutes <= widest], default=1)
    bar = walked * WALKING_M_PER_MINUTE * frame.units_per_m
    y = frame.height - 42
    said = words.format(metres=f"{walked * WALKING_M_PER_MINUTE:,.0f}", minutes=walked)
    box = max(bar, len(said) * 14) + 50
    return (
        f'<rect x="22" y="{y - 62:.0f}" width="{box:.0f}" height="86" rx="10" fill="#fff" fill-opacity="0.92"/>'
        f'<text x="47" y="{y - 22:.0f}" font-size="28" fill="#1d2630">{html.escape(said)}</text>'
        f'<path d="M47 {y - 8:.0f}v14h{bar:.1f}v-14" fill="none" stroke="#1d2630" stroke-width="5"/>'
    )


def _draw_north(frame: _Frame) -> str:
    return (
        f'<g transform="translate({frame.width - 66:.0f} 30)"><rect x="-38" y="-14" width="76" height="128" rx="10" '
        'fill="#fff" fill-opacity="0.92"/><path d="M0 0L22 66L0 52L-22 66Z" fill="#1d2630"/><text y="102" '
        'font-size="36" font-weight="900" text-anchor="middle" fill="#1d2630">N</text></g>'
    )
