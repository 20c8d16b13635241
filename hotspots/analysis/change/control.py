"""Months that stand out: the number expected in each, and limits that chance alone seldom exceeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hotspots.analysis.calendar import find_runs, fit_rates
from hotspots.analysis.change.monthly_series import MONTH_NAMES, check_months, get_calendar_months, get_days
from hotspots.analysis.change.season import Season
from hotspots.analysis.change.textbook_limits import limit_counts
from hotspots.distributions import negative_binomial_ppf
from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]

LimitMethod = Literal["predictive", "laney"]
SignalKind = Literal["above", "below", "run above", "run below"]

MIN_BASELINE_MONTHS = 12
N_MONTHS = 36
"""So many months are charted and expected from; what was before says little about now."""

_COVERAGE = 0.9973
"""Of three standard deviations either way of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A month, or the end of a run of months, that chance alone seldom brings.

    Attributes:
        month: The month; of a run the last one.
        kind: Outside the limits, or a run on one side of what was expected.
        n_months: Length of the run; 1 for a single month.
        observed: Incidents of the month; of a run those of all its months.
        expected: Of the same.
        low, high: Limits, both included; missing for a run, which has none.
        basis: What was expected comes from: "mean", "trend", "season" or "season and trend".
    """

    month: pd.Period
    kind: SignalKind
    n_months: int
    observed: int
    expected: float
    low: float
    high: float
    basis: str

    @property
    def words(self) -> str:
        """The signal in a sentence."""
        last = f"{MONTH_NAMES[self.month.month - 1]} {self.month.year}"
        basis = "the other months" if self.basis == "mean" else f"its {self.basis}"
        side = self.kind.rpartition(" ")[2]
        if self.n_months > 1:
            bases = basis if self.basis == "mean" else f"their {self.basis}"
            return (
                f"The {self.n_months} months to {last} were all {side} the number expected from {bases} "
                f"({self.observed:,} against {self.expected:,.0f})"
            )
        return (
            f"{last} ({self.observed:,}) was {side} the range expected from {basis} "
            f"({self.low:,.0f} to {self.high:,.0f})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """Monthly counts beside the numbers expected.

    The series are float, on the months charted, in incidents in the month as long as it is.

    Attributes:
        available: Whether there are enough months to expect anything.
        explanation: Where there are not, why; otherwise None.
        observed: As given; missing for months without data.
        expected: For every month, also those without data; of a "predictive" chart from the other months.
        low, high: Limits, both included; None, as `expected`, where not available.
        signals: In order of time; months without data are never one.
        basis: What `expected` comes from: "mean", "trend", "season" or "season and trend".
        dispersion: Variance of the counts as a multiple of that of Poisson counts, as measured; the predictive limits
            allow for at least 1. None where not available.
        n_months: Months with data among those charted.
        method: By which the limits were found.
        coverage: Of the limits, 0-1.
        run_length: Months on one side from which they are a signal; None where runs were not looked for.
    """

    available: bool
    explanation: str | None
    observed: pd.Series
    expected: pd.Series | None
    low: pd.Series | None
    high: pd.Series | None
    signals: tuple[Signal, ...]
    basis: str
    dispersion: float | None
    n_months: int
    method: LimitMethod
    coverage: float
    run_length: int | None


def find_signals(
    counts: pd.Series,
    *,
    season: Season | None = None,
    method: LimitMethod = "predictive",
    run_length: int | None = None,
) -> ControlChart:
    """Find months that hold more or fewer incidents than expected.

    Expected is the mean number of incidents per day, times the length of the month; where `season` has a significant
    window, that window has a rate of its own, and where it has a significant trend, rates rise or fall by the same
    share each month (Poisson regression).

    *predictive* (the default): what is expected of a month, and how much months scatter, is found from the other
    months only, so that one that stands out does not hide itself. The limits are the quantiles, 0.135% at either end,
    of a negative binomial distribution whose variance takes in the scatter (never less than
    Poisson), the uncertainty of the expectation and, by Student's t, that of the scatter. *laney*: `limit_counts`
    around a fit to all months, the chart of the textbooks.

    In simulated series in which nothing happens, at most 0.4% of months are outside the predictive limits, and 0 to
    10% of charts of 24 or 36 months have such a month. Of Laney's charts 5 to 23% have one, and up to 27% where months
    resemble their neighbours (autocorrelation 0.3). A run of 8 months on one side is seen in 3 to 10% of such charts,
    and in 7 to 23% of those with that autocorrelation; it is therefore looked for only when asked for.

    When it misleads: two odd months widen the limits for each other, so that a lasting change looks like scatter: see
    the trend, or a run. A significant window was picked from the same months. A season of another shape than one
    block is scatter to this chart.

    Args:
        counts: Of consecutive months, on a PeriodIndex of months; missing for a month without data or covered in part.
            The last 36 are charted.
        season: `measure_season` of the same or a longer series; None to expect the mean.
        method: Of the limits.
        run_length: Months in a row on one side of what was expected that are a signal; None for none. A month
            without data ends a run.

    Raises:
        ParameterError: An option is not known or too small.
        DataError: The index is not of consecutive months, or a count is negative, infinite or not a whole number.

    Source: Shewhart limits: as in `limit_counts`; negative binomial variance in control charts: Spiegelhalter, D. J.
    (2005), "Handling over-dispersion of performance indicators", Quality and Safety in Health Care 14,
    doi:10.1136/qshc.2005.013755; runs: Nelson, L. S. (1984), "The Shewhart control chart: tests for special causes",
    Journal of Quality Technology 16(4), doi:10.1080/00224065.1984.11978921.
    """
    if method not in get_args(LimitMethod):
        raise ParameterError(f'No limits called "{method}". Choose one of: {", ".join(get_args(LimitMethod))}.')
    if run_length is not None and (run_length != int(run_length) or run_length < 2):
        raise ParameterError(f"A run must be a whole number of months, 2 or more, not {run_length}. 8 is usual.")
    observed = check_months(counts, is_whole=True).iloc[-N_MONTHS:]
    known = observed.notna().to_numpy()
    basis = _find_basis(season)
    lack = _find_lack(observed)
    if lack is not None:
        return ControlChart(
            available=False,
            explanation=lack,
            observed=observed,
            expected=None,
            low=None,
            high=None,
            signals=(),
            basis=basis,
            dispersion=None,
            n_months=int(known.sum()),
            method=method,
            coverage=_COVERAGE,
            run_length=run_length,
        )
    design = _make_design(observed, season, basis)
    days, values = get_days(observed), observed.to_numpy()
    _, coefficients, dispersion = _fit(values[known], design[known], days=days[known])
    if method == "predictive":
        expected, low, high = _predict(values, design, days=days)
    else:
        expected = days * np.exp(np.clip(design @ coefficients, -20.0, 20.0))
        limits = limit_counts(values, expected)
        low, high, dispersion = limits.low, limits.high, limits.sigma_z**2
    chart = {
        name: pd.Series(column, index=observed.index)
        for name, column in (("expected", expected), ("low", low), ("high", high))
    }
    signals = _find_outside(observed, **chart, basis=basis)
    if run_length is not None:
        signals += _find_long_runs(observed, chart["expected"], run_length=int(run_length), basis=basis)
    return ControlChart(
        available=True,
        explanation=None,
        observed=observed,
        **chart,
        signals=tuple(sorted(signals, key=lambda signal: (signal.month, signal.n_months))),
        basis=basis,
        dispersion=dispersion,
        n_months=int(known.sum()),
        method=method,
        coverage=_COVERAGE,
        run_length=run_length,
    )


def _find_basis(season: Season | None) -> str:
    """What is expected comes from."""
    if season is None:
        return "mean"
    has_trend = season.year_trend is not None and season.year_trend.direction != "none"
    parts = ["season"] * (season.window is not None) + ["trend"] * has_trend
    return " and ".join(parts) or "mean"


def _find_lack(observed: pd.Series) -> str | None:
    """What the months lack to expect anything from them, in a sentence; None where they lack nothing."""
    n = int(observed.notna().sum())
    if n < MIN_BASELINE_MONTHS:
        return f"{n} months with data are too few to know what to expect; {MIN_BASELINE_MONTHS} are needed."
    if float(observed.sum()) == 0:
        return "No month has an incident."
    return None


def _make_design(observed: pd.Series, season: Season | None, basis: str) -> Floats:
    """Float (n_months, n_columns): a mean, and the window and trend where they are part of the basis."""
    columns = [np.ones(len(observed))]
    if "season" in basis and season is not None and season.window is not None:
        columns.append(np.isin(get_calendar_months(observed), season.window.months).astype(np.float64))
    if "trend" in basis:
        columns.append(np.linspace(-1.0, 1.0, len(observed)))
    return np.column_stack(columns)


def _fit(values: Floats, design: Floats, *, days: Floats) -> tuple[Floats, Floats, float]:
    """Expected counts, coefficients, and the variance about what is expected as a multiple of Poisson variance."""
    fitted, coefficients = fit_rates(values, design, days=days)
    n_free = len(values) - design.shape[1]
    scatter = (values - fitted) ** 2 / np.maximum(fitted, 1e-9)
    return fitted, coefficients, float(scatter.sum()) / n_free


def _predict(values: Floats, design: Floats, *, days: Floats) -> tuple[Floats, Floats, Floats]:
    """Of each month, what the others lead one to expect, and the limits of that."""
    known = ~np.isnan(values)
    expected, variance = np.empty(len(values)), np.empty(len(values))
    for month in range(len(values)):
        others = known.copy()
        others[month] = False
        fitted, coefficients, dispersion = _fit(values[others], design[others], days=days[others])
        expected[month] = days[month] * np.exp(np.clip(design[month] @ coefficients, -20.0, 20.0))
        information = (design[others] * fitted[:, None]).T @ design[others]
        relative = float(design[month] @ np.linalg.pinv(information) @ design[month])
        variance[month] = max(dispersion, 1.0) * (expected[month] + relative * expected[month] ** 2)
    n_free = known.sum() - known - design.shape[1]
    tail = (1 - _COVERAGE) / 2
    variance *= (special.stdtrit(n_free, tail) / special.ndtri(tail)) ** 2
    # A negative binomial count has a variance above its mean, which the widening makes sure of.
    shape = expected**2 / (variance - expected)
    low = negative_binomial_ppf(tail, shape, expected / variance)
    high = negative_binomial_ppf(1 - tail, shape, expected / variance)
    return expected, np.maximum(low, 0.0), high


def _find_outside(
    observed: pd.Series, *, expected: pd.Series, low: pd.Series, high: pd.Series, basis: str
) -> list[Signal]:
    """Months outside the limits; a missing count is neither above nor below."""
    is_above, is_below = observed > high, observed < low
    return [
        Signal(
            month=month,
            kind="above" if is_above[month] else "below",
            n_months=1,
            observed=int(observed[month]),
            expected=float(expected[month]),
            low=float(low[month]),
            high=float(high[month]),
            basis=basis,
        )
        for month in observed.index[is_above | is_below]
    ]


def _find_long_runs(observed: pd.Series, expected: pd.Series, *, run_length: int, basis: str) -> list[Signal]:
    """Runs of months on one side, each as long as it is."""
    kinds: tuple[SignalKind, SignalKind] = ("run above", "run below")
    return [
        Signal(
            month=observed.index[stop - 1],
            kind=kind,
            n_months=stop - start,
            observed=int(observed.iloc[start:stop].sum()),
            expected=float(expected.iloc[start:stop].sum()),
            low=float("nan"),
            high=float("nan"),
            basis=basis,
        )
        # A month without data is on neither side, and ends a run.
        for kind, is_there in zip(kinds, (observed > expected, observed < expected), strict=True)
        for start, stop in find_runs(is_there.to_numpy())
        if stop - start >= run_length
    ]
