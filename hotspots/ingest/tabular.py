"""The extract that a council gets from its police: offence, from and to times, easting and northing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hotspots.crimes import classify_offences
from hotspots.geography.projection import unproject_grid
from hotspots.ingest.files import Columns
from hotspots.ingest.parsing import (
    NO_DATE,
    RECORD_DTYPES,
    UNREADABLE_DATE,
    blank,
    location_reasons,
    parse_coordinates,
    parse_wall_clock,
    said_once,
)

NAME = "council extract"
REQUIRED = ("offence", "date from", "easting", "northing")
OPTIONAL = ("crime ref", "date to", "location", "location type", "knife flag", "data status")

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
    """Turn the text of an extract into records (`RECORD_DTYPES`).

    A start at 00:00 with no end, or one at 00:00 or 23:59, is what a form fills in when nobody knew the time:
    such a row keeps its day and loses its hour.
    """
    date_from = columns["date from"]
    started_at, has_clock = parse_wall_clock(date_from)
    ended_at, _ = parse_wall_clock(columns.get("date to", blank(date_from)))
    easting, northing = (parse_coordinates(columns[name]) for name in ("easting", "northing"))

    minute = _minute_of_day(started_at)
    end_minute = _minute_of_day(ended_at)
    defaulted = (minute == 0) & (ended_at.isna() | (end_minute == 0) | (end_minute == _LAST_MINUTE))

    records = classify_offences(columns["offence"])
    records["incident_id"] = columns.get("crime ref", blank(date_from)).astype("object")
    flag = columns.get("knife flag", blank(date_from)).astype("object")
    records["is_knife"] = flag.str.strip().str.casefold().map(_FLAGS).astype("boolean")
    records["started_at"] = started_at
    records["ended_at"] = ended_at
    records["time_precision"] = np.where(has_clock & ~defaulted, "minute", "day")
    records["location"] = columns.get("location", blank(date_from)).astype("object")
    records["location_kind"] = columns.get("location type", blank(date_from)).str.casefold().astype("object")
    records["easting"] = easting
    records["northing"] = northing
    longitude, _ = unproject_grid(easting, northing)
    records["reason"] = location_reasons(easting, northing, longitude)
    records.loc[started_at.isna(), "reason"] = UNREADABLE_DATE
    records.loc[date_from.isna(), "reason"] = NO_DATE
    return records.astype(RECORD_DTYPES)


def read_status(columns: Columns) -> str | None:
    """What the file says of itself in its `Data Status` column."""
    return said_once(columns.get("data status"))


def _minute_of_day(times: pd.Series) -> pd.Series:
    minutes: pd.Series = times.dt.hour * 60 + times.dt.minute
    return minutes
