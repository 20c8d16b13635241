"""Incident files to one table of incidents, one of refusals, and an account of every row."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.errors import DataError, ParameterError
from hotspots.ingest.formats import InputFile, RepeatGuard, find_files, find_overlooked
from hotspots.ingest.incidents.assembly import assemble, fingerprint_rows, to_series
from hotspots.ingest.incidents.reading import read_file
from hotspots.ingest.incidents.record_schema import RECORDS, TALLIED, WITHOUT_DATE, Oddity
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords
from hotspots.ingest.incidents.row_times import find_days
from hotspots.ingest.incidents.sources import INCIDENT_SUFFIXES, OVERLOOKED, PassedOver, ReadTable
from hotspots.ingest.incidents.stated_areas import name_marked_areas
from hotspots.ingest.incidents.store import Store
from hotspots.ingest.texts import mask_label

_MONTH_OF_A_FORCE = re.compile(r"(\d{4}-\d\d-[a-z-]+-street)\.csv(\.gz)?")
_N_TEXTS = 5
_MANY_ROWS = 5
"""Fewer can be the same in two tables by chance."""


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
        passed_over: Tables in them that do not hold incidents, and why.
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

    @property
    def reported_sources(self) -> tuple[str, ...]:
        """The tables that say when incidents became known, and not when they happened."""
        return tuple(table.label for table in self.tables if table.profile.is_reported)

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
    wards: Iterable[str] = (),
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
        wards: Codes and names of wards that are known: one that a source names is kept however few rows name it.
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
            "The store must not lie in a folder of input files, or it would be read too; it lies in "
            f"{inside[0].as_posix()}. Put it elsewhere."
        )
    inputs: list[InputFile] = []
    parts: list[pa.Table] = []
    tables: list[ReadTable] = []
    aside = [_tally_records(RECORDS.empty_table()).assign(source="")]
    passed_over: list[PassedOver] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=INCIDENT_SUFFIXES, what="incidents"):
        progress(file.label)
        n_rows, layouts, statuses = 0, set(), set()
        with contextlib.closing(read_file(file, options, store=store, start=start, end=end)) as readings:
            for reading in readings:
                if isinstance(reading, PassedOver):
                    passed_over.append(reading)
                    continue
                table, read = reading
                records, others = _part_months(read, start, end)
                n_read = records.num_rows + others.num_rows
                if n_read:
                    _refuse_repeats(guard, table, records)
                label = _name_once(mask_label(table.label), {read.label for read in tables})
                if others.num_rows:
                    aside.append(_tally_records(others).assign(source=label))
                parts.append(_with_source(records, label))
                tables.append(dataclasses.replace(table, label=label))
                n_rows += n_read
                layouts.add(table.layout)
                statuses |= {read.data_status} if read.data_status else set()
        inputs.append(
            InputFile(
                path=file.shown,
                table="incidents",
                sha256=file.sha256,
                n_rows=n_rows,
                layout=", ".join(sorted(layouts)) or "nothing to read",
                data_status=", ".join(sorted(statuses)) or None,
            )
        )
    if not parts:
        raise DataError(
            f"No incidents in {', '.join(file.path for file in inputs)}, only outcomes or stop-and-search "
            "tables. Give the street-level files of the same archive."
        )
    records = pa.concat_tables(parts).unify_dictionaries()
    parts.clear()
    whole = [name_marked_areas(records, known=wards)]
    del records
    incidents, remarks, rejected = assemble(whole.pop(), crs=options.crs)  # which lets go of a column once it is read
    pa.default_memory_pool().release_unused()  # Arrow keeps what records took, a tenth of all that a large run needs
    return Intake(
        incidents=incidents,
        remarks=remarks,
        rejected=rejected,
        set_aside=pd.concat([tally for tally in aside if len(tally)] or aside[:1], ignore_index=True),
        inputs=tuple(inputs),
        tables=tuple(tables),
        passed_over=tuple(passed_over),
        notes=(
            *_note_overlooked(*map(mask_label, find_overlooked(paths, suffixes=OVERLOOKED))),
            *(doubt for table in tables for doubt in table.doubts),
            *_note_orders(tables),
        ),
    )


def _refuse_repeats(guard: RepeatGuard, table: ReadTable, records: pa.Table) -> None:
    """Refuse a table whose bytes, rows without IDs, or month of a force were read already."""
    guard.check(table.sha256, label=table.label)
    is_usable = pc.is_null(records["reason"])
    has_id = pc.any(pc.and_(is_usable, pc.is_valid(records["incident_id"]))).as_py()
    if records["reason"].null_count >= _MANY_ROWS and not has_id:
        guard.check(fingerprint_rows(records.filter(is_usable)), label=table.label)
    if month := _MONTH_OF_A_FORCE.fullmatch(Path(table.label).name.lower()):
        guard.check(month[1], label=table.label)


def _name_once(label: str, taken: set[str]) -> str:
    """A label that is not taken: two files may be called alike once the names of people are out."""
    numbered = itertools.chain([label], (f"{label} ({number})" for number in itertools.count(2)))
    return next(name for name in numbered if name not in taken)


def _note_overlooked(*names: str) -> list[str]:
    if not names:
        return []
    named = ", ".join(names[:_N_TEXTS]) + (" ..." if len(names) > _N_TEXTS else "")
    return [f"Files in the folders of a kind that is not looked for there: {named}. Name those that are to be read."]


def _note_orders(tables: list[ReadTable]) -> list[str]:
    """Tables with the same columns in which days and months are not read in the same order."""
    first: dict[tuple[str, ...], ReadTable] = {}
    notes = []
    for table in tables:
        other = first.setdefault(table.header, table)
        if other.profile.date_order != table.profile.date_order:
            notes.append(
                f"{other.label} is read {other.profile.date_order} and {table.label} {table.profile.date_order}, "
                "although they have the same columns: one is likely wrong. Set date_order in a source profile."
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
    return _tally(pd.DataFrame({name: to_series(records, name) for name in TALLIED}))


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
