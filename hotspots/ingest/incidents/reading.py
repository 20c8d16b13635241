"""One file to the records of its tables: from the store if it holds the file, otherwise from the file itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Generator, Iterator

from hotspots.ingest.formats import FoundFile
from hotspots.ingest.incidents.column_words import release_columns
from hotspots.ingest.incidents.doubtful_hours import doubt_hours
from hotspots.ingest.incidents.locations import find_middle
from hotspots.ingest.incidents.record_files import Reading, RecordFile, mark_key, read_record_file
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords, read_records
from hotspots.ingest.incidents.sources import INCIDENT_SUFFIXES, PassedOver, ReadTable, Source, find_sources
from hotspots.ingest.incidents.store import Store
from hotspots.ingest.texts import mask_label, mask_text


def read_file(
    file: FoundFile, options: ReadingOptions, *, store: Store | None, start: dt.date | None, end: dt.date | None
) -> Generator[Reading, None, None]:
    """The tables of a file one after the other, each with its records, and those that are passed over.

    A file of records is read as it stands: the store would hold no more than it does.

    Args:
        file: The file.
        options: How to read it.
        store: Asked first, and given what is read, once all of it is.
        start: First day that is wanted; the store does not read the months before.
        end: Last day that is wanted, likewise.

    Raises:
        DataError: See `find_sources`, `read_records` and `read_record_file`.
        ParameterError: See `read_records`.
    """
    if store is not None and (kept := store.load(file, options, start=start, end=end)) is not None:
        yield from kept
    elif (written := read_record_file(file, options)) is not None:
        yield from _doubt(written, file, key_mark=mark_key(store.read_key() if store else None))
    elif store is None:
        yield from _read(file, options)
    else:
        with store.keep(file, options) as keep:
            for reading in _read(file, options):
                yield keep(reading)


def _doubt(written: RecordFile, file: FoundFile, *, key_mark: str) -> Iterator[Reading]:
    """The readings of a file of records, with what may make rows in it count twice."""
    label, stem = mask_label(file.label), file.path.stem
    doubts = []
    if written.key_mark != key_mark:
        doubts.append(
            f"The numbers of incidents in {label} were hashed in another store, so rows that other files repeat are "
            "not found by them."
        )
    names = [path.name for path in file.path.parent.iterdir() if path.name.startswith(f"{stem}.") and path != file.path]
    beside = sorted(name for name in names if name.lower().endswith(INCIDENT_SUFFIXES))
    if beside:
        doubts.append(
            f"{mask_label(beside[0])} stands beside {label}, which holds what is left of an earlier file of that name. "
            "Rows of both that have no number count twice: take one of them away."
        )
    for number, reading in enumerate(written.readings):
        if isinstance(reading, PassedOver) or number:
            yield reading
        else:
            yield dataclasses.replace(reading[0], doubts=(*reading[0].doubts, *doubts)), reading[1]


def _read(file: FoundFile, options: ReadingOptions) -> Iterator[Reading]:
    with file.opened():
        for found in find_sources(file, options):
            if isinstance(found, PassedOver):
                yield PassedOver(label=mask_label(found.label), reason=_hide(found.reason, found.label))
                continue
            read, doubts = doubt_hours(read_records(found.table, found.profile, options), label=found.table.label)
            middle = find_middle(found.table, found.profile, read.records)
            # the store holds what is told of a table: its sheet or member without names, its file by a sign
            label = file.label + mask_label(found.table.label.removeprefix(file.label))
            yield _describe(found, read, label=label, middle=middle, doubts=doubts), read


def _describe(
    source: Source,
    read: TableRecords,
    *,
    label: str,
    middle: tuple[float, float] | None,
    doubts: tuple[str, ...],
) -> ReadTable:
    table = source.table
    return ReadTable(
        label=label,
        kind=table.kind,
        sha256=table.sha256,
        header=release_columns(
            table.header, used={name for names in source.profile.columns.values() for name in names}
        ),
        crs=table.crs,
        profile=source.profile,
        is_given=source.is_given,
        doubts=tuple(_hide(doubt, table.label) for doubt in (*source.doubts, *doubts)),
        middle=middle,
        rounded_to=read.rounded_to,
        n_count_rows=read.n_count_rows,
    )


def _hide(sentence: str, label: str) -> str:
    """What is said of a table, without names of people in the name of it."""
    return mask_text(sentence.replace(label, mask_label(label)))
