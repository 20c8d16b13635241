"""What would help most in each gap of safe havens: a new site, or longer hours at one that is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import shapely

from hotspots.analysis.hotspots import assign_outlines
from hotspots.analysis.safe_havens import Gap, GapSite, choose_gap_site, list_longer_hours
from hotspots.pipeline.haven_request import HavenRequest
from hotspots.pipeline.haven_siting import NewSite, count_far, describe_site, list_candidates
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study

_HOURS_IN_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class GapStep:
    """A step that helps in a gap.

    Attributes:
        site: The new site, or the haven that stays open longer, and what it gains in the gap.
        is_told: Whether its gain may be told.
    """

    site: NewSite
    is_told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GapSteps:
    """What would help most in each gap.

    Attributes:
        is_grid: Whether the new sites are points of a grid.
        n_sites: New sites to choose from.
        n_far: Of these, those that are further from the study area than they reach.
        n_unknown: Of these, those whose hours are not known, which cover nothing.
        steps: Of each gap the new site and the longer hours that would help most, the better first; none where neither
            covers enough to be told.
    """

    is_grid: bool
    n_sites: int
    n_far: int
    n_unknown: int
    steps: tuple[tuple[GapStep, ...], ...]


def find_gap_steps(
    study: Study,
    request: HavenRequest,
    chosen: Selection,
    located: gpd.GeoDataFrame,
    gaps: Sequence[Gap],
    outlines: Sequence[shapely.Geometry],
) -> GapSteps:
    """Find what would help most in each gap.

    Args:
        study: What was read, with havens.
        request: With `gaps`.
        chosen: What is analysed.
        located: Its incidents that have a place of their own.
        gaps: Of safe havens.
        outlines: Of the places that the gaps are of.

    Raises:
        ParameterError: The opening hours to be assumed cannot be read.
        ParameterError: The grid would have too many points.
    """
    assert request.gaps is not None
    assert study.havens is not None
    options, havens = request.gaps, study.havens.havens
    candidates, is_grid = list_candidates(study, options, chosen, grid_m=request.preset.grid_m)
    hours = [_list_until(options.until_hours, gap) for gap in gaps]
    longer = list_longer_hours(havens, until_hours=sorted({hour for each in hours for hour in each}))
    inside = assign_outlines(located, outlines)
    steps = []
    for gap, until in zip(gaps, hours, strict=True):
        incidents = located[inside == gap.area]
        found: list[tuple[GapSite, NewSite]] = []
        for sites in (candidates, longer[longer["longer_until"].isin(until)]):
            best = choose_gap_site(
                incidents,
                gap,
                sites,
                havens,
                reach_m=request.used_reach_m,
                calendar=study.opening_calendar,
                network=study.network,
            )
            if best is not None:
                found.append((best, describe_site(sites, best.site, best.n_gained)))
        found.sort(key=lambda one: -round(one[0].n_gained, 6))
        steps.append(tuple(GapStep(site=site, is_told=best.is_told) for best, site in found))
    return GapSteps(
        is_grid=is_grid,
        n_sites=len(candidates),
        n_far=count_far(candidates, chosen, reach_m=request.used_reach_m),
        n_unknown=int(candidates["opening_hours"].isna().sum()),
        steps=tuple(steps),
    )


def _list_until(until_hours: tuple[int, ...] | None, gap: Gap) -> tuple[int, ...]:
    """The hours until which havens could stay open for a gap: those asked for, or the end of its part of the week."""
    if until_hours is not None:
        return until_hours
    window = gap.shift.window
    return (min(window.start_hour + window.n_hours, _HOURS_IN_DAY),)
