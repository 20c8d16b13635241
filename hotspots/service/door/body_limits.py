"""What a request may bring: how many bytes, and how fast they have to come."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotspots.service.door.request_limits import UPLOAD_PATHS
from hotspots.service.door.statuses import answer_problem
from hotspots.service.state import ServiceSettings

MAX_FORM_BYTES = 2**20
MAX_HEADER_BYTES = 2**15
"""h11 has a limit too, but looks only at headers that come in several reads, of which each may be of 256 kB."""
_MULTIPART_BYTES = 2**16
"""What a form adds to the file in it."""
_GRACE_S = 20.0
LEAST_BYTES_PER_S = 16_384
"""A line of 130 kbit/s sends as fast. Whoever sends more slowly keeps a place that others wait for."""
_LONGEST_S = 3_600.0


class BodyLimits:
    """Middleware: refuses what is too large (413, 431), too slow (408) or could be read in two ways (400).

    A request that states its length and comes in chunks as well is taken by one program to end here and by another to
    end there, which is how requests are smuggled past a proxy (RFC 9112, section 6.3).
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings, *, grace_s: float = _GRACE_S) -> None:
        self._app = app
        self._settings = settings
        self._grace_s = grace_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, with its body watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(self._find_limit(scope), self._grace_s, scope, receive, send)
        refusal = body.find_refusal(scope)
        if refusal is not None:  # at once: not every route reads what it is sent
            answer = await answer_problem(Request(scope), refusal.status_code, refusal.detail)
            await answer(scope, body.receive, body.send)
            return
        await self._app(scope, body.receive, body.send)

    def _find_limit(self, scope: Scope) -> int:
        is_upload = scope["method"] == "POST" and scope["path"] in UPLOAD_PATHS
        return self._settings.max_upload_bytes + _MULTIPART_BYTES if is_upload else MAX_FORM_BYTES


class _Body:
    """The body of one request, and the answer to it."""

    def __init__(self, limit: int, grace_s: float, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        length, is_chunked = headers.get("content-length"), "transfer-encoding" in headers
        self._is_ambiguous = length is not None and is_chunked
        self._declared = int(length) if length is not None and length.isdigit() else 0
        self._is_complete = not (self._declared or is_chunked)
        self._limit, self._grace_s = limit, grace_s
        self._receive, self._send = receive, send
        self._n_bytes, self._waited_s, self._began_at = 0, 0.0, time.monotonic()

    def find_refusal(self, scope: Scope) -> HTTPException | None:
        """What is wrong with a request before any of its body is read."""
        if self._is_ambiguous:
            return _refuse(400, "A request states its length or comes in chunks, and this one does both.")
        n_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if n_bytes + len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_HEADER_BYTES:
            return _refuse(431, "The address and the headers are too long. Remove cookies of this site, and try again.")
        return self._refuse_large() if self._declared > self._limit else None

    async def receive(self) -> Message:
        """The next part, or what is wrong with it."""
        if self._is_complete:
            return (
                await self._receive()
            )  # what comes now is that somebody leaves, for which one waits as long as it takes
        asked_at = time.monotonic()
        patience_s = min(
            self._grace_s + self._n_bytes / LEAST_BYTES_PER_S - self._waited_s, self._began_at + _LONGEST_S - asked_at
        )
        try:
            message = await asyncio.wait_for(self._receive(), timeout=max(patience_s, 0.001))
        except TimeoutError:
            raise _refuse(408, "What was sent came too slowly. Send it again over a faster line.") from None
        self._waited_s += time.monotonic() - asked_at
        self._n_bytes += len(message.get("body", b""))
        if self._n_bytes > self._limit:
            raise self._refuse_large()
        self._is_complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """The answer; before the end of what was sent, it ends the connection, so that nothing has to be read on."""
        if message["type"] == "http.response.start" and not self._is_complete:
            MutableHeaders(scope=message)["Connection"] = "close"
        await self._send(message)

    def _refuse_large(self) -> HTTPException:
        limit = f"{self._limit / 2**20:,.0f} MB"
        return _refuse(413, f"What was sent is larger than {limit}, and no more is taken here. Send it in parts.")


def _refuse(status: int, sentence: str) -> HTTPException:
    return HTTPException(status, sentence, headers={"Connection": "close"})
