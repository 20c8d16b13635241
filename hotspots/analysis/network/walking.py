"""How far it is to walk: along streets where they are known, otherwise as the crow flies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from hotspots.analysis.network.street_network import StreetNetwork

Coordinates = npt.NDArray[np.float64]

WALKING_M_PER_MINUTE: Final = 80.0
"""4.8 km an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPairs:
    """Pairs of an origin and a target within reach, by origin and then by target.

    Attributes:
        origin, target: int (n_pairs,), positions.
        distance_m: float (n_pairs,).
    """

    origin: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    distance_m: npt.NDArray[np.float64]


def find_near(
    origins: Coordinates, targets: Coordinates, *, reach_m: float, network: StreetNetwork | None = None
) -> NearPairs:
    """Every pair of an origin and a target that are within reach of each other.

    Args:
        origins: float (n_origins, 2), easting and northing: havens, candidates.
        targets: float (n_targets, 2): places of incidents.
        reach_m: The furthest walk, metres.
        network: Streets to walk along; None for as the crow flies.
    """
    if network is not None:
        raise NotImplementedError
    pairs = cKDTree(origins).sparse_distance_matrix(cKDTree(targets), reach_m, output_type="ndarray")
    pairs = pairs[np.lexsort((pairs["j"], pairs["i"]))]
    return NearPairs(origin=pairs["i"].astype(np.int64), target=pairs["j"].astype(np.int64), distance_m=pairs["v"])


def measure_walks(origins: Coordinates, targets: Coordinates, *, network: StreetNetwork | None = None) -> Coordinates:
    """The length of the shortest walk from each origin to each target.

    Args:
        origins: float (n_origins, 2), easting and northing.
        targets: float (n_targets, 2).
        network: Streets to walk along; None for as the crow flies.

    Returns:
        float (n_origins, n_targets), metres; infinite where there is no way.
    """
    if network is not None:
        raise NotImplementedError
    return cdist(origins, targets)
