"""Delimited text to columns: its encoding, its delimiter, its header, and a refusal of what would lose rows."""

from __future__ import annotations

import codecs
import contextlib
import csv
import functools
import hashlib
import io
import itertools
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import IO, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_MALFORMED_ROWS, MAX_TABLE_BYTES, MAX_TABLE_ROWS
from hotspots.ingest.formats.table import (
    HEADER_ROWS,
    SAMPLE_ROWS,
    Chunk,
    IsHeader,
    Table,
    as_text,
    find_header,
    require_unique,
)
from hotspots.ingest.texts import is_padded, strip_blanks

Open = Callable[[], IO[bytes]]

_SIGNATURES = {
    b"PK": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"PAR1": "Parquet",
    b"SQLite format 3": "a database (GeoPackage)",
}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_ENCODINGS = {"utf-8": "UTF-8", "cp1252": "Windows-1252"}
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE = re.compile(rf"\s*\"?(\d{{4}}-\d\d|\d\d?[-/. ]({_MONTH}|\d\d?)[-/. ]\d{{2,4}})\b", re.IGNORECASE)
_HEAD_BYTES = 1024**2
_HELD_BYTES = 4 * _HEAD_BYTES
"""What is held of a text to know its columns: as UTF-8 its first lines have at most as many bytes."""

BLOCK_BYTES = 8 * 1024**2
_MANY_CELLS = 3
"""So many cells in a line of a text, and exactly as many as there are columns before it, are no prose."""


