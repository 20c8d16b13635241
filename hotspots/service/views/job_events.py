"""The progress of a job, sent as it happens (server-sent events)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent

from hotspots.service.door import Context, ServiceContext, look_again, require
from hotspots.service.jobs import find_job
from hotspots.service.people import SignedIn
from hotspots.service.state import Job

router = APIRouter(include_in_schema=False)

Analyst = Annotated[SignedIn, require("run")]
MOST_STREAMS = 6
"""That one person may have open: a browser opens as many to one address."""
ENDED = ("done", "failed", "cancelled")
EVERY_S = 0.7
"""Between two looks at the job."""
_LOOK_AGAIN_AFTER = 7
"""After so many looks at the job, whether whoever watches may still do so."""
_open: Counter[str] = Counter()
"""Streams of each account, counted in the one thread of the event loop."""


def _require_free(asker: Analyst) -> None:
    """Refuse a person who watches too many jobs already."""
    if _open[asker.person.account_id] >= MOST_STREAMS:
        raise HTTPException(429, f"{MOST_STREAMS} pages watch jobs already. Close one of them.")


def _require_job(context: Context, job_id: str) -> None:
    """Refuse before anything is sent what cannot be refused after."""
    with context.database.read() as session:
        find_job(session, job_id)


@router.get(
    "/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    dependencies=[Depends(_require_job), Depends(_require_free)],
)
async def send_events(
    context: Context, asker: Analyst, request: Request, job_id: str
) -> AsyncIterator[ServerSentEvent]:
    """What a job does, each time that it changes, and "end" when it has ended or its watcher has signed out."""
    told: dict[str, Any] | None = None
    n_looks = 0
    _open[asker.person.account_id] += 1
    try:
        while True:
            now = await run_in_threadpool(_look, context, job_id)
            if now != told:
                told = now
                yield ServerSentEvent(event="job", data=now)
            if now["status"] in ENDED:
                break
            n_looks += 1
            if n_looks % _LOOK_AGAIN_AFTER == 0 and not await run_in_threadpool(_may_watch, request, context):
                break
            await anyio.sleep(EVERY_S)
        yield ServerSentEvent(event="end", data=told["status"])
    finally:
        _open[asker.person.account_id] -= 1


def _look(context: ServiceContext, job_id: str) -> dict[str, Any]:
    with context.database.read() as session:
        job = find_job(session, job_id)
    return {"status": job.status, "words": say_state(job), "progress": job.progress}


def _may_watch(request: Request, context: ServiceContext) -> bool:
    asker = look_again(request, context)
    return asker is not None and asker.person.may("run")


def say_state(job: Job) -> str:
    """What has become of a job, in words."""
    if job.status == "running" and job.is_cancel_asked:
        return "Being cancelled"
    return {
        "queued": "Waiting for its turn",
        "running": "At work",
        "done": "Done",
        "failed": "Failed",
        "cancelled": "Cancelled",
    }[job.status]
