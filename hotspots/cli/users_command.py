"""`hotspots users`: who may sign in to the service, and what each may do there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import json_option, settings_option
from hotspots.cli.outputs import echo, echo_json, make_plain
from hotspots.cli.service_workspace import ServiceWorkspace, open_workspace
from hotspots.errors import ParameterError

if TYPE_CHECKING:
    from hotspots.service.state import Account

_NAME = click.argument("name")
_ROLE = click.Choice(["viewer", "analyst", "admin"])
_TIER = click.Choice(["tasking", "partner"])
_ROLE_HELP = "What they may do: open products; run and send files as well; give accounts as well."
_TIER_HELP = "Which products they may open: all, or those that are made for partners."
_WARDS_HELP = "Code or name of a ward of their team, which sees its wards alone. Repeatable.  [default: all wards]"
_FROM_STDIN = click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the password from the first line of stdin."
)
_MAKE = click.option("--make", "make_it", is_flag=True, help="Make a password, and print it this once.")


@click.group()
def users() -> None:
    """Give people accounts at the service: what they may do, and what they may open."""


@users.command()
@_NAME
@click.option("--full-name", default="", help="As it is shown.  [default: the name]")
@click.option("--role", type=_ROLE, default="viewer", show_default=True, help=_ROLE_HELP)
@click.option("--tier", type=_TIER, default="tasking", show_default=True, help=_TIER_HELP)
@click.option("--ward", "wards", multiple=True, metavar="WARD", help=_WARDS_HELP)
@_FROM_STDIN
@_MAKE
@click.option("--keep-password", is_flag=True, help="Let them keep it: it is theirs already, and not a first one.")
@click.option(
    "--elsewhere",
    is_flag=True,
    help="Without a password here: they sign in at the organisation of [service.sign_in_elsewhere].",
)
@settings_option
def add(
    name: str,
    wards: tuple[str, ...],
    from_stdin: bool,
    make_it: bool,
    keep_password: bool,
    elsewhere: bool,
    settings_file: Path | None,
    **options: Any,
) -> None:
    """Make an account. Its password is asked for, and has to be changed when it is first used."""
    if elsewhere and (from_stdin or make_it or keep_password):
        raise click.UsageError("Whoever signs in elsewhere has no password here. Leave the options of one out.")
    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import record
        from hotspots.service.people import add_account, choose_wards

        codes = choose_wards(workspace.settings, workspace.service, wards)
        password = None if elsewhere else _read_password(from_stdin=from_stdin, make_it=make_it)
        with workspace.database.write() as session:
            account = add_account(
                session,
                name,
                password=password,
                must_change_password=not keep_password,
                ward_codes=codes,
                **options,
            )
            record(
                session,
                actor=workspace.actor,
                action="add account",
                subject=account.name,
                role=account.role,
                tier=account.tier,
                ward_codes=account.ward_codes,
            )
        echo(f"{account.name} is there: {_describe(account)}.", err=True)
        if password is not None:
            _print_made(password, make_it=make_it)


@users.command("list")
@json_option
@settings_option
def list_users(as_json: bool, settings_file: Path | None) -> None:
    """List all accounts."""
    with open_workspace(settings_file) as workspace:
        from hotspots.service.people import list_accounts

        with workspace.database.read() as session:
            accounts = list_accounts(session)
        if as_json:
            echo_json([_encode(account) for account in accounts])
            return
        for account in accounts:
            echo(f"{account.name}\t{make_plain(account.full_name)}\t{_describe(account)}")
        if not accounts:
            echo("There is no account yet. Make one: hotspots users add NAME --role admin.", err=True)


@users.command()
@_NAME
@click.option("--full-name", help="As it is shown.")
@click.option("--role", type=_ROLE, help=_ROLE_HELP)
@click.option("--tier", type=_TIER, help=_TIER_HELP)
@click.option("--ward", "wards", multiple=True, metavar="WARD", help="In place of those that they have. Repeatable.")
@click.option("--all-wards", is_flag=True, help="No team of some wards any more.")
@settings_option
def change(
    name: str, wards: tuple[str, ...], all_wards: bool, settings_file: Path | None, **options: str | None
) -> None:
    """Change what somebody may do. It holds from their next page on."""
    if wards and all_wards:
        raise click.UsageError("Give --ward or --all-wards, not both.")
    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import record
        from hotspots.service.people import change_account, choose_wards, find_account

        codes = choose_wards(workspace.settings, workspace.service, wards) if wards else [] if all_wards else None
        with workspace.database.write() as session:
            account = find_account(session, name)
            changes: dict[str, Any] = {**options, "ward_codes": codes}
            changed = change_account(session, account, **changes)
            if changed:
                record(session, actor=workspace.actor, action="change account", subject=account.name, **changed)
        echo(f"{account.name} is {_describe(account)}{'' if changed else ', as before'}.", err=True)


@users.command()
@_NAME
@click.option("--undo", is_flag=True, help="Let them sign in again.")
@settings_option
def disable(name: str, undo: bool, settings_file: Path | None) -> None:
    """Let nobody sign in with an account any more, and end its sessions and tokens."""
    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import record
        from hotspots.service.people import disable_account, enable_account, find_account

        with workspace.database.write() as session:
            account = find_account(session, name)
            if undo:
                enable_account(session, account)
            else:
                disable_account(session, account)
            action = "enable account" if undo else "disable account"
            record(session, actor=workspace.actor, action=action, subject=account.name)
        echo(f"{account.name} is {_describe(account)}.", err=True)


@users.command()
@_NAME
@_FROM_STDIN
@_MAKE
@click.option("--keep-password", is_flag=True, help="Let them keep it: it is theirs, and not a first one.")
@settings_option
def password(name: str, from_stdin: bool, make_it: bool, keep_password: bool, settings_file: Path | None) -> None:
    """Give somebody another password, which ends their sessions and tokens."""
    with open_workspace(settings_file) as workspace:
        from hotspots.service.audit import record
        from hotspots.service.people import change_password, find_account, hash_new_password

        with workspace.database.read() as session:
            found = find_account(session, name)  # before anybody types a password
        given = _read_password(from_stdin=from_stdin, make_it=make_it)
        hashed = hash_new_password(given, about=(found.name, found.full_name))
        with workspace.database.write() as session:
            account = find_account(session, name)
            change_password(session, account, hashed, must_change=not keep_password)
            record(session, actor=workspace.actor, action="give password", subject=account.name)
        echo(f"{account.name} has another password.", err=True)
        _print_made(given, make_it=make_it)


@users.command()
@_NAME
@click.option("--label", default="", help="Which program it is for.")
@click.option("--days", type=int, default=90, show_default=True, help="How long it lasts.")
@click.option("--list", "is_list", is_flag=True, help="List the tokens of the account, without what they are.")
@click.option("--revoke", metavar="ID", help="Take the token of this id back, as --list has it.")
@settings_option
def token(name: str, label: str, days: int, is_list: bool, revoke: str | None, settings_file: Path | None) -> None:
    """Give a program a token in somebody's name. It is printed once, to stdout."""
    with open_workspace(settings_file) as workspace:
        if is_list:
            _list_tokens(workspace, name)
            return
        from hotspots.service.audit import record
        from hotspots.service.people import find_account, make_api_token, revoke_api_token

        with workspace.database.write() as session:
            account = find_account(session, name)
            if revoke is not None:
                taken = revoke_api_token(session, account.id, revoke)
                record(session, actor=workspace.actor, action="revoke token", subject=account.name, label=taken.label)
                echo(f"{taken.label} has no token any more.", err=True)
                return
            made = make_api_token(session, account, label, days=days)
            record(session, actor=workspace.actor, action="make token", subject=account.name, label=label, days=days)
        echo(made)


