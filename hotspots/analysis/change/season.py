"""The season and the trend of a monthly series, and whether either is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hotspots.errors import DataError, ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
TrendDirection = Literal["rising", "falling", "none"]

MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS_IN_MONTH = 365.25 / 12
"""Of the average month, to which rates are scaled where they are shown."""
MIN_MONTHS = 24

_WINDOW_LENGTHS = range(2, 7)
_SEASON_NAMES = {(3, 3): "spring", (6, 3): "summer", (9, 3): "autumn", (12, 3): "winter"}
_SEASONAL_SPAN = 11
"""Years over which STL smooths the effect of a calendar month."""
_N_BRIDGES = 10
_MIN_AUTOCORRELATION = 0.2
"""Two years are too few to show that months do not resemble their neighbours: so much is taken for granted."""
_MAX_AUTOCORRELATION = 0.7
_MIN_MONTHS_BESIDE_STEP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonWindow:
    """A run of calendar months that differs from the rest of the year.

    Attributes:
        first_month: 1-12.
        n_months: Length; the run may go on over the end of the year.
        ratio: Incidents per day inside, as a multiple of those in the other months.
        low, high: Limits of the ratio, which allow for the window having been picked as the clearest of all.
        p_value: Probability of a window as clear in a series without a season.
    """

    first_month: int
    n_months: int
    ratio: float
    low: float
    high: float
    p_value: float

    @property
    def months(self) -> tuple[int, ...]:
        """The calendar months, 1-12, in their order."""
        return tuple((self.first_month - 1 + step) % 12 + 1 for step in range(self.n_months))

    @property
    def name(self) -> str:
        """The months, and the season where they are one: "summer: June-August"."""
        months = f"{MONTH_NAMES[self.months[0] - 1]}-{MONTH_NAMES[self.months[-1] - 1]}"
        season = _SEASON_NAMES.get((self.first_month, self.n_months))
        return f"{season}: {months}" if season else months

    @property
    def words(self) -> str:
        """The window as a sentence has it: "summer: June-August 1.4 times the rest"."""
        digits = 1 if abs(self.ratio - 1) >= 0.15 else 2
        return f"{self.name} {self.ratio:.{digits}f} times the rest"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A monthly series taken apart, and what of it is more than chance.

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


def measure_season(counts: pd.Series, *, seed: int = 0, n_replicates: int = 999, level: float = 0.05) -> Season:
    """Take a monthly series apart into trend, season and the rest, and test for a season and for a trend.

    All is done on incidents per day, so that February is no fall.

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
    like one. A season that changes its months is none, and of two seasons in a year only the clearer is told. A lasting
    change (a pandemic, another way of recording) makes the trend look surer than it is, and what rose and then fell is
    given one figure. False seasons are rarer than `level` where months are independent, about as frequent where the
    autocorrelation is 0.3, and up to twice as frequent where it is 0.5.

    Args:
        counts: Of consecutive months, on a PeriodIndex of months; missing for a month without data or covered in part.
        seed: Of the replicates.
        n_replicates: At least 1 / `level` - 1.
        level: At or below which a p value counts, for the window and for the trend.

    Raises:
        ParameterError: The level is not between 0 and 1, or the replicates are too few for it.
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
    if not 0 < level < 1:
        raise ParameterError(f"A level lies between 0 and 1, not {level:g}. 0.05 is usual.")
    if n_replicates != int(n_replicates) or (n_replicates + 1) * level < 1 - 1e-9:
        raise ParameterError(
            f"A p value of {level:g} takes a whole number of replicates, at least {int(np.ceil(1 / level)) - 1}, not "
            f"{n_replicates}. 999 are usual."
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
            level=float(level),
        )
    adjusted = series / get_days(series) * DAYS_IN_MONTH
    trend, seasonal, remainder = _decompose(adjusted)
    scan = _Scan(series)
    window, autocorrelation = scan.test(seed=seed, n_replicates=int(n_replicates), level=level)
    if window is not None and scan.add_better_step():
        window, autocorrelation = scan.test(seed=seed, n_replicates=int(n_replicates), level=level)
    step = None if scan.step is None else series.index[scan.step]
    if step is not None:
        explanation = (
            f"From {MONTH_NAMES[step.month - 1]} {step.year} on the level is another: a step there fits better than "
            "a season alone, and was allowed for."
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
        year_trend=_measure_year_trend(series, autocorrelation=autocorrelation, level=level),
        step_month=step,
        autocorrelation=autocorrelation,
        n_months=int(series.notna().sum()),
        n_replicates=int(n_replicates),
        level=float(level),
    )


