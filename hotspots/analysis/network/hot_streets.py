"""On which streets crime lies: incidents by segment, and how few streets hold how many of them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import optimize, special

from hotspots.analysis.accuracy import AreaScore, Fold, score_areas
from hotspots.analysis.network.street_network import StreetNetwork
from hotspots.analysis.network.walking import snap_to_streets
from hotspots.contracts import find_placed, require_metres
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography import collapse_points, weigh_places

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LENGTH_SHARES: Final = (0.01, 0.02, 0.05)
LIMIT_M: Final = 75.0
"""Further from any street an incident is on none: a deep park, or a street that the file does not have."""

PREFER_NAMED_M: Final = 15.0
"""A pavement that is drawn as a way of its own lies so near to its street."""

_MOST_EVEN: Final = 1e6
_N_DRAWS: Final = 99
_ROUNDING: Final = 1 + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetCounts:
    """Incidents on the segments of a study area.

    Attributes:
        n_incidents: int (n_segments,), of all segments of the network; 0 outside the study area.
        n_places: float (n_segments,), the places they lie on, as the floor counts them.
        is_inside: bool (n_segments,): whether a segment meets the study area. It then counts whole.
        segment: int (n_rows,), the segment of each incident; -1 if it is too far from any, or known only to an area.
        n_too_far: Incidents further than the limit from any segment of the study area.
        n_unplaced: Incidents known only to an area, which nobody can lay on a street.
        limit_m: That limit, metres.
        is_anonymised: Whether most incidents lie on points that their source has moved them to: such a point stands
            for its street, and not for an address.
    """

    n_incidents: Integers
    n_places: Floats
    is_inside: Flags
    segment: Integers
    n_too_far: int
    n_unplaced: int
    limit_m: float
    is_anonymised: bool

    @property
    def n_on_streets(self) -> int:
        """Incidents that are on a segment."""
        return int(self.n_incidents.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetShare:
    """What the busiest streets hold.

    Attributes:
        length_share: Asked for, 0-1.
        length_m: Of the segments taken: as many as do not go beyond the share, and one at least.
        n_segments: Segments taken.
        n_incidents: On them.
        incident_share: The same as a share of all that are on streets.
        by_chance: The median of that share where every metre of street runs the same risk.
        by_chance_low, by_chance_high: Between these lie the middle 95% of it.
    """

    length_share: float
    length_m: float
    n_segments: int
    n_incidents: int
    incident_share: float
    by_chance: float
    by_chance_low: float
    by_chance_high: float


def count_on_streets(
    incidents: gpd.GeoDataFrame,
    network: StreetNetwork,
    *,
    study_area: shapely.Geometry,
    limit_m: float = LIMIT_M,
) -> StreetCounts:
    """Count incidents by street segment.

    Each incident counts for its nearest segment; of several equally near, for the first. A segment with a name is
    taken before one without if it is no more than `PREFER_NAMED_M` further, so that pavements drawn as ways of their
    own do not take what happens on their street.

    Args:
        incidents: Points in metres; `location_precision`, if there is one, says what a point stands for. One that
            stands for an area is on no street.
        network: The streets.
        study_area: Only segments that meet it are counted on.
        limit_m: The furthest that an incident may lie from its street, metres.

    Raises:
        DataError: The incidents are not in metres, one has no point, or no street meets the study area.
        ParameterError: `limit_m` is not above 0.

    Source: Weisburd, D. (2015), "The law of crime concentration and the criminology of place", Criminology 53(2),
    doi:10.1111/1745-9125.12070 (street segments as units).
    """
    require_metres(incidents, table="incidents")
    if not (limit_m > 0 and math.isfinite(limit_m)):
        raise ParameterError(f"The furthest street must be above 0 m away; `limit_m` is {limit_m:g}. Give 50 to 100.")
    lines = network.segments.geometry.to_numpy()
    shapely.prepare(study_area)
    is_inside: Flags = shapely.intersects(study_area, lines)
    if not is_inside.any():
        raise DataError(
            f"Incidents are counted on the streets of the study area; none of the {len(lines):,} segments meets it. "
            "Give the streets of this area."
        )
    counts, places = np.zeros(len(lines), dtype=np.int64), np.zeros(len(lines))
    segment = np.full(len(incidents), -1, dtype=np.int64)
    is_placed = find_placed(incidents)
    placed = incidents if is_placed.all() else incidents[is_placed]
    if len(placed):
        unique = collapse_points(placed)
        nearest = _find_nearest(unique.coordinates, network, is_inside, limit_m)
        segment[is_placed] = nearest[unique.inverse]
        is_near = nearest >= 0
        counts = np.bincount(nearest[is_near], unique.n_incidents[is_near], len(lines)).astype(np.int64)
        places = np.bincount(nearest[is_near], weigh_places(placed, unique)[is_near], len(lines)).astype(np.float64)
    precision = placed.get("location_precision", pd.Series(dtype="object"))
    return StreetCounts(
        n_incidents=counts,
        n_places=places,
        is_inside=is_inside,
        segment=segment,
        n_too_far=int((segment[is_placed] < 0).sum()),
        n_unplaced=int((~is_placed).sum()),
        limit_m=float(limit_m),
        is_anonymised=bool(len(placed)) and float((precision == "anonymised").mean() or 0.0) > 0.5,
    )


def _find_nearest(places: Floats, network: StreetNetwork, is_inside: Flags, limit_m: float) -> Integers:
    """The segment of each place, -1 where none is near enough."""
    is_named = is_inside & network.segments["name"].notna().to_numpy()
    best = snap_to_streets(places, network, among=is_inside)
    segment, off = best.segment.copy(), best.off_street_m.copy()
    unnamed = np.flatnonzero(~is_named[segment])
    if is_named.any() and len(unnamed):
        named = snap_to_streets(places[unnamed], network, among=is_named)
        is_taken = named.off_street_m <= off[unnamed] + PREFER_NAMED_M
        taken = unnamed[is_taken]
        segment[taken], off[taken] = named.segment[is_taken], named.off_street_m[is_taken]
    segment[off > limit_m] = -1
    return segment


def estimate_street_rates(n_incidents: Integers, length_m: Floats) -> Floats:
    """What to expect on each segment, incidents per metre: its own rate, drawn towards that of all streets.

    A segment of three metres with one incident is not the busiest street of a borough. Rates are taken as drawn from
    a gamma distribution whose mean is the rate of all streets together, and whose shape is the likeliest given the
    counts; the estimate is (shape + incidents) / (shape / mean + length). Where counts scatter no more than chance, all
    streets get one rate.

    Args:
        n_incidents: int (n_segments,).
        length_m: float (n_segments,), above 0.

    Returns:
        float (n_segments,), incidents per metre.

    Raises:
        DataError: The arrays differ in length, or a length is not above 0.
        TooLittleDataError: There is no incident.

    Source: Clayton, D. and Kaldor, J. (1987), "Empirical Bayes estimates of age-standardized relative risks",
    Biometrics 43(3), doi:10.2307/2532003.
    """
    counts, lengths = np.asarray(n_incidents, dtype=np.float64), np.asarray(length_m, dtype=np.float64)
    if counts.shape != lengths.shape or not (lengths > 0).all():
        raise DataError(
            f"Each segment needs one count and a length above 0; given {counts.size:,} counts and {lengths.size:,} "
            f"lengths, the shortest {lengths.min(initial=math.inf):g} m. Take both from one network."
        )
    if not counts.any():
        raise TooLittleDataError("Rates of streets need an incident; none is on a street. Take a longer period.")
    return _estimate_rates(counts, lengths, *_fit(counts, lengths))


def _fit(counts: Floats, lengths: Floats) -> tuple[float, float]:
    """Shape and mean of the rates."""
    mean = float(counts.sum() / lengths.sum())
    expected = mean * lengths
    kinds, n_of = np.unique(counts, return_counts=True)

    def find_cost(log_shape: float) -> float:
        shape = math.exp(log_shape)
        # the negative binomial likelihood, without what does not depend on the shape
        gained = float(n_of @ (special.gammaln(shape + kinds) - special.gammaln(shape)))
        return -gained + float(((shape + counts) * np.log1p(expected / shape)).sum()) + float(counts.sum()) * log_shape

    found = optimize.minimize_scalar(find_cost, bounds=(math.log(1e-3), math.log(_MOST_EVEN)), method="bounded")
    return math.exp(float(found.x)), mean


def _estimate_rates(counts: Floats, lengths: Floats, shape: float, mean: float) -> Floats:
    return np.asarray((shape + counts) / (shape / mean + lengths), dtype=np.float64)


def find_busiest(rate: Floats, length_m: Floats, *, length_share: float) -> Flags:
    """The segments with the highest rates that make up a share of the length, bool (n_segments,).

    They are taken from the highest rate down until the next would go beyond the share; at least one is. Of equal rates
    the first comes first.

    Args:
        rate: float (n_segments,).
        length_m: float (n_segments,).
        length_share: Above 0, at most 1.

    Raises:
        ParameterError: `length_share` is out of range.
    """
    if not 0 < length_share <= 1:
        raise ParameterError(
            f"A share of the length must be above 0 and at most 1; `length_share` is {length_share:g}. 0.05 is 5%."
        )
    order = np.argsort(-rate, kind="stable")
    is_busiest = np.zeros(len(rate), dtype=bool)
    is_busiest[order[: _count_first(length_m[order], length_share)]] = True
    return is_busiest


def _count_first(ordered_m: Floats, length_share: float) -> int:
    """How many of the first segments make up a share of the length."""
    total = np.cumsum(ordered_m)
    return max(int(np.searchsorted(total, length_share * total[-1] * _ROUNDING, side="right")), 1)


def measure_street_shares(
    counts: StreetCounts,
    network: StreetNetwork,
    *,
    length_shares: Sequence[float] = LENGTH_SHARES,
    seed: int = 0,
) -> tuple[StreetShare, ...]:
    """Measure how much of the crime the busiest streets hold, beside chance.

    The busiest are those of the highest rates by `estimate_street_rates`. A few incidents always lie on few streets: so
    the share stands beside what the busiest would hold if every metre ran the same risk. For that the incidents are
    thrown on the streets at random by length, 99 times, and each time the busiest are found anew by the same formula.

    Args:
        counts: Of the incidents.
        network: The streets that they were counted on.
        length_shares: Above 0, at most 1.
        seed: Of the throws.

    Raises:
        ParameterError: A share is out of range.
        TooLittleDataError: No incident is on a street.
    """
    inside = counts.is_inside
    length = network.segments["length_m"].to_numpy()[inside]
    observed = counts.n_incidents[inside]
    rate = estimate_street_rates(observed, length)
    shape, mean = _fit(observed.astype(np.float64), length)
    rng = np.random.default_rng(seed)
    n = int(observed.sum())
    held = np.empty((_N_DRAWS, len(length_shares)))
    for draw in range(_N_DRAWS):
        thrown = rng.multinomial(n, length / length.sum())
        order = np.argsort(-_estimate_rates(thrown.astype(np.float64), length, shape, mean), kind="stable")
        caught = np.cumsum(thrown[order])
        held[draw] = [caught[_count_first(length[order], share) - 1] / n for share in length_shares]
    shares = []
    for i, share in enumerate(length_shares):
        is_busiest = find_busiest(rate, length, length_share=share)
        low, middle, high = np.quantile(held[:, i], [0.025, 0.5, 0.975]).tolist()
        shares.append(
            StreetShare(
                length_share=float(share),
                length_m=float(length[is_busiest].sum()),
                n_segments=int(is_busiest.sum()),
                n_incidents=int(observed[is_busiest].sum()),
                incident_share=float(observed[is_busiest].sum() / n),
                by_chance=middle,
                by_chance_low=low,
                by_chance_high=high,
            )
        )
    return tuple(shares)


def score_streets(
    incidents: gpd.GeoDataFrame,
    network: StreetNetwork,
    *,
    study_area: shapely.Geometry,
    folds: Sequence[Fold],
    length_shares: Sequence[float] = LENGTH_SHARES,
    limit_m: float = LIMIT_M,
    seed: int = 0,
) -> tuple[AreaScore, ...]:
    """Score the busiest streets on incidents that came after: do they stay the busiest?

    In each fold rates are estimated from the days before the test, and the busiest streets are asked what they hold of
    the incidents of the test. The hits of all folds are added. In the scores the share of the length stands where that
    of the area stands for other maps: chance is the share of the length, and `pai` is the hit rate over it.

    Args:
        incidents: With `started_at` and points in metres.
        network: The streets.
        study_area: Only segments that meet it are counted on.
        folds: `plan_folds(...)`, as for other maps.
        length_shares: Above 0, at most 1.
        limit_m: As in `count_on_streets`.
        seed: Of the resampling for intervals.

    Returns:
        A score for each share of the length.

    Raises:
        DataError, ParameterError: As `count_on_streets`.
        TooLittleDataError: A fold has no incident on a street to fit to, or none was left to score by.
    """
    counts = count_on_streets(incidents, network, study_area=study_area, limit_m=limit_m)
    inside = np.flatnonzero(counts.is_inside)
    length = network.segments["length_m"].to_numpy()[inside]
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")

    def count(first: dt.date, last: dt.date) -> Integers:
        chosen = (day >= np.datetime64(first)) & (day <= np.datetime64(last)) & (counts.segment >= 0)
        return np.bincount(counts.segment[chosen], minlength=len(network.segments))[inside].astype(np.int64)

    tests = [
        (
            estimate_street_rates(count(fold.fit_start, fold.fit_end), length),
            count(fold.test_start, fold.test_end),
        )
        for fold in folds
    ]
    scores = []
    for share in length_shares:
        flagged = [find_busiest(rate, length, length_share=share) for rate, _ in tests]
        scores.append(
            score_areas(
                np.concatenate(flagged),
                n_incidents=np.concatenate([came for _, came in tests]),
                area_inside_km2=float(sum(length[is_flagged].sum() for is_flagged in flagged)),
                study_area_km2=float(length.sum() * len(tests)),
                seed=seed,
            )
        )
    return tuple(scores)
