"""The performance table and the priorities, as a page."""

from __future__ import annotations

from hotspots.analysis.change import VERDICTS
from hotspots.analysis.rates import CRITERIA
from hotspots.house import HouseStyle
from hotspots.pipeline import MIN_RANKED
from hotspots.products.summary import PerformanceSummary
from hotspots.products.words import make_environment, say

_N_FILES_NAMED = 3
_MARKS = {
    "clearly improving": "good", "improving": "fair", "no apparent change": "", "deteriorating": "poor",
    "clearly deteriorating": "bad",
    "met": "good", "met, within chance": "fair", "missed, within chance": "poor", "missed": "bad",
}  # fmt: skip
"""The mark beside each word: blue discs for good news, brown squares for bad, hollow where less sure."""


def draw_performance(summary: PerformanceSummary, *, house: HouseStyle | None = None) -> str:
    """The page, as HTML."""
    area = summary.study_area
    files = [file.path for file in summary.inputs]
    n_more = len(files) - _N_FILES_NAMED
    return (
        make_environment()
        .get_template("performance.html")
        .render(
            s=summary,
            house=house,
            place=say("places.name", area.wards, area.boroughs),
            peered=[row for row in summary.indicators if row.peers],
            marks=_MARKS,
            criteria=CRITERIA,
            verdicts=VERDICTS,
            min_ranked=MIN_RANKED,
            sources=[*files[:_N_FILES_NAMED], f"{n_more} more"] if n_more > 0 else files,
        )
    )
