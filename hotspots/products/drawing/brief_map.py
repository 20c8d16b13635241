"""The map of a ward's brief as SVG, clear in black and white: streets, places by number, safe havens by letter."""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from hotspots.pipeline import Brief
from hotspots.products.drawing.axes import choose_ticks
from hotspots.products.drawing.poster_frame import UNITS, Frame, Points, trace_path
from hotspots.products.drawing.poster_map import push_apart
from hotspots.products.drawing.poster_streets import draw_names, draw_streets
from hotspots.products.summary import BriefSummary

_FONT = "Lato, system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
_INK, _GROUND, _LINE = "#111111", "#ecebe6", "#7d7d7d"
_BADGE = 36.0
_HAVEN = 24.0
_BASE = (
    ("green", 2, 'fill="#e2e6da"'),
    ("water", 2, 'fill="#c2d8e6"'),
    ("water", 1, 'fill="none" stroke="#c2d8e6" stroke-width="8"'),
    ("rail", 1, 'fill="none" stroke="#a0a0a4" stroke-width="5" stroke-dasharray="16 6"'),
)
_MARGIN_M, _LEAST_M, _ROOM = 150.0, 800.0, 1.06
"""Around places and havens, and of the shorter side at least: streets around are what an officer knows them by."""
_WHOLE = 260.0
"""Of the small map of the whole ward, the longer side."""
_NEARLY_ALL = 0.7
_INSET = 20.0
_SCALE_SHARE = 5


def draw_brief_map(
    brief: Brief,
    summary: BriefSummary,
    *,
    width_mm: float,
    height_mm: float,
    left_out: Collection[str] = (),
) -> str:
    """Draw the map of a brief, north up, with a scale.

    Without streets the neighbouring wards are drawn and named instead.

    Args:
        brief: What is shown.
        summary: Its numbers and letters.
        width_mm: Of the map on paper.
        height_mm: Likewise.
        left_out: Names of streets and wards that are not to be written, since a font lacks their signs.
    """
    analysis = brief.analysis
    frame = _choose_frame(brief, width_mm * UNITS, height_mm * UNITS)
    places = frame.place(np.array([[place.easting, place.northing] for place in summary.places]).reshape(-1, 2))
    havens = frame.place(np.array([[haven.easting, haven.northing] for haven in brief.havens or ()]).reshape(-1, 2))
    true = np.vstack([places, havens])
    shown = push_apart(true, None, radius=_BADGE * 0.95, frame=frame) if len(true) else true
    streets = analysis.study.streets.ways if analysis.study.streets else None
    if streets is not None and not shapely.intersects(streets.geometry.to_numpy(), frame.window).any():
        streets = None  # those of another part of the area
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" role="img" '
        f'font-family="{_FONT}"><title>{html.escape(summary.words.map if summary.words else summary.area)}</title>',
        f'<rect width="{frame.width:.0f}" height="{frame.height:.0f}" fill="{_GROUND}"/>',
    ]
    ground = _draw_base(analysis.study.base_features, frame)
    if streets is not None:
        parts += [*ground, *draw_streets(streets, frame)]
    else:
        parts += [f'<path d="{trace_path(brief.ground.study_area, frame)}" fill="#fff" fill-rule="evenodd"/>']
        parts += ground
    outside = shapely.difference(frame.window, brief.ground.study_area)
    parts.append(f'<path d="{trace_path(outside, frame)}" fill="#fff" fill-opacity=".55" fill-rule="evenodd"/>')
    parts += [
        f'<path d="{trace_path(place.place.outline, frame)}" fill="{_INK}" fill-opacity=".16" stroke="{_INK}" '
        'stroke-width="5"/>'
        for place in brief.places
    ]
    others = _find_neighbours(brief, frame)
    named = others[~others["ward_name"].isin(left_out)]
    if streets is None:
        parts += [
            f'<path d="{trace_path(outline, frame)}" fill="none" stroke="{_LINE}" stroke-width="4"/>'
            for outline in others.geometry
        ]
    parts.append(
        f'<path d="{trace_path(brief.ground.study_area, frame)}" fill="none" stroke="{_INK}" stroke-width="9" '
        'stroke-dasharray="34 16" stroke-linejoin="round"/>'
    )
    whole = _fit_whole(brief, frame, shown)
    taken = _list_taken(shown, whole, frame)
    if streets is not None:
        parts += draw_names(_put_first(streets[~streets["name"].isin(left_out)], summary), frame, taken, within=None)
    else:
        parts += _name_neighbours(named, frame, taken)
    parts += [_draw_leader(*pair) for pair in zip(true, shown, strict=True)]
    marks = shown[len(places) :]
    parts += [_draw_haven(at, haven.letter) for at, haven in zip(marks, summary.havens or (), strict=True)]
    parts += [_draw_place(at, place.number) for at, place in zip(shown, summary.places, strict=False)]
    return "".join(
        [
            *parts,
            _draw_whole(brief, frame, whole),
            _draw_scale(frame),
            _draw_north(frame),
            _draw_border(frame),
            "</svg>",
        ]
    )


