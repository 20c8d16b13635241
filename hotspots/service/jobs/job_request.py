"""What somebody asks for: a command of Hotspots, with the few options that a form has."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hotspots.house import Audience

JobKind = Literal["map", "pack", "ward briefs", "tactical", "strategic", "patrol plan", "havens", "performance"]

LABELS: Mapping[JobKind, str] = {
    "map": "Map of a crime",
    "pack": "Every crime and ward",
    "ward briefs": "A page for the team of each ward",
    "tactical": "Tactical assessment",
    "strategic": "Strategic assessment",
    "patrol plan": "Patrol plan",
    "havens": "Safe havens: gaps and new sites",
    "performance": "Performance table",
}
"""What each is called."""

_COMMANDS: Mapping[JobKind, tuple[str, ...]] = {
    "map": ("run",),
    "pack": ("pack",),
    "ward briefs": ("brief",),
    "tactical": ("brief",),
    "strategic": ("brief",),
    "patrol plan": ("patrol", "plan"),
    "havens": ("havens", "siting"),
    "performance": ("performance",),
}
_PERIOD = ("start", "end")
FIELDS: Mapping[JobKind, tuple[str, ...]] = {
    "map": ("crimes", *_PERIOD, "wards", "audience", "each_ward"),
    "pack": ("crimes", *_PERIOD, "wards", "audience"),
    "ward briefs": ("crimes", *_PERIOD, "wards"),
    "tactical": ("crimes", "end", "wards", "weeks"),
    "strategic": ("end", "wards"),
    "patrol plan": ("crimes", *_PERIOD, "wards", "day", "shift", "patrols"),
    "havens": ("crimes", *_PERIOD, "wards", "new_sites"),
    "performance": ("end", "wards"),
}
"""What a form asks for each."""
OPTIONS: Mapping[str, str] = {
    "crimes": "crime",
    "start": "from",
    "end": "to",
    "wards": "ward",
    "audience": "audience",
    "each_ward": "each-ward",
    "weeks": "weeks",
    "day": "date",
    "shift": "shift",
    "patrols": "patrols",
    "new_sites": "new",
}
"""The option of a command that each field fills."""
_ONE_CRIME = ("patrol plan", "havens")
_SOME_CRIME = ("map", "ward briefs", *_ONE_CRIME)

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Day = Annotated[dt.date, Field(ge=dt.date(1900, 1, 1), le=dt.date(2100, 12, 31))]
WardCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,20}$")]
_SHIFT = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


class JobRequest(BaseModel):
    """What is asked for. What it means is in the help of the command. `require_known` looks up crimes and wards.

    Attributes:
        kind: Of product.
        crimes: Slugs; empty for the usual ones where the command has such.
        start, end: First and last day; None for those of the incidents.
        wards: Codes; empty for all.
        audience: For whom.
        each_ward: Whether each ward has products of its own too.
        weeks: That a tasking meeting looks back upon.
        day: On which a shift begins; None for the next Friday.
        shift: Its times, "14:00-22:00".
        patrols: How many there are.
        new_sites: How many new safe havens to place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: JobKind
    crimes: Annotated[tuple[Slug, ...], Field(max_length=40)] = ()
    start: Day | None = None
    end: Day | None = None
    wards: Annotated[tuple[WardCode, ...], Field(max_length=1_000)] = ()
    audience: Audience = "tasking"
    each_ward: bool = False
    weeks: Literal[2, 4, 12] = 2
    day: Day | None = None
    shift: Annotated[str, Field(pattern=f"^{_SHIFT.pattern}$")] = "14:00-22:00"
    patrols: Annotated[int, Field(ge=1, le=20)] = 2
    new_sites: Annotated[int, Field(ge=1, le=50)] = 3

    @model_validator(mode="after")
    def _require_fitting(self) -> JobRequest:
        if self.kind in _SOME_CRIME and not self.crimes:
            raise ValueError(f"{LABELS[self.kind]} is of a crime. Name one in `crimes`")
        if self.kind in _ONE_CRIME and len(self.crimes) > 1:
            raise ValueError(f"{LABELS[self.kind]} is of one crime, and `crimes` names {len(self.crimes)}. Name one")
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"`start` is {self.start} and `end` is {self.end}, which is before it. Exchange them")
        known = {"kind", *FIELDS[self.kind]}
        extra = sorted(self.model_fields_set - known)
        if extra:
            raise ValueError(f"{LABELS[self.kind]} takes no `{extra[0]}`. Leave it out")
        return self

    @property
    def label(self) -> str:
        """What is asked, in words."""
        about = [", ".join(self.crimes)] if self.crimes else []
        about += [f"{len(self.wards)} wards" if len(self.wards) > 1 else self.wards[0]] if self.wards else []
        about += ["for partners"] if self.audience == "partner" else []
        about += ["for everybody"] if self.audience == "public" else []
        return ": ".join([LABELS[self.kind], *([", ".join(about)] if about else [])])[:200]

    def list_arguments(self, *, today: dt.date) -> list[str]:
        """What would be typed after `hotspots`, without where to write.

        Each value stands in one argument with its option, so that none can be taken for another option.

        Args:
            today: In the local time zone.
        """
        options: dict[str, str | bool] = {}
        if self.kind == "map":
            options |= {"audience": self.audience, "each-ward": self.each_ward}
        elif self.kind == "pack":
            options |= {"audience": self.audience}
        elif self.kind == "ward briefs":
            options |= {"each-ward": True}
        elif self.kind == "tactical":
            options |= {"tasking": True, "weeks": str(self.weeks)}
        elif self.kind == "strategic":
            options |= {"strategic": True}
        elif self.kind == "patrol plan":
            day = self.day or today + dt.timedelta(days=(4 - today.weekday()) % 7)
            options |= {"date": day.isoformat(), "shift": self.shift, "patrols": str(self.patrols)}
        elif self.kind == "havens":
            options |= {"new": str(self.new_sites)}
        options |= {"from": self.start.isoformat()} if self.start else {}
        options |= {"to": self.end.isoformat()} if self.end else {}
        several = [("crime", slug) for slug in self.crimes] + [("ward", code) for code in self.wards]
        given = [f"--{name}" for name, value in options.items() if value is True]
        given += [f"--{name}={value}" for name, value in options.items() if isinstance(value, str)]
        return [*_COMMANDS[self.kind], *given, *(f"--{name}={value}" for name, value in several)]
