"""The season and the trend of a monthly series, and whether either is more than chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hotspots.analysis.change.monthly_series import (
    DAYS_IN_MONTH,
    MONTH_NAMES,
    check_months,
    get_calendar_months,
    get_days,
)
from hotspots.analysis.change.season_windows import SeasonScan, SeasonWindow
from hotspots.analysis.change.year_trend import SeasonalTrend, measure_year_trend
from hotspots.errors import ParameterError

MIN_MONTHS = 24
LEVEL = 0.05
"""At or below which a p value counts, for the window and for the trend."""
_SEASONAL_SPAN = 11
"""Years over which STL smooths the effect of a calendar month."""
_N_BRIDGES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A monthly series separated into trend, season and the rest, and which of these exceed chance.

    The series are float, on all months that were given, in incidents per average month of 30.4 days; they are missing
    for months without data and None where not available.

    Attributes:
        available: Whether the series is long enough to speak of seasons.
        explanation: Where it is not, why; otherwise which step in level was allowed for, if any; otherwise None.
        adjusted: Counts with the length of the month allowed for; the sum of the next three.
        trend, seasonal, remainder: By STL, additive.
        strength: Of the season, 0-1; with two or three years it is high by chance, and no test.
        window: The clearest season; None where none is clearer than chance allows.
        year_trend: From year to year; None where not available.
        step_month: First month after a step in level that was allowed for in the search for a season; usually None.
        autocorrelation: Between neighbouring months, allowed for in both tests; None where not available.
        n_months: Months with data.
        n_replicates, level: Of the test of the window; `level` also of the trend.
    """

    available: bool
    explanation: str | None
    adjusted: pd.Series | None
    trend: pd.Series | None
    seasonal: pd.Series | None
    remainder: pd.Series | None
    strength: float | None
    window: SeasonWindow | None
    year_trend: SeasonalTrend | None
    step_month: pd.Period | None
    autocorrelation: float | None
    n_months: int
    n_replicates: int
    level: float


def measure_season(counts: pd.Series, *, seed: int = 0, n_replicates: int = 999) -> Season:
    """Separate a monthly series into trend, season and the rest, and test for a season and for a trend.

    All is done on incidents per day, so that February does not look like a fall.

    *Decomposition.* STL with 12 months a cycle, robust, the effect of a calendar month being its weighted mean over
    some eleven years. Months without data are bridged by what trend and season make of them, and are missing in the
    result. The strength is 1 - Var(remainder) / Var(seasonal + remainder), at least 0.

    *Season.* Every run of two to six calendar months is compared with the rest of the year, in a Poisson regression
    with a smooth trend (a polynomial of one degree less than there are years, at least a straight line of the
    logarithm). Residuals are weighed by their own scatter, so that counts may vary more than Poisson ones. The
    clearest of all windows, higher or lower, is compared with the clearest in `n_replicates` series in which the
    residuals are dealt out to the months at random and given the autocorrelation of the series; that is measured
    after the window is taken out, corrected for the length of the series and never taken below 0.2. The limits of the
    ratio hold for all windows together. Where a single step in level would fit better than the season does, the
    step is made part of the trend and the search repeated.

    *Trend.* Each month is compared with the same calendar month of every other year (seasonal Mann-Kendall), the
    variance enlarged for the same autocorrelation.

    When it misleads: two years show a season twice, and whatever else happened twice at the same time of year looks
    like one. A season that changes its months does not count as one, and of two seasons in a year only the clearer is
    reported. A lasting change (a pandemic, another way of recording) makes the trend look surer than it is, and what
    rose and then fell is given one figure. False seasons are rarer than 5% where months are independent, about as
    frequent where the autocorrelation is 0.3, and up to twice as frequent where it is 0.5.

    Args:
        counts: Of consecutive months, on a PeriodIndex of months; missing for a month without data or covered in part.
        seed: Of the replicates.
        n_replicates: Of the test of the window, 19 or more.

    Raises:
        ParameterError: The replicates are too few for a p value of 0.05.
        DataError: The index is not of consecutive months, or a count is negative, infinite or no number.

    Source: Cleveland, R. B. et al. (1990), "STL: a seasonal-trend decomposition procedure based on loess", Journal of
    Official Statistics 6; strength: Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: principles and
    practice, 3rd ed., section 4.3; scan: Wallenstein, S., Weinberg, C. R. and Gould, M. (1989), "Testing for a pulse
    in seasonal event data", Biometrics 45, doi:10.2307/2531681; trend: Hirsch, R. M., Slack, J. R. and Smith, R. A.
    (1982), "Techniques of trend analysis for monthly water quality data", Water Resources Research 18,
    doi:10.1029/WR018i001p00107, and for dependence between months Hirsch and Slack (1984), ibid. 20,
    doi:10.1029/WR020i006p00727; test-based limits: Miettinen, O. (1976), "Estimability and estimation in
    case-referent studies", American Journal of Epidemiology 103, doi:10.1093/oxfordjournals.aje.a112220.
    """
    if n_replicates != int(n_replicates) or (n_replicates + 1) * LEVEL < 1 - 1e-9:
        raise ParameterError(
            f"A p value of {LEVEL:g} needs a whole number of replicates, at least {int(np.ceil(1 / LEVEL)) - 1}, not "
            f"{n_replicates}. 999 is usual."
        )
    series = check_months(counts)
    explanation = _find_lack(series)
    if explanation is not None:
        return Season(
            available=False,
            explanation=explanation,
            adjusted=None,
            trend=None,
            seasonal=None,
            remainder=None,
            strength=None,
            window=None,
            year_trend=None,
            step_month=None,
            autocorrelation=None,
            n_months=int(series.notna().sum()),
            n_replicates=int(n_replicates),
            level=LEVEL,
        )
    adjusted = series / get_days(series) * DAYS_IN_MONTH
    trend, seasonal, remainder = _decompose(adjusted)
    scan = SeasonScan(series)
    window, autocorrelation = scan.test(seed=seed, n_replicates=int(n_replicates), level=LEVEL)
    if window is not None and scan.add_better_step():
        window, autocorrelation = scan.test(seed=seed, n_replicates=int(n_replicates), level=LEVEL)
    step = None if scan.step is None else series.index[scan.step]
    if step is not None:
        explanation = (
            f"The level changes in {MONTH_NAMES[step.month - 1]} {step.year}: a step there fits better than a season "
            "alone, and is allowed for."
        )
    return Season(
        available=True,
        explanation=explanation,
        adjusted=adjusted,
        trend=trend,
        seasonal=seasonal,
        remainder=remainder,
        strength=_measure_strength(trend, seasonal, remainder),
        window=window,
        year_trend=measure_year_trend(series, autocorrelation=autocorrelation, level=LEVEL),
        step_month=step,
        autocorrelation=autocorrelation,
        n_months=int(series.notna().sum()),
        n_replicates=int(n_replicates),
        level=LEVEL,
    )


