"""Clusters of incidents by DBSCAN, on unique coordinates with counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import collapse_points

_MAX_PAIRS = 250_000_000
_MIN_SAMPLES_FLOOR = 10
_MIN_SAMPLES_SHARE = 0.005
_MIN_SAMPLES_TIMES_AVERAGE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """DBSCAN groups.

    Attributes:
        cluster_id: Int64 on the index of the incidents, from 0; missing for noise.
        n_clusters: How many groups.
        eps_m: Neighbourhood radius, metres.
        min_samples: Incidents within `eps_m`, the incident itself included, that make it a core point.
        min_samples_reason: Why that number, in words, where it was chosen automatically; otherwise None.
    """

    cluster_id: pd.Series
    n_clusters: int
    eps_m: float
    min_samples: int
    min_samples_reason: str | None


def find_clusters(
    incidents: gpd.GeoDataFrame,
    *,
    eps_m: float = 125.0,
    min_samples: int | None = None,
) -> Clusters:
    """Group incidents by density with DBSCAN.

    Runs on unique coordinates weighted by the incidents that share them, which gives the labels of the run on
    all rows at a fraction of the time and memory.

    DBSCAN joins any chain of dense places, so one cluster can stretch the length of a high street: read its
    area before sending anybody. Labels depend on the order of rows only where a place borders two clusters.

    Args:
        incidents: Points in a projected CRS in metres.
        eps_m: Neighbourhood radius, metres.
        min_samples: Incidents that make a neighbourhood dense; by default as `choose_min_samples` says.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `eps_m` is not positive, or so large that memory would not do; or `min_samples` is below 2.

    Source: Ester, M., Kriegel, H.-P., Sander, J. and Xu, X. (1996), "A density-based algorithm for discovering
    clusters in large spatial databases with noise", KDD-96.
    """
    from sklearn.cluster import DBSCAN  # a second to import, and only this needs it

    require_metres(incidents, table="incidents")
    if not (math.isfinite(eps_m) and eps_m > 0):
        raise ParameterError(f"eps must be above 0 m, not {eps_m}. 125 m suits police.uk snap points.")
    if min_samples is not None and min_samples < 2:
        raise ParameterError(f"min_samples must be 2 or more, not {min_samples}: one incident is no cluster.")
    reason = None
    if min_samples is None:
        min_samples, reason = choose_min_samples(len(incidents), eps_m=eps_m)
    labels = np.full(len(incidents), -1)
    if len(incidents):
        places = collapse_points(incidents)
        tree = cKDTree(places.coordinates)
        n_pairs = int(tree.count_neighbors(tree, eps_m))
        if n_pairs > _MAX_PAIRS:
            raise ParameterError(
                f"DBSCAN may look at {_MAX_PAIRS:,} pairs of neighbouring places, about "
                f"{_MAX_PAIRS * 8 / 1e9:.0f} GB; an eps of {eps_m:g} m makes {n_pairs:,}. Choose a smaller eps, a "
                "shorter period or fewer wards."
            )
        model = DBSCAN(eps=eps_m, min_samples=min_samples)
        labels = model.fit(places.coordinates, sample_weight=places.n_incidents).labels_[places.inverse]
    cluster_id = pd.Series(labels, index=incidents.index, dtype="Int64", name="cluster_id")
    return Clusters(
        cluster_id=cluster_id.mask(cluster_id < 0),
        n_clusters=int(labels.max(initial=-1)) + 1,
        eps_m=float(eps_m),
        min_samples=int(min_samples),
        min_samples_reason=reason,
    )


def choose_min_samples(n_incidents: int, *, eps_m: float, study_area_km2: float | None = None) -> tuple[int, str]:
    """How many incidents within `eps_m` make a neighbourhood dense, and why, in words.

    One in two hundred of all incidents, so that a hot spot means the same share of the problem whatever the
    period; but where the area is so large that no place holds such a share, seven times what a neighbourhood
    would hold if incidents were spread evenly. At least 10, below which counts are mostly chance.
    """
    candidates = {f"{_MIN_SAMPLES_SHARE:.1%} of {n_incidents:,} incidents": _MIN_SAMPLES_SHARE * n_incidents}
    if study_area_km2:
        average = n_incidents * math.pi * (eps_m / 1000) ** 2 / study_area_km2
        words = f"{_MIN_SAMPLES_TIMES_AVERAGE} times the average density of the area"
        candidates[words] = _MIN_SAMPLES_TIMES_AVERAGE * average
    reason, wanted = min(candidates.items(), key=lambda candidate: candidate[1])
    if wanted < _MIN_SAMPLES_FLOOR:
        return _MIN_SAMPLES_FLOOR, f"the least that is ever used; {reason} would be fewer"
    return math.ceil(wanted), reason
