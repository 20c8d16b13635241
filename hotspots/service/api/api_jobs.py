"""Jobs for programs: asked for, looked at, cancelled."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import Response
from sqlalchemy import select

from hotspots.service.api.api_answers import (
    ADDRESS,
    Before,
    Id,
    JobAnswer,
    JobList,
    Limit,
    answer_kept,
    link_next,
    make_router,
)
from hotspots.service.door import Asker, Context, require_own_request
from hotspots.service.jobs import JobRequest, ask_job, cancel_job, find_job, require_known
from hotspots.service.state import Job

router = make_router("Jobs", "run")

IdempotencyKey = Annotated[
    str,
    Header(
        max_length=200,
        description="Of this request, made by whoever sends it: sent again with the same key, it is the same job.",
    ),
]


@router.post("/jobs", status_code=201, dependencies=[Depends(require_own_request)])
def ask_for_job(
    response: Response, context: Context, asker: Asker, wanted: JobRequest, idempotency_key: IdempotencyKey = ""
) -> JobAnswer:
    """Put a job into the queue. `Location` is where to look how it stands."""
    require_known(wanted, context.settings, context.service)
    with context.database.write() as session:
        job = ask_job(session, asker.person, wanted, time_zone=context.settings.time_zone, form_key=idempotency_key)
    response.headers["Location"] = f"{ADDRESS}/jobs/{job.id}"
    return JobAnswer.of(job)


@router.get("/jobs", response_model=JobList)
def list_jobs(request: Request, context: Context, asker: Asker, before: Before = None, limit: Limit = 50) -> Response:
    """Jobs, newest first. `Link` says where the list goes on."""
    chosen = select(Job)
    with context.database.read() as session:
        if before is not None:
            last = find_job(session, before)
            chosen = chosen.where(
                (Job.created_at < last.created_at) | ((Job.created_at == last.created_at) & (Job.id > last.id))
            )
        found = session.scalars(chosen.order_by(Job.created_at.desc(), Job.id).limit(limit + 1)).all()
    shown = found[:limit]
    answer = JobList(jobs=tuple(JobAnswer.of(job) for job in shown))
    return answer_kept(request, answer, headers=link_next(request, shown[-1].id if len(found) > limit else None))


@router.get("/jobs/{job_id}", response_model=JobAnswer)
def show_job(request: Request, context: Context, asker: Asker, job_id: Id) -> Response:
    """How a job stands."""
    with context.database.read() as session:
        return answer_kept(request, JobAnswer.of(find_job(session, job_id)))


@router.post("/jobs/{job_id}/cancel", dependencies=[Depends(require_own_request)])
def cancel(context: Context, asker: Asker, job_id: Id) -> JobAnswer:
    """Cancel a job: at once if it waits, soon if it is at work. One that has ended stays as it is."""
    with context.database.write() as session:
        return JobAnswer.of(cancel_job(session, asker.person, job_id))
