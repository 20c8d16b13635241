"""What posters are made from: safe havens, schools, streets and outlines, and nothing about crime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from hotspots.analysis.network import StreetNetwork, build_network
from hotspots.errors import NotFoundError
from hotspots.geography import unite_wards
from hotspots.house import HouseStyle
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference import (
    Boundaries,
    Havens,
    Schools,
    Streets,
    TermDates,
    read_boundaries,
    read_havens,
)
from hotspots.pipeline.study import (
    BesideTable,
    Progress,
    gather_status,
    list_inputs,
    read_places,
    read_terms,
    refuse_schematic,
    silent,
)
from hotspots.settings import Settings, load_settings


@dataclass(frozen=True, kw_only=True)
class PosterStudy:
    """Everything that posters show, before anybody says which are wanted.

    Attributes:
        havens: Safe havens.
        boundaries: Wards.
        schools: Schools in the wards and 1 km around, or None where none were given.
        streets: Streets, likewise.
        terms: When schools are in; None where that is not known.
        country, subdivision: Whose bank holidays count.
        house: In whose name and style posters are made, and how they are marked.
    """

    havens: Havens
    boundaries: Boundaries
    schools: Schools | None
    streets: Streets | None
    terms: TermDates | None
    country: str
    subdivision: str | None
    house: HouseStyle = field(default_factory=HouseStyle)

    @cached_property
    def network(self) -> StreetNetwork | None:
        """The streets as a network; None where they were not given."""
        return build_network(self.streets.ways) if self.streets else None

    @property
    def wards(self) -> gpd.GeoDataFrame:
        """The wards table."""
        return self.boundaries.wards

    @cached_property
    def area(self) -> shapely.Geometry:
        """All wards together, metres."""
        return unite_wards(self.wards)

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """All files read, havens first."""
        beside = tuple(file for table in (self.schools, self.streets) if table for file in table.inputs)
        terms = (self.terms.input,) if self.terms else ()
        return self.havens.inputs + self.boundaries.inputs + beside + terms

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves, by table; empty for ordinary data."""
        return gather_status(self.inputs)


def load_poster_study(
    havens: Sequence[Path] = (),
    *,
    settings: Settings | None = None,
    progress: Progress = silent,
) -> PosterStudy:
    """Read what posters show: safe havens, and schools, streets, terms and wards around them. No incident is read.

    What is not given is taken from the settings, and what they leave open from the folder `data` in the working
    directory, as far as it is there. Real havens are kept apart from the demonstration: its schools, streets and terms
    are left out, unless they are named in the settings, and its wards are refused.

    Args:
        havens: Files, and folders of them.
        settings: How files are read, and where they are; by default `hotspots.toml` in the working directory.
        progress: Called with each step.

    Raises:
        NotFoundError: A path does not exist, or no havens were given.
        DataError: A file cannot be read as what it should hold, or real havens would be laid over schematic wards.
        ParameterError: The settings cannot be followed.
    """
    settings = load_settings() if settings is None else settings
    options = settings.make_reading_options()
    paths = list_inputs(settings=settings)
    if not (havens or paths["havens"]):
        raise NotFoundError(
            "A poster needs safe havens; none were given, and there is no folder data/havens. Give their file with "
            "`havens`."
        )
    progress("safe havens")
    listed = read_havens(
        tuple(havens) or paths["havens"],
        crs=options.crs,
        postcodes=options.postcodes,
        checked_since=settings.checked_since,
    )
    is_real = not any(file.data_status for file in listed.inputs)
    outlines = read_boundaries(paths["boundaries"], crs=options.crs, layer=settings.layer)
    if is_real:
        refuse_schematic(outlines, are_given=bool(settings.boundaries), over="safe havens")
    area = unite_wards(outlines.wards)

    def read(name: BesideTable) -> Any:
        if paths[name]:
            progress(name)
        return read_places(name, paths[name], options, area, only_real=is_real and not getattr(settings, name))

    terms = read_terms(settings)
    return PosterStudy(
        havens=listed,
        boundaries=outlines,
        schools=read("schools"),
        streets=read("streets"),
        terms=None if terms and is_real and terms.input.data_status and not settings.term_dates else terms,
        country=settings.country,
        subdivision=settings.subdivision,
        house=settings.house,
    )
