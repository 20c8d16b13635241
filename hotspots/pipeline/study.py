"""Everything read before a crime is chosen: incidents in their wards, and reference data."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from hotspots.crimes import Crime, CrimeDefinitions, list_crimes
from hotspots.errors import DataError
from hotspots.geography import assign_wards, to_wgs84, unite_wards
from hotspots.harm import HarmTable
from hotspots.house import HouseStyle
from hotspots.ingest.formats import InputFile
from hotspots.ingest.incidents import (
    DEFAULT_POINT,
    REJECTED_COLUMNS,
    SWAPPED,
    Intake,
    Oddity,
    ReadingOptions,
    Store,
    find_default_points,
    find_swapped,
    read_incidents,
    set_aside_before,
)
from hotspots.ingest.reference import (
    BaseMap,
    Boundaries,
    Havens,
    Premises,
    SafetyMaps,
    Schools,
    Streets,
    TermDates,
    read_base_map,
    read_boundaries,
    read_havens,
    read_population,
    read_premises,
    read_safety_maps,
    read_schools,
    read_streets,
    read_term_dates,
)
from hotspots.ingest.texts import describe_forms
from hotspots.pipeline.base_features import list_base_features
from hotspots.pipeline.known_time import KnownTime, find_known_time
from hotspots.pipeline.map_tiles import MapTiles, choose_tiles
from hotspots.pipeline.quality import Quality, assess_quality
from hotspots.settings import Settings, load_settings

if TYPE_CHECKING:
    from hotspots.analysis.hours import OpeningCalendar
    from hotspots.analysis.network import StreetNetwork

Progress = Callable[[str], None]
Paths = Path | str | Sequence[Path | str]
"""One path or several."""

_INCIDENTS_HERE, _BOUNDARIES_HERE = Path("data/incidents"), Path("data/boundaries")
_TERM_DATES_HERE = Path("data/calendar/term_dates.csv")
BesideTable = Literal[
    "havens",
    "term_dates",
    "streets",
    "base_map",
    "premises",
    "schools",
    "candidates",
    "cameras",
    "youth_zones",
    "safety_maps",
]
"""What can be read beside incidents and boundaries."""

RUN_TABLES: tuple[BesideTable, ...] = (
    "havens",
    "term_dates",
    "streets",
    "base_map",
    "premises",
    "schools",
    "candidates",
    "safety_maps",
)
"""What `analyse` uses."""

_PLACES: dict[BesideTable, Callable[..., Any]] = {
    "havens": read_havens,
    "streets": read_streets,
    "base_map": read_base_map,
    "premises": read_premises,
    "schools": read_schools,
    "candidates": partial(read_havens, what="candidates"),
    "cameras": partial(read_havens, what="cameras"),
    "youth_zones": partial(read_havens, what="youth zones"),
    "safety_maps": read_safety_maps,
}
"""Tables of places, by the folder of `data` and the setting that they are in, and what reads them."""
_IN_AREA = ("streets", "base_map", "premises", "schools", "safety_maps")
"""Those that are often of a whole country, and are cut to the study area."""
_WITHOUT_POSTCODES = ("streets", "base_map")
_WITH_HOURS = ("havens", "candidates")
_LOOK_BACK = dt.timedelta(days=731)
"""What came before a period: twelve months are compared with the twelve before them, and weeks with last year's."""


def silent(message: str) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarOptions:
    """What distinguishes one day from another.

    Attributes:
        time_zone: IANA name of the zone of the local clock.
        country, subdivision: Codes of the place whose bank holidays count, as the package `holidays` has them.
        terms: When schools are in; None where that is not known.
    """

    time_zone: str = "Europe/London"
    country: str = "GB"
    subdivision: str | None = "ENG"
    terms: TermDates | None = None

    @property
    def term_stretches(self) -> pd.DataFrame | None:
        """Stretches of school term; None where they are not known."""
        return self.terms.stretches if self.terms else None


