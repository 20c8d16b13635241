"""What a pack is of: an analysis of each crime, and the wards that have a page made from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from hotspots.analysis.hotspots import N_PATROL_PLACES
from hotspots.crimes import Crime
from hotspots.errors import ParameterError
from hotspots.geography import MIN_INCIDENTS
from hotspots.house import Audience
from hotspots.pipeline.performance import choose_crimes
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRequest:
    """What to pack.

    Attributes:
        crimes: Slugs, in order; by default the usual indicators, as far as the files hold them.
        is_usual: Whether these crimes are those of every pack here, and so not another question.
        start, end: First and last day, inclusive; by default those of the incidents read.
        wards: Codes or names of the wards; all by default.
        n_patrol_places: At most so many places to patrol, of each crime.
        reach_m: Of the safe havens.
        audience: For whom: those who task patrols, or partners, who have no pages that say where police will be.

    Raises:
        ParameterError: It is for everybody, who are told of each crime by itself.
    """

    crimes: tuple[str, ...] = ()
    is_usual: bool = False
    start: dt.date | None = None
    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    n_patrol_places: int = N_PATROL_PLACES
    reach_m: float = 400.0
    audience: Audience = "tasking"

    def __post_init__(self) -> None:
        if self.audience == "public":
            raise ParameterError(
                "A pack is of maps and pages for teams of wards, and everybody has a page of their own on each crime, "
                "with every ward on it; `audience` is public. Write that page with hotspots run and the same "
                "`audience`, or pack for tasking or partner."
            )

    @property
    def methods(self) -> tuple[str, ...]:
        """How the pack differs from the usual one, in a few words each."""
        only = (f"only {' '.join(sorted(self.crimes))}",) if self.crimes and not self.is_usual else ()
        return (*only, *self.ask("").methods)

    def ask(self, crime: str) -> AnalysisRequest:
        """What is asked of one crime, of all wards together."""
        return AnalysisRequest(
            crime=crime,
            start=self.start,
            end=self.end,
            wards=self.wards,
            n_patrol_places=self.n_patrol_places,
            reach_m=self.reach_m,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedCrime:
    """One crime of a pack.

    Attributes:
        crime: The crime.
        request: Of all wards together.
        n_by_ward: Its incidents, by ward code.
        has_pages: Whether teams of wards have a page each.
    """

    crime: Crime
    request: AnalysisRequest
    n_by_ward: dict[str, int]
    has_pages: bool = True

    @property
    def n_incidents(self) -> int:
        """In all wards."""
        return sum(self.n_by_ward.values())

    @property
    def pages(self) -> tuple[str, ...]:
        """Codes of the wards that have a page: those with ten incidents, since nothing could be shown of fewer."""
        return tuple(code for code, n in self.n_by_ward.items() if self.has_pages and n >= MIN_INCIDENTS)

    @property
    def thin(self) -> tuple[str, ...]:
        """Codes of those that have none for that reason."""
        return tuple(code for code, n in self.n_by_ward.items() if self.has_pages and n < MIN_INCIDENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlan:
    """Everything that a pack is made of, before anything is analysed.

    Attributes:
        request: As it was asked.
        study: What was read.
        start, end: First and last day of all crimes.
        wards: The wards.
        crimes: The crimes, in order.
    """

    request: PackRequest
    study: Study
    start: dt.date
    end: dt.date
    wards: gpd.GeoDataFrame
    crimes: tuple[PackedCrime, ...]

    @property
    def n_pages(self) -> int:
        """How many maps and pages of wards it has."""
        return sum(1 + len(packed.pages) for packed in self.crimes)


def plan_pack(study: Study, request: PackRequest) -> PackPlan:
    """What a pack is of.

    Raises:
        NotFoundError: A crime or ward is not in the data.
        ParameterError: There is one ward, of which `analyse` says all.
        TooLittleDataError: A crime has no incident in the period and the wards.
    """
    slugs = (
        dict.fromkeys(request.crimes)
        if request.crimes and not request.is_usual
        else [crime.slug for crime in choose_crimes(study, request.crimes)]
    )
    selected = []
    for slug in slugs:
        whole = request.ask(slug)
        selected.append((whole, select_incidents(study, whole)))
    wards = selected[0][1].wards
    if len(wards) == 1:
        raise ParameterError(
            f"A pack is of several wards, and {wards['ward_name'].iloc[0]} is one: it would hold everything twice. "
            "Name more with `wards`, or run its crimes alone."
        )
    return PackPlan(
        request=request,
        study=study,
        start=min(chosen.start for _, chosen in selected),
        end=max(chosen.end for _, chosen in selected),
        wards=wards,
        crimes=tuple(
            PackedCrime(
                crime=chosen.crime,
                request=whole,
                n_by_ward=_count(chosen.incidents["ward_code"], wards.index),
                has_pages=request.audience == "tasking",
            )
            for whole, chosen in selected
        ),
    )


def _count(codes: pd.Series, wards: pd.Index) -> dict[str, int]:
    counts = codes.astype("object").value_counts().reindex(wards, fill_value=0)
    return {str(code): int(n) for code, n in counts.items()}
