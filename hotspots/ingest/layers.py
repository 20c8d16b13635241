"""Layers of geographic files, opened only if the file is what its name says."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely

from hotspots.errors import DataError
from hotspots.ingest.files import UNPACKING_ERRORS, FoundFile

# What GDAL would say of a damaged file is said by an error here.
pyogrio.set_gdal_config_options({"CPL_LOG": os.devnull})

_SHAPEFILE = b"\x00\x00\x27\x0a"
_GEOJSON_TYPES = {
    "FeatureCollection",
    "Feature",
    "Polygon",
    "MultiPolygon",
    "Point",
    "MultiPoint",
    "GeometryCollection",
}


def locate_layers(file: FoundFile, *, what: str) -> tuple[str, list[tuple[str, str | None]]]:
    """How to name a geographic file to GDAL, and its layers with their geometry types.

    GDAL takes a file for what its content says, and some contents send it to other files and hosts; so the content
    must be what the name says.

    Raises:
        DataError: The file is not what its name says, or cannot be opened.
    """
    try:
        address = _genuine_address(file.path)
        return address, [(str(name), kind) for name, kind in pyogrio.list_layers(address)]
    except (
        ValueError,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        *UNPACKING_ERRORS,
    ) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {(str(error) or 'damaged').splitlines()[0]} "
            "Give GeoJSON, GeoPackage, or a shapefile (all its parts, or zipped)."
        ) from error


def _genuine_address(path: Path) -> str:
    """The name of a file for GDAL, once its content is known to be what its suffix says; ValueError if it is not."""
    suffix = path.suffix.lower()
    wrong = ValueError(f"its content is not that of a {suffix} file.")
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            shapes = [name for name in archive.namelist() if name.lower().endswith(".shp") and "/." not in f"/{name}"]
            if len(shapes) != 1:
                raise ValueError(f"it holds {len(shapes)} shapefiles where one is needed.")
            with archive.open(shapes[0]) as member:
                if member.read(4) != _SHAPEFILE:
                    raise wrong
        return f"/vsizip/{path.resolve()}/{shapes[0]}"
    if suffix in (".json", ".geojson"):
        content = path.read_bytes()
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise wrong from error
        kind = found.get("type") if isinstance(found, dict) else None
        if kind not in _GEOJSON_TYPES or b"gdal_streamed_alg" in content:
            raise wrong
    else:
        with path.open("rb") as opened:
            start = opened.read(72)
        genuine = start[68:71] in (b"GPK", b"GP1") if suffix == ".gpkg" else start.startswith(_SHAPEFILE)
        if not genuine:
            raise wrong
    return str(path.resolve())


def read_layer(file: FoundFile, address: str, layer: str, *, what: str) -> gpd.GeoDataFrame:
    """One layer of a geographic file, as `locate_layers` names them.

    Raises:
        DataError: The layer cannot be read, or has no CRS.
    """
    try:
        frame = pyogrio.read_dataframe(address, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.ShapelyError) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {str(error).splitlines()[0]}. "
            "Repair it in QGIS (Fix geometries) and export it again."
        ) from error
    if frame.crs is None:
        raise DataError(
            f"A file of {what} must state its CRS; {file.label} has none. Save it with its CRS: for a shapefile add "
            "the .prj file, otherwise set the layer's CRS in QGIS and export it again."
        )
    return frame
