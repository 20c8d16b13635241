"""The page that says whether an operation worked."""

from __future__ import annotations

from hotspots.pipeline import Operation
from hotspots.products.drawing import HOTSPOT, OUTSIDE, QUIET, RINGS, draw_areas, draw_before_after
from hotspots.products.summary import OperationSummary
from hotspots.products.words import make_environment


def draw_operation(operation: Operation, summary: OperationSummary) -> str:
    """The page of an operation, as HTML."""
    areas, found = operation.areas, summary.results
    results = {"Treated area": found.local}
    if found.displaced:
        results |= {f"{summary.areas.buffer_m:g} m around it": found.displaced, "Both": found.net}
    return (
        make_environment()
        .get_template("operation.html")
        .render(
            s=summary,
            house=operation.study.house,
            map=draw_areas(operation),
            chart=draw_before_after(summary),
            results=results,
            colours={"treated": HOTSPOT, "control": QUIET, "rings": RINGS, "outside": OUTSIDE},
            has_ring=areas.treated_ring is not None,
            has_control_ring=areas.control_ring is not None,
        )
    )
