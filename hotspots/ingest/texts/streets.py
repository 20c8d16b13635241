"""The street of an address: where an incident was, without the number or the name of a house.

A text is read part by part, from comma to comma. Postcodes, numbers of houses and what names a part of a house come
off; the last words of what is left say whether it is a street, a public place, a house or something else. The words
are in `streets.toml`.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import numpy as np
import pandas as pd

from hotspots.ingest.texts.house_numbers import ANY_NUMBER, DISTRICT, POSTCODE, level_numbers

_LISTS = tomllib.loads(resources.files("hotspots.ingest.texts").joinpath("streets.toml").read_text("utf-8"))
_LASTS = {name: frozenset(words.split()) for name, words in _LISTS.items() if name not in ("nearness", "grounds")}
_GROUNDS = frozenset(tuple(words.split()) for words in _LISTS["grounds"].strip().split("|"))
PLACE_WORDS = frozenset().union(*_LASTS.values())
"""Words for streets, public places, houses and their parts."""

_PHRASES = sorted(_LISTS["nearness"].replace("\n", "|").strip("|").split("|"), key=len, reverse=True)
_NEARNESS = "|".join(re.escape(phrase).replace(r"\ ", r"[\s/]+") for phrase in _PHRASES)
_NEAR_BEFORE = re.compile(rf"\W*(?:{_NEARNESS})\.?(?=\s|$)\s*|[^\w\s]+\s+", re.IGNORECASE)
_NEAR_AFTER = re.compile(rf"(?:^|(?<=[\s(]))(?:{_NEARNESS})\W*$|(?<=\s)[^\w\s]+$", re.IGNORECASE)

_BEGUN_POSTCODE = re.compile(rf"(?<=[^\W\d_])[\s.]+(?!A[0-9]){DISTRICT}(?:\s[0-9])?\W*$", re.IGNORECASE)
_MASK = re.compile(r"\[[^\]0-9]*\]")
_NUMBER_IN_BRACKETS = re.compile(r"\(([^()]*[0-9][^()]*)\)")
_BREAKS = re.compile(r"[,;|\r\n\t\[\]{}\"]+|\s[-\u2013\u2014]\s|:\s")
_HUNDRED_BLOCK = re.compile(
    r"\s*(?:[0-9]+X+(?![^\W_])|[0-9]+\s+(?:block|blk)\s+of\b(?!\s+(?:flats|apartments))|[0-9]*00\s+(?:block|blk)\b)",
    re.IGNORECASE,
)
_ROAD_NUMBER = re.compile(
    r"[ABM][0-9]{1,4}(?:\(?M\)?)?|(?:US|I|SR)-?[0-9]{1,3}|J[0-9]{1,2}[AB]?|[0-9]*(?:1[1-3]th|(?<!1)(?:1st|2nd|3rd)|[04-9]th)|O2|T[1-5]",
    re.IGNORECASE,
)
"""Words with digits that are no number of a house: roads, their junctions, streets that are counted, a few venues."""

_HOUSE_NUMBER = re.compile(
    r"(?!(?:19|20)\d\d$)[A-Z]?[0-9]{1,4}[A-Z]?(?:[-\u2013/&+][A-Z]?[0-9]{0,4}[A-Z]?)?", re.IGNORECASE
)
"""What stands alone for a house after the name of its street; a number of four digits may be a year."""

_PART = re.compile(r"[A-Z]?[0-9]+[A-Z]?(?:[-/&+][0-9A-Z]+)*|[A-Z]", re.IGNORECASE)
_MAY_NUMBER = re.compile(
    rf"\d|(?<![^\W_])(?:{'|'.join(sorted(_LASTS['parts_of_houses'] | _LASTS['homes']))})(?![^\W_])", re.IGNORECASE
)
"""What every text with a number or a part of a house matches, and few others."""

_JOINS = frozenset({"-", "\u2013", "&", "+", "/", "and", "to"})
_COMPASS = frozenset("NESW")
_MOST_WORDS = 5
"""A longer text after a number is a sentence."""

_N_NAMES = 2

_N_KEPT = 65_536
"""Texts of which the answer is kept: a street comes again in every part of a table, and in every table."""

_Kind = Literal["street", "venue", "block", "house", "other"]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a part of a text, what it is, and whether the number or the part of a house came off it."""

    name: str
    kind: _Kind
    is_numbered: bool


