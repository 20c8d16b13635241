"""Files, folders and archives: which files a path stands for, their bytes and their fingerprints."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hotspots.errors import DataError, NotFoundError

CSV_SUFFIXES = (".csv", ".csv.gz")

MAX_TABLE_BYTES = 512 * 1024**2
"""What one table may unpack to: over three million rows of police.uk."""

UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    UnicodeDecodeError,  # in the name of a member
    RuntimeError,  # encrypted
    NotImplementedError,  # packed by a method that is not known here
    OSError,  # damaged
)


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
                "The same data, or month of a force, were given twice, and would count twice: "
                f"{self.seen[fingerprint]} and {label}. Leave one out."
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
    except UNPACKING_ERRORS as error:
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
    except UNPACKING_ERRORS as error:
        raise DataError(f"{label} cannot be unpacked: {error}. Download or copy it again.") from error
    _refuse_size(len(unpacked), label=label)
    return unpacked


def _refuse_size(n_bytes: int, *, label: str) -> None:
    if n_bytes > MAX_TABLE_BYTES:
        raise DataError(f"A table may unpack to {MAX_TABLE_BYTES // 1024**2} MB; {label} is larger. Split it by month.")
