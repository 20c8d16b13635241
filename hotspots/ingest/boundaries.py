"""Boundary files (GeoJSON, GeoPackage, shapefile, zipped shapefile) to the wards table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from hotspots.errors import DataError
from hotspots.geography.projection import to_national_grid
from hotspots.ingest.files import InputFile, expand_paths, fingerprint, refuse_repeats

SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".zip")

_CODE = re.compile(r"ward_?code|gss_?code|wd\d\d_?cd|lsoa\d\d_?cd|msoa\d\d_?cd|code", re.IGNORECASE)
_NAME = re.compile(r"ward_?name|name|wd\d\d_?nm|lsoa\d\d_?nm|msoa\d\d_?nm", re.IGNORECASE)
_BOROUGH = re.compile(r"borough|lad_?name|lad\d\d_?nm|district", re.IGNORECASE)
_STATUS = re.compile(r"data_?status", re.IGNORECASE)

_MAX_OVERLAP_SHARE = 0.001
"""Digitised outlines overlap by slivers; two vintages of the same borough overlap by nearly all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """What came out of the boundary files.

    Attributes:
        wards: The wards table of `hotspots.contracts`, in EPSG:27700, sorted by code.
        inputs: The files read.
        n_repaired: Outlines that were invalid (crossing themselves) and were made valid.
    """

    wards: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]
    n_repaired: int


def read_boundaries(paths: Sequence[Path]) -> Boundaries:
    """Read ward (or other small-area) outlines, in any CRS that the file states.

    The code, name and borough columns are known by their usual names (`ward_code`, `GSS_CODE`, `WD22CD`,
    `lsoa21cd` ...). All polygon layers of a file are read.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file has no CRS, no polygons, no code column, coordinates outside Great Britain; or wards
            repeat or overlap.
    """
    tables: list[gpd.GeoDataFrame] = []
    inputs: list[InputFile] = []
    for path in expand_paths(paths, suffixes=SUFFIXES, what="boundaries"):
        layers = [_read_layer(path, layer) for layer in _polygon_layers(path)]
        tables += layers
        statuses = sorted({status for layer in layers for status in layer["data_status"].dropna()})
        inputs.append(
            InputFile(
                path=path.as_posix(),
                sha256=fingerprint(path),
                n_rows=sum(map(len, layers)),
                layout="boundaries",
                data_status=", ".join(statuses) or None,
            )
        )
    refuse_repeats(inputs)
    wards = gpd.GeoDataFrame(pd.concat(tables), crs=tables[0].crs)
    wards, n_repaired = _repair(wards)
    wards = _join_parts(wards)
    _refuse_overlaps(wards)
    return Boundaries(wards=wards.sort_index(), inputs=tuple(inputs), n_repaired=n_repaired)


def _polygon_layers(path: Path) -> list[str]:
    """Names of the layers that may hold polygons: an unstated geometry type may, a table without one cannot."""
    try:
        layers = pyogrio.list_layers(path)
    except pyogrio.errors.DataSourceError as error:
        raise DataError(
            f"{path.as_posix()} cannot be read as boundaries: {str(error).splitlines()[0]} "
            "Give GeoJSON, GeoPackage, or a shapefile (all its parts, or zipped)."
        ) from error
    names = [str(name) for name, kind in layers if kind and ("Polygon" in kind or "Unknown" in kind)]
    if not names:
        kinds = ", ".join(sorted({str(kind or "no geometry") for _, kind in layers})) or "nothing"
        raise DataError(
            f"Boundaries must be polygons; {path.as_posix()} holds {kinds}. "
            "Give the file of outlines, not of centres or lines."
        )
    return names