def name_streets(texts: pd.Series) -> pd.Series:
    """The street or public place of each text, without what leads to a house.

    | text | becomes |
    |---|---|
    | `114 Rye Lane`, `Rye Lane (114)`, `McDonalds, 114 Rye Lane` | `Rye Lane` |
    | `Flat 3, 22 Rye Lane SE15 4ST`, `1-7 Rye Lane`, `o/s 12A Rye Lane`, `Rose Cottage, Rye Lane` | `Rye Lane` |
    | `junction of Rye Lane and Elm Grove` | `Rye Lane and Elm Grove` |
    | `Lewisham Station`, `Platform 2`, `A205`, `5th Ave`, `10XX ALBERNI ST`, `1500 BLOCK OF MAIN ST` | the same |
    | `Rose Cottage`, `Flat 3`, `SE15 4ST` | missing |

    A text in which nothing is told to be a street keeps its words if it has no number, no postcode and no word for a
    home; it may be the name of a house all the same ("The Willows"), so a name at one place only is not to be shown.

    Args:
        texts: Text (n,), as objects, strings or categories; may be missing.

    Returns:
        Objects on the same index.
    """
    return _map_distinct(texts, _name, None)


def name_addresses(texts: pd.Series) -> pd.Series:
    """As `name_streets` for texts that are addresses; others, such as the names of places, are as they were."""
    return _map_distinct(texts, _name_address, None)


def find_addresses(texts: pd.Series) -> pd.Series:
    """Whether each text holds a postcode, or the number or a part of a house: bool on the same index."""
    return _map_distinct(texts, _find_address, False).astype(bool)


def _map_distinct(texts: pd.Series, convert: Callable[[str], object], missing: object) -> pd.Series:
    codes, unique = pd.factorize(texts)
    converted = np.array([*map(convert, map(str, np.asarray(unique, dtype=object))), missing], dtype=object)
    return pd.Series(converted[codes], index=texts.index, name=texts.name, dtype="object")


def _name(text: str) -> str | None:
    street = _name_street(level_numbers(text))
    return _name_street(text) if street and ANY_NUMBER in street else street


def _name_address(text: str) -> str | None:
    return _name(text) if _find_address(text) else text


def _find_address(text: str) -> bool:
    return _is_address(level_numbers(text))


def mask_postcodes(texts: pd.Series) -> pd.Series:
    """Texts with the second half of each postcode replaced by `[postcode]`: some fifteen homes share a whole one."""
    return _map_distinct(texts, lambda text: POSTCODE.sub(r"\1 [postcode]", text), None)


def is_street(name: str) -> bool:
    """Whether the last word of a name says that it is of a street."""
    return _read(name).kind == "street"


def is_public_place(name: str) -> bool:
    """Whether a name is of a public place such as a station, or of a block of a hundred numbers."""
    return _read(name).kind == "venue" or _HUNDRED_BLOCK.match(name) is not None


@lru_cache(maxsize=_N_KEPT)
def _is_address(text: str) -> bool:
    if not _MAY_NUMBER.search(text):
        return False
    parts, has_postcode, _ = _take_apart(text)
    return has_postcode or any(part.is_numbered and _has_houses(part) for part in parts)


def _is_geometry(part: _Part) -> bool:
    """Whether what follows are coordinates, as in WKT, and no number of a house."""
    return _key(part.name.split()[-1]) == "point"


def _has_houses(part: _Part) -> bool:
    return part.kind == "street" or (part.kind in ("block", "house") and " " in part.name)


