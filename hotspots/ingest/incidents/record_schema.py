"""What a record is: its columns, why a row is refused, and what is odd about one that is kept."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hotspots.crimes import UNRECOGNISED
from hotspots.ingest.texts import list_distinct

BLANK_ROW = "blank row"
MALFORMED_ROW = "malformed row"
REPEATED_ROW = "repeated row"
NO_DATE = "no date"
UNREADABLE_DATE = "unreadable date"
IMPLAUSIBLE_DATE = "implausible date"
NO_COUNT = "no number of incidents"

WITHOUT_DATE = (BLANK_ROW, MALFORMED_ROW, NO_DATE, UNREADABLE_DATE, IMPLAUSIBLE_DATE)
"""Reasons of rows of which nobody knows the month."""

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""A date outside is a placeholder or a slip of the pen, and one of them would stretch the period by a century."""

_WORDS = pa.dictionary(pa.int32(), pa.string())

RECORDS = pa.schema(
    [
        ("source_row", pa.int32()),
        ("incident_id", pa.string()),
        ("category", _WORDS),
        ("subcategory", _WORDS),
        ("is_knife", pa.bool_()),
        ("started_at", pa.timestamp("s")),
        ("ended_at", pa.timestamp("s")),
        ("time_precision", _WORDS),
        ("location", _WORDS),
        ("location_mark", pa.int16()),
        ("location_kind", _WORDS),
        ("location_precision", _WORDS),
        ("easting", pa.float64()),
        ("northing", pa.float64()),
        ("stated_ward", _WORDS),
        ("stated_area", _WORDS),
        ("unrecognised_offence", _WORDS),
        ("unread_knife", _WORDS),
        ("oddities", pa.int32()),
        ("reason", _WORDS),
        ("detail", _WORDS),
    ]
)
"""What every row of every source becomes; `reason` says why a row cannot be used, `detail` what it gave instead.

`location` is a street or a public place. `location_mark` tells rows at two houses of a street from each other; it is so
short that nobody finds the house by it.
"""

TALLIED = ["category", "subcategory", "is_knife", "started_at", "time_precision"]
"""What is counted of rows in months that nobody asked for."""


class Oddity(enum.IntFlag):
    """An oddity of a row that is kept."""

    END_UNREADABLE = 1
    CONFLICTING_ID = 2
    """An earlier row of another content has the same ID."""
    MIDNIGHT = 4
    """The time was midnight, which is what a form fills in when nobody knew it; taken for not known."""
    NONEXISTENT_TIME = 8
    AMBIGUOUS_TIME = 16
    REVERSED = 32
    MASKED = 64
    CONVERTED_TIME = 128
    TIME_UNREADABLE = 256
    """The time of day, in a column of its own, was none; the row keeps its day."""
    PLACEHOLDER_ID = 512
    """What stood for its ID identifies nothing, so the row counts whatever else it repeats."""
    HIDDEN = 1024
    """Whoever opens the workbook does not see the row."""
    ROUNDED = 2048
    """Its coordinates are those of a square of 100 m or more, so that it counts as in an area."""
    FIRST_OF_MONTH = 4096
    """Its date was the first of a month, as those of all rows of the table: it stands for the month."""
    HOUR_ONLY = 8192
    """Its source gives the hour and not the minute; it may have begun at any minute of it."""
    DEFAULT_TIME = 16384
    """The time was one that a form fills in, such as noon; taken for not known."""
    HALF_LOST = 32768
    """The time was on a twelve-hour clock without am or pm; taken for not known."""


def make_records(frame: pd.DataFrame) -> pa.Table:
    """Records as Arrow keeps them, from a table with a column for each of `RECORDS`."""
    return pa.Table.from_arrays([_encode(frame[spec.name], spec) for spec in RECORDS], schema=RECORDS)


def replace_columns(records: pa.Table, **columns: Any) -> pa.Table:
    """The records with other values in some columns."""
    for name, values in columns.items():
        position = RECORDS.get_field_index(name)
        records = records.set_column(position, RECORDS.field(position), _encode(pd.Series(values), RECORDS.field(name)))
    return records


def _encode(values: pd.Series, spec: pa.Field) -> pa.Array:
    if spec.type == _WORDS:
        values = values.astype("category")
        codes, words = values.cat.codes.to_numpy(), list(map(str, list_distinct(values)))
        # no word stays that is on no row, as what was masked would be
        is_used = np.bincount(codes + 1, minlength=len(words) + 1)[1:] > 0
        order = sorted(np.flatnonzero(is_used).tolist(), key=words.__getitem__)
        # Arrow looks up the code under a missing value too when it unifies dictionaries: -1 lies outside its table
        code_of = np.zeros(len(words) + 1, dtype=np.int32)
        code_of[order] = np.arange(len(order))
        used = pa.array([words[code] for code in order], type=pa.string())
        return pa.DictionaryArray.from_arrays(pa.array(code_of[codes], mask=codes < 0), used)
    if spec.name == "incident_id":
        return pa.array(values.array, type=pa.string(), from_pandas=True)
    return pa.array(values, type=spec.type, from_pandas=True)


def refuse_malformed(rows: Sequence[tuple[int, int]], *, n_columns: int) -> pa.Table:
    """Rows that have another number of fields than the header, each with that number."""
    texts = {
        "category": [UNRECOGNISED] * len(rows),
        "reason": [MALFORMED_ROW] * len(rows),
        "detail": [f"{n_fields} fields, and {n_columns} columns" for _, n_fields in rows],
    }
    numbers = {"source_row": [number for number, _ in rows], "oddities": [0] * len(rows)}
    columns = [
        pa.array(texts[spec.name], type=pa.string()).dictionary_encode()
        if spec.name in texts
        else pa.array(numbers[spec.name], type=spec.type)
        if spec.name in numbers
        else pa.nulls(len(rows), spec.type)
        for spec in RECORDS
    ]
    return pa.Table.from_arrays(columns, names=RECORDS.names).cast(RECORDS)
