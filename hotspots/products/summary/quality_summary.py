"""What the summary says of the quality of the data."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from hotspots.pipeline import (
    CountTable,
    Hole,
    LostRows,
    MonthQuality,
    Overlap,
    PlaceQuality,
    Quality,
    RefusedRows,
    ResidentsQuality,
    SourceRows,
    TimeQuality,
    WardQuality,
)
from hotspots.products.summary.encoding import Part, Share
from hotspots.products.words import say_each

if TYPE_CHECKING:  # `hotspots check` needs none of the statistics
    from hotspots.pipeline import Analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Days(Part):
    """A run of days.

    Attributes:
        start, end: First and last day, both included.
    """

    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow(Part):
    """A row that was refused.

    Attributes:
        source: The table.
        row: Its number there.
        gave: What the row gave, where that is why.
    """

    source: str
    row: int
    gave: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSummary(Part):
    """Rows that were refused for one reason.

    Attributes:
        examples: The first few.
    """

    view_of: ClassVar = RefusedRows

    reason: str
    n_rows: int
    examples: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCover(Part):
    """How much of the period that was asked for the rows speak for.

    Attributes:
        asked: The days asked for.
        covered: The days analysed.
        share: Days analysed as a share of those asked for.
    """

    asked: Days
    covered: Days
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySummary(Part):
    """The quality of what was read.

    Attributes:
        n_by_crime: Rows of each category of crime.
        notes: What to know about the reading of the files, in sentences.
        period: Null where no period was analysed.
        findings: What to know of the data, in sentences, the most important first.
    """

    view_of: ClassVar = Quality

    n_read: int
    n_used: int
    n_set_aside: int
    refused: tuple[RefusalSummary, ...]
    sources: tuple[SourceRows, ...]
    counts: tuple[CountTable, ...]
    n_conflicting_ids: int
    n_placeholder_ids: int
    n_masked: int
    n_hidden: int
    unrecognised: dict[str, int]
    n_unrecognised: int
    n_unreadable_knife_flags: int
    n_knife_taken_for_no: int
    unread_knife: dict[str, int]
    n_outside_wards: int | None
    overlaps: tuple[Overlap, ...]
    n_by_crime: dict[str, int]
    notes: tuple[str, ...]
    times: TimeQuality
    places: PlaceQuality
    months: MonthQuality
    holes: tuple[Hole, ...]
    lost: LostRows | None
    wards: WardQuality | None
    residents: ResidentsQuality | None
    period: PeriodCover | None
    findings: tuple[str, ...]


def summarise_quality(quality: Quality, analysis: Analysis | None = None) -> QualitySummary:
    """Everything that is known of the quality of the data.

    Args:
        quality: The assessment.
        analysis: What was made of the data, for the period that it asked for.
    """
    refused = tuple(
        RefusalSummary.of(
            rows,
            examples=tuple(RefusedRow(source=source, row=row, gave=gave) for source, row, gave in rows.examples),
        )
        for rows in quality.refused
    )
    period = None if analysis is None else _cover_period(analysis)
    summary = QualitySummary.of(quality, refused=refused, period=period, findings=())
    return dataclasses.replace(summary, findings=tuple(say_each("quality.findings", summary)))


def _cover_period(analysis: Analysis) -> PeriodCover:
    asked = Days(start=analysis.request.start or analysis.start, end=analysis.request.end or analysis.end)
    covered = Days.of(analysis)
    return PeriodCover(asked=asked, covered=covered, share=_count_days(covered) / _count_days(asked))


def _count_days(days: Days) -> int:
    return (days.end - days.start).days + 1
