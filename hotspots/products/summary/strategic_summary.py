"""What the strategic assessment says: every number of the year, and every sentence."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pandas as pd

import hotspots
from hotspots.crimes import KNIFE_CRIME
from hotspots.pipeline import CELL_SIZE_M, AssessedCrime, StrategicAssessment, Weight, YearAccounts
from hotspots.products.summary.change_summary import GroupChange, list_groups
from hotspots.products.summary.encoding import Metres, Part, Quantity
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.hours_summary import ProfileSummary, summarise_profile
from hotspots.products.summary.performance_summary import (
    CountedArea,
    IndicatorSummary,
    PrioritiesSummary,
    PrioritySummary,
    summarise_performance,
)
from hotspots.products.summary.product_names import STRATEGIC_PRODUCTS
from hotspots.products.summary.quality_summary import Days
from hotspots.products.summary.run_summary import InputSummary
from hotspots.products.summary.time_summary import PlaceShareSummary, SeasonSummary, SeriesSummary, summarise_series
from hotspots.products.words import say, say_each

Rate = Annotated[float, Quantity("per 1,000 residents and year", figures=3)]
Sum = Annotated[float, Quantity(figures=3)]
Standing = Literal["above", "like", "below"]

FALL = 0.1
"""The fall of which it is said what it would be worth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits(Part):
    """A rate per 1,000 residents and year.

    Attributes:
        low, high: Its exact limits, by chance alone.
    """

    rate: Rate
    low: Rate
    high: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class WardOfCrime(Part):
    """One crime of the year in one ward.

    Attributes:
        code, name, borough: Of the ward.
        n_incidents: Of the twelve months.
        rank: By these; equal counts share the better rank.
        n_months_uncovered: Months of the twelve that the files do not cover there.
        rate: Null where residents are not known.
        standing: Whether that rate is above or below the rate of all wards together by more than chance.
        change: On the twelve months before; null where these cannot be compared.
    """

    code: str
    name: str
    borough: str | None
    n_incidents: int
    rank: int
    n_months_uncovered: int
    rate: RateLimits | None
    standing: Standing | None
    change: GroupChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSummary(Part):
    """What the incidents of a year weigh.

    Attributes:
        total: Points or pounds; null where over a tenth of the incidents have no figure.
        of_one: Of one offence, on average.
        of_fall: Of a fall by `FALL`.
    """

    view_of: ClassVar = Weight

    total: Sum | None
    n_weighed: int
    of_one: Sum | None
    of_fall: Sum | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeOfYear(Part):
    """One crime of the year, and the years before it.

    Attributes:
        crime: Short name, as on the command line.
        crime_label: As a heading.
        crime_plural: The incidents in the middle of a sentence.
        is_part: Whether its incidents are also of the other crimes, as those of knife crime.
        priority: Its place in the order; null where it has none.
        n_fall: Incidents of a fall by `FALL`.
        series: Every month, at most sixty.
        profile: The hours of the week, of the twelve months; null of few incidents.
        words: What is said of it, a sentence each.
    """

    view_of: ClassVar = AssessedCrime

    crime: str
    crime_label: str
    crime_plural: str
    is_few: bool
    is_part: bool
    indicator: IndicatorSummary
    priority: PrioritySummary | None
    rate: RateLimits | None
    series: SeriesSummary
    season: SeasonSummary
    profile: ProfileSummary | None
    half: PlaceShareSummary | None
    wards: tuple[WardOfCrime, ...]
    n_wards_compared: int | None
    severity: WeightSummary
    cost: WeightSummary
    n_fall: int
    unchanged: tuple[int, int] | None
    words: tuple[str, ...]

    @property
    def changed_wards(self) -> list[WardOfCrime]:
        """Those that changed by more than chance, the surest first."""
        changed = [ward for ward in self.wards if ward.change and ward.change.is_significant]
        return sorted(changed, key=lambda ward: ward.change.p_adjusted if ward.change else 1.0)

    @property
    def highest_rates(self) -> list[WardOfCrime]:
        """The wards with a rate, the highest first."""
        return sorted((ward for ward in self.wards if ward.rate), key=lambda ward: -ward.rate.rate if ward.rate else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WardOfYear(Part):
    """A ward over the year.

    Attributes:
        code, name, borough: Of the ward.
        cost: Of the incidents whose crime has a cost; null where none has.
    """

    code: str
    name: str
    borough: str | None
    cost: Sum | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSummary(Part):
    """What the crimes that have a cost cost together, each incident once.

    Attributes:
        total: Pounds; null where no crime has a cost.
        of_fall: Of a fall of each of them by `FALL`.
        sources: Of the figures.
        dates: Of their prices.
        n_costed: Incidents of these crimes.
        n_incidents: Of all crimes.
    """

    total: Sum | None
    of_fall: Sum | None
    sources: tuple[str, ...]
    dates: tuple[str, ...]
    n_costed: int
    n_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsSummary(Part):
    """Where every row went."""

    view_of: ClassVar = YearAccounts

    read: int
    rejected: dict[str, int]
    other_years: int
    outside_area: int
    counted: int
    n_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicWords(Part):
    """What is said of the whole, in the order of the pages.

    Attributes:
        title, subtitle: On top.
        status: That the data are not for decisions; empty for ordinary data.
        contact: Whom to ask.
        year: The year in short.
        reading: How to read the table of all crimes.
        priorities: What the order rests on.
        few: Crimes of which only the number is said; empty where there are none.
        wards: How to read the tables of wards.
        costs: What the costs are, and are not.
        outlook: What the range of the next year means.
        data: Where the rows went, what is missing and how sure it all is.
        sources: What it was made from.
    """

    title: str
    subtitle: str
    status: str
    contact: str
    year: tuple[str, ...]
    reading: tuple[str, ...]
    priorities: tuple[str, ...]
    few: str
    wards: tuple[str, ...]
    costs: tuple[str, ...]
    outlook: tuple[str, ...]
    data: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicSummary(Part):
    """A year of every crime.

    Attributes:
        version: Of hotspots.
        area: What the wards are called together.
        period: The twelve months.
        n_history_months: Months from the first that is charted to the end of the period.
        data_status: What files say of themselves, by table; empty for ordinary data.
        handling: For whom the report is, and how it is marked.
        study_area: The wards that are counted.
        crimes: Each, most incidents first.
        priorities: Crimes in order; null where there are fewer than two.
        wards: Each ward, by borough and name.
        cell_size_m: Side of the cells in which concentration is measured.
        fall: The fall of which it is said what it would be worth.
        cost: Of all crimes together.
        notes: What the files do not cover.
        accounts: Where every row went.
        n_reported: Rows whose source says only when they became known.
        words: What is said of the whole; null while it is not said yet.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
    """

    version: str
    area: str
    period: Days
    n_history_months: int
    data_status: dict[str, str]
    handling: HandlingSummary
    study_area: CountedArea
    crimes: tuple[CrimeOfYear, ...]
    priorities: PrioritiesSummary | None
    wards: tuple[WardOfYear, ...]
    cell_size_m: Metres
    fall: float
    cost: CostSummary
    notes: tuple[str, ...]
    accounts: AccountsSummary
    n_reported: int
    words: StrategicWords | None
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]

    @property
    def shown(self) -> list[CrimeOfYear]:
        """The crimes with a page of their own."""
        return [crime for crime in self.crimes if not crime.is_few]


