"""Pages to sign in, to sign out, and to choose a password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from hotspots.errors import ParameterError
from hotspots.service.audit import record
from hotspots.service.door import Asker, Context, find_asker, name_cookie, render, require_form_token
from hotspots.service.people import (
    NotSignedInError,
    SignedIn,
    change_password,
    end_session,
    find_account,
    is_password,
    sign_in,
)

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form()]
Wanted = Annotated[str, Query(alias="next")]
WantedText = Annotated[str, Form(alias="next")]
"""The page that somebody wanted before they were asked to sign in."""


@router.get("/sign-in")
def show_sign_in(
    context: Context,
    asker: Annotated[SignedIn | None, Depends(find_asker)],
    wanted: Wanted = "/",
) -> Response:
    """The form; who has signed in already goes on."""
    if asker is not None:
        return RedirectResponse(_stay_here(wanted), 303)
    return render(context, "sign_in.html", person=None, next=_stay_here(wanted), fault="")


@router.post("/sign-in")
def take_sign_in(
    request: Request,
    context: Context,
    name: Text = "",
    password: Text = "",
    wanted: WantedText = "/",
) -> Response:
    """Sign in, with a new session whatever the browser had before."""
    address = request.client.host if request.client else ""
    try:
        token = sign_in(context.database, name, password, address=address, settings=context.service)
    except NotSignedInError as error:
        page = render(context, "sign_in.html", person=None, next=_stay_here(wanted), fault=str(error))
        page.status_code = 401
        return page
    response = RedirectResponse(_stay_here(wanted), 303)
    response.set_cookie(
        name_cookie(context), token, httponly=True, samesite="lax", secure=context.service.is_encrypted, path="/"
    )
    return response


@router.post("/sign-out", dependencies=[Depends(require_form_token)])
def sign_out(request: Request, context: Context, asker: Asker) -> Response:
    """End the session."""
    with context.database.write() as session:
        end_session(session, request.cookies[name_cookie(context)])
        record(session, actor=asker.person.name, action="sign out")
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(name_cookie(context), path="/", secure=context.service.is_encrypted, httponly=True)
    response.headers["Clear-Site-Data"] = '"cache"'  # or "back" would show to the next person what is kept of products
    return response


@router.get("/password")
def show_password(context: Context, asker: Asker) -> Response:
    """The form for another password."""
    return render(context, "password.html", person=asker.person, form_token=asker.form_token, fault="")


@router.post("/password", dependencies=[Depends(require_form_token)])
def take_password(context: Context, asker: Asker, old: Text = "", new: Text = "", again: Text = "") -> Response:
    """Take another password, which ends all sessions: this one begins anew by signing in."""
    try:
        with context.database.write() as session:
            account = find_account(session, asker.person.name)
            if not is_password(old, account.password_hash):
                raise ParameterError("The old password is not right. Type it again.")
            if new != again:
                raise ParameterError("The two new passwords are not the same. Type both again.")
            change_password(session, account, new)
            record(session, actor=account.name, action="change password", subject=account.name)
    except ParameterError as error:
        page = render(context, "password.html", person=asker.person, form_token=asker.form_token, fault=str(error))
        page.status_code = 422
        return page
    return RedirectResponse("/sign-in", 303)


def _stay_here(address: str) -> str:
    """A path of this service, whatever was asked for."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_path and "\\" not in address else "/"
