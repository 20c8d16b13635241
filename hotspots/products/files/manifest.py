"""`manifest.json`: what each file of a folder is, byte for byte, and what it was made from and by."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import importlib
import platform
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio
import pyproj
import shapely

from hotspots.products.files.folders import encode_json, write_text
from hotspots.products.summary import encode

if TYPE_CHECKING:
    from hotspots.products.summary import AnySummary

_MEDIA_TYPES = {
    ".html": "text/html",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".gpx": "application/gpx+xml",
    ".ics": "text/calendar",
    ".svg": "image/svg+xml",
    ".zip": "application/zip",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""As registered with IANA."""

_SUBJECT = ("crime", "period", "not_to_share")
"""What most summaries say of all that they hold."""

_LIBRARIES = ("numpy", "pandas", "scipy", "shapely", "geopandas", "pyogrio", "pyproj", "pyarrow", "xlsxwriter")


def write_manifest(
    summary: AnySummary, folder: Path, *, parameters: Any, more: Collection[str] = (), key: str = "manifest"
) -> None:
    """Write which files a folder holds and how they came about. It holds no time of a clock and no path of a machine.

    Args:
        summary: What was found, with the files that it was found in and those that it is written to.
        folder: With every product but this one.
        parameters: What was asked: a request, or several by what they are of.
        more: Names of files that are not among the products.
        key: Of the manifest among the products, which does not list itself.
    """
    names = {product: name for product, name in summary.products.items() if product != key}
    names |= {name: name for name in more}
    content = {
        "schema_version": "1",
        "handling": encode(summary.handling),
        **{name: _plain(getattr(summary, name)) for name in _SUBJECT if hasattr(summary, name)},
        "data_status": summary.data_status,
        "parameters": _plain(parameters),
        "inputs": [encode(file) for file in summary.inputs],
        "versions": _list_versions(summary),
        "products": {product: _describe_file(folder, name) for product, name in names.items()},
    }
    write_text(folder / summary.products[key], encode_json(content))


def find_media_type(path: Path) -> str:
    """What a file is, by how its name ends."""
    return _MEDIA_TYPES.get(path.suffix, "application/octet-stream")


def _describe_file(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    content = path.read_bytes()
    return {
        "file": name,
        "media_type": find_media_type(path),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _list_versions(summary: AnySummary) -> dict[str, str]:
    """Of everything that may change a number or a byte."""
    libraries = {name: str(importlib.import_module(name).__version__) for name in _LIBRARIES}
    return {
        "hotspots": summary.version,
        "python": platform.python_version(),
        **libraries,
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "gdal": pyogrio.__gdal_version_string__,
    }


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: dates as ISO text, tuples as lists, of a shape its hash and of a path its name."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, shapely.Geometry):
        outline = shapely.to_wkb(shapely.normalize(shapely.force_2d(value)))
        return {"wkb_sha256": hashlib.sha256(outline).hexdigest()}
    if isinstance(value, Path):
        return value.name
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
