"""From pings to time in places: each stay of a patrol, and the visits that a place sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.contracts import PING_COLUMNS, VISIT_COLUMNS
from hotspots.errors import DataError, ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_MS_A_MINUTE: Final = 60_000
_STAY_COLUMNS: Final = ("patrol", "place", "started_instant", "ended_instant", "minutes", "n_pings")


@dataclass(frozen=True, slots=True, kw_only=True)
class StayOptions:
    """What counts as being in a place.

    Attributes:
        tolerance_m: A ping so near to a place is in it: receivers among buildings err by 10 to 20 m.
        bridge_minutes: Who is silent for no longer was all the time between the two pings; who is out of a place for no
            longer, and then back in it, never left.
        off_minutes: Who is silent for longer was off duty.
        passing_minutes: What is shorter is no visit, but passing by: to walk straight through a place of 150 m takes
            two minutes.

    Raises:
        ParameterError: One is not a finite number of 0 or more, or the time off is not above that which is bridged.
    """

    tolerance_m: float = 15.0
    bridge_minutes: float = 5.0
    off_minutes: float = 60.0
    passing_minutes: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"`{field.name}` must be a finite number of 0 or more, not {value:g}.")
        if self.off_minutes <= self.bridge_minutes:
            raise ParameterError(
                f"A patrol is off duty after a longer silence than is bridged; `off_minutes` {self.off_minutes:g} is "
                f"not above `bridge_minutes` {self.bridge_minutes:g}. Leave both out for 60 and 5."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolStays:
    """Where the time of patrols went: `total_minutes` is the sum of that in places, elsewhere and unknown.

    Attributes:
        stays: A row for each time that a patrol was in a place, by place and beginning: `patrol`; `place`, its position
            among the outlines; `started_instant`, `ended_instant`, datetime64[ms], UTC; `minutes`; `n_pings`, 0 where a
            visit was written down.
        total_minutes: Of all patrols, each from its first ping to its last, without time off duty.
        elsewhere_minutes: In no place.
        unknown_minutes: Silent for longer than is bridged, and not off duty.
        ping_seconds: Median time between two pings of a patrol on duty; None where there are none.
        options: What counted as being in a place.
    """

    stays: pd.DataFrame
    total_minutes: float
    elsewhere_minutes: float
    unknown_minutes: float
    ping_seconds: float | None
    options: StayOptions

    @property
    def place_minutes(self) -> float:
        """In places, of all patrols: two that are there together count twice."""
        return float(self.stays["minutes"].sum())


def find_stays(
    pings: pd.DataFrame, outlines: Sequence[shapely.Geometry], *, options: StayOptions | None = None
) -> PatrolStays:
    """Find when patrols were in places.

    A ping is in the place that it lies in or within the tolerance of, the nearest where there are several, and in no
    more than one. The time between two pings of a patrol is credited half to where the one was and half to where the
    other was: somebody who is in a place at one ping and out of it at the next left it at any moment between. A silence
    longer than `bridge_minutes` is credited to neither and ends the stay. So minutes add up, and a stay lasts from half
    way before its first ping to half way after its last.

    Pings every minute or oftener suit this. With one in five minutes a visit of fifteen minutes is known to five, and
    shorter ones are missed.

    Args:
        pings: The pings table: `patrol`, `instant`, `easting` and `northing` are used; by patrol and then by instant.
        outlines: Polygons of the places, metres; at most some thousands.
        options: By default `StayOptions()`.

    Raises:
        DataError: A column is missing, or pings are not by patrol and time.
    """
    options = options or StayOptions()
    _require(pings, PING_COLUMNS, "pings")
    patrol = pings["patrol"].to_numpy().astype(np.int64)
    at = pings["instant"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    same = patrol[1:] == patrol[:-1]
    if len(patrol) and ((np.diff(patrol) < 0).any() or (np.diff(at)[same] < 0).any()):
        raise DataError(
            "Pings must be sorted by patrol and then by instant; these are not. Sort them with "
            "pings.sort_values(['patrol', 'instant'])."
        )
    easting, northing = (pings[name].to_numpy(dtype=np.float64) for name in ("easting", "northing"))
    label = _find_places(easting, northing, outlines, options.tolerance_m)
    bridge_ms, off_ms = (round(minutes * _MS_A_MINUTE) for minutes in (options.bridge_minutes, options.off_minutes))
    label = _bridge(label, patrol, at, bridge_ms)
    length = np.where(same, np.diff(at), 0)
    is_known = same & (length <= bridge_ms)
    is_silent = same & ~is_known & (length <= off_ms)
    # seconds are whole, so that half of a time in milliseconds is too
    half = np.where(is_known, length // 2, 0)
    stays = _list_stays(label, patrol, at, half, is_known & (label[1:] == label[:-1]))
    own = stays[stays["place"] >= 0]
    on_duty = length[same & (length <= off_ms)]
    return PatrolStays(
        stays=own.sort_values(["place", "started_instant", "patrol"], kind="stable", ignore_index=True),
        total_minutes=float(on_duty.sum()) / _MS_A_MINUTE,
        elsewhere_minutes=float(stays["minutes"][stays["place"] < 0].sum()),
        unknown_minutes=float(length[is_silent].sum()) / _MS_A_MINUTE,
        ping_seconds=float(np.median(on_duty)) / 1000 if len(on_duty) else None,
        options=options,
    )


def list_recorded_stays(
    visits: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    *,
    names: Sequence[Sequence[str]] = (),
    options: StayOptions | None = None,
) -> PatrolStays:
    """The same of visits that were written down: each is in the place of its position, or of its name if it has none.

    Args:
        visits: The visits table, in the CRS of the outlines.
        outlines: Polygons of the places, metres.
        names: What each place may be called, such as its rank and its name; case and blanks aside.
        options: By default `StayOptions()`; only its tolerance and its time of passing by are used.

    Raises:
        DataError: A column is missing.
    """
    options = options or StayOptions()
    _require(visits, VISIT_COLUMNS, "visits")
    points = visits.geometry.to_numpy()
    label = _find_places(shapely.get_x(points), shapely.get_y(points), outlines, options.tolerance_m)
    by_name = {_fold(name): place for place, called in reversed(list(enumerate(names))) for name in called}
    named = [by_name.get(_fold(text), -1) if isinstance(text, str) else -1 for text in visits["place"]]
    label = np.where(shapely.is_missing(points), np.array(named, dtype=np.int64), label)
    started, ended = (visits[name].to_numpy().astype("datetime64[ms]") for name in ("started_instant", "ended_instant"))
    stays = pd.DataFrame(
        {
            "patrol": visits["patrol"].to_numpy().astype(np.int64),
            "place": label,
            "started_instant": started,
            "ended_instant": ended,
            "minutes": (ended - started).astype(np.int64) / _MS_A_MINUTE,
            "n_pings": 0,
        }
    )
    is_own = stays["place"] >= 0
    return PatrolStays(
        stays=stays[is_own].sort_values(["place", "started_instant", "patrol"], kind="stable", ignore_index=True),
        total_minutes=float(stays["minutes"].sum()),
        elsewhere_minutes=float(stays["minutes"][~is_own].sum()),
        unknown_minutes=0.0,
        ping_seconds=None,
        options=options,
    )


def list_visits(found: PatrolStays) -> pd.DataFrame:
    """The visits that places see: stays at one place that overlap are one, as those of two officers together are.

    Returns:
        By place and beginning: `place`, `started_instant`, `ended_instant`, `minutes` from the one to the other,
        `n_patrols`, `n_pings`, and `is_passing`: whether it was shorter than a visit, or is known from one ping alone.
    """
    stays = found.stays
    place = stays["place"].to_numpy()
    started, ended = (stays[name].to_numpy().astype(np.int64) for name in ("started_instant", "ended_instant"))
    if not len(stays):
        visit = np.array([], dtype=np.int64)
    else:
        # by place and beginning: a visit begins where all before it at the place are over
        offset = place * (int(ended.max()) - int(started.min()) + 1)
        latest = np.maximum.accumulate(ended - started.min() + offset)
        is_new = np.ones(len(stays), dtype=bool)
        is_new[1:] = (place[1:] != place[:-1]) | ((started - started.min() + offset)[1:] > latest[:-1])
        visit = np.cumsum(is_new) - 1
    grouped = stays.assign(visit=visit).groupby("visit", sort=True)
    visits = grouped.agg(
        place=("place", "first"),
        started_instant=("started_instant", "min"),
        ended_instant=("ended_instant", "max"),
        n_patrols=("patrol", "nunique"),
        n_pings=("n_pings", "sum"),
    ).reset_index(drop=True)
    length = visits["ended_instant"].to_numpy() - visits["started_instant"].to_numpy()
    minutes = length.astype("timedelta64[ms]").astype(np.int64) / _MS_A_MINUTE
    is_passing = (minutes < found.options.passing_minutes) | (visits["n_pings"] == 1)
    return visits.assign(minutes=minutes, is_passing=is_passing.to_numpy(dtype=bool))


def _require(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"The {name} table needs the columns {', '.join(columns)}; {', '.join(missing)} missing. Read it with "
            "hotspots.ingest.reference.read_patrol_records."
        )


def _fold(text: str) -> str:
    return " ".join(str(text).casefold().split())


def _find_places(
    easting: Floats, northing: Floats, outlines: Sequence[shapely.Geometry], tolerance_m: float
) -> Integers:
    """The place of each point, int (n_points,): the nearest within the tolerance, the first of equals, -1 for none."""
    label = np.full(len(easting), -1, dtype=np.int64)
    nearest = np.full(len(easting), np.inf)
    order = np.argsort(easting, kind="stable")  # NaN come last, and are in no range
    sorted_easting = easting[order]
    for index, outline in enumerate(outlines):
        if outline.is_empty:
            continue
        wide = shapely.buffer(outline, tolerance_m) if tolerance_m else outline
        west, south, east, north = wide.bounds
        near = order[np.searchsorted(sorted_easting, west) : np.searchsorted(sorted_easting, east, "right")]
        near = near[(northing[near] >= south) & (northing[near] <= north)]
        near = near[_lies_in(wide, easting[near], northing[near])]
        away = np.zeros(len(near))
        is_out = ~_lies_in(outline, easting[near], northing[near])
        away[is_out] = shapely.distance(outline, shapely.points(easting[near[is_out]], northing[near[is_out]]))
        is_nearer = away < nearest[near]
        label[near[is_nearer]], nearest[near[is_nearer]] = index, away[is_nearer]
    return label


def _lies_in(outline: shapely.Geometry, easting: Floats, northing: Floats) -> npt.NDArray[np.bool_]:
    """Which points lie in a polygon or on its edge: exact, and by their distance from its middle where that tells."""
    middle = shapely.centroid(outline)
    lies = np.zeros(len(easting), dtype=bool)
    is_open = np.ones(len(easting), dtype=bool)
    if shapely.contains(outline, middle):
        away = np.hypot(easting - middle.x, northing - middle.y)
        # a circle that no edge cuts; the share allows for rounding
        lies = away < shapely.distance(middle, shapely.boundary(outline)) * (1 - 1e-9)
        is_open = ~lies & (away <= shapely.hausdorff_distance(middle, outline) * (1 + 1e-9))
    shapely.prepare(outline)
    lies[is_open] = shapely.intersects_xy(outline, easting[is_open], northing[is_open])
    return lies


def _bridge(label: Integers, patrol: Integers, at: Integers, bridge_ms: int) -> Integers:
    """Labels, with those of a place also on the pings between two in it that are no further apart than is bridged."""
    inside = np.flatnonzero(label >= 0)
    if len(inside) < 2:
        return label
    one, other = inside[:-1], inside[1:]
    is_bridged = (
        (label[one] == label[other])
        & (patrol[one] == patrol[other])
        & (at[other] - at[one] <= bridge_ms)
        & (other - one > 1)
    )
    change = np.zeros(len(label) + 1, dtype=np.int64)
    # no two bridges overlap, so that at most one is open at any ping
    np.add.at(change, one[is_bridged] + 1, label[one[is_bridged]] + 1)
    np.add.at(change, other[is_bridged], -(label[one[is_bridged]] + 1))
    bridged = np.cumsum(change[:-1]) - 1
    return np.where(label < 0, bridged, label)


def _list_stays(
    label: Integers, patrol: Integers, at: Integers, half: Integers, goes_on: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """Runs of pings with one label, with half of the time to the pings before and after."""
    n = len(label)
    if not n:
        return pd.DataFrame({name: np.array([], dtype=np.int64) for name in _STAY_COLUMNS}).astype(
            {"started_instant": "datetime64[ms]", "ended_instant": "datetime64[ms]", "minutes": "float64"}
        )
    first = np.flatnonzero(np.concatenate([[True], ~goes_on]))
    last = np.append(first[1:], n) - 1
    before, after = np.concatenate([[0], half]), np.append(half, 0)
    # the first half of an odd millisecond is the shorter one, and none is lost
    started, ended = at[first] - before[first], at[last] + after[last]
    return pd.DataFrame(
        {
            "patrol": patrol[first],
            "place": label[first],
            "started_instant": started.astype("datetime64[ms]"),
            "ended_instant": ended.astype("datetime64[ms]"),
            "minutes": (ended - started) / _MS_A_MINUTE,
            "n_pings": last - first + 1,
        }
    )
