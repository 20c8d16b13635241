"""Passwords: what may be one, and how it is kept."""

from __future__ import annotations

import functools
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotspots.errors import ParameterError
from hotspots.service.people.permissions import TooManyAttemptsError

PasswordHash = NewType("PasswordHash", str)
"""What is kept of a password. It has a type of its own, so that no password is kept in its place."""

MIN_LENGTH = 12
MAX_LENGTH = 128
"""In characters. Source: NCSC (2018), Password policy; NIST SP 800-63B-4 (2025), section 3.1.1: length, and no rules of
composition; longer ones are refused since each takes time to check."""

MIN_GUESSES_LOG10 = 10.0
"""Fewer guesses than ten thousand million are too few: the boundary of zxcvbn's best score. Three words that do not
belong together take some 10^16. Source: Wheeler (2016), zxcvbn: low-budget password strength estimation, USENIX
Security 16, 157-173."""
_WEIGHED_LENGTH = 32
"""How many characters are weighed. What is strong so far is strong; all 128 would take zxcvbn five seconds where each
could stand for a letter (measured with 4.5), and these take a third of one."""
_SHARED_WORDS = ("hotspots", "police", "council", "partnership")
"""What somebody would try first at any of these services."""
_FAULTS: Mapping[str, str] = {
    "passwords": "It is built on one of the passwords that people choose most",
    "user_inputs": "It is built on a name that belongs to the account or to this service",
    "spatial": "It follows the rows of the keyboard",
    "repeat": "It repeats the same characters",
    "sequence": "It has a sequence such as abc or 6543",
    "regex": "It is built on a year",
    "date": "It is built on a date",
}
"""What is wrong, by the kind of its longest part that can be guessed."""

hasher = PasswordHasher()
"""argon2id with the parameters that the library recommends: RFC 9106 (2021), section 4, second recommendation."""
AT_ONCE = 4
places = threading.BoundedSemaphore(AT_ONCE)
"""Each check takes 64 MB, so that a crowd of strangers must not check at once."""
_PATIENCE_S = 20.0
_weighing = threading.Lock()
"""zxcvbn keeps the names that it is given in a table of its module, which threads would mix up."""


def hash_password(password: str) -> PasswordHash:
    """What is kept of a password: argon2id with a salt of its own.

    It takes time, and at its busiest a place has to be waited for: never within a transaction that writes.

    Raises:
        TooManyAttemptsError: Too many are being worked on at once.
    """
    with _take_place():
        return PasswordHash(hasher.hash(_encode(password)))


def hash_new_password(password: str, *, about: Sequence[str] = ()) -> PasswordHash:
    """What is kept of a password that somebody chose, if it is strong: see `require_strong` and `hash_password`.

    Raises:
        ParameterError: It is weak.
        TooManyAttemptsError: Too many are being worked on at once.
    """
    require_strong(password, about=about)
    return hash_password(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is the one. Where there is none to compare with, it takes as long to say no.

    Raises:
        TooManyAttemptsError: Too many are being checked at once.
    """
    with _take_place():
        nobody = _hash_of_nobody()  # made for everybody, or the first unknown name would take twice as long
        try:
            matches = hasher.verify(password_hash or nobody, _encode(password[: MAX_LENGTH + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return matches and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the library now recommends stronger parameters than those it was hashed with."""
    return hasher.check_needs_rehash(password_hash)


def require_strong(password: str, *, about: Sequence[str] = ()) -> None:
    """Refuse a password that is short, or that is guessed soon: by the lists and rules of zxcvbn.

    Args:
        password: As it is to be.
        about: Words that somebody would try first: the name of the account, of the person.

    Raises:
        ParameterError: It is not strong enough, with what is wrong; the password is never said.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ParameterError(
            f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters; this one has {len(password)}. {_ADVICE}"
        )
    if any(len(word) >= 4 and word.casefold() in password.casefold() for word in about):
        raise ParameterError(f"A password must not contain the name of the account. {_ADVICE}")
    words = {part for word in (*about, *_SHARED_WORDS) for part in (word, *re.split(r"[\W_]+", word)) if len(part) > 2}
    found = _weigh(password[:_WEIGHED_LENGTH], sorted(words))
    if found["guesses_log10"] < MIN_GUESSES_LOG10:
        raise ParameterError(f"This password is guessed too soon. {_name_fault(found['sequence'])}. {_ADVICE}")


_ADVICE = "Three words that do not belong together are long enough and easy to keep in mind."


def _weigh(password: str, words: Sequence[str]) -> Mapping[str, Any]:
    """How many guesses a password takes, and what it is made of."""
    from zxcvbn import zxcvbn  # its lists are read at import: only where a password is chosen

    with _weighing:
        found: Mapping[str, Any] = zxcvbn(password, user_inputs=list(words))
    return found


def _name_fault(parts: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with a password, in words, without a letter of it."""
    guessed = [part for part in parts if part["pattern"] != "bruteforce"]
    if not guessed:
        return "It is too short for what it is made of"
    longest = max(guessed, key=lambda part: len(part["token"]))
    kind = longest["dictionary_name"] if longest["pattern"] == "dictionary" else longest["pattern"]
    return _FAULTS.get(kind, "It is built on common words or names")


def make_password() -> str:
    """A password for somebody's first time."""
    return secrets.token_urlsafe(12)


@contextmanager
def _take_place() -> Iterator[None]:
    """One of the few places in which passwords are worked on."""
    if not places.acquire(timeout=_PATIENCE_S):
        raise TooManyAttemptsError("Very many are signing in at this moment. Try again soon.", retry_after_s=10)
    try:
        yield
    finally:
        places.release()


def _encode(password: str) -> bytes:
    """A password as it is hashed: one letter with an accent is the same, whichever way a keyboard sends it."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@functools.cache
def _hash_of_nobody() -> str:
    return hasher.hash(secrets.token_hex(16))
