"""What the name of a column says, by its words: the grammar of `columns.toml`."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from hotspots.ingest.texts import COLUMN_WORDS, is_personal

_VINTAGE = re.compile(r"([a-z]+)(?:[0-2]\d|84|(?:19|20)\d\d)([a-z]*)")
"""A word with the year of its codes or its CRS: `lsoa21cd`, `wgs84`."""

_YEAR = re.compile(r"(?:19|20)\d\d|84")
_CLOCKS = ("local", "", "utc", "gmt")
"""Whose clock a name says, the likeliest first."""

_OTHERS = "..."
_AXES = frozenset("xyenm")
"""Letters that may stand in a run of words: axes, east, north and metres."""

_LONGEST_WORD = 15
_LONGEST_NAME = 100
"""What is longer is no name of a column: the first rows of a file are tried as names, and may hold a whole report."""
_LONGEST_LIST = 500
_MANY_NAMES = 4096

_VALUE = r"[-+]?\d[\d\s.,:/-]*|\S+@\S+"
_DATE = re.compile(r"\d[/.-]\d{1,2}[/.-]\d")
_MONTH = re.compile(r"(?:19|20)\d\d(?:[-_ /]?(?:0[1-9]|1[0-2]))?")


@functools.lru_cache(maxsize=_MANY_NAMES)
def normalise(name: str) -> str:
    """A column name in lower case, its words parted by single spaces: `CrimeRef_No.` is `crime ref no`.

    `Offense` becomes `offence`, and `DateTime` two words.
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z][a-z]|[A-Z]+$)|(?<=[A-Z])(?=[A-Z][a-z]{2})", " ", name)
    form = re.sub(r"[^a-z0-9]+", " ", parted.casefold()).strip()
    return form.replace("offense", "offence").replace("datetime", "date time")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What a name must say, and what it may say.

    Attributes:
        needed: Meanings, of each of which one must be said; the likeliest of them first.
        allowed: All meanings that may be said.
        is_open: Whether words may be added that mean nothing.
    """

    needed: tuple[tuple[str, ...], ...]
    allowed: frozenset[str]
    is_open: bool

    def rank(self, said: frozenset[str], n_unknown: int) -> tuple[int, ...] | None:
        """How likely a name is that says this, least first; None where it does not fit."""
        if not said <= self.allowed or (n_unknown and not self.is_open):
            return None
        found = [next((place for place, one in enumerate(group) if one in said), None) for group in self.needed]
        return None if None in found else tuple(place for place in found if place is not None)


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The grammar of `columns.toml`.

    Attributes:
        meanings: What a word or phrase says, by its words.
        vocabulary: All words that say something.
        ignored: Words that say nothing.
        columns: The patterns of each column.
        pairs: Those of a general column and a specific one.
        never: Meanings that no time of what happened has.
        longest: Words in the longest phrase.
    """

    meanings: dict[tuple[str, ...], tuple[str, ...]]
    vocabulary: frozenset[str]
    ignored: frozenset[str]
    columns: dict[str, tuple[_Pattern, ...]]
    pairs: tuple[tuple[_Pattern, _Pattern], ...]
    never: frozenset[str]
    longest: int


@functools.cache
def _read_grammar() -> _Grammar:
    table: dict[str, Any] = tomllib.loads(
        resources.files("hotspots.ingest.incidents").joinpath("columns.toml").read_text("utf-8")
    )
    groups: dict[str, list[str]] = table["groups"]

    def parse(pattern: str) -> _Pattern:
        needed, allowed = [], set()
        for token in pattern.split():
            if token == _OTHERS:
                continue
            said = tuple(one for word in token.removesuffix("?").split("|") for one in groups.get(word, [word]))
            allowed |= set(said)
            if not token.endswith("?"):
                needed.append(said)
        return _Pattern(needed=tuple(needed), allowed=frozenset(allowed), is_open=_OTHERS in pattern)

    columns = {column: tuple(map(parse, patterns)) for column, patterns in table["columns"].items()}
    pairs = tuple((parse(general), parse(specific)) for general, specific in table["pairs"])
    meanings = {
        tuple(written.split()): tuple(meant.split()) for meant, forms in table["words"].items() for written in forms
    }
    every = [*(one for patterns in columns.values() for one in patterns), *(one for pair in pairs for one in pair)]
    for word in {word for pattern in every for word in pattern.allowed}:
        meanings.setdefault((word,), (word,))
    return _Grammar(
        meanings=meanings,
        vocabulary=frozenset(word for phrase in meanings for word in phrase),
        ignored=frozenset(table["ignored"]),
        columns=columns,
        pairs=pairs,
        never=frozenset(groups["NEVER"]),
        longest=max(map(len, meanings)),
    )


