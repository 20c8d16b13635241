"""One line for each request: when, which page, how it ended and how long it took; nothing about people in it."""

from __future__ import annotations

import logging
import secrets
import sys
import time
import traceback
from typing import Any

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotspots.service.door.request_metrics import METHODS, RequestMetrics

ACCOUNT, REQUEST = "account_id", "request_id"
"""In `request.state`: who asks, and what the line of the log is found by."""
_MOST_FRAMES = 15
_NO_ROUTE = "(none)"
_log = structlog.get_logger("hotspots.requests")


class RequestLog:
    """Middleware: writes a line and counts. A path is that of its route, with the names of ids in place of ids."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write of it when it has ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at, status = time.perf_counter(), 500
        state: dict[str, Any] = scope.setdefault("state", {})
        state[REQUEST] = secrets.token_hex(8)

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = state[REQUEST]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            seconds = time.perf_counter() - began_at
            route = name_route(scope)
            self._metrics.count(method=scope["method"], route=route, status=status, seconds=seconds)
            _log.info(
                "request",
                method=scope["method"] if scope["method"] in METHODS else "other",
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                account=state.get(ACCOUNT),
                request=state[REQUEST],
            )


def name_route(scope: Scope) -> str:
    """The path of a route with its parameters by name; one name for all that is not there."""
    return str(getattr(scope.get("route"), "path", _NO_ROUTE))


def _keep_frames(_logger: Any, _method: str, event: Any) -> Any:
    """Where an error happened and of which kinds it is, without what it says: that may be a row of the database."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    kinds = []
    while isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
        kinds.append({"kind": type(error).__name__, "at": [f"{f.filename}:{f.lineno} {f.name}" for f in frames]})
        error = error.__cause__ or error.__context__
    if kinds:
        event["errors"] = kinds
    return event


def set_up_logs() -> None:
    """Write all logs of this process as lines of JSON to stderr: in JSON no text can begin a line of its own."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _keep_frames,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
