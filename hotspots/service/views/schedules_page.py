"""The page of what is asked for by itself."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.service.door import Asker, Context, render, require
from hotspots.service.jobs import list_schedules

router = APIRouter(include_in_schema=False)


@router.get("/schedules", dependencies=[require("run")])
def show_schedules(context: Context, asker: Asker) -> Response:
    """When each is due next, and what came of the last time."""
    time_zone = context.settings.time_zone
    return render(
        context,
        "schedules.html",
        person=asker.person,
        form_token=asker.form_token,
        schedules=list_schedules(context.database, context.service, time_zone=time_zone),
        notices=context.service.notices,
    )
