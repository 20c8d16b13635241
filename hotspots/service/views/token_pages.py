"""The page of somebody's own tokens for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse, Response

from hotspots.errors import ParameterError
from hotspots.service.audit import record
from hotspots.service.door import Asker, Context, ServiceContext, render, require_form_token
from hotspots.service.people import (
    MAX_DAYS,
    NotAllowedError,
    SignedIn,
    find_account,
    list_api_tokens,
    make_api_token,
    name_token,
    revoke_api_token,
)

router = APIRouter(include_in_schema=False)

_USUAL_DAYS = 90


@router.get("/tokens")
def show_tokens(context: Context, asker: Asker) -> Response:
    """Own tokens, and a form for another."""
    return _render(context, asker)


@router.post("/tokens", dependencies=[Depends(require_form_token)])
def take_new_token(
    context: Context,
    asker: Asker,
    label: Annotated[str, Form()] = "",
    days: Annotated[str, Form()] = str(_USUAL_DAYS),
) -> Response:
    """Make a token, which is on the page that answers and nowhere else."""
    if asker.form_token is None:
        raise NotAllowedError("A token makes no other token. Sign in with a password to make one.")
    try:
        with context.database.write() as session:
            account = find_account(session, asker.person.name)
            token = make_api_token(session, account, label, days=_read_days(days))
            record(
                session, actor=account.name, action="make token", subject=account.name, label=label[:80], days=days[:5]
            )
    except ParameterError as error:
        page = _render(context, asker, fault=str(error), label=label, days=days)
        page.status_code = 422
        return page
    return _render(context, asker, token=token)


@router.post("/tokens/{token_id}/revoke", dependencies=[Depends(require_form_token)])
def take_back_token(context: Context, asker: Asker, token_id: str) -> Response:
    """Take one of one's own back."""
    with context.database.write() as session:
        token = revoke_api_token(session, asker.person.account_id, token_id)
        record(session, actor=asker.person.name, action="revoke token", subject=asker.person.name, label=token.label)
    return RedirectResponse("/tokens", 303)


def _read_days(days: str) -> int:
    if not (days.isascii() and days.isdigit() and len(days) <= 4):
        raise ParameterError(f"`days` is a whole number from 1 to {MAX_DAYS}. Give one.")
    return int(days)


def _render(context: ServiceContext, asker: SignedIn, **values: object) -> Response:
    with context.database.read() as session:
        held = list_api_tokens(session, asker.person.account_id)
    return render(
        context,
        "tokens.html",
        person=asker.person,
        form_token=asker.form_token,
        tokens=[(name_token(token), token) for token in held],
        max_days=MAX_DAYS,
        **{"fault": "", "token": "", "label": "", "days": _USUAL_DAYS, **values},
    )
