from __future__ import annotations

import math
from typing import get_args

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.geography.cells import Cells, CellShape, make_cells
from hotspots.geography.points import collapse_points

AREA = shapely.Polygon(
    [(0, 0), (900, 120), (1400, 800), (700, 640), (520, 1300), (-130, 900)], [[(300, 300), (500, 300), (400, 500)]]
)

shapes = pytest.mark.parametrize("shape", get_args(CellShape))


@st.composite
def lattices(draw: st.DrawFn) -> tuple[shapely.Polygon, Cells]:
    """Any triangle, covered with either kind of cells, from any origin."""
    coordinate = st.integers(-2_000, 2_000)
    corners = draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=3, unique=True))
    area = shapely.Polygon(corners)
    if area.area < 1:
        area = area.buffer(10)
    size = draw(st.sampled_from([90.0, 150.0, 333.3, 1000.0, 5000.0]))
    origin = draw(st.none() | st.tuples(st.floats(-500, 500), st.floats(-500, 500)))
    shape = draw(st.sampled_from(get_args(CellShape)))
    return area, make_cells(area, cell_size_m=size, shape=shape, origin=origin)


@given(lattices())
def test_cells_tile_the_area(lattice: tuple[shapely.Polygon, Cells]) -> None:
    """They cover all of it, overlap nowhere, and none lies outside."""
    area, cells = lattice
    outlines = cells.outlines()
    # Corners of neighbouring hexagons may differ in the last digit, by which a plain union can lose one of them.
    together = shapely.union_all(outlines, grid_size=0.001)
    assert shapely.area(outlines) == pytest.approx(cells.cell_area_km2 * 1e6)
    assert together.area == pytest.approx(cells.cell_area_km2 * 1e6 * len(cells), rel=1e-4)
    assert shapely.buffer(area, -0.01).difference(together).area < 1e-6 * area.area
    assert shapely.intersects(outlines, area).all()
    assert not shapely.touches(outlines, area).any()


@given(lattices(), st.lists(st.tuples(st.floats(-2_500, 2_500), st.floats(-2_500, 2_500)), min_size=1, max_size=50))
def test_locate_agrees_with_point_in_polygon(
    lattice: tuple[shapely.Polygon, Cells], places: list[tuple[float, float]]
) -> None:
    _, cells = lattice
    easting, northing = np.array(places).T
    points, outlines = shapely.points(easting, northing), cells.outlines()
    located = cells.locate(easting, northing)
    np.testing.assert_array_equal(cells.locate_points(gpd.GeoSeries(points, crs=27700)), located)
    for point, cell in zip(points, located, strict=True):
        # Within a millimetre of a side, rounding decides.
        assert (
            cell >= 0
            or not shapely.contains(outlines, point).any()
            or shapely.dwithin(shapely.boundary(outlines), point, 1e-3).any()
        )
        assert cell < 0 or shapely.dwithin(outlines[cell], point, 1e-3)


@shapes
def test_every_centre_lies_in_its_own_cell(shape: CellShape) -> None:
    cells = make_cells(AREA, cell_size_m=70, shape=shape)
    assert (cells.locate(cells.easting, cells.northing) == np.arange(len(cells))).all()
    centroids = shapely.get_coordinates(shapely.centroid(cells.outlines()))
    np.testing.assert_allclose(centroids, np.column_stack([cells.easting, cells.northing]), atol=1e-6)


@pytest.mark.parametrize(("shape", "most"), [("square", 8), ("hexagon", 6)])
def test_neighbours_are_those_that_touch(shape: CellShape, most: int) -> None:
    """Among all pairs of outlines, by shapely; inside the area each cell has all of them."""
    cells = make_cells(AREA, cell_size_m=100, shape=shape)
    neighbours = cells.neighbours().toarray()
    assert (neighbours == neighbours.T).all()
    assert (neighbours.diagonal() == 0).all()
    outlines = cells.outlines()
    touching = np.array([shapely.dwithin(outlines, outline, 1e-3) for outline in outlines])
    np.testing.assert_array_equal(neighbours, (touching & ~np.eye(len(cells), dtype=bool)).astype(float))
    n_neighbours = neighbours.sum(axis=1)
    assert n_neighbours.max() == most
    far_inside = shapely.contains(AREA, shapely.buffer(outlines, 100))
    assert far_inside.any()
    assert (n_neighbours[far_inside] == most).all()
    values = np.arange(len(cells)) ** 2
    np.testing.assert_array_equal(cells.sum_neighbours(values), neighbours.astype(np.int64) @ values)


