"""The texts of posters: names that can be printed, hours of days that are alike, and who is named first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from hotspots.pipeline import Poster, PosterHaven
from hotspots.products.drawing.poster_fonts import is_printable
from hotspots.products.words import say

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri")
_LONGEST_NAME, _LONGEST_SUBJECT, _LONGEST_ADDRESS = 80, 120, 60


def name_haven(name: str, kind: str | None) -> str:
    """What stands for a name: the kind of place where the fonts lack its signs, and the beginning of a long one."""
    if is_printable(name):
        return shorten(name, _LONGEST_NAME)
    return _name_kind(kind) or say("poster.unnamed")


def name_subject(poster: Poster) -> str:
    """What stands for the name of the school or borough; empty where the fonts lack its signs."""
    return shorten(poster.name, _LONGEST_SUBJECT) if is_printable(poster.name) else ""


def describe_haven(haven: PosterHaven, poster: Poster, hours: tuple[int, int]) -> dict[str, Any]:
    """Everything about a haven on a poster as texts."""
    first, last = (60 * hour for hour in hours)
    name = name_haven(haven.name, haven.kind)
    kind = _name_kind(haven.kind)
    address = haven.address if haven.address and is_printable(haven.address) else ""
    address = shorten(address, _LONGEST_ADDRESS)
    is_always = is_open_throughout(haven, hours)
    return {
        "number": haven.number,
        "name": name,
        "address": address,
        "about": " · ".join(part for part in ("" if kind == name else kind, address) if part),
        "walk": say("poster.walk", haven),
        "open": say("poster.open", _group_days(haven, first, last)),
        "unless": "" if is_always else say("poster.open", _group_days(haven, first, last)),
    }


def is_open_throughout(haven: PosterHaven, hours: tuple[int, int]) -> bool:
    """Whether it is sure to be open for all of the hours on each school day."""
    whole = (60 * hours[0], 60 * hours[1])
    return all(whole in day.spans for day in haven.hours)


def pick_named(poster: Poster, most: int | None, hours: tuple[int, int]) -> list[tuple[list[int], int]]:
    """Which havens a list by ward names.

    Args:
        poster: Of a borough.
        most: Of one ward; None for all.
        hours: First and last hour after school. Those open throughout come first, then those with hours that are known.

    Returns:
        For each ward the positions of its named havens, in their order, and how many others it has.
    """
    of_ward: list[list[int]] = [[] for _ in poster.wards]
    for position, haven in enumerate(poster.havens):
        if haven.ward is not None:
            of_ward[haven.ward].append(position)

    def doubt(position: int) -> tuple[bool, bool, int]:
        haven = poster.havens[position]
        return not is_open_throughout(haven, hours), not all(day.spans for day in haven.hours), position

    named = [sorted(sorted(mine, key=doubt)[:most]) for mine in of_ward]
    return [(chosen, len(mine) - len(chosen)) for chosen, mine in zip(named, of_ward, strict=True)]


def shorten(text: str, longest: int) -> str:
    """The whole words that fit, and an ellipsis where there are more."""
    if len(text) <= longest:
        return text
    words = text[:longest].rpartition(" ")[0].rstrip(" ,;·-")
    return f"{words or text[: longest - 1]}\N{HORIZONTAL ELLIPSIS}"


def _name_kind(kind: str | None) -> str:
    named = kind.replace("_", " ").replace("(other kinds)", "").strip().capitalize() if kind else ""
    return named if is_printable(named) else ""


def _group_days(haven: PosterHaven, first: int, last: int) -> list[dict[str, Any]]:
    """Days with the same hours together, by the first of them; without their names where all five are alike."""
    alike: dict[tuple[Any, bool], list[int]] = {}
    for day in haven.hours:
        alike.setdefault((day.spans, day.is_known), []).append(day.day)
    return [
        {
            "days": "" if len(alike) == 1 else _name_days(days),
            "spans": spans,
            "is_known": is_known,
            "first": first,
            "last": last,
        }
        for (spans, is_known), days in alike.items()
    ]


def _name_days(days: Sequence[int]) -> str:
    """Mon-Thu, or Mon, Wed."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    names = [
        [f"{_DAYS[run[0]]}\N{EN DASH}{_DAYS[run[-1]]}"] if len(run) > 2 else [_DAYS[day] for day in run] for run in runs
    ]
    return ", ".join(itertools.chain.from_iterable(names))
