from __future__ import annotations

import warnings
from pathlib import Path
from unittest import mock

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pyproj.transformer
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, ParameterError
from hotspots.geography.projection import (
    BRITISH_NATIONAL_GRID,
    POLICE_UK,
    WGS84,
    describe_area,
    is_national_grid,
    lies_in_working_crs,
    project_coordinates,
    project_lonlat,
    project_police_uk,
    require_true_scale,
    require_working_crs,
    to_wgs84,
    to_working_crs,
    unproject_grid,
)

# Ordnance Survey's OSTN15 test points (tests/reference/SOURCES.md): longitude, latitude, easting, northing
TEST_POINTS = [
    (-6.29977752014, 49.92226393730, 91492.146, 11318.804),
    (-3.55128349240, 51.40078220140, 292184.870, 168003.465),
    (1.71607397460, 52.65800783480, 651409.804, 313177.450),
]
UTM_10N = "EPSG:32610"
VANCOUVER = (-123.12, 49.28)


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
    assert to_working_crs(frame, BRITISH_NATIONAL_GRID).geometry[0] == point


def test_web_mercator_comes_to_the_same_place_as_degrees() -> None:
    degrees = gpd.GeoDataFrame(geometry=[shapely.box(-0.1, 51.4, 0.0, 51.5)], crs=4326)
    direct, detour = (to_working_crs(frame, BRITISH_NATIONAL_GRID) for frame in (degrees, degrees.to_crs(3857)))
    assert direct.geometry[0].equals_exact(detour.geometry[0], 0.01)


def test_what_lies_off_the_grid_is_known_and_refused() -> None:
    inside, outside = shapely.box(530_000, 175_000, 531_000, 176_000), shapely.box(5e6, 0, 5.001e6, 1000)
    series = gpd.GeoSeries([inside, outside], crs=27700)
    assert lies_in_working_crs(series).tolist() == [True, False]
    with pytest.raises(
        DataError,
        match="Longitude and latitude are known only for places in Great Britain; easting 5001000.*lies outside",
    ):
        to_wgs84(gpd.GeoDataFrame(geometry=series))


def test_wards_on_the_map_are_where_they_are_on_the_grid() -> None:
    ward = shapely.box(530_000, 175_000, 538_000, 180_000)
    frame = gpd.GeoDataFrame(geometry=[ward], crs=27700)
    back = to_working_crs(to_wgs84(frame), BRITISH_NATIONAL_GRID).geometry[0]
    assert back.hausdorff_distance(shapely.segmentize(ward, 500)) < 0.05


def test_a_utm_zone_has_its_origin_where_its_meridian_crosses_the_equator() -> None:
    """By definition: 500 km east of a false origin, and on the equator, at 123 degrees west for zone 10."""
    easting, northing = project_coordinates([-123.0], [0.0], source_crs=WGS84, crs=UTM_10N)
    assert (easting[0], northing[0]) == pytest.approx((500_000, 0), abs=0.001)


def test_the_worked_example_of_snyder_comes_out() -> None:
    """Snyder (1987), Map Projections: A Working Manual, page 269: transverse Mercator on the Clarke ellipsoid.

    40 30 N, 73 30 W is x = 127,106.5 m, y = 4,484,124.4 m from the meridian of UTM zone 18, at 500,000 m.
    """
    easting, northing = project_coordinates([-73.5], [40.5], source_crs="EPSG:4267", crs="EPSG:26718")
    assert easting[0] == pytest.approx(627_106.5, abs=0.1)
    assert northing[0] == pytest.approx(4_484_124.4, abs=0.1)


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude"),
    [(UTM_10N, *VANCOUVER), ("EPSG:32615", -90.05, 35.15), ("EPSG:32616", -90.05, 35.15), ("EPSG:3035", 4.35, 50.85)],
)
def test_other_crs_are_those_of_pyproj(crs: str, longitude: float, latitude: float) -> None:
    """Memphis lies across the edge of two zones, and is worked in either; EPSG:3035 is defined north first."""
    expected = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(longitude, latitude)
    easting, northing = project_coordinates([longitude], [latitude], source_crs=WGS84, crs=crs)
    assert (easting[0], northing[0]) == pytest.approx(expected, abs=0.001)
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(longitude, latitude)], crs=4326)
    point = to_working_crs(frame, crs).geometry
    assert point.crs == crs
    assert (point[0].x, point[0].y) == pytest.approx(expected, abs=0.001)
    back = to_wgs84(gpd.GeoDataFrame(geometry=point)).geometry[0]
    assert (back.x, back.y) == pytest.approx((longitude, latitude), abs=1e-8)


