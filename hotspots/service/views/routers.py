"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.views import (
    account_pages,
    audit_pages,
    elsewhere_pages,
    health_checks,
    history_pages,
    home_page,
    intake_page,
    job_events,
    job_pages,
    product_files,
    product_pages,
    schedules_page,
    signing_in_pages,
    static_files,
    token_pages,
    uploads_pages,
)

_PAGES = (
    signing_in_pages,
    elsewhere_pages,
    home_page,
    product_pages,
    product_files,
    history_pages,
    intake_page,
    job_pages,
    job_events,
    uploads_pages,
    schedules_page,
    account_pages,
    audit_pages,
    token_pages,
    health_checks,
    static_files,
)


def list_routers() -> list[APIRouter]:
    """The routers of all pages."""
    return [module.router for module in _PAGES]
