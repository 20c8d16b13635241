"""Files of streets (OS Open Roads, OpenStreetMap, lines with a name), to the streets table."""

from __future__ import annotations

import ast
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import STREET_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    describe_area,
    lies_in_working_crs,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import LINE_SUFFIXES, FoundFile, InputFile, RepeatGuard, find_files, read_lines
from hotspots.ingest.incidents import normalise
from hotspots.ingest.texts import drop_hidden, mask_label, read_status, release_names, release_places

STREET_MARGIN_M: Final = 1000.0
"""How far around the study area streets are kept: a walk may lead out of it and back."""

_WHAT: Final = "streets"
_OSM = ("highway", "fclass")
"""Columns of OpenStreetMap's classes of road; the second one is Geofabrik's."""

_OS = ("road function", "road funct", "function")
"""Columns of OS Open Roads' classes of road; the second one is what a shapefile keeps of the first."""

StreetOrigin = Literal["OpenStreetMap", "Ordnance Survey"]

# Names of columns as `normalise` gives them, in order of preference.
_COLUMNS: Mapping[str, Sequence[str]] = {
    "name": ("name", "name 1", "name1", "street name", "road name", "street", "full name", "names"),
    "kind": (*_OSM, *_OS, "kind", "class", "road class", "road classification", "type"),
    "motorway": (*_OSM, *_OS, "road classification", "road class", "class"),
    "foot": ("foot",),
    "access": ("access",),
    "motorroad": ("motorroad",),
    "indoor": ("indoor",),
    "area": ("area",),
    "subtype": ("subtype",),
    "data_status": ("data status",),
}
_KNOWN = frozenset(name for names in _COLUMNS.values() for name in names)

MOTORWAY: Final = "motorways"
NOT_FOR_FEET: Final = "closed to people on foot"
PRIVATE: Final = "private"
NOT_THERE: Final = "planned, being built or gone"
NO_STREET: Final = "not a street"
REPEATED: Final = "the same line again"

_MOTORWAYS = frozenset({"motorway", "motorway_link"})
_NOT_THERE = frozenset({"construction", "proposed", "planned", "abandoned", "razed", "demolished", "disused"})
_NO_STREETS = frozenset(
    {"raceway", "bus_guideway", "busway", "escape", "platform", "rest_area", "services", "elevator", "corridor"}
    | {"bus_stop", "via_ferrata", "rail", "water"}
)
_ALLOWED = frozenset({"yes", "designated", "permissive", "official", "public", "destination", "customers"})
_REFUSED = frozenset({"no", "private", "use_sidepath"})

_MAX_LIST = 2000
"""Letters of a list of names that stands as text in a cell."""

_USE_OSMNX = "Save it as GeoPackage (osmnx.save_graph_geopackage), and give that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Streets:
    """Streets read from files.

    Attributes:
        ways: The streets table of `hotspots.contracts`, in the working CRS.
        inputs: The files read; their rows are those whose extent meets that of the area with its margin. A file without
            such a row, as most tiles of a country, is none of them.
        left_out: Lines near the area that people may not walk along, by why.
        n_broken: Rows near the area without a line that can be used: empty, without length, or damaged.
        n_unnamed: Streets kept whose file gives them no name.
        origins: Whose streets they are, as far as the columns show it; their licences ask for their names.
        first_broken: Which the first of the broken ones is: the ID of a feature, as QGIS shows it, and its file. None
            where there is none.
    """

    ways: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    left_out: Mapping[str, int]
    n_broken: int
    n_unnamed: int
    origins: tuple[StreetOrigin, ...] = ()
    first_broken: str | None = None


