"""What the text of a location says: the street or public place that may be shown, and the kind of place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.texts import (
    NAME_MASK,
    find_addresses,
    list_distinct,
    map_texts,
    mask_personal_data,
    name_addresses,
    name_streets,
    spread_texts,
)

_NO_PLACE = ("No Location", "On or near")
"""What police.uk writes for a row without a place, and for a point whose street has no name."""

_CAPITAL_S = re.compile(r"(?<=[a-z])(['\u2019])S\b")
"""As in "Queen'S Road", which is how police.uk writes streets that are somebody's."""

N_REMEMBERED = 131_072
"""Texts that are remembered: all that a police force publishes in years, and more than one table of others has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLocations:
    """The locations of some rows, by the names that may be shown.

    Attributes:
        name: Categorical (n_rows,), the street or the public place; missing where there is none.
        mark: int16 (n_rows,), tells two houses of a street from each other; 0 where there is no text.
        told_kind: Categorical (n_rows,), the kind of place that the text is a word for, or missing.
        is_masked: bool (n_rows,), whether personal data were taken out of the text.
    """

    name: pd.Series
    mark: npt.NDArray[np.int16]
    told_kind: pd.Series
    is_masked: npt.NDArray[np.bool_]


class _Told(NamedTuple):
    """What one text says; see `NamedLocations`."""

    name: str | None
    mark: int
    kind: str | None
    is_masked: bool


def name_locations(texts: pd.Series, profile: SourceProfile) -> NamedLocations:
    """Name the locations of rows, each distinct text once, however many parts of a table and tables have it.

    Args:
        texts: Categorical text (n_rows,), as the source has it.
        profile: Whether the names are those that a police force has published, and the words for kinds of places.
    """
    meant = tuple((word.casefold(), kind) for word, kind in profile.location_kinds.items())
    known = _recall(profile.is_anonymised, meant)
    given = [*map(str.strip, list_distinct(texts))]
    remembered = [*map(known.get, given)]
    unknown = [text for text, answer in zip(given, remembered, strict=True) if answer is None]
    told = dict(zip(unknown, _read(unknown, dict(meant), is_anonymised=profile.is_anonymised), strict=True))
    if len(known) < N_REMEMBERED:
        known.update(told)
    answers = [answer or told[text] for text, answer in zip(given, remembered, strict=True)]
    names, marks, kinds, is_masked = zip(*answers, _Told(None, 0, None, is_masked=False), strict=True)
    codes = texts.cat.codes.to_numpy()
    return NamedLocations(
        name=spread_texts(texts, names[:-1]),
        mark=np.array(marks, dtype=np.int16)[codes],
        told_kind=spread_texts(texts, kinds[:-1]),
        is_masked=np.array(is_masked)[codes],
    )


@lru_cache(maxsize=8)
def _recall(is_anonymised: bool, meant: tuple[tuple[str, str], ...]) -> dict[str, _Told]:
    """What has been read of texts in this way."""
    return {}


def _read(texts: list[str], meant: Mapping[str, str], *, is_anonymised: bool) -> Iterator[_Told]:
    given = [None if text in _NO_PLACE else text for text in texts]
    # what a police force publishes of a place is the name of its street
    masked = given if is_anonymised else mask_personal_data(pd.Series(given, dtype="object")).tolist()
    # and what is left of a text once a name is taken from it may be that person's address
    shown = [None if text is None or NAME_MASK in text else text.strip() for text in masked]
    find_streets = name_addresses if is_anonymised else name_streets
    marks = pd.util.hash_array(np.array([text or "" for text in shown], dtype=object), categorize=False)
    for was, text, kept, street, mark in zip(
        given,
        masked,
        shown,
        find_streets(pd.Series(shown, dtype="object")),
        marks.astype(np.uint16).view(np.int16),
        strict=True,
    ):
        kind = meant.get(was.casefold().removeprefix("on or near ")) if was else None
        name = street and _CAPITAL_S.sub(r"\1s", street)
        yield _Told(name, int(mark) if kept else 0, kind, text != was)


def find_kinds(stated: pd.Series, told: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """The kind of place of each row: the one stated, by the words of a profile; otherwise the one that its name tells.

    Args:
        stated: Categorical text (n_rows,) of the column of kinds.
        told: See `NamedLocations`.
        words: Kinds by the words that stand for them.
    """
    meant = {word.casefold(): kind for word, kind in words.items()}
    shown = map_texts(mask_personal_data(stated), lambda text: text.mask(find_addresses(text)))
    kinds = map_texts(shown, lambda text: text.str.casefold().map(lambda word: meant.get(word, word)))
    if not meant:
        return kinds
    return first_known([kinds, told] if kinds.notna().any() else [told], told)


def first_known(columns: Sequence[pd.Series], nothing: pd.Series) -> pd.Series:
    """The first text of each row over several columns; `nothing` where there is no column."""
    if len(columns) < 2:
        return columns[0] if columns else nothing
    found = columns[0].astype("object")
    for other in columns[1:]:
        found = found.where(found.notna(), other.astype("object"))
    return found.astype("category")
