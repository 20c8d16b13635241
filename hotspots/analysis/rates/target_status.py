"""Whether a target was met, or chance alone could have made the difference."""

from __future__ import annotations

import math
from typing import Literal

from scipy import special

from hotspots.analysis.rates.area_rates import CONFIDENCE
from hotspots.analysis.rates.ratios import compare_rates
from hotspots.analysis.rates.targets import Target

TargetStatus = Literal["met", "met, within chance", "missed, within chance", "missed"]


def judge_target(
    n_current: int,
    n_previous: int | None,
    *,
    target: Target,
    exposure_current: float = 1.0,
    exposure_previous: float = 1.0,
    dispersion: float = 1.0,
    n_free: float = math.inf,
) -> TargetStatus | None:
    """Say whether a target was met, and whether chance alone could have made the difference.

    A target of change is met if the ratio of the two rates is at most what was wanted; within chance where the exact
    limits of the ratio also hold ratios on the other side. A target number is met if there are no more; within chance
    where the exact limits of the count (Garwood) also hold numbers on the other side.

    Args:
        n_current: Incidents of the current period.
        n_previous: Of the one before; None where it is not known.
        target: What was wanted.
        exposure_current: Days of the current period with data.
        exposure_previous: Of the one before.
        dispersion: How many times as much as independent incidents the counts vary by; see `measure_dispersion`.
        n_free: Degrees of freedom of the dispersion; infinite where it is known.

    Returns:
        The status; None where a change is wanted and the period before is not known, or had none.

    Raises:
        ParameterError: A count is not a whole number of 0 or more, an exposure or the degrees of freedom not above 0,
            or the dispersion below 1.

    Source: as `compare_rates` and `estimate_rates`.
    """
    if target.n_incidents is not None:
        tail = float(special.ndtr(special.stdtrit(n_free, (1 - CONFIDENCE) / 2)))
        n = n_current / dispersion
        low = dispersion * float(special.gammaincinv(n, tail)) if n else 0.0
        high = dispersion * float(special.gammainccinv(n + 1, tail))
        value, wanted = float(n_current), float(target.n_incidents)
    else:
        if not n_previous:
            return None
        ratio = compare_rates(
            n_current,
            n_previous,
            exposure_first=exposure_current,
            exposure_second=exposure_previous,
            dispersion=dispersion,
            n_free=n_free,
            confidence=CONFIDENCE,
        )
        value, low, high = float(ratio.ratio), float(ratio.low), float(ratio.high)
        wanted = 1 + float(target.change or 0.0)
    if value <= wanted:
        return "met" if high <= wanted else "met, within chance"
    return "missed" if low > wanted else "missed, within chance"
