"""Rise or fall from year to year, each month compared with the same month of other years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hotspots.analysis.change.monthly_series import get_calendar_months, get_days

Floats = npt.NDArray[np.float64]

TrendDirection = Literal["rising", "falling", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonalTrend:
    """Rise or fall from year to year, each month compared with the same month of other years.

    Attributes:
        s: Pairs of which the later month is higher, less those of which it is lower.
        z: s less 1 towards 0, over its standard deviation allowing for autocorrelation.
        p_value: Two-sided.
        change_per_year: Median of the pairs, as a share of the earlier year: -0.08 is a fall by 8%.
        direction: "none" where p is above the level.
    """

    s: int
    z: float
    p_value: float
    change_per_year: float
    direction: TrendDirection

    @property
    def words(self) -> str:
        """The trend as a sentence has it: "falling by about 8% a year", or "no apparent trend"."""
        if self.direction == "none":
            return "no apparent trend"
        percent = round(100 * abs(self.change_per_year))
        return f"{self.direction} by {f'about {percent}%' if percent else 'less than 1%'} a year"


def measure_year_trend(series: pd.Series, *, autocorrelation: float, level: float) -> SeasonalTrend:
    """Test a series for rise or fall by the seasonal Mann-Kendall test of the incidents per day.

    Args:
        series: From `check_months`; missing for months without data.
        autocorrelation: Between neighbouring months, for which the variance is enlarged.
        level: At or below which a p value counts.

    Source: as `measure_season`.
    """
    known = series.dropna()
    days, calendar_month = get_days(known), get_calendar_months(known)
    year = pd.PeriodIndex(known.index).year.to_numpy()
    rate = known.to_numpy() / days
    # Half an incident: a month without any has no logarithm.
    log_rate = np.log((known.to_numpy() + 0.5) / days)
    s, variance = 0, 0.0
    slopes: list[Floats] = []
    for month in range(1, 13):
        here = np.flatnonzero(calendar_month == month)
        n = len(here)
        earlier, later = np.triu_indices(n, k=1)
        s += int(np.sign(rate[here][later] - rate[here][earlier]).sum())
        ties = np.unique(rate[here], return_counts=True)[1]
        variance += (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
        slopes.append((log_rate[here][later] - log_rate[here][earlier]) / (year[here][later] - year[here][earlier]))
    variance *= _inflate_variance(autocorrelation)
    z = (s - np.sign(s)) / np.sqrt(variance) if variance > 0 else 0.0
    p = float(2 * special.ndtr(-abs(z)))
    change = float(np.expm1(np.median(np.concatenate(slopes))))
    direction: TrendDirection = "none" if p > level else "rising" if s > 0 else "falling"
    return SeasonalTrend(s=s, z=float(z), p_value=p, change_per_year=change, direction=direction)


def _inflate_variance(autocorrelation: float) -> float:
    """How many times the variance of s is that of independent months.

    The scores of two calendar months are correlated as the ranks of normal variables are; months lag apart resemble
    each other by the autocorrelation to the power of the lag.
    """
    lag = np.arange(1, 12)
    return float(1 + 2 * ((1 - lag / 12) * 6 / np.pi * np.arcsin(autocorrelation**lag / 2)).sum())
