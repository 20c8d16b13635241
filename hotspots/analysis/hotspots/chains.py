"""Cutting clusters that are too long to patrol."""

from __future__ import annotations

import dataclasses
import itertools
import math

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.clusters import Clusters, sum_weights
from hotspots.analysis.hotspots.outlines import label_places, list_members
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]


def split_clusters(
    incidents: gpd.GeoDataFrame,
    clusters: Clusters,
    *,
    max_extent_m: float = 400.0,
    incident_weights: npt.ArrayLike | None = None,
) -> tuple[Clusters, int]:
    """Cut clusters that are too long to patrol into parts that are not, the densest part first.

    DBSCAN joins any chain of dense places, so the shops of two town centres can be one cluster three kilometres long.
    Of such a cluster the circle around one of its places that holds most incidents is looked at, and the places in it
    that are linked by steps of at most `eps_m` and hold most become a part; then the same of what is left, until no
    circle holds `min_samples` in linked places. What remains is noise: it is not dense enough to be a place of its own.
    The circle is `eps_m` narrower than `max_extent_m`, because an outline reaches half of `eps_m` beyond its places.

    Args:
        incidents: The incidents that the clusters were made from, in metres.
        clusters: `find_clusters(incidents)`.
        max_extent_m: The widest that an outline may be across.
        incident_weights: Those that the clusters were made with.

    Returns:
        The clusters with the parts in their place, and how many were cut.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `max_extent_m` leaves no room for two places `eps_m` apart.

    Source: greedy circles as in Kulldorff, M. (1997), "A spatial scan statistic", Communications in Statistics: Theory
    and Methods 26(6), doi:10.1080/03610929708831995, by count and without its test; extents after Weisburd, D. (2015),
    "The law of crime concentration and the criminology of place", Criminology 53(2), doi:10.1111/1745-9125.12070.
    """
    require_metres(incidents, table="incidents")
    if not (math.isfinite(max_extent_m) and max_extent_m >= 2 * clusters.eps_m):
        raise ParameterError(
            f"A hot spot must have room for two places {clusters.eps_m:g} m (eps) apart and half of that around them: "
            f"its extent must be {2 * clusters.eps_m:g} m or more, not {max_extent_m:g} m. Choose a larger extent or a "
            "smaller eps."
        )
    places = collapse_points(incidents)
    mass = sum_weights(places, incident_weights)
    label = label_places(places, clusters)
    radius = (max_extent_m - clusters.eps_m) / 2
    split = np.full(len(label), -1)
    n_clusters = n_split = 0
    all_members = list_members(label, clusters.n_clusters)
    for members, extent in zip(all_members, _measure_extents(places.coordinates, all_members), strict=True):
        parts = [members]
        if extent > 2 * radius:
            parts = _cut_into_circles(places, mass, members, radius_m=radius, clusters=clusters)
            n_split += 1
        for part in parts:
            split[part] = n_clusters
            n_clusters += 1
    cluster_id = pd.Series(split[places.inverse], index=incidents.index, dtype="Int64", name="cluster_id")
    return dataclasses.replace(clusters, cluster_id=cluster_id.mask(cluster_id < 0), n_clusters=n_clusters), n_split


def _measure_extents(coordinates: Floats, groups: list[Positions]) -> Floats:
    """Diameters of the smallest circles around all places of each group."""
    together = np.concatenate([*groups, np.empty(0, dtype=np.intp)])
    group = np.repeat(np.arange(len(groups)), [len(members) for members in groups])
    radii: Floats = shapely.minimum_bounding_radius(shapely.multipoints(coordinates[together], indices=group))
    return 2 * radii


def _cut_into_circles(
    places: UniquePoints, mass: Floats, members: Positions, *, radius_m: float, clusters: Clusters
) -> list[Positions]:
    # from south to north, so that of equal circles the southernmost is taken whatever the order of rows
    members = members[np.lexsort((places.easting[members], places.northing[members]))]
    coordinates, left = places.coordinates[members], mass[members]
    one, other = _pair_near(coordinates, radius_m)
    ends = np.searchsorted(one, np.arange(len(members) + 1)).tolist()
    near = [other[first:after] for first, after in itertools.pairwise(ends)]
    held = np.bincount(one, left[other])
    parts = []
    while held.max() >= clusters.min_samples:
        centre = int(held.argmax())
        circle = near[centre][left[near[centre]] > 0]
        part = circle[_find_heaviest(coordinates[circle], left[circle], clusters.eps_m)]
        if left[part].sum() < clusters.min_samples:
            held[centre] = 0  # its places are not linked, but may be within other circles
            continue
        parts.append(members[part])
        for place in part:
            held[near[place]] -= left[place]
        left[part] = 0
    return parts


def _pair_near(coordinates: Floats, radius_m: float) -> tuple[Positions, Positions]:
    """Each place with all that are near it, itself among them, in order."""
    n = len(coordinates)
    one, other = cKDTree(coordinates).query_pairs(radius_m, output_type="ndarray").T
    # as one number each, which is sorted in a fraction of the time
    numbers = np.sort(np.concatenate([one * n + other, other * n + one, np.arange(n) * (n + 1)]))
    return np.divmod(numbers, n)


def _find_heaviest(coordinates: Floats, mass: Floats, step_m: float) -> npt.NDArray[np.bool_]:
    """Which places are of the group, linked by steps, that holds most; of equal ones the first."""
    squares = (coordinates[:, None] - coordinates[None]) ** 2
    linked = squares[..., 0] + squares[..., 1] <= step_m**2
    group = np.zeros(0, dtype=np.intp)
    lowest = linked.argmax(axis=1)  # of the places one step away
    while not np.array_equal(group, lowest):
        group = lowest
        lowest = np.where(linked, group, len(group)).min(axis=1)
    heaviest: npt.NDArray[np.bool_] = group == np.bincount(group, mass).argmax()
    return heaviest
