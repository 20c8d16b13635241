"""Where young people feel safe or unsafe, beside where crime is recorded: cell by cell, with how sure each is."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse, special
from scipy.sparse.csgraph import connected_components

from hotspots.analysis.network import find_near
from hotspots.analysis.perception.marked_cells import SpreadMarks, count_around, spread_marks
from hotspots.contracts import AREA, SAFETY_MARK_COLUMNS, require_columns, require_same_crs
from hotspots.distributions import binomial_cdf, binomial_sf, control_false_discoveries
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import FLOOR, Cells, Floor, collapse_points, make_cells, weigh_places

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_FALSE_SHARE: Final = 0.05
CONFIDENCE: Final = 0.95

Agreement = Literal[
    "feels unsafe, much crime",
    "feels unsafe, little crime",
    "feels safe, much crime",
    "feels safe, little crime",
    "no clear difference",
    "not enough marks",
]
AGREEMENTS: Final[tuple[Agreement, ...]] = (
    "feels unsafe, much crime",
    "feels unsafe, little crime",
    "feels safe, much crime",
    "feels safe, little crime",
)
"""Where both are clear; the second and the third are where fear and recorded crime differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPlace:
    """Neighbouring cells of one answer, by the one among them that is surest.

    Attributes:
        agreement: The answer.
        cell: Position of the surest cell, whose surroundings the numbers are of.
        n_cells: How many cells there are.
        n_marks, n_unsafe: Marks within reach of it, sums of weights.
        unsafe_low, unsafe_high: Limits of the share that is unsafe, 0-1.
        n_incidents: Incidents within reach of it.
        usual_incidents: What as much ground has on average in the study area.
        is_counted: Whether there are enough incidents for their number to be shown.
    """

    agreement: Agreement
    cell: int
    n_cells: int
    n_marks: float
    n_unsafe: float
    unsafe_low: float
    unsafe_high: float
    n_incidents: float
    usual_incidents: float
    is_counted: bool

    @property
    def unsafe_share(self) -> float:
        """The share of the marks that are unsafe, 0-1."""
        return self.n_unsafe / self.n_marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Perception:
    """Marks and recorded crime around each cell of the study area.

    Attributes:
        cells: The cells, hexagons.
        reach_m: What lies this near to the middle of a cell is around it.
        n_marks, n_unsafe: float (n_cells,), marks around each, sums of weights.
        n_incidents: float (n_cells,), incidents around each.
        usual_incidents: float (n_cells,), what as much ground has on average.
        is_shown: bool (n_cells,), whether enough marks are around it.
        unsafe_low, unsafe_high: float (n_cells,), limits of the share that is unsafe; NaN where not shown.
        p_feeling: float (n_cells,), of a share as far from that of all marks, adjusted; NaN where not shown.
        p_crime: float (n_cells,), of as many or as few incidents if they were spread evenly, adjusted.
        feels: object (n_cells,), "unsafe" or "safe" where more or fewer marks are unsafe than of all, by more than
            chance, else None.
        crime: object (n_cells,), "much" or "little" against the average of the study area, by more than chance, else
            None; never "much" for fewer incidents than can be shown.
        agreement: object (n_cells,), what both say together, see `Agreement`.
        n_total: Marks in the study area.
        n_unsafe_total: Those that are unsafe.
        n_outside: Marks outside it, left out.
        n_crimes: Incidents with a place, the sum of their weights.
        unsafe_where_much, safe_where_much: The share of the unsafe and of the safe marks that lie in cells with much
            crime around them; NaN where there are none.
        places: Where both are clear, the differences first, the surest first.
        max_false_share: Of the cells that are called something, at most so much is false on average.
    """

    cells: Cells
    reach_m: float
    n_marks: Floats
    n_unsafe: Floats
    n_incidents: Floats
    usual_incidents: Floats
    is_shown: Flags
    unsafe_low: Floats
    unsafe_high: Floats
    p_feeling: Floats
    p_crime: Floats
    feels: npt.NDArray[np.object_]
    crime: npt.NDArray[np.object_]
    agreement: npt.NDArray[np.object_]
    n_total: int
    n_unsafe_total: int
    n_outside: int
    n_crimes: float
    unsafe_where_much: float
    safe_where_much: float
    places: tuple[MarkedPlace, ...]
    max_false_share: float = MAX_FALSE_SHARE

    @property
    def unsafe_share(self) -> float:
        """The share of all marks that are unsafe, 0-1."""
        return self.n_unsafe_total / self.n_total