def test_a_square_of_four_cells() -> None:
    """By hand: 100 m in cells of 50 m, from the south-west, each beside the three others."""
    cells = make_cells(shapely.box(0, 0, 100, 100), cell_size_m=50)
    assert list(zip(cells.easting, cells.northing, strict=True)) == [(25, 25), (75, 25), (25, 75), (75, 75)]
    assert cells.cell_area_km2 == pytest.approx(0.0025)
    np.testing.assert_array_equal(cells.neighbours().toarray(), 1 - np.eye(4))
    # A cell holds its southern and western edge; the last edges belong to cells that are not there.
    corners = [0.0, 50.0, 50.0, 0.0, 100.0], [0.0, 0.0, 50.0, 99.9, 0.0]
    assert cells.locate(np.array(corners[0]), np.array(corners[1])).tolist() == [0, 1, 3, 2, -1]


def test_seven_hexagons() -> None:
    """By hand: 60 m wide, sides 60 / sqrt(3), rows 30 sqrt(3) apart, odd rows half a cell to the east.

    A disc of 31 m around a centre reaches a metre into each of the six around it and no further.
    """
    middle = shapely.Point(0, 0).buffer(31)
    cells = make_cells(middle, cell_size_m=60, shape="hexagon")
    rise = 30 * math.sqrt(3)
    expected = [(-30, -rise), (30, -rise), (-60, 0), (0, 0), (60, 0), (-30, rise), (30, rise)]
    np.testing.assert_allclose(np.column_stack([cells.easting, cells.northing]), expected, atol=1e-9)
    assert cells.cell_area_km2 * 1e6 == pytest.approx(60**2 * math.sqrt(3) / 2)
    assert cells.neighbours().toarray().sum(axis=1).tolist() == [3, 3, 3, 6, 3, 3, 3]
    outline = cells.outlines(np.array([3]))[0]
    side = 60 / math.sqrt(3)
    assert outline.length == pytest.approx(6 * side)
    assert outline.bounds == pytest.approx((-30, -side, 30, side))  # a point to the north
    # To the north the middle cell ends at its point, 34.64 m away, beyond which two others meet, and the eastern one
    # has the side between them; to the east it ends after 30 m.
    assert cells.locate(np.array([0, 0, 29.9, 30.1]), np.array([34.6, 34.7, 0, 0])).tolist() == [3, 6, 3, 4]


@given(
    lattices(),
    st.lists(st.tuples(st.integers(0, 10_000), st.floats(-2, 2), st.floats(-2, 2)), min_size=5, max_size=15),
    st.floats(0, 4),
)
@settings(max_examples=30)
def test_cells_within_a_distance_are_those_of_all_centres(
    lattice: tuple[shapely.Polygon, Cells], places: list[tuple[int, float, float]], n_cells_away: float
) -> None:
    """From centres, from anywhere around them, and from far outside the lattice; each once, in order."""
    _, cells = lattice
    distance_m = n_cells_away * cells.cell_size_m
    cell, east, north = np.array([*places, (0, 0, 0), (0, -500, 900)]).T
    nearest = cell.astype(int) % len(cells)
    easting = cells.easting[nearest] + east * cells.cell_size_m
    northing = cells.northing[nearest] + north * cells.cell_size_m
    found = cells.find_within(easting, northing, distance_m)
    assert (np.diff(found, axis=1)[found[:, 1:] >= 0] > 0).all()
    for row, x, y in zip(found, easting, northing, strict=True):
        away = np.hypot(cells.easting - x, cells.northing - y)
        assert row[row >= 0].tolist() == np.flatnonzero(away <= distance_m).tolist()


@shapes
def test_cells_within_a_distance_of_nowhere_are_none(shape: CellShape) -> None:
    cells = make_cells(shapely.box(0, 0, 100, 100), cell_size_m=50, shape=shape)
    assert len(cells.find_within(np.empty(0), np.empty(0), 80)) == 0
    nowhere = cells.find_within(np.array([np.nan, 50, 1e300]), np.array([50, np.nan, 0]), 80)
    assert (nowhere == -1).all()
    # a centre is within no distance of itself, and what is exactly as far away is within it
    own, other = (
        cells.find_within(cells.easting[:2], cells.northing[:2], 0),
        cells.find_within(cells.easting[:1], cells.northing[:1], 50),
    )
    assert own.max(axis=1).tolist() == [0, 1]
    assert 1 in other


