"""Tables of any kind of file as columns of text: what a file holds, before anybody says what it means.

Everything becomes text, numbers and times of workbooks and of Parquet too, because then one reading of dates and of
coordinates serves every kind of file.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import DataError

Columns = dict[str, pd.Series]
"""Columns of text by their name as written: categorical unless plain text was allowed, a blank is missing."""

HEADER_ROWS = 20
"""How far down the names of the columns may stand, below titles and notes."""

SAMPLE_ROWS = 1000

GEOMETRY_X, GEOMETRY_Y = "geometry.x", "geometry.y"
"""What the coordinates of a point geometry are called, as columns."""

IsHeader = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some consecutive rows of a table.

    Attributes:
        columns: The columns asked for.
        row: int (n_rows,), the row of each record in the file; 1 is the first under the header, and blank lines
            do not count.
        is_hidden: bool (n_rows,), whether whoever opens the file does not see the row; None where none can be hidden.
        malformed: Row and number of fields of those that have another number than the header, and are not in `columns`.
    """

    columns: Columns
    row: npt.NDArray[np.int64]
    is_hidden: npt.NDArray[np.bool_] | None = None
    malformed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table, open to be read.

    Attributes:
        label: What to call it in a product: the file, and the member or sheet of it.
        kind: What the file is, for people ("text in UTF-8, columns separated by commas").
        sha256: Fingerprint of its content, the same in whatever wrapping.
        header: Names of the columns, as written.
        part: Name of the sheet or layer that it is, of a file that can hold several.
        crs: CRS that the file states for its geometry, or None.
        is_1904: Whether numbers that stand for dates count days from 1904, as some workbooks do.
        read: Reads the columns named, all rows, a chunk at a time; may be called again.
        read_start: Reads some of the first rows likewise, where that is less work.
        read_plain: Reads the columns named, and others of which hardly a text is there twice, as plain text, where that
            is less work; see `read_with`.
    """

    label: str
    kind: str
    sha256: str
    header: tuple[str, ...]
    read: Callable[[Collection[str]], Iterator[Chunk]]
    part: str | None = None
    crs: str | None = None
    is_1904: bool = False
    read_start: Callable[[Collection[str]], Iterator[Chunk]] = lambda columns: iter(())
    read_plain: Callable[[Collection[str], Collection[str]], Iterator[Chunk]] | None = None

    def read_with(self, columns: Collection[str], *, plain: Collection[str]) -> Iterator[Chunk]:
        """All rows of the columns named, and of others that may come as plain text (Arrow) instead of categorical."""
        return self.read({*columns, *plain}) if self.read_plain is None else self.read_plain(columns, plain)

    def sample(self, columns: Collection[str]) -> Columns:
        """The first rows of some columns; empty columns where there are no rows."""
        for chunk in itertools.chain(self.read_start(columns), self.read(columns)):
            if 0 < len(chunk.row) <= SAMPLE_ROWS:
                return chunk.columns
            if len(chunk.row):
                # without the words of the other rows, each of which would be read too
                return {
                    name: values.iloc[:SAMPLE_ROWS].cat.remove_unused_categories()
                    for name, values in chunk.columns.items()
                }
        return {name: pd.Series(pd.Categorical([]), dtype="category") for name in columns}

    def read_whole(self, columns: Sequence[str]) -> pd.DataFrame:
        """Every row of some columns of a small table as text, on its number in the file.

        A row of a single field, as a note below a table is, has nothing in any column.

        Raises:
            DataError: Another row has not the fields of the header.
        """
        chunks = list(self.read(columns))
        odd = next(((row, n) for chunk in chunks for row, n in chunk.malformed if n > 1), None)
        if odd:
            raise DataError(
                f"Each row must have the fields of the header, {len(self.header)}; row {odd[0]} of {self.label} has "
                f"{odd[1]}. Write numbers in digits alone, and put texts that hold a comma in quotes."
            )
        notes = [row for chunk in chunks for row, _ in chunk.malformed]
        parts = [pd.DataFrame(chunk.columns).set_axis(chunk.row).astype("object") for chunk in chunks]
        whole = pd.concat([pd.DataFrame(columns=list(columns), dtype="object"), *parts])
        return whole.reindex([*whole.index, *notes])


def fingerprint_part(sha256: str, name: str) -> str:
    """The fingerprint of a sheet or layer of a file: it is kept, and must not hold the name."""
    return hashlib.sha256(f"{sha256}/{name}".encode()).hexdigest()


def require_unique(header: Iterable[str], wanted: Collection[str], *, label: str) -> None:
    """Refuse a table in which a column that is to be read is there twice.

    Raises:
        DataError: It is there twice.
    """
    seen = set()
    for name in header:
        if name in wanted and name in seen:
            raise DataError(f'{label} has two columns called "{name}". Rename or remove one.')
        seen.add(name)


def find_header(rows: Sequence[Sequence[str]], is_header: IsHeader) -> int:
    """Which of the first rows names the columns: the first that is recognised, otherwise the first that is not a title.

    A title stands in one or two cells above columns that are many.
    """
    first = rows[:HEADER_ROWS]
    n_filled = [sum(bool(cell.strip()) for cell in row) for row in first]
    usual = max(n_filled, default=0)
    wide = next((index for index, n in enumerate(n_filled) if 2 * n >= usual), 0)
    return next((index for index, row in enumerate(first) if is_header(row)), wide)


def chunk_of_frame(frame: pd.DataFrame, *, first_row: int = 1) -> Chunk:
    """A table of any types as one chunk of text."""
    columns = {str(name): as_text(frame.iloc[:, index]) for index, name in enumerate(frame.columns)}
    return Chunk(columns=columns, row=np.arange(first_row, first_row + len(frame)))


def as_text(values: pd.Series) -> pd.Series:
    """Values of any type as categorical text: ISO times, plain numbers, missing where blank."""
    try:
        codes, unique = pd.factorize(values)
    except TypeError:  # lists and other structures, which are no text
        codes, unique = pd.factorize(values.where(values.map(pd.api.types.is_hashable)))
    texts = pd.Series([_write(value) for value in unique], dtype="object")
    # two values may be one text, and a categorical must not hold it twice
    merged, distinct = pd.factorize(texts)
    merged = np.append(merged, -1)
    kept = pd.Categorical.from_codes(merged[codes], categories=pd.Index(distinct, dtype="object"))
    return pd.Series(kept, index=pd.RangeIndex(len(values)))


def _write(value: object) -> str | None:
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if np.isnan(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    if isinstance(value, bytes):
        return None  # no text, whatever it is
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, pd.Timestamp):
        try:
            return value.isoformat()
        except (NotImplementedError, ValueError, OverflowError):  # a time zone knows of the years 1 to 9999 only
            return str(value.asm8)
    # datetime.date and datetime.time write themselves in ISO form
    text = str(value).strip()
    return text or None
