from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.geography.projection import to_wgs84
from hotspots.ingest.formats.html_tables import spread_fields
from hotspots.ingest.formats.input_files import find_files
from hotspots.ingest.formats.json_records import open_json_records
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.records import ReadingOptions

GRID = "EPSG:27700"
E, N = 536560, 178413


def make_points(*points: shapely.Geometry | None, crs: str | None = GRID, **columns: Any) -> gpd.GeoDataFrame:
    table = {"Offence": "Robbery", "Date From": "01/02/2026 10:00", **columns}
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs=crs), index=range(len(points)))


def read(path: Path, **profile: Any) -> Intake:
    columns: dict[str, Any] = {"offence": ("Offence",), "start": ("Date From",), **profile}
    profiles = (SourceProfile(name="a", **columns),) if profile else ()
    return read_incidents([path], options=ReadingOptions(profiles=profiles))


def places(intake: Intake) -> list[tuple[float, float]]:
    return list(zip(intake.incidents.geometry.x, intake.incidents.geometry.y, strict=True))


def write_table(path: Path, table: pa.Table, **options: Any) -> Path:
    pa.parquet.write_table(table, path, **options)
    return path


def plain_table(**columns: Any) -> pa.Table:
    table = {"Offence": ["Robbery"] * 2, "Easting": [E, E + 1.5], "Northing": [N, N], **columns}
    return pa.table(table)


@pytest.mark.parametrize("suffix", ["kml", "kmz"])
def test_placemarks_with_data_are_incidents(tmp_path: Path, suffix: str) -> None:
    points = to_wgs84(make_points(shapely.Point(E, N), shapely.Point(E + 100, N)))
    points.assign(Name="a pin", description="robbed").to_file(tmp_path / f"pins.{suffix}", driver="LIBKML")
    intake = read(tmp_path / f"pins.{suffix}")
    assert places(intake) == [pytest.approx((E, N), abs=0.1), pytest.approx((E + 100, N), abs=0.1)]
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp("2026-02-01 10:00")] * 2


@pytest.mark.parametrize(
    ("kind", "hour"),
    [
        (pa.timestamp("s"), 10),
        (pa.timestamp("ms"), 10),
        (pa.timestamp("us"), 10),
        (pa.timestamp("ns"), 10),
        (pa.timestamp("us", "UTC"), 11),  # in July London is an hour ahead
        (pa.timestamp("us", "Europe/London"), 11),
    ],
)
def test_timestamps_become_local_time(tmp_path: Path, kind: pa.DataType, hour: int) -> None:
    times = pa.array([dt.datetime(2026, 7, 1, 10), None], pa.timestamp("us")).cast(kind)
    intake = read(write_table(tmp_path / "a.parquet", plain_table(**{"Date From": times})))
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp(2026, 7, 1, hour)]
    assert intake.rejected["reason"].tolist() == ["no date"]
    assert places(intake) == [(E, N)]


def test_days_times_dictionaries_and_nested_columns(tmp_path: Path) -> None:
    table = plain_table(
        **{
            "Offence": pa.array(["Robbery", "Burglary"]).dictionary_encode(),
            "Date From": pa.array([dt.date(2026, 2, 1), dt.date(2026, 2, 2)]),
            "Time From": pa.array([dt.time(18, 5), None]),
            "Location": pa.array([["a", "list"], None]),
            "Knife Flag": pa.array([True, None]),
        }
    )
    intake = read(write_table(tmp_path / "a.parquet", table))
    assert intake.incidents["category"].tolist() == ["robbery", "burglary"]
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp("2026-02-01 18:05"), pd.Timestamp("2026-02-02")]
    assert intake.incidents["time_precision"].tolist() == ["minute", "day"]
    assert intake.incidents["is_knife"].tolist() == [True, pd.NA]
    assert intake.incidents["location"].isna().all()
    assert places(intake) == [(E, N), (E + 1.5, N)]


