"""When: the hours of the week, the days of the calendar, the months of the year, change, and near repeats."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.calendar import ConditionSplit, compare_conditions, make_calendar
from hotspots.analysis.change import (
    ChangeTable,
    Comparison,
    ControlChart,
    Season,
    choose_main,
    control_family,
    find_signals,
    measure_season,
    plan_asked,
    plan_comparisons,
    roll_twelve_months,
    withhold_seasonal,
    withhold_selected,
)
from hotspots.analysis.hotspots import assign_outlines
from hotspots.analysis.hours import WeeklyProfile, profile_groups
from hotspots.analysis.repeats import NearRepeat, Repeats, measure_near_repeat, measure_repeats
from hotspots.geography import to_wgs84
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.known_time import MAX_MONTH_ONLY_SHARE, KnownMonths, list_gaps
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import CalendarOptions, Study
from hotspots.pipeline.window_changes import CrimeRows, LostPlaces, Span, find_refused

PlaceGroup = Literal["hotspots", "patrols"]

_OWN_COLUMNS = ["started_at", "time_precision", "ward_code", "source", "category"]
_NOT_PLACED = "The two windows have unequal shares of incidents without a place, and nobody knows where those were."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One comparison of two windows of days.

    Attributes:
        comparison: The windows.
        is_main: Whether it is the comparison to look at first.
        area: All wards analysed together, allowing for the number of comparisons; None, as the next, where the
            comparison is not available.
        wards: Each ward; None also where the windows have unequal shares of rows without a place.
        hotspots: Each hot spot, by its place in their order from 0; None also where that would be unfair.
        patrols: Each place to patrol, likewise.
        hotspots_reason: Why the hot spots and places to patrol are not compared though the area is; otherwise None.
        n_left_out: Incidents of either window that are not compared, because the files cover their part of the area in
            one window only.
        lost: Rows without a place, where the windows have unequal shares of them; else None.
    """

    comparison: Comparison
    area: ChangeTable | None
    wards: ChangeTable | None
    hotspots: ChangeTable | None
    patrols: ChangeTable | None
    hotspots_reason: str | None
    n_left_out: int = 0
    lost: LostPlaces | None = None
    is_main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAnalysis:
    """When the incidents of one crime are.

    Attributes:
        profile: The hours of the week.
        ward_profiles: Of each ward with incidents, by code.
        conditions: With and without school, bank holidays, pay-day and darkness.
        known_from: First day that the files cover, which may lie before the period.
        months: Incidents by month from `known_from` to the end of the period; missing for gaps and part months.
        gaps: Why a month is missing, text on the index of `months`; None for those that are not gaps.
        holes: Files, boroughs or wards that have none of the crime for some of these months while others go on.
        season: Of these months.
        control: The latest of them beside what was to be expected.
        rolling: Sums of twelve months (R12), on the index of `months`; missing where any month is.
        changes: Every comparison that a partnership makes, available or not.
        rows: What they count: incidents before the period and of it, in the wards, and after them those beyond.
        repeats: How concentrated the incidents are on places, and how many fell where one fell before.
        near_repeat: Whether incidents follow each other in space and time.
    """

    profile: WeeklyProfile
    ward_profiles: Mapping[str, WeeklyProfile]
    conditions: tuple[ConditionSplit, ...]
    known_from: dt.date
    months: pd.Series
    gaps: pd.Series
    holes: tuple[Hole, ...]
    season: Season
    control: ControlChart
    rolling: pd.Series
    changes: tuple[Change, ...]
    rows: CrimeRows
    repeats: Repeats
    near_repeat: NearRepeat

    @property
    def gap_months(self) -> tuple[pd.Period, ...]:
        """The months whose feed failed."""
        return list_gaps(self.gaps)


def analyse_times(
    study: Study,
    chosen: Selection,
    *,
    hours: sparse.csr_array,
    profile: WeeklyProfile,
    outlines: Mapping[PlaceGroup, Sequence[shapely.Geometry]],
    compare: Span | None = None,
) -> TimeAnalysis:
    """Find when the incidents of one crime happen, and what changed.

    Args:
        study: What was read: for which days the files speak, and what is known of schools and holidays.
        chosen: What is analysed.
        hours: `weigh_hours` of the incidents.
        profile: Their hours of the week.
        outlines: Of the hot spots and of the places to patrol, in their order.
        compare: First and last day of an earlier period that this one is compared with too.

    Raises:
        ParameterError: The two periods cannot be compared.
    """
    incidents = chosen.incidents
    parts = (chosen.earlier, incidents)
    own = pd.concat([part[_OWN_COLUMNS] for part in parts])
    beside = pd.concat([part[_OWN_COLUMNS] for part in (chosen.earlier_beyond, chosen.beyond)])
    drawn: dict[str, Any] = {
        group: pd.Categorical.from_codes(
            np.concatenate([assign_outlines(part, shapes) for part in parts]), categories=pd.RangeIndex(len(shapes))
        )
        for group, shapes in outlines.items()
        if shapes
    }
    known_from, known = find_known_months(study, chosen)
    rows = CrimeRows(
        incidents=pd.concat([own, beside]),
        is_inside=np.arange(len(own) + len(beside)) < len(own),
        refused=find_refused(study.all_rejected, chosen.crime),
        known=known,
        known_from=known_from,
    )
    season = measure_season(known.counts)
    return TimeAnalysis(
        profile=profile,
        ward_profiles=profile_groups(incidents, incidents["ward_code"], hours=hours),
        conditions=_compare_conditions(chosen, study.calendar, missing=known.gap_months),
        known_from=known_from,
        months=known.counts,
        gaps=known.gaps,
        holes=known.holes,
        season=season,
        control=find_signals(known.counts, season=season if season.available else None),
        rolling=roll_twelve_months(known.counts),
        changes=_compare_windows(chosen, rows, drawn, planned=_plan_comparisons(chosen, rows, season, compare)),
        rows=rows,
        repeats=measure_repeats(incidents),
        near_repeat=measure_near_repeat(incidents),
    )  # fmt: skip


