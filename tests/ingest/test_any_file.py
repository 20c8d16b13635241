"""Whatever the bytes of a file are, its rows are all accounted for, or it is refused with words."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from hotspots.errors import HotspotsError
from hotspots.ingest.incidents.intake import read_incidents

slow = settings(suppress_health_check=list(HealthCheck), max_examples=60)

NAMES = (
    *("Crime Ref", "Offence", "Offence Group", "Offence Subgroup", "Date From", "Time From", "Date To", "Time To"),
    *("Month", "Year", "Day", "Hour", "Easting", "Northing", "Longitude", "Latitude", "x", "y", "WKT", "Geometry"),
    *("Grid Ref", "Postcode", "LSOA code", "Location", "Location Type", "Knife Flag", "Ward Code", "Data Status"),
    *("Crime type", "Occurred at UTC", "geometry.x", "geometry.y", "fid", "victim name", "", "é", "Offence"),
)
USUAL = ("Offence", "Date From", "Easting", "Northing", "Location")
PLAUSIBLE: dict[str, tuple[Any, ...]] = {
    "Offence": ("Robbery", "Burglary"),
    "Date From": ("01/02/2026 10:00", dt.datetime(2025, 10, 26, 1, 30), dt.date(2026, 2, 1), "2026-02-01T10:00:00Z"),
    "Date To": ("01/02/2026 10:20", dt.datetime(2025, 10, 26, 1, 20), "", None),
    "Easting": (536560, 536560.5, "536560"),
    "Northing": (178413, "178413"),
    "Location": ("Street", "Flat 2, 5 High Street", None),
}
WORDS = (
    *("Robbery", "Burglary", "Street", "Y", "N", "true", "synthetic", "No Location", "E01003244", "SE8 3EY", "TQ3678"),
    *("", " ", "NaN", "nan", "inf", "-inf", "None", "null", "NULL", "#N/A", "1e400", "0x10", "1_0", "٣", "\u00a0"),
    *("536560", "178413", "536.560,5", "536,560.5", "178413,25", "-0.034", "51,48", "0", "-0", "0,0", "1e5", "+5"),
    *("POINT (536560 178413)", "POINT Z (1 2 3)", "POINT EMPTY", "SRID=27700;POINT(5 5)", "POINT (a b)", "01:02"),
    *("01/02/2026 10:00", "31/12/2025 24:00", "2026-01-02T10:00:00+99:99", "2026-01", "Jan 2026", "46022.5", "46022"),
    *(
        "29/03/2026 01:30",
        "26/10/2025 01:30",
        "0001-01-01 00:00",
        "9999-12-31T23:59:59Z",
        "0000-00-00",
        "1767222000000",
    ),
    *(
        "12:30 pm",
        "0.75",
        "1805",
        "25:99",
        "00:00",
        "2025-10-26T00:30:00Z",
        "2025-10-26T01:30:00+01:00",
        "today",
        "now",
    ),
)

words = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
numbers = st.one_of(st.floats(), st.integers(-(10**18), 10**18), st.floats(530_000, 540_000), st.floats(-1, 60))
moments = st.one_of(st.datetimes(), st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2026, 1, 1)))
values = st.one_of(words, words, numbers, moments, st.dates(), st.times(), st.booleans(), st.none())
headers = st.one_of(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=8),
    st.lists(st.sampled_from(NAMES), max_size=4).map(lambda names: [*USUAL, *names]),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    header = draw(headers)
    plausible = st.tuples(*(st.sampled_from(PLAUSIBLE[name]) if name in PLAUSIBLE else values for name in header))
    arbitrary = st.lists(values, min_size=len(header), max_size=len(header))
    rows = draw(st.lists(st.one_of(plausible.map(list), arbitrary), max_size=6))
    return header, rows


@st.composite
def damage(draw: st.DrawFn, content: bytes) -> bytes:
    """Most often as it was; otherwise cut off, or with some bytes replaced or put in between."""
    kind = draw(st.sampled_from(("none", "none", "none", "cut", "replace", "insert")))
    at = int(draw(st.floats(0, 1)) * len(content))
    some = draw(st.binary(min_size=1, max_size=6))
    if kind == "none":
        return content
    if kind == "cut":
        return content[:at]
    return content[:at] + some + content[at + (len(some) if kind == "replace" else 0) :]


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    header, rows = draw(tables())
    delimiter = draw(st.sampled_from(",;\t|"))
    line_end = draw(st.sampled_from(("\n", "\r\n", "\r", "\n\n")))
    quoted = draw(st.booleans())

    def write(row: Sequence[Any]) -> str:
        fields = ["" if value is None else str(value) for value in row]
        if quoted:
            fields = ['"' + field.replace('"', '""') + '"' for field in fields]
        return delimiter.join(fields)

    titles = draw(st.lists(st.sampled_from(("", "Crimes of January", 'a "title', "x;y", ",,")), max_size=2))
    extra = draw(st.lists(st.sampled_from(("", ",,,", '"', "a;b", '"open', "\x00")), max_size=2))
    text = line_end.join([*titles, *(write(row) for row in [header, *rows]), *extra])
    text += draw(st.sampled_from(("", line_end, delimiter, '"')))
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")))
    return draw(damage(text.encode(encoding, errors="replace")))


@st.composite
def workbooks(draw: st.DrawFn) -> bytes:
    workbook = openpyxl.Workbook()
    for number in range(draw(st.integers(1, 2))):
        sheet = workbook.active if number == 0 else workbook.create_sheet()
        assert sheet is not None
        header, rows = draw(tables())
        for _ in range(draw(st.integers(0, 1))):
            sheet.append(["A title"])
        for row in [header, *rows]:
            sheet.append([_for_a_cell(value) for value in row])
    content = io.BytesIO()
    workbook.save(content)
    return draw(damage(content.getvalue()))


def _for_a_cell(value: Any) -> Any:
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value).replace("\ufffe", "").replace("\uffff", "")
        return value.encode("utf-8", errors="ignore").decode()
    if isinstance(value, dt.date) and value.year < 1901:
        return str(value)
    if isinstance(value, (float, int)) and not np.isfinite(value):
        return str(value)
    return value


def _by_column(header: list[str], rows: list[list[Any]]) -> dict[str, list[Any]]:
    return {name: [row[position] for row in rows] for position, name in enumerate(header)}


@st.composite
def parquets(draw: st.DrawFn) -> bytes:
    header, rows = draw(tables())
    arrays = []
    for column in _by_column([str(n) for n in range(len(header))], rows).values():
        kinds: tuple[type, ...] = draw(st.sampled_from(((str,), (float,), (dt.datetime,), (dt.date,), (dt.time,))))
        arrays.append(pa.array([value if type(value) in kinds else None for value in column]))
    table = pa.Table.from_arrays(arrays, names=header)
    if draw(st.booleans()):
        geo = draw(st.sampled_from((b"", b"[]", b'{"primary_column": "Location", "columns": {}}',
            b'{"primary_column": "Location", "columns": {"Location": {"encoding": "WKB"}}}',
            b'{"primary_column": "g", "columns": {"g": {"encoding": "WKB"}}}',
            b'{"primary_column": "Location", "columns": {"Location": "WKB"}}',
            b'{"primary_column": "Location", "columns": {"Location": {"encoding": "point", "crs": {"a": 1}}}}',
        )))  # fmt: skip
        table = table.replace_schema_metadata({b"geo": geo})
    content = io.BytesIO()
    pa.parquet.write_table(table, content, row_group_size=draw(st.integers(1, 4)))
    return draw(damage(content.getvalue()))


coordinates = st.lists(st.one_of(st.floats(-1, 60), st.floats(), st.integers(), st.none()), max_size=3)
geometries = st.one_of(
    st.none(),
    st.just({"type": "Point", "coordinates": [-0.03, 51.48]}),
    st.builds(lambda at: {"type": "Point", "coordinates": at}, coordinates),
    st.builds(lambda at: {"type": "MultiPoint", "coordinates": [at]}, coordinates),
    st.builds(lambda at: {"type": "Polygon", "coordinates": [[at] * 4]}, coordinates),
)


@st.composite
def geojsons(draw: st.DrawFn) -> bytes:
    header, rows = draw(tables())
    features = [
        {
            "type": "Feature",
            "properties": {
                name: value if value is None or isinstance(value, (str, int, float)) else str(value)
                for name, value in zip(header, row, strict=True)
            },
            "geometry": draw(geometries),
        }
        for row in rows
    ]
    for feature in features[: draw(st.integers(0, 1))]:
        feature["properties"]["Location"] = draw(st.sampled_from((["a", "b"], {"a": 1}, [])))
    return draw(damage(json.dumps({"type": "FeatureCollection", "features": features}).encode()))


@st.composite
def archives(draw: st.DrawFn) -> bytes:
    content = io.BytesIO()
    names = st.sampled_from(
        ("a.csv", "b.csv", "../c.csv", "/d.tsv", "e.csv.gz", "f.xlsx", "g.parquet", "h.txt", "é.csv")
    )
    with zipfile.ZipFile(content, "w", draw(st.sampled_from((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))) as archive:
        for name in draw(st.lists(names, unique=True, max_size=3)):
            member = draw(texts())
            archive.writestr(name, gzip.compress(member) if name.endswith(".gz") else member)
    return draw(damage(content.getvalue()))


contents = {
    ".csv": texts(),
    ".txt": texts(),
    ".tsv": texts(),
    ".csv.gz": texts().map(lambda content: gzip.compress(content, mtime=0)).flatmap(damage),
    ".xlsx": workbooks(),
    ".xls": st.one_of(
        workbooks(), st.binary(max_size=600).map(lambda tail: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + tail)
    ),
    ".parquet": parquets(),
    ".geojson": geojsons(),
    ".zip": archives(),
}


def require_an_account(path: Path) -> None:
    """Rows are conserved, each known by its file and row; or there is an error with words."""
    try:
        intake = read_incidents([path])
    except HotspotsError:
        return
    assert len(intake.incidents) + len(intake.rejected) == sum(file.n_rows for file in intake.inputs)
    both = pd.concat([intake.incidents[["source", "source_row"]], intake.rejected[["source", "source_row"]]])
    assert not both.astype({"source": "object"}).duplicated().any()
    assert intake.incidents.index.is_unique
    assert intake.incidents["started_at"].notna().all()
    assert np.isfinite(intake.incidents.geometry.x).all()
    assert intake.rejected["reason"].notna().all()


@slow
@given(data=st.data(), suffix=st.sampled_from(sorted(contents)))
@pytest.mark.slow
def test_any_file_is_accounted_for_or_refused(tmp_path: Path, data: st.DataObject, suffix: str) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(data.draw(contents[suffix]))
    require_an_account(path)


@slow
@given(
    suffix=st.sampled_from((*contents, ".gpkg", ".shp", ".json", ".geoparquet", ".xlsm", ".tab")),
    content=st.one_of(st.binary(max_size=200), st.one_of(*contents.values())),
)
def test_any_content_under_any_name_is_accounted_for_or_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    require_an_account(path)


@settings(slow, max_examples=15)
@given(table=tables(), data=st.data())
def test_any_geopackage_is_accounted_for_or_refused(
    tmp_path: Path, table: tuple[list[str], list[list[Any]]], data: st.DataObject
) -> None:
    header, rows = table
    path = tmp_path / "file.gpkg"
    path.unlink(missing_ok=True)
    columns = {
        name: [None if value is None else _for_a_cell(str(value)) for value in column]
        for name, column in _by_column(header, rows).items()
        if name not in ("", "fid", "geometry.x", "geometry.y")
    }
    columns = {name: column for name, column in columns.items() if name.lower() not in ("geometry", "geom")}
    points = [data.draw(st.sampled_from((None, shapely.Point(536560, 178413), shapely.Point(5, 5)))) for _ in rows]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(points, crs="EPSG:27700"))
    frame.to_file(path, layer="crimes")
    path.write_bytes(data.draw(damage(path.read_bytes())))
    require_an_account(path)
