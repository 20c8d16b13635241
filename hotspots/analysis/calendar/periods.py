"""Consecutive periods of equal length, and the incidents in each."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.contracts import require_metres
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import Cells, collapse_points

Integers = npt.NDArray[np.int64]

PeriodUnit = Literal["month", "day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Consecutive periods of equal length that end where the data do.

    Attributes:
        first_day, last_day: datetime64[D] (n_periods,), of each period, both included; a period begins the day after
            the one before it ends.
        unit, length: Each period is `length` calendar months, or days.
        explanation: Which days were left out, in a sentence; None where none were.
    """

    first_day: npt.NDArray[np.datetime64]
    last_day: npt.NDArray[np.datetime64]
    unit: PeriodUnit
    length: int
    explanation: str | None

    def __len__(self) -> int:
        return len(self.first_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCounts:
    """Incidents by period and cell; every incident is counted once or reported as left out.

    Attributes:
        counts: int (n_periods, n_cells).
        n_outside_periods: Incidents before the first period or after the last.
        n_outside_cells: Incidents within the periods, but in no cell.
    """

    counts: Integers
    n_outside_periods: int
    n_outside_cells: int


def make_periods(*, first: dt.date, last: dt.date, unit: PeriodUnit = "month", length: int = 1) -> Periods:
    """Divide the days from `first` to `last` into periods of equal length, counted backwards from the end.

    Of months only whole ones are used: where `last` is not the last day of its month, that month is left out; of days
    the last period ends with `last`. What is left over at the beginning is less than a period and left out. Compared
    with a whole period it would always look quiet.

    Args:
        first: First day that the data cover.
        last: Last day, itself included.
        unit: "month", for data that give no days and for those that do, or "day".
        length: Months or days a period. Seven days, or a multiple, keep weekends comparable.

    Raises:
        ParameterError: The unit is not known or the length not a positive whole number.
        TooLittleDataError: Not one whole period lies between the days.
    """
    if unit not in get_args(PeriodUnit):
        raise ParameterError(f'No unit of periods called "{unit}". Choose one of: {", ".join(get_args(PeriodUnit))}.')
    if length < 1 or length != int(length):
        raise ParameterError(
            f"A period must be a whole number of {unit}s, 1 or more, not {length}. One month is usual."
        )
    # Half-open: from the start to the day after the last.
    start, stop = np.datetime64(first, "D"), np.datetime64(last, "D") + 1
    if unit == "month":
        whole_start, whole_stop = start.astype("datetime64[M]"), stop.astype("datetime64[M]")
        whole_start += int(whole_start.astype("datetime64[D]") < start)
    else:
        whole_start, whole_stop = start, stop
    n_periods = max(int((whole_stop - whole_start).astype(np.int64)) // length, 0)
    if n_periods == 0:
        raise TooLittleDataError(
            f"Periods must be whole; {first} to {last} does not hold {length} whole {unit}{'s' * (length > 1)}. Choose "
            "shorter periods, or give more data."
        )
    edges = (whole_stop - np.arange(n_periods, -1, -1) * length).astype("datetime64[D]")
    ends = [(start, edges[0] - 1)] * bool(start < edges[0]) + [(edges[-1], stop - 1)] * bool(edges[-1] < stop)
    left_out = " and ".join(f"{a} to {b}" if a < b else f"{a}" for a, b in ends)
    return Periods(
        first_day=edges[:-1],
        last_day=edges[1:] - 1,
        unit=unit,
        length=int(length),
        explanation=f"Left out, because shorter than a period of {length} {unit}{'s' * (length > 1)}: {left_out}."
        if ends
        else None,
    )


def count_by_period(incidents: gpd.GeoDataFrame, cells: Cells, *, periods: Periods) -> PeriodCounts:
    """Count incidents in each cell in each period, by the day on which they started.

    Every incident is in exactly one period or in none, which is counted.

    Args:
        incidents: The incidents table, or any with `started_at`, `time_precision` and points.
        cells: Where to count.
        periods: When; of months where incidents give only their month.

    Raises:
        DataError: The incidents are not in a projected CRS in metres, or give only their month and the periods are of
            days.
    """
    require_metres(incidents, table="incidents")
    if periods.unit == "day":
        month_only = np.flatnonzero((incidents["time_precision"] == "month").to_numpy())
        if len(month_only):
            raise DataError(
                f"Periods of days need the day of each incident; {len(month_only):,} of {len(incidents):,} give only "
                f"the month, the first {incidents.index[month_only[0]]}. Use periods of months."
            )
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    period = np.searchsorted(periods.first_day, day, side="right") - 1
    in_period = (period >= 0) & (day <= periods.last_day[-1])
    places = collapse_points(incidents)
    cell = cells.locate(places.easting, places.northing)[places.inverse]
    counted = in_period & (cell >= 0)
    counts = np.bincount(period[counted] * len(cells) + cell[counted], minlength=len(periods) * len(cells))
    return PeriodCounts(
        counts=counts.reshape(len(periods), len(cells)).astype(np.int64),
        n_outside_periods=int((~in_period).sum()),
        n_outside_cells=int((in_period & (cell < 0)).sum()),
    )


def count_months(incidents: pd.DataFrame, *, months: pd.PeriodIndex) -> pd.Series:
    """Incidents that started in each month.

    Args:
        incidents: The incidents table, or any with `started_at`.
        months: Of months, in any order.

    Returns:
        int on `months`, zero included.
    """
    observed = incidents["started_at"].dt.to_period("M").value_counts()
    counts: pd.Series = observed.reindex(months, fill_value=0).astype(np.int64)
    return counts
