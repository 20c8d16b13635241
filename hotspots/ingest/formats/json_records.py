"""Objects of JSON to tables: a list of them, as web services answer, and those that stand as text in a column."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_CELLS, MAX_WHOLE_BYTES
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.table import SAMPLE_ROWS, Chunk, Table, as_text, chunk_of_frame
from hotspots.ingest.texts import list_distinct

_MAX_OBJECT = 2000
"""Letters of an object that stands as text in a column."""


def holds_json_records(file: FoundFile) -> bool:
    """Whether a file begins as a list does; GeoJSON is one object."""
    with file.start() as opened:
        return opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def open_json_records(file: FoundFile) -> list[Table]:
    """A list of objects as a table, unless it is empty; what is nested in them has the names of the way to it.

    So `{"location": {"latitude": 51.5}}` has a column `location.latitude`.

    Raises:
        DataError: It is damaged, too large, or holds anything but objects.
    """
    wrong = f"{file.label} cannot be read as a list of JSON objects"
    if file.path.stat().st_size > MAX_WHOLE_BYTES:
        raise DataError(f"{wrong}: it is larger than {MAX_WHOLE_BYTES // 1024**2} MB. Save it as CSV.")
    with file.start() as opened:
        content = opened.read()
    try:
        found = json.loads(content.decode("utf-8-sig"))
        odd = next((number for number, record in enumerate(found, start=1) if not isinstance(record, dict)), None)
        if odd is not None:
            raise ValueError(f"entry {odd} in it is not an object")
        records = [dict(_flatten(record)) for record in found]
    except (ValueError, RecursionError) as error:
        raise DataError(f"{wrong}: {str(error).splitlines()[0]}. Save it again, or as CSV.") from error
    header = tuple(dict.fromkeys(name for record in records for name in record))
    if len(header) * len(records) > MAX_CELLS:
        raise DataError(
            f"A table may have {MAX_CELLS // 10**6} million cells; {file.label} has {len(records):,} objects with "
            f"{len(header):,} names. Leave names out, or save it as CSV."
        )

    def read(columns: Collection[str], n_rows: int | None = None) -> Iterator[Chunk]:
        kept = [name for name in header if name in columns]
        rows = [[record.get(name) for name in kept] for record in records[:n_rows]]
        yield chunk_of_frame(pd.DataFrame(rows, columns=kept, index=pd.RangeIndex(len(rows)), dtype="object"))

    table = Table(
        label=file.label,
        kind="list of JSON objects",
        sha256=file.sha256,
        header=header,
        read=read,
        read_start=lambda columns: read(columns, SAMPLE_ROWS),
    )
    return [table] if records else []


def _flatten(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield mend_text(f"{before}{name}"), mend_text(value) if isinstance(value, str) else value


def mend_text(text: str) -> str:
    """A text with a mark for each half of a character, which JSON can say by its number and no file can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def spread_objects(table: Table) -> Table | None:
    """A table in which columns hold objects as text, with a column for each value in them; None for any other.

    pandas writes so what a web service answers: `{'latitude': '51.5', 'street': {'name': 'High Street'}}`. The first
    rows say which values there are.
    """
    objects: dict[str, tuple[str, str]] = {}
    sample = table.sample({name for name in table.header if table.header.count(name) == 1})
    for column, texts in sample.items():
        for key in dict.fromkeys(key for text in list_distinct(texts) for key in _read_object(str(text))):
            objects.setdefault(f"{column}.{key}", (column, key))
    if not objects:
        return None

    def spread(read: Callable[[Collection[str]], Iterator[Chunk]], columns: Collection[str]) -> Iterator[Chunk]:
        wanted = {name: objects[name] for name in columns if name in objects}
        plain = {name for name in columns if name not in objects}
        packed = {column for column, _ in wanted.values()}
        for chunk in read(plain | packed):
            read_once = {
                column: [_read_object(str(text)) for text in list_distinct(chunk.columns[column])] for column in packed
            }
            spread = {
                name: _pick_value(chunk.columns[column], read_once[column], key)
                for name, (column, key) in wanted.items()
            }
            kept = {name: values for name, values in chunk.columns.items() if name in plain}
            yield dataclasses.replace(chunk, columns=kept | spread)

    return dataclasses.replace(
        table,
        header=(*table.header, *(name for name in objects if name not in table.header)),
        read=functools.partial(spread, table.read),
        read_start=functools.partial(spread, table.read_start),
        read_plain=None,
    )


def _read_object(text: str) -> dict[str, Any]:
    """What an object holds that is written as JSON or Python write it; nothing for any other text."""
    if not text.startswith("{") or len(text) > _MAX_OBJECT:
        return {}
    for read in (json.loads, ast.literal_eval):
        with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return dict(_flatten(read(text)))
    return {}


def _pick_value(texts: pd.Series, objects: Sequence[Mapping[str, Any]], key: str) -> pd.Series:
    """A value of each text, of whose categories these are the objects."""
    values = as_text(pd.Series([one.get(key) for one in objects], dtype="object"))
    return values.reindex(texts.cat.codes.to_numpy()).set_axis(texts.index)
