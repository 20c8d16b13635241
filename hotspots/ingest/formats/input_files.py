"""Files, folders and archives: which files a path stands for, their bytes and their fingerprints."""

from __future__ import annotations

import functools
import glob
import gzip
import hashlib
import io
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal, cast

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.formats.bounds import MAX_WHOLE_BYTES
from hotspots.ingest.texts import mask_label

_HIDDEN = (".", "~$", "__MACOSX")
"""How names of files and folders begin that are none of the user's: hidden ones, those by which Office says what is
open, and what a Mac adds to an archive."""

_SHAPEFILE_PARTS = (".shp", ".dbf", ".prj", ".cpg")
CSV_SUFFIXES = (".csv", ".csv.gz")

_BUFFER_BYTES = 1024**2

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


InputTable = Literal[
    "incidents",
    "boundaries",
    "safe havens",
    "candidates",
    "cameras",
    "youth zones",
    "streets",
    "base map",
    "premises",
    "schools",
    "safety maps",
    "patrol records",
    "patrol plan",
    "places to patrol",
    "population",
    "term dates",
    "peers",
    "areas",
]
"""What is read from files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """One file that was read.

    Attributes:
        path: Its name, or its path from the folder that was given, with forward slashes and without names of people.
            Products name their sources, so what lies above is left out: it says more about the user's machine than
            about the data.
        table: What was read from it.
        sha256: Of the file's bytes, in hexadecimal.
        n_rows: Rows under the header, over all tables in the file.
        layout: What it was recognised as.
        data_status: What the file says of itself if it is unfinished or made up ("synthetic"), or None.
    """

    path: str
    table: InputTable
    sha256: str
    n_rows: int
    layout: str
    data_status: str | None = None


@dataclass(slots=True, kw_only=True)
class FoundFile:
    """A file to read. Within `opened` it is opened once, however often it is read.

    Attributes:
        path: Where it is.
        label: What to call it in a message: as the user does, who has to find it.
        known_sha256: Its digest, once it is known.
    """

    path: Path
    label: str
    known_sha256: str | None = field(default=None, repr=False, compare=False)
    _handle: io.RawIOBase | None = field(default=None, init=False, repr=False, compare=False)
    _archive: zipfile.ZipFile | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def shown(self) -> str:
        """What to call it in a product; see `InputFile.path`."""
        return mask_label(self.label)

    @property
    def is_archive(self) -> bool:
        """Whether its name is that of a zip archive."""
        return self.path.name.lower().endswith(".zip")

    @property
    def parts(self) -> list[Path]:
        """The files that it consists of: itself, or all parts of a shapefile that are read."""
        if self.path.suffix.lower() != ".shp":
            return [self.path]
        beside = sorted(self.path.parent.glob(f"{glob.escape(self.path.stem)}.*"))
        return [part for part in beside if part.suffix.lower() in _SHAPEFILE_PARTS]

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal; of a shapefile, that of the digests of all its parts.

        It is found once: what has been read from beginning to end need not be read again for it.
        """
        if self.known_sha256 is None:
            digests = [self._digest(part) for part in self.parts]
            is_one = self.path.suffix.lower() != ".shp"
            self.known_sha256 = digests[0] if is_one else hashlib.sha256("".join(digests).encode()).hexdigest()
        return self.known_sha256

    def _digest(self, part: Path) -> str:
        with self.start() if part == self.path else part.open("rb") as opened:
            return hashlib.file_digest(cast("io.BufferedReader", opened), "sha256").hexdigest()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Hold it open: what is read of it meanwhile, in whatever order, shares one handle."""
        if self._handle is not None:
            yield
            return
        with self.path.open("rb", buffering=0) as self._handle:
            try:
                yield
            finally:
                self._handle = self._archive = None

    def start(self) -> IO[bytes]:
        """Its bytes, from the first."""
        if self._handle is None:
            return self.path.open("rb")
        is_whole = self.known_sha256 is None and self.path.suffix.lower() != ".shp"
        return io.BufferedReader(_View(self._handle, self._keep_digest if is_whole else None), _BUFFER_BYTES)

    def _keep_digest(self, sha256: str) -> None:
        self.known_sha256 = sha256

    @contextmanager
    def archive(self) -> Iterator[zipfile.ZipFile]:
        """It as a zip archive."""
        if self._handle is None:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        else:
            self._archive = self._archive or zipfile.ZipFile(self.start())
            yield self._archive


class _View(io.RawIOBase):
    """A file from its first byte, whoever else reads of the same handle; says the digest once it has read all of it."""

    def __init__(self, handle: io.RawIOBase, say_digest: Callable[[str], None] | None) -> None:
        super().__init__()
        self._handle = handle
        self._at = self._n_digested = 0
        self._say_digest = say_digest
        self._digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._handle.seek(self._at)
        self._at = self._handle.seek(offset, whence)
        return self._at

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        self._handle.seek(self._at)
        given = self._handle.read(len(buffer)) or b""
        buffer[: len(given)] = given
        if self._say_digest is not None and self._at == self._n_digested:
            self._digest.update(given)
            self._n_digested += len(given)
            if not given:
                self._say_digest(self._digest.hexdigest())
                self._say_digest = None
        self._at += len(given)
        return len(given)


def find_files(paths: Sequence[Path], *, suffixes: tuple[str, ...], what: str) -> list[FoundFile]:
    """The files that paths stand for: a file is itself, a folder is every file below it with such a suffix.

    What is hidden in a folder (a name that begins with a dot) is passed over, and so are Office's marks of open files.
    Files that have one name in several folders are told apart by their folders.

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
                if file.name.lower().endswith(suffixes)
                and file.is_file()
                and not _is_hidden(file.relative_to(path).parts)
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
    return _tell_apart(files)


