"""Which places of a kind carry most crime at their own hours, and how few of them hold half of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import special

from hotspots.analysis.hours import AFTER_SCHOOL, WeekWindow, weigh_window
from hotspots.contracts import AREA, require_columns, require_same_crs
from hotspots.distributions import binomial_sf, control_false_discoveries, fit_gamma
from hotspots.errors import ParameterError
from hotspots.geography import FLOOR, Floor, collapse_points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BUSIEST_SHARES: Final = (0.05, 0.1, 0.2)
"""Of the places of a kind, the busiest."""
MAX_FALSE_SHARE: Final = 0.05
CONFIDENCE: Final = 0.95
MIN_FACILITIES: Final = 5
"""Of fewer places nothing can be said of how few of them hold most."""
_MOSTLY: Final = 0.5

WithheldFacilities = Literal["no facilities", "few facilities", "no clock times", "moved points", "few incidents"]
"""Why nothing is said: there are none in the study area, or fewer than five; the incidents have no clock time, and the
hours matter; the source moves them to shared points, and the door matters; fewer than twenty lie near any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityRule:
    """What counts for a kind of place, unless something else is asked for.

    Attributes:
        reach_m: Incidents this near to the place, or in it, are at it. As the crow flies: it is the ground around a
            door, and not a walk.
        window: Its own hours; None for the whole week.
        needs_door: Whether a place is one door among many, to which an incident at a shared point cannot be tied.
        on_school_days: Whether only school days count; without term dates these are Mondays to Fridays that are no bank
            holidays.
    """

    reach_m: float
    window: WeekWindow | None = None
    needs_door: bool = True
    on_school_days: bool = False


