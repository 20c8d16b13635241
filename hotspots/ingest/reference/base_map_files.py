"""Files of a base map (OS Open Zoomstack, OpenStreetMap), to water, parks, railways and stations."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from hotspots.contracts import BASE_MAP_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import (
    BRITISH_NATIONAL_GRID,
    describe_area,
    lies_in_working_crs,
    mend_outlines,
    require_working_crs,
    to_working_crs,
)
from hotspots.ingest.formats import BASE_SUFFIXES, InputFile, RepeatGuard, find_files, read_base_layers
from hotspots.ingest.incidents import normalise
from hotspots.ingest.reference.street_files import STREET_MARGIN_M, StreetOrigin
from hotspots.ingest.texts import mask_label, read_status, release_names, release_schools

BaseKind = Literal["water", "green", "rail", "station", "school"]
BASE_KINDS: Final = get_args(BaseKind)
"""What a base map shows: rivers and lakes; parks, woods and cemeteries; railways above ground; stations; schools."""

_WHAT: Final = "base map"
_SAME_M: Final = 400.0
"""Within so much, a station or school of one name is one: files have it as a point, as an outline, and by operator."""
_N_NAMED: Final = 8
_PREFIX: Final = re.compile(r"^(gis osm |(?:[hnst][a-z]) (?=\w))|( a)?( free)?( \d+)?$")
"""Of a layer: of Geofabrik, and the square of 100 km of the National Grid."""
_POINT, _LINE, _AREA = range(3)
_DIMENSIONS: Final[Mapping[str, frozenset[int]]] = {
    "water": frozenset({_POINT, _LINE, _AREA}),
    "green": frozenset({_POINT, _AREA}),
    "rail": frozenset({_LINE}),
    "station": frozenset({_POINT, _AREA}),
    "school": frozenset({_POINT, _AREA}),
}
"""Of what a kind may be; a point of water or a park is where its name goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseMap:
    """What a map lies on beside its streets, read from files.

    Attributes:
        features: The base map table of `hotspots.contracts`, in the working CRS. Water is areas and lines, green areas,
            rail lines, stations and schools points. A point of water or green is where its name goes.
        inputs: The files read; their rows are those near the area.
        unknown_layers: Layers that were passed over, since their name and columns do not say what they are.
        n_broken: Features near the area without a shape that can be used.
        origins: Whose it is, as far as the files show it; their licences ask for their names.
        first_broken: Which the first of the broken ones is: the ID of a feature, as QGIS shows it, and its file. None
            where there is none.
    """

    features: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    unknown_layers: tuple[str, ...]
    n_broken: int
    origins: tuple[StreetOrigin, ...] = ()
    first_broken: str | None = None


def read_base_map(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    only_real: bool = False,
) -> BaseMap:
    """Read water, green, railways, stations and schools to draw below a map.

    What a layer holds is told by its name (OS Open Zoomstack, OS Open Map - Local, OS Open Greenspace, OS Open Rivers)
    or by its columns of tags (OpenStreetMap, Geofabrik); the words stand in `base_map.toml`. Layers that neither tells
    are passed over and named. Tunnels, sidings and what flows in a culvert are left out. An outline that crosses itself
    is made valid.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS.
        area: The study area, metres; shapes are cut at the box around it with `STREET_MARGIN_M`.
        only_real: Whether to leave out files that say of themselves that they are not real. If all do, there are no
            features and no inputs.

    Raises:
        NotFoundError: A path does not exist.
        ParameterError: The working CRS is not in metres.
        DataError: A file cannot be read or was given twice, not one layer is known, or nothing lies near the area.
    """
    crs = require_working_crs(crs)
    box = None if area is None else shapely.buffer(shapely.box(*area.bounds), STREET_MARGIN_M, join_style="mitre")
    near = None if box is None else gpd.GeoSeries([box], crs=crs)
    parts: list[_ReadLayer] = []
    inputs: list[InputFile] = []
    unknown: list[str] = []
    far: list[str] = []
    n_known, n_files = 0, 0
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=BASE_SUFFIXES, what=_WHAT):
        with file.opened():
            n_files += 1
            frames, passed_over = read_base_layers(
                file, is_known=_is_known, wanted=_is_wanted, near=near, tags=_osm_tags(), what=_WHAT
            )
            unknown += [f"{name} ({mask_label(file.label)})" for name in passed_over]
            n_known += len(frames)
            if not any(map(len, frames.values())):
                # what has no row here cannot say that it is not real, but may have a column for it
                if frames and not (only_real and any(map(_has_status, frames.values()))):
                    far.append(file.shown)
                continue
            guard.check(file.sha256, label=file.label)
        layers = [_read_layer(name, frame, file.label, crs) for name, frame in frames.items()]
        status = read_status(pd.concat([layer.data_status for layer in layers]))
        if only_real and status:
            continue
        parts += layers
        n_rows = sum(map(len, frames.values()))
        inputs.append(
            InputFile(path=file.shown, table=_WHAT, sha256=file.sha256, n_rows=n_rows, layout=_WHAT, data_status=status)
        )
    if not n_known and n_files:
        raise DataError(
            f"A base map must have layers of water, parks, railways or stations; {_list_some(unknown)} is none that is "
            "known. Name the layer as OS Open Zoomstack does (surfacewater, greenspace, rail, railway_stations), or "
            "give it columns of OpenStreetMap (natural, waterway, leisure, landuse, railway)."
        )
    features = _join([part.features for part in parts], crs, box)
    if features.empty and (parts or far):
        where = "within a kilometre of the wards" if area is not None else f"in {describe_area(crs)}"
        raise DataError(
            f"A base map must lie {where}; nothing of {[*(file.path for file in inputs), *far][0]} does. Give "
            "the files of this area, and check the CRS that they state."
        )
    return BaseMap(
        features=features,
        inputs=tuple(inputs),
        unknown_layers=tuple(unknown),
        n_broken=sum(part.n_broken for part in parts),
        origins=tuple(sorted({part.origin for part in parts if part.origin})),
        first_broken=next((part.first_broken for part in parts if part.first_broken), None),
    )


