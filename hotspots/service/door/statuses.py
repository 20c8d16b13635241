"""What is answered when something fails: one table from errors to statuses, and the words for it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotspots.errors import (
    DataError,
    HotspotsError,
    NetworkError,
    NotFoundError,
    ParameterError,
    TooLittleDataError,
)
from hotspots.service.door.asking import look_again
from hotspots.service.door.faulty_values import say_faulty
from hotspots.service.door.lost_forms import find_way_back
from hotspots.service.door.rendering import render
from hotspots.service.door.request_log import REQUEST, name_route
from hotspots.service.door.service_context import get_context
from hotspots.service.people import NotAllowedError, NotSignedInError, TooManyAttemptsError
from hotspots.service.state import read_clock
from hotspots.service.uploads import TooLargeError

STATUSES: tuple[tuple[type[Exception], int], ...] = (
    (NotSignedInError, 401),
    (NotAllowedError, 403),
    (TooManyAttemptsError, 429),
    (NotFoundError, 404),
    (TooLargeError, 413),
    (TooLittleDataError, 422),
    (DataError, 422),
    (ParameterError, 422),
    (NetworkError, 502),
    (HotspotsError, 500),
)
"""The first that an error is of."""

_TITLES: Mapping[int, str] = {
    400: "This could not be understood",
    403: "This was refused",
    404: "This is not here",
    405: "This cannot be done here",
    408: "This came too slowly",
    413: "This is too large",
    422: "Something is not as it has to be",
    429: "That was too often",
    431: "This is too large",
    500: "Something went wrong",
    502: "Somebody else does not answer",
    503: "This is not possible just now",
}
"""What a page says first; programs are told as HTTP calls it."""

API = "/api/"
_log = structlog.get_logger(__name__)


def find_status(error: Exception) -> int:
    """The status of an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def answer_errors(app: FastAPI) -> None:
    """Answer errors of all kinds: as a page, or to programs as `application/problem+json` (RFC 9457)."""
    app.add_exception_handler(HotspotsError, _answer_ours)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)


async def _answer_ours(request: Request, error: Exception) -> Response:
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyAttemptsError) else None
    again = await find_way_back(request) if isinstance(error, (NotSignedInError, NotAllowedError)) else ""
    return await answer_problem(request, find_status(error), str(error), headers, again=again)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = str(error.detail) if error.detail and error.detail != HTTPStatus(error.status_code).phrase else ""
    sentence = {
        404: "There is nothing at this address, or it is not for you. Look for it among the newest products.",
        405: "This address does not take that. Open its page, and go on from there.",
    }
    return await answer_problem(request, error.status_code, said or sentence.get(error.status_code, ""), error.headers)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await answer_problem(request, 422, say_faulty(error.errors()[0]))


def _answer_nobody(request: Request, error: Exception) -> Response:
    """Whoever asked went away before they had sent all of it: nobody reads this, and nothing is wrong here."""
    return Response(status_code=400)


class AnswerUnforeseen:
    """Middleware, the innermost: answers an error that nobody thought of, with the headers that every answer has.

    The error goes on from here, so that it ends a test. What it says is in the log alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if scope["type"] == "http" and not has_begun:
                request = Request(scope, receive)
                found = scope.get("state", {}).get(REQUEST)
                _log.error(
                    "unforeseen", route=name_route(scope), kind=type(error).__name__, request=found, exc_info=error
                )
                detail = "Something went wrong here; nothing was lost. Tell whoever keeps this service"
                answer = await answer_problem(request, 500, f"{detail}: request {found}.")
                await answer(scope, receive, send)
            raise


async def answer_problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, *, again: str = ""
) -> Response:
    """What is wrong, as a page or for programs; whoever has not signed in is led to where one does.

    Args:
        request: That is answered.
        status: Of HTTP.
        detail: In a sentence, with what to do next.
        headers: To be sent beside those that each answer has.
        again: Address of the form that was sent, with what was typed in it; empty where there is none.
    """
    if request.url.path.startswith(API):
        title = HTTPStatus(status).phrase
        content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        extra = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
        return JSONResponse(
            content, status, media_type="application/problem+json", headers={**extra, **(headers or {})}
        )
    if status == HTTPStatus.UNAUTHORIZED and request.url.path != "/sign-in":
        if request.method == "GET":
            return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
        lost = "" if request.url.path == "/sign-out" else f"&lost={'nothing' if again else 'form'}"
        return RedirectResponse(f"/sign-in?next={quote(again or '/')}{lost}", 303)
    return await run_in_threadpool(_render, request, status, detail, headers, again)


def _render(request: Request, status: int, detail: str, headers: Mapping[str, str] | None, again: str) -> Response:
    """The page of an error, with the ways on of whoever has signed in."""
    context = get_context(request)
    try:
        asker = look_again(request, context)
    except SQLAlchemyError:  # which may be what is wrong
        asker = None
    wait_s = int((headers or {}).get("Retry-After", 0))
    page = render(
        context,
        "error.html",
        title=_TITLES.get(status, "This did not work"),
        detail=re.sub(r"`(\w+)`", lambda found: f'"{found[1].replace("_", " ")}"', detail),
        person=asker.person if asker else None,
        form_token=asker.form_token if asker else None,
        again=again,
        again_at=read_clock() + dt.timedelta(seconds=wait_s) if wait_s else None,
    )
    page.status_code = status
    page.headers.update(headers or {})
    return page
