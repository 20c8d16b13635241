"""A shift to plan: places with what is expected there by the hour, how long it is from one to another, and breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_WAY: Final = -1
"""Seconds of a leg between places that nothing joins."""
MAX_PATROLS: Final = 20
"""A plan for each number up to it is improved in turn: this many take minutes."""

MAX_SHIFT_S: Final = 24 * 3600

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolBreak:
    """A break that every patrol takes, wherever it is at that moment.

    Attributes:
        length_s: Seconds.
        earliest_s, latest_s: When it may begin, seconds after the shift begins.
    """

    length_s: int
    earliest_s: int
    latest_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolShift:
    """What is to be planned. All times are whole seconds.

    Attributes:
        expected: float (n_places, n_hours), incidents expected at each place in each hour of the shift; the first place
            is the first by rank.
        hour_edges_s: int (n_hours + 1,), when the hours of the shift begin and end, seconds after it begins: 0 first,
            its length last. The first and last may be parts of an hour.
        travel_s: int (n_places, n_places), from each place to each other; `NO_WAY` where there is none.
        from_start_s: int (n_places,), from where patrols begin; zeros where they begin at their first place.
        to_end_s: int (n_places,), to where they end; zeros where they end at their last place.
        n_patrols: How many there are.
        visit_s: Of one visit.
        max_gap_s: The longest that a place is left between two visits, and how long a visit is worth something.
        breaks: In order of time.

    Raises:
        ParameterError: A number is out of range, a table has another shape, or not one visit fits into the shift.
    """

    expected: Floats
    hour_edges_s: Integers
    travel_s: Integers
    from_start_s: Integers
    to_end_s: Integers
    n_patrols: int
    visit_s: int = 15 * 60
    max_gap_s: int = 120 * 60
    breaks: tuple[PatrolBreak, ...] = ()

    def __post_init__(self) -> None:
        n_places = len(self.expected)
        shapes = {
            "expected": (self.expected.shape, (n_places, len(self.hour_edges_s) - 1)),
            "travel_s": (self.travel_s.shape, (n_places, n_places)),
            "from_start_s": (self.from_start_s.shape, (n_places,)),
            "to_end_s": (self.to_end_s.shape, (n_places,)),
        }
        for name, (given, wanted) in shapes.items():
            if given != wanted:
                raise ParameterError(f"`{name}` must be of shape {wanted} for {n_places} places, not {given}.")
        if n_places == 0:
            raise ParameterError("A patrol needs a place to go to; none was given. Give at least one.")
        if not 1 <= self.n_patrols <= MAX_PATROLS:
            raise ParameterError(
                f"The number of patrols must be from 1 to {MAX_PATROLS}, not {self.n_patrols:,}. Give `n_patrols` "
                "in that range."
            )
        if self.hour_edges_s[0] != 0 or (np.diff(self.hour_edges_s) <= 0).any() or self.length_s > MAX_SHIFT_S:
            raise ParameterError(
                "The hours of a shift must begin at 0, follow each other and last a day at most; given are "
                f"{', '.join(map(str, self.hour_edges_s[:5]))} ... {self.length_s} seconds. Give a shorter shift."
            )
        for name, value, lowest in (("visit", self.visit_s, 60), ("longest gap", self.max_gap_s, self.visit_s)):
            if not lowest <= value <= _DAY_S:
                raise ParameterError(
                    f"The {name} must be from {lowest / 60:g} minutes to a day, not {value / 60:g} minutes. "
                    f"Give other `{'visit' if name == 'visit' else 'max_gap'}_minutes`."
                )
        if not (np.isfinite(self.expected).all() and (self.expected >= 0).all()):
            raise ParameterError(
                "What is expected must be 0 or more in every hour; "
                f"{int((~(self.expected >= 0)).sum()):,} of {self.expected.size:,} numbers are missing or below 0."
            )
        for name, legs in (
            ("travel_s", self.travel_s),
            ("from_start_s", self.from_start_s),
            ("to_end_s", self.to_end_s),
        ):
            wrong = legs[(legs < 0) & (legs != NO_WAY)]
            if legs.dtype.kind not in "iu" or len(wrong):
                raise ParameterError(
                    f"`{name}` must hold whole seconds of 0 or more, or {NO_WAY} where there is no way; it holds "
                    f"{f'{wrong[0]}' if len(wrong) else legs.dtype}. Round them up."
                )
        self._require_room()

    def _require_room(self) -> None:
        """Refuse a shift in which nothing can be visited, or breaks cannot be taken."""
        rest = sum(one.length_s for one in self.breaks)
        room = self.length_s - rest
        if self.visit_s > room:
            raise ParameterError(
                f"A visit of {self.visit_s / 60:g} minutes does not fit into a shift of {self.length_s / 60:g} minutes"
                + (f" with {rest / 60:g} minutes of breaks" if rest else "")
                + (f". Visits of {room // 60} minutes would; give `visit_minutes`, or" if room >= 60 else ". Give")
                + " a longer `shift`"
                + (" or fewer `breaks`." if rest else ".")
            )
        for one in self.breaks:
            if not 0 <= one.earliest_s <= one.latest_s or one.latest_s + one.length_s > self.length_s:
                raise ParameterError(
                    f"A break must lie inside the shift of {self.length_s / 60:g} minutes; the one of "
                    f"{one.length_s / 60:g} minutes would begin {one.earliest_s / 60:g} to {one.latest_s / 60:g} "
                    "minutes after its start. Correct `breaks`."
                )
        for before, after in zip(self.breaks, self.breaks[1:], strict=False):
            if after.earliest_s < before.latest_s + before.length_s:
                raise ParameterError(
                    f"Breaks must not overlap; one may end {(before.latest_s + before.length_s) / 60:g} minutes after "
                    f"the shift begins, and the next begins after {after.earliest_s / 60:g}. Move one of the `breaks`."
                )
        if not self.is_reachable.any():
            need = self.from_start_s + self.visit_s + self.to_end_s + rest
            known = need[(self.from_start_s >= 0) & (self.to_end_s >= 0)]
            raise ParameterError(
                f"Not one of {len(self.expected):,} places can be reached, visited and left within the shift of "
                f"{self.length_s / 60:g} minutes. "
                + (
                    f"The nearest takes {-(-int(known.min()) // 60)} minutes in all: give a longer `shift`, or another "
                    "`start_point`."
                    if len(known)
                    else "No way leads from `start_point` to any and on to the end: give points on the same streets."
                )
            )

    @property
    def n_places(self) -> int:
        """How many places there are."""
        return len(self.expected)

    @property
    def length_s(self) -> int:
        """Of the shift, seconds."""
        return int(self.hour_edges_s[-1])

    @property
    def is_reachable(self) -> npt.NDArray[np.bool_]:
        """Bool (n_places,): whether a patrol can go to a place, visit it and reach its end in time."""
        need = self.from_start_s + self.visit_s + self.to_end_s + sum(one.length_s for one in self.breaks)
        reached: npt.NDArray[np.bool_] = (self.from_start_s >= 0) & (self.to_end_s >= 0) & (need <= self.length_s)
        return reached

    @property
    def least_visits(self) -> int:
        """Visits without which no place is kept from the beginning of the shift to its end."""
        return max(-(-(self.length_s - self.max_gap_s) // (self.visit_s + self.max_gap_s)), 1)
