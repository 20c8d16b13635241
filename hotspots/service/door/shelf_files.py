"""A file of a product as it is sent: what a browser may do with it, and that the audit says who has opened it."""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import FileResponse, Response

from hotspots.errors import NotFoundError
from hotspots.service.door.headers import KEPT_BY_PROGRAMS, PRODUCT_POLICY
from hotspots.service.door.service_context import ServiceContext
from hotspots.service.people import SignedIn
from hotspots.service.shelf import OpenedFile, record_opening

_SHOWN = ("text/html", "application/pdf", "image/png", "image/svg+xml", "image/jpeg")
"""What a browser shows; all else it saves."""
_PDF_POLICY = "frame-ancestors 'none'"
"""Browsers refuse to show a PDF in a sandbox; what they show it with is none of this service's pages."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 150


def answer_with_file(
    request: Request, context: ServiceContext, asker: SignedIn, opened: OpenedFile, *, is_shown: bool
) -> Response:
    """A file that somebody may open, or that what they have of it is still the same; the audit says so before.

    What is saved is called by its whole path: the tables of every run are `tables.xlsx`.

    Args:
        request: For it.
        context: The service.
        asker: Who asks.
        opened: The file.
        is_shown: Whether a browser may show what it can; if not, it saves all.

    Raises:
        NotFoundError: It is in the list, and not on the disk.
    """
    if not opened.path.is_file():
        raise NotFoundError("This file is not on the shelf any more. Ask whoever runs this service.")
    record_opening(
        context.database,
        asker,
        action="open file",
        subject=f"{opened.job_id}/{opened.name}"[:400],
        label=opened.label,
    )
    media_type = opened.media_type.partition(";")[0].strip().casefold()
    is_pdf = media_type == "application/pdf"
    tag = f'"{opened.sha256}"'
    headers = {
        "ETag": tag,
        "Cache-Control": KEPT_BY_PROGRAMS,
        "Content-Security-Policy": _PDF_POLICY if is_pdf else PRODUCT_POLICY,
        "Cross-Origin-Opener-Policy": "unsafe-none",  # with another, browsers refuse what is in a sandbox
    }
    if has_already(request, tag):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        opened.path,
        media_type=opened.media_type,
        headers=headers,
        filename=_UNSAFE.sub("_", opened.name).strip("._")[-_LONGEST_NAME:] or "file",
        content_disposition_type="inline" if is_shown and media_type in _SHOWN else "attachment",
    )


def has_already(request: Request, etag: str) -> bool:
    """Whether the asker says that it has what it asks for."""
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    return etag in known or known == ["*"]
