"""What maps on paper have in common: metres to the units of a drawing, outlines as paths, a scale and an arrow."""

from __future__ import annotations

import shapely

from hotspots.products.drawing.axes import choose_ticks


class MapFrame:
    """The frame of a map that is drawn as SVG, north up.

    Args:
        bounds: West, south, east and north of what is shown, metres.
        width: Of the drawing, in its own units.
        is_square: Whether the drawing may be no taller than wide.

    Attributes:
        scale: Units of the drawing in a metre.
        height: Of the drawing.
    """

    def __init__(self, bounds: tuple[float, float, float, float], *, width: float, is_square: bool = True) -> None:
        west, south, east, north = bounds
        margin = 0.04 * max(east - west, north - south)
        west, south, east, north = west - margin, south - margin, east + margin, north + margin
        missing = max(north - south - (east - west), 0) / 2 if is_square else 0
        self.west, self.east = west - missing, east + missing
        self.south, self.north = south, north
        self.width, self.scale = width, width / (self.east - self.west)
        self.height = (north - south) * self.scale
        self._window = shapely.box(self.west, south, self.east, north)

    def place(self, easting: float, northing: float) -> tuple[float, float]:
        """Where a point is in the drawing."""
        return (easting - self.west) * self.scale, (self.north - northing) * self.scale

    def trace(self, shape: shapely.Geometry | None, **style: str) -> str:
        """The path of the polygons of a shape; nothing where there is none."""
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

    def draw_scale(self) -> str:
        """A bar of a round length at the bottom left, and an arrow to the north at the top right."""
        length = choose_ticks(max(int((self.east - self.west) / 3), 3))[-1]
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
            ]
        )
