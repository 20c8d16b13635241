"""Street-level crime of data.police.uk, out of its archives.

An archive of all forces is large, and a force and a month are little of it: the members wanted are read out of the
archive on the server, by range requests.
"""

from __future__ import annotations

import contextlib
import difflib
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import pandas as pd

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.ingest.fetch.allowance import MAX_BYTES
from hotspots.ingest.fetch.answers import shorten
from hotspots.ingest.fetch.download import (
    Connection,
    Fetched,
    FetchedFile,
    Progress,
    RangesIgnoredError,
    RemoteFile,
    describe_present,
    read_record,
    replace_whole,
    write_record,
)
from hotspots.ingest.fetch.services import FIRST_ARCHIVE, FIRST_MONTH, LICENCE, POLICE_ATTRIBUTION, Services

MAX_MEMBER_BYTES = 1024**3

_MONTH = "(20[0-9]{2}-(?:0[1-9]|1[0-2]))"
_ANY_MEMBER = re.compile(_MONTH + r"/\1-([a-z0-9-]{1,50}?)-(?:street|outcomes|stop-and-search)\.csv")
_MEMBER = re.compile(_MONTH + r"/\1-([a-z0-9-]+)-street\.csv")
_MAX_LISTED = 60
"""Forces in a message; there are 45."""

_HEADER_BYTES = 2048
"""What stands before the content of a member, with room to spare."""

_DAMAGES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)
"""What `zipfile`, and what unpacks for it, raise on bytes that are damaged, encrypted or packed by unknown means."""


