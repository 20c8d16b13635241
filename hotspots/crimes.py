"""What "robbery", "knife crime" or "ASB" mean in each source, as data.

The table is `crimes.toml`: the crimes that can be asked for, and under each the wordings that sources use for it.
Categories follow the police.uk crime types, which is the coarsest division that every source can be brought to;
each may have parts. A user's own table has the same form and is laid over it.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from hotspots.errors import NotFoundError, ParameterError, suggest_word

UNRECOGNISED = "unrecognised"
"""Category of a row whose offence text is in no table: kept, counted, never analysed."""

KNIFE_CRIME = "knife-crime"
"""Not a category of its own: any offence that the source has flagged as involving a knife."""

_CARRYING = ("possession-of-weapons", "public-disorder-and-weapons")

_PREFIXES, _OTHER_WORDS, _WORD_GROUPS = "prefixes", "other_words", "word_groups"
_WORDINGS = {"offences": None, "knife_offences": True}
_WORDS = "words"
_PART_KEYS = ("label", "plural", *_WORDINGS, _WORDS)
_CATEGORY_KEYS = (*_PART_KEYS, "parts")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_BETWEEN_GROUP_AND_OFFENCE = re.compile(r"\s[-\u2010-\u2015/]\s|:\s")  # any dash, a slash, a colon
_MAX_SPLITS = 5
_WAY = re.compile(r"[^\W_]+\*?")

Ways = tuple[str, ...]
"""Words that stand for each other in a pattern; "*" at the end is any ending."""

_MOST_WORDS = 10
"""A longer text is a story, in which words stand for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crime:
    """A crime that can be asked for.

    Attributes:
        slug: The word on the command line and in folder names.
        label: The heading on a product.
        plural: The incidents in the middle of a sentence ("412 robberies").
        part_of: The category that this is a part of; None for a category.
    """

    slug: str
    label: str
    plural: str
    part_of: str | None = None


