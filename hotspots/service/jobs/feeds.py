"""Feeds: data of others that are fetched again at fixed times, so that what is made by itself is made of the newest.

A feed makes no product. Its files go where runs look for incidents, each of them whole.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_COMMAND = ("fetch", "crimes")
_MONTH = r"20[0-9]{2}-(0[1-9]|1[0-2])"
_NAMED = re.compile(rf"(?P<month>{_MONTH})-(?P<force>[a-z0-9-]+)-street\.csv")


class FeedRequest(BaseModel):
    """Recorded crime of police forces, from data.police.uk; a schedule alone asks for it.

    Attributes:
        kind: Of job.
        forces: As data.police.uk writes them.
        first_month: "2024-01": all months since, of which those that are there already are not fetched again.
        folder: Where they go, below that of the workspace: one that `incidents` of the settings names, if it names any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["fetch"]
    forces: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=50)], ...],
        Field(min_length=1, max_length=10),
    ]
    first_month: Annotated[str, Field(pattern=f"^{_MONTH}$")]
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+([ /.][A-Za-z0-9_-]+)*$", max_length=200)] = "data/incidents"

    @property
    def label(self) -> str:
        """What is asked, in words."""
        return f"Recorded crime from data.police.uk: {', '.join(self.forces)}"[:200]

    def begin_at(self, day: dt.date | None) -> FeedRequest:
        """The same, without months before a day: what is removed by rule must not be fetched again."""
        first = self.first_month if day is None else max(self.first_month, f"{day:%Y-%m}")
        return self.model_copy(update={"first_month": first})

    def list_arguments(self, *, today: dt.date) -> list[str]:
        """What would be typed after `hotspots`.

        Args:
            today: As of other jobs; here it changes nothing.
        """
        given = [("force", force) for force in self.forces]
        given += [("from", self.first_month), ("out", self.folder)]
        return [*_COMMAND, *(f"--{name}={value}" for name, value in given)]


def is_feed(arguments: Sequence[str]) -> bool:
    """Whether a job fetches data, and makes no product."""
    return tuple(arguments[:2]) == _COMMAND


def find_reach(workspace: Path, arguments: Sequence[str]) -> dict[str, dt.date | None]:
    """Until which day there are data of each force of a feed, by the names of its files; None where there are none.

    Args:
        workspace: In which the job runs.
        arguments: Of the job.
    """
    given = [argument.removeprefix("--").partition("=") for argument in arguments[2:]]
    folder = next(value for name, _, value in given if name == "out")
    found = [_NAMED.fullmatch(path.name) for path in (workspace / folder).glob("*/*-street.csv")]
    months: dict[str, list[str]] = {value: [] for name, _, value in given if name == "force"}
    for match in found:
        if match and match["force"] in months:
            months[match["force"]].append(match["month"])
    return {force: _end_month(max(there)) if there else None for force, there in months.items()}


def _end_month(month: str) -> dt.date:
    first = dt.date.fromisoformat(f"{month}-01")
    return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
