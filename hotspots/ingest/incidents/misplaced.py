"""Places that are elsewhere: a whole table outside the area of the working CRS, and points that a form fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.geography import suggest_working_crs
from hotspots.ingest.incidents.locations import OUTSIDE, says_degrees

if TYPE_CHECKING:
    from hotspots.ingest.incidents.intake import Intake

_MANY_ROWS, _MANY_SHARE = 20, 0.02
"""Rows at one point, in all and of a file, that a place outside the area does not have by chance."""
_STRAY_SHARE = 0.02
"""The largest share of the other rows that lies outside, of a file that is of the area."""
_TIMES_THE_NEXT = 5


def suggest_crs(intake: Intake, *, crs: str) -> str | None:
    """What to do where at least half of the rows lie outside the area of the working CRS; None where they do not.

    Args:
        intake: What was read.
        crs: The working CRS that it was read on.
    """
    reasons = intake.rejected["reason"].astype("object")
    n_outside = int(reasons.str.startswith(OUTSIDE).sum()) if len(reasons) else 0
    if not n_outside or 2 * n_outside < intake.n_read:
        return None
    first = intake.tables[0]
    if not says_degrees(first.profile):
        return (
            f"The places are outside the area of {crs}. If the file is in another coordinate system, name that with "
            "crs in a source profile; if it is from another country, set crs and time_zone at the top of "
            "hotspots.toml."
        )
    if first.middle is None:
        return f"The places are outside the area of {crs}. Check the coordinates of each file by itself."
    suggested = suggest_working_crs(*first.middle)
    there = f'To work there, set crs = "{suggested}" and time_zone, that of its clocks, at the top of hotspots.toml.'
    east, north = first.middle
    return f"The places lie around longitude {east:.2f}, latitude {north:.2f}, outside the area of {crs}. " + (
        there if suggested else "Check the coordinates."
    )


def find_default_points(outside: pd.DataFrame, n_rows: pd.Series) -> npt.NDArray[np.bool_]:
    """Which rows lie at a point that stands for "not known", such as the headquarters of a force.

    Such a point is outside the area, and has many rows of a file of which nearly all others lie inside. They may have
    happened in the area, so that they must not be taken for what happened elsewhere.

    Args:
        outside: `source`, `easting`, `northing` (metres) of the rows that lie in none of the wards.
        n_rows: Rows of each source, wherever they lie.
    """
    is_default = np.zeros(len(outside), dtype=bool)
    for source, own in outside.groupby("source", observed=True):
        counts = own.groupby(["easting", "northing"]).size().sort_values(ascending=False)
        n_here, n_next = int(counts.iloc[0]), int(counts.iloc[1]) if len(counts) > 1 else 0
        n_others = int(n_rows[source]) - n_here
        is_much = n_here >= max(_MANY_ROWS, _MANY_SHARE * n_rows[source], _TIMES_THE_NEXT * n_next)
        if is_much and len(own) - n_here <= _STRAY_SHARE * n_others and n_others:
            east, north = counts.index[0]
            is_here = (outside["source"] == source) & (outside["easting"] == east) & (outside["northing"] == north)
            is_default |= is_here.to_numpy()
    return is_default