def summarise_strategic(assessment: StrategicAssessment, *, formats: tuple[str, ...]) -> StrategicSummary:
    """Everything that the assessment says.

    Args:
        assessment: It.
        formats: In which it is written, as keys of `STRATEGIC_PRODUCTS`.
    """
    performance = summarise_performance(assessment.performance)
    indicators = {one.crime: one for one in performance.indicators}
    ranked = {} if performance.priorities is None else {one.crime: one for one in performance.priorities.crimes}
    area = performance.study_area
    summary = StrategicSummary(
        version=hotspots.__version__,
        area=say("places.name", area.wards, area.boroughs),
        period=performance.period,
        n_history_months=assessment.n_history_months,
        data_status=performance.data_status,
        handling=summarise_handling(
            assessment.performance.study.house,
            "tasking",
            marking=assessment.request.marking,
            contact=assessment.request.contact,
        ),
        study_area=area,
        crimes=tuple(_summarise_crime(one, indicators, ranked) for one in assessment.crimes),
        priorities=performance.priorities,
        wards=_summarise_wards(assessment),
        cell_size_m=CELL_SIZE_M,
        fall=FALL,
        cost=_sum_costs(assessment),
        notes=performance.notes,
        accounts=AccountsSummary.of(assessment.accounts),
        n_reported=performance.n_reported,
        words=None,
        inputs=performance.inputs,
        products={
            key: name for key, name in STRATEGIC_PRODUCTS.items() if key in (*formats, "strategic_json", "manifest")
        },
    )
    said = tuple(
        dataclasses.replace(crime, words=tuple(say_each("strategic.crime", crime, summary))) for crime in summary.crimes
    )
    summary = dataclasses.replace(summary, crimes=said)
    return dataclasses.replace(summary, words=_say_all(assessment, summary))


