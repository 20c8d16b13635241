"""Whether places are points that several addresses share."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from hotspots.geography import UniquePoints

CLOSE_M, _AROUND_M = 20.0, 100.0
_MIN_AROUND, _MIN_CLOSE_SHARE = 100, 0.03
"""Of pairs of places within 100 m, 1 in 25 lies within 20 m if places are scattered, more if they cluster as addresses
do (11 to 39% in Chicago and Vancouver); of shared points 0 to 2% (police.uk, San Francisco, Washington, Memphis)."""


def are_places_shared(places: UniquePoints) -> bool:
    """Whether distinct places are spaced as shared points are, and addresses are not.

    Points to which several addresses are moved (the middle of a block, a rounded coordinate) have hardly a neighbour
    within 20 m, however many within 100 m. Told only where 100 pairs of places lie within 100 m; otherwise False.
    """
    if not len(places.easting):
        return False
    tree = cKDTree(places.coordinates)
    close, around = (np.asarray(tree.count_neighbors(tree, [CLOSE_M, _AROUND_M])) - len(places.easting)) / 2
    return bool(around >= _MIN_AROUND and close < _MIN_CLOSE_SHARE * around)
