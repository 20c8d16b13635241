"""The ground that shared points stand for: a point to which a source moves crime is more than the spot it lies on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from hotspots.geography.cells import Cells
from hotspots.geography.points import UniquePoints, collapse_coordinates, collapse_points, find_polygon

Floats = npt.NDArray[np.float64]

_MOSTLY = 0.5
_NEAR_M = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catchments:
    """The points that a source uses, and how much of the ground is nearer to each than to any other.

    Attributes:
        points: Distinct points, metres.
        share: float (n_points,), of the ground; they add up to 1.
    """

    points: UniquePoints
    share: Floats

    def sum_by_cell(self, cells: Cells) -> Floats:
        """Float (n_cells,): the share of the ground that the points in each cell stand for."""
        at = cells.locate(self.points.easting, self.points.northing)
        return np.bincount(at[at >= 0], self.share[at >= 0], len(cells)).astype(np.float64)

    def sum_within(self, outlines: Sequence[shapely.Geometry]) -> float:
        """The share of the ground that the points in any of some polygons stand for."""
        inside = find_polygon(self.points, np.array(outlines, dtype=object)) >= 0
        return float(self.share[inside].sum())


def measure_catchments(
    incidents: gpd.GeoDataFrame, others: gpd.GeoDataFrame | UniquePoints | None, *, cells: Cells
) -> Catchments | None:
    """Measure the catchments of the points that a source moves crime to, over the cells of a study area.

    A cell belongs to the point nearest to its centre (Thiessen polygons, as far as cells can draw them). A place
    flagged on such points looks small: in two London boroughs most cells of 50 m hold no point at all, so that the
    2% of cells ranked first hold the points of a much larger part of the ground, and any of it may be where the crime
    was. The points are those of all recorded crime, since a point without this crime has its catchment too.

    Too large where the files hold few crimes or months, because points that nobody recorded anything at are not
    known. Not where the source draws the line between two points, which it does not say.

    Args:
        incidents: Of the crime, with `location_precision`, in metres.
        others: All other recorded crime of the same area, or `collapse_points` of it.
        cells: Of the study area.

    Returns:
        None where half of the incidents or more are not on shared points, or other crime is not known: the points of
        one crime are too few to say.

    Source: Tompson, L., Johnson, S., Ashby, M., Perkins, C. and Edwards, P. (2015), "UK open source crime data:
    accuracy and possibilities for research", Cartography and Geographic Information Science 42(2),
    doi:10.1080/15230406.2014.972456 (how the points were made, and how far from the crime they are).
    """
    if others is None or incidents.empty or "location_precision" not in incidents:
        return None
    if (incidents["location_precision"] == "anonymised").mean() < _MOSTLY:
        return None
    own, other = collapse_points(incidents), others if isinstance(others, UniquePoints) else collapse_points(others)
    if not len(other.easting):
        return None
    points = collapse_coordinates(*np.concatenate([own.coordinates, other.coordinates]).T)
    n_incidents = np.bincount(points.inverse, np.concatenate([own.n_incidents, other.n_incidents])).astype(np.int64)
    is_inside = cells.locate(points.easting, points.northing) >= 0
    points = UniquePoints(
        easting=points.easting[is_inside],
        northing=points.northing[is_inside],
        n_incidents=n_incidents[is_inside],
        inverse=np.flatnonzero(is_inside),
    )
    tree, centres = cKDTree(points.coordinates), np.column_stack([cells.easting, cells.northing])
    # most cells are near a point, which is found sooner
    nearest = np.asarray(tree.query(centres, distance_upper_bound=_NEAR_M)[1])
    is_far = nearest == len(points.easting)
    nearest[is_far] = tree.query(centres[is_far])[1]
    return Catchments(points=points, share=np.bincount(nearest, minlength=len(points.easting)) / len(cells))
