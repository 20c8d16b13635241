"""The cells of a study area, square or hexagonal: what counts, tests and forecasts are made on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.errors import ParameterError
from hotspots.geography.grid import require_room
from hotspots.geography.points import UniquePoints, read_shared_points

if TYPE_CHECKING:
    from scipy import sparse

    from hotspots.geography.cell_kernels import CellKernel

CellShape = Literal["square", "hexagon"]

# Steps (rows, columns) to the neighbours: of squares the eight around, of hexagons the six, which depend on the row.
_Steps = tuple[tuple[int, int], ...]
_SQUARE_STEPS: _Steps = tuple((r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0))
_EVEN_STEPS: _Steps = ((0, -1), (0, 1), (-1, -1), (-1, 0), (1, -1), (1, 0))
_ODD_STEPS: _Steps = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, 0), (1, 1))
_STEPS: dict[CellShape, tuple[_Steps, ...]] = {"square": (_SQUARE_STEPS,), "hexagon": (_EVEN_STEPS, _ODD_STEPS)}
"""By shape, for each row of as many as there are."""


@dataclass(frozen=True, kw_only=True)  # no slots, so that what is asked of it again can be kept
class Cells:
    """The cells of a lattice that meet a study area, from south to north and, in each row, from west to east.

    Attributes:
        shape: "square", or "hexagon" with a point to the north.
        cell_size_m: Side of a square; distance between opposite sides of a hexagon.
        row, column: int (n_cells,), place in the lattice; odd rows of hexagons lie half a cell to the east.
        easting, northing: float (n_cells,), centres, metres.
        origin: Easting and northing of the south-western corner of the lattice (squares), or of the centre of
            its first cell (hexagons).
        n_rows, n_columns: Of the lattice, cells outside the study area included.
    """

    shape: CellShape
    cell_size_m: float
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    easting: npt.NDArray[np.float64]
    northing: npt.NDArray[np.float64]
    origin: tuple[float, float]
    n_rows: int
    n_columns: int
    _kernels: dict[float, CellKernel] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.row)

    @property
    def cell_area_km2(self) -> float:
        """Area of one whole cell."""
        factor = math.sqrt(3) / 2 if self.shape == "hexagon" else 1.0
        return factor * (self.cell_size_m / 1000.0) ** 2

    def locate(self, easting: npt.NDArray[np.float64], northing: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Int (n,): the cell of each coordinate, -1 where it is in none; a cell holds its southern and western edge."""
        x, y = np.asarray(easting, dtype=np.float64) - self.origin[0], np.asarray(northing, np.float64) - self.origin[1]
        if self.shape == "square":
            row, column = np.floor(y / self.cell_size_m), np.floor(x / self.cell_size_m)
        else:
            row, column = _find_hexagon(x, y, self.cell_size_m)
        # Compared before they become integers, which a missing coordinate cannot.
        inside = (row >= 0) & (row < self.n_rows) & (column >= 0) & (column < self.n_columns)
        found = np.full(len(row), -1, dtype=np.int64)
        found[inside] = self._numbers[row[inside].astype(np.int64), column[inside].astype(np.int64)]
        return found

    def locate_points(self, points: gpd.GeoDataFrame | gpd.GeoSeries) -> npt.NDArray[np.int64]:
        """Int (n_points,): the cell of each point, as `locate`.

        Raises:
            DataError: A geometry is something else than a point.
        """
        row, easting, northing = read_shared_points(points)
        return self.locate(easting, northing)[row]

    @cached_property
    def _numbers(self) -> npt.NDArray[np.int64]:
        """Int (n_rows, n_columns): the position of each place of the lattice among the cells, or -1."""
        index = np.full((self.n_rows, self.n_columns), -1, dtype=np.int64)
        index[self.row, self.column] = np.arange(len(self))
        return index

    def count(self, points: gpd.GeoDataFrame | gpd.GeoSeries | UniquePoints) -> npt.NDArray[np.float64]:
        """Float (n_cells,): points in each cell; those in no cell are left out."""
        if isinstance(points, UniquePoints):
            cell, total = self.locate(points.easting, points.northing), points.n_incidents
            return np.bincount(cell[cell >= 0], total[cell >= 0], len(self)).astype(np.float64)
        return self.count_in(self.locate_points(points))

    def count_in(self, cell: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Float (n_cells,): how often each cell is among those that `locate` gave."""
        return np.bincount(cell + 1, minlength=len(self) + 1)[1:].astype(np.float64)

    def neighbours(self) -> sparse.csr_array:
        """Binary (n_cells, n_cells): the cells that share a side or corner with each cell, itself not among them."""
        return self._beside

    @cached_property
    def _beside(self) -> sparse.csr_array:
        from scipy import sparse  # here, as who only counts needs none of it and it takes a while

        here, there = self._pair(np.arange(len(self)))
        return sparse.csr_array((np.ones(len(here)), (here, there)), shape=(len(self), len(self)))

    def _pair(self, which: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Each of some cells beside each of its neighbours."""
        here, there = [], []
        for cells, found in self._look_around(which, np.pad(self._numbers, 1, constant_values=-1)):
            here.append(cells[found >= 0])
            there.append(found[found >= 0])
        return np.concatenate(here), np.concatenate(there)

    def sum_neighbours(self, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Int (n_cells,): `neighbours() @ values`, without a table of all pairs, which of a city is large."""
        laid = np.zeros((self.n_rows + 2, self.n_columns + 2), dtype=np.int64)
        laid[self.row + 1, self.column + 1] = values
        sums = np.zeros((self.n_rows, self.n_columns), dtype=np.int64)
        every = len(_STEPS[self.shape])
        # a whole lattice moved by a step is quicker than each cell of an area looked up
        for first, steps in enumerate(_STEPS[self.shape]):
            for rows_up, columns_right in steps:
                rows = slice(1 + rows_up + first, 1 + rows_up + self.n_rows, every)
                sums[first::every] += laid[rows, 1 + columns_right : 1 + columns_right + self.n_columns]
        return sums[self.row, self.column]

    def _look_around(
        self, which: npt.NDArray[np.int64], laid: npt.NDArray[np.int64]
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Some cells, and what is laid on their neighbours in one direction after the other.

        Args:
            which: Positions of the cells.
            laid: int (n_rows + 2, n_columns + 2), with a rim so that no step leaves the lattice.
        """
        kind = self.row[which] % len(_STEPS[self.shape])
        for first, steps in enumerate(_STEPS[self.shape]):
            cells = which[kind == first]
            row, column = self.row[cells] + 1, self.column[cells] + 1
            for rows_up, columns_right in steps:
                yield cells, laid[row + rows_up, column + columns_right]

    def kernel(self, bandwidth_m: float) -> CellKernel:
        """The quartic kernel of a radius around each cell, made once."""
        from hotspots.geography.cell_kernels import CellKernel  # which loads SciPy; who counts days has no need of it

        if bandwidth_m not in self._kernels:
            self._kernels[bandwidth_m] = CellKernel(self, bandwidth_m)
        return self._kernels[bandwidth_m]

    def find_within(
        self, easting: npt.NDArray[np.float64], northing: npt.NDArray[np.float64], distance_m: float
    ) -> npt.NDArray[np.int64]:
        """Int (n, m): the cells with their centre within a distance of each coordinate, in order, after -1 for none."""
        size, (x0, y0) = self.cell_size_m, self.origin
        step = size if self.shape == "square" else size * math.sqrt(3) / 2
        n_rows, n_columns = int(distance_m / step) + 1, int(distance_m / size) + 1
        rows, columns = np.mgrid[-n_rows : n_rows + 1, -n_columns : n_columns + 1]
        row = np.floor((northing - y0) / step)[:, None] + rows.ravel()
        column = np.floor((easting - x0) / size)[:, None] + columns.ravel()
        found = np.full(row.shape, -1, dtype=np.int64)
        inside = (row >= 0) & (row < self.n_rows) & (column >= 0) & (column < self.n_columns)
        found[inside] = self._numbers[row[inside].astype(np.int64), column[inside].astype(np.int64)]
        away = np.hypot(self.easting[found] - easting[:, None], self.northing[found] - northing[:, None])
        return np.sort(np.where(away <= distance_m, found, -1), axis=1)

    def outlines(self, which: npt.NDArray[np.integer | np.bool] | None = None) -> npt.NDArray[np.object_]:
        """Polygons of the cells, or of those that `which` (positions or a mask) picks out; whole cells, not clipped."""
        picked = np.arange(len(self)) if which is None else np.arange(len(self))[which]
        half = self.cell_size_m / 2
        if self.shape == "square":
            corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
        else:
            radius = self.cell_size_m / math.sqrt(3)
            corners = np.array([(0, radius), (half, radius / 2), (half, -radius / 2)])
            corners = np.concatenate([corners, -corners])
        centres = np.column_stack([self.easting[picked], self.northing[picked]])
        polygons: npt.NDArray[np.object_] = shapely.polygons(centres[:, None, :] + corners[None, :, :])
        return polygons


def make_cells(
    study_area: shapely.Geometry,
    *,
    cell_size_m: float,
    shape: CellShape = "square",
    origin: tuple[float, float] | None = None,
) -> Cells:
    """Cover a study area with cells: all that share more than an edge with it.

    Args:
        study_area: Polygon or MultiPolygon, metres.
        cell_size_m: Side of a square; distance between opposite sides of a hexagon.
        shape: "square" or "hexagon".
        origin: A corner (hexagons: a centre) of the lattice, metres; by default the origin of the CRS, so that every
            run draws the same cells.

    Raises:
        ParameterError: The cell size is not positive or makes too many cells, the shape is not known, or the study
            area is empty.
    """
    if shape not in get_args(CellShape):
        raise ParameterError(f'No shape of cells called "{shape}". Choose one of: {", ".join(get_args(CellShape))}.')
    if not (math.isfinite(cell_size_m) and cell_size_m > 0):
        raise ParameterError(f"The cell size must be above 0 m, not {cell_size_m}. 50 m suits a borough.")
    if shapely.area(study_area) == 0:
        raise ParameterError(
            "A study area must enclose some land to lay cells over; this one has an area of 0. Give polygons."
        )
    corner = origin or (0.0, 0.0)
    west, south, east, north = (b - c for b, c in zip(shapely.bounds(study_area), (*corner, *corner), strict=True))
    step = cell_size_m if shape == "square" else cell_size_m * math.sqrt(3) / 2
    first_row, last_row = math.floor(south / step) - 1, math.floor(north / step) + 1
    first_row -= first_row % 2  # so that a row of hexagons is shifted whatever the study area
    first_column, last_column = math.floor(west / cell_size_m) - 1, math.floor(east / cell_size_m) + 1
    n_rows, n_columns = last_row - first_row + 1, last_column - first_column + 1
    require_room(n_rows, n_columns, cell_size_m, width_m=east - west, height_m=north - south)
    lattice = Cells(
        shape=shape,
        cell_size_m=float(cell_size_m),
        row=np.repeat(np.arange(n_rows), n_columns),
        column=np.tile(np.arange(n_columns), n_rows),
        easting=np.empty(0),
        northing=np.empty(0),
        origin=(corner[0] + first_column * cell_size_m, corner[1] + first_row * step),
        n_rows=n_rows,
        n_columns=n_columns,
    )
    return _keep(lattice, study_area)


def _keep(lattice: Cells, study_area: shapely.Geometry) -> Cells:
    """The cells of a whole lattice whose surface overlaps the study area."""
    size, (x0, y0) = lattice.cell_size_m, lattice.origin
    if lattice.shape == "square":
        easting, northing = x0 + (lattice.column + 0.5) * size, y0 + (lattice.row + 0.5) * size
    else:
        easting = x0 + (lattice.column + 0.5 * (lattice.row % 2)) * size
        northing = y0 + lattice.row * size * math.sqrt(3) / 2
    cells = dataclasses.replace(lattice, easting=np.asarray(easting), northing=np.asarray(northing))
    kept = shapely.contains_xy(study_area, easting, northing)
    # Only a cell that the boundary passes through or near needs a closer look than its centre.
    passed = shapely.get_coordinates(shapely.segmentize(shapely.boundary(study_area), size / 2))
    edge = np.unique(cells.locate(passed[:, 0], passed[:, 1]))
    edge = np.unique(np.concatenate([edge, cells._pair(edge)[1]]))
    outlines = cells.outlines(edge)
    kept[edge] = shapely.intersects(study_area, outlines) & ~shapely.touches(study_area, outlines)
    return _pick(lattice, np.flatnonzero(kept), easting, northing)


def _pick(
    lattice: Cells, which: npt.NDArray[np.intp], easting: npt.NDArray[np.floating], northing: npt.NDArray[np.floating]
) -> Cells:
    return dataclasses.replace(
        lattice,
        row=lattice.row[which],
        column=lattice.column[which],
        easting=easting[which].astype(np.float64),
        northing=northing[which].astype(np.float64),
    )


def _find_hexagon(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], size: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Row and column of the hexagon around each place: the nearest of the centres in the rows below and above."""
    step = size * math.sqrt(3) / 2
    below = np.floor(y / step)
    best = np.full(len(x), np.inf)
    row, column = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for candidate in (below, below + 1):
        shift = 0.5 * (candidate % 2)
        nearest = np.floor(x / size - shift + 0.5)
        distance = (x - (nearest + shift) * size) ** 2 + (y - candidate * step) ** 2
        closer = distance <= best  # on the side between two rows, the row above
        best[closer], row[closer], column[closer] = distance[closer], candidate[closer], nearest[closer]
    return row, column
