"""What came of an operation that was evaluated before, from its numbers."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotspots.crimes import Crime
from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.products.summary.encoding import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedOperation(Part):
    """An operation, and what came of it.

    Attributes:
        area: What the treated area is called.
        start, end: Its first and last day.
        result: The verdict in a sentence, as its own products have it.
        data_status: What its files say of themselves, by table; empty for ordinary data.
        sha256: Of its operation.json, in hexadecimal.
    """

    area: str
    start: dt.date
    end: dt.date
    result: str
    data_status: dict[str, str]
    sha256: str


_LONGEST = 600
"""Characters of a sentence; the longest verdict has about 300."""


def read_operation(path: Path, crime: Crime) -> TriedOperation:
    """What `hotspots operation` found.

    Args:
        path: Its `operation.json`.
        crime: That is asked about.

    Raises:
        NotFoundError: The file is not there.
        DataError: It is another file.
        ParameterError: The operation was judged by another crime.
    """
    if not path.is_file():
        raise NotFoundError(f"No file {path.as_posix()}. hotspots operation writes an operation.json below its OUT.")
    content = path.read_bytes()
    try:
        found = json.loads(content)
        of_crime = _read_text(found["crime"])
        start, end = (dt.date.fromisoformat(found["operation"][key]) for key in ("start", "end"))
        if start > end or not isinstance(found["words"], list):
            raise ValueError
        tried = TriedOperation(
            area=_read_text(found["areas"]["treated"]["name"]),
            start=start,
            end=end,
            result=_read_text(found["words"][0]),
            data_status={_read_text(key): _read_text(value) for key, value in found["data_status"].items()},
            sha256=hashlib.sha256(content).hexdigest(),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{path.as_posix()} is not the operation.json of an operation. Give the file of that name that hotspots "
            "operation wrote."
        ) from error
    if of_crime != crime.slug:
        raise ParameterError(
            f'The operation in {path.as_posix()} was judged by "{of_crime}", and the profile is of "{crime.slug}". '
            "Evaluate it by this crime, or leave it out."
        )
    return tried


def _read_text(value: Any) -> str:
    """A line that can be printed."""
    if not (isinstance(value, str) and value.strip() and len(value) <= _LONGEST):
        raise ValueError
    if not value.replace("\N{NO-BREAK SPACE}", " ").isprintable():
        raise ValueError
    return value
