"""Whether two Poisson counts, each over its own exposure, differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
RatioTest = Literal["exact", "e-test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRatios:
    """Ratio of each first rate to the second; all float, of the shape compared.

    Attributes:
        ratio: First rate by second; infinite where only the second count is 0, missing where both are.
        low, high: Limits of the ratio at `confidence`, exact: they hold the truth at least that often.
        p_value: Two-sided, of no difference.
        confidence: Of the limits, 0-1.
        test: By which `p_value` was found.
    """

    ratio: Floats
    low: Floats
    high: Floats
    p_value: Floats
    confidence: float
    test: RatioTest


def compare_rates(
    n_first: npt.ArrayLike,
    n_second: npt.ArrayLike,
    *,
    exposure_first: npt.ArrayLike = 1.0,
    exposure_second: npt.ArrayLike = 1.0,
    dispersion: npt.ArrayLike = 1.0,
    n_free: npt.ArrayLike = np.inf,
    confidence: float = 0.95,
    test: RatioTest = "exact",
) -> RateRatios:
    """Compare counts of two periods, places or conditions, allowing for how long or large each is.

    Given the sum of the two counts, the first is binomial if the rates are alike. The exact test and the limits are
    those of that binomial: `p_value` is at most 1 - `confidence` just where the limits leave 1 out. It never errs more
    often than it says, so with few incidents less often. The e-test is less careful and finds more; its limits are
    still the exact ones, with which it need not agree.

    Both take incidents to be independent of each other. Offences come in series and repeats, so that real counts vary
    more than such ones, and the smallest p values are too small. With a `dispersion` above 1 the exact test and its
    limits are those of as many incidents as would vary that much by chance: both counts are divided by it. That is an
    approximation, good where the dispersion is known well. Of one that was measured from few counts give the degrees of
    freedom, `n_free`: p value and limits are then those of Student's t in the place of the normal distribution.

    Args:
        n_first: int, 0 or more, any shape.
        n_second: The same, of the same shape.
        exposure_first: Days, residents or hours that the first counts are of, above 0; one for all, or each its own.
        exposure_second: Of the second.
        dispersion: How many times the variance of such counts is that of independent incidents, 1 or more; one for
            all, or each its own. Only with the exact test.
        n_free: Degrees of freedom of the dispersion, above 0; infinite where it is known.
        confidence: Of the limits.
        test: "exact", conditional on the sum, or "e-test".

    Raises:
        ParameterError: A count is not a whole number of 0 or more, an exposure or the degrees of freedom not above 0,
            the dispersion below 1 or given with the e-test, the confidence not between 0 and 1, the test not known, or
            the shapes do not fit.

    Source: Przyborowski, J. and Wilenski, H. (1940), "Homogeneity of results in testing samples from Poisson series",
    Biometrika 31, doi:10.1093/biomet/31.3-4.313; Clopper, C. J. and Pearson, E. S. (1934), "The use of confidence or
    fiducial limits illustrated in the case of the binomial", Biometrika 26, doi:10.1093/biomet/26.4.404; for the
    dispersion Korn, E. L. and Graubard, B. I. (1998), "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24(2); for the e-test Krishnamoorthy, K. and
    Thomson, J. (2004), "A more powerful test for comparing two Poisson means", Journal of Statistical Planning and
    Inference 119, doi:10.1016/S0378-3758(02)00408-1.
    """
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence must lie between 0 and 1, not {confidence:g}. 0.95 is usual.")
    if test not in get_args(RatioTest):
        raise ParameterError(f'No test called "{test}". Choose one of: {", ".join(get_args(RatioTest))}.')
    try:
        first, second, time_first, time_second, spread, free = np.broadcast_arrays(
            *(
                np.asarray(values, dtype=np.float64)
                for values in (n_first, n_second, exposure_first, exposure_second, dispersion, n_free)
            )
        )
    except ValueError as error:
        raise ParameterError(
            "Rates are compared one by one, so counts, exposures and dispersion must have one shape or be single "
            f"numbers; the shapes are {np.shape(n_first)} and {np.shape(n_second)} of counts, "
            f"{np.shape(exposure_first)} and {np.shape(exposure_second)} of exposures and {np.shape(dispersion)} of "
            f"the dispersion, {np.shape(n_free)} of its degrees of freedom. Align them first."
        ) from error
    for counts in (first, second):
        is_count = (counts >= 0) & (counts == np.round(counts)) & np.isfinite(counts)
        if not bool(is_count.all()):
            raise ParameterError(
                f"Counts must be whole numbers, 0 or more; {_first_of(counts, ~is_count)} is not. Give numbers of "
                "incidents, not sums of weights."
            )
    for exposure in (time_first, time_second):
        is_exposure = (exposure > 0) & np.isfinite(exposure)
        if not bool(is_exposure.all()):
            raise ParameterError(
                f"An exposure must be above 0; {_first_of(exposure, ~is_exposure)} is not. "
                "Leave out periods without data."
            )
    is_spread = (spread >= 1) & np.isfinite(spread)
    if not bool(is_spread.all()):
        raise ParameterError(
            f"A dispersion must be 1 or more, not {_first_of(spread, ~is_spread)}. Use 1 for counts that vary less "
            "than independent incidents would."
        )
    if not bool((free > 0).all()):
        raise ParameterError(
            f"Degrees of freedom must be above 0, not {_first_of(free, ~(free > 0))}. Leave `n_free` out where the "
            "dispersion is known."
        )
    if test == "e-test" and bool((spread != 1).any()):
        raise ParameterError(
            f'The e-test takes no dispersion; {_first_of(spread, spread != 1)} was given. Use test="exact", or a '
            "dispersion of 1."
        )
    total, odds = first + second, time_second / time_first
    # Shares of a binomial need not come of whole numbers, once both are written by the beta distribution.
    a, b = first / spread, second / spread
    tail = special.ndtr(special.stdtrit(free, (1 - confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(total > 0, first / second * odds, np.nan)
        # Each share and its complement by itself: a share near 1 taken from 1 would leave few digits.
        low = special.betaincinv(a, b + 1, tail) / special.betainccinv(b + 1, a, tail) * odds
        high = special.betainccinv(a + 1, b, tail) / special.betaincinv(b, a + 1, tail) * odds
    low, high = np.where(first > 0, low, 0.0), np.where(second > 0, high, np.inf)
    if test == "exact":
        share = time_first / (time_first + time_second)
        at_least = np.where(first > 0, special.betainc(a, b + 1, share), 1.0)
        at_most = np.where(second > 0, special.betaincc(a + 1, b, share), 1.0)
        p_value = np.minimum(2 * np.minimum(at_least, at_most), 1.0)
        p_value = np.where(np.isfinite(free), 2 * special.stdtr(free, special.ndtri(p_value / 2)), p_value)
    else:
        p_value = _e_test(first, second, time_first, time_second)
    return RateRatios(ratio=ratio, low=low, high=high, p_value=p_value, confidence=confidence, test=test)


def _e_test(first: Floats, second: Floats, time_first: Floats, time_second: Floats) -> Floats:
    """The e-test of each pair."""
    from scipy import stats  # here, as it is seldom asked for and takes a while

    pairs = zip(*(values.ravel() for values in (first, time_first, second, time_second)), strict=True)
    p = [
        1.0 if a + b == 0 else float(stats.poisson_means_test(int(a), float(time_a), int(b), float(time_b)).pvalue)
        for a, time_a, b, time_b in pairs
    ]
    return np.array(p, dtype=np.float64).reshape(first.shape)


def _first_of(values: Floats, is_wrong: npt.NDArray[np.bool_]) -> str:
    return f"{values[is_wrong].ravel()[0]:g}"
