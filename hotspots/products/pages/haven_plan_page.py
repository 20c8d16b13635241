"""The page that says what safe havens cover, where they leave gaps, and what would help most."""

from __future__ import annotations

from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.pipeline import HavenPlan
from hotspots.products.drawing import (
    COVERAGE_COLOURS,
    GAPS_LISTED,
    HAVEN,
    HOTSPOT,
    MOST_GAPS_DRAWN,
    PATROL,
    draw_coverage,
    draw_gaps,
    draw_site_curve,
    has_new_site,
    list_drawn_gaps,
    name_letter,
)
from hotspots.products.summary import HavenPlanSummary
from hotspots.products.words import make_environment


def draw_havens(plan: HavenPlan, summary: HavenPlanSummary) -> str:
    """The page of a plan, as HTML."""
    cover, siting = summary.cover, summary.siting
    return (
        make_environment()
        .get_template("havens.html")
        .render(
            s=summary,
            house=plan.study.house,
            base=plan.study.base_map,
            map=draw_gaps(plan, summary),
            bars=draw_coverage(cover.parts) if cover and cover.total.n_timed and not plan.request.gaps else "",
            curve=draw_site_curve(siting) if siting and len(siting.curve) > 1 else "",
            letters=[name_letter(number) for number in range(len(siting.sites))] if siting else [],
            colours=COVERAGE_COLOURS | {"haven": HAVEN, "gap": HOTSPOT, "site": PATROL},
            has_new=any(map(has_new_site, list_drawn_gaps(summary))),
            n_gaps=GAPS_LISTED,
            n_drawn=MOST_GAPS_DRAWN,
            metres_a_minute=WALKING_M_PER_MINUTE,
        )
    )
