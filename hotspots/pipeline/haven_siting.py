"""Where new safe havens, longer hours, cameras or youth zones would cover most."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hotspots.analysis.hours import AFTER_SCHOOL
from hotspots.analysis.safe_havens import (
    SiteDemand,
    SitePlan,
    choose_fewest,
    lay_grid_sites,
    list_longer_hours,
    measure_site_demand,
    trace_curve,
)
from hotspots.contracts import HAVEN_COLUMNS
from hotspots.geography import FLOOR
from hotspots.ingest.reference import Havens
from hotspots.pipeline.haven_request import HavenRequest, SiteOptions, SitingOptions
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study

Days = npt.NDArray[np.datetime64]

_N_ALONE = 5
_USUAL_UNTIL = (20,)
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSite:
    """One site of a plan, or one looked at alone.

    Attributes:
        site_id: Of the candidate, or of the haven that stays open longer.
        name, kind: What it is; None where it has none.
        longer_until: The hour until which a haven that is there stays open; None for a new site.
        opening_hours: Of the site; None where they do not matter or are not known.
        easting, northing: Where it is, metres.
        n_gained: Incidents that it covers beside those that are covered without it.
    """

    site_id: str
    name: str | None
    kind: str | None
    longer_until: int | None
    opening_hours: str | None
    easting: float
    northing: float
    n_gained: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What it takes to cover a share of all incidents.

    Attributes:
        share: 0-1, the share wanted.
        n_fewest: The fewest new sites found that do; 0 where it is covered already, None where all together do not.
        is_proven: Whether it is proven that fewer do not.
        most_share: 0-1, what all sites together cover, with those that are there.
    """

    share: float
    n_fewest: int | None
    is_proven: bool
    most_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Siting:
    """Where new sites would help most.

    Attributes:
        options: What was asked.
        existing: Cameras or youth zones that are there already; None where none are known, or the sites are havens.
        reach_m: Distance within reach, metres.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        is_by_hour: Whether a site covers only what happens while it is open.
        is_after_school: Whether only the hours after school on school days count.
        is_without_hours: Whether hours would matter, and are not known of any incident.
        is_grid: Whether the sites are points of a grid.
        n_sites: New sites to choose from.
        n_longer: Havens that could stay open longer, each with each hour.
        n_far: New sites that are further from the study area than they reach.
        n_unknown: New sites whose hours are not known, which cover nothing.
        n_few: Sites that could cover something, but less than may be shown.
        n_total: Incidents that are to be covered, at the hours that count, and in hot spots if only these do.
        n_covered: Of these, covered already; 0 where they are too few to be told.
        is_few_covered: Whether some are, and too few to be told.
        n_left_out: Incidents left out, because it is not known when they were.
        curve: The best plan of 1, 2 ... sites, as far as each site adds enough to be shown.
        target: What it takes to cover the share wanted; None where none was asked for.
        plan: The plan to be shown: that for the share wanted, or of as many sites as were asked for; None where no
            site adds enough to be shown.
        sites: Of the plan, each next the one that adds most.
        alone: The new sites, and after them the longer hours, that would add most each on its own.
    """

    options: SitingOptions
    existing: gpd.GeoDataFrame | None
    reach_m: float
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
    n_total: float
    n_covered: float
    is_few_covered: bool
    n_left_out: int
    curve: tuple[SitePlan, ...]
    target: Target | None
    plan: SitePlan | None
    sites: tuple[NewSite, ...]
    alone: tuple[NewSite, ...]

    @property
    def is_last_told(self) -> bool:
        """Whether the number of the last site may be told: with those of the others it tells what all leave."""
        return not FLOOR.is_few(self.n_total - self.n_covered - sum(site.n_gained for site in self.sites))