@pytest.mark.slow
def test_rows_of_several_groups_are_numbered_on(tmp_path: Path) -> None:
    n_rows = 300_000  # more than are read at a time
    table = pa.table(
        {
            "Offence": ["Robbery"] * n_rows,
            "Date From": ["01/02/2026 10:00"] * n_rows,
            "Easting": [530_000 + n % 1000 for n in range(n_rows)],
            "Northing": [N] * n_rows,
        }
    )
    intake = read(write_table(tmp_path / "a.parquet", table, row_group_size=70_001))
    assert intake.incidents["source_row"].tolist() == list(range(1, n_rows + 1))
    assert (intake.incidents.geometry.x == 530_000 + (intake.incidents["source_row"] - 1) % 1000).all()


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
def test_geoparquet_brings_its_points_and_crs(tmp_path: Path, encoding: Any) -> None:
    points = make_points(shapely.Point(E, N), None, shapely.Point(E + 0.25, N))
    for crs in (GRID, "EPSG:4326"):
        points.to_crs(crs).to_parquet(tmp_path / "a.parquet", geometry_encoding=encoding)
        intake = read(tmp_path / "a.parquet")
        assert intake.rejected[["source_row", "reason"]].to_numpy().tolist() == [[2, "no location"]]
        for place, expected in zip(places(intake), [(E, N), (E + 0.25, N)], strict=True):
            assert place == pytest.approx(expected, abs=5)  # GeoPandas knows no OSTN15


def test_geoparquet_without_crs_is_refused(tmp_path: Path) -> None:
    make_points(shapely.Point(E, N), crs=None).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"^A file of incidents must state its CRS; a\.parquet has none"):
        read(tmp_path / "a.parquet")


def test_geoparquet_of_outlines_is_refused(tmp_path: Path) -> None:
    make_points(shapely.box(E, N, E + 1, N + 1)).to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow")
    with pytest.raises(DataError, match=r"^Incidents must be points; the geometry of a\.parquet is polygon"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    "geo",
    [
        "no JSON",
        [],
        {"primary_column": "geometry", "columns": {}},
        {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}},
        {"primary_column": "Offence", "columns": {"Offence": "WKB"}},
        {"primary_column": "Offence", "columns": {"Offence": {"encoding": "WKB"}}},
        {"primary_column": "Offence", "columns": {"Offence": {"encoding": "point"}}},
        {"primary_column": "g", "columns": {"g": {"encoding": "WKB", "crs": {"a": 1}}}},
    ],
)
def test_geoparquet_with_a_damaged_description_is_refused(tmp_path: Path, geo: Any) -> None:
    table = plain_table(g=pa.array([b"", b""]))
    described = geo if isinstance(geo, str) else json.dumps(geo)
    write_table(tmp_path / "a.parquet", table.replace_schema_metadata({"geo": described}))
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet: .*Write it again, or save it as CSV"):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_parquet_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    content = write_table(tmp_path / "whole.parquet", plain_table()).read_bytes()
    (tmp_path / "a.parquet").write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"a\.parquet cannot be read as Parquet"):
        read(tmp_path / "a.parquet")


def test_parquet_has_a_largest_number_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotspots.ingest.formats.layers.MAX_TABLE_ROWS", 1)
    with pytest.raises(DataError, match=r"A table may have 1 rows; a\.parquet has more"):
        read(write_table(tmp_path / "a.parquet", plain_table()))


def test_parquet_in_an_archive_is_read(tmp_path: Path) -> None:
    make_points(shapely.Point(E, N)).to_parquet(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    assert places(read(tmp_path / "a.zip")) == [(E, N)]


def test_geopackages_of_one_layer_are_read(tmp_path: Path) -> None:
    when = [pd.Timestamp("2026-02-01 10:05"), pd.NaT]
    make_points(shapely.Point(E, N), shapely.Point(E, N)).assign(**{"Date From": when}).to_file(tmp_path / "a.gpkg")
    intake = read(tmp_path / "a.gpkg")
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp("2026-02-01 10:05")]
    assert intake.rejected["reason"].tolist() == ["no date"]
    assert places(intake) == [(E, N)]


def test_two_layers_of_incidents_are_refused_until_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    make_points(shapely.Point(E, N)).to_file(path, layer="january")
    make_points(shapely.Point(E + 1, N)).to_file(path, layer="february")
    with pytest.raises(DataError, match=r"a\.gpkg holds 2 tables of incidents.*: january, february"):
        read(path)
    axes = {"easting": "geometry.x", "northing": "geometry.y"}
    assert places(read(path, layer="february", **axes)) == [(E + 1, N)]
    assert places(read(path, layer="*", **axes)) == [(E, N), (E + 1, N)]