@functools.cache
def _load_words() -> Mapping[str, Any]:
    text = resources.files("hotspots.ingest.reference").joinpath("base_map.toml").read_text("utf-8")
    words: dict[str, Any] = tomllib.loads(text)
    return words


def _osm_tags() -> tuple[str, ...]:
    return tuple(tag for tag in _load_words()["tags"] if tag != "fclass")


@functools.cache
def _list_columns() -> frozenset[str]:
    words = _load_words()
    return frozenset({*words["tags"], *words["hidden"], *words["columns"]["name"], *words["mixed"]["columns"]})


def _is_wanted(column: str) -> bool:
    name = normalise(column)
    return name in _list_columns() or name == "data status"


def _has_status(frame: gpd.GeoDataFrame) -> bool:
    return any(normalise(str(column)) == "data status" for column in frame.columns)


def _name_layer(layer: str) -> str:
    return _PREFIX.sub("", normalise(layer))


def _kind_of_layer(layer: str) -> str | None:
    name = _name_layer(layer)
    return next((kind for kind, names in _load_words()["layers"].items() if name in names), None)


def _is_known(layer: str, columns: Collection[str]) -> bool:
    words = _load_words()
    has_tags = not {normalise(column) for column in columns}.isdisjoint(words["tags"])
    return has_tags or _kind_of_layer(layer) is not None or _name_layer(layer) in words["mixed"]["layers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReadLayer:
    """The features of a layer that are drawn, in the working CRS, and what it says of itself."""

    features: gpd.GeoDataFrame
    n_broken: int
    first_broken: str | None
    data_status: pd.Series
    origin: StreetOrigin | None


def _read_layer(layer: str, frame: gpd.GeoDataFrame, label: str, crs: pyproj.CRS) -> _ReadLayer:
    columns = {normalise(str(name)): str(name) for name in frame.columns if name != frame.geometry.name}
    statuses = pd.Series(frame[columns["data status"]] if "data status" in columns else [], dtype="object")
    kinds, origin = _classify(layer, frame, columns)
    shapes = frame.geometry.to_numpy()
    places, shape_of = shapely.get_coordinates(shapes, return_index=True)
    is_whole = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    is_whole[shape_of[~np.isfinite(places).all(axis=1)]] = False  # bounds would pass over a single NaN
    is_broken = (kinds != "") & ~is_whole
    kept = frame[(kinds != "") & is_whole]
    placed = to_working_crs(kept, crs)
    inside = lies_in_working_crs(placed.geometry)
    if len(placed) and not inside.any():
        raise DataError(
            f"A base map must lie in {describe_area(crs)}; nothing of {label} does, read as {frame.crs.name}. Check "
            "the CRS that the file states; for another place, give a CRS of that place to work in."
        )
    name = next((columns[name] for name in _load_words()["columns"]["name"] if name in columns), None)
    texts = placed[name] if name else pd.Series([None] * len(placed), index=placed.index, dtype="object")
    features = gpd.GeoDataFrame(
        {"kind": kinds[(kinds != "") & is_whole], "name": texts.astype("object").to_numpy()},
        geometry=shapely.force_2d(placed.geometry.to_numpy()),
        crs=crs,
    )
    return _ReadLayer(
        features=features[inside],
        n_broken=int(is_broken.sum()),
        first_broken=f"ID {frame.index[is_broken][0]} in {mask_label(label)}" if is_broken.any() else None,
        data_status=statuses,
        origin=None if read_status(statuses) or features.empty else origin,
    )


def _classify(
    layer: str, frame: gpd.GeoDataFrame, columns: Mapping[str, str]
) -> tuple[npt.NDArray[np.object_], StreetOrigin | None]:
    """The kind of each feature, (n,), empty where it is not drawn, and whose layer it is."""
    words = _load_words()

    def read(column: str) -> pd.Series:
        texts: pd.Series = frame[columns[column]].astype("object").astype("string").str.strip().str.casefold()
        return texts.fillna("").astype("object")

    kinds = pd.Series("", index=frame.index, dtype="object")
    tags = [tag for tag in words["tags"] if tag in columns]
    origin: StreetOrigin | None = "OpenStreetMap" if tags else None
    for tag in tags:
        found = read(tag).map(_turn(words["tags"][tag])).fillna("")
        kinds = kinds.where(kinds != "", found)
    if not tags:
        kind = _kind_of_layer(layer)
        type_column = next((name for name in words["mixed"]["columns"] if name in columns), None)
        if kind is not None:
            kinds[:] = kind
            origin = "Ordnance Survey" if _is_of_ordnance_survey(layer) else None
        elif type_column is not None:
            mixed = {key: texts for key, texts in words["mixed"].items() if key in BASE_KINDS}
            said = read(type_column).map(lambda text: normalise(text))
            kinds, origin = said.map(_turn(mixed)).fillna(""), "Ordnance Survey"
    for column, hidden in words["hidden"].items():
        if column in columns:
            kinds = kinds.mask(read(column).isin(hidden), "")
    dimensions = pd.Series(shapely.get_dimensions(frame.geometry.to_numpy()), index=frame.index)
    for kind, allowed in _DIMENSIONS.items():
        # of what is missing the dimension is -1: it is broken, and counted
        kinds = kinds.mask((kinds == kind) & ~dimensions.isin([*allowed, -1]), "")
    return kinds.to_numpy(dtype=object), origin


def _turn(texts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {text: kind for kind, several in texts.items() for text in several}


def _is_of_ordnance_survey(layer: str) -> bool:
    """Whether a name is one that only their products have; anybody may have a layer "parks"."""
    return _name_layer(layer) in {
        *("surfacewater", "surface water area", "surface water line", "waterlines", "tidal water", "foreshore"),
        *("watercourse link", "greenspace", "greenspace site", "railway stations", "railway station", "railway track"),
    }


def _join(frames: Sequence[gpd.GeoDataFrame], crs: pyproj.CRS, box: shapely.Geometry | None) -> gpd.GeoDataFrame:
    """All features as single shapes, cut at the box, each once, by kind."""
    none = gpd.GeoDataFrame({"kind": [], "name": []}, geometry=[], crs=crs).astype({"kind": object, "name": object})
    full = [frame for frame in frames if len(frame)]
    if not full:
        return none[list(BASE_MAP_COLUMNS)]
    joined = gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=crs)
    shapes, _ = mend_outlines(joined.geometry.to_numpy(), label="the base map")
    is_mark = joined["kind"].isin(["station", "school"]).to_numpy()
    shapes[is_mark] = shapely.point_on_surface(shapes[is_mark])
    if box is not None:
        shapes = shapely.intersection(shapes, box)
    joined = joined.set_geometry(gpd.GeoSeries(shapes, index=joined.index, crs=crs)).explode(ignore_index=True)
    sizes = shapely.get_dimensions(joined.geometry.to_numpy())
    fits = np.array([size in _DIMENSIONS[kind] for size, kind in zip(sizes, joined["kind"], strict=True)], dtype=bool)
    # of a polygon that only touches the box, or was mended, lines and points are left, which are no rivers
    joined = joined[fits & ~shapely.is_empty(joined.geometry.to_numpy())].reset_index(drop=True)
    joined["name"] = _release(joined)
    joined = joined[~_find_repeated(joined)]
    order = pd.Categorical(joined["kind"], categories=BASE_KINDS).codes.argsort(kind="stable")
    return joined.iloc[order].reset_index(drop=True)[list(BASE_MAP_COLUMNS)]


def _release(features: gpd.GeoDataFrame) -> pd.Series:
    """The names that may be shown; parks and schools may be called after somebody."""
    plain = [name if isinstance(name, str) and name.strip() else None for name in features["name"]]
    names = pd.Series(plain, index=features.index, dtype="object")
    is_school = features["kind"] == "school"
    shown = pd.concat([release_schools(names[is_school]), release_names(names[~is_school], are_areas=True)])
    released: pd.Series = shown.reindex(features.index).astype("object")
    return released


def _find_repeated(features: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Which stations and schools stand near one of the same name, and which shapes are there twice."""
    shapes = features.geometry.to_numpy()
    told = features[["kind", "name"]].assign(wkb=shapely.to_wkb(shapely.normalize(shapes)))
    repeated: npt.NDArray[np.bool_] = told.duplicated().to_numpy().copy()
    marks = features[features["kind"].isin(["station", "school"])]
    for (_, name), same in marks.groupby(["kind", "name"], sort=False):
        kept: list[shapely.Geometry] = []
        for position, point in zip(same.index, same.geometry, strict=True):
            if name and any(shapely.distance(point, other) <= _SAME_M for other in kept):
                repeated[position] = True
            else:
                kept.append(point)
    return repeated


def _list_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _N_NAMED} more" if len(names) > _N_NAMED else ""
    return (", ".join(names[:_N_NAMED]) or "a file without shapes") + more
