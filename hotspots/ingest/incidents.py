"""Incident files to one table of incidents, one of refusals, and an account of every row."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.crimes import UNRECOGNISED
from hotspots.errors import DataError, ParameterError
from hotspots.ingest.files import InputFile, RepeatGuard, find_files
from hotspots.ingest.parsing import find_days
from hotspots.ingest.records import RECORDS, REPEATED_ROW, WITHOUT_DATE, Oddity, ReadingOptions, read_records
from hotspots.ingest.sources import SUFFIXES, PassedOver, find_sources
from hotspots.ingest.store import Store

_CONTENT = ("category", "subcategory", "is_knife", "started_at", "ended_at", "location", "easting", "northing")
_MONTH_OF_A_FORCE = re.compile(r"(\d{4}-\d\d-[a-z-]+-street)\.csv(\.gz)?")
_N_TEXTS = 5

REJECTED_COLUMNS = ("source", "source_row", "category", "subcategory", "is_knife", "started_at", "reason", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What came out of the incident files.

    Attributes:
        incidents: The incidents table of `hotspots.contracts`, in the working CRS.
        rejected: One row a refused row, with the columns `REJECTED_COLUMNS`.
        set_aside: Rows in months that were not asked for, which are counted and not kept: `source`, `category`,
            `subcategory`, `is_knife`, `first_day`, `last_day`, `n_rows`.
        inputs: The files read.
        oddities: Counts of what is odd about rows that were kept.
        unrecognised: The most common offence texts that are in no table, with their rows.
        notes: What the reader of a product should know about the reading.
    """

    incidents: gpd.GeoDataFrame
    rejected: pd.DataFrame
    inputs: tuple[InputFile, ...]
    set_aside: pd.DataFrame
    oddities: dict[str, int] = field(default_factory=dict)
    unrecognised: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows read, over all files: incidents, refusals, and those set aside."""
        return len(self.incidents) + len(self.rejected) + self.n_set_aside

    @property
    def n_set_aside(self) -> int:
        """Rows in months that were not asked for."""
        return int(self.set_aside["n_rows"].sum())


def read_incidents(
    paths: Sequence[Path],
    *,
    options: ReadingOptions | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    store: Store | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> Intake:
    """Read incident files of any known layout.

    Args:
        paths: Files (delimited text, workbooks, Parquet, GeoPackage, GeoJSON, shapefiles), `.zip` archives of them,
            and folders of either.
        options: How to read them.
        start: First day that is wanted; rows of months before are counted, and not kept in memory.
        end: Last day that is wanted, likewise. Rows that repeat each other are found among those kept only.
        store: Where what was read is kept, so that it need not be read again.
        progress: Called with the name of each file before it is read.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file is of no known layout, cannot be unpacked or parsed, or holds what another one holds.
        ParameterError: A source profile names a crime or a CRS that does not exist.
    """
    options = options or ReadingOptions()
    inside = [
        path for path in paths if store and path.resolve() in (store.folder.resolve(), *store.folder.resolve().parents)
    ]
    if inside:
        raise ParameterError(
            f"The store must not lie in a folder that is read, or it would be read too; it does in "
            f"{inside[0].as_posix()}. Put it elsewhere."
        )
    inputs: list[InputFile] = []
    tables: list[pa.Table] = []
    aside = [_tally(RECORDS.empty_table()).assign(source="")]
    passed_over: list[str] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=SUFFIXES, what="incidents"):
        progress(file.label)
        n_rows, layouts, statuses = 0, set(), set()
        for source in find_sources(file, options):
            if isinstance(source, PassedOver):
                passed_over.append(source.label)
                continue
            table = source.table
            read = store.load(source, options) if store else None
            if read is None:
                read = read_records(table, source.profile, options)
                if store:
                    store.save(source, options, read)
            if read.records.num_rows:
                guard.check(table.sha256, label=table.label)
                if month := _MONTH_OF_A_FORCE.fullmatch(Path(table.label).name.lower()):
                    guard.check(month[1], label=table.label)
            records = read.records
            if start or end:
                records, tally = _set_aside(records, start, end)
                aside.append(tally.assign(source=table.label))
            tables.append(_with_source(records, table.label))
            n_rows += read.records.num_rows
            layouts.add(source.layout)
            statuses |= {read.data_status} if read.data_status else set()
        inputs.append(
            InputFile(
                path=file.label,
                table="incidents",
                sha256=file.sha256,
                n_rows=n_rows,
                layout=", ".join(sorted(layouts)) or "nothing to read",
                data_status=", ".join(sorted(statuses)) or None,
            )
        )
    if not tables:
        raise DataError(
            f"No incidents in {', '.join(file.path for file in inputs)}: only outcomes or stop-and-search "
            "tables. Give the street-level files of the same archive."
        )
    records = pa.concat_tables(tables).unify_dictionaries()
    tables.clear()
    set_aside = pd.concat([tally for tally in aside if len(tally)] or aside, ignore_index=True)
    return _assemble(records, inputs=tuple(inputs), set_aside=set_aside, passed_over=passed_over, crs=options.crs)


def _set_aside(records: pa.Table, start: dt.date | None, end: dt.date | None) -> tuple[pa.Table, pd.DataFrame]:
    """The records in the months wanted and those whose date is refused, and a tally of the others."""
    month = records["started_at"].to_numpy().astype("datetime64[M]")
    wanted = np.ones(len(month), dtype=bool)
    if start:
        wanted &= month >= np.datetime64(start, "M")
    if end:
        wanted &= month <= np.datetime64(end, "M")
    wanted |= np.asarray(pc.fill_null(pc.is_in(records["reason"].cast(pa.string()), pa.array(WITHOUT_DATE)), False))
    return records.filter(pa.array(wanted)), _tally(records.filter(pa.array(~wanted)))


def _tally(records: pa.Table) -> pd.DataFrame:
    """Rows by crime, with the first and last day that they can have started on."""
    names = ("category", "subcategory", "is_knife", "started_at", "time_precision")
    frame = pd.DataFrame({name: _to_series(records, name) for name in names})
    first, last = find_days(frame)
    crime = ["category", "subcategory", "is_knife"]
    frame = frame[crime].astype({"category": "object", "subcategory": "object"})
    grouped = frame.assign(first_day=first, last_day=last).groupby(crime, dropna=False, sort=True)
    tally = grouped.agg(first_day=("first_day", "min"), last_day=("last_day", "max"), n_rows=("first_day", "size"))
    return tally.reset_index()


def _with_source(records: pa.Table, label: str) -> pa.Table:
    source = pa.DictionaryArray.from_arrays(pa.array(np.zeros(records.num_rows, dtype=np.int32)), pa.array([label]))
    return records.append_column("source", source)


def _assemble(
    records: pa.Table, *, inputs: tuple[InputFile, ...], set_aside: pd.DataFrame, passed_over: list[str], crs: str
) -> Intake:
    ids = records["incident_id"].combine_chunks()
    records = records.drop_columns(["incident_id"])
    columns = {}
    for name in records.column_names:  # a column at a time, because both forms of a year of London are large
        columns[name] = _to_series(records, name)
        records = records.drop_columns([name])
    frame = pd.DataFrame(columns, copy=False)
    del columns

    usable = frame["reason"].isna().to_numpy()
    codes = _number_texts(ids)
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
    without_id = (codes == -1) | again
    del codes
    frame = frame.drop(columns=["reason", "detail"])
    if len(rejected):
        frame, ids, without_id = frame[kept], ids.filter(pa.array(kept)), without_id[kept]
    index = _unique_ids(ids, without_id, frame)
    texts = frame["unrecognised_offence"].value_counts()
    unrecognised = sorted(((str(text), int(n)) for text, n in texts.items() if n), key=lambda pair: (-pair[1], pair[0]))

    oddities = {
        "times_unknown": int(frame["time_precision"].eq("day").sum()),
        **{name: _count(frame, flag) for name, flag in _COUNTED.items()},
        "conflicting_ids": int(again.sum()),
        "located_by_postcode": int(frame["location_precision"].eq("postcode").sum()),
        "located_by_area": int(frame["location_precision"].eq("area").sum()),
        "unrecognised_offences": int(frame["category"].eq(UNRECOGNISED).sum()),
    }
    notes = []
    if passed_over:
        named = ", ".join(passed_over[:_N_TEXTS]) + (" ..." if len(passed_over) > _N_TEXTS else "")
        notes.append(f"{len(passed_over)} other tables in the files were passed over: {named}.")
    contract = frame[[name for name in INCIDENT_COLUMNS if name != "geometry"]].set_axis(index)
    return Intake(
        incidents=gpd.GeoDataFrame(contract, geometry=_make_points(frame), crs=crs),
        rejected=rejected,
        inputs=inputs,
        set_aside=set_aside,
        oddities=oddities,
        unrecognised=dict(unrecognised[:_N_TEXTS]),
        notes=tuple(notes),
    )


def _number_texts(texts: pa.Array) -> npt.NDArray[np.int64]:
    """A number for each text, the same for the same text, -1 where it is missing.

    By sorting, because a table of hashes of a year of London's IDs would be larger than all else that is read.
    """
    order = pc.sort_indices(texts)  # missing ones at the end
    in_order = texts.take(order)
    is_new = pc.fill_null(pc.not_equal(in_order[1:], in_order[:-1]), fill_value=True)
    numbers = np.zeros(len(texts), dtype=np.int64)
    numbers[1:] = np.cumsum(np.asarray(is_new))
    codes = np.empty(len(texts), dtype=np.int64)
    codes[np.asarray(order)] = numbers
    codes[np.asarray(pc.is_null(texts))] = -1
    return codes


def _make_points(frame: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The point of each row; rows of one place share one."""
    row, places = pd.factorize(frame["easting"].to_numpy() + 1j * frame["northing"].to_numpy())
    points: npt.NDArray[np.object_] = shapely.points(places.real, places.imag)[row]
    return points


