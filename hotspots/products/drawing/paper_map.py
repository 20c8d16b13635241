"""A map as a picture on paper: shapes north up, with a scale and an arrow."""

from __future__ import annotations

from html import escape

import shapely

from hotspots.products.drawing.axes import choose_ticks

WIDTH = 440.0
"""Of the drawing, in units of which its letters have 10 to 12: on a phone they are still to be read."""


class PaperMap:
    """The frame of a map, and shapes in it.

    Args:
        bounds: West, south, east and north of what is shown, metres.
    """

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        margin = 0.04 * max(east - west, north - south)
        west, south, east, north = west - margin, south - margin, east + margin, north + margin
        # no taller than wide, so that map and chart fit on one sheet
        missing = max(north - south - (east - west), 0) / 2
        west, east = west - missing, east + missing
        self.west, self.south, self.east, self.north = west, south, east, north
        self.scale = WIDTH / (east - west)
        self.height = (north - south) * self.scale
        self._window = shapely.box(west, south, east, north)

    def place(self, easting: float, northing: float) -> tuple[float, float]:
        """Where a point is in the drawing: to the right, and down."""
        return (easting - self.west) * self.scale, (self.north - northing) * self.scale

    def trace(self, shape: shapely.Geometry | None, **style: str) -> str:
        """Polygons as a path; nothing for None."""
        if shape is None:
            return ""
        simple = shapely.intersection(shapely.simplify(shape, 0.7 / self.scale), self._window)
        polygons = [part for part in shapely.get_parts(simple) if part.geom_type == "Polygon" and not part.is_empty]
        rings = [ring for part in polygons for ring in (part.exterior, *part.interiors)]
        paths = []
        for ring in rings:
            points = ["{:.1f} {:.1f}".format(*self.place(x, y)) for x, y in shapely.get_coordinates(ring)[:-1]]
            paths.append(f"M{'L'.join(points)}Z")
        drawn = " ".join(f'{key.replace("_", "-")}="{value}"' for key, value in style.items())
        return f'<path d="{"".join(paths)}" fill-rule="evenodd" {drawn}/>'

    def draw_mark(self, easting: float, northing: float, text: str, *, fill: str, title: str, radius: float) -> str:
        """A disc with a text in it, and a hint."""
        right, down = self.place(easting, northing)
        return (
            f'<g><title>{escape(title)}</title><circle cx="{right:.1f}" cy="{down:.1f}" r="{radius:.1f}" fill="{fill}" '
            f'stroke="#fff" stroke-width="1"/><text x="{right:.1f}" y="{down + 3.6:.1f}" text-anchor="middle" '
            f'font-size="10" font-weight="700" fill="#fff">{escape(text)}</text></g>'
        )

    def draw_scale(self) -> str:
        """A bar of a round length at the lower left, and an arrow to the north at the upper right."""
        length = choose_ticks(max(int((self.east - self.west) / 3), 3))[-1]
        bar, y = length * self.scale, self.height - 12
        said = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
        return "".join(
            [
                f'<rect x="8" y="{y - 18:.0f}" width="{bar + 16:.0f}" height="26" fill="#fff" fill-opacity=".9"/>',
                f'<path d="M16 {y - 4:.1f}v6h{bar:.1f}v-6" fill="none" stroke="#1d2630" stroke-width="1.5"/>',
                f'<text x="{16 + bar / 2:.1f}" y="{y - 5:.1f}" text-anchor="middle" font-size="12">{said}</text>',
                f'<g transform="translate({WIDTH - 26:.0f} 10)"><rect x="-8" y="-4" width="28" height="40" fill="#fff" '
                'fill-opacity=".9"/><path d="M6 0l6 18-6-4-6 4z" fill="#1d2630"/><text x="6" y="32" '
                'text-anchor="middle" font-size="12" font-weight="700">N</text></g>',
            ]
        )
