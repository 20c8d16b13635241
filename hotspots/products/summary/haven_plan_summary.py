"""The summary of what safe havens cover, of their gaps, and of where new sites would help most."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import shapely

import hotspots
from hotspots.analysis.safe_havens import CoverageShares, Gap, UsualHours
from hotspots.geography import FLOOR, format_grid_reference
from hotspots.ingest.reference import StreetOrigin
from hotspots.pipeline import (
    NEAR_SCHOOL_M,
    AreaCoverage,
    HavenPlan,
    NewSite,
    Purpose,
    Siting,
    Target,
    list_left_out,
    name_place,
    say_hours_doubts,
)
from hotspots.products.summary.encoding import Metres, Part, Quantity, Share, Source, Tenths
from hotspots.products.summary.product_names import HAVEN_PRODUCTS
from hotspots.products.summary.run_summary import AccountSummary, InputSummary, Period, count_period
from hotspots.products.words import say, say_each

RoundMetres = Annotated[float, Quantity("m", decimals=0)]
_MOST_GAPS = 40
_NONE = 1e-6
_STATES = ("open", "unknown", "lost", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesSummary(Part):
    """What is covered of some incidents, at some hours.

    Attributes:
        any_share: Of those whose hour is known, with any haven within reach, open or not; null without any, and, like
            each number here, where it is of fewer than ten incidents in one area.
        open_share: With one that is open then.
        unknown_share: With none known to be open then, and one of which that is not known.
        lost_share: With one within reach, and all known to be closed then: what closing time costs.
    """

    view_of: ClassVar = CoverageShares

    n_incidents: int | None
    n_within_reach: int | None
    share_within_reach: Share | None
    n_timed: Tenths
    n_any: Tenths | None
    n_open: Tenths | None
    n_unknown: Tenths | None
    any_share: Share | None
    open_share: Share | None
    unknown_share: Share | None
    lost_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCoverageSummary(Part):
    """What is covered in one ward, place or part of the week, or near one school."""

    view_of: ClassVar = AreaCoverage

    key: str
    name: str | None
    words: str | None
    shares: SharesSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualHoursSummary(Part):
    """When a place is open on some days of the week, as on most of them in a period."""

    view_of: ClassVar = UsualHours

    opens_minute: int | None
    closes_minute: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSummary(Part):
    """A place and a part of the week in which crime has no open haven near.

    Attributes:
        rank: 1 is where most incidents have none.
        place_rank: Of the place to patrol, as `hotspots run` numbers them.
        place: What it is called; null where it has no name.
        part: The part of the week.
        part_words: Its days and hours.
        n_unknown: Of these, with a haven within reach whose hours are not known; null where they, or the others, are
            fewer than ten.
        n_a_year: Incidents without an open haven within reach, a year.
        nearest: What the nearest haven is called; null where there is none to walk to.
        words: The same in a sentence.
    """

    view_of: ClassVar = Gap

    rank: int
    place_rank: int
    place: str | None
    part: str
    part_words: str
    n_without: Tenths
    n_unknown: Tenths | None
    n_a_year: Tenths
    nearest: str | None
    nearest_m: RoundMetres | None
    nearest_hours: UsualHoursSummary | None
    words: str


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
        gaps: The first of them, most incidents first.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSummary(Part):
    """One site of a plan, or one looked at alone.

    Attributes:
        grid_reference: Where it is, as "TQ 386 752"; null beyond the National Grid.
        ward: Name of the ward that it is in; null beyond those analysed.
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
    n_gained: Tenths
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
        n_wanted: At most so many new sites were asked for.
        covered_share: Covered already, as a share of all incidents; null without any.
        gap_share: How much more another choice could cover at most, as a share of what the new sites cover; 0 where
            the plan is proven to be the best, null without a plan.
        curve: What 1, 2 ... sites cover.
        site_hours: Opening hours taken for sites that do not state any; null for none.
    """

    view_of: ClassVar = Siting

    purpose: Annotated[Purpose, Source("options.purpose")]
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
    n_unknown: int
    n_few: int
    n_total: Tenths
    n_covered: Tenths
    covered_share: Share | None
    n_left_out: int
    gap_share: Share | None
    target: TargetSummary | None
    sites: tuple[SiteSummary, ...]
    curve: tuple[CurvePoint, ...]
    alone: tuple[SiteSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenPlanSummary(Part):
    """What safe havens cover of one crime, their gaps, and where new sites would help most.

    Attributes:
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        period: The days analysed.
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

    crime: Annotated[str, Source("crime.slug")]
    crime_label: Annotated[str, Source("crime.label")]
    crime_plural: Annotated[str, Source("crime.plural")]
    data_status: Annotated[dict[str, str], Source("study.data_status")]
    period: Period
    area: str
    reach_m: Metres
    is_along_streets: bool
    street_origins: tuple[StreetOrigin, ...]
    off_street_share: Share | None
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
        is_along_streets=plan.study.network is not None and not is_sight,
        street_origins=plan.study.streets.origins if plan.study.streets and not is_sight else (),
        cover=_summarise_cover(plan),
        siting=_summarise_siting(plan),
        inputs=tuple(map(InputSummary.of, plan.study.inputs)),
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
    is_cover, is_sited = plan.cover is not None, plan.siting is not None and not plan.siting.is_grid
    return list_left_out(
        havens=study.havens if is_cover else None,
        candidates=study.candidates if is_sited else None,
        schools=study.schools if is_cover else None,
    )


