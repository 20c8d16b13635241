"""The only composer: files to a study, a study and a request to an analysis."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.analysis import (
    Clusters,
    Coverage,
    DensitySurface,
    Hotspot,
    WeeklyProfile,
    count_months,
    count_wards,
    estimate_density,
    find_clusters,
    measure_coverage,
    profile_week,
    rank_hotspots,
    weigh_hours,
)
from hotspots.crimes import KNIFE_CRIME, Crime, find_crime, list_crimes, select_crime
from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError
from hotspots.geography import Grid, assign_wards
from hotspots.ingest import (
    Boundaries,
    Havens,
    InputFile,
    Intake,
    read_boundaries,
    read_havens,
    read_incidents,
)
from hotspots.ingest.incidents import common_status

Progress = Callable[[str], None]


def _silent(message: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything read, before a crime is chosen.

    Attributes:
        intake: Incidents and refusals; the incidents carry `ward_code`.
        boundaries: Wards.
        havens: Safe havens, or None where none were given.
    """

    intake: Intake
    boundaries: Boundaries
    havens: Havens | None

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files read, incidents first."""
        havens = self.havens.inputs if self.havens else ()
        return self.intake.inputs + self.boundaries.inputs + havens

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        files = {
            "incidents": self.intake.inputs,
            "boundaries": self.boundaries.inputs,
            "safe havens": self.havens.inputs if self.havens else (),
        }
        said = {table: common_status(inputs) for table, inputs in files.items()}
        return {table: status for table, status in said.items() if status}

    @property
    def crimes(self) -> list[Crime]:
        """The crimes that can be asked for."""
        return list_crimes(self.intake.incidents)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRequest:
    """What to analyse, and how.

    Attributes:
        crime: Slug of the crime.
        start, end: First and last day, inclusive; by default those of the incidents read.
        wards: Codes or names of the wards to analyse; all by default.
        cell_size_m, bandwidth_m: Of the density surface.
        eps_m, min_samples: Of the clusters; `min_samples` is chosen by default.
        reach_m: Of the safe havens.
    """

    crime: str
    start: dt.date | None = None
    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    cell_size_m: float = 50.0
    bandwidth_m: float = 300.0
    eps_m: float = 125.0
    min_samples: int | None = None
    reach_m: float = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Where every row went: `read` is the sum of all the others.

    Attributes:
        read: Rows in the incident files.
        rejected: Rows refused, by reason, whatever their crime.
        other_crimes: Rows of other crimes than the one asked for.
        outside_period: Rows of the crime outside the days asked for.
        outside_area: Rows of the crime in the period, in none of the wards analysed.
        analysed: Rows that every number in the analysis is made from.
        rejected_of_crime: How many of the rejected are known to be of the crime asked for.
    """

    read: int
    rejected: dict[str, int]
    other_crimes: int
    outside_period: int
    outside_area: int
    analysed: int
    rejected_of_crime: int

    def __post_init__(self) -> None:
        parts = sum(self.rejected.values()) + self.other_crimes + self.outside_period + self.outside_area
        if self.read != parts + self.analysed:
            raise AssertionError(f"accounts do not add up: {self}")


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
        density, clusters, hotspots, profile: The results of the functions of the same name.
        ward_counts: `count_wards` of the rows analysed.
        months: Incidents by calendar month of the period.
        empty_months: Months of the period in which the files hold no row of any crime: a gap in the feed, not a
            month without crime.
        coverage: Of the safe havens; None where none were given.
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
    density: DensitySurface
    clusters: Clusters
    hotspots: tuple[Hotspot, ...]
    profile: WeeklyProfile
    ward_counts: pd.DataFrame
    months: pd.Series
    empty_months: tuple[pd.Period, ...]
    coverage: Coverage | None
    notes: tuple[str, ...] = field(default=())


