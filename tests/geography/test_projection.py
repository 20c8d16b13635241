from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pyproj.transformer
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.geography.projection import (
    is_national_grid,
    lies_on_grid,
    project_lonlat,
    project_police_uk,
    to_national_grid,
    to_wgs84,
    unproject_grid,
)

# Ordnance Survey's OSTN15 test points (tests/reference/SOURCES.md): longitude, latitude, easting, northing
TEST_POINTS = [
    (-6.29977752014, 49.92226393730, 91492.146, 11318.804),
    (-3.55128349240, 51.40078220140, 292184.870, 168003.465),
    (1.71607397460, 52.65800783480, 651409.804, 313177.450),
]


@pytest.mark.parametrize(("longitude", "latitude", "easting", "northing"), TEST_POINTS)
def test_the_test_points_of_ordnance_survey_are_hit(
    longitude: float, latitude: float, easting: float, northing: float
) -> None:
    east, north = project_lonlat([longitude], [latitude])
    assert east[0] == pytest.approx(easting, abs=0.002)
    assert north[0] == pytest.approx(northing, abs=0.002)


def test_there_and_back_is_the_same_place() -> None:
    rng = np.random.default_rng(1)
    easting, northing = rng.uniform(503_000, 562_000, 500), rng.uniform(155_000, 201_000, 500)
    back_east, back_north = project_lonlat(*unproject_grid(easting, northing))
    assert np.hypot(back_east - easting, back_north - northing).max() < 0.02


def test_the_shift_of_police_uk_is_that_of_proj_without_its_grid_file() -> None:
    """PROJ's own choice on this machine, where its network is off, is an independent spelling of the same shift."""
    longitude, latitude = np.array([-0.0334, -0.1, -2.24, -5.7]), np.array([51.4247, 51.5, 53.48, 50.1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the grid file is missing
        shift = pyproj.transformer.TransformerGroup(4326, 27700, always_xy=True)
    (helmert,) = [t for t in shift.transformers if "OSGB36 to WGS 84 (6)" in t.description]
    easting, northing = project_police_uk(longitude, latitude)
    expected = helmert.transform(longitude, latitude)
    assert np.hypot(easting - expected[0], northing - expected[1]).max() < 0.001
    by_ostn15, _ = project_lonlat(longitude, latitude)
    assert 1.5 < (easting - by_ostn15)[0] < 2.0


def test_missing_and_foreign_coordinates_of_police_uk_become_missing() -> None:
    easting, northing = project_police_uk([np.nan, 2.35, -0.05], [51.5, 48.85, 51.45])
    assert np.isnan(easting).tolist() == np.isnan(northing).tolist() == [True, True, False]


def test_the_points_of_police_uk_come_back_to_whole_metres(real_data: Path) -> None:
    """The published decimals are worth 7 cm by 11 cm; OSTN15 leaves the points 20 cm off whole metres on average."""
    rows = pd.read_csv(real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz")
    places = rows[["Longitude", "Latitude"]].drop_duplicates()
    for axis in project_police_uk(places["Longitude"], places["Latitude"]):
        assert np.abs(axis - axis.round()).mean() < 0.05
    by_ostn15, _ = project_lonlat(places["Longitude"], places["Latitude"])
    assert np.abs(by_ostn15 - by_ostn15.round()).mean() > 0.15


def test_the_south_of_scilly_is_on_the_grid() -> None:
    """Where the library converts in one direction only, the other agrees with it."""
    easting, northing = np.array([91_000.0, 90_300.0]), np.array([11_000.0, 10_500.0])
    longitude, latitude = unproject_grid(easting, northing)
    assert np.isfinite(longitude).all()
    back_east, back_north = project_lonlat(longitude, latitude)
    assert np.hypot(back_east - easting, back_north - northing).max() < 0.01


def test_missing_and_foreign_coordinates_become_missing() -> None:
    easting, northing = project_lonlat([np.nan, 2.35, -0.05, np.inf], [51.5, 48.85, 51.45, 51.5])
    assert np.isnan(easting).tolist() == [True, True, False, True]
    assert np.isnan(northing).tolist() == [True, True, False, True]


def test_the_inputs_are_not_changed() -> None:
    longitude, latitude = np.array([-0.05, np.nan]), np.array([51.45, 51.5])
    project_lonlat(longitude, latitude)
    assert longitude[0] == -0.05
    assert np.isnan(longitude[1])


def test_the_national_grid_is_known_without_its_code() -> None:
    wkt = pyproj.CRS.from_epsg(27700).to_wkt("WKT1_ESRI")
    assert is_national_grid(pyproj.CRS.from_wkt(wkt))
    assert not is_national_grid(pyproj.CRS.from_epsg(3857))
    assert not is_national_grid(pyproj.CRS.from_epsg(4326))
    assert not is_national_grid(pyproj.CRS.from_epsg(29903))  # the Irish grid, also a transverse Mercator


def test_grid_coordinates_pass_through_to_the_bit() -> None:
    point = shapely.Point(535123.456789, 175987.654321)
    frame = gpd.GeoDataFrame(geometry=[point], crs=27700)
    assert to_national_grid(frame).geometry[0] == point


def test_web_mercator_comes_to_the_same_place_as_degrees() -> None:
    degrees = gpd.GeoDataFrame(geometry=[shapely.box(-0.1, 51.4, 0.0, 51.5)], crs=4326)
    direct, detour = to_national_grid(degrees), to_national_grid(degrees.to_crs(3857))
    assert direct.geometry[0].equals_exact(detour.geometry[0], 0.01)


def test_what_lies_off_the_grid_is_known_and_refused() -> None:
    inside, outside = shapely.box(530_000, 175_000, 531_000, 176_000), shapely.box(5e6, 0, 5.001e6, 1000)
    series = gpd.GeoSeries([inside, outside], crs=27700)
    assert lies_on_grid(series).tolist() == [True, False]
    with pytest.raises(DataError, match="OSTN15 is defined for Great Britain.*easting 5001000.*lies outside"):
        to_wgs84(gpd.GeoDataFrame(geometry=series))


def test_wards_on_the_map_are_where_they_are_on_the_grid() -> None:
    ward = shapely.box(530_000, 175_000, 538_000, 180_000)
    frame = gpd.GeoDataFrame(geometry=[ward], crs=27700)
    back = to_national_grid(to_wgs84(frame)).geometry[0]
    assert back.hausdorff_distance(shapely.segmentize(ward, 500)) < 0.05
