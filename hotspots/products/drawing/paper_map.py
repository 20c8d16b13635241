"""A small map on paper as SVG: north up, with a scale; what is on it, others say."""

from __future__ import annotations

from html import escape
from typing import Final

import geopandas as gpd
import shapely

from hotspots.products.drawing.axes import choose_ticks, open_svg
from hotspots.products.drawing.colours import OUTSIDE

PAPER_WIDTH = 440.0
"""Of the drawing, in units of which its letters have 10 to 12: on a phone they are still to be read."""

_DIMENSIONS_OF_AREA = 2
BASE_STYLES: Final = (
    ("green", 2, {"fill": "#eceee4", "stroke": "#b9c4aa", "stroke_width": "0.6"}),
    ("water", 2, {"fill": "#c2d8e6"}),
    ("water", 1, {"fill": "none", "stroke": "#c2d8e6", "stroke_width": "1.2"}),
    ("rail", 1, {"fill": "none", "stroke": "#a8a8ad", "stroke_width": "1"}),
)
"""Kind, dimensions and look of what a map lies on, in the order in which it is drawn."""


class PaperMap:
    """A window of the ground, and where points of it are in the drawing.

    It is no taller than wide, so that it fits on a sheet beside something else.

    Args:
        bounds: West, south, east and north of what is to be seen, metres.
        least_m: How wide it is at least.
        margin_share: Of the longer side, added around.
        least_tall: How tall it is at least, as a share of its width.
        foot: Units of the drawing added below, so that the scale covers nothing.
    """

    def __init__(
        self,
        bounds: tuple[float, float, float, float],
        *,
        least_m: float = 0.0,
        margin_share: float = 0.04,
        least_tall: float = 0.0,
        foot: float = 0.0,
    ) -> None:
        west, south, east, north = bounds
        margin = margin_share * max(east - west, north - south, least_m)
        west, south, east, north = west - margin, south - margin, east + margin, north + margin
        missing = max(max(north - south, least_m) - (east - west), 0.0) / 2
        west, east = west - missing, east + missing
        missing = max(least_tall * (east - west) - (north - south), 0.0) / 2
        south, north = south - missing, north + missing
        self.west, self.north, self.width_m = west, north, east - west
        self.width, self.scale = PAPER_WIDTH, PAPER_WIDTH / self.width_m
        south -= foot / self.scale
        self.height = (north - south) * self.scale
        self.window = shapely.box(west, south, east, north)

    def find(self, easting: float, northing: float) -> tuple[float, float]:
        """Where a point is in the drawing."""
        return (easting - self.west) * self.scale, (self.north - northing) * self.scale

    def open(self, title: str, *, css: str) -> str:
        """The beginning of the picture."""
        background = f'<rect width="{self.width:.0f}" height="{self.height:.0f}" fill="{OUTSIDE}"/>'
        return open_svg(self.width, self.height, title, css=css) + background

    def trace(self, shape: shapely.Geometry | None, **style: str) -> str:
        """Polygons and lines as a path with a style; of anything else, and beyond the window, nothing."""
        if shape is None:
            return ""
        simple = shapely.intersection(shapely.simplify(shape, 0.7 / self.scale), self.window)
        is_polygon = int(shapely.get_dimensions(shape)) == _DIMENSIONS_OF_AREA
        kind = "Polygon" if is_polygon else "LineString"  # where an area only touches the window, a line is left of it
        paths = []
        for part in shapely.get_parts(simple):
            if part.is_empty or part.geom_type != kind:
                continue
            for line in (part.exterior, *part.interiors) if is_polygon else (part,):
                points = [self.find(*point) for point in shapely.get_coordinates(line)]
                steps = [f"{x:.1f} {y:.1f}" for x, y in (points[:-1] if is_polygon else points)]
                paths.append(f"M{'L'.join(steps)}{'Z' if is_polygon else ''}")
        drawn = " ".join(f'{key.replace("_", "-")}="{value}"' for key, value in style.items())
        return f'<path d="{"".join(paths)}" fill-rule="evenodd" {drawn}/>'

    def trace_base(self, features: gpd.GeoDataFrame) -> str:
        """Water, parks and railways of a base map, faded; nothing of an empty one."""
        parts = []
        for kind, size, style in BASE_STYLES:
            chosen = features[
                (features["kind"] == kind) & (shapely.get_dimensions(features.geometry.to_numpy()) == size)
            ]
            near = chosen.geometry.to_numpy()[shapely.intersects(chosen.geometry.to_numpy(), self.window)]
            parts += [self.trace(shape, **style) for shape in near]
        return "".join(parts)

    def draw_mark(self, easting: float, northing: float, text: str, *, fill: str, title: str, radius: float) -> str:
        """A disc with a text in it, and a hint."""
        right, down = self.find(easting, northing)
        return (
            f'<g><title>{escape(title)}</title><circle cx="{right:.1f}" cy="{down:.1f}" r="{radius:.1f}" fill="{fill}" '
            f'stroke="#fff" stroke-width="1"/><text x="{right:.1f}" y="{down + 3.6:.1f}" text-anchor="middle" '
            f'font-size="10" font-weight="700" fill="#fff">{escape(text)}</text></g>'
        )

    def close(self) -> str:
        """Scale, north arrow and the end of the picture."""
        length = choose_ticks(max(int(self.width_m / 3), 3))[-1]
        bar, y = length * self.scale, self.height - 12
        said = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        return "".join(
            [
                f'<rect x="8" y="{y - 18:.0f}" width="{bar + 16:.0f}" height="26" fill="#fff" fill-opacity=".9"/>',
                f'<path d="M16 {y - 4:.1f}v6h{bar:.1f}v-6" fill="none" stroke="#1d2630" stroke-width="1.5"/>',
                f'<text x="{16 + bar / 2:.1f}" y="{y - 5:.1f}" text-anchor="middle" font-size="12">{said}</text>',
                f'<g transform="translate({self.width - 26:.0f} 10)"><rect x="-8" y="-4" width="28" height="40" '
                'fill="#fff" fill-opacity=".9"/><path d="M6 0l6 18-6-4-6 4z" fill="#1d2630"/><text x="6" y="32" '
                'text-anchor="middle" font-size="12" font-weight="700">N</text></g>',
                "</svg>",
            ]
        )
