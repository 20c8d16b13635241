"""Clusters of incidents by DBSCAN, on unique coordinates with counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.condensation import Floats, condense_hierarchy, measure_k_distances
from hotspots.analysis.hotspots.neighbourhoods import (
    choose_eps,
    choose_min_samples,
    measure_spacing,
    require_two,
)
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points

ClusterMethod = Literal["dbscan", "hdbscan"]

_MAX_PAIRS = 250_000_000
_SLACK = 1e-9
_FINEST_M, _COARSEST_M = 1.0, 50.0
"""Distances that tell two incidents apart: not below a metre, and not above half the spacing of London's points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Groups of incidents by density.

    Attributes:
        cluster_id: Int64 on the index of the incidents, from 0; missing for noise.
        n_clusters: How many groups.
        eps_m: Neighbourhood radius, metres. HDBSCAN has none: there it only says how far an outline may reach.
        min_samples: Incidents within `eps_m`, the incident itself included, that make it a core point; with HDBSCAN,
            incidents within the core distance.
        min_samples_reason: Why that number, in words, where it was chosen automatically; otherwise None.
        eps_reason: The same for `eps_m`.
        method: How they were found.
        min_cluster_size: Fewest incidents of a cluster; None with DBSCAN, which has no such rule.
    """

    cluster_id: pd.Series
    n_clusters: int
    eps_m: float
    min_samples: int
    min_samples_reason: str | None
    eps_reason: str | None = None
    method: ClusterMethod = "dbscan"
    min_cluster_size: int | None = None


def find_clusters(
    incidents: gpd.GeoDataFrame,
    *,
    eps_m: float | None = None,
    min_samples: int | None = None,
    method: ClusterMethod = "dbscan",
    min_cluster_size: int | None = None,
    incident_weights: npt.ArrayLike | None = None,
) -> Clusters:
    """Group incidents by density with DBSCAN or HDBSCAN.

    Both run on unique coordinates weighted by the incidents that share them, at a fraction of the time and memory of
    a run on all rows. DBSCAN's labels are those of that run.

    DBSCAN joins any chain of places that are dense at one scale, `eps_m`, so one cluster can stretch the length of a
    high street: read its area before sending anybody. Labels depend on the order of rows only where a place borders
    two clusters.

    HDBSCAN looks at all scales and keeps the groups that last longest as the scale shrinks. It finds dense places
    beside less dense ones, which no single `eps_m` does, but it says nothing of size: where crime thins out slowly,
    as burglary does, its clusters are neighbourhoods a kilometre or two across, not hot spots to patrol. Edges of equal
    length part together, as its authors say; programs that part them one by one give a few border incidents to a
    cluster that are noise here. Distances below half the spacing of the places, as the median incident has it, count as
    that half, but as 1 m at least and 50 m at most: an incident moved to a shared point may have happened anywhere up
    to half-way to the next, and copies of a point would otherwise be infinitely dense.

    Args:
        incidents: Points in a projected CRS in metres.
        eps_m: Neighbourhood radius, metres; by default as `choose_eps` says. With HDBSCAN it changes no label.
        min_samples: Incidents that make a neighbourhood dense; by default as `choose_min_samples` says.
        method: Which of the two.
        min_cluster_size: Fewest incidents of a cluster of HDBSCAN; by default `min_samples`.
        incident_weights: One for each incident, in their order, not negative: an incident of weight 0.5 counts as half
            a one. For DBSCAN with both of its options given only, since neither is chosen for sums of weights.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `eps_m` is not positive, or so large that memory would not do; `min_samples` or
            `min_cluster_size` is below 2, or the latter is given to DBSCAN; the method is not known; or weights are
            given without both options of DBSCAN, not one for each incident, negative or not finite.

    Source: Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996), "A density-based algorithm for discovering
    clusters in large spatial databases with noise", KDD-96. Campello, R. J. G. B., Moulavi, D. and Sander, J. (2013),
    "Density-based clustering based on hierarchical density estimates", PAKDD 2013, doi:10.1007/978-3-642-37456-2_14.
    """
    require_metres(incidents, table="incidents")
    if method not in get_args(ClusterMethod):
        raise ParameterError(
            f'No way to cluster called "{method}". Choose one of: {", ".join(get_args(ClusterMethod))}.'
        )
    if eps_m is not None and not (math.isfinite(eps_m) and eps_m > 0):
        raise ParameterError(f"eps must be above 0 m, not {eps_m}. 125 m suits police.uk snap points.")
    if min_samples is not None:
        require_two(min_samples, "min_samples")
    if min_cluster_size is not None:
        require_two(min_cluster_size, "min_cluster_size")
        if method == "dbscan":
            raise ParameterError(
                f"DBSCAN has no min_cluster_size; {min_cluster_size} was given. Leave it out, or choose hdbscan."
            )
    if incident_weights is not None and (method != "dbscan" or eps_m is None or min_samples is None):
        raise ParameterError(
            "Incidents can be weighted in DBSCAN with eps and min_samples given; "
            f"here the method is {method}, eps {eps_m} and min_samples {min_samples}. Give both, or leave weights out."
        )
    min_samples_reason = eps_reason = None
    if min_samples is None:
        min_samples, min_samples_reason = choose_min_samples(len(incidents))
    places = collapse_points(incidents)
    if eps_m is None:
        choice = choose_eps(incidents, min_samples=min_samples)
        eps_m, eps_reason = choice.eps_m, choice.reason
    if method == "hdbscan":
        min_cluster_size = min_samples if min_cluster_size is None else min_cluster_size
        label = _run_hdbscan(places, min_samples=min_samples, min_cluster_size=min_cluster_size)
    else:
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
        method=method,
        min_cluster_size=min_cluster_size if min_cluster_size is None else int(min_cluster_size),
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
            f"Weights must be one for each incident; an array of shape {weight.shape} was given for "
            f"{len(places.inverse):,} incidents. Give them in the order of the incidents."
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
    """The cluster of each place, -1 for noise; `mass` is what counts of each."""
    from sklearn.cluster import DBSCAN  # a second to import, and only this needs it

    if not len(places.easting):
        return np.empty(0, dtype=np.intp)
    tree = cKDTree(places.coordinates)
    n_pairs = int(tree.count_neighbors(tree, eps_m))
    if n_pairs > _MAX_PAIRS:
        raise ParameterError(
            f"DBSCAN may look at {_MAX_PAIRS:,} pairs of neighbouring places, about "
            f"{_MAX_PAIRS * 8 / 1e9:.0f} GB; an eps of {eps_m:g} m makes {n_pairs:,}. Choose a smaller eps, a "
            "shorter period or fewer wards."
        )
    model = DBSCAN(eps=eps_m, min_samples=min_samples)
    label: npt.NDArray[np.intp] = model.fit(places.coordinates, sample_weight=mass).labels_
    return label


def _run_hdbscan(places: UniquePoints, *, min_samples: int, min_cluster_size: int) -> npt.NDArray[np.intp]:
    """The cluster of each place, -1 for noise."""
    spacing_m = measure_spacing(places)
    if spacing_m is None or places.n_incidents.sum() < min_samples:
        return np.full(len(places.easting), -1, dtype=np.intp)
    core_m = measure_k_distances(places.coordinates, places.n_incidents, min_samples=min_samples)
    return condense_hierarchy(
        places.coordinates,
        places.n_incidents,
        core_m=np.maximum(core_m, min(max(spacing_m / 2, _FINEST_M), _COARSEST_M)),
        min_cluster_size=min_cluster_size,
    )
