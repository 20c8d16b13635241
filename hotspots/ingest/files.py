"""Files, folders and archives: which files a path stands for, their bytes and their fingerprints."""

from __future__ import annotations

import functools
import glob
import gzip
import hashlib
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

from hotspots.errors import DataError, NotFoundError

_SHAPEFILE_PARTS = (".shp", ".dbf", ".prj", ".cpg")
CSV_SUFFIXES = (".csv", ".csv.gz")

MAX_WHOLE_BYTES = 512 * 1024**2
"""What a file that can only be read as a whole (a workbook, Parquet in an archive) may unpack to."""

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
        """SHA-256 of the file's bytes, in hexadecimal; of a shapefile, that of the digests of all its parts."""
        if self.path.suffix.lower() != ".shp":
            return _digest(self.path)
        parts = sorted(self.path.parent.glob(f"{glob.escape(self.path.stem)}.*"))
        digests = "".join(_digest(part) for part in parts if part.suffix.lower() in _SHAPEFILE_PARTS)
        return hashlib.sha256(digests.encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A file, or a file in a zip archive, whose content can be read from the start as often as is needed.

    Attributes:
        label: What to call it: the label of the file, and the path in the archive.
        open: Opens its bytes; what is packed as `.gz` comes unpacked.
        file: The file that it is, or is in.
    """

    label: str
    open: Callable[[], IO[bytes]]
    file: FoundFile

    @property
    def suffix(self) -> str:
        """The end of its name in lower case, without `.gz`."""
        return Path(self.label.lower().removesuffix(".gz")).suffix

    def read(self) -> bytes:
        """All its bytes.

        Raises:
            DataError: It is larger than fits into memory.
        """
        with self.open() as opened:
            content = opened.read(MAX_WHOLE_BYTES + 1)
        if len(content) > MAX_WHOLE_BYTES:
            raise DataError(
                f"A file of this kind may unpack to {MAX_WHOLE_BYTES // 1024**2} MB; {self.label} is larger. "
                "Split it, or save it as CSV."
            )
        return content


@contextmanager
def explain_unpacking(label: str) -> Iterator[None]:
    """Turn what a damaged archive raises, at whatever moment, into an error with the next step.

    Raises:
        DataError: It is damaged, encrypted or packed by a method that is not known here.
    """
    try:
        yield
    except UNPACKING_ERRORS as error:
        raise DataError(
            f"{label} cannot be unpacked: {error or 'damaged'}. Download or copy it again, or unpack it yourself and "
            "give the files in it."
        ) from error


def list_members(file: FoundFile, *, suffixes: tuple[str, ...]) -> list[Member]:
    """The file itself, or the members of a zip archive whose names end in such a suffix.

    Paths in an archive are only names here: nothing is unpacked to disk.

    Raises:
        DataError: An archive cannot be opened, or holds no such member, or another archive.
    """
    if not file.path.name.lower().endswith(".zip"):
        return [Member(label=file.label, open=functools.partial(_open_file, file.path), file=file)]
    with explain_unpacking(file.label), zipfile.ZipFile(file.path) as archive:
        names = [name for name in archive.namelist() if not re.search(r"(^|[/\\])\.[^/\\]*$", name)]
    nested = [name for name in names if name.lower().endswith(".zip")]
    if nested:
        raise DataError(f"An archive may hold tables, not archives; {file.label} holds {nested[0]}. Unpack it first.")
    wanted = sorted(name for name in names if name.lower().endswith(suffixes))
    if not wanted:
        raise DataError(
            f"{file.label} holds no file ending in {', '.join(suffixes)}. Give the archive as it was downloaded."
        )
    return [
        Member(label=f"{file.label}/{name}", open=functools.partial(_open_member, file.path, name), file=file)
        for name in wanted
    ]


def _open_file(path: Path) -> IO[bytes]:
    return _unpacked(path.name, path.open("rb"))


def _open_member(archive: Path, name: str) -> IO[bytes]:
    with zipfile.ZipFile(archive) as opened:
        return _unpacked(name, opened.open(name))  # keeps the archive open as long as it needs


def _unpacked(name: str, opened: IO[bytes]) -> IO[bytes]:
    if not name.lower().endswith(".gz"):
        return opened
    packed = gzip.GzipFile(fileobj=opened)
    packed.myfileobj = opened  # type: ignore[assignment]  # so that closing the one closes the other
    return cast("IO[bytes]", packed)
