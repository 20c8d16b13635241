"""CSV to columns of text: the header, the rows, and a refusal of what would lose any."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from hotspots.errors import DataError

Columns = dict[str, pd.Series]
"""Columns of text by their name in lower case: categorical, except those read as plain text."""

_SIGNATURES = {
    b"PK": "a zip archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
}


def read_header(content: bytes, *, label: str) -> list[str]:
    """The column names of a CSV table, as written.

    Raises:
        DataError: The table is empty, or its content is no comma-separated text.
    """
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            raise DataError(f"{label} is not CSV but {kind}. Save it as CSV (UTF-8), with a name that says what it is.")
    first_line = content[:65536].decode("utf-8-sig", errors="replace").splitlines()[:1]
    names = next(csv.reader(first_line), [])
    if not any(name.strip() for name in names):
        raise DataError(f"{label} is empty: its first line must name the columns.")
    for separator, kind in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and names[0].count(separator) > 1:
            raise DataError(f"{label} separates its columns by {kind}. Save it again as CSV, separated by commas.")
    return names


_DATE_BETWEEN_COMMAS = re.compile(r"(^|,)\s*(\d{4}-\d\d|\d\d?/\d\d?/\d{4})[^,]*,.*,")


def _refuse_swallowed_lines(content: bytes, *, n_records: int, label: str) -> None:
    """Refuse a table in which a quote that is never closed has swallowed rows.

    A line break inside quotes is fine in a free text. One after which comes what looks like another row, a date among
    its commas, is not: its incident would be lost without a trace.
    """
    if max(content.count(b"\n"), content.count(b"\r")) <= n_records + 1:
        return
    if sum(1 for _ in re.finditer(rb"\S[^\r\n]*", content)) <= n_records + 1:
        return  # blank lines
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""))
    try:
        for record in reader:
            for value in record:
                if any(_DATE_BETWEEN_COMMAS.search(line) for line in value.splitlines()[1:]):
                    raise DataError(
                        f"{label} has a quote that is not closed: the text that ends on line {reader.line_num} holds "
                        f"whole rows, beginning with {value.splitlines()[0][:40]!r}. Close or remove the quote."
                    )
    except csv.Error as error:
        raise DataError(
            f"{label} cannot be read as comma-separated text: line {reader.line_num}: {error}. Save it again as CSV."
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """The needed columns of one CSV table, as text.

    Attributes:
        columns: Text by lower-case column name; a blank is missing.
        row: int (n_rows,), the row of each record in the file; 1 is the first under the header, and blank lines
            do not count.
        malformed_rows: Rows with another number of fields than the header.
    """

    columns: Columns
    row: npt.NDArray[np.int64]
    malformed_rows: tuple[int, ...]


def read_text_table(
    content: bytes, wanted: Callable[[str], bool], *, label: str, plain: frozenset[str] = frozenset()
) -> TextTable:
    """Read the wanted columns of a CSV table as text, and pass over all others.

    Args:
        content: The bytes of the file, in UTF-8 or Windows-1252.
        wanted: Which columns to read, given the name in lower case.
        label: What to call the file in a message.
        plain: Columns in which nearly every text is another, such as IDs: read as they are, since finding the
            distinct texts would cost more than it saves.

    Raises:
        DataError: The table cannot be parsed, or has two columns of one wanted name.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = [(written, written.strip().casefold()) for written in read_header(content, label=label)]
    keep = {written: name for written, name in header if wanted(name)}
    for name in keep.values():
        if sum(name == other for _, other in header) > 1:
            raise DataError(f'{label} has two columns called "{name}". Rename or remove one.')
    malformed: list[int] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        malformed.append(row.number - 1)  # the header is row 1
        return "skip"

    def parse(encoding: str) -> pa.Table:
        malformed.clear()
        text = pa.dictionary(pa.int32(), pa.string())
        return pa.csv.read_csv(
            io.BytesIO(content),
            # row numbers of malformed rows are known only to a single thread
            read_options=pa.csv.ReadOptions(encoding=encoding, use_threads=False),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pa.csv.ConvertOptions(
                include_columns=list(keep),
                column_types={written: pa.string() if name in plain else text for written, name in keep.items()},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    try:
        try:
            table = parse("utf-8")
        except pa.ArrowInvalid as error:
            if "UTF8" not in str(error):
                raise
            table = parse("cp1252")
    except (pa.ArrowException, UnicodeError) as error:
        raise DataError(
            f"{label} cannot be read as comma-separated text: {str(error).splitlines()[0]}. "
            "Save it again as CSV (UTF-8) with one header line."
        ) from error
    _refuse_swallowed_lines(content, n_records=table.num_rows + len(malformed), label=label)
    frame = table.combine_chunks().to_pandas()
    row = np.arange(1, len(frame) + len(malformed) + 1)
    if malformed:
        row = np.setdiff1d(row, malformed)
    return TextTable(
        columns={name: frame[written] for written, name in keep.items()}, row=row, malformed_rows=tuple(malformed)
    )
