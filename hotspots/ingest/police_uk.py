"""The street-level CSV of data.police.uk: months, not days, on shared anonymous points.

Its longitudes and latitudes were made from whole metres of the National Grid by the seven-parameter shift, not OSTN15,
and are undone the same way; see `hotspots.geography.projection`.

Source: https://data.police.uk/about/ (columns, anonymisation). Twelve columns as published; all but `Month`,
`Longitude`, `Latitude` and `Crime type` may be absent.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.crimes import classify_offences
from hotspots.geography.projection import project_police_uk
from hotspots.ingest import parsing
from hotspots.ingest.text_tables import Columns

NAME = "police.uk street"
REQUIRED = ("month", "longitude", "latitude", "crime type")
OPTIONAL = ("crime id", "location", "context")
ID, OFFENCE = "crime id", "crime type"
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
    """Turn the text of a street file into records (`parsing.RECORD_DTYPES`)."""
    month = columns["month"]
    started_at = parsing.parse_month(month)
    longitude, latitude = (parsing.parse_coordinates(columns[name]) for name in ("longitude", "latitude"))
    easting, northing = project_police_uk(longitude, latitude)
    place = columns.get("location", parsing.blank(month))

    records = classify_offences(columns[OFFENCE])
    records["incident_id"] = columns.get(ID, parsing.blank(month)).astype("object")
    records["is_knife"] = pd.array(np.full(len(month), pd.NA), dtype="boolean")
    records["started_at"] = started_at
    records["ended_at"] = pd.NaT
    records["time_precision"] = "month"
    records["location"] = parsing.map_unique(place, lambda text: text.mask(text == "No Location"))
    records["location_kind"] = parsing.map_unique(
        place, lambda text: text.str.removeprefix("On or near ").str.casefold().map(_KINDS)
    )
    records["easting"] = easting
    records["northing"] = northing
    records["is_end_unreadable"] = False
    records["is_flag_unreadable"] = False
    records["reason"] = parsing.first_reason(
        parsing.date_reasons(month, started_at), parsing.location_reasons(longitude, latitude, easting)
    )
    return records


def read_status(columns: Columns) -> str | None:
    """What the file says of itself: the layout has no column for it, so made-up data say so in `Context`."""
    return parsing.read_status(columns.get("context"))
