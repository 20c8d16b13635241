"""Runs: asked for, watched, cancelled."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from hotspots.errors import ParameterError
from hotspots.house import AUDIENCES
from hotspots.service.door import Context, ServiceContext, render, require, require_form_token
from hotspots.service.jobs import FIELDS, LABELS, ask_job, cancel_job, find_job
from hotspots.service.people import SignedIn, select_visible
from hotspots.service.shelf import list_choices
from hotspots.service.state import Account, Job, Product
from hotspots.service.views.crime_names import list_crimes_to_ask
from hotspots.service.views.job_events import ENDED, say_state
from hotspots.service.views.job_form import FIELD_LABELS, KINDS, TypedJob
from hotspots.service.views.shown_products import show_products

router = APIRouter(include_in_schema=False)

Analyst = Annotated[SignedIn, require("run")]
Text = Annotated[str, Form(max_length=400)]
Texts = Annotated[list[str], Form(max_length=1_000)]
_AT_ONCE = 50
_MOST_PRODUCTS = 30


@router.get("/jobs")
def list_jobs(context: Context, asker: Analyst, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """What was asked for, newest first."""
    newest = select(Job, Account.full_name).join(Account, Account.id == Job.asked_by, isouter=True)
    ordered = newest.order_by(Job.created_at.desc(), Job.id).offset((page - 1) * _AT_ONCE).limit(_AT_ONCE + 1)
    with context.database.read() as session:
        found = session.execute(ordered).all()
    return render(
        context,
        "jobs.html",
        person=asker.person,
        form_token=asker.form_token,
        jobs=[(job, name or "a schedule", say_state(job)) for job, name in found[:_AT_ONCE]],
        older=page + 1 if len(found) > _AT_ONCE else None,
    )


@router.get("/jobs/new")
def show_form(context: Context, asker: Analyst, kind: str = "", crimes: str = "") -> Response:
    """The form for a kind of product; without one, what there is to choose from."""
    chosen = next((known for known in KINDS if known == kind), None)
    if chosen is None:
        return render(
            context, "job_kinds.html", person=asker.person, form_token=asker.form_token, kinds=LABELS, fields=FIELDS
        )
    return _show(context, asker, TypedJob.read(chosen, {"crimes": [crimes]}), {})


@router.post("/jobs", dependencies=[Depends(require_form_token)])
def take_form(
    context: Context,
    asker: Analyst,
    kind: Text = "",
    crimes: Texts = [],  # noqa: B006 - FastAPI copies it
    wards: Texts = [],  # noqa: B006
    start: Text = "",
    end: Text = "",
    audience: Text = "",
    each_ward: Text = "",
    weeks: Text = "",
    day: Text = "",
    shift: Text = "",
    patrols: Text = "",
    new_sites: Text = "",
) -> Response:
    """Ask for a job; where something is wrong, the form comes back with what was typed."""
    chosen = next((known for known in KINDS if known == kind), None)
    if chosen is None:
        raise ParameterError(f"Of each kind of product there is a form: {', '.join(LABELS.values())}. Choose one.")
    given = {
        "crimes": crimes,
        "wards": wards,
        "start": [start],
        "end": [end],
        "audience": [audience],
        "each_ward": [each_ward],
        "weeks": [weeks],
        "day": [day],
        "shift": [shift],
        "patrols": [patrols],
        "new_sites": [new_sites],
    }
    typed = TypedJob.read(chosen, given)
    request, faults = typed.make_request()
    if request is None:
        return _show(context, asker, typed, faults)
    try:
        with context.database.write() as session:
            job = ask_job(session, asker.person, request, time_zone=context.settings.time_zone)
    except ParameterError as error:
        return _show(context, asker, typed, {"": str(error)})
    return RedirectResponse(f"/jobs/{job.id}", 303)


@router.get("/jobs/{job_id}")
def show_job(context: Context, asker: Analyst, job_id: str) -> Response:
    """A job: what it does now, or what came of it."""
    made = select(Product).where(Product.job_id == job_id, select_visible(asker.person)).order_by(Product.position)
    with context.database.read() as session:
        job = find_job(session, job_id)
        asked_by = session.get(Account, job.asked_by) if job.asked_by else None
        products = session.scalars(made.limit(_MOST_PRODUCTS + 1)).all()
    return show_products(
        context,
        asker,
        "job.html",
        job=job,
        asked_by=asked_by.full_name if asked_by else "a schedule",
        state=say_state(job),
        is_ended=job.status in ENDED,
        command=shlex.join(["hotspots", *job.arguments]),
        products=products[:_MOST_PRODUCTS],
        has_more=len(products) > _MOST_PRODUCTS,
    )


@router.post("/jobs/{job_id}/cancel", dependencies=[Depends(require_form_token)])
def cancel(context: Context, asker: Analyst, job_id: str) -> Response:
    """Cancel a job; one that has ended stays as it is."""
    with context.database.write() as session:
        job = cancel_job(session, asker.person, job_id)
    return RedirectResponse(f"/jobs/{job.id}", 303)


def _show(context: ServiceContext, asker: SignedIn, typed: TypedJob, faults: dict[str, str]) -> Response:
    usual, others = list_crimes_to_ask(context.settings)
    with context.database.read() as session:
        wards = list_choices(session, asker.person).wards
    values: dict[str, Any] = {
        "typed": typed,
        "faults": faults,
        "label": LABELS[typed.kind],
        "fields": FIELDS[typed.kind],
        "field_labels": FIELD_LABELS,
        "usual": usual,
        "others": others,
        "wards": wards,
        "more_wards": [code for code in typed.lists.get("wards", ()) if code not in wards],
        "audiences": AUDIENCES,
        "one_crime": typed.kind in ("patrol plan", "havens"),
    }
    page = render(context, "job_form.html", person=asker.person, form_token=asker.form_token, **values)
    page.status_code = 422 if faults else 200
    return page
