"""A backup put back, into an empty folder and an empty database, of whichever kind."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError
from sqlalchemy import MetaData, Table, func, insert, select, text
from sqlalchemy.orm import Session

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.service.backup.backed_up import CONTENTS, SERVICE, TABLES, WORKSPACE, BackedUp, list_tables, read_row
from hotspots.service.state import find_version, load_service_settings, open_database, upgrade_database
from hotspots.settings import FILE_NAME

_AT_ONCE = 2**20
_ROWS_AT_ONCE = 500
_NOT_EMPTY = (
    "The database is not empty, and a backup is restored into one that is. Make a new one, and name it in the "
    "environment variable HOTSPOTS_DATABASE."
)


def restore_backup(
    path: Path, workspace: Path, *, database: str | None = None, progress: Callable[[str], None] = lambda text: None
) -> BackedUp:
    """Put a backup back: every file is compared with its hash before anything is put in place.

    Args:
        path: The zip.
        workspace: Folder to make, or an empty one.
        database: Address of an empty database; None for the one that the settings in the backup name.
        progress: Told what is being done.

    Returns:
        What was in it.

    Raises:
        NotFoundError: There is no such file.
        DataError: It is not a backup, or not as it was taken.
        ParameterError: The folder or the database is not empty.
        HotspotsError: It is of a later version of this program.
    """
    if not path.is_file():
        raise NotFoundError(f"No file {path.as_posix()}. Name a backup that hotspots backup wrote.")
    require_empty(workspace)
    draft = workspace.resolve().with_name(f".{workspace.resolve().name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    for name in (WORKSPACE, SERVICE):  # who may not read the service may not read what is restored of it
        (draft / name).mkdir(mode=0o700)
    try:
        try:
            with zipfile.ZipFile(path) as archive:
                backed_up = _unpack(archive, draft, progress)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise DataError(f"{path.as_posix()} cannot be read as a backup: {error}. Take another one.") from None
        (draft / WORKSPACE / FILE_NAME).touch()
        _, settings = load_service_settings(draft / WORKSPACE / FILE_NAME)
        is_inside = settings.folder.is_relative_to(draft / WORKSPACE)
        if not is_inside:
            require_empty(settings.folder)
        folder = settings.folder
        _move(draft / SERVICE, folder)  # before the rows, since a database in a file lies in it
        try:
            _restore_rows(draft, backed_up, database or settings.database_address, progress)
            _move(draft / WORKSPACE, workspace)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # it was empty, and is again
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return backed_up


def _move(folder: Path, place: Path) -> None:
    """Put a folder in the place of an empty one, on whichever disk that is."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rmdir()
    try:
        os.replace(folder, place)  # noqa: PTH105
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        try:
            shutil.copytree(folder, place)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise


def require_empty(folder: Path) -> None:
    """Refuse a folder that has anything in it.

    Raises:
        ParameterError: It has.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ParameterError(f"{folder.as_posix()} is not an empty folder, and a backup is restored into one.")


def _unpack(archive: zipfile.ZipFile, draft: Path, progress: Callable[[str], None]) -> BackedUp:
    """Unpack what the list of contents names, each compared with its hash."""
    try:
        backed_up = BackedUp.model_validate_json(archive.read(CONTENTS))
    except (KeyError, ValidationError):
        raise DataError(f"{archive.filename} is a zip, and not a backup of Hotspots. Name another file.") from None
    for file in backed_up.files:
        parts = PurePosixPath(file.path).parts
        if len(parts) < 2 or parts[0] not in (TABLES, WORKSPACE, SERVICE) or ".." in parts or "\\" in file.path:
            raise DataError(f"{archive.filename} names {file.path!r}, which is outside the backup. Take another one.")
        progress(file.path)
        place = draft.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True)
        digest, n_bytes = hashlib.sha256(), 0
        try:
            with archive.open(file.path) as member, place.open("xb") as written:
                while n_bytes <= file.n_bytes and (block := member.read(_AT_ONCE)):
                    written.write(block)
                    digest.update(block)
                    n_bytes += len(block)
        except KeyError:
            raise DataError(f"{archive.filename} has no {file.path}, which it lists. Take another one.") from None
        if (n_bytes, digest.hexdigest()) != (file.n_bytes, file.sha256):
            raise DataError(f"{file.path} in {archive.filename} is not as it was taken. Take another backup.")
    return backed_up


def _restore_rows(draft: Path, backed_up: BackedUp, address: str, progress: Callable[[str], None]) -> None:
    """Put the rows into an empty database of the version that they are of, and bring that to the newest."""
    database = open_database(address, version=backed_up.database)
    try:
        if find_version(database) != backed_up.database:
            raise ParameterError(_NOT_EMPTY)
        metadata = MetaData()
        metadata.reflect(database.engine)
        with database.write() as session:
            tables = list(list_tables(metadata))
            if any(session.execute(select(table).limit(1)).first() for table in tables):
                raise ParameterError(_NOT_EMPTY)
            for table in tables:
                progress(f"table {table.name}")
                n = 0
                for rows in _read_rows(draft / TABLES / f"{table.name}.jsonl"):
                    session.execute(insert(table), [read_row(row, table, is_sqlite=database.is_sqlite) for row in rows])
                    n += len(rows)
                if n != backed_up.n_rows.get(table.name, 0):
                    raise DataError(f"Of {table.name} the backup has {n:,} rows, and lists others. Take another one.")
            for table in tables:
                _go_on_counting(session, table, is_sqlite=database.is_sqlite)
        upgrade_database(database)
    finally:
        database.close()


def _read_rows(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Rows of a table, some at a time."""
    if not path.is_file():
        return
    with path.open("rb") as lines:
        while some := list(itertools.islice(lines, _ROWS_AT_ONCE)):
            yield [json.loads(line) for line in some]


def _go_on_counting(session: Session, table: Table, *, is_sqlite: bool) -> None:
    """PostgreSQL counts rows by itself, from 1 in a database that was empty; SQLite looks at those that are there."""
    for column in () if is_sqlite else table.primary_key.columns:
        named = text("SELECT pg_get_serial_sequence(:table, :column)")
        counter = session.scalar(named, {"table": table.name, "column": column.name})
        largest = session.scalar(select(func.max(column))) if counter else None
        if largest is not None:
            session.execute(text("SELECT setval(:counter, :largest)"), {"counter": counter, "largest": largest})