def _summarise_crime(
    found: AssessedCrime, indicators: Mapping[str, IndicatorSummary], ranked: Mapping[str, PrioritySummary]
) -> CrimeOfYear:
    crime = found.crime
    return CrimeOfYear.of(
        found,
        crime=crime.slug,
        crime_label=crime.label,
        crime_plural=crime.plural,
        is_part=crime.slug == KNIFE_CRIME,
        indicator=indicators[crime.slug],
        priority=ranked.get(crime.slug),
        rate=found.rate and RateLimits(rate=found.rate[0], low=found.rate[1], high=found.rate[2]),
        series=summarise_series(found),
        profile=found.profile and summarise_profile(found.profile),
        wards=_summarise_wards_of(found),
        n_wards_compared=found.ward_changes and found.ward_changes.n_compared,
        severity=_summarise_weight(found.severity, found.indicator.n_current),
        cost=_summarise_weight(found.cost, found.indicator.n_current),
        n_fall=round(FALL * found.indicator.n_current),
        words=(),
    )


def _summarise_wards_of(found: AssessedCrime) -> tuple[WardOfCrime, ...]:
    changes = {} if found.ward_changes is None else {str(code): row for code, row in list_groups(found.ward_changes)}
    rates: dict[Any, Any] = {} if found.ward_rates is None else found.ward_rates.table.to_dict("index")
    standing: dict[Any, Any] = {} if found.ward_standing is None else found.ward_standing.to_dict()
    return tuple(
        WardOfCrime(
            code=str(code),
            name=row["ward_name"],
            borough=row["borough"],
            n_incidents=row["n_incidents"],
            rank=row["rank"],
            n_months_uncovered=row["n_months_uncovered"],
            rate=_state_rate(rates[code]) if rates else None,
            standing=standing.get(code),
            change=changes.get(str(code)),
        )
        for code, row in found.wards.iterrows()
    )


def _state_rate(row: Mapping[str, float]) -> RateLimits | None:
    if not row["population"] > 0:
        return None
    return RateLimits(rate=row["rate"], low=row["rate_low"], high=row["rate_high"])


def _summarise_weight(weight: Weight, n_incidents: int) -> WeightSummary:
    known = weight.total is not None and n_incidents > 0
    return WeightSummary.of(
        weight,
        of_one=weight.total / n_incidents if known and weight.total is not None else None,
        of_fall=FALL * weight.total if weight.total is not None else None,
    )


def _list_costed(assessment: StrategicAssessment) -> list[AssessedCrime]:
    """The crimes with a cost, without those whose incidents are also of the others."""
    return [one for one in assessment.crimes if one.cost.total is not None and one.crime.slug != KNIFE_CRIME]


def _sum_costs(assessment: StrategicAssessment) -> CostSummary:
    costed = _list_costed(assessment)
    total = sum(one.cost.total or 0.0 for one in costed) if costed else None
    return CostSummary(
        total=total,
        of_fall=None if total is None else FALL * total,
        sources=tuple(sorted({source for one in costed for source in one.cost.sources})),
        dates=tuple(sorted({date for one in costed for date in one.cost.dates})),
        n_costed=sum(one.indicator.n_current for one in costed),
        n_incidents=sum(one.indicator.n_current for one in assessment.crimes if one.crime.slug != KNIFE_CRIME),
    )


def _summarise_wards(assessment: StrategicAssessment) -> tuple[WardOfYear, ...]:
    wards = assessment.performance.wards
    costs = [one.cost.by_ward for one in _list_costed(assessment) if one.cost.by_ward is not None]
    total = pd.concat(costs, axis=1).sum(axis=1) if costs else None
    found = [
        WardOfYear(
            code=str(code),
            name=row["ward_name"],
            borough=row["borough"],
            cost=None if total is None else total.get(code, 0.0),
        )
        for code, row in wards[["ward_name", "borough"]].iterrows()
    ]
    return tuple(sorted(found, key=lambda ward: (ward.borough or "", ward.name, ward.code)))


def _say_all(assessment: StrategicAssessment, s: StrategicSummary) -> StrategicWords:
    lists = ("year", "reading", "priorities", "wards", "costs", "outlook", "data", "sources")
    said: dict[str, Any] = {name: tuple(say_each(f"strategic.{name}", s)) for name in lists}
    said |= {name: say(f"strategic.{name}", s) for name in ("title", "subtitle", "few")}
    return StrategicWords(
        **said,
        status=say("brief.status", s),
        contact=say("brief.contact", s.handling.contact or ""),
    )
