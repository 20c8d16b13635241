"""The summary of what safe havens cover, of their gaps, and of where new sites would help most."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import hotspots
from hotspots.analysis.safe_havens import CoverageShares
from hotspots.geography import FLOOR
from hotspots.ingest.reference import StreetOrigin
from hotspots.pipeline import (
    NEAR_SCHOOL_M,
    AreaCoverage,
    Demand,
    HavenPlan,
    NewSite,
    OffMain,
    Purpose,
    Question,
    Siting,
    Target,
    list_left_out,
    say_hours_doubts,
)
from hotspots.products.summary.encoding import Metres, Part, Quantity, Share, Source, Tenths
from hotspots.products.summary.gap_summary import (
    GapStepsSummary,
    GapSummary,
    RoundMetres,
    find_whereabouts,
    summarise_gap,
    walks,
)
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.haven_shares import SharesSummary, withhold_few, withhold_from_sum
from hotspots.products.summary.product_names import HAVEN_PRODUCTS
from hotspots.products.summary.run_summary import AccountSummary, InputSummary, Period, count_period
from hotspots.products.words import say, say_each

_SHORT_LIST = 5
"""Gaps given where they are not what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCoverageSummary(Part):
    """What is covered in one ward, place or part of the week, or near one school."""

    view_of: ClassVar = AreaCoverage

    key: str
    name: str | None
    words: str | None
    shares: SharesSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSummary(Part):
    """What the safe havens cover.

    Attributes:
        n_havens: How many they are.
        n_hours_unknown: Of these, of so many it is not known when they are open.
        hours_doubts: Why, with their numbers; empty for none.
        n_far: So many are further from the study area than they reach.
        total: Of all incidents that have a place of their own.
        parts: By part of the week.
        wards: By ward.
        hotspots: By hot spot, as `hotspots run` numbers them.
        places: By place to patrol, likewise.
        schools: Near each school, after school on school days.
        near_school_m: What is near, metres.
        n_gaps: Places to patrol and parts of the week without an open haven.
        gaps: Most incidents first: all of them where they are what was asked, otherwise the first five.
        steps: What the steps that help in them were chosen among; null where it was not asked.
    """

    n_havens: int
    n_hours_unknown: int
    hours_doubts: str
    n_far: int
    total: SharesSummary
    parts: tuple[AreaCoverageSummary, ...]
    wards: tuple[AreaCoverageSummary, ...]
    hotspots: tuple[AreaCoverageSummary, ...]
    places: tuple[AreaCoverageSummary, ...]
    schools: tuple[AreaCoverageSummary, ...]
    near_school_m: Metres
    n_gaps: int
    gaps: tuple[GapSummary, ...]
    steps: GapStepsSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSummary(Part):
    """One site of a plan, or one looked at alone.

    Attributes:
        grid_reference: Where it is, as "TQ 386 752"; null beyond the National Grid.
        ward: Name of the ward that it is in; null beyond those analysed.
        n_gained: Null of the last one where all together leave so few that they may not be told; so is its share.
        covered_share: What is covered of all incidents with it and those before it; null of one looked at alone.
        label: What to call it.
    """

    view_of: ClassVar = NewSite

    site_id: str
    name: str | None
    kind: str | None
    longer_until: int | None
    opening_hours: str | None
    easting: RoundMetres
    northing: RoundMetres
    grid_reference: str | None
    ward: str | None
    n_gained: Tenths | None
    covered_share: Share | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint(Part):
    """What so many new sites cover together with those that are there.

    Attributes:
        n_sites: New sites.
        n_covered: Incidents covered.
        covered_share: The same as a share.
        most_share: No choice of as many covers more than this share.
        is_optimal: Whether that is proven to be the choice given.
    """

    n_sites: int
    n_covered: Tenths
    covered_share: Share
    most_share: Share
    is_optimal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSummary(Part):
    """What it takes to cover a share of all incidents."""

    view_of: ClassVar = Target

    share: Share
    n_fewest: int | None
    is_proven: bool
    most_share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingSummary(Part):
    """Where new sites would help most.

    Attributes:
        purpose: What the sites are for.
        demand: What is to be covered: all incidents, or those in hot spots.
        n_existing: Cameras or youth zones that are there already; null where none are known, or the sites are havens.
        n_wanted: At most so many new sites were asked for.
        covered_share: Covered already, as a share of all incidents; null without any.
        gap_share: How much more another choice could cover at most, as a share of what the new sites cover; 0 where
            the plan is proven to be the best, null without a plan.
        curve: What 1, 2 ... sites cover, as far as they leave nothing or enough to be told.
        site_hours: Opening hours taken for sites that do not state any; null for none.
    """

    view_of: ClassVar = Siting

    purpose: Annotated[Purpose, Source("options.purpose")]
    demand: Annotated[Demand, Source("options.used_demand")]
    n_existing: int | None
    n_wanted: Annotated[int, Source("options.n_new")]
    site_hours: Annotated[str | None, Source("options.site_hours")]
    reach_m: Metres
    is_along_streets: bool
    is_by_hour: bool
    is_after_school: bool
    is_without_hours: bool
    is_grid: bool
    n_sites: int
    n_longer: int
    n_far: int
    n_unknown: int
    n_few: int
    n_total: Tenths
    n_covered: Tenths
    is_few_covered: bool
    covered_share: Share | None
    n_left_out: int
    gap_share: Share | None
    target: TargetSummary | None
    sites: tuple[SiteSummary, ...]
    curve: tuple[CurvePoint, ...]
    alone: tuple[SiteSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OffMainSummary(Part):
    """What lies off the largest of several pieces of the streets, which no street joins.

    Attributes:
        incident_share: Of the incidents that have a place of their own; null where they are too few to be told.
    """

    view_of: ClassVar = OffMain

    n_pieces: int
    n_havens: int
    n_all_havens: int
    incident_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenPlanSummary(Part):
    """What safe havens cover of one crime, their gaps, and where new sites would help most.

    Attributes:
        question: What was asked beside what is covered: nothing, the gaps, or new sites.
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        period: The days analysed.
        n_years: Length of the period that the files cover.
        area: The wards analysed, in words.
        reach_m: Distance within reach, metres.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        street_origins: Whose streets they are, as far as the files show it.
        cover: What is covered; null where no havens were given, or the question is not about them.
        siting: Where new sites would help most; null where it was not asked.
        accounts: Where every row went.
        n_reported: Incidents whose source says only when they became known.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
        words: The result in sentences.
        notes: What to know before it is believed, the most important first.
    """

    view_of: ClassVar = HavenPlan

    question: Annotated[Question, Source("request.question")]
    crime: Annotated[str, Source("crime.slug")]
    crime_label: Annotated[str, Source("crime.label")]
    crime_plural: Annotated[str, Source("crime.plural")]
    data_status: Annotated[dict[str, str], Source("study.data_status")]
    handling: HandlingSummary
    period: Period
    n_years: Annotated[float, Quantity("years", decimals=3)]
    area: str
    reach_m: Metres
    is_along_streets: bool
    street_origins: tuple[StreetOrigin, ...]
    off_street_share: Share | None
    off_main: OffMainSummary | None
    n_unplaced: int
    is_without_terms: bool
    cover: CoverSummary | None
    siting: SitingSummary | None
    accounts: Annotated[AccountSummary, Source("selection.accounts")]
    n_reported: Annotated[int, Source("selection.n_reported")]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str
    words: tuple[str, ...]
    notes: tuple[str, ...]


def summarise_havens(plan: HavenPlan) -> HavenPlanSummary:
    """Everything that was found, with the sentences that the page and the terminal say."""
    wards = plan.selection.wards
    is_all = len(wards) == len(plan.study.boundaries.wards)
    is_sight = plan.request.preset.is_sight
    summary = HavenPlanSummary.of(
        plan,
        period=count_period(plan.selection.start, plan.selection.end),
        area="all wards" if is_all else say("haven_plan.wards", sorted(wards["ward_name"])),
        reach_m=plan.request.used_reach_m,
        is_along_streets=walks(plan),
        street_origins=plan.study.streets.origins if plan.study.streets and not is_sight else (),
        cover=_summarise_cover(plan),
        siting=_summarise_siting(plan),
        inputs=tuple(map(InputSummary.of, plan.study.inputs)),
        handling=summarise_handling(plan.study.house, "tasking"),
        products=HAVEN_PRODUCTS,
        version=hotspots.__version__,
        words=(),
        notes=(),
    )
    return dataclasses.replace(
        summary,
        words=tuple(say_each("haven_plan.findings", summary)),
        notes=(*say_each("haven_plan.notes", summary), *_list_left_out(plan)),
    )


def _list_left_out(plan: HavenPlan) -> tuple[str, ...]:
    """What was not used of the tables that the plan rests on."""
    study = plan.study
    chosen_among = plan.siting or (plan.cover and plan.cover.steps)
    is_cover, is_sited = plan.cover is not None, bool(chosen_among and not chosen_among.is_grid)
    return list_left_out(
        havens=study.havens if is_cover else None,
        candidates=study.candidates if is_sited else None,
        schools=study.schools if is_cover else None,
        cameras=study.cameras if _uses(plan, "cameras") else None,
        youth_zones=study.youth_zones if _uses(plan, "youth_zones") else None,
    )


def _uses(plan: HavenPlan, existing: str) -> bool:
    return plan.siting is not None and plan.request.preset.existing == existing


def _summarise_cover(plan: HavenPlan) -> CoverSummary | None:
    cover = plan.cover
    if cover is None:
        return None

    def name_areas(
        areas: Sequence[AreaCoverage], told: Sequence[SharesSummary | None]
    ) -> tuple[AreaCoverageSummary, ...]:
        return tuple(AreaCoverageSummary.of(area, shares=one) for area, one in zip(areas, told, strict=True))

    def list_parts(areas: Sequence[AreaCoverage]) -> tuple[AreaCoverageSummary, ...]:
        return name_areas(areas, withhold_from_sum([area.shares for area in areas]))

    def list_places(
        areas: Sequence[AreaCoverage], beyond: CoverageShares, untold: Collection[int] = ()
    ) -> tuple[AreaCoverageSummary, ...]:
        told = withhold_from_sum([area.shares for area in areas], beyond=beyond, untold=untold)
        return name_areas(areas, told)

    gaps = cover.gaps if plan.request.gaps else cover.gaps[:_SHORT_LIST]

    return CoverSummary(
        n_havens=len(cover.havens),
        n_hours_unknown=cover.coverage.n_hours_unknown,
        hours_doubts=say_hours_doubts(plan.study.havens) if plan.study.havens else "",
        n_far=cover.n_far,
        total=SharesSummary.of(cover.total),
        parts=list_parts(cover.parts),
        wards=list_parts(cover.wards),
        hotspots=list_places(cover.hotspots, cover.beyond_hotspots),
        places=list_places(
            cover.places, cover.beyond_places, untold={gap.area for gap in cover.gaps if gap.leaves_few}
        ),
        schools=name_areas(cover.schools, [withhold_few(one.shares) if one.shares else None for one in cover.schools]),
        near_school_m=NEAR_SCHOOL_M,
        n_gaps=len(cover.gaps),
        gaps=tuple(summarise_gap(plan, gap, rank) for rank, gap in enumerate(gaps, start=1)),
        steps=GapStepsSummary.of(cover.steps, site_hours=plan.request.gaps.site_hours)
        if plan.request.gaps and cover.steps
        else None,
    )


def _summarise_siting(plan: HavenPlan) -> SitingSummary | None:
    siting = plan.siting
    if siting is None:
        return None
    total = siting.n_total

    def describe(site: NewSite, n_before: float | None, *, is_told: bool = True) -> SiteSummary:
        ward, reference = find_whereabouts(plan, site)
        return SiteSummary.of(
            site,
            n_gained=site.n_gained if is_told else None,
            grid_reference=reference,
            ward=ward,
            covered_share=None if n_before is None or not is_told else (n_before + site.n_gained) / total,
            label=say("haven_plan.site", site, ward, reference),
        )

    sites, n_so_far = [], siting.n_covered
    for number, site in enumerate(siting.sites, start=1):
        is_told = siting.is_last_told or number < len(siting.sites)
        sites.append(describe(site, n_so_far, is_told=is_told))
        n_so_far += site.n_gained
    return SitingSummary.of(
        siting,
        n_existing=None if siting.existing is None else len(siting.existing),
        covered_share=siting.n_covered / total if total > 0 else None,
        gap_share=siting.plan.gap_share if siting.plan else None,
        target=siting.target and TargetSummary.of(siting.target),
        sites=tuple(sites),
        curve=tuple(
            CurvePoint(
                n_sites=len(one.chosen),
                n_covered=siting.n_covered + one.covered,
                covered_share=(siting.n_covered + one.covered) / total,
                most_share=(siting.n_covered + one.most_covered) / total,
                is_optimal=one.is_optimal,
            )
            for one in siting.curve
            if not FLOOR.is_few(total - siting.n_covered - one.covered)
        ),
        alone=tuple(describe(site, None) for site in siting.alone),
    )
