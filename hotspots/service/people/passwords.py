"""Passwords: what may be one, and how it is kept."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hotspots.errors import ParameterError

MIN_LENGTH = 12
MAX_LENGTH = 128
"""In characters. Source: NCSC (2018), Password policy; NIST SP 800-63B-4 (2025), section 3.1.1: length, and no rules of
composition; longer ones are refused since each takes time to check."""

_hasher = PasswordHasher()
"""argon2id with the parameters that the library recommends: RFC 9106 (2021), section 4, second recommendation."""


def hash_password(password: str) -> str:
    """What is kept of a password: argon2id with a salt of its own."""
    return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether it is the one. Where there is none to compare with, it takes as long to say no."""
    try:
        matches = _hasher.verify(password_hash or _hash_of_nobody(), password[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the library now recommends stronger parameters than those it was hashed with."""
    return _hasher.check_needs_rehash(password_hash)


def require_strong(password: str, *, about: Sequence[str] = ()) -> None:
    """Refuse a password that is short, or that is on lists of common ones.

    Args:
        password: As it is to be.
        about: Words that somebody would try first: the name of the account, of the person.

    Raises:
        ParameterError: It is not strong enough, with what would be.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise ParameterError(
            f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters; this one has {len(password)}. Three words that "
            "do not belong together are long enough and easy to keep in mind."
        )
    if any(len(word) >= 4 and word.casefold() in password.casefold() for word in about):
        raise ParameterError("A password must not contain the name of the account. Choose three other words.")


def make_password() -> str:
    """A password for somebody's first time."""
    return secrets.token_urlsafe(12)


@functools.cache
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))
