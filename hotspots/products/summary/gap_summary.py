"""The summary of places and hours without an open safe haven, and of what would help most in each."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, ClassVar

import shapely

from hotspots.analysis.safe_havens import Gap, UsualHours
from hotspots.geography import format_grid_reference
from hotspots.pipeline import GapStep, GapSteps, HavenPlan, NewSite, name_places
from hotspots.products.summary.encoding import Part, Quantity, Source, Tenths
from hotspots.products.words import say

RoundMetres = Annotated[float, Quantity("m", decimals=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualHoursSummary(Part):
    """A stretch in which a place is open on some days of the week, as on most of them in a period."""

    view_of: ClassVar = UsualHours

    opens_minute: int
    closes_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapStepSummary(Part):
    """A step that helps in a gap: a new site, or longer hours at a haven that is there.

    Attributes:
        site_id: Of the candidate, or of the haven and the hour until which it stays open.
        label: What to call it.
        longer_until: The hour until which a haven that is there stays open; null for a new site.
        kind: What it is; null where it has none.
        opening_hours: Of the site; null where they are not known.
        ward: Name of the ward that it is in; null beyond those analysed.
        grid_reference: Where it is; null beyond the National Grid.
        n_gained: Incidents of the gap that it would cover; null where fewer than ten would be left, and it more than
            that.
    """

    view_of: ClassVar = GapStep

    site_id: Annotated[str, Source("site.site_id")]
    label: str
    longer_until: Annotated[int | None, Source("site.longer_until")]
    kind: Annotated[str | None, Source("site.kind")]
    opening_hours: Annotated[str | None, Source("site.opening_hours")]
    ward: str | None
    grid_reference: str | None
    easting: Annotated[RoundMetres, Source("site.easting")]
    northing: Annotated[RoundMetres, Source("site.northing")]
    n_gained: Tenths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSummary(Part):
    """A place and a part of the week in which crime has no open haven near.

    Attributes:
        rank: 1 is where most incidents have none.
        place_rank: Of the place to patrol, as `hotspots run` numbers them.
        place: What it is called; null where it has no name.
        part: The part of the week.
        part_words: Its days and hours.
        n_unknown: Of these, with a haven within reach whose hours are not known; null where that would tell of fewer
            than ten.
        n_a_year: Incidents without an open haven within reach, a year of the time that the files cover.
        nearest: What the nearest haven is called; null where there is none to walk to.
        steps: The new site and the longer hours that would help most, the better first; empty where neither covers ten,
            or it was not asked.
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
    nearest_hours: tuple[UsualHoursSummary, ...] | None
    steps: tuple[GapStepSummary, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GapStepsSummary(Part):
    """What the steps that help in gaps were chosen among.

    Attributes:
        site_hours: Opening hours taken for sites that do not state any; null for none.
    """

    view_of: ClassVar = GapSteps

    is_grid: bool
    n_sites: int
    n_far: int
    n_unknown: int
    site_hours: str | None


def summarise_gap(plan: HavenPlan, gap: Gap, rank: int) -> GapSummary:
    """A gap, and what would help most in it if that was asked; the rank is its place in the list, from 1."""
    assert plan.cover is not None
    place = plan.patrol_places[gap.area]
    nearest = plan.cover.havens["name"].iloc[gap.nearest] if gap.nearest >= 0 else None
    steps = plan.cover.steps.steps[rank - 1] if plan.cover.steps else ()
    summary = GapSummary.of(
        gap,
        rank=rank,
        place_rank=place.rank,
        place=name_places(plan.patrol_places, plan.selection.wards)[gap.area],
        part=gap.shift.label,
        part_words=gap.shift.words,
        n_a_year=gap.n_without / plan.n_years,
        nearest=nearest if isinstance(nearest, str) else None,
        nearest_hours=None if gap.nearest_hours is None else tuple(map(UsualHoursSummary.of, gap.nearest_hours)),
        steps=tuple(_summarise_step(plan, step) for step in steps),
        words="",
    )
    return dataclasses.replace(
        summary,
        words=say("haven_plan.gap", summary, plan.crime.plural, plan.request.used_reach_m, walks(plan)),
    )


def _summarise_step(plan: HavenPlan, step: GapStep) -> GapStepSummary:
    ward, reference = find_whereabouts(plan, step.site)
    return GapStepSummary.of(
        step,
        label=say("haven_plan.site", step.site, ward, reference),
        ward=ward,
        grid_reference=reference,
        n_gained=step.site.n_gained if step.is_told else None,
    )


def walks(plan: HavenPlan) -> bool:
    """Whether distances are walks along streets."""
    return plan.study.network is not None and not plan.request.preset.is_sight


def find_whereabouts(plan: HavenPlan, site: NewSite) -> tuple[str | None, str | None]:
    """The ward that a site is in, and its grid reference."""
    wards = plan.selection.wards
    inside = wards["ward_name"][wards.intersects(shapely.Point(site.easting, site.northing))]
    reference = format_grid_reference(site.easting, site.northing, crs=wards.crs)
    return str(inside.iloc[0]) if len(inside) else None, reference
