"""The Knox test: pairs close in space and in time, beside the same incidents on shuffled dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from hotspots.analysis.repeats.shared_points import are_places_shared
from hotspots.geography import UniquePoints

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

Metric = Literal["manhattan", "euclidean"]
_POWER = {"manhattan": 1.0, "euclidean": 2.0}
"""Minkowski's exponent."""
_BLOCK, _BATCH = 16_384, 32
"""Pairs and permutations looked at together: what is made of them stays in the processor's cache."""
_IN_BYTES = 128
"""Flags that are added up in one byte; it would hold 255."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnoxTest:
    """Result of the test, as in `NearRepeat`."""

    n_pairs: Integers
    n_same_day_pairs: Integers
    expected: Floats
    median: Floats
    low: Floats
    high: Floats
    p_value: Floats
    p_adjusted: Floats
    is_shared_points: bool


def count_pairs(places: UniquePoints, within_m: float, *, metric: Metric) -> int:
    """Pairs of incidents at most so far apart, without listing them."""
    tree, n = cKDTree(places.coordinates), places.n_incidents.astype(np.float64)
    n_ordered = float(tree.count_neighbors(tree, within_m, p=_POWER[metric], weights=n))
    return round((n_ordered - float(n.sum())) / 2)


def _list_pairs(
    places: UniquePoints, edges_m: Floats, *, metric: Metric
) -> tuple[npt.NDArray[np.intp], list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]]:
    """The incidents ordered by place, and for each band of distance the pairs of positions in that order."""
    order = np.argsort(places.inverse, kind="stable")
    start = np.cumsum(places.n_incidents) - places.n_incidents
    near = cKDTree(places.coordinates).query_pairs(edges_m[-1], p=_POWER[metric], output_type="ndarray")
    apart = np.abs(places.coordinates[near[:, 0]] - places.coordinates[near[:, 1]])
    distance_m = apart.sum(axis=1) if metric == "manhattan" else np.hypot(apart[:, 0], apart[:, 1])
    band = np.searchsorted(edges_m, distance_m, side="right")
    shared = np.flatnonzero(places.n_incidents > 1)
    pairs = []
    for number in range(len(edges_m)):
        one, other = near[band == number].T
        if number == 0:
            one, other = np.concatenate([one, shared]), np.concatenate([other, shared])
        n_each = places.n_incidents[one] * places.n_incidents[other]
        step = np.arange(n_each.sum()) - np.repeat(np.cumsum(n_each) - n_each, n_each)
        n_other = np.repeat(places.n_incidents[other], n_each)
        first = np.repeat(start[one], n_each) + step // n_other
        second = np.repeat(start[other], n_each) + step % n_other
        is_once = (first < second) | np.repeat(one != other, n_each)
        pairs.append((first[is_once], second[is_once]))
    return order, pairs


def run_knox_test(
    places: UniquePoints,
    day: Integers,
    edges_m: Floats,
    day_bands: tuple[int, ...],
    *,
    metric: Metric,
    n_replicates: int,
    rng: np.random.Generator,
) -> KnoxTest:
    """Count pairs in each band of distance and of days, and in the same incidents with their days shuffled.

    Args:
        places: Of the incidents, metres.
        day: int (n_incidents,), the day of each.
        edges_m: float (n_distance_bands,), upper edges, rising.
        day_bands: Upper edges, rising.
        metric: How distance is measured.
        n_replicates: Permutations.
        rng: Deals the days out.

    Source: as `measure_near_repeat`.
    """
    order, pairs = _list_pairs(places, edges_m, metric=metric)
    elapsed = (day - day.min()).astype(np.int16 if np.ptp(day) < 2**15 else np.int32)[order]
    n_pairs = _count_cells(elapsed[:, None], pairs, day_bands)[0]
    drawn = np.concatenate(
        [
            _count_cells(_shuffle(elapsed, min(_BATCH, n_replicates - done), rng), pairs, day_bands)
            for done in range(0, n_replicates, _BATCH)
        ]
    )
    by_distance = np.array([len(first) for first, _ in pairs], dtype=np.float64)
    by_days = _count_by_days(elapsed.astype(np.int64), day_bands)
    n = len(day)
    low, median, high = np.quantile(drawn, [0.025, 0.5, 0.975], axis=0)
    p_value, p_adjusted = _rank_among_drawn(n_pairs, drawn)
    return KnoxTest(
        n_pairs=n_pairs,
        n_same_day_pairs=_count_cells(elapsed[:, None], pairs, (1,))[0, :, 0],
        expected=np.outer(by_distance, by_days) / (n * (n - 1) / 2),
        median=median,
        low=low,
        high=high,
        p_value=p_value,
        p_adjusted=p_adjusted,
        is_shared_points=are_places_shared(places),
    )


def _count_cells(
    elapsed: npt.NDArray[np.signedinteger],
    pairs: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]],
    day_bands: tuple[int, ...],
) -> Integers:
    """Pairs by draw, band of distance and band of days, if the incidents fell on the days (n_incidents, n_draws)."""
    below = np.zeros((elapsed.shape[1], len(pairs), len(day_bands)), dtype=np.int64)
    for band, (first, second) in enumerate(pairs):
        for begin in range(0, len(first), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            days_apart = elapsed.take(first[block], axis=0) - elapsed.take(second[block], axis=0)
            np.abs(days_apart, out=days_apart)
            for column, edge in enumerate(day_bands):
                below[:, band, column] += _sum_columns(days_apart < edge)
    return np.diff(below, axis=2, prepend=0)


def _sum_columns(flags: Flags) -> Integers:
    """How many are True in each column; most of the adding is done in bytes, which is several times faster."""
    n_rows, n_columns = flags.shape
    n_whole = n_rows - n_rows % _IN_BYTES
    in_bytes = flags[:n_whole].view(np.uint8).reshape(_IN_BYTES, -1).sum(axis=0, dtype=np.uint8)
    n_true: Integers = in_bytes.reshape(-1, n_columns).sum(axis=0, dtype=np.int64)
    n_true += flags[n_whole:].sum(axis=0, dtype=np.int64)
    return n_true


def _shuffle(
    elapsed: npt.NDArray[np.signedinteger], n_draws: int, rng: np.random.Generator
) -> npt.NDArray[np.signedinteger]:
    """The same days in other orders: (n_incidents, n_draws)."""
    return rng.permuted(np.tile(elapsed[:, None], n_draws), axis=0)


def _count_by_days(elapsed: Integers, day_bands: tuple[int, ...]) -> Floats:
    """Pairs in each band of days, however far apart in space."""
    n_by_day = np.bincount(elapsed).astype(np.float64)
    n_apart = np.zeros(day_bands[-1])
    n_apart[0] = (n_by_day * (n_by_day - 1)).sum() / 2
    for days in range(1, min(day_bands[-1], len(n_by_day))):
        n_apart[days] = n_by_day[:-days] @ n_by_day[days:]
    n_in_band: Floats = np.add.reduceat(n_apart, [0, *day_bands[:-1]])
    return n_in_band


def _rank_among_drawn(n_pairs: Integers, drawn: Integers) -> tuple[Floats, Floats]:
    """The p of each cell alone, and allowing for all: by the smallest of any cell, in what was found and in draws."""
    everything = np.concatenate([n_pairs[None], drawn]).reshape(1 + len(drawn), -1)
    n_at_least = np.empty(everything.shape)
    for cell, counts in enumerate(everything.T):
        n_at_least[:, cell] = len(counts) - np.searchsorted(np.sort(counts), counts, side="left")
    p_value = n_at_least / len(everything)
    smallest = np.sort(p_value.min(axis=1))
    p_adjusted = np.searchsorted(smallest, p_value[0], side="right") / len(smallest)
    return p_value[0].reshape(n_pairs.shape), p_adjusted.reshape(n_pairs.shape)
