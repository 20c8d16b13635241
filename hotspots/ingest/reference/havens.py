"""Files of safe havens (CSV, GeoJSON, GeoPackage) to the havens table."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import HAVEN_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    WGS84,
    describe_area,
    lies_in_working_crs,
    project_coordinates,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import (
    CSV_SUFFIXES,
    WORKBOOK_SUFFIXES,
    FoundFile,
    InputFile,
    RepeatGuard,
    explain_unpacking,
    find_files,
    list_members,
    locate_layers,
    open_tables,
    read_layer,
    require_unique,
)
from hotspots.ingest.reference.opening_times import Doubt, read_opening_hours
from hotspots.ingest.texts import parse_coordinates, read_status

_TABLES = (*CSV_SUFFIXES, *WORKBOOK_SUFFIXES)
SUFFIXES = (*_TABLES, ".geojson", ".gpkg")

_GRID = ("easting", "northing")
_DEGREES = ("longitude", "latitude")
_TEXT = ("haven_id", "name", "kind", "opening_hours", "data_status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Havens:
    """Safe havens read from files.

    Attributes:
        havens: The havens table of `hotspots.contracts`, in the working CRS.
        inputs: The files read.
        n_without_location: Havens left out because they have no usable location, or their row is malformed.
        hours_doubts: Havens kept whose opening hours are stated and not known, by the reason; `opening_hours` is
            missing for them, and they count as closed.
        n_hours_partly_known: Havens of whose opening hours some are in doubt, and count as closed.
    """

    havens: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    n_without_location: int
    hours_doubts: Mapping[Doubt, int]
    n_hours_partly_known: int

    @property
    def n_hours_unreadable(self) -> int:
        """Havens whose opening hours are stated and not known."""
        return sum(self.hours_doubts.values())


def read_havens(paths: Sequence[Path], *, crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID) -> Havens:
    """Read safe havens.

    Args:
        paths: Files, or folders of them.
        crs: The working CRS, which eastings and northings in a CSV file are in.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file has no `name` column, no location columns or points, or no CRS; or was given twice.
    """
    crs = require_working_crs(crs)
    tables: list[gpd.GeoDataFrame] = []
    inputs: list[InputFile] = []
    guard = RepeatGuard()
    n_malformed = 0
    for file in find_files(paths, suffixes=SUFFIXES, what="safe havens"):
        is_table = file.path.name.lower().endswith(_TABLES)
        with file.opened():
            table, n_skipped = _read_table(file, crs) if is_table else (_read_points(file, crs), 0)
            guard.check(file.sha256, label=file.label)
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
    havens = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs)
    located = lies_in_working_crs(havens.geometry)
    if not located.any():
        raise DataError(
            f"None of the {len(havens) + n_malformed} safe havens read has a usable location in {describe_area(crs)}. "
            "Check their easting and northing, and that each row has as many fields as the header: hours with a comma "
            "need quotes."
        )
    havens["haven_id"] = _number(havens["haven_id"])
    havens = havens[located].set_index("haven_id")
    known = read_opening_hours(havens["opening_hours"])
    unknown = known.opening_hours.isna() & known.doubts.notna()
    return Havens(
        havens=havens.assign(opening_hours=known.opening_hours)[list(HAVEN_COLUMNS)],
        inputs=tuple(inputs),
        n_without_location=int((~located).sum()) + n_malformed,
        hours_doubts=dict(Counter(known.doubts[unknown])),
        n_hours_partly_known=int((known.doubts.notna() & ~unknown).sum()),
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


def _find_pair(names: Collection[str]) -> tuple[str, str] | None:
    """The columns that say where, of names in lower case."""
    return next((pair for pair in (_GRID, _DEGREES) if {*pair} <= {*names}), None)


def _names_columns(row: Sequence[str]) -> bool:
    names = {cell.strip().casefold() for cell in row}
    return "name" in names and _find_pair(names) is not None


def _read_table(file: FoundFile, crs: pyproj.CRS) -> tuple[gpd.GeoDataFrame, int]:
    """The havens of a CSV file or workbook, and how many of its rows are malformed."""
    (member,) = list_members(file, suffixes=_TABLES)
    with explain_unpacking(file.label):
        tables = open_tables(member, is_header=_names_columns)
        if not tables:
            raise DataError(f"{file.label} is empty: it holds no table with anything in it. Give the file of havens.")
        table = tables[0]
        forms = {name.strip().casefold(): name for name in table.header}
        pair = _find_pair(forms)
        if "name" not in forms or pair is None:
            raise DataError(
                f"A haven file needs the columns name and easting, northing (or longitude, latitude); {table.label} "
                f"has {', '.join(forms) or 'none of them'}. Add kind and opening_hours for coverage by hour."
            )
        wanted = {form: forms[form] for form in (*_TEXT, *pair) if form in forms}
        require_unique((name.strip().casefold() for name in table.header), wanted, label=table.label)
        chunks = list(table.read(wanted.values()))
    first, second = (
        np.concatenate(
            [parse_coordinates(chunk.columns[wanted[axis]], is_degrees=pair is _DEGREES).to_numpy() for chunk in chunks]
            or [np.array([])]
        )
        for axis in pair
    )
    easting, northing = project_coordinates(first, second, source_crs=crs if pair is _GRID else WGS84, crs=crs)
    unusable = (first == 0) & (second == 0)
    easting, northing = np.where(unusable, np.nan, easting), np.where(unusable, np.nan, northing)
    columns = {
        form: [value for chunk in chunks for value in chunk.columns[name].astype("object")]
        for form, name in wanted.items()
        if form in _TEXT
    }
    nothing = [None] * len(first)
    havens = gpd.GeoDataFrame(
        {form: pd.Series(columns.get(form, nothing), dtype="object") for form in _TEXT},
        geometry=gpd.points_from_xy(easting, northing),
        crs=crs,
    )
    return havens, sum(len(chunk.malformed) for chunk in chunks)


def _read_points(file: FoundFile, crs: pyproj.CRS) -> gpd.GeoDataFrame:
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
        # what has no geometry, or an empty one, would be lost where points are taken apart
        shapes = points.geometry.to_numpy()
        points.geometry = points.geometry.where(
            ~(shapely.is_missing(shapes) | shapely.is_empty(shapes)), shapely.Point(np.nan, np.nan)
        )
        points = points.explode(ignore_index=True)
        kinds = set(points.geometry.geom_type.dropna())
        if "name" not in points.columns or not kinds <= {"Point"}:
            raise DataError(
                f"A haven file needs points and a name column; {file.label} holds {', '.join(sorted(kinds))} with the "
                f"columns {', '.join(map(str, frame.columns))}. Export the points with their names."
            )
        tables.append(to_working_crs(points.reindex(columns=[*_TEXT, "geometry"]).set_crs(frame.crs), crs))
    if not tables:
        raise DataError(
            f"A haven file needs points and a name column; {file.label} holds tables without geometry. "
            "Export the points with their names."
        )
    havens = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=crs)
    return havens.astype(dict.fromkeys(_TEXT, "object"))
