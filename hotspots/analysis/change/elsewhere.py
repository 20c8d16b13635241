"""The same areas laid elsewhere, where nothing was done: how much chance and local ups and downs alone change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.change.displacement import AreaWeights
from hotspots.analysis.change.ratio_scatter import count_areas_needed

Untried = Literal["none before", "area too large", "control too large", "too few alike"]
"""Why a result was not tried where nothing was done: the treated area had no incident before, so none is like it;
there is no room for enough areas of its size, or for the control, in the study area; too few parts of it are like it.
"""

_N_TRIES = 4_000
_MAX_ELSEWHERE = 400
_MIN_ELSEWHERE = 40
_LIKE = 2.0
"""An area elsewhere is like the treated one if it had from half to twice as many incidents before."""
_MIN_INSIDE_SHARE = 0.9
_N_SAMPLES = 60

Floats = npt.NDArray[np.float64]
PairedCounts = npt.NDArray[np.int64]
"""Int (n_areas, 2, 2): incidents of each area and of what it is compared with, before and after."""


def _no_counts() -> PairedCounts:
    return np.empty((0, 2, 2), dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedAreas:
    """A treated area and what it is compared with, metres. Only the study area overlaps the others.

    Attributes:
        study_area: Of which all the others are parts.
        treated: Where something was done.
        control: What it is compared with.
        treated_ring: Around the treated area; None without a buffer, or where nothing is left there.
        control_ring: Around the control; None likewise, where there is no treated ring, and where the control is the
            rest of the study area.
        is_rest: Whether the control is all of the study area that is not treated, and not around it.
    """

    study_area: shapely.Geometry
    treated: shapely.Geometry
    control: shapely.Geometry
    treated_ring: shapely.Geometry | None
    control_ring: shapely.Geometry | None
    is_rest: bool

    @property
    def n_apart(self) -> float:
        """How many times the treated area and its surroundings go into the study area."""
        ring_m2 = self.treated_ring.area if self.treated_ring is not None else 0.0
        return float(self.study_area.area / (self.treated.area + ring_m2))

    @property
    def size_weights(self) -> AreaWeights:
        """What brings the control to the size of the treated area, and what is around it to that around the treated.

        The treated area and its surroundings keep their numbers, so that differences are in incidents there.
        """
        around, beside = self.treated_ring, self.control_ring
        return AreaWeights(
            control=float(self.control.area / self.treated.area),
            displacement_control=1.0 if around is None or beside is None else float(beside.area / around.area),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewhereCounts:
    """What was counted in areas of the same shapes elsewhere, for `measure_scatter`.

    Attributes:
        local: Of the treated area against its control.
        displaced: Of its surroundings against those of the control, or against the control where it has none.
        net: Of area and surroundings together against control and surroundings together.
        untried: Why nothing was counted; None where it was.
    """

    local: PairedCounts = field(default_factory=_no_counts)
    displaced: PairedCounts = field(default_factory=_no_counts)
    net: PairedCounts = field(default_factory=_no_counts)
    untried: Untried | None = None


def count_elsewhere(
    areas: ComparedAreas,
    coordinates: Floats,
    counts: npt.NDArray[np.int64],
    *,
    n_before: int,
    confidence: float = 0.95,
    seed: int = 0,
) -> ElsewhereCounts:
    """Count incidents in areas of the same shapes, moved at random to where the operation was not.

    A placebo test: how far the results of such areas scatter, in which nothing was done, says how far a result goes by
    itself. Shapes are moved, not turned, up to 4,000 times; at least nine tenths of a shape must lie in the study area,
    and none of it in the treated area or its surroundings. Only areas with from half to twice the incidents of the
    treated area before are taken, and those after have no say in it: areas chosen by what came after would scatter by
    the choice. At most 400 are counted, or as many as the confidence takes.

    It misleads where parts of the study area are unlike the treated one in more than numbers (a town centre among
    suburbs), and where something was done elsewhere at the same time. Areas elsewhere overlap: they are worth no more
    independent ones than fit side by side, `ComparedAreas.n_apart`, and where that is less than `count_areas_needed`
    nothing is counted.

    Args:
        areas: The treated area and what it is compared with.
        coordinates: Of distinct places of incidents, metres; float (n, 2).
        counts: Incidents of each before and after; int (2, n).
        n_before: Incidents of the treated area before.
        confidence: Of the limits that the scatter will widen, 0-1.
        seed: Of the places that shapes are moved to.

    Raises:
        ParameterError: The confidence is not between 0 and 1.

    Source: for tests by placebos in space Abadie, A., Diamond, A. and Hainmueller, J. (2010), "Synthetic control
    methods for comparative case studies", Journal of the American Statistical Association 105(490),
    doi:10.1198/jasa.2009.ap08746.
    """
    n_needed = count_areas_needed(confidence)
    if n_before == 0:
        return ElsewhereCounts(untried="none before")
    # areas that overlap say the same thing many times, so it is those side by side that count
    if areas.n_apart < n_needed:
        return ElsewhereCounts(untried="area too large")
    n_needed = max(n_needed, _MIN_ELSEWHERE)
    touched = areas.treated if areas.treated_ring is None else shapely.union(areas.treated, areas.treated_ring)
    shapely.prepare([areas.study_area, touched])
    kept = counts.any(axis=0)
    counts, easting, northing = counts[:, kept], coordinates[kept, 0], coordinates[kept, 1]
    is_untouched = shapely.contains_xy(areas.study_area, easting, northing) & ~shapely.contains_xy(
        touched, easting, northing
    )

    def find(shape: shapely.Geometry | None, offset: Floats) -> npt.NDArray[np.bool_]:
        """Which untouched places lie in a moved shape."""
        if shape is None:
            return np.zeros(len(easting), dtype=bool)
        west, south, east, north = shape.bounds
        x, y = easting - offset[0], northing - offset[1]
        inside: npt.NDArray[np.bool_] = is_untouched & (x >= west) & (x <= east) & (y >= south) & (y <= north)
        inside[inside] = shapely.contains_xy(shape, x[inside], y[inside])
        return inside

    rng = np.random.default_rng(seed)
    shapely.prepare([shape for shape in (areas.treated, areas.treated_ring) if shape is not None])
    offsets = _draw_offsets(areas.treated, areas.study_area, touched, rng)
    controls = offsets
    if not areas.is_rest:
        shapely.prepare([shape for shape in (areas.control, areas.control_ring) if shape is not None])
        controls = _draw_offsets(areas.control, areas.study_area, touched, rng)
        if len(controls) < _MIN_ELSEWHERE:
            return ElsewhereCounts(untried="control too large")
    rows = []
    for index, offset in enumerate(offsets):
        inside = find(areas.treated, offset)
        n_inside = counts[:, inside].sum(axis=1)
        if not n_before / _LIKE <= n_inside[0] <= n_before * _LIKE:
            continue
        around = find(areas.treated_ring, offset) & ~inside
        if areas.is_rest:
            outside, beside = is_untouched & ~inside & ~around, np.zeros_like(inside)
        else:
            other = controls[index % len(controls)]
            outside = find(areas.control, other)
            if (outside & (inside | around)).any():
                continue  # no place counts twice
            beside = find(areas.control_ring, other) & ~(outside | inside | around)
        against_ring = outside if areas.control_ring is None else beside
        pairs = ((inside, outside), (around, against_ring), (inside | around, outside | beside))
        rows.append([[counts[:, part].sum(axis=1) for part in pair] for pair in pairs])
        if len(rows) == max(_MAX_ELSEWHERE, n_needed):
            break
    if len(rows) < n_needed:
        return ElsewhereCounts(untried="too few alike")
    local, displaced, net = np.array(rows, dtype=np.int64).swapaxes(0, 1)
    return ElsewhereCounts(local=local, displaced=displaced, net=net)


def _draw_offsets(
    shape: shapely.Geometry, study_area: shapely.Geometry, touched: shapely.Geometry, rng: np.random.Generator
) -> Floats:
    """Float (n, 2): by how much to move a shape for most of it to lie in the study area, and none where it was."""
    box, frame = np.array(shape.bounds).reshape(2, 2), np.array(study_area.bounds).reshape(2, 2)
    if ((box[1] - box[0]) >= (frame[1] - frame[0])).any():
        return np.empty((0, 2))
    offsets = rng.uniform(frame[0] - box[0], frame[1] - box[1], (_N_TRIES, 2))
    moved = offsets[:, None, :] + _sample(shape, rng)[None, :, :]
    fits = shapely.contains_xy(study_area, moved[..., 0], moved[..., 1]).mean(axis=1) >= _MIN_INSIDE_SHARE
    is_free = ~shapely.contains_xy(touched, moved[fits, :, 0], moved[fits, :, 1]).any(axis=1)
    kept: Floats = offsets[fits][is_free]
    return kept


def _sample(shape: shapely.Geometry, rng: np.random.Generator) -> Floats:
    """Points spread over a shape."""
    west, south, east, north = shape.bounds
    found: list[Floats] = [np.array([shape.representative_point().coords[0]])]
    for _ in range(20):
        points = rng.uniform((west, south), (east, north), (_N_SAMPLES * 4, 2))
        found.append(points[shapely.contains_xy(shape, points[:, 0], points[:, 1])])
        if sum(map(len, found)) > _N_SAMPLES:
            break
    return np.concatenate(found)[: _N_SAMPLES + 1]
