"""The rule for every text of a file that a product, a message, a log or the store may hold.

A text leaves if it is known: the name of a street, a public place, a kind of place, a column. Any other leaves only if
many rows share it and nothing in it is personal by its form. What is left is counted, or described by its form. The
words that are known are in `release.toml`, and in the lists of streets and of masks.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import pandas as pd

from hotspots.ingest.texts.masking import EVERYDAY_WORDS, NAME_MASK, mask_text
from hotspots.ingest.texts.streets import (
    PLACE_WORDS,
    find_addresses,
    is_public_place,
    is_street,
    mask_postcodes,
    name_streets,
)

MANY_ROWS = 10
"""A text that so many rows of a table share is no longer about one of them."""

_VERY_MANY_ROWS = 100
"""A category of words that nobody knows has so many, and a person has not."""

OTHER_TEXTS = "(other texts)"
OTHER_KINDS = "(other kinds)"
BLANK_TEXT = "(blank)"
"""What stands for texts that are counted, and for those that are not there."""

_LISTS = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(
        resources.files("hotspots.ingest.texts").joinpath("release.toml").read_text("utf-8")
    ).items()
}
COLUMN_WORDS = _LISTS["columns"]
_KINDS_OF_PLACES = _LISTS["places"] | PLACE_WORDS

_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_PLACE_PARTS = re.compile(r",\s*|\s+(?:and|&|/|@)\s+", re.IGNORECASE)
_SNAPPED = re.compile(r"On or near (?!$)", re.IGNORECASE)
"""How police.uk calls the point that it moves a crime to."""

_BREAKS = frozenset({"Cc", "Zl", "Zp", "Zs"})
"""Categories of Unicode: controls, such as the end of a line, and blanks of all kinds."""

_REFERENCE = re.compile(
    r"\d{4}|\d[\d\s./-]{4,}\d|(?<![^\W_])(?=[^\W_]*[a-z])(?=(?:[^\W_]*\d){3})[^\W_]{5,}", re.IGNORECASE
)
"""Enough digits to be the number of somebody or something: a telephone, a crime, an officer, a house and flat."""

_NUMBER = re.compile(r"(?<![^\W_])(?=(?:[^\W_]*\d){5})(?:\d{6,}|[^\W_]*[^\W\d_][^\W_]*)(?![^\W_])")
_DATE_OR_CODE = re.compile(
    r"[EWSN]\d{8}|\D*(?:(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:\d\d(?:T?\d{4}(?:\d\d)?)?)?"
    r"|(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])(?:19|20)\d\d)\D*|epsg\d+",
    re.IGNORECASE,
)
"""A word of the name of a file that is the number of something, and one that is not."""

_PARTED = re.compile(r"\[[^\]]*\]|[_-]|(?<=[^\W\d_A-Z])(?=[A-Z])")
"""What parts words in the name of a file, beside blanks; not in a mask."""

_AREA_CODE = re.compile(r"[EWSN]\d{8}|(?!(?:.*\d){4})(?=.*\d)[\w-]{1,6}")
_HOME = re.compile(r"\b(?:flat|apartment|apt)\W*\d", re.IGNORECASE)
_MASK = re.compile(r"\[[^\]]*\]")

_SCHOOL = re.compile(
    r"[^()\[\],:;0-9]+\b(?:school|academy|college|nursery|kindergarten|sixth form|university technical college)",
    re.IGNORECASE,
)
"""The whole name of a school, after whomever it is called."""

_FEWEST_LETTERS = 5
"""What is shorter begins names too, as "rac*" does."""

_MOST_WORDS_OF_A_PLACE = 6
_MOST_WORDS = 12
_MOST_LETTERS = 80

_SHOWN_WHOLE = re.compile(
    r"(?P<degrees>(?<![\w.])[-+]?\d{1,3}\.\d{3,}(?![\w.]))"
    r"|(?<![\w.])[-+]?0(?:\.0+)?(?![\w.])"
    r"|(?<!\w)[EWSN]\d{8}(?!\w)"  # the code of an area
    r"|(?<!\w)[A-Z]{1,2}\d[A-Z\d]? \[postcode\]"
    r"|\[(?:date|e-mail|name|NI number|number|phone|postcode|vehicle)\]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that may be shown.

    Attributes:
        words: In lower case.
        beginnings: What other such words begin with.
    """

    words: frozenset[str]
    beginnings: tuple[str, ...] = ()

    def holds(self, text: str) -> bool:
        """Whether a text has words, and all of them are known."""
        words = _list_words(text)
        return bool(words) and all(word in self.words or word.startswith(self.beginnings) for word in words)


