"""A backup taken while the service goes on: one state of the database, and the files that it names."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select

import hotspots
from hotspots.errors import HotspotsError, ParameterError
from hotspots.ingest.incidents import KEY_FILE, READY
from hotspots.service.audit import FIRST
from hotspots.service.backup.backed_up import (
    CONTENTS,
    SERVICE,
    TABLES,
    WORKSPACE,
    BackedUp,
    BackedUpFile,
    list_tables,
    write_value,
)
from hotspots.service.jobs import hold_incidents
from hotspots.service.state import AuditRecord, Database, ProductFile, ServiceSettings, find_version, read_clock
from hotspots.settings import FILE_NAME, load_settings

_AT_ONCE = 2**20
_PATIENCE_S = 600
_ROWS_AT_ONCE = 500
_FIRST_OF_ZIP = dt.datetime(1980, 1, 2).timestamp()
_PACKED = {".zip", ".gz", ".xlsx", ".docx", ".pdf", ".png", ".parquet", ".jpg"}
"""Files that do not get smaller."""


def take_backup(
    database: Database, settings: ServiceSettings, path: Path, *, progress: Callable[[str], None] = lambda text: None
) -> BackedUp:
    """Write a backup: nothing, or all of it. Only its owner may read the file, which holds all that the service does.

    Settings, `data` and what else of the workspace the settings name, products and uploads are in it, and the key of
    the store, without which numbers of incidents in files of records cannot be compared; what can be made again (what
    was read, maps of the command line, jobs at work) is not, nor what is outside the workspace.

    Args:
        database: Open.
        settings: Of the service.
        path: Of the zip to write; a file that is there already is left alone.
        progress: Told what is being done.

    Raises:
        ParameterError: The file is there already, or would lie in what it is to hold.
        HotspotsError: A product that the database names is not on the shelf, or not as it was; a file was written to
            while it was read; or old incidents are being removed for longer than it waits.
    """
    if path.exists():
        raise ParameterError(f"{path.as_posix()} is there already, and is left as it is. Name another file.")
    folder = path.resolve().parent
    if any(folder.is_relative_to(inside.resolve()) for inside in (settings.workspace / "data", settings.folder)):
        raise ParameterError(f"{path.as_posix()} would lie in a folder that it is to hold. Write it elsewhere.")
    draft = path.with_name(f".{path.name}.unfinished")
    draft.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # what a killed one has left is locked by nobody
    except OSError:
        os.close(handle)
        raise ParameterError(f"{path.as_posix()} is being written at this moment. Wait for that.") from None
    try:
        with os.fdopen(handle, "w+b") as written:
            written.truncate()
            with (
                hold_incidents(settings, patience_s=_PATIENCE_S) as is_held,
                zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive,
            ):
                if not is_held:
                    raise HotspotsError(
                        f"For {_PATIENCE_S / 60:.0f} minutes old incidents were being removed, and a backup would "
                        "miss some that stay. Try again later."
                    )
                backed_up = _write(database, settings, archive, progress)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return backed_up


def _write(
    database: Database, settings: ServiceSettings, archive: zipfile.ZipFile, progress: Callable[[str], None]
) -> BackedUp:
    version = find_version(database)
    assert version is not None
    rows = _RowsWritten(archive=archive)
    with database.read() as session:  # one state of all tables
        connection = session.connection()
        metadata = MetaData()
        metadata.reflect(connection)
        for table in list_tables(metadata):
            progress(f"table {table.name}")
            rows.write(connection, table)
    files = list(rows.files)
    for path, name in _list_files(settings, rows.shelved):
        progress(name)
        try:
            files.append(_write_file(archive, path, name))
        except FileNotFoundError:
            if name.startswith(f"{SERVICE}/{settings.incoming.name}/"):
                continue  # of an upload that somebody decided on meanwhile
            if name.startswith(f"{WORKSPACE}/"):
                raise HotspotsError(
                    f"{path.as_posix()} went away while the backup was taken, and what came in its place would be "
                    "missed. Take it again."
                ) from None
            raise HotspotsError(
                f"{path.as_posix()} is not there, and the database names it. Restore it from an earlier backup."
            ) from None
        was = rows.shelved.get(name.removeprefix(f"{SERVICE}/{settings.shelf.name}/"))
        if was is not None and was != files[-1].sha256:
            raise HotspotsError(
                f"{path.as_posix()} is not as it was put on the shelf. Find out who changed it, restore it from an "
                "earlier backup, and take this one again."
            )
    workspace = settings.workspace.resolve()
    backed_up = BackedUp(
        hotspots=hotspots.__version__,
        database=version,
        taken_at=read_clock(),
        n_rows=rows.n_rows,
        last_audit_hash=rows.last_audit_hash,
        files=tuple(files),
        left_out=tuple(path.as_posix() for path in _list_named(workspace) if not _is_in(path, workspace)),
    )
    archive.writestr(CONTENTS, backed_up.model_dump_json(indent=1))
    return backed_up


@dataclass(slots=True, kw_only=True)
class _RowsWritten:
    """The rows of all tables, and what they say of files and of the audit."""

    archive: zipfile.ZipFile
    files: list[BackedUpFile] = field(default_factory=list)
    n_rows: dict[str, int] = field(default_factory=dict)
    shelved: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file on the shelf, by its path there."""
    last_audit_hash: str = FIRST

    def write(self, connection: Connection, table: Table) -> None:
        """Write a table, a row on each line."""
        name = f"{TABLES}/{table.name}.jsonl"
        digest, n_bytes, n = hashlib.sha256(), 0, 0
        with self.archive.open(name, "w", force_zip64=True) as member:
            ordered = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS_AT_ONCE)
            for row in connection.execute(ordered).mappings():
                values = {column: write_value(value) for column, value in row.items()}
                line = json.dumps(values, ensure_ascii=True).encode("ascii") + b"\n"
                member.write(line)
                digest.update(line)
                n, n_bytes = n + 1, n_bytes + len(line)
                if table.name == ProductFile.__tablename__:
                    self.shelved[f"{values['job_id']}/{values['path']}"] = values["sha256"]
                elif table.name == AuditRecord.__tablename__:
                    self.last_audit_hash = values["hash"]
        self.n_rows[table.name] = n
        self.files.append(BackedUpFile(path=name, n_bytes=n_bytes, sha256=digest.hexdigest()))


