"""Files, folders and archives: which files a path stands for, their bytes, fingerprints and text tables."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyogrio
import shapely

from hotspots.errors import DataError, NotFoundError

CSV_SUFFIXES = (".csv", ".csv.gz")

MAX_TABLE_BYTES = 512 * 1024**2
"""What one table may unpack to; a year of all London is a third of this."""

_UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    UnicodeDecodeError,  # in the name of a member
    RuntimeError,  # encrypted
    NotImplementedError,  # packed by a method that is not known here
    OSError,  # damaged
)

# What GDAL would say of a damaged file is said by an error here.
pyogrio.set_gdal_config_options({"CPL_LOG": os.devnull})

Columns = dict[str, pd.Series]
"""Columns of text by their name in lower case: categorical, except those read as plain text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read.

    Attributes:
        path: Its name, or its path from the folder that was given, with forward slashes. Products name their
            sources, so what lies above is left out: it says more about the user's machine than about the data.
        table: What was read from it.
        sha256: Of the file's bytes, in hexadecimal.
        n_rows: Rows under the header, over all tables in the file.
        layout: What it was recognised as.
        data_status: What the file says of itself if it is unfinished or made up ("synthetic"), or None.
    """

    path: str
    table: Literal["incidents", "boundaries", "safe havens"]
    sha256: str
    n_rows: int
    layout: str
    data_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file to read.

    Attributes:
        path: Where it is.
        label: What to call it in a product; see `InputFile.path`.
    """

    path: Path
    label: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def find_files(paths: Sequence[Path], *, suffixes: tuple[str, ...], what: str) -> list[FoundFile]:
    """The files that paths stand for: a file is itself, a folder is every file below it with such a suffix.

    Hidden files (a name that begins with a dot) in folders are passed over.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A folder holds no such file, or a path is neither file nor folder.
    """

    def name(path: Path) -> str:
        return os.fsencode(path.as_posix()).decode("utf-8", "replace")

    files: list[FoundFile] = []
    for path in paths:
        if path.is_dir():
            below = sorted(
                file
                for file in path.rglob("*")
                if file.name.lower().endswith(suffixes) and file.is_file() and not file.name.startswith(".")
            )
            if not below:
                raise DataError(
                    f"No {what} in {path.as_posix()}: it holds no file ending in {', '.join(suffixes)}. "
                    "Name the file, or the folder that it is in."
                )
            folder = Path(path.resolve().name)
            files += [FoundFile(path=file, label=name(folder / file.relative_to(path))) for file in below]
        elif path.is_file():
            files.append(FoundFile(path=path, label=name(Path(path.name))))
        elif path.exists():
            raise DataError(f"{path.as_posix()} is neither a file nor a folder. Save what it gives to a file first.")
        else:
            raise NotFoundError(
                f"No file or folder {path.as_posix()} to read {what} from. Check the path; it is relative to "
                "the folder that the command runs in."
            )
    return files


@dataclass(slots=True)
class RepeatGuard:
    """Refuses what was already read, because its rows would count twice.

    Attributes:
        seen: The label under which each fingerprint was read.
    """

    seen: dict[str, str] = field(default_factory=dict)

    def check(self, fingerprint: str, *, label: str) -> None:
        """Remember a fingerprint.

        Raises:
            DataError: It was seen before; the message names both.
        """
        if fingerprint in self.seen:
            raise DataError(
                f"The same data, or month of a force, were given twice, and would count twice: "
                f"{self.seen[fingerprint]} and {label}. "
                "Leave one out."
            )
        self.seen[fingerprint] = label


def open_tables(file: FoundFile) -> Iterator[tuple[str, bytes]]:
    """Each CSV table in a file, with a label: the file itself, or the members of a zip archive.

    Raises:
        DataError: The file cannot be unpacked, is larger than a table may be, or is an archive without CSV or with
            another archive in it.
    """
    if not file.path.name.lower().endswith(".zip"):
        yield file.label, _unpack(file.label, file.path.read_bytes())
        return
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = [member for member in archive.infolist() if not Path(member.filename).name.startswith(".")]
            tables = [member for member in members if member.filename.lower().endswith(CSV_SUFFIXES)]
            nested = [member.filename for member in members if member.filename.lower().endswith(".zip")]
            if nested:
                raise DataError(
                    f"An archive may hold tables, not archives; {file.label} holds {nested[0]}. Unpack it first."
                )
            if not tables:
                raise DataError(f"{file.label} holds no CSV file. Give the archive as it was downloaded.")
            for member in sorted(tables, key=lambda member: member.filename):
                label = f"{file.label}/{member.filename}"
                _refuse_size(member.file_size, label=label)
                yield label, _unpack(label, archive.read(member))
    except _UNPACKING_ERRORS as error:
        raise DataError(
            f"{file.label} cannot be unpacked: {error}. Download or copy it again, or unpack it yourself and give the "
            "files in it."
        ) from error