def know_categories(words: Iterable[str]) -> Vocabulary:
    """The vocabulary of categories of offences: everyday words, and those given; "*" at an end is any ending."""
    given = {part for word in words for part in word.casefold().split()}
    return Vocabulary(
        words=frozenset(word for word in given if "*" not in word)
        | _LISTS["categories"]
        | EVERYDAY_WORDS
        | {BLANK_TEXT.strip("()")},
        beginnings=tuple(
            sorted(word.removesuffix("*") for word in given if word.endswith("*") and len(word) > _FEWEST_LETTERS)
        ),
    )


def release_places(texts: pd.Series) -> pd.Series:
    """The names of streets and public places, and what many rows share; others are missing.

    Args:
        texts: Categorical text (n,) of one table, as `name_streets` leaves it or as police.uk writes it.
    """
    return _release(texts, is_known=is_known_place, instead=None)


def release_kinds(texts: pd.Series, *, also: Set[str] = frozenset()) -> pd.Series:
    """Kinds of places of known words, and what many rows share; others are `OTHER_KINDS`.

    Args:
        texts: Categorical text (n,) of one table.
        also: Kinds that somebody has written down.
    """
    return _release(
        texts,
        is_known=lambda text: text in also or is_kind_of_place(text),
        is_shared=lambda text, n_rows: n_rows >= MANY_ROWS and not names_house(text),
        instead=OTHER_KINDS,
    )


def release_categories(texts: pd.Series, known: Vocabulary) -> pd.Series:
    """Texts of known words that many rows share, and others that very many do; the rest are `OTHER_TEXTS`.

    Words that are known can still tell of one incident, so a rare text is counted and not shown.

    Args:
        texts: Categorical text (n,) of one table.
        known: Words of categories.
    """
    return _release(
        texts,
        is_known=lambda text: text in (BLANK_TEXT, OTHER_TEXTS),
        is_shared=lambda text, n_rows: n_rows >= (MANY_ROWS if known.holds(text) else _VERY_MANY_ROWS),
        instead=OTHER_TEXTS,
    )


def _release(
    texts: pd.Series,
    *,
    is_known: Callable[[str], bool],
    is_shared: Callable[[str, int], bool] = lambda text, n_rows: n_rows >= MANY_ROWS,
    instead: str | None,
) -> pd.Series:
    codes, words = texts.cat.codes.to_numpy(), texts.cat.categories
    n_rows = np.bincount(codes[codes >= 0], minlength=len(words)).tolist()
    released = [
        text if is_known(text) or (is_shared(text, n) and not is_personal(text)) else instead
        for text, n in zip((drop_hidden(str(word)) for word in words), n_rows, strict=True)
    ]
    if released == list(words):
        return texts
    kept, unique = pd.factorize(pd.Series(released, dtype="object"))
    return pd.Series(
        pd.Categorical.from_codes(np.append(kept, -1)[codes], categories=pd.Index(unique, dtype="object")),
        index=texts.index,
        name=texts.name,
    )


@lru_cache(maxsize=65_536)  # a text comes again in every table
def is_personal(text: str) -> bool:
    """Whether a text has the form of something about somebody: a name after its cue, a number, an address, a story."""
    return (
        mask_text(text) != text
        or "[" in text
        or len(text) > _MOST_LETTERS
        or len(text.split()) > _MOST_WORDS
        or _REFERENCE.search(text) is not None
        or bool(find_addresses(pd.Series([text])).iloc[0])
    )


def mask_label(label: str) -> str:
    """The name of a file, a sheet or a layer as a product may have it: without names of people and numbers of theirs.

    Args:
        label: It, or several as a path; each part is masked by itself.
    """
    return "/".join(map(_mask_part, label.split("/")))


@lru_cache(maxsize=4096)
def _mask_part(name: str) -> str:
    masked = mask_text(name)
    parted = _PARTED.sub(lambda sign: sign[0] if len(sign[0]) > 1 else " ", masked)
    return _mask_numbers(found if (found := mask_text(parted)) != parted else masked)


def _mask_numbers(text: str) -> str:
    return _NUMBER.sub(lambda number: number[0] if _DATE_OR_CODE.fullmatch(number[0]) else "[number]", text)


def release_names(names: pd.Series, *, are_areas: bool = False) -> pd.Series:
    """Names of places and areas that somebody has listed to be shown, without people in them and numbers of theirs.

    Args:
        names: Text (n,); may be missing.
        are_areas: Whether they are of areas: one that is called as somebody is, and no more, keeps its name.

    Returns:
        Objects on the same index; missing where a name is a story, or the home of somebody.
    """
    plain = [drop_hidden(name) if isinstance(name, str) else None for name in names]
    released = [
        name if are_areas and name is not None and mask_text(name) == NAME_MASK else _release_name(name)
        for name in plain
    ]
    return pd.Series(released, index=names.index, name=names.name, dtype="object")


