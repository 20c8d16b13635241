"""Times in the database: in UTC, and aware, whichever database it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import DateTime, Dialect
from sqlalchemy.types import TypeDecorator


def read_clock() -> dt.datetime:
    """The time now, in UTC and aware."""
    return dt.datetime.now(dt.UTC)


class UtcTime(TypeDecorator[dt.datetime]):
    """A column of times. SQLite drops an offset without a word, so that every time is made UTC before.

    Raises:
        TypeError: A time without an offset is to be stored, or compared with.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """The time as the database takes it."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise TypeError(f"A time in the database must have an offset, and {value.isoformat()} has none.")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """The time as it was stored, aware."""
        if value is None:
            return None
        aware: dt.datetime = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
        return aware