def test_outlines_and_plain_tables_beside_the_points_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    make_points(shapely.box(E, N, E + 1, N + 1)).to_file(path, layer="wards")
    make_points(shapely.Point(E, N)).to_file(path, layer="crimes")
    pyogrio.write_dataframe(pd.DataFrame({"style": ["x"]}), path, layer="layer_styles")
    assert places(read(path)) == [(E, N)]


def test_a_layer_without_geometry_is_located_by_its_columns(tmp_path: Path) -> None:
    make_points(None, None, Easting=E, Northing=N).to_file(tmp_path / "a.gpkg")
    assert places(read(tmp_path / "a.gpkg")) == [(E, N), (E, N)]


def write_features(path: Path, *geometries: Any, **properties: Any) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {"Offence": "Robbery", "Date From": "2026-02-01", **properties},
            "geometry": one,
        }
        for one in geometries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_geojson_of_points_is_read_in_degrees(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [-0.034481, 51.488184]}
    one = {"type": "MultiPoint", "coordinates": [point["coordinates"]]}
    two = {"type": "MultiPoint", "coordinates": [point["coordinates"]] * 2}
    intake = read(write_features(tmp_path / "a.geojson", point, one, two, None))
    assert [(round(x, -1), round(y, -1)) for x, y in places(intake)] == [(536560, 178410)] * 2
    assert intake.rejected[["source_row", "reason"]].to_numpy().tolist() == [[3, "no location"], [4, "no location"]]


def test_lists_in_geojson_are_no_text(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [-0.034481, 51.488184]}
    intake = read(write_features(tmp_path / "a.geojson", point, Location=["a", "b"]))
    assert intake.incidents["location"].isna().all()


def test_geojson_of_outlines_is_refused(tmp_path: Path) -> None:
    ring = [[-0.03, 51.48], [-0.02, 51.48], [-0.02, 51.49], [-0.03, 51.48]]
    path = write_features(tmp_path / "a.geojson", {"type": "Polygon", "coordinates": [ring]})
    with pytest.raises(
        DataError, match=r"Incidents must be points; a\.geojson holds Polygon. Give the layer of points"
    ):
        read(path)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_shapefile_is_read_from_its_parts_and_from_a_zip(tmp_path: Path, wrapped: bool) -> None:
    points = make_points(shapely.Point(E, N)).rename(columns={"Date From": "Date"})
    points.to_file(tmp_path / "a.shp")
    path = tmp_path / "a.shp"
    if wrapped:
        path = tmp_path / "b.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in tmp_path.glob("a.*"):
                archive.write(part, f"folder/{part.name}")
    assert places(read(path)) == [(E, N)]


def test_points_without_crs_are_refused(tmp_path: Path) -> None:
    make_points(shapely.Point(E, N)).rename(columns={"Date From": "Date"}).to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(
        DataError, match=r"must state its CRS; a\.shp has none. Save it with its CRS: for a shapefile add"
    ):
        read(tmp_path / "a.shp")


def test_points_in_a_crs_of_nowhere_are_refused(tmp_path: Path) -> None:
    local = 'ENGCRS["Site grid",EDATUM["Site"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    make_points(shapely.Point(E, N), crs=local).to_file(tmp_path / "a.gpkg")
    with pytest.raises(DataError, match=r"must state its CRS; a\.gpkg has none"):
        read(tmp_path / "a.gpkg")


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "zip"])
def test_what_is_not_what_its_name_says_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.shp", b"<VRTDataset/>")
    else:
        path.write_bytes(b"<OGRVRTDataSource/>")
    with pytest.raises(DataError, match=rf"a\.{suffix} cannot be read as incidents: its content is not that of a"):
        read(path)


@pytest.mark.parametrize("feature", [None, {"geometry": None}, {"type": "feature"}, {"type": "FeatureCollection"}])
def test_features_that_would_be_left_out_are_refused(tmp_path: Path, feature: Any) -> None:
    collection = json.loads(make_points(shapely.Point(-0.03, 51.48), crs="EPSG:4326").to_json())
    collection["features"] += [feature]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection))
    with pytest.raises(
        DataError, match="a.geojson cannot be read as incidents: feature 2 in it is not a GeoJSON feature"
    ):
        read(path)


