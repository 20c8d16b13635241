"""Places to patrol: the few that hold most of what is expected, each small enough to walk round in one visit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.hotspots.packing import pack_circles
from hotspots.contracts import require_metres
from hotspots.errors import DataError, ParameterError
from hotspots.geography import FLOOR, Cells, Floor, collapse_points, weigh_places

Floats = npt.NDArray[np.float64]

PATROL_WIDTH_M = 150.0
"""Across a place to patrol: the widest of the micro hot spots that foot patrols are sent to."""
VISIT_MINUTES = 15
"""Of one visit: longer ones deter little more (Koper 1995)."""
N_PATROL_PLACES = 20
"""Five hours of visits. A convention."""
MAX_PATROL_PLACES = 500

_RADIUS_M = PATROL_WIDTH_M / 2
_STEP_M = 25.0
_QUARTER = 16
_ROUNDING = 1e-12
"""Sums of the same numbers in another order differ by less, as a share."""
_INSIDE_M = _RADIUS_M * math.cos(math.pi / (4 * _QUARTER))
"""What lies nearer to the middle than this is in the polygon that stands for the circle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolOptions:
    """How many places to patrol are wanted.

    Attributes:
        n_patrol_places: At most so many.
        floor: What a place must hold to be shown.

    Raises:
        ParameterError: The number is not from 1 to 500.
    """

    n_patrol_places: int = N_PATROL_PLACES
    floor: Floor = FLOOR

    def __post_init__(self) -> None:
        if not 1 <= self.n_patrol_places <= MAX_PATROL_PLACES:
            raise ParameterError(
                f"The number of places to patrol must be from 1 to {MAX_PATROL_PLACES}, not {self.n_patrol_places:,}. "
                f"Leave `n_patrol_places` out for {N_PATROL_PLACES}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolPlaces:
    """The places chosen.

    Attributes:
        outlines: Circles of 150 m across, cut at the edge of the study area; no two overlap. The first is worth most.
        worth: float (n_chosen,), incidents expected in each; by harm, times the average harm of its incidents.
        most_worth: No choice of as many such places is worth more than this in all.
    """

    outlines: tuple[shapely.Geometry, ...]
    worth: Floats
    most_worth: float

    @property
    def gap_share(self) -> float:
        """How much more another choice could be worth at most, as a share of this one; 0 where it is the best."""
        total = float(self.worth.sum())
        gap = self.most_worth / total - 1 if total else 0.0
        return gap if gap > _ROUNDING else 0.0


def count_visits(patrol_minutes: float) -> int:
    """How many visits of 15 minutes fit into minutes of patrol; the way between places is not counted.

    Raises:
        ParameterError: Not one does, or more than there may be places.

    Source: Koper, C. S. (1995), "Just enough police presence", Justice Quarterly 12(4),
    doi:10.1080/07418829500096231: the longer a visit, up to 14 or 15 minutes, the longer a place stays quiet after it.
    """
    if not VISIT_MINUTES <= patrol_minutes <= MAX_PATROL_PLACES * VISIT_MINUTES:
        raise ParameterError(
            f"A visit takes {VISIT_MINUTES} minutes, so `patrol_minutes` must be from {VISIT_MINUTES} to "
            f"{MAX_PATROL_PLACES * VISIT_MINUTES:,}, not {patrol_minutes:g}. Eight hours are 480."
        )
    return int(patrol_minutes // VISIT_MINUTES)


def choose_patrol_places(
    incidents: gpd.GeoDataFrame,
    expected: npt.ArrayLike,
    *,
    cells: Cells,
    study_area: shapely.Geometry,
    options: PatrolOptions | None = None,
    harm: pd.Series | None = None,
) -> PatrolPlaces:
    """Choose the places of 150 m across that together hold most of what is expected, none overlapping another.

    A place is a circle around a point of a lattice of 25 m, never around an incident, so that no address is its middle
    and the same ground is offered in every period. What is expected in a cell is taken to happen where its incidents
    lie, in proportion, or at its centre where it has none. Of the circles that hold enough to be shown, as many as
    wanted are chosen such that the sum of what is expected is the greatest: a maximum-weight packing, see
    `pack_circles`. Of choices worth the same it is the one of fewest places, and of these the westernmost. Where too
    many circles overlap to tell, the choice is the best found, and `gap_share` says what it may miss.

    It takes the estimate for what it is: where incidents will be *recorded*. On points that addresses share a circle
    holds the point, and may hold few of the addresses. Streets, walls and rivers are not known: a circle may lie on
    both sides of a railway. Fewer places are given where fewer hold enough to be shown.

    Args:
        incidents: Those analysed, points in metres; with `location_precision`, shared points are known as such.
        expected: float (n_cells,), `RiskEstimate.expected`.
        cells: The squares that it is of.
        study_area: Polygon or MultiPolygon, which holds the middle of every place.
        options: By default `PatrolOptions()`.
        harm: Of each incident, on the index of `incidents`; by default each counts as one.

    Raises:
        DataError: The incidents are not in a projected CRS in metres, or an expectation is missing or below 0.

    Source: the packing is ours; the time of a visit and the size of a place are as in Koper, C. S. (1995), "Just enough
    police presence", Justice Quarterly 12(4), doi:10.1080/07418829500096231, and in British practice of foot patrol.
    """
    require_metres(incidents, table="incidents")
    amounts = np.asarray(expected, dtype=np.float64)
    if amounts.shape != (len(cells),) or not (np.isfinite(amounts).all() and (amounts >= 0).all()):
        raise DataError(
            f"Each of the {len(cells):,} cells needs an expected number of 0 or more; given are {amounts.size:,}, "
            f"{int((~(amounts >= 0)).sum()):,} of them missing or below 0. Give `estimate_risk(...).expected`."
        )
    options = options or PatrolOptions()
    centres, worth = _list_candidates(incidents, amounts, cells, study_area, options.floor, harm)
    chosen, most_worth = pack_circles(centres, worth, n_wanted=options.n_patrol_places, width_m=PATROL_WIDTH_M)
    chosen = chosen[np.lexsort((centres[chosen, 0], centres[chosen, 1], -worth[chosen].round(9)))]
    circles = shapely.buffer(shapely.points(centres[chosen]), _RADIUS_M, quad_segs=_QUARTER)
    return PatrolPlaces(
        outlines=tuple(shapely.intersection(circles, study_area)), worth=worth[chosen], most_worth=most_worth
    )


def _list_candidates(
    incidents: gpd.GeoDataFrame,
    expected: Floats,
    cells: Cells,
    study_area: shapely.Geometry,
    floor: Floor,
    harm: pd.Series | None,
) -> tuple[Floats, Floats]:
    """Centres (n, 2) of the circles that may be shown, and what each is worth."""
    places = collapse_points(incidents)
    centres, within = _lay_circles(places.coordinates)
    n_incidents = within @ places.n_incidents
    is_shown = floor.is_met(n_incidents, within @ weigh_places(incidents, places)) & (n_incidents > 0)
    is_shown[is_shown] = shapely.contains_xy(study_area, centres[is_shown])
    centres, within, n_incidents = centres[is_shown], within[is_shown], n_incidents[is_shown]
    held, home = cells.count(places), cells.locate(places.easting, places.northing)
    own = np.where(home >= 0, expected[home] * places.n_incidents / np.maximum(held[home], 1), 0.0)
    around = cells.find_within(centres[:, 0], centres[:, 1], _INSIDE_M)
    worth = within @ own + np.where((around >= 0) & (held[around] == 0), expected[around], 0.0).sum(axis=1)
    if harm is not None:
        harms = np.bincount(places.inverse, harm.loc[incidents.index].to_numpy(), len(places.easting))
        worth = worth * (within @ harms) / n_incidents
    return centres, worth


def _lay_circles(coordinates: Floats) -> tuple[Floats, sparse.csr_array]:
    """Centres (n, 2) of all circles that hold one of the coordinates, and, binary (n, n_coordinates), which of them.

    They are points of the lattice, from west to east.
    """
    reach = math.ceil(_RADIUS_M / _STEP_M)
    steps = np.arange(-reach, reach + 1)
    nearest = np.round(coordinates / _STEP_M).astype(np.int64)
    east, north = nearest[:, :1, None] + steps[:, None], nearest[:, 1:, None] + steps
    away = np.hypot(east * _STEP_M - coordinates[:, :1, None], north * _STEP_M - coordinates[:, 1:, None])
    place, i, j = np.nonzero(away <= _INSIDE_M)
    # a point of the lattice as one number, which is found again sooner than a pair; from west to east they increase
    south, n_rows = (north.min(), np.ptp(north) + 1) if north.size else (0, 1)
    nodes, circle = np.unique(east[place, i, 0] * n_rows + (north[place, 0, j] - south), return_inverse=True)
    columns, rows = np.divmod(nodes, n_rows)
    within = sparse.csr_array((np.ones(len(place)), (circle, place)), shape=(len(nodes), len(coordinates)))
    return np.column_stack([columns, rows + south]) * _STEP_M, within
