"""Places to patrol: the few that hold most of what is expected, each small enough to walk round in one visit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import optimize, sparse
from scipy.spatial import cKDTree

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
_INSIDE_M = _RADIUS_M * math.cos(math.pi / (4 * _QUARTER))
"""What lies nearer to the middle than this is in the polygon that stands for the circle."""
_TOUCHING = 1e-6
_WHOLE = 1e-9
_FIRST_TRY = 0.8
_MAX_CANDIDATES = 3_000
_GAP, _NODE_LIMIT = 0.002, 500


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
        return max(self.most_worth / total - 1, 0.0) if total else 0.0


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
    wanted are chosen such that the sum of what is expected is the greatest: a maximum-weight packing, solved as an
    integer program. Two circles overlap if and only if both hold the point midway between their centres, so there is
    one condition for each such point: of the circles that hold it, at most one is chosen. Circles worth too little to
    be part of any best choice are left out first, which the prices of the linear program prove. Where that leaves too
    many circles, the choice is the best found, and `gap_share` says what it may miss.

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
    chosen, most_worth = _pack(centres, worth, options.n_patrol_places)
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
    nodes, circle = np.unique(east[place, i, 0] + 1j * north[place, 0, j], return_inverse=True)
    within = sparse.csr_array((np.ones(len(place)), (circle, place)), shape=(len(nodes), len(coordinates)))
    return np.column_stack([nodes.real, nodes.imag]) * _STEP_M, within


def _find_within(centres: Floats, points: Floats, distance_m: float) -> sparse.csr_array:
    """Binary (n_centres, n_points): the points that each circle holds."""
    pairs = cKDTree(centres).sparse_distance_matrix(cKDTree(points), distance_m, output_type="ndarray")
    # narrow positions, as older versions of the solver take no others
    found = (np.ones(len(pairs)), (pairs["i"].astype(np.int32), pairs["j"].astype(np.int32)))
    return sparse.csr_array(found, shape=(len(centres), len(points)))


def _find_widest(holds: sparse.csr_array) -> npt.NDArray[np.bool_]:
    """Bool (n,): which of the sets in rows, binary (n, n_circles), no other holds; of equal ones the first."""
    size = np.diff(holds.indptr)
    shared = (holds @ holds.T).tocoo()
    one, other = shared.row, shared.col
    is_first = (size[other] > size[one]) | ((size[other] == size[one]) & (other < one))
    widest = np.ones(holds.shape[0], dtype=bool)
    widest[one[is_first & (shared.data == size[one])]] = False
    return widest


def _pack(centres: Floats, worth: Floats, n_wanted: int) -> tuple[npt.NDArray[np.intp], float]:
    """Positions of the circles that are worth most together, and the most that any choice could be worth.

    First only circles worth about as much as the last that a greedy choice takes are tried. Let the linear program of
    these be worth L, and its price of one more circle be p. A choice with circles that were not tried, each worth w at
    most, is worth L - p + w at most if w is below p, and L + n (w - p) if it is above. Once that is within the gap
    allowed of the best choice found, no more need be tried.
    """
    best = _pick_greedily(centres, worth, n_wanted)
    if not len(best):
        return best, 0.0
    least = _FIRST_TRY * worth[best].min() if len(best) == n_wanted else 0.0
    fewest = np.sort(worth)[-_MAX_CANDIDATES] if len(worth) > _MAX_CANDIDATES else 0.0
    while True:
        least = max(least, fewest)
        tried = np.flatnonzero(worth >= least)
        found = _solve(centres[tried], worth[tried], n_wanted)
        if worth[tried[found.chosen]].sum() > worth[best].sum():
            best = tried[found.chosen]
        total, most = float(worth[best].sum()), found.most
        if len(tried) < len(worth):
            above = least - found.price
            most = max(most, found.relaxed + above * (n_wanted if above > 0 else 1))
        if most <= total * (1 + _GAP) or len(tried) == len(worth) or least == fewest:
            return best, max(most, total)
        least = max(found.price - max(found.relaxed - total, 0.0), 0.0)


def _pick_greedily(centres: Floats, worth: Floats, n_wanted: int) -> npt.NDArray[np.intp]:
    """Positions of circles, each time the one worth most of those that overlap none taken before."""
    taken: list[int] = []
    tree, is_free = cKDTree(centres), worth > 0
    for index in np.argsort(-worth, kind="stable"):
        if len(taken) == n_wanted:
            break
        if is_free[index]:
            taken.append(int(index))
            is_free[tree.query_ball_point(centres[index], PATROL_WIDTH_M - _TOUCHING)] = False
    return np.array(taken, dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solution:
    """Positions chosen; the worth of the linear program, its price of one more circle, and no choice's worth more."""

    chosen: npt.NDArray[np.intp]
    relaxed: float
    price: float
    most: float


def _solve(centres: Floats, worth: Floats, n_wanted: int) -> _Solution:
    """The choice among circles that is worth most, by a linear and an integer program."""
    pairs = cKDTree(centres).query_pairs(PATROL_WIDTH_M - _TOUCHING, output_type="ndarray")
    middles = np.unique((centres[pairs] @ np.array([1.0, 1j])).mean(axis=1))
    holds = _find_within(np.column_stack([middles.real, middles.imag]), centres, _RADIUS_M - _TOUCHING)
    limits = sparse.vstack([holds, sparse.csr_array(np.ones((1, len(centres))))], format="csr")
    most = np.append(np.ones(len(middles)), n_wanted)
    relaxed = optimize.linprog(-worth, A_ub=limits, b_ub=most, bounds=(0, 1), method="highs")
    worth_relaxed, price = -float(relaxed.fun or 0.0), -float(relaxed.ineqlin.marginals[-1])
    portions = np.asarray(relaxed.x, dtype=np.float64)
    if np.abs(portions - portions.round()).max(initial=0.0) < _WHOLE:  # no choice of whole circles is worth more
        whole = np.flatnonzero(portions.round() == 1)
        return _Solution(chosen=whole, relaxed=worth_relaxed, price=price, most=worth_relaxed)
    # nine in ten conditions follow from others, which the integer program would spend most of its time to find
    needed = np.append(_find_widest(holds), True)
    found = optimize.milp(
        -worth,
        constraints=optimize.LinearConstraint(limits[needed], ub=most[needed]),
        integrality=np.ones(len(centres), dtype=np.int64),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": _GAP, "node_limit": _NODE_LIMIT},
    )
    # at its limit the solver says that it failed, and may still hold a choice
    chosen = np.empty(0, np.intp) if found.x is None else np.flatnonzero(found.x.round() == 1)
    return _Solution(
        chosen=chosen,
        relaxed=worth_relaxed,
        price=price,
        most=worth_relaxed if found.mip_dual_bound is None else -float(found.mip_dual_bound),
    )
