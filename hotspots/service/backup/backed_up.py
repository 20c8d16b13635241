"""What a backup is: a zip with every row of the database, every file, and a list of both with their hashes."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Date, DateTime, LargeBinary, MetaData, Table

CONTENTS = "backup.json"
TABLES = "tables"
WORKSPACE = "workspace"
SERVICE = "service"
"""Within the zip: what is in it, the rows of each table, settings and data, products and uploads."""
UNLISTED = ("alembic_version", "spatial_ref_sys", "sessions")
"""Tables that a database makes by itself, as the version stands in the list of contents; and who was signed in: what
somebody has ended since must not begin again."""


class BackedUpFile(BaseModel):
    """A file in a backup, by its path in the zip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    n_bytes: int
    sha256: str


class BackedUp(BaseModel):
    """What is in a backup.

    Attributes:
        format: Of the backup itself.
        hotspots: Version of the program that took it.
        database: Version of the tables.
        taken_at: In UTC.
        n_rows: Rows by table.
        last_audit_hash: Of the last record of the audit, to be compared with one kept elsewhere.
        files: Every other file in the zip.
        left_out: What the settings name outside the workspace, and is not in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    hotspots: str
    database: str
    taken_at: dt.datetime
    n_rows: dict[str, int]
    last_audit_hash: str
    files: tuple[BackedUpFile, ...]
    left_out: tuple[str, ...] = ()


def list_tables(metadata: MetaData) -> Iterator[Table]:
    """The tables to keep, those that others point to first."""
    return (table for table in metadata.sorted_tables if table.name not in UNLISTED)


def write_value(value: Any) -> Any:
    """A value of a column as JSON has it."""
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dt.datetime):
        aware = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        return aware.isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def read_row(row: dict[str, Any], table: Table, *, is_sqlite: bool) -> dict[str, Any]:
    """A row of JSON as the database takes it."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        kind = table.columns[name].type
        if value is None:
            values[name] = None
        elif isinstance(kind, LargeBinary):
            values[name] = base64.b64decode(value, validate=True)
        elif isinstance(kind, DateTime):
            at = dt.datetime.fromisoformat(value)
            values[name] = at.replace(tzinfo=None) if is_sqlite else at
        elif isinstance(kind, Date):
            values[name] = dt.date.fromisoformat(value)
        else:
            values[name] = value
    return values