def read_streets(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    only_real: bool = False,
) -> Streets:
    """Read a street network.

    Read are lines: OS Open Roads, OpenStreetMap (`.osm`, `.osm.pbf`, what Overpass answers, and layers with its column
    `highway`), and layers of lines of any other source, each of which is taken for a street. Points, such as road
    nodes, and outlines are passed over; but of a square that an extract of OpenStreetMap has as an area, the outline is
    a street.

    A line that is broken, such as one of a single point, is left out and counted; `first_broken` says which it is.

    Left out and counted is what people may not walk along. That is motorways; what is planned, being built or gone;
    `foot=no`, `private` or `use_sidepath`; `access=no` or `private` unless `foot` allows it; motor roads; and what is
    no street (platforms, raceways, busways, corridors inside buildings). Footways, paths, steps, cycle tracks and the
    streets of estates stay unless they are said to be closed. A line that is there twice, whatever its direction, is
    read once.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS.
        area: The study area, metres; what does not come within `STREET_MARGIN_M` of it is left out.
        only_real: Whether to leave out files that say of themselves that they are not real. If all do, there are no
            streets and no inputs.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file holds no lines, states no CRS or was given twice; or no street lies near the area.
    """
    crs = require_working_crs(crs)
    near = None if area is None else gpd.GeoSeries([shapely.box(*area.bounds).buffer(STREET_MARGIN_M)], crs=crs)
    tables: list[_ReadLayer] = []
    inputs: list[InputFile] = []
    without: list[FoundFile] = []
    far: list[FoundFile] = []
    guard = RepeatGuard()
    files = find_files(paths, suffixes=(*LINE_SUFFIXES, ".graphml"), what=_WHAT)
    for file in files:
        with file.opened():
            frames = _read_frames(file, near)
            if not any(map(len, frames)):
                if not frames:
                    without.append(file)
                elif not (only_real and _read_far_status(file, frames)):
                    far.append(file)
                continue
            guard.check(file.sha256, label=file.label)
        layers = [_read_layer(frame, file.label, crs, only_real=only_real) for frame in frames]
        status = read_status(pd.concat([layer.data_status for layer in layers]))
        if only_real and status:
            continue
        tables += layers
        inputs.append(
            InputFile(
                path=file.shown,
                table=_WHAT,
                sha256=file.sha256,
                n_rows=sum(map(len, frames)),
                layout=_WHAT,
                data_status=status,
            )
        )
    if without and len(without) == len(files):
        raise DataError(
            f"Streets must be lines; {without[0].label} holds none. Give the layer of road links or ways, not of "
            "nodes or outlines."
        )
    ways = _join(tables, crs)
    if area is not None:
        shapely.prepare(area)
        ways = ways[shapely.dwithin(area, ways.geometry.to_numpy(), STREET_MARGIN_M)]
    if ways.empty and (inputs or far):
        names = [*(file.path for file in inputs), *(file.shown for file in far)]
        raise DataError(_say_none(tables, names, crs, near_area=area is not None))
    is_again = ways["wkb"].duplicated()
    left_out = Counter(reason for table in tables for reason in table.reasons[table.reasons != ""])
    left_out[REPEATED] = int(is_again.sum())
    ways = ways[~is_again].drop(columns="wkb").reset_index(drop=True).rename_axis("way_id")
    return Streets(
        ways=ways[list(STREET_COLUMNS)],
        inputs=tuple(inputs),
        left_out={reason: n for reason, n in sorted(left_out.items()) if n},
        n_broken=sum(table.n_broken for table in tables),
        first_broken=next((table.first_broken for table in tables if table.first_broken), None),
        n_unnamed=int(ways["name"].isna().sum()),
        origins=tuple(sorted({origin for table in tables if len(table.ways) for origin in table.origins})),
    )


def _say_none(tables: Sequence[_ReadLayer], names: Sequence[str], crs: pyproj.CRS, *, near_area: bool) -> str:
    n = sum(len(table.reasons) + table.n_broken for table in tables)
    where = "within a kilometre of the wards" if near_area else f"in {describe_area(crs)}"
    why = Counter(reason for table in tables for reason in table.reasons[table.reasons != ""])
    said = "; ".join(f"{reason}: {count:,}" for reason, count in sorted(why.items()))
    files = names[0] + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")
    return (
        f"Streets must lie {where} and be such that people may walk along them; "
        + (f"of {n:,} lines of {files} none does" if n else f"{files} has no line there")
        + (f" ({said})" if said else "")
        + ". Give the streets of this area, and check the CRS that the file states."
    )


def _read_frames(file: FoundFile, near: gpd.GeoSeries | None) -> list[gpd.GeoDataFrame]:
    if file.path.name.lower().endswith(".graphml"):
        raise DataError(f"Streets are read from lines; {file.label} is a graph. {_USE_OSMNX}")
    frames = read_lines(file, wanted=lambda name: normalise(name) in _KNOWN, near=near, what=_WHAT)
    return [frame for frame in frames if frame.empty or _are_lines(frame).any()]


