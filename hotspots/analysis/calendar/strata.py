"""The ratio of the rate with a condition to that without it, over strata within which both are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import fft, optimize, special

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LimitMethod = Literal["exact", "greenland-robins"]
_MAX_EXACT, _MIN_NORMAL_VARIANCE = 10_000, 400
"""Of more incidents than this, the sum of binomials is summed as a normal one, which differs in the third figure."""
_SMALL_P = 1e-14
"""Below this the sum of the tail is rounding, and the normal score says as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedRatio:
    """The ratio of the rate with a condition to that without it, over strata within which both are alike.

    Attributes:
        ratio: Mantel-Haenszel rate ratio; infinite where nothing happened without the condition.
        low, high: Limits of the ratio at `confidence`.
        p_value: Two-sided, of no difference.
        z: Standard normal score of which `p_value` is the two-sided tail, 0 or more.
        n_with, n_without: Incidents in the strata that have both sides.
        expected_with: Of all of them, how many the condition would have if it made no difference.
        exposure_with, exposure_without: Of those strata.
        n_strata: Strata that have both sides and an incident.
        confidence: Of the limits, 0-1.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    z: float
    n_with: int
    n_without: int
    expected_with: float
    exposure_with: float
    exposure_without: float
    n_strata: int
    confidence: float


def compare_strata(
    n_with: npt.ArrayLike,
    n_without: npt.ArrayLike,
    *,
    exposure_with: npt.ArrayLike,
    exposure_without: npt.ArrayLike,
    confidence: float = 0.95,
    limits: LimitMethod = "exact",
) -> StratifiedRatio:
    """Compare the rates with and without a condition over strata, taking their ratio to be the same in each.

    Given the number in each stratum, the incidents with the condition are a sum of binomials. The exact p value is
    twice its smaller tail, the exact limits are the ratios at which a tail is half of 1 - `confidence`: of one stratum
    those of `compare_rates`. Strata with one side alone say nothing and are left out. Of more than 10,000 incidents the
    sum is taken as normal.

    Incidents are taken to be independent; where they are not, p is too small.

    Args:
        n_with: int (n_strata,), incidents with the condition.
        n_without: The same, without.
        exposure_with: Days or hours with the condition, 0 or more.
        exposure_without: The same, without.
        confidence: Of the limits.
        limits: "exact", or "greenland-robins": of the normal distribution of the log of the ratio, good for large
            numbers.

    Raises:
        ParameterError: A count is not a whole number of 0 or more or falls where there is no exposure, an exposure is
            below 0, the shapes differ, no stratum has both sides and an incident, the confidence is not between 0 and
            1, or the limits are not known.

    Source: Greenland, S. and Robins, J. M. (1985), "Estimation of a common effect parameter from sparse follow-up
    data", Biometrics 41(1), doi:10.2307/2530643; Rothman, Greenland and Lash (2008), Modern Epidemiology, chapter 15.
    """
    first, second, time_first, time_second = _check_strata(n_with, n_without, exposure_with, exposure_without)
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence must lie between 0 and 1, not {confidence:g}. 0.95 is usual.")
    if limits not in get_args(LimitMethod):
        raise ParameterError(f'No limits called "{limits}". Choose one of: {", ".join(get_args(LimitMethod))}.')
    is_used = (time_first > 0) & (time_second > 0) & (first + second > 0)
    if not is_used.any():
        raise ParameterError(
            "Rates are compared within strata, and each stratum lacks either incidents or exposure with or without "
            "the condition. Use wider strata or a longer period."
        )
    first, second, time_first, time_second = (part[is_used] for part in (first, second, time_first, time_second))
    time, total = time_first + time_second, first + second
    above, below = float((first * time_second / time).sum()), float((second * time_first / time).sum())
    ratio = above / below if below > 0 else math.inf
    share = time_first / time
    expected, variance = float((total * share).sum()), float((total * share * (1 - share)).sum())
    observed = int(first.sum())

    odds, group = np.unique(np.round(time_first / time_second, 12), return_inverse=True)
    sums = np.bincount(group.ravel(), weights=total).astype(np.int64)
    lower, upper = _find_tails(observed, sums, odds)
    p_value = min(2 * min(lower, upper), 1.0)
    z = -float(special.ndtri(p_value / 2))
    if p_value < _SMALL_P:
        z = max(abs(observed - expected) - 0.5, 0.0) / math.sqrt(variance)
        p_value = float(2 * special.ndtr(-z))
    tail = (1 - confidence) / 2
    if limits == "exact":
        low, high = _find_exact_limits(observed, sums, odds, tail=tail)
    else:
        spread = math.sqrt(variance / (above * below)) if above > 0 and below > 0 else math.inf
        width = -float(special.ndtri(tail)) * spread
        low, high = (0.0, math.inf) if math.isinf(width) else (ratio * math.exp(-width), ratio * math.exp(width))
    return StratifiedRatio(
        ratio=ratio,
        low=low,
        high=high,
        p_value=p_value,
        z=z,
        n_with=observed,
        n_without=int(second.sum()),
        expected_with=expected,
        exposure_with=float(time_first.sum()),
        exposure_without=float(time_second.sum()),
        n_strata=len(total),
        confidence=confidence,
    )


def _check_strata(*given: npt.ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
    """The counts and exposures of each side, checked."""
    first, second, time_first, time_second = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in given)
    shapes = {part.shape for part in (first, second, time_first, time_second)}
    if len(shapes) != 1 or first.ndim != 1:
        raise ParameterError(
            f"Counts and exposures must have one number for each stratum; their shapes are {sorted(shapes)}. Give four "
            "lists of one length."
        )
    for counts, time in ((first, time_first), (second, time_second)):
        wrong = ~((counts >= 0) & (counts == np.round(counts)) & np.isfinite(counts))
        if wrong.any():
            raise ParameterError(
                f"Counts must be whole numbers, 0 or more; {counts[wrong][0]:g} is not. Give numbers of incidents, not "
                "sums of weights."
            )
        wrong = ~((time >= 0) & np.isfinite(time))
        if wrong.any():
            raise ParameterError(f"An exposure must be 0 or more, not {time[wrong][0]:g}. Leave the stratum out.")
        wrong = (counts > 0) & (time == 0)
        if wrong.any():
            raise ParameterError(
                f"A stratum with incidents needs exposure; one has {counts[wrong][0]:g} incidents in a time of 0. "
                "Correct its exposure."
            )
    return first, second, time_first, time_second


def _find_tails(observed: int, totals: Integers, odds: Floats) -> tuple[float, float]:
    """Chance of at most, and of at least, `observed` in a sum of binomials of these totals and odds."""
    share = odds / (1 + odds)
    mean, spread = totals * share, np.sqrt(totals * share * (1 - share))
    if totals.sum() > _MAX_EXACT and (spread**2).sum() > _MIN_NORMAL_VARIANCE:
        centre, width = float(mean.sum()), math.sqrt(float((spread**2).sum()))
        return (
            float(special.ndtr((observed + 0.5 - centre) / width)),
            float(special.ndtr((centre - observed + 0.5) / width)),
        )
    # What lies eight standard deviations off is nothing beside the tails that are looked at.
    low = np.maximum(np.floor(mean - 8 * spread - 20), 0).astype(np.int64)
    high = np.minimum(np.ceil(mean + 8 * spread + 20), totals).astype(np.int64)
    chance = np.ones(1)
    for total, odd, begin, end in zip(totals, odds, low, high, strict=True):
        before = np.arange(begin, end)
        log_chance = np.append(0.0, np.log((total - before) / (before + 1) * odd).cumsum())
        weight = np.exp(log_chance - log_chance.max())
        chance = _convolve(chance, weight / weight.sum())
    position = observed - int(low.sum())
    lower = float(chance[: max(position + 1, 0)].sum())
    upper = float(chance[max(position, 0) :].sum())
    return min(lower, 1.0), min(upper, 1.0)


def _convolve(one: Floats, other: Floats) -> Floats:
    if min(len(one), len(other)) < 500:
        return np.convolve(one, other)
    size = len(one) + len(other) - 1
    n = fft.next_fast_len(size, real=True)
    return np.maximum(fft.irfft(fft.rfft(one, n) * fft.rfft(other, n), n)[:size], 0.0)


def _find_exact_limits(observed: int, totals: Integers, odds: Floats, *, tail: float) -> tuple[float, float]:
    """The ratios at which `observed` or more, and `observed` or fewer, have the chance `tail`."""

    def solve(side: int, guess: float) -> float:
        def excess(log_ratio: float) -> float:
            return _find_tails(observed, totals, odds * math.exp(log_ratio))[side] - tail

        # The chance of as many or more rises with the ratio, that of as many or fewer falls.
        sign = 1 if side == 1 else -1
        begin, end = guess - 0.2, guess + 0.2
        while sign * excess(begin) > 0 and begin > -40:
            begin -= 1.0
        while sign * excess(end) < 0 and end < 40:
            end += 1.0
        return math.exp(float(optimize.brentq(excess, begin, end, xtol=1e-8)))

    share = odds / (1 + odds)
    spread = math.sqrt(float((totals * share * (1 - share)).sum()))
    centre = math.log((observed + 0.5) / (float((totals * share).sum()) + 0.5))
    low = 0.0 if observed == 0 else solve(1, centre - 2 / spread)
    high = math.inf if observed == int(totals.sum()) else solve(0, centre + 2 / spread)
    return low, high
