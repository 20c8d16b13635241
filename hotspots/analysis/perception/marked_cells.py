"""Marks laid on cells: a point where it is, a line or an area in equal parts over what it covers."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.network import find_near
from hotspots.geography import Cells

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadMarks:
    """Marks laid on the cells: a point at its place, a line or area in equal parts over what it covers.

    Attributes:
        easting, northing: float (n_parts,), the point, or the middle of the cell that a part of a shape lies in.
        cell: int (n_parts,), the cell of each part.
        mark: int (n_parts,), position of the mark that it is a part of.
        weight: float (n_parts,), of each part; those of a mark add up to 1, or to the share of it in the study area.
    """

    easting: Floats
    northing: Floats
    cell: Integers
    mark: Integers
    weight: Floats


def spread_marks(marks: gpd.GeoDataFrame, cells: Cells, study_area: shapely.Geometry) -> SpreadMarks:
    """Lay marks on cells: a point where it is, a line or area in equal parts over the cells that it covers.

    Args:
        marks: Points, lines, areas, and several of one kind in one; metres.
        cells: Of the study area.
        study_area: Marks, and parts of them, outside it are left out.
    """
    shapes = marks.geometry.to_numpy()
    shapely.prepare(study_area)
    parts: list[tuple[Floats, Floats, Integers, Integers, Floats]] = []
    is_flat = shapely.get_dimensions(shapes) == 0
    one, of_mark = shapely.get_parts(shapes[is_flat], return_index=True)
    if len(one):
        easting, northing = shapely.get_coordinates(one).T
        mark = np.flatnonzero(is_flat)[of_mark]
        held = np.bincount(mark, minlength=len(marks))[mark]
        at = cells.locate(easting, northing)
        kept = (at >= 0) & shapely.intersects_xy(study_area, easting, northing)
        parts.append((easting[kept], northing[kept], at[kept], mark[kept], 1 / held[kept]))
    wide = np.flatnonzero(shapely.get_dimensions(shapes) > 0)
    if len(wide):
        outlines = cells.outlines()
        mark, cell = shapely.STRtree(outlines).query(shapes[wide], predicate="intersects")
        inside = shapely.intersection(shapely.intersection(shapes[wide][mark], outlines[cell]), study_area)
        share = _measure(inside, shapes[wide][mark])
        kept = share > 0
        cell = cell[kept].astype(np.int64)
        parts.append((cells.easting[cell], cells.northing[cell], cell, wide[mark[kept]], share[kept]))
    joined = [np.concatenate([part[index] for part in parts]) if parts else np.empty(0) for index in range(5)]
    return SpreadMarks(
        easting=joined[0],
        northing=joined[1],
        cell=joined[2].astype(np.int64),
        mark=joined[3].astype(np.int64),
        weight=joined[4],
    )


def count_around(spread: SpreadMarks, is_of: Flags, cells: Cells, *, reach_m: float) -> tuple[Floats, Floats]:
    """Marks around each cell and their places, float (n_cells,) each.

    Args:
        spread: All marks.
        is_of: bool (n_marks,), those that are counted.
        cells: Of the study area.
        reach_m: What lies this near to the middle of a cell is around it.
    """
    middles = np.column_stack([cells.easting, cells.northing])
    kept = is_of[spread.mark]
    points = np.column_stack([spread.easting[kept], spread.northing[kept]])
    around = find_near(middles, points, reach_m=reach_m)
    n_marks = np.bincount(around.origin, spread.weight[kept][around.target], len(cells)).astype(np.float64)
    return n_marks, _count_distinct(around.origin, _number_places(spread)[kept][around.target], len(cells))


def _measure(parts: npt.NDArray[np.object_], wholes: npt.NDArray[np.object_]) -> Floats:
    """The share of each whole that each part is, by area, or of lines by length."""
    is_area = shapely.get_dimensions(wholes) == 2
    part = np.where(is_area, shapely.area(parts), shapely.length(parts))
    whole = np.where(is_area, shapely.area(wholes), shapely.length(wholes))
    return np.asarray(part / whole, dtype=np.float64)


def _number_places(spread: SpreadMarks) -> Integers:
    """Int (n_parts,): the place of each part; points at one coordinate share it, a shape is a place of its own."""
    whole = spread.weight >= 1
    key = np.where(whole, spread.easting + 1j * spread.northing, -1 - spread.mark)
    return pd.factorize(key)[0].astype(np.int64)


def _count_distinct(group: Integers, value: Integers, n_groups: int) -> Floats:
    """Float (n_groups,): how many different values each group has."""
    pairs = pd.DataFrame({"group": group, "value": value}).drop_duplicates()
    return np.bincount(pairs["group"], minlength=n_groups).astype(np.float64)