def load_study(
    incidents: Sequence[Path],
    boundaries: Sequence[Path],
    havens: Sequence[Path] = (),
    *,
    progress: Progress = _silent,
) -> Study:
    """Read incidents, boundaries and safe havens, and assign every incident to its ward.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file cannot be read as what it should hold.
    """
    outlines = read_boundaries(boundaries)
    places = read_havens(havens) if havens else None
    intake = read_incidents(incidents, progress=progress)
    progress("wards")
    located = intake.incidents.assign(ward_code=assign_wards(intake.incidents, outlines.wards))
    intake = Intake(
        incidents=located,
        rejected=intake.rejected,
        inputs=intake.inputs,
        quality=intake.quality,
        notes=intake.notes,
    )
    return Study(intake=intake, boundaries=outlines, havens=places)


def analyse(study: Study, request: AnalysisRequest, *, progress: Progress = _silent) -> Analysis:
    """Run every analysis of one crime.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: The period ends before it starts, or an option is out of range.
        TooLittleDataError: No incident is left to analyse.
    """
    incidents = study.intake.incidents
    flags = bool(incidents["is_knife"].notna().any())
    crime = find_crime(request.crime, among=study.crimes, knife_is_flagged=flags)
    start, end = find_period(incidents, request)
    wards = _select_wards(study.boundaries.wards, request.wards)

    is_crime = select_crime(incidents, crime).to_numpy()
    first, last = _days_of(incidents)
    in_period = (first >= np.datetime64(start)) & (last <= np.datetime64(end))
    in_area = incidents["ward_code"].isin(wards.index).to_numpy()
    analysed = incidents[is_crime & in_period & in_area]
    rejected = study.intake.rejected
    accounts = Accounts(
        read=study.intake.n_read,
        rejected={str(k): int(v) for k, v in sorted(rejected["reason"].value_counts().items())},
        other_crimes=int((~is_crime).sum()),
        outside_period=int((is_crime & ~in_period).sum()),
        outside_area=int((is_crime & in_period & ~in_area).sum()),
        analysed=len(analysed),
        rejected_of_crime=int(select_crime(rejected, crime).sum()),
    )
    if analysed.empty:
        raise TooLittleDataError(
            f"No {crime.plural} are left to analyse from {start} to {end} in {len(wards)} wards: of "
            f"{int(is_crime.sum()):,} read, {accounts.outside_period:,} lie outside the period and "
            f"{accounts.outside_area:,} outside the wards. Widen --from and --to, or --ward; "
            "or check that incidents and boundaries are of the same place."
        )

    study_area = wards.geometry.union_all()
    progress("density")
    grid = Grid.covering(study_area.bounds, cell_size_m=request.cell_size_m, padding_m=max(request.bandwidth_m, 0))
    density = estimate_density(analysed, grid=grid, bandwidth_m=request.bandwidth_m)
    progress("clusters")
    clusters = find_clusters(
        analysed,
        eps_m=request.eps_m,
        min_samples=request.min_samples,
        study_area_km2=study_area.area / 1e6,
    )
    hours = weigh_hours(analysed)
    hotspots = rank_hotspots(analysed, clusters, study_area=study_area, hours=hours)
    progress("hours and havens")
    coverage = measure_coverage(analysed, study.havens.havens, reach_m=request.reach_m) if study.havens else None
    months = pd.period_range(start, end, freq="M")
    all_crimes = count_months(incidents, months=months)
    empty_months = tuple(month for month, n in zip(months, all_crimes, strict=True) if n == 0)
    return Analysis(
        crime=crime,
        start=start,
        end=end,
        request=request,
        study=study,
        accounts=accounts,
        incidents=analysed,
        wards=wards,
        study_area=study_area,
        density=density,
        clusters=clusters,
        hotspots=hotspots,
        profile=profile_week(analysed, hours=hours),
        ward_counts=count_wards(analysed, wards),
        months=count_months(analysed, months=months),
        empty_months=empty_months,
        coverage=coverage,
        notes=(*study.intake.notes, *_notes(study, crime, empty_months)),
    )


