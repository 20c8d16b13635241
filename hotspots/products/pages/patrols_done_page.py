"""The page that says whether patrols went where they were to go."""

from __future__ import annotations

from hotspots.house import HouseStyle
from hotspots.products.drawing import draw_patrol_days, draw_patrol_week
from hotspots.products.summary import PatrolsDoneSummary
from hotspots.products.words import make_environment


def draw_patrols_done(summary: PatrolsDoneSummary, *, house: HouseStyle | None = None) -> str:
    """The page of what patrols did, as HTML."""
    return (
        make_environment()
        .get_template("patrols_done.html")
        .render(
            s=summary,
            house=house,
            charts={
                "days": draw_patrol_days(summary.days),
                "week": draw_patrol_week(
                    summary.week, peaks=[one.window for one in summary.peaks], plural=summary.crime_plural
                ),
            },
        )
    )
