"""Accounts: made, changed, found."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.people.passwords import hash_password, require_strong
from hotspots.service.state import Account, ApiToken, LoginSession, Role, Tier, read_clock, require_fitting

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,78}[a-z0-9])?")


def tidy_name(name: str) -> str:
    """A name as accounts have it: in small letters, with nothing around it."""
    return name.strip().casefold()


def find_account(session: Session, name: str) -> Account:
    """The account of a name.

    Raises:
        NotFoundError: There is none.
    """
    account = session.scalar(select(Account).where(Account.name == tidy_name(name)))
    if account is None:
        raise NotFoundError(f'There is no account "{tidy_name(name)}". hotspots users list has them all.')
    return account


def add_account(
    session: Session,
    name: str,
    *,
    password: str | None,
    full_name: str = "",
    role: Role = "viewer",
    tier: Tier = "tasking",
    ward_codes: Sequence[str] = (),
    must_change_password: bool = True,
) -> Account:
    """Make an account.

    Args:
        session: Of `Database.write`.
        name: What is typed to sign in: letters, digits, and . _ @ - between them.
        password: The first one; None for somebody who signs in elsewhere.
        full_name: As it is shown; by default the name.
        role: What they may do.
        tier: Of which audience they are.
        ward_codes: Of the wards of a team; empty for all.
        must_change_password: Whether they choose one of their own before anything else.

    Raises:
        ParameterError: The name is not one, or there already; the password is weak; or a role and a tier do not go
            together: whoever runs analyses sees every row that was sent.
    """
    name = tidy_name(name)
    if not _NAME.fullmatch(name):
        raise ParameterError(
            "The name of an account has 1 to 80 small letters and digits, with . _ @ - between them, such as j.smith. "
            "Choose another."
        )
    if session.scalar(select(Account.id).where(Account.name == name)):
        raise ParameterError(f'There is an account "{name}" already. Choose another name, or change that one.')
    require_fitting(role, tier, ward_codes)
    if password is not None:
        require_strong(password, about=(name, full_name))
    now = read_clock()
    account = Account(
        name=name,
        full_name=(full_name.strip() or name)[:120],
        role=role,
        tier=tier,
        ward_codes=sorted(set(ward_codes)),
        password_hash=None if password is None else hash_password(password),
        must_change_password=must_change_password and password is not None,
        created_at=now,
        password_changed_at=None if password is None else now,
    )
    session.add(account)
    session.flush()
    return account


def change_password(session: Session, account: Account, password: str, *, must_change: bool = False) -> None:
    """Give an account another password, and end whatever was signed in with the old one.

    Raises:
        ParameterError: It is weak.
    """
    require_strong(password, about=(account.name, account.full_name))
    account.password_hash = hash_password(password)
    account.password_changed_at = read_clock()
    account.must_change_password = must_change
    sign_out_everywhere(session, account)


def sign_out_everywhere(session: Session, account: Account) -> None:
    """End all that is signed in with an account, browsers and programs."""
    session.execute(delete(LoginSession).where(LoginSession.account_id == account.id))
    session.execute(delete(ApiToken).where(ApiToken.account_id == account.id))
