"""The workspace of a service, opened by commands that work on its database."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hotspots.errors import HotspotsError

if TYPE_CHECKING:
    from hotspots.service.state import Database, ServiceSettings
    from hotspots.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWorkspace:
    """A service, as whoever keeps the machine finds it.

    Attributes:
        settings: Of the workspace.
        service: What the service is told.
        database: Open.
        actor: Who works on it, for the audit.
    """

    settings: Settings
    service: ServiceSettings
    database: Database
    actor: str


def require_service_packages() -> None:
    """Refuse to begin where the service cannot run.

    Raises:
        HotspotsError: A package is not installed.
    """
    try:
        import alembic  # noqa: F401 - asked for here, and used in the rooms of the service
        import argon2  # noqa: F401
        import fastapi  # noqa: F401
        import limits  # noqa: F401
        import sqlalchemy  # noqa: F401
        import structlog  # noqa: F401
        import uvicorn  # noqa: F401
        import zxcvbn  # noqa: F401
    except ImportError as error:
        raise HotspotsError(
            f"The service needs more packages; {error.name} is not installed. Install them: "
            'pip install "hotspots[service]".'
        ) from error


@contextmanager
def open_workspace(settings_file: Path | None) -> Iterator[ServiceWorkspace]:
    """Open the database of the service that settings are of, and close it at the end.

    Raises:
        HotspotsError: A package is not installed, or the database does not answer.
        ParameterError: A setting is not what it has to be.
    """
    require_service_packages()
    from hotspots.service.state import load_service_settings, open_database

    settings, service = load_service_settings(settings_file)
    database = open_database(service.database_address)
    try:
        yield ServiceWorkspace(settings=settings, service=service, database=database, actor=_name_actor())
    finally:
        database.close()


def _name_actor() -> str:
    """Who is at the terminal, so that the audit says more than that somebody was."""
    try:
        return f"terminal: {getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return "terminal"
