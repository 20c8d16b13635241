"""Which cells are hot by more than chance, over the whole period and from one part of it to the next."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.accuracy import MONTHLY_FROM_DAYS
from hotspots.analysis.calendar import Periods, count_by_period, make_periods
from hotspots.analysis.significance import (
    CellSizeChoice,
    Persistence,
    Significance,
    choose_cell_size,
    classify_persistence,
    measure_gi_star,
)
from hotspots.errors import TooLittleDataError
from hotspots.geography import Cells, CellShape, Floor, count_places, make_cells

_MIN_TESTED_CELLS = 25
_MIN_PERIODS, _MAX_PERIODS = 4, 12
_MIN_INCIDENTS_A_PERIOD = 50
_DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SignificanceTest:
    """The test of every cell.

    Attributes:
        cells: On which it was made.
        choice: Their size, and why.
        gi_star: Its results.
        is_shown: bool (n_cells,), cells that with their neighbours hold enough for their result to be shown.
        periods, persistence: Hot cells over time; None where the period is too short for it.
    """

    cells: Cells
    choice: CellSizeChoice
    gi_star: Significance
    is_shown: npt.NDArray[np.bool_]
    periods: Periods | None
    persistence: Persistence | None


def measure_significance(
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    start: dt.date,
    end: dt.date,
    cell_shape: CellShape,
    floor: Floor,
) -> SignificanceTest:
    """Test which cells are hot by more than chance, over the whole period and from one part of it to the next.

    Raises:
        ParameterError: The cells are too many, or their counts too large for the exact test.
    """
    choice = choose_cell_size(incidents)
    largest_m = math.sqrt(study_area.area / _MIN_TESTED_CELLS)
    if choice.cell_size_m > largest_m:
        reason = (
            f"{choice.reason} The area is so small that cells of {largest_m:.0f} m are used, which lets "
            f"{_MIN_TESTED_CELLS} of them fit."
        )
        choice = dataclasses.replace(choice, cell_size_m=largest_m, reason=reason)
    cells = make_cells(study_area, cell_size_m=choice.cell_size_m, shape=cell_shape)
    neighbours = cells.neighbours()
    counts, n_places = cells.count(incidents), count_places(incidents, cells)
    periods = _divide(incidents, start, end)
    persistence = None
    if periods is not None:
        tested = [measure_gi_star(n, neighbours) for n in count_by_period(incidents, cells, periods=periods).counts]
        persistence = classify_persistence(
            np.stack([one.is_hot for one in tested]), np.stack([one.z for one in tested])
        )
    return SignificanceTest(
        cells=cells,
        choice=choice,
        gi_star=measure_gi_star(counts, neighbours),
        is_shown=floor.is_met(counts + neighbours @ counts, n_places + neighbours @ n_places),
        periods=periods,
        persistence=persistence,
    )


def _divide(incidents: gpd.GeoDataFrame, start: dt.date, end: dt.date) -> Periods | None:
    """Up to twelve equal periods with enough incidents in each, or None where they are fewer than four."""
    n_days = (end - start).days + 1
    n_periods = min(_MAX_PERIODS, len(incidents) // _MIN_INCIDENTS_A_PERIOD)
    if n_periods < _MIN_PERIODS:
        return None
    is_monthly = bool((incidents["time_precision"] == "month").any()) or n_days >= MONTHLY_FROM_DAYS
    n_units = n_days / (_DAYS_A_MONTH if is_monthly else 7)
    length = math.ceil(round(n_units, 1) / n_periods)
    try:
        periods = (
            make_periods(first=start, last=end, unit="month", length=length)
            if is_monthly
            else make_periods(first=start, last=end, unit="day", length=7 * length)
        )
    except TooLittleDataError:
        return None
    return periods if len(periods) >= _MIN_PERIODS else None
