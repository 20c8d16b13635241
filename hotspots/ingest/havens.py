"""Files of safe havens (CSV, GeoJSON, GeoPackage) to the havens table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import opening_hours
import pandas as pd

from hotspots.contracts import HAVEN_COLUMNS
from hotspots.errors import DataError
from hotspots.geography.projection import (
    BRITISH_NATIONAL_GRID,
    project_lonlat,
    to_national_grid,
    unproject_grid,
)
from hotspots.ingest.files import (
    CSV_SUFFIXES,
    InputFile,
    expand_paths,
    fingerprint,
    open_tables,
    read_text_table,
    refuse_repeats,
)
from hotspots.ingest.parsing import blank, location_reasons, parse_coordinates, said_once

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
        n_without_location: Havens left out because they have no usable location.
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
    for path in expand_paths(paths, suffixes=SUFFIXES, what="safe havens"):
        is_text = path.name.lower().endswith(CSV_SUFFIXES)
        table = _read_csv(path) if is_text else _read_layer(path)
        tables.append(table)
        inputs.append(
            InputFile(
                path=path.as_posix(),
                sha256=fingerprint(path),
                n_rows=len(table),
                layout="safe havens",
                data_status=said_once(table["data_status"]),
            )
        )
    refuse_repeats(inputs)
    havens = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=BRITISH_NATIONAL_GRID)
    located = np.isfinite(havens.geometry.x) & np.isfinite(havens.geometry.y)
    numbered = pd.Series([f"H{number:03d}" for number in range(1, len(havens) + 1)], index=havens.index)
    havens["haven_id"] = havens["haven_id"].astype("object").fillna(numbered)
    if havens["haven_id"].duplicated().any():
        again = havens.loc[havens["haven_id"].duplicated(), "haven_id"].iloc[0]
        raise DataError(f"A haven_id must be given once; {again} is given twice. Number the havens afresh.")
    stated = havens["opening_hours"].notna()
    readable = havens["opening_hours"].map(lambda hours: isinstance(hours, str) and opening_hours.validate(hours))
    havens["opening_hours"] = havens["opening_hours"].astype("object").where(readable.astype(bool), None)
    return Havens(
        havens=havens[located].set_index("haven_id")[list(HAVEN_COLUMNS)],
        inputs=tuple(inputs),
        n_without_location=int((~located).sum()),
        n_hours_unreadable=int((stated & ~readable.astype(bool)).sum()),
    )


def _read_csv(path: Path) -> gpd.GeoDataFrame:
    label, content = next(open_tables(path))
    wanted = {*_TEXT, *_GRID, *_DEGREES}
    columns = read_text_table(content, wanted.__contains__, label=label).columns
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
    return gpd.GeoDataFrame(
        {column: columns.get(column, blank(name)).astype("object") for column in _TEXT},
        geometry=gpd.points_from_xy(easting, northing),
        crs=BRITISH_NATIONAL_GRID,
    )


def _read_layer(path: Path) -> gpd.GeoDataFrame:
    label = path.as_posix()
    frame = gpd.read_file(path)
    if "name" not in frame.columns or not (frame.geometry.geom_type == "Point").all():
        kinds = ", ".join(sorted(set(frame.geometry.geom_type.dropna()))) or "no features"
        raise DataError(
            f"A haven file needs points and a name column; {label} holds {kinds} with the columns "
            f"{', '.join(map(str, frame.columns))}. Export the points with their names."
        )
    if frame.crs is None:
        raise DataError(f"Safe havens must state their CRS; {label} has none. Set it in QGIS and export it again.")
    for column in _TEXT:
        if column not in frame.columns:
            frame[column] = None
    return to_national_grid(frame)[[*_TEXT, "geometry"]].astype(dict.fromkeys(_TEXT, "object"))
