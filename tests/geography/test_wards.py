from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import shapely.affinity
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.geography.wards import assign_wards, unite_wards
from hotspots.ingest.reference.boundaries import read_boundaries

CRS = "EPSG:27700"


def points(*places: tuple[float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.Point(place) for place in places], crs=CRS)


def test_each_point_gets_the_ward_that_holds_it(square_wards: gpd.GeoDataFrame) -> None:
    assigned = assign_wards(points((530500, 180500), (531500, 181500), (529999, 180500)), square_wards)
    assert assigned.astype("object").where(assigned.notna(), None).tolist() == ["A", "D", None]


def test_a_point_on_a_shared_edge_goes_to_the_lower_code(square_wards: gpd.GeoDataFrame) -> None:
    on_edges = points((531000, 180500), (530500, 181000), (531000, 181000))
    expected = ["A", "A", "A"]
    assert assign_wards(on_edges, square_wards).tolist() == expected
    assert assign_wards(on_edges, square_wards.iloc[::-1]).tolist() == expected


@given(st.lists(st.tuples(st.integers(529_900, 532_100), st.integers(179_900, 182_100)), min_size=1, max_size=40))
def test_the_answer_depends_on_no_order_and_agrees_with_the_boxes(
    square_wards: gpd.GeoDataFrame, places: list[tuple[int, int]]
) -> None:
    frame = points(*places)
    assigned = assign_wards(frame, square_wards)
    again = assign_wards(frame.iloc[::-1], square_wards.iloc[::-1])
    assert assigned.astype("object").equals(again.astype("object").sort_index())
    inside = [530_000 <= e <= 532_000 and 180_000 <= n <= 182_000 for e, n in places]
    assert assigned.notna().tolist() == inside


def test_degrees_are_refused(square_wards: gpd.GeoDataFrame) -> None:
    with pytest.raises(DataError, match=r"projected CRS in metres; the points are in WGS 84.*to_crs\('EPSG:27700'\)"):
        assign_wards(points((0, 51)).set_crs(4326, allow_override=True), square_wards)
    with pytest.raises(DataError, match="the points have no CRS"):
        assign_wards(gpd.GeoDataFrame(geometry=[shapely.Point(0, 51)]), square_wards)


def test_a_table_that_is_not_of_wards_is_refused(square_wards: gpd.GeoDataFrame) -> None:
    with pytest.raises(
        DataError, match="The wards table needs the columns .*; ward_name, borough, population missing from geometry"
    ):
        assign_wards(points((530500, 180500)), square_wards[["geometry"]])


def test_two_grids_are_not_mixed(square_wards: gpd.GeoDataFrame) -> None:
    with pytest.raises(DataError, match="need one CRS"):
        assign_wards(points((530500, 180500)), square_wards.set_crs(32630, allow_override=True))


@pytest.mark.parametrize("moved_m", [0.0, -3.0, 5.0])
def test_all_wards_together_are_their_union(square_wards: gpd.GeoDataFrame, moved_m: float) -> None:
    """Where they meet as where one overlaps the next, or leaves a gap."""
    outlines = [shapely.affinity.translate(square_wards.geometry.iloc[0], moved_m, moved_m), *square_wards.geometry[1:]]
    wards = square_wards.set_geometry(gpd.GeoSeries(outlines, index=square_wards.index, crs=square_wards.crs))
    area, expected = unite_wards(wards), shapely.union_all(wards.geometry.to_numpy())
    assert area.equals(expected)
    assert area.area == pytest.approx(expected.area, rel=1e-12)
    assert area.geom_type == expected.geom_type
    apart = wards.iloc[[0, 3]]
    assert unite_wards(apart).equals(shapely.union_all(apart.geometry.to_numpy()))


def test_every_postcode_lies_in_its_official_ward(real_data: Path) -> None:
    """Code-Point Open gives the ward of each postcode (reference/SOURCES.md)."""
    postcodes = pd.read_csv(real_data / "places" / "codepoint_open_2014_SE6_SE13.csv")
    wards = read_boundaries([real_data / "boundaries" / "london_wards_2014_shp.zip"]).wards
    frame = gpd.GeoDataFrame(
        postcodes, geometry=gpd.points_from_xy(postcodes["easting"], postcodes["northing"]), crs=CRS
    )
    assigned = assign_wards(frame, wards).astype("object")
    ours = postcodes["district"].isin(["E09000023", "E09000028"])
    assert ours.sum() > 1000
    assert (assigned[ours] == postcodes.loc[ours, "ward"]).all()


def test_assignment_is_that_of_an_independent_ray_cast(real_data: Path) -> None:
    """A crossing-number test written out in numpy, which shares no code with GEOS."""
    wards = read_boundaries([real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"]).wards
    rng = np.random.default_rng(7)
    west, south, east, north = wards.total_bounds
    xs, ys = rng.uniform(west, east, 4000), rng.uniform(south, north, 4000)
    frame = gpd.GeoDataFrame(geometry=gpd.points_from_xy(xs, ys), crs=CRS)
    expected = np.full(len(xs), None, dtype=object)
    for code, outline in wards.geometry.items():
        odd = np.zeros(len(xs), dtype=bool)
        for polygon in shapely.get_parts(outline):
            for ring in (polygon.exterior, *polygon.interiors):
                x, y = np.array(ring.coords).T
                for (x0, y0), (x1, y1) in zip(zip(x, y), zip(x[1:], y[1:])):  # noqa: B905 - one shorter
                    crosses = (y0 > ys) != (y1 > ys)
                    if crosses.any():
                        odd[crosses] ^= xs[crosses] < (x1 - x0) * (ys[crosses] - y0) / (y1 - y0) + x0
        expected[odd] = code
    assigned = assign_wards(frame, wards).astype("object")
    assert assigned.where(assigned.notna(), None).tolist() == expected.tolist()
