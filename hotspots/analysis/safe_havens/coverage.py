"""Safe havens: which incidents have one within reach, and which have one open at the time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.hours import ENGLAND, OpeningCalendar
from hotspots.analysis.network import StreetNetwork
from hotspots.analysis.safe_havens.hour_coverage import measure_hour_coverage
from hotspots.contracts import require_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a crime happens within reach of a safe haven.

    Attributes:
        reach_m: Distance that counts as within reach, metres.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        n_incidents: Incidents measured, known more exactly than to an area.
        n_unplaced: Those that are not, which count for nothing else here.
        n_within_reach: Of these, with any haven within reach, open or not.
        share_within_reach: The same as a share; NaN without incidents.
        n_timed: Incidents with a clock time.
        n_open_within_reach: Timed incidents with a haven within reach that is open at their start.
        share_open_within_reach: The same as a share of timed incidents; None without any, or where no haven says when
            it is open.
        n_hours_unknown: Havens whose opening hours are not known, which count as closed.
        n_incidents_by_haven: int on the index of the havens, incidents within reach of each.
        is_placed, is_within_reach, is_open_within_reach: bool (n_incidents,), in the order of all incidents given:
            whether they were measured; the last is false where there is no clock time.
    """

    reach_m: float
    is_along_streets: bool
    n_incidents: int
    n_unplaced: int
    n_within_reach: int
    share_within_reach: float
    n_timed: int
    n_open_within_reach: int
    share_open_within_reach: float | None
    n_hours_unknown: int
    n_incidents_by_haven: pd.Series
    is_placed: npt.NDArray[np.bool_]
    is_within_reach: npt.NDArray[np.bool_]
    is_open_within_reach: npt.NDArray[np.bool_]


def measure_coverage(
    incidents: gpd.GeoDataFrame,
    havens: gpd.GeoDataFrame,
    *,
    reach_m: float = 400.0,
    calendar: OpeningCalendar = ENGLAND,
    network: StreetNetwork | None = None,
) -> Coverage:
    """Measure how many incidents have a safe haven within reach, at any hour and at the hour they happened.

    Without a network distance is straight-line, so a railway or the river in between is not seen. Opening hours are
    read on the date of the incident, with its bank holidays where the hours mention them. A haven counts as closed at
    hours at which it is not known to be open, so the share of open ones is the least that it can be. An incident is
    looked at when it began; `measure_hour_coverage` looks at all of its interval. One known only to an area, as
    `location_precision` says, is left out: nobody knows what is near it.

    Args:
        incidents: Points with `started_at` and `time_precision`, in metres.
        havens: The havens table, in the same CRS.
        reach_m: Distance within reach, metres; 400 m is about five minutes on foot.
        calendar: Bank holidays, and school terms and the sun as far as they are known, for hours that name them.
        network: Streets to walk along; None for as the crow flies.

    Raises:
        DataError: A table lacks its columns or is not in metres, or the two are not in one CRS.
        ParameterError: `reach_m` is not positive, or no bank holidays are known for the country or subdivision.
    """
    require_columns(incidents, ("started_at", "time_precision"), table="incidents")
    known = [name for name in ("started_at", "time_precision", "location_precision") if name in incidents]
    moments = incidents[[*known, incidents.geometry.name]].assign(ended_at=np.datetime64("NaT", "s"))
    found = measure_hour_coverage(moments, havens, reach_m=reach_m, calendar=calendar, network=network)
    n, n_reached = int(found.is_placed.sum()), int(found.is_within_reach.sum())
    n_timed = found.hours.nnz
    reached_open = np.diff(found.open_hours.indptr) > 0
    can_tell = n_timed > 0 and found.n_hours_unknown < len(havens)
    return Coverage(
        reach_m=float(reach_m),
        is_along_streets=network is not None,
        n_incidents=n,
        n_unplaced=len(incidents) - n,
        n_within_reach=n_reached,
        share_within_reach=n_reached / n if n else math.nan,
        n_timed=n_timed,
        n_open_within_reach=int(reached_open.sum()),
        share_open_within_reach=float(reached_open.sum() / n_timed) if can_tell else None,
        n_hours_unknown=found.n_hours_unknown,
        n_incidents_by_haven=pd.Series(found.n_incidents_by_haven, index=havens.index, name="n_incidents"),
        is_placed=found.is_placed,
        is_within_reach=found.is_within_reach,
        is_open_within_reach=reached_open,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowCoverage:
    """Coverage within some hours of the week.

    Attributes:
        n_timed: Incidents that started in these hours.
        share_within_reach: Of these, with any haven within reach; None without any.
        share_open_within_reach: Of these, with one within reach that is open; None without any, or where of no
            haven it is known when it is open.
    """

    n_timed: int
    share_within_reach: float | None
    share_open_within_reach: float | None


def measure_window_coverage(
    incidents: pd.DataFrame, coverage: Coverage, *, hours: npt.NDArray[np.int64]
) -> WindowCoverage:
    """Coverage of the incidents that started in some hours of the week.

    Args:
        incidents: The incidents that `coverage` was measured on.
        coverage: `measure_coverage(incidents, ...)`.
        hours: Hours of the week, Monday 00:00-00:59 being 0.
    """
    started_at = incidents["started_at"]
    hour = started_at.dt.day_of_week * 24 + started_at.dt.hour
    chosen = (hour.isin(hours) & (incidents["time_precision"] == "minute")).to_numpy() & coverage.is_placed
    n = int(chosen.sum())
    can_tell = n > 0 and coverage.share_open_within_reach is not None
    return WindowCoverage(
        n_timed=n,
        share_within_reach=float(coverage.is_within_reach[chosen].mean()) if n else None,
        share_open_within_reach=float(coverage.is_open_within_reach[chosen].mean()) if can_tell else None,
    )


def measure_reach(
    havens: gpd.GeoDataFrame | gpd.GeoSeries, *, reach_m: float, study_area: shapely.Geometry
) -> shapely.Geometry:
    """The part of the study area within reach of any haven: what share of incidents chance alone would cover.

    Args:
        havens: Points, metres.
        reach_m: Straight-line distance within reach, metres.
        study_area: Polygon or MultiPolygon in the same CRS.
    """
    circles = shapely.buffer(havens.geometry.to_numpy(), reach_m, quad_segs=16)
    return shapely.intersection(shapely.union_all(circles), study_area)
