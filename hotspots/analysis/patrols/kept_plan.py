"""A plan of patrols beside what they did: visits kept, missed and made besides."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import DataError, ParameterError

SLACK_MINUTES: Final = 30.0
"""How far from its planned time a visit may be and still be the one that was planned."""

_PLAN_COLUMNS: Final = ("place", "arrive_instant", "leave_instant")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """What became of planned visits.

    Attributes:
        is_kept: bool (n_planned,).
        minutes_late: float (n_planned,), how far the visit that kept it began after the planned arrival, below 0 where
            it began before; NaN where it was missed.
        is_extra: bool (n_visits,), visits that keep no planned one; passing by is neither.
        slack_minutes: How far from its time a visit may be.
    """

    is_kept: npt.NDArray[np.bool_]
    minutes_late: npt.NDArray[np.float64]
    is_extra: npt.NDArray[np.bool_]
    slack_minutes: float

    @property
    def n_planned(self) -> int:
        """Planned visits."""
        return len(self.is_kept)

    @property
    def n_kept(self) -> int:
        """Those of them that were made."""
        return int(self.is_kept.sum())

    @property
    def n_extra(self) -> int:
        """Visits that were not planned."""
        return int(self.is_extra.sum())


def compare_plan(visits: pd.DataFrame, plan: pd.DataFrame, *, slack_minutes: float = SLACK_MINUTES) -> KeptPlan:
    """Say which planned visits were made.

    A planned visit is kept if there was a visit to its place at its time, or no more than the slack before or after. A
    visit that is at the place at several planned times keeps them all; one that is only near them keeps one, the
    nearest. By whom it was made does not matter.

    Args:
        visits: As `list_visits` gives them.
        plan: `place`, its position among the places; `arrive_instant` and `leave_instant`, UTC. Any order.
        slack_minutes: How far from its time a visit may be.

    Raises:
        ParameterError: The slack is not a finite number of 0 or more.
        DataError: A column is missing.
    """
    if not (math.isfinite(slack_minutes) and slack_minutes >= 0):
        raise ParameterError(f"`slack_minutes` must be a finite number of 0 or more, not {slack_minutes:g}.")
    missing = [name for name in _PLAN_COLUMNS if name not in plan.columns]
    if missing:
        raise DataError(f"A plan needs the columns {', '.join(_PLAN_COLUMNS)}; {', '.join(missing)} missing.")
    is_real = ~visits["is_passing"].to_numpy(dtype=bool)
    started, ended = (_as_minutes(visits[name]) for name in ("started_instant", "ended_instant"))
    arrive, leave = (_as_minutes(plan[name]) for name in ("arrive_instant", "leave_instant"))
    is_kept = np.zeros(len(plan), dtype=bool)
    late = np.full(len(plan), np.nan)
    is_extra = is_real.copy()
    visited, wanted = visits["place"].to_numpy(), plan["place"].to_numpy()
    for place in np.unique(wanted).tolist():
        own, made = np.flatnonzero(wanted == place), np.flatnonzero(is_real & (visited == place))
        if not len(made):
            continue
        apart = np.maximum(0, np.maximum(started[made] - leave[own, None], arrive[own, None] - ended[made]))
        planned, visit = np.nonzero(apart <= slack_minutes)
        order = np.lexsort((started[made[visit]], arrive[own[planned]], apart[planned, visit]))
        used: set[int] = set()
        for at in order.tolist():
            one, other = int(own[planned[at]]), int(made[visit[at]])
            if is_kept[one] or (other in used and apart[planned[at], visit[at]] > 0):
                # what is there at a time that another visit keeps is still no extra one
                is_extra[other] &= apart[planned[at], visit[at]] > 0
                continue
            is_kept[one], is_extra[other] = True, False
            late[one] = started[other] - arrive[one]
            used.add(other)
    return KeptPlan(is_kept=is_kept, minutes_late=late, is_extra=is_extra, slack_minutes=slack_minutes)


def _as_minutes(instants: pd.Series) -> npt.NDArray[np.float64]:
    return instants.to_numpy().astype("datetime64[ms]").astype(np.int64) / 60_000
