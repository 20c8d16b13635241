"""A store of what was read, so that the next run reads only what is new.

One folder a table, named after it, which holds its incidents as GeoParquet by month, its refused rows, and a
`table.json` with the fingerprints of all that it was made from and of all that is in it. A folder is made elsewhere
and renamed, so it is there as a whole or not at all; one that does not hold what its fingerprints say is read again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj

from hotspots.ingest.incidents.records import RECORDS, TALLIED, ReadingOptions, TableRecords
from hotspots.ingest.incidents.sources import Source
from hotspots.ingest.texts import is_wanted

_DRAFT = ".writing-"
_STALE_SECONDS = 3600
_MANIFEST = "table.json"
_READ_WITH = ("convertbng", "pandas", "pyarrow", "pyogrio", "pyproj", "python-calamine", "shapely")
_READ_BY = ("crimes.py", "crimes.toml", "contracts.py", "geography", "ingest")


@dataclass(slots=True, kw_only=True)
class Store:
    """A folder of tables that were read.

    Attributes:
        folder: Where it is; made when something is kept in it.
        rebuilt: Labels of the tables that were found damaged, and were read again.
        problem: Why the first table that could not be kept was not, or None; after it no more are kept.
    """

    folder: Path
    rebuilt: list[str] = field(default_factory=list)
    problem: str | None = None

    def load(
        self, source: Source, options: ReadingOptions, *, start: dt.date | None = None, end: dt.date | None = None
    ) -> TableRecords | None:
        """What was read from a table; None if it is not here as it would be read now.

        Args:
            source: The table.
            options: How it would be read.
            start: First day that is wanted; of incidents in months before, only what is tallied is read.
            end: Last day that is wanted, likewise.
        """
        entry = self.folder / _name_entry(source.table.label)
        try:
            kept = json.loads((entry / _MANIFEST).read_text("utf-8"))
            manifest = kept["table"]
            if kept["sha256"] != _digest_manifest(manifest):
                raise ValueError("the manifest is not what was written")
            if manifest["key"] != _make_key(source, options):
                return None
            if {part.relative_to(entry).as_posix() for part in entry.rglob("*.parquet")} != manifest["files"].keys():
                raise ValueError("files are missing, or there are more of them")
            parts, others = [], [RECORDS.empty_table().select(TALLIED)]
            for name, sha256 in sorted(manifest["files"].items()):
                part = _open_part(entry / name, sha256)
                if is_wanted(_read_month(name), start, end):
                    parts.append(_read_part(part))
                else:
                    others.append(part.read(TALLIED).select(TALLIED).cast(others[0].schema))
        except FileNotFoundError:
            if entry.exists():
                self.rebuilt.append(source.table.label)
            return None
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError, pa.ArrowException):
            self.rebuilt.append(source.table.label)
            return None
        records = pa.concat_tables(parts).unify_dictionaries() if parts else RECORDS.empty_table()
        if parts:
            # as the table had them: by row, but for malformed rows, which follow the chunk they were met in
            order = np.argsort(records["order"].to_numpy(), kind="stable")
            records = records.take(pa.array(order)).drop_columns(["order"])
        other_months = pa.concat_tables(others).unify_dictionaries()
        return TableRecords(records=records, data_status=manifest["data_status"], other_months=other_months)

    def save(self, source: Source, options: ReadingOptions, read: TableRecords) -> None:
        """Keep what was read from a table, in place of what was kept of it before.

        What was read is good whether it can be kept or not, so a folder that cannot be written is no error but a
        `problem`.
        """
        if self.problem is not None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _sweep(self.folder)
            with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=self.folder, ignore_cleanup_errors=True) as temporary:
                draft = Path(temporary) / "new"
                _write_entry(draft, source, options, read)
                _put_in_place(draft, self.folder / _name_entry(source.table.label), old=Path(temporary) / "old")
        except (OSError, pa.ArrowException) as error:
            self.problem = getattr(error, "strerror", None) or str(error)


def _write_entry(entry: Path, source: Source, options: ReadingOptions, read: TableRecords) -> None:
    entry.mkdir()
    records = read.records.append_column("order", pa.array(np.arange(read.records.num_rows)))
    usable = pc.is_null(records["reason"])
    files = {}
    incidents = records.filter(usable)
    months = incidents["started_at"].to_numpy().astype("datetime64[M]")
    for month in np.unique(months):
        name = f"month={month}/incidents.parquet"
        files[name] = _write_part(entry / name, incidents.filter(pa.array(months == month)), options.crs)
    refused = records.filter(pc.invert(usable))
    if refused.num_rows:
        files["rejected.parquet"] = _write_part(entry / "rejected.parquet", refused, options.crs)
    manifest = {
        "label": source.table.label,
        "key": _make_key(source, options),
        "sha256": source.table.sha256,
        "n_rows": read.records.num_rows,
        "data_status": read.data_status,
        "files": files,
    }
    kept = {"table": manifest, "sha256": _digest_manifest(manifest)}
    (entry / _MANIFEST).write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")


def _put_in_place(draft: Path, entry: Path, *, old: Path) -> None:
    # another run may keep the same table at this moment, or a file in it be held open: then its folder stays
    with contextlib.suppress(OSError):
        if entry.exists():
            os.replace(entry, old)  # noqa: PTH105
        os.replace(draft, entry)  # noqa: PTH105


def _digest_manifest(manifest: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _name_entry(label: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[-60:]
    return f"source={slug}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def _make_key(source: Source, options: ReadingOptions) -> str:
    """The fingerprint of all that decides what is read: content, profile, options, and the code that reads."""
    definitions = options.definitions
    parts: list[Any] = [
        _fingerprint_code(),
        [f"{name} {metadata.version(name)}" for name in _READ_WITH],
        [source.table.sha256, source.table.kind, *source.table.header],
        repr(source.profile),
        options.crs,
        options.time_zone,
        sorted(map(repr, definitions.offences.items())),
        sorted(definitions.prefixes),
        sorted((crime.slug, crime.part_of or "") for crime in definitions.crimes.values()),
        options.postcodes.sha256 if options.postcodes else "",
        options.areas.sha256 if options.areas else "",
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _list_code(node: Traversable) -> Iterator[Traversable]:
    """The files of code at or below a path, whatever rooms they are in."""
    if node.is_dir():
        for below in sorted(node.iterdir(), key=lambda one: one.name):
            yield from _list_code(below)
    elif node.name.endswith((".py", ".toml")):
        yield node


@functools.cache
def _fingerprint_code() -> str:
    digest = hashlib.sha256()
    package = resources.files("hotspots")
    for name in _READ_BY:
        for file in _list_code(package.joinpath(name)):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _write_part(path: Path, records: pa.Table, crs: str) -> str:
    """Write records as GeoParquet; returns the fingerprint of the file."""
    path.parent.mkdir(exist_ok=True)
    # a part holds the words that it uses, not those of the whole table
    records = records.combine_chunks()
    for position, spec in enumerate(records.schema):
        if pa.types.is_dictionary(spec.type):
            plain = records.column(position).cast(pa.string())
            records = records.set_column(position, spec, plain.dictionary_encode().cast(spec.type))
    points = pa.StructArray.from_arrays(
        [records["easting"].combine_chunks(), records["northing"].combine_chunks()], names=["x", "y"]
    )
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "point",
                "geometry_types": ["Point"],
                "crs": pyproj.CRS.from_user_input(crs).to_json_dict(),
            }
        },
    }
    table = records.drop_columns(["easting", "northing"]).append_column("geometry", points)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path, compression="zstd")
    return _digest(path)


def _read_month(name: str) -> np.datetime64 | None:
    """The month of the incidents in a part; None for the refused rows."""
    return np.datetime64(found[1], "M") if (found := re.match(r"month=(\d{4}-\d\d)/", name)) else None


def _open_part(path: Path, sha256: str) -> pq.ParquetFile:
    if _digest(path) != sha256:
        raise ValueError("the file is not what was written")
    return pq.ParquetFile(path)  # a folder called month=... must not become a column


def _read_part(part: pq.ParquetFile) -> pa.Table:
    table = part.read()
    x, y = table["geometry"].combine_chunks().flatten()
    table = table.drop_columns(["geometry"]).append_column("easting", x).append_column("northing", y)
    # Parquet knows no whole seconds
    return table.select([*RECORDS.names, "order"]).cast(RECORDS.append(pa.field("order", pa.int64())))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed have left."""
    for left in folder.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):  # another run may be removing it
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(left)
