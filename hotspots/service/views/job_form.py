"""The form for a run: what was typed, what of it is wrong, and the request that it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from hotspots.service.jobs import FIELDS, JobKind, JobRequest

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

_RULES: Mapping[str, str] = {
    "crimes": "Choose 40 crimes at most, by their names.",
    "start": "Write a day as 2026-09-30, or leave it empty.",
    "end": "Write a day as 2026-09-30, or leave it empty.",
    "wards": "Write codes such as E05000540, with spaces between them, or leave it empty.",
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
_GAPS = re.compile(r"[\s,;]+")
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
    def read(cls, kind: JobKind, given: Mapping[str, Sequence[str]]) -> TypedJob:
        """What a form says, by field: fields that the kind does not have are left out."""
        texts, lists = {}, {}
        for name in FIELDS[kind]:
            values = [value.strip()[:_LONGEST_KEPT] for value in given.get(name, ())]
            if name in _SEVERAL:
                lists[name] = [one for value in values for one in _GAPS.split(value) if one]
            elif values and values[0]:
                texts[name] = values[0]
        return cls(kind=kind, texts=texts, lists=lists)

    def make_request(self) -> tuple[JobRequest | None, dict[str, str]]:
        """The request; or None, and what is wrong by field, where "" is of the whole form."""
        values: dict[str, Any] = {**self.texts, **{name: tuple(held) for name, held in self.lists.items() if held}}
        if "each_ward" in values:
            values["each_ward"] = True
        if values.get("weeks", "").isdecimal():
            values["weeks"] = int(values["weeks"])
        try:
            return JobRequest(kind=self.kind, **values), {}
        except ValidationError as error:
            return None, dict(_say(one) for one in reversed(error.errors(include_url=False, include_input=False)))


def _say(error: Any) -> tuple[str, str]:
    """The field that an error is of, and what is said beside it."""
    if error["loc"]:
        name = str(error["loc"][0])
        return name, _RULES.get(name, "This is not what it has to be.")
    message = str(error["msg"]).removeprefix("Value error, ")
    named = re.findall(r"`(\w+)`", message)
    said = re.sub(r"`(\w+)`", lambda found: f'"{FIELD_LABELS.get(found[1], found[1])}"', message)
    return (named[0] if named else ""), f"{said}."
