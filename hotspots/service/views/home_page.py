"""The first page: the newest products."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from hotspots.service.door import Asker, Context, render

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_home(context: Context, asker: Asker) -> Response:
    """The newest products that somebody may open."""
    return render(context, "home.html", person=asker.person, form_token=asker.form_token)
