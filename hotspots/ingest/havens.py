"""Files of safe havens (CSV, GeoJSON, GeoPackage) to the havens table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import opening_hours
import pandas as pd
import shapely

from hotspots.contracts import HAVEN_COLUMNS
from hotspots.errors import DataError
from hotspots.geography.projection import (
    BRITISH_NATIONAL_GRID,
    lies_on_grid,
    project_lonlat,
    to_national_grid,
    unproject_grid,
)
from hotspots.ingest.files import CSV_SUFFIXES, FoundFile, InputFile, RepeatGuard, find_files, open_tables
from hotspots.ingest.layers import locate_layers, read_layer
from hotspots.ingest.parsing import blank, location_reasons, parse_coordinates, read_status
from hotspots.ingest.text_tables import read_text_table

SUFFIXES = (*CSV_SUFFIXES, ".geojson", ".gpkg")

_GRID = ("easting", "northing")
_DEGREES = ("longitude", "latitude")
_TEXT = ("haven_id", "name", "kind", "opening_hours", "data_status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Havens:
    """What came out of the haven files.

    Attributes:
        havens: The havens table of `hotspots.contracts`, in EPSG:27700.
        inputs: The files read.
        n_without_location: Havens left out because they have no usable location, or their row is malformed.
        n_hours_unreadable: Havens kept whose opening hours are not in OpenStreetMap syntax; `opening_hours` is
            missing for them, and they count as closed.
    """

    havens: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    n_without_location: int
    n_hours_unreadable: int


def read_havens(paths: Sequence[Path]) -> Havens:
    """Read safe havens.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file has no `name` column, no location columns or points, or no CRS; or was given twice.
    """
    tables: list[gpd.GeoDataFrame] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    n_malformed = 0
    for file in find_files(paths, suffixes=SUFFIXES, what="safe havens"):
        guard.check(file.sha256, label=file.label)
        is_text = file.path.name.lower().endswith(CSV_SUFFIXES)
        table, n_skipped = _read_csv(file) if is_text else (_read_points(file), 0)
        tables.append(table)
        n_malformed += n_skipped
        inputs.append(
            InputFile(
                path=file.label,
                table="safe havens",
                sha256=file.sha256,
                n_rows=len(table) + n_skipped,
                layout="safe havens",
                data_status=read_status(table["data_status"]),
            )
        )
    havens = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=BRITISH_NATIONAL_GRID)
    located = lies_on_grid(havens.geometry)
    if not located.any():
        raise DataError(
            f"None of the {len(havens) + n_malformed} safe havens read has a usable location. Check their easting and "
            "northing, and that each row has as many fields as the header: hours with a comma need quotes."
        )
    havens["haven_id"] = _number(havens["haven_id"])
    stated = havens["opening_hours"].notna()
    readable = havens["opening_hours"].map(lambda hours: isinstance(hours, str) and opening_hours.validate(hours))
    havens["opening_hours"] = havens["opening_hours"].astype("object").where(readable.astype(bool), None)
    return Havens(
        havens=havens[located].set_index("haven_id")[list(HAVEN_COLUMNS)],
        inputs=tuple(inputs),
        n_without_location=int((~located).sum()) + n_malformed,
        n_hours_unreadable=int((stated & ~readable.astype(bool)).sum()),
    )


def _number(ids: pd.Series) -> pd.Series:
    """The IDs given, as text, and numbers for those that have none.

    Raises:
        DataError: An ID is given twice.
    """
    given = ids.astype("object").map(str, na_action="ignore")
    again = given[given.notna() & given.duplicated()]
    if len(again):
        raise DataError(f"A haven_id must be given once; {again.iloc[0]} is given twice. Number the havens afresh.")
    used = set(given.dropna())
    free = (name for number in itertools.count(1) if (name := f"H{number:03d}") not in used)
    return given.map(lambda value: value if isinstance(value, str) else next(free)).astype("object")


def _read_csv(file: FoundFile) -> tuple[gpd.GeoDataFrame, int]:
    """The havens of a CSV file, and how many of its rows are malformed."""
    label, content = next(open_tables(file))
    wanted = {*_TEXT, *_GRID, *_DEGREES}
    table = read_text_table(content, wanted.__contains__, label=label)
    columns = table.columns
    pair = next((pair for pair in (_GRID, _DEGREES) if set(pair) <= columns.keys()), None)
    if "name" not in columns or pair is None:
        raise DataError(
            f"A haven file needs the columns name and easting, northing (or longitude, latitude); {label} has "
            f"{', '.join(columns) or 'none of them'}. Add kind and opening_hours for coverage by hour."
        )
    first, second = (parse_coordinates(columns[name]) for name in pair)
    if pair is _GRID:
        easting, northing = first.to_numpy(), second.to_numpy()
        check, _ = unproject_grid(easting, northing)
    else:
        easting, northing = project_lonlat(first, second)
        check = easting
    unusable = pd.notna(location_reasons(first, second, check))
    easting, northing = np.where(unusable, np.nan, easting), np.where(unusable, np.nan, northing)
    name = columns["name"]
    havens = gpd.GeoDataFrame(
        {column: columns.get(column, blank(name)).astype("object") for column in _TEXT},
        geometry=gpd.points_from_xy(easting, northing),
        crs=BRITISH_NATIONAL_GRID,
    )
    return havens, len(table.malformed_rows)


def _read_points(file: FoundFile) -> gpd.GeoDataFrame:
    address, layers = locate_layers(file, what="safe havens")
    spatial = [name for name, kind in layers if kind]
    frames = [read_layer(file, address, layer, what="safe havens") for layer in spatial]
    tables = []
    for frame in frames:
        plain = frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
        points = plain.rename(columns=lambda column: str(column).strip().casefold())
        if points.columns.has_duplicates:
            twice = points.columns[points.columns.duplicated()][0]
            raise DataError(f'{file.label} has two columns called "{twice}". Rename or remove one.')
        points = points.explode(ignore_index=True)
        kinds = set(points.geometry.geom_type.dropna())
        if "name" not in points.columns or not kinds <= {"Point"}:
            raise DataError(
                f"A haven file needs points and a name column; {file.label} holds {', '.join(sorted(kinds))} with the "
                f"columns {', '.join(map(str, frame.columns))}. Export the points with their names."
            )
        points.geometry = points.geometry.where(points.geometry.notna(), shapely.Point(np.nan, np.nan))
        tables.append(to_national_grid(points.reindex(columns=[*_TEXT, "geometry"]).set_crs(frame.crs)))
    if not tables:
        raise DataError(
            f"A haven file needs points and a name column; {file.label} holds tables without geometry. "
            "Export the points with their names."
        )
    havens = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=BRITISH_NATIONAL_GRID)
    return havens.astype(dict.fromkeys(_TEXT, "object"))
