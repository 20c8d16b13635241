"""Places outside the area of the working CRS: where they are, and what to set so that they can be read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from hotspots.geography import WGS84, suggest_working_crs
from hotspots.ingest.formats import Table
from hotspots.ingest.incidents.locations import OUTSIDE
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.texts import parse_coordinates

if TYPE_CHECKING:
    from hotspots.ingest.incidents.intake import Intake


def find_middle(table: Table, profile: SourceProfile, records: pa.Table) -> tuple[float, float] | None:
    """Median longitude and latitude of the first rows of a table of which most lie outside; None for any other."""
    reasons = records["reason"].cast(pa.string())
    n_outside = pc.sum(pc.starts_with(reasons, OUTSIDE)).as_py() or 0
    if not n_outside or 2 * n_outside < records.num_rows or not _says_degrees(profile):
        return None
    columns = table.sample({str(profile.longitude), str(profile.latitude)})
    east, north = (
        float(parse_coordinates(columns[str(name)], decimal=profile.decimal, is_degrees=True).median())
        for name in (profile.longitude, profile.latitude)
    )
    return (east, north) if math.isfinite(east) and math.isfinite(north) else None


def _says_degrees(profile: SourceProfile) -> bool:
    """Whether longitude and latitude stand in columns of their own, on WGS84."""
    has_two = profile.longitude is not None and profile.longitude != profile.latitude
    return has_two and profile.crs in (None, WGS84)


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
    if not _says_degrees(first.profile):
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
