"""Every incident with the ward that it is in, as one file for QGIS, a database or a spreadsheet."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import geopandas as gpd
import numpy as np

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.errors import ParameterError
from hotspots.ingest.incidents import find_days
from hotspots.pipeline import Study, gather_status
from hotspots.products.files.place_shapes import write_geoparquet
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.words import say_status

INCIDENT_FILE_SUFFIXES = (".parquet", ".gpkg", ".csv")


def write_incident_file(
    study: Study, path: Path, *, start: dt.date | None = None, end: dt.date | None = None
) -> gpd.GeoDataFrame:
    """Write every incident of a study, those outside all wards too.

    Args:
        study: What was read.
        path: Of the file: GeoParquet, GeoPackage or CSV, by the end of its name. One that is there is replaced.
        start: First day; of incidents of which only the month is known, those of its month stay.
        end: Last day, likewise.

    Returns:
        What was written, in the working CRS: `incident_id` (file and row), the columns of the incidents table of
        `hotspots.contracts`, `ward_code` and `ward_name` (missing outside all wards), and `data_status` (missing where
        all data are real).

    Raises:
        ParameterError: The name ends otherwise.
    """
    suffix = path.suffix.lower()
    if suffix not in INCIDENT_FILE_SUFFIXES:
        raise ParameterError(
            f"`out` must end in {', '.join(INCIDENT_FILE_SUFFIXES)}, and {path.name} does not. Name it so."
        )
    table = _tabulate(study)
    first, last = find_days(table)
    is_wanted = np.ones(len(table), dtype=bool)
    if start is not None:
        is_wanted &= last >= np.datetime64(start)
    if end is not None:
        is_wanted &= first <= np.datetime64(end)
    table = table[is_wanted]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.stem}.unfinished{suffix}")
    try:
        _write(table, draft)
        os.replace(draft, path)  # noqa: PTH105
    finally:
        draft.unlink(missing_ok=True)
    return table


def _tabulate(study: Study) -> gpd.GeoDataFrame:
    incidents = study.intake.incidents
    names = study.boundaries.wards["ward_name"]
    status = say_status(gather_status((*study.intake.inputs, *study.boundaries.inputs)))
    table = incidents[[name for name in INCIDENT_COLUMNS if name != "geometry"]].assign(
        ward_code=incidents["ward_code"],
        ward_name=incidents["ward_code"].astype("object").map(names),
        data_status=status or None,
    )
    return gpd.GeoDataFrame(table.reset_index(), geometry=incidents.geometry.to_numpy(), crs=incidents.crs)


def _write(table: gpd.GeoDataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        write_geoparquet(table, path)
    elif path.suffix == ".gpkg":
        texts = {name: "object" for name, kind in table.dtypes.items() if kind == "category"}
        table.astype(texts).to_file(path, layer="incidents", driver="GPKG", engine="pyogrio")
    else:
        points = table.geometry
        write_csv(table.drop(columns="geometry").assign(easting=points.x.round(1), northing=points.y.round(1)), path)