def find_known_months(study: Study, chosen: Selection) -> tuple[dt.date, KnownMonths]:
    """The first day that the files cover, which may lie before the period, and the months of one crime from then on."""
    known_time = study.known_time.until(chosen.end)
    known_from = min(chosen.start, known_time.first_day)
    own = pd.concat([part[_OWN_COLUMNS] for part in (chosen.earlier, chosen.incidents)])
    return known_from, known_time.find_months(own, first=known_from, last=chosen.end)


def count_known_days(start: dt.date, end: dt.date, gap_months: tuple[pd.Period, ...]) -> int:
    """Days of a period, without those of months that the files do not cover."""
    days = pd.date_range(start, end)
    return int((~days.to_period("M").isin(list(gap_months))).sum())


def _compare_conditions(
    chosen: Selection, options: CalendarOptions, *, missing: tuple[pd.Period, ...]
) -> tuple[ConditionSplit, ...]:
    precision = chosen.incidents["time_precision"]
    centre = to_wgs84(gpd.GeoDataFrame(geometry=[chosen.study_area.centroid], crs=chosen.wards.crs)).geometry.iloc[0]
    calendar = make_calendar(
        chosen.start,
        chosen.end,
        longitude=centre.x,
        latitude=centre.y,
        time_zone=options.time_zone,
        country=options.country,
        subdivision=options.subdivision,
        terms=None if options.terms is None else options.terms.stretches,
        # incidents known by day or month only are not divided into those in the dark and in the light
        with_sun=bool((precision == "minute").any()),
        # nor those known by month only by any condition
        with_bank_holidays=bool((precision != "month").any()),
    )
    return compare_conditions(chosen.incidents, calendar, missing_months=missing)


def _plan_comparisons(
    chosen: Selection, rows: CrimeRows, season: Season, compare: Span | None
) -> tuple[Comparison, ...]:
    """What is compared: what was asked for, and what always is."""
    own = rows.incidents[rows.is_inside]
    is_monthly = bool((own["time_precision"] == "month").mean() > MAX_MONTH_ONLY_SHARE)
    known_from, missing = rows.known_from, rows.known.gap_months
    usual = plan_comparisons(chosen.end, known_from=known_from, is_monthly=is_monthly, missing_months=missing)
    if compare is None:
        return withhold_seasonal(usual, season.window)
    asked = plan_asked(
        (chosen.start, chosen.end), compare, known_from=known_from, is_monthly=is_monthly, missing_months=missing
    )
    same = [one for one in usual if one.windows == asked.windows]
    if any(one.key == "r12" for one in same):
        return withhold_seasonal(usual, season.window)
    # the same two windows twice, of which only one is looked at first, would have two verdicts
    return (asked, *withhold_seasonal([one for one in usual if one not in same], season.window))


def _compare_windows(
    chosen: Selection,
    rows: CrimeRows,
    drawn: Mapping[str, Any],
    *,
    planned: Sequence[Comparison],
) -> tuple[Change, ...]:
    """Every comparison of windows, by ward and by the places drawn from the incidents, one for each incident inside."""
    own = rows.incidents[rows.is_inside]
    # as categories, which are made once and counted in every comparison
    wanted: dict[str, Any] = {
        "wards": own["ward_code"].astype("category").cat.set_categories(chosen.wards.index).array,
        **drawn,
    }
    changes = []
    for plan in planned:
        windows = rows.find_windows(plan)
        comparison, area = rows.compare(windows)
        (fair,) = withhold_selected([comparison], drawn_from=chosen.start, drawn_to=chosen.end)
        tables: dict[str, ChangeTable | None] = dict.fromkeys(wanted)
        for name, groups in wanted.items():
            used = fair if name in drawn else comparison
            if used.available:
                _, tables[name] = rows.compare(windows, groups=groups)
        reason = fair.reason if comparison.available and not fair.available else None
        if windows.lost and comparison.available:
            reason = reason or _NOT_PLACED
        changes.append(
            Change(
                comparison=comparison,
                area=area,
                wards=tables["wards"],
                hotspots=tables.get("hotspots"),
                patrols=tables.get("patrols"),
                hotspots_reason=reason,
                n_left_out=windows.n_left_out,
                lost=windows.lost,
            )
        )
    return _judge_together(changes)


def _judge_together(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The same, with the verdicts on the whole area allowing for how many there are."""
    main = choose_main(change.comparison for change in changes)
    areas = {at: change.area for at, change in enumerate(changes) if change.area is not None}
    first = next((place for place, at in enumerate(areas) if changes[at].comparison is main), 0)
    judged = dict(zip(areas, control_family(list(areas.values()), main=first), strict=True))
    return tuple(
        dataclasses.replace(change, area=judged.get(at), is_main=change.comparison is main)
        for at, change in enumerate(changes)
    )
