"""Runs: asked for, watched, cancelled."""

from __future__ import annotations

import secrets
import shlex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from hotspots.errors import ParameterError
from hotspots.house import AUDIENCES
from hotspots.service.door import AGAIN, Context, SentForm, ServiceContext, render, require, require_form_token
from hotspots.service.jobs import FIELDS, LABELS, ask_job, cancel_job, find_job
from hotspots.service.people import SignedIn, select_visible
from hotspots.service.state import Account, Job, Product
from hotspots.service.views.crime_names import list_crimes_to_ask
from hotspots.service.views.job_events import ENDED, say_state
from hotspots.service.views.job_form import FIELD_LABELS, KINDS, KINDS_IN_WORDS, TypedJob, name_fields
from hotspots.service.views.shown_products import show_products
from hotspots.service.views.ward_names import name_wards

router = APIRouter(include_in_schema=False)

Analyst = Annotated[SignedIn, require("run")]
_AT_ONCE = 50
_MOST_PRODUCTS = 30
_LONGEST_KEY = 200


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
def show_form(context: Context, asker: Analyst, request: Request, kind: str = "") -> Response:
    """The form for a kind of product, with what the address says in it; without one, what there is to choose from."""
    chosen = next((known for known in KINDS if known == kind), None)
    if chosen is None:
        return render(
            context,
            "job_kinds.html",
            person=asker.person,
            form_token=asker.form_token,
            kinds=LABELS,
            in_words=KINDS_IN_WORDS,
        )
    return _show(
        context, asker, TypedJob.read(chosen, request.query_params), {}, is_again=AGAIN in request.query_params
    )


@router.post("/jobs", dependencies=[Depends(require_form_token)])
def take_form(context: Context, asker: Analyst, form: SentForm) -> Response:
    """Ask for a job; where something is wrong, the form comes back with what was typed. Sent twice it is one job."""
    chosen = next((known for known in KINDS if known == form.get("kind")), None)
    if chosen is None:
        raise ParameterError(f"Of each kind of product there is a form: {', '.join(LABELS.values())}. Choose one.")
    typed = TypedJob.read(chosen, form)
    request, faults = typed.make_request(context.settings, context.service)
    if request is None:
        return _show(context, asker, typed, faults)
    form_key = str(form.get("form_key", ""))[:_LONGEST_KEY]
    try:
        with context.database.write() as session:
            job = ask_job(session, asker.person, request, time_zone=context.settings.time_zone, form_key=form_key)
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
        message=name_fields(job.message),
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


def _show(
    context: ServiceContext, asker: SignedIn, typed: TypedJob, faults: dict[str, str], *, is_again: bool = False
) -> Response:
    usual, others = list_crimes_to_ask(context.settings)
    wards, without_wards = name_wards(context)
    values: dict[str, Any] = {
        "typed": typed,
        "faults": faults,
        "label": LABELS[typed.kind],
        "fields": FIELDS[typed.kind],
        "field_labels": FIELD_LABELS,
        "usual": usual,
        "others": others,
        "wards": wards,
        "without_wards": without_wards,
        "audiences": AUDIENCES,
        "one_crime": typed.kind in ("patrol plan", "havens"),
        "form_key": secrets.token_hex(16),
        "is_again": is_again,
    }
    page = render(context, "job_form.html", person=asker.person, form_token=asker.form_token, **values)
    page.status_code = 422 if faults else 200
    return page
