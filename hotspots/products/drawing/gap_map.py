"""Safe havens, gaps and new sites as a map on paper."""

from __future__ import annotations

from html import escape

import shapely

from hotspots.pipeline import HavenPlan
from hotspots.products.drawing.colours import HAVEN, HOTSPOT, PATROL
from hotspots.products.drawing.paper_map import PaperMap
from hotspots.products.summary import GapSummary, HavenPlanSummary

GAPS_LISTED = 40
"""Of the page: a number on the map that is in no list says nothing."""
MOST_GAPS_DRAWN = 10
"""More numbers would lie on each other."""
_ASIDE = 13


def draw_gaps(plan: HavenPlan, summary: HavenPlanSummary) -> str:
    """The ground within reach of what is there already, the places with the largest gaps by rank, and new sites.

    A new site that helps most in a gap has the number of the gap; those of a plan have letters.
    """
    area, wards = plan.selection.study_area, plan.selection.wards
    paper = PaperMap(area.bounds)
    parts = [
        paper.open("Safe havens, gaps and new sites", css="chart outlines"),
        paper.trace(area, fill="#ffffff"),
        paper.trace_base(plan.study.base_features),
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
                parts.append(_draw_dot(right, down, name if isinstance(name, str) else "", fill=HAVEN))
    outlines = {place.rank: place.outline for place in plan.patrol_places}
    for gap in reversed(list_drawn_gaps(summary)):
        middle = shapely.point_on_surface(outlines[gap.place_rank])
        parts.append(paper.draw_mark(middle.x, middle.y, str(gap.rank), fill=HOTSPOT, title=gap.words, radius=8.5))
        if has_new_site(gap):
            best = gap.steps[0]
            parts.append(_draw_site(paper, best.easting, best.northing, str(gap.rank), best.label))
    if summary.siting is not None:
        for number, site in reversed(list(enumerate(summary.siting.sites))):
            parts.append(_draw_site(paper, site.easting, site.northing, name_letter(number), site.label))
    return "".join([*parts, paper.close()])


def list_drawn_gaps(summary: HavenPlanSummary) -> tuple[GapSummary, ...]:
    """The gaps whose numbers are on the map: the largest of each place, of the first places."""
    first: dict[int, GapSummary] = {}
    for gap in summary.cover.gaps if summary.cover else ():
        if gap.rank <= GAPS_LISTED:
            first.setdefault(gap.place_rank, gap)
    return tuple(first.values())[:MOST_GAPS_DRAWN]


def has_new_site(gap: GapSummary) -> bool:
    """Whether what helps most in a gap is a new site."""
    return bool(gap.steps) and gap.steps[0].longer_until is None


def _draw_site(paper: PaperMap, easting: float, northing: float, text: str, title: str) -> str:
    """A mark beside the place of a new site, since the best one often lies in a gap, and a line to it."""
    right, down = paper.find(easting, northing)
    line = f'<path d="M{right:.1f} {down:.1f}l{_ASIDE} {-_ASIDE}" stroke="{PATROL}" stroke-width="2"/>'
    east, north = easting + _ASIDE / paper.scale, northing + _ASIDE / paper.scale
    return line + paper.draw_mark(east, north, text, fill=PATROL, title=title, radius=8.5)


def name_letter(number: int) -> str:
    """A, B ... Z, AA, AB ... for 0, 1 ..."""
    letters = ""
    while number >= 0:
        number, rest = divmod(number, 26)
        letters = chr(ord("A") + rest) + letters
        number -= 1
    return letters


def _draw_dot(right: float, down: float, name: str, *, fill: str) -> str:
    return (
        f'<circle cx="{right:.1f}" cy="{down:.1f}" r="2.6" fill="{fill}" stroke="#fff" stroke-width=".6">'
        f"<title>{escape(name)}</title></circle>"
    )
