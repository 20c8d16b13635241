"""How hot spots and places to patrol changed, told so that no count under ten can be found from it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from hotspots.analysis.change import VERDICTS
from hotspots.geography import Floor
from hotspots.products.summary.encoding import Hundredths, OneOf, Part, Probability, Quantity, Spread

if TYPE_CHECKING:
    from hotspots.products.summary.change_summary import ChangeSummary

NO_CHANGE = VERDICTS[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceChange(Part):
    """How the incidents of a small place changed; all numbers are null where they would tell of too few.

    Attributes:
        n_current, n_earlier: Incidents of the two windows.
        ratio: How many times the earlier incidents a day the current ones are.
        low, high: Limits of the ratio.
        percent: The change of incidents a day; null also where too few earlier ones.
        p_adjusted: Of no change, allowing for the number of places.
        verdict: The change in words.
    """

    n_current: int | None
    n_earlier: int | None
    ratio: Hundredths | None
    low: Hundredths | None
    high: Hundredths | None
    percent: Annotated[int | None, Quantity("%")]
    p_adjusted: Probability | None
    verdict: Annotated[str, OneOf(VERDICTS)]

    @property
    def is_significant(self) -> bool:
        """Whether it is more than chance."""
        return self.verdict != NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotChange(Part):
    """How the incidents of a hot spot, or of a place to patrol, changed.

    Attributes:
        rank: Of it.
        change: The change.
    """

    rank: int
    change: Annotated[PlaceChange, Spread]


def withhold_counts(
    changes: Sequence[ChangeSummary],
    totals: dict[Literal["hotspots", "patrols"], Sequence[int]],
    *,
    period: tuple[dt.date, dt.date],
    floor: Floor,
) -> tuple[ChangeSummary, ...]:
    """Comparisons in which places have numbers only where these tell of no fewer than the floor.

    Of each place one comparison is told in numbers, and the others in words: windows of several lie within each other,
    and the difference of two counts may be of a single incident. It is the one to look at first, or else that of the
    longest windows, if both counts are large enough, and what they leave of the place's incidents in the whole period
    is as well, or nothing.

    Args:
        changes: All, with the numbers of every place.
        totals: Incidents of each place in the whole period, by its group and in the order of its rank.
        period: First and last day of the whole period.
        floor: The least that may be told of.
    """
    if not floor.is_applied:
        return tuple(changes)
    order = sorted(range(len(changes)), key=lambda at: (not changes[at].is_main, -changes[at].days_current))
    told: dict[tuple[str, int], int] = {}
    for at in order:
        for group, of_group in totals.items():
            for row in getattr(changes[at], group) or ():
                place = (group, row.rank)
                if place not in told and _may_tell(row.change, changes[at], of_group[row.rank - 1], period, floor):
                    told[place] = at
    kept = []
    for at, change in enumerate(changes):
        groups: dict[str, Any] = {
            group: rows and tuple(row if told.get((group, row.rank)) == at else _without_numbers(row) for row in rows)
            for group, rows in ((name, getattr(change, name)) for name in totals)
        }
        kept.append(dataclasses.replace(change, **groups))
    return tuple(kept)


def _may_tell(
    row: PlaceChange, change: ChangeSummary, total: int, period: tuple[dt.date, dt.date], floor: Floor
) -> bool:
    """Whether two counts, and what they leave of a known total, are of enough incidents each."""
    assert row.n_current is not None
    assert row.n_earlier is not None
    within = [
        n
        for n, (first, last) in ((row.n_current, change.current), (row.n_earlier, change.earlier))
        if period[0] <= first and last <= period[1]
    ]
    left = [total - n for n in (*within, sum(within))]
    is_enough = min(row.n_current, row.n_earlier) >= floor.min_incidents
    return is_enough and not any(map(floor.is_few, left))


def _without_numbers(row: HotspotChange) -> HotspotChange:
    numbers: dict[str, Any] = {one.name: None for one in dataclasses.fields(PlaceChange) if one.name != "verdict"}
    return dataclasses.replace(row, change=dataclasses.replace(row.change, **numbers))
