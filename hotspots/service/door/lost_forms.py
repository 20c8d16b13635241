"""Forms that could not be taken, because their session had ended: what was typed is not lost with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from hotspots.service.door.asking import FORM_TOKEN

AGAIN = "again"
"""In an address of a form: what was typed stands in it, and was not taken."""
_REFILLED: Mapping[str, str] = {"/jobs": "/jobs/new"}
"""Where a form is filled in by its address, by where it is sent: one without a word that is secret."""
_NOT_TYPED = (FORM_TOKEN, "form_key")
_LONGEST = 4_000


async def read_form(request: Request) -> FormData:
    """What a form holds; for a dependency, since pages are answered in threads."""
    return await request.form()


SentForm = Annotated[FormData, Depends(read_form)]


async def find_way_back(request: Request) -> str:
    """The address at which the form that was sent stands again, with what was typed; empty where there is none."""
    address = _REFILLED.get(request.url.path) if request.method == "POST" else None
    if address is None:
        return ""
    try:
        form = await request.form()
    except HTTPException:  # it is not a form, or too much of one
        return ""
    typed = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and value]
    query = urlencode([(AGAIN, "1"), *((name, value) for name, value in typed if name not in _NOT_TYPED)])
    return f"{address}?{query}" if len(query) <= _LONGEST else ""
