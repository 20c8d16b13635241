"""The days that a forecast may see, and those that it is tested on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from hotspots.analysis.calendar import PeriodUnit, make_periods
from hotspots.errors import ParameterError, TooLittleDataError

MONTHLY_FROM_DAYS = 240
"""Periods from here on are divided into whole months, shorter ones into weeks."""
_N_FOLDS = 3
_WINDOWS_A_PERIOD = 8
_MIN_WINDOWS_TO_FIT = 3
_SHORTEST_WINDOW_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One test: what was known, and what came after it.

    Attributes:
        fit_start, fit_end: First and last day that the forecast may see, both included.
        test_start, test_end: First and last day that it is tested on, both included.

    Raises:
        ParameterError: A day that is tested on is not after those that are fitted to, or a window has no day.
    """

    fit_start: dt.date
    fit_end: dt.date
    test_start: dt.date
    test_end: dt.date

    def __post_init__(self) -> None:
        if not self.fit_start <= self.fit_end < self.test_start <= self.test_end:
            raise ParameterError(
                "A fold must be fitted to days before those on which it is tested; this one is fitted to "
                f"{self.fit_start} to {self.fit_end} and tested on {self.test_start} to {self.test_end}. Make folds "
                "with plan_folds."
            )

    @property
    def n_fit_days(self) -> int:
        """Length of the first, in days."""
        return (self.fit_end - self.fit_start).days + 1

    @property
    def n_test_days(self) -> int:
        """Length of the second, in days."""
        return (self.test_end - self.test_start).days + 1

    @property
    def start_of_last(self) -> dt.date:
        """First day of the window before the test and as long: as many months, where the test is of whole ones.

        In days the window before April would begin on 2 March, and miss all incidents that are dated to their month.
        """
        first, stop = np.datetime64(self.test_start, "D"), np.datetime64(self.test_end, "D") + 1
        month, stop_month = first.astype("datetime64[M]"), stop.astype("datetime64[M]")
        if first == month and stop == stop_month:
            before = (month - (stop_month - month)).astype("datetime64[D]")
        else:
            before = first - (stop - first)
        start: dt.date = before.item()
        return max(start, self.fit_start)


def plan_folds(start: dt.date, end: dt.date, *, is_monthly: bool) -> tuple[Fold, ...]:
    """Divide a period into rolling tests: up to three windows at its end, each tested on all that came before it.

    A window is an eighth of the period: in whole months, one at least, if the data give no days or the period is long
    (240 days), else in whole weeks. The last window ends with the period, or with its last whole month. What is left
    over at the beginning is used for fitting.

    Args:
        start: First day of the period.
        end: Last day, included.
        is_monthly: Whether any incidents give only their months.

    Raises:
        TooLittleDataError: The period is too short to hold a test and three times as much to fit to.
    """
    n_days = (end - start).days + 1
    unit: PeriodUnit = "month" if is_monthly or n_days >= MONTHLY_FROM_DAYS else "day"
    shortest = 1 if unit == "month" else _SHORTEST_WINDOW_DAYS
    try:
        n_units = len(make_periods(first=start, last=end, unit=unit))
        length = max(n_units // _WINDOWS_A_PERIOD // shortest, 1) * shortest
        windows = make_periods(first=start, last=end, unit=unit, length=length)
        n_folds = min(_N_FOLDS, len(windows) - _MIN_WINDOWS_TO_FIT)
    except TooLittleDataError:
        n_folds = 0
    if n_folds < 1:
        raise TooLittleDataError(
            f"A test needs a {'month' if unit == 'month' else 'week'} to test on and three before it to fit; {start} "
            f"to {end} is too short. Analyse a longer period."
        )
    first_days, last_days = (days[-n_folds:].tolist() for days in (windows.first_day, windows.last_day))
    return tuple(
        Fold(fit_start=start, fit_end=first - dt.timedelta(days=1), test_start=first, test_end=last)
        for first, last in zip(first_days, last_days, strict=True)
    )


def plan_predecessor(start: dt.date, end: dt.date, *, known_from: dt.date | None, is_monthly: bool) -> tuple[Fold, ...]:
    """One test of a whole period, fitted to the period as long before it: the last map, judged by this one.

    Args:
        start: First day of the period.
        end: Last day, included.
        known_from: First day that the data cover; None where they do not reach back beyond `start`.
        is_monthly: Whether any incidents give only their months: the period before is then of as many months.

    Raises:
        TooLittleDataError: The data do not reach back as far as the period before.
    """
    if is_monthly:
        n_months = 12 * (end.year - start.year) + end.month - start.month + 1
        fit_start = (np.datetime64(start, "M") - n_months).astype("datetime64[D]").item()
    else:
        fit_start = start - (end - start) - dt.timedelta(days=1)
    fit_end = start - dt.timedelta(days=1)
    # the first incident need not fall on the first day
    if known_from is None or known_from > fit_start + (start - fit_start) / 10:
        begin = "begin with the period" if known_from is None else f"begin on {known_from}"
        raise TooLittleDataError(
            f"A test of the map of {start} to {end} needs an earlier map, of {fit_start} to {fit_end}; the data "
            f"{begin}. Read earlier files too."
        )
    return (Fold(fit_start=fit_start, fit_end=fit_end, test_start=start, test_end=end),)
