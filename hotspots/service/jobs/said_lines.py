"""What a command said, for whoever asked for it on a form: without how it is typed, and in the names of the fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hotspots.service.jobs.job_request import OPTIONS

_HOW_TO_TYPE = re.compile(r"Usage: |Try '.*' for help\.")
_SPEAKER = re.compile(r"^(hotspots|Error): ")
_FIELDS: Mapping[str, str] = {option: field for field, option in OPTIONS.items()}


def name_fields(lines: Iterable[str]) -> list[str]:
    """Lines of a command, with the field of a request in backticks for each option that it fills.

    Lines on how the command is typed are left out. Options that no field fills stay as they are.
    """
    told = (_SPEAKER.sub("", line) for line in lines if not _HOW_TO_TYPE.match(line))
    return [re.sub(r"--([a-z-]+)", _name_field, line) for line in told]


def _name_field(option: re.Match[str]) -> str:
    field = _FIELDS.get(option[1])
    return f"`{field}`" if field else option[0]
