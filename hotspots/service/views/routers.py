"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.views import home_page, signing_in_pages, static_files, uploads_pages


def list_routers() -> list[APIRouter]:
    """The routers of all pages."""
    return [module.router for module in (signing_in_pages, home_page, uploads_pages, static_files)]
