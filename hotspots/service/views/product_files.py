"""The files of products, at addresses by which links between them lead on."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hotspots.service.door import Asker, Context, answer_with_file
from hotspots.service.shelf import open_file

router = APIRouter(include_in_schema=False)


@router.get("/files/{job_id}/{path:path}")
def send_file(context: Context, asker: Asker, request: Request, job_id: str, path: str) -> Response:
    """A file of a product that somebody may open."""
    with context.database.read() as session:
        opened = open_file(session, asker.person, job_id, path, settings=context.service)
    return answer_with_file(request, context, asker, opened, is_shown=True)