def _draw_base(features: gpd.GeoDataFrame, frame: Frame) -> list[str]:
    """Water, parks and railways below the streets, pale enough for a copier."""
    parts = []
    near = features[shapely.intersects(features.geometry.to_numpy(), frame.window)]
    sizes = shapely.get_dimensions(near.geometry.to_numpy())
    for kind, size, look in _BASE:
        path = "".join(trace_path(shape, frame) for shape in near.geometry[(near["kind"] == kind) & (sizes == size)])
        if path:
            parts.append(f'<path d="{path}" fill-rule="evenodd" {look}/>')
    return parts


def _choose_frame(brief: Brief, width: float, height: float) -> Frame:
    """The ground around the places and havens, in the shape of the paper; that of the wards where there are none."""
    shapes = [*(place.place.outline for place in brief.places)]
    shapes += [shapely.Point(haven.easting, haven.northing) for haven in brief.havens or ()]
    least_m = _LEAST_M if shapes else 0.0
    margin = _MARGIN_M if shapes else 0.0
    west, south, east, north = shapely.total_bounds(np.array(shapes or [brief.ground.study_area], dtype=object))
    wide, tall = (max(side + 2 * margin, least_m, 1.0) * _ROOM for side in (east - west, north - south))
    units_per_m = min(width / wide, height / tall)
    return Frame(
        west=(west + east) / 2 - width / units_per_m / 2,
        north=(south + north) / 2 + height / units_per_m / 2,
        units_per_m=units_per_m,
        width=width,
        height=height,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """A small map of the wards in a corner.

    Attributes:
        frame: Its own.
        right, down: Where its corner is in the large one.
    """

    frame: Frame
    right: float
    down: float

    @property
    def box(self) -> shapely.Polygon:
        """What it covers of the large one."""
        return shapely.box(
            self.right - _INSET, self.down - _INSET, self.right + self.frame.width + _INSET,
            self.down + self.frame.height + _INSET,
        )  # fmt: skip


def _fit_whole(brief: Brief, frame: Frame, marks: Points) -> _Whole | None:
    """A small map of the wards and of what the map shows of them, in a corner where no mark is.

    None where it shows nearly all of them, or marks are in both corners that scale and north arrow leave.
    """
    area = brief.ground.study_area
    if shapely.intersection(area, frame.window).area >= _NEARLY_ALL * area.area:
        return None
    west, south, east, north = shapely.bounds(shapely.union(area, frame.window))
    scale = min(_WHOLE / (east - west), _WHOLE / (north - south))
    small = Frame(
        west=west, north=north, units_per_m=scale, width=(east - west) * scale, height=(north - south) * scale
    )
    badges = [shapely.Point(*at).buffer(_BADGE) for at in marks]
    corners = (
        _Whole(frame=small, right=_INSET, down=_INSET),
        _Whole(frame=small, right=frame.width - small.width - _INSET, down=frame.height - small.height - _INSET),
    )
    return next((one for one in corners if not shapely.intersects(one.box, badges).any()), None)


def _draw_whole(brief: Brief, frame: Frame, whole: _Whole | None) -> str:
    """The wards small in a corner; nothing where there is no such map."""
    if whole is None:
        return ""
    small = whole.frame
    return (
        f'<g transform="translate({whole.right:.0f} {whole.down:.0f})"><rect x="-8" y="-8" '
        f'width="{small.width + 16:.0f}" height="{small.height + 16:.0f}" '
        f'fill="#fff" fill-opacity=".94" stroke="{_INK}" stroke-width="3"/>'
        f'<path d="{trace_path(brief.ground.study_area, small)}" fill="#ddd" stroke="{_INK}" stroke-width="4" '
        'fill-rule="evenodd"/>'
        f'<path d="{trace_path(frame.window, small)}" fill="none" stroke="{_INK}" stroke-width="7"/></g>'
    )


def _put_first(streets: gpd.GeoDataFrame, summary: BriefSummary) -> gpd.GeoDataFrame:
    """The streets, those that the page speaks of as if they were main roads, which are named first."""
    spoken = {text for place in summary.places for text in (*place.locations, *place.streets)}
    return streets.assign(kind=streets["kind"].mask(streets["name"].isin(spoken), "primary"))


def _find_neighbours(brief: Brief, frame: Frame) -> gpd.GeoDataFrame:
    """The wards around that of the brief; of a brief of several, all."""
    wards, own = brief.analysis.study.boundaries.wards, brief.ground.wards.index
    others = wards[~wards.index.isin(own)] if len(own) == 1 else wards
    return others[shapely.intersects(others.geometry.to_numpy(), frame.window)]


def _list_taken(marks: Points, whole: _Whole | None, frame: Frame) -> list[shapely.Geometry]:
    """Where no name may be: marks, scale, north arrow and the small map."""
    taken = [shapely.Point(*at).buffer(_BADGE + 5) for at in marks]
    taken.append(shapely.box(0, frame.height - 100, frame.width / 3, frame.height))
    taken.append(shapely.box(frame.width - 110, 0, frame.width, 120))
    if whole is not None:
        taken.append(whole.box)
    return taken


def _name_neighbours(others: gpd.GeoDataFrame, frame: Frame, taken: list[shapely.Geometry]) -> list[str]:
    """Names of the wards around, where they have room and nothing else is."""
    names = []
    inner = shapely.buffer(frame.window, -10 * UNITS / frame.units_per_m)
    for name, outline in zip(others["ward_name"], others.geometry, strict=True):
        seen = shapely.intersection(outline, inner)
        if seen.is_empty or seen.area * frame.units_per_m**2 < (20 * UNITS) * (6 * UNITS):
            continue
        x, y = frame.place(shapely.get_coordinates(shapely.point_on_surface(seen)))[0]
        box = shapely.box(x - 8.5 * len(str(name)), y - 32, x + 8.5 * len(str(name)), y + 8)
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        names.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="32" text-anchor="middle" fill="#444" stroke="#fff" '
            f'stroke-width="8" paint-order="stroke" stroke-linejoin="round">{html.escape(str(name))}</text>'
        )
    return names


