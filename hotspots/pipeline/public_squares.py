"""Squares of the National Grid in which much of a crime is, as far as everybody may be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.publication import SQUARE_M, class_squares
from hotspots.geography import collapse_points, is_national_grid, weigh_places


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareYear:
    """A year whose squares are told.

    Attributes:
        incidents: Of the year, in all wards.
        areas: bool (n_areas, n_wards), the wards of each area of which a count can be known.
        sums: float (n_areas,), that count; infinite where it cannot.
    """

    incidents: gpd.GeoDataFrame
    areas: npt.NDArray[np.bool_]
    sums: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Squares:
    """Squares over the wards: south-west corners (n, 2) and shapes (n,), in rows from the south."""

    corners: npt.NDArray[np.float64]
    shapes: npt.NDArray[np.object_]
    n_columns: int


def tell_squares(wards: gpd.GeoDataFrame, asked: pd.Index, years: Mapping[int, SquareYear]) -> pd.DataFrame:
    """The squares that hold at least so many incidents, of those that lie in wards asked for and no others.

    Args:
        wards: All wards of the boundaries.
        asked: Codes of those asked for.
        years: What is counted.

    Returns:
        int: `year`, `easting` and `northing` of the south-west corner (metres), `least`. None where the wards are not
        on the National Grid.
    """
    columns = ["year", "easting", "northing", "least"]
    if not years or not is_national_grid(wards.crs):
        return pd.DataFrame(columns=columns, dtype=np.int64)
    squares = _lay_squares(wards)
    touches = np.zeros((len(wards), len(squares.corners)), dtype=bool)
    at, ward = shapely.STRtree(wards.geometry.to_numpy()).query(squares.shapes, predicate="intersects")
    touches[ward, at] = True
    lies_inside = ~touches[~wards.index.isin(asked)].any(axis=0)
    found = []
    for year, told in years.items():
        touched = (told.areas.astype(np.int64) @ touches.astype(np.int64)) > 0
        least = class_squares(*_count_squares(told.incidents, squares), touched, told.sums)
        shown = np.flatnonzero((least > 0) & lies_inside)
        corners = squares.corners[shown]
        found.append(np.column_stack([np.full(len(shown), year), corners, least[shown]]).astype(np.int64))
    return pd.DataFrame(np.concatenate(found), columns=columns)


def _lay_squares(wards: gpd.GeoDataFrame) -> _Squares:
    """Whole multiples of the side, so that they lie alike whatever wards there are."""
    west, south, east, north = np.array(wards.total_bounds) // SQUARE_M * SQUARE_M
    eastings, northings = np.arange(west, east + 1, SQUARE_M), np.arange(south, north + 1, SQUARE_M)
    corners = np.stack([part.ravel() for part in np.meshgrid(eastings, northings)], axis=1)
    shapes = shapely.box(corners[:, 0], corners[:, 1], corners[:, 0] + SQUARE_M, corners[:, 1] + SQUARE_M)
    return _Squares(corners=corners, shapes=shapes, n_columns=len(eastings))


def _count_squares(
    incidents: gpd.GeoDataFrame, squares: _Squares
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Incidents and places in each square."""
    n_squares = len(squares.corners)
    if incidents.empty:
        return np.zeros(n_squares, dtype=np.int64), np.zeros(n_squares)
    places = collapse_points(incidents)
    west, south = squares.corners[0]
    column, row = (places.easting - west) // SQUARE_M, (places.northing - south) // SQUARE_M
    at = (row * squares.n_columns + column).astype(np.int64)
    counts = np.bincount(at, places.n_incidents, n_squares).astype(np.int64)
    return counts, np.bincount(at, weigh_places(incidents, places), n_squares).astype(np.float64)
