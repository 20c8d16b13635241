"""What the summary says of periods that are compared: their densities on one scale, and parts of the week."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from hotspots.analysis.change import Against
from hotspots.analysis.hotspots import DAY_PARTS
from hotspots.pipeline import Analysis
from hotspots.products.summary.change_summary import GroupChange, list_groups
from hotspots.products.summary.encoding import Part, PerKm2, Quantity, Spread

PER_DAYS = 28
"""Densities of periods are per this many of their days, so that any two periods compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedPeriods(Part):
    """The densities of both windows of a comparison.

    Attributes:
        key, against: Of the comparison.
        max_current, max_earlier: The highest density of any cell that may be drawn, in `per_days`.
        is_whole: Whether nothing is withheld of either.
    """

    key: str
    against: Against
    max_current: PerKm2
    max_earlier: PerKm2
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodsSummary(Part):
    """The densities of periods that are compared, all made alike and drawn on one scale.

    Attributes:
        per_days: The days that densities are per.
        bandwidth_m: Of all of them.
        max_per_km2: The highest of the first comparison: in shorter periods a few incidents make a peak.
        compared: Those that are drawn, the one to look at first before the others.
    """

    per_days: Annotated[int, Quantity("days")]
    bandwidth_m: Annotated[float, Quantity("m", decimals=1)]
    max_per_km2: PerKm2
    compared: tuple[ComparedPeriods, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChange(Part):
    """How the incidents of a part of the week changed in all wards.

    Attributes:
        key: Of the part.
        change: The change, by the comparison to look at first.
    """

    key: str
    change: Annotated[GroupChange, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChangesSummary(Part):
    """The parts of the week by the comparison to look at first; verdicts allow for the number of parts.

    Attributes:
        parts: Each of them; null where they cannot be compared.
        reason: Why not, in a sentence; null where they are.
    """

    parts: tuple[PartChange, ...] | None
    reason: str | None


def summarise_periods(analysis: Analysis) -> PeriodsSummary | None:
    """The densities of the periods compared; None where none is drawn."""
    if not analysis.periods:
        return None
    compared = []
    for periods in analysis.periods:
        current, earlier = (shown.max_per_km2 * PER_DAYS / n_days for shown, n_days in periods.windows)
        compared.append(
            ComparedPeriods(
                key=periods.comparison.key,
                against=periods.comparison.against,
                max_current=current,
                max_earlier=earlier,
                is_whole=periods.current.is_whole and periods.earlier.is_whole,
            )
        )
    return PeriodsSummary(
        per_days=PER_DAYS,
        bandwidth_m=analysis.places.density.bandwidth_m,
        max_per_km2=max(compared[0].max_current, compared[0].max_earlier),
        compared=tuple(compared),
    )


def summarise_part_changes(analysis: Analysis) -> PartChangesSummary | None:
    """The parts of the week by the main comparison; None where hours are not known."""
    found = analysis.part_changes
    if found is None:
        return None
    rows = None if found.change is None else list_groups(found.change)
    return PartChangesSummary(
        parts=None if rows is None else tuple(PartChange(key=DAY_PARTS[at].key, change=change) for at, change in rows),
        reason=found.reason,
    )
