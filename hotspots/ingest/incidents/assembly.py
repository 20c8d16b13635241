"""The records of all tables to the incidents that count, the remarks on them, and the rows that are refused."""

from __future__ import annotations

import hashlib
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.ingest.incidents.record_schema import REPEATED_ROW, Oddity

_CONTENT = ("category", "subcategory", "is_knife", "started_at", "ended_at", "location_mark", "easting", "northing")
_MOST_ROWS_AN_ID = 20
"""Rows of one table that an ID can be on: several victims, several offences, several versions."""

_ROWS_AT_ONCE = 100_000

DIGEST = "^[0-9a-f]{64}$"
"""An ID of police.uk, which is one however often a query was repeated: nobody writes such a text for want of an ID."""

REMARKS = ("oddities", "unrecognised_offence", "unread_knife")
REJECTED_COLUMNS = ("source", "source_row", "category", "subcategory", "is_knife", "started_at", "reason", "detail")


def fingerprint_rows(records: pa.Table) -> str:
    """Of what rows without IDs say, in whatever wrapping they came: it is the same only for the same rows."""
    digest = hashlib.sha256()
    for name in _CONTENT:
        column = records[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        digest.update(pd.util.hash_pandas_object(column.to_pandas(), index=False).to_numpy().tobytes())
    return digest.hexdigest()


def assemble(records: pa.Table, *, crs: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """The incidents, the remarks on them, and the rejected rows."""
    ids = records["incident_id"]
    codes = _number_repeated(ids)
    records = records.drop_columns(["incident_id"])
    columns = {}
    for name in records.column_names:  # a column at a time, because both forms of a year of London are large
        columns[name] = to_series(records, name)
        records = records.drop_columns([name])
    frame = pd.DataFrame(columns, copy=False)
    del columns

    usable = frame["reason"].isna().to_numpy()
    placeholders = _find_placeholders(codes, frame["source"].cat.codes.to_numpy(), usable)
    if placeholders.any():
        placeholders[placeholders] = ~np.asarray(pc.match_substring_regex(ids.filter(pa.array(placeholders)), DIGEST))
    codes[placeholders] = -1
    frame["oddities"] = frame["oddities"] | np.where(placeholders, Oddity.PLACEHOLDER_ID.value, 0).astype(np.int32)
    has_id = usable & (codes >= 0)
    n_rows_of = np.bincount(codes[has_id], minlength=codes.max(initial=-1) + 2)
    shared = has_id & (n_rows_of[codes] > 1)
    suspects = frame.loc[shared, list(_CONTENT)].assign(id=codes[shared])
    repeats = suspects.index[suspects.duplicated()]
    frame["reason"] = frame["reason"].cat.add_categories(
        [reason for reason in (REPEATED_ROW,) if reason not in frame["reason"].cat.categories]
    )
    frame.loc[repeats, "reason"] = REPEATED_ROW

    kept = frame["reason"].isna().to_numpy()
    rejected = frame.loc[~kept, list(REJECTED_COLUMNS)].reset_index(drop=True)
    rejected["reason"] = rejected["reason"].cat.remove_unused_categories()
    again = np.zeros(len(codes), dtype=bool)
    known = kept & (codes >= 0)
    again[known] = pd.Series(codes[known]).duplicated().to_numpy()
    frame["oddities"] = frame["oddities"] | np.where(again, Oddity.CONFLICTING_ID.value, 0).astype(np.int32)
    del codes, ids
    frame = frame.drop(columns=["reason", "detail"])
    if len(rejected):
        frame = frame[kept]
    index = _number_rows(frame)
    contract = frame[[name for name in INCIDENT_COLUMNS if name != "geometry"]].set_axis(index)
    incidents = gpd.GeoDataFrame(contract, geometry=_make_points(frame), crs=crs)
    return incidents, frame[list(REMARKS)].set_axis(index), rejected


def _find_placeholders(
    codes: npt.NDArray[np.int64], sources: npt.NDArray[Any], usable: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Rows whose ID is on so many rows of one table that it can be no ID."""
    n_rows_of = np.bincount(codes[usable & (codes >= 0)], minlength=codes.max(initial=-1) + 2)
    common = (codes >= 0) & (n_rows_of[codes] > _MOST_ROWS_AN_ID)
    if not common.any():
        return common
    _, of_table, n_rows = np.unique(
        codes[common] * (int(sources.max()) + 1) + sources[common], return_inverse=True, return_counts=True
    )
    placeholders = common.copy()
    placeholders[common] = n_rows[of_table] > _MOST_ROWS_AN_ID
    return placeholders


def _number_repeated(texts: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each text that stands on several rows, the same for the same text; -1 for all others.

    Most IDs are there once, and a hash shows it: they are compared with no other, nor kept in a table of texts, which
    would be larger than all else that is read.
    """
    hashes = [pd.util.hash_array(chunk.to_numpy(zero_copy_only=False), categorize=False) for chunk in texts.chunks]
    is_twice = pd.Series(np.concatenate([*hashes, np.empty(0, dtype=np.uint64)])).duplicated(keep=False).to_numpy()
    may_repeat = is_twice & np.asarray(pc.is_valid(texts))
    codes = np.full(len(texts), -1, dtype=np.int64)
    repeated = texts.filter(pa.array(may_repeat)).cast(pa.large_string())  # a plain one ends at 2 GB
    codes[may_repeat] = np.asarray(repeated.combine_chunks().dictionary_encode().indices)
    return codes


def _make_points(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The point of each row; rows of one place share one."""
    row, places = pd.factorize(frame["easting"].to_numpy() + 1j * frame["northing"].to_numpy())
    if len(row) and row.min() < 0:
        raise AssertionError("an incident without a place is kept")
    points: npt.NDArray[np.object_] = shapely.points(places.real, places.imag)[row]
    return points


def to_series(records: pa.Table, name: str) -> Any:
    """A column of records as pandas has it: words categorical, yes and no nullable."""
    column = records[name]
    if pa.types.is_boolean(column.type):
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return column.to_pandas()


def _number_rows(frame: pd.DataFrame) -> pd.Index:
    """File and row of each incident: a name of its own that says nothing about it, as the source's number would."""
    source, row = frame["source"].cat, frame["source_row"].to_numpy()
    labels = pa.array([f"{label}:" for label in source.categories], pa.string())
    codes = source.codes.to_numpy()
    place = pd.Series(codes * (np.int64(row.max(initial=0)) + 1) + row)
    number = place.groupby(place).cumcount().to_numpy() if place.duplicated().any() else None
    made = []
    for start in range(0, len(row), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        names = pc.binary_join_element_wise(
            labels.take(pa.array(codes[part])), pa.array(row[part]).cast(pa.string()), ""
        )
        if number is not None:  # a row of a table of counts
            later = pa.array(number[part] + 1).cast(pa.string())
            names = pc.if_else(pa.array(number[part] > 0), pc.binary_join_element_wise(names, later, "."), names)
        made.append(names)
    index: pd.Index[Any] = pd.Index(pa.chunked_array(made, pa.string()).to_pandas(), name="incident_id")
    return index