@shapes
def test_cells_that_were_located_are_counted_and_no_others(shape: CellShape) -> None:
    cells = make_cells(shapely.box(0, 0, 100, 100), cell_size_m=50, shape=shape)
    assert cells.count_in(np.array([2, -1, 2, 0])).tolist() == [1, 0, 2, *[0] * (len(cells) - 3)]
    assert cells.count_in(np.empty(0, dtype=np.int64)).tolist() == [0] * len(cells)


@shapes
def test_counts_conserve_incidents(shape: CellShape) -> None:
    rng = np.random.default_rng(7)
    places = shapely.points(rng.integers(-300, 1_600, (400, 2)) + 0.5)
    points = gpd.GeoSeries(np.concatenate([places, places[:150]]), crs=27700)
    cells = make_cells(AREA, cell_size_m=80, shape=shape)
    counts = cells.count(points)
    in_a_cell = shapely.intersects(shapely.union_all(cells.outlines()), points.to_numpy())
    assert 0 < in_a_cell.sum() < len(points)
    assert counts.sum() == in_a_cell.sum()
    assert shapely.contains(AREA, points.to_numpy()).sum() <= counts.sum()
    np.testing.assert_array_equal(cells.count(collapse_points(points)), counts)


@shapes
def test_the_lattice_stays_where_it_is_whatever_the_area(shape: CellShape) -> None:
    """Cells of one ward are cells of its borough."""
    borough = make_cells(AREA, cell_size_m=60, shape=shape)
    for south in (330, 385):  # from an odd row and from an even one
        ward = make_cells(AREA.intersection(shapely.box(410, south, 800, 900)), cell_size_m=60, shape=shape)
        located = borough.locate(ward.easting, ward.northing)
        assert (located >= 0).all()
        np.testing.assert_allclose(borough.easting[located], ward.easting, atol=1e-6)
        np.testing.assert_allclose(borough.northing[located], ward.northing, atol=1e-6)


@shapes
def test_an_area_smaller_than_a_cell_or_a_strip_along_them_is_covered(shape: CellShape) -> None:
    assert len(make_cells(shapely.box(1, 1, 2, 2), cell_size_m=50, shape=shape)) == 1
    strip = shapely.box(-1_000, -1, 1_000, 1).union(shapely.box(-1, -1_000, 1, 1_000))
    cells = make_cells(strip, cell_size_m=50, shape=shape)
    assert strip.difference(shapely.union_all(cells.outlines())).area < 1e-6


def test_outlines_can_be_picked() -> None:
    cells = make_cells(AREA, cell_size_m=200)
    mask = cells.easting > 500
    assert 0 < mask.sum() < len(cells)
    assert list(cells.outlines(mask)) == list(cells.outlines(np.flatnonzero(mask))) == list(cells.outlines()[mask])


@shapes
def test_a_missing_or_distant_coordinate_is_in_no_cell(shape: CellShape) -> None:
    cells = make_cells(shapely.box(0, 0, 100, 100), cell_size_m=50, shape=shape)
    assert cells.locate(np.array([np.nan, 25, 1e300]), np.array([25, np.nan, 0])).tolist() == [-1, -1, -1]


def test_what_cannot_be_is_refused() -> None:
    square = shapely.box(0, 0, 100, 100)
    with pytest.raises(ParameterError, match='No shape of cells called "circle". Choose one of: square, hexagon'):
        make_cells(square, cell_size_m=50, shape="circle")  # type: ignore[arg-type]
    for size in (0.0, -5.0, math.nan, math.inf):
        with pytest.raises(ParameterError, match=f"The cell size must be above 0 m, not {size}. 50 m suits a borough"):
            make_cells(square, cell_size_m=size)
    for nothing in (shapely.Polygon(), shapely.Point(1, 1)):
        with pytest.raises(ParameterError, match="must enclose some land to lay cells over; this one has an area of 0"):
            make_cells(nothing, cell_size_m=50)
    with pytest.raises(
        ParameterError, match="A grid may have .* cells .*; 0.001 m makes .* Choose larger cells or fewer"
    ):
        make_cells(square, cell_size_m=0.001)
