"""Accounts: made, changed, found."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotspots.errors import NotFoundError, ParameterError
from hotspots.service.people.passwords import PasswordHash, hash_new_password
from hotspots.service.state import Account, ApiToken, LoginSession, Role, Tier, read_clock, require_fitting

MAX_NAME = 80
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,78}[a-z0-9])?")


def tidy_name(name: str) -> str:
    """A name as accounts have it: in small letters, with nothing around it, and as long as its column holds."""
    seen = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name[:200])
    return seen.strip().casefold()[:MAX_NAME]


def find_account(session: Session, name: str) -> Account:
    """The account of a name.

    Raises:
        NotFoundError: There is none.
    """
    account = session.scalar(select(Account).where(Account.name == tidy_name(name)))
    if account is None:
        raise NotFoundError(f'There is no account "{tidy_name(name)}". hotspots users list has them all.')
    return account


def open_account(session: Session, account_id: str) -> Account:
    """The account of an id.

    Raises:
        NotFoundError: There is none.
    """
    account = session.get(Account, account_id)
    if account is None:
        raise NotFoundError("There is no such account.")
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
    is_too_long = len(name.strip()) > MAX_NAME
    name = tidy_name(name)
    if is_too_long or not _NAME.fullmatch(name):
        raise ParameterError(
            "The name of an account has 1 to 80 small letters and digits, with . _ @ - between them, such as j.smith. "
            "Choose another."
        )
    require_fitting(role, tier, ward_codes)
    # before the first word to the database, from which on others wait to write
    password_hash = None if password is None else hash_new_password(password, about=(name, full_name))
    if session.scalar(select(Account.id).where(Account.name == name)):
        raise ParameterError(f'There is an account "{name}" already. Choose another name, or change that one.')
    now = read_clock()
    account = Account(
        name=name,
        full_name=_tidy_full_name(full_name) or name,
        role=role,
        tier=tier,
        ward_codes=sorted(set(ward_codes)),
        password_hash=password_hash,
        must_change_password=must_change_password and password is not None,
        created_at=now,
        password_changed_at=None if password is None else now,
    )
    session.add(account)
    session.flush()
    return account


def list_accounts(session: Session) -> Sequence[Account]:
    """All accounts by name, those that are disabled at the end."""
    return session.scalars(select(Account).order_by(Account.is_active.desc(), Account.name)).all()


def change_account(
    session: Session,
    account: Account,
    *,
    by: str | None = None,
    full_name: str | None = None,
    role: Role | None = None,
    tier: Tier | None = None,
    ward_codes: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Change what somebody may do, or is called. It holds from their next page on, and for their programs.

    Args:
        session: Of `Database.write`.
        account: Whose.
        by: Id of the account of whoever does it; None for whoever keeps the machine.
        full_name: As it is shown; None, as with the others, for what stays.
        role: What they may do.
        tier: Of which audience they are.
        ward_codes: Of the wards of a team; empty for all.

    Returns:
        What is other than before, for the audit.

    Raises:
        ParameterError: A role and a tier do not go together; or the service would be without an admin.
    """
    wanted = {
        "full_name": account.full_name if full_name is None else _tidy_full_name(full_name) or account.name,
        "role": role or account.role,
        "tier": tier or account.tier,
        "ward_codes": account.ward_codes if ward_codes is None else sorted(set(ward_codes)),
    }
    require_fitting(
        role or account.role, tier or account.tier, ward_codes if ward_codes is not None else account.ward_codes
    )
    if account.role == "admin" and wanted["role"] != "admin":
        _require_another_admin(session, account, by=by)
    changed: dict[str, Any] = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    for name, value in changed.items():
        setattr(account, name, value)
    session.flush()
    return changed


def disable_account(session: Session, account: Account, *, by: str | None = None) -> None:
    """Let nobody sign in with an account any more, and end whatever is signed in with it. What it did stays known.

    Args:
        session: Of `Database.write`.
        account: Which.
        by: As of `change_account`.

    Raises:
        ParameterError: The service would be without an admin.
    """
    if account.role == "admin":
        _require_another_admin(session, account, by=by)
    elif account.id == by:
        raise ParameterError("You cannot disable your own account. Ask another admin.")
    account.is_active = False
    sign_out_everywhere(session, account)
    session.flush()


def enable_account(session: Session, account: Account) -> None:
    """Let somebody sign in again, with the password that they had."""
    account.is_active = True
    session.flush()


def change_password(
    session: Session, account: Account, password_hash: PasswordHash, *, must_change: bool = False
) -> None:
    """Give an account another password, and end whatever was signed in with the old one.

    Args:
        session: Of `Database.write`.
        account: Which.
        password_hash: As `hash_new_password` makes it, before the transaction.
        must_change: Whether they choose one of their own before anything else.
    """
    account.password_hash = password_hash
    account.password_changed_at = read_clock()
    account.must_change_password = must_change
    sign_out_everywhere(session, account)


def sign_out_everywhere(session: Session, account: Account) -> None:
    """End all that is signed in with an account, browsers and programs."""
    session.execute(delete(LoginSession).where(LoginSession.account_id == account.id))
    session.execute(delete(ApiToken).where(ApiToken.account_id == account.id))


def _require_another_admin(session: Session, account: Account, *, by: str | None) -> None:
    """Refuse to leave the service without somebody who gives accounts."""
    if account.id == by:
        raise ParameterError("You cannot take the role of admin from yourself. Ask another admin to do it.")
    if not account.is_active:
        return
    chosen = select(Account.id).where(Account.role == "admin", Account.is_active, Account.id != account.id)
    every = select(Account.id).where(Account.role == "admin", Account.is_active).order_by(Account.id)
    session.execute(every.with_for_update()).all()  # two admins who disable each other wait for one another
    if session.scalar(chosen.limit(1)) is None:
        raise ParameterError(f"{account.name} is the last admin. Make somebody else one first.")


def _tidy_full_name(full_name: str) -> str:
    """As it is shown: in one line, as long as its column holds."""
    return "".join(letter if letter.isprintable() else " " for letter in full_name).strip()[:120]