def plan_sites(
    study: Study, request: HavenRequest, chosen: Selection, located: gpd.GeoDataFrame, *, school_days: Days
) -> Siting:
    """Find where new sites would cover most.

    Args:
        study: What was read.
        request: With `siting`.
        chosen: What is analysed.
        located: Its incidents that are to be covered, each with a place of its own.
        school_days: datetime64[D], of the period.

    Raises:
        ParameterError: The grid would have too many points.
    """
    assert request.siting is not None
    options, preset = request.siting, request.preset
    has_hours = bool((chosen.incidents["time_precision"] == "minute").any())
    is_by_hour = preset.needs_hours and has_hours
    is_after_school = preset.is_after_school and has_hours
    network = None if preset.is_sight else study.network
    candidates, is_grid = list_candidates(study, options, chosen, grid_m=preset.grid_m)
    n_unknown = int(candidates["opening_hours"].isna().sum()) if is_by_hour else 0
    known: Havens | None = getattr(study, preset.existing)
    there = known.havens if known is not None else None
    sites, n_longer = candidates, 0
    until_hours = _USUAL_UNTIL if options.until_hours is None else options.until_hours
    if there is not None and is_by_hour and until_hours:
        longer = list_longer_hours(there, until_hours=until_hours)
        n_longer = len(longer)
        sites = gpd.GeoDataFrame(pd.concat([candidates.assign(longer_until=np.nan), longer]), crs=located.crs)
    found = measure_site_demand(
        located,
        sites,
        there,
        reach_m=request.used_reach_m,
        needs_hours=is_by_hour,
        hours=AFTER_SCHOOL.hours if is_after_school else None,
        on_days=school_days if is_after_school else None,
        calendar=study.opening_calendar,
        network=network,
    )
    # a camera or two that are there may see few, which each share with them would tell
    is_few_covered = 0 < found.n_covered < FLOOR.min_incidents
    if is_few_covered:
        found = dataclasses.replace(found, n_covered=0.0)
    # a site that could cover few incidents would tell of them
    is_shown = FLOOR.is_met(found.n_incidents_by_site, found.n_places_by_site)
    kept = np.flatnonzero(is_shown)
    covers, limit_s = found.covers[kept], options.time_limit_s or math.inf
    curve = tuple(
        plan
        for plan in trace_curve(covers, found.demand, n_most=options.n_new, time_limit_s=limit_s)
        if _is_shown(plan)
    )
    target, plan = None, curve[-1] if curve else None
    if options.target_share is not None and found.n_total > 0:
        target, reaching = _reach_target(covers, found, options.target_share, time_limit_s=limit_s)
        if target.n_fewest == 0:
            plan = None
        elif reaching is not None and _is_shown(reaching):
            plan = reaching
    worth = found.n_incidents_by_site[kept].round(6)
    order = kept[np.argsort(-worth, kind="stable")]
    is_new = order < len(candidates)
    alone = [*order[is_new][:_N_ALONE], *order[~is_new][:_N_ALONE]]
    return Siting(
        options=options,
        existing=None if preset.existing == "havens" else there,
        reach_m=request.used_reach_m,
        is_along_streets=network is not None,
        is_by_hour=is_by_hour,
        is_after_school=is_after_school,
        is_without_hours=(preset.needs_hours or preset.is_after_school) and not has_hours,
        is_grid=is_grid,
        n_sites=len(candidates),
        n_longer=n_longer,
        n_far=count_far(candidates, chosen, reach_m=request.used_reach_m),
        n_unknown=n_unknown,
        n_few=int((~is_shown & (found.n_incidents_by_site > 0)).sum()),
        n_total=found.n_total,
        n_covered=found.n_covered,
        is_few_covered=is_few_covered,
        n_left_out=found.n_left_out,
        curve=curve,
        target=target,
        plan=plan,
        sites=tuple(
            describe_site(sites, kept[position], gain) for position, gain in zip(plan.chosen, plan.gains, strict=True)
        )
        if plan is not None
        else (),
        alone=tuple(describe_site(sites, position, found.n_incidents_by_site[position]) for position in alone),
    )


def _reach_target(
    covers: sparse.csr_array, found: SiteDemand, target_share: float, *, time_limit_s: float
) -> tuple[Target, SitePlan | None]:
    """What it takes to cover a share of all incidents, and the plan that does; None where none is needed or can."""
    reachable = float(found.demand[np.unique(covers.indices)].sum())
    most_share = (found.n_covered + reachable) / found.n_total
    needed = target_share * found.n_total - found.n_covered
    if needed <= _ROUNDING:
        return Target(share=target_share, n_fewest=0, is_proven=True, most_share=most_share), None
    if needed > reachable + _ROUNDING:
        return Target(share=target_share, n_fewest=None, is_proven=True, most_share=most_share), None
    total = float(found.demand.sum())
    fewest = choose_fewest(covers, found.demand, target_share=min(needed / total, 1.0), time_limit_s=time_limit_s)
    n_fewest = None if fewest.plan is None else len(fewest.plan.chosen)
    target = Target(share=target_share, n_fewest=n_fewest, is_proven=fewest.is_fewest, most_share=most_share)
    return target, fewest.plan


def _is_shown(plan: SitePlan) -> bool:
    """Whether each site of a plan adds enough incidents for their number to be shown."""
    return len(plan.gains) > 0 and bool(plan.gains.min() >= FLOOR.min_incidents)


def list_candidates(
    study: Study, options: SiteOptions, chosen: Selection, *, grid_m: float
) -> tuple[gpd.GeoDataFrame, bool]:
    """The new sites to choose from, and whether they are a grid for want of any.

    Args:
        study: What was read.
        options: Which sites could help.
        chosen: What is analysed.
        grid_m: Spacing of a grid, unless the options say it.

    Raises:
        ParameterError: The grid would have too many points.
    """
    assumed = options.known_site_hours
    is_grid = options.grid_m is not None or study.candidates is None
    if is_grid:
        spacing_m = options.grid_m or grid_m
        sites = lay_grid_sites(
            chosen.study_area, spacing_m=spacing_m, crs=chosen.incidents.crs, opening_hours=assumed or "24/7"
        )
        return sites, True
    assert study.candidates is not None
    sites = study.candidates.havens[list(HAVEN_COLUMNS)].copy()
    if assumed is not None:
        sites["opening_hours"] = sites["opening_hours"].where(sites["opening_hours"].notna(), assumed)
    return sites, False


def count_far(sites: gpd.GeoDataFrame, chosen: Selection, *, reach_m: float) -> int:
    """How many sites are further from the study area than they reach."""
    return int((sites.distance(chosen.study_area) > reach_m).sum())


def describe_site(sites: gpd.GeoDataFrame, position: int, gain: float) -> NewSite:
    """One of the sites, and what it gains."""
    site = sites.iloc[int(position)]
    until = site.get("longer_until")
    return NewSite(
        site_id=str(sites.index[int(position)]),
        name=site["name"] if isinstance(site["name"], str) else None,
        kind=site["kind"] if isinstance(site["kind"], str) else None,
        longer_until=None if until is None or pd.isna(until) else int(until),
        opening_hours=site["opening_hours"] if isinstance(site["opening_hours"], str) else None,
        easting=float(site.geometry.x),
        northing=float(site.geometry.y),
        n_gained=float(gain),
    )
