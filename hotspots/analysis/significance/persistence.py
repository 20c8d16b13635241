"""Hot spots over time: equal periods, incidents counted in each, and which cells stay hot, come, go or fade."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hotspots.contracts import require_metres
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import Cells, collapse_points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
PeriodUnit = Literal["month", "day"]

PERSISTENCE_CATEGORIES = ("intensifying", "diminishing", "persistent", "historical", "new", "sporadic", "none")
"""In the order in which `classify_persistence` looks for them."""


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
    """Incidents by period and cell; every incident is counted once or told of.

    Attributes:
        counts: int (n_periods, n_cells).
        n_outside_periods: Incidents before the first period or after the last.
        n_outside_cells: Incidents within the periods, but in no cell.
    """

    counts: Integers
    n_outside_periods: int
    n_outside_cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Whether series rise or fall, by the Mann-Kendall test.

    Attributes:
        s: int (n_series,), pairs of periods of which the later is higher, less those of which it is lower.
        z: float (n_series,), s less 1 towards 0, over its standard deviation; 0 where there is no order to find.
        p: float (n_series,), two-sided.
    """

    s: Integers
    z: Floats
    p: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """What kind of hot spot each cell is over a number of periods.

    Attributes:
        category: Categorical (n_cells,) of `PERSISTENCE_CATEGORIES`.
        n_hot: int (n_cells,), periods in which the cell was hot.
        n_hot_in_a_row: int (n_cells,), periods of the unbroken run of hot ones that ends with the last; 0 where the
            last is not hot.
        trend: Of the z of each cell.
        n_periods: Periods looked at.
        significance_level: Level at which a trend counts as one.
    """

    category: pd.Categorical[str]
    n_hot: Integers
    n_hot_in_a_row: Integers
    trend: Trend
    n_periods: int
    significance_level: float


