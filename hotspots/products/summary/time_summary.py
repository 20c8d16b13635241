"""What the summary says of time: hours, days of the calendar, months, change, repeats."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import ConditionName, ConditionSplit, ExposureUnit
from hotspots.analysis.change import (
    VERDICTS,
    Against,
    ChangeTable,
    Comparison,
    ControlChart,
    Season,
    SeasonalTrend,
    SeasonWindow,
    SignalKind,
    TrendDirection,
)
from hotspots.analysis.hours import MAX_FALSE_SHARE, MAX_P_VALUE, CountedWindow, WeeklyProfile
from hotspots.analysis.repeats import Metric, NearRepeat, PlaceKind, PlaceShare, Repeats
from hotspots.geography import MIN_INCIDENTS
from hotspots.pipeline import Analysis, Change, LostPlaces, TimeAnalysis
from hotspots.products.summary.encoding import (
    Hundredths,
    Metres,
    Month,
    OneOf,
    Part,
    Probability,
    Quantity,
    Share,
    Source,
    Spread,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.place_changes import NO_CHANGE, HotspotChange, PlaceChange

if TYPE_CHECKING:
    from hotspots.pipeline import AssessedCrime

_CURVE_POINTS = 50
_CELL_HOURS = (1, 3, 6)
_ALWAYS = ("asked", "r12", "longest")
_BESIDE_R12 = ("4-weeks", "1-month", "12-weeks", "3-months")
"""The comparisons with last year shown for wards and hot spots; the first that is available is also in short."""

Floats = npt.NDArray[np.float64]

PValue = Annotated[Probability, Source("p_value")]
Rate = Annotated[float, Quantity(figures=3)]
Curve = tuple[tuple[Share, Share], ...]
Counts = tuple[tuple[Annotated[float | None, Quantity(decimals=0)], ...], ...]
Expected = tuple[tuple[Tenths | None, ...], ...]
Ratios = tuple[tuple[Hundredths | None, ...], ...]
Probabilities = tuple[tuple[Annotated[float | None, Quantity("probability 0-1", decimals=4)], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSummary(Part):
    """Hours of the week that stand out.

    Attributes:
        words: The hours in words.
        days: Days on which the window starts, Monday is 0.
        start_hour: First hour, 0-23.
        n_hours: Length; the window may run past midnight.
        week_share: Its hours as a share of the week's.
        ratio: `share` as a multiple of `week_share`.
        p: Of a week in which all hours are alike having any window as uneven as this, in the same direction.
    """

    view_of: ClassVar = CountedWindow

    words: str
    days: tuple[int, ...]
    start_hour: int
    n_hours: int
    n_incidents: Tenths
    share: Share
    week_share: Share
    ratio: Hundredths
    p: PValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSummary(Part):
    """The hours of the week, as counts.

    Attributes:
        counts: Incidents by day of the week, Monday first, and hour; those of a cell of `cell_hours` are shared evenly
            among its hours.
        cell_hours: Length of a cell: so long that one holds an incident on average.
        n_point: Incidents with a moment.
        n_interval: Incidents with an interval shorter than a week, which is shared among its hours.
        n_week_or_more: Incidents with a longer one, which says nothing of the hour.
    """

    view_of: ClassVar = WeeklyProfile

    available: bool
    reason: str | None
    explanation: str | None
    counts: tuple[tuple[Hundredths, ...], ...] | None
    cell_hours: Annotated[int, Quantity("h")]
    n_timed: int
    n_untimed: int
    n_point: Annotated[int, Source("time_counts.n_point")]
    n_interval: Annotated[int, Source("time_counts.n_interval")]
    n_week_or_more: Annotated[int, Source("time_counts.n_week_or_more")]
    peaks: tuple[WindowSummary, ...]
    quiet: tuple[WindowSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSummary(HoursSummary):
    """The hours of the week of all wards together, and what peaks and quiet hours had to pass.

    Attributes:
        max_p: The highest `p` of a window that is told.
        max_false_share_of_groups: Of the wards and hot spots with any window, the share that may have it by chance.
    """

    max_p: float
    max_false_share_of_groups: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WardHours(HoursSummary):
    """The hours of the week in one ward."""

    counts: tuple[tuple[Tenths, ...], ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionSummary(Part):
    """Incidents with and without one condition of the calendar.

    Attributes:
        rate_with, rate_without: Incidents a day or hour, in `exposure_unit`.
        ratio: Null too where nothing happened without the condition, so that it is without bound.
        direction: Which way a difference goes that is more than chance; null where there is not one.
        p: Two-sided, of no difference, allowing for `dispersion`.
        words: The same in a sentence.
    """

    view_of: ClassVar = ConditionSplit

    name: ConditionName
    label: str
    against: str
    available: bool
    reason: str | None
    explanation: str | None
    n_with: int
    n_without: int
    n_uncertain: int
    exposure_with: Tenths
    exposure_without: Tenths
    exposure_unit: ExposureUnit
    rate_with: Rate | None
    rate_without: Rate | None
    ratio: Hundredths | None
    low: Hundredths | None
    high: Hundredths | None
    p: Annotated[Probability | None, Source("p_value")]
    p_adjusted: Probability | None
    is_significant: bool
    direction: Literal["more", "fewer"] | None
    dispersion: Hundredths | None
    confidence: Annotated[float, Quantity("share 0-1")]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMonth(Part):
    """One month that is known.

    Attributes:
        month: Which.
        n_incidents: Null where the files say nothing of the month.
        gap: Why they say nothing.
        rolling: Incidents of the twelve months that end with it.
        trend: By STL, in incidents per average month.
        expected: From the other months.
        low, high: Limits of `expected`.
        signal: What is unusual about it.
    """

    month: Month
    n_incidents: int | None
    gap: str | None
    rolling: Annotated[float | None, Quantity(decimals=0)]
    trend: Tenths | None
    expected: Tenths | None
    low: Tenths | None
    high: Tenths | None
    signal: SignalKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSummary(Part):
    """Every month that is known, and what was to be expected of the latest ones.

    Attributes:
        known_from: First day for which the files speak.
        months: Each month, with those before the period.
        signals: What is unusual, in sentences.
    """

    view_of: ClassVar = ControlChart

    known_from: dt.date
    months: tuple[SeriesMonth, ...]
    signals: tuple[str, ...]
    available: bool
    explanation: str | None
    basis: str | None
    dispersion: Hundredths | None
    coverage: Annotated[float, Quantity("share 0-1")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonWindowSummary(Part):
    """A run of calendar months that differs from the rest of the year.

    Attributes:
        name: What the months are called.
        months: The calendar months, 1-12.
        p: Probability of a window as clear in a series without a season.
    """

    view_of: ClassVar = SeasonWindow

    name: str
    months: tuple[int, ...]
    ratio: Hundredths | None
    low: Hundredths | None
    high: Hundredths | None
    p: PValue


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendSummary(Part):
    """Rise or fall from year to year, each month compared with the same month of other years.

    Attributes:
        words: The same in a sentence.
        p: Two-sided.
    """

    view_of: ClassVar = SeasonalTrend

    words: str
    direction: TrendDirection
    change_per_year: Annotated[float | None, Quantity("share", decimals=3)]
    p: PValue


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonSummary(Part):
    """The monthly series taken apart.

    Attributes:
        trend: From year to year; null where not available.
        level: Of the tests of the window and the trend.
    """

    view_of: ClassVar = Season

    available: bool
    explanation: str | None
    n_months: int
    strength: Hundredths | None
    window: SeasonWindowSummary | None
    trend: Annotated[TrendSummary | None, Source("year_trend")]
    level: Annotated[float, Quantity("probability 0-1")]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange(Part):
    """How the incidents of an area changed.

    Attributes:
        n_current, n_earlier: Incidents of the two windows.
        ratio: How many times the earlier incidents a day the current ones are.
        low, high: Limits of the ratio.
        percent: The change of incidents a day; null where too few earlier ones.
        p_adjusted: Of no change, allowing for the number of areas, or for the number of comparisons of all wards
            together.
        verdict: The change in words.
    """

    n_current: int
    n_earlier: int
    ratio: Hundredths | None
    low: Hundredths | None
    high: Hundredths | None
    percent: Annotated[int | None, Quantity("%")]
    p_adjusted: Probability
    verdict: Annotated[str, OneOf(VERDICTS)]

    @property
    def is_significant(self) -> bool:
        """Whether it is more than chance."""
        return self.verdict != NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class WardChange(Part):
    """How the incidents of a ward changed.

    Attributes:
        code: Of the ward.
        name: What it is called.
        change: The change.
    """

    code: str
    name: str
    change: Annotated[GroupChange, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSummary(Part):
    """One comparison of two windows of days.

    Attributes:
        label: The length of the windows in words.
        words: The two windows in words.
        is_main: Whether it is the comparison to look at first.
        allows_for_season: Whether both windows are of the same time of year, or of whole years.
        is_per_day: Whether ratio and percent are of incidents a day, because the windows differ in length.
        current, earlier: First and last day of each window.
        area: All wards together; null, as the next, where the comparison is not available.
        confidence: Of the limits.
        allowance: What is allowed for how much crime varies, in a sentence.
        n_month_only: Incidents known only to a month that is not all in one window, which are not counted.
        wards: Each ward.
        n_wards_compared, n_hotspots_compared: Those with any incident, for whose number p values are adjusted.
        hotspots: Each hot spot; null also where that would be unfair.
        patrols: Each place to patrol, likewise.
        hotspots_reason: Why hot spots and places to patrol are not compared though the area is.
        n_left_out: Incidents of either window that are not compared, because the files cover their part of the area in
            one window only.
        lost: Rows without a place, where the windows have unequal shares of them.
    """

    view_of: ClassVar = Comparison

    key: str
    against: Against
    label: str
    words: str
    is_main: bool
    allows_for_season: bool
    is_per_day: bool
    current: tuple[dt.date, dt.date]
    earlier: tuple[dt.date, dt.date]
    days_current: Annotated[int, Quantity("days")]
    days_earlier: Annotated[int, Quantity("days")]
    available: bool
    reason: str | None
    area: GroupChange | None
    confidence: Annotated[float | None, Quantity("share 0-1")]
    allowance: str | None
    n_month_only: int
    wards: tuple[WardChange, ...] | None
    n_wards_compared: int | None
    hotspots: tuple[HotspotChange, ...] | None
    n_hotspots_compared: int | None
    patrols: tuple[HotspotChange, ...] | None
    hotspots_reason: str | None
    n_left_out: int
    lost: LostPlaces | None

    @property
    def changed_wards(self) -> list[WardChange]:
        """Those that changed by more than chance, the surest first."""
        return _keep_changed(self.wards or ())

    @property
    def changed_hotspots(self) -> list[HotspotChange]:
        """Those that changed by more than chance, the surest first."""
        return _keep_changed(self.hotspots or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScale(Part):
    """From where on the words of a change hold.

    Attributes:
        clear_p: The highest p of a clear change.
        plain_p: The highest p of any change.
        min_for_percent: Fewest earlier incidents of which a change is given in percent.
    """

    clear_p: float
    plain_p: float
    min_for_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShareSummary(Part):
    """The fewest places that hold a share of the incidents.

    Attributes:
        place_share: `n_places` as a share of all places.
    """

    view_of: ClassVar = PlaceShare

    incident_share: float
    n_places: int
    place_share: Share
    by_chance: Share
    by_chance_low: Share
    by_chance_high: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatSummary(Part):
    """Repeats at the same place, and the concentration of incidents on places.

    Attributes:
        curve: Points (share of places, share of incidents): the busiest so many places hold so many incidents; null
            where there are few incidents.
        chance_curve: The same of one typical draw where all places run the same risk.
        is_concentrated: Whether incidents share places more than by chance.
        words: The same in a sentence or two.
    """

    view_of: ClassVar = Repeats

    available: bool
    reason: str | None
    explanation: str | None
    place_kind: PlaceKind
    n_incidents: int
    n_left_out: int
    n_places: int
    n_repeat_places: int
    n_at_repeat_places: int
    n_repeats: int | None
    repeat_share: Share | None
    repeat_share_by_chance: Share | None
    repeats_explanation: str | None
    curve: Curve | None
    chance_curve: Curve | None
    place_shares: tuple[PlaceShareSummary, ...]
    gini: Thousandths | None
    gini_by_chance: Thousandths | None
    is_concentrated: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRepeatSummary(Part):
    """Pairs of incidents by how far apart and how many days apart they are; tables are by distance, then by days.

    Attributes:
        n_left_out: Incidents that could not be used.
        p: Of so many pairs or more, of one cell looked at alone.
        is_near_repeat: Cells with more pairs than by chance, and by so much that it is worth telling.
        words: The same in a sentence or two.
    """

    view_of: ClassVar = NearRepeat

    available: bool
    reason: str | None
    explanation: str | None
    distance_bands_m: tuple[Metres, ...]
    day_bands: tuple[int, ...]
    metric: Metric
    n_incidents: int
    n_thinned: int
    n_left_out: int
    n_pairs: Counts | None
    expected_pairs: Expected | None
    ratio: Ratios | None
    chance_low: Ratios | None
    chance_high: Ratios | None
    p: Annotated[Probabilities | None, Source("p_value")]
    p_adjusted: Probabilities | None
    is_near_repeat: tuple[tuple[bool, ...], ...] | None
    n_replicates: int
    significance_level: float
    min_ratio: float
    words: str


Row = TypeVar("Row", WardChange, HotspotChange)


def summarise_profile(profile: WeeklyProfile) -> ProfileSummary:
    """The hours of the week."""
    return ProfileSummary.of(
        profile,
        counts=_pool_counts(profile),
        cell_hours=choose_cell_hours(profile.n_timed),
        max_p=MAX_P_VALUE,
        max_false_share_of_groups=MAX_FALSE_SHARE,
    )


def summarise_ward_hours(code: str, analysis: Analysis) -> WardHours | None:
    """The hours of one ward; None where it has no incident."""
    profile = analysis.times.ward_profiles.get(code)
    if profile is None:
        return None
    return WardHours.of(profile, counts=_pool_counts(profile), cell_hours=choose_cell_hours(profile.n_timed))


def choose_cell_hours(n_timed: int) -> int:
    """The finest cells of 1, 3 or 6 hours that hold one incident on average: of few, hours would show each of them."""
    return next((hours for hours in _CELL_HOURS if n_timed >= 168 / hours), _CELL_HOURS[-1])


def _pool_counts(profile: WeeklyProfile) -> Floats | None:
    """Counts by day and hour, the mean of their cell's."""
    if profile.counts is None:
        return None
    n = choose_cell_hours(profile.n_timed)
    pooled: Floats = profile.counts.reshape(7, 24 // n, n).mean(axis=2).repeat(n, axis=1)
    return pooled


def summarise_condition(split: ConditionSplit) -> ConditionSummary:
    """One condition of the calendar."""
    return ConditionSummary.of(
        split,
        rate_with=split.n_with / split.exposure_with if split.exposure_with else None,
        rate_without=split.n_without / split.exposure_without if split.exposure_without else None,
    )


def summarise_series(times: TimeAnalysis | AssessedCrime) -> SeriesSummary:
    """Every month that is known, and what was to be expected of the latest ones."""
    control = times.control
    columns = {
        "rolling": times.rolling,
        "trend": times.season.trend,
        "expected": control.expected,
        "low": control.low,
        "high": control.high,
        "gap": times.gaps.dropna(),
    }
    known = {name: {} if column is None else column.to_dict() for name, column in columns.items()}
    kinds = {signal.month: signal.kind for signal in control.signals if signal.n_months == 1}
    return SeriesSummary.of(
        control,
        known_from=times.known_from,
        months=tuple(
            SeriesMonth(
                month=str(month),
                n_incidents=n,
                signal=kinds.get(month),
                **{name: values.get(month) for name, values in known.items()},
            )
            for month, n in times.months.items()
            if isinstance(month, pd.Period)
        ),
        signals=tuple(signal.words for signal in control.signals),
        basis=control.basis if control.available else None,
    )


def summarise_change(change: Change, analysis: Analysis) -> ChangeSummary:
    """One comparison of two windows of days."""
    comparison, area, wards, hotspots = change.comparison, change.area, change.wards, change.hotspots
    patrols = change.patrols
    names = analysis.wards["ward_name"]
    return ChangeSummary.of(
        comparison,
        is_main=change.is_main,
        is_per_day=len(set(comparison.exposures)) > 1,
        current=comparison.windows[0],
        earlier=comparison.windows[1],
        area=area and list_groups(area)[0][1],
        confidence=area and area.confidence,
        allowance=area and area.allowance,
        n_month_only=area.n_month_only if area else 0,
        wards=wards
        and tuple(WardChange(code=code, name=names[code], change=group) for code, group in list_groups(wards)),
        n_wards_compared=wards and wards.n_compared,
        hotspots=hotspots and _list_places(hotspots),
        n_hotspots_compared=hotspots and hotspots.n_compared,
        patrols=patrols and _list_places(patrols),
        hotspots_reason=change.hotspots_reason,
        n_left_out=change.n_left_out,
        lost=change.lost,
    )


def choose_main_change(changes: Sequence[ChangeSummary]) -> ChangeSummary | None:
    """The comparison to look at first; None where none can be made."""
    return next((change for change in changes if change.is_main), None)


def choose_changes(changes: Sequence[ChangeSummary]) -> list[ChangeSummary]:
    """The comparisons that wards and hot spots are shown for: the first, and the shorter ones against last year.

    Where none of these can be made, those with the time just before, which hold the season too.
    """
    ordered = sorted(changes, key=lambda change: (not change.is_main, change.key != "r12"))
    chosen = [
        change
        for change in ordered
        if change.key in _ALWAYS or (change.against == "last year" and change.key in _BESIDE_R12)
    ]
    if any(change.available for change in chosen):
        return chosen
    return [
        change for change in ordered if change.available and (change.is_main or change.key in _BESIDE_R12)
    ] or chosen


def _keep_changed(rows: Iterable[Row]) -> list[Row]:
    """Those whose numbers are withheld come last."""
    return sorted((row for row in rows if row.change.is_significant), key=_doubt)


def _doubt(row: WardChange | HotspotChange) -> float:
    p = row.change.p_adjusted
    return math.inf if p is None else p


def list_groups(changed: ChangeTable) -> list[tuple[Any, GroupChange]]:
    """Each group of a table by its label."""
    names = [field.name for field in fields(GroupChange)]
    columns = (changed.table[name].tolist() for name in names)
    return [
        (label, GroupChange(**dict(zip(names, row, strict=True))))
        for label, *row in zip(changed.table.index, *columns, strict=True)
    ]


def _list_places(changed: ChangeTable) -> tuple[HotspotChange, ...]:
    """Each small place by its rank."""
    return tuple(HotspotChange(rank=index + 1, change=PlaceChange.of(group)) for index, group in list_groups(changed))


def summarise_repeats(repeats: Repeats) -> RepeatSummary:
    """Repeats at the same place, and the concentration of incidents on places."""
    return RepeatSummary.of(
        repeats,
        curve=_thin_curve(repeats.curve_place_share, repeats.curve_incident_share, repeats.n_incidents),
        chance_curve=_thin_curve(repeats.chance_place_share, repeats.chance_incident_share, repeats.n_incidents),
    )


def _thin_curve(places: Floats | None, incidents: Floats | None, n_incidents: int) -> Any:
    """Points of a curve; not of few incidents, each of which could be told from it."""
    if places is None or incidents is None or n_incidents < MIN_INCIDENTS:
        return None
    step = max(len(places) // _CURVE_POINTS, 1)
    kept = [*range(0, len(places) - 1, step), len(places) - 1]
    return list(zip(places[kept], incidents[kept], strict=True))
