"""Lines near an area, from layers of geographic files, GeoParquet and extracts of OpenStreetMap."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import pyproj
import shapely

from hotspots.errors import DataError
from hotspots.geography import WGS84
from hotspots.ingest.formats.bounds import MAX_POINTS, MAX_TABLE_ROWS, MAX_WHOLE_BYTES
from hotspots.ingest.formats.genuine_layers import LAYER_SUFFIXES, OSM_SUFFIXES
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.json_records import mend_text
from hotspots.ingest.formats.layers import (
    PARQUET_SUFFIXES,
    explain_reading,
    locate_layers,
    read_frame_of_arrow,
    require_crs,
)
from hotspots.ingest.formats.osm_places import read_tags

LINE_SUFFIXES = (*LAYER_SUFFIXES, ".json", *PARQUET_SUFFIXES, *OSM_SUFFIXES, ".zip")

BATCH_ROWS = 65_536
"""Of Parquet, so many are shapes at once."""

_OF_STREETS = {"lines": "highway IS NOT NULL", "multipolygons": "other_tags LIKE '%\"highway\"=>%'"}
"""Of the layers that GDAL makes of OpenStreetMap, what is a street: they also have rivers, walls and buildings."""


def read_lines(
    file: FoundFile, *, wanted: Callable[[str], bool], near: gpd.GeoSeries | None = None, what: str
) -> list[gpd.GeoDataFrame]:
    """The layers of a file that hold lines.

    Of OpenStreetMap only streets are read, of a square that is drawn as an area its outline, and tags are columns of
    their own as far as they are wanted. What the server of Overpass answers, as JSON, is read as well.

    Args:
        file: The file.
        wanted: Whether a column is wanted, by its name.
        near: An outline; only features whose extent meets its extent are read. All by default.
        what: What its rows are of, for messages.

    Returns:
        Each layer with the columns wanted, in the CRS that it states; features may have any geometry, or none, as those
        that are broken have. The index is the ID of each feature, as GDAL and QGIS number it.

    Raises:
        DataError: The file is not what its name says, is damaged, or states no CRS.
    """
    name = file.path.name.lower()
    if name.endswith(PARQUET_SUFFIXES):
        return read_near_parquet(file, wanted, near, what=what)
    if name.endswith(".json") and (elements := _read_overpass(file)) is not None:
        return [draw_ways(elements, wanted, file.label)]
    address, layers = locate_layers(file, what=what)
    is_osm = name.endswith(OSM_SUFFIXES)
    if is_osm:
        layers = [(layer, "LineString") for layer, _ in layers if layer in _OF_STREETS]
    frames = [
        read_near_layer(file, address, layer, wanted, near, where=_OF_STREETS[layer] if is_osm else None, what=what)
        for layer, kind in layers
        if kind and ("LineString" in kind or "Unknown" in kind or "Curve" in kind)
    ]
    if is_osm:
        frames = [
            frame.set_geometry(frame.geometry.boundary) if layer == "multipolygons" else frame
            for frame, (layer, _) in zip(frames, layers, strict=True)
        ]
    return [frame for frame in frames if isinstance(frame, gpd.GeoDataFrame)]


def read_near_layer(
    file: FoundFile,
    address: str,
    layer: str,
    wanted: Callable[[str], bool],
    near: gpd.GeoSeries | None,
    *,
    where: str | None,
    what: str,
) -> gpd.GeoDataFrame:
    """The features of a layer whose extent meets that of an outline, with the columns and tags wanted.

    Args:
        file: The file.
        address: How it is named to GDAL.
        layer: One of its layers.
        wanted: Whether a column, or a tag of OpenStreetMap, is wanted, by its name.
        near: The outline; all features without one.
        where: What else is asked of features, in the words of GDAL's SQL.
        what: What its rows are of, for messages.

    Raises:
        DataError: The layer is damaged or too large, or states no CRS.
    """
    with explain_reading(file, what=what):
        info = pyogrio.read_info(address, layer=layer)
        crs = info["crs"] and pyproj.CRS(info["crs"])
        require_crs(crs, file.label, what=what)
        is_osm = file.path.name.lower().endswith(OSM_SUFFIXES)
        is_wanted = [column for column in info["fields"] if wanted(column) or (is_osm and column == "other_tags")]
        frame = pyogrio.read_dataframe(
            address,
            layer=layer,
            columns=is_wanted,
            bbox=_find_extent(near, crs),
            where=where,
            # a line of one point is missing, as other broken shapes are to GDAL; its ID says which it is
            on_invalid="ignore",
            fid_as_index=True,
        )
    _require_bounded(frame, file.label)
    if is_osm:
        tags = [read_tags(text) for text in frame["other_tags"]]
        others = sorted({tag for one in tags for tag in one if wanted(tag) and tag not in frame.columns})
        spread = pd.DataFrame({tag: [one.get(tag) for one in tags] for tag in others}, index=frame.index)
        frame = frame.drop(columns="other_tags").join(spread)
    return frame


def _find_extent(near: gpd.GeoSeries | None, crs: pyproj.CRS) -> tuple[float, float, float, float] | None:
    if near is None:
        return None
    # what is straight in one CRS is not in another
    extent = gpd.GeoSeries(shapely.segmentize(shapely.box(*near.total_bounds), 1000.0), crs=near.crs).to_crs(crs)
    return tuple(extent.total_bounds.tolist())


def _require_bounded(frame: Any, label: str) -> None:
    if len(frame) > MAX_TABLE_ROWS:
        raise DataError(f"A layer may have {MAX_TABLE_ROWS:,} rows; {label} has {len(frame):,}. Cut out the area.")
    if isinstance(frame, gpd.GeoDataFrame):
        n_points = shapely.get_num_coordinates(frame.geometry.to_numpy())
        if n_points.max(initial=0) > MAX_POINTS:
            raise DataError(
                f"A line may have {MAX_POINTS:,} points; row {n_points.argmax() + 1} of {label} has "
                f"{n_points.max():,}. Simplify it by a metre or two in QGIS, and export it again."
            )


def read_near_parquet(
    file: FoundFile, wanted: Callable[[str], bool], near: gpd.GeoSeries | None, *, what: str
) -> list[gpd.GeoDataFrame]:
    """The same of GeoParquet, as one table; none of a Parquet file without geometry."""
    try:
        schema = pyarrow.parquet.read_schema(file.path)
        n_rows = pyarrow.parquet.read_metadata(file.path).num_rows
        if n_rows > MAX_TABLE_ROWS:
            raise DataError(f"A table may have {MAX_TABLE_ROWS:,} rows; {file.label} has {n_rows:,}. Cut out the area.")
        described = (schema.metadata or {}).get(b"geo")
        if described is None:
            return []
        geo = json.loads(described)
        geometry = geo["primary_column"]
        columns = [name for name in schema.names if name == geometry or wanted(name)]
        if near is not None and n_rows and geo["columns"][geometry]["encoding"] == "WKB":
            stated = geo["columns"][geometry].get("crs", "OGC:CRS84")  # as GeoParquet takes it where none is stated
            crs = stated and pyproj.CRS.from_user_input(stated)
            require_crs(crs, file.label, what=what)
            frame = _read_near(file, columns, geometry, crs, near)
        else:
            frame = _read_shapes(file, columns, geometry)
    except DataError:
        raise
    except (
        *(pa.ArrowException, pyproj.exceptions.CRSError, shapely.errors.ShapelyError, OSError, ValueError, KeyError),
        *(TypeError, AttributeError, RecursionError),
    ) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {str(error).splitlines()[0]}. Write it again, or save it as "
            "GeoPackage."
        ) from error
    require_crs(frame.crs, file.label, what=what)
    _require_bounded(frame, file.label)
    frame = frame.reset_index(drop=True)
    extent = _find_extent(near, frame.crs)
    return [frame if extent is None else frame.cx[extent[0] : extent[2], extent[1] : extent[3]]]


def _read_shapes(file: FoundFile, columns: Sequence[str], geometry: str) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(file.path, columns=columns)
    except shapely.errors.ShapelyError:
        return read_frame_of_arrow(pyarrow.parquet.read_table(file.path, columns=columns), geometry)


def _read_near(
    file: FoundFile, columns: Sequence[str], geometry: str, crs: pyproj.CRS, near: gpd.GeoSeries
) -> gpd.GeoDataFrame:
    """The rows that meet the extent, batch by batch: as shapes, all those of a country take gigabytes."""
    extent = shapely.box(*(_find_extent(near, crs) or ()))
    shapely.prepare(extent)
    parts = []
    for batch in pyarrow.parquet.ParquetFile(file.path).iter_batches(BATCH_ROWS, columns=list(columns)):
        shapes = shapely.from_wkb(batch.column(geometry).to_numpy(zero_copy_only=False), on_invalid="ignore")
        # a shape that cannot be read is counted, wherever it would lie
        is_near = shapely.intersects(extent, shapes) | shapely.is_missing(shapes)
        rows = batch.filter(pa.array(is_near)).to_pandas(ignore_metadata=True)
        parts.append(gpd.GeoDataFrame(rows.assign(**{geometry: shapes[is_near]}), geometry=geometry, crs=crs))
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _read_overpass(file: FoundFile) -> Sequence[Mapping[str, Any]] | None:
    """The elements of an answer of Overpass; None where the file is no such answer."""
    if file.path.stat().st_size > MAX_WHOLE_BYTES:
        return None
    with file.start() as opened:
        content = opened.read()
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    elements = found.get("elements") if isinstance(found, dict) else None
    if not isinstance(elements, list):
        return None
    return [element for element in elements if isinstance(element, dict)]


def draw_ways(elements: Sequence[Mapping[str, Any]], wanted: Callable[[str], bool], label: str) -> gpd.GeoDataFrame:
    """Ways as lines through their nodes, which stand beside them ("out body; >; out skel") or in them ("out geom").

    Raises:
        DataError: There are ways, and no coordinates.
    """
    places = {number: one for one in elements if one.get("type") == "node" and isinstance(number := one.get("id"), int)}
    ways = [element for element in elements if element.get("type") == "way" and "highway" in _tags_of(element)]
    lines, is_empty = [], True
    for way in ways:
        numbers = [node for node in _list_of(way.get("nodes")) if isinstance(node, int)]
        vertices = list(_list_vertices(_list_of(way.get("geometry")) or map(places.get, numbers)))
        is_empty &= not vertices
        lines.append(shapely.LineString(vertices) if len(vertices) > 1 else None)
    if ways and is_empty:
        raise DataError(
            f"Streets need coordinates; {label} names the nodes of its ways and not where they are. End the query of "
            'Overpass with "out geom;" and save its answer again.'
        )
    names = sorted({name for way in ways for name in _tags_of(way) if wanted(name)})
    columns = {name: pd.Series([_tags_of(way).get(name) for way in ways], dtype="object") for name in names}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(lines, crs=WGS84))


def _list_of(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _tags_of(element: Mapping[str, Any]) -> Mapping[str, str]:
    """The tags of an element that are text, as all are in OpenStreetMap."""
    tags = element.get("tags")
    pairs = tags.items() if isinstance(tags, dict) else ()
    return {name: mend_text(tag) for name, tag in pairs if isinstance(tag, str)}


def _list_vertices(nodes: Iterable[Any]) -> Iterator[tuple[float, float]]:
    """Longitude and latitude of each node that says where on Earth it is: of a clipped way, some do not."""
    for node in nodes:
        if isinstance(node, dict):
            lon, lat = node.get("lon"), node.get("lat")
            if not (isinstance(lon, int | float) and isinstance(lat, int | float)):
                continue
            if abs(lon) <= 180 and abs(lat) <= 90:
                yield lon, lat
