"""Receiving a file: written aside while it comes, and there only once all of it has."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterable
from pathlib import Path

from hotspots.errors import HotspotsError, ParameterError
from hotspots.service.audit import record
from hotspots.service.people import Person
from hotspots.service.shelf import sync_path
from hotspots.service.state import Database, ServiceSettings, Upload, make_id, read_clock
from hotspots.service.uploads.upload_names import make_safe_name

_DRAFT = ".receiving"


class TooLargeError(HotspotsError):
    """What is sent is larger than the service takes."""


async def receive_upload(
    database: Database,
    person: Person,
    *,
    file_name: str,
    chunks: AsyncIterable[bytes],
    settings: ServiceSettings,
    n_declared: int | None = None,
) -> Upload:
    """Take a file of incidents, which is then waiting for its check.

    Args:
        database: Open.
        person: Who sends it.
        file_name: As they call it.
        chunks: Its bytes, as they come.
        settings: Of the service.
        n_declared: How many bytes there will be, as far as that was said; they are counted all the same.

    Raises:
        NotAllowedError: They may not.
        ParameterError: It is empty, or its name does not end as that of a file of incidents.
        TooLargeError: It is larger than `max_upload_mb`; nothing of it is kept.

    After another error its bytes may stay: `sweep_incoming` removes those that no row names.
    """
    person.require("upload")
    name = make_safe_name(file_name)
    _require_small(n_declared or 0, settings)
    upload_id = make_id()
    folder = settings.incoming / upload_id
    folder.mkdir(parents=True, mode=0o700)
    try:
        n_bytes, sha256 = await _write(chunks, folder / _DRAFT, settings)
        await asyncio.to_thread(_settle, folder, name)
    except BaseException:  # also when whoever sends it goes away
        shutil.rmtree(folder, ignore_errors=True)
        raise
    # if this fails, a row may name the file all the same: the answer of the database was lost, or nobody waited for it
    return await asyncio.to_thread(_remember, database, person, upload_id, name, n_bytes, sha256)


async def _write(chunks: AsyncIterable[bytes], path: Path, settings: ServiceSettings) -> tuple[int, str]:
    n_bytes, digest = 0, hashlib.sha256()
    with path.open("xb") as file:
        async for chunk in chunks:
            n_bytes += len(chunk)
            _require_small(n_bytes, settings)
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
        if not n_bytes:
            raise ParameterError("The file is empty. Save it again, and look at its size before sending it.")
    return n_bytes, digest.hexdigest()


def _settle(folder: Path, name: str) -> None:
    """Give a file that has come its name, and have it and its folder on the disk."""
    sync_path(folder / _DRAFT)
    os.replace(folder / _DRAFT, folder / name)  # noqa: PTH105
    sync_path(folder)
    sync_path(folder.parent)


def _require_small(n_bytes: int, settings: ServiceSettings) -> None:
    if n_bytes > settings.max_upload_bytes:
        raise TooLargeError(
            f"A file may have {settings.max_upload_mb} MB, and this one has more. Send it month by month, or packed as "
            ".csv.gz; `max_upload_mb` in hotspots.toml says how much is taken."
        )


def _remember(database: Database, person: Person, upload_id: str, name: str, n_bytes: int, sha256: str) -> Upload:
    with database.write() as session:
        upload = Upload(
            id=upload_id,
            sent_by=person.account_id,
            file_name=name,
            n_bytes=n_bytes,
            sha256=sha256,
            status="received",
            report={},
            created_at=read_clock(),
        )
        session.add(upload)
        session.flush()
        record(
            session, actor=person.name, action="send file", subject=upload.id, file=name, n_bytes=n_bytes, sha256=sha256
        )
        return upload
