"""The service as an application of ASGI: the door, the pages and the API."""

from __future__ import annotations

import secrets

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from hotspots.service.api import list_api_routers
from hotspots.service.door import (
    AnswerUnforeseen,
    BodyLimits,
    Guard,
    RequestLog,
    ServiceContext,
    answer_errors,
    make_templates,
)
from hotspots.service.state import Database, ServiceSettings
from hotspots.service.views import list_routers
from hotspots.settings import Settings


def make_app(settings: Settings, service: ServiceSettings, database: Database) -> FastAPI:
    """Put the service together.

    Args:
        settings: Of the workspace.
        service: What the service is told.
        database: Open, and closed by the caller.
    """
    app = FastAPI(title="Hotspots", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    context = ServiceContext(settings=settings, service=service, database=database, templates=make_templates())
    context.metrics.watch(database)
    app.state.context = context
    answer_errors(app)
    for router in (*list_routers(), *list_api_routers()):
        app.include_router(router)
    app.add_middleware(AnswerUnforeseen)  # the first is the innermost
    app.add_middleware(BodyLimits, settings=service)
    if service.sign_in_elsewhere:
        from starlette.middleware.sessions import SessionMiddleware

        # who is on the way to their organisation and back; a restart meanwhile has them begin again
        app.add_middleware(
            SessionMiddleware,
            secret_key=secrets.token_hex(32),
            session_cookie="__Host-hotspots-elsewhere" if service.is_encrypted else "hotspots-elsewhere",
            max_age=600,
            same_site="lax",
            https_only=service.is_encrypted,
        )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=service.host_names, www_redirect=False)
    app.add_middleware(Guard, settings=service)
    app.add_middleware(RequestLog, metrics=context.metrics)
    return app
