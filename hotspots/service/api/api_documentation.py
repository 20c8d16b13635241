"""The description of the API (OpenAPI), and a page on which to read and try it, without a file from elsewhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from fastapi import APIRouter, HTTPException
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, Response

import hotspots
from hotspots.service.api.api_answers import ADDRESS, PROBLEM
from hotspots.service.door import require

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
_START = "start.js"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""Swagger UI sets styles of its own in elements; no script but its own runs."""
_PAGE = f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API - Hotspots</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{ADDRESS}/docs/swagger-ui.css">
<script src="{ADDRESS}/docs/swagger-ui-bundle.js" defer></script>
<script src="{ADDRESS}/docs/{_START}" defer></script>
</head>
<body><main id="api"></main></body>
</html>
"""
_SCRIPT = f"""SwaggerUIBundle({{ url: "{ADDRESS}/openapi.json", dom_id: "#api", deepLinking: true }});
"""


def make_documentation(routers: Sequence[APIRouter]) -> APIRouter:
    """The addresses that describe those of other routers, for whoever has signed in."""
    router = APIRouter(prefix=ADDRESS, dependencies=[require("read")], include_in_schema=False)

    @functools.cache
    def describe() -> bytes:
        return json.dumps(describe_api(routers)).encode("utf-8")

    @router.get("/openapi.json")
    def send_description() -> Response:
        """The description in OpenAPI 3.1."""
        return Response(describe(), media_type="application/json")

    @router.get("/docs")
    def show_documentation() -> Response:
        """The page."""
        return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})

    @router.get("/docs/{name}")
    def send_documentation_file(name: str) -> Response:
        """Styles and scripts of the page, as their package has them."""
        if name == _START:
            return Response(_SCRIPT, media_type="text/javascript")
        if name not in _FILES:
            raise HTTPException(404)
        content = resources.files("fastapi_offline").joinpath("static", name).read_bytes()
        return Response(content, media_type=_FILES[name], headers={"Cache-Control": "public, max-age=3600"})

    return router


def describe_api(routers: Sequence[APIRouter]) -> dict[str, Any]:
    """The addresses of routers in OpenAPI, with the ways to sign in and the one form of all errors."""
    told: dict[str, Any] = get_openapi(
        title="Hotspots",
        version=hotspots.__version__,
        summary="Products, jobs and uploads of one partnership.",
        description=(
            "Send the token of your program as `Authorization: Bearer ...`. What is not for you answers as if it were "
            "not there. Errors are `application/problem+json` (RFC 9457). Answers have a strong `ETag`: send it as "
            "`If-None-Match`, and what has not changed is not sent again."
        ),
        routes=[route for router in routers for route in router.routes],
    )
    parts = told.setdefault("components", {})
    parts.setdefault("schemas", {})[PROBLEM] = {
        "type": "object",
        "title": "What went wrong",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "In a sentence, with what to do next."},
        },
    }
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    told["security"] = [{"token": []}]
    return told
