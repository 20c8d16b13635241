"""Twelve whole months of each crime, and the twelve before, as far as the files cover them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change import ChangeTable, Comparison, plan_comparisons
from hotspots.crimes import Crime, select_crime
from hotspots.errors import TooLittleDataError
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.selection import require_usable_rows
from hotspots.pipeline.study import Study
from hotspots.pipeline.window_changes import CrimeRows, Windows, find_refused

YEAR_MONTHS = 12
DAYS_IN_YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeYear:
    """Twelve whole months of a crime, and the twelve before.

    Attributes:
        crime: Which.
        rows: Its rows, and for which months the files speak of it.
        windows: What can be compared of the two.
        comparison: The two, in whole months.
        change: Of the whole area; None where that cannot be said, for `comparison.reason`.
    """

    crime: Crime
    rows: CrimeRows
    windows: Windows
    comparison: Comparison
    change: ChangeTable | None

    @property
    def known_months(self) -> tuple[pd.Period, ...]:
        """The months of the twelve that the files cover, in some part at least."""
        months = pd.period_range(self.comparison.current_first, self.comparison.current_last, freq="M")
        missing = self.rows.known.gap_months
        return tuple(
            month for month in months if month not in missing and month.start_time.date() >= self.rows.known_from
        )

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Those within either twelve months."""
        first, last = (pd.Period(day, "M") for day in (self.comparison.earlier_first, self.comparison.current_last))
        return tuple(hole for hole in self.rows.known.holes if ((hole.months >= first) & (hole.months <= last)).any())

    @property
    def is_whole(self) -> bool:
        """Whether the files cover all of the twelve months, in every part."""
        first = pd.Period(self.comparison.current_first, "M")
        return len(self.known_months) == YEAR_MONTHS and not any((hole.months >= first).any() for hole in self.holes)

    @property
    def n_years(self) -> float:
        """How long those months are; twelve are a year, as those of others are, whether of 365 days or 366."""
        known = self.known_months
        return 1.0 if len(known) == YEAR_MONTHS else sum(month.days_in_month for month in known) / DAYS_IN_YEAR

    @property
    def can_rate(self) -> bool:
        """Whether a rate can be said of all residents, which needs the incidents of all their wards."""
        return bool(self.known_months) and (self.is_whole or not self.holes)

    @property
    def current(self) -> pd.DataFrame:
        """Incidents of the twelve months, as far as the files cover them."""
        incidents = self.rows.incidents[self.rows.is_inside]
        is_known = incidents["started_at"].dt.to_period("M").isin(list(self.known_months)).to_numpy()
        known: pd.DataFrame = incidents[is_known]
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyYears:
    """All that was read, for which days the files speak, and the last day that counts.

    Attributes:
        study: What was read.
        everything: Every incident, those before the period too.
        is_inside: Which of them lie in the wards that are counted.
        known_from: First day that the files cover.
        until: Last day of the last month that they hold to its end.
    """

    study: Study
    everything: gpd.GeoDataFrame
    is_inside: npt.NDArray[np.bool_]
    known_from: dt.date
    until: dt.date
    _found: dict[str, CrimeYear] = field(default_factory=dict, repr=False, compare=False)

    def plan(self, missing: Sequence[pd.Period]) -> Comparison:
        """The twelve months and the twelve before."""
        planned = plan_comparisons(self.until, known_from=self.known_from, is_monthly=True, missing_months=missing)
        return next(comparison for comparison in planned if comparison.key == "r12")

    def compare(self, crime: Crime) -> CrimeYear:
        """Twelve months of a crime against the twelve before, found once."""
        if crime.slug not in self._found:
            self._found[crime.slug] = self._compare(crime)
        return self._found[crime.slug]

    def _compare(self, crime: Crime) -> CrimeYear:
        is_crime = select_crime(self.everything, crime).to_numpy(dtype=bool)
        mine, is_inside = self.everything[is_crime], self.is_inside[is_crime]
        known = self.study.known_time.find_months(mine[is_inside], first=self.known_from, last=self.until)
        rows = CrimeRows(
            incidents=mine,
            is_inside=is_inside,
            refused=find_refused(self.study.all_rejected, crime),
            known=known,
            known_from=self.known_from,
        )
        windows = rows.find_windows(self.plan(known.gap_months))
        comparison, change = rows.compare(windows)
        return CrimeYear(crime=crime, rows=rows, windows=windows, comparison=comparison, change=change)


def find_years(study: Study, wards: gpd.GeoDataFrame, *, end: dt.date | None = None) -> StudyYears:
    """The years that a study holds of some wards.

    Args:
        study: What was read.
        wards: Those that are counted.
        end: Last day that may count; by default the last that the files hold.

    Raises:
        TooLittleDataError: There is no whole month, no row can be used, or none lies in the wards.
    """
    require_usable_rows(study)
    everything = study.all_incidents
    known_from, until = _find_span(study, everything, end)
    is_inside = everything["ward_code"].isin(wards.index).to_numpy()
    if not is_inside.any():
        raise TooLittleDataError(
            f"None of {len(everything):,} incidents lies in the {len(wards)} wards. Check that both are of one place."
        )
    return StudyYears(study=study, everything=everything, is_inside=is_inside, known_from=known_from, until=until)


def _find_span(study: Study, everything: gpd.GeoDataFrame, end: dt.date | None) -> tuple[dt.date, dt.date]:
    """First day of the files, and the last day of the last month that they hold to its end."""
    when, known_time = everything[["started_at", "time_precision"]], study.known_time
    if end is not None:
        when = when[when["started_at"] < pd.Timestamp(end) + pd.Timedelta(days=1)]
        known_time = known_time.until(end)
    if when.empty:
        raise TooLittleDataError(f"The files hold no incidents up to {end}. Give a later `end`.")
    known_from, last = known_time.first_day, when["started_at"].max().date()
    whole = known_time.find_months(when, first=known_from, last=_month_end(last, end)).counts.dropna()
    if whole.empty:
        raise TooLittleDataError(
            f"Performance is measured over whole months, and the files hold none: they run from {known_from} to "
            f"{last}. Read more files."
        )
    return known_from, whole.index[-1].end_time.date()


def _month_end(last: dt.date, end: dt.date | None) -> dt.date:
    """The end of the month of the last incident, unless a day before it was asked for."""
    month_end = pd.Period(last, freq="M").end_time.date()
    return month_end if end is None else min(month_end, end)