@lru_cache(maxsize=_N_KEPT)
def _name_street(text: str) -> str | None:
    parts, has_postcode, has_number = _take_apart(text)
    by_kind = {kind: [part for part in parts if part.kind == kind] for kind in ("street", "venue", "block", "other")}
    is_plain = not (has_postcode or has_number or any(part.is_numbered or part.kind == "house" for part in parts))
    if is_plain and not by_kind["street"] and not _MASK.search(text):
        return (parts[0].name if len(parts) == 1 else text.strip()) or None
    if by_kind["street"]:
        # of a public place its name, not the word "shop" alone
        named = [part for part in parts if part.kind == "street" or (part.kind == "venue" and " " in part.name)]
    else:
        numbered = [part for part in by_kind["other"] if part.is_numbered]
        named = by_kind["venue"] or numbered or by_kind["block"][:1] or by_kind["other"][:1]
    return ", ".join(list(dict.fromkeys(part.name for part in named))[:_N_NAMES]) or None


@lru_cache(maxsize=8)  # whoever has found an address asks for its street
def _take_apart(text: str) -> tuple[tuple[_Part, ...], bool, bool]:
    """The parts of which something is left, whether there was a postcode, and whether a number alone at the end."""
    bare, n_postcodes = POSTCODE.subn(" , ", _MASK.sub(" , ", text))
    parts, is_numbered = [], False
    for piece in _BREAKS.split(_NUMBER_IN_BRACKETS.sub(r" , \1 , ", bare)):
        without = _BEGUN_POSTCODE.sub("", piece)
        if without != piece and _trim(without.split()):  # "near M1" is a motorway
            piece, n_postcodes = without, n_postcodes + 1
        part = _read(piece, is_numbered=is_numbered)
        # a number alone is that of the street after it: "114, Peckham High Street"
        is_numbered = part.is_numbered and not part.name
        if part.name:
            parts.append(part)
        elif part.is_numbered and _is_house_number(piece):
            # or of the one before it: "Rye Lane (114)"
            parts = [
                dataclasses.replace(one, is_numbered=one.is_numbered or (_has_houses(one) and not _is_geometry(one)))
                for one in parts
            ]
    return tuple(parts), n_postcodes > 0, is_numbered


@lru_cache(maxsize=_N_KEPT)  # most addresses end in the same towns
def _read(piece: str, *, is_numbered: bool = False) -> _Part:
    rest = piece[block.end() :].split() if (block := _HUNDRED_BLOCK.match(piece)) else []
    if rest and not _drop_numbers(rest).is_numbered:
        return _Part(" ".join(piece.split()), "street", is_numbered=False)
    found = _drop_numbers(piece.split())
    # "McDonalds 114 Peckham High Street"
    after = _trim(found.words[found.n_before :])
    words = after if _tell(after) == "street" else _trim(found.words)
    kind = _tell(words)
    if kind == "street":
        words = _drop_house(words)
    elif kind == "other" and found.is_numbered:
        if street := _find_street(words):
            words, kind = street, "street"
        elif len(words) > _MOST_WORDS:
            words = []
    if found.is_home and kind != "street":
        kind = "house"
    name = " ".join(words).strip(" :-\u2013/&#*+'(").removesuffix(" )")
    return _Part(
        name if any(letter.isalpha() for letter in name) else "",
        kind,
        is_numbered=is_numbered or found.is_numbered or found.is_home,
    )


@dataclass(frozen=True, slots=True)
class _Dropped:
    """The words that are left once numbers and parts of houses are dropped.

    Attributes:
        words: They.
        n_before: How many of them stand before the last one dropped.
        is_numbered: Whether a number or a part of a house was dropped.
        is_home: Whether a word said that it is a home.
    """

    words: list[str]
    n_before: int
    is_numbered: bool
    is_home: bool


def _drop_numbers(words: list[str]) -> _Dropped:
    if not _MAY_NUMBER.search(" ".join(words)):
        return _Dropped(words, 0, is_numbered=False, is_home=False)
    kept: list[str] = []
    n_before, is_home, is_numbered, i = 0, False, False, 0
    while i < len(words):
        key, following = _key(words[i]), _key(words[i + 1]) if i + 1 < len(words) else ""
        n_dropped = 0
        if key in _LASTS["parts_of_houses"] and _is_part(words, i + 1):
            n_dropped = 2
        elif key in _LASTS["parts_of_houses"] and following in _LASTS["parts_of_houses"] and _is_part(words, i + 2):
            n_dropped = 1  # "flat no 3"
        elif any(map(str.isdigit, words[i])) and not _is_name(words, i):
            n_dropped = 1
            if len(following) == 1 and words[i + 1].isupper() and words[i + 1] not in _COMPASS:
                n_dropped = 2  # "12 A Mill Lane"
        elif key in _JOINS and is_numbered and n_before == len(kept) and following[:1].isdigit():
            n_dropped = 1
        is_numbered |= n_dropped > 0
        if key in _LASTS["homes"]:
            is_home, n_dropped = True, max(n_dropped, 1)
        if n_dropped:
            n_before = len(kept)
        else:
            kept.append(words[i])
        i += max(n_dropped, 1)
    return _Dropped(kept, n_before, is_numbered, is_home)


