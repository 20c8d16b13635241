"""Sources that seem to hold the same incidents, which would count twice."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.crimes import UNRECOGNISED
from hotspots.ingest.incidents import find_days

_OVERLAP_CELL_M = 100.0
_CELLS_ACROSS = 1_000_000
_AROUND = np.array([x * _CELLS_ACROSS + y for x in (-1, 0, 1) for y in (-1, 0, 1)])
_MARKS_A_CELL = 100_000
"""More than there are days from 1970 to the last year that is read."""

_ENOUGH_TO_COMPARE = 20
_SAME_SHARE = 0.95
"""A force of one square mile within another has half of its incidents within 200 m of the boundary between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two sources that seem to hold the same incidents.

    Attributes:
        category: Of the incidents.
        sources: The two tables.
        start, end: The days that both cover.
        n_rows: Rows that the smaller of them has in that time.
    """

    category: str
    sources: tuple[str, str]
    start: dt.date
    end: dt.date
    n_rows: int


def find_overlaps(incidents: gpd.GeoDataFrame) -> tuple[Overlap, ...]:
    """Pairs of sources that seem to hold the same incidents, which would count twice.

    Two forces or boroughs may hold the same crime for the same months, and do so in different places; an extract and
    the published version of it hold it in the same places, a little moved. So two sources overlap where, in the time
    that both cover, nearly all incidents of the smaller one lie in a cell of 100 m, or beside one, in which the other
    has an incident of the category on that day, or in that month where either gives no days. That they are the same
    incidents is likely, and not certain.

    Args:
        incidents: The incidents table.
    """
    first, last = find_days(incidents)
    cells = np.floor_divide(np.column_stack([incidents.geometry.x, incidents.geometry.y]), _OVERLAP_CELL_M)
    table = pd.DataFrame(
        {
            "category": incidents["category"].astype("object").to_numpy(),
            "source": incidents["source"].astype("object").to_numpy(),
            "first": first,
            "last": last,
            "cell": cells[:, 0].astype(np.int64) * _CELLS_ACROSS + cells[:, 1].astype(np.int64),
        }
    )
    table = table[table["category"] != UNRECOGNISED]
    found = []
    for category, rows in table.groupby("category", sort=True):
        if rows["source"].nunique() < 2:
            continue
        parts = {str(source): part for source, part in rows.groupby("source", sort=True)}
        spans = {source: (part["first"].min(), part["last"].max()) for source, part in parts.items()}
        for one, other in itertools.combinations(parts, 2):
            start, end = max(spans[one][0], spans[other][0]), min(spans[one][1], spans[other][1])
            if start > end:
                continue
            both = [part[(part["first"] >= start) & (part["last"] <= end)] for part in (parts[one], parts[other])]
            fewer, more = sorted(both, key=len)
            if len(fewer) < _ENOUGH_TO_COMPARE:
                continue
            if not _is_beside(*both):
                continue
            is_daily = all((part["first"] == part["last"]).all() for part in both)
            near = _mark(more, is_daily=is_daily)[:, np.newaxis] + _AROUND * _MARKS_A_CELL
            share = float(np.isin(_mark(fewer, is_daily=is_daily), np.unique(near)).mean())
            if share >= _SAME_SHARE:
                overlap = Overlap(
                    category=str(category), sources=(one, other), start=start.date(), end=end.date(), n_rows=len(fewer)
                )
                found.append(overlap)
    return tuple(found)


def _is_beside(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether the places of two sources can be near each other at all, which is quick to find."""
    lows, highs = ([part["cell"].agg(side) // _CELLS_ACROSS for part in (one, other)] for side in ("min", "max"))
    return bool(max(lows) <= min(highs) + 1)


def _mark(rows: pd.DataFrame, *, is_daily: bool) -> npt.NDArray[np.int64]:
    """One number for the cell and the day, or month, of each row."""
    time = rows["first"].to_numpy().astype("datetime64[D]" if is_daily else "datetime64[M]").astype(np.int64)
    marks: npt.NDArray[np.int64] = rows["cell"].to_numpy() * _MARKS_A_CELL + time
    return marks