def _read_layer(path: Path, layer: str) -> gpd.GeoDataFrame:
    label = path.as_posix()
    frame = gpd.read_file(path, layer=layer)
    if frame.crs is None:
        raise DataError(
            f"Boundaries must state their CRS; {label} has none. Save it with its CRS: for a shapefile add the "
            ".prj file, otherwise set the layer's CRS in QGIS and export it again."
        )
    is_polygon = frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~frame.geometry.is_empty
    if not is_polygon.any():
        kinds = ", ".join(sorted(set(frame.geometry.geom_type.dropna()))) or "no features"
        raise DataError(
            f"Boundaries must be polygons; {label} holds {kinds}. Give the file of outlines, not of centres or lines."
        )
    if not is_polygon.all():
        first = frame.index[~is_polygon][0]
        raise DataError(
            f"Each boundary must be a polygon; feature {first + 1} of {label} is not, and "
            f"{(~is_polygon).sum()} in all. Remove them, or give each its outline."
        )
    code, name = _find(frame, _CODE), _find(frame, _NAME)
    if code is None:
        raise DataError(
            f"Boundaries need a column of ward codes (ward_code, GSS_CODE, WD22CD ...), because names repeat; "
            f"{label} has {', '.join(map(str, frame.columns.drop('geometry', errors='ignore')))}. "
            "Rename the column that holds the code to ward_code."
        )
    if frame[code].isna().any():
        first = frame.index[frame[code].isna()][0]
        raise DataError(f"Each boundary needs a code; feature {first + 1} of {label} has none in {code}. Fill it in.")
    borough, status = _find(frame, _BOROUGH), _find(frame, _STATUS)
    wards = gpd.GeoDataFrame(
        {
            "ward_code": frame[code].astype("str"),
            "ward_name": (frame[name] if name is not None else frame[code]).astype("object"),
            "borough": frame[borough].astype("object") if borough is not None else None,
            "data_status": frame[status].astype("object") if status is not None else None,
        },
        geometry=shapely.force_2d(frame.geometry.array),
        crs=frame.crs,
    )
    wards = to_national_grid(wards)
    outside = ~np.isfinite(wards.geometry.bounds.to_numpy()).all(axis=1)
    if outside.any():
        raise DataError(
            f"Boundaries must lie in Great Britain; {wards['ward_code'][outside].iloc[0]} in {label} does not, "
            f"read as {frame.crs.name}. Check the CRS that the file states."
        )
    return wards


def _find(frame: gpd.GeoDataFrame, pattern: re.Pattern[str]) -> str | None:
    """The column whose whole name matches, the alternatives of the pattern in their order."""
    for alternative in pattern.pattern.split("|"):
        for column in frame.columns:
            if re.fullmatch(alternative, str(column), re.IGNORECASE):
                return str(column)
    return None


def _repair(wards: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Make invalid outlines valid, keeping only their areas."""
    invalid = ~wards.geometry.is_valid.to_numpy()
    if not invalid.any():
        return wards, 0
    outlines = wards.geometry.to_numpy().copy()
    repaired = shapely.make_valid(outlines[invalid], method="structure", keep_collapsed=False)
    outlines[invalid] = repaired
    return wards.set_geometry(gpd.GeoSeries(outlines, index=wards.index, crs=wards.crs)), int(invalid.sum())


def _join_parts(wards: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row a code: parts of one ward are joined, two wards of one code are refused."""
    names = wards.groupby("ward_code")["ward_name"].nunique(dropna=False)
    if (names > 1).any():
        code = names.index[names > 1][0]
        both = " and ".join(sorted(set(wards.loc[wards["ward_code"] == code, "ward_name"].astype("str"))))
        raise DataError(f"A ward code must stand for one ward; {code} stands for {both}. Give one vintage of wards.")
    if wards["ward_code"].is_unique:
        return wards.set_index("ward_code")
    return wards.dissolve(by="ward_code", aggfunc="first")


def _refuse_overlaps(wards: gpd.GeoDataFrame) -> None:
    total = float(wards.geometry.area.sum())
    overlap = total - float(wards.geometry.union_all().area)
    if overlap <= _MAX_OVERLAP_SHARE * total:
        return
    one, other = wards.sindex.query(wards.geometry, predicate="intersects")
    pairs = one < other
    outlines = wards.geometry.to_numpy()
    shared = shapely.area(shapely.intersection(outlines[one[pairs]], outlines[other[pairs]]))
    worst = int(shared.argmax())
    first, second = wards.index[one[pairs][worst]], wards.index[other[pairs][worst]]
    raise DataError(
        f"Wards must not overlap; these do over {overlap / 1e6:.1f} km², most of all {first} "
        f"{wards.at[first, 'ward_name']} and {second} {wards.at[second, 'ward_name']}. "
        "Give one vintage of boundaries."
    )