FLAGGED_KNIFE_CRIME = Crime(slug=KNIFE_CRIME, label="Knife crime", plural="knife crimes")
"""It is not among the definitions, since a flag says it and not a wording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """What a wording says.

    Attributes:
        category: Slug of the category.
        subcategory: Slug of its part; None where the wording says no more than the category.
        is_knife: True where the wording says that a knife was used or threatened; None where it does not say.
    """

    category: str
    subcategory: str | None = None
    is_knife: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPattern:
    """Words by which a text says a crime, in any order and among others ("Youths causing a nuisance").

    Attributes:
        needed: What may stand for each of the words; "*" at its end is any ending.
        says: What they say.
    """

    needed: tuple[Ways, ...]
    says: Offence

    def fits(self, words: Sequence[str]) -> bool:
        """Whether all of its words are among these."""
        return all(_is_one_of(ways, words) for ways in self.needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeDefinitions:
    """The crimes that can be asked for, and what each wording of a source says.

    Attributes:
        crimes: Categories and parts, by slug.
        offences: Meanings, by the words of a wording (`read_words`).
        prefixes: Words that say nothing alone, and may stand before an offence ("Theft - Shoplifting").
        patterns: Words that say a crime in a text that is in no table; a user's own come before the built-in ones.
        other_words: Words in a text that keep it from being read by patterns, because it may be of another crime.
        word_groups: Words that stand for each other in patterns, by the name of the group.
    """

    crimes: Mapping[str, Crime]
    offences: Mapping[str, Offence]
    prefixes: frozenset[str]
    patterns: tuple[tuple[WordPattern, ...], ...] = ()
    other_words: Ways = ()
    word_groups: Mapping[str, Ways] = field(default_factory=lambda: MappingProxyType({}))

    def find_offence(self, texts: Sequence[str]) -> Offence | None:
        """What the texts of one incident say, from least to most specific; None where no table holds them.

        All texts together are tried first ("Robbery", "Personal Property"), then each alone, the most specific first.
        Where none says more than a category, the words of each may say the part, or the crime if none says any.
        """
        if together := self.offences.get(read_words(" ".join(texts))):
            return together
        found = next(filter(None, map(self._find_in_text, reversed(texts))), None)
        if found is None or (found.subcategory is None and found.is_knife is None):
            by_words = next(filter(None, map(self._find_by_words, reversed(texts))), None)
            if by_words and (found is None or by_words.category == found.category):
                return by_words
        return found

    def list_words(self) -> set[str]:
        """All words by which crimes are known; "*" at the end of one is any ending."""
        named = (f"{crime.label} {crime.plural}" for crime in self.crimes.values())
        needed = (way for patterns in self.patterns for pattern in patterns for ways in pattern.needed for way in ways)
        known = (*map(read_words, named), *self.offences, *self.prefixes)
        return {word for text in known for word in text.split()} | {*needed, *self.other_words}

    def _find_by_words(self, text: str) -> Offence | None:
        """What the words of a short text say; of several parts of a category only the category."""
        words = read_words(text).split()
        if len(words) > _MOST_WORDS or _is_one_of(self.other_words, words):
            return None
        every = ([pattern for pattern in patterns if pattern.fits(words)] for patterns in self.patterns)
        fitting = next(filter(None, every), [])
        said = {one.says for one in fitting if one.says.subcategory} or {one.says for one in fitting}
        if len({offence.category for offence in said}) != 1:
            return None
        (category,) = {offence.category for offence in said}
        return next(iter(said)) if len(said) == 1 else Offence(category=category)

    def _find_in_text(self, text: str) -> Offence | None:
        """The meaning of a whole text, or of "GROUP / OFFENCE": the last of the known wordings that it begins with.

        One that is not known ends the search, so that "Alarm - Burglary" is not taken for a burglary.
        """
        pieces = _BETWEEN_GROUP_AND_OFFENCE.split(text, maxsplit=_MAX_SPLITS)
        found = None
        while pieces:
            for n in range(len(pieces), 0, -1):  # the longest first: a wording may itself hold a dash
                words = read_words(" ".join(pieces[:n]))
                if words in self.offences or words in self.prefixes:
                    break
            else:
                break
            found = self.offences.get(words, found)
            pieces = pieces[n:]
        return found


def read_words(text: str) -> str:
    """The words of a wording, by which wordings are compared: no case, punctuation or spacing, and "&" as "and"."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = text.replace("&", " and ").replace("'", "").replace("\u2019", "")
    return " ".join(re.findall(r"[^\W_]+", text))


@cache
def _read_built_in() -> CrimeDefinitions:
    text = resources.files("hotspots").joinpath("crimes.toml").read_text("utf-8")
    return _extend(CrimeDefinitions(crimes={}, offences={}, prefixes=frozenset()), tomllib.loads(text))


def load_definitions(extensions: Mapping[str, Any] | None = None) -> CrimeDefinitions:
    """The built-in definitions, with a user's own laid over them.

    Args:
        extensions: What stands under `crimes` in the user's TOML, in the form of `crimes.toml`. It may add wordings
            to crimes, parts to categories, and categories; label and plural of a new crime default to the words of
            its slug. A wording that is built in too means what the user says.

    Raises:
        ParameterError: A key is unknown or of the wrong type, a slug is malformed, reserved or taken, or two crimes
            of the table claim one wording.
    """
    return _read_built_in() if extensions is None else _extend(_read_built_in(), extensions)


def add_wordings(definitions: CrimeDefinitions, wordings: Mapping[str, str], *, source: str) -> CrimeDefinitions:
    """The definitions with the wordings of one source, each standing for a crime.

    Args:
        definitions: What the wordings are laid over.
        wordings: Slugs of crimes (or known wordings of them) by wording.
        source: Name of the source profile, for messages.

    Raises:
        ParameterError: A wording stands for a crime that is not defined.
    """
    offences = dict(definitions.offences)
    for wording, slug in wordings.items():
        crime = definitions.crimes.get(slug)
        known = definitions.offences.get(read_words(slug))
        if crime is not None:
            known = Offence(category=crime.part_of or slug, subcategory=slug if crime.part_of else None)
        if known is None:
            raise ParameterError(
                f'Source profile {source} says that "{wording}" is "{slug}", and there is no such crime.'
                f"{suggest_word(slug, definitions.crimes)} Give one of: "
                f"{', '.join(sorted(definitions.crimes))}; or define it under [crimes] in hotspots.toml."
            )
        offences[read_words(wording)] = known
    return replace(definitions, offences=offences)


