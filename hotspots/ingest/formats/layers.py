"""Layers of geographic files and of Parquet, opened only if the file is what its name says."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pyogrio
import pyproj
import shapely

from hotspots.errors import DataError
from hotspots.geography import name_crs
from hotspots.ingest.formats.bounds import MAX_POINTS, MAX_TABLE_ROWS
from hotspots.ingest.formats.genuine_layers import OSM_SUFFIXES, find_genuine_address, list_views
from hotspots.ingest.formats.html_tables import spread_fields
from hotspots.ingest.formats.input_files import UNPACKING_ERRORS, FoundFile
from hotspots.ingest.formats.table import (
    GEOMETRY_X,
    GEOMETRY_Y,
    SAMPLE_ROWS,
    Chunk,
    Table,
    chunk_of_frame,
    fingerprint_part,
    require_unique,
)

pyogrio.set_gdal_config_options(
    {
        # What GDAL would say of a damaged file is said by an error here.
        "CPL_LOG": os.devnull,
        # No file makes GDAL call a host: what would send it there is refused, and what slips through gets no further.
        "GDAL_HTTP_PROXY": "127.0.0.1:0",
        "GDAL_HTTPS_PROXY": "127.0.0.1:0",
    }
)
PARQUET_SUFFIXES = (".parquet", ".geoparquet")
READING_ERRORS = (
    ValueError,
    UnboundLocalError,  # pyogrio, where the name of a CRS is no UTF-8
    pyogrio.errors.DataSourceError,
    pyogrio.errors.DataLayerError,
)
_BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())
_WHOLE_NUMBERS = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
_KML_OWN = frozenset(
    {
        "id",
        "description",
        "timestamp",
        "begin",
        "end",
        "altitudeMode",
        "tessellate",
        "extrude",
        "visibility",
        "drawOrder",
        "icon",
        "snippet",
    }
)
"""Columns that GDAL makes of how a placemark looks, beside those of what the file says of it."""


def locate_layers(file: FoundFile, *, what: str) -> tuple[str, list[tuple[str, str | None]]]:
    """How to name a geographic file to GDAL, and its layers with their geometry types.

    GDAL takes a file for what its content says, and some contents send it to other files and hosts; so the content
    must be what the name says.

    Raises:
        DataError: The file is not what its name says, or cannot be opened.
    """
    try:
        address = find_genuine_address(file)
        suffix = file.path.suffix.lower()
        views = list_views(file.path) if suffix == ".gpkg" else ()
        with warnings.catch_warnings():  # of what does not matter to points and outlines
            warnings.simplefilter("ignore")
            listed = [(str(name), kind) for name, kind in pyogrio.list_layers(address)]
            layers = [(name, kind) for name, kind in listed if name.casefold() not in views]
            for name, _ in layers if suffix in (".gpkg", ".shp") else []:  # others are bounded by their bytes
                n_rows = pyogrio.read_info(address, layer=name, force_feature_count=True)["features"]
                if n_rows > MAX_TABLE_ROWS:
                    raise ValueError(f"a layer may have {MAX_TABLE_ROWS:,} rows, and {name} has {n_rows:,}.")
    except (*READING_ERRORS, *UNPACKING_ERRORS) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {(str(error) or 'damaged').splitlines()[0]} "
            "Give GeoJSON, GeoPackage, KML, or a shapefile (all its parts, or zipped)."
        ) from error
    return address, layers


def read_layer(
    file: FoundFile,
    address: str,
    layer: str,
    *,
    what: str,
    columns: Sequence[str] | None = None,
    where: str | None = None,
) -> gpd.GeoDataFrame:
    """One layer of a geographic file, as `locate_layers` names them.

    Args:
        file: The file.
        address: How it is named to GDAL.
        layer: The layer.
        what: What its rows are of, for messages.
        columns: Those wanted beside the geometry; all by default.
        where: Which rows are wanted, in the SQL of GDAL; all by default.

    Raises:
        DataError: The layer cannot be read, or has no CRS.
    """
    frame = _read_frame(file, address, layer, what=what, columns=columns, where=where)
    require_crs(frame.crs, file.label, what=what)
    return frame


def require_crs(crs: Any, label: str, *, what: str) -> None:
    """Refuse a file that does not say where on Earth its coordinates are; some programs then write a local CRS."""
    if crs is None or not (crs.is_projected or crs.is_geographic):
        raise DataError(
            f"A file of {what} must state its CRS; {label} has none. Save it with its CRS: for a shapefile add "
            "the .prj file, otherwise set the layer's CRS in QGIS and export it again."
        )


@contextlib.contextmanager
def explain_reading(file: FoundFile, *, what: str) -> Iterator[None]:
    """Turn what GDAL raises of a layer that it cannot read into an error with the next step.

    Values that it cannot read are missing, without a warning: their rows say so.

    Raises:
        DataError: It is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DataError:
        raise
    except (*READING_ERRORS, pyproj.exceptions.CRSError, shapely.errors.ShapelyError) as error:
        is_osm = file.path.name.lower().endswith(OSM_SUFFIXES)
        mend = "Download the extract again." if is_osm else "Repair it in QGIS (Fix geometries) and export it again."
        raise DataError(f"{file.label} cannot be read as {what}: {str(error).splitlines()[0]}. {mend}") from error


