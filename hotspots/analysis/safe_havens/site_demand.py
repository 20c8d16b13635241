"""What new sites could cover: the incidents that no safe haven covers yet, at the hours at which a site is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.hours import ENGLAND, HOURS_IN_WEEK, OpeningCalendar
from hotspots.analysis.network import NearPairs, StreetNetwork
from hotspots.analysis.safe_havens.haven_reach import find_reach, read_rules
from hotspots.analysis.safe_havens.hour_coverage import find_any, link_hours
from hotspots.analysis.safe_havens.opening_states import OpeningStates, Rules, find_opening_states
from hotspots.analysis.safe_havens.time_pieces import cut_times, find_told, list_days
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, weigh_places

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]

_ANY_YEAR = np.array(["2024-01-01", "2024-12-31"], dtype="datetime64[D]")
_ANY_CALENDAR = OpeningCalendar(
    terms=pd.DataFrame({"first_day": ["2024-01-01", "2024-09-01"], "last_day": ["2024-07-31", "2024-12-31"]}).astype(
        "datetime64[ns]"
    ),
    place=(-1.5, 53.0),
)
"""A year in England with all dates, a bank holiday and school holidays, in which hours of all kinds can be seen."""
MAX_GRID_SITES = 20_000
ROWS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDemand:
    """What each site could cover.

    Attributes:
        covers: Binary (n_sites, n_demand), which site covers which demand. Demand of one place and time is one column,
            and so are several that the same sites cover.
        demand: float (n_demand,), incidents, a sum of their shares; only what nothing covers yet and a site could.
        n_total: All incidents at these hours and days.
        n_covered: Of these, covered already.
        n_left_out: Incidents left out, because it is not known whether they were at these hours, or only in which area.
        n_incidents_by_site: float (n_sites,), what each site could cover alone.
        n_places_by_site: float (n_sites,), at how many places; a point that addresses share counts as several.
        is_known: bool (n_sites,), whether it is known when each is open; all are where hours do not matter.
    """

    covers: sparse.csr_array
    demand: Floats
    n_total: float
    n_covered: float
    n_left_out: int
    n_incidents_by_site: Floats
    n_places_by_site: Floats
    is_known: Flags


def measure_site_demand(
    incidents: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    existing: gpd.GeoDataFrame | None = None,
    *,
    reach_m: float = 400.0,
    needs_hours: bool = True,
    hours: npt.ArrayLike | None = None,
    on_days: Days | None = None,
    calendar: OpeningCalendar = ENGLAND,
    network: StreetNetwork | None = None,
) -> SiteDemand:
    """Measure which incidents each site could cover, at the hours at which it is open.

    An incident is spread over the minutes in which it may have happened. A site covers the part of it in which the
    site is open on that date, and what an existing one covers then is demand no more. A site whose hours are not
    known covers nothing. Where hours do not matter, as for cameras, a site covers whatever is within its reach.

    Args:
        incidents: Points with `started_at`, `ended_at` and `time_precision`, in metres.
        sites: Points with `opening_hours`, in the same CRS; with `longer_until`, as `list_longer_hours` gives them.
        existing: Those that are there already, likewise; None for none.
        reach_m: Distance within reach, metres.
        needs_hours: Whether a site covers only what happens while it is open.
        hours: Hours of the week that count, Monday 00:00-00:59 being 0; all by default.
        on_days: datetime64[D], days that count, such as school days; all by default.
        calendar: Bank holidays, and school terms and the sun as far as they are known, for hours that name them.
        network: Streets to walk along; None for as the crow flies.

    Raises:
        DataError: A table lacks its columns or is not in metres, or they are not in one CRS.
        ParameterError: `reach_m` is not positive, or no bank holidays are known for the country or subdivision.
    """
    there = sites.iloc[:0] if existing is None else existing
    reach, reach_there = (
        find_reach(incidents, table, reach_m=reach_m, network=network, tables=tables)
        for table, tables in ((sites, "incidents and sites"), (there, "incidents and existing sites"))
    )
    near, near_there, places, placed = reach.pairs, reach_there.pairs, reach.points, reach.incidents
    rules = [*read_rules(sites), *read_rules(there)] if needs_hours else [()] * (len(sites) + len(there))
    until = [*_read_until(sites), *([None] * len(there))]
    states = find_opening_states(rules, list_days(placed), calendar=calendar, until_hours=until)
    is_timed = needs_hours or hours is not None or on_days is not None
    place, cell, weight = (
        _count_pieces(placed, places, states, hours, on_days)
        if is_timed
        else (
            np.arange(len(places.easting)),
            np.zeros(len(places.easting), dtype=np.int64),
            places.n_incidents.astype(np.float64),
        )
    )
    total = float(weight.sum())
    n_places = len(places.easting)
    if needs_hours:
        linked = link_hours(near_there.target, near_there.origin + len(sites), states, n_places=n_places)
        is_covered = find_any(linked, states.is_open, place, cell)
    else:
        is_covered = np.isin(place, near_there.target)
    covered = float(weight[is_covered].sum())
    place, cell, weight = place[~is_covered], cell[~is_covered], weight[~is_covered]
    is_open = states.is_open if needs_hours else np.ones_like(states.is_open)
    hours_of = states.hours_of[: len(sites)]
    covers, demand = _link_demand(near, place, cell, weight, is_open=is_open, hours_of=hours_of, n_places=n_places)
    # a place counts for a site only with demand at hours at which that is open
    held = sparse.csr_array((weight, (place, cell)), shape=(n_places, states.n_cells))
    is_held = (held @ is_open.T.astype(np.float64))[near.target, hours_of[near.origin]] > 0
    weighed = weigh_places(placed, places)[near.target] * is_held
    return SiteDemand(
        covers=covers,
        demand=demand,
        n_total=total,
        n_covered=covered,
        n_left_out=int((~reach.is_placed).sum()) + (int((~find_told(placed)).sum()) if is_timed else 0),
        n_incidents_by_site=np.asarray(covers @ demand, dtype=np.float64),
        n_places_by_site=np.bincount(near.origin, weighed, len(sites)).astype(np.float64),
        is_known=states.is_known[: len(sites)] if needs_hours else np.ones(len(sites), dtype=bool),
    )


def list_longer_hours(havens: gpd.GeoDataFrame, *, until_hours: Sequence[int] = (20,)) -> gpd.GeoDataFrame:
    """Each haven as a site that stays open longer on the days on which it opens, after it would have closed.

    A pause in its day stays: open from 9 to 12 and from 13 to 17, it is open from 13 to 20 then.

    Args:
        havens: The havens table. Those whose hours are not known are left out.
        until_hours: Hours of the day, 1 to 24, until which each could stay open.

    Returns:
        Columns of the havens and `longer_until`, the hour; index `haven_id` and the hour ("H001 until 20:00"). A haven
        that is open until then already is left out.

    Raises:
        ParameterError: An hour is not from 1 to 24.
    """
    wrong = [hour for hour in until_hours if hour not in range(1, 25)]
    if wrong:
        raise ParameterError(f"Longer hours must end at a whole hour from 1 to 24, not {wrong[0]}. Give 20 for 20:00.")
    tables = []
    for hour in sorted(set(until_hours)):
        table = havens[_find_longer(read_rules(havens), hour)].assign(longer_until=hour)
        table.index = pd.Index([f"{haven_id} until {hour:02d}:00" for haven_id in table.index], dtype="object")
        tables.append(table)
    longer = pd.concat(tables) if tables else havens.iloc[:0].assign(longer_until=0)
    return gpd.GeoDataFrame(longer, crs=havens.crs).rename_axis("site_id")


def lay_grid_sites(
    area: shapely.Geometry, *, spacing_m: float, crs: object, opening_hours: str | None = None
) -> gpd.GeoDataFrame:
    """Points of a square grid in an area, as sites for want of better ones.

    Args:
        area: Polygon or MultiPolygon, metres.
        spacing_m: Between neighbours.
        crs: Of the area.
        opening_hours: Of each of them, "Mo-Su 08:00-20:00"; None where that is not known.

    Returns:
        The columns of the havens table; index `site_id`; from south to north and west to east.

    Raises:
        ParameterError: The spacing is not above 0 m, or the points would be more than 20,000.
    """
    if not spacing_m > 0:
        raise ParameterError(f"The spacing of a grid must be above 0 m, not {spacing_m:g}. Give `grid_m` 200.")
    west, south, east, north = area.bounds
    n = area.area / spacing_m**2
    if n > MAX_GRID_SITES:
        raise ParameterError(
            f"A grid may have {MAX_GRID_SITES:,} points; this area with points every {spacing_m:g} m has about "
            f"{n:,.0f}. Give a larger `grid_m`."
        )
    eastings = np.arange(np.ceil(west / spacing_m), np.floor(east / spacing_m) + 1) * spacing_m
    northings = np.arange(np.ceil(south / spacing_m), np.floor(north / spacing_m) + 1) * spacing_m
    easting, northing = (axis.ravel() for axis in np.meshgrid(eastings, northings))
    is_in = shapely.contains_xy(area, easting, northing)
    n_in = int(is_in.sum())
    sites = gpd.GeoDataFrame(
        {"name": None, "kind": "point of a grid", "opening_hours": opening_hours},
        geometry=gpd.points_from_xy(easting[is_in], northing[is_in]),
        crs=crs,
        index=pd.Index([f"G{number:05d}" for number in range(1, n_in + 1)], name="site_id", dtype="object"),
    )
    require_metres(sites, table="sites")
    return sites


def _read_until(sites: gpd.GeoDataFrame) -> list[int | None]:
    """Of each site the hour until which it stays open longer; None where it does not."""
    if "longer_until" not in sites:
        return [None] * len(sites)
    until = sites["longer_until"].to_numpy(dtype=np.float64, na_value=np.nan)
    return [None if np.isnan(hour) else round(hour) for hour in until.tolist()]


def _find_longer(rules: Sequence[Rules], hour: int) -> Flags:
    """Bool (n_rules,): whether a place is open longer on some day where it stays open until an hour."""
    n = len(rules)
    states = find_opening_states(
        [*rules, *rules], _ANY_YEAR, calendar=_ANY_CALENDAR, until_hours=[*([None] * n), *([hour] * n)]
    )
    changes: Flags = (states.is_open[states.hours_of[:n]] != states.is_open[states.hours_of[n:]]).any(axis=1)
    return changes


def _count_pieces(
    incidents: pd.DataFrame,
    places: UniquePoints,
    states: OpeningStates,
    hours: npt.ArrayLike | None,
    on_days: Days | None,
) -> tuple[Integers, Integers, Floats]:
    """Places, cells of time, and the sum of incidents in each pair that has any."""
    is_hour = np.ones(HOURS_IN_WEEK, dtype=bool)
    if hours is not None:
        is_hour = np.isin(np.arange(HOURS_IN_WEEK), np.asarray(hours))
    n_days = len(states.kind)
    is_day = np.ones(n_days, dtype=bool)
    if on_days is not None:
        is_day = np.isin(states.first_day + np.arange(n_days), on_days)
    keys, sums = np.array([], dtype=np.int64), np.array([])
    for pieces in cut_times(incidents, states):
        counts = is_hour[pieces.hour] & is_day[pieces.day]
        key = places.inverse[pieces.incident[counts]] * states.n_cells + pieces.cell[counts]
        keys, number = np.unique(np.concatenate([keys, key]), return_inverse=True)
        sums = np.bincount(number, np.concatenate([sums, pieces.weight[counts]]), len(keys))
    place, cell = np.divmod(keys, states.n_cells)
    return place, cell, sums


def _link_demand(
    near: NearPairs,
    place: Integers,
    cell: Integers,
    weight: Floats,
    *,
    is_open: Flags,
    hours_of: Integers,
    n_places: int,
) -> tuple[sparse.csr_array, Floats]:
    """Which site covers which demand, where demand that the same sites cover is one column."""
    n_sites = len(hours_of)
    sites_of = sparse.csr_array(
        (np.ones(len(near.origin), dtype=np.int8), (near.target, near.origin)), shape=(n_places, n_sites)
    )
    keys = np.random.default_rng(0).integers(1, 2**63, size=n_sites, dtype=np.uint64)
    sums = np.zeros(len(place), dtype=np.uint64)
    for site, at in _walk_pairs(sites_of, place):
        shown = is_open[hours_of[site], cell[at]]
        # a sum of random keys stands for a set of sites; a wrong match has a chance of one in 10 to the 19th
        np.add.at(sums, at[shown], keys[site[shown]])
    _, first, number = np.unique(sums, return_index=True, return_inverse=True)
    demand: Floats = np.bincount(number, weight, len(first)).astype(np.float64)
    links = [
        (site[shown], at[shown])
        for site, at in _walk_pairs(sites_of, place[first])
        for shown in (is_open[hours_of[site], cell[first][at]],)
    ]
    site = np.concatenate([np.array([], dtype=np.int64), *(one for one, _ in links)])
    column = np.concatenate([np.array([], dtype=np.int64), *(other for _, other in links)])
    covers = sparse.csr_array((np.ones(len(site), dtype=np.int8), (site, column)), shape=(n_sites, len(first)))
    is_reached = np.diff(covers.tocsc().indptr) > 0
    return covers[:, is_reached], demand[is_reached]


def _walk_pairs(sites_of: sparse.csr_array, place: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Of each of some places the sites within reach, and which of the places it is; some at a time."""
    n_near = np.diff(sites_of.indptr)[place]
    part = (np.cumsum(n_near) - n_near) // ROWS_AT_ONCE
    for rows in np.split(np.arange(len(place)), np.flatnonzero(np.diff(part)) + 1):
        n = n_near[rows]
        at = np.repeat(rows, n)
        step = np.arange(len(at)) - np.repeat(np.cumsum(n) - n, n)
        yield sites_of.indices[sites_of.indptr[place[at]] + step].astype(np.int64), at
