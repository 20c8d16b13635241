"""The street-level CSV of data.police.uk: months, not days, on shared anonymous points.

Source: https://data.police.uk/about/ (columns, anonymisation). Twelve columns as published; all but `Month`,
`Longitude`, `Latitude` and `Crime type` may be absent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.crimes import classify_offences
from hotspots.geography.projection import project_lonlat
from hotspots.ingest.files import Columns
from hotspots.ingest.parsing import (
    RECORD_DTYPES,
    UNREADABLE_DATE,
    blank,
    location_reasons,
    map_unique,
    parse_coordinates,
    said_once,
)

NAME = "police.uk street"
REQUIRED = ("month", "longitude", "latitude", "crime type")
OPTIONAL = ("crime id", "location", "context")
NOT_INCIDENTS = ("-outcomes.csv", "-stop-and-search.csv")
"""Other tables that come in the same archive."""

_KINDS = {
    "airport/airfield": "transport hub",
    "bus/coach station": "transport hub",
    "nightclub": "licensed premises",
    "parking area": "parking area",
    "park/open space": "park",
    "shopping area": "shop",
    "supermarket": "shop",
    "further/higher educational building": "school",
}


def parse(columns: Columns) -> pd.DataFrame:
    """Turn the text of a street file into records (`RECORD_DTYPES`)."""
    month = columns["month"]
    started_at = map_unique(month, lambda text: pd.to_datetime(text, format="%Y-%m", errors="coerce"))
    longitude, latitude = (parse_coordinates(columns[name]) for name in ("longitude", "latitude"))
    easting, northing = project_lonlat(longitude, latitude)

    location = columns.get("location", blank(month)).astype("object")
    location = location.mask(location == "No Location")
    kinds = location.str.removeprefix("On or near ").str.casefold().map(_KINDS)
    records = classify_offences(columns["crime type"])
    records["incident_id"] = columns.get("crime id", blank(month)).astype("object")
    records["is_knife"] = pd.array(np.full(len(month), pd.NA), dtype="boolean")
    records["started_at"] = started_at
    records["ended_at"] = pd.NaT
    records["time_precision"] = "month"
    records["location"] = location
    records["location_kind"] = kinds.astype("object")
    records["easting"] = easting
    records["northing"] = northing
    records["reason"] = location_reasons(longitude, latitude, easting)
    records.loc[started_at.isna(), "reason"] = UNREADABLE_DATE
    return records.astype(RECORD_DTYPES)


def read_status(columns: Columns) -> str | None:
    """What the file says of itself: the layout has no column for it, so made-up data say so in `Context`."""
    return said_once(columns.get("context"), only=("synthetic",))
