"""Between the CRS of the sources, the one CRS that a study is worked in, and the longitude and latitude of maps.

A study is worked in one projected CRS in metres. For the British National Grid, the usual one, conversion is by OSTN15
and the seven-parameter shift, as described below; for every other CRS it is PROJ's own.

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
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import pyproj.network
import shapely
from convertbng.cutil import convert_bng, convert_lonlat

from hotspots.errors import DataError, ParameterError

BRITISH_NATIONAL_GRID = "EPSG:27700"
WGS84 = "EPSG:4326"
POLICE_UK = "police.uk"
"""As a source CRS: longitudes and latitudes that were made from the National Grid by the seven-parameter shift."""

Floats = npt.NDArray[np.float64]

# results must not depend on whether a grid file could be fetched
pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]

_OSGB36 = 4277

_WHOLE_M = 0.07
"""How far from a whole metre a point may lie that was one: half of the sixth decimal of a degree is 5.6 cm."""

_MANY_POINTS = 8
_MOST_POINTS = 0.75
"""So many distinct points, and this share of them, lie on whole metres by chance in one of a hundred million tables."""

_AREA_MARGIN_DEGREES = 1.0
"""How far beyond its area of use a CRS is taken: cities lie across the edges of UTM zones."""

_MAX_STRETCH = 0.05
"""By how much a metre of the CRS may differ from one on the ground: in UTM it does by 0.2%, in CRS of Europe by 2%."""

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
        easting[covered], northing[covered], _ = _apply(_helmert().transform, lon[covered], lat[covered], heights)
    return easting, northing


def find_makers(longitude: npt.ArrayLike, latitude: npt.ArrayLike) -> frozenset[str]:
    """By which of two ways degrees were made from whole metres of the National Grid: the one that undoes them.

    A point anywhere comes to lie on whole metres by chance once in fifty times. One made from them by the other way
    does not either, but for a few places where the two ways differ by whole metres: there it is both.

    Args:
        longitude: WGS84 degrees.
        latitude: Likewise.

    Returns:
        `POLICE_UK` if it was the seven-parameter shift, `WGS84` if it was OSTN15; nothing if the points are few, were
        not whole metres, or have lost decimals (with five, points lie up to half a metre off).
    """
    degrees = np.column_stack([np.asarray(longitude, dtype=np.float64), np.asarray(latitude, dtype=np.float64)])
    distinct = np.unique(degrees[np.isfinite(degrees).all(axis=1)], axis=0)
    if len(distinct) < _MANY_POINTS:
        return frozenset()
    ways = {POLICE_UK: project_police_uk, WGS84: project_lonlat}
    metres = {way: np.column_stack(project(*distinct.T)) for way, project in ways.items()}
    return frozenset(way for way, points in metres.items() if lie_on_whole_metres(points))


def lie_on_whole_metres(points: Floats) -> bool:
    """Whether most of many points, float (n_points, 2) in metres, lie on whole metres."""
    off = np.abs(points - np.round(points)).max(axis=1)  # NaN outside Great Britain, which is not below anything
    return len(points) >= _MANY_POINTS and float((off < _WHOLE_M).mean()) >= _MOST_POINTS


def _search_grid(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """The grid position whose longitude and latitude these are, by iteration; NaN where there is none.

    Along the southern edge of OSTN15 (the south of the Isles of Scilly) `convertbng` converts from the grid but not to
    it, so its one direction is turned round, from the seven-parameter estimate.
    """
    to_grid = pyproj.Transformer.from_crs(WGS84, BRITISH_NATIONAL_GRID, always_xy=True)
    wanted_east, wanted_north = _apply(to_grid.transform, longitude, latitude)
    easting, northing = np.array(wanted_east, dtype=np.float64), np.array(wanted_north, dtype=np.float64)
    off = np.full(len(easting), np.inf)
    for _ in range(4):
        lon, lat = unproject_grid(np.where(np.isfinite(easting), easting, np.nan), northing)
        east, north = _apply(to_grid.transform, np.nan_to_num(lon), np.nan_to_num(lat))
        step_east, step_north = wanted_east - east, wanted_north - north
        easting, northing = easting + step_east, northing + step_north
        off = np.where(np.isnan(lon), np.inf, np.hypot(step_east, step_north))
    found = off < 0.001
    return np.where(found, easting, np.nan), np.where(found, northing, np.nan)


def unproject_grid(easting: npt.ArrayLike, northing: npt.ArrayLike) -> tuple[Floats, Floats]:
    """National Grid metres to WGS84 longitudes and latitudes; NaN outside the cover of OSTN15."""
    return _convert(convert_lonlat, easting, northing)


def _apply(transform: Callable[..., Any], *axes: Floats) -> tuple[Floats, ...]:
    """Transform arrays. Before 3.7.2 pyproj takes an array of one number for a number, at which NumPy warns."""
    arguments = [axis.item() for axis in axes] if len(axes[0]) == 1 else axes
    return tuple(np.atleast_1d(axis) for axis in transform(*arguments))


def _convert(convert: Any, first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats]:
    one = np.array(first, dtype=np.float64)
    two = np.array(second, dtype=np.float64)
    known = np.isfinite(one) & np.isfinite(two)
    out_one, out_two = np.full_like(one, np.nan), np.full_like(two, np.nan)
    if known.any():
        out_one[known], out_two[known] = convert(one[known], two[known])
    defined = np.isfinite(out_one) & np.isfinite(out_two)
    return np.where(defined, out_one, np.nan), np.where(defined, out_two, np.nan)


@functools.lru_cache(maxsize=64)
def find_crs(name: str) -> pyproj.CRS:
    """The CRS of a code or text, which PROJ takes a millisecond to look up.

    Raises:
        pyproj.exceptions.CRSError: PROJ does not know it.
    """
    return pyproj.CRS(name)


def _take_crs(crs: str | pyproj.CRS) -> pyproj.CRS:
    return find_crs(crs) if isinstance(crs, str) else crs


@functools.cache
def _list_grid_parameters() -> dict[str, Any]:
    operation = find_crs(BRITISH_NATIONAL_GRID).coordinate_operation
    return {} if operation is None else {one.name: one.value for one in operation.params}


@functools.lru_cache(maxsize=64)
def is_national_grid(crs: pyproj.CRS) -> bool:
    """Whether a CRS is the British National Grid, under whatever label.

    Old shapefiles describe the grid in full without naming its EPSG code, which makes PROJ treat it as another
    CRS and shift it.
    """
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs  # with a shift to WGS84 attached, which plays no part on the grid itself
    operation, ours = crs.coordinate_operation, _list_grid_parameters()
    if not crs.is_projected or operation is None or not ours:
        return False
    theirs = {p.name: p.value for p in operation.params}
    return (
        ours.keys() == theirs.keys()
        and all(np.isclose(ours[name], theirs[name], rtol=0, atol=1e-6) for name in ours)
        and crs.ellipsoid is not None
        and "airy" in crs.ellipsoid.name.lower()
    )


def require_working_crs(crs: str | pyproj.CRS) -> pyproj.CRS:
    """The CRS that a study is to be worked in, if distances and directions can be taken in it.

    Args:
        crs: Anything that names a CRS to PROJ: "EPSG:32610", a WKT text.

    Raises:
        ParameterError: It names no CRS, or one that is not projected, in metres, with axes to the east and north.
    """
    next_step = "Give the code of a local one, such as EPSG:27700 for Great Britain or EPSG:32610 for UTM zone 10N."
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise ParameterError(f'The CRS must be one that PROJ knows; "{crs}" is not. {next_step}') from error
    if is_national_grid(known):
        return pyproj.CRS.from_user_input(BRITISH_NATIONAL_GRID)
    directions = {axis.direction for axis in known.axis_info}
    units = {axis.unit_name for axis in known.axis_info}
    if not known.is_projected or directions != {"east", "north"} or units != {"metre"}:
        raise ParameterError(
            f"The CRS must be projected, in metres, with axes to the east and north; {known.name} has axes to the "
            f"{' and '.join(sorted(directions))} in {'/'.join(sorted(units))}. {next_step}"
        )
    return known


def name_crs(crs: pyproj.CRS) -> str:
    """A CRS in a word if it has a code ("EPSG:27700"), else as WKT; PROJ's guess at a code is not taken for it."""
    authority = crs.to_authority(min_confidence=25)
    code = ":".join(authority) if authority else ""
    return code if code and pyproj.CRS(code).equals(crs, ignore_axis_order=True) else str(crs.to_wkt())