def _notes(study: Study, crime: Crime, empty_months: Sequence[pd.Period]) -> list[str]:
    notes = []
    incidents = study.intake.incidents
    if empty_months:
        notes.append(
            "The files hold no row of any crime for "
            f"{', '.join(month.strftime('%B %Y') for month in empty_months)}: a gap in the data, not a fall in crime."
        )
    if crime.slug == KNIFE_CRIME:
        silent = int(incidents["is_knife"].isna().sum())
        if silent:
            notes.append(
                f"{silent:,} incidents come from rows that do not say whether a knife was used; they are counted "
                "with the other crimes."
            )
    if study.boundaries.n_repaired:
        notes.append(f"{study.boundaries.n_repaired} ward outlines crossed themselves and were made valid.")
    if study.havens and study.havens.n_without_location:
        notes.append(f"{study.havens.n_without_location} safe havens have no usable location and are left out.")
    if study.havens and study.havens.n_hours_unreadable:
        notes.append(
            f"The opening hours of {study.havens.n_hours_unreadable} safe havens are not in OpenStreetMap syntax; "
            "they count as closed."
        )
    unrecognised = study.intake.quality["unrecognised_offences"]
    if unrecognised:
        notes.append(f"{unrecognised:,} rows have an offence text that is in no table; they count as other crimes.")
    return notes


def _days_of(incidents: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """First and last day on which each incident can have started: a month-only one, its whole month."""
    first = incidents["started_at"].to_numpy().astype("datetime64[D]")
    month = (incidents["time_precision"] == "month").to_numpy()
    next_month = first.astype("datetime64[M]") + np.timedelta64(1, "M")
    last = np.where(month, next_month.astype("datetime64[D]") - np.timedelta64(1, "D"), first)
    return first, last


def find_period(incidents: gpd.GeoDataFrame, request: AnalysisRequest) -> tuple[dt.date, dt.date]:
    """The first and last day to analyse: those asked for, or those of the incidents.

    Month-only incidents stretch the default to whole months, and count only where their whole month lies in
    the period, since nobody knows on which side of a day inside it they fell.

    Raises:
        ParameterError: The period ends before it starts.
        TooLittleDataError: There is no incident to take the period from.
    """
    start, end = request.start, request.end
    if start is None or end is None:
        if incidents.empty:
            raise TooLittleDataError("Every row was rejected, so there is nothing to analyse. See rejected.csv.")
        first, last = _days_of(incidents)
        start = start or first.min().astype(dt.date)
        end = end or last.max().astype(dt.date)
    if end < start:
        raise ParameterError(f"A period must end on or after its first day; it runs from {start} to {end}. Swap them.")
    return start, end


def is_whole_month(month: pd.Period, *, start: dt.date, end: dt.date) -> bool:
    """Whether every day of the month lies in the period."""
    last = calendar.monthrange(month.year, month.month)[1]
    return start <= dt.date(month.year, month.month, 1) and dt.date(month.year, month.month, last) <= end


def _select_wards(wards: gpd.GeoDataFrame, wanted: Sequence[str]) -> gpd.GeoDataFrame:
    if not wanted:
        return wards
    names = wards["ward_name"].astype("str").str.casefold()
    codes: set[str] = set()
    for word in wanted:
        if word in wards.index:
            codes.add(word)
            continue
        matches = list(wards.index[names == word.strip().casefold()])
        if not matches:
            listed = ", ".join(f"{name} ({code})" for code, name in wards["ward_name"].head(8).items())
            raise NotFoundError(
                f'No ward called "{word}" in the boundaries. Give a code or a name, such as {listed}'
                f"{' ...' if len(wards) > 8 else ''}."
            )
        if len(matches) > 1:
            raise ParameterError(
                f'{len(matches)} wards are called "{word}": {", ".join(matches)}. Give the code instead.'
            )
        codes.add(str(matches[0]))
    return wards[wards.index.isin(codes)]
