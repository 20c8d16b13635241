"""Files of incidents from programs: sent, looked at after their check, kept or discarded."""

from __future__ import annotations

from typing import Annotated

from fastapi import BackgroundTasks, Depends, Query, Request
from fastapi.responses import Response

from hotspots.service.api.api_answers import (
    ADDRESS,
    Before,
    CheckedUpload,
    Id,
    Limit,
    UploadAnswer,
    UploadList,
    answer_kept,
    link_next,
    make_router,
)
from hotspots.service.door import Asker, Context, keep_aside, read_sent_file, require_own_request
from hotspots.service.uploads import discard_upload, find_upload, keep_upload, list_uploads

router = make_router("Uploads", "upload")

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"file": {"type": "string", "format": "binary"}},
        "required": ["file"],
    }
}
Name = Annotated[
    str, Query(max_length=400, description="What the file is called, where it is the whole body: its ending counts.")
]


@router.post(
    "/uploads",
    status_code=201,
    dependencies=[Depends(require_own_request)],
    responses={413: {"description": "The file is larger than the service takes."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": _BINARY, "multipart/form-data": _FORM},
        }
    },
)
async def send_upload(
    request: Request, response: Response, context: Context, asker: Asker, tasks: BackgroundTasks, name: Name = ""
) -> UploadAnswer:
    """Send a file of incidents, as the body or in a form. It is checked next, and nothing of it is kept before that.

    `Location` is where to look what the check found.
    """
    sent = await read_sent_file(request, name=name)
    upload = await keep_aside(context, asker.person, sent, tasks)
    response.headers["Location"] = f"{ADDRESS}/uploads/{upload.id}"
    return UploadAnswer.of(upload)


@router.get("/uploads", response_model=UploadList)
def show_uploads(
    request: Request, context: Context, asker: Asker, before: Before = None, limit: Limit = 50
) -> Response:
    """Files that were sent, newest first. `Link` says where the list goes on."""
    with context.database.read() as session:
        last = None if before is None else find_upload(session, asker.person, before)
        found = list_uploads(session, asker.person, before=last, limit=limit + 1)
    shown = found[:limit]
    answer = UploadList(uploads=tuple(UploadAnswer.of(upload) for upload in shown))
    return answer_kept(request, answer, headers=link_next(request, shown[-1].id if len(found) > limit else None))


@router.get("/uploads/{upload_id}", response_model=CheckedUpload)
def show_upload(request: Request, context: Context, asker: Asker, upload_id: Id) -> Response:
    """A file that was sent, and what its check found."""
    with context.database.read() as session:
        return answer_kept(request, CheckedUpload.of(find_upload(session, asker.person, upload_id)))


@router.post("/uploads/{upload_id}/keep", dependencies=[Depends(require_own_request)])
def keep(context: Context, asker: Asker, upload_id: Id) -> UploadAnswer:
    """Put a checked file among the incidents: the next job reads it."""
    return UploadAnswer.of(
        keep_upload(context.database, asker.person, upload_id, settings=context.settings, service=context.service)
    )


@router.post("/uploads/{upload_id}/discard", dependencies=[Depends(require_own_request)])
def discard(context: Context, asker: Asker, upload_id: Id) -> UploadAnswer:
    """Remove a file that was not kept."""
    return UploadAnswer.of(
        discard_upload(context.database, asker.person, upload_id, settings=context.settings, service=context.service)
    )
