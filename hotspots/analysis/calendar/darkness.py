"""How much of each hour is dark, and how many times as many incidents happen then, allowing for the season."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.analysis.calendar.days import Calendar
from hotspots.analysis.calendar.poisson_rates import fit_rates
from hotspots.analysis.calendar.strata import StratifiedRatio

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MAX_INFLATION = 1e4
"""How much the other columns may inflate the variance of darkness before it counts as following from them."""
_MAX_STEP = 1e-4
"""By which the logarithm of a rate may still change for a fit to count as found."""


def measure_darkness(calendar: Calendar) -> Floats:
    """How much of each clock hour of each day is dark, from dusk to dawn.

    Where the clock goes forward or back, the hour that is missing or there twice is taken as one like others.

    Returns:
        float (n_days, 24), 0 (light throughout) to 1 (dark throughout).
    """
    days = calendar.days
    opens, closes = days["dawn"].to_numpy(copy=True), days["dusk"].to_numpy(copy=True)
    always = days["is_always_light"].to_numpy()
    opens[always], closes[always] = 0.0, 24.0
    hours = np.arange(24.0)
    light = np.zeros((len(days), 24))
    # Far from the middle of its zone, or far north, a place has its dusk after midnight: on the next day's clock.
    for shift in (-1, 0, 1):
        source = np.clip(np.arange(len(days)) + shift, 0, len(days) - 1)
        begin, finish = opens[source] + 24 * shift, closes[source] + 24 * shift
        overlap = np.minimum(finish[:, None], hours + 1) - np.maximum(begin[:, None], hours)
        light += np.nan_to_num(np.clip(overlap, 0.0, 1.0))
    return np.clip(1.0 - light, 0.0, 1.0)


def fit_season(
    n: Integers, month: Integers, hour: Integers, in_dark: Flags, *, confidence: float
) -> tuple[StratifiedRatio, Floats, float] | None:
    """Poisson regression of the counts of hours on month, clock hour and darkness.

    Args:
        n: int (n_hours,), incidents in each hour of each day.
        month: int (n_hours,), a number for each month, from 0.
        hour: int (n_hours,), 0-23.
        in_dark: bool (n_hours,), dark throughout; the others are light throughout.
        confidence: Of the limits, 0-1.

    Returns:
        The ratio of darkness, the fitted count of each, and the dispersion of the cells; None where darkness cannot be
        told from month and hour.
    """
    # Months and hours in which nothing happened have no logarithm, and say nothing about a ratio.
    kept = (np.bincount(month, weights=n)[month] > 0) & (np.bincount(hour, weights=n)[hour] > 0)
    cells, cell = np.unique((month[kept] * 24 + hour[kept]) * 2 + in_dark[kept], return_inverse=True)
    cell = cell.ravel()
    counts = np.bincount(cell, weights=n[kept]).astype(np.float64)
    exposure = np.bincount(cell).astype(np.float64)
    dark = (cells % 2).astype(np.float64)
    months = (cells // 48)[:, None] == np.unique(cells // 48)
    hours = (cells // 2 % 24)[:, None] == np.unique(cells // 2 % 24)[1:]
    design = np.column_stack([dark, months, hours]).astype(np.float64)
    fit = measure_slope(design, counts, exposure)
    if fit is None:
        return None
    slope, error, expected = fit
    z, width = abs(slope) / error, -float(special.ndtri((1 - confidence) / 2)) * error
    fitted = np.zeros(len(n))
    fitted[kept] = (expected / exposure)[cell]
    ratio = StratifiedRatio(
        ratio=math.exp(slope),
        low=math.exp(slope - width),
        high=math.exp(slope + width),
        p_value=float(2 * special.ndtr(-z)),
        z=z,
        n_with=int(counts[dark > 0].sum()),
        n_without=int(counts[dark == 0].sum()),
        expected_with=float(expected[dark > 0].sum()),
        exposure_with=float(exposure[dark > 0].sum()),
        exposure_without=float(exposure[dark == 0].sum()),
        n_strata=len(counts),
        confidence=confidence,
    )
    freedom = len(counts) - design.shape[1]
    dispersion = float(((counts - expected) ** 2 / expected).sum()) / freedom if freedom >= 1 else 1.0
    return ratio, fitted, dispersion


def measure_slope(design: Floats, counts: Floats, exposure: Floats) -> tuple[float, float, Floats] | None:
    """The coefficient of the first column of a Poisson regression, its standard error, and the expected counts.

    Args:
        design: float (n, n_columns).
        counts: float (n,), incidents.
        exposure: float (n,), hours.

    Returns:
        None where the first column follows from the others, or no coefficient is likeliest.
    """
    expected, coefficients = fit_rates(counts, design, days=exposure)
    information = design.T @ (design * expected[:, None])
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return None
    if not 0 < information[0, 0] * inverse[0, 0] < _MAX_INFLATION:
        return None
    # Where a side has no incident every further step goes on in the same direction, and none is small.
    next_step = design @ (inverse @ (design.T @ (counts - expected)))
    if np.abs(next_step).max() > _MAX_STEP:
        return None
    return float(coefficients[0]), math.sqrt(inverse[0, 0]), expected
