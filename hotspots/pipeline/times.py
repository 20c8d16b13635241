"""When: the hours of the week, the days of the calendar, the months of the year, change, and what follows what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.calendar import ConditionSplit, compare_conditions, count_months, make_calendar
from hotspots.analysis.change import (
    ChangeTable,
    Comparison,
    ControlChart,
    Season,
    count_change,
    find_gaps,
    find_own_days,
    find_signals,
    measure_change,
    measure_dispersion,
    measure_season,
    plan_comparisons,
    roll_twelve_months,
    withhold_selected,
)
from hotspots.analysis.hours import WeeklyProfile, profile_groups, profile_week
from hotspots.analysis.repeats import NearRepeat, Repeats, measure_near_repeat, measure_repeats
from hotspots.geography import to_wgs84
from hotspots.pipeline.quality import assess_months
from hotspots.pipeline.study import CalendarOptions

_MAX_MONTH_ONLY_SHARE = 0.05
"""Share of incidents of which only the month is known, from which windows are of whole months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One comparison of two windows of days.

    Attributes:
        comparison: The windows.
        area: All wards analysed together; None, as the next, where the comparison is not available.
        wards: Each ward.
        hotspots: Each hot spot, by its place in their order from 0; None also where that would be unfair.
        hotspots_reason: Why the hot spots are not compared though the area is; otherwise None.
    """

    comparison: Comparison
    area: ChangeTable | None
    wards: ChangeTable | None
    hotspots: ChangeTable | None
    hotspots_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAnalysis:
    """When the incidents of one crime are.

    Attributes:
        profile: The hours of the week.
        ward_profiles: Of each ward with incidents, by code.
        conditions: With and without school, bank holidays, pay-day and darkness.
        known_from: First day that the files speak for, which may lie before the period.
        months: Incidents by month from `known_from` to the end of the period; missing for gaps and part months.
        gaps: Why a month is missing, text on the index of `months`; None for those that are not gaps.
        season: Of these months.
        control: The latest of them beside what was to be expected.
        rolling: Sums of twelve months (R12), on the index of `months`; missing where any month is.
        changes: Every comparison that a partnership makes, available or not.
        repeats: How concentrated the incidents are on places, and how many fell where one fell before.
        near_repeat: Whether incidents follow each other in space and time.
    """

    profile: WeeklyProfile
    ward_profiles: Mapping[str, WeeklyProfile]
    conditions: tuple[ConditionSplit, ...]
    known_from: dt.date
    months: pd.Series
    gaps: pd.Series
    season: Season
    control: ControlChart
    rolling: pd.Series
    changes: tuple[Change, ...]
    repeats: Repeats
    near_repeat: NearRepeat

    @property
    def gap_months(self) -> tuple[pd.Period, ...]:
        """The months whose feed failed."""
        return list_gaps(self.gaps)


def analyse_times(
    incidents: gpd.GeoDataFrame,
    earlier: gpd.GeoDataFrame,
    all_times: pd.DataFrame,
    *,
    wards: gpd.GeoDataFrame,
    study_area: shapely.Geometry,
    start: dt.date,
    end: dt.date,
    hours: sparse.csr_array,
    hotspot_index: npt.NDArray[np.int64],
    earlier_hotspot_index: npt.NDArray[np.int64],
    n_hotspots: int,
    calendar: CalendarOptions,
) -> TimeAnalysis:
    """Find when the incidents of one crime are, and what changed.

    Args:
        incidents: Of the crime, in the wards analysed and the period.
        earlier: Of the crime, in the wards, before the period.
        all_times: `started_at` and `time_precision` of every row of any crime, in the period and before it: what the
            files can speak for.
        wards: The wards analysed.
        study_area: Their union.
        start: First day of the period.
        end: Last day of it.
        hours: `weigh_hours(incidents)`.
        hotspot_index: The hot spot that holds each incident, from 0; -1 for none.
        earlier_hotspot_index: The same of `earlier`.
        n_hotspots: How many there are.
        calendar: What is known of schools and holidays.
    """
    known = pd.concat([earlier[["started_at", "time_precision", "ward_code"]],
                       incidents[["started_at", "time_precision", "ward_code"]]])  # fmt: skip
    in_hotspot = pd.Series(np.concatenate([earlier_hotspot_index, hotspot_index]), index=known.index)
    known_from = min(start, find_first_day(all_times))
    months, gaps = count_known_months(known, all_times, known_from=known_from, end=end)
    missing = list_gaps(gaps)
    season = measure_season(months)
    return TimeAnalysis(
        profile=profile_week(incidents, hours=hours),
        ward_profiles=profile_groups(incidents, incidents["ward_code"], hours=hours),
        conditions=_compare_conditions(incidents, study_area, wards, start, end, missing, calendar),
        known_from=known_from,
        months=months,
        gaps=gaps,
        season=season,
        control=find_signals(months, season=season if season.available else None),
        rolling=roll_twelve_months(months),
        changes=_compare_windows(
            known, in_hotspot, known_from=known_from, start=start, end=end, missing=missing, wards=wards,
            n_hotspots=n_hotspots,
        ),
        repeats=measure_repeats(incidents),
        near_repeat=measure_near_repeat(incidents),
    )  # fmt: skip


def find_first_day(all_times: pd.DataFrame) -> dt.date:
    """The first day that the files speak for: that of the first row, or of its month if the days before were quiet."""
    first: dt.date = all_times["started_at"].min().date()
    is_cut_short = f"{first:%Y-%m}" in assess_months(all_times).cut_short
    return first if is_cut_short else first.replace(day=1)


def count_known_months(
    known: pd.DataFrame, all_times: pd.DataFrame, *, known_from: dt.date, end: dt.date
) -> tuple[pd.Series, pd.Series]:
    """Incidents of each month that the files speak for, and why a month has none.

    A month in which the file of the crime begins or ends, while those of others go on, is a gap as well ("part of this
    crime").

    Args:
        known: The incidents to count, with `started_at` and `time_precision`.
        all_times: `started_at` and `time_precision` of every row of any crime.
        known_from: First day that the files speak for.
        end: Last day to count.

    Returns:
        Counts, float by month, missing for gaps and for months of which only a part is known; and the reason for each
        gap, otherwise None.
    """
    months = pd.period_range(known_from, end, freq="M")
    counts, all_counts = count_months(known, months=months), count_months(all_times, months=months)
    cut_short = {pd.Period(month, freq="M") for month in assess_months(all_times).cut_short}
    if (end + dt.timedelta(days=1)).day != 1:
        cut_short.add(pd.Period(end, freq="M"))
    is_whole = ~months.isin(list(cut_short))
    reasons = np.full(len(months), None, dtype=object)
    reasons[is_whole] = find_gaps(counts[is_whole], all_counts[is_whole]).to_numpy(dtype=object)
    has_any = counts.to_numpy() > 0
    is_silent = _find_silent_months(known, months, known_from=known_from, end=end) & pd.isna(reasons)
    reasons[is_silent & has_any] = "part of this crime"
    reasons[is_silent & ~has_any] = "no data of this crime"
    gaps = pd.Series(reasons, index=months, dtype=object)
    return counts.astype(np.float64).where(is_whole & gaps.isna().to_numpy()), gaps


def _find_silent_months(
    known: pd.DataFrame, months: pd.PeriodIndex, *, known_from: dt.date, end: dt.date
) -> npt.NDArray[np.bool_]:
    """Which months have days that the files of this crime do not reach, though those of others do."""
    has_day = (known["time_precision"] != "month").to_numpy(dtype=bool)
    if not has_day.any() or (~has_day).mean() > _MAX_MONTH_ONLY_SHARE:
        return np.zeros(len(months), dtype=bool)
    started = known["started_at"][has_day]
    inside = (started >= pd.Timestamp(known_from)) & (started < pd.Timestamp(end) + pd.Timedelta(days=1))
    first, last = find_own_days(started[inside], first=known_from, last=end)
    starts = np.maximum(months.to_timestamp().to_numpy(), np.datetime64(known_from))
    ends = np.minimum((months + 1).to_timestamp().to_numpy() - np.timedelta64(1, "D"), np.datetime64(end))
    silent: npt.NDArray[np.bool_] = (starts < np.datetime64(first)) | (ends > np.datetime64(last))
    return silent


def list_gaps(gaps: pd.Series) -> tuple[pd.Period, ...]:
    """The months that have a reason to be missing."""
    return tuple(month for month in gaps.index[gaps.notna()] if isinstance(month, pd.Period))


def _compare_conditions(
    incidents: gpd.GeoDataFrame,
    study_area: shapely.Geometry,
    wards: gpd.GeoDataFrame,
    start: dt.date,
    end: dt.date,
    missing: tuple[pd.Period, ...],
    options: CalendarOptions,
) -> tuple[ConditionSplit, ...]:
    centre = to_wgs84(gpd.GeoDataFrame(geometry=[study_area.centroid], crs=wards.crs)).geometry.iloc[0]
    calendar = make_calendar(
        start,
        end,
        longitude=centre.x,
        latitude=centre.y,
        time_zone=options.time_zone,
        country=options.country,
        subdivision=options.subdivision,
        terms=None if options.terms is None else options.terms.stretches,
    )
    return compare_conditions(incidents, calendar, missing_months=missing)


def _compare_windows(
    known: pd.DataFrame,
    in_hotspot: pd.Series,
    *,
    known_from: dt.date,
    start: dt.date,
    end: dt.date,
    missing: tuple[pd.Period, ...],
    wards: gpd.GeoDataFrame,
    n_hotspots: int,
) -> tuple[Change, ...]:
    is_monthly = bool((known["time_precision"] == "month").mean() > _MAX_MONTH_ONLY_SHARE)
    planned = plan_comparisons(end, known_from=known_from, is_monthly=is_monthly, missing_months=missing)
    fair = withhold_selected(planned, drawn_from=start, drawn_to=end)
    wanted = {
        "area": (None, None),
        "wards": (known["ward_code"], wards.index),
        "hotspots": (in_hotspot.where(in_hotspot >= 0), range(n_hotspots)),
    }
    changes = []
    for comparison, at_hotspots in zip(planned, fair, strict=True):
        tables: dict[str, ChangeTable | None] = dict.fromkeys(wanted)
        for name, (groups, all_groups) in wanted.items():
            used = at_hotspots if name == "hotspots" else comparison
            if not used.available or (name == "hotspots" and n_hotspots == 0):
                continue
            dispersion = measure_dispersion(
                known, used, known_from=known_from, missing_months=missing, groups=groups, all_groups=all_groups
            )
            counts = count_change(known, used, groups=groups, all_groups=all_groups)
            tables[name] = measure_change(counts, dispersion=dispersion)
        reason = at_hotspots.reason if comparison.available and not at_hotspots.available else None
        changes.append(Change(comparison=comparison, hotspots_reason=reason, **tables))
    return tuple(changes)
