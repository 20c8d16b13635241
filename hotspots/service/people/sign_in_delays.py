"""Wrong passwords, counted in the database: whoever types many has to wait, and nobody is locked out for ever.

Three counts of the last hour decide, and the same for names that nobody has:

* of a name from an address, which stops whoever tries one account after their own mistakes;
* of an address for all names, which stops whoever tries one password on many accounts;
* of a name from everywhere, which stops whoever has many addresses. This one does not hold for an address that the
  account has signed in from, so that strangers cannot keep its owner out.

The wait doubles with each wrong password and ends at a limit. An attempt is counted before the password is looked at,
so that many at once are no way around it. Attempts during a wait are refused unseen and do not make it longer; nor do
those whose password could not be looked at, because too many came at once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session

from hotspots.service.people.permissions import TooManyAttemptsError
from hotspots.service.state import AuditRecord, FailedLogin, read_clock

_KEPT = dt.timedelta(hours=1)
_KNOWN_FOR = dt.timedelta(days=90)
"""How long an address is known from which somebody has signed in."""
_MOST_KNOWN = 200


@dataclass(frozen=True, slots=True)
class _Rule:
    """After `n_free` wrong ones, wait 1 s, 2 s, 4 s ... and at most `longest_s`."""

    n_free: int
    longest_s: int

    def find_wait(self, n_wrong: int) -> dt.timedelta:
        beyond = n_wrong - self.n_free
        return dt.timedelta(seconds=min(self.longest_s, 2 ** min(beyond, 20)) if beyond >= 0 else 0)


_OF_PAIR = _Rule(n_free=5, longest_s=900)
_OF_ADDRESS = _Rule(n_free=60, longest_s=900)
"""An office of thirty has one address."""
_OF_NAME = _Rule(n_free=30, longest_s=60)


def group_address(address: str) -> str:
    """What counts as one address: of IPv6 the network of a household, which has 2^64 of them."""
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(read, IPv6Address):
        return str(read.ipv4_mapped or ip_network((read, 64), strict=False))
    return str(read)


def count_attempt(session: Session, name: str, address: str) -> int:
    """Count an attempt as a wrong one, until `forgive_attempts` says otherwise.

    Args:
        session: Of `Database.write`: the caller ends the transaction before it looks at the password.
        name: As `tidy_name` leaves it, cut to its column.
        address: From where.

    Returns:
        The id of the attempt.

    Raises:
        TooManyAttemptsError: One has to wait first.
    """
    _lock(session)
    now, address = read_clock(), group_address(address)  # once it is our turn, or those before would seem to come later
    session.execute(delete(FailedLogin).where(FailedLogin.at <= now - _KEPT))
    of_name, of_address = FailedLogin.name == name, FailedLogin.address == address
    ends = [_find_end(session, _OF_PAIR, of_name & of_address), _find_end(session, _OF_ADDRESS, of_address)]
    end_of_name = _find_end(session, _OF_NAME, of_name)
    if end_of_name > now and not _is_known(session, name, address, since=now - _KNOWN_FOR):
        ends.append(end_of_name)
    if max(ends) > now:
        wait_s = int((max(ends) - now).total_seconds()) + 1
        raise TooManyAttemptsError(
            f"Too many wrong passwords. Wait {_say_wait(wait_s)}, then try again; whoever gives accounts here can give "
            "you another password.",
            retry_after_s=wait_s,
        )
    attempt = FailedLogin(name=name, address=address, at=now)
    session.add(attempt)
    session.flush()
    return attempt.id


def withdraw_attempt(session: Session, attempt_id: int) -> None:
    """Take one attempt back, whose password nobody has looked at."""
    _lock(session)
    session.execute(delete(FailedLogin).where(FailedLogin.id == attempt_id))


def forgive_attempts(session: Session, name: str, address: str) -> None:
    """Forget the wrong passwords of a name from an address: the right one was typed."""
    _lock(session)
    session.execute(delete(FailedLogin).where(FailedLogin.name == name, FailedLogin.address == group_address(address)))


def _lock(session: Session) -> None:
    """Wait for whoever counts or forgets attempts at this moment.

    Two must not both be the fifth, nor wait for rows of each other that both remove.
    """
    connection = session.connection()  # SQLite has one writer, and waits here
    if connection.dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotspots sign in'))"))


def _find_end(session: Session, rule: _Rule, condition: ColumnElement[bool]) -> dt.datetime:
    """Until when one has to wait, by a rule, after the attempts that meet a condition."""
    n_wrong, last = session.execute(select(func.count(), func.max(FailedLogin.at)).where(condition)).one()
    return dt.datetime.min.replace(tzinfo=dt.UTC) if last is None else last + rule.find_wait(n_wrong)


def _is_known(session: Session, name: str, address: str, *, since: dt.datetime) -> bool:
    """Whether somebody has signed in with the name from the address."""
    chosen = select(AuditRecord.details).where(
        AuditRecord.action == "sign in",
        AuditRecord.outcome == "done",
        AuditRecord.actor == name,
        AuditRecord.at > since,
    )
    newest = session.scalars(chosen.order_by(AuditRecord.sequence.desc()).limit(_MOST_KNOWN))
    return any(group_address(str(details.get("address", ""))) == address for details in newest)


def _say_wait(seconds: int) -> str:
    n, unit = (seconds, "second") if seconds < 120 else (-(-seconds // 60), "minute")
    return f"{n} {unit}{'s' if n != 1 else ''}"
