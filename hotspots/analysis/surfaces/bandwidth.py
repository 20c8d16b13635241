"""How far to smooth: one bandwidth for all incidents, or one for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import shapely
from scipy.spatial import cKDTree

from hotspots.analysis.surfaces.density import Floats
from hotspots.analysis.surfaces.kernels import KERNELS, Kernel, require_kernel
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import UniquePoints, collapse_points

BandwidthRule = Literal["likelihood", "scott", "silverman"]

_LADDER_M = (50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 1000, 1250, 1500, 2000)
"""Radii of a quartic kernel that likelihood tries: from a street corner to where a borough is one blur."""
_ANYWHERE_SHARE = 0.01
"""Share of incidents taken to lie anywhere, or a single remote incident would dictate the bandwidth."""
_TASKING_M = 500.0
_MAX_AREA_SHARE = 0.1
_MAX_PAIRS = 10_000_000
_PAIRS_AT_ONCE = 2_000_000
_PLACES_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bandwidth:
    """A bandwidth and why it was chosen.

    Attributes:
        bandwidth_m: Radius of a compact kernel, standard deviation of a gaussian one.
        kernel: The kernel it is for.
        rule: How it was chosen.
        reason: The same in a sentence.
        candidates_m: Bandwidths tried, from small to large; none for a rule of thumb.
        scores: For each candidate the mean logarithm of the density (per square kilometre, of one incident) predicted
            where incidents lie; the highest is best.
        warning: What speaks against using it to send people somewhere, in a sentence; None where nothing does.
    """

    bandwidth_m: float
    kernel: Kernel
    rule: BandwidthRule
    reason: str
    candidates_m: tuple[float, ...]
    scores: tuple[float, ...]
    warning: str | None


def choose_bandwidth(
    incidents: gpd.GeoDataFrame,
    *,
    rule: BandwidthRule = "likelihood",
    kernel: Kernel = "quartic",
    candidates_m: Sequence[float] | None = None,
    study_area: shapely.Geometry | None = None,
    max_places: int = 5000,
    seed: int = 0,
) -> Bandwidth:
    """Choose how far to smooth incidents.

    "likelihood" takes the candidate that best predicts incidents left out: the density at each place is estimated from
    the incidents of all other places, and the mean logarithm over incidents is compared. All incidents of a place are
    left out together. Recorded crime is snapped to shared points; leave out one incident at a time and the others on
    its point predict it perfectly at a bandwidth of nothing, so the smallest candidate would always win. Where each
    incident has a place of its own this is leave-one-out. One incident in a hundred is taken to lie anywhere in the
    study area, or a single remote incident, which a compact kernel cannot reach, would dictate the bandwidth. Over many
    places it is judged at a sample of `max_places`, drawn in proportion to incidents.

    "scott" and "silverman" are rules of thumb for one round cloud of incidents: spread x incidents^(-1/6) as the
    standard deviation of a gaussian kernel (in two dimensions both rules have this factor), the spread being the
    geometric mean of those of easting and northing, which keeps the area of the cloud. Scott's is the standard
    deviation; Silverman's the smaller of that and the interquartile range / 1.34, so that outliers do not widen it.
    Crime is many clouds along streets, and these rules blur it, often to the size of a district. For other kernels the
    result is turned into the bandwidth that smooths as much: see `convert_bandwidth`.

    The answer is one that describes where incidents are, which is not always one that predicts where the next will be,
    and never a statement about how far risk spreads.

    Args:
        incidents: Points in a projected CRS in metres.
        rule: "likelihood", "scott" or "silverman".
        kernel: The kernel that the bandwidth is for.
        candidates_m: Bandwidths that likelihood tries; by default 20 from 50 to 2,000 m for the quartic kernel, and as
            much smoothing for others.
        study_area: Polygon or MultiPolygon in the same CRS; by default the convex hull of the incidents.
        max_places: Places at which likelihood is judged at most; fewer where each has thousands of others in reach.
        seed: Where the sample of places starts.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: The rule or kernel is not known, a candidate or `max_places` is not positive.
        TooLittleDataError: The incidents lie on fewer than three places, or on one line.

    Source: Silverman, B. W. (1986), Density Estimation for Statistics and Data Analysis, sections 3.4.2, 3.4.4 and
    4.3.2; Scott, D. W. (1992), Multivariate Density Estimation, section 6.3.1, doi:10.1002/9780470316849; Habbema,
    J. D. F., Hermans, J. and van den Broek, K. (1974), "A stepwise discriminant analysis program using density
    estimation", COMPSTAT 1974.
    """
    require_metres(incidents, table="incidents")
    require_kernel(kernel)
    if rule not in get_args(BandwidthRule):
        raise ParameterError(f'No rule called "{rule}". Choose one of: {", ".join(get_args(BandwidthRule))}.')
    if max_places < 1:
        raise ParameterError(f"The number of places to judge at must be 1 or more, not {max_places}. 5,000 is plenty.")
    places = collapse_points(incidents)
    hull = shapely.convex_hull(shapely.multipoints(places.coordinates))
    if len(places.easting) < 3 or shapely.area(hull) == 0:
        raise TooLittleDataError(
            f"A bandwidth needs incidents on at least three places that are not on one line; {len(incidents):,} "
            f"incidents lie on {len(places.easting):,}. Give a bandwidth in metres instead."
        )
    area_m2 = float(shapely.area(hull if study_area is None else study_area))
    if area_m2 == 0:
        raise ParameterError("A study area must enclose some land; this one has an area of 0. Give polygons.")
    candidates, scores, doubt = np.empty(0), np.empty(0), None
    if rule == "likelihood":
        candidates = _list_candidates(candidates_m, kernel)
        scores, n_judged = _score_candidates(places, candidates, kernel, area_m2, max_places=max_places, seed=seed)
        best = int(scores.argmax())
        bandwidth_m = float(candidates[best])
        sampled = f", judged at {n_judged:,} of {len(places.easting):,}" if n_judged < len(places.easting) else ""
        reason = (
            f"Of {len(candidates)} bandwidths from {candidates[0]:,g} to {candidates[-1]:,g} m, {bandwidth_m:,g} m "
            f"best predicts the incidents of places left out{sampled}."
        )
        if len(candidates) > 1 and best in (0, len(candidates) - 1):
            end, beyond = ("smallest", "smaller") if best == 0 else ("largest", "larger")
            doubt = f"{bandwidth_m:,g} m is the {end} bandwidth tried; a {beyond} one may predict better still."
    else:
        spread_m = _measure_spread(places, robust=rule == "silverman")
        deviation_m = spread_m * len(incidents) ** (-1 / 6)
        bandwidth_m = convert_bandwidth(deviation_m, from_kernel="gaussian", to_kernel=kernel)
        reason = (
            f"{rule.capitalize()}'s rule of thumb: a spread of {spread_m:,.0f} m x {len(incidents):,} "
            f"incidents^(-1/6) = {deviation_m:,.0f} m as the standard deviation of a gaussian kernel"
            f"{'' if kernel == 'gaussian' else f', {bandwidth_m:,.0f} m as the radius of a {kernel} one'}."
        )
    warnings = [doubt, warn_of_width(bandwidth_m, kernel=kernel, area_m2=area_m2)]
    return Bandwidth(
        bandwidth_m=bandwidth_m,
        kernel=kernel,
        rule=rule,
        reason=reason,
        candidates_m=tuple(candidates.tolist()),
        scores=tuple(scores.tolist()),
        warning=" ".join(warning for warning in warnings if warning) or None,
    )


def convert_bandwidth(bandwidth_m: float, *, from_kernel: Kernel, to_kernel: Kernel) -> float:
    """The bandwidth at which one kernel smooths as much as another does at `bandwidth_m`.

    By canonical bandwidths: both then trade bias for variance alike, and what is best for one is best for the other. A
    gaussian of standard deviation 1 is matched by a quartic kernel of radius 2.78.

    Args:
        bandwidth_m: Metres: radius of a compact kernel, standard deviation of the gaussian one.
        from_kernel: The kernel that it is of.
        to_kernel: The kernel to find one for.

    Raises:
        ParameterError: A kernel is not known.

    Source: Marron, J. S. and Nolan, D. (1988), "Canonical kernels for density estimation", Statistics & Probability
    Letters 7(3), doi:10.1016/0167-7152(88)90050-8.
    """
    require_kernel(from_kernel)
    require_kernel(to_kernel)
    old, new = KERNELS[from_kernel], KERNELS[to_kernel]
    ratio = (new.roughness / new.variance**2) / (old.roughness / old.variance**2)
    return float(bandwidth_m * ratio ** (1 / 6))


def choose_adaptive_bandwidths(
    incidents: gpd.GeoDataFrame, *, k_neighbours: int = 20, minimum_m: float = 150.0, maximum_m: float = 1000.0
) -> Floats:
    """A bandwidth for each incident: the distance to its k-th nearest other incident, within limits.

    Narrow where incidents are many, wide where they are few, so that a town centre shows its streets while the
    outskirts do not break up into single incidents. Incidents on the same place count, at a distance of 0; where a
    place has more than k of them the minimum holds. Use it with `estimate_density(incidents, bandwidth_m=...)`.

    It sharpens peaks twice, by their incidents and by their narrow kernels: compare its heights with those of another
    adaptive density, not of a fixed one.

    Args:
        incidents: Points in a projected CRS in metres.
        k_neighbours: How many other incidents.
        minimum_m: Never less, metres: a cell at least, and on snapped data the spacing of the points.
        maximum_m: Never more, metres.

    Returns:
        float (n_incidents,), in the order of the incidents.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `k_neighbours` is below 1, or the limits are not 0 < minimum <= maximum.

    Source: Breiman, L., Meisel, W. and Purcell, E. (1977), "Variable kernel estimates of multivariate densities",
    Technometrics 19(2), doi:10.1080/00401706.1977.10489521.
    """
    require_metres(incidents, table="incidents")
    if k_neighbours < 1:
        raise ParameterError(f"Bandwidths need 1 neighbour or more, not {k_neighbours}. 20 suits a year of one crime.")
    if not (0 < minimum_m <= maximum_m < math.inf):
        raise ParameterError(
            f"Bandwidths need limits above 0 m, the smaller first; {minimum_m:g} to {maximum_m:g} m were given. "
            "150 to 1,000 m suit a borough."
        )
    places = collapse_points(incidents)
    bandwidth = np.full(len(places.easting), float(maximum_m))
    if len(bandwidth):
        tree = cKDTree(places.coordinates)
        n_places = min(k_neighbours + 1, len(bandwidth))
        n_incidents = np.append(places.n_incidents, 0)  # what the tree gives where it finds none within the maximum
        for rows in np.array_split(np.arange(len(bandwidth)), math.ceil(len(bandwidth) / _PLACES_AT_ONCE)):
            nearest = np.arange(1, n_places + 1)
            found = tree.query(places.coordinates[rows], k=nearest, distance_upper_bound=maximum_m)
            distance, index = np.asarray(found[0]), np.asarray(found[1])
            reached = np.cumsum(n_incidents[index], axis=1) > k_neighbours  # the incident itself is among them
            first = distance[np.arange(len(rows)), reached.argmax(axis=1)]
            bandwidth[rows] = np.where(reached.any(axis=1), first, maximum_m)
    limited: Floats = np.clip(bandwidth, minimum_m, maximum_m)[places.inverse]
    return limited


def _list_candidates(candidates_m: Sequence[float] | None, kernel: Kernel) -> Floats:
    if candidates_m is None:
        matched = [convert_bandwidth(float(h), from_kernel="quartic", to_kernel=kernel) for h in _LADDER_M]
        return np.unique(np.round(np.array(matched) / 5) * 5)
    candidates = np.unique(np.asarray(candidates_m, dtype=np.float64))
    wrong = candidates[~(np.isfinite(candidates) & (candidates > 0))]
    if len(wrong) or not len(candidates):
        given = f"{wrong[0]:g}" if len(wrong) else "none"
        raise ParameterError(
            f"Candidates must be bandwidths above 0 m; {given} was given. Leave them out for the usual 20."
        )
    return candidates


def _score_candidates(
    places: UniquePoints, candidates: Floats, kernel: Kernel, area_m2: float, *, max_places: int, seed: int
) -> tuple[Floats, int]:
    """The mean logarithm of the density at places left out, for each candidate; and the number of places judged."""
    shape = KERNELS[kernel]
    order = np.lexsort((places.northing, places.easting))  # a sample that does not depend on the order of rows
    coordinates, n_incidents = places.coordinates[order], places.n_incidents[order].astype(np.float64)
    tree = cKDTree(coordinates)
    widest_m = shape.reach * candidates[-1]
    n_hits = _sample_incidents(n_incidents, max_places, seed)
    judged = np.flatnonzero(n_hits)
    n_pairs = np.cumsum(tree.query_ball_point(coordinates[judged], widest_m, return_length=True))
    if n_pairs[-1] > _MAX_PAIRS:  # places that are crowded need fewer of them
        n_hits = _sample_incidents(n_incidents, math.ceil(len(judged) * _MAX_PAIRS / int(n_pairs[-1])), seed)
        judged = np.flatnonzero(n_hits)
        n_pairs = np.cumsum(tree.query_ball_point(coordinates[judged], widest_m, return_length=True))
    blocks = np.split(judged, np.flatnonzero(np.diff(n_pairs // _PAIRS_AT_ONCE)) + 1)
    total = np.zeros(len(candidates))
    for block in blocks:
        pairs = cKDTree(coordinates[block]).sparse_distance_matrix(tree, widest_m, output_type="ndarray")
        others = pairs["j"] != block[pairs["i"]]
        here, d2, mass = pairs["i"][others], pairs["v"][others] ** 2, n_incidents[pairs["j"][others]]
        rest = n_incidents.sum() - n_incidents[block]
        for index in range(len(candidates) - 1, -1, -1):  # from the widest down, so that pairs only drop out
            h2 = candidates[index] ** 2
            near = d2 < shape.reach**2 * h2
            here, d2, mass = here[near], d2[near], mass[near]
            density = np.bincount(here, mass * shape.weigh(d2 / h2), len(block)) / (h2 * rest)
            mixed = (1 - _ANYWHERE_SHARE) * density + _ANYWHERE_SHARE / area_m2
            total[index] += (n_hits[block] * np.log(mixed * 1e6)).sum()
    return total / n_hits.sum(), len(judged)


def _sample_incidents(n_incidents: Floats, n_drawn: int, seed: int) -> Floats:
    """How often each place is judged: as often as it has incidents, or drawn in proportion to them."""
    if len(n_incidents) <= n_drawn:
        return n_incidents
    # every so many incidents, from a random start
    start = np.random.default_rng(seed).random()
    drawn = (np.arange(n_drawn) + start) * (n_incidents.sum() / n_drawn)
    place = np.searchsorted(np.cumsum(n_incidents), drawn, side="right")
    return np.bincount(place, minlength=len(n_incidents)).astype(np.float64)


def _measure_spread(places: UniquePoints, *, robust: bool) -> float:
    """The geometric mean of the spread of eastings and northings of incidents."""
    coordinates = places.coordinates[places.inverse]
    deviation = coordinates.std(axis=0, ddof=1)
    low, high = np.quantile(coordinates, [0.25, 0.75], axis=0)
    middle = (high - low) / 1.34
    is_narrower = robust & (middle > 0) & (middle < deviation)  # 0 where half of the incidents lie on one place
    return float(np.sqrt(np.where(is_narrower, middle, deviation).prod()))


def warn_of_width(bandwidth_m: float, *, kernel: Kernel, area_m2: float) -> str | None:
    """A sentence that warns if a density of this bandwidth is too wide to send people to places; None if it is not.

    Args:
        bandwidth_m: Metres.
        kernel: The kernel that it is of.
        area_m2: Of the study area, square metres.

    Raises:
        ParameterError: The kernel is not known.
    """
    radius_m = convert_bandwidth(bandwidth_m, from_kernel=kernel, to_kernel="quartic")
    if radius_m > _TASKING_M:
        return (
            f"{bandwidth_m:,.0f} m{_as_quartic(kernel, radius_m)} smooths over more than {_TASKING_M:g} m: the surface "
            "names districts, not places to send people to."
        )
    share = math.pi * radius_m**2 / area_m2
    if share > _MAX_AREA_SHARE:
        return (
            f"A kernel of {bandwidth_m:,.0f} m{_as_quartic(kernel, radius_m)} covers {min(share, 1):.0%} of the study "
            "area: the surface says little more than where its middle is."
        )
    return None


def _as_quartic(kernel: Kernel, radius_m: float) -> str:
    return "" if kernel == "quartic" else f" (as much as {radius_m:,.0f} m of a quartic kernel)"
