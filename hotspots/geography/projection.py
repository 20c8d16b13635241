"""Between longitude and latitude and the British National Grid, by OSTN15 and by the seven-parameter shift.

OSTN15 is the Ordnance Survey's definition of the National Grid relative to GPS coordinates. PROJ without its
grid file (as in the wheels of pyproj) falls back to a seven-parameter (Helmert) shift that is about 2 m off in
London; `convertbng` carries the OSTN15 grid itself.

What was made with the one must be undone with the same one. police.uk publishes longitudes and latitudes that were
made from whole metres of the grid by the shift: undone by it, they come back to whole metres within the rounding of
the published decimals; undone by OSTN15 they lie 1.8 m further west, and since its points lie on the middle of streets,
where ward boundaries run, nearly one robbery in fifty in Lewisham and Southwark then falls in the wrong ward.

Source: Ordnance Survey, "Transformations and OSGM15 user guide" (2020); the parameters of the shift are EPSG:1314.
"""

from __future__ import annotations

import functools
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import pyproj.network
import shapely
from convertbng.cutil import convert_bng, convert_lonlat

from hotspots.errors import DataError

BRITISH_NATIONAL_GRID = "EPSG:27700"
WGS84 = "EPSG:4326"

Floats = npt.NDArray[np.float64]

# results must not depend on whether a grid file could be fetched
pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]

_OSGB36 = 4277

_EDGE_M = 500.0
"""Straight lines on the grid are curved in longitude and latitude; over this length by under a centimetre."""


def project_lonlat(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """WGS84 degrees to National Grid eastings and northings in metres.

    Returns:
        Two float arrays of the input's length, to the millimetre; NaN where either coordinate is missing or
        outside the cover of OSTN15 (Great Britain and its coastal waters).
    """
    easting, northing = _convert(convert_bng, longitude, latitude)
    lon, lat = np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)
    missed = np.isnan(easting) & np.isfinite(lon) & np.isfinite(lat)
    if missed.any():
        easting[missed], northing[missed] = _search_grid(lon[missed], lat[missed])
    return easting, northing


@functools.cache
def _helmert() -> pyproj.Transformer:
    """WGS84 degrees to the grid by EPSG:1314, spelt out: PROJ would take OSTN15 where its grid file is installed."""
    return pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart +ellps=WGS84 "
        "+step +inv +proj=helmert +x=446.448 +y=-125.157 +z=542.06 +rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 "
        "+convention=position_vector +step +inv +proj=cart +ellps=airy "
        "+step +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy"
    )


