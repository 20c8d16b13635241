"""Styles and scripts of the pages, which browsers keep: their address changes with what is in them."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from hotspots.service.door import read_asset

router = APIRouter(include_in_schema=False)

_MEDIA_TYPES = {"service.css": "text/css", "service.js": "text/javascript"}


@router.get("/static/{version}/{name}")
def send_asset(version: str, name: str) -> Response:
    """A style or script."""
    if name not in _MEDIA_TYPES:
        raise HTTPException(404)
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(read_asset(name), media_type=_MEDIA_TYPES[name], headers=headers)
