"""What the summary says of premises, stations, schools and parks: which carry most at their own hours."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import shapely

from hotspots.analysis.facilities import BusiestShare, RiskyFacilities, WithheldFacilities
from hotspots.geography import WGS84, Floor, collapse_coordinates, find_polygon, project_coordinates
from hotspots.pipeline import Analysis, FacilityKind
from hotspots.products.summary.encoding import Degrees, Metres, Part, Probability, Quantity, Share, Tenths
from hotspots.products.words import say

KindOfPlace = Literal["licensed", "fast_food", "shop", "station", "bus_station", "park", "school"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilitySummary(Part):
    """A place with enough incidents to be named.

    Attributes:
        id: Its ID in the table.
        rank: By incidents among those of its kind; 1 has most.
        name: What it is called; null where its file does not say.
        ward: The ward that it lies in; null where it lies across the edge of all.
        n_incidents: Incidents at it, in the hours that count.
        share: Of the incidents at all of its kind.
        expected_low, expected_high: Between these its number drawn towards what is usual lies, 19 times in 20.
        is_risky: Whether it carries more than is usual for its kind by more than chance.
        easting, northing: Of a point of it, in the coordinate reference system of the study area.
        latitude, longitude: The same in WGS84 degrees, to about 10 m.
    """

    id: str
    rank: int
    name: str | None
    ward: str | None
    n_incidents: Tenths
    share: Share
    expected_low: Tenths
    expected_high: Tenths
    is_risky: bool
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    latitude: Degrees
    longitude: Degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class BusiestSummary(Part):
    """What the busiest places of a kind hold."""

    view_of: ClassVar = BusiestShare

    facility_share: Share
    n_facilities: int
    incident_share: Share | None
    by_chance: Share
    by_chance_low: Share
    by_chance_high: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityKindSummary(Part):
    """Places of one kind, and the incidents at them at their own hours. Numbers are null where nothing is said.

    Attributes:
        kind: What they are.
        hours: The hours that count, in words; null for the whole week.
        on_school_days: Whether only school days count.
        reason: Why nothing is said; null where something is.
        n_incidents: Incidents at any of them.
        n_in_window: Incidents in these hours, wherever they are.
        usual: Incidents at one of them on average.
        n_for_half: The fewest of them that hold at least half.
        n_for_half_low, n_for_half_high: Between these that number lies 19 times in 20 if all run the same risk.
        p_concentrated: How often chance alone makes them as uneven.
        busiest: What the busiest hold; the share is null where it would tell of fewer incidents than can be shown.
        n_risky: Places on the list.
        facilities: Places with enough incidents to be named, the busiest first.
        words: What there is to say of them, in a sentence or two.
    """

    view_of: ClassVar = RiskyFacilities

    kind: KindOfPlace
    hours: str | None
    on_school_days: bool
    reach_m: Metres
    reason: WithheldFacilities | None
    n_facilities: int
    n_incidents: Tenths | None
    n_in_window: Tenths | None
    n_untimed: int
    n_unplaced: int
    n_moved: int
    usual: Annotated[float | None, Quantity(figures=4)]
    n_for_half: int | None
    n_for_half_low: int | None
    n_for_half_high: int | None
    p_concentrated: Probability | None
    busiest: tuple[BusiestSummary, ...]
    n_risky: int
    facilities: tuple[FacilitySummary, ...]
    words: str


def summarise_facilities(analysis: Analysis) -> tuple[FacilityKindSummary, ...]:
    """Each kind of place that was given."""
    return tuple(_summarise_kind(kind, analysis) for kind in analysis.facilities)


def _summarise_kind(kind: FacilityKind, analysis: Analysis) -> FacilityKindSummary:
    found, floor = kind.found, analysis.request.floor
    is_told = found.reason is None
    summary = FacilityKindSummary.of(
        found,
        kind=kind.kind,
        hours=found.window and found.window.words,
        on_school_days=kind.on_school_days,
        n_incidents=found.n_incidents if is_told else None,
        n_in_window=found.n_in_window if is_told else None,
        n_for_half=found.n_for_half if is_told else None,
        n_for_half_low=round(found.n_for_half_low) if is_told else None,
        n_for_half_high=round(found.n_for_half_high) if is_told else None,
        busiest=tuple(_summarise_busiest(found, floor)),
        n_risky=len(found.risky),
        facilities=_list_shown(kind, analysis) if is_told else (),
        words="",
    )
    return dataclasses.replace(summary, words=say("facilities.told", summary, analysis.crime.plural))


def _summarise_busiest(found: RiskyFacilities, floor: Floor) -> Iterator[BusiestSummary]:
    """What the busiest hold, where neither that nor its difference from what else is told is of few incidents.

    Told are the places that are named, all together, and the busiest of each number before.
    """
    named = found.table["n_incidents"][found.table["is_shown"]]
    told = float(named.sum())
    for one in found.busiest:
        held = one.incident_share * found.n_incidents
        is_hidden = floor.is_few(held)
        if one.n_facilities > len(named):
            is_hidden |= floor.is_few(held - told) or floor.is_few(found.n_incidents - held)
            told = told if is_hidden else held
        summary = BusiestSummary.of(one)
        yield dataclasses.replace(summary, incident_share=None) if is_hidden else summary


def _list_shown(kind: FacilityKind, analysis: Analysis) -> tuple[FacilitySummary, ...]:
    table = kind.found.table
    shown = table[table["is_shown"]]
    shapes = kind.facilities.geometry.loc[shown.index].to_numpy()
    points = shapely.get_coordinates(shapely.point_on_surface(shapes))
    wards = analysis.wards
    home = find_polygon(collapse_coordinates(*points.T), wards.geometry.to_numpy()) if len(points) else np.empty(0, int)
    home = home[collapse_coordinates(*points.T).inverse] if len(points) else home
    degrees = project_coordinates(*points.T, source_crs=wards.crs, crs=WGS84)
    names = kind.facilities["name"].loc[shown.index]
    return tuple(
        FacilitySummary(
            id=str(row.Index),
            rank=position + 1,
            name=None if not isinstance(name, str) else name,
            ward=None if at < 0 else str(wards["ward_name"].iloc[at]),
            n_incidents=row.n_incidents,
            share=row.n_incidents / kind.found.n_incidents,
            expected_low=row.shrunk_low,
            expected_high=row.shrunk_high,
            is_risky=row.is_risky,
            easting=round(easting),
            northing=round(northing),
            latitude=latitude,
            longitude=longitude,
        )
        for position, (row, name, at, (easting, northing), longitude, latitude) in enumerate(
            zip(shown.itertuples(), names, home, points.tolist(), *degrees, strict=True)
        )
    )
