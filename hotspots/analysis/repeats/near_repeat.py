"""Whether incidents are soon followed by others nearby: what the Knox test shows, and when it can show anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import find_runs
from hotspots.analysis.repeats.knox import Metric, count_pairs, run_knox_test
from hotspots.contracts import require_columns, require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


MIN_INCIDENTS = 50
SIGNIFICANCE_LEVEL = 0.05
MIN_RATIO = 1.2
"""Ratio from which a cell is worth telling: with many incidents 1.03 can be significant."""
_MIN_REPLICATES = 99
_MIN_POINT_SHARE = 0.5
"""Below this share of incidents at a place and on a day of their own, these may not represent the rest."""
_SAME_PLACE_M = 1.0
"""A first band narrower than this holds the incidents at one and the same place."""
MAX_PAIRS = 5_000_000
"""Pairs looked at in each permutation: 80 MB, and some ten seconds for 999 permutations."""
_MIN_CONTROL = 1.05
"""A smaller ratio furthest away rounds to 1.0 and changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRepeat:
    """Pairs of incidents by how far apart and how many days apart they are, beside what chance gives.

    All tables are (n_distance_bands, n_day_bands), and None where the result is withheld.

    Attributes:
        available: Whether the data can show near repeats.
        reason: Where they cannot, why, in a word or two; otherwise None.
        explanation: The same in a sentence; otherwise None.
        distance_bands_m: The upper edge of each band of distance, metres; the first band begins at 0, an edge belongs
            to the band above it.
        day_bands: The upper edge of each band of days between the two; the first band begins with the same day.
        metric: How distance is measured: along streets on a square grid ("manhattan"), or in a straight line.
        n_incidents: Incidents between which pairs were counted.
        n_thinned: Usable incidents left out at random because all of them make too many pairs.
        n_left_out: Incidents that could not be used; the sum of the next three.
        n_without_place: Of these, known only to a shared point, a postcode or an area, or with no coordinates.
        n_without_day: Of the others, known only to a month, or with no time.
        n_too_long: Of the others, known to lie between two times further apart than the shortest band of days.
        n_pairs: int, pairs of incidents in each band of distance and of days.
        n_same_day_pairs: int (n_distance_bands,), those of the same day.
        expected_pairs: float, the mean over all possible permutations, exact.
        ratio: float, the Knox ratio: `n_pairs` over `expected_pairs`; missing where nothing is expected.
        ratio_by_median: float, `n_pairs` over the median of the permutations drawn; missing where that is 0.
        chance_low, chance_high: float, between these lie the middle 95% of the ratios of the permutations drawn.
        p_value: float, of so many pairs or more, of one cell looked at alone.
        p_adjusted: float, the same allowing for all cells looked at (`min-p`); for deciding.
        p_overall: The smallest of `p_adjusted`: of no near repeats at all; None where withheld.
        n_replicates: Permutations drawn.
        seed: Of the draws.
        significance_level: Level at which `p_adjusted` counts.
        min_ratio: Ratio from which a cell is worth telling.
        is_shared_points: Whether the places keep apart as shared points do, though they are called exact; None where
            withheld. "The same place" then is not one address.
    """

    available: bool
    reason: str | None
    explanation: str | None
    distance_bands_m: tuple[float, ...]
    day_bands: tuple[int, ...]
    metric: Metric
    n_incidents: int
    n_thinned: int
    n_without_place: int
    n_without_day: int
    n_too_long: int
    n_pairs: Integers | None
    n_same_day_pairs: Integers | None
    expected_pairs: Floats | None
    ratio: Floats | None
    ratio_by_median: Floats | None
    chance_low: Floats | None
    chance_high: Floats | None
    p_value: Floats | None
    p_adjusted: Floats | None
    p_overall: float | None
    n_replicates: int
    seed: int
    significance_level: float
    min_ratio: float
    is_shared_points: bool | None

    @property
    def n_left_out(self) -> int:
        """Incidents that could not be used."""
        return self.n_without_place + self.n_without_day + self.n_too_long

    @property
    def is_significant(self) -> Flags | None:
        """Where there are more pairs than chance gives, all cells allowed for."""
        return None if self.p_adjusted is None else self.p_adjusted <= self.significance_level

    @property
    def control_ratio(self) -> Floats | None:
        """Float (n_day_bands,): the ratio furthest away, or 1 where it is lower, or there is no other distance.

        Where there are more pairs even there, crime has moved about the area, or recording has.
        """
        if self.ratio is None:
            return None
        return np.fmax(self.ratio[-1], 1.0) if len(self.ratio) > 1 else np.ones(len(self.day_bands))

    @property
    def is_near_repeat(self) -> Flags | None:
        """Where there are significantly more pairs, and more beyond `control_ratio` than chance and `min_ratio` ask."""
        if self.ratio is None or self.is_significant is None or self.control_ratio is None or self.chance_high is None:
            return None
        return self.is_significant & (self.ratio >= self.control_ratio * np.fmax(self.chance_high, self.min_ratio))

    @property
    def is_shown(self) -> bool:
        """Whether near repeats are shown in any cell."""
        return self.is_near_repeat is not None and bool(self.is_near_repeat.any())

    @property
    def words(self) -> str:
        """What was found, a sentence for each band of distance in which something was; or why nothing is said."""
        if self.control_ratio is None or self.is_significant is None:
            return self.explanation or ""
        sentences = [sentence for band in range(len(self.distance_bands_m)) for sentence in self._describe(band)]
        moved = self.is_significant[-1] & (self.control_ratio >= _MIN_CONTROL)
        if not sentences:
            much = f" by {(self.min_ratio - 1) * 100:.0f}% or more"
            sentences = [
                f"No near repeats are shown: up to {self.distance_bands_m[-1]:g} m and {self.day_bands[-1] - 1} days "
                f"apart, the {self.n_incidents:,} incidents do not follow each other more often than chance "
                f"allows{much}."
            ]
        if moved.any():
            highest = float(self.control_ratio[moved].max())
            sentences.append(
                f"Even {self._name_distance(len(self.distance_bands_m) - 1)} there are {highest:.1f} times as many: "
                "crime or its recording moved about the area. Only an excess beyond that shows one incident following "
                "another."
            )
        if self.is_shared_points and self.is_shown:
            sentences.append(
                "The places are spaced as shared points are, so one place can be a block rather than one address."
            )
        if self.n_thinned:
            sentences.append(f"Measured on {self.n_incidents:,} of the incidents, drawn at random.")
        return " ".join(sentences)

    def _describe(self, band: int) -> list[str]:
        """A sentence for each run of consecutive bands of days with more pairs than chance gives."""
        assert self.n_pairs is not None
        assert self.expected_pairs is not None
        assert self.n_same_day_pairs is not None
        assert self.is_near_repeat is not None
        sentences = []
        for first, stop in find_runs(self.is_near_repeat[band]):
            n = int(self.n_pairs[band, first:stop].sum())
            expected = float(self.expected_pairs[band, first:stop].sum())
            sentences.append(
                f"{self._name_days(first, stop)} an incident, {n / expected:.1f} times as many others are recorded "
                f"{self._name_distance(band)} as chance alone gives ({n:,} pairs, {expected:,.1f} expected)."
            )
            n_same_day = int(self.n_same_day_pairs[band])
            if first == 0 and 2 * n_same_day > n:
                sentences.append(
                    f"{n_same_day:,} of these pairs are of one day, which may be one offence recorded for each victim."
                )
        return sentences

    def _name_days(self, first: int, stop: int) -> str:
        last = self.day_bands[stop - 1] - 1
        if first == 0:
            return f"Within {last} day{'s' * (last != 1)} of" if last else "On the day of"
        from_day = self.day_bands[first - 1]
        if from_day == last:
            return f"{last} day{'s' * (last != 1)} before or after"
        return f"{from_day} to {last} days before or after"

    def _name_distance(self, band: int) -> str:
        low = self.distance_bands_m[band - 1] if band else 0.0
        high = self.distance_bands_m[band]
        if band == 0 and high <= _SAME_PLACE_M:
            return "at the same place"
        if band == 1 and low <= _SAME_PLACE_M:
            return f"at another place less than {high:g} m away"
        return f"{low:g} to {high:g} m away" if band else f"less than {high:g} m away"


