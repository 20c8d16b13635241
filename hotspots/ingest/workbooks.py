"""Excel workbooks to tables, one a sheet."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterator
from typing import Any

import pandas as pd
import python_calamine

from hotspots.errors import DataError
from hotspots.ingest.files import UNPACKING_ERRORS
from hotspots.ingest.tables import (
    HEADER_ROWS,
    Chunk,
    IsHeader,
    Table,
    chunk_of_frame,
    find_header,
    require_unique,
)

SUFFIXES = (".xlsx", ".xlsm", ".xls")

_MAX_UNPACKED_BYTES = 1024**3
_MAX_CELLS = 60_000_000
"""A sheet is laid out in full when it is read, so one cell in the far corner would take all memory."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""Names the part of a compound file in which Office keeps a workbook behind a password ([MS-OFFCRYPTO])."""

_SCAN_BYTES = 1024**2
_REFERENCE_BYTES = 32
_ROW_NUMBER = re.compile(rb"r\s*=\s*[\"'][A-Za-z]*(\d{1,7})")
_COLUMN_LETTERS = re.compile(rb"r\s*=\s*[\"']([A-Za-z]{1,3})\d")


def open_workbook(label: str, content: bytes, sha256: str, *, is_header: IsHeader = lambda names: False) -> list[Table]:
    """The sheets of a workbook that hold anything and are not hidden.

    Raises:
        DataError: It is no workbook, is protected by a password, or is too large.
    """
    protected = DataError(f"{label} is protected by a password. Save it without one.")
    if _ENCRYPTED in content:
        raise protected
    try:
        n_rows, last_column = _find_extent(content) if content.startswith(b"PK") else (0, "")  # .xls cannot grow large
        if n_rows * _number_column(last_column) > _MAX_CELLS:
            raise DataError(
                f"A sheet may have {_MAX_CELLS // 10**6} million cells; {label} reaches to {last_column}{n_rows}. "
                "Delete the empty rows and columns beyond the data, or save it as CSV."
            )
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        rows_of = {name: workbook.get_sheet_by_name(name).to_python() for name in visible}
    except python_calamine.PasswordError as error:
        raise protected from error
    except DataError:
        raise
    except (python_calamine.CalamineError, ValueError, *UNPACKING_ERRORS) as error:
        raise DataError(
            f"{label} cannot be read as an Excel workbook: {str(error) or 'damaged'}. Save it again as .xlsx or CSV."
        ) from error
    return [
        _open_sheet(f"{label}/{name}", rows, f"{sha256}/{name}", is_header)
        for name, rows in rows_of.items()
        if any(_is_filled(row) for row in rows)
    ]


def _find_extent(content: bytes) -> tuple[int, str]:
    """How far down and to the right the cells of a workbook reach, as its bytes say before any cell is laid out.

    Raises:
        ValueError: It is another kind of archive, or unpacks to too much.
    """
    n_rows, last_column = 0, ""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MAX_UNPACKED_BYTES:
            raise ValueError(f"it unpacks to more than {_MAX_UNPACKED_BYTES // 1024**2} MB")
        if "xl/workbook.xml" not in map(str.lower, archive.namelist()):
            raise ValueError("its content is not that of such a file")
        for name in archive.namelist():
            part = archive.read(name)
            if b"sheetData" not in part:
                continue
            for start in range(0, len(part), _SCAN_BYTES):  # all references at once would take more memory than cells
                block = part[start : start + _SCAN_BYTES + _REFERENCE_BYTES]
                n_rows = max([n_rows, *map(int, _ROW_NUMBER.findall(block))])
                columns = {letters.decode().upper() for letters in _COLUMN_LETTERS.findall(block)}
                last_column = max([last_column, *columns], key=_number_column)
    return n_rows, last_column


def _number_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _is_filled(row: list[Any]) -> bool:
    return any(value is not None and value != "" for value in row)


def _open_sheet(label: str, rows: list[list[Any]], sha256: str, is_header: IsHeader) -> Table:
    filled = [row for row in rows if _is_filled(row)]
    index = find_header([[str(value) for value in row] for row in filled[:HEADER_ROWS]], is_header)
    header = tuple(str(value) for value in filled[index])
    body = filled[index + 1 :]

    def read(columns: Collection[str]) -> Iterator[Chunk]:
        require_unique(header, columns, label=label)
        keep = {name: position for position, name in enumerate(header) if name in columns}
        frame = pd.DataFrame(
            {name: pd.Series([row[position] for row in body], dtype="object") for name, position in keep.items()},
            index=pd.RangeIndex(len(body)),
        )
        yield chunk_of_frame(frame)

    return Table(label=label, kind="Excel sheet", sha256=sha256, header=header, read=read)
