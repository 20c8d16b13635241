"""The performance table and the priorities, as a page."""

from __future__ import annotations

from hotspots.analysis.rates import CRITERIA
from hotspots.pipeline import MIN_RANKED
from hotspots.products.summary import Summary
from hotspots.products.words import make_environment, say_list

_N_FILES_NAMED = 3
_MARKS = {
    "clearly improving": "good", "improving": "fair", "no apparent change": "", "deteriorating": "poor",
    "clearly deteriorating": "bad",
    "met": "good", "met, within chance": "fair", "missed, within chance": "poor", "missed": "bad",
}  # fmt: skip
"""The mark beside each word: blue discs for good news, brown squares for bad, hollow where less sure."""


def draw_performance(summary: Summary) -> str:
    """The page, as HTML."""
    files = [file["path"] for file in summary["inputs"]]
    priorities = summary["priorities"]
    return (
        make_environment()
        .get_template("performance.html")
        .render(
            s=summary,
            place=_name_place(summary["study_area"]),
            peered=[row for row in summary["indicators"] if row["peers"]],
            marks=_MARKS,
            criteria=CRITERIA,
            n_used=sum(weight > 0 for weight in priorities["criterion_weights"].values()) if priorities else 0,
            min_ranked=MIN_RANKED,
            sources=files
            if len(files) <= _N_FILES_NAMED
            else [*files[:_N_FILES_NAMED], f"{len(files) - _N_FILES_NAMED} more"],
        )
    )


def _name_place(area: Summary) -> str:
    if not area["is_all"] and area["n_wards"] <= _N_FILES_NAMED:
        return say_list(area["wards"])
    boroughs = area["boroughs"]
    return say_list(boroughs) if 0 < len(boroughs) <= _N_FILES_NAMED else f"{area['n_wards']} areas"