def measure_near_repeat(
    incidents: gpd.GeoDataFrame,
    *,
    distance_bands_m: Sequence[float] = (0.1, 200.0, 400.0, 600.0),
    day_bands: Sequence[int] = (7, 14, 21),
    metric: Metric = "manhattan",
    n_replicates: int = 999,
    seed: int = 0,
) -> NearRepeat:
    """Count pairs of incidents close in space and time, and compare with the same incidents on shuffled dates.

    The dates are dealt out among the places again and again. Places that are always busy, and weeks, seasons and days
    of the week that are, stay as they are; what is destroyed is the tie between where and when. Days are calendar days:
    0 is the same day. Over all permutations a cell holds on average (pairs so far apart) x (pairs so many days apart) /
    (all pairs), which is exact and needs no draws. `p_value` is (1 + permutations with as many pairs or more) / (1 +
    `n_replicates`). `p_adjusted` compares a cell's p with the smallest p of any cell in each permutation, drawn and
    observed ranked together: where nothing follows anything, any cell at all is called significant in at most one of
    twenty data sets at 5%.

    An incident known to lie between two times counts on the day in the middle, and not at all where they are further
    apart than the shortest band of days. Incidents whose place is a shared point, a postcode or an area are left out.
    The result is withheld where fewer than half of the incidents remain, fewer than 50, or they span no more days than
    the shortest band.

    *The ratio is not a risk that any one neighbour runs:* it says how many times as many pairs there are. A pair counts
    once however it came about, so three offences of one night are three pairs. `chance_low` and `chance_high` say how
    far ratios stray where there is nothing, not how well the ratio found is known: pairs share incidents, and limits
    that take them for independent are too narrow.

    *Misleads* where the places at risk change within the period: a new estate, a closed town centre, a crime that moves
    from one side of the area to the other with the season, or recording that comes and goes by district all make
    incidents close in space close in time, though none follows from another. Such changes reach further than near
    repeats do, so the furthest band serves as control: where it has more pairs too, only cells count that exceed its
    ratio by `min_ratio` and by `chance_high` times (`is_near_repeat`). That catches most of it, but not changes within
    a few streets. Keep to one crime, one area and a year or so. Also where coordinates are rounded or moved: "the same
    place" then is a street or a square. One offence recorded for each victim makes repeats on the same day: see
    `n_same_day_pairs`. The bands are to be chosen before looking.

    With more than 5,000,000 pairs within the largest distance incidents are left out at random, which leaves ratios
    what they were, and p larger.

    Args:
        incidents: The incidents table.
        distance_bands_m: Upper edges, metres. A first one below 1 m is for repeats at one place.
        day_bands: Upper edges, whole days.
        metric: "manhattan" or "euclidean".
        n_replicates: Permutations, 99 or more.
        seed: For the permutations, and for the lot.

    Raises:
        DataError: The table lacks columns of its contract, or is not in a projected CRS in metres.
        ParameterError: Edges that are not above 0 and rising, days that are not whole, an unknown metric, or too few
            permutations.

    Source: Knox, E. G. (1964), "The detection of space-time interactions", Applied Statistics 13(1),
    doi:10.2307/2985220; Johnson, S. D. et al. (2007), "Space-time patterns of risk: a cross national assessment of
    residential burglary victimization", Journal of Quantitative Criminology 23(3), doi:10.1007/s10940-007-9025-3; for
    the adjustment Westfall, P. H. and Young, S. S. (1993), Resampling-Based Multiple Testing, Wiley.
    """
    distances, days = _check_bands(distance_bands_m, day_bands)
    _check_options(metric, n_replicates)
    require_columns(
        incidents,
        ("started_at", "ended_at", "time_precision", "location_precision", "geometry"),
        table="incidents",
    )
    require_metres(incidents, table="incidents")

    rng = np.random.default_rng(seed)
    has_place, has_day, is_short = _find_usable(incidents, max_days=days[0])
    is_usable = has_place & has_day & is_short
    usable = incidents[is_usable]
    day = _find_days(usable)
    reason, explanation = _find_obstacle(has_place, has_day, is_usable, day, min_days=days[0])
    observed = None
    n_thinned = 0
    if reason is None:
        keep, places = _thin(usable.geometry, distances[-1], metric=metric, rng=rng)
        n_thinned = len(usable) - len(keep)
        observed = run_knox_test(
            places,
            day[keep],
            np.asarray(distances),
            days,
            metric=metric,
            n_replicates=int(n_replicates),
            rng=rng,
        )
    return NearRepeat(
        available=reason is None,
        reason=reason,
        explanation=explanation,
        distance_bands_m=distances,
        day_bands=days,
        metric=metric,
        n_incidents=len(usable) - n_thinned,
        n_thinned=n_thinned,
        n_without_place=int((~has_place).sum()),
        n_without_day=int((has_place & ~has_day).sum()),
        n_too_long=int((has_place & has_day & ~is_short).sum()),
        n_pairs=None if observed is None else observed.n_pairs,
        n_same_day_pairs=None if observed is None else observed.n_same_day_pairs,
        expected_pairs=None if observed is None else observed.expected,
        ratio=None if observed is None else _divide(observed.n_pairs, observed.expected),
        ratio_by_median=None if observed is None else _divide(observed.n_pairs, observed.median),
        chance_low=None if observed is None else _divide(observed.low, observed.expected),
        chance_high=None if observed is None else _divide(observed.high, observed.expected),
        p_value=None if observed is None else observed.p_value,
        p_adjusted=None if observed is None else observed.p_adjusted,
        p_overall=None if observed is None else float(observed.p_adjusted.min()),
        n_replicates=int(n_replicates),
        seed=seed,
        significance_level=SIGNIFICANCE_LEVEL,
        min_ratio=MIN_RATIO,
        is_shared_points=None if observed is None else observed.is_shared_points,
    )