def suggest_working_crs(longitude: float, latitude: float) -> str | None:
    """A CRS in metres for a place in WGS84 degrees: the National Grid in Great Britain, else the UTM zone, if any."""
    easting, _ = project_lonlat([longitude], [latitude])
    if np.isfinite(easting[0]):
        return BRITISH_NATIONAL_GRID
    place = gpd.GeoSeries([shapely.Point(longitude, latitude)], crs=WGS84)
    try:
        return ":".join(place.estimate_utm_crs().to_authority())
    except RuntimeError:
        return None  # near a pole, or nowhere


def describe_area(crs: pyproj.CRS) -> str:
    """Where coordinates of a working CRS may lie, as a message says it: Great Britain, or the name of the CRS."""
    if is_national_grid(crs):
        return "Great Britain"
    return str(crs.name if crs.name != "unknown" else crs.to_string())


def project_coordinates(
    first: npt.ArrayLike, second: npt.ArrayLike, *, source_crs: str | pyproj.CRS, crs: str | pyproj.CRS
) -> tuple[Floats, Floats]:
    """Coordinates of a source to eastings and northings of the working CRS.

    To and from the National Grid by OSTN15, else by PROJ. Coordinates that already are in the working CRS come back
    to the bit.

    Args:
        first: Longitude or easting, whatever the order of axes that the source CRS is defined with.
        second: Latitude or northing.
        source_crs: Their CRS, or `POLICE_UK`: undone by the shift that made them where the working CRS is the
            National Grid, else plain WGS84.
        crs: The working CRS.

    Returns:
        Two float arrays of the input's length, metres; NaN where either coordinate is missing or the place is
        outside the working CRS: beyond the cover of OSTN15, or more than a degree beyond the CRS's area of use.

    Raises:
        DataError: PROJ cannot convert one to the other.
    """
    target = _take_crs(crs)
    to_grid = is_national_grid(target)
    if isinstance(source_crs, str) and source_crs == POLICE_UK:  # a CRS would look in PROJ's tables for half a second
        if to_grid:
            return project_police_uk(first, second)
        source_crs = WGS84
    source = _take_crs(source_crs)
    longitude, latitude = _to_degrees(first, second, source)
    if _is_osgb36(source) == _is_osgb36(target):
        easting, northing = _transform(first, second, source, target)
    elif to_grid:
        easting, northing = project_lonlat(longitude, latitude)
    else:
        easting, northing = _transform(longitude, latitude, find_crs(WGS84), target)
    inside = _lies_in_area(longitude, latitude, target)
    return np.where(inside, easting, np.nan), np.where(inside, northing, np.nan)


