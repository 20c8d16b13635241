"""What an operation was, and what it is compared with."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal, Self, get_args

from hotspots.analysis.change import AreaWeights
from hotspots.errors import ParameterError
from hotspots.harm import Measure

Before = Literal["year", "previous"]

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_WEEKS_A_YEAR = 52
_MAX_BUFFER_M = 5_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRequest:
    """What an operation was, and how it is judged.

    Attributes:
        crime: Slug of the crime.
        start, end: First and last day of the operation, inclusive.
        before: What it is compared with: "year", the same dates of the year before; "previous", as long a period just
            before it.
        buffer_m: Width of the area around the treated one, and around the control, in which displacement is looked for;
            0 for none.
        wards: Codes or names of the wards that make the study area; all by default.
        area_weights: Sizes of the areas for the weighted displacement difference; None to take their areas.
        harm: What all crimes are weighed by for a difference in harm; None for none.
        confidence: Of every limit.
        seed: Of the places elsewhere with which the result is compared.

    Raises:
        ParameterError: The period ends before it starts, reaches into the period it is compared with, or is not of the
            years 1900 to 2100; the buffer is below 0 m or too wide; or `before` or `harm` is not known.
    """

    crime: str
    start: dt.date
    end: dt.date
    before: Before = "year"
    buffer_m: float = 0.0
    wards: tuple[str, ...] = ()
    area_weights: AreaWeights | None = None
    harm: Measure | None = None
    confidence: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.before not in get_args(Before):
            raise ParameterError(f'`before` must be one of {", ".join(get_args(Before))}, not "{self.before}".')
        if self.harm is not None and self.harm not in get_args(Measure):
            raise ParameterError(f'`harm` must be one of {", ".join(get_args(Measure))}, not "{self.harm}".')
        if not (_FIRST_YEAR <= self.start.year <= _LAST_YEAR and _FIRST_YEAR <= self.end.year <= _LAST_YEAR):
            raise ParameterError(
                f"An operation must be of the years {_FIRST_YEAR} to {_LAST_YEAR}; this one runs from {self.start} to "
                f"{self.end}. Check the year of `start` and `end`."
            )
        if self.end < self.start:
            raise ParameterError(
                f"An operation must end on or after its first day; this one runs from {self.start} to {self.end}. "
                "Swap them."
            )
        if not (math.isfinite(self.buffer_m) and 0 <= self.buffer_m <= _MAX_BUFFER_M):
            raise ParameterError(
                f"A buffer must be from 0 m to {_MAX_BUFFER_M:,.0f} m wide, not {self.buffer_m:g} m. 200 m is usual; 0 "
                "leaves displacement out."
            )
        if self.before_period[1] >= self.start:
            raise ParameterError(
                f"An operation longer than a year, {self.start} to {self.end}, cannot be compared with the same dates "
                "of the year before. Use `before` previous, or judge a year of it at a time."
            )

    @property
    def is_whole_months(self) -> bool:
        """Whether the operation runs from the first day of a month to the last of one."""
        return self.start.day == 1 and (self.end + dt.timedelta(days=1)).day == 1

    @property
    def before_period(self) -> tuple[dt.date, dt.date]:
        """First and last day of the period compared with.

        Whole months are compared with whole months. Other periods keep their length and days of the week: the year
        before is then 52 weeks before.
        """
        n_days = (self.end - self.start).days + 1
        if not self.is_whole_months:
            step = dt.timedelta(weeks=_WEEKS_A_YEAR) if self.before == "year" else dt.timedelta(days=n_days)
            return self.start - step, self.end - step
        first = self.start.year * 12 + self.start.month - 1
        n_months = self.end.year * 12 + self.end.month - first
        step_months = 12 if self.before == "year" else n_months
        return _month_start(first - step_months), _month_end(first - step_months + n_months - 1)

    @property
    def periods(self) -> tuple[tuple[dt.date, dt.date], tuple[dt.date, dt.date]]:
        """The period compared with, and that of the operation."""
        return self.before_period, (self.start, self.end)

    @property
    def one_before(self) -> Self:
        """The period before, as if it were the operation, compared with as long a one just before it."""
        start, end = self.before_period
        return dataclasses.replace(self, start=start, end=end, before="previous")

    @property
    def whole_months(self) -> tuple[dt.date, dt.date]:
        """First day of the month in which the operation begins, and last of that in which it ends."""
        return self.start.replace(day=1), _month_end(self.end.year * 12 + self.end.month - 1)


def _month_start(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, 1)


def _month_end(number: int) -> dt.date:
    return dt.date(number // 12, number % 12 + 1, calendar.monthrange(number // 12, number % 12 + 1)[1])
