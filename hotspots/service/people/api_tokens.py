"""Tokens of programs: given, used, listed and taken back."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.people.permissions import describe
from hotspots.service.people.sessions import TOUCH, SignedIn, hash_token
from hotspots.service.state import Account, ApiToken, Database, read_clock

MAX_DAYS = 366
"""The longest that a token lasts: one that is forgotten ends by itself."""
MAX_TOKENS = 20
"""Of one account."""
_ID_LENGTH = 12


def make_api_token(session: Session, account: Account, label: str, *, days: int) -> str:
    """Give a program a token in somebody's name.

    Args:
        session: Of `Database.write`.
        account: Whose.
        label: What it is for.
        days: How long it lasts.

    Returns:
        The token, which is shown once.

    Raises:
        ParameterError: It would last too long, has no label, or the account has very many.
    """
    now = read_clock()
    label = "".join(letter if letter.isprintable() else " " for letter in label).strip()[:80]
    if not label:
        raise ParameterError("A token needs a `label` that says which program it is for. Give one.")
    if not 1 <= days <= MAX_DAYS:
        raise ParameterError(f"A token lasts 1 to {MAX_DAYS} `days`, not {days}. Give fewer, and make another then.")
    held = select(func.count()).select_from(ApiToken).where(ApiToken.account_id == account.id, ApiToken.ends_at > now)
    if (session.scalar(held) or 0) >= MAX_TOKENS:
        raise ParameterError(f"An account has at most {MAX_TOKENS} tokens. Take one back that is not in use.")
    session.execute(delete(ApiToken).where(ApiToken.ends_at <= now))
    token = f"hotspots_{secrets.token_urlsafe(32)}"
    session.add(
        ApiToken(
            token_hash=hash_token(token),
            account_id=account.id,
            label=label,
            created_at=now,
            seen_at=None,
            ends_at=now + dt.timedelta(days=days),
        )
    )
    return token


def find_api_token(database: Database, token: str) -> SignedIn | None:
    """Whose program has the token; None where it has ended, or its owner has to choose a password first."""
    now = read_clock()
    with database.read() as session:
        found = session.get(ApiToken, hash_token(token))
        if found is None or not found.account.is_active or found.ends_at <= now or found.account.must_change_password:
            return None
        signed_in = SignedIn(person=describe(found.account), form_token=None)
        is_stale = found.seen_at is None or found.seen_at + TOUCH <= now
    if is_stale:
        with database.write() as session:
            again = session.get(ApiToken, hash_token(token))
            if again is not None:
                again.seen_at = now
    return signed_in


def name_token(token: ApiToken) -> str:
    """What a token is called in lists: it says nothing about the token itself."""
    return token.token_hash.hex()[:_ID_LENGTH]


def list_api_tokens(session: Session, account_id: str | None = None) -> Sequence[ApiToken]:
    """Tokens that have not ended, newest first: of an account, or of all."""
    chosen = select(ApiToken).where(ApiToken.ends_at > read_clock()).order_by(ApiToken.created_at.desc())
    if account_id is not None:
        chosen = chosen.where(ApiToken.account_id == account_id)
    return session.scalars(chosen).all()


def revoke_api_token(session: Session, account_id: str, token_id: str) -> ApiToken:
    """Take a token of an account back.

    Raises:
        NotFoundError: The account has no such token, or not any more.
    """
    for token in list_api_tokens(session, account_id):
        if name_token(token) == token_id:
            session.delete(token)
            return token
    raise NotFoundError("There is no such token of this account, or not any more.")
