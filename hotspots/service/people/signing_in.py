"""Signing in with a password: the same answer, after the same work, whether there is such an account or not."""

from __future__ import annotations

from sqlalchemy import select

from hotspots.service.audit import record
from hotspots.service.people.accounts import tidy_name
from hotspots.service.people.passwords import hash_password, is_outdated, is_password
from hotspots.service.people.permissions import NotSignedInError
from hotspots.service.people.sessions import begin_session
from hotspots.service.people.sign_in_delays import count_attempt, forgive_attempts
from hotspots.service.state import Account, Database, ServiceSettings

UNKNOWN = "unknown"
"""In the audit, whoever typed a name that no account has."""


def sign_in(database: Database, name: str, password: str, *, address: str, settings: ServiceSettings) -> str:
    """Sign somebody in.

    Args:
        database: Open.
        name: As typed.
        password: As typed.
        address: From where.
        settings: Of the service.

    Returns:
        What the browser keeps.

    Raises:
        NotSignedInError: Name or password is wrong, which of them is not said.
        TooManyAttemptsError: Too many wrong ones came before, and one has to wait.
    """
    name = tidy_name(name)
    with database.write() as session:
        count_attempt(session, name, address)
    with database.read() as session:
        account = session.scalar(select(Account).where(Account.name == name))
    is_right = is_password(password, account.password_hash if account else None)
    with database.write() as session:
        account = session.get(Account, account.id) if account else None
        if account is None or not is_right or not account.is_active:
            # what nobody is called is not kept: it may be a password that somebody typed into the wrong field
            actor = UNKNOWN if account is None else account.name
            record(session, actor=actor, action="sign in", outcome="refused", address=address)
        else:
            forgive_attempts(session, name, address)
            if account.password_hash and is_outdated(account.password_hash):
                account.password_hash = hash_password(password)
            token = begin_session(session, account, settings)
            record(session, actor=name, action="sign in", address=address)
            return token
    raise NotSignedInError("Name or password is not right. Type them again, or ask whoever gives accounts here.")
