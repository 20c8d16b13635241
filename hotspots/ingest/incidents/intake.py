"""Incident files to one table of incidents, one of refusals, and an account of every row."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from hotspots.errors import DataError, ParameterError
from hotspots.ingest.formats import InputFile, RepeatGuard, find_files, find_overlooked
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.records import (
    RECORDS,
    REPEATED_ROW,
    TALLIED,
    WITHOUT_DATE,
    Oddity,
    ReadingOptions,
    TableRecords,
    read_records,
)
from hotspots.ingest.incidents.sources import INCIDENT_SUFFIXES, OVERLOOKED, PassedOver, Source, find_sources
from hotspots.ingest.incidents.store import Store
from hotspots.ingest.texts import find_days, mask_text

_CONTENT = ("category", "subcategory", "is_knife", "started_at", "ended_at", "location", "easting", "northing")
_MONTH_OF_A_FORCE = re.compile(r"(\d{4}-\d\d-[a-z-]+-street)\.csv(\.gz)?")
_N_TEXTS = 5
_MOST_ROWS_AN_ID = 20
"""Rows of one table that an ID can be on: several victims, several offences, several versions."""

_MANY_ROWS = 5
"""Fewer can be the same in two tables by chance."""

REMARKS = ("oddities", "unrecognised_offence", "unread_knife")
REJECTED_COLUMNS = ("source", "source_row", "category", "subcategory", "is_knife", "started_at", "reason", "detail")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """How one table was read.

    Attributes:
        label: The file, and the member or sheet of it.
        kind: What the file is, for people.
        header: Names of its columns.
        crs: What it states for its geometry, or None.
        profile: Which column holds what.
        is_given: Whether the profile was written down, not recognised.
    """

    label: str
    kind: str
    header: tuple[str, ...]
    crs: str | None
    profile: SourceProfile
    is_given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What came out of the incident files.

    Attributes:
        incidents: The incidents table of `hotspots.contracts`, in the working CRS.
        remarks: On the index of `incidents`: `oddities` (bits of `Oddity`); `unrecognised_offence`, a text that is in
            no table; `unread_knife`, a text of the knife column that is neither yes nor no. Both categorical, nullable.
        rejected: One row a refused row, with the columns `REJECTED_COLUMNS`.
        set_aside: Rows in months that were not asked for, which are counted and not kept: `source`, `category`,
            `subcategory`, `is_knife`, `first_day`, `last_day`, `n_rows`.
        inputs: The files read.
        tables: The tables in them.
        passed_over: Tables in them that are none of incidents, and why.
        notes: What the reader of a product should know about the reading.
    """

    incidents: gpd.GeoDataFrame
    remarks: pd.DataFrame
    rejected: pd.DataFrame
    set_aside: pd.DataFrame
    inputs: tuple[InputFile, ...]
    tables: tuple[ReadTable, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows read, over all files: incidents, refusals, and those set aside."""
        return len(self.incidents) + len(self.rejected) + self.n_set_aside

    @property
    def n_set_aside(self) -> int:
        """Rows in months that were not asked for."""
        return int(self.set_aside["n_rows"].sum())

    def count(self, oddity: Oddity) -> int:
        """Incidents of which something is odd."""
        return int((self.remarks["oddities"].to_numpy() & oddity.value).astype(bool).sum())

    def count_texts(self, remark: str) -> dict[str, int]:
        """The texts of a column of `remarks`, with their incidents, most first."""
        texts = self.remarks[remark].value_counts()
        counted = [(str(text), int(n)) for text, n in texts.items() if n]
        return dict(sorted(counted, key=lambda pair: (-pair[1], pair[0])))


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
    parts: list[pa.Table] = []
    tables: list[ReadTable] = []
    aside = [_tally_records(RECORDS.empty_table()).assign(source="")]
    passed_over: list[PassedOver] = []
    doubts: list[str] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=INCIDENT_SUFFIXES, what="incidents"):
        progress(file.label)
        n_rows, layouts, statuses = 0, set(), set()
        for source in find_sources(file, options):
            if isinstance(source, PassedOver):
                passed_over.append(PassedOver(label=mask_text(source.label), reason=mask_text(source.reason)))
                continue
            table = source.table
            read = _read_or_load(source, options, store, start, end)
            records, others = _part_months(read, start, end)
            n_read = records.num_rows + others.num_rows
            if n_read:
                guard.check(table.sha256, label=table.label)
                usable = records.filter(pc.is_null(records["reason"]))
                if usable.num_rows >= _MANY_ROWS and usable["incident_id"].null_count == usable.num_rows:
                    guard.check(_fingerprint(usable), label=table.label)
                if month := _MONTH_OF_A_FORCE.fullmatch(Path(table.label).name.lower()):
                    guard.check(month[1], label=table.label)
            label = _name_once(mask_text(table.label), {read.label for read in tables})
            aside.append(_tally_records(others).assign(source=label))
            parts.append(_with_source(records, label))
            tables.append(
                ReadTable(
                    label=label,
                    kind=table.kind,
                    header=table.header,
                    crs=table.crs,
                    profile=source.profile,
                    is_given=source.is_given,
                )
            )
            doubts += map(mask_text, source.doubts)
            n_rows += n_read
            layouts.add(source.layout)
            statuses |= {read.data_status} if read.data_status else set()
        inputs.append(
            InputFile(
                path=mask_text(file.label),
                table="incidents",
                sha256=file.sha256,
                n_rows=n_rows,
                layout=", ".join(sorted(layouts)) or "nothing to read",
                data_status=", ".join(sorted(statuses)) or None,
            )
        )
    if not parts:
        raise DataError(
            f"No incidents in {', '.join(file.path for file in inputs)}: only outcomes or stop-and-search "
            "tables. Give the street-level files of the same archive."
        )
    records = pa.concat_tables(parts).unify_dictionaries()
    parts.clear()
    incidents, remarks, rejected = _assemble(records, crs=options.crs)
    return Intake(
        incidents=incidents,
        remarks=remarks,
        rejected=rejected,
        set_aside=pd.concat([tally for tally in aside if len(tally)] or aside[:1], ignore_index=True),
        inputs=tuple(inputs),
        tables=tuple(tables),
        passed_over=tuple(passed_over),
        notes=(
            *_note_overlooked(*map(mask_text, find_overlooked(paths, suffixes=OVERLOOKED))),
            *doubts,
            *_note_orders(tables),
        ),
    )


def _fingerprint(records: pa.Table) -> str:
    """Of what rows without IDs say, in whatever wrapping they came: it is the same only for the same rows."""
    digest = hashlib.sha256()
    for name in _CONTENT:
        column = records[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(pa.string())
        digest.update(pd.util.hash_pandas_object(column.to_pandas(), index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _read_or_load(
    source: Source, options: ReadingOptions, store: Store | None, start: dt.date | None, end: dt.date | None
) -> TableRecords:
    if store and (kept := store.load(source, options, start=start, end=end)):
        return kept
    read = read_records(source.table, source.profile, options)
    if store:
        store.save(source, options, read)
    return read


def _name_once(label: str, taken: set[str]) -> str:
    """A label that is not taken: two files may be called alike once the names of people are out."""
    numbered = itertools.chain([label], (f"{label} ({number})" for number in itertools.count(2)))
    return next(name for name in numbered if name not in taken)


def _note_overlooked(*names: str) -> list[str]:
    if not names:
        return []
    named = ", ".join(names[:_N_TEXTS]) + (" ..." if len(names) > _N_TEXTS else "")
    return [f"Files in the folders that are of no kind that is looked for there: {named}. Name those that are wanted."]


def _note_orders(tables: list[ReadTable]) -> list[str]:
    """Tables with the same columns in which days and months are not read in the same order."""
    first: dict[tuple[str, ...], ReadTable] = {}
    notes = []
    for table in tables:
        other = first.setdefault(table.header, table)
        if other.profile.date_order != table.profile.date_order:
            notes.append(
                f"{other.label} is read {other.profile.date_order} and {table.label} {table.profile.date_order}, "
                "although they have the same columns: one is likely wrong. Say date_order in a source profile."
            )
    return notes


def _part_months(read: TableRecords, start: dt.date | None, end: dt.date | None) -> tuple[pa.Table, pa.Table]:
    """The records in the months wanted and those whose date is refused; and what is tallied of all others."""
    month = read.records["started_at"].to_numpy().astype("datetime64[M]")
    wanted = np.ones(len(month), dtype=bool)
    if start:
        wanted &= month >= np.datetime64(start, "M")
    if end:
        wanted &= month <= np.datetime64(end, "M")
    without_date = pc.is_in(read.records["reason"].cast(pa.string()), pa.array(WITHOUT_DATE))
    wanted |= np.asarray(pc.fill_null(without_date, False))
    if wanted.all():
        return read.records, read.other_months
    others = read.records.filter(pa.array(~wanted)).select(TALLIED)
    return read.records.filter(pa.array(wanted)), pa.concat_tables([others, read.other_months]).unify_dictionaries()


def set_aside_before(intake: Intake, month: dt.date) -> tuple[Intake, gpd.GeoDataFrame]:
    """Count the rows of earlier months instead of keeping them, as if only this month and later ones had been read.

    Returns:
        The intake, and the incidents that were taken out of it.
    """
    first = np.datetime64(month, "M")
    is_kept = intake.incidents["started_at"].to_numpy().astype("datetime64[M]") >= first
    day = intake.rejected["started_at"]
    is_early = (day.notna() & (day < pd.Timestamp(first.astype("datetime64[D]").item()))).to_numpy()
    earlier, refused = intake.incidents[~is_kept], intake.rejected[is_early]
    parts = [
        pd.DataFrame(earlier[[*TALLIED, "source"]]).astype({"source": "object"}),
        refused[[name for name in TALLIED if name in refused] + ["source"]]
        .assign(time_precision="day")
        .astype({"source": "object"}),
    ]
    # an empty table would have a say in the types of the columns
    rows = pd.concat([part for part in parts if len(part)] or parts[:1])
    tallies = [_tally(part[TALLIED]).assign(source=source) for source, part in rows.groupby("source", sort=True)]
    kept = dataclasses.replace(
        intake,
        incidents=intake.incidents[is_kept],
        remarks=intake.remarks[is_kept],
        rejected=intake.rejected[~is_early].reset_index(drop=True),
        set_aside=pd.concat([intake.set_aside, *tallies], ignore_index=True) if tallies else intake.set_aside,
    )
    return kept, earlier


def _tally_records(records: pa.Table) -> pd.DataFrame:
    return _tally(pd.DataFrame({name: _to_series(records, name) for name in TALLIED}))


def _tally(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows by crime, with the first and last day that they can have started on."""
    first, last = find_days(frame)
    crime = ["category", "subcategory", "is_knife"]
    frame = frame[crime].astype({"category": "object", "subcategory": "object"})
    grouped = frame.assign(first_day=first, last_day=last).groupby(crime, dropna=False, sort=True)
    tally = grouped.agg(first_day=("first_day", "min"), last_day=("last_day", "max"), n_rows=("first_day", "size"))
    return tally.reset_index()


def _with_source(records: pa.Table, label: str) -> pa.Table:
    source = pa.DictionaryArray.from_arrays(pa.array(np.zeros(records.num_rows, dtype=np.int32)), pa.array([label]))
    return records.append_column("source", source)


def _assemble(records: pa.Table, *, crs: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """The incidents, the remarks on them, and the rejected rows."""
    ids = records["incident_id"].cast(pa.large_string()).combine_chunks()  # a plain one ends at 2 GB
    records = records.drop_columns(["incident_id"])
    columns = {}
    for name in records.column_names:  # a column at a time, because both forms of a year of London are large
        columns[name] = _to_series(records, name)
        records = records.drop_columns([name])
    frame = pd.DataFrame(columns, copy=False)
    del columns

    usable = frame["reason"].isna().to_numpy()
    codes = _number_texts(ids)
    placeholders = _find_placeholders(codes, frame["source"].cat.codes.to_numpy(), usable)
    codes[placeholders] = -1
    frame["oddities"] = frame["oddities"] | np.where(placeholders, Oddity.PLACEHOLDER_ID.value, 0).astype(np.int16)
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
    frame["oddities"] = frame["oddities"] | np.where(again, Oddity.CONFLICTING_ID.value, 0).astype(np.int16)
    without_id = (codes == -1) | again
    del codes
    frame = frame.drop(columns=["reason", "detail"])
    if len(rejected):
        frame, ids, without_id = frame[kept], ids.filter(pa.array(kept)), without_id[kept]
    index = _unique_ids(ids, without_id, frame)
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
    if len(row) and row.min() < 0:
        raise AssertionError("an incident without a place is kept")
    points: npt.NDArray[np.object_] = shapely.points(places.real, places.imag)[row]
    return points


def _to_series(records: pa.Table, name: str) -> Any:
    column = records[name]
    if pa.types.is_boolean(column.type):
        return column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return column.to_pandas()


def _unique_ids(ids: pa.Array, without: npt.NDArray[np.bool_], frame: pd.DataFrame) -> pd.Index:
    """IDs that are unique: those of the source; file and row where it has none, or has given it before."""
    rows = frame.loc[without]
    made = rows["source"].astype("object").astype(str) + ":" + rows["source_row"].astype(str)
    filled = pc.replace_with_mask(ids, pa.array(without), pa.array(made.to_numpy(), type=pa.large_string()))
    while (again := pd.Series(_number_texts(filled)).duplicated().to_numpy()).any():
        # an ID that looks like a file and row
        filled = pc.if_else(
            pa.array(again),
            pc.binary_join_element_wise(filled, pa.scalar("'", pa.large_string()), pa.scalar("", pa.large_string())),
            filled,
        )
    index: pd.Index[Any] = pd.Index(filled.to_pandas(), name="incident_id")
    return index