def to_working_crs(frame: gpd.GeoDataFrame, crs: str | pyproj.CRS) -> gpd.GeoDataFrame:
    """The same table in the working CRS, as by `project_coordinates`; coordinates outside it become infinite.

    The CRS of the table must be set. A table that already is in the working CRS keeps its coordinates to the bit.

    Raises:
        DataError: PROJ cannot convert one to the other.
    """
    crs = _take_crs(crs)
    if _is_same(frame.crs, crs):
        return frame.set_crs(crs, allow_override=True)

    def project(first: Floats, second: Floats) -> tuple[Floats, Floats]:
        easting, northing = project_coordinates(first, second, source_crs=frame.crs, crs=crs)
        # a ring must close, and NaN is not equal to itself
        return np.nan_to_num(easting, nan=np.inf), np.nan_to_num(northing, nan=np.inf)

    geometry = shapely.transform(frame.geometry.array, project, interleaved=False)
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=crs))


def lies_in_working_crs(geometry: gpd.GeoSeries) -> npt.NDArray[np.bool_]:
    """Whether each geometry lies where its CRS is used.

    On the National Grid that is where OSTN15 is defined (Great Britain and its coastal waters), elsewhere the CRS's
    area of use and a degree around it.
    """

    def lies_in(easting: Any, northing: Any) -> npt.NDArray[np.bool_]:
        return _lies_in_area(*_to_degrees(easting, northing, geometry.crs), geometry.crs)

    west, south, east, north = geometry.bounds.to_numpy(dtype=np.float64).T
    corners = np.array([lies_in(x, y) for x, y in ((west, south), (east, south), (west, north), (east, north))])
    # a corner of the box may lie out at sea where no part of the geometry does
    defined = np.asarray(np.isfinite([west, south, east, north]).all(axis=0), dtype=np.bool_)
    for index in np.flatnonzero(defined & ~corners.all(axis=0)):
        xy = shapely.get_coordinates(geometry.iloc[index])
        defined[index] = lies_in(xy[:, 0], xy[:, 1]).all()
    return defined


