"""The lock on incidents and products: whoever reads them shares it, whoever removes some of them holds it alone."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from hotspots.service.state import ServiceSettings

_LOCK = "incidents.lock"
_EVERY_S = 0.2


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
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(settings.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _take(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH, until=time.monotonic() + patience_s)
    finally:
        os.close(handle)


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
