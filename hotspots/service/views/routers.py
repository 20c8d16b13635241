"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.views import (
    history_pages,
    home_page,
    intake_page,
    job_events,
    job_pages,
    product_files,
    product_pages,
    signing_in_pages,
    static_files,
)


def list_routers() -> list[APIRouter]:
    """The routers of all pages."""
    modules = (
        signing_in_pages,
        home_page,
        product_pages,
        product_files,
        history_pages,
        intake_page,
        job_pages,
        job_events,
        static_files,
    )
    return [module.router for module in modules]
