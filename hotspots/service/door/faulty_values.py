"""What is wrong with a value of a request, in plain words: what a library says of it is for who wrote the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_ANY_TEXT = "has to be a text"
_WORDS: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here. Leave it out",
    "literal_error": lambda told: f"has to be {told['expected']}",
    "enum": lambda told: f"has to be {told['expected']}",
    "int_parsing": "has to be a whole number",
    "int_parsing_size": "has to be a whole number of fewer digits",
    "int_type": "has to be a whole number",
    "int_from_float": "has to be a whole number",
    "bool_parsing": "has to be true or false",
    "bool_type": "has to be true or false",
    "string_type": _ANY_TEXT,
    "string_unicode": _ANY_TEXT,
    "string_pattern_mismatch": "has letters or signs that cannot be in it",
    "string_too_long": lambda told: f"has to be {told['max_length']} letters long at most",
    "too_long": lambda told: f"has to have {told['max_length']} entries at most",
    "greater_than_equal": lambda told: f"has to be {told['ge']} or more",
    "less_than_equal": lambda told: f"has to be {told['le']} or less",
    "tuple_type": "has to be a list",
    "list_type": "has to be a list",
    "model_type": "has to be a JSON object",
    "model_attributes_type": "has to be a JSON object",
    "dict_type": "has to be a JSON object",
}
"""By the kind of error, as Pydantic calls it."""
_A_DAY = "has to be a day such as 2026-09-30"
_USUAL = "is not what it has to be"
_BODY = "What was sent"


def say_faulty(error: Mapping[str, Any]) -> str:
    """A sentence on the first thing that is wrong, naming the field in backticks.

    Args:
        error: As Pydantic and FastAPI list it, with its type, its place and what it knows of the rule.
    """
    kind, place = str(error["type"]), [str(part) for part in error["loc"][1:]]
    if kind == "json_invalid":
        return f"{_BODY} is not JSON, from character {place[0] if place else 0} on. Send a JSON object."
    if kind == "value_error":
        return f"{str(error['msg']).removeprefix('Value error, ').rstrip('.')}."
    said = _A_DAY if kind.startswith("date_") else _WORDS.get(kind, _USUAL)
    words = said if isinstance(said, str) else said(error.get("ctx") or {})
    return f"`{'.'.join(place)}` {words}." if place else f"{_BODY} {words}."