def _read_frame(
    file: FoundFile,
    address: str,
    layer: str,
    *,
    what: str,
    columns: Sequence[str] | None = None,
    where: str | None = None,
) -> Any:
    """A GeoDataFrame, or a DataFrame where the layer has no geometry; DataError if it cannot be read."""
    with explain_reading(file, what=what):
        frame = pyogrio.read_dataframe(
            address,
            layer=layer,
            columns=columns,
            datetime_as_string=what == "incidents",
            # a line of one point or a ring that is open is missing, as other broken shapes are to GDAL
            on_invalid="ignore",
            # so that rows are counted: a GeoPackage also says how many it has, which need not be so
            where=where or ("1 = 1" if file.path.suffix.lower() == ".gpkg" else None),
        )
    if isinstance(frame, gpd.GeoDataFrame):
        n_points = shapely.get_num_coordinates(frame.geometry.to_numpy())
        if n_points.max(initial=0) > MAX_POINTS:
            raise DataError(
                f"A shape may have {MAX_POINTS:,} points; row {n_points.argmax() + 1} of {file.label} has "
                f"{n_points.max():,}. Simplify it by a metre or two in QGIS, and export it again."
            )
    return _read_placemarks(frame) if file.path.suffix.lower() in (".kml", ".kmz") else frame


def _read_placemarks(frame: Any) -> Any:
    """Places of KML with their fields, which may stand as a table in the description; without how they look."""
    plain = frame.drop(columns=[name for name in frame.columns if name in _KML_OWN])
    if "description" not in frame:
        return plain
    return plain.join(spread_fields(frame["description"], besides=list(map(str, plain.columns))))


def holds_shapefile(file: FoundFile, *, besides: tuple[str, ...]) -> bool:
    """Whether a zip archive is a shapefile, and holds no table of another kind besides."""
    try:
        with file.archive() as archive:
            names = [name.lower() for name in archive.namelist()]
    except UNPACKING_ERRORS:
        return False  # told of when it is opened to be read
    others = any(name.endswith(besides) and not PurePosixPath(name).name.startswith(".") for name in names)
    return any(name.endswith(".shp") for name in names) and not others


def open_layers(file: FoundFile, *, what: str = "incidents", by_point: bool = False) -> list[Table]:
    """The layers of a geographic file as tables; points become the columns `geometry.x` and `geometry.y`.

    Layers of lines and outlines are passed over if there is another one.

    Args:
        file: The file.
        what: What its rows are of, for messages.
        by_point: Whether lines and outlines are read too, each by a point on it. Several points in one feature are
            then as many rows.

    Raises:
        DataError: The file is not what its name says, it holds no points, or its points have no CRS.
    """
    address, layers = locate_layers(file, what=what)
    tables = []
    shapes = None
    for name, _ in layers:
        frame = _read_frame(file, address, name, what=what)
        part = name if len(layers) > 1 else None
        label = f"{file.label}/{name}" if part else file.label
        try:
            frame = _stand_on_points(frame) if by_point else frame
            tables.append(_table_of_frame(label, frame, fingerprint_part(file.sha256, name), part=part, what=what))
        except DataError as error:
            shapes = shapes or error
    if shapes and not tables:
        raise shapes
    return tables


