"""What every request needs to hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import jinja2
from fastapi import Request

from hotspots.service.door.request_limits import RequestLimits
from hotspots.service.door.request_metrics import RequestMetrics
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
        limits: Counts of requests, by which those of one person or address are limited.
        metrics: Counts for whoever watches over the service.
    """

    settings: Settings
    service: ServiceSettings
    database: Database
    templates: jinja2.Environment
    limits: RequestLimits = field(default_factory=RequestLimits)
    metrics: RequestMetrics = field(default_factory=RequestMetrics)


def get_context(request: Request) -> ServiceContext:
    """The service that a request is made to."""
    context: ServiceContext = request.app.state.context
    return context
