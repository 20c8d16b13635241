"""Files, folders and archives: which files a path stands for, their bytes and their fingerprint."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from hotspots.errors import DataError, NotFoundError

CSV_SUFFIXES = (".csv", ".csv.gz")

Columns = dict[str, pd.Series]
"""Columns of text, each categorical, by their name in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read.

    Attributes:
        path: As the user gave it, or below the folder that the user gave; with forward slashes.
        sha256: Of the file's bytes, in hexadecimal.
        n_rows: Rows under the header, over all tables in the file.
        layout: What it was recognised as.
        data_status: What the file says of itself ("synthetic", "schematic", "provisional"), or None.
    """

    path: str
    sha256: str
    n_rows: int
    layout: str
    data_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """The needed columns of one CSV table, as text.

    Attributes:
        columns: Text by lower-case column name; a blank is missing.
        row: int, the row of each record in the file; 1 is the first under the header.
        malformed_rows: Rows with another number of fields than the header.
    """

    columns: Columns
    row: pd.Series
    malformed_rows: tuple[int, ...]


def expand_paths(paths: Sequence[Path], *, suffixes: tuple[str, ...], what: str) -> list[Path]:
    """The files that paths stand for: a file is itself, a folder is every file below it with such a suffix.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A folder holds no such file, or one file comes up twice.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(file for file in path.rglob("*") if file.name.lower().endswith(suffixes))
            if not below:
                raise DataError(
                    f"No {what} in {path.as_posix()}: it holds no file ending in {', '.join(suffixes)}. "
                    "Name the file, or the folder that it is in."
                )
            files += below
        elif path.exists():
            files.append(path)
        else:
            raise NotFoundError(
                f"No file or folder {path.as_posix()} to read {what} from. Check the path; it is relative to "
                "the folder that the command runs in."
            )
    return files


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_repeats(files: Sequence[InputFile]) -> None:
    """Refuse two files with the same content, which would count every incident in them twice.

    Raises:
        DataError: Two files have the same SHA-256; the message names them.
    """
    seen: dict[str, str] = {}
    for file in files:
        if file.sha256 in seen:
            raise DataError(
                f"The same file was given twice, and its rows would count twice: {seen[file.sha256]} and "
                f"{file.path} have the same content. Leave one out."
            )
        seen[file.sha256] = file.path


def open_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each CSV table in a file, with a label: the file itself, or the members of a zip archive.

    Raises:
        DataError: The file cannot be unpacked, or an archive holds no CSV.
    """
    name = path.name.lower()
    label = path.as_posix()
    try:
        if name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                members = sorted(m for m in archive.namelist() if m.lower().endswith(".csv"))
                if not members:
                    raise DataError(f"{label} holds no CSV file. Give the archive as it was downloaded.")
                for member in members:
                    yield f"{label}/{member}", archive.read(member)
        elif name.endswith(".gz"):
            yield label, gzip.decompress(path.read_bytes())
        else:
            yield label, path.read_bytes()
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{label} cannot be unpacked: {error}. Download or copy it again.") from error


def read_header(content: bytes, *, label: str) -> list[str]:
    """The column names of a CSV table, as written.

    Raises:
        DataError: The table is empty.
    """
    first_line = content[:65536].decode("utf-8-sig", errors="replace").splitlines()[:1]
    names = next(csv.reader(first_line), [])
    if not any(name.strip() for name in names):
        raise DataError(f"{label} is empty: its first line must name the columns.")
    return names


def read_text_table(content: bytes, wanted: Callable[[str], bool], *, label: str) -> TextTable:
    """Read the wanted columns of a CSV table as text, and pass over all others.

    Args:
        content: The bytes of the file, in UTF-8 or Windows-1252.
        wanted: Which columns to read, given the name in lower case.
        label: What to call the file in a message.

    Raises:
        DataError: The table cannot be parsed.
    """
    names = read_header(content, label=label)
    keep = [name for name in names if wanted(name.strip().casefold())]
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "cp1252"
    malformed: list[int] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        malformed.append(row.number - 1)  # the header is row 1
        return "skip"

    text = pa.dictionary(pa.int32(), pa.string())
    try:
        table = pa.csv.read_csv(
            io.BytesIO(content),
            # row numbers of malformed rows are known only to a single thread
            read_options=pa.csv.ReadOptions(encoding=encoding, use_threads=False),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pa.csv.ConvertOptions(
                include_columns=keep,
                column_types=dict.fromkeys(keep, text),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise DataError(
            f"{label} cannot be read as comma-separated text: {str(error).splitlines()[0]}. "
            "Save it again as CSV (UTF-8) with one header line."
        ) from error
    frame = table.combine_chunks().to_pandas()
    row = np.setdiff1d(np.arange(1, len(frame) + len(malformed) + 1), malformed)
    return TextTable(
        columns={name.strip().casefold(): frame[name] for name in keep},
        row=pd.Series(row),
        malformed_rows=tuple(malformed),
    )