def _check_bands(
    distance_bands_m: Sequence[float], day_bands: Sequence[int]
) -> tuple[tuple[float, ...], tuple[int, ...]]:
    distances = tuple(float(edge) for edge in distance_bands_m)
    if not distances or not all(0 < edge < math.inf for edge in distances) or list(distances) != sorted({*distances}):
        raise ParameterError(
            f"Bands of distance need upper edges in metres, above 0 and rising, not {distances}. Usual are (0.1, 200, "
            "400, 600)."
        )
    if not all(edge == np.floor(edge) for edge in day_bands):
        raise ParameterError(f"Bands of days need whole days as edges, not {tuple(day_bands)}. Usual are (7, 14, 21).")
    days = tuple(int(edge) for edge in day_bands)
    if not days or days[0] < 1 or list(days) != sorted({*days}):
        raise ParameterError(f"Bands of days need upper edges, above 0 and rising, not {days}. Usual are (7, 14, 21).")
    return distances, days


def _check_options(metric: Metric, n_replicates: int) -> None:
    if metric not in get_args(Metric):
        raise ParameterError(f'No metric called "{metric}". Choose one of: {", ".join(get_args(Metric))}.')
    if n_replicates != int(n_replicates) or n_replicates < _MIN_REPLICATES:
        raise ParameterError(
            f"The test needs a whole number of permutations, {_MIN_REPLICATES} or more, not {n_replicates}. "
            "999 is usual."
        )


