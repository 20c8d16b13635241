"""How places feel at each part of the day, beside what is recorded at those hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.perception.felt_safety import Perception, compare_perception
from hotspots.analysis.perception.grouped_marks import GroupedMarks, choose_given, count_marks
from hotspots.analysis.perception.marked_cells import count_around, spread_marks
from hotspots.contracts import SAFETY_MARK_COLUMNS, require_columns
from hotspots.errors import TooLittleDataError
from hotspots.geography import FLOOR, Floor, make_cells

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPerception:
    """Marks of one part of the day, beside what is recorded at its hours.

    Attributes:
        marks: How many there are, and how many of them unsafe.
        n_incidents: Incidents at its hours, sums of weights; None where they, or those of all other hours, are too few.
        found: What was found, of these marks and hours alone; None where they are too few.
    """

    marks: GroupedMarks
    n_incidents: float | None
    found: Perception | None


def compare_parts(
    marks: gpd.GeoDataFrame,
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    incident_weights: Mapping[str, Floats],
    cell_size_m: float = 200.0,
    reach_m: float = 250.0,
    floor: Floor = FLOOR,
) -> tuple[PartPerception, ...]:
    """Compare marks with recorded crime, by part of the day.

    Each part is compared as all marks are by `compare_perception`: its marks with one another, and the incidents of its
    hours with those hours over the whole study area. A place that feels no worse in the evening than others do is not
    called unsafe then, although all of them may feel worse than by day; that is in the shares of `marks`.

    A cell is shown for a part only if ten of its marks at five places are around it, and if what is around it of other
    parts, less those that are shown there too, is ten marks or nothing: else all marks less these would tell of it.

    It misleads as a finding that a place changes over the day: each part is judged by itself, and with fewer marks less
    is clear. Of the cells that are called something in a part, at most 5% are false on average.

    Args:
        marks: The table of safety marks, metres; those without a part of the day are in no part.
        incidents: The incidents table of the same area, in the same CRS.
        study_area: Polygon or MultiPolygon, metres.
        incident_weights: float (n_incidents,) by part: the share of each incident in its hours.
        cell_size_m: Between opposite sides of a hexagon.
        reach_m: What lies this near to the middle of a cell is around it.
        floor: As of `compare_perception`.

    Returns:
        The parts with enough marks, in the order of `incident_weights`.

    Raises:
        DataError: A column is missing, or the tables are not in one CRS in metres.
        ParameterError: `reach_m` is not above 0, or the cell size makes too many cells.
    """
    require_columns(marks, SAFETY_MARK_COLUMNS, table="safety marks")
    inside = marks[shapely.intersects(study_area, marks.geometry.to_numpy())]
    counted = {one.group: one for one in count_marks(inside, by="day_part", floor=floor)}
    parts = [part for part in incident_weights if part in counted]
    if not parts:
        return ()
    cells = make_cells(study_area, cell_size_m=cell_size_m, shape="hexagon")
    is_of = {part: (marks["day_part"] == part).to_numpy() for part in parts}
    may_show = _choose_cells(marks, is_of, study_area=study_area, cell_size_m=cell_size_m, reach_m=reach_m, floor=floor)
    n_at = np.array([float(np.sum(incident_weights[part])) for part in parts])
    is_told = choose_given(n_at, n_others=max(float(len(incidents) - n_at.sum()), 0.0), floor=floor)
    compared = []
    for part, n_incidents, is_one in zip(parts, n_at.tolist(), is_told.tolist(), strict=True):
        weights = np.asarray(incident_weights[part], dtype=np.float64)
        found = None
        if n_incidents >= max(floor.min_incidents, 1):
            try:
                found = compare_perception(
                    marks[is_of[part]],
                    incidents,
                    study_area=study_area,
                    cell_size_m=cells.cell_size_m,
                    reach_m=reach_m,
                    floor=floor,
                    incident_weights=weights,
                    may_show=may_show[part],
                )
            except TooLittleDataError:  # of what lies in cells
                found = None
        compared.append(PartPerception(marks=counted[part], n_incidents=n_incidents if is_one else None, found=found))
    return tuple(compared)


def _choose_cells(
    marks: gpd.GeoDataFrame,
    is_of: Mapping[str, Flags],
    *,
    study_area: shapely.Geometry,
    cell_size_m: float,
    reach_m: float,
    floor: Floor,
) -> dict[str, Flags]:
    """Bool (n_cells,) by part: the cells that may be shown for it, such that no few marks can be worked out."""
    cells = make_cells(study_area, cell_size_m=cell_size_m, shape="hexagon")
    spread = spread_marks(marks, cells, study_area)
    n_all, _ = count_around(spread, np.ones(len(marks), dtype=bool), cells, reach_m=reach_m)
    around = [count_around(spread, is_one, cells, reach_m=reach_m) for is_one in is_of.values()]
    n_marks = np.array([n for n, _ in around])
    is_met = np.array([floor.is_met(n, n_places) for n, n_places in around])
    chosen = is_met.copy()
    for cell in np.flatnonzero(is_met.any(axis=0)).tolist():
        n_others = max(float(n_all[cell] - n_marks[:, cell].sum()), 0.0)
        chosen[:, cell] = choose_given(n_marks[:, cell], n_others=n_others, floor=floor, may_give=is_met[:, cell])
    return dict(zip(is_of, chosen, strict=True))
