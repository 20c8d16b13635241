"""What an analysis of one crime holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.analysis.rates import AreaRates
from hotspots.crimes import Crime
from hotspots.harm import HarmWeights
from hotspots.pipeline.facility_kinds import FacilityKind
from hotspots.pipeline.felt_places import PerceptionAnalysis
from hotspots.pipeline.part_changes import PartChanges
from hotspots.pipeline.patrol_week import PatrolWeek
from hotspots.pipeline.period_densities import PeriodDensities
from hotspots.pipeline.places import PlaceAnalysis
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run_havens import HavenAnalysis
from hotspots.pipeline.selection import Accounts, Selection
from hotspots.pipeline.street_analysis import StreetAnalysis
from hotspots.pipeline.study import Study
from hotspots.pipeline.times import TimeAnalysis

if TYPE_CHECKING:  # a run without candidates needs nothing of it
    from hotspots.pipeline.haven_siting import Siting


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The results for one crime, with the parameters and accounts that they rest on.

    Attributes:
        request: As it was asked.
        study: What was read.
        selection: The part of it that was asked for, with its crime, days and wards.
        places: Where they are.
        times: When they are.
        ward_counts: `count_wards` of the rows analysed, and `n_months_uncovered` of the period, for which the files do
            not cover the ward.
        ward_rates: `estimate_rates` of them; None where no ward has a population.
        n_years: Length of the period without the months whose feed failed: what rates are a year of.
        harm: What the rows weigh; by severity unless the request says otherwise.
        months: Incidents by calendar month of the period.
        empty_months: Months of the period whose feed failed, which are not months without crime.
        patrol_week: What to expect at places to patrol by hour of the week; None where hours are not known.
        periods: Where the incidents of both windows of the usual comparisons were, the main one first.
        part_changes: How they changed in each part of the week; None where hours are not known, or the area may be
            smaller than a ward.
        havens: What the safe havens cover; None where none were given.
        new_havens: Which candidates would help most as new ones; None where no candidates were given.
        facilities: Premises, stations, schools and parks, each kind at its own hours; empty where none were given.
        streets: On which streets they are; None where no streets are known in the study area.
        perception: Safety Maps beside the crime; None where none were given.
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
    patrol_week: PatrolWeek | None
    periods: tuple[PeriodDensities, ...]
    part_changes: PartChanges | None
    havens: HavenAnalysis | None
    new_havens: Siting | None = None
    facilities: tuple[FacilityKind, ...] = ()
    streets: StreetAnalysis | None = None
    perception: PerceptionAnalysis | None = None
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
