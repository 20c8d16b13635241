"""Old incidents removed from the files of the workspace and from its store, by a command of its own."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from hotspots.errors import HotspotsError
from hotspots.service.jobs import HOTSPOTS, tie
from hotspots.service.state import ServiceSettings

_SPEAKS = "hotspots: "
_MOST_LETTERS = 500


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
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            tie([*HOTSPOTS, "forget", *given]),
            cwd=service.workspace,
            env={name: value for name, value in os.environ.items() if not name.startswith("HOTSPOTS_")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=service.max_minutes * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ForgettingError(
            f"Removing old incidents took longer than {service.max_minutes} minutes, and goes on the next time."
        ) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        last = next((line.removeprefix(_SPEAKS) for line in reversed(said) if line.startswith(_SPEAKS)), "")
        raise ForgettingError(last[:_MOST_LETTERS] or f"`hotspots forget` ended with {done.returncode}.")
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told