def _unpack(label: str, content: bytes) -> bytes:
    """The content of a file, unpacked if its name ends in .gz."""
    if not label.lower().endswith(".gz"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            unpacked = packed.read(MAX_TABLE_BYTES + 1)
    except _UNPACKING_ERRORS as error:
        raise DataError(f"{label} cannot be unpacked: {error}. Download or copy it again.") from error
    _refuse_size(len(unpacked), label=label)
    return unpacked


def _refuse_size(n_bytes: int, *, label: str) -> None:
    if n_bytes > MAX_TABLE_BYTES:
        raise DataError(f"A table may unpack to {MAX_TABLE_BYTES // 1024**2} MB; {label} is larger. Split it by month.")


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

    @property
    def n_rows(self) -> int:
        """Rows in the file, malformed ones included."""
        return len(self.row) + len(self.malformed_rows)


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
    names = {name: name.strip().casefold() for name in read_header(content, label=label)}
    keep = {written: name for written, name in names.items() if wanted(name)}
    header = [name.strip().casefold() for name in read_header(content, label=label)]
    for name in keep.values():
        if header.count(name) > 1:
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


_SHAPEFILE = b"\x00\x00\x27\x0a"
_GEOJSON_TYPES = {
    "FeatureCollection",
    "Feature",
    "Polygon",
    "MultiPolygon",
    "Point",
    "MultiPoint",
    "GeometryCollection",
}


def locate_layers(file: FoundFile, *, what: str) -> tuple[str, list[tuple[str, str | None]]]:
    """How to name a geographic file to GDAL, and its layers with their geometry types.

    GDAL takes a file for what its content says, and some contents send it to other files and hosts; so the content
    must be what the name says.

    Raises:
        DataError: The file is not what its name says, or cannot be opened.
    """
    try:
        address = _genuine_address(file.path)
        return address, [(str(name), kind) for name, kind in pyogrio.list_layers(address)]
    except (
        ValueError,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        *_UNPACKING_ERRORS,
    ) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {(str(error) or 'damaged').splitlines()[0]} "
            "Give GeoJSON, GeoPackage, or a shapefile (all its parts, or zipped)."
        ) from error


def _genuine_address(path: Path) -> str:
    """The name of a file for GDAL, once its content is known to be what its suffix says; ValueError if it is not."""
    suffix = path.suffix.lower()
    wrong = ValueError(f"its content is not that of a {suffix} file.")
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            shapes = [name for name in archive.namelist() if name.lower().endswith(".shp") and "/." not in f"/{name}"]
            if len(shapes) != 1:
                raise ValueError(f"it holds {len(shapes)} shapefiles where one is needed.")
            with archive.open(shapes[0]) as member:
                if member.read(4) != _SHAPEFILE:
                    raise wrong
        return f"/vsizip/{path.resolve()}/{shapes[0]}"
    if suffix in (".json", ".geojson"):
        content = path.read_bytes()
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise wrong from error
        kind = found.get("type") if isinstance(found, dict) else None
        if kind not in _GEOJSON_TYPES or b"gdal_streamed_alg" in content:
            raise wrong
    else:
        with path.open("rb") as opened:
            start = opened.read(72)
        genuine = start[68:71] in (b"GPK", b"GP1") if suffix == ".gpkg" else start.startswith(_SHAPEFILE)
        if not genuine:
            raise wrong
    return str(path.resolve())


def read_layer(file: FoundFile, address: str, layer: str, *, what: str) -> gpd.GeoDataFrame:
    """One layer of a geographic file, as `locate_layers` names them.

    Raises:
        DataError: The layer cannot be read, or has no CRS.
    """
    try:
        frame = pyogrio.read_dataframe(address, layer=layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.ShapelyError) as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {str(error).splitlines()[0]}. "
            "Repair it in QGIS (Fix geometries) and export it again."
        ) from error
    if frame.crs is None:
        raise DataError(
            f"A file of {what} must state its CRS; {file.label} has none. Save it with its CRS: for a shapefile add "
            "the .prj file, otherwise set the layer's CRS in QGIS and export it again."
        )
    return frame
