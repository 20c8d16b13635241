"""How many incidents a next window can have before it is called a change."""

from __future__ import annotations

import bisect
import math

from hotspots.analysis.change.verdicts import PLAIN_LEVEL
from hotspots.analysis.rates import compare_rates


def limit_unchanged(n: int, *, dispersion: float = 1.0, n_free: float = math.inf) -> tuple[int, int]:
    """The fewest and the most incidents of a next window, as long, that would not be called a change on this one.

    The test is that of `measure_change` turned round, at 5%: of windows between which nothing changes, at least 19 in
    20 stay within these limits, as both counts vary by chance and the dispersion says by how much. It is no forecast:
    a trend goes on or ends for reasons that are not in the count.

    Args:
        n: Incidents of this window, 0 or more.
        dispersion: How many times the variance of such counts is that of independent incidents.
        n_free: Degrees of freedom of the dispersion; infinite where it is known.

    Returns:
        Both included.

    Raises:
        ParameterError: As `compare_rates`.
    """

    def is_called(number: int) -> bool:
        compared = compare_rates(number, n, dispersion=dispersion, n_free=n_free)
        return bool(compared.p_value <= PLAIN_LEVEL)

    beyond = n + 1
    while not is_called(beyond):
        beyond = n + 2 * (beyond - n)
    low = bisect.bisect_left(range(n + 1), True, key=lambda number: not is_called(number))
    return low, bisect.bisect_left(range(beyond + 1), True, lo=n, key=is_called) - 1