def _tell_apart(files: list[FoundFile]) -> list[FoundFile]:
    """Give files with the same label as much of their path as tells them apart; one named twice keeps it."""
    n_of = Counter(file.label for file in files)
    paths = {file.path.resolve() for file in files}

    def tell(file: FoundFile) -> FoundFile:
        if n_of[file.label] == 1:
            return file
        parts = file.path.resolve().parts
        for n in range(len(PurePosixPath(file.label).parts) + 1, len(parts)):
            ending = parts[-n:]
            if sum(path.parts[-n:] == ending for path in paths) == 1:
                return replace(file, label="/".join(ending))
        return file

    return [tell(file) for file in files]


def _is_hidden(parts: Sequence[str]) -> bool:
    return any(part.startswith(_HIDDEN) and part not in (".", "..") for part in parts)


def find_overlooked(paths: Sequence[Path], *, suffixes: tuple[str, ...]) -> list[str]:
    """The names of files in folders that end in such a suffix, and which `find_files` has not been asked for."""
    return sorted(
        file.relative_to(path).as_posix()
        for path in paths
        if path.is_dir()
        for file in path.rglob("*")
        if file.name.lower().endswith(suffixes) and file.is_file() and not _is_hidden(file.relative_to(path).parts)
    )


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
                f"Data must be given once, or they count twice; {self.seen[fingerprint]} and {label} hold the same "
                "data, or the same month of a force. Leave one out."
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


def list_members(file: FoundFile, *, suffixes: tuple[str, ...], is_needed: bool = True) -> list[Member]:
    """The file itself, or the members of a zip archive whose names end in such a suffix.

    Paths in an archive are only names here: nothing is unpacked to disk.

    Args:
        file: The file.
        suffixes: What the names end in.
        is_needed: Whether there must be such a member.

    Raises:
        DataError: An archive cannot be opened, or holds no such member although one is needed, or another archive.
    """
    if not file.is_archive:
        return [Member(label=file.label, open=functools.partial(_open_file, file), file=file)]
    with explain_unpacking(file.label), file.archive() as archive:
        names = [name for name in archive.namelist() if not _is_hidden(re.split(r"[/\\]", name))]
    nested = [name for name in names if name.lower().endswith(".zip")]
    if nested:
        raise DataError(f"An archive may hold tables, not archives; {file.label} holds {nested[0]}. Unpack it first.")
    wanted = sorted(name for name in names if name.lower().endswith(suffixes))
    if is_needed and not wanted:
        raise DataError(
            f"{file.label} holds no file ending in {', '.join(suffixes)}. Give the archive as it was downloaded."
        )
    return [
        Member(label=f"{file.label}/{name}", open=functools.partial(_open_member, file, name), file=file)
        for name in wanted
    ]


def _open_file(file: FoundFile) -> IO[bytes]:
    return _unpacked(file.path.name, file.start())


def _open_member(file: FoundFile, name: str) -> IO[bytes]:
    with file.archive() as archive:
        return _unpacked(name, archive.open(name))  # keeps the archive open as long as it needs


def _unpacked(name: str, opened: IO[bytes]) -> IO[bytes]:
    if not name.lower().endswith(".gz"):
        return opened
    packed = gzip.GzipFile(fileobj=opened)
    packed.myfileobj = opened  # type: ignore[assignment]  # so that closing the one closes the other
    return cast("IO[bytes]", packed)