_COUNTED = {
    "midnight_times": Oddity.MIDNIGHT,
    "converted_times": Oddity.CONVERTED_TIME,
    "reversed_times": Oddity.REVERSED,
    "unreadable_times": Oddity.TIME_UNREADABLE,
    "unreadable_ends": Oddity.END_UNREADABLE,
    "nonexistent_times": Oddity.NONEXISTENT_TIME,
    "ambiguous_times": Oddity.AMBIGUOUS_TIME,
    "unreadable_knife_flags": Oddity.KNIFE_UNREADABLE,
    "masked_texts": Oddity.MASKED,
}


def _count(frame: pd.DataFrame, flag: Oddity) -> int:
    return int((frame["oddities"].to_numpy() & flag.value).astype(bool).sum())


def _to_series(records: pa.Table, name: str) -> Any:
    column = records[name]
    if pa.types.is_boolean(column.type):
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return column.to_pandas()


def _unique_ids(ids: pa.Array, without: npt.NDArray[np.bool_], frame: pd.DataFrame) -> pd.Index:
    """IDs that are unique: those of the source; file and row where it has none, or has given it before."""
    rows = frame.loc[without]
    made = rows["source"].astype("object").astype(str) + ":" + rows["source_row"].astype(str)
    filled = pc.replace_with_mask(ids, pa.array(without), pa.array(made.to_numpy(), type=pa.string()))
    while (again := pd.Series(_number_texts(filled)).duplicated().to_numpy()).any():
        # an ID that looks like a file and row
        filled = pc.if_else(pa.array(again), pc.binary_join_element_wise(filled, "'", ""), filled)
    return pd.Index(filled.to_pandas(), name="incident_id")