def classify_offences(
    offences: pd.Series | Sequence[pd.Series], *, definitions: CrimeDefinitions | None = None
) -> pd.DataFrame:
    """Give each incident the category and part that its offence text names.

    Args:
        offences: Offence texts as the source has them, or several columns of one table, from the least to the most
            specific (`MajorText`, `MinorText`): the most specific text that is known decides.
        definitions: By default the built-in ones.

    Returns:
        On the index of `offences`: `category` (`UNRECOGNISED` where no table holds the text, or there is none) and
        `subcategory` (missing where the text says no more than the category), both categorical; `is_knife`
        (nullable boolean), True where the text says that there was a knife, else missing: no text says that there
        was none.

    Raises:
        ParameterError: There is no column, or the columns are not of one table.
    """
    definitions = definitions or load_definitions()
    columns = [offences] if isinstance(offences, pd.Series) else list(offences)
    if not columns or not all(column.index.equals(columns[0].index) for column in columns):
        lengths = ", ".join(f"{len(column):,}" for column in columns) or "none"
        raise ParameterError(
            f"Offence texts must be columns of one table, with one index; rows by column: {lengths}. Take the "
            "columns from the same table."
        )
    codes = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:  # each distinct combination of texts is looked up once, however many rows have it
        if isinstance(column.dtype, pd.CategoricalDtype):
            own, texts = column.cat.codes.to_numpy(), column.cat.categories
        else:
            own, texts = pd.factorize(column)
        codes = pd.factorize(codes * (len(texts) + 1) + own)[0]
    first = np.flatnonzero(~pd.Series(codes).duplicated())
    combinations = zip(*(column.iloc[first] for column in columns), strict=True)
    unknown = Offence(category=UNRECOGNISED)
    found = [
        definitions.find_offence([str(text) for text in texts if not pd.isna(text)]) or unknown
        for texts in combinations
    ]
    category = pd.Series([offence.category for offence in found], dtype="category")
    subcategory = pd.Series([offence.subcategory for offence in found], dtype="object").astype("category")
    is_knife = pd.array([offence.is_knife for offence in found], dtype="boolean")
    return pd.DataFrame(
        {
            "category": category.iloc[codes].array,
            "subcategory": subcategory.iloc[codes].array,
            "is_knife": is_knife[codes],
        },
        index=columns[0].index,
    )


def list_crimes(incidents: pd.DataFrame, *, definitions: CrimeDefinitions | None = None) -> list[Crime]:
    """The crimes that can be asked of these incidents, sorted by slug."""
    definitions = definitions or load_definitions()
    present = set(incidents["category"].unique()) | set(incidents["subcategory"].unique())
    crimes = [crime for slug, crime in definitions.crimes.items() if slug in present]
    if select_crime(incidents, FLAGGED_KNIFE_CRIME).any():
        crimes.append(FLAGGED_KNIFE_CRIME)
    return sorted(crimes, key=lambda crime: crime.slug)


