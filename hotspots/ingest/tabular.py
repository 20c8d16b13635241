"""The extract that a council gets from its police: offence, from and to times, easting and northing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.crimes import classify_offences
from hotspots.geography.projection import unproject_grid
from hotspots.ingest import parsing
from hotspots.ingest.text_tables import Columns

NAME = "council extract"
REQUIRED = ("offence", "date from", "easting", "northing")
OPTIONAL = ("crime ref", "date to", "location", "location type", "knife flag", "data status")
ID, OFFENCE = "crime ref", "offence"

_FLAGS = {
    "y": True,
    "yes": True,
    "true": True,
    "1": True,
    "n": False,
    "no": False,
    "false": False,
    "0": False,
}
_LAST_MINUTE = 23 * 60 + 59


def parse(columns: Columns) -> pd.DataFrame:
    """Turn the text of an extract into records (`parsing.RECORD_DTYPES`).

    A start at 00:00 with no end, or one at 00:00 or 23:59, is what a form fills in when nobody knew the time:
    such a row keeps its day and loses its hour. An end without a time of day means the end of that day.
    """
    date_from = columns["date from"]
    date_to = columns.get("date to", parsing.blank(date_from))
    started_at, has_clock = parsing.parse_wall_clock(date_from)
    ended_at, end_has_clock = parsing.parse_wall_clock(date_to)
    ended_at = ended_at.where(end_has_clock, ended_at + pd.Timedelta(minutes=_LAST_MINUTE))
    end_minute = _minute_of_day(ended_at)
    defaulted = (_minute_of_day(started_at) == 0) & (ended_at.isna() | (end_minute == 0) | (end_minute == _LAST_MINUTE))
    easting, northing = (parsing.parse_coordinates(columns[name]) for name in ("easting", "northing"))
    longitude, _ = unproject_grid(easting, northing)
    flag = columns.get("knife flag", parsing.blank(date_from))
    is_knife = parsing.map_unique(flag, lambda text: text.str.casefold().map(_FLAGS)).astype("boolean")

    records = classify_offences(columns[OFFENCE])
    records["incident_id"] = columns.get(ID, parsing.blank(date_from)).astype("object")
    records["is_knife"] = is_knife
    records["started_at"] = started_at
    records["ended_at"] = ended_at
    records["time_precision"] = np.where(has_clock & ~defaulted, "minute", "day")
    records["location"] = columns.get("location", parsing.blank(date_from)).astype("object")
    kind = columns.get("location type", parsing.blank(date_from))
    records["location_kind"] = parsing.map_unique(kind, lambda text: text.str.casefold())
    records["easting"] = easting
    records["northing"] = northing
    records["is_end_unreadable"] = date_to.notna() & ended_at.isna()
    records["is_flag_unreadable"] = flag.notna() & is_knife.isna()
    records["reason"] = parsing.first_reason(
        parsing.date_reasons(date_from, started_at), parsing.location_reasons(easting, northing, longitude)
    )
    return records


def read_status(columns: Columns) -> str | None:
    """What the file says of itself in its `Data Status` column."""
    return parsing.read_status(columns.get("data status"))


def _minute_of_day(times: pd.Series) -> pd.Series:
    minutes: pd.Series = times.dt.hour * 60 + times.dt.minute
    return minutes
