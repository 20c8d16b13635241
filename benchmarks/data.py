"""Seeded incidents and wards to measure on: the same numbers for every method, made anew in every process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import shapely

    from hotspots.geography import Cells, Grid

Floats = npt.NDArray[np.float64]
Spread = Literal["snapped", "unique"]

CELL_SIZE_M = 50.0
_CRS = "EPSG:27700"
_SOUTH_WEST = (520_000.0, 160_000.0)
_RANK_EXPONENT = 0.7
"""Incidents of a place fall with this power of its rank; London's busiest then holds 10,000 of 1.1 million."""
_CENTRE_SHARE = 0.3
_CENTRE_SPREAD_M = 120.0
_VERTEX_SPACING_M = 12.0
_WAVES = ((41.0, 1900.0), (13.0, 610.0), (4.0, 170.0))
"""Height and length, metres, of the waves that bend the wards' edges."""
FIRST_DAY, N_DAYS = np.datetime64("2025-01-01", "D"), 364
"""Of the incidents with times: whole weeks."""
_NO_END_SHARE, _DAY_ONLY_SHARE = 0.5, 0.05
_MEDIAN_MINUTES, _SPREAD = 240.0, 1.5
"""Of the intervals in which incidents happened, log-normal: one in 170 is of a week or more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is of everything.

    Attributes:
        n_incidents, n_places: Incidents, and the shared points that they are snapped to.
        n_columns, n_rows: Of wards.
        width_m, height_m: Of the area.
        n_crimes: Incidents of one crime, for near repeats.
        n_timed, n_timed_wards: Incidents known by intervals of time, and the wards that they are counted in.
    """

    n_incidents: int
    n_places: int
    n_columns: int
    n_rows: int
    width_m: float
    height_m: float
    n_crimes: int
    n_timed: int
    n_timed_wards: int

    @property
    def area_km2(self) -> float:
        """Area of all wards."""
        return self.width_m * self.height_m / 1e6


