"""What the summary says of change: two windows of days compared, of the area, its wards and its small places."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from hotspots.analysis.change import (
    VERDICTS,
    Against,
    ChangeTable,
    Comparison,
)
from hotspots.pipeline import Analysis, Change, LostPlaces
from hotspots.products.summary.encoding import (
    Hundredths,
    OneOf,
    Part,
    Probability,
    Quantity,
    Spread,
)
from hotspots.products.summary.place_changes import NO_CHANGE, HotspotChange, PlaceChange

if TYPE_CHECKING:
    pass

_ALWAYS = ("asked", "r12", "longest")
_BESIDE_R12 = ("4-weeks", "1-month", "12-weeks", "3-months")
"""The comparisons with last year shown for wards and hot spots; the first that is available is also in short."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange(Part):
    """How the incidents of an area changed.

    Attributes:
        n_current, n_earlier: Incidents of the two windows.
        ratio: How many times the earlier incidents a day the current ones are.
        low, high: Limits of the ratio.
        percent: The change of incidents a day; null where too few earlier ones.
        p_adjusted: Of no change, allowing for the number of areas, or for the number of comparisons of all wards
            together.
        verdict: The change in words.
    """

    n_current: int
    n_earlier: int
    ratio: Hundredths | None
    low: Hundredths | None
    high: Hundredths | None
    percent: Annotated[int | None, Quantity("%")]
    p_adjusted: Probability
    verdict: Annotated[str, OneOf(VERDICTS)]

    @property
    def is_significant(self) -> bool:
        """Whether it is more than chance."""
        return self.verdict != NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class WardChange(Part):
    """How the incidents of a ward changed.

    Attributes:
        code: Of the ward.
        name: What it is called.
        change: The change.
    """

    code: str
    name: str
    change: Annotated[GroupChange, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSummary(Part):
    """One comparison of two windows of days.

    Attributes:
        label: The length of the windows in words.
        words: The two windows in words.
        is_main: Whether it is the comparison to look at first.
        allows_for_season: Whether both windows are of the same time of year, or of whole years.
        is_per_day: Whether ratio and percent are of incidents a day, because the windows differ in length.
        current, earlier: First and last day of each window.
        area: All wards together; null, as the next, where the comparison is not available.
        confidence: Of the limits.
        allowance: What is allowed for how much crime varies, in a sentence.
        n_month_only: Incidents known only to a month that is not all in one window, which are not counted.
        wards: Each ward.
        n_wards_compared, n_hotspots_compared: Those with any incident, for whose number p values are adjusted.
        hotspots: Each hot spot; null also where that would be unfair.
        patrols: Each place to patrol, likewise.
        hotspots_reason: Why hot spots and places to patrol are not compared though the area is.
        n_left_out: Incidents of either window that are not compared, because the files cover their part of the area in
            one window only.
        lost: Rows without a place, where the windows have unequal shares of them.
    """

    view_of: ClassVar = Comparison

    key: str
    against: Against
    label: str
    words: str
    is_main: bool
    allows_for_season: bool
    is_per_day: bool
    current: tuple[dt.date, dt.date]
    earlier: tuple[dt.date, dt.date]
    days_current: Annotated[int, Quantity("days")]
    days_earlier: Annotated[int, Quantity("days")]
    available: bool
    reason: str | None
    area: GroupChange | None
    confidence: Annotated[float | None, Quantity("share 0-1")]
    allowance: str | None
    n_month_only: int
    wards: tuple[WardChange, ...] | None
    n_wards_compared: int | None
    hotspots: tuple[HotspotChange, ...] | None
    n_hotspots_compared: int | None
    patrols: tuple[HotspotChange, ...] | None
    hotspots_reason: str | None
    n_left_out: int
    lost: LostPlaces | None

    @property
    def changed_wards(self) -> list[WardChange]:
        """Those that changed by more than chance, the surest first."""
        return _keep_changed(self.wards or ())

    @property
    def changed_hotspots(self) -> list[HotspotChange]:
        """Those that changed by more than chance, the surest first."""
        return _keep_changed(self.hotspots or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeScale(Part):
    """From where on the words of a change hold.

    Attributes:
        clear_p: The highest p of a clear change.
        plain_p: The highest p of any change.
        min_for_percent: Fewest earlier incidents of which a change is given in percent.
    """

    clear_p: float
    plain_p: float
    min_for_percent: int


Row = TypeVar("Row", WardChange, HotspotChange)


def summarise_change(change: Change, analysis: Analysis) -> ChangeSummary:
    """One comparison of two windows of days."""
    comparison, area, wards, hotspots = change.comparison, change.area, change.wards, change.hotspots
    patrols = change.patrols
    names = analysis.wards["ward_name"]
    return ChangeSummary.of(
        comparison,
        is_main=change.is_main,
        is_per_day=len(set(comparison.exposures)) > 1,
        current=comparison.windows[0],
        earlier=comparison.windows[1],
        area=area and list_groups(area)[0][1],
        confidence=area and area.confidence,
        allowance=area and area.allowance,
        n_month_only=area.n_month_only if area else 0,
        wards=wards
        and tuple(WardChange(code=code, name=names[code], change=group) for code, group in list_groups(wards)),
        n_wards_compared=wards and wards.n_compared,
        hotspots=hotspots and _list_places(hotspots),
        n_hotspots_compared=hotspots and hotspots.n_compared,
        patrols=patrols and _list_places(patrols),
        hotspots_reason=change.hotspots_reason,
        n_left_out=change.n_left_out,
        lost=change.lost,
    )


def choose_main_change(changes: Sequence[ChangeSummary]) -> ChangeSummary | None:
    """The comparison to look at first; None where none can be made."""
    return next((change for change in changes if change.is_main), None)


def choose_changes(changes: Sequence[ChangeSummary]) -> list[ChangeSummary]:
    """The comparisons that wards and hot spots are shown for: the first, and the shorter ones against last year.

    Where none of these can be made, those with the time just before, which hold the season too.
    """
    ordered = sorted(changes, key=lambda change: (not change.is_main, change.key != "r12"))
    chosen = [
        change
        for change in ordered
        if change.key in _ALWAYS or (change.against == "last year" and change.key in _BESIDE_R12)
    ]
    if any(change.available for change in chosen):
        return chosen
    return [
        change for change in ordered if change.available and (change.is_main or change.key in _BESIDE_R12)
    ] or chosen


def _keep_changed(rows: Iterable[Row]) -> list[Row]:
    """Those whose numbers are withheld come last."""
    return sorted((row for row in rows if row.change.is_significant), key=_doubt)


def _doubt(row: WardChange | HotspotChange) -> float:
    p = row.change.p_adjusted
    return math.inf if p is None else p


def list_groups(changed: ChangeTable) -> list[tuple[Any, GroupChange]]:
    """Each group of a table by its label."""
    names = [field.name for field in fields(GroupChange)]
    columns = (changed.table[name].tolist() for name in names)
    return [
        (label, GroupChange(**dict(zip(names, row, strict=True))))
        for label, *row in zip(changed.table.index, *columns, strict=True)
    ]


def _list_places(changed: ChangeTable) -> tuple[HotspotChange, ...]:
    """Each small place by its rank."""
    return tuple(HotspotChange(rank=index + 1, change=PlaceChange.of(group)) for index, group in list_groups(changed))
