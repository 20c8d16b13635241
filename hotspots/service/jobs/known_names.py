"""Crimes and wards of a request, looked up when it is asked: a worker would find out only later that there are none."""

from __future__ import annotations

from collections.abc import Mapping

from hotspots.crimes import FLAGGED_KNIFE_CRIME, Crime
from hotspots.errors import NotFoundError, ParameterError, suggest_word
from hotspots.service.jobs.job_request import JobRequest
from hotspots.service.people import choose_wards
from hotspots.service.state import ServiceSettings
from hotspots.settings import Settings


def list_crimes(settings: Settings) -> Mapping[str, Crime]:
    """The crimes of a workspace by their slugs. Whether its incidents hold any of one, the job finds out."""
    return {**settings.definitions.crimes, FLAGGED_KNIFE_CRIME.slug: FLAGGED_KNIFE_CRIME}


def require_known(request: JobRequest, settings: Settings, service: ServiceSettings) -> None:
    """Refuse a request that names a crime or a ward which is not there.

    Called outside a transaction: outlines that have changed are read anew, and others would wait for that.

    Args:
        request: What is asked for.
        settings: Of the workspace.
        service: Of the service.

    Raises:
        ParameterError: The first crime or ward that is not there, and what there is; or wards are named, and there are
            no outlines of them.
        DataError: Wards are named, and their outlines cannot be read.
    """
    known = list_crimes(settings)
    for slug in request.crimes:
        if slug not in known:
            raise ParameterError(
                f'`crimes` names "{slug}", and there is no such crime.{suggest_word(slug, known)} Name some of: '
                f"{', '.join(sorted(known))}."
            )
    try:
        choose_wards(settings, service, request.wards)
    except NotFoundError as error:
        raise ParameterError(f"`wards`: {error}") from None
