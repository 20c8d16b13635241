"""What the summary says of time: days of the calendar, months, season, repeats."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import pandas as pd

from hotspots.analysis.calendar import ConditionName, ConditionSplit, ExposureUnit
from hotspots.analysis.change import (
    ControlChart,
    Season,
    SeasonalTrend,
    SeasonWindow,
    SignalKind,
    TrendDirection,
)
from hotspots.analysis.repeats import Metric, NearRepeat, PlaceKind, PlaceShare, Repeats
from hotspots.geography import MIN_INCIDENTS
from hotspots.pipeline import TimeAnalysis
from hotspots.products.summary.encoding import (
    Hundredths,
    Metres,
    Month,
    Part,
    Probability,
    Quantity,
    Share,
    Source,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.hours_summary import Floats, PValue

if TYPE_CHECKING:
    from hotspots.pipeline import AssessedCrime

_CURVE_POINTS = 50
Rate = Annotated[float, Quantity(figures=3)]
Curve = tuple[tuple[Share, Share], ...]
Counts = tuple[tuple[Annotated[float | None, Quantity(decimals=0)], ...], ...]
Expected = tuple[tuple[Tenths | None, ...], ...]
Ratios = tuple[tuple[Hundredths | None, ...], ...]
Probabilities = tuple[tuple[Annotated[float | None, Quantity("probability 0-1", decimals=4)], ...], ...]


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
