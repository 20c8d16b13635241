"""People for whom an organisation vouches: which account is theirs, and what its groups let them do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotspots.errors import ParameterError
from hotspots.service.audit import record
from hotspots.service.people.accounts import add_account, sign_out_everywhere, tidy_name
from hotspots.service.people.permissions import NotSignedInError
from hotspots.service.people.sessions import begin_session
from hotspots.service.state import Account, Database, GroupRights, ServiceSettings, SignInElsewhere

_LONGEST_SUBJECT = 400


def admit_from_elsewhere(
    database: Database, claims: Mapping[str, Any], *, address: str, settings: ServiceSettings
) -> str:
    """Sign in somebody for whom the organisation of the settings vouches.

    An account belongs to them if it was theirs before, by the number that the organisation gives them (`sub`), which is
    never given again. Else it is the one of their name, if it was made for somebody who signs in elsewhere and nobody
    has yet: an account with a password is never taken over. Else, where a group of theirs has rights, one is made.

    Args:
        database: Open.
        claims: What the organisation says of them, its signature checked before.
        address: From where they come.
        settings: Of the service.

    Returns:
        What the browser keeps.

    Raises:
        NotSignedInError: There is not an account for them, or not any more.
    """
    elsewhere = settings.sign_in_elsewhere
    assert elsewhere is not None
    subject = claims.get("sub")
    name = claims.get(elsewhere.name_claim)
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or "\0" in subject:
        raise NotSignedInError("Your organisation did not say who you are. Ask whoever gives accounts there.")
    named = tidy_name(name)[:80].replace("\0", "") if isinstance(name, str) else ""
    rights = _find_rights(claims.get(elsewhere.groups_claim), elsewhere)
    with database.write() as session:
        account = known = _find_account(session, elsewhere.issuer, subject, named)
        if account is None and rights is not None and named:
            account = _make_account(session, named, claims, rights)
        is_member = rights is not None or not elsewhere.groups
        if account is not None and account.is_active and is_member:
            account.issuer, account.subject = elsewhere.issuer, subject
            changed = _give_rights(account, rights) if rights is not None and known is not None else {}
            token = begin_session(session, account, settings)
            if known is None:
                given: dict[str, Any] = {"role": account.role, "tier": account.tier, "ward_codes": account.ward_codes}
                record(session, actor=elsewhere.issuer, action="add account", subject=account.name, **given)
            elif changed:
                record(session, actor=elsewhere.issuer, action="change account", subject=account.name, **changed)
            record(session, actor=account.name, action="sign in", subject=elsewhere.issuer, address=address)
            return token
        if known is not None and not is_member:  # who has left may have programs here that go on
            sign_out_everywhere(session, known)
        record(
            session,
            actor=named or "unknown",
            action="sign in",
            subject=elsewhere.issuer,
            outcome="refused",
            address=address,
        )
    raise NotSignedInError("Your organisation vouches for you, and you have no account here. Ask whoever gives them.")


def _find_account(session: Session, issuer: str, subject: str, name: str) -> Account | None:
    theirs = session.scalar(select(Account).where(Account.issuer == issuer, Account.subject == subject))
    if theirs is not None:
        return theirs
    waiting = (Account.name == name, Account.password_hash.is_(None), Account.subject.is_(None))
    return session.scalar(select(Account).where(*waiting))


def _find_rights(groups: Any, elsewhere: SignInElsewhere) -> GroupRights | None:
    theirs = {group for group in groups if isinstance(group, str)} if isinstance(groups, list) else set()
    return next((rights for group, rights in elsewhere.groups.items() if group in theirs), None)


def _give_rights(account: Account, rights: GroupRights) -> dict[str, Any]:
    """Let somebody do what their group may; what is other than before."""
    wanted: dict[str, Any] = {"role": rights.role, "tier": rights.tier, "ward_codes": sorted(rights.wards)}
    changed = {name: value for name, value in wanted.items() if getattr(account, name) != value}
    for name, value in changed.items():
        setattr(account, name, value)
    return changed


def _make_account(session: Session, name: str, claims: Mapping[str, Any], rights: GroupRights) -> Account | None:
    """An account for a member of a group; None where the name is taken, or is not one."""
    full_name = claims.get("name")
    try:
        return add_account(
            session,
            name,
            password=None,
            full_name=full_name.replace("\0", "") if isinstance(full_name, str) else "",
            role=rights.role,
            tier=rights.tier,
            ward_codes=rights.wards,
        )
    except ParameterError:
        return None