def check_months(counts: pd.Series, *, is_whole: bool = False) -> pd.Series:
    """The counts as floats, if they are numbers from 0 of consecutive months; the input is not touched.

    Args:
        counts: Of each month; missing ones are fine.
        is_whole: Whether only whole numbers will do.

    Raises:
        DataError: They are not.
    """
    index = counts.index if isinstance(counts, pd.Series) else None
    if not isinstance(index, pd.PeriodIndex) or index.freqstr != "M":
        raise DataError(
            f"A monthly series is a pandas Series with an index of months, not {_describe(counts)}. "
            'Make one with pandas.period_range(first, last, freq="M").'
        )
    is_gap = np.diff(index.asi8) != 1
    if is_gap.any():
        here = int(np.flatnonzero(is_gap)[0])
        raise DataError(
            f"Months follow each other without gaps; {index[here]} is followed by {index[here + 1]}. "
            "Sort them, and give a missing value where there are no data."
        )
    try:
        series = counts.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"Counts are numbers, not {counts.dtype}. Give one count a month.") from None
    is_wrong = (series < 0) | np.isinf(series)
    if is_wrong.any():
        raise DataError(
            f"Counts are finite and not negative; {series.index[is_wrong][0]} has {series[is_wrong].iloc[0]:g}. "
            "Give a missing value where there are no data."
        )
    is_broken = series.notna() & (series != series.round()) & is_whole
    if is_broken.any():
        raise DataError(
            f"Counts are whole numbers; {series.index[is_broken][0]} has {series[is_broken].iloc[0]:g}. "
            "Give incidents in the month, not rates."
        )
    return series


def _describe(counts: object) -> str:
    """What was given in place of a monthly series."""
    if not isinstance(counts, pd.Series):
        return f"a {type(counts).__name__}"
    index = counts.index
    frequency = f" of frequency {index.freqstr}" if isinstance(index, pd.PeriodIndex) else ""
    return f"one with a {type(index).__name__}{frequency}"


def get_days(series: pd.Series) -> Floats:
    """The length of each month in days."""
    return pd.PeriodIndex(series.index).days_in_month.to_numpy().astype(np.float64)


def get_calendar_months(series: pd.Series) -> Integers:
    """The calendar month of each, 1-12."""
    return pd.PeriodIndex(series.index).month.to_numpy().astype(np.int64)


def _find_lack(series: pd.Series) -> str | None:
    """What the series lacks to speak of seasons, in a sentence; None where it lacks nothing."""
    known = series.dropna()
    per_month = np.bincount(get_calendar_months(known), minlength=13)[1:]
    if len(known) < MIN_MONTHS or per_month.min() < 2:
        return (
            f"A season shows only when it comes back: {MIN_MONTHS} months with data are needed, each calendar month "
            f"twice, and here are {len(known)}{'' if len(known) < MIN_MONTHS else ', unevenly spread'}."
        )
    if known.nunique() < 2:
        return f"Every month has {known.iloc[0]:g} incidents: there is nothing to take apart."
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


def fit_rates(counts: Floats, design: Floats, *, days: Floats) -> tuple[Floats, Floats]:
    """Expected counts and coefficients of a Poisson regression of incidents per day.

    Where the most likely coefficients are infinite, as with a part of the design in which nothing happened, those
    are given that 20 steps of Newton's method reach.
    """
    expected: Floats = counts + 0.5
    coefficients: Floats = np.zeros(design.shape[1])
    for _ in range(20):
        root = np.sqrt(expected)
        target = np.log(expected / days) + (counts - expected) / expected
        coefficients = np.asarray(np.linalg.lstsq(design * root[:, None], target * root, rcond=None)[0])
        updated: Floats = np.asarray(days * np.exp(np.clip(design @ coefficients, -20.0, 20.0)), dtype=np.float64)
        is_settled = np.abs(updated - expected).max() <= 1e-9 * expected.max()
        expected = updated
        if is_settled:
            break
    return expected, coefficients


