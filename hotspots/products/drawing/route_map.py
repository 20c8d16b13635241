"""The route of one patrol as a small map: its places with their numbers, and the way from each to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely

from hotspots.pipeline import ShiftPlan
from hotspots.products.drawing.colours import PATROL
from hotspots.products.drawing.paper_map import PaperMap
from hotspots.products.summary import PatrolPlanSummary, PlannedRouteSummary

_LEAST_M = 700.0
_LABEL = 10.0
"""Radius of a number, in units of the drawing."""
_APART = 2.3 * _LABEL
_N_STEPS = 60
_MARGIN, _LEAST_TALL, _FOOT = 0.11, 0.6, 22.0
"""Around what is shown, so that neither the north arrow nor the scale covers any of it."""
_STREET, _WARD = "#c9c5ba", "#8a8f94"


def draw_route(shift_plan: ShiftPlan, summary: PatrolPlanSummary, route: PlannedRouteSummary) -> str:
    """Places that a patrol visits, by their numbers, with lines between those visited after each other; north up."""
    analysis = shift_plan.analysis
    places = {place.rank: place for place in summary.places}
    order = [stop.place_rank for stop in route.stops if stop.kind == "visit" and stop.place_rank is not None]
    ranks = sorted(set(order))
    outlines = {place.rank: place.outline for place in analysis.places.patrol_places}
    ends = [point for point in (shift_plan.start, shift_plan.end) if point is not None]
    shown = [*(outlines[rank] for rank in ranks), *map(shapely.Point, ends)]
    if not shown:
        return ""
    bounds = shapely.union_all(shown).bounds
    paper = PaperMap(bounds, least_m=_LEAST_M, margin_share=_MARGIN, least_tall=_LEAST_TALL, foot=_FOOT)
    streets = shift_plan.study.streets
    near = [] if streets is None else streets.ways.geometry[streets.ways.intersects(paper.window)].tolist()
    at = {rank: (float(places[rank].easting), float(places[rank].northing)) for rank in ranks}
    walk = [at[rank] for rank in order]
    if shift_plan.start:
        walk = [shift_plan.start, *walk]
    if shift_plan.end:
        walk = [*walk, shift_plan.end]
    lines = {tuple(sorted(pair)) for pair in pairwise(walk) if pair[0] != pair[1]}
    centres = [paper.find(*at[rank]) for rank in ranks]
    labels = _spread(centres, paper)
    title = f"Patrol {route.patrol}: places {', '.join(map(str, ranks))}."
    parts = [
        paper.open(title, css="chart route"),
        paper.trace(analysis.study_area, fill="#ffffff"),
        paper.trace_base(shift_plan.study.base_features),
        paper.trace(shapely.MultiLineString(near), fill="none", stroke=_STREET, stroke_width="0.8") if near else "",
        *(paper.trace(ward, fill="none", stroke=_WARD, stroke_width="0.6") for ward in analysis.wards.geometry),
        *(_draw_line(paper.find(*one), paper.find(*other)) for one, other in sorted(lines)),
        *(
            paper.trace(outlines[rank], fill=PATROL, fill_opacity="0.15", stroke=PATROL, stroke_width="1.2")
            for rank in ranks
        ),
        *(_draw_end(paper, paper.find(*point), name) for point, name in _name_ends(shift_plan)),
        *(
            _draw_number(centre, label, rank)
            for centre, label, rank in zip(centres, labels, ranks, strict=True)
        ),
        paper.close(),
    ]  # fmt: skip
    return "".join(parts)


def _spread(centres: Sequence[tuple[float, float]], paper: PaperMap) -> list[tuple[float, float]]:
    """Where numbers stand, so that none covers another: those too near are pushed apart, step by step."""
    points = np.array(centres, dtype=np.float64).reshape(-1, 2)
    for _ in range(_N_STEPS):
        moves = np.zeros_like(points)
        for one in range(len(points)):
            for other in range(one):
                away = points[one] - points[other]
                distance = math.hypot(*away)
                if distance < _APART:
                    direction = away / distance if distance > 0 else np.array([1.0, 0.0])
                    push = (_APART - distance) / 2 * direction
                    moves[one] += push
                    moves[other] -= push
        if not moves.any():
            break
        points += moves
    low, high = _LABEL + 1, np.array([paper.width, paper.height]) - _LABEL - 1
    return [(float(x), float(y)) for x, y in np.clip(points, low, high)]


def _name_ends(shift_plan: ShiftPlan) -> list[tuple[tuple[float, float], str]]:
    start, end = shift_plan.start, shift_plan.end
    if start is not None and start == end:
        return [(start, "Start, end")]
    return [(point, name) for point, name in ((start, "Start"), (end, "End")) if point is not None]


def _draw_line(one: tuple[float, float], other: tuple[float, float]) -> str:
    return (
        f'<path d="M{one[0]:.1f} {one[1]:.1f}L{other[0]:.1f} {other[1]:.1f}" stroke="{PATROL}" stroke-width="1.6" '
        'stroke-opacity=".55" stroke-dasharray="5 3" fill="none"/>'
    )


def _draw_end(paper: PaperMap, at: tuple[float, float], name: str) -> str:
    x, y = at
    half = 3.6 * len(name)
    middle = min(max(x, half), paper.width - half)
    return (
        f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="#fff" stroke="{PATROL}" '
        f'stroke-width="2"/><text x="{middle:.1f}" y="{y + 18:.1f}" text-anchor="middle" font-size="12" '
        f'font-weight="700" paint-order="stroke" stroke="#fff" stroke-width="3">{name}</text>'
    )


def _draw_number(centre: tuple[float, float], label: tuple[float, float], rank: int) -> str:
    x, y = label
    leader = ""
    if math.hypot(x - centre[0], y - centre[1]) > 1:
        leader = f'<path d="M{centre[0]:.1f} {centre[1]:.1f}L{x:.1f} {y:.1f}" stroke="{PATROL}" stroke-width="1"/>'
    return (
        f'{leader}<circle cx="{x:.1f}" cy="{y:.1f}" r="{_LABEL:g}" fill="{PATROL}" stroke="#fff" stroke-width="1.5"/>'
        f'<text x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle" font-size="11.5" font-weight="700" '
        f'fill="#fff">{rank}</text>'
    )