def _find_lack(series: pd.Series) -> str | None:
    """What the series lacks to speak of seasons, in a sentence; None where it lacks nothing."""
    known = series.dropna()
    per_month = np.bincount(get_calendar_months(known), minlength=13)[1:]
    if len(known) < MIN_MONTHS or per_month.min() < 2:
        return (
            f"A season shows only when it repeats: {MIN_MONTHS} months with data are needed, with each calendar month "
            f"twice. There are {len(known)}{'' if len(known) < MIN_MONTHS else ', unevenly spread'}."
        )
    if known.nunique() < 2:
        return f"Every month has {known.iloc[0]:g} incidents, so there is no season or trend to find."
    return None


def _decompose(adjusted: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Trend, seasonal and remainder by STL; missing where the series is."""
    from statsmodels.tsa.seasonal import STL

    first, last = adjusted.first_valid_index(), adjusted.last_valid_index()
    inner = adjusted.loc[first:last]
    is_missing = inner.isna().to_numpy()
    values = inner.interpolate().to_numpy(copy=True)
    for _ in range(_N_BRIDGES if is_missing.any() else 1):
        fit = STL(values, period=12, seasonal=_SEASONAL_SPAN, seasonal_deg=0, robust=True).fit()
        values[is_missing] = (fit.trend + fit.seasonal)[is_missing]
    trend, seasonal, remainder = (
        pd.Series(np.where(is_missing, np.nan, part), index=inner.index).reindex(adjusted.index)
        for part in (fit.trend, fit.seasonal, values - fit.trend - fit.seasonal)
    )
    return trend, seasonal, remainder


def _measure_strength(trend: pd.Series, seasonal: pd.Series, remainder: pd.Series) -> float:
    """Share of what is left after the trend that is season, 0-1; of rounding errors nothing is."""
    total = float((seasonal + remainder).var())
    is_level = total <= 1e-20 * float((trend**2).max())
    return 0.0 if is_level else max(0.0, 1 - float(remainder.var()) / total)
