"""What a map lies on beside its streets: the base map, with the stations, parks and schools that are given besides."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import BASE_MAP_COLUMNS
from hotspots.ingest.reference import BaseMap, Premises, Schools

_SAME_M = 400.0
"""Within so much, a station, park or school of one name is one, whatever file it is in."""
_MODES = re.compile(r"\b(rail|railway|underground|overground|dlr|tube|tram|station|stop)\b|[^a-z0-9]")
_OF_PREMISES = {"station": "station", "park": "green"}
_MARKS = ("station", "school")


def list_base_features(
    base_map: BaseMap | None, premises: Premises | None, schools: Schools | None, *, crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    """The base map table, with the stations, parks and schools of other files that it does not have.

    Args:
        base_map: What the files of base maps hold, if there are any.
        premises: Likewise.
        schools: Likewise.
        crs: Of all of them.

    Returns:
        Columns of `BASE_MAP_COLUMNS`, in the working CRS; without rows where nothing is given. They are public ground,
        and nothing is said of them.
    """
    tables = []
    if premises is not None:
        kinds = premises.premises["kind"].map(_OF_PREMISES)
        tables.append(premises.premises.assign(kind=kinds)[kinds.notna()])
    if schools is not None:
        tables.append(schools.schools.assign(kind="school"))
    if base_map is not None:
        tables.append(base_map.features)
    tables = [table[list(BASE_MAP_COLUMNS)] for table in tables if len(table)]
    if not tables:
        return gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=crs)
    joined = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs)
    is_mark = joined["kind"].isin(_MARKS).to_numpy()
    shapes = joined.geometry.to_numpy().copy()
    shapes[is_mark] = shapely.point_on_surface(shapes[is_mark])
    joined = joined.set_geometry(gpd.GeoSeries(shapes, crs=crs))
    return joined[~_find_repeated(joined)].reset_index(drop=True)


def _find_repeated(features: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which stations, schools and points of parks stand near one of the same name that comes before."""
    repeated = np.zeros(len(features), dtype=bool)
    plain = [_MODES.sub("", name.casefold()) if isinstance(name, str) else "" for name in features["name"]]
    points = features.geometry.to_numpy()
    is_point = shapely.get_dimensions(points) == 0
    for (_, name), rows in features.groupby([features["kind"], pd.Series(plain)], sort=False).indices.items():
        for at, row in enumerate(rows):
            before = rows[:at][~repeated[rows[:at]]]
            near = (
                name
                and is_point[row]
                and len(before)
                and shapely.distance(points[before], points[row]).min() <= _SAME_M
            )
            repeated[row] = bool(near)
    return repeated