SIZES = {
    "tiny": Size(
        n_incidents=3_000,
        n_places=300,
        n_columns=3,
        n_rows=2,
        width_m=2_400.0,
        height_m=1_800.0,
        n_crimes=200,
        n_timed=1_000,
        n_timed_wards=6,
    ),
    "borough": Size(
        n_incidents=35_000,
        n_places=4_000,
        n_columns=7,
        n_rows=6,
        width_m=8_000.0,
        height_m=8_000.0,
        n_crimes=1_000,
        n_timed=10_000,
        n_timed_wards=42,
    ),
    "london": Size(
        n_incidents=1_100_000,
        n_places=100_000,
        n_columns=30,
        n_rows=21,
        width_m=39_650.0,
        height_m=39_650.0,
        n_crimes=5_000,
        n_timed=100_000,
        n_timed_wards=700,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One set of data. Each call makes its table anew, and always the same.

    Attributes:
        size: Key of `SIZES`.
        spread: "snapped" to shared points, as police.uk publishes, or at "unique" coordinates.
        seed: Where chance begins.
    """

    size: str
    spread: Spread
    seed: int = 20261126

    @property
    def sizes(self) -> Size:
        """The numbers behind the name."""
        return SIZES[self.size]

    def coordinates(self) -> Floats:
        """Float (n_incidents, 2): easting and northing, in whole metres where they are snapped."""
        return _place(self.sizes.n_incidents, self.sizes, self.spread, np.random.default_rng(self.seed))

    def incidents(self) -> gpd.GeoDataFrame:
        """Points, and nothing else."""
        import geopandas as gpd

        return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*self.coordinates().T), crs=_CRS)

    def crimes(self) -> gpd.GeoDataFrame:
        """Incidents of one crime with a day each, in an area no larger than the borough: London's would be far apart.

        Any day is as likely as any other, whatever happened nearby.
        """
        import geopandas as gpd

        area, rng = min(self.sizes, SIZES["borough"], key=lambda size: size.area_km2), np.random.default_rng(self.seed)
        n = self.sizes.n_crimes
        points = gpd.points_from_xy(*_place(n, area, self.spread, rng).T)
        columns = {
            "started_at": (FIRST_DAY + rng.integers(N_DAYS, size=n)).astype("datetime64[s]"),
            "ended_at": np.full(n, np.datetime64("NaT", "s")),
            "time_precision": "day",
            "location_precision": "point",
        }
        return gpd.GeoDataFrame(columns, geometry=points, crs=_CRS)

    def timed(self) -> pd.DataFrame:
        """Incidents without places: half of them known by an interval, some only by a day, each in a ward.

        The wards are as unequal as wards are, and one of them has no incident.
        """
        import pandas as pd

        n, rng = self.sizes.n_timed, np.random.default_rng(self.seed)
        wards = self.timed_wards()
        start = FIRST_DAY.astype("datetime64[m]") + rng.integers(N_DAYS * 1440, size=n)
        minutes = np.round(_MEDIAN_MINUTES * rng.lognormal(0, _SPREAD, n)).astype(np.int64)
        has_end = rng.uniform(size=n) >= _NO_END_SHARE
        share = np.arange(1, len(wards)) ** -0.5
        columns = {
            "started_at": start.astype("datetime64[s]"),
            "ended_at": np.where(has_end, start + minutes, np.datetime64("NaT", "m")).astype("datetime64[s]"),
            "time_precision": np.where(rng.uniform(size=n) < _DAY_ONLY_SHARE, "day", "minute"),
            "ward_code": wards[rng.choice(len(wards) - 1, n, p=share / share.sum())],
        }
        return pd.DataFrame(columns)

    def timed_wards(self) -> pd.Index:
        """All wards in which `timed` incidents can be."""
        import pandas as pd

        return pd.Index([f"E{i:08d}" for i in range(self.sizes.n_timed_wards)], name="ward_code")

    def wards(self) -> gpd.GeoDataFrame:
        """Wards that meet without gaps along winding edges, with about as many vertices as real outlines have."""
        return make_wards(self.sizes)

    def grid(self) -> Grid:
        """50 m cells that hold every kernel whole."""
        from hotspots.geography import Grid

        (west, south), size = _SOUTH_WEST, self.sizes
        bounds = (west, south, west + size.width_m, south + size.height_m)
        return Grid.covering(bounds, cell_size_m=CELL_SIZE_M, padding_m=600.0)

    def cells(self) -> Cells:
        """50 m cells of the area of the wards."""
        from hotspots.geography import make_cells

        area: shapely.Polygon = _bend_boxes(0.0, 0.0, self.sizes.width_m, self.sizes.height_m)
        return make_cells(area, cell_size_m=CELL_SIZE_M)


def make_wards(size: Size) -> gpd.GeoDataFrame:
    """Wards that meet without gaps along winding edges; the same for the same size."""
    import geopandas as gpd
    import pandas as pd

    n = size.n_columns * size.n_rows
    row, column = np.divmod(np.arange(n), size.n_columns)
    east, north = size.width_m / size.n_columns, size.height_m / size.n_rows
    outlines = _bend_boxes(column * east, row * north, (column + 1) * east, (row + 1) * north)
    index = pd.Index([f"E{i:08d}" for i in range(n)], name="ward_code")
    names = [f"Ward {i}" for i in range(n)]
    columns = {"ward_name": names, "borough": "Made", "population": np.nan}
    return gpd.GeoDataFrame(columns, geometry=outlines, crs=_CRS, index=index)


def make_places(size: Size, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Shared points, (n_places, 2) in whole metres, and the share of all incidents that each has."""
    places = np.round(_scatter(size.n_places, size, rng))
    share = np.arange(1, size.n_places + 1) ** -_RANK_EXPONENT
    return places, share / share.sum()


def _place(n: int, size: Size, spread: Spread, rng: np.random.Generator) -> Floats:
    """Coordinates of incidents, at places that they share or at their own."""
    if spread == "unique":
        return _scatter(n, size, rng)
    places, share = make_places(size, rng)
    return places[rng.choice(size.n_places, n, p=share)]


def _scatter(n: int, size: Size, rng: np.random.Generator) -> Floats:
    """Coordinates, three in ten of them about town centres, of which there is one to every two wards."""
    extent = np.array([size.width_m, size.height_m])
    centres = rng.uniform(0, 1, (max(size.n_columns * size.n_rows // 2, 1), 2)) * extent
    spot: Floats = rng.uniform(0, 1, (n, 2)) * extent
    is_central = rng.uniform(size=n) < _CENTRE_SHARE
    around = centres[rng.integers(len(centres), size=n)] + rng.normal(0, _CENTRE_SPREAD_M, (n, 2))
    spot[is_central] = np.clip(around[is_central], 0, extent)
    spot += _SOUTH_WEST
    return spot


def _bend_boxes(west: npt.ArrayLike, south: npt.ArrayLike, east: npt.ArrayLike, north: npt.ArrayLike) -> Any:
    """Boxes, metres from the south-west, whose edges wind: one map of the plane bends all, so neighbours still meet."""
    import shapely

    def bend(xy: Floats) -> Floats:
        xy = np.round(xy, 3)  # an edge cut from either end has the same vertices
        waves = [height * np.sin(2 * math.pi * xy[:, ::-1] / length + height) for height, length in _WAVES]
        bent: Floats = xy + np.sum(waves, axis=0) + _SOUTH_WEST
        return bent

    boxes = shapely.segmentize(shapely.box(west, south, east, north), _VERTEX_SPACING_M)
    return shapely.transform(boxes, bend)
