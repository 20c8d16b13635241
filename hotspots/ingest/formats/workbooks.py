"""Excel workbooks to tables, one a sheet."""

from __future__ import annotations

import dataclasses
import io
import itertools
import math
import re
import zipfile
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
import python_calamine

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_CELLS, MAX_UNPACKED_BYTES
from hotspots.ingest.formats.compound_files import SIGNATURE, require_ends
from hotspots.ingest.formats.hidden_rows import find_hidden_rows
from hotspots.ingest.formats.input_files import UNPACKING_ERRORS
from hotspots.ingest.formats.table import (
    HEADER_ROWS,
    SAMPLE_ROWS,
    Chunk,
    IsHeader,
    Table,
    chunk_of_frame,
    find_header,
    fingerprint_part,
    require_unique,
)

WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xls")

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""Names the part of a compound file in which Office keeps a workbook behind a password ([MS-OFFCRYPTO])."""

_REFERENCE = re.compile(rb"<(?:\w+:)?(?:c|row)\b[^>]*?\br\s*=\s*[\"']\s*([A-Za-z]*)(\d*)")
"""Where a cell or a row stands: `r="B12"`, `r="12"`."""

_DATES_OF_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*?\bdate1904\s*=\s*[\"'](?:1|true|on)[\"']")
"""What a workbook says that counts days from 1904 ([ISO 29500], workbookPr)."""

_OLD_DATES_OF_1904 = b"\x22\x00\x02\x00\x01\x00\x0e\x00\x02\x00"
"""The same in .xls: record Date1904 with its flag, which record CalcPrecision follows ([MS-XLS], 2.1.7.20.3)."""

_MAX_LETTERS, _MAX_DIGITS = 3, 7
"""Of the last cell there can be, XFD1048576."""


def open_workbook(label: str, content: bytes, sha256: str, *, is_header: IsHeader = lambda names: False) -> list[Table]:
    """The sheets of a workbook that hold anything and are not hidden.

    Raises:
        DataError: It is not a workbook, is protected by a password, or is too large.
    """
    protected = DataError(f"{label} is protected by a password. Save it without one.")
    if _ENCRYPTED in content:
        raise protected
    try:
        is_zip = zipfile.is_zipfile(io.BytesIO(content))  # the older .xls cannot grow large
        if content.startswith(SIGNATURE):
            require_ends(content)
        n_rows, n_columns = _find_extent(content) if is_zip else (0, 0)
        if n_rows * n_columns > MAX_CELLS:
            raise DataError(
                f"A sheet may have {MAX_CELLS // 10**6} million cells; {label} reaches to row {n_rows:,} and column "
                f"{n_columns:,}. Delete the empty rows and columns beyond the data, or save it as CSV."
            )
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        hidden = find_hidden_rows(content)
        rows_of, is_hidden = {}, {}
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            rows_of[name] = sheet.to_python()
            first = sheet.start[0] + 1 if sheet.start else 1
            is_hidden[name] = [number in hidden.get(name, ()) for number in range(first, first + len(rows_of[name]))]
        is_1904 = _is_of_1904(content, is_zip=is_zip)
    except python_calamine.PasswordError as error:
        raise protected from error
    except DataError:
        raise
    except (python_calamine.CalamineError, ValueError, *UNPACKING_ERRORS) as error:
        raise _cannot_be_read(label, str(error) or "damaged") from error
    except BaseException as error:
        # what a parser in Rust did not foresee is no Exception, and its class cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise _cannot_be_read(label, "damaged") from error
    tables = [
        _open_sheet(label, name, rows, is_hidden[name], fingerprint_part(sha256, name), is_header)
        for name, rows in rows_of.items()
        if any(_is_filled(row) for row in rows)
    ]
    return [dataclasses.replace(table, is_1904=is_1904) for table in tables]


def _cannot_be_read(label: str, why: str) -> DataError:
    return DataError(f"{label} cannot be read as an Excel workbook: {why}. Save it again as .xlsx or CSV.")


def _is_of_1904(content: bytes, *, is_zip: bool) -> bool:
    """Whether its serial dates count from 1904, which the reader knows of cells that are formatted as dates only."""
    if not is_zip:
        return _OLD_DATES_OF_1904 in content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.lower() == "xl/workbook.xml"]
    return any(_DATES_OF_1904.search(part) for part in parts)


def list_hidden_sheets(content: bytes) -> list[str]:
    """The names of the hidden sheets of a workbook that `open_workbook` has opened."""
    workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible != python_calamine.SheetVisibleEnum.Visible
        and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]


def _find_extent(content: bytes) -> tuple[int, int]:
    """Rows and columns that the cells of its largest sheet reach over, as its bytes say before any cell is laid out.

    Raises:
        ValueError: It is another kind of archive, unpacks to too much, or has a cell where there can be none.
    """
    extents = [(0, 0)]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB")
        if "xl/workbook.xml" not in map(str.lower, archive.namelist()):
            raise ValueError("its content is not that of such a file")
        for name in archive.namelist():
            part = archive.read(name)
            if b"sheetData" not in part:
                continue
            n_rows = n_columns = 0
            # all references at once would take more memory than cells
            for found in _REFERENCE.finditer(part):
                letters, digits = found[1], found[2]
                if len(letters) > _MAX_LETTERS or not 0 < len(digits) <= _MAX_DIGITS:
                    raise ValueError(f"it has a cell at {(letters + digits).decode()[:24]}")
                n_rows = max(n_rows, int(digits))
                n_columns = max(n_columns, _number_column(letters.decode().upper()))
            extents.append((n_rows, n_columns))
    return max(extents, key=math.prod)


def _number_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _is_filled(row: list[Any]) -> bool:
    return any(value is not None and value != "" for value in row)


def _open_sheet(
    file: str, name: str, rows: list[list[Any]], is_hidden: list[bool], sha256: str, is_header: IsHeader
) -> Table:
    label = f"{file}/{name}"
    is_filled = [_is_filled(row) for row in rows]
    filled = list(itertools.compress(rows, is_filled))
    index = find_header([[str(value) for value in row] for row in filled[:HEADER_ROWS]], is_header)
    header = tuple(str(value) for value in filled[index])
    body = filled[index + 1 :]
    hidden = np.array(list(itertools.compress(is_hidden, is_filled))[index + 1 :], dtype=bool)

    def read(columns: Collection[str], n_rows: int | None = None) -> Iterator[Chunk]:
        require_unique(header, columns, label=label)
        keep = {name: position for position, name in enumerate(header) if name in columns}
        rows = body[:n_rows]
        frame = pd.DataFrame(
            {name: pd.Series([row[position] for row in rows], dtype="object") for name, position in keep.items()},
            index=pd.RangeIndex(len(rows)),
        )
        yield dataclasses.replace(chunk_of_frame(frame), is_hidden=hidden)

    return Table(
        label=label,
        kind="Excel sheet",
        sha256=sha256,
        header=header,
        part=name,
        read=read,
        read_start=lambda columns: read(columns, SAMPLE_ROWS),
    )
