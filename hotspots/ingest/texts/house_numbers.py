"""Addresses that differ in nothing but a number or a postcode, so that each street is read once and not each house."""

from __future__ import annotations

import re

DISTRICT = "(?:[BEGLMNSW]|[A-PR-UWYZ][A-HK-Y])[0-9][0-9A-HJKPSTUW]?"
"""The pattern of the first half of a postcode."""

POSTCODE = re.compile(rf"(?<![^\W_])({DISTRICT})\s{{0,3}}[0-9][ABD-HJLNP-UW-Z]{{2}}(?![^\W_])", re.IGNORECASE)

ANY_NUMBER = "888"
"""What `level_numbers` puts for a number, and begins to put for a long one."""

_ANY_LONG_NUMBER = "88888"
_LONGEST = 4
"""Digits of the number of a house; a longer one is something else unless a street follows it."""

_ANY_POSTCODE = "E1 1AA"

_NUMBER = re.compile(
    r"(?!(?:19|20)[0-9]{2}(?![0-9]))[0-9](?<![^ ,][0-9])(?:[0-9]*(?=[A-WYZ]? (?!bl(?:oc)?k\b)[^\W\d_])"
    r"|(?<=[^\W\d_]{2} [0-9])[0-9]*(?=[A-WYZ]?(?:,|$)))",
    re.IGNORECASE,
)
"""A word that is a number and no year, with one letter or none after it, before or after another word.

It is never a half of a postcode, since at an end it follows two letters; nor a road, a floor ("1st") or a block of a
hundred numbers, of which the digits matter.
"""


def level_numbers(text: str) -> str:
    """The text with the same number in place of most, and the same postcode in place of all.

    Whoever asks what the words of a text are, and not what its numbers are, has the same answer for this text.
    """
    return _NUMBER.sub(_level, POSTCODE.sub(_ANY_POSTCODE, text))


def _level(number: re.Match[str]) -> str:
    return ANY_NUMBER if len(number[0]) <= _LONGEST else _ANY_LONG_NUMBER
