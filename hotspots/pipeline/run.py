"""A study and a request to an analysis."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.analysis.calendar import count_months
from hotspots.analysis.hotspots import count_wards
from hotspots.analysis.hours import (
    Coverage,
    WeeklyProfile,
    WindowCoverage,
    measure_coverage,
    measure_reach,
    measure_window_coverage,
    profile_week,
    weigh_hours,
)
from hotspots.analysis.rates import AreaRates, estimate_rates
from hotspots.crimes import Crime
from hotspots.harm import HarmWeights, weigh_harm
from hotspots.pipeline.notes import list_notes
from hotspots.pipeline.places import PlaceAnalysis, analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Accounts, Selection, select_incidents
from hotspots.pipeline.study import Progress, Study, silent
from hotspots.pipeline.times import TimeAnalysis, analyse_times


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
        request: As it was asked.
        study: What was read.
        selection: The part of it that was asked for, with its crime, days and wards.
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

    request: AnalysisRequest
    study: Study
    selection: Selection
    places: PlaceAnalysis
    times: TimeAnalysis
    ward_counts: pd.DataFrame
    ward_rates: AreaRates | None
    n_years: float
    harm: HarmWeights
    months: pd.Series
    empty_months: tuple[pd.Period, ...]
    havens: HavenAnalysis | None
    notes: tuple[str, ...] = ()

    @property
    def crime(self) -> Crime:
        """What was analysed."""
        return self.selection.crime

    @property
    def start(self) -> dt.date:
        """First day."""
        return self.selection.start

    @property
    def end(self) -> dt.date:
        """Last day, inclusive."""
        return self.selection.end

    @property
    def accounts(self) -> Accounts:
        """Where every row went."""
        return self.selection.accounts

    @property
    def incidents(self) -> gpd.GeoDataFrame:
        """The rows analysed."""
        return self.selection.incidents

    @property
    def wards(self) -> gpd.GeoDataFrame:
        """The wards analysed."""
        return self.selection.wards

    @property
    def study_area(self) -> shapely.Geometry:
        """Their union, metres."""
        return self.selection.study_area


def analyse(study: Study, request: AnalysisRequest, *, progress: Progress = silent) -> Analysis:
    """Run every analysis of one crime.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: An option is out of range.
        DataError: Incidents are to be weighed by harm, and some have none.
        TooLittleDataError: No incident is left to analyse.
    """
    chosen = select_incidents(study, request)
    crime, incidents = chosen.crime, chosen.incidents
    progress(f"{crime.slug}: places")
    weighed = weigh_harm(
        pd.concat([incidents, chosen.beyond]) if len(chosen.beyond) else incidents,
        table=study.harm,
        measure=request.harm or "severity",
        allow_unweighed=request.harm is None,
    )
    hours = weigh_hours(incidents)
    profile = profile_week(incidents, hours=hours)
    places = analyse_places(
        chosen, request, hours=hours, profile=profile, harm=weighed.harm if not weighed.n_unweighed else None
    )
    progress(f"{crime.slug}: times")
    outlines = [hotspot.outline for hotspot in places.hotspots]
    times = analyse_times(study, chosen, hours=hours, profile=profile, outlines=outlines)
    ward_counts, population = count_wards(incidents, chosen.wards), chosen.wards["population"]
    progress(f"{crime.slug}: havens")
    months = pd.period_range(chosen.start, chosen.end, freq="M")
    empty_months = tuple(month for month in times.gap_months if month in months)
    n_years = _count_days(chosen.start, chosen.end, empty_months) / 365.25
    analysis = Analysis(
        request=request,
        study=study,
        selection=chosen,
        places=places,
        times=times,
        ward_counts=ward_counts,
        ward_rates=estimate_rates(ward_counts["n_incidents"], population, n_years=n_years)
        if (population > 0).any()
        else None,
        n_years=n_years,
        harm=weighed,
        months=count_months(incidents, months=months),
        empty_months=empty_months,
        havens=_cover(chosen, study.havens.havens, profile, reach_m=request.reach_m) if study.havens else None,
    )
    return dataclasses.replace(analysis, notes=(*study.intake.notes, *list_notes(analysis)))


def _count_days(start: dt.date, end: dt.date, empty_months: tuple[pd.Period, ...]) -> int:
    """Days of the period, without those of months in which the files hold nothing."""
    days = pd.date_range(start, end)
    return int((~days.to_period("M").isin(list(empty_months))).sum())


def _cover(chosen: Selection, havens: gpd.GeoDataFrame, profile: WeeklyProfile, *, reach_m: float) -> HavenAnalysis:
    coverage = measure_coverage(chosen.incidents, havens, reach_m=reach_m)
    return HavenAnalysis(
        havens=havens,
        coverage=coverage,
        peaks=tuple(measure_window_coverage(chosen.incidents, coverage, hours=peak.hours) for peak in profile.peaks),
        reach=measure_reach(havens, reach_m=reach_m, study_area=chosen.study_area),
    )