def _find_usable(incidents: gpd.GeoDataFrame, *, max_days: int) -> tuple[Flags, Flags, Flags]:
    """Which incidents have a place of their own, which a day, and which are known to within `max_days`."""
    points = incidents.geometry
    has_place = np.isfinite(points.x.to_numpy()) & np.isfinite(points.y.to_numpy())
    has_place = has_place & (incidents["location_precision"] == "point").to_numpy(dtype=bool, na_value=False)
    has_day = (
        incidents["time_precision"].isin(["minute", "day"]).to_numpy() & incidents["started_at"].notna().to_numpy()
    )
    is_long = incidents["ended_at"] - incidents["started_at"] > pd.Timedelta(days=max_days)
    return has_place, has_day, ~is_long.to_numpy(dtype=bool)


def _find_days(incidents: gpd.GeoDataFrame) -> Integers:
    """The day in the middle between start and end, counted from 1970; the start's where there is no later end."""
    start = incidents["started_at"].to_numpy().astype("datetime64[s]")
    end = incidents["ended_at"].to_numpy().astype("datetime64[s]")
    end = np.where(end > start, end, start)  # a missing end is no later
    days: Integers = (start + (end - start) // 2).astype("datetime64[D]").astype(np.int64)
    return days


def _find_obstacle(
    has_place: Flags, has_day: Flags, is_usable: Flags, day: Integers, *, min_days: int
) -> tuple[str, str] | tuple[None, None]:
    """Why nothing can be said, in a word or two and in a sentence."""
    n, n_usable = len(is_usable), int(is_usable.sum())
    if n and not has_day.any():
        return (
            "month-only",
            "The source gives the month of each incident, not its day, so nothing shows which incidents follow others "
            "soon.",
        )
    if has_day.sum() < _MIN_POINT_SHARE * n:
        return "days unknown", (
            f"Only {int(has_day.sum()):,} of {n:,} incidents have a day; the rest may differ from them."
        )
    if has_place.sum() < _MIN_POINT_SHARE * n:
        return "places shared", (
            f"Only {int(has_place.sum()):,} of {n:,} incidents have a place of their own; the others lie on shared "
            "points, postcodes or areas, where distances mean little."
        )
    if n_usable < _MIN_POINT_SHARE * n:
        return "times too vague", (
            f"Only {n_usable:,} of {n:,} incidents have a place and are known to within {min_days} days; the rest may "
            "differ from them."
        )
    if n_usable < MIN_INCIDENTS:
        return "too few", f"{n_usable} incidents are too few to show near repeats; {MIN_INCIDENTS} are needed."
    n_days = int(np.ptp(day)) + 1
    if n_days <= min_days:
        return "too short", (
            f"All incidents lie within {n_days} day{'s' * (n_days != 1)}. It takes more than {min_days} days to show "
            "whether some follow each other sooner than others."
        )
    return None, None


def _thin(
    points: gpd.GeoSeries, within_m: float, *, metric: Metric, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], UniquePoints]:
    """The incidents to use, and their places: all, or so many at random that few enough pairs lie within a distance."""
    keep = np.arange(len(points))
    while True:
        places = collapse_points(points.iloc[keep])
        n_pairs = count_pairs(places, within_m, metric=metric)
        if n_pairs <= MAX_PAIRS:
            return keep, places
        # Pairs go with the square of incidents; a little less, so that one round is nearly always enough.
        n_kept = max(int(0.99 * len(keep) * math.sqrt(MAX_PAIRS / n_pairs)), MIN_INCIDENTS)
        keep = np.sort(rng.choice(keep, n_kept, replace=False))


def _divide(numerator: npt.NDArray[np.number], denominator: Floats) -> Floats:
    """The ratio, missing where the denominator is 0."""
    ratio = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio
