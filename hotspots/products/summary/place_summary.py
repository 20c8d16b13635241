"""What the summary says of places: the density, the hot spots, the test, the estimate and its score."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
import shapely

from hotspots.analysis.accuracy import AreaScore, Fold, Holdout, MethodName, MethodScore, find_judged
from hotspots.analysis.calendar import PeriodUnit
from hotspots.analysis.hotspots import Clusters, Hotspot, ShiftHotspot, Sureness, tell_apart
from hotspots.analysis.significance import PERSISTENCE_CATEGORIES
from hotspots.analysis.surfaces import DensitySurface, Drift, Kernel, RiskEstimate, SmallestArea
from hotspots.geography import WGS84, CellShape, format_grid_reference, project_coordinates
from hotspots.pipeline import Analysis, PlaceAnalysis, name_streets
from hotspots.products.summary.encoding import (
    Degrees,
    Hundredths,
    Metres,
    OneOf,
    Part,
    PerKm2,
    Probability,
    Quantity,
    Share,
    SmallShare,
    Source,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.place_hours import PlaceWindow, tell_windows
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestAreaSummary(Part):
    """The smallest part of the study area that holds a share of the density."""

    view_of: ClassVar = SmallestArea

    share: float
    incident_share: Share
    area_share: SmallShare
    fullest_cells_share: SmallShare | None
    area_km2: Annotated[float, Quantity("km²", decimals=3)]
    level_per_km2: PerKm2


@dataclass(frozen=True, slots=True, kw_only=True)
class DensitySummary(Part):
    """Incidents per square kilometre.

    Attributes:
        bandwidth_reason: Why that bandwidth, where it was chosen automatically.
        bandwidth_warning: What speaks against using it to send people somewhere.
        cell_size_m: Side of a cell.
        n_rows, n_columns: Shape of the grid.
        n_beyond_area: Incidents outside the study area that went in too.
        is_weighted: Whether incidents were weighed by their harm.
        max_per_km2: The highest density of any cell that may be drawn; 0 where none may.
        is_edge_corrected: Whether density that the kernel carries out of the study area was made good.
        smallest_areas: The smallest areas that hold given shares of the density.
    """

    view_of: ClassVar = DensitySurface

    kernel: Kernel
    bandwidth_m: Annotated[float | None, Quantity("m", decimals=1)]
    bandwidth_reason: str | None
    bandwidth_warning: str | None
    is_adaptive: bool
    is_weighted: bool
    cell_size_m: Annotated[Metres, Source("grid.cell_size_m")]
    n_rows: Annotated[int, Source("grid.n_rows")]
    n_columns: Annotated[int, Source("grid.n_columns")]
    n_incidents: int
    n_beyond_area: int
    max_per_km2: PerKm2
    is_edge_corrected: bool
    smallest_areas: tuple[SmallestAreaSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSummary(Part):
    """How hot spots were found.

    Attributes:
        max_extent_m: The widest that a hot spot may be.
        n_split: Clusters that were too long, and were cut.
        n_noise: Incidents in no cluster.
    """

    view_of: ClassVar = Clusters

    eps_m: Metres
    eps_reason: str | None
    min_samples: int
    min_samples_reason: str | None
    max_extent_m: Metres
    n_split: int
    n_clusters: int
    n_noise: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSummary(Part):
    """How rates change from one period to the next one as long.

    Attributes:
        shape_factor: By which the shape is multiplied, as part of what tells cells apart passes.
        of_places: Variance of the change of a place's rate beside the whole area, relative to the rate.
        of_area: The same of the whole area.
    """

    view_of: ClassVar = Drift

    shape_factor: Annotated[float, Quantity(figures=3)]
    of_places: Thousandths
    of_area: Thousandths


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSummary(Part):
    """The estimate of incidents to expect in each cell.

    Attributes:
        cell_size_m: Side of a cell.
        n_cells: Cells.
        own_share: Share of the estimate of cells with incidents that comes from their own count, on average over
            incidents; the rest comes from their surroundings.
        possible_share: Of the cells without other crime, those that can hold crime.
        drift: How rates change to the next period; null where the period cannot be halved.
    """

    view_of: ClassVar = RiskEstimate

    cell_size_m: Annotated[Metres, Source("cells.cell_size_m")]
    n_cells: int
    bandwidth_m: Metres
    used_other_crime: bool
    coefficients: tuple[Annotated[float, Quantity(figures=4)], ...]
    shape_scale: Annotated[float, Quantity(figures=4)]
    shape_power: Thousandths
    possible_share: Annotated[float, Quantity("share 0-1", decimals=4)]
    drift: DriftSummary | None
    own_share: Annotated[float, Quantity("share 0-1", decimals=3)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignificanceSummary(Part):
    """The test of cells for lying among others that are busy, or quiet.

    Attributes:
        cell_size_m: Side of a square cell, or what a hexagon of the same area would have.
        cell_shape: Of the cells.
        cell_size_reason: Why that size.
        is_snapped: Whether many incidents share their coordinates.
        n_cells: Cells tested.
        false_discovery_rate: Share of the cells called hot (and of those called cold) that may be so by chance.
        n_hot, n_cold: Cells called hot, and cold.
        n_shown: Cells whose result may be shown, because they and their neighbours hold enough.
        n_periods: Periods into which the time was cut to see how long cells were hot; null where too short.
        period_length, period_unit: Of each period.
        periods_left_out: Which days are in none of them.
        persistence: Cells by how they have been hot over the periods.
    """

    cell_size_m: Annotated[Metres, Source("cells.cell_size_m")]
    cell_shape: Annotated[CellShape, Source("cells.shape")]
    cell_size_reason: Annotated[str, Source("choice.reason")]
    is_snapped: Annotated[bool, Source("choice.is_snapped")]
    n_cells: int
    false_discovery_rate: Annotated[float, Source("gi_star.false_discovery_rate")]
    n_hot: int
    n_cold: int
    n_shown: int
    n_periods: int | None
    period_length: int | None
    period_unit: PeriodUnit | None
    periods_left_out: str | None
    persistence: dict[Annotated[str, OneOf(PERSISTENCE_CATEGORIES)], int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WardName(Part):
    """A ward by its name.

    Attributes:
        code: Its code in the boundaries.
        name: What it is called.
    """

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCount(Part):
    """Incidents at one location text.

    Attributes:
        location: A street or a public place, as the source words it, without the number of a house.
        n_incidents: At it.
    """

    location: str
    n_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationKindCount(Part):
    """Incidents at one kind of location.

    Attributes:
        kind: As the source words it.
        n_incidents: At it.
    """

    kind: str
    n_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotHavens(Part):
    """How much of a hot spot is within reach of safe havens.

    Attributes:
        share_within_reach: Of its incidents; null where it, or the rest, is of too few of them to be told.
        share_open_within_reach: Of those with a clock time, within reach of one that was open, in whole hundredths,
            which do not give their number away; null where not known, and where it, the rest, or what it leaves of
            those within reach is of too few.
    """

    share_within_reach: Share | None
    share_open_within_reach: Annotated[float | None, Quantity("share 0-1", decimals=2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotSummary(Part):
    """A ranked area to act on, and how sure it is.

    Attributes:
        place: Its streets or public places, if they hold a quarter of its incidents or more and more than one place
            has them; else the grid reference that it lies around, or latitude and longitude.
        density_per_km2: Incidents per square kilometre of its area.
        locations, location_kinds: Those that may be told beside the number of all, at most three.
        easting, northing: A point inside, in the coordinate reference system of the study area.
        grid_reference: The square of 100 m of the British National Grid that holds that point; null elsewhere.
        latitude, longitude: The same point in WGS84 degrees, to about 10 m.
        wards: Wards that it lies in, by number of its incidents.
        expected: Incidents to expect in the next period as long.
        expected_low, expected_high: The range that is to hold what will be recorded 9 times in 10; it allows for drift
            where `risk` says how much.
        rank_low, rank_high: The best and worst rank by expected incidents in 9 of 10 draws of the estimate.
        gi_star: Getis-Ord Gi* of its clearest cell, of those whose result may be shown; null where there is none.
        gi_star_p: Exact p of that cell, adjusted for all cells.
        is_significant: Whether that cell is hot by that test.
        stability: Share of resamples in which it is found again.
        persistence: How that cell has been hot over time.
        sureness: The stability in a word.
        ambient: Incidents that the other crime there leads one to expect; null, as the next two, where that is not
            known.
        ambient_p: Probability of as many as there are or more, adjusted for the number of hot spots.
        is_excess: Whether there is more of this crime than the other crime there explains.
        rate_per_1000: Incidents per 1,000 residents and year.
        certainty: How sure it is, in a sentence.
        peak: The hours in which its incidents concentrate most clearly.
        n_timed: Incidents with a clock time; null where they, or the rest, are too few to be told.
        havens: Null where no safe havens were given.
    """

    view_of: ClassVar = Hotspot

    rank: int
    place: str
    n_incidents: int
    n_places: int
    share: Share
    area_km2: Annotated[float, Quantity("km²", decimals=4)]
    density_per_km2: PerKm2
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
    gi_star: Annotated[Hundredths | None, Source("evidence.z")]
    gi_star_p: Annotated[Probability, Source("evidence.p_adjusted")]
    is_significant: Annotated[bool, Source("evidence.is_significant")]
    stability: Annotated[float | None, Quantity("share 0-1", decimals=2), Source("evidence.stability")]
    persistence: Annotated[str | None, OneOf(PERSISTENCE_CATEGORIES), Source("evidence.persistence")]
    sureness: Annotated[Sureness, Source("evidence.sureness")]
    ambient: Annotated[Tenths | None, Source("evidence.ambient")]
    ambient_p: Annotated[Probability | None, Source("evidence.ambient_p")]
    is_excess: Annotated[bool | None, Source("evidence.is_excess")]
    harm: Annotated[float | None, Quantity(figures=4)]
    residents: Annotated[float | None, Quantity(decimals=-1)]
    rate_per_1000: Annotated[float | None, Quantity("per 1,000 residents and year", figures=2)]
    certainty: str
    peak: PlaceWindow | None
    n_timed: int | None
    havens: HotspotHavens | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotTotal(Part):
    """All hot spots together.

    Attributes:
        n_incidents: Incidents in them.
        hit_rate: The same as a share of all incidents analysed.
        area_share: Their area as a share of the study area.
        ground_share: Share of the ground that the recorded points in them stand for; null as in a score.
        n_significant: How many of them hold a cell that is hot by the test.
        n_excess: How many of them hold more of this crime than the other crime there explains; null where that is not
            known.
    """

    n_incidents: int
    hit_rate: Share
    area_share: SmallShare
    ground_share: Share | None
    n_significant: int
    n_excess: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldSummary(Part):
    """One test: what was known, and what came after it."""

    view_of: ClassVar = Fold

    fit_start: dt.date
    fit_end: dt.date
    test_start: dt.date
    test_end: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreSummary(Part):
    """What a flagged part of the study area caught of the test period's incidents.

    Attributes:
        hit_rate: `n_hits / n_incidents`.
        hit_rate_low, hit_rate_high: Where it may lie.
        pai: Prediction accuracy index, `hit_rate / area_share`: 1 is chance.
        ground_share: Share of the ground that the recorded points in it stand for; null where incidents are not on
            shared points, or other crime is not known.
        ground_pai: `hit_rate / ground_share`.
    """

    view_of: ClassVar = AreaScore

    area_share: SmallShare
    n_hits: int
    n_incidents: int
    hit_rate: Share
    hit_rate_low: Annotated[Share, Source("hit_rate_interval.0")]
    hit_rate_high: Annotated[Share, Source("hit_rate_interval.1")]
    pai: Hundredths
    pei: Thousandths | None
    rri: Thousandths | None
    best_hit_rate: Share | None
    ground_share: Share | None
    ground_pai: Hundredths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindBest(Part):
    """How far a method is behind the best on the same cells.

    Attributes:
        difference: Hit rate of the best less that of the method.
        low, high: Where the difference may lie.
        p: How often cells on which they differ, given to either by the toss of a coin, differ as much.
        is_clear: Whether the best is better by more than chance.
    """

    difference: Share
    low: Annotated[Share, Source("difference_interval.0")]
    high: Annotated[Share, Source("difference_interval.1")]
    p: Annotated[Probability, Source("p_value")]
    is_clear: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSummary(Part):
    """How one method did over all folds together.

    Attributes:
        behind_best: Its distance to the best method on these cells; null for the best itself.
    """

    view_of: ClassVar = MethodScore

    method: MethodName
    cell_size_m: Metres
    bandwidth_m: Metres | None
    scores: tuple[ScoreSummary, ...]
    at_hotspots: ScoreSummary | None
    behind_best: BehindBest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutSummary(Part):
    """What a rolling test found.

    Attributes:
        judged: Position of the area share that methods are put in order by.
    """

    view_of: ClassVar = Holdout

    folds: tuple[FoldSummary, ...]
    n_incidents: int
    area_shares: tuple[float, ...]
    judged: int
    methods: tuple[MethodSummary, ...]
    hotspots: ScoreSummary | None
    last_hotspots: ScoreSummary | None
    patrols: ScoreSummary | None
    last_patrols: ScoreSummary | None
    patrols_at_hotspots: ScoreSummary | None


def summarise_density(analysis: Analysis) -> DensitySummary:
    """The density, and how it was smoothed."""
    places = analysis.places
    return DensitySummary.of(
        places.density,
        bandwidth_reason=places.bandwidth.reason if places.bandwidth else None,
        bandwidth_warning=places.bandwidth_warning,
        n_beyond_area=places.n_beyond,
        max_per_km2=places.shown.max_per_km2,
        smallest_areas=places.smallest_areas,
    )


def summarise_clusters(analysis: Analysis) -> ClusterSummary:
    """How hot spots were found."""
    areas = analysis.places.areas
    return ClusterSummary.of(
        areas.clusters,
        max_extent_m=analysis.request.max_extent_m,
        n_split=areas.n_split,
        n_noise=areas.clusters.cluster_id.isna().sum(),
    )


def summarise_risk(places: PlaceAnalysis) -> RiskSummary | None:
    """The estimate; None where none was made."""
    risk = places.risk
    if risk is None:
        return None
    held = risk.n_incidents > 0
    own_share = np.average(risk.own_share[held], weights=risk.n_incidents[held])
    return RiskSummary.of(risk, n_cells=len(risk.cells), own_share=own_share)


def summarise_significance(places: PlaceAnalysis) -> SignificanceSummary | None:
    """The test of cells; None where there was none."""
    test = places.test
    if test is None:
        return None
    periods = test.periods
    by_category = None if test.persistence is None else test.persistence.category.value_counts()
    return SignificanceSummary.of(
        test,
        n_cells=len(test.cells),
        n_hot=test.gi_star.is_hot.sum(),
        n_cold=test.gi_star.is_cold.sum(),
        n_shown=test.is_shown.sum(),
        n_periods=None if periods is None else len(periods),
        period_length=None if periods is None else periods.length,
        period_unit=None if periods is None else periods.unit,
        periods_left_out=None if periods is None else periods.explanation,
        persistence=None if by_category is None else {name: n for name, n in by_category.items() if name != "none"},
    )


def summarise_holdout(holdout: Holdout) -> HoldoutSummary:
    """Every score of a rolling test."""
    return HoldoutSummary.of(
        holdout,
        judged=find_judged(holdout.area_shares),
        methods=tuple(summarise_method(method) for method in holdout.methods),
    )


def summarise_method(method: MethodScore) -> MethodSummary:
    """The scores of one method."""
    against = method.against_best
    behind_best = against and BehindBest.of(against, is_clear=against.winner == "first")
    return MethodSummary.of(method, behind_best=behind_best)


def summarise_total(analysis: Analysis) -> HotspotTotal:
    """All hot spots together."""
    hotspots = analysis.places.hotspots
    excess = [hotspot.evidence.is_excess for hotspot in hotspots]
    return HotspotTotal(
        n_incidents=sum(hotspot.n_incidents for hotspot in hotspots),
        hit_rate=sum(hotspot.share for hotspot in hotspots),
        area_share=sum(hotspot.area_km2 for hotspot in hotspots) * 1e6 / analysis.study_area.area,
        ground_share=sum_ground(hotspots, analysis),
        n_significant=sum(hotspot.evidence.is_significant for hotspot in hotspots),
        n_excess=sum(map(bool, excess)) if excess and None not in excess else None,
    )


def sum_ground(places: Sequence[Hotspot], analysis: Analysis) -> float | None:
    """The share of the ground that the points in places stand for; None where it is not known."""
    catchments = analysis.places.catchments
    return None if catchments is None else catchments.sum_within([place.outline for place in places])


def summarise_hotspot(hotspot: Hotspot, where: dict[str, Any], analysis: Analysis) -> HotspotSummary:
    """One hot spot, which is there: see `locate_hotspots`."""
    found = HotspotSummary.of(
        hotspot,
        **where,
        wards=name_wards(hotspot.wards, analysis),
        locations=tuple(LocationCount(location=text, n_incidents=n) for text, n in hotspot.locations),
        location_kinds=tuple(LocationKindCount(kind=text, n_incidents=n) for text, n in hotspot.location_kinds),
        rate_per_1000=1000 * hotspot.n_incidents / hotspot.residents / analysis.n_years if hotspot.residents else None,
        certainty="",
        peak=find_peak(hotspot, analysis),
        havens=summarise_near_havens(hotspot, analysis),
    )
    return dataclasses.replace(found, certainty=say("certainty.sentence", found))


def locate_hotspots(hotspots: Sequence[Hotspot | ShiftHotspot], analysis: Analysis) -> list[dict[str, Any]]:
    """What each hot spot is called, and a point inside it in every form."""
    crs = analysis.wards.crs
    outlines = np.array([hotspot.outline for hotspot in hotspots], dtype=object)
    centres = shapely.get_coordinates(shapely.point_on_surface(outlines))
    degrees = project_coordinates(*centres.T, source_crs=crs, crs=WGS84)
    located: list[dict[str, Any]] = []
    for hotspot, (easting, northing), longitude, latitude in zip(hotspots, centres.tolist(), *degrees, strict=True):
        where = {
            "grid_reference": format_grid_reference(easting, northing, crs=crs),
            "latitude": round(float(latitude), 4),
            "longitude": round(float(longitude), 4),
        }
        streets = [name.removeprefix("On or near ") for name in hotspot.names]
        place = say("places.hotspot", streets or name_streets(analysis.study.streets, hotspot.outline)[:2], where)
        located.append({"place": place, "easting": round(easting), "northing": round(northing), **where})
    wards = [next((ward.name for ward in name_wards(hotspot.wards[:1], analysis)), None) for hotspot in hotspots]
    names = tell_apart([where["place"] for where in located], centres, wards=wards)
    for where, name in zip(located, names, strict=True):
        where["place"] = name
    return located


def find_peak(place: Hotspot, analysis: Analysis) -> PlaceWindow | None:
    """The clearest peak of a place; None without one."""
    return tell_windows(place, analysis.request.floor)[0] if place.profile.peaks else None


def name_wards(codes: Sequence[str], analysis: Analysis) -> tuple[WardName, ...]:
    """Wards by their names."""
    names = analysis.wards["ward_name"]
    return tuple(WardName(code=code, name=names[code]) for code in codes)


def summarise_near_havens(hotspot: Hotspot, analysis: Analysis) -> HotspotHavens | None:
    """How much of it is within reach of safe havens; None where none were given."""
    if analysis.havens is None:
        return None
    coverage, floor = analysis.havens.coverage, analysis.request.floor
    timed = (analysis.incidents["time_precision"] == "minute").to_numpy()[hotspot.members]
    is_near = coverage.is_within_reach[hotspot.members]
    is_open = coverage.is_open_within_reach[hotspot.members][timed]
    can_tell = bool(timed.any()) and coverage.share_open_within_reach is not None
    # beside the number of its incidents a share is a number
    n_near, n_open = int(is_near.sum()), int(is_open.sum())
    is_open_told = can_tell and floor.may_tell(n_open, whole=len(is_open)) and not floor.is_few(n_near - n_open)
    return HotspotHavens(
        share_within_reach=is_near.mean() if floor.may_tell(n_near, whole=len(is_near)) else None,
        share_open_within_reach=is_open.mean() if is_open_told else None,
    )
