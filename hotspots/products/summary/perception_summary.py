"""What the summary says of Safety Maps: where young people feel safe or unsafe, beside where crime is recorded."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from hotspots.analysis.perception import Agreement, GroupedMarks, MarkedPlace, PartPerception, Perception
from hotspots.geography import (
    WGS84,
    collapse_coordinates,
    find_polygon,
    format_grid_reference,
    project_coordinates,
)
from hotspots.ingest.reference import PART_HOURS
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import Degrees, Metres, Part, Quantity, Share, Tenths
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPlaceSummary(Part):
    """A place where both feeling and crime are clear.

    Attributes:
        rank: Differences come first, then where there are most marks.
        place: What is near it, or where it lies.
        ward: The ward of its middle; null where that lies in none.
        unsafe_share: The share of the marks that are unsafe.
        n_incidents: Incidents within reach; null where they are too few to be counted.
        easting, northing: Its middle, in the coordinate reference system of the study area.
        latitude, longitude: The same in WGS84 degrees, to about 10 m.
    """

    view_of: ClassVar = MarkedPlace

    rank: int
    agreement: Agreement
    place: str
    ward: str | None
    n_marks: Tenths
    n_unsafe: Tenths
    unsafe_share: Share
    unsafe_low: Share
    unsafe_high: Share
    n_incidents: int | None
    usual_incidents: Tenths
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    latitude: Degrees
    longitude: Degrees


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary(Part):
    """Marks of one part of the day, or of one school.

    Attributes:
        unsafe_share: The share of the marks that are unsafe.
    """

    view_of: ClassVar = GroupedMarks

    group: str
    n_marks: int
    n_unsafe: int
    unsafe_share: Share
    unsafe_low: Share
    unsafe_high: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlaceSummary(Part):
    """A place where feeling and crime are both clear at a part of the day; what is recorded is not counted.

    Attributes:
        place: What is near it, or where it lies.
        ward: The ward of its middle; null where that lies in none.
        unsafe_share: The share of the marks of that part of the day that are unsafe.
    """

    view_of: ClassVar = MarkedPlace

    agreement: Agreement
    place: str
    ward: str | None
    n_marks: Tenths
    n_unsafe: Tenths
    unsafe_share: Share
    unsafe_low: Share
    unsafe_high: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSummary(Part):
    """Marks of one part of the day beside what is recorded at its hours.

    Attributes:
        marks: The part, and its marks.
        hours: Of the clock, in order.
        n_incidents: Incidents at its hours, sums of the shares of each that fall in them; null where they, or those of
            all other hours, are too few.
        n_shown: Cells with enough marks of it.
        n_by_agreement: Cells by what feeling and crime say together.
        places: Where both are clear.
    """

    view_of: ClassVar = PartPerception

    marks: GroupSummary
    hours: tuple[int, ...]
    n_incidents: Tenths | None
    n_shown: int
    n_by_agreement: dict[str, int]
    places: tuple[PartPlaceSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionSummary(Part):
    """Marks on maps beside recorded crime. Numbers are null where nothing is compared.

    Attributes:
        n_read: Marks read.
        lost: Rows of the files that are no marks, by the reason.
        reason: Why nothing is compared, in a sentence; null where something is.
        n_marks: Marks in the study area.
        n_unsafe: Those that are unsafe.
        unsafe_share: The same as a share.
        cell_size_m: Between opposite sides of a cell.
        n_cells: Cells of the study area.
        n_shown: Cells with enough marks around them.
        n_by_agreement: Cells by what feeling and crime say together.
        unsafe_where_much: Share of the unsafe marks that lie where much crime is recorded.
        safe_where_much: The same of the safe marks.
        parts: By part of the day, those with enough marks.
        compared_parts: Those of them that can be compared with what is recorded at their hours.
        schools: By school, likewise.
        places: Where both are clear.
        words: What there is to say, in a few sentences.
    """

    view_of: ClassVar = Perception

    n_read: int
    lost: dict[str, int]
    reason: str | None
    n_marks: int | None
    n_unsafe: int | None
    unsafe_share: Share | None
    n_outside: int | None
    reach_m: Metres | None
    cell_size_m: Metres | None
    n_cells: int | None
    n_shown: int | None
    n_by_agreement: dict[str, int]
    unsafe_where_much: Share | None
    safe_where_much: Share | None
    parts: tuple[GroupSummary, ...]
    compared_parts: tuple[PartSummary, ...]
    schools: tuple[GroupSummary, ...]
    places: tuple[MarkedPlaceSummary, ...]
    words: str


def summarise_perception(analysis: Analysis) -> PerceptionSummary | None:
    """What the Safety Maps say; None where there are none."""
    felt, maps = analysis.perception, analysis.study.safety_maps
    if felt is None or maps is None:
        return None
    found = felt.found
    summary = PerceptionSummary(
        n_read=felt.n_marks,
        lost=dict(maps.lost),
        reason=felt.reason,
        **_count(found),
        parts=tuple(map(GroupSummary.of, felt.parts)),
        compared_parts=tuple(
            _summarise_part(part, landmarks, analysis)
            for part, landmarks in zip(felt.compared_parts, felt.part_landmarks, strict=True)
        ),
        schools=tuple(map(GroupSummary.of, felt.schools)),
        places=() if found is None else _list_places(found, felt.landmarks, analysis),
        words="",
    )
    return dataclasses.replace(summary, words=say("perception.told", summary, analysis.crime.plural))


def _count(found: Perception | None) -> dict[str, Any]:
    """The numbers of the whole area; none where nothing is compared."""
    if found is None:
        names = ("n_marks", "n_unsafe", "unsafe_share", "n_outside", "reach_m", "cell_size_m", "n_cells", "n_shown")
        return dict.fromkeys((*names, "unsafe_where_much", "safe_where_much")) | {"n_by_agreement": {}}
    return {
        "n_marks": found.n_total,
        "n_unsafe": found.n_unsafe_total,
        "unsafe_share": found.unsafe_share,
        "n_outside": found.n_outside,
        "reach_m": found.reach_m,
        "cell_size_m": found.cells.cell_size_m,
        "n_cells": len(found.cells),
        "n_shown": found.is_shown.sum(),
        "n_by_agreement": _count_agreement(found),
        "unsafe_where_much": found.unsafe_where_much,
        "safe_where_much": found.safe_where_much,
    }


def _count_agreement(found: Perception) -> dict[str, int]:
    return dict(sorted(Counter(map(str, found.agreement)).items()))


def _summarise_part(part: PartPerception, landmarks: tuple[str | None, ...], analysis: Analysis) -> PartSummary:
    found = part.found
    assert found is not None  # only those that can be compared are kept
    listed = _list_places(found, landmarks, analysis)
    return PartSummary(
        marks=GroupSummary.of(part.marks),
        hours=PART_HOURS[part.marks.group],
        n_incidents=part.n_incidents,
        n_shown=int(found.is_shown.sum()),
        n_by_agreement=_count_agreement(found),
        places=tuple(
            PartPlaceSummary.of(place, place=told.place, ward=told.ward)
            for place, told in zip(found.places, listed, strict=True)
        ),
    )


def _list_places(
    found: Perception, landmarks: tuple[str | None, ...], analysis: Analysis
) -> tuple[MarkedPlaceSummary, ...]:
    if not found.places:
        return ()
    wards, crs = analysis.wards, analysis.wards.crs
    cell = np.array([place.cell for place in found.places])
    easting, northing = found.cells.easting[cell], found.cells.northing[cell]
    points = collapse_coordinates(easting, northing)
    home = find_polygon(points, wards.geometry.to_numpy())[points.inverse]
    longitude, latitude = project_coordinates(easting, northing, source_crs=crs, crs=WGS84)
    listed = []
    for index, (place, landmark) in enumerate(zip(found.places, landmarks, strict=True)):
        where = {
            "grid_reference": format_grid_reference(easting[index], northing[index], crs=crs),
            "latitude": round(float(latitude[index]), 4),
            "longitude": round(float(longitude[index]), 4),
        }
        listed.append(
            MarkedPlaceSummary.of(
                place,
                rank=index + 1,
                place=say("perception.place", landmark, where),
                ward=None if home[index] < 0 else str(wards["ward_name"].iloc[home[index]]),
                n_incidents=round(place.n_incidents) if place.is_counted else None,
                easting=round(easting[index]),
                northing=round(northing[index]),
                latitude=where["latitude"],
                longitude=where["longitude"],
            )
        )
    return tuple(listed)
