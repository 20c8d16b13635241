"""Which ward each incident lies in, and the area of all wards."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.contracts import WARD_COLUMNS, require_columns, require_same_crs
from hotspots.geography.points import collapse_points, find_polygon


def assign_wards(points: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> pd.Series:
    """Give each point the code of the ward that holds it, by exact point-in-polygon.

    Outlines are used as they are, not simplified. A point on an edge that wards share goes to the ward whose
    code sorts first, so each point is in at most one ward and the answer depends on no order of rows.

    Args:
        points: Point geometry in a projected CRS.
        wards: The wards table, in the same CRS.

    Returns:
        Ward codes on the index of `points`, categorical over all ward codes; missing where no ward holds the
        point.

    Raises:
        DataError: The CRS of either is missing, not in metres, or not the same as the other's.
    """
    require_columns(wards, WARD_COLUMNS, table="wards")
    require_same_crs(points, wards, tables="points and wards")
    codes = np.sort(wards.index.to_numpy(dtype=object))
    places = collapse_points(points)
    ward_of_place = find_polygon(places, wards.geometry.loc[codes].to_numpy())
    assigned = pd.Categorical.from_codes(ward_of_place[places.inverse], categories=pd.Index(codes))
    return pd.Series(assigned, index=points.index, name="ward_code")


def unite_wards(wards: gpd.GeoDataFrame) -> shapely.Geometry:
    """The area of all wards together, without the borders between them.

    Wards that meet without gaps or overlaps are united along their common borders, which takes a fraction of the time
    and gives the same.

    Args:
        wards: The wards table.

    Returns:
        A Polygon or MultiPolygon, in the units of the CRS of the wards.
    """
    outlines = wards.geometry.to_numpy()
    unite = shapely.coverage_union_all if shapely.coverage_is_valid(outlines) else shapely.union_all
    return unite(outlines)
