"""The lock on incidents and products: whoever reads them shares it, whoever removes some of them holds it alone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotspots.service.state import ServiceSettings

_LOCK, _WANTED = "incidents.lock", "incidents.wanted"
_EVERY_S = 0.2
_WANTED_S = 60
"""For so long whoever wants it alone is waited for: with several workers somebody would always share it."""


@contextmanager
def hold_incidents(settings: ServiceSettings, *, alone: bool = False, patience_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock within a block; it ends with the process, however that ends.

    Args:
        settings: Of the service.
        alone: Whether nobody else may hold it meanwhile.
        patience_s: How long to wait for others.

    Yields:
        Whether it is held.
    """
    settings.make_folder()
    wanted, until = settings.folder / _WANTED, time.monotonic() + patience_s
    while not alone and _is_fresh(wanted):
        if time.monotonic() >= until:
            yield False
            return
        time.sleep(_EVERY_S)
    handle = os.open(settings.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        is_held = _take(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, until=until)
        if alone and not is_held:
            wanted.touch()
        yield is_held
        if alone and is_held:
            wanted.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _is_fresh(wanted: Path) -> bool:
    try:
        return time.time() - wanted.stat().st_mtime < _WANTED_S
    except FileNotFoundError:
        return False


def _take(handle: int, kind: int, *, until: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(_EVERY_S)
        else:
            return True