def _summarise_cover(plan: HavenPlan) -> CoverSummary | None:
    cover = plan.cover
    if cover is None:
        return None

    def list_areas(areas: Sequence[AreaCoverage], *, is_whole: bool = False) -> tuple[AreaCoverageSummary, ...]:
        shares = [area.shares for area in areas]
        told = withhold_from_sum(shares) if is_whole else [one and withhold_few(one) for one in shares]
        return tuple(AreaCoverageSummary.of(area, shares=one) for area, one in zip(areas, told, strict=True))

    return CoverSummary(
        n_havens=len(cover.havens),
        n_hours_unknown=cover.coverage.n_hours_unknown,
        hours_doubts=say_hours_doubts(plan.study.havens) if plan.study.havens else "",
        n_far=cover.n_far,
        total=SharesSummary.of(cover.total),
        parts=list_areas(cover.parts, is_whole=True),
        wards=list_areas(cover.wards, is_whole=True),
        hotspots=list_areas(cover.hotspots),
        places=list_areas(cover.places),
        schools=list_areas(cover.schools),
        near_school_m=NEAR_SCHOOL_M,
        n_gaps=len(cover.gaps),
        gaps=tuple(_summarise_gap(plan, gap, rank) for rank, gap in enumerate(cover.gaps[:_MOST_GAPS], start=1)),
    )


def withhold_few(shares: CoverageShares) -> SharesSummary:
    """What is covered in one area, without numbers of fewer than ten incidents, and without what would tell them.

    The incidents are open, not known, closed and out of reach, and their sum is stated. So two of these are withheld
    or none, and those withheld are ten or more together.
    """
    return _leave_out(shares, _find_few(shares, frozenset()))


def withhold_from_sum(areas: Sequence[CoverageShares | None]) -> list[SharesSummary | None]:
    """The same of areas, or parts of the week, that make up a whole whose numbers are stated.

    One withheld alone would be what the others leave of the whole. So of each of the four two areas are withheld or
    none, and those withheld are ten or more together, as far as other areas have any.

    Args:
        areas: Of each; None where nothing is told of it.
    """
    hidden = [_find_few(shares, frozenset()) if shares else frozenset(_STATES) for shares in areas]
    counts = [_count_states(shares) if shares else dict.fromkeys(_STATES, 0.0) for shares in areas]
    is_settled = False
    while not is_settled:
        is_settled = True
        for state in _STATES:
            withheld = [n[state] for n, names in zip(counts, hidden, strict=True) if state in names]
            others = [
                (n[state], row)
                for row, (n, names) in enumerate(zip(counts, hidden, strict=True))
                if state not in names and n[state] > _NONE
            ]
            if withheld and others and (len(withheld) < 2 or sum(withheld) < FLOOR.min_incidents):
                _, row = min(others)
                shares = areas[row]
                assert shares is not None
                hidden[row] = _find_few(shares, hidden[row] | {state})
                is_settled = False
    return [_leave_out(one, names) if one else None for one, names in zip(areas, hidden, strict=True)]


