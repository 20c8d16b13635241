"""Water, parks and railways of the demonstration, to draw below its maps: made-up shapes that meet its stations.

The river runs along the north of the wards, as the Thames does, with banks that are nobody's. Railways run through the
stations of hot spots, and along the line that no street crosses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from convertbng.cutil import convert_lonlat
from demonstration_chance import Floats
from demonstration_facts import HOT_SPOTS
from demonstration_streets import RAILWAY

RIVER = (
    (5303, 1809), (5315, 1808), (5325, 1807), (5335, 1805), (5345, 1802), (5350, 1803), (5355, 1806), (5360, 1809),
    (5366, 1809), (5370, 1806), (5371, 1797), (5372, 1790), (5376, 1784), (5382, 1781), (5389, 1783), (5396, 1790),
    (5402, 1801), (5410, 1808), (5427, 1810),
)  # fmt: skip
RIVER_HALF_M = 140.0
BROOK = ((5368, 1690), (5373, 1715), (5375, 1730), (5377, 1744), (5382, 1753), (5379, 1763), (5375, 1774), (5376, 1784))
RAILWAYS: tuple[tuple[str | tuple[int, int], ...], ...] = (
    ("London Bridge and Borough Market", "Bermondsey station", (5355, 1780), "New Cross Gate", "Brockley Cross",
     (5360, 1743), "Forest Hill station", "Sydenham Road", (5352, 1690)),
    ("Bermondsey station", (5359, 1782), "Deptford High Street", (5386, 1773), (5415, 1771)),
    ((5320, 1812), "Elephant and Castle", (5323, 1774), "Denmark Hill station", "Peckham Rye station and Rye Lane",
     (5352, 1764), "Lewisham town centre", (5400, 1745), (5425, 1733)),
    (RAILWAY[1], RAILWAY[0], "New Cross Gate"),
    ("Lewisham town centre", "Catford Broadway", (5370, 1715), (5369, 1690)),
)  # fmt: skip
# Tag, value, name, middle and radius in hundreds of metres.
BLOBS = (
    ("natural", "water", "Teal Dock (demo)", (5362, 1794), 1.9),
    ("natural", "water", "Fern Lake (demo)", (5334, 1750), 0.9),
    ("leisure", "park", "Fern Park (demo)", (5333, 1751), 4.0),
    ("leisure", "common", "Gorse Heath (demo)", (5393, 1762), 4.8),
    ("natural", "wood", "Holly Wood (demo)", (5363, 1734), 3.4),
    ("landuse", "cemetery", "Ivy Cemetery (demo)", (5344, 1743), 2.8),
    ("landuse", "recreation_ground", "Juniper Fields (demo)", (5389, 1721), 3.6),
    ("leisure", "park", "Larch Gardens (demo)", (5356, 1766), 2.2),
)
WOBBLE, WAVES, CORNERS = 0.16, 3, 24


def base_map_geojson() -> str:
    """Write the base map as GeoJSON, one feature to a line, in columns of OpenStreetMap."""
    features = ",\n".join(json.dumps(feature) for feature in _list_features())
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def _list_features() -> Iterator[dict[str, Any]]:
    middle = _smooth(np.array(RIVER, dtype=np.float64) * 100)
    along = np.gradient(middle, axis=0)
    across = np.column_stack([-along[:, 1], along[:, 0]]) / np.hypot(*along.T)[:, None] * RIVER_HALF_M
    yield _describe(
        {"natural": "water"}, "River Thames (demo)", [*(middle + across), *(middle - across)[::-1]], area=True
    )
    yield _describe({"waterway": "river"}, "Pool Brook (demo)", list(_smooth(np.array(BROOK, dtype=np.float64) * 100)))
    middles = {spot.name: spot.centre for spot in HOT_SPOTS}
    for stops in RAILWAYS:
        nodes = [middles[stop] if isinstance(stop, str) else stop for stop in stops]
        yield _describe({"railway": "rail"}, None, list(np.array(nodes, dtype=np.float64) * 100))
    for tag, value, name, (easting, northing), radius in BLOBS:
        angle = np.arange(CORNERS) * 2 * np.pi / CORNERS
        reach = radius * 100 * (1 + WOBBLE * np.sin(WAVES * angle + easting))
        ring = np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None] + np.array([easting, northing]) * 100
        yield _describe({tag: value}, name, list(ring), area=True)


def _smooth(nodes: Floats) -> Floats:
    """A curve near points: their corners cut twice, by quarters. Source: Chaikin (1974), in CGIP 3(4)."""
    for _ in range(2):
        before, after = nodes[:-1], nodes[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        nodes = np.vstack([nodes[:1], cut, nodes[-1:]])
    return nodes


def _describe(tags: dict[str, str], name: str | None, nodes: Sequence[Floats], *, area: bool = False) -> dict[str, Any]:
    lon, lat = convert_lonlat(*np.array(nodes).T)
    degrees = [[round(float(x), 6), round(float(y), 6)] for x, y in zip(lon, lat, strict=True)]
    keys = ("natural", "waterway", "leisure", "landuse", "railway")
    return {
        "type": "Feature",
        "properties": {"name": name, **{key: tags.get(key) for key in keys}, "data_status": "synthetic"},
        "geometry": {"type": "Polygon", "coordinates": [[*degrees, degrees[0]]]}
        if area
        else {"type": "LineString", "coordinates": degrees},
    }
