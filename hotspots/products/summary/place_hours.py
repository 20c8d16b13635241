"""The hours of hot spots and places to patrol, told so that no count under ten can be found from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from hotspots.analysis.hotspots import Hotspot
from hotspots.analysis.hours import CountedWindow, WeeklyProfile
from hotspots.geography import Floor
from hotspots.products.summary.encoding import Part, Probability, Quantity, Share, Source, Tenths
from hotspots.products.words import say

_SHARE = Quantity("share 0-1", decimals=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceWindow(Part):
    """Hours of the week that stand out at a small place.

    Attributes:
        words: The hours in words.
        days: Days on which the window starts, Monday is 0.
        start_hour: First hour, 0-23.
        n_hours: Length; the window may run past midnight.
        n_incidents: Null where it, or what it leaves of the incidents with a clock time, is of too few; and where the
            number of these is not told.
        share: Of the incidents with a clock time; in whole hundredths, which do not give their number away. Null where
            it, or the rest, is of too few.
        week_share: Its hours as a share of the week's.
        ratio: `share` as a multiple of `week_share`.
        p: Of a week in which all hours are alike having any window as uneven as this, in the same direction.
    """

    view_of: ClassVar = CountedWindow

    words: str
    days: tuple[int, ...]
    start_hour: int
    n_hours: int
    n_incidents: Tenths | None
    share: Annotated[float | None, _SHARE]
    week_share: Share
    ratio: Tenths | None
    p: Annotated[Probability, Source("p_value")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotHours(Part):
    """The hours of a hot spot as windows: one by one they would be of few incidents each.

    Attributes:
        rank: Of the hot spot.
        explanation: Why its hours are not told, in a sentence; null where they are.
        n_timed: Incidents with a clock time; null, as the next, where either is of too few to be told.
    """

    view_of: ClassVar = WeeklyProfile

    rank: int
    available: bool
    reason: str | None
    explanation: str | None
    n_timed: int | None
    n_untimed: int | None
    peaks: tuple[PlaceWindow, ...]
    quiet: tuple[PlaceWindow, ...]


def summarise_hotspot_hours(hotspot: Hotspot, floor: Floor) -> HotspotHours:
    """The hours of one hot spot."""
    profile, windows = hotspot.profile, tell_windows(hotspot, floor)
    is_told = hotspot.n_timed is not None
    return HotspotHours.of(
        profile,
        rank=hotspot.rank,
        explanation=profile.explanation if is_told or profile.available else say("hours.too_few_at_place"),
        n_timed=hotspot.n_timed,
        n_untimed=profile.n_untimed if is_told else None,
        peaks=windows[: len(profile.peaks)],
        quiet=windows[len(profile.peaks) :],
    )


def tell_windows(place: Hotspot, floor: Floor) -> tuple[PlaceWindow, ...]:
    """The peaks of a place and then its quiet windows, with numbers as far as they may be told."""
    return tuple(_tell_each((*place.profile.peaks, *place.profile.quiet), place, floor))


def _tell_each(windows: Iterable[CountedWindow], place: Hotspot, floor: Floor) -> Iterable[PlaceWindow]:
    """No two windows share an hour, so what one leaves is the whole of the next."""
    left = float(place.profile.n_timed)
    for window in windows:
        is_told = floor.may_tell(window.n_incidents, whole=left)
        left -= window.n_incidents if is_told else 0.0
        share = _SHARE.state(window.share)
        yield PlaceWindow.of(
            window,
            n_incidents=window.n_incidents if is_told and place.n_timed is not None else None,
            share=share if is_told else None,
            ratio=share / window.week_share if is_told else None,
        )
