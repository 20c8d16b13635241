"""A shape that nobody can draw: it alone is left out, is counted, and is named where an outline must be whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.ingest.reference import (
    read_boundaries,
    read_havens,
    read_listed_places,
    read_safety_maps,
    read_streets,
)
from hotspots.pipeline import find_area

LINE = {"type": "LineString", "coordinates": [[-0.03, 51.46], [-0.02, 51.46]]}
OTHER_LINE = {"type": "LineString", "coordinates": [[-0.03, 51.47], [-0.02, 51.47]]}
RING = [[-0.03, 51.46], [-0.02, 51.46], [-0.02, 51.47], [-0.03, 51.46]]
OUTLINE = {"type": "Polygon", "coordinates": [RING]}
BROKEN: dict[str, Any] = {
    "a line of one point": {"type": "LineString", "coordinates": [[-0.03, 51.46]]},
    "a line of one point among others": {"type": "MultiLineString", "coordinates": [[[-0.03, 51.46]], *[RING]]},
    "a ring of two points": {"type": "Polygon", "coordinates": [RING[:2]]},
    "a ring that is open": {"type": "Polygon", "coordinates": [RING[:3]]},
    "a collection of a line of one point": {
        "type": "GeometryCollection",
        "geometries": [{"type": "LineString", "coordinates": [[-0.03, 51.46]]}],
    },
    "a line without coordinates": {"type": "LineString"},
    "coordinates that are texts": {"type": "LineString", "coordinates": [["a", "b"], ["c", "d"]]},
    "nothing": None,
}
WHAT = {"name": "Rye Lane", "kind": "park", "feeling": "safe", "ward_code": "E05000001", "ward_name": "A"}


def write(path: Path, *shapes: Any) -> Path:
    features = [{"type": "Feature", "properties": WHAT, "geometry": shape} for shape in shapes]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


broken = pytest.mark.parametrize("shape", BROKEN.values(), ids=BROKEN.keys())


@broken
def test_a_broken_line_is_left_out_of_streets_and_named(shape: Any, tmp_path: Path) -> None:
    streets = read_streets([write(tmp_path / "streets.geojson", LINE, shape, OTHER_LINE)])
    assert (len(streets.ways), streets.n_broken) == (2, 1)
    assert streets.first_broken == "ID 1 in streets.geojson"
    whole = read_streets([write(tmp_path / "whole.geojson", LINE, OTHER_LINE)])
    assert (len(whole.ways), whole.n_broken, whole.first_broken) == (2, 0, None)


def test_a_broken_line_is_named_by_its_place_in_the_file_and_not_in_the_area(tmp_path: Path) -> None:
    far = {"type": "LineString", "coordinates": [[-3.0, 53.0], [-3.1, 53.0]]}
    near = gpd.GeoSeries([shapely.Point(-0.025, 51.46)], crs=4326).to_crs(27700).buffer(2000).iloc[0]
    path = write(tmp_path / "streets.geojson", far, far, LINE, BROKEN["a line of one point"])
    assert read_streets([path], area=near).first_broken == "ID 3 in streets.geojson"


def test_a_broken_line_of_geoparquet_is_left_out(tmp_path: Path) -> None:
    frame = gpd.read_file(write(tmp_path / "streets.geojson", LINE, OTHER_LINE, LINE))
    frame.to_parquet(tmp_path / "streets.parquet")
    table = pq.read_table(tmp_path / "streets.parquet")
    # a line of one point: little-endian, type 2, one point
    one_point = bytes.fromhex("010200000001000000") + shapely.to_wkb(shapely.Point(-0.03, 51.46))[5:]
    shapes = table.column("geometry").to_pylist()
    shapes[2] = one_point
    position = table.column_names.index("geometry")
    column = pa.array(shapes, type=table.schema.field("geometry").type)
    pq.write_table(table.set_column(position, table.schema.field("geometry"), column), tmp_path / "streets.parquet")
    streets = read_streets([tmp_path / "streets.parquet"])
    assert (len(streets.ways), streets.n_broken, streets.first_broken) == (2, 1, "ID 2 in streets.parquet")
    havens = tmp_path / "havens.parquet"
    frame.assign(geometry=shapely.points([-0.03, -0.02, -0.01], 51.46)).to_parquet(havens)
    table = pq.read_table(havens)
    column = pa.array([*table.column("geometry").to_pylist()[:2], one_point], type=column.type)
    pq.write_table(table.set_column(position, table.schema.field("geometry"), column), havens)
    assert read_safety_maps([havens]).lost == {"no location": 1}


@broken
def test_a_broken_outline_is_left_out_of_places_and_counted(shape: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "places.geojson", OUTLINE, OUTLINE, shape)
    assert read_safety_maps([path]).lost == {"no location": 1}
    listed = read_listed_places([path])
    assert len(listed.outlines) == 2
    assert listed.doubts == (
        "1 of 3 rows of places.geojson is left out, without a position or a whole outline in Great Britain; the first "
        "is row 3.",
    )
    points = write(tmp_path / "havens.geojson", {"type": "Point", "coordinates": [-0.03, 51.46]}, shape)
    assert read_havens([points]).n_without_location == 1


@broken
def test_a_broken_outline_of_a_ward_or_an_area_is_refused_by_its_number(shape: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "area.geojson", OUTLINE, shape)
    with pytest.raises(DataError, match=r"feature 2 of area\.geojson is not, and 1 in all"):
        read_boundaries([path])
    wards = gpd.GeoDataFrame({"ward_name": []}, geometry=[], crs=27700)
    with pytest.raises(DataError, match=r"feature 2 of area\.geojson is broken or empty, and 1 in all"):
        find_area(wards, files=[path], ward_names=[])
