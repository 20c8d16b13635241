"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.views import elsewhere_pages, home_page, schedules_page, signing_in_pages, static_files


def list_routers() -> list[APIRouter]:
    """The routers of all pages."""
    return [module.router for module in (signing_in_pages, elsewhere_pages, home_page, static_files, schedules_page)]
