"""The areas of an operation as a map on paper: north up, with a scale."""

from __future__ import annotations

import shapely

from hotspots.pipeline import Operation
from hotspots.products.drawing.axes import open_svg
from hotspots.products.drawing.colours import HOTSPOT, OUTSIDE, QUIET, RINGS
from hotspots.products.drawing.map_frame import MapFrame

_WIDTH = 440.0
"""Of the drawing, in units of which its letters have 10 to 12: on a phone they are still to be read."""


def draw_areas(operation: Operation) -> str:
    """Outlines of the areas, north up, with a scale."""
    areas, wards = operation.areas, operation.selection.wards
    shown = [
        areas.treated,
        areas.treated_ring,
        areas.control_ring,
        areas.study_area if areas.is_rest else areas.control,
    ]
    frame = MapFrame(shapely.union_all([shape for shape in shown if shape is not None]).bounds, width=_WIDTH)
    trace = frame.trace
    title = f"Treated area: {operation.treated_name}. Control: {operation.control_name}."
    parts = [
        open_svg(frame.width, frame.height, title, css="chart outlines"),
        f'<rect width="{frame.width:.0f}" height="{frame.height:.0f}" fill="{OUTSIDE}"/>',
        trace(areas.study_area, fill="#ffffff"),
        trace(
            areas.control, fill=QUIET, fill_opacity="0.25" if areas.is_rest else "0.55", stroke=QUIET, stroke_width="1"
        ),
        trace(areas.control_ring, fill=RINGS["control"], stroke=QUIET, stroke_width="1", stroke_dasharray="4 3"),
        trace(areas.treated_ring, fill=RINGS["treated"], stroke=HOTSPOT, stroke_width="1", stroke_dasharray="4 3"),
        trace(areas.treated, fill=HOTSPOT, fill_opacity="0.85", stroke=HOTSPOT, stroke_width="1.5"),
        *(trace(ward, fill="none", stroke="#8a8f94", stroke_width="0.6") for ward in wards.geometry),
        frame.draw_scale(),
    ]
    return "".join([*parts, "</svg>"])