def _list_tokens(workspace: ServiceWorkspace, name: str) -> None:
    from hotspots.service.people import find_account, list_api_tokens, name_token

    with workspace.database.read() as session:
        held = list_api_tokens(session, find_account(session, name).id)
    for one in held:
        used = f"last used {one.seen_at:%d %B %Y}" if one.seen_at else "never used"
        echo(f"{name_token(one)}\t{make_plain(one.label)}\tends {one.ends_at:%d %B %Y}\t{used}")
    if not held:
        echo("The account has no token.", err=True)


def _read_password(*, from_stdin: bool, make_it: bool) -> str:
    """A password: made, from stdin, or typed twice and not shown. It is never an argument, which others could list."""
    if from_stdin and make_it:
        raise click.UsageError("Give --stdin or --make, not both.")
    if make_it:
        from hotspots.service.people import make_password

        return make_password()
    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
        if not given:
            raise ParameterError("Nothing was on stdin. Write the password on its first line.")
        return given
    if not is_terminal():
        raise click.UsageError(
            "There is no terminal to ask for the password. Give --stdin, or --make to have one made."
        )
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return typed


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _print_made(password: str, *, make_it: bool) -> None:
    if make_it:
        echo("Its password, which is printed this once:", err=True)
        echo(password)


def _describe(account: Account) -> str:
    """What somebody may do and open, in words."""
    wards = f"wards {', '.join(account.ward_codes)}" if account.ward_codes else "all wards"
    state = "" if account.is_active else ", disabled"
    return f"{account.role}, {account.tier}, {wards}{state}"


def _encode(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "full_name": account.full_name,
        "role": account.role,
        "tier": account.tier,
        "ward_codes": account.ward_codes,
        "is_active": account.is_active,
        "must_change_password": account.must_change_password,
        "created_at": account.created_at.isoformat(),
    }