@given(
    easting=st.floats(200_000, 800_000), northing=st.floats(0, 5_000_000), crs=st.sampled_from([UTM_10N, "EPSG:32616"])
)
def test_coordinates_of_the_working_crs_stay_as_they_are(easting: float, northing: float, crs: str) -> None:
    kept = project_coordinates([easting], [northing], source_crs=crs, crs=crs)
    assert (kept[0][0], kept[1][0]) == (easting, northing)
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(easting, northing)], crs=crs)
    assert to_working_crs(frame, crs).geometry[0] == frame.geometry[0]
    degrees = to_wgs84(frame).geometry
    back = project_coordinates(degrees.x, degrees.y, source_crs=WGS84, crs=crs)
    assert (back[0][0], back[1][0]) == pytest.approx((easting, northing), abs=0.001)


def test_the_way_between_two_crs_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map abroad converts hundreds of shapes."""
    find = mock.Mock(side_effect=pyproj.Transformer.from_crs)
    monkeypatch.setattr(pyproj.Transformer, "from_crs", find)
    frame = gpd.GeoDataFrame(geometry=[shapely.Point(500_000, 0)], crs="EPSG:32611")
    for _ in range(3):
        assert to_wgs84(frame).geometry[0].x == pytest.approx(-117)
    assert find.call_count == 1


def test_the_national_grid_and_another_crs_meet_by_ostn15() -> None:
    """The Ordnance Survey's test points in UTM: PROJ without its grid file would be 2 m off."""
    longitude, latitude, easting, northing = (np.array(axis) for axis in zip(*TEST_POINTS[:2], strict=True))
    there = project_coordinates(easting, northing, source_crs=BRITISH_NATIONAL_GRID, crs="EPSG:32630")
    expected = pyproj.Transformer.from_crs(4326, 32630, always_xy=True).transform(longitude, latitude)
    assert np.hypot(there[0] - expected[0], there[1] - expected[1]).max() < 0.003
    back = project_coordinates(*there, source_crs="EPSG:32630", crs=BRITISH_NATIONAL_GRID)
    assert np.hypot(back[0] - easting, back[1] - northing).max() < 0.003


def test_police_uk_is_undone_by_its_shift_on_the_national_grid_and_is_wgs84_elsewhere() -> None:
    longitude, latitude = [-0.0334], [51.4247]
    shifted = project_coordinates(longitude, latitude, source_crs=POLICE_UK, crs=BRITISH_NATIONAL_GRID)
    assert np.array_equal(shifted, project_police_uk(longitude, latitude))
    plain = project_coordinates(longitude, latitude, source_crs=POLICE_UK, crs="EPSG:32631")
    assert np.array_equal(plain, project_coordinates(longitude, latitude, source_crs=WGS84, crs="EPSG:32631"))


def test_what_cannot_be_projected_becomes_missing() -> None:
    longitude = [-123.12, np.nan, -123.12, np.inf, -0.1, -119.5, -118.5, 0.0]
    latitude = [49.28, 49.28, np.nan, 49.28, 51.5, 49.28, 49.28, 0.0]
    inside = [True, False, False, False, False, True, False, False]  # 120 west is the edge, with a degree's margin
    for axis in project_coordinates(longitude, latitude, source_crs=WGS84, crs=UTM_10N):
        assert np.isfinite(axis).tolist() == inside
    easting, _ = project_coordinates([491_000, 0, 5e6], [5_458_000, 0, 0], source_crs=UTM_10N, crs=UTM_10N)
    assert np.isfinite(easting).tolist() == [True, False, False]
    easting, _ = project_coordinates([530_000, 0], [180_000, 5e6], source_crs="EPSG:27700", crs="EPSG:27700")
    assert np.isfinite(easting).tolist() == [True, False]
    frame = gpd.GeoDataFrame(geometry=[shapely.box(-0.2, 51, -0.1, 52), shapely.Point(*VANCOUVER)], crs=4326)
    projected = to_working_crs(frame, UTM_10N).geometry
    assert np.isinf(shapely.get_coordinates(projected[0])).all()
    assert lies_in_working_crs(projected).tolist() == [False, True]


