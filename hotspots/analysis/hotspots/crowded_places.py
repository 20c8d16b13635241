"""Places that are too many to be told apart one by one, brought together in small squares."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from hotspots.geography import collapse_points

_WITHIN_M = 200.0
"""As far as a neighbourhood reaches at most, where its radius is chosen."""
MAX_PAIRS: Final = 100_000_000
"""Of places within that of each other, each with itself and either way; 330,000 in two boroughs have 1.9 billion."""
_FINEST_M = 5.0
"""A radius is chosen in steps as long."""


def bring_together(incidents: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, float | None]:
    """Bring incidents to the middles of small squares, where so many have points of their own that they crowd.

    Recorded crime is mostly snapped to shared points, of which there are few. Half a million points of a satellite
    receiver, or scattered by chance, have thousands of millions of pairs of neighbours, and to cluster them would take
    more memory than there is and say nothing else: a neighbourhood of 50 m and more does not hang on a few metres.

    Args:
        incidents: Points, metres.

    Returns:
        The incidents themselves and None where their places are few enough; otherwise the incidents at the middles of
        squares, and the side of these, metres: 5, or as often doubled as leaves 100 million pairs within 200 m.
    """
    places = collapse_points(incidents)
    points, side_m = places.coordinates, None
    row = np.arange(len(points))
    while len(points) ** 2 > MAX_PAIRS and _count_pairs(points) > MAX_PAIRS:
        side_m = 2 * side_m if side_m else _FINEST_M
        squares, row = np.unique(np.floor(places.coordinates / side_m), axis=0, return_inverse=True)
        points = (squares + 0.5) * side_m
    if side_m is None:
        return incidents, None
    middles = shapely.points(points)[row.ravel()][places.inverse]
    return incidents.set_geometry(gpd.GeoSeries(middles, index=incidents.index, crs=incidents.crs)), side_m


def _count_pairs(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> int:
    tree = cKDTree(points)
    return int(tree.count_neighbors(tree, _WITHIN_M))
