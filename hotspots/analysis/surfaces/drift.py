"""How far rates drift: what the first half of a period says about its second, and the second about the first."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from hotspots.analysis.surfaces.cell_records import CellRecords
from hotspots.analysis.surfaces.cell_surroundings import measure_surroundings
from hotspots.analysis.surfaces.shrinkage import CellPriors, fit_shrinkage
from hotspots.distributions import negative_binomial_cdf
from hotspots.geography import Cells

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PLACE_RADIUS_M = 75.0
"""Of the circles whose drift is measured: as large as a place that a patrol is sent to."""
N_PLACES = 30
"""Circles of each half, those where most was to be expected."""
RANGE_HOLDS = 0.9
"""Share of the circles whose next count the range is to hold."""
_TRIED = (0.0, *np.geomspace(0.005, 5, 60).tolist())
"""Variances of the drift of a place, relative to its rate, the least of which is taken that makes ranges hold."""
_GROWTH = 2.0
"""By which drift between the halves of a period grows to that between the period and the next one."""
_MIN_INCIDENTS = 30
"""In each half."""
_ALIKE = 1e-3
"""By how much, relatively, the priors of cells without crime differ that are taken as one."""
_FACTORS = (0.05, 50.0)
_N_FIRST = 6
"""Circles of both halves together, the busiest, that must not get less than they had."""
_N_STEPS = 8
"""From the likeliest factor of the shape down to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """One half of a period: incidents of the crime and of other crime in each cell, float (n_cells,), and its days."""

    own: Floats
    other: Floats
    n_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How rates change from one period to the next one as long.

    Attributes:
        shape_factor: By which the shape is multiplied, so that of what tells cells apart only what lasts is kept.
        of_places: Variance of the change of a place's rate beside the whole area, relative to the rate.
        of_area: The same of the whole area.
    """

    shape_factor: float
    of_places: float
    of_area: float


def halve(
    own: CellRecords, other: CellRecords | None, *, start: dt.date | None = None, end: dt.date | None = None
) -> tuple[Half, Half] | None:
    """Count both halves of a period apart; None where it cannot be divided, or a half holds fewer than 30 incidents.

    It is divided between months where any incident gives only its month.

    Args:
        own: Incidents of the crime.
        other: All other recorded crime, or None.
        start: First day; by default that of the incidents.
        end: Last day, included; the same.
    """
    if np.isnat(own.day).all():
        return None
    first = own.day.min() if start is None else np.datetime64(start)
    last = own.day.max() if end is None else np.datetime64(end)
    if own.is_month.any() or (other is not None and other.is_month.any()):
        first_month, after = first.astype("datetime64[M]"), last.astype("datetime64[M]") + 1
        middle = (first_month + ((after - first_month).astype(int) + 1) // 2).astype("datetime64[D]")
        first, last = first_month.astype("datetime64[D]"), after.astype("datetime64[D]") - 1
    else:
        middle = first + ((last - first).astype(int) + 2) // 2
    lengths = (int((middle - first).astype(int)), int((last - middle).astype(int)) + 1)
    halves = [
        Half(
            own=own.between(*days).count(),
            other=np.zeros(len(own.cells)) if other is None else other.between(*days).count(),
            n_days=n_days,
        )
        for n_days, days in zip(lengths, ((first, middle - 1), (middle, last)), strict=True)
    ]
    if min(lengths) < 1 or min(half.own.sum() for half in halves) < _MIN_INCIDENTS:
        return None
    return halves[0], halves[1]


def measure_drift(halves: tuple[Half, Half], *, cells: Cells, bandwidth_m: float) -> Drift:
    """Find how rates drift, by the estimate of each half and the counts of the other.

    What makes cells unlike each other partly passes: a series of robberies on one corner this spring. Such a corner is
    not as much of a hot spot next spring as its count says. The factor of the shape is the one under which the counts
    of the other half are likeliest. It is made smaller, as far as 1, if the very busiest circles would get less than
    they had, by more than chance: one place that stands far out among thousands of others alike weighs little in a
    likelihood.

    The drift of places is the least under which the ranges of nine in ten of the busiest circles hold what the other
    half recorded, with the change of the whole area taken out. That of the area is the square of the logarithm of its
    change, less what two Poisson counts differ by anyway. Both are doubled: if rates walk at random, the change from
    one window to the next has a variance in proportion to their length.

    Args:
        halves: From `halve`.
        cells: Where they were counted.
        bandwidth_m: Of the estimate.
    """
    fits = [_fit(half, cells, bandwidth_m) for half in halves]
    n_first, n_second = (float(half.own.sum()) for half in halves)
    growths = (n_second / n_first, n_first / n_second)
    pairs = list(zip(fits, halves, reversed(halves), growths, strict=True))

    rows = [(_list_rows(fit, seen, coming), growth) for fit, seen, coming, growth in pairs]

    def measure_loss(log_factor: float) -> float:
        return -sum(_measure_likelihood(one, growth, math.exp(log_factor)) for one, growth in rows)

    def expect_in_circles(factor: float) -> list[Floats]:
        found = (_expect_in_circles(fit, seen, coming, growth, factor, cells) for fit, seen, coming, growth in pairs)
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    low, high = (math.log(factor) for factor in _FACTORS)
    likeliest = math.exp(float(optimize.minimize_scalar(measure_loss, bounds=(low, high), method="bounded").x))
    for shape_factor in np.geomspace(likeliest, min(likeliest, 1.0), _N_STEPS).tolist():
        mean, variance, count = expect_in_circles(shape_factor)
        first = np.argsort(-mean, kind="stable")[:_N_FIRST]
        if (count - mean)[first].sum() <= 2 * math.sqrt((mean + variance)[first].sum()):
            break
    change = math.log(n_second / halves[1].n_days) - math.log(n_first / halves[0].n_days)
    return Drift(
        shape_factor=shape_factor,
        of_places=_GROWTH * _find_spread(mean, variance, count),
        of_area=_GROWTH * max(change**2 - 1 / n_first - 1 / n_second, 0.0),
    )


def _fit(half: Half, cells: Cells, bandwidth_m: float) -> CellPriors:
    counts = half.own, measure_surroundings(half.own, half.other, cells, bandwidth_m), half.other > 0
    return fit_shrinkage(*counts).find_priors(*counts)


def expect(fit: CellPriors, own: Floats, shape_factor: float) -> tuple[Floats, Floats]:
    """Mean and variance, float (n_cells,) each, of each cell's rate, given what it has recorded."""
    shape = shape_factor * fit.shape
    both = shape + fit.prior
    mean = fit.prior * (shape + own) / both
    variance = mean * fit.prior / both
    # of a rate that is nothing unless the cell can hold crime
    expected = fit.possible * mean
    return expected, fit.possible * (variance + mean**2) - expected**2