def test_an_area_of_use_may_cross_the_180th_meridian_or_not_be_stated() -> None:
    longitude, latitude = [177.5, 179.9, -179.0, 174.0, -176.0], [-17.8] * 5
    easting, _ = project_coordinates(longitude, latitude, source_crs=WGS84, crs="EPSG:3460")  # Fiji
    assert np.isfinite(easting).tolist() == [True, True, True, False, False]
    own = require_working_crs("+proj=tmerc +lat_0=6 +lon_0=-75.5 +k=1 +ellps=WGS84 +units=m +type=crs")
    easting, northing = project_coordinates([-75.5], [6.0], source_crs=WGS84, crs=own)
    assert (easting[0], northing[0]) == pytest.approx((0, 0), abs=0.001)


def test_on_the_map_a_place_that_no_crs_reaches_is_refused() -> None:
    far = gpd.GeoDataFrame(geometry=[shapely.Point(1e9, 1e9)], crs=UTM_10N)
    with pytest.raises(DataError, match="known only for places in WGS 84 / UTM zone 10N; easting 1000000000"):
        to_wgs84(far)


def test_a_working_crs_is_projected_and_in_metres() -> None:
    for spelling in (UTM_10N, "32610", "WGS 84 / UTM zone 10N"):
        assert require_working_crs(spelling).to_string() == "EPSG:32610"
    assert require_working_crs("EPSG:2193").to_epsg() == 2193  # New Zealand: north first
    wkt = pyproj.CRS.from_epsg(27700).to_wkt("WKT1_ESRI")
    assert require_working_crs(wkt).to_string() == "EPSG:27700"
    next_step = ".*Give the code of a local one, such as EPSG:27700"
    with pytest.raises(ParameterError, match='must be one that PROJ knows; "EPSG:99999" is not' + next_step):
        require_working_crs("EPSG:99999")
    refused = {
        "EPSG:4326": "WGS 84 has axes to the east and north in degree",
        "EPSG:2263": "Long Island .* in US survey foot",
        "EPSG:5513": "Krovak has axes to the south and west in metre",
        "EPSG:7405": "axes to the east and north and up",
    }
    for crs, words in refused.items():
        with pytest.raises(ParameterError, match="must be projected, in metres, with axes.*" + words + next_step):
            require_working_crs(crs)


def test_a_crs_whose_metres_are_none_is_refused() -> None:
    """Web Mercator stretches by the secant of the latitude: 1.61 at 51.5 degrees north."""
    london = gpd.GeoSeries([shapely.box(-0.1, 51.49, 0, 51.51)], crs=4326)
    with pytest.raises(ParameterError, match=r"in WGS 84 / Pseudo-Mercator a metre on the ground measures 1\.61 m"):
        require_true_scale(london.to_crs(3857))
    with pytest.raises(ParameterError, match="must be true to scale"):
        require_true_scale(london.to_crs(6933))  # of equal area: stretched one way, squeezed the other
    for crs in (27700, 32630, 32631, 3035):
        require_true_scale(london.to_crs(crs))


def test_messages_name_the_area() -> None:
    assert describe_area(pyproj.CRS(27700)) == "Great Britain"
    assert describe_area(pyproj.CRS(32610)) == "WGS 84 / UTM zone 10N"
    own = "+proj=tmerc +lon_0=-75.5 +ellps=WGS84 +units=m +type=crs"
    assert describe_area(pyproj.CRS(own)) == own
