"""Postcodes to eastings and northings, by a gazetteer that the user has downloaded.

Read are OS Code-Point Open and the postcode directories of the Office for National Statistics (ONSPD, and NSPL, which
has the same columns), each as the archive that is downloaded, as the folder it unpacks to, or as one CSV file of it.

Sources: Ordnance Survey, "Code-Point Open: technical specification"; ONS, "ONS Postcode Directory: user guide".
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from hotspots.errors import DataError
from hotspots.ingest.formats import CSV_SUFFIXES, FoundFile, Member, explain_unpacking, find_files, list_members
from hotspots.ingest.incidents import describe_columns

_PASSED_OVER = frozenset({"doc", "documents", "multi_csv"})
"""Folders of the downloads: lists of codes, and the directory a second time, cut by postcode area."""

_CODE_POINT = ("postcode", "quality", "easting", "northing")
"""The first columns of Code-Point Open, whose official files have no header."""

# what ONS called pcd, oseast1m and osnrth1m is pcd7, east1m and north1m in releases from 2025 on
_NAMES = {
    "postcode": ("pcds", "pcd", "pcd7", "pcd2", "pcd8", "postcode"),
    "easting": ("oseast1m", "east1m", "easting", "eastings"),
    "northing": ("osnrth1m", "north1m", "northing", "northings"),
    "quality": ("quality", "positional_quality_indicator"),
}

_POSTCODE = r"^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][A-Z]{2}$"
_NO_COORDINATES = 90  # the quality, in Code-Point Open
_GRID_END_M = (700_000, 1_300_000)

_EMPTY = pa.table(
    {"postcode": pa.array([], pa.string()), "easting": pa.array([], "float64"), "northing": pa.array([], "float64")}
)

_NEXT_STEP = (
    "Give OS Code-Point Open (CSV) or the ONS Postcode Directory, as downloaded, unpacked, or as one CSV file of it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postcodes:
    """Locations of postcodes.

    Attributes:
        table: One row to a postcode that has a location. Index `postcode`: in capitals without spaces, such as
            "SE135AA". `easting` and `northing`: float, metres (EPSG:27700).
        label: What to call the source in a message.
        sha256: Of the file's bytes, in hexadecimal; of a folder, the digest of its list of files, one line each: the
            file's digest, two spaces and its path from the folder.
    """

    table: pd.DataFrame
    label: str
    sha256: str

    def locate(self, texts: pd.Series) -> pd.DataFrame:
        """Find the place of each postcode, however it is spaced and in whichever case.

        A postcode stands for its delivery point nearest the middle of some fifteen addresses, so a place is good to
        a street or so. The outward half alone ("SE13"), which covers square kilometres, is not located.

        Args:
            texts: Text (n,), of any dtype, holding a postcode and nothing else; may be missing.

        Returns:
            A table of n rows with the index of `texts`: `easting` and `northing` in metres (EPSG:27700); NaN where a
            text is missing, is not a postcode, or is an unknown one.
        """
        codes, unique = pd.factorize(texts)
        given = _normalise(pa.array([str(text) for text in unique], pa.string()))
        row = pc.index_in(given, value_set=pa.array(self.table.index, pa.string())).fill_null(-1).to_numpy()
        # a missing text has the code -1, and so the last row; so has an unknown postcode
        places = np.vstack([self.table.to_numpy(), np.full((1, 2), np.nan)])
        return pd.DataFrame(places[np.append(row, -1)[codes]], columns=["easting", "northing"], index=texts.index)


def read_postcodes(path: Path) -> Postcodes:
    """Read the location of every postcode that has one on the National Grid.

    Terminated postcodes are read too, since incidents keep the postcode of their day. Left out are postcodes without
    coordinates, and those of Northern Ireland, whose coordinates are on the Irish Grid. Where a postcode is listed
    more than once, the first is used.

    Args:
        path: OS Code-Point Open or an ONS postcode directory: the archive, its folder, or one CSV file.

    Raises:
        NotFoundError: The path does not exist.
        DataError: A file is neither, is damaged, or holds no postcode with a location.
    """
    found = find_files([path], suffixes=(*CSV_SUFFIXES, ".zip"), what="postcodes")
    label = PurePosixPath(found[0].label).parts[0]
    members = [member for file in found for member in list_members(file, suffixes=CSV_SUFFIXES)]
    tables = [_read_table(member) for member in members if not _is_passed_over(member.label)]
    if not tables:
        raise DataError(f"{label} holds no table of postcodes. {_NEXT_STEP}")
    table = pa.concat_tables(tables).combine_chunks()
    if not len(table):
        raise DataError(f"No postcode in {label} has a location on the National Grid. {_NEXT_STEP}")
    encoded = table["postcode"].combine_chunks().dictionary_encode()
    # codes are numbered by first appearance, so the first of each postcode is where they reach a new height
    height = np.maximum.accumulate(encoded.indices.to_numpy())
    first = np.flatnonzero(np.diff(height, prepend=-1))
    return Postcodes(
        table=pd.DataFrame(
            {axis: table[axis].to_numpy()[first] for axis in ("easting", "northing")},
            index=pd.Index(pd.array(encoded.dictionary, dtype="string[pyarrow]"), name="postcode"),
        ),
        label=label,
        sha256=_digest(found) if path.is_dir() else found[0].sha256,
    )


def _digest(files: Sequence[FoundFile]) -> str:
    lines = (f"{file.sha256}  {PurePosixPath(*PurePosixPath(file.label).parts[1:])}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _is_passed_over(label: str) -> bool:
    """Whether a file lies, below what the user named, in a folder that is passed over."""
    return any(folder.lower() in _PASSED_OVER for folder in PurePosixPath(label).parts[1:-1])


def _read_table(member: Member) -> pa.Table:
    """The columns `postcode`, `easting` and `northing` of one CSV table: the rows that have a location.

    Raises:
        DataError: It is damaged, or no table of postcodes.
    """
    with explain_unpacking(member.label):
        with member.open() as opened:
            start = opened.read(65536).decode("utf-8-sig", errors="replace")
        header = next(csv.reader(start.splitlines()[:1]), [])
        columns, n_header_rows = _find_columns(header, label=member.label)
        try:
            try:
                return _parse_table(member, columns, len(header), n_header_rows, encoding="utf-8")
            except pa.ArrowInvalid as error:
                if "UTF8" not in str(error):
                    raise
                return _parse_table(member, columns, len(header), n_header_rows, encoding="cp1252")
        except (pa.ArrowException, UnicodeError):
            raise DataError(
                f"{member.label} cannot be read as a table of postcodes: a row has other fields than the first, or "
                f"other text than a number in easting or northing. {_NEXT_STEP}"
            ) from None  # what the cause says may hold the row that it stumbled over


def _parse_table(
    member: Member, columns: dict[str, int], n_columns: int, n_header_rows: int, *, encoding: str
) -> pa.Table:
    # unpacked a piece at a time, and only the needed columns are kept: a directory has more than a gigabyte
    with member.open() as opened:
        batches = pyarrow.csv.open_csv(
            opened,
            read_options=pyarrow.csv.ReadOptions(
                encoding=encoding, column_names=[str(i) for i in range(n_columns)], skip_rows=n_header_rows
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=[str(i) for i in columns.values()],
                column_types={
                    str(i): pa.string() if name == "postcode" else pa.float64() for name, i in columns.items()
                },
            ),
        )
        located = [_keep_located(batch.rename_columns(list(columns))) for batch in batches]
    return pa.concat_tables([_EMPTY, *located])


def _find_columns(header: Sequence[str], *, label: str) -> tuple[dict[str, int], int]:
    """Where each column is that is needed, and how many rows of header there are: one or none.

    Raises:
        DataError: The first line is neither a header that names them nor a row of Code-Point Open.
    """
    first, *numbers = header[: len(_CODE_POINT)] or [""]
    if re.match(_POSTCODE, re.sub(r"\s", "", first).upper()) and len(numbers) == 3 and "".join(numbers).isdecimal():
        return {name: i for i, name in enumerate(_CODE_POINT)}, 0
    written = [name.strip().casefold() for name in header]
    columns = {
        column: written.index(name)
        for column, names in _NAMES.items()
        if (name := next((name for name in names if name in written), None)) is not None
    }
    missing = [name for name in ("postcode", "easting", "northing") if name not in columns]
    if missing:
        raise DataError(
            f"A table of postcodes needs postcode, easting and northing; {', '.join(missing)} missing from {label}. "
            f"{describe_columns(header, lead='Its columns are')} {_NEXT_STEP}"
        )
    return columns, 1


def _normalise(postcodes: Any) -> Any:
    """An arrow array of text, in capitals and without spaces."""
    return pc.replace_substring_regex(pc.utf8_upper(postcodes), r"[\s\x{a0}]+", "")


def _keep_located(batch: pa.RecordBatch) -> pa.Table:
    postcode, easting, northing = _normalise(batch["postcode"]), batch["easting"], batch["northing"]
    known = pc.match_substring_regex(postcode, _POSTCODE)
    known = pc.and_(known, pc.invert(pc.starts_with(postcode, "BT")))  # Northern Ireland
    for axis, end_m in zip((easting, northing), _GRID_END_M, strict=True):
        known = pc.and_(known, pc.and_(pc.greater(axis, 0), pc.less(axis, end_m)))
    if "quality" in batch.schema.names:
        known = pc.and_(known, pc.not_equal(batch["quality"], _NO_COORDINATES))
    table = pa.table({"postcode": postcode, "easting": easting, "northing": northing})
    return table.filter(known)  # what is neither known nor unknown, because blank, is dropped
