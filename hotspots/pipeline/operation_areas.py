"""The areas of an operation: treated, control, and what lies around both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyproj
import shapely

from hotspots.analysis.change import ComparedAreas
from hotspots.errors import DataError
from hotspots.geography import describe_area, lies_in_working_crs, mend_outlines, to_working_crs
from hotspots.ingest.formats import FoundFile, find_files, locate_layers, read_layer
from hotspots.ingest.reference import BOUNDARY_SUFFIXES
from hotspots.pipeline.selection import select_wards
from hotspots.pipeline.surroundings import widen

_MIN_RING_SHARE = 0.01
"""Of a ring, what must be left of it: less is a sliver between outlines that were meant to meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named part of the map.

    Attributes:
        name: What to call it.
        geometry: In the working CRS.
        files: What it was read from; none for wards.
    """

    name: str
    geometry: shapely.Geometry
    files: tuple[FoundFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationAreas(ComparedAreas):
    """Where incidents are counted; no place is in two of them.

    Attributes:
        outside_share: Share of the treated area that is not in the study area, and so left out.
        overlap_share: Share of the control as given that was treated too, and so left out.
        is_adjoining: Whether the control comes within the buffer of the treated area, or touches it.
    """

    outside_share: float
    overlap_share: float
    is_adjoining: bool


def find_area(
    wards: gpd.GeoDataFrame, *, files: Sequence[Path] = (), ward_names: Sequence[str] = (), what: str = "treated"
) -> Area | None:
    """The area that files of polygons and wards make together; None where neither is given.

    Args:
        wards: Those of the study, in its working CRS.
        files: GeoJSON, GeoPackage or (zipped) shapefile; polygons need neither codes nor names.
        ward_names: Codes or names of wards.
        what: Which area it is, for messages.

    Raises:
        NotFoundError: A file or a ward is not there.
        ParameterError: Several wards have such a name.
        DataError: A file has no CRS, no polygons, or lies outside the working CRS.
    """
    if not files and not ward_names:
        return None
    found = find_files(files, suffixes=BOUNDARY_SUFFIXES, what=f"the {what} area") if files else []
    parts = [_read_outline(file, crs=wards.crs, what=f"the {what} area") for file in found]
    chosen = select_wards(wards, ward_names) if ward_names else wards.iloc[:0]
    names = [*(Path(file.shown).stem for file in found), *map(str, chosen["ward_name"])]
    return Area(
        name=", ".join(names),
        geometry=shapely.union_all([*parts, *chosen.geometry]),
        files=tuple(found),
    )


def _read_outline(file: FoundFile, *, crs: pyproj.CRS, what: str) -> shapely.Geometry:
    """All polygons of a file, in the working CRS, as one geometry."""
    address, layers = locate_layers(file, what=what)
    names = [name for name, kind in layers if kind and ("Polygon" in kind or "Unknown" in kind)]
    frames = [read_layer(file, address, name, what=what) for name in names]
    outlines = []
    for frame in frames:
        is_missing = (frame.geometry.isna() | frame.geometry.is_empty).to_numpy()
        if is_missing.any():
            raise DataError(
                f"Each outline of an area must be whole; feature {int(is_missing.argmax()) + 1} of {file.label} is "
                f"broken or empty, and {int(is_missing.sum())} in all. Repair it in QGIS (Fix geometries), or "
                "remove it."
            )
        frame = frame[frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]) & ~frame.geometry.is_empty]
        frame = frame.set_geometry(shapely.force_2d(frame.geometry.array))
        if frame.empty:
            continue
        placed = to_working_crs(frame, crs).geometry
        if not lies_in_working_crs(placed).all():
            raise DataError(
                f"An area must lie in {describe_area(crs)}; that of {file.label} does not, read as {frame.crs.name}. "
                "Check the CRS that the file states."
            )
        outlines += [*mend_outlines(placed.to_numpy(), label=file.label)[0]]
    area = shapely.union_all(outlines)
    if not area.area > 0:
        kinds = ", ".join(sorted({str(kind or "no geometry") for _, kind in layers})) or "nothing"
        raise DataError(
            f"An area must be a polygon; {file.label} holds {kinds}, and nothing that encloses an area. "
            "Draw its outline in QGIS and export it as GeoJSON."
        )
    return area


def draw_areas(study_area: shapely.Geometry, treated: Area, control: Area | None, buffer_m: float) -> OperationAreas:
    """Treated area, control and what is around them, each without the places of those before it."""
    inside = shapely.intersection(treated.geometry, study_area)
    if not inside.area > 0:
        raise DataError(
            f"The treated area must lie in the wards of the study; {treated.name} lies in none of them. "
            "Give the boundaries of that place, or check the CRS of the area's file."
        )
    near = widen(inside, buffer_m) if buffer_m else inside
    kept = 1.0
    if control is None:
        outside, beside = shapely.difference(study_area, near), None
        around = shapely.intersection(shapely.difference(near, inside), study_area) if buffer_m else None
        is_adjoining = True
    else:
        given = shapely.intersection(control.geometry, study_area)
        if not given.area > 0:
            raise DataError(
                f"The control must lie in the wards of the study; {control.name} lies in none of them. "
                "Give the boundaries of that place, or leave the control out to take the rest of the study area."
            )
        outside = shapely.difference(given, inside)
        kept = outside.area / given.area
        taken = shapely.union(inside, outside)
        around = shapely.intersection(shapely.difference(near, taken), study_area) if buffer_m else None
        wide = widen(outside, buffer_m)
        beside = (
            shapely.intersection(shapely.difference(wide, shapely.union(taken, around)), study_area)
            if around is not None
            else None
        )
        beside = _keep_ring(beside, wide, outside)
        is_adjoining = bool(shapely.dwithin(inside, outside, max(buffer_m, 1.0)))
    if not outside.area > 0:
        raise DataError(
            "A control needs places that were not treated; none are left of "
            f"{control.name if control else 'the study area'}. Give another control, or a smaller treated area."
        )
    around = _keep_ring(around, near, inside)
    return OperationAreas(
        study_area=study_area,
        treated=inside,
        control=outside,
        treated_ring=around,
        control_ring=beside if around is not None else None,
        is_rest=control is None,
        outside_share=1 - inside.area / treated.geometry.area,
        overlap_share=1 - kept,
        is_adjoining=is_adjoining,
    )


def _keep_ring(
    ring: shapely.Geometry | None, wide: shapely.Geometry, inside: shapely.Geometry
) -> shapely.Geometry | None:
    """What is left of a ring, unless that is next to nothing of what lies between its two outlines."""
    return ring if ring is not None and ring.area > _MIN_RING_SHARE * (wide.area - inside.area) else None
