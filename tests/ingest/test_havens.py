from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from hotspots.contracts import HAVEN_COLUMNS
from hotspots.errors import DataError, ParameterError
from hotspots.ingest.reference.havens import Havens, read_havens

HEADER = "name,kind,opening_hours,easting,northing\n"


def read(tmp_path: Path, text: str, name: str = "havens.csv") -> Havens:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_havens([path])


def test_havens_are_read_with_their_hours(tmp_path: Path) -> None:
    result = read(tmp_path, HEADER + "Library,library,Mo-Fr 09:00-17:00,536560,178413\n")
    assert list(result.havens.columns) == list(HAVEN_COLUMNS)
    assert result.havens.index.tolist() == ["H001"]
    assert result.havens["opening_hours"].tolist() == ["Mo-Fr 09:00-17:00"]


def test_degrees_do_as_well(tmp_path: Path) -> None:
    result = read(tmp_path, "name,longitude,latitude\nLibrary,-0.034481,51.488184\n")
    assert round(result.havens.geometry.x.iloc[0]) == 536560


def test_eastings_and_northings_are_in_the_working_crs(tmp_path: Path) -> None:
    """The meridian of zone 10 and the equator cross at 500,000 m east and 0 m north."""
    (tmp_path / "metres.csv").write_text(HEADER + "Library,library,,491059.5,5459122.4\nZero,shop,,0,0\n", "utf-8")
    metres = read_havens([tmp_path / "metres.csv"], crs="EPSG:32610")
    assert metres.havens.crs == "EPSG:32610"
    assert (metres.havens.geometry.x.iloc[0], metres.havens.geometry.y.iloc[0]) == (491059.5, 5459122.4)
    assert metres.n_without_location == 1
    degrees = "name,longitude,latitude\nEquator,-123,0\nLondon,-0.03,51.49\n"
    (tmp_path / "degrees.csv").write_text(degrees, "utf-8")
    havens = read_havens([tmp_path / "degrees.csv"], crs="EPSG:32610")
    assert havens.havens["name"].tolist() == ["Equator"]
    assert havens.havens.geometry.x.iloc[0] == pytest.approx(500_000, abs=0.001)
    assert havens.n_without_location == 1
    frame = gpd.GeoDataFrame(
        {"name": ["A", "B", "C"]}, geometry=[shapely.Point(-123, 0), None, shapely.MultiPoint()], crs=4326
    )
    frame.to_file(tmp_path / "points.geojson")
    points = read_havens([tmp_path / "points.geojson"], crs="EPSG:32610")
    assert points.havens.geometry.iloc[0].equals_exact(shapely.Point(500_000, 0), 0.001)
    assert points.n_without_location == 2


def test_a_crs_in_degrees_or_of_another_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "havens.csv").write_text("name,longitude,latitude\nLondon,-0.03,51.49\n", "utf-8")
    with pytest.raises(ParameterError, match="must be projected, in metres"):
        read_havens([tmp_path / "havens.csv"], crs="EPSG:4326")
    with pytest.raises(DataError, match="None of the 1 safe havens read has a usable location in WGS 84 / UTM zone 10"):
        read_havens([tmp_path / "havens.csv"], crs="EPSG:32610")


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    result = read(tmp_path, HEADER + "A,shop,when I feel like it,536560,178413\nB,shop,24/7,,\nC,shop,,536560,178413\n")
    assert result.havens["name"].tolist() == ["A", "C"]
    assert result.n_without_location == 1
    assert result.n_hours_unreadable == 1
    assert result.havens["opening_hours"].isna().all()


