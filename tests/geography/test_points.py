from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.geography.cells import make_cells
from hotspots.geography.points import UniquePoints, collapse_points, find_polygon, read_coordinates

SQUARE = shapely.box(0, 0, 100, 100)

coordinates = st.tuples(st.integers(-5, 15), st.integers(-5, 15))


def lay(*places: tuple[float, float] | None) -> gpd.GeoSeries:
    return gpd.GeoSeries([None if place is None else shapely.Point(place) for place in places], crs=27700)


def collapse(places: list[tuple[int, int]]) -> UniquePoints:
    return collapse_points(lay(*places))


# --- coordinates


def test_coordinates_are_those_of_the_points_and_missing_where_there_is_none() -> None:
    points = gpd.GeoSeries([shapely.Point(1.5, -2), None, shapely.Point(), shapely.Point(3, 4, 5)], crs=27700)
    easting, northing = read_coordinates(points)
    np.testing.assert_array_equal(easting, [1.5, np.nan, np.nan, 3])
    np.testing.assert_array_equal(northing, [-2, np.nan, np.nan, 4])
    for column, of_frame in zip((easting, northing), read_coordinates(gpd.GeoDataFrame(geometry=points)), strict=True):
        np.testing.assert_array_equal(column, of_frame)


@pytest.mark.parametrize("kind", ["Polygon", "MultiPoint", "LineString", "GeometryCollection"])
def test_what_is_no_point_is_refused_and_counts_nowhere_as_nothing(kind: str) -> None:
    other = {
        "Polygon": SQUARE,
        "MultiPoint": shapely.MultiPoint([(1, 1)]),
        "LineString": shapely.LineString([(0, 0), (1, 1)]),
        "GeometryCollection": shapely.GeometryCollection(),
    }[kind]
    table = gpd.GeoSeries([shapely.Point(1, 1), None, other, other], index=["a", "b", "c", "d"], crs=27700)
    message = rf"must be points; 2 of 4 are not, the first in row c \({kind}\)\. Give a point for each"
    cells = make_cells(SQUARE, cell_size_m=50)
    for refuse in (read_coordinates, collapse_points, cells.count):
        with pytest.raises(DataError, match=message):
            refuse(table)


# --- unique coordinates


@given(st.lists(coordinates, max_size=30))
@settings(max_examples=25)
def test_unique_points_are_the_distinct_places_in_order_of_appearance(places: list[tuple[int, int]]) -> None:
    unique = collapse(places)
    distinct = list(dict.fromkeys(places))
    assert [tuple(place) for place in unique.coordinates.tolist()] == distinct
    assert unique.n_incidents.tolist() == [places.count(place) for place in distinct]
    assert unique.inverse.tolist() == [distinct.index(place) for place in places]


def test_rows_may_share_an_object_and_places_need_not_be_one() -> None:
    distinct = np.array([shapely.Point(1, 2), shapely.Point(1, 2), shapely.Point(3, 4)])
    points = gpd.GeoSeries(distinct[[0, 2, 1, 0, 2]], crs=27700)
    unique = collapse_points(points)
    assert unique.coordinates.tolist() == [[1, 2], [3, 4]]
    assert unique.n_incidents.tolist() == [3, 2]
    assert unique.inverse.tolist() == [0, 1, 0, 0, 1]
    assert np.column_stack(read_coordinates(points)).tolist() == [[1, 2], [3, 4], [1, 2], [1, 2], [3, 4]]


def test_a_point_that_is_missing_has_no_place_to_be_collapsed_to() -> None:
    for points in (lay((1, 2), None, None), gpd.GeoSeries([shapely.Point(1, 2), shapely.Point(), None], crs=27700)):
        with pytest.raises(DataError, match="needs a place; 2 of 3 have none, the first in row 1"):
            collapse_points(points)


# --- polygons


@given(
    st.lists(coordinates, max_size=20),
    st.lists(st.tuples(coordinates, st.integers(1, 9), st.integers(1, 9)), max_size=6),
)
@settings(max_examples=40)
def test_each_place_is_in_the_first_of_the_polygons_that_hold_it(
    places: list[tuple[int, int]], boxes: list[tuple[tuple[int, int], int, int]]
) -> None:
    """Among all pairs, on whole metres, so that many lie on edges and corners."""
    unique = collapse(places)
    polygons = np.empty(len(boxes), dtype=object)
    polygons[:] = [shapely.box(x, y, x + width, y + height) for (x, y), width, height in boxes]
    holds = [[polygon.intersects(shapely.Point(place)) for polygon in polygons] for place in unique.coordinates]
    assert find_polygon(unique, polygons).tolist() == [row.index(True) if any(row) else -1 for row in holds]


def test_edges_and_corners_are_of_the_polygon() -> None:
    on_it = [(0, 0), (100, 0), (0, 100), (100, 100), (100, 50), (0, 50), (50, 0), (50, 100)]
    assert find_polygon(collapse(on_it), np.array([SQUARE], dtype=object)).tolist() == [0] * len(on_it)


def test_holes_parts_and_polygons_of_nothing() -> None:
    places = collapse([(50, 50), (5, 5), (205, 5), (150, 5)])
    ring = SQUARE.difference(shapely.box(40, 40, 60, 60))
    island = shapely.union(ring, shapely.box(200, 0, 210, 10))
    polygons = np.array([shapely.Polygon(), None, island, SQUARE], dtype=object)
    assert find_polygon(places, polygons).tolist() == [3, 2, 2, -1]
    assert find_polygon(places, np.empty(0, dtype=object)).tolist() == [-1] * 4
    assert find_polygon(collapse([]), polygons).tolist() == []


def test_a_place_without_a_coordinate_is_in_no_polygon() -> None:
    nowhere = np.array([50.0, np.nan, np.nan, 50])
    places = UniquePoints(
        easting=nowhere, northing=nowhere[[0, 0, 1, 3]], n_incidents=np.ones(4, np.int64), inverse=np.arange(4)
    )
    polygons = np.array([shapely.Polygon(), SQUARE], dtype=object)
    assert find_polygon(places, polygons).tolist() == [1, -1, -1, 1]
