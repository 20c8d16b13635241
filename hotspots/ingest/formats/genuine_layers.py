"""Whether a geographic file is what its name says: GDAL goes by the content, which may lead it elsewhere."""

from __future__ import annotations

import contextlib
import glob
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyogrio

from hotspots.ingest.formats.bounds import MAX_DEPTH, MAX_TABLE_BYTES, MAX_WHOLE_BYTES
from hotspots.ingest.formats.geojson_content import require_genuine_geojson
from hotspots.ingest.formats.input_files import FoundFile

LAYER_SUFFIXES = (".gpkg", ".geojson", ".shp", ".kml", ".kmz")
OSM_SUFFIXES = (".osm", ".osm.pbf", ".pbf")
"""Of extracts of OpenStreetMap, as XML and packed."""
_OWN_MODULES = ("rtree", "fts3", "fts4", "fts5")
"""Of virtual tables, the kinds whose rows are in the file itself."""
_SHAPEFILE = b"\x00\x00\x27\x0a"
_OSM_HEAD_BYTES = 8192
_HEAD_BYTES = 32
"""Of the parts of a shapefile, in which the number of its features stands."""
_FOREIGN_TO_KML = (b"<!doctype", b"<!entity", b"<ogrvrt", b"opengis.net/gml")
"""By what is in it, GDAL would take a file for another kind, which may send it elsewhere."""
_OSM_START = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>)?\s*(<!--(?:(?!-->).)*-->\s*)*<osm[\s>]", re.DOTALL)
_OSM_PACKED = re.compile(rb".{4}\n\x09OSMHeader", re.DOTALL)
"""How extracts of OpenStreetMap begin. Source: OpenStreetMap wiki, "OSM XML" and "PBF format"."""


def find_genuine_address(file: FoundFile) -> str:
    """The name of a file for GDAL, once its content is known to be what its suffix says; ValueError if it is not."""
    path, suffix = file.path, file.path.suffix.lower()
    wrong = ValueError(f"its content is not that of a {suffix} file.")
    if suffix in (".kml", ".kmz"):
        return _genuine_kml_address(file, wrong)
    if suffix in (".osm", ".pbf"):
        _require_osm(file, wrong)
        return str(path.resolve())
    if suffix == ".zip":
        with file.archive() as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_WHOLE_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_WHOLE_BYTES // 1024**2} MB. Unpack it first.")
            shapes = [name for name in archive.namelist() if name.lower().endswith(".shp") and "/." not in f"/{name}"]
            if len(shapes) != 1:
                raise ValueError(f"it holds {len(shapes)} shapefiles where one is needed. Unpack it first.")
            starts = {}
            for name in archive.namelist():
                if name[:-4] == shapes[0][:-4]:
                    with archive.open(name) as member:
                        starts[name[-4:].lower()] = member.read(_HEAD_BYTES)
        if not starts[".shp"].startswith(_SHAPEFILE):
            raise wrong
        _require_equal_parts(starts)
        return f"/vsizip/{path.resolve()}/{shapes[0]}"
    if suffix in (".json", ".geojson"):
        if path.stat().st_size > MAX_WHOLE_BYTES:
            raise ValueError(f"it is larger than {MAX_WHOLE_BYTES // 1024**2} MB.")
        with file.start() as opened:
            content = opened.read()
        require_genuine_geojson(content, wrong)
    elif suffix not in LAYER_SUFFIXES:
        raise ValueError("it is not a geographic file.")
    else:
        with file.start() as opened:
            start = opened.read(72)
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise ValueError(f"it is larger than {MAX_TABLE_BYTES // 1024**3} GB. Export the layer that is needed.")
        genuine = start[68:71] in (b"GPK", b"GP1") if suffix == ".gpkg" else start.startswith(_SHAPEFILE)
        if not genuine:
            raise wrong
        if suffix == ".gpkg":
            _require_own_tables(path)
        else:
            starts = {}
            for part in path.parent.glob(f"{glob.escape(path.stem)}.*"):
                if part.stem == path.stem and part.suffix.lower() in (".shx", ".dbf"):
                    with part.open("rb") as opened:
                        starts[part.suffix.lower()] = opened.read(_HEAD_BYTES)
            _require_equal_parts(starts)
    return str(path.resolve())


def _require_osm(file: FoundFile, wrong: ValueError) -> None:
    """ValueError for a file that is no extract of OpenStreetMap, by how it begins, or too large."""
    is_packed = file.path.suffix.lower() == ".pbf"
    most = MAX_TABLE_BYTES if is_packed else MAX_WHOLE_BYTES
    if file.path.stat().st_size > most:
        raise ValueError(f"it is larger than {most // 1024**2} MB. Give an extract of the area.")
    with file.start() as opened:
        start = opened.read(_OSM_HEAD_BYTES)
    if not (_OSM_PACKED if is_packed else _OSM_START).match(start):
        raise wrong
    if not is_packed and any(sign in start.lower() for sign in _FOREIGN_TO_KML):
        raise wrong


