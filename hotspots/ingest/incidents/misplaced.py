"""Places outside the area of the working CRS: where they are, and what to set so that they can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotspots.geography import suggest_working_crs
from hotspots.ingest.incidents.locations import OUTSIDE, says_degrees

if TYPE_CHECKING:
    from hotspots.ingest.incidents.intake import Intake


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