@functools.cache
def _list_known() -> frozenset[str]:
    """The words that a run may be made of."""
    grammar = _read_grammar()
    return frozenset(word for word in grammar.vocabulary | grammar.ignored if len(word) > 1) | _AXES


def _cut(run: str) -> tuple[str, ...]:
    """The words of a run that is written as one, if all of them are known: the fewest; otherwise the run itself."""
    known = _list_known()
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(run) + 1):
        ways = [
            (*before, run[start:end])
            for start in range(max(0, end - _LONGEST_WORD), end)
            if (before := best[start]) is not None and run[start:end] in known
        ]
        best.append(min(ways, key=len, default=None))
    return best[-1] or (run,)


def _list_words(form: str) -> Iterator[str]:
    vocabulary = _read_grammar().vocabulary
    for word in form.split():
        if _YEAR.fullmatch(word):
            continue
        vintage = None if word in vocabulary else _VINTAGE.fullmatch(word)
        for part in filter(None, vintage.groups()) if vintage else [word]:
            yield from (part,) if part in vocabulary else _cut(part)


@functools.lru_cache(maxsize=_MANY_NAMES)
def read_meanings(name: str) -> tuple[frozenset[str], int]:
    """What the words of a name say, and how many of them say nothing that is known."""
    if len(name) > _LONGEST_NAME:
        return frozenset(), 1
    form = normalise(name)
    read, in_one = (_read_words(tuple(_list_words(text))) for text in (form, form.replace(" ", "")))
    said, n_unknown = in_one if read[1] and not in_one[1] else read  # as "DAtE" is
    # the profile of a table names its columns as they are: what may be somebody's is no name of one
    return (frozenset(), 1) if n_unknown and is_personal(re.sub(r"[][]", " ", name)) else (said, n_unknown)


def _read_words(words: tuple[str, ...]) -> tuple[frozenset[str], int]:
    grammar = _read_grammar()
    said: set[str] = set()
    n_unknown = place = 0
    # "Committed between" and, in the next column, "And"
    if words[:1] == ("and",):
        said, place = {"to"}, 1
    while place < len(words):
        for length in range(min(grammar.longest, len(words) - place), 0, -1):
            phrase = words[place : place + length]
            if phrase in grammar.meanings:
                said |= set(grammar.meanings[phrase])
                break
        else:
            length = 1
            n_unknown += words[place] not in grammar.ignored
        place += length
    # "Occ Hr" is an hour, and "Time (24 hrs)" says how it is written
    if {"hr", "hrs"} & set(words) and not said & {"date", "time"}:
        said.add("hour")
    return frozenset(said), n_unknown


def release_columns(names: Sequence[str], *, used: Collection[str] = ()) -> tuple[str, ...]:
    """The names of columns that may be shown: those made of words that columns are called by, others by their number.

    The first row of a file without a header stands in the place of names, and says whatever a row says.

    Args:
        names: All columns of a table.
        used: Those that are known for what they hold.
    """
    return tuple(
        name if name in used or is_column_name(name) else f"column {number}"
        for number, name in enumerate(names, start=1)
    )


def say_columns(names: Sequence[str]) -> str:
    """The names of columns that may be shown, in a list that is not too long."""
    listed = ", ".join(release_columns(names)) or "none"
    return listed if len(listed) <= _LONGEST_LIST else f"{listed[:_LONGEST_LIST]} ..."


def describe_columns(names: Sequence[str], *, lead: str) -> str:
    """The names of the columns as a sentence that begins with `lead`; or that they look like the values of a row."""
    if looks_like_values(names):
        return (
            f"Its first row, of {len(names)} columns, looks like values, and not like names of columns: put a row of "
            "names above it."
        )
    return f"{lead} {say_columns(names)}."


