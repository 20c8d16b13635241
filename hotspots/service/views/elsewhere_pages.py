"""Signing in at an organisation by OpenID Connect, and coming back."""

from __future__ import annotations

import os
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from hotspots.errors import HotspotsError, NetworkError
from hotspots.service.door import Context, ServiceContext, find_address
from hotspots.service.people import NotSignedInError, admit_from_elsewhere
from hotspots.service.views.signing_in_pages import ask_to_sign_in, set_session_cookie, stay_here

router = APIRouter(include_in_schema=False)

SECRET_VARIABLE = "HOTSPOTS_OIDC_SECRET"  # noqa: S105 - the name of a variable
_log = structlog.get_logger(__name__)


def make_client(context: ServiceContext) -> Any:
    """The client of Authlib, which makes and checks state, nonce, PKCE and the signature of what comes back.

    Raises:
        HotspotsError: Its packages are not installed.
    """
    elsewhere = context.service.sign_in_elsewhere
    if elsewhere is None:
        raise HTTPException(404)
    try:
        from authlib.integrations.starlette_client import OAuth
    except ImportError:
        raise HotspotsError(
            'To sign in at an organisation takes packages of their own: pip install "hotspots[oidc]".'
        ) from None
    return OAuth().register(
        "elsewhere",
        client_id=elsewhere.client_id,
        client_secret=os.environ.get(SECRET_VARIABLE),
        server_metadata_url=f"{elsewhere.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "timeout": 10},
    )


@router.get("/sign-in/elsewhere")
async def go_elsewhere(request: Request, context: Context, next: str = "/") -> Response:  # noqa: A002 - of the address
    """Send somebody to their organisation, which is asked for each: a stranger does not have it asked without end."""
    context.limits.count("sign in", find_address(request))
    client = make_client(context)
    request.session.clear()
    request.session["wanted"] = stay_here(next)
    try:
        back = f"{context.service.own_address}/sign-in/elsewhere/done"
        answer: Response = await client.authorize_redirect(request, back)
    except Exception as error:  # whatever a server far away answers
        _log.warning("organisation not reached", kind=type(error).__name__)
        raise NetworkError("Your organisation's sign-in does not answer. Try again in a minute.") from None
    return answer


@router.get("/sign-in/elsewhere/done")
async def come_back(request: Request, context: Context) -> Response:
    """Sign in somebody who comes back, if what they bring is for this very browser."""
    address = find_address(request)
    context.limits.count("sign in", address)
    client = make_client(context)
    wanted = stay_here(str(request.session.get("wanted", "/")))
    elsewhere = context.service.sign_in_elsewhere
    assert elsewhere is not None
    try:
        token = await client.authorize_access_token(
            request,
            claims_options={
                "iss": {"essential": True, "value": elsewhere.issuer},
                "aud": {"essential": True, "value": elsewhere.client_id},
            },
        )
        claims = token.get("userinfo")
        if claims is None:
            raise NotSignedInError("Your organisation did not say who you are.")
        kept = await run_in_threadpool(
            admit_from_elsewhere, context.database, claims, address=address, settings=context.service
        )
    except NotSignedInError as error:
        return ask_to_sign_in(context, wanted, fault=str(error))
    except Exception as error:  # state, nonce, signature: which of them failed is for the log
        _log.warning("sign in elsewhere failed", kind=type(error).__name__)
        return ask_to_sign_in(context, wanted, fault="That sign-in was begun elsewhere or has expired. Begin again.")
    finally:
        request.session.clear()
    response = RedirectResponse(wanted, 303)
    set_session_cookie(response, context, kept)
    return response