def project_police_uk(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Longitudes and latitudes of police.uk to the National Grid metres that they were made from.

    By the seven-parameter shift, good to 7 cm: the rounding of the six decimals that are published.

    Returns:
        Two float arrays of the input's length; NaN where either coordinate is missing or outside the cover of OSTN15.
    """
    cover, _ = project_lonlat(longitude, latitude)
    covered = np.isfinite(cover)
    lon, lat = np.array(longitude, dtype=np.float64), np.array(latitude, dtype=np.float64)
    easting, northing = np.full_like(lon, np.nan), np.full_like(lat, np.nan)
    if covered.any():
        # the pipeline of a transformer is of three dimensions, and heights play no part here
        heights = np.zeros(int(covered.sum()))
        easting[covered], northing[covered], _ = _helmert().transform(lon[covered], lat[covered], heights)
    return easting, northing


def _search_grid(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """The grid position whose longitude and latitude these are, by iteration; NaN where there is none.

    Along the southern edge of OSTN15 (the south of the Isles of Scilly) `convertbng` converts from the grid but not to
    it, so its one direction is turned round, from the seven-parameter estimate.
    """
    to_grid = pyproj.Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)
    wanted_east, wanted_north = to_grid.transform(longitude, latitude)
    easting, northing = np.array(wanted_east, dtype=np.float64), np.array(wanted_north, dtype=np.float64)
    off = np.full(len(easting), np.inf)
    for _ in range(4):
        lon, lat = unproject_grid(np.where(np.isfinite(easting), easting, np.nan), northing)
        east, north = to_grid.transform(np.nan_to_num(lon), np.nan_to_num(lat))
        step_east, step_north = wanted_east - east, wanted_north - north
        easting, northing = easting + step_east, northing + step_north
        off = np.where(np.isnan(lon), np.inf, np.hypot(step_east, step_north))
    found = off < 0.001
    return np.where(found, easting, np.nan), np.where(found, northing, np.nan)


def unproject_grid(easting: npt.ArrayLike, northing: npt.ArrayLike) -> tuple[Floats, Floats]:
    """National Grid metres to WGS84 longitudes and latitudes; NaN outside the cover of OSTN15."""
    return _convert(convert_lonlat, easting, northing)


def _convert(convert: Any, first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    one = np.array(first, dtype=np.float64)
    two = np.array(second, dtype=np.float64)
    known = np.isfinite(one) & np.isfinite(two)
    out_one, out_two = np.full_like(one, np.nan), np.full_like(two, np.nan)
    if known.any():
        out_one[known], out_two[known] = convert(one[known], two[known])
    return out_one, out_two


def is_national_grid(crs: pyproj.CRS) -> bool:
    """Whether a CRS is the British National Grid, under whatever label.

    Old shapefiles describe the grid in full without naming its EPSG code, which makes PROJ treat it as another
    CRS and shift it.
    """
    if crs.to_epsg(min_confidence=25) == 27700:
        return True
    grid = pyproj.CRS.from_epsg(27700)
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None or grid.coordinate_operation is None:
        return False
    ours = {p.name: p.value for p in grid.coordinate_operation.params}
    theirs = {p.name: p.value for p in operation.params}
    return (
        ours.keys() == theirs.keys()
        and all(np.isclose(ours[name], theirs[name], rtol=0, atol=1e-6) for name in ours)
        and crs.ellipsoid is not None
        and "airy" in crs.ellipsoid.name.lower()
    )


def to_national_grid(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same table in EPSG:27700, by OSTN15; coordinates outside its cover become infinite.

    The CRS must be set. A table that already is on the National Grid keeps its coordinates to the bit.
    """
    if is_national_grid(frame.crs):
        return frame.set_crs(BRITISH_NATIONAL_GRID, allow_override=True)
    geodetic = frame.crs.geodetic_crs
    if geodetic is not None and geodetic.to_epsg(min_confidence=25) == _OSGB36:
        return frame.to_crs(BRITISH_NATIONAL_GRID)  # one datum: nothing to shift
    if not frame.crs.equals(WGS84):
        frame = frame.to_crs(WGS84)

    def project(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
        easting, northing = project_lonlat(longitude, latitude)
        # a ring must close, and NaN is not equal to itself
        return np.nan_to_num(easting, nan=np.inf), np.nan_to_num(northing, nan=np.inf)

    geometry = shapely.transform(frame.geometry.array, project, interleaved=False)
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=BRITISH_NATIONAL_GRID))


def lies_on_grid(geometry: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
    """Whether each National Grid geometry lies where OSTN15 is defined: Great Britain and its coastal waters."""
    west, south, east, north = geometry.bounds.to_numpy(dtype=np.float64).T
    corners = np.array(
        [unproject_grid(x, y)[0] for x, y in ((west, south), (east, south), (west, north), (east, north))]
    )
    # a corner of the box may lie out at sea where no part of the geometry does
    defined = np.asarray(np.isfinite([west, south, east, north]).all(axis=0), dtype=np.bool_)
    for index in np.flatnonzero(defined & ~np.isfinite(corners).all(axis=0)):
        xy = shapely.get_coordinates(geometry.iloc[index])
        defined[index] = np.isfinite(unproject_grid(xy[:, 0], xy[:, 1])[0]).all()
    return defined


def to_wgs84(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A National Grid table in WGS84 degrees, by OSTN15; long edges are cut so that they stay straight.

    Raises:
        DataError: A geometry lies where OSTN15 is not defined.
    """

    def unproject(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
        longitude, latitude = unproject_grid(easting, northing)
        if np.isnan(longitude).any():
            first = int(np.flatnonzero(np.isnan(longitude))[0])
            raise DataError(
                f"OSTN15 is defined for Great Britain and its coastal waters; easting {easting[first]:.0f}, northing "
                f"{northing[first]:.0f} lies outside. Check the coordinates."
            )
        return longitude, latitude

    geometry = shapely.segmentize(frame.geometry.array, _EDGE_M)
    geometry = shapely.transform(geometry, unproject, interleaved=False)
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=WGS84))
