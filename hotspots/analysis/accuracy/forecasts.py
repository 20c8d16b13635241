"""The forecast of each method from the days before a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.analysis.accuracy.folds import Fold
from hotspots.analysis.significance import standardise_gi_star
from hotspots.analysis.surfaces import RISK_BANDWIDTHS_M, CellRecords, estimate_density, estimate_risk
from hotspots.geography import Cells, Grid

Floats = npt.NDArray[np.float64]

MethodName = Literal["risk", "counts", "last period", "density", "gi-star"]


def list_reaches(cell_size_m: float) -> tuple[float, ...]:
    """The reaches, metres, that the risk estimate tries on cells of a size: the usual ones that leave the cell."""
    return tuple(h for h in RISK_BANDWIDTHS_M if h > cell_size_m) or (2 * cell_size_m,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The incidents of one fold: those to fit to and those to test on.

    All lie in the study area, except for `around`: those to fit to with what lies beyond it.
    """

    fold: Fold
    around: gpd.GeoDataFrame
    fitted: gpd.GeoDataFrame
    tested: gpd.GeoDataFrame


def split_incidents(incidents: gpd.GeoDataFrame, is_inside: npt.NDArray[np.bool_], fold: Fold) -> Split:
    """The incidents of one fold, those tested on apart from those that a method may see.

    Args:
        incidents: Of the crime, with `started_at`.
        is_inside: bool (n_incidents,), whether each lies in the study area.
        fold: Which days are which.
    """
    days = incidents["started_at"].to_numpy().astype("datetime64[D]")
    is_fitted, is_tested = (
        (days >= np.datetime64(first)) & (days <= np.datetime64(last))
        for first, last in ((fold.fit_start, fold.fit_end), (fold.test_start, fold.test_end))
    )
    return Split(
        fold=fold,
        around=incidents[is_fitted],
        fitted=incidents[is_fitted & is_inside],
        tested=incidents[is_tested & is_inside],
    )


def make_forecast(
    name: MethodName, part: Split, own: CellRecords, other: CellRecords | None, bandwidth_m: float | None
) -> Floats:
    """Float (n_cells,): the forecast of a method from the days before the test.

    Args:
        name: The method.
        part: The fold and its incidents.
        own: All incidents in the study area, on the cells that are put in order.
        other: All other recorded crime, likewise, or None.
        bandwidth_m: Of the density, metres; a cell's side by default. None for other methods.

    Raises:
        ParameterError: The bandwidth is less than a cell.
    """
    cells, fold = own.cells, part.fold
    seen = own.between(fold.fit_start, fold.fit_end)
    if name == "risk":
        others = None if other is None else other.between(fold.fit_start, fold.fit_end)
        return estimate_risk(seen, others, cells=cells, bandwidths_m=list_reaches(cells.cell_size_m)).expected
    if name == "counts":
        return seen.count()
    if name == "last period":
        return seen.between(fold.start_of_last, fold.fit_end).count()
    if name == "gi-star":
        counts, one = seen.count().astype(np.int64), np.ones(len(cells), dtype=np.int64)
        return np.nan_to_num(standardise_gi_star(counts, cells.sum_neighbours(one), cells.sum_neighbours(counts)))
    bandwidth = float(bandwidth_m or cells.cell_size_m)
    west, south, east, north = cells.easting.min(), cells.northing.min(), cells.easting.max(), cells.northing.max()
    grid = Grid.covering((west, south, east, north), cell_size_m=cells.cell_size_m)
    row, column = grid.locate(cells.easting, cells.northing)
    return estimate_density(part.around, grid=grid, bandwidth_m=bandwidth).density_per_km2[row, column]


def scale_forecast(name: MethodName, fold: Fold, cells: Cells) -> float | None:
    """Factor that turns a forecast into incidents of the test; None for a forecast that is not of incidents.

    Args:
        name: The method.
        fold: How long it saw, and how long it is tested.
        cells: That it puts in order.
    """
    if name == "gi-star":
        return None
    n_days = (fold.fit_end - fold.start_of_last).days + 1 if name == "last period" else fold.n_fit_days
    return (cells.cell_area_km2 if name == "density" else 1.0) * fold.n_test_days / n_days
