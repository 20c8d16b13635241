"""The ratio of two areas' relative changes, with exact limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from hotspots.errors import ParameterError

Counts = tuple[int, int]
"""Incidents before and after."""

Direction = Literal["better", "worse", "no apparent effect", "nothing can be said"]
_WIDEST_LOG_RATIO = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeChange:
    """The ratio of two areas' relative changes.

    Attributes:
        ratio: (after / before) of the first over (after / before) of the second; 1 where both changed alike, infinite
            or NaN where a count to divide by is 0.
        low, high: Limits of the ratio. Exact where `spread` is 1: they hold the truth at least as often as they say.
        p_value: Two-sided, of a ratio of 1; it is at most 1 - confidence just where the limits leave 1 out.
        spread: How many times as far as Poisson counts the ratio was taken to scatter.
        n_expected: Incidents after, had the first area changed as the second did; NaN where the second had none before.
        n_more: Incidents after beyond that: below 0 where there were fewer.
        n_more_low, n_more_high: Limits of `n_more`: those of the ratio, less 1, of what was expected.
        least_expected: The least of the four counts to be expected if both changed alike.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    spread: float
    n_expected: float
    n_more: float
    n_more_low: float
    n_more_high: float
    least_expected: float

    @property
    def direction(self) -> Direction:
        """Whether the first area did better than the second (fewer incidents than had it changed likewise) or worse.

        "No apparent effect" where it may be chance; "nothing can be said" where any ratio at all may be the true one.
        """
        if self.low == 0 and self.high == math.inf:
            return "nothing can be said"
        return "better" if self.high < 1 else "worse" if self.low > 1 else "no apparent effect"


def read_counts(counts: Counts, name: str) -> Counts:
    """The counts of an area as plain ints.

    Args:
        counts: Incidents before and after.
        name: What the message calls the area.

    Raises:
        ParameterError: They are not two whole numbers from 0.
    """
    try:
        before, after = (float(n) for n in counts)
        is_whole = all(math.isfinite(n) and n >= 0 and n == int(n) for n in (before, after))
    except (TypeError, ValueError):
        is_whole = False
    if not is_whole:
        raise ParameterError(
            f"An area needs two whole counts, 0 or more, before and after; the {name} has {counts!r}. Give numbers of "
            "incidents, not rates or sums of weights."
        )
    return int(before), int(after)


def compare_changes(first: Counts, second: Counts, *, confidence: float = 0.95, spread: float = 1.0) -> RelativeChange:
    """Compare the relative changes of two areas: the ratio of ratios of `measure_displacement`.

    Args:
        first: Incidents before and after in the one; int, 0 or more.
        second: In the other.
        confidence: Of the limits.
        spread: How many times as far as Poisson counts the ratio scatters (`measure_scatter`): the limits are the exact
            ones at as many times the standard errors, and the p value goes with them.

    Raises:
        ParameterError: A count is not a whole number of 0 or more, the confidence not between 0 and 1, or the spread
            below 1.
    """
    require_confidence(confidence)
    if not (math.isfinite(spread) and spread >= 1):
        raise ParameterError(
            f"A spread must be 1 or more, because ratios scatter at least as Poisson counts do; {spread:g} was given. "
            "Take the spread from measure_scatter, or leave it out."
        )
    first, second = read_counts(first, "first area"), read_counts(second, "second area")
    (first_before, first_after), (second_before, second_after) = first, second
    above, below = first_after * second_before, first_before * second_after
    ratio = above / below if below else math.inf if above else math.nan
    tail = float(special.ndtr(spread * special.ndtri((1 - confidence) / 2)))
    low, high, p_value = _find_limits(first, second, tail)
    expected = first_before * second_after / second_before if second_before else math.nan
    n_before, n_after = first_before + second_before, first_after + second_after
    total = n_before + n_after
    margins = [area * period for area in (sum(first), sum(second)) for period in (n_before, n_after)]
    return RelativeChange(
        ratio=ratio,
        low=low,
        high=high,
        p_value=p_value if spread == 1 else float(2 * special.ndtr(special.ndtri(p_value / 2) / spread)),
        spread=float(spread),
        n_expected=expected,
        n_more=first_after - expected,
        n_more_low=expected * (low - 1) if expected else math.nan,
        n_more_high=expected * (high - 1) if expected else math.nan,
        least_expected=min(margins) / total if total else 0.0,
    )


def require_confidence(confidence: float) -> None:
    """Refuse a confidence outside 0 to 1.

    Raises:
        ParameterError: It is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence must lie between 0 and 1, not {confidence:g}. 0.95 is usual.")


def _find_limits(first: Counts, second: Counts, tail: float) -> tuple[float, float, float]:
    """Limits of the ratio of ratios, and the p value of 1, given how many incidents each area and period has."""
    n_first, n_after, total = sum(first), first[1] + second[1], sum(first) + sum(second)
    n = np.arange(max(0, n_first + n_after - total), min(n_first, n_after) + 1, dtype=np.float64)
    observed = first[1] - int(n[0])
    # of every way to share the incidents out, how many there are, up to a constant
    log_ways = -(
        special.gammaln(n + 1)
        + special.gammaln(n_first - n + 1)
        + special.gammaln(n_after - n + 1)
        + special.gammaln(total - n_first - n_after + n + 1)
    )

    def share(log_ratio: float, part: slice) -> float:
        """Probability of the counts in a part of `n`, if this is the ratio."""
        weight: npt.NDArray[np.float64] = log_ways + n * log_ratio
        weight = np.exp(weight - weight.max())
        return float(weight[part].sum() / weight.sum())

    at_least, at_most = slice(observed, None), slice(None, observed + 1)
    p_value = min(1.0, 2 * min(share(0.0, at_least), share(0.0, at_most)))
    low = 0.0 if observed == 0 else _solve(lambda log_ratio: share(log_ratio, at_least) - tail)
    high = math.inf if observed == len(n) - 1 else _solve(lambda log_ratio: share(log_ratio, at_most) - tail)
    return low, high, p_value


def _solve(excess: Callable[[float], float]) -> float:
    """The ratio at which a probability that rises or falls with its logarithm passes the tail."""
    return math.exp(optimize.brentq(excess, -_WIDEST_LOG_RATIO, _WIDEST_LOG_RATIO, xtol=1e-10))