FACILITY_RULES: Final[Mapping[str, FacilityRule]] = {
    "licensed": FacilityRule(reach_m=100.0, window=WeekWindow(days=(4, 5), start_hour=20, n_hours=7)),
    "fast_food": FacilityRule(reach_m=100.0),
    "shop": FacilityRule(reach_m=100.0),
    "station": FacilityRule(reach_m=150.0, needs_door=False),
    "bus_station": FacilityRule(reach_m=150.0, needs_door=False),
    "park": FacilityRule(reach_m=50.0, needs_door=False),
    "school": FacilityRule(reach_m=200.0, window=AFTER_SCHOOL, on_school_days=True),
}
"""By kind of place, a word of `hotspots.ingest.reference.PREMISES_KINDS`. Licensed premises on Friday and Saturday
nights from 20:00 to 03:00, schools in the three hours after they let out, all others in the whole week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BusiestShare:
    """What the busiest places of a kind hold.

    Attributes:
        facility_share: How many of them, as a share of all.
        n_facilities: The same as a number, rounded up.
        incident_share: The share of the incidents near any that they hold.
        by_chance: The mean of that share where all run the same risk.
        by_chance_low, by_chance_high: Between these lie the middle 95% of it.
    """

    facility_share: float
    n_facilities: int
    incident_share: float
    by_chance: float
    by_chance_low: float
    by_chance_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskyFacilities:
    """Places of one kind, and the crime at them.

    Attributes:
        reason: Why nothing is said of them; None where something is. Then all below but the counts is empty or NaN.
        reach_m: How near is at the place, metres as the crow flies.
        window: The hours that count; None for the whole week.
        table: One row for each place in the study area, index as given, the busiest first: `n_incidents` (a sum of
            weights), `shrunk` (what is to be expected of it in as long a time, drawn towards what is usual), its limits
            `shrunk_low` and `shrunk_high`, `p_value` (of as many, if all ran the same risk), `p_adjusted`, `is_shown`
            (whether it holds enough to be named, and so do all others together or none of them), `is_risky` (whether it
            is on the list).
        n_facilities: Places in the study area.
        n_incidents: Sum of the weights of the incidents at any of them.
        n_in_window: Sum of the weights of all incidents in these hours, wherever they are.
        n_untimed: Incidents left out because they have no clock time.
        n_unplaced: Incidents of these hours left out because their place is not known well enough: those known to an
            area, and, where the door matters, those at points that the source has moved them to.
        n_moved: Incidents counted that the source has moved to shared points.
        usual: The mean number of incidents at a place of the kind.
        prior_shape: Shape of the gamma distribution of their risks; the smaller, the more they differ. None where they
            are not fitted.
        n_for_half: The fewest places that hold at least half of the incidents.
        n_for_half_by_chance: Its median where all run the same risk.
        n_for_half_low, n_for_half_high: Between these lie the middle 95% of it.
        busiest: What the busiest of them hold.
        p_concentrated: How often chance alone makes them as uneven.
        n_replicates: Draws that chance is measured by.
        max_false_share: Of the list, at most so much is false on average.
    """

    reason: WithheldFacilities | None
    reach_m: float
    window: WeekWindow | None
    table: pd.DataFrame
    n_facilities: int
    n_incidents: float
    n_in_window: float
    n_untimed: int
    n_unplaced: int
    n_moved: int
    usual: float = math.nan
    prior_shape: float | None = None
    n_for_half: int = 0
    n_for_half_by_chance: float = math.nan
    n_for_half_low: float = math.nan
    n_for_half_high: float = math.nan
    busiest: tuple[BusiestShare, ...] = ()
    p_concentrated: float = math.nan
    n_replicates: int = 0
    max_false_share: float = MAX_FALSE_SHARE

    @property
    def risky(self) -> pd.DataFrame:
        """The places on the list."""
        return self.table[self.table["is_risky"]]


def measure_facilities(
    incidents: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    reach_m: float = 100.0,
    window: WeekWindow | None = None,
    needs_door: bool = True,
    is_counted: npt.ArrayLike | None = None,
    floor: Floor = FLOOR,
    n_replicates: int = 999,
    seed: int = 0,
) -> RiskyFacilities:
    """Measure how crime is spread over the places of one kind, and list those that carry more than is usual.

    Each incident belongs to the nearest place within reach, or to all that are equally near, in equal parts; an
    incident in a park is at no distance from it. It counts with the share of its time that falls in the window.

    A kind of place is always uneven, and so is chance where incidents are few. Each share therefore stands beside what
    it would be if all places ran the same risk: as many incidents thrown on them at random. A place is on the list if

    * it has more than equal risk would give it (an exact binomial test given the total, false discoveries controlled);
    * the number drawn towards what is usual for its kind is above that still at its lower limit;
    * it holds enough incidents to be named, by the floor. The floor for places is not asked for: a station, park or
      pub is public ground, and no home of anybody. Where the places that are not named hold fewer together, the last
      of the others is not named either: the sum would tell of them.

    It misleads where the places differ in size or in what is around them: a pub in a town centre has the crime of the
    town centre. The list says where, and not whose fault. Places just outside the study area take the incidents nearest
    to them, and are not listed, as those around them are not all known.

    Args:
        incidents: The incidents table, metres.
        facilities: Places of one kind, points or outlines, in the same CRS, index unique; with those around the study
            area.
        study_area: Where the incidents are from, metres.
        reach_m: How near is at the place, metres as the crow flies.
        window: Hours that count; None for the whole week, in which incidents without a clock time count too.
        needs_door: Whether incidents at points that the source has moved them to are left out, and nothing is said
            where that is most of them.
        is_counted: bool (n_incidents,), incidents on days that count; by default all.
        floor: What a place must hold to be named; only its number of incidents is asked for.
        n_replicates: Draws that chance is measured by.
        seed: Of the draws.

    Raises:
        DataError: A column is missing, or the tables are not in one CRS in metres.
        ParameterError: `reach_m` or `n_replicates` is not above 0, or `is_counted` has another length.

    Source: Eck, J. E., Clarke, R. V. and Guerette, R. T. (2007), "Risky facilities: crime concentration in homogeneous
    sets of establishments and facilities", Crime Prevention Studies 21; Clayton, D. and Kaldor, J. (1987), Biometrics
    43, doi:10.2307/2532003 (shrinkage); Benjamini, Y. and Hochberg, Y. (1995), Journal of the Royal Statistical Society
    B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    require_columns(incidents, ("started_at", "ended_at", "time_precision", "geometry"), table="incidents")
    require_same_crs(incidents, facilities, tables="incidents and facilities")
    if not (math.isfinite(reach_m) and reach_m > 0):
        raise ParameterError(f"`reach_m` must be above 0 m, not {reach_m:g}. 100 m suits a door, 150 m a station.")
    if n_replicates < 1:
        raise ParameterError(f"`n_replicates` must be 1 or more, not {n_replicates}. 999 is usual.")
    is_on = np.ones(len(incidents), dtype=bool) if is_counted is None else np.asarray(is_counted, dtype=bool)
    if is_on.shape != (len(incidents),):
        raise ParameterError(
            f"`is_counted` must have one value for each of the {len(incidents):,} incidents, not {is_on.size:,}."
        )

    is_moved = _find_precision(incidents, "anonymised")
    is_unplaced = _find_precision(incidents, AREA) | (is_moved & needs_door)
    is_untimed = np.zeros(len(incidents), dtype=bool)
    if window is not None:
        is_untimed = ~(incidents["time_precision"] == "minute").to_numpy(dtype=bool)
        is_untimed |= incidents["started_at"].isna().to_numpy()
    share = np.ones(len(incidents)) if window is None else weigh_window(incidents, window.hours)
    weight = np.where(is_on, share, 0.0)
    is_used = ~is_unplaced & (weight > 0)
    is_inside = shapely.intersects(study_area, facilities.geometry.to_numpy())
    counts = _count_at(incidents.geometry[is_used], weight[is_used], facilities, reach_m)[is_inside]
    result = RiskyFacilities(
        reason=None,
        reach_m=float(reach_m),
        window=window,
        table=_tabulate_nothing(facilities.index[is_inside], counts),
        n_facilities=int(is_inside.sum()),
        n_incidents=float(counts.sum()),
        n_in_window=float(weight.sum()),
        n_untimed=int((is_untimed & is_on).sum()),
        n_unplaced=int((is_unplaced & (weight > 0)).sum()),
        n_moved=int((is_used & is_moved).sum()),
    )
    if reason := _find_reason(result, is_untimed=is_untimed, is_moved=is_moved & needs_door, floor=floor):
        return dataclasses.replace(result, reason=reason)
    return _judge(result, counts, floor=floor, n_replicates=n_replicates, rng=np.random.default_rng(seed))


