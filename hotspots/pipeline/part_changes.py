"""What changed in each part of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hotspots.analysis.change import ChangeTable
from hotspots.analysis.hotspots import DAY_PARTS, weigh_shifts
from hotspots.analysis.hours import weigh_hours
from hotspots.distributions import compare_shares
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.times import Change
from hotspots.pipeline.window_changes import MIN_LOST_DIFFERENCE, UNLIKELY, CrimeRows

_MOST = 0.5
"""An incident is of the part of the week that more than this share of its time lies in."""
_TIME_COLUMNS = ["started_at", "ended_at", "time_precision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartChanges:
    """How the incidents of all wards changed in each part of the week, by the comparison to look at first.

    Attributes:
        change: One row a part, in the order of `DAY_PARTS` from 0, with verdicts that allow for their number; None
            where that cannot be said.
        reason: Why not, in a sentence; otherwise None.
    """

    change: ChangeTable | None
    reason: str | None = None


def compare_parts(
    chosen: Selection, rows: CrimeRows, changes: Sequence[Change], *, hours: sparse.csr_array
) -> PartChanges:
    """Compare both windows of the main comparison in each part of the week.

    An incident whose time is an interval is of the part that more than half of it lies in; one that lies in none so, or
    has no clock time, is of none. The windows must have like shares of those: a feed that begins to give times would
    look like a rise at every hour.

    Args:
        chosen: What is analysed.
        rows: What the comparisons count.
        changes: The comparisons.
        hours: `weigh_hours` of the incidents of the period.
    """
    main = next((change for change in changes if change.is_main), None)
    if main is None or main.wards is None:
        return PartChanges(change=None, reason="No two periods can be compared in it.")
    both = sparse.vstack([weigh_hours(chosen.earlier[_TIME_COLUMNS]), hours], format="csr")
    shares = weigh_shifts(both, DAY_PARTS)
    part = np.where(shares.max(axis=1) > _MOST, shares.argmax(axis=1), -1)
    windows = rows.find_windows(main.comparison)
    if _differ_in_times(part >= 0, rows.find_counted(main.comparison)[:, : len(part)]):
        return PartChanges(change=None, reason="The times of more incidents are known in one of the two periods.")
    groups: Any = pd.Categorical.from_codes(part, categories=pd.RangeIndex(len(DAY_PARTS)))
    _, change = rows.compare(windows, groups=groups)
    return PartChanges(change=change)


def _differ_in_times(is_timed: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]) -> bool:
    """Whether a larger share of one window than of the other is of some part, by more than chance."""
    n_timed, n_all = (counted & is_timed).sum(axis=1), counted.sum(axis=1)
    shares = n_timed / np.maximum(n_all, 1)
    differ = compare_shares([n_timed, n_all - n_timed]) <= UNLIKELY
    return bool(differ and abs(shares[0] - shares[1]) >= MIN_LOST_DIFFERENCE)
