"""What services answer: JSON of the shape that it must have, and words that may be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hotspots.errors import DataError

_MAX_LETTERS = 200
"""Of a text that a server chose, in a message or a name."""

_NEXT_STEP = (
    "Run the same command again later. If it stays, the service has changed: take another `vintage`, or download the "
    "file by hand and give it to hotspots run."
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Values that may stand in one place.

    Attributes:
        called: What they are, as a message says it.
        holds: Whether a value is one of them.
    """

    called: str
    holds: Callable[[Any], bool]


Shape = Kind | list[Any] | dict[str, Any]
"""A kind of values; a list of one shape, which all entries have; or shapes by their keys, `key?` where it may lack."""

TEXT = Kind("a text", lambda value: isinstance(value, str))
NAME = Kind(
    f"a text of up to {_MAX_LETTERS} letters that print",
    lambda value: isinstance(value, str) and len(value) <= _MAX_LETTERS and value.replace("\xa0", " ").isprintable(),
)
COUNT = Kind("a whole number from 0", lambda value: type(value) is int and 0 <= value < 2**53)  # a bool is an int too
FLAG = Kind("true or false", lambda value: isinstance(value, bool))

_KINDS = {type(None): "nothing", bool: "true or false", str: "a text", list: "a list", dict: "an object"}


def take_shape(value: Any, shape: Shape, *, address: str, place: str = "") -> Any:
    """What a shape names of a JSON document; other keys are left out.

    Args:
        value: The document.
        shape: What it must be.
        address: Who sent it.
        place: Where in the document the value stands.

    Raises:
        DataError: Something in it is of another kind.
    """
    kind = shape if isinstance(shape, Kind) else _LIST if isinstance(shape, list) else _OBJECT
    if not kind.holds(value):
        raise DataError(
            f"{address} should send {kind.called} as {place.removeprefix('.') or 'its answer'}; it sent "
            f"{_KINDS.get(type(value), 'a number')}. {_NEXT_STEP}"
        )
    if isinstance(shape, list):
        return [take_shape(one, shape[0], address=address, place=f"{place}[{n}]") for n, one in enumerate(value)]
    if isinstance(shape, dict):
        taken = {}
        for key, part in shape.items():
            name = key.removesuffix("?")
            found = value.get(name)
            lacks = found is None and name != key
            taken[name] = None if lacks else take_shape(found, part, address=address, place=f"{place}.{name}")
        return taken
    return value


def shorten(text: str) -> str:
    """A text that a server chose, as far as a message shows it: one line, not long, of letters that print."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[:_MAX_LETTERS])
    return " ".join(line.split()) + ("\N{HORIZONTAL ELLIPSIS}" if len(text) > _MAX_LETTERS else "")


_LIST = Kind("a list", lambda value: isinstance(value, list))
_OBJECT = Kind("an object", lambda value: isinstance(value, dict))
