"""Incidents cut into pieces of time in which nothing opens or closes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.hours import HOURS_IN_WEEK, measure_times
from hotspots.analysis.safe_havens.opening_states import MINUTES_IN_DAY, OpeningStates

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

MINUTES_IN_WEEK = 7 * MINUTES_IN_DAY
_EPOCH = np.datetime64("1970-01-05", "D")
PIECES_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePieces:
    """Pieces of incidents, by incident.

    Attributes:
        incident: int (n_pieces,), position of the incident.
        cell: int (n_pieces,), cell of time of the `OpeningStates`.
        hour: int (n_pieces,), hour of the week, Monday 00:00-00:59 being 0.
        day: int (n_pieces,), days since the first day of the `OpeningStates`.
        weight: float (n_pieces,), share of the incident; those of an incident sum to 1.
    """

    incident: Integers
    cell: Integers
    hour: Integers
    day: Integers
    weight: Floats


def find_told(incidents: pd.DataFrame) -> Flags:
    """Bool (n_incidents,): whether something is known of the hour: a moment, or an interval shorter than a week."""
    _, length = measure_times(incidents)
    told: Flags = (length >= 0) & (length < MINUTES_IN_WEEK)
    return told


def list_days(incidents: pd.DataFrame) -> Days:
    """Datetime64[D]: the first and the last day on which an incident whose hour is known may have happened."""
    start, length = measure_times(incidents)
    is_told = find_told(incidents)
    if not is_told.any():
        return np.array([], dtype="datetime64[D]")
    start, length = start[is_told], length[is_told]
    ends = np.array([start.min(), (start + np.maximum(length - 1, 0)).max()]) // MINUTES_IN_DAY
    days: Days = _EPOCH + ends
    return days


def cut_times(incidents: pd.DataFrame, states: OpeningStates) -> Iterator[TimePieces]:
    """Cut the time of each incident wherever a place opens or closes, some incidents at a time.

    A moment is one piece. An interval shorter than a week gives each piece the share of its minutes, as `weigh_hours`
    does for hours. An interval of a week or more, which says nothing of the hour, and an incident without a clock time
    give none.

    Args:
        incidents: With `started_at`, `ended_at` and `time_precision`.
        states: Of the days of `list_days(incidents)`.
    """
    start, length = measure_times(incidents)
    rows = np.flatnonzero(find_told(incidents))
    start, length = start[rows], length[rows]
    first_day = int((states.first_day - _EPOCH).astype(np.int64))
    start -= first_day * MINUTES_IN_DAY
    last = start + np.maximum(length - 1, 0)
    first_stretch, last_stretch = (np.searchsorted(states.starts, minute, "right") - 1 for minute in (start, last))
    n_pieces = last_stretch - first_stretch + 1
    ends = states.starts + states.lengths
    part = (np.cumsum(n_pieces) - n_pieces) // PIECES_AT_ONCE
    for chosen in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(part)) + 1):
        n = n_pieces[chosen]
        of = np.repeat(chosen, n)
        step = np.arange(len(of)) - np.repeat(np.cumsum(n) - n, n)
        stretch = first_stretch[of] + step
        begin = states.starts[stretch]
        whole = length[of]
        inside = np.minimum(start[of] + whole, ends[stretch]) - np.maximum(start[of], begin)
        yield TimePieces(
            incident=rows[of],
            cell=states.cell[stretch],
            hour=(begin // 60 + first_day * 24) % HOURS_IN_WEEK,
            day=begin // MINUTES_IN_DAY,
            weight=np.where(whole == 0, 1.0, inside / np.maximum(whole, 1)),
        )
