"""Places to patrol that somebody has listed: those of an earlier run, or outlines of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.errors import DataError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    describe_area,
    lies_in_working_crs,
    mend_outlines,
    name_crs,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import (
    LAYER_SUFFIXES,
    TABLE_SUFFIXES,
    FoundFile,
    InputFile,
    RepeatGuard,
    explain_unpacking,
    find_files,
    holds_shapefile,
    list_members,
    locate_layers,
    open_tables,
    read_layer,
)
from hotspots.ingest.incidents import describe_columns, find_places, locate, normalise, says_where
from hotspots.ingest.reference.patrol_records import read_stated
from hotspots.ingest.texts import mask_label, release_names

PLACE_SUFFIXES = (*TABLE_SUFFIXES, *LAYER_SUFFIXES)
_WHAT: Final = "places to patrol"
_LAYERS: Final = ("places_to_patrol", "hotspots")
"""Of a GeoPackage of an earlier run, the first of these that it has."""
_OF_RUNS: Final = ("hotspots.gpkg", "places_to_patrol.csv")
"""What lists the places of a run; what else lies in its folder has positions too."""
_QUARTER: Final = 16
_NAMES: Final = ("place", "name", "hot spot", "hotspot", "title", "location")
_RANKS: Final = ("rank", "number", "no", "id")
MAX_LISTED: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlaces:
    """Places as they were listed.

    Attributes:
        outlines: Polygons, metres; a point stands for a circle around it.
        names: What each is called, or None.
        numbers: Its number in the file, or else its position from 1.
        inputs: The files read.
        doubts: Which rows are left out, in sentences.
    """

    outlines: tuple[shapely.Geometry, ...]
    names: tuple[str | None, ...]
    numbers: tuple[str, ...]
    inputs: tuple[InputFile, ...]
    doubts: tuple[str, ...] = ()


def read_listed_places(
    paths: Sequence[Path], *, crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID, radius_m: float = 75.0
) -> ListedPlaces:
    """Read places to patrol: `hotspots.gpkg` or `places_to_patrol.csv` of an earlier run, or outlines from elsewhere.

    Args:
        paths: Files, and folders of them; of a folder of a run, only the list of its places is read.
        crs: The working CRS.
        radius_m: Of the circle that a point stands for.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file has no places in the area of the working CRS, or more than 2,000.
    """
    crs = require_working_crs(crs)
    guard = RepeatGuard()
    inputs: list[InputFile] = []
    frames: list[pd.DataFrame] = []
    doubts: list[str] = []
    for file in find_files([_find_own(path) for path in paths], suffixes=PLACE_SUFFIXES, what=_WHAT):
        with file.opened():
            is_layer = file.path.suffix.lower() in LAYER_SUFFIXES or (
                file.is_archive and holds_shapefile(file, besides=TABLE_SUFFIXES)
            )
            frame = _read_layers(file, crs, doubts) if is_layer else _read_tables(file, crs, doubts)
            guard.check(file.sha256, label=file.label)
        points = shapely.get_type_id(frame["outline"].to_numpy(dtype=object)) == shapely.GeometryType.POINT
        frame["outline"] = np.where(
            points,
            shapely.buffer(frame["outline"].to_numpy(dtype=object), radius_m, quad_segs=_QUARTER),
            frame["outline"],
        )
        frames.append(frame)
        inputs.append(
            InputFile(
                path=file.shown,
                table="places to patrol",
                sha256=file.sha256,
                n_rows=len(frame),
                layout=_WHAT,
                data_status=read_stated(frame["status"]),
            )
        )
    rows = pd.concat(frames, ignore_index=True)
    if len(rows) > MAX_LISTED:
        raise DataError(f"At most {MAX_LISTED:,} places can be patrolled; {len(rows):,} are listed. Leave most out.")
    numbers = rows["number"].astype("object").where(rows["number"].notna(), None)
    is_usable = numbers.notna().all() and not numbers.duplicated().any() and numbers.astype(str).str.len().le(6).all()
    return ListedPlaces(
        outlines=tuple(rows["outline"]),
        names=tuple(name if isinstance(name, str) else None for name in release_names(rows["name"])),
        numbers=tuple(map(str, numbers)) if is_usable else tuple(str(index + 1) for index in range(len(rows))),
        inputs=tuple(inputs),
        doubts=tuple(doubts),
    )


def _find_own(path: Path) -> Path:
    """Of the folder of a run, the file that lists its places; any other path as it is."""
    return next((path / name for name in _OF_RUNS if (path / name).is_file()), path)


def _find(columns: Sequence[Any], usual: Sequence[str]) -> Any | None:
    forms = {name: normalise(str(name)) for name in columns}
    return next((name for wanted in usual for name, form in forms.items() if form == wanted), None)


def _as_texts(values: pd.Series | None, n_rows: int) -> pd.Series:
    if values is None:
        return pd.Series([None] * n_rows, dtype="object")
    texts = [None if pd.isna(value) else str(value).removesuffix(".0") for value in values.astype("object")]
    return pd.Series(texts, dtype="object")


def _say_lost(is_lost: npt.NDArray[np.bool_], label: str, crs: pyproj.CRS) -> str:
    """Which rows are left out: they lie nowhere."""
    n = int(is_lost.sum())
    is_or_are = "is" if n == 1 else "are"
    return (
        f"{n:,} of {len(is_lost):,} rows of {mask_label(label)} {is_or_are} left out, without a position or a whole "
        f"outline in {describe_area(crs)}; the first is row {int(is_lost.argmax()) + 1}."
    )


def _read_layers(file: FoundFile, crs: pyproj.CRS, doubts: list[str]) -> pd.DataFrame:
    address, layers = locate_layers(file, what=_WHAT)
    kinds = dict(layers)
    own = next((name for name in _LAYERS if name in kinds), None)
    shaped = [name for name, kind in layers if kind and ("Polygon" in kind or "Point" in kind or "Unknown" in kind)]
    wanted = [own] if own else shaped
    parts = []
    for name in wanted:
        frame: gpd.GeoDataFrame = read_layer(file, address, name, what=_WHAT)
        is_shape = frame.geom_type.isin(["Polygon", "MultiPolygon", "Point"]) & ~frame.geometry.is_empty
        is_lost = ~is_shape.to_numpy()
        whole = np.flatnonzero(~is_lost)
        frame = frame[~is_lost]
        if frame.empty:
            continue
        frame = frame.set_geometry(shapely.force_2d(frame.geometry.array)).reset_index(drop=True)
        placed = to_working_crs(frame, crs)
        # first of all, as what lies nowhere can neither be mended nor measured
        lies = np.asarray(lies_in_working_crs(placed.geometry))
        is_lost[whole[~lies]] = True
        if is_lost.any():
            doubts.append(_say_lost(is_lost, file.label, crs))
        placed = placed[lies].reset_index(drop=True)
        named, numbered = (_find(placed.columns, usual) for usual in (_NAMES, _RANKS))
        status = _find(placed.columns, ("data status",))
        parts.append(
            pd.DataFrame(
                {
                    "outline": mend_outlines(placed.geometry.to_numpy(), label=file.label)[0],
                    "name": _as_texts(placed[named] if named else None, len(placed)),
                    "number": _as_texts(placed[numbered] if numbered else None, len(placed)),
                    "status": _as_texts(placed[status] if status else None, len(placed)),
                }
            )
        )
    if not parts or not sum(map(len, parts)):
        raise DataError(
            f"Places to patrol are outlines or points; {file.label} holds none in the area of the working CRS. Give "
            "hotspots.gpkg or places_to_patrol.csv of a run, or draw them in QGIS."
        )
    return pd.concat(parts, ignore_index=True)


def _read_tables(file: FoundFile, crs: pyproj.CRS, doubts: list[str]) -> pd.DataFrame:
    parts = []
    tables = []
    for member in list_members(file, suffixes=TABLE_SUFFIXES):
        with explain_unpacking(member.label):
            tables += open_tables(member, is_header=says_where, what=_WHAT, by_point=True)
    for table in tables:
        where = find_places(table, crs=name_crs(crs))
        if where is None:
            continue
        texts = table.read_whole(list(dict.fromkeys(table.header)))
        columns = {str(name): texts[name].astype("category").reset_index(drop=True) for name in texts}
        if not len(texts):
            continue
        found = locate(columns, where, stated_crs=table.crs, crs=name_crs(crs))
        is_known = np.isfinite(found.easting)
        if is_known.any() and not is_known.all():
            doubts.append(_say_lost(~is_known, table.label, crs))
        named, numbered = (_find(table.header, usual) for usual in (_NAMES, _RANKS))
        status = _find(table.header, ("data status",))
        parts.append(
            pd.DataFrame(
                {
                    "outline": shapely.points(found.easting, found.northing),
                    "name": _as_texts(columns[named] if named else None, len(texts)),
                    "number": _as_texts(columns[numbered] if numbered else None, len(texts)),
                    "status": _as_texts(columns[status] if status else None, len(texts)),
                }
            )[is_known]
        )
    if not parts or not sum(map(len, parts)):
        said = describe_columns(tables[0].header, lead="Its columns are") if tables else "It is empty."
        raise DataError(
            "Places to patrol need a position in each row (easting and northing, latitude and longitude); "
            f"{file.label} has none that can be used. {said} Give places_to_patrol.csv or hotspots.gpkg of a run."
        )
    return pd.concat(parts, ignore_index=True)
