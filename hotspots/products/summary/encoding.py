"""The parts of a summary as typed records, and the plain JSON values that they become.

A field's type says all that a reader must know of it: `Annotated[float, Quantity("m", decimals=1)]`. Numbers are
rounded when a part is made and not when it is written, so that a page, a table and the file show the same one.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass
from typing import Annotated, Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

Summary = dict[str, Any]
"""A part of a summary as plain JSON values."""

_PLAIN = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a number measures and how exactly a summary states it; by default as it was computed.

    Attributes:
        unit: What it is in, such as "m"; None for a plain number.
        decimals: Digits after the point; below 0 for tens and hundreds.
        figures: Significant figures instead: a small density must not round to none.
    """

    unit: str | None = None
    _: KW_ONLY
    decimals: int | None = None
    figures: int | None = None

    def state(self, value: float | np.floating[Any]) -> float:
        """The number as it is stated, the same on every machine."""
        number = _require_finite(value)
        if self.figures is not None:
            return float(f"{number:.{self.figures}g}")
        return number if self.decimals is None else round(float(number), self.decimals) + 0.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """The form of a text, as a regular expression."""

    regex: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """The texts that a field may hold, where they are a tuple and not a `Literal`."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where in what was found a value is, if not in the attribute of the same name: "evidence.z", "interval.0"."""

    path: str

    def read(self, found: object) -> Any:
        """The value there."""
        value: Any = found
        for step in self.path.split("."):
            value = value[int(step)] if step.isdigit() else getattr(value, step)
        return value


class Spread:
    """Marks a part whose fields are written beside those of its parent, and left out where there is none."""


Share = Annotated[float, Quantity("share 0-1", decimals=4)]
SmallShare = Annotated[float, Quantity("share 0-1", figures=4)]
Probability = Annotated[float, Quantity("probability 0-1", figures=4)]
Hundredths = Annotated[float, Quantity(decimals=2)]
Thousandths = Annotated[float, Quantity(decimals=3)]
Tenths = Annotated[float, Quantity(decimals=1)]
Degrees = Annotated[float, Quantity("degrees", decimals=4)]
Metres = Annotated[float, Quantity("m")]
PerKm2 = Annotated[float, Quantity("per km²", figures=4)]
Month = Annotated[str, Pattern(r"^\d{4}-\d{2}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a summary: its fields are the keys of a JSON object, in their order.

    Values come as an analysis has them (NumPy scalars, lists for tuples, missing values) and are kept as their field's
    type says: rounded, plain, and None for what is missing or not finite.

    Attributes:
        view_of: The result that a part shows; its documentation describes the fields that have the same name.

    Raises:
        ValueError: A number is missing or not finite, and its field does not allow that.
    """

    view_of: ClassVar[type | None] = None

    def __post_init__(self) -> None:
        part: type = type(self)
        for name, clean in _find_cleaners(part).items():
            try:
                object.__setattr__(self, name, clean(getattr(self, name)))
            except (TypeError, ValueError) as error:
                error.add_note(f"In field {name} of {part.__name__}.")
                raise

    @classmethod
    def of(cls, found: object, /, **given: Any) -> Self:
        """A part from what was found: each field that is not given is read from there, by its name or its `Source`."""
        part: type = cls
        sources = _find_sources(part)
        return cls(**{name: source.read(found) for name, source in sources.items() if name not in given}, **given)


def encode(part: Part) -> Summary:
    """A part as plain JSON values: dates as ISO text, tuples as lists, and None for what is missing."""
    return _encode(part)  # type: ignore[no-any-return]


def find_types(part: type) -> dict[str, Any]:
    """The type of each field of a dataclass, with its annotations."""
    return dict(_read_types(part))


@functools.cache
def _read_types(part: type) -> dict[str, Any]:
    """The same: Python evaluates the text of each annotation, which is asked for three times."""
    hints = get_type_hints(part, include_extras=True)
    return {field.name: hints[field.name] for field in fields(part)}


def strip(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """A type without its annotations and without None; its annotations; and whether it allows None."""
    notes: tuple[Any, ...] = ()
    allows_none = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            notes += tuple(more)
        elif get_origin(hint) in (Union, types.UnionType):
            (hint,) = (arm for arm in get_args(hint) if arm is not type(None))
            allows_none = True
        else:
            return hint, notes, allows_none


@functools.cache
def find_spread(part: type) -> frozenset[str]:
    """The fields that are written beside those of the part."""
    return frozenset(name for name, hint in find_types(part).items() if Spread in strip(hint)[1])


@functools.cache
def _find_sources(part: type) -> dict[str, Source]:
    notes = {name: strip(hint)[1] for name, hint in find_types(part).items()}
    return {
        name: next((note for note in found if isinstance(note, Source)), Source(name)) for name, found in notes.items()
    }


@functools.cache
def _find_cleaners(part: type) -> dict[str, Callable[[Any], Any]]:
    return {name: _make_cleaner(hint) for name, hint in find_types(part).items()}


def _make_cleaner(hint: Any) -> Callable[[Any], Any]:
    """A function that makes of a value what its type says."""
    kind, notes, allows_none = strip(hint)
    clean = _make_strict_cleaner(kind, notes)
    return (lambda value: None if _is_missing(value) else clean(value)) if allows_none else clean


def _make_strict_cleaner(kind: Any, notes: tuple[Any, ...]) -> Callable[[Any], Any]:
    if kind is float:
        return next((note for note in notes if isinstance(note, Quantity)), Quantity()).state
    if kind in (int, bool, str):
        return kind  # type: ignore[no-any-return]
    if get_origin(kind) is tuple:
        arms = get_args(kind)
        if arms[-1] is Ellipsis:
            each = _make_cleaner(arms[0])
            return lambda values: tuple(each(value) for value in values)
        cleaners = [_make_cleaner(arm) for arm in arms]
        return lambda values: tuple(clean(value) for clean, value in zip(cleaners, values, strict=True))
    if get_origin(kind) is dict:
        of_value = _make_cleaner(get_args(kind)[1])
        return lambda values: {str(key): of_value(value) for key, value in values.items()}
    if isinstance(kind, type) and issubclass(kind, Part):
        return lambda value: value if isinstance(value, kind) else kind.of(value)
    return lambda value: value


def _is_missing(value: Any) -> bool:
    if isinstance(value, float | np.floating):
        return not math.isfinite(value)
    return value is None or value is pd.NA


def _require_finite(value: float | np.floating[Any]) -> float:
    if not math.isfinite(value):
        raise ValueError(f"A number of a summary must be finite, and {value} was given.")
    return value.item() if isinstance(value, np.generic) else value


@functools.cache
def _list_fields(part: type) -> tuple[tuple[str, bool], ...]:
    """The name of each field, and whether it is written beside those of the part."""
    spread = find_spread(part)
    return tuple((field.name, field.name in spread) for field in fields(part))


def _encode(value: Any) -> Any:
    if type(value) in _PLAIN:  # as most of a summary is
        return value
    if is_dataclass(value):
        part: type = type(value)
        encoded: Summary = {}
        for name, is_spread in _list_fields(part):
            inner = _encode(getattr(value, name))
            if is_spread:
                encoded |= inner or {}
            else:
                encoded[name] = inner
        return encoded
    if isinstance(value, Mapping):
        return {str(key): _encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_encode(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value
