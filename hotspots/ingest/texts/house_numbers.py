"""Addresses that differ in nothing but a number or a postcode, so that each street is read once and not each house."""

from __future__ import annotations

import re

DISTRICT = "(?:[BEGLMNSW]|[A-PR-UWYZ][A-HK-Y])[0-9][0-9A-HJKPSTUW]?"
"""The pattern of the first half of a postcode."""

POSTCODE = re.compile(rf"(?<![^\W_])({DISTRICT})\s{{0,3}}[0-9][ABD-HJLNP-UW-Z]{{2}}(?![^\W_])", re.IGNORECASE)

ANY_NUMBER = "888"
"""What `level_numbers` puts for a number."""

_ANY_POSTCODE = "E1 1AA"

_NUMBER = re.compile(
    r"[0-9](?<![^ ,][0-9])(?:[0-9]{0,2}(?=[A-WYZ]? (?!bl(?:oc)?k\b)[^\W\d_])"
    r"|(?<=[^\W\d_]{2} [0-9])[0-9]{0,2}(?=[A-WYZ]?(?:,|$)))",
    re.IGNORECASE,
)
"""A word that is a number of up to three digits, with one letter or none after it, before or after another word.

It is never a half of a postcode, since at an end it follows two letters; nor a road, a floor ("1st") or a block of a
hundred numbers, of which the digits matter. One of four digits may be a year.
"""


def level_numbers(text: str) -> str:
    """The text with the same number in place of most, and the same postcode in place of all.

    Whoever asks what the words of a text are, and not what its numbers are, has the same answer for this text.
    """
    return _NUMBER.sub(ANY_NUMBER, POSTCODE.sub(_ANY_POSTCODE, text))
