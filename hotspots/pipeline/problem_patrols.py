"""What patrols did in one hot spot, by their records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from hotspots.analysis.patrols import VisitLengths, find_stays, list_recorded_stays, measure_dosage, measure_lengths
from hotspots.errors import DataError
from hotspots.ingest.formats import InputFile
from hotspots.ingest.reference import PatrolRecords
from hotspots.pipeline.study import gather_status


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotPatrols:
    """What patrols did in a hot spot.

    Attributes:
        start, end: First and last day of the records.
        hours: Of patrols in it.
        lengths: Of its visits.
        n_days: Days with a visit.
        n_record_days: All days from the first of the records to the last.
        doubts: What could be otherwise in how the records were read, and which files were left out, in sentences.
        files: Of the records.
    """

    start: dt.date
    end: dt.date
    hours: float
    lengths: VisitLengths
    n_days: int
    n_record_days: int
    doubts: tuple[str, ...]
    files: tuple[InputFile, ...]

    @property
    def data_status(self) -> dict[str, str]:
        """What the files say of themselves; empty for ordinary data."""
        return gather_status(self.files)


def measure_hotspot_patrols(
    records: PatrolRecords, outline: shapely.Geometry, *, names: Sequence[str]
) -> HotspotPatrols:
    """How long, how often and on how many days patrols were in a hot spot.

    Args:
        records: Where patrols were, in the CRS of the outline.
        outline: Of the hot spot, metres.
        names: What somebody who writes down visits may call it.

    Raises:
        DataError: The records hold nothing.
    """
    if not (len(records.pings) or len(records.visits)):
        raise DataError("There are no patrol records that can be used: all files say that they are not real.")
    start, end = (day.astype("datetime64[D]").astype(dt.date) for day in records.span)
    if len(records.pings):
        stays = find_stays(records.pings, [outline])
    else:
        stays = list_recorded_stays(records.visits, [outline], names=[names])
    dosage = measure_dosage(stays, n_places=1, start=start, end=end, time_zone=records.time_zone)
    return HotspotPatrols(
        start=start,
        end=end,
        hours=float(dosage.minutes.sum()) / 60,
        lengths=measure_lengths(dosage.visits),
        n_days=int((dosage.count_visits_by_day()[0] > 0).sum()),
        n_record_days=(end - start).days + 1,
        doubts=records.doubts,
        files=records.inputs,
    )
