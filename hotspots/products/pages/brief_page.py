"""The page of a ward's team as HTML: one file, to be opened on a phone or printed."""

from __future__ import annotations

from collections.abc import Mapping

from hotspots.pipeline import Brief
from hotspots.products.drawing import describe_texts, draw_brief_map
from hotspots.products.summary import BriefSummary
from hotspots.products.words import make_environment

_MAPS_MM = {"wide": (186.0, 85.0), "narrow": (84.0, 92.0)}
"""Width and height of the map, in millimetres of a page whose letters are as large as on paper."""


def draw_brief(brief: Brief, summary: BriefSummary, *, links: Mapping[str, str] | None = None) -> str:
    """The page, as HTML, with a map for wide screens and paper and one for phones.

    Args:
        brief: What is drawn.
        summary: Its numbers and sentences.
        links: Other pages that it leads to on a screen: what each is called, and its address.
    """
    maps = {
        name: draw_brief_map(brief, summary, width_mm=width_mm, height_mm=height_mm)
        for name, (width_mm, height_mm) in _MAPS_MM.items()
    }
    return (
        make_environment()
        .get_template("brief.html")
        .render(s=summary, house=brief.analysis.study.house, t=describe_texts(summary), maps=maps, links=links or {})
    )
