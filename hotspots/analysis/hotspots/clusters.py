"""Clusters of incidents by DBSCAN, on unique coordinates with counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.neighbourhoods import (
    choose_eps,
    choose_min_samples,
    require_two,
)
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]

_MAX_PAIRS = 250_000_000
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Groups of incidents by density.

    Attributes:
        cluster_id: Int64 on the index of the incidents, from 0; missing for noise.
        n_clusters: How many groups.
        eps_m: Neighbourhood radius, metres.
        min_samples: Incidents within `eps_m`, the incident itself included, that make it a core point.
        min_samples_reason: Why that number, in words, where it was chosen automatically; otherwise None.
        eps_reason: The same for `eps_m`.
    """

    cluster_id: pd.Series
    n_clusters: int
    eps_m: float
    min_samples: int
    min_samples_reason: str | None
    eps_reason: str | None = None


def find_clusters(
    incidents: gpd.GeoDataFrame,
    *,
    eps_m: float | None = None,
    min_samples: int | None = None,
    incident_weights: npt.ArrayLike | None = None,
) -> Clusters:
    """Group incidents by density with DBSCAN.

    It runs on unique coordinates weighted by the incidents that share them, at a fraction of the time and memory of a
    run on all rows, and gives the same labels.

    DBSCAN joins any chain of places that are dense at one scale, `eps_m`, so one cluster can stretch the length of a
    high street: read its area before sending anybody. Labels depend on the order of rows only where a place borders
    two clusters.

    Args:
        incidents: Points in a projected CRS in metres.
        eps_m: Neighbourhood radius, metres; by default as `choose_eps` says.
        min_samples: Incidents that make a neighbourhood dense; by default as `choose_min_samples` says.
        incident_weights: One for each incident, in their order, not negative: an incident of weight 0.5 counts as half
            a one. With `eps_m` and `min_samples` given only, since neither is chosen for sums of weights.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `eps_m` is not positive, or so large that memory would not do; `min_samples` is below 2; or
            weights are given without both, not one for each incident, negative or not finite.

    Source: Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996), "A density-based algorithm for discovering
    clusters in large spatial databases with noise", KDD-96.
    """
    require_metres(incidents, table="incidents")
    if eps_m is not None and not (math.isfinite(eps_m) and eps_m > 0):
        raise ParameterError(
            f"eps must be above 0 m, not {eps_m}. Give a larger `eps_m`: 125 m suits police.uk snap points."
        )
    if min_samples is not None:
        require_two(min_samples, "min_samples")
    if incident_weights is not None and (eps_m is None or min_samples is None):
        raise ParameterError(
            f"Weighted incidents need both `eps_m` and `min_samples`; they are {eps_m} and {min_samples}. Give both, "
            "or leave the weights out."
        )
    min_samples_reason = eps_reason = None
    if min_samples is None:
        min_samples, min_samples_reason = choose_min_samples(len(incidents))
    places = collapse_points(incidents)
    if eps_m is None:
        choice = choose_eps(incidents, min_samples=min_samples)
        eps_m, eps_reason = choice.eps_m, choice.reason
    mass = sum_weights(places, incident_weights)
    label = _run_dbscan(places, mass, eps_m=eps_m, min_samples=min_samples)
    cluster_id = pd.Series(label[places.inverse], index=incidents.index, dtype="Int64", name="cluster_id")
    return Clusters(
        cluster_id=cluster_id.mask(cluster_id < 0),
        n_clusters=int(label.max(initial=-1)) + 1,
        eps_m=float(eps_m),
        min_samples=int(min_samples),
        min_samples_reason=min_samples_reason,
        eps_reason=eps_reason,
    )


def sum_weights(places: UniquePoints, incident_weights: npt.ArrayLike | None) -> Floats:
    """Float (n_unique,): the incidents at each place, or the sum of their weights.

    Sums of weights come out a hair larger, so that fractions that add up to a whole number are not found wanting.

    Raises:
        ParameterError: Weights are not one for each incident, or one is negative or not finite.
    """
    if incident_weights is None:
        return places.n_incidents.astype(np.float64)
    weight = np.asarray(incident_weights, dtype=np.float64)
    if weight.shape != places.inverse.shape:
        raise ParameterError(
            f"Each incident needs one weight; an array of shape {weight.shape} was given for {len(places.inverse):,} "
            "incidents. Give them in the order of the incidents."
        )
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if len(wrong):
        raise ParameterError(
            f"Weights must be numbers of 0 or more; incident {wrong[0] + 1:,} has {weight[wrong[0]]}. "
            "Leave out the incidents that have no weight, or give them 0."
        )
    mass = np.bincount(places.inverse, weight, len(places.easting)).astype(np.float64)
    return mass * (1 + _SLACK)


def _run_dbscan(places: UniquePoints, mass: Floats, *, eps_m: float, min_samples: int) -> npt.NDArray[np.intp]:
    """The cluster of each place, -1 for noise; `mass` is what counts of each.

    Core places that are linked are one cluster, clusters are numbered by their first core place, and a place that
    borders on several is of the first: the labels of scikit-learn's DBSCAN, without the time that it takes to import.
    """
    n_places = len(places.easting)
    label = np.full(n_places, -1, dtype=np.intp)
    if not n_places:
        return label
    tree = cKDTree(places.coordinates)
    n_pairs = int(tree.count_neighbors(tree, eps_m))
    if n_pairs > _MAX_PAIRS:
        raise ParameterError(
            f"DBSCAN can take up to {_MAX_PAIRS:,} pairs of neighbouring places, about {_MAX_PAIRS * 8 / 1e9:.0f} GB; "
            f"an eps of {eps_m:g} m makes {n_pairs:,}. Choose a smaller eps, a shorter period or fewer wards."
        )
    one, other = tree.query_pairs(eps_m, output_type="ndarray").T
    within = mass + np.bincount(one, mass[other], n_places) + np.bincount(other, mass[one], n_places)
    is_core = within >= min_samples
    linked = is_core[one] & is_core[other]
    links = sparse.coo_array((np.ones(int(linked.sum())), (one[linked], other[linked])), shape=(n_places, n_places))
    group = sparse.csgraph.connected_components(links, directed=False)[1]
    label[is_core] = pd.factorize(group[is_core])[0]
    reached = np.full(n_places, n_places, dtype=np.intp)
    for core, border in ((one, other), (other, one)):
        borders = is_core[core] & ~is_core[border]
        np.minimum.at(reached, border[borders], label[core[borders]])
    is_border = reached < n_places
    label[is_border] = reached[is_border]
    return label