def open_text_table(
    label: str,
    open_bytes: Open,
    *,
    is_header: IsHeader = lambda names: False,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Table:
    """Open delimited text, finding out what is not said of it.

    Args:
        label: What to call it in a message.
        open_bytes: Opens its bytes from the start.
        is_header: Whether a row names the columns; the first row does if none of the first rows is recognised.
        delimiter: What separates its columns; by default of comma, semicolon, tab and bar the one that divides the
            first lines most and most evenly.
        encoding: By default UTF-16 if it has that mark, otherwise UTF-8 if it is that throughout, otherwise
            Windows-1252.

    Raises:
        DataError: It is empty, no text, or too large.
    """
    head, sha256, found = _survey(label, open_bytes, encoding)
    try:
        with Utf8Stream(io.BytesIO(head), found) as stream:
            start = stream.read(_HEAD_BYTES)
    except UnicodeError as error:
        raise DataError(f"{label} is not text in {found}: {error}. Correct encoding in its source profile.") from error
    if b"\x00" in start:
        raise DataError(f"{label} is not text: it holds zero bytes. Save it as CSV (UTF-8), Excel or GeoPackage.")
    if len(start) == _HEAD_BYTES and b"\n" not in start and b"\r" not in start:
        raise DataError(f"{label} is not a table: its first line is over {_HEAD_BYTES // 1024**2} MB long.")
    text = start.decode("utf-8", errors="replace")
    delimiter = delimiter or _find_delimiter(text)
    rows, lines_before = _first_rows(text, delimiter)
    index = find_header(rows, is_header)
    if not rows or not any(name.strip() for name in rows[index]):
        raise DataError(f"{label} is empty: its first line must name the columns.")
    header = tuple(rows[index])
    is_whole = len(start) < _HEAD_BYTES
    lines = start if is_whole else start[: max(start.rfind(b"\n"), start.rfind(b"\r")) + 1]
    first_lines = _take_lines(lines, lines_before[index] + 1 + SAMPLE_ROWS + HEADER_ROWS)

    def open_all() -> Utf8Stream:
        return _open_utf8(lines) if is_whole else Utf8Stream(open_bytes(), found)

    def read(columns: Collection[str], plain: Collection[str] = ()) -> Iterator[Chunk]:
        require_unique(header, {*columns, *plain}, label=label)
        for batch, row, malformed in _read(
            label, open_all, header, columns, plain=plain, delimiter=delimiter, n_lines_before=lines_before[index]
        ):
            yield Chunk(
                columns={name: _to_series(batch[name]) for name in batch.schema.names}, row=row, malformed=malformed
            )

    # whoever recognises a layout asks for a column or two, time and again
    @functools.cache
    def read_first() -> _Rows | None:
        once = [name for name in header if header.count(name) == 1]
        for part in (first_lines, lines):
            with contextlib.suppress(DataError):  # which all of the text raises too, unless it was cut within a row
                rows = _read(
                    label,
                    functools.partial(_open_utf8, part),
                    header,
                    once,
                    delimiter=delimiter,
                    n_lines_before=lines_before[index],
                )
                first = next(rows, None)
                # a row may have several lines, and some rows are malformed
                if part is lines or (first and len(first.row) >= SAMPLE_ROWS):
                    return first
        return None

    @functools.cache
    def read_first_of(name: str) -> pd.Series:
        texts = cast("_Rows", read_first()).batch[name][:SAMPLE_ROWS]
        # with no words of other rows
        return _to_series(texts.dictionary_decode().dictionary_encode())

    def read_start(columns: Collection[str]) -> Iterator[Chunk]:
        first = read_first()
        if first and set(first.batch.schema.names) >= set(columns):
            yield Chunk(
                columns={name: read_first_of(name) for name in first.batch.schema.names if name in columns},
                row=first.row[:SAMPLE_ROWS],
                malformed=first.malformed,
            )

    named = _ENCODINGS.get(found, found.upper())
    separated = _DELIMITERS.get(delimiter, repr(delimiter))
    return Table(
        label=label,
        kind=f"text in {named}, columns separated by {separated}",
        sha256=sha256,
        header=header,
        read=read,
        read_start=read_start,
        read_plain=read,
    )


class _Rows(NamedTuple):
    """Some rows as Arrow has them, their numbers, and those that are malformed; see `Chunk`."""

    batch: pa.RecordBatch
    row: npt.NDArray[np.int64]
    malformed: tuple[tuple[int, int], ...]


class Utf8Stream(io.RawIOBase):
    """The bytes of a text in UTF-8, whatever they were, without a mark and with a line break at the end.

    Attributes:
        n_breaks: Line breaks read so far.
    """

    def __init__(self, opened: IO[bytes], encoding: str) -> None:
        super().__init__()
        self._opened = opened
        self._decoder = None
        if encoding != "utf-8":
            self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._ready = b""
        self._is_start, self._is_end = True, False
        self._last = b""
        self.n_breaks = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next `size` bytes, fewer only at the end."""
        if size < 0:
            return self.readall()
        while len(self._ready) < size and not self._is_end:
            raw = self._opened.read(max(size, _HEAD_BYTES))
            self._ready += raw if self._decoder is None else self._decoder.decode(raw, final=not raw).encode("utf-8")
            if self._is_start and self._ready:
                self._ready = self._ready.removeprefix(codecs.BOM_UTF8)
                self._is_start = False
            if not raw:
                self._is_end = True
                # PyArrow wants one even after a header alone
                self._ready += b"" if (self._ready or self._last).endswith((b"\n", b"\r")) else b"\n"
        given, self._ready = self._ready[:size], self._ready[size:]
        self.n_breaks += given.count(b"\n")
        if b"\r" in given:
            self.n_breaks += given.count(b"\r") - given.count(b"\r\n")
        if self._last == b"\r" and given.startswith(b"\n"):
            self.n_breaks -= 1
        self._last = given[-1:] or self._last
        return given

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        """Fill a buffer."""
        given = self.read(len(buffer))
        buffer[: len(given)] = given
        return len(given)

    def close(self) -> None:
        """Close the file too."""
        self._opened.close()
        super().close()


def _find_utf16(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding, nulls in (("utf-16-le", head[1:2000:2]), ("utf-16-be", head[:2000:2])):
        if nulls and nulls.count(0) > 0.8 * len(nulls):
            return encoding
    return None


def _survey(label: str, open_bytes: Open, encoding: str | None) -> tuple[bytes, str, str]:
    """The first bytes of a text, its fingerprint without the blanks at its end, and its encoding."""
    digest = hashlib.sha256()
    head, held, n_bytes = b"", b"", 0
    with open_bytes() as opened:
        block = opened.read(_HEAD_BYTES)
        for signature, kind in _SIGNATURES.items():
            if block.startswith(signature):
                raise DataError(f"{label} is not text but {kind}. Give it the file ending of that kind.")
        encoding = encoding or _find_utf16(block)
        utf8 = codecs.getincrementaldecoder("utf-8")() if encoding is None else None
        is_utf8 = utf8 is not None
        while block:
            n_bytes += len(block)
            head += block if len(head) < _HELD_BYTES else b""
            if n_bytes > MAX_TABLE_BYTES:
                raise DataError(
                    f"A table may unpack to {MAX_TABLE_BYTES // 1024**3} GB; {label} is larger. Split it by month."
                )
            if is_utf8 and utf8 is not None:
                try:
                    utf8.decode(block)
                except UnicodeDecodeError:
                    is_utf8 = False
            block = held + (block.removeprefix(codecs.BOM_UTF8) if n_bytes == len(block) else block)
            content = block.rstrip()
            digest.update(content)
            held = block[len(content) :]
            if len(held) > _HEAD_BYTES:
                digest.update(held)
                held = b""
            block = opened.read(_HEAD_BYTES)
    if encoding is not None:
        try:
            io.TextIOWrapper(io.BytesIO(), encoding)  # a codec that makes no text fails too
            encoding = codecs.lookup(encoding).name  # one name for "utf8" and "UTF-8"
        except (LookupError, ValueError) as error:
            raise DataError(f'No encoding called "{encoding}", given for {label}. Try utf-8 or cp1252.') from error
        return head, digest.hexdigest(), encoding
    if is_utf8 and utf8 is not None:
        try:
            utf8.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return head, digest.hexdigest(), "utf-8" if is_utf8 else "cp1252"


def _open_utf8(text: bytes) -> Utf8Stream:
    return Utf8Stream(io.BytesIO(text), "utf-8")


def _take_lines(text: bytes, n_lines: int) -> bytes:
    """The first lines of a text; all of it where it has no more."""
    *_, rest = lines = text.split(b"\n", n_lines)
    return text[: len(text) - len(rest)] if len(lines) > n_lines else text


def _first_rows(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The first rows of a text that are not blank, and how many lines stand before each."""
    rows: list[list[str]] = []
    before: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    last = 0
    with _long_fields(), contextlib.suppress(csv.Error):  # what cannot be read is told of when all of it is
        for row in reader:
            if row:
                rows.append(row)
                before.append(last)
            last = reader.line_num
            if len(rows) > HEADER_ROWS:
                break
    return rows, before


@contextlib.contextmanager
def _long_fields() -> Iterator[None]:
    """Lift the limit on a field of the csv module, which is one for the whole process, for a moment."""
    usual = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def _find_delimiter(text: str) -> str:
    """The delimiter that divides most of the first rows into most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in _first_rows(text, delimiter)[0]]
        usual = max(set(widths), key=lambda width: (widths.count(width) * (width > 1), width), default=1)
        return (widths.count(usual) * (usual > 1), usual)

    return max(_DELIMITERS, key=score)


def _read(
    label: str,
    open_utf8: Callable[[], Utf8Stream],
    header: Sequence[str],
    columns: Collection[str],
    *,
    plain: Collection[str] = (),
    delimiter: str,
    n_lines_before: int,
) -> Iterator[_Rows]:
    """All rows, a block at a time."""
    malformed: deque[tuple[int, int]] = deque()

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        # the header is the first row after those lines
        malformed.append((row.number - n_lines_before - 1, row.actual_columns))
        return "skip" if len(malformed) <= MAX_MALFORMED_ROWS else "error"

    keep = [name for name in header if name in columns or name in plain]
    distinct = pa.dictionary(pa.int32(), pa.string())
    too_many = DataError(f"A table may have {MAX_TABLE_ROWS:,} rows; {label} has more. Split it by month.")
    n_seen = 0
    stream = open_utf8()
    try:
        with stream:
            reader = pyarrow.csv.open_csv(
                stream,
                # row numbers of malformed rows are known only to a single thread
                read_options=pyarrow.csv.ReadOptions(
                    use_threads=False, block_size=BLOCK_BYTES, skip_rows=n_lines_before
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=keep,
                    column_types={name: pa.string() if name in plain else distinct for name in keep},
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
            for batch in reader:
                # rows that are refused may be met ahead of the batch that they belong to
                inside: list[tuple[int, int]] = []
                while malformed and malformed[0][0] <= n_seen + batch.num_rows + len(inside) + 1:
                    inside.append(malformed.popleft())
                row = np.arange(n_seen + 1, n_seen + batch.num_rows + len(inside) + 1)
                n_seen += len(row)
                if n_seen > MAX_TABLE_ROWS:
                    raise too_many
                if inside:
                    row = np.setdiff1d(row, [number for number, _ in inside])
                # Arrow takes no column at all for all of them
                yield _Rows(batch.select(keep), row, tuple(inside))
    except (pa.ArrowException, UnicodeError) as error:
        if len(malformed) > MAX_MALFORMED_ROWS:
            raise DataError(
                f"{label} is not a table: over {MAX_MALFORMED_ROWS:,} rows do not have as many columns as its header. "
                "Save it again as CSV (UTF-8) with one header line."
            ) from error
        raise DataError(
            f"{label} cannot be read as text with columns: {str(error).splitlines()[0]}. "
            "Save it again as CSV (UTF-8) with one header line."
        ) from error
    if malformed:  # a block in which no row is well formed makes no batch
        nothing = pa.RecordBatch.from_arrays([pa.array([], distinct) for _ in keep], names=keep)
        yield _Rows(nothing, np.arange(0), tuple(malformed))
    if stream.n_breaks > n_lines_before + 1 + MAX_TABLE_ROWS:  # blank lines, or lines in quotes
        raise too_many
    if stream.n_breaks > n_lines_before + 1 + n_seen + len(malformed):
        _refuse_swallowed_lines(label, open_utf8, header, delimiter)


def _to_series(texts: pa.Array) -> pd.Series:
    # a cell of blanks is a blank cell, and blanks around an ID make no other ID
    if not pa.types.is_dictionary(texts.type):
        stripped = strip_blanks(texts)
        stripped = pc.if_else(pc.equal(stripped, ""), pa.scalar(None, stripped.type), stripped)
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([stripped])))
    codes = texts.indices.fill_null(-1).to_numpy()
    words = pd.Index(texts.dictionary.to_numpy(zero_copy_only=False), dtype="object")
    column = pd.Series(pd.Categorical.from_codes(codes, categories=words))
    return as_text(column.astype("object")) if is_padded(texts.dictionary) else column


def _refuse_swallowed_lines(
    label: str, open_utf8: Callable[[], Utf8Stream], header: Sequence[str], delimiter: str
) -> None:
    """Refuse a table in which a quote that is never closed has swallowed rows.

    A line break inside quotes is fine in a free text. One in a text whose lines are the end of one row and the start of
    another is not, nor one that holds half a row, nor one in a record that has not the fields of the header: incidents
    would be lost without a trace, and columns that are not read would come into one that is.
    """
    with open_utf8() as opened, _long_fields():
        reader = csv.reader(
            io.TextIOWrapper(io.BufferedReader(opened), "utf-8", errors="replace", newline=""), delimiter=delimiter
        )
        try:
            for record in reader:
                is_whole = len(record) == len(header)
                for position, value in enumerate(record):
                    lines = value.splitlines()
                    if len(lines) > 1 and (
                        not is_whole
                        or _makes_rows(lines, delimiter, position, n_columns=len(header))
                        or _holds_rows(lines, delimiter, n_columns=len(header))
                    ):
                        raise DataError(
                            f"{label} has a quote that is not closed: the text that ends on line {reader.line_num} and "
                            f"begins {len(lines) - 1} lines above holds whole rows. Close or remove the quote; in a "
                            "text that lists things, put a space after each delimiter."
                        )
        except csv.Error as error:
            raise DataError(
                f"{label} cannot be read as text with columns: line {reader.line_num}: {error}. Save it again as CSV."
            ) from error


def _makes_rows(lines: Sequence[str], delimiter: str, position: int, *, n_columns: int) -> bool:
    """Whether lines of a text in the column at `position` are the rest of a row, rows, and the start of a row.

    If two quotes that are not closed stand in one column, what is between them makes one record of the right length.
    """
    # in prose a comma comes before a space
    n_delimiters = [len(re.findall(rf"{re.escape(delimiter)}(?! )", line)) for line in lines]
    first, *between, last = n_delimiters
    is_start = last == position
    is_rest = first == n_columns - 1 - position and all(n in (0, n_columns - 1) for n in between)
    return is_start and (is_rest or position >= _MANY_CELLS)  # the row before may have been cut off


def _holds_rows(lines: Sequence[str], delimiter: str, *, n_columns: int) -> bool:
    """Whether lines of one text look like parts of rows."""
    # in prose a comma comes before a space or the end of a line; two lines are the end of one row and the next's start
    # and a number has one before three digits
    between = rf"{re.escape(delimiter)}(?=\S)(?!(?<=\d.)\d{{3}}\b)"
    n_delimiters = [len(re.findall(between, line)) for line in lines]
    if max(map(sum, itertools.pairwise(n_delimiters))) >= max(2, n_columns / 2):
        return True
    cells = (re.split(rf"{re.escape(delimiter)}(?! )", line) for line in lines)
    return any(len(row) > 2 and any(_DATE.match(cell) for cell in row) for row in cells)
