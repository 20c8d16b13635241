"""The strategic assessment: a year of every crime, the years before it, its wards, its costs and its order."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from hotspots.analysis.change import (
    WHOLE_AREA,
    ChangeTable,
    ControlChart,
    Season,
    find_signals,
    limit_unchanged,
    measure_season,
    roll_twelve_months,
)
from hotspots.analysis.hotspots import count_wards
from hotspots.analysis.hours import WeeklyProfile, profile_week
from hotspots.analysis.rates import EQUAL_WEIGHTS, AreaRates, estimate_rates
from hotspots.analysis.repeats import PlaceShare, compare_with_chance
from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME, Crime
from hotspots.distributions import control_false_discoveries
from hotspots.errors import TooLittleDataError
from hotspots.geography import Cells, make_cells, unite_wards
from hotspots.harm import Measure, weigh_harm
from hotspots.pipeline.crime_years import CrimeYear
from hotspots.pipeline.holes import count_uncovered_months
from hotspots.pipeline.performance import (
    CELL_SIZE_M,
    MIN_KNOWN_SHARE,
    MIN_RANKED,
    Indicator,
    Performance,
    PerformanceRequest,
    measure_performance,
)
from hotspots.pipeline.study import Progress, Study, silent

N_HISTORY_MONTHS = 60
"""Five years: what is charted, and what season and trend are found from."""
_N_REPLICATES = 199
_RATE_LEVEL = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicRequest:
    """What the assessment is of.

    Attributes:
        end: Last day that may count; by default the last that the files hold.
        wards: Codes or names of the wards to count; all by default.
        criterion_weights: Of the criteria of priority.
        contact: Whom to ask; None for a line to fill in.
        marking: The protective marking; None for none.
    """

    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    criterion_weights: Mapping[str, float] = field(default_factory=lambda: EQUAL_WEIGHTS)
    contact: str | None = None
    marking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What the incidents of the year weigh.

    Attributes:
        total: Points or pounds, scaled up for the incidents without a figure; None where over a tenth have none.
        by_ward: The same of each ward, float on the codes; None likewise.
        n_weighed: Incidents with a figure.
        sources: Of these figures, each with its date.
        dates: Of the weights, or of the prices.
    """

    total: float | None
    by_ward: pd.Series | None
    n_weighed: int
    sources: tuple[str, ...]
    dates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessedCrime:
    """One crime of the year, and the years before it.

    Attributes:
        crime: Which.
        indicator: The twelve months and the twelve before, as `measure_performance` has them.
        known_from: First of the months below.
        months: Incidents by month, at most sixty; missing for gaps and part months.
        gaps: Why a month is missing, text on the same index; None for those that are not gaps.
        season, control, rolling: Of these months.
        profile: The hours of the week, over the twelve months; None of few incidents.
        wards: A row for each ward, most incidents first: `ward_name`, `borough`, `n_incidents` of the twelve months,
            `rank`, and `n_months_uncovered` of them.
        ward_rates: Of the twelve months; None where residents are not known, or not all their incidents are.
        ward_standing: Of each ward with a rate: "above" or "below" the rate of all wards together by more than chance,
            allowing for the number of wards, or "like" it.
        ward_changes: The twelve months against the twelve before in each ward; None where these cannot be compared.
        rate: Rate of all wards together, per 1,000 residents and year, with its limits; None where not known.
        half: The fewest cells of `CELL_SIZE_M` that hold half of the incidents; None of few incidents.
        severity, cost: What they weigh.
        unchanged: The fewest and the most incidents of the next twelve months that would not be called a change; None
            where the twelve months are not whole, or the noise of the months is not known.
    """

    crime: Crime
    indicator: Indicator
    known_from: dt.date
    months: pd.Series
    gaps: pd.Series
    season: Season
    control: ControlChart
    rolling: pd.Series
    profile: WeeklyProfile | None
    wards: pd.DataFrame
    ward_rates: AreaRates | None
    ward_standing: pd.Series | None
    ward_changes: ChangeTable | None
    rate: tuple[float, float, float] | None
    half: PlaceShare | None
    severity: Weight
    cost: Weight
    unchanged: tuple[int, int] | None

    @property
    def is_few(self) -> bool:
        """Whether there are too few incidents to say more than their number."""
        return self.indicator.n_current < MIN_RANKED