def compare_perception(
    marks: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    cell_size_m: float = 200.0,
    reach_m: float = 250.0,
    floor: Floor = FLOOR,
    incident_weights: Floats | None = None,
    may_show: Flags | None = None,
) -> Perception:
    """Compare where places were marked unsafe with where crime is recorded.

    Around each cell (within 250 m of its middle) two questions are asked, each by an exact binomial test whose false
    discoveries are controlled over the cells:

    * *feeling*: is the share of marks that are unsafe higher, or lower, than among all marks? Marks are compared with
      marks, so that a place where many young people are does not look unsafe for that.
    * *crime*: are there more incidents, or fewer, than as much ground has on average in the study area?

    Where both answers are clear there are four outcomes: fear and crime agree (unsafe and much, safe and little) or
    they do not. Neighbouring cells of one outcome are one place, told by the surest of them.

    A cell is shown only if ten marks at five places are around it: never the mark of a single child. A mark that is a
    line or an area counts in equal parts over what it covers, 1 in all.

    It misleads if it is read as a survey. Marks are made by those who took part, where they go, in a session with its
    own questions; a school that takes part fills the map around it. Incidents are those of the whole period and of all
    ages. The average of the study area is a low bar for a town centre.

    Args:
        marks: The table of safety marks, metres.
        incidents: The incidents table of the same area, in the same CRS.
        study_area: Polygon or MultiPolygon, metres.
        cell_size_m: Between opposite sides of a hexagon.
        reach_m: What lies this near to the middle of a cell is around it.
        floor: The least marks and places of marks around a cell that is shown, and the least incidents and places that
            are counted.
        incident_weights: float (n_incidents,), how much of each counts, as where only some hours of the day do; 1 by
            default.
        may_show: bool (n_cells,), the cells that may be shown if the floor is met; all by default.

    Raises:
        DataError: A column is missing, or the tables are not in one CRS in metres.
        ParameterError: `reach_m` is not above 0, or the cell size makes too many cells.
        TooLittleDataError: Fewer marks lie in the study area than the floor asks for, or no incident has a place.

    Source: Kelsall, J. E. and Diggle, P. J. (1995), "Non-parametric estimation of spatial variation in relative risk",
    Statistics in Medicine 14(21-22), doi:10.1002/sim.4780142106 (one density against another); Clopper, C. J. and
    Pearson, E. S. (1934), Biometrika 26(4), doi:10.1093/biomet/26.4.404; Benjamini, Y. and Hochberg, Y. (1995), Journal
    of the Royal Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    require_columns(marks, SAFETY_MARK_COLUMNS, table="safety marks")
    require_same_crs(marks, incidents, tables="safety marks and incidents")
    if not (math.isfinite(reach_m) and reach_m > 0):
        raise ParameterError(f"`reach_m` must be above 0 m, not {reach_m:g}. 250 m is three minutes on foot.")
    cells = make_cells(study_area, cell_size_m=cell_size_m, shape="hexagon")
    spread = spread_marks(marks, cells, study_area)
    is_unsafe = ~marks["is_safe"].to_numpy(dtype=bool)
    inside = np.unique(spread.mark)
    if len(inside) < max(floor.min_incidents, 1):
        raise TooLittleDataError(
            f"Marks are added together from {max(floor.min_incidents, 1)} on; {len(inside)} of {len(marks)} lie in the "
            "study area. Give the marks of more schools or sessions."
        )
    is_located = np.ones(len(incidents), dtype=bool)
    if "location_precision" in incidents:
        is_located &= (incidents["location_precision"] != AREA).to_numpy()
    weights = np.ones(len(incidents)) if incident_weights is None else np.asarray(incident_weights, dtype=np.float64)
    is_located &= weights > 0
    located, weights = incidents[is_located], weights[is_located]
    if located.empty:
        raise TooLittleDataError(
            "Marks are compared with recorded crime, and no incident has a place. Give incidents with coordinates."
        )

    middles = np.column_stack([cells.easting, cells.northing])
    n_marks, n_places = count_around(spread, np.ones(len(marks), dtype=bool), cells, reach_m=reach_m)
    n_unsafe, _ = count_around(spread, is_unsafe, cells, reach_m=reach_m)
    is_shown = floor.is_met(n_marks, n_places)
    if may_show is not None:
        is_shown &= may_show

    points = collapse_points(located)
    near = find_near(middles, points.coordinates, reach_m=reach_m)
    n_at_point = np.bincount(points.inverse, weights, len(points.easting))
    n_incidents = np.bincount(near.origin, n_at_point[near.target], len(cells)).astype(np.float64)
    n_grounds = np.bincount(near.origin, weigh_places(located, points)[near.target], len(cells))
    ground_share = _measure_ground(middles, study_area, reach_m)

    total, n_unsafe_total = len(inside), int(is_unsafe[inside].sum())
    p_feeling = np.full(len(cells), np.nan)
    p_feeling[is_shown] = _test(n_unsafe[is_shown], n_marks[is_shown], n_unsafe_total / total)
    n_crimes = float(weights.sum())
    p_crime = _test(n_incidents, np.full(len(cells), n_crimes), ground_share)
    share = n_unsafe / np.where(n_marks > 0, n_marks, 1)
    usual = n_crimes * ground_share
    is_felt = np.nan_to_num(p_feeling, nan=1.0) <= MAX_FALSE_SHARE
    feels = np.full(len(cells), None, dtype=object)
    feels[is_felt] = np.where(share[is_felt] > n_unsafe_total / total, "unsafe", "safe")
    crime = np.full(len(cells), None, dtype=object)
    is_told = p_crime <= MAX_FALSE_SHARE
    crime[is_told] = np.where(n_incidents[is_told] > usual[is_told], "much", "little")
    # a few incidents where hardly any are usual would point at them
    is_counted = floor.is_met(n_incidents, n_grounds)
    crime[(crime == "much") & ~is_counted] = None
    agreement = _agree(feels, crime, is_shown)
    low, high = limit_share(n_unsafe, n_marks)
    found = Perception(
        cells=cells,
        reach_m=float(reach_m),
        n_marks=n_marks,
        n_unsafe=n_unsafe,
        n_incidents=n_incidents,
        usual_incidents=usual,
        is_shown=is_shown,
        unsafe_low=np.where(is_shown, low, np.nan),
        unsafe_high=np.where(is_shown, high, np.nan),
        p_feeling=p_feeling,
        p_crime=p_crime,
        feels=feels,
        crime=crime,
        agreement=agreement,
        n_total=total,
        n_unsafe_total=n_unsafe_total,
        n_outside=len(marks) - total,
        n_crimes=n_crimes,
        unsafe_where_much=_share_where(spread, is_unsafe, crime == "much"),
        safe_where_much=_share_where(spread, ~is_unsafe, crime == "much"),
        places=(),
    )
    return _with_places(found, is_counted)


def _measure_ground(middles: Floats, study_area: shapely.Geometry, reach_m: float) -> Floats:
    """Float (n,): the share of the study area that lies within reach of each point."""
    discs = shapely.buffer(shapely.points(middles), reach_m, quad_segs=16)
    whole = float(shapely.area(discs[0]))
    shapely.prepare(study_area)
    is_cut = ~shapely.contains_properly(study_area, discs)
    inside = np.ones(len(middles))
    inside[is_cut] = shapely.area(shapely.intersection(discs[is_cut], study_area)) / whole
    return np.asarray(inside * math.pi * reach_m**2 / float(shapely.area(study_area)), dtype=np.float64)


def _test(n: Floats, total: Floats, share: float | Floats) -> Floats:
    """The adjusted p of as many or as few of a total, each with the chance of a share, on both sides."""
    if not len(n):
        return np.empty(0)
    chance = np.clip(share, 0, 1)
    more = np.where(n > 0, binomial_sf(np.maximum(n, 1e-9) - 1, total, chance), 1.0)
    return control_false_discoveries(np.minimum(2 * np.minimum(more, binomial_cdf(n, total, chance)), 1.0))


def limit_share(n: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Clopper and Pearson's limits of shares, 0-1; n and total, float (n_shares,), need not be whole."""
    tail = (1 - CONFIDENCE) / 2
    rest = np.maximum(total - n, 0)
    low = np.where(n > 0, special.betaincinv(np.maximum(n, 1e-9), rest + 1, tail), 0.0)
    high = np.where(rest > 0, special.betainccinv(n + 1, np.maximum(rest, 1e-9), tail), 1.0)
    return low, high


