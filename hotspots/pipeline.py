"""The only composer: files to a study, a study and a request to an analysis."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
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
    WindowCoverage,
    count_months,
    count_wards,
    estimate_density,
    find_clusters,
    measure_coverage,
    measure_reach,
    measure_window_coverage,
    outline_clusters,
    profile_week,
    rank_hotspots,
    weigh_hours,
)
from hotspots.analysis.clusters import choose_min_samples
from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME, Crime, CrimeDefinitions, find_crime, list_crimes, select_crime
from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError
from hotspots.geography import Grid, assign_wards
from hotspots.ingest import (
    Boundaries,
    Havens,
    InputFile,
    Intake,
    ReadingOptions,
    Store,
    read_boundaries,
    read_havens,
    read_incidents,
)
from hotspots.ingest.incidents import REJECTED_COLUMNS
from hotspots.ingest.locations import SWAPPED, find_swapped
from hotspots.ingest.parsing import find_days
from hotspots.ingest.records import REPEATED_ROW
from hotspots.quality import Quality, assess_quality
from hotspots.selection import find_period, is_near, select_wards

Progress = Callable[[str], None]

_MAX_CELLS_A_BANDWIDTH = 100
_CLUSTER_MARGIN = 4.0
"""How many eps beyond the wards incidents are still looked at, so that a cluster across the boundary is found."""
_LARGE_AREA_SHARE = 0.15
_N_NAMED = 5


def _silent(message: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything read, before a crime is chosen.

    Attributes:
        intake: Incidents and refusals; the incidents carry `ward_code`.
        boundaries: Wards.
        havens: Safe havens, or None where none were given.
        definitions: What each offence wording stands for.
        quality: Of the incidents.
    """

    intake: Intake
    boundaries: Boundaries
    havens: Havens | None
    definitions: CrimeDefinitions
    quality: Quality

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
        said = {table: sorted({f.data_status for f in inputs if f.data_status}) for table, inputs in files.items()}
        return {table: ", ".join(words) for table, words in said.items() if words}

    @property
    def crimes(self) -> list[Crime]:
        """The crimes that can be asked for."""
        present = {
            crime
            for table in (self.intake.incidents, self.intake.set_aside)
            for crime in list_crimes(table, definitions=self.definitions)
        }
        return sorted(present, key=lambda crime: crime.slug)


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

    Raises:
        ParameterError: A distance is not above 0 m or beyond what the method is for, or the period ends before it
            starts.
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

    def __post_init__(self) -> None:
        limits = {"cell size": (self.cell_size_m, 5_000), "bandwidth": (self.bandwidth_m, 20_000)}
        limits |= {"eps": (self.eps_m, 2_000), "reach": (self.reach_m, 20_000)}
        for name, (value, highest) in limits.items():
            if not (math.isfinite(value) and 0 < value <= highest):
                raise ParameterError(
                    f"The {name} must be above 0 m and at most {highest:,} m, not {value:g}. "
                    "Leave the option out for the usual value."
                )
        if self.bandwidth_m < self.cell_size_m:
            raise ParameterError(
                f"The bandwidth must be at least a cell; {self.bandwidth_m:g} m is less than {self.cell_size_m:g} m. "
                "Choose smaller cells or a larger bandwidth."
            )
        if self.bandwidth_m > _MAX_CELLS_A_BANDWIDTH * self.cell_size_m:
            raise ParameterError(
                f"A bandwidth may be {_MAX_CELLS_A_BANDWIDTH} cells long; {self.bandwidth_m:g} m is "
                f"{self.bandwidth_m / self.cell_size_m:,.0f} cells of {self.cell_size_m:g} m. Choose larger cells."
            )
        if self.start and self.end and self.end < self.start:
            raise ParameterError(
                f"A period must end on or after its first day; this one runs from {self.start} to {self.end}. "
                "Swap them."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Where every row went: `read` is the sum of all the others.

    Attributes:
        read: Rows in the incident files.
        rejected: Rows refused, by reason, whatever their crime.
        other_crimes: Rows of other crimes than the one asked for.
        outside_period: Rows of the crime outside the days analysed.
        outside_area: Rows of the crime in the period, in none of the wards analysed.
        analysed: Rows that every count in the analysis is made from.
        rejected_of_crime: How many of the rejected are known to be of the crime asked for, and not known to be of
            another period, or repeats of a row that counts.
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
        n_beyond: Rows of the crime and period in no ward analysed, but near enough to them to be used by the
            density and the clusters, so that neither stops at the boundary.
        wards: The wards analysed.
        study_area: Their union, metres.
        density, clusters, hotspots, profile: The results of the functions of the same name.
        ward_counts: `count_wards` of the rows analysed.
        months: Incidents by calendar month of the period.
        empty_months: Months of the period in which the files hold no row of any crime: a gap in the feed, not a
            month without crime.
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
    n_beyond: int
    wards: gpd.GeoDataFrame
    study_area: shapely.Geometry
    density: DensitySurface
    clusters: Clusters
    hotspots: tuple[Hotspot, ...]
    profile: WeeklyProfile
    ward_counts: pd.DataFrame
    months: pd.Series
    empty_months: tuple[pd.Period, ...]
    havens: HavenAnalysis | None
    notes: tuple[str, ...] = field(default=())


def load_study(
    incidents: Sequence[Path],
    boundaries: Sequence[Path],
    havens: Sequence[Path] = (),
    *,
    options: ReadingOptions | None = None,
    layer: str | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    store: Store | None = None,
    progress: Progress = _silent,
) -> Study:
    """Read incidents, boundaries and safe havens, and assign every incident to its ward.

    Args:
        incidents: Files, and folders of them.
        boundaries: Of the wards, likewise.
        havens: Safe havens, likewise; none by default.
        options: How incidents are read; everything is brought to its working CRS.
        layer: Layer of the boundary files; by default all that have codes.
        start: First day that will be asked for; months before are counted only, which saves memory.
        end: Last day, likewise.
        store: Where incidents that were read are kept.
        progress: Called with each step.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file cannot be read as what it should hold.
    """
    options = options or ReadingOptions()
    outlines = read_boundaries(boundaries, crs=options.crs, layer=layer)
    places = read_havens(havens, crs=options.crs) if havens else None
    intake = read_incidents(incidents, options=options, start=start, end=end, store=store, progress=progress)
    progress("wards")
    intake = place_in_wards(intake, outlines.wards)
    return Study(
        intake=intake,
        boundaries=outlines,
        havens=places,
        definitions=options.definitions,
        quality=assess_quality(intake, wards=outlines.wards),
    )


def place_in_wards(intake: Intake, wards: gpd.GeoDataFrame) -> Intake:
    """Give each incident its ward; refuse those in none that would lie in one if their coordinates changed places."""
    incidents = intake.incidents
    incidents["ward_code"] = assign_wards(incidents, wards)
    lost = incidents["ward_code"].isna().to_numpy()
    if not lost.any():
        return intake
    points = incidents.geometry[lost]
    swapped = np.zeros(len(incidents), dtype=bool)
    swapped[lost] = find_swapped(points.x.to_numpy(), points.y.to_numpy(), wards.geometry.union_all())
    if not swapped.any():
        return intake
    refused = incidents[swapped]
    rows = pd.DataFrame(refused.drop(columns="geometry")).assign(
        reason=SWAPPED, detail=[f"easting {point.x:.0f}, northing {point.y:.0f}" for point in refused.geometry]
    )
    rejected = pd.concat([intake.rejected, rows[list(REJECTED_COLUMNS)]], ignore_index=True)
    return dataclasses.replace(
        intake,
        incidents=incidents[~swapped],
        remarks=intake.remarks[~swapped],
        rejected=rejected.astype({"source": "category", "reason": "category"}),
    )


def analyse(study: Study, request: AnalysisRequest, *, progress: Progress = _silent) -> Analysis:
    """Run every analysis of one crime.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: An option is out of range.
        TooLittleDataError: No incident is left to analyse.
    """
    incidents, rejected, set_aside = study.intake.incidents, study.intake.rejected, study.intake.set_aside
    if incidents.empty and set_aside.empty:
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in rejected["reason"].value_counts().items())
        raise TooLittleDataError(
            f"No row of the {study.intake.n_read:,} read can be used{f': {reasons}' if reasons else ''}. "
            "Check that these are the right files."
        )
    crime = _find_crime(study, request.crime)
    wards = select_wards(study.boundaries.wards, request.wards)
    is_crime = select_crime(incidents, crime).to_numpy()
    first, last = find_days(incidents)
    n_aside = int(set_aside["n_rows"][select_crime(set_aside, crime)].sum())
    days = np.concatenate(
        [first, last, *(set_aside[day].to_numpy().astype(first.dtype) for day in ("first_day", "last_day"))]
    )
    start, end = find_period(
        incidents[is_crime], covered=(days.min(), days.max()), start=request.start, end=request.end
    )

    in_period = (first >= np.datetime64(start)) & (last <= np.datetime64(end))
    in_area = incidents["ward_code"].isin(wards.index).to_numpy()
    analysed = incidents[is_crime & in_period & in_area]
    accounts = Accounts(
        read=study.intake.n_read,
        rejected={str(k): int(v) for k, v in sorted(rejected["reason"].value_counts().items())},
        other_crimes=int((~is_crime).sum()) + study.intake.n_set_aside - n_aside,
        outside_period=int((is_crime & ~in_period).sum()) + n_aside,
        outside_area=int((is_crime & in_period & ~in_area).sum()),
        analysed=len(analysed),
        rejected_of_crime=int((select_crime(rejected, crime) & _is_loss(rejected, start, end)).sum()),
    )
    if analysed.empty:
        raise TooLittleDataError(
            f"No {crime.plural} are left to analyse from {start} to {end} in {len(wards)} wards: of "
            f"{int(is_crime.sum()) + n_aside:,} read, {accounts.outside_period:,} lie outside the period and "
            f"{accounts.outside_area:,} outside the wards. Widen --from and --to, or --ward; "
            "or check that incidents and boundaries are of the same place."
        )

    progress(f"{crime.slug}: density")
    study_area = wards.geometry.union_all()
    beyond = incidents[is_crime & in_period & ~in_area]
    margin = max(request.bandwidth_m, _CLUSTER_MARGIN * request.eps_m)
    beyond = beyond[is_near(beyond, study_area.bounds, margin)]
    around = gpd.GeoDataFrame(pd.concat([analysed, beyond]), crs=analysed.crs)
    around = around[(around["location_precision"] != AREA).to_numpy()]
    grid = Grid.covering(study_area.bounds, cell_size_m=request.cell_size_m, padding_m=request.bandwidth_m)
    density = estimate_density(around, grid=grid, bandwidth_m=request.bandwidth_m)
    progress(f"{crime.slug}: clusters")
    min_samples, reason = request.min_samples, None
    if min_samples is None:
        min_samples, reason = choose_min_samples(
            len(analysed), eps_m=request.eps_m, study_area_km2=study_area.area / 1e6
        )
    clusters = find_clusters(around, eps_m=request.eps_m, min_samples=min_samples)
    clusters = dataclasses.replace(clusters, min_samples_reason=reason)
    hours = weigh_hours(analysed)
    outlines = outline_clusters(around, clusters, study_area=study_area)
    hotspots = rank_hotspots(analysed, outlines, hours=hours, min_incidents=min_samples)
    profile = profile_week(analysed, hours=hours)
    progress(f"{crime.slug}: havens")
    havens = _cover(analysed, study.havens, profile, request.reach_m, study_area) if study.havens else None
    months = pd.period_range(start, end, freq="M")
    all_crimes = count_months(incidents, months=months)
    empty_months = tuple(month for month, n in zip(months, all_crimes, strict=True) if n == 0)
    analysis = Analysis(
        crime=crime,
        start=start,
        end=end,
        request=request,
        study=study,
        accounts=accounts,
        incidents=analysed,
        n_beyond=len(beyond),
        wards=wards,
        study_area=study_area,
        density=density,
        clusters=clusters,
        hotspots=hotspots,
        profile=profile,
        ward_counts=count_wards(analysed, wards),
        months=count_months(analysed, months=months),
        empty_months=empty_months,
        havens=havens,
    )
    return dataclasses.replace(analysis, notes=(*study.intake.notes, *_notes(analysis)))