def fetch_crimes(
    forces: Sequence[str],
    *,
    first_month: str,
    last_month: str | None = None,
    out: Path,
    refresh: bool = False,
    services: Services | None = None,
    connection: Connection | None = None,
    progress: Progress = lambda step: None,
) -> Fetched:
    """Fetch the street-level crime of police forces, a file for each force and month, named as published.

    Args:
        forces: Names of forces as data.police.uk writes them: `metropolitan`, `west-yorkshire` ...
        first_month: `YYYY-MM`.
        last_month: `YYYY-MM`, or None for the newest that is published.
        out: Folder to write to; a file becomes `<out>/2026-09/2026-09-metropolitan-street.csv`, with a record beside
            it (`hotspots.ingest.fetch.download.write_record`).
        refresh: Fetch again files that are there already.
        services: Where to fetch from.
        connection: The session to use.
        progress: Called with what is being done.

    Raises:
        ParameterError: A month is not one, or the months are the wrong way round or before those published.
        NotFoundError: A month is not published, or a force is not known.
        DataError: An archive, or a file in it, is damaged.
        NetworkError: A server cannot be reached or does not give what it should.
    """
    services = services or Services()
    slugs = list(dict.fromkeys(re.sub(r"[^a-z0-9]+", "-", force.lower()).strip("-") for force in forces))
    _check_months(first_month, last_month)
    pairs = None if last_month is None else _list_pairs(slugs, first_month, last_month)
    # None: the archive covers that month, but holds no file of that force
    files: dict[tuple[str, str], FetchedFile | None] = {}
    if pairs and not refresh:
        files.update(_find_current(out, pairs))
    archive_name = "latest"
    with contextlib.nullcontext(connection) if connection else Connection() as session:
        while pairs is None or any(pair not in files for pair in pairs):
            url = f"{services.police_archives}/{archive_name}.zip"
            progress(f"{archive_name}.zip: reading its directory")
            with _open_archive(session, url, out, progress) as archive:
                oldest, newest = min(month for _, month in archive.members), max(month for _, month in archive.members)
                if archive_name == "latest":
                    _check_published(last_month or first_month, newest=newest)
                if pairs is None:
                    pairs = _list_pairs(slugs, first_month, newest)
                    files.update({} if refresh else _find_current(out, pairs))
                left = [pair for pair in pairs if pair not in files]
                here = [pair for pair in left if oldest <= pair[1] <= newest]
                if not here and archive_name != "latest":
                    raise NotFoundError(
                        f"data.police.uk keeps no archive with {max(month for _, month in left)}: {url} holds "
                        f"{oldest} to {newest}. Ask for later months."
                    )
                _check_forces({force for force, _ in here}, archive.forces, url)
                for force, month in here:
                    progress(f"{month} {force}")
                    is_there = (force, month) in archive.members
                    files[force, month] = archive.extract(force, month, out) if is_there else None
            if older := [month for force, month in pairs if (force, month) not in files]:
                archive_name = max(*older, FIRST_ARCHIVE)
    return Fetched(
        files=tuple(file for pair in pairs if (file := files[pair])),
        not_submitted=tuple(pair for pair in pairs if files[pair] is None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Archive:
    """An archive of all forces, open.

    Attributes:
        content: The archive.
        remote: The file on the server, or None if the whole archive is here.
        facts: What records say of it.
        members: Its street-level files, by force and month.
        forces: All that have any file in it, of whatever kind.
    """

    content: zipfile.ZipFile
    remote: RemoteFile | None
    facts: dict[str, Any]
    members: dict[tuple[str, str], zipfile.ZipInfo]
    forces: set[str]

    def extract(self, force: str, month: str, out: Path) -> FetchedFile:
        """Write one file and its record below a folder."""
        member = self.members[force, month]
        if member.file_size > MAX_MEMBER_BYTES:
            raise DataError(
                f"A table may unpack to {MAX_MEMBER_BYTES // 1024**2} MB; {member.filename} in {self.facts['asked']} "
                "is larger. Report it to data.police.uk."
            )
        # the path is made of the month and the force, not of what the member calls itself
        path = out / month / f"{month}-{force}-street.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.remote:
            begin = member.header_offset
            self.remote.load(begin, begin + _HEADER_BYTES + len(member.extra) + member.compress_size)
        with replace_whole(path) as part, part.open("wb") as file:
            try:
                packed = self.content.open(member)
            except _DAMAGES as error:
                raise self._damaged(member.filename, error) from error
            with packed:
                while chunk := self._read(packed, member.filename):
                    file.write(chunk)
        write_record(
            path,
            self.facts
            | {
                "member": member.filename,
                "crc32": f"{member.CRC:08x}",
                "licence": LICENCE,
                "attribution": POLICE_ATTRIBUTION,
            },
        )
        return FetchedFile(path=path, n_bytes=member.file_size, is_new=True, attribution=POLICE_ATTRIBUTION)

    def _read(self, packed: IO[bytes], name: str) -> bytes:
        """The next bytes of a member; its CRC-32 is checked with the last of them."""
        try:
            return packed.read(1024**2)
        except _DAMAGES as error:
            raise self._damaged(name, error) from error

    def _damaged(self, name: str, error: Exception) -> DataError:
        return DataError(
            f"{name} in {self.facts['asked']} is damaged: {shorten(str(error))}. Run the same command again; if it "
            "stays, report it to data.police.uk."
        )


@contextlib.contextmanager
def _open_archive(session: Connection, url: str, out: Path, progress: Progress) -> Iterator[_Archive]:
    """An archive on a server, or if that sends whole files only, a copy of it here for as long as it is needed."""
    name = url.rpartition("/")[2]
    remote: RemoteFile | None = None
    with contextlib.ExitStack() as stack:
        try:
            remote = RemoteFile(session, url)
            found, source = remote.found, cast("BinaryIO", remote)
        except RangesIgnoredError:
            out.mkdir(parents=True, exist_ok=True)

            def say(n_bytes: int, total: int | None) -> None:
                of = f" of {total / 1e6:,.0f}" if total else ""
                progress(f"{name}: {n_bytes / 1e6:,.0f}{of} MB, all forces, because the server cannot send parts")

            source = cast("BinaryIO", stack.enter_context(tempfile.TemporaryFile(dir=out)))
            found = session.receive(url, source, max_bytes=MAX_BYTES, progress=say)
        try:
            content = stack.enter_context(zipfile.ZipFile(source))
        except _DAMAGES as error:
            raise DataError(
                f"{url} is not a whole zip archive: {shorten(str(error))}. Run the same command again later; the "
                "archive may be in the middle of being published."
            ) from error
        members = {
            (match[2], match[1]): member
            for member in content.infolist()
            if (match := _MEMBER.fullmatch(member.filename))
        }
        if not members:
            raise DataError(
                f"{url} holds no file called YYYY-MM/YYYY-MM-<force>-street.csv: its layout has changed. Download the "
                "months that you need from https://data.police.uk/data/ and give them to hotspots run."
            )
        facts = {"asked": url, "address": found.address, "validator": found.validator}
        forces = {match[2] for name in content.namelist() if (match := _ANY_MEMBER.fullmatch(name))}
        yield _Archive(content=content, remote=remote, facts=facts, members=members, forces=forces)


def _check_months(first: str, last: str | None) -> None:
    for month in (first, last):
        if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise ParameterError(f"A month must be written YYYY-MM; {month} was given. Write it like 2026-09.")
    if first < FIRST_MONTH:
        raise ParameterError(
            f"Street-level crime begins in {FIRST_MONTH}; {first} was asked for. Ask for later months."
        )
    if last is not None and last < first:
        raise ParameterError(f"The last month must not come before the first; {first} to {last} was given. Swap them.")


def _list_pairs(forces: Sequence[str], first: str, last: str) -> list[tuple[str, str]]:
    return [(force, str(month)) for force in forces for month in pd.period_range(first, last, freq="M")]


def _check_published(month: str, *, newest: str) -> None:
    if month > newest:
        raise NotFoundError(
            f"data.police.uk has published crime up to {newest}; {month} was asked for. Ask for months up to {newest}: "
            "a month appears about two months after its end."
        )


def _check_forces(slugs: set[str], forces: set[str], url: str) -> None:
    for slug in sorted(slugs):
        if slug not in forces:
            close = difflib.get_close_matches(slug, forces, n=3, cutoff=0.5) or sorted(forces)[:_MAX_LISTED]
            raise NotFoundError(f"No force called {slug} is in {url}. Did you mean {', '.join(close)}?")


def _find_current(out: Path, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], FetchedFile]:
    """The files that are there, as they were fetched."""
    files = {}
    for force, month in wanted:
        path = out / month / f"{month}-{force}-street.csv"
        if record := read_record(path):
            files[force, month] = describe_present(path, record)
    return files