def _is_part(words: list[str], i: int) -> bool:
    """Whether a word is the number or the letter of a flat; a small letter may be a word ("no a")."""
    if i >= len(words):
        return False
    word = words[i].strip(".:#'\"()")
    return bool(_PART.fullmatch(word)) and (len(word) > 1 or word.isdigit() or word.isupper())


def _is_house_number(piece: str) -> bool:
    """Whether words say only which house or which part of one, as "no 114", "114 and 116" and "first floor flat" do."""
    is_silent = _LASTS["parts_of_houses"] | _LASTS["homes"] | _JOINS
    keys = [_key(word) for word in _trim(piece.split())]
    return bool(keys) and all(key in is_silent or _HOUSE_NUMBER.fullmatch(key) for key in keys)


def _is_name(words: list[str], i: int) -> bool:
    word, before = words[i].strip(".:'\"()"), [_key(word) for word in words[max(i - 2, 0) : i]]
    is_counted = bool(before) and (before[-1] in _LASTS["numbered"] or tuple(before) in _GROUNDS)
    return bool(_ROAD_NUMBER.fullmatch(word)) or (is_counted and word.rstrip("abcABC").isdigit())


def _key(word: str) -> str:
    return word.casefold().strip(".:#*'\"\u2019!?()")


def _trim(words: list[str]) -> list[str]:
    """The words without phrases of nearness before and after them, and without signs that stand alone."""
    text, before = " ".join(words), None
    while text != before:
        before = text
        text = _NEAR_AFTER.sub("", _NEAR_BEFORE.sub("", text, count=1) if _NEAR_BEFORE.match(text) else text).strip()
    return text.split()


def _tell(words: list[str]) -> _Kind:
    keys = [_key(word) for word in words]
    if tuple(keys[-2:]) in _GROUNDS or tuple(keys[-3:-1]) in _GROUNDS:
        return "venue"
    if len(keys) > 1 and keys[-1] in _LASTS["sides"] and keys[-2] in _LASTS["streets"]:
        return "street"
    last = keys[-1] if keys else ""
    if last == "house" and len(keys) > 1 and keys[-2] in _LASTS["public_houses"]:
        return "venue"
    if last == "house" and keys[0] == "the":
        return "other"  # most are pubs
    kinds: tuple[tuple[_Kind, str], ...] = (("street", "streets"), ("venue", "venues"), ("block", "blocks"))
    found = next((kind for kind, name in kinds if last in _LASTS[name]), None)
    return found or ("house" if last in _LASTS["houses"] else "other")


def _drop_house(words: list[str]) -> list[str]:
    """The street after the name of a house: of "Rose Cottage Mill Lane" the last two words."""
    keys = [_key(word) for word in words]
    for i in range(len(words) - 3, 0, -1):
        # "Cottage Street" is one; in "Rose Cottage St Mary's Road" it is a saint
        is_street = keys[i + 1] in _LASTS["streets"] and not (keys[i + 1] == "st" and i + 3 < len(words))
        if keys[i] in _LASTS["houses"] - {"manor"} and not is_street:
            return words[i + 1 :]
    return words


def _find_street(words: list[str]) -> list[str]:
    """The words up to the last one that ends a street, but for "St" of a saint: a town follows it."""
    keys = [_key(word) for word in words]
    ends = [i for i in range(1, len(words)) if keys[i] in _LASTS["streets"] and keys[i] != "st"]
    return words[: ends[-1] + 1] if ends else []
