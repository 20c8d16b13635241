"""How large files and tables may be, and what is in them, before anything is made of them."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.formats.table import Chunk, Table, as_text
from hotspots.ingest.texts import count_letters

MAX_TABLE_ROWS = 20_000_000
"""More rows than any force records in ten years: beyond it a file is damaged, or meant to do harm."""

MAX_MALFORMED_ROWS = 1_000_000

MAX_TABLE_BYTES = 4 * 1024**3
"""What one table may unpack to: over twenty million rows of police.uk."""

MAX_WHOLE_BYTES = 512 * 1024**2
"""What a file may unpack to of a kind that is read whole."""

MAX_UNPACKED_BYTES = 1024**3
"""What the parts of a workbook may unpack to, most of which is markup."""

MAX_CELLS = 25_000_000
"""A sheet is laid out in full when it is read, so one cell in the far corner would take all memory."""

MAX_COLUMNS = 2_000
"""Several times what the widest published tables have. Each column is tried for every role that it may have."""

MAX_TEXT = 32_767
"""Letters that a cell of Excel holds; a longer text is no value. Source: "Excel specifications and limits"."""

MAX_POINTS = 5_000_000
"""Of one shape: several times what the longest coast of a British council has in full detail."""

MAX_DEPTH = 100
"""Elements of a document within one another; those who read it may have no room for more."""


def bound_table(table: Table) -> Table:
    """The same table, which refuses a text that is too long where it is read, and samples only its beginning.

    So a long story in a column that nobody asks for is no reason to refuse a file.

    Raises:
        DataError: It has too many columns, or a name that is too long.
    """
    if len(table.header) > MAX_COLUMNS:
        raise DataError(
            f"A table may have {MAX_COLUMNS:,} columns; {table.label} has {len(table.header):,}. Leave out those that "
            "are not needed."
        )
    column = next((number for number, name in enumerate(table.header, start=1) if len(name) > MAX_TEXT), None)
    if column is not None:
        raise DataError(
            f"The name of a column may have {MAX_TEXT:,} letters; that of column {column} of {table.label} has "
            f"{len(table.header[column - 1]):,}. Give it a short name."
        )

    def read(columns: Collection[str], plain: Collection[str] = ()) -> Iterator[Chunk]:
        for chunk in table.read_with(columns, plain=plain):
            _require_short(chunk, table)
            yield chunk

    def read_start(columns: Collection[str]) -> Iterator[Chunk]:
        for chunk in itertools.chain(table.read_start(columns), table.read(columns)):
            yield dataclasses.replace(chunk, columns={name: _cut(texts) for name, texts in chunk.columns.items()})

    return dataclasses.replace(table, read=read, read_start=read_start, read_plain=read)


def _is_long(texts: pd.Series) -> bool:
    return count_letters(texts) > MAX_TEXT


def _require_short(chunk: Chunk, table: Table) -> None:
    for name, texts in chunk.columns.items():
        if _is_long(texts):
            n_letters = texts.astype("object").str.len().to_numpy(dtype="float64", na_value=0)
            first = int(np.argmax(n_letters > MAX_TEXT))
            raise DataError(
                f"A cell may have {MAX_TEXT:,} letters; row {chunk.row[first]}, column "
                f"{table.header.index(name) + 1}, of {table.label} has {int(n_letters[first]):,}. Shorten it, or name "
                "another column in a source profile."
            )


def _cut(texts: pd.Series) -> pd.Series:
    if not _is_long(texts):
        return texts
    return as_text(texts.astype("object").str.slice(stop=MAX_TEXT))
