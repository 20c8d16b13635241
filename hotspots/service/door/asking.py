"""Who asks, and whether the form that they send is one of ours."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated, Any

from fastapi import Depends, Request

from hotspots.service.door.request_limits import UPLOAD_PATHS
from hotspots.service.door.request_log import ACCOUNT
from hotspots.service.door.service_context import ServiceContext, get_context
from hotspots.service.people import (
    Action,
    NotAllowedError,
    NotSignedInError,
    SignedIn,
    find_api_token,
    find_session,
)

LOCAL_COOKIE, SECURE_COOKIE = "hotspots", "__Host-hotspots"
"""With HTTPS a browser takes the second from this very address alone."""
SIGN_IN = "/sign-in"
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
"""Field of every form."""
FORM_TOKEN_HEADER = "x-form-token"  # noqa: S105 - the name of a header
"""Of what a page sends to the API."""


def name_cookie(context: ServiceContext) -> str:
    """What the cookie is called that holds a session."""
    return SECURE_COOKIE if context.service.is_encrypted else LOCAL_COOKIE


def find_asker(request: Request, context: Annotated[ServiceContext, Depends(get_context)]) -> SignedIn | None:
    """Who asks: by a token of a program, or else by the cookie of a browser.

    Raises:
        TooManyAttemptsError: They, or those at their address who have not signed in, ask too often.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(name_cookie(context))
    is_question = request.method in ("GET", "HEAD") and request.url.path.startswith("/api/")
    if kind.casefold() == "bearer":
        asker = find_api_token(context.database, token.strip())
    elif kind.casefold() == "basic" and is_question:
        asker = find_api_token(context.database, _read_basic(token))
    else:
        asker = find_session(context.database, cookie, context.service) if cookie else None
    if asker is None:
        if request.url.path != SIGN_IN:  # or one stranger would keep everybody at their address from the form
            context.limits.count("stranger", find_address(request))
        return None
    setattr(request.state, ACCOUNT, asker.person.account_id)
    context.limits.count("person", asker.person.account_id)
    if request.method == "POST" and request.url.path in UPLOAD_PATHS:
        context.limits.count("upload", asker.person.account_id)
    return asker


def find_address(request: Request) -> str:
    """From where a request comes. Behind a proxy of the settings uvicorn has put the client in place of the proxy."""
    return request.client.host if request.client else ""


def look_again(request: Request, context: ServiceContext) -> SignedIn | None:
    """Who a browser is of that is still being sent something; None where the session has ended. It stays as stale."""
    cookie = request.cookies.get(name_cookie(context), "")
    return find_session(context.database, cookie, context.service, is_used=False)


def _read_basic(encoded: str) -> str:
    """The token that a GIS sends as a password, beside whatever name: many can send nothing else (RFC 7617)."""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")[2]
    except ValueError:
        return ""


def require_signed_in(request: Request, asker: Annotated[SignedIn | None, Depends(find_asker)]) -> SignedIn:
    """Who asks; one whose first password was given by somebody else chooses another before all else.

    Raises:
        NotSignedInError: Nobody has signed in.
        NotAllowedError: The password is to be changed first.
    """
    if asker is None:
        raise NotSignedInError("Sign in first.")
    if asker.person.must_change_password and request.url.path not in ("/password", "/sign-out"):
        raise NotAllowedError("Choose a password of your own first, at /password.")
    return asker


Context = Annotated[ServiceContext, Depends(get_context)]
Asker = Annotated[SignedIn, Depends(require_signed_in)]


def require(action: Action) -> Any:
    """A dependency that refuses whoever may not do this.

    Raises:
        NotAllowedError: By it, when somebody asks who may not.
    """

    def check(asker: Asker) -> SignedIn:
        asker.person.require(action)
        return asker

    return Depends(check)


async def require_form_token(request: Request, asker: Asker) -> None:
    """Refuse a form that was not on a page of ours, made for this very session.

    Raises:
        NotAllowedError: It was not.
    """
    form = await request.form()
    compare_form_token(asker, form.get(FORM_TOKEN))


def require_own_request(request: Request, asker: Asker) -> None:
    """Refuse what a browser sends to the API unless it holds the token of its session in a header.

    No page of another site can set a header of that name, whatever its browser says of where it comes from. A program
    has a token in place of a cookie, which no browser sends by itself.

    Raises:
        NotAllowedError: The header is missing, or of another session.
    """
    if asker.form_token is not None:
        compare_form_token(asker, request.headers.get(FORM_TOKEN_HEADER))


def compare_form_token(asker: SignedIn, given: object) -> None:
    """Refuse what does not hold the token of a session.

    Raises:
        NotAllowedError: It does not.
    """
    own = asker.form_token
    if not (isinstance(given, str) and own and secrets.compare_digest(given.encode(), own.encode())):
        raise NotAllowedError(
            "This form is from an earlier visit, or from elsewhere. Open its page again and send it from there."
        )
