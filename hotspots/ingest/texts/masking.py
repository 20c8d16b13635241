"""Masking of free text kept for display: whatever identifies a person is replaced by its kind.

Numbers with a form of their own (telephone numbers, dates, registration marks) are found by that form. Names are found
word by word: after a title, after a word for somebody's part in an incident, and after a common given name, unless
what follows makes a place of it. The words are in `masking.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Set
from functools import lru_cache
from importlib import resources
from itertools import groupby

import numpy as np
import pandas as pd

from hotspots.ingest.texts.house_numbers import level_numbers

NAME_MASK = "[name]"

_DASH = r"\u2010-\u2015-"
_GAP = rf"[\s.()/_{_DASH}]{{0,3}}"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:19|20)[0-9]{2}|['\u2019]?[0-9]{2})"
_NUMERIC_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_NUMERIC_MONTH = r"(?:0?[1-9]|1[0-2])"
_SEPARATOR = r"\s{0,2}[/.\\-]\s{0,2}"
_DATE = (
    rf"{_NUMERIC_DAY}{_SEPARATOR}{_NUMERIC_MONTH}{_SEPARATOR}{_YEAR}"
    rf"|{_NUMERIC_MONTH}{_SEPARATOR}{_NUMERIC_DAY}{_SEPARATOR}(?:19|20)[0-9]{{2}}"
    rf"|(?:19|20)[0-9]{{2}}{_SEPARATOR}{_NUMERIC_MONTH}{_SEPARATOR}{_NUMERIC_DAY}"
    rf"|{_DAY}[\s.,/-]{{0,3}}(?:of\s)?{_MONTH}[\s.,/-]{{0,3}}{_YEAR}"
    rf"|(?<![a-z]){_MONTH}[\s.-]{{0,3}}{_DAY}(?:[\s.,-]{{1,3}}){_YEAR}"
)

_OF_NUMBERS = (
    r"tel|tele|telno|telephone|phone|ph|mob|mobile|landline|fax|whatsapp"
    r"|(?:home|work|contact|daytime|evening|her|his|their)\s(?:no|number|num)"
)
_TO_CALL = (
    r"call|calls|called|calling|callback|ring|rings|rang|phoned|text|texts|texted|dial|dialled"
    r"|contact|contacts|contacted|contactable"
)
_TO_NUMBER = r"(?![a-z])\.?(?:\s(?:no\b\.?|num\b\.?|number|is|was|on|at|via|back|her|him|me|us|them))*"
_BEFORE_NUMBER = rf"[\s:=#({_DASH}]{{0,4}}"

_PATTERNS = (
    # local parts longer than the standard's 64 characters keep their beginning; without a bound long words take hours
    ("[e-mail]", r"[^\s@<>()\[\],;:\"]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}"),
    ("[NI number]", r"(?<![a-z0-9])[a-ceghj-pr-tw-z]{2}\s?(?:[0-9]{2}[\s-]?){3}[a-d](?![a-z0-9])"),
    # after these words anything like a date is one, also a month or a year alone
    (
        r"\g<cue>[date]",
        r"(?P<cue>\b(?:d\.?\s?o\.?\s?b\b\.?|date\sof\sbirth|birthday|born)(?:\s(?:is|was|on|in))?[\s:=-]{0,4})"
        rf"(?:{_DATE}|[0-9]{{1,2}}\s[0-9]{{1,2}}\s[0-9]{{2,4}}|[0-9]{{8}}|[0-9]{{6}}|{_MONTH}\s(?:19|20)[0-9]{{2}}"
        r"|(?:19|20)[0-9]{2})(?![0-9])",
    ),
    ("[date]", rf"(?<![0-9])(?:{_DATE})(?![0-9])"),
    (
        "[phone]",
        rf"(?<![0-9])(?:\(?(?:\+|00){_GAP}44(?:{_GAP}0)?(?:{_GAP}[0-9]){{9,10}}"
        rf"|\(?\+(?:{_GAP}[0-9]){{9,14}}"
        rf"|\(?0{_GAP}[1-9](?:{_GAP}[0-9]){{8,9}}"
        # without a sign only in the groups that people write: a row of buses has others
        rf"|44[\s{_DASH}]?(?:\(0\)[\s{_DASH}]?)?(?:20[\s{_DASH}]?[0-9]{{4}}[\s{_DASH}]?[0-9]{{4}}"
        rf"|[1-9][0-9]{{2}}[\s{_DASH}]?[0-9]{{3}}[\s{_DASH}]?[0-9]{{4}}"
        rf"|[1-9][0-9]{{3}}[\s{_DASH}]?[0-9]{{3}}[\s{_DASH}]?[0-9]{{3}})"
        # a spreadsheet drops the 0 of a mobile number
        rf"|7[0-9]{{3}}[\s.{_DASH}]?[0-9]{{3}}[\s.{_DASH}]?[0-9]{{3}})(?![0-9])",
    ),
    # local numbers: beside a word for them, or two groups of four, of which the first is no time of day, year or grid
    (
        r"\g<cue>[phone]",
        rf"(?P<cue>\b(?:(?P<noun>{_OF_NUMBERS})|{_TO_CALL}){_TO_NUMBER}{_BEFORE_NUMBER})"
        rf"(?:(?:[0-9]{{6,8}}|\(?[0-9]{{3,4}}\)?[\s.{_DASH}][0-9]{{3,4}})(?![0-9])"
        # after a noun in any groups
        rf"|(?(noun)(?=(?:{_GAP}[0-9]){{6}})[0-9]{{2,5}}(?:{_GAP}[0-9]{{2,5}}){{1,3}}(?![0-9])|(?!)))",
    ),
    (
        "[phone]",
        rf"(?<![0-9])[0-9]{{3,4}}[\s.{_DASH}]?[0-9]{{4}}(?=\s?\(?(?:tel|telephone|phone|mob|mobile|landline)\b)",
    ),
    (
        "[phone]",
        rf"(?<![0-9/._{_DASH}])(?<!\b(?-i:[HNOST][A-HJ-Z])\s)(?<!grid\s)(?<!ref\s)"
        rf"[3-9][0-9]{{3}}[\s.{_DASH}][0-9]{{4}}(?![0-9/{_DASH}]|\.[0-9])",
    ),
)
_FORMS = tuple((mask, re.compile(pattern, re.IGNORECASE)) for mask, pattern in _PATTERNS)

# current form: two letters, two digits, three letters
_VEHICLE = re.compile(r"(?<![A-Z0-9])[A-HJ-PR-Y]{2}[0-9]{2}(\s?)([A-HJ-PR-Z]{3})(?![A-Z0-9])", re.IGNORECASE)

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")

_WORDS = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(
        resources.files("hotspots.ingest.texts").joinpath("masking.toml").read_text("utf-8")
    ).items()
}
_PLAIN_TITLES = _WORDS["plain_titles"]
_TITLES = _PLAIN_TITLES | _WORDS["titles"]
_ALSO_IN_STREETS = _WORDS["also_in_streets"]
_ROLES = _WORDS["roles"]
_NAMINGS = _WORDS["namings"]
_NAMING_PAIRS = frozenset({("known", "as"), ("named", "as"), ("reported", "by"), ("name", "is"), ("name", "was")})
_RELATIONS = _WORDS["relations"]
_ALSO_RELATIONS = _WORDS["also_relations"]
_ALL_RELATIONS = _RELATIONS | _ALSO_RELATIONS
_AT_WORK = _WORDS["at_work"]
_POSSESSIVES = _WORDS["possessives"] | _ROLES
_BETWEEN = _WORDS["between"]
_CUES = _TITLES | _ROLES | _NAMINGS | _ALL_RELATIONS
_SAINTS = _WORDS["saints"]
_PARTICLES = _WORDS["particles"]
_PLACES = _WORDS["places"]
_ALSO_SURNAMES = _WORDS["also_surnames"]
EVERYDAY_WORDS = _WORDS["common"]
_GIVEN_NAMES = _WORDS["given_names"]
_ALSO_WORDS = _WORDS["also_words"]
_SHOPS = _WORDS["shops"]

_ANNOUNCING_A_ROLE = ("", ":", "-", "\u2013", "\u2014", "(", "=", ",")
_ANNOUNCING = (*_ANNOUNCING_A_ROLE, "/", ";", '"', "'")
_EXPLAINING = ("(", ",", "-", "\u2013", "\u2014")
"""Signs between a word for somebody and the name, and between a name and the word for who it is."""


def _names_relation(key: str) -> bool:
    """Whether a word is for somebody beside a person, as "sister", "half-sister" and "sister-in-law" are."""
    return key in _ALL_RELATIONS or ("-" in key and not _ALL_RELATIONS.isdisjoint(key.split("-")))


def _alternation(words: Set[str]) -> str:
    """A pattern for any of the words, grouped by their first letter: ten times as fast as a plain list of them."""
    grouped = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(f"{first}(?:{'|'.join(re.escape(word[1:]) for word in words)})" for first, words in grouped)


_LISTED = _alternation(_CUES | _GIVEN_NAMES | {"name", "known", "reported"})
_MAY_HAVE_DIGITS = re.compile(
    rf"[0-9](?:[0-9]{{3}}|(?:[^0-9]{{0,3}}[0-9]){{5}}|{_SEPARATOR}[0-9]{{1,2}}{_SEPARATOR}['\u2019]?[0-9]"
    r"|(?<=[a-z]{2}[0-9])[0-9]\s?[a-z]{3})",
    re.IGNORECASE,
)
_MAY_HAVE_WORDS = re.compile(
    rf"@|[0-9][^0-9]{{0,9}}{_MONTH}|(?<![a-z]){_MONTH}[\s.-]{{0,3}}[0-9]|d\.?\s?o\.?\s?b|birth|born",
    re.IGNORECASE,
)
"""One of the two matches every text in which something is found by its form: by its digits, or by words as well."""

_MAY_NAME = re.compile(rf"(?<![^\W_])(?:{_LISTED})(?![^\W_])", re.IGNORECASE)
"""What every text matches that names a person, and few others."""


def mask_personal_data(texts: pd.Series) -> pd.Series:
    """Replace whatever identifies a person in free text by its kind, in square brackets.

    | found | becomes |
    |---|---|
    | e-mail addresses | `[e-mail]` |
    | telephone numbers of the United Kingdom in national or +44 form, and other numbers with a leading + | `[phone]` |
    | local telephone numbers beside a word for them, or as two groups of four digits | `[phone]` |
    | full dates, numeric or with the month's name; after "DOB" or "born" also a month and year, or a year | `[date]` |
    | National Insurance numbers | `[NI number]` |
    | vehicle registration marks in the form of 2001 ("AB12 CDE") | `[vehicle]` |
    | names of people | `[name]` |

    A name is up to three words after a title (Mr, PC), after a word for a part in the incident (victim, caller), beside
    one for somebody near a person ("victim's mother Jo", "his son is Jo", "Jo's mother", "Jo (brother)") or after
    "named" and the like; and a common given name with the word or two after it. Words in small letters are a name only
    after "Mr", "Mrs" or "named", or where a common given name begins them. A word for a place that follows makes it a
    place ("George Lane"), except after most titles. Everyday words in capitals ("SUSPECT RAN OFF") are known only if
    they are common in such texts: others after such a word are taken for a name.

    It lowers a risk and does not remove it. It cannot find: a given name or a surname that stands alone, with no such
    word before it; a rare given name; a surname that makes a place of a name ("Mary Hill", with no word before it);
    names in scripts without capitals; registration marks in older forms or bought ones. Addresses are for
    `name_streets`. Read what it leaves before anybody sees it who may not know whom it is about. Masking twice is the
    same as masking once.

    Args:
        texts: Text (n,), as objects, strings or categories; may be missing.

    Returns:
        The texts in the same order, with the same index and dtype; what is missing, or no text, is as it was.
    """
    if isinstance(texts.dtype, pd.CategoricalDtype):
        if texts.cat.categories.empty:
            return texts
        masked = mask_personal_data(pd.Series(texts.cat.categories))
        # two categories can become one, so they cannot just be renamed
        merged = pd.CategoricalDtype(masked.drop_duplicates(), ordered=texts.cat.ordered)
        position = pd.Series(merged.categories.get_indexer(pd.Index(masked)))
        codes = position.reindex(texts.cat.codes.to_numpy()).fillna(-1).to_numpy(dtype="int64")
        return pd.Series(pd.Categorical.from_codes(codes, dtype=merged), index=texts.index, name=texts.name)
    unique = [text for text in np.asarray(texts.dropna().unique(), dtype=object) if isinstance(text, str)]
    changed = {text: kept for text in _screen(unique) if (kept := _mask(text)) != text}
    result = texts.copy()
    if changed:
        hit = texts.isin(list(changed))
        result[hit] = texts[hit].map(changed)
    return result


def _screen(texts: Iterable[str]) -> Iterator[str]:
    """The texts that may hold anything to mask."""
    known: dict[str, bool] = {}  # of a street, whatever the number of the house
    for text in texts:
        if _MAY_HAVE_DIGITS.search(text):
            yield text
            continue
        key = level_numbers(text)
        if key not in known:
            known[key] = bool(_MAY_HAVE_WORDS.search(key)) or (bool(_MAY_NAME.search(key)) and any(_find_names(key)))
        if known[key]:
            yield text


def mask_text(text: str) -> str:
    """One text, such as the name of a file, as `mask_personal_data` masks a column of them."""
    return _mask(text)


@lru_cache(maxsize=65_536)  # a street comes again in every part of a table
def _mask(text: str) -> str:
    """Mask until nothing is left to mask: what one pass takes away can bring together what another finds."""
    while (masked := _mask_names(_mask_forms(text))) != text:
        text = masked
    return text


def _mask_forms(text: str) -> str:
    for mask, pattern in _FORMS:
        text = pattern.sub(mask, text)
    return _VEHICLE.sub(lambda match: match[0] if _is_postcode_and_word(match) else "[vehicle]", text)


def _is_postcode_and_word(match: re.Match[str]) -> bool:
    """Whether it is the outward half of a postcode and a word of three letters: "SE13 BUS STOP"."""
    word = match[2].casefold()
    is_word = word in EVERYDAY_WORDS or word in _PLACES or match[0] not in (match[0].upper(), match[0].lower())
    return match[1] != "" and is_word


def _mask_names(text: str) -> str:
    pieces, end = [], 0
    for start, stop in _find_names(text):
        pieces += [text[end:start], NAME_MASK]
        end = stop
    return "".join([*pieces, text[end:]])


def _find_names(text: str) -> Iterator[tuple[int, int]]:
    """Where each name begins and ends, from left to right."""
    words = [match for match in _WORD.finditer(text) if not _is_mask(text, match)]
    sentence = _Words(text, words)
    i = 0
    while i < len(words):
        start, stop = sentence.read_name(i)
        if stop > start:
            yield words[start].start(), words[stop - 1].end()
        i = max(i + 1, stop)


def _is_mask(text: str, word: re.Match[str]) -> bool:
    return text[word.start() - 1 : word.start()] == "[" and text[word.end() : word.end() + 1] == "]"


class _Words:
    """The words of a text, and what can be said of each from its spelling and its neighbours."""

    def __init__(self, text: str, words: list[re.Match[str]]) -> None:
        self.text = text
        self.words = words
        self.keys = [word[0].casefold().replace("\u2019", "'").removesuffix("'s") for word in words]
        self.has_somebody = any(key in _ROLES or _names_relation(key) for key in self.keys)

    def gap(self, i: int) -> str:
        """What stands between a word and the next; a line break where there is none."""
        if i < 0 or i + 1 >= len(self.words):
            return "\n"
        return self.text[self.words[i].end() : self.words[i + 1].start()]

    def key(self, i: int) -> str:
        return self.keys[i] if 0 <= i < len(self.keys) else ""

    def is_capital(self, i: int) -> bool:
        return self.words[i][0][0].isupper()

    def is_given(self, i: int) -> bool:
        first, *_ = self.key(i).split("-")  # Ann-Marie
        return first in _GIVEN_NAMES and (first not in _ALSO_WORDS or self.words[i][0].istitle())

    def is_place(self, i: int) -> bool:
        """Whether a word goes on from the one before it, in capitals as that is or not, and makes a place of it."""
        if self.key(i) not in _PLACES or self.gap(i - 1).strip(" \u00a0-'\u2019"):
            return False
        return self.is_capital(i) == self.is_capital(i - 1)

    def can_be_name(self, i: int) -> bool:
        key = self.key(i)
        if len(key) == 1 and self.is_capital(i) and (self.gap(i)[:1] == "." or self.key(i - 1) in _TITLES):
            return True  # an initial
        letters = key.replace("-", "").replace("'", "")
        return letters.isalpha() and not any(key in words for words in (EVERYDAY_WORDS, _CUES, _PLACES))

    def read_name(self, i: int) -> tuple[int, int]:
        """The first word of the name that a word begins or announces, and the word after its last; equal if none."""
        cue = self.find_cue(i)
        if cue is None and self.has_somebody and (stop := self.read_explained(i)) > i:
            return i, stop
        start = i if cue is None else self.find_start(i)
        if start >= len(self.words):
            return i, i
        is_whole = self.words[i][0].casefold() == self.key(i)  # "John's" is a cafe
        if cue is None and (not self.is_given(i) or not is_whole or self.key(i - 1) in _SAINTS):
            return i, i
        small = not self.is_capital(start)
        if small and cue != "any" and not self.is_given(start):
            return i, i
        stop = self.extend(start, small=small, is_cued=cue is not None)
        has_title = cue is not None and self.key(i) in _TITLES
        is_person = has_title or (cue is not None and self.is_given(start))
        if stop == start:
            # "Mr Hill", "Mr An"
            is_short = len(self.key(start)) == 2 and self.words[start][0].istitle()
            if has_title and (self.key(start) in _ALSO_SURNAMES or is_short) and not self.is_place(start + 1):
                stop += 1
        elif self.is_place(stop) and not (has_title and self.key(i) not in _ALSO_IN_STREETS):
            if is_person and self.key(stop) in _ALSO_SURNAMES and not self.is_place(stop + 1):
                stop += 1  # "victim Mary Green"
            elif is_person and stop - start == 3:
                stop -= 1  # "VICTIM JOHN SMITH LEWISHAM ROAD"
            else:
                stop = start
        if cue is None and (stop - start < 2 or "-".join(self.keys[start : start + 2]) in _SHOPS):
            return i, i
        if stop > start and self.key(i).endswith("s") and self.key(stop) == "and" and stop + 1 < len(self.words):
            also = self.extend(stop + 1, small=small, is_cued=False)
            stop = also if also > stop + 1 and not self.is_place(also) else stop  # "her sons Jim and Bo"
        return start, stop

    def find_start(self, i: int) -> int:
        """Where the name begins that a word announces: after the number of an officer, or "is", "aged 14", "called"."""
        start = i + 1
        if self.key(i) in _ROLES or self.is_relation(i):
            if (self.key(start), self.key(start + 1)) == ("in", "law"):
                start += 2
            while self.key(start) in _BETWEEN and start + 1 < len(self.words) and not self.gap(start).strip():
                start += 1
        # that of an officer, of one suspect of several, or an age
        is_number = self.key(start).isalnum() and self.key(start)[:1].isdigit() and len(self.key(start)) < 7
        return start + is_number

    def find_cue(self, i: int) -> str | None:
        """Whether a word announces a name: "any", also one in small letters, "capital", or None."""
        key, gap = self.key(i), self.gap(i).strip()
        before = (self.key(i - 1), key)
        if key in _PLAIN_TITLES and gap in ("", "."):
            return "any"
        if key in _TITLES and gap in ("", "."):
            # "Cedar Dr Catford" is a drive
            is_drive = key == "dr" and i > 0 and self.can_be_name(i - 1) and not self.gap(i - 1).strip()
            return None if is_drive else "capital"
        if key in _NAMINGS or before in _NAMING_PAIRS:
            return "any" if gap in ("", ":", "=", "-", '"', "'", "(") else None
        if key == "name" and gap in (":", "=", "-", ": -"):
            return "any"
        if key in _ROLES and gap in _ANNOUNCING_A_ROLE:
            return "capital"
        if (self.is_relation(i) and gap in _ANNOUNCING) or (gap in (":", "=") and _names_relation(key)):
            return "capital"
        # "brother of John", but not "Son Of Steak"
        is_of = self.words[i][0] in ("of", "to", "OF", "TO") and not gap and _names_relation(self.key(i - 1))
        return "capital" if is_of and (self.key(i - 1) not in _ALSO_RELATIONS or not self.is_capital(i - 1)) else None

    def is_relation(self, i: int) -> bool:
        """Whether a word is for somebody beside a person ("victim's mother", "his son"), and no part of a place."""
        key = self.key(i)
        if not _names_relation(key):
            return False
        is_whose, j = False, i - 1
        # "her two daughters"
        while j >= max(i - 3, 0) and not is_whose and not self.gap(j).strip():
            is_whose, j = self.says_whose(j), (-1 if self.is_capital(i) else j - 1)
        return is_whose or (not self.is_capital(i) and key not in _ALSO_RELATIONS)  # "Mother Redcap"

    def says_whose(self, i: int) -> bool:
        return self.key(i) in _POSSESSIVES or self.words[i][0].casefold() != self.key(i)

    def read_explained(self, i: int) -> int:
        """The word after a name that is told by what follows: "John's mother", "John (her son)", "John, brother of"."""
        if not self.is_capital(i) or self.key(i - 1) in _SAINTS:
            return i
        stop = self.extend(i, small=False, is_cued=False)
        if stop == i or stop == len(self.words):
            return i
        sign, after = self.gap(stop - 1).strip(), stop
        if not sign:
            is_own = self.words[stop - 1][0].casefold() != self.key(stop - 1)
            is_told = is_own and _names_relation(self.key(stop)) and not self.words[stop][0].istitle()  # "Widow's Son"
            return stop if is_told and self.key(stop) not in _AT_WORK else i
        while after + 1 < len(self.words) and (self.says_whose(after) or self.key(after) == "the"):
            after += 1
        is_closed, is_whose = self.text[self.words[after].end() :].lstrip().startswith(")"), after > stop
        is_told = _names_relation(self.key(after)) and (is_whose or self.key(after + 1) in ("of", "to") or is_closed)
        is_told |= sign == "(" and is_closed and self.key(after) in _ROLES
        return stop if sign in _EXPLAINING and is_told and not self.words[after][0].istitle() else i

    def extend(self, start: int, *, small: bool, is_cued: bool) -> int:
        """The word after a name of up to three words, not counting particles such as "de"."""
        i, n = start, 0
        while i < len(self.words) and n < 3:
            if n and self.gap(i - 1).strip(" \u00a0"):
                is_initial = len(self.key(i - 1)) == 1 and self.gap(i - 1).strip() == "."
                is_turned = is_cued and n == 1 and self.gap(i - 1).strip() == "," and self.is_given(i)
                if not (is_initial or is_turned):
                    break
            if n and self.key(i) in _PARTICLES and i + 1 < len(self.words) and self.can_be_name(i + 1):
                i += 1
                continue
            if not self.can_be_name(i) or self.is_capital(i) == small:
                break
            i, n = i + 1, n + 1
        return i
