"""The Safety Maps of a study, beside the crime that was chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from hotspots.analysis.hours import weigh_hours
from hotspots.analysis.perception import (
    GroupedMarks,
    PartPerception,
    Perception,
    compare_parts,
    compare_perception,
    count_marks,
)
from hotspots.errors import TooLittleDataError
from hotspots.geography import Floor
from hotspots.ingest.reference import PART_HOURS
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study

_LANDMARK_M = 400.0
"""So near a landmark may give its name to a place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionAnalysis:
    """Marks on maps, and how they lie beside recorded crime.

    Attributes:
        n_marks: Marks read.
        found: What was found; None for the reason below.
        reason: Why nothing is compared, in a sentence; None where something is.
        landmarks: Of each place of `found`, the station, park, school or safe haven nearest to it; None where there is
            none within 400 m.
        parts: Marks by part of the day.
        compared_parts: Those of them that can be compared with what is recorded at their hours.
        part_landmarks: Of each place of each of these, the same as `landmarks`.
        schools: Marks by school.
    """

    n_marks: int
    found: Perception | None
    reason: str | None
    landmarks: tuple[str | None, ...]
    parts: tuple[GroupedMarks, ...]
    compared_parts: tuple[PartPerception, ...]
    part_landmarks: tuple[tuple[str | None, ...], ...]
    schools: tuple[GroupedMarks, ...]


def analyse_perception(study: Study, chosen: Selection, *, floor: Floor) -> PerceptionAnalysis | None:
    """Compare the marks with the crime that was chosen; None where there are no marks."""
    if study.safety_maps is None:
        return None
    marks = study.safety_maps.marks
    found, reason = None, None
    try:
        found = compare_perception(marks, chosen.incidents, study_area=chosen.study_area, floor=floor)
    except TooLittleDataError as error:
        reason = str(error)
    compared = _compare_parts(marks, chosen, floor=floor) if found else ()
    inside = marks[shapely.intersects(chosen.study_area, marks.geometry.to_numpy())]
    return PerceptionAnalysis(
        n_marks=len(marks),
        found=found,
        reason=reason,
        landmarks=_name_places(study, found),
        parts=count_marks(inside, by="day_part", floor=floor),
        compared_parts=compared,
        part_landmarks=tuple(_name_places(study, one.found) for one in compared),
        schools=count_marks(inside, by="school", floor=floor),
    )


def _compare_parts(marks: gpd.GeoDataFrame, chosen: Selection, *, floor: Floor) -> tuple[PartPerception, ...]:
    """Marks beside the incidents of their part of the day, of the parts that have enough of both."""
    hours = weigh_hours(chosen.incidents)
    of_day = {part: [hour for hour in range(hours.shape[1]) if hour % 24 in own] for part, own in PART_HOURS.items()}
    compared = compare_parts(
        marks,
        chosen.incidents,
        study_area=chosen.study_area,
        incident_weights={
            part: np.asarray(hours[:, own].sum(axis=1), dtype=np.float64).ravel() for part, own in of_day.items()
        },
        floor=floor,
    )
    return tuple(one for one in compared if one.found is not None)


def _name_places(study: Study, found: Perception | None) -> tuple[str | None, ...]:
    if found is None:
        return ()
    tables = [table[table["name"].notna()] for table in _list_landmarks(study)]
    return tuple(
        _find_landmark(tables, shapely.Point(found.cells.easting[place.cell], found.cells.northing[place.cell]))
        for place in found.places
    )


def _find_landmark(tables: list[gpd.GeoDataFrame], middle: shapely.Point) -> str | None:
    """The nearest of the first table that has one near enough."""
    for table in tables:
        near = shapely.STRtree(table.geometry.to_numpy()).query_nearest(middle, max_distance=_LANDMARK_M)
        if len(near):
            return str(table["name"].iloc[int(min(near))])
    return None


def _list_landmarks(study: Study) -> Iterator[gpd.GeoDataFrame]:
    """Public places that people know, the best known first."""
    if study.premises:
        premises = study.premises.premises
        yield premises[premises["kind"].isin(["station", "bus_station", "park"])]
    if study.schools:
        yield study.schools.schools
    if study.havens:
        yield study.havens.havens
