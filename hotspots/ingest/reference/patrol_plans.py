"""Plans of patrols, as `hotspots patrol plan` writes them or anybody else: visits that are yet to be made."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pyproj

from hotspots.errors import DataError
from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.reference.patrol_records import PatrolRecords, read_patrol_records


def read_patrol_plans(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    time_zone: str = "Europe/London",
) -> PatrolRecords:
    """Read planned visits: rows with an arrival and a departure (or a duration), and a place or a position.

    They are read as visits that were made are, so that both are in the same places at the same instants.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS, which eastings and northings are in.
        time_zone: IANA name of the zone of the local clock.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file is not of visits; it was given twice; or no row can be used.
    """
    plan = read_patrol_records(paths, crs=crs, time_zone=time_zone, are_plans=True)
    if len(plan.pings):
        raise DataError(
            f"A plan says from when to when a patrol is to be where; {plan.inputs[0].path} has one time in a row. Give "
            "its visits with columns such as place, arrive_at and leave_at."
        )
    inputs = tuple(dataclasses.replace(file, table="patrol plan", layout="visits") for file in plan.inputs)
    return dataclasses.replace(plan, inputs=inputs)