def _list_files(settings: ServiceSettings, shelved: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Files to keep, with their names in the zip: uploads, products that the database names, settings and data.

    Uploads come first: one that is kept meanwhile goes from there to the data, and is met here or there, or twice.
    """
    workspace = settings.workspace.resolve()
    uploads = sorted(_walk(settings.incoming))
    for path in (*uploads, *(settings.shelf / name for name in sorted(shelved))):
        yield path, f"{SERVICE}/{path.relative_to(settings.folder).as_posix()}"
    for name in sorted({path.relative_to(workspace).as_posix() for path in _list_data(workspace)}):
        yield workspace / name, f"{WORKSPACE}/{name}"


def _list_data(workspace: Path) -> Iterator[Path]:
    """The settings, and every file of the workspace that is data or that they name; links are followed."""
    for named in (Path(FILE_NAME), Path("data"), *_list_named(workspace)):
        if _is_in(place := workspace / named, workspace):
            yield from _walk(place)


def _list_named(workspace: Path) -> Sequence[Path]:
    """Files and folders that the settings name, and the key of the store."""
    file = workspace / FILE_NAME
    if not file.is_file():
        return ()
    settings = load_settings(file)
    return [*settings.named, *([settings.store / KEY_FILE] if settings.store else [])]


def _is_in(path: Path, workspace: Path) -> bool:
    """Whether a path is below the workspace, as it is written: a link there may lead elsewhere."""
    return path.is_relative_to(workspace) and ".." not in path.relative_to(workspace).parts


def _walk(place: Path) -> Iterator[Path]:
    """A file, or every file below a folder, whether that or one in it is a link or not.

    What is hidden is left out, as no run reads it: it is a file that is not all there yet, unless its name says so.
    """
    if place.is_file():
        yield place
    seen = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        status = Path(folder).stat()
        if (here := (status.st_dev, status.st_ino)) in seen:  # a link to a folder above it
            folders.clear()
            continue
        seen.add(here)
        for name in names:
            path = Path(folder) / name
            if path.is_file() and (not name.startswith(".") or name.endswith(READY)):
                yield path


def _write_file(archive: zipfile.ZipFile, path: Path, name: str) -> BackedUpFile:
    with path.open("rb") as source:
        status = os.fstat(source.fileno())
        info = zipfile.ZipInfo(name, dt.datetime.fromtimestamp(max(status.st_mtime, _FIRST_OF_ZIP)).timetuple()[:6])
        info.compress_type = zipfile.ZIP_STORED if path.suffix.lower() in _PACKED else zipfile.ZIP_DEFLATED
        digest, n_bytes = hashlib.sha256(), 0
        with archive.open(info, "w", force_zip64=True) as member:
            while block := source.read(_AT_ONCE):
                member.write(block)
                digest.update(block)
                n_bytes += len(block)
        after = os.fstat(source.fileno())
        if (n_bytes, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns):
            raise HotspotsError(
                f"{path.as_posix()} was written to while it was read, and half a file is no backup of it. Take it "
                "again when that has ended."
            )
    return BackedUpFile(path=name, n_bytes=n_bytes, sha256=digest.hexdigest())
