"""What the text of a location says: the street or public place that may be shown, and the kind of place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def name_locations(texts: pd.Series, profile: SourceProfile) -> NamedLocations:
    """Name the locations of rows, each distinct text once.

    Args:
        texts: Categorical text (n_rows,), as the source has it.
        profile: Whether the names are those that a police force has published, and the words for kinds of places.
    """
    given = [None if text in _NO_PLACE else text for text in map(str.strip, list_distinct(texts))]
    # what a police force publishes of a place is the name of its street
    masked = given if profile.is_anonymised else mask_personal_data(pd.Series(given, dtype="object")).tolist()
    # and what is left of a text once a name is taken from it may be that person's address
    shown = pd.Series([None if text is None or NAME_MASK in text else text.strip() for text in masked], dtype="object")
    named = name_addresses(shown) if profile.is_anonymised else name_streets(shown)
    meant = {word.casefold(): kind for word, kind in profile.location_kinds.items()}
    told = [text and meant.get(text.casefold().removeprefix("on or near ")) for text in given] if meant else []
    is_masked = np.array([*(text != was for text, was in zip(masked, given, strict=True)), False], dtype=bool)
    codes = texts.cat.codes.to_numpy()
    return NamedLocations(
        name=spread_texts(texts, named),
        mark=_mark_texts(shown)[codes],
        told_kind=spread_texts(texts, told or [None] * len(given)),
        is_masked=is_masked[codes],
    )


def _mark_texts(texts: pd.Series) -> npt.NDArray[np.int16]:
    """A mark for each text, 0 where it is missing; and a last one of 0 for rows without any."""
    marks = pd.util.hash_array(texts.fillna("").to_numpy(), categorize=False).astype(np.uint16).view(np.int16)
    return np.append(np.where(texts.notna(), marks, np.int16(0)), np.int16(0))


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
