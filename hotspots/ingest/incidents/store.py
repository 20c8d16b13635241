"""A store of the tables read, so that the next run reads only new files.

One folder a file, which holds the incidents of each of its tables as GeoParquet by month, their refused rows, and a
`file.json` with the fingerprints of all that it was made from and of all that is in it. A folder is made elsewhere and
renamed, so it is there as a whole or not at all; one that does not hold what its fingerprints say is read again.

What other versions have kept is removed when the store is opened, since they may have kept more than this one.

Neither the names of files nor the numbers of incidents are in the store, but their hashes with the key of the store: a
number of 32 random bytes, made when something is first kept. Whoever has the store without the key cannot try numbers
until one fits.

Beside it stands `seen.json`: the size and times of the file when its digest was found. A file that still has them is
not opened again, as Git does with its index: unless it was changed so shortly before that a second change could have
left them as they were.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hotspots.ingest.formats import FoundFile
from hotspots.ingest.incidents.assembly import DIGEST
from hotspots.ingest.incidents.record_files import (
    Reading,
    describe_table,
    hide_label,
    parse_table,
    restore_records,
    show_label,
    write_records,
)
from hotspots.ingest.incidents.record_schema import RECORDS, TALLIED
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords
from hotspots.ingest.incidents.sources import PassedOver

SETTLED_SECONDS = 2.0
"""How long a file must have been as it is: the times of some file systems are no finer."""

KEY_FILE = "key"
"""Of a store: without it numbers of incidents that it has hashed cannot be compared."""

_KEY_BYTES = 32
_DRAFT, _GONE = ".writing-", ".gone-"
_ENTRY = re.compile(r"file=[0-9a-f]{32}")
_OLD_ENTRY, _OLD_MANIFESTS = re.compile(r"(?:file|source)=.*-[0-9a-f]{8}"), ("file.json", "table.json")
"""What versions have made that called an entry by the name of its file."""
_STALE_SECONDS = 3600
_MANIFEST, _SEEN = "file.json", "seen.json"
_ORDER = pa.field("order", pa.int64())
_READ_WITH = ("convertbng", "pandas", "pyarrow", "pyogrio", "pyproj", "python-calamine", "shapely")
_READ_BY = ("crimes.py", "crimes.toml", "contracts.py", "errors.py", "geography", "ingest")


@dataclass(slots=True, kw_only=True)
class Store:
    """A folder of the tables read from files.

    Attributes:
        folder: Where it is; made when something is kept in it.
        rebuilt: Labels of the files of which what was kept was found damaged, and which were read again.
        key: The key of the store once it is known.
        problem: Why the first file that could not be kept was not, or None; after it no more are kept.
        is_open: Whether what other versions have left was looked for.
    """

    folder: Path
    rebuilt: list[str] = field(default_factory=list)
    problem: str | None = None
    key: bytes | None = field(default=None, repr=False)
    is_open: bool = False

    def load(
        self, file: FoundFile, options: ReadingOptions, *, start: dt.date | None = None, end: dt.date | None = None
    ) -> list[Reading] | None:
        """What was read of a file; None if it is not here as it would be read now.

        Args:
            file: The file, which is opened only if nobody can tell otherwise that it is the one that was read.
            options: How it would be read.
            start: First day that is wanted; of incidents in months before, only what is tallied is read.
            end: Last day that is wanted, likewise.
        """
        self._open()
        if self.read_key() is None:
            return None
        entry = self.find_entry(file.label)
        try:
            kept = json.loads((entry / _MANIFEST).read_text("utf-8"))
            manifest = kept["file"]
            if kept["sha256"] != _digest_manifest(manifest):
                raise ValueError("the manifest is not what was written")
            if manifest["key"] != _make_key(options) or not self._has_digest(file, entry, manifest["sha256"]):
                return None
            if {part.relative_to(entry).as_posix() for part in entry.rglob("*.parquet")} != manifest["files"].keys():
                raise ValueError("files are missing, or there are more of them")
            manifest = show_label(manifest, file.label)
            readings: list[Reading] = [
                (parse_table(told), _read_table(entry, number, manifest["files"], told["data_status"], start, end))
                for number, told in enumerate(manifest["tables"], start=1)
            ]
            readings += [PassedOver(**told) for told in manifest["passed_over"]]
        except FileNotFoundError:
            if entry.exists():
                self.rebuilt.append(file.label)
            return None
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, pa.ArrowException):
            self.rebuilt.append(file.label)
            return None
        return readings

    @contextlib.contextmanager
    def keep(self, file: FoundFile, options: ReadingOptions) -> Iterator[Callable[[Reading], Reading]]:
        """Keep what is read of a file, in place of what was kept of it before, once all of it is read.

        What was read is good whether it can be kept or not, so a folder that cannot be written is not an error but a
        `problem`.

        Yields:
            What takes each of the tables, and gives it back with the numbers of its incidents hashed.
        """
        self._open()
        if self.problem is not None:
            yield self._hash_numbers
            return
        before, asked_at = describe_state(file), time.time_ns()
        file.known_sha256 = None  # it may have been changed since
        with contextlib.ExitStack() as stack:
            drafts: list[_Draft] = []
            with self._noting_problems():
                self.folder.mkdir(parents=True, exist_ok=True)
                self._make_key()
                # another program may hold a file in it open
                made = tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self.folder, ignore_cleanup_errors=True)
                drafts.append(_Draft(folder=Path(stack.enter_context(made)) / "new", crs=options.crs))

            def take(reading: Reading) -> Reading:
                reading = self._hash_numbers(reading)
                if self.problem is None:
                    with self._noting_problems():
                        drafts[0].add(reading)
                return reading

            yield take
            if self.problem is not None:
                return
            with self._noting_problems():
                (draft,) = drafts
                sha256 = file.sha256
                # a file that was changed while it was read may be neither the one before nor the one after
                if describe_state(file) == before:
                    draft.finish(file.label, sha256, _make_key(options))
                    if _is_settled(before, asked_at):
                        self._write_seen(draft.folder / _SEEN, before, sha256)
                    entry = self.find_entry(file.label)
                    _put_in_place(draft.folder, entry, old=draft.folder.with_name("old"))

    def _open(self) -> None:
        """Remove what other versions have kept, and what runs that were killed have left."""
        if self.is_open:
            return
        self.is_open = True
        with self._noting_problems():
            for left in self.folder.glob(f"{_GONE}*"):
                _remove(left)
            for entry in filter(_is_of_others, list(self.folder.glob("*=*"))):
                _remove_whole(entry)
            _sweep(self.folder)

    @contextlib.contextmanager
    def _noting_problems(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            self.problem = getattr(error, "strerror", None) or str(error)

    def _has_digest(self, file: FoundFile, entry: Path, sha256: str) -> bool:
        """Whether a file has a digest; it is not opened if it is as it was when it was found to have it."""
        state, asked_at = describe_state(file), time.time_ns()
        with contextlib.suppress(OSError, ValueError, RecursionError):
            if json.loads((entry / _SEEN).read_text("utf-8")) == self._describe_seen(state, sha256):
                file.known_sha256 = sha256
                return True
        if file.sha256 != sha256:
            return False
        if _is_settled(state, asked_at) and describe_state(file) == state:
            with (
                contextlib.suppress(OSError),  # it is as good without
                tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self.folder, ignore_cleanup_errors=True) as made,
            ):
                draft = Path(made) / _SEEN
                self._write_seen(draft, state, sha256)
                os.replace(draft, entry / _SEEN)  # noqa: PTH105
        return True

    def _describe_seen(self, state: list[list[Any]], sha256: str) -> dict[str, Any]:
        return {"state": [[self._hash(path, use=b"path"), *facts] for path, *facts in state], "sha256": sha256}

    def _write_seen(self, path: Path, state: list[list[Any]], sha256: str) -> None:
        path.write_text(json.dumps(self._describe_seen(state, sha256)), "utf-8")

    def find_entry(self, label: str) -> Path:
        """The folder of a file, whether it is there or not."""
        return self.folder / f"file={self._hash(label, use=b'file')}"

    def forget(self, before: dt.date) -> None:
        """Remove all that is kept of files with incidents before a day; those that are still there can be read again.

        Raises:
            OSError: Something cannot be removed.
        """
        self._open()
        for entry in sorted(self.folder.glob("file=*")):
            if _holds_before(entry, before):
                _remove_whole(entry)

    def read_key(self) -> bytes | None:
        """The key of the store; None where it has none that can be read."""
        if self.key is None:
            with contextlib.suppress(OSError):
                found = (self.folder / KEY_FILE).read_bytes()
                self.key = found if len(found) == _KEY_BYTES else None
        return self.key

    def _make_key(self) -> None:
        """Make the key of a store that has none."""
        if self.read_key() is not None:
            return
        descriptor, name = tempfile.mkstemp(prefix=_DRAFT, dir=self.folder)  # read by its owner alone
        draft = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
            with contextlib.suppress(FileNotFoundError):
                if (self.folder / KEY_FILE).stat().st_size != _KEY_BYTES:
                    (self.folder / KEY_FILE).unlink()
            # another run may have made one in the meantime: the first one stays
            with contextlib.suppress(FileExistsError):
                os.link(draft, self.folder / KEY_FILE)
        finally:
            draft.unlink()
        if self.read_key() is None:
            raise OSError("its key cannot be read")

    def _hash(self, text: str, *, use: bytes) -> str:
        if self.key is None:
            self.key = secrets.token_bytes(_KEY_BYTES)  # nothing is kept, and this run alone compares
        content = text.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(content, digest_size=16, key=self.key, person=use).hexdigest()

    def _hash_numbers(self, reading: Reading) -> Reading:
        """A reading with hashes for the numbers of its incidents; those of police.uk are hashes already."""
        if isinstance(reading, PassedOver):
            return reading
        table, read = reading
        ids = read.records["incident_id"].combine_chunks()
        is_digest = pc.fill_null(pc.match_substring_regex(ids, DIGEST), fill_value=True)
        if pc.all(is_digest).as_py() is not False:
            return reading
        own = np.flatnonzero(~np.asarray(is_digest))
        hashed = [self._hash(text, use=b"number") for text in ids.take(pa.array(own)).to_pylist()]
        ids = pc.replace_with_mask(ids, pc.invert(is_digest), pa.array(hashed, type=pa.string()))
        position = read.records.schema.get_field_index("incident_id")
        records = read.records.set_column(position, read.records.schema.field(position), ids)
        return table, dataclasses.replace(read, records=records)


def _is_of_others(folder: Path) -> bool:
    """Whether a folder holds what another version has kept; of a damaged one that is seen when it is asked for."""
    if not _ENTRY.fullmatch(folder.name):
        return bool(_OLD_ENTRY.fullmatch(folder.name)) and any((folder / name).is_file() for name in _OLD_MANIFESTS)
    try:
        kept = json.loads((folder / _MANIFEST).read_text("utf-8"))
        is_whole = kept["sha256"] == _digest_manifest(kept["file"])
        return bool(is_whole and kept["file"].get("code") != fingerprint_installed_code())
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False


def describe_state(file: FoundFile) -> list[list[Any]]:
    """What changes when a file is changed: of each of its parts the path, size, times and number on the disk."""
    states = [(part, part.stat()) for part in file.parts]
    return [
        [str(part.resolve()), state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
        for part, state in states
    ]


def _is_settled(state: list[list[Any]], asked_at: int) -> bool:
    """Whether a file had been as it was for so long that a change would have changed its times."""
    return all(max(changed, moved) + SETTLED_SECONDS * 1e9 < asked_at for *_, changed, moved, _ in state)


@dataclass(slots=True, kw_only=True)
class _Draft:
    """What is kept of one file, while it is made.

    Attributes:
        folder: Where it is made.
        crs: The working CRS.
    """

    folder: Path
    crs: str
    tables: list[dict[str, Any]] = field(default_factory=list)
    passed_over: list[dict[str, str]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def add(self, reading: Reading) -> None:
        if isinstance(reading, PassedOver):
            self.passed_over.append(dataclasses.asdict(reading))
            return
        table, read = reading
        self.tables.append(describe_table(table) | {"data_status": read.data_status, "n_rows": read.records.num_rows})
        records = read.records.append_column("order", pa.array(np.arange(read.records.num_rows)))
        usable = pc.is_null(records["reason"])
        incidents = records.filter(usable)
        months = incidents["started_at"].to_numpy().astype("datetime64[M]")
        for month in np.unique(months):
            self._write(f"month={month}/incidents.parquet", incidents.filter(pa.array(months == month)))
        refused = records.filter(pc.invert(usable))
        if refused.num_rows:
            self._write("rejected.parquet", refused)

    def _write(self, name: str, records: pa.Table) -> None:
        name = f"{_name_table(len(self.tables))}{name}"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_records(path, records, crs=self.crs)
        self.files[name] = _digest(path)

    def finish(self, label: str, sha256: str, key: str) -> None:
        told = {"tables": self.tables, "passed_over": self.passed_over}
        told = hide_label(told, label)
        manifest = {
            "code": fingerprint_installed_code(),
            "key": key,
            "sha256": sha256,
            **told,
            "files": self.files,
        }
        kept = {"file": manifest, "sha256": _digest_manifest(manifest)}
        self.folder.mkdir(exist_ok=True)
        (self.folder / _MANIFEST).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")


def _name_table(number: int) -> str:
    return f"table={number}/"


def _read_table(
    entry: Path, number: int, files: dict[str, str], data_status: str | None, start: dt.date | None, end: dt.date | None
) -> TableRecords:
    parts, others = [], [RECORDS.empty_table().select(TALLIED)]
    for name, sha256 in sorted(files.items()):
        if name.startswith(_name_table(number)):
            part = _open_part(entry / name, sha256)
            if _is_wanted(_read_month(name), start, end):
                parts.append(restore_records(part.read(), _ORDER))
            else:
                others.append(part.read(TALLIED).select(TALLIED).cast(others[0].schema))
    records = pa.concat_tables(parts).unify_dictionaries() if parts else RECORDS.empty_table()
    if parts:
        # as the table had them: by row, but for malformed rows, which follow the chunk they were met in
        order = records["order"].to_numpy()
        if (np.diff(order) < 0).any():
            records = records.take(pa.array(np.argsort(order, kind="stable")))
        records = records.drop_columns(["order"])
    return TableRecords(
        records=records, data_status=data_status, other_months=pa.concat_tables(others).unify_dictionaries()
    )


def _put_in_place(draft: Path, entry: Path, *, old: Path) -> None:
    # another run may keep the same table at this moment, or a file in it be held open: then its folder stays
    with contextlib.suppress(OSError):
        if entry.exists():
            os.replace(entry, old)  # noqa: PTH105
        os.replace(draft, entry)  # noqa: PTH105


def _digest_manifest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _make_key(options: ReadingOptions) -> str:
    """The fingerprint of all that decides what is read of a file: the options, and the code that reads."""
    definitions = options.definitions
    parts: list[Any] = [
        fingerprint_installed_code(),
        _list_versions(),
        list(map(repr, options.profiles)),
        options.crs,
        options.time_zone,
        sorted(map(repr, definitions.offences.items())),
        sorted(definitions.prefixes),
        list(map(repr, definitions.patterns)),
        definitions.other_words,
        sorted((crime.slug, crime.part_of or "") for crime in definitions.crimes.values()),
        options.postcodes.sha256 if options.postcodes else "",
        options.areas.sha256 if options.areas else "",
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.cache
def _list_versions() -> list[str]:
    return [f"{name} {metadata.version(name)}" for name in _READ_WITH]


def _list_code(node: Traversable) -> Iterator[Traversable]:
    """The files of code at or below a path, whatever rooms they are in."""
    if node.is_dir():
        for below in sorted(node.iterdir(), key=lambda one: one.name):
            yield from _list_code(below)
    elif node.name.endswith((".py", ".toml")):
        yield node


@functools.cache
def fingerprint_installed_code() -> str:
    """The fingerprint of the code that runs."""
    return fingerprint_code(resources.files("hotspots"))


def fingerprint_code(package: Traversable) -> str:
    """The fingerprint of all code and tables of the package that decide what is read."""
    digest = hashlib.sha256()
    for name in _READ_BY:
        for file in _list_code(package.joinpath(name)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _read_month(name: str) -> np.datetime64 | None:
    """The month of the incidents in a part; None for the refused rows."""
    return np.datetime64(found[1], "M") if (found := re.search(r"/month=(\d{4}-\d\d)/", name)) else None


def _is_wanted(month: np.datetime64 | None, start: dt.date | None, end: dt.date | None) -> bool:
    """Whether a month may hold a day from `start` to `end`; one that nobody knows may."""
    if month is None:
        return True
    return bool(
        (start is None or month >= np.datetime64(start, "M")) and (end is None or month <= np.datetime64(end, "M"))
    )


def _open_part(path: Path, sha256: str) -> pq.ParquetFile:
    if _digest(path) != sha256:
        raise ValueError("the file is not what was written")
    return pq.ParquetFile(path)  # a folder called month=... must not become a column


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holds_before(entry: Path, day: dt.date) -> bool:
    """Whether an entry has incidents or refused rows of a month that began before a day."""
    months = (_read_month(part.relative_to(entry).as_posix()) for part in entry.rglob("month=*/*.parquet"))
    if any(month is not None and month.astype("datetime64[D]") < np.datetime64(day, "D") for month in months):
        return True
    try:
        for part in entry.rglob("rejected.parquet"):
            earliest = pc.min(pq.read_table(part, columns=["started_at"], partitioning=None)["started_at"]).as_py()
            if earliest is not None and earliest.date() < day:
                return True
    except (OSError, pa.ArrowException):  # it is damaged: nobody knows, and what can be read is read again
        return True
    return False


def _remove_whole(entry: Path) -> None:
    """Remove an entry. What is removed bit by bit must not be taken for one: a run may be killed meanwhile."""
    gone = entry.with_name(f"{_GONE}{entry.name}")
    with contextlib.suppress(FileNotFoundError):  # another run has removed it
        os.replace(entry, gone)  # noqa: PTH105
    _remove(gone)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)  # another run may be removing it
    if folder.exists():
        raise OSError("what an older version kept cannot be removed")


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in folder.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):  # another run may be removing it
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left)
