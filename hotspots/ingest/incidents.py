"""Incident files to one table of incidents, one of refusals, and an account of every row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import pandas as pd

from hotspots.contracts import INCIDENT_COLUMNS
from hotspots.crimes import UNRECOGNISED
from hotspots.errors import DataError
from hotspots.geography.projection import BRITISH_NATIONAL_GRID
from hotspots.ingest import police_uk, tabular
from hotspots.ingest.files import CSV_SUFFIXES, InputFile, RepeatGuard, find_files, open_tables
from hotspots.ingest.parsing import MALFORMED_ROW, RECORD_DTYPES, REPEATED_ROW
from hotspots.ingest.text_tables import read_header, read_text_table

LAYOUTS: tuple[ModuleType, ...] = (police_uk, tabular)
SUFFIXES = (*CSV_SUFFIXES, ".zip")

_CONTENT = ["category", "subcategory", "is_knife", "started_at", "ended_at", "location", "easting", "northing"]
_MONTH_OF_A_FORCE = re.compile(r"(\d{4}-\d\d-[a-z-]+-street)\.csv(\.gz)?")
_N_TEXTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What came out of the incident files.

    Attributes:
        incidents: The incidents table of `hotspots.contracts`, in EPSG:27700.
        rejected: One row a refused row: `source`, `source_row`, `category`, `subcategory`, `is_knife`, `reason`.
        inputs: The files read.
        quality: Counts of what is odd about rows that were kept.
        unrecognised: The most common offence texts that are in no table, with their rows.
        notes: What the reader of a product should know about the reading.
    """

    incidents: gpd.GeoDataFrame
    rejected: pd.DataFrame
    inputs: tuple[InputFile, ...]
    quality: dict[str, int] = field(default_factory=dict)
    unrecognised: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Rows read, over all files: incidents and refusals together."""
        return len(self.incidents) + len(self.rejected)


def read_incidents(paths: Sequence[Path], *, progress: Callable[[str], None] = lambda step: None) -> Intake:
    """Read incident files of any known layout.

    Args:
        paths: CSV files (`.csv`, `.csv.gz`), `.zip` archives of them, and folders of either.
        progress: Called with the name of each file before it is read.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file is of no known layout, cannot be unpacked or parsed, or holds what another one holds.
    """
    inputs: list[InputFile] = []
    tables: list[pd.DataFrame] = []
    texts: list[pd.Series] = []
    passed_over: list[str] = []
    guard = RepeatGuard()
    for file in find_files(paths, suffixes=SUFFIXES, what="incidents"):
        progress(file.label)
        members: list[pd.DataFrame] = []
        foreign: DataError | None = None
        layouts: set[str] = set()
        statuses: set[str] = set()
        for label, content in open_tables(file):
            if label.lower().removesuffix(".gz").endswith(police_uk.NOT_INCIDENTS):
                passed_over.append(label)
                continue
            try:
                layout = _recognise(read_header(content, label=label), label=label)
            except DataError as error:
                if label == file.label:
                    raise
                foreign = foreign or error  # an archive may hold other tables than those of incidents
                passed_over.append(label)
                continue
            records, status = _read_table(content, layout, label=label)
            if len(records):
                guard.check(hashlib.sha256(content.rstrip()).hexdigest(), label=label)
                if month := _MONTH_OF_A_FORCE.fullmatch(Path(label).name.lower()):
                    guard.check(month[1], label=label)
            texts.append(records.pop("offence")[records["category"].eq(UNRECOGNISED) & records["reason"].isna()])
            members.append(records)
            layouts.add(layout.NAME)
            statuses |= {status} if status else set()
        if foreign and not members:
            raise foreign
        tables += members
        inputs.append(
            InputFile(
                path=file.label,
                table="incidents",
                sha256=file.sha256,
                n_rows=sum(map(len, members)),
                layout=", ".join(sorted(layouts)) or "nothing to read",
                data_status=", ".join(sorted(statuses)) or None,
            )
        )
    if not tables:
        raise DataError(
            f"No incidents in {', '.join(file.path for file in inputs)}: only outcomes or stop-and-search "
            "tables. Give the street-level files of the same archive."
        )
    common = pd.concat(texts).fillna("(blank)").value_counts().head(_N_TEXTS)
    return _assemble(
        pd.concat(tables, ignore_index=True),
        inputs=tuple(inputs),
        unrecognised={str(text): int(n) for text, n in common.items()},
        passed_over=passed_over,
    )


def _recognise(header: list[str], *, label: str) -> ModuleType:
    names = {name.strip().casefold() for name in header}
    for layout in LAYOUTS:
        if names.issuperset(layout.REQUIRED):
            return layout
    needs = "; or ".join(f"{', '.join(layout.REQUIRED)} ({layout.NAME})" for layout in LAYOUTS)
    raise DataError(
        f"{label} is of no known layout. An incident file needs the columns {needs}. "
        f"It has: {', '.join(header)[:500]}. Rename its columns, or leave it out of --incidents."
    )


def _read_table(content: bytes, layout: ModuleType, *, label: str) -> tuple[pd.DataFrame, str | None]:
    """The records of one table with `offence` (its text), `source`, `source_row` and `reason`, and its data status."""
    wanted = {*layout.REQUIRED, *layout.OPTIONAL}
    table = read_text_table(content, wanted.__contains__, label=label, plain=frozenset({layout.ID}))
    records: pd.DataFrame = layout.parse(table.columns)
    records = records.astype(RECORD_DTYPES).set_axis(pd.Index(table.row, name="source_row"))
    records["offence"] = table.columns[layout.OFFENCE].astype("object").to_numpy()
    if table.malformed_rows:
        records = records.reindex(records.index.union(pd.Index(table.malformed_rows)))
        records.loc[list(table.malformed_rows), ["reason", "category"]] = [MALFORMED_ROW, UNRECOGNISED]
    records = records.reset_index(names="source_row")
    records["source"] = label
    return records, layout.read_status(table.columns)


def _assemble(
    records: pd.DataFrame,
    *,
    inputs: tuple[InputFile, ...],
    unrecognised: dict[str, int],
    passed_over: list[str],
) -> Intake:
    text = ["category", "subcategory", "time_precision", "location", "location_kind", "source"]
    records = records.astype(dict.fromkeys(text, "category"))

    usable = records["reason"].isna()
    has_id = usable & records["incident_id"].notna()
    shared = has_id & records["incident_id"].where(has_id).duplicated(keep=False)
    repeats = records.loc[shared].duplicated(subset=["incident_id", *_CONTENT])
    records.loc[repeats.index[repeats], "reason"] = REPEATED_ROW

    refused = records["reason"].notna()
    kept = records[~refused].copy()
    reversed_times = kept["ended_at"] < kept["started_at"]
    kept.loc[reversed_times, "ended_at"] = pd.NaT
    conflicting = kept["incident_id"].notna() & kept["incident_id"].duplicated()
    kept["incident_id"] = _unique_ids(kept)
    quality = {
        "reversed_times": int(reversed_times.sum()),
        "times_unknown": int(kept["time_precision"].eq("day").sum()),
        "unreadable_ends": int(kept["is_end_unreadable"].sum()),
        "unreadable_knife_flags": int(kept["is_flag_unreadable"].sum()),
        "conflicting_ids": int(conflicting.sum()),
        "unrecognised_offences": int(kept["category"].eq(UNRECOGNISED).sum()),
    }
    notes = []
    if passed_over:
        first = f"{passed_over[0]}{' and others' if len(passed_over) > 1 else ''}"
        notes.append(f"Tables in the files that hold no incidents were passed over: {len(passed_over)} ({first}).")
    geometry = gpd.points_from_xy(kept["easting"], kept["northing"], crs=BRITISH_NATIONAL_GRID)
    incidents = gpd.GeoDataFrame(kept, geometry=geometry).set_index("incident_id")[list(INCIDENT_COLUMNS)]
    columns = ["source", "source_row", "category", "subcategory", "is_knife", "reason"]
    return Intake(
        incidents=incidents,
        rejected=records.loc[refused, columns].reset_index(drop=True),
        inputs=inputs,
        quality=quality,
        unrecognised=unrecognised,
        notes=tuple(notes),
    )


def _unique_ids(kept: pd.DataFrame) -> pd.Series:
    """IDs that are unique: those of the source; file and row where it has none, or has given it before."""
    ids = kept["incident_id"].astype("object")
    without = (ids.isna() | ids.duplicated()).to_numpy()
    rows = kept.loc[without]
    ids[without] = rows["source"].astype("str") + ":" + rows["source_row"].astype("str")
    while (again := ids.duplicated()).any():  # an ID that looks like a file and row
        ids[again] += "'"
    return ids
