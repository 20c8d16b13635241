"""The page of Safety Maps: where young people feel safe or unsafe, beside where crime is recorded."""

from __future__ import annotations

from markupsafe import Markup

from hotspots.analysis.perception import AGREEMENTS, Perception
from hotspots.pipeline import Analysis
from hotspots.products.drawing import (
    AGREEMENT_COLOURS,
    FEELINGS,
    RECORDED,
    UNCLEAR,
    draw_agreement,
    draw_feelings,
    draw_recorded,
)
from hotspots.products.summary import PerceptionSummary, RunSummary
from hotspots.products.words import make_environment, say

_DIFFERING = ("feels unsafe, little crime", "feels safe, much crime")


def draw_safety(analysis: Analysis, summary: RunSummary, perception: PerceptionSummary) -> str:
    """The page as HTML: sentences first, then maps side by side, then tables of places.

    Args:
        analysis: The shapes.
        summary: The numbers of the run.
        perception: Those of the marks.
    """
    found = analysis.perception.found if analysis.perception else None
    return (
        make_environment()
        .get_template("safety.html")
        .render(
            s=summary,
            house=analysis.study.house,
            f=perception,
            place=say("places.area", summary),
            # what is marked safe here was escaped where it was made
            maps=None if found is None else [Markup(drawn) for drawn in _draw_maps(analysis, found, perception)],
            differing=[place for place in perception.places if place.agreement in _DIFFERING],
            agreeing=[place for place in perception.places if place.agreement not in _DIFFERING],
            agreements=[(one, AGREEMENT_COLOURS[one]) for one in AGREEMENTS if perception.n_by_agreement.get(one)],
            all_agreements=(*_DIFFERING, *(one for one in AGREEMENTS if one not in _DIFFERING)),
            feelings=FEELINGS,
            recorded=RECORDED,
            unclear=UNCLEAR,
            snapped="anonymised" in summary.location_precision,
        )
    )


def _draw_maps(analysis: Analysis, found: Perception, perception: PerceptionSummary) -> list[str]:
    numbers = [(str(place.rank), float(place.easting), float(place.northing)) for place in perception.places]
    return [
        draw_agreement(analysis, found, numbers=numbers),
        draw_feelings(analysis, found),
        draw_recorded(analysis, found),
    ]