def _draw_leader(start: Points, end: Points) -> str:
    if math.dist(start, end) < 4:
        return ""
    return (
        f'<path d="M{start[0]:.1f} {start[1]:.1f}L{end[0]:.1f} {end[1]:.1f}" stroke="{_INK}" stroke-width="5"/>'
        f'<circle cx="{start[0]:.1f}" cy="{start[1]:.1f}" r="8" fill="{_INK}"/>'
    )


def _draw_place(at: Sequence[float] | Points, number: int) -> str:
    return (
        f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{_BADGE:g}" fill="{_INK}" stroke="#fff" stroke-width="7"/>'
        f'<text x="{at[0]:.1f}" y="{at[1] + 16:.1f}" font-size="45" font-weight="900" fill="#fff" '
        f'text-anchor="middle">{number}</text>'
    )


def _draw_haven(at: Sequence[float] | Points, letter: str) -> str:
    side = 2 * _HAVEN
    return (
        f'<rect x="{at[0] - _HAVEN:.1f}" y="{at[1] - _HAVEN:.1f}" width="{side:g}" height="{side:g}" rx="6" '
        f'fill="#fff" stroke="{_INK}" stroke-width="6"/><text x="{at[0]:.1f}" y="{at[1] + 12:.1f}" font-size="34" '
        f'font-weight="900" fill="{_INK}" text-anchor="middle">{letter}</text>'
    )


def _draw_scale(frame: Frame) -> str:
    length = choose_ticks(max(int(frame.width / frame.units_per_m / _SCALE_SHARE), 3))[-1]
    bar, y = length * frame.units_per_m, frame.height - 34
    said = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    return (
        f'<rect x="18" y="{y - 50:.0f}" width="{bar + 44:.0f}" height="74" fill="#fff" fill-opacity=".92"/>'
        f'<text x="{40 + bar / 2:.1f}" y="{y - 14:.0f}" font-size="30" text-anchor="middle" fill="{_INK}">{said}</text>'
        f'<path d="M40 {y - 8:.0f}v16h{bar:.1f}v-16" fill="none" stroke="{_INK}" stroke-width="5"/>'
    )


def _draw_border(frame: Frame) -> str:
    return (
        f'<rect x="3" y="3" width="{frame.width - 6:.0f}" height="{frame.height - 6:.0f}" fill="none" stroke="{_INK}" '
        'stroke-width="6"/>'
    )


def _draw_north(frame: Frame) -> str:
    return (
        f'<g transform="translate({frame.width - 62:.0f} 28)"><rect x="-36" y="-14" width="72" height="120" '
        f'fill="#fff" fill-opacity=".92"/><path d="M0 0L20 62L0 49L-20 62Z" fill="{_INK}"/><text y="96" font-size="34" '
        f'font-weight="900" text-anchor="middle" fill="{_INK}">N</text></g>'
    )
