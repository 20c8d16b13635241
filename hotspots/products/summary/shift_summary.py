"""What the summary says of the parts of the week, and the words for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from hotspots.analysis.hotspots import PlaceDifference, ShiftAnalysis, ShiftHotspot, ShiftPlaces
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import (
    Degrees,
    Hundredths,
    Metres,
    Part,
    PerKm2,
    Probability,
    Quantity,
    Share,
    SmallShare,
    Source,
    Tenths,
)
from hotspots.products.summary.place_summary import WardName, locate_hotspots, name_wards
from hotspots.products.words import say

PER_HOURS = 100
"""Densities of parts of the week are per this many of their hours, so that parts of different lengths compare."""
_DAYS_A_YEAR = 365.25
_WHOLE_FROM = 20

WeightSum = Annotated[float, Quantity("sum of weights", decimals=1)]
"""Incidents of a part of the week: one that may lie in it or not counts in part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenShift(Part):
    """The hours that were asked for.

    Attributes:
        key: That of their part in `parts`.
        words: The hours in words.
    """

    key: Literal["chosen"]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationWeight(Part):
    """Incidents of a part of the week at one location text.

    Attributes:
        location: A street or a public place, as the source words it, without the number of a house.
        n_incidents: At it.
    """

    location: str
    n_incidents: WeightSum


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftHotspotSummary(Part):
    """A place that is dense in a part of the week.

    Attributes:
        place: What it is called, as hot spots of the whole week are.
        share_of_week: As all three shares and the ratio, null where its incidents at other hours, or at these, are too
            few to be told.
        ratio: `hours_share` as a multiple of `elsewhere_share`.
        easting, northing: A point inside, in the coordinate reference system of the study area.
        grid_reference: The square of 100 m of the British National Grid that holds that point; null elsewhere.
        latitude, longitude: The same point in WGS84 degrees, to about 10 m.
        wards: Wards that it lies in, by number of its incidents.
        locations: At most three location texts with enough incidents to be shown, most first.
    """

    view_of: ClassVar = ShiftHotspot

    rank: int
    place: str
    n_incidents: WeightSum
    n_places: int
    share: Share
    share_of_week: Share | None
    hours_share: Share | None
    elsewhere_share: Share | None
    ratio: Tenths | None
    week_rank: int | None
    area_km2: Annotated[float, Quantity("km²", decimals=4)]
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    grid_reference: str | None
    latitude: Degrees
    longitude: Degrees
    wards: tuple[WardName, ...]
    locations: tuple[LocationWeight, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTotal(Part):
    """All hot spots of a part of the week together.

    Attributes:
        n_incidents: Incidents in them.
        share: The same as a share of those of the part of the week.
        area_share: Their area as a share of the study area.
    """

    n_incidents: WeightSum
    share: Share
    area_share: SmallShare


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceSummary(Part):
    """Whether the incidents of a part of the week lie elsewhere than those of the other hours.

    Attributes:
        p: Of so large a statistic if times were dealt out to incidents at random.
        busier, quieter: Ranks of the hot spots of the whole week that hold more, or fewer, by more than chance.
        words: The same in a sentence or two.
    """

    view_of: ClassVar = PlaceDifference

    n_groups: int
    statistic: Tenths
    p: Annotated[Probability, Source("p_value")]
    p_adjusted: Probability
    is_different: bool
    busier: tuple[int, ...]
    quieter: tuple[int, ...]
    n_permutations: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSummary(Part):
    """One part of the week.

    Attributes:
        key: Short and unique, of small letters and hyphens.
        label: What it is called.
        words: Its days and hours in words.
        days: Days on which it starts, Monday is 0.
        start_hour: First hour, 0-23.
        n_hours: Length; it may run past midnight.
        week_share: Its hours as a share of the week's.
        hours_in_period: Its hours in the period, without months that the files are silent about.
        pace: Incidents an hour as a multiple of those of the whole week.
        is_drawn: Whether there are enough incidents for a density and hot spots.
        max_per_km2: The highest density of any cell that may be drawn, per square kilometre and `per_hours` of its
            hours.
        eps_m, min_samples, min_samples_reason: How hot spots were found; see `clusters`.
        n_hotspots_found: Hot spots found, of which at most ten are kept.
        n_hotspots_withheld: Dense places that hold too few incidents or addresses to be shown.
        hotspots_total: The hot spots together.
    """

    view_of: ClassVar = ShiftPlaces

    key: Annotated[str, Source("shift.key")]
    label: Annotated[str, Source("shift.label")]
    words: Annotated[str, Source("shift.words")]
    days: Annotated[tuple[int, ...], Source("shift.window.days")]
    start_hour: Annotated[int, Source("shift.window.start_hour")]
    n_hours: Annotated[int, Source("shift.window.n_hours")]
    week_share: Annotated[Share, Source("shift.window.week_share")]
    hours_in_period: int
    n_incidents: WeightSum
    share: Share
    pace: Hundredths
    is_drawn: bool
    reason: str | None
    max_per_km2: PerKm2 | None
    eps_m: Metres | None
    min_samples: int | None
    min_samples_reason: str | None
    n_hotspots_found: Annotated[int, Source("n_found")]
    n_hotspots_withheld: int
    hotspots: tuple[ShiftHotspotSummary, ...]
    hotspots_total: ShiftTotal
    difference: DifferenceSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftsSummary(Part):
    """The parts of the week.

    Attributes:
        chosen: The hours that were asked for; null where none were.
        per_hours: Densities are per this many hours of the part of the week.
        max_per_km2: The highest density of any part that is drawn.
        parts: Each part; the chosen one first.
    """

    view_of: ClassVar = ShiftAnalysis

    available: bool
    reason: str | None
    explanation: str | None
    n_timed: int
    chosen: ChosenShift | None
    per_hours: int
    max_per_km2: PerKm2 | None
    parts: tuple[ShiftSummary, ...]


def summarise_shifts(analysis: Analysis) -> ShiftsSummary:
    """Every part of the week; `chosen` is the one that was asked for."""
    window = analysis.request.window
    parts = tuple(_summarise_shift(places, analysis) for places in analysis.places.shifts.shifts)
    return ShiftsSummary.of(
        analysis.places.shifts,
        chosen=window and ChosenShift(key="chosen", words=window.words),
        per_hours=PER_HOURS,
        max_per_km2=max((part.max_per_km2 for part in parts if part.max_per_km2 is not None), default=None),
        parts=parts,
    )


def _summarise_shift(places: ShiftPlaces, analysis: Analysis) -> ShiftSummary:
    n_hours, hotspots = hours_in_period(places, analysis), places.hotspots
    clusters = places.areas and places.areas.clusters
    peak = None if places.shown is None else places.shown.max_per_km2 / n_hours * PER_HOURS
    return ShiftSummary.of(
        places,
        hours_in_period=round(n_hours),
        is_drawn=places.density is not None,
        max_per_km2=peak,
        eps_m=clusters and clusters.eps_m,
        min_samples=clusters and clusters.min_samples,
        min_samples_reason=clusters
        and (clusters.min_samples_reason or say("hours.scaled", analysis.request.min_samples)),
        n_hotspots_withheld=places.areas.n_withheld if places.areas else 0,
        hotspots=tuple(
            _summarise_hotspot(hotspot, where, analysis)
            for hotspot, where in zip(hotspots, locate_hotspots(hotspots, analysis), strict=True)
        ),
        hotspots_total=ShiftTotal(
            n_incidents=sum(hotspot.n_incidents for hotspot in hotspots),
            share=sum(hotspot.share for hotspot in hotspots),
            area_share=sum(hotspot.area_km2 for hotspot in hotspots) * 1e6 / analysis.study_area.area,
        ),
        difference=places.difference and _summarise_difference(places.difference, analysis),
    )


def hours_in_period(places: ShiftPlaces, analysis: Analysis) -> float:
    """Hours of a part of the week in the period, without the months that the files are silent about."""
    return analysis.n_years * _DAYS_A_YEAR * 24 * places.shift.window.week_share


def _summarise_hotspot(hotspot: ShiftHotspot, where: dict[str, Any], analysis: Analysis) -> ShiftHotspotSummary:
    n_at_any_hour = hotspot.n_incidents / hotspot.hours_share
    compared = ("share_of_week", "hours_share", "elsewhere_share", "ratio")
    is_told = analysis.request.floor.may_tell(hotspot.n_incidents, whole=n_at_any_hour)
    return ShiftHotspotSummary.of(
        hotspot,
        **where,
        **({} if is_told else dict.fromkeys(compared)),
        wards=name_wards(hotspot.wards, analysis),
        locations=tuple(LocationWeight(location=text, n_incidents=n) for text, n in hotspot.locations),
    )


def _summarise_difference(difference: PlaceDifference, analysis: Analysis) -> DifferenceSummary:
    ranks = range(1, len(analysis.places.hotspots) + 1)
    found = DifferenceSummary.of(
        difference,
        busier=tuple(rank for rank in ranks if difference.is_busier[rank - 1]),
        quieter=tuple(rank for rank in ranks if difference.is_quieter[rank - 1]),
        words="",
    )
    return dataclasses.replace(found, words=say("hours.difference", found))
