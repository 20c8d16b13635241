"""Incidents removed because they are older than may be kept: from the files that they stand in, and from the store.

A file of which all are too old is removed. Of one that holds later ones too, a file of records with these alone takes
the place: no other form could be cut without losing something else of it. What nobody can date stays, and is said.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio

from hotspots.errors import DataError, HotspotsError, ParameterError
from hotspots.ingest.formats import FoundFile, find_files, find_overlooked
from hotspots.ingest.incidents.reading import read_file
from hotspots.ingest.incidents.record_files import (
    RECORD_FILE_SUFFIX,
    Reading,
    find_followed,
    mark_key,
    read_record_file,
    write_record_file,
)
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords
from hotspots.ingest.incidents.sources import INCIDENT_SUFFIXES, NOT_CRIME, OVERLOOKED, PassedOver, ReadTable
from hotspots.ingest.incidents.store import Store, describe_state
from hotspots.ingest.texts import mask_label

READY = ".hotspots-ready"
"""How the hidden name of a file of records ends that is whole, and waits to take its place."""
_DRAFT, _GOING = ".hotspots-writing", ".hotspots-going"
"""How hidden names end of one that is being written, and of a shapefile that is being removed."""
_LOCK = ".forgetting"
_OVERLOOKED = "A file of this kind is not looked for in a folder, so nobody knows how old it is."
_BEFORE = "Before old rows were removed: "
_SHAPEFILE_REST = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".shp.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed, or would be.

    Attributes:
        before: The first day that stays.
        removed: Files of which every incident was too old.
        shortened: Files of which some were: in their place stands a file of records.
        n_rows: Rows removed.
        unread: Files that stay as they are, and why: they cannot be read or replaced, hold something else as well, are
            being written, are links, or none of their rows has a date.
    """

    before: dt.date
    removed: tuple[str, ...] = ()
    shortened: tuple[str, ...] = ()
    n_rows: int = 0
    unread: tuple[tuple[str, str], ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing to remove."""
        return not (self.removed or self.shortened)


def forget_incidents(
    folders: Sequence[Path],
    *,
    before: dt.date,
    store: Store,
    options: ReadingOptions | None = None,
    settled_s: float = 0.0,
    is_trial: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Forgotten:
    """Remove incidents that ended before a day.

    It can be killed at any moment and called again: no row that may stay is lost, and none is there twice.

    Args:
        folders: Of files of incidents. A file that settings name by itself cannot get another name, and is refused.
        before: The first day that stays. An incident of which only the month is known goes when its month does.
        store: Of what was read, with the key by which numbers of incidents are hashed in files of records.
        options: How to read them.
        settled_s: For how many seconds a file must have been as it is: a copy may still be on its way.
        is_trial: Whether to change nothing, and say what would be removed.
        progress: Called with the name of each file before it is read.

    Raises:
        ParameterError: One of `folders` is not a folder.
        HotspotsError: Another command is at it, or the store cannot be written.
    """
    options = options or ReadingOptions()
    for folder in folders:
        if not folder.is_dir():
            raise ParameterError(
                f"Incidents can be removed from files in a folder, and {folder.as_posix()} is not one: a file that is "
                "shortened gets another name. Put it into a folder, and name that."
            )
    unread = [(mask_label(name), _OVERLOOKED) for name in find_overlooked(folders, suffixes=OVERLOOKED)]
    found = Forgotten(before=before, unread=tuple(unread))
    with contextlib.nullcontext() if is_trial else _hold_alone(store):
        for folder in () if is_trial else folders:
            _finish_earlier(folder)
        for file in _list_files(folders):
            progress(file.label)
            try:
                found = _forget_file(file, found, store, options, settled_s=settled_s, is_trial=is_trial)
            except (HotspotsError, OSError) as error:
                found = dataclasses.replace(found, unread=(*found.unread, (file.shown, _say(error))))
            if not file.path.exists():
                _remove_empty(file.path.parent, besides=folders)
        if not is_trial:
            _forget_store(store, before)
    return found


@contextlib.contextmanager
def _hold_alone(store: Store) -> Iterator[None]:
    """Keep a second command from the same files until the block ends, or this process does (not on Windows)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    try:
        store.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(store.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HotspotsError(
            f"Numbers of incidents are hashed with the key of the store, and {store.folder.as_posix()} cannot be "
            f"written: {error.strerror}. See who may write there."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HotspotsError("Another command removes incidents at this moment. Wait for its end.") from None
        yield
    finally:
        os.close(handle)


def _forget_file(
    file: FoundFile, found: Forgotten, store: Store, options: ReadingOptions, *, settled_s: float, is_trial: bool
) -> Forgotten:
    """Remove what is too old from one file.

    Raises:
        HotspotsError: That cannot be done; the file is as it was.
        OSError: Likewise.
    """
    if file.path.is_symlink():
        raise DataError("It is a link. Look at what it leads to, and remove that by hand if it is too old.")
    state = describe_state(file)
    written = read_record_file(file, options)
    readings = written.readings if written else list(read_file(file, options, store=store, start=None, end=None))
    kept: list[Reading] = []
    n_old = n_later = 0
    for reading in readings:
        if isinstance(reading, PassedOver):
            kept.append(reading)
            continue
        is_old = _find_old(reading[1].records, found.before)
        n_old += (n := pc.sum(is_old).as_py() or 0)
        n_later += pc.sum(pc.invert(is_old)).as_py() or 0
        kept.append(_leave_out(*reading, is_old) if n else reading)
    if not n_old and not n_later:
        raise DataError("None of its rows has a date. Look at it, and remove it by hand if it is too old.")
    if not n_old:
        return found
    _require_all_read(file, readings, is_written=written is not None)
    newest = max(part.stat().st_mtime for part in file.parts)
    if describe_state(file) != state or newest + settled_s > time.time():
        raise DataError("It is being written, or was until a moment ago. It is looked at again the next time.")
    if not is_trial and n_later:
        _shorten(file, kept, crs=options.crs, key_mark=written.key_mark if written else _find_mark(store))
    elif not is_trial:
        _remove(file)
    found = dataclasses.replace(found, n_rows=found.n_rows + n_old)
    if n_later:
        return dataclasses.replace(found, shortened=(*found.shortened, file.shown))
    return dataclasses.replace(found, removed=(*found.removed, file.shown))


def _find_old(records: pa.Table, before: dt.date) -> pa.Array:
    """Whether each record ended before a day; null where it has no date."""
    ended = pc.coalesce(records["ended_at"], records["started_at"]).to_numpy().astype("datetime64[s]")
    months = np.asarray(pc.fill_null(pc.equal(records["time_precision"].cast(pa.string()), "month"), fill_value=False))
    following = (ended.astype("datetime64[M]") + np.timedelta64(1, "M")).astype("datetime64[s]")
    ended = np.where(months, following - np.timedelta64(1, "s"), ended)
    return pa.array(ended < np.datetime64(before, "s"), mask=np.isnat(ended))


def _leave_out(table: ReadTable, read: TableRecords, is_old: pa.Array) -> Reading:
    stays = pc.fill_null(pc.invert(is_old), fill_value=True)
    doubts = tuple(f"{_BEFORE}{doubt.removeprefix(_BEFORE)}" for doubt in table.doubts)
    return dataclasses.replace(table, doubts=doubts), dataclasses.replace(read, records=read.records.filter(stays))


def _require_all_read(file: FoundFile, readings: Sequence[Reading], *, is_written: bool) -> None:
    """Refuse a file with more in it than incidents: that would go with them.

    Raises:
        DataError: It has; the message says what.
    """
    other = [one for one in readings if isinstance(one, PassedOver) and one.reason != NOT_CRIME]
    if other and not is_written:
        name = other[0].label.removeprefix(file.shown).strip("/")
        raise DataError(f"It holds more than what is read of it, such as {name}. Save what is to be kept by itself.")
    if file.path.suffix.lower() == ".gpkg" and len(pyogrio.list_layers(file.path)) > len(readings):
        raise DataError("It holds layers that are not incidents. Save what is to be kept by itself.")


def _find_mark(store: Store) -> str:
    """The mark of the key of a store.

    Raises:
        HotspotsError: It cannot be written, so that nobody has its key tomorrow.
    """
    if store.problem is not None:
        raise HotspotsError(
            f"Numbers of incidents are hashed with the key of the store, and {store.folder.as_posix()} cannot be "
            f"written: {store.problem}. See who may write there."
        )
    return mark_key(store.read_key())


def _shorten(file: FoundFile, kept: Sequence[Reading], *, crs: str, key_mark: str) -> None:
    """Put a file of records in the place of a file.

    The new one is whole and on the disk before the old one goes. It waits under a hidden name that says which one it
    follows, so that whoever reads the folder meanwhile finds one of them at most.
    """
    ready = file.path.with_name(f".{file.path.name}{READY}")
    draft = ready.with_suffix(_DRAFT)
    write_record_file(draft, kept, label=file.label, crs=crs, key_mark=key_mark, follows=file.sha256)
    with draft.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(draft, ready)  # noqa: PTH105
    _remove(file)
    _take_place(ready)


def _take_place(ready: Path) -> None:
    """Let a file of records take the place that its name says, beside whatever has that name already."""
    followed = Path(ready.name.removesuffix(READY).removeprefix("."))
    stem = followed.name[: -len("".join(followed.suffixes[-2:]))] if followed.suffix == ".gz" else followed.stem
    place, number = ready.with_name(f"{stem}{RECORD_FILE_SUFFIX}"), 1
    while place.exists():
        number += 1
        place = ready.with_name(f"{stem} {number}{RECORD_FILE_SUFFIX}")
    os.replace(ready, place)  # noqa: PTH105


def _finish_earlier(folder: Path) -> None:
    """Finish what was killed: a file of records takes its place, or goes where the very file that it follows is there.

    Another file of that name is one that has come since.
    """
    for going in sorted(folder.rglob(f".*{_GOING}")):
        _finish_removing(going)
    for ready in sorted(folder.rglob(f".*{READY}")):
        followed = ready.with_name(ready.name.removesuffix(READY).removeprefix("."))
        if followed.is_file() and FoundFile(path=followed, label=followed.name).sha256 == find_followed(ready):
            ready.unlink()
        else:
            _take_place(ready)
    for draft in folder.rglob(f".*{_DRAFT}"):
        draft.unlink()


def _remove(file: FoundFile) -> None:
    """Remove a file; one of several parts under a name that says so, until the last of them is gone."""
    if file.path.suffix.lower() != ".shp":
        file.path.unlink()
        return
    going = file.path.with_name(f".{file.path.name}{_GOING}")
    os.replace(file.path, going)  # noqa: PTH105 - without it the others are no file of incidents
    _finish_removing(going)


def _finish_removing(going: Path) -> None:
    stem = Path(going.name.removesuffix(_GOING).removeprefix(".")).stem
    for path in list(going.parent.iterdir()):
        if path.name.startswith(stem) and path.name.removeprefix(stem).lower() in _SHAPEFILE_REST:
            path.unlink(missing_ok=True)
    going.unlink()


def _remove_empty(folder: Path, *, besides: Sequence[Path]) -> None:
    """Remove the folder of a file that is gone, and those above it, where nothing else is in them."""
    with contextlib.suppress(OSError):  # something is
        while folder not in besides:
            folder.rmdir()
            folder = folder.parent


def _forget_store(store: Store, before: dt.date) -> None:
    try:
        store.forget(before)
    except OSError as error:
        raise HotspotsError(
            f"{store.folder.as_posix()} cannot be cleared: {error}. Remove the folders in it, and leave its key."
        ) from error


def _say(error: Exception) -> str:
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else str(error)


def _list_files(folders: Sequence[Path]) -> list[FoundFile]:
    files: list[FoundFile] = []
    for folder in folders:
        try:
            files += find_files([folder], suffixes=INCIDENT_SUFFIXES, what="incidents")
        except DataError:  # it is empty
            continue
    return files
