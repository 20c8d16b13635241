"""Which cell and day each incident was recorded in: made once, and counted for any days."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.geography import Cells, UniquePoints

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRecords:
    """Incidents by cell and day.

    Attributes:
        cells: The cells.
        cell: int (n_incidents,), the cell of each incident; -1 for none.
        day: datetime64[D] (n_incidents,), when each began; missing (NaT) where that is not known.
        is_month: bool (n_incidents,), whether only its month is known.
    """

    cells: Cells
    cell: npt.NDArray[np.int64]
    day: npt.NDArray[np.datetime64]
    is_month: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell)

    def between(self, first: dt.date | np.datetime64, last: dt.date | np.datetime64) -> CellRecords:
        """Those from a first day to a last one, both included."""
        kept = (self.day >= np.datetime64(first)) & (self.day <= np.datetime64(last))
        return dataclasses.replace(self, cell=self.cell[kept], day=self.day[kept], is_month=self.is_month[kept])

    def count(self) -> Floats:
        """Float (n_cells,): incidents in each cell; those in no cell are left out."""
        return self.cells.count_in(self.cell)


def locate_incidents(incidents: gpd.GeoDataFrame, cells: Cells, *, places: UniquePoints | None = None) -> CellRecords:
    """Find the cell and day of each incident.

    Args:
        incidents: Points in metres; with `started_at` for their days, and `time_precision` where it is not the day.
        cells: The cells.
        places: `collapse_points(incidents)`, where it is known.
    """
    day = np.full(len(incidents), np.datetime64("NaT", "D"))
    if "started_at" in incidents:
        day = incidents["started_at"].to_numpy().astype("datetime64[D]")
    is_month = np.zeros(len(incidents), dtype=bool)
    if "time_precision" in incidents:
        is_month = (incidents["time_precision"] == "month").to_numpy(dtype=bool, na_value=False)
    if places is None:
        cell = cells.locate_points(incidents)
    else:
        cell = cells.locate(places.easting, places.northing)[places.inverse]
    return CellRecords(cells=cells, cell=cell, day=day, is_month=is_month)