def find_crime(slug: str, *, among: Iterable[Crime], knife_is_flagged: bool = True) -> Crime:
    """The crime of that name.

    Args:
        slug: The name.
        among: The crimes that there are.
        knife_is_flagged: Whether any source says where a knife was used, without which knife crime is not there.

    Raises:
        NotFoundError: No such crime is among those that the sources hold; the message lists them.
    """
    crimes = list(among)
    slug = slug.strip().lower().replace(" ", "-").replace("_", "-")
    for crime in crimes:
        if crime.slug == slug:
            return crime
    known = ", ".join(crime.slug for crime in crimes) or "(none: no offence text is known)"
    if slug == KNIFE_CRIME and not knife_is_flagged:
        raise NotFoundError(
            "Knife crime needs a source that flags knives, and none of these does: "
            '"Possession of weapons" is not knife crime. '
            f"Add the force's extract with a knife flag to `incidents`, or ask for one of: {known}."
        )
    meant = suggest_word(slug, [crime.slug for crime in crimes])
    raise NotFoundError(f'No crime called "{slug}" in these incidents.{meant} Ask for one of: {known}.')


def select_crime(incidents: pd.DataFrame, crime: Crime) -> pd.Series:
    """Which incidents are of that crime: booleans on the index of `incidents`.

    Knife crime is every incident that its source has flagged, but for those that are possession of weapons, since
    carrying a knife is not knife crime; an incident whose source does not say is counted with the other crimes.
    """
    if crime.slug == KNIFE_CRIME:
        carried = incidents["category"].isin(_CARRYING)
        return (incidents["is_knife"].astype("boolean").fillna(False).astype(bool) & ~carried).astype(bool)
    column = "subcategory" if crime.part_of else "category"
    return (incidents[column] == crime.slug).fillna(False).astype(bool)


def _extend(base: CrimeDefinitions, table: Mapping[str, Any]) -> CrimeDefinitions:
    """Lay a table of definitions over others."""
    crimes = dict(base.crimes)
    claims: dict[str, tuple[str, Offence]] = {}
    table = dict(_require_table(table, "crimes"))
    named = _require_table(table.pop(_WORD_GROUPS, {}), f"crimes.{_WORD_GROUPS}")
    groups = {**base.word_groups}
    for name, content in named.items():
        groups[name] = _read_list(content, f"crimes.{_WORD_GROUPS}.{name}")
    prefixes = {words for _, words in _read_wordings(table.pop(_PREFIXES, []), f"crimes.{_PREFIXES}")}
    other_words = _read_list(table.pop(_OTHER_WORDS, []), f"crimes.{_OTHER_WORDS}")
    patterns: list[WordPattern] = []

    def add_patterns(content: Mapping[str, Any], path: str, says: Offence) -> None:
        every = _read_patterns(content.get(_WORDS, []), f"{path}.{_WORDS}", groups)
        patterns.extend(WordPattern(needed=needed, says=says) for needed in every)

    for slug, content in table.items():
        path = f"crimes.{slug}"
        _check_keys(content, path, _CATEGORY_KEYS)
        crimes[slug] = _define_crime(crimes, slug, content, path, part_of=None)
        _claim_wordings(claims, content, path, category=slug, subcategory=None)
        add_patterns(content, path, Offence(category=slug))
        for part, part_content in _require_table(content.get("parts", {}), f"{path}.parts").items():
            part_path = f"{path}.parts.{part}"
            _check_keys(part_content, part_path, _PART_KEYS)
            crimes[part] = _define_crime(crimes, part, part_content, part_path, part_of=slug)
            _claim_wordings(claims, part_content, part_path, category=slug, subcategory=part)
            add_patterns(part_content, part_path, Offence(category=slug, subcategory=part))
    offences = {words: offence for words, (_, offence) in claims.items()}
    return CrimeDefinitions(
        crimes=crimes,
        offences={**base.offences, **offences},
        prefixes=base.prefixes | prefixes,
        patterns=(tuple(patterns), *base.patterns) if patterns else base.patterns,
        other_words=(*base.other_words, *other_words),
        word_groups=groups,
    )


