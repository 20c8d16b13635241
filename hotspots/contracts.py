"""The tables that pass between stages: their columns, their CRS, and the check at the door of each function.

The tables stay plain GeoDataFrames. What is promised of them is written here once:

incidents
    index `incident_id` (unique); `category`, `subcategory` (nullable), `is_knife` (nullable), `started_at` and
    `ended_at` (naive local wall-clock time, `ended_at` nullable), `time_precision` (`minute`, `day` or
    `month`), `location` (a street or a public place, without the number of a house) and `location_kind`, both
    nullable, `location_precision` (`point`; `anonymised`: moved to a shared
    point; `postcode`; `area`: somewhere in an area or a large grid square), `stated_ward` (code or name of
    the ward that the source has found, nullable), `stated_area` (areas of the source's own, such as beats, parted by
    `|`, nullable), `source`, `source_row` (1 is the first row under the header), `geometry` (Point).
    After ward assignment also `ward_code` (nullable).
wards
    index `ward_code` (unique, sorted); `ward_name`, `borough` (nullable), `population` (float, missing where the
    boundaries do not state it), `geometry` (Polygon or MultiPolygon, valid).
havens
    index `haven_id` (unique); `name`, `kind`, `opening_hours` (OpenStreetMap syntax, nullable), `geometry`
    (Point). As read from files also `address` (the street, without the number of a house) and `checked_on` (the day on
    which it was last checked, datetime64), both nullable; nothing but posters asks for them.
streets
    index `way_id` (unique); `name` (nullable), `kind` (the source's word for the class of road, nullable), `geometry`
    (LineString, valid, in metres): streets that people may walk along, not yet cut at junctions.
premises
    index `premises_id` (unique); `name` (nullable), `kind` (a word of `hotspots.ingest.reference.PREMISES_KINDS`),
    `opening_hours` (as of havens), `geometry` (Point; MultiPoint of a station and its entrances; Polygon or
    MultiPolygon of a park or school of which the outline is known).
schools
    index `school_id` (unique; the URN where it is given); `name`, `phase` (nullable), `geometry` (Point).
safety marks
    index `mark_id` (unique); `is_safe` (bool), `day_part` (nullable; a word of
    `hotspots.ingest.reference.PARTS_OF_DAY`), `school` (nullable), `geometry` (Point, or Polygon or MultiPolygon of an
    area).
visits
    index `visit_id` (unique); `patrol` (which patrol or device, a number and not a name), `started_at`, `ended_at`
    (naive local wall-clock time), `started_instant`, `ended_instant` (the same in UTC, which runs on where the clock is
    put back), `place` (what whoever wrote it down calls it, nullable), `geometry` (Point, nullable).
pings
    no geometry, as there are millions: `patrol` (a number from 1), `at` (naive local wall-clock time), `instant` (the
    same in UTC), `easting`, `northing` (float, metres); by patrol and then by `instant`, no two of one patrol at once.
"""

from __future__ import annotations

from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.errors import DataError

LocationPrecision = Literal["point", "anonymised", "postcode", "area"]
AREA: LocationPrecision = "area"
"""An incident that lies somewhere in an area: it counts for wards and hours, not for places."""

INCIDENT_COLUMNS = (
    "category",
    "subcategory",
    "is_knife",
    "started_at",
    "ended_at",
    "time_precision",
    "location",
    "location_kind",
    "location_precision",
    "stated_ward",
    "stated_area",
    "source",
    "source_row",
    "geometry",
)
WARD_COLUMNS = ("ward_name", "borough", "population", "geometry")
HAVEN_COLUMNS = ("name", "kind", "opening_hours", "geometry")
HAVEN_DETAIL_COLUMNS = ("address", "checked_on")
STREET_COLUMNS = ("name", "kind", "geometry")
BASE_MAP_COLUMNS = ("kind", "name", "geometry")
PREMISES_COLUMNS = ("name", "kind", "opening_hours", "geometry")
SCHOOL_COLUMNS = ("name", "phase", "geometry")
SAFETY_MARK_COLUMNS = ("is_safe", "day_part", "school", "geometry")
VISIT_COLUMNS = ("patrol", "started_at", "ended_at", "started_instant", "ended_instant", "place", "geometry")
PING_COLUMNS = ("patrol", "at", "instant", "easting", "northing")


def require_columns(frame: gpd.GeoDataFrame, columns: tuple[str, ...], *, table: str) -> None:
    """Refuse a table without the columns that its contract names.

    Raises:
        DataError: A column is missing; the message names it and lists those that are there.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DataError(
            f"The {table} table needs the columns {', '.join(columns)}; {', '.join(missing)} missing from "
            f"{', '.join(map(str, frame.columns))}. Read it with hotspots.ingest, or rename its columns."
        )


def find_placed(incidents: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Bool (n_incidents,): whether more is known of where each was than an area; so it is where the table is silent."""
    if "location_precision" not in incidents:
        return np.ones(len(incidents), dtype=bool)
    is_placed: npt.NDArray[np.bool_] = (incidents["location_precision"] != AREA).to_numpy(dtype=bool, na_value=True)
    return is_placed


def require_same_crs(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame, *, tables: str) -> None:
    """Refuse two tables that are not both in metres and in one CRS.

    Raises:
        DataError: The CRS of either is missing, not in metres, or not the same as the other's.
    """
    first, second = tables.split(" and ")
    require_metres(one, table=first)
    require_metres(other, table=second)
    if not one.crs.equals(other.crs, ignore_axis_order=True):
        raise DataError(
            f"Distances need one CRS; the {first} are in {one.crs.name}, the {second} in {other.crs.name}. "
            "Use to_crs(...) on one of them."
        )


def require_metres(frame: gpd.GeoDataFrame | gpd.GeoSeries, *, table: str) -> None:
    """Refuse geometry that is not in a projected CRS measured in metres.

    Raises:
        DataError: The CRS is missing, geographic, or in another unit; degrees are not distances.
    """
    if frame.crs is None:
        raise DataError(
            f"Distances need a projected CRS in metres; the {table} have no CRS. "
            "Set it with set_crs(...), then to_crs('EPSG:27700')."
        )
    units = {axis.unit_name for axis in frame.crs.axis_info[:2]}
    if not frame.crs.is_projected or units != {"metre"}:
        raise DataError(
            f"Distances need a projected CRS in metres; the {table} are in {frame.crs.name} "
            f"({'/'.join(sorted(units))}). Use to_crs('EPSG:27700') first."
        )
