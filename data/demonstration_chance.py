"""Chance in the demonstration: random numbers whose streams never change, and points drawn with them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import shapely
from demonstration_facts import HotSpot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def stream(name: str) -> np.random.RandomState:
    """Return the random numbers that belong to a name.

    NumPy promises that the stream of ``RandomState`` will never change, and promises no such thing of its
    newer generators. Every subject has its own stream, so a change to one table leaves the others alone.
    """
    return np.random.RandomState(zlib.crc32(name.encode()))


def pick(rng: np.random.RandomState, weights: Iterable[float], size: int) -> Ints:
    """Draw positions in proportion to weights, with replacement."""
    total = np.cumsum(list(weights))
    found: Ints = np.searchsorted(total, rng.random_sample(size) * total[-1], side="right").astype(np.int64)
    return found


def whole(rng: np.random.RandomState, low: int, high: int, size: int) -> Ints:
    """Draw whole numbers from low to high, both included."""
    return low + np.floor(rng.random_sample(size) * (high - low + 1)).astype(np.int64)


def sample(rng: np.random.RandomState, positions: Ints, size: int) -> Ints:
    """Draw some of the positions, without replacement."""
    return positions[np.argsort(rng.random_sample(len(positions)), kind="stable")[:size]]


def points_in(rng: np.random.RandomState, ward: shapely.Polygon, size: int) -> Ints:
    """Draw points anywhere in a ward, on whole metres and not within 15 m of its edge."""
    inner = ward.buffer(-15)
    west, south, east, north = inner.bounds
    found = np.empty((0, 2), dtype=np.int64)
    while len(found) < size:
        tries = np.floor([west, south] + rng.random_sample((4 * size, 2)) * [east - west, north - south])
        found = np.vstack([found, tries[shapely.contains_xy(inner, tries)].astype(np.int64)])
    return found[:size]


def points_near(rng: np.random.RandomState, ward: shapely.Polygon, spot: HotSpot, sigma: int, size: int) -> Ints:
    """Draw points of a bell-shaped cluster, cut at two and a half sigma and near the edge of the ward."""
    inner = ward.buffer(-15)
    found = np.empty((0, 2), dtype=np.int64)
    while len(found) < size:
        offsets = rng.normal(0.0, sigma, (4 * size, 2))
        tries = np.rint(np.array(spot.centre) * 100 + offsets[np.hypot(*offsets.T) <= 2.5 * sigma])
        found = np.vstack([found, tries[shapely.contains_xy(inner, tries)].astype(np.int64)])
    return found[:size]
