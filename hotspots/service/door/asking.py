"""Who asks, and whether the form that they send is one of ours."""

from __future__ import annotations

import base64
import secrets
from typing import Annotated, Any

from fastapi import Depends, Request

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
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
"""Field of every form."""
FORM_TOKEN_HEADER = "x-form-token"  # noqa: S105 - the name of a header
"""Of what a page sends to the API."""


def name_cookie(context: ServiceContext) -> str:
    """What the cookie is called that holds a session."""
    return SECURE_COOKIE if context.service.is_encrypted else LOCAL_COOKIE


def find_asker(request: Request, context: Annotated[ServiceContext, Depends(get_context)]) -> SignedIn | None:
    """Who asks: by a token of a program, or else by the cookie of a browser."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() == "bearer":
        return find_api_token(context.database, token.strip())
    if kind.casefold() == "basic" and request.method in ("GET", "HEAD") and request.url.path.startswith("/api/"):
        return find_api_token(context.database, _read_basic(token))
    cookie = request.cookies.get(name_cookie(context))
    return find_session(context.database, cookie, context.service) if cookie else None


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