class _Scan:
    """The search of one series for the clearest season."""

    def __init__(self, series: pd.Series) -> None:
        known = series.notna().to_numpy()
        self.position = np.flatnonzero(known)
        self.counts = series.to_numpy()[known]
        self.days = get_days(series)[known]
        self.month = get_calendar_months(series)[known] - 1
        self.windows = [(first, n) for n in _WINDOW_LENGTHS for first in range(12)]
        inside = np.array([[(month - first) % 12 < n for month in range(12)] for first, n in self.windows])
        self.is_inside = inside[:, self.month].astype(np.float64)
        self.step: int | None = None
        n_years = int(self.position[-1] - self.position[0] + 1) // 12
        scaled = np.interp(self.position, (self.position[0], self.position[-1]), (-1.0, 1.0))
        self._set_trend(np.asarray(np.polynomial.legendre.legvander(scaled, max(n_years - 1, 1)), dtype=np.float64))

    def _set_trend(self, design: Floats) -> None:
        """Take the trend out of the counts and of the windows; both are weighed by the scatter of the counts."""
        self.trend_design = design
        expected, _ = fit_rates(self.counts, design, days=self.days)
        self.root: Floats = np.sqrt(np.maximum(expected, 1e-9))
        self.basis: Floats = np.asarray(np.linalg.qr(design * self.root[:, None])[0], dtype=np.float64)
        self.residuals = self._without_trend((self.counts - expected) / self.root)
        self.directions = self._directions(self.is_inside)

    def _without_trend(self, values: Floats) -> Floats:
        """Values of shape (n_months, ...) less what the trend explains of them."""
        return values - self.basis @ (self.basis.T @ values)

    def _directions(self, indicators: Floats) -> Floats:
        """Float (n_indicators, n_months) of length 1: what each adds to the trend; 0 where it adds nothing."""
        added = self._without_trend((indicators * self.root).T).T
        length = np.sqrt((added**2).sum(axis=1, keepdims=True))
        return np.where(length > 1e-6, added / np.maximum(length, 1e-6), 0.0)

    def _t(self, residuals: Floats) -> Floats:
        """How clear each window is, in its standard errors: (n_windows, n_series) of (n_months, n_series)."""
        effect = self.directions @ residuals
        n_free = len(self.counts) - self.basis.shape[1] - 1
        rest = np.maximum((residuals**2).sum(axis=0) - effect**2, 1e-12)
        return np.asarray(effect / np.sqrt(rest / n_free), dtype=np.float64)

    def add_better_step(self) -> bool:
        """Make a step in level part of the trend, if one fits better than the best window."""
        last = self.position[-1]
        starts = self.position[
            (self.position >= self.position[0] + _MIN_MONTHS_BESIDE_STEP)
            & (self.position <= last - _MIN_MONTHS_BESIDE_STEP + 1)
        ]
        after = (self.position >= starts[:, None]).astype(np.float64)
        fit = np.abs(self._directions(after) @ self.residuals)
        if fit.max() < np.abs(self.directions @ self.residuals).max():
            return False
        best = int(fit.argmax())
        self.step = int(starts[best])
        self._set_trend(np.column_stack([self.trend_design, after[best]]))
        return True

    def test(self, *, seed: int, n_replicates: int, level: float) -> tuple[SeasonWindow | None, float]:
        """The clearest window, if it is clearer than chance allows, and the autocorrelation allowed for."""
        t = self._t(self.residuals[:, None])[:, 0]
        best = int(np.abs(t).argmax())
        if self.windows[best][1] == 6 and t[best] < 0:
            # Half a year that is lower is the other half that is higher.
            best = self.windows.index(((self.windows[best][0] + 6) % 12, 6))
        left = self.residuals - self.directions[best] * (self.directions[best] @ self.residuals)
        autocorrelation = self._measure_autocorrelation(left)
        replicates = self._replicate(left, autocorrelation, np.random.default_rng(seed), n_replicates)
        clearest = np.abs(self._t(replicates)).max(axis=0)
        # What is equal but for rounding is equal.
        p = (1 + int((clearest >= abs(t[best]) * (1 - 1e-9)).sum())) / (n_replicates + 1)
        if p > level:
            return None, autocorrelation
        n_beyond = int(np.floor((n_replicates + 1) * level + 1e-9))
        critical = float(np.sort(clearest)[::-1][n_beyond - 1])
        ratio = self._measure_ratio(best)
        spread = critical / abs(float(t[best])) * np.log(ratio)
        first, n_months = self.windows[best]
        return (
            SeasonWindow(
                first_month=first + 1,
                n_months=n_months,
                ratio=ratio,
                low=float(ratio * np.exp(-abs(spread))),
                high=float(ratio * np.exp(abs(spread))),
                p_value=p,
            ),
            autocorrelation,
        )

    def _measure_autocorrelation(self, residuals: Floats) -> float:
        """Of neighbouring months; raised by what fitting takes away, and kept within bounds."""
        n = len(residuals)
        is_next = np.diff(self.position) == 1
        total = float((residuals**2).sum())
        if total <= 0:
            return _MIN_AUTOCORRELATION
        found = float((residuals[1:] * residuals[:-1])[is_next].mean()) / (total / n)
        fitted = (self.basis.shape[1] + 1) / n
        return float(np.clip(found + fitted, _MIN_AUTOCORRELATION, _MAX_AUTOCORRELATION))

    def _replicate(self, residuals: Floats, autocorrelation: float, rng: np.random.Generator, n: int) -> Floats:
        """Float (n_months, n): the residuals in random order, each then made to resemble the one before it."""
        dealt = rng.permuted(np.repeat(residuals[:, None], n, axis=1), axis=0)
        memory = autocorrelation ** np.diff(self.position)
        for step, kept in enumerate(memory, start=1):
            dealt[step] = kept * dealt[step - 1] + np.sqrt(1 - kept**2) * dealt[step]
        return self._without_trend(dealt)

    def _measure_ratio(self, best: int) -> float:
        """Rate inside the window by that of the rest, with the trend allowed for."""
        inside = self.is_inside[best]
        counts = self.counts
        if min(counts @ inside, counts @ (1 - inside)) == 0:
            # A ratio of 0 has no logarithm: half an incident a month keeps it finite.
            counts = counts + 0.5
        _, coefficients = fit_rates(counts, np.column_stack([self.trend_design, inside]), days=self.days)
        return float(np.exp(coefficients[-1]))


def _measure_year_trend(series: pd.Series, *, autocorrelation: float, level: float) -> SeasonalTrend:
    """Seasonal Mann-Kendall of the incidents per day."""
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
