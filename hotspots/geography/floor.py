"""The floor: the fewest incidents and places that anything shown must rest on, so that no victim can be found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import ndimage

from hotspots.geography.cells import Cells
from hotspots.geography.points import UniquePoints, collapse_points, find_polygon

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MIN_INCIDENTS = 10
MIN_PLACES = 5
MIN_CELL_M = 50.0
"""Side of the smallest cells that products which are shared may have."""
_SMALLEST = 1e-9
_NOTHING = 1e-6
"""Sums of weights that are less are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a shape, a cell or a name must rest on to be shown.

    Attributes:
        min_incidents: Incidents, or the sum of their weights.
        min_places: Places, as `weigh_places` counts them.
    """

    min_incidents: int = MIN_INCIDENTS
    min_places: int = MIN_PLACES

    def is_met(self, n_incidents: npt.ArrayLike, n_places: npt.ArrayLike) -> Flags:
        """Whether so many incidents at so many places are enough, each by each."""
        enough: Flags = (np.asarray(n_incidents) >= self.min_incidents - _SMALLEST) & (
            np.asarray(n_places) >= self.min_places - _SMALLEST
        )
        return enough

    def is_few(self, n_incidents: float) -> bool:
        """Whether so many are some, and too few to be told, themselves or as what two numbers differ by."""
        return _NOTHING < n_incidents < self.min_incidents - _NOTHING

    def may_tell(self, n_incidents: float, *, whole: float) -> bool:
        """Whether a part may be told beside its whole: neither the part nor the rest is of too few."""
        return not (self.is_few(n_incidents) or self.is_few(whole - n_incidents))

    @property
    def is_applied(self) -> bool:
        """Whether anything is withheld at all."""
        return self.min_incidents > 0


FLOOR = Floor()
"""Of products that may be shared."""
NO_FLOOR = Floor(min_incidents=0, min_places=0)
"""Everything is shown: for products that are not to be shared."""


def weigh_places(incidents: gpd.GeoDataFrame, places: UniquePoints) -> Floats:
    """Float (n_unique,): how many places each coordinate counts for.

    One; but a point to which a source has moved incidents counts as five, because it stands for more addresses than
    that (those of police.uk for eight or more).

    Args:
        incidents: Those that have `location_precision` say so; those without lie where they happened.
        places: `collapse_points(incidents)`.
    """
    counted = np.ones(len(places.easting))
    if "location_precision" in incidents:
        is_own = np.zeros(len(places.easting), dtype=bool)
        is_own[places.inverse[(incidents["location_precision"] != "anonymised").to_numpy()]] = True
        counted[~is_own] = MIN_PLACES
    return counted


def count_places(incidents: gpd.GeoDataFrame, cells: Cells) -> Floats:
    """Float (n_cells,): places in each cell, as `weigh_places` counts them."""
    places = collapse_points(incidents)
    at = cells.locate(places.easting, places.northing)
    return np.bincount(at[at >= 0], weigh_places(incidents, places)[at >= 0], len(cells)).astype(np.float64)


def find_few(mask: Flags, *, n_incidents: Floats, n_places: Floats, floor: Floor) -> Flags:
    """The cells of a mask in patches that hold too few; a patch is of cells that share sides or corners.

    Args:
        mask: bool (n_rows, n_columns).
        n_incidents: float (n_rows, n_columns), incidents in each cell.
        n_places: float (n_rows, n_columns), places in each cell.
        floor: What a patch must hold.
    """
    labels, n_patches = ndimage.label(mask, structure=np.ones((3, 3)))
    held = [np.bincount(labels.ravel(), cells.ravel(), n_patches + 1) for cells in (n_incidents, n_places)]
    is_few = ~floor.is_met(*held)
    is_few[0] = False
    few: Flags = is_few[labels]
    return few


def lower_patches(
    values: Floats, levels: Iterable[float], *, n_incidents: Floats, n_places: Floats, floor: Floor
) -> Floats:
    """Lower a surface so that whatever stands out of it at a level holds enough to be shown.

    At each level, the patches of cells at or above it that hold too few are brought just below it. There they may be
    part of a larger patch. It is an opening by an attribute, at the levels that are drawn.

    Args:
        values: float (n_rows, n_columns).
        levels: Where the classes of a map begin.
        n_incidents: float (n_rows, n_columns), incidents in each cell.
        n_places: float (n_rows, n_columns), places in each cell.
        floor: What a patch must hold.

    Source: Breen, E. J. and Jones, R. (1996), "Attribute openings, thinnings, and granulometries", Computer Vision and
    Image Understanding 64(3), doi:10.1006/cviu.1996.0066.
    """
    lowered = values.copy()
    if floor.is_applied:
        for level in levels:
            few = find_few(values >= level, n_incidents=n_incidents, n_places=n_places, floor=floor)
            lowered[few] = np.minimum(lowered[few], level - _SMALLEST * abs(level))
    return lowered


def keep_parts(shape: shapely.Geometry, incidents: gpd.GeoDataFrame, floor: Floor) -> shapely.MultiPolygon:
    """The polygons of a shape that hold enough to be shown."""
    parts = shapely.get_parts(shape)
    places = collapse_points(incidents)
    home = find_polygon(places, parts)
    held = home >= 0
    n_incidents = np.bincount(home[held], places.n_incidents[held], len(parts))
    n_places = np.bincount(home[held], weigh_places(incidents, places)[held], len(parts))
    return shapely.MultiPolygon(list(parts[floor.is_met(n_incidents, n_places)]))
