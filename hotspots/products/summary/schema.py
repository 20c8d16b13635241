"""The JSON Schema of summary.json, made from the parts of the summary.

`python -m hotspots.products.summary.schema` prints it; it is kept in docs/summary.schema.json.
"""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin

from hotspots.products.summary.encoding import OneOf, Part, Pattern, Quantity, find_spread, find_types, strip
from hotspots.products.summary.run_summary import RunSummary

Schema = dict[str, Any]

_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def make_schema(part: type[Part]) -> Schema:
    """The JSON Schema (draft 2020-12) of a part of a summary.

    Descriptions are those of the documentation of the part, or of the result that it shows. Beside the keywords of the
    draft, a number has its `unit` and the `decimals` or significant `figures` that it is rounded to.
    """
    definitions: dict[str, Schema] = {}
    described = _describe_part(part, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": part.__name__,
        **described,
        "$defs": dict(sorted(definitions.items())),
    }


def encode_schema() -> str:
    """The schema of summary.json as text."""
    return json.dumps(make_schema(RunSummary), ensure_ascii=False, indent=1) + "\n"


def _describe_part(part: type, definitions: dict[str, Schema]) -> Schema:
    """A dataclass as an object; what is within it goes to the definitions."""
    texts, spread = _read_attributes(part), find_spread(part)
    properties: Schema = {}
    required: list[str] = []
    together: dict[str, list[str]] = {}
    for name, hint in find_types(part).items():
        if name in spread:
            kind, _, may_be_left_out = strip(hint)
            inner = _describe_part(kind, definitions)
            properties |= inner["properties"]
            if may_be_left_out:
                first, *others = inner["required"]
                together[first] = others
            else:
                required += inner["required"]
        else:
            properties[name] = _describe(hint, definitions) | ({"description": texts[name]} if name in texts else {})
            required.append(name)
    return {
        "description": (inspect.getdoc(part) or "").partition("\n")[0],
        "type": "object",
        "properties": properties,
        "required": required,
        **({"dependentRequired": together} if together else {}),
        "additionalProperties": False,
    }


def _describe(hint: Any, definitions: dict[str, Schema]) -> Schema:
    """A type with its annotations; with null, where it allows that."""
    kind, notes, allows_none = strip(hint)
    described = _describe_kind(kind, definitions)
    for note in notes:
        described |= _describe_note(note)
    if not allows_none:
        return described
    if "type" not in described:
        return {"anyOf": [described, {"type": "null"}]}
    described["type"] = [described["type"], "null"]
    return described | ({"enum": [*described["enum"], None]} if "enum" in described else {})


def _describe_kind(kind: Any, definitions: dict[str, Schema]) -> Schema:
    origin, arms = get_origin(kind), get_args(kind)
    if kind in _NAMES:
        return {"type": _NAMES[kind]}
    if kind is dt.date:
        return {"type": "string", "format": "date"}
    if origin is Literal:
        return {"type": "string", "enum": list(arms)}
    if origin is tuple and arms[-1] is Ellipsis:
        return {"type": "array", "items": _describe(arms[0], definitions)}
    if origin is tuple:
        each = [_describe(arm, definitions) for arm in arms]
        return {"type": "array", "prefixItems": each, "items": False, "minItems": len(each)}
    if origin is dict:
        keys = {key: value for key, value in _describe(arms[0], definitions).items() if key != "type"}
        values = _describe(arms[1], definitions)
        return {"type": "object", **({"propertyNames": keys} if keys else {}), "additionalProperties": values}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}  # a place is kept, lest a part within itself goes on forever
            definitions[kind.__name__] = _describe_part(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    raise TypeError(f"A summary cannot hold {kind}.")


def _describe_note(note: Any) -> Schema:
    if isinstance(note, Quantity):
        said = {"unit": note.unit, "decimals": note.decimals, "figures": note.figures}
        return {key: value for key, value in said.items() if value is not None}
    if isinstance(note, Pattern):
        return {"pattern": note.regex}
    return {"enum": list(note.values)} if isinstance(note, OneOf) else {}


def _read_attributes(part: type) -> dict[str, str]:
    """What the documentation of a part, and of the result that it shows, says of each attribute."""
    view_of = getattr(part, "view_of", None)
    classes = [*reversed(view_of.__mro__ if view_of else ()), *reversed(part.__mro__)]
    texts: dict[str, str] = {}
    for kind in classes:
        _, _, attributes = (inspect.cleandoc(kind.__doc__ or "")).partition("Attributes:\n")
        attributes, _, _ = attributes.partition("\n\n")
        for entry in re.split(r"\n(?= {4}\S)", attributes):
            names, found, text = entry.partition(": ")
            if found:
                said = re.sub(r"\bNone\b", "null", " ".join(text.split()))
                texts |= dict.fromkeys(names.strip().split(", "), said)
    return texts


if __name__ == "__main__":
    print(encode_schema(), end="")
