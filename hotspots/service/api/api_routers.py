"""All addresses of the API."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.api import api_documentation, api_jobs, api_products, api_uploads


def list_api_routers() -> list[APIRouter]:
    """The routers of the API, its documentation included."""
    described = [module.router for module in (api_products, api_jobs, api_uploads)]
    return [*described, api_documentation.make_documentation(described)]
