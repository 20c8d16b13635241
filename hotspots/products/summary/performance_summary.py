"""The summary of performance: how each crime stands, and which come first."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import hotspots
from hotspots.analysis.change import VERDICTS, WHOLE_AREA, ChangeTable
from hotspots.analysis.rates import CRITERIA, PeerComparison, Priorities, TargetStatus
from hotspots.pipeline import CELL_SIZE_M, MIN_RANKED, Hole, Indicator, LostPlaces, Performance
from hotspots.products.summary.encoding import (
    Hundredths,
    Metres,
    Month,
    OneOf,
    Part,
    Probability,
    Quantity,
    Source,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.product_names import PERFORMANCE_PRODUCTS
from hotspots.products.summary.quality_summary import Days
from hotspots.products.summary.run_summary import InputSummary
from hotspots.products.words import say, say_each


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedArea(Part):
    """The wards that are counted.

    Attributes:
        n_wards: How many they are.
        is_all: Whether they are all of the boundaries.
        wards: Their names.
        boroughs: The local authorities that they are of.
        population: Residents; null where not every ward has any.
        without_residents: Codes of the wards of which they are not known.
    """

    n_wards: int
    is_all: bool
    wards: tuple[str, ...]
    boroughs: tuple[str, ...]
    population: Annotated[float | None, Quantity(decimals=0)]
    without_residents: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorChange(Part):
    """How an indicator changed on the twelve months before.

    Attributes:
        n_previous, n_current: Incidents of the days that count of each.
        ratio: How many times the earlier incidents a day the current ones are.
        low, high: Limits of the ratio.
        percent: The change of incidents a day; null where too few earlier ones.
        p: Of no change.
        verdict: The change in words.
        dispersion: Variance of the counts allowed for, as a multiple of that of independent incidents.
    """

    n_previous: int
    n_current: int
    ratio: Thousandths | None
    low: Thousandths | None
    high: Thousandths | None
    percent: Annotated[int | None, Quantity("%")]
    p: Probability
    verdict: Annotated[str, OneOf(VERDICTS)]
    dispersion: Hundredths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRate(Part):
    """The rate of one peer.

    Attributes:
        area: Its name.
        rate: Incidents per `per` residents and year.
    """

    area: str
    rate: Hundredths


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersSummary(Part):
    """How the rate stands among those of peers.

    Attributes:
        rates: Of the peers, the highest first.
    """

    view_of: ClassVar = PeerComparison

    rate: Hundredths
    per: float
    rank: int
    rank_low: int
    rank_high: int
    n_areas: int
    rates: tuple[AreaRate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSummary(Part):
    """One crime over twelve months.

    Attributes:
        crime: Short name of the crime, as on the command line.
        label: The crime as a heading.
        current, previous: First and last day of the twelve months, and of the twelve before.
        reason: Why there is no change.
        target: What was wanted, in words.
    """

    view_of: ClassVar = Indicator

    crime: Annotated[str, Source("crime.slug")]
    label: Annotated[str, Source("crime.label")]
    current: tuple[dt.date, dt.date]
    previous: tuple[dt.date, dt.date]
    n_current: int
    n_months: int
    change: IndicatorChange | None
    reason: Annotated[str | None, Source("comparison.reason")]
    gap_months: tuple[Month, ...]
    holes: tuple[Hole, ...]
    n_left_out: int
    lost: LostPlaces | None
    target: str | None
    status: TargetStatus | None
    peers: PeersSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionSummary(Part):
    """One criterion of a priority.

    Attributes:
        score: 0-10; null where the measure is not known.
        measure: What the score is of.
    """

    score: Tenths | None
    measure: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritySummary(Part):
    """One crime among the priorities.

    Attributes:
        crime: Short name of the crime, as on the command line.
        label: The crime as a heading.
        rank: 1 comes first.
        rank_low, rank_high: The best and worst rank that it takes when weights are halved or doubled, or when criteria
            that are not known are anything.
        score: Weighted mean of the criteria that are known, 0-10.
        score_low, score_high: Of all criteria, if those that are not known were the least and the most urgent.
        unknown: Which those are.
        criteria: Each of them.
    """

    crime: str
    label: str
    rank: int
    rank_low: int
    rank_high: int
    score: Tenths | None
    score_low: Tenths | None
    score_high: Tenths | None
    unknown: tuple[Annotated[str, OneOf(CRITERIA)], ...]
    criteria: dict[Annotated[str, OneOf(CRITERIA)], CriterionSummary]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrioritiesSummary(Part):
    """Crimes in order.

    Attributes:
        min_incidents: Fewest incidents of a crime that is put in order.
        cell_size_m: Side of the cells in which concentration is measured.
        crimes: Each crime, the first priority first.
        unranked: Crimes that are not put in order.
        sources: Of the figures of harm and cost.
    """

    view_of: ClassVar = Priorities

    criterion_weights: dict[Annotated[str, OneOf(CRITERIA)], Thousandths]
    min_incidents: int
    cell_size_m: Metres
    crimes: tuple[PrioritySummary, ...]
    unranked: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceSummary(Part):
    """How the crimes of an area stand.

    Attributes:
        period: The twelve months.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        study_area: The wards that are counted.
        indicators: Each crime, in the order asked for.
        notes: What to know before the figures are believed: what the files do not cover.
        unshown_targets: Crimes for which a target is set, and which are no indicator here.
        priorities: Crimes in order; null where there are fewer than two.
        n_reported: Rows of all crimes whose source says only when they became known, and not when they happened.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
    """

    period: Days
    data_status: dict[str, str]
    handling: HandlingSummary
    study_area: CountedArea
    indicators: tuple[IndicatorSummary, ...]
    notes: tuple[str, ...]
    unshown_targets: tuple[str, ...]
    priorities: PrioritiesSummary | None
    n_reported: Annotated[int, Source("study.quality.times.n_reported")]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str


def summarise_performance(performance: Performance) -> PerformanceSummary:
    """Everything that was found."""
    wards, study = performance.wards, performance.study
    return PerformanceSummary.of(
        performance,
        period=Days.of(performance),
        study_area=CountedArea(
            n_wards=len(wards),
            is_all=len(wards) == len(study.boundaries.wards),
            wards=tuple(sorted(wards["ward_name"].astype(str))),
            boroughs=tuple(sorted(wards["borough"].dropna().astype(str).unique())),
            population=performance.population,
            without_residents=tuple(map(str, wards.index[~(wards["population"] > 0)])),
        ),
        indicators=tuple(_summarise_indicator(indicator) for indicator in performance.indicators),
        notes=tuple(say_each("gaps.performance", performance.indicators, performance.low_months)),
        unshown_targets=_label_crimes(performance.unshown_targets, performance),
        priorities=performance.priorities and _summarise_priorities(performance.priorities, performance),
        handling=summarise_handling(study.house, "tasking"),
        products=PERFORMANCE_PRODUCTS,
        version=hotspots.__version__,
    )


def _summarise_indicator(indicator: Indicator) -> IndicatorSummary:
    comparison, peers = indicator.comparison, indicator.peers
    return IndicatorSummary.of(
        indicator,
        current=(comparison.current_first, comparison.current_last),
        previous=(comparison.earlier_first, comparison.earlier_last),
        change=indicator.change and _summarise_change(indicator.change),
        target=indicator.target and say("performance.target", indicator.target),
        peers=peers
        and PeersSummary.of(
            peers, rates=tuple(AreaRate(area=str(area), rate=rate) for area, rate in peers.peer_rates.items())
        ),
    )


def _summarise_change(change: ChangeTable) -> IndicatorChange:
    row: dict[Any, Any] = change.table.to_dict("index")[WHOLE_AREA]
    same = ("n_current", "ratio", "low", "high", "percent", "verdict", "dispersion")
    return IndicatorChange(n_previous=row["n_earlier"], p=row["p_value"], **{name: row[name] for name in same})


def _summarise_priorities(ranked: Priorities, performance: Performance) -> PrioritiesSummary:
    measures = performance.measures.to_dict("index")
    return PrioritiesSummary.of(
        ranked,
        min_incidents=MIN_RANKED,
        cell_size_m=CELL_SIZE_M,
        crimes=tuple(
            PrioritySummary(
                crime=str(slug),
                label=performance.study.definitions.crimes[str(slug)].label,
                criteria={
                    name: CriterionSummary(score=row[name], measure=_round_measure(name, measures[slug][name]))
                    for name in CRITERIA
                },
                unknown=ranked.unknown[str(slug)],
                **{name: row[name] for name in ("rank", "rank_low", "rank_high", "score", "score_low", "score_high")},
            )
            for slug, row in ranked.table.to_dict("index").items()
        ),
        unranked=_label_crimes((*performance.unranked, *ranked.unranked), performance),
        sources=performance.sources,
    )


def _label_crimes(slugs: tuple[str, ...], performance: Performance) -> tuple[str, ...]:
    crimes = performance.study.definitions.crimes
    return tuple(crimes[slug].label if slug in crimes else slug for slug in slugs)


def _round_measure(name: str, value: float) -> float:
    if not math.isfinite(value):
        return value
    if name in ("volume", "trend"):  # counted, and a step of the scale: neither is rounded
        return Quantity(decimals=0).state(value)
    return (Quantity(decimals=3) if name == "concentration" else Quantity(figures=4)).state(value)
