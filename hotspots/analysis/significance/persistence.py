"""Which cells stay hot, come, go or fade over a number of periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


SIGNIFICANCE_LEVEL = 0.05
PERSISTENCE_CATEGORIES = ("intensifying", "diminishing", "persistent", "historical", "new", "sporadic", "none")
"""In the order in which `classify_persistence` looks for them."""


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


def classify_persistence(is_hot_by_period: npt.ArrayLike, z_by_period: npt.ArrayLike) -> Persistence:
    """Distinguish lasting hot spots from those that come, go or fade.

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

    Raises:
        ParameterError: The two differ in shape, or have fewer than two periods.

    Source: Esri, "How Emerging Hot Spot Analysis works", ArcGIS Pro documentation (definitions, in our words).
    """
    hot, z = np.asarray(is_hot_by_period, dtype=bool), np.asarray(z_by_period, dtype=np.float64)
    if hot.ndim != 2 or hot.shape != z.shape:
        raise ParameterError(
            f"Hot cells and their z must be tables of periods by cells, of one shape; their shapes are {hot.shape} and "
            f"{z.shape}. Stack `is_hot` and `z` of the same periods."
        )
    n_periods = len(hot)
    if n_periods < 2:
        raise ParameterError(f"Persistence needs two periods or more, not {n_periods}. Choose shorter periods.")
    trend = measure_trend(z)
    n_hot = hot.sum(axis=0)
    # True until, backwards from the last period, the first that is not hot.
    run = np.logical_and.accumulate(hot[::-1], axis=0).sum(axis=0)
    is_current = hot[-1]
    # In whole numbers: 0.9 times a number of periods need not come out whole where it should.
    is_lasting = is_current & (10 * n_hot >= 9 * n_periods)
    has_trend = trend.p <= SIGNIFICANCE_LEVEL
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
        significance_level=SIGNIFICANCE_LEVEL,
    )