def _require_equal_parts(starts: Mapping[str, bytes]) -> None:
    """ValueError for a shapefile whose parts are not of as many features: GDAL reads as many as the fewest say.

    Args:
        starts: How its parts begin, by suffix.

    Source: Esri (1998), "ESRI Shapefile technical description"; dBASE III, header of a table.
    """
    index, table = starts.get(".shx", b""), starts.get(".dbf", b"")
    if min(len(index), len(table)) < _HEAD_BYTES:
        return  # GDAL says what is missing
    n_shapes = (2 * int.from_bytes(index[24:28], "big") - 100) // 8
    n_rows = int.from_bytes(table[4:8], "little")
    if n_shapes != n_rows:
        raise ValueError(f"its index is of {n_shapes:,} features and its table of {n_rows:,}. Export it again.")


def _require_own_tables(path: Path) -> None:
    """ValueError for a GeoPackage with a table that is made from elsewhere, such as another file or a host."""
    for (sql,) in _select(path, "SELECT sql FROM sqlite_master WHERE sql LIKE 'create virtual%'"):
        module = re.search(r"\busing\s+[\"\[`]?(\w+)", str(sql), re.IGNORECASE)
        if module is None or module[1].casefold() not in _OWN_MODULES:
            raise ValueError("it holds a virtual table, whose rows are elsewhere. Export it as a plain layer.")


def list_views(path: Path) -> set[str]:
    """The views of a GeoPackage that are none of its layers, although GDAL lists them; ValueError for one that is.

    A few words of a view can make more rows than memory holds.
    """
    views = {str(name).casefold() for (name,) in _select(path, "SELECT name FROM sqlite_master WHERE type = 'view'")}
    layers = [str(name) for (name,) in _select(path, "SELECT table_name FROM gpkg_contents")] if views else []
    computed = next((name for name in layers if name.casefold() in views), None)
    if computed is not None:
        raise ValueError(f"its layer {computed} is a view, whose rows are computed. Export it as a plain layer.")
    return views


def _select(path: Path, query: str) -> list[tuple[Any, ...]]:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
            return opened.execute(query).fetchall()
    except sqlite3.Error as error:
        raise ValueError(f"{error}.") from error


def _genuine_kml_address(file: FoundFile, wrong: ValueError) -> str:
    """The same of KML, and of a KMZ archive of it. What it links to beyond the archive is not read."""
    path = file.path.resolve()
    if path.suffix.lower() == ".kml":
        if path.stat().st_size > MAX_WHOLE_BYTES:
            raise ValueError(f"it is larger than {MAX_WHOLE_BYTES // 1024**2} MB.")
        with file.start() as opened:
            content = opened.read()
        _require_kml(content, wrong)
        if b"<networklink" in content.lower() and not _has_places(content):
            raise ValueError("it is only a link to where the places are. Open it in Google Earth, and save the places.")
        return str(path)
    with file.archive() as archive:
        inside = [info for info in archive.infolist() if info.filename.lower().endswith(".kml")]
        if sum(info.file_size for info in inside) > MAX_WHOLE_BYTES:
            raise ValueError(f"it unpacks to more than {MAX_WHOLE_BYTES // 1024**2} MB.")
        contents = [archive.read(info) for info in inside]
    for content in contents:
        _require_kml(content, wrong)
    with_places = [info.filename for info, content in zip(inside, contents, strict=True) if _has_places(content)]
    if not with_places:
        raise ValueError("it holds no places.")
    if len(with_places) == 1:
        return f"/vsizip/{path}/{with_places[0]}"
    # GDAL reads those that the first one names
    if len(pyogrio.list_layers(str(path))) < len(with_places):
        raise ValueError("it holds several KML files. Unpack it, and give them.")
    return str(path)


def _require_kml(content: bytes, wrong: ValueError) -> None:
    if any(sign in content.lower() for sign in _FOREIGN_TO_KML):
        raise wrong
    depth = deepest = 0
    root = ""

    def start(name: str, _: object) -> None:
        nonlocal depth, deepest, root
        root, depth = root or name, depth + 1
        deepest = max(deepest, depth)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        if not root:
            raise wrong from error
        raise ValueError(f"it is damaged ({error}).") from error
    except (LookupError, ValueError) as error:  # of its encoding
        raise wrong from error
    if root.rpartition(":")[2].lower() != "kml":
        raise wrong
    if deepest > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH} elements.")


def _has_places(content: bytes) -> bool:
    return b"placemark" in content.lower()
