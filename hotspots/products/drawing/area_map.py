"""The areas of an operation as a map on paper: north up, with a scale."""

from __future__ import annotations

import shapely

from hotspots.pipeline import Operation
from hotspots.products.drawing.colours import HOTSPOT, QUIET, RINGS
from hotspots.products.drawing.paper_map import PaperMap


def draw_areas(operation: Operation) -> str:
    """Outlines of the areas, north up, with a scale."""
    areas, wards = operation.areas, operation.selection.wards
    shown = [
        areas.treated,
        areas.treated_ring,
        areas.control_ring,
        areas.study_area if areas.is_rest else areas.control,
    ]
    paper = PaperMap(shapely.union_all([shape for shape in shown if shape is not None]).bounds)
    title = f"Treated area: {operation.treated_name}. Control: {operation.control_name}."
    return "".join(
        [
            paper.open(title, css="chart outlines"),
            paper.trace(areas.study_area, fill="#ffffff"),
            paper.trace(
                areas.control,
                fill=QUIET,
                fill_opacity="0.25" if areas.is_rest else "0.55",
                stroke=QUIET,
                stroke_width="1",
            ),
            paper.trace(
                areas.control_ring, fill=RINGS["control"], stroke=QUIET, stroke_width="1", stroke_dasharray="4 3"
            ),
            paper.trace(
                areas.treated_ring, fill=RINGS["treated"], stroke=HOTSPOT, stroke_width="1", stroke_dasharray="4 3"
            ),
            paper.trace(areas.treated, fill=HOTSPOT, fill_opacity="0.85", stroke=HOTSPOT, stroke_width="1.5"),
            *(paper.trace(ward, fill="none", stroke="#8a8f94", stroke_width="0.6") for ward in wards.geometry),
            paper.close(),
        ]
    )
