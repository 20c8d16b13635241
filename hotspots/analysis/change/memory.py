"""Months resemble their neighbours: what that adds to the scatter of windows, and how little few months tell of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hotspots.analysis.change.monthly_series import DAYS_IN_MONTH

Floats = npt.NDArray[np.float64]

MONTHLY_MEMORY = 0.6
"""Autocorrelation of neighbouring months in what moves recorded crime up and down beside chance: see the method page
for the series that it was measured on."""
MONTHLY_EXCESS = 0.08
"""Standard deviation of what has it, as a share of a month's incidents, of the same series."""
_PAIRS_ASSUMED = 100


def get_memory(part_days: float) -> float:
    """The autocorrelation of neighbouring parts of time so long."""
    return float(MONTHLY_MEMORY ** (part_days / DAYS_IN_MONTH))


def vary_difference(n_parts: int, back: int, *, memory: float) -> float:
    """The variance of the difference between the means of two windows, as a multiple of that of one part.

    Args:
        n_parts: Parts of each window, which follow each other.
        back: How many parts earlier the earlier window begins; at least `n_parts`.
        memory: Autocorrelation of neighbouring parts, of which each remembers only the one before.
    """
    weights = np.zeros(back + n_parts)
    weights[:n_parts] -= 1 / n_parts
    weights[back:] += 1 / n_parts
    return float(weights @ _correlate(len(weights), memory) @ weights)


def find_kept_share(n_pairs: int, *, memory: float) -> float:
    """What is left of a variance that is measured about the mean of so few parts, because these resemble each other.

    The squares about the mean, over one part fewer than there are, are 1 on average of independent parts, and this of
    those with memory.
    """
    return float((n_pairs - _correlate(n_pairs, memory).mean() * n_pairs) / (n_pairs - 1))


def find_remembered_share(deviations: Floats, *, memory: float) -> float:
    """The share of what varies beyond chance that has memory; the rest is of each part anew, as repeats of one day are.

    From how much neighbouring parts resemble each other, over all groups. A single series tells next to nothing of it,
    so all of it is taken to have memory as if 100 pairs of neighbours said so.

    Args:
        deviations: float (n_parts, n_groups), each part's from the mean of its group, in standard deviations of
            independent incidents.
        memory: Autocorrelation of neighbouring parts, of what has any.
    """
    if not deviations.size:
        return 1.0
    n_parts, n_groups = len(deviations), deviations.size // len(deviations)
    about_mean = np.eye(n_parts) - 1 / n_parts
    remembered = about_mean @ _correlate(n_parts, memory) @ about_mean
    n_free = n_parts - 1
    # what squares and products of neighbours are on average: of a variance without memory, and of one with it
    kept, lag_without, lag_with = (
        float(np.trace(matrix, offset)) / n_free
        for matrix, offset in ((remembered, 0), (about_mean, 1), (remembered, 1))
    )
    n_pairs = n_groups * n_free
    square = float((deviations**2).sum()) / n_pairs
    product = float((deviations[1:] * deviations[:-1]).sum()) / n_pairs
    with_memory = kept * (product - lag_without * square) / (lag_with - lag_without * kept)
    found = float(np.clip(with_memory / (square - 1), 0, 1)) if square > 1 else 1.0
    return (_PAIRS_ASSUMED + n_pairs * found) / (_PAIRS_ASSUMED + n_pairs)


def count_free(n_pairs: int, excess_share: Floats, *, memory: float) -> Floats:
    """Degrees of freedom of a variance that is measured about the mean of such parts; of the shape of the shares.

    By Satterthwaite's approximation: as many independent parts less one would know the variance as well.

    Args:
        n_pairs: Parts, two or more.
        excess_share: Of the variance, the share that has memory, 0-1; the rest is chance, of each part anew.
        memory: Autocorrelation of neighbouring parts.

    Source: Satterthwaite, F. E. (1946), "An approximate distribution of estimates of variance components", Biometrics
    Bulletin 2(6), doi:10.2307/3002019.
    """
    about_mean = np.eye(n_pairs) - 1 / n_pairs
    remembered = about_mean @ _correlate(n_pairs, memory)
    traces = [np.trace(about_mean), np.trace(remembered)]
    squares = [traces[0], np.trace(about_mean @ remembered), np.trace(remembered @ remembered)]
    share, rest = excess_share, 1 - excess_share
    first = rest * traces[0] + share * traces[1]
    second = rest**2 * squares[0] + 2 * rest * share * squares[1] + share**2 * squares[2]
    return np.asarray(first**2 / second, dtype=np.float64)


def _correlate(n_parts: int, memory: float) -> Floats:
    """The correlation of each of consecutive parts with each."""
    part = np.arange(n_parts)
    return np.asarray(memory ** np.abs(part[:, None] - part), dtype=np.float64)