def _count_states(shares: CoverageShares) -> dict[str, float]:
    """How many incidents are in each of the four states, which are all of them together."""
    lost = max(shares.n_any - shares.n_open - shares.n_unknown, 0.0)
    numbers = (shares.n_open, shares.n_unknown, lost, shares.n_timed - shares.n_any)
    return dict(zip(_STATES, numbers, strict=True))


def _find_few(shares: CoverageShares, withheld: frozenset[str]) -> frozenset[str]:
    """The states that may not be told: those withheld already, those of few, and others that would tell them."""
    counts = _count_states(shares)
    hidden = {name: n for name, n in counts.items() if _is_few(n) or name in withheld}
    # what has none within reach last, since with it goes the share that has any; and after all what is nothing
    others = sorted((n <= _NONE, name == "none", n, name) for name, n in counts.items() if name not in hidden)
    for is_nothing, _, n, name in others:
        if hidden and (len(hidden) < 2 or (sum(hidden.values()) < FLOOR.min_incidents and not is_nothing)):
            hidden[name] = n
    return frozenset(hidden)


def _leave_out(shares: CoverageShares, hidden: frozenset[str]) -> SharesSummary:
    names = set(hidden) | ({"any"} if "none" in hidden else set())
    left_out: dict[str, None] = {f"{name}_share": None for name in names - {"none"}}
    left_out |= {f"n_{name}": None for name in names - {"none", "lost"}}
    n_near, n_all = shares.n_within_reach, shares.n_incidents
    if n_near is not None and n_all is not None:
        is_few = any(map(_is_few, (n_near, n_all - n_near)))
        left_out |= {"n_within_reach": None, "share_within_reach": None} if names or is_few else {}
    return SharesSummary.of(shares, **left_out)


def _is_few(n: float) -> bool:
    """Whether a number is of so few incidents that it may not be told; none at all may."""
    return _NONE < n < FLOOR.min_incidents


def _summarise_gap(plan: HavenPlan, gap: Gap, rank: int) -> GapSummary:
    assert plan.cover is not None
    place = plan.patrol_places[gap.area]
    nearest = plan.cover.havens["name"].iloc[gap.nearest] if gap.nearest >= 0 else None
    summary = GapSummary.of(
        gap,
        rank=rank,
        place_rank=place.rank,
        place=name_place(place),
        part=gap.shift.label,
        part_words=gap.shift.words,
        n_a_year=gap.n_without / plan.n_years,
        n_unknown=None if _is_few(gap.n_unknown) or _is_few(gap.n_without - gap.n_unknown) else gap.n_unknown,
        nearest=nearest if isinstance(nearest, str) else None,
        nearest_hours=gap.nearest_hours and UsualHoursSummary.of(gap.nearest_hours),
        words="",
    )
    return dataclasses.replace(
        summary,
        words=say("haven_plan.gap", summary, plan.crime.plural, plan.request.used_reach_m),
    )


def _summarise_siting(plan: HavenPlan) -> SitingSummary | None:
    siting = plan.siting
    if siting is None:
        return None
    total = siting.n_total
    wards, crs = plan.selection.wards, plan.selection.wards.crs

    def describe(site: NewSite, n_before: float | None) -> SiteSummary:
        reference = format_grid_reference(site.easting, site.northing, crs=crs)
        inside = wards["ward_name"][wards.intersects(shapely.Point(site.easting, site.northing))]
        ward = str(inside.iloc[0]) if len(inside) else None
        return SiteSummary.of(
            site,
            grid_reference=reference,
            ward=ward,
            covered_share=None if n_before is None else (n_before + site.n_gained) / total,
            label=say("haven_plan.site", site, ward, reference),
        )

    sites, n_so_far = [], siting.n_covered
    for site in siting.sites:
        sites.append(describe(site, n_so_far))
        n_so_far += site.n_gained
    return SitingSummary.of(
        siting,
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
        ),
        alone=tuple(describe(site, None) for site in siting.alone),
    )
