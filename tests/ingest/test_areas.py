from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.reference.small_areas import Areas, read_areas

SQUARE = shapely.box(536000, 178000, 536100, 178100)
# an L, whose middle lies outside it
CORNER = shapely.Polygon([(0, 0), (90, 0), (90, 10), (10, 10), (10, 90), (0, 90)])
CORNER = shapely.transform(CORNER, lambda x, y: (x + 537000, y + 178000), interleaved=False)


def write_areas(path: Path, crs: str = "EPSG:27700") -> Path:
    table = {"LSOA21CD": ["E01003244", "E01003245"], "LSOA21NM": ["Lewisham 001A", "Lewisham 001B"]}
    frame = gpd.GeoDataFrame(table, geometry=[SQUARE, CORNER], crs="EPSG:27700")
    frame.to_crs(crs).to_file(path)
    return path


@pytest.fixture(scope="module")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Areas:
    return read_areas([write_areas(tmp_path_factory.mktemp("areas") / "lsoas.gpkg")])


def texts(*values: str | None) -> pd.Series:
    return pd.Series(pd.Categorical(values), index=pd.RangeIndex(5, 5 + len(values)))


def test_a_code_stands_for_a_point_inside_its_area(areas: Areas) -> None:
    found = areas.locate(texts("E01003244", "E01003245"))
    for area, (easting, northing) in zip((SQUARE, CORNER), found.itertuples(index=False), strict=True):
        assert area.contains(shapely.Point(easting, northing))
    assert list(found.columns) == ["easting", "northing"]


def test_codes_are_found_however_they_are_written(areas: Areas) -> None:
    found = areas.locate(texts(" e01003244 ", None, "E01009999", "E01003244", ""))
    assert found.index.tolist() == [5, 6, 7, 8, 9]
    assert found["easting"].notna().tolist() == [True, False, False, True, False]
    assert found.iloc[0].equals(found.iloc[3])


@pytest.mark.parametrize("values", [(), (None,), (None, None)])
def test_no_codes_at_all(areas: Areas, values: tuple[str | None, ...]) -> None:
    assert len(areas.locate(texts(*values))) == len(values)
    assert areas.locate(texts(*values)).isna().all(axis=None)


@given(values=st.lists(st.one_of(st.none(), st.text(max_size=10), st.just("E01003244"))))
def test_any_text_is_an_area_or_nothing(areas: Areas, values: list[str | None]) -> None:
    found = areas.locate(texts(*values))
    is_known = [value is not None and value.strip().upper() == "E01003244" for value in values]
    assert found["easting"].notna().tolist() == is_known
    assert found["northing"].notna().tolist() == is_known


def test_outlines_in_degrees_are_the_same(tmp_path: Path, areas: Areas) -> None:
    degrees = read_areas([write_areas(tmp_path / "lsoas.geojson", "EPSG:4326")])
    # PROJ alone is up to two metres off the official transformation
    pd.testing.assert_frame_equal(degrees.points, areas.points, check_exact=False, rtol=0, atol=3)
    assert degrees.sha256 != areas.sha256


def test_rows_with_a_code_and_no_coordinates_stand_there(tmp_path: Path, areas: Areas) -> None:
    path = tmp_path / "met.csv"
    path.write_text(
        "Month,Longitude,Latitude,Crime type,LSOA code,Falls within\n"
        "2026-01,,,Robbery,E01003244,M\n2026-01,,,Robbery,E01009999,M\n2026-01,,,Robbery,,M\n"
    )
    intake = read_incidents([path], options=ReadingOptions(areas=areas))
    assert intake.incidents["location_precision"].tolist() == ["area"]
    assert intake.incidents["location_precision"].tolist().count("area") == 1
    assert SQUARE.contains(intake.incidents.geometry.iloc[0])
    assert intake.rejected["reason"].tolist() == ["LSOA not in the outlines", "no location"]


def test_files_that_are_no_outlines_are_explained(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="missing.gpkg"):
        read_areas([tmp_path / "missing.gpkg"])
    points = gpd.GeoDataFrame({"lsoa21cd": ["E01003244"]}, geometry=[shapely.Point(0, 0)], crs="EPSG:27700")
    points.to_file(tmp_path / "points.gpkg")
    with pytest.raises(DataError, match="polygons"):
        read_areas([tmp_path / "points.gpkg"])