@dataclass(frozen=True, slots=True, kw_only=True)
class YearAccounts:
    """Where every row went: `read` is the sum of all the others.

    Attributes:
        read: Rows in the incident files.
        rejected: Rows refused, by reason.
        other_years: Rows outside the twelve months; most of them are in the years before.
        outside_area: Rows of the twelve months outside the wards.
        counted: Rows of the twelve months in the wards.
        n_unknown: How many of these are of no crime that is known here, and in no table.
    """

    read: int
    rejected: Mapping[str, int]
    other_years: int
    outside_area: int
    counted: int
    n_unknown: int

    def __post_init__(self) -> None:
        if self.read != sum(self.rejected.values()) + self.other_years + self.outside_area + self.counted:
            raise AssertionError(f"accounts do not add up: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicAssessment:
    """A year of every crime.

    Attributes:
        request: What was asked.
        performance: The year against the one before, and the order of priority.
        crimes: Each category with incidents in the year, most first; knife crime, which is of several of these, last.
        n_history_months: Months from the first that is charted to the end.
        accounts: Where every row went.
    """

    request: StrategicRequest
    performance: Performance
    crimes: tuple[AssessedCrime, ...]
    n_history_months: int
    accounts: YearAccounts


def assess_year(
    study: Study, request: StrategicRequest | None = None, *, progress: Progress = silent
) -> StrategicAssessment:
    """Assess a year of every crime: how it changed, its season, hours, wards, cost and place in the order.

    The year is the last twelve whole months, as in `measure_performance`, whose counts and verdicts these are. Months
    before it, at most sixty in all, show trend and season.

    Args:
        study: What was read: every crime, and as many years as there are.
        request: What the assessment is of; by default all wards, to the end of the files.
        progress: Called with each step.

    Raises:
        NotFoundError: A ward is not in the data.
        TooLittleDataError: There is no whole month, no row can be used, or not one crime is known.
    """
    request = request or StrategicRequest()
    crimes = _list_crimes(study)
    if not crimes:
        raise TooLittleDataError(
            "No row is of a crime that is known here. Say what its offences mean in hotspots.toml."
        )
    performance = measure_performance(
        study,
        PerformanceRequest(
            end=request.end,
            wards=request.wards,
            indicators=tuple(crime.slug for crime in crimes),
            criterion_weights=request.criterion_weights,
        ),
        progress=progress,
    )
    cells = make_cells(unite_wards(performance.wards), cell_size_m=CELL_SIZE_M)
    assessed = []
    for indicator in performance.indicators:
        if indicator.n_current or (indicator.change is not None and indicator.change.table["n_earlier"].any()):
            progress(f"{indicator.crime.slug}: months, hours and wards")
            assessed.append(_assess_crime(indicator, performance, cells))
    assessed.sort(key=lambda one: (one.crime.slug == KNIFE_CRIME, -one.indicator.n_current, one.crime.slug))
    return StrategicAssessment(
        request=request,
        performance=performance,
        crimes=tuple(assessed),
        n_history_months=max(len(one.months) for one in assessed),
        accounts=_account(performance, {one.crime.slug for one in assessed}),
    )


def _list_crimes(study: Study) -> list[Crime]:
    """Every category of the files, and knife crime, which police record by a mark beside the category."""
    return [crime for crime in study.crimes if crime.part_of is None]


def _assess_crime(indicator: Indicator, performance: Performance, cells: Cells) -> AssessedCrime:
    year = performance.years.compare(indicator.crime)
    current = year.current
    is_few = indicator.n_current < MIN_RANKED
    known = year.rows.known
    months, gaps = known.counts.iloc[-N_HISTORY_MONTHS:], known.gaps.iloc[-N_HISTORY_MONTHS:]
    season = measure_season(months)
    wards = _count_wards(year, current, performance.wards)
    rates = _rate_wards(year, wards, performance.wards["population"])
    return AssessedCrime(
        crime=indicator.crime,
        indicator=indicator,
        known_from=max(performance.years.known_from, months.index[0].start_time.date()),
        months=months,
        gaps=gaps,
        season=season,
        control=find_signals(months, season=season if season.available else None),
        rolling=roll_twelve_months(known.counts).iloc[-N_HISTORY_MONTHS:],
        profile=None if is_few else profile_week(current),
        wards=wards,
        ward_rates=rates,
        ward_standing=None if rates is None else _compare_wards(rates),
        ward_changes=_change_wards(year, performance.wards),
        rate=_rate_area(indicator, year, performance.population),
        half=_find_half(current, cells),
        severity=_weigh(current, performance.study, wards.index, "severity"),
        cost=_weigh(current, performance.study, wards.index, "cost"),
        unchanged=_limit_next(indicator, year),
    )


def _count_wards(year: CrimeYear, current: pd.DataFrame, wards: gpd.GeoDataFrame) -> pd.DataFrame:
    counts = count_wards(gpd.GeoDataFrame(current), wards)
    months = pd.period_range(year.comparison.current_first, year.comparison.current_last, freq="M")
    uncovered = count_uncovered_months(year.holes, counts.index, months=months)
    return counts[["ward_name", "borough", "n_incidents", "rank"]].assign(n_months_uncovered=uncovered)


def _rate_wards(year: CrimeYear, wards: pd.DataFrame, population: pd.Series) -> AreaRates | None:
    if not (population > 0).any() or not year.can_rate:
        return None
    return estimate_rates(wards["n_incidents"], population, n_years=year.n_years)


def _compare_wards(rates: AreaRates) -> pd.Series:
    """How the rate of each ward stands to that of all of them together."""
    table = rates.table[rates.table["p_value"].notna()]
    p = control_false_discoveries(table["p_value"].to_numpy()) if len(table) else np.array([])
    side = np.where(table["ratio"] > 1, "above", "below")
    return pd.Series(np.where(p <= _RATE_LEVEL, side, "like"), index=table.index, dtype=object)


def _change_wards(year: CrimeYear, wards: gpd.GeoDataFrame) -> ChangeTable | None:
    codes = year.rows.incidents.loc[year.rows.is_inside, "ward_code"]
    groups = codes.astype("category").cat.set_categories(wards.index).array
    return year.rows.compare(year.windows, groups=groups)[1] if year.comparison.available else None


def _rate_area(indicator: Indicator, year: CrimeYear, population: float | None) -> tuple[float, float, float] | None:
    if population is None or not year.can_rate:
        return None
    whole = estimate_rates(
        pd.Series({WHOLE_AREA: indicator.n_current}), pd.Series({WHOLE_AREA: population}), n_years=year.n_years
    )
    row = whole.table.iloc[0]
    return float(row["rate"]), float(row["rate_low"]), float(row["rate_high"])


def _find_half(current: pd.DataFrame, cells: Cells) -> PlaceShare | None:
    """The fewest cells that hold half of the incidents, beside as many incidents thrown on them at random."""
    located = gpd.GeoDataFrame(current[(current["location_precision"] != AREA).to_numpy()])
    counts = cells.count(located).astype(np.int64)
    if counts.sum() < MIN_RANKED:
        return None
    spread = compare_with_chance(
        counts[counts > 0], len(counts), n_replicates=_N_REPLICATES, rng=np.random.default_rng(0)
    )
    return next(share for share in spread.place_shares if share.incident_share == 0.5)


def _weigh(current: pd.DataFrame, study: Study, codes: pd.Index, measure: Measure) -> Weight:
    weighed = weigh_harm(current, table=study.harm, measure=measure, allow_unweighed=True)
    n_weighed = int(weighed.harm.notna().sum())
    share = n_weighed / max(len(current), 1)
    is_known = share >= MIN_KNOWN_SHARE
    by_ward = weighed.harm.groupby(current["ward_code"].astype("object")).sum().reindex(codes, fill_value=0.0)
    return Weight(
        total=weighed.total / share if is_known else None,
        by_ward=by_ward / share if is_known else None,
        n_weighed=n_weighed,
        sources=weighed.sources,
        dates=weighed.dates,
    )


def _limit_next(indicator: Indicator, year: CrimeYear) -> tuple[int, int] | None:
    if indicator.change is None or not year.is_whole:
        return None
    row: dict[Any, Any] = indicator.change.table[["dispersion", "n_free"]].to_dict("index")[WHOLE_AREA]
    return limit_unchanged(indicator.n_current, dispersion=max(row["dispersion"], 1.0), n_free=row["n_free"])


def _account(performance: Performance, slugs: set[str]) -> YearAccounts:
    intake = performance.study.intake
    rows = intake.incidents
    in_year = _is_of(rows, performance.start, performance.end)
    is_inside = rows["ward_code"].isin(performance.wards.index).to_numpy()
    counted = rows[in_year & is_inside]
    return YearAccounts(
        read=intake.n_read,
        rejected={str(reason): n for reason, n in sorted(Counter(intake.rejected["reason"]).items())},
        other_years=int((~in_year).sum()) + intake.n_set_aside,
        outside_area=int((in_year & ~is_inside).sum()),
        counted=len(counted),
        n_unknown=int((~counted["category"].isin(slugs)).sum()),
    )


def _is_of(rows: pd.DataFrame, first: dt.date, last: dt.date) -> np.ndarray:
    started = rows["started_at"]
    within = (started >= pd.Timestamp(first)) & (started < pd.Timestamp(last) + pd.Timedelta(days=1))
    return np.asarray(within.to_numpy(dtype=bool))
