"""What was read, and the part of it that a request asks for, with an account of every row."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from hotspots.crimes import KNIFE_CRIME, Crime, CrimeDefinitions, find_crime, list_crimes, select_crime
from hotspots.errors import NotFoundError, TooLittleDataError
from hotspots.geography import assign_wards
from hotspots.harm import HarmTable, load_harm
from hotspots.ingest.formats import InputFile
from hotspots.ingest.incidents import (
    REJECTED_COLUMNS,
    REPEATED_ROW,
    SWAPPED,
    Intake,
    ReadingOptions,
    Store,
    find_days,
    find_swapped,
    read_incidents,
    set_aside_before,
)
from hotspots.ingest.reference import (
    Boundaries,
    Havens,
    TermDates,
    read_boundaries,
    read_havens,
    read_population,
    read_term_dates,
)
from hotspots.pipeline.quality import Quality, assess_quality
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import find_period, select_wards

Progress = Callable[[str], None]

_WHEREABOUTS = ["started_at", "time_precision", "location_precision", "geometry"]


def silent(message: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarOptions:
    """What makes one day other than the next.

    Attributes:
        time_zone: IANA name of the zone of the local clock.
        country, subdivision: Codes of the place whose bank holidays count, as the package `holidays` has them.
        terms: When schools are in; None where that is not known.
    """

    time_zone: str = "Europe/London"
    country: str = "GB"
    subdivision: str | None = "ENG"
    terms: TermDates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything read, before a crime is chosen.

    Attributes:
        intake: Incidents and refusals; the incidents carry `ward_code`.
        earlier: Incidents of the months just before those asked for, which nothing is counted of.
        boundaries: Wards.
        havens: Safe havens, or None where none were given.
        definitions: What each offence wording stands for.
        harm: What each offence weighs.
        calendar: What makes one day other than the next.
        quality: Of the incidents.
    """

    intake: Intake
    earlier: gpd.GeoDataFrame
    boundaries: Boundaries
    havens: Havens | None
    definitions: CrimeDefinitions
    harm: HarmTable
    calendar: CalendarOptions
    quality: Quality

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files read, incidents first."""
        havens = self.havens.inputs if self.havens else ()
        terms = (self.calendar.terms.input,) if self.calendar.terms else ()
        return self.intake.inputs + self.boundaries.inputs + havens + terms

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        said: dict[str, set[str]] = {}
        for file in self.inputs:
            if file.data_status:
                said.setdefault(file.table, set()).add(file.data_status)
        return {table: ", ".join(sorted(words)) for table, words in said.items()}

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
class Selection:
    """The part of a study that a request asks for.

    Attributes:
        crime: What is analysed.
        wards: The wards analysed.
        start, end: First and last day, inclusive.
        accounts: Where every row went.
        incidents: Of the crime and period, in the wards.
        beyond: Of the crime and period, in none of them.
        others: Of other crimes and the period, in the wards: where and when they were, and nothing else.
        others_beyond: Of other crimes and the period, in none of them.
        earlier: Of the crime, wholly before the period, in the wards; as far as they were read.
        earlier_beyond: Of the crime, wholly before the period, in none of them.
        earlier_others: Of other crimes, wholly before the period, in the wards.
    """

    crime: Crime
    wards: gpd.GeoDataFrame
    start: dt.date
    end: dt.date
    accounts: Accounts
    incidents: gpd.GeoDataFrame
    beyond: gpd.GeoDataFrame
    others: gpd.GeoDataFrame
    others_beyond: gpd.GeoDataFrame
    earlier: gpd.GeoDataFrame
    earlier_beyond: gpd.GeoDataFrame
    earlier_others: gpd.GeoDataFrame


def load_study(
    incidents: Sequence[Path],
    boundaries: Sequence[Path],
    havens: Sequence[Path] = (),
    *,
    population: Path | None = None,
    term_dates: Path | None = None,
    country: str = "GB",
    subdivision: str | None = "ENG",
    options: ReadingOptions | None = None,
    harm: HarmTable | None = None,
    layer: str | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    look_back_days: int = 0,
    store: Store | None = None,
    progress: Progress = silent,
) -> Study:
    """Read incidents, boundaries and safe havens, and assign every incident to its ward.

    Args:
        incidents: Files, and folders of them.
        boundaries: Of the wards, likewise.
        havens: Safe havens, likewise; none by default.
        population: Residents by ward code; by default what the boundaries say of themselves.
        term_dates: When schools are in; not known by default.
        country: Code of the place whose bank holidays count, as in `CalendarOptions`.
        subdivision: Of the country; None for the whole of it.
        options: How incidents are read; everything is brought to its working CRS.
        harm: What each offence weighs; by default the built-in table.
        layer: Layer of the boundary files; by default all that have codes.
        start: First day that will be asked for; months before are counted only, which saves memory.
        end: Last day, likewise.
        look_back_days: Days before `start` from which incidents are kept apart, so that the map of a short period can
            be compared with the one before it.
        store: Where incidents that were read are kept.
        progress: Called with each step.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file cannot be read as what it should hold.
    """
    options = options or ReadingOptions()
    outlines = read_boundaries(boundaries, crs=options.crs, layer=layer)
    if population:
        outlines = outlines.with_population(read_population(population))
    places = read_havens(havens, crs=options.crs) if havens else None
    terms = read_term_dates(term_dates) if term_dates else None
    since = start - dt.timedelta(days=look_back_days) if start else None
    intake = read_incidents(incidents, options=options, start=since, end=end, store=store, progress=progress)
    progress("wards")
    intake = place_in_wards(intake, outlines.wards)
    earlier = intake.incidents.iloc[:0]
    if start and look_back_days:
        intake, earlier = set_aside_before(intake, start)
    return Study(
        intake=intake,
        earlier=earlier,
        boundaries=outlines,
        havens=places,
        definitions=options.definitions,
        harm=harm or load_harm(definitions=options.definitions),
        calendar=CalendarOptions(time_zone=options.time_zone, country=country, subdivision=subdivision, terms=terms),
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


def select_incidents(study: Study, request: AnalysisRequest) -> Selection:
    """Take what a request asks for out of a study.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
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
    beyond = is_crime & in_period & ~in_area
    whereabouts = incidents[_WHEREABOUTS]  # other crime is most of all, and little is asked of it
    before = incidents[last < np.datetime64(start)]
    past = gpd.GeoDataFrame(pd.concat([study.earlier, before]), crs=incidents.crs) if len(study.earlier) else before
    was_crime, was_in_area = select_crime(past, crime).to_numpy(), past["ward_code"].isin(wards.index).to_numpy()
    return Selection(
        crime=crime,
        wards=wards,
        start=start,
        end=end,
        accounts=accounts,
        incidents=analysed,
        beyond=incidents[beyond],
        others=whereabouts[~is_crime & in_period & in_area],
        others_beyond=whereabouts[~is_crime & in_period & ~in_area],
        earlier=past[was_crime & was_in_area],
        earlier_beyond=past[was_crime & ~was_in_area],
        earlier_others=past[_WHEREABOUTS][~was_crime & was_in_area],
    )


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
                f"{say_texts(quality.unread_knife)}. Name all of its words for a knife, knife_words = [...], in a "
                "source profile."
            ) from error
        if not quality.unrecognised:
            raise
        raise NotFoundError(
            f"{error} {say_rows(quality.n_unrecognised, 'has', 'have')} an offence text that is in no table, most of "
            f"all {say_texts(quality.unrecognised)}. Say what they are in hotspots.toml, under "
            "[sources.NAME.offences]."
        ) from error


def say_rows(n: int, one: str, several: str) -> str:
    """1 row has, 2 rows have."""
    return f"1 row {one}" if n == 1 else f"{n:,} rows {several}"


def say_texts(texts: dict[str, int]) -> str:
    """Texts with their rows."""
    return ", ".join(f'"{text}" ({n:,})' for text, n in texts.items())
