"""The forecast of each method from the days before a test."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.accuracy.folds import Fold
from hotspots.analysis.significance import measure_gi_star
from hotspots.analysis.surfaces import RISK_BANDWIDTHS_M, estimate_density, estimate_risk
from hotspots.geography import Cells, Grid, collapse_points

Floats = npt.NDArray[np.float64]

MethodName = Literal["risk", "counts", "last period", "density", "gi-star"]


def list_reaches(cell_size_m: float) -> tuple[float, ...]:
    """The reaches, metres, that the risk estimate tries on cells of a size: the usual ones that leave the cell."""
    return tuple(h for h in RISK_BANDWIDTHS_M if h > cell_size_m) or (2 * cell_size_m,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The incidents of one fold: those to fit to, those of the window before the test, those to test on.

    All lie in the study area, except for `around`: those to fit to with what lies beyond it.
    """

    around: gpd.GeoDataFrame
    fitted: gpd.GeoDataFrame
    others: gpd.GeoDataFrame | None
    last: gpd.GeoDataFrame
    tested: gpd.GeoDataFrame


def split_incidents(
    incidents: gpd.GeoDataFrame, others: gpd.GeoDataFrame | None, fold: Fold, study_area: shapely.Geometry
) -> Split:
    """The incidents of one fold, those tested on apart from those that a method may see.

    Args:
        incidents: Of the crime, with `started_at`, in metres.
        others: All other recorded crime, or None.
        fold: Which days are which.
        study_area: Polygon or MultiPolygon, prepared.
    """
    around = _between(incidents, fold.fit_start, fold.fit_end)
    fitted, tested = (
        _inside(part, study_area) for part in (around, _between(incidents, fold.test_start, fold.test_end))
    )
    return Split(
        around=around,
        fitted=fitted,
        others=None if others is None else _between(others, fold.fit_start, fold.fit_end),
        last=_between(fitted, fold.start_of_last, fold.fit_end),
        tested=tested,
    )


def _inside(incidents: gpd.GeoDataFrame, study_area: shapely.Geometry) -> gpd.GeoDataFrame:
    places = collapse_points(incidents)
    return incidents[shapely.intersects_xy(study_area, places.coordinates)[places.inverse]]


def _between(incidents: gpd.GeoDataFrame, first: dt.date, last: dt.date) -> gpd.GeoDataFrame:
    days = incidents["started_at"].to_numpy().astype("datetime64[D]")
    return incidents[(days >= np.datetime64(first)) & (days <= np.datetime64(last))]


def make_forecast(name: MethodName, part: Split, cells: Cells, bandwidth_m: float | None) -> Floats:
    """Float (n_cells,): the forecast of a method from the days before the test.

    Args:
        name: The method.
        part: The incidents of the fold.
        cells: That it puts in order.
        bandwidth_m: Of the density, metres; a cell's side by default. None for other methods.

    Raises:
        ParameterError: The bandwidth is less than a cell.
    """
    if name == "risk":
        reaches = list_reaches(cells.cell_size_m)
        return estimate_risk(part.fitted, part.others, cells=cells, bandwidths_m=reaches).expected
    if name == "counts":
        return cells.count(part.fitted)
    if name == "last period":
        return cells.count(part.last)
    if name == "gi-star":
        return np.nan_to_num(measure_gi_star(cells.count(part.fitted), cells.neighbours()).z)
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
