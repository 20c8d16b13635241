"""Accounts for admins: who has one, made, changed, disabled, with another password, and signed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse, Response

from hotspots.errors import HotspotsError, NotFoundError, ParameterError
from hotspots.service.audit import record
from hotspots.service.door import Asker, Context, ServiceContext, render, require, require_form_token
from hotspots.service.people import (
    SignedIn,
    add_account,
    change_account,
    change_password,
    choose_wards,
    disable_account,
    enable_account,
    hash_new_password,
    list_accounts,
    list_api_tokens,
    make_password,
    name_token,
    open_account,
    revoke_api_token,
    sign_out_everywhere,
)
from hotspots.service.state import Role, Tier
from hotspots.service.views.ward_names import name_wards

router = APIRouter(include_in_schema=False, dependencies=[require("manage accounts")])

Text = Annotated[str, Form()]
ChosenRole = Annotated[Role, Form()]
ChosenTier = Annotated[Tier, Form()]
Several = Annotated[list[str], Form(max_length=1_000)]
_FORM = [Depends(require_form_token)]
Step = Literal["sign-out", "disable", "enable"]
_ACTIONS: Mapping[Step, str] = {
    "sign-out": "end sessions",
    "disable": "disable account",
    "enable": "enable account",
}
"""What the audit calls each step."""


@router.get("/accounts")
def show_accounts(context: Context, asker: Asker) -> Response:
    """All accounts, and a form for another."""
    return _render_list(context, asker)


@router.post("/accounts", dependencies=_FORM)
def take_account(
    context: Context,
    asker: Asker,
    name: Text = "",
    full_name: Text = "",
    role: ChosenRole = "viewer",
    tier: ChosenTier = "tasking",
    wards: Several = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Make an account, with a password that is on the page that answers and nowhere else."""
    password = make_password()
    try:
        codes = _find_codes(context, wards)
        with context.database.write() as session:
            account = add_account(
                session,
                name,
                password=password,
                full_name=full_name,
                role=role,
                tier=tier,
                ward_codes=codes,
            )
            record(
                session,
                actor=asker.person.name,
                action="add account",
                subject=account.name,
                role=account.role,
                tier=account.tier,
                ward_codes=account.ward_codes,
            )
    except ParameterError as error:
        typed = {"name": name, "full_name": full_name, "role": role, "tier": tier, "wards": wards}
        page = _render_list(context, asker, fault=str(error), typed=typed)
        page.status_code = 422
        return page
    return _render_one(context, asker, account.id, password=password)


@router.get("/accounts/{account_id}")
def show_account(context: Context, asker: Asker, account_id: str) -> Response:
    """One account, with what may be done to it."""
    return _render_one(context, asker, account_id)


@router.post("/accounts/{account_id}", dependencies=_FORM)
def take_changes(
    context: Context,
    asker: Asker,
    account_id: str,
    full_name: Text = "",
    role: ChosenRole = "viewer",
    tier: ChosenTier = "tasking",
    wards: Several = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Change what somebody may do: it holds from their next page on."""
    with context.database.read() as session:
        kept = open_account(session, account_id).ward_codes
    try:
        codes = _find_codes(context, wards, kept=kept)  # before others wait for what is written
        with context.database.write() as session:
            account = open_account(session, account_id)
            changed = change_account(
                session,
                account,
                by=asker.person.account_id,
                full_name=full_name,
                role=role,
                tier=tier,
                ward_codes=codes,
            )
            if changed:
                record(session, actor=asker.person.name, action="change account", subject=account.name, **changed)
    except ParameterError as error:
        return _refuse(context, asker, account_id, error)
    return RedirectResponse(f"/accounts/{account_id}", 303)


@router.post("/accounts/{account_id}/password", dependencies=_FORM)
def take_new_password(context: Context, asker: Asker, account_id: str) -> Response:
    """Give somebody another password, which ends whatever is signed in with the old one, and is shown once."""
    password = make_password()
    hashed = hash_new_password(password)
    with context.database.write() as session:
        account = open_account(session, account_id)
        if account.id == asker.person.account_id:
            raise ParameterError("Choose your own password at /password.")
        change_password(session, account, hashed, must_change=True)
        record(session, actor=asker.person.name, action="give password", subject=account.name)
    return _render_one(context, asker, account_id, password=password)


@router.post("/accounts/{account_id}/{step}", dependencies=_FORM)
def take_step(context: Context, asker: Asker, account_id: str, step: Step) -> Response:
    """End all that is signed in with an account, disable it, or enable it again."""
    try:
        with context.database.write() as session:
            account = open_account(session, account_id)
            if step == "sign-out":
                sign_out_everywhere(session, account)
            elif step == "disable":
                disable_account(session, account, by=asker.person.account_id)
            else:
                enable_account(session, account)
            record(session, actor=asker.person.name, action=_ACTIONS[step], subject=account.name)
    except ParameterError as error:
        return _refuse(context, asker, account_id, error)
    return RedirectResponse(f"/accounts/{account_id}", 303)


@router.post("/accounts/{account_id}/tokens/{token_id}/revoke", dependencies=_FORM)
def take_back_their_token(context: Context, asker: Asker, account_id: str, token_id: str) -> Response:
    """Take a token of somebody's program back."""
    with context.database.write() as session:
        account = open_account(session, account_id)
        token = revoke_api_token(session, account.id, token_id)
        record(session, actor=asker.person.name, action="revoke token", subject=account.name, label=token.label)
    return RedirectResponse(f"/accounts/{account_id}", 303)


def _find_codes(context: ServiceContext, wards: list[str], *, kept: Sequence[str] = ()) -> list[str]:
    """The codes of the wards that were chosen. Those that a team has already may stay without their outlines.

    Raises:
        ParameterError: There is no such ward, or there are no outlines.
    """
    others = [ward for ward in wards if ward not in kept]
    try:
        return [*(ward for ward in wards if ward in kept), *choose_wards(context.settings, context.service, others)]
    except NotFoundError as error:
        raise ParameterError(str(error)) from None


def _refuse(context: ServiceContext, asker: SignedIn, account_id: str, error: HotspotsError) -> Response:
    page = _render_one(context, asker, account_id, fault=str(error))
    page.status_code = 422
    return page


def _render_list(
    context: ServiceContext, asker: SignedIn, *, fault: str = "", typed: Mapping[str, object] | None = None
) -> Response:
    with context.database.read() as session:
        accounts = list_accounts(session)
    wards, without = name_wards(context)
    return render(
        context,
        "accounts.html",
        person=asker.person,
        form_token=asker.form_token,
        accounts=accounts,
        wards=wards,
        without=without,
        fault=fault,
        typed={"name": "", "full_name": "", "role": "viewer", "tier": "tasking", "wards": [], **(typed or {})},
    )


def _render_one(
    context: ServiceContext, asker: SignedIn, account_id: str, *, fault: str = "", password: str = ""
) -> Response:
    with context.database.read() as session:
        account = open_account(session, account_id)
        tokens = [(name_token(token), token) for token in list_api_tokens(session, account.id)]
    wards, without = name_wards(context)
    return render(
        context,
        "account.html",
        person=asker.person,
        form_token=asker.form_token,
        account=account,
        tokens=tokens,
        wards={**{code: code for code in account.ward_codes}, **wards},
        without=without,
        fault=fault,
        password=password,
    )
