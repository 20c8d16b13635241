"""Clusters of incidents by DBSCAN or HDBSCAN, on unique coordinates with counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.condensation import Floats, condense_hierarchy, measure_k_distances
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points

ClusterMethod = Literal["dbscan", "hdbscan"]

_MAX_PAIRS = 250_000_000
_MIN_SAMPLES_FLOOR = 5
_MIN_SAMPLES_SHARE = 0.005
_MIN_SAMPLES_TIMES_AVERAGE = 7
_NEIGHBOURHOOD_M = 125.0
_CHANCE = 0.05

_EPS_STEP_M = 5.0
_EPS_TIMES_SPACING = 1.5
"""Reaches the four nearest on a square lattice of places, and their diagonals: neighbours, and not their neighbours."""
_MIN_KNEE_DEPTH = 0.25
"""Twelve crimes in two London boroughs bend by at most 0.20, the clusters of the demonstration data by 0.38 or more."""
_MIN_CURVE_PLACES = 30
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EpsChoice:
    """A neighbourhood radius, and what it rests on.

    Attributes:
        eps_m: The radius, metres.
        reason: Why, in a sentence.
        knee_m: Distance at the knee of the k-distance curve, metres; None where the curve has no clear one.
        spacing_m: Distance from the median incident's place to the nearest other, metres; None where there is no other.
    """

    eps_m: float
    reason: str
    knee_m: float | None
    spacing_m: float | None


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
        _require_two(min_samples, "min_samples")
    if min_cluster_size is not None:
        _require_two(min_cluster_size, "min_cluster_size")
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
        choice = _choose_eps(places, min_samples=min_samples, lowest_m=50.0, highest_m=200.0)
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


def _require_two(number: int, name: str) -> None:
    if number < 2:
        raise ParameterError(f"{name} must be 2 or more, not {number}: one incident is no cluster.")


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
    spacing_m = _measure_spacing(places)
    if spacing_m is None or places.n_incidents.sum() < min_samples:
        return np.full(len(places.easting), -1, dtype=np.intp)
    core_m = measure_k_distances(places.coordinates, places.n_incidents, min_samples=min_samples)
    return condense_hierarchy(
        places.coordinates,
        places.n_incidents,
        core_m=np.maximum(core_m, min(max(spacing_m / 2, _FINEST_M), _COARSEST_M)),
        min_cluster_size=min_cluster_size,
    )


def choose_eps(
    incidents: gpd.GeoDataFrame, *, min_samples: int, lowest_m: float = 50.0, highest_m: float = 200.0
) -> EpsChoice:
    """Choose the neighbourhood radius of DBSCAN from the k-distance curve, or from the spacing of the places.

    The curve holds, for each incident, the distance within which `min_samples` incidents lie, itself included, in
    ascending order. Where incidents cluster it is flat, and it rises where they do not: the knee between the two, the
    point farthest below the straight line from the first to the last, is the radius at which clusters end.

    The rule was made for data that are mostly clusters with a little noise. Recorded crime is mostly noise with a few
    clusters, on shared points, and there the knee of the whole curve finds the loneliest tenth of all incidents: for
    twelve crimes in two London boroughs it lies at 340 to 570 m, and that of robbery moves by a third if the last
    twentieth is left out. So the curve is read only up to twice `highest_m`, beyond which nothing can be a hot spot,
    and without the places that hold `min_samples` alone, whose distance is 0 and says nothing. The knee counts only if
    it lies a quarter of the curve's height below the line, and the curve has 30 places. Otherwise one and a half times
    the spacing of the places is taken, as the median incident has it, which links each to its neighbours and not to
    theirs.

    Either is rounded to 5 m and held between `lowest_m` and `highest_m`, which suit hot spots of 100 to 400 m.

    Args:
        incidents: Points in a projected CRS in metres.
        min_samples: Incidents that make a neighbourhood dense.
        lowest_m: The least that is ever chosen, metres.
        highest_m: The most, metres.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `min_samples` is below 2, or the bounds are not above 0 m and in order.

    Source: k-distance curve: Ester et al. (1996), as in `find_clusters`, section 4.2. Knee: Satopaa, V., Albrecht, J.,
    Irwin, D. and Raghavan, B. (2011), "Finding a 'kneedle' in a haystack", ICDCS Workshops,
    doi:10.1109/ICDCSW.2011.20.
    """
    require_metres(incidents, table="incidents")
    _require_two(min_samples, "min_samples")
    if not (math.isfinite(highest_m) and 0 < lowest_m <= highest_m):
        raise ParameterError(
            f"The bounds of eps must be above 0 m, the lower first, not {lowest_m:g} m and {highest_m:g} m. "
            "50 m and 200 m suit hot spots of 100 to 400 m."
        )
    return _choose_eps(collapse_points(incidents), min_samples=min_samples, lowest_m=lowest_m, highest_m=highest_m)


def _choose_eps(places: UniquePoints, *, min_samples: int, lowest_m: float, highest_m: float) -> EpsChoice:
    spacing_m = _measure_spacing(places)
    if spacing_m is None:
        words = "fewer than two places have no distances, so the least that is ever used"
        return EpsChoice(eps_m=float(lowest_m), reason=words, knee_m=None, spacing_m=None)
    distance_m = measure_k_distances(
        places.coordinates, places.n_incidents, min_samples=min_samples, within_m=2 * highest_m
    )
    knee_m = _find_knee(distance_m, places.n_incidents)
    if knee_m is None:
        wanted = _EPS_TIMES_SPACING * spacing_m
        reason = (
            f"{_EPS_TIMES_SPACING:g} times the {spacing_m:.0f} m between neighbouring places, because the distances "
            f"to {min_samples} incidents show no clear knee"
        )
    else:
        wanted = knee_m
        reason = f"the distances to {min_samples} incidents have their knee at {knee_m:.0f} m"
    eps_m = min(max(_EPS_STEP_M * round(wanted / _EPS_STEP_M), lowest_m), highest_m)
    if wanted < lowest_m:
        reason = f"the least that is ever used; less would follow from this: {reason}"
    elif wanted > highest_m:
        reason = f"the most that suits a hot spot; more would follow from this: {reason}"
    return EpsChoice(eps_m=float(eps_m), reason=reason, knee_m=knee_m, spacing_m=spacing_m)


def _find_knee(distance_m: Floats, n_incidents: npt.NDArray[np.int64]) -> float | None:
    """The distance at which the ascending curve, one step for each incident, lies deepest below its chord."""
    is_on_curve = (distance_m > 0) & np.isfinite(distance_m)
    order = np.argsort(distance_m[is_on_curve], kind="stable")
    height = distance_m[is_on_curve][order]
    if len(height) < _MIN_CURVE_PLACES or height[0] == height[-1]:
        return None
    last = np.cumsum(n_incidents[is_on_curve][order]) - 1  # of several incidents at one height the last lies deepest
    depth = last / last[-1] - (height - height[0]) / (height[-1] - height[0])
    knee = int(depth.argmax())
    return float(height[knee]) if depth[knee] >= _MIN_KNEE_DEPTH else None


def _measure_spacing(places: UniquePoints) -> float | None:
    """Median over the incidents of the distance from their place to the nearest other; None with fewer than two."""
    if len(places.easting) < 2:
        return None
    away_m = np.ravel(cKDTree(places.coordinates).query(places.coordinates, [2])[0])
    order = np.argsort(away_m, kind="stable")
    n_up_to = np.cumsum(places.n_incidents[order])
    return float(away_m[order][np.searchsorted(n_up_to, n_up_to[-1] / 2)])


def choose_min_samples(n_incidents: int, *, study_area_km2: float | None = None) -> tuple[int, str]:
    """How many incidents make a neighbourhood dense, and why, in words.

    One in two hundred of all incidents, so that a hot spot means the same share of the problem whatever the period; but
    where the area is so large that no place holds such a share, seven times what 125 m around a place would hold if
    incidents were spread evenly. Never fewer than could come together by chance: so many that, of incidents spread
    evenly, as many would lie within 125 m of each other anywhere in the area in one case of twenty at most (Poisson,
    over as many neighbourhoods as fill the area), and never fewer than 5.

    A convention: it decides how many hot spots there are, not how sure they are.

    Args:
        n_incidents: In the study area.
        study_area_km2: Its area; without it only the share and the 5 count.
    """
    candidates = {f"{_MIN_SAMPLES_SHARE:.1%} of {n_incidents:,} incidents": _MIN_SAMPLES_SHARE * n_incidents}
    lowest, why_lowest = _MIN_SAMPLES_FLOOR, "the least that is ever used"
    if study_area_km2:
        neighbourhood_km2 = math.pi * (_NEIGHBOURHOOD_M / 1000) ** 2
        average = n_incidents * neighbourhood_km2 / study_area_km2
        words = f"{_MIN_SAMPLES_TIMES_AVERAGE} times the average density of the area"
        candidates[words] = _MIN_SAMPLES_TIMES_AVERAGE * average
        by_chance = 1 + int(stats.poisson.isf(min(_CHANCE * neighbourhood_km2 / study_area_km2, 1.0), average))
        if by_chance > lowest:
            lowest, why_lowest = by_chance, "the least that would not come together by chance"
    reason, wanted = min(candidates.items(), key=lambda candidate: candidate[1])
    if wanted < lowest:
        return lowest, f"{why_lowest}; {reason} would be fewer"
    return math.ceil(wanted), reason
