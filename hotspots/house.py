"""The house: for whom a product is, how that is marked, and in whose name and style it is made."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from hotspots.errors import ParameterError, suggest_word
from hotspots.logos import Logo, read_logo

Audience = Literal["tasking", "partner", "public"]
"""For whom a product is: those who task patrols, organisations that work with them, or everybody."""
AUDIENCES: tuple[Audience, ...] = get_args(Audience)

MARKINGS: Mapping[Audience, str] = {"tasking": "OFFICIAL-SENSITIVE", "partner": "OFFICIAL", "public": "OFFICIAL"}
"""What is printed where a partnership has nothing of its own.

Source: Cabinet Office (2023), Government Security Classifications Policy. All information of public bodies is OFFICIAL
at least; -SENSITIVE is added where it must reach only those who need to know.
"""

MIN_CONTRAST = 4.5
"""Of letters on paper. Source: W3C (2023), Web Content Accessibility Guidelines 2.2, success criterion 1.4.3 (AA)."""

_LONGEST = {"name": 60, "contact": 120}
_LONGEST_MARKING = 60
_TITLE = "house"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


_MOST_PLACES = 500
_FURTHEST_M = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What a partnership has decided once, for all that is made in its name; None for what is usual.

    Attributes:
        n_patrol_places: How many places to patrol are listed, at most.
        reach_m: How far a safe haven reaches.

    Raises:
        ParameterError: One is not a number, or too low or high for the method.
    """

    n_patrol_places: int | None = None
    reach_m: float | None = None

    def __post_init__(self) -> None:
        n, reach_m = self.n_patrol_places, self.reach_m
        if n is not None and not (isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= _MOST_PLACES):
            raise ParameterError(
                f"`{_THRESHOLDS['n_patrol_places']}` must be a whole number of places to patrol from 1 to "
                f"{_MOST_PLACES}, not {n!r}. Correct it, or leave it out."
            )
        is_number = isinstance(reach_m, int | float) and not isinstance(reach_m, bool)
        if reach_m is not None and not (is_number and 0 < reach_m <= _FURTHEST_M):
            raise ParameterError(
                f"`{_THRESHOLDS['reach_m']}` must be a number of metres above 0 and at most {_FURTHEST_M:,}, not "
                f"{reach_m!r}. Correct it, or leave it out."
            )