def test_times_with_and_without_an_offset_in_one_layer(tmp_path: Path) -> None:
    texts = ["2026-07-01T18:05:00", "2026-07-01T18:05:00Z", "2026-07-01T18:05:00+01:00"]
    points = make_points(*[shapely.Point(-0.03, 51.48)] * 3, crs="EPSG:4326", **{"Date From": texts})
    path = tmp_path / "a.geojson"
    path.write_text(points.to_json())
    assert read(path).incidents["started_at"].dt.hour.tolist() == [18, 19, 18]


def test_long_numbers_beside_missing_ones_stay_what_they_are(tmp_path: Path) -> None:
    ids = pa.array([12345678901234567, 12345678901234568, None, 12345678901234568], pa.int64())
    table = pa.table({"Crime ID": ids, "Offence": ["Robbery"] * 4, "Date": ["2026-01-05"] * 4,
                      "Easting": [E] * 4, "Northing": [N] * 4})  # fmt: skip
    intake = read(write_table(tmp_path / "a.parquet", table))
    assert intake.incidents.index.tolist() == ["a.parquet:1", "a.parquet:2", "a.parquet:3"]
    assert intake.rejected["reason"].tolist() == ["repeated row"]


def test_parquet_that_pandas_cannot_hold_is_refused(tmp_path: Path) -> None:
    far = pa.array([10**8, 10**8], pa.date32())
    table = pa.table({"Offence": ["Robbery"] * 2, "Date": far, "Easting": [E] * 2, "Northing": [N] * 2})
    with pytest.raises(DataError, match="a.parquet cannot be read as Parquet"):
        read(write_table(tmp_path / "a.parquet", table))


def test_points_of_one_coordinate_are_refused(tmp_path: Path) -> None:
    points = pa.StructArray.from_arrays([pa.array([float(E)])], names=["x"])
    geo = {"version": "1.1.0", "primary_column": "g", "columns": {"g": {"encoding": "point", "crs": None}}}
    table = pa.table({"Offence": ["Robbery"], "Date": ["2026-01-05"], "g": points})
    with pytest.raises(DataError, match="its points do not have two coordinates"):
        read(write_table(tmp_path / "a.parquet", table.replace_schema_metadata({"geo": json.dumps(geo)})))


def test_a_projection_that_proj_does_not_know_is_refused(tmp_path: Path) -> None:
    make_points(shapely.Point(E, N)).to_file(tmp_path / "a.shp")
    prj = tmp_path / "a.prj"
    prj.write_text(prj.read_text().replace("Transverse_Mercator", "Mercator_of_Nowhere"))
    with pytest.raises(DataError, match="Give the data in EPSG:27700|cannot be read as incidents|must state its CRS"):
        read(tmp_path / "a.shp")


def test_a_crs_whose_name_is_no_utf8_is_refused_or_read(tmp_path: Path) -> None:
    make_points(shapely.Point(E, N)).to_file(tmp_path / "a.shp")
    prj = tmp_path / "a.prj"
    prj.write_bytes(prj.read_bytes().replace(b"British_National_Grid", b"Br\xe9tish_National_Grid"))
    with pytest.raises(DataError, match="a.shp cannot be read as incidents"):
        read(tmp_path / "a.shp")


FIELDS = "<tr><td>{}</td><td>{}</td></tr>"
NESTED = (
    '<html><body><table border="1"><tr><td>Record</td></tr><tr><td><table>{}</table></td></tr></table></body></html>'
)
HEADED = "<b>Record</b><table><tr><th>Field</th><th>Value</th><th>Unit</th></tr>{}</table>"


