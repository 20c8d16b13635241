"""Files on the shelf that no product has any more."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import select

from hotspots.service.state import Database, Job, ProductFile, ServiceSettings


def sweep_shelf(database: Database, service: ServiceSettings) -> int:
    """Remove files on the shelf that no row names any more; how many.

    Only folders of jobs that were done before they are listed: those of others may be on their way.
    """
    n_removed = 0
    for folder in sorted(service.shelf.glob("*")):
        with database.read() as session:
            status = session.scalar(select(Job.status).where(Job.id == folder.name))
            named = set(session.scalars(select(ProductFile.path).where(ProductFile.job_id == folder.name)))
        if status in ("done", None):
            n_removed += _sweep(folder, named)
    return n_removed


def _sweep(folder: Path, named: set[str]) -> int:
    """Remove the files of a folder that are not named, and folders that are empty then."""
    n_removed = 0
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place) / name
            if path.relative_to(folder).as_posix() not in named:
                path.unlink()
                n_removed += 1
        if not any(Path(place).iterdir()):
            Path(place).rmdir()
    return n_removed
