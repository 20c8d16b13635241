"""The summary of a run: every number that its products may show."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pandas as pd

import hotspots
from hotspots.analysis.change import CLEAR_LEVEL, MIN_FOR_PERCENT, PLAIN_LEVEL
from hotspots.contracts import LocationPrecision
from hotspots.geography import name_crs
from hotspots.harm import HarmWeights, Measure
from hotspots.house import Audience
from hotspots.ingest.formats import InputFile, InputTable
from hotspots.pipeline import Accounts, Analysis, is_whole_month
from hotspots.products.summary.change_summary import (
    ChangeScale,
    ChangeSummary,
    choose_changes,
    choose_main_change,
    summarise_change,
)
from hotspots.products.summary.coverage_summary import HavensSummary, summarise_coverage
from hotspots.products.summary.disclosure_summary import DisclosureSummary, say_not_to_share, summarise_disclosure
from hotspots.products.summary.encoding import (
    Month,
    Part,
    Quantity,
    Source,
)
from hotspots.products.summary.facility_summary import FacilityKindSummary, summarise_facilities
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.hours_summary import ProfileSummary, summarise_profile
from hotspots.products.summary.patrol_summary import PatrolSummary, summarise_patrols
from hotspots.products.summary.perception_summary import PerceptionSummary, summarise_perception
from hotspots.products.summary.period_summary import (
    PartChangesSummary,
    PeriodsSummary,
    summarise_part_changes,
    summarise_periods,
)
from hotspots.products.summary.place_changes import withhold_counts
from hotspots.products.summary.place_hours import HotspotHours, summarise_hotspot_hours
from hotspots.products.summary.place_summary import (
    ClusterSummary,
    DensitySummary,
    HoldoutSummary,
    HotspotSummary,
    HotspotTotal,
    RiskSummary,
    SignificanceSummary,
    locate_hotspots,
    summarise_clusters,
    summarise_density,
    summarise_holdout,
    summarise_hotspot,
    summarise_risk,
    summarise_significance,
    summarise_total,
)
from hotspots.products.summary.product_names import FACILITY_PRODUCTS, OF_STREETS, PRODUCTS, SAFETY_PRODUCTS
from hotspots.products.summary.published_summary import PublishedSummary, summarise_published
from hotspots.products.summary.quality_summary import Days, QualitySummary, summarise_quality
from hotspots.products.summary.run_haven_summary import (
    HavenGapsSummary,
    HavenSitesSummary,
    summarise_gaps,
    summarise_sites,
)
from hotspots.products.summary.shift_summary import ShiftsSummary, summarise_shifts
from hotspots.products.summary.street_summary import StreetsSummary, summarise_streets
from hotspots.products.summary.time_summary import (
    ConditionSummary,
    NearRepeatSummary,
    RepeatSummary,
    SeasonSummary,
    SeriesSummary,
    summarise_condition,
    summarise_repeats,
    summarise_series,
)
from hotspots.products.summary.ward_summary import RateSummary, WardSummary, summarise_rates, summarise_wards
from hotspots.products.words import say, say_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Period(Days):
    """A run of days.

    Attributes:
        n_days: How many they are.
    """

    n_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSummary(Part):
    """One file that was read."""

    view_of: ClassVar = InputFile

    path: str
    table: InputTable
    sha256: str
    data_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInputSummary(Part):
    """One file that was read, and how.

    Attributes:
        rows: Rows under the header, over all tables in the file.
    """

    view_of: ClassVar = InputFile

    path: str
    table: InputTable
    sha256: str
    rows: Annotated[int, Source("n_rows")]
    layout: str
    data_status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSummary(Part):
    """Where every row went: `read` is the sum of all the others but `rejected_of_crime`."""

    view_of: ClassVar = Accounts

    read: int
    rejected: dict[str, int]
    rejected_of_crime: int
    other_crimes: int
    outside_period: int
    outside_area: int
    analysed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAreaSummary(Part):
    """The wards analysed.

    Attributes:
        n_wards: How many they are.
        is_all: Whether they are all of the boundaries.
        stated_area: The area of the source to which the rows are limited; null where they are not.
        area_km2: Area of all together.
        crs: Coordinate reference system of eastings and northings.
    """

    n_wards: int
    is_all: bool
    stated_area: str | None
    area_km2: Annotated[float, Quantity("km²", decimals=3)]
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSummary(Part):
    """One month of the period.

    Attributes:
        month: Which.
        n_incidents: Incidents in it.
        is_whole: Whether all of its days are of the period.
        has_data: Whether the files hold any row of it, of whatever crime.
    """

    month: Month
    n_incidents: int
    is_whole: bool
    has_data: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmSummary(Part):
    """What the incidents weigh.

    Attributes:
        measure: How harm is measured.
        unit: In what.
        total: Of all incidents; null where some have no figure.
        ranks: Whether incidents were weighed by it in density and ranking.
    """

    view_of: ClassVar = HarmWeights

    measure: Measure
    unit: str
    total: Annotated[float | None, Quantity(figures=4)]
    n_unweighed: dict[str, int]
    sources: tuple[str, ...]
    ranks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(Part):
    """Every number that the products of a run may show.

    Attributes:
        schema_version: Of this schema; a new one says that a key has gone, or means something else.
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        period: The days analysed.
        methods: How the analysis differs from the usual one, in a few words each.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        not_to_share: Why the products must not be shared, in a sentence; null where they may be.
        disclosure: What is withheld so that no victim can be found.
        published: What of a large area the products hold.
        inputs: Every file that was read, incidents first.
        accounts: Where every row went.
        n_reported: Incidents analysed whose source says only when they became known, and not when they happened.
        quality: The quality of what was read.
        unrecognised_offences: The most common offence texts that are in no table, with their rows.
        location_precision: Incidents analysed by how exactly their place is known.
        study_area: The wards analysed together.
        wards: Each of them, by rank.
        density: Incidents per square kilometre.
        clusters: How hot spots were found.
        risk: The estimate of incidents to expect in each cell; null where there are too few incidents.
        significance: The test of cells; null where there are too few incidents.
        patrols: Where to go: places that hold most of what is expected; null where there are too few incidents.
        hotspots: Where incidents cluster, by rank.
        hotspots_total: The hot spots together.
        holdout: How such maps did on what came after; null for the reason in `holdout_reason`.
        holdout_reason: Why nothing was tested.
        shifts: The parts of the week.
        profile: The hours of the week.
        hotspot_profiles: The hours of each hot spot.
        conditions: Incidents with and without conditions of the calendar.
        series: Every month that is known.
        season: The monthly series taken apart.
        changes: Comparisons of the latest days with earlier ones.
        change_scale: From where on the words of a change hold.
        part_changes: How parts of the week changed; null where hours are not known.
        periods: The densities of periods that are compared; null where none is drawn.
        repeats: Repeats at the same place.
        near_repeat: Pairs of incidents that are near each other in place and time.
        months: Each month of the period.
        rates: What the rates of wards refer to; null where no population is known.
        harm: What the incidents weigh.
        havens: The safe havens; null where none were given.
        haven_gaps: Where and when none is open; null where that cannot be said.
        haven_sites: Candidates that would help most as new ones; null where no candidates were given.
        facilities: Premises, stations, schools and parks, by kind; empty where none were given.
        streets: The streets; null where none are known in the study area.
        perception: Safety Maps beside the crime; null where none were given.
        notes: What to know of the run, in sentences.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
    """

    schema_version: Literal["1"]
    crime: Annotated[str, Source("crime.slug")]
    crime_label: Annotated[str, Source("crime.label")]
    crime_plural: Annotated[str, Source("crime.plural")]
    period: Period
    methods: Annotated[tuple[str, ...], Source("request.methods")]
    data_status: Annotated[dict[str, str], Source("study.data_status")]
    handling: HandlingSummary
    not_to_share: str | None
    disclosure: DisclosureSummary
    published: PublishedSummary
    inputs: Annotated[tuple[ReadInputSummary, ...], Source("study.inputs")]
    accounts: AccountSummary
    n_reported: Annotated[int, Source("selection.n_reported")]
    quality: QualitySummary
    unrecognised_offences: Annotated[dict[str, int], Source("study.quality.unrecognised")]
    location_precision: dict[LocationPrecision, int]
    study_area: StudyAreaSummary
    wards: tuple[WardSummary, ...]
    density: DensitySummary
    clusters: ClusterSummary
    risk: RiskSummary | None
    significance: SignificanceSummary | None
    patrols: PatrolSummary | None
    hotspots: tuple[HotspotSummary, ...]
    hotspots_total: HotspotTotal
    holdout: HoldoutSummary | None
    holdout_reason: Annotated[str | None, Source("places.holdout_reason")]
    shifts: ShiftsSummary
    profile: ProfileSummary
    hotspot_profiles: tuple[HotspotHours, ...]
    conditions: tuple[ConditionSummary, ...]
    series: SeriesSummary
    season: Annotated[SeasonSummary, Source("times.season")]
    changes: tuple[ChangeSummary, ...]
    change_scale: ChangeScale
    part_changes: PartChangesSummary | None
    periods: PeriodsSummary | None
    repeats: RepeatSummary
    near_repeat: Annotated[NearRepeatSummary, Source("times.near_repeat")]
    months: tuple[MonthSummary, ...]
    rates: RateSummary | None
    harm: HarmSummary
    havens: HavensSummary | None
    haven_gaps: HavenGapsSummary | None
    haven_sites: HavenSitesSummary | None
    facilities: tuple[FacilityKindSummary, ...]
    streets: StreetsSummary | None
    perception: PerceptionSummary | None
    notes: tuple[str, ...]
    products: dict[str, str]
    version: str

    @property
    def main_change(self) -> ChangeSummary | None:
        """The comparison to look at first; None where none can be made."""
        return choose_main_change(self.changes)

    @property
    def shown_changes(self) -> list[ChangeSummary]:
        """The comparisons that wards and hot spots are shown for."""
        return choose_changes(self.changes)


def summarise(analysis: Analysis, *, audience: Audience = "tasking") -> RunSummary:
    """Everything an analysis found.

    Args:
        analysis: It.
        audience: For whom the products are.
    """
    places, times = analysis.places, analysis.times
    patrols = summarise_patrols(analysis)
    precision = analysis.incidents["location_precision"].value_counts().sort_index()
    summary = RunSummary.of(
        analysis,
        schema_version="1",
        not_to_share=say_not_to_share(analysis),
        disclosure=summarise_disclosure(analysis),
        published=summarise_published(analysis),
        period=count_period(analysis.start, analysis.end),
        quality=summarise_quality(analysis.study.quality, analysis),
        location_precision={kind: n for kind, n in precision.items() if n},
        study_area=StudyAreaSummary(
            n_wards=len(analysis.wards),
            is_all=len(analysis.wards) == len(analysis.study.boundaries.wards),
            stated_area=None if analysis.request.area is None else analysis.request.area.strip(),
            area_km2=analysis.study_area.area / 1e6,
            crs=name_crs(analysis.wards.crs),
        ),
        wards=summarise_wards(analysis),
        rates=analysis.ward_rates and summarise_rates(analysis.ward_rates),
        density=summarise_density(analysis),
        clusters=summarise_clusters(analysis),
        risk=summarise_risk(places),
        significance=summarise_significance(places),
        patrols=patrols,
        hotspots=tuple(
            summarise_hotspot(hotspot, where, analysis)
            for hotspot, where in zip(places.hotspots, locate_hotspots(places.hotspots, analysis), strict=True)
        ),
        hotspots_total=summarise_total(analysis),
        holdout=places.holdout and summarise_holdout(places.holdout),
        shifts=summarise_shifts(analysis),
        profile=summarise_profile(times.profile),
        hotspot_profiles=tuple(summarise_hotspot_hours(one, analysis.request.floor) for one in places.hotspots),
        conditions=tuple(summarise_condition(split) for split in times.conditions),
        series=summarise_series(times),
        changes=withhold_counts(
            [summarise_change(change, analysis) for change in times.changes],
            {
                "hotspots": [hotspot.n_incidents for hotspot in places.hotspots],
                "patrols": [place.n_incidents for place in places.patrol_places],
            },
            period=(analysis.start, analysis.end),
            floor=analysis.request.floor,
        ),
        change_scale=ChangeScale(clear_p=CLEAR_LEVEL, plain_p=PLAIN_LEVEL, min_for_percent=MIN_FOR_PERCENT),
        part_changes=summarise_part_changes(analysis),
        periods=summarise_periods(analysis),
        repeats=summarise_repeats(times.repeats),
        months=_summarise_months(analysis),
        harm=_summarise_harm(analysis),
        havens=summarise_coverage(analysis),
        haven_gaps=summarise_gaps(analysis, patrols),
        haven_sites=summarise_sites(analysis),
        facilities=summarise_facilities(analysis),
        streets=summarise_streets(analysis),
        perception=summarise_perception(analysis),
        notes=(*_note_gaps(analysis), *analysis.notes, *_note_overlaps(analysis), *_note_residents(analysis)),
        handling=summarise_handling(analysis.study.house, audience),
        products={key: name for key, name in PRODUCTS.items() if analysis.streets or key not in OF_STREETS}
        | (FACILITY_PRODUCTS if analysis.facilities else {})
        | (SAFETY_PRODUCTS if analysis.perception else {}),
        version=hotspots.__version__,
    )
    said = [
        line for note in ("places.chosen", "times.reported", "certainty.some_wards") for line in say_each(note, summary)
    ]
    return dataclasses.replace(summary, notes=(*said, *summary.notes))


def count_period(start: dt.date, end: dt.date) -> Period:
    """Days and how many they are."""
    return Period(start=start, end=end, n_days=(end - start).days + 1)


def _note_gaps(analysis: Analysis) -> list[str]:
    """What the files do not cover, and what became of it in the widest comparison."""
    times, plural = analysis.times, analysis.crime.plural
    widest = times.changes[-1]
    low = [month for month in analysis.study.known_time.months.low if month[0] in times.months.index]
    return [
        *say_each("gaps.holes", times.holes, plural),
        *say_each("gaps.left_out", widest.n_left_out, plural),
        *say_each("gaps.lost", widest.lost, plural),
        *say_each("gaps.low", low),
    ]


def _note_overlaps(analysis: Analysis) -> list[str]:
    """What may be counted twice, of the crime that was analysed."""
    categories = set(analysis.incidents["category"].unique())
    return say_each("quality.overlaps", [one for one in analysis.study.quality.overlaps if one.category in categories])


def _note_residents(analysis: Analysis) -> list[str]:
    """Which of the wards analysed have no rate, and how many incidents of the crime that leaves out."""
    known, wards = analysis.study.quality.residents, analysis.wards
    unknown = wards.index[~(wards["population"] > 0)]
    if known is None or unknown.empty:
        return []
    share = float(analysis.incidents["ward_code"].isin(unknown).mean())
    found = dataclasses.replace(
        known, n_wards=len(wards), n_unknown=len(unknown), unknown_codes=tuple(map(str, unknown))
    )
    return [say("quality.residents", found, crime=analysis.crime.plural, share=share)]


def _summarise_months(analysis: Analysis) -> tuple[MonthSummary, ...]:
    return tuple(
        MonthSummary(
            month=str(month),
            n_incidents=n,
            is_whole=is_whole_month(month, start=analysis.start, end=analysis.end),
            has_data=month not in analysis.empty_months,
        )
        for month, n in analysis.months.items()
        if isinstance(month, pd.Period)
    )


def _summarise_harm(analysis: Analysis) -> HarmSummary:
    harm = analysis.harm
    total = None if harm.n_unweighed else harm.harm.loc[analysis.incidents.index].sum()
    return HarmSummary.of(harm, total=total, ranks=analysis.request.harm is not None)
