"""A file of a product as it is sent: what a browser may do with it, and that it asks again before it shows it again."""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import FileResponse, Response

from hotspots.errors import NotFoundError
from hotspots.service.door.headers import PRODUCT_POLICY
from hotspots.service.shelf import OpenedFile

_SHOWN = ("text/html", "application/pdf", "image/png", "image/svg+xml", "image/jpeg")
"""What a browser shows; all else it saves."""
_PDF_POLICY = "frame-ancestors 'none'"
"""Browsers refuse to show a PDF in a sandbox; what they show it with is none of this service's pages."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 150


def answer_with_file(request: Request, opened: OpenedFile) -> Response:
    """A file that somebody may open, or that what they have of it is still the same.

    What is saved is called by its whole path: the tables of every run are `tables.xlsx`.

    Raises:
        NotFoundError: It is in the list, and not on the disk.
    """
    if not opened.path.is_file():
        raise NotFoundError("This file is not on the shelf any more. Ask whoever runs this service.")
    media_type = opened.media_type.partition(";")[0].strip().casefold()
    is_pdf = media_type == "application/pdf"
    tag = f'"{opened.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": _PDF_POLICY if is_pdf else PRODUCT_POLICY,
        "Cross-Origin-Opener-Policy": "unsafe-none",  # with another, browsers refuse what is in a sandbox
    }
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(
        opened.path,
        media_type=opened.media_type,
        headers=headers,
        filename=_UNSAFE.sub("_", opened.name).strip("._")[-_LONGEST_NAME:] or "file",
        content_disposition_type="inline" if media_type in _SHOWN else "attachment",
    )
