"""The week of a place as far as it may be shown: by parts of the week that hold enough, and no finer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hotspots.errors import DataError
from hotspots.geography import FLOOR, Floor

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def coarsen_weeks(counts: Floats, *, week: Floats, levels: Sequence[Integers], floor: Floor = FLOOR) -> Floats:
    """Spread the incidents of each place over the hours so that none of them can be found by its hour.

    Each level divides the week, the first most finely. A place is told at the first level at which each of its parts
    holds enough to be shown, or none; where there is no such level, only its sum is. Within a part, incidents are
    spread as the week of the whole area is. As parts are joined by a rule that is the same for every place, and not by
    what they hold, nothing can be worked out from which are.

    Args:
        counts: float (n_places, n_hours), incidents by hour, 0 or more.
        week: float (n_hours,), the share of each hour in the whole area, above 0.
        levels: int (n_hours,) each: the part of the week that each hour is of. A part of a level is made of whole parts
            of the one before, and of several if of more than one.
        floor: How many incidents a part must have to be told.

    Returns:
        float (n_places, n_hours), with the same sum at each place.

    Raises:
        DataError: The arrays do not fit each other, or an hour of the week has no share.
    """
    if counts.ndim != 2 or any(len(one) != counts.shape[1] for one in (week, *levels)) or not (week > 0).all():
        raise DataError(
            f"Weeks of places need one share above 0 and one part for each hour; given are counts of the shape "
            f"{counts.shape}, {len(week)} shares and levels of {[len(level) for level in levels]} hours. Take them "
            "from one week."
        )
    spread = counts.sum(axis=1, keepdims=True) * week / week.sum()
    is_left = np.ones(len(counts), dtype=bool)
    for part in levels:
        inside = part[:, None] == np.arange(part.max() + 1)  # (n_hours, n_parts)
        sums = counts @ inside
        is_told = (floor.is_met(sums, floor.min_places) | (sums <= 0)).all(axis=1) & is_left
        shares = week / (week @ inside)[part]
        spread[is_told] = sums[is_told][:, part] * shares
        is_left &= ~is_told
    return np.asarray(spread, dtype=np.float64)