def write_kml(path: Path, descriptions: list[str]) -> None:
    placemarks = "".join(
        f"<Placemark><name>P{number}</name><description><![CDATA[{description}]]></description><Point><coordinates>"
        f"-0.05{number},51.47{number}</coordinates></Point></Placemark>"
        for number, description in enumerate(descriptions, start=10)
    )
    path.write_text(f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{placemarks}</Document></kml>')


@pytest.mark.parametrize("form", [NESTED, HEADED])
def test_fields_in_the_descriptions_of_kml_are_read(tmp_path: Path, form: str) -> None:
    fields = [
        [("Offence:", "<b>Robbery</b>"), ("Date From", f"{day}/03/2025 18:05"), ("Street &amp; town", "&lt;Null&gt;")]
        for day in range(13, 29)
    ]
    write_kml(tmp_path / "a.kml", [form.format("".join(FIELDS.format(*pair) for pair in row)) for row in fields])
    intake = read_incidents([tmp_path / "a.kml"])
    assert intake.incidents["started_at"].tolist() == [pd.Timestamp(2025, 3, day, 18, 5) for day in range(13, 29)]
    assert set(intake.incidents["category"]) == {"robbery"}
    assert {"Offence", "Date From", "Street & town"} <= {*intake.tables[0].header}


@pytest.mark.parametrize(
    "text", ["", "Robbery at noon", "<p>a<br>b", "<table><tr><td>a</td><td>b</td></tr></table>", "<td><tr></tr></td><x"]
)
def test_other_descriptions_have_no_fields(text: str) -> None:
    assert spread_fields(pd.Series([text, None]), besides=()).columns.empty


def test_signs_in_the_cells_of_fields_are_kept() -> None:
    row = "".join(
        FIELDS.format(*pair) for pair in (("A", "1 < 2 &amp; <i title=x>3</i> > 2<br/>"), ("B", "x<!-- y -->"))
    )
    found = spread_fields(pd.Series([f"<TABLE>{row.upper()}</TABLE>"]), besides=())
    assert found.to_dict("list") == {"A": ["1 < 2 & 3 > 2"], "B": ["X"]}


@pytest.mark.parametrize("part", ["<td", "<!--", "<", "<table><tr><td>", "&#1", "<td a="])
def test_a_description_of_brackets_is_read_in_the_time_of_any_other(part: str) -> None:
    began = time.process_time()
    assert spread_fields(pd.Series([part * 20_000]), besides=()).columns.empty
    assert time.process_time() - began < 1  # with the parser of Python 3.11 some five seconds


def test_fields_are_text_or_missing_and_leave_other_columns_alone() -> None:
    row = "".join(FIELDS.format(*pair) for pair in (("A", "1"), ("NAME", "x"), ("B", ""), ("A", "2")))
    found = spread_fields(pd.Series([f"<table>{row}</table>", None], index=[5, 3]), besides=["Name"])
    assert found.to_dict("list") == {"A": ["1", None], "B": [None, None]}
    assert found.index.tolist() == [5, 3]


@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_a_point_that_is_empty_is_a_row_without_a_place(tmp_path: Path, suffix: str) -> None:
    points = [shapely.Point(538_100, 174_200), shapely.Point(), shapely.MultiPoint(), None]
    frame = gpd.GeoDataFrame(
        {"Date": "2025-01-02", "Offence": "Robbery", "name": list("abcd")}, geometry=points, crs="EPSG:27700"
    )
    path = tmp_path / f"a.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    intake = read_incidents([path])
    assert len(intake.incidents) == 1
    assert intake.rejected["reason"].tolist() == ["no location"] * 3


def test_points_that_are_all_empty_are_rows_without_a_place(tmp_path: Path) -> None:
    make_points(shapely.Point(), shapely.Point()).to_file(tmp_path / "a.gpkg")
    intake = read_incidents([tmp_path / "a.gpkg"])
    assert intake.rejected["reason"].tolist() == ["no location"] * 2


def test_a_file_of_more_layers_than_can_be_recognised_in_time_wants_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotspots.ingest.incidents.sources.MAX_TABLES", 1)
    path = tmp_path / "a.gpkg"
    for name in ("january", "february"):
        make_points(shapely.Point(E, N)).to_file(path, layer=name)
    with pytest.raises(DataError, match=r"At most 1 sheets or layers of a file are looked into; a.gpkg holds 2"):
        read_incidents([path])
    assert read(path, easting="geometry.x", northing="geometry.y", layer="*").n_read == 2


def test_half_a_character_in_json_is_a_mark(tmp_path: Path) -> None:
    half = "\\ud83d"
    rows = [
        f'{{"Crime Ref": "{i}", "Offence": "Robbery", "Date": "2025-01-02", "Easting": 538100, "Northing": 174200, '
        f'"Location": "{half} Lane", "{half}": "{half}", "Beat": {{"{half}": "\\ud83d\\ude00"}}}}'
        for i in range(12)
    ]
    (tmp_path / "a.json").write_text(f"[{','.join(rows)}]", "ascii")
    intake = read_incidents([tmp_path / "a.json"])
    assert len(intake.incidents) == 12
    (file,) = find_files([tmp_path / "a.json"], suffixes=(".json",), what="incidents")
    (table,) = open_json_records(file)
    assert table.header[-2:] == ("\N{REPLACEMENT CHARACTER}", "Beat.\N{REPLACEMENT CHARACTER}")
    assert next(iter(table.sample(["Beat.\N{REPLACEMENT CHARACTER}"]).values()))[0] == "\N{GRINNING FACE}"


@pytest.mark.parametrize("said", [0, 1, 30])
def test_rows_of_a_geopackage_are_counted_whatever_it_says_of_their_number(tmp_path: Path, said: int) -> None:
    path = tmp_path / "a.gpkg"
    make_points(*[shapely.Point(E + i, N) for i in range(12)]).to_file(path, layer="a")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute("UPDATE gpkg_ogr_contents SET feature_count = ?", [said])
        opened.commit()
    assert len(read(path).incidents) == 12


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize(
    ("part", "at", "number", "said"),
    [("dbf", 4, (5).to_bytes(4, "little"), "of 12 features and its table of 5"),
     ("shx", 24, (50 + 4 * 5).to_bytes(4, "big"), "of 5 features and its table of 12")],
)  # fmt: skip
def test_a_shapefile_whose_parts_are_not_of_as_many_features_is_refused(
    tmp_path: Path, part: str, at: int, number: bytes, said: str, is_packed: bool
) -> None:
    make_points(*[shapely.Point(E + i, N) for i in range(12)]).to_file(tmp_path / "a.shp")
    path = tmp_path / f"a.{part}"
    content = path.read_bytes()
    path.write_bytes(content[:at] + number + content[at + 4 :])
    given = tmp_path / ("a.zip" if is_packed else "a.shp")
    if is_packed:
        with zipfile.ZipFile(given, "w") as archive:
            for file in tmp_path.glob("a.???"):
                if file != given:
                    archive.write(file, f"b/{file.name}")
    with pytest.raises(DataError, match=f"its index is {said}. Export it again"):
        read_incidents([given])


def test_a_layer_whose_rows_are_computed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    make_points(shapely.Point(E, N)).to_file(path, layer="a")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute('CREATE VIEW "twice" AS SELECT * FROM a UNION ALL SELECT * FROM a')
        opened.commit()
        assert len(read(path).incidents) == 1  # one that is no layer does not matter
        opened.execute("INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('twice', 'features', 27700)")
        opened.execute("INSERT INTO gpkg_geometry_columns VALUES ('twice', 'geom', 'POINT', 27700, 0, 0)")
        opened.commit()
    with pytest.raises(DataError, match="its layer twice is a view, whose rows are computed. Export it as a plain"):
        read(path)


def test_kml_that_breaks_off_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text('<kml xmlns="http://www.opengis.net/kml/2.2"><Document>')
    with pytest.raises(DataError, match=r"a\.kml cannot be read as incidents: it is damaged \(.*line 1.*\)\. Give"):
        read(tmp_path / "a.kml")


@pytest.mark.parametrize("encoding", ["zzz", "shift_jis"])
def test_kml_in_an_encoding_that_its_parser_does_not_know_is_refused(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.kml").write_text(f'<?xml version="1.0" encoding="{encoding}"?><kml><Document/></kml>', "ascii")
    with pytest.raises(DataError, match="its content is not that of a .kml file"):
        read(tmp_path / "a.kml")


def test_a_layer_that_says_another_kind_of_geometry_is_read_without_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    make_points(shapely.Point(E, N)).to_file(path, layer="a")
    with contextlib.closing(sqlite3.connect(path)) as opened:
        opened.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'POLYGON'")
        opened.commit()
    assert len(read(path).incidents) == 1  # warnings are errors here
