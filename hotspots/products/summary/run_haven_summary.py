"""What the summary of a run says of gaps in safe havens, and of the candidates that would help most."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import shapely

from hotspots.geography import FLOOR, WGS84, format_grid_reference, project_coordinates
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import Degrees, Metres, Part, Quantity, Share, Tenths
from hotspots.products.summary.patrol_summary import PatrolSummary
from hotspots.products.words import say

if TYPE_CHECKING:  # a run without havens and candidates needs nothing of these
    from hotspots.analysis.safe_havens import Gap
    from hotspots.pipeline import NewSite, Siting

RoundMetres = Annotated[float, Quantity("m", decimals=0)]
_MOST_GAPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenGapSummary(Part):
    """A place to patrol and a part of the week in which crime has no open safe haven near.

    Attributes:
        rank: 1 is where most incidents have none; those without a number come last, by place.
        place_rank: Of the place to patrol.
        place: What it is called.
        part_key: Short name of the part of the week.
        part: The part of the week.
        part_words: Its days and hours.
        n_without: Incidents there and then without a haven within reach that is known to be open, a sum of shares; null
            where the number would tell that of few others.
        nearest: What the nearest haven is called; null where there is none to walk to.
        nearest_m: How far it is from the middle of the place; null for none.
        nearest_words: The same in a sentence, with the hours at which it is open.
        easting, northing: A point inside the place.
    """

    rank: int
    place_rank: int
    place: str
    part_key: str
    part: str
    part_words: str
    n_without: Tenths | None
    nearest: str | None
    nearest_m: RoundMetres | None
    nearest_words: str
    easting: RoundMetres
    northing: RoundMetres


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenGapsSummary(Part):
    """Where and when crime has no open safe haven near.

    Attributes:
        reach_m: Distance that counts as within reach.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        n_gaps: Places to patrol and parts of the week without an open haven, of enough incidents to be shown.
        n_places: Places to patrol that they are at.
        gaps: The first of them.
        words: The first in a sentence, with how many there are; empty for none.
    """

    reach_m: Metres
    is_along_streets: bool
    n_gaps: int
    n_places: int
    gaps: tuple[HavenGapSummary, ...]
    words: str

    @property
    def place_ranks(self) -> list[int]:
        """The places to patrol of `gaps`, each once, in their order."""
        return list(dict.fromkeys(gap.place_rank for gap in self.gaps))


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenSiteSummary(Part):
    """A candidate that would help as a safe haven.

    Attributes:
        letter: By which it is marked on the map.
        site_id: Of the candidate.
        label: What to call it.
        kind: What it is; null where it does not say.
        opening_hours: When it is open; null where that is not known.
        ward: Name of the ward that it is in; null beyond those analysed.
        n_gained: Incidents that it covers beside those covered without it; null where that would tell of few others.
        covered_share: What is covered of all incidents with it and those before it; null likewise.
        easting, northing: Where it is.
        grid_reference: The same as "TQ 386 752"; null beyond the National Grid.
        longitude, latitude: In WGS84, to about 10 m.
    """

    letter: str
    site_id: str
    label: str
    kind: str | None
    opening_hours: str | None
    ward: str | None
    n_gained: Tenths | None
    covered_share: Share | None
    easting: RoundMetres
    northing: RoundMetres
    grid_reference: str | None
    longitude: Degrees
    latitude: Degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenSitesSummary(Part):
    """The candidates that would help most as safe havens.

    Attributes:
        n_candidates: To choose from.
        n_hours_unknown: Of these, of so many it is not known when they are open: they cover nothing.
        is_by_hour: Whether a site covers only what happens while it is open.
        covered_share: Covered already, as a share of all incidents that count; null without any, or of too few to say.
        gap_share: How much more another choice of as many could cover at most, as a share of what these add; 0 where
            they are proven to be the best, null without any.
        sites: Each next the one that adds most.
        words: What they do, in a sentence or two.
    """

    n_candidates: int
    n_hours_unknown: int
    is_by_hour: bool
    covered_share: Share | None
    gap_share: Share | None
    sites: tuple[HavenSiteSummary, ...]
    words: str


def summarise_gaps(analysis: Analysis, patrols: PatrolSummary | None) -> HavenGapsSummary | None:
    """Where and when there is no open haven; None without havens, places to patrol or hours."""
    found = analysis.havens
    if found is None or patrols is None or not found.shares.n_timed:
        return None
    gaps = tuple(
        _summarise_gap(analysis, patrols, gap, rank, is_told=rank <= found.n_told)
        for rank, gap in enumerate(found.gaps[:_MOST_GAPS], start=1)
    )
    summary = HavenGapsSummary(
        reach_m=found.coverage.reach_m,
        is_along_streets=found.coverage.is_along_streets,
        n_gaps=len(found.gaps),
        n_places=len({gap.area for gap in found.gaps}),
        gaps=gaps,
        words="",
    )
    return dataclasses.replace(summary, words=say("run_havens.gaps", summary, analysis.crime.plural) if gaps else "")


def _summarise_gap(
    analysis: Analysis, patrols: PatrolSummary, gap: Gap, rank: int, *, is_told: bool
) -> HavenGapSummary:
    assert analysis.havens is not None
    place = patrols.places[gap.area]
    name = analysis.havens.havens["name"].iloc[gap.nearest] if gap.nearest >= 0 else None
    nearest = name if isinstance(name, str) else None
    way = {"nearest": nearest, "nearest_m": gap.nearest_m, "nearest_hours": gap.nearest_hours}
    return HavenGapSummary(
        rank=rank,
        place_rank=place.rank,
        place=place.place,
        part_key=gap.shift.key,
        part=gap.shift.label,
        part_words=gap.shift.words,
        n_without=gap.n_without if is_told else None,
        nearest=nearest,
        nearest_m=gap.nearest_m,
        nearest_words=say("haven_plan.nearest", way, analysis.havens.coverage.is_along_streets),
        easting=place.easting,
        northing=place.northing,
    )


def summarise_sites(analysis: Analysis) -> HavenSitesSummary | None:
    """The candidates that would help most; None where no candidates were given."""
    found = analysis.new_havens
    if found is None:
        return None
    sites, n_so_far = [], found.n_covered
    for number, site in enumerate(found.sites):
        n_so_far += site.n_gained
        is_told = found.is_last_told or number < len(found.sites) - 1
        sites.append(_summarise_site(analysis, found, site, number, n_so_far if is_told else None))
    summary = HavenSitesSummary(
        n_candidates=found.n_sites,
        n_hours_unknown=found.n_unknown,
        is_by_hour=found.is_by_hour,
        covered_share=None
        if not found.n_total or not FLOOR.may_tell(found.n_covered, whole=found.n_total)
        else found.n_covered / found.n_total,
        gap_share=found.plan.gap_share if found.plan else None,
        sites=tuple(sites),
        words="",
    )
    return dataclasses.replace(summary, words=say("run_havens.sites", summary, analysis.crime.plural))


def _summarise_site(
    analysis: Analysis, found: Siting, site: NewSite, number: int, n_so_far: float | None
) -> HavenSiteSummary:
    wards, crs = analysis.wards, analysis.wards.crs
    inside = wards["ward_name"][wards.intersects(shapely.Point(site.easting, site.northing))]
    ward = str(inside.iloc[0]) if len(inside) else None
    reference = format_grid_reference(site.easting, site.northing, crs=crs)
    longitude, latitude = project_coordinates([site.easting], [site.northing], source_crs=crs, crs=WGS84)
    return HavenSiteSummary(
        letter="ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number],
        site_id=site.site_id,
        label=say("haven_plan.site", site, ward, reference),
        kind=site.kind,
        opening_hours=site.opening_hours,
        ward=ward,
        n_gained=None if n_so_far is None else site.n_gained,
        covered_share=None if n_so_far is None or FLOOR.is_few(found.n_covered) else n_so_far / found.n_total,
        easting=site.easting,
        northing=site.northing,
        grid_reference=reference,
        longitude=float(longitude[0]),
        latitude=float(latitude[0]),
    )