def _define_crime(
    crimes: Mapping[str, Crime], slug: str, content: Mapping[str, Any], path: str, *, part_of: str | None
) -> Crime:
    if not _SLUG.fullmatch(slug):
        better = read_words(slug).replace(" ", "-")
        raise ParameterError(
            f'The name of a crime must be lower-case words joined by hyphens; "{slug}" ({path}) is not. Call it '
            f"{better or 'something-else'}, and give the heading as its label."
        )
    if slug in (KNIFE_CRIME, UNRECOGNISED):
        raise ParameterError(
            f'"{slug}" ({path}) is reserved: knife crime is any offence that the source flags as '
            "involving a knife, and unrecognised is any wording that is in no table. Put wordings that mention a knife "
            "under knife_offences of the crime that they name."
        )
    known = crimes.get(slug)
    if known and known.part_of != part_of:
        home = f"crimes.{known.part_of}.parts.{slug}" if known.part_of else f"crimes.{slug}"
        raise ParameterError(
            f'The name of a crime must be used once; "{slug}" ({path}) is already that of {known.label} ({home}). Add '
            "to it there, or choose another name."
        )
    texts = {key: _require_text(content[key], f"{path}.{key}") for key in ("label", "plural") if key in content}
    if known:
        return replace(known, **texts)
    words = slug.replace("-", " ")
    return Crime(slug=slug, **{"label": words.capitalize(), "plural": f"{words} incidents", **texts}, part_of=part_of)


def _claim_wordings(
    claims: dict[str, tuple[str, Offence]],
    content: Mapping[str, Any],
    path: str,
    *,
    category: str,
    subcategory: str | None,
) -> None:
    for key, is_knife in _WORDINGS.items():
        place = f"{path}.{key}"
        offence = Offence(category=category, subcategory=subcategory, is_knife=is_knife)
        for wording, words in _read_wordings(content.get(key, []), place):
            other, claimed = claims.setdefault(words, (place, offence))
            if claimed != offence:
                raise ParameterError(
                    f'A wording must belong to one crime; "{wording}" is in {other} and in {place}. Only its words '
                    "count, not case or punctuation. Take it out of one of them."
                )


def _read_wordings(texts: Any, place: str) -> Iterator[tuple[str, str]]:
    """Each wording of a list, with its words."""
    if not isinstance(texts, list):
        raise ParameterError(
            f'{place} must be a list of texts, such as ["Robbery"]; it is {texts!r}. Put square brackets round it.'
        )
    for text in texts:
        words = read_words(_require_text(text, place))
        if not words:
            raise ParameterError(f'A wording needs a letter or a digit; "{text}" in {place} has none. Take it out.')
        yield text, words


def _read_patterns(texts: Any, place: str, groups: Mapping[str, Ways]) -> Iterator[tuple[Ways, ...]]:
    """The words of each pattern, with what may stand for each."""
    for text, _ in _read_wordings(texts, place):
        needed = [[way for one in word.split("|") for way in groups.get(one, [one])] for word in text.split()]
        odd = next((way for ways in needed for way in ways if not _WAY.fullmatch(way) or way != way.lower()), None)
        if odd is not None:
            raise ParameterError(
                'A pattern is made of words in lower case, "|" between those that stand for each other, "*" for any '
                f'ending, and names of word_groups; "{odd}" in {place} is none of them. Write it like '
                '"nuisance motorbike*|moped*".'
            )
        yield tuple(map(tuple, needed))


def _read_list(texts: Any, place: str) -> Ways:
    return tuple(way for pattern in _read_patterns(texts, place, {}) for ways in pattern for way in ways)


def _is_one_of(ways: Ways, words: Iterable[str]) -> bool:
    return any(word.startswith(way[:-1]) if way.endswith("*") else word == way for word in words for way in ways)


def _require_text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ParameterError(f"{place} must be a text that is not blank; it is {value!r}. Put it in quotation marks.")
    return value


def _require_table(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ParameterError(f"{path} must be a table; it is {value!r}. Begin it with the line [{path}].")
    return value


def _check_keys(content: Any, path: str, keys: Sequence[str]) -> None:
    for key in _require_table(content, path):
        if key not in keys:
            raise ParameterError(f'{path} has no key "{key}".{suggest_word(key, keys)} It takes: {", ".join(keys)}.')
