"""What a patrol plan is asked for."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, get_args

from hotspots.analysis.hotspots import N_PATROL_PLACES, VISIT_MINUTES
from hotspots.analysis.patrols import MAX_PATROLS
from hotspots.errors import ParameterError
from hotspots.pipeline.request import AnalysisRequest

TravelBy = Literal["foot", "car"]

_MAX_KMH = 120.0
_MAX_PARKING_MINUTES = 60.0
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolPlanRequest:
    """A shift, and who is there for it.

    Attributes:
        crime: Slug of the crime.
        day: On which the shift begins.
        begin, end: On the local clock; an end that is not after the begin is on the next day.
        n_patrols: How many patrols there are.
        by: How they go from place to place.
        visit_minutes: Of one visit.
        max_gap_minutes: The longest that a place is left between two visits.
        n_patrol_places: At most so many places are considered, the first by rank.
        start_point, end_point: Where patrols begin and end, as `parse_point` reads it. Without a start each begins at
            its first place; without an end it ends where it began, or without either at its last place.
        breaks: Minutes of each, and when it begins.
        car_kmh: By car: the speed over ground, traffic and lights included.
        parking_minutes: By car: of each leg.
        wards: Codes or names of the wards to analyse; all by default.
        first_day, last_day: Of the incidents that the estimate rests on; by default those of the incidents read.
        seed: Of the solver's random draws.

    Raises:
        ParameterError: A choice is not known, or a number is out of range.
    """

    crime: str
    day: dt.date
    begin: dt.time
    end: dt.time
    n_patrols: int = 1
    by: TravelBy = "foot"
    visit_minutes: int = VISIT_MINUTES
    max_gap_minutes: int = 120
    n_patrol_places: int = N_PATROL_PLACES
    start_point: str | None = None
    end_point: str | None = None
    breaks: tuple[tuple[int, dt.time], ...] = ()
    car_kmh: float = 20.0
    parking_minutes: float = 2.0
    wards: tuple[str, ...] = ()
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.by not in get_args(TravelBy):
            raise ParameterError(f'Patrols go by foot or by car, not "{self.by}". Give one of them as `by`.')
        limits: dict[str, tuple[str, float, float, float, str]] = {
            "n_patrols": ("number of patrols", self.n_patrols, 1, MAX_PATROLS, ""),
            "visit_minutes": ("length of a visit", self.visit_minutes, 1, _DAY_MINUTES, " minutes"),
            "max_gap_minutes": ("longest gap", self.max_gap_minutes, 1, _DAY_MINUTES, " minutes"),
            "car_kmh": ("speed of a car", self.car_kmh, 1.0, _MAX_KMH, " km/h"),
            "parking_minutes": ("time to park", self.parking_minutes, 0.0, _MAX_PARKING_MINUTES, " minutes"),
        }
        for field, (name, value, lowest, highest, unit) in limits.items():
            if not lowest <= value <= highest:
                # a whole number may be too large for a float
                given = f"{value:g}" if isinstance(value, float) else f"{value:,}"
                raise ParameterError(
                    f"The {name} must be from {lowest:g} to {highest:g}{unit}, not {given}. Leave `{field}` out "
                    "for the usual value."
                )
        if self.max_gap_minutes < self.visit_minutes:
            raise ParameterError(
                f"The longest gap must be as long as a visit at least; {self.max_gap_minutes} minutes are less than "
                f"{self.visit_minutes}. Give a longer `max_gap_minutes`, or shorter `visit_minutes`."
            )
        _ = self.analysis_request  # which has limits of its own

    @property
    def analysis_request(self) -> AnalysisRequest:
        """What the places to patrol are chosen by: the same as `hotspots run` asks for."""
        return AnalysisRequest(
            crime=self.crime,
            start=self.first_day,
            end=self.last_day,
            wards=self.wards,
            n_patrol_places=self.n_patrol_places,
        )
