"""Safe havens, gaps and new sites as a map on paper."""

from __future__ import annotations

from html import escape

import shapely

from hotspots.pipeline import HavenPlan
from hotspots.products.drawing.colours import HAVEN, HOTSPOT, PATROL
from hotspots.products.drawing.paper_map import PaperMap
from hotspots.products.summary import HavenPlanSummary

GAPS_LISTED = 40
"""Of the page: a number on the map that is in no list says nothing."""
MOST_GAPS_DRAWN = 10
"""More numbers would lie on each other."""
_ASIDE = 13


def draw_gaps(plan: HavenPlan, summary: HavenPlanSummary) -> str:
    """The ground within reach of what is there already, the places with the largest gaps by rank, and new sites."""
    area, wards = plan.selection.study_area, plan.selection.wards
    paper = PaperMap(area.bounds)
    parts = [
        paper.open("Safe havens, gaps and new sites", css="chart outlines"),
        paper.trace(area, fill="#ffffff"),
    ]
    there = plan.cover.havens if plan.cover is not None else plan.siting.existing if plan.siting is not None else None
    if there is not None and len(there):
        circles = shapely.union_all(shapely.buffer(there.geometry.to_numpy(), summary.reach_m, quad_segs=8))
        parts.append(paper.trace(shapely.intersection(circles, area), fill=HAVEN, fill_opacity="0.14", stroke="none"))
    parts += [paper.trace(ward, fill="none", stroke="#8a8f94", stroke_width="0.6") for ward in wards.geometry]
    if there is not None:
        for name, point in zip(there["name"], there.geometry, strict=True):
            right, down = paper.find(point.x, point.y)
            if 0 <= right <= paper.width and 0 <= down <= paper.height:
                parts.append(_draw_haven(right, down, name if isinstance(name, str) else ""))
    if plan.cover is not None:
        # of a place with several gaps the largest is first, and names it
        drawn: dict[int, str] = {}
        for gap, said in zip(plan.cover.gaps, summary.cover.gaps if summary.cover else (), strict=False):
            if gap.area not in drawn and len(drawn) < MOST_GAPS_DRAWN and said.rank <= GAPS_LISTED:
                middle = shapely.centroid(plan.patrol_places[gap.area].outline)
                drawn[gap.area] = paper.draw_mark(
                    middle.x, middle.y, str(said.rank), fill=HOTSPOT, title=said.words, radius=8.5
                )
        parts += reversed(drawn.values())
    if summary.siting is not None:
        for number, site in reversed(list(enumerate(summary.siting.sites))):
            # beside its place, since the best site often lies in a gap
            right, down = paper.find(site.easting, site.northing)
            parts.append(f'<path d="M{right:.1f} {down:.1f}l{_ASIDE} {-_ASIDE}" stroke="{PATROL}" stroke-width="2"/>')
            east, north = site.easting + _ASIDE / paper.scale, site.northing + _ASIDE / paper.scale
            parts.append(paper.draw_mark(east, north, name_letter(number), fill=PATROL, title=site.label, radius=8.5))
    return "".join([*parts, paper.close()])


def name_letter(number: int) -> str:
    """A, B ... Z, AA, AB ... for 0, 1 ..."""
    letters = ""
    while number >= 0:
        number, rest = divmod(number, 26)
        letters = chr(ord("A") + rest) + letters
        number -= 1
    return letters


def _draw_haven(right: float, down: float, name: str) -> str:
    return (
        f'<circle cx="{right:.1f}" cy="{down:.1f}" r="2.6" fill="{HAVEN}" stroke="#fff" stroke-width=".6">'
        f"<title>{escape(name)}</title></circle>"
    )
