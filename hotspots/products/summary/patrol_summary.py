"""What the summary says of places to patrol: where to go, and what to expect there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from hotspots.analysis.hotspots import PATROL_WIDTH_M, VISIT_MINUTES, Hotspot
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import (
    Degrees,
    Metres,
    Part,
    Quantity,
    Share,
    SmallShare,
    Source,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.place_hours import PlaceWindow
from hotspots.products.summary.place_summary import (
    HotspotHavens,
    LocationCount,
    LocationKindCount,
    WardName,
    find_peak,
    locate_hotspots,
    name_wards,
    sum_ground,
    summarise_near_havens,
)
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class NearHavenSummary(Part):
    """A safe haven near a place to patrol.

    Attributes:
        id: Its ID in the table.
        distance_m: From the middle of the place, along streets if `havens.is_along_streets`.
    """

    id: str
    distance_m: Annotated[int, Quantity("m")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolPlaceSummary(Part):
    """A place to patrol.

    Attributes:
        rank: 1 is where most is expected.
        place: As of a hot spot.
        n_incidents: Incidents recorded in it; `share` is of all incidents analysed.
        area_km2: Its area, less where the study area ends in it.
        locations, location_kinds: Those that may be told beside the number of all, at most three.
        easting, northing: Its middle, in the coordinate reference system of the study area.
        grid_reference: The square of 100 m of the British National Grid that holds that point; null elsewhere.
        latitude, longitude: The same point in WGS84 degrees, to about 10 m.
        wards: Wards that it lies in, by number of its incidents.
        expected: Incidents to expect in the next period as long.
        expected_low, expected_high: The range that is to hold what will be recorded 9 times in 10.
        rank_low, rank_high: The best and worst rank by expected incidents in 9 of 10 draws of the estimate.
        is_significant: Whether one of its cells is hot by the test of surroundings.
        ambient: Incidents that the other crime there leads one to expect; null, as the next, where that is not known.
        is_excess: Whether there is more of this crime than the other crime there explains.
        certainty: What to expect, in a sentence.
        peak: The hours in which its incidents concentrate most clearly.
        n_timed: Incidents with a clock time; null where they, or the rest, are too few to be told.
        by_part: Incidents to expect in a week in each part of `shifts`, without the chosen hours; null where hours are
            not known. Within a part they are spread as `week` is.
        havens: Null where no safe havens were given.
        near_havens: All within reach of its middle, the nearest first; null likewise.
    """

    view_of: ClassVar = Hotspot

    rank: int
    place: str
    n_incidents: int
    n_places: int
    share: Share
    area_km2: Annotated[float, Quantity("km²", decimals=4)]
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    grid_reference: str | None
    latitude: Degrees
    longitude: Degrees
    wards: tuple[WardName, ...]
    locations: tuple[LocationCount, ...]
    location_kinds: tuple[LocationKindCount, ...]
    expected: Annotated[Tenths, Source("evidence.expected")]
    expected_low: Annotated[int, Source("evidence.expected_low")]
    expected_high: Annotated[int, Source("evidence.expected_high")]
    rank_low: Annotated[int, Source("evidence.rank_low")]
    rank_high: Annotated[int, Source("evidence.rank_high")]
    is_significant: Annotated[bool, Source("evidence.is_significant")]
    ambient: Annotated[Tenths | None, Source("evidence.ambient")]
    is_excess: Annotated[bool | None, Source("evidence.is_excess")]
    harm: Annotated[float | None, Quantity(figures=4)]
    certainty: str
    peak: PlaceWindow | None
    n_timed: int | None
    by_part: tuple[Thousandths, ...] | None
    havens: HotspotHavens | None
    near_havens: tuple[NearHavenSummary, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolSummary(Part):
    """Where to go.

    Attributes:
        n_wanted: As many places as were asked for, at most.
        width_m: Across a place.
        visit_minutes: Of one visit.
        round_minutes: Of one visit to each place, without the way between them.
        n_incidents: Incidents recorded in them.
        share: The same as a share of all incidents analysed.
        expected_share: Of what is expected in the whole area.
        area_share: Their area as a share of the study area.
        ground_share: Share of the ground that the recorded points in them stand for; null where incidents are not on
            shared points, or other crime is not known.
        gap_share: How much more another choice of as many places could hold at most; 0 where this is the best.
        week: Incidents to expect in the whole area in each hour of a week, Monday 00:00-00:59 first; null where hours
            are not known.
        places: By rank.
    """

    n_wanted: int
    width_m: Metres
    visit_minutes: Annotated[int, Quantity("minutes")]
    round_minutes: Annotated[int, Quantity("minutes")]
    n_incidents: int
    share: Share
    expected_share: Share
    area_share: SmallShare
    ground_share: Share | None
    gap_share: SmallShare
    week: tuple[Annotated[float, Quantity("incidents a week", figures=3)], ...] | None
    places: tuple[PatrolPlaceSummary, ...]


def summarise_patrols(analysis: Analysis) -> PatrolSummary | None:
    """The places to patrol; None where nothing could be estimated."""
    found, risk, places = analysis.places.patrols, analysis.places.risk, analysis.places.patrol_places
    if found is None or risk is None:
        return None
    return PatrolSummary(
        n_wanted=analysis.request.n_patrol_places,
        width_m=PATROL_WIDTH_M,
        visit_minutes=VISIT_MINUTES,
        round_minutes=VISIT_MINUTES * len(places),
        n_incidents=sum(place.n_incidents for place in places),
        share=sum(place.share for place in places),
        expected_share=sum(place.evidence.expected for place in places) / risk.expected.sum(),
        area_share=sum(place.area_km2 for place in places) * 1e6 / analysis.study_area.area,
        ground_share=sum_ground(places, analysis),
        gap_share=found.gap_share,
        week=None if analysis.patrol_week is None else tuple(analysis.patrol_week.expected),
        places=tuple(
            _summarise_place(index, where, analysis) for index, where in enumerate(locate_hotspots(places, analysis))
        ),
    )


def _summarise_place(index: int, where: dict[str, Any], analysis: Analysis) -> PatrolPlaceSummary:
    place, week, havens = analysis.places.patrol_places[index], analysis.patrol_week, analysis.havens
    found = PatrolPlaceSummary.of(
        place,
        **where,
        wards=name_wards(place.wards, analysis),
        locations=tuple(LocationCount(location=text, n_incidents=n) for text, n in place.locations),
        location_kinds=tuple(LocationKindCount(kind=text, n_incidents=n) for text, n in place.location_kinds),
        certainty="",
        peak=find_peak(place, analysis),
        by_part=None if week is None else tuple(week.by_part[index]),
        havens=summarise_near_havens(place, analysis),
        near_havens=None
        if havens is None
        else tuple(
            NearHavenSummary(id=str(havens.havens.index[near.position]), distance_m=round(near.distance_m))
            for near in havens.week.near[index]
        ),
    )
    return dataclasses.replace(found, certainty=say("patrol.certainty", found))
