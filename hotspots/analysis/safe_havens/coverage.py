"""Safe havens: which incidents have one within reach, and which have one open at the time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.hours import is_open_by_rules, make_opening_calendar
from hotspots.analysis.network import StreetNetwork, find_near
from hotspots.contracts import HAVEN_COLUMNS, require_columns, require_same_crs
from hotspots.errors import ParameterError
from hotspots.geography import collapse_points
from hotspots.ingest.reference import list_opening_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a crime happens within reach of a safe haven.

    Attributes:
        reach_m: Distance that counts as within reach, metres.
        is_along_streets: Whether that is the walk along streets, and not as the crow flies.
        n_incidents: Incidents measured.
        n_within_reach: Of these, with any haven within reach, open or not.
        share_within_reach: The same as a share; NaN without incidents.
        n_timed: Incidents with a clock time.
        n_open_within_reach: Timed incidents with a haven within reach that is open at their start.
        share_open_within_reach: The same as a share of timed incidents; None without any, or where no haven says when
            it is open.
        n_hours_unknown: Havens whose opening hours are not known, which count as closed.
        n_incidents_by_haven: int on the index of the havens, incidents within reach of each.
        is_within_reach, is_open_within_reach: bool (n_incidents,), in the order of the incidents; the second is
            false where there is no clock time.
    """

    reach_m: float
    is_along_streets: bool
    n_incidents: int
    n_within_reach: int
    share_within_reach: float
    n_timed: int
    n_open_within_reach: int
    share_open_within_reach: float | None
    n_hours_unknown: int
    n_incidents_by_haven: pd.Series
    is_within_reach: npt.NDArray[np.bool_]
    is_open_within_reach: npt.NDArray[np.bool_]


def measure_coverage(
    incidents: gpd.GeoDataFrame,
    havens: gpd.GeoDataFrame,
    *,
    reach_m: float = 400.0,
    country: str = "GB",
    subdivision: str | None = "ENG",
    terms: pd.DataFrame | None = None,
    network: StreetNetwork | None = None,
) -> Coverage:
    """Measure how many incidents have a safe haven within reach, at any hour and at the hour they happened.

    Without a network distance is straight-line, so a railway or the river in between is not seen. Opening hours are
    read on the date of the incident, with its bank holidays where the hours mention them. A haven counts as closed at
    hours at which it is not known to be open, so the share of open ones is the least that it can be. An incident is
    looked at when it began; `measure_hour_coverage` looks at all of its interval.

    Args:
        incidents: Points with `started_at` and `time_precision`, in metres.
        havens: The havens table, in the same CRS.
        reach_m: Distance within reach, metres; 400 m is about five minutes on foot.
        country: ISO 3166 code of the country whose bank holidays count.
        subdivision: Of its part, such as ENG, WLS, SCT or NIR; None for those of the whole country.
        terms: Stretches of school term, for hours that name school holidays; None where they are not known.
        network: Streets to walk along; None for as the crow flies.

    Raises:
        DataError: A table lacks its columns or is not in metres, or the two are not in one CRS.
        ParameterError: `reach_m` is not positive, or no bank holidays are known for the country or subdivision.
    """
    require_columns(havens, HAVEN_COLUMNS, table="havens")
    require_columns(incidents, ("started_at", "time_precision"), table="incidents")
    require_same_crs(incidents, havens, tables="incidents and havens")
    require_reach(reach_m)
    places = collapse_points(incidents)
    pairs = find_near(
        np.column_stack([havens.geometry.x, havens.geometry.y]), places.coordinates, reach_m=reach_m, network=network
    )
    of_haven = np.split(pairs.target, np.searchsorted(pairs.origin, np.arange(1, len(havens)))) if len(havens) else []
    incidents_of_place = _rows_by_place(places.inverse, len(places.easting))
    timed = (incidents["time_precision"] == "minute").to_numpy()
    started_at = incidents["started_at"].to_numpy().astype("datetime64[s]")

    hours = [list_opening_rules(text) if isinstance(text, str) else () for text in havens["opening_hours"]]
    days = started_at.astype("datetime64[D]")
    minutes = (started_at - days) / np.timedelta64(1, "m")
    calendar = make_opening_calendar(days[timed], country=country, subdivision=subdivision, terms=terms)

    reached = np.zeros(len(incidents), dtype=bool)
    reached_open = np.zeros(len(incidents), dtype=bool)
    n_by_haven = np.zeros(len(havens), dtype=np.int64)
    for position, (near, rules) in enumerate(zip(of_haven, hours, strict=True)):
        if not len(near):
            continue
        rows = np.concatenate([incidents_of_place[place] for place in near])
        reached[rows] = True
        n_by_haven[position] = len(rows)
        rows = rows[timed[rows]]
        if rules and len(rows):
            reached_open[rows] |= is_open_by_rules(rules, days[rows], minutes[rows], calendar=calendar)
    n, n_timed = len(incidents), int(timed.sum())
    can_tell = n_timed > 0 and any(hours)
    return Coverage(
        reach_m=float(reach_m),
        is_along_streets=network is not None,
        n_incidents=n,
        n_within_reach=int(reached.sum()),
        share_within_reach=float(reached.sum() / n) if n else math.nan,
        n_timed=n_timed,
        n_open_within_reach=int(reached_open.sum()),
        share_open_within_reach=float(reached_open.sum() / n_timed) if can_tell else None,
        n_hours_unknown=sum(not rules for rules in hours),
        n_incidents_by_haven=pd.Series(n_by_haven, index=havens.index, name="n_incidents"),
        is_within_reach=reached,
        is_open_within_reach=reached_open,
    )


def require_reach(reach_m: float) -> None:
    """Refuse a reach that is none.

    Raises:
        ParameterError: `reach_m` is not positive.
    """
    if not (math.isfinite(reach_m) and reach_m > 0):
        raise ParameterError(f"The reach must be above 0 m, not {reach_m}. 400 m is five minutes on foot.")


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
    chosen = (hour.isin(hours) & (incidents["time_precision"] == "minute")).to_numpy()
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


def _rows_by_place(inverse: npt.NDArray[np.intp], n_places: int) -> list[npt.NDArray[np.intp]]:
    order = np.argsort(inverse, kind="stable")
    return np.split(order, np.searchsorted(inverse[order], np.arange(1, n_places)))