def _read_far_status(file: FoundFile, frames: Sequence[gpd.GeoDataFrame]) -> str | None:
    """What a file without a row near the area says of itself, which stands on its rows.

    It is read whole only if it has a column for that.
    """
    usual = _COLUMNS["data_status"]
    if not any(normalise(str(name)) in usual for frame in frames for name in frame.columns):
        return None
    whole = read_lines(file, wanted=lambda name: normalise(name) in usual, what=_WHAT)
    said = [frame.drop(columns=frame.geometry.name) for frame in whole]
    return read_status(pd.concat([frame[name] for frame in said for name in frame.columns]))


def _are_lines(frame: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    kinds = shapely.get_type_id(frame.geometry.to_numpy())
    lines: npt.NDArray[np.bool_] = np.isin(
        kinds, [shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING, shapely.GeometryType.LINEARRING]
    )
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadLayer:
    """The lines of a layer that are streets, why the others are none (empty for those), and what it says of itself."""

    ways: gpd.GeoDataFrame
    reasons: npt.NDArray[np.object_]
    n_broken: int
    first_broken: str | None
    data_status: pd.Series
    origins: frozenset[StreetOrigin]


def _read_layer(frame: gpd.GeoDataFrame, label: str, crs: pyproj.CRS, *, only_real: bool) -> _ReadLayer:
    columns = _find_columns([str(name) for name in frame.columns if name != frame.geometry.name])
    statuses = pd.Series(frame[columns["data_status"][0]] if columns["data_status"] else [], dtype="object")
    ids = frame.index
    frame = frame.reset_index(drop=True)
    lines = frame.geometry.to_numpy()
    is_line = _are_lines(frame) & (shapely.length(lines) > 0) & np.isfinite(shapely.bounds(lines)).all(axis=1)
    kept = frame[is_line]
    if not (only_real and read_status(statuses)):
        placed = to_working_crs(kept, crs)
        outside = ~lies_in_working_crs(placed.geometry)
        if len(placed) and outside.all():
            raise DataError(
                f"Streets must lie in {describe_area(crs)}; none of {label} does, read as {frame.crs.name}. Check the "
                "CRS that the file states; for another place, give a CRS of that place to work in."
            )
        is_line[np.flatnonzero(is_line)[outside]] = False
        kept = placed[~outside]
    reasons = _judge(kept, columns)
    walked = kept[reasons == ""]
    return _ReadLayer(
        ways=gpd.GeoDataFrame(
            {"name": _name(walked, columns["name"]), "kind": _read_kind(walked, columns["kind"])},
            geometry=walked.geometry.to_numpy(),
            crs=walked.crs,
            index=walked.index,
        ),
        reasons=reasons,
        n_broken=int((~is_line).sum()),
        first_broken=None if is_line.all() else f"ID {ids[~is_line][0]} in {mask_label(label)}",
        data_status=statuses,
        origins=frozenset() if read_status(statuses) else _find_origin(columns["kind"]),
    )


def _find_origin(kinds: Sequence[str]) -> frozenset[StreetOrigin]:
    forms = {normalise(name) for name in kinds}
    found: set[StreetOrigin] = set()
    if forms & set(_OSM):
        found.add("OpenStreetMap")
    elif forms & set(_OS):
        found.add("Ordnance Survey")
    return frozenset(found)


def _join(tables: Sequence[_ReadLayer], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """The streets of all layers, one row for each single line, with what tells equal ones."""
    none = gpd.GeoDataFrame({"name": [], "kind": []}, geometry=[], crs=crs).astype({"name": "object", "kind": "object"})
    layers = [table.ways for table in tables if len(table.ways)]
    ways = gpd.GeoDataFrame(pd.concat(layers, ignore_index=True), crs=crs) if layers else none
    ways = ways.explode(ignore_index=True)
    flat = shapely.force_2d(ways.geometry.to_numpy())
    # the lines of rings too, which are lines that come back
    is_ring = shapely.get_type_id(flat) == shapely.GeometryType.LINEARRING
    flat[is_ring] = [shapely.LineString(ring) for ring in flat[is_ring]]
    ways = ways.set_geometry(gpd.GeoSeries(flat, index=ways.index, crs=crs))
    ways = ways[shapely.length(flat) > 0]
    return ways.assign(wkb=shapely.to_wkb(shapely.normalize(ways.geometry.to_numpy())))


def _find_columns(names: Sequence[str]) -> dict[str, list[str]]:
    forms = {name: normalise(name) for name in names}
    return {
        role: [name for wanted in usual for name, form in forms.items() if form == wanted]
        for role, usual in _COLUMNS.items()
    }


def _judge(frame: gpd.GeoDataFrame, columns: Mapping[str, Sequence[str]]) -> npt.NDArray[np.object_]:
    """Why people may not walk along each line, (n_lines,); empty where they may."""

    def read(role: str) -> pd.Series:
        names = columns[role][:1]
        return _plain(frame[names[0]]) if names else pd.Series("", index=frame.index)

    kind, foot, access = read("kind"), read("foot"), read("access")
    classes = [_plain(frame[name]) for name in columns["motorway"]]
    is_motorway = pd.Series(data=False, index=frame.index)
    for values in classes:
        is_motorway |= values.isin(_MOTORWAYS)
    subtype = read("subtype")
    rules = {
        MOTORWAY: is_motorway,
        NOT_THERE: kind.isin(_NOT_THERE),
        NO_STREET: kind.isin(_NO_STREETS) | read("indoor").eq("yes") | ~subtype.isin(["", "road"]),
        NOT_FOR_FEET: foot.isin(_REFUSED) | (read("motorroad").eq("yes") & ~foot.isin(_ALLOWED)),
        PRIVATE: access.isin(["no", "private"]) & ~foot.isin(_ALLOWED),
    }
    reasons = np.full(len(frame), "", dtype=object)
    for reason, applies in rules.items():
        reasons[(reasons == "") & applies.to_numpy()] = reason
    return reasons


def _plain(values: pd.Series) -> pd.Series:
    """Text in lower case, blanks empty; of several values in one cell, the first."""
    return _map_distinct(values, lambda value: str(_take_first(value) or "").strip().casefold())


def _map_distinct(values: pd.Series, convert: Callable[[object], object]) -> pd.Series:
    """Each value converted, each distinct one once; objects on the same index."""
    plain = values.astype("object")
    try:
        codes, distinct = pd.factorize(plain, use_na_sentinel=False)
    except TypeError:  # dictionaries and arrays, as Parquet may have them
        return pd.Series([convert(value) for value in plain], index=values.index, dtype="object")
    converted = np.empty(len(distinct), dtype=object)
    converted[:] = [convert(value) for value in distinct]
    return pd.Series(converted[codes], index=values.index, dtype="object")


def _take_first(value: object) -> object:
    """A value, or the first of several: OSMnx writes those of merged ways as a list, Overture has names by language."""
    if isinstance(value, str) and value.startswith("[") and len(value) <= _MAX_LIST:
        with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            value = ast.literal_eval(value)
    if isinstance(value, dict):
        value = value.get("primary")
    if isinstance(value, list | tuple | np.ndarray):
        value = value[0] if len(value) else None
    return value if isinstance(value, str) and value.strip() else None


def _name(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> pd.Series:
    """The names of streets; those that say something about somebody are missing."""
    if not columns:
        return pd.Series([None] * len(frame), index=frame.index, dtype="object")
    names = _map_distinct(frame[columns[0]], _take_first)
    unique = pd.Series(names.dropna().unique(), dtype="object")
    shown = dict(zip(unique, _release(unique), strict=True))
    return _map_distinct(names, shown.get)


def _release(names: pd.Series) -> pd.Series:
    """Names as they are if they are of streets, which may be called after somebody; others as names of places are."""
    # before pandas sees them: half a character is text to Python and to nothing else
    plain = pd.Series([re.sub(r"\s+", " ", drop_hidden(name)).strip() for name in names], dtype="object")
    known = release_places(plain.astype("category")).notna()
    is_number = plain.str.contains(r"\d{4}", regex=True)
    released = release_names(plain)
    shown: pd.Series = plain.where(known & ~is_number & released.notna(), released)
    return shown


def _read_kind(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> pd.Series:
    """The source's word for the class of a road, if it is one: a word or three without a number."""
    if not columns:
        return pd.Series([None] * len(frame), index=frame.index, dtype="object")
    return _map_distinct(frame[columns[0]], _name_kind)


def _name_kind(value: object) -> object:
    kind = _take_first(value)
    return kind if isinstance(kind, str) and _KIND.fullmatch(kind.strip()) else None


_KIND = re.compile(r"[A-Za-z_/]+(?: [A-Za-z_/]+){0,3}")
"""Of those that are known, the longest is "Restricted Local Access Road"."""
