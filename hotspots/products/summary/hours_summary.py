"""What the summary says of the hours of the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import numpy.typing as npt

from hotspots.analysis.hours import MAX_FALSE_SHARE, MAX_P_VALUE, CountedWindow, WeeklyProfile
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import (
    Hundredths,
    Part,
    Probability,
    Quantity,
    Share,
    Source,
    Tenths,
)

if TYPE_CHECKING:
    pass

_CELL_HOURS = (1, 3, 6)
Floats = npt.NDArray[np.float64]
PValue = Annotated[Probability, Source("p_value")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSummary(Part):
    """Hours of the week that stand out.

    Attributes:
        words: The hours in words.
        days: Days on which the window starts, Monday is 0.
        start_hour: First hour, 0-23.
        n_hours: Length; the window may run past midnight.
        week_share: Its hours as a share of the week's.
        ratio: `share` as a multiple of `week_share`.
        p: Of a week in which all hours are alike having any window as uneven as this, in the same direction.
    """

    view_of: ClassVar = CountedWindow

    words: str
    days: tuple[int, ...]
    start_hour: int
    n_hours: int
    n_incidents: Tenths
    share: Share
    week_share: Share
    ratio: Hundredths
    p: PValue


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursSummary(Part):
    """The hours of the week, as counts.

    Attributes:
        counts: Incidents by day of the week, Monday first, and hour; those of a cell of `cell_hours` are shared evenly
            among its hours.
        cell_hours: Length of a cell: so long that one holds an incident on average.
        n_point: Incidents with a moment.
        n_interval: Incidents with an interval shorter than a week, which is shared among its hours.
        n_week_or_more: Incidents with a longer one, which says nothing of the hour.
    """

    view_of: ClassVar = WeeklyProfile

    available: bool
    reason: str | None
    explanation: str | None
    counts: tuple[tuple[Hundredths, ...], ...] | None
    cell_hours: Annotated[int, Quantity("h")]
    n_timed: int
    n_untimed: int
    n_point: Annotated[int, Source("time_counts.n_point")]
    n_interval: Annotated[int, Source("time_counts.n_interval")]
    n_week_or_more: Annotated[int, Source("time_counts.n_week_or_more")]
    peaks: tuple[WindowSummary, ...]
    quiet: tuple[WindowSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSummary(HoursSummary):
    """The hours of the week of all wards together, and what peaks and quiet hours had to pass.

    Attributes:
        max_p: The highest `p` of a window that is told.
        max_false_share_of_groups: Of the wards and hot spots with any window, the share that may have it by chance.
    """

    max_p: float
    max_false_share_of_groups: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WardHours(HoursSummary):
    """The hours of the week in one ward."""

    counts: tuple[tuple[Tenths, ...], ...] | None


def summarise_profile(profile: WeeklyProfile) -> ProfileSummary:
    """The hours of the week."""
    return ProfileSummary.of(
        profile,
        counts=_pool_counts(profile),
        cell_hours=choose_cell_hours(profile.n_timed),
        max_p=MAX_P_VALUE,
        max_false_share_of_groups=MAX_FALSE_SHARE,
    )


def summarise_ward_hours(code: str, analysis: Analysis) -> WardHours | None:
    """The hours of one ward; None where it has no incident."""
    profile = analysis.times.ward_profiles.get(code)
    if profile is None:
        return None
    return WardHours.of(profile, counts=_pool_counts(profile), cell_hours=choose_cell_hours(profile.n_timed))


def choose_cell_hours(n_timed: int) -> int:
    """The finest cells of 1, 3 or 6 hours that hold one incident on average: of few, hours would show each of them."""
    return next((hours for hours in _CELL_HOURS if n_timed >= 168 / hours), _CELL_HOURS[-1])


def _pool_counts(profile: WeeklyProfile) -> Floats | None:
    """Counts by day and hour, the mean of their cell's."""
    if profile.counts is None:
        return None
    n = choose_cell_hours(profile.n_timed)
    pooled: Floats = profile.counts.reshape(7, 24 // n, n).mean(axis=2).repeat(n, axis=1)
    return pooled
