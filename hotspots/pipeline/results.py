"""What an analysis of one crime holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.analysis.rates import AreaRates
from hotspots.analysis.safe_havens import Coverage, CoverageShares, WindowCoverage
from hotspots.crimes import Crime
from hotspots.harm import HarmWeights
from hotspots.pipeline.facility_kinds import FacilityKind
from hotspots.pipeline.felt_places import PerceptionAnalysis
from hotspots.pipeline.places import PlaceAnalysis
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Accounts, Selection
from hotspots.pipeline.street_analysis import StreetAnalysis
from hotspots.pipeline.study import Study
from hotspots.pipeline.times import TimeAnalysis


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenAnalysis:
    """Safe havens, and what they cover.

    Attributes:
        havens: The havens table.
        coverage: Over the whole week, of incidents when they began.
        shares: At the hours at which they may have happened.
        peaks: In each peak of the profile, in their order.
        reach: The part of the study area within reach of any haven.
    """

    havens: gpd.GeoDataFrame
    coverage: Coverage
    shares: CoverageShares
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
        ward_counts: `count_wards` of the rows analysed, and `n_months_uncovered` of the period, for which the files do
            not cover the ward.
        ward_rates: `estimate_rates` of them; None where no ward has a population.
        n_years: Length of the period without the months whose feed failed: what rates are a year of.
        harm: What the rows weigh; by severity unless the request says otherwise.
        months: Incidents by calendar month of the period.
        empty_months: Months of the period whose feed failed, which are not months without crime.
        havens: What the safe havens cover; None where none were given.
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
    havens: HavenAnalysis | None
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
