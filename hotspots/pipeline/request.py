"""What to analyse, and how."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

from hotspots.analysis.hotspots import N_PATROL_PLACES, HotspotOptions, PatrolOptions
from hotspots.analysis.hours import WeekWindow
from hotspots.analysis.surfaces import BandwidthRule, Kernel
from hotspots.errors import ParameterError
from hotspots.geography import FLOOR, MIN_CELL_M, MIN_INCIDENTS, NO_FLOOR, CellShape, Floor
from hotspots.harm import Measure

_MAX_CELLS_A_BANDWIDTH = 100

_METHOD_WORDS = {
    "bandwidth_m": "bandwidth {} m",
    "cell_size_m": "cells of {} m",
    "kernel": "{} kernel",
    "eps_m": "eps {} m",
    "min_samples": "min samples {}",
    "max_extent_m": "extent {} m",
    "n_patrol_places": "{} places to patrol",
    "cell_shape": "{} cells tested",
    "harm": "harm by {}",
    "reach_m": "reach {} m",
    "window": "{}",
    "compare": "compared with {}",
}
"""What is said of each method that is not the usual one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRequest:
    """What to analyse, and how.

    Attributes:
        crime: Slug of the crime.
        start, end: First and last day, inclusive; by default those of the incidents read.
        wards: Codes or names of the wards to analyse; all by default.
        area: A beat, sector, ward or other area as the source calls it: only rows that it puts there are analysed,
            in the wards in which they lie. None for all rows.
        cell_size_m: Of the density and the risk estimate.
        bandwidth_m: Of the density; None to have it chosen by `bandwidth_rule`.
        bandwidth_rule: How it is chosen; "adaptive" for one of its own for each incident.
        kernel: Of the density.
        eps_m, min_samples, max_extent_m: Of the hot spots, as in `HotspotOptions`.
        n_patrol_places: At most so many places to patrol.
        cell_shape: Of the cells that are tested for significance.
        harm: What incidents are weighed by in density and ranking; None for counts.
        reach_m: Of the safe havens.
        window: Hours of the week to look at beside the usual parts of it; None for those alone.
        compare: First and last day of an earlier period, as long, that the period is compared with; None for the usual
            comparisons alone.

    A `min_samples` below 10 or a `cell_size_m` below 50 shows what rests on fewer incidents than products that are
    shared may: all of them are then marked as not to be shared.

    Raises:
        ParameterError: A distance is not above 0 m or beyond what the method is for, a choice is not known, there are
            too many places to patrol, or the period ends before it starts.
    """

    crime: str
    start: dt.date | None = None
    end: dt.date | None = None
    wards: tuple[str, ...] = ()
    area: str | None = None
    cell_size_m: float = 50.0
    bandwidth_m: float | None = 300.0
    bandwidth_rule: BandwidthRule | Literal["adaptive"] = "likelihood"
    kernel: Kernel = "quartic"
    eps_m: float | None = None
    min_samples: int | None = None
    max_extent_m: float = 400.0
    n_patrol_places: int = N_PATROL_PLACES
    cell_shape: CellShape = "square"
    harm: Measure | None = None
    reach_m: float = 400.0
    window: WeekWindow | None = None
    compare: tuple[dt.date, dt.date] | None = None

    def __post_init__(self) -> None:
        limits: dict[str, tuple[str, float]] = {
            "cell_size_m": ("cell size", 5_000),
            "bandwidth_m": ("bandwidth", 20_000),
            "eps_m": ("eps", 2_000),
            "max_extent_m": ("extent of a hot spot", 10_000),
            "reach_m": ("reach", 20_000),
        }
        for field, (name, highest) in limits.items():
            value = getattr(self, field)
            if value is not None and not (math.isfinite(value) and 0 < value <= highest):
                raise ParameterError(
                    f"The {name} must be above 0 m and at most {highest:,} m, not {value:g}. "
                    f"Leave `{field}` out for the usual value."
                )
        if self.bandwidth_m is not None and self.bandwidth_m < self.cell_size_m:
            raise ParameterError(
                f"The bandwidth must be at least a cell; {self.bandwidth_m:g} m is less than {self.cell_size_m:g} m. "
                "Choose smaller cells or a larger bandwidth: `cell_size_m` or `bandwidth_m`."
            )
        if self.bandwidth_m is not None and self.bandwidth_m > _MAX_CELLS_A_BANDWIDTH * self.cell_size_m:
            raise ParameterError(
                f"A bandwidth may be {_MAX_CELLS_A_BANDWIDTH} cells long; {self.bandwidth_m:g} m is "
                f"{self.bandwidth_m / self.cell_size_m:,.0f} cells of {self.cell_size_m:g} m. "
                "Choose larger cells: a higher `cell_size_m`."
            )
        choices = {
            "kernel": (self.kernel, Kernel),
            "cell shape": (self.cell_shape, CellShape),
            "harm": (self.harm or "severity", Measure),
        }
        for name, (chosen, known) in choices.items():
            if chosen not in get_args(known):
                raise ParameterError(f'No {name} called "{chosen}". Choose one of: {", ".join(get_args(known))}.')
        rules = (*get_args(BandwidthRule), "adaptive")
        if self.bandwidth_rule not in rules:
            raise ParameterError(f'No bandwidth rule "{self.bandwidth_rule}". Choose one of: {", ".join(rules)}.')
        _ = self.patrol_options  # which has limits of its own
        if self.start and self.end and self.end < self.start:
            raise ParameterError(
                f"A period must end on or after its first day; this one runs from {self.start} to {self.end}. "
                "Swap them."
            )

    @property
    def methods(self) -> tuple[str, ...]:
        """How the analysis differs from the usual one, in a few words each: "bandwidth 200 m"."""
        usual = {spec.name: spec.default for spec in fields(self)}
        said = []
        for name, words in _METHOD_WORDS.items():
            value = getattr(self, name)
            if name == "bandwidth_m" and value is None:
                said.append(f"bandwidth by {self.bandwidth_rule}")
            elif value != usual[name]:
                shown = value.words if isinstance(value, WeekWindow) else str(value).removesuffix(".0")
                if name == "compare":
                    shown = " to ".join(map(str, value))
                said.append(words.format(shown))
        return tuple(said)

    @property
    def is_too_fine(self) -> bool:
        """Whether what is asked for is so fine that single victims can be found from it, if it is shared."""
        return (self.min_samples is not None and self.min_samples < MIN_INCIDENTS) or self.cell_size_m < MIN_CELL_M

    @property
    def floor(self) -> Floor:
        """What anything shown must rest on; nothing is withheld where finer than that is asked for."""
        return NO_FLOOR if self.is_too_fine else FLOOR

    @property
    def hotspot_options(self) -> HotspotOptions:
        """How hot spots are drawn."""
        return HotspotOptions(
            eps_m=self.eps_m,
            min_samples=self.min_samples,
            max_extent_m=self.max_extent_m,
            floor=self.floor,
        )

    @property
    def patrol_options(self) -> PatrolOptions:
        """How many places to patrol are wanted."""
        return PatrolOptions(n_patrol_places=self.n_patrol_places, floor=self.floor)
