"""How much of an operation was done: hours and days of patrols in its areas."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.patrols import StayOptions, find_stays, list_recorded_stays, measure_dosage
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference import PatrolRecords
from hotspots.pipeline.operation_areas import OperationAreas


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPatrols:
    """How much of an operation was done.

    Attributes:
        treated_hours, control_hours: Patrol hours in the treated area, and in the control.
        around_hours: In what is around the treated area, where that was looked at; else None.
        elsewhere_hours: Patrol hours in none of them.
        unknown_hours: Hours of which nothing is known.
        n_treated_days, n_control_days: Days of the operation on which patrols were there for two minutes or more.
        n_days: Days of the operation.
        n_record_days: Those from the first day of the records to the last.
        files: Of the records.
        doubts: What could be otherwise in how they were read, and which files were left out, in sentences.
    """

    treated_hours: float
    control_hours: float
    around_hours: float | None
    elsewhere_hours: float
    unknown_hours: float
    n_treated_days: int
    n_control_days: int
    n_days: int
    n_record_days: int
    files: tuple[InputFile, ...]
    doubts: tuple[str, ...]


def measure_operation_patrols(
    records: PatrolRecords, areas: OperationAreas, *, start: dt.date, end: dt.date
) -> OperationPatrols:
    """Hours and days of patrols in the areas of an operation, on its days."""
    is_on = _lies_between(records.pings["at"], start, end)
    pings = records.pings[is_on].reset_index(drop=True)
    visits = records.visits[_lies_between(records.visits["started_at"], start, end)]
    parts = [areas.treated, areas.control, *([areas.treated_ring] if areas.treated_ring is not None else [])]
    options = StayOptions(tolerance_m=0.0)
    stays = (
        find_stays(pings, parts, options=options) if len(pings) else list_recorded_stays(visits, parts, options=options)
    )
    dosage = measure_dosage(stays, n_places=len(parts), start=start, end=end, time_zone=records.time_zone)
    # who is in an area over midnight is there on both days
    hours = dosage.minutes.sum(axis=(1, 2)) / 60
    days = (dosage.minutes.sum(axis=2) >= options.passing_minutes).sum(axis=1)
    span = [day.astype("datetime64[D]").astype(dt.date) for day in records.span]
    first, last = max(span[0], start), min(span[1], end)
    return OperationPatrols(
        treated_hours=float(hours[0]),
        control_hours=float(hours[1]),
        around_hours=float(hours[2]) if len(parts) > 2 else None,
        elsewhere_hours=stays.elsewhere_minutes / 60,
        unknown_hours=stays.unknown_minutes / 60,
        n_treated_days=int(days[0]),
        n_control_days=int(days[1]),
        n_days=(end - start).days + 1,
        n_record_days=max((last - first).days + 1, 0),
        files=records.inputs,
        doubts=records.doubts,
    )


def _lies_between(times: pd.Series, start: dt.date, end: dt.date) -> npt.NDArray[np.bool_]:
    days = times.to_numpy().astype("datetime64[D]")
    lies: npt.NDArray[np.bool_] = (days >= np.datetime64(start)) & (days <= np.datetime64(end))
    return lies
