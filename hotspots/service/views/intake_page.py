"""How good the data of the last intake are, as the newest run says, and whether files were kept since."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotspots.errors import HotspotsError
from hotspots.products.drawing import draw_months
from hotspots.products.summary import MonthSummary
from hotspots.service.door import Context, render, require
from hotspots.service.people import Person, SignedIn
from hotspots.service.shelf import list_products
from hotspots.service.state import Job, Product, ServiceSettings, Upload
from hotspots.service.views.run_files import read_part
from hotspots.service.views.shown_products import RUN

router = APIRouter(include_in_schema=False)

Analyst = Annotated[SignedIn, require("see data quality")]
_LOOKED_AT = 20
"""Of the newest runs, so many are asked: a run for everybody has no such file."""


@router.get("/quality")
def show_quality(context: Context, asker: Analyst) -> Response:
    """Quality of what the newest run read, and its accounts.

    It is of rows of all crimes and wards, whatever the run is of; of months that a run was not asked for it is not.
    """
    n_since = 0
    with context.database.read() as session:
        found = _find_newest(session, asker.person, context.service)
        if found:
            n_since = _count_kept_since(session, found[0])
    product, summary, quality = found if found else (None, None, None)
    return render(
        context,
        "intake.html",
        person=asker.person,
        form_token=asker.form_token,
        product=product,
        s=summary,
        q=quality,
        months=_draw(quality) if quality else None,
        n_since=n_since,
    )


def _find_newest(
    session: Session, person: Person, settings: ServiceSettings
) -> tuple[Product, dict[str, Any], dict[str, Any]] | None:
    """The newest run that says how good its data are, with its summary and what it says of them."""
    for product in list_products(session, person, kind=RUN, audience="tasking", limit=_LOOKED_AT):
        try:
            summary, quality = (
                read_part(session, person, product, part, settings) for part in ("summary", "quality_json")
            )
            for rows in quality["sources"]:
                rows |= {name: dt.date.fromisoformat(rows[name]) for name in ("first_day", "last_day") if rows[name]}
        except (HotspotsError, KeyError, TypeError, ValueError):
            continue  # not there, or by another version
        return product, summary, quality
    return None


def _count_kept_since(session: Session, run: Product) -> int:
    """How many files that people sent were kept after a run had begun to read."""
    began_at = session.get_one(Job, run.job_id).started_at or run.created_at
    kept = select(func.count()).select_from(Upload).where(Upload.status == "kept", Upload.decided_at >= began_at)
    return session.scalar(kept) or 0


def _draw(quality: dict[str, Any]) -> Markup | None:
    """Rows of all crimes by month, as the page of a run draws them."""
    known = quality["months"]
    months = [
        MonthSummary(month=month, n_incidents=n, is_whole=month not in known["cut_short"], has_data=n > 0)
        for month, n in known["n_by_month"].items()
    ]
    # every text in the drawing is escaped by what draws it
    return Markup(draw_months(months, plural="rows of all crimes")) if months else None  # noqa: S704