def _is_loss(rejected: pd.DataFrame, start: dt.date, end: dt.date) -> pd.Series:
    """Which rejected rows may be of the period, and repeat none that counts."""
    day = rejected["started_at"].dt.normalize()
    elsewhere = (day < pd.Timestamp(start)) | (day > pd.Timestamp(end))
    is_loss: pd.Series = ~elsewhere & (rejected["reason"] != REPEATED_ROW)
    return is_loss


def _find_crime(study: Study, slug: str) -> Crime:
    incidents = study.intake.incidents
    try:
        return find_crime(slug, among=study.crimes, knife_is_flagged=bool(incidents["is_knife"].notna().any()))
    except NotFoundError as error:
        quality = study.quality
        if slug == KNIFE_CRIME and quality.unread_knife:
            raise NotFoundError(
                "No row is known to be knife crime: the knife column says neither yes nor no but "
                f"{_say_texts(quality.unread_knife)}. Name all of its words for a knife, knife_words = [...], in a "
                "source profile."
            ) from error
        if not quality.unrecognised:
            raise
        raise NotFoundError(
            f"{error} {_say_rows(quality.n_unrecognised, 'has', 'have')} an offence text that is in no table, most of "
            f"all {_say_texts(quality.unrecognised)}. Say what they are in hotspots.toml, under "
            "[sources.NAME.offences]."
        ) from error


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
    if analysis.empty_months:
        named = [month.strftime("%B %Y") for month in analysis.empty_months]
        said = ", ".join(named) if len(named) <= 6 else f"{len(named)} months between {named[0]} and {named[-1]}"
        notes.append(f"The files hold no row of any crime for {said}: a gap in the data, not a fall in crime.")
    covered = set(incidents["ward_code"].dropna().unique())
    n_bare = int((~analysis.wards.index.isin(covered)).sum())
    if n_bare > len(analysis.wards) / 2:
        notes.append(
            f"{n_bare} of the {len(analysis.wards)} wards have no row of any crime: the boundaries reach beyond the "
            "data, so shares of the area mean little. Give the boundaries of the area that the data cover."
        )
    hot_share = sum(hotspot.area_km2 for hotspot in analysis.hotspots) * 1e6 / analysis.study_area.area
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
            f"{_say_texts(quality.unread_knife)}."
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
            f"{_say_rows(n_unrecognised, 'has', 'have')} an offence text that is in no table, and so a place among "
            f"other crimes: {_say_texts(quality.unrecognised)}."
        )
    return notes


def _say_rows(n: int, one: str, several: str) -> str:
    return f"1 row {one}" if n == 1 else f"{n:,} rows {several}"


def _say_texts(texts: dict[str, int]) -> str:
    return ", ".join(f'"{text}" ({n:,})' for text, n in texts.items())
