"""The cards of a patrol plan: one sheet for each patrol, to print or to open on a phone."""

from __future__ import annotations

from hotspots.pipeline import ShiftPlan
from hotspots.products.drawing import draw_route
from hotspots.products.summary import PatrolPlanSummary
from hotspots.products.words import make_environment


def draw_patrol_card(shift_plan: ShiftPlan, summary: PatrolPlanSummary) -> str:
    """All cards and what to know of the plan, as HTML."""
    return (
        make_environment()
        .get_template("patrol_card.html")
        .render(
            s=summary,
            house=shift_plan.study.house,
            base=shift_plan.study.base_map,
            places={place.rank: place for place in summary.places},
            maps={route.patrol: draw_route(shift_plan, summary, route) for route in summary.routes},
        )
    )