_THRESHOLDS = {"n_patrol_places": "thresholds.places", "reach_m": "thresholds.reach_m"}
"""What they are called in a file of settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseStyle:
    """In whose name products are made, and how they are marked; without settings, in nobody's.

    Attributes:
        name: Of the partnership, in a line.
        logo: Left of the titles.
        colour: Of headings and rules, never of data: "#rrggbb", legible on white and white on it.
        contact: Whom to ask, in a line.
        markings: What is printed at the top and bottom of a product, by its audience; an empty text for nothing.
        thresholds: What is asked for where a command does not say otherwise.

    Raises:
        ParameterError: A text is not one line that can be printed, a colour is not one or is too pale, or a marking is
            for an audience that there is not.
    """

    name: str | None = None
    logo: Logo | None = None
    colour: str | None = None
    contact: str | None = None
    markings: Mapping[Audience, str] = field(default_factory=lambda: MARKINGS)
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        for name, longest in _LONGEST.items():
            value = getattr(self, name)
            if value is not None:
                _require_line(name, value, longest)
        if self.colour is not None:
            _require_colour(self.colour)
        for audience, marking in self.markings.items():
            if audience not in AUDIENCES:
                raise ParameterError(
                    f'Markings are for {", ".join(AUDIENCES)}; "{audience}" is not one of them.'
                    f"{suggest_word(str(audience), AUDIENCES)} Correct or remove it."
                )
            if marking != "":
                _require_line(f"markings.{audience}", marking, _LONGEST_MARKING)
        object.__setattr__(self, "markings", {**MARKINGS, **self.markings})


def require_audience(audience: str) -> Audience:
    """An audience that there is.

    Raises:
        ParameterError: There is none such.
    """
    for known in AUDIENCES:
        if audience == known:
            return known
    raise ParameterError(
        f'`audience` must be one of {", ".join(AUDIENCES)}; "{audience}" was given.{suggest_word(audience, AUDIENCES)}'
    )


def parse_house(table: Mapping[str, Any], path: Path) -> HouseStyle:
    """The table `[house]` of a file of settings.

    Args:
        table: As TOML has it.
        path: Of the file, to which that of the logo is relative.

    Raises:
        ParameterError: A key is not known, or a value is not what it should be.
        NotFoundError: The logo is not there.
        DataError: The logo may not stand on a page.
    """
    known = [one.name for one in dataclasses.fields(HouseStyle)]
    for key, value in table.items():
        if key not in known:
            hint = suggest_word(key, known) or f" It takes: {', '.join(known)}."
            raise ParameterError(f'{path.as_posix()} has an unknown key "{key}" in [{_TITLE}].{hint}')
        if key in ("markings", "thresholds"):
            if not isinstance(value, Mapping):
                raise ParameterError(f"{path.as_posix()}: {_TITLE}.{key} must be a table, [{_TITLE}.{key}].")
        elif not (isinstance(value, str) and value.strip()):
            raise ParameterError(
                f"{path.as_posix()}: {_TITLE}.{key} must be a text that is not blank, not {value!r}. Correct it, or "
                "leave it out."
            )
    values = dict(table)
    if "logo" in values:
        values["logo"] = read_logo(path.parent / values["logo"])
    try:
        if "thresholds" in values:
            values["thresholds"] = _parse_thresholds(values["thresholds"])
        return HouseStyle(**values)
    except ParameterError as error:
        raise ParameterError(f"{path.as_posix()}, [{_TITLE}]: {error}") from error


def _parse_thresholds(table: Mapping[str, Any]) -> Thresholds:
    names = {words.partition(".")[2]: name for name, words in _THRESHOLDS.items()}
    for key in table:
        if key not in names:
            raise ParameterError(
                f'Thresholds are {", ".join(names)}; "{key}" is not one of them.{suggest_word(key, names)} Correct or '
                "remove it."
            )
    return Thresholds(**{names[key]: value for key, value in table.items()})


def measure_contrast(colour: str) -> float:
    """The contrast of a colour with white: 1 of white itself, 21 of black.

    Args:
        colour: "#rrggbb".

    Source: W3C (2023), Web Content Accessibility Guidelines 2.2, relative luminance and contrast ratio.
    """
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares]
    luminance = sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 1.05 / (luminance + 0.05)


def _require_line(name: str, text: object, longest: int) -> None:
    if isinstance(text, str) and text.strip() and text.isprintable() and len(text) <= longest:
        return
    given = f"{text[:40]!r} has {len(text):,}" if isinstance(text, str) else f"{text!r} was given"
    raise ParameterError(
        f"`{name}` must be one line of 1 to {longest} printable characters; {given}. Shorten it, or leave it out."
    )


def _require_colour(colour: str) -> None:
    if not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise ParameterError(f'`colour` must be a colour as "#1f4e79", with six digits 0-9 and a-f, not {colour!r}.')
    ratio = measure_contrast(colour)
    if ratio < MIN_CONTRAST:
        raise ParameterError(
            f"`colour` must have a contrast with white of at least {MIN_CONTRAST}, to be read by everybody; that of "
            f"{colour} is {int(ratio * 100) / 100}. {_darken(colour)} is the same colour, dark enough."
        )


def _darken(colour: str) -> str:
    """The lightest shade of a colour that can be read on white."""
    channels = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    shades = ("#" + "".join(f"{one * step // 255:02x}" for one in channels) for step in range(255, -1, -1))
    return next(shade for shade in shades if measure_contrast(shade) >= MIN_CONTRAST)
