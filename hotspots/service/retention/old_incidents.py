"""Old incidents removed from the files of the workspace and from its store, by a command of its own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from hotspots.errors import HotspotsError
from hotspots.service.jobs import run_own
from hotspots.service.state import ServiceSettings


class ForgettingError(HotspotsError):
    """Old incidents could not be removed."""


def forget_old_incidents(service: ServiceSettings, before: dt.date) -> Mapping[str, Any]:
    """Remove incidents that ended before a day. It takes a process of its own, as reading files takes much memory.

    Args:
        service: Of the service.
        before: The first day that stays.

    Returns:
        What `hotspots forget` printed: `n_rows`, and names of files that were `removed`, `shortened` and `unread`.

    Raises:
        ForgettingError: They could not be removed; it says why.
    """
    options = (("before", before.isoformat()), ("yes", None), ("json", None))
    given = [f"--{name}" if value is None else f"--{name}={value}" for name, value in options]
    done = run_own(["forget", *given], service)
    if done.fault:
        raise ForgettingError(done.fault)
    told: Mapping[str, Any] = json.loads(done.printed)
    return told
