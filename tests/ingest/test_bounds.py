"""What is too large is refused before anything is made of it, with the rule, what was given and the next step."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.ingest.reference.boundaries import read_boundaries

BOUNDS = "hotspots.ingest.formats.bounds"
ROWS = {
    "Crime": ["Robbery", "Robbery"],
    "Date": ["01/02/2026 10:00", "02/02/2026 11:00"],
    "Easting": ["536560", "536561"],
    "Northing": ["178413", "178414"],
    "Note": ["short", "short"],
}


def write(path: Path, rows: dict[str, list[str]]) -> Path:
    frame = pd.DataFrame(rows)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(frame.to_dict("records")))
    else:
        gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy([0.0, 0.1], [51.5, 51.6]), crs="EPSG:4326").to_file(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "json", "geojson", "gpkg"])
def test_a_text_that_is_too_long_is_refused_only_in_a_column_that_is_read(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{BOUNDS}.MAX_TEXT", 100)
    story = write(tmp_path / f"story.{kind}", ROWS | {"Note": ["short", "long " * 100]})
    assert len(read_incidents([story]).incidents) == 2
    crime = write(tmp_path / f"crime.{kind}", ROWS | {"Crime": ["Robbery", "robbery " * 100]})
    with pytest.raises(
        DataError, match=rf"have 100 letters; row 2, column 1, of crime\.{kind}.* has [78]\d\d\. Shorten"
    ):
        read_incidents([crime])


def test_a_number_of_an_incident_or_a_coordinate_may_be_too_long_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{BOUNDS}.MAX_TEXT", 100)
    for name, column in (("Crime ID", 6), ("Northing", 4)):
        path = write(tmp_path / "long.csv", ROWS | {"Crime ID": ["a", "b"]} | {name: ["1", "2" * 101]})
        with pytest.raises(
            DataError, match=rf"have 100 letters; row 2, column {column}, of long\.csv has 101\. Shorten"
        ):
            read_incidents([path])


def test_a_table_of_too_many_columns_or_too_long_a_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = write(tmp_path / "wide.csv", ROWS | {f"extra {number}": ["", ""] for number in range(20)})
    assert len(read_incidents([wide]).incidents) == 2
    monkeypatch.setattr(f"{BOUNDS}.MAX_COLUMNS", 20)
    with pytest.raises(DataError, match=r"A table may have 20 columns; wide\.csv has 25\. Leave out those"):
        read_incidents([wide])
    monkeypatch.setattr(f"{BOUNDS}.MAX_TEXT", 100)
    named = write(tmp_path / "named.csv", ROWS | {"n" * 101: ["", ""]})
    with pytest.raises(DataError, match=r"have 100 letters; that of column 6 of named\.csv has 101\. Give it a short"):
        read_incidents([named])


def test_a_number_of_many_digits_is_no_place_and_keeps_its_row(tmp_path: Path) -> None:
    path = write(tmp_path / "digits.csv", ROWS | {"Easting": ["1" * 20_000, "536561"]})
    intake = read_incidents([path])
    assert len(intake.incidents) == 1
    assert intake.rejected["reason"].tolist() == ["unreadable location"]


def test_a_layer_of_too_many_rows_or_bytes_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "points.gpkg", ROWS)
    with monkeypatch.context() as patch:
        patch.setattr("hotspots.ingest.formats.layers.MAX_TABLE_ROWS", 1)
        with pytest.raises(DataError, match="a layer may have 1 rows, and points has 2"):
            read_incidents([path])
    monkeypatch.setattr("hotspots.ingest.formats.genuine_layers.MAX_TABLE_BYTES", 1024)
    with pytest.raises(DataError, match="it is larger than 0 GB. Export the layer that is needed"):
        read_incidents([path])


def test_a_shape_of_too_many_points_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wards = gpd.GeoDataFrame(
        {"ward_code": ["E05000001", "E05000002"], "ward_name": ["One", "Two"]},
        geometry=[shapely.box(530_000, 175_000, 531_000, 176_000), shapely.Point(535_000, 175_500).buffer(900)],
        crs="EPSG:27700",
    )
    wards.to_file(tmp_path / "wards.gpkg")
    assert len(read_boundaries([tmp_path / "wards.gpkg"]).wards) == 2
    monkeypatch.setattr("hotspots.ingest.formats.layers.MAX_POINTS", 50)
    with pytest.raises(DataError, match=r"A shape may have 50 points; row 2 of wards\.gpkg has 65\. Simplify"):
        read_boundaries([tmp_path / "wards.gpkg"])


def test_a_document_that_is_nested_too_deep_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = "<Placemark><name>One</name><Point><coordinates>0,51.5</coordinates></Point></Placemark>"
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{place}</Document></kml>'
    (tmp_path / "places.kml").write_text(text)
    monkeypatch.setattr("hotspots.ingest.formats.genuine_layers.MAX_DEPTH", 4)
    with pytest.raises(DataError, match="it is nested deeper than 4 elements"):
        read_incidents([tmp_path / "places.kml"])
