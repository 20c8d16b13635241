"""How much of a crime happens within reach of a safe haven that is open at the hour at which it may have happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import sparse

from hotspots.analysis.hours import ENGLAND, HOURS_IN_WEEK, OpeningCalendar
from hotspots.analysis.network import NearPairs, StreetNetwork
from hotspots.analysis.safe_havens.haven_reach import Reach, find_reach, read_rules
from hotspots.analysis.safe_havens.opening_states import OpeningStates, find_opening_states
from hotspots.analysis.safe_havens.time_pieces import cut_times, list_days
from hotspots.errors import ParameterError

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CELLS_AT_ONCE = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCoverage:
    """What safe havens cover, hour by hour of the week, of each incident.

    Attributes:
        reach_m: Distance that counts as within reach, metres.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        n_hours_unknown: Havens of which it is not known when they are open.
        n_incidents_by_haven: int (n_havens,), incidents within reach of each, open or not.
        is_placed: bool (n_incidents,), whether more is known of the place than an area; nothing else is said of others.
        is_within_reach: bool (n_incidents,), whether any haven is within reach, open or not.
        nearest: int (n_incidents,), position of the nearest haven within reach; -1 for none.
        nearest_m: float (n_incidents,), how far it is; NaN for none.
        hours: Sparse (n_incidents, 168), the share of each incident in each hour of the week, Monday 00:00-00:59 being
            0; a row sums to 1, or to 0 where nothing is known of the hour.
        open_hours: Likewise, the part of it in which a haven within reach is open.
        unknown_hours: Likewise, the part in which none within reach is known to be open, and of one it is not known.
    """

    reach_m: float
    is_along_streets: bool
    n_hours_unknown: int
    n_incidents_by_haven: Integers
    is_placed: Flags
    is_within_reach: Flags
    nearest: Integers
    nearest_m: Floats
    hours: sparse.csr_array
    open_hours: sparse.csr_array
    unknown_hours: sparse.csr_array


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageShares:
    """What is covered of some incidents, at some hours.

    Attributes:
        n_incidents: Incidents known more exactly than to an area, whether their hour is known or not; None where only
            some hours are meant.
        n_within_reach: Of these, with any haven within reach.
        share_within_reach: The same as a share; None without any.
        n_timed: Incidents at these hours, a sum of shares of those whose hour is known.
        n_any: Of these, with any haven within reach, open or not.
        n_open: Of these, with one that is open then.
        n_unknown: Of these, with none known to be open then, and one of which that is not known.
    """

    n_incidents: int | None
    n_within_reach: int | None
    share_within_reach: float | None
    n_timed: float
    n_any: float
    n_open: float
    n_unknown: float

    @property
    def any_share(self) -> float | None:
        """`n_any` as a share of `n_timed`; None without any."""
        return self.n_any / self.n_timed if self.n_timed > 0 else None

    @property
    def open_share(self) -> float | None:
        """`n_open` as a share of `n_timed`; None without any."""
        return self.n_open / self.n_timed if self.n_timed > 0 else None

    @property
    def unknown_share(self) -> float | None:
        """`n_unknown` as a share of `n_timed`; None without any."""
        return self.n_unknown / self.n_timed if self.n_timed > 0 else None

    @property
    def lost_share(self) -> float | None:
        """The share with a haven within reach, every one of them known to be closed: what closing time costs."""
        if self.n_timed <= 0:
            return None
        return max(self.n_any - self.n_open - self.n_unknown, 0.0) / self.n_timed


def measure_hour_coverage(
    incidents: gpd.GeoDataFrame,
    havens: gpd.GeoDataFrame,
    *,
    reach_m: float = 400.0,
    calendar: OpeningCalendar = ENGLAND,
    network: StreetNetwork | None = None,
) -> HourCoverage:
    """Measure what safe havens cover of each incident, in each hour in which it may have happened.

    An incident known to lie between two times is spread over its minutes (aoristic weights, `weigh_hours`). In each of
    them it has a haven within reach that is open; or none that is known to be, and one of which it is not known; or
    neither. Opening hours are read on the date, so that bank holidays count, and to the minute. An incident known only
    to its day or month, or to an interval of a week or more, says nothing of the hour: of it is known only whether any
    haven is within reach. One known only to an area, as `location_precision` says, is left out.

    With moments alone the open share is that of `measure_coverage`, as long as both walk alike. A haven whose hours are
    not known is not taken for closed here, but for not known; so are hours of which the file says so.

    Args:
        incidents: Points with `started_at`, `ended_at` and `time_precision`, in metres.
        havens: The havens table, in the same CRS. Those outside the study area count for incidents near them.
        reach_m: Distance within reach, metres; 400 m is about five minutes on foot.
        calendar: Bank holidays, and school terms and the sun as far as they are known, for hours that name them.
        network: Streets to walk along; None for as the crow flies.

    Raises:
        DataError: A table lacks its columns or is not in metres, or the two are not in one CRS.
        ParameterError: `reach_m` is not positive, or no bank holidays are known for the country or subdivision.

    Source: aoristic weights as in Ratcliffe, J. H. (2002), doi:10.1023/A:1013240828824. Coverage by the hour is ours.
    """
    reach = find_reach(incidents, havens, reach_m=reach_m, network=network)
    points, pairs = reach.points, reach.pairs
    states = find_opening_states(read_rules(havens), list_days(reach.incidents), calendar=calendar)
    nearest, nearest_m = _find_nearest(pairs, len(points.easting))
    near_hours = link_hours(pairs.target, pairs.origin, states, n_places=len(points.easting))
    sums = [sparse.csr_array((len(incidents), HOURS_IN_WEEK)) for _ in range(3)]
    for part in _sum_hours(reach, states, near_hours):
        sums = [one + other for one, other in zip(sums, part, strict=True)]
    place = np.full(len(incidents), len(nearest), dtype=np.int64)
    place[reach.is_placed] = points.inverse
    nearest, nearest_m = np.append(nearest, -1)[place], np.append(nearest_m, np.nan)[place]
    return HourCoverage(
        reach_m=float(reach_m),
        is_along_streets=network is not None,
        n_hours_unknown=int((~states.is_known).sum()),
        n_incidents_by_haven=np.bincount(pairs.origin, points.n_incidents[pairs.target], len(havens)).astype(np.int64),
        is_placed=reach.is_placed,
        is_within_reach=nearest >= 0,
        nearest=nearest,
        nearest_m=nearest_m,
        hours=sums[0],
        open_hours=sums[1],
        unknown_hours=sums[2],
    )


def summarise_coverage(
    coverage: HourCoverage, *, members: npt.ArrayLike | None = None, hours: npt.ArrayLike | None = None
) -> CoverageShares:
    """What is covered of some incidents, at some hours of the week.

    Args:
        coverage: `measure_hour_coverage(...)`.
        members: Positions of the incidents, or which of them as bool (n_incidents,); all by default.
        hours: Hours of the week, Monday 00:00-00:59 being 0; all by default.

    Raises:
        ParameterError: An hour is not from 0 to 167.
    """
    rows = np.arange(len(coverage.is_within_reach)) if members is None else np.asarray(members)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    inside = np.ones(HOURS_IN_WEEK) if hours is None else np.zeros(HOURS_IN_WEEK)
    if hours is not None:
        chosen = np.asarray(hours, dtype=np.int64).ravel()
        if len(chosen) and not (chosen.min() >= 0 and chosen.max() < HOURS_IN_WEEK):
            raise ParameterError(
                f"Hours of the week must be whole numbers from 0 (Monday 00:00) to {HOURS_IN_WEEK - 1}, not "
                f"{chosen.min()} to {chosen.max()}. Use the hours of a `WeekWindow`."
            )
        inside[chosen] = 1.0
    timed, is_open, unknown = (
        (part[rows] @ inside) for part in (coverage.hours, coverage.open_hours, coverage.unknown_hours)
    )
    is_near = coverage.is_within_reach[rows]
    n, n_near = int(coverage.is_placed[rows].sum()), int(is_near.sum())
    whole = hours is None
    return CoverageShares(
        n_incidents=n if whole else None,
        n_within_reach=n_near if whole else None,
        share_within_reach=n_near / n if whole and n else None,
        n_timed=float(timed.sum()),
        n_any=float(timed[is_near].sum()),
        n_open=float(is_open.sum()),
        n_unknown=float(unknown.sum()),
    )


def link_hours(place: Integers, haven: Integers, states: OpeningStates, *, n_places: int) -> sparse.csr_array:
    """Sparse (n_places, n_hours), above 0 where a haven with these opening hours is within reach of a place."""
    return sparse.csr_array(
        (np.ones(len(place), dtype=np.int32), (place, states.hours_of[haven])),
        shape=(n_places, states.is_open.shape[0]),
    )


def find_any(near_hours: sparse.csr_array, states: Flags, place: Integers, cell: Integers) -> Flags:
    """Whether any haven within reach of a place is in a state in a cell of time, for n pairs of these.

    Args:
        near_hours: `link_hours(...)`.
        states: bool (n_hours, n_cells), such as `OpeningStates.is_open`.
        place: int (n,).
        cell: int (n,).
    """
    found = np.zeros(len(place), dtype=bool)
    needed = np.flatnonzero(np.bincount(place, minlength=near_hours.shape[0]))
    number = np.empty(near_hours.shape[0], dtype=np.int64)
    number[needed] = np.arange(len(needed))
    are_so = states.astype(np.int32)
    step = max(CELLS_AT_ONCE // max(states.shape[1], 1), 1)
    for first in range(0, len(needed), step):
        some = needed[first : first + step]
        table = near_hours[some] @ are_so > 0
        if len(some) == len(needed):  # as it mostly is
            return np.asarray(table[number[place], cell], dtype=bool)
        rows = np.flatnonzero((number[place] >= first) & (number[place] < first + step))
        found[rows] = table[number[place[rows]] - first, cell[rows]]
    return found


def _sum_hours(reach: Reach, states: OpeningStates, near_hours: sparse.csr_array) -> Iterator[list[sparse.csr_array]]:
    """Sparse (n_incidents, 168): all, the open and the unknown part of some incidents at a time."""
    row_of = np.flatnonzero(reach.is_placed)
    for pieces in cut_times(reach.incidents, states):
        place = reach.points.inverse[pieces.incident]
        is_open, may_be = (
            find_any(near_hours, part, place, pieces.cell) for part in (states.is_open, states.is_unknown)
        )
        is_unknown = ~is_open & may_be
        yield [
            sparse.csr_array(
                (pieces.weight[kept], (row_of[pieces.incident[kept]], pieces.hour[kept])),
                shape=(len(reach.is_placed), HOURS_IN_WEEK),
            )
            for kept in (np.ones(len(is_open), dtype=bool), is_open, is_unknown)
        ]


def _find_nearest(pairs: NearPairs, n_places: int) -> tuple[Integers, Floats]:
    """The nearest haven of each place, the first where several are as near, and how far it is."""
    order = np.lexsort((pairs.origin, pairs.distance_m, pairs.target))
    place, first = np.unique(pairs.target[order], return_index=True)
    nearest, nearest_m = np.full(n_places, -1, dtype=np.int64), np.full(n_places, np.nan)
    nearest[place] = pairs.origin[order][first]
    nearest_m[place] = pairs.distance_m[order][first]
    return nearest, nearest_m
