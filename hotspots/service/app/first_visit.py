"""What somebody finds who tries the service on the demonstration data: accounts, and products that are on their way."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from hotspots.service.audit import record
from hotspots.service.jobs import JobRequest, ask_job
from hotspots.service.people import Person, add_account, make_password
from hotspots.service.state import Account, Database, Job, Role, Tier

_ACTOR = "demonstration"
_ACCOUNTS: tuple[tuple[str, Role, Tier], ...] = (
    ("analyst", "analyst", "tasking"),
    ("reader", "viewer", "tasking"),
    ("partner", "viewer", "partner"),
    ("admin", "admin", "tasking"),
)
_REQUESTS = (
    JobRequest(kind="patrol plan", crimes=("robbery",)),
    JobRequest(kind="map", crimes=("robbery",)),
    JobRequest(kind="map", crimes=("robbery",), audience="partner"),
    JobRequest(kind="ward briefs", crimes=("robbery",)),
    JobRequest(kind="pack"),
)
"""In this order: what a newcomer looks for first comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAccount:
    """An account that was made for the demonstration.

    Attributes:
        name: What is typed to sign in.
        password: Kept nowhere else.
        role, tier: What they may do and see.
    """

    name: str
    password: str
    role: Role
    tier: Tier


def prepare_demonstration(database: Database, *, time_zone: str) -> list[MadeAccount]:
    """Make accounts where there are none, and ask for the first products where nothing was asked for yet.

    Args:
        database: Open.
        time_zone: In which "next Friday" is meant.

    Returns:
        The accounts made now, whose passwords are said this once.
    """
    made: list[MadeAccount] = []
    with database.write() as session:
        if session.scalar(select(Account.id).limit(1)) is None:
            for name, role, tier in _ACCOUNTS:
                password = make_password()
                add_account(session, name, password=password, role=role, tier=tier, must_change_password=False)
                record(session, actor=_ACTOR, action="add account", subject=name, role=role, tier=tier)
                made.append(MadeAccount(name=name, password=password, role=role, tier=tier))
        analyst = session.scalar(select(Account).where(Account.name == _ACCOUNTS[0][0], Account.is_active))
        if analyst is not None and session.scalar(select(Job.id).limit(1)) is None:
            person = Person(
                account_id=analyst.id, name=_ACTOR, full_name=_ACTOR, role="analyst", tier="tasking", ward_codes=()
            )
            for request in _REQUESTS:
                ask_job(session, person, request, time_zone=time_zone)
    return made
