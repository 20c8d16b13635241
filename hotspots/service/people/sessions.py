"""That somebody has signed in: begun, found again, ended."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hotspots.service.people.permissions import Person, describe
from hotspots.service.state import Account, Database, LoginSession, ServiceSettings, read_clock

TOUCH = dt.timedelta(minutes=1)
"""How stale the time of the last page may be, so that not every page writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks.

    Attributes:
        person: Who it is.
        form_token: What their forms must hold; None for a program, which sends its token itself.
    """

    person: Person
    form_token: str | None


def hash_token(token: str) -> bytes:
    """What is kept of a token: it has 256 bits of chance, so that one round is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def begin_session(session: Session, account: Account, settings: ServiceSettings) -> str:
    """Sign somebody in: always with a new token, whatever the browser had before.

    Returns:
        What the browser keeps.
    """
    now = read_clock()
    token = secrets.token_urlsafe(32)
    session.execute(delete(LoginSession).where(LoginSession.ends_at <= now))
    session.add(
        LoginSession(
            token_hash=hash_token(token),
            account_id=account.id,
            form_token=secrets.token_urlsafe(24),
            created_at=now,
            seen_at=now,
            ends_at=now + dt.timedelta(hours=settings.session_hours),
        )
    )
    return token


def end_session(session: Session, token: str) -> None:
    """Sign out."""
    session.execute(delete(LoginSession).where(LoginSession.token_hash == hash_token(token)))


def find_session(database: Database, token: str, settings: ServiceSettings, *, is_used: bool = True) -> SignedIn | None:
    """Who has the token, as the account is now; None where it has ended.

    Args:
        database: Open.
        token: What the browser keeps.
        settings: Of the service.
        is_used: Whether somebody is at the browser, which keeps the session alive.
    """
    now = read_clock()
    with database.read() as session:
        found = session.get(LoginSession, hash_token(token))
        if found is None or not found.account.is_active:
            return None
        idle = dt.timedelta(minutes=settings.session_minutes)
        if found.ends_at <= now or found.seen_at + idle <= now:
            return None
        signed_in = SignedIn(person=describe(found.account), form_token=found.form_token)
        is_stale = is_used and found.seen_at + TOUCH <= now
    if is_stale:
        with database.write() as session:
            again = session.get(LoginSession, hash_token(token))
            if again is not None:
                again.seen_at = now
    return signed_in
