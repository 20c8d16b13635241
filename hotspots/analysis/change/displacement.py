"""Whether crime fell by more where something was done than elsewhere, and whether it moved to the surroundings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from scipy import special

from hotspots.analysis.change.relative_change import (
    Counts,
    RelativeChange,
    compare_changes,
    read_counts,
    require_confidence,
)
from hotspots.errors import ParameterError, TooLittleDataError

_MIN_EXPECTED = 5.0
"""Below this expectation in any count, the normal approximation of the difference is not to be relied on."""
_ALIKE = 2.0
"""Up to this many times the incidents, or as small a part of them, a control counts as of the same size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaWeights:
    """The sizes of areas, by which their counts are divided: km², homes, people or lengths of street.

    Only their proportions matter to the test; the difference is in incidents of an area of size 1.

    Attributes:
        treated, control: Of the areas compared.
        displacement_treated, displacement_control: Of what lies around them.

    Raises:
        ParameterError: One is not a number above 0.
    """

    treated: float = 1.0
    control: float = 1.0
    displacement_treated: float = 1.0
    displacement_control: float = 1.0

    def __post_init__(self) -> None:
        for field in fields(self):
            size = getattr(self, field.name)
            if not (isinstance(size, int | float) and math.isfinite(size) and size > 0):
                raise ParameterError(
                    f"An area's weight is its size, a number above 0; `{field.name}` has {size!r}. Give the km², homes "
                    "or people of each area, or 1 for all."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDifference:
    """By how many incidents the change in one area is more than that in another.

    Attributes:
        difference: Incidents, or harm; below 0 where the first area did better.
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
class WeightedDisplacement:
    """The change of crime in a treated area and around it, against a control.

    Attributes:
        treated, control: Incidents before and after.
        displacement_treated, displacement_control: The same around them; None where not measured.
        period_days: Length of the periods before and after, or any numbers in proportion to them.
        area_weights: Sizes of the areas, by which counts were divided for the differences.
        net: The weighted displacement difference: `local` and `displaced` together.
        local: Treated area less control.
        displaced: Around the treated area less around the control; None without a displacement area.
        net_ratio: Treated area and its surroundings, against the control and its own.
        local_ratio: Treated area against control.
        displaced_ratio: Around the treated area against around the control, or against the control itself where there
            is nothing around it; None without a displacement area.
        confidence: Of every limit, 0-1.
        least_expected: The least count to be expected anywhere if nothing had an effect.
        size_ratio: Incidents before in the control over those in the treated area, each over its size; infinite where
            there were none.
    """

    treated: Counts
    control: Counts
    displacement_treated: Counts | None
    displacement_control: Counts | None
    period_days: tuple[float, float]
    area_weights: AreaWeights
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
        """Whether the control had about as many incidents for its size, without which the differences mislead."""
        return 1 / _ALIKE <= self.size_ratio <= _ALIKE


_SAME_SIZE = AreaWeights()


def measure_displacement(
    *,
    treated: Counts,
    control: Counts,
    displacement_treated: Counts | None = None,
    displacement_control: Counts | None = None,
    period_days: tuple[float, float] = (1.0, 1.0),
    area_weights: AreaWeights = _SAME_SIZE,
    confidence: float = 0.95,
) -> WeightedDisplacement:
    """Compare the change in a treated area, and around it, with that in a control.

    Two answers, which differ in what they take "no effect" to be:

    * The weighted displacement difference: the change in incidents in the treated area, less that in the control, plus
      the same for the displacement areas. Its variance is the sum of all counts. No effect means that all areas gain
      or lose the same NUMBER of incidents, so it needs a control of about the size of the treated area: against one of
      ten times the incidents, a fall of 10% everywhere looks like a rise where something was done. Areas of other
      sizes are brought to one by `area_weights`: each count is divided by the size of its area, and its variance by
      the square, so that no effect means the same number for the size. Normal approximation.
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
        area_weights: Sizes of the areas, for the differences; the ratios need none.
        confidence: Of the limits.

    Raises:
        ParameterError: A count is not a whole number of 0 or more, a length not above 0, the confidence not between 0
            and 1, or there is a displacement area of the control alone.
        TooLittleDataError: The treated area and the control hold no incident at all.

    Source: Wheeler, A. P. and Ratcliffe, J. H. (2018), "A simple weighted displacement difference test to evaluate
    place based crime interventions", Crime Science 7:11, doi:10.1186/s40163-018-0085-5; for lengths and sizes Wheeler,
    A. P. (2021), "The WDD test with different pre post time periods" and "The WDD test with different area sizes"; for
    the exact limits Cornfield, J. (1956), "A
    statistical problem arising from retrospective studies", Proceedings of the Third Berkeley Symposium 4.
    """
    require_confidence(confidence)
    if displacement_control is not None and displacement_treated is None:
        raise ParameterError(
            "Displacement is measured around the treated area; counts around the control alone cannot show it. Give "
            "`displacement_treated` too, or leave `displacement_control` out."
        )
    inside, outside = read_counts(treated, "treated area"), read_counts(control, "control")
    around = None if displacement_treated is None else read_counts(displacement_treated, "area around the treated one")
    beside = None if displacement_control is None else read_counts(displacement_control, "area around the control")
    days = _read_days(period_days)
    if not sum(inside) + sum(outside):
        raise TooLittleDataError(
            "Neither the treated area nor the control holds an incident, before or after: nothing can be compared. "
            "Take a longer period, a larger area or a broader crime."
        )

    scale = days[1] / days[0]
    nothing, sizes = (0, 0), area_weights
    net = [
        (inside, 1 / sizes.treated),
        (outside, -1 / sizes.control),
        (around or nothing, 1 / sizes.displacement_treated),
        (beside or nothing, -1 / sizes.displacement_control),
    ]
    local_ratio = compare_changes(inside, outside, confidence=confidence)
    displaced_ratio = None if around is None else compare_changes(around, beside or outside, confidence=confidence)
    return WeightedDisplacement(
        treated=inside,
        control=outside,
        displacement_treated=around,
        displacement_control=beside,
        period_days=days,
        area_weights=sizes,
        net=_subtract(net, scale, confidence),
        local=_subtract(net[:2], scale, confidence),
        displaced=None if around is None else _subtract(net[2:], scale, confidence),
        net_ratio=compare_changes(add_counts(inside, around), add_counts(outside, beside), confidence=confidence),
        local_ratio=local_ratio,
        displaced_ratio=displaced_ratio,
        confidence=confidence,
        least_expected=min(part.least_expected for part in (local_ratio, displaced_ratio) if part is not None),
        size_ratio=outside[0] / sizes.control / (inside[0] / sizes.treated) if inside[0] else math.inf,
    )


def _read_days(period_days: tuple[float, float]) -> tuple[float, float]:
    """The lengths of the periods, if they are such."""
    try:
        before, after = (float(days) for days in period_days)
        is_length = all(math.isfinite(days) and days > 0 for days in (before, after))
    except (TypeError, ValueError):
        is_length = False
    if not is_length:
        raise ParameterError(
            f"The periods before and after need two lengths above 0, not {period_days!r}. Give the days of each, or "
            "leave the lengths out if they are the same."
        )
    return before, after


def add_counts(one: Counts, other: Counts | None) -> Counts:
    """The incidents of two areas together, or of the first alone if there is no second."""
    return one if other is None else (one[0] + other[0], one[1] + other[1])


def measure_harm_difference(
    differences: Mapping[str, CountDifference], harm_weights: Mapping[str, float], *, confidence: float = 0.95
) -> CountDifference:
    """Add up the differences of several crimes, each weighed by the harm of one offence.

    The variance is the sum of the crimes' own, each times the square of its harm: ten offences of harm 10 and a hundred
    of harm 1 weigh the same, and the ten are known less well. Crimes are taken as independent of each other.

    It misleads where a few grave offences carry most of it: the normal approximation then holds badly, and whether one
    of them fell into the period decides. Look at the crimes beside the sum.

    Args:
        differences: By crime, such as `measure_displacement(...).net`; no offence may be of two crimes.
        harm_weights: Of one offence of each of these crimes, from 0, in points or pounds.
        confidence: Of the limits.

    Returns:
        In the unit of the harm.

    Raises:
        ParameterError: A crime has no harm, or one that is not a number from 0 up, or the confidence is not between 0
            and 1.
        TooLittleDataError: There is no crime.

    Source: Wheeler, A. P. (2020), "Amending the WDD test to incorporate harm weights".
    """
    require_confidence(confidence)
    if not differences:
        raise TooLittleDataError(
            "A difference in harm needs one crime or more; there is none. Take crimes that have a figure of harm."
        )
    for crime in differences:
        harm = harm_weights.get(crime, math.nan)
        if not (math.isfinite(harm) and harm >= 0):
            raise ParameterError(
                f"Each crime needs a harm, a number from 0 up; {crime} has {harm_weights.get(crime)}. Give one, or "
                "leave the crime out."
            )
    return _describe(
        sum(harm_weights[crime] * found.difference for crime, found in differences.items()),
        sum(harm_weights[crime] ** 2 * found.variance for crime, found in differences.items()),
        confidence,
    )


def _subtract(parts: list[tuple[Counts, float]], scale: float, confidence: float) -> CountDifference:
    """The sum of the changes of areas, each times its factor, before-counts being multiplied by `scale`."""
    return _describe(
        sum(factor * (after - scale * before) for (before, after), factor in parts),
        sum(factor**2 * (after + scale**2 * before) for (before, after), factor in parts),
        confidence,
    )


def _describe(difference: float, variance: float, confidence: float) -> CountDifference:
    """A difference of that variance, by the normal approximation."""
    if not variance:
        return CountDifference(
            difference=0.0, variance=0.0, z=0.0, p_value=1.0, p_fall=1.0, p_rise=1.0, low=math.nan, high=math.nan
        )
    error = math.sqrt(variance)
    z = difference / error
    margin = -float(special.ndtri((1 - confidence) / 2)) * error
    return CountDifference(
        difference=float(difference),
        variance=float(variance),
        z=z,
        p_value=float(2 * special.ndtr(-abs(z))),
        p_fall=float(special.ndtr(z)),
        p_rise=float(special.ndtr(-z)),
        low=difference - margin,
        high=difference + margin,
    )
