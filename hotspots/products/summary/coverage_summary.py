"""What the summary of a run says of safe havens: what they cover, and when each is open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from hotspots.analysis.safe_havens import Coverage, CoverageShares, WindowCoverage
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import (
    Metres,
    Part,
    Share,
    Tenths,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCoverage(Part):
    """Coverage by safe havens within peak hours.

    Attributes:
        words: The hours in words.
    """

    view_of: ClassVar = WindowCoverage

    words: str
    n_timed: int
    share_within_reach: Share | None
    share_open_within_reach: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavenSummary(Part):
    """One safe haven.

    Attributes:
        id: Its ID in the table.
        name: What it is called.
        kind: What it is.
        opening_hours: In the notation of OpenStreetMap.
        n_incidents: Incidents within reach; null where they are too few to be shown.
        week: Whether it is open in each hour of the week of `havens.week_of`, a letter each, Monday 00:00-00:59 first:
            o is open, p is open in a part of it, c is closed, ? is not known.
    """

    id: str
    name: str | None
    kind: str | None
    opening_hours: str | None
    n_incidents: int | None
    week: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCoverageSummary(Part):
    """What is covered at the hours at which incidents may have happened: each minute of an interval counts its share.

    Attributes:
        any_share: Of those whose hour is known, with any haven within reach, open or not; null without any.
        open_share: With one that is open then.
        unknown_share: With none known to be open then, and one of which that is not known.
        lost_share: With one within reach, and all known to be closed then: what closing time costs.
    """

    view_of: ClassVar = CoverageShares

    n_timed: Tenths
    any_share: Share | None
    open_share: Share | None
    unknown_share: Share | None
    lost_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HavensSummary(Part):
    """The safe havens, and what they cover of incidents known more exactly than to an area.

    Attributes:
        n_havens: How many they are.
        area_share_within_reach: Share of the study area within reach of any, in a straight line.
        by_hour: At the hours at which they may have happened.
        peaks: Within each peak of the week.
        week_of: The Monday of the ordinary week of which it is said when each is open.
        week_has_bank_holiday: Whether one is in it all the same, as in every week of the period.
        week_is_in_term: Whether it is in school term; null where that is not known.
        havens: Each of them.
    """

    view_of: ClassVar = Coverage

    reach_m: Metres
    is_along_streets: bool
    n_havens: int
    area_share_within_reach: Share
    n_incidents: int
    n_within_reach: int
    share_within_reach: Share | None
    n_timed: int
    n_open_within_reach: int
    share_open_within_reach: Share | None
    n_hours_unknown: int
    by_hour: HourCoverageSummary
    peaks: tuple[PeakCoverage, ...]
    week_of: dt.date
    week_has_bank_holiday: bool
    week_is_in_term: bool | None
    havens: tuple[HavenSummary, ...]


def summarise_coverage(analysis: Analysis) -> HavensSummary | None:
    """What the safe havens cover; None where none were given."""
    found = analysis.havens
    if found is None:
        return None
    floor, n_by_haven = analysis.request.floor, found.coverage.n_incidents_by_haven
    return HavensSummary.of(
        found.coverage,
        n_havens=len(found.havens),
        by_hour=HourCoverageSummary.of(found.shares),
        area_share_within_reach=found.reach.area / analysis.study_area.area,
        peaks=tuple(
            PeakCoverage.of(covered, words=peak.words)
            for peak, covered in zip(analysis.times.profile.peaks, found.peaks, strict=True)
        ),
        week_of=found.week.first_day,
        week_has_bank_holiday=found.week.has_bank_holiday,
        week_is_in_term=found.week.is_in_term,
        havens=tuple(
            HavenSummary(
                id=str(haven_id),
                name=haven["name"],
                kind=haven["kind"],
                opening_hours=haven["opening_hours"],
                n_incidents=n_by_haven[haven_id] if floor.is_met(n_by_haven[haven_id], floor.min_places) else None,
                week=week,
            )
            for (haven_id, haven), week in zip(found.havens.iterrows(), found.week.states, strict=True)
        ),
    )