def make_periods(*, first: dt.date, last: dt.date, unit: PeriodUnit = "month", length: int = 1) -> Periods:
    """Divide the days from `first` to `last` into periods of equal length, counted backwards from the end.

    Of months only whole ones are used: where `last` is not the last day of its month, that month is left out; of days
    the last period ends with `last`. What is left over at the beginning is less than a period and left out. Compared
    with a whole period it would always look quiet.

    Args:
        first: First day that the data speak for.
        last: Last day, itself included.
        unit: "month", for data that give no days and for those that do, or "day".
        length: Months or days a period. Seven days, or a multiple, keep weekends comparable.

    Raises:
        ParameterError: The unit is not known or the length not a positive whole number.
        TooLittleDataError: Not one whole period lies between the days.
    """
    if unit not in get_args(PeriodUnit):
        raise ParameterError(f'No periods of "{unit}". Choose one of: {", ".join(get_args(PeriodUnit))}.')
    if length < 1 or length != int(length):
        raise ParameterError(f"A period is a whole number of {unit}s from 1, not {length}. One month is usual.")
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
            f"Periods are whole: no {length} {unit}{'s' * (length > 1)} lie between {first} and {last}. "
            "Choose shorter periods, or give more data."
        )
    edges = (whole_stop - np.arange(n_periods, -1, -1) * length).astype("datetime64[D]")
    ends = [(start, edges[0] - 1)] * bool(start < edges[0]) + [(edges[-1], stop - 1)] * bool(edges[-1] < stop)
    left_out = " and ".join(f"{a} to {b}" if a < b else f"{a}" for a, b in ends)
    return Periods(
        first_day=edges[:-1],
        last_day=edges[1:] - 1,
        unit=unit,
        length=int(length),
        explanation=f"Left out, being less than a period of {length} {unit}{'s' * (length > 1)}: {left_out}."
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


def measure_trend(series: npt.ArrayLike) -> Trend:
    """Test each series for a rise or fall that need not be straight (Mann-Kendall).

    S counts the pairs of periods in order against those out of order. Its variance is corrected for ties, z for
    continuity, and p is that of the normal distribution: good from about ten periods; with fewer than five nothing can
    be significant at 5%. Missing values are left out. Periods are taken to be independent; crime that follows the
    season, over less than whole years, shows the season as a trend.

    Args:
        series: (n_periods, n_series), in order of time.

    Raises:
        ParameterError: The series are not a table of periods by series.

    Source: Mann, H. B. (1945), "Nonparametric tests against trend", Econometrica 13(3), doi:10.2307/1907187. Kendall,
    M. G. (1975), Rank Correlation Methods, chapter 4 (ties).
    """
    values = np.asarray(series, dtype=np.float64)
    if values.ndim != 2:
        raise ParameterError(
            f"A trend is measured on a table of periods by series, not on an array of shape {values.shape}. "
            "Turn one series into a column with series[:, None]."
        )
    s = np.zeros(values.shape[1], dtype=np.int64)
    ties = np.zeros(values.shape[1], dtype=np.int64)
    for position, value in enumerate(values):
        earlier = values[:position]
        s += (value > earlier).sum(axis=0) - (value < earlier).sum(axis=0)
        # Summed over its members, a group of t ties comes to t (t - 1) (2 t + 5).
        n_equal = (values == value).sum(axis=0)
        ties += np.where(n_equal > 0, (n_equal - 1) * (2 * n_equal + 5), 0)
    n = (~np.isnan(values)).sum(axis=0)
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    z = np.where(variance > 0, (s - np.sign(s)) / np.sqrt(np.maximum(variance, 1.0)), 0.0)
    return Trend(s=s, z=z, p=2 * special.ndtr(-np.abs(z)))


def classify_persistence(
    is_hot_by_period: npt.ArrayLike, z_by_period: npt.ArrayLike, *, significance_level: float = 0.05
) -> Persistence:
    """Tell lasting hot spots from those that come, go or fade.

    The last period counts as the present. A cell is the first of these that it fits:

    * intensifying, diminishing, persistent: hot in the last period and in at least 90% of all periods, with a
      significant rise of its z, a significant fall, or neither;
    * historical: not hot in the last period, but in at least 90% of those before;
    * new: hot in the last period, in the unbroken run of periods that leads up to it, and never before that run.
      `n_hot_in_a_row` is the length of the run;
    * sporadic: hot in at least two periods, on and off, whether or not in the last;
    * none: never hot, or once and no longer.

    After Esri's emerging hot spot analysis, from which this differs: there a run of one is new and a longer one
    consecutive; sporadic needs the last period to be hot; hot means hot in space and time together, where here each
    period is tested by itself; and cells that are cold are classed too, which counts of crime seldom show.

    With fewer than five periods no trend can be significant, and with fewer than ten, 90% means all. A cell just
    above the threshold in one period and below it in the next is called sporadic though nothing has changed: look at
    the trend too. See `measure_trend` about the season.

    Args:
        is_hot_by_period: bool (n_periods, n_cells), the first period first: `Significance.is_hot` of each.
        z_by_period: (n_periods, n_cells), `Significance.z` of each.
        significance_level: Level at which a trend counts as one.

    Raises:
        ParameterError: The two differ in shape, have fewer than two periods, or the level is not between 0 and 1.

    Source: Esri, "How Emerging Hot Spot Analysis works", ArcGIS Pro documentation (definitions, in our words).
    """
    hot, z = np.asarray(is_hot_by_period, dtype=bool), np.asarray(z_by_period, dtype=np.float64)
    if hot.ndim != 2 or hot.shape != z.shape:
        raise ParameterError(
            f"Hot cells and their z are tables of periods by cells, of one shape; given are {hot.shape} and {z.shape}. "
            "Stack the is_hot and the z of the same periods."
        )
    n_periods = len(hot)
    if n_periods < 2:
        raise ParameterError(
            f"What lasts shows in two periods or more, and here are {n_periods}. Choose shorter periods."
        )
    if not 0 < significance_level < 1:
        raise ParameterError(
            f"The significance level must lie between 0 and 1, not {significance_level}. 0.05 is usual."
        )
    trend = measure_trend(z)
    n_hot = hot.sum(axis=0)
    # True until, backwards from the last period, the first that is not hot.
    run = np.logical_and.accumulate(hot[::-1], axis=0).sum(axis=0)
    is_current = hot[-1]
    # In whole numbers: 0.9 times a number of periods need not come out whole where it should.
    is_lasting = is_current & (10 * n_hot >= 9 * n_periods)
    has_trend = trend.p <= significance_level
    code = np.select(
        [
            is_lasting & has_trend & (trend.z > 0),
            is_lasting & has_trend,
            is_lasting,
            ~is_current & (10 * n_hot >= 9 * (n_periods - 1)),
            is_current & (run == n_hot),
            n_hot >= 2,
        ],
        range(6),
        default=6,
    )
    return Persistence(
        category=pd.Categorical.from_codes(code.astype(np.int64), categories=pd.Index(PERSISTENCE_CATEGORIES)),
        n_hot=n_hot.astype(np.int64),
        n_hot_in_a_row=run.astype(np.int64),
        trend=trend,
        n_periods=n_periods,
        significance_level=float(significance_level),
    )