def table_of_places(label: str, frame: gpd.GeoDataFrame, sha256: str, *, part: str, what: str) -> Table:
    """Features as a table of points, an outline being a point on it; see `open_layers`."""
    return _table_of_frame(
        label, _stand_on_points(frame), sha256, part=part, what=what, kind="extract of OpenStreetMap"
    )


def _stand_on_points(frame: pd.DataFrame) -> pd.DataFrame:
    """Lines and outlines as a point on each; of several points in one feature, a row for each."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.empty:
        return frame
    shapes = frame.geometry.to_numpy()
    is_several = shapely.get_type_id(shapes) == shapely.GeometryType.MULTIPOINT
    points = np.where(is_several & ~shapely.is_empty(shapes), shapes, shapely.point_on_surface(shapes))
    # what has no geometry would be lost where points are taken apart
    points[shapely.is_missing(points) | shapely.is_empty(points)] = shapely.Point(np.nan, np.nan)
    standing = frame.set_geometry(gpd.GeoSeries(points, index=frame.index, crs=frame.crs))
    exploded: pd.DataFrame = standing.explode(ignore_index=True)
    return exploded


def _table_of_frame(
    label: str,
    frame: pd.DataFrame,
    sha256: str,
    *,
    part: str | None,
    what: str,
    kind: str = "layer of a geographic file",
) -> Table:
    crs = None
    if isinstance(frame, gpd.GeoDataFrame):
        points = frame.geometry
        frame = pd.DataFrame(frame.drop(columns=points.name))
        if not shapely.is_missing(points.to_numpy()).all():
            require_crs(points.crs, label, what=what)
            crs = name_crs(points.crs)
            frame[GEOMETRY_X], frame[GEOMETRY_Y] = _point_coordinates(points.to_numpy())
            kinds = sorted(set(points.geom_type.dropna()))
            if frame[GEOMETRY_X].isna().all() and "Point" not in kinds:  # a point may be empty
                raise DataError(
                    f"Incidents must be points; {label} holds {', '.join(kinds)}. Give the layer of points."
                )
    header = tuple(map(str, frame.columns))

    def read(columns: Collection[str], n_rows: int | None = None) -> Iterator[Chunk]:
        require_unique(header, columns, label=label)
        yield chunk_of_frame(frame.loc[:, [name for name in frame.columns if str(name) in columns]].iloc[:n_rows])

    return Table(
        label=label,
        kind=kind,
        sha256=sha256,
        header=header,
        read=read,
        part=part,
        crs=crs,
        read_start=lambda columns: read(columns, SAMPLE_ROWS),
    )


def _point_coordinates(geometry: Any) -> tuple[Any, Any]:
    """Coordinates of points, and of collections of one point; NaN of anything else, an empty point among them."""
    kinds = shapely.get_type_id(geometry)
    single = np.where(
        (kinds == 4) & (shapely.get_num_geometries(geometry) == 1), shapely.get_geometry(geometry, 0), geometry
    )
    single = np.where(shapely.is_empty(single), None, single)
    return shapely.get_x(single), shapely.get_y(single)


def open_parquet(label: str, source: Any, sha256: str, *, what: str = "incidents", by_point: bool = False) -> Table:
    """A Parquet or GeoParquet file as a table.

    Args:
        label: What to call it in a message.
        source: Path or file object.
        sha256: Of its bytes.
        what: What its rows are of, for messages.
        by_point: Whether lines and outlines are read too, as `open_layers` reads them.

    Raises:
        DataError: It is damaged, too large, or its geometry is not a point.
    """
    wrong = f"{label} cannot be read as Parquet"
    try:
        source = pa.OSFile(str(source)) if isinstance(source, Path) else source
        texts = [field.name for field in pyarrow.parquet.ParquetFile(source).schema_arrow if _is_text(field.type)]
        # a long text that comes often is held once
        opened = pyarrow.parquet.ParquetFile(source, read_dictionary=texts)
        if opened.metadata.num_rows > MAX_TABLE_ROWS:
            raise DataError(f"A table may have {MAX_TABLE_ROWS:,} rows; {label} has more. Split it by month.")
        geometry = _describe_geometry(opened.schema_arrow, label, what=what)
        if geometry and by_point:
            frame = _stand_on_points(read_frame_of_arrow(opened.read(), geometry[0]))
            return _table_of_frame(label, frame, sha256, part=None, what=what, kind="GeoParquet")
    except DataError:
        raise
    except (
        pa.ArrowException,
        pyproj.exceptions.CRSError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise DataError(f"{wrong}: {str(error).splitlines()[0]}. Write it again, or save it as CSV.") from error
    plain = [field.name for field in opened.schema_arrow if not pa.types.is_nested(field.type)]
    plain = [name for name in plain if geometry is None or name != geometry[0]]
    header = (*plain, *((GEOMETRY_X, GEOMETRY_Y) if geometry else ()))

    def read(columns: Collection[str]) -> Iterator[Chunk]:
        require_unique(header, columns, label=label)
        keep = [name for name in plain if name in columns]
        with_geometry = geometry is not None and GEOMETRY_X in columns
        first_row = 1
        try:
            for batch in opened.iter_batches(
                262_144, columns=keep + ([geometry[0]] if with_geometry and geometry else [])
            ):
                # whole numbers stay whole where some are missing: as floats, two long IDs could become one
                frame = batch.select(keep).to_pandas(ignore_metadata=True, types_mapper=_WHOLE_NUMBERS.get)
                if with_geometry and geometry:
                    frame[GEOMETRY_X], frame[GEOMETRY_Y] = _read_points(batch.column(geometry[0]))
                yield chunk_of_frame(frame, first_row=first_row)
                first_row += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, shapely.errors.ShapelyError) as error:
            raise DataError(f"{wrong}: {str(error).splitlines()[0]}. Write it again, or save it as CSV.") from error

    crs = geometry[1] if geometry else None
    kind = "GeoParquet" if geometry else "Parquet"
    return Table(label=label, kind=kind, sha256=sha256, header=header, read=read, crs=crs)


def read_frame_of_arrow(table: pa.Table, geometry: str) -> gpd.GeoDataFrame:
    """A table of GeoParquet; where one of its shapes is broken, that is missing."""
    try:
        return gpd.GeoDataFrame.from_arrow(table)
    except shapely.errors.ShapelyError:
        column = table.column(geometry)
        shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
        mended = pa.array(shapely.to_wkb(shapes), type=column.type)
        position = table.column_names.index(geometry)
        return gpd.GeoDataFrame.from_arrow(table.set_column(position, table.schema.field(geometry), mended))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _describe_geometry(schema: pa.Schema, label: str, *, what: str) -> tuple[str, str] | None:
    """Name and CRS of the geometry column of GeoParquet."""
    described = (schema.metadata or {}).get(b"geo")
    if described is None:
        return None
    geo = json.loads(described)
    name = geo["primary_column"]
    column = geo["columns"][name]
    if column.get("encoding") not in ("WKB", "point"):
        raise DataError(f"{what.capitalize()} must be points; the geometry of {label} is {column.get('encoding')}.")
    kind = schema.field(name).type
    if not (pa.types.is_struct(kind) if column["encoding"] == "point" else kind in _BYTES):
        raise ValueError(f"its geometry is {kind}.")
    if pa.types.is_struct(kind) and kind.num_fields < 2:
        raise ValueError("its points do not have two coordinates.")
    crs = column.get("crs", "OGC:CRS84")
    crs = crs and pyproj.CRS.from_user_input(crs)
    require_crs(crs, label, what=what)
    return name, name_crs(crs)


def _read_points(column: pa.Array) -> tuple[Any, Any]:
    if pa.types.is_struct(column.type):
        flat = column.flatten()
        return flat[0].to_numpy(zero_copy_only=False), flat[1].to_numpy(zero_copy_only=False)
    return _point_coordinates(shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore"))