def require_true_scale(geometry: gpd.GeoSeries) -> None:
    """Refuse a CRS whose metres are not metres on the ground in the middle of these geometries.

    Source: Snyder (1987), Map Projections: A Working Manual, pages 20 to 26: the axes of Tissot's indicatrix.

    Raises:
        ParameterError: They differ by more than 5% in some direction, as in Web Mercator.
    """
    west, south, east, north = geometry.total_bounds
    longitude, latitude = _to_degrees([(west + east) / 2], [(south + north) / 2], geometry.crs)
    factors = pyproj.Proj(geometry.crs).get_factors(longitude[0], latitude[0])
    scale = max(factors.tissot_semimajor, factors.tissot_semiminor, key=lambda scale: abs(scale - 1))
    if not abs(scale - 1) <= _MAX_STRETCH:
        raise ParameterError(
            f"The CRS must be true to scale where the study is; in {geometry.crs.name} a metre on the ground measures "
            f"{scale:.2f} m there. Give the code of a local one, such as that of the UTM zone."
        )


def to_wgs84(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A table of the working CRS in WGS84 degrees; long edges are cut so that they stay straight.

    Raises:
        DataError: A geometry lies where the conversion is not defined: on the National Grid, outside OSTN15.
    """
    geometry = unproject_shapes(np.asarray(frame.geometry.array), frame.crs)
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=WGS84))


def unproject_shapes(shapes: npt.NDArray[np.object_], crs: pyproj.CRS) -> npt.NDArray[np.object_]:
    """Shapes of the working CRS in WGS84 degrees, as `to_wgs84` has them: for many few shapes, a table is slow.

    Raises:
        DataError: One lies where the conversion is not defined: on the National Grid, outside OSTN15.
    """

    def unproject(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
        longitude, latitude = _to_degrees(easting, northing, crs)
        if np.isnan(longitude).any():
            first = int(np.flatnonzero(np.isnan(longitude))[0])
            raise DataError(
                f"Longitude and latitude are known only for places in {describe_area(crs)}; easting "
                f"{easting[first]:.0f}, northing {northing[first]:.0f} lies outside. Check the coordinates."
            )
        return longitude, latitude

    cut: npt.NDArray[np.object_] = shapely.transform(shapely.segmentize(shapes, _EDGE_M), unproject, interleaved=False)
    return cut


@functools.lru_cache(maxsize=64)
def _is_same(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    return one.equals(other, ignore_axis_order=True) or (is_national_grid(one) and is_national_grid(other))


@functools.lru_cache(maxsize=64)
def _is_osgb36(crs: pyproj.CRS) -> bool:
    """Whether a CRS is on the datum of the National Grid, so that there is nothing to shift between the two."""
    geodetic = crs.geodetic_crs
    return is_national_grid(crs) or (geodetic is not None and geodetic.to_epsg(min_confidence=25) == _OSGB36)


def _to_degrees(first: npt.ArrayLike, second: npt.ArrayLike, crs: pyproj.CRS) -> tuple[Floats, Floats]:
    """Coordinates of any CRS to WGS84 longitudes and latitudes, from the National Grid by OSTN15; else NaN."""
    if _is_osgb36(crs):
        return unproject_grid(*_transform(first, second, crs, find_crs(BRITISH_NATIONAL_GRID)))
    return _transform(first, second, crs, find_crs(WGS84))


def _transform(
    first: npt.ArrayLike, second: npt.ArrayLike, source: pyproj.CRS, target: pyproj.CRS
) -> tuple[Floats, Floats]:
    """By PROJ, or not at all between two spellings of one CRS; NaN where it is not defined."""
    if _is_same(source, target):
        return _convert(lambda one, two: (one, two), first, second)
    try:
        transform = find_transformer(source, target).transform
    except pyproj.exceptions.ProjError as error:
        raise DataError(
            f"PROJ cannot convert {source.name} to {target.name}. Give the data in EPSG:27700 or in WGS84."
        ) from error
    return _convert(lambda one, two: _apply(transform, one, two), first, second)


@functools.cache
def find_transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """PROJ looks for its best way between two CRS for 30 ms, and a map converts hundreds of shapes."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _lies_in_area(longitude: Floats, latitude: Floats, crs: pyproj.CRS) -> npt.NDArray[np.bool_]:
    """Whether degrees lie within a margin of a CRS's area of use, where it states one.

    Not asked of the National Grid: whatever OSTN15 converts is inside.
    """
    known = np.isfinite(longitude)
    if crs.area_of_use is None or is_national_grid(crs):
        return known
    west, south, east, north = crs.area_of_use.bounds
    # areas across the 180th meridian end west of where they begin
    width = (east - west) % 360 or 360
    margin = _AREA_MARGIN_DEGREES
    in_width = (longitude - west + margin) % 360 <= width + 2 * margin
    return np.asarray(known & in_width & (latitude >= south - margin) & (latitude <= north + margin))
