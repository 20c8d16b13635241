"""What to ask of safe havens: what they cover, and where new ones would help most."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from hotspots.errors import ParameterError
from hotspots.ingest.reference import read_opening_hours

Purpose = Literal["havens", "cctv", "youth"]
Demand = Literal["incidents", "hotspots"]
Existing = Literal["havens", "cameras", "youth_zones"]
Question = Literal["coverage", "gaps", "siting"]

_MAX_REACH_M = 20_000.0
_MAX_NEW = 100
_MAX_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a purpose of new sites asks for.

    Attributes:
        reach_m: How far a site reaches, metres.
        needs_hours: Whether a site covers only what happens while it is open.
        existing: The table of sites that are there already.
        demand: What is to be covered: all incidents, or those in hot spots.
        is_after_school: Whether only the hours after school on school days count.
        is_sight: Whether the reach is a line of sight, which does not follow streets.
        grid_m: Spacing of the grid of sites for want of candidates.
    """

    reach_m: float
    needs_hours: bool
    existing: Existing
    demand: Demand
    is_after_school: bool
    is_sight: bool
    grid_m: float


PRESETS: dict[Purpose, Preset] = {
    "havens": Preset(
        reach_m=400.0,
        needs_hours=True,
        existing="havens",
        demand="incidents",
        is_after_school=False,
        is_sight=False,
        grid_m=200.0,
    ),
    "cctv": Preset(
        reach_m=100.0,
        needs_hours=False,
        existing="cameras",
        demand="hotspots",
        is_after_school=False,
        is_sight=True,
        grid_m=100.0,
    ),
    "youth": Preset(
        reach_m=800.0,
        needs_hours=False,
        existing="youth_zones",
        demand="incidents",
        is_after_school=True,
        is_sight=False,
        grid_m=200.0,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOptions:
    """Which sites could help.

    Attributes:
        grid_m: Spacing of a grid of sites in place of candidates; None to use it only where there are no candidates.
        site_hours: Opening hours of sites that do not state any, and of a grid; None where they are not known.
        until_hours: Hours until which a haven that is there could stay open, each a site of its own; none to leave
            that out. None for the usual: 20, and of a gap the hour at which it ends, or midnight.

    Raises:
        ParameterError: A number is out of range, or the opening hours cannot be read.
    """

    grid_m: float | None = None
    site_hours: str | None = None
    until_hours: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.grid_m is not None and not 10 <= self.grid_m <= _MAX_REACH_M:
            raise ParameterError(
                f"The points of a grid must be from 10 m to {_MAX_REACH_M:,.0f} m apart, not {self.grid_m:g} m. Give "
                "`grid_m` 200."
            )
        wrong = [hour for hour in self.until_hours or () if not 1 <= hour <= 24]
        if wrong:
            raise ParameterError(
                f"Longer hours must end at a whole hour from 1 to 24, not {wrong[0]:,}. Give `until_hours` 20 for "
                "20:00."
            )
        if self.site_hours is not None and self.known_site_hours is None:
            raise ParameterError(
                f'The opening hours to be assumed for new sites cannot be read: "{self.site_hours[:60]}". Give '
                '`site_hours` as "Mo-Fr 08:00-20:00; Sa 10:00-18:00" or "24/7".'
            )

    @property
    def known_site_hours(self) -> str | None:
        """What is known of `site_hours`, in OpenStreetMap syntax; None for none."""
        known = read_opening_hours(pd.Series([self.site_hours], dtype="object")).opening_hours.iloc[0]
        return known if isinstance(known, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SitingOptions(SiteOptions):
    """Where new sites would help most.

    Attributes:
        purpose: "havens", which help while they are open; "cctv", cameras that see so far at all hours; "youth", youth
            zones for the hours after school.
        demand: What is to be covered: all "incidents", or those in "hotspots"; None for what the purpose asks for.
        n_new: At most so many new sites.
        target_share: 0-1, of the incidents that are to be covered; then the fewest sites that do it are looked for,
            and `n_new` is only how far the curve goes. None for none.
        time_limit_s: Seconds to look for a better plan or a proof; None to limit the work instead, so that every
            machine finds the same.

    Raises:
        ParameterError: The purpose or the demand is not known, or a number is out of range.
    """

    purpose: Purpose = "havens"
    demand: Demand | None = None
    n_new: int = 5
    target_share: float | None = None
    time_limit_s: float | None = 20.0

    def __post_init__(self) -> None:
        SiteOptions.__post_init__(self)
        if self.purpose not in get_args(Purpose):
            raise ParameterError(f'`purpose` must be one of {", ".join(get_args(Purpose))}, not "{self.purpose}".')
        if self.demand is not None and self.demand not in get_args(Demand):
            raise ParameterError(f'`demand` must be one of {", ".join(get_args(Demand))}, not "{self.demand}".')
        if not 1 <= self.n_new <= _MAX_NEW:
            raise ParameterError(
                f"The number of new sites must be from 1 to {_MAX_NEW}, not {self.n_new:,}. Give `n_new` 5."
            )
        if self.target_share is not None and not 0 < self.target_share <= 1:
            raise ParameterError(
                f"The share to be covered must be above 0 and at most 1, not {self.target_share:g}. Give "
                "`target_share` 0.8 for 80%."
            )
        if self.time_limit_s is not None and not 0 < self.time_limit_s <= _MAX_SECONDS:
            raise ParameterError(
                f"The time limit must be above 0 and at most {_MAX_SECONDS:,.0f} seconds, not {self.time_limit_s:g}. "
                "Give `time_limit_s` 20."
            )

    @property
    def preset(self) -> Preset:
        """What the purpose asks for."""
        return PRESETS[self.purpose]

    @property
    def used_demand(self) -> Demand:
        """What is to be covered."""
        return self.demand or self.preset.demand


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenRequest:
    """What to ask of safe havens.

    Attributes:
        crime: Slug of the crime.
        start, end: First and last day, inclusive; by default those of the incidents read.
        wards: Codes or names of the wards to analyse; all by default.
        reach_m: Distance within reach, metres; None for what the purpose asks for, which is 400 m for safe havens.
        gaps: Which sites could help where no haven is open; None to leave that out.
        siting: Where new sites would help most; None to leave that out.

    Raises:
        ParameterError: The reach is not above 0 m or too far, or the period ends before it starts.
    """

    crime: str
    start: dt.date | None = None
    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    reach_m: float | None = None
    gaps: SiteOptions | None = None
    siting: SitingOptions | None = None

    def __post_init__(self) -> None:
        if self.reach_m is not None and not (math.isfinite(self.reach_m) and 0 < self.reach_m <= _MAX_REACH_M):
            raise ParameterError(
                f"The reach must be above 0 m and at most {_MAX_REACH_M:,.0f} m, not {self.reach_m:g}. Leave `reach_m` "
                "out for the usual value."
            )
        if self.start and self.end and self.end < self.start:
            raise ParameterError(
                f"A period must end on or after its first day; this one runs from {self.start} to {self.end}. "
                "Swap them."
            )

    @property
    def preset(self) -> Preset:
        """What the purpose asks for; that of safe havens without siting."""
        return self.siting.preset if self.siting else PRESETS["havens"]

    @property
    def question(self) -> Question:
        """What is asked beside what is covered."""
        return "siting" if self.siting else "gaps" if self.gaps else "coverage"

    @property
    def used_reach_m(self) -> float:
        """Distance within reach, metres."""
        return self.preset.reach_m if self.reach_m is None else self.reach_m
