"""Streets of OpenStreetMap around wards, out of a server of Overpass, tile by tile."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pyogrio
import shapely

from hotspots.contracts import require_metres
from hotspots.errors import DataError, NetworkError
from hotspots.geography import to_wgs84, unite_wards
from hotspots.ingest.fetch.answers import COUNT, TEXT, Kind, Shape, shorten, take_shape
from hotspots.ingest.fetch.download import (
    Connection,
    Fetched,
    FetchedFile,
    Progress,
    describe_present,
    read_record,
    replace_whole,
    write_record,
)
from hotspots.ingest.fetch.services import OSM_ATTRIBUTION, OSM_LICENCE, Services
from hotspots.ingest.formats import draw_ways
from hotspots.ingest.reference import STREET_MARGIN_M

_TILE_M: Final = 4000.0
"""Side of what is asked for at once: a few MB in the middle of London, which comes within seconds."""

MAX_TILES: Final = 400
"""A county has so many. Beyond it an extract of the region is quicker, and kinder to a server that is free to all."""

_MAX_NAMED: Final = 3
_TAGS: Final = ("name", "highway", "foot", "access", "motorroad", "indoor")
_DEGREES: Final = Kind("a number of degrees", lambda value: type(value) in (int, float) and abs(value) <= 180)
_ANSWER: Final[Shape] = {
    "elements": [{"type": TEXT, "id": COUNT, "tags?": Kind("an object", lambda value: isinstance(value, dict))}],
    "remark?": TEXT,
}
_GEOMETRY: Final[Shape] = [{"lat": _DEGREES, "lon": _DEGREES}]


def fetch_streets(
    wards: gpd.GeoDataFrame,
    *,
    out: Path,
    refresh: bool = False,
    services: Services | None = None,
    connection: Connection | None = None,
    progress: Progress = lambda step: None,
) -> Fetched:
    """Fetch the streets of OpenStreetMap that come within a kilometre of wards, as one GeoPackage.

    All lines with a `highway` are fetched, with the tags that say who may walk there; `read_streets` leaves out those
    on which people may not.

    Args:
        wards: The wards table, metres.
        out: Folder to write to; the file becomes `<out>/streets-lewisham.gpkg`, with a record beside it.
        refresh: Fetch the file again if it is there already.
        services: Where to fetch from.
        connection: The session to use.
        progress: Called with what is being done.

    Raises:
        DataError: The wards are not in metres, they are too large an area, or what comes is not streets.
        NetworkError: The server cannot be reached, stays busy or does not give what it should.

    Source: OpenStreetMap wiki, "Overpass API" and "Overpass API/Overpass QL".
    """
    require_metres(wards, table="wards")
    services = services or Services()
    tiles = list(_cut_tiles(wards))
    if len(tiles) > MAX_TILES:
        raise DataError(
            f"Streets are fetched for up to {MAX_TILES} tiles of {_TILE_M / 1000:g} km; these wards need "
            f"{len(tiles):,}. Download an extract of the region as .osm.pbf from https://download.geofabrik.de/ and "
            "give it as streets."
        )
    bounds = [round(float(one), 5) for one in to_wgs84(gpd.GeoDataFrame(geometry=wards.geometry)).total_bounds]
    path = out / f"streets-{_name_area(wards)}.gpkg"
    record = None if refresh or not path.is_file() else read_record(path)
    if record and record.get("bounds") == bounds:
        return Fetched(files=(describe_present(path, record),))
    found: dict[int, dict[str, Any]] = {}
    address = services.overpass
    with contextlib.nullcontext(connection) if connection else Connection() as session:
        for number, tile in enumerate(tiles, start=1):
            progress(f"streets: {number} of {len(tiles)} tiles")
            for way in _ask(session, address, tile):
                found[way["id"]] = way
    if not found:
        raise DataError(
            f"{address} has no street within a kilometre of these wards. Check that they lie where they should, or "
            "download the streets by hand."
        )
    ways = [found[one] for one in sorted(found)]
    streets = draw_ways(ways, wanted=_TAGS.__contains__, label=address)
    _write(streets.assign(osm_id=[way["id"] for way in ways]), path)
    write_record(
        path,
        {
            "title": "streets and paths of OpenStreetMap within a kilometre of the wards",
            "address": address,
            "bounds": bounds,
            "n_ways": len(streets),
            "licence": OSM_LICENCE,
            "attribution": OSM_ATTRIBUTION,
        },
    )
    return Fetched(
        files=(FetchedFile(path=path, n_bytes=path.stat().st_size, is_new=True, attribution=OSM_ATTRIBUTION),)
    )


def _cut_tiles(wards: gpd.GeoDataFrame) -> Iterator[tuple[float, float, float, float]]:
    """West, south, east and north, in degrees, of the tiles that meet the wards with their margin."""
    area = unite_wards(wards)
    west, south, east, north = shapely.box(*area.bounds).buffer(STREET_MARGIN_M).bounds
    n_across, n_up = (max(math.ceil(extent / _TILE_M), 1) for extent in (east - west, north - south))
    boxes = [
        shapely.box(west + x * _TILE_M, south + y * _TILE_M, west + (x + 1) * _TILE_M, south + (y + 1) * _TILE_M)
        for y in range(n_up)
        for x in range(n_across)
    ]
    near = [box for box in boxes if shapely.dwithin(box, area, STREET_MARGIN_M)]
    degrees = to_wgs84(gpd.GeoDataFrame(geometry=near, crs=wards.crs))
    yield from (tuple(bounds) for bounds in degrees.bounds.to_numpy().round(5).tolist())


def _name_area(wards: gpd.GeoDataFrame) -> str:
    boroughs = sorted(wards["borough"].dropna().unique())
    named = "-".join(boroughs[:_MAX_NAMED]) + ("-and-others" if len(boroughs) > _MAX_NAMED else "")
    return re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-")[:80] or "area"


def _ask(session: Connection, address: str, tile: tuple[float, float, float, float]) -> list[dict[str, Any]]:
    """The ways in a tile, with their tags and coordinates."""
    west, south, east, north = tile
    query = f'[out:json][timeout:50];way["highway"]({south},{west},{north},{east});out geom qt;'

    def is_busy(answer: Any) -> bool:
        # what went wrong on the way comes as a remark in an answer that looks whole
        return "error" in (take_shape(answer, _ANSWER, address=address)["remark"] or "")

    try:
        answer, _ = session.read_json(address, {"data": query}, is_busy=is_busy)
    except NetworkError as error:
        raise NetworkError(
            f"{error} Or download an extract as .osm.pbf from https://download.geofabrik.de/ and give it as streets."
        ) from error
    ways = []
    for element in answer["elements"]:
        if element["type"] != "way":
            continue
        tags = {key: shorten(text) for key, text in (element.get("tags") or {}).items() if isinstance(text, str)}
        vertices = take_shape(element.get("geometry"), _GEOMETRY, address=address, place=".geometry")
        ways.append({"type": "way", "id": element["id"], "tags": tags, "geometry": vertices})
    return ways


def _write(streets: gpd.GeoDataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_line = streets.geometry.notna().to_numpy() & (shapely.length(streets.geometry.to_numpy()) > 0)
    # GDAL stamps the date of writing into the file; the same streets must give the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z"})
    try:
        with replace_whole(path) as part:
            pyogrio.write_dataframe(
                streets[is_line], part, layer="streets", driver="GPKG", geometry_type="LineString", VERSION="1.2"
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
