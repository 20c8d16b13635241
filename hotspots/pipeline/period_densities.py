"""Where the incidents of two periods that are compared were: two densities made alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.analysis.change import Comparison
from hotspots.analysis.surfaces import KERNELS, DensitySurface, ShownDensity, estimate_density, show_density
from hotspots.geography import Floor
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.surroundings import is_near, with_places
from hotspots.pipeline.times import Change
from hotspots.pipeline.window_changes import CrimeRows

_DRAWN = ("asked", "r12", "12-weeks", "3-months", "4-weeks")
"""Comparisons of which both periods are drawn; those with last year would be as many pictures again."""
_MAX_CELLS = 4_000_000
"""Of all densities together: of a city the main comparison alone is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodDensities:
    """Where the incidents of both windows of a comparison were.

    Attributes:
        comparison: The windows.
        current, earlier: What may be drawn of each by itself, incidents per square kilometre in the days of the window
            that count.
    """

    comparison: Comparison
    current: ShownDensity
    earlier: ShownDensity

    @property
    def windows(self) -> tuple[tuple[ShownDensity, int], tuple[ShownDensity, int]]:
        """The density of the later window and of the earlier, and the days of each that count."""
        return (self.current, self.comparison.days_current), (self.earlier, self.comparison.days_earlier)


def estimate_periods(
    chosen: Selection, rows: CrimeRows, changes: Sequence[Change], *, like: DensitySurface, floor: Floor
) -> tuple[PeriodDensities, ...]:
    """Estimate the density of both windows of the usual comparisons, in the order in which they are to be looked at.

    All have the cells, bandwidth and kernel of the density of the whole period, so that they differ in nothing but
    their incidents. Those that are counted in the change are drawn, and those of the same windows just beyond the
    wards. Each window rests on the floor by itself, and every incident counts as one. Where each has a bandwidth of its
    own, the median is that of all. A comparison of which one window has nothing to show is left out.

    Args:
        chosen: What is analysed.
        rows: What the comparisons count.
        changes: The comparisons.
        like: The density of the whole period.
        floor: What anything drawn must rest on.
    """
    wanted = [change for change in changes if _is_drawn(change)]
    if not wanted:
        return ()
    parts = (chosen.earlier, chosen.incidents, chosen.earlier_beyond, chosen.beyond)
    incidents = gpd.GeoDataFrame(
        pd.concat([part[["location_precision", "geometry"]] for part in parts if len(part)]), crs=chosen.incidents.crs
    )
    near = is_near(incidents.geometry, chosen.study_area.bounds, KERNELS[like.kernel].reach * like.bandwidth_m)
    study_area = chosen.study_area if like.is_edge_corrected else None
    densities = []
    n_drawn = max(1, _MAX_CELLS // (2 * like.density_per_km2.size))
    for change in sorted(wanted, key=lambda one: (not one.is_main, -one.comparison.days_current))[:n_drawn]:
        counted = rows.find_counted(change.comparison) & near
        current, earlier = (_estimate(incidents[one], like, study_area, floor) for one in counted)
        if current.max_per_km2 > 0 and earlier.max_per_km2 > 0:
            densities.append(PeriodDensities(comparison=change.comparison, current=current, earlier=earlier))
    return tuple(densities)


def _is_drawn(change: Change) -> bool:
    """Whether both windows of a comparison are to be drawn, and what they hold can be compared place by place."""
    is_usual = change.comparison.key in _DRAWN and change.comparison.against != "last year"
    return change.wards is not None and (is_usual or change.is_main)


def _estimate(
    incidents: gpd.GeoDataFrame, like: DensitySurface, study_area: shapely.Geometry | None, floor: Floor
) -> ShownDensity:
    located = with_places(incidents)
    surface = estimate_density(
        located, grid=like.grid, bandwidth_m=like.bandwidth_m, kernel=like.kernel, study_area=study_area
    )
    return show_density(surface, located, bandwidth_m=like.bandwidth_m, floor=floor, study_area=study_area)
