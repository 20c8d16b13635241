"""The only composer: a study and a request to an analysis."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.calendar import count_months
from hotspots.analysis.hotspots import assign_outlines, count_wards
from hotspots.analysis.hours import (
    Coverage,
    WeeklyProfile,
    WindowCoverage,
    measure_coverage,
    measure_reach,
    measure_window_coverage,
    weigh_hours,
)
from hotspots.analysis.rates import AreaRates, estimate_rates
from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME, Crime
from hotspots.harm import HarmWeights, weigh_harm
from hotspots.ingest.reference import Havens
from hotspots.pipeline.places import PlaceAnalysis, analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.study import Accounts, Progress, Selection, Study, say_rows, say_texts, select_incidents, silent
from hotspots.pipeline.times import TimeAnalysis, analyse_times

_LARGE_AREA_SHARE = 0.15
_N_NAMED = 5
_GAPS = {
    "no data": "no row of any crime",
    "no data of this crime": "no {}, which chance alone would hardly do,",
    "part of this crime": "only a part of the {}",
    "incomplete data": "less than half of the usual rows of all crimes",
}
"""What is missing in a month that is a gap, by its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenAnalysis:
    """Safe havens, and what they cover.

    Attributes:
        havens: The havens table.
        coverage: Over the whole week.
        peaks: In each peak of the profile, in their order.
        reach: The part of the study area within reach of any haven.
    """

    havens: gpd.GeoDataFrame
    coverage: Coverage
    peaks: tuple[WindowCoverage, ...]
    reach: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The results for one crime, with the parameters and accounts that they rest on.

    Attributes:
        crime: What was analysed.
        start, end: First and last day, inclusive.
        request: As it was asked.
        study: What was read.
        accounts: Where every row went.
        incidents: The rows analysed.
        wards: The wards analysed.
        study_area: Their union, metres.
        places: Where they are.
        times: When they are.
        ward_counts: `count_wards` of the rows analysed.
        ward_rates: `estimate_rates` of them; None where no ward has a population.
        n_years: Length of the period without the months whose feed failed: what rates are a year of.
        harm: What the rows weigh; by severity unless the request says otherwise.
        months: Incidents by calendar month of the period.
        empty_months: Months of the period whose feed failed, which are not months without crime.
        havens: What the safe havens cover; None where none were given.
        notes: What a reader should know.
    """

    crime: Crime
    start: dt.date
    end: dt.date
    request: AnalysisRequest
    study: Study
    accounts: Accounts
    incidents: gpd.GeoDataFrame
    wards: gpd.GeoDataFrame
    study_area: shapely.Geometry
    places: PlaceAnalysis
    times: TimeAnalysis
    ward_counts: pd.DataFrame
    ward_rates: AreaRates | None
    n_years: float
    harm: HarmWeights
    months: pd.Series
    empty_months: tuple[pd.Period, ...]
    havens: HavenAnalysis | None
    notes: tuple[str, ...] = field(default=())


def analyse(study: Study, request: AnalysisRequest, *, progress: Progress = silent) -> Analysis:
    """Run every analysis of one crime.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: An option is out of range.
        DataError: Incidents are to be weighed by harm, and some have none.
        TooLittleDataError: No incident is left to analyse.
    """
    chosen = select_incidents(study, request)
    crime, wards, start, end, analysed = chosen.crime, chosen.wards, chosen.start, chosen.end, chosen.incidents
    progress(f"{crime.slug}: places")
    study_area = wards.geometry.union_all()
    weighed = weigh_harm(
        pd.concat([analysed, chosen.beyond]) if len(chosen.beyond) else analysed,
        table=study.harm,
        measure=request.harm or "severity",
        allow_unweighed=request.harm is None,
    )
    hours = weigh_hours(analysed)
    places = analyse_places(
        analysed,
        chosen.beyond,
        chosen.others,
        chosen.others_beyond,
        wards=wards,
        study_area=study_area,
        start=start,
        end=end,
        hours=hours,
        request=request,
        harm=weighed.harm if not weighed.n_unweighed else None,
        past=(chosen.earlier, chosen.earlier_beyond, chosen.earlier_others),
    )
    progress(f"{crime.slug}: times")
    times = _analyse_times(study, chosen, places, study_area=study_area, hours=hours)
    ward_counts = count_wards(analysed, wards)
    progress(f"{crime.slug}: havens")
    havens = _cover(analysed, study.havens, times.profile, request.reach_m, study_area) if study.havens else None
    months = pd.period_range(start, end, freq="M")
    empty_months = tuple(month for month in times.gap_months if month in months)
    n_years = _count_days(start, end, empty_months) / 365.25
    analysis = Analysis(
        crime=crime,
        start=start,
        end=end,
        request=request,
        study=study,
        accounts=chosen.accounts,
        incidents=analysed,
        wards=wards,
        study_area=study_area,
        places=places,
        times=times,
        ward_counts=ward_counts,
        ward_rates=estimate_rates(ward_counts["n_incidents"], wards["population"], n_years=n_years)
        if (wards["population"] > 0).any()
        else None,
        n_years=n_years,
        harm=weighed,
        months=count_months(analysed, months=months),
        empty_months=empty_months,
        havens=havens,
    )
    return dataclasses.replace(analysis, notes=(*study.intake.notes, *_notes(analysis)))


def _analyse_times(
    study: Study,
    chosen: Selection,
    places: PlaceAnalysis,
    *,
    study_area: shapely.Geometry,
    hours: sparse.csr_array,
) -> TimeAnalysis:
    outlines = [hotspot.outline for hotspot in places.hotspots]
    when = ["started_at", "time_precision"]
    everything = pd.concat([pd.DataFrame(table[when]) for table in (study.earlier, study.intake.incidents)])
    return analyse_times(
        chosen.incidents,
        chosen.earlier,
        everything[everything["started_at"] < pd.Timestamp(chosen.end) + pd.Timedelta(days=1)],
        wards=chosen.wards,
        study_area=study_area,
        start=chosen.start,
        end=chosen.end,
        hours=hours,
        hotspot_index=assign_outlines(chosen.incidents, outlines),
        earlier_hotspot_index=assign_outlines(chosen.earlier, outlines),
        n_hotspots=len(outlines),
        calendar=study.calendar,
    )


def _count_days(start: dt.date, end: dt.date, empty_months: tuple[pd.Period, ...]) -> int:
    """Days of the period, without those of months in which the files hold nothing."""
    days = pd.date_range(start, end)
    return int((~days.to_period("M").isin(list(empty_months))).sum())


def _cover(
    incidents: gpd.GeoDataFrame,
    havens: Havens,
    profile: WeeklyProfile,
    reach_m: float,
    study_area: shapely.Geometry,
) -> HavenAnalysis:
    coverage = measure_coverage(incidents, havens.havens, reach_m=reach_m)
    return HavenAnalysis(
        havens=havens.havens,
        coverage=coverage,
        peaks=tuple(measure_window_coverage(incidents, coverage, hours=peak.hours) for peak in profile.peaks),
        reach=measure_reach(havens.havens, reach_m=reach_m, study_area=study_area),
    )


def _notes(analysis: Analysis) -> list[str]:
    """What a reader should know that is particular to this run."""
    study, request, crime = analysis.study, analysis.request, analysis.crime
    incidents, havens = study.intake.incidents, study.havens
    notes = []
    asked = (request.start or analysis.start, request.end or analysis.end)
    if asked != (analysis.start, analysis.end):
        notes.append(
            f"Asked for {asked[0]} to {asked[1]}; the incidents can answer for {analysis.start} to {analysis.end}, "
            "in whole months where they give no days."
        )
    if passed_over := [table.label for table in study.intake.passed_over]:
        more = " ..." if len(passed_over) > _N_NAMED else ""
        notes.append(
            f"Passed over, since they are no tables of incidents ({len(passed_over)}): "
            f"{', '.join(passed_over[:_N_NAMED])}{more}."
        )
    failed = analysis.times.gaps[analysis.times.gaps.index.isin(list(analysis.empty_months))]
    for reason, said in _GAPS.items():
        named = pd.PeriodIndex(failed.index[failed == reason]).strftime("%B %Y").tolist()
        if named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
            months = listed if len(named) <= 6 else f"{len(named)} months between {named[0]} and {named[-1]}"
            notes.append(
                f"The files hold {said.format(crime.plural)} for {months}: a gap in the data, not a fall in crime."
            )
    covered = set(incidents["ward_code"].dropna().unique())
    n_bare = int((~analysis.wards.index.isin(covered)).sum())
    if n_bare > len(analysis.wards) / 2:
        notes.append(
            f"{n_bare} of the {len(analysis.wards)} wards have no row of any crime: the boundaries reach beyond the "
            "data, so shares of the area mean little. Give the boundaries of the area that the data cover."
        )
    hot_share = sum(hotspot.area_km2 for hotspot in analysis.places.hotspots) * 1e6 / analysis.study_area.area
    if hot_share > _LARGE_AREA_SHARE:
        notes.append(
            f"The hot spots take up {hot_share:.0%} of the area, too much to single out places: give a higher "
            "--min-samples or a smaller --eps."
        )
    if n_area := int((analysis.incidents["location_precision"] == AREA).sum()):
        notes.append(
            f"{n_area:,} of the {len(analysis.incidents):,} {crime.plural} are located only to an area: they count for "
            "wards and hours, not for density and hot spots."
        )
    if n_postcode := int((analysis.incidents["location_precision"] == "postcode").sum()):
        notes.append(
            f"{n_postcode:,} of the {len(analysis.incidents):,} {crime.plural} stand at the point of their postcode, "
            "some fifteen addresses at once: a hot spot of a few such points is no more exact than their postcodes."
        )
    if crime.slug == KNIFE_CRIME:
        notes.append(
            "Knife crime is every incident that the source flags as involving a knife. Robberies among them are in "
            "robbery too, so the two must not be added."
        )
        if silent := int(incidents["is_knife"].isna().sum()):
            notes.append(f"Rows that do not say whether there was a knife, and are taken for other crimes: {silent:,}.")
    quality = study.quality
    if crime.slug == KNIFE_CRIME and quality.unread_knife:
        taken_for = "no" if quality.n_knife_taken_for_no else "not known"
        notes.append(
            f"Texts in the knife column that are taken for {taken_for}, with their rows: "
            f"{say_texts(quality.unread_knife)}."
        )
    categories = set(analysis.incidents["category"].unique())
    if overlaps := [overlap for overlap in quality.overlaps if overlap.category in categories]:
        one, other = overlaps[0].sources
        more = f" (and {len(overlaps) - 1} more pairs of files)" if len(overlaps) > 1 else ""
        notes.append(
            f"{one} and {other}{more} hold this crime in the same places and months: if they are records of the same "
            "incidents, these count twice. Leave one out."
        )
    if n_repaired := study.boundaries.n_repaired:
        notes.append(f"Ward outlines that crossed themselves and were made valid: {n_repaired}.")
    if havens and havens.n_without_location:
        notes.append(f"Safe havens left out for want of a usable location: {havens.n_without_location}.")
    if havens and havens.n_hours_unreadable:
        notes.append(
            "Safe havens whose opening hours are not in OpenStreetMap syntax, which count as closed: "
            f"{havens.n_hours_unreadable}."
        )
    if havens and (n_silent := int(havens.havens["opening_hours"].isna().sum()) - havens.n_hours_unreadable):
        every = n_silent == len(havens.havens)
        notes.append(
            "No safe haven states its opening hours, so nothing is said of which are open."
            if every
            else f"Safe havens that state no opening hours, and count as closed: {n_silent}."
        )
    if n_unrecognised := quality.n_unrecognised:
        notes.append(
            f"{say_rows(n_unrecognised, 'has', 'have')} an offence text that is in no table, and so a place among "
            f"other crimes: {say_texts(quality.unrecognised)}."
        )
    return notes