def _find_precision(incidents: gpd.GeoDataFrame, precision: str) -> Flags:
    if "location_precision" not in incidents:
        return np.zeros(len(incidents), dtype=bool)
    is_one: Flags = (incidents["location_precision"] == precision).to_numpy(dtype=bool)
    return is_one


def _find_reason(
    found: RiskyFacilities, *, is_untimed: Flags, is_moved: Flags, floor: Floor
) -> WithheldFacilities | None:
    if not found.n_facilities:
        return "no facilities"
    if found.n_facilities < MIN_FACILITIES:
        return "few facilities"
    if is_moved.any() and is_moved.mean() > _MOSTLY:
        return "moved points"
    if len(is_untimed) and is_untimed.all():
        return "no clock times"
    # half of them must be enough to be counted
    return "few incidents" if found.n_incidents < max(2 * floor.min_incidents, 1) else None


def _count_at(points: gpd.GeoSeries, weight: Floats, facilities: gpd.GeoDataFrame, reach_m: float) -> Floats:
    """Float (n_facilities,): sum of the weights of the incidents nearest to each, within reach."""
    if not len(points) or not len(facilities):
        return np.zeros(len(facilities))
    places = collapse_points(points)
    at_place = np.bincount(places.inverse, weight, len(places.easting))
    spots = shapely.points(places.coordinates)
    place, facility = shapely.STRtree(facilities.geometry.to_numpy()).query_nearest(
        spots, max_distance=reach_m, all_matches=True
    )
    n_equal = np.bincount(place, minlength=len(spots))
    return np.bincount(facility, (at_place / np.maximum(n_equal, 1))[place], len(facilities)).astype(np.float64)


def _tabulate_nothing(index: pd.Index, counts: Floats) -> pd.DataFrame:
    table = pd.DataFrame({"n_incidents": counts}, index=index)
    for column in ("shrunk", "shrunk_low", "shrunk_high", "p_value", "p_adjusted"):
        table[column] = np.nan
    return table.assign(is_shown=False, is_risky=False)


