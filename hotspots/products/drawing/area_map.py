"""The areas of an operation as a map on paper: north up, with a scale."""

from __future__ import annotations

import shapely

from hotspots.pipeline import Operation
from hotspots.products.drawing.axes import choose_ticks, open_svg
from hotspots.products.drawing.colours import HOTSPOT, OUTSIDE, QUIET, RINGS

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
    west, south, east, north = shapely.union_all([shape for shape in shown if shape is not None]).bounds
    margin = 0.04 * max(east - west, north - south)
    west, south, east, north = west - margin, south - margin, east + margin, north + margin
    # no taller than wide, so that map and chart fit on one sheet
    missing = max(north - south - (east - west), 0) / 2
    west, east = west - missing, east + missing
    width, scale = _WIDTH, _WIDTH / (east - west)
    height = (north - south) * scale
    window = shapely.box(west, south, east, north)

    def trace(shape: shapely.Geometry | None, **style: str) -> str:
        if shape is None:
            return ""
        simple = shapely.intersection(shapely.simplify(shape, 0.7 / scale), window)
        polygons = [part for part in shapely.get_parts(simple) if part.geom_type == "Polygon" and not part.is_empty]
        rings = [ring for part in polygons for ring in (part.exterior, *part.interiors)]
        paths = []
        for ring in rings:
            points = [
                f"{(x - west) * scale:.1f} {(north - y) * scale:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]
            ]
            paths.append(f"M{'L'.join(points)}Z")
        drawn = " ".join(f'{key.replace("_", "-")}="{value}"' for key, value in style.items())
        return f'<path d="{"".join(paths)}" fill-rule="evenodd" {drawn}/>'

    title = f"Treated area: {operation.treated_name}. Control: {operation.control_name}."
    parts = [
        open_svg(width, height, title, css="chart outlines"),
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{OUTSIDE}"/>',
        trace(areas.study_area, fill="#ffffff"),
        trace(
            areas.control, fill=QUIET, fill_opacity="0.25" if areas.is_rest else "0.55", stroke=QUIET, stroke_width="1"
        ),
        trace(areas.control_ring, fill=RINGS["control"], stroke=QUIET, stroke_width="1", stroke_dasharray="4 3"),
        trace(areas.treated_ring, fill=RINGS["treated"], stroke=HOTSPOT, stroke_width="1", stroke_dasharray="4 3"),
        trace(areas.treated, fill=HOTSPOT, fill_opacity="0.85", stroke=HOTSPOT, stroke_width="1.5"),
        *(trace(ward, fill="none", stroke="#8a8f94", stroke_width="0.6") for ward in wards.geometry),
    ]
    length = choose_ticks(max(int((east - west) / 3), 3))[-1]
    bar, y = length * scale, height - 12
    said = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    parts += [
        f'<rect x="8" y="{y - 18:.0f}" width="{bar + 16:.0f}" height="26" fill="#fff" fill-opacity=".9"/>',
        f'<path d="M16 {y - 4:.1f}v6h{bar:.1f}v-6" fill="none" stroke="#1d2630" stroke-width="1.5"/>',
        f'<text x="{16 + bar / 2:.1f}" y="{y - 5:.1f}" text-anchor="middle" font-size="12">{said}</text>',
        f'<g transform="translate({width - 26:.0f} 10)"><rect x="-8" y="-4" width="28" height="40" fill="#fff" '
        'fill-opacity=".9"/><path d="M6 0l6 18-6-4-6 4z" fill="#1d2630"/><text x="6" y="32" text-anchor="middle" '
        'font-size="12" font-weight="700">N</text></g>',
    ]
    return "".join([*parts, "</svg>"])
