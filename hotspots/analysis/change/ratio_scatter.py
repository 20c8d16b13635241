"""How far ratios of ratios scatter in areas where nothing was done."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from hotspots.analysis.change.relative_change import require_confidence
from hotspots.errors import ParameterError, TooLittleDataError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """How far the ratios scatter of areas in which nothing was done.

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


def count_areas_needed(confidence: float) -> int:
    """How many independent areas it takes to widen limits to a confidence: 19 for 0.95.

    The one more area is beyond all of n like it once in n + 1 times, so the largest of fewer does not go far enough.

    Raises:
        ParameterError: The confidence is not between 0 and 1.
    """
    require_confidence(confidence)
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
        ParameterError: The counts are not of that shape or not whole numbers of 0 or more, the confidence not between 0
            and 1, or fewer than one area independent.
        TooLittleDataError: There is no area, or they are worth too few for the confidence.

    Source: for the quantile Vovk, V., Gammerman, A. and Shafer, G. (2005), "Algorithmic learning in a random world",
    doi:10.1007/b106715 (conformal prediction).
    """
    require_confidence(confidence)
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    counts = np.concatenate([one, other], axis=1) if one.shape == other.shape and one.ndim == 2 else np.empty((0, 0))
    if one.shape == other.shape and one.size == 0:
        raise TooLittleDataError("A scatter needs at least one area; there are none. Take a larger study area.")
    if counts.shape[1] != 4 or not bool(((counts >= 0) & (counts == np.round(counts)) & np.isfinite(counts)).all()):
        raise ParameterError(
            "A scatter needs whole counts, 0 or more, before and after, in as many areas as controls; the arrays have "
            f"the shapes {one.shape} and {other.shape}. Give two arrays of two columns."
        )
    n_worth = float(len(counts) if n_independent is None else min(n_independent, len(counts)))
    if not n_worth >= 1:
        raise ParameterError(
            f"Areas must be worth at least one independent area, not {n_worth:g}. Leave `n_independent` out if they do "
            "not overlap."
        )
    n_needed = count_areas_needed(confidence)
    if n_worth < n_needed:
        raise TooLittleDataError(
            f"Limits of {100 * confidence:g}% can be widened from {n_needed:,} independent areas or more; these areas "
            f"are worth {math.floor(n_worth):,}. Take a larger study area or smaller areas, or leave the limits as "
            "they are."
        )
    from scipy import stats  # here, as only operations ask for it and it takes a while

    n_after, n_first, total = one[:, 1] + other[:, 1], one.sum(axis=1), counts.sum(axis=1)
    tails = np.minimum(
        stats.hypergeom.cdf(one[:, 1], total, n_after, n_first),
        stats.hypergeom.sf(one[:, 1] - 1, total, n_after, n_first),
    )
    log_counts, signs = np.log(counts + 0.5), np.array([-1, 1, 1, -1])
    z = (log_counts @ signs) / np.sqrt((1 / (counts + 0.5)).sum(axis=1))
    usual = -float(special.ndtri((1 - confidence) / 2))
    return Scatter(
        n_areas=len(counts),
        called_share=float((2 * tails <= 1 - confidence).mean()),
        spread=max(1.0, float(np.quantile(np.abs(z), min(1.0, confidence * (1 + 1 / n_worth)))) / usual),
    )
