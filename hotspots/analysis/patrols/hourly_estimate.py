"""What is expected at a place in each hour of a shift: its own week as far as it has one, else that of the area."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from hotspots.analysis.hours import HOURS_IN_WEEK
from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]

_HOURS_IN_DAY = 24
_EVEN = 0.5
"""Incidents added to each day and hour of the area, so that none is taken for impossible."""
_LARGEST = 1e6
"""Incidents that the week of all is taken to be worth at most; beyond it places do not differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyEstimate:
    """Incidents to expect by hour of the week, in one week.

    Attributes:
        expected: float (n_places, 168), Monday 00:00-00:59 first.
        own_weight: float (n_places,), the weight of a place's own hours, 0-1; the rest is the week of the whole area.
        n_alike: Incidents that the week of the whole area counts for at each place: large where places do not differ.
        is_flat: Whether the hours are not known and every hour has the same.
    """

    expected: Floats
    own_weight: Floats
    n_alike: float
    is_flat: bool


def estimate_hours(
    expected_a_week: npt.ArrayLike, counts: npt.ArrayLike | None, area_counts: npt.ArrayLike | None
) -> HourlyEstimate:
    """Spread what is expected at each place over the 168 hours of the week.

    Few incidents at a place make no week. So its hours are shrunk towards those of the whole area: with n incidents
    whose hour is known, its own hours have the weight n / (n + k). The hours of the area are shrunk in the same way
    towards (its days) x (its hours of the day). k is the number under which the hours of all places are likeliest,
    if each place's week were drawn around that of the area (a Dirichlet-multinomial distribution). Where places differ
    no more than chance, k is large and all have the week of the area.

    It says what week a place has on average. Seasons, school holidays and single days are not in it.

    Args:
        expected_a_week: float (n_places,), incidents to expect in a week.
        counts: float (n_places, 168), incidents by hour of the week as `weigh_hours` adds them up; None, as the next,
            where hours are not known, and every hour is given the same.
        area_counts: float (168,), of the whole area.

    Raises:
        DataError: A number is missing or below 0, or the tables do not fit each other.

    Source: Mosimann, J. E. (1962), "On the compound multinomial distribution", Biometrika 49(1-2),
    doi:10.1093/biomet/49.1-2.65.
    """
    weekly = np.asarray(expected_a_week, dtype=np.float64)
    if counts is None or area_counts is None:
        _require_amounts(weekly, shape=(len(weekly),))
        return HourlyEstimate(
            expected=np.repeat(weekly[:, None] / HOURS_IN_WEEK, HOURS_IN_WEEK, axis=1),
            own_weight=np.zeros(len(weekly)),
            n_alike=_LARGEST,
            is_flat=True,
        )
    own, area = np.asarray(counts, dtype=np.float64), np.asarray(area_counts, dtype=np.float64)
    _require_amounts(weekly, shape=(len(weekly),))
    _require_amounts(own, shape=(len(weekly), HOURS_IN_WEEK))
    _require_amounts(area, shape=(HOURS_IN_WEEK,))
    week = estimate_week(area)
    n_alike = _choose_weight(own, week)
    n_timed = own.sum(axis=1)
    return HourlyEstimate(
        expected=weekly[:, None] * _shrink(own, week, n_alike),
        own_weight=n_timed / (n_timed + n_alike),
        n_alike=n_alike,
        is_flat=False,
    )


def estimate_week(area_counts: npt.ArrayLike) -> Floats:
    """The week of a whole area: the share that each hour of it has of all incidents to expect.

    Args:
        area_counts: float (168,), incidents by hour of the week as `weigh_hours` adds them up.

    Returns:
        float (168,), above 0, adding up to 1: the hours counted, shrunk towards (days) x (hours of the day) as
        `estimate_hours` says.

    Raises:
        DataError: A number is missing or below 0, or there are not 168.
    """
    area = np.asarray(area_counts, dtype=np.float64)
    _require_amounts(area, shape=(HOURS_IN_WEEK,))
    by_day = area.reshape(-1, _HOURS_IN_DAY)
    days, hours = by_day.sum(axis=1) + _EVEN, by_day.sum(axis=0) + _EVEN
    product = np.outer(days / days.sum(), hours / hours.sum()).ravel()
    week: Floats = _shrink(area[None], product, _choose_weight(area[None], product))[0]
    return week


def _shrink(counts: Floats, prior: Floats, n_prior: float) -> Floats:
    """Shares by hour (n, 168), each row summing to 1."""
    together = counts + n_prior * prior
    shares: Floats = together / together.sum(axis=1, keepdims=True)
    return shares


def _choose_weight(counts: Floats, prior: Floats) -> float:
    """How many incidents the prior is worth: where the counts are likeliest."""
    totals = counts.sum(axis=1)

    def measure(log_n: float) -> float:
        alpha = np.exp(log_n) * prior
        likelihood = (gammaln(alpha.sum()) - gammaln(alpha.sum() + totals)).sum()
        likelihood += (gammaln(alpha + counts) - gammaln(alpha)).sum()
        return -float(likelihood)

    # it may have several hills: the best of a few points is climbed from there
    tried = np.linspace(0.0, np.log(_LARGEST), 15)
    at = int(np.argmin([measure(one) for one in tried]))
    bounds = (tried[max(at - 1, 0)], tried[min(at + 1, len(tried) - 1)])
    found = minimize_scalar(measure, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return float(np.exp(found.x))


def _require_amounts(values: Floats, *, shape: tuple[int, ...]) -> None:
    if values.shape != shape or not (np.isfinite(values).all() and (values >= 0).all()):
        raise DataError(
            f"Hours of a place need numbers of 0 or more of shape {shape}; given are {values.shape}, "
            f"{int((~(values >= 0)).sum()):,} of them missing or below 0. Give sums of `weigh_hours`."
        )
