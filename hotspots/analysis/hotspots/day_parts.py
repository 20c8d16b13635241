"""Parts of the week that have a name, and the share of each incident that falls in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hotspots.analysis.hours import AFTER_SCHOOL, HOURS_IN_WEEK, WeekWindow

Floats = npt.NDArray[np.float64]


_WEEKDAYS, _WEEKEND, _BEFORE_WORK, _BEFORE_REST = (0, 1, 2, 3, 4), (5, 6), (0, 1, 2, 3, 6), (4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A part of the week that has a name.

    Attributes:
        key: Short and unique, of small letters and hyphens.
        label: What it is called: "After school".
        window: Its days and hours.
    """

    key: str
    label: str
    window: WeekWindow

    @property
    def words(self) -> str:
        """Its days and hours: "Mondays to Fridays 15:00-17:59"."""
        return self.window.words


def _part(key: str, label: str, days: tuple[int, ...], start_hour: int, n_hours: int) -> Shift:
    return Shift(key=key, label=label, window=WeekWindow(days=days, start_hour=start_hour, n_hours=n_hours))


DAY_PARTS: tuple[Shift, ...] = (
    _part("before-school", "Before school", _WEEKDAYS, 7, 2),
    _part("school-day", "School day", _WEEKDAYS, 9, 6),
    Shift(key="after-school", label="After school", window=AFTER_SCHOOL),
    _part("weekend-day", "Weekend day", _WEEKEND, 7, 11),
    _part("evening", "Evening", _BEFORE_WORK, 18, 4),
    _part("weekend-evening", "Weekend evening", _BEFORE_REST, 18, 4),
    _part("night", "Night", _BEFORE_WORK, 22, 9),
    _part("weekend-night", "Weekend night", _BEFORE_REST, 22, 9),
)
"""Parts that cover each of the 168 hours once, by the day on which they start. Those named after school are hours of
the clock: they hold school holidays too. Of the evenings and nights those of the weekend are Friday's and Saturday's.
"""


def name_window(window: WeekWindow) -> Shift:
    """A window asked for, as a shift with the key "chosen"."""
    return Shift(key="chosen", label="Chosen hours", window=window)


def weigh_shifts(hours: sparse.csr_array, shifts: Sequence[Shift]) -> Floats:
    """Float (n_incidents, n_shifts): the share of each incident's time that falls in each shift; 0 without a time.

    Args:
        hours: `weigh_hours(incidents)`.
        shifts: Which; they may overlap.
    """
    inside = np.zeros((HOURS_IN_WEEK, len(shifts)))
    for column, shift in enumerate(shifts):
        inside[shift.window.hours, column] = 1.0
    shift_shares: Floats = np.minimum(hours @ inside, 1.0)
    return shift_shares