@dataclass(frozen=True, kw_only=True)
class Study:
    """Everything read, before a crime is chosen.

    Attributes:
        intake: Incidents and refusals; the incidents carry `ward_code`.
        earlier: Incidents of the months just before those asked for, which nothing is counted of.
        all_rejected: Rows refused, those of the months before too.
        boundaries: Wards.
        havens: Safe havens, or None where none were given.
        streets, base_map, premises, schools, candidates, cameras, youth_zones, safety_maps: Likewise; candidates are
            places that could become safe havens, cameras and youth zones those that are there already.
        definitions: What each offence wording stands for.
        harm: What each offence weighs.
        calendar: What distinguishes one day from another.
        quality: Of the incidents.
        store: Where what was read is kept, and what went wrong there; None where it is not kept.
        house: In whose name and style products are made, and how they are marked.
        tiles: What the map asks a server for; None for nothing.
    """

    intake: Intake
    earlier: gpd.GeoDataFrame
    all_rejected: pd.DataFrame
    boundaries: Boundaries
    havens: Havens | None
    definitions: CrimeDefinitions
    harm: HarmTable
    calendar: CalendarOptions
    quality: Quality
    store: Store | None = None
    streets: Streets | None = None
    base_map: BaseMap | None = None
    premises: Premises | None = None
    schools: Schools | None = None
    candidates: Havens | None = None
    cameras: Havens | None = None
    youth_zones: Havens | None = None
    safety_maps: SafetyMaps | None = None
    house: HouseStyle = field(default_factory=HouseStyle)
    tiles: MapTiles | None = None

    @cached_property
    def network(self) -> StreetNetwork | None:
        """The streets as a network; None where they were not given."""
        from hotspots.analysis.network import build_network  # here, as it loads SciPy, which a check does without

        return build_network(self.streets.ways) if self.streets else None

    @cached_property
    def opening_calendar(self) -> OpeningCalendar:
        """What opening hours need to know of days, with the sun over the middle of the wards."""
        from hotspots.analysis.hours import OpeningCalendar  # here, as a check does without

        middle = to_wgs84(gpd.GeoDataFrame(geometry=[self.area.centroid], crs=self.boundaries.wards.crs)).geometry.iloc[
            0
        ]
        return OpeningCalendar(
            country=self.calendar.country,
            subdivision=self.calendar.subdivision,
            terms=self.calendar.term_stretches,
            place=(middle.x, middle.y),
            time_zone=self.calendar.time_zone,
        )

    @cached_property
    def known_time(self) -> KnownTime:
        """For which days the files speak, `earlier` included."""
        return find_known_time(self.earlier, self.intake.incidents, wards=self.boundaries.wards)

    @cached_property
    def area(self) -> shapely.Geometry:
        """All wards together, metres."""
        return unite_wards(self.boundaries.wards)

    @cached_property
    def base_features(self) -> gpd.GeoDataFrame:
        """What maps lie on beside streets."""
        return list_base_features(self.base_map, self.premises, self.schools, crs=self.boundaries.wards.crs)

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files read, incidents first."""
        tables = (getattr(self, name) for name in _PLACES)
        beside = tuple(file for table in tables if table for file in table.inputs)
        terms = (self.calendar.terms.input,) if self.calendar.terms else ()
        return self.intake.inputs + self.boundaries.inputs + beside + terms

    @property
    def all_incidents(self) -> gpd.GeoDataFrame:
        """All incidents read, those before the period first."""
        incidents = self.intake.incidents
        if self.earlier.empty:
            return incidents
        return gpd.GeoDataFrame(pd.concat([self.earlier, incidents]), crs=incidents.crs)

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        return gather_status(self.inputs)

    @cached_property
    def crimes(self) -> list[Crime]:
        """The crimes that can be asked for."""
        present = {
            crime
            for table in (self.intake.incidents, self.intake.set_aside)
            for crime in list_crimes(table, definitions=self.definitions)
        }
        return sorted(present, key=lambda crime: crime.slug)


def load_study(
    incidents: Paths = (),
    boundaries: Paths = (),
    *,
    settings: Settings | None = None,
    period: tuple[dt.date | None, dt.date | None] = (None, None),
    tables: Collection[BesideTable] = RUN_TABLES,
    progress: Progress = silent,
) -> Study:
    """Read incidents, boundaries and the tables beside them, and assign every incident to its ward.

    What is not given is taken from the settings, and what they leave open from the folder `data` in the working
    directory: `data/incidents`, `data/boundaries`, and as far as they are there a folder for each table, such as
    `data/havens`, and `data/calendar/term_dates.csv`.

    Real incidents are kept apart from the demonstration: its wards are refused, and its other tables left out, unless
    they were given or are named in the settings.

    Args:
        incidents: Files, and folders of them; one, or several.
        boundaries: Of the wards, likewise.
        settings: How files are read, and where they are; by default `hotspots.toml` in the working directory.
        period: First and last day that will be asked for; None for that of the incidents. Months before and after are
            counted only, which saves memory; but incidents of the two years before are kept apart, so that what
            happened in the period can be compared with what came before.
        tables: What to read beside incidents and boundaries, as far as it is there; by default what `analyse` uses.
        progress: Called with each step.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file cannot be read as what it should hold, or real incidents would be laid over schematic wards.
        ParameterError: The settings cannot be followed.
    """
    settings = load_settings() if settings is None else settings
    tiles = choose_tiles(settings)
    options = settings.make_reading_options()
    paths = list_inputs(incidents, boundaries, settings=settings)
    are_given = bool(_list_paths(boundaries) or settings.boundaries)
    outlines = read_boundaries(paths["boundaries"], crs=options.crs, layer=settings.layer)
    if settings.population:
        outlines = outlines.with_population(read_population(settings.population))
    area = unite_wards(outlines.wards)
    since = settings.checked_since
    beside = {
        name: read_places(name, getattr(settings, name), options, area, checked_since=since)
        for name in _PLACES
        if name in tables
    }
    terms = read_terms(settings) if "term_dates" in tables else None
    start, end = period
    store = Store(folder=settings.store) if settings.store else None
    intake = read_incidents(
        paths["incidents"],
        options=options,
        start=start - _LOOK_BACK if start else None,
        end=end,
        wards=(*outlines.wards.index, *outlines.wards["ward_name"]),
        store=store,
        progress=progress,
    )
    progress("wards")
    intake = place_in_wards(intake, outlines.wards)
    all_rejected = intake.rejected
    intake, earlier = set_aside_before(intake, start) if start else (intake, intake.incidents.iloc[:0])
    is_real = "incidents" not in gather_status(intake.inputs)
    if is_real:
        refuse_schematic(outlines, are_given=are_given)
        terms = None if terms and not settings.term_dates and terms.input.data_status else terms
    for name in beside:
        if not getattr(settings, name):
            beside[name] = read_places(name, paths[name], options, area, only_real=is_real, checked_since=since)
    return Study(
        intake=intake,
        earlier=earlier,
        all_rejected=all_rejected,
        boundaries=outlines,
        definitions=options.definitions,
        harm=settings.harm,
        calendar=CalendarOptions(
            time_zone=options.time_zone, country=settings.country, subdivision=settings.subdivision, terms=terms
        ),
        quality=assess_quality(intake, wards=outlines.wards, unmatched_residents=outlines.unmatched_residents),
        store=store,
        house=settings.house,
        tiles=tiles,
        **{"havens": None, **beside},
    )


def _list_paths(paths: Paths) -> tuple[Path, ...]:
    return (Path(paths),) if isinstance(paths, Path | str) else tuple(map(Path, paths))


def list_inputs(incidents: Paths = (), boundaries: Paths = (), *, settings: Settings) -> dict[str, tuple[Path, ...]]:
    """The files and folders that `load_study` reads, by what they hold."""
    paths = {
        "incidents": _list_paths(incidents) or settings.incidents or (_INCIDENTS_HERE,),
        "boundaries": _list_paths(boundaries) or settings.boundaries or (_BOUNDARIES_HERE,),
    }
    for name in _PLACES:
        here = Path("data") / name
        is_here = here.is_dir() and any(here.iterdir())
        paths[name] = getattr(settings, name) or ((here,) if is_here else ())
    return paths


def read_places(
    name: BesideTable,
    paths: Sequence[Path],
    options: ReadingOptions,
    area: shapely.Geometry,
    *,
    only_real: bool = False,
    checked_since: dt.date | None = None,
) -> Any:
    """Read a table of places; those that are not real may lie where the working CRS is not used.

    Args:
        name: Which table.
        paths: Files, and folders of them.
        options: How files are read.
        area: The study area, metres.
        only_real: Leave out the files that say they are made up or unfinished.
        checked_since: Opening hours that were last checked before this day are not known.

    Returns:
        What its reader gives; None without a path, or without a file that is not left out.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file cannot be read as what it should hold.
    """
    if not paths:
        return None
    how: dict[str, Any] = {"area": area} if name in _IN_AREA else {}
    how |= {} if name in _WITHOUT_POSTCODES else {"postcodes": options.postcodes}
    how |= {"checked_since": checked_since} if name in _WITH_HOURS else {}
    read = _PLACES[name](paths, crs=options.crs, only_real=only_real, **how)
    return read if read.inputs else None


def read_terms(settings: Settings) -> TermDates | None:
    """Term dates of the settings, or those here, if there are any."""
    terms = settings.term_dates or (_TERM_DATES_HERE if _TERM_DATES_HERE.is_file() else None)
    return read_term_dates(terms) if terms else None


def gather_status(inputs: Iterable[InputFile]) -> dict[str, str]:
    """What files say of themselves, by table; empty for ordinary data."""
    said: dict[str, set[str]] = {}
    for file in inputs:
        if file.data_status:
            said.setdefault(file.table, set()).add(file.data_status)
    return {table: ", ".join(sorted(words)) for table, words in said.items()}


def refuse_schematic(outlines: Boundaries, *, are_given: bool, over: str = "incidents") -> None:
    """Refuse to lay what is real over the demonstration's wards, unless those were asked for by name.

    Raises:
        DataError: The wards say that they are schematic, and were not given.
    """
    status = gather_status(outlines.inputs)
    if status and not are_given:
        raise DataError(
            f"The wards in {_BOUNDARIES_HERE.as_posix()} are {status['boundaries']}, and these {over} are not: "
            "counts in them would mean nothing. Give the real outlines with `boundaries`."
        )


def place_in_wards(intake: Intake, wards: gpd.GeoDataFrame) -> Intake:
    """Give each incident its ward; refuse those outside all wards of which that is not where they happened.

    They would lie in a ward with swapped coordinates, or lie at a point that a form fills in.
    """
    incidents = intake.incidents
    incidents["ward_code"] = assign_wards(incidents, wards)
    lost = incidents["ward_code"].isna().to_numpy()
    if not lost.any():
        return intake
    points = incidents.geometry[lost]
    swapped = np.zeros(len(incidents), dtype=bool)
    swapped[lost] = find_swapped(points.x.to_numpy(), points.y.to_numpy(), wards.geometry.to_numpy())
    # many rows share the points of anonymised data, and the middles of small areas
    is_rounded = (intake.remarks["oddities"].to_numpy() & Oddity.ROUNDED.value).astype(bool)
    own = lost & ~swapped & (incidents["location_precision"].isin(["point", "postcode"]).to_numpy() | is_rounded)
    is_default = np.zeros(len(incidents), dtype=bool)
    outside = incidents.geometry[own]
    is_default[own] = find_default_points(
        pd.DataFrame({"source": incidents["source"][own], "easting": outside.x, "northing": outside.y}),
        incidents["source"].value_counts(),
    )
    wrong = swapped | is_default
    if not wrong.any():
        return intake
    refused = incidents[wrong]
    given = [f"easting {point.x:.0f}, northing {point.y:.0f}" for point in refused.geometry]
    rows = pd.DataFrame(refused.drop(columns="geometry")).assign(
        reason=np.where(swapped[wrong], SWAPPED, DEFAULT_POINT),
        detail=describe_forms(pd.Series(given, index=refused.index), known={"easting", "northing"}),
    )
    rejected = pd.concat([intake.rejected, rows[list(REJECTED_COLUMNS)]], ignore_index=True)
    return dataclasses.replace(
        intake,
        incidents=incidents[~wrong],
        remarks=intake.remarks[~wrong],
        rejected=rejected.astype({"source": "category", "reason": "category"}),
    )
