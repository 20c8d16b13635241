"""What every request needs to hand."""

from __future__ import annotations

from dataclasses import dataclass

import jinja2
from fastapi import Request

from hotspots.service.state import Database, ServiceSettings
from hotspots.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContext:
    """One running service.

    Attributes:
        settings: Of the workspace.
        service: What the service is told.
        database: Open.
        templates: Of its pages, with the words of the products.
    """

    settings: Settings
    service: ServiceSettings
    database: Database
    templates: jinja2.Environment


def get_context(request: Request) -> ServiceContext:
    """The service that a request is made to."""
    context: ServiceContext = request.app.state.context
    return context
