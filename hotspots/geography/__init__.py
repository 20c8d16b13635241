"""One metric CRS, wards, and the grid on which densities are drawn."""

from hotspots.geography.cells import Cells, CellShape, make_cells
from hotspots.geography.grid import Grid
from hotspots.geography.points import UniquePoints, collapse_points
from hotspots.geography.projection import BRITISH_NATIONAL_GRID, WGS84
from hotspots.geography.wards import assign_wards

__all__ = [
    "BRITISH_NATIONAL_GRID",
    "WGS84",
    "CellShape",
    "Cells",
    "Grid",
    "UniquePoints",
    "assign_wards",
    "collapse_points",
    "make_cells",
]
