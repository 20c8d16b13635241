"""Pages to sign in, to sign out, and to choose a password."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from hotspots.errors import ParameterError
from hotspots.service.audit import record
from hotspots.service.door import (
    Asker,
    Context,
    find_address,
    find_asker,
    find_status,
    name_cookie,
    render,
    require_form_token,
    take_turn,
)
from hotspots.service.people import (
    NotSignedInError,
    SignedIn,
    TooManyAttemptsError,
    change_password,
    end_session,
    find_account,
    forgive_attempts,
    hash_new_password,
    is_right_password,
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
    lost: str = "",
) -> Response:
    """The form, with what became of a form that was sent without a session; who has signed in already goes on."""
    if asker is not None:
        return RedirectResponse(stay_here(wanted), 303)
    return ask_to_sign_in(context, wanted, lost=lost)


@router.post("/sign-in")
async def take_sign_in(
    request: Request,
    context: Context,
    name: Text = "",
    password: Text = "",
    wanted: WantedText = "/",
) -> Response:
    """Sign in, with a new session whatever the browser had before."""
    address = find_address(request)
    context.limits.count("sign in", address)
    try:
        token = await take_turn(
            partial(sign_in, context.database, name, password, address=address, settings=context.service),
            address=address,
        )
    except (NotSignedInError, TooManyAttemptsError) as error:
        page = ask_to_sign_in(context, wanted, fault=str(error))
        page.status_code = find_status(error)
        if isinstance(error, TooManyAttemptsError):
            page.headers["Retry-After"] = str(error.retry_after_s)
        return page
    response = RedirectResponse(stay_here(wanted), 303)
    set_session_cookie(response, context, token)
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
def take_password(
    request: Request, context: Context, asker: Asker, old: Text = "", new: Text = "", again: Text = ""
) -> Response:
    """Take another password, which ends all sessions: this one begins anew by signing in.

    Wrong old ones count as those at the door do, since somebody may sit at a screen that was left open.
    """
    name, address = asker.person.name, find_address(request)
    try:
        with context.database.read() as session:
            kept = find_account(session, name).password_hash
        if not is_right_password(context.database, name, old, kept, address=address):
            raise ParameterError("The old password is not right. Type it again.")
        with context.database.write() as session:
            forgive_attempts(session, name, address)
        if new != again:
            raise ParameterError("The two new passwords are not the same. Type both again.")
        if new == old:
            raise ParameterError("The new password is the old one. Choose another.")
        hashed = hash_new_password(new, about=(name, asker.person.full_name))
        with context.database.write() as session:
            change_password(session, find_account(session, name), hashed)
            record(session, actor=name, action="change password", subject=name)
    except ParameterError as error:
        page = render(context, "password.html", person=asker.person, form_token=asker.form_token, fault=str(error))
        page.status_code = 422
        return page
    return RedirectResponse("/sign-in", 303)


def ask_to_sign_in(context: Context, wanted: str, *, fault: str = "", lost: str = "") -> Response:
    """The form to sign in, with what went wrong."""
    elsewhere = context.service.sign_in_elsewhere
    wanted = stay_here(wanted)
    page = render(context, "sign_in.html", person=None, next=wanted, fault=fault, lost=lost, elsewhere=elsewhere)
    page.status_code = 401 if fault else 200
    return page


def set_session_cookie(response: Response, context: Context, token: str) -> None:
    """Have the browser keep a session, out of reach of scripts."""
    # Lax, not Strict: a link in a mail would find nobody signed in. What changes something needs a form token anyway
    response.set_cookie(
        name_cookie(context), token, httponly=True, samesite="lax", secure=context.service.is_encrypted, path="/"
    )


def stay_here(address: str) -> str:
    """A path of this service, whatever was asked for."""
    is_path = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_path and "\\" not in address else "/"