def looks_like_values(names: Sequence[str]) -> bool:
    """Whether a row in the place of names holds numbers, dates or addresses, and few names of columns."""
    filled = [name.strip() for name in names if name.strip()]
    has_values = any(re.fullmatch(_VALUE, name) and not _MONTH.fullmatch(name) for name in filled)
    return has_values and 2 * sum(map(is_column_name, filled)) <= len(filled)


def is_column_name(name: str) -> bool:
    """Whether all words of a name are such as columns are called by; a year or a month is one too."""
    if len(name) > _LONGEST_NAME or "@" in name[1:] or _DATE.search(name):
        return False
    if _MONTH.fullmatch(name.strip()):
        return True
    form = normalise(name)
    known = _list_known()
    words = list(_list_words(form))
    return any(not word.isdigit() for word in words) and all(
        {word, word.removesuffix("s")} & (known | COLUMN_WORDS) or len(word) == 1 or (word.isdigit() and len(word) < 3)
        for word in words
    )


def find_columns_by_words(names: Sequence[str]) -> dict[str, list[str]]:
    """The columns whose names say what they hold, by what that is, the likeliest first."""
    found: dict[str, list[str]] = {}
    for column in _read_grammar().columns:
        ranked = [(*_rank_name(name)[column], at, name) for at, name in enumerate(names) if column in _rank_name(name)]
        if ranked:
            found[column] = list(dict.fromkeys(name for *_, name in sorted(ranked)))
    return found


@functools.lru_cache(maxsize=_MANY_NAMES)
def _rank_name(name: str) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """How well a name fits each of the columns that it may be, the best first: by pattern, then among equals."""
    said, n_unknown = read_meanings(name)
    ranks: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for column, patterns in _read_grammar().columns.items():
        for place, pattern in enumerate(patterns):
            if said and (rank := pattern.rank(said, n_unknown)) is not None:
                # a date and time says more than a date; of other names the plainest is the likeliest
                order = (_CLOCKS.index(find_clock(name)), "time" not in said, len(said), -_find_year(name))
                ranks[column] = (place, *rank), order
                break
    return ranks


def says_date(name: str) -> bool:
    """Whether a name says that its column holds dates or months."""
    return bool(read_meanings(name)[0] & {"date", "month", "period"})


def says_month(name: str) -> bool:
    """Whether a name says that its column holds months or other periods, in whatever words."""
    return bool(re.search(r"month|period", name, flags=re.IGNORECASE))


def says_asb(name: str) -> bool:
    """Whether a name says that its column holds kinds of antisocial behaviour."""
    return "asb" in read_meanings(name)[0]


def says_reported(name: str) -> bool:
    """Whether a name says that its column holds when something became known."""
    return "reported" in find_columns_by_words([name])


def says_other_time(name: str) -> bool:
    """Whether a name says that its column holds another time than that of what happened."""
    return bool(read_meanings(name)[0] & _read_grammar().never)


def name_time_beside(date: str, names: Sequence[str]) -> list[str]:
    """The columns called as that of a date is, with "time" in the place of "date"."""
    said, n_unknown = read_meanings(date)
    wanted = (said - {"date"} | {"time"}, n_unknown)
    return [name for name in names if "date" in said and read_meanings(name) == wanted]


def _find_year(name: str) -> int:
    """The last two digits of the year of the codes that a name speaks of; 0 where it does not."""
    return max((int(digits[-2:]) for digits in re.findall(r"\d{2,}", name)), default=0)


def find_pair(names: Sequence[str]) -> tuple[str, str] | None:
    """A general column and a specific one that are read together, if there are such."""
    for pair in _read_grammar().pairs:
        found = [
            next((name for name in names if pattern.rank(*read_meanings(name)) is not None), None) for pattern in pair
        ]
        if found[0] is not None and found[1] is not None:
            return found[0], found[1]
    return None


def find_clock(name: str) -> str:
    """Whose clock a name says: `local`, `utc`, `gmt`, or nothing."""
    words = normalise(name).split()
    return next((clock for clock in _CLOCKS if clock and clock in words), "")
