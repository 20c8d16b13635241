"""The clearest run of calendar months of a series, and whether chance alone would show one as clear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import fit_rates
from hotspots.analysis.change.monthly_series import MONTH_NAMES, get_calendar_months, get_days

Floats = npt.NDArray[np.float64]


_WINDOW_LENGTHS = range(2, 7)
_SEASON_NAMES = {(3, 3): "spring", (6, 3): "summer", (9, 3): "autumn", (12, 3): "winter"}
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


class SeasonScan:
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
        """The clearest window, if it is clearer than chance allows, and the autocorrelation allowed for.

        Args:
            seed: Of the replicates.
            n_replicates: Series without a season that it is compared with.
            level: At or below which a p value counts.
        """
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
