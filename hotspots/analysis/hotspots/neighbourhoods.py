"""How many incidents make a neighbourhood dense, and how far it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from hotspots.contracts import require_metres
from hotspots.distributions import poisson_isf
from hotspots.errors import ParameterError
from hotspots.geography import MIN_INCIDENTS, UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MIN_SAMPLES_SHARE = 0.005
_MIN_SAMPLES_TIMES_AVERAGE = 7
_NEIGHBOURHOOD_M = 125.0
_CHANCE = 0.05

_EPS_STEP_M = 5.0
_LOWEST_EPS_M, _HIGHEST_EPS_M = 50.0, 200.0
_EPS_TIMES_SPACING = 1.5
"""Reaches the four nearest on a square lattice of places, and their diagonals: neighbours, and not their neighbours."""
_MIN_KNEE_DEPTH = 0.25
"""Twelve crimes in two London boroughs bend by at most 0.20, the clusters of the demonstration data by 0.38 or more."""
_MIN_CURVE_PLACES = 30
_FIRST_NEIGHBOURS = 16
MAX_SEARCHED = 20_000_000
"""Neighbours of places that the curve is drawn from, in all."""
_MAX_QUERIED = 4_000_000
"""Neighbours asked for at once; 64 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpsChoice:
    """A neighbourhood radius, and why it was chosen.

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


def require_two(number: int, name: str) -> None:
    """Refuse a number of incidents that would make a cluster of one.

    Raises:
        ParameterError: It is below 2.
    """
    if number < 2:
        raise ParameterError(f"`{name}` must be 2 or more, not {number}: one incident is not a cluster.")


def choose_eps(incidents: gpd.GeoDataFrame, *, min_samples: int) -> EpsChoice:
    """Choose the neighbourhood radius of DBSCAN from the k-distance curve, or from the spacing of the places.

    The curve holds, for each incident, the distance within which `min_samples` incidents lie, itself included, in
    ascending order. Where incidents cluster it is flat, and it rises where they do not: the knee between the two, the
    point farthest below the straight line from the first to the last, is the radius at which clusters end.

    The rule was made for data that are mostly clusters with a little noise. Recorded crime is mostly noise with a few
    clusters, on shared points, and there the knee of the whole curve finds the loneliest tenth of all incidents: for
    twelve crimes in two London boroughs it lies at 340 to 570 m, and that of robbery moves by a third if the last
    twentieth is left out. So the curve is read only up to 400 m, beyond which nothing can be a hot spot,
    and without the places that hold `min_samples` alone, whose distance is 0 and says nothing. The knee counts only if
    it lies a quarter of the curve's height below the line, and the curve has 30 places. Otherwise one and a half times
    the spacing of the places is taken, as the median incident has it, which links each to its neighbours and not to
    theirs.

    Either is rounded to 5 m and held between 50 and 200 m, which suit hot spots of 100 to 400 m.

    Args:
        incidents: Points in a projected CRS in metres.
        min_samples: Incidents that make a neighbourhood dense.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `min_samples` is below 2.

    Source: k-distance curve: Ester et al. (1996), as in `find_clusters`, section 4.2. Knee: Satopaa, V., Albrecht, J.,
    Irwin, D. and Raghavan, B. (2011), "Finding a 'kneedle' in a haystack", ICDCS Workshops,
    doi:10.1109/ICDCSW.2011.20.
    """
    require_metres(incidents, table="incidents")
    require_two(min_samples, "min_samples")
    places = collapse_points(incidents)
    spacing_m = _measure_spacing(places)
    if spacing_m is None:
        words = "the smallest value allowed, because there are not two places to measure between"
        return EpsChoice(eps_m=_LOWEST_EPS_M, reason=words, knee_m=None, spacing_m=None)
    # a part of many places draws the same curve
    n_neighbours = min_samples * len(places.easting) ** 2 / len(incidents)
    part = slice(None, None, math.ceil(n_neighbours / MAX_SEARCHED))
    distance_m = measure_k_distances(
        places.coordinates, places.n_incidents, min_samples=min_samples, within_m=2 * _HIGHEST_EPS_M, part=part
    )
    knee_m = _find_knee(distance_m, places.n_incidents[part])
    if knee_m is None:
        wanted = _EPS_TIMES_SPACING * spacing_m
        reason = (
            f"{_EPS_TIMES_SPACING:g} times the {spacing_m:.0f} m between neighbouring places, because the distances "
            f"to {min_samples} incidents show no clear knee"
        )
    else:
        wanted = knee_m
        reason = f"the distances to {min_samples} incidents have their knee at {knee_m:.0f} m"
    eps_m = min(max(_EPS_STEP_M * round(wanted / _EPS_STEP_M), _LOWEST_EPS_M), _HIGHEST_EPS_M)
    if wanted < _LOWEST_EPS_M:
        reason = f"the smallest value allowed; the data suggest less: {reason}"
    elif wanted > _HIGHEST_EPS_M:
        reason = f"the largest value that suits a hot spot; the data suggest more: {reason}"
    return EpsChoice(eps_m=float(eps_m), reason=reason, knee_m=knee_m, spacing_m=spacing_m)


def measure_k_distances(
    coordinates: Floats,
    n_incidents: Integers,
    *,
    min_samples: int,
    within_m: float,
    part: slice = slice(None),
) -> Floats:
    """The distance from each place within which `min_samples` incidents lie, those at the place itself included.

    Equal to the distance from an incident to its `min_samples`-th nearest, itself being the first, on the raw points.

    Args:
        coordinates: (n_places, 2), metres.
        n_incidents: (n_places,), incidents at each.
        min_samples: How many must lie within the distance.
        within_m: Look no further; a cap makes the search on many places several times cheaper.
        part: Of the places, those that are asked about.

    Returns:
        Of each that is asked about, metres; infinite where fewer incidents lie within `within_m`.
    """
    n_places = len(coordinates)
    distance_m = np.full(n_places, math.inf)
    counts = np.append(n_incidents, 0)  # the tree's index for "no neighbour" counts nothing
    asked = np.arange(n_places)[part]
    left = asked[n_incidents[asked] < min_samples]
    distance_m[asked[n_incidents[asked] >= min_samples]] = 0.0
    if not len(left):
        return distance_m[part]
    tree = cKDTree(coordinates)
    n_neighbours = min(_FIRST_NEIGHBOURS, n_places)
    while len(left):
        unfinished = []
        for block in np.array_split(left, math.ceil(len(left) * n_neighbours / _MAX_QUERIED)):
            found = tree.query(coordinates[block], np.arange(1, n_neighbours + 1), distance_upper_bound=within_m)
            away, neighbour = np.asarray(found[0]), np.asarray(found[1])
            n_before = (np.cumsum(counts[neighbour], axis=1) < min_samples).sum(axis=1)
            enough = n_before < n_neighbours
            distance_m[block[enough]] = away[enough, n_before[enough]]
            unfinished.append(block[~enough & np.isfinite(away[:, -1])])
        left = np.concatenate(unfinished) if n_neighbours < n_places else left[:0]
        n_neighbours = min(2 * n_neighbours, n_places)
    return distance_m[part]


def _find_knee(distance_m: Floats, n_incidents: Integers) -> float | None:
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
    over as many neighbourhoods as fill the area), and never fewer than 10, of whom no single one can be found.

    A convention: it decides how many hot spots there are, not how sure they are.

    Args:
        n_incidents: In the study area.
        study_area_km2: Its area; without it only the share and the 10 count.
    """
    candidates = {f"{_MIN_SAMPLES_SHARE:.1%} of {n_incidents:,} incidents": _MIN_SAMPLES_SHARE * n_incidents}
    lowest, why_lowest = MIN_INCIDENTS, "the fewest from which no single victim can be found"
    if study_area_km2:
        neighbourhood_km2 = math.pi * (_NEIGHBOURHOOD_M / 1000) ** 2
        average = n_incidents * neighbourhood_km2 / study_area_km2
        words = f"{_MIN_SAMPLES_TIMES_AVERAGE} times the average density of the area"
        candidates[words] = _MIN_SAMPLES_TIMES_AVERAGE * average
        by_chance = 1 + int(poisson_isf(min(_CHANCE * neighbourhood_km2 / study_area_km2, 1.0), average))
        if by_chance > lowest:
            lowest, why_lowest = by_chance, "the smallest number that would not come together by chance"
    reason, wanted = min(candidates.items(), key=lambda candidate: candidate[1])
    if wanted < lowest:
        return lowest, f"{why_lowest}; {reason} would be fewer"
    return math.ceil(wanted), reason
