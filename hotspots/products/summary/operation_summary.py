"""The summary of an operation: what was compared, and what became of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import hotspots
from hotspots.analysis.change import (
    AreaWeights,
    CountDifference,
    Counts,
    Direction,
    RelativeChange,
    Scatter,
    Untried,
    WeightedDisplacement,
    count_areas_needed,
)
from hotspots.geography import name_crs
from hotspots.harm import Measure
from hotspots.pipeline import (
    Before,
    Bin,
    CrimeHarm,
    Hole,
    Judgement,
    LostPlaces,
    Operation,
    OperationHarm,
    OperationPatrols,
    Rise,
)
from hotspots.products.summary.encoding import (
    Hundredths,
    Metres,
    Part,
    Probability,
    Quantity,
    Share,
    Source,
    Tenths,
    Thousandths,
)
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.product_names import OPERATION_PRODUCTS
from hotspots.products.summary.run_summary import AccountSummary, InputSummary, Period, count_period
from hotspots.products.words import say, say_each

Km2 = Annotated[float, Quantity("km²", figures=4)]
PatrolHours = Annotated[float, Quantity("hours", decimals=1)]
Ratio = Annotated[float, Quantity(decimals=4)]
ComparedArea = Literal["treated", "displacement_treated", "control", "displacement_control"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforePeriod(Period):
    """The period that an operation is compared with.

    Attributes:
        kind: How it was chosen.
        words: The same in words.
        other: The other way to choose it, where that would have been possible.
    """

    kind: Before
    words: str
    other: Before | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatedArea(Part):
    """Where something was done.

    Attributes:
        name: What it is called.
        area_km2: Its area.
        outside_share: Share of it that is in no ward of the study, and is left out.
    """

    name: Annotated[str, Source("treated_name")]
    area_km2: Km2
    outside_share: Annotated[Share, Source("areas.outside_share")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlArea(Part):
    """What it is compared with.

    Attributes:
        name: What it is called.
        area_km2: Its area.
        is_rest: Whether it is the rest of the study area.
        is_adjoining: Whether it touches the treated area.
        overlap_share: Share of it that was treated too, and is left out.
    """

    name: Annotated[str, Source("control_name")]
    area_km2: Km2
    is_rest: Annotated[bool, Source("areas.is_rest")]
    is_adjoining: Annotated[bool, Source("areas.is_adjoining")]
    overlap_share: Annotated[Share, Source("areas.overlap_share")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreasSummary(Part):
    """The areas that are compared.

    Attributes:
        treated: Where something was done.
        control: What it is compared with.
        buffer_m: Width of the areas around both in which displacement is looked for; 0 for none.
        n_apart: Areas of the size of the treated one for which the study area has room, side by side.
        n_apart_needed: How many the limits take to be tried elsewhere.
        crs: Coordinate reference system in which areas were measured.
    """

    treated: TreatedArea
    control: ControlArea
    buffer_m: Metres
    n_apart: int
    n_apart_needed: int
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCounts(Part):
    """Incidents of one area.

    Attributes:
        area: Which.
        label: The same in words.
        before, after: Incidents of the two periods.
        change: The second less the first.
        change_share: The same as a share of the first; null where that is 0.
    """

    area: ComparedArea
    label: str
    before: int
    after: int
    change: int
    change_share: Annotated[float | None, Quantity("share", decimals=4)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterSummary(Part):
    """How far the ratios of areas scatter in which nothing was done."""

    view_of: ClassVar = Scatter

    n_areas: int
    called_share: Share
    spread: Thousandths


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceInCounts(Part):
    """By how many incidents the change in one area is more than that in another."""

    view_of: ClassVar = CountDifference

    difference: Hundredths
    variance: Hundredths
    z: Thousandths
    p_value: Probability
    p_fall: Probability
    p_rise: Probability
    low: Tenths | None
    high: Tenths | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSummary(Part):
    """How many times its own past one area came to, over the same for another.

    Attributes:
        verdict: The result in words.
        elsewhere: The same of other areas in which nothing was done; null where that was not tried.
        confidence: Of the limits.
        weighted_displacement_difference: The same as a difference of counts.
    """

    view_of: ClassVar = RelativeChange

    verdict: Annotated[Direction, Source("change.direction")]
    ratio: Annotated[Ratio | None, Source("change.ratio")]
    low: Annotated[Ratio | None, Source("change.low")]
    high: Annotated[Ratio | None, Source("change.high")]
    p_value: Annotated[Probability, Source("change.p_value")]
    n_expected: Annotated[Tenths | None, Source("change.n_expected")]
    n_more: Annotated[Tenths | None, Source("change.n_more")]
    n_more_low: Annotated[Tenths | None, Source("change.n_more_low")]
    n_more_high: Annotated[Tenths | None, Source("change.n_more_high")]
    elsewhere: ScatterSummary | None
    spread: Annotated[Thousandths, Source("change.spread")]
    confidence: Annotated[float, Quantity("share 0-1")]
    weighted_displacement_difference: DifferenceInCounts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsSummary(Part):
    """What became of crime.

    Attributes:
        net: In the treated area and around it together, against the control and around it.
        local: In the treated area against the control.
        displaced: Around the treated area; null where that was not looked at.
    """

    net: ResultSummary
    local: ResultSummary
    displaced: ResultSummary | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsSummary(Part):
    """What the counts are divided by in the weighted displacement difference.

    Attributes:
        by: "area", as the areas are large; "none", all alike; "given", by the user.
        before: What counts before are multiplied by: length of the operation over that of the period before.
        words: The same in a sentence; null where counts are as they are.
    """

    view_of: ClassVar = AreaWeights

    by: Literal["area", "none", "given"]
    treated: Ratio
    control: Ratio
    displacement_treated: Ratio
    displacement_control: Ratio
    before: Ratio
    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseSummary(Part):
    """What the period before had risen from.

    Attributes:
        start, end: First and last day of as long a period before that.
        treated, control: Incidents of the two periods.
    """

    view_of: ClassVar = Rise

    start: dt.date
    end: dt.date
    treated: tuple[int, int]
    control: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeHarmSummary(Part):
    """One crime of a difference in harm.

    Attributes:
        crime: Short name of the crime, as on the command line.
        label: The crime as a heading.
        harm: Of one offence.
        treated, control: Incidents before and after.
        difference: Incidents more or fewer than the control gained or lost, displacement included.
    """

    view_of: ClassVar = CrimeHarm

    crime: Annotated[str, Source("crime.slug")]
    label: Annotated[str, Source("crime.label")]
    harm: Annotated[float, Source("figure.value")]
    treated: Annotated[tuple[int, int], Source("displacement.treated")]
    control: Annotated[tuple[int, int], Source("displacement.control")]
    difference: Annotated[Hundredths, Source("displacement.net.difference")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationHarmSummary(Part):
    """The weighted displacement difference of all crimes that have a figure, by harm.

    Attributes:
        words: The net result in a sentence.
    """

    view_of: ClassVar = OperationHarm

    measure: Measure
    unit: str
    crimes: tuple[CrimeHarmSummary, ...]
    net: DifferenceInCounts
    local: DifferenceInCounts
    displaced: DifferenceInCounts | None
    most_uncertain_share: Share
    n_unweighed: dict[str, int]
    uncovered: tuple[str, ...]
    sources: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPatrolSummary(Part):
    """How much of an operation was done."""

    view_of: ClassVar = OperationPatrols

    treated_hours: PatrolHours
    control_hours: PatrolHours
    around_hours: PatrolHours | None
    elsewhere_hours: PatrolHours
    unknown_hours: PatrolHours
    n_treated_days: int
    n_control_days: int
    n_days: int
    n_record_days: int
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BinSummary(Part):
    """Incidents of a month or week."""

    view_of: ClassVar = Bin

    start: dt.date
    end: dt.date
    n_treated: int
    n_control: int
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSummary(Part):
    """Everything that was found of an operation, with the sentences that the page and the terminal say.

    Attributes:
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        not_to_share: Why the products must not be shared, in a sentence; null where they may be.
        operation: When it was.
        before: The period that it is compared with.
        areas: The areas that are compared.
        counts: Incidents by area.
        confidence: Of every limit.
        results: What became of crime.
        area_weights: What the counts of areas are divided by in the weighted displacement differences.
        rise: What the period just before had risen from, if it had, which makes it a bad one to compare with.
        harm: The same difference of all crimes by harm; null where it was not asked for.
        patrols: How much of the operation was done; null without records of patrols.
        least_expected: The least count to be expected anywhere if nothing had an effect.
        is_small: Whether that is too few for the weighted displacement difference.
        size_ratio: Incidents before in the control over those in the treated area; null where there were none.
        is_alike: Whether the two are near enough for equal numbers to mean equal shares.
        bins: Incidents by month or week.
        seed: Of the random draws.
        accounts: Where every row went.
        n_reported: Incidents whose source says only when they became known, and not when they happened.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
        verdict: The net result in words.
        words: The result in sentences.
        notes: What to know before the result is believed, the most important first.
    """

    view_of: ClassVar = Operation

    crime: Annotated[str, Source("crime.slug")]
    crime_label: Annotated[str, Source("crime.label")]
    crime_plural: Annotated[str, Source("crime.plural")]
    data_status: dict[str, str]
    handling: HandlingSummary
    not_to_share: str | None
    operation: Period
    before: BeforePeriod
    areas: AreasSummary
    counts: tuple[AreaCounts, ...]
    confidence: Annotated[float, Quantity("share 0-1"), Source("displacement.confidence")]
    results: ResultsSummary
    area_weights: WeightsSummary
    rise: RiseSummary | None
    harm: OperationHarmSummary | None
    patrols: OperationPatrolSummary | None
    untried: Untried | None
    least_expected: Annotated[Hundredths, Source("displacement.least_expected")]
    is_small: Annotated[bool, Source("displacement.is_small")]
    size_ratio: Annotated[Hundredths | None, Source("displacement.size_ratio")]
    is_alike: Annotated[bool, Source("displacement.is_alike")]
    bin_unit: Literal["month", "week"]
    bins: tuple[BinSummary, ...]
    n_points: int | None
    spacing_m: Annotated[float | None, Quantity("m", decimals=0)]
    n_unplaced: int
    n_undated: int
    low_months: tuple[str, ...]
    holes: tuple[Hole, ...]
    n_uncovered: int
    lost: LostPlaces | None
    seed: Annotated[int, Source("request.seed")]
    accounts: Annotated[AccountSummary, Source("selection.accounts")]
    n_reported: Annotated[int, Source("selection.n_reported")]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str
    verdict: Direction
    words: tuple[str, ...]
    notes: tuple[str, ...]


def summarise_operation(operation: Operation) -> OperationSummary:
    """Everything that was found, with the sentences that the page and the terminal say."""
    request, found = operation.request, operation.displacement
    before = count_period(*operation.before)
    outlines = (
        InputSummary(path=file.shown, table="areas", sha256=file.sha256, data_status=None) for file in operation.files
    )
    summary = OperationSummary.of(
        operation,
        operation=count_period(request.start, request.end),
        before=BeforePeriod.of(
            before, kind=request.before, words=say("operation.before", request), other=operation.other_before
        ),
        areas=_summarise_areas(operation),
        counts=_summarise_counts(found),
        results=_summarise_results(operation),
        area_weights=_summarise_weights(operation),
        harm=operation.harm and _summarise_harm(operation.harm),
        inputs=(
            *map(InputSummary.of, operation.study.inputs),
            *outlines,
            *map(InputSummary.of, operation.patrols.files if operation.patrols else ()),
        ),
        not_to_share=say("disclosure.operation") if operation.is_too_fine else None,
        handling=summarise_handling(operation.study.house, "tasking"),
        products=OPERATION_PRODUCTS,
        version=hotspots.__version__,
        # what changed around an area without any incident says nothing of the area
        verdict=operation.net.change.direction if any(found.treated) else "nothing can be said",
        words=(),
        notes=(),
    )
    return dataclasses.replace(
        summary,
        words=tuple(say_each("operation.findings", summary)),
        notes=tuple(say_each("operation.notes", summary)),
    )


def _summarise_areas(operation: Operation) -> AreasSummary:
    areas = operation.areas
    return AreasSummary(
        treated=TreatedArea.of(operation, area_km2=areas.treated.area / 1e6),
        control=ControlArea.of(operation, area_km2=areas.control.area / 1e6),
        buffer_m=operation.request.buffer_m,
        n_apart=math.floor(areas.n_apart),
        n_apart_needed=count_areas_needed(operation.displacement.confidence),
        crs=name_crs(operation.selection.wards.crs),
    )


def _summarise_weights(operation: Operation) -> WeightsSummary:
    found, asked = operation.displacement, operation.request.area_weights
    days = found.period_days
    weights = WeightsSummary.of(
        found.area_weights,
        by="area" if asked is None else "none" if asked == AreaWeights() else "given",
        before=days[1] / days[0],
        words=None,
    )
    has_rings = found.displacement_control is not None
    return dataclasses.replace(weights, words=say("operation.weighed", weights, has_rings) or None)


def _summarise_harm(harm: OperationHarm) -> OperationHarmSummary:
    summary = OperationHarmSummary.of(harm, words="")
    return dataclasses.replace(summary, words=say("operation.by_harm", summary))


def _summarise_counts(found: WeightedDisplacement) -> tuple[AreaCounts, ...]:
    rows: tuple[tuple[ComparedArea, str, Counts | None], ...] = (
        ("treated", "Treated area", found.treated),
        ("displacement_treated", "Around the treated area", found.displacement_treated),
        ("control", "Control", found.control),
        ("displacement_control", "Around the control", found.displacement_control),
    )
    return tuple(
        AreaCounts(
            area=area,
            label=label,
            before=counts[0],
            after=counts[1],
            change=counts[1] - counts[0],
            change_share=counts[1] / counts[0] - 1 if counts[0] else None,
        )
        for area, label, counts in rows
        if counts is not None
    )


def _summarise_results(operation: Operation) -> ResultsSummary:
    found = operation.displacement

    def summarise(judged: Judgement, difference: CountDifference | None) -> ResultSummary:
        return ResultSummary.of(judged, confidence=found.confidence, weighted_displacement_difference=difference)

    return ResultsSummary(
        net=summarise(operation.net, found.net),
        local=summarise(operation.local, found.local),
        displaced=None if operation.displaced is None else summarise(operation.displaced, found.displaced),
    )
