"""Which site would help most at one place and part of the week without an open safe haven."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from hotspots.analysis.hours import ENGLAND, OpeningCalendar
from hotspots.analysis.network import StreetNetwork
from hotspots.analysis.safe_havens.haven_gaps import Gap
from hotspots.analysis.safe_havens.haven_reach import read_positions
from hotspots.analysis.safe_havens.site_demand import measure_site_demand
from hotspots.geography import FLOOR, Floor

_ROUNDING_M = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSite:
    """The site that helps most in a gap.

    Attributes:
        site: Its position.
        n_gained: Incidents of the gap that it would cover, a sum of their shares.
        is_told: Whether that number may be told: not if it leaves so few of the gap that theirs may not be.
    """

    site: int
    n_gained: float
    is_told: bool


def choose_gap_site(
    incidents: gpd.GeoDataFrame,
    gap: Gap,
    sites: gpd.GeoDataFrame,
    havens: gpd.GeoDataFrame,
    *,
    reach_m: float = 400.0,
    calendar: OpeningCalendar = ENGLAND,
    network: StreetNetwork | None = None,
    floor: Floor = FLOOR,
) -> GapSite | None:
    """Choose the site that would cover most of a gap, at the hours at which the site is open.

    Args:
        incidents: Those at the place of the gap, at any hour.
        gap: Of `rank_gaps(...)`.
        sites: As of `measure_site_demand`: new ones, or longer hours as `list_longer_hours` gives them.
        havens: The havens table.
        reach_m: Distance within reach, metres.
        calendar: Bank holidays, and school terms as far as they are known, for hours that name them.
        network: Streets to walk along; None for as the crow flies.
        floor: What a site must cover to be given.

    Returns:
        The first of those that cover most; None where none covers enough to be told.

    Raises:
        DataError: The tables are not in one CRS in metres.
        ParameterError: `reach_m` is not positive.
    """
    # a walk is never shorter than the straight line
    near, near_havens = (_find_around(table, incidents, reach_m + _ROUNDING_M) for table in (sites, havens))
    if not len(near):
        return None
    found = measure_site_demand(
        incidents,
        sites.iloc[near],
        havens.iloc[near_havens],
        reach_m=reach_m,
        hours=gap.shift.window.hours,
        calendar=calendar,
        network=network,
    )
    # sums of shares differ in their last digits from machine to machine
    worth = found.n_incidents_by_site.round(6)
    worth[~floor.is_met(worth, found.n_places_by_site)] = 0.0
    best = int(worth.argmax())
    if not worth[best] > 0:
        return None
    rest = gap.n_without - float(found.n_incidents_by_site[best])
    return GapSite(
        site=int(near[best]),
        n_gained=float(found.n_incidents_by_site[best]),
        is_told=not floor.is_few(rest),
    )


def _find_around(places: gpd.GeoDataFrame, incidents: gpd.GeoDataFrame, reach_m: float) -> npt.NDArray[np.int64]:
    """Positions of the places that lie within reach of any of the incidents in a straight line."""
    if not len(places) or not len(incidents):
        return np.array([], dtype=np.int64)
    distance_m, _ = cKDTree(read_positions(incidents)).query(read_positions(places))
    return np.flatnonzero(distance_m <= reach_m)