def test_hours_that_are_not_known_are_counted_by_the_reason(tmp_path: Path) -> None:
    texts = [
        "Mo-Fr 9am-5pm", "Mo-Fr", "Sa", '"by appointment"', "16:00+", "ask inside", 'Mo-Fr 09:00-17:00 || "ring"', "",
    ]  # fmt: skip
    quoted = [text.replace('"', '""') for text in texts]
    rows = [f'{number},shop,"{text}",536560,178413\n' for number, text in enumerate(quoted)]
    # One that is left out because it has no place is not counted a second time for its hours.
    result = read(tmp_path, HEADER + "".join(rows) + "Lost,shop,Mo,,\n")
    known = ["Mo-Fr 09:00-17:00", *[None] * 5, "Mo-Fr 09:00-17:00", None]
    assert result.havens["opening_hours"].tolist() == known
    assert result.hours_doubts == {"no times": 2, "remark": 1, "open end": 1, "unreadable": 1}
    assert (result.n_hours_unreadable, result.n_hours_partly_known, result.n_without_location) == (5, 1, 1)


def test_a_layer_of_points_is_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(536560, 178413)], crs=27700)
    frame.to_file(tmp_path / "havens.gpkg")
    assert read_havens([tmp_path / "havens.gpkg"]).havens["name"].tolist() == ["A"]


def test_rows_of_another_length_are_counted(tmp_path: Path) -> None:
    """Hours with a comma and without quotes: an easy mistake."""
    result = read(
        tmp_path, HEADER + "A,shop,Mo-Fr 08:00-17:00; Sa,Su 09:00-12:00,536560,178413\nB,shop,,536560,178413\n"
    )
    assert result.havens["name"].tolist() == ["B"]
    assert result.n_without_location == 1
    assert result.inputs[0].n_rows == 2


def test_layers_of_points_and_names_in_capitals_are_read(tmp_path: Path) -> None:
    points = [shapely.Point(536560, 178413), shapely.MultiPoint([(536600, 178400)])]
    for layer, point in zip(("one", "two"), points, strict=True):
        frame = gpd.GeoDataFrame({"NAME": [layer]}, geometry=[point], crs=27700)
        frame.to_file(tmp_path / "havens.gpkg", layer=layer)
    assert read_havens([tmp_path / "havens.gpkg"]).havens["name"].tolist() == ["one", "two"]


def test_numbers_are_given_around_the_ids_that_are_there(tmp_path: Path) -> None:
    text = "haven_id,name,easting,northing\nH001,A,536560,178413\n,B,536561,178413\n"
    assert read(tmp_path, text).havens.index.tolist() == ["H001", "H002"]


def test_bad_files_raise_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs the columns name and easting, northing"):
        read(tmp_path, "name,postcode\nA,SE1 1AA\n")
    with pytest.raises(DataError, match="X1 is given twice"):
        read(tmp_path, "haven_id,name,easting,northing\nX1,A,536560,178413\nX1,B,536561,178413\n")
    with pytest.raises(DataError, match="None of the 1 safe havens read has a usable location"):
        read(tmp_path, HEADER + "A,shop,,,\n")
    twice = gpd.GeoDataFrame({"name": ["A"], "Name": ["B"]}, geometry=[shapely.Point(-0.03, 51.49)], crs=4326)
    twice.to_file(tmp_path / "twice.geojson")
    with pytest.raises(DataError, match='two columns called "name"'):
        read_havens([tmp_path / "twice.geojson"])
    (tmp_path / "broken.geojson").write_text("{")
    with pytest.raises(DataError, match="broken.geojson cannot be read as safe havens"):
        read_havens([tmp_path / "broken.geojson"])
    lost = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(1, 2)])
    with pytest.warns(UserWarning, match="crs"):
        lost.to_file(tmp_path / "lost.gpkg")
    with pytest.raises(DataError, match="A file of safe havens must state its CRS; lost.gpkg has none"):
        read_havens([tmp_path / "lost.gpkg"])
    areas = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=27700)
    areas.to_file(tmp_path / "areas.gpkg")
    with pytest.raises(DataError, match="needs points and a name column; .* holds Polygon"):
        read_havens([tmp_path / "areas.gpkg"])
