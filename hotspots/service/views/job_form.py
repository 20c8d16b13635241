"""The form for a run: what was typed, what of it is wrong, and the request that it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError
from starlette.datastructures import ImmutableMultiDict

from hotspots.errors import DataError, ParameterError
from hotspots.service.jobs import FIELDS, JobKind, JobRequest, require_known
from hotspots.service.state import ServiceSettings
from hotspots.settings import Settings

FIELD_LABELS: Mapping[str, str] = {
    "crimes": "Crimes",
    "start": "First day",
    "end": "Last day",
    "wards": "Wards",
    "audience": "For whom",
    "each_ward": "A product for each ward as well",
    "weeks": "Weeks to look back upon",
    "day": "Day of the shift",
    "shift": "Times of the shift",
    "patrols": "Patrols",
    "new_sites": "New safe havens to place",
}
"""What the form calls each field."""

KINDS_IN_WORDS: Mapping[JobKind, str] = {
    "map": "Where a crime gathers, where to patrol, and what has changed, with all tables.",
    "pack": "A map of each crime and a page for each ward, in one file: for the meeting of the fortnight.",
    "ward briefs": "One page for the team of each ward: its places, its hours, its safe havens.",
    "tactical": "What happened in the last weeks and what to do about it, for the tasking meeting.",
    "strategic": "The year and what to put first, for the yearly assessment.",
    "patrol plan": "Who goes where and when in one shift, as a table, a map and a calendar.",
    "havens": "Where a safe haven is far away, and where new ones would help most.",
    "performance": "Twelve months of each crime beside its targets and beside areas like it.",
}
"""What each kind of product is good for."""

_RULES: Mapping[str, str] = {
    "crimes": "There is no such crime. Choose from the list.",
    "start": "Write a day as 2026-09-30, or leave it empty.",
    "end": "Write a day as 2026-09-30, or leave it empty.",
    "wards": "There is no such ward. Choose from the list.",
    "audience": "Choose one of these.",
    "weeks": "Choose one of these.",
    "day": "Write a day as 2026-09-30, or leave it empty.",
    "shift": "Write the times as 14:00-22:00.",
    "patrols": "Write a whole number from 1 to 20.",
    "new_sites": "Write a whole number from 1 to 50.",
}
"""What is said of a field that is not as it has to be."""

_SEVERAL = ("crimes", "wards")
_LONGEST_KEPT = 400
KINDS: Sequence[JobKind] = get_args(JobKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedJob:
    """What somebody typed into the form, to stand in it again where it is wrong.

    Attributes:
        kind: Of product.
        texts: By field; what is ticked is "on".
        lists: Of the fields that take several.
    """

    kind: JobKind
    texts: Mapping[str, str]
    lists: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls, kind: JobKind, given: ImmutableMultiDict[str, Any]) -> TypedJob:
        """What a form or an address says, by field: fields that the kind does not have are left out."""
        texts, lists = {}, {}
        for name in FIELDS[kind]:
            typed = [one.strip()[:_LONGEST_KEPT] for one in given.getlist(name) if isinstance(one, str)]
            values = [one for one in typed if one]
            if name in _SEVERAL:
                lists[name] = values
            elif values:
                texts[name] = values[0]
        return cls(kind=kind, texts=texts, lists=lists)

    def make_request(self, settings: Settings, service: ServiceSettings) -> tuple[JobRequest | None, dict[str, str]]:
        """The request; or None, and what is wrong by field, where "" is of the whole form.

        Args:
            settings: Of the workspace, whose crimes and wards can be named.
            service: Of the service.
        """
        values: dict[str, Any] = {**self.texts, **{name: tuple(held) for name, held in self.lists.items() if held}}
        if "each_ward" in values:
            values["each_ward"] = True
        if values.get("weeks", "").isdecimal():
            values["weeks"] = int(values["weeks"])
        try:
            request = JobRequest(kind=self.kind, **values)
            require_known(request, settings, service)
        except ValidationError as error:
            return None, dict(_say(one) for one in reversed(error.errors(include_url=False, include_input=False)))
        except (ParameterError, DataError) as error:
            return None, dict([_say_named(str(error))])
        return request, {}


def name_fields(text: str) -> str:
    """A text in which fields stand in backticks, with what the form calls them."""
    return re.sub(r"`(\w+)`", lambda found: f'"{FIELD_LABELS.get(found[1], found[1])}"', text)


def _say(error: Any) -> tuple[str, str]:
    """The field that an error is of, and what is said beside it."""
    if not error["loc"]:
        return _say_named(f"{error['msg'].removeprefix('Value error, ')}.")
    name = str(error["loc"][0])
    if error["type"] == "too_long":
        return name, f"Choose {error['ctx']['max_length']:,} at most."
    return name, _RULES.get(name, "This is not what it has to be.")


def _say_named(message: str) -> tuple[str, str]:
    """The field that a message names first, and the message."""
    named = re.search(r"`(\w+)`", message)
    return (named[1] if named else ""), name_fields(message)
