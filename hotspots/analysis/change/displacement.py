"""Whether crime changed where something was done by more than where nothing was, and whether it moved next door."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from hotspots.errors import ParameterError, TooLittleDataError

Counts = tuple[int, int]
"""Incidents before and after."""

Direction = Literal["better", "worse", "no apparent effect", "nothing can be said"]

_MIN_EXPECTED = 5.0
"""Below this expectation in any count, the normal approximation of the difference is not to be relied on."""
_ALIKE = 2.0
"""Up to this many times the incidents, or as small a part of them, a control counts as of the same size."""
_WIDEST_LOG_RATIO = 60.0
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDifference:
    """By how many incidents the change in one area is more than that in another.

    Attributes:
        difference: Incidents; below 0 where the first area did better.
        variance: Of the difference, were every count Poisson.
        z: The difference in standard errors; 0 where all counts are 0.
        p_value: Two-sided, of no difference, by the normal approximation.
        p_fall: One-sided: how often chance alone would give so low a difference.
        p_rise: One-sided: so high a one.
        low, high: Limits of the difference; NaN where all counts are 0.
    """

    difference: float
    variance: float
    z: float
    p_value: float
    p_fall: float
    p_rise: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeChange:
    """How many times its own past one area came to, over the same for another.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How far the ratios of areas scatter in which nothing was done.

    Attributes:
        n_areas: How many were looked at.
        called_share: In how many of them, as a share, the exact test calls an effect; 1 - confidence or less if counts
            are Poisson and change alike everywhere.
        spread: How many times as far as Poisson counts the ratios scatter, at least 1: that by which limits must be
            wider for one more such area to lie outside them no more often than stated.
    """

    n_areas: int
    called_share: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedDisplacement:
    """What became of crime in a treated area and around it, against a control.

    Attributes:
        treated, control: Incidents before and after.
        displacement_treated, displacement_control: The same around them; None where not measured.
        period_days: Length of the periods before and after, or any numbers in proportion to them.
        net: The weighted displacement difference: `local` and `displaced` together.
        local: Treated area less control.
        displaced: Around the treated area less around the control; None without a displacement area.
        net_ratio: Treated area and its surroundings, against the control and its own.
        local_ratio: Treated area against control.
        displaced_ratio: Around the treated area against around the control, or against the control itself where there
            is nothing around it; None without a displacement area.
        confidence: Of every limit, 0-1.
        least_expected: The least count to be expected anywhere if nothing had an effect.
        size_ratio: Incidents before in the control over those in the treated area; infinite where there were none.
    """

    treated: Counts
    control: Counts
    displacement_treated: Counts | None
    displacement_control: Counts | None
    period_days: tuple[float, float]
    net: CountDifference
    local: CountDifference
    displaced: CountDifference | None
    net_ratio: RelativeChange
    local_ratio: RelativeChange
    displaced_ratio: RelativeChange | None
    confidence: float
    least_expected: float
    size_ratio: float

    @property
    def is_small(self) -> bool:
        """Whether some count is too small for the normal approximation; the ratios are exact and stand."""
        return self.least_expected < _MIN_EXPECTED

    @property
    def is_alike(self) -> bool:
        """Whether the control is of the size of the treated area, without which the differences mislead."""
        return 1 / _ALIKE <= self.size_ratio <= _ALIKE


def measure_displacement(
    *,
    treated: Counts,
    control: Counts,
    displacement_treated: Counts | None = None,
    displacement_control: Counts | None = None,
    period_days: tuple[float, float] = (1.0, 1.0),
    confidence: float = 0.95,
) -> WeightedDisplacement:
    """Compare the change in a treated area, and around it, with that in a control.

    Two answers, which differ in what they take "no effect" to be:

    * The weighted displacement difference: the change in incidents in the treated area, less that in the control, plus
      the same for the displacement areas. Its variance is the sum of all counts. No effect means that all areas gain
      or lose the same NUMBER of incidents, so it needs a control of about the size of the treated area: against one of
      ten times the incidents, a fall of 10% everywhere looks like a rise where something was done. Normal
      approximation.
    * The ratio of ratios: the treated area's after / before over the control's. No effect means the same SHARE gained
      or lost, whatever the sizes of the areas and the lengths of the periods. Limits and p value are exact, given the
      totals of areas and periods (the noncentral hypergeometric distribution), and so right with few incidents too.

    Periods of different lengths: counts before are multiplied by after / before in days, and their variance by its
    square, so that differences are in incidents of a period as long as that after. A longer before sharpens the
    answer; but one of other months than the after lets the seasons in, unless the control has the same seasons.

    It misleads where the control was chosen after its counts were seen; where areas were treated because of a bad
    spell, which would have ended anyhow (regression to the mean); where displacement runs into the control; and where
    incidents come in series, so that counts vary more than Poisson ones and effects are called more often than stated.

    Args:
        treated: Incidents before and after where something was done; int, 0 or more.
        control: The same where nothing was, at the same times.
        displacement_treated: The same around the treated area, if displacement is to be looked for; no incident may be
            in two areas.
        displacement_control: The same around the control; it needs `displacement_treated`.
        period_days: Length of the periods before and after, above 0.
        confidence: Of the limits.

    Raises:
        ParameterError: A count is no whole number from 0, a length not above 0, the confidence not between 0 and 1, or
            there is a displacement area of the control alone.
        TooLittleDataError: The treated area and the control hold no incident at all.

    Source: Wheeler, A. P. and Ratcliffe, J. H. (2018), "A simple weighted displacement difference test to evaluate
    place based crime interventions", Crime Science 7:11, doi:10.1186/s40163-018-0085-5; for lengths Wheeler, A. P.
    (2021), "The WDD test with different pre post time periods"; for the exact limits Cornfield, J. (1956), "A
    statistical problem arising from retrospective studies", Proceedings of the Third Berkeley Symposium 4.
    """
    _require_confidence(confidence)
    if displacement_control is not None and displacement_treated is None:
        raise ParameterError(
            "Displacement is looked for around the treated area; counts around the control alone say nothing of it. "
            "Give displacement_treated too, or leave displacement_control out."
        )
    inside, outside = _read_counts(treated, "treated area"), _read_counts(control, "control")
    around = None if displacement_treated is None else _read_counts(displacement_treated, "area around the treated one")
    beside = None if displacement_control is None else _read_counts(displacement_control, "area around the control")
    days = _read_days(period_days)
    if not sum(inside) + sum(outside):
        raise TooLittleDataError(
            "Neither the treated area nor the control holds an incident, before or after: nothing can be compared. "
            "Take a longer period, a larger area or a broader crime."
        )

    scale = days[1] / days[0]
    nothing = (0, 0)
    net = [(inside, 1), (outside, -1), (around or nothing, 1), (beside or nothing, -1)]
    local_ratio = compare_changes(inside, outside, confidence=confidence)
    displaced_ratio = None if around is None else compare_changes(around, beside or outside, confidence=confidence)
    return WeightedDisplacement(
        treated=inside,
        control=outside,
        displacement_treated=around,
        displacement_control=beside,
        period_days=days,
        net=_subtract(net, scale, confidence),
        local=_subtract(net[:2], scale, confidence),
        displaced=None if around is None else _subtract(net[2:], scale, confidence),
        net_ratio=compare_changes(add_counts(inside, around), add_counts(outside, beside), confidence=confidence),
        local_ratio=local_ratio,
        displaced_ratio=displaced_ratio,
        confidence=confidence,
        least_expected=min(part.least_expected for part in (local_ratio, displaced_ratio) if part is not None),
        size_ratio=outside[0] / inside[0] if inside[0] else math.inf,
    )


def _read_counts(counts: Counts, name: str) -> Counts:
    """The counts of an area as plain ints, if they are such."""
    try:
        before, after = (float(n) for n in counts)
        is_whole = all(math.isfinite(n) and n >= 0 and n == int(n) for n in (before, after))
    except (TypeError, ValueError):
        is_whole = False
    if not is_whole:
        raise ParameterError(
            f"Areas are compared by two whole counts from 0, before and after; the {name} has {counts!r}. "
            "Give numbers of incidents, not rates or sums of weights."
        )
    return int(before), int(after)


def _read_days(period_days: tuple[float, float]) -> tuple[float, float]:
    """The lengths of the periods, if they are such."""
    try:
        before, after = (float(days) for days in period_days)
        is_length = all(math.isfinite(days) and days > 0 for days in (before, after))
    except (TypeError, ValueError):
        is_length = False
    if not is_length:
        raise ParameterError(
            f"The periods before and after need two lengths above 0; given were {period_days!r}. "
            "Give the days of each, or leave the lengths out if they are the same."
        )
    return before, after


def add_counts(one: Counts, other: Counts | None) -> Counts:
    """The incidents of two areas together; of the first alone where there is no second."""
    return one if other is None else (one[0] + other[0], one[1] + other[1])


def _subtract(parts: list[tuple[Counts, int]], scale: float, confidence: float) -> CountDifference:
    """The sum of the changes of areas, each with its sign, before-counts being multiplied by `scale`."""
    difference = sum(sign * (after - scale * before) for (before, after), sign in parts)
    variance = sum(after + scale**2 * before for (before, after), _ in parts)
    if not variance:
        return CountDifference(
            difference=0.0, variance=0.0, z=0.0, p_value=1.0, p_fall=1.0, p_rise=1.0, low=math.nan, high=math.nan
        )
    error = math.sqrt(variance)
    z = difference / error
    margin = float(stats.norm.isf((1 - confidence) / 2)) * error
    return CountDifference(
        difference=float(difference),
        variance=float(variance),
        z=z,
        p_value=float(2 * stats.norm.sf(abs(z))),
        p_fall=float(stats.norm.cdf(z)),
        p_rise=float(stats.norm.sf(z)),
        low=difference - margin,
        high=difference + margin,
    )


def compare_changes(first: Counts, second: Counts, *, confidence: float = 0.95, spread: float = 1.0) -> RelativeChange:
    """Compare how many times its own past each of two areas came to: the ratio of ratios of `measure_displacement`.

    Args:
        first: Incidents before and after in the one; int, 0 or more.
        second: In the other.
        confidence: Of the limits.
        spread: How many times as far as Poisson counts the ratio scatters (`measure_scatter`): the limits are the exact
            ones at as many times the standard errors, and the p value goes with them.

    Raises:
        ParameterError: A count is no whole number from 0, the confidence not between 0 and 1, or the spread below 1.
    """
    _require_confidence(confidence)
    if not (math.isfinite(spread) and spread >= 1):
        raise ParameterError(
            f"Ratios scatter as Poisson counts do, or further: a spread is 1 or more, not {spread:g}. "
            "Take that of measure_scatter, or leave it out."
        )
    first, second = _read_counts(first, "first area"), _read_counts(second, "second area")
    (first_before, first_after), (second_before, second_after) = first, second
    above, below = first_after * second_before, first_before * second_after
    ratio = above / below if below else math.inf if above else math.nan
    tail = float(stats.norm.sf(spread * stats.norm.isf((1 - confidence) / 2)))
    low, high, p_value = _find_limits(first, second, tail)
    expected = first_before * second_after / second_before if second_before else math.nan
    n_before, n_after = first_before + second_before, first_after + second_after
    total = n_before + n_after
    margins = [area * period for area in (sum(first), sum(second)) for period in (n_before, n_after)]
    return RelativeChange(
        ratio=ratio,
        low=low,
        high=high,
        p_value=p_value if spread == 1 else float(2 * stats.norm.sf(stats.norm.isf(p_value / 2) / spread)),
        spread=float(spread),
        n_expected=expected,
        n_more=first_after - expected,
        n_more_low=expected * (low - 1) if expected else math.nan,
        n_more_high=expected * (high - 1) if expected else math.nan,
        least_expected=min(margins) / total if total else 0.0,
    )


def count_areas_needed(confidence: float) -> int:
    """How many independent areas it takes to widen limits to a confidence: 19 for 0.95.

    The one more area is beyond all of n like it once in n + 1 times, so the largest of fewer does not go far enough.

    Raises:
        ParameterError: The confidence is not between 0 and 1.
    """
    _require_confidence(confidence)
    return max(1, math.ceil(confidence / (1 - confidence) - _ROUNDING))


def measure_scatter(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = 0.95, n_independent: float | None = None
) -> Scatter:
    """Measure how far ratios of ratios scatter where nothing was done, to widen limits by.

    Real counts vary more than Poisson ones: offences come in series, and one street changes otherwise than the next.
    The spread is a quantile of the areas' absolute standardised log ratios (0.5 being added to each count), over that
    of the normal distribution. With n independent areas it is the quantile at `confidence` (n + 1) / n: one more area
    lies beyond it no more often than stated, if it is like them. Of fewer than `count_areas_needed` even the largest
    does not keep that promise. It is no better than the areas are: like the treated area in size, in incidents, and in
    that no other thing was done there.

    Args:
        first: Incidents before and after in each area; int (n_areas, 2).
        second: In what each is compared with.
        confidence: Of the limits that will be widened.
        n_independent: How many areas these are worth, where they overlap; by default all.

    Raises:
        ParameterError: The counts are not of that shape or no whole numbers from 0, the confidence not between 0 and
            1, or fewer than one area independent.
        TooLittleDataError: There is no area, or they are worth too few for the confidence.

    Source: for the quantile Vovk, V., Gammerman, A. and Shafer, G. (2005), "Algorithmic learning in a random world",
    doi:10.1007/b106715 (conformal prediction).
    """
    _require_confidence(confidence)
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    counts = np.concatenate([one, other], axis=1) if one.shape == other.shape and one.ndim == 2 else np.empty((0, 0))
    if one.shape == other.shape and one.size == 0:
        raise TooLittleDataError("A scatter needs areas; there are none. Take a larger study area.")
    if counts.shape[1] != 4 or not bool(((counts >= 0) & (counts == np.round(counts)) & np.isfinite(counts)).all()):
        raise ParameterError(
            "A scatter is of whole counts from 0, before and after, in as many areas as controls; given were arrays of "
            f"the shapes {one.shape} and {other.shape}. Give two arrays of two columns."
        )
    n_worth = float(len(counts) if n_independent is None else min(n_independent, len(counts)))
    if not n_worth >= 1:
        raise ParameterError(
            f"Areas are worth one independent area or more, not {n_worth:g}. Leave it out if they do not overlap."
        )
    n_needed = count_areas_needed(confidence)
    if n_worth < n_needed:
        raise TooLittleDataError(
            f"It takes {n_needed:,} independent areas to widen limits to {100 * confidence:g}%; these are worth "
            f"{math.floor(n_worth):,}. Take a larger study area or smaller areas, or leave the limits as they are."
        )
    n_after, n_first, total = one[:, 1] + other[:, 1], one.sum(axis=1), counts.sum(axis=1)
    tails = np.minimum(
        stats.hypergeom.cdf(one[:, 1], total, n_after, n_first),
        stats.hypergeom.sf(one[:, 1] - 1, total, n_after, n_first),
    )
    log_counts, signs = np.log(counts + 0.5), np.array([-1, 1, 1, -1])
    z = (log_counts @ signs) / np.sqrt((1 / (counts + 0.5)).sum(axis=1))
    usual = float(stats.norm.isf((1 - confidence) / 2))
    return Scatter(
        n_areas=len(counts),
        called_share=float((2 * tails <= 1 - confidence).mean()),
        spread=max(1.0, float(np.quantile(np.abs(z), min(1.0, confidence * (1 + 1 / n_worth)))) / usual),
    )


def _require_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ParameterError(f"A confidence lies between 0 and 1, not {confidence:g}. 0.95 is usual.")


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