def _judge(
    found: RiskyFacilities, counts: Floats, *, floor: Floor, n_replicates: int, rng: np.random.Generator
) -> RiskyFacilities:
    n_facilities, total = len(counts), float(counts.sum())
    usual = total / n_facilities
    shape, mean = fit_gamma(counts, np.ones(n_facilities))
    tail = (1 - CONFIDENCE) / 2
    scale = 1 / (shape / mean + 1)
    p_value = np.where(counts > 0, binomial_sf(np.maximum(counts, 1e-12) - 1, total, 1 / n_facilities), 1.0)
    table = found.table.assign(
        shrunk=(shape + counts) * scale,
        shrunk_low=special.gammaincinv(shape + counts, tail) * scale,
        shrunk_high=special.gammainccinv(shape + counts, tail) * scale,
        p_value=p_value,
        p_adjusted=control_false_discoveries(p_value),
        is_shown=_find_shown(counts, floor),
    )
    table["is_risky"] = table["is_shown"] & (table["p_adjusted"] <= MAX_FALSE_SHARE) & (table["shrunk_low"] > usual)
    drawn = _throw(round(total), n_facilities, n_replicates, rng)
    observed = np.sort(counts)[::-1]
    halves = _count_for_half(drawn)
    low, middle, high = np.quantile(halves, [tail, 0.5, 1 - tail]).tolist()
    uneven = (drawn.astype(np.float64) ** 2).sum(axis=1)
    return dataclasses.replace(
        found,
        table=table.sort_values("n_incidents", ascending=False, kind="stable"),
        usual=usual,
        prior_shape=shape,
        n_for_half=int(_count_for_half(observed[None])[0]),
        n_for_half_by_chance=middle,
        n_for_half_low=low,
        n_for_half_high=high,
        busiest=tuple(_compare_busiest(share, observed, drawn, tail) for share in BUSIEST_SHARES),
        p_concentrated=float((1 + (uneven >= (observed**2).sum() - 1e-9).sum()) / (1 + n_replicates)),
        n_replicates=n_replicates,
    )


def _find_shown(counts: Floats, floor: Floor) -> Flags:
    """Which places may be named: with enough incidents, and so that what the others hold together is enough or nothing.

    All together is stated, so that it would tell what is left.
    """
    is_shown = floor.is_met(counts, np.full(len(counts), np.inf))
    if is_shown.any() and 0 < counts[~is_shown].sum() < floor.min_incidents:
        shown = np.flatnonzero(is_shown)
        is_shown[shown[np.argmin(counts[shown])]] = False
    return is_shown


def _throw(n: int, n_facilities: int, n_replicates: int, rng: np.random.Generator) -> Integers:
    """Int (n_replicates, n_facilities): incidents thrown on places of equal risk, the busiest first."""
    drawn = rng.multinomial(n, np.full(n_facilities, 1 / n_facilities), size=n_replicates)
    return np.ascontiguousarray(np.sort(drawn, axis=1)[:, ::-1]).astype(np.int64)


def _count_for_half(busiest_first: npt.NDArray[np.int64] | Floats) -> Integers:
    """Int (n,): the fewest places that hold at least half, of each row."""
    held = np.cumsum(busiest_first, axis=1)
    return np.asarray((held < held[:, -1:] / 2 - 1e-9).sum(axis=1) + 1, dtype=np.int64)


def _compare_busiest(share: float, observed: Floats, drawn: Integers, tail: float) -> BusiestShare:
    n_busiest = math.ceil(share * len(observed) - 1e-9)
    by_chance = drawn[:, :n_busiest].sum(axis=1) / max(int(drawn[0].sum()), 1)
    return BusiestShare(
        facility_share=share,
        n_facilities=n_busiest,
        incident_share=float(observed[:n_busiest].sum() / observed.sum()),
        by_chance=float(by_chance.mean()),
        by_chance_low=float(np.quantile(by_chance, tail)),
        by_chance_high=float(np.quantile(by_chance, 1 - tail)),
    )
