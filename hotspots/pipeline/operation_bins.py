"""Incidents of an operation and its comparison by week or month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.change import Counts
from hotspots.contracts import AREA
from hotspots.geography import collapse_points, find_polygon
from hotspots.ingest.incidents import find_days
from hotspots.pipeline.operation_request import OperationRequest

BinUnit = Literal["month", "week"]

_MAX_BINS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Incidents of a month or week.

    Attributes:
        start, end: First and last day, inclusive.
        n_treated, n_control: Incidents.
        is_whole: Whether it is a whole month or week.
    """

    start: dt.date
    end: dt.date
    n_treated: int
    n_control: int
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedCounts:
    """When and in which area each incident was.

    Attributes:
        first, last: datetime64[D] (n,): the days on which it can have started.
        part: int (n,): position of the area that holds it; -1 for none, or if it has no place.
    """

    first: npt.NDArray[np.datetime64]
    last: npt.NDArray[np.datetime64]
    part: npt.NDArray[np.int64]

    def is_within(self, start: dt.date, end: dt.date) -> npt.NDArray[np.bool_]:
        """Which incidents happened in a period, both days included, without doubt."""
        within: npt.NDArray[np.bool_] = (self.first >= np.datetime64(start)) & (self.last <= np.datetime64(end))
        return within

    def may_be_within(self, start: dt.date, end: dt.date) -> npt.NDArray[np.bool_]:
        """Which incidents can have happened in a period."""
        within: npt.NDArray[np.bool_] = (self.first <= np.datetime64(end)) & (self.last >= np.datetime64(start))
        return within

    def keep(self, kept: npt.NDArray[np.bool_]) -> DatedCounts:
        """Some of the incidents."""
        return DatedCounts(first=self.first[kept], last=self.last[kept], part=self.part[kept])

    def count(self, part: int, before: tuple[dt.date, dt.date], after: tuple[dt.date, dt.date]) -> Counts:
        """Incidents of one area in two periods, first and last day each."""
        inside = self.part == part
        return int((inside & self.is_within(*before)).sum()), int((inside & self.is_within(*after)).sum())


def place_in_areas(incidents: gpd.GeoDataFrame, areas: Sequence[shapely.Geometry | None]) -> DatedCounts:
    """When incidents were and in which of some areas, as far as they have a place."""
    first, last = find_days(incidents)
    places = collapse_points(incidents)
    part = find_polygon(places, np.array([area or shapely.Polygon() for area in areas]))[places.inverse]
    is_placed = (incidents["location_precision"] != AREA).to_numpy()
    return DatedCounts(first=first, last=last, part=np.where(is_placed, part, -1))


def bin_counts(dated: DatedCounts, request: OperationRequest) -> tuple[BinUnit, tuple[Bin, ...]]:
    """Counts by week, the operation beginning a week; by month where it is of whole months, or there are many weeks."""
    before = request.before_period
    n_weeks = -(-((request.end - before[0]).days + 1) // 7)
    spans: list[tuple[dt.date, dt.date, bool]] = []
    unit: BinUnit
    if request.is_whole_months or n_weeks > _MAX_BINS:
        unit = "month"
        for month in pd.period_range(before[0], request.end, freq="M"):
            start, end = max(month.start_time.date(), before[0]), min(month.end_time.date(), request.end)
            spans.append((start, end, (end - start).days + 1 == month.days_in_month))
    else:
        unit = "week"
        start = request.start
        while start > before[0]:
            start -= dt.timedelta(weeks=1)
        while start <= request.end:
            end = start + dt.timedelta(days=6)
            shown = max(start, before[0]), min(end, request.end)
            spans.append((*shown, shown == (start, end)))
            start += dt.timedelta(weeks=1)
    bins = []
    for start, end, is_whole in spans:
        within = dated.is_within(start, end)
        bins.append(
            Bin(
                start=start,
                end=end,
                n_treated=int((within & (dated.part == 0)).sum()),
                n_control=int((within & (dated.part == 1)).sum()),
                is_whole=is_whole,
            )
        )
    return unit, tuple(bins)
