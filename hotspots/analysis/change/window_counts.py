"""Incidents by group in the two windows of a comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change.comparisons import Comparison
from hotspots.errors import DataError, ParameterError

Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]


WHOLE_AREA = "all"
"""The one group of incidents that are not grouped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """Incidents by group in the two windows of a comparison.

    Attributes:
        table: One row a group, with `n_current` and `n_earlier`, int.
        comparison: The windows.
        n_month_only: Incidents of months that the windows touch, left out because only their month is known and the
            windows are not of whole months.
        n_ungrouped: Incidents within the windows that belong to no group.
    """

    table: pd.DataFrame
    comparison: Comparison
    n_month_only: int
    n_ungrouped: int


def count_change(
    incidents: pd.DataFrame,
    comparison: Comparison,
    *,
    groups: pd.Series | None = None,
    all_groups: Iterable[Hashable] | None = None,
) -> ChangeCounts:
    """Count incidents by group in both windows, by the day on which they started.

    An incident known to lie between two times counts on the day of the first. One of which only the month is known
    counts in windows of whole months, and is left out and counted as such otherwise. Days that do not count in the
    comparison are left out of both windows.

    Args:
        incidents: The incidents table, or any with `started_at` and `time_precision`.
        comparison: The windows.
        groups: Ward code, rank of the hot spot or the like of each incident, on the same index; missing for none.
            Without groups all are one, `WHOLE_AREA`.
        all_groups: Every group to count, those without incidents too; incidents of others count as ungrouped. By
            default those that any incident belongs to, in any window, in order, or the categories of `groups`.

    Raises:
        ParameterError: The comparison is not available, `all_groups` repeats one, or is given without groups.
        DataError: The groups are not on the index of the incidents.
    """
    if not comparison.available:
        raise ParameterError(
            f"Only a comparison that is available can be counted; {comparison.words} is not. {comparison.reason} "
            "Choose another."
        )
    code, names = code_groups(incidents, groups, all_groups)
    day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    windows = np.array([_is_within(day, first, last) for first, last in comparison.windows])
    n_month_only = 0
    if not comparison.covers_whole_months:
        month_only = (incidents["time_precision"] == "month").to_numpy(dtype=bool, na_value=False)
        if month_only.any():
            n_month_only = int((month_only & _touches_months(day, comparison)).sum())
            windows &= ~month_only
    for first, last in comparison.left_out:
        windows &= ~_is_within(day, first, last)
    counts = [np.bincount(code[window & (code >= 0)], minlength=len(names)) for window in windows]
    return ChangeCounts(
        table=pd.DataFrame(
            {"n_current": counts[0].astype(np.int64), "n_earlier": counts[1].astype(np.int64)}, index=names
        ),
        comparison=comparison,
        n_month_only=n_month_only,
        n_ungrouped=int((windows.any(axis=0) & (code < 0)).sum()),
    )


def code_groups(
    incidents: pd.DataFrame, groups: pd.Series | None, all_groups: Iterable[Hashable] | None
) -> tuple[Integers, pd.Index]:
    """Int (n_incidents,), the position of each incident's group among all groups, -1 for none; and the groups.

    Args:
        incidents: The incidents.
        groups: As in `count_change`.
        all_groups: As in `count_change`.

    Raises:
        ParameterError: `all_groups` repeats one, or is given without groups.
        DataError: The groups are not on the index of the incidents.
    """
    if groups is None:
        if all_groups is not None:
            raise ParameterError(
                "`all_groups` needs the group of each incident, and no groups were given. Give `groups` too."
            )
        return np.zeros(len(incidents), dtype=np.int64), pd.Index([WHOLE_AREA])
    if not groups.index.equals(incidents.index):
        raise DataError(
            f"Groups must have the index of the incidents; those of {len(groups):,} groups and {len(incidents):,} "
            "incidents differ. Use groups.reindex(incidents.index)."
        )
    if all_groups is None and isinstance(groups.dtype, pd.CategoricalDtype):
        return groups.cat.codes.to_numpy().astype(np.int64), groups.cat.categories
    code, found = pd.factorize(groups, sort=True)
    found = pd.Index(found)
    if all_groups is None:
        return code.astype(np.int64), found
    names = pd.Index(list(all_groups))
    if names.has_duplicates:
        raise ParameterError(
            f"Each group must be named once; {names[names.duplicated()][0]!r} is named twice. Use unique names."
        )
    # One more place, so that the code -1 of no group stays -1.
    place = np.append(names.get_indexer(found), -1)
    return place[code].astype(np.int64), names


def _is_within(day: Days, first: dt.date, last: dt.date) -> Flags:
    within: Flags = (day >= np.datetime64(first, "D")) & (day <= np.datetime64(last, "D"))
    return within


def _touches_months(day: Days, comparison: Comparison) -> Flags:
    """Whether the month of each day has a day in either window."""
    month = day.astype("datetime64[M]")
    touches: Flags = np.zeros(len(day), dtype=bool)
    for first, last in comparison.windows:
        touches |= (month >= np.datetime64(first, "M")) & (month <= np.datetime64(last, "M"))
    return touches
