"""A backup taken while the service goes on: one state of the database, and the files that it names."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, MetaData, Table, select

import hotspots
from hotspots.errors import HotspotsError, ParameterError
from hotspots.ingest.incidents import KEY_FILE
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
_FIRST_OF_ZIP = dt.datetime(1980, 1, 2).timestamp()
_PACKED = {".zip", ".gz", ".xlsx", ".docx", ".pdf", ".png", ".parquet", ".jpg"}
"""Files that do not get smaller."""


def take_backup(
    database: Database, settings: ServiceSettings, path: Path, *, progress: Callable[[str], None] = lambda text: None
) -> BackedUp:
    """Write a backup: nothing, or all of it. Only its owner may read the file, which holds all that the service does.

    Settings, the data that were kept, products and uploads are in it, and the key of the store, without which numbers
    of incidents in files of records cannot be compared; what can be made again (what was read, maps of the command
    line, jobs at work) is not.

    Args:
        database: Open.
        settings: Of the service.
        path: Of the zip to write; a file that is there already is left alone.
        progress: Told what is being done.

    Raises:
        ParameterError: The file is there already, or would lie in what it is to hold.
        HotspotsError: A product that the database names is not on the shelf, or not as it was; or old incidents are
            being removed for longer than it waits.
    """
    if path.exists():
        raise ParameterError(f"{path.as_posix()} is there already, and is left as it is. Name another file.")
    folder = path.resolve().parent
    if any(folder.is_relative_to(inside.resolve()) for inside in (settings.workspace / "data", settings.folder)):
        raise ParameterError(f"{path.as_posix()} would lie in a folder that it is to hold. Write it elsewhere.")
    draft = path.with_name(f".{path.name}.unfinished")
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w+b") as written:
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
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # one state of all tables
        with connection.begin():
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
            if not name.startswith(f"{SERVICE}/{settings.shelf.name}/"):
                continue  # of an upload that somebody decided on meanwhile
            raise HotspotsError(
                f"{path.as_posix()} is not there, and the database names it. Restore it from an earlier backup."
            ) from None
        was = rows.shelved.get(name.removeprefix(f"{SERVICE}/{settings.shelf.name}/"))
        if was is not None and was != files[-1].sha256:
            raise HotspotsError(
                f"{path.as_posix()} is not as it was put on the shelf. Find out who changed it, restore it from an "
                "earlier backup, and take this one again."
            )
    backed_up = BackedUp(
        hotspots=hotspots.__version__,
        database=version,
        taken_at=read_clock(),
        n_rows=rows.n_rows,
        last_audit_hash=rows.last_audit_hash,
        files=tuple(files),
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
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings():
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
    """Files to keep, with their names in the zip: settings and data, products that the database names, uploads."""
    workspace = settings.workspace
    file = workspace / FILE_NAME
    store = load_settings(file).store if file.is_file() else None
    keys = [] if store is None else [workspace / store / KEY_FILE]
    kept = [file, *(key for key in keys if key.is_relative_to(workspace)), *sorted((workspace / "data").rglob("*"))]
    for path in kept:
        if path.is_file() and not path.is_symlink():
            yield path, f"{WORKSPACE}/{path.relative_to(workspace).as_posix()}"
    uploads = sorted(path for path in settings.incoming.rglob("*") if path.is_file() and not path.is_symlink())
    for path in (*(settings.shelf / name for name in sorted(shelved)), *uploads):
        yield path, f"{SERVICE}/{path.relative_to(settings.folder).as_posix()}"


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
    return BackedUpFile(path=name, n_bytes=n_bytes, sha256=digest.hexdigest())