def release_schools(names: pd.Series) -> pd.Series:
    """Names of schools as a list of schools has them, which may be called after somebody; see `release_names`.

    Args:
        names: Text (n,); may be missing.
    """
    plain = [drop_hidden(name) if isinstance(name, str) else "" for name in names]
    released = [
        name if not _is_story(name) and _SCHOOL.fullmatch(name.strip()) else other
        for name, other in zip(plain, release_names(names), strict=True)
    ]
    return pd.Series(released, index=names.index, name=names.name, dtype="object")


def names_area(text: str) -> bool:
    """Whether a text may be the code or the name of an area: no story and no home, and nothing about somebody.

    The name of somebody alone may be: wards are called after people.
    """
    return not _is_story(text) and mask_text(text) in (text, NAME_MASK)


def _is_story(text: str) -> bool:
    return len(text) > _MOST_LETTERS or len(text.split()) > _MOST_WORDS or _HOME.search(text) is not None


def drop_hidden(text: str) -> str:
    """A text without what cannot be seen: XML cannot hold a control character, and a mark of direction misleads."""
    if text.isprintable():
        return text
    seen = (" " if unicodedata.category(sign) in _BREAKS else sign for sign in text)
    return " ".join("".join(sign for sign in seen if sign.isprintable()).split())


@lru_cache(maxsize=65_536)
def _release_name(name: str | None) -> str | None:
    if name is None or _is_story(name):
        return None
    masked = _mask_numbers(mask_text(name))
    return masked if any(letter.isalnum() for letter in _MASK.sub("", masked)) else None


def is_area_code(text: str) -> bool:
    """Whether a text is an official code of an area, or too short a code to be the number of a crime or of somebody."""
    return _AREA_CODE.fullmatch(text) is not None


def show_code(code: object) -> str:
    """What stands in the place of a code: itself if it has the form of one of an area, otherwise its form alone."""
    return str(code) if is_area_code(str(code)) else describe_form(str(code))


def show_form(value: object) -> str:
    """A value in a message, after "has": its form in quotation marks; see `describe_forms`."""
    return "nothing" if pd.isna(value) else f'text like "{describe_form(str(value))}"'  # type: ignore[call-overload]


def names_house(text: str) -> bool:
    """Whether a text loses something when it is named by its street or public place, as the name of a house is lost."""
    return bool(name_streets(pd.Series([text])).iloc[0] != text)


@lru_cache(maxsize=65_536)
def is_known_place(text: str) -> bool:
    """Whether a text names streets or public places, and says nothing else."""
    if _SNAPPED.match(text):
        return True
    return all(
        is_kind_of_place(part)
        or (
            (is_street(part) or is_public_place(part))
            and len(part.split()) <= _MOST_WORDS_OF_A_PLACE
            and not _LISTS["sentences"].intersection(_list_words(part))
        )
        for part in _PLACE_PARTS.split(text)
    )


def is_kind_of_place(text: str) -> bool:
    """Whether a text is made of words for kinds of places ("Sports/Recreation Area", "A205")."""
    words = _list_words(text)
    return all(word in _KINDS_OF_PLACES for word in words if len(word) > 1) and not _REFERENCE.search(text)


def _list_words(text: str) -> list[str]:
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return [word.casefold().replace("\u2019", "'").removesuffix("'s") for word in _LETTERS.findall(plain)]


def describe_forms(texts: pd.Series, *, known: Set[str] = frozenset()) -> pd.Series:
    """What values look like, without what they say: letters as "a" and "A", digits as "9".

    Known words stand as they are, and so do months and days, a zero, codes of areas and the first half of a postcode.
    Degrees are given to one decimal, some ten kilometres: what is wrong with them can be seen, and not where they are.

    Args:
        texts: Text (n,); may be missing.
        known: Words in lower case.

    Returns:
        Objects on the same index, of at most 80 letters and dots.
    """
    return mask_postcodes(texts).map(lambda text: _describe(text, known), na_action="ignore")


def describe_form(text: str, *, known: Set[str] = frozenset()) -> str:
    """What one value looks like; see `describe_forms`."""
    return str(describe_forms(pd.Series([text], dtype="object"), known=known).iloc[0])


def _describe(text: str, known: Set[str]) -> str:
    pieces, end = [], 0
    for match in _SHOWN_WHOLE.finditer(text):
        shown = f"{float(match[0]):.1f}" if match["degrees"] else match[0]
        pieces += [_hide(text[end : match.start()], known), shown]
        end = match.end()
    whole = "".join([*pieces, _hide(text[end:], known)])
    return whole if len(whole) <= _MOST_LETTERS else whole[:_MOST_LETTERS] + "..."


def _hide(text: str, known: Set[str]) -> str:
    def show(match: re.Match[str]) -> str:
        word = match[0]
        if word.casefold() in known or word.casefold() in _LISTS["times"]:
            return word
        return "".join("A" if letter.isupper() else "a" for letter in word)

    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]+", show, text))
