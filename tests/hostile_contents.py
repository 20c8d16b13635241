"""Contents of files, broken and hostile by chance: tables, outlines and settings, in every wrapping.

A sound table is made first, then spoiled: its cells and headers, its shapes, its text, its bytes. Each way of spoiling
has a name, by which it is counted. Nothing here does harm by itself; what could is made by chance when it runs.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import math
import re
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import shapely
from generated_files import CRS, EAST_M, NORTH_M, SIDE_M, make_wards, to_degrees
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from support import make_old_workbook

from hotspots.geography import POLICE_UK

Random = np.random.Generator
Cells = list[list[Any]]
Role = Literal[
    "incidents", "boundaries", "lsoas", "havens", "residents", "terms", "peers", "postcodes", "settings",
    "streets", "premises", "schools", "marks", "records", "plan", "places",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)
SHAPED = frozenset({"streets", "premises", "schools", "marks", "records", "plan", "places", "incidents", "havens"})
"""Roles whose rows lie somewhere, by columns or by shapes."""

FORMULA, MARKUP, TEMPLATE, RAN = "=1+1", "<script>alert(1)</script>", "{{ 6007 * 7 }}", "42049"

CELLS: dict[str, tuple[Any, ...]] = {
    "number": (
        *("1e308", "-1e308", "1e-320", "nan", "inf", "-inf", "0x1F", "1_000", "1,5", "1,000.5", "\u0661\u0662", "--1"),
        *("-0", "\u00bd", "0.5", "9" * 400, "0." + "3" * 400, 1e308, -5, 2**63, 0.1, math.nan, math.inf, None, ""),
    ),
    "date": (
        *("01/01/0000", "0000-00-00", "31/12/9999 23:59", "99999-01-01", "30/02/2025", "2025-02-30T10:00"),
        *("29/02/2025", "13/13/2025", "00/00/0000", "2025-W53-7", "2025-366", "99999999", "-45000", "2958466", "1e10"),
        *("0001-01-01", "31/12/1899", "29/02/1900", "2025-13", "Febtober 2025", "9999-99-99", "253402300800", 1e300),
    ),
    "time": (
        *("24:00", "25:61", "01/02/2025 24:00", "01/02/2025 25:61", "2025-06-01T12:00+99:99", "-01:00", "23:59:60"),
        *("30/03/2025 01:30", "26/10/2025 01:30", "13:00pm", "1899-12-30 12:00", "2400", "99999", "0.99999999", -0.5),
    ),
    "place": (
        *("-0.03", "51.45", "1e9", "181", "-91", "POINT EMPTY", "POINT (nan nan)", "POINT Z (538100 174100 5)"),
        *("POINT ZM (538100 174100 5 6)", "SRID=4326;POINT(0 51)", "POLYGON ((0 0, 1 1, 1 0", "51.45, -0.03, 5"),
        *("GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (POINT (3 4)))", "TQ", "TQ 9999999999 1", "ZZ1 9ZZ"),
    ),
    "formula": (FORMULA, "+1+1", "-1+1", "@SUM(1,1)", "\t=1+1", "\n=1+1", " =1+1", "\uff1d1+1", "'=1+1", '"=1+1"'),
    "markup": (MARKUP, "<img src=x onerror=alert(1)>", "</script><b>", "<!--", "]]>", "&lt;b&gt;", "'\"><i>", "&#x3c;"),
    "template": (TEMPLATE, "{% if %}", "{# x", "${6007 * 7}", "`", "%s %(a)d %", "{0} {a!r}", "\\1 \\g<0>", "\\u0000"),
    "control": ("\x1b[31m", "\x1b]0;a\x07", "\r", "\x08\x08", "\x9b31m", "\x7f", "\x00", "\x0c", "\x1a"),
    "direction": ("\u202e", "\u2066a\u2069", "\u200f", "\ufeff", "\u200b", "\u061c", "\u2060"),
    "combining": ("e" + "\u0301" * 200, "\u0345", "\ufdfa" * 20, "\U0001f469\u200d\U0001f469", "\u0130\u1e9e"),
    "half of a character": ("\ud83d", "\udc00", "Rye \ud83d Lane"),
    "lines": ("a\nb", "a\r\nb", "a\u2028b", "a\x0bb", "\n\n", "\n", "a\n1,2,3\nb", "\x85"),
    "path": ("../../escaped.csv", "..\\escaped", "a/../../b", "CON", "~/escaped", "file:///escaped", ".", "/"),
    "long": ("x" * 100_000, "9" * 100_000, "Rye Lane " * 10_000, ("a" * 50 + "@") * 100, "(" * 999, " " * 50_000 + "x"),
    "object": ('{"a": {"b": 1}}', "[1, 2]", "{'a': 1", "[" * 50, "null", "{}"),
}  # fmt: skip
"""What stands in cells, headers and names of files, by kind."""

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e308, 1e-320, math.nan, math.inf, 10**400, "", "x", [], {}, [[]], {"": {}}, [None]),
)
"""What stands in trees of JSON and TOML where something else should."""

SHAPES: dict[str, Callable[[float, float], Any]] = {
    "null": lambda x, y: None,
    "empty point": lambda x, y: shapely.Point(),
    "empty outline": lambda x, y: shapely.Polygon(),
    "empty collection": lambda x, y: shapely.GeometryCollection(),
    "point with height": lambda x, y: shapely.Point(x, y, 5),
    "point with measure": lambda x, y: shapely.from_wkt(f"POINT ZM ({x} {y} 5 6)"),
    "swapped point": lambda x, y: shapely.Point(y, x),
    "point out of range": lambda x, y: shapely.Point(x * 1e300, -1e308),
    "point without numbers": lambda x, y: shapely.Point(np.nan, np.nan),
    "several points": lambda x, y: shapely.MultiPoint([(x, y), (x + 9, y)]),
    "line": lambda x, y: shapely.LineString([(x, y), (x + 9, y)]),
    "outline": lambda x, y: shapely.box(x, y, x + 9, y + 9),
    "nested collection": lambda x, y: shapely.GeometryCollection(
        [shapely.GeometryCollection([shapely.Point(x, y), shapely.GeometryCollection()])]
    ),
    "crossing itself": lambda x, y: shapely.Polygon([(x, y), (x + 900, y + 900), (x + 900, y), (x, y + 900)]),
    "without area": lambda x, y: shapely.Polygon([(x, y), (x + 900, y), (x, y)]),
    "sliver": lambda x, y: shapely.box(x, y, x + 1e-9, y + 900),
    "hole outside": lambda x, y: shapely.Polygon(
        shapely.box(x, y, x + 900, y + 900).exterior, [shapely.box(x + 2000, y, x + 2100, y + 100).exterior]
    ),
    "outlines that overlap": lambda x, y: shapely.MultiPolygon([shapely.box(x, y, x + 900, y + 900)] * 2),
    "hundreds of parts": lambda x, y: shapely.MultiPolygon(
        [shapely.box(x + 40 * i, y + 40 * j, x + 40 * i + 20, y + 40 * j + 20) for i in range(20) for j in range(20)]
    ),
    "hundreds of corners": lambda x, y: shapely.Point(x + 400, y + 400).buffer(300, quad_segs=200),
    "the whole world": lambda x, y: shapely.box(-1e7, -1e7, 1e7, 1e7),
    "wards twice": lambda x, y: shapely.box(EAST_M, NORTH_M, EAST_M + SIDE_M, NORTH_M + SIDE_M),
    "far away": lambda x, y: shapely.box(x + 3e5, y, x + 3e5 + 900, y + 900),
}
"""Shapes that stand where a point or an outline should, by name."""

TEXTS = {"csv": ",", "semicolon": ";", "tsv": "\t", "bar": "|"}
TABLES = (*TEXTS, "csv", "csv.gz", "zip", "xlsx", "xlsx", "xls", "parquet")
LAYERS = ("geojson", "geojson", "kml", "kmz", "gpkg", "shp.zip")
UNREAD = ("html", "jsonl", "feather", "xml")
"""Kinds of files that are not read, and have to be refused with words."""
FORMATS: dict[Role, tuple[str, ...]] = {
    "incidents": (*TABLES, *LAYERS, "json", "json", "geoparquet", *UNREAD),
    "boundaries": LAYERS,
    "lsoas": LAYERS,
    "havens": (*TABLES, *LAYERS, "json", "geoparquet"),
    "residents": TABLES,
    "terms": TABLES,
    "peers": TABLES,
    "postcodes": ("csv", "csv.gz", "zip", "csv"),
    "settings": ("toml",),
    "streets": (*LAYERS, "geoparquet"),
    **dict.fromkeys(("premises", "schools", "marks", "places"), (*TABLES, *LAYERS, "json", "geoparquet")),
    "records": (*TABLES, "geojson", "gpkg", "shp.zip", "json", "geoparquet"),  # KML has a time of its own
    "plan": (*TABLES, "json"),
}
SUFFIXES = (
    *(".csv", ".txt", ".tsv", ".csv.gz", ".gz", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet", ".geoparquet"),
    *(".feather", ".json", ".jsonl", ".geojson", ".kml", ".kmz", ".gpkg", ".shp", ".zip", ".html", ".xml", ".toml", ""),
)

UNCOUNTABLE = frozenset(("wrong value in a tree", "several members", "Number of offences"))
"""Ways of spoiling, and a column, after which nobody can tell how many rows there are."""

HOURS = (
    "Mo-Fr 09:00-17:00",
    "24/7",
    "PH off",
    "Mo-Su 00:00-24:00 || off",
    "sunrise-sunset",
    "Mo-Fr 25:00-99:99",
    "by appointment",
)


@dataclass(kw_only=True)
class Lures:
    """Where nothing may go.

    Attributes:
        address: Of somebody who listens on this machine.
        folder: A folder that is not one of products.
    """

    address: str
    folder: Path


@dataclass(kw_only=True)
class Content:
    """What one file holds.

    Attributes:
        role: What it is given as.
        name: Of the file.
        data: Its bytes.
        kinds: How it was made, by name.
        n_rows: Rows that it has, if it is read at all; None where nobody can tell.
        is_sound: Whether nothing is wrong with it.
    """

    role: Role
    name: str
    data: bytes
    kinds: list[str]
    n_rows: int | None
    is_sound: bool


@dataclass(kw_only=True)
class _Table:
    """A table on its way to a file."""

    header: list[Any]
    rows: Cells
    shapes: list[Any] = field(default_factory=list)
    is_countable: bool = True


def make_content(random: Random, role: Role, lures: Lures) -> Content:
    """A file of a role, as sound or as spoiled as chance makes it."""
    return _Maker(random, role, lures).make()


class _Maker:
    def __init__(self, random: Random, role: Role, lures: Lures) -> None:
        self.random, self.role, self.lures = random, role, lures
        self.kinds: list[str] = []

    def make(self) -> Content:
        if self.role == "settings":
            data, suffix, n_rows = self.make_settings().encode("utf-8", "surrogatepass"), ".toml", None
            how = "toml"
        else:
            table = self.make_table()
            for _ in range(self.pick((0, 0, 1, 1, 2, 3))):
                self.spoil_table(table)
            how = self.pick(FORMATS[self.role])
            try:
                data, suffix = self.wrap(table, how)
            except Exception as error:  # what a writer of this kind of file does not write stands in a text
                if not self.kinds:
                    raise
                how = "geojson" if self.role in ("boundaries", "lsoas", "streets") else "csv"
                self.kinds.append(f"instead of {type(error).__name__}")
                data, suffix = self.wrap(table, how)
            is_countable = table.is_countable and not UNCOUNTABLE & {*self.kinds, *map(str, table.header)}
            n_rows = len(table.rows) if is_countable else None
        for _ in range(self.pick((0, 0, 0, 0, 0, 1, 1, 2)) * (self.role != "settings" or self.chance(0.4))):
            data, suffix = self.damage(data, suffix)
            n_rows = None
        name = self.name_file()
        is_sound = how not in UNREAD and not self.kinds
        return Content(
            role=self.role, name=name + suffix, data=data, kinds=[how, *self.kinds], n_rows=n_rows, is_sound=is_sound
        )

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[int(self.random.integers(len(choices)))]

    def chance(self, p: float) -> bool:
        return bool(self.random.random() < p)

    def place(self, length: int) -> int:
        return int(self.random.integers(length + 1))

    def make_cell(self, where: str) -> Any:
        kind = self.pick([*CELLS, "link"])
        self.kinds.append(f"{kind} {where}")
        if kind == "link":
            return self.lures.address
        if kind == "path" and self.chance(0.3):
            return f"{self.lures.folder}/escaped"
        return self.pick(CELLS[kind])

    # Tables as they should be.

    def make_table(self) -> _Table:
        n = int(self.pick((1, 2, 5, 12, 40)))
        east = EAST_M + self.random.integers(1, 2 * SIDE_M, n)
        north = NORTH_M + self.random.integers(1, 2 * SIDE_M, n)
        points = [shapely.Point(x, y) for x, y in zip(east.tolist(), north.tolist(), strict=True)]
        wards = [f"E0509000{i}" for i in range(4)]
        columns: dict[str, Any]
        match self.role:
            case "incidents":
                day = pd.Timestamp("2024-01-01") + pd.to_timedelta(self.random.integers(0, 730, n), unit="D")
                minute = pd.to_timedelta(self.random.integers(1, 1440, n), unit="min")
                at = (day + minute).strftime("%d/%m/%Y %H:%M")
                columns = {
                    "Crime Ref": [f"H{i}/{self.random.integers(10**6)}" for i in range(n)],
                    "Offence": "Robbery",
                    "Date From": at,
                    "Easting": east,
                    "Northing": north,
                    "Location": "Rye Lane",
                }
                if self.chance(0.2):
                    columns = self.make_police_uk(columns)
                elif self.chance(0.1):
                    columns |= {"Number of offences": self.random.integers(1, 5, n)}
                more = {
                    "Date To": at, "Knife Flag": "N", "Postcode": "SE15 4ST", "LSOA code": "E01000001", "Ward": "Ashe",
                    "Location Type": "Street", "Grid Ref": "TQ 38100 74100", "Beat": "PK1", "Name": "x", "Time": "1:30",
                }  # fmt: skip
                columns |= {name: more[name] for name in more if self.chance(0.15)}
            case "boundaries" | "lsoas":
                squares = make_wards()
                columns = {"ward_code": wards, "ward_name": squares["ward_name"], "borough": "Testham"}
                columns |= {"population": 900} if self.chance(0.5) else {}
                points = list(squares.geometry)
            case "havens":
                columns = {"name": [f"Library {i}" for i in range(n)], "kind": "library", "easting": east}
                columns |= {"northing": north}
                hours = ("Monday", "Tuesday", "Sunday") if self.chance(0.3) else ("opening_hours",)
                columns |= {name: [self.pick(HOURS) for _ in range(n)] for name in hours}
            case "streets":
                columns = {"name": [f"{name} Road" for name in range(n)], "highway": "residential", "foot": "yes"}
                points = [shapely.LineString([(at.x, at.y), (at.x + 100, at.y + 50)]) for at in points]
            case "premises":
                columns = {"name": [f"The Crown {i}" for i in range(n)], "kind": "pub", "easting": east}
                columns |= {"northing": north, "opening_hours": [self.pick(HOURS) for _ in range(n)]}
            case "schools":
                columns = {"URN": range(100_000, 100_000 + n), "SchoolName": "Elm School"}
                columns |= {"status": "Open", "phase": "Primary"}
                columns |= {"Easting": east, "Northing": north}
            case "marks":
                columns = {"feeling": self.random.choice(["safe", "unsafe"], n), "time of day": "after school"}
                columns |= {"school": "Elm School", "comment": "Mr Smith", "easting": east, "northing": north}
            case "records":
                at = pd.Timestamp("2025-10-26 00:10") + pd.to_timedelta(np.arange(n) * 7, unit="min")
                columns = {"callsign": "PC Smith", "timestamp": at.strftime("%Y-%m-%d %H:%M:%S")}
                columns |= {"easting": east, "northing": north}
            case "plan":
                at = pd.Timestamp("2025-10-26 00:10") + pd.to_timedelta(np.arange(n) * 20, unit="min")
                ends = at + pd.Timedelta(15, unit="min")
                columns = {"patrol": 1, "arrive_at": at.astype(str), "leave_at": ends.astype(str), "place": "Rye Lane"}
                columns |= {"easting": east, "northing": north}
            case "places":
                columns = {"rank": range(1, n + 1), "place": "Rye Lane", "easting": east, "northing": north}
            case "residents":
                columns = {"ward_code": wards, "ward_name": list("abcd"), "population": [900, 0, 14_000, 1]}
            case "terms":
                columns = {"name": ["Autumn term", "Spring term"], "first_day": ["2024-09-02", "2025-01-06"]}
                columns |= {"last_day": ["2024-12-20", "2025-04-04"]}
            case "peers":
                columns = {
                    "area": ["Northam", "Southam"],
                    "crime": "robbery",
                    "incidents": [300, 5],
                    "population": 9000,
                }
            case _:
                columns = {"postcode": "SE15 4ST", "quality": 10, "easting": east, "northing": north}
        frame = pd.DataFrame(columns).astype("object")
        shapes = points if self.role in (*SHAPED, "boundaries", "lsoas") else []
        return _Table(header=list(frame.columns), rows=frame.to_numpy().tolist(), shapes=shapes)

    def make_police_uk(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The same rows as data.police.uk gives them."""
        lon, lat = to_degrees(columns["Easting"], columns["Northing"], POLICE_UK)
        return {
            "Crime ID": [f"{int(number):064x}" for number in self.random.integers(1, 2**62, len(lon))],
            "Month": [text[6:10] + "-" + text[3:5] for text in columns["Date From"]],
            "Reported by": "Testham Police",
            "Falls within": "Testham Police",
            "Longitude": np.round(lon, 6),
            "Latitude": np.round(lat, 6),
            "Location": "On or near High Street",
            "LSOA code": "E01000001",
            "LSOA name": "Testham 001A",
            "Crime type": "Robbery",
            "Last outcome category": None,
            "Context": None,
        }

    # Tables spoiled.

    def spoil_table(self, table: _Table) -> None:
        ways: list[Callable[[_Table], None]] = [*[self.spoil_cells] * 4, *[self.spoil_header] * 2, self.spoil_rows]
        ways += [self.spoil_shapes] * (6 if self.role in ("boundaries", "lsoas") else 2) if table.shapes else []
        self.pick(ways)(table)

    def spoil_cells(self, table: _Table) -> None:
        if not table.rows:
            return
        column = int(self.random.integers(len(table.header)))
        rows = self.pick((table.rows, table.rows[:1], self.random.permutation(len(table.rows))[:3].tolist()))
        cell = self.make_cell("in a cell")
        how = self.pick(("instead", "instead", "before", "after"))
        for row in (table.rows[row] if isinstance(row, int) else row for row in rows):
            if column < len(row):
                row[column] = {"instead": cell, "before": f"{cell}{row[column]}", "after": f"{row[column]}{cell}"}[how]

    def spoil_header(self, table: _Table) -> None:
        n = len(table.header)
        column = int(self.random.integers(n))
        match self.pick(("cell", "cell", "cell", "doubled", "blank", "long", "many", "none")):
            case "cell":
                cell = self.make_cell("in a header")
                table.header[column] = self.pick(
                    (f"{table.header[column]}{cell}", f"{cell}{table.header[column]}", cell)
                )
            case "doubled":
                self.kinds.append("doubled header")
                table.header.append(table.header[column])
                for row in table.rows:
                    row.append(row[column] if column < len(row) else None)
            case "blank":
                self.kinds.append("blank header")
                table.header[column] = self.pick(("", " ", None))
            case "long":
                self.kinds.append("header of 10 kB")
                table.header[column] = f"{table.header[column]} {'x' * 10_000}"
            case "many":
                self.kinds.append("thousands of columns")
                more = int(self.pick((1_000, 3_000, 20_000 // max(len(table.rows), 1))))
                table.header += [self.pick((f"Date {i}", f"c{i}", "Date")) for i in range(more)]
                for row in table.rows:
                    row += ["1"] * more
            case "none":
                self.kinds.append("without a header")
                table.is_countable = False
                table.header[:] = [str(value) for value in (table.rows or [table.header])[0]][:n]

    def spoil_rows(self, table: _Table) -> None:
        match self.pick(("none", "ragged", "twice", "blank", "header", "title")):
            case "none":
                self.kinds.append("only a header")
                table.rows.clear()
                table.shapes.clear()
                return
            case "ragged":
                self.kinds.append("ragged rows")
                for row in table.rows[:: int(self.pick((1, 2, 3)))]:
                    row[:] = [*row, "", "x"] if self.chance(0.5) else row[: self.place(len(row))]
                    table.is_countable &= bool(row)
            case "twice":
                self.kinds.append("rows twice")
                table.rows += [list(row) for row in table.rows]
                table.shapes += table.shapes
            case "blank":
                self.kinds.append("blank rows")
                table.is_countable = False
                table.rows += [[""] * len(table.header)] * 3
            case "header":
                self.kinds.append("header again")
                table.is_countable = False
                table.rows.insert(self.place(len(table.rows)), list(table.header))
            case "title":
                self.kinds.append("title above")
                table.is_countable = False
                table.rows.insert(0, list(table.header))
                table.header[:] = [self.make_cell("in a header")]
        if table.shapes:
            table.shapes = [table.shapes[i % len(table.shapes)] for i in range(len(table.rows))]

    def spoil_shapes(self, table: _Table) -> None:
        if not table.shapes:
            return
        kind = self.pick(list(SHAPES))
        self.kinds.append(kind)
        chosen = self.pick((range(len(table.shapes)), [self.place(len(table.shapes) - 1)]))
        for number in chosen:
            x, y = EAST_M + 10 + 50 * number, NORTH_M + 10
            table.shapes[number] = SHAPES[kind](x, y)

    # Tables to bytes.

    def wrap(self, table: _Table, how: str) -> tuple[bytes, str]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if how in (*LAYERS, "geoparquet"):
                return self.wrap_layer(table, how)
            return self.wrap_table(table, how)

    def wrap_table(self, table: _Table, how: str) -> tuple[bytes, str]:
        content = io.BytesIO()
        match how:
            case "csv.gz":
                return gzip.compress(self.write_text(table, ","), mtime=0), ".csv.gz"
            case "zip":
                with zipfile.ZipFile(content, "w", self.pick((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
                    archive.writestr("a.csv", self.write_text(table, ","))
                    for _ in range(self.pick((0, 0, 0, 1, 2))):
                        self.kinds.append("several members")
                        table.is_countable = False
                        name = self.pick(
                            ("../b.csv", "/c.csv", "d.txt", "..\\e.csv", "a.csv", "f.zip", "g.csv.gz", "", "h/")
                        )
                        archive.writestr(name, self.pick((b"", b"x", self.write_text(table, ";"))))
                return content.getvalue(), ".zip"
            case "xlsx":
                workbook = openpyxl.Workbook()
                for row in [table.header, *table.rows]:
                    workbook.active.append([_for_a_sheet(value) for value in row])
                workbook.save(content)
                return content.getvalue(), ".xlsx"
            case "xls":
                cells = [[_for_an_old_sheet(value) for value in row] for row in [table.header, *table.rows]]
                return make_old_workbook(cells, is_1904=self.chance(0.1)), ".xls"
            case "parquet":
                pyarrow.parquet.write_table(self.retype(pa.Table.from_pandas(_frame(table))), content)
                return content.getvalue(), ".parquet"
            case "feather":
                pyarrow.feather.write_feather(pa.Table.from_pandas(_frame(table)), content)
                return content.getvalue(), ".feather"
            case "json":
                records: Any = [dict(zip(map(str, table.header), row, strict=False)) for row in table.rows]
                return self.write_json(records), ".json"
            case "jsonl":
                records = [dict(zip(map(str, table.header), row, strict=False)) for row in table.rows]
                return b"\n".join(self.write_json(record) for record in records), ".jsonl"
            case "html" | "xml":
                rows = "".join(
                    f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>"
                    for row in [table.header, *table.rows]
                )
                return _encode(f"<{how}><table>{rows}</table></{how}>"), f".{how}"
        is_named = how == "tsv" or self.role != "incidents"
        return self.write_text(table, TEXTS[how]), ".tsv" if how == "tsv" else ".csv" if is_named or self.chance(
            0.6
        ) else ".txt"

    def retype(self, table: pa.Table) -> pa.Table:
        """A table with a column of a type that few programs write."""
        if not (self.kinds and self.chance(0.3)):
            return table
        self.kinds.append("odd type")
        at, n = self.place(table.num_columns - 1), table.num_rows
        whole = pa.array(self.random.integers(-(2**40), 2**40, n), pa.int64())
        odd = self.pick(
            (
                *(whole.cast(pa.timestamp(unit, zone)) for unit in ("s", "us") for zone in (None, "Asia/Tokyo")),
                *(whole.cast(pa.duration("s")), pa.nulls(n), whole.cast(pa.float64()), whole.cast(pa.string_view())),
                *(
                    pa.array([b"\xff"] * n),
                    pa.array([[1]] * n),
                    pa.array([{"a": 1}] * n),
                    whole.cast(pa.decimal128(30, 2)),
                ),
                *(
                    pa.array(self.random.integers(-(2**31), 2**31, n), pa.int32()).cast(pa.date32()),
                    whole.cast(pa.string()),
                ),
            )
        )
        return table.set_column(at, table.column_names[at], odd)

    def write_text(self, table: _Table, delimiter: str) -> bytes:
        opened = io.StringIO(newline="")
        ending = self.pick(("\n", "\r\n"))
        writer = csv.writer(opened, delimiter=delimiter, lineterminator=ending)
        writer.writerows([table.header, *table.rows])
        text = opened.getvalue()
        # old versions of the writer put no quotes about it, and then it ends a line
        table.is_countable &= ending != "\n" or "\r" not in text
        spoiled = self.pick((*[""] * 12, "mixed line ends", "open quote", "zero bytes", "odd encoding"))
        if not spoiled:
            return codecs.BOM_UTF8 * self.chance(0.2) + _encode(text)
        self.kinds.append(spoiled)
        table.is_countable = False
        match spoiled:
            case "mixed line ends":
                return _encode(re.sub("\n", lambda _: self.pick(("\n", "\r\n", "\r", "\n\n", "\u2028")), text))
            case "open quote":
                at = self.place(len(text))
                return _encode(f'{text[:at]}"{text[at:]}')
            case "zero bytes":
                at = self.place(len(text))
                return _encode(text[:at] + "\x00" * int(self.pick((1, 10, 1000))) + text[at:])
        encoding = self.pick(("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp1252", "cp037", "shift_jis"))
        return text.encode(encoding, "replace")

    def write_json(self, tree: Any) -> bytes:
        if self.chance(0.4):
            for _ in range(self.pick((1, 1, 2, 5))):
                tree = self.spoil_tree(tree)
        try:
            return json.dumps(tree, default=str, ensure_ascii=self.chance(0.5)).encode("utf-8", "surrogatepass")
        except (TypeError, ValueError):  # a key that is a number of digits without end
            return repr(tree).encode("utf-8", "surrogatepass")

    def spoil_tree(self, tree: Any) -> Any:
        """The same with something else at one place in it."""
        places: list[tuple[Any, Any]] = []
        stack = [tree]
        while stack and len(places) < 5_000:
            node = stack.pop()
            keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
            places += [(node, key) for key in keys]
            stack += [node[key] for key in keys]
        self.kinds.append("wrong value in a tree")
        match self.pick(("value", "value", "nest", "cell", "link")):
            case "value":
                wrong = self.pick(WRONG)
            case "nest":
                wrong = self.nest()
            case "cell":
                wrong = self.make_cell("in a tree")
            case _:
                wrong = {"type": "link", "properties": {"href": self.lures.address}}
        if not places or self.chance(0.03):
            return wrong
        node, key = places[int(self.random.integers(len(places)))]
        match self.pick(("instead", "instead", "instead", "gone", "key", "more")):
            case "instead":
                node[key] = wrong
            case "gone":
                del node[key]
            case "key" if isinstance(node, dict):
                node[str(self.make_cell("as a key"))] = node.pop(key)
            case "more" if isinstance(node, dict):
                node[self.pick(("crs", "type", "geometry", "x", "", "features", "bbox", "id"))] = wrong
            case _:
                node.append(wrong) if isinstance(node, list) else None
        return tree

    def nest(self) -> Any:
        nested: Any = 1
        for _ in range(int(self.pick((3, 40, 200)))):
            nested = [nested] if self.chance(0.5) else {"a": nested}
        return nested

    # Layers to bytes.

    def wrap_layer(self, table: _Table, how: str) -> tuple[bytes, str]:
        if self.role in SHAPED and (not self.kinds or self.chance(0.7)):
            keep = [i for i, name in enumerate(table.header) if str(name).lower() not in ("easting", "northing")]
            table = _Table(
                header=[table.header[i] for i in keep],
                rows=[[row[i] if i < len(row) else None for i in keep] for row in table.rows],
                shapes=table.shapes,
            )
        shapes = gpd.GeoSeries(table.shapes[: len(table.rows)], index=range(len(table.rows)), crs=CRS)
        crs = "right"
        if self.kinds and self.chance(0.2):
            crs = self.pick(("none", "wrong"))
            self.kinds.append(f"{crs} CRS")
        if how in ("geojson", "kml", "kmz") and crs == "right":
            shapes = shapes.to_crs("EPSG:4326")
        if how == "geojson":
            return self.write_geojson(table, shapes), self.pick((".geojson", ".geojson", ".json"))
        if how in ("kml", "kmz"):
            text = _encode(self.write_kml(table, shapes))
            if how == "kml":
                return text, ".kml"
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w") as archive:
                archive.writestr("doc.kml", text)
                if self.chance(0.3):
                    self.kinds.append("several members")
                    archive.writestr(self.pick(("../doc.kml", "b.kml", "a.png", "doc.kml")), self.pick((b"", text)))
            return content.getvalue(), ".kmz"
        crs_of = {"right": CRS, "none": None, "wrong": self.pick(("EPSG:4326", "EPSG:3857"))}
        frame = gpd.GeoDataFrame(_frame(table), geometry=shapes.set_crs(crs_of[crs], allow_override=True))
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            if how == "geoparquet":
                frame.to_parquet(folder / "a.parquet")
                self.spoil_geoparquet(folder / "a.parquet")
                return (folder / "a.parquet").read_bytes(), self.pick((".parquet", ".geoparquet"))
            if how == "gpkg":
                frame.to_file(folder / "a.gpkg", layer="layer")
                self.spoil_geopackage(folder / "a.gpkg")
                return (folder / "a.gpkg").read_bytes(), ".gpkg"
            frame.to_file(folder / "a.shp", encoding=self.pick(("utf-8", "cp1252")))
            content = io.BytesIO()
            with zipfile.ZipFile(content, "w") as archive:
                within = self.pick(("", "a/", "../") if self.kinds else ("", "a/"))
                for part in sorted(folder.iterdir()):
                    if self.kinds and self.chance(0.1):
                        self.kinds.append("part missing")
                        continue
                    archive.writestr(f"{within}{part.name}", part.read_bytes())
            return content.getvalue(), ".zip"

    def write_geojson(self, table: _Table, shapes: gpd.GeoSeries) -> bytes:
        features = []
        for row, shape in zip(table.rows, shapes, strict=True):
            geometry = None if shape is None else json.loads(shapely.to_geojson(shape))
            if geometry and self.kinds and self.chance(0.05):
                self.bend(geometry)
            properties = {str(name): value for name, value in zip(table.header, row, strict=False)}
            features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        return self.write_json({"type": "FeatureCollection", "features": features})

    def bend(self, geometry: dict[str, Any]) -> None:
        """Other coordinates than a geometry of its kind has."""
        at = geometry.get("coordinates")
        if not at:
            return
        self.kinds.append("bent coordinates")
        is_point = not isinstance(at[0], list)
        bent: Any = [
            *(
                [*at, 5],
                [*at, 5, 6],
                at[:1],
                [at],
                at[0],
                [],
                None,
                "x",
                {"a": 1},
                at[::-1],
                [str(at[0])],
                [1e308, -1e308],
            ),
            *([], [[]], [[[]]], [None, None]),
        ]
        if not is_point:
            bent += [
                [at[0][:-1], *at[1:]],
                [at[0][:2]],
                [at[0][:1]],
                [[point[::-1] if isinstance(point, list) else point for point in at[0]]],
                [[*at[0], None]],
            ]
        geometry["coordinates"] = self.pick(bent)

    def write_kml(self, table: _Table, shapes: gpd.GeoSeries) -> str:
        places = []
        as_html = self.chance(0.3)
        for row, shape in zip(table.rows, shapes, strict=True):
            cells = list(zip(map(str, table.header), map(str, row), strict=False))
            if as_html:
                html = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in cells)
                told = f"<description>{escape(f'<table>{html}</table>')}</description>"
            else:
                told = "".join(
                    f'<Data name="{escape(name, {chr(34): "&quot;"})}"><value>{escape(value)}</value></Data>'
                    for name, value in cells
                )
                told = f"<ExtendedData>{told}</ExtendedData>"
            places.append(f"<Placemark>{told}{self.write_kml_shape(shape)}</Placemark>")
        if self.kinds and self.chance(0.1):
            self.kinds.append("link in KML")
            places.append(f"<NetworkLink><Link><href>{self.lures.address}</href></Link></NetworkLink>")
        return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(places)}</Document></kml>'

    def write_kml_shape(self, shape: Any) -> str:
        if shape is None:
            return ""
        if self.kinds and self.chance(0.05):
            self.kinds.append("bent coordinates")
            at = self.pick(("", "x", "0", "0,51,5,6", "1e308,-1e308", "nan,nan", "51,0 0", ",", "0 51", "0,51\n\n0,51"))
            return f"<Point><coordinates>{at}</coordinates></Point>"
        if isinstance(shape, shapely.geometry.base.BaseMultipartGeometry):
            return f"<MultiGeometry>{''.join(map(self.write_kml_shape, shape.geoms))}</MultiGeometry>"
        outer = shape.exterior if isinstance(shape, shapely.Polygon) else shape
        at = " ".join(
            ",".join(map(repr, point)) for point in shapely.get_coordinates(outer, include_z=shape.has_z).tolist()
        )
        if isinstance(shape, shapely.Polygon):
            at = f"<LinearRing><coordinates>{at}</coordinates></LinearRing>"
            return f"<Polygon><outerBoundaryIs>{at}</outerBoundaryIs></Polygon>"
        return f"<{shape.geom_type}><coordinates>{at}</coordinates></{shape.geom_type}>"

    def spoil_geopackage(self, path: Path) -> None:
        """Give the layer of a GeoPackage a name that no program would give it, or something else that is not so."""
        if not (self.kinds and self.chance(0.4)):
            return
        with contextlib.closing(sqlite3.connect(path)) as opened:
            triggers = opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                opened.execute(f'DROP TRIGGER "{name}"')
            n = int(self.random.integers(-1, 100_000))
            blob = self.random.bytes(int(self.pick((1, 8, 60)))).hex()
            wrong = (
                ("false number of rows", f"UPDATE gpkg_ogr_contents SET feature_count = {n}"),
                ("spoiled geometry", f"UPDATE layer SET geom = x'{blob}' WHERE fid % 3 = 0"),
                ("spoiled geometry", "UPDATE layer SET geom = 'POINT (1 2)' WHERE fid % 3 = 0"),
                ("false geometry type", "UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVE', z = 1"),
                ("false geometry column", "UPDATE gpkg_geometry_columns SET column_name = 'x'"),
                ("false CRS", f"UPDATE gpkg_geometry_columns SET srs_id = {self.pick((0, -1, 4326, 99999))}"),
                ("layers not listed", "DELETE FROM gpkg_contents"),
                ("bytes as text", "UPDATE layer SET fid = fid + 7, geom = geom || x'00'"),
            )
            kind, query = self.pick((*wrong, ("", ""), ("", ""), ("", "")))
            if kind:
                self.kinds.append(kind)
                opened.execute(query)
            else:
                name = str(self.make_cell("as a layer")).replace("\0", "")[:200]
                quoted = name.replace('"', '""')
                opened.execute(f'ALTER TABLE layer RENAME TO "{quoted}"')
                for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_ogr_contents"):
                    opened.execute(f"UPDATE {table} SET table_name = ? WHERE table_name = 'layer'", [name])
            opened.commit()

    def spoil_geoparquet(self, path: Path) -> None:
        if not (self.kinds and self.chance(0.6)):
            return
        table = pyarrow.parquet.read_table(path)
        metadata = table.schema.metadata
        geo = self.write_json(self.spoil_tree(json.loads(metadata[b"geo"])))
        pyarrow.parquet.write_table(table.replace_schema_metadata(metadata | {b"geo": geo}), path)

    # Settings.

    def make_settings(self) -> str:
        tree: Any = {
            "crs": "EPSG:27700",
            "time_zone": "Europe/London",
            "country": "GB",
            "subdivision": "ENG",
            "incidents": ["good.csv"],
            "boundaries": "wards.geojson",
            "indicators": ["robbery", "knife-crime"],
            "targets": {"robbery": "-5%", "knife-crime": 40},
            "priorities": {"volume": 1, "trend": 2.5},
            "crimes": {"robbery": {"label": "Robbery", "plural": "robberies", "offences": ["Mugging"]}},
            "harm": {"severity": {"source": "x", "as_of": "2026", "robbery": 746}},
            "sources": {
                "mine": {
                    "files": "*.csv", "id": "Crime Ref", "offence": ["Offence"], "start": "Date From",
                    "easting": "Easting", "northing": "Northing", "location": "Location", "crs": "EPSG:27700",
                    "offences": {"Robbery": "robbery"}, "date_order": "day-first", "clock": "stated",
                    "is_monthly": False, "delimiter": ",", "encoding": "utf-8",
                }
            },
        }  # fmt: skip
        for key in list(tree):
            if self.chance(0.3):
                del tree[key]
        for _ in range(self.pick((0, 1, 1, 1, 2))):
            spoiled = self.spoil_tree(tree)
            tree = spoiled if isinstance(spoiled, dict) else {"crs": spoiled}
        for key in ("store", "layer", "country", "subdivision", "time_zone", "crs", "postcodes", "havens"):
            if self.chance(0.025):
                cell = self.make_cell(f"as {key}")
                tree[key] = self.pick(
                    (cell, cell, "XX", "Mars/Base", "EPSG:4326", "EPSG:99999", "EPSG:2154", "", "NIR")
                )
        if self.chance(0.05):
            self.kinds.append("deep key")
            depth = int(self.pick((3, 50, 400, 5_000)))
            key = self.pick(
                ("crs", "incidents", "targets.robbery", "sources.mine", "harm.severity", "priorities.trend")
            )
            return f"{key}.{'.'.join('a' * depth)} = 1\n"
        lines = [f"{_write_key(key)} = {_write_toml(value)}" for key, value in tree.items() if value is not None]
        if lines and self.chance(0.05):
            self.kinds.append("doubled key")
            lines.append(self.pick(lines))
        return "\n".join(lines) + "\n"

    # Bytes.

    def damage(self, data: bytes, suffix: str) -> tuple[bytes, str]:
        ways = (
            *(
                "flipped bytes",
                "flipped bytes",
                "cut",
                "cut",
                "part doubled",
                "part left out",
                "parts swapped",
                "byte order mark",
            ),
            *(
                "zeros",
                "wrong suffix",
                "wrong suffix",
                "empty",
                "only line ends",
                "only zeros",
                "digits",
                "brackets",
                "chance",
            ),
            *("members", "members", "members", "packed", "tag doubled") * (data[:2] == b"PK" or data[:1] in b"<["),
        )
        way = self.pick(ways)
        self.kinds.append(way)
        one, other = sorted((self.place(len(data)), self.place(len(data))))
        match way:
            case "flipped bytes":
                spoiled = bytearray(data)
                for _ in range(int(self.pick((1, 3, 20)))):
                    if spoiled:
                        spoiled[self.place(len(spoiled) - 1)] ^= 1 << int(self.random.integers(8))
                data = bytes(spoiled)
            case "cut":
                data = data[:other]
            case "part doubled":
                data = data[:other] + data[one:]
            case "part left out":
                data = data[:one] + data[other:]
            case "parts swapped":
                data = data[other:] + data[one:other] + data[:one]
            case "byte order mark":
                marks = (
                    codecs.BOM_UTF8,
                    codecs.BOM_UTF16_LE,
                    codecs.BOM_UTF16_BE,
                    codecs.BOM_UTF32_LE,
                    codecs.BOM_UTF32_BE,
                )
                data = self.pick(marks) * int(self.pick((1, 1, 2))) + data
            case "zeros":
                data = data[:one] + bytes(other - one) + data[other:]
            case "wrong suffix":
                suffix = self.pick(SUFFIXES)
            case "empty":
                data = b""
            case "only line ends":
                data = self.pick((b"\n", b"\r\n", b"\r", b"\x0c")) * int(self.pick((1, 1000)))
            case "only zeros":
                data = bytes(int(self.pick((1, 1000))))
            case "digits":
                found = [match.span() for match in re.finditer(rb"\d+", data[:100_000])]
                if found:
                    begin, end = self.pick(found)
                    data = data[:begin] + b"9" * int(self.pick((20, 400, 5_000))) + data[end:]
            case "brackets":
                depth = int(self.pick((50, 400, 2_000)))
                data = data[:one] + b"[" * depth + b"]" * depth * self.chance(0.7) + data[one:]
            case "chance":
                data = data[:one] + self.random.bytes(int(self.pick((1, 50)))) + data[one:]
            case "members":
                data = self.spoil_members(data)
            case "packed":
                data, suffix = gzip.compress(data, mtime=0), f"{suffix}.gz"
            case "tag doubled":
                found = [match.span() for match in re.finditer(rb"<[^<>]*>", data[:100_000])]
                if found:
                    begin, end = self.pick(found)
                    data = data[:end] + data[begin:end] * int(self.pick((1, 300))) + data[end:]
        return data, suffix

    def spoil_members(self, data: bytes) -> bytes:
        """An archive with another of its members, or another name of one."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(name, archive.read(name)) for name in archive.namelist()]
        except Exception:  # damaged before
            return data
        if not members:
            return data
        number = self.place(len(members) - 1)
        name, content = members[number]
        match self.pick(("swapped", "gone", "twice", "renamed", "spoiled", "empty")):
            case "swapped":
                other = self.place(len(members) - 1)
                members[number], members[other] = (name, members[other][1]), (members[other][0], content)
            case "gone":
                del members[number]
            case "twice":
                members.append((name, content[: self.place(len(content))]))
            case "renamed":
                members[number] = (
                    self.pick((f"../{name}", f"/{name}", name.upper(), f"{name}.csv", "a/" * 50 + name)),
                    content,
                )
            case "spoiled":
                members[number] = (name, self.damage(content, "")[0])
            case "empty":
                members[number] = (name, b"")
        packed = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            warnings.simplefilter("ignore")
            for name, content in members:
                archive.writestr(name, content)
        return packed.getvalue()

    def name_file(self) -> str:
        if self.role == "settings" or self.chance(0.85):
            return "input"
        cell = str(self.make_cell("in a name of a file")).replace("/", "_").replace("\0", "")
        return f"a{cell}"[: int(self.pick((20, 60)))]


def _frame(table: _Table) -> pd.DataFrame:
    """A table for writers that want one type in a column: numbers alone stay numbers."""
    width = len(table.header)
    rows = [(row + [None] * width)[:width] for row in table.rows]
    frame = pd.DataFrame(rows, columns=pd.Index(table.header, dtype="object"), dtype="object")
    for position in range(width):
        values = frame.iloc[:, position]
        if not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            frame.isetitem(position, [None if value is None else str(value) for value in values])
        else:
            frame.isetitem(position, values.to_numpy(dtype=np.float64))
    return frame


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _for_a_sheet(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("?", value).encode("utf-8", "replace").decode()[:32_000]


def _for_an_old_sheet(value: Any) -> Any:
    if isinstance(value, (int, float)):
        return float(value)
    return str(value or "").encode("latin-1", "replace").decode("latin-1")[:4_000]


def _write_key(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _write_toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list():
            return f"[{', '.join(_write_toml(item) for item in value if item is not None)}]"
        case dict():
            items = (f"{_write_key(key)} = {_write_toml(item)}" for key, item in value.items() if item is not None)
            return f"{{ {', '.join(items)} }}"
    return json.dumps(value, ensure_ascii=False)
