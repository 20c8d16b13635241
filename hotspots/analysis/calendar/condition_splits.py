"""Incidents with and without a condition: the comparison, and when it is withheld."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import special

from hotspots.analysis.calendar.strata import StratifiedRatio
from hotspots.distributions import control_false_discoveries

ConditionName = Literal["school_days", "after_school", "bank_holidays", "pay_days", "darkness"]
ExposureUnit = Literal["days", "hours"]

CONFIDENCE = 0.95
SIGNIFICANCE_LEVEL = 0.05
_MIN_INCIDENTS = 20
_MIN_EXPECTED = 5
"""Incidents that must be expected on either side if the condition made no difference."""
_MIN_EXPOSURE: dict[ExposureUnit, int] = {"days": 5, "hours": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSplit:
    """Incidents with and without one condition.

    Attributes:
        name: Which condition.
        label: The same in words.
        against: What it is compared with, in words.
        available: Whether the data can say anything about it.
        reason: Where they cannot, why, in a word or two; otherwise None.
        explanation: The same in a sentence; otherwise None.
        n_with, n_without: Incidents compared.
        n_uncertain: Incidents within the calendar whose day (or hour) is not known closely enough to be on a side.
        exposure_with, exposure_without: How long the condition was there and was not, in `exposure_unit`.
        exposure_unit: "days" or "hours".
        ratio: How many times the rate without the condition that with it is, like compared with like; infinite where
            all incidents compared are with it. None where not available, as are those below.
        low, high: Its limits at `confidence`, widened by `dispersion`; each split's own, not adjusted for several.
        p_value: Two-sided, of no difference, allowing for `dispersion`.
        p_adjusted: The same, adjusted for the splits looked at together (Benjamini-Hochberg).
        is_significant: Whether `p_adjusted` is at most the level; False where not available.
        dispersion: How many times the variance of independent incidents the counts vary by, 1 or more.
        confidence: Of the limits, 0-1.
        significance_level: Level of `is_significant`.
    """

    name: ConditionName
    label: str
    against: str
    available: bool
    reason: str | None
    explanation: str | None
    n_with: int
    n_without: int
    n_uncertain: int
    exposure_with: float
    exposure_without: float
    exposure_unit: ExposureUnit
    ratio: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_adjusted: float | None
    is_significant: bool
    dispersion: float | None
    confidence: float
    significance_level: float

    @property
    def direction(self) -> Literal["more", "fewer"] | None:
        """Which way a difference goes that is more than chance; None where there is not one."""
        if not self.is_significant or self.ratio is None:
            return None
        return "more" if self.ratio > 1 else "fewer"

    @property
    def words(self) -> str:
        """What a briefing says: "school days: 1.6 times as many as on weekdays of the holidays (1.3 to 2.0)"."""
        if self.ratio is None or self.low is None or self.high is None:
            return f"{self.label}: not shown. {self.explanation}"
        if not (self.n_with and self.n_without):
            share = "all" if self.n_with else "none"
            said = f"{share} of the {self.n_with + self.n_without:,} incidents of the {self.exposure_unit} compared"
            return f"{self.label}: {said}" if self.is_significant else f"{self.label}: no apparent difference ({said})"
        # A limit that is not 1 must not look like it.
        is_near = self.is_significant and "1.0" in (f"{self.low:.1f}", f"{self.high:.1f}")
        digits = 2 if self.high - self.low < 0.2 or is_near else 1
        ratio, low, high = (f"{number:.{digits}f}" for number in (self.ratio, self.low, self.high))
        if self.is_significant:
            return f"{self.label}: {ratio} times as many as {self.against} ({low} to {high})"
        return f"{self.label}: no apparent difference ({ratio} times as many as {self.against}, {low} to {high})"


def withhold(split: ConditionSplit, reason: str, explanation: str) -> ConditionSplit:
    """The split as one that is not available, with the reason in a word or two and in a sentence."""
    return dataclasses.replace(split, reason=reason, explanation=explanation)


def withhold_few(split: ConditionSplit, *, expected_with: float) -> ConditionSplit | None:
    """The split as one that is not available, if its incidents or its exposure are too few; otherwise None.

    Args:
        split: With its incidents and exposure.
        expected_with: Incidents to be expected with the condition if it made no difference.
    """
    n, unit = split.n_with + split.n_without, split.exposure_unit
    least = _MIN_EXPOSURE[unit]
    if min(split.exposure_with, split.exposure_without) < least:
        return withhold(
            split,
            "too few",
            f"Only {split.exposure_with:,.0f} {unit} with the condition and {split.exposure_without:,.0f} without can "
            f"be compared; at least {least} of each are needed.",
        )
    if n < _MIN_INCIDENTS or min(expected_with, n - expected_with) < _MIN_EXPECTED:
        return withhold(
            split,
            "too few",
            f"There are {n:,} incidents, and {expected_with:.1f} would be expected with the condition if it made no "
            f"difference. At least {_MIN_INCIDENTS} are needed, with {_MIN_EXPECTED} expected on either side.",
        )
    return None


def fill_split(split: ConditionSplit, compared: StratifiedRatio, dispersion: float) -> ConditionSplit:
    """The split with its ratio, its limits and p allowing for the dispersion (quasi-Poisson).

    Args:
        split: With its incidents and exposure.
        compared: Their ratio.
        dispersion: How many times the variance of independent incidents the counts vary by, 1 or more.

    Source: McCullagh, P. and Nelder, J. A. (1989), Generalized Linear Models, section 4.5.
    """
    stretch = math.sqrt(dispersion)
    ratio, low, high = compared.ratio, compared.low, compared.high
    if ratio == 0:
        high *= dispersion  # the limit of nothing seen is inverse to what was expected, in independent numbers
    elif math.isinf(ratio):
        low /= dispersion
    else:
        low = ratio * (low / ratio) ** stretch
        high = ratio * (high / ratio) ** stretch
    return dataclasses.replace(
        split,
        available=True,
        ratio=ratio,
        low=low,
        high=high,
        p_value=min(float(2 * special.ndtr(-compared.z / stretch)), 1.0),
        dispersion=dispersion,
    )


def adjust_splits(splits: Sequence[ConditionSplit]) -> tuple[ConditionSplit, ...]:
    """The splits with p adjusted for all of them that are available."""
    p_values = [split.p_value for split in splits if split.p_value is not None]
    adjusted = iter(control_false_discoveries(p_values).tolist() if p_values else [])
    done = []
    for split in splits:
        if split.p_value is None:
            done.append(split)
            continue
        p = float(next(adjusted))
        done.append(dataclasses.replace(split, p_adjusted=p, is_significant=p <= SIGNIFICANCE_LEVEL))
    return tuple(done)