def _list_rows(fit: CellPriors, seen: Half, coming: Half) -> tuple[Floats, ...]:
    """Prior, shape, how likely crime is possible, both counts, and how many cells each row stands for.

    Cells without any crime differ in nothing but their prior: those of nearly the same one are taken as one.
    """
    is_empty = (seen.own == 0) & (seen.other == 0) & (coming.own == 0)
    others = np.flatnonzero(~is_empty)
    rows = [values[others] for values in (fit.prior, fit.shape, fit.possible, seen.own, coming.own)]
    if is_empty.any():
        level = np.log(fit.prior[is_empty]) / _ALIKE
        group = (level - level.min()).astype(np.intp)
        n_alike = np.bincount(group)
        held = n_alike > 0
        n_alike = n_alike[held]
        alike = [
            np.bincount(group, values[is_empty])[held] / n_alike for values in (fit.prior, fit.shape, fit.possible)
        ]
        rows = [np.concatenate(parts) for parts in zip(rows, [*alike, *np.zeros((2, len(n_alike)))], strict=True)]
        return (*rows, np.concatenate([np.ones(len(others)), n_alike]))
    return (*rows, np.ones(len(others)))


def _measure_likelihood(rows: tuple[Floats, ...], growth: float, shape_factor: float) -> float:
    """The log likelihood of the counts of the other half, as far as the factor changes it."""
    prior, shape, possible, own, coming, n_cells = rows
    shape = shape_factor * shape
    size = shape + own
    ratio = growth * prior / (shape + prior)  # of the mean to the size
    log_p = -size * np.log1p(ratio)
    some = np.flatnonzero(coming)
    y, k, q = coming[some], size[some], ratio[some]
    log_p[some] += special.gammaln(y + k) - special.gammaln(k) + y * np.log(q / (1 + q))
    doubted = np.flatnonzero((possible < 1) & (coming == 0))
    p = possible[doubted]
    log_p[doubted] = np.log(1 - p + p * np.exp(log_p[doubted]))
    return float((n_cells * log_p).sum())


def _expect_in_circles(
    fit: CellPriors, seen: Half, coming: Half, growth: float, shape_factor: float, cells: Cells
) -> tuple[Floats, Floats, Floats]:
    """Mean, variance and what came, float (n_circles,) each, of the circles of a half where most was to be expected."""
    mean, variance = expect(fit, seen.own, shape_factor)
    # no circle holds more than its cells do, so the circles around the busiest cells suffice to choose from
    busiest = _find_most(mean, 20 * N_PLACES)
    centres = np.column_stack([cells.easting[busiest], cells.northing[busiest]])
    members = cells.find_within(centres[:, 0], centres[:, 1], PLACE_RADIUS_M)
    left, chosen = np.argsort(-_sum_members(mean, members), kind="stable"), list[int]()
    while len(left) and len(chosen) < N_PLACES:
        chosen.append(int(left[0]))
        away = np.hypot(*(centres[left] - centres[left[0]]).T) >= 2 * PLACE_RADIUS_M
        left = left[away & (np.arange(len(left)) > 0)]
    expected, spread, came = (_sum_members(values, members[chosen]) for values in (mean, variance, coming.own))
    return growth * expected, growth**2 * spread, came


def _find_most(values: Floats, n_wanted: int) -> npt.NDArray[np.intp]:
    """Positions of the highest values, the highest first, the first of equal ones first."""
    least = np.partition(values, -n_wanted)[-n_wanted] if n_wanted < len(values) else -math.inf
    most = np.flatnonzero(values >= least)
    return most[np.argsort(-values[most], kind="stable")][:n_wanted]


def _sum_members(values: Floats, members: npt.NDArray[np.int64]) -> Floats:
    """Float (n,): the sum of the values at positions (n, m), of which those below 0 are none."""
    return np.asarray(np.where(members >= 0, values[members], 0.0).sum(axis=1))


def _find_spread(mean: Floats, variance: Floats, count: Floats) -> float:
    """The least variance of the drift of a place under which enough of the ranges hold."""
    tried = np.array(_TRIED)[:, None]
    size = mean**2 / (variance + tried * mean**2)
    # whether a range holds a count is seen from how likely fewer are, without looking for its ends
    up_to, below = (negative_binomial_cdf(n, size, size / (size + mean)) for n in (count, count - 1))
    is_held = (up_to >= (1 - RANGE_HOLDS) / 2) & (below < (1 + RANGE_HOLDS) / 2)
    holds = is_held.mean(axis=1) >= RANGE_HOLDS
    return float(_TRIED[int(holds.argmax())] if holds.any() else _TRIED[-1])
