"""What machines ask about the service: whether it lives, whether it can work, and how much it does."""

from __future__ import annotations

import os
import secrets
import shutil

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from hotspots.service.door import Context, ServiceContext, find_address, find_asker, require_signed_in
from hotspots.service.state import is_current

router = APIRouter(include_in_schema=False)

_LEAST_FREE_BYTES = 200 * 2**20


@router.get("/healthz")
def tell_health() -> Response:
    """That the process answers: if not, it is to be started again."""
    return PlainTextResponse("alive\n")


@router.get("/readyz")
def tell_readiness(request: Request, context: Context) -> Response:
    """Whether it can do its work, or why not: 503, and nobody is to be sent here until that has changed."""
    context.limits.count("readiness", find_address(request))
    reasons = _list_reasons(context)
    return JSONResponse({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)


@router.get("/metrics")
def tell_metrics(request: Request, context: Context) -> Response:
    """Counts for Prometheus: for admins, and for the token of the settings, which is good for nothing else.

    Raises:
        NotAllowedError: Somebody has signed in who is not an admin, or has a password to choose first.
    """
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    own = context.service.metrics_token
    is_own = own and kind.casefold() == "bearer" and secrets.compare_digest(given.strip().encode(), own.encode())
    if not is_own:
        asker = find_asker(request, context)
        if asker is None:
            # not the page to sign in, to which others are led: a program would take it for an answer
            said = "Send the token that is `metrics_token` in the settings, or one of an admin.\n"
            return PlainTextResponse(said, 401, headers={"WWW-Authenticate": "Bearer"})
        require_signed_in(request, asker).person.require("see metrics")
    return Response(context.metrics.write(), media_type=CONTENT_TYPE_LATEST)


def _list_reasons(context: ServiceContext) -> list[str]:
    """Why it cannot do its work, without an address or a path."""
    reasons = []
    try:
        if not is_current(context.database):
            reasons.append("The database is of another version than this program.")
    except SQLAlchemyError:
        reasons.append("The database does not answer.")
    shelf = context.service.shelf
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        if not os.access(shelf, os.W_OK | os.X_OK):
            reasons.append("The shelf cannot be written to.")
        elif shutil.disk_usage(shelf).free < _LEAST_FREE_BYTES:
            reasons.append("The disk of the shelf is full.")
    except OSError:
        reasons.append("The shelf is not there.")
    return reasons
