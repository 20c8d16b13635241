"""Textbook control limits of counts: the c, u and u' charts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]

_MEAN_RANGE_OF_TWO = 1.128
"""Mean difference of two draws from a normal distribution, in its standard deviations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLimits:
    """Control limits of counts, in counts.

    Attributes:
        low, high: float, of the shape of the counts; `low` is at least 0.
        sigma_z: How many times the scatter of Poisson counts was allowed for.
    """

    low: Floats
    high: Floats
    sigma_z: float


def limit_counts(
    counts: npt.ArrayLike, expected: npt.ArrayLike, *, sigma_z: float | None = None, n_sigma: float = 3.0
) -> CountLimits:
    """Textbook control limits: expected, plus and minus three standard deviations of a count.

    Expected counts that are the mean rate times the exposure make Laney's u' chart; with `sigma_z` of 1 it is the u
    chart, and with equal exposures the c chart. Divide by the exposure for limits of rates.

    `sigma_z` is measured by the mean difference between neighbours, each in standard deviations of a Poisson count.
    It takes them to be independent: counts that resemble their neighbours get limits that are too narrow. The limits
    are symmetric, which counts below about 10 are not.

    Args:
        counts: Float (n,), in order of time; missing ones are passed over.
        expected: Of each, above 0.
        sigma_z: How many times the scatter of Poisson counts to allow for; None to measure it.
        n_sigma: Standard deviations between the expected count and either limit.

    Raises:
        ParameterError: The two differ in shape, an expected count is not above 0, an option is not above 0, or fewer
            than two counts are there to measure the scatter by.

    Source: Laney, D. B. (2002), "Improved control charts for attributes", Quality Engineering 14(4),
    doi:10.1081/QEN-120003555.
    """
    observed, centre = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if observed.ndim != 1 or observed.shape != centre.shape:
        raise ParameterError(
            f"Each count needs one expected count; the arrays have the shapes {observed.shape} and {centre.shape}. "
            "Give two columns of one length."
        )
    is_wrong = ~(centre > 0) | np.isinf(centre)
    if is_wrong.any():
        raise ParameterError(
            f"Expected counts must be finite and above 0; {centre[is_wrong][0]:g} is not. Leave out groups for which "
            "nothing is expected."
        )
    for name, value in (("sigma_z", sigma_z), ("n_sigma", n_sigma)):
        if value is not None and not 0 < value < np.inf:
            raise ParameterError(f"`{name}` must be above 0 and finite, not {value:g}. 1 and 3 are usual.")
    if sigma_z is None:
        z = (observed - centre) / np.sqrt(centre)
        z = z[~np.isnan(z)]
        if len(z) < 2:
            raise ParameterError(
                f"Scatter is measured between neighbouring counts: at least two are needed, not {len(z)}. Give "
                "`sigma_z`."
            )
        sigma_z = float(np.abs(np.diff(z)).mean()) / _MEAN_RANGE_OF_TWO
    reach = n_sigma * sigma_z * np.sqrt(centre)
    return CountLimits(low=np.maximum(centre - reach, 0.0), high=centre + reach, sigma_z=float(sigma_z))
