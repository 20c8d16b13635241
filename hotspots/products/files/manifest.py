"""`manifest.json`: what each file of a folder is, byte for byte, and what it was made from and by."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import importlib
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyogrio
import pyproj
import shapely

from hotspots.pipeline import Analysis, PackPlan
from hotspots.products.files.folders import encode_json, write_text
from hotspots.products.summary import PackSummary, RunSummary, encode

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
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""As registered with IANA."""

_LIBRARIES = ("numpy", "pandas", "scipy", "shapely", "geopandas", "pyogrio", "pyproj", "pyarrow", "xlsxwriter")


def write_manifest(analysis: Analysis, summary: RunSummary, folder: Path, *, key: str) -> None:
    """Write which files a folder holds and how they came about. It holds no time of a clock and no path of a machine.

    Args:
        analysis: What was asked.
        summary: What was found, with the files that it was found in.
        folder: With every product but this one.
        key: Of the manifest among the products, which does not list itself.
    """
    names = {product: name for product, name in summary.products.items() if product != key}
    content = {
        "schema_version": "1",
        "crime": summary.crime,
        "period": encode(summary.period),
        "data_status": summary.data_status,
        "not_to_share": summary.not_to_share,
        "parameters": _plain(dataclasses.asdict(analysis.request)),
        "inputs": [encode(file) for file in summary.inputs],
        "versions": _list_versions(summary.version),
        "products": {product: _describe_file(folder / name) for product, name in names.items()},
    }
    write_text(folder / summary.products[key], encode_json(content))


def write_pack_manifest(plan: PackPlan, summary: PackSummary, folder: Path) -> None:
    """Write the same of a pack: every file in its folders, by its path in the pack.

    Args:
        plan: What was asked.
        summary: What was found.
        folder: With every file but this one and the zip.
    """
    files = sorted((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.as_posix())
    content = {
        "schema_version": "1",
        "period": encode(summary.period),
        "data_status": summary.data_status,
        "parameters": _plain(dataclasses.asdict(plan.request)),
        "inputs": [encode(file) for file in summary.inputs],
        "versions": _list_versions(summary.version),
        "products": {file.relative_to(folder).as_posix(): _describe_file(file) for file in files},
    }
    write_text(folder / summary.products["manifest"], encode_json(content))


def _describe_file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "file": path.name,
        "media_type": _MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _list_versions(version: str) -> dict[str, str]:
    """Of everything that may change a number or a byte."""
    libraries = {name: str(importlib.import_module(name).__version__) for name in _LIBRARIES}
    return {
        "hotspots": version,
        "python": platform.python_version(),
        **libraries,
        "geos": shapely.geos_version_string,
        "proj": pyproj.proj_version_str,
        "gdal": pyogrio.__gdal_version_string__,
    }


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: dates as ISO text, tuples as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value
