"""Which incidents have a place within reach, at any hour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.analysis.network import NearPairs, StreetNetwork, find_near
from hotspots.analysis.safe_havens.opening_states import Rules
from hotspots.contracts import find_placed, require_columns, require_same_crs
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points
from hotspots.ingest.reference import list_opening_rules

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Incidents that lie somewhere, and the places within reach of them.

    Attributes:
        incidents: Those that are known more exactly than to an area.
        is_placed: bool (n_incidents,), which of all that were given they are.
        points: `collapse_points(incidents)`.
        pairs: Places, as origins, and points within reach of them, as targets.
    """

    incidents: gpd.GeoDataFrame
    is_placed: Flags
    points: UniquePoints
    pairs: NearPairs


def find_reach(
    incidents: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    *,
    reach_m: float,
    network: StreetNetwork | None,
    tables: str = "incidents and havens",
) -> Reach:
    """Find which incidents are within reach of which places. One known only to an area is within reach of none.

    Args:
        incidents: Points; with `location_precision`, those known only to an area are known as such.
        places: Points with `opening_hours`, in the same CRS.
        reach_m: Distance within reach, metres, itself included.
        network: Streets to walk along; None for as the crow flies.
        tables: What both are called in errors.

    Raises:
        DataError: A table lacks its columns or is not in metres, or the two are not in one CRS.
        ParameterError: `reach_m` is not positive.
    """
    require_columns(places, ("opening_hours", "geometry"), table=tables.split(" and ")[-1])
    require_same_crs(incidents, places, tables=tables)
    if not (math.isfinite(reach_m) and reach_m > 0):
        raise ParameterError(f"The reach must be above 0 m, not {reach_m}. 400 m is five minutes on foot.")
    is_placed = find_placed(incidents)
    placed = incidents if is_placed.all() else incidents[is_placed]
    points = collapse_points(placed)
    pairs = find_near(read_positions(places), points.coordinates, reach_m=reach_m, network=network)
    return Reach(incidents=placed, is_placed=is_placed, points=points, pairs=pairs)


def read_positions(places: gpd.GeoDataFrame) -> Floats:
    """Easting and northing of each, float (n_places, 2)."""
    return np.column_stack([places.geometry.x, places.geometry.y])


def read_rules(places: gpd.GeoDataFrame) -> list[Rules]:
    """The rules of opening of each; none where they are not known."""
    return [tuple(list_opening_rules(text)) if isinstance(text, str) else () for text in places["opening_hours"]]
