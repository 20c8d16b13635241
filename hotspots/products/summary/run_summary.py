"""The summary of a run: every number that its products may show."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import pandas as pd

import hotspots
from hotspots.analysis.change import CLEAR_LEVEL, MIN_FOR_PERCENT, PLAIN_LEVEL
from hotspots.analysis.rates import FEW_AREAS, AreaRates
from hotspots.analysis.safe_havens import Coverage, CoverageShares, WindowCoverage
from hotspots.contracts import LocationPrecision
from hotspots.geography import name_crs
from hotspots.harm import HarmWeights, Measure
from hotspots.house import Audience
from hotspots.ingest.formats import InputFile, InputTable
from hotspots.pipeline import Accounts, Analysis, is_whole_month
from hotspots.products.summary.disclosure_summary import DisclosureSummary, say_not_to_share, summarise_disclosure
from hotspots.products.summary.encoding import (
    Hundredths,
    Metres,
    Month,
    Part,
    PerKm2,
    Quantity,
    Share,
    Source,
    Spread,
    Tenths,
)
from hotspots.products.summary.facility_summary import FacilityKindSummary, summarise_facilities
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
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
    ChangeScale,
    ChangeSummary,
    ConditionSummary,
    NearRepeatSummary,
    ProfileSummary,
    RepeatSummary,
    SeasonSummary,
    SeriesSummary,
    WardHours,
    choose_changes,
    choose_main_change,
    summarise_change,
    summarise_condition,
    summarise_profile,
    summarise_repeats,
    summarise_series,
    summarise_ward_hours,
)
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
class WardRates(Part):
    """Incidents per `rates.per` residents and year; all null where the ward has no population.

    Attributes:
        population: Residents.
        rate: The plain rate.
        rate_low, rate_high: Its exact limits.
        shrunk_rate: The rate drawn towards those of the other wards, as far as its own number is small.
        shrunk_low, shrunk_high: Its limits.
        ratio_low, ratio_high: Limits of the plain rate over that of all wards together.
        is_small: Whether there are too few incidents for the plain rate to be read.
    """

    population: Annotated[float | None, Quantity(decimals=0)]
    rate: Hundredths | None
    rate_low: Hundredths | None
    rate_high: Hundredths | None
    shrunk_rate: Hundredths | None
    shrunk_low: Hundredths | None
    shrunk_high: Hundredths | None
    ratio_low: Hundredths | None
    ratio_high: Hundredths | None
    is_small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WardSummary(Part):
    """One ward.

    Attributes:
        code: Its code in the boundaries.
        name: What it is called.
        borough: The local authority that it is of.
        rank: By incidents, 1 has most; equal numbers share the better rank.
        n_incidents: Incidents in it.
        area_km2: Its area.
        density_per_km2: Incidents per square kilometre.
        n_months_uncovered: Months of the period for which the files do not cover it, while they cover others: its
            number, its rate and its rank are lower than they were.
        rates: Left out where no population is known at all.
        profile: Its hours; null without incidents.
    """

    code: str
    name: str
    borough: str | None
    rank: int
    n_incidents: int
    area_km2: Annotated[float, Quantity("km²", decimals=3)]
    density_per_km2: PerKm2
    n_months_uncovered: int
    rates: Annotated[WardRates | None, Spread]
    profile: WardHours | None


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
class RateSummary(Part):
    """What the rates of wards refer to.

    Attributes:
        per: Residents that rates refer to.
        n_years: Length of the period that the files speak for.
        overall_rate: Rate of all wards together of which the residents are known.
        confidence: Of the limits.
        n_without_population: Wards of which they are not known.
        n_incidents_without_population: Incidents in them, which are in no rate.
        shrunk_note: What to know of the limits of the shrunk rates; null where nothing.
    """

    view_of: ClassVar = AreaRates

    per: float
    n_years: Annotated[float, Quantity("years", decimals=3)]
    overall_rate: Hundredths | None
    confidence: Annotated[float, Quantity("share 0-1")]
    prior_shape: Annotated[float | None, Quantity(figures=4)]
    n_without_population: int
    n_incidents_without_population: int
    shrunk_note: str | None


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
class PeakCoverage(Part):
    """Coverage by safe havens within peak hours.

    Attributes:
        words: The hours in words.
    """

    view_of: ClassVar = WindowCoverage

    words: str
    n_timed: int
    share_within_reach: Share | None
    share_open_within_reach: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenSummary(Part):
    """One safe haven.

    Attributes:
        id: Its ID in the table.
        name: What it is called.
        kind: What it is.
        opening_hours: In the notation of OpenStreetMap.
        n_incidents: Incidents within reach; null where they are too few to be shown.
        week: Whether it is open in each hour of the week of `havens.week_of`, a letter each, Monday 00:00-00:59 first:
            o is open, p is open in a part of it, c is closed, ? is not known.
    """

    id: str
    name: str | None
    kind: str | None
    opening_hours: str | None
    n_incidents: int | None
    week: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCoverageSummary(Part):
    """What is covered at the hours at which incidents may have happened: each minute of an interval counts its share.

    Attributes:
        any_share: Of those whose hour is known, with any haven within reach, open or not; null without any.
        open_share: With one that is open then.
        unknown_share: With none known to be open then, and one of which that is not known.
        lost_share: With one within reach, and all known to be closed then: what closing time costs.
    """

    view_of: ClassVar = CoverageShares

    n_timed: Tenths
    any_share: Share | None
    open_share: Share | None
    unknown_share: Share | None
    lost_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavensSummary(Part):
    """The safe havens, and what they cover of incidents known more exactly than to an area.

    Attributes:
        n_havens: How many they are.
        area_share_within_reach: Share of the study area within reach of any, in a straight line.
        by_hour: At the hours at which they may have happened.
        peaks: Within each peak of the week.
        week_of: The Monday of the ordinary week of which it is said when each is open.
        week_has_bank_holiday: Whether one is in it all the same, as in every week of the period.
        week_is_in_term: Whether it is in school term; null where that is not known.
        havens: Each of them.
    """

    view_of: ClassVar = Coverage

    reach_m: Metres
    is_along_streets: bool
    n_havens: int
    area_share_within_reach: Share
    n_incidents: int
    n_within_reach: int
    share_within_reach: Share | None
    n_timed: int
    n_open_within_reach: int
    share_open_within_reach: Share | None
    n_hours_unknown: int
    by_hour: HourCoverageSummary
    peaks: tuple[PeakCoverage, ...]
    week_of: dt.date
    week_has_bank_holiday: bool
    week_is_in_term: bool | None
    havens: tuple[HavenSummary, ...]


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
        wards=_summarise_wards(analysis),
        rates=analysis.ward_rates and _summarise_rates(analysis.ward_rates),
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
        havens=_summarise_havens(analysis),
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


def _summarise_wards(analysis: Analysis) -> tuple[WardSummary, ...]:
    rates = analysis.ward_rates
    return tuple(
        WardSummary(
            code=str(code),
            name=ward["ward_name"],
            borough=ward["borough"],
            rank=ward["rank"],
            n_incidents=ward["n_incidents"],
            area_km2=ward["area_km2"],
            density_per_km2=ward["density_per_km2"],
            n_months_uncovered=ward["n_months_uncovered"],
            rates=None if rates is None else WardRates.of(rates.table.loc[str(code)]),
            profile=summarise_ward_hours(str(code), analysis),
        )
        for code, ward in analysis.ward_counts.iterrows()
    )


def _summarise_rates(rates: AreaRates) -> RateSummary:
    return RateSummary.of(rates, shrunk_note=say("places.weak_prior", FEW_AREAS) if rates.is_prior_weak else None)


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


def _summarise_havens(analysis: Analysis) -> HavensSummary | None:
    found = analysis.havens
    if found is None:
        return None
    floor, n_by_haven = analysis.request.floor, found.coverage.n_incidents_by_haven
    return HavensSummary.of(
        found.coverage,
        n_havens=len(found.havens),
        by_hour=HourCoverageSummary.of(found.shares),
        area_share_within_reach=found.reach.area / analysis.study_area.area,
        peaks=tuple(
            PeakCoverage.of(covered, words=peak.words)
            for peak, covered in zip(analysis.times.profile.peaks, found.peaks, strict=True)
        ),
        week_of=found.week.first_day,
        week_has_bank_holiday=found.week.has_bank_holiday,
        week_is_in_term=found.week.is_in_term,
        havens=tuple(
            HavenSummary(
                id=str(haven_id),
                name=haven["name"],
                kind=haven["kind"],
                opening_hours=haven["opening_hours"],
                n_incidents=n_by_haven[haven_id] if floor.is_met(n_by_haven[haven_id], floor.min_places) else None,
                week=week,
            )
            for (haven_id, haven), week in zip(found.havens.iterrows(), found.week.states, strict=True)
        ),
    )
