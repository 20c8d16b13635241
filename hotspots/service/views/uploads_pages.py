"""Pages on which an analyst sends a file of incidents, sees what is recognised in it, and decides on it."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from hotspots.errors import HotspotsError, ParameterError
from hotspots.products.words import say_each
from hotspots.service.door import (
    FORM_TOKEN,
    Asker,
    Context,
    ServiceContext,
    compare_form_token,
    find_status,
    keep_aside,
    read_sent_file,
    render,
    require,
    require_form_token,
)
from hotspots.service.people import SignedIn, find_ward_status
from hotspots.service.state import Account, Upload
from hotspots.service.uploads import (
    KEPT_SUFFIXES,
    TooLargeError,
    discard_upload,
    find_obstacle,
    find_upload,
    keep_upload,
    list_uploads,
)

router = APIRouter(include_in_schema=False, dependencies=[require("upload")])

_LOOK_AGAIN_S = "3"


@router.get("/uploads")
def show_uploads(context: Context, asker: Asker) -> Response:
    """The files that were sent, and the form to send one."""
    return _list(context, asker)


@router.post("/uploads")
async def take_upload(request: Request, context: Context, asker: Asker, tasks: BackgroundTasks) -> Response:
    """Take a file. The token of the form stands before it, and is looked at before the first byte is kept."""
    try:
        sent = await read_sent_file(request)
        compare_form_token(asker, sent.fields.get(FORM_TOKEN))
        upload = await keep_aside(context, asker.person, sent, tasks)
    except (ParameterError, TooLargeError) as error:
        page = _list(context, asker, fault=str(error))
        page.status_code = find_status(error)
        return page
    return RedirectResponse(f"/uploads/{upload.id}", 303, background=tasks)


@router.get("/uploads/{upload_id}")
def show_upload(context: Context, asker: Asker, upload_id: str) -> Response:
    """What was recognised in a file, what would be refused, and the forms to keep or to discard it."""
    with context.database.read() as session:
        upload = find_upload(session, asker.person, upload_id)
        before = session.scalars(
            select(Upload).where(Upload.sha256 == upload.sha256, Upload.created_at < upload.created_at)
        ).all()
        sender = session.get(Account, upload.sent_by) if upload.sent_by else None
    obstacle = None
    if upload.status == "checked":
        try:
            obstacle = find_obstacle(upload, settings=context.settings, service=context.service)
        except ParameterError as error:
            obstacle = str(error)
    has_report = "findings" in upload.report
    page = render(
        context,
        "upload.html",
        person=asker.person,
        form_token=asker.form_token,
        upload=upload,
        sender=sender.full_name if sender else None,
        before=before,
        obstacle=obstacle,
        found=[line.removeprefix("* ") for line in say_each("terminal.check", upload.report)] if has_report else [],
        refused=[line.removeprefix("- ") for line in say_each("terminal.refused", upload.report)] if has_report else [],
    )
    if upload.status == "received":
        page.headers["Refresh"] = _LOOK_AGAIN_S
    return page


@router.post("/uploads/{upload_id}/keep", dependencies=[Depends(require_form_token)])
def keep(context: Context, asker: Asker, upload_id: str) -> Response:
    """Put a checked file among the incidents."""
    keep_upload(context.database, asker.person, upload_id, settings=context.settings, service=context.service)
    return RedirectResponse(f"/uploads/{upload_id}", 303)


@router.post("/uploads/{upload_id}/discard", dependencies=[Depends(require_form_token)])
def discard(context: Context, asker: Asker, upload_id: str) -> Response:
    """Remove a file that was not kept."""
    discard_upload(context.database, asker.person, upload_id, settings=context.settings, service=context.service)
    return RedirectResponse(f"/uploads/{upload_id}", 303)


def _list(context: ServiceContext, asker: SignedIn, *, fault: str = "") -> Response:
    with context.database.read() as session:
        uploads = list_uploads(session, asker.person)
    return render(
        context,
        "uploads.html",
        person=asker.person,
        form_token=asker.form_token,
        uploads=uploads,
        endings=KEPT_SUFFIXES,
        most_mb=context.service.max_upload_mb,
        made_up=_find_made_up(context),
        fault=fault,
    )


def _find_made_up(context: ServiceContext) -> str | None:
    """What the wards say of themselves where they are made up: a real file cannot be kept beside them."""
    try:
        return find_ward_status(context.settings, context.service)
    except HotspotsError:  # a run says what is wrong with them
        return None
