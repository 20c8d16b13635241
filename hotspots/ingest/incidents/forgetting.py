"""Incidents removed because they are older than may be kept: from the files that they stand in, and from the store.

A file of which all are too old is removed. Of one that holds later ones too, a file of records with these alone takes
the place: no other form could be cut without losing something else of it. What nobody can date stays, and is said.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hotspots.errors import DataError, HotspotsError, ParameterError
from hotspots.ingest.formats import FoundFile, find_files, find_overlooked
from hotspots.ingest.incidents.reading import read_file
from hotspots.ingest.incidents.record_files import RECORD_FILE_SUFFIX, Reading, mark_key, write_record_file
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.incidents.sources import INCIDENT_SUFFIXES, OVERLOOKED, PassedOver
from hotspots.ingest.incidents.store import Store
from hotspots.ingest.texts import mask_label

READY = ".hotspots-ready"
"""How the hidden name of a file of records ends that is whole, and waits to take its place."""
_DRAFT, _GOING = ".hotspots-writing", ".hotspots-going"
"""How hidden names end of one that is being written, and of a shapefile that is being removed."""
_SHAPEFILE_REST = (".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".shp.xml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed, or would be.

    Attributes:
        before: The first day that stays.
        removed: Files of which every incident was too old.
        shortened: Files of which some were: in their place stands a file of records.
        n_rows: Rows removed.
        unread: Files that cannot be read or in which no row has a date, and why: they stay as they are.
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
    is_trial: bool = False,
    progress: Callable[[str], None] = lambda step: None,
) -> Forgotten:
    """Remove incidents that ended before a day.

    It can be killed at any moment and called again: no row that may stay is lost, and none is there twice.

    Args:
        folders: Of files of incidents. A file that settings name by itself cannot get another name, and is refused.
        before: The first day that stays.
        store: Of what was read, with the key by which numbers of incidents are hashed in files of records.
        options: How to read them.
        is_trial: Whether to change nothing, and say what would be removed.
        progress: Called with the name of each file before it is read.

    Raises:
        ParameterError: One of `folders` is not a folder.
        HotspotsError: The disk or the store does not take what is to be written.
    """
    options = options or ReadingOptions()
    for folder in folders:
        if not folder.is_dir():
            raise ParameterError(
                f"Incidents can be removed from files in a folder, and {folder.as_posix()} is not one: a file that is "
                "shortened gets another name. Put it into a folder, and name that."
            )
    if not is_trial:
        for folder in folders:
            _finish_earlier(folder)
    why = "A file of this kind is not looked for in a folder, so nobody knows how old it is."
    found = Forgotten(
        before=before, unread=tuple((mask_label(name), why) for name in find_overlooked(folders, suffixes=OVERLOOKED))
    )
    for file in _list_files(folders):
        progress(file.label)
        try:
            readings = list(read_file(file, options, store=store, start=None, end=None))
        except (DataError, ParameterError) as error:
            found = dataclasses.replace(found, unread=(*found.unread, (file.shown, str(error))))
            continue
        found = _forget_file(file, readings, found, store=store, crs=options.crs, is_trial=is_trial)
        if not file.path.exists():
            _remove_empty(file.path.parent, besides=folders)
    if not is_trial:
        _forget_store(store, before)
    return found


def _forget_file(
    file: FoundFile, readings: Sequence[Reading], found: Forgotten, *, store: Store, crs: str, is_trial: bool
) -> Forgotten:
    kept: list[Reading] = []
    n_old = n_later = 0
    for reading in readings:
        if isinstance(reading, PassedOver):
            kept.append(reading)
            continue
        table, read = reading
        ended = pc.coalesce(read.records["ended_at"], read.records["started_at"])
        is_old = pc.less(ended, pa.scalar(dt.datetime.combine(found.before, dt.time()), pa.timestamp("s")))
        n_old += pc.sum(is_old).as_py() or 0
        n_later += pc.sum(pc.invert(is_old)).as_py() or 0
        stays = pc.fill_null(pc.invert(is_old), fill_value=True)
        kept.append((table, dataclasses.replace(read, records=read.records.filter(stays))))
    if not n_old and not n_later:
        why = "None of its rows has a date. Look at it, and remove it by hand if it is too old."
        return dataclasses.replace(found, unread=(*found.unread, (file.shown, why)))
    if not n_old:
        return found
    if not n_later:
        if not is_trial:
            _remove(file)
        return dataclasses.replace(found, removed=(*found.removed, file.shown), n_rows=found.n_rows + n_old)
    if not is_trial:
        _shorten(file, kept, store=store, crs=crs)
    return dataclasses.replace(found, shortened=(*found.shortened, file.shown), n_rows=found.n_rows + n_old)


def _shorten(file: FoundFile, kept: Sequence[Reading], *, store: Store, crs: str) -> None:
    """Put a file of records in the place of a file.

    The new one is whole and on the disk before the old one goes. It waits under a hidden name that says which one it
    follows, so that whoever reads the folder meanwhile finds one of them at most.
    """
    if store.problem is not None:  # it may have no key, and what is hashed without one can be compared with nothing
        raise HotspotsError(
            f"Numbers of incidents are hashed with the key of the store, and {store.folder.as_posix()} cannot be "
            f"written: {store.problem}. See who may write there."
        )
    ready = file.path.with_name(f".{file.path.name}{READY}")
    draft = ready.with_suffix(_DRAFT)
    try:
        write_record_file(draft, kept, label=file.label, crs=crs, key_mark=mark_key(store.read_key()))
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(draft, ready)  # noqa: PTH105
        _remove(file)
        _take_place(ready)
    except OSError as error:
        raise HotspotsError(f"{file.label} cannot be replaced: {error.strerror}. Nothing of it is lost.") from error


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
    """Finish what was killed: a file of records takes its place if the one that it follows is gone, or else goes."""
    for going in sorted(folder.rglob(f".*{_GOING}")):
        _finish_removing(going)
    for ready in sorted(folder.rglob(f".*{READY}")):
        followed = ready.with_name(ready.name.removesuffix(READY).removeprefix("."))
        if followed.exists():
            ready.unlink()
        else:
            _take_place(ready)
    for draft in folder.rglob(f".*{_DRAFT}"):
        draft.unlink()


def _remove(file: FoundFile) -> None:
    """Remove a file; one of several parts under a name that says so, until the last of them is gone."""
    try:
        if file.path.suffix.lower() != ".shp":
            file.path.unlink()
            return
        going = file.path.with_name(f".{file.path.name}{_GOING}")
        os.replace(file.path, going)  # noqa: PTH105 - without it the others are no file of incidents
        _finish_removing(going)
    except OSError as error:
        raise HotspotsError(
            f"{file.label} cannot be removed: {error.strerror}. See who may write in its folder."
        ) from error


def _finish_removing(going: Path) -> None:
    stem = Path(going.name.removesuffix(_GOING).removeprefix(".")).stem
    for suffix in _SHAPEFILE_REST:
        going.with_name(f"{stem}{suffix}").unlink(missing_ok=True)
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
        raise HotspotsError(f"{store.folder.as_posix()} cannot be cleared: {error}. Remove that folder.") from error


def _list_files(folders: Sequence[Path]) -> list[FoundFile]:
    files: list[FoundFile] = []
    for folder in folders:
        try:
            files += find_files([folder], suffixes=INCIDENT_SUFFIXES, what="incidents")
        except DataError:  # it is empty
            continue
    return files
