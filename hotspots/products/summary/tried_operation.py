"""What came of an operation that was evaluated before, from its numbers."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

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
    """

    area: str
    start: dt.date
    end: dt.date
    result: str


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
    try:
        found = json.loads(path.read_text("utf-8"))
        of_crime = found["crime"]
        tried = TriedOperation(
            area=str(found["areas"]["treated"]["name"]),
            start=dt.date.fromisoformat(found["operation"]["start"]),
            end=dt.date.fromisoformat(found["operation"]["end"]),
            result=str(found["words"][0]),
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
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
