"""Deciding on a file that was sent: kept among the incidents of the workspace, or discarded; and what is left over."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.audit import record
from hotspots.service.people import Person
from hotspots.service.shelf import sync_path
from hotspots.service.state import Database, ServiceSettings, Upload, make_id, read_clock
from hotspots.service.uploads.upload_names import KEPT_SUFFIXES
from hotspots.settings import Settings

_UNDECIDED = ("received", "checked", "refused")
_N_LETTERS_OF_ID = 8
_COMING = ".coming"
"""Ending of a file that is not in its place yet: nobody reads such."""
_STALE_S = 3_600


def list_uploads(
    session: Session, person: Person, *, before: Upload | None = None, limit: int = 100
) -> Sequence[Upload]:
    """Files that were sent, newest first, without their reports: these may be long.

    Args:
        session: Of `Database.read`.
        person: Who asks.
        before: The last of the page before.
        limit: How many, at most.

    Raises:
        NotAllowedError: They may not.
    """
    person.require("upload")
    chosen = select(Upload).options(defer(Upload.report))
    if before is not None:
        chosen = chosen.where(
            (Upload.created_at < before.created_at)
            | ((Upload.created_at == before.created_at) & (Upload.id > before.id))
        )
    return session.scalars(chosen.order_by(Upload.created_at.desc(), Upload.id).limit(limit)).all()


def find_upload(session: Session, person: Person, upload_id: str) -> Upload:
    """The file of an id.

    Raises:
        NotAllowedError: They may not.
        NotFoundError: There is none.
    """
    person.require("upload")
    upload = session.get(Upload, upload_id)
    if upload is None:
        raise NotFoundError("There is no such file.")
    return upload


def find_obstacle(upload: Upload, *, settings: Settings, service: ServiceSettings) -> str | None:
    """Why a checked file should not be among the incidents, as far as that is known beforehand; None where nothing is.

    Made-up incidents and real ones in one folder would be counted together, and every product marked as made up.
    """
    said = upload.report.get("data_status", {})
    if "incidents" in said and "boundaries" not in said:
        return (
            f"This file says that it is {said['incidents']}, and the wards here are real. Its rows would be counted "
            "with real ones. Use it in a workspace of its own."
        )
    if "boundaries" in said and "incidents" not in said:
        return (
            f"The wards here are {said['boundaries']}, as the demonstration has them, and this file does not say that "
            "it is made up: counts in them would mean nothing. Put real wards in place of them first, and take the "
            "incidents of the demonstration away."
        )
    same = _find_same(upload, _find_folder(settings, service), besides=_place(upload, settings, service))
    if same is not None:
        return f"The same file is there already, as {same.name}: its rows would count twice. Discard this one."
    return None


def keep_upload(
    database: Database, person: Person, upload_id: str, *, settings: Settings, service: ServiceSettings
) -> Upload:
    """Put a checked file among the incidents of the workspace, all of it at once.

    Raises:
        NotAllowedError: They may not.
        NotFoundError: There is none, or its bytes are gone.
        ParameterError: It is not one that was checked, or something stands against it: see `find_obstacle`.
    """
    with database.read() as session:
        found = find_upload(session, person, upload_id)
    _require_checked(found)
    obstacle = find_obstacle(found, settings=settings, service=service)
    if obstacle is not None:
        raise ParameterError(obstacle)
    place = _place(found, settings, service)
    source = service.incoming / found.id / found.file_name
    with _stage(source, place) as draft, database.write() as session:
        upload = _take(session, upload_id)
        _require_checked(upload)
        upload.status, upload.decided_at = "kept", read_clock()
        record(session, actor=person.name, action="keep file", subject=upload.id, file=place.name)
        os.replace(draft, place)  # noqa: PTH105 - last, and again should it not be remembered
        sync_path(place.parent)
    shutil.rmtree(service.incoming / upload_id, ignore_errors=True)
    return upload


def discard_upload(
    database: Database, person: Person, upload_id: str, *, settings: Settings, service: ServiceSettings
) -> Upload:
    """Remove a file that was not kept, from its place among the incidents too: a keep may have been cut short.

    Raises:
        NotAllowedError: They may not.
        NotFoundError: There is none.
        ParameterError: It is decided on already.
    """
    person.require("upload")
    return _discard(database, upload_id, settings=settings, service=service, actor=person.name)


def discard_undecided(
    database: Database, settings: Settings, service: ServiceSettings, before: dt.datetime, *, actor: str
) -> int:
    """Remove files that were sent before a moment and that nobody has decided on; how many.

    Args:
        database: Open.
        settings: Of the workspace.
        service: Of the service.
        before: Aware.
        actor: Who removes them, for the audit.
    """
    with database.read() as session:
        old = select(Upload.id).where(Upload.status.in_(_UNDECIDED), Upload.created_at < before)
        ids = list(session.scalars(old))
    n_removed = 0
    for upload_id in ids:
        with contextlib.suppress(ParameterError, NotFoundError):  # somebody has decided meanwhile
            _discard(database, upload_id, settings=settings, service=service, actor=actor)
            n_removed += 1
    return n_removed


def sweep_incoming(database: Database, settings: Settings, service: ServiceSettings) -> None:
    """Remove what is left over of files that never came in full or are decided on: the service was ended in mid-work.

    What was touched within an hour stays: somebody may be at work on it.

    Args:
        database: Open.
        settings: Of the workspace.
        service: Of the service.
    """
    with database.read() as session:
        open_ones = set(session.scalars(select(Upload.id).where(Upload.status.in_(_UNDECIDED))))
    for folder in service.incoming.iterdir() if service.incoming.is_dir() else ():
        if folder.name not in open_ones and all(_is_stale(path) for path in (folder, *folder.glob("*"))):
            shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(ParameterError):  # files go nowhere
        for draft in _find_folder(settings, service).glob(f".*{_COMING}"):
            if _is_stale(draft):
                draft.unlink(missing_ok=True)


def _is_stale(path: Path) -> bool:
    try:
        return read_clock().timestamp() - path.stat().st_mtime > _STALE_S
    except FileNotFoundError:  # renamed just now
        return False


def _discard(database: Database, upload_id: str, *, settings: Settings, service: ServiceSettings, actor: str) -> Upload:
    with database.write() as session:
        upload = _take(session, upload_id)
        if upload.status not in _UNDECIDED:
            raise ParameterError(f"This file is {upload.status} already, and only an undecided one can be discarded.")
        upload.status, upload.decided_at = "discarded", read_clock()
        record(session, actor=actor, action="discard file", subject=upload.id, file=upload.file_name)
        with contextlib.suppress(ParameterError):  # files go nowhere
            place = _place(upload, settings, service)
            if place.exists():
                place.unlink()
                sync_path(place.parent)
    shutil.rmtree(service.incoming / upload_id, ignore_errors=True)
    return upload


def _take(session: Session, upload_id: str) -> Upload:
    """An upload that nobody else decides on meanwhile."""
    upload = session.scalar(select(Upload).where(Upload.id == upload_id).with_for_update())
    if upload is None:
        raise NotFoundError("There is no such file.")
    return upload


def _require_checked(upload: Upload) -> None:
    if upload.status != "checked":
        hint = "Wait for its check" if upload.status == "received" else "Send it again if it is to be kept"
        raise ParameterError(f"Only a checked file can be kept, and this one is {upload.status}. {hint}.")


def _find_folder(settings: Settings, service: ServiceSettings) -> Path:
    """The folder of incidents that files go to.

    Raises:
        ParameterError: The settings name files alone.
    """
    workspace = service.workspace.resolve()
    if not settings.incidents:
        return workspace / "data" / "incidents"
    folder = next((path for given in settings.incidents if (path := workspace / given).is_dir()), None)
    if folder is None:
        raise ParameterError(
            "`incidents` in hotspots.toml names no folder that is there, so a file cannot be put among them. Name a "
            "folder in it."
        )
    return folder


def _place(upload: Upload, settings: Settings, service: ServiceSettings) -> Path:
    """Where a file goes: its name and some of its id, so that no other file has it."""
    suffix = max((one for one in KEPT_SUFFIXES if upload.file_name.lower().endswith(one)), key=len)
    stem = upload.file_name[: -len(suffix)]
    return _find_folder(settings, service) / f"{stem} {upload.id[:_N_LETTERS_OF_ID]}{suffix}"


def _find_same(upload: Upload, folder: Path, *, besides: Path) -> Path | None:
    """A file in a folder with the very bytes of an upload."""
    for path in sorted(folder.rglob("*")):
        if path != besides and path.suffix != _COMING and path.is_file() and path.stat().st_size == upload.n_bytes:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == upload.sha256:
                    return path
    return None


@contextlib.contextmanager
def _stage(source: Path, place: Path) -> Iterator[Path]:
    """A file beside its place, under a name that nobody reads, however far away it was. It is gone when the block ends.

    Two who keep one file have a name each. Where the file is in its place already, a rename of one link to another does
    nothing, and leaves both.
    """
    try:
        os.utime(source)  # a link to it is as old as it is, and an old one is swept
    except FileNotFoundError:
        raise NotFoundError("The file is not there any more. Discard it, and send it again.") from None
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{make_id()[:_N_LETTERS_OF_ID]}{_COMING}")
    try:
        try:
            os.link(source, draft)
        except OSError:  # on another file system, or one without links
            shutil.copyfile(source, draft)
            sync_path(draft)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
