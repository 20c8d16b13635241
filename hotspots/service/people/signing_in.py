"""Signing in with a password: the same answer, after the same work, whether there is such an account or not."""

from __future__ import annotations

from sqlalchemy import select

from hotspots.service.audit import record
from hotspots.service.people.accounts import tidy_name
from hotspots.service.people.passwords import hash_password, is_outdated, is_password
from hotspots.service.people.permissions import NotSignedInError, TooManyAttemptsError
from hotspots.service.people.sessions import begin_session
from hotspots.service.people.sign_in_delays import count_attempt, forgive_attempts, withdraw_attempt
from hotspots.service.state import Account, Database, ServiceSettings

UNKNOWN = "unknown"
"""In the audit, whoever typed a name that no account has."""


def is_right_password(database: Database, name: str, password: str, kept: str | None, *, address: str) -> bool:
    """Whether a password is the one, as an attempt that counts until `forgive_attempts` is called.

    Args:
        database: Open; nothing is written while the password is looked at.
        name: Of the account, as `tidy_name` leaves it.
        password: As typed.
        kept: The hash of the right one; None where there is none.
        address: From where.

    Raises:
        TooManyAttemptsError: Too many wrong ones came before, or too many are being looked at. Of the latter nothing
            is counted: whoever tries again soon would be taken for somebody who guesses.
    """
    with database.write() as session:
        attempt_id = count_attempt(session, name, address)
    try:
        return is_password(password, kept)
    except TooManyAttemptsError:
        with database.write() as session:
            withdraw_attempt(session, attempt_id)
        raise


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
    with database.read() as session:
        account = session.scalar(select(Account).where(Account.name == name))
    kept = account.password_hash if account else None
    is_right = is_right_password(database, name, password, kept, address=address)
    renewed = hash_password(password) if kept and is_right and is_outdated(kept) else None
    with database.write() as session:
        account = session.get(Account, account.id, with_for_update=True) if account else None
        is_right &= account is not None and account.password_hash == kept  # or it was changed meanwhile
        if account is None or not is_right or not account.is_active:
            # what nobody is called is not kept: it may be a password that somebody typed into the wrong field
            actor = UNKNOWN if account is None else account.name
            record(session, actor=actor, action="sign in", outcome="refused", address=address)
        else:
            forgive_attempts(session, name, address)
            if renewed is not None:
                account.password_hash = renewed
            token = begin_session(session, account, settings)
            record(session, actor=name, action="sign in", address=address)
            return token
    raise NotSignedInError("Name or password is not right. Type them again, or ask whoever gives accounts here.")
