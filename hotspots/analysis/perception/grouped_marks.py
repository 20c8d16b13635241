"""Marks by part of the day or by school, such that what is not listed cannot be worked out from what is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.analysis.perception.felt_safety import limit_share
from hotspots.contracts import SAFETY_MARK_COLUMNS, require_columns
from hotspots.geography import FLOOR, Floor

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedMarks:
    """Marks of one part of the day, or of one school.

    Attributes:
        group: Which.
        n_marks, n_unsafe: Marks.
        unsafe_low, unsafe_high: Limits of the share that is unsafe, 0-1, if the marks were a sample.
    """

    group: str
    n_marks: int
    n_unsafe: int
    unsafe_low: float
    unsafe_high: float

    @property
    def unsafe_share(self) -> float:
        """The share of the marks that are unsafe, 0-1."""
        return self.n_unsafe / self.n_marks


def count_marks(
    marks: gpd.GeoDataFrame, *, by: Literal["day_part", "school"], floor: Floor = FLOOR
) -> tuple[GroupedMarks, ...]:
    """Count safe and unsafe marks by part of the day or by school.

    The number of all marks is known too. So groups with too few marks are left out, and where what is left out would
    still be too few together, the smallest of the others with them.

    Args:
        marks: The table of safety marks.
        by: The column; rows where it is missing are left out.
        floor: The least marks of a group that is given, and of all that is not given.

    Returns:
        Groups in the order of their names.

    Raises:
        DataError: A column is missing.

    Source: Clopper, C. J. and Pearson, E. S. (1934), Biometrika 26(4), doi:10.1093/biomet/26.4.404; Cox, L. H. (1980),
    "Suppression methodology and statistical disclosure control", Journal of the American Statistical Association
    75(370), doi:10.1080/01621459.1980.10477481.
    """
    require_columns(marks, SAFETY_MARK_COLUMNS, table="safety marks")
    found = [(str(group), rows) for group, rows in marks.groupby(marks[by].astype("object"), sort=True)]
    counts = np.array([float(len(rows)) for _, rows in found])
    is_given = choose_given(counts, n_others=len(marks) - float(counts.sum()), floor=floor)
    groups = []
    for (group, rows), is_one in zip(found, is_given.tolist(), strict=True):
        if is_one:
            n_marks, n_unsafe = len(rows), int((~rows["is_safe"].astype(bool)).sum())
            low, high = limit_share(np.array([float(n_unsafe)]), np.array([float(n_marks)]))
            groups.append(
                GroupedMarks(
                    group=group,
                    n_marks=n_marks,
                    n_unsafe=n_unsafe,
                    unsafe_low=float(low[0]),
                    unsafe_high=float(high[0]),
                )
            )
    return tuple(groups)


def choose_given(counts: Floats, *, n_others: float, floor: Floor, may_give: Flags | None = None) -> Flags:
    """Which of several counts may be given beside their total, so that none that is too small can be worked out.

    Given are those of the floor or more. The total less them is known as well: it must be of the floor or more, or
    nothing. As long as it is not, the smallest of those given is left out with the others.

    Args:
        counts: float (n_groups,), sums of weights.
        n_others: What belongs to none of them and is in the total.
        floor: The least that is given.
        may_give: bool (n_groups,), those that may be given at all; others are left out whatever they count.

    Returns:
        bool (n_groups,).
    """
    if not floor.is_applied:
        return counts > 0
    least = floor.min_incidents - _SMALLEST
    is_given: Flags = counts >= least
    if may_give is not None:
        is_given &= may_give
    while is_given.any():
        left = float(counts[~is_given].sum()) + n_others
        if left <= _SMALLEST or left >= least:
            break
        smallest = np.flatnonzero(is_given)[np.argmin(counts[is_given])]
        is_given[smallest] = False
    return is_given