def _agree(feels: npt.NDArray[np.object_], crime: npt.NDArray[np.object_], is_shown: Flags) -> npt.NDArray[np.object_]:
    agreement = np.full(len(feels), "not enough marks", dtype=object)
    agreement[is_shown] = "no clear difference"
    both = is_shown & (feels != None) & (crime != None)  # noqa: E711 - of each, which `is` cannot ask
    agreement[both] = [f"feels {feeling}, {much} crime" for feeling, much in zip(feels[both], crime[both], strict=True)]
    return agreement


def _share_where(spread: SpreadMarks, is_of: Flags, is_there: Flags) -> float:
    """The share of some marks that lies in some cells; NaN where there are none."""
    weight = spread.weight * is_of[spread.mark]
    return float(weight[is_there[spread.cell]].sum() / weight.sum()) if weight.any() else math.nan


def _with_places(found: Perception, is_counted: Flags) -> Perception:
    """With the places of each outcome."""
    places = []
    beside = found.cells.neighbours().tocoo()
    for agreement in AGREEMENTS:
        is_one = found.agreement == agreement
        kept = is_one[beside.row] & is_one[beside.col]
        links = sparse.coo_array((np.ones(kept.sum()), (beside.row[kept], beside.col[kept])), shape=beside.shape)
        patch = connected_components(links, directed=False)[1]
        for number in np.unique(patch[is_one]):
            members = np.flatnonzero(is_one & (patch == number))
            # the surest of both; of equal ones that with most marks
            doubt = np.maximum(found.p_feeling[members], found.p_crime[members])
            best = members[np.lexsort((members, -found.n_marks[members], doubt))[0]]
            places.append(
                MarkedPlace(
                    agreement=agreement,
                    cell=int(best),
                    n_cells=len(members),
                    n_marks=float(found.n_marks[best]),
                    n_unsafe=float(found.n_unsafe[best]),
                    unsafe_low=float(found.unsafe_low[best]),
                    unsafe_high=float(found.unsafe_high[best]),
                    n_incidents=float(found.n_incidents[best]),
                    usual_incidents=float(found.usual_incidents[best]),
                    is_counted=bool(is_counted[best]),
                )
            )
    differing = ("feels unsafe, little crime", "feels safe, much crime")
    places.sort(
        key=lambda place: (
            place.agreement not in differing,
            AGREEMENTS.index(place.agreement),
            -place.n_marks,
            place.cell,
        )
    )
    return dataclasses.replace(found, places=tuple(places))
