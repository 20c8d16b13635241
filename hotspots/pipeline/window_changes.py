"""Two windows of one crime, compared on what the files cover in both."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change import Comparison, find_uncovered, plan_comparisons
from hotspots.crimes import Crime, select_crime
from hotspots.ingest.incidents import WITHOUT_PLACE, find_days
from hotspots.pipeline.known_time import MAX_MONTH_ONLY_SHARE, KnownMonths, KnownTime

if TYPE_CHECKING:
    from hotspots.analysis.change import ChangeTable

MIN_COVERED_SHARE = 0.5
"""Share of the incidents of the fuller window that must be of what both windows cover."""
_ALL_INSIDE_SHARE = 0.99
"""Share of the placed incidents in the wards from which those without a place are taken to be in them too."""
UNLIKELY, MIN_LOST_DIFFERENCE = 0.001, 0.01
"""Two windows lack unequal shares of something where the shares differ by so much, and so unlikely by chance."""

Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
Span = tuple[dt.date, dt.date]


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPlaces:
    """Rows of a crime without a place, of which the two windows have unequal shares.

    Attributes:
        n_earlier, n_current: In each window.
        share_earlier, share_current: Of all rows of the crime in that window, 0-1.
        is_counted: Whether they count in the whole area, because all that have a place lie in it.
    """

    n_earlier: int
    n_current: int
    share_earlier: float
    share_current: float
    is_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRows:
    """Rows of all crimes without a place, of which two windows have unequal shares.

    Attributes:
        windows: The windows, in words.
        lost: The rows.
    """

    windows: str
    lost: LostPlaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """What can be compared of two windows.

    Attributes:
        comparison: The windows; not available, with the reason, where too little is left.
        is_kept: Which incidents are of what both windows cover, bool on those of the crime.
        n_left_out: Incidents of either window that are not.
        lost: Rows without a place; None where both windows have the same share of them.
    """

    comparison: Comparison
    is_kept: Flags
    n_left_out: int
    lost: LostPlaces | None


@dataclass(frozen=True, kw_only=True)
class CrimeRows:
    """The rows of one crime, and for which months the files speak of it.

    Attributes:
        incidents: Of the crime, wherever they are, with `started_at`, `time_precision`, `source` and `ward_code`.
        is_inside: Which of them lie in the wards analysed.
        refused: Rows of the crime without a place, with `started_at` and `source`.
        known: For which months the files speak.
        known_from: First day that they cover.
    """

    incidents: pd.DataFrame
    is_inside: Flags
    refused: pd.DataFrame
    known: KnownMonths
    known_from: dt.date

    @cached_property
    def _spans(self) -> tuple[Days, Days]:
        return _read_spans(self.incidents)

    @cached_property
    def counted(self) -> pd.DataFrame:
        """What is counted: `started_at` and `time_precision` of those inside."""
        return self.incidents.loc[self.is_inside, ["started_at", "time_precision"]]

    def find_windows(self, comparison: Comparison) -> Windows:
        """What can be compared of two windows: without the parts that one of them does not cover."""
        if not comparison.available:
            kept = np.ones(int(self.is_inside.sum()), dtype=bool)
            return Windows(comparison=comparison, is_kept=kept, n_left_out=0, lost=None)
        uncovered = self._find_uncovered(comparison, self.incidents)
        in_windows = _find_rows(*self._spans, comparison.windows, left_out=comparison.left_out)
        counted = in_windows & self.is_inside
        n_all, n_kept = counted.sum(axis=1), (counted & ~uncovered).sum(axis=1)
        if uncovered[counted.any(axis=0)].any() and n_kept[n_all.argmax()] < MIN_COVERED_SHARE * n_all.max():
            share = n_kept[n_all.argmax()] / n_all.max()
            comparison = dataclasses.replace(
                comparison,
                available=False,
                reason=(
                    f"Files end or begin within these windows, and what both cover is only {100 * share:.0f}% of the "
                    f"incidents; {100 * MIN_COVERED_SHARE:.0f}% are needed."
                ),
            )
        return Windows(
            comparison=comparison,
            is_kept=~uncovered[self.is_inside],
            n_left_out=int((counted & uncovered).sum()),
            lost=self._find_lost(comparison, in_windows & ~uncovered),
        )

    def find_counted(self, comparison: Comparison) -> Flags:
        """Which rows, inside or not, count in each window, the later first: bool (2, n_rows)."""
        in_windows = _find_rows(*self._spans, comparison.windows, left_out=comparison.left_out)
        return in_windows & ~self._find_uncovered(comparison, self.incidents)

    def compare(
        self,
        windows: Windows,
        *,
        groups: pd.Categorical | None = None,
    ) -> tuple[Comparison, ChangeTable | None]:
        """The change of the whole area, or of groups in it; None, with the reason, where that cannot be said.

        Rows without a place count in the whole area if all that have one lie in it. If not, and a verdict would be
        another with the part of them that is to be expected in it, there is none.

        Args:
            windows: What can be compared.
            groups: That of each incident inside; every category is compared.
        """
        # statistics, which `hotspots check` does without
        from hotspots.analysis.change import WHOLE_AREA, count_change, measure_change, measure_dispersion

        comparison, lost = windows.comparison, windows.lost
        if not comparison.available or (lost and groups is not None):
            return comparison, None
        is_whole = bool(windows.is_kept.all())
        own = self.counted if is_whole else self.counted[windows.is_kept]
        of_each = (
            None if groups is None else pd.Series(groups if is_whole else groups[windows.is_kept], index=own.index)
        )
        dispersion = measure_dispersion(
            own,
            comparison,
            known_from=self.known_from,
            missing_months=self.known.gap_months,
            groups=of_each,
        )
        counts = count_change(own, comparison, groups=of_each)
        change = measure_change(counts, dispersion=dispersion)
        if lost is None:
            return comparison, change
        share = 1.0 if lost.is_counted else float(self.is_inside.mean())
        added = [round(share * n) for n in (lost.n_current, lost.n_earlier)]
        with_lost = measure_change(
            dataclasses.replace(counts, table=counts.table[["n_current", "n_earlier"]] + added), dispersion=dispersion
        )
        if lost.is_counted:
            return comparison, with_lost
        verdicts = [str(table.table["verdict"][WHOLE_AREA]) for table in (change, with_lost)]
        if verdicts[0] == verdicts[1]:
            return comparison, change
        reason = (
            f"{100 * lost.share_earlier:.1f}% of the rows of the earlier window have no usable place, and "
            f"{100 * lost.share_current:.1f}% of the later: without them the verdict is {verdicts[0]}, and with as "
            f"many of them as are to be expected here {verdicts[1]}."
        )
        return dataclasses.replace(comparison, available=False, reason=reason), None

    def find_lost(self, comparison: Comparison) -> LostPlaces | None:
        """Rows without a place, if two windows have unequal shares of them in what both cover."""
        return self._find_lost(comparison, self.find_counted(comparison))

    def _find_uncovered(self, comparison: Comparison, rows: pd.DataFrame) -> Flags:
        """Which rows are of a part that one of the windows does not cover, on days that this leaves out."""
        uncovered = np.zeros(len(rows), dtype=bool)
        if not self.known.holes:
            return uncovered
        day = rows["started_at"].to_numpy().astype("datetime64[D]")
        for hole in self.known.holes:
            spans = find_uncovered(comparison, hole.months)
            if spans:
                uncovered |= hole.holds(rows) & np.logical_or.reduce([_is_in(day, *span) for span in spans])
        return uncovered

    def _find_lost(self, comparison: Comparison, is_counted: Flags) -> LostPlaces | None:
        """Rows without a place, if the windows have unequal shares of them."""
        if self.refused.empty:
            return None
        rows = self.refused.assign(ward_code=None)
        kept = rows[~self._find_uncovered(comparison, rows)]
        periods = comparison.windows
        return find_lost(
            self.incidents, self.is_inside, kept, periods, is_counted=is_counted, left_out=comparison.left_out
        )


def find_lost(
    incidents: pd.DataFrame,
    is_inside: Flags,
    refused: pd.DataFrame,
    periods: Sequence[Span],
    *,
    is_counted: Flags | None = None,
    left_out: Sequence[Span] = (),
) -> LostPlaces | None:
    """Rows of a crime without a place, if two periods have unequal shares of them by more than chance.

    Args:
        incidents: Those with a place, wherever they are.
        is_inside: Which of them lie in the area.
        refused: Rows without one.
        periods: The later, and the earlier.
        is_counted: Which incidents count in each period; by default all that are in it.
        left_out: Days of the periods that do not count.
    """
    from hotspots.distributions import compare_shares  # here, as `hotspots check` seldom needs any of SciPy

    counted = _find_rows(*_read_spans(incidents), periods, left_out=left_out) if is_counted is None else is_counted
    lost = _find_rows(*_read_spans(refused), periods, left_out=left_out).sum(axis=1).tolist()
    placed = counted.sum(axis=1).tolist()
    if not sum(lost) or not sum(placed):
        return None
    shares = [n / max(n + beside, 1) for n, beside in zip(lost, placed, strict=True)]
    if abs(shares[0] - shares[1]) < MIN_LOST_DIFFERENCE or compare_shares([lost, placed]) > UNLIKELY:
        return None
    return LostPlaces(
        n_earlier=lost[1],
        n_current=lost[0],
        share_earlier=shares[1],
        share_current=shares[0],
        is_counted=bool(is_inside[counted.any(axis=0)].mean() >= _ALL_INSIDE_SHARE),
    )


def find_lost_rows(incidents: pd.DataFrame, rejected: pd.DataFrame, time: KnownTime) -> LostRows | None:
    """Rows of all crimes without a place, if the widest two windows that can be compared have unequal shares of them.

    Args:
        incidents: Of all crimes; with `ward_code` where the wards are known.
        rejected: Rows that were refused.
        time: For which days the files speak.
    """
    refused = find_refused(rejected)
    if refused.empty or incidents.empty:
        return None
    last = time.last.max().astype(dt.date)
    has_wards = "ward_code" in incidents
    rows = CrimeRows(
        incidents=incidents if has_wards else incidents.assign(ward_code=None),
        is_inside=incidents["ward_code"].notna().to_numpy() if has_wards else np.zeros(len(incidents), dtype=bool),
        refused=refused,
        known=time.find_months(incidents, first=time.first_day, last=last),
        known_from=time.first_day,
    )
    is_monthly = bool((incidents["time_precision"] == "month").mean() > MAX_MONTH_ONLY_SHARE)
    planned = plan_comparisons(
        last, known_from=rows.known_from, is_monthly=is_monthly, missing_months=rows.known.gap_months
    )
    widest = next((one for one in reversed(planned) if one.available and one.against == "before"), None)
    lost = rows.find_lost(widest) if widest else None
    return LostRows(windows=widest.words, lost=lost) if widest and lost else None


def find_refused(rejected: pd.DataFrame, crime: Crime | None = None) -> pd.DataFrame:
    """Refused rows that have a day or month and no usable place: `started_at`, `source`, as of a day.

    Args:
        rejected: Rows that were refused.
        crime: Theirs; None for all.
    """
    kept = (rejected["reason"].isin(WITHOUT_PLACE) & rejected["started_at"].notna()).to_numpy(dtype=bool)
    if crime is not None:
        kept = kept & select_crime(rejected, crime).to_numpy(dtype=bool)
    return pd.DataFrame(rejected.loc[kept, ["started_at", "source"]]).assign(time_precision="day")


def _read_spans(rows: pd.DataFrame) -> tuple[Days, Days]:
    """First and last day on which each row can have started."""
    first, last = find_days(rows)
    return first.astype("datetime64[D]"), last.astype("datetime64[D]")


def _find_rows(first: Days, last: Days, periods: Sequence[Span], *, left_out: Sequence[Span]) -> Flags:
    """Which rows count in each period: bool (periods, rows). Of one that gives its month the month must be within."""
    counts = ~np.logical_or.reduce([_is_in(first, *span) for span in left_out]) if left_out else True
    return np.stack([counts & _is_in(first, *span) & _is_in(last, *span) for span in periods])


def _is_in(day: npt.NDArray[np.datetime64], first: dt.date, last: dt.date) -> Flags:
    inside: Flags = (day >= np.datetime64(first, "D")) & (day <= np.datetime64(last, "D"))
    return inside
