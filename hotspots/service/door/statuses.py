"""What is answered when something fails: one table from errors to statuses, and the words for it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
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
from hotspots.service.door.rendering import render
from hotspots.service.door.request_log import REQUEST, name_route
from hotspots.service.door.service_context import get_context
from hotspots.service.people import NotAllowedError, NotSignedInError, TooManyAttemptsError
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


def _answer_ours(request: Request, error: Exception) -> Response:
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooManyAttemptsError) else None
    return answer_problem(request, find_status(error), str(error), headers)


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = str(error.detail) if error.detail and error.detail != HTTPStatus(error.status_code).phrase else ""
    sentence = {404: "There is nothing at this address, or not for you.", 405: "This address does not take that."}
    return answer_problem(request, error.status_code, said or sentence.get(error.status_code, ""), error.headers)


def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    return answer_problem(request, 422, f"`{where}` is not what it has to be: {said}." if where else f"{said}.")


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
                await answer_problem(request, 500, f"{detail}: request {found}.")(scope, receive, send)
            raise


def answer_problem(request: Request, status: int, detail: str, headers: Any = None) -> Response:
    """What is wrong, as a page or for programs; whoever has not signed in is led to where one does."""
    title = HTTPStatus(status).phrase
    if request.url.path.startswith(API):
        content = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        extra = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
        return JSONResponse(
            content, status, media_type="application/problem+json", headers={**extra, **(headers or {})}
        )
    if status == HTTPStatus.UNAUTHORIZED and request.url.path != "/sign-in":
        wanted = request.url.path if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303)
    page = render(get_context(request), "error.html", status=status, title=title, detail=detail, person=None)
    page.status_code = status
    page.headers.update(headers or {})
    return page
