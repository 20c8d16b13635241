"""All pages."""

from __future__ import annotations

from fastapi import APIRouter

from hotspots.service.views import (
    account_pages,
    audit_pages,
    health_checks,
    home_page,
    signing_in_pages,
    static_files,
    token_pages,
)


def list_routers() -> list[APIRouter]:
    """The routers of all pages."""
    return [
        module.router
        for module in (
            signing_in_pages,
            home_page,
            static_files,
            account_pages,
            audit_pages,
            token_pages,
            health_checks,
        )
    ]
