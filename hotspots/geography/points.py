"""Many incidents, few places: collapse points to their unique coordinates, work there, broadcast back.

Recorded crime is snapped to shared points, so a million incidents lie on some tens of thousands of places.
Every method here gives the same answer on unique coordinates with counts as on the raw points.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UniquePoints:
    """Unique coordinates of a table of points.

    Attributes:
        easting, northing: float (n_unique,), metres, in order of first appearance.
        n_incidents: int (n_unique,), how many points share each coordinate.
        inverse: int (n_points,), the unique coordinate of each point.
    """

    easting: npt.NDArray[np.float64]
    northing: npt.NDArray[np.float64]
    n_incidents: npt.NDArray[np.int64]
    inverse: npt.NDArray[np.intp]

    @property
    def coordinates(self) -> npt.NDArray[np.float64]:
        """Float (n_unique, 2): easting and northing side by side."""
        return np.column_stack([self.easting, self.northing])


def read_coordinates(points: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Floats, Floats]:
    """Easting and northing of each point, float (n_points,) each; missing (NaN) where there is no point.

    Raises:
        DataError: A geometry is something else, such as a polygon.
    """
    row, easting, northing = read_shared_points(points)
    return easting[row], northing[row]


def collapse_points(points: gpd.GeoDataFrame | gpd.GeoSeries) -> UniquePoints:
    """Collapse points to unique coordinates; two are the same only if they are equal to the bit.

    The order of first appearance is kept because it makes order-dependent methods, such as the numbering of
    DBSCAN clusters, come out as they would on the raw points.

    Raises:
        DataError: A geometry is missing, empty or something else than a point.
    """
    row, easting, northing = read_shared_points(points)
    is_missing = np.isnan(easting) | np.isnan(northing)
    if is_missing.any():
        missing = np.flatnonzero(is_missing[row])
        raise DataError(
            f"Each incident needs a place; {len(missing):,} of {len(row):,} have none, the first in row "
            f"{points.index[missing[0]]}. Leave them out first."
        )
    places = collapse_coordinates(easting, northing)
    inverse = places.inverse[row]
    n_incidents = np.bincount(inverse, minlength=len(places.easting)).astype(np.int64)
    return dataclasses.replace(places, n_incidents=n_incidents, inverse=inverse)


def read_shared_points(points: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Coordinates of the distinct objects among some points, and which of them each is, in order of first appearance.

    Incidents of one place share one object, so that few need to be read.

    Returns:
        The number of the object of each point, int (n_points,); easting and northing of each object, float
        (n_objects,), in the units of the CRS, missing (NaN) where there is no point.

    Raises:
        DataError: A geometry is something else, such as a polygon.
    """
    geometry = points.geometry.to_numpy()
    # an array of objects holds where each of them is, which is the same only for the same one
    row, objects = pd.factorize(np.frombuffer(geometry.tobytes(), dtype=np.intp))
    first = np.empty(len(objects), dtype=np.intp)
    first[row[::-1]] = np.arange(len(row))[::-1]  # of several rows the last one written counts
    distinct = geometry[first]
    is_other = shapely.get_type_id(distinct) > 0  # 0 is a point, -1 none
    if is_other.any():
        others = np.flatnonzero(is_other[row])
        raise DataError(
            f"Incidents must be points; {len(others):,} of {len(geometry):,} are not, the first in row "
            f"{points.index[others[0]]} ({geometry[others[0]].geom_type}). Give a point for each, such as a centroid."
        )
    # an empty point has no coordinates at all
    found, at = shapely.get_coordinates(distinct, return_index=True)
    coordinates = np.full((len(distinct), 2), np.nan)
    coordinates[at] = found
    return row, np.ascontiguousarray(coordinates[:, 0]), np.ascontiguousarray(coordinates[:, 1])


def collapse_coordinates(easting: Floats, northing: Floats) -> UniquePoints:
    """The same of coordinates, float (n_points,) each."""
    inverse, unique = pd.factorize(easting + 1j * northing)
    return UniquePoints(
        easting=np.ascontiguousarray(unique.real),
        northing=np.ascontiguousarray(unique.imag),
        n_incidents=np.bincount(inverse, minlength=len(unique)).astype(np.int64),
        inverse=inverse,
    )


def find_polygon(places: UniquePoints, polygons: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """The polygon that each place lies in: exact, and the first where it lies in several (or on their edge).

    Args:
        places: Metres.
        polygons: Polygons or MultiPolygons (n_polygons,) in the same CRS.

    Returns:
        int (n_unique,): position in `polygons`, or -1 where no polygon holds the place.
    """
    easting, northing = places.easting, places.northing
    order = np.argsort(easting)
    west, south, east, north = shapely.bounds(polygons).T
    first, after = np.searchsorted(easting[order], west), np.searchsorted(easting[order], east, "right")
    found = np.full(len(easting), -1, dtype=np.int64)
    shapely.prepare(polygons)
    for index in reversed(range(len(polygons))):  # of several the first has the last word
        near = order[first[index] : after[index]]
        near = near[(northing[near] >= south[index]) & (northing[near] <= north[index])]
        found[near[shapely.intersects_xy(polygons[index], easting[near], northing[near])]] = index
    return found
