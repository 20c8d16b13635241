"""The smallest areas that hold given shares of a density, and lines of equal density."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import contourpy
import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.surfaces.density import DensitySurface, Floats, find_cells_inside
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Grid

_SAME = 1e-9
"""Cells whose densities differ by less, relative to their own, are equal: what is left is rounding."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallestArea:
    """The smallest part of the study area that holds a share of a density.

    Attributes:
        share: The share asked for.
        density_share: Share of the density that its cells hold: the one asked for, or just above.
        incident_share: Share of the incidents that lie in its cells. Smoothing carries density away from where
            incidents are, so this is mostly the larger of the two.
        n_incidents: The same in incidents.
        level_per_km2: Density that divides its cells from the others: halfway between its lowest cell and the highest
            one left out.
        n_cells: Cells taken.
        area_km2: Area of its cells.
        area_share: The same as a share of the study area's cells.
        fullest_cells_share: Share of the study area's cells that hold `share` of the incidents themselves, the fewest
            that do; NaN where so many lie in no cell. Incidents lie on points, so this is a small part of `area_share`.
        is_taken: bool (n_rows, n_columns), the cells.
        outline: MultiPolygon, metres: the line of `level_per_km2`, drawn between cell centres. It goes around the
            centres of all cells taken and of no others; its own area differs by fractions of a cell along the line.
    """

    share: float
    density_share: float
    incident_share: float
    n_incidents: int
    level_per_km2: float
    n_cells: int
    area_km2: float
    area_share: float
    fullest_cells_share: float
    is_taken: npt.NDArray[np.bool]
    outline: shapely.MultiPolygon


def find_smallest_areas(
    surface: DensitySurface,
    incidents: gpd.GeoDataFrame,
    *,
    shares: Sequence[float] = (0.25, 0.5, 0.75),
    study_area: shapely.Geometry | None = None,
    shown_per_km2: Floats | None = None,
) -> tuple[SmallestArea, ...]:
    """Find the smallest area that holds each share of a density, and say how many incidents lie in it.

    Cells are taken from the densest down until they hold the share; cells of equal density are taken together. "Half of
    the density" and "half of the incidents" are different things: the first is of a smoothed surface, the second of
    what was recorded, and both are given. Neither is a forecast: the area was drawn around the incidents counted in it.

    Args:
        surface: `estimate_density(...)`.
        incidents: The incidents to count, all of them in the denominator: those of the study area.
        shares: Above 0, at most 1.
        study_area: Only cells with their centre inside are taken, and they are what `area_share` is a share of. By
            default the study area of the surface, or its whole grid where it has none.
        shown_per_km2: float (n_rows, n_columns), the density as far as it may be drawn (`show_density`): outlines go
            around nothing else. By default all of it.

    Returns:
        One for each share, in their order.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: A share is not above 0 and at most 1.
        TooLittleDataError: There are no incidents, or there is no density in the study area.

    Source: Hyndman, R. J. (1996), "Computing and graphing highest density regions", The American Statistician 50(2),
    doi:10.1080/00031305.1996.10474359.
    """
    require_metres(incidents, table="incidents")
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong:
        raise ParameterError(f"Shares must be above 0 and at most 1, not {wrong[0]:g}. 0.5 is half of the density.")
    grid = surface.grid
    is_inside = np.ones(grid.shape, dtype=bool) if surface.is_inside is None else surface.is_inside
    if study_area is not None:
        is_inside = find_cells_inside(grid, study_area)
    values = np.where(is_inside, surface.density_per_km2, 0.0)
    drawn = values if shown_per_km2 is None else np.where(is_inside, shown_per_km2, 0.0)
    ordered = np.sort(values[values > 0])[::-1]
    if incidents.empty or not len(ordered):
        raise TooLittleDataError(
            f"The smallest area needs incidents and a density; there are {len(incidents):,} incidents, and "
            f"{len(ordered):,} cells of the study area have a density. Check that they are of the same place."
        )
    held = np.cumsum(ordered) / ordered.sum()
    below = np.append(ordered[1:], 0.0)
    ends = np.flatnonzero(ordered - below > _SAME * ordered)  # the last of each run of equal cells

    row, column = grid.locate(incidents.geometry.x.to_numpy(), incidents.geometry.y.to_numpy())
    on_grid = (row >= 0) & (row < grid.n_rows) & (column >= 0) & (column < grid.n_columns)
    row, column = row[on_grid], column[on_grid]
    n_in_cells = np.bincount(np.ravel_multi_index((row, column), grid.shape), minlength=is_inside.size)
    fullest = np.cumsum(np.sort(n_in_cells[is_inside.ravel()])[::-1])
    areas = []
    for share in shares:
        enough = min(int(np.searchsorted(held, share - _ROUNDING)), len(held) - 1)
        last = int(ends[np.searchsorted(ends, enough)])
        level = float(ordered[last] + below[last]) / 2
        is_taken = values > level
        n_cells = last + 1
        n_incidents = int(is_taken[row, column].sum())
        n_fullest = int(np.searchsorted(fullest, share * len(incidents) - _ROUNDING)) + 1
        areas.append(
            SmallestArea(
                share=float(share),
                density_share=float(held[last]),
                incident_share=n_incidents / len(incidents),
                n_incidents=n_incidents,
                level_per_km2=level,
                n_cells=n_cells,
                area_km2=n_cells * grid.cell_area_km2,
                area_share=n_cells / int(is_inside.sum()),
                fullest_cells_share=n_fullest / len(fullest) if n_fullest <= len(fullest) else math.nan,
                is_taken=is_taken,
                outline=_draw(drawn, grid, level),
            )
        )
    return tuple(areas)


def draw_contours(surface: DensitySurface, *, levels_per_km2: Sequence[float]) -> tuple[shapely.MultiPolygon, ...]:
    """Draw where a density is above each level, as polygons whose edges are lines of equal density.

    The lines are interpolated linearly between cell centres, and close at the edge of the grid. They are for drawing:
    what lies inside is best counted by cell.

    Args:
        surface: `estimate_density(...)`.
        levels_per_km2: Densities above 0.

    Returns:
        One MultiPolygon for each level, in their order, in metres; empty where the density stays below.

    Raises:
        ParameterError: A level is not above 0.
    """
    wrong = [level for level in levels_per_km2 if not 0 < level < np.inf]
    if wrong:
        raise ParameterError(
            f"Contours must be at densities above 0 per km², not {wrong[0]:g}. At 0 they would hold everything."
        )
    return tuple(_draw(surface.density_per_km2, surface.grid, float(level)) for level in levels_per_km2)


def _draw(values: Floats, grid: Grid, level: float) -> shapely.MultiPolygon:
    """The area above a level; the density is taken to be nothing at the edge of the grid, so that lines close there."""
    west, south, east, north = grid.bounds
    centres = np.arange(max(grid.shape)) + 0.5
    x = np.concatenate([[west], west + centres[: grid.n_columns] * grid.cell_size_m, [east]])
    y = np.concatenate([[south], south + centres[: grid.n_rows] * grid.cell_size_m, [north]])
    generator = contourpy.contour_generator(x, y, np.pad(values, 1), fill_type=contourpy.FillType.OuterOffset)
    outlines, offsets, *_ = generator.filled(level, 2 * max(float(values.max()), level))
    polygons = []
    for vertices, starts in zip(outlines, offsets, strict=True):
        rings = np.split(np.asarray(vertices), np.asarray(starts)[1:-1])  # the outer one, then the holes
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    # where two parts meet in a point the line crosses itself
    parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(np.array(polygons, dtype=object))))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])
