"""What every answer tells the browser, and requests that another site had it make."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hotspots.service.state import ServiceSettings

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""Of the service's own pages: nothing inline, nothing from elsewhere."""
PRODUCT_POLICY = "sandbox allow-scripts allow-popups allow-downloads allow-modals; frame-ancestors 'none'"
"""Of products, besides the policy that each has in itself: they run as if from another site, without the session."""
KEPT_BY_PROGRAMS = "private, no-cache"
"""A program may keep it, and asks each time whether it is still the same, and still for its owner."""
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Middleware: refuses what another site sends in somebody's name, and adds the headers of safety.

    A browser says with every request where it comes from (`Sec-Fetch-Site`, or `Origin`). One that changes something
    must come from here. Programs say neither, and have a token in place of a cookie.

    A browser keeps nothing but styles and scripts: when a session has run out, "back" would show what it kept, and no
    browser asks before it goes back.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        asked = Headers(scope=scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                # a page on which somebody tries the API sends a token too
                is_program = "authorization" in asked and "sec-fetch-site" not in asked
                self._add(MutableHeaders(scope=message), is_program=is_program)
            await send(message)

        if scope["method"] not in _SAFE_METHODS and self._is_from_elsewhere(scope, asked):
            said = "This was sent by another site, and is refused."
            problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": said}
            refusal: Response = (
                JSONResponse(problem, 403, media_type="application/problem+json")
                if scope["path"].startswith("/api/")
                else PlainTextResponse(f"{said}\n", 403)
            )
            await refusal(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)

    def _is_from_elsewhere(self, scope: Scope, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site not in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return False
        own = self._settings.public_address or f"{scope['scheme']}://{headers.get('host', '')}"
        return urlsplit(origin)[:2] != urlsplit(own)[:2]

    def _add(self, headers: MutableHeaders, *, is_program: bool) -> None:
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        kept = headers.get("Cache-Control", "")
        if not (kept.startswith("public") or (is_program and kept)):
            headers["Cache-Control"] = "no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        headers["X-Frame-Options"] = "DENY"
        headers["Referrer-Policy"] = "same-origin"
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        headers["Permissions-Policy"] = "geolocation=(), camera=(), microphone=()"
        if self._settings.is_encrypted:
            headers["Strict-Transport-Security"] = "max-age=31536000"
