"""The service as an application of ASGI: the door, the pages and the API."""

from __future__ import annotations

from fastapi import FastAPI

from hotspots.service.api import list_api_routers
from hotspots.service.door import Guard, ServiceContext, answer_errors, make_templates
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
    app = FastAPI(title="Hotspots", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.context = ServiceContext(
        settings=settings, service=service, database=database, templates=make_templates()
    )
    answer_errors(app)
    for router in (*list_routers(), *list_api_routers()):
        app.include_router(router)
    app.add_middleware(Guard, settings=service)
    return app
